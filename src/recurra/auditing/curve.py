"""Would more rows help? A simple model is fitted on parts of the rows, and asked of the others.

::

    parts     8 of the rows learnt from, copies together: an eighth, a quarter, half, all
    score     mean recall of the classes on the rows held out, the mean over fits on different parts
    gain      score(all) - score(half), with an interval over the groups of rows held out

Of an eighth and a quarter four parts that share no row are fitted, of half two. What a simple model
gains from twice as many rows says what rows are worth; a network may gain more.

Source: Cortes and others, "Learning curves: asymptotic values and rate of convergence" (1993).
"""

from typing import Literal

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.auditing.findings import Curve, CurvePoint
from recurra.auditing.rows import FOLDS, Audited
from recurra.auditing.simple import Simple
from recurra.judging.splits import stratified_group_folds

__all__ = ["learning_curve"]

PARTS, FITS = 8, 4
MOST_ROWS = 40_000  # that are asked; of more, as many are drawn
FEWEST = 2 * PARTS  # rows of a class to learn from
DRAWS, HELPS = 2_000, 0.01  # of the mean recall: less is hardly worth twice as many rows


def learning_curve(audited: Audited) -> Curve | None:
    """Give how well a simple model does with more and more rows; None, and a note, of too few."""
    rows = np.arange(len(audited.truth))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(audited.seed).choice(rows, MOST_ROWS, replace=False))
        audited.notes.append(
            f"what more rows bring was asked of {MOST_ROWS:,} of {len(audited.truth):,} rows"
        )
    truth, bound = audited.truth[rows], audited.bound[rows]
    classes = len(audited.rows.names)
    least = np.bincount(truth, minlength=classes).min()
    groups = len(np.unique(bound))
    if least < FOLDS or groups < FOLDS * PARTS:
        audited.notes.append(_too_few())
        return None
    held = (
        stratified_group_folds(truth, bound, FOLDS, audited.seed) == 0
        if audited.held is None
        else audited.held[rows]
    )
    known, asked = np.flatnonzero(~held), np.flatnonzero(held)
    if min(np.bincount(truth[known], minlength=classes).min() // FEWEST, len(asked)) < 1:
        audited.notes.append(_too_few())
        return None
    right = _right(audited.simple(rows), truth, bound, known, asked, audited.seed)
    return _curve(right, truth[asked], bound[asked], audited.seed)


def _too_few() -> str:
    return f"what more rows bring was not asked: a class has fewer than {FEWEST} rows to learn from"


def _right(
    simple: Simple, truth: Rows, bound: Rows, known: Rows, asked: Rows, seed: int
) -> dict[int, Floats]:
    """Give for each size how often each row asked was told rightly: {rows learnt from: (asked,)}.

    Args:
        simple: the model.
        truth, bound: (rows,) class and group of every row.
        known, asked: numbers of the rows.
        seed: of the parts.
    """
    part = stratified_group_folds(truth[known], bound[known], PARTS, seed)
    found: dict[int, Floats] = {}
    for width in (1, 2, 4, 8):
        begins = range(0, PARTS, width)[:FITS]
        sides = [known[(part >= begin) & (part < begin + width)] for begin in begins]
        classes = int(truth.max()) + 1
        told = [_told(simple, truth, side, asked, classes) for side in sides]
        size = round(float(np.mean([len(side) for side in sides])))
        found[size] = np.mean([said == truth[asked] for said in told], axis=0)
    return found


def _told(simple: Simple, truth: Rows, known: Rows, asked: Rows, classes: int) -> Rows:
    """Give the class of each row asked, were all classes as large as each other."""
    large = np.bincount(truth[known], minlength=classes)
    shares = simple.shares(known, truth, asked, classes) / np.maximum(large, 1)
    said: Rows = shares.argmax(axis=1)
    return said


def _curve(right: dict[int, Floats], truth: Rows, bound: Rows, seed: int) -> Curve:
    classes = np.unique(truth)
    member = (truth[:, None] == classes).astype(float)
    points = [
        CurvePoint(rows=size, score=float(_recall(member, each[:, None] * member)))
        for size, each in right.items()
    ]
    *_, half, whole = right.values()
    gained = (whole - half)[:, None] * member
    place = np.unique(bound, return_inverse=True)[1]
    groups = int(place.max()) + 1
    sums = [np.zeros((groups, len(classes))) for _ in range(2)]
    np.add.at(sums[0], place, gained)
    np.add.at(sums[1], place, member)
    draw = np.random.default_rng(seed)
    drawn = np.empty(DRAWS)
    for number in range(DRAWS):
        times = np.bincount(draw.integers(groups, size=groups), minlength=groups)
        there = times @ sums[1]
        drawn[number] = np.mean((times @ sums[0])[there > 0] / there[there > 0])
    low, high = np.quantile(drawn, [0.025, 0.975])
    gain = float(_recall(member, gained))
    helps: Literal["yes", "hardly", "undecided"] = "undecided"
    if low > 0:
        helps = "yes"
    elif high < HELPS:
        helps = "hardly"
    return Curve(points=points, gain=gain, low=float(low), high=float(high), helps=helps)


def _recall(member: Floats, of_class: Floats) -> float:
    return float(np.mean(of_class.sum(axis=0) / member.sum(axis=0)))
