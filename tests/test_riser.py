"""The estimator of rises: it begins as the rule, learns of its own rows, and is asked of today."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from recurra.answers.rises import sequences_of
from recurra.bundle import Bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.estimators import SequenceRiser
from recurra.estimators.riser import RISERS, dated_sides, rise_network
from recurra.judging.measures import best_threshold
from recurra.markets.rows import RiseRows, rows_of
from recurra.markets.scales import Standard, VolatilityRule
from recurra.markets.simulator import simulate
from recurra.training import predict

TINY: dict[str, Any] = {"units": 4, "epochs": 1}


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return simulate(6, 500, seed=1)


@pytest.fixture(scope="module")
def rows(market: Any) -> RiseRows:
    return rows_of(market)


@pytest.fixture(scope="module")
def fitted(rows: RiseRows) -> SequenceRiser:
    return SequenceRiser("simple-rnn", **TINY).fit(rows, rows.change >= 0.02)


@pytest.mark.parametrize("name", sorted(RISERS))
def test_a_fresh_network_says_what_the_rule_says(name: str) -> None:
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(70, 10, 3)).astype(np.float32)
    rule = rng.normal(-3, 1, 70)
    scores = predict(rise_network(name, 3, 4), sequences_of(windows, rule, name))
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-rule)), rtol=1e-5)


def test_one_to_one_sees_the_last_day_alone() -> None:
    windows = np.zeros((2, 10, 3), np.float32)
    assert sequences_of(windows, np.zeros(2), "one-to-one").lengths.tolist() == [1, 1]
    assert sequences_of(windows, np.zeros(2), "gru").lengths.tolist() == [10, 10]


def test_scale_rule_and_threshold_are_those_of_its_own_sides(rows: RiseRows) -> None:
    truth = rows.change >= 0.02
    days = np.unique(rows.dates)
    train = np.flatnonzero(rows.dates < days[150])
    validation = np.flatnonzero((rows.dates >= days[170]) & (rows.dates < days[200]))
    model = SequenceRiser("one-to-one", **TINY).fit(rows, truth, sides=[(train, validation)])
    flat = rows.windows[train].reshape(-1, rows.windows.shape[2])
    np.testing.assert_array_equal(model.standard_.mean, flat.mean(axis=0))
    np.testing.assert_array_equal(model.standard_.deviation, flat.std(axis=0))
    rule = VolatilityRule.fit(rows.volatility[train], truth[train])
    assert model.rule_.to_json() == rule.to_json()
    held = model.scores(rows.take(validation))
    assert model.threshold_ == best_threshold(truth[validation], held)
    assert model.base_rate_ == truth[np.concatenate([train, validation])].mean()
    assert model.trained_to_ == str(days[199])
    np.testing.assert_array_equal(model.predict(rows), model.scores(rows) >= model.threshold_)


def test_the_outcome_is_not_among_what_it_reads(rows: RiseRows, fitted: SequenceRiser) -> None:
    blind = dataclasses.replace(rows, change=np.full(len(rows), np.nan))
    again = SequenceRiser("simple-rnn", **TINY).fit(blind, rows.change >= 0.02)
    np.testing.assert_array_equal(again.scores(blind), fitted.scores(rows))


def test_the_last_days_validate_and_a_window_and_five_days_are_left_out_before_them() -> None:
    days = np.repeat(np.arange("2020-01-01", "2020-04-10", dtype="datetime64[D]"), 2)
    ((train, validation),) = dated_sides(days, 0.2, 10)
    assert (str(days[train].max()), str(days[validation].min())) == ("2020-03-05", "2020-03-21")
    assert days[validation].max() == days.max()
    with pytest.raises(DataError, match="none are left to train on"):
        dated_sides(days[:40], 0.5, 10)


def test_training_stops_after_three_epochs_without_a_lower_loss(rows: RiseRows) -> None:
    noise = np.random.default_rng(0).random(len(rows)) < 0.3
    model = SequenceRiser("gru", units=16, epochs=40, learning_rate=0.02).fit(rows, noise)
    (history,) = model.histories_
    assert len(history.rows) == history.best_epoch + 3


def test_it_comes_back_from_its_bundle_and_clones(
    rows: RiseRows, fitted: SequenceRiser, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "model")
    again = SequenceRiser.load(tmp_path / "model")
    np.testing.assert_array_equal(again.scores(rows), fitted.scores(rows))
    assert (again.trained_to_, again.threshold_) == (fitted.trained_to_, fitted.threshold_)
    assert clone(fitted).get_params() == fitted.get_params()


def bundle_of_before(fitted: SequenceRiser) -> Bundle:
    """What the version before wrote, by hand."""
    config = {
        "estimator": "RiseModel",
        "recipe": "stock-rise",
        "name": "simple-rnn",
        "settings": {
            "rise": 0.02, "fall": None, "window": 10, "models": ["simple-rnn"], "units": 4,
            "epochs": 1, "batch_size": 512, "learning_rate": 2e-3, "folds": 2,
            "validate_from": None, "test_from": None, "holdings": 5, "cost": 0.0015,
            "repeats": 10, "seed": 0,
        },
        "base_rate": fitted.base_rate_,
        "threshold": fitted.threshold_,
        "trained_to": fitted.trained_to_,
        "source": "simulated",
    }  # fmt: skip
    encoder = {k: v for k, v in fitted._encoder_json().items() if k != "window"}
    return Bundle(config, encoder, fitted.weights_[0])


def test_a_bundle_of_the_version_before_opens(
    rows: RiseRows, fitted: SequenceRiser, tmp_path: Path
) -> None:
    old = bundle_of_before(fitted)
    write_bundle(tmp_path / "old", old)
    again = SequenceRiser.load(tmp_path / "old")
    np.testing.assert_array_equal(again.scores(rows), fitted.scores(rows))
    assert again.window_ == 10
    del old.config["settings"]["units"]
    write_bundle(tmp_path / "broken", old)
    with pytest.raises(BundleError, match="train it again with this version"):
        SequenceRiser.load(tmp_path / "broken")


def test_the_newest_day_is_scored_with_the_warm_up_of_the_training(
    fitted: SequenceRiser, market: Any
) -> None:
    full = fitted.newest(market)
    recent = fitted.newest({ticker: frame.iloc[-400:] for ticker, frame in market.items()})
    assert full["ticker"].tolist() == list(market)
    assert (full["seen to"] < full["for"]).all()
    assert (full["base rate"] == fitted.base_rate_).all()
    np.testing.assert_allclose(full["probability"], recent["probability"], atol=1e-4)


def test_a_short_or_stale_series_is_refused(fitted: SequenceRiser, market: Any) -> None:
    last = market["SIM001"].index[-1].date()
    short = {"SIM001": market["SIM001"].iloc[-200:]}
    with pytest.raises(DataError, match="must have 250 days of prices"):
        fitted.newest(short)
    later = (pd.Timestamp(last) + pd.Timedelta(days=30)).date()
    with pytest.raises(DataError, match=f"SIM001 ends on {last}, 30 days before"):
        fitted.newest(market, later)
    assert len(fitted.newest(market, later, allow_stale=True)) == 6
    # asked as of an earlier day, later prices are not seen
    earlier = market["SIM001"].index[-40].date()
    past = fitted.newest({"SIM001": market["SIM001"]}, earlier)
    assert past["seen to"].tolist() == [str(earlier)]


def test_an_answer_is_for_the_next_day_of_trading(fitted: SequenceRiser, market: Any) -> None:
    pytest.importorskip("exchange_calendars")
    frame = market["SIM001"].loc[:"2024-12-24"]
    found = fitted.newest({"000660": frame, "AAPL": frame, "SIM001": frame})
    assert found["for"].tolist() == ["2024-12-26", "2024-12-26", "2024-12-25"]


def test_a_model_that_learned_without_volume_serves_prices_that_have_it(market: Any) -> None:
    without = {ticker: frame.assign(volume=np.nan) for ticker, frame in market.items()}
    rows = rows_of(without)
    model = SequenceRiser("one-to-one", **TINY).fit(rows, rows.change >= 0.02)
    pd.testing.assert_frame_equal(model.newest(market), model.newest(without))


def test_a_model_that_learned_with_volume_says_so_to_prices_without(
    fitted: SequenceRiser, market: Any
) -> None:
    without = {"SIM001": market["SIM001"].assign(volume=np.nan)}
    with pytest.raises(DataError, match="a file without volume cannot serve"):
        fitted.newest(without)


def test_a_ticker_with_a_halt_in_its_last_days_gets_no_answer(
    fitted: SequenceRiser, market: Any
) -> None:
    halted = market["SIM002"].drop(market["SIM002"].index[-40:-4])
    found = fitted.newest({"SIM001": market["SIM001"], "SIM002": halted})
    assert found["ticker"].tolist() == ["SIM001"]
    unknown = market["SIM002"].copy()
    unknown.loc[unknown.index[-2], "high"] = np.nan
    with pytest.raises(DataError, match="without a long gap or an unknown price"):
        fitted.newest({"SIM002": unknown})


def test_what_lies_beyond_eight_deviations_is_cut_off() -> None:
    windows = np.array([[[-1.0], [1.0]]], np.float32)
    standard = Standard.fit(windows)
    assert standard(np.array([[[100.0], [-100.0]]], np.float32)).ravel().tolist() == [8, -8]


def test_settings_that_make_no_sense_are_refused(rows: RiseRows) -> None:
    with pytest.raises(SettingsError, match="the model must be one of"):
        SequenceRiser("transformer").fit(rows, rows.change >= 0.02)
    with pytest.raises(SettingsError, match="units must be at least 1"):
        SequenceRiser(units=0).fit(rows, rows.change >= 0.02)
