"""Tags at every step, and series many steps ahead."""

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
from recurra.errors import DataError, SettingsError

if TYPE_CHECKING:
    from recurra.data import TaggedSentences
    from recurra.recipes.forecasting import Series

__all__: list[str] = []

Model = Annotated[str, typer.Option(help="one-to-one, simple-rnn, lstm, gru, bi-…, conv1d.")]


@train.command("tagging")
@with_options
def train_tagging(
    file: Annotated[Path | None, typer.Argument(help="A CoNLL-U file; none: English EWT.")] = None,
    test: Annotated[Path | None, typer.Option(help="The CoNLL-U file to test on.")] = None,
    sample: Sample = False,
    model: Model = "bi-gru",
    epochs: Epochs = 20,
    *,
    how: Running,
) -> None:
    """Learn a tag for every word; judge beside frequencies and a linear tagger."""
    one_source(sample, file, test)
    if (file is None) != (test is None):
        raise SettingsError("a file to train on needs one to test on: FILE --test OTHER.")
    from recurra.estimators import SequenceTagger
    from recurra.recipes import tagging
    from recurra.terminal import show_written

    kept, held = _sentences(file, "train", sample), _sentences(test, "test", sample)
    tagger = SequenceTagger(model, epochs=epochs, random_state=how.seed)
    folder = how.folder("tagging-sample" if sample else "tagging")
    run_recipe(
        tagging.train_tagging,
        kept,
        held,
        tagger,
        folder=folder,
        show=show_written,
        as_json=how.as_json,
    )


@compare.command("tagging")
@with_options
def compare_tagging(
    file: Annotated[Path | None, typer.Argument(help="A CoNLL-U file; none: English EWT.")] = None,
    sample: Sample = False,
    *,
    how: Comparing,
) -> None:
    """Compare taggers on folds of the sentences to train on."""
    one_source(sample, file)
    from recurra.estimators import SequenceTagger
    from recurra.models import SHAPES
    from recurra.recipes.tagging import tagging_task

    settings = {"epochs": 20, **how.settings()}
    taggers = [SequenceTagger(name, **settings) for name in how.names(SHAPES)]
    rows = _sentences(file, "train", sample)
    task = tagging_task(rows, taggers, folds=how.folds, seed=how.seed)
    run_comparison("tagging-sample" if sample else "tagging", task, how)


def _sentences(file: Path | None, side: str, sample: bool) -> "TaggedSentences":
    """Give one side of the sentences: of the sample, a file, or English EWT."""
    from recurra.data import locate_corpus, read_conllu
    from recurra.recipes.tagging import sample_sentences

    if sample:
        return sample_sentences(side)
    return read_conllu(file or locate_corpus("ud-ewt", side))


Target = Annotated[str | None, typer.Option(help="The column to forecast.")]
Log = Annotated[bool, typer.Option("--log", help="Forecast its logarithm.")]
Horizon = Annotated[int, typer.Option(min=1, help="Steps ahead.")]
Window = Annotated[int, typer.Option(min=1, help="Steps read.")]
Season = Annotated[int | None, typer.Option(min=1, help="Steps of a season; 1: none [1].")]


@train.command("forecasting")
@with_options
def train_forecasting(
    file: Annotated[Path | None, typer.Argument(help="A table in order of time.")] = None,
    target: Target = None,
    log: Log = False,
    sample: Sample = False,
    model: Model = "gru",
    horizon: Horizon = 5,
    window: Window = 32,
    season: Season = None,
    level: Annotated[float, typer.Option(help="What intervals shall hold.")] = 0.9,
    epochs: Epochs = 30,
    *,
    how: Running,
) -> None:
    """Forecast a column many steps ahead; judge beside naive, seasonal and linear forecasts."""
    series, usual = _series_of(file, target, log, sample)
    from recurra.estimators import SequenceForecaster
    from recurra.recipes import forecasting
    from recurra.terminal import show_written

    forecaster = SequenceForecaster(
        model,
        horizon=horizon,
        window=window,
        season=season or usual,
        level=level,
        epochs=epochs,
        random_state=how.seed,
    )
    run_recipe(
        forecasting.train_forecasting,
        series,
        forecaster,
        folder=how.folder(_forecasting_name(file)),
        show=show_written,
        as_json=how.as_json,
    )


@compare.command("forecasting")
@with_options
def compare_forecasting(
    file: Annotated[Path | None, typer.Argument(help="A table in order of time.")] = None,
    target: Target = None,
    log: Log = False,
    sample: Sample = False,
    horizon: Horizon = 5,
    window: Window = 32,
    season: Season = None,
    *,
    how: Comparing,
) -> None:
    """Compare forecasters on the last steps in turn, each time fitted on all before."""
    series, usual = _series_of(file, target, log, sample)
    from recurra.estimators import SequenceForecaster
    from recurra.models import SHAPES
    from recurra.recipes.forecasting import forecasting_task

    settings = {"horizon": horizon, "window": window, "season": season or usual, **how.settings()}
    forecasters = [SequenceForecaster(name, **settings) for name in how.names(SHAPES)]
    task = forecasting_task(series, forecasters, folds=how.folds, seed=how.seed)
    run_comparison(_forecasting_name(file), task, how)


def _forecasting_name(file: Path | None) -> str:
    return f"forecasting-{file.stem if file else 'sample'}"


def _series_of(
    file: Path | None, target: str | None, log: bool, sample: bool
) -> "tuple[Series, int]":
    """Give the series asked for, and the steps of its season where none are said."""
    if sample == bool(file):
        raise SettingsError("give a file with --target, or --sample.")
    from recurra.recipes.forecasting import sample_series

    return (sample_series(), 7) if file is None else (_series(file, target, log), 1)


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
            f"{'was not given' if target is None else f'is {target!r}'}."
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
