"""Series as people have them: put in order, and what is odd is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.data import read_series
from recurra.errors import DataError

DAYS = pd.date_range("2015-01-01", periods=60, freq="MS")
FRAME = pd.DataFrame({"month": DAYS.strftime("%Y-%m-%d"), "sold": np.arange(60) + 100.5})


def saved(folder: Path, frame: pd.DataFrame, encoding: str = "utf-8", **how: object) -> Path:
    path = folder / "s.csv"
    path.write_bytes(frame.to_csv(index=False, **how).encode(encoding))
    return path


def test_the_newest_first_is_turned_and_a_shuffled_file_is_sorted(tmp_path: Path) -> None:
    plain = read_series(saved(tmp_path, FRAME), "sold")
    assert plain.numbers.tolist() == FRAME["sold"].tolist()
    assert plain.notes == []
    turned = read_series(saved(tmp_path, FRAME[::-1]), "sold")
    mixed = read_series(saved(tmp_path, FRAME.sample(frac=1, random_state=0)), "sold")
    for found, said in ((turned, "newest first"), (mixed, "not in order of time")):
        np.testing.assert_array_equal(found.numbers, plain.numbers)
        np.testing.assert_array_equal(found.times, plain.times)
        assert said in found.notes[0]


@pytest.mark.parametrize(
    "write",
    [
        lambda days: days.strftime("%Y-%m"),
        lambda days: days.strftime("%Y %b"),
        lambda days: days.strftime("%b-%Y"),
        lambda days: days.strftime("%B %Y"),
        lambda days: days.strftime("%b-%-d-%Y"),
        lambda days: days.strftime("%d.%m.%Y"),
        lambda days: days.strftime("%Y년 %m월"),
        lambda days: days.strftime("%Y%m%d"),
        lambda days: days.strftime("%Y-%m-%d %H:%M:%S+00:00"),
    ],
)
@pytest.mark.parametrize("name", ["date", "when it was", ""])
def test_months_are_known_however_they_are_written_and_named(
    tmp_path: Path, write: Callable[[pd.DatetimeIndex], pd.Index], name: str
) -> None:
    texts = write(DAYS)
    if name == "when it was" and texts[0].isdigit():
        pytest.skip("a number alone is no date")
    frame = pd.DataFrame({name: texts, "sold": FRAME["sold"]})[::-1]
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.times is not None
    assert found.times.astype("datetime64[D]").astype(str).tolist() == FRAME["month"].tolist()
    assert found.numbers.tolist() == FRAME["sold"].tolist()


@pytest.mark.parametrize(
    ("columns", "first"),
    [
        ({"quarter": [f"{y} Q{q}" for y in range(2000, 2009) for q in (1, 2, 3, 4)]}, "2000-01-01"),
        ({"when": [f"Q{q} {y}" for y in range(2000, 2009) for q in (1, 2, 3, 4)]}, "2000-01-01"),
        ({"year": range(1900, 1936)}, "1900-01-01"),
        ({"year": [1990] * 12 + [1991] * 24, "month": [*range(1, 13)] * 3}, None),
        ({"year": np.repeat(range(2000, 2009), 4), "quarter": [1, 2, 3, 4] * 9}, "2000-01-01"),
    ],
)
def test_quarters_and_years_are_known(
    tmp_path: Path, columns: dict[str, object], first: str | None
) -> None:
    frame = pd.DataFrame({**columns, "sold": np.arange(36)})[::-1]
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.times is not None
    if first:
        assert str(found.times[0])[:10] == first
        assert found.numbers.tolist() == list(range(36))
    else:
        assert "12 times stand there more than once" in " ".join(found.notes)


def test_a_table_without_time_stays_in_its_order(tmp_path: Path) -> None:
    frame = pd.DataFrame({"price": range(1990, 2020), "sold": np.arange(30)[::-1]})
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.times is None
    assert found.numbers.tolist() == frame["sold"].tolist()


def test_repeats_and_gaps_are_said(tmp_path: Path) -> None:
    twice = pd.concat([FRAME, FRAME.iloc[10:14]])
    said = read_series(saved(tmp_path, twice), "sold").notes
    assert "4 times stand there more than once, the first is 2015-11-01" in said
    holed = read_series(saved(tmp_path, FRAME.drop(index=range(20, 32))), "sold")
    assert holed.notes == ["some 12 steps are missing, most of them after 2016-08-01"]


def test_weekends_are_no_gaps(tmp_path: Path) -> None:
    days = pd.bdate_range("2024-01-01", periods=60)
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "sold": np.arange(60)})
    assert read_series(saved(tmp_path, frame.drop(index=[20])), "sold").notes == []
    holed = read_series(saved(tmp_path, frame.drop(index=range(20, 30))), "sold")
    assert holed.notes == ["some 10 steps are missing, most of them after 2024-01-26"]


def test_stacked_series_are_refused_by_the_column_that_tells_them_apart(tmp_path: Path) -> None:
    both = pd.concat([FRAME.assign(shop="A"), FRAME.assign(shop="B")])
    with pytest.raises(DataError, match="holds 2 below each other, told apart by 'shop'"):
        read_series(saved(tmp_path, both), "sold")


@pytest.mark.parametrize(
    ("write", "separator", "factor", "said"),
    [
        (lambda x: f"{x:.3f}".replace(".", ","), ";", 1, "numbers have a decimal comma"),
        (lambda x: f"{x:g}".replace(".", ","), ";", 1, "numbers have a decimal comma"),
        (lambda x: f"{x:.1f}%", ",", 1, "in percent"),
        (lambda x: f"{x * 1e-15!r}", ",", 1e-15, ""),
        (lambda x: f"{x * 1e150!r}", ",", 1e150, ""),
        (
            lambda x: f"{x * 1000:,.0f}",
            ",",
            1000,
            "nothing tells what commas are: 100,500 is 100500",
        ),
        (lambda x: f"{x * 1000:,.1f}", ";", 1000, ""),
    ],
)
def test_numbers_of_any_size_and_sign_are_read(
    tmp_path: Path, write: Callable[[float], str], separator: str, factor: float, said: str
) -> None:
    frame = FRAME.assign(sold=FRAME["sold"].map(write))
    found = read_series(saved(tmp_path, frame, sep=separator), "sold")
    np.testing.assert_allclose(found.numbers, FRAME["sold"] * factor, rtol=1e-12)
    assert found.notes == ([said] if said else [])


def test_the_target_is_found_guessed_or_asked_for(tmp_path: Path) -> None:
    korean = FRAME.rename(columns={"month": "날짜", "sold": "매출"})
    path = saved(tmp_path, korean, "cp949")
    assert read_series(path, "매출").target == "매출"
    assert "target guessed: '매출', the only column of numbers" in read_series(path).notes
    path = saved(tmp_path, FRAME.assign(more=1))
    for target in (None, "lost"):
        with pytest.raises(DataError, match="--target must be a column of .* month, sold, more"):
            read_series(path, target)


@pytest.mark.parametrize("cell", ["", "three", "nan", "1.2.3", "inf"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    frame = FRAME.astype({"sold": object})
    frame.loc[7, "sold"] = cell
    with pytest.raises(DataError, match=f"row 7 of .* has {cell!r}"):
        read_series(saved(tmp_path, frame), "sold")


def test_real_series_have_the_times_they_are_known_for(real_data: Path) -> None:
    folder = real_data / "series" / "forecasting"
    for name, target, first, last in (
        ("Airline", "Passengers", "1949-01-01", "1960-12-01"),
        ("PBS_dataset", "Scripts", "1991-07-01", "2008-06-01"),
        ("Lynx", "0", "1821-01-01", "1934-01-01"),
        ("E6", "R", "1972-04-01", "1998-10-01"),
    ):
        times = read_series(folder / f"{name}.csv", target).times
        assert times is not None
        assert (str(times[0])[:10], str(times[-1])[:10]) == (first, last)
    coin = read_series(real_data / "quotes" / "BTC-KRW.csv", "종가")
    assert coin.numbers[-1] == 35_268_000


@pytest.mark.parametrize("hour", [0.0, 0.25])
def test_days_counted_as_a_spreadsheet_does_say_the_order(tmp_path: Path, hour: float) -> None:
    serial = 45_000 + np.arange(9) + hour
    frame = pd.DataFrame({"date": serial if hour else serial.astype(int), "sold": range(9)})[::-1]
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.numbers.tolist() == list(range(9))
    assert found.time_of(0) == ("2023-03-15 06:00:00" if hour else "2023-03-15")
    assert found.notes == ["newest first: turned, so that the oldest comes first"]


def test_a_column_of_time_that_cannot_be_read_is_said_and_steps_that_are_counted_are_not(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({"date": [3, 1, 2] * 3, "sold": range(9)})
    said = "'date' is not read as time: rows are taken to be in order"
    assert read_series(saved(tmp_path, frame), "sold").notes == [said]
    frame["date"] = range(9)
    assert read_series(saved(tmp_path, frame), "sold").notes == []
