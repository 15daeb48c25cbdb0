"""Stock rise: what a row sees, what a run leaves, what the newest day needs, what is refused."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.errors import BundleError, DataError, SettingsError
from recurra.evaluation.holding import hold_best
from recurra.evaluation.rise_baselines import VolatilityRule
from recurra.markets.checks import check_prices
from recurra.markets.indicators import macd, sma
from recurra.markets.prices import prices_from_frame
from recurra.markets.rows import features_of, rows_of
from recurra.markets.simulator import simulate
from recurra.recipes.stock_rise import train_rise
from recurra.rises import NETWORKS, RiseModel, RiseReport, RiseSettings
from recurra.rises.networks import build, sequences_of
from recurra.runs import RunFolder
from recurra.training import predict

SMALL = RiseSettings(rise=0.02, models=("simple-rnn",), units=4, epochs=2, folds=2, repeats=10)


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return simulate(6, 600, seed=1)


@pytest.fixture(scope="module")
def run(market: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = RunFolder(tmp_path_factory.mktemp("rise") / "run")
    train_rise(market, SMALL, folder, source="simulated")
    return folder.path


def test_a_row_sees_ten_days_before_its_own_scaled_by_the_last_of_them(market: Any) -> None:
    frame = market["SIM001"]
    rows = rows_of({"SIM001": frame}, 10)
    day = np.flatnonzero(rows.dates == frame.index[400].to_datetime64())[0]
    close = frame["close"]
    before = close.iloc[399]
    unit = np.exp(rows.volatility[day, 0])
    seen = rows.windows[day]
    column = {name: seen[:, i] for i, name in enumerate(rows.names)}
    for name in ("open", "high", "low", "close"):
        expected = np.log(frame[name].iloc[390:400] / before) / unit
        np.testing.assert_allclose(column[name], expected, rtol=1e-4, atol=1e-5)
    for days in (5, 20, 60, 120):
        expected = np.log(sma(close, days).iloc[390:400] / before) / unit
        np.testing.assert_allclose(column[f"sma{days}"], expected, rtol=1e-4, atol=1e-5)
    expected = macd(close)["macd"].iloc[390:400] / before / unit
    np.testing.assert_allclose(column["macd"], expected, rtol=1e-4, atol=1e-5)
    assert column["close"][-1] == 0
    assert rows.change[day] == pytest.approx(close.iloc[400] / before - 1)
    assert rows.before[day] == pytest.approx(before / close.iloc[398] - 1)


def test_changing_prices_from_a_day_on_leaves_every_row_before_it_as_it_was(market: Any) -> None:
    frame = market["SIM002"]
    changed = frame.copy()
    changed.iloc[450:] *= np.random.default_rng(0).uniform(0.5, 2, (150, 5))
    before, after = rows_of({"A": frame}), rows_of({"A": changed})
    same = before.dates <= frame.index[450].to_datetime64()
    np.testing.assert_array_equal(before.windows[same], after.windows[same])
    np.testing.assert_array_equal(before.volatility[same], after.volatility[same])
    assert not np.array_equal(before.windows[~same], after.windows[~same])


def test_the_newest_row_sees_the_last_days_and_has_no_answer_yet(market: Any) -> None:
    frame = market["SIM003"]
    newest = rows_of({"A": frame}, newest=True)
    known = rows_of(
        {"A": pd.concat([frame, frame.iloc[-1:].set_axis(frame.index[-1:] + pd.offsets.BDay())])}
    )
    assert newest.dates.astype(str).tolist() == [str((frame.index[-1] + pd.offsets.BDay()).date())]
    np.testing.assert_array_equal(newest.windows[0], known.windows[-1])
    assert np.isnan(newest.change).all()


def test_a_window_with_a_long_halt_in_it_gives_no_row(market: Any) -> None:
    whole, halted = market["SIM001"], market["SIM002"].drop(market["SIM002"].index[300:330])
    rows = rows_of({"A": whole, "B": halted})
    mine = rows.dates[rows.tickers == "B"]
    after = halted.index[300].to_datetime64()
    assert after not in mine
    assert halted.index[312].to_datetime64() in mine


def test_prices_too_short_for_a_row_say_what_they_need(market: Any) -> None:
    with pytest.raises(DataError, match="needs 130 days of prices"):
        rows_of({"A": market["SIM001"].iloc[:100]})


def test_files_without_volume_give_rows_without_it(market: Any) -> None:
    frame = market["SIM001"].assign(volume=np.nan)
    assert features_of(market["SIM001"])[1][-1] == "volume"
    assert features_of(frame)[1][-1] == "macd"
    assert rows_of({"A": frame, "B": market["SIM002"]}).names[-1] == "macd"


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_a_fresh_network_says_what_the_rule_says(name: str) -> None:
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(70, 10, 3)).astype(np.float32)
    rule = rng.normal(-3, 1, 70)
    scores = predict(build(name, 3, 4), sequences_of(windows, rule, name))
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-rule)), rtol=1e-5)


def test_one_to_one_sees_the_last_day_alone() -> None:
    windows = np.zeros((2, 10, 3), np.float32)
    assert sequences_of(windows, np.zeros(2), "one-to-one").lengths.tolist() == [1, 1]
    assert sequences_of(windows, np.zeros(2), "gru").lengths.tolist() == [10, 10]


def test_the_volatility_rule_knows_movement_and_comes_back_from_json() -> None:
    rng = np.random.default_rng(1)
    volatility = rng.normal(size=(4000, 5)).astype(np.float32)
    truth = rng.random(4000) < 1 / (1 + np.exp(2 - volatility[:, 0]))
    rule = VolatilityRule.fit(volatility, truth)
    odds = rule.log_odds(volatility)
    assert np.corrcoef(odds, volatility[:, 0])[0, 1] > 0.95
    again = VolatilityRule.from_json(json.loads(json.dumps(rule.to_json())))
    np.testing.assert_allclose(again.log_odds(volatility), odds, rtol=1e-6)


def test_holding_the_best_by_hand() -> None:
    days = np.repeat(np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]"), 2)
    tickers = np.array(["A", "B"] * 3, object)
    scores = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.1])
    change = np.array([0.10, 0.5, -0.20, 0.5, 0.5, 0.5])
    found = hold_best(scores, change, days, tickers, threshold=0.5, holdings=1, cost=0.01)
    # buy A: 1.1 · 0.99; hold it: · 0.8; sell it: · 0.99
    assert found["total"] == pytest.approx(1.1 * 0.99 * 0.8 * 0.99 - 1)
    assert found["drawdown"] == pytest.approx(1 - 0.8 * 0.99)
    assert (found["days_invested"], found["days"]) == (2, 3)


def test_a_run_leaves_a_whole_folder_and_says_what_it_found(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert names == {
        "model", "history.csv", "predictions.csv", "split.csv", "report.html", "report.json"
    }  # fmt: skip
    report = json.loads((run / "report.json").read_text("utf-8"))
    assert RiseReport.model_validate(report).schema_ == "recurra.rise/1"
    assert report["verdict"]["sentence"] == report["answer"]
    assert report["edge"]["tried"] == 3
    assert report["leaks"][0]["passed"]
    assert set(report["measures"]) == {
        "simple-rnn", "always no", "base rate", "previous day rose", "volatility",
        "logistic regression", "gradient boosting",
    }  # fmt: skip
    assert report["measures"]["base rate"]["brier_skill"] == 0
    page = (run / "report.html").read_text("utf-8")
    assert report["answer"][:30] in page
    assert "simulation on past prices" in page
    assert "The checks found nothing" in page


def test_a_run_keeps_what_the_checks_found_and_shows_it(market: Any, tmp_path: Path) -> None:
    spoilt = {ticker: frame.copy() for ticker, frame in list(market.items())[:4]}
    days = spoilt["SIM002"].index[100:130]
    # each a close above its high, so each a fault
    spoilt["SIM002"].loc[days, "close"] = spoilt["SIM002"].loc[days, "high"] * 1.02
    prices = [prices_from_frame(frame, ticker, "a test") for ticker, frame in spoilt.items()]
    folder = RunFolder(tmp_path / "run")
    settings = dataclasses.replace(SMALL, folds=1, epochs=1)
    checks = [check_prices(each) for each in prices]
    train_rise(spoilt, settings, folder, source="a test", checks=checks)
    report = json.loads((folder.path / "report.json").read_text("utf-8"))
    (check,) = report["checks"]
    (flag,) = check["flags"]
    assert (check["ticker"], flag["rule"], flag["level"]) == (
        "SIM002", "close out of range", "fault"
    )  # fmt: skip
    assert (flag["count"], flag["first"], flag["last"]) == (
        30, str(days[0].date()), str(days[-1].date())
    )  # fmt: skip
    kept = [(finding["date"], finding["action"]) for finding in flag["findings"]]
    assert kept == [(str(day.date()), "kept") for day in days[-20:]]  # the latest ones
    page = (folder.path / "report.html").read_text("utf-8")
    assert "close out of range" in page
    assert f"{days[-2].date()}, {days[-1].date()} …" in page


def test_a_market_without_memory_of_direction_gives_no_evidence(run: Path) -> None:
    report = json.loads((run / "report.json").read_text("utf-8"))
    assert report["edge"]["better"] != "yes"
    assert report["answer"].startswith("No evidence that a rise of 2.00% can be foreseen")


def test_a_planted_edge_is_found(tmp_path: Path) -> None:
    strong = simulate(20, 700, edge=0.4, seed=7)
    settings = dataclasses.replace(SMALL, folds=1, epochs=4)
    report = train_rise(strong, settings, RunFolder(tmp_path / "run"), source="simulated")
    assert report.edge.better == "yes"
    assert report.edge.rival == "volatility"
    assert report.answer.startswith("Evidence that a rise")


def test_the_newest_day_is_scored_with_the_warm_up_of_the_training(run: Path, market: Any) -> None:
    model = RiseModel.load(run)
    full = model.newest(market)
    recent = model.newest({ticker: frame.iloc[-400:] for ticker, frame in market.items()})
    assert full["ticker"].tolist() == list(market)
    assert (full["seen to"] < full["for"]).all()
    np.testing.assert_allclose(full["probability"], recent["probability"], atol=1e-4)


def test_a_short_or_stale_series_is_refused(run: Path, market: Any) -> None:
    model = RiseModel.load(run)
    last = market["SIM001"].index[-1].date()
    short = {"SIM001": market["SIM001"].iloc[-200:]}
    with pytest.raises(DataError, match="must have 250 days of prices"):
        model.newest(short)
    later = (pd.Timestamp(last) + pd.Timedelta(days=30)).date()
    with pytest.raises(DataError, match=f"SIM001 ends on {last}, 30 days before"):
        model.newest(market, later)
    assert len(model.newest(market, later, allow_stale=True)) == 6
    # asked as of an earlier day, later prices are not seen
    earlier = market["SIM001"].index[-40].date()
    past = model.newest({"SIM001": market["SIM001"]}, earlier)
    assert past["seen to"].tolist() == [str(earlier)]


def test_an_answer_is_for_the_next_day_of_trading(run: Path, market: Any) -> None:
    pytest.importorskip("exchange_calendars")
    frame = market["SIM001"].loc[:"2024-12-24"]
    found = RiseModel.load(run).newest({"000660": frame, "AAPL": frame, "SIM001": frame})
    assert found["for"].tolist() == ["2024-12-26", "2024-12-26", "2024-12-25"]


def test_a_model_that_learned_without_volume_serves_prices_that_have_it(
    market: Any, tmp_path: Path
) -> None:
    without = {ticker: frame.assign(volume=np.nan) for ticker, frame in market.items()}
    folder = RunFolder(tmp_path / "run")
    settings = dataclasses.replace(SMALL, folds=1, epochs=1)
    train_rise(without, settings, folder, source="simulated")
    model = RiseModel.load(folder.path)
    pd.testing.assert_frame_equal(model.newest(market), model.newest(without))


def test_a_model_that_learned_with_volume_says_so_to_prices_without(run: Path, market: Any) -> None:
    without = {"SIM001": market["SIM001"].assign(volume=np.nan)}
    with pytest.raises(DataError, match="a file without volume cannot serve"):
        RiseModel.load(run).newest(without)


def test_a_ticker_with_a_halt_in_its_last_days_gets_no_answer(run: Path, market: Any) -> None:
    halted = market["SIM002"].drop(market["SIM002"].index[-40:-4])
    found = RiseModel.load(run).newest({"SIM001": market["SIM001"], "SIM002": halted})
    assert found["ticker"].tolist() == ["SIM001"]
    unknown = market["SIM002"].copy()
    unknown.loc[unknown.index[-2], "high"] = np.nan
    with pytest.raises(DataError, match="without a long gap or an unknown price"):
        RiseModel.load(run).newest({"SIM002": unknown})


def test_a_killed_run_goes_on_and_ends_in_the_same_weights(
    run: Path, market: Any, tmp_path: Path
) -> None:
    class KilledError(Exception):
        pass

    def kill(member: int, step: Any) -> None:
        if (member, step.epoch, step.done) == (2, 1, 1.0) and len(step.history.rows) == 1:
            raise KilledError

    folder = RunFolder(tmp_path / "run")
    with pytest.raises(KilledError):
        train_rise(market, SMALL, folder, source="simulated", notify=kill)
    assert not folder.finished
    folder.begin(resume=True)
    train_rise(market, SMALL, folder, source="simulated")
    first, again = RiseModel.load(run), RiseModel.load(folder.path)
    for name, value in first.weights.items():
        np.testing.assert_array_equal(value, again.weights[name])


def test_settings_and_bundles_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="a network must be one of"):
        RiseSettings(models=("transformer",))
    with pytest.raises(SettingsError, match="must lie between"):
        RiseSettings(rise=5)
    with pytest.raises(SettingsError, match="first day of validation and of the test"):
        RiseSettings(test_from="2020-01-01")
    with pytest.raises(BundleError):
        RiseModel.load(tmp_path)


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
    settings = ["--rise", "2%", "--model", "simple-rnn", "--units", "4", "--epochs", "1"]
    trained = call(
        app,
        ["train", "stock-rise", *common, *settings, "--folds", "1", "--out", str(out), "--json"],
    )
    assert trained.exit_code == 0, trained.output
    assert json.loads(trained.stdout)["recipe"] == "stock-rise"
    stale = call(app, ["predict", str(out), *common])
    assert stale.exit_code == 2
    assert "--allow-stale" in stale.stderr
    day = str(market["SIM001"].index[-1].date())
    told = call(app, ["predict", str(out), *common, "--as-of", day, "--json"])
    assert told.exit_code == 0, told.output
    assert len(json.loads(told.stdout)["predictions"]) == 4
    assert json.loads(told.stdout)["checks"][0]["flags"] == []

    # a fault among the days that the answer rests on is told, and refused if asked
    frame = market["SIM001"].round(4)
    frame.loc[frame.index[-3], "close"] = frame["high"].iloc[-3] * 1.02
    frame.to_csv(prices / "SIM001.csv")
    said = call(app, ["predict", str(out), "SIM001", "--source", str(prices), "--as-of", day])
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith("SIM001\tfor ")
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
