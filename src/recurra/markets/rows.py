"""Prices cut into rows: a ticker on a day D-0, seen through the days before it.

All that a row sees is known on D-1 and scaled by what was known then: prices and averages as
logarithms over the close of D-1, MACD over that close, both in units of the volatility known on
D-1; volume as a logarithm over the mean of the 20 days before. Beside it stands what is to be
foreseen: the change of the close from D-1 to D-0.
"""

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recurra.arrays import Array, Bools, Dates, Floats, Floats32, Rows, Texts
from recurra.errors import DataError, SettingsError
from recurra.markets.indicators import macd, sma, volume_ratio
from recurra.markets.sessions import exchange_days
from recurra.markets.tickers import instrument

__all__ = ["STRETCH", "Market", "RiseRows", "digest_of", "features_of", "rows_of"]

Market = Mapping[str, pd.DataFrame]

PRICES = ("open", "high", "low", "close")
AVERAGES = (5, 20, 60, 120)
STRETCH = 5  # a window may miss so many days of trading; a split must leave as many out
LONGEST_CLOSED = 12  # days; where no calendar tells, a longer gap is no holiday
ROUNDING = 5e-8  # of a change: 6.40 → 6.72 is 5 %, and one won in ten million is less


@dataclass(frozen=True)
class RiseRows:
    """Rows of all tickers, by ticker and then by day.

    Args:
        windows: (rows, window, features) float32, not yet standardised.
        volatility: (rows, 5) logarithms of recent movement, for the baseline that knows only that.
        dates: (rows,) D-0.
        tickers: (rows,) names.
        change: (rows,) the change of the close from D-1 to D-0, NaN where D-0 is to come.
        before: (rows,) the change from D-2 to D-1.
        names: of the features.
    """

    windows: Floats32
    volatility: Floats32
    dates: Dates
    tickers: Texts
    change: Floats
    before: Floats
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.dates)

    def take(self, rows: Rows | Bools) -> "RiseRows":
        """Give the chosen rows."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return RiseRows(**{n: v if n == "names" else v[rows] for n, v in values.items()})


def features_of(frame: pd.DataFrame) -> tuple[Floats, tuple[str, ...]]:
    """Give what a window holds of each day: (days, features) and the features' names.

    Prices and averages are logarithms, to be scaled by the close of D-1; MACD is in money.
    """
    close = frame["close"]
    logs = _log(frame[list(PRICES)])
    columns = dict(zip(PRICES, logs.T, strict=True))
    columns |= {f"sma{days}": _log(sma(close, days)) for days in AVERAGES}
    columns["macd"] = macd(close)["macd"].to_numpy()
    if frame["volume"].gt(0).mean() > 0.5:
        ratio = np.maximum(volume_ratio(_known_volume(frame["volume"])).to_numpy(), 0.05)
        columns["volume"] = np.clip(np.log(ratio), -3, 3)
    return np.column_stack(list(columns.values())), tuple(columns)


def _log(prices: "pd.DataFrame | pd.Series[float]") -> Floats:
    """Give logarithms; of what is not positive there is none."""
    values = prices.to_numpy(dtype=float)
    found: Floats = np.log(values, where=values > 0, out=np.full_like(values, np.nan))
    return found


def _known_volume(volume: "pd.Series[float]") -> "pd.Series[float]":
    """Take a volume that is not known for that of the days before: it says nothing of its own."""
    usual = volume.rolling(20, min_periods=1).mean().shift()
    return volume.fillna(usual)


def _volatility(frame: pd.DataFrame) -> Floats:
    """Give logarithms of recent movement: closes, weighted; high over low, 1, 5, 20, 60 days."""
    logs = _log(frame[["close", "high", "low"]])
    change = pd.Series(np.diff(logs[:, 0], prepend=np.nan) ** 2)
    spread = pd.Series((logs[:, 1] - logs[:, 2]) ** 2 / (4 * np.log(2)))
    measures = [change.ewm(alpha=0.06, min_periods=20).mean(), spread]
    measures += [spread.rolling(days).mean() for days in (5, 20, 60)]
    variances: Floats = np.maximum(np.column_stack(measures), 1e-8)
    return np.asarray(np.log(variances) / 2)


def rows_of(market: Market, window: int = 10, *, newest: bool = False) -> RiseRows:
    """Cut the prices of all tickers into rows. Days without full features give none.

    A window that stretches over many more trading days than it holds (a long halt) gives no row:
    what is purged between the sides of a split would not cover it. Nor does a day whose day of
    trading before is not there: what moved since an earlier one is not the move of a day. Days of
    trading are those of any ticker and, where the calendar of its exchange is known, of that; else
    more than `LONGEST_CLOSED` days between two rows are a hole.

    Args:
        market: for each ticker a table with the index `date` and open, high, low, close, volume.
        window: days seen.
        newest: give only the row of each ticker whose D-0 is the day after its last.

    Raises:
        DataError: no ticker has a row.
    """
    every = np.unique(np.concatenate([f.index.to_numpy() for f in market.values()]))
    with_volume = all(f["volume"].gt(0).mean() > 0.5 for f in market.values())
    parts = [
        _rows_of_one(ticker, frame, window, _calendar_of(ticker, frame, every), with_volume, newest)
        for ticker, frame in market.items()
    ]
    full = [part for part in parts if len(part)]
    if not full:
        needed = max(AVERAGES) + window
        raise DataError(
            f"a row needs {needed} days of prices before it, the last {window} of them without a "
            f"long gap or an unknown price, but none of {len(market)} tickers has such days; the "
            f"longest history has {max(map(len, market.values()))}. Give a longer history."
        )
    values = {
        f.name: np.concatenate([getattr(part, f.name) for part in full])
        for f in dataclasses.fields(RiseRows)
        if f.name != "names"
    }
    return RiseRows(**values, names=full[0].names)


def _exact(change: Floats) -> Floats:
    """Give 0.05 where prices rose by 5 % to the won and the cent, and floats say a little less.

    Example:
        >>> float(_exact(np.array([6.72 / 6.40 - 1]))[0])
        0.05
    """
    whole = np.round(change, 4)
    return np.where(np.abs(change - whole) < ROUNDING, whole, change)


def _calendar_of(ticker: str, frame: pd.DataFrame, every: Array) -> Array:
    """Give the days of trading: those of any ticker, and those that its exchange is known for."""
    try:
        known = instrument(ticker)
    except SettingsError:
        return every
    days = exchange_days(known, frame.index[0].date(), frame.index[-1].date())
    return np.union1d(every, days.to_numpy().astype(every.dtype))


def _rows_of_one(
    ticker: str,
    frame: pd.DataFrame,
    window: int,
    calendar: Array,
    with_volume: bool,
    newest: bool,
) -> RiseRows:
    days, names = features_of(frame if with_volume else frame.assign(volume=0.0))
    moved = _volatility(frame)
    close = frame["close"].to_numpy()
    # row r sees the days r .. r + window - 1, the last of them D-1
    last = np.arange(window - 1, len(close) if newest else len(close) - 1)
    if newest:
        last = last[-1:]
    place = np.searchsorted(calendar, frame.index.to_numpy())
    target = np.append(place[1:], place[-1] + 1)[last]
    together = target - place[last - window + 1] <= window + STRETCH
    apart = np.diff(frame.index.to_numpy()).astype("timedelta64[D]").astype(int)
    next_day = (target - place[last] == 1) & (np.append(apart, 1)[last] <= LONGEST_CLOSED)
    next_day &= np.append(close[1:] > 0, True)[last]  # below nought there is no rise
    whole = np.isfinite(days).all(axis=1) & np.isfinite(moved).all(axis=1)
    missing = np.append(0, np.cumsum(~whole))
    last = last[together & next_day & (missing[last + 1] == missing[last - window + 1])]
    seen = days[last[:, None] + np.arange(1 - window, 1)]
    anchor = np.log(close[last])[:, None, None]
    relative = len(PRICES) + len(AVERAGES)
    seen[..., :relative] -= anchor
    seen[..., relative] /= np.exp(anchor[..., 0])
    unit = np.exp(moved[last, 0])[:, None, None]
    seen[..., : relative + 1] = np.clip(seen[..., : relative + 1] / unit, -20, 20)
    dates = frame.index.to_numpy().astype("datetime64[D]")
    after = np.append(dates[1:], np.busday_offset(dates[-1:], 1, roll="forward"))
    change = np.append(_exact(close[1:] / close[:-1] - 1), np.nan)
    before = np.append(np.nan, change[:-1])
    return RiseRows(
        seen.astype(np.float32),
        moved[last].astype(np.float32),
        after[last],
        np.full(len(last), ticker, object),
        change[last],
        before[last],
        names,
    )


def digest_of(market: Market) -> str:
    """Give the SHA-256 of all prices, whatever the order of their tickers."""
    digest = hashlib.sha256()
    for ticker in sorted(market):
        frame = market[ticker]
        digest.update(ticker.encode())
        digest.update(frame.index.to_numpy().astype("datetime64[D]").tobytes())
        digest.update(np.ascontiguousarray(frame.to_numpy(dtype=float)).tobytes())
    return digest.hexdigest()
