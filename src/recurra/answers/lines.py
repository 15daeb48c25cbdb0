"""A line through the last steps: what a ridge regression on the window says of a series ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from recurra.arrays import Array, Floats
from recurra.sequences import Histories
from recurra.stored import LARGEST, Numbers

__all__ = ["Line", "Reader", "needed_of", "plainly"]


@dataclass(frozen=True)
class Reader:
    """What a line reads of a history.

    ::

        read = [(window - last) / size, (past columns - mean) / deviation]

    A history shorter than the window is read as if its first step had stood before it.

    Args:
        window: steps read.
        alone: whether `size` is 1, as of one series; else it is the deviation of the window, so
            that series of all sizes are forecast the same.
        mean, deviation: (past,) of the columns that are known to the last step.
    """

    window: int
    alone: bool
    mean: Floats
    deviation: Floats

    def read(self, histories: Histories) -> tuple[Floats, Floats, Floats]:
        """Give what is read, (rows, window * (1 + past)), the last value, and the size of each."""
        at = histories.ends[:, None] - self.window + np.arange(self.window)
        at = np.maximum(at, histories.starts[:, None])
        windows = histories.numbers[at]
        last, size = windows[:, -1:], np.ones((len(windows), 1))
        if not self.alone:
            size = windows.std(axis=1, keepdims=True)
            size = np.where(size > 0, size, np.maximum(np.abs(last), 1e-300))
        columns = histories.steps[:, histories.steps.shape[1] - len(self.mean) :]
        beside = ((columns[at] - self.mean) / self.deviation).reshape(len(histories), -1)
        return np.concatenate([(windows - last) / size, beside], axis=1), last, size


@dataclass(frozen=True)
class Line:
    """A ridge regression on the window, as it answers.

    ::

        ahead[k] = last + size * scale * (read / scale · coefficients[k] + intercept[k])

    where only the window is divided by `scale`, for what stands beside it is in deviations.

    Args:
        reader: what it reads.
        coefficients: (horizon, columns read).
        intercept: (horizon,).
        scale: by which windows are brought to one scale; 1 where each has its own size.
    """

    reader: Reader
    coefficients: Floats
    intercept: Floats
    scale: float

    def ahead(self, histories: Histories) -> Floats:
        """Forecast what follows histories, (rows, horizon)."""
        X, last, size = self.reader.read(histories)
        return self.moves(X) * size + last

    def moves(self, X: Floats) -> Floats:
        """Give how far the steps ahead lie from the last value, in sizes, of what was read."""
        plain = plainly(X, self.reader.window, self.scale)
        found: Floats = (plain @ self.coefficients.T + self.intercept) * self.scale
        return found

    def arrays(self) -> dict[str, Array]:
        """Give the arrays that are saved."""
        past = {"mean": self.reader.mean, "deviation": self.reader.deviation}
        return {
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "scale": np.array([self.scale]),
            **(past if len(self.reader.mean) else {}),
        }

    @classmethod
    def restored(cls, window: int, alone: bool, arrays: Mapping[str, Array]) -> Self:
        """Rebuild what `arrays` gave, once they are such as `needed_of` says."""
        none = np.zeros(0)
        reader = Reader(window, alone, arrays.get("mean", none), arrays.get("deviation", none))
        scale = float(arrays["scale"][0])
        return cls(reader, arrays["coefficients"], arrays["intercept"], scale)


def plainly(X: Floats, window: int, scale: float) -> Floats:
    """Bring windows to one scale; what stands beside them has it."""
    return np.concatenate([X[:, :window] / scale, X[:, window:]], axis=1)


def needed_of(horizon: int, window: int, past: int) -> dict[str, Numbers]:
    """Say what the arrays of a line must be."""
    of_past = {
        "mean": Numbers((past,), -LARGEST, LARGEST, ("float64",)),
        "deviation": Numbers((past,), 1 / LARGEST, LARGEST, ("float64",)),
    }
    return {
        "coefficients": Numbers((horizon, window * (1 + past))),
        "intercept": Numbers((horizon,)),
        "scale": Numbers((1,), 1 / LARGEST, LARGEST, ("float64",)),
        **(of_past if past else {}),
    }
