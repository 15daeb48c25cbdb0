"""Problems with any number of labels a row: what a fit may see, and how an answer is measured.

::

    Brier score   mean over labels and rows of (p - y)²        the first: it is proper and bounded
    log loss      mean over labels and rows of -log p of what is true
    micro F1      2 TP / (2 TP + FP + FN), counted over all labels together
    macro F1      the mean over labels of the F1 of each; a label that no row has is left out
    exact match   the share of rows of which every label is right
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from recurra.arrays import Array, Bools, Floats, Rows
from recurra.judging.measures import SMALLEST, Measure, mean_over, ratio

__all__ = ["BESIDE", "KnownLabels", "SaidLabels", "label_measures", "label_statistics"]

BESIDE = ("micro F1", "exact match")


class SaidLabels(NamedTuple):
    """What a model says of rows.

    Args:
        probabilities: (rows, labels) of each label by itself.
        decided: (rows, labels) whether it is said.
    """

    probabilities: Floats
    decided: Bools


@dataclass(frozen=True)
class KnownLabels:
    """Rows known, with any number of labels each: all that a fit may see.

    Args:
        inputs: (rows,) texts.
        truth: (rows, labels) 1 where a row has a label, else 0.
        names: of the labels.
        groups: (rows,) rows of one number belong together.
    """

    inputs: Any
    truth: Array
    names: tuple[str, ...]
    groups: Rows

    def take(self, rows: Rows) -> "KnownLabels":
        """Give the chosen rows."""
        return KnownLabels(self.inputs[rows], self.truth[rows], self.names, self.groups[rows])


def label_statistics(said: SaidLabels, truth: Array) -> Floats:
    """Give the statistics of labels, (rows, 3 labels): probabilities, decisions, truth."""
    return np.concatenate([said.probabilities, said.decided, truth], axis=1).astype(np.float64)


def label_measures(labels: int) -> tuple[Measure, ...]:
    """Give the measures of a problem of so many labels; the first one decides.

    Example:
        >>> from recurra.judging.measures import values
        >>> said = SaidLabels(np.array([[0.9, 0.2], [0.4, 0.6]]), np.array([[1, 0], [0, 1]]) > 0)
        >>> rows = label_statistics(said, np.array([[1, 0], [1, 1]]))
        >>> found = {m.name: round(values(m, rows), 2) for m in label_measures(2)}
        >>> found["Brier score"], found["micro F1"], found["macro F1"], found["exact match"]
        (0.14, 0.8, 0.83, 0.5)
    """

    def parts(statistics: Floats) -> tuple[Floats, Floats, Floats]:
        p, decided, truth = np.split(statistics, 3, axis=1)
        return p, decided, truth

    def squares(statistics: Floats) -> Floats:
        p, _, truth = parts(statistics)
        losses: Floats = ((p - truth) ** 2).mean(axis=1)
        return losses

    def surprise(statistics: Floats) -> Floats:
        p, _, truth = parts(statistics)
        losses: Floats = -np.log(np.clip(np.where(truth > 0, p, 1 - p), SMALLEST, 1)).mean(axis=1)
        return losses

    def exact(statistics: Floats) -> Floats:
        _, decided, truth = parts(statistics)
        right: Floats = (decided == truth).all(axis=1).astype(np.float64)
        return right

    def counts(statistics: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Give 2 TP, and 2 TP + FP + FN, of each draw and label."""
        _, decided, truth = parts(statistics)
        return 2 * (weights @ (decided * truth)), weights @ (decided + truth)

    def micro(statistics: Floats, weights: Floats) -> Floats:
        hit, marked = counts(statistics, weights)
        return ratio(hit.sum(axis=1), marked.sum(axis=1))

    def macro(statistics: Floats, weights: Floats) -> Floats:
        hit, marked = counts(statistics, weights)
        there = parts(statistics)[2].any(axis=0)
        each = np.divide(hit, marked, out=np.zeros_like(hit), where=marked > 0)[:, there]
        mean: Floats = each.mean(axis=1) if there.any() else np.full(len(weights), np.nan)
        return mean

    def marked(statistics: Floats) -> Bools:
        return np.asarray(parts(statistics)[2].any(axis=1))

    below: dict[str, Any] = {"higher_is_better": False}
    return (
        Measure("Brier score", mean_over(squares), losses=squares, needs=marked, **below),
        Measure(
            "log loss", mean_over(surprise), losses=surprise, share=False, positive=True, **below
        ),
        Measure("micro F1", micro, needs=marked),
        Measure("macro F1", macro, needs=marked),
        Measure("exact match", mean_over(exact), losses=exact),
    )
