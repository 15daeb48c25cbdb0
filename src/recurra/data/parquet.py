"""Parquet and Feather (Arrow) as rows of strings."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.data.contents import Contents, check_growth
from recurra.data.frames import ROWS, frame_of_columns
from recurra.data.records import cell_of, nested_refusal
from recurra.data.separators import MOST_COLUMNS
from recurra.data.spelling import meant
from recurra.errors import DataError

__all__ = ["MARKS", "frame_of_parquet", "read_parquet"]

MARKS = (b"PAR1", b"ARROW1")  # with which such files begin


def frame_of_parquet(contents: Contents) -> pd.DataFrame:
    """Give a Parquet or Feather file with its own types, as far as memory is lent for it.

    Raises:
        DataError: it is broken, or unpacks to far more than it was.
    """
    import pyarrow as pa

    path = contents.path
    try:
        schema, parts = _batches(contents.data)
        if len(schema) > MOST_COLUMNS:
            raise DataError(
                f"a table may have {MOST_COLUMNS:,} columns, but {path} has "
                f"{len(schema):,}. Leave some out."
            )
        held, batches = 0, []
        for batch in parts:
            held += batch.nbytes
            check_growth(held, len(contents.data), path)
            batches.append(batch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what foreign metadata say
            table = pa.Table.from_batches(batches, schema)
            return pd.DataFrame(table.to_pandas())
    except DataError:
        raise
    except Exception as error:  # broken bytes raise whatever the step that meets them raises
        reason = str(error).partition("\n")[0][:200] or type(error).__name__
        kind = "Parquet" if contents.data.startswith(MARKS[0]) else "Feather"
        raise DataError(f"a {kind} file must be whole, but {path} is not ({reason}).") from None


def _batches(data: bytes) -> tuple[Any, Iterator[Any]]:
    """Give the schema of the columns, and the rows some at a time."""
    import pyarrow as pa
    import pyarrow.parquet

    if data.startswith(MARKS[1]):
        file = pa.ipc.open_file(pa.BufferReader(data))
        return file.schema, map(file.get_batch, range(file.num_record_batches))
    packed = pyarrow.parquet.ParquetFile(pa.BufferReader(data))
    return packed.schema_arrow, packed.iter_batches(batch_size=1 << 14)


def read_parquet(contents: Contents) -> pd.DataFrame:
    """Give a Parquet file as strings; what is missing is an empty one.

    Raises:
        DataError: as `frame_of_parquet` does, or a cell is a list or an object.
    """
    frame = frame_of_parquet(contents)
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index(allow_duplicates=True)
    names = list(map(meant, frame.columns))
    columns = [
        _strings(frame.iloc[:, place], name, contents.path) for place, name in enumerate(names)
    ]
    return frame_of_columns(columns, frame.size).set_axis(pd.Index(names), axis=1)


def _strings(column: pd.Series, name: str, path: Path) -> Iterator[list[str]]:
    for start in range(0, len(column), ROWS):
        some = column.iloc[start : start + ROWS]
        cells, missing = [], some.isna().to_numpy()
        for row, value in enumerate(some.astype(object)):
            if isinstance(value, list | dict | tuple | set | np.ndarray):
                raise nested_refusal(name, value, f"row {start + row + 1} of {path}")
            cells.append("" if missing[row] else _text(value))
        yield cells


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return cell_of(value)[0]
