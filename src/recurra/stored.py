"""What a saved model may hold, said as types: of its JSON, and of its arrays.

They are compared before anything is made of what they hold, and they bound it: no size, no number
and no text in a file makes a model that takes the machine's memory or answers NaN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from recurra.arrays import Array

__all__ = [
    "LARGEST",
    "WEIGHT",
    "Classes",
    "Count",
    "Day",
    "Distinct",
    "Names",
    "Number",
    "Numbers",
    "Positive",
    "Share",
    "Stored",
    "Text",
    "first_error",
    "unlike",
]

LARGEST = 1e150  # a product of two such numbers is finite, and so is a quotient
LARGEST_OF_ARRAYS = 1e30  # so that sums of some fit 32 bits
MOST_LETTERS = 100_000
WEIGHT = 1e6  # of a network: no training comes near, and sums of such products fit 32 bits


def _short(text: str) -> str:
    if len(text) > MOST_LETTERS:
        raise ValueError(f"a text has up to {MOST_LETTERS:,} letters")
    return text


def _distinct(texts: list[str]) -> list[str]:
    _short(max(texts, key=len, default=""))
    if len(set(texts)) != len(texts):
        raise ValueError("no text may come twice")
    return texts


def _sorted(classes: list[Any]) -> list[Any]:
    if not all(one < other for one, other in pairwise(classes)):
        raise ValueError("classes must be distinct, and stand in sorted order")
    return classes


Count = Annotated[int, Field(ge=1, le=10**9)]
Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Field(ge=1 / LARGEST, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]
# not by `Field(max_length=…)`, which takes no half of an emoji; tokens of real texts may be one
Text = Annotated[str, AfterValidator(_short)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")]
# looked at once for all: a vocabulary has up to a million texts
Distinct = Annotated[list[str], AfterValidator(_distinct)]
Names = Annotated[list[Text], Field(min_length=1), AfterValidator(_sorted)]
Classes = Annotated[
    list[Text] | list[bool] | list[int] | list[Number], Field(min_length=1), AfterValidator(_sorted)
]


class Stored(BaseModel):
    """Some of the JSON of a saved model: nothing is converted, and what is not named is not read.

    Example:
        >>> class Scale(Stored):
        ...     scale: Positive
        >>> Scale.model_validate({"scale": 2, "source": "a file"}).scale
        2.0
    """

    # built when the first is read: of the many kinds of operations a network has a few
    model_config = ConfigDict(strict=True, allow_inf_nan=False, frozen=True, defer_build=True)


@dataclass(frozen=True)
class Numbers:
    """What an array must be.

    Args:
        shape: of it; None where any length will do.
        low, high: the range of its values, ends included.
        dtypes: the types that will do.
    """

    shape: tuple[int | None, ...]
    low: float = -LARGEST_OF_ARRAYS
    high: float = LARGEST_OF_ARRAYS
    dtypes: tuple[str, ...] = ("float32", "float64")

    @classmethod
    def positive(cls, *shape: int | None) -> "Numbers":
        """Above 0: to divide by."""
        return cls(shape, 1 / LARGEST_OF_ARRAYS)

    @classmethod
    def shares(cls, *shape: int | None) -> "Numbers":
        """From 0 to 1."""
        return cls(shape, 0, 1)

    @classmethod
    def whole(cls, *shape: int | None, low: int = 0, high: int) -> "Numbers":
        """Whole numbers."""
        return cls(shape, low, high, ("int64",))

    def wrong(self, found: Array) -> str:
        """Say how an array differs, nothing where it does not."""
        fits = len(found.shape) == len(self.shape) and all(
            size in (None, here) for size, here in zip(self.shape, found.shape, strict=True)
        )
        if not fits:
            shape = tuple("any" if size is None else size for size in self.shape)
            return f"must have the shape {shape}, but it has {found.shape}"
        if found.dtype.name not in self.dtypes:
            return f"must be of {' or '.join(self.dtypes)}, but it is of {found.dtype.name}"
        outside = found[~((found >= self.low) & (found <= self.high))]
        if outside.size:
            return f"must be from {self.low:g} to {self.high:g}, but it holds {outside[0]:g}"
        return ""


def unlike(arrays: Mapping[str, Array], needed: Mapping[str, Numbers]) -> str:
    """Say which array is not as needed, and how; nothing where all are, and no more are there.

    Example:
        >>> import numpy as np
        >>> unlike({"shares": np.array([0.5, np.nan])}, {"shares": Numbers.shares(2)})
        "the array 'shares' must be from 0 to 1, but it holds nan"
    """
    for name, numbers in needed.items():
        if name not in arrays:
            return f"the array {name!r} must have the shape {numbers.shape}, but it is not there"
        if wrong := numbers.wrong(arrays[name]):
            return f"the array {name!r} {wrong}"
    more = next((name for name in arrays if name not in needed), None)
    return "" if more is None else f"there must be no other array, but there is {more!r}"


def first_error(error: ValidationError) -> str:
    """Say in one line what a type found wrong first."""
    found = error.errors(include_url=False)[0]
    where = ".".join(map(str, found["loc"])) or "it"
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "missing":
        return f"{where} is not there"
    arrived = repr(found["input"])
    arrived = arrived if len(arrived) <= 60 else f"{arrived[:60]}…"
    return f"{where} is {arrived} ({message[:1].lower()}{message[1:]})"
