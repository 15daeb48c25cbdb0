"""Workbooks are read as the CSV that their own program would save."""

import builtins
import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from recurra.data import read_series, read_table
from recurra.data.readers import read_lines
from recurra.data.workbooks import ENDINGS
from recurra.errors import DataError
from recurra.looking import look
from recurra.markets.prices import read_prices
from tests.written_workbooks import workbook


def test_cells_are_written_as_a_spreadsheet_saves_them(tmp_path: Path) -> None:
    noon = dt.datetime(2024, 3, 20, 12)
    rows = [
        ["글; 본문", "n", "share", "day", "at", "so"],
        ['he said "no", twice\nand left', 7, 0.25, dt.datetime(2024, 3, 20), noon, True],
        ["", -1e20, 1e-7, dt.datetime(1999, 12, 31), noon, False],
    ]
    found = read_table(workbook(tmp_path / "a.xlsx", 자료=rows))
    assert found.notes == ["sheet '자료' of the workbook"]
    assert list(found.frame.columns) == rows[0]
    assert found.frame.iloc[0].to_list() == [
        'he said "no", twice\nand left',
        "7",
        "0.25",
        "2024-03-20",
        "2024-03-20 12:00:00",
        "TRUE",
    ]
    assert found.frame.iloc[1].to_list()[:3] == ["", "-1e+20", "1e-07"]


def test_titles_above_the_header_and_empty_sheets_are_left_out(tmp_path: Path) -> None:
    days = [dt.datetime(2020 + n // 12, n % 12 + 1, 1) for n in range(24)]
    table = [["Sales of shop A", ""], ["", ""], ["month", "sold"]]
    table += [[day, n * 1.5] for n, day in enumerate(days)]
    path = workbook(tmp_path / "sales.xlsx", Sheet1=table, Sheet2=[], Sheet3=[[""]])
    found = read_series(path)
    assert found.numbers.tolist() == [n * 1.5 for n in range(24)]
    assert found.frequency is not None
    assert found.frequency.name == "monthly"
    assert look(path).questions[0].command == f"recurra train forecasting {path} --target sold"


def test_prices_and_lines_are_read_from_workbooks_as_well(tmp_path: Path) -> None:
    days = [dt.datetime(2024, 1, 1) + dt.timedelta(days=n) for n in range(5)]
    bars = [[day, 10.5, 12, 10, 11] for day in days]
    path = workbook(tmp_path / "005930.xlsx", s=[["일자", "시가", "고가", "저가", "종가"], *bars])
    assert read_prices(path).frame["close"].tolist() == [11.0] * 5
    names = workbook(tmp_path / "Korean.xlsx", s=[["김"], ["이"], ["박"]])
    assert list(read_lines(names)) == ["김", "이", "박"]


def test_of_several_sheets_with_rows_none_is_guessed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", one=[["a", "b"], [1, 2]], two=[[0, 0], [False, 0]])
    with pytest.raises(DataError, match=r"has 2 that hold some: one, two\. Save the one"):
        read_table(path)


def test_what_is_no_whole_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "a.xlsx", s=[["a", "b"], [1, 2]]).read_bytes()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.csv", "a,b\n1,2\n")
    wrong = {
        "is not .* cut short": whole[:300],
        "is a zip archive. Unpack it": archive.getvalue(),
        "must be whole and not locked": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    }
    for said, data in wrong.items():
        (tmp_path / "b.xlsx").write_bytes(data)
        with pytest.raises(DataError, match=said):
            read_table(tmp_path / "b.xlsx")
    (tmp_path / "none.xlsx").write_bytes(workbook(tmp_path / "c.xlsx", s=[]).read_bytes())
    with pytest.raises(DataError, match="holds none"):
        read_table(tmp_path / "none.xlsx")


def test_a_workbook_that_unpacks_to_far_more_than_it_was_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recurra.data.contents.UNASKED_BYTES", 10_000)
    path = workbook(tmp_path / "a.xlsx", s=[["a" * 2_000_000, "b"], [1, 2]])
    with pytest.raises(DataError, match="may unpack to"):
        read_table(path)


def test_without_the_extra_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workbook(tmp_path / "a.xlsx", s=[["a", "b"], [1, 2]])
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "python_calamine":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"an Excel workbook\. Save .*pip install"):
        read_table(path)


def test_endings_of_workbooks_are_tables() -> None:
    from recurra.data.readers import TABLES

    assert set(ENDINGS) <= TABLES
