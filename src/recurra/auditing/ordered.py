"""Rows that know their day: split at random, and labels or columns that look ahead."""

import numpy as np
import pandas as pd

from recurra.arrays import Dates, Floats, Rows
from recurra.auditing.blocks import OfBlocks, columns_of_blocks
from recurra.auditing.findings import Finding
from recurra.auditing.foreknown import Foreknown, columns_foreknown
from recurra.auditing.later import Ahead, columns_ahead, label_ahead
from recurra.auditing.rows import Audited, counted_by
from recurra.auditing.spaced import Line, lines_of
from recurra.auditing.tells import View, asked
from recurra.auditing.views import days_of

__all__ = ["foreknown_finding", "of_blocks_finding", "order_findings"]

FEWEST_DAYS = 50
MIXED = 0.05  # of the rows learnt from, that are later than half of those asked about
FEWEST_OF_ONE = 100  # rows of one ticker or device, that are looked through in order
MOST_OF_ONE = 3  # of these that are looked through
TOLD, ALONE, CHANCE = 0.9, 0.2, 0.01  # of the class of the row after; more than of its own; by luck
FEWEST_OF_CLASS, MOST_VALUES, MOST_IN_ORDER = 10, 50, 50_000


def order_findings(audited: Audited) -> list[Finding]:
    """Say what the order of days tells; in a file, advise to split by it."""
    others = audited.rows.other_columns
    for name in others.columns:
        days = days_of(str(name), others[name].reset_index(drop=True))
        if days is not None and len(np.unique(days)) >= FEWEST_DAYS:
            ahead = _ahead(audited, str(name), days)
            order = np.argsort(days, kind="stable")
            return [*_mixed(audited, str(name), days), *ahead, *_next_class(audited, order)]
    return _next_class(audited, np.arange(len(audited.truth)))


def _next_class(audited: Audited, order: Rows) -> list[Finding]:
    """Say which columns hold the class of the row after, and not that of their own."""
    order = order[:MOST_IN_ORDER]
    truth = audited.truth[order]
    if len(truth) < FEWEST_OF_ONE or np.bincount(truth).min() < FEWEST_OF_CLASS:
        return []
    own = counted_by(truth[:-1], order[:-1], audited.seed)
    after = counted_by(truth[1:], order[:-1], audited.seed)
    others = audited.rows.other_columns
    views = [
        View(str(name), "column", pd.factorize(others[name].iloc[order[:-1]])[0], True, str(name))
        for name in others.columns
        if 1 < others[name].nunique() <= MOST_VALUES
    ]
    known = {view.name: tell.told for view, tell in asked(views, own)} if views else {}
    return [
        _of_the_next(view.name, tell.told)
        for view, tell in (asked(views, after) if views else [])
        if tell.p_value < CHANCE and tell.told >= TOLD and known[view.name] < tell.told - ALONE
    ]


def _of_the_next(name: str, told: float) -> Finding:
    return Finding(
        kind="a column of later rows",
        level="leak",
        sentence=(
            f"Column {name!r} tells {told:.0%} of the class of the row after, and not of its own: "
            "it was moved by a row."
        ),
        size=round(100 * told),
        of=100,
        unit="percent",
        advice="Leave it out of what a model reads: nobody knows it on its day.",
    )


def _mixed(audited: Audited, name: str, days: Dates) -> list[Finding]:
    if audited.held is None:
        audited.notes.append(
            f"rows know their day ({name!r}): if new ones will be later, hold out the last days"
        )
        return []
    known, held = days[~audited.held], days[audited.held]
    middle = np.sort(held[~np.isnat(held)])[int((~np.isnat(held)).sum()) // 2]
    later = int((known > middle).sum())
    if later < MIXED * len(known):
        return []
    return [
        Finding(
            kind="split at random in time",
            level="note",
            sentence=(
                f"{later:,} of {len(known):,} {audited.names[0]} rows are later, by {name!r}, than "
                f"half of the {audited.names[1]} rows: a model learns from days after those it is "
                "asked about."
            ),
            size=later,
            of=len(known),
            advice=f"If new rows will be later ones, hold out the last days of {name!r}.",
        )
    ]


def _ahead(audited: Audited, name: str, days: Dates) -> list[Finding]:
    """Look for columns and labels that are known some rows later, of one ticker or device each."""
    others = audited.rows.other_columns.reset_index(drop=True)
    numbers = {
        str(column): pd.to_numeric(others[column], errors="coerce").to_numpy(float)
        for column in others.columns
        if column != name
    }
    numbers = {c: values for c, values in numbers.items() if np.isfinite(values).mean() > 0.9}
    series = [lines_of(rows, days) for rows in _series(others, days)]
    label, spaced = _label_ahead(audited, numbers, series[:MOST_OF_ONE])
    base = label.of if label else ""
    ahead: dict[str, Ahead] = {}
    foreknown: dict[str, Foreknown] = {}
    blocks: dict[str, OfBlocks] = {}
    for lines in series[:MOST_OF_ONE]:
        for line in lines:
            for each in columns_ahead({c: line.holds(values) for c, values in numbers.items()}):
                ahead.setdefault(each.name, each)
        for made in columns_of_blocks({c: lines[0].holds(v) for c, v in numbers.items()}):
            blocks.setdefault(made.name, made)
        line = lines[min(spaced, len(lines) - 1)]
        for told in columns_foreknown({c: line.filled(v) for c, v in numbers.items()}, base):
            foreknown.setdefault(told.name, told)
    # of two equal columns either may be the late one; what moves the late one is known on its day
    lagged = {each.of for each in ahead.values() if each.what == "value"}
    found = [
        _column_ahead(
            each, len(days), each.of == base or (each.what != "value" and each.of not in lagged)
        )
        for each in ahead.values()
        if each.name != base
    ]
    found += [of_blocks_finding(made, len(days)) for made in blocks.values()]
    found += [
        foreknown_finding(told, len(days), base)
        for told in foreknown.values()
        if told.name != base and told.name not in ahead | blocks
    ]
    if label:
        chosen = [lines[min(spaced, len(lines) - 1)] for lines in series]
        found += _reaching(audited, days, chosen, label)
    return found


def _label_ahead(
    audited: Audited, numbers: dict[str, Floats], series: list[list[Line]]
) -> tuple[Ahead | None, int]:
    """Say how far the label of two classes looks, and whether missing rows count: 1, or 0."""
    truth = audited.truth.astype(float)
    if len(audited.rows.names) == 2:
        for lines in series:
            for spaced, line in enumerate(lines):
                columns = {name: line.holds(values) for name, values in numbers.items()}
                if label := label_ahead(line.holds(truth), columns):
                    return label, spaced
    return None, 1


def _series(others: pd.DataFrame, days: Dates) -> list[Rows]:
    """Give the rows of each ticker or device in order of days: of one, where no day is twice."""
    order = np.argsort(days, kind="stable")
    if len(np.unique(days)) == len(days):
        return [order]
    for column in others.columns:
        codes = pd.factorize(others[column])[0]
        pairs = np.unique(np.stack([codes, days.astype("datetime64[D]").astype(int)], 1), axis=0)
        if len(pairs) == len(days) and codes.max() < len(days) / FEWEST_OF_ONE:
            return [order[codes[order] == code] for code in range(codes.max() + 1)]
    return []


def _column_ahead(found: Ahead, rows: int, sure: bool) -> Finding:
    """Say that a column is ahead of another: a leak if sure, else a note."""
    return Finding(
        kind="a column of later rows",
        level="leak" if sure else "note",
        sentence=(
            f"Column {found.name!r} is the {found.what} of {found.of!r} {found.rows:,} rows later, "
            f"in {found.share:.0%} of the rows."
        ),
        size=round(found.share * rows),
        of=rows,
        advice="Leave it out of what a model reads: nobody knows it on its day.",
    )


def of_blocks_finding(found: OfBlocks, rows: int) -> Finding:
    """Say that a column is made of blocks of rows, whose first ones know the last."""
    return Finding(
        kind="a column of later rows",
        level="leak",
        sentence=(
            f"Column {found.name!r} is the {found.what} of {found.of!r} over rows on end, one "
            f"number for all of them, in {found.share:.0%} of {found.blocks:,} blocks: the first "
            "rows of a block know its last ones."
        ),
        size=round(found.share * rows),
        of=rows,
        advice="Let a row have the figure of the block before, or the day on which it was told.",
    )


def foreknown_finding(found: Foreknown, rows: int, base: str) -> Finding:
    """Say that rows to come tell a column; where the other one may look back, it is a note."""
    sure = found.of == base
    return Finding(
        kind="a column of later rows",
        level="leak" if sure else "note",
        sentence=(
            f"Column {found.name!r} is told by later rows of {found.of!r}: those up to its own "
            f"explain {found.back:.0%} of it, with those to come {found.both:.0%}."
        ),
        size=rows,
        of=rows,
        advice="Leave it out of what a model reads, unless it was known on its day, as plans are.",
    )


def _reaching(audited: Audited, days: Dates, series: list[Line], label: Ahead) -> list[Finding]:
    """Say which rows learnt from have labels made of rows that are held out."""
    if audited.held is None:
        audited.notes.append(
            f"the label is the sign of the change of {label.of!r} over the next {label.rows:,} "
            "rows: leave out as many before the side held out"
        )
        return []
    reaching = 0
    for line in series:
        day = days[line.rows].astype("datetime64[D]").astype(np.int64)
        held, places = audited.held[line.rows], np.arange(line.places[-1] + 1)
        if len(places) <= label.rows or not held.any():
            continue
        each = np.interp(places, line.places, day)
        span = int(
            np.median(each[label.rows :] - each[: -label.rows])
        )  # days that a label looks on
        asked = np.sort(day[held])
        first = np.append(asked, np.iinfo(np.int64).max)[np.searchsorted(asked, day, side="right")]
        reaching += int((~held & (first <= day + span)).sum())
    if not reaching:
        return []
    known = int((~audited.held).sum())
    return [
        Finding(
            kind="target reaches into the test",
            level="leak",
            sentence=(
                f"The label is the sign of the change of {label.of!r} over the next {label.rows:,} "
                f"rows, and that of {reaching:,} {audited.names[0]} rows is made of rows of the "
                f"{audited.names[1]} side."
            ),
            size=reaching,
            of=known,
            advice=f"Leave out {label.rows:,} rows before the side held out, of each series.",
        )
    ]
