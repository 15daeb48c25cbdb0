"""What is known of the steps ahead of a series: from rows after its last one, or from a file."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from recurra.arrays import Floats
from recurra.data.beside import Covariates, Later, covariates_in
from recurra.data.readers import read_table
from recurra.data.series import Series
from recurra.data.spelling import quoted
from recurra.data.times import time_of_rows
from recurra.data.zones import in_zone
from recurra.errors import DataError

__all__ = ["known_ahead", "read_ahead"]


def read_ahead(
    path: str | Path, series: Series, known: list[str], *, encoding: str | None = None
) -> list[Later]:
    """Read what is known of the steps after each series from a table of its own.

    The table has the columns of the series that are known ahead, its time, and its group where
    there are several; where no column tells the series apart, all have the same steps ahead.

    Args:
        path: of the table.
        series: that goes on.
        known: the columns that are known ahead.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: a column is not there, or the table says nothing of a series.
    """
    table = read_table(path, encoding=encoding)
    assert series.beside is not None
    asked = Covariates(known, (), series.beside.names)
    names, _, values = covariates_in(table.frame, asked, [], table)
    if names != series.beside.names[: series.beside.known]:
        raise DataError(
            f"{table.source} must hold the columns that are known ahead as in training, "
            f"{', '.join(series.beside.names[: series.beside.known])}, but it gives "
            f"{', '.join(names)}."
        )
    times = None
    group, zone = series.columns.get("group"), series.columns.get("zone")
    groups = None
    if group in table.frame.columns:
        groups = table.frame[group].astype(str).str.strip().to_numpy()
    if series.times is not None:
        given = series.columns.get("time")
        without = {*known, *([group] if group else [])}
        hours = bool((series.times != series.times.astype("datetime64[D]")).any())
        clock, _ = time_of_rows(
            table.frame, table.unnamed, given, without, table.source, hours=hours
        )
        if clock is None:
            raise DataError(
                f"the steps ahead must have times, as those of {series.source} have, but "
                f"{table.source} has none."
            )
        if zone:
            clock = in_zone(clock, zone, None if groups is None else list(groups), table.source)
        times = clock.times
    elif table.frame.shape[1] == 1 and "=" in names[0]:
        raise DataError(
            f"of {table.source}, a file of one column, blank lines are not read, and with them "
            "the steps at which nothing happens. Add a column, such as the number of the step."
        )
    found = []
    for name in series.names or ("",):
        rows = np.arange(len(values))
        if groups is not None and series.names:
            rows = np.flatnonzero(groups == name)
        found.append(Later(values[rows], None if times is None else times[rows]))
    return found


def known_ahead(series: Series, horizon: int, later: list[Later] | None = None) -> list[Floats]:
    """Give what is known of the steps ahead of each series, (horizon, known) of each.

    Args:
        series: that goes on.
        horizon: steps ahead.
        later: what a file of its own says; None: the rows after the last one of each series.

    Raises:
        DataError: of a step ahead nothing is said.
    """
    if series.beside is None:
        return []
    found = []
    for place, (_, end) in enumerate(pairwise(series.bounds)):
        given = (later or series.beside.later)[place]
        found.append(_in_line(series, place, int(end), given, horizon))
    return found


def _in_line(series: Series, place: int, end: int, given: Later, horizon: int) -> Floats:
    """Bring what is said of one series into the order of its steps ahead."""
    assert series.beside is not None
    values = given.numbers[:horizon]
    if given.times is not None and series.frequency is not None:
        wanted = series.frequency.after(series.times[end - 1], horizon)  # type: ignore[index]
        rows = {time: row for row, time in enumerate(given.times.astype("datetime64[s]").tolist())}
        at = [rows.get(time, -1) for time in wanted.astype("datetime64[s]").tolist()]
        values = np.array([given.numbers[row] if row >= 0 else _nothing(given) for row in at])
    missing = np.isnan(values).any(axis=1)
    if len(values) < horizon or missing.any():
        step = int(np.argmax(missing)) if missing.any() else len(values)
        when = series.labels_after(end, horizon)[step]
        known = ", ".join(series.beside.names[: series.beside.known])
        of = f" of series {quoted(series.names[place])}" if series.names else ""
        raise DataError(
            f"{known} must be given for all {horizon} steps ahead{of}, but step {when} has no "
            "value. Add rows with it after the last one, or a file of such rows with --ahead."
        )
    return values


def _nothing(given: Later) -> Floats:
    return np.full(given.numbers.shape[1], np.nan)
