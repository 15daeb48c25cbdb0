"""Dates as people and exports write them, read in the one way that all of a column allow."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data.frames import ROWS
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError, SettingsError

__all__ = ["Moments", "day_given", "month_named", "read_dates", "read_moments"]

NO_DATE = {"", "-", "nan", "nat", "none", "null", "n/a", "<na>", "#n/a", "na"}
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
GERMAN = {"mär": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12}
WEEKDAY = re.compile(
    r"^\(?(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s*"
    r"|\s*[\(（][월화수목금토일月火水木金土日][\)）]",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(r"(\d{4})\s*[-./년年]\s*(\d{1,2})\s*[-./월月]\s*(\d{1,2})\s*[일日.]?")
YEAR_LAST = re.compile(r"(\d{1,2})\s*([-./])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})")
MONTH_FIRST = re.compile(
    r"([a-zä]{3,9})\.?[\s-]*(\d{1,2})(?:st|nd|rd|th)?\s*[,\s-]\s*(\d{4})", re.IGNORECASE
)
DAY_FIRST = re.compile(
    r"(\d{1,2})(?:\.|st|nd|rd|th)?[\s-]*([a-zä]{3,9})\.?[\s,-]*(\d{4}|\d{2})", re.IGNORECASE
)
EIGHT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0*)?")
EIGHT_AND_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?=[T\s])")
NUMBER = re.compile(r"\d+(?:\.\d+)?")
USUAL = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?", re.ASCII)
CLOCK = re.compile(
    r"[T\s,]*(?P<half>오전|오후|am|pm|上午|下午)?\s*(?P<hour>\d{1,2}):?(?P<minute>\d{2})"
    r"(?::?(?P<second>\d{2}))?(?:[.,]\d+)?\s*(?P<later>am|pm|a\.m\.|p\.m\.)?"
    r"\s*(?P<zone>z|utc|gmt|[+-]\d{2}:?\d{2}|[+-]\d{2})?\s*(?:[A-Z]{3,4})?",
    re.IGNORECASE,
)
FOUR_DIGITS = re.compile(r"(?<!\d)(?:19|20)\d\d")
EXCEL = (20_000, 80_000)  # 1954 to 2119
EXCEL_ZERO = np.datetime64("1899-12-30")
EPOCHS = {(9, 10): 1, (12, 13): 10**3, (15, 16): 10**6, (18, 19): 10**9}  # digits: a second's units
EARLIEST, LATEST = 999, 2262  # years between; 9999-12-31 is how a program writes "no end"
EIGHT_EARLIEST = 1677  # 12345678 is a number
ORDERS = ("month/day/year", "day/month/year", "year/month/day")
Whole = tuple[int, int, int]


@dataclass
class Moments:
    """Dates of rows.

    Args:
        days: (rows,) datetime64[D], NaT where there is none.
        seconds: (rows,) of the day, 0 where no time is said.
        unread: rows that hold something else than a date.
        notes: what was ambiguous, and how it was read.
        offsets: of rows that were texts with a time, seconds east of Greenwich; None where a row
            does not say.
    """

    days: npt.NDArray[np.datetime64]
    seconds: npt.NDArray[np.int64]
    unread: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    offsets: dict[int, int | None] = field(default_factory=dict)


def read_dates(column: pd.Series, source: str, *, zone: str | None = None) -> Moments:
    """Read a column of dates, with a time of day where there is one.

    Read: 2024-03-20 and 20240320, 2024.3.20, 2024년 3월 20일; 20.03.2024, 3/20/2024, 20/03/24;
    Mar 20, 2024, 20-Mar-24; days since 1900 as spreadsheets count them; seconds, milliseconds and
    smaller since 1970. In 3/4/2024 the order of day and month is that which all rows allow; where
    they allow both, that with fewer weekends, and it is said.

    Args:
        column: dates, or texts.
        source: for messages.
        zone: of the exchange: a day that begins at midnight there may be written as UTC.

    Raises:
        DataError: a date cannot be (30 February), or no order of day and month fits all.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _of_stamps(column, zone)
    if pd.api.types.is_numeric_dtype(column.dtype):
        column = column.map(lambda value: "" if pd.isna(value) else f"{value:.6f}".rstrip("0"))
        column = column.str.rstrip(".")
    blocks = (column.iloc[at : at + ROWS].astype(str) for at in range(0, len(column), ROWS))
    usual = _usual(block.to_list() for block in blocks)
    if usual is not None:
        return usual
    texts = [text if text.isascii() else meant(text) for text in column.astype(str)]
    return read_moments(texts, source, zone=zone)


def _usual(blocks: Iterable[list[str]]) -> Moments | None:
    """Read moments such as 2024-03-20 and 2024-03-20 13:45:00, fast; None where one is another."""
    found = []
    for texts in blocks:
        if not all(map(USUAL.fullmatch, texts)):
            return None
        try:
            found.append(np.array(texts, "datetime64[s]"))
        except ValueError:  # such as 30 February
            return None
        if not EARLIEST < int(min(texts)[:4]) <= int(max(texts)[:4]) < LATEST:
            return None
    times = np.concatenate(found) if found else np.zeros(0, "datetime64[s]")
    days = times.astype("datetime64[D]")
    return Moments(days, (times - days).astype(np.int64))


def read_moments(texts: list[str], source: str, *, zone: str | None = None) -> Moments:
    """Read dates from texts, as `read_dates` does.

    Example:
        >>> read_moments(["3/4/2024", "20/4/2024"], "example").days.astype(str).tolist()
        ['2024-04-03', '2024-04-20']
    """
    usual = _usual([texts])
    if usual is not None:
        return usual
    count = len(texts)
    read = Moments(np.full(count, "NaT", "datetime64[D]"), np.zeros(count, np.int64))
    offsets: dict[int, int | None] = {}
    wholes: dict[int, Whole] = {}
    unordered: dict[int, tuple[int, int, int, str]] = {}
    numbers: dict[int, float] = {}
    for row, given in enumerate(texts):
        text = WEEKDAY.sub("", given.strip()).strip()
        if text.casefold() in NO_DATE:
            continue
        found = _parts(text)
        if isinstance(found, float):
            numbers[row] = found
            continue
        clock = _clock(found[1]) if found else None
        if found is None or clock is None:
            read.unread.append(row)
            continue
        if len(found[0]) == 3:
            wholes[row] = found[0]
        else:
            unordered[row] = found[0]
        read.seconds[row], offsets[row] = clock
    if unordered:
        wholes |= _ordered(unordered, source, read.notes)
    for row, whole in wholes.items():
        read.days[row] = _day(whole, texts[row], row, source)
    _counted(numbers, read, offsets)
    _to_exchange(read, offsets, zone)
    read.offsets = offsets
    return read


def day_given(text: str, option: str) -> dt.date:
    """Read a day that somebody typed, in any usual form that can be read in one way only.

    Args:
        text: such as 2020-03-24, 20200324, 2020.03.24, 2020년 3월 24일 or 24 March 2020.
        option: where it was given, for the message.

    Raises:
        SettingsError: it is no day, its year has not four digits, or it may be two days.

    Example:
        >>> day_given("2020년 3월 24일", "--end") == day_given("03/24/2020", "--end")
        True
    """
    wanted = f"{option} must be a day such as 2020-03-24"
    try:
        read = read_moments([text], option)
    except DataError:
        raise SettingsError(f"{wanted}, but {text!r} is not in the calendar.") from None
    if read.unread or np.isnat(read.days[0]) or not FOUR_DIGITS.search(text):
        raise SettingsError(f"{wanted}, not {text!r}.")
    if read.notes:
        raise SettingsError(f"{wanted}, but {text!r} may be two days: day first, or month first.")
    day: dt.date = read.days[0].astype(object)
    return day


def _parts(text: str) -> "tuple[Whole | tuple[int, int, int, str], str] | float | None":
    """Take a text apart: year, month, day (or three numbers and a sign) and what follows."""
    if match := YEAR_FIRST.match(text):
        return (int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    match = EIGHT.fullmatch(text) or EIGHT_AND_TIME.match(text)
    if match and EIGHT_EARLIEST < int(match[1]) < LATEST:
        return (int(match[1]), int(match[2]), int(match[3])), text[match.end() :]
    if NUMBER.fullmatch(text):
        return float(text)
    if match := YEAR_LAST.match(text):
        return (int(match[1]), int(match[3]), int(match[4]), match[2]), text[match.end() :]
    for style, month, day in ((MONTH_FIRST, 1, 2), (DAY_FIRST, 2, 1)):
        match = style.match(text)
        number = month_named(match[month]) if match else None
        if match and number:
            return (_year(int(match[3])), number, int(match[day])), text[match.end() :]
    return None


def month_named(name: str) -> int | None:
    """Give the number of a month by its English or German name, None if it is none."""
    short = name.casefold()[:3]
    return GERMAN.get(short) or (MONTHS.index(short) + 1 if short in MONTHS else None)


def _year(number: int) -> int:
    return number if number > 99 else number + (2000 if number < 70 else 1900)


def _clock(text: str) -> tuple[int, int | None] | None:
    """Read a time of day: seconds, and the offset of its zone in seconds; None: it is no time."""
    if not text.strip(" T,"):
        return 0, None
    match = CLOCK.fullmatch(text)
    if not match:
        return None
    hour, minute = int(match["hour"]), int(match["minute"])
    half = (match["half"] or match["later"] or "").casefold().replace(".", "")
    if half in ("오후", "pm", "下午"):
        hour = hour % 12 + 12
    elif half:
        hour %= 12
    if hour > 24 or minute > 59:
        return None
    return hour * 3600 + minute * 60 + int(match["second"] or 0), _offset(match["zone"])


def _offset(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone[0] not in "+-":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[3:].strip(":") or 0)
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _day(whole: Whole, text: str, row: int, source: str) -> np.datetime64:
    year, month, day = whole
    try:
        if not EARLIEST < year < LATEST:
            raise ValueError
        return np.datetime64(dt.date(year, month, day), "D")
    except ValueError:
        raise DataError(
            f"a date must be a day of the calendar, but row {row + 1} of {source} has "
            f"{quoted(text)}."
        ) from None


def _ordered(
    parts: dict[int, tuple[int, int, int, str]], source: str, notes: list[str]
) -> dict[int, Whole]:
    """Find the order of day, month and year that all rows allow."""
    readings: dict[str, dict[int, Whole]] = {}
    for order in ORDERS:
        found = {row: _in_order(part, order) for row, part in parts.items()}
        if all(map(_possible, found.values())):
            readings[order] = found
    short = all(part[2] < 100 for part in parts.values())
    if not short:
        readings.pop("year/month/day", None)
    if all(part[3] == "." for part in parts.values()) and "day/month/year" in readings:
        return readings["day/month/year"]  # nobody writes the month first with points
    if not readings:
        row = next((row for row, part in parts.items() if part[0] > 12), next(iter(parts)))
        first, second, year, sign = parts[row]
        raise DataError(
            f"day and month must stand in one order, but none fits all dates of {source}, such as "
            f"{first}{sign}{second}{sign}{year} in row {row + 1}. Write them as 2024-03-20."
        )
    if len(readings) == 1:
        return next(iter(readings.values()))
    best = min(readings, key=lambda order: (_odd(readings[order]), ORDERS.index(order)))
    others = ", ".join(order for order in readings if order != best)
    notes.append(f"read as {best}; {others} would do as well, with more weekends or less order")
    return readings[best]


def _in_order(part: tuple[int, int, int, str], order: str) -> Whole:
    a, b, c, _ = part
    if order == "month/day/year":
        return _year(c), a, b
    return (_year(c), b, a) if order == "day/month/year" else (_year(a), b, c)


def _possible(whole: Whole) -> bool:
    return 1 <= whole[1] <= 12 and 1 <= whole[2] <= 31


def _odd(found: dict[int, Whole]) -> tuple[int, int]:
    """Count weekends, and steps against the direction of most."""
    days = [dt.date(y, m, min(d, 28)) for y, m, d in found.values()]
    weekends = sum(day.weekday() >= 5 for day in days)
    steps = [later >= earlier for earlier, later in pairwise(days)]
    return weekends, min(sum(steps), len(steps) - sum(steps))


def _counted(numbers: dict[int, float], read: Moments, offsets: dict[int, int | None]) -> None:
    """Read numbers: days as spreadsheets count them, or seconds since 1970 and their parts."""
    for row, number in numbers.items():
        whole = int(number)
        unit = next((u for digits, u in EPOCHS.items() if len(str(whole)) in digits), 0)
        if EXCEL[0] <= number < EXCEL[1]:
            read.days[row] = EXCEL_ZERO + np.timedelta64(whole, "D")
            read.seconds[row] = round((number - whole) * 86_400) // 60 * 60
        elif unit:
            days, seconds = divmod(whole // unit, 86_400)
            read.days[row] = np.datetime64(days, "D")
            read.seconds[row], offsets[row] = seconds, 0
        else:
            read.unread.append(row)
    read.unread.sort()


def _of_stamps(column: pd.Series, zone: str | None) -> Moments:
    """Take stamps apart, those with a zone by the clock of their own zone."""
    index = pd.DatetimeIndex(column)
    local = index.tz_localize(None)
    days = local.to_numpy().astype("datetime64[D]")
    ticks = (local - local.normalize()) // pd.Timedelta(seconds=1)
    read = Moments(days, np.where(local.isna(), 0, ticks).astype(np.int64))
    if index.tz is not None:
        shift = (local - index.tz_convert("UTC").tz_localize(None)) // pd.Timedelta(seconds=1)
        offsets = {
            row: int(seconds) for row, seconds in enumerate(shift) if not np.isnat(days[row])
        }
        _to_exchange(read, offsets, zone)
    return read


def _to_exchange(read: Moments, offsets: Mapping[int, int | None], zone: str | None) -> None:
    """Bring moments of another zone to the clock of the exchange, unless they are midnights."""
    rows = [row for row, offset in offsets.items() if offset is not None]
    if not rows or zone is None or not read.seconds[rows].any():
        return
    own = read.days[rows].astype("datetime64[s]") + read.seconds[rows].astype("timedelta64[s]")
    shift = np.array([offsets[row] for row in rows]).astype("timedelta64[s]")
    there = pd.DatetimeIndex(own - shift, tz="UTC").tz_convert(ZoneInfo(zone)).tz_localize(None)
    read.days[rows] = there.to_numpy().astype("datetime64[D]")
    read.seconds[rows] = ((there - there.normalize()) // pd.Timedelta(seconds=1)).to_numpy()
