"""Numeric sequences in a folder: a folder a class, or a file a class.

::

    moves/walk/r1.csv  moves/walk/r2.csv  moves/rest/r7.csv    a file a sequence, a row a step
    moves/walk.csv     moves/rest.csv                          a file a class, each as one table:
                                                               a row a sequence, or a step with --id

Without classes, to be asked about: every file in the folder is a sequence.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from recurra.arrays import Floats
from recurra.data.bonds import order_of
from recurra.data.contents import read_contents
from recurra.data.readers import Table, read_table
from recurra.data.sequences import (
    LabelledSequences,
    Layout,
    channels_of,
    label_sequences,
    numbers_of,
    read_sequences,
)
from recurra.data.spelling import column_named, quoted
from recurra.errors import DataError, SettingsError
from recurra.names import listed

__all__ = ["read_folder"]


class _Recording(NamedTuple):
    steps: Floats
    channels: tuple[str, ...]
    notes: list[str]


def read_folder(folder: Path, layout: Layout, encoding: str | None = None) -> LabelledSequences:
    """Read the sequences of a folder.

    Args:
        folder: of folders, a class each; or of files, a class each.
        layout: which columns are what, of every file.
        encoding: of the files, None to recognise it.

    Raises:
        DataError: it holds no such files, or they differ in their channels.
        SettingsError: a column is named that such files do not have.
    """
    inside = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    folders, files = [p for p in inside if p.is_dir()], [p for p in inside if p.is_file()]
    if folders and files:
        raise DataError(
            f"a folder of sequences must hold folders, a class each, or files, a class each, but "
            f"{folder} holds both, such as {folders[0].name} and {files[0].name}. Move one of them."
        )
    if layout.label or layout.target:
        raise SettingsError(
            "the class of a sequence in a folder is the name of its folder or file: leave out "
            "--label and --target, or give one table."
        )
    if files and layout.labelled:
        return _a_file_a_class(folder, files, layout, encoding)
    if layout.id:
        raise SettingsError(f"a file of {folder} is a sequence, named by its file: leave out --id.")
    named = [(each.name, path) for each in folders for path in _files_of(each)]
    named = named or [("", path) for path in files]
    if not named:
        raise DataError(f"a folder of sequences must hold files, but {folder} holds none.")
    return _a_file_a_sequence(folder, named, layout, encoding)


def _files_of(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    deeper = next((path for path in files if path.is_dir()), None)
    if deeper is not None:
        raise DataError(f"the folder of a class must hold files alone, but it holds {deeper}.")
    if not files:
        raise DataError(f"the folder of a class must hold files, but {folder} holds none.")
    return files


def _a_file_a_sequence(
    folder: Path, named: Sequence[tuple[str, Path]], layout: Layout, encoding: str | None
) -> LabelledSequences:
    read = [_recording(path, layout, encoding) for _, path in named]
    channels = read[0].channels
    for (_, path), each in zip(named, read, strict=True):
        if each.channels != channels:
            raise DataError(
                f"all files must have the same channels, but {named[0][1]} has "
                f"{listed(channels, 8)} and {path} has {listed(each.channels, 8)}."
            )
    classes = sorted({name for name, _ in named})
    said = [f"{len(named):,} files, a sequence each"]
    if layout.labelled:
        said = [f"{said[0]}; classes by their folders: {listed(map(quoted, classes), 8)}"]
    notes = [*said, *dict.fromkeys(note for each in read for note in each.notes)]
    return label_sequences(
        [each.steps for each in read],
        [name for name, _ in named] if layout.labelled else None,
        channels=channels,
        ids=[str(path.relative_to(folder)) for _, path in named],
        source=str(folder),
        sha256=_digest(folder, [path for _, path in named]),
        notes=notes,
        labelled=layout.labelled,
    )


def _recording(path: Path, layout: Layout, encoding: str | None) -> _Recording:
    """Read one sequence, a row a step."""
    if path.suffix.lower() == ".npy":
        return _of_array(path)
    table = read_table(path, encoding=encoding)
    taken = {
        column_named(table.frame, name, role, table.source) for name, role in _roles(layout) if name
    }
    channels = channels_of(table, layout.channels, taken)
    steps = numbers_of(table.frame, channels, table)
    notes = list(table.notes)
    if layout.time:
        steps = steps[_order(table, layout.time, notes)]
    return _Recording(steps, tuple(map(str, channels)), notes)


def _roles(layout: Layout) -> list[tuple[str | None, str]]:
    if layout.group or layout.newest:
        raise SettingsError(
            "--group and --newest are of a table, in which a column says it: a folder of sequences "
            "has none."
        )
    return [(layout.time, "time")]


def _order(
    table: Table, time: str, notes: list[str]
) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    name = column_named(table.frame, time, "time", table.source)
    times, _, said = order_of(table.frame[name], table.source)
    notes += said
    if len(np.unique(times)) < len(times):
        raise DataError(
            f"a sequence must have each time once, but {table.source} has one twice in "
            f"{quoted(name)}. Drop such rows."
        )
    return np.argsort(times, kind="stable")


def _of_array(path: Path) -> _Recording:
    try:
        steps = np.load(path, allow_pickle=False)
    except Exception as error:  # broken bytes raise whatever the step that meets them raises
        reason = str(error).partition("\n")[0][:120]
        raise DataError(f"{path} must hold a plain array, but it does not ({reason}).") from None
    steps = steps[:, None] if steps.ndim == 1 else steps
    if steps.ndim != 2 or steps.dtype.kind not in "biuf":
        raise DataError(
            f"a sequence must be numbers of (steps, channels), but {path} has shape {steps.shape}."
        )
    channels = tuple(f"channel {k + 1}" for k in range(steps.shape[1]))
    return _Recording(steps.astype(float), channels, [])


def _a_file_a_class(
    folder: Path, files: Sequence[Path], layout: Layout, encoding: str | None
) -> LabelledSequences:
    """Read files of one class each, each as the table of sequences that it is."""
    parts = [
        read_sequences(path, replace(layout, labelled=False), encoding=encoding) for path in files
    ]
    for path, part in zip(files, parts, strict=True):
        if len(part.channels) != len(parts[0].channels):
            raise DataError(
                f"all files must have the same channels, but {files[0]} has "
                f"{len(parts[0].channels)} and {path} has {len(part.channels)}."
            )
    if layout.newest or (layout.time and not layout.id):
        raise SettingsError("rows of several files have no common time: leave out --newest.")
    labels = [path.name.split(".")[0] for path in files]
    classes = listed(map(quoted, labels), 8)
    groups = None
    if layout.group:
        groups = [name for part in parts for name in (() if part.groups is None else part.groups)]
    return label_sequences(
        [
            steps
            for part in parts
            for steps in np.split(part.sequences.timesteps(), part.sequences.offsets[1:-1])
        ],
        np.repeat(labels, [len(part) for part in parts]).tolist(),
        groups=groups,
        channels=parts[0].channels,
        ids=[
            f"{path.name}: {name}" for path, p in zip(files, parts, strict=True) for name in p.ids
        ],
        source=str(folder),
        sha256=_digest(folder, files),
        notes=[
            f"{len(files):,} files, a class each: {classes}",
            *dict.fromkeys(note for part in parts for note in part.notes),
        ],
    )


def _digest(folder: Path, files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(folder)}\0{read_contents(path).sha256}\n".encode())
    return digest.hexdigest()
