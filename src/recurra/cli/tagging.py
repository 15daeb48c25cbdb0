"""Tags: train a tagger, compare taggers, tag with one."""

import sys
from collections.abc import Sequence
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
    one_source,
    predict,
    print_json,
    read_input,
    run_comparison,
    run_problem,
    say_notes,
    searched,
    train,
    with_options,
)
from recurra.errors import SettingsError
from recurra.names import SHAPES, one_of

if TYPE_CHECKING:
    from recurra.data import TagColumns, TaggedSentences

__all__: list[str] = []

FORMS = "CoNLL-U, columns (CoNLL-2003), CSV, TSV, JSON lines or Parquet"
File = Annotated[Path | None, typer.Argument(help=f"{FORMS}; none: English EWT.")]
Model = Annotated[str, typer.Option(help=f"{', '.join(SHAPES)}.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]
Tokens = Annotated[
    str | None, typer.Option(help="The column of the words, a name or a number [found].")
]
Tags = Annotated[str | None, typer.Option(help="The column of the tags [found].")]
Sentence = Annotated[
    str | None,
    typer.Option(help="The column that tells the sentence of a word [blank lines end them]."),
]
KeepNear = Annotated[
    bool,
    typer.Option("--keep-near", help="Let near copies of a sentence stand on both sides."),
]
Members = Annotated[int, typer.Option(min=1, help="Networks averaged.")]
Valid = Annotated[
    bool,
    typer.Option("--valid-tags", help="Say only tags that may follow each other (B-X, I-X, O)."),
]


@searched("tagging", SHAPES)
@train.command("tagging", epilog=described("tagging"))
@with_options
def train_tagging(
    file: File = None,
    test: Annotated[
        Path | None, typer.Option(help="A file like it, to test on [a fifth of FILE].")
    ] = None,
    tokens: Tokens = None,
    tags: Tags = None,
    sentence: Sentence = None,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Model = "bi-gru",
    units: Units = 64,
    epochs: Epochs = 20,
    members: Members = 3,
    valid_tags: Valid = False,
    keep_near: KeepNear = False,
    *,
    how: Training,
) -> None:
    """Learn a tag for every word; judge beside frequencies and a linear tagger."""
    one_source(sample, file, test)
    if file is None and test is not None:
        raise SettingsError("a file to test on needs one to train on: FILE --test OTHER.")
    one_of(model, SHAPES, "the model")
    columns = _columns(tokens, tags, sentence)
    kept = _sentences("train", file, sample, columns, encoding)
    held = None
    if file is None or test is not None:
        held = _sentences("test", test, sample, columns, encoding)
    place = how.place(_name(sample))
    from recurra.problems.splitting import split_sentences

    split = split_sentences(kept, held, near=not keep_near, turns=members, seed=how.seed)
    from recurra.problems.tags import tagging

    problem = tagging(
        kept,
        held,
        models=[model],
        units=units,
        epochs=epochs,
        members=members,
        valid_tags=valid_tags,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_problem(problem, place, how)


@compare.command("tagging", epilog=described("tagging"))
@with_options
def compare_tagging(
    file: File = None,
    tokens: Tokens = None,
    tags: Tags = None,
    sentence: Sentence = None,
    encoding: Encoding = None,
    sample: Sample = False,
    units: Units = 64,
    members: Members = 3,
    valid_tags: Valid = False,
    keep_near: KeepNear = False,
    *,
    how: Comparing,
) -> None:
    """Compare taggers on folds of the sentences to train on."""
    one_source(sample, file)
    models = how.names(SHAPES)
    rows = _sentences("train", file, sample, _columns(tokens, tags, sentence), encoding)
    place = how.place(_name(sample))
    from recurra.problems.splitting import split_sentences

    split = split_sentences(
        rows, None, near=not keep_near, folds=how.folds, turns=members, seed=how.seed
    )
    from recurra.problems.tags import tagging

    problem = tagging(
        rows,
        models=models,
        folds=how.folds,
        units=units,
        members=members,
        valid_tags=valid_tags,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_comparison(problem, place, how)


def _columns(
    tokens: str | None, tags: str | None, sentence: str | None, tagged: bool = True
) -> "TagColumns":
    from recurra.data import TagColumns

    return TagColumns(tokens, tags, sentence, tagged)


def _sentences(
    side: str,
    file: Path | None,
    sample: bool,
    columns: "TagColumns",
    encoding: str | None,
) -> "TaggedSentences":
    """Read tagged sentences, and say what was guessed."""
    from recurra.data import open_sentences

    read = open_sentences(side, file, sample=sample, columns=columns, encoding=encoding)
    return say_notes(read)


def _name(sample: bool) -> str:
    return "tagging-sample" if sample else "tagging"


@predict.command("SequenceTagger")
def tag(
    run: Run,
    texts: Annotated[
        list[str] | None,
        typer.Argument(help="Sentences, words separated by spaces; none: lines of input."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help=f"A file of words, with tags or without: {FORMS}.")
    ] = None,
    tokens: Tokens = None,
    sentence: Sentence = None,
    encoding: Encoding = None,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Tag the words of sentences; of a file as a word and its tag a line, as a file to read."""
    from recurra.problems.kept import kept_model

    kept = kept_model(run, with_)
    if texts and file:
        raise SettingsError("give sentences or --file, not both.")
    words: list[list[str]] | None = None
    if file is not None:
        from recurra.data import read_tagged
        from recurra.problems.new_rows import taught_columns

        columns = taught_columns(kept_model(run), _columns(tokens, None, sentence, tagged=False))
        words = say_notes(read_tagged(file, columns, encoding=encoding)).words
    given = texts if texts or file else list(read_input(encoding))
    from recurra.problems.saved.tags import saved_tagger

    model = saved_tagger(run, with_)
    words = [text.split() for text in given or []] if words is None else words
    sentences = model.told(words, model.say(words))
    if as_json:
        print_json({"model": kept.name, "sentences": sentences})
    if out is not None:
        with answers(["sentence", "word", "tag"], out, as_json, file) as write:
            for number, found in enumerate(sentences, start=1):
                for pair in found:
                    write([number, pair["word"], pair["tag"]])
    for found in [] if as_json or out is not None else sentences:
        sys.stdout.write(_in_columns(found) if file else _in_line(found))


def _in_columns(found: Sequence[dict[str, Any]]) -> str:
    """Write a word a line, and a blank line after them."""
    lines = [f"{' '.join(pair['word'].split())}\t{pair['tag']}\n" for pair in found]
    return "".join(lines) + "\n"


def _in_line(found: Sequence[dict[str, Any]]) -> str:
    return " ".join(f"{pair['word']}/{pair['tag']}" for pair in found) + "\n"


@evaluate.command("SequenceTagger")
def evaluate_tags(
    run: Run,
    file: Annotated[Path, typer.Argument(help=f"A file of tagged sentences: {FORMS}.")],
    tokens: Tokens = None,
    tags: Tags = None,
    sentence: Sentence = None,
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved tagger on new tagged sentences, and say if it has seen any of them."""
    columns = _columns(tokens, tags, sentence)
    evaluate_run(run, file, with_, as_json, columns=columns, encoding=encoding)
