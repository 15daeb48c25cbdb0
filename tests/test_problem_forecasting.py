"""Forecasting as a judged problem: what is known, asked, counted, probed; baselines; commands."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_of_problems import Changed, held_rows_teach_nothing
from typer.testing import CliRunner

from recurra import problems
from recurra.answers.forecasts import Ahead
from recurra.baselines.forecasting import KnownSeries, LinearAhead, NaiveAhead
from recurra.cli import app
from recurra.data import Series
from recurra.estimators.forecaster import conformal_margins
from recurra.judging.measures import values
from recurra.judging.problem import Fold
from recurra.judging.report import Report
from recurra.judging.run import Found, run
from recurra.problems.forecasts import ForecastingProblem

RNG = np.random.default_rng(0)
NUMBERS = 5 + np.sin(np.arange(240) * 0.4) + 0.3 * RNG.normal(size=240)
CUT = 192  # four fifths
SMALL: dict[str, Any] = {"horizon": 3, "window": 8, "season": 4, "epochs": 1, "models": ["gru"]}


def problem_of(numbers: np.ndarray, **given: Any) -> ForecastingProblem:
    return problems.forecasting(Series(numbers, "here", "0" * 64), **SMALL | given)


@pytest.fixture(scope="module")
def found() -> Found:
    return run(problem_of(NUMBERS))


def without_networks(problem: ForecastingProblem) -> ForecastingProblem:
    """Let `linear` stand in for the network: it takes no time to fit."""
    linear = next(c for c in problem.contenders if c.name == "linear")
    naive = [c for c in problem.contenders if c.name != "linear" and c.baseline]
    return replace(problem, contenders=[replace(linear, baseline=False), *naive])


# ---- what is known, asked and counted


def test_held_steps_teach_nothing(tmp_path: Path) -> None:
    def make(changed: Changed) -> ForecastingProblem:
        numbers = NUMBERS.copy()
        if changed == "held":
            numbers[CUT:] = 100 - numbers[CUT:] ** 2
        if changed == "known":
            numbers[CUT - 1] += 1
        return problem_of(numbers)

    held_rows_teach_nothing(make, tmp_path)


def test_of_every_fold_the_known_series_ends_before_the_first_held_target() -> None:
    for folds in (None, 4):
        problem = problem_of(NUMBERS, folds=folds)
        for fold in problem.folds:
            known = problem.known(fold.known)
            assert known.numbers.base is None  # a copy: nothing behind it can be read
            assert len(known.numbers) == fold.held[0]
            np.testing.assert_array_equal(known.numbers, NUMBERS[: fold.held[0]])
            (train, validation), *_ = fold.sides
            assert fold.known[train].max() + 3 <= fold.known[validation].min()
    assert problem_of(NUMBERS).folds[0].held[[0, -1]].tolist() == [CUT, 237]


def test_asked_are_the_steps_before_each_origin_alone() -> None:
    asked = problem_of(np.arange(240.0)).asked(np.array([200, 210]))
    assert asked.tolist() == [list(range(192, 200)), list(range(202, 210))]


def test_the_sides_are_those_that_the_estimator_draws(found: Found) -> None:
    ((train, validation),) = found.model("gru").estimator.sides_
    np.testing.assert_array_equal(train, found.problem.folds[0].sides[0][0])
    np.testing.assert_array_equal(validation, found.problem.folds[0].sides[0][1])
    assert found.report.split.train + found.report.split.validation == len(train) + len(validation)


def test_errors_and_what_intervals_hold_are_counted_step_by_step() -> None:
    problem = problem_of(np.arange(240.0))
    said = Ahead(np.array([[200.0, 203.0, 200.0]]), np.array([0.0, 1.0, 2.0]))
    statistics = problem.count(np.array([200]), said)
    assert statistics.tolist() == [[0.0, 2.0, -2.0, 1.0, 0.0, 1.0]]
    mae, rmse, coverage = (values(measure, statistics) for measure in problem.measures)
    assert (mae, rmse, coverage) == pytest.approx((4 / 3, np.sqrt(8 / 3), 2 / 3))
    alone = problem.count(np.array([200]), Ahead(said.middle))
    assert np.isnan(values(problem.measures[2], alone))


def test_contenders_without_intervals_show_no_coverage(found: Found) -> None:
    for each in found.report.contenders:
        assert (each.measures["coverage"].value is None) == each.baseline
    assert found.report.contender("gru").measures["coverage"].value is not None


def test_it_is_judged_beside_the_best_rival_and_not_the_worst() -> None:
    # naive loses to the line and wins against the last season, which is of the wrong length
    numbers = np.cumsum(np.random.default_rng(1).normal(size=1500))
    numbers = numbers + 0.8 * np.convolve(np.diff(numbers, prepend=0), np.ones(3), "same")
    problem = problem_of(numbers, season=7)
    naive = next(c for c in problem.contenders if c.name == "naive")
    others = [c for c in problem.contenders if c.name in ("seasonal naive", "linear")]
    contest = replace(problem, contenders=[replace(naive, baseline=False), *others])
    from recurra.judging.decide import decide
    from recurra.judging.run import _fit_and_ask, units_of
    from recurra.listeners import Listener

    said = {
        unit.contender.name: [_fit_and_ask(contest, unit, Listener(), None).statistics]
        for unit in units_of(contest, 1)
    }
    evidence = contest.evidence(contest.folds[0].held)
    rivals = {name: said[name] for name in ("seasonal naive", "linear")}
    verdict = decide(contest.measures, {"naive": said["naive"]}, rivals, evidence)["naive"]
    assert (verdict.answer, verdict.rival) == ("no", "linear")
    alone = {"seasonal naive": said["seasonal naive"]}
    won = decide(contest.measures, {"naive": said["naive"]}, alone, evidence)["naive"]
    assert won.answer == "yes"


# ---- units


MEASURED = ("MAE", "RMSE")


def scaled_alike(one: Report, other: Report, factor: float, tolerance: float) -> None:
    assert one.verdict.answer == other.verdict.answer
    assert one.verdict.rival == other.verdict.rival
    for each in one.contenders:
        for name in MEASURED:
            scaled = other.contender(each.name).measures[name].value
            expected = each.measures[name].value
            assert scaled is not None
            assert expected is not None
            assert scaled / factor == pytest.approx(expected, rel=tolerance), each.name


@given(power=st.floats(-9, 9), shift=st.floats(-100, 100))
@settings(max_examples=12)
def test_baselines_forecast_the_same_in_any_units(power: float, shift: float) -> None:
    def forecasts(numbers: np.ndarray) -> list[np.ndarray]:
        problem = problem_of(numbers)
        (fold,) = problem.folds
        models = [c.make(0) for c in problem.contenders if c.baseline]
        known, asked = problem.known(fold.known), problem.asked(fold.held)
        return [model.fit(known, fold.sides).say(asked).middle for model in models]  # type: ignore[call-arg]

    factor = 10.0**power
    for one, other in zip(forecasts(NUMBERS), forecasts(factor * (NUMBERS + shift)), strict=True):
        np.testing.assert_allclose(other / factor - shift, one, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("factor", "shift"), [(1e-14, 0.0), (3e7, 40.0)])
def test_a_run_finds_the_same_in_any_units(found: Found, factor: float, shift: float) -> None:
    other = run(problem_of(factor * (NUMBERS + shift)))
    scaled_alike(found.report, other.report, factor, 1e-3)


# ---- probes


def probe(found: Found, name: str) -> Any:
    return next(p for p in found.problem.probes(found) if p.name == name)


def test_an_honest_run_passes_every_probe(found: Found) -> None:
    assert [p.passed for p in found.report.probes] == [True, True, True]


class Peeking(ForecastingProblem):
    """Asks with the steps that are to be forecast."""

    def asked(self, rows: np.ndarray) -> np.ndarray:
        return super().asked(rows + 1)


class Generous(ForecastingProblem):
    """Gives fits the whole series."""

    def known(self, rows: np.ndarray) -> KnownSeries:
        known = super().known(rows)
        return replace(known, numbers=self._series().numbers)


def as_kind(kind: type[ForecastingProblem], problem: ForecastingProblem) -> ForecastingProblem:
    return kind(**vars(problem))


def test_a_forecast_that_reads_its_target_is_a_leak() -> None:
    found = run(as_kind(Peeking, problem_of(NUMBERS)))
    later = probe(found, "later steps in a forecast")
    assert not later.passed
    assert later.size == 3 * 3  # three origins; the season of four does not read the last step


def test_a_fit_on_the_held_steps_is_a_leak() -> None:
    found = run(as_kind(Generous, problem_of(NUMBERS)))
    fitted = probe(found, "held targets in the fit")
    assert not fitted.passed
    assert fitted.size == len(NUMBERS) - CUT
    for name in ("gru", "linear", "naive"):
        assert name in fitted.detail


@pytest.mark.parametrize(
    ("share", "passes"), [(0.69, False), (0.8, False), (0.87, True), (0.99, True)]
)
def test_intervals_that_hold_far_less_than_promised_are_a_fault(share: float, passes: bool) -> None:
    problem = problem_of(np.tile(NUMBERS, 8))
    found = Found(without_networks(problem), {})
    rng = np.random.default_rng(0)
    held = problem.folds[0].held
    inside = (rng.random((len(held), 3)) < share).astype(float)
    found.statistics = lambda name, repeat=0: np.hstack([inside, inside])  # type: ignore[method-assign]
    assert problem._promise(found).passed == passes


def test_margins_have_the_rank_that_holds_for_few_errors() -> None:
    errors = np.arange(9.0, 0.0, -1.0)[:, None]  # 1 to 9
    for level, margin in ((0.5, 5.0), (0.7, 7.0), (0.75, 8.0), (0.8, 8.0), (0.9, 9.0), (0.95, 9.0)):
        assert conformal_margins(errors, level).tolist() == [margin]
    assert conformal_margins(np.arange(1.0, 20.0)[:, None], 0.55).tolist() == [11.0]  # 11 exactly


# ---- baselines


def test_saved_baselines_forecast_the_same(tmp_path: Path) -> None:
    problem = problem_of(NUMBERS)
    fold, asked = problem.folds[0], problem.asked(problem.folds[0].held)
    for model in (NaiveAhead(3), NaiveAhead(3, 4), LinearAhead(3, 8)):
        model.fit(problem.known(fold.known), fold.sides)
        place = tmp_path / f"{type(model).__name__}{id(model)}"
        model.save(place)
        again = type(model).load(place)
        np.testing.assert_array_equal(again.say(asked).middle, model.say(asked).middle)
        assert (again.rows, again.steps) == (len(fold.known), CUT)
        with pytest.raises(ValueError, match="a history must have at least"):
            model.say(np.zeros((1, 0)))


def test_the_line_chooses_its_penalty_on_validation_rows_alone() -> None:
    problem = problem_of(NUMBERS)
    fold = problem.folds[0]
    train, validation = fold.sides[0]
    known = problem.known(fold.known)
    model = LinearAhead(3, 8).fit(known, fold.sides)

    def error(penalty: float) -> float:
        at = known.origins[:, None]
        windows = NUMBERS[at - 8 + np.arange(8)]
        X, y = windows - windows[:, -1:], NUMBERS[at + np.arange(3)] - windows[:, -1:]
        one = LinearAhead(3, 8)
        one._fit(X[train], y[train], penalty)
        return float(np.abs(one._ahead(X[validation]) - y[validation]).mean())

    assert error(model.penalty) == min(map(error, (0.1, 1.0, 10.0, 100.0, 1000.0)))


# ---- what cannot be asked


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"series": None}, "give a file"),
        ({"models": ["transformer"]}, "the model must be one of"),
        ({"horizon": 100}, "long enough to train and to test"),
        ({"window": 200}, "long enough to train and to test"),
        ({"folds": 150}, "every fold must hold out steps"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_fit(
    given: dict[str, Any], message: str
) -> None:
    series = given.pop("series", Series(NUMBERS, "here", "0" * 64))
    with pytest.raises(ValueError, match=message):
        problems.forecasting(series, **SMALL | given)


# ---- commands


def command(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forecasting")
    table = pd.DataFrame({"day": range(240), "sold": np.exp(NUMBERS)})
    table.to_csv(folder / "a.csv", index=False)
    options = ("--horizon", 3, "--window", 8, "--epochs", 1, "--out", folder / "run", "--json")
    done = command("train", "forecasting", folder / "a.csv", "--target", "sold", "--log", *options)
    assert done.exit_code == 0, done.output
    report = Report.model_validate_json(done.stdout)
    assert report.problem == "forecasting"
    assert {c.name for c in report.contenders} == {"gru", "naive", "linear"}
    assert [row[0] for row in report.exhibits[0].rows] == ["1", "2", "3"]
    assert "Figures are of the logarithm of sold." in report.notes
    return folder


def test_a_saved_run_remembers_column_and_logarithm(trained: Path) -> None:
    done = command("predict", trained / "run", trained / "a.csv", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["target"], found["log"], found["level"]) == ("sold", True, 0.9)
    ends = zip(found["lower"], found["forecast"], found["upper"], strict=True)
    assert all(0 < a < b < c for a, b, c in ends)
    given = command("predict", trained / "run", trained / "a.csv", "--target", "sold", "--log")
    assert given.exit_code == 0
    head, first = (line.split("\t") for line in given.stdout.splitlines()[:2])
    assert head == ["step", "sold", "lower 90%", "upper 90%"]
    assert first[:2] == ["1", f"{found['forecast'][0]:.6g}"]
    assert 20 < found["forecast"][0] < 1000  # sold, and not its logarithm


def test_what_is_said_against_the_training_is_refused(trained: Path) -> None:
    refused = command("predict", trained / "run", trained / "a.csv", "--no-log")
    assert refused.exit_code == 2
    assert "read as in training" in refused.stderr
    wrong = command("predict", trained / "run", trained / "a.csv", "--target", "bought")
    assert wrong.exit_code == 2
    assert "one of day, sold, but it is 'bought'" in " ".join(wrong.stderr.split())


def test_the_best_baseline_can_be_asked_and_has_no_interval(trained: Path) -> None:
    report = Report.model_validate_json((trained / "run" / "report.json").read_text("utf-8"))
    best = next(each.name for each in report.ranked() if each.baseline)
    done = command("predict", trained / "run", trained / "a.csv", "--with", best, "--json")
    found = json.loads(done.stdout)
    assert (found["model"], len(found["forecast"])) == (best, 3)
    assert "lower" not in found
    other = command("predict", trained / "run", trained / "a.csv", "--with", "psychic")
    assert other.exit_code == 2


def test_the_files_of_a_run_say_what_was_held_in_the_units_of_the_table(trained: Path) -> None:
    rows = pd.read_csv(trained / "run" / "predictions.csv")
    sold = pd.read_csv(trained / "a.csv")["sold"].to_numpy()
    np.testing.assert_allclose(rows["truth"], sold[rows["id"] + rows["ahead"] - 1])
    assert (rows["gru: lower"] < rows["gru"]).all()
    sides = pd.read_csv(trained / "run" / "split.csv")["side"]
    assert sides[CUT:238].eq("test").all()
    assert sides[CUT - 2 : CUT].eq("left out").all()  # their targets would reach into the test
    assert "The last held steps" in (trained / "run" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "give a file"),
        (("absent.csv", "--target", "y"), "absent.csv"),
        (("a.csv", "--target", "x"), "one of day, sold, but it is 'x'"),
        (("a.csv", "--sample"), "give a file"),
    ],
)
def test_what_cannot_be_forecast_is_one_line_and_exit_code_2(
    args: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("day,sold\n1,2\n2,3\n")
    done = command("train", "forecasting", *args)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_forecasters_are_compared_on_the_last_steps_in_turn(tmp_path: Path) -> None:
    options = ("--sample", "--folds", 2, "--epochs", 1, "--models", "gru,conv1d", "--json")
    size = ("--horizon", 2, "--window", 8, "--out", tmp_path / "c")
    done = command("compare", "forecasting", *options, *size)
    assert done.exit_code == 0, done.output
    report = Report.model_validate_json(done.stdout)
    names = ["gru", "conv1d", "naive", "seasonal naive", "linear"]
    assert [each.name for each in report.contenders] == names
    assert [verdict.model for verdict in report.verdicts] == ["gru", "conv1d"]
    assert report.split.folds == 2
    assert report.contender("naive").measures["coverage"].value is None
    assert {path.name for path in (tmp_path / "c").iterdir()} == {"compare.html", "compare.json"}


def test_a_network_fitted_on_all_steps_says_so(tmp_path: Path) -> None:
    problem = problem_of(NUMBERS)
    whole = problem.whole()
    assert isinstance(whole, Fold)
    assert len(problem.known(whole.known).numbers) == len(NUMBERS)
    found = run(problem, fit_all=True)
    assert found.report.training is not None
    assert found.report.training.fitted_on == "all rows"
    assert found.final is not None
    assert found.final.rows == len(whole.known)
