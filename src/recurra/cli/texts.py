"""Texts: train a classifier, evaluate it on new rows, classify with it; the demonstration."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from recurra.architectures import described
from recurra.cli.answering import Written, answers
from recurra.cli.app import (
    Alone,
    Comparing,
    Data,
    Encoding,
    Json,
    Label,
    Overwrite,
    Positive,
    Run,
    Sample,
    Text,
    Training,
    With,
    app,
    compare,
    evaluate,
    evaluate_run,
    predict,
    print_json,
    read_input,
    run_comparison,
    run_problem,
    say,
    say_empty,
    say_notes,
    searched,
    separated,
    train,
    with_options,
)
from recurra.errors import SettingsError
from recurra.listeners import Listener
from recurra.names import STARTING, TEXTS, one_of
from recurra.wording import retold, worded

if TYPE_CHECKING:
    from recurra.data import LabelledTexts
    from recurra.problems.saved.texts import TextsModel

__all__ = ["check_names", "name_of", "read_rows"]

KeepNear = Annotated[
    bool,
    typer.Option("--keep-near", help="Let near copies of a text stand on both sides."),
]
Test = Annotated[
    Path | None, typer.Option(help="A file of the same columns and classes, to test on.")
]
Group = Annotated[
    str | None,
    typer.Option(help="A column, such as an author: rows of one never stand on two sides."),
]
Time = Annotated[
    str | None,
    typer.Option(help="When a row was: the past teaches, the newest rows judge."),
]
Features = Annotated[
    str,
    typer.Option(help="Columns of numbers or categories to read beside the text: amount,country."),
]
PREDICTION_CHUNK = 4096
PROTOCOLS = ("default", "lecture")


@searched("texts", TEXTS)
@train.command("texts", epilog=described("texts"))
@with_options
def train_texts(
    source: Annotated[str, typer.Argument(help="spam, sentiment, sentiment-ko, or a file.")],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    test: Test = None,
    group: Group = None,
    time: Time = None,
    features: Features = "",
    data: Data = None,
    sample: Sample = False,
    model: Annotated[str | None, typer.Option(help="The architecture by name.")] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="word, cased-word, char, syllable, jamo or kiwi.")
    ] = None,
    protocol: Annotated[str, typer.Option(help="default, or lecture (audited).")] = "default",
    keep_near: KeepNear = False,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="The most epochs; the best one is kept [30, of ngram-bi-gru 6, of "
            "ngram-pair-bi-gru 3, of ngram-triple-bi-gru 4].",
        ),
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
    how: Training,
) -> None:
    """Train a model on labelled texts, judge it beside baselines, and write a run folder."""
    lecture = one_of(protocol, PROTOCOLS, "--protocol") == "lecture"
    if lecture and keep_near:
        raise SettingsError("--protocol lecture keeps all copies: leave out --keep-near.")
    if lecture and (tokenizer or max_vocabulary or max_length or truncation):
        raise SettingsError(
            "--protocol lecture has a tokenizer and vocabulary of its own: leave out --tokenizer, "
            "--max-vocabulary, --max-length and --truncation."
        )
    if lecture and (group or time or test or features):
        raise SettingsError(
            "--protocol lecture has a split of its own and reads texts alone: leave out --group, "
            "--time, --test and --features."
        )
    check_names(filter(None, [model]), tokenizer, truncation)
    if features and model not in (None, *STARTING):
        raise SettingsError(
            f"--features are read by a network that begins as a linear model, {STARTING[0]}, but "
            f"--model is {model}. Leave out one of them."
        )
    columns = (text, label, positive, encoding, group, time, features)
    rows = read_rows(source, data, sample, *columns, lecture=lecture, test=test)
    name = name_of(source, sample)
    place = how.place(name)
    from recurra.problems.named import PROTOCOLS as PREPARED
    from recurra.problems.named import classifier_of, split_named

    kind = "keep-near" if keep_near else protocol
    split = split_named(rows, source, kind, sample=sample, seed=how.seed)
    from recurra.problems.text_classes import texts

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
        features=list(rows.features) or None,
        random_state=how.seed,
        **how.settings(),
    )
    problem = texts(
        rows, [classifier], name=name, protocol=PREPARED[kind], seed=how.seed, split=split
    )
    run_problem(problem, place, how, [_LayerTable(typed=lecture)] if show else [])


def check_names(
    models: Iterable[str], tokenizer: str | None = None, truncation: str | None = None
) -> None:
    """Refuse names that are not known, before a file is read or a dataset fetched."""
    for model in models:
        one_of(model, TEXTS, "the model")
    if tokenizer or truncation:
        from recurra.text import tokenizer_named, truncate

        tokenizer_named(tokenizer or "word")
        truncate([], 1, truncation or "head")


class _LayerTable(Listener):
    """Prints the layers of a network that is about to train, once.

    Args:
        typed: whether with the names of layers that are typed without names.
    """

    def __init__(self, *, typed: bool) -> None:
        self.typed = typed

    def ready(self, model: Any) -> None:
        """Print them."""
        from recurra.problems.networks import ClassifierNetwork
        from recurra.terminal import show_layers

        show_layers(ClassifierNetwork.of(model).describe(), typed=self.typed)


@compare.command("texts", epilog=described("texts"))
@with_options
def compare_texts(
    source: Annotated[str, typer.Argument(help="spam, sentiment, sentiment-ko, or a file.")],
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    test: Test = None,
    group: Group = None,
    time: Time = None,
    features: Features = "",
    data: Data = None,
    sample: Sample = False,
    keep_near: KeepNear = False,
    *,
    how: Comparing,
) -> None:
    """Compare classifiers of texts; of a published split, on its training side alone."""
    models = how.names(STARTING if features else TEXTS)
    columns = (text, label, positive, encoding, group, time, features)
    rows = read_rows(source, data, sample, *columns, test=test)
    name = name_of(source, sample)
    place = how.place(name)
    from recurra.problems.named import PROTOCOLS as PREPARED
    from recurra.problems.named import classifier_of, split_named

    kind = "keep-near" if keep_near else "default"
    split = split_named(rows, source, kind, sample=sample, folds=how.folds, seed=how.seed)
    from recurra.problems.text_classes import texts

    classifiers = [
        classifier_of(
            source,
            sample=sample,
            model=each,
            random_state=how.seed,
            features=list(rows.features) or None,
            **how.settings(),
        )
        for each in models
    ]
    problem = texts(
        rows,
        classifiers,
        name=name,
        protocol=PREPARED[kind],
        folds=how.folds,
        seed=how.seed,
        split=split,
    )
    run_comparison(problem, place, how)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="The run folder.")] = Path("runs/demo"),
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train on the embedded sample (English and Korean), show the result and three predictions."""
    how = Training(out=out, overwrite=overwrite, as_json=as_json)
    place = how.place("demo")
    rows = read_rows("spam", None, True, None, None, None, None)
    from recurra.problems.text_classes import texts

    found = run_problem(texts(rows, name="spam-sample"), place, how)
    if not as_json:
        from recurra.terminal import out as console

        classifier = found.model(found.chosen).estimator
        console.print(worded("\nThree messages it has not seen (a model of the embedded sample):"))
        for message in (
            "WINNER!! Claim your prize now",
            "running ten minutes late, order for me?",
            "[광고] 무료 상담 받고 당일 대출 가능! 지금 전화주세요",
        ):
            score = classifier.positive_scores([message])[0]
            console.print(f"  {classifier.predict([message])[0]:<5} {score:.3f}  {message}")
        run = shlex.quote(str(out))
        console.print(retold(f'\nTry your own: recurra predict {run} "your message"'))
        command, name = shlex.join(_studio(place)), quote(place.name)
        console.print(retold(f"Look at it, and at what it remembers: {command}"))
        console.print(retold(f"and open http://127.0.0.1:8800/runs/{name}"))


def _studio(place: Path) -> list[str]:
    """Give the command that shows the runs beside a run."""
    folder = place.parent
    return ["recurra", "studio", *([] if folder == Path("runs") else ["--runs", str(folder)])]


@evaluate.command("SequenceClassifier")
def evaluate_texts(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A file of labelled texts.")],
    text: Text = None,
    label: Label = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="LABEL=CLASS, of the file and of the model; may be repeated."),
    ] = None,
    encoding: Encoding = None,
    group: Annotated[
        str | None, typer.Option(help="A column: rows of one group count as one piece of evidence.")
    ] = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved classifier on new labelled texts, and say if it has seen any of them."""
    columns = {"text": text or None, "label": label, "encoding": encoding, "group": group}
    evaluate_run(run, file, with_, as_json, mapped=_mapped(map_ or []), **columns)


def _mapped(given: list[str]) -> dict[str, str]:
    """Read LABEL=CLASS as from a label to a class."""
    wrong = next((each for each in given if "=" not in each), None)
    if wrong is not None:
        raise SettingsError(f"--map is written as LABEL=CLASS, such as 1=spam, not {wrong!r}.")
    pairs = [each.rpartition("=") for each in given]
    return {name.strip(): known.strip() for name, _, known in pairs}


def _say_cut(model: "TextsModel", cut: int, count: int) -> None:
    from recurra.terminal import note

    if cut:
        note(
            f"{cut:,} of {count:,} texts are longer than {model.name} reads: of those, only "
            f"{model.part_read}."
        )


@predict.command("SequenceClassifier")
def predict_texts(
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
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Call the class to find from here on [the model's own]."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show what tokens do.")] = False,
    as_json: Json = False,
) -> None:
    """Classify texts: the arguments, a file, or the lines of standard input."""
    from recurra.problems.saved.texts import texts_model

    model = texts_model(run, with_)
    model.threshold = threshold
    if explain and not model.explains:
        raise SettingsError(f"--explain is about a network's tokens: {model.name} has none.")
    if explain and out is not None:
        raise SettingsError("--explain shows tokens, which --out has no column for: use --json.")
    sources = given_texts(texts, file, text, encoding, model.columns)
    predictions, count, cut, empty = [], 0, 0, 0
    if not as_json and out is None:
        say(f"columns: {model.said}")
    sure = "probability" if model.positive is None else f"probability of {model.positive_name}"
    names = ["class", sure, "text"]
    with answers(names, out, as_json, file) as write:
        while chunk := list(islice(sources, PREDICTION_CHUNK)):
            told = model.answer(chunk)
            count, cut = count + len(chunk), cut + model.cut(chunk)
            empty += sum(found["label"] is None for found in told)
            for message, found in zip(chunk, told, strict=True):
                write([found["label"], found["score"], found["text"]])
                if explain:
                    found["tokens"] = model.explain(message)
                if as_json:
                    predictions.append(found)
                elif explain:
                    from recurra.terminal import show_explanation

                    show_explanation(found["tokens"])
    _say_cut(model, cut, count)
    say_empty(empty, count)
    if as_json:
        print_json(
            {"model": model.name, "positive": model.positive_name, "predictions": predictions}
        )


def read_rows(
    source: str,
    data: Path | None,
    sample: bool,
    text: Sequence[str] | None,
    label: str | None,
    positive: str | None,
    encoding: str | None,
    group: str | None = None,
    time: str | None = None,
    features: str = "",
    *,
    lecture: bool = False,
    test: Path | None = None,
) -> "LabelledTexts":
    """Read labelled texts from a named dataset, a file or the sample; say what was guessed."""
    from recurra.data import Columns, open_texts

    beside = separated(features)
    columns = Columns(
        tuple(text or ()) or None,
        label,
        positive,
        encoding,
        group=group,
        time=time,
        features=beside,
    )
    read = open_texts(source, data=data, sample=sample, columns=columns, lecture=lecture, test=test)
    return say_notes(read)


def name_of(source: str, sample: bool) -> str:
    """Give the name of the run folder of a source."""
    return f"{source}-sample" if sample else Path(source).stem


def given_texts(
    texts: list[str] | None,
    file: Path | None,
    column: Sequence[str] | None,
    encoding: str | None,
    columns: Mapping[str, str],
) -> Iterator[str]:
    """Give the texts that were typed, those of a file, or the lines of standard input."""
    if texts and file:
        raise SettingsError("give texts or --file, not both")
    if texts:
        return iter(texts)
    if file is not None:
        from recurra.data.contents import ending_of
        from recurra.data.labelled import texts_of
        from recurra.data.readers import TABLES, read_lines, read_table
        from recurra.terminal import note

        if not column and ending_of(file) not in TABLES:
            said: list[str] = []
            found: Iterable[str] = read_lines(file, encoding=encoding, notes=said)
        else:
            found, said = texts_of(read_table(file, encoding=encoding), column, columns)
        for each in said:
            note(each)
        return iter(found)
    return read_input(encoding)
