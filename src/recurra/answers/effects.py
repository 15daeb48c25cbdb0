"""What columns that are known ahead, such as holidays, move in a forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from recurra.arrays import Floats
from recurra.errors import DataError
from recurra.sequences import Histories, naive_ahead

__all__ = ["PARTS", "Effects", "check_columns"]

PARTS = 4  # of a known column: see `Effects`


@dataclass(frozen=True)
class Effects:
    """What known columns add to a forecast that does not know them, in scales of a row.

    ::

        x          a known column        m   the mean of its last season, or horizon
        effect[k]  = w · [x[t + k], x[a season before], x[t - 1], m] + b      t: the origin

    The weights are one for all steps ahead, so a few holidays teach them.

    Args:
        weights: (columns * 4,).
        offset: that takes the mean effect off: a forecast is moved only where columns move.
    """

    weights: Floats
    offset: float

    @classmethod
    def fit(cls, known: Histories, left: Floats, season: int, columns: int) -> Self:
        """Learn from what a forecast leaves over.

        ::

            least  |left - (X - mean X) w|² + |w|²     columns of X divided by their deviations

        Args:
            known: what stands before each origin, with known columns beside it; see `Beside.table`.
            left: (rows, horizon) what is left over, in scales.
            season: steps of a season, 1 for none.
            columns: how many are known ahead.
        """
        X = _moved(known, left.shape[1], season, columns)
        mean, deviation = X.mean(axis=(0, 1)), X.std(axis=(0, 1))
        size = np.where(deviation > 1e-9 * (1 + np.abs(mean)), deviation, np.inf)
        flat = ((X - mean) / size).reshape(-1, X.shape[2])
        normal = flat.T @ flat + np.eye(flat.shape[1])
        weights = np.linalg.solve(normal, flat.T @ left.ravel()) / size
        return cls(weights, -float(mean @ weights))

    def ahead(self, histories: Histories, horizon: int, season: int) -> Floats:
        """Give what is added, (rows, horizon), in scales."""
        columns = len(self.weights) // PARTS
        found: Floats = _moved(histories, horizon, season, columns) @ self.weights + self.offset
        return found

    def of_each(self, histories: Histories, horizon: int, season: int) -> Floats:
        """Give what each column moves a forecast by, from its mean, (columns, rows, horizon).

        In scales of a row. Where all columns have their means, nothing is moved.
        """
        columns = len(self.weights) // PARTS
        parts = _moved(histories, horizon, season, columns) * self.weights
        each = parts.reshape(len(histories), horizon, columns, PARTS).sum(axis=3)
        found: Floats = np.moveaxis(each - each.mean(axis=(0, 1)), 2, 0)
        return found

    def to_json(self) -> list[float]:
        """Give what `from_json` takes back."""
        return [*self.weights.tolist(), self.offset]

    @classmethod
    def from_json(cls, stored: Sequence[float]) -> Self:
        """Rebuild what `to_json` gave."""
        return cls(np.asarray(stored[:-1], float), float(stored[-1]))


def _moved(histories: Histories, horizon: int, season: int, columns: int) -> Floats:
    """Give the parts of each known column, (rows, horizon, columns * 4)."""
    steps, ends = histories.steps, histories.ends
    back = ends[:, None] - np.arange(1, max(season, horizon) + 1)
    parts = np.empty((len(histories), horizon, columns, PARTS))
    for column in range(columns):
        x, later = steps[:, 1 + column], steps[:, 1 + columns + column]
        parts[:, :, column, 0] = later[ends[:, None] - horizon + np.arange(horizon)]
        parts[:, :, column, 1] = naive_ahead(x, ends, horizon, season)
        parts[:, :, column, 2] = x[ends - 1][:, None]
        parts[:, :, column, 3] = x[back].mean(axis=1, keepdims=True)
    return parts.reshape(len(histories), horizon, columns * PARTS)


def check_columns(histories: Histories, known: int, past: int, before: int) -> None:
    """Refuse histories without the columns, or the steps, that a forecast reads.

    Raises:
        DataError: there are more columns or fewer, or a history is too short.
    """
    columns = histories.steps.shape[1]
    if columns != 1 + 2 * known + past:
        raise DataError(
            f"a step must hold what is forecast, {known} columns known ahead, these a horizon "
            f"later, and {past} known to the last step, but it has {columns} numbers."
        )
    if known and len(histories) and histories.lengths.min() < before:
        raise DataError(
            f"a history must have at least {before} steps where columns are known ahead, but one "
            f"of {histories.lengths.min()} was given."
        )
