"""Tags at every step, and series many steps ahead."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from recurra.errors import DataError, SettingsError

if TYPE_CHECKING:
    from recurra.recipes.forecasting import Series

__all__: list[str] = []

Model = Annotated[str, typer.Option(help="one-to-one, simple-rnn, lstm, gru, bi-…, conv1d.")]


@train.command("tagging")
def train_tagging(
    file: Annotated[Path | None, typer.Argument(help="A CoNLL-U file; none: English EWT.")] = None,
    test: Annotated[Path | None, typer.Option(help="The CoNLL-U file to test on.")] = None,
    sample: Sample = False,
    model: Model = "bi-gru",
    epochs: Epochs = 20,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Learn a tag for every word; judge beside frequencies and a linear tagger."""
    if sample and (file or test):
        raise SettingsError("--sample goes without a file: give one source.")
    if (file is None) != (test is None):
        raise SettingsError("a file to train on needs one to test on: FILE --test OTHER.")
    from recurra.data import TaggedSentences, locate_corpus, read_conllu
    from recurra.recipes import tagging

    if sample:
        made = tagging.sample_sentences()
        kept, held = (
            TaggedSentences(made.words[part], made.tags[part], made.source, made.sha256, made.notes)
            for part in (slice(0, 480), slice(480, None))
        )
    elif file and test:
        kept, held = read_conllu(file), read_conllu(test)
    else:
        kept = read_conllu(locate_corpus("ud-ewt", "train"))
        held = read_conllu(locate_corpus("ud-ewt", "test"))

    from recurra.estimators import SequenceTagger

    tagger = SequenceTagger(model, epochs=epochs, random_state=seed)
    name = "tagging-sample" if sample else "tagging"
    folder = begin(out or Path("runs") / name, resume=resume, overwrite=overwrite)
    _run(tagging.train_tagging, (kept, held, tagger), folder, as_json=as_json)


@train.command("forecasting")
def train_forecasting(
    file: Annotated[Path | None, typer.Argument(help="A table in order of time.")] = None,
    target: Annotated[str | None, typer.Option(help="The column to forecast.")] = None,
    log: Annotated[bool, typer.Option("--log", help="Forecast its logarithm.")] = False,
    sample: Sample = False,
    model: Model = "gru",
    horizon: Annotated[int, typer.Option(min=1, help="Steps ahead.")] = 5,
    window: Annotated[int, typer.Option(min=1, help="Steps read.")] = 32,
    season: Annotated[int, typer.Option(min=1, help="Steps of a season; 1: none.")] = 1,
    level: Annotated[float, typer.Option(help="What intervals shall hold.")] = 0.9,
    epochs: Epochs = 30,
    seed: Seed = 0,
    out: Out = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Forecast a column many steps ahead; judge beside naive, seasonal and linear forecasts."""
    if sample == bool(file):
        raise SettingsError("give a file with --target, or --sample.")
    from recurra.recipes import forecasting

    series = forecasting.sample_series() if sample else _series(Path(str(file)), target, log)
    from recurra.estimators import SequenceForecaster

    forecaster = SequenceForecaster(
        model,
        horizon=horizon,
        window=window,
        season=7 if sample and season == 1 else season,
        level=level,
        epochs=epochs,
        random_state=seed,
    )
    name = "forecasting-sample" if sample else f"forecasting-{Path(str(file)).stem}"
    folder = begin(out or Path("runs") / name, resume=resume, overwrite=overwrite)
    _run(forecasting.train_forecasting, (series, forecaster), folder, as_json=as_json)


def _run(recipe: Any, given: tuple[Any, ...], folder: Any, *, as_json: bool) -> None:
    from recurra.terminal import note, show_written, watching

    with watching(quiet=as_json) as watch:
        report = recipe(*given, folder, stage=watch.stage, notify=watch.training)
    if as_json:
        print_json(json.loads(report.to_json()))
    else:
        show_written(report)
        note(f"report: {folder.path / 'report.html'}")


def _series(path: Path, target: str | None, log: bool) -> "Series":
    """Read one column of numbers."""
    import numpy as np
    import pandas as pd

    from recurra.data import read_table
    from recurra.recipes.forecasting import Series

    table = read_table(path)
    columns = list(table.frame.columns)
    if target not in columns:
        raise DataError(
            f"--target must be a column of {path}, one of {', '.join(map(str, columns))}, but it "
            f"is {target!r}."
        )
    numbers = pd.to_numeric(
        table.frame[target].astype(str).str.replace(",", ""), errors="coerce"
    ).to_numpy(float)
    usable = np.isfinite(numbers) & ((numbers > 0) | (not log))
    if not usable.all():
        row = int(np.flatnonzero(~usable)[0])
        raise DataError(
            f"--target must hold {'numbers above 0' if log else 'numbers'}, but row {row} of "
            f"{path} has {table.frame[target].iloc[row]!r}. Drop or fill such rows."
        )
    values = np.log(numbers) if log else numbers
    return Series(values, table.source, table.sha256, ["logarithms"] if log else [])


@predict.command("SequenceTagger")
def tag(
    run: Run,
    texts: Annotated[list[str], typer.Argument(help="Sentences, words separated by spaces.")],
    as_json: Json = False,
) -> None:
    """Tag the words of sentences."""
    from recurra.estimators import SequenceTagger
    from recurra.terminal import out

    model = SequenceTagger.load(model_folder(run))
    words = [text.split() for text in texts]
    found = [row.tolist() for row in model.predict(words)]
    if as_json:
        print_json({"model": model.model, "sentences": [*map(_pairs, words, found)]})
        return
    for row, tags in zip(words, found, strict=True):
        line = " ".join(f"{a}/{b}" for a, b in zip(row, tags, strict=True))
        out.print(line, markup=False, soft_wrap=True)


def _pairs(words: list[str], tags: list[str]) -> list[dict[str, str]]:
    return [{"word": word, "tag": tag} for word, tag in zip(words, tags, strict=True)]


@predict.command("SequenceForecaster")
def forecast(
    run: Run,
    file: Annotated[Path, typer.Argument(help="A table that ends where the forecast begins.")],
    target: Annotated[str | None, typer.Option(help="The column.")] = None,
    log: Annotated[bool, typer.Option("--log", help="As it was trained.")] = False,
    as_json: Json = False,
) -> None:
    """Forecast what follows the end of a table, with intervals."""
    from recurra.estimators import SequenceForecaster
    from recurra.terminal import out

    model = SequenceForecaster.load(model_folder(run))
    values = _series(file, target, log).numbers
    middle = model.forecast(values)
    low, high = model.predict_interval([values])[0].T
    if as_json:
        ends = {"lower": low.tolist(), "upper": high.tolist(), "level": model.level}
        print_json({"model": model.model, "forecast": middle.tolist(), **ends})
        return
    for k in range(model.horizon):
        out.print(f"{k + 1}\t{middle[k]:.6g}\t{low[k]:.6g}\t{high[k]:.6g}", markup=False)
