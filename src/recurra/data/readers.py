"""Tables from CSV, TSV, JSON, Parquet, Feather, ARFF, Excel, as strings; guesses are said."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from recurra.data.contents import Contents, ending_of, read_contents, sha256_of
from recurra.data.encodings import ENCODINGS, decode, known_encoding
from recurra.data.frames import frame_of
from recurra.data.lines import Lines, read_lines
from recurra.data.parquet import MARKS
from recurra.data.records import read_records
from recurra.data.separators import separated
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError
from recurra.files import WORKBOOK_ENDINGS

__all__ = [
    "ENCODINGS",
    "TABLES",
    "Table",
    "header_of",
    "known_encoding",
    "read_lines",
    "read_table",
    "sha256_of",
]

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".txt": "tsv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".arff": "arff",
    **dict.fromkeys(WORKBOOK_ENDINGS, "csv"),
}
TABLES = {*FORMATS, ".parquet", ".feather", ".arrow"} - {".txt"}  # endings of what has columns
FASTTEXT = re.compile(r"__label__(\S+)\s+(.*)", re.DOTALL)
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
        separator: what stood between the cells, None where nothing did (JSON, Parquet).
        unnamed: the columns without a name, same rows, which are no part of `frame`.
    """

    frame: pd.DataFrame
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    separator: str | None = None
    unnamed: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_table(path: str | Path, *, encoding: str | None = None) -> Table:
    """Read a table, every cell as a string; an empty cell is an empty string.

    The format is known by the ending (.csv .tsv .txt .json .jsonl .ndjson .arff, each also .gz), of
    Parquet and Feather by how they begin, and looked at where there is none. A text file's encoding
    is recognised unless given (`recurra.data.encodings`). A first line that is data, not a header,
    is recognised by one of its values recurring as a label below it. The file is read once.

    Args:
        path: the file.
        encoding: one of `ENCODINGS`, None to recognise it.

    Raises:
        DataError: the file is missing, empty, not text, or its rows do not fit its columns.
        SettingsError: the encoding is unknown.
    """
    encoding = known_encoding(encoding)
    contents = read_contents(path)
    table = Table(pd.DataFrame(), str(path), contents.sha256)
    if contents.data.startswith(MARKS):
        from recurra.data.parquet import read_parquet

        table.frame = _distinct(read_parquet(contents), path)
    else:
        _read_text(contents, table, encoding)
    if not len(table.frame):
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    return table


def _read_text(contents: Contents, table: Table, encoding: str | None) -> None:
    path = contents.path
    if not contents.data:
        raise DataError(f"a data file must hold rows, but {path} is empty (0 bytes).")
    decoded = decode(contents, encoding)
    table.notes += decoded.notes
    if not decoded.text.strip():
        raise DataError(f"a data file must hold rows, but {path} holds none.")
    begins = decoded.text[:1000].lstrip()
    if begins[:14].lower().startswith(("<!doctype html", "<html")):
        raise DataError(
            f"a data file must be a table, but {path} is a web page. Open it in a browser: it may "
            "say why, and where the data are."
        )
    kind = FORMATS.get(ending_of(path)) or _format_of(begins)
    if kind == "json":
        frame, notes = read_records(decoded.text, path)
        table.notes += notes
        table.frame = _distinct(frame, path)
    elif kind == "arff":
        from recurra.data.arff import frame_of_arff

        table.frame = _distinct(frame_of_arff(decoded.text, contents), path)
    elif begins.startswith("__label__"):
        table.frame = _fasttext(Lines(decoded.text, path), path)
        table.notes.append("fastText lines: a label, then the text")
    else:
        rows = separated(Lines(decoded.text, path), path, tabs=kind == "tsv")
        frame = frame_of(rows.blocks)
        table.notes += rows.notes
        table.separator = rows.separator
        table.frame = _with_header(frame, table)


def _format_of(begins: str) -> str:
    if re.match(r"(\{|\[\s*(\{|$))", begins):
        return "json"
    return "tsv" if "\t" in begins.partition("\n")[0] else "csv"


def _fasttext(lines: Lines, path: Path) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = FASTTEXT.fullmatch(line.strip())
        if not found or found[2].startswith("__label__"):
            raise DataError(
                "every line of a fastText file must be one __label__NAME and a text, but line "
                f"{number} of {path} is not. Give each text one label."
            )
        rows.append((meant(found[1]), found[2]))
    return pd.DataFrame(rows, columns=["label", "text"], dtype=object)


def header_of(rows: list[list[str]]) -> list[str] | None:
    """Give the first of some rows where it is names, None where it is data."""
    return _names_in(pd.DataFrame(rows, dtype=object))


def _names_in(frame: pd.DataFrame) -> list[str] | None:
    names = list(map(meant, frame.iloc[0]))
    known = not KNOWN_NAMES.isdisjoint(name.lower() for name in names)
    return names if known or not _first_row_is_data(frame) else None


def _with_header(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Take the first row for names where it is no data."""
    if frame.empty:
        raise DataError(f"a data file must hold rows, but {table.source} holds none.")
    names = _names_in(frame)
    if names is None:
        frame.columns = pd.Index([f"column {i + 1}" for i in range(frame.shape[1])])
        table.notes.append("no header: the first line is data")
        return frame
    frame = frame.iloc[1:].reset_index(drop=True).set_axis(pd.Index(names), axis=1)
    return _distinct(_drop_unnamed(frame, table), table.source)


def _distinct(frame: pd.DataFrame, path: object) -> pd.DataFrame:
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise DataError(f"column names must differ, but {path} has {quoted(repeated[0])} twice.")
    return frame


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
        table.unnamed = frame.loc[:, unnamed]
        frame = frame.loc[:, ~unnamed]
    return frame
