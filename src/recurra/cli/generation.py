"""Generation: train a network that writes lines, and let it write."""

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
    from recurra.recipes.generation import Lines

__all__: list[str] = []


@train.command("generation")
def train_generation(
    source: Annotated[
        str, typer.Argument(help="names, a text file of lines, or a folder of CLASS.txt.")
    ] = "names",
    sample: Sample = False,
    model: Annotated[str, typer.Option(help="lstm, gru or simple-rnn.")] = "lstm",
    level: Annotated[str, typer.Option(help="characters or words.")] = "characters",
    units: Annotated[int, typer.Option(min=1, help="Of the cell.")] = 128,
    epochs: Epochs = 40,
    batch_size: Annotated[int, typer.Option(min=1, help="Lines a step.")] = 64,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train a network that writes lines, of a class if they have classes; judge it by n-grams."""
    rows = _lines(source, sample)

    from recurra.generator import CELLS, SequenceGenerator, check_settings
    from recurra.recipes import generation
    from recurra.terminal import note, show_written, watching
    from recurra.text.levels import level_named

    level_named(level)
    writer = SequenceGenerator(
        model, level=level, units=units, epochs=epochs, batch_size=batch_size, random_state=seed
    )
    check_settings(writer, CELLS)
    name = "generation-sample" if sample else f"generation-{Path(source).stem}"
    folder = begin(out or Path("runs") / name, resume=resume, overwrite=overwrite)
    with watching(quiet=as_json) as watch:
        report = generation.train_generation(
            rows, writer, folder, stage=watch.stage, notify=watch.training
        )
    if as_json:
        print_json(json.loads(report.to_json()))
    else:
        show_written(report)
        note(f"report: {folder.path / 'report.html'}")


@predict.command("SequenceGenerator")
def generate(
    run: Run,
    label: Annotated[str | None, typer.Option("--class", help="Of what kind.")] = None,
    n: Annotated[int, typer.Option("--n", min=1, help="How many lines.")] = 10,
    start: Annotated[str, typer.Option(help="How each line begins.")] = "",
    temperature: Annotated[
        float, typer.Option(min=0.0, help="Below 1 likelier, above 1 stranger, 0 the likeliest.")
    ] = 1.0,
    top_k: Annotated[
        int | None, typer.Option(min=1, help="Draw among so many of the likeliest.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Write lines with a saved model."""
    from recurra.generator import SequenceGenerator

    model = SequenceGenerator.load(model_folder(run))
    lines = model.generate(
        n, label=label, seed=start, temperature=temperature, top_k=top_k, random_state=seed
    )
    if as_json:
        print_json({"model": model.model, "class": label, "lines": lines})
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)


def _lines(source: str, sample: bool) -> "Lines":
    if sample and source != "names":
        raise SettingsError("--sample goes with no file: give one source.")
    import hashlib

    import numpy as np

    from recurra.data import locate_corpus, read_classes
    from recurra.recipes.generation import Lines, sample_lines

    if sample:
        return sample_lines()
    path = locate_corpus("names") if source == "names" else Path(source)
    texts, classes = read_classes(path)
    digest = hashlib.sha256("\n".join(map("\t".join, zip(classes, texts, strict=True))).encode())
    return Lines(np.array(texts, object), np.array(classes, object), str(path), digest.hexdigest())
