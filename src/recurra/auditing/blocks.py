"""Columns that stay the same over rows on end, and are what another column is over these rows.

::

    block       rows on end in which x stays the same
    x of block  = last, mean, sum, highest or least y of the block, to the digits that are written

The first rows of a block know its last ones: a quarter's figure filled backwards, the mean of its
own week. That a block agrees to the last digit is no luck; some may not, where rows are missing.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recurra.arrays import Floats
from recurra.auditing.later import digits_behind

__all__ = ["OfBlocks", "columns_of_blocks"]

FEWEST, LONG = 8, 2.5  # blocks, and rows of one in the mean
SAME = 0.6  # of the blocks, that must agree
FINE = 0.01  # of the deviation of y: what digits must tell apart
WAYS = {"last": "last", "mean": "mean", "sum": "total", "max": "most", "min": "least"}


@dataclass(frozen=True)
class OfBlocks:
    """A column that is made of blocks of rows.

    Args:
        name: of it.
        of: the column that it is made of.
        what: it is of a block: "last", "mean", "total", "most" or "least".
        blocks: how many there are.
        share: of these that agree.
    """

    name: str
    of: str
    what: str
    blocks: int
    share: float


def columns_of_blocks(columns: dict[str, Floats]) -> list[OfBlocks]:
    """Give the columns that are made of blocks of rows: of each the surest.

    Args:
        columns: (rows,) each, in order of time, NaN where nothing is known.

    Example:
        >>> close = np.random.default_rng(0).normal(size=200).cumsum().round(3)
        >>> week = np.repeat(close[4::5], 5)
        >>> [(x.name, x.of, x.what) for x in columns_of_blocks({"close": close, "figure": week})]
        [('figure', 'close', 'last')]
    """
    found = []
    for name, values in columns.items():
        known = np.isfinite(values)
        x = values[known]
        block = np.cumsum(np.append(0, x[1:] != x[:-1])) if len(x) else np.zeros(0, np.int64)
        number = int(block[-1]) + 1 if len(x) else 0
        if number < FEWEST + 2 or len(x) < LONG * number:
            continue
        others = {other: each[known] for other, each in columns.items() if other != name}
        ways = [each for other in others for each in _made_of(name, x, block, other, others[other])]
        if ways:
            found.append(max(ways, key=lambda each: each.share))
    return found


def _made_of(name: str, x: Floats, block: np.ndarray, other: str, y: Floats) -> list[OfBlocks]:
    """Give what x is of y in each block: the first and the last, which may be cut, aside."""
    inner = (block > 0) & (block < block[-1]) & np.isfinite(y)
    if not inner.any() or 0.51 * 10.0 ** -digits_behind(x) > FINE * float(y[inner].std()):
        return []
    slack = 0.51 * 10.0 ** -digits_behind(x) + 1e-9 * float(np.abs(x).max())
    frame = pd.DataFrame({"x": x[inner], "y": y[inner]}).groupby(block[inner])
    said, moves = frame["x"].first(), frame["y"].max() > frame["y"].min()
    if moves.sum() < FEWEST:
        return []
    found = []
    for way, what in WAYS.items():
        agree = (np.abs(frame["y"].agg(way) - said) <= slack)[moves]
        if agree.mean() >= SAME:
            found.append(OfBlocks(name, other, what, int(moves.sum()), float(agree.mean())))
    return found
