"""Columns beside a series: known ahead or to the last step; the clock of a place; refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judging_of_problems import Changed, held_rows_teach_nothing
from sklearn.linear_model import Ridge
from typer.testing import CliRunner

from recurra import problems, runtime
from recurra.answers.effects import Effects
from recurra.answers.forecasts import scales
from recurra.baselines.forecasting import (
    EtsAhead,
    KnownSeries,
    LinearAhead,
    NaiveAhead,
    ThetaAhead,
)
from recurra.cli import app
from recurra.data import Series, read_series
from recurra.data.ahead import known_ahead, read_ahead
from recurra.data.beside import Beside, Covariates, Later
from recurra.errors import DataError, SettingsError
from recurra.estimators import SequenceForecaster
from recurra.problems.forecasts import ForecastingProblem
from recurra.problems.saved.forecasts import saved_forecaster
from recurra.runtime.memory import remembered
from recurra.sequences import Histories, conformal_margins, naive_ahead

DAYS, HORIZON = 260, 4


def table(days: int = DAYS) -> pd.DataFrame:
    """Give days of sales that a holiday lowers, and that yesterday's warmth raises."""
    rng = np.random.default_rng(0)
    holiday = (rng.random(days) < 0.1).astype(int)
    warmth = rng.normal(size=days)
    sold = 50 + 5 * np.sin(np.arange(days) * 2 * np.pi / 7) + rng.normal(size=days) / 4
    sold = sold - 30 * holiday + np.r_[0, 4 * warmth[:-1]]
    day = pd.date_range("2023-01-02", periods=days).strftime("%Y-%m-%d")
    columns = {"day": day, "sold": sold.round(3), "holiday": holiday, "warmth": warmth.round(3)}
    return pd.DataFrame(columns)


def written(frame: pd.DataFrame, place: Path, name: str = "shop.csv") -> Path:
    frame.to_csv(place / name, index=False)
    return place / name


def read(frame: pd.DataFrame, place: Path, **how: Any) -> Series:
    beside = Covariates(how.pop("known", ("holiday",)), how.pop("past", ("warmth",)))
    return read_series(written(frame, place), "sold", beside=beside, **how)


def asked(series: Series, **given: Any) -> ForecastingProblem:
    settings: dict[str, Any] = {"horizon": HORIZON, "window": 7, "units": 4, "epochs": 1}
    return problems.forecasting(series, **settings | given)


# ---- what is read


def test_columns_are_read_and_said(tmp_path: Path) -> None:
    frame = table(60).assign(offer=["sale", "", "gift"] * 20)
    series = read(frame, tmp_path, known=("holiday", "offer"))
    assert series.beside is not None
    assert series.beside.names == ("holiday", "offer=gift", "offer=sale", "warmth")
    assert series.beside.known == 3
    assert series.beside.numbers[:3, 1:3].tolist() == [[0, 1], [0, 0], [1, 0]]
    assert "known ahead: holiday, offer=gift, offer=sale" in series.notes
    assert "known to the last step: warmth" in series.notes


def test_rows_in_any_order_and_twice_keep_what_stands_beside_them(tmp_path: Path) -> None:
    frame = table(60)
    plain = read(frame, tmp_path)
    turned = read(frame[::-1], tmp_path)
    mixed = read(pd.concat([frame, frame[5:6]]).sample(frac=1, random_state=0), tmp_path)
    assert plain.beside
    assert turned.beside
    assert mixed.beside
    np.testing.assert_array_equal(turned.beside.numbers, plain.beside.numbers)
    np.testing.assert_allclose(mixed.beside.numbers, plain.beside.numbers)


def test_an_empty_cell_takes_the_value_before_it_and_never_a_later_one(tmp_path: Path) -> None:
    frame = table(60).astype({"warmth": object})
    frame.loc[[7, 8], "warmth"] = ""
    series = read(frame.drop(20), tmp_path)
    assert series.beside is not None
    warmth = series.beside.numbers[:, 1]
    assert warmth[7] == warmth[8] == frame["warmth"][6]
    assert warmth[20] == frame["warmth"][19]  # the day without a row
    assert any("each takes the value of the step before" in note for note in series.notes)


def test_a_forecast_does_not_begin_just_after_a_filled_step(tmp_path: Path) -> None:
    # the line that fills a hole is made of the step that such a forecast is asked for
    frame = table()
    series = read(frame.drop([100, 101, 240]), tmp_path)
    assert series.filled is not None
    problem = asked(series)
    rows = np.concatenate([problem.folds[0].known, problem.folds[0].held])
    assert not series.filled[rows - 1].any()
    assert {99, 102, 241} & set(rows.tolist()) == set()
    assert {103, 242} <= set(rows.tolist())


@pytest.mark.parametrize(
    ("change", "how", "said"),
    [
        (lambda f: f, {"known": ("holyday",)}, "Did you mean 'holiday'"),
        (lambda f: f, {"known": ("sold",)}, "its target, its time or its group"),
        (lambda f: f, {"known": ("warmth",)}, "stands twice"),
        (lambda f: f.assign(holiday=[*f["holiday"][:-1], "5x"]), {}, "row 60 .* has '5x'"),
        (lambda f: f.assign(holiday=[f"d{n}" for n in range(60)]), {}, "up to 50 names"),
        (lambda f: f.assign(holiday=np.where(f["holiday"], "1", "")), {}, "Write 0 where nothing"),
        (lambda f: f.assign(warmth=["", *f["warmth"][1:]]), {}, "the first is step 1"),
    ],
)
def test_columns_that_cannot_be_used_are_refused(
    change: Callable[[pd.DataFrame], pd.DataFrame], how: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises((DataError, SettingsError), match=said):
        read(change(table(60)), tmp_path, **how)


# ---- what a model reads


def test_a_known_column_stands_there_now_and_a_horizon_later() -> None:
    beside = Beside(("a", "p"), 1, np.array([[1.0, 9], [2, 8], [3, 7], [4, 6]]), ())
    found = beside.table(np.array([0, 2, 4]), 1, [np.array([[5.0]]), np.array([[6.0]])])
    assert found.tolist() == [[1, 2, 9], [2, 5, 8], [3, 4, 7], [4, 6, 6]]


def test_held_steps_and_what_stands_beside_them_teach_nothing(tmp_path: Path) -> None:
    frame, cut = table(160), 128

    def make(changed: Changed) -> ForecastingProblem:
        other = frame.copy()
        if changed == "held":
            other.loc[cut:, "sold"] = 7.0 - other["sold"][cut:]
            other.loc[cut:, "warmth"] = 100.0
            other.loc[cut:, "holiday"] = 1 - other["holiday"][cut:]
        if changed == "known":
            other.loc[cut - 1, "sold"] += 1
        (tmp_path / changed).mkdir(exist_ok=True)
        problem = asked(read(other, tmp_path / changed), season=7)
        problem.contenders = [c for c in problem.contenders if c.name != "ETS"]
        return problem

    held_rows_teach_nothing(make, tmp_path)


@given(st.integers(0, 5))
def test_a_forecast_reads_known_columns_ahead_and_no_past_column(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(80, 2))
    series = Series(rng.normal(size=80), "here", "0" * 64, beside=Beside(("k", "p"), 1, values, ()))
    problem = ForecastingProblem(
        name="forecasting",
        data=asked(series).data,
        split="",
        folds=[],
        contenders=(),
        measures=(),
        series=series,
        horizon=HORIZON,
        window=7,
    )
    at = np.array([60])
    before = problem.asked(at).steps
    values[60:, 1] += 1  # the past column from the origin on
    np.testing.assert_array_equal(problem.asked(at).steps, before)
    values[60 + HORIZON :, 0] += 1  # the known column after the horizon
    np.testing.assert_array_equal(problem.asked(at).steps, before)
    values[60 + HORIZON - 1, 0] += 1  # the last step ahead
    assert not np.array_equal(problem.asked(at).steps, before)


# ---- what known columns add


def test_effects_are_a_ridge_regression_on_what_is_left_over() -> None:
    rng = np.random.default_rng(1)
    known = rng.normal(size=(50, 1))
    later = np.r_[known[HORIZON:], np.zeros((HORIZON, 1))]
    ends = np.arange(10, 40)
    steps = np.concatenate([rng.normal(size=(50, 1)), known, later], axis=1)
    histories = Histories(steps, np.zeros_like(ends), ends)
    left = rng.normal(size=(30, HORIZON))
    x = known[:, 0]
    ahead = x[ends[:, None] + np.arange(HORIZON)]
    last = np.repeat(x[ends - 1][:, None], HORIZON, axis=1)
    mean = np.repeat(np.array([x[e - 7 : e].mean() for e in ends])[:, None], HORIZON, axis=1)
    X = np.stack([ahead, naive_ahead(x, ends, HORIZON, 7), last, mean], axis=2).reshape(-1, 4)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    oracle = Ridge(1.0, fit_intercept=False).fit(scaled, left.ravel()).predict(scaled)
    found = Effects.fit(histories, left, 7, 1).ahead(histories, HORIZON, 7)
    np.testing.assert_allclose(found.ravel(), oracle, atol=1e-10)


def test_a_column_that_never_changes_moves_nothing() -> None:
    rng = np.random.default_rng(2)
    steps = np.concatenate([rng.normal(size=(50, 1)), np.full((50, 2), 3.0)], axis=1)
    ends = np.arange(10, 40)
    histories = Histories(steps, np.zeros_like(ends), ends)
    effects = Effects.fit(histories, rng.normal(size=(30, HORIZON)), 1, 1)
    np.testing.assert_allclose(effects.ahead(histories, HORIZON, 1), 0, atol=1e-12)


def test_who_knows_the_holidays_errs_less(tmp_path: Path) -> None:
    frame = table()
    errors = {}
    for known, past in ((("holiday",), ("warmth",)), ((), ())):
        problem = asked(read(frame, tmp_path, known=known, past=past), season=7)
        problem.contenders = [c for c in problem.contenders if c.name not in ("ETS", "gru")]
        fold = problem.folds[0]
        for contender in problem.contenders:
            model = contender.make(0).fit(problem.known(fold.known), fold.sides)
            said = problem.count(fold.held, model.say(problem.asked(fold.held)))
            errors[contender.name, bool(known)] = np.abs(said[:, :HORIZON]).mean()
    for name in ("seasonal naive", "Theta", "linear"):
        assert errors[name, True] < 0.7 * errors[name, False], name


# ---- runs


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("beside")
    shop = written(table()[:-HORIZON], place)
    words = [
        *("train", "forecasting", str(shop), "--target", "sold", "--out", str(place / "run")),
        *("--known", "holiday", "--past", "warmth", "--horizon", str(HORIZON)),
        *("--epochs", "1", "--units", "4"),
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    return place


def test_predict_is_given_the_steps_ahead_in_rows_or_in_a_file(trained: Path) -> None:
    whole = table().astype({"sold": object, "warmth": object})
    later = whole[-HORIZON:]
    whole.loc[later.index, ["sold", "warmth"]] = ""
    rows = written(whole, trained, "rows.csv")
    ahead = written(later[["day", "holiday"]][::-1], trained, "ahead.csv")
    beside = saved_forecaster(trained / "run").kept.baseline
    assert beside is not None
    for model in ([], ["--with", beside.name]):
        by_rows = CliRunner().invoke(app, ["predict", f"{trained}/run", str(rows), *model])
        words = ["predict", f"{trained}/run", f"{trained}/shop.csv", "--ahead", str(ahead), *model]
        by_file = CliRunner().invoke(app, words)
        assert by_rows.exit_code == by_file.exit_code == 0, by_file.output
        assert by_rows.stdout == by_file.stdout
        assert len(by_rows.stdout.splitlines()) == HORIZON + 1


def test_a_holiday_ahead_moves_the_forecast(trained: Path) -> None:
    found = {}
    for holiday in (0, 1):
        frame = table()[-HORIZON:].assign(holiday=[0, holiday, 0, 0])
        ahead = written(frame[["day", "holiday"]], trained, f"ahead{holiday}.csv")
        words = [
            "predict",
            f"{trained}/run",
            f"{trained}/shop.csv",
            "--ahead",
            str(ahead),
            "--json",
        ]
        found[holiday] = json.loads(CliRunner().invoke(app, words).stdout)["forecast"]
    assert found[1][1] < found[0][1] - 15  # a holiday takes 30


def test_a_report_says_how_far_each_known_column_moves_the_forecast(trained: Path) -> None:
    report = json.loads((trained / "run" / "report.json").read_text("utf-8"))
    (shown,) = [each for each in report["exhibits"] if "known ahead" in each["title"]]
    ((name, mean, most),) = shown["rows"]  # of warmth nothing is known ahead
    assert name == "holiday"
    assert 25 < float(most) < 45  # a holiday takes 30; one that is just over moves it back
    assert 2 < float(mean) < 10  # it is one day of ten


def test_what_each_column_moves_adds_up_to_what_all_of_them_add() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(size=(60, 2))
    later = np.r_[known[HORIZON:], np.zeros((HORIZON, 2))]
    steps = np.concatenate([rng.normal(size=(60, 1)), known, later], axis=1)
    ends = np.arange(10, 50)
    histories = Histories(steps, np.zeros_like(ends), ends)
    effects = Effects.fit(histories, rng.normal(size=(40, HORIZON)), 7, 2)
    whole = effects.ahead(histories, HORIZON, 7)
    each = effects.of_each(histories, HORIZON, 7)
    assert each.shape == (2, 40, HORIZON)
    np.testing.assert_allclose(each.sum(axis=0), whole - whole.mean(), atol=1e-12)


def test_memory_of_a_run_that_reads_columns_beside_a_series_is_refused(trained: Path) -> None:
    model = runtime.load(trained / "run" / "model")
    with pytest.raises(SettingsError, match="memory is shown of forecasters of a series alone"):
        remembered(model, np.zeros((20, 4)))


def test_the_baseline_of_a_run_is_loaded_with_what_it_reads(trained: Path) -> None:
    series = read_series(trained / "shop.csv", "sold", beside=Covariates(("holiday",), ("warmth",)))
    problem = asked(series, season=7)
    fold = problem.folds[0]
    rows = problem.asked(fold.held[:3])
    kinds = {"seasonal naive": NaiveAhead, "Theta": ThetaAhead, "linear": LinearAhead}
    for contender in problem.contenders:
        if contender.name in kinds:
            model = contender.make(0).fit(problem.known(fold.known), fold.sides)
            model.save(trained / contender.name)
            again = kinds[contender.name].load(trained / contender.name)
            np.testing.assert_array_equal(again.say(rows).middle, model.say(rows).middle)
            assert again.facts["channels"] == ["holiday", "warmth"]
            with pytest.raises(DataError, match="it has 1 number\\."):
                again.say(Histories(rows.steps[:, :1], rows.starts, rows.ends))
    assert EtsAhead(2, known=1, past=1)._settings()["known"] == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (lambda f: f[:2], "step 2023-09-17 has no value"),
        (lambda f: f.assign(holiday=["0", "", "0", "0"]), "step 2023-09-16 has no value"),
        (lambda f: f.drop(columns="holiday"), "there is no 'holiday'"),
        (lambda f: f.assign(holiday="Chuseok"), "must hold numbers"),
        (lambda f: f.drop(columns="day"), "must have times"),
    ],
)
def test_what_is_not_given_of_the_steps_ahead_is_told(
    rows: Callable[[pd.DataFrame], pd.DataFrame], said: str, trained: Path, tmp_path: Path
) -> None:
    ahead = written(rows(table()[-HORIZON:][["day", "holiday"]]), tmp_path)
    words = ["predict", f"{trained}/run", f"{trained}/shop.csv", "--ahead", str(ahead)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 2
    assert said in done.stderr, done.stderr
    assert done.stdout == ""


def test_without_the_steps_ahead_nothing_is_forecast(trained: Path) -> None:
    done = CliRunner().invoke(app, ["predict", f"{trained}/run", f"{trained}/shop.csv"])
    assert done.exit_code == 2
    assert "holiday must be given for all 4 steps ahead" in done.stderr


def test_it_is_judged_on_what_came_later(trained: Path) -> None:
    more = written(table(DAYS + 40), trained, "more.csv")
    done = CliRunner().invoke(app, ["evaluate", f"{trained}/run", str(more), "--json"])
    assert done.exit_code == 0, done.output


def test_what_is_given_a_series_alone_refuses_such_a_run_in_one_line(trained: Path) -> None:
    for words in (
        ["export", f"{trained}/run", "--onnx", f"{trained}/f.onnx"],
        ["serve", f"{trained}/run", "--port", "0"],
    ):
        done = CliRunner().invoke(app, words)
        assert done.exit_code in (1, 2), done.output
        assert "columns beside it" in done.stderr, done.stderr


def test_steps_ahead_of_a_run_without_known_columns_are_refused(tmp_path: Path) -> None:
    shop = written(table(80), tmp_path)
    words = ["train", "forecasting", str(shop), "--target", "sold", "--epochs", "1", "--units", "2"]
    CliRunner().invoke(app, [*words, "--out", f"{tmp_path}/run"])
    done = CliRunner().invoke(app, ["predict", f"{tmp_path}/run", str(shop), "--ahead", str(shop)])
    assert done.exit_code == 2
    assert "--ahead is of models that were taught columns known ahead" in done.stderr


def test_several_series_have_steps_ahead_of_their_own_or_in_common(tmp_path: Path) -> None:
    two = pd.concat([table(60).assign(shop=name) for name in ("east", "west")])
    series = read(two, tmp_path, group="shop")
    later = [Later(np.array([[1.0], [0.0]])), Later(np.array([[0.0], [0.0]]))]
    found = known_ahead(series, 2, [Later(each.numbers) for each in later])
    assert [each.tolist() for each in found] == [[[1.0], [0.0]], [[0.0], [0.0]]]
    assert series.table(2, found)[[58, 59, 118, 119], 2].tolist() == [1, 0, 0, 0]


# ---- the clock of a place


def clock(first: str, last: str, minutes: int = 60) -> pd.DataFrame:
    when = pd.date_range(first, last, freq=f"{minutes}min", tz="Europe/Berlin", inclusive="left")
    return pd.DataFrame({"time": when.strftime("%Y-%m-%d %H:%M"), "sold": np.arange(len(when))})


@pytest.mark.parametrize("minutes", [60, 30])
@pytest.mark.parametrize("days", [("2024-03-20", "2024-04-10"), ("2024-10-20", "2024-11-10")])
@pytest.mark.parametrize("newest_first", [False, True])
def test_summer_time_makes_no_gap_and_no_repeat(
    days: tuple[str, str], minutes: int, newest_first: bool, tmp_path: Path
) -> None:
    frame = clock(*days, minutes)
    place = written(frame[::-1] if newest_first else frame, tmp_path)
    series = read_series(place, "sold", zone="Europe/Berlin")
    assert series.numbers.tolist() == frame["sold"].tolist()
    assert series.filled is None
    assert series.times is not None
    assert set(np.diff(series.times).astype(int).tolist()) == {minutes * 60}
    assert any("counted in UTC" in note for note in series.notes)
    without = read_series(place, "sold")
    assert len(without) != len(frame)  # an hour is invented, or two become one


def test_answers_are_shown_by_the_clock_of_the_place(tmp_path: Path) -> None:
    frame = clock("2024-10-20", "2024-10-27 01:00")
    series = read_series(written(frame, tmp_path), "sold", zone="Europe/Berlin")
    assert series.labels_after(len(series), 4) == [
        "2024-10-27 01:00+02:00",
        "2024-10-27 02:00+02:00",
        "2024-10-27 02:00+01:00",
        "2024-10-27 03:00+01:00",
    ]


def test_times_with_offsets_are_what_they_are_whatever_the_zone(tmp_path: Path) -> None:
    when = pd.date_range("2024-10-20", "2024-11-03", freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"time": [t.isoformat() for t in when], "sold": np.arange(len(when))})
    plain = read_series(written(frame, tmp_path), "sold")
    seoul = read_series(tmp_path / "shop.csv", "sold", zone="Asia/Seoul")
    assert plain.times is not None
    assert seoul.times is not None
    np.testing.assert_array_equal(plain.times, seoul.times)
    assert seoul.labels_after(len(seoul), 1)[0].endswith("+09:00")


def test_the_hours_of_several_series_are_told_apart(tmp_path: Path) -> None:
    one = clock("2024-10-25", "2024-10-30")
    frame = pd.concat([one.assign(shop=name) for name in "ab"]).sort_values("time", kind="stable")
    series = read_series(written(frame, tmp_path), "sold", group="shop", zone="Europe/Berlin")
    assert np.diff(series.bounds).tolist() == [len(one), len(one)]
    assert series.numbers.tolist() == [*one["sold"], *one["sold"]]


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Berln", "Did you mean 'Europe/Berlin'"),
        ("+09:00", "must be the name of a time zone"),
        ("America/New_York", "was skipped there for summer time"),
    ],
)
def test_a_zone_that_cannot_be_is_refused(zone: str, said: str, tmp_path: Path) -> None:
    when = pd.date_range("2024-03-01", "2024-04-15", freq="h").strftime("%Y-%m-%d %H:%M")
    frame = pd.DataFrame({"time": when, "sold": np.arange(len(when))})
    with pytest.raises((DataError, SettingsError), match=said):
        read_series(written(frame, tmp_path), "sold", zone=zone)


def test_a_zone_is_of_times(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no column of .* is time"):
        read_series(written(table(60)[["sold"]], tmp_path), "sold", zone="Asia/Seoul")


def test_percents_are_numbers(tmp_path: Path) -> None:
    frame = table(60).assign(warmth=[f"{n}%" for n in range(60)])
    series = read(frame, tmp_path)
    assert series.beside is not None
    assert series.beside.numbers[:, 1].tolist() == list(range(60))


def test_steps_ahead_without_times_are_counted_and_no_blank_line_is_lost(tmp_path: Path) -> None:
    frame = table(60).drop(columns="day").assign(offer=["sale", "", ""] * 20)
    series = read(frame, tmp_path, known=("offer",))
    ahead = pd.DataFrame({"step": [1, 2, 3], "offer": ["", "sale", ""]})
    later = read_ahead(written(ahead, tmp_path, "ahead.csv"), series, ["offer"])
    assert known_ahead(series, 3, later)[0].tolist() == [[0.0], [1.0], [0.0]]
    alone = written(ahead[["offer"]], tmp_path, "alone.csv")
    with pytest.raises(DataError, match="blank lines are not read"):
        read_ahead(alone, series, ["offer"])


def test_whole_days_have_no_clock(tmp_path: Path) -> None:
    plain = read(table(60), tmp_path)
    placed = read(table(60), tmp_path, zone="Europe/Berlin")
    assert plain.times is not None
    assert placed.times is not None
    np.testing.assert_array_equal(plain.times, placed.times)
    assert "whole days: --zone changes none" in placed.notes
    assert placed.labels_after(60, 1) == plain.labels_after(60, 1)


# ---- what is chosen and measured on which rows


def test_intervals_of_a_rival_are_those_of_rows_that_told_nothing_of_its_columns(
    tmp_path: Path,
) -> None:
    series = read(table(), tmp_path, past=())
    origins = np.arange(20, DAYS - HORIZON)
    known = KnownSeries(series.numbers, origins, beside=series.table(HORIZON)[:, 1:])
    training, validation = np.arange(150), np.arange(160, len(origins))
    rival = NaiveAhead(HORIZON, season=7, level=0.9, known=1).fit(known, [(training, validation)])
    rows = known.histories.take(np.arange(150, len(origins)))
    missed = np.abs(rival.say(rows).middle - rows.ahead(HORIZON)) / scales(rows, 7)[:, None]
    assert rival.margins == pytest.approx(conformal_margins(missed, 0.9))


def test_a_start_is_chosen_with_its_columns_on_training_rows_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = []

    def fit(rows: Histories, *rest: Any) -> Effects:
        learnt.append(rows.ends.max())
        return original(rows, *rest)

    original = Effects.fit
    monkeypatch.setattr(Effects, "fit", fit)
    steps = read(table(), tmp_path, past=()).table(HORIZON)
    origins = np.arange(20, DAYS - HORIZON)
    whole = Histories(steps, np.zeros_like(origins), origins)
    model = SequenceForecaster(
        "gru", horizon=HORIZON, window=7, season=7, start="best", known=1, epochs=1, units=2
    )
    model.fit_histories(whole, (np.arange(150), np.arange(160, len(origins))))
    assert len(learnt) > 1
    assert max(learnt) == origins[149]
