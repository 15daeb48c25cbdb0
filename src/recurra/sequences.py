"""Many sequences of different lengths in flat arrays.

A million messages as Python lists of Python integers take gigabytes; as one array of codes with
one array of offsets they take four bytes a timestep. Each distinct timestep is stored once in
`table` and referred to by its row there, as a dictionary-encoded column does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Ragged"]

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """Sequences stored end to end: sequence `i` is `table[codes[offsets[i]:offsets[i + 1]]]`.

    Args:
        codes: (total timesteps,) int32, rows of `table`.
        offsets: (sequences + 1,) int64, rising from 0 to the number of codes.
        table: (distinct timesteps, features) int32 or float32. Row 0 is the padding row, all zero.

    Example:
        >>> table = np.array([[0], [7], [8]], dtype=np.int32)
        >>> ragged = Ragged(np.array([1, 2, 1], np.int32), np.array([0, 1, 3]), table)
        >>> len(ragged), ragged.lengths.tolist()
        (2, [1, 2])
        >>> ragged.pad(np.array([0, 1]), timesteps=3)[..., 0].tolist()
        [[7, 0, 0], [8, 7, 0]]
    """

    codes: Int32
    offsets: Int64
    table: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Int64:
        """The number of timesteps of each sequence, (sequences,)."""
        return np.diff(self.offsets)

    def pad(self, rows: Int64, timesteps: int) -> npt.NDArray[Any]:
        """Give the chosen sequences as one (rows, timesteps, features) array, zeros at the end."""
        starts, lengths = self.offsets[rows], self.lengths[rows]
        steps = np.arange(timesteps)
        inside = steps < lengths[:, None]
        codes = np.zeros((len(rows), timesteps), np.int32)
        codes[inside] = self.codes[(starts[:, None] + steps)[inside]]
        padded: npt.NDArray[Any] = self.table[codes]
        return padded

    def take(self, rows: Int64) -> "Ragged":
        """Give the chosen sequences, in the order given."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        codes = self.codes[np.repeat(self.offsets[rows], lengths) + within]
        return Ragged(codes, offsets, self.table)
