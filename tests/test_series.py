"""Series as people have them: put in order, and what is odd is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.data import read_series
from recurra.data.calendar import Frequency, frequency_of, steps_in
from recurra.errors import DataError, SettingsError

DAYS = pd.date_range("2015-01-01", periods=60, freq="MS")
FRAME = pd.DataFrame({"month": DAYS.strftime("%Y-%m-%d"), "sold": np.arange(60) + 100.5})


def saved(folder: Path, frame: pd.DataFrame, encoding: str = "utf-8", **how: object) -> Path:
    path = folder / "s.csv"
    path.write_bytes(frame.to_csv(index=False, **how).encode(encoding))
    return path


def test_the_newest_first_is_turned_and_a_shuffled_file_is_sorted(tmp_path: Path) -> None:
    plain = read_series(saved(tmp_path, FRAME), "sold")
    assert plain.numbers.tolist() == FRAME["sold"].tolist()
    assert plain.notes == ["monthly, 2015-01 to 2019-12, no season of 12 steps found"]
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
        ({"year": np.repeat([1990, 1991, 1992], 12), "month": [*range(1, 13)] * 3}, "1990-01-01"),
        ({"year": np.repeat(range(2000, 2009), 4), "quarter": [1, 2, 3, 4] * 9}, "2000-01-01"),
    ],
)
def test_quarters_and_years_are_known(
    tmp_path: Path, columns: dict[str, object], first: str
) -> None:
    frame = pd.DataFrame({**columns, "sold": np.arange(36)})[::-1]
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.times is not None
    assert str(found.times[0])[:10] == first
    assert found.numbers.tolist() == list(range(36))


def test_a_table_without_time_stays_in_its_order(tmp_path: Path) -> None:
    frame = pd.DataFrame({"price": range(1990, 2020), "sold": np.arange(30)[::-1]})
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.times is None
    assert found.numbers.tolist() == frame["sold"].tolist()


def test_times_that_repeat_are_one_step_with_the_mean(tmp_path: Path) -> None:
    again = FRAME.iloc[10:14].assign(sold=FRAME["sold"] + 4)
    found = read_series(saved(tmp_path, pd.concat([FRAME, again])), "sold")
    assert found.notes[1] == (
        "4 times stand there more than once, the first is 2015-11-01: the mean is taken"
    )
    expected = FRAME["sold"] + np.where(FRAME.index.isin(range(10, 14)), 2, 0)
    assert found.numbers.tolist() == expected.tolist()
    assert found.filled is None


@pytest.mark.parametrize("leave", ["rows", "cells"])
def test_gaps_and_empty_cells_are_filled_said_and_known_as_filled(
    tmp_path: Path, leave: str
) -> None:
    frame = FRAME.astype({"sold": object})
    holes = [5, *range(20, 29)]
    if leave == "rows":
        frame = frame.drop(index=holes)
    else:
        frame.loc[holes, "sold"] = ["", "nan", "NA", "-", "", "", "", "", "", ""]
    found = read_series(saved(tmp_path, frame), "sold")
    most = ", most of them after 2016-08" if leave == "rows" else ""
    assert found.notes[0] == (
        f"10 of 60 steps are missing or empty{most}: filled along a straight line, and not judged"
    )
    np.testing.assert_allclose(found.numbers, FRAME["sold"])  # it is a straight line
    assert found.filled is not None
    assert np.flatnonzero(found.filled).tolist() == holes


def test_empty_ends_are_left_out_and_a_series_of_holes_is_refused(tmp_path: Path) -> None:
    frame = FRAME.astype({"sold": object})
    frame.loc[[0, 1, 59], "sold"] = ""
    found = read_series(saved(tmp_path, frame), "sold")
    assert len(found) == 57
    assert found.notes[:2] == [
        "2 steps at the beginning are empty: left out",
        "1 steps at the end are empty: left out",
    ]
    for holed in (FRAME.drop(index=range(20, 40)), frame.assign(sold=[1, "", ""] * 20)):
        with pytest.raises(DataError, match="most steps of a series must be there"):
            read_series(saved(tmp_path, holed), "sold")
    with pytest.raises(DataError, match="must hold numbers, but .* has none"):
        read_series(saved(tmp_path, frame.assign(sold="")), "sold")


def test_weekends_are_no_gaps(tmp_path: Path) -> None:
    days = pd.bdate_range("2024-01-01", periods=60)
    frame = pd.DataFrame({"date": days.strftime("%Y-%m-%d"), "sold": np.arange(60)})
    found = read_series(saved(tmp_path, frame.drop(index=[20])), "sold")
    assert len(found) == 59
    assert found.notes[0].startswith("every weekday, 2024-01-01 to 2024-03-22")
    assert found.labels_after(59, 2) == ["2024-03-25", "2024-03-26"]
    holed = read_series(saved(tmp_path, frame.drop(index=range(20, 30))), "sold")
    assert holed.notes[0] == "some 10 steps are missing, most of them after 2024-01-26"


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
    assert found.notes[:-1] == ([said] if said else [])


def test_the_target_is_found_guessed_or_asked_for(tmp_path: Path) -> None:
    korean = FRAME.rename(columns={"month": "날짜", "sold": "매출"})
    path = saved(tmp_path, korean, "cp949")
    assert read_series(path, "매출").target == "매출"
    assert "target guessed: '매출', the only column of numbers" in read_series(path).notes
    path = saved(tmp_path, FRAME.assign(more=1))
    for target in (None, "lost"):
        with pytest.raises(DataError, match="--target must name a column of .* month, sold, more"):
            read_series(path, target)


@pytest.mark.parametrize("cell", ["three", "1.2.3", "inf"])
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    frame = FRAME.astype({"sold": object})
    frame.loc[7, "sold"] = cell
    with pytest.raises(DataError, match=f"row 8 of .* has {cell!r}"):
        read_series(saved(tmp_path, frame), "sold")


def test_every_way_people_write_time_is_read_from_real_files(real_data: Path) -> None:
    folder = real_data / "series" / "forecasting"
    for name, target, often, first, last, season in (
        ("Airline", None, "monthly", "1949-01", "1960-12", 12),
        ("PBS_dataset", None, "monthly", "1991-07", "2008-06", 12),
        ("Lynx", None, "yearly", "1821", "1934", 1),
        ("E6", "R", "quarterly", "1972 Q2", "1998 Q4", 4),
        ("Uschange", "Income", "quarterly", "1970 Q1", "2016 Q3", 1),
        ("co2", None, "weekly", "1958-03-29", "2001-12-29", 52),
        ("elec_equip", None, "monthly", "1995-01", "2016-05", 12),
        ("elnino", None, "monthly", "1950-01", "2010-12", 12),
        ("seatbelts", "KSI", "monthly", "1969-01", "1984-12", 12),
        ("ShampooSales", None, "monthly", "1991-01", "1993-12", 1),
        ("sunspots", None, "yearly", "1700", "2008", 1),
        ("solar", None, "every 30 minutes", "2021-05-01 00:00+00:00", "2021-05-07 00:00+00:00", 48),
    ):
        found = read_series(folder / f"{name}.csv", target)
        assert found.frequency is not None, name
        told = found.frequency.name, found.label_of(0), found.label_of(len(found) - 1)
        assert (*told, found.season) == (often, first, last, season), name
    many = read_series(folder / "m1_yearly_dataset.tsf")
    assert (len(many.names), many.names[0], many.notes) == (
        181,
        "T1",
        ["181 series, yearly, 15 to 58 steps"],
    )
    coin = read_series(real_data / "quotes" / "BTC-KRW.csv", "종가")
    assert coin.numbers[-1] == 35_268_000


@pytest.mark.parametrize("hour", [0.0, 0.25])
def test_days_counted_as_a_spreadsheet_does_say_the_order(tmp_path: Path, hour: float) -> None:
    serial = 45_000 + np.arange(9) + hour
    frame = pd.DataFrame({"date": serial if hour else serial.astype(int), "sold": range(9)})[::-1]
    found = read_series(saved(tmp_path, frame), "sold")
    assert found.numbers.tolist() == list(range(9))
    assert found.time_of(0) == ("2023-03-15 06:00:00" if hour else "2023-03-15")
    assert found.notes[0] == "newest first: turned, so that the oldest comes first"


def test_a_column_of_time_that_cannot_be_read_is_said_and_steps_that_are_counted_are_not(
    tmp_path: Path,
) -> None:
    frame = pd.DataFrame({"date": [3, 1, 2] * 3, "sold": range(9)})
    said = "'date' is not read as time: rows are taken to be in order"
    assert read_series(saved(tmp_path, frame), "sold").notes[0] == said
    frame["date"] = range(9)
    assert read_series(saved(tmp_path, frame), "sold").notes == ["9 steps in the order of the file"]


# ---- tables of years, many series, zones


@pytest.mark.parametrize(
    "names",
    [
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        [f"{month}월" for month in range(1, 13)],
        [f"{month:02}" for month in range(1, 13)],
        ["Q1", "Q2", "Q3", "Q4"],
        [f"{quarter}분기" for quarter in range(1, 5)],
    ],
)
def test_a_year_a_row_is_one_series(tmp_path: Path, names: list[str]) -> None:
    parts = len(names)
    frame = pd.DataFrame(np.arange(10 * parts).reshape(10, parts) + 0.5, columns=names)
    frame = frame.astype(object)
    frame.iloc[-1, -1] = ""  # the year that is not over
    frame.insert(0, "연도" if "월" in names[0] else "year", range(2010, 2020))
    found = read_series(saved(tmp_path, frame[::-1]))
    assert found.numbers.tolist() == (np.arange(10 * parts - 1) + 0.5).tolist()
    assert found.label_of(1) == ("2010-02" if parts == 12 else "2010 Q2")
    assert found.target is None
    assert found.notes[0] == f"a year a row, a {'month' if parts == 12 else 'quarter'} a column"
    alone = read_series(saved(tmp_path, frame), names[0])  # asked for, a column is a series
    assert alone.numbers.tolist() == [parts * year + 0.5 for year in range(10)]


def test_several_series_are_read_by_their_group_each_in_its_own_order(tmp_path: Path) -> None:
    both = pd.concat([FRAME.assign(shop="B", sold=FRAME["sold"] * 2), FRAME[:30].assign(shop="A")])
    found = read_series(saved(tmp_path, both.sample(frac=1, random_state=0)), "sold", group="shop")
    assert sorted(found.names) == ["A", "B"]
    place = found.names.index("A")
    start, end = found.bounds[place : place + 2]
    assert found.numbers[start:end].tolist() == FRAME["sold"][:30].tolist()
    assert found.columns == {"group": "shop"}
    assert found.notes[-1] == "2 series, monthly, 30 to 60 steps, no season of 12 steps found"


TSF = "@attribute series_name string\n@attribute start_timestamp date\n@frequency {}\n@data\n{}"


def test_a_tsf_file_is_read_with_its_names_and_times(tmp_path: Path) -> None:
    path = tmp_path / "many.tsf"
    lines = "a:2000-01-01 00-00-00:1,2,?,4,5,6\nb:2001-03-01 00-00-00:3.5,4\n"
    path.write_text(TSF.format("monthly", lines))
    found = read_series(path)
    assert (found.names, found.bounds.tolist()) == (("a", "b"), [0, 6, 8])
    assert found.numbers.tolist() == [1, 2, 3, 4, 5, 6, 3.5, 4]
    assert [found.label_of(step) for step in (0, 5, 6)] == ["2000-01", "2000-06", "2001-03"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a:2000-01-01 00-00-00:1,two", "must hold numbers"),
        ("a:soon:1,2", "must begin at a time such as"),
        ("a:1,2", "must have 2 attributes and the values"),
        ("a:2000-01-01 00-00-00:1\na:2000-01-01 00-00-00:1", "must differ, but .* has 'a' twice"),
        ("", "must hold series after @data"),
        ("a:2000-01-01 00-00-00:?,?", "must hold numbers, but series 'a' of .* has none"),
    ],
)
def test_a_tsf_file_that_is_wrong_is_refused_by_its_line(
    tmp_path: Path, lines: str, message: str
) -> None:
    path = tmp_path / "wrong.tsf"
    path.write_text(TSF.format("monthly", lines))
    with pytest.raises(DataError, match=message):
        read_series(path)
    path.write_text("a:2000-01-01 00-00-00:1,2")
    with pytest.raises(DataError, match="must have a line @data"):
        read_series(path)


def test_times_of_several_zones_are_brought_to_utc_and_whole_days_stay(tmp_path: Path) -> None:
    zone = "America/New_York"
    hours = pd.date_range("2024-03-09", periods=60, freq="h", tz=zone)
    frame = pd.DataFrame({"time": hours.map(lambda t: t.isoformat()), "y": np.arange(60)})
    found = read_series(saved(tmp_path, frame), "y")
    assert found.frequency is not None
    assert (found.frequency.name, found.filled) == ("hourly", None)
    assert found.label_of(0) == "2024-03-09 05:00+00:00"
    assert "times of 2 zones, as summer time makes them: brought to UTC" in found.notes
    days = pd.date_range("2024-03-01", periods=20, freq="D", tz=zone)
    frame = pd.DataFrame({"time": days.map(lambda t: t.isoformat()), "y": np.arange(20)})
    assert read_series(saved(tmp_path, frame), "y").label_of(19) == "2024-03-20"


def test_a_column_given_as_time_is_read_or_refused_by_its_cell(tmp_path: Path) -> None:
    frame = FRAME.assign(entered="2024-01-01", step=range(60), odd=["soon"] * 60)
    path = saved(tmp_path, frame[["entered", "odd", "step", "month", "sold"]])
    found = read_series(path, "sold", time="month")
    assert (found.label_of(0), found.columns) == ("2015-01", {"time": "month"})
    assert read_series(path, "sold", time="step").times is None
    for time, message in (("odd", "row 1 of .* has 'soon' in 'odd'"), ("mont", "Did you mean")):
        with pytest.raises(DataError, match=message):
            read_series(path, "sold", time=time)


# ---- how often


@pytest.mark.parametrize(
    ("start", "step", "name", "after"),
    [
        ("2024-01-31", "ME", "monthly", "2025-09-30"),
        ("2000-03-31", "QE", "quarterly", "2005-03-31"),
        ("1900-01-01", "YS", "yearly", "1920"),
        ("2024-01-05", "7D", "weekly", "2024-05-24"),
        ("2024-01-05", "D", "daily", "2024-01-25"),
        ("2024-01-05", "15min", "every 15 minutes", "2024-01-05 05:00"),
        ("2024-01-05", "2h", "every 2 hours", "2024-01-06 16:00"),
        ("2024-01-05 00:00:01", "s", "every second", "2024-01-05 00:00:21"),
    ],
)
def test_the_frequency_is_found_and_goes_on_as_the_calendar_does(
    start: str, step: str, name: str, after: str
) -> None:
    times = pd.date_range(start, periods=21, freq=step).to_numpy().astype("datetime64[s]")
    found = frequency_of(np.delete(times[:20], 7))  # a hole changes nothing
    assert found is not None
    assert found.name == name
    np.testing.assert_array_equal(found.after(times[9], 11), times[10:])
    assert found.label(times[20]) == after


def test_steps_of_all_lengths_have_no_frequency() -> None:
    days = np.cumsum([1, 5, 2, 9, 4, 3, 7, 30, 2, 5])
    assert frequency_of(np.datetime64("2024-01-01", "s") + days * np.timedelta64(1, "D")) is None


@pytest.mark.parametrize(
    ("text", "frequency", "steps"),
    [
        ("12", Frequency("month"), 12),
        ("18 months", Frequency("month"), 18),
        ("1y", Frequency("month", 3), 4),
        ("2년", Frequency("month"), 24),
        ("2 weeks", Frequency("day"), 14),
        ("2 weeks", Frequency("weekday"), 10),
        ("48h", Frequency("second", 1800), 96),
        ("1 year", Frequency("day", 7), 52),
        ("3 steps", None, 3),
    ],
)
def test_how_far_ahead_is_said_in_steps_or_in_time(
    text: str, frequency: Frequency | None, steps: int
) -> None:
    assert steps_in(text, frequency) == steps


@pytest.mark.parametrize(
    ("text", "frequency", "message"),
    [
        ("0", None, "1 or more"),
        ("soon", None, "but it is 'soon'"),
        ("3 fortnights", Frequency("day"), "a number of steps"),
        ("2 years", None, "where no column says how often"),
        ("4 months", Frequency("month", 3), "a whole number of steps"),
        ("2 days", Frequency("month"), "a whole number of steps"),
    ],
)
def test_what_is_no_whole_number_of_steps_is_refused(
    text: str, frequency: Frequency | None, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        steps_in(text, frequency)
