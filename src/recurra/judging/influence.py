"""How much a measure owes to each part of the rows, and so how far chance may have moved it.

The jackknife: leave out each of `G` parts in turn, and see how the measure `m` moves::

    u_g = sqrt((G - 1) / G) (mean of all m without one part - m without part g)
    error² = Σ_g u_g²
    degrees of freedom = 2 / (Σ u_g⁴ / (Σ u_g²)² - 1 / G)      at most G - 1

One way for a mean, a ratio and an area alike, and the error of a difference is that of the
difference of the `u`. The degrees of freedom say how well the error itself is known: `G - 1` for
parts that tell about as much each; some two for each error or hit where a few parts tell it all.

Source: J. Tukey, Bias and confidence in not quite large samples (1958); B. Efron, C. Stein, The
jackknife estimate of variance (1981). Degrees of freedom: F. Satterthwaite, An approximate
distribution of estimates of variance components (1946), with the variance that `Σ u²` itself has.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.judging.blocks import block_length
from recurra.judging.evidence import CELLS, Evidence
from recurra.judging.measures import Measure

__all__ = ["Spread", "influences", "spread_of"]


@dataclass(frozen=True)
class Spread:
    """How far chance may have moved some figures.

    Args:
        error: (figures,) the standard errors.
        freedom: (figures,) the degrees of freedom of each error.
        correlation: (figures, figures) of what chance does to them.
        pieces: (figures,) how many independent pieces each is seen from: parts, or blocks of time.
    """

    error: Floats
    freedom: Floats
    correlation: Floats
    pieces: Rows


def influences(measure: Measure, repeats: Sequence[Floats], evidence: Evidence) -> Floats:
    """Give how much a measure owes to each part of the evidence, (parts,).

    Args:
        measure: what is measured.
        repeats: the statistics (rows, k) of the same rows, of one training or of several, whose
            mean is meant.
        evidence: the pieces that the rows are.

    Example:
        >>> from recurra.judging.measures import mean_of
        >>> level = Measure("level", mean_of(0), losses=lambda rows: rows[:, 0])
        >>> rows = np.array([[1.0], [2.0], [3.0]])
        >>> influences(level, [rows], Evidence(np.arange(3), in_time=True)).round(3).tolist()
        [-0.408, 0.0, 0.408]
    """
    part = evidence.parts()
    without = np.mean([_without(measure, statistics, part) for statistics in repeats], axis=0)
    parts = len(without)
    moved: Floats = (without.mean() - without) * np.sqrt((parts - 1) / parts)
    return moved


def _without(measure: Measure, statistics: Floats, part: Rows) -> Floats:
    """Give the measure without each part in turn."""
    if measure.losses is None:
        return np.concatenate([measure.of(statistics, w) for w in _left_out(part)])
    losses = measure.losses(statistics)
    rows = np.bincount(part).astype(np.float64)
    left: Floats = (losses.sum() - np.bincount(part, losses)) / np.maximum(len(losses) - rows, 1)
    return left


def _left_out(part: Rows) -> Iterator[Floats]:
    """Give weights of 1, and of 0 for the rows of a part, part by part, in bounded memory."""
    parts = int(part.max()) + 1
    some = max(1, CELLS // len(part))
    for first in range(0, parts, some):
        numbers = np.arange(first, min(first + some, parts))
        yield (part != numbers[:, None]).astype(np.float64)


def spread_of(influence: Floats, evidence: Evidence) -> Spread:
    """Give how far chance may have moved figures that owe so much to each part.

    Args:
        influence: (parts, figures).
        evidence: where its pieces follow each other in time, they are taken in blocks, for each
            figure as long as it remembers.
    """
    together = _spread(influence)
    if not evidence.in_time:
        return together
    each = [_spread(_in_blocks(column[:, None])) for column in influence.T]
    error, freedom, pieces = (
        np.concatenate([getattr(one, name) for one in each])
        for name in ("error", "freedom", "pieces")
    )
    return Spread(error, freedom, together.correlation, pieces)


def _spread(influence: Floats) -> Spread:
    count, figures = influence.shape
    largest = np.abs(influence).max(axis=0)
    u = np.divide(influence, largest, out=np.zeros_like(influence), where=largest > 0)
    squares = (u**2).sum(axis=0)
    moving = squares > 0
    one = np.where(moving, squares, 1.0)
    few = np.where(moving, (u**4).sum(axis=0) / one**2 - 1 / count, 1.0)
    freedom = np.minimum(count - 1, 2 / np.maximum(few, 2 / count))
    unit = u / np.sqrt(one)
    correlation = unit.T @ unit
    np.fill_diagonal(correlation, 1.0)
    pieces = np.full(figures, count, np.int64)
    return Spread(largest * np.sqrt(squares), freedom, correlation, pieces)


def _in_blocks(influence: Floats) -> Floats:
    """Add up the parts of each block; the blocks are as equal as can be."""
    parts = len(influence)
    blocks = max(2, parts // block_length(influence))
    starts = np.arange(blocks) * parts // blocks
    summed: Floats = np.add.reduceat(influence, starts, axis=0) * np.sqrt(blocks / (blocks - 1))
    return summed
