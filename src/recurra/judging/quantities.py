"""Problems whose answer is a number: what a fit may see, and how an answer is measured.

::

    RMSE   root of the mean squared error; the first: it is what networks make small
    MAE    mean size of the error
    R²     1 - Σ (y - said)² / Σ (y - mean y)²    0 is as good as always saying the mean of the test
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.judging.measures import NOTHING, Measure, mean_over, ratio

__all__ = ["BESIDE", "Measured", "quantity_measures"]

BESIDE = ("MAE",)


@dataclass(frozen=True)
class Measured:
    """Rows known, with a number each: all that a fit may see.

    Args:
        inputs: (rows,) whatever a model reads.
        truth: (rows,) the number of each.
        groups: (rows,) rows of one number belong together.
    """

    inputs: Any
    truth: Floats
    groups: Rows

    def take(self, rows: Rows) -> "Measured":
        """Give the chosen rows."""
        return Measured(self.inputs.take(rows), self.truth[rows], self.groups[rows])


def quantity_measures() -> tuple[Measure, ...]:
    """Give the measures of numbers, over statistics (rows, 2): what was said, what is true.

    Example:
        >>> from recurra.judging.measures import values
        >>> rows = np.array([[1.0, 2.0], [3.0, 3.0], [5.0, 5.0]])
        >>> {measure.name: round(values(measure, rows), 3) for measure in quantity_measures()}
        {'RMSE': 0.577, 'MAE': 0.333, 'R²': 0.786}
    """
    below: dict[str, Any] = {"higher_is_better": False, "share": False, "positive": True}
    return (
        Measure("RMSE", lambda s, w: np.sqrt(mean_over(_squares)(s, w)), **below),
        Measure("MAE", mean_over(_sizes), losses=_sizes, **below),
        Measure("R²", _explained, share=False),
    )


def _squares(statistics: Floats) -> Floats:
    squares: Floats = (statistics[:, 0] - statistics[:, 1]) ** 2
    return squares


def _sizes(statistics: Floats) -> Floats:
    return np.abs(statistics[:, 0] - statistics[:, 1])


def _explained(statistics: Floats, weights: Floats) -> Floats:
    truth = statistics[:, 1] - statistics[:, 1].mean()  # small, so that roundings are, too
    total = weights.sum(axis=1)
    moved = weights @ truth**2 / total
    spread = moved - (weights @ truth / total) ** 2
    spread[spread <= NOTHING * moved] = 0.0
    return 1 - ratio(weights @ _squares(statistics) / total, spread)
