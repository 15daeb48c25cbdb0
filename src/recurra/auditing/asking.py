"""Rows of any kind, and whoever answers them: taken, changed, asked, and their answers compared."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from recurra.arrays import Array, Bools, Floats, Rows
from recurra.errors import DataError, SettingsError
from recurra.sequences import Ragged

__all__ = [
    "Answers",
    "changed",
    "differ",
    "fit_of",
    "labels_of",
    "parts_of",
    "rows_in",
    "say_of",
    "taken",
]

ROUNDING = 1e-4  # a part of an answer, or of how far answers spread, that is put down to roundings
Answers = Array


def rows_in(inputs: Any) -> int:
    """Count rows: of a frame, an array, a sparse matrix, sequences or a list."""
    shape = getattr(inputs, "shape", None)
    return int(shape[0]) if shape else len(inputs)


def taken(inputs: Any, rows: Rows) -> Any:
    """Give some of the rows, as the same kind of thing."""
    if hasattr(inputs, "iloc"):
        return inputs.iloc[rows]
    if isinstance(inputs, np.ndarray) or hasattr(inputs, "tocsr"):
        return inputs[rows]
    if isinstance(inputs, Ragged):
        return inputs.take(rows)
    return [inputs[row] for row in rows.tolist()]


def changed(inputs: Any, rows: Rows, seed: int) -> Any:
    """Give the same rows, some of them with other contents: numbers elsewhere, texts turned round.

    Mean and spread of the rows that are changed become others, so that who looks at them sees it.
    """
    other = copy.deepcopy(inputs)
    draw = np.random.default_rng(seed)
    if hasattr(other, "iloc"):
        columns = other.columns if hasattr(other, "columns") else [None]
        for column in columns:
            values = np.array(other if column is None else other[column])
            values[rows] = _moved(values[rows], draw)
            if column is None:
                return type(other)(values, index=other.index)
            other[column] = values
        return other
    if hasattr(other, "tocsr"):
        factors = np.ones(rows_in(other))
        factors[rows] = draw.uniform(2, 3, len(rows))
        return other.multiply(factors[:, None]).tocsr()
    if isinstance(other, np.ndarray):
        other[rows] = _moved(other[rows], draw)
        return other
    if isinstance(other, Ragged):
        parts = parts_of(other)
        for row in rows.tolist():
            parts[row] = _moved(parts[row], draw)
        return Ragged.of_numbers(parts)
    other = list(other)
    for row in rows.tolist():
        other[row] = _other(other[row], draw)
    return other


def _moved(values: Array, draw: np.random.Generator) -> Array:
    if values.dtype.kind in "fc":
        size = np.nanstd(values) + np.nanmean(np.abs(values)) + 1.0
        return (values * 1.7 + draw.normal(1.0, 1.0, values.shape) * size).astype(values.dtype)
    if values.dtype.kind in "iub":
        return draw.permutation(values)[::-1].copy()
    moved = np.empty(len(values), object)
    moved[:] = [_other(each, draw) for each in values]
    return moved.astype(values.dtype) if values.dtype.kind in "US" else moved


def _other(value: Any, draw: np.random.Generator) -> Any:
    """Give another value of the same kind."""
    if isinstance(value, str):
        return f"{value[::-1]} {chr(int(draw.integers(0x4E00, 0x9FA5)))}"
    if isinstance(value, np.ndarray):
        return _moved(value, draw)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return type(value)(value * 2 + draw.integers(1, 5))
    if isinstance(value, list | tuple) and value:
        return type(value)([_other(each, draw) for each in value])
    return value


def parts_of(sequences: Ragged) -> list[Array]:
    """Give the steps of each sequence."""
    return np.split(sequences.timesteps(), sequences.offsets[1:-1])


# ---- who answers


def say_of(model: Any) -> Callable[[Any], Answers]:
    """Give what asks a model, finely where it can say how sure it is: (rows, …) answers.

    Args:
        model: what has `predict_proba` or `predict`, or a function of rows.

    Raises:
        SettingsError: it is none of these.
    """
    ask = getattr(model, "predict_proba", None) or getattr(model, "predict", None) or model
    if not callable(ask):
        raise SettingsError(
            "what is audited must have `predict`, or be a function of rows, but it is "
            f"{type(model).__name__}."
        )
    return lambda inputs: _asked(ask, inputs)


def labels_of(model: Any) -> Callable[[Any], Answers]:
    """Give what asks a model for its decisions: (rows,) answers."""
    ask = getattr(model, "predict", None) or model
    return lambda inputs: _asked(ask, inputs)


def _asked(ask: Callable[[Any], Any], inputs: Any) -> Answers:
    with np.errstate(all="ignore"):  # of one row there is no spread to divide by
        return _answers(ask(inputs), rows_in(inputs))


def _answers(said: Any, rows: int) -> Answers:
    if isinstance(said, list) and said and isinstance(said[0], list | tuple | np.ndarray):
        found = np.empty(len(said), object)  # an answer to each step, of rows of any length
        found[:] = [tuple(each) for each in said]
    else:
        found = np.asarray(said)
    if found.ndim == 0 or len(found) != rows:
        given = "one answer" if found.ndim == 0 else f"{len(found):,} answers"
        raise DataError(f"there must be an answer to each row, but {rows:,} rows got {given}.")
    return found


def fit_of(model: Any) -> Callable[[Any, Array, Rows], Any] | None:
    """Give what fits a fresh copy of a model on the rows known; None where it cannot be fitted."""
    if not hasattr(model, "fit"):
        return None

    def fit(inputs: Any, targets: Array, known: Rows) -> Any:
        fresh = _fresh(model)
        return fresh.fit(taken(inputs, known), targets[known]) or fresh

    return fit


def _fresh(model: Any) -> Any:
    if hasattr(model, "get_params"):
        from sklearn.base import clone

        return clone(model)
    return copy.deepcopy(model)


# ---- answers beside answers


def differ(one: Answers, other: Answers) -> tuple[Bools, Floats]:
    """Say which answers differ by more than roundings, and by how much, (rows,) each.

    Answers that are no numbers differ by 1.
    """
    if one.dtype == other.dtype == object and len(one) and isinstance(one[0], tuple):
        pairs = [differ(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True)]
        return (
            np.array([apart.any() for apart, _ in pairs]),
            np.array([far.max(initial=0.0) for _, far in pairs]),
        )
    if one.shape != other.shape:
        return np.ones(len(one), bool), np.ones(len(one))
    if one.dtype.kind not in "fiubc" or other.dtype.kind not in "fiubc":
        apart = (one != other).reshape(len(one), -1).any(axis=1)
        return apart, apart.astype(float)
    a, b = (x.astype(float).reshape(len(x), -1) for x in (one, other))
    far = np.abs(a - b)
    far[np.isnan(a) & np.isnan(b)] = 0.0
    far = np.where(np.isnan(far), np.inf, far)
    there = a[np.isfinite(a)]
    spread = float(there.std()) if len(there) else 0.0
    limit = ROUNDING * np.maximum(spread, np.nan_to_num(np.maximum(np.abs(a), np.abs(b))))
    return ~(far <= limit).all(axis=1), far.max(axis=1, initial=0.0)
