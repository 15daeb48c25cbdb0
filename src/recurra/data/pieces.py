"""A table too long for memory, read in pieces, every column kept and every row.

::

    pieces = read_pieces("big.csv")
    for piece in pieces:                    some thousand rows
        piece.rows                          cells by column, as they came
        piece.wrong                         why a row cannot be read as a row; empty where it can

What separates cells, which encoding it is, and whether the first line is a header are told from the
beginning of the file, as `read_table` tells them from all of it.
"""

import gzip
import io
import json
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, TypeVar

import pyarrow as pa

from recurra.data.arff import frame_of_arff
from recurra.data.contents import Contents, ending_of
from recurra.data.encodings import codec_of, decode, known_encoding
from recurra.data.lines import LONGEST_LINE
from recurra.data.parquet import MARKS
from recurra.data.readers import FORMATS, header_of
from recurra.data.records import whole_json
from recurra.data.separators import (
    MOST_COLUMNS,
    SEPARATOR_LINE,
    quoted_rows,
    separator_of,
    tabs_are_quoted,
)
from recurra.data.spelling import meant, quoted
from recurra.data.workbooks import WORKBOOKS, text_of_workbook
from recurra.errors import DataError
from recurra.files import sheet_of
from recurra.stores import place_of

__all__ = ["Piece", "Pieces", "files_of", "read_pieces"]

BEGINNING = 1 << 20  # bytes, from which is told what the whole file is
FIRST_ROWS = 1000  # from which is told whether the first is a header
ROWS, LETTERS = 8192, 1 << 23  # of a piece, at most
NO_TEXT = "it holds bytes that are no text, or half a sign; ? stands there"
GZIP = b"\x1f\x8b"
PARQUET, ARROW = MARKS


@dataclass
class Piece:
    """Some rows of a table.

    Args:
        rows: their cells: text as text, of Parquet with its types.
        wrong: (rows,) why a row cannot be read as a row of the table; empty of most.
        beside: (rows,) what a row has that no column holds; empty of most.
        objects: (rows,) of JSON lines, the objects as they are; None of other tables.
    """

    rows: pa.Table
    wrong: list[str]
    beside: list[str]
    objects: list[dict[str, Any]] | None = None


@dataclass
class Pieces:
    """A table in pieces.

    Args:
        names: of the columns.
        pieces: the rows, in their order.
        size: bytes of the file, None where that is not known.
        read: how many of them have been read.
        source: where they come from, for people.
        notes: what was told from the beginning of the file.
    """

    names: list[str]
    pieces: Iterator[Piece]
    size: int | None
    stream: IO[bytes]
    source: str
    notes: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Piece]:
        return self.pieces

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        if self.size is not None:
            self.stream.close()

    @property
    def read(self) -> int:
        """How many bytes of the file have been read."""
        return self.stream.tell() if self.stream.seekable() else 0


def files_of(source: Any) -> list[Any]:
    """Give the files that a source names, in order: itself, those of a folder, or of a pattern.

    Raises:
        DataError: it names none.
    """
    if source.is_file():
        return [source]
    found = sorted(source.iterdir() if source.is_dir() else source.parent.glob(source.name))
    files = [path for path in found if path.is_file() and not path.name.startswith((".", "_"))]
    if not files:
        raise DataError(f"there must be files to read, but {source} names none.")
    return files


def read_pieces(
    path: Any,
    *,
    encoding: str | None = None,
    header: bool | None = None,
    groups: Sequence[int] | None = None,
    columns: Sequence[str] | None = None,
) -> Pieces:
    """Open a table to be read in pieces.

    Args:
        path: CSV, TSV, JSON lines (each also .gz), Parquet, Feather; a workbook (book.xlsx#May),
            ARFF or a JSON list, which are read as a whole; "-" for standard input.
        encoding: of text, None to recognise it from its beginning.
        header: whether the first row of a text table names its columns; None to tell it from the
            rows below.
        groups: of Parquet, the numbers of the row groups to read; None: all.
        columns: of Parquet, those to read; None: all.

    Raises:
        DataError: it cannot be read, holds no rows, or its columns do not differ.
        SettingsError: the encoding is unknown.
    """
    encoding, path = known_encoding(encoding), place_of(path)
    file, beginning = _opened(path)
    size = sheet_of(path)[0].stat().st_size if str(path) != "-" else None
    try:
        if beginning.startswith(PARQUET):
            found = _parquet(file, path, groups, columns)
        elif beginning.startswith(ARROW):
            found = _feather(file, path)
        elif beginning.startswith(WORKBOOKS):
            found = _workbook(beginning + file.read(), path, header)
        else:
            found = _told(file, beginning, path, encoding, header)
    except BaseException:
        if size is not None:
            file.close()
        raise
    source = "standard input" if str(path) == "-" else str(path)
    return Pieces(found.names, found.pieces, size, file, source, found.notes)


def _workbook(data: bytes, path: Path, header: bool | None) -> "_Told":
    """Give the rows of a sheet."""
    text, sheet = text_of_workbook(data, path)
    lines = _lines(io.StringIO(text), path)
    names, pieces, notes = _cells(list(islice(lines, 4 * FIRST_ROWS)), lines, path, False, header)
    return _Told(names, pieces, [f"sheet {quoted(sheet)} of the workbook", *notes])


def _told(
    file: IO[bytes], beginning: bytes, path: Path, encoding: str | None, header: bool | None
) -> "_Told":
    """Tell what a file is from its beginning."""
    stream: Any = io.BufferedReader(_Again(beginning, file), BEGINNING)
    if beginning.startswith(GZIP):
        beginning, stream = _unpacked(stream, path)
    return _text(stream, beginning, path, encoding, header)


class _Told(NamedTuple):
    """What was told from the beginning of a file."""

    names: list[str]
    pieces: Iterator[Piece]
    notes: list[str]


class _Again(io.RawIOBase):
    """A stream of which the beginning was read, from its beginning.

    Args:
        beginning: what was read.
        rest: where it goes on.
    """

    def __init__(self, beginning: bytes, rest: Any) -> None:
        self._beginning, self._rest = memoryview(beginning), rest

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, room: Any) -> int:
        """Give some bytes."""
        if not self._beginning:
            return int(self._rest.readinto(room))
        some, self._beginning = self._beginning[: len(room)], self._beginning[len(room) :]
        room[: len(some)] = some
        return len(some)


def _opened(path: Path) -> tuple[IO[bytes], bytes]:
    """Open a file, or standard input, and read its beginning."""
    try:
        file: IO[bytes] = sys.stdin.buffer if str(path) == "-" else sheet_of(path)[0].open("rb")
        return file, file.read(BEGINNING)
    except IsADirectoryError:
        raise DataError(f"a data file is needed, but {path} is a folder. Name a file.") from None
    except (OSError, ValueError) as error:
        raise DataError(
            f"the data file must be readable, but {path} is not "
            f"({getattr(error, 'strerror', None) or error}). Check the path."
        ) from None


def _unpacked(stream: Any, path: Path) -> tuple[bytes, Any]:
    """Read gzip from its beginning."""
    packed = gzip.GzipFile(fileobj=stream)
    try:
        beginning = packed.read(BEGINNING)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"a .gz file must be whole gzip, but {path} is not ({error}).") from None
    return beginning, io.BufferedReader(_Again(beginning, packed), BEGINNING)


def _parquet(
    stream: IO[bytes], path: Path, groups: Sequence[int] | None, columns: Sequence[str] | None
) -> _Told:
    import pyarrow.parquet

    if str(path) == "-":
        raise DataError("Parquet is read from a file, not from standard input: name the file.")
    try:
        file = pyarrow.parquet.ParquetFile(stream)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error) from None
    names = file.schema_arrow.names
    _check_names(names, path)
    every = [file.metadata.row_group(n) for n in range(file.metadata.num_row_groups)]
    longest = max((g.total_byte_size // max(1, g.num_rows) for g in every), default=1)
    rows = max(1, min(ROWS, LETTERS // max(1, longest)))

    def pieces() -> Iterator[Piece]:
        try:
            for batch in file.iter_batches(rows, row_groups=groups, columns=columns):
                nothing = [""] * len(batch)
                yield Piece(pa.Table.from_batches([batch]), nothing, list(nothing))
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error) from None

    return _Told(names, pieces(), [])


def _feather(stream: IO[bytes], path: Path) -> _Told:
    if str(path) == "-":
        raise DataError("Feather is read from a file, not from standard input: name the file.")
    try:
        stream.seek(0)
        file = pa.ipc.open_file(stream)
    except (pa.ArrowException, OSError) as error:
        raise _broken(path, error, "Feather") from None
    names = file.schema.names
    _check_names(names, path)

    def pieces() -> Iterator[Piece]:
        try:
            for number in range(file.num_record_batches):
                whole = pa.Table.from_batches([file.get_batch(number)])
                for some in whole.to_batches(ROWS):
                    nothing = [""] * len(some)
                    yield Piece(pa.Table.from_batches([some]), nothing, list(nothing))
        except (pa.ArrowException, OSError) as error:
            raise _broken(path, error, "Feather") from None

    return _Told(names, pieces(), [])


def _broken(path: Path, error: Exception, kind: str = "Parquet") -> DataError:
    reason = str(error).partition("\n")[0][:200]
    return DataError(f"a {kind} file must be whole, but {path} is not ({reason}).")


def _check_names(names: list[str], path: Path) -> None:
    count = len(names)
    if count > MOST_COLUMNS:
        raise DataError(
            f"a table may have {MOST_COLUMNS:,} columns, but {path} has {count:,}. Leave some out."
        )
    repeated = next((name for name, times in Counter(names).items() if times > 1), None)
    if repeated is not None:
        raise DataError(f"column names must differ, but {path} has {repeated!r} twice.")


def _text(
    stream: Any, beginning: bytes, path: Path, encoding: str | None, header: bool | None
) -> _Told:
    """Tell what text is from its beginning, and read it to its end."""
    if not beginning.strip():
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    beginning = _whole_lines(beginning)
    decoded = decode(Contents(path, beginning, ""), encoding)
    codec, errors = codec_of(beginning, decoded.encoding)
    if codec == "utf-8":  # what is no text is said of its row, and its mark is no text
        codec, errors = "utf-8-sig", "surrogateescape"
    ends = "\n" if "\n" in decoded.text else "\r"
    reader = io.TextIOWrapper(stream, codec, errors=errors, newline=ends)
    if ending_of(path) == ".json" and decoded.text.lstrip().startswith("["):
        names, pieces = _objects(_items(reader.read(), path), path)
        return _Told(names, pieces, decoded.notes)
    lines = _lines(reader, path)
    if encoding is None and decoded.text.isascii():
        lines = _still_utf_8(lines, path)
    kind = FORMATS.get(ending_of(path))
    if kind == "arff":
        return _arff("\n".join(lines), path, decoded.notes)
    if kind == "json" or (kind is None and decoded.text.lstrip().startswith("{")):
        names, pieces = _objects(lines, path)
        return _Told(names, pieces, decoded.notes)
    first = list(islice(lines, 4 * FIRST_ROWS))
    tabs = kind == "tsv" or "\t" in first[0]
    names, pieces, notes = _cells(first, lines, path, tabs, header)
    return _Told(names, pieces, [*decoded.notes, *notes])


def _arff(text: str, path: Path, notes: list[str]) -> _Told:
    """Give the rows of an ARFF file, which is read as a whole."""
    frame = frame_of_arff(text, Contents(path, b"", ""))
    names = list(map(str, frame.columns))
    _check_names(names, path)
    return _Told(names, _pieces_of_cells(iter(frame.to_numpy().tolist()), names), notes)


def _items(text: str, path: Path) -> Iterator[str]:
    """Give the items of a JSON list, which is read as a whole, each as a line."""
    return map(_as_json, whole_json(text, path))


def _whole_lines(beginning: bytes) -> bytes:
    """Give the lines of a beginning that are whole, so that no character is cut."""
    if len(beginning) < BEGINNING:
        return beginning
    for end in (b"\n\0", b"\0\n"):  # UTF-16, either order: a character begins at an even place
        place = beginning.rfind(end)
        while place % 2 and place > 0:
            place = beginning.rfind(end, 0, place)
        if place > 0:
            return beginning[: place + 2]
    place = max(beginning.rfind(b"\n"), beginning.rfind(b"\r"))
    return beginning[: place + 1] or beginning


def _lines(reader: io.TextIOBase, path: Path) -> Iterator[str]:
    read = 0
    try:
        for line in iter(partial(reader.readline, LONGEST_LINE + 2), ""):
            read += 1
            if len(line) > LONGEST_LINE:
                raise DataError(
                    f"a line must have at most {LONGEST_LINE:,} characters, but one of {path} has "
                    "more. A file without line ends is no table: look into it."
                )
            yield line.rstrip("\r\n")
    except UnicodeError as error:
        raise DataError(
            f"{path} cannot be decoded beyond line {read:,} ({error}). Give another --encoding."
        ) from None
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"{path} cannot be read to its end ({error}).") from None


def _still_utf_8(lines: Iterator[str], path: Path) -> Iterator[str]:
    """Refuse what is not UTF-8 where nothing before told which encoding it is."""
    known = False
    for number, line in enumerate(lines, start=1):
        if not known and not line.isascii():
            if _halves(line):
                raise DataError(
                    f"{path} is in another encoding than UTF-8, as line {number:,} shows: all "
                    "before is ASCII, which is the same in most. Give --encoding."
                )
            known = True
        yield line


def _cells(
    first: list[str], lines: Iterator[str], path: Path, tabs: bool, header: bool | None
) -> tuple[list[str], Iterator[Piece], list[str]]:
    """Cut lines at what separates cells; the first row names them, or is data."""
    start = next((number for number, line in enumerate(first) if line.strip()), len(first))
    named = SEPARATOR_LINE.fullmatch(first[start]) if start < len(first) else None
    start += named is not None
    found = named[1] if named else "\t" if tabs else separator_of(first[start:])
    rest: Iterable[str] = chain(first[start:], lines)
    if found == "\t" and not tabs_are_quoted(first):
        rows: Iterator[list[str]] = (line.split("\t") for line in rest)
    else:
        rows = (row for row, _, _ in quoted_rows(rest, found, path, start))
    top = next((row for row in rows if any(map(str.strip, row))), None)
    if top is None:
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    width = len(top)
    # an empty line is an empty text where there is one column, and nothing where there are more
    rows = (row or [""] for row in rows if width == 1 or any(map(str.strip, row)) or len(row) > 1)
    some = [top, *islice(rows, FIRST_ROWS)]
    names = None if header is False else header_of([_fitted(row, width)[0] for row in some])
    if header and names is None:
        names = list(map(meant, top))
    notes = ["no header: the first line is data"] if names is None else []
    if names is None:
        names = [""] * width
    else:
        some = some[1:]
    names = [_clean(name) or f"column {number + 1}" for number, name in enumerate(names)]
    _check_names(names, path)
    return names, _pieces_of_cells(chain(some, rows), names), notes


def _fitted(row: list[str], width: int) -> tuple[list[str], str]:
    """Bring a row to the width of the first; say why where it is longer."""
    while len(row) > width and not row[-1].strip():
        row.pop()
    more = row[width:]
    wrong = f"{len(row)} cells where {width} are expected; left over: {more}" if more else ""
    return row[:width] + [""] * (width - len(row)), wrong


Some = TypeVar("Some")


def _some(rows: Iterator[Some], size: Callable[[Some], int]) -> Iterator[list[Some]]:
    """Give rows by the piece: not too many, and not too long."""
    piece: list[Some] = []
    letters = 0
    for row in rows:
        piece.append(row)
        letters += size(row)
        if len(piece) == ROWS or letters >= LETTERS:
            yield piece
            piece, letters = [], 0
    if piece:
        yield piece


def _pieces_of_cells(rows: Iterator[list[str]], names: list[str]) -> Iterator[Piece]:
    for some in _some(rows, lambda row: sum(map(len, row))):
        fitted = [_fitted(row, len(names)) for row in some]
        wrong = [_clean(reason) for _, reason in fitted]
        columns = zip(*(row for row, _ in fitted), strict=True)
        arrays = [pa.array(_whole(column, wrong), pa.string()) for column in columns]
        yield Piece(pa.Table.from_arrays(arrays, names=names), wrong, [""] * len(wrong))


def _halves(text: str) -> bool:
    """Say whether a text holds what cannot be written: bytes that were no text, half an emoji."""
    return not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text)


def _clean(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8") if _halves(text) else text


def _whole(column: Iterable[str], wrong: list[str]) -> list[str]:
    """Give cells that can be written: what cannot is said, and marked."""
    cells = list(column)
    for row, cell in enumerate(cells):
        if _halves(cell):
            cells[row], wrong[row] = _clean(cell), wrong[row] or NO_TEXT
    return cells


def _objects(lines: Iterator[str], path: Path) -> tuple[list[str], Iterator[Piece]]:
    """Read a JSON object a line; the names are those of the first rows."""
    filled = (line for line in lines if line.strip())
    first = list(islice(filled, FIRST_ROWS))
    names: dict[str, None] = {}
    for line in first:
        names |= dict.fromkeys(_object(line)[0])
    if not names:
        raise DataError(
            f"every line of a JSON lines file must be one object, but no line of {path} is."
        )
    _check_names([_clean(name) for name in names], path)
    return list(map(_clean, names)), _pieces_of_objects(chain(first, filled), list(names))


def _object(line: str) -> tuple[dict[str, Any], str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {}, f"it must be a JSON object, but it cannot be read ({error}): {line}"
    if isinstance(found, dict):
        return found, ""
    return {}, f"it must be a JSON object, but it is: {line}"


def _pieces_of_objects(lines: Iterator[str], names: list[str]) -> Iterator[Piece]:
    known = set(names)
    for some in _some(lines, len):
        read = [_object(line) for line in some]
        wrong = [_clean(reason) for _, reason in read]
        beside = []
        for found, _ in read:
            more = {name: value for name, value in found.items() if name not in known}
            beside.append(f"more names: {_clean(_as_json(more))}" if more else "")
        columns = [[_cell(found.get(name)) for found, _ in read] for name in names]
        cells = [_whole_or_none(column, wrong) for column in columns]
        arrays = [pa.array(column, pa.string()) for column in cells]
        rows = pa.Table.from_arrays(arrays, names=list(map(_clean, names)))
        yield Piece(rows, wrong, beside, [found for found, _ in read])


def _cell(value: Any) -> str | None:
    """Give a text as it is, and anything else as JSON writes it."""
    return value if value is None or isinstance(value, str) else _as_json(value)


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _whole_or_none(column: list[str | None], wrong: list[str]) -> list[str | None]:
    cells = _whole(("" if cell is None else cell for cell in column), wrong)
    return [None if was is None else cell for was, cell in zip(column, cells, strict=True)]
