"""Stock rise as a judged problem: what is fitted on what, what is found, what is saved and said."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from sklearn.metrics import matthews_corrcoef
from typer.testing import CliRunner

from recurra import problems
from recurra.baselines.rises import LEARNERS, RULES
from recurra.bundle import write_bundle
from recurra.cli import app
from recurra.errors import BundleError, DataError, SettingsError
from recurra.judging.problem import Fold
from recurra.judging.report import Report
from recurra.judging.run import Found
from recurra.judging.run import run as judge
from recurra.judging.splits import walk_forward
from recurra.listeners import Listener, Progress
from recurra.markets.prices import Prices
from recurra.markets.scales import Standard, VolatilityRule
from recurra.markets.simulator import simulate
from recurra.problems.rise_pages import caveat, prices_of_another_day, survivors
from recurra.problems.rises import parts_of_top, rise_measures
from recurra.problems.saved.rises import NO_CALL, saved_rises
from recurra.problems.stock_rises import RiseProblem, RiseSettings, stock_rise
from recurra.running import run
from recurra.runs import TRAINED

SMALL = RiseSettings(rise=0.02, models=("simple-rnn",), units=4, epochs=1, folds=2)
ONCE = dataclasses.replace(SMALL, folds=1, models=("one-to-one",))
CONTENDERS = ["simple-rnn", *RULES, *LEARNERS]


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return simulate(6, 600, seed=1)


@pytest.fixture(scope="module")
def problem(market: Any) -> RiseProblem:
    return stock_rise(market, SMALL, source="simulated")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rise") / "run"


@pytest.fixture(scope="module")
def found(problem: RiseProblem, place: Path) -> Found:
    return run(problem, place)


def learnt(found: Found, name: str, fold: int) -> list[np.ndarray]:
    """All that a contender learnt, as arrays."""
    model: Any = found.outcomes[name, fold, 0].model
    if name in RULES or name in LEARNERS:
        numbers = [model.base_rate, -1.0 if model.threshold is None else model.threshold]
        return [np.array(numbers), *vars(model.learnt).values()]
    riser = model.estimator
    scale, rule = vars(riser.standard_).values(), vars(riser.rule_).values()
    numbers = [riser.base_rate_, riser.threshold_]
    return [np.array(numbers), *scale, *map(np.asarray, rule), *riser.weights_[0].values()]


def same(one: list[np.ndarray], other: list[np.ndarray]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def changed(problem: RiseProblem, rows: np.ndarray) -> RiseProblem:
    """The same problem, but for what stands in some rows: inputs and outcome."""
    given: Any = problem.rows
    inputs, truth = given.inputs, given.truth.copy()
    rng = np.random.default_rng(0)
    windows, volatility, before = (
        array.copy() for array in (inputs.windows, inputs.volatility, inputs.before)
    )
    windows[rows] = rng.normal(size=windows[rows].shape)
    volatility[rows] = rng.normal(-4, 0.5, volatility[rows].shape)
    before[rows], truth[rows] = -before[rows], 1 - truth[rows]
    spoilt = dataclasses.replace(inputs, windows=windows, volatility=volatility, before=before)
    return dataclasses.replace(problem, rows=dataclasses.replace(given, inputs=spoilt, truth=truth))


# ---- what is fitted on what


@pytest.mark.parametrize("fold", [0, 1])
def test_no_held_row_moves_a_bit_of_anything_fitted_and_a_known_row_moves_all(
    problem: RiseProblem, found: Found, fold: int
) -> None:
    one = problem.folds[fold]
    held = judge(changed(dataclasses.replace(problem, folds=[one]), one.held), fit_all=False)
    for name in CONTENDERS:
        assert same(learnt(found, name, fold), learnt(held, name, 0)), name
    known = judge(changed(dataclasses.replace(problem, folds=[one]), one.train[:40]), fit_all=False)
    for name in CONTENDERS:
        assert not same(learnt(found, name, fold), learnt(known, name, 0)) or name == "always no"


def test_scale_and_rule_are_fitted_in_each_fold_on_its_own_training_rows(
    problem: RiseProblem, found: Found
) -> None:
    rows, truth = problem.rows.inputs, problem.rows.truth == 1  # type: ignore[union-attr]
    for number, fold in enumerate(problem.folds):
        riser = found.outcomes["simple-rnn", number, 0].model.estimator  # type: ignore[union-attr]
        expected = Standard.fit(rows.windows[fold.train])
        np.testing.assert_array_equal(riser.standard_.mean, expected.mean)
        np.testing.assert_array_equal(riser.standard_.deviation, expected.deviation)
        rule = VolatilityRule.fit(rows.volatility[fold.train], truth[fold.train])
        assert riser.rule_.to_json() == rule.to_json()
        trees = found.outcomes["gradient boosting", number, 0].model.learnt  # type: ignore[union-attr]
        np.testing.assert_array_equal(trees.scale_mean, Standard.fit(rows.windows[fold.known]).mean)


def test_a_window_and_five_days_lie_between_all_sides_and_the_report_says_so(
    problem: RiseProblem, found: Found
) -> None:
    calendar = np.unique(problem.dates)

    def between(earlier: np.ndarray, later: np.ndarray) -> int:
        last, first = problem.dates[earlier].max(), problem.dates[later].min()
        return int(((calendar > last) & (calendar < first)).sum())

    for fold in problem.folds:
        assert between(fold.train, fold.validation) == between(fold.known, fold.held) == 15
        assert set(fold.known) == set(fold.train) | set(fold.validation)
    assert problem.split == "by day, 2 fits walking forward, purged by 10 days, embargo 5"
    assert found.report.split.kind == problem.split


@pytest.mark.parametrize("embargo", [0, 3])
def test_what_the_report_says_of_the_split_is_read_off_the_split(
    market: Any, embargo: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def otherwise(dates: Any, folds: int, *, window: int, **_: int) -> Any:
        return walk_forward(dates, folds, window=window, embargo=embargo)

    monkeypatch.setattr(sys.modules["recurra.problems.splitting"], "walk_forward", otherwise)
    assert stock_rise(market, ONCE).split == f"by day, purged by 10 days, embargo {embargo}"


def test_a_fit_on_test_days_fails_the_probe(problem: RiseProblem) -> None:
    one = problem.folds[-1]
    some = one.held[problem.dates[one.held] < np.sort(problem.dates[one.held])[30]]
    known = np.sort(np.append(one.known, some))
    sides = [(np.searchsorted(known, one.train), np.searchsorted(known, one.validation))]
    leaky = dataclasses.replace(problem, folds=[Fold(known, one.held, sides)])
    probes = {probe.name: probe for probe in judge(leaky, fit_all=False).report.probes}
    assert not probes["days on both sides"].passed
    assert probes["days on both sides"].size > 10


def test_the_probe_counts_the_days_between_what_was_fitted_on_and_the_test(found: Found) -> None:
    probe = found.report.probes[0]
    assert (probe.name, probe.passed, probe.size) == ("days on both sides", True, 0)
    assert probe.detail == (
        "15 trading days lie between the last day that any of 7 models was fitted on and the first "
        "test day; a window looks back on 10."
    )


def test_every_contender_was_fitted_up_to_the_last_validation_day(
    problem: RiseProblem, found: Found
) -> None:
    for number, fold in enumerate(problem.folds):
        last = str(problem.dates[fold.validation].max())
        for name in CONTENDERS:
            model: Any = found.outcomes[name, number, 0].model
            assert (model.trained_to, model.rows) == (last, len(fold.known))


def test_nothing_that_is_asked_holds_the_outcome(problem: RiseProblem) -> None:
    fold = problem.folds[0]
    assert np.isnan(problem.asked(fold.held).change).all()
    assert np.isnan(problem.known(fold.known).inputs.change).all()
    assert len(problem.known(fold.known).inputs) == len(fold.known)


# ---- how it is judged


def test_days_are_the_pieces_of_evidence(problem: RiseProblem, found: Found) -> None:
    evidence = problem.evidence(found.held)
    assert evidence.in_time
    assert evidence.count == len(np.unique(problem.dates[found.held]))
    order = np.argsort(problem.dates[found.held], kind="stable")
    assert (np.diff(evidence.pieces[order]) >= 0).all()


def test_two_questions_are_asked_each_corrected_for_what_was_tried(found: Found) -> None:
    report = found.report
    assert [each.model for each in report.edge] == ["simple-rnn", *LEARNERS]
    assert {each.corrected_for for each in report.edge} == {(3, 4)}
    assert {each.rival for each in report.edge} <= set(RULES)
    assert [each.model for each in report.verdicts] == ["simple-rnn"]
    assert report.verdicts[0].corrected_for == (1, 6)
    assert [each.name for each in report.measures] == [
        "Brier score", "Brier skill", "PR-AUC", "ROC-AUC", "precision at 5", "accuracy", "MCC",
    ]  # fmt: skip


def test_measures_by_hand() -> None:
    # 1 - p, p, base rate, part of the top, called, rose
    p = np.array([0.9, 0.2, 0.6, 0.1])
    rose, called = np.array([1.0, 0, 0, 1]), np.array([1.0, 0, 1, 0])
    rows = np.column_stack([1 - p, p, np.full(4, 0.25), [1, 0.5, 0.5, 0], called, rose])
    found = {each.name: float(each.of(rows, np.ones((1, 4)))[0]) for each in rise_measures(2)}
    brier = (0.01 + 0.04 + 0.36 + 0.81) / 4
    assert found["Brier score"] == pytest.approx(brier)
    assert found["Brier skill"] == pytest.approx(1 - brier / ((2 * 0.75**2 + 2 * 0.25**2) / 4))
    assert found["precision at 2"] == pytest.approx(1 / 2)
    assert found["accuracy"] == 0.5
    assert found["MCC"] == pytest.approx(matthews_corrcoef(rose, called))


def test_a_row_of_weight_two_counts_as_two_rows_in_every_measure() -> None:
    rng = np.random.default_rng(0)
    p, rose = rng.random(60), (rng.random(60) < 0.4).astype(float)
    rows = np.column_stack(
        [1 - p, p, np.full(60, 0.4), rng.random(60) < 0.3, p > 0.5, rose]
    ).astype(float)
    weights = rng.integers(0, 3, 60).astype(float)
    repeated = np.repeat(rows, weights.astype(int), axis=0)
    for each in rise_measures(5):
        expected = each.of(repeated, np.ones((1, len(repeated))))
        np.testing.assert_allclose(each.of(rows, weights[None]), expected)


def test_equal_scores_share_the_last_places_of_a_day() -> None:
    days = np.repeat(np.array(["2024-01-02", "2024-01-03"], "datetime64[D]"), 4)
    scores = np.array([0.1, 0.5, 0.5, 0.5, 0.3, 0.2, 0.9, 0.2])
    mixed = np.random.default_rng(0).permutation(8)
    found = np.empty(8)
    found[mixed] = parts_of_top(scores[mixed], days[mixed], 2)
    np.testing.assert_allclose(found, [0, 2 / 3, 2 / 3, 2 / 3, 1, 0, 1, 0])
    np.testing.assert_array_equal(parts_of_top(scores, days, 9), np.ones(8))


def test_a_market_without_memory_of_direction_gives_no_evidence_and_no_call(
    found: Found, place: Path, market: Any
) -> None:
    answer = found.report.answer
    assert answer.startswith("No evidence that a rise of 2 % can be foreseen beyond what ")
    assert "best of 3 models tried" in answer
    model = saved_rises(place)
    assert not model.evidence
    assert model.verdict == answer
    assert set(model.newest(market)["call"]) == {NO_CALL}


def test_a_planted_edge_is_found_and_then_days_are_called(tmp_path: Path) -> None:
    strong = simulate(20, 700, edge=0.4, seed=7)
    settings = dataclasses.replace(SMALL, folds=1, epochs=4)
    report = run(stock_rise(strong, settings), tmp_path / "run").report
    assert report.answer.startswith(
        "Evidence that a rise of 2 % can be foreseen beyond what volatility tells (best of 3 "
    )
    assert (report.edge[0].model, report.edge[0].answer) == ("simple-rnn", "yes")
    model = saved_rises(tmp_path / "run")
    assert model.evidence
    found = model.newest(strong)
    called = found["probability"] >= model.model.threshold
    assert called.any()
    assert not called.all()
    assert set(found["call"][~called]) == {"no rise"}
    assert set(found["call"][called]) <= {"likelier than usual", "rise"}
    # what knows no direction calls nothing, whatever else was found
    if json.loads((tmp_path / "run/model/config.json").read_text())["baseline"] in RULES:
        assert not saved_rises(tmp_path / "run", "volatility").evidence


def test_opens_of_the_next_day_fail_a_probe(market: Any) -> None:
    shifted = {t: f.assign(open=f["open"].shift(-1)).iloc[:-1] for t, f in market.items()}
    honest, ahead = (
        prices_of_another_day(stock_rise(each, ONCE).checks) for each in (market, shifted)
    )
    assert honest.passed
    assert honest.size == 0
    assert (ahead.passed, ahead.size) == (False, 6)
    assert "may hold what is to be foreseen" in ahead.detail
    assert caveat(stock_rise(market, ONCE).checks) == ""
    assert "this answer cannot be trusted" in caveat(stock_rise(shifted, ONCE).checks)


def test_who_is_missing_among_the_tickers_is_counted() -> None:
    said = survivors({"A": "2024-01-03", "B": "2024-01-03", "C": "2023-05-01"})
    assert said.startswith("2 of 3 tickers have prices up to the last day, 2024-01-03.")
    assert "(survivorship)" in said


# ---- what is left behind


def test_a_run_leaves_a_whole_folder_and_says_what_it_found(found: Found, place: Path) -> None:
    names = {path.name for path in place.iterdir()}
    assert names == set(TRAINED)
    report = Report.model_validate_json((place / "report.json").read_text("utf-8"))
    assert report.answer == found.report.answer
    assert [each.name for each in report.contenders] == CONTENDERS
    assert report.contender("base rate").measures["Brier skill"].value == 0
    page = (place / "report.html").read_text("utf-8")
    assert page.index(report.answer[:40]) < page.index(report.verdict.sentence[:20])
    assert "A simulation on past prices" in page
    assert "survivorship" in page
    assert "The checks of 6 tickers found nothing" in page
    told = pd.read_csv(place / "predictions.csv")
    assert list(told.columns) == ["id", "truth", *CONTENDERS]
    assert told["id"][0].startswith("SIM001 20")
    sides = pd.read_csv(place / "split.csv")
    assert set(sides["side"]) == {"train", "validation", "test", "left out"}


def test_the_network_that_is_kept_is_fitted_to_the_newest_day_unless_told_otherwise(
    problem: RiseProblem, found: Found, place: Path, market: Any
) -> None:
    newest = str(problem.dates.max())
    training: Any = found.report.training
    assert (training.fitted_on, training.trained_to) == ("all rows", newest)
    assert saved_rises(place).model.trained_to == newest
    assert f"fitted on all rows, up to {newest}" in (place / "model/card.md").read_text("utf-8")
    judged = judge(stock_rise(market, ONCE), fit_all=False)
    held: Any = judged.report.training
    assert judged.final is None
    assert (held.fitted_on, held.trained_to) == (
        "the rows judged with", str(judged.problem.dates[judged.problem.folds[0].known].max())
    )  # fmt: skip


def test_the_baseline_beside_is_asked_in_place_of_the_network(
    found: Found, place: Path, market: Any
) -> None:
    best = found.best_baseline
    beside = saved_rises(place, best)
    assert (beside.name, beside.model.trained_to) == (best, found.model(best).trained_to)
    np.testing.assert_array_equal(
        beside.newest(market)["probability"], found.model(best).newest(market)["probability"]
    )
    with pytest.raises(SettingsError, match="--with must name a model"):
        saved_rises(place, "lstm")


def test_wrong_prices_are_shown_by_rule_and_ticker(market: Any) -> None:
    spoilt = {ticker: frame.copy() for ticker, frame in list(market.items())[:4]}
    days = spoilt["SIM002"].index[100:110]
    spoilt["SIM002"].loc[days, "close"] = spoilt["SIM002"].loc[days, "high"] * 1.02
    report = judge(stock_rise(spoilt, ONCE), fit_all=False).report
    assert report.notes[-1] == "fault: close out of range, 10 days in 1 of 4 tickers"
    exhibits = {each.title: each for each in report.exhibits}
    (row,) = exhibits["What is wrong with the prices"].rows
    assert row[:4] == ["fault", "close out of range", "10", "1"]
    assert row[4].startswith(f"SIM002, {days[-1].date()}: close ")
    (row,) = exhibits["What is wrong with the prices, by ticker"].rows
    assert row[:3] == ["SIM002", "fault: close out of range", "10"]
    assert row[3].endswith(f"{days[-1].date()} and earlier ones")


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    problem: RiseProblem, found: Found, place: Path, tmp_path: Path
) -> None:
    class KilledError(Exception):
        pass

    class Kill(Listener):
        def stage(self, text: str) -> None:
            if text.startswith("fold 2 of 2: baseline volatility"):
                raise KilledError

    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        run(problem, folder, listeners=[Kill()])
    assert not (folder / "report.json").exists()

    class Count(Listener):
        epochs = 0

        def progress(self, member: int, progress: Progress) -> None:
            Count.epochs += progress.ended

    run(problem, folder, resume=True, listeners=[Count()])
    assert Count.epochs == 1  # that of the fit on all rows
    first, again = (load_file(each / "model/weights.safetensors") for each in (place, folder))
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])


def test_the_problem_opens_the_sample_a_folder_or_tickers(market: Any, tmp_path: Path) -> None:
    for ticker, frame in list(market.items())[:3]:
        frame.round(4).to_csv(tmp_path / f"{ticker}.csv")
    folder = problems.stock_rise(None, ONCE, universe=str(tmp_path))
    assert (folder.data.source, len(folder.checks)) == (str(tmp_path), 3)
    one = problems.stock_rise(None, ONCE, tickers=["SIM001"], source=str(tmp_path))
    assert {each.split()[0] for each in one.ids} == {"SIM001"}
    sample = problems.stock_rise(None, ONCE, sample=True)
    assert sample.data.source.startswith("embedded sample")
    given = [Prices(t, f, "mine", None, None) for t, f in market.items()]
    assert problems.stock_rise(given, ONCE).data.sha256 == stock_rise(market, ONCE).data.sha256


def test_settings_and_bundles_that_make_no_sense_are_refused(
    found: Found, place: Path, market: Any, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="model must be one of"):
        RiseSettings(models=("transformer",))
    with pytest.raises(SettingsError, match="must lie between"):
        RiseSettings(rise=5)
    with pytest.raises(SettingsError, match="first day of validation and of the test"):
        RiseSettings(test_from="2020-01-01")
    with pytest.raises(DataError, match="every side must hold days that rise by 90 %"):
        stock_rise(market, dataclasses.replace(ONCE, rise=0.9))
    with pytest.raises(BundleError):
        saved_rises(tmp_path)
    with pytest.raises(BundleError, match="but it holds a RiseBaseline"):
        saved_rises(place / "model" / "baseline")


def test_a_model_of_the_version_before_is_asked_and_calls_nothing(
    found: Found, market: Any, tmp_path: Path
) -> None:
    from tests.test_riser import bundle_of_before

    old: Any = found.model("simple-rnn").estimator
    write_bundle(tmp_path / "model", bundle_of_before(old))
    model = saved_rises(tmp_path)
    assert "an earlier version" in model.verdict
    told = model.newest(market)
    np.testing.assert_array_equal(told["probability"], old.newest(market)["probability"])
    assert set(told["call"]) == {NO_CALL}
    with pytest.raises(SettingsError, match="an earlier one"):
        saved_rises(tmp_path, "volatility")


# ---- the command line

QUICK = ["--rise", "2%", "--units", "4", "--epochs", "1"]


def test_the_command_line_trains_on_a_folder_predicts_and_refuses_what_is_stale(
    market: Any, tmp_path: Path
) -> None:
    prices = tmp_path / "prices"
    prices.mkdir()
    for ticker, frame in list(market.items())[:4]:
        frame.round(4).to_csv(prices / f"{ticker}.csv")
    out = tmp_path / "run"
    call = CliRunner().invoke
    common = ["--universe", str(prices)]
    settings = [*QUICK, "--model", "simple-rnn"]
    trained = call(
        app,
        ["train", "stock-rise", *common, *settings, "--folds", "1", "--out", str(out), "--json"],
    )
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["training"]["fitted_on"] == "all rows"
    stale = call(app, ["predict", str(out), *common])
    assert stale.exit_code == 2
    assert "--allow-stale" in stale.stderr
    day = str(market["SIM001"].index[-1].date())
    told = call(app, ["predict", str(out), *common, "--as-of", day, "--json"])
    assert told.exit_code == 0, told.output
    answer = json.loads(told.stdout)
    assert len(answer["predictions"]) == 4
    assert {each["call"] for each in answer["predictions"]} == {"no call"}
    assert answer["verdict"].startswith("No evidence")
    assert (answer["evidence"], answer["trained_to"]) == (False, day)
    assert answer["checks"][0]["flags"] == []

    # a fault among the days that the answer rests on is told, and refused if asked
    frame = market["SIM001"].round(4)
    frame.loc[frame.index[-3], "close"] = frame["high"].iloc[-3] * 1.02
    frame.to_csv(prices / "SIM001.csv")
    said = call(app, ["predict", str(out), "SIM001", "--source", str(prices), "--as-of", day])
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("SIM001\tfor ")
    assert "\tno call\t" in said.stdout
    assert "No evidence that a rise of 2 %" in said.stderr
    bad = frame.index[-3].date()
    assert f"SIM001: fault: close out of range (1), last on {bad}" in said.stderr
    refused = call(app, ["predict", str(out), *common, "--as-of", day, "--strict"])
    assert refused.exit_code == 2
    assert "must have no faults" in refused.stderr
    # a ticker of the universe that is too short keeps no other from its answer
    market["SIM005"].iloc[-100:].round(4).to_csv(prices / "SIM005.csv")
    others = call(app, ["predict", str(out), *common, "--as-of", day])
    assert [line[:6] for line in others.stdout.splitlines()] == [
        "SIM001", "SIM002", "SIM003", "SIM004"
    ]  # fmt: skip
    assert "SIM005 must have 250 days" in others.stderr
    alone = call(app, ["predict", str(out), "SIM005", "--source", str(prices), "--as-of", day])
    assert alone.exit_code == 2

    strict = [*common, *settings, "--strict", "--out", str(tmp_path / "none")]
    again = call(app, ["train", "stock-rise", *strict])
    assert again.exit_code == 2
    assert not (tmp_path / "none").exists()
    wrong = call(app, ["train", "stock-rise", "--rise", "lots", "--sample"])
    assert wrong.exit_code == 2
    assert "a share is written as 5%" in wrong.stderr


def test_a_training_on_the_sample_leads_with_its_answer(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    shown = CliRunner().invoke(
        app,
        ["train", "stock-rise", "--sample", *QUICK, "--model", "one-to-one", "--folds", "1",
         "--no-fit-all", "--out", out],
    )  # fmt: skip
    assert shown.exit_code == 0, shown.output
    report = json.loads((tmp_path / "run/report.json").read_text("utf-8"))
    told = " ".join(shown.stdout.split())
    assert "embedded sample" in told
    assert told.index(report["answer"]) < told.index(report["verdicts"][0]["sentence"])
    assert report["training"]["fitted_on"] == "the rows judged with"


def test_networks_are_compared_on_folds_that_walk_forward(tmp_path: Path) -> None:
    out = tmp_path / "c"
    done = CliRunner().invoke(
        app,
        ["compare", "stock-rise", "--sample", "--models", "one-to-one", "--window", "5", *QUICK,
         "--folds", "2", "--json", "--out", str(out)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report == json.loads((out / "compare.json").read_text("utf-8"))
    assert report["split"]["kind"].startswith("by day, 2 fits walking forward, purged by 5 days")
    assert report["answer"].startswith("No evidence")
    assert [each["name"] for each in report["contenders"]] == ["one-to-one", *RULES, *LEARNERS]
    assert report["contenders"][0]["measures"]["Brier score"]["deviation"] is not None


def test_a_universe_that_is_neither_a_folder_nor_a_listing_is_refused() -> None:
    found = CliRunner().invoke(app, ["train", "stock-rise", "--universe", "nowhere"])
    assert found.exit_code == 2
    assert "but nowhere is neither" in found.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["000660", "--sample"], ["--universe", "nowhere", "--sample"]]
)
def test_where_prices_come_from_is_said_once(arguments: list[str]) -> None:
    found = CliRunner().invoke(app, ["train", "stock-rise", *arguments])
    assert found.exit_code == 2
    assert "one of the three" in found.stderr


def test_a_problem_is_called_by_its_name_though_its_file_bears_the_same_one() -> None:
    from recurra.problems import stock_rise as named

    assert named is stock_rise
    assert problems.stock_rise is stock_rise
