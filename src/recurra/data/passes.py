"""Labelled texts that no memory holds: files that are read in passes, and which rows teach.

::

    units          the row groups of Parquet files, and other files as a whole
    place of a row hash of its text, but for digits, case and spacing, and of the seed: 64 bits
    set aside      the rows of the lowest places, so copies together; a bit says which are held
    a pass         all units, in an order that is drawn anew; an epoch is a part of it
    shuffled       some units are read at once, and rows drawn from a buffer that they fill

Which side a row stands on follows from its text. The first pass writes down which rows are set
aside, which are never many: those after it ask no row again.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from recurra.arrays import Rows, Texts
from recurra.data.contents import sha256_of
from recurra.data.labelled import NO_LABEL, columns_of
from recurra.data.pieces import Piece, Pieces, files_of, read_pieces
from recurra.data.readers import Table
from recurra.data.records import cell_of
from recurra.errors import DataError
from recurra.judging.classes import Labelled
from recurra.names import listed
from recurra.stores import place_of
from recurra.text.joining import blank, join, text_columns
from recurra.text.normalise import duplicate_key

__all__ = [
    "Chunk",
    "Passes",
    "Shards",
    "Streamed",
    "Unit",
    "is_held",
    "open_shards",
    "places_of",
]

EPOCH = 1 << 20  # rows that an epoch reads, or a little more
OPEN = 4  # units that are read at once
BUFFER, LETTERS = 1 << 18, 1 << 26  # rows, and letters, that are drawn from, at most
BLOCK = 1 << 15  # rows that are drawn at once

Places = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Unit:
    """What is read at once.

    Args:
        path: a file, of this machine or of a store.
        group: the number of a row group of Parquet; None: the whole file.
        first: the row of the file that it begins with.
    """

    path: Any
    group: int | None = None
    first: int = 0


class Chunk(NamedTuple):
    """Some rows of a unit.

    Args:
        texts: none empty.
        labels: as they are written.
        rows: the row of the file of each.
        left_out: how many rows beside these have no text or no label, or are no rows.
    """

    texts: list[str]
    labels: list[str]
    rows: list[int]
    left_out: int


@dataclass(frozen=True)
class Shards:
    """Files of labelled texts.

    Args:
        units: what they are read by.
        columns: their names by their roles, "text" (of several "text 2", …) and "label".
        encoding: of text files, None to recognise it.
        source: what was named, for people.
        sha256: of the files' own.
        notes: what was guessed.
    """

    units: tuple[Unit, ...]
    columns: Mapping[str, str]
    encoding: str | None
    source: str
    sha256: str
    notes: tuple[str, ...] = ()

    def read(self, number: int) -> Iterator[Chunk]:
        """Give the rows of a unit, some thousand at once.

        Raises:
            DataError: the file cannot be read to its end.
        """
        unit, (*texts, label) = self.units[number], [*text_columns(self.columns), self.label]
        groups = None if unit.group is None else [unit.group]
        columns = [*texts, label] if groups else None
        first = unit.first
        with read_pieces(
            unit.path, encoding=self.encoding, groups=groups, columns=columns
        ) as pieces:
            for piece in pieces:
                yield _chunk(piece, texts, label, first)
                first += len(piece.wrong)

    @property
    def label(self) -> str:
        """The column of labels."""
        return self.columns["label"]


def open_shards(
    source: Any,
    *,
    text: Sequence[str] = (),
    label: str | None = None,
    encoding: str | None = None,
) -> Shards:
    """Find files of labelled texts, and look at the beginning of each.

    Args:
        source: a file, a folder, or a pattern such as "logs/*.parquet"; each may be an address.
        text: the text column, or several; none: it is guessed from the first file.
        label: the label column; None: likewise.
        encoding: of text files, None to recognise it.

    Raises:
        DataError: there are none, one cannot be read, or the columns are not in all of them.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "0.csv").write_text("label,text\\nham,see you\\nspam,win a prize\\n")
        >>> shards = open_shards(folder)
        >>> shards.columns, next(shards.read(0)).texts
        ({'text': 'text', 'label': 'label'}, ['see you', 'win a prize'])
    """
    source = place_of(source)
    files = files_of(source)
    units: list[Unit] = []
    columns: dict[str, str] = {}
    notes: list[str] = []
    for path in files:
        with read_pieces(path, encoding=encoding) as pieces:
            if not columns:
                columns, notes = columns_of(_beginning(pieces, path), text, label)
            _check_columns(path, pieces.names, columns, files[0])
        units += _units(path)
    digests = "\n".join(f"{path.name} {sha256_of(path)}" for path in files)
    sha256 = hashlib.sha256(digests.encode("utf-8", "surrogatepass")).hexdigest()
    said = [f"{len(files):,} files", *notes] if len(files) > 1 else notes
    return Shards(tuple(units), columns, encoding, str(source), sha256, tuple(said))


def _beginning(pieces: Pieces, path: Any) -> Table:
    """Give the first rows as a table of strings, to tell columns by."""
    first = next(iter(islice(pieces, 1)), None)
    if first is None:
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    cells = {name: _cells(first.rows, name) for name in pieces.names if not _nested(first, name)}
    return Table(pd.DataFrame(cells, dtype=object), str(path), "", list(pieces.notes))


def _nested(piece: Piece, name: str) -> bool:
    return bool(pa.types.is_nested(piece.rows.schema.field(name).type))


def _check_columns(path: Any, names: Sequence[str], columns: Mapping[str, str], first: Any) -> None:
    for role, name in columns.items():
        if name not in names:
            raise DataError(
                f"every file must have the columns of {first}, but {path} has no {name!r} "
                f"({role.rstrip(' 0123456789')}). Its columns are: {listed(names)}."
            )


def _units(path: Any) -> list[Unit]:
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return [Unit(path)]
        import pyarrow.parquet

        about = pyarrow.parquet.ParquetFile(file).metadata
    rows = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    firsts = np.cumsum([0, *rows]).tolist()
    return [Unit(path, number, firsts[number]) for number, count in enumerate(rows) if count]


def _cells(rows: pa.Table, name: str) -> list[str]:
    """Give a column as strings; what is missing is an empty one."""
    column = rows.column(name)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        cells: list[str] = column.fill_null("").to_pylist()
        return cells
    return [_text_of(cell) for cell in column.to_pylist()]


def _text_of(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell_of(cell)[0]


def _chunk(piece: Piece, names: Sequence[str], label: str, first: int) -> Chunk:
    """Give the rows of a piece that have a text and a label."""
    cells = [_cells(piece.rows, name) for name in names]
    texts = cells[0] if len(cells) == 1 else [join(row) for row in zip(*cells, strict=True)]
    labels = [cell.strip() for cell in _cells(piece.rows, label)]
    kept = [
        row
        for row, (text, known, wrong) in enumerate(zip(texts, labels, piece.wrong, strict=True))
        if not wrong and known.lower() not in NO_LABEL and known and not blank(text)
    ]
    if len(kept) == len(texts):
        return Chunk(texts, labels, list(range(first, first + len(texts))), 0)
    return Chunk(
        [texts[row] for row in kept],
        [labels[row] for row in kept],
        [first + row for row in kept],
        len(texts) - len(kept),
    )


# ---- which rows teach


def places_of(texts: Sequence[str], seed: int) -> Places:
    """Give each text a number of 64 bits that copies share, as if drawn; another for another seed.

    Example:
        >>> places = places_of(["Win 100", "win 250 ", "lunch"], seed=0)
        >>> bool(places[0] == places[1]), bool(places[0] == places[2])
        (True, False)
    """
    keys = np.fromiter(map(duplicate_key, texts), np.int64, len(texts)).view(np.uint64)
    return _mixed(keys ^ _mixed(np.array([seed], np.uint64)))


def _mixed(values: Places) -> Places:
    """Mix the bits of each: splitmix64, whose overflow is meant."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Places = values ^ (values >> np.uint64(31))
    return mixed


def is_held(places: Places) -> npt.NDArray[np.bool_]:
    """Say which of the rows set aside are held out; the others validate."""
    held: npt.NDArray[np.bool_] = (places & np.uint64(1)).astype(bool)
    return held


@dataclass(frozen=True)
class Passes:
    """The rows that teach, to be read again and again.

    Args:
        shards: the files.
        seed: of the places.
        limit: rows of lower places are set aside.
        numbers: of the classes, by the labels as they are written.
        sizes: (units,) how many rows of each have a text and a label.
        counts: rows that teach, of each class.
        aside: (units,) the rows set aside of each, as the file counts them.
    """

    shards: Shards
    seed: int
    limit: int
    numbers: Mapping[str, int]
    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    aside: tuple[Rows, ...]

    @property
    def rows(self) -> int:
        """How many rows teach."""
        return sum(self.counts)

    @property
    def epochs(self) -> int:
        """How many epochs a pass is cut into; each has a unit, or more."""
        return max(1, min(len(self.sizes), round(sum(self.sizes) / EPOCH)))

    @property
    def mark(self) -> bytes:
        """What tells these passes from others, for work that is gone on with."""
        facts = (self.shards.sha256, self.seed, self.limit, self.sizes, self.counts)
        return hashlib.sha256(repr(facts).encode()).digest()

    def epoch(self, number: int, seed: int = 0) -> Iterator[tuple[float, Texts, Rows]]:
        """Give the rows of an epoch, shuffled, in blocks.

        Args:
            number: of the epoch, counted from 1; those of a pass are drawn together.
            seed: of the orders.

        Yields:
            The share of the epoch that is read, texts, and the number of the class of each.
        """
        passed, part = divmod(number - 1, self.epochs)
        order = np.random.default_rng([seed, passed]).permutation(len(self.sizes))
        units = np.array_split(order, self.epochs)[part]
        rng = np.random.default_rng([seed, passed, part])
        buffer, read, rows = _Buffer(rng), 0, sum(self.sizes[unit] for unit in units)
        for unit, chunk in self._interleaved(units.tolist(), rng):
            read += len(chunk.texts)
            taught = np.flatnonzero(~np.isin(np.array(chunk.rows, np.int64), self.aside[unit]))
            buffer.add(chunk, taught, self.numbers)
            while buffer.full:
                yield read / rows, *buffer.drawn()
        while len(buffer.texts):
            yield read / max(1, rows), *buffer.drawn()

    def _interleaved(
        self, units: list[int], rng: np.random.Generator
    ) -> Iterator[tuple[int, Chunk]]:
        """Give chunks, each with its unit; some units are read at once."""
        waiting = ((unit, self.shards.read(unit)) for unit in units)
        reading = list(islice(waiting, OPEN))
        while reading:
            place = int(rng.integers(len(reading)))
            unit, chunks = reading[place]
            chunk = next(chunks, None)
            if chunk is not None:
                yield unit, chunk
                continue
            del reading[place]
            reading += islice(waiting, 1)


@dataclass(frozen=True)
class Streamed(Labelled):
    """Rows known of which most are read in passes; those at hand validate.

    Args:
        passes: the rows that teach.
        frequencies: in how many of them each term is, of the linear model of terms.
    """

    passes: Passes
    frequencies: Mapping[str, int]

    @property
    def counts(self) -> Rows:
        """(classes,) how many rows of each class there are, those that teach and all others."""
        found: Rows = super().counts + np.array(self.passes.counts)
        return found


class _Buffer:
    """Rows to be drawn from.

    Args:
        rng: draws.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng, self.letters = rng, 0
        self.texts: Texts = np.zeros(0, object)
        self.truth: Rows = np.zeros(0, np.int64)

    @property
    def full(self) -> bool:
        """Whether there is enough to draw from."""
        return len(self.texts) >= BUFFER or self.letters >= LETTERS

    def add(self, chunk: Chunk, rows: Rows, numbers: Mapping[str, int]) -> None:
        """Take rows of a chunk."""
        texts = np.array(chunk.texts, object)[rows]
        truth = np.fromiter(map(numbers.__getitem__, chunk.labels), np.int64, len(chunk.labels))
        self.texts = np.concatenate([self.texts, texts])
        self.truth = np.concatenate([self.truth, truth[rows]])
        self.letters += sum(map(len, texts))

    def drawn(self) -> tuple[Texts, Rows]:
        """Draw a block of rows, which are then gone."""
        block = self.rng.permutation(len(self.texts))[:BLOCK]
        drawn, stays = (self.texts[block], self.truth[block]), np.ones(len(self.texts), bool)
        stays[block] = False
        self.texts, self.truth = self.texts[stays], self.truth[stays]
        self.letters -= sum(map(len, drawn[0]))
        return drawn
