"""When rows are: in one column or in several, as people and exports write it."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recurra.data import read_series
from recurra.data.ahead import known_ahead, read_ahead
from recurra.data.beside import Covariates
from recurra.data.sequences import Layout, read_sequences
from recurra.data.series import Series
from recurra.data.states import StepColumns, read_steps
from recurra.errors import DataError
from recurra.looking import look

MONTHS = [dt.date(2009 + n // 12, n % 12 + 1, 1) for n in range(24)]
HOURS = [dt.datetime(2020, 2, 28) + dt.timedelta(hours=n) for n in range(60)]


def series(folder: Path, head: str, rows: list[str], *, time: str | None = None) -> Series:
    file = folder / "s.csv"
    file.write_text("\n".join([head, *(f"{row},{n + 0.5}" for n, row in enumerate(rows))]), "utf-8")
    return read_series(file, "sold", time=time)


def days(found: Series) -> list[str]:
    assert found.times is not None
    return found.times.astype("datetime64[D]").astype(str).tolist()


@pytest.mark.parametrize(
    "write",
    [
        lambda day: day.strftime("%b-%y"),
        lambda day: day.strftime("%y-%b"),
        lambda day: day.strftime("%m/%Y"),
        lambda day: day.strftime("%B, %Y"),
        lambda day: day.strftime("%Y%m01"),
    ],
)
def test_months_are_read_however_they_are_written(
    write: Callable[[dt.date], str], tmp_path: Path
) -> None:
    found = series(tmp_path, "when it was,sold", [f'"{write(day)}"' for day in MONTHS])
    assert days(found) == [day.isoformat() for day in MONTHS]


def test_days_of_a_month_are_not_taken_for_months_of_years(tmp_path: Path) -> None:
    found = series(tmp_path, "when,sold", [f"Jan-{day:02}" for day in range(1, 29)])
    assert found.times is None


QUARTERS = {
    "1Q{y:02}": "{n}Q{y:02}",
    "Q1'05": "Q{n}'{y:02}",
    "FY2005-Q1": "FY20{y:02}-Q{n}",
    "05.1Q": "{y:02}.{n}Q",
    "2005년 1분기": "20{y:02}년 {n}분기",
}


@pytest.mark.parametrize("style", QUARTERS.values(), ids=QUARTERS)
def test_quarters_are_read_however_they_are_written(style: str, tmp_path: Path) -> None:
    rows = [style.format(n=n % 4 + 1, y=5 + n // 4) for n in range(20)]
    found = series(tmp_path, "quarter,sold", rows)
    assert found.notes[-1].startswith("quarterly, 2005 Q1 to 2009 Q4")
    assert any("fiscal years" in note for note in found.notes) == style.startswith("FY")


def test_weeks_and_halves_of_a_year_are_read(tmp_path: Path) -> None:
    weeks = [dt.date(2020, 11, 2) + dt.timedelta(weeks=n) for n in range(20)]
    written = ["{}-W{:02}".format(*week.isocalendar()) for week in weeks]
    assert days(series(tmp_path, "week,sold", written)) == [week.isoformat() for week in weeks]
    halves = [f"{2000 + n // 2}년 {'상하'[n % 2]}반기" for n in range(12)]
    assert days(series(tmp_path, "기간,sold", halves))[:3] == [
        "2000-01-01",
        "2000-07-01",
        "2001-01-01",
    ]


@pytest.mark.parametrize(
    ("start", "written", "said"),
    [
        ("1659-01-01", "%Y-%m", "monthly, 1659-01 to 1682-12"),
        ("1640-05-03", "%Y년 %-m월 %-d일", "daily, 1640-05-03 to 1641-02-14"),
        ("1001-01-01", "%d.%m.%Y", "daily, 1001-01-01 to 1001-10-15"),
    ],
)
def test_dates_of_old_archives_are_read(
    start: str, written: str, said: str, tmp_path: Path
) -> None:
    day = dt.date.fromisoformat(start)
    if written == "%Y-%m":
        rows = [f"{day.year + n // 12}-{n % 12 + 1:02}" for n in range(288)]
    else:
        rows = [f"{day + dt.timedelta(days=n):{written}}" for n in range(288)]
    found = series(tmp_path, "date,sold", rows)
    assert found.notes[-1].startswith(said)
    assert days(found)[0] == start


PARTS: dict[str, tuple[str, Callable[[dt.datetime], str]]] = {
    "a date and a time": ("Date,Time,sold", lambda t: t.strftime("%d/%m/%Y,%H.%M.%S")),
    "the time before": ("time,date,sold", lambda t: t.strftime("%H:%M,%Y-%m-%d")),
    "a date and an hour": ("날짜,시,sold", lambda t: t.strftime("%Y-%m-%d,%-H")),
    "year, month, day, hour": ("yr,mm,dd,hh,sold", lambda t: t.strftime("%Y,%m,%d,%H")),
    "day before month": ("day,month,year,hour,sold", lambda t: t.strftime("%d,%m,%Y,%H")),
}


@pytest.mark.parametrize(("head", "write"), PARTS.values(), ids=PARTS)
def test_a_time_is_put_together_from_the_columns_it_stands_in(
    head: str, write: Callable[[dt.datetime], str], tmp_path: Path
) -> None:
    found = series(tmp_path, head, [write(time) for time in HOURS])
    assert found.times is not None
    assert found.times.astype("datetime64[s]").tolist() == HOURS
    assert any("together" in note for note in found.notes)


def test_a_date_that_is_given_as_time_takes_its_hours_from_the_column_beside_it(
    tmp_path: Path,
) -> None:
    rows = [time.strftime("%Y-%m-%d,%H:%M") for time in HOURS]
    found = series(tmp_path, "date,hour,sold", rows, time="date")
    assert found.times is not None
    assert found.times.astype("datetime64[s]").tolist() == HOURS


def test_days_that_stand_there_once_need_no_hours(tmp_path: Path) -> None:
    found = series(tmp_path, "date,time,sold", [f"{day},09:{day.month:02}" for day in MONTHS])
    assert found.frequency is not None
    assert found.frequency.name == "monthly"
    assert found.times is not None
    assert found.times.astype("datetime64[s]").tolist() == [
        dt.datetime.combine(day, dt.time()) for day in MONTHS
    ]


@pytest.mark.parametrize("digits", [1, 1000, 10**6])
def test_seconds_since_1970_are_time_whatever_their_column_is_called(
    digits: int, tmp_path: Path
) -> None:
    stamps = [str(int(time.replace(tzinfo=dt.UTC).timestamp()) * digits) for time in HOURS]
    found = series(tmp_path, "ts,sold", stamps)
    assert found.times is not None
    assert found.times.astype("datetime64[s]").tolist() == HOURS


def test_numbers_that_are_no_moments_at_regular_steps_are_no_time(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(10**9, 2 * 10**9, 40)
    assert series(tmp_path, "order,sold", list(map(str, ids))).times is None
    assert series(tmp_path, "price,sold", [str(1900 + n) for n in range(40)]).times is None


@pytest.mark.parametrize("cell", ["합계", "total", "", "2010-13"])
def test_a_row_without_a_time_among_rows_that_have_one_is_refused(
    cell: str, tmp_path: Path
) -> None:
    rows = [day.isoformat() for day in MONTHS]
    rows[20] = cell
    said = r"must have a time, but row 21 of .* has .* in 'date' \(1 of 24 rows"
    with pytest.raises(DataError, match=said):
        series(tmp_path, "date,sold", rows)


def test_remarks_below_a_table_and_empty_rows_are_left_out_and_the_remarks_are_said(
    tmp_path: Path,
) -> None:
    file = tmp_path / "s.csv"
    rows = [f"{day},{n}.5" for n, day in enumerate(MONTHS)]
    ends = [",", "Source: the office of numbers,", ",", "* provisional,"]
    file.write_text("\n".join(["date,sold", *rows[:9], ",", *rows[9:], *ends]), "utf-8")
    found = read_series(file)
    assert len(found) == 24
    assert [note for note in found.notes if "below" in note] == [
        "below the table, left out: '* provisional'",
        "below the table, left out: 'Source: the office of numbers'",
    ]
    file.write_text("\n".join(["date,sold", *rows, "2011-01-01,"]), "utf-8")
    assert not [note for note in read_series(file).notes if "below" in note]


@pytest.mark.parametrize("cell", ["결측", "--", "N/D", "없음", "?"])
def test_a_cell_that_says_that_nothing_is_known_is_filled_as_an_empty_one(
    cell: str, tmp_path: Path
) -> None:
    file = tmp_path / "s.csv"
    rows = [f"{day},{cell if n == 5 else n * 2}" for n, day in enumerate(MONTHS)]
    file.write_text("\n".join(["date,sold", *rows]), "utf-8")
    assert read_series(file).numbers[5] == 10


def test_a_log_and_sequences_take_the_time_of_day_from_its_column(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    rows = [
        f"{time.date()},{time:%H:%M},{n % 7},{'on' if n // 20 % 2 else 'off'},m{n // 30}"
        for n, time in enumerate(HOURS)
    ]
    mixed = [*rows[5:], *rows[:5]]
    file.write_text("\n".join(["Date,Time,heat,state,machine", *mixed]), "utf-8")
    log = read_steps(file, StepColumns(time="Date", label="state", channels=("heat",)))
    assert log.times is not None
    assert np.diff(log.times).tolist() == [3600.0] * 59
    assert log.numbers.ravel().tolist() == [n % 7 for n in range(60)]
    assert "time is 'Date' and 'Time' together" in log.notes
    layout = Layout(id="machine", time="Date", label="machine", channels=("heat",))
    found = read_sequences(file, layout)
    assert found.sequences.table[found.sequences.codes[:30]].ravel().tolist() == [
        n % 7 for n in range(30)
    ]


def test_a_column_that_counts_the_steps_of_each_sequence_is_its_time(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    rows = [f"{n};{t};{t * n % 5},5;{'ab'[n % 2]}" for n in range(30) for t in range(6)]
    file.write_text("\n".join(["versuch;zeit;wert;klasse", *rows]), "utf-8")
    command = look(file).questions[0].command
    assert command.endswith("--id versuch --time zeit --label klasse --channels wert")


def test_one_hour_ahead_is_told_by_its_day_and_its_hour(tmp_path: Path) -> None:
    file, ahead = tmp_path / "log.csv", tmp_path / "ahead.csv"
    rows = [f"{time.date()},{time:%H:%M},{n % 7},{n % 3}" for n, time in enumerate(HOURS)]
    file.write_text("\n".join(["Date,Time,sold,offer", *rows]), "utf-8")
    found = read_series(file, "sold", beside=Covariates(known=("offer",)))
    ahead.write_text("Date,Time,offer\n2020-03-01,12:00,2\n", "utf-8")
    later = read_ahead(ahead, found, ("offer",))
    assert known_ahead(found, 1, later)[0].tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("zones", "said", "first"),
    [
        (("Z", ""), "30 of 60 times say no zone: taken as of +00:00", "2020-02-28 00:00+00:00"),
        (
            ("", "+09:00"),
            "30 of 60 times say no zone: taken as of +09:00",
            "2020-02-28 00:00+09:00",
        ),
        (("", "", "", "", "", "Z"), "50 of 60 times say no zone: taken as of +00:00", None),
        (("Z", "Z"), None, "2020-02-28 00:00+00:00"),
        (("", ""), None, None),
    ],
)
def test_times_of_which_some_say_no_zone_are_taken_as_of_the_zone_of_the_others_and_that_is_said(
    zones: tuple[str, ...], said: str | None, first: str | None, tmp_path: Path
) -> None:
    rows = [f"{each.isoformat()}{zones[n % len(zones)]}" for n, each in enumerate(HOURS)]
    found = series(tmp_path, "time,sold", rows)
    assert [note for note in found.notes if "no zone" in note] == ([said] if said else [])
    assert first is None or found.label_of(0) == first
