"""Columns that stand beside a series: known ahead, such as holidays, or up to the last step alone.

::

    numbers     one column
    names       a column of 0 and 1 for each name; an empty cell is none of them

A step without a value takes that of the step before it, never a later one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from recurra.arrays import Dates, Floats, Rows
from recurra.data.numbers import decimal_sign, number_of, without_percent
from recurra.data.readers import Table
from recurra.data.spelling import column_named, quoted
from recurra.errors import DataError, SettingsError
from recurra.names import listed

__all__ = ["NOTHING", "Beside", "Covariates", "Later", "carried_on", "covariates_in", "values_of"]

MOST_NAMES = 50
MOST_EMPTY = 0.2  # of the steps


@dataclass(frozen=True)
class Covariates:
    """Which columns stand beside a series.

    Args:
        known: columns whose values are known ahead.
        past: columns that are known up to the last step.
        taught: what a saved model calls the columns that it reads; none: they are found.
    """

    known: Sequence[str] = ()
    past: Sequence[str] = ()
    taught: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.known or self.past)


NOTHING = Covariates()


@dataclass(frozen=True)
class Later:
    """What is known of the steps after the last one of a series.

    Args:
        numbers: (steps, columns known ahead).
        times: (steps,) of each, None where no column is time.
    """

    numbers: Floats
    times: Dates | None = None


@dataclass(frozen=True)
class Beside:
    """What stands beside each step of one series or of several end to end.

    Args:
        names: of the columns, those that are known ahead first; of a column of names, COLUMN=NAME.
        known: how many of them are known ahead.
        numbers: (steps, columns).
        later: of each series, what is known of the steps after it.
    """

    names: tuple[str, ...]
    known: int
    numbers: Floats
    later: tuple[Later, ...]

    def table(self, bounds: Rows, horizon: int, ahead: Sequence[Floats] = ()) -> Floats:
        """Give what a model reads beside each step: a known column now, and a horizon later.

        ::

            [known | known, a horizon later | past]

        Args:
            bounds: where each series begins, and where the last one ends.
            horizon: steps ahead.
            ahead: of each series, (horizon, known) of the steps after it; none: where nothing is
                asked of the end.

        Example:
            >>> here = Beside(("holiday",), 1, np.array([[0.0], [1.0], [0.0]]), ())
            >>> here.table(np.array([0, 3]), 1, [np.array([[5.0]])]).tolist()
            [[0.0, 1.0], [1.0, 0.0], [0.0, 5.0]]
        """
        known, past = self.numbers[:, : self.known], self.numbers[:, self.known :]
        later = np.zeros_like(known)
        for place, (start, end) in enumerate(pairwise(bounds)):
            after = ahead[place] if len(ahead) else np.zeros((horizon, self.known))
            later[start:end] = np.concatenate([known[start:end], after])[horizon:]
        return np.concatenate([known, later, past], axis=1)


def covariates_in(
    frame: pd.DataFrame, asked: Covariates, taken: Sequence[str | None], table: Table
) -> tuple[tuple[str, ...], int, Floats]:
    """Give the columns beside a series.

    Returns:
        Their names, how many are known ahead, and (rows, columns); NaN where a cell is empty.

    Raises:
        DataError: a column is not there, holds too many names, or one that was not taught.
        SettingsError: a column is asked for as two things.
    """
    names: list[str] = []
    parts, known = [np.zeros((len(frame), 0))], 0
    for option, columns in (("--known", asked.known), ("--past", asked.past)):
        for given in columns:
            column = _there(frame, given, option, taken, table)
            found, values = values_of(frame[column], column, option, asked.taught, table)
            if set(found) & set(names):
                raise SettingsError(f"{quoted(column)} stands twice in --known and --past.")
            names += found
            parts.append(values)
        known = len(names) if option == "--known" else known
    return tuple(names), known, np.concatenate(parts, axis=1)


def _there(
    frame: pd.DataFrame, given: str, option: str, taken: Sequence[str | None], table: Table
) -> str:
    name = column_named(frame, given, option.removeprefix("--"), table.source)
    if name in taken:
        raise SettingsError(
            f"{option} names what stands beside the series, but {quoted(name)} is its target, its "
            "time or its group. Leave it out."
        )
    return name


def values_of(
    column: "pd.Series[str]", name: str, option: str, taught: Sequence[str], table: Table
) -> tuple[list[str], Floats]:
    """Read one column: as numbers, or as a column of 0 and 1 for each name.

    Args:
        column: the cells.
        name: of the column.
        option: by which it was asked for, for messages.
        taught: the names that a saved model reads; none: they are found.
        table: for messages.

    Raises:
        DataError: it holds too many names, or one that was not taught.
    """
    cells = [str(cell).strip() for cell in column]
    cells = ["" if cell.casefold() in {"nan", "none", "null", "<na>"} else cell for cell in cells]
    cells, _ = without_percent(cells)
    there = [cell for cell in cells if cell]
    decimal = decimal_sign(there, comma=table.separator == ";", what=table.source)
    read = [number_of(cell, decimal) for cell in cells]
    odd = [row for row, cell in enumerate(cells) if cell and read[row] is None]
    wanted = None if not taught else name in taught  # numbers, as in training
    if wanted or (wanted is None and len(odd) < max(1, len(there) / 2)):
        if odd:
            raise DataError(
                f"{option} must hold numbers, or names alone, but row {odd[0] + 1} of "
                f"{table.source} has {quoted(cells[odd[0]])} in {quoted(name)}. Mend it "
                f"({len(odd):,} such rows)."
            )
        return [name], np.array([[np.nan if v is None else v] for v in read]).reshape(-1, 1)
    known = [each.removeprefix(f"{name}=") for each in taught if each.startswith(f"{name}=")]
    return _of_names(cells, known, name, option, table)


def _of_names(
    cells: list[str], taught: list[str], column: str, option: str, table: Table
) -> tuple[list[str], Floats]:
    there = sorted(set(filter(None, cells)))
    known = taught or there
    if len(known) > MOST_NAMES:
        raise DataError(
            f"{option} must hold numbers, or up to {MOST_NAMES} names, but {quoted(column)} of "
            f"{table.source} has {len(known):,}, such as {quoted(known[0])}."
        )
    new = next((name for name in there if name not in known), None)
    if new is not None:
        raise DataError(
            f"{quoted(column)} must hold names that the model was taught, {listed(known)}, but "
            f"row {cells.index(new) + 1} of {table.source} has {quoted(new)}. Write one of them, "
            "or leave the cell empty."
        )
    values = np.array([[float(cell == name) for name in known] for cell in cells])
    return [f"{column}={name}" for name in known], values.reshape(-1, len(known))


def carried_on(values: Floats, names: Sequence[str], whose: str) -> tuple[Floats, int]:
    """Give each empty cell the value of the step before it, and count them.

    Raises:
        DataError: the first step has none, or too many are empty.

    Example:
        >>> values = np.array([[1.0], [np.nan], [3.0], [4.0], [5.0]])
        >>> carried_on(values, ["promo"], "here")[0].ravel().tolist()
        [1.0, 1.0, 3.0, 4.0, 5.0]
    """
    empty = np.isnan(values)
    for place, name in enumerate(names):
        if len(values) and (empty[0, place] or empty[:, place].mean() > MOST_EMPTY):
            first = int(np.argmax(empty[:, place]))
            raise DataError(
                f"a column beside a series must have a value at its first step and at most others, "
                f"but {quoted(name)} of {whose} has none at {int(empty[:, place].sum()):,} of "
                f"{len(values):,} steps, the first is step {first + 1}. Write 0 where nothing "
                "happens."
            )
    if not empty.any():
        return values, 0
    return pd.DataFrame(values).ffill().to_numpy(), int(empty.sum())
