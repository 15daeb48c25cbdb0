"""Columns that are known only later: equal to what another column holds some rows on.

::

    a column ahead     x[t] = y[t + k], or its change from t to t + k, or the sign of that
                       k = 1 … 20 rows
    a label ahead      the label is said by the sign of that change: it looks k rows ahead

A label may look ahead, for that is what is asked; then the last k rows before the side held out
know its beginning. A column that is read may not.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recurra.arrays import Array, Bools, Floats

__all__ = ["Ahead", "columns_ahead", "digits_behind", "label_ahead"]

FURTHEST = 20  # rows
FEWEST, SAME = 50, 0.98  # rows known, and the share that must agree
SLACK = 1e-6


@dataclass(frozen=True)
class Ahead:
    """A column that holds what another holds some rows later.

    Args:
        name: of it.
        of: the other column.
        rows: how many rows later.
        what: "value", "change" or "direction of the change".
        share: of the rows that agree.
    """

    name: str
    of: str
    rows: int
    what: str
    share: float


def columns_ahead(columns: dict[str, Floats]) -> list[Ahead]:
    """Give the columns that are known some rows later: of each the nearest and surest.

    Args:
        columns: (rows,) each, in order of time, NaN where nothing is known.

    Example:
        >>> close = np.random.default_rng(0).normal(size=200).cumsum() + 100
        >>> later = np.append(close[1:], np.nan)
        >>> [(a.name, a.of, a.rows) for a in columns_ahead({"close": close, "x": later})]
        [('x', 'close', 1)]
    """
    found = []
    for name, values in columns.items():
        others = {other: each for other, each in columns.items() if other != name}
        ahead = [each for other in others for each in _ahead(name, values, other, others[other])]
        ahead += _direction(name, values, others)
        if ahead:
            found.append(max(ahead, key=lambda each: (each.share, -each.rows)))
    return found


def _ahead(name: str, values: Floats, other: str, theirs: Floats) -> Iterator[Ahead]:
    if _agree(values, theirs) >= SAME:  # it is known now
        return
    for rows in range(1, min(FURTHEST, len(theirs) - FEWEST) + 1):
        then, now = theirs[rows:], theirs[:-rows]
        with np.errstate(divide="ignore", invalid="ignore"):
            ways = {
                "value": [then],
                "change": [then - now, then / now - 1, 100 * (then / now - 1), np.log(then / now)],
            }
        for what, each in ways.items():
            share = max(_agree(values[:-rows], way) for way in each)
            if share >= SAME:
                yield Ahead(name, other, rows, what, share)
                return


def _direction(name: str, values: Floats, others: dict[str, Floats]) -> list[Ahead]:
    """Say whether a column of two values is the sign of a change to come."""
    known = np.isfinite(values)
    two = np.unique(values[known])
    if len(two) != 2 or min((values == each).sum() for each in two) < FEWEST // 5:
        return []
    found = label_ahead(np.where(known, values == two[1], np.nan), others)
    if found is None:
        return []
    return [Ahead(name, found.of, found.rows, "direction of the change", found.share)]


def _agree(one: Floats, other: Floats) -> float:
    """Give the share of rows that agree, of those that are known and are no constant."""
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < FEWEST or len(np.unique(one[known])) < FEWEST // 5:
        return 0.0
    size = float(np.abs(other[known]).mean())
    written = 10.0 ** -digits_behind(one[known])
    near = np.abs(one[known] - other[known]) <= np.maximum(SLACK * size, 0.51 * written)
    if 0.51 * written > 0.05 * float(other[known].std()):
        return 0.0  # too coarse to tell
    return float(near.mean())


def digits_behind(values: Floats) -> int:
    """Give how many digits behind the point numbers are written with, 12 at most."""
    some = values[:200]
    for digits in range(12):
        if np.allclose(some, np.round(some, digits), rtol=0, atol=1e-13 * np.abs(some).max()):
            return digits
    return 12


def label_ahead(truth: Array, columns: dict[str, Floats]) -> Ahead | None:
    """Say how many rows ahead a label of two classes looks, if the sign of a change is it.

    Args:
        truth: (rows,) 0 or 1, NaN where nothing is known.
        columns: (rows,) each, in order of time.
    """
    best: Ahead | None = None
    for name, values in columns.items():
        for rows in range(1, min(FURTHEST, len(values) - FEWEST) + 1):
            change = values[rows:] - values[:-rows]
            known = np.isfinite(change) & (change != 0) & np.isfinite(truth[:-rows])
            if known.sum() < FEWEST:
                continue
            share = _same_sign(change[known] > 0, truth[:-rows][known] > 0)
            if share >= SAME and (best is None or share > best.share):
                best = Ahead("the label", name, rows, "change", share)
    return best


def _same_sign(up: Bools, one: Bools) -> float:
    """Give how much two signs, or their opposites, agree: where each is so, at the least."""
    if one.all() or not one.any():
        return 0.0
    shares = float(up[one].mean()), float(up[~one].mean())
    return max(min(shares[0], 1 - shares[1]), min(1 - shares[0], shares[1]))
