"""JSON as rows: a line an object, a list of objects, or columns as pandas writes them."""

import json
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.data.frames import ROWS, joined
from recurra.data.lines import Lines
from recurra.data.separators import MOST_COLUMNS
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError

__all__ = [
    "cell_of",
    "frame_of_records",
    "nested_kind",
    "nested_refusal",
    "read_records",
    "whole_json",
]

LINES = ("every line of a JSON lines file", "line")
MOST_CELLS = 200_000_000
BROKEN = (ValueError, RecursionError, MemoryError)  # what json raises of what it cannot read


def read_records(text: str, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read rows from JSON, and say what was done to them.

    Args:
        text: the whole file.
        path: for messages.

    Raises:
        DataError: it is no JSON, no rows, or a cell of it is a list or an object.
    """
    lines = Lines(text, path)
    begins = list(islice(_filled(lines), 2))
    first = _line(begins[0][1]) if begins else None
    if text.lstrip().startswith("[") and not (len(begins) > 1 and isinstance(first, list)):
        return _from_items(whole_json(text, path), path)
    if len(begins) > 1 and isinstance(first, dict | list):
        rows = ((number, _line(line)) for number, line in _filled(lines))
        return frame_of_records(rows, path, *LINES)
    try:
        whole = json.loads(text)
    except BROKEN:
        raise DataError(
            f"every line of a JSON lines file must be one object, but line {begins[0][0]} of "
            f"{path} is not."
        ) from None
    return _from_object(whole, path)


def _filled(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(lines, start=1) if line.strip())


def frame_of_records(
    rows: Iterable[tuple[int, Any]], path: Path, what: str, unit: str
) -> tuple[pd.DataFrame, list[str]]:
    """Make a table of objects, each a row.

    Args:
        rows: the number and the object of each.
        path: for messages.
        what: must be objects, for messages.
        unit: what the number counts.
    """
    parts: list[pd.DataFrame] = []
    cells: list[dict[str, str]] = []
    names: dict[str, str] = {}
    mended = 0
    for count, (number, row) in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DataError(f"{what} must be one object, but {unit} {number} of {path} is not.")
        found = {}
        for key, value in row.items():
            name = names.get(key) or names.setdefault(key, meant(cell_of(key)[0]))
            if isinstance(value, list | dict):
                raise nested_refusal(name, value, f"{unit} {number} of {path}")
            cell, broken = cell_of(value)
            mended += broken
            if name not in found or cell:
                found[name] = cell
        cells.append(found)
        if len(names) > MOST_COLUMNS or len(names) * count > MOST_CELLS:
            raise DataError(
                f"objects must have the same few names, but those up to {unit} {number} of {path} "
                f"have {len(names):,}. Give every row the same names."
            )
        if len(cells) == ROWS:
            parts.append(joined([pd.DataFrame(cells, dtype=object)]))
            cells = []
    last = pd.DataFrame(cells, dtype=object).fillna("").astype(str)
    frame = joined([*parts, last]) if parts else last
    return frame, [_said_of_halves(mended)] if mended else []


def cell_of(value: Any) -> tuple[str, bool]:
    """Give a value as the text of a cell, and whether half an emoji in it was mended.

    What is true or false is written as JSON writes it, whatever it was read from.

    Examples:
        >>> cell_of(None), cell_of(float("nan")), cell_of(3), cell_of(True)
        (('', False), ('', False), ('3', False), ('true', False))
        >>> cell_of("cut \\ud83d")
        ('cut \ufffd', True)
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "", False
    text = str(value)
    if isinstance(value, bool | np.bool_):
        return text.lower(), False
    if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text, False
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), True


def nested_kind(value: Any) -> str:
    """Say what of several parts a value is; nothing of a text or a number.

    Examples:
        >>> nested_kind({"a": 1}), nested_kind([1, 2]), nested_kind("a")
        ('an object', 'a list', '')
    """
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else ""


def nested_refusal(name: str, value: Any, where: str) -> DataError:
    """Say that a cell holds a list or an object."""
    kind = nested_kind(value) or "a list"
    parts = list(value.values() if isinstance(value, dict) else value)
    if any(map(nested_kind, parts)):
        return DataError(
            f"a cell must be one text, number or label, but {quoted(name)} in {where} is {kind} of "
            "lists or objects. Write spans as a tag for each word (lists of tokens and of tags are "
            "read by recurra train tagging), or leave that column out."
        )
    return DataError(
        f"a cell must be one text, number or label, but {quoted(name)} in {where} is {kind}. "
        "Join its parts into one text, several labels with ; between them, or leave that column "
        "out."
    )


def _said_of_halves(count: int) -> str:
    return f"{count:,} cells held half of a sign (a cut emoji): \ufffd stands there"


def whole_json(text: str, path: Path) -> Any:
    """Give what a JSON file holds.

    Raises:
        DataError: it is broken.
    """
    try:
        return json.loads(text)
    except BROKEN as error:
        reason = f"{type(error).__name__}" if isinstance(error, RecursionError) else str(error)
        raise DataError(f"a JSON file must be whole, but {path} is not ({reason}).") from None


def _line(text: str) -> Any:
    try:
        return json.loads(text)
    except BROKEN:
        return None


def _from_items(items: Any, path: Path) -> tuple[pd.DataFrame, list[str]]:
    rows = enumerate(items, start=1)
    return frame_of_records(rows, path, "every item of a JSON list", "item")


def _from_object(whole: Any, path: Path) -> tuple[pd.DataFrame, list[str]]:
    """Read one object: rows under "data", columns by name, or one row."""
    if not isinstance(whole, dict):
        raise DataError(f"every line of a JSON lines file must be one object, but {path} is not.")
    if {".jsonl", ".ndjson"} & set(path.suffixes):  # it is a row, whatever it holds
        return frame_of_records([(1, whole)], path, *LINES)
    data = whole.get("data")
    if isinstance(data, list) and data:
        if all(isinstance(row, list) for row in data) and isinstance(whole.get("columns"), list):
            names = list(map(str, whole["columns"]))
            return _from_items([dict(zip(names, row, strict=False)) for row in data], path)
        return _from_items(data, path)
    columns = list(whole.values())
    if columns and all(isinstance(column, dict) for column in columns):
        keys = list(dict.fromkeys(key for column in columns for key in column))
        return _by_columns(whole, keys, path)
    if columns and all(isinstance(column, list) for column in columns):
        lists = {name: dict(enumerate(column)) for name, column in whole.items()}
        return _by_columns(lists, list(range(max(map(len, columns)))), path)
    return frame_of_records([(1, whole)], path, *LINES)


def _by_columns(
    columns: dict[str, dict[Any, Any]], keys: list[Any], path: Path
) -> tuple[pd.DataFrame, list[str]]:
    rows: Iterator[dict[str, Any]] = (
        {name: column.get(key) for name, column in columns.items()} for key in keys
    )
    return _from_items(rows, path)
