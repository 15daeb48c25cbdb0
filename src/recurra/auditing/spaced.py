"""Rows in order of days: one after the other, and with room for the rows that are missing.

::

    one after the other    row n stands at n
    spaced                 row n stands at the working days, or the commonest steps, since the first

A column that looks five rows ahead still does when a fifth of the rows was left out, but only where
the rows left out are counted.
"""

from dataclasses import dataclass

import numpy as np

from recurra.arrays import Dates, Floats, Rows

__all__ = ["Line", "lines_of"]

FILLED = 0.5  # of the places, that must hold a row


@dataclass(frozen=True)
class Line:
    """Rows of one series, in order.

    Args:
        rows: their numbers in the file.
        places: (rows,) where each stands, from 0; each once.
    """

    rows: Rows
    places: Rows

    def holds(self, values: Floats) -> Floats:
        """Give what stands at each place, NaN where no row does."""
        found = np.full(int(self.places[-1]) + 1, np.nan)
        found[self.places] = values[self.rows]
        return found

    def filled(self, values: Floats) -> Floats:
        """Give the same, with places between two rows on the line between these."""
        found = self.holds(values)
        between = np.setdiff1d(np.arange(len(found)), self.places)
        found[between] = np.interp(between, self.places, values[self.rows])
        return found


def lines_of(rows: Rows, days: Dates) -> list[Line]:
    """Give rows one after the other, and spaced where some are missing.

    Args:
        rows: numbers in the file, in order of their days.
        days: of every row of the file.

    Example:
        >>> week = np.datetime64("2024-01-01") + np.array([0, 1, 2, 4, 7, 8])
        >>> [line.places.tolist() for line in lines_of(np.arange(6), week)]
        [[0, 1, 2, 3, 4, 5], [0, 1, 2, 4, 5, 6]]
    """
    plain = Line(rows, np.arange(len(rows)))
    dated = rows[~np.isnat(days[rows])]
    places = _spaced(days[dated].astype("datetime64[D]"))
    if places is None or places[-1] + 1 in (len(dated), len(rows)):
        return [plain]
    return [plain, Line(dated, places)] if len(places) >= FILLED * (places[-1] + 1) else [plain]


def _spaced(days: Dates) -> Rows | None:
    """Give the place of each day; None where days do not lie on one grid, or come twice."""
    if len(days) < 2:
        return None
    if np.is_busday(days).all():
        places: Rows = np.busday_count(days[0], days).astype(np.int64)
    else:
        apart = (days - days[0]).astype(np.int64)
        sizes, times = np.unique(np.diff(apart), return_counts=True)
        step = int(sizes[times.argmax()])
        if step < 1 or (apart % step).any():
            return None
        places = apart // step
    return places if (np.diff(places) > 0).all() else None
