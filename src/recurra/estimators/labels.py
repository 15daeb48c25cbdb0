"""What classes may be called: text, numbers, or True and False; of one kind, and none missing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Array
from recurra.errors import DataError

__all__ = ["as_labels"]

KINDS: tuple[type | tuple[type, ...], ...] = (str, (bool, np.bool_), (int, float, np.number))


def as_labels(y: Any, where: Callable[[int], str] = "row {}".format) -> Array:
    """Give labels as an array, (rows,).

    Args:
        y: a label a row.
        where: names a place for people.

    Raises:
        DataError: a label is missing, or they are not of one kind that can be saved and read again.

    Example:
        >>> as_labels(["ham", "spam"]).tolist(), as_labels([True, False]).tolist()
        (['ham', 'spam'], [True, False])
    """
    labels = np.asarray(y) if isinstance(y, np.ndarray) else np.asarray(y, dtype=object)
    if labels.ndim != 1:
        return labels
    missing = [row for row, none in enumerate(pd.isna(labels)) if np.ndim(none) == 0 and bool(none)]
    if missing:
        raise DataError(
            f"every row must have a label, but {where(missing[0])} has {labels[missing[0]]!r} "
            f"({len(missing):,} in all). Leave such rows out, or give them a class."
        )
    if labels.dtype.kind in "biufU":
        return labels
    values = labels.tolist()
    if any(all(isinstance(value, kind) for value in values) for kind in KINDS):
        return np.asarray(values)
    kinds = sorted({type(value).__name__ for value in values})
    raise DataError(
        "labels must be all text, all numbers, or all True and False, but they are "
        f"{', '.join(kinds)}. Write them as text: [str(label) for label in y]"
    )
