"""Forecasts: train a forecaster, compare forecasters, forecast what follows a table."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.architectures import described
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
from recurra.errors import SettingsError
from recurra.names import SHAPES, one_of

if TYPE_CHECKING:
    from recurra.data import Series
    from recurra.problems.splitting import SplitSeries

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A table in order of time.")]
Target = Annotated[str | None, typer.Option(help="The column to forecast.")]
Log = Annotated[bool, typer.Option("--log", help="Forecast its logarithm.")]
Horizon = Annotated[int, typer.Option(min=1, help="Steps ahead.")]
Window = Annotated[int, typer.Option(min=1, help="Steps read.")]
Level = Annotated[float, typer.Option(min=0.01, max=0.999, help="What intervals shall hold.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]
Season = Annotated[int | None, typer.Option(min=1, help="Steps of a season; 1: none [1].")]


@train.command("forecasting", epilog=described("forecasting"))
@with_options
def train_forecasting(
    file: File = None,
    target: Target = None,
    log: Log = False,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help=f"{', '.join(SHAPES)}.")] = "gru",
    horizon: Horizon = 5,
    window: Window = 32,
    season: Season = None,
    level: Level = 0.9,
    units: Units = 32,
    epochs: Epochs = 30,
    *,
    how: Training,
) -> None:
    """Forecast a column many steps ahead; judge beside naive, seasonal and linear forecasts."""
    one_of(model, SHAPES, "the model")
    series = _series(file, target, log, sample, encoding)
    place = how.place(_name(file))
    split = _split(series, horizon, window, season, None)
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=[model],
        horizon=horizon,
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
    series: "Series", horizon: int, window: int, season: int | None, folds: int | None
) -> "SplitSeries":
    """Split a series as the estimator would have it; a series too short is told at once."""
    from recurra.problems.splitting import split_series

    longest = max(window, season or series.season)
    return split_series(series, horizon=horizon, window=longest, folds=folds)


@compare.command("forecasting", epilog=described("forecasting"))
@with_options
def compare_forecasting(
    file: File = None,
    target: Target = None,
    log: Log = False,
    encoding: Encoding = None,
    sample: Sample = False,
    horizon: Horizon = 5,
    window: Window = 32,
    season: Season = None,
    units: Units = 32,
    *,
    how: Comparing,
) -> None:
    """Compare forecasters on the last steps in turn, each time fitted on all before."""
    models = how.names(SHAPES)
    series = _series(file, target, log, sample, encoding)
    place = how.place(_name(file))
    split = _split(series, horizon, window, season, how.folds)
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=models,
        folds=how.folds,
        horizon=horizon,
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


def _series(
    file: Path | None, target: str | None, log: bool, sample: bool, encoding: str | None
) -> "Series":
    """Read the series asked for, and say what was guessed."""
    if sample == bool(file):
        raise SettingsError("give a file with --target, or --sample.")
    from recurra.data import read_series, sample_series

    if file is None:
        return sample_series()
    return say_notes(read_series(file, target, log=log, encoding=encoding))


AsTarget = Annotated[str | None, typer.Option(help="The column [as in training].")]
AsLog = Annotated[
    bool | None,
    typer.Option("--log/--no-log", help="Whether its logarithm is read [as in training]."),
]


@predict.command("SequenceForecaster")
def forecast(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A table that ends where the forecast begins.")],
    target: AsTarget = None,
    log: AsLog = None,
    encoding: Encoding = None,
    with_: With = None,
    as_json: Json = False,
) -> None:
    """Forecast what follows the end of a table, in its units, with intervals."""
    from recurra.problems.kept import kept_model
    from recurra.problems.new_rows import read_series_of

    kept = kept_model(run, with_)
    series = say_notes(read_series_of(kept, file, target, log, encoding=encoding))
    from recurra.problems.saved.forecasts import saved_forecaster

    found = saved_forecaster(run, with_).answer(series)
    if as_json:
        print_json(found)
        return
    ends = [end for end in ("lower", "upper") if end in found]
    level = [f"{end} {found['level']:.0%}" for end in ends]
    sys.stdout.write("\t".join(["step", found["target"] or "forecast", *level]) + "\n")
    for k, ahead in enumerate(found["forecast"]):
        numbers = (ahead, *(found[end][k] for end in ends))
        line = "\t".join(f"{number:.6g}" for number in numbers)
        sys.stdout.write(f"{k + 1}\t{line}\n")  # plain, for pipes


@evaluate.command("SequenceForecaster")
def evaluate_forecasts(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A table that goes on after that of the training.")],
    target: AsTarget = None,
    log: AsLog = None,
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved forecaster on the steps after those that it was fitted on."""
    read = {"target": target, "log": log, "encoding": encoding}
    evaluate_run(run, file, with_, as_json, **read)
