"""Forecasting as a judged problem: what is known, asked, counted, probed; baselines; commands."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_of_problems import Changed, held_rows_teach_nothing
from sklearn.linear_model import Ridge
from typer.testing import CliRunner

from recurra import SequenceForecaster, problems, runtime
from recurra.answers.forecasts import Ahead, begun, scales
from recurra.baselines.forecasting import (
    EtsAhead,
    KnownSeries,
    LinearAhead,
    NaiveAhead,
    ThetaAhead,
)
from recurra.baselines.lines import LineRows
from recurra.bundle import read_bundle, write_bundle
from recurra.cli import app
from recurra.data import Series
from recurra.errors import SettingsError
from recurra.judging.intervals import estimate
from recurra.judging.measures import values
from recurra.judging.problem import Fold
from recurra.judging.report import Report
from recurra.judging.run import Found, run
from recurra.names import STARTS
from recurra.problems import forecasts
from recurra.problems.forecasts import ForecastingProblem
from recurra.problems.saved.forecasts import table_of
from recurra.sequences import Histories, conformal_margins

RNG = np.random.default_rng(1)
NUMBERS = 5 + np.sin(np.arange(240) * 0.4) + 0.3 * RNG.normal(size=240)
CUT = 192  # four fifths
SMALL: dict[str, Any] = {"horizon": 3, "window": 8, "season": 4, "epochs": 1, "models": ["gru"]}


def problem_of(numbers: np.ndarray, **given: Any) -> ForecastingProblem:
    problem = problems.forecasting(Series(numbers, "here", "0" * 64), **SMALL | given)
    return replace(problem, contenders=[c for c in problem.contenders if c.name != "ETS"])  # slow


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
    assert asked.windows(8).tolist() == [list(range(192, 200)), list(range(202, 210))]
    assert len(asked.numbers) == 210  # nothing from the last origin on


def test_the_sides_are_those_that_the_estimator_draws(found: Found) -> None:
    ((train, validation),) = found.model("gru").estimator.sides_
    np.testing.assert_array_equal(train, found.problem.folds[0].sides[0][0])
    np.testing.assert_array_equal(validation, found.problem.folds[0].sides[0][1])
    assert found.report.split.train + found.report.split.validation == len(train) + len(validation)


def test_errors_and_what_intervals_hold_are_counted_step_by_step() -> None:
    problem = problem_of(np.arange(240.0))
    said = Ahead(np.array([[200.0, 203.0, 200.0]]), np.array([0.0, 1.0, 2.0]))
    statistics = problem.count(np.array([200]), said)
    assert statistics[0, :6].tolist() == [0.0, 2.0, -2.0, 1.0, 0.0, 1.0]
    found = {measure.name: values(measure, statistics) for measure in problem.measures}
    # season 4: the numbers move by 4. Ends of 90 %: ends = 0.1 margin + what is outside
    ends = np.mean([0.0, 0.1 + 1.0, 0.2])
    assert found == pytest.approx(
        {
            "MAE": 4 / 3,
            "MASE": 1 / 3,
            "RMSE": np.sqrt(8 / 3),
            "WQL": (4 / 3 + 2 * ends) / 3 / 201,
            "coverage": 2 / 3,
        }
    )
    alone = problem.count(np.array([200]), Ahead(said.middle))
    assert np.isnan(values(problem.measures[4], alone))


def test_the_weighted_quantile_loss_is_that_of_the_quantiles() -> None:
    from sklearn.metrics import mean_pinball_loss

    problem = problem_of(NUMBERS)
    rows = problem.folds[0].held
    said = Ahead(RNG.normal(5, 1, (len(rows), 3)), np.array([0.5, 1.0, 2.0]))
    truth = problem._truth(rows).ravel()
    ends = {0.05: said.middle - said.margins, 0.5: said.middle, 0.95: said.middle + said.margins}
    losses = [2 * mean_pinball_loss(truth, q.ravel(), alpha=a) for a, q in ends.items()]
    expected = np.mean(losses) / np.abs(truth).mean()
    assert values(problem.measures[3], problem.count(rows, said)) == pytest.approx(expected)


def test_every_contender_has_intervals_that_hold_about_what_they_promise(found: Found) -> None:
    for each in found.report.contenders:
        inside = each.measures["coverage"].value
        assert inside is not None
        assert 0.7 < inside <= 1, each.name  # of 46 origins that overlap


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
    assert later.size == 3 * 4  # three origins; the season of four does not read the last step


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
    found.statistics = lambda name, repeat=0: np.hstack([inside, inside, inside])  # type: ignore[method-assign]
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
    models = [NaiveAhead(3), NaiveAhead(3, 4, 0.9), ThetaAhead(3, 4, 0.9), LinearAhead(3, 8, 0.8)]
    for model in (*models, EtsAhead(3, 1, 0.9)):
        model.fit(problem.known(fold.known), fold.sides)
        place = tmp_path / f"{type(model).__name__}{id(model)}"
        model.save(place)
        again = type(model).load(place)
        one, other = model.say(asked), again.say(asked)
        np.testing.assert_array_equal(other.middle, one.middle)
        assert (one.margins is None) == (other.margins is None)
        if one.margins is not None and other.margins is not None:
            np.testing.assert_array_equal(other.margins, one.margins)
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
        size = X[train].std()
        ridge = Ridge(penalty).fit(X[train] / size, y[train] / size)
        ahead = ridge.predict(X[validation] / size) * size
        return float(np.abs(ahead - y[validation]).mean())

    assert error(model.penalty) == min(map(error, (0.1, 1.0, 10.0, 100.0, 1000.0)))


def test_the_intervals_of_a_line_are_of_errors_out_of_fold_on_all_rows_known() -> None:
    problem = problem_of(NUMBERS)
    fold = problem.folds[0]
    known = problem.known(fold.known)
    model = LinearAhead(3, 8, 0.8).fit(known, fold.sides)
    asked = known.histories
    missed = np.empty((len(asked), 3))
    for part in np.array_split(np.arange(len(asked)), 5):
        others = np.flatnonzero(np.abs(np.arange(len(asked))[:, None] - part).min(axis=1) >= 3)
        line = LineRows(asked, 3, 8, alone=True, training=others).fit(others, model.penalty)
        missed[part] = np.abs(line.ahead(asked.take(part)) - asked.take(part).ahead(3))
    missed /= scales(asked, 1)[:, None]
    assert model.margins == pytest.approx(conformal_margins(missed, 0.8))


@pytest.mark.parametrize(("quiet", "least", "most"), [(1.0, 0.87, 0.93), (0.3, 0.75, 0.95)])
def test_intervals_of_a_line_cover_though_the_rows_that_validate_are_quieter(
    quiet: float, least: float, most: float
) -> None:
    held = []
    for seed in range(30):
        noise = np.random.default_rng(seed).normal(size=300)
        noise[203:240] *= quiet  # the steps that validate
        numbers = np.zeros(300)
        for step in range(1, 300):
            numbers[step] = 0.6 * numbers[step - 1] + noise[step]
        known, asked = np.arange(8, 238), np.arange(240, 298)
        sides = [(known[:192] - 8, known[195:] - 8)]
        model = LinearAhead(3, 8, 0.9).fit(KnownSeries(numbers[:240], known), sides)
        rows = Histories(numbers[:, None], np.zeros_like(asked), asked)
        said = model.say(rows)
        assert said.margins is not None
        held.append(np.abs(said.middle - rows.ahead(3)) <= said.margins)
    assert least <= np.mean(held) <= most  # of validation rows alone: 0.91, and 0.41


def test_few_rows_leave_the_intervals_of_a_line_to_validation_rows() -> None:
    known = KnownSeries(np.random.default_rng(0).normal(size=30), np.arange(4, 18))
    sides = [(np.arange(9), np.arange(11, 14))]
    model = LinearAhead(2, 4, 0.5).fit(known, sides)
    line = LineRows(known.histories, 2, 4, alone=True, training=np.arange(9))
    asked = known.histories.take(np.arange(11, 14))
    missed = np.abs(line.fit(np.arange(9), model.penalty).ahead(asked) - asked.ahead(2))
    assert model.margins == pytest.approx(
        conformal_margins(missed / scales(asked, 1)[:, None], 0.5)
    )


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
    assert {c.name for c in report.contenders} == {"gru", "naive", "Theta", "ETS", "linear"}
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
    assert head == ["time", "sold", "lower 90%", "upper 90%"]
    assert first[:2] == ["1", f"{found['forecast'][0]:.6g}"]
    assert 20 < found["forecast"][0] < 1000  # sold, and not its logarithm


def test_what_is_said_against_the_training_is_refused(trained: Path) -> None:
    refused = command("predict", trained / "run", trained / "a.csv", "--no-log")
    assert refused.exit_code == 2
    assert "read as in training" in refused.stderr
    wrong = command("predict", trained / "run", trained / "a.csv", "--target", "bought")
    assert wrong.exit_code == 2
    assert "there is no 'bought'. The columns are: day, sold." in " ".join(wrong.stderr.split())


def test_the_best_baseline_can_be_asked_and_has_intervals_too(trained: Path) -> None:
    report = Report.model_validate_json((trained / "run" / "report.json").read_text("utf-8"))
    best = next(each.name for each in report.ranked() if each.baseline)
    done = command("predict", trained / "run", trained / "a.csv", "--with", best, "--json")
    found = json.loads(done.stdout)
    assert (found["model"], len(found["forecast"])) == (best, 3)
    assert all(a < b for a, b in zip(found["lower"], found["upper"], strict=True))
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
        (("a.csv", "--target", "x"), "there is no 'x'. The columns are: day, sold."),
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
    names = ["gru", "conv1d", "naive", "seasonal naive", "Theta", "ETS", "linear"]
    assert [each.name for each in report.contenders] == names
    assert [verdict.model for verdict in report.verdicts] == ["gru", "conv1d"]
    assert report.split.folds == 2
    assert report.contender("naive").measures["coverage"].value is not None
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


# ---- rivals that smooth


WAVE = np.sin(np.arange(96) * np.pi / 6)
GROWING = (100 + np.arange(96)) * (1 + 0.2 * WAVE) + np.random.default_rng(3).normal(size=96)


@pytest.mark.parametrize("season", [1, 12])
def test_theta_is_that_of_statsmodels(season: int) -> None:
    from statsmodels.tsa.forecasting.theta import ThetaModel

    numbers = GROWING if season > 1 else np.cumsum(RNG.normal(0.5, 1, 80)) + 50
    oracle = ThetaModel(
        numbers, period=season, deseasonalize=season > 1, use_test=False, method="mul"
    )
    expected = np.asarray(oracle.fit().forecast(8))
    found = ThetaAhead(8, season).say(numbers[None]).middle[0]
    np.testing.assert_allclose(found, expected, rtol=0.01)


@pytest.mark.parametrize("season", [1, 12])
def test_ets_is_the_best_form_of_statsmodels_and_goes_along_without_a_new_fit(season: int) -> None:
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    model = EtsAhead(6, season)
    found = model.say(Histories(GROWING[:, None], np.zeros(2, int), np.array([84, 90]))).middle
    (fitted,) = model._fits.values()
    size = GROWING[:84].max()
    np.testing.assert_allclose(found[0], np.asarray(fitted.forecast(6)) * size, rtol=1e-9)
    plain = ExponentialSmoothing(GROWING[:84] / size, initialization_method="estimated").fit()
    assert fitted.aicc <= plain.aicc
    if season > 1:
        assert (fitted.model.seasonal, fitted.model.trend) == ("mul", "add")
        truth = np.stack([GROWING[84:90], GROWING[90:96]])
        assert np.abs(found - truth).mean() < 3


@pytest.mark.parametrize("factor", [1e-13, 1e9])
def test_smoothing_forecasts_the_same_in_any_unit(factor: float) -> None:
    for model, tolerance in ((ThetaAhead(4, 12), 1e-6), (EtsAhead(4, 1), 0.01)):
        one, other = (model.say(GROWING[None] * f).middle for f in (1.0, factor))
        np.testing.assert_allclose(other / factor, one, rtol=tolerance)


# ---- many series


def several(count: int, steps: int = 40) -> Series:
    rng = np.random.default_rng(0)
    sizes = 10.0 ** rng.integers(-3, 6, count)
    lengths = rng.integers(steps - 12, steps, count)
    numbers = [
        size * (5 + 0.2 * np.arange(n) + np.cumsum(rng.normal(size=n)))
        for size, n in zip(sizes, lengths, strict=True)
    ]
    names = tuple(f"s{k}" for k in range(count))
    bounds = np.r_[0, np.cumsum(lengths)].astype(np.int64)
    return Series(np.concatenate(numbers), "here", "0" * 64, names=names, offsets=bounds)


def test_of_many_series_each_is_split_by_its_own_time_and_is_one_piece_of_evidence() -> None:
    series = several(24)
    problem = problems.forecasting(series, horizon=3, epochs=1)
    (fold,) = problem.folds
    known, bounds = problem.known(fold.known), series.bounds
    for start, end in pairwise(bounds):
        mine = fold.known[(fold.known >= start) & (fold.known < end)]
        held = fold.held[(fold.held >= start) & (fold.held < end)]
        assert held.max() + 3 == end
        assert mine.min() - start >= problem.window
        assert mine.max() + 3 <= held.min()
    truth = series.numbers[fold.known[:, None] + np.arange(3)]
    np.testing.assert_array_equal(known.histories.ahead(3), truth)
    np.testing.assert_array_equal(known.histories.lengths, problem.asked(fold.known).lengths)
    assert problem.evidence(fold.held).count == 24
    assert problem.measures[0].name == "MASE"
    assert problem._overlap(fold.sides) == 0


def test_one_network_learns_series_of_all_sizes_and_size_changes_nothing(tmp_path: Path) -> None:
    series = several(24)
    place = np.repeat(np.arange(24), np.diff(series.bounds))
    other = replace(series, numbers=series.numbers * (10.0 ** (place % 5))[:])
    reports = []
    for each in (series, other):
        problem = problems.forecasting(each, horizon=3, epochs=2)
        contenders = [c for c in problem.contenders if c.name != "ETS"]
        reports.append(run(replace(problem, contenders=contenders)).report)
    for one, changed in zip(reports[0].contenders, reports[1].contenders, strict=True):
        assert changed.measures["MASE"].value == pytest.approx(one.measures["MASE"].value, rel=1e-3)
    assert all(probe.passed for probe in reports[0].probes)


def test_several_series_go_from_a_file_to_a_report_and_to_dates(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    days = pd.date_range("2020-01-01", periods=40, freq="MS").strftime("%Y-%m")
    shops = [
        pd.DataFrame({"month": days, "shop": f"{k}번", "sold": 50 * k + 9 + rng.random(40)})
        for k in range(4)
    ]
    path = tmp_path / "shops.csv"
    pd.concat(shops).to_csv(path, index=False)
    look = command("look", path).stdout
    assert "--target sold --group shop" in look
    options = ("--group", "shop", "--horizon", "3 months", "--epochs", 1, "--out", tmp_path / "r")
    done = command("train", "forecasting", path, "--target", "sold", *options)
    assert done.exit_code == 0, done.output
    out = tmp_path / "ahead.csv"
    assert command("predict", tmp_path / "r", path, "--out", out).exit_code == 0
    ahead = pd.read_csv(out)
    assert ahead.columns.tolist() == ["series", "time", "sold", "lower 90%", "upper 90%"]
    assert ahead["time"].tolist() == ["2023-05", "2023-06", "2023-07"] * 4
    assert ahead["series"].tolist() == np.repeat([f"{k}번" for k in range(4)], 3).tolist()
    assert np.abs(ahead["sold"] - np.repeat([9.5, 59.5, 109.5, 159.5], 3)).max() < 3
    rows = pd.read_csv(tmp_path / "r" / "predictions.csv")
    assert {"series", "time"} <= set(rows.columns)
    for name in ("evaluate", "predict"):
        told = command(name, tmp_path / "r", path, "--group", "store")
        assert told.exit_code == 2
        assert "--group must name a column of" in " ".join(told.stderr.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--group", "store"), "--group must name a column of"),
        (("--time", "shop"), "--time must hold times"),
        (("--group", "shop", "--horizon", "soon"), "--horizon must be a number of steps"),
        (("--group", "shop", "--horizon", "2 days"), "a whole number of steps"),
        (("--group", "shop", "--horizon", "90"), "long enough to train and to test"),
        ((), "Learn them together with --group"),
    ],
)
def test_what_is_wrong_with_several_series_is_one_line(
    tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    days = pd.date_range("2020-01-01", periods=30, freq="MS").strftime("%Y-%m")
    both = [pd.DataFrame({"month": days, "shop": s, "sold": range(30)}) for s in ("a", "b")]
    path = tmp_path / "shops.csv"
    pd.concat(both).to_csv(path, index=False)
    done = command("train", "forecasting", path, "--target", "sold", *options)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert [each.name for each in tmp_path.iterdir()] == ["shops.csv"]


def test_a_network_begins_as_its_best_rival_and_adds_nothing_where_it_learnt_nothing() -> None:
    walk = np.cumsum(np.random.default_rng(2).normal(size=300))
    found = run(problem_of(walk, season=1, epochs=2, horizon=3))
    estimator = found.model("gru").estimator
    assert estimator.share_ == 0
    asked = found.problem.asked(found.held)
    linear = None if estimator.line_ is None else estimator.line_.ahead(asked)
    start = begun(estimator.begins_, asked, 3, 1, linear)
    np.testing.assert_allclose(estimator.say(asked).middle, start)


def test_a_run_saved_before_networks_had_a_start_forecasts_the_same(tmp_path: Path) -> None:
    model = SequenceForecaster("gru", horizon=3, window=8, season=4, epochs=1).fit(NUMBERS)
    assert (model.begins_, model.share_) == (None, 1.0)
    model.save(tmp_path / "m")
    bundle = read_bundle(tmp_path / "m")
    earlier = {k: v for k, v in bundle.config.items() if k not in ("begins", "share")}
    settings = {k: v for k, v in bundle.config["settings"].items() if k != "start"}
    write_bundle(tmp_path / "old", replace(bundle, config={**earlier, "settings": settings}))
    old, read = SequenceForecaster.load(tmp_path / "old"), runtime.load(tmp_path / "old")
    np.testing.assert_array_equal(
        old.predict_interval([NUMBERS]), model.predict_interval([NUMBERS])
    )
    np.testing.assert_allclose(read.predict([NUMBERS]), model.predict([NUMBERS]), atol=1e-5)  # type: ignore[attr-defined]


@pytest.mark.parametrize("start", STARTS)
def test_a_start_is_saved_and_answers_without_keras_as_with_it(tmp_path: Path, start: str) -> None:
    model = SequenceForecaster("gru", horizon=3, window=8, season=4, epochs=1, start=start)
    model.fit(NUMBERS)
    model.share_ = 0.5
    model.save(tmp_path / "m")
    read: Any = runtime.load(tmp_path / "m")
    asked = [NUMBERS[:100], NUMBERS[5:40] * 1e6, NUMBERS[:8]]
    for one, other in zip(read.predict_interval(asked), model.predict_interval(asked), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_start_that_is_not_known_is_refused() -> None:
    with pytest.raises(SettingsError, match="start must be one of best, naive"):
        SequenceForecaster(start="ets").fit(NUMBERS)


def test_how_far_a_series_moves_is_told_of_seasons_where_it_is_longer_than_one() -> None:
    grown = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert forecasts._moves(grown, 4) == 15
    assert forecasts._moves(grown[:4], 4) == pytest.approx(7 / 3)  # no season before: step by step
    assert forecasts._moves(np.full(5, 3.0), 4) == 3
    assert forecasts._moves(grown[:0], 4) == 1


def test_what_is_drawn_lies_between_the_ends_of_its_interval() -> None:
    from matplotlib.figure import Figure

    problem = problem_of(NUMBERS)
    held = problem.folds[0].held
    middle = problem._truth(held)
    axes = Figure().subplots()
    problem._drawing(0, held, middle, np.full_like(middle, 0.5))(axes)
    drawn = [band.get_paths()[0].vertices[:, 1] for band in axes.collections]
    said = [np.asarray(line.get_ydata()) for line in axes.lines[1:]]
    assert len(drawn) == len(said) > 0
    for band, line in zip(drawn, said, strict=True):
        assert band.min() == pytest.approx(line.min() - 0.5)
        assert band.max() == pytest.approx(line.max() + 0.5)


def test_room_for_chance_in_what_is_promised_is_wider_by_that_of_the_margins() -> None:
    problem = problem_of(np.tile(NUMBERS, 8))
    found = Found(without_networks(problem), {})
    held, validation = problem.folds[0].held, problem.folds[-1].validation
    inside = (np.random.default_rng(0).random((len(held), 3)) < 0.8).astype(float)
    found.statistics = lambda name, repeat=0: np.hstack([inside, inside, inside])  # type: ignore[method-assign]
    (coverage,) = (m for m in problem.measures if m.name == "coverage")
    interval = estimate(coverage, [found.statistics("")], problem.evidence(held)).interval
    assert interval is not None
    low, high = np.log(interval) - np.log1p(-np.array(interval))  # as log-odds
    upper = (low + high) / 2 + np.sqrt(1 + len(held) / len(validation)) * (high - low) / 2
    assert f"up to {1 / (1 + np.exp(-upper)):.1%}." in problem._promise(found).detail


def test_an_answer_is_a_table_under_its_names() -> None:
    told = {"times": ["1", "2"], "forecast": [3.0, 4.0], "target": None}
    ends = {"lower": [2.0, 2.5], "upper": [4.0, 5.5], "level": 0.9}
    assert table_of(told | {"level": 0.9}) == [["time", "forecast"], ["1", 3.0], ["2", 4.0]]
    assert table_of({"series": [{"name": "a", **told, **ends, "target": "y"}]}) == [
        ["series", "time", "y", "lower 90%", "upper 90%"],
        ["a", "1", 3.0, 2.0, 4.0],
        ["a", "2", 4.0, 2.5, 5.5],
    ]
