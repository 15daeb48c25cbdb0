"""ARFF, the files of Weka and of archives of time series, as rows of strings."""

import io
from collections.abc import Iterator

import numpy as np
import pandas as pd

from recurra.data.contents import Contents
from recurra.errors import DataError

__all__ = ["frame_of_arff"]


def frame_of_arff(text: str, contents: Contents) -> pd.DataFrame:
    """Read attributes that are numbers or names, as SciPy does; a cell that is missing is empty.

    Args:
        text: of the file.
        contents: for messages.

    Raises:
        DataError: it is no whole ARFF file, or one of texts, of dates or of tables in cells.
    """
    from scipy.io.arff import ArffError, loadarff

    try:
        rows, _ = loadarff(io.StringIO(text))
    except (ArffError, NotImplementedError, ValueError, StopIteration, IndexError) as error:
        raise DataError(
            f"an ARFF file must hold numbers and names alone, but {contents.path} does not "
            f"({str(error)[:200]}). Save it as CSV."
        ) from None
    return pd.DataFrame({name: list(_cells(rows[name])) for name in rows.dtype.names}, dtype=object)


def _cells(column: "np.ndarray") -> Iterator[str]:
    for cell in column.tolist():
        if isinstance(cell, bytes):
            named = cell.decode()
            yield "" if named == "?" else named
        else:
            yield "" if np.isnan(cell) else repr(cell).removesuffix(".0")
