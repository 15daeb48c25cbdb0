"""What a column says of rows beside what they hold: which belong together, and when each was.

::

    --group author      rows of one author never stand on two sides
    --time written      the past teaches, the newest rows judge
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recurra.arrays import Floats, Rows, Texts
from recurra.data.dates import read_dates
from recurra.data.numbers import plain_numbers
from recurra.data.spelling import quoted
from recurra.errors import DataError

__all__ = ["ALONE", "Times", "bound_as_before", "groups_in", "order_of", "times_in"]

FEWEST_DAYS = 20  # different ones: a cut then falls between two days
ALONE = "a row without "


@dataclass(frozen=True)
class Times:
    """When rows were.

    Args:
        begins: (rows,) a number that grows with time, of the beginning of each.
        ends: (rows,) the same of the end; of what has no length it is the beginning.
        written: (rows,) the beginning, as the file has it.
        unit: what a cut falls between: "days" or "times".
    """

    begins: Floats
    ends: Floats
    written: Texts
    unit: str = "times"

    def take(self, rows: Rows) -> "Times":
        """Give the chosen rows."""
        return Times(self.begins[rows], self.ends[rows], self.written[rows], self.unit)

    def first(self, rows: Rows) -> str:
        """Give the earliest time of some rows, as the file has it."""
        return str(self.written[rows[self.begins[rows].argmin()]])

    def last(self, rows: Rows) -> str:
        """Give the latest time of some rows, as the file has it."""
        return str(self.written[rows[self.begins[rows].argmax()]])


def bound_as_before(
    given: str | None, taught: Mapping[str, str], frame: pd.DataFrame, notes: list[str]
) -> str | None:
    """Give the column that binds rows: as given, else the one that bound them in training.

    Args:
        given: the column, None where none was named.
        taught: the columns of the training, by their roles.
        frame: the rows.
        notes: takes what is to be said.
    """
    before = taught.get("group")
    if given is not None or before is None:
        return given
    if before in frame.columns:
        notes.append(f"rows that share {quoted(before)} count as one piece, as in training")
        return before
    notes.append(
        f"{quoted(before)} bound rows in training and is not there: each row counts as a piece of "
        "its own"
    )
    return None


def groups_in(column: "pd.Series[str]") -> tuple[Texts, list[str]]:
    """Give what binds rows; one without it is bound to none, and that is said.

    Raises:
        DataError: no row has it.

    Example:
        >>> groups_in(pd.Series(["ann", "", "ann "], name="author"))[0].tolist()
        ['ann', 'a row without author, 1', 'ann']
    """
    cells = column.astype(str).str.strip().to_numpy(object)
    empty = np.flatnonzero(cells == "")
    if len(empty) == len(cells):
        raise DataError(
            f"--group must name a column that holds something: {quoted(str(column.name))} is empty."
        )
    cells[empty] = [f"{ALONE}{column.name}, {row}" for row in empty]
    said = f"{len(empty):,} rows have no {quoted(str(column.name))}: each stands for itself"
    return cells, [said] if len(empty) else []


def order_of(column: "pd.Series[str]", source: str) -> tuple[Floats, bool, list[str]]:
    """Give times as numbers that order rows, and whether they are dates (then seconds, in UTC).

    Of dates that can be read in several ways, what is returned last says how they were.

    Raises:
        DataError: a cell holds neither a number nor a date.
    """
    times = plain_numbers(column)
    finite = np.isfinite(times)
    if finite.all() and not _eight_digits(column):
        return times, False, []
    read = read_dates(column, source, zone="UTC")
    unknown = np.isnat(read.days)
    if unknown.any():
        neither = unknown & ~finite  # of 1, 2, blank it is the blank
        row = int(np.argmax(neither if neither.any() else unknown))
        raise DataError(
            f"--time must hold numbers or dates, but row {row + 1} of {source} has "
            f"{quoted(column.iloc[row])} in {quoted(str(column.name))}."
        )
    moments = read.days.astype("datetime64[s]") + read.seconds.astype("timedelta64[s]")
    return moments.astype(np.int64).astype(np.float64), True, read.notes


def _eight_digits(column: "pd.Series[str]") -> bool:
    """Say whether all cells are days written as 20240320."""
    return bool(column.astype(str).str.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])[0-3]\d").all())


def times_in(column: "pd.Series[str]", source: str) -> tuple[Times, list[str]]:
    """Give when rows were, and what is to be said; of dates over many days the day counts.

    Raises:
        DataError: a cell holds neither a number nor a date.

    Example:
        >>> days = pd.Series(["2024-03-02", "2024-03-01"], name="day")
        >>> times, notes = times_in(days, "example")
        >>> times.first(np.arange(2)), notes
        ('2024-03-01', [])
    """
    order, dates, said = order_of(column, source)
    days = np.floor(order / 86_400)
    by_days = dates and len(np.unique(days)) >= FEWEST_DAYS
    found = days if by_days else order
    written = column.astype(str).str.strip().to_numpy(object)
    return Times(found, found, written, "days" if by_days else "times"), said
