"""Operations of a row: dense, what it begins from, sums and columns."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from recurra.arrays import Array
from recurra.operations.single import (
    ACTIVATIONS,
    Activation,
    Run,
    Shape,
    Single,
    Size,
    Steps,
    product,
)

__all__ = ["Add", "Columns", "Dense", "Start"]


class Dense(Single):
    """x W + b of a row, or of every step."""

    operation: Literal["dense"] = "dense"
    features: Size
    units: Size
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The units."""
        return self._one(given, self.features)._replace(numbers=self.units)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernel and the bias."""
        return {"kernel": (self.features, self.units), "bias": (self.units,)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Multiply."""
        kernel, bias = arrays["kernel"].astype(float), arrays["bias"].astype(float)
        apply = ACTIVATIONS[self.activation]

        def dense(x: Any) -> Any:
            values = x.values if isinstance(x, Steps) else x
            found = apply(product(values.astype(float), kernel) + bias).astype(np.float32)
            return x._replace(values=found) if isinstance(x, Steps) else found

        return dense


class Start(Single):
    """Where a row begins: what is given of it beside its steps.

    Args:
        numbers: how many.
    """

    operation: Literal["start"] = "start"
    numbers: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The numbers."""
        if given:
            raise ValueError(f"{self.name} is given from outside, and takes nothing")
        return Shape(self.numbers, steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Refuse: where rows begin must be given."""

        def missing() -> None:
            raise ValueError(f"{self.name} must be given")

        return missing


class Add(Single):
    """The sum of several."""

    operation: Literal["add"] = "add"

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many as each."""
        if len(set(given)) != 1 or given[0].steps:
            raise ValueError(f"{self.name} adds rows of one size, but it is given {given}")
        return given[0]

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Add."""
        return lambda *parts: sum(parts[1:], parts[0])


class Columns(Single):
    """Some of the numbers of a row.

    Args:
        first, last: from the first until before the last.
    """

    operation: Literal["columns"] = "columns"
    first: Annotated[int, Field(ge=0)]
    last: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """How many they are."""
        if not self.first < self.last <= self._one(given, steps=False).numbers:
            raise ValueError(f"{self.name} takes columns {self.first}:{self.last} of {given}")
        return Shape(self.last - self.first, steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Choose."""
        return lambda x: x[:, self.first : self.last]
