"""Rows of numbers that lie between two others: made up from them (SMOTE, mixup).

::

    x = a + u (b - a),  0 < u < 1          cos(a - x, b - x) = -1, to a part in 100 million,
                                           or to what roundings of the three rows may make of it

Rows that are measured lie on no straight line between two others, in four numbers or more. Each row
is asked with the pairs of its 20 nearest: whoever lies at an end of such a line is one of them, for
what is made between neighbours, and for the mean of two rows that have nothing in common.

Sources: Chawla et al., "SMOTE" (2002); Zhang et al., "mixup" (2018).
"""

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.auditing.findings import Finding
from recurra.auditing.later import digits_behind
from recurra.auditing.rows import Audited
from recurra.auditing.tables import measured_columns
from recurra.near_numbers import means_of_bins

__all__ = ["between_findings", "between_others"]

NEAREST, SLACK = 20, 1e-8
ROUNDED, WIDE = 3.0, 0.1  # times the roundings of three rows; of the widest direction: it counts
CHANCE = 0.01  # of so straight a line by luck among all that are tried
FEWEST_NUMBERS, FEWEST_ROWS = 4, 30
FLAT = 0.01  # of the widest direction: rows that lie flat have fewer numbers than columns
TOLERATED = 0.01  # of the rows
MOST_ROWS = 5_000


def between_findings(audited: Audited) -> list[Finding]:
    """Say how many rows lie between two others, of which one is of the other side."""
    rows = audited.counted.rows
    rows = rows[audited.telling[rows]]
    if len(rows) > MOST_ROWS:
        audited.notes.append(
            f"whether rows lie between others was asked of {MOST_ROWS:,} of {len(rows):,}"
        )
        rows = np.sort(np.random.default_rng(audited.seed).choice(rows, MOST_ROWS, replace=False))
    if len(rows) < FEWEST_ROWS:
        return []
    lines = between_others(_numbers(audited, rows))
    if audited.held is not None:
        sides = audited.held[rows][lines]
        lines = lines[sides.any(axis=1) & ~sides.all(axis=1)]
    of = len(rows) if audited.held is None else int(audited.held[rows].sum())
    touched = np.unique(lines[:, 0] if audited.held is None else lines)
    if audited.held is not None:
        touched = touched[audited.held[rows][touched]]
    size = len(touched)
    if not size or size <= TOLERATED * of:
        return []
    return [_finding(audited, size, of, rows[lines[:2]])]


def _finding(audited: Audited, size: int, of: int, lines: Rows) -> Finding:
    if audited.held is None:
        kind = "rows between others"
        sentence = (
            f"{size:,} of {of:,} rows ({size / of:.1%}) lie on a straight line between two others: "
            "they were made up from them, and a split at random tears them apart."
        )
    else:
        kind = "rows between others across"
        sentence = (
            f"{size:,} of {of:,} {audited.names[1]} rows ({size / of:.1%}) lie on a straight line "
            f"with two others, of which one or both are of the {audited.names[0]} side: rows were "
            "made up before the split."
        )
    return Finding(
        kind=kind,
        level="leak",
        sentence=sentence,
        size=size,
        of=of,
        examples=[audited.example(int(row), int(one)) for row, one, _ in lines],
        advice="Split first, and make rows up from those learnt from alone; judge on real rows.",
    )


def between_others(rows: Floats) -> Rows:
    """Give rows that lie between two others, with these: (lines, 3), one line a row.

    Args:
        rows: (rows, numbers), none missing.

    Example:
        >>> rows = np.random.default_rng(0).normal(size=(100, 5))
        >>> rows[7] = 0.25 * rows[3] + 0.75 * rows[5]
        >>> between_others(rows).tolist()
        [[7, 3, 5]]
    """
    lines: list[tuple[int, int, int]] = []
    if rows.shape[1] < FEWEST_NUMBERS or len(rows) < FEWEST_ROWS:
        return np.zeros((0, 3), np.int64)
    units = np.array([10.0 ** -digits_behind(column) for column in rows.T])
    rows = rows - rows.mean(axis=0)
    size = rows.std(axis=0)
    size = np.where(size > 0, size, 1.0)
    rows, rounded = rows / size, ROUNDED * float(np.sqrt(((units / size) ** 2).sum() / 12))
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(rows.T @ rows), 0.0))
    if (spread > FLAT * spread.max(initial=0.0)).sum() < FEWEST_NUMBERS:
        return np.zeros((0, 3), np.int64)
    wide = int((spread > WIDE * spread.max()).sum())
    squares = (rows**2).sum(axis=1)
    most = min(NEAREST, len(rows) - 1)
    tried = len(rows) * most * (most - 1) / 2
    for row, place in enumerate(rows):
        apart = squares - 2 * rows @ place
        apart[row] = np.inf
        near = np.sort(np.argpartition(apart, most - 1)[:most])
        ways = rows[near] - place
        lengths = np.sqrt((ways**2).sum(axis=1))
        there = lengths > 1e-9 * np.sqrt(squares[row] + 1.0)
        near, ways, lengths = near[there], ways[there] / lengths[there, None], lengths[there]
        bend = rounded * (1 / lengths[:, None] + 1 / lengths[None])  # that roundings may make
        sure = _by_luck(bend, wide) * tried < CHANCE
        slack = np.where(sure, np.maximum(SLACK, bend**2 / 2), SLACK)
        one, other = np.nonzero(np.triu(ways @ ways.T <= slack - 1, 1))
        if len(one):
            lines.append((row, int(near[one[0]]), int(near[other[0]])))
    return np.array(lines, np.int64).reshape(-1, 3)


def _by_luck(bend: Floats, wide: int) -> Floats:
    """Give the chance that two directions are so nearly opposite, in so many dimensions."""
    from scipy.special import betainc

    sine: Floats = np.sin(np.minimum(bend, np.pi / 2)) ** 2
    found: Floats = betainc((wide - 1) / 2, 0.5, sine) / 2
    return found


def _numbers(audited: Audited, rows: Rows) -> Floats:
    """Give the sequences in bins, else the columns of which rows have numbers of their own."""
    if audited.steps is not None:
        return means_of_bins(audited.steps.take(rows)).reshape(len(rows), -1)
    return measured_columns(audited.rows.other_columns.iloc[rows])
