"""Cells that come row by row, as columns of strings that fit into memory.

A cell as an object of Python takes some sixty bytes, ten million rows of five columns three
gigabytes. So where there are many, they lie end to end, as Arrow has them: a cell then takes its
letters and eight bytes.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

import pandas as pd

__all__ = ["MANY_CELLS", "ROWS", "frame_of", "frame_of_columns", "give_back", "in_blocks", "joined"]

ROWS = 1 << 16  # of a block
MANY_CELLS = 1 << 20  # of a table; so many and more lie end to end
END_TO_END = pd.StringDtype("pyarrow", na_value=float("nan"))


def give_back() -> None:
    """Give the memory of cells that are no more back to the system.

    Arrow keeps it for cells to come: after ten million rows of six columns a gigabyte.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()


def in_blocks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Give what comes one by one in lists of `ROWS`; the last may be shorter.

    Example:
        >>> [len(block) for block in in_blocks(range(ROWS + 3))] == [ROWS, 3]
        True
    """
    rows = iter(rows)
    while block := list(islice(rows, ROWS)):
        yield block


def frame_of(blocks: Iterable[Sequence[Sequence[str]]]) -> pd.DataFrame:
    """Make a table of blocks of rows of one width.

    Args:
        blocks: each a list of rows of strings.

    Example:
        >>> frame_of([[["a", "b"], ["1", "2"]], [["3", "4"]]]).to_numpy().tolist()
        [['a', 'b'], ['1', '2'], ['3', '4']]
    """
    blocks = iter(blocks)
    first: list[Sequence[Sequence[str]]] = []
    cells = 0
    for block in blocks:
        first.append(block)
        cells += len(block) * len(block[0])
        if cells >= MANY_CELLS:
            return _end_to_end(chain(first, blocks))
    return pd.DataFrame([row for block in first for row in block], dtype=object)


def frame_of_columns(columns: Sequence[Iterable[list[str]]], cells: int) -> pd.DataFrame:
    """Make a table of columns, each in blocks of cells.

    Args:
        columns: of each, its blocks.
        cells: how many there are.
    """
    if cells < MANY_CELLS:
        whole = [list(chain.from_iterable(blocks)) for blocks in columns]
        return pd.DataFrame(dict(enumerate(whole)), dtype=object)
    return _framed([[_laid(block) for block in blocks] for blocks in columns])


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Make one table of several, of strings end to end; where one lacks a column, "" stands.

    Example:
        >>> one, other = pd.DataFrame({"a": ["1"]}), pd.DataFrame({"a": ["2"], "b": ["3"]})
        >>> joined([one, other]).to_numpy().tolist()
        [['1', ''], ['2', '3']]
    """
    laid = [frame.astype(END_TO_END) for frame in frames]
    return pd.concat(laid, ignore_index=True).fillna("").astype(END_TO_END)


def _end_to_end(blocks: Iterable[Sequence[Sequence[str]]]) -> pd.DataFrame:
    parts: list[list[Any]] = []
    for block in blocks:
        columns = list(zip(*block, strict=True))
        parts = parts or [[] for _ in columns]
        for part, cells in zip(parts, columns, strict=True):
            part.append(_laid(cells))
    return _framed(parts)


def _laid(cells: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.array(cells, pa.large_string())


def _framed(parts: Sequence[Sequence[Any]]) -> pd.DataFrame:
    import pyarrow as pa

    chunks = (pa.chunked_array(each, pa.large_string()) for each in parts)
    columns = [pd.Series(chunked, dtype=END_TO_END) for chunked in chunks]
    return pd.DataFrame(dict(enumerate(columns)))
