"""Operations that read: ids, numbers or days → vectors, looked up once a distinct step."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from recurra.arrays import Array, Bools, Floats32
from recurra.operations.single import Run, Shape, Single, Size

__all__ = ["Days", "Embedding", "LastColumn", "Reads", "SubwordEmbedding"]

DISTINCT = 2048  # steps whose ids are looked up at a time


class Reads(Single):
    """The first operation: what a distinct step, a row of the encoder's table, becomes.

    Args:
        columns: of the table.
    """

    columns: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """Give the numbers of a step."""
        if given:
            raise ValueError(f"{self.name} must be the first operation")
        return Shape(self.features)

    @property
    def features(self) -> int:
        """How many numbers a step has after it."""
        raise NotImplementedError


class Embedding(Reads):
    """The row of a table by its number.

    Args:
        rows, units: of the table.
        masked: whether the number 0 is a step that is not there.
    """

    operation: Literal["embedding"] = "embedding"
    columns: Literal[1] = 1
    rows: Size
    units: Size
    masked: bool

    @property
    def features(self) -> int:
        """The units."""
        return self.units

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The table."""
        return {"table": (self.rows, self.units)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Look up."""
        table = arrays["table"]
        return lambda ids: (table[ids[:, 0]], ids[:, 0] != 0 if self.masked else None)


class SubwordEmbedding(Reads):
    """The mean of the rows of a word and its pieces; 0 is none. A step of zeros is not there.

    Args:
        rows, units: of the table.
    """

    operation: Literal["subword_embedding"] = "subword_embedding"
    rows: Size
    units: Size

    @property
    def features(self) -> int:
        """The units."""
        return self.units

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The table."""
        return {"table": (self.rows, self.units)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Look up and average."""
        table = arrays["table"]

        def mean(ids: Array) -> Floats32:
            if ids.shape[1] == 1:
                only: Floats32 = table[ids[:, 0]]
                return only
            share = (ids != 0).astype(np.float32)
            share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
            found: Floats32 = np.matmul(share[:, None], table[ids])[:, 0]
            return found

        def read(ids: Array) -> tuple[Floats32, Bools]:
            some = [mean(ids[at : at + DISTINCT]) for at in range(0, len(ids), DISTINCT)]
            return np.concatenate(some), (ids != 0).any(axis=1)

        return read


class LastColumn(Reads):
    """Numbers of which the last says whether the step is there."""

    operation: Literal["numbers"] = "numbers"

    @property
    def features(self) -> int:
        """All but the last."""
        return self.columns - 1

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Take off the last column."""
        return lambda table: (table[:, :-1], table[:, -1] > 0)


class Days(Reads):
    """Numbers; a step where all are 0 is not there."""

    operation: Literal["days"] = "days"

    @property
    def features(self) -> int:
        """All."""
        return self.columns

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Find what is there."""
        return lambda table: (table, table.any(axis=1))
