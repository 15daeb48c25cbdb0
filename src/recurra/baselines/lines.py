"""Lines fitted to series: with a penalty that is chosen, and out of fold, for what begins as one.

::

    fold 1 … 5 of the training rows     of five series or more whole series, else parts of time
    start of a training row    = what a line says of it that was fitted on the other folds, where
                                 no target reaches into those of its own
    start of a validation row  = what the line says that was fitted on all training rows
    start of a new row         = what the line says that was fitted on all rows known

So no line says the start of a row that taught it.
"""

from typing import NamedTuple

import numpy as np
from sklearn.linear_model import Ridge

from recurra.answers.lines import Line, Reader, plainly
from recurra.arrays import Floats, Rows
from recurra.sequences import Histories, mean_and_scale

__all__ = [
    "FEWEST",
    "PENALTIES",
    "CrossFittedLine",
    "LineRows",
    "cross_fit_line",
    "line_folds",
]

PENALTIES = (0.1, 1.0, 10.0, 100.0, 1000.0)
FOLDS = 5
FEWEST = 10  # rows, to fit a line to
MANY = 10_000  # rows from which on one fold is enough to choose by


class LineRows:
    """Rows as lines read them: fitted on some, asked of others, as often as is needed.

    Args:
        histories: what stands before each row; a horizon lies ahead of it.
        horizon: steps ahead.
        window: steps read.
        alone: whether there is one series, see `Reader`.
        past: how many columns are known to the last step.
        training: rows, whose steps say of what size those columns are.
    """

    def __init__(
        self,
        histories: Histories,
        horizon: int,
        window: int,
        *,
        alone: bool,
        past: int = 0,
        training: Rows,
    ) -> None:
        mean, deviation = np.zeros(0), np.zeros(0)
        if past:
            mean, deviation = mean_and_scale(
                histories.steps[: histories.ends[training].max(), -past:]
            )
        self.reader = Reader(window, alone, mean, deviation)
        self.X, self.last, self.size = self.reader.read(histories)
        self.y = (histories.ahead(horizon) - self.last) / self.size

    def fit(self, rows: Rows, penalty: float) -> Line:
        """Fit a line on some of the rows."""
        X, window = self.X[rows], self.reader.window
        scale = (float(X[:, :window].std()) or 1.0) if self.reader.alone else 1.0
        model = Ridge(penalty).fit(plainly(X, window, scale), self.y[rows] / scale)
        coefficients = model.coef_.reshape(self.y.shape[1], X.shape[1])
        coefficients = np.ascontiguousarray(coefficients)  # as once loaded: else last bits differ
        return Line(self.reader, coefficients, np.atleast_1d(model.intercept_), scale)

    def ahead(self, line: Line, rows: Rows) -> Floats:
        """Give what a line forecasts of some of the rows, (rows, horizon)."""
        found: Floats = line.moves(self.X[rows]) * self.size[rows] + self.last[rows]
        return found

    def error(self, line: Line, rows: Rows) -> float:
        """Give how far it errs on some of the rows, in sizes."""
        return float(np.abs(line.moves(self.X[rows]) - self.y[rows]).mean())


class CrossFittedLine(NamedTuple):
    """Where a network of series begins that begins as a line.

    Args:
        line: fitted on all rows known; it says where new rows begin.
        ahead: (rows, horizon) where the rows known begin, each by a line that it did not teach.
    """

    line: Line
    ahead: Floats


def cross_fit_line(
    known: Histories, sides: tuple[Rows, Rows], horizon: int, window: int, past: int = 0
) -> CrossFittedLine | None:
    """Fit lines out of fold; None where a fold leaves too few rows to fit on.

    The penalty is the one that errs least out of fold on training rows.

    Args:
        known: what stands before each row; a horizon lies ahead of it.
        sides: the rows to train on, and those that validate; the start of others is not needed,
            and is that of validation rows.
        horizon: steps ahead.
        window: steps read.
        past: how many columns are known to the last step.
    """
    training = np.asarray(sides[0])
    folds = line_folds(known.take(training), horizon)
    if min((len(fitted) for fitted, _ in folds), default=0) < FEWEST:
        return None
    alone = len(np.unique(known.starts)) == 1
    rows = LineRows(known, horizon, window, alone=alone, past=past, training=training)

    parts = [(training[fitted], training[asked]) for fitted, asked in folds]
    chosen_by = parts[: None if len(training) < MANY else 1]

    def error(penalty: float) -> float:
        missed = (
            rows.error(rows.fit(fit, penalty), asked) * len(asked) for fit, asked in chosen_by
        )
        return sum(missed)

    penalty = min(PENALTIES, key=error)
    every = np.arange(len(known))
    ahead = rows.ahead(rows.fit(training, penalty), every)
    for fit, asked in parts:
        ahead[asked] = rows.ahead(rows.fit(fit, penalty), asked)
    return CrossFittedLine(rows.fit(every, penalty), ahead)


def line_folds(training: Histories, horizon: int) -> list[tuple[Rows, Rows]]:
    """Give the rows that are fitted on, and those asked, of each fold.

    Of five series or more a fold is whole series. Of fewer it is a part of the time of each, and
    rows are left out whose targets overlap those of the fold.

    Example:
        >>> ends = np.arange(10, 20)
        >>> folds = line_folds(Histories(np.zeros((22, 1)), np.zeros_like(ends), ends), 2)
        >>> [(fitted.tolist(), asked.tolist()) for fitted, asked in folds][1]
        ([0, 5, 6, 7, 8, 9], [2, 3])
    """
    series = np.unique(training.starts, return_inverse=True)[1]
    rows = np.arange(len(training))
    several = len(rows) and series.max() + 1 >= FOLDS
    fold = series % FOLDS if several else np.zeros(len(rows), np.int64)
    near = np.zeros((FOLDS, len(rows)), bool)  # whose targets overlap those of the fold
    for each in range(0 if several else series.max(initial=-1) + 1):
        mine = np.flatnonzero(series == each)
        for number, part in enumerate(np.array_split(mine, FOLDS)):
            fold[part] = number
            ends = training.ends[part]
            if len(part):
                beside = np.abs(training.ends[mine, None] - ends[[0, -1]]).min(axis=1) < horizon
                near[number, mine[beside]] = True
    split = [(fold != number) & ~near[number] for number in range(FOLDS)]
    return [
        (np.flatnonzero(fitted), np.flatnonzero(fold == number))
        for number, fitted in enumerate(split)
        if (fold == number).any()
    ]
