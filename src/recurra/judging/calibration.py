"""Whether scores mean what they say, beside what chance alone would show.

::

    ECE = Σ_parts (rows in part / n) |mean score - share that came true|     10 parts of equal rows

A perfectly calibrated model has an ECE above 0, for its rows are few. So truths are drawn from its
very scores, and the ECE of each draw says what chance does: a model whose ECE lies below the 95 %
quantile of those may be perfectly calibrated; such a model passes in 95 % of cases.

Source: J. Bröcker, L. Smith, Increasing the reliability of reliability diagrams (2007).
"""

from collections.abc import Iterator

import numpy as np

from recurra.arrays import Bools, Floats, Rows
from recurra.judging.evidence import CELLS
from recurra.judging.measures import calibration_parts
from recurra.judging.report import Calibration

__all__ = ["calibration_of", "scores_in_question"]

DRAWS = 1000


def scores_in_question(
    statistics: Floats, classes: int, positive: int | None = None
) -> tuple[Bools, Floats]:
    """Give what came true, and how probable it was said to be, both (rows,).

    Of two classes that is the positive one; of more, the class decided for.

    Args:
        statistics: of classes, as `recurra.judging.measures.class_statistics` gives them.
        classes: how many.
        positive: of two, the number of the positive one.

    Example:
        >>> rows = np.array([[0.7, 0.2, 0.1, 0, 0], [0.1, 0.5, 0.4, 1, 2]])
        >>> came, scores = scores_in_question(rows, 3)
        >>> came.tolist(), scores.tolist()
        ([True, False], [0.7, 0.5])
    """
    truth, decided = statistics[:, -1].astype(np.int64), statistics[:, -2].astype(np.int64)
    if classes == 2 and positive is not None:
        return truth == positive, statistics[:, positive]
    return truth == decided, statistics[np.arange(len(truth)), decided]


def calibration_of(truth: Bools, scores: Floats, pieces: Rows, seed: int = 0) -> Calibration:
    """Compare the expected calibration error of scores with that of a calibrated model.

    Args:
        truth: (rows,) whether it came true.
        scores: (rows,) the probability that was said.
        pieces: (rows,) rows of one number come true together, as copies do.
        seed: of the drawing.

    Where there are more than two classes, it is asked of the class decided for:
    `scores_in_question`.

    Example:
        >>> scores = np.repeat([0.2, 0.8], 500)
        >>> rng = np.random.default_rng(1)
        >>> fine = calibration_of(rng.random(1000) < scores, scores, np.arange(1000))
        >>> wrong = calibration_of(rng.random(1000) < 0.5, scores, np.arange(1000))
        >>> fine.calibrated, wrong.calibrated
        (True, False)
    """
    order = np.argsort(scores, kind="stable")
    ranked, place = scores[order], np.unique(pieces, return_inverse=True)[1][order]
    borders = np.unique(np.quantile(scores, np.arange(1, 10) / 10))
    starts = np.flatnonzero(np.diff(np.searchsorted(borders, ranked, side="left"), prepend=-1))
    found = float(_errors(ranked, starts, truth[order][None])[0])
    drawn = [_errors(ranked, starts, chance < ranked) for chance in _chances(place, seed)]
    by_chance = float(np.quantile(np.concatenate(drawn), 0.95))
    return Calibration(
        error=found,
        by_chance=by_chance,
        calibrated=found <= by_chance * (1 + 1e-9),  # the same shares, added up in another order
        parts=[(mean, share, int(rows)) for mean, share, rows in calibration_parts(truth, scores)],
    )


def _errors(scores: Floats, starts: Rows, came: Bools) -> Floats:
    """Give the calibration error of each draw, (draws,), of rows in the order of their scores."""
    gaps = np.add.reduceat(scores - came, starts, axis=1)
    errors: Floats = np.abs(gaps).sum(axis=1) / len(scores)
    return errors


def _chances(place: Rows, seed: int) -> Iterator[Floats]:
    """Give numbers of 0 to 1, the same for the rows of a piece, (draws, rows) in bounded memory."""
    rng = np.random.default_rng(seed)
    some = max(1, CELLS // len(place))
    for first in range(0, DRAWS, some):
        yield rng.random((min(some, DRAWS - first), int(place.max()) + 1))[:, place]
