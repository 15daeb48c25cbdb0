"""Workbooks are read as the CSV that their own program would save."""

import builtins
import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import read_series, read_table
from recurra.data.pieces import read_pieces
from recurra.data.readers import read_lines
from recurra.data.sequences import Layout, read_sequences
from recurra.errors import DataError
from recurra.files import WORKBOOK_ENDINGS
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
    with pytest.raises(DataError, match=r"has 2: one, two\. Name one behind .*'.*a.xlsx#one'$"):
        read_table(path)


def test_a_sheet_is_named_behind_its_file_by_every_reader(tmp_path: Path) -> None:
    rows = [["text", "label"], *[[f"line {n}, so", "ab"[n % 2]] for n in range(20)]]
    waves = [["label", *range(9)], *[["ab"[n % 2], *range(n, n + 9)] for n in range(20)]]
    path = workbook(tmp_path / "my book.xlsx", 글=rows, waves=waves, **{"v.2": [["x"], [1]]})
    texts = read_table(f"{path}#글")
    assert (texts.source, texts.notes) == (f"{path}#글", ["sheet '글' of the workbook"])
    assert list(read_table(f"{path}#v.2").frame.columns) == ["x"]
    asked = look(f"{path}#글").questions[0]
    assert asked.command == f"recurra train '{path}#글' --text text --label label"
    with read_pieces(Path(f"{path}#글")) as found:
        assert [piece.rows["text"][19].as_py() for piece in found] == ["line 19, so"]
    for ending in (".xlsx", ".ods", ".xlsm"):
        other = path.rename(tmp_path / f"b{ending}")
        assert len(read_sequences(f"{other}#waves", Layout(label="label"))) == 20
        path = other
    told = CliRunner().invoke(app, ["audit", f"{path}#글"])
    assert told.exit_code in (0, 1), told.output


def test_a_sheet_that_is_not_there_is_told_beside_those_that_are(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", April=[["a"], [1]], May=[["a"], [2]])
    with pytest.raises(DataError, match=r"no 'Mai'\. .*sheets are: April, May"):
        read_table(f"{path}#Mai")
    with pytest.raises(DataError, match="No such file"):
        read_table(tmp_path / "b.xlsx#May")


def test_a_file_whose_name_holds_such_a_sign_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx#May").write_text("text,n\nhello,1\n")
    workbook(tmp_path / "a.xlsx", May=[["other"], [2]])
    assert list(read_table(tmp_path / "a.xlsx#May").frame.columns) == ["text", "n"]


def test_look_parses_a_workbook_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import python_calamine as calamine

    opened: list[int] = []
    real = calamine.CalamineWorkbook.from_filelike

    class Counted:
        @staticmethod
        def from_filelike(data: Any) -> Any:
            opened.append(1)
            return real(data)

    monkeypatch.setattr(calamine, "CalamineWorkbook", Counted)
    days = [dt.datetime(2020 + n // 12, n % 12 + 1, 1) for n in range(24)]
    rows = [["month", "sold"], *[[day, n] for n, day in enumerate(days)]]
    assert look(workbook(tmp_path / "once.xlsx", s=rows)).questions
    assert len(opened) == 1


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

    assert set(WORKBOOK_ENDINGS) <= TABLES
