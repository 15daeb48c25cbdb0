"""Translation: train on pairs of sentences, and translate."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    say_empty,
    say_notes,
    searched,
    train,
    with_options,
)
from recurra.names import CELLS, one_of

if TYPE_CHECKING:
    from recurra.data import Pairs

__all__: list[str] = []

Source = Annotated[
    str, typer.Argument(help="eng-kor, kor-eng, or a file of two columns, tab between.")
]
File = Annotated[Path | None, typer.Option(help="The file of eng-kor or kor-eng.")]
Attention = Annotated[bool, typer.Option(help="Let the decoder look back.")]
Levels = Annotated[str | None, typer.Option(help="words or characters (Korean: syllables).")]
Units = Annotated[int, typer.Option(min=2, help="Of the decoder.")]
Beam = Annotated[int, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")]

KeepNear = Annotated[
    bool, typer.Option("--keep-near", help="Let near copies of a pair stand on both sides.")
]


@searched("translation", CELLS)
@train.command("translation", epilog=described("translation"))
@with_options
def train_translation(
    source: Source = "eng-kor",
    data: File = None,
    encoding: Encoding = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help=f"{', '.join(CELLS)}.")] = "gru",
    attention: Attention = True,
    source_level: Levels = None,
    target_level: Levels = None,
    test: Annotated[
        Path | None, typer.Option(help="A file of pairs, to test on [a tenth].")
    ] = None,
    units: Units = 128,
    beam: Beam = 4,
    epochs: Epochs = 60,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs a step.")] = 32,
    keep_near: KeepNear = False,
    *,
    how: Training,
) -> None:
    """Train an encoder and decoder on pairs; judge them beside the nearest known sentence."""
    one_of(model, CELLS, "the model")
    pairs = _pairs(source, data, sample, [source_level, target_level], encoding, test)
    place = how.place(_name(source, sample))
    from recurra.problems.splitting import split_pairs

    split = split_pairs(pairs, near=not keep_near, seed=how.seed)
    from recurra.problems.translations import translation

    problem = translation(
        pairs,
        named=source,
        models=[model],
        seed=how.seed,
        split=split,
        attention=attention,
        source_level=source_level,
        target_level=target_level,
        units=units,
        beam=beam,
        epochs=epochs,
        batch_size=batch_size,
        **how.settings(),
    )
    run_problem(problem, place, how)


@compare.command("translation", epilog=described("translation"))
@with_options
def compare_translation(
    source: Source = "eng-kor",
    data: File = None,
    encoding: Encoding = None,
    sample: Sample = False,
    attention: Attention = True,
    source_level: Levels = None,
    target_level: Levels = None,
    units: Units = 128,
    beam: Beam = 4,
    keep_near: KeepNear = False,
    *,
    how: Comparing,
) -> None:
    """Compare encoders and decoders beside the nearest known sentence."""
    models = how.names(CELLS)
    pairs = _pairs(source, data, sample, [source_level, target_level], encoding)
    place = how.place(_name(source, sample))
    from recurra.problems.splitting import split_pairs

    split = split_pairs(pairs, near=not keep_near, folds=how.folds, seed=how.seed)
    from recurra.problems.translations import translation

    problem = translation(
        pairs,
        named=source,
        models=models,
        folds=how.folds,
        seed=how.seed,
        split=split,
        attention=attention,
        source_level=source_level,
        target_level=target_level,
        units=units,
        beam=beam,
        **how.settings(),
    )
    run_comparison(problem, place, how)


def _pairs(
    source: str,
    data: Path | None,
    sample: bool,
    levels: list[str | None],
    encoding: str | None,
    test: Path | None = None,
) -> "Pairs":
    """Read the pairs asked for, and say what was guessed; the levels are checked before."""
    from recurra.data import open_pairs
    from recurra.text.levels import level_named

    for level in filter(None, levels):
        level_named(level)
    one_source(sample, test)
    pairs = open_pairs(source, data=data, sample=sample, encoding=encoding)
    if test is not None:
        from recurra.data.pairs import with_test_pairs

        pairs = with_test_pairs(pairs, open_pairs(str(test), encoding=encoding))
    return say_notes(pairs)


def _name(source: str, sample: bool) -> str:
    return "translation-sample" if sample else f"translation-{Path(source).stem}"


@predict.command("SequenceTranslator")
def translate(
    run: Run,
    texts: Annotated[list[str] | None, typer.Argument(help="Sentences; none: input lines.")] = None,
    beam: Annotated[int | None, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")] = None,
    encoding: Encoding = None,
    with_: With = None,
    out: Written = None,
    as_json: Json = False,
) -> None:
    """Translate sentences: the arguments, or the lines of standard input."""
    from recurra.problems.kept import kept_model

    kept_model(run, with_)
    from recurra.problems.saved.translations import saved_translator
    from recurra.terminal import note
    from recurra.text.normalise import compose

    name, model = saved_translator(run, with_, beam)
    found = []
    with answers(["text", "translation"], out, as_json) as write:
        for text in texts or read_input(encoding):
            empty = {"text": text, "translation": None}
            found.append(model.answer(text) if compose(text).strip() else empty)
            if out is not None:
                write([text, found[-1]["translation"]])
            elif not as_json:
                sys.stdout.write(f"{found[-1]['translation'] or ''}\n")
    for said in getattr(model, "cut", lambda texts: [])([each["text"] for each in found]):
        note(said)
    say_empty(sum(each["translation"] is None for each in found), len(found))
    if as_json:
        print_json({"model": name, "translations": found})


@evaluate.command("SequenceTranslator")
def evaluate_pairs(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A file of two columns, tab between: as trained.")],
    encoding: Encoding = None,
    with_: Alone = None,
    as_json: Json = False,
) -> None:
    """Judge a saved translator on new pairs of sentences, and say if it has seen any of them."""
    evaluate_run(run, file, with_, as_json, encoding=encoding)
