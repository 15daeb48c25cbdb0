"""What one operation is: what it takes and gives, its arrays, and how it is bound to them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Bools, Floats, Floats32
from recurra.cells import sigmoid
from recurra.stored import WEIGHT, Numbers, Stored, Text

__all__ = ["ACTIVATIONS", "Activation", "Run", "Shape", "Single", "Size", "Steps", "product"]

Size = Annotated[int, Field(ge=1, le=1 << 24)]
Activation = Literal["linear", "relu", "sigmoid", "softmax", "tanh"]
Run = Callable[..., Any]


class Shape(NamedTuple):
    """What an operation gives.

    Args:
        numbers: how many.
        steps: whether at every step, or once a row.
        lost: steps fewer than the input has.
    """

    numbers: int
    steps: bool = True
    lost: int = 0


class Steps(NamedTuple):
    """Values at every step of some rows.

    Args:
        values: (rows, timesteps, features).
        there: (rows, timesteps), which steps are there; None for all.
    """

    values: Floats32
    there: Bools | None


def linear(x: Floats) -> Floats:
    """Give x."""
    return x


def relu(x: Array) -> Array:
    """Give what is above 0."""
    return np.maximum(x, 0)


def softmax(x: Array) -> Array:
    """Give exp(x) / Σ exp(x) along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": np.tanh,
}


def product(x: Array, kernel: Array) -> Array:
    """Multiply each row of x, (rows, …, features), by the kernel: a product of one shape a row."""
    one_row = x[:, None] if x.ndim == 2 else x
    found: Array = np.matmul(one_row, kernel)
    return found[:, 0] if x.ndim == 2 else found


class Single(Stored, extra="forbid"):
    """One operation.

    Args:
        name: by which later ones know what it gives.
        of: the names of what it takes.
        weights: its arrays, by what they are to it: their names in `weights.safetensors`.
    """

    name: Text
    of: list[Text] = Field(default_factory=list)
    weights: dict[Text, Text] = Field(default_factory=dict)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each array, by what it is to it."""
        return {}

    def gives(self, given: Sequence[Shape]) -> Shape:
        """Give what it makes of what it takes.

        Raises:
            ValueError: it cannot take that.
        """
        raise NotImplementedError

    def room(self, given: Sequence[Shape]) -> int:
        """Give how many numbers a step (or a row) takes while it works."""
        return self.gives(given).numbers

    def needed(self) -> dict[str, Numbers]:
        """Give what the arrays must be, by their names in the bundle."""
        sizes = self.sizes()
        if set(sizes) != set(self.weights):
            raise ValueError(
                f"{self.name} needs the weights {sorted(sizes)}, not {sorted(self.weights)}"
            )
        return {self.weights[of]: self.bounds(of, size) for of, size in sizes.items()}

    def bounds(self, of: str, size: tuple[int, ...]) -> Numbers:
        """Give what one array must be."""
        return Numbers(size, -WEIGHT, WEIGHT, ("float32",))

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Give it with its arrays, by what they are to it: a function of what it takes."""
        raise NotImplementedError

    def _one(
        self, given: Sequence[Shape], numbers: int | None = None, steps: bool | None = None
    ) -> Shape:
        """Give the one thing that it takes, if it is of so many numbers, a step or a row."""
        if len(given) == 1:
            (found,) = given
            if numbers in (None, found.numbers) and steps in (None, found.steps):
                return found
        raise ValueError(f"{self.name} cannot take what it is given: {[*map(tuple, given)]}")
