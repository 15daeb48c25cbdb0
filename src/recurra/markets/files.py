"""A file of prices as a table of strings: what stands above the header, below it and between."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from recurra.data.contents import Contents, read_contents
from recurra.data.encodings import ENCODINGS, decode, known_encoding
from recurra.data.lines import lines_of
from recurra.data.parquet import frame_of_parquet
from recurra.data.records import read_records
from recurra.data.separators import separated, separator_of
from recurra.errors import DataError
from recurra.markets.columns import flat_frame, meaning_of

__all__ = ["RawPrices", "read_raw"]

ABOVE = 40  # lines that may stand above a header
EMPTY = " ,;|\t\r"


@dataclass
class RawPrices:
    """A table of prices as it is written.

    Args:
        frame: one row a line; strings, or a Parquet file's own types.
        comma: whether a comma in it can only be a decimal one.
        left_out: lines above and below the table, as they are.
    """

    frame: pd.DataFrame
    comma: bool = False
    left_out: list[str] = field(default_factory=list)


def read_raw(path: Path, ticker: str, *, encoding: str | None = None) -> RawPrices:
    """Read a file of prices as it is written.

    Args:
        path: the file.
        ticker: whose columns are kept where a header names several.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: the file cannot be read, or a row has more cells than the header.
    """
    encoding = known_encoding(encoding)
    contents = read_contents(path)
    if contents.data.startswith(b"PAR1") or path.suffix.lower() == ".parquet":
        return RawPrices(flat_frame(frame_of_parquet(contents), ticker, str(path)))
    text = decode(contents, encoding).text
    if not text.strip():
        raise DataError(f"a file of prices must hold a header and rows, but {path} does not.")
    if text.lstrip()[:1] in ("[", "{"):
        return RawPrices(read_records(text, path)[0])
    lines = lines_of(text, path)
    place = _header(lines)
    if place is None and encoding is None and not contents.data.isascii():
        lines, place = _in_another_encoding(contents, lines)
    return _below(lines, place, path, ticker)


def _header(lines: list[str]) -> int | None:
    """Find the line that names the columns: the first with three names that are known."""
    for number, line in enumerate(lines[:ABOVE]):
        cells = line.split(separator_of([line]))
        known = {found[0] for found in map(meaning_of, cells) if found}
        letters = {cell.strip(" \"'<>").lower() for cell in cells}
        if len(known) >= 3 or {"o", "h", "l", "c"} <= letters:
            return number
    return None


def _in_another_encoding(contents: Contents, lines: list[str]) -> tuple[list[str], int | None]:
    """Try the encodings in which a header would be known; numbers alone tell none."""
    for name in ENCODINGS:
        try:
            tried = lines_of(decode(contents, name).text, contents.path)
        except DataError:
            continue
        place = _header(tried)
        if place is not None:
            return tried, place
    return lines, None


def _below(lines: list[str], place: int | None, path: Path, ticker: str) -> RawPrices:
    """Cut the lines from the header on into cells."""
    above = lines[: place or 0]
    kept = [line for line in lines[place or 0 :] if line.strip(EMPTY)]
    if len(kept) < 2:
        raise DataError(f"a file of prices must hold a header and rows, but {path} does not.")
    found = separated(kept, path)
    rows = [row for block in found.blocks for row in block]
    if len(rows) < 2:
        raise DataError(f"a file of prices must hold a header and rows, but {path} does not.")
    left_out = [line for line in above if line.strip(EMPTY) and not line.lower().startswith("sep=")]
    header, body = rows[0], rows[1:]
    tickers = [""] * len(header)
    second = [row[0].strip().casefold() for row in body[:2]]
    if len(second) > 1 and second[0] in ("ticker", "symbol") and meaning_of(second[1]):
        tickers, header = body[0], [body[1][0], *header[1:]]
        tickers[0] = ""
        body = body[2:]
    elif second and not any(body[0][1:]) and (meaning_of(second[0]) or ("",))[0] == "date":
        header, body = [body[0][0], *header[1:]], body[1:]
    frame = pd.DataFrame(body, columns=pd.Index(header), dtype=object)
    if any(tickers):
        frame.columns = pd.MultiIndex.from_arrays([tickers, header])
        frame = flat_frame(frame, ticker, str(path))
    start, end = _table_of(frame)
    outside = [*frame.to_numpy()[:start], *frame.to_numpy()[end:]]
    left_out += [" ".join(filter(str.strip, cells))[:80] for cells in outside]
    frame = frame.iloc[start:end].reset_index(drop=True)
    return RawPrices(frame, found.separator == ";", left_out)


def _table_of(frame: pd.DataFrame) -> tuple[int, int]:
    """Give where the rows with digits in two cells begin and end: above are units, below notes."""
    rows = frame.to_numpy()
    first = next((row for row in range(len(rows)) if _is_filled(rows[row])), None)
    if first is None:
        return 0, len(rows)
    last = next(row for row in reversed(range(len(rows))) if _is_filled(rows[row]))
    return first, last + 1


def _is_filled(cells: Iterable[object]) -> bool:
    return sum(any(sign.isdigit() for sign in str(cell)) for cell in cells) > 1
