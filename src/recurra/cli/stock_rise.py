"""Stock rise: train on prices, and ask about the day after the newest one."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.app import (
    Comparing,
    Epochs,
    Json,
    Out,
    Overwrite,
    Resume,
    Run,
    Sample,
    Seed,
    begin,
    compare,
    predict,
    print_json,
    run_comparison,
    run_recipe,
    train,
    with_options,
)
from recurra.cli.market import Offline, Source
from recurra.errors import SettingsError

if TYPE_CHECKING:
    from recurra.markets.prices import Prices
    from recurra.rises import RiseModel

__all__: list[str] = []

Universe = Annotated[
    str | None, typer.Option(help="A folder of TICKER.csv files, or a listing such as KOSPI.")
]
Rise = Annotated[str, typer.Option(help="How much is a rise.")]
Window = Annotated[int, typer.Option(min=1, help="Days seen.")]
Units = Annotated[int, typer.Option(min=1, help="Of each network.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse prices that the checks find faults in.")
]


def percentage(text: str) -> float:
    """Read `5%`, `-0.5%` or `0.05` as a share."""
    try:
        value = text.strip()
        return float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        raise SettingsError(f"a share is written as 5% or 0.05, not {text!r}.") from None


@train.command("stock-rise")
def train_stock_rise(
    tickers: Annotated[
        list[str] | None, typer.Argument(help="Tickers, such as 000660; none with --universe.")
    ] = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    rise: Rise = "5%",
    fall: Annotated[
        str | None, typer.Option(help="No rise is at most this; days between are left out.")
    ] = None,
    window: Window = 10,
    model: Annotated[
        list[str] | None,
        typer.Option(help="simple-rnn, lstm, gru, conv1d, one-to-one; again for more, or all."),
    ] = None,
    units: Units = 32,
    folds: Annotated[int, typer.Option(min=1, help="Refits, walking forward.")] = 3,
    validate_from: Annotated[
        str | None, typer.Option(help="First day of validation; with --test-from, one fit.")
    ] = None,
    test_from: Annotated[str | None, typer.Option(help="First day of the test.")] = None,
    holdings: Annotated[
        int,
        typer.Option(min=1, help="The k of precision at k, and held at once in the simulation."),
    ] = 5,
    cost: Annotated[str, typer.Option(help="Of a trade, in the simulation.")] = "0.15%",
    strict: Strict = False,
    epochs: Epochs = 15,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train on daily prices to say whether the close rises tomorrow, and judge it by days."""
    from recurra.markets.checks import check_prices
    from recurra.recipes.stock_rise import train_rise
    from recurra.rises import NETWORKS, RiseSettings
    from recurra.terminal import note, show_rise

    names = tuple(model or ["gru"])
    settings = RiseSettings(
        rise=percentage(rise),
        fall=None if fall is None else percentage(fall),
        window=window,
        models=tuple(NETWORKS) if names == ("all",) else tuple(dict.fromkeys(names)),
        units=units,
        epochs=epochs,
        folds=folds,
        validate_from=_day(validate_from),
        test_from=_day(test_from),
        holdings=holdings,
        cost=percentage(cost),
        seed=seed,
    )
    found, where, notes = _market(tickers, universe, sample, source, offline)
    for said in notes:
        note(said)
    checks = [check_prices(prices) for prices in found]
    for check in checks if strict else []:
        check.refuse_faults()
    name = "stock-rise-sample" if sample else "stock-rise"
    folder = begin(out or Path("runs") / name, resume=resume, overwrite=overwrite)
    run_recipe(
        train_rise,
        {prices.ticker: prices.frame for prices in found},
        settings,
        folder=folder,
        show=show_rise,
        as_json=as_json,
        source=where,
        checks=checks,
        notes=notes,
    )


@compare.command("stock-rise")
@with_options
def compare_stock_rise(
    tickers: Annotated[
        list[str] | None, typer.Argument(help="Tickers, such as 000660; none with --universe.")
    ] = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    rise: Rise = "5%",
    window: Window = 10,
    units: Units = 32,
    *,
    how: Comparing,
) -> None:
    """Compare networks and baselines by days, walking forward."""
    from recurra.recipes.stock_rise import rise_task
    from recurra.rises import NETWORKS, RiseSettings

    settings = RiseSettings(
        rise=percentage(rise),
        window=window,
        models=tuple(how.names(NETWORKS)),
        units=units,
        folds=how.folds,
        epochs=how.epochs or 15,
        seed=how.seed,
    )
    found, where, notes = _market(tickers, universe, sample, source, offline)
    market = {prices.ticker: prices.frame for prices in found}
    task = rise_task(market, settings, source=where, notes=notes)
    run_comparison("stock-rise-sample" if sample else "stock-rise", task, how)


@predict.command("stock-rise")
def predict_stock_rise(
    run: Run,
    tickers: Annotated[list[str] | None, typer.Argument(help="Tickers, such as 000660.")] = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    as_of: Annotated[str | None, typer.Option(help="The day on which it is asked [today].")] = None,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="Take a series that ends long before that day.")
    ] = False,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Say how likely each ticker is to rise on the day after its newest prices."""
    from recurra.markets.checks import check_newest
    from recurra.rises import RiseModel
    from recurra.terminal import note

    model = RiseModel.load(run)
    found, where, notes = _market(tickers, universe, sample, source, offline)
    if as_of:
        day: dt.date = dt.date.fromisoformat(str(_day(as_of)))
    elif sample:
        day = max(prices.frame.index[-1] for prices in found).date()
    else:
        day = dt.datetime.now(tz=dt.UTC).astimezone().date()
    if universe:  # those that are refused do not keep the others from an answer
        why = {p.ticker: _refusal(model, p, day, allow_stale) for p in found}
        found = [p for p in found if not why[p.ticker]] or found
        notes += [reason for reason in why.values() if reason]
    checks = [check_newest(prices, day, model.settings.window) for prices in found]
    for check in checks if strict else []:
        check.refuse_faults()
    market = {prices.ticker: prices.frame for prices in found}
    scored = model.newest(market, day, allow_stale=allow_stale)
    if as_json:
        print_json(
            {
                "source": where,
                "as_of": str(day),
                "notes": notes,
                "checks": [c.latest().model_dump(mode="json", by_alias=True) for c in checks],
                "predictions": json.loads(scored.to_json(orient="records")),
            }
        )
        return
    for row in scored.to_dict("records"):
        word = "rise" if row["called"] else "no rise"
        typer.echo(
            f"{row['ticker']}\tfor {row['for']}\t{word}\t{row['probability']:.4f}"
            f"\tbase rate {row['base rate']:.4f}"
        )
    gone = market.keys() - set(scored["ticker"])
    notes += [f"{t}: no answer, for a long gap or an unknown price" for t in sorted(gone)]
    for said in (*notes, *(f"{c.ticker}: {flag}" for c in checks for flag in c.flags)):
        note(said)


def _refusal(model: "RiseModel", prices: "Prices", day: dt.date, allow_stale: bool) -> str | None:
    known = prices.between(end=day).frame
    return model.refusal(prices.ticker, known, day, allow_stale=allow_stale)


def _market(
    tickers: list[str] | None,
    universe: str | None,
    sample: bool,
    source: str | None,
    offline: bool,
) -> "tuple[list[Prices], str, list[str]]":
    """Give the prices asked for, where they come from, and what is to be said of them."""
    if sample + bool(tickers) + bool(universe) != 1:
        raise SettingsError(
            "give tickers (000660), or --universe FOLDER|LISTING, or --sample: one of the three."
        )
    from recurra.markets.choose import chosen_source, prices_of_listing
    from recurra.markets.sessions import without_closed_days
    from recurra.markets.simulator import sample_market
    from recurra.markets.sources import LISTINGS, listing_symbol
    from recurra.markets.sources import universe as universe_of

    if sample:
        return sample_market(), "embedded sample (a simulated market without edge)", []
    if universe and Path(universe).is_dir():
        return universe_of(universe), universe, []
    if universe:
        try:
            listing_symbol(universe)
        except SettingsError:
            raise SettingsError(
                f"--universe is a folder of TICKER.csv files or a listing ({', '.join(LISTINGS)}), "
                f"but {universe} is neither."
            ) from None
        found, absent = prices_of_listing(universe, source, offline=offline)
        notes = [
            f"{len(absent):,} of the {len(found) + len(absent):,} tickers of {universe} have no "
            f"prices, such as {code}: {reason}"
            for code, reason in [*absent.items()][:1]
        ]
        return found, f"{len(found):,} tickers of {universe}", notes
    # a holiday filled with the next day's prices would tell a model the future
    place = chosen_source(source, offline=offline)
    found = [without_closed_days(place.prices(ticker)) for ticker in tickers or []]
    return found, f"{', '.join(tickers or [])} of {found[0].source}", []


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError(f"a day is written as 2024-03-20, not {text!r}.") from None
