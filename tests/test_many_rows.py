"""Tables of many rows: cells lie end to end, and are what they would be apart."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recurra.data import dates, frames, lines, numbers, parquet, records
from recurra.data.dates import read_dates, read_moments
from recurra.data.lines import Lines
from recurra.data.readers import read_table
from recurra.data.separators import separated
from recurra.data.sequences import Layout, read_sequences
from recurra.data.series import read_series
from recurra.data.states import StepColumns, read_steps
from recurra.errors import DataError


@contextmanager
def many(rows: int = 3) -> Iterator[None]:
    """Let every table be one of many rows, in blocks of a few."""
    with ExitStack() as stack:
        stack.enter_context(patch.object(frames, "MANY_CELLS", 0))
        for module in (frames, numbers, parquet, records, dates):
            stack.enter_context(patch.object(module, "ROWS", rows))
        yield


def cells_of(text: str) -> Any:
    try:
        found = separated(Lines(text, "x.csv"), "x.csv")
        return frames.frame_of(found.blocks).to_numpy().tolist(), found.separator, found.notes
    except DataError as error:
        return str(error)


@given(st.text('ab1,;\t"\r\n 가😀', max_size=80), st.integers(1, 4))
@example('a,b\n1,"x\ny"\n2,z\n3,w\n', 1)
@example('a,b\n1,2\n3,4\n5,"6\n', 2)
@example("a,b\n1,2\n\n3\n4,5,,\n6,7,8\n", 2)
def test_cells_are_the_same_however_the_rows_are_cut_into_blocks(text: str, rows: int) -> None:
    with many(rows):
        in_blocks = cells_of(text)
    assert in_blocks == cells_of(text)


@given(st.text("a\r\n", max_size=20), st.integers(1, 5))
def test_lines_are_the_same_however_the_text_is_cut(text: str, at_once: int) -> None:
    whole = re.sub(r"\r+\n", "\n", text)
    whole = whole if "\n" in whole.rstrip("\n") else whole.replace("\r", "\n")
    expected = whole.split("\n")
    with patch.object(lines, "AT_ONCE", at_once):
        assert list(Lines(text, "x")) == expected[: len(expected) - (not expected[-1])]


@given(
    st.lists(st.datetimes().map(lambda t: t.replace(microsecond=0)), min_size=1, max_size=8),
    st.sampled_from(["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]),
)
def test_moments_that_are_read_fast_are_those_that_are_read_with_care(
    given: list[Any], form: str
) -> None:
    texts = [f"{time.year:04}" + time.strftime(form)[len(time.strftime("%Y")) :] for time in given]

    def read() -> Any:
        try:
            found = read_moments(texts, "x")
        except DataError as error:
            return str(error)
        return found.days.astype(str).tolist(), found.seconds.tolist()

    fast = read()
    with patch.object(dates, "_usual", lambda blocks: None):
        assert read() == fast


LONG = (
    "기계,시각,온도,부하,상태\n"
    + "".join(
        f"m{n % 3},2024-01-{n // 3 + 1:02} 0{n % 3}:30,{n / 7:.3f},{'' if n == 5 else n * n},{s}\n"
        for n, s in enumerate(["정상", "정상", "이상"] * 20)
    )
).encode("cp949")


def long_sequences(path: Path) -> Any:
    found = read_sequences(path, Layout(id="기계", time="시각", label="상태"))
    return [*found.sequences.arrays(), found.labels, found.ids, found.notes, found.channels]


def steps(path: Path) -> Any:
    found = read_steps(path, StepColumns("시각", "상태", "기계"))
    return [found.numbers, found.states, found.offsets, found.times, found.ids, found.notes]


def one_series(path: Path) -> Any:
    found = read_series(path, "온도", time="시각", group="기계")
    return [found.numbers, found.times, found.offsets, found.names, found.notes]


def texts_alone(path: Path) -> Any:
    found = read_table(path)
    return [list(found.frame), found.frame.to_numpy(object), found.notes, found.sha256]


def written_as(ending: str, place: Path) -> Path:
    path = place / f"log.{ending}"
    path.write_bytes(LONG)
    frame = pd.read_csv(path, encoding="cp949") if ending != "csv" else pd.DataFrame()
    if ending == "parquet":
        frame.to_parquet(path)
    if ending == "jsonl":
        frame.to_json(path, orient="records", lines=True, force_ascii=False)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("read", [long_sequences, steps, one_series, texts_alone])
def test_every_reader_reads_the_same_of_many_rows_as_of_few(
    tmp_path: Path, read: Callable[[Path], Any], ending: str
) -> None:
    path = written_as(ending, tmp_path)
    expected = read(path)
    with many():
        found = read(path)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_objects_that_lack_a_name_have_an_empty_cell_there(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"a": {n}}}\n' for n in range(7)) + '{"b": "x"}\n' * 2)
    with many():
        frame = read_table(path).frame
    assert frame.to_numpy().tolist() == [*([str(n), ""] for n in range(7)), *([["", "x"]] * 2)]


def test_a_row_too_wide_is_told_by_its_line_far_below(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,x\n" + "1,2\n" * 100_000 + "1,2,3\n")
    with pytest.raises(DataError, match="expected 2 fields in line 100002, saw 3"):
        read_table(path)


def test_many_cells_take_little_more_than_their_letters(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c\n" + "".join(f"{n},{n / 7:.4f},ok\n" for n in range(20_000)))
    with patch.object(frames, "MANY_CELLS", 1000):
        many_rows = read_table(path).frame
    letters = path.stat().st_size
    assert many_rows.memory_usage(deep=True).sum() < letters + 9 * many_rows.size
    assert many_rows.equals(read_table(path).frame.astype(frames.END_TO_END))


def test_a_column_of_dates_is_read_in_blocks_as_whole() -> None:
    cells = pd.Series([f"2024-02-{day:02} 10:00" for day in range(1, 30)])
    with many():
        found = read_dates(cells, "x")
    assert found.days[[0, -1]].astype(str).tolist() == ["2024-02-01", "2024-02-29"]
    assert set(found.seconds) == {36_000}
