"""Numeric sequences: train what says a class or a number, compare such, ask one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    say,
    searched,
    train,
    with_options,
)
from recurra.cli.layouts import Channels, Group, Id, Time, layout_of
from recurra.errors import SettingsError
from recurra.names import QUANTITIES, SEQUENCES, one_of

if TYPE_CHECKING:
    from recurra.data.sequences import LabelledSequences, Layout

__all__: list[str] = []

MANY_STEPS, LARGE_FILE = 500_000, 20_000_000  # and bytes: what takes long is said

File = Annotated[
    Path | None,
    typer.Argument(
        help="A table, a .ts file, NumPy's .npy or .npz; or a folder, a class a folder or file."
    ),
]
Test = Annotated[Path | None, typer.Option(help="A file like it, to test on.")]
Newest = Annotated[
    bool, typer.Option("--newest", help="By --time, the past teaches and the newest judge.")
]
Label = Annotated[str | None, typer.Option(help="The column of the class.")]
Target = Annotated[
    str | None, typer.Option(help="The column of a number to foretell, in place of a class.")
]
Positive = Annotated[str | None, typer.Option(help="Of two classes, the one to find.")]

KeepNear = Annotated[
    bool,
    typer.Option("--keep-near", help="Let near copies and overlapping windows stand on two sides."),
]


@searched("sequences", SEQUENCES)
@train.command("sequences", epilog=described("sequences"))
@with_options
def train_sequences(
    file: File = None,
    test: Test = None,
    id: Id = None,
    time: Time = None,
    label: Label = None,
    target: Target = None,
    group: Group = None,
    newest: Newest = False,
    channels: Channels = "",
    positive: Positive = None,
    encoding: Encoding = None,
    sample: Sample = False,
    keep_near: KeepNear = False,
    model: Annotated[
        str | None, typer.Option(help="A network [rocket-gru-fcn; of a number gru-fcn].")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs [30].")] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks averaged.")] = None,
    *,
    how: Training,
) -> None:
    """Learn the class, or a number, of sequences; judge beside MiniRocket and statistics."""
    models = [] if model is None else [one_of(model, SEQUENCES, "the model")]
    place = how.place(_name(file))
    layout = layout_of(id, time, label, group, channels, newest=newest, target=target)
    rows = _rows(file, test, layout, encoding, sample)
    given = {"epochs": epochs, "batch_size": batch_size, "members": members, **how.settings()}
    run_problem(_problem(rows, models, positive, keep_near, None, how.seed, given), place, how)


@compare.command("sequences", epilog=described("sequences"))
@with_options
def compare_sequences(
    file: File = None,
    test: Test = None,
    id: Id = None,
    time: Time = None,
    label: Label = None,
    target: Target = None,
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
    """Compare models of sequences on folds of the file to train on."""
    how.names(SEQUENCES)
    place = how.place(_name(file))
    layout = layout_of(id, time, label, group, channels, newest=newest, target=target)
    rows = _rows(file, test, layout, encoding, sample)
    models = how.names(SEQUENCES if rows.targets is None else QUANTITIES)
    problem = _problem(rows, models, positive, keep_near, how.folds, how.seed, how.settings())
    run_comparison(problem, place, how)


def _problem(
    rows: "LabelledSequences",
    models: Sequence[str],
    positive: str | None,
    keep_near: bool,
    folds: int | None,
    seed: int,
    settings: Mapping[str, Any],
) -> Any:
    """Declare the problem of a class, or of a number; rows that cannot be split are told first."""
    from recurra.problems.splitting import split_quantities, split_sequences
    from recurra.terminal import note

    given = {name: value for name, value in settings.items() if value is not None}
    given |= {"models": models} if models else {}
    steps = len(rows.sequences.codes)
    if steps >= MANY_STEPS:
        note(f"copies are looked for among {len(rows):,} sequences of {steps:,} steps")
    if rows.targets is None:
        split = split_sequences(rows, positive, near=not keep_near, folds=folds, seed=seed)
        from recurra.problems.sequence_classes import sequences

        asked: dict[str, Any] = {"folds": folds, "seed": seed, "split": split}
        return sequences(rows, positive=positive, **asked, **given)
    if positive is not None:
        raise SettingsError("--positive is of two classes, but a number is to be foretold.")
    parts = split_quantities(rows, near=not keep_near, folds=folds, seed=seed)
    from recurra.problems.sequence_quantities import quantities

    return quantities(rows, folds=folds, seed=seed, split=parts, **given)


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
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Classify the sequences of a file."""
    _one_given(file, sample)
    from recurra.data.sequences import read_sequences, sample_sequences

    layout = layout_of(id, time, label, group, channels, labelled=False, run=run)
    rows = sample_sequences() if file is None else read_sequences(file, layout, encoding=encoding)
    from recurra.problems.saved.sequences import saved_sequences

    model = saved_sequences(run, with_)
    told = model.answer(rows)
    if as_json:
        print_json({"model": model.name, "predictions": told})
    with answers(["class", "probability", "sequence"], out, as_json, file) as write:
        for found in told:
            write([found["label"], found["score"], found["id"]])


@predict.command("quantities")
def predict_quantities(
    run: Run,
    file: Annotated[Path, typer.Argument(help="Sequences in a form that training takes.")],
    id: Id = None,
    time: Time = None,
    target: Annotated[
        str | None, typer.Option(help="The column of the number, left out [as in training].")
    ] = None,
    group: Annotated[str | None, typer.Option(help="A column to leave out.")] = None,
    channels: Channels = "",
    encoding: Encoding = None,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Say the number of each sequence of a file."""
    from recurra.data.sequences import read_sequences
    from recurra.problems.saved.quantities import saved_quantities

    layout = layout_of(id, time, None, group, channels, labelled=False, target=target, run=run)
    rows = read_sequences(file, layout, encoding=encoding)
    model = saved_quantities(run, with_)
    told = model.answer(rows)
    if as_json:
        print_json({"model": model.name, "target": model.target, "predictions": told})
    elif out is None:
        say(f"columns: {model.target}, sequence")
    with answers([model.target, "sequence"], out, as_json, file, "{:.6g}") as write:
        for found in told:
            write([found[model.target], found["id"]])


@evaluate.command("quantities")
def evaluate_quantities(
    run: Run,
    file: Annotated[Path, typer.Argument(help="Sequences with their numbers, as in training.")],
    id: Id = None,
    time: Time = None,
    target: Annotated[
        str | None, typer.Option(help="The column of the number [as in training].")
    ] = None,
    group: Group = None,
    channels: Channels = "",
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved model on new sequences with their numbers."""
    layout = layout_of(id, time, None, group, channels, target=target)
    evaluate_run(run, file, with_, as_json, layout=layout, encoding=encoding)


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
    layout = layout_of(id, time, label, group, channels)
    evaluate_run(run, file, with_, as_json, layout=layout, encoding=encoding)


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
    from recurra.data.sequences import (
        check_enough,
        read_sequences,
        sample_quantities,
        sample_sequences,
        with_test,
    )
    from recurra.terminal import note

    if file is None:
        return sample_quantities() if layout.target else sample_sequences()
    if file.is_file() and file.stat().st_size >= LARGE_FILE:
        note(f"reading {file}")
    rows = read_sequences(file, layout, encoding=encoding)
    if test is not None:
        rows = with_test(rows, read_sequences(test, layout, encoding=encoding))
    check_enough(rows)
    for said in rows.notes:
        note(said)
    return rows
