"""Columns of daily rows that know rows to come, whatever they were made of: means, highs, moves.

::

    back     what y was up to its day: y, its changes from 1 … 20 rows before, highest, lowest,
             mean and mean move of 2, 3, 5, 10, 20 rows
    ahead    the same of the rows to come
    R²(back), R²(back, ahead)    of x, by ridge regression on rows that did not teach it

x knows what comes where rows to come tell half or more of what those up to its day leave. Of a
column that is made of days that were, these leave nothing. Which of two columns looks ahead of
which, only the label can say, where it is made of one of them: that one is known on its day.

Source: Hoerl and Kennard, "Ridge regression" (1970).
"""

from dataclasses import dataclass

import numpy as np

from recurra.arrays import Bools, Floats

__all__ = ["Foreknown", "columns_foreknown"]

FURTHEST = 20  # rows
SPANS = (2, 3, 5, 10, 20)
FOLDS, FEWEST = 5, 200  # blocks of rows that follow each other, and rows in all
BEYOND = 0.5  # of what rows up to the day leave, that those to come tell
LEFT = 1e-4  # of a column, that they must leave
STRENGTH = 1e-6  # of the penalty, beside the number of rows
MOST_COLUMNS, MOST_ROWS = 8, 5_000


@dataclass(frozen=True)
class Foreknown:
    """A column that rows to come tell.

    Args:
        name: of it.
        of: the column whose rows they are.
        back: what rows up to its day tell of it, R².
        both: what these and those to come tell.
    """

    @property
    def beyond(self) -> float:
        """What rows to come tell of that which those up to its day do not."""
        return 1 - (1 - self.both) / (1 - self.back)

    name: str
    of: str
    back: float
    both: float


def columns_foreknown(columns: dict[str, Floats], base: str = "") -> list[Foreknown]:
    """Give the columns that rows to come tell far better than those before: of each the surest.

    Args:
        columns: (rows,) each, in order of time, NaN where nothing is known.
        base: the column that is known on its day, "" for any: one of two may look back instead.

    Example:
        >>> close = np.random.default_rng(0).normal(size=400).cumsum() + 100
        >>> ends = np.lib.stride_tricks.sliding_window_view(np.append(close, [close[-1]] * 4), 5)
        >>> [(x.name, x.of) for x in columns_foreknown({"close": close, "top": ends.max(axis=1)})]
        [('top', 'close')]
    """
    names = sorted(columns, key=lambda name: name != base)[:MOST_COLUMNS]
    columns = {name: columns[name][-MOST_ROWS:] for name in names}
    found: dict[str, Foreknown] = {}
    for of in [base] if base else list(columns):
        others = {name: each for name, each in columns.items() if name != of}
        for each in _told_by(of, columns[of], others):
            if each.name not in found or each.beyond > found[each.name].beyond:
                found[each.name] = each
    return list(found.values())


def _told_by(base: str, values: Floats, others: dict[str, Floats]) -> list[Foreknown]:
    back, ahead = _features(values), _features(values[::-1])[::-1]
    matrix = np.column_stack([values, back, ahead])
    found = []
    for name, asked in others.items():
        known = np.isfinite(matrix).all(axis=1) & np.isfinite(asked)
        if known.sum() < FEWEST or np.ptp(asked[known]) == 0:
            continue
        before = max(0.0, _explained(matrix[known][:, : 1 + back.shape[1]], asked[known]))
        if before > 1 - LEFT:
            continue
        told = Foreknown(name, base, before, _explained(matrix[known], asked[known]))
        if told.beyond >= BEYOND:
            found.append(told)
    return found


def _features(values: Floats) -> Floats:
    """Give what a column was up to each row, less what it is."""
    rows = len(values)
    padded = np.concatenate([np.full(FURTHEST, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, FURTHEST + 1)[:rows]
    changes = windows[:, :-1] - windows[:, -1:]
    moves = np.abs(np.diff(windows, axis=1))
    made = [changes]
    for span in SPANS:
        last = windows[:, -span - 1 :] - windows[:, -1:]
        made += [
            np.column_stack([last.max(axis=1), last.min(axis=1), moves[:, -span:].mean(axis=1)])
        ]
    return np.concatenate(made, axis=1)


def _explained(matrix: Floats, asked: Floats) -> float:
    """Give R² on blocks of rows that did not teach, and that no row learnt from reaches into."""
    rows = len(asked)
    spread = matrix.std(axis=0)
    matrix = (matrix - matrix.mean(axis=0))[:, spread > 0] / spread[spread > 0]
    asked = (asked - asked.mean()) / asked.std()
    missed = total = 0.0
    for held in np.array_split(np.arange(rows), FOLDS):
        taught: Bools = np.ones(rows, bool)
        taught[max(0, held[0] - FURTHEST) : held[-1] + 1 + FURTHEST] = False
        known, middle = matrix[taught], matrix[taught].mean(axis=0)
        mean = asked[taught].mean()
        gram = (known - middle).T @ (known - middle)
        gram[np.diag_indices_from(gram)] += STRENGTH * len(known)
        weights = np.linalg.solve(gram, (known - middle).T @ (asked[taught] - mean))
        said = (matrix[held] - middle) @ weights + mean
        missed += float(((asked[held] - said) ** 2).sum())
        total += float(((asked[held] - mean) ** 2).sum())
    return 1 - missed / max(total, 1e-12)
