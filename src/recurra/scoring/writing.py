"""How rows are written: as text with separators, as JSON lines, as Parquet."""

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recurra.scoring.said import PREDICTED, Said

__all__ = ["ENDINGS"]


class Separated:
    """Rows as text with separators."""

    takes_bytes = False

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def write(self, said: Sequence[Said], to: IO[bytes], header: bool = False) -> None:
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


class Lines(Separated):
    """Rows as JSON lines."""

    def write(self, said: Sequence[Said], to: IO[bytes], header: bool = False) -> None:
        """Write an object a line; what were JSON lines keep their values as they were."""
        for each in said:
            nothing: Sequence[dict[str, Any] | None] = [None] * len(each.rows)
            objects = each.objects or nothing
            for row, found in zip(each.rows.to_pylist(), objects, strict=True):
                whole = row if found is None else found | _added(row, each)
                to.write(_json(whole).encode("utf-8", "replace") + b"\n")


def _added(row: dict[str, Any], said: Said) -> dict[str, Any]:
    """Give what is said of a row, without what it held."""
    names = said.rows.column_names
    first = names.index(PREDICTED)
    return {name: row[name] for name in names[first:]}


class Parquet:
    """Rows as Parquet."""

    takes_bytes = True

    def write(self, said: Sequence[Said], to: IO[bytes], header: bool = False) -> None:
        """Write one row group."""
        pyarrow.parquet.write_table(pa.concat_tables([each.rows for each in said]), to)

    def join(self, parts: Sequence[Path], to: IO[bytes]) -> None:
        """Write the row groups of parts one after the other."""
        schema = pyarrow.parquet.read_schema(parts[0])
        with pyarrow.parquet.ParquetWriter(to, schema) as file:
            for part in parts:
                file.write_table(pyarrow.parquet.read_table(part, memory_map=True))


ENDINGS: dict[str, Any] = {
    ".csv": Separated(","),
    ".tsv": Separated("\t"),
    ".jsonl": Lines(""),
    ".parquet": Parquet(),
}
