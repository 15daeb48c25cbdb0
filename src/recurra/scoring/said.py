"""A table of texts, and what models say of its rows, piece by piece."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from recurra.data.labelled import read_columns_of
from recurra.data.pieces import Pieces
from recurra.data.readers import Table
from recurra.data.records import nested_kind
from recurra.errors import DataError, RunError
from recurra.names import listed
from recurra.problems.saved.multi_labels import AskedLabels
from recurra.problems.saved.texts import TextsModel
from recurra.text.joining import blank, join, read_columns

__all__ = ["PREDICTED", "RIVAL", "Asked", "Said", "Scorer"]

UNNAMED = re.compile(r"column \d+")  # of a table without a header
PROBLEM, PREDICTED, PROBABILITY, RIVAL = "problem", "predicted", "probability", "rival"
Scorer = TextsModel | AskedLabels


class Asked:
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
            raise DataError(f"a data file must hold rows, but {pieces.source} holds none.")
        taught = read_columns(models[""].columns)
        named = [name for name in taught if not UNNAMED.fullmatch(name)]  # others are guessed
        absent = [name for name in named if name not in pieces.names]
        if not text and absent:
            raise DataError(
                f"the column {absent[0]!r}, of the texts that the model was taught, is not in "
                f"{pieces.source}: it has {listed(map(repr, pieces.names))}. Name the column with "
                "--text; where the first line is a row, and not names, say --no-header."
            )
        cells = [
            pd.Series([_text_of(cell) for cell in column.to_pylist()], dtype=object)
            for column in first[0].rows.columns
        ]
        frame = pd.concat(cells, axis=1).set_axis(pd.Index(pieces.names), axis=1)
        said = Table(frame, pieces.source, "", list(pieces.notes))
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

    def said(self) -> Iterator["Said"]:
        """Give the pieces with what is said beside them."""
        for piece in self._rest:
            cells = [map(_text_of, piece.rows.column(name).to_pylist()) for name in self.read]
            texts = [join(row) for row in zip(*cells, strict=True)]
            empty = f"{' and '.join(self.read)} is empty"
            nested = _nested(piece.objects, self.read) or [""] * len(texts)
            why = [
                wrong or parts or (empty if blank(text) else "")
                for text, wrong, parts in zip(texts, piece.wrong, nested, strict=True)
            ]
            usable = np.flatnonzero([not each for each in why])
            rows = piece.rows
            for prefix, model in self.models.items():
                for name, column in _columns(prefix, model, texts, usable):
                    rows = rows.append_column(name, column)
            problems = [each or more or None for each, more in zip(why, piece.beside, strict=True)]
            rows = rows.append_column(PROBLEM, pa.array(problems, pa.string()))
            yield Said(rows, piece.objects, len(why) - len(usable))


class Said(NamedTuple):
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


def _nested(objects: list[dict[str, Any]] | None, columns: Sequence[str]) -> list[str]:
    """Say of each JSON line which of its texts is no text, but has parts; of most nothing."""
    return [
        next(filter(None, (_nested_in(line, name) for name in columns)), "")
        for line in objects or []
    ]


def _nested_in(line: dict[str, Any], name: str) -> str:
    kind = nested_kind(line.get(name))
    return f"{name} is {kind}, and not one text" if kind else ""


def _check_types(rows: pa.Table, texts: Sequence[str], way: Any) -> None:
    """Refuse columns that hold no texts, or cannot be written that way."""
    for text in texts:
        if pa.types.is_nested(rows.schema.field(text).type):
            raise DataError(
                f"a cell must be one text, but {text!r} holds {rows.schema.field(text).type}. Join "
                "its parts into one text."
            )
    bytes_in = [field.name for field in rows.schema if _are_bytes(field.type)]
    if bytes_in and not way.takes_bytes:
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
