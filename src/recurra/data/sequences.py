"""Numeric sequences with a class or a number each, from files and from Python.

::

    long     a row a step:      --id names the sequence, --time its order, the others are channels
    wide     a row a sequence:  its class in --label, a step in every other column
    .ts      as aeon and sktime write it            .npy, .npz   X (sequences, steps, channels), y

What is not known (an empty cell, ?, NaN, infinity) takes the value of its channel a step before, at
the beginning the first that is known; steps at the end of which nothing is known are not there.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from recurra.arrays import Array, Bools, Floats, Rows, Texts
from recurra.data.bonds import ALONE, Times, bound_as_before, groups_in, order_of, times_in
from recurra.data.contents import ending_of, read_contents, sha256_of_both
from recurra.data.encodings import decode, known_encoding
from recurra.data.frames import give_back
from recurra.data.labelled import TO_TEST_ON
from recurra.data.numbers import (
    check_reach,
    decimal_sign,
    number_of,
    plain_table,
    without_percent,
)
from recurra.data.readers import LABEL_NAMES, Table, read_table
from recurra.data.records import cell_of
from recurra.data.spelling import column_named, meant, meant_labels, quoted
from recurra.data.times import with_hours
from recurra.data.ts_files import is_ts, parse_ts
from recurra.errors import DataError, LeakError, SettingsError
from recurra.files import WORKBOOK_ENDINGS
from recurra.names import listed
from recurra.sequences import Ragged

__all__ = [
    "LabelledSequences",
    "Layout",
    "as_taught",
    "check_enough",
    "label_sequences",
    "no_time_twice",
    "numbers_of",
    "read_sequences",
    "sample_quantities",
    "sample_sequences",
    "sequences_in",
    "sequences_of_frame",
    "with_test",
]

FEWEST, FEWEST_OF_A_CLASS, FEWEST_OF_NUMBERS = 10, 2, 20  # sequences to learn from
NAMED = ("x", "y", "groups")  # the arrays of a NumPy file that are read
ARRAYS = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")  # the last: an archive of nothing
NEEDED = ("id", "time")  # where a row is a step, without these it would be read as another thing


Asked = TypeVar("Asked", bound=Any)


@dataclass(frozen=True)
class Layout:
    """Which columns of a table are what; None of what is not there, or is to be guessed.

    Args:
        id: names the sequence of a row; None: a row is a sequence.
        time: orders the rows of a sequence; None: they are in order. Where a row is a sequence, it
            says when that was.
        label: the class.
        group: what must stay on one side, such as a person.
        channels: of the long form; none: every other column.
        labelled: whether there must be classes.
        newest: whether the past is to foretell the newest, by `time`; of rows that are sequences
            that is what `time` is for.
        target: a number in place of a class.
        taught: what a saved model's columns were called, by their roles; and its "channels".
    """

    id: str | None = None
    time: str | None = None
    label: str | None = None
    group: str | None = None
    channels: tuple[str, ...] = ()
    labelled: bool = True
    newest: bool = False
    target: str | None = None
    taught: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LabelledSequences:
    """Numeric sequences, with a class or a number each where there is one.

    Args:
        sequences: the numbers, none missing.
        labels: (rows,) the class of each; None where they are to be classified.
        channels: the names of the columns of a step.
        ids: (rows,) how each is called.
        groups: (rows,) what must stay on one side, such as a person; None where nothing is said.
        source: where they come from, for people.
        sha256: of the source's bytes.
        notes: what was guessed, and what was done to the numbers.
        published_test: (rows,) whether a row is of the file to test on; None where there is none.
        times: when each began and ended, where the past is to foretell the newest; else None.
        targets: (rows,) the number of each, where numbers take the place of classes; else None.
        target: what the number is called.
        columns: the names of the columns of the table, by their roles; none where there is none.
    """

    sequences: Ragged
    labels: Texts | None
    channels: tuple[str, ...]
    ids: Texts
    groups: Texts | None = None
    source: str = "arrays"
    sha256: str = "0" * 64
    notes: list[str] = field(default_factory=list)
    published_test: Bools | None = None
    times: Times | None = None
    targets: Floats | None = None
    target: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.sequences)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted."""
        return () if self.labels is None else tuple(sorted(set(self.labels.tolist())))

    @property
    def truth(self) -> Rows:
        """(rows,) the place of each row's class among `names`."""
        assert self.labels is not None
        places = {name: place for place, name in enumerate(self.names)}
        return np.array([places[label] for label in self.labels], np.int64)

    def take(self, rows: Rows) -> "LabelledSequences":
        """Give the chosen rows, as rows of one file."""
        return LabelledSequences(
            self.sequences.take(rows),
            None if self.labels is None else self.labels[rows],
            self.channels,
            self.ids[rows],
            None if self.groups is None else self.groups[rows],
            self.source,
            self.sha256,
            self.notes,
            times=None if self.times is None else self.times.take(rows),
            targets=None if self.targets is None else self.targets[rows],
            target=self.target,
            columns=self.columns,
        )


def read_sequences(
    path: str | Path, layout: Layout = Layout(), *, encoding: str | None = None
) -> LabelledSequences:
    """Read numeric sequences from a table, a `.ts` file, or NumPy's `.npy` and `.npz`.

    Args:
        path: the file; or a folder of a folder a class, or a file a class.
        layout: which columns are what; of tables alone.
        encoding: of a text file, None to recognise it.

    Raises:
        DataError: the file cannot be read, or is not sequences of numbers with a class each.
        SettingsError: columns are named, but the file has none.
    """
    path, encoding = Path(path), known_encoding(encoding)
    if path.is_dir():
        from recurra.data.sequence_folders import read_folder  # reads each file by this function

        return read_folder(path, layout, encoding)
    contents = read_contents(path)
    binary = contents.data.startswith((*ARRAYS, b"PAR1"))
    if contents.data.startswith(ARRAYS) and ending_of(path) not in WORKBOOK_ENDINGS:
        if layout.target not in (None, "y"):
            raise SettingsError(f"--target of a NumPy file is y, not {layout.target}: {path}.")
        _no_columns(replace(layout, target=None), path)
        return _of_numpy(path, contents.data, contents.sha256, layout)
    begins = "" if binary else contents.data[:1000].decode("latin-1")
    if not is_ts(path, begins):
        del contents  # a table is read by its own reader, and both need room
        rows = sequences_in(read_table(path, encoding=encoding), layout)
        give_back()
        return rows
    _no_columns(layout, path)
    decoded = decode(contents, encoding)
    file = parse_ts(decoded.text, path)
    given = file.labels if layout.labelled else None
    return label_sequences(
        file.sequences,
        None if file.numbers else given,
        targets=given if file.numbers else None,
        target="@targetLabel" if file.numbers else "",
        ids=[f"line {number}" for number in file.lines],
        source=str(path),
        sha256=contents.sha256,
        labelled=layout.labelled,
    )


def label_sequences(
    X: Any,
    y: Any = None,
    *,
    groups: Any = None,
    times: Times | None = None,
    targets: Any = None,
    target: str = "target",
    channels: Sequence[str] = (),
    ids: Sequence[Any] = (),
    source: str = "arrays",
    sha256: str = "",
    notes: Sequence[str] = (),
    labelled: bool = True,
) -> LabelledSequences:
    """Give arrays as sequences with a class each, or a number.

    Args:
        X: (sequences, timesteps, channels) or (sequences, timesteps), or a list of arrays
            (timesteps_i, channels); NaN where a value is not known.
        y: (sequences,) the class of each.
        groups: (sequences,) what must stay on one side, such as a person.
        times: when each was, where the past is to foretell the newest.
        targets: (sequences,) the number of each, in place of a class.
        target: what the number is called.
        channels: names; none: they are counted.
        ids: (sequences,) names; none: they are counted.
        source, sha256, notes: of where they come from.
        labelled: whether there must be classes.

    Raises:
        DataError: they are not numbers, are unlike in their channels, or have no class each.

    Example:
        >>> rows = label_sequences([[1.0, 2.0, float("nan")], [3.0, float("nan"), 4.0]], ["a", "b"])
        >>> rows.sequences.lengths.tolist(), rows.sequences.timesteps()[:, 0].tolist()
        ([2, 3], [1.0, 2.0, 3.0, 3.0, 4.0])
    """
    steps = [_step_array(row, number) for number, row in enumerate(X)]
    if not steps:
        raise DataError(f"sequences are needed, but {source} holds none.")
    names = list(ids) or [f"row {number}" for number in range(len(steps))]
    filled, said = _filled(steps, names, source)
    sequences = Ragged.of_numbers(filled)
    if labelled and y is None and targets is None:
        raise DataError(f"every sequence must have a class, but {source} has none.")
    labels, told = (None, []) if y is None else _labels(y, len(filled), source)
    bound = None
    if groups is not None:
        bound, empty = groups_in(pd.Series(list(map(str, groups)), name="group", dtype=object))
        told = [*told, *empty]
    return LabelledSequences(
        sequences,
        labels,
        tuple(channels) or tuple(f"channel {k + 1}" for k in range(filled[0].shape[1])),
        np.array(names, dtype=object),
        bound,
        source,
        sha256 or _digest(sequences, labels),
        [*notes, *said, *told],
        times=times,
        targets=None if targets is None else _targets(targets, names, source, target),
        target="" if targets is None else target,
    )


def sequences_of_frame(frame: pd.DataFrame, layout: Layout = Layout()) -> LabelledSequences:
    """Give a data frame, long or wide, as sequences with a class each."""
    plain = pd.DataFrame({meant(name): _cells(frame[name]) for name in frame.columns})
    return sequences_in(Table(plain, "the data frame", ""), layout)


def with_test(known: LabelledSequences, test: LabelledSequences) -> LabelledSequences:
    """Give the rows of two files as one, of which the second is to test on.

    Raises:
        DataError: they differ in their channels, or a class of the second is not in the first.
        LeakError: a group stands in both.
    """
    if len(known.channels) != len(test.channels):
        raise DataError(
            f"both files must have the same channels, but {known.source} has "
            f"{len(known.channels)} and {test.source} has {len(test.channels)}."
        )
    if (known.targets is None) != (test.targets is None):
        raise DataError(
            f"both files must have a class each, or both a number, but {known.source} and "
            f"{test.source} differ."
        )
    new = sorted(set(test.names) - set(known.names))
    if new:
        raise DataError(
            f"every class to test on must be learnt, but {test.source} has {quoted(new[0])}, which "
            f"{known.source} has not."
        )
    if known.groups is not None and test.groups is not None:
        both = [name for name in sorted(set(known.groups) & set(test.groups)) if ALONE not in name]
        if both:
            raise LeakError(
                f"a group must stand on one side, but {quoted(both[0])} is in {known.source} "
                "and in "
                f"{test.source} ({len(both):,} such groups). Take it out of one of them."
            )
    if known.times is not None:
        raise SettingsError("--test and --time both say which rows to test on: give one of them.")
    parts = (known, test)
    tables = [part.sequences.timesteps() for part in parts]
    lengths = np.concatenate([part.sequences.lengths for part in parts])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    table = np.concatenate([np.zeros((1, tables[0].shape[1])), *tables])
    return LabelledSequences(
        Ragged(np.arange(1, len(table), dtype=np.int32), offsets, table),
        None if known.labels is None else np.concatenate([part.labels for part in parts]),
        known.channels,
        np.array([f"{part.source}: {name}" for part in parts for name in part.ids], dtype=object),
        None
        if known.groups is None or test.groups is None
        else np.concatenate([known.groups, test.groups]),
        f"{known.source}{TO_TEST_ON}{test.source}",
        sha256_of_both(known.sha256, test.sha256),
        list(dict.fromkeys([*known.notes, *test.notes])),
        np.arange(len(lengths)) >= len(known),
        targets=None if known.targets is None else np.concatenate([p.targets for p in parts]),
        target=known.target,
        columns=known.columns,
    )


def check_enough(rows: LabelledSequences) -> None:
    """Refuse what nothing can be learnt from.

    Raises:
        DataError: there are too few sequences, one class or number alone, or too few of a class.
    """
    if rows.labels is None:
        _check_numbers(rows)
        return
    learnt = rows.labels if rows.published_test is None else rows.labels[~rows.published_test]
    names, counts = np.unique(learnt, return_counts=True)
    if len(names) < 2:
        raise DataError(
            f"sequences of two classes or more are needed, but all {len(learnt):,} to learn from "
            f"are {quoted(names[0])}. Choose another column with --label."
        )
    if len(learnt) < FEWEST:
        raise DataError(
            f"at least {FEWEST} sequences are needed to learn from, but {rows.source} has "
            f"{len(learnt)}."
        )
    if counts.min() < FEWEST_OF_A_CLASS:
        rare = int((counts < FEWEST_OF_A_CLASS).sum())
        raise DataError(
            f"every class needs at least {FEWEST_OF_A_CLASS} sequences to learn from, but {rare} "
            f"of {len(names)} have fewer, such as {quoted(names[counts.argmin()])}. Give more "
            "of them, "
            "leave them out, or choose another column with --label."
        )


def _check_numbers(rows: LabelledSequences) -> None:
    assert rows.targets is not None
    learnt = rows.targets if rows.published_test is None else rows.targets[~rows.published_test]
    if len(learnt) < FEWEST_OF_NUMBERS:
        raise DataError(
            f"at least {FEWEST_OF_NUMBERS} sequences are needed to learn a number from, but "
            f"{rows.source} has {len(learnt)}."
        )
    if len(np.unique(learnt)) < 2:
        raise DataError(
            f"the number to foretell must differ between sequences, but all {len(learnt):,} to "
            f"learn from have {learnt[0]:g}. Choose another column with --target."
        )


# ---- numbers that are not known


def _filled(
    steps: list[Floats], names: Sequence[Any], source: str
) -> tuple[list[Floats], list[str]]:
    """Fill what is not known by the rule above, and say how much of it there was."""
    filled, missing, touched, shorter = [], 0, 0, 0
    for name, row in zip(names, steps, strict=True):
        known = np.isfinite(row)
        row = row if known.all() else np.where(known, row, np.nan)
        there = np.flatnonzero(known.any(axis=1))
        if not len(there) or not known.any(axis=0).all():
            raise DataError(
                f"every channel of a sequence must have a value, but {name} of {source} has a "
                "channel without any. Leave the sequence out, or the channel."
            )
        kept = row[: there[-1] + 1]
        shorter += len(kept) < len(row)
        gaps = int(np.isnan(kept).sum())
        if gaps:
            kept = pd.DataFrame(kept).ffill().bfill().to_numpy()
        check_reach(kept, str(name), source)
        missing, touched = missing + gaps, touched + (gaps > 0)
        filled.append(kept)
    notes = []
    if missing:
        notes.append(
            f"{missing:,} missing values in {touched:,} of {len(steps):,} sequences: each takes "
            "the value of its channel a step before"
        )
    if shorter:
        notes.append(f"{shorter:,} sequences end earlier: nothing is known of their last steps")
    return filled, notes


def _step_array(row: Any, number: int) -> Floats:
    try:
        steps = np.asarray(row, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"sequences must be numbers, but that of row {number} is not.") from None
    steps = steps[:, None] if steps.ndim == 1 else steps
    if steps.ndim != 2 or not steps.size:
        raise DataError(
            f"a sequence must be (timesteps, channels), but that of row {number} has shape "
            f"{steps.shape}."
        )
    return steps


# ---- classes


def _labels(y: Any, rows: int, source: str) -> tuple[Texts, list[str]]:
    cells = [cell_of(value)[0].strip() for value in y]
    if len(cells) != rows:
        raise DataError(
            f"every sequence must have a class, but {source} has {rows} sequences and "
            f"{len(cells)} classes."
        )
    labels, notes = meant_labels(pd.Series(cells, dtype=object))
    empty = int((labels == "").sum())
    if empty:
        raise DataError(
            f"every sequence must have a class, but {empty:,} of {rows:,} of {source} have none. "
            "Leave them out, or fill them in."
        )
    return labels.to_numpy(object), notes


def _targets(given: Any, names: Sequence[Any], source: str, target: str) -> Floats:
    """Give the number of each sequence.

    Raises:
        DataError: one is not a number, or is not there.
    """
    cells = list(given)
    if len(cells) != len(names):
        raise DataError(
            f"every sequence must have a number, but {source} has {len(names)} sequences and "
            f"{len(cells)} numbers."
        )
    texts = [cell_of(cell)[0].strip() for cell in cells]
    decimal = decimal_sign(texts, what=source)
    read = [np.nan if text == "?" else number_of(text, decimal) for text in texts]
    for name, text, number in zip(names, texts, read, strict=True):
        if number is None or not np.isfinite(number):
            raise DataError(
                f"every sequence must have a number to foretell, but {name} of {source} has "
                f"{quoted(text) if text else 'none'} in {quoted(target)}. Leave it out, fill it "
                "in, or name the column of a class with --label."
            )
    found = np.array(read, float)
    check_reach(found, target, source)
    return found


# ---- NumPy


def _of_numpy(path: Path, data: bytes, sha256: str, layout: Layout) -> LabelledSequences:
    import io

    try:
        loaded: Any = np.load(io.BytesIO(data), allow_pickle=False)
        held = {"X": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except Exception as error:  # broken bytes raise whatever the step that meets them raises
        reason = str(error).partition("\n")[0][:120]
        raise DataError(
            f"a NumPy file must hold plain arrays, but {path} does not ({reason}). Save numbers "
            "and strings with np.savez(path, X=X.astype(float), y=y.astype(str))."
        ) from None
    arrays = {name.lower(): array for name, array in held.items()}
    if "x" not in arrays or arrays["x"].ndim not in (2, 3) or arrays["x"].dtype.kind not in "biuf":
        shown = ", ".join(f"{name} {array.shape}" for name, array in held.items()) or "nothing"
        raise DataError(
            "a NumPy file must hold X, numbers of (sequences, steps, channels) or (sequences, "
            f"steps), and y, a class each, but {path} holds {shown}."
        )
    labelled = layout.labelled
    given = arrays.get("y") if labelled else None
    if given is not None and given.ndim == 2 and given.shape[1] == 1:
        given = given[:, 0]
    groups = arrays.get("groups")
    for name, array in (("y", given), ("groups", groups)):
        if array is not None and array.ndim != 1:
            raise DataError(
                f"{name} must be one thing a sequence, but {path} holds {name} {array.shape}. "
                "Where a column is a class, give y.argmax(axis=1)."
            )
    numbers = given is not None and (
        layout.target is not None or (given.dtype.kind == "f" and bool((given % 1).any()))
    )
    cells = None if given is None else given.tolist()
    found = label_sequences(
        arrays["x"],
        None if numbers else cells,
        targets=cells if numbers else None,
        target="y",
        groups=None if groups is None else groups.tolist(),
        source=str(path),
        sha256=sha256,
        labelled=labelled,
    )
    others = [f"{name} {held[name].shape}" for name in held if name.lower() not in NAMED]
    shape = arrays["x"].shape
    if len(shape) == 3 and shape[2] > shape[1]:
        found.notes.append(
            f"read as {shape[1]:,} steps of {shape[2]:,} channels: where channels stand before "
            "steps, as aeon has them, save X.transpose(0, 2, 1)"
        )
    said = [f"of {path} only X, y and groups are read, not {listed(others)}"] if others else []
    return replace(found, notes=[*found.notes, *said])


def _no_columns(layout: Layout, path: Path) -> None:
    given = [n for n in ("id", "time", "label", "group", "target") if getattr(layout, n)]
    given += ["channels"] if layout.channels else []
    if given:
        raise SettingsError(f"--{given[0]} names a column of a table, but {path} has no columns.")


# ---- tables


def as_taught(asked: Asked, table: Table) -> Asked:
    """Fill in the columns that are not named as a saved model was taught them.

    Args:
        asked: a `Layout`, or what is like it: which columns are what, and what was `taught`.
        table: that is to be read.

    Raises:
        DataError: the table lacks a column without which it would be read as something else.
    """
    taught, there = asked.taught, list(map(str, table.frame.columns))
    filled: dict[str, Any] = {}
    for role in ("id", "time", "label", "target"):
        name = taught.get(role)
        if name is None or getattr(asked, role, "") is not None:
            continue
        if name in there:
            filled[role] = name
        elif (role in NEEDED and "channels" in taught) or (role == "target" and asked.labelled):
            raise DataError(
                f"{quoted(name)} was the column of --{role} in training, but {table.source} has "
                f"none of that name. Give --{role} with one of: {listed(there)}."
            )
    if not asked.channels and "channels" in taught:
        filled["channels"] = tuple(taught["channels"])
        absent = [name for name in taught["channels"] if name not in there]
        if absent:
            raise DataError(
                f"the model reads the channels {listed(map(quoted, taught['channels']))}, but "
                f"{table.source} has no {quoted(absent[0])}. Name as many columns, in that order, "
                f"with --channels. The columns are: {listed(there)}."
            )
    return replace(asked, **filled)


def sequences_in(table: Table, layout: Layout) -> LabelledSequences:
    """Give the sequences that a table holds, as `read_sequences` does."""
    layout = as_taught(layout, table)
    table = with_hours(table, layout.time)
    frame, notes = table.frame, list(table.notes)
    if layout.labelled:
        bound = bound_as_before(layout.group, layout.taught, frame, notes)
        layout = replace(layout, group=bound)
    if layout.label and layout.target:
        raise SettingsError("--label names a class and --target a number: give one of them.")
    learnt = layout.labelled and not layout.target
    label = _label_column(table, layout, notes) if learnt else layout.label
    named = {"id": layout.id, "time": layout.time, "label": label, "group": layout.group}
    named["target"] = layout.target
    if not layout.labelled:  # a file to be asked about may lack it
        named |= {r: None for r in ("label", "target") if named[r] not in frame.columns}
    roles = {
        role: column_named(table.frame, name, role, table.source)
        for role, name in named.items()
        if name
    }
    if layout.newest and not layout.time:
        raise SettingsError("--newest tests on the newest sequences: say when they were by --time.")
    if layout.channels and not layout.id:
        raise SettingsError(
            "--channels is of the form with a row a step: name the sequence with --id. In the "
            "other form a row is a sequence, and every column a step."
        )
    channels = channels_of(table, layout.channels, roles.values())
    numbers = numbers_of(frame, channels, table)
    build = _long if layout.id else _wide
    read = build(table, numbers, roles, channels, notes, layout.labelled)
    read = replace(read, columns=roles)
    by_time = layout.newest or not layout.id
    return read if by_time and layout.labelled else replace(read, times=None)


def _wide(
    table: Table,
    numbers: Floats,
    roles: dict[str, str],
    channels: list[str],
    notes: list[str],
    labelled: bool,
) -> LabelledSequences:
    """A row is a sequence of one channel."""
    frame = table.frame
    if len(channels) < 2:
        raise DataError(
            f"a row of {table.source} would be a sequence of one step, {quoted(channels[0])}. "
            "Where a "
            "row is a step, name its sequence with --id."
        )
    times = None
    if "time" in roles:
        times, said = times_in(frame[roles["time"]], table.source)
        notes += said
    return label_sequences(
        numbers,
        frame[roles["label"]] if "label" in roles and labelled else None,
        targets=frame[roles["target"]] if "target" in roles and labelled else None,
        target=roles.get("target", ""),
        groups=frame[roles["group"]] if "group" in roles else None,
        times=times,
        ids=[f"row {row + 1}" for row in range(len(frame))],
        source=table.source,
        sha256=table.sha256,
        notes=notes,
        labelled=labelled,
    )


def _long(
    table: Table,
    numbers: Floats,
    roles: dict[str, str],
    channels: list[str],
    notes: list[str],
    labelled: bool,
) -> LabelledSequences:
    """A row is a step of the sequence that its id names."""
    frame = table.frame
    codes, ids = pd.factorize(frame[roles["id"]])
    if "" in ids:
        row = int(np.flatnonzero(ids[codes] == "")[0]) + 1
        raise DataError(
            f"every row must name its sequence, but row {row} of {table.source} has no "
            f"{quoted(roles['id'])}."
        )
    order = np.argsort(codes, kind="stable")
    whens, times = None, np.zeros(0)
    if "time" in roles:
        times, _, said = order_of(frame[roles["time"]], table.source)
        notes += said
        order = np.lexsort([times, codes])
        no_time_twice(codes[order], times[order], ids, frame[roles["time"]], order, table)
    sizes = np.bincount(codes)
    first = np.cumsum(sizes) - sizes
    if "time" in roles:
        begins, ends = times[order][first], times[order][first + sizes - 1]
        whens = Times(begins, ends, frame[roles["time"]].iloc[order[first]].to_numpy(object))
    same = {
        role: _one_value(frame[roles[role]], order, first, sizes, ids, role, table)
        for role in ("label", "group", "target")
        if role in roles
    }
    return label_sequences(
        np.split(numbers[order], first[1:]),
        same.get("label") if labelled else None,
        targets=same.get("target") if labelled else None,
        target=roles.get("target", ""),
        groups=same.get("group"),
        times=whens,
        channels=channels,
        ids=list(map(str, ids)),
        source=table.source,
        sha256=table.sha256,
        notes=notes,
        labelled=labelled,
    )


def _one_value(
    column: "pd.Series[Any]",
    order: Rows,
    first: Rows,
    sizes: Rows,
    ids: Any,
    role: str,
    table: Table,
) -> Texts:
    """Give the label, or the group, of each sequence, which all its rows must share."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    codes = codes[order]
    wrong = np.flatnonzero(codes != np.repeat(codes[first], sizes))
    if len(wrong):
        sequence = int(np.searchsorted(first, wrong[0], side="right")) - 1
        one, other = values[codes[first[sequence]]], values[codes[wrong[0]]]
        raise DataError(
            f"--{role} must be the same in all rows of a sequence, but {quoted(ids[sequence])} of "
            f"{table.source} has {quoted(one)} and {quoted(other)}. Give the column that names "
            "the sequence with --id."
        )
    found: Texts = np.asarray(values, object)[codes[first]]
    return found


def no_time_twice(
    codes: Rows, times: Floats, ids: Any, column: "pd.Series[Any]", order: Rows, table: Table
) -> None:
    """Refuse a time that one sequence has twice; rows are in order of sequence and time."""
    twice = np.flatnonzero((np.diff(codes) == 0) & (np.diff(times) == 0))
    if len(twice):
        where = twice[0] + 1
        raise DataError(
            f"a sequence must have each time once, but {quoted(ids[codes[where]])} of "
            f"{table.source} has "
            f"{quoted(column.iloc[order[where]])} twice ({len(twice):,} such rows). Drop them, "
            "or name "
            "what tells the sequences apart with --id."
        )


def numbers_of(frame: pd.DataFrame, names: list[str], table: Table) -> Floats:
    """Give columns as numbers, (rows, columns); NaN where a cell says that nothing is known."""
    columns = plain_table(frame[names])
    for place in np.flatnonzero(~np.isfinite(columns).all(axis=0)):
        name, values = names[place], columns[:, place]
        column = frame[name]
        odd = np.flatnonzero(~np.isfinite(values))
        cells = [str(cell).strip() for cell in column.iloc[odd]]
        if not np.isfinite(values).any():
            cells, _ = without_percent(cells)
        decimal = decimal_sign(cells, comma=table.separator == ";", what=table.source)
        for row, cell in zip(odd.tolist(), cells, strict=True):
            found = number_of(cell, decimal)
            if found is None:
                raise DataError(
                    f"channels must hold numbers, but row {row + 1} of {table.source}, counted "
                    f"below the header, has {quoted(cell)} in {quoted(name)}. Name what it is "
                    "with --id, "
                    "--time, --label or --group, or the channels with --channels."
                )
            values[row] = found
    return columns


def _label_column(table: Table, layout: Layout, notes: list[str]) -> str:
    if layout.label:
        return layout.label
    free = [name for name in table.frame.columns if name not in (layout.id, layout.time)]
    found = [name for name in free if name.lower() in LABEL_NAMES]
    if len(found) != 1:
        raise DataError(
            f"the class of a sequence must stand in a column: give --label with one of "
            f"{', '.join(map(str, free[:30]))}{', …' if len(free) > 30 else ''}."
        )
    notes.append(f"label column guessed: {quoted(found[0])}")
    return str(found[0])


def channels_of(table: Table, given: Sequence[str], taken: Collection[str]) -> list[str]:
    """Give the columns of numbers: those that are named, else all that are nothing else.

    Raises:
        DataError: one is not there or named twice, or there is none.
    """
    named = [column_named(table.frame, name, "channels", table.source) for name in given]
    count = Counter(named)
    twice = next((name for name in named if count[name] > 1), None)
    if twice is not None:
        raise DataError(f"--channels must name each column once, but {quoted(twice)} stands twice.")
    channels = named or [name for name in table.frame.columns if name not in taken]
    if not channels:
        raise DataError(f"columns of numbers are needed, but {table.source} has none beside these.")
    return channels


def _cells(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Give a column as the readers give theirs: text, but numbers may stay numbers."""
    if column.dtype.kind in "iuf":
        return column
    return column.astype(object).map(lambda value: cell_of(value)[0])


def _digest(sequences: Ragged, labels: Texts | None) -> str:
    digest = hashlib.sha256()
    for array in sequences.arrays():
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(repr(None if labels is None else labels.tolist()).encode())
    return digest.hexdigest()


def sample_quantities(rows: int = 60) -> LabelledSequences:
    """Make up sequences of two channels, of different lengths, with a speed each.

    The number is the speed of the wave in the first channel, in turns for 100 steps.
    """
    rng = np.random.default_rng(1)
    made, speeds = [], rng.uniform(2, 15, rows).round(2)
    for speed in speeds:
        t = np.arange(int(rng.integers(30, 45)))
        wave = np.sin(2 * np.pi * speed / 100 * t + rng.uniform(0, 6))
        made.append(np.stack([wave + rng.normal(0, 0.2, len(t)), rng.normal(5, 2, len(t))], axis=1))
    return label_sequences(
        made,
        targets=speeds.tolist(),
        target="speed",
        source="embedded sample",
        notes=["made by a rule for this package"],
    )


def sample_sequences(rows: int = 60) -> LabelledSequences:
    """Make up sequences of three classes in two channels, of different lengths and starts.

    One class rises and falls quickly, one slowly, one not at all; all have noise.
    """
    rng = np.random.default_rng(0)
    made: list[Array] = []
    for row in range(rows):
        steps = int(rng.integers(20, 32))
        t = np.arange(steps)
        speed = (0.9, 0.35, 0.0)[row % 3]
        wave = np.sin(speed * t + rng.uniform(0, 6))
        both = np.stack([wave, np.roll(wave, 3) * 100.0], axis=1)
        made.append(both + rng.normal(size=both.shape) * [0.3, 30.0])
    return label_sequences(
        made,
        [("quick", "slow", "still")[row % 3] for row in range(rows)],
        source="embedded sample",
        notes=["made by a rule for this package"],
    )
