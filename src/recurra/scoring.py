"""A whole file scored by a saved model: every row and column kept, what is said beside them.

::

    for a piece of the table:                        some thousand rows, in constant memory
        said = model.say(texts)
        piece + [predicted, probability of each class or label, problem] → a part, on the disk
    parts → the file, at once, under its name

A part that is on the disk is not scored again: after a kill the same command goes on, and the file
has the same bytes as if nothing had been.
"""

import hashlib
import io
import json
import math
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recurra.bundle import is_bundle
from recurra.data.labelled import read_columns_of
from recurra.data.pieces import Pieces, read_pieces
from recurra.data.readers import Table
from recurra.errors import DataError, RunError, SettingsError
from recurra.files import bring_to_disk, hold, write_atomically
from recurra.names import listed, one_of
from recurra.problems.kept import Kept, kept_model
from recurra.problems.saved import multi_labels
from recurra.problems.saved.multi_labels import AskedLabels
from recurra.problems.saved.texts import TextsModel
from recurra.text.joining import blank, join, read_columns

__all__ = ["ENDINGS", "Scored", "score"]

FACTS = "started.json"
PIECES = 4  # of a part
PROBLEM, PREDICTED, PROBABILITY, RIVAL = "problem", "predicted", "probability", "rival"
Scorer = TextsModel | AskedLabels
Watch = Callable[[float | None, int], None]  # how much of the file was read, and how many rows


@dataclass(frozen=True)
class Scored:
    """What was done.

    Args:
        rows: of the file.
        refused: of how many rows nothing is said; their column "problem" says why. Of those that
            an earlier, killed command had scored it is not counted.
        kept: rows that an earlier command had scored.
        notes: what was guessed.
    """

    rows: int
    refused: int
    kept: int
    notes: list[str]


def score(
    run: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    text: str | Sequence[str] | None = None,
    encoding: str | None = None,
    header: bool | None = None,
    with_: str | None = None,
    rival: bool = False,
    overwrite: bool = False,
    watch: Watch = lambda share, rows: None,
) -> Scored:
    """Score every row of a table of texts, and write the table with what is said beside it.

    Args:
        run: a run folder, or the model folder in it.
        source: CSV, TSV, JSON lines (each also .gz) or Parquet; "-" for standard input.
        out: .csv, .tsv, .jsonl or .parquet; "-" for CSV on standard output.
        text: the text column, or as many as in training; None: of the names they had there, else
            it is guessed.
        encoding: of the source, None to recognise it.
        header: whether the first row of a text table names its columns, None to tell it.
        with_: the name of the baseline, to score with it; None: the network.
        rival: whether the baseline beside the network says something of each row, too.
        overwrite: whether a file, or the parts of other work, may be replaced.
        watch: told after each piece what share of the file was read, and how many rows.

    Raises:
        BundleError: no model of texts is saved there, or it is damaged.
        DataError: the table cannot be read, or has a column of a name that is to be added.
        RunError: there is such a file, or work on it is under way.
        SettingsError: the ending is none of `ENDINGS`, or no such model is saved there.
    """
    source, out = Path(source), Path(out)
    way = ENDINGS[one_of(_ending(out), ENDINGS, "the ending of --out")]
    models = {"": _model_of(kept_model(run, with_))}
    if rival:
        models[f"{RIVAL} "] = _rival_of(run)
    to_standard_output = str(out) == "-"
    if not to_standard_output:
        _check_place(source, out, overwrite)
    with read_pieces(source, encoding=encoding, header=header) as pieces:
        table = _Asked(models, pieces, text, way)
        if to_standard_output:
            refused, rows = _to_standard_output(table, way, watch)
            return Scored(rows, refused, 0, table.notes)
        with _working(out, _facts(source, table, encoding, header), overwrite) as folder:
            parts = _Parts(folder, way)
            kept = parts.rows
            table.skip(kept)
            refused = parts.write(table, watch)
            parts.join(out)
    return Scored(parts.rows, refused, kept, table.notes)


def _ending(out: Path) -> str:
    return ".csv" if str(out) == "-" else out.suffix.lower()


def _check_place(source: Path, out: Path, overwrite: bool) -> None:
    """Refuse a place that cannot be written, before anything is read."""
    if out.is_dir():
        raise RunError(f"--out must be a file, but {out} is a folder.")
    if not out.exists():
        return
    if source.exists() and out.samefile(source):
        raise RunError(f"--out must be another file than the one that is read: {source}.")
    if not overwrite:
        raise RunError(f"{out} is there already. Give --overwrite, or another --out.")


def _model_of(kept: Kept) -> Scorer:
    return AskedLabels(kept) if kept.kind in multi_labels.KINDS else TextsModel(kept)


def _rival_of(run: str | Path) -> Scorer:
    beside = kept_model(run).folder / "baseline"
    if not is_bundle(beside):
        raise SettingsError(f"--rival needs a baseline beside the network, but {run} has none.")
    return _model_of(kept_model(beside))


class _Asked:
    """A table, and what models say of its rows.

    Args:
        models: by what the names of their columns begin with.
        pieces: of the table.
        text: the columns that are read; None: of the names that the models were taught.
        way: of writing rows.

    Raises:
        DataError: the column is not there, or holds no texts; a column cannot be written that way,
            or has a name that is to be added.
    """

    def __init__(
        self,
        models: dict[str, Scorer],
        pieces: Pieces,
        text: str | Sequence[str] | None,
        way: Any,
    ) -> None:
        self.models, self.pieces = models, pieces
        first = list(islice(pieces, 1))
        if not first:
            raise DataError("a data file must hold rows, but it holds none.")
        taught = read_columns(models[""].columns)
        absent = [name for name in taught if name not in pieces.names]
        if not text and absent:
            raise DataError(
                f"the column {absent[0]!r}, of the texts that the model was taught, is not in the "
                f"table: it has {listed(map(repr, pieces.names))}. Name the column with --text; "
                "where the first line is a row, and not names, say --no-header."
            )
        cells = [
            pd.Series([_text_of(cell) for cell in column.to_pylist()], dtype=object)
            for column in first[0].rows.columns
        ]
        frame = pd.concat(cells, axis=1).set_axis(pd.Index(pieces.names), axis=1)
        said = Table(frame, "the table", "", list(pieces.notes))
        self.read, self.notes = read_columns_of(said, text, models[""].columns)
        self._rest = chain(first, pieces)
        _check_types(first[0].rows, self.read, way)
        added = [name for prefix, model in models.items() for name in _names(prefix, model)]
        self.columns = [*pieces.names, *added, PROBLEM]
        twice = sorted({*added, PROBLEM} & set(pieces.names))
        if twice:
            raise DataError(
                f"the columns {', '.join([*added, PROBLEM])} are added, but the table has "
                f"{twice[0]!r} already. Rename it."
            )

    @property
    def share(self) -> float | None:
        """What share of the file was read; None where its size is not known."""
        return self.pieces.read / self.pieces.size if self.pieces.size else None

    def skip(self, rows: int) -> None:
        """Leave out rows that have been scored.

        Raises:
            RunError: the table ends before, or has other pieces.
        """
        while rows > 0:
            piece = next(self._rest, None)
            rows -= rows + 1 if piece is None else len(piece.wrong)
        if rows < 0:
            raise RunError("the table has changed since the work began: give --overwrite.")

    def said(self) -> Iterator["_Said"]:
        """Give the pieces with what is said beside them."""
        for piece in self._rest:
            cells = [map(_text_of, piece.rows.column(name).to_pylist()) for name in self.read]
            texts = [join(row) for row in zip(*cells, strict=True)]
            empty = f"{' and '.join(self.read)} is empty"
            why = [
                wrong or (empty if blank(text) else "")
                for text, wrong in zip(texts, piece.wrong, strict=True)
            ]
            usable = np.flatnonzero([not each for each in why])
            rows = piece.rows
            for prefix, model in self.models.items():
                for name, column in _columns(prefix, model, texts, usable):
                    rows = rows.append_column(name, column)
            problems = [each or more or None for each, more in zip(why, piece.beside, strict=True)]
            rows = rows.append_column(PROBLEM, pa.array(problems, pa.string()))
            yield _Said(rows, piece.objects, len(why) - len(usable))


class _Said(NamedTuple):
    """A piece with what is said beside it.

    Args:
        rows: the columns of the table, and those that are added.
        objects: of JSON lines, the objects as they were; None of other tables.
        unsaid: of how many rows nothing is said.
    """

    rows: pa.Table
    objects: list[dict[str, Any]] | None
    unsaid: int


def _text_of(cell: Any) -> str:
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return cell if isinstance(cell, str) else "" if cell is None else str(cell)


def _check_types(rows: pa.Table, texts: Sequence[str], way: Any) -> None:
    """Refuse columns that hold no texts, or cannot be written that way."""
    for text in texts:
        if pa.types.is_nested(rows.schema.field(text).type):
            raise DataError(
                f"a cell must be one text, but {text!r} holds {rows.schema.field(text).type}. Join "
                "its parts into one text."
            )
    bytes_in = [field.name for field in rows.schema if _are_bytes(field.type)]
    if bytes_in and not isinstance(way, _Parquet):
        raise DataError(
            f"bytes cannot be written as text, but {bytes_in[0]!r} holds them. Write .parquet, or "
            "leave that column out."
        )


def _are_bytes(kind: Any) -> bool:
    return any(
        check(kind)
        for check in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    )


def _names(prefix: str, model: Scorer) -> list[str]:
    return [f"{prefix}{PREDICTED}", *(f"{prefix}{PROBABILITY} {name}" for name in model.names)]


def _columns(
    prefix: str, model: Scorer, texts: Sequence[str], usable: Any
) -> Iterator[tuple[str, pa.Array]]:
    """Give what a model says of texts, column by column; nothing of those that are not usable."""
    said: Any = model.say([texts[row] for row in usable])
    called = np.full(len(texts), None, object)
    called[usable] = model.called(said)
    shares = np.full((len(texts), len(model.names)), np.nan)
    shares[usable] = said.probabilities
    of_each = [pa.array(column, pa.float64(), from_pandas=True) for column in shares.T]
    yield from zip(_names(prefix, model), [pa.array(called, pa.string()), *of_each], strict=True)


# ---- how rows are written


class _Separated:
    """Rows as text with separators."""

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def write(self, said: Sequence[_Said], to: IO[bytes], header: bool = False) -> None:
        """Write rows; dates and numbers as Arrow writes them, lists and objects as JSON."""
        rows = pa.concat_tables([each.rows for each in said])
        plain = [_plain(column) for column in rows.columns]
        options = pyarrow.csv.WriteOptions(include_header=header, delimiter=self.separator)
        pyarrow.csv.write_csv(pa.table(plain, names=rows.column_names), to, options)

    def join(self, parts: Sequence[Path], to: IO[bytes]) -> None:
        """Write parts one after the other, under one header."""
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, to)


def _plain(column: Any) -> Any:
    """Give a column that Arrow can write as text."""
    if pa.types.is_nested(column.type):
        return pa.array([_json(cell) for cell in column.to_pylist()], pa.string())
    if pa.types.is_dictionary(column.type) or "view" in str(column.type):
        return column.cast(pa.string())
    return column


def _json(value: Any) -> str:
    """Write a value as JSON, which has no NaN: that is null."""
    return json.dumps(_known(value), ensure_ascii=False, default=str, allow_nan=False)


def _known(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_known(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Lines(_Separated):
    """Rows as JSON lines."""

    def write(self, said: Sequence[_Said], to: IO[bytes], header: bool = False) -> None:
        """Write an object a line; what were JSON lines keep their values as they were."""
        for each in said:
            nothing: Sequence[dict[str, Any] | None] = [None] * len(each.rows)
            objects = each.objects or nothing
            for row, found in zip(each.rows.to_pylist(), objects, strict=True):
                whole = row if found is None else found | _added(row, each)
                to.write(_json(whole).encode("utf-8", "replace") + b"\n")


def _added(row: dict[str, Any], said: _Said) -> dict[str, Any]:
    """Give what is said of a row, without what it held."""
    names = said.rows.column_names
    first = names.index(PREDICTED)
    return {name: row[name] for name in names[first:]}


class _Parquet:
    """Rows as Parquet."""

    def write(self, said: Sequence[_Said], to: IO[bytes], header: bool = False) -> None:
        """Write one row group."""
        pyarrow.parquet.write_table(pa.concat_tables([each.rows for each in said]), to)

    def join(self, parts: Sequence[Path], to: IO[bytes]) -> None:
        """Write the row groups of parts one after the other."""
        schema = pyarrow.parquet.read_schema(parts[0])
        with pyarrow.parquet.ParquetWriter(to, schema) as file:
            for part in parts:
                file.write_table(pyarrow.parquet.read_table(part, memory_map=True))


ENDINGS: dict[str, Any] = {
    ".csv": _Separated(","),
    ".tsv": _Separated("\t"),
    ".jsonl": _Lines(""),
    ".parquet": _Parquet(),
}


def _to_standard_output(table: _Asked, way: Any, watch: Watch) -> tuple[int, int]:
    refused = done = 0
    for said in table.said():
        way.write([said], sys.stdout.buffer, header=not done)
        refused, done = refused + said.unsaid, done + len(said.rows)
        watch(table.share, done)
    sys.stdout.buffer.flush()
    return refused, done


# ---- parts, which outlive a kill


class _Parts:
    """What has been scored, in files that are each on the disk as a whole or not at all.

    Args:
        folder: of the parts.
        way: of writing rows.
    """

    def __init__(self, folder: Path, way: Any) -> None:
        self.folder, self.way = folder, way
        there = sorted(folder.glob("*.part"))
        self.parts = list(takewhile(_is_whole, there))
        for part in there[len(self.parts) :]:  # one was changed: what comes after it is anew, too
            part.unlink()
        self.rows = sum(_numbers(part)[1] for part in self.parts)

    def write(self, table: _Asked, watch: Watch) -> int:
        """Score what is left of a table; give of how many rows nothing is said."""
        refused, said = 0, table.said()
        while some := list(islice(said, PIECES)):
            content, rows = io.BytesIO(), sum(len(piece.rows) for piece in some)
            self.way.write(some, content, header=not self.parts)
            name = f"{len(self.parts):06d}-{rows}-{len(content.getbuffer())}.part"
            write_atomically(self.folder / name, content.getvalue())
            self.parts.append(self.folder / name)
            self.rows += rows
            refused += sum(piece.unsaid for piece in some)
            watch(table.share, self.rows)
        return refused

    def join(self, out: Path) -> None:
        """Make the file of all parts, at once."""
        whole = self.folder / "whole"
        with whole.open("wb") as file:
            self.way.join(self.parts, file)
        bring_to_disk(whole)
        whole.replace(out)
        bring_to_disk(out.parent)


def _numbers(part: Path) -> tuple[int, int, int]:
    """Read off the name of a part its number, its rows and its bytes."""
    number, rows, size = map(int, part.stem.split("-"))
    return number, rows, size


def _is_whole(part: Path) -> bool:
    return part.stat().st_size == _numbers(part)[2]


@contextmanager
def _working(out: Path, facts: dict[str, Any], overwrite: bool) -> Iterator[Path]:
    """Give a folder for parts beside the file, which goes when the file is there.

    Raises:
        RunError: another process is at it, or the parts there are of other work.
    """
    folder = out.with_name(f".{out.name}.parts")
    try:
        with hold(out.with_name(f".{out.name}.lock")):
            _begin(folder, facts, overwrite)
            yield folder
            shutil.rmtree(folder)
    except BlockingIOError:
        raise RunError(f"another process is writing {out}. Wait for it, or name another.") from None


def _begin(folder: Path, facts: dict[str, Any], overwrite: bool) -> None:
    """Go on with the parts of the same work, or begin anew."""
    written = json.dumps(facts, indent=1).encode()
    place = folder / FACTS
    same = place.exists() and place.read_bytes() == written and facts["size"] is not None
    if folder.exists() and not same:
        if not overwrite:
            raise RunError(
                f"{folder} holds what was scored of another file, or by another model or version. "
                "Give --overwrite to begin anew, or another --out."
            )
        shutil.rmtree(folder)
    write_atomically(place, written)


def _facts(
    source: Path, table: _Asked, encoding: str | None, header: bool | None
) -> dict[str, Any]:
    """Give what must be the same for parts to be gone on with."""
    about = None if str(source) == "-" else source.stat()
    manifests = [(m.kept.folder / "manifest.json").read_bytes() for m in table.models.values()]
    return {
        "source": str(source.absolute()),
        "size": about and about.st_size,
        "changed": about and about.st_mtime_ns,
        "encoding": encoding,
        "header": header,
        "text": table.read,
        "models": [hashlib.sha256(manifest).hexdigest() for manifest in manifests],
        "columns": table.columns,
        "version": version("recurra"),
    }
