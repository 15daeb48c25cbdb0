"""On which days a market is open."""

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from typing import Any

import pandas as pd

from recurra.markets.prices import LEFT_OUT, Finding, Prices
from recurra.markets.tickers import Instrument, instrument

__all__ = ["closed_days", "exchange_days", "next_open_day", "open_days", "without_closed_days"]

# the Korean exchange was open on Saturdays until then, which calendars leave out
LAST_KOREAN_SATURDAY = pd.Timestamp("1998-12-05")
EXCHANGES = {"XKRX": "the Korea Exchange", "XNYS": "the New York exchanges"}
EXCHANGES |= {"XTKS": "Tokyo", "XHKG": "Hong Kong", "XSHG": "Shanghai", "XLON": "London"}
EXCHANGES |= {"XETR": "Xetra", "XPAR": "Euronext Paris"}


def open_days(
    known: Instrument, first: dt.date, last: dt.date
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, str]:
    """Give the days from `first` to `last` on which something is traded.

    A coin is traded every day, a simulated share on weekdays, a currency on weekdays except the
    first of January and Christmas, the rest by the calendar of its exchange (`pip install
    'recurra[markets]'`), or on weekdays where that is not installed. Where the exchange is not
    known, no day must be there and all may.

    Returns:
        The days that must be there, the days that may be there, too, and the calendar in words.
    """
    every = pd.date_range(first, last, freq="D")
    weekdays = every[every.day_of_week < 5]
    if known.kind == "crypto":
        return every, every, "every day"
    if known.kind == "simulated":
        return weekdays, weekdays, "weekdays"
    if known.calendar is None and known.kind != "currency":
        return every[:0], every, "unknown, so no day is missed or called closed"
    if known.kind == "currency":
        quiet = ((every.month == 1) & (every.day == 1)) | ((every.month == 12) & (every.day == 25))
        return weekdays.difference(every[quiet]), every, "weekdays"
    sessions = _sessions(known.calendar or "", first, last)
    calendar = f"sessions of {EXCHANGES.get(known.calendar or '', known.calendar)}"
    if sessions is None:
        sessions = weekdays
        calendar = "weekdays, as holidays are unknown without recurra[markets]"
    allowed = sessions
    if known.calendar == "XKRX":
        allowed = sessions.union(every[(every.day_of_week == 5) & (every <= LAST_KOREAN_SATURDAY)])
    return sessions, allowed, calendar


def exchange_days(known: Instrument, first: dt.date, last: dt.date) -> pd.DatetimeIndex:
    """Give the days on which its exchange is known to be open; none where no calendar tells."""
    found = _sessions(known.calendar, first, last) if known.calendar else None
    return pd.DatetimeIndex([]) if found is None else found


def next_open_day(known: Instrument, day: dt.date) -> dt.date:
    """Give the first day after one on which something is traded, as far as the calendar knows."""
    needed, _, _ = open_days(known, day + dt.timedelta(days=1), day + dt.timedelta(days=21))
    following = needed if len(needed) else pd.bdate_range(day + dt.timedelta(days=1), periods=1)
    return following[0].date()


def closed_days(prices: Prices, allowed: pd.DatetimeIndex) -> list[Finding]:
    """Find rows on days when nothing was traded, and say where they hold a later day's prices."""
    frame = prices.frame
    here = pd.DatetimeIndex(frame.index)
    if not len(allowed):
        return []
    # beyond its own days a calendar says nothing
    extra = here[(here >= allowed[0]) & (here <= allowed[-1])].difference(allowed)
    following = (frame == frame.shift(-1)).drop(columns="volume").all(axis=1)
    ahead = "the market was closed; the row holds the prices of the next day"
    return [
        Finding("closed day", day.date(), ahead if following[day] else "the market was closed")
        for day in extra
    ]


def without_closed_days(prices: Prices) -> Prices:
    """Leave out rows on days when nothing was traded.

    Some collections fill holidays with the *next* day's prices: a model that reads such a row
    knows the future. Without a calendar of the exchange, only weekends are known to be closed.
    """
    index = prices.frame.index
    if not len(index):
        return prices
    _, allowed, _ = open_days(instrument(prices.ticker), index[0].date(), index[-1].date())
    found = closed_days(prices, allowed)
    if not found:
        return prices
    frame = prices.frame.drop(pd.DatetimeIndex([finding.date for finding in found]))
    left_out = [replace(finding, action=LEFT_OUT) for finding in found]
    return replace(prices, frame=frame, mended=(*prices.mended, *left_out))


@lru_cache(maxsize=8)
def _calendar(name: str, year: int) -> Any:
    """Give an exchange's calendar from a year on, None without the library."""
    try:
        import exchange_calendars
    except ImportError:
        return None
    return exchange_calendars.get_calendar(name, start=f"{year}-01-01")


def _sessions(name: str, first: dt.date, last: dt.date) -> pd.DatetimeIndex | None:
    known = _calendar(name, max(first.year, 1980) // 10 * 10)
    if known is None:
        return None
    begin = max(pd.Timestamp(first), known.first_session)
    end = min(pd.Timestamp(last), known.last_session)
    if begin > end:
        return pd.DatetimeIndex([])
    return pd.DatetimeIndex(known.sessions_in_range(begin, end)).tz_localize(None)
