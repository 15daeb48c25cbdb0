"""Logs of sensors with a state at every step: one stream, or one for each machine.

::

    t,machine,temperature,load,state
    2024-01-01 00:00,m1,20.5,3,ok
    2024-01-01 00:01,m1,20.7,3,ok

A step that is not known in a channel takes the value of the step before it; at the beginning of a
stream, the first that is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Floats, Rows, Texts
from recurra.data.bonds import order_of
from recurra.data.frames import give_back
from recurra.data.numbers import check_reach
from recurra.data.readers import LABEL_NAMES, Table, read_table
from recurra.data.sequences import (
    as_taught,
    channels_of,
    no_time_twice,
    numbers_of,
)
from recurra.data.spelling import column_named, meant_labels, quoted
from recurra.data.times import with_hours
from recurra.errors import DataError

__all__ = [
    "LabelledSteps",
    "StepColumns",
    "read_steps",
    "sample_steps",
    "steps_in",
    "with_test_steps",
]

STATES = {"state", "states", "anomaly", "is_anomaly", "activity", "alarm", "상태", "이상", "활동"}
DAY = 86_400.0


@dataclass(frozen=True)
class StepColumns:
    """Which columns of a log are what; None of what is not there, or is to be found.

    Args:
        time: orders the steps: dates or numbers; None: they are in order.
        label: the state.
        id: names the stream of a step, such as a machine; None: there is one stream.
        channels: the numbers of a step; none: every other column.
        labelled: whether there must be states.
        taught: what a saved model's columns were called, by their roles; and its "channels".
    """

    time: str | None = None
    label: str | None = None
    id: str | None = None
    channels: tuple[str, ...] = ()
    labelled: bool = True
    taught: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledSteps:
    """Steps of streams, end to end.

    Args:
        numbers: (steps, channels) none missing.
        states: (steps,) the state of each; None where it is to be said.
        offsets: (streams + 1,) where each stream begins, and the end.
        times: (steps,) seconds where they are dates, else numbers; None where there are none.
        dated: whether times are dates.
        ids: (streams,) how each is called.
        channels: their names.
        source, sha256: of where they come from, for people.
        notes: what was guessed or done.
        published_test: (streams,) whether a stream is of the file to test on; None: there is none.
        columns: the names of the columns of the log, by their roles.
        missing: (steps, channels) whether a number was filled; None: none was.
    """

    numbers: Floats
    states: Texts | None
    offsets: Rows
    times: Floats | None
    dated: bool
    ids: Texts
    channels: tuple[str, ...]
    source: str = "arrays"
    sha256: str = "0" * 64
    notes: list[str] = field(default_factory=list)
    published_test: Bools | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: Bools | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def names(self) -> tuple[str, ...]:
        """The states, sorted."""
        return () if self.states is None else tuple(sorted(set(self.states.tolist())))

    @property
    def durations(self) -> Floats:
        """(steps,) how long each lasts: days where times are dates, else thousandths: 1 / 1,000."""
        if not self.dated or self.times is None:
            return np.full(len(self), 1e-3)
        lasting = np.diff(self.times, append=self.times[-1:])
        last = self.offsets[1:] - 1
        inner = np.delete(lasting, last)
        lasting[last] = np.median(inner) if len(inner) else 0.0
        days: Floats = lasting / DAY
        return days


def read_steps(
    path: str | Path, columns: StepColumns = StepColumns(), *, encoding: str | None = None
) -> LabelledSteps:
    """Read a log: CSV, TSV, Parquet or JSON lines, a row a step.

    Args:
        path: the file.
        columns: which are what.
        encoding: of a text file, None to recognise it.

    Raises:
        DataError: it cannot be read, a channel is no numbers, a time stands twice in a stream, or a
            state is missing.
    """
    rows = steps_in(read_table(path, encoding=encoding), columns)
    give_back()
    return rows


def steps_in(table: Table, columns: StepColumns) -> LabelledSteps:
    """Give the steps that a table holds, as `read_steps` does."""
    columns = as_taught(columns, table)
    table = with_hours(table, columns.time)
    frame, notes = table.frame, list(table.notes)
    label = _label(table, columns, notes)
    named = {"time": columns.time, "label": label, "id": columns.id}
    roles = {
        role: column_named(table.frame, name, role, table.source)
        for role, name in named.items()
        if name
    }
    channels = channels_of(table, columns.channels, roles.values())
    numbers = numbers_of(frame, channels, table)
    for name, column in zip(channels, numbers.T, strict=True):
        check_reach(column, name, table.source)
    codes, ids = np.zeros(len(frame), np.int64), np.array([str(table.source)], dtype=object)
    if "id" in roles:
        codes, ids = _streams(frame[roles["id"]], table)
    times, dated, order = None, False, np.argsort(codes, kind="stable")
    if "time" in roles:
        cells = frame[roles["time"]]
        times, dated, said = order_of(cells, table.source)
        notes += said
        order = np.lexsort([times, codes])
        no_time_twice(codes[order], times[order], ids, cells, order, table)
        if (np.diff(times)[np.diff(codes) == 0] < 0).any():
            notes.append("rows put in order of time")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(codes))]).astype(np.int64)
    values = _filled(numbers[order], codes[order], channels, ids, notes, table)
    states = _states(frame[roles["label"]], table, notes)[order] if "label" in roles else None
    return LabelledSteps(
        values,
        states,
        offsets,
        None if times is None else times[order],
        dated,
        ids,
        tuple(channels),
        table.source,
        table.sha256,
        notes,
        columns=roles,
        missing=None if np.isfinite(numbers).all() else ~np.isfinite(numbers[order]),
    )


def _label(table: Table, columns: StepColumns, notes: list[str]) -> str | None:
    if columns.label:
        there = columns.labelled or columns.label in table.frame.columns
        return columns.label if there else None
    free = [name for name in table.frame.columns if name not in (columns.time, columns.id)]
    found = [name for name in free if str(name).casefold() in STATES | LABEL_NAMES]
    if len(found) == 1:
        notes.append(f"label column guessed: {quoted(found[0])}")
        return str(found[0])
    if not columns.labelled:
        return None
    raise DataError(
        f"the state of a step must stand in a column: give --label with one of "
        f"{', '.join(map(str, free[:30]))}{', …' if len(free) > 30 else ''}."
    )


def _streams(column: "pd.Series[Any]", table: Table) -> tuple[Rows, Texts]:
    codes, ids = pd.factorize(column)
    if "" in ids:
        row = int(np.flatnonzero(ids[codes] == "")[0]) + 1
        raise DataError(
            f"every row must name its stream, but row {row} of {table.source} has none in --id. "
            "Fill it in, or leave the row out."
        )
    return codes.astype(np.int64), np.array(list(map(str, ids)), dtype=object)


def _filled(
    numbers: Floats, codes: Rows, channels: list[str], ids: Texts, notes: list[str], table: Table
) -> Floats:
    """Fill what is not known by the rule above, and say how much of it there was."""
    numbers = np.where(np.isfinite(numbers), numbers, np.nan)
    missing = int(np.isnan(numbers).sum())
    if not missing:
        return numbers
    streams = pd.DataFrame(numbers, columns=channels).groupby(codes, sort=False)
    filled = streams.ffill()
    first = filled.groupby(codes, sort=False).bfill()
    left = np.argwhere(first.isna().to_numpy())
    if len(left):
        row, channel = left[0]
        raise DataError(
            f"every channel of a stream must have a value, but {quoted(ids[codes[row]])} of "
            f"{table.source} has none in {quoted(channels[channel])}. Leave one of them out."
        )
    notes.append(f"{missing:,} missing values: each takes the value of its channel a step before")
    return first.to_numpy()


def _states(column: "pd.Series[Any]", table: Table, notes: list[str]) -> Texts:
    cells = column.astype(object).map(lambda cell: str(cell).strip())
    states, said = meant_labels(cells)
    empty = int((states == "").sum())
    if empty:
        raise DataError(
            f"every step must have a state, but {empty:,} of {len(states):,} rows of "
            f"{table.source} have none. Fill them in, or leave those rows out."
        )
    notes.extend(said)
    return states.to_numpy(object)


def with_test_steps(known: LabelledSteps, test: LabelledSteps) -> LabelledSteps:
    """Give the streams of two logs as one, of which the second is to test on.

    Raises:
        DataError: they differ in their channels, or in whether times are dates.
    """
    if len(known.channels) != len(test.channels) or known.dated != test.dated:
        raise DataError(
            f"both files must have the same channels and times, but {known.source} has "
            f"{', '.join(known.channels)} and {test.source} has {', '.join(test.channels)}."
        )
    assert known.states is not None
    assert test.states is not None
    both = known.times is not None and test.times is not None
    return LabelledSteps(
        np.concatenate([known.numbers, test.numbers]),
        np.concatenate([known.states, test.states]),
        np.concatenate([known.offsets, test.offsets[1:] + known.offsets[-1]]),
        np.concatenate([known.times, test.times]) if both else None,
        known.dated,
        np.concatenate([known.ids, test.ids]),
        known.channels,
        f"{known.source}, to test on: {test.source}",
        known.sha256,
        list(dict.fromkeys([*known.notes, *test.notes])),
        np.arange(len(known.ids) + len(test.ids)) >= len(known.ids),
        known.columns,
    )


def sample_steps(streams: int = 8, steps: int = 600) -> LabelledSteps:
    """Make up logs of machines: a load that swings, and now and then a bearing that knocks."""
    rng = np.random.default_rng(0)
    values, states = [], []
    for _ in range(streams):
        t = np.arange(steps)
        load = np.sin(t / 9 + rng.uniform(0, 6)) + rng.normal(0, 0.2, steps)
        knock = np.zeros(steps, bool)
        for start in range(int(rng.integers(30, 60)), steps - 30, 90):
            knock[start : start + int(rng.integers(12, 24))] = True
        shake = rng.normal(0, 0.3, steps) + np.where(knock, np.sin(t * 2.0), 0.0)
        values.append(np.stack([load, shake], axis=1))
        states.append(np.where(knock, "knocking", "quiet"))
    midnight = np.datetime64("2024-01-01", "s").astype(np.int64)
    return LabelledSteps(
        np.concatenate(values),
        np.concatenate(states).astype(object),
        np.arange(streams + 1) * steps,
        np.tile(midnight + 60.0 * np.arange(steps), streams),
        True,
        np.array([f"machine {n + 1}" for n in range(streams)], dtype=object),
        ("load", "shake"),
        "embedded sample",
        notes=["made by a rule for this package"],
    )
