"""A measure with its 95 % interval, or the reason why there is none.

The measure `m` is put on a scale where chance moves it about as far up as down, and no end can
leave the possible range::

    share of 0 to 1     scale(m) = log(m / (1 - m))          one of 0 to 100 likewise
    above 0             scale(m) = log m
    anything            scale(m) = m
    interval            scale(m) ± scale'(m) sqrt(t² error² + t_seeds² error_seeds²)

with the error of the jackknife over pieces (`recurra.judging.influence`), where there are several
trainings that of their mean, and each `t` the 97.5 % quantile of Student's distribution at the
degrees of freedom of that error. Where nothing went wrong, or nothing right, in `k` pieces, it is
the exact interval of a share, which reaches ``1 - 0.025^(1/k)`` far.

Source: N. Agresti, Categorical data analysis (2002), for the scales; F. Graybill, C. Wang,
Confidence intervals on nonnegative linear combinations of variances (1980), for the sum.
"""

from collections.abc import Sequence

import numpy as np
from scipy import special

from recurra.arrays import Floats
from recurra.judging.evidence import Evidence
from recurra.judging.influence import influences, spread_of
from recurra.judging.measures import NOTHING, Measure, values
from recurra.judging.report import Estimate

__all__ = [
    "CONDITIONAL",
    "FEWEST",
    "FEWEST_BLOCKS",
    "FEWEST_UNBOUNDED",
    "estimate",
    "needed_rows",
    "reach",
    "seed_variance",
    "too_few_blocks",
]


FEWEST = 20
"""Effective pieces, of all rows and of the rarest class, below which no interval is given. Measured
(`benchmarks/honesty.py coverage`): from 13 on, intervals of shares hold the truth in 92 to 97 % of
cases, whatever the scores; with 3 in 90 %. Between, which rows came decides who gets one."""
FEWEST_UNBOUNDED = 40
"""The same of a measure without an upper end, such as log loss: a single row may weigh as much as
all others, and with 33 pieces and scores of long tails, intervals held the truth in 88 %."""
FEWEST_BLOCKS = 8
"""Blocks of time below which no interval is given: with fewer, too little of the series lies
outside of any one block to see how long it remembers."""
FEWEST_FREEDOM = 3.0
"""Degrees of freedom below which an error is not known at all: a single part of the rows tells it
(that gives 2; two parts that tell it all give 4)."""
LEVEL = 0.95
CONDITIONAL = (
    "An interval says where the measure would lie over all rows like these, for this very network "
    "as trained (or, of several trainings, for their mean over seeds): other training rows are "
    "not in it."
)


def estimate(measure: Measure, repeats: Sequence[Floats], evidence: Evidence) -> Estimate:
    """Give a measure with its 95 % interval over the evidence.

    Args:
        measure: what is measured.
        repeats: the statistics (rows, k) of the same rows, of one training or of several.
        evidence: the pieces that the rows are.

    Returns:
        The estimate; where the evidence is too little it has no interval, but the rows that would
        be needed. A measure that no row moves has neither.
    """
    found = np.array([values(measure, statistics) for statistics in repeats])
    value = float(found.mean())
    if not np.isfinite(value):
        return Estimate(value=None, pieces=evidence.count)
    needed = needed_rows(measure, repeats[0], evidence)
    if needed is not None:
        return Estimate(value=value, pieces=evidence.count, needed=needed)
    spread = spread_of(influences(measure, repeats, evidence)[:, None], evidence)
    error, freedom, pieces = (
        float(spread.error[0]),
        float(spread.freedom[0]),
        int(spread.pieces[0]),
    )
    moves = error > NOTHING * abs(value)
    needed = too_few_blocks(len(repeats[0]), pieces, evidence)
    if needed is None and moves and freedom < FEWEST_FREEDOM:
        needed = int(np.ceil(len(repeats[0]) * _enough(measure) / freedom))
    if needed is not None:
        return Estimate(value=value, pieces=pieces, needed=needed)
    of_seeds = seed_variance(found)
    if moves or of_seeds[0] > 0:
        width = reach(np.array(0.5 - LEVEL / 2), (error**2, freedom), of_seeds)
        interval = _around(measure, value, float(width))
    else:
        interval = _at_the_end(measure, value, _effective(measure, repeats[0], evidence))
    return Estimate(value=value, interval=interval, pieces=pieces)


def _around(measure: Measure, value: float, width: float) -> tuple[float, float] | None:
    """Give the interval around a value, on the scale of its measure."""
    if measure.share:
        whole, share = measure.whole, value / measure.whole
        if not 0 < share < 1:
            return None
        center, width = special.logit(share), width / whole / (share * (1 - share))
        low, high = whole * special.expit(center - width), whole * special.expit(center + width)
        return float(low), float(high)
    if measure.positive and value > 0:
        return float(value * np.exp(-width / value)), float(value * np.exp(width / value))
    return value - width, value + width


def _at_the_end(measure: Measure, value: float, pieces: float) -> tuple[float, float] | None:
    """Give the exact interval of a share that is 0 or 1 in all pieces; of other values none."""
    whole = measure.whole
    far = whole - whole * float((0.5 - LEVEL / 2) ** (1 / pieces))
    if measure.share and value > whole * (1 - NOTHING):
        return whole - far, whole
    if measure.share and value < whole * NOTHING:
        return 0.0, far
    return None


def seed_variance(found: Floats) -> tuple[float, float]:
    """Give the variance of the mean of trainings from other seeds, and its degrees of freedom."""
    if len(found) < 2 or np.ptp(found) <= NOTHING * np.abs(found).max():
        return 0.0, 1.0
    return float(found.var(ddof=1)) / len(found), len(found) - 1.0


def reach(tail: Floats, *parts: tuple[float, float]) -> Floats:
    """Give how far chance reaches, but for a tail of so much probability.

    ``sqrt(Σ variance t(freedom)²)``, so that a variance known from two or three trainings counts
    with the long tails that it has; the degrees of freedom of a sum, by Welch and Satterthwaite,
    are too many where such a variance happens to look small.

    Args:
        tail: probabilities, below a half.
        parts: the variance of each part of an error, with the degrees of freedom it is known by.

    Example:
        >>> reach(np.array([0.025]), (9.0, 1e9), (16.0, 2.0)).round(2).tolist()
        [18.19]
    """
    largest = max(variance for variance, _ in parts)
    squares = np.zeros(np.shape(tail))
    for variance, freedom in parts:
        if variance > 0:
            squares = squares + variance / largest * special.stdtrit(freedom, tail) ** 2
    far: Floats = np.sqrt(largest) * np.sqrt(squares)
    return far


def needed_rows(measure: Measure, statistics: Floats, evidence: Evidence) -> int | None:
    """Give about how many rows like these an interval would need; None where there are enough."""
    fewest, enough = _effective(measure, statistics, evidence), _enough(measure)
    if fewest >= enough:
        return None
    return int(np.ceil(len(statistics) * enough / max(fewest, 1)))


def _enough(measure: Measure) -> int:
    return FEWEST if measure.share else FEWEST_UNBOUNDED


def _effective(measure: Measure, statistics: Floats, evidence: Evidence) -> float:
    """Give the effective pieces of the kind of rows that is rarest."""
    effective = evidence.effective()
    if measure.needs is not None:
        effective = min(effective, evidence.effective(measure.needs(statistics)))
    return effective


def too_few_blocks(rows: int, blocks: int, evidence: Evidence) -> int | None:
    """Give about how many rows would be enough blocks of time; None where there are enough.

    Blocks are as long as the cube root of the series asks, so their number grows with its square.
    """
    if not evidence.in_time or blocks >= FEWEST_BLOCKS:
        return None
    return int(np.ceil(rows * (FEWEST_BLOCKS / blocks) ** 1.5))
