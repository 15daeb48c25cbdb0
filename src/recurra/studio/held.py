"""Rows that a run held out, read again from where they came; what its threshold costs on them."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.arrays import Floats
from recurra.data.catalogue import SAMPLE_SOURCE
from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.problems.kept import Asked, asked_of
from recurra.problems.new_rows import Steps, new_rows_of
from recurra.runs import TRAINED

__all__ = ["Cost", "HeldRow", "costs_of", "held_rows", "written"]

MOST = 300  # rows, the first of those held
LISTED, LONGEST = 40, 60  # rows and steps of logs and series
STEPS = 200  # thresholds
SAMPLES = {
    "states": "states:sample_steps",
    "sequences": "sequences:sample_sequences",
    "quantities": "sequences:sample_quantities",
    "multi-label": "multi_labels:sample_multi_labels",
    "forecasting": "series:sample_series",
    "translation": "pairs:sample_pairs",
}


class HeldRow(NamedTuple):
    """A row that a run held out.

    Args:
        name: by which it is chosen.
        row: as it is typed: a text, or numbers with those of a step on a line.
    """

    name: str
    row: str


class Cost(NamedTuple):
    """What a threshold costs on the rows that a run held out.

    Args:
        threshold: from which the class to find is called.
        found, missed: rows of that class that are called so, and that are not.
        false: rows of the other class that are called so.
        rest: rows of the other class that are not.
    """

    threshold: float
    found: int
    missed: int
    false: int
    rest: int


def written(steps: Floats) -> str:
    """Write numbers (steps, channels) as they are typed.

    Example:
        >>> written(np.array([[1.0, 0.25], [-2.0, 3.0]]))
        '1 0.25\\n-2 3'
    """
    return "\n".join(" ".join(f"{value:.6g}" for value in step) for step in steps)


def held_rows(run: FinishedRun) -> list[HeldRow]:
    """Give rows that a run held out; none where what it read is not there any more, or another."""
    data = run.report.data
    changed = tuple(_changed(path) for path in (run.folder / TRAINED[-1], Path(data.source)))
    return list(_held(run.folder, data.source, data.sha256, changed))


def _changed(path: Path) -> int | None:
    """Say when a file was written; None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=32)
def _held(folder: Path, source: str, sha256: str, changed: Any) -> tuple[HeldRow, ...]:
    try:
        asked = asked_of(folder)
        rows = _rows(asked, source)
        listing = LISTINGS.get(type(rows).__name__)
        if listing is None or rows.sha256 != sha256:
            return ()
        return tuple(listing(asked, rows, _test_ids(folder)))
    except (RecurraError, OSError, KeyError, ValueError):
        return ()


def _rows(asked: Asked, source: str) -> Any:
    """Read what a run read: its file, or the embedded sample."""
    recipe = str(asked.network.facts.recipe)
    if source != SAMPLE_SOURCE:
        return new_rows_of(asked).read(asked, source) if Path(source).exists() else None
    if recipe in SAMPLES:
        module, name = SAMPLES[recipe].split(":")
        return getattr(import_module(f"recurra.data.{module}"), name)()
    if recipe == "tagging":
        from recurra.data.sentences import sample_sentences

        known, held = sample_sentences("train"), sample_sentences("test")
        return replace(known, words=known.words + held.words, tags=known.tags + held.tags)
    from recurra.data.opening import open_texts

    return open_texts(recipe.removesuffix("-sample"), sample=True)


def _test_ids(folder: Path) -> set[str]:
    rows = _table(folder, "split.csv")
    last = max((int(row["fold"]) for row in rows if row.get("fold")), default=None)
    return {
        row["id"]
        for row in rows
        if row["side"] == "test" and (last is None or row["fold"] == str(last))
    }


def _table(folder: Path, name: str) -> list[dict[str, str]]:
    assert name in TRAINED
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _named(ids: Sequence[Any], rows: Sequence[str], held: set[str]) -> Iterator[HeldRow]:
    chosen = (row for number, row in zip(ids, rows, strict=True) if str(number) in held)
    for _, row in zip(range(MOST), chosen, strict=False):
        yield HeldRow(row, row)


def _of_texts(asked: Asked, rows: Any, held: set[str]) -> Iterator[HeldRow]:
    ids = rows.ids.tolist() if len(rows.ids) else range(len(rows.texts))
    return _named(ids, rows.texts, held)


def _of_sentences(asked: Asked, rows: Any, held: set[str]) -> Iterator[HeldRow]:
    return _named(range(len(rows.words)), [" ".join(words) for words in rows.words], held)


def _of_pairs(asked: Asked, rows: Any, held: set[str]) -> Iterator[HeldRow]:
    return _named(range(len(rows.sources)), rows.sources, held)


def _of_sequences(asked: Asked, rows: Any, held: set[str]) -> Iterator[HeldRow]:
    sequences = np.split(rows.sequences.timesteps(), rows.sequences.offsets[1:-1])
    for name, steps in zip(rows.ids, sequences, strict=True):
        if str(name) in held:
            yield HeldRow(str(name), written(steps))


def _of_steps(asked: Asked, rows: Any, held: set[str]) -> Iterator[HeldRow]:
    for first in sorted(map(int, held))[:LISTED]:
        stream = int(np.searchsorted(rows.offsets, first, side="right")) - 1
        start, end = int(rows.offsets[stream]), int(rows.offsets[stream + 1])
        steps = rows.numbers[first : min(end, first + LONGEST)]
        yield HeldRow(f"{rows.ids[stream]}, {first - start + 1}", written(steps))


def _of_series(asked: Asked, series: Any, held: set[str]) -> Iterator[HeldRow]:
    """Give the end of each series: what is forecast comes after it."""
    bounds = series.bounds.tolist()
    long = max(LONGEST, 2 * asked.network.settings(Steps).before)
    names = series.names or [series.target or Path(series.source).stem]
    unit = np.exp if series.log else np.asarray
    for name, end, start in zip(names[:LISTED], bounds[1:], bounds, strict=False):
        yield HeldRow(str(name), written(unit(series.numbers[max(start, end - long) : end, None])))


LISTINGS: dict[str, Callable[[Asked, Any, set[str]], Iterator[HeldRow]]] = {
    "LabelledTexts": _of_texts,
    "MultiLabelled": _of_texts,
    "TaggedSentences": _of_sentences,
    "Pairs": _of_pairs,
    "LabelledSequences": _of_sequences,
    "LabelledSteps": _of_steps,
    "Series": _of_series,
}


def costs_of(run: FinishedRun) -> list[Cost]:
    """Give what each of 201 thresholds costs; none where there are not two classes.

    The counts are those of `predictions.csv`: a row counts once, copies too.
    """
    positive, model = run.report.data.positive, run.report.verdict.model
    try:
        rows = _table(run.folder, "predictions.csv")
        truth = np.array([row["truth"] == positive for row in rows])
        scores = np.array([float(row[model]) for row in rows])
    except (OSError, KeyError, ValueError):
        return []
    if positive is None or not len(rows):
        return []
    return [_cost(n / STEPS, truth, scores) for n in range(STEPS + 1)]


def _cost(threshold: float, truth: Any, scores: Any) -> Cost:
    called = scores >= threshold
    counts = (truth & called, truth & ~called, ~truth & called, ~truth & ~called)
    return Cost(threshold, *(int(each.sum()) for each in counts))
