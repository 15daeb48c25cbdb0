"""Many sequences of different lengths in flat arrays.

A million messages as Python lists of Python integers take gigabytes; as one array of codes with
one array of offsets they take four bytes a timestep. Each distinct timestep is stored once in
`table` and referred to by its row there, as a dictionary-encoded column does.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Codes, Floats, Rows
from recurra.errors import DataError
from recurra.stored import Number, Positive, Stored

__all__ = [
    "Histories",
    "Inputs",
    "NumberEncoder",
    "Ragged",
    "are_numbers",
    "bucket_of",
    "check_rows",
    "conformal_margins",
    "mean_and_scale",
    "naive_ahead",
    "steps_told",
]

SHORTEST_BUCKET = 16
FURTHEST = 1e20  # deviations; what a network makes of them still fits 32 bits


@dataclass(frozen=True)
class Ragged:
    """Sequences stored end to end: sequence `i` is `table[codes[offsets[i]:offsets[i + 1]]]`.

    Args:
        codes: (total timesteps,) int32, rows of `table`.
        offsets: (sequences + 1,) int64, rising from 0 to the number of codes.
        table: (distinct timesteps, features) int32, or floats. Row 0 is the padding row, all zero.

    Example:
        >>> table = np.array([[0], [7], [8]], dtype=np.int32)
        >>> ragged = Ragged(np.array([1, 2, 1], np.int32), np.array([0, 1, 3]), table)
        >>> len(ragged), ragged.lengths.tolist()
        (2, [1, 2])
        >>> ragged.pad(np.array([0, 1]), timesteps=3)[..., 0].tolist()
        [[7, 0, 0], [8, 7, 0]]
    """

    codes: Codes
    offsets: Rows
    table: Array

    @classmethod
    def of_numbers(cls, X: Any) -> "Ragged":
        """Store numeric sequences.

        Args:
            X: an array (rows, timesteps, features) or (rows, timesteps), or a list of arrays
                (timesteps_i, features) or (timesteps_i,); a `Ragged` of floats is given back.

        Raises:
            DataError: the numbers are not finite, or rows differ in their features.

        Example:
            >>> ragged = Ragged.of_numbers([[1.0, 2.0], [3.0]])
            >>> ragged.lengths.tolist(), ragged.table.shape
            ([2, 1], (4, 1))
        """
        if isinstance(X, Ragged):
            return X
        check_rows(X)
        rows = [_steps(row, number) for number, row in enumerate(X)]
        features = rows[0].shape[1] if rows else 1
        for number, row in enumerate(rows):
            if row.shape[1] != features:
                raise DataError(
                    f"every row of X must have the same features, but row 0 has {features} and "
                    f"row {number} has {row.shape[1]}."
                )
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        table = np.concatenate([np.zeros((1, features)), *rows])
        return cls(np.arange(1, len(table), dtype=np.int32), offsets, table)

    def timesteps(self) -> Array:
        """Give the timesteps of all sequences end to end, (total timesteps, features)."""
        return self.table[self.codes]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def arrays(self) -> list[Array]:
        """Give the three arrays, for a fingerprint."""
        return [self.codes, self.offsets, self.table]

    @cached_property
    def lengths(self) -> Rows:
        """The number of timesteps of each sequence, (sequences,)."""
        return np.diff(self.offsets)

    def pad(self, rows: Rows, timesteps: int) -> Array:
        """Give the chosen sequences as one (rows, timesteps, features) array, zeros at the end."""
        starts, lengths = self.offsets[rows], self.lengths[rows]
        steps = np.arange(timesteps)
        inside = steps < lengths[:, None]
        codes = np.zeros((len(rows), timesteps), np.int32)
        codes[inside] = self.codes[(starts[:, None] + steps)[inside]]
        return self.table[codes]

    def take(self, rows: Rows) -> "Ragged":
        """Give the chosen sequences, in the order given."""
        lengths = self.lengths[rows]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        codes = self.codes[np.repeat(self.offsets[rows], lengths) + within]
        return Ragged(codes, offsets, self.table)


Inputs = Ragged | tuple[Ragged, ...]  # what a network is given


def bucket_of(lengths: Rows) -> Rows:
    """Give the padded length of each sequence: the next power of two, at least 16.

    A text's bucket depends on its own length alone, so its score cannot depend on its neighbours.

    Example:
        >>> bucket_of(np.array([0, 8, 9, 300])).tolist()
        [16, 16, 16, 512]
    """
    exponents = np.ceil(np.log2(np.maximum(lengths, SHORTEST_BUCKET)))
    buckets: Rows = 2 ** exponents.astype(np.int64)
    return buckets


def check_rows(X: Any, name: str = "X") -> None:
    """Refuse what has no rows in an order that are counted and read again: a generator, a set.

    Args:
        X: what was given.
        name: of the argument, for the message.

    Raises:
        DataError: it is not of the kind of a list or an array.

    Example:
        >>> check_rows(["a", "b"])
        >>> check_rows(text for text in ["a", "b"])  # doctest: +IGNORE_EXCEPTION_DETAIL
        Traceback (most recent call last):
        recurra.errors.DataError: X must be a list or an array of rows, but …
    """
    rows = all(hasattr(type(X), each) for each in ("__len__", "__getitem__"))
    if rows and not isinstance(X, Mapping | str | bytes):
        return
    ordered = isinstance(X, Iterable) and not isinstance(X, Mapping | Set | str | bytes)
    advice = f" Rows are counted, and read more than once: list({name})" if ordered else ""
    raise DataError(
        f"{name} must be a list or an array of rows, but what was given is of the type "
        f"{type(X).__name__}.{advice}"
    )


def are_numbers(X: Any) -> bool:
    """Say whether X holds numeric sequences, not texts."""
    if isinstance(X, Ragged):
        return bool(np.issubdtype(X.table.dtype, np.floating))
    if isinstance(X, np.ndarray) and X.ndim > 1:
        return X.dtype.kind in "biufc"
    if isinstance(X, str) or not isinstance(X, Sequence | np.ndarray) or not len(X):
        return False
    first = X[0]
    if isinstance(first, str) or not isinstance(first, Sequence | np.ndarray):
        return False
    return not len(first) or np.asarray(first).dtype.kind in "biufc"


def _steps(row: Any, number: int) -> Floats:
    """Give one sequence as (timesteps, features), or say why that cannot be."""
    try:
        steps = np.asarray(row)
        if steps.dtype.kind == "c":
            raise DataError("Complex data not supported: give real and imaginary parts as features")
        steps = steps.astype(np.float64, copy=False)
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"every row of X must be numbers (timesteps, features), but row {number} is not "
            f"({error})."
        ) from None
    if steps.ndim == 1:
        steps = steps[:, None]
    if steps.ndim != 2 or not steps.shape[1]:
        raise DataError(
            f"every row of X must be (timesteps, features), but row {number} has shape "
            f"{np.shape(row)}."
        )
    wrong = np.argwhere(~np.isfinite(steps))
    if len(wrong):
        step, feature = wrong[0]
        raise DataError(
            f"the numbers must be finite, but row {number} is {steps[step, feature]} (NaN or "
            f"infinity) at timestep {step}, feature {feature}. Fill or drop such rows."
        )
    return steps


class _Stored(Stored):
    mean: Annotated[list[Number], Field(min_length=1)]
    scale: list[Positive]


def mean_and_scale(values: Floats, beside: Any = 0.0) -> tuple[Floats, Floats]:
    """Give the mean and the deviation of each column, whatever the unit of its numbers.

    A column that does not change has the scale 1, and so has one whose deviation is rounding.

    Args:
        values: (rows, columns) or (rows,).
        beside: of what size the numbers were that values are differences of.

    Example:
        >>> [float(mean_and_scale(np.array([1.0, 3.0]) * u)[1] / u) for u in (1e-200, 1, 1e300)]
        [1.0, 1.0, 1.0]
    """
    # squares of large numbers overflow: powers of two are taken out, which changes no other bit
    size = np.abs(values).max(axis=0)
    power = np.frexp(size)[1]
    plain = np.ldexp(values, -power)
    mean, deviation = (np.ldexp(each, power) for each in (plain.mean(axis=0), plain.std(axis=0)))
    return mean, np.where(deviation > 1e-14 * np.maximum(size, beside), deviation, 1.0)


@dataclass(frozen=True)
class Histories:
    """What stands before each origin, in series that lie end to end.

    Nothing from an origin on is read; what lies there is the same series, later.

    Args:
        steps: (steps, features) of all series; the first feature is the one that is forecast.
        starts: (rows,) where the series of each row begins.
        ends: (rows,) the origins: the steps that are forecast first.

    Example:
        >>> before = Histories.of([[1.0, 2.0, 3.0], [7.0, 8.0]])
        >>> before.lengths.tolist(), before.windows(2).tolist()
        ([3, 2], [[2.0, 3.0], [7.0, 8.0]])
    """

    steps: Floats
    starts: Rows
    ends: Rows

    @classmethod
    def of(cls, X: Any) -> "Histories":
        """Take histories as they are, or numeric sequences, each a whole history."""
        if isinstance(X, Histories):
            return X
        rows = Ragged.of_numbers(X)
        return cls(rows.timesteps().astype(np.float64), rows.offsets[:-1], rows.offsets[1:])

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def numbers(self) -> Floats:
        """The steps of what is forecast."""
        column: Floats = self.steps[:, 0]
        return column

    @property
    def lengths(self) -> Rows:
        """How many steps stand before each origin."""
        return self.ends - self.starts

    def take(self, rows: Any) -> "Histories":
        """Give some of the rows."""
        return Histories(self.steps, self.starts[rows], self.ends[rows])

    def windows(self, width: int) -> Floats:
        """Give the last steps of histories that are long enough, (rows, width)."""
        found: Floats = self.numbers[self.ends[:, None] - width + np.arange(width)]
        return found

    def ahead(self, horizon: int) -> Floats:
        """Give what followed, (rows, horizon): for fits on rows whose targets are known."""
        found: Floats = self.numbers[self.ends[:, None] + np.arange(horizon)]
        return found

    def by_length(self, longest: int) -> Iterator[tuple[Rows, Floats]]:
        """Give rows of one length together, and their last steps: all, or the longest that count.

        Yields:
            The places of the rows, and (rows, steps).
        """
        lengths = np.minimum(self.lengths, longest)
        for length in np.unique(lengths):
            rows = np.flatnonzero(lengths == length)
            yield rows, self.take(rows).windows(int(length))

    def ragged(self, width: int) -> Ragged:
        """Give the last steps of each history as sequences, shorter where it is."""
        lengths = np.minimum(self.lengths, width)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
        codes = np.repeat(self.ends - lengths, lengths) + within + 1
        table = np.concatenate([np.zeros((1, self.steps.shape[1])), self.steps])
        return Ragged(codes.astype(np.int32), offsets, table)


def naive_ahead(series: Floats, origins: Rows, horizon: int, season: int = 1) -> Floats:
    """Forecast each step as it was a whole number of seasons before, (origins, horizon).

    ::

        forecast[i, k] = series[origins[i] + k - season * ceil((k + 1) / season)]

    With season 1 that is the last value, for all steps ahead. Only steps before the origin are
    read.

    Example:
        >>> series = np.array([1.0, 2.0, 3.0, 4.0])
        >>> naive_ahead(series, np.array([4]), 3).tolist()
        [[4.0, 4.0, 4.0]]
        >>> naive_ahead(series, np.array([4]), 3, season=2).tolist()
        [[3.0, 4.0, 3.0]]
    """
    steps = np.arange(horizon)
    back = season * np.ceil((steps + 1) / season).astype(np.int64)
    ahead: Floats = series[origins[:, None] + steps - back]
    return ahead


def conformal_margins(errors: Floats, level: float) -> Floats:
    """Give half the width of intervals that hold a share of outcomes, from errors on other rows.

    ::

        margin = the error of rank ceil((n + 1) level) of n        the largest where there is none

    Args:
        errors: (rows, horizon) sizes of errors, of rows that the fit has not seen.
        level: the share.

    Example:
        >>> conformal_margins(np.arange(1.0, 10.0)[:, None], 0.8).tolist()
        [8.0]
    """
    rank = math.ceil((len(errors) + 1) * level - 1e-9)
    margins: Floats = np.sort(errors, axis=0)[min(rank, len(errors)) - 1]
    return margins


@dataclass(frozen=True)
class NumberEncoder:
    """From numeric sequences to what a network reads: scaled numbers and a last column of ones.

    ::

        encoded = [(x - mean) / scale, 1]        padding = [0, 0]

    The last column tells a step that is there from padding, whatever numbers it holds.

    Args:
        mean: (features,) taken off.
        scale: (features,) divided by.
    """

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, sequences: Ragged, scaled: bool = True) -> "NumberEncoder":
        """Learn mean and standard deviation over the timesteps of sequences: training rows only.

        A feature that never changes is only centred. Without `scaled`, numbers stay as they are.
        """
        features = sequences.table.shape[1]
        steps = sequences.timesteps()
        if not scaled or not len(steps):
            return cls(np.zeros(features), np.ones(features))
        return cls(*mean_and_scale(steps))

    @property
    def features(self) -> int:
        """The number of features of a timestep."""
        return len(self.mean)

    def encode(self, X: Any) -> Ragged:
        """Encode numeric sequences.

        Raises:
            DataError: they are not numbers, or have other features than those fitted on.
        """
        raw = Ragged.of_numbers(X)
        if len(raw) and raw.table.shape[1] != self.features:
            raise DataError(
                f"X has {raw.table.shape[1]} features, but the model is expecting {self.features} "
                "features as input, as in training."
            )
        table = np.zeros((len(raw.table), self.features + 1), np.float32)
        if len(raw.table) > 1:
            scaled = (raw.table[1:] - self.mean) / self.scale
            if np.abs(scaled).max() > FURTHEST:
                raise DataError(
                    f"numbers must be such as those of the training, but one is {FURTHEST:g} "
                    "deviations away from their mean, or more. Look for another unit, or a slip."
                )
            table[1:, :-1] = scaled
            table[1:, -1] = 1
        return Ragged(raw.codes, raw.offsets, table)

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` takes back."""
        return {"kind": "numbers", "mean": self.mean.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "NumberEncoder":
        """Rebuild what `to_json` gave.

        Raises:
            DataError: there is not one scale for each mean.
        """
        found = _Stored.model_validate(stored)
        if len(found.mean) != len(found.scale):
            raise DataError(
                f"there must be a scale for each mean, but there are {len(found.scale)} for "
                f"{len(found.mean)}."
            )
        return cls(np.asarray(found.mean, float), np.asarray(found.scale, float))


def steps_told(lengths: Rows) -> str:
    """Tell how long sequences are.

    Example:
        >>> steps_told(np.array([12, 40])), steps_told(np.array([12, 12]))
        ('12 to 40 steps', '12 steps')
    """
    shortest, longest = int(lengths.min()), int(lengths.max())
    if shortest == longest:
        return f"{longest:,} steps"
    return f"{shortest:,} to {longest:,} steps"
