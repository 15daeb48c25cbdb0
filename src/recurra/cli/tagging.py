"""Tags: train a tagger, compare taggers, tag with one."""

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
    one_source,
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
    from recurra.data import TaggedSentences

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A CoNLL-U file; none: English EWT.")]
Model = Annotated[str, typer.Option(help=f"{', '.join(SHAPES)}.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]


@train.command("tagging", epilog=described("tagging"))
@with_options
def train_tagging(
    file: File = None,
    test: Annotated[Path | None, typer.Option(help="The CoNLL-U file to test on.")] = None,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Model = "bi-gru",
    units: Units = 64,
    epochs: Epochs = 20,
    *,
    how: Training,
) -> None:
    """Learn a tag for every word; judge beside frequencies and a linear tagger."""
    one_source(sample, file, test)
    if (file is None) != (test is None):
        raise SettingsError("a file to train on needs one to test on: FILE --test OTHER.")
    one_of(model, SHAPES, "the model")
    kept = _sentences("train", file, sample, encoding)
    held = _sentences("test", test, sample, encoding)
    place = how.place(_name(sample))
    from recurra.problems.splitting import split_sentences

    split = split_sentences(kept, held, seed=how.seed)
    from recurra.problems.tags import tagging

    problem = tagging(
        kept,
        held,
        models=[model],
        units=units,
        epochs=epochs,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_problem(problem, place, how)


@compare.command("tagging", epilog=described("tagging"))
@with_options
def compare_tagging(
    file: File = None,
    encoding: Encoding = None,
    sample: Sample = False,
    units: Units = 64,
    *,
    how: Comparing,
) -> None:
    """Compare taggers on folds of the sentences to train on."""
    one_source(sample, file)
    models = how.names(SHAPES)
    rows = _sentences("train", file, sample, encoding)
    place = how.place(_name(sample))
    from recurra.problems.splitting import split_sentences

    split = split_sentences(rows, None, folds=how.folds, seed=how.seed)
    from recurra.problems.tags import tagging

    problem = tagging(
        rows,
        models=models,
        folds=how.folds,
        units=units,
        seed=how.seed,
        split=split,
        **how.settings(),
    )
    run_comparison(problem, place, how)


def _sentences(
    side: str, file: Path | None, sample: bool, encoding: str | None
) -> "TaggedSentences":
    """Read tagged sentences, and say what was guessed."""
    from recurra.data import open_sentences

    return say_notes(open_sentences(side, file, sample=sample, encoding=encoding))


def _name(sample: bool) -> str:
    return "tagging-sample" if sample else "tagging"


@predict.command("SequenceTagger")
def tag(
    run: Run,
    texts: Annotated[list[str], typer.Argument(help="Sentences, words separated by spaces.")],
    with_: With = None,
    as_json: Json = False,
) -> None:
    """Tag the words of sentences."""
    from recurra.problems.kept import kept_model

    kept_model(run, with_)
    from recurra.problems.saved.tags import saved_tagger
    from recurra.terminal import out

    model = saved_tagger(run, with_)
    sentences = model.answer(texts)
    if as_json:
        print_json({"model": model.name, "sentences": sentences})
        return
    for sentence in sentences:
        line = " ".join(f"{pair['word']}/{pair['tag']}" for pair in sentence)
        out.print(line, soft_wrap=True)


@evaluate.command("SequenceTagger")
def evaluate_tags(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A CoNLL-U file of tagged sentences.")],
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved tagger on new tagged sentences, and say if it has seen any of them."""
    evaluate_run(run, file, with_, as_json)
