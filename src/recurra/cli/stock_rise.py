"""Stock rise: train on prices, and ask about the day after the newest one."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import (
    Epochs,
    Json,
    Out,
    Overwrite,
    Resume,
    Run,
    Sample,
    Seed,
    begin,
    predict,
    print_json,
    train,
)
from recurra.errors import DataError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from recurra.markets.prices import Prices
    from recurra.recipes.stock_rise import RiseReport

__all__ = ["simulate_market"]

Universe = Annotated[
    str | None, typer.Option(help="A folder of TICKER.csv files, or a listing such as KOSPI.")
]
Source = Annotated[
    Path | None, typer.Option(help="A folder to look for tickers in [$RECURRA_DATA].")
]
SAMPLE = {"tickers": 12, "days": 700, "edge": 0.0, "seed": 1}


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
    source: Source = None,
    sample: Sample = False,
    rise: Annotated[str, typer.Option(help="How much is a rise.")] = "5%",
    fall: Annotated[
        str | None, typer.Option(help="No rise is at most this; days between are left out.")
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="Days seen.")] = 10,
    model: Annotated[
        list[str] | None,
        typer.Option(help="simple-rnn, lstm, gru, conv1d, one-to-one; again for more, or all."),
    ] = None,
    units: Annotated[int, typer.Option(min=1, help="Of each network.")] = 32,
    folds: Annotated[int, typer.Option(min=1, help="Refits, walking forward.")] = 3,
    validate_from: Annotated[
        str | None, typer.Option(help="First day of validation; with --test-from, one fit.")
    ] = None,
    test_from: Annotated[str | None, typer.Option(help="First day of the test.")] = None,
    cost: Annotated[str, typer.Option(help="Of a trade, in the simulation.")] = "0.15%",
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse prices that the checks find faults in.")
    ] = False,
    epochs: Epochs = 15,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train on daily prices to say whether the close rises tomorrow, and judge it by days."""
    from recurra.recipes.stock_rise import NETWORKS, RiseSettings, train_rise
    from recurra.terminal import note

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
        cost=percentage(cost),
        seed=seed,
    )
    market, where, notes = _market(tickers, universe, source, sample, strict)
    folder = begin(out or Path("runs/stock-rise"), resume=resume, overwrite=overwrite)
    report = train_rise(market, settings, folder, source=where, notes=notes, stage=note)
    if as_json:
        print_json(json.loads(report.to_json()))
        return
    _show(report, folder.path)


@predict.command("stock-rise")
def predict_stock_rise(
    run: Run,
    tickers: Annotated[list[str] | None, typer.Argument(help="Tickers, such as 000660.")] = None,
    universe: Universe = None,
    source: Source = None,
    sample: Sample = False,
    as_of: Annotated[str | None, typer.Option(help="The day on which it is asked [today].")] = None,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="Take a series that ends long before that day.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse prices that the checks find faults in.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say how likely each ticker is to rise on the day after its newest prices."""
    from recurra.recipes.stock_rise import RiseModel

    model = RiseModel.load(run)
    market, where, notes = _market(tickers, universe, source, sample, strict)
    if as_of:
        day: dt.date = dt.date.fromisoformat(str(_day(as_of)))
    elif sample:
        day = max(frame.index[-1] for frame in market.values()).date()
    else:
        day = dt.datetime.now(tz=dt.UTC).astimezone().date()
    found = model.newest(market, day, allow_stale=allow_stale)
    if as_json:
        rows = json.loads(found.to_json(orient="records"))
        print_json({"source": where, "as_of": str(day), "notes": notes, "predictions": rows})
        return
    for row in found.to_dict("records"):
        word = "rise" if row["called"] else "no rise"
        typer.echo(
            f"{row['ticker']}\tfor {row['for']}\t{word}\t{row['probability']:.4f}"
            f"\tbase rate {row['base rate']:.4f}"
        )


def simulate_market(
    out: Annotated[Path, typer.Option(help="The folder for TICKER.csv files.")],
    tickers: Annotated[int, typer.Option(min=1, help="How many.")] = 40,
    days: Annotated[int, typer.Option(min=1, help="Trading days.")] = 1000,
    edge: Annotated[
        float, typer.Option(help="How much the last days tell of the next, 0 for nothing.")
    ] = 0.0,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Write the prices of a simulated market: clustered volatility, fat tails, an edge or none."""
    from recurra.markets.simulator import simulate

    market = simulate(tickers, days, edge=edge, seed=seed)
    if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not overwrite)):
        raise DataError(
            f"a simulated market needs an empty folder, but {out} holds something. "
            "Give another --out, or --overwrite."
        )
    out.mkdir(parents=True, exist_ok=True)
    for ticker, frame in market.items():
        frame.round(4).to_csv(out / f"{ticker}.csv")
    made = {"folder": str(out), "tickers": tickers, "days": days, "edge": edge, "seed": seed}
    if as_json:
        print_json(made)
    else:
        typer.echo(f"{tickers} simulated tickers of {days} days in {out}, edge {edge:g}")


def _market(
    tickers: list[str] | None,
    universe: str | None,
    source: Path | None,
    sample: bool,
    strict: bool,
) -> "tuple[dict[str, pd.DataFrame], str, list[str]]":
    """Give the prices asked for, where they come from, and what the checks say of them."""
    if sample + bool(tickers) + bool(universe) != 1:
        raise SettingsError(
            "give tickers (000660), or --universe FOLDER, or --sample: one of the three."
        )
    if sample:
        from recurra.markets.simulator import simulate

        return simulate(**SAMPLE), "embedded sample (a simulated market without edge)", []  # type: ignore[arg-type]
    from recurra.markets.checks import check_prices

    prices = _prices(tickers, universe, source)
    checks = [check_prices(each) for each in prices]
    if strict:
        for check in checks:
            check.refuse_faults()
    counts: dict[str, int] = {}
    for check in checks:
        for flag in check.flags:
            counts[flag.rule] = counts.get(flag.rule, 0) + flag.count
    notes = [f"{rule}: {count:,}" for rule, count in sorted(counts.items())]
    where = universe or f"{', '.join(tickers or [])} of {prices[0].source}"
    return {each.ticker: each.frame for each in prices}, where, notes


def _prices(tickers: list[str] | None, universe: str | None, source: Path | None) -> "list[Prices]":
    from recurra.markets import sources
    from recurra.markets.sessions import without_closed_days

    if universe and Path(universe).is_dir():
        return sources.universe(universe)
    folder = sources.FolderSource(source)
    if universe:
        listed = folder.listing(universe)
        codes = [str(code) for code in listed.iloc[:, 0]]
        tickers = [code for code in codes if folder.find(code)]
        if not tickers:
            raise DataError(f"none of the {len(codes)} tickers of {universe} is in {folder.name}.")
    # a holiday filled with the next day's prices would tell a model the future
    return [without_closed_days(folder.prices(ticker)) for ticker in tickers or []]


def _day(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise SettingsError(f"a day is written as 2024-03-20, not {text!r}.") from None


def _show(report: "RiseReport", folder: Path) -> None:
    from rich.table import Table

    from recurra.terminal import out as console

    table = Table(title=f"{report.split.test:,} test rows, {report.base_rate:.2%} rise")
    first: dict[str, Any] = next(iter(report.measures.values()))
    for name in ("model", *first, "p, corrected"):
        table.add_column(name.replace("_", " "), justify="left" if name == "model" else "right")
    for name, values in report.measures.items():
        p = report.edge.adjusted.get(name)
        cells = [f"{value:.4f}" for value in values.values()]
        table.add_row(name, *cells, "" if p is None else f"{p:.3f}")
    console.print(table)
    traded = report.simulation
    console.print(
        f"Simulated holding of the {report.settings['holdings']} highest scores: "
        f"{traded['total']:+.1%} after costs, largest fall {traded['drawdown']:.1%}; "
        f"all tickers {traded['all_tickers_total']:+.1%}. A simulation, no advice.",
        markup=False,
    )
    console.print(report.answer, markup=False)
    console.print(f"Report: {folder / 'report.html'}", markup=False)
