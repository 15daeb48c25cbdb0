"""How good a score is: eight measures, each with a 95 % interval.

Of `n` rows with truth `y` (0 or 1), score `s` (the probability of 1) and decision `d = s ≥ t`::

    precision = TP / (TP + FP)        recall = TP / (TP + FN)
    F1        = 2 TP / (2 TP + FP + FN)             accuracy = (TP + TN) / n
    PR-AUC    = Σ (recall_k - recall_{k-1}) precision_k    over falling thresholds k
    ROC-AUC   = P(score of a positive > score of a negative) + ½ P(equal)
    Brier     = mean (s - y)²
    ECE       = Σ_bins (rows in bin / n) |mean s - mean y|  over 10 bins of equal width

Intervals are bootstrapped: groups of duplicates are drawn whole, within each class, and every
measure is computed again from how often each row was drawn, as a row weight.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = [
    "MEASURES",
    "Bootstrap",
    "Measures",
    "best_threshold",
    "calibration_bins",
    "calibration_tenths",
    "measure",
]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MEASURES = ("accuracy", "precision", "recall", "f1", "pr_auc", "roc_auc", "brier", "ece")
BINS = 10


class Measures:
    """The measures of one model on one set of rows, for any row weights.

    Sorting is done once; every set of weights then costs a few passes over the rows.

    Args:
        truth: (rows,) whether a row is positive.
        scores: (rows,) the probability of positive.
        threshold: a row is called positive when its score reaches it.
    """

    def __init__(self, truth: Bools, scores: Floats, threshold: float) -> None:
        self.order = np.argsort(-scores, kind="stable")
        self.truth = truth[self.order].astype(float)
        self.scores = scores[self.order]
        self.called = self.scores >= threshold
        self.last_of_tie = np.append(np.flatnonzero(np.diff(self.scores)), len(scores) - 1)
        self.bin = np.minimum((self.scores * BINS).astype(np.int64), BINS - 1)

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        """Give each measure for each row of `weights`, (repeats, rows), columns as given."""
        w = weights[:, self.order]
        positive, negative = w * self.truth, w * (1 - self.truth)
        p, n = positive.sum(1), negative.sum(1)
        tp, fp = positive[:, self.called].sum(1), negative[:, self.called].sum(1)

        # running counts at each distinct threshold, from the highest score down
        tp_k = np.cumsum(positive, 1)[:, self.last_of_tie]
        fp_k = np.cumsum(negative, 1)[:, self.last_of_tie]
        rise = np.diff(tp_k, axis=1, prepend=0.0)
        average_precision = (rise * _ratio(tp_k, tp_k + fp_k)).sum(1)
        mean_tp = tp_k - rise / 2
        area = (np.diff(fp_k, axis=1, prepend=0.0) * mean_tp).sum(1)

        gap = w * (self.scores - self.truth)
        in_bin = self.bin[:, None] == np.arange(BINS)
        return {
            "accuracy": _ratio(tp + n - fp, p + n),
            "precision": _ratio(tp, tp + fp),
            "recall": _ratio(tp, p),
            "f1": _ratio(2 * tp, p + tp + fp),
            "pr_auc": _ratio(average_precision, p),
            "roc_auc": _ratio(area, p * n),
            "brier": _ratio((gap * (self.scores - self.truth)).sum(1), p + n),
            "ece": _ratio(np.abs(gap @ in_bin).sum(1), p + n),
        }


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide; nothing over nothing is 0, as no positive call has precision 0."""
    divided: Floats = np.divide(above, below, out=np.zeros_like(below, float), where=below > 0)
    return divided


def measure(truth: Bools, scores: Floats, threshold: float) -> dict[str, float]:
    """Give the eight measures of one model, each row counted once.

    Example:
        >>> truth = np.array([True, True, False, False])
        >>> found = measure(truth, np.array([0.9, 0.4, 0.6, 0.1]), threshold=0.5)
        >>> found["f1"], found["roc_auc"]
        (0.5, 0.75)
    """
    values = Measures(truth, scores, threshold)(np.ones((1, len(truth))))
    return {name: float(value[0]) for name, value in values.items()}


@dataclass(frozen=True)
class Bootstrap:
    """Row weights drawn by a stratified bootstrap over groups; the same for every model judged.

    Args:
        truth: (rows,) whether a row is positive.
        groups: (rows,) rows of one group are drawn together.
        repeats: how many draws.
        seed: of the drawing.
    """

    truth: Bools
    groups: Rows
    repeats: int = 1000
    seed: int = 0

    def weights(self) -> Iterator[Floats]:
        """Give the weights of all draws, in blocks (draws, rows) of bounded memory."""
        _, first, inverse = np.unique(self.groups, return_index=True, return_inverse=True)
        strata = [np.flatnonzero(self.truth[first] == label) for label in (False, True)]
        rng = np.random.default_rng(self.seed)
        block = max(1, 2_000_000 // max(1, len(self.truth)))
        for start in range(0, self.repeats, block):
            draws = min(block, self.repeats - start)
            counts = np.zeros((draws, len(first)))
            for members in strata:
                for row in counts:
                    drawn = rng.integers(0, len(members), len(members))
                    row[members] = np.bincount(drawn, minlength=len(members))
            yield counts[:, inverse]

    def draws(self, measures: Measures) -> dict[str, Floats]:
        """Give each measure in each draw."""
        blocks = [measures(weights) for weights in self.weights()]
        return {name: np.concatenate([block[name] for block in blocks]) for name in MEASURES}


def interval(draws: Floats) -> tuple[float, float]:
    """Give the middle 95 % of the draws."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def reflected_interval(value: float, draws: Floats) -> tuple[float, float]:
    """Give the interval of a measure that redrawing rows can only raise, as it does the ECE.

    What the draws lie above the value, the value lies above the truth: they are mirrored at it.
    """
    low, high = interval(draws)
    return max(0.0, 2 * value - high), max(0.0, 2 * value - low)


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


def calibration_bins(truth: Bools, scores: Floats) -> list[tuple[float, float, int]]:
    """Give (mean score, share of positives, rows) of each of the 10 bins that holds rows."""
    bins = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    filled = [bins == number for number in range(BINS) if (bins == number).any()]
    return [
        (float(scores[rows].mean()), float(truth[rows].mean()), int(rows.sum())) for rows in filled
    ]


def calibration_tenths(truth: Bools, scores: Floats) -> list[tuple[float, float, int]]:
    """Give (mean score, share of positives, rows) of each tenth of the rows, by rising score.

    Where positives are rare, nearly all scores lie in one of the bins of equal width. Rows of
    equal score stay together, so there may be fewer tenths.

    Example:
        >>> calibration_tenths(np.array([False, True]), np.array([0.1, 0.1]))
        [(0.1, 0.5, 2)]
    """
    borders = np.unique(np.quantile(scores, np.arange(1, BINS) / BINS))
    tenths = np.searchsorted(borders, scores, side="left")
    filled = [tenths == number for number in np.unique(tenths)]
    return [
        (float(scores[rows].mean()), float(truth[rows].mean()), int(rows.sum())) for rows in filled
    ]
