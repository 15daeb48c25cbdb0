"""Texts: train a classifier, evaluate it on new rows, classify with it; the demonstration."""

import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import (
    Comparing,
    Data,
    Encoding,
    Json,
    Label,
    Overwrite,
    Positive,
    Run,
    Running,
    Sample,
    Text,
    app,
    compare,
    model_folder,
    predict,
    print_json,
    run_comparison,
    run_recipe,
    train,
    with_options,
)
from recurra.errors import DataError, SettingsError

if TYPE_CHECKING:
    from recurra.data import LabelledTexts
    from recurra.estimators import SequenceClassifier

__all__: list[str] = []

PREDICTION_CHUNK = 4096
TABLES = {".csv", ".tsv", ".parquet", ".jsonl", ".ndjson"}
PROTOCOLS = ("default", "lecture")


@train.command("texts")
@with_options
def train_texts(
    source: Annotated[str, typer.Argument(help="spam, sentiment, sentiment-ko, or a file.")],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    data: Data = None,
    sample: Sample = False,
    model: Annotated[str | None, typer.Option(help="The architecture by name.")] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="word, cased-word, char, syllable, jamo or kiwi.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="default, or lecture (audited).")] = "default",
    epochs: Annotated[
        int | None, typer.Option(min=1, help="The most epochs; the best one is kept [30].")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="Rows a step.")] = None,
    members: Annotated[int | None, typer.Option(min=1, help="Networks averaged.")] = None,
    max_length: Annotated[
        int | None, typer.Option(min=1, help="Tokens read of a text [256].")
    ] = None,
    truncation: Annotated[
        str | None, typer.Option(help="Which of a longer text: head, tail or both [head].")
    ] = None,
    max_vocabulary: Annotated[
        int | None, typer.Option(min=1, help="The most tokens known.")
    ] = None,
    balanced: Annotated[
        bool, typer.Option("--balanced", help="Weigh rows of the rarer class more.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the layer table first.")] = False,
    *,
    how: Running,
) -> None:
    """Train a model on labelled texts, judge it beside baselines, and write a run folder."""
    if protocol not in PROTOCOLS:
        raise SettingsError(f"--protocol must be one of {', '.join(PROTOCOLS)}, not {protocol!r}")
    lecture = protocol == "lecture"
    if lecture and (tokenizer or max_vocabulary or max_length or truncation):
        raise SettingsError(
            "--protocol lecture has a tokenizer and vocabulary of its own: leave out --tokenizer, "
            "--max-vocabulary, --max-length and --truncation."
        )
    classifier = classifier_of(
        source,
        sample=sample,
        model=model or ("simple-rnn" if lecture else None),
        tokenizer=tokenizer or ("lecture-word" if lecture else None),
        epochs=epochs,
        batch_size=batch_size,
        members=members,
        max_length=max_length,
        truncation=truncation,
        max_vocabulary=max_vocabulary,
        class_weight="balanced" if balanced else None,
        random_state=how.seed,
    )
    rows = read_rows(source, data, sample, text, label, positive, encoding, lecture=lecture)
    classifier.set_params(positive=rows.positive)
    _train(rows, classifier, name_of(source, sample), how, protocol=protocol, show=show)


@compare.command("texts")
@with_options
def compare_texts(
    source: Annotated[str, typer.Argument(help="spam, sentiment, sentiment-ko, or a file.")],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    data: Data = None,
    sample: Sample = False,
    *,
    how: Comparing,
) -> None:
    """Compare classifiers of texts; of a published split, on its training side alone."""
    from recurra.models import ARCHITECTURES
    from recurra.recipes.texts import texts_task

    names = how.names(ARCHITECTURES)
    rows = read_rows(source, data, sample, text, label, positive, encoding)
    classifiers = [
        classifier_of(source, sample=sample, model=name, positive=rows.positive, **how.settings())
        for name in names
    ]
    name = name_of(source, sample)
    task = texts_task(rows, classifiers, recipe=name, folds=how.folds, seed=how.seed)
    run_comparison(name, task, how)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/demo"),
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train on the embedded sample (English and Korean), show the result and three predictions."""
    rows = read_rows("spam", None, True, None, None, None, None)
    classifier = classifier_of("spam", positive=rows.positive)
    _train(rows, classifier, "spam", Running(out=out, overwrite=overwrite, as_json=as_json))
    if not as_json:
        from recurra.terminal import out as console

        console.print("\nThree messages it has not seen (a model of the embedded sample):")
        for message in (
            "WINNER!! Claim your prize now",
            "running ten minutes late, order for me?",
            "[광고] 무료 상담 받고 당일 대출 가능! 지금 전화주세요",
        ):
            score = classifier.positive_scores([message])[0]
            console.print(
                f"  {classifier.predict([message])[0]:<5} {score:.3f}  {message}", markup=False
            )
        console.print(f'\nTry your own: recurra predict {out} "your message"')


@app.command()
def evaluate(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A file of labelled texts.")],
    text: Text = None,
    label: Label = None,
    encoding: Encoding = None,
    as_json: Json = False,
) -> None:
    """Judge a saved model on new labelled rows, and say if it has seen any of them."""
    from recurra.recipes.texts import evaluate_texts, seen_rows
    from recurra.terminal import note, show_result

    model = _load(run)
    rows = read_rows(str(file), None, False, text, label, str(model.positive_class), encoding)
    if set(rows.classes) != set(map(str, model.classes_)):
        raise DataError(
            f"the labels must be those of the model, {' and '.join(map(str, model.classes_))}, but "
            f"{file} has {' and '.join(rows.classes)}."
        )
    result, known = evaluate_texts(model, rows, seen_rows(run))
    if as_json:
        found = {"rows": len(rows.texts), "rows_seen_in_training": known}
        print_json({"source": rows.source, **found, "test": result.model_dump()})
        return
    show_result([(model.model, result)], f"{len(rows.texts):,} rows of {file}, 95 % intervals")
    if known is None:
        note(
            "whether the model was trained on these rows is not known: its run folder is not here."
        )
    elif known:
        note(
            f"{known:,} of these rows were trained on (digits, case and spacing aside): "
            "the figures flatter the model."
        )


@predict.command("SequenceClassifier")
def predict_texts(
    run: Run,
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; none: lines of input.")] = None,
    file: Annotated[Path | None, typer.Option(help="A file: one text a line, or a table.")] = None,
    text: Annotated[str | None, typer.Option(help="The text column, if --file is a table.")] = None,
    encoding: Encoding = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what tokens do.")] = False,
    as_json: Json = False,
) -> None:
    """Classify texts: the arguments, a file, or the lines of standard input."""
    from recurra.terminal import show_explanation

    model = _load(run)
    sources = _texts(texts, file, text, encoding)
    predictions = []
    while chunk := list(islice(sources, PREDICTION_CHUNK)):
        for message, score in zip(chunk, model.positive_scores(chunk), strict=True):
            decided = model.label_of(score)
            found = {"label": decided, "score": float(score), "text": message}
            if explain:
                found["tokens"] = model.explain(message)
            if as_json:
                predictions.append(found)
                continue
            # plain, for pipes: a table would cut and pad
            sys.stdout.write(f"{decided}\t{score:.4f}\t{' '.join(message.split())}\n")
            if explain:
                show_explanation(found["tokens"])
    if as_json:
        print_json(
            {"model": model.model, "positive": model.positive_class, "predictions": predictions}
        )


def read_rows(
    source: str,
    data: Path | None,
    sample: bool,
    text: str | None,
    label: str | None,
    positive: str | None,
    encoding: str | None,
    *,
    lecture: bool = False,
) -> "LabelledTexts":
    """Read labelled texts from a named dataset, a file or the sample; say what was guessed."""
    from recurra.data import CATALOGUE, label_texts, locate, read_table
    from recurra.data.catalogue import SAMPLE_SOURCE, sample_path
    from recurra.recipes.sentiment import SENTIMENT
    from recurra.terminal import note

    if (sample and (data or source not in CATALOGUE)) or (data and source not in CATALOGUE):
        raise SettingsError(
            "--sample and --data go with a named dataset, not with a file: give one source."
        )
    if sample:
        path = sample_path(source)
    elif source in CATALOGUE:
        path = data or locate(source, prefer=".csv" if lecture else None)
    elif Path(source).exists() or Path(source).suffix:
        path = Path(source)
    else:
        raise DataError(
            f"the source must be a file or one of the datasets {', '.join(CATALOGUE)}, but "
            f"{source!r} is neither."
        )
    if source in SENTIMENT and not sample:
        if text or label or positive or encoding:
            raise SettingsError(
                f"the columns of {source} are known: leave out --text, --label, --positive and "
                "--encoding."
            )
        rows = SENTIMENT[source].read(path)
    else:
        table = read_table(path, encoding=encoding)
        if sample:
            table.source = SAMPLE_SOURCE
        rows = label_texts(table, text=text, label=label, positive=positive)
    for said in rows.notes:
        note(said)
    return rows


def classifier_of(source: str, *, sample: bool = False, **settings: Any) -> "SequenceClassifier":
    """Give a classifier of the settings given, else of those of its dataset; names are checked."""
    from recurra.estimators import SequenceClassifier
    from recurra.models import architecture_named
    from recurra.recipes.sentiment import SENTIMENT
    from recurra.text import tokenizer_named, truncate

    chosen = dict(SENTIMENT[source].settings) if source in SENTIMENT else {}
    if sample:  # small: it needs more epochs, and its words are rare
        chosen = {name: chosen[name] for name in ("model", "tokenizer") if name in chosen}
    chosen |= {name: value for name, value in settings.items() if value is not None}
    model = SequenceClassifier(**chosen)
    architecture_named(model.model)
    tokenizer_named(model.tokenizer or "word")
    truncate([], model.max_length, model.truncation)
    return model


def name_of(source: str, sample: bool) -> str:
    """Give the name of the run folder of a source."""
    return f"{source}-sample" if sample else Path(source).stem


def _train(
    rows: "LabelledTexts",
    classifier: "SequenceClassifier",
    recipe: str,
    how: Running,
    *,
    protocol: str = "default",
    show: bool = False,
) -> None:
    from recurra.recipes import texts
    from recurra.recipes.spam import PROTOCOLS
    from recurra.terminal import show_layers, show_report

    run_recipe(
        texts.train_texts,
        rows,
        classifier,
        folder=how.folder(recipe),
        show=show_report,
        as_json=how.as_json,
        recipe=recipe,
        protocol=PROTOCOLS[protocol],
        describe=show_layers if show else lambda model: None,
    )


def _load(run: Path) -> "SequenceClassifier":
    from recurra.estimators import SequenceClassifier

    return SequenceClassifier.load(model_folder(run))


def _texts(
    texts: list[str] | None, file: Path | None, column: str | None, encoding: str | None
) -> Iterator[str]:
    if texts and file:
        raise SettingsError("give texts or --file, not both")
    if texts:
        return iter(texts)
    if file is not None:
        from recurra.data.readers import read_lines, read_table

        if column is None and not TABLES & set(file.suffixes):
            return read_lines(file, encoding=encoding)
        if column is None:
            raise SettingsError(f"{file} is a table: name its text column with --text.")
        frame = read_table(file, encoding=encoding).frame
        if column not in frame.columns:
            raise DataError(
                f"--text must name a column of {file}, but there is no {column!r}. "
                f"The columns are: {', '.join(map(str, frame.columns))}."
            )
        return iter(frame[column])
    if sys.stdin is None or sys.stdin.isatty():
        raise SettingsError("nothing to classify: give texts, --file, or lines on standard input")
    from recurra.data.readers import known_encoding

    codec = (known_encoding(encoding) or "utf-8").replace("utf-8", "utf-8-sig")
    return _lines(os.fdopen(sys.stdin.fileno(), encoding=codec, errors="replace", closefd=False))


def _lines(lines: Iterable[str]) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in lines)
