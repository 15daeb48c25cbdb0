"""Files as people have them: no guess is silent, and what cannot be learnt from is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.data import Columns, open_texts, read_series
from recurra.data.classed_lines import open_lines
from recurra.data.multi_labels import LabelColumns, read_multi_labels
from recurra.data.sequence_folders import read_folder
from recurra.data.sequences import Layout, label_sequences, read_sequences
from recurra.data.states import StepColumns, read_steps
from recurra.errors import DataError
from recurra.looking import look
from recurra.problems.splitting import split_steps

DAYS = [f"{1 + row % 12:02d}/{1 + row * 7 % 12:02d}/2024" for row in range(12)]  # of no one order
READ = "read as month/day/year; day/month/year would do as well, with more weekends or less order"


def written(place: Path, **columns: object) -> Path:
    path = place / "file.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_of_days_that_may_be_read_in_two_orders_it_is_said_how_they_were(tmp_path: Path) -> None:
    texts = [f"text number {row}" for row in range(12)]
    path = written(
        tmp_path, day=DAYS, body=texts, kind=["ham", "spam"] * 6, topics=["x;y", "x"] * 6
    )
    assert READ in open_texts(str(path), columns=Columns("body", "kind", time="day")).notes
    asked = LabelColumns(text=["body"], labels=["topics"], time="day")
    assert READ in read_multi_labels(path, asked).notes
    path = written(tmp_path, day=DAYS, x=range(12), y=range(12), kind=["a", "b"] * 6)
    assert READ in read_sequences(path, Layout(time="day", label="kind")).notes
    assert READ in read_steps(path, StepColumns(time="day", label="kind")).notes
    path = written(tmp_path, day=DAYS * 2, id=["a", "b"] * 12, x=range(24), kind=["a", "b"] * 12)
    table = pd.read_csv(path).drop_duplicates(["day", "id"])
    table.to_csv(path, index=False)
    assert READ in read_sequences(path, Layout(id="id", time="day", label="kind")).notes
    (tmp_path / "classes" / "a").mkdir(parents=True)
    pd.DataFrame({"day": DAYS, "x": range(12)}).to_csv(tmp_path / "classes/a/1.csv", index=False)
    found = read_folder(tmp_path / "classes", Layout(time="day", labelled=False))
    assert READ in found.notes


def test_a_group_that_no_row_has_is_refused(tmp_path: Path) -> None:
    texts = [f"text number {row}" for row in range(12)]
    path = written(tmp_path, body=texts, kind=["a", "b"] * 6, who=[""] * 12)
    with pytest.raises(DataError, match="--group must name a column that holds something: 'who'"):
        open_texts(str(path), columns=Columns("body", "kind", group="who"))


@pytest.mark.parametrize("head", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_is_no_file_of_lines(tmp_path: Path, head: bytes) -> None:
    path = tmp_path / "sales.xlsx"
    path.write_bytes(head + b"what a sheet holds\n" * 9)
    for read in (open_lines, look):
        with pytest.raises(DataError, match="an Excel workbook"):
            read(str(path))


def test_a_channel_named_twice_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, id=list("aabb"), x=range(4), kind=list("uuvv"))
    says = "--channels must name each column once, but 'x' stands twice"
    with pytest.raises(DataError, match=says):
        read_sequences(path, Layout(id="id", label="kind", channels=("x", "x")))
    with pytest.raises(DataError, match=says):
        read_steps(path, StepColumns(id="id", label="kind", channels=("x", "x")))


def test_numbers_of_which_no_saved_model_could_be_made_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, id=list("aabb"), x=[1, 2, 3e200, 4], kind=list("uuvv"))
    says = r"numbers must lie within 1e\+30 of 0, but '(x|b)' of .* has 3e\+200"
    with pytest.raises(DataError, match=says):
        read_sequences(path, Layout(id="id", label="kind"))
    with pytest.raises(DataError, match=says):
        read_steps(path, StepColumns(id="id", label="kind"))
    with pytest.raises(DataError, match=r"but 'row 1' of arrays has -1e\+31"):
        label_sequences([np.ones((2, 1)), np.full((2, 1), -1e31)], ["a", "b"])
    with pytest.raises(DataError, match=r"but 'age' of .* has 1e\+31"):
        label_sequences(np.ones((2, 3)), targets=[1.0, 1e31], target="age")


def test_of_a_log_too_short_its_steps_are_told_and_of_one_state_that_it_is_one(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, x=range(30), kind=["a", "b"] * 15)
    rows = read_steps(path, StepColumns(label="kind"))
    with pytest.raises(DataError, match="has 30 steps. Give a longer log, a shorter --window"):
        split_steps(rows, window=128)
    path = written(tmp_path, x=range(3000), kind=["a"] * 3000)
    rows = read_steps(path, StepColumns(label="kind"))
    with pytest.raises(DataError, match="two states or more to tell apart, but every step of"):
        split_steps(rows, window=32)


def test_the_first_row_below_the_header_is_the_first(tmp_path: Path) -> None:
    path = written(tmp_path, time=["2024-01-01", "2024-01-02"], sales=["many", "1"])
    with pytest.raises(DataError, match="--target must hold numbers, but row 1 of"):
        read_series(path, "sales")
