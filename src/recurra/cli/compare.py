"""`recurra compare`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from recurra.cli.app import (
    Data,
    Encoding,
    Json,
    Label,
    Overwrite,
    Positive,
    Resume,
    Sample,
    Seed,
    Text,
    app,
    begin,
    print_json,
)
from recurra.cli.texts import classifier_of, name_of, read_rows


@app.command()
def compare(
    source: Annotated[str, typer.Argument(help="A dataset by name (spam), or a file.")],
    models: Annotated[str, typer.Option(help="Architectures, separated by commas.")] = "",
    folds: Annotated[int, typer.Option(min=2, help="How many folds.")] = 5,
    text: Text = None,
    label: Label = None,
    positive: Positive = None,
    encoding: Encoding = None,
    data: Data = None,
    sample: Sample = False,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="The most epochs; the best one is kept [30].")
    ] = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="The folder [runs/compare-NAME].")] = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train several models on the same folds, beside the baselines, and say which are better."""
    from recurra.models import ARCHITECTURES, architecture_named
    from recurra.recipes.compare import compare_texts
    from recurra.runs import COMPARED
    from recurra.terminal import note, show_comparison, watching

    names = [name.strip() for name in models.split(",") if name.strip()] or list(ARCHITECTURES)
    for name in names:
        architecture_named(name)
    rows = read_rows(source, data, sample, text, label, positive, encoding)
    classifiers = [
        classifier_of(
            source,
            sample=sample,
            model=name,
            epochs=epochs,
            positive=rows.positive,
            random_state=seed,
        )
        for name in dict.fromkeys(names)
    ]
    place = out or Path("runs") / f"compare-{name_of(source, sample)}"
    folder = begin(place, COMPARED, resume=resume, overwrite=overwrite)
    with watching(quiet=as_json) as watch:
        comparison = compare_texts(
            rows, classifiers, folder, folds=folds, seed=seed, stage=watch.stage
        )
    if as_json:
        print_json(json.loads(comparison.model_dump_json(by_alias=True)))
    else:
        show_comparison(comparison)
        note(f"written: {place / 'compare.html'} and compare.json")
