"""Series of numbers in order of time: when each step is, how often there is one, what is odd.

::

    a table, a `.tsf`      → columns: numbers, times, names of series      `_Read`
    each series            → in order, repeats met, holes filled, said     `_tidy`
    all, end to end        → `Series`

The rule: times that stand there twice are one step, with the mean of their numbers. Steps that are
missing, and cells that are empty, are filled along a straight line between the steps beside them;
they are never judged, and of more than a fifth of them nothing is made. Weekdays without a row are
holidays. What is empty at the beginning or the end is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Dates, Floats, Rows
from recurra.data.beside import NOTHING, Beside, Covariates, Later, carried_on, covariates_in
from recurra.data.calendar import WEEKDAY, Frequency, frequency_of
from recurra.data.numbers import UNSAID, check_reach, decimal_sign, number_of, without_percent
from recurra.data.readers import Table, read_table
from recurra.data.spelling import column_named, meant, quoted
from recurra.data.times import (
    TIMES,
    YEARS,
    Clock,
    is_time,
    months_in_a_row,
    quarters_in_a_row,
    time_of_rows,
    years_of,
)
from recurra.data.tsf_files import is_tsf, read_tsf
from recurra.data.zones import in_zone, known_zone, local_label
from recurra.errors import DataError, SettingsError
from recurra.names import listed
from recurra.sequences import steps_told
from recurra.smoothing import is_seasonal
from recurra.text.joining import roles

__all__ = ["Series", "read_series", "sample_series", "series_in"]

HOLIDAYS = 4  # and more weekdays than that, where weekends are left out anyway
FURTHEST = 1e153  # from 0, so that squares are numbers, too
MOST_FILLED = 0.2  # of the steps
LOOKED_AT = 0.6  # of the steps, for a season: later ones may be held out


@dataclass
class Series:
    """Numbers in order of time, of one series or of several end to end.

    Args:
        numbers: (steps,) oldest first, as they are forecast: of a column, or of its logarithm.
        source: the path, as it was given.
        sha256: of the file's bytes.
        notes: what was guessed, put in order, or looks odd, and what was done to them.
        target: the name of the column, None where it has none.
        log: whether the numbers are logarithms of the column.
        season: steps after which they repeat themselves, where that is known; 1 for none.
        times: (steps,) of each, None where no column is time.
        frequency: how long a step is, None where that is not known.
        zone: as it is written behind a time; or the name of a place, whose clock shows them.
        filled: (steps,) which were not in the file; None for none.
        names: of the series, where there are several.
        offsets: (series + 1,) where each begins; None for one.
        columns: the columns they were read from, by what they hold: time, group, known, past; and
            the zone, where one was given.
        beside: what stands beside each step; None where nothing does.
    """

    numbers: Floats
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    target: str | None = None
    log: bool = False
    season: int = 1
    times: Dates | None = None
    frequency: Frequency | None = None
    zone: str = ""
    filled: Bools | None = None
    names: tuple[str, ...] = ()
    offsets: Rows | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    beside: Beside | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def bounds(self) -> Rows:
        """Where each series begins, and where the last one ends."""
        return np.array([0, len(self.numbers)]) if self.offsets is None else self.offsets

    @property
    def ahead(self) -> int:
        """How many columns beside it are known ahead."""
        return self.beside.known if self.beside else 0

    def judged(self, origins: Rows, horizon: int) -> Rows:
        """Leave out origins with a step ahead that was not in the file, or just after one.

        What is filled along a straight line is made of the next step that is there, too: an origin
        just after it would read what it is to foretell.
        """
        if self.filled is None or not len(origins):
            return origins
        around = self.filled[origins[:, None] + np.arange(-1, horizon)]
        return np.asarray(origins[~around.any(axis=1)])

    def table(self, horizon: int, ahead: Sequence[Floats] = ()) -> Floats:
        """Give what a model reads of each step, (steps, 1 and what stands beside).

        Args:
            horizon: steps ahead.
            ahead: of each series, what is known of the steps after it; see `Beside.table`.
        """
        if self.beside is None:
            return self.numbers[:, None]
        beside = self.beside.table(self.bounds, horizon, ahead)
        return np.concatenate([self.numbers[:, None], beside], axis=1)

    def time_of(self, step: int) -> str | None:
        """Say when a step is, None where no column is time."""
        return None if self.times is None else _shown(self.times[step])

    def label_of(self, step: int) -> str:
        """Say when a step is as people write it; its number where no column is time."""
        return str(step + 1) if self.times is None else self.label(self.times[step])

    def label(self, time: np.datetime64) -> str:
        """Write a time as people do."""
        if self.zone[:1].isalpha():
            return local_label(time, self.zone)
        return self.frequency.label(time, self.zone) if self.frequency else _shown(time)

    def labels_after(self, end: int, steps: int) -> list[str]:
        """Say when the steps are that follow the one before `end`."""
        if self.times is None or self.frequency is None:
            return [str(k + 1) for k in range(steps)]
        return [self.label(time) for time in self.frequency.after(self.times[end - 1], steps)]


@dataclass
class _Read:
    """One series as it stands in the file: (rows, 1 and what stands beside it)."""

    cells: Floats
    times: Dates | None
    name: str = ""

    @classmethod
    def of(cls, numbers: Floats, times: Dates | None, name: str = "") -> "_Read":
        """Take a series with nothing beside it."""
        return cls(numbers[:, None], times, name)


@dataclass
class _Tidied:
    """One series in order."""

    numbers: Floats
    times: Dates | None
    filled: Bools
    odd: "_Odd"
    beside: Floats
    later: Later


@dataclass
class _Odd:
    """What was odd in one series, and what was done to it."""

    back: int = 0
    turned: bool = False
    again: list[np.datetime64] = field(default_factory=list)
    cut: tuple[int, int] = (0, 0)
    missing: int = 0
    empty: int = 0
    widest: tuple[int, str] = (0, "")
    given: int = 0
    carried: int = 0


def read_series(
    path: str | Path,
    target: str | None = None,
    *,
    log: bool = False,
    time: str | None = None,
    group: str | None = None,
    beside: Covariates = NOTHING,
    zone: str | None = None,
    encoding: str | None = None,
) -> Series:
    """Read one column of numbers, oldest first; of several series, each by itself.

    A column of dates, months, quarters or years, by its name or by its cells, says the order; where
    none does, rows are taken to be in order. A table of a row a year and a column a month (or a
    quarter) is one series, and so is each line of a `.tsf` file.

    Args:
        path: a table as `read_table` takes it, or a `.tsf`.
        target: the column; None where only one holds numbers.
        log: whether its logarithm is taken.
        time: the column that is time, None to find it.
        group: the column that tells several series apart, None for one.
        beside: the columns that stand beside it: known ahead, or up to the last step.
        zone: the place whose clock the times are of, such as Europe/Berlin; None: times as they
            stand there.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: a column is not there, a cell of it is no number, or, for logarithms, not
            above 0, several series are stacked and no group is given, or too much is missing.
        SettingsError: there is no such zone, or a column is asked for as two things.
    """
    if zone is not None:
        known_zone(zone)
    if is_tsf(path):
        first = next(iter([*beside.known, *beside.past]), None)
        given = {"--target": target, "--time": time, "--group": group, "--zone": zone}
        _refuse_columns({**given, "--known or --past": first})
        return _of_tsf(path, log, encoding)
    table = read_table(path, encoding=encoding)
    return series_in(table, target, log=log, time=time, group=group, beside=beside, zone=zone)


def series_in(
    table: Table,
    target: str | None = None,
    *,
    log: bool = False,
    time: str | None = None,
    group: str | None = None,
    beside: Covariates = NOTHING,
    zone: str | None = None,
) -> Series:
    """Give the series that a table holds, as `read_series` does."""
    notes = list(table.notes)
    wide = None if target or time or group or beside else _of_years(table, notes)
    if wide is not None:
        return _series([wide[0]], wide[1], table, None, log, notes, {})
    asked = [meant(each) for each in (*beside.known, *beside.past)]
    name = _target(table.frame, target, table, notes, {time, group, *asked})
    if group is not None:
        group = column_named(table.frame, group, "group", table.source)
    table = _without_remarks(table, name, notes)
    numbers = _numbers(table.frame[name], table, notes)
    names, known, values = covariates_in(table.frame, beside, [name, time, group], table)
    groups = None if group is None else table.frame[group].astype(str).str.strip()
    without = {name, *asked, *([group] if group else [])}
    clock, said = time_of_rows(table.frame, table.unnamed, time, without, table.source)
    if zone and clock is None:
        raise SettingsError(
            f"--zone says whose clock times are of, but no column of {table.source} is time. Name "
            "it with --time, or leave --zone out."
        )
    if clock and zone:
        clock = in_zone(clock, zone, None if groups is None else list(groups), table.source)
    times = clock.times if clock else None
    if clock and clock.column is None:  # it was left out as a column, and is time
        notes = [note for note in notes if "without a name" not in note]
        notes.append("the column without a name is time")
    if times is not None and group is None:
        _refuse_stacked(table.frame, times, name, table)
    notes += [f"known ahead: {listed(names[:known])}"] if known else []
    notes += [f"known to the last step: {listed(names[known:])}"] if names[known:] else []
    read = _apart(np.concatenate([numbers[:, None], values], axis=1), times, groups)
    columns = {"time": time, "group": group, "zone": zone}
    given = {role: column for role, column in columns.items() if column is not None}
    given |= {**roles("known", beside.known), **roles("past", beside.past)}
    return _series(read, clock, table, name, log, [*notes, *said], given, known=(names, known))


def _apart(cells: Floats, times: Dates | None, groups: "pd.Series[str] | None") -> list[_Read]:
    """Take the rows of each series apart, in the order in which their names first stand there."""
    if groups is None:
        return [_Read(cells, times)]
    codes, names = pd.factorize(groups)
    rows = [np.flatnonzero(codes == code) for code in range(len(names))]
    return [
        _Read(cells[at], None if times is None else times[at], str(name))
        for at, name in zip(rows, names, strict=True)
    ]


def _refuse_columns(given: Mapping[str, str | None]) -> None:
    wrong = next((option for option, value in given.items() if value is not None), None)
    if wrong:
        raise DataError(
            f"a .tsf file says itself what its series are, but {wrong} was given. Leave it out."
        )


def _of_tsf(path: str | Path, log: bool, encoding: str | None) -> Series:
    file = read_tsf(path, encoding=encoding)
    table = Table(pd.DataFrame(), str(path), file.sha256)
    read = [_Read.of(each.numbers, each.times(file.frequency), each.name) for each in file.series]
    if any(each.times is None for each in read):
        read = [_Read(each.cells, None, each.name) for each in read]
    return _series(read, None, table, None, log, list(file.notes), {}, file.frequency)


def _of_years(table: Table, notes: list[str]) -> tuple[_Read, Clock] | None:
    """Read a table of a row a year and a column a month or a quarter as one series."""
    frame = table.frame
    names = list(map(str, frame.columns))
    parts = months_in_a_row(names) or quarters_in_a_row(names)
    rest = [name for name in names if name not in parts]
    year = next((name for name in rest if name.lower() in YEARS), rest[0] if rest else None)
    years = years_of(frame[year]) if parts and year is not None else None
    if years is None or len(rest) > 2:
        return None
    length = 12 // len(parts)
    columns = sorted(parts, key=lambda name: parts[name])
    cells = frame[columns].to_numpy().ravel()
    numbers = _numbers(pd.Series(cells, dtype=object), table, notes)
    months = np.add.outer(years * 12, np.arange(0, 12, length)).ravel() - 1970 * 12
    times = months.astype("datetime64[M]").astype("datetime64[s]")
    notes.append(f"a year a row, a {'month' if length == 1 else 'quarter'} a column")
    return _Read.of(numbers, times), Clock(times)


# ---- from what stands in the file to what is forecast


def _series(
    read: list[_Read],
    clock: Clock | None,
    table: Table,
    name: str | None,
    log: bool,
    notes: list[str],
    columns: Mapping[str, str],
    frequency: Frequency | None = None,
    known: tuple[tuple[str, ...], int] = ((), 0),
) -> Series:
    """Put each series in order, fill its holes, and lay them end to end."""
    for each in read:
        check_reach(each.cells, each.name or name or "the series", table.source, FURTHEST)
    longest = max(read, key=lambda each: len(each.cells))
    if longest.times is not None:
        frequency = frequency or frequency_of(np.sort(longest.times))
    made = [_tidy(each, frequency, table.source, known) for each in read]
    lengths = [len(each.numbers) for each in made]
    numbers = np.concatenate([each.numbers for each in made])
    there = [each.times for each in made if each.times is not None]
    times = np.concatenate(there) if len(there) == len(made) else None
    filled = np.concatenate([each.filled for each in made])
    if log:
        _refuse_below_zero(numbers, filled, table, name)
        numbers = np.log(numbers)
        notes.append(f"Figures are of the logarithm of {name or 'the values'}.")
    notes += clock.notes if clock else []
    notes += _said([each.odd for each in made], int(filled.sum()), len(numbers))
    several = len(read) > 1 or bool(read[0].name)
    found = Series(
        numbers,
        table.source,
        table.sha256,
        notes,
        name,
        log,
        times=times,
        frequency=frequency,
        zone=clock.zone if clock else "",
        filled=filled if filled.any() else None,
        names=tuple(each.name for each in read) if several else (),
        offsets=np.r_[0, np.cumsum(lengths)].astype(np.int64) if several else None,
        columns=columns,
        beside=_beside(made, known),
    )
    found.season = _season(found)
    notes.append(_told(found))
    return found


def _beside(made: list[_Tidied], known: tuple[tuple[str, ...], int]) -> Beside | None:
    names, ahead = known
    if not names:
        return None
    values = np.concatenate([each.beside for each in made])
    return Beside(names, ahead, values, tuple(each.later for each in made))


def _tidy(
    read: _Read, frequency: Frequency | None, source: str, known: tuple[tuple[str, ...], int]
) -> _Tidied:
    """Give a series in order, when its steps are, which were filled, and what was odd."""
    odd = _Odd()
    times, cells = read.times, read.cells
    if times is not None:
        times, cells = _in_order(times, cells, odd)
        times, cells = _once(times, cells, odd)
        times, cells = _on_calendar(times, cells, frequency, odd)
    there = np.flatnonzero(~np.isnan(cells[:, 0]))
    if not len(there):
        way = "Leave it out." if read.name else "Take another --target."
        raise DataError(f"a series must hold numbers, but {_whose(read, source)} has none. {way}")
    names, ahead = known
    end = int(there[-1]) + 1
    part = slice(there[0], end)
    later = Later(cells[end:, 1 : 1 + ahead], None if times is None else times[end:])
    odd.given = len(later.numbers) if ahead else 0
    odd.cut = int(there[0]), len(cells) - end - odd.given
    numbers, times = cells[part, 0], None if times is None else times[part]
    empty = np.isnan(numbers)
    odd.empty = int(empty.sum())
    if empty.mean() > MOST_FILLED:
        raise DataError(
            f"most steps of a series must be there, but of the {len(numbers):,} of "
            f"{_whose(read, source)} {odd.empty:,} are missing or empty. Keep the rows after the "
            "gap, or add up longer steps."
        )
    beside, odd.carried = carried_on(cells[part, 1:], names, _whose(read, source))
    at = np.arange(len(numbers))
    numbers = np.interp(at, at[~empty], numbers[~empty])
    return _Tidied(numbers, times, empty, odd, beside, later)


def _whose(read: _Read, source: str) -> str:
    return f"series {quoted(read.name)} of {source}" if read.name else source


def _in_order(times: Dates, cells: Floats, odd: _Odd) -> tuple[Dates, Floats]:
    steps = np.diff(times).astype("timedelta64[s]").astype(np.int64)
    odd.back = int((steps < 0).sum())
    odd.turned = odd.back > 0 and bool((steps <= 0).all())
    if odd.turned:
        return times[::-1], cells[::-1]
    order = np.argsort(times, kind="stable")
    return times[order], cells[order]


def _once(times: Dates, cells: Floats, odd: _Odd) -> tuple[Dates, Floats]:
    """Make times that stand there more than once one step, with the mean of their numbers."""
    once, first, place = np.unique(times, return_index=True, return_inverse=True)
    if len(once) == len(times):
        return times, cells
    again = np.ones(len(times), bool)
    again[first] = False
    odd.again = list(times[again])
    means = np.full((len(once), cells.shape[1]), np.nan)
    for column, numbers in enumerate(cells.T):
        known = ~np.isnan(numbers)
        count = np.bincount(place[known], minlength=len(once)).astype(float)
        total = np.bincount(place[known], numbers[known], minlength=len(once))
        np.divide(total, count, out=means[:, column], where=count > 0)
    return once, means


def _on_calendar(
    times: Dates, cells: Floats, frequency: Frequency | None, odd: _Odd
) -> tuple[Dates, Floats]:
    """Put in the steps that are missing, as unknown."""
    if frequency is None or len(times) < 2:
        return times, cells
    steps = frequency.between(times)
    weekdays = frequency.unit == WEEKDAY
    wide = steps > (HOLIDAYS if weekdays else 1)
    odd.missing = int((steps[wide] - 1).sum())
    if odd.missing:
        at = int(np.argmax(np.where(wide, steps, 0)))
        odd.widest = int(steps[at]), frequency.label(times[at])
    if weekdays or not odd.missing:
        return times, cells
    place = np.r_[0, np.cumsum(np.maximum(steps, 1))]
    if len(cells) / (place[-1] + 1) < 1 - MOST_FILLED:
        _refuse_holes(place[-1] + 1, len(cells), odd)
    full = np.full((place[-1] + 1, cells.shape[1]), np.nan)
    full[place] = cells
    when = frequency.at(np.full(len(full), times[0]), np.arange(len(full)))
    when[place] = times
    return when, full


def _refuse_holes(steps: int, there: int, odd: _Odd) -> None:
    raise DataError(
        f"most steps of a series must be there, but of {steps:,} from first to last only {there:,} "
        f"are; the widest gap is after {odd.widest[1]}. Keep the rows after it, or add up longer "
        "steps."
    )


def _said(odd: list[_Odd], filled: int, steps: int) -> list[str]:
    """Say what was odd, of all series together."""
    notes = []
    back = sum(each.back for each in odd if not each.turned)
    if any(each.turned for each in odd):
        notes.append("newest first: turned, so that the oldest comes first")
    if back:
        notes.append(f"not in order of time: {back:,} steps back; sorted")
    if again := [time for each in odd for time in each.again]:
        notes.append(
            f"{len(again):,} times stand there more than once, the first is {_shown(min(again))}: "
            "the mean is taken"
        )
    cut = [sum(each.cut[end] for each in odd) for end in (0, 1)]
    for count, end in zip(cut, ("beginning", "end"), strict=True):
        if count:
            notes.append(f"{count:,} steps at the {end} are empty: left out")
    if given := max(each.given for each in odd):
        notes.append(f"{given:,} steps at the end have no target: what is known ahead is kept")
    if carried := sum(each.carried for each in odd):
        notes.append(
            f"{carried:,} cells beside the series are missing or empty: each takes the value of "
            "the step before"
        )
    widest = max((each.widest for each in odd), default=(0, ""))
    most = f", most of them after {widest[1]}" if widest[0] > 2 else ""
    if filled:
        notes.append(
            f"{filled:,} of {steps:,} steps are missing or empty{most}: filled along a straight "
            "line, and not judged"
        )
    elif missing := sum(each.missing for each in odd):
        notes.append(f"some {missing:,} steps are missing{most}")
    return notes


def _told(series: Series) -> str:
    """Say how often there is a step, from when to when, and the season."""
    often = series.frequency.name if series.frequency else ""
    lengths = np.diff(series.bounds)
    if series.names:
        parts = [f"{len(series.names):,} series", often, steps_told(lengths)]
    elif series.times is not None:
        ends = f"{series.label_of(0)} to {series.label_of(len(series) - 1)}"
        parts = [often or "steps of different lengths", ends]
    else:
        parts = [f"{len(series):,} steps in the order of the file"]
    tried = series.frequency.seasons if series.frequency else ()
    if series.season > 1:
        parts.append(f"a season of {series.season} steps")
    elif tried:
        parts.append(f"no season of {' or '.join(map(str, tried))} steps found")
    return ", ".join(part for part in parts if part)


def _season(series: Series) -> int:
    """Find the season that the calendar knows, where most series repeat themselves after it.

    Only the first three fifths of each are looked at: later steps may be held out.
    """
    if series.frequency is None:
        return 1
    bounds = series.bounds
    for season in series.frequency.seasons:
        firsts = [
            series.numbers[start : start + int((end - start) * LOOKED_AT)][None]
            for start, end in pairwise(bounds)
        ]
        told = [bool(is_seasonal(each, season)[0]) for each in firsts if each.size >= 3 * season]
        if told and np.mean(told) > 0.5:
            return season
    return 1


def _refuse_below_zero(numbers: Floats, filled: Bools, table: Table, name: str | None) -> None:
    wrong = np.flatnonzero(numbers <= 0)
    if len(wrong):
        raise DataError(
            f"--target must hold numbers above 0 for --log, but {name or 'a series'} of "
            f"{table.source} has {numbers[wrong[0]]:.6g}. Drop or fill such rows ({len(wrong):,})."
        )


# ---- the columns


def _without_remarks(table: Table, target: str, notes: list[str]) -> Table:
    """Leave out rows that hold nothing, and remarks below the table: one cell, neither time nor
    number.
    """
    frame = table.frame
    empty = np.flatnonzero((frame[target] == "").to_numpy())
    if frame.shape[1] < 2 or not len(empty):
        return table
    cells = [[cell for cell in map(str, frame.iloc[row]) if cell.strip()] for row in empty]
    out = [int(row) for row, there in zip(empty, cells, strict=True) if not there]
    end = len(frame)
    for row, there in zip(empty[::-1].tolist(), cells[::-1], strict=True):
        if row != end - 1 or len(there) > 1:
            break
        if there and not (is_time(there[0]) or number_of(there[0]) is not None):
            out.append(row)
            notes.append(f"below the table, left out: {quoted(there[0])}")
        end = row
    kept = np.setdiff1d(np.arange(len(frame)), out)
    if len(kept) in (0, len(frame)):
        return table
    unnamed = table.unnamed.iloc[kept] if len(table.unnamed) else table.unnamed
    return replace(
        table,
        frame=frame.iloc[kept].reset_index(drop=True),
        unnamed=unnamed.reset_index(drop=True),
    )


def _target(
    frame: pd.DataFrame, given: str | None, table: Table, notes: list[str], without: set[str | None]
) -> str:
    if given is not None:
        return column_named(frame, given, "target", table.source)
    names = list(map(str, frame.columns))
    fitting = [name for name in names if name not in without and _holds_numbers(frame, name)]
    if len(fitting) == 1:
        notes.append(f"target guessed: {quoted(fitting[0])}, the only column of numbers")
        return fitting[0]
    raise DataError(
        f"--target must name a column of {table.source}, but it was not given. "
        f"The columns are: {listed(names)}."
    )


def _holds_numbers(frame: pd.DataFrame, name: str) -> bool:
    if name.lower() in TIMES or not name:
        return False
    values = list(map(number_of, without_percent(frame[name].iloc[:200].to_list())[0]))
    known = [value for value in values if value is not None and np.isfinite(value)]
    return None not in values and len(known) > 0


def _numbers(column: pd.Series, table: Table, notes: list[str]) -> Floats:
    """Read the numbers of the target; NaN where a cell is empty."""
    cells = [str(cell).strip() for cell in column]
    cells, percent = without_percent(cells)
    if percent:
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
    empty = np.array([cell.casefold() in UNSAID for cell in cells])
    wrong = np.flatnonzero(~np.isfinite(values) & ~empty)
    if len(wrong):
        row = int(wrong[0])
        raise DataError(
            f"--target must hold numbers, but row {row + 1} of {table.source} has "
            f"{quoted(column.iloc[row])}. Drop or fill such rows ({len(wrong):,})."
        )
    return values


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
                f"other, told apart by {quoted(name)}. Learn them together with --group, or "
                f"keep the rows of one, such as {quoted(groups.iloc[0])}."
            )


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
