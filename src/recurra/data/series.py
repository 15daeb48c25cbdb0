"""Series of numbers in order of time: which column is time, and what is odd about it."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.arrays import Dates, Floats
from recurra.data.dates import month_named, read_moments
from recurra.data.numbers import decimal_sign, number_of
from recurra.data.readers import Table, read_table
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError
from recurra.names import listed, near

__all__ = ["TIMES", "Series", "moments_in", "read_series", "sample_series"]

TIMES = {"date", "time", "datetime", "timestamp", "ds", "day", "week", "month", "quarter", "year"}
TIMES |= {"period", "날짜", "일자", "일시", "시간", "월", "연월", "연도", "년월", "년도", "기간"}
TIMES |= {"日期", "日付", "datum", "fecha"}
YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
YEAR_MONTH = re.compile(r"((?:1[5-9]|20|21)\d\d)\s*[-./년年]?\s*(0?[1-9]|1[0-2])\s*[월月]?")
YEAR_QUARTER = re.compile(
    r"(\d{4})\s*[-./년]?\s*[qQ](\d)|[qQ](\d)[\s/-]*(\d{4})|(\d{4})년?\s*(\d)분기"
)
YEAR_NAME = re.compile(r"(\d{4})[\s-]*([A-Za-z]{3,9})")
NAME_YEAR = re.compile(r"([A-Za-z]{3,9})[\s-]*(\d{4})")
SEVERAL_STEPS = 1.9  # so many usual steps are a gap
HOLIDAYS = 4  # and more weekdays than that, where weekends are left out anyway
MOSTLY = 0.95  # of the days: some exchanges once traded on Saturdays


@dataclass
class Series:
    """Numbers in order of time.

    Args:
        numbers: (steps,) oldest first, as they are forecast: of a column, or of its logarithm.
        source: the path, as it was given.
        sha256: of the file's bytes.
        notes: what was guessed, put in order, or looks odd, and what was done to them.
        target: the name of the column, None where it has none.
        log: whether the numbers are logarithms of the column.
        season: steps after which they repeat themselves, where that is known; 1 for none.
        times: (steps,) of each, None where no column is time.
    """

    numbers: Floats
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    target: str | None = None
    log: bool = False
    season: int = 1
    times: Dates | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def time_of(self, step: int) -> str | None:
        """Say when a step is, None where no column is time."""
        return None if self.times is None else _shown(self.times[step])


def read_series(
    path: str | Path,
    target: str | None = None,
    *,
    log: bool = False,
    encoding: str | None = None,
) -> Series:
    """Read one column of numbers, oldest first.

    A column of dates, months, quarters or years, by its name or by its cells, says the order; where
    none does, rows are taken to be in order. Times that stand there twice, and gaps, are said.

    Args:
        path: a table as `read_table` takes it.
        target: the column; None where only one holds numbers.
        log: whether its logarithm is taken.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: the column is not there, a cell of it is no number, or, for logarithms, not
            above 0, or several series are stacked in it.
    """
    table = read_table(path, encoding=encoding)
    notes = list(table.notes)
    frame = table.frame
    name = _target(frame, target, table, notes)
    numbers = _numbers(frame[name], table, notes)
    if log:
        _refuse_below_zero(numbers, frame[name], table)
        numbers = np.log(numbers)
        notes.append(f"Figures are of the logarithm of {name}.")
    times = _times(frame, name, notes)
    if times is None and table.unnamed.shape[1]:
        times = moments_in(list(table.unnamed.iloc[:, 0]))
    if times is not None:
        _refuse_stacked(frame, times, name, table)
        times, numbers = _in_order(times, numbers, notes)
        _note_repeats(times, notes)
        _note_gaps(times, notes)
    return Series(numbers, table.source, table.sha256, notes, name, log, times=times)


def _refuse_below_zero(numbers: Floats, column: pd.Series, table: Table) -> None:
    wrong = np.flatnonzero(numbers <= 0)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"--target must hold numbers above 0 for --log, but row {row} of {table.source} has "
            f"{quoted(column.iloc[row])}. Drop or fill such rows ({len(wrong):,})."
        )


def _target(frame: pd.DataFrame, given: str | None, table: Table, notes: list[str]) -> str:
    names = list(map(str, frame.columns))
    if given is not None:
        name = given if given in names else meant(given)
        if name in names:
            return name
    elif len(fitting := [name for name in names if _holds_numbers(frame, name)]) == 1:
        notes.append(f"target guessed: {quoted(fitting[0])}, the only column of numbers")
        return fitting[0]
    raise DataError(
        f"--target must be a column of {table.source}, one of {listed(names)}, but it "
        f"{'was not given' if given is None else f'is {given!r}'}.{near(given or '', names)}"
    )


def _holds_numbers(frame: pd.DataFrame, name: str) -> bool:
    if name.lower() in TIMES or not name:
        return False
    values = [number_of(cell.rstrip("%")) for cell in frame[name].iloc[:200]]
    known = [value for value in values if value is not None and np.isfinite(value)]
    return None not in values and len(known) > 0


def _numbers(column: pd.Series, table: Table, notes: list[str]) -> Floats:
    """Read the numbers of the target; every row must have one."""
    cells = [str(cell).strip() for cell in column]
    percent = bool(cells) and all(cell.endswith("%") for cell in cells)
    if percent:
        cells = [cell[:-1] for cell in cells]
        notes.append("in percent")
    semicolons = table.separator == ";"
    decimal = decimal_sign(cells, comma=semicolons, what=table.source)
    if decimal == ",":
        notes.append("numbers have a decimal comma")
    elif decimal_sign(cells, comma=True, what=table.source) == ",":
        sample = next(cell for cell in cells if "," in cell)
        notes.append(f"nothing tells what commas are: {sample} is {number_of(sample):.12g}")
    read = (number_of(cell, decimal) for cell in cells)
    values = np.array([np.nan if value is None else value for value in read])
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"--target must hold numbers, but row {row} of {table.source} has "
            f"{quoted(column.iloc[row])}. Drop or fill such rows ({len(wrong):,})."
        )
    return values


def _times(frame: pd.DataFrame, target: str, notes: list[str]) -> Dates | None:
    """Find the column that is time: by its name, or the first whose cells are dates.

    One that bears the name and cannot be read is said: the rows may not be in order.
    """
    names = [str(name) for name in frame.columns if name != target]
    plain = {name.lower(): name for name in names}
    for part in ("month", "quarter"):
        if "year" in plain and part in plain:
            sign = "Q" if part == "quarter" else "-"
            texts = frame[plain["year"]] + sign + frame[plain[part]]
            return moments_in(list(texts))
    named = [name for name in names if name.lower() in TIMES or not name]
    for name in [*named, *(name for name in names if name not in named)]:
        cells = [str(cell) for cell in frame[name]]
        numbers_alone = all(cell.strip().replace(".", "", 1).isdigit() for cell in cells)
        if name not in named and numbers_alone:
            continue  # 1990 may be a price
        found = moments_in(cells)
        if found is not None:
            return found
    notes += [
        f"{quoted(name)} is not read as time: rows are taken to be in order"
        for name in filter(None, named)
        if not _rise(frame[name])
    ]
    return None


def _rise(column: "pd.Series[str]") -> bool:
    """Say whether cells are numbers, each larger than the one before, as steps counted are."""
    values = pd.to_numeric(column, errors="coerce").to_numpy("float64")
    return bool((np.diff(values) > 0).all())


def moments_in(cells: list[str]) -> Dates | None:
    """Read cells as moments, None where hardly any is one."""
    try:
        read = read_moments([_begins(cell) for cell in cells], "the series")
    except DataError:
        return None
    known = ~np.isnat(read.days)
    if not known.all() or len(cells) < 2:
        return None
    seconds = read.seconds.astype("timedelta64[s]")
    return np.asarray(read.days.astype("datetime64[s]") + seconds)


def _begins(cell: str) -> str:
    """Write a year, a quarter or a month as its first day; everything else stays."""
    text = meant(cell)
    if YEAR.fullmatch(text):
        return f"{text}-01-01"
    if match := YEAR_QUARTER.fullmatch(text):
        year, quarter = match[1] or match[4] or match[5], match[2] or match[3] or match[6]
        return f"{year}-{3 * int(quarter) - 2:02}-01"
    if match := YEAR_MONTH.fullmatch(text):
        return f"{match[1]}-{int(match[2]):02}-01"
    for style, year, name in ((YEAR_NAME, 1, 2), (NAME_YEAR, 2, 1)):
        match = style.fullmatch(text)
        if match and (month := month_named(match[name])):
            return f"{match[year]}-{month:02}-01"
    return text


def _refuse_stacked(frame: pd.DataFrame, times: Dates, target: str, table: Table) -> None:
    """Refuse several series below each other, told apart by a column of names."""
    if len(np.unique(times)) == len(times):
        return
    for name in frame.columns:
        groups = frame[name]
        few = 1 < groups.nunique() <= len(groups) // 2
        if (
            name != target
            and few
            and not pd.DataFrame({"g": groups, "t": times}).duplicated().any()
        ):
            raise DataError(
                f"one series is needed, but {table.source} holds {groups.nunique()} below each "
                f"other, told apart by {quoted(name)}. Keep the rows of one, such as "
                f"{quoted(groups.iloc[0])}."
            )


def _in_order(times: Dates, numbers: Floats, notes: list[str]) -> tuple[Dates, Floats]:
    steps = np.diff(times).astype("timedelta64[s]").astype(np.int64)
    if (steps >= 0).all():
        return times, numbers
    if (steps <= 0).all():
        notes.append("newest first: turned, so that the oldest comes first")
        return times[::-1], numbers[::-1]
    order = np.argsort(times, kind="stable")
    notes.append(f"not in order of time: {int((steps < 0).sum()):,} steps back; sorted")
    return times[order], numbers[order]


def _note_repeats(times: Dates, notes: list[str]) -> None:
    again = int((np.diff(times) == np.timedelta64(0, "s")).sum())
    if again:
        first = times[1:][np.diff(times) == np.timedelta64(0, "s")][0]
        notes.append(f"{again:,} times stand there more than once, the first is {_shown(first)}")


def _note_gaps(times: Dates, notes: list[str]) -> None:
    """Say how many steps are missing, going by the usual one."""
    steps = np.diff(np.unique(times)).astype("timedelta64[s]").astype(np.int64)
    if len(steps) < 3:
        return
    usual = float(np.median(steps))
    once = np.unique(times)
    days = once.astype("datetime64[D]")
    lengths, allowed = steps / usual, SEVERAL_STEPS
    if 28 <= usual / 86_400 <= 31:
        months = np.diff(once.astype("datetime64[M]")).astype(int)
        lengths = months / np.median(months)
    elif usual == 86_400 and np.is_busday(days).mean() > MOSTLY:
        lengths, allowed = np.busday_count(days[:-1], days[1:]).astype(float), HOLIDAYS
    wide = np.flatnonzero(lengths > allowed)
    if len(wide):
        missing = int(np.round(lengths[wide] - 1).sum())
        widest = once[wide[np.argmax(lengths[wide])]]
        notes.append(f"some {missing:,} steps are missing, most of them after {_shown(widest)}")


def _shown(time: np.datetime64) -> str:
    return str(time).removesuffix("T00:00:00").replace("T", " ")


def sample_series(steps: int = 1200) -> Series:
    """Make up a series: two seasons, a slow wave, and noise that lasts a few steps."""
    rng = np.random.default_rng(0)
    t = np.arange(steps)
    noise = np.zeros(steps)
    for step in range(1, steps):
        noise[step] = 0.7 * noise[step - 1] + 0.3 * rng.normal()
    week, month = np.sin(2 * np.pi * t / 7), np.sin(2 * np.pi * t / 30)
    values = 20 + 3 * week * (1 + 0.5 * month) + 2 * month + noise
    notes = ["made by a rule for this package"]
    return Series(values, "embedded sample", "0" * 64, notes, season=7)
