"""Translation: train on pairs of sentences, and translate."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recurra.cli.app import (
    Comparing,
    Epochs,
    Json,
    Run,
    Running,
    Sample,
    compare,
    model_folder,
    predict,
    print_json,
    run_comparison,
    run_recipe,
    train,
    with_options,
)
from recurra.errors import SettingsError

if TYPE_CHECKING:
    from recurra.recipes.translation import Pairs

__all__: list[str] = []

DIRECTIONS = ("eng-kor", "kor-eng")
Source = Annotated[
    str, typer.Argument(help="eng-kor, kor-eng, or a file of two columns, tab between.")
]
File = Annotated[Path | None, typer.Option(help="The file of eng-kor or kor-eng.")]
Attention = Annotated[bool, typer.Option(help="Let the decoder look back.")]
Levels = Annotated[str | None, typer.Option(help="words or characters (Korean: syllables).")]
Units = Annotated[int, typer.Option(min=2, help="Of the decoder.")]
Beam = Annotated[int, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")]


@train.command("translation")
@with_options
def train_translation(
    source: Source = "eng-kor",
    data: File = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help="gru, lstm or simple-rnn.")] = "gru",
    attention: Attention = True,
    source_level: Levels = None,
    target_level: Levels = None,
    units: Units = 128,
    beam: Beam = 4,
    epochs: Epochs = 60,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs a step.")] = 32,
    *,
    how: Running,
) -> None:
    """Train an encoder and decoder on pairs; judge them beside the nearest known sentence."""
    rows = _pairs(source, data, sample)
    from recurra.estimators import SequenceTranslator
    from recurra.recipes import translation
    from recurra.terminal import show_written

    translator = SequenceTranslator(
        model,
        attention=attention,
        **_levels(source, source_level, target_level),
        units=units,
        beam=beam,
        epochs=epochs,
        batch_size=batch_size,
        random_state=how.seed,
    )
    run_recipe(
        translation.train_translation,
        rows,
        translator,
        folder=how.folder(_name(source, sample)),
        show=show_written,
        as_json=how.as_json,
    )


@compare.command("translation")
@with_options
def compare_translation(
    source: Source = "eng-kor",
    data: File = None,
    sample: Sample = False,
    attention: Attention = True,
    source_level: Levels = None,
    target_level: Levels = None,
    units: Units = 128,
    beam: Beam = 4,
    *,
    how: Comparing,
) -> None:
    """Compare encoders and decoders beside the nearest known sentence."""
    rows = _pairs(source, data, sample)
    from recurra.estimators import SequenceTranslator
    from recurra.estimators.writing import CELLS
    from recurra.recipes.translation import translation_task

    settings = {
        "attention": attention,
        "units": units,
        "beam": beam,
        **_levels(source, source_level, target_level),
        **how.settings(),
    }
    translators = [SequenceTranslator(name, **settings) for name in how.names(CELLS)]
    task = translation_task(rows, translators, folds=how.folds, seed=how.seed)
    run_comparison(_name(source, sample), task, how)


def _name(source: str, sample: bool) -> str:
    return "translation-sample" if sample else f"translation-{Path(source).stem}"


def _levels(source: str, read: str | None, written: str | None) -> dict[str, Any]:
    """Give the levels asked for, else words, but characters of Korean."""
    usual = ("characters", "words") if source == "kor-eng" else ("words", "characters")
    return {"source_level": read or usual[0], "target_level": written or usual[1]}


@predict.command("SequenceTranslator")
def translate(
    run: Run,
    texts: Annotated[list[str] | None, typer.Argument(help="Sentences; none: input lines.")] = None,
    beam: Annotated[int | None, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")] = None,
    as_json: Json = False,
) -> None:
    """Translate sentences: the arguments, or the lines of standard input."""
    from recurra.estimators import SequenceTranslator

    if not texts and sys.stdin.isatty():
        raise SettingsError("nothing to translate: give sentences, or lines on standard input")
    model = SequenceTranslator.load(model_folder(run))
    found = []
    for text in texts or (line.rstrip("\r\n") for line in sys.stdin):
        written, score = model.search(text, beam)
        if as_json:
            found.append({"text": text, "translation": written, "log_probability": score})
        else:
            sys.stdout.write(f"{written}\n")
    if as_json:
        print_json({"model": model.model, "translations": found})


def _pairs(source: str, data: Path | None, sample: bool) -> "Pairs":
    named = source in DIRECTIONS
    if (sample and (data or source != "eng-kor")) or (data and not named):
        raise SettingsError(
            "--sample and --data go with a named dataset, not with a file: give one source."
        )
    import numpy as np

    from recurra.data import locate_corpus, read_pairs
    from recurra.data.readers import sha256_of
    from recurra.recipes.translation import Pairs, sample_pairs

    if sample:
        return sample_pairs()
    path = (data or locate_corpus("tatoeba-kor-eng")) if named else Path(source)
    first, second = (np.array(side, object) for side in read_pairs(path))
    if source == "kor-eng":
        first, second = second, first
    return Pairs(first, second, str(path), sha256_of(path))
