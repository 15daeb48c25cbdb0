"""Rows that a run held out, read again from where they came; what its threshold costs on them."""

import csv
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from recurra.data.opening import Columns, open_texts
from recurra.errors import RecurraError
from recurra.finished import FinishedRun
from recurra.problems.kept import kept_model
from recurra.runs import TRAINED
from recurra.text.joining import text_columns

__all__ = ["Cost", "costs_of", "held_texts"]

MOST = 300  # texts, the first of those held
STEPS = 200  # thresholds


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


def held_texts(run: FinishedRun) -> list[str]:
    """Give texts that a run held out; none where what it read is not there any more, or another."""
    try:
        kept = kept_model(run.folder)
        text, label = text_columns(kept.facts.columns), kept.facts.columns.get("label")
        data = run.report.data
        sample = data.source == "embedded sample"
        if len(text) > 1 or not (sample or Path(data.source).is_file()):
            return []
        columns = Columns(text[0] if text else None, label, data.positive)
        rows = open_texts("spam" if sample else data.source, sample=sample, columns=columns)
        if rows.sha256 != data.sha256:
            return []
        ids = rows.ids if len(rows.ids) else np.arange(len(rows.texts))
        held = {int(row["id"]) for row in _table(run, "split.csv") if row["side"] == "test"}
        found: list[str] = [t for n, t in zip(ids, rows.texts, strict=True) if int(n) in held]
        return found[:MOST]
    except (RecurraError, OSError, KeyError, ValueError):
        return []


def _table(run: FinishedRun, name: str) -> list[dict[str, str]]:
    assert name in TRAINED
    with (run.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def costs_of(run: FinishedRun) -> list[Cost]:
    """Give what each of 201 thresholds costs; none where there are not two classes.

    The counts are those of `predictions.csv`: a row counts once, copies too.
    """
    positive, model = run.report.data.positive, run.report.verdict.model
    try:
        rows = _table(run, "predictions.csv")
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
