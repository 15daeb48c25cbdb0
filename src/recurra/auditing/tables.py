"""Rows of numbers with a class each, and the columns beside them, for an audit.

::

    long     --id names the sequence of a row; columns that do not change in one lie beside it
    wide     columns whose names are one word and a number (t0, t1, …): the steps of a sequence
    a table  no such columns: every column is asked by itself, and its rows may be copies
    .ts, .npz, .npy
"""

import dataclasses
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Floats, Rows, Texts
from recurra.auditing.views import ID_NAME, days_of
from recurra.data.readers import LABEL_NAMES, Table
from recurra.data.sequences import LabelledSequences, Layout, read_sequences, sequences_of_frame
from recurra.data.spelling import capitals_said, column_named, quoted
from recurra.errors import DataError
from recurra.sequences import Ragged

__all__ = ["NumericRows", "joined", "measured_columns", "numeric_rows", "numeric_rows_of"]

FEWEST_STEPS = 8
OWN = 0.5  # of the rows have a number of their own, in a column that was measured
STEP = re.compile(r"^(.*?)(\d+)$")


@dataclass
class NumericRows:
    """Rows of numbers with a class each.

    Args:
        labels: (rows,) the class.
        ids: (rows,) how each is called.
        other_columns: columns that are no steps.
        sequences: the steps of each; None: there are none.
        channels: the names of the numbers of a step.
        source, sha256, notes: of where they come from.
        published_test: (rows,) whether a row is of the side to test on.
    """

    labels: Texts
    ids: Texts
    other_columns: pd.DataFrame
    sequences: Ragged | None = None
    channels: tuple[str, ...] = ()
    source: str = ""
    sha256: str = ""
    notes: list[str] = field(default_factory=list)
    published_test: Bools | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return tuple(map(str, np.unique(self.labels)))

    @property
    def numbers(self) -> Rows:
        """(rows,) the place of each row's class among `names`."""
        return np.unique(self.labels, return_inverse=True)[1].astype(np.int64)

    @property
    def classes(self) -> dict[str, int]:
        """The number of rows of each class."""
        names, counts = np.unique(self.labels, return_counts=True)
        return dict(zip(map(str, names), map(int, counts), strict=True))

    def take(self, rows: Rows) -> "NumericRows":
        """Give the chosen rows."""
        chosen = self.sequences.take(rows) if self.sequences is not None else None
        return dataclasses.replace(
            self,
            labels=self.labels[rows],
            ids=self.ids[rows],
            other_columns=self.other_columns.iloc[rows].reset_index(drop=True),
            sequences=chosen,
            published_test=None,
        )


def numeric_rows_of(rows: LabelledSequences) -> NumericRows:
    """Give sequences that were read, with their groups as a column."""
    if rows.labels is None:
        raise DataError(f"every row must have a class, but {rows.source} has none.")
    beside = {} if rows.groups is None else {"group": rows.groups.astype(str)}
    return NumericRows(
        np.array(list(map(str, rows.labels)), object),
        rows.ids,
        pd.DataFrame(beside, index=range(len(rows))),
        rows.sequences,
        rows.channels,
        rows.source,
        rows.sha256,
        list(rows.notes),
        rows.published_test,
    )


def numeric_rows(source: Path | Table, layout: Layout) -> NumericRows:
    """Read rows of numbers, and keep the columns that are none.

    Args:
        source: a `.ts`, `.npz` or `.npy` file, or a table.
        layout: which columns are what.

    Raises:
        DataError: there is no class, or no number.
    """
    if isinstance(source, Path):
        return numeric_rows_of(read_sequences(source, layout))
    label = column_named(source.frame, layout.label or _label(source), "label", source.source)
    read = _long if layout.id else _wide
    return read(source, dataclasses.replace(layout, label=label))


def _label(table: Table) -> str:
    found = [str(name) for name in table.frame.columns if str(name).lower() in LABEL_NAMES]
    if len(found) != 1:
        shown = ", ".join(map(str, table.frame.columns[:30]))
        raise DataError(f"the class must stand in a column: give --label with one of {shown}.")
    return found[0]


def _numeric(frame: pd.DataFrame) -> list[str]:
    """Give the columns whose filled cells are numbers."""
    found = []
    for name in frame.columns:
        cells = frame[name].astype(str).str.strip()
        filled = cells[(cells != "") & (cells != "?")]
        if len(filled) and pd.to_numeric(filled, errors="coerce").notna().all():
            found.append(str(name))
    return found


def _steps(names: list[str]) -> list[str]:
    """Give the names of one word and a number that are most; none where they are few."""
    parts = {name: match for name in names if (match := STEP.match(name))}
    if not parts:
        return []
    word, count = Counter(match[1] for match in parts.values()).most_common(1)[0]
    return [name for name, match in parts.items() if match[1] == word] if count >= 8 else []


def _wide(table: Table, layout: Layout) -> NumericRows:
    frame = table.frame
    others = [str(name) for name in frame.columns if name != layout.label]
    steps = list(layout.channels) or _steps(_numeric(frame[others]))
    steps = [name for name in steps if name != layout.group]
    beside = frame[[name for name in others if name not in steps]].astype(str)
    notes = list(table.notes)
    if not steps:
        labels = frame[layout.label].astype(str).to_numpy(object)
        ids = np.array([f"row {row + 1}" for row in range(len(frame))], object)
        notes.append("no columns are the steps of a sequence: each is asked by itself")
        notes += capitals_said(set(labels.tolist()))
        return NumericRows(labels, ids, beside, None, (), table.source, table.sha256, notes)
    notes.append(f"{len(steps):,} columns are steps, {steps[0]} to {steps[-1]}")
    empty = (frame[steps].astype(str).apply(lambda c: c.str.strip()) == "").sum(axis=1)
    if empty.any():
        beside = beside.assign(**{"steps that are empty": empty.astype(str)})
    read = sequences_of_frame(frame[[layout.label, *steps]], Layout(label=layout.label))
    return dataclasses.replace(
        numeric_rows_of(read),
        other_columns=beside.reset_index(drop=True),
        source=table.source,
        sha256=table.sha256,
        notes=[*notes, *read.notes],
    )


def _long(table: Table, layout: Layout) -> NumericRows:
    frame = table.frame
    named = [layout.id, layout.time, layout.label]
    free = [str(name) for name in frame.columns if name not in named]
    each = frame.groupby(layout.id, sort=False)[free].nunique()
    same = [name for name in free if (each[name] <= 1).all()]
    channels = list(layout.channels) or _numeric(frame[[name for name in free if name not in same]])
    if not channels:
        raise DataError(f"columns of numbers are needed, but {table.source} has none beside these.")
    kept = [name for name in named if name] + channels
    read = sequences_of_frame(
        frame[kept], Layout(id=layout.id, time=layout.time, label=layout.label)
    )
    first = frame.drop_duplicates(layout.id).set_index(layout.id)
    beside = [name for name in same if name not in channels]
    others = first.loc[list(read.ids), beside].astype(str).reset_index(drop=True)
    others.insert(0, str(layout.id), [str(name) for name in read.ids])
    return dataclasses.replace(
        numeric_rows_of(read),
        other_columns=others,
        source=table.source,
        sha256=table.sha256,
        notes=[*table.notes, *read.notes],
    )


def joined(train: NumericRows, test: NumericRows) -> NumericRows:
    """Give the rows of two sides as one.

    Raises:
        DataError: they have no class in common, or other channels.
    """
    if not set(train.names) & set(test.names):
        raise DataError(
            f"both sides must have labels in common, but {train.source} has "
            f"{', '.join(map(quoted, train.names[:5]))} and {test.source} has "
            f"{', '.join(map(quoted, test.names[:5]))}."
        )
    if len(train.channels) != len(test.channels):
        raise DataError(
            f"both sides must have the same channels, but {train.source} has "
            f"{len(train.channels)} and {test.source} has {len(test.channels)}."
        )
    sides = (train, test)
    steps = [side.sequences for side in sides if side.sequences is not None]
    sequences = None
    if len(steps) == 2:
        lengths = np.concatenate([each.lengths for each in steps])
        table = np.concatenate(
            [np.zeros((1, len(train.channels))), *(each.timesteps() for each in steps)]
        )
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        sequences = Ragged(np.arange(1, len(table), dtype=np.int32), offsets, table)
    return NumericRows(
        np.concatenate([side.labels for side in sides]),
        np.concatenate([side.ids for side in sides]),
        pd.concat([side.other_columns for side in sides], ignore_index=True).fillna(""),
        sequences,
        train.channels,
        f"{train.source} and {test.source}",
        f"{train.sha256} {test.sha256}".strip(),
        list(dict.fromkeys([*train.notes, *test.notes])),
        np.repeat([False, True], [len(side.labels) for side in sides]),
    )


def content_columns(frame: pd.DataFrame) -> list[str]:
    """Give the columns that hold what a row is, not how it is called or when it was."""
    return [
        str(name)
        for name in frame.columns
        if not ID_NAME.search(str(name)) and days_of(str(name), frame[name].astype(str)) is None
    ]


def measured_columns(frame: pd.DataFrame) -> Floats:
    """Give the columns of numbers that were measured, (rows, columns): none missing or counted.

    Half of the rows or more have a number of their own: whole ones of few values meet by luck.
    """
    found = []
    for name in frame.columns:
        values = pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
        finite = np.isfinite(values) & (np.abs(values) < 1e150)
        if finite.all() and len(np.unique(values)) >= OWN * len(values) and _differ(values):
            found.append(values)
    return np.stack(found, axis=1) if found else np.zeros((len(frame), 0))


def _differ(values: Floats) -> bool:
    """Say whether numbers differ, and are not those that rows are counted by."""
    return bool(len(values) and np.ptp(values) > 0 and (values % 1 != 0).any())
