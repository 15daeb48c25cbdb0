"""Excel and OpenDocument workbooks as the CSV text of a sheet; needs the extra `excel`."""

import csv
import datetime as dt
import io
import shlex
import zipfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from recurra.data.contents import check_growth
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError
from recurra.extras import how_to_install
from recurra.files import sheet_of
from recurra.names import listed, near

__all__ = ["WORKBOOKS", "text_of_workbook"]

Sheets = Mapping[str, list[list[Any]]]
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx, .ods and .xls begin


@lru_cache(maxsize=1)  # one file is looked at for tags and as a table
def text_of_workbook(data: bytes, path: Path) -> tuple[str, str]:
    """Give the rows of a workbook as CSV, every cell in quotes, and the name of its sheet.

    The sheet is that which the path names, book.xlsx#May, else the one that holds rows.

    Whole numbers are written without a point, days without a clock, times of day as 09:30, truth as
    TRUE and FALSE: as the workbook's own program would save them.

    Args:
        data: bytes of the file.
        path: as it was given.

    Raises:
        DataError: it is no workbook, or locked; several sheets hold rows and none is named; the
            one that is named is not there; the extra is not there.
    """
    _refuse_other_archives(data, path)
    try:
        import python_calamine as calamine
    except ImportError:
        raise DataError(
            f"a data file must be text (CSV, TSV, JSON), Parquet or Feather, but {path} is an "
            'Excel workbook. Save its sheet as CSV: in Excel, Save As, "CSV UTF-8"; or bring what '
            f"reads workbooks: {how_to_install('excel')}"
        ) from None
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    except (calamine.CalamineError, OSError) as error:
        raise DataError(
            f"an Excel workbook must be whole and not locked, but {path} is not ({error}). Save "
            "its sheet as CSV."
        ) from None
    book, named = sheet_of(path)
    name = _one_of(sheets, book) if named is None else _named(named, sheets, book)
    return _csv(sheets.get(name, [])), name


def _one_of(sheets: Sheets, book: Path) -> str:
    """Give the only sheet that holds something; no name where none does."""
    filled = [
        name for name, rows in sheets.items() if any(cell != "" for row in rows for cell in row)
    ]
    if len(filled) > 1:
        raise DataError(
            f"a sheet must be named where several hold rows, but {book} has {len(filled)}: "
            f"{listed(filled)}. Name one behind the file: {shlex.quote(f'{book}#{filled[0]}')}"
        )
    return next(iter(filled), "")


def _named(given: str, sheets: Sheets, book: Path) -> str:
    found = next((name for name in sheets if meant(name) == meant(given)), None)
    if found is None:
        raise DataError(
            f"{book} must have the sheet that is named, but it has no {quoted(given)}."
            f"{near(given, sheets)} Its sheets are: {listed(sheets)}."
        )
    return found


def _refuse_other_archives(data: bytes, path: Path) -> None:
    if not data.startswith(WORKBOOKS[0]):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            held = packed.infolist()
    except zipfile.BadZipFile:
        raise DataError(
            f"an Excel workbook must be whole and not locked, but {path} is not (it is cut short). "
            "Save its sheet as CSV."
        ) from None
    if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & {one.filename for one in held}:
        raise DataError(
            f"a data file must be text (CSV, TSV, JSON), Parquet or Feather, but {path} is a zip "
            "archive. Unpack it, and name the file in it."
        )
    check_growth(sum(one.file_size for one in held), len(data), path)


def _csv(rows: list[list[Any]]) -> str:
    if all(len(row) == 1 and not {'"', "\n"} & set(str(row[0])) for row in rows):
        return "".join(f"{_cell(row[0])}\n" for row in rows)  # lines
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([list(map(_cell, row)) for row in rows])
    return out.getvalue()


def _cell(value: Any) -> str:
    match value:
        case bool():
            return str(value).upper()
        case float():
            return repr(value).removesuffix(".0")
        case dt.datetime():
            return value.isoformat(sep=" ").removesuffix(" 00:00:00")
        case dt.time():
            return value.isoformat().removesuffix(":00")
        case _:
            return str(value)
