"""Bars of another length than a day: shorter ones are joined, longer ones are refused."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.errors import DataError

__all__ = ["joined_days", "refuse_longer_bars"]

LONGER = {7: "weekly", 14: "two-weekly", 30: "monthly", 91: "quarterly", 365: "yearly"}
FEWEST = 8  # rows that tell how far they are apart
JOINED = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def joined_days(
    table: pd.DataFrame, seconds: npt.NDArray[np.int64]
) -> tuple[pd.DataFrame, pd.DatetimeIndex]:
    """Join the bars of each day into one: the first open, the highest high, the last close.

    Args:
        table: open, high, low, close, volume, by days in any order.
        seconds: (rows,) the time of day of each row.

    Returns:
        A row a day, and the days that had several bars. A table without times of day, or with no
        day that has two, comes back as it is.
    """
    order = np.lexsort((seconds, table.index.to_numpy()))
    times = pd.MultiIndex.from_arrays([table.index[order], seconds[order]])
    several = table.index[order][~times.duplicated()]
    days = pd.DatetimeIndex(several[several.duplicated()].unique())
    if not len(days):
        return table, days
    ordered = table.iloc[order][~times.duplicated()]
    grouped = ordered.groupby(level=0, sort=True)
    joined = grouped.agg(JOINED)
    joined["volume"] = grouped["volume"].sum(min_count=1)
    joined.index.name = table.index.name
    return joined, days


def refuse_longer_bars(days: pd.DatetimeIndex, source: str) -> None:
    """Refuse rows that are weeks or months: what is asked of a day has no answer in them.

    Raises:
        DataError: nearly all rows are further apart than days of trading.
    """
    if len(days) < FEWEST:
        return
    gaps = np.diff(days.to_numpy()).astype("timedelta64[D]").astype(int)
    usual = float(np.median(gaps))
    if usual < 5 or np.mean(gaps >= 4) < 0.9:
        return
    near = min(LONGER, key=lambda length: abs(np.log(length / usual)))
    known = abs(np.log(near / usual)) < 0.15
    kind = f"{LONGER[near]} bars" if known else "longer bars"
    raise DataError(
        f"daily prices are needed, but {source} holds {kind}: a row every {usual:.0f} days. "
        "Export it anew with a row a day."
    )
