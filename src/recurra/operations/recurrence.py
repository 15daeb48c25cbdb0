"""The recurrent operation: steps → steps, or the last state, in the native library."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from recurra.arrays import Array
from recurra.cells import CELLS, Weights, bias_shape
from recurra.operations.native import RecurrentLayer
from recurra.operations.single import Shape, Single, Size, Steps

__all__ = ["Reading", "Recurrent"]

RESTING_STEPS = 64  # of zeros, after which the state of a trained layer hardly moves


class Recurrent(Single):
    """A recurrent layer.

    Args:
        cell: its equations.
        features, units: of its kernels.
        backwards: whether it reads from the last step to the first; its outputs stand in the order
            of the steps all the same.
        every_step: whether it gives its output at every step, or its last.
        rest: whether it begins where 64 steps of zeros leave it, and not at zero.
    """

    operation: Literal["recurrent"] = "recurrent"
    cell: Literal["simple_rnn", "lstm", "gru", "gru_reset_first"]
    features: Size
    units: Size
    backwards: bool = False
    every_step: bool = False
    rest: bool = False

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The units."""
        lost = self._one(given, self.features, steps=True).lost
        return Shape(self.units, self.every_step, lost if self.every_step else 0)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernels and the bias."""
        cell = CELLS[self.cell]
        columns = cell.gates * self.units
        return {
            "kernel": (self.features, columns),
            "recurrent_kernel": (self.units, columns),
            "bias": bias_shape(cell, columns),
        }

    def bind(self, arrays: Mapping[str, Array]) -> "Reading":
        """Pack its weights, and find where it begins."""
        return Reading(self, arrays)


class Reading:
    """A recurrent operation with its weights, packed once.

    Attributes:
        layer: that reads.
        start: the state of one row in which it begins.
    """

    def __init__(self, operation: Recurrent, arrays: Mapping[str, Array]) -> None:
        self.operation = operation
        self.layer = RecurrentLayer(operation.cell, Weights(**arrays))
        self.start = self.layer.start(1)
        if operation.rest:
            nothing = np.zeros((1, RESTING_STEPS, operation.features), np.float32)
            self.start = self.layer.read(nothing, self.start, every_step=False)[1]

    def __call__(self, x: Steps) -> Any:
        """Read rows, and give the outputs, or the last."""
        backwards, every_step = self.operation.backwards, self.operation.every_step
        state = tuple(np.repeat(part, len(x.values), axis=0) for part in self.start)
        outputs, last = self.layer.read(
            x.values, state, x.there, backwards=backwards, every_step=every_step
        )
        if outputs is None:
            return last[0]
        return Steps(outputs[:, ::-1] if backwards else outputs, x.there)
