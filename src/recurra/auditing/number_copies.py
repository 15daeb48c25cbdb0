"""Copies among rows of numbers: within the rows, across the sides, and with other labels."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recurra.arrays import Bools, Floats, Rows
from recurra.auditing.findings import Example, Finding, Level
from recurra.auditing.rows import Audited
from recurra.auditing.simple import Simple, simple_of_numbers
from recurra.auditing.tables import NumericRows, content_columns, measured_columns
from recurra.near_numbers import (
    KINDS,
    MOST_ROWS,
    NearSequences,
    find_near_sequences,
    nearer_than_luck,
)
from recurra.sequences import Ragged

__all__ = ["AuditedNumbers", "number_copy_findings"]

TOLERATED = 0.01  # of the rows: so many copies a random split may tear apart
NEAR = 0.07  # of the rows: kinds within a class bring so many near each other, and no copies are
SHOWN = 3
STEPS_SHOWN = 12
FEWEST_CELLS = 3  # of a row of a table that is a copy
FEWEST_MEASURED = 4  # numbers of a row of a table that is a near copy
NEIGHBOURS = 40  # of a row of a table: rows of a class may have been drawn again and again
MEANING = {
    "copies": "equal, number by number, to",
    "scaled or moved copies": "a·x + b of",
    "parts of each other": "a part of, or hold,",
    "overlapping windows": "windows that overlap",
    "copies with some steps changed": "equal at most steps, but for a·x + b, to",
    "copies run backwards": "run backwards, a copy of",
    "copies sampled otherwise": "sampled more or less often, or stretched, a copy of",
    "copies with a trend": "but for a trend, or what is added up, a copy of",
    "changes or sums of each other": "the changes, or the sums, from step to step of",
    "copies on a bent scale": "in the order of their sizes, step by step, a copy of",
    "near copies": "nearer than luck brings rows of a class to",
}
ADVICE = {
    "overlapping windows": "Split by time or by recording, and leave out the windows that overlap "
    "both sides.",
}
GROUP = "Keep copies on one side: `train sequences` does, and `find_near_sequences` gives them."
TAKE_OUT = "Take them out of the test side, or judge with and without them."


@dataclass(frozen=True)
class AuditedNumbers(Audited):
    """Labelled rows of numbers that are audited."""

    rows: NumericRows

    @cached_property
    def near(self) -> NearSequences:
        """Which rows are copies."""
        if self.rows.sequences is not None:
            return find_near_sequences(self.rows.sequences, self.truth, self.held)
        return _rows_of_a_table(self.rows, self.truth)

    @property
    def groups(self) -> Rows:
        """(rows,) one number for all rows that are equal: windows count each."""
        return np.where(self.near.telling, self.near.exact, np.arange(len(self.truth)))

    @property
    def bound(self) -> Rows:
        """(rows,) one number for all rows that a split must hold together, near copies too."""
        return self.near.groups if self.rows.sequences is not None else self.groups

    @property
    def steps(self) -> Ragged | None:
        """The sequences; None of the rows of a table."""
        return self.rows.sequences

    @property
    def telling(self) -> Bools:
        """(rows,) whether a row has a shape: constants and lines come anew."""
        return self.near.telling if self.steps is not None else super().telling

    def simple(self, rows: Rows) -> Simple:
        """Give a simple model of some of the rows."""
        chosen = self.rows.take(rows)
        if chosen.sequences is not None:
            return simple_of_numbers(chosen.sequences)
        return simple_of_numbers(chosen.other_columns[content_columns(chosen.other_columns)])

    def place(self, row: int) -> int:
        """Give the number of a row in its file, or on its side."""
        side = None if self.held is None else self.held == self.held[row]
        return row if side is None else int(side[:row].sum())

    def shown(self, row: int) -> str:
        """Give the first steps, or the cells."""
        sequences = self.rows.sequences
        if sequences is None:
            cells = self.rows.other_columns.iloc[row]
            return ", ".join(f"{name}: {cell}" for name, cell in cells.items())
        begin, end = sequences.offsets[row : row + 2]
        steps = sequences.table[sequences.codes[begin : min(end, begin + STEPS_SHOWN)]]
        said = " ".join("/".join(f"{value:.4g}" for value in step[:4]) for step in steps)
        return said + (" …" if end - begin > STEPS_SHOWN else "")

    def called(self, row: int) -> str:
        """Give its name."""
        return str(self.rows.ids[row])


def _rows_of_a_table(rows: NumericRows, truth: Rows) -> NearSequences:
    """Give which rows of a table hold the same in all columns but ids and days, or nearly so."""
    names = content_columns(rows.other_columns)
    cells = rows.other_columns[names].astype(str)
    known: dict[tuple[str, ...], int] = {}
    keys = (known.setdefault(tuple(row), n) for n, row in enumerate(cells.to_numpy().tolist()))
    exact = np.fromiter(keys, np.int64, len(cells))
    different = cells.nunique(axis=0)
    telling = len(names) >= FEWEST_CELLS and float(np.log2(np.maximum(different, 1)).sum()) > 2 * (
        np.log2(max(2, len(cells)))
    )
    pairs = _nearly_equal(measured_columns(rows.other_columns[names]), exact, truth)
    kinds = np.full(len(pairs), len(KINDS) - 1, np.int64)
    return NearSequences(exact, exact, pairs, kinds, np.full(len(cells), telling))


def _nearly_equal(numbers: Floats, exact: Rows, truth: Rows) -> Rows:
    """Give pairs of rows whose measured numbers are nearer than luck brings them."""
    first = np.flatnonzero(exact == np.arange(len(exact)))
    if numbers.shape[1] < FEWEST_MEASURED or len(first) > MOST_ROWS:
        return np.zeros((0, 2), np.int64)
    seen = numbers[first] - numbers[first].mean(axis=0)
    size = seen.std(axis=0)
    seen = seen / np.where(size > 0, size, 1.0)
    pairs: Rows = first[nearer_than_luck(seen.astype(np.float32), truth[first], NEIGHBOURS)]
    return pairs


def number_copy_findings(audited: AuditedNumbers) -> list[Finding]:
    """Give what is to be said of copies."""
    kinds = _within(audited) if audited.held is None else audited.near.kinds_across(audited.held)
    rows = len(audited.truth) if audited.held is None else int(audited.held.sum())
    found, seen = [], np.zeros(len(audited.truth), bool)
    everything = int(np.any([kinds[kind] for kind in KINDS[:-1]], axis=0).sum())
    for kind, there in kinds.items():
        there = there & ~seen
        seen |= there
        if there.any():
            found.append(_finding(audited, kind, there, rows, everything))
    return [*found, *_rearranged(audited), *_conflicts(audited)]


def _rearranged(audited: AuditedNumbers) -> list[Finding]:
    """Say which rows of a table hold the numbers of another in other columns, or turned over.

    A game seen from both sides is one game: its row holds the same numbers, or their negatives.
    Equal rows aside, measured numbers meet so by no luck.
    """
    if audited.rows.sequences is not None:
        return []
    others = audited.rows.other_columns
    numbers = np.sort(np.abs(measured_columns(others[content_columns(others)])), axis=1)
    if numbers.shape[1] < FEWEST_MEASURED:
        return []
    group = np.unique(numbers, axis=0, return_inverse=True)[1].ravel()
    known = np.ones(len(group), bool) if audited.held is None else ~audited.held
    pairs = np.unique(np.stack([group, audited.near.exact], axis=1)[known], axis=0)
    others_of = np.bincount(pairs[:, 0], minlength=len(group))
    own = np.isin(audited.near.exact, audited.near.exact[known])
    there = (others_of[group] > own) & (known if audited.held is None else audited.held)
    size, of = int(there.sum()), len(group) if audited.held is None else int(audited.held.sum())
    if not size:
        return []
    across = audited.held is not None
    examples = []
    for row in np.flatnonzero(there)[:SHOWN].tolist():
        like = known & (group == group[row]) & (audited.near.exact != audited.near.exact[row])
        examples.append(audited.example(int(np.flatnonzero(like)[0]), row))
    sentence = (
        f"{size:,} of {of:,} {audited.names[1]} rows ({size / of:.1%}) hold the numbers of a row "
        f"of the {audited.names[0]} side in other columns, or with other signs: one thing seen "
        "from two sides."
        if across
        else f"{size:,} of {of:,} rows ({size / of:.1%}) hold the numbers of another in other "
        "columns, or with other signs: one thing seen from two sides."
    )
    return [
        Finding(
            kind="rearranged rows across" if across else "rearranged rows",
            level="leak" if across or size > TOLERATED * of else "note",
            sentence=sentence,
            size=size,
            of=of,
            examples=examples,
            advice="Keep both on one side of the split.",
        )
    ]


def _within(audited: AuditedNumbers) -> dict[str, Bools]:
    """Give for each kind the rows that have such a copy among the others."""
    near, rows = audited.near, len(audited.truth)
    sizes = np.bincount(near.exact, minlength=rows)
    found = {kind: np.zeros(rows, bool) for kind in KINDS}
    found[KINDS[0]] = (sizes[near.exact] > 1) & near.telling
    for number, kind in enumerate(KINDS):
        touched = near.pairs[near.kinds == number].ravel()
        found[kind] |= np.isin(near.exact, near.exact[touched])
    return found


def _finding(
    audited: AuditedNumbers, kind: str, there: Bools, rows: int, everything: int
) -> Finding:
    size, across = int(there.sum()), audited.held is not None
    certain = across or everything > TOLERATED * rows
    if kind == KINDS[-1]:
        certain = size > NEAR * rows
    level: Level = "leak" if certain else "note"
    side = f"{audited.names[1]} rows" if across else "rows"
    other = f"one on the {audited.names[0]} side" if across else "another"
    return Finding(
        kind=f"{kind} across" if across else kind,
        level=level,
        sentence=f"{size:,} of {rows:,} {side} ({size / rows:.1%}) are {MEANING[kind]} {other}.",
        size=size,
        of=rows,
        examples=_examples(audited, kind, there),
        advice=ADVICE.get(kind, TAKE_OUT if across else GROUP),
    )


def _examples(audited: AuditedNumbers, kind: str, there: Bools) -> list[Example]:
    near = audited.near
    found: list[Example] = []
    if kind == KINDS[0]:
        for row in np.flatnonzero(there).tolist():
            others = np.flatnonzero(near.exact == near.exact[row])
            others = others[others != row]
            if audited.held is not None:
                others = others[~audited.held[others]]
            if len(others) and len(found) < SHOWN:
                found.append(audited.example(*sorted((int(others[0]), row))))
        return found
    chosen = near.pairs[near.kinds == KINDS.index(kind)]
    if audited.held is not None:
        chosen = chosen[audited.held[chosen[:, 0]] != audited.held[chosen[:, 1]]]
    return [audited.example(int(one), int(other)) for one, other in chosen[:SHOWN]]


def _conflicts(audited: AuditedNumbers) -> list[Finding]:
    """Say which equal rows have other labels than their like."""
    near, truth = audited.near, audited.truth
    both = np.unique(np.stack([near.exact, truth], axis=1)[near.telling], axis=0)[:, 0]
    first, labels = np.unique(both, return_counts=True)
    torn = first[labels > 1]
    if not len(torn):
        return []
    examples = []
    for row in torn[:SHOWN]:
        rows = np.flatnonzero(near.exact == row)
        other = rows[truth[rows] != truth[rows[0]]][0]
        examples.append(audited.example(int(rows[0]), int(other)))
    size = int(np.isin(near.exact, torn).sum())
    return [
        Finding(
            kind="conflicting labels",
            level="note",
            sentence=f"{len(torn):,} rows stand with more than one label, in {size:,} rows.",
            size=size,
            of=len(truth),
            examples=examples,
            advice="Look at the labels, or leave these rows out.",
        )
    ]
