"""Tables from CSV, TSV, Parquet and JSON lines, as strings, with what had to be guessed said."""

import codecs
import csv
import gzip
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import pandas as pd

from recurra.errors import DataError, SettingsError

__all__ = ["ENCODINGS", "Table", "known_encoding", "read_lines", "read_table", "sha256_of"]

ENCODINGS = ("utf-8", "utf-16", "cp949", "latin-1")
# Python's names of what those read as well: cp949 is euc-kr and more
ALIASES = {
    "utf-8-sig": "utf-8",
    "euc_kr": "cp949",
    "iso8859-1": "latin-1",
    "cp1252": "latin-1",
    "ascii": "utf-8",
}
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
CHUNK = 1 << 20
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .xls begin
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n')  # spreadsheets write it above the header
TEXT_NAMES = {"text", "message", "messages", "body", "sms", "document", "review", "content", "v2"}
TEXT_NAMES |= {"내용", "메시지", "문자", "본문", "리뷰"}
LABEL_NAMES = {"label", "labels", "class", "category", "type", "target", "spam", "v1"}
LABEL_NAMES |= {"분류", "라벨", "구분"}
# a first line with one of these is a header; "spam" alone may be a label
KNOWN_NAMES = (TEXT_NAMES | LABEL_NAMES) - {"spam"}


@dataclass
class Table:
    """A file as rows of strings.

    Args:
        frame: the columns.
        source: the path, as it was given.
        sha256: of the file's bytes.
        notes: what was guessed or left out.
    """

    frame: pd.DataFrame
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)


def read_table(path: str | Path, *, encoding: str | None = None) -> Table:
    """Read a table, every cell as a string; an empty cell is an empty string.

    The format is known by the ending (.csv .tsv .txt .parquet .json .jsonl .ndjson, each also .gz),
    and looked at where there is none. A text file's encoding is UTF-8 (with or without BOM), UTF-16
    with BOM, cp949 or latin-1, recognised unless given. A first line that is data, not a header,
    is recognised by one of its values recurring as a label below it.

    Args:
        path: the file.
        encoding: one of `ENCODINGS`, None to recognise it.

    Raises:
        DataError: the file is missing, empty, not text, or its rows do not fit its columns.
        SettingsError: the encoding is unknown.
    """
    path, encoding = Path(path), known_encoding(encoding)
    try:
        with path.open("rb") as file:
            start = file.read(4)
        table = Table(pd.DataFrame(), str(path), sha256_of(path))
        if start in WORKBOOKS:
            raise DataError(
                f"a data file must be text (CSV, TSV, JSON) or Parquet, but {path} is an Excel "
                "workbook (or another archive). Save its sheet as CSV: in Excel, Save As, "
                '"CSV UTF-8".'
            )
        if start == b"PAR1":
            table.frame = _read_parquet(path)
        else:
            _read_text(path, table, encoding)
    except IsADirectoryError:
        raise DataError(f"a data file is needed, but {path} is a folder. Name a file.") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    if not len(table.frame):
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    return table


def known_encoding(name: str | None) -> str | None:
    """Give the name of `ENCODINGS` that is meant; None stays None.

    Raises:
        SettingsError: the encoding is unknown.

    Example:
        >>> known_encoding("EUC-KR"), known_encoding("UTF8")
        ('cp949', 'utf-8')
    """
    if name is None:
        return None
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = name
    known = ALIASES.get(codec, codec)
    if known not in ENCODINGS:
        raise SettingsError(f"the encoding must be one of {', '.join(ENCODINGS)}, not {name!r}")
    return known


def read_lines(path: Path, *, encoding: str | None = None) -> Iterator[str]:
    """Give the lines of a text file one by one, without their ends.

    Raises:
        DataError: the file cannot be read or is not text.
        SettingsError: the encoding is unknown.
    """
    encoding = known_encoding(encoding)
    try:
        with _open(path) as raw, _text(raw, encoding or _recognise_encoding(path)) as file:
            for line in file:
                yield line.rstrip("\r\n")
    except OSError as error:
        raise _unreadable(path, error) from None
    except UnicodeError as error:
        raise _undecodable(path, encoding or "utf-8", error) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"a .gz file must be whole gzip, but {path} is not ({error}).") from None


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise DataError(f"a Parquet file must be whole, but {path} is not ({error}).") from None
    return frame.astype(object).where(frame.notna(), "").astype(str)


def _read_text(path: Path, table: Table, encoding: str | None) -> None:
    if path.stat().st_size == 0:
        raise DataError(f"a data file must hold rows, but {path} is empty (0 bytes).")
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    try:
        encoding = encoding or _recognise_encoding(path)
        if encoding != "utf-8":
            table.notes.append(f"read as {encoding}")
        with _open(path) as raw, _text(raw, encoding) as file:
            first = file.readline(CHUNK)
        kind = FORMATS.get(suffixes[-1] if suffixes else "") or _format_of(first)
        with _open(path) as raw, _text(raw, encoding) as file:
            if kind == "json":
                table.frame = _read_json(file, path, first)
            else:
                tabs = kind == "tsv" and "\t" in first
                separator = "\t" if tabs else max(",;\t|", key=first.count)
                named = SEPARATOR_LINE.fullmatch(first)
                if named:
                    separator = named[1]
                    file.readline()
                _read_separated(file, path, encoding, separator, first, table)
    except UnicodeError as error:
        raise _undecodable(path, encoding or "", error) from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"a .gz file must be whole gzip, but {path} is not ({error}).") from None


def _unreadable(path: Path, error: OSError) -> DataError:
    return DataError(
        f"the data file must be readable, but {path} is not ({error.strerror or error}). "
        "Check the path."
    )


def _undecodable(path: Path, encoding: str, error: UnicodeError) -> DataError:
    where = f"byte {error.start} of {path}" if isinstance(error, UnicodeDecodeError) else path
    return DataError(
        f"the file must be {encoding} text, but {where} is not. "
        f"Give the right one: --encoding {'|'.join(ENCODINGS)}"
    )


def _open(path: Path) -> BinaryIO:
    """Open a file, through gzip when its first bytes say so."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(path) if packed else path.open("rb"))


def _chunks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _recognise_encoding(path: Path) -> str:
    """Tell the encoding from the bytes, or that they are no text."""
    start = next(_chunks(path), b"")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if (
        b"\0" in start
        or sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in start[:4096]) > 40
    ):
        raise DataError(
            f"a data file must be text (CSV, TSV, JSON) or Parquet, but {path} is binary."
        )
    if _decodes(path, "utf-8"):
        return "utf-8"
    text = start.decode("utf-8", "replace")
    wrong, foreign = text.count("\ufffd"), sum(letter > "\x7f" for letter in text)
    if wrong * 20 < foreign:  # UTF-8 but for a few broken bytes: as another encoding, all is lost
        raise DataError(
            f"the file must be whole UTF-8 text, but {path} has a few broken bytes, the first near "
            f"character {text.find(chr(0xFFFD)):,}. Mend them, or insist: --encoding latin-1"
        )
    # Korean in cp949 is pairs of bytes; Western text with a few accents seldom decodes as pairs
    return "cp949" if _decodes(path, "cp949") and _hangul_share(path) > 0.02 else "latin-1"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _hangul_share(path: Path) -> float:
    text = next(_chunks(path)).decode("cp949", "ignore")
    return sum("가" <= letter <= "힣" for letter in text) / max(1, len(text))


def _byte_as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """Decode one of the five bytes that cp1252 leaves undefined."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("recurra-latin-1", _byte_as_latin_1)


def _text(raw: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Decode a stream. "latin-1" files are mostly cp1252, which agrees on all printable signs."""
    if encoding == "latin-1":
        return io.TextIOWrapper(raw, "cp1252", "recurra-latin-1", newline="\n")
    return io.TextIOWrapper(raw, "utf-8-sig" if encoding == "utf-8" else encoding, newline="\n")


def _format_of(first_line: str) -> str:
    if re.match(r"\s*(\{|\[\s*(\{|$))", first_line):
        return "json"
    return "tsv" if "\t" in first_line else "csv"


def _read_json(file: io.TextIOWrapper, path: Path, first_line: str) -> pd.DataFrame:
    """Read a list of objects, or lines of one object each."""
    found: Iterable[tuple[int, Any]]
    if first_line.lstrip().startswith("["):
        found = enumerate(_json_list(file.read(), path), start=1)
        what, unit = "a JSON list must hold objects alone", "item"
    else:
        found = ((number, _json(line)) for number, line in enumerate(file, start=1) if line.strip())
        what, unit = "every line of a JSON lines file must be one object", "line"
    rows = []
    for number, row in found:
        if not isinstance(row, dict):
            raise DataError(f"{what}, but {unit} {number} of {path} is not.")
        rows.append({name: "" if value is None else str(value) for name, value in row.items()})
    return pd.DataFrame(rows, dtype=str).fillna("")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _json_list(text: str, path: Path) -> list[Any]:
    try:
        found: list[Any] = json.loads(text)
    except ValueError as error:
        raise DataError(f"a JSON file must be whole, but {path} is not ({error}).") from None
    return found


def _read_separated(
    file: io.TextIOWrapper, path: Path, encoding: str, separator: str, first_line: str, table: Table
) -> None:
    quoted = separator != "\t" or _tabs_are_quoted(path, encoding)
    if quoted:
        _check_quotes(path, encoding, separator, table)
    # only a real line end ends a row: U+0085 and a lone carriage return may stand in a text
    line_end = None if first_line.endswith("\r\n") or "\r" in first_line else "\n"
    try:
        frame = pd.read_csv(
            file,
            sep=separator,
            header=None,
            dtype=str,
            keep_default_na=False,
            quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
            lineterminator=line_end,
        )
    except pd.errors.EmptyDataError:
        raise DataError(f"a data file must hold rows, but {path} holds none.") from None
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise DataError(
            f"every row must have as many fields as the first, but {path} does not: {reason}. "
            "Quote fields that hold the separator."
        ) from None
    frame = frame.fillna("")
    named = not KNOWN_NAMES.isdisjoint(frame.iloc[0].str.strip().str.lower())
    if not named and _first_row_is_data(frame):
        frame.columns = pd.Index([f"column {i + 1}" for i in range(frame.shape[1])])
        table.notes.append("no header: the first line is data")
    else:
        frame.columns = pd.Index(frame.iloc[0].str.strip())
        frame = frame.iloc[1:].reset_index(drop=True)
        frame = _drop_unnamed(frame, table)
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise DataError(f"column names must differ, but {path} has {repeated[0]!r} twice.")
    table.frame = frame


def _check_quotes(path: Path, encoding: str, separator: str, table: Table) -> None:
    """Refuse rows that a quote left open has run together; note quotes that close too early.

    Raises:
        DataError: a field that opens with a quote goes on over several lines, and then what closes
            it is no end of a field.
    """
    odd = 0
    limit = csv.field_size_limit(2**31 - 1)  # a text may be long
    try:
        with _open(path) as raw, _text(raw, encoding) as file:
            # a carriage return within a line is part of a text, which csv would refuse
            lines = (line.rstrip("\r\n").replace("\r", " ") + "\n" for line in file)
            reader = csv.reader(lines, delimiter=separator, strict=True)
            while True:
                begun = reader.line_num + 1
                try:
                    next(reader)
                except StopIteration:
                    break
                except csv.Error:
                    if reader.line_num > begun:
                        raise DataError(
                            f"a field that opens with a quote must close with one, but in {path} "
                            f"one that opens in line {begun:,} closes in line {reader.line_num:,} "
                            "or never, and the rows between would be one. Take the quote away, or "
                            'double it within quotes: "5"" screen".'
                        ) from None
                    odd += 1
    finally:
        csv.field_size_limit(limit)
    if odd:
        table.notes.append(f"{odd:,} lines have a quote that closes before its field ends")


def _tabs_are_quoted(path: Path, encoding: str) -> bool:
    """Tell whether quotes in a TSV quote a field: then whoever opens one closes it, too."""
    opened = 0
    with _open(path) as raw, _text(raw, encoding) as file:
        for line in file:
            for cell in line.rstrip("\r\n").split("\t"):
                if cell.startswith('"'):
                    inner = cell[1:-1].replace('""', "")
                    if len(cell) < 2 or not cell.endswith('"') or '"' in inner:
                        return False
                    opened += 1
    return opened > 0


def _first_row_is_data(frame: pd.DataFrame) -> bool:
    """Say whether a value of the first row recurs below in a column of few values: a label."""
    rest = frame.iloc[1:]
    if rest.empty:
        return False
    return any(
        value != "" and (rest[name] == value).any() and rest[name].nunique() <= 50
        for name, value in frame.iloc[0].items()
    )


def _drop_unnamed(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Leave out columns without a name, as a spreadsheet's stray commas make them."""
    unnamed = frame.columns == ""
    if unnamed.any() and not unnamed.all():
        filled = int((frame.loc[:, unnamed] != "").any(axis=1).sum())
        table.notes.append(
            f"{int(unnamed.sum())} columns without a name left out ({filled:,} rows had text there)"
        )
        frame = frame.loc[:, ~unnamed]
    return frame
