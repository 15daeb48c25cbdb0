"""Forecasts: train a forecaster, compare forecasters, forecast what follows a table."""

from pathlib import Path
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
    searched,
    separated,
    train,
    with_options,
)
from recurra.errors import SettingsError
from recurra.names import SHAPES, one_of

if TYPE_CHECKING:
    from recurra.data import Series
    from recurra.problems.splitting import SplitSeries

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A table, or a .tsf file.")]
Target = Annotated[str | None, typer.Option(help="The column to forecast.")]
Log = Annotated[bool, typer.Option("--log", help="Forecast its logarithm.")]
Time = Annotated[str | None, typer.Option(help="The column that is time [found].")]
Group = Annotated[str | None, typer.Option(help="The column that tells several series apart.")]
Known = Annotated[
    str, typer.Option(help="Columns known ahead, such as holidays, separated by commas.")
]
Past = Annotated[
    str, typer.Option(help="Columns read up to the last step alone, separated by commas.")
]
Zone = Annotated[
    str | None,
    typer.Option(help="Whose clock the times are of, such as Europe/Berlin [as they stand]."),
]
Horizon = Annotated[str, typer.Option(help="How far ahead: steps, or '18 months', 2y, 48h.")]
Window = Annotated[int | None, typer.Option(min=1, help="Steps read [32, or what fits].")]
Level = Annotated[float, typer.Option(min=0.01, max=0.999, help="What intervals shall hold.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]
Season = Annotated[int | None, typer.Option(min=1, help="Steps of a season; 1: none [found].")]


@searched("forecasting", SHAPES)
@train.command("forecasting", epilog=described("forecasting"))
@with_options
def train_forecasting(
    file: File = None,
    target: Target = None,
    time: Time = None,
    group: Group = None,
    known: Known = "",
    past: Past = "",
    zone: Zone = None,
    log: Log = False,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help=f"{', '.join(SHAPES)}.")] = "gru",
    horizon: Horizon = "5",
    window: Window = None,
    season: Season = None,
    level: Level = 0.9,
    units: Units = 32,
    epochs: Epochs = 30,
    *,
    how: Training,
) -> None:
    """Forecast a column many steps ahead; judge beside naive, seasonal and linear forecasts."""
    one_of(model, SHAPES, "the model")
    read: dict[str, Any] = {"target": target, "time": time, "group": group, "zone": zone}
    series = _series(file, sample, known, past, **read, log=log, encoding=encoding)
    place = how.place(_name(file))
    from recurra.data.calendar import steps_in

    ahead = steps_in(horizon, series.frequency)
    split, window = _split(series, ahead, window, season, None)
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=[model],
        horizon=ahead,
        window=window,
        season=season,
        level=level,
        units=units,
        epochs=epochs,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_problem(problem, place, how)


def _split(
    series: "Series", horizon: int, window: int | None, season: int | None, folds: int | None
) -> "tuple[SplitSeries, int]":
    """Split a series as the estimator would have it; a series too short is told at once."""
    from recurra.problems.splitting import split_series, window_of

    season = season or series.season
    window = window or window_of(series, horizon, season)
    if series.ahead and max(window, season) < horizon:
        raise SettingsError(
            f"--window must hold the horizon where columns are known ahead, but it is {window} and "
            f"the horizon is {horizon}. Leave --window out, or give {horizon}."
        )
    split = split_series(series, horizon=horizon, window=max(window, season), folds=folds)
    return split, window


@compare.command("forecasting", epilog=described("forecasting"))
@with_options
def compare_forecasting(
    file: File = None,
    target: Target = None,
    time: Time = None,
    group: Group = None,
    known: Known = "",
    past: Past = "",
    zone: Zone = None,
    log: Log = False,
    encoding: Encoding = None,
    sample: Sample = False,
    horizon: Horizon = "5",
    window: Window = None,
    season: Season = None,
    units: Units = 32,
    *,
    how: Comparing,
) -> None:
    """Compare forecasters on the last steps in turn, each time fitted on all before."""
    models = how.names(SHAPES)
    read: dict[str, Any] = {"target": target, "time": time, "group": group, "zone": zone}
    series = _series(file, sample, known, past, **read, log=log, encoding=encoding)
    place = how.place(_name(file))
    from recurra.data.calendar import steps_in

    ahead = steps_in(horizon, series.frequency)
    split, window = _split(series, ahead, window, season, how.folds)
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=models,
        folds=how.folds,
        horizon=ahead,
        window=window,
        season=season,
        units=units,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_comparison(problem, place, how)


def _name(file: Path | None) -> str:
    return f"forecasting-{file.stem if file else 'sample'}"


def _series(file: Path | None, sample: bool, known: str, past: str, **read: Any) -> "Series":
    """Read the series asked for, and say what was found."""
    if sample == bool(file):
        raise SettingsError("give a file with --target, or --sample.")
    from recurra.data import read_series, sample_series
    from recurra.data.beside import Covariates

    beside = Covariates(separated(known), separated(past))
    if file is None and (beside or read["zone"]):
        raise SettingsError("--known, --past and --zone are of a file, but --sample was given.")
    if file is None:
        return sample_series()
    return say_notes(read_series(file, beside=beside, **read))


AsTarget = Annotated[str | None, typer.Option(help="The column [as in training].")]
AsTime = Annotated[str | None, typer.Option(help="The column that is time [as in training].")]
AsGroup = Annotated[
    str | None, typer.Option(help="The column that tells series apart [as in training].")
]
AsZone = Annotated[str | None, typer.Option(help="Whose clock the times are of [as in training].")]
Ahead = Annotated[
    Path | None,
    typer.Option(
        help="A table of what --known named, for the steps ahead [rows after the last one]."
    ),
]
AsLog = Annotated[
    bool | None,
    typer.Option("--log/--no-log", help="Whether its logarithm is read [as in training]."),
]


@predict.command("SequenceForecaster")
def forecast(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A table that ends where the forecast begins.")],
    target: AsTarget = None,
    time: AsTime = None,
    group: AsGroup = None,
    zone: AsZone = None,
    log: AsLog = None,
    encoding: Encoding = None,
    ahead: Ahead = None,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Forecast what follows the end of a table, when, in its units, with intervals."""
    from recurra.problems.kept import kept_model
    from recurra.problems.new_rows import read_series_of

    kept = kept_model(run, with_)
    read: dict[str, Any] = {"time": time, "group": group, "zone": zone, "encoding": encoding}
    series = say_notes(read_series_of(kept, file, target, log, **read))
    if ahead is not None and not series.ahead:
        raise SettingsError(
            "--ahead is of models that were taught columns known ahead, by --known, but "
            f"{kept.name} was not. Leave it out."
        )
    from recurra.problems.saved.forecasts import saved_forecaster, table_of

    found = saved_forecaster(run, with_).answer(series, ahead)
    if as_json:
        print_json(found)
    names, *told = table_of(found)
    with answers(names, out, as_json, file, "{:.6g}") as write:
        for row in told if out is not None else [names, *told]:
            write(row)


@evaluate.command("SequenceForecaster")
def evaluate_forecasts(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A table that goes on after that of the training.")],
    target: AsTarget = None,
    time: AsTime = None,
    group: AsGroup = None,
    zone: AsZone = None,
    log: AsLog = None,
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved forecaster on the steps after those that it was fitted on."""
    read = {"target": target, "time": time, "group": group, "zone": zone, "log": log}
    evaluate_run(run, file, with_, as_json, **read, encoding=encoding)
