"""Tags: train a tagger, compare taggers, tag with one."""

from pathlib import Path
from typing import Annotated

import typer

from recurra.architectures import described
from recurra.cli.app import (
    Alone,
    Comparing,
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
    train,
    with_options,
)
from recurra.errors import SettingsError

__all__: list[str] = []

File = Annotated[Path | None, typer.Argument(help="A CoNLL-U file; none: English EWT.")]


@train.command("tagging", epilog=described("tagging"))
@with_options
def train_tagging(
    file: File = None,
    test: Annotated[Path | None, typer.Option(help="The CoNLL-U file to test on.")] = None,
    sample: Sample = False,
    model: Annotated[
        str, typer.Option(help="one-to-one, simple-rnn, lstm, gru, bi-…, conv1d.")
    ] = "bi-gru",
    epochs: Epochs = 20,
    *,
    how: Training,
) -> None:
    """Learn a tag for every word; judge beside frequencies and a linear tagger."""
    one_source(sample, file, test)
    if (file is None) != (test is None):
        raise SettingsError("a file to train on needs one to test on: FILE --test OTHER.")
    from recurra.data import open_sentences

    kept = open_sentences("train", file, sample=sample)
    held = open_sentences("test", test, sample=sample)
    from recurra.problems.tags import tagging

    problem = tagging(kept, held, models=[model], epochs=epochs, seed=how.seed)
    run_problem(problem, _name(sample), how)


@compare.command("tagging", epilog=described("tagging"))
@with_options
def compare_tagging(file: File = None, sample: Sample = False, *, how: Comparing) -> None:
    """Compare taggers on folds of the sentences to train on."""
    one_source(sample, file)
    from recurra.data import open_sentences

    rows = open_sentences("train", file, sample=sample)
    from recurra.models import SHAPES
    from recurra.problems.tags import tagging

    models = how.names(SHAPES)
    problem = tagging(rows, models=models, folds=how.folds, epochs=how.epochs, seed=how.seed)
    run_comparison(problem, _name(sample), how)


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
    from recurra.problems.tags import saved_tagger
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
