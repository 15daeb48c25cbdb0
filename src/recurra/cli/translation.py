"""Translation: train on pairs of sentences, and translate."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.app import (
    Epochs,
    Json,
    Out,
    Overwrite,
    Resume,
    Run,
    Sample,
    Seed,
    begin,
    model_folder,
    predict,
    print_json,
    train,
)
from recurra.errors import SettingsError

if TYPE_CHECKING:
    from recurra.recipes.translation import Pairs

__all__: list[str] = []

DIRECTIONS = ("eng-kor", "kor-eng")
Levels = Annotated[str | None, typer.Option(help="words or characters (Korean: syllables).")]


@train.command("translation")
def train_translation(
    source: Annotated[
        str, typer.Argument(help="eng-kor, kor-eng, or a file of two columns, tab between.")
    ] = "eng-kor",
    data: Annotated[Path | None, typer.Option(help="The file of eng-kor or kor-eng.")] = None,
    sample: Sample = False,
    model: Annotated[str, typer.Option(help="gru or lstm.")] = "gru",
    attention: Annotated[bool, typer.Option(help="Let the decoder look back.")] = True,
    source_level: Levels = None,
    target_level: Levels = None,
    units: Annotated[int, typer.Option(min=2, help="Of the decoder.")] = 128,
    beam: Annotated[int, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")] = 4,
    epochs: Epochs = 60,
    batch_size: Annotated[int, typer.Option(min=1, help="Pairs a step.")] = 32,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train an encoder and decoder on pairs; judge them beside the nearest known sentence."""
    rows = _pairs(source, data, sample)

    from recurra.generator import check_settings
    from recurra.recipes import translation
    from recurra.terminal import note, show_written, watching
    from recurra.text.levels import level_named
    from recurra.translator import TRANSLATING, SequenceTranslator

    levels = ("characters", "words") if source == "kor-eng" else ("words", "characters")
    translator = SequenceTranslator(
        model,
        attention=attention,
        source_level=level_named(source_level or levels[0]).name,
        target_level=level_named(target_level or levels[1]).name,
        units=units,
        beam=beam,
        epochs=epochs,
        batch_size=batch_size,
        random_state=seed,
    )
    check_settings(translator, TRANSLATING)
    name = "translation-sample" if sample else f"translation-{Path(source).stem}"
    folder = begin(out or Path("runs") / name, resume=resume, overwrite=overwrite)
    with watching(quiet=as_json) as watch:
        report = translation.train_translation(
            rows, translator, folder, stage=watch.stage, notify=watch.training
        )
    if as_json:
        print_json(json.loads(report.to_json()))
    else:
        show_written(report)
        note(f"report: {folder.path / 'report.html'}")


@predict.command("SequenceTranslator")
def translate(
    run: Run,
    texts: Annotated[list[str] | None, typer.Argument(help="Sentences; none: input lines.")] = None,
    beam: Annotated[int | None, typer.Option(min=1, help="Beginnings kept; 1 is greedy.")] = None,
    as_json: Json = False,
) -> None:
    """Translate sentences: the arguments, or the lines of standard input."""
    from recurra.translator import SequenceTranslator

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
