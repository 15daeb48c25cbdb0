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
    train,
    with_options,
)
from recurra.errors import SettingsError

if TYPE_CHECKING:
    from recurra.data import Series

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A table in order of time.")]
Target = Annotated[str | None, typer.Option(help="The column to forecast.")]
Log = Annotated[bool, typer.Option("--log", help="Forecast its logarithm.")]
Horizon = Annotated[int, typer.Option(min=1, help="Steps ahead.")]
Window = Annotated[int, typer.Option(min=1, help="Steps read.")]
Season = Annotated[int | None, typer.Option(min=1, help="Steps of a season; 1: none [1].")]


@train.command("forecasting", epilog=described("forecasting"))
@with_options
def train_forecasting(
    file: File = None,
    target: Target = None,
    log: Log = False,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Annotated[
        str, typer.Option(help="one-to-one, simple-rnn, lstm, gru, bi-…, conv1d.")
    ] = "gru",
    horizon: Horizon = 5,
    window: Window = 32,
    season: Season = None,
    level: Annotated[float, typer.Option(help="What intervals shall hold.")] = 0.9,
    epochs: Epochs = 30,
    *,
    how: Training,
) -> None:
    """Forecast a column many steps ahead; judge beside naive, seasonal and linear forecasts."""
    series = _series(file, target, log, sample, encoding)
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=[model],
        horizon=horizon,
        window=window,
        season=season,
        level=level,
        epochs=epochs,
        seed=how.seed,
    )
    run_problem(problem, _name(file), how)


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
    *,
    how: Comparing,
) -> None:
    """Compare forecasters on the last steps in turn, each time fitted on all before."""
    series = _series(file, target, log, sample, encoding)
    from recurra.models import SHAPES
    from recurra.problems.forecasts import forecasting

    problem = forecasting(
        series,
        models=how.names(SHAPES),
        folds=how.folds,
        horizon=horizon,
        window=window,
        season=season,
        epochs=how.epochs,
        seed=how.seed,
    )
    run_comparison(problem, _name(file), how)


def _name(file: Path | None) -> str:
    return f"forecasting-{file.stem if file else 'sample'}"


def _series(
    file: Path | None, target: str | None, log: bool, sample: bool, encoding: str | None
) -> "Series":
    """Read the series asked for, and say what was guessed."""
    if sample == bool(file):
        raise SettingsError("give a file with --target, or --sample.")
    from recurra.data import read_series, sample_series
    from recurra.terminal import note

    if file is None:
        return sample_series()
    series = read_series(file, target, log=log, encoding=encoding)
    for said in series.notes:
        note(said)
    return series


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
    from recurra.problems.forecasts import saved_forecaster

    model = saved_forecaster(run, with_)
    found = model.answer(model.read(file, target, log, encoding=encoding))
    if as_json:
        print_json(found)
        return
    for k, ahead in enumerate(found["forecast"]):
        ends = [found[end][k] for end in ("lower", "upper") if end in found]
        line = "\t".join(f"{number:.6g}" for number in (ahead, *ends))
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
