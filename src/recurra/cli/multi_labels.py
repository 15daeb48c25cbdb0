"""Texts with any number of labels each: train, compare, say labels, judge on new rows."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.answering import Written, answers
from recurra.cli.app import (
    Alone,
    Comparing,
    Encoding,
    Json,
    Run,
    Sample,
    Text,
    Training,
    With,
    compare,
    evaluate,
    evaluate_run,
    predict,
    print_json,
    run_comparison,
    run_problem,
    say,
    say_empty,
    say_notes,
    searched,
    train,
    with_options,
)
from recurra.cli.texts import PREDICTION_CHUNK, Group, Test, Time, given_texts
from recurra.errors import SettingsError
from recurra.names import LABELLERS, one_of

if TYPE_CHECKING:
    from recurra.data.multi_labels import MultiLabelled

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A table: CSV, TSV, JSON lines or Parquet.")]
Labels = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        help="The column of labels, with a sign between them; or several columns of 0 and 1.",
    ),
]
Separator = Annotated[
    str | None, typer.Option(help="The sign between labels, such as ';' [recognised].")
]


@searched("multi-label", LABELLERS)
@train.command("multi-label")
@with_options
def train_multi_label(
    file: File = None,
    text: Text = None,
    label: Labels = None,
    separator: Separator = None,
    encoding: Encoding = None,
    test: Test = None,
    group: Group = None,
    time: Time = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help="The architecture by name.")] = LABELLERS[0],
    epochs: Annotated[
        int | None, typer.Option(min=1, help="The most epochs; the best one is kept [30].")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks averaged.")] = None,
    *,
    how: Training,
) -> None:
    """Learn which labels texts have, none or several; judge beside a linear model a label."""
    one_of(model, LABELLERS, "the model")
    place = how.place(_name(file))
    rows = _rows(file, sample, test, text, label, separator, encoding, group, time)
    given = {"epochs": epochs, "batch_size": batch_size, "members": members, **how.settings()}
    run_problem(_problem(rows, [model], None, how.seed, given), place, how)


@compare.command("multi-label")
@with_options
def compare_multi_label(
    file: File = None,
    text: Text = None,
    label: Labels = None,
    separator: Separator = None,
    encoding: Encoding = None,
    test: Test = None,
    group: Group = None,
    time: Time = None,
    sample: Sample = False,
    *,
    how: Comparing,
) -> None:
    """Compare networks of several labels a text on folds of the file to train on."""
    models = how.names(LABELLERS)
    place = how.place(_name(file))
    rows = _rows(file, sample, test, text, label, separator, encoding, group, time)
    run_comparison(_problem(rows, models, how.folds, how.seed, how.settings()), place, how)


def _problem(
    rows: "MultiLabelled", models: list[str], folds: int | None, seed: int, given: dict[str, Any]
) -> Any:
    from recurra.problems.splitting import split_labels

    split = split_labels(rows, folds=folds, seed=seed)
    from recurra.problems.multi_labels import multi_label

    settings = {name: value for name, value in given.items() if value is not None}
    return multi_label(rows, models=models, folds=folds, seed=seed, split=split, **settings)


@predict.command("multi-label")
def predict_multi_label(
    run: Run,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; none: lines of input.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file: one text a line, or a table.")] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(help="The text column, if --file is a table [as in training]."),
    ] = None,
    encoding: Encoding = None,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Say the labels of texts: the arguments, a file, or the lines of standard input."""
    from recurra.problems.saved.multi_labels import saved_labels

    model = saved_labels(run, with_)
    sources = given_texts(texts, file, text, encoding, model.columns)
    predictions: list[dict[str, Any]] = []
    count = empty = 0
    if not as_json and out is None:
        say("columns: labels, text")
    with answers(["labels", "text"], out, as_json, file) as write:
        while chunk := list(islice(sources, PREDICTION_CHUNK)):
            told = model.answer(chunk)
            count += len(chunk)
            empty += sum(found["labels"] is None for found in told)
            predictions += told if as_json else []
            for found in told:
                write([model.sign.join(found["labels"] or []), found["text"]])
    say_empty(empty, count)
    if as_json:
        print_json({"model": model.name, "labels": model.names, "predictions": predictions})


@evaluate.command("multi-label")
def evaluate_multi_label(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A file of texts with their labels.")],
    text: Text = None,
    label: Labels = None,
    separator: Separator = None,
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved model on new texts with their labels, and say if it has seen any of them."""
    given = {"text": tuple(text or ()), "labels": tuple(label or ()), "separator": separator}
    evaluate_run(run, file, with_, as_json, encoding=encoding, **given)


def _name(file: Path | None) -> str:
    return f"multi-label-{file.name.split('.')[0] if file else 'sample'}"


def _rows(
    file: Path | None,
    sample: bool,
    test: Path | None,
    text: list[str] | None,
    label: list[str] | None,
    separator: str | None,
    encoding: str | None,
    group: str | None,
    time: str | None,
) -> "MultiLabelled":
    """Read what is asked for, and say what was guessed."""
    if sample == (file is not None):
        raise SettingsError("give a table, or --sample.")
    from recurra.data.multi_labels import LabelColumns, read_multi_labels, sample_multi_labels

    if file is None:
        return sample_multi_labels()
    columns = LabelColumns(
        tuple(text or ()), tuple(label or ()), separator, group, time, encoding=encoding
    )
    return say_notes(read_multi_labels(file, columns, test=test))
