"""Generation: train a network that writes lines, and let it write."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recurra.cli.app import (
    Comparing,
    Epochs,
    Json,
    Run,
    Running,
    Sample,
    Seed,
    compare,
    model_folder,
    one_source,
    predict,
    print_json,
    run_comparison,
    run_recipe,
    train,
    with_options,
)

if TYPE_CHECKING:
    from recurra.recipes.generation import Lines

__all__: list[str] = []


Source = Annotated[
    str, typer.Argument(help="names, a text file of lines, or a folder of CLASS.txt.")
]
Level = Annotated[str, typer.Option(help="characters or words.")]
Units = Annotated[int, typer.Option(min=1, help="Of the cell.")]


@train.command("generation")
@with_options
def train_generation(
    source: Source = "names",
    sample: Sample = False,
    model: Annotated[
        str, typer.Option(help="lstm, gru, simple-rnn, conv1d or one-to-one.")
    ] = "lstm",
    level: Level = "characters",
    units: Units = 128,
    epochs: Epochs = 40,
    batch_size: Annotated[int, typer.Option(min=1, help="Lines a step.")] = 64,
    *,
    how: Running,
) -> None:
    """Train a network that writes lines, of a class if they have classes; judge it by n-grams."""
    rows = _lines(source, sample)
    from recurra.estimators import SequenceGenerator
    from recurra.recipes import generation
    from recurra.terminal import show_written

    writer = SequenceGenerator(
        model, level=level, units=units, epochs=epochs, batch_size=batch_size, random_state=how.seed
    )
    run_recipe(
        generation.train_generation,
        rows,
        writer,
        folder=how.folder(_name(source, sample)),
        show=show_written,
        as_json=how.as_json,
    )


@compare.command("generation")
@with_options
def compare_generation(
    source: Source = "names",
    sample: Sample = False,
    level: Level = "characters",
    units: Units = 128,
    *,
    how: Comparing,
) -> None:
    """Compare networks that write by how surprised they are by lines held out."""
    rows = _lines(source, sample)
    from recurra.estimators import SequenceGenerator
    from recurra.estimators.generator import WRITERS
    from recurra.recipes.generation import generation_task

    settings = {"level": level, "units": units, **how.settings()}
    writers = [SequenceGenerator(name, **settings) for name in how.names(WRITERS)]
    task = generation_task(rows, writers, folds=how.folds, seed=how.seed)
    run_comparison(_name(source, sample), task, how)


def _name(source: str, sample: bool) -> str:
    return "generation-sample" if sample else f"generation-{Path(source).stem}"


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
    from recurra.estimators import SequenceGenerator

    model = SequenceGenerator.load(model_folder(run))
    lines = model.generate(
        n, label=label, seed=start, temperature=temperature, top_k=top_k, random_state=seed
    )
    if as_json:
        print_json({"model": model.model, "class": label, "lines": lines})
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)


def _lines(source: str, sample: bool) -> "Lines":
    one_source(sample, source != "names")
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
