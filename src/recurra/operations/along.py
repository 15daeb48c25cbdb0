"""Operations along steps: side by side, convolutions, normalizations, activations, pooling."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Bools, Floats32
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
from recurra.sequences import SHORTEST_BUCKET
from recurra.stored import Numbers

__all__ = ["Activate", "BatchNormalization", "Concatenate", "Convolution", "Pooling"]


class Concatenate(Single):
    """Several, side by side."""

    operation: Literal["concatenate"] = "concatenate"

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The sum."""
        if len({each[1:] for each in given}) != 1:
            raise ValueError(f"{self.name} joins steps with as many steps, or rows with rows")
        return given[0]._replace(numbers=sum(each.numbers for each in given))

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Join."""

        def join(*parts: Any) -> Any:
            if isinstance(parts[0], Steps):
                return Steps(np.concatenate([p.values for p in parts], axis=2), parts[0].there)
            return np.concatenate(parts, axis=1)

        return join


class Convolution(Single):
    """A convolution along the steps.

    Args:
        features, size, filters: of its kernel.
        padding: "causal" sees steps before, "same" as many on both sides, "valid" gives fewer.
        masked: whether steps that are not there are taken for 0.
    """

    operation: Literal["convolution"] = "convolution"
    features: Size
    size: Annotated[int, Field(ge=1, le=1024)]
    filters: Size
    padding: Literal["causal", "same", "valid"]
    masked: bool
    bias: bool
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The filters."""
        lost = self._one(given, self.features, steps=True).lost
        lost += self.size - 1 if self.padding == "valid" else 0
        if lost >= SHORTEST_BUCKET:
            raise ValueError(f"{self.name} leaves no step of the shortest row")
        return Shape(self.filters, lost=lost)

    def room(self, given: Sequence[Shape]) -> int:
        """The windows, too."""
        return self.filters + self.size * self.features

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernel and the bias."""
        bias = {"bias": (self.filters,)} if self.bias else {}
        return {"kernel": (self.size, self.features, self.filters), **bias}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Multiply windows of steps by the kernel."""
        kernel = arrays["kernel"].reshape(-1, self.filters)
        bias, apply = arrays.get("bias", np.float32(0)), ACTIVATIONS[self.activation]
        more = self.size - 1
        before, after = {
            "causal": (more, 0), "same": (more // 2, more - more // 2), "valid": (0, 0)
        }[self.padding]  # fmt: skip

        def convolve(x: Steps) -> Steps:
            values = x.values
            if self.masked and x.there is not None:
                values = values * x.there[..., None]
            padded = np.pad(values, ((0, 0), (before, after), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=1)
            rows, steps = windows.shape[:2]
            flat = windows.transpose(0, 1, 3, 2).reshape(rows, steps, -1)
            there = None if self.padding == "valid" else x.there
            return Steps(apply(product(flat, kernel) + bias), there)

        return convolve


class BatchNormalization(Single):
    """Each number less its mean in training, over its deviation there, scaled and moved."""

    operation: Literal["batch_normalization"] = "batch_normalization"
    features: Size
    epsilon: Annotated[float, Field(ge=1e-12, le=1)]

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many."""
        return self._one(given, self.features, steps=True)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Four numbers for each."""
        return dict.fromkeys(("gamma", "beta", "mean", "variance"), (self.features,))

    def bounds(self, of: str, size: tuple[int, ...]) -> Numbers:
        """A variance is not below 0."""
        found = super().bounds(of, size)
        return Numbers(size, 0, found.high, found.dtypes) if of == "variance" else found

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Make of the four two."""
        gamma, beta, mean, variance = (
            arrays[name].astype(float) for name in ("gamma", "beta", "mean", "variance")
        )
        scale = gamma / np.sqrt(variance + self.epsilon)
        moved = (beta - mean * scale).astype(np.float32)
        scale = scale.astype(np.float32)
        return lambda x: Steps(x.values * scale + moved, x.there)


class Activate(Single):
    """A function of every number."""

    operation: Literal["activation"] = "activation"
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many."""
        return self._one(given)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Apply."""
        apply = ACTIVATIONS[self.activation]
        return lambda x: x._replace(values=apply(x.values)) if isinstance(x, Steps) else apply(x)


class Pooling(Single):
    """Of all steps of a row one.

    Args:
        kind: the maximum and the mean side by side, the mean or the last of the steps that are
            there; or the maximum of all.
    """

    operation: Literal["pooling"] = "pooling"
    kind: Literal["maximum_and_mean", "maximum", "mean", "last"]

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many, or two for each."""
        numbers = self._one(given, steps=True).numbers
        return Shape(numbers * (2 if self.kind == "maximum_and_mean" else 1), steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Pool."""
        return {
            "maximum_and_mean": lambda x: np.concatenate([_most(x), _mean(x)], axis=1),
            "maximum": lambda x: x.values.max(axis=1),
            "mean": _mean,
            "last": _last,
        }[self.kind]


def _there(x: Steps) -> Bools:
    return np.ones(x.values.shape[:2], bool) if x.there is None else x.there


def _most(x: Steps) -> Floats32:
    """Give the maximum over the steps that are there, 0 where none is."""
    there = _there(x)
    most = np.where(there[..., None], x.values, np.float32(-1e9)).max(axis=1)
    return _or_zero(there, most)


def _or_zero(there: Bools, found: Floats32) -> Floats32:
    """Give 0 for rows of which no step is there."""
    some = np.any(there, axis=1, keepdims=True)
    kept: Floats32 = np.where(some, found, np.float32(0))
    return kept


def _mean(x: Steps) -> Floats32:
    """Give the mean over the steps that are there, 0 where none is."""
    there = _there(x)[..., None]
    total = np.sum(x.values, axis=1, dtype=float, where=there)
    mean: Floats32 = (total / np.maximum(there.sum(axis=1), 1)).astype(np.float32)
    return mean


def _last(x: Steps) -> Floats32:
    """Give the last step that is there, 0 where none is."""
    there = _there(x)
    last = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    found = x.values[np.arange(len(last)), last]
    return _or_zero(there, found)
