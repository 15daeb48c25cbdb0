"""Columns that were made with all rows at once: scales, components, ranks, counts and sums.

::

    scaled       mean 0 and deviation 1, or least 0 and most 1, over all rows
    components   no correlation with another column, over all rows
    ranks        1/n, 2/n, …, over all rows
    totals       of each shop, writer, ticker: how many rows it has, or the sum, mean, least or
                 most of a number in them, over all rows

Each is asked to the last digit that is written, and said only where it does not hold of the rows
learnt from: who makes them of those alone comes near, and no nearer. How probable it is to come so
near by luck is counted, times all that was tried (Bonferroni).

Source: Kapoor and Narayanan, "Leakage and the reproducibility crisis in machine-learning-based
science" (2023), L1.2: pre-processing on training and test set.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Dates, Floats, Rows
from recurra.auditing.findings import Finding
from recurra.auditing.later import digits_behind
from recurra.auditing.rows import Audited
from recurra.auditing.views import READ, days_of

__all__ = ["Scaled", "scaled_by_all", "scaled_findings"]

CHANCE = 0.01
FEWEST = 50  # rows
OWN = 0.5  # of the rows have a number of their own: it was measured, or computed
MOST_COLUMNS = 40  # that are paired
GROUPS, OF_ONE = 10, 3  # a column that binds rows: so many values, and rows of each in the mean
FEWEST_TORN, MOSTLY = 4, 0.75  # the same of numbers with digits behind the point: no luck
TORN, TOTAL, PART = 10, 0.98, 0.5  # groups on both sides; that agree; that may by luck
TOTALS = {"sum": "total", "mean": "mean", "min": "least", "max": "most"}


@dataclass(frozen=True)
class Scaled:
    """A column that was made with all rows.

    Args:
        name: of it.
        how: it was made, in words.
        chance: of so much by luck; not corrected.
    """

    name: str
    how: str
    chance: float


def scaled_findings(audited: Audited) -> list[Finding]:
    """Say which columns were made with the rows held out, too; in a file, with all rows."""
    others = audited.rows.other_columns.reset_index(drop=True)
    days = {str(name): days_of(str(name), others[name]) for name in others.columns}
    cells = {
        name: others[name].astype(str).str.strip() for name, day in days.items() if day is None
    }
    numbers = {name: each for name, c in cells.items() if (each := _numbers(c)) is not None}
    binding = _binding(cells) | _calendars(days)
    found = [*scaled_by_all(numbers, audited.held), *_totals(binding, numbers, audited.held)]
    if audited.steps is not None and audited.held is not None:
        held = np.repeat(audited.held, audited.steps.lengths)
        channels = {f"channel {k + 1}": c for k, c in enumerate(audited.steps.timesteps().T)}
        found += scaled_by_all(channels, held)
    return [_finding(audited, each) for each in found]


def _finding(audited: Audited, found: Scaled) -> Finding:
    rows = len(audited.truth)
    if audited.held is None:
        return Finding(
            kind="made of all rows",
            level="note",
            sentence=(
                f"Column {found.name!r} was made with all rows at once: {found.how}, to the last "
                "digit. However they are split, the rows learnt from know those held out."
            ),
            size=rows,
            of=rows,
            advice="Make it anew after the split, of the rows learnt from.",
        )
    held = int(audited.held.sum())
    return Finding(
        kind="made with the rows held out",
        level="leak",
        sentence=(
            f"Column {found.name!r} was made with the {audited.names[1]} rows, too: over both "
            f"sides {found.how}, to the last digit, and over the {audited.names[0]} rows alone it "
            "is not so."
        ),
        size=held,
        of=held,
        advice="Make it of the rows learnt from, and apply what was found to the others.",
    )


def _numbers(column: "pd.Series[str]") -> Floats | None:
    filled = column != ""
    numbers = pd.to_numeric(column, errors="coerce")
    if filled.sum() < FEWEST or numbers[filled].notna().mean() < READ:
        return None
    found = numbers.to_numpy(float)
    return np.where(np.abs(found) < 1e150, found, np.nan)


# ---- scales, components and ranks


def scaled_by_all(columns: dict[str, Floats], held: Bools | None = None) -> list[Scaled]:
    """Give the columns that were scaled, turned or ranked by all rows.

    Args:
        columns: (rows,) each, NaN where nothing is known.
        held: (rows,) whether a row is held out: what holds of the others alone is left out.

    Example:
        >>> rows = np.random.default_rng(0).lognormal(size=400)
        >>> scaled = ((rows - rows.mean()) / rows.std()).round(6)
        >>> [x.how for x in scaled_by_all({"size": scaled}, np.arange(400) >= 300)]
        ['its mean is 0, and its deviation 1']
        >>> scaled_by_all({"size": scaled[:300]})
        []
    """
    own = {name: each for name, each in columns.items() if _are_own(each)}
    pairs = list(combinations(list(own)[:MOST_COLUMNS], 2))
    tried = 3 * len(own) + len(pairs)
    found: dict[str, Scaled] = {}
    for name, values in own.items():
        known = np.isfinite(values)
        taught = known if held is None else known & ~held
        parts = dict(_of_one(name, values[taught])) if held is not None else {}
        for how, one in _of_one(name, values[known]):
            if one.chance * tried < CHANCE and how not in parts:
                found.setdefault(name, one)
    for a, b in pairs:
        chance = _apart(own[a], own[b], held)
        if chance * tried < CHANCE:
            for name in (a, b):
                found.setdefault(name, Scaled(name, "it goes with no other column at all", chance))
    return list(found.values())


def _are_own(values: Floats) -> bool:
    """Say whether nearly each number is another, and they are no whole ones: those are counted."""
    known = values[np.isfinite(values)]
    if len(known) < FEWEST or len(np.unique(known)) < OWN * len(known):
        return False
    return bool((known % 1 != 0).any())


def _of_one(name: str, values: Floats) -> Iterator[tuple[str, Scaled]]:
    """Give how one column was scaled, with the chance of each by luck, whatever that is."""
    rows, unit = len(values), 10.0 ** -digits_behind(values)
    slack = unit * 4 / np.sqrt(12 * rows) + 1e-9  # what roundings do to a mean
    mean, least, most = float(values.mean()), float(values.min()), float(values.max())
    for deviation in (float(values.std()), float(values.std(ddof=1))):
        if abs(mean) <= slack and abs(deviation - 1) <= slack:
            near = 2 * slack * np.sqrt(rows) / np.sqrt(2 * np.pi)
            yield "deviation", Scaled(name, "its mean is 0, and its deviation 1", near**2)
            break
    distinct = len(np.unique(values)) >= READ * rows  # shares of few things reach 0 and 1
    if distinct and abs(least) <= unit and abs(most - 1) <= unit:
        near = min(1.0, rows * (unit + 1e-9))
        yield "range", Scaled(name, "its least is 0, and its most 1", near**2)
    order = np.sort(values)
    for ranks in ((np.arange(rows) + 1) / rows, (np.arange(rows) + 0.5) / rows):
        if unit < 0.1 / rows and (np.abs(order - ranks) <= unit).mean() >= READ:
            yield "ranks", Scaled(name, "it is the share of rows up to a row", 0.0)
            break


def _apart(one: Floats, other: Floats, held: Bools | None) -> float:
    """Give the chance of no correlation by luck; 1 where there is one, or none in a part either."""
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < FEWEST:
        return 1.0
    a, b = one[known], other[known]
    if not (np.ptp(a) and np.ptp(b)):
        return 1.0
    unit = max(10.0 ** -digits_behind(x) / float(x.std()) for x in (a, b))
    slack = unit * 4 / np.sqrt(12 * len(a)) + 1e-9
    if abs(_correlation(a, b)) > slack:
        return 1.0
    if held is not None:
        taught = ~held[known]
        if taught.sum() < FEWEST or abs(_correlation(a[taught], b[taught])) <= 10 * slack:
            return 1.0
    return float(2 * slack * np.sqrt(len(a)) / np.sqrt(2 * np.pi))


def _correlation(one: Floats, other: Floats) -> float:
    if not (np.ptp(one) and np.ptp(other)):
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


# ---- counts and sums of groups


def _binding(cells: "dict[str, pd.Series[str]]") -> dict[str, Rows]:
    """Give the columns whose values bind rows, as numbers of these."""
    return {
        n: pd.factorize(c)[0].astype(np.int64)
        for n, c in cells.items()
        if GROUPS <= c.nunique() <= len(c) / OF_ONE
    }


def _calendars(days: "dict[str, Dates | None]") -> dict[str, Rows]:
    """Give the months and the weekdays of columns of days that hold no row without one."""
    found: dict[str, Rows] = {}
    for name, day in days.items():
        if day is None or np.isnat(day).any():
            continue
        calendar = pd.DatetimeIndex(day)
        for what, codes in (("month", calendar.month), ("weekday", calendar.day_of_week)):
            if len(codes.unique()) > 1:
                found[f"{what} of {name}"] = codes.to_numpy(np.int64)
    return found


def _totals(
    binding: dict[str, Rows], numbers: dict[str, Floats], held: Bools | None
) -> list[Scaled]:
    """Give the columns that are a count or a sum of all rows of a group."""
    found = []
    for name in numbers:
        for group, codes in binding.items():
            if group != name and (how := _total(name, group, codes, numbers, held)):
                found.append(Scaled(name, how, 0.0))
                break
    return found


def _total(
    name: str, group: str, codes: Rows, numbers: dict[str, Floats], held: Bools | None
) -> str:
    """Say what a column is of its group, "" where it is nothing."""
    values = numbers[name]
    if len(pd.DataFrame({"of": codes, "is": values}).drop_duplicates()) > codes.max() + 1:
        return ""
    said = pd.Series(values).groupby(codes).first()
    asked = _torn(codes, held)
    said = said[np.isin(said.index, asked)]
    whole = bool((said % 1 == 0).all())  # counts meet by luck, more digits do not
    least = TORN if whole else FEWEST_TORN
    if len(said) < least or said.nunique() < min(least, len(said) / 2):
        return ""
    slack = 0.51 * 10.0 ** -digits_behind(np.asarray(said, np.float64)) + 1e-9 * float(
        said.abs().max()
    )
    taught = np.ones(len(codes), bool) if held is None else ~held
    asked_of = [("count", "", np.ones(len(codes)))]
    asked_of += [(what, n, each) for n, each in numbers.items() if n != name for what in TOTALS]
    for what, other, theirs in asked_of:
        every = _agree(said, theirs, codes, what, slack)
        part = 0.0 if held is None else _agree(said, theirs[taught], codes[taught], what, slack)
        if every >= (TOTAL if whole else MOSTLY) and part <= PART:
            return (
                f"it is the {TOTALS[what]} of {other!r} in all rows of one {group!r}"
                if other
                else f"it counts all rows of one {group!r}"
            )
    return ""


def _torn(codes: Rows, held: Bools | None) -> Rows:
    """Give the groups that lie on both sides; in a file those of several rows."""
    if held is None:
        return np.flatnonzero(np.bincount(codes) > 1)
    return np.intersect1d(codes[held], codes[~held])


def _agree(said: "pd.Series[float]", values: Floats, codes: Rows, what: str, slack: float) -> float:
    made = pd.Series(values).groupby(codes).agg(what).reindex(said.index)
    return float((np.abs(made - said) <= slack).mean())
