"""Stock rise: train on prices, and ask about the day after the newest one."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.architectures import described
from recurra.cli.answering import Written, answers
from recurra.cli.app import (
    Alone,
    Comparing,
    Encoding,
    Epochs,
    Json,
    Run,
    Sample,
    Training,
    With,
    compare,
    evaluate,
    evaluate_run,
    predict,
    print_json,
    run_comparison,
    run_problem,
    say_notes,
    train,
    with_options,
)
from recurra.cli.market import Offline, Source
from recurra.errors import SettingsError
from recurra.names import RISERS
from recurra.wording import worded

if TYPE_CHECKING:
    from recurra.markets.opening import Opened
    from recurra.markets.prices import Prices
    from recurra.problems.rise_settings import RiseSettings
    from recurra.problems.saved.rises import AskedRises
    from recurra.problems.stock_rises import RiseProblem

__all__: list[str] = []

Tickers = Annotated[
    list[str] | None, typer.Argument(help="Tickers, such as 000660; none with --universe.")
]
Universe = Annotated[
    str | None, typer.Option(help="A folder of TICKER.csv files, or a listing such as KOSPI.")
]
Rise = Annotated[str, typer.Option(help="How much is a rise.")]
Window = Annotated[int, typer.Option(min=1, help="Days seen.")]
Units = Annotated[int, typer.Option(min=1, help="Of each network.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse prices that the checks find faults in.")
]


@dataclass(frozen=True, kw_only=True)
class TrainingToNow(Training):
    """The options of a training whose model is asked about tomorrow."""

    fit_all: Annotated[
        bool,
        typer.Option(
            "--fit-all/--no-fit-all",
            help="After judging, fit the network that is saved on all rows, to the newest day.",
        ),
    ] = True


def percentage(text: str) -> float:
    """Read `5%`, `-0.5%` or `0.05` as a share."""
    try:
        value = text.strip()
        return float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        raise SettingsError(f"a share is written as 5% or 0.05, not {text!r}.") from None


@train.command("stock-rise", epilog=described("stock-rise"))
@with_options
def train_stock_rise(
    tickers: Tickers = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
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
    *,
    how: TrainingToNow,
) -> None:
    """Train on daily prices to say whether the close rises tomorrow, and judge it by days."""
    asked: dict[str, Any] = {
        "rise": percentage(rise),
        "fall": None if fall is None else percentage(fall),
        "cost": percentage(cost),
        "validate_from": _day(validate_from, "--validate-from"),
        "test_from": _day(test_from, "--test-from"),
    }
    from recurra.problems.rise_settings import RiseSettings

    names = tuple(model or ["gru"])
    settings = RiseSettings(
        **asked,
        **_given(how.settings()),
        window=window,
        models=RISERS if names == ("all",) else tuple(dict.fromkeys(names)),
        units=units,
        epochs=epochs,
        folds=folds,
        holdings=holdings,
        seed=how.seed,
    )
    found = _opened(tickers, universe, sample, source, offline, encoding)
    place = how.place(_name(sample))
    run_problem(_problem(found, settings, strict=strict), place, how)


@compare.command("stock-rise", epilog=described("stock-rise"))
@with_options
def compare_stock_rise(
    tickers: Tickers = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    rise: Rise = "5%",
    window: Window = 10,
    units: Units = 32,
    *,
    how: Comparing,
) -> None:
    """Compare networks and baselines by days, walking forward."""
    from recurra.problems.rise_settings import RiseSettings

    settings = RiseSettings(
        rise=percentage(rise),
        window=window,
        models=tuple(how.names(RISERS)),
        units=units,
        folds=how.folds,
        seed=how.seed,
        **_given(how.settings()),
    )
    found = _opened(tickers, universe, sample, source, offline, encoding)
    place = how.place(_name(sample))
    run_comparison(_problem(found, settings), place, how)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _name(sample: bool) -> str:
    return "stock-rise-sample" if sample else "stock-rise"


@predict.command("stock-rise")
def predict_stock_rise(
    run: Run,
    tickers: Tickers = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    as_of: Annotated[str | None, typer.Option(help="The day on which it is asked [today].")] = None,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="Take a series that ends long before that day.")
    ] = False,
    strict: Strict = False,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Say how likely each ticker is to rise on the day after its newest prices."""
    given = _day(as_of, "--as-of")
    from recurra.markets.checks import check_newest
    from recurra.problems.kept import kept_model
    from recurra.terminal import note

    kept_model(run, with_)  # a wrong name, of a run or a ticker, is told before Keras is imported
    opened = _opened(tickers, universe, sample, source, offline, encoding, say=False)
    from recurra.problems.saved.rises import saved_rises

    model = saved_rises(run, with_)
    found, notes = opened.prices, list(opened.notes)
    day = _asked_on(given, found, sample)
    if universe:  # those that are refused do not keep the others from an answer
        why = {prices.ticker: _refusal(prices, day, allow_stale) for prices in found}
        found = [prices for prices in found if not why[prices.ticker]] or found
        notes += [reason for reason in why.values() if reason]
    checks = [check_newest(prices, day, model.model.window) for prices in found]
    for check in checks if strict else []:
        check.refuse_faults()
    market = {prices.ticker: prices.frame for prices in found}
    scored = model.newest(market, day, allow_stale=allow_stale)
    if out is not None:
        names = ["ticker", "for", "call", "probability", "base rate"]
        with answers(names, out, as_json) as write:
            for row in scored.to_dict("records"):
                write([row[name] for name in names])
    if as_json:
        print_json(
            {
                **_about(model),
                "source": opened.source,
                "as_of": str(day),
                "notes": [*notes, *model.strangers(scored["ticker"])],
                "checks": [c.latest().model_dump(mode="json", by_alias=True) for c in checks],
                "predictions": json.loads(scored.to_json(orient="records")),
            }
        )
        return
    for row in scored.to_dict("records") if out is None else []:
        typer.echo(
            worded(
                "{ticker}\tfor {day}\t{call}\t{probability}\tbase rate {rate}",
                ticker=row["ticker"],
                day=row["for"],
                call=row["call"],
                probability=f"{row['probability']:.4f}",
                rate=f"{row['base rate']:.4f}",
            )
        )
    gone = market.keys() - set(scored["ticker"])
    notes += [f"{t}: no answer, for a long gap or an unknown price" for t in sorted(gone)]
    trained = f"{model.name}, fitted on days up to {model.model.trained_to}"
    notes += model.strangers(scored["ticker"])
    flags = [f"{check.ticker}: {flag}" for check in checks for flag in check.flags]
    for said in (*notes, *flags, trained, model.asks, model.verdict):
        note(said)


def _about(model: "AskedRises") -> dict[str, Any]:
    return {
        "model": model.name,
        "trained_to": model.model.trained_to,
        "verdict": model.verdict,
        "evidence": model.evidence,
        "asks": model.asks,
        "trained_on": list(model.tickers),
    }


def _asked_on(given: str | None, found: "list[Prices]", sample: bool) -> dt.date:
    """Give the day on which it is asked: the one given, of the sample its last, else today."""
    if given:
        return dt.date.fromisoformat(given)
    if sample:
        newest: dt.date = max(prices.frame.index[-1] for prices in found).date()
        return newest
    return dt.datetime.now(tz=dt.UTC).astimezone().date()


def _refusal(prices: "Prices", day: dt.date, allow_stale: bool) -> str | None:
    from recurra.markets.newest import refusal

    return refusal(prices.ticker, prices.between(end=day).frame, day, allow_stale=allow_stale)


def _opened(
    tickers: list[str] | None,
    universe: str | None,
    sample: bool,
    source: str | None,
    offline: bool,
    encoding: str | None,
    *,
    say: bool = True,
) -> "Opened":
    """Open the prices asked for, and say what is to be said of them."""
    from recurra.markets.opening import open_prices

    found = open_prices(
        tickers,
        universe=universe,
        sample=sample,
        source=source,
        offline=offline,
        encoding=encoding,
    )
    return say_notes(found) if say else found


def _problem(found: "Opened", settings: "RiseSettings", *, strict: bool = False) -> "RiseProblem":
    from recurra.markets.checks import check_prices
    from recurra.problems.splitting import split_days

    for each in found.prices if strict else []:
        check_prices(each).refuse_faults()
    split = split_days({each.ticker: each.frame for each in found.prices}, settings)
    from recurra.problems.stock_rises import stock_rise

    return stock_rise(found.prices, settings, source=found.source, notes=found.notes, split=split)


def _day(text: str | None, option: str) -> str | None:
    from recurra.data.dates import day_given

    return None if text is None else day_given(text, option).isoformat()


@evaluate.command("stock-rise")
def evaluate_stock_rise(
    run: Run,
    tickers: Annotated[
        list[str] | None,
        typer.Argument(help="Tickers, or a folder of TICKER.csv; none with --universe."),
    ] = None,
    universe: Universe = None,
    sample: Sample = False,
    source: Source = None,
    offline: Offline = False,
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved model on the days after those that it was fitted on."""
    where: dict[str, Any] = {"universe": universe, "sample": sample, "source": source}
    evaluate_run(run, tickers, with_, as_json, offline=offline, encoding=encoding, **where)
