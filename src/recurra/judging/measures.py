"""Measures: how good what a model said of some rows is, for any weights of the rows.

A problem counts what was said of each row into a few numbers, its statistics (rows, k). A measure
is a function of the statistics and of row weights; to leave out a part of the rows is to give it
the weight 0 (`recurra.judging.influence`).

Classes, of `n` rows with probabilities `p` (rows, classes), decision `d` and truth `y`::

    Brier score = mean ½ Σ_k (p_k - [y = k])²         of two classes: mean (p_positive - y)²
    log loss    = - mean log p_y
    accuracy    = share of d = y
    precision   = TP / (TP + FP)        recall = TP / (TP + FN)        F1 = 2 TP / (2 TP + FP + FN)
    PR-AUC      = Σ (recall_k - recall_{k-1}) precision_k    over falling thresholds k
    ROC-AUC     = P(score of a positive > score of a negative) + ½ P(equal)

Two classes have one positive class, which F1 and the areas are about. Of more, F1 is the mean over
the classes (macro), or weighted by their rows, and ROC-AUC the mean of one against the rest.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from recurra.arrays import Bools, Floats, Rows

__all__ = [
    "NOTHING",
    "Measure",
    "best_threshold",
    "class_measures",
    "class_statistics",
    "mean_of",
    "mean_over",
    "ratio",
    "ratio_of",
    "values",
]


SMALLEST = float(np.finfo(np.float32).eps)  # networks compute in float32: no probability is 0
NOTHING = 1e-12
"""Of a value: what moves less does not move, but for roundings."""


@dataclass(frozen=True)
class Measure:
    """A measure by name.

    Args:
        name: what people call it.
        of: from statistics (rows, k) and weights (draws, rows) to the measure of each draw; nan
            where a draw has nothing to measure.
        higher_is_better: the direction.
        share: whether it lies between 0 and `whole`.
        needs: from statistics to (rows,) whether a row is of the kind that is rarest among those
            the measure is about; None: it is about all rows alike.
        losses: from statistics to (rows,) numbers whose mean is the measure, where it is a mean.
        positive: whether no value is below 0, as of a loss without an upper end.
        whole: the upper end of a share: 1, or 100 where it is told in per cent.
    """

    name: str
    of: Callable[[Floats, Floats], Floats]
    higher_is_better: bool = True
    share: bool = True
    needs: Callable[[Floats], Bools] | None = None
    losses: Callable[[Floats], Floats] | None = None
    positive: bool = False
    whole: float = 1.0


def values(measure: Measure, statistics: Floats) -> float:
    """Give a measure with every row counted once."""
    return float(measure.of(statistics, np.ones((1, len(statistics))))[0])


def ratio_of(above: int, below: int) -> Callable[[Floats, Floats], Floats]:
    """Give the measure that divides the sum of one column by that of another."""

    def of(statistics: Floats, weights: Floats) -> Floats:
        sums = weights @ statistics
        return ratio(sums[:, above], sums[:, below])

    return of


def mean_of(column: int) -> Callable[[Floats, Floats], Floats]:
    """Give the measure that is the mean of a column."""

    def of(statistics: Floats, weights: Floats) -> Floats:
        return ratio(weights @ statistics[:, column], weights.sum(axis=1))

    return of


def ratio(above: Floats, below: Floats) -> Floats:
    """Divide; nothing over nothing is not a number."""
    empty = np.full_like(below, np.nan, dtype=np.float64)
    divided: Floats = np.divide(above, below, out=empty, where=below > 0)
    return divided


# ---- classes: columns are p_0 .. p_(K-1), the number decided for, the number that is true


def class_statistics(probabilities: Floats, decided: Rows, truth: Rows) -> Floats:
    """Give the statistics of classes, (rows, classes + 2).

    Args:
        probabilities: (rows, classes).
        decided: (rows,) the number of the class decided for.
        truth: (rows,) the number of the true class.
    """
    return np.column_stack([probabilities, decided, truth]).astype(np.float64)


def class_measures(classes: int, positive: int | None = None) -> tuple[Measure, ...]:
    """Give the measures of a problem of classes; the first one decides.

    The Brier score is proper (no model gains by saying other than it believes), needs no threshold,
    and is bounded: one sure mistake among thousands of rows does not outweigh all else, as in log
    loss, so its interval can be trusted with fewer rows.

    Args:
        classes: how many.
        positive: of two, the number of the positive one.

    Example:
        >>> measures = {measure.name: measure for measure in class_measures(2, positive=1)}
        >>> said = np.array([[0.1, 0.9], [0.6, 0.4], [0.4, 0.6], [0.9, 0.1]])
        >>> rows = class_statistics(said, np.array([1, 0, 1, 0]), np.array([1, 1, 0, 0]))
        >>> [round(values(measures[name], rows), 3) for name in ("F1", "ROC-AUC", "Brier score")]
        [0.5, 0.75, 0.185]
    """

    def everywhere(function: Callable[[Floats, int, Floats], Floats]) -> Callable[..., Floats]:
        return lambda statistics, weights: function(statistics, classes, weights)

    def mean(name: str, losses: Callable[[Floats, int], Floats], **what: bool) -> Measure:
        def of_rows(statistics: Floats) -> Floats:
            return losses(statistics, classes)

        return Measure(name, mean_over(of_rows), needs=_uncommon, losses=of_rows, **what)

    common = (
        mean("Brier score", _squared, higher_is_better=False),
        mean("log loss", _surprise, higher_is_better=False, share=False, positive=True),
        mean("accuracy", _right),
    )
    if classes > 2 or positive is None:
        return (
            *common,
            Measure("macro F1", everywhere(_macro_f1), needs=_rarest),
            Measure("weighted F1", everywhere(_weighted_f1), needs=_uncommon),
            Measure("ROC-AUC", everywhere(_one_against_rest), needs=_rarest),
        )
    of_positive = _Positive(positive)
    return (
        *common,
        Measure("F1", of_positive.f1, needs=_rarest),
        Measure("precision", of_positive.precision, needs=_rarest),
        Measure("recall", of_positive.recall, needs=_rarest),
        Measure("PR-AUC", of_positive.average_precision, needs=_rarest),
        Measure("ROC-AUC", of_positive.area, needs=_rarest),
    )


def _uncommon(statistics: Floats) -> Bools:
    """Tell the rows that are not of the commonest class: of two classes, those of the rarer.

    A mean is about all rows; but where nearly all are of one class, few rows tell models apart.
    """
    names, counts = np.unique(statistics[:, -1], return_counts=True)
    uncommon: Bools = statistics[:, -1] != names[np.argmax(counts)]
    return uncommon


def _rarest(statistics: Floats) -> Bools:
    """Tell the rows of the rarest class of those that are there; of two, of the rarer."""
    truth = statistics[:, -1].astype(np.int64)
    counts = np.bincount(truth, minlength=2)
    two = len(counts) == 2
    rarest: Bools = truth == np.argmin(np.where(two | (counts > 0), counts, len(truth) + 1))
    return rarest


def mean_over(losses: Callable[[Floats], Floats]) -> Callable[[Floats, Floats], Floats]:
    """Give the measure that is the mean of what each row loses."""
    return lambda statistics, weights: ratio(weights @ losses(statistics), weights.sum(axis=1))


def _squared(statistics: Floats, classes: int) -> Floats:
    p, truth = statistics[:, :classes], statistics[:, -1].astype(np.int64)
    losses: Floats = 0.5 * ((p - np.eye(classes)[truth]) ** 2).sum(axis=1)
    return losses


def _surprise(statistics: Floats, classes: int) -> Floats:
    p, truth = statistics[:, :classes], statistics[:, -1].astype(np.int64)
    losses: Floats = -np.log(np.clip(p[np.arange(len(p)), truth], SMALLEST, 1.0))
    return losses


def _right(statistics: Floats, classes: int) -> Floats:
    right: Floats = (statistics[:, -2] == statistics[:, -1]).astype(np.float64)
    return right


def _counts(statistics: Floats, number: int, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """Give true positives, rows called positive and positive rows of one class, each (draws,)."""
    called, true = statistics[:, -2] == number, statistics[:, -1] == number
    columns = np.stack([called & true, called, true], axis=1).astype(np.float64)
    hit, called_rows, true_rows = (weights @ columns).T
    return hit, called_rows, true_rows


def _f1_of_class(statistics: Floats, number: int, weights: Floats) -> Floats:
    """Give the F1 of a class; 0 where it was never called rightly, nan where it is not there."""
    hit, called, true = _counts(statistics, number, weights)
    score: Floats = np.where(true > 0, ratio(2 * hit, called + true), np.nan)
    return score


def _macro_f1(statistics: Floats, classes: int, weights: Floats) -> Floats:
    scores = [_f1_of_class(statistics, k, weights) for k in _there(statistics)]
    mean: Floats = np.mean(scores, axis=0)
    return mean


def _weighted_f1(statistics: Floats, classes: int, weights: Floats) -> Floats:
    there = _there(statistics)
    scores = np.nan_to_num([_f1_of_class(statistics, k, weights) for k in there])
    rows = np.stack([weights @ (statistics[:, -1] == k) for k in there])
    return ratio((scores * rows).sum(axis=0), rows.sum(axis=0))


def _one_against_rest(statistics: Floats, classes: int, weights: Floats) -> Floats:
    areas = [
        _Ranked(statistics[:, k], statistics[:, -1] == k).area(weights) for k in _there(statistics)
    ]
    mean: Floats = np.mean(areas, axis=0)
    return mean


def _there(statistics: Floats) -> list[int]:
    return [int(number) for number in np.unique(statistics[:, -1])]


@dataclass(frozen=True)
class _Positive:
    """The measures of two classes that are about the positive one."""

    number: int

    def f1(self, statistics: Floats, weights: Floats) -> Floats:
        return _f1_of_class(statistics, self.number, weights)

    def precision(self, statistics: Floats, weights: Floats) -> Floats:
        hit, called, true = _counts(statistics, self.number, weights)
        share: Floats = np.where(true > 0, np.nan_to_num(ratio(hit, called)), np.nan)
        return share

    def recall(self, statistics: Floats, weights: Floats) -> Floats:
        hit, _, true = _counts(statistics, self.number, weights)
        return ratio(hit, true)

    def average_precision(self, statistics: Floats, weights: Floats) -> Floats:
        return self._ranked(statistics).average_precision(weights)

    def area(self, statistics: Floats, weights: Floats) -> Floats:
        return self._ranked(statistics).area(weights)

    def _ranked(self, statistics: Floats) -> "_Ranked":
        return _Ranked(statistics[:, self.number], statistics[:, -1] == self.number)


class _Ranked:
    """Scores in falling order, for measures over all thresholds; sorting is done once.

    Only the thresholds at which a positive row comes in move the areas.
    """

    def __init__(self, scores: Floats, truth: Bools) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.truth = truth[self.order].astype(np.float64)
        ranked = scores[self.order]
        last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        first = np.append(0, last[:-1] + 1)
        matters = np.add.reduceat(self.truth, first) > 0
        matters[-1] = True  # so that all positive rows are counted, were there none
        self.first, self.last = first[matters], last[matters]

    def _running(self, weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Give the rows before each threshold, up to it, the true ones up to it, and all rows."""
        w = weights[:, self.order]
        rows = np.cumsum(w, axis=1)
        before = np.where(self.first > 0, rows[:, self.first - 1], 0.0)
        w *= self.truth
        true = np.cumsum(w, axis=1, out=w)[:, self.last]
        return before, rows[:, self.last], true, rows[:, -1]

    def average_precision(self, weights: Floats) -> Floats:
        _, rows, true, _ = self._running(weights)
        rise = np.diff(true, axis=1, prepend=0.0)
        precision = np.nan_to_num(ratio(true, rows))
        return ratio((rise * precision).sum(axis=1), true[:, -1])

    def area(self, weights: Floats) -> Floats:
        before, rows, true, of_all = self._running(weights)
        rise = np.diff(true, axis=1, prepend=0.0)
        false = of_all - true[:, -1]
        above = (before - (true - rise) + rows - true) / 2  # false ones; those of a tie by half
        return ratio((rise * (false[:, None] - above)).sum(axis=1), true[:, -1] * false)


def best_threshold(truth: Bools, scores: Floats) -> float:
    """Give the threshold of the highest F1: the middle of its plateau between two scores.

    Choose it on validation rows. On test rows it would be a leak.

    Example:
        >>> best_threshold(np.array([False, False, True]), np.array([0.1, 0.2, 0.6]))
        0.4
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], np.cumsum(truth[order])
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    f1 = 2 * hits[last] / (last + 1 + truth.sum())
    best = int(np.argmax(f1))
    below = ranked[last[best] + 1] if best + 1 < len(last) else 0.0
    return float((ranked[last[best]] + below) / 2)


def calibration_parts(truth: Bools, scores: Floats, parts: int = 10) -> Sequence[tuple[float, ...]]:
    """Give (mean score, share of positives, rows) of each tenth of the rows, by rising score.

    Rows of equal score stay together, so there may be fewer parts.

    Example:
        >>> calibration_parts(np.array([False, True]), np.array([0.1, 0.1]))
        [(0.1, 0.5, 2)]
    """
    borders = np.unique(np.quantile(scores, np.arange(1, parts) / parts))
    part = np.searchsorted(borders, scores, side="left")
    filled = [part == number for number in np.unique(part)]
    return [
        (float(scores[rows].mean()), float(truth[rows].mean()), int(rows.sum())) for rows in filled
    ]
