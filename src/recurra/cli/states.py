"""States at every step of logs: train, compare, say them."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.architectures import described
from recurra.cli.answering import Written, answers
from recurra.cli.app import (
    Alone,
    Comparing,
    Encoding,
    Json,
    Run,
    Sample,
    Training,
    With,
    compare,
    evaluate,
    evaluate_run,
    one_source,
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
    from recurra.data.states import LabelledSteps, StepColumns

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A log: CSV, TSV, Parquet, JSON lines.")]
Time = Annotated[str | None, typer.Option(help="The column of the time: dates or numbers.")]
Label = Annotated[str | None, typer.Option(help="The column of the state.")]
Id = Annotated[str | None, typer.Option(help="The column that names the stream of a step.")]
Channels = Annotated[
    str, typer.Option(help="Columns of numbers, separated by commas [all others].")
]
Normal = Annotated[str | None, typer.Option(help="The state that is no alarm [the commonest].")]
Tolerance = Annotated[int, typer.Option(min=0, help="Steps by which an alarm may come too late.")]
Window = Annotated[int, typer.Option(min=8, help="Steps that a network is trained on at once.")]


@searched("states", SHAPES)
@train.command("states", epilog=described("states"))
@with_options
def train_states(
    file: File = None,
    test: Annotated[Path | None, typer.Option(help="A log like it, to test on.")] = None,
    time: Time = None,
    label: Label = None,
    id: Id = None,
    channels: Channels = "",
    normal: Normal = None,
    tolerance: Tolerance = 0,
    window: Window = 128,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help=f"{', '.join(SHAPES)}.")] = "gru",
    units: Annotated[int, typer.Option(min=1, help="Of the cell.")] = 32,
    epochs: Annotated[int, typer.Option(min=1, help="The most epochs.")] = 30,
    members: Annotated[int, typer.Option(min=1, help="Networks averaged.")] = 1,
    *,
    how: Training,
) -> None:
    """Learn the state at every step of logs; judge alarms beside rolling statistics."""
    one_of(model, SHAPES, "the model")
    place = how.place(_name(file))
    rows = _rows(file, test, _columns(time, label, id, channels), encoding, sample)
    from recurra.problems.splitting import split_steps

    split = split_steps(rows, window=window, seed=how.seed)
    from recurra.problems.step_states import states

    problem = states(
        rows,
        models=[model],
        normal=normal,
        tolerance=tolerance,
        window=window,
        units=units,
        epochs=epochs,
        members=members,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_problem(problem, place, how)


@compare.command("states", epilog=described("states"))
@with_options
def compare_states(
    file: File = None,
    time: Time = None,
    label: Label = None,
    id: Id = None,
    channels: Channels = "",
    normal: Normal = None,
    tolerance: Tolerance = 0,
    window: Window = 128,
    encoding: Encoding = None,
    sample: Sample = False,
    *,
    how: Comparing,
) -> None:
    """Compare networks of states on folds: of streams, or of one stream's last steps."""
    models = how.names(SHAPES)
    place = how.place(_name(file))
    rows = _rows(file, None, _columns(time, label, id, channels), encoding, sample)
    from recurra.problems.splitting import split_steps

    split = split_steps(rows, window=window, folds=how.folds, seed=how.seed)
    from recurra.problems.step_states import states

    problem = states(
        rows,
        models=models,
        normal=normal,
        tolerance=tolerance,
        window=window,
        folds=how.folds,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_comparison(problem, place, how)


@predict.command("states")
def predict_states(
    run: Run,
    file: File = None,
    time: Time = None,
    label: Annotated[str | None, typer.Option(help="The column of the state, left out.")] = None,
    id: Id = None,
    channels: Channels = "",
    encoding: Encoding = None,
    sample: Sample = False,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Say the state of every step of a log: time, state, probability of an alarm, stream."""
    from recurra.problems.kept import kept_model
    from recurra.problems.new_rows import columns_taught

    named = _columns(time, label, id, channels, labelled=False)
    columns = replace(named, taught=columns_taught(kept_model(run)))
    rows = _rows(file, None, columns, encoding, sample)
    from recurra.problems.saved.states import saved_states

    model = saved_states(run, with_)
    told = model.answer(rows)
    if as_json:
        print_json({"model": model.name, "steps": told})
    names = ["time", "state", "alarm", "stream"]
    with answers(names, out, as_json, file) as write:
        for found in told:
            write([found[name] for name in names])


@evaluate.command("states")
def evaluate_states(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A log with states, as in training.")],
    time: Time = None,
    label: Label = None,
    id: Id = None,
    channels: Channels = "",
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved model on a new log with states, and say if it has seen any of it."""
    columns = _columns(time, label, id, channels)
    evaluate_run(run, file, with_, as_json, columns=columns, encoding=encoding)


def _columns(
    time: str | None, label: str | None, id: str | None, channels: str, labelled: bool = True
) -> "StepColumns":
    from recurra.data.states import StepColumns

    names = separated(channels)
    return StepColumns(time, label, id, names, labelled)


def _name(file: Path | None) -> str:
    return f"states-{file.name.split('.')[0] if file else 'sample'}"


def _rows(
    file: Path | None,
    test: Path | None,
    columns: "StepColumns",
    encoding: str | None,
    sample: bool,
) -> "LabelledSteps":
    """Read what is asked for, and say what was done."""
    one_source(sample, file, test)
    if sample == (file is not None):
        raise SettingsError("give a log, or --sample.")
    from recurra.data.states import read_steps, sample_steps, with_test_steps

    if file is None:
        return sample_steps()
    rows = read_steps(file, columns, encoding=encoding)
    if test is not None:
        rows = with_test_steps(rows, read_steps(test, columns, encoding=encoding))
    return say_notes(rows)
