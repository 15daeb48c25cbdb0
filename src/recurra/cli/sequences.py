"""Numeric sequences: train a classifier, compare classifiers, classify with one."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.architectures import described
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
    train,
    with_options,
)
from recurra.errors import SettingsError
from recurra.names import SEQUENCES, one_of

if TYPE_CHECKING:
    from recurra.data.sequences import LabelledSequences, Layout

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A table, a .ts file, or NumPy's .npy or .npz.")]
Test = Annotated[Path | None, typer.Option(help="A file like it, to test on.")]
Id = Annotated[
    str | None, typer.Option(help="The column that names the sequence; none: a row is one.")
]
Time = Annotated[
    str | None,
    typer.Option(
        help="The column that orders the rows of a sequence; without --id, it says when a row was: "
        "the past teaches, the newest judge."
    ),
]
Newest = Annotated[
    bool, typer.Option("--newest", help="By --time, the past teaches and the newest judge.")
]
Label = Annotated[str | None, typer.Option(help="The column of the class.")]
Group = Annotated[
    str | None, typer.Option(help="A column, such as a person: each on one side alone.")
]
Channels = Annotated[
    str, typer.Option(help="Columns of numbers, separated by commas [all others].")
]
Positive = Annotated[str | None, typer.Option(help="Of two classes, the one to find.")]

KeepNear = Annotated[
    bool,
    typer.Option("--keep-near", help="Let near copies and overlapping windows stand on two sides."),
]


@train.command("sequences", epilog=described("sequences"))
@with_options
def train_sequences(
    file: File = None,
    test: Test = None,
    id: Id = None,
    time: Time = None,
    label: Label = None,
    group: Group = None,
    newest: Newest = False,
    channels: Channels = "",
    positive: Positive = None,
    encoding: Encoding = None,
    sample: Sample = False,
    keep_near: KeepNear = False,
    model: Annotated[
        str, typer.Option(help="gru-fcn, lstm-fcn, or one of simple-rnn, lstm, gru, bi-…, conv1d.")
    ] = "gru-fcn",
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs [30].")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks averaged.")] = None,
    *,
    how: Training,
) -> None:
    """Learn the class of sequences of numbers; judge beside MiniRocket, statistics, neighbours."""
    one_of(model, SEQUENCES, "the model")
    place = how.place(_name(file))
    rows = _rows(
        file, test, _layout(id, time, label, group, channels, newest=newest), encoding, sample
    )
    from recurra.problems.splitting import split_sequences

    split = split_sequences(rows, positive, near=not keep_near, seed=how.seed)
    from recurra.problems.sequence_classes import sequences

    given: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "members": members}
    given |= how.settings()
    problem = sequences(
        rows,
        models=[model],
        positive=positive,
        seed=how.seed,
        split=split,
        **{name: value for name, value in given.items() if value is not None},
    )
    run_problem(problem, place, how)


@compare.command("sequences", epilog=described("sequences"))
@with_options
def compare_sequences(
    file: File = None,
    test: Test = None,
    id: Id = None,
    time: Time = None,
    label: Label = None,
    group: Group = None,
    newest: Newest = False,
    channels: Channels = "",
    positive: Positive = None,
    encoding: Encoding = None,
    sample: Sample = False,
    keep_near: KeepNear = False,
    *,
    how: Comparing,
) -> None:
    """Compare classifiers of sequences on folds of the file to train on."""
    models = how.names(SEQUENCES)
    place = how.place(_name(file))
    rows = _rows(
        file, test, _layout(id, time, label, group, channels, newest=newest), encoding, sample
    )
    from recurra.problems.splitting import split_sequences

    split = split_sequences(rows, positive, near=not keep_near, folds=how.folds, seed=how.seed)
    from recurra.problems.sequence_classes import sequences

    given = {name: value for name, value in how.settings().items() if value is not None}
    problem = sequences(
        rows,
        models=models,
        positive=positive,
        folds=how.folds,
        seed=how.seed,
        split=split,
        **given,
    )
    run_comparison(problem, place, how)


@predict.command("sequences")
def predict_sequences(
    run: Run,
    file: Annotated[
        Path | None, typer.Argument(help="Sequences in a form that training takes.")
    ] = None,
    id: Id = None,
    time: Time = None,
    label: Annotated[str | None, typer.Option(help="The column of the class, left out.")] = None,
    group: Annotated[str | None, typer.Option(help="A column to leave out.")] = None,
    channels: Channels = "",
    encoding: Encoding = None,
    sample: Sample = False,
    with_: With = None,
    as_json: Json = False,
) -> None:
    """Classify the sequences of a file."""
    _one_given(file, sample)
    from recurra.data.sequences import read_sequences, sample_sequences

    layout = _layout(id, time, label, group, channels, labelled=False)
    rows = sample_sequences() if file is None else read_sequences(file, layout, encoding=encoding)
    from recurra.problems.saved.sequences import saved_sequences

    model = saved_sequences(run, with_)
    answers = model.answer(rows)
    if as_json:
        print_json({"model": model.name, "predictions": answers})
        return
    for found in answers:  # plain, for pipes
        sys.stdout.write(f"{found['label']}\t{found['score']:.4f}\t{found['id']}\n")


@evaluate.command("sequences")
def evaluate_sequences(
    run: Run,
    file: Annotated[Path, typer.Argument(help="Sequences with their classes, as in training.")],
    id: Id = None,
    time: Time = None,
    label: Label = None,
    group: Group = None,
    channels: Channels = "",
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved classifier on new sequences, and say if it has seen any of them."""
    layout = _layout(id, time, label, group, channels)
    evaluate_run(run, file, with_, as_json, layout=layout, encoding=encoding)


def _layout(
    id: str | None,
    time: str | None,
    label: str | None,
    group: str | None,
    channels: str,
    labelled: bool = True,
    newest: bool = False,
) -> "Layout":
    from recurra.data.sequences import Layout

    names = tuple(filter(None, map(str.strip, channels.split(","))))
    return Layout(id, time, label, group, names, labelled, newest)


def _one_given(file: Path | None, sample: bool) -> None:
    if sample == (file is not None):
        raise SettingsError("give a file of sequences, or --sample.")


def _name(file: Path | None) -> str:
    return f"sequences-{file.name.split('.')[0] if file else 'sample'}"


def _rows(
    file: Path | None,
    test: Path | None,
    layout: "Layout",
    encoding: str | None,
    sample: bool,
) -> "LabelledSequences":
    """Read what is asked for, refuse what nothing can be learnt from, and say what was done."""
    one_source(sample, file, test)
    _one_given(file, sample)
    from recurra.data.sequences import check_enough, read_sequences, sample_sequences, with_test
    from recurra.terminal import note

    if file is None:
        return sample_sequences()
    rows = read_sequences(file, layout, encoding=encoding)
    if test is not None:
        rows = with_test(rows, read_sequences(test, layout, encoding=encoding))
    check_enough(rows)
    for said in rows.notes:
        note(said)
    return rows
