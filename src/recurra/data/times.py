"""Which column of a table is time, however people write it, and what its cells say."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import pandas as pd

from recurra.arrays import Dates, Rows
from recurra.data.calendar import frequency_of
from recurra.data.dates import Moments, month_named, read_moments
from recurra.data.numbers import number_of, plain_numbers
from recurra.data.periods import YEAR, begin_of, fiscal, months_of_short_years
from recurra.data.readers import Table
from recurra.data.spelling import column_named, meant, quoted
from recurra.errors import DataError

__all__ = [
    "NEARLY_ALL",
    "TIMES",
    "Clock",
    "is_time",
    "moments_in",
    "months_in_a_row",
    "quarters_in_a_row",
    "time_of_rows",
    "with_hours",
]

TIMES = {"date", "time", "datetime", "timestamp", "ds", "day", "week", "month", "quarter", "year"}
TIMES |= {
    "ts",
    "epoch",
    "period",
    "날짜",
    "일자",
    "일시",
    "시간",
    "월",
    "연월",
    "연도",
    "년월",
    "년도",
    "기간",
}
TIMES |= {"日期", "日付", "datum", "fecha"}
YEARS, MONTHS = {"year", "yr", "yyyy", "연도", "년도", "년"}, {"month", "mon", "mm", "월"}
QUARTERS, DAYS = {"quarter", "qtr", "분기"}, {"day", "dd", "일"}
HOURS = {"hour", "hr", "hh", "time", "시", "시간", "시각"}
STAMP = re.compile(r"\d{8}|\d{10}(\.0*)?|\d{13}|\d{16}|\d{19}")  # days, or parts of seconds
HOUR_MINUTE = re.compile(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:\s*[AaPp][Mm])?")
HOUR = re.compile(r"\d{1,2}(?:\.0|시|h)?")
NEARLY_ALL = 0.9  # of the cells of a column are of one kind: the others are faults
MONTH_COLUMN = re.compile(r"(0?[1-9]|1[0-2])\s*[월月]?")
LOOKED_AT = 100  # cells
QUARTER_COLUMN = re.compile(r"[qQ]([1-4])|([1-4])\s*분기")


@dataclass
class Clock:
    """When rows are.

    Args:
        times: (rows,) of each.
        zone: as it is written behind a time, such as +09:00; or the name of a place whose clock is
            to show times of UTC; "" where none is.
        column: what they were read from; None where the file says it otherwise.
        hours: the column of the time of day, where that has its own.
        notes: what was ambiguous, and how it was read.
    """

    times: Dates
    zone: str = ""
    column: str | None = None
    notes: list[str] = field(default_factory=list)
    hours: str | None = None


def time_of_rows(
    frame: pd.DataFrame,
    unnamed: pd.DataFrame,
    given: str | None,
    without: set[str],
    source: str,
    *,
    hours: bool = False,
) -> tuple[Clock | None, list[str]]:
    """Find when the rows of a table are: by the column given, by its name, or by its cells.

    Args:
        frame: the columns that have names.
        unnamed: those that have none.
        given: the column that is time, None to find it.
        without: columns that are something else.
        source: for messages.
        hours: whether days that stand there once take the time of day from a column of its own,
            too; False: days that repeat do.

    Returns:
        The clock, None where no column is time; and what is to be said.

    Raises:
        DataError: the column given is not there, or a cell of it is no time.
    """
    if given is not None:
        return _given(frame, given, source, hours), []
    names = [str(name) for name in frame.columns if name not in without]
    parts = _in_parts(frame, names, hours)
    if parts is not None:
        return parts, []
    named = [name for name in names if name.lower() in TIMES or not name]
    first = zip(map(str, frame.columns), *frame.iloc[:1].to_numpy(object), strict=True)
    begins = {name for name, *cell in first if all(map(is_time, map(str, cell)))}
    likely = [name for name in names if name in begins]
    for name in sorted(likely, key=lambda name: name not in named):
        if name not in named and _numbers_alone(frame[name]) and not _count_time(frame[name]):
            continue  # 1990 may be a price
        found = _clock_in(frame[name], name)
        if found is not None:
            return _with_hours(found, frame, always=hours), []
    if unnamed.shape[1]:
        found = _clock_in(unnamed.iloc[:, 0], None)
        if found is not None:
            return found, []
    for name in likely:
        _refuse_a_few(frame[name], source)
    return None, [
        f"{quoted(name)} is not read as time: rows are taken to be in order"
        for name in filter(None, named)
        if not _rise(frame[name])
    ]


def _numbers_alone(column: "pd.Series[str]") -> bool:
    return all(cell.strip().replace(".", "", 1).isdigit() for cell in map(str, column))


def _count_time(column: "pd.Series[str]") -> bool:
    """Say whether numbers are days such as 20240320, or seconds since 1970, at regular steps."""
    if not all(STAMP.fullmatch(cell.strip()) for cell in map(str, column.iloc[:LOOKED_AT])):
        return False
    found = _clock_in(column, None)
    return found is not None and frequency_of(found.times) is not None


def _clock_in(column: "pd.Series[str]", name: str | None) -> Clock | None:
    """Read a column as moments; where its first cells are none, the others are not looked at."""
    if clock_of(list(map(str, column.iloc[:LOOKED_AT])), name) is None:
        return None
    return clock_of(list(map(str, column)), name)


def with_hours(table: Table, name: str | None) -> Table:
    """Put the time of day into a column of days, where it stands in a column of its own.

    Args:
        table: as it was read.
        name: of the column of time; None or one that is not there: the table stays.

    Returns:
        The table, without the column of the time of day, and with that said.
    """
    frame = table.frame
    if name not in frame.columns:
        return table
    some = clock_of(list(map(str, frame[name].iloc[:LOOKED_AT])), name)
    if some is None or _with_hours(some, frame.iloc[:LOOKED_AT]) is some:
        return table
    whole = clock_of(list(map(str, frame[name])), name)
    found = whole and _with_hours(whole, frame)
    if found is None or found is whole:
        return table
    joined = frame.drop(columns=found.hours)
    joined[name] = found.times.astype(str)
    return replace(table, frame=joined, notes=[*table.notes, *found.notes])


def _with_hours(
    clock: Clock, frame: pd.DataFrame, without: Sequence[str] = (), always: bool = False
) -> Clock:
    """Take the time of day from a column of its own, where whole days repeat."""
    days = clock.times.astype("datetime64[D]")
    once = len(np.unique(days)) == len(days)
    if (clock.times != days).any() or (once and not always):
        return clock
    for name in map(str, frame.columns):
        if name == clock.column or name in without or not _style_of_hours(frame[name][:LOOKED_AT]):
            continue
        style = _style_of_hours(frame[name])
        there = style and [
            f"{day} {style(cell)}" for day, cell in zip(days, frame[name], strict=True)
        ]
        found = clock_of(there, clock.column) if there else None
        if found is not None:
            found.hours = name
            found.notes = [*clock.notes, *found.notes]
            found.notes.append(f"time is {quoted(clock.column)} and {quoted(name)} together")
            return found
    return clock


def _style_of_hours(column: "pd.Series[str]") -> Callable[[str], str] | None:
    """Say how a column of times of day is to be written, None where it is none."""
    cells = [str(cell).strip() for cell in column]
    if all(map(HOUR_MINUTE.fullmatch, cells)):
        return lambda cell: str(cell).strip().replace(".", ":")
    if str(column.name).lower() in HOURS and all(map(HOUR.fullmatch, cells)):
        return lambda cell: f"{int(re.sub(r'[^0-9].*', '', str(cell).strip())):02}:00"
    return None


def _refuse_a_few(column: "pd.Series[str]", source: str) -> None:
    """Refuse a column of times in which a few cells are none: the sum of all, or a remark."""
    if _numbers_alone(column):
        return
    try:
        read = read_moments([begin_of(cell) for cell in map(str, column)], source)
    except DataError:  # such as 30 February, or a column of versions
        return
    wrong = np.flatnonzero(np.isnat(read.days))
    if 0 < len(wrong) <= (1 - NEARLY_ALL) * len(column):
        row = int(wrong[0])
        raise DataError(
            f"every row must have a time, but row {row + 1} of {source} has "
            f"{quoted(column.iloc[row])} in {quoted(column.name)} ({len(wrong):,} of "
            f"{len(column):,} rows have none). Leave such rows out."
        )


def _given(frame: pd.DataFrame, given: str, source: str, hours: bool) -> Clock | None:
    name = column_named(frame, given, "time", source)
    cells = [str(cell) for cell in frame[name]]
    found = clock_of(cells, name)
    if found is not None:
        return _with_hours(found, frame, always=hours)
    if _rise(frame[name]):
        return None
    row = next((row for row, cell in enumerate(cells) if not is_time(cell)), 0)
    raise DataError(
        f"--time must hold times, such as 2024-03-20, 2024-03 or 2024 Q1, but row {row + 1} of "
        f"{source} has {quoted(cells[row])} in {quoted(name)}."
    )


@lru_cache(maxsize=1 << 14)  # a first row of ten thousand cells is asked for each target
def is_time(cell: str) -> bool:
    """Say whether a cell is a moment, or a period that begins at one."""
    return moments_in([cell]) is not None


def _in_parts(frame: pd.DataFrame, names: list[str], hours: bool) -> Clock | None:
    """Read a column of years beside one of months or of quarters, and beside one of days."""
    plain = {name.lower(): name for name in names}

    def named(part: set[str]) -> str | None:
        return next((plain[name] for name in plain if name in part), None)

    year, month, quarter, day = map(named, (YEARS, MONTHS, QUARTERS, DAYS))
    if year is not None and month is not None and day is not None:
        cells = frame[year] + "-" + frame[month] + "-" + frame[day]
        found = clock_of(list(cells), f"{year}, {month} and {day}")
        if found is not None:
            return _with_hours(found, frame, (year, month, day), hours)
    for part, sign in ((month, "-"), (quarter, "Q")):
        if year is not None and part is not None:
            found = clock_of(list(frame[year] + sign + frame[part]), f"{year} and {part}")
            if found is not None:
                return found
    return None


def _rise(column: "pd.Series[str]") -> bool:
    """Say whether cells are numbers, each larger than the one before, as steps counted are."""
    values = plain_numbers(column)
    return bool((np.diff(values) > 0).all())


def moments_in(cells: list[str]) -> Dates | None:
    """Read cells as moments, None where hardly any is one."""
    found = clock_of(cells, None)
    return None if found is None else found.times


def clock_of(cells: list[str], column: str | None) -> Clock | None:
    """Read cells as moments of one clock, None where one is no moment.

    Of one zone, the clock is that of the zone. Of several, as summer time makes them, it is UTC;
    but whole days stay the days that they were.
    """
    short = months_of_short_years(cells)
    try:
        read = read_moments(short or [begin_of(cell) for cell in cells], "the series")
    except DataError:
        return None
    if np.isnat(read.days).any() or not cells:
        return None
    times = read.days.astype("datetime64[s]") + read.seconds.astype("timedelta64[s]")
    times, zone, notes = _one_zone(times, read)
    if short:
        notes.append(f"{quoted(cells[0])} is read as the month {short[0][:7]}")
    elif fiscal(cells[0]):
        notes.append(f"fiscal years are read as calendar years, such as {quoted(cells[0])}")
    return Clock(times, zone, column, [*read.notes, *notes])


def _one_zone(times: Dates, read: Moments) -> tuple[Dates, str, list[str]]:
    offsets = [read.offsets.get(row) for row in range(len(times))]
    known = {each for each in offsets if each is not None}
    if not known or not read.seconds.any():
        return times, "", []
    one = len(known) == 1
    zone = _zone(*known) if one else "+00:00"
    notes = []
    if bare := offsets.count(None):
        notes.append(f"{bare:,} of {len(times):,} times say no zone: taken as of {zone}")
    if one:
        return times, zone, notes
    shift = np.array([each or 0 for each in offsets])
    notes.append(f"times of {len(known)} zones, as summer time makes them: brought to UTC")
    return times - shift.astype("timedelta64[s]"), zone, notes


def _zone(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else '+'}{hours:02}:{rest // 60:02}"


def months_in_a_row(names: list[str]) -> dict[str, int]:
    """Give the columns that are the months of a year, by their names, where all twelve are there.

    Example:
        >>> months_in_a_row(["YEAR", *(f"{n}월" for n in range(1, 13))])["12월"]
        12
    """
    found = {}
    for name in names:
        match = MONTH_COLUMN.fullmatch(name.strip())
        month = int(match[1]) if match else month_named(name.strip().rstrip(".")) or 0
        if month and (match or len(name.strip().rstrip(".")) <= 9):
            found[name] = month
    return found if sorted(found.values()) == list(range(1, 13)) else {}


def quarters_in_a_row(names: list[str]) -> dict[str, int]:
    """Give the columns that are the quarters of a year, where all four are there."""
    matches = {name: QUARTER_COLUMN.fullmatch(name.strip()) for name in names}
    found = {name: int(match[1] or match[2]) for name, match in matches.items() if match}
    return found if sorted(found.values()) == [1, 2, 3, 4] else {}


def years_of(column: "pd.Series[str]") -> Rows | None:
    """Read a column of years, None where a cell is none."""
    cells = [meant(str(cell)).removesuffix("년") for cell in column]
    if not all(map(YEAR.fullmatch, cells)):
        return None
    return np.array([int(number_of(cell) or 0) for cell in cells], np.int64)
