"""What two columns or more tell of the class together, where none tells it alone.

::

    of numbers     a - b, a + b, a / b, sums of three and of all
    of days        the time between them          of flags  which of three or more are set
    of values      whether both hold the same     of cells  how many of all are empty, and which
    of values      both together, where they recur: one person, place or device
    in groups      a number less the mean of its group: of those with the same author, shop, day;
                   the place of a row in it
    in order       a number less that of the row before, of all rows or of a group

A label that is made of two columns is read off them, and so are a mean of the label of all others
of a group, and a count or a mean of the labels so far.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from recurra.arrays import Floats
from recurra.auditing.later import digits_behind
from recurra.auditing.rows import Counted
from recurra.auditing.tells import View, said_by_numbers, said_by_values, told
from recurra.auditing.views import READ, moments_of, seconds_of

__all__ = ["pairs_told"]

MOST_COLUMNS = 8  # of a kind, that are paired
MOST_ROWS = 2_000  # that say whether a pair is asked of all
PROMISES = 0.5  # of the class, told by a part of the rows
MOST_SUMMED, FEWEST_FLAGS = 6, 3  # columns of which three are summed; of two values each
GROUPS, OF_ONE = 20, 3  # a column that binds rows: so many values, and rows of each in the mean


def pairs_told(columns: pd.DataFrame, counted: Counted) -> tuple[list[View], int]:
    """Give the pairs that may tell the class, of the rows counted, and how many were looked at.

    Args:
        columns: of the rows counted, in their order.
        counted: the rows.
    """
    if not len(counted.fold):
        return [], 0
    some = np.arange(len(counted.rows))
    if len(some) > MOST_ROWS:
        some = np.sort(np.random.default_rng(0).choice(some, MOST_ROWS, replace=False))
    views = list(_views(columns))
    return [view for view in views if _promises(view, counted, some)], len(views)


def _promises(view: View, counted: Counted, some: np.ndarray) -> bool:
    truth, values = counted.truth[some], np.asarray(view.values)[some]
    held = counted.fold[some] == 0
    if held.all() or not held.any():
        return False
    say = said_by_values if view.recurring else said_by_numbers
    return told(say(values[~held], truth[~held], values[held]), truth[held])[0] >= PROMISES


def _views(columns: pd.DataFrame) -> Iterator[View]:
    cells = {str(name): columns[name].astype(str).str.strip() for name in columns.columns}
    numbers = {name: found for name, c in cells.items() if (found := _numbers(c)) is not None}
    days = {
        name: seconds_of(moment)
        for name, c in cells.items()
        if name not in numbers and (moment := moments_of(name, c)) is not None
    }
    yield from _of_numbers(numbers)
    yield from _of_flags(cells)
    for (a, one), (b, other) in combinations(list(days.items())[:MOST_COLUMNS], 2):
        yield _view(f"the time from {a!r} to {b!r}", a, other - one)
    yield from _of_values({n: c for n, c in cells.items() if n not in days})
    yield from _in_groups(cells, numbers)
    yield from _in_order(cells, numbers)
    yield from _of_empty_cells(cells)


def _view(name: str, column: str, values: Floats, kind: str = "pair") -> View:
    known = values[np.isfinite(values)]
    least = float(known.min()) - 1 if len(known) else 0.0
    return View(name, kind, np.where(np.isfinite(values), values, least), False, column)


def _numbers(column: "pd.Series[str]") -> Floats | None:
    filled = column != ""
    numbers = pd.to_numeric(column, errors="coerce")
    if not filled.any() or numbers[filled].notna().mean() < READ:
        return None
    found = numbers.to_numpy(float)
    return np.where(np.abs(found) < 1e150, found, np.nan)


def _of_numbers(numbers: dict[str, Floats]) -> Iterator[View]:
    for (a, one), (b, other) in combinations(list(numbers.items())[:MOST_COLUMNS], 2):
        with np.errstate(divide="ignore", invalid="ignore"):
            yield _view(f"{a!r} less {b!r}", a, one - other)
            yield _view(f"{a!r} and {b!r} together", a, one + other)
            yield _view(f"{a!r} divided by {b!r}", a, one / other)
    some = list(numbers.items())[:MOST_SUMMED]
    for three in combinations(some, 3):
        names = ", ".join(repr(name) for name, _ in three)
        yield _view(f"the sum of {names}", three[0][0], np.sum([each for _, each in three], axis=0))
    yield from _adding_up(dict(some))
    if len(numbers) > 3:
        yield _view("the sum of all numbers of a row", "", np.sum(list(numbers.values()), axis=0))


def _adding_up(numbers: dict[str, Floats]) -> Iterator[View]:
    """Look at whether a number is the sum, or the product, of two others, to its last digit."""
    for (a, one), (b, other) in combinations(numbers.items(), 2):
        for total, whole in numbers.items():
            if total in (a, b):
                continue
            slack = 0.51 * 10.0 ** -digits_behind(whole[np.isfinite(whole)]) + 1e-9 * np.abs(whole)
            for sign, made in (("+", one + other), ("·", one * other)):
                same = (np.abs(made - whole) <= slack).astype(np.int64)
                if 0 < same.sum() < len(same):
                    yield View(f"whether {a!r} {sign} {b!r} is {total!r}", "sum", same, True, total)


def _of_flags(cells: "dict[str, pd.Series[str]]") -> Iterator[View]:
    """Look at which of all columns of two values hold which: each may stand for a kind of rows."""
    flags = [pd.factorize(c)[0] for c in cells.values() if c.nunique() == 2]
    if len(flags) < FEWEST_FLAGS:
        return
    which = np.unique(np.stack(flags, axis=1), axis=0, return_inverse=True)[1]
    which = which.ravel().astype(np.int64)
    if 1 < which.max() + 1 <= len(which) / OF_ONE:
        yield View("all columns of two values together", "pair", which, True)


def _of_values(cells: "dict[str, pd.Series[str]]") -> Iterator[View]:
    recurring = {n: c for n, c in cells.items() if 1 < c.nunique() <= len(c) / 2}
    for (a, one), (b, other) in combinations(list(recurring.items())[:MOST_COLUMNS], 2):
        same = (one == other).to_numpy(np.int64)
        if 0 < same.sum() < len(same):
            yield View(f"whether {a!r} is {b!r}", "pair", same, True, a)
        both = pd.factorize(pd.MultiIndex.from_arrays([one, other]))[0].astype(np.int64)
        if GROUPS <= both.max() + 1 <= len(both) / 2:
            yield View(f"{a!r} together with {b!r}", "together", both, True, a)


def _in_groups(cells: "dict[str, pd.Series[str]]", numbers: dict[str, Floats]) -> Iterator[View]:
    binding = [n for n, c in cells.items() if GROUPS <= c.nunique() <= len(c) / OF_ONE]
    for group in binding[:MOST_COLUMNS]:
        rows = cells[group].groupby(cells[group].to_numpy())
        for said, place in (
            ("", rows.cumcount()),
            (", from its end", rows.cumcount(ascending=False)),
        ):
            number = place.to_numpy(float)
            yield View(f"the place of a row in its {group!r}{said}", "place", number, False, group)
        for name, values in list(numbers.items())[:MOST_COLUMNS]:
            if name == group:
                continue
            mean = pd.Series(values).groupby(cells[group].to_numpy()).transform("mean")
            apart = values - mean.to_numpy(float)
            if np.nanmax(np.abs(apart), initial=0.0) > 0:
                yield _view(f"{name!r} less its mean of {group!r}", name, np.round(apart, 12))


def _in_order(cells: "dict[str, pd.Series[str]]", numbers: dict[str, Floats]) -> Iterator[View]:
    """Look at how numbers move from row to row: what counts the labels so far moves with them."""
    binding = [n for n, c in cells.items() if GROUPS <= c.nunique() <= len(c) / OF_ONE]
    for name, values in list(numbers.items())[:MOST_COLUMNS]:
        yield _view(f"{name!r} less that of the row before", name, _moves(pd.Series(values).diff()))
        for group in [each for each in binding if each != name][:MOST_COLUMNS]:
            moved = pd.Series(values).groupby(cells[group].to_numpy()).diff()
            said = f"{name!r} less that of the row before of the same {group!r}"
            yield _view(said, name, _moves(moved))


def _moves(moved: "pd.Series[float]") -> Floats:
    """Give moves without the dust of their digits."""
    return np.round(moved.to_numpy(float), 9)


def _of_empty_cells(cells: "dict[str, pd.Series[str]]") -> Iterator[View]:
    """Look at how many cells are empty, at which, and at which of two are so together."""
    empty = {name: (c == "").to_numpy() for name, c in cells.items()}
    empty = {name: each for name, each in empty.items() if each.any() and not each.all()}
    if len(empty) < 2:
        return
    every = np.array(list(empty.values()))
    number = every.sum(axis=0).astype(float)
    if len(np.unique(number)) > 1:
        yield _view("the number of empty cells", "", number, "missing")
    which = np.unique(every.T, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    if 1 < which.max() + 1 <= len(which) / OF_ONE:
        yield View("which cells are empty", "missing", which, True)
    for (a, one), (b, other) in combinations(list(empty.items())[:MOST_COLUMNS], 2):
        same = (one == other).astype(np.int64)
        if 0 < same.sum() < len(same):
            yield View(f"whether {a!r} is empty where {b!r} is", "missing", same, True, a)
