"""Numbers and categories beside a text, as the linear models of its terms read them.

::

    a row          cell ␞ cell ␞ text              as many cells as there are columns, then the text
    a number x     (x - mean) / deviation, within ±5;  1 for the part of the range that x is in;
                   1 where it is missing
    a category c   1 for c, for any other, or where it is missing

Means, deviations, parts of the range and categories are those of the rows that are fitted.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from recurra.arrays import Array, Floats, Rows, Texts
from recurra.errors import DataError
from recurra.stored import Distinct, Number, Positive, Stored, Text
from recurra.text.joining import JOINT

__all__ = ["Beside", "Cells", "after_cells", "cells_of", "number_in"]

PARTS = (
    10  # of the range of a number: a tenth of the rows each, or a value each where there are few
)
FARTHEST = 5.0  # deviations from the mean
MOST_CATEGORIES, ROWS_A_CATEGORY = 200, 2
SEEN = 1e-12  # a deviation that is told from 0, as a share of the largest number
MISSING = {"", "-", "--", "?", "n/a", "na", "nan", "null", "none", "<na>", "#n/a", "nat", "없음"}
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")


def number_in(cell: str) -> float | None:
    """Read a number; NaN where none is there, None where it is something else.

    Example:
        >>> number_in("1,234.5"), number_in("-2e3"), number_in("N/A"), number_in("blue")
        (1234.5, -2000.0, nan, None)
    """
    plain = unicodedata.normalize("NFKC", cell).strip().replace("−", "-")
    if plain.casefold() in MISSING:
        return float("nan")
    try:
        found = float(plain.replace(",", "") if GROUPED.fullmatch(plain) else plain)
    except ValueError:
        return None
    return found if np.isfinite(found) and "_" not in plain else None


def cells_of(row: str, count: int) -> list[str]:
    """Give the cells that stand before a text.

    Example:
        >>> cells_of("12.5 ␞ KR ␞ win a prize", 2)
        ['12.5', 'KR']
    """
    return [cell.strip() for cell in row.split(JOINT, count)[:count]]


def after_cells(row: str, count: int) -> str:
    """Give the text behind as many cells.

    Example:
        >>> after_cells("12.5 ␞ KR ␞ a title ␞ a body", 2), after_cells("a text", 0)
        ('a title ␞ a body', 'a text')
    """
    if not count:
        return row
    return row.split(JOINT, count)[-1].removeprefix(" ") if row.count(JOINT) >= count else ""


class _Number(Stored):
    kind: Literal["number"] = "number"
    name: Text
    mean: Number
    scale: Positive
    edges: list[Number]

    @model_validator(mode="after")
    def _the_edges_rise(self) -> Self:
        if (np.diff(self.edges) <= 0).any():
            raise ValueError("edges must rise")
        return self


class _Category(Stored):
    kind: Literal["category"] = "category"
    name: Text
    values: Distinct


class _Stored(Stored):
    columns: list[Annotated[_Number | _Category, Field(discriminator="kind")]]


class Cells:
    """The cells of some rows, each column as numbers or as categories.

    A column is of numbers if all cells are that are not empty.

    Args:
        names: of the columns.
        rows: as `recurra.text.joining` joined them.
    """

    def __init__(self, names: Sequence[str], rows: Iterable[str]) -> None:
        self.names = list(names)
        table = [cells_of(row, len(self.names)) for row in rows]
        self.columns: list[Array] = []
        for place in range(len(self.names)):
            cells = [row[place] if place < len(row) else "" for row in table]
            numbers = [number_in(cell) for cell in cells]
            if None in numbers or all(number != number for number in numbers):
                self.columns.append(np.array([_category(cell) for cell in cells], object))
            else:
                self.columns.append(np.array(numbers, float))


def _category(cell: str) -> str:
    return "" if cell.casefold() in MISSING else unicodedata.normalize("NFC", cell)


class Beside:
    """What cells beside texts tell, as numbers.

    Args:
        columns: what was learned of each.

    Example:
        >>> rows = ["1 ␞ KR ␞ a", "3 ␞ US ␞ b", " ␞ KR ␞ c"] * 2
        >>> beside = Beside.fit(Cells(["amount", "country"], rows), np.arange(6))
        >>> beside.width, beside.of(rows[:1]).tolist()
        (8, [[-1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]])
    """

    def __init__(self, columns: Sequence[_Number | _Category]) -> None:
        self.columns = list(columns)

    @classmethod
    def fit(cls, cells: Cells, rows: Rows) -> "Beside":
        """Learn of some of the rows."""
        named = zip(cells.names, cells.columns, strict=True)
        return cls(
            [
                _number(name, column[rows])
                if column.dtype != object
                else _values(name, column[rows])
                for name, column in named
            ]
        )

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        return [column.name for column in self.columns]

    @property
    def width(self) -> int:
        """How many numbers stand for a row."""
        return sum(map(_width, self.columns))

    def numbers(self, cells: Cells, rows: Rows) -> Floats:
        """Give (rows, width) numbers for some rows whose cells were read."""
        made = [
            _of_number(column, given[rows])
            if column.kind == "number"
            else _of_values(column, given[rows])
            for column, given in zip(self.columns, cells.columns, strict=True)
        ]
        return np.concatenate(made, axis=1) if made else np.zeros((len(rows), 0))

    def of(self, rows: Sequence[str]) -> Floats:
        """Give (rows, width) numbers for new rows.

        Raises:
            DataError: a cell is no number where numbers were learned from.
        """
        table = [cells_of(row, len(self.columns)) for row in rows]
        made = []
        for place, column in enumerate(self.columns):
            cells = [row[place] if place < len(row) else "" for row in table]
            if column.kind == "number":
                made.append(
                    _of_number(column, np.array([_must_be_number(column, c) for c in cells]))
                )
            else:
                made.append(_of_values(column, np.array([_category(c) for c in cells], object)))
        return np.concatenate(made, axis=1) if made else np.zeros((len(rows), 0))

    def to_json(self) -> dict[str, object]:
        """Give what `from_json` takes back."""
        return {"columns": [column.model_dump() for column in self.columns]}

    @classmethod
    def from_json(cls, stored: object) -> "Beside":
        """Rebuild what `to_json` gave.

        Raises:
            ValueError: it is not what `to_json` gives.
        """
        return cls(_Stored.model_validate(stored).columns)


def _must_be_number(column: _Number, cell: str) -> float:
    number = number_in(cell)
    if number is None:
        raise DataError(
            f"{column.name!r} held numbers in training, but {cell[:60]!r} came. Write it as "
            "1234.5, or leave the cell empty."
        )
    return number


def _number(name: str, column: Floats) -> _Number:
    known = column[~np.isnan(column)]
    if not len(known):
        return _Number(name=name, mean=0.0, scale=1.0, edges=[])
    distinct = np.unique(known)
    if len(distinct) <= PARTS:
        edges = (distinct[:-1] + distinct[1:]) / 2
    else:
        edges = np.unique(np.quantile(known, np.arange(1, PARTS) / PARTS))
    largest = float(np.abs(known).max()) or 1.0
    deviation = float(np.std(known / largest))
    scale = deviation * largest if deviation > SEEN else largest
    return _Number(name=name, mean=float(known.mean()), scale=scale, edges=edges.tolist())


def _values(name: str, column: Texts) -> _Category:
    counts = Counter(column.tolist())
    often = [(-n, value) for value, n in counts.items() if value and n >= ROWS_A_CATEGORY]
    return _Category(
        name=name, values=sorted(value for _, value in sorted(often)[:MOST_CATEGORIES])
    )


def _width(column: _Number | _Category) -> int:
    # of a number: itself, each part, missing; of a category: each, another, missing
    return len(column.edges) + 3 if column.kind == "number" else len(column.values) + 2


def _of_number(column: _Number, given: Floats) -> Floats:
    found = np.zeros((len(given), _width(column)))
    missing = np.isnan(given)
    found[missing, -1] = 1
    there = np.flatnonzero(~missing)
    apart = (given[there] - column.mean) / column.scale
    found[there, 0] = np.clip(apart, -FARTHEST, FARTHEST)
    found[there, 1 + np.searchsorted(column.edges, given[there], side="right")] = 1
    return found


def _of_values(column: _Category, given: Texts) -> Floats:
    places = {value: place for place, value in enumerate(column.values)} | {
        "": len(column.values) + 1
    }
    found = np.zeros((len(given), _width(column)))
    found[np.arange(len(given)), [places.get(value, len(column.values)) for value in given]] = 1
    return found
