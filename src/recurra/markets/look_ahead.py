"""Do daily prices hold what only a later day knows?

::

    of another day    the open, or the close, lies outside low to high on more than 5 % of the days
    smoothed          each day's return goes on from the day before's: correlation of 0.3 or more
    volume ahead      volumes go with the moves of the next day, more than with their own

A column that was moved by a day leaves its day's range on a third of the days; columns as they are
published do on fewer than 1 in 500 (157 files of shares, indices, currencies and coins). An average
over days to come, or a gap that was filled in from both ends, makes returns follow each other.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["LookAhead", "look_ahead"]

FEWEST = 100  # days
MOST_OUTSIDE = 0.05  # of the days
ROUNDING = 2e-3  # adjusted prices are rounded one by one
FOLLOWS = 0.3  # the correlation of a day's return with the one before
CERTAIN = 4.0  # standard errors of a correlation
USUAL = 20  # days of volume


@dataclass(frozen=True)
class LookAhead:
    """One way in which prices may tell of later days.

    Args:
        kind: "of another day", "smoothed" or "volume ahead".
        size: how many days it is about.
        detail: what was seen, in words.
    """

    kind: str
    size: int
    detail: str


def look_ahead(frame: pd.DataFrame) -> list[LookAhead]:
    """Look for prices that a day could not know.

    Args:
        frame: of one ticker, as `Prices` has it.

    Example:
        >>> from recurra.markets.simulator import sample_market
        >>> frame = sample_market()[0].frame
        >>> later = frame.assign(open=frame["open"].shift(-1))
        >>> look_ahead(frame), [found.kind for found in look_ahead(later)]
        ([], ['of another day'])
    """
    if len(frame) < FEWEST:
        return []
    return [*_of_another_day(frame), *_smoothed(frame), *_volume_ahead(frame)]


def _of_another_day(frame: pd.DataFrame) -> Iterator[LookAhead]:
    slack = frame["close"].abs() * ROUNDING
    high, low = frame["high"] + slack, frame["low"] - slack
    for name in ("open", "close"):
        known = frame[[name, "high", "low"]].notna().all(axis=1)
        outside = ((frame[name] > high) | (frame[name] < low)) & known
        share = float(outside.sum() / max(1, known.sum()))
        if known.sum() >= FEWEST and share > MOST_OUTSIDE:
            yield LookAhead(
                "of another day",
                int(outside.sum()),
                f"the {name} lies outside low to high on {share:.1%} of the days: it, or the "
                "range, is of another day or another scale",
            )


def _returns(frame: pd.DataFrame) -> "pd.Series[float]":
    close = frame["close"]
    found: pd.Series[float] = np.log(close.where(close > 0)).diff()
    return found


def _smoothed(frame: pd.DataFrame) -> Iterator[LookAhead]:
    returns = _returns(frame)
    moved = int((returns.notna() & (returns != 0)).sum())
    if moved < FEWEST:
        return
    follows = float(returns.corr(returns.shift()))
    if follows >= max(FOLLOWS, CERTAIN / np.sqrt(moved)):
        yield LookAhead(
            "smoothed",
            len(frame),
            f"each day's return goes on from the day before's (correlation {follows:.2f}): closes "
            "are averages, or were filled in from days to come",
        )


def _volume_ahead(frame: pd.DataFrame) -> Iterator[LookAhead]:
    volume = frame["volume"]
    logs = np.log(volume.where(volume > 0))
    if logs.notna().sum() < FEWEST:
        return
    more = logs - logs.rolling(USUAL, min_periods=USUAL // 2).mean().shift()
    moves = _returns(frame).abs()
    own, next_day = (float(more.corr(moves.shift(-ahead))) for ahead in (0, 1))
    if next_day - own > CERTAIN / np.sqrt(logs.notna().sum()):
        yield LookAhead(
            "volume ahead",
            len(frame),
            f"volumes go with the moves of the next day (correlation {next_day:.2f}) more than "
            f"with their own ({own:.2f}): they are of the day after",
        )
