"""Lines as rows of cells: what separates them, and what quotes them."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from recurra.data.lines import LONGEST_LINE
from recurra.errors import DataError

__all__ = [
    "MOST_COLUMNS",
    "SEPARATOR_LINE",
    "Separated",
    "quoted_rows",
    "separated",
    "separator_of",
    "tabs_are_quoted",
]

SEPARATORS = ",;\t|"
# spreadsheets write it above the header
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?[,;]*\s*', re.IGNORECASE)
MOST_COLUMNS = 10_000
LOOKED_AT = 60  # rows
MOST_LOOKED_AT = 10_000  # characters of a line
RETURN = "\ufdd0"  # stands for a carriage return while csv reads; no character of any text


@dataclass
class Separated:
    """Rows of cells, all of the width of the first.

    Args:
        rows: the cells.
        separator: what stood between them.
        notes: what was guessed.
    """

    rows: list[list[str]]
    separator: str
    notes: list[str] = field(default_factory=list)


def separated(lines: list[str], path: str | Path, *, tabs: bool = False) -> Separated:
    """Cut lines into cells. Blank lines are left out; a line `sep=;` above all is obeyed.

    Args:
        lines: without their ends.
        path: for messages.
        tabs: whether tabs separate wherever the first line has one.

    Raises:
        DataError: a row has more cells than the first, a quote is left open, or there are far too
            many columns.
    """
    start = next((number for number, line in enumerate(lines) if line.strip()), len(lines))
    if start == len(lines):
        return Separated([], ",")
    named = SEPARATOR_LINE.fullmatch(lines[start])
    if named:
        start += 1
        separator = named[1]
    elif tabs and "\t" in lines[start]:
        separator = "\t"
    else:
        separator = separator_of(lines[start:])
    quoted = separator != "\t" or tabs_are_quoted(lines)
    rows, odd = _rows(lines, start, separator, path) if quoted else _bare(lines, start, path)
    notes = [f"{odd:,} lines have a quote that closes before its field ends"] if odd else []
    return Separated(rows, separator, notes)


def separator_of(lines: Sequence[str]) -> str:
    """Tell what separates the cells: what gives the first rows one width, and cells like cells.

    Cells have no quotes in their middle and, beside another separator that does as well, no space
    before them, as words after a comma have.

    Examples:
        >>> separator_of(["ham;well, yes", "spam;now, win"])
        ';'
        >>> separator_of(["a,b", "1,x;y", "2,z"])
        ','
    """
    best, most = ",", (0.0, False, 0)
    for separator in SEPARATORS:
        rows = _first_rows(lines, separator)
        if rows and len(rows[0]) > 1:
            width = len(rows[0])
            alike = [len(row) == width and not any('"' in cell for cell in row) for row in rows]
            spaced = any(cell.startswith(" ") for row in rows for cell in row[1:])
            value = (sum(alike) / len(rows), not spaced, width)
            if value > most:
                best, most = separator, value
    return best


def _first_rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with _long_fields():
        source = (
            line[:MOST_LOOKED_AT].replace("\r", " ") + "\n" for line in lines[: 4 * LOOKED_AT]
        )
        for row in csv.reader(source, delimiter=separator):
            if row and len(rows) < LOOKED_AT:
                rows.append(row)
    return rows


def quoted_rows(
    lines: Iterable[str], separator: str, path: str | Path, before: int = 0
) -> Iterator[tuple[list[str], int, bool]]:
    """Read quoted cells row by row, from lines without their ends.

    Args:
        lines: of the table.
        separator: between cells.
        path: for messages.
        before: lines of the file that stand above these.

    Yields:
        The cells, the number of the row's last line, and whether a quote closed before its field
        did: that line is read as it stands.

    Raises:
        DataError: a quote is left open.
    """
    taken: list[str] = []  # the lines of the row that is being read

    def feed() -> Iterator[str]:
        for line in lines:
            # a carriage return within a line is part of a text, which csv would refuse unquoted
            taken.append(line.replace("\r", RETURN))
            yield taken[-1] + "\n"

    number = before
    with _long_fields():
        reader = csv.reader(feed(), delimiter=separator, strict=True)
        while True:
            taken.clear()
            odd = False
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error:
                if len(taken) > 1:
                    raise _left_open(number + 1, number + len(taken), path) from None
                odd = True
                row = next(csv.reader(taken, delimiter=separator))
            number += len(taken)
            if any(RETURN in line for line in taken):
                row = [cell.replace(RETURN, "\r") for cell in row]
            yield row, number, odd


def _rows(
    lines: list[str], start: int, separator: str, path: str | Path
) -> tuple[list[list[str]], int]:
    """Read quoted cells. A quote that closes too early is counted, one left open refused."""
    rows: list[list[str]] = []
    odd = 0
    for row, number, closed_early in quoted_rows(lines[start:], separator, path, start):
        odd += closed_early
        _add(rows, row, number, path)
    return rows, odd


def _bare(lines: list[str], start: int, path: str | Path) -> tuple[list[list[str]], int]:
    """Cut at tabs alone: quotes are signs like others."""
    rows: list[list[str]] = []
    for number, line in enumerate(lines[start:], start=start + 1):
        if line.strip("\r\n "):
            _add(rows, line.split("\t"), number, path)
    return rows, 0


def _add(rows: list[list[str]], row: list[str], number: int, path: str | Path) -> None:
    """Add a row, brought to the width of the first; blank lines are none."""
    if not row or (len(row) == 1 and not row[0].strip()):
        return
    width = len(rows[0]) if rows else len(row)
    if width > MOST_COLUMNS:
        raise DataError(
            f"a table may have {MOST_COLUMNS:,} columns, but the first row of {path} has "
            f"{width:,}. Give one row a line."
        )
    while len(row) > width and not row[-1].strip():
        row.pop()
    if len(row) > width:
        cure = "Quote fields that hold the separator."
        if any(RETURN in cell or "\r" in cell for cell in row):
            cure = "A carriage return alone ends no line there: end all lines alike."
        raise DataError(
            f"every row must have as many fields as the first, but {path} does not: expected "
            f"{width} fields in line {number}, saw {len(row)}. {cure}"
        )
    rows.append(row + [""] * (width - len(row)))


def _left_open(begun: int, closed: int, path: str | Path) -> DataError:
    return DataError(
        f"a field that opens with a quote must close with one, but in {path} one that opens in "
        f"line {begun:,} closes in line {closed:,} or never, and the rows between would be one. "
        'Take the quote away, or double it within quotes: "5"" screen".'
    )


def tabs_are_quoted(lines: list[str]) -> bool:
    """Tell whether quotes in a TSV quote a field: then whoever opens one closes it, too."""
    opened = 0
    for line in lines:
        if '"' not in line:
            continue
        for cell in line.split("\t"):
            if cell.startswith('"'):
                inner = cell[1:-1].replace('""', "")
                if len(cell) < 2 or not cell.endswith('"') or '"' in inner:
                    return False
                opened += 1
    return opened > 0


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let csv read fields as long as a line may be."""
    limit = csv.field_size_limit(64 * LONGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
