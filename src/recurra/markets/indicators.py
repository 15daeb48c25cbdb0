"""Technical indicators: causal, vectorised, NaN until warm.

Every function takes one price series or a table with a column a ticker, and gives the same shape::

    returns        r_t = c_t / c_{t-d} - 1
    simple average SMA_t = (c_t + … + c_{t-n+1}) / n
    exponential    EMA_t = a c_t + (1 - a) EMA_{t-1},  a = 2 / (n + 1),  EMA_0 = c_0
    MACD           macd = EMA12 - EMA26,  signal = EMA9 of macd,  histogram = macd - signal
    RSI            100 U / (U + D): U, D Wilder averages of rises and falls
    Bollinger      SMA ± k σ,  σ over the same n days, divided by n
    volume ratio   v_t over the mean volume of the n days before t

**Causal**: the value of a day comes from that day and earlier ones, so rows added at the end change
nothing before them. **Warm**: a value is NaN until as many days as it is named for have been seen.
An exponential average never quite forgets its first day: after `WARM_UP` days what is left of it in
a MACD is below a millionth of the price, so a server that reads `WARM_UP` days before the first
day it needs has the values of the full history.

A missing price gives a missing value on that day. Averages over a fixed number of days stay
missing while it is among them; exponential ones go on from the last value.
"""

from typing import Any, TypeVar

import numpy as np
import pandas as pd

from recurra.errors import SettingsError

__all__ = [
    "WARM_UP",
    "bollinger",
    "ema",
    "macd",
    "returns",
    "rsi",
    "sma",
    "volume_ratio",
]

Frame = TypeVar("Frame", pd.Series, pd.DataFrame)

WARM_UP = 250


def returns(close: Frame, days: int = 1) -> Frame:
    """Give the change since `days` earlier as a share: 0.05 is a rise of 5 %.

    Example:
        >>> returns(pd.Series([100.0, 150.0])).tolist()
        [nan, 0.5]
    """
    _at_least_one(days=days)
    return close.pct_change(days, fill_method=None)


def sma(close: Frame, days: int) -> Frame:
    """Give the simple moving average of the last `days` closes, that day's included.

    Example:
        >>> sma(pd.Series([1.0, 2.0, 6.0]), 2).tolist()
        [nan, 1.5, 4.0]
    """
    _at_least_one(days=days)
    return close.rolling(days).mean()


def ema(close: Frame, span: int) -> Frame:
    """Give the exponential moving average with weight 2 / (span + 1) on the newest close.

    It starts at the first close, as `ewm(span=span, adjust=False)` in pandas does. TA-Lib starts at
    the simple average of the first `span` closes instead; the two forget the difference alike.

    Example:
        >>> ema(pd.Series([4.0, 8.0, 4.0]), 3).tolist()
        [nan, nan, 5.0]
    """
    _at_least_one(span=span)
    average = close.ewm(span=span, adjust=False, ignore_na=True, min_periods=span).mean()
    return average.where(close.notna())


def macd(close: Frame, fast: int = 12, slow: int = 26, signal: int = 9) -> pd.DataFrame:
    """Give the difference of a fast and a slow exponential average, and the average of that.

    Args:
        close: (days,) or (days, tickers).
        fast: span of the fast average.
        slow: span of the slow one; it must be longer.
        signal: span of the average of the difference.

    Returns:
        Columns `macd`, `signal`, `histogram`; of a table, (measure, ticker).

    Raises:
        SettingsError: `fast` is not below `slow`.

    Source: Gerald Appel, Technical Analysis: Power Tools for Active Investors, 2005.
    """
    if not fast < slow:
        raise SettingsError(f"the fast span must be below the slow, but they are {fast}, {slow}.")
    line = ema(close, fast) - ema(close, slow)
    smoothed = ema(line, signal)
    return _side_by_side(macd=line, signal=smoothed, histogram=line - smoothed)


def rsi(close: Frame, days: int = 14) -> Frame:
    """Give the relative strength index, 0 to 100: the share of rises in all recent movement.

    The averages are Wilder's: they start at the mean of the first `days` rises or falls, and go on
    as `(previous × (days - 1) + new) / days`. Where nothing moved at all it is 50 (TA-Lib says 0).

    Example:
        >>> rsi(pd.Series([10.0, 11.0, 10.0, 13.0]), 2).round(2).tolist()
        [nan, nan, 50.0, 87.5]

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.
    """
    _at_least_one(days=days)
    change = close.diff()
    rise = _wilder(change.clip(lower=0), days)
    movement = rise + _wilder(-change.clip(upper=0), days)
    index = 100 * rise / movement.where(movement > 0)
    return index.mask(movement == 0, 50.0)


def _wilder(change: Frame, days: int) -> Frame:
    """Average with weight 1 / days, from the mean of the first `days` values on."""
    seen = change.notna().cumsum()
    start = change.cumsum() / days
    seeded = change.where(seen > days, start.where(seen == days))
    average = seeded.ewm(alpha=1 / days, adjust=False, ignore_na=True).mean()
    return average.where(change.notna())


def bollinger(close: Frame, days: int = 20, width: float = 2.0) -> pd.DataFrame:
    """Give the simple average with a band of `width` standard deviations on either side.

    The deviation is that of the same `days` closes, divided by `days` and not by `days - 1`.

    Returns:
        Columns `middle`, `upper`, `lower`; of a table, (measure, ticker).
    """
    middle = sma(close, days)
    deviation = close.rolling(days).std(ddof=0)
    upper, lower = middle + width * deviation, middle - width * deviation
    return _side_by_side(middle=middle, upper=upper, lower=lower)


def volume_ratio(volume: Frame, days: int = 20) -> Frame:
    """Give the volume over the mean volume of the `days` days before; NaN where that is zero.

    Example:
        >>> volume_ratio(pd.Series([10.0, 30.0, 40.0]), 2).tolist()
        [nan, nan, 2.0]
    """
    before = sma(volume, days).shift(1)
    return (volume / before).replace([np.inf, -np.inf], np.nan)


def _side_by_side(**parts: Any) -> pd.DataFrame:
    table: pd.DataFrame = pd.concat(parts, axis="columns", sort=False)
    return table


def _at_least_one(**settings: int) -> None:
    for name, value in settings.items():
        if value < 1:
            raise SettingsError(f"{name} must be at least 1, but it is {value}.")
