"""Lines as rows of cells: what separates them, and what quotes them."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from recurra.data.frames import in_blocks
from recurra.data.lines import LONGEST_LINE, Lines
from recurra.data.spelling import quoted as shown
from recurra.errors import DataError

__all__ = [
    "MOST_COLUMNS",
    "SEPARATOR_LINE",
    "Separated",
    "quoted_rows",
    "separated",
    "separator_of",
    "tabs_are_quoted",
    "titles_above",
]

SEPARATORS = ",;\t|"
SPACED_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[nN]a[nN]")
FEWEST_BELOW = 5  # rows of one width, below a title that has none
# spreadsheets write it above the header
SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?[,;]*\s*', re.IGNORECASE)
MOST_COLUMNS = 10_000
LOOKED_AT = 60  # rows
MOST_LOOKED_AT = 10_000  # characters of a line
RETURN = "\ufdd0"  # stands for a carriage return while csv reads; no character of any text


@dataclass
class Separated:
    """Rows of cells, all of the width of the first, read as they are asked for.

    Args:
        blocks: the rows, some at a time.
        separator: what stands between the cells.
        notes: what was guessed; whole once all rows are read.
    """

    blocks: Iterator[list[list[str]]]
    separator: str
    notes: list[str] = field(default_factory=list)


def separated(
    lines: "Lines | list[str] | _Tabbed", path: str | Path, *, tabs: bool = False
) -> Separated:
    """Cut lines into cells. Blank lines are left out; a line `sep=;` above all is obeyed.

    Args:
        lines: without their ends.
        path: for messages.
        tabs: whether tabs separate wherever the first line has one.

    Raises:
        DataError: while blocks are read: a row has more cells than the first, a quote is left open,
            or there are far too many columns.
    """
    start = next((number for number, line in enumerate(lines) if line.strip()), None)
    if start is None:
        return Separated(iter(()), ",")
    first = list(islice(lines, start, start + 1 + 4 * LOOKED_AT))
    found = Separated(iter(()), ",")
    above = titles_above(first)
    if above:
        start += above
        found.notes.append(f"{above:,} lines above the header left out, such as {shown(first[0])}")
        first = first[above:]
    named = SEPARATOR_LINE.fullmatch(first[0])
    if named:
        start += 1
        separator = named[1]
    elif tabs and "\t" in first[0]:
        separator = "\t"
    elif _are_spaced_numbers(first):
        separator, lines = "\t", _Tabbed(lines)
    else:
        separator = separator_of(first)
    quoted = separator != "\t" or tabs_are_quoted(lines)
    found.separator = separator
    found.blocks = _blocks(lines, start, path, found, quoted)
    return found


def titles_above(lines: Sequence[str]) -> int:
    """Count the lines of a title that stand above the header, as exports of offices write them.

    None of them has two cells, and all rows below have the width of the header. Where a title has
    the commas of empty cells, it must be followed by an empty line, or stand above three columns:
    a header may have one name and an empty cell beside it.

    Examples:
        >>> rows = [f"2024-01-0{n},{n}" for n in range(1, 7)]
        >>> titles_above(["Sales of shop A", "", "day,sold", *rows])
        2
        >>> titles_above(["day,", *rows]), titles_above(["day,sold", *rows])
        (0, 0)
    """
    if SEPARATOR_LINE.fullmatch(lines[0]):
        return 0
    cut = [_rows_with_ends(lines[: LOOKED_AT + 1], separator) for separator in SEPARATORS]
    if any(_filled(rows[0]) > 1 and len(set(map(len, rows))) == 1 for rows, _ in cut if rows):
        return 0
    for rows, ends in cut:
        filled = list(map(_filled, rows))
        header = next((place for place, cells in enumerate(filled) if cells > 1), 0)
        below = rows[header + 1 :]
        width = len(rows[header]) if rows else 0
        if not header or len(below) < FEWEST_BELOW or {len(row) for row in below} != {width}:
            continue
        bare = all(len(row) <= 1 for row in rows[:header])
        if bare or width > 2 or 0 in filled[1:header]:
            return ends[header - 1]
    return 0


def _filled(row: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _rows_with_ends(lines: Sequence[str], separator: str) -> tuple[list[list[str]], list[int]]:
    """Give rows, and how many lines there are up to the end of each."""
    rows: list[list[str]] = []
    ends: list[int] = []
    short = (line[:MOST_LOOKED_AT] for line in lines)
    with suppress(DataError):  # a quote that the last line looked at leaves open
        for row, end, _ in quoted_rows(short, separator, ""):
            rows.append(row)
            ends.append(end)
    return rows, ends


class _Tabbed:
    """Lines whose cells stand between spaces, as if they stood between tabs."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = lines

    def __iter__(self) -> Iterator[str]:
        return ("\t".join(line.split()) for line in self.lines)


def _are_spaced_numbers(lines: Sequence[str]) -> bool:
    """Say whether lines are numbers between spaces, as many in each, as archives write them."""
    rows = [line.split() for line in lines if line.strip()]
    if len(rows[0]) < 2 or len(set(map(len, rows))) > 1:
        return False
    return all(SPACED_NUMBER.fullmatch(cell) for row in rows for cell in row)


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
    returned = False  # whether any line of the file held a carriage return

    def feed() -> Iterator[str]:
        nonlocal returned
        for line in lines:
            if "\r" in line:  # part of a text, which csv would refuse unquoted
                line, returned = line.replace("\r", RETURN), True
            taken.append(line)
            yield line + "\n"

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
            if returned and any(RETURN in line for line in taken):
                row = [cell.replace(RETURN, "\r") for cell in row]
            yield row, number, odd


def _blocks(
    lines: Iterable[str], start: int, path: str | Path, found: Separated, quoted: bool
) -> Iterator[list[list[str]]]:
    """Give rows in blocks. A quote that closes too early is counted, one left open refused."""
    width = odd = 0
    for rows in _numbered(lines, start, path, found.separator, quoted):
        width = width or _width(rows, path)
        if width > 1 and {len(row) for row, _, _ in rows} == {width}:
            block = [row for row, _, _ in rows]
        else:
            fitted = (_fitted(row, width, number, path) for row, number, _ in rows)
            block = [row for row in fitted if row is not None]
        odd += sum(closed_early for _, _, closed_early in rows)
        if block:
            yield block
    if odd:
        found.notes.append(f"{odd:,} lines have a quote that closes before its field ends")


def _numbered(
    lines: Iterable[str], start: int, path: str | Path, separator: str, quoted: bool
) -> Iterator[list[tuple[list[str], int, bool]]]:
    """Give rows as `quoted_rows` does, in blocks; lines without quotes are cut at once."""
    rest = islice(lines, start, None)
    for some in in_blocks(rest):
        if quoted and any('"' in line for line in some):
            # a quoted field may end in another block: from here on, all is read with care
            yield from in_blocks(quoted_rows(chain(some, rest), separator, path, start))
            return
        yield [(line.split(separator), start + n, False) for n, line in enumerate(some, start=1)]
        start += len(some)


def _width(rows: list[tuple[list[str], int, bool]], path: str | Path) -> int:
    """Give how many cells the first row has that is not blank; 0 where all are."""
    width = next((len(row) for row, _, _ in rows if not _is_blank(row)), 0)
    if width > MOST_COLUMNS:
        raise DataError(
            f"a table may have {MOST_COLUMNS:,} columns, but the first row of {path} has "
            f"{width:,}. Leave some out, or give one row a line."
        )
    return width


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _fitted(row: list[str], width: int, number: int, path: str | Path) -> list[str] | None:
    """Bring a row to the width of the first; blank lines are none."""
    if _is_blank(row):
        return None
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
    return row + [""] * (width - len(row))


def _left_open(begun: int, closed: int, path: str | Path) -> DataError:
    return DataError(
        f"a field that opens with a quote must close with one, but in {path} one that opens in "
        f"line {begun:,} closes in line {closed:,} or never, and the rows between would be one. "
        'Take the quote away, or double it within quotes: "5"" screen".'
    )


def tabs_are_quoted(lines: Iterable[str]) -> bool:
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
