"""A recurrent layer without Keras or JAX: weights packed once, and read by the native library.

::

    outputs, state = layer.read(x, layer.start(rows), there)

It is the arithmetic of `kernels/cpu`, through a plain C door. Where no library was built, the
textbook's steps are taken in NumPy, slowly. A row's numbers do not depend on the rows beside it.
"""

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from recurra.arrays import Array, Bools, Floats32
from recurra.cells import CELLS, Weights, bias_shape
from recurra.kernels import INTERFACE, LIBRARY, reference

__all__ = ["RecurrentLayer", "library", "processors"]

LINE = 64  # bytes, on which packed weights begin

_numbers = ctypes.c_int64
_place = ctypes.c_void_p
_first_byte: Any = ctypes.c_char.from_buffer


@cache
def library() -> ctypes.CDLL | None:
    """Load the native library; None where there is none that these sources may call."""
    try:
        found = ctypes.CDLL(str(LIBRARY))
        found.recurra_level.restype = ctypes.c_char_p
        if found.recurra_interface() != INTERFACE or found.recurra_level() is None:
            return None
    except (OSError, AttributeError):
        return None
    name = ctypes.c_char_p
    found.recurra_packed.argtypes = [name, _numbers, _numbers]
    found.recurra_pack.argtypes = [name, _numbers, _numbers, *[_place] * 4]
    found.recurra_read.argtypes = [name, *[_numbers] * 5, *[_place] * 8, _numbers]
    for function in (found.recurra_packed, found.recurra_pack, found.recurra_read):
        function.restype = _numbers
    return found


class RecurrentLayer:
    """One layer with its weights; nothing in it changes, so threads may share it.

    Args:
        cell: by its name, one of `recurra.cells.CELLS`.
        weights: kernel (features, gates · units), recurrent kernel (units, gates · units), bias.
        threads: the most that share the rows of a call, None for as many as there are processors.
    """

    def __init__(self, cell: str, weights: Weights, threads: int | None = None) -> None:
        self.cell = CELLS[cell]
        self.features, self.units = weights.kernel.shape[0], weights.recurrent_kernel.shape[0]
        columns = self.cell.gates * self.units
        arrays = [np.ascontiguousarray(each, np.float32) for each in weights]
        self.weights = Weights(*arrays)
        wanted = [(self.features, columns), (self.units, columns), bias_shape(self.cell, columns)]
        shapes = [each.shape for each in arrays]
        if shapes != wanted or not self.units:
            raise ValueError(f"the weights of {cell} must have the shapes {wanted}, not {shapes}")
        self.threads = threads or processors()
        self._name = cell.encode()
        self._door: Any = library()
        self._packed = self._pack()
        self._packed_at = None if self._packed is None else _at(self._packed)

    @property
    def native(self) -> bool:
        """Whether the native library reads."""
        return self._packed is not None

    def _pack(self) -> Floats32 | None:
        if (door := self._door) is None:
            return None
        sizes = (self._name, self.features, self.units)
        floats = door.recurra_packed(*sizes)
        if floats < 0:
            return None
        room = np.empty(floats + LINE // 4, np.float32)
        packed = room[-(room.ctypes.data // 4) % (LINE // 4) :][:floats]
        done = door.recurra_pack(*sizes, *map(_at, self.weights), _at(packed))
        return None if done < 0 else packed

    def start(self, rows: int) -> tuple[Floats32, ...]:
        """Give a state of zeros."""
        return tuple(np.zeros((rows, self.units), np.float32) for _ in range(self.cell.states))

    def read(
        self,
        x: Floats32,
        state: tuple[Floats32, ...],
        there: Bools | None = None,
        *,
        backwards: bool = False,
        every_step: bool = True,
    ) -> tuple[Floats32 | None, tuple[Floats32, ...]]:
        """Read sequences.

        Args:
            x: (rows, timesteps, features).
            state: where they start, as `start` gives it.
            there: (rows, timesteps), False where a step is skipped; None for nowhere.
            backwards: whether to read from the last step to the first.
            every_step: whether the outputs are wanted, or the last state alone.

        Returns:
            The outputs (rows, timesteps, units) in the order they were made, or None; the last
            state.

        Raises:
            ValueError: a shape does not fit.
            MemoryError: there is no room for what the call needs.
        """
        x = np.ascontiguousarray(x, np.float32)
        parts = [np.ascontiguousarray(part, np.float32) for part in state]
        there = None if there is None else np.ascontiguousarray(there, bool)
        self._check(x, parts, there)
        if self._packed is None:
            return self._in_numpy(x, tuple(parts), there, backwards, every_step)
        rows, timesteps = x.shape[:2]
        outputs = np.empty((rows, timesteps, self.units), np.float32) if every_step else None
        last = np.empty((len(parts), rows, self.units), np.float32)
        to = _at(last)
        two = len(parts) == 2
        done = self._door.recurra_read(
            self._name,
            rows,
            timesteps,
            self.features,
            self.units,
            backwards,
            _at(x),
            _at(parts[0]),
            _at(parts[1]) if two else None,
            self._packed_at,
            None if there is None else _at(there),
            None if outputs is None else _at(outputs),
            to,
            to + last.nbytes // 2 if two else None,
            self.threads,
        )
        if done < 0:
            raise MemoryError("there is no room for what a recurrent layer needs to read")
        return outputs, tuple(last)

    def _check(self, x: Floats32, parts: Sequence[Floats32], there: Bools | None) -> None:
        """Refuse shapes that do not fit before memory is read."""
        rows, timesteps = x.shape[:2]
        one = (rows, self.units)
        fits = x.shape == (rows, timesteps, self.features) and len(parts) == self.cell.states
        fits = fits and all(part.shape == one for part in parts)
        if not fits or (there is not None and there.shape != (rows, timesteps)):
            wanted = [(rows, timesteps, self.features), *[one] * self.cell.states]
            shapes = [x.shape, *(part.shape for part in parts)]
            if there is not None:
                shapes, wanted = [*shapes, there.shape], [*wanted, (rows, timesteps)]
            raise ValueError(f"x, state and mask must have the shapes {wanted}, not {shapes}")

    def _in_numpy(
        self, x: Floats32, state: Any, there: Bools | None, backwards: bool, every_step: bool
    ) -> tuple[Floats32 | None, tuple[Floats32, ...]]:
        """Take the textbook's steps; row by row, as a product of many rows may round otherwise."""
        read = [
            reference.run(
                self.cell,
                x[row : row + 1],
                tuple(part[row : row + 1] for part in state),
                self.weights,
                mask=None if there is None else there[row : row + 1],
                go_backwards=backwards,
            )
            for row in range(len(x))
        ]
        if not read or not x.shape[1]:
            return np.zeros((*x.shape[:2], self.units), np.float32) if every_step else None, state
        outputs = np.concatenate([each for each, _ in read]) if every_step else None
        parts = zip(*(last for _, last in read), strict=True)
        return outputs, tuple(np.concatenate(part) for part in parts)


def _at(array: Array) -> int:
    """Give where an array stands in memory; the first way is four times as quick."""
    try:
        return ctypes.addressof(_first_byte(array))
    except (TypeError, ValueError):  # it must not be written to, or has no bytes
        found: int = array.__array_interface__["data"][0]
        return found


def processors() -> int:
    """Count the processors that this process may use."""
    granted = getattr(os, "sched_getaffinity", None)
    return len(granted(0)) if granted else os.cpu_count() or 1
