"""Judging by days: dated splits, blocks of days, and a verdict corrected for the models tried."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import DataError, LeakError
from recurra.evaluation.days import DayBootstrap, brier_skill, contest, precision_at
from recurra.evaluation.splits import check_dates, dated_split, walk_forward

DAYS = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")


@settings(max_examples=50, deadline=None)
@given(
    folds=st.integers(1, 4),
    window=st.integers(1, 15),
    embargo=st.integers(0, 5),
    tickers=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_no_day_of_training_stands_in_a_later_window(
    folds: int, window: int, embargo: int, tickers: int, seed: int
) -> None:
    dates = np.random.default_rng(seed).permutation(np.repeat(DAYS, tickers))
    splits = walk_forward(dates, folds, window=window, embargo=embargo)
    tested: list[int] = []
    for split, purged in splits:
        for before, after in ((split.train, split.validation), (split.fitted_on, split.test)):
            first_window = dates[after].min() - window
            assert dates[before].max() + embargo < first_window
        assert purged == 2 * (window + embargo) * tickers
        tested += split.test.tolist()
    assert len(tested) == len(set(tested))
    assert (dates[tested] >= DAYS[round(len(DAYS) * 0.6)]).all()
    assert len(tested) == (dates >= DAYS[round(len(DAYS) * 0.6)]).sum()


def test_a_window_that_reaches_into_training_is_a_leak_with_its_cure() -> None:
    days = np.array(
        [d for d in np.arange("2020-03-02", "2020-04-30", dtype="datetime64[D]")
         if np.is_busday(d)]
    )  # fmt: skip
    before = np.flatnonzero(days <= np.datetime64("2020-03-24"))
    after = np.flatnonzero(days > np.datetime64("2020-03-24"))
    with pytest.raises(LeakError) as caught:
        check_dates(days, before, after, window=10)
    assert str(caught.value) == (
        "training data end on 2020-03-24 but the first test window starts on 2020-03-11, so 10 "
        "days are in both. Start the test on 2020-04-08 or purge 10 days."
    )
    cured = np.flatnonzero(days >= np.datetime64("2020-04-08"))
    check_dates(days, before, cured, window=10)
    check_dates(days, before[:-10], after, window=10)


def test_a_split_without_days_on_a_side_says_so() -> None:
    with pytest.raises(DataError, match="no validation day is left"):
        dated_split(DAYS[:30], DAYS[15], DAYS[20], window=10)
    with pytest.raises(DataError, match="40 folds need more days"):
        walk_forward(DAYS[:30], 40, window=2)


def test_days_are_drawn_whole_and_in_blocks() -> None:
    dates = np.repeat(DAYS[:40], 3)
    bootstrap = DayBootstrap(dates, block=8, repeats=50, seed=1)
    weights = np.concatenate(list(bootstrap.weights()))
    assert (weights.sum(axis=1) == 120).all()
    of_day = weights.reshape(50, 40, 3)
    assert (of_day == of_day[..., :1]).all()
    # in a block of 8, the neighbour of a day drawn is nearly always drawn, too
    drawn = of_day[..., 0] > 0
    neighbours = drawn[:, 1:][drawn[:, :-1]].mean()
    assert neighbours > 0.8


def forecasts(seed: int, models: int, merit: float) -> tuple[np.ndarray, ...]:
    """60 tickers × 200 days; models of noise about the true rate, one with knowledge of `merit`."""
    rng = np.random.default_rng(seed)
    dates = np.repeat(DAYS[:200], 20)
    common = np.repeat(rng.normal(0, 0.8, 200), 20)
    known = rng.normal(0, 1, len(dates))
    odds = -1.5 + common + merit * known
    truth = rng.random(len(dates)) < 1 / (1 + np.exp(-odds))
    rate = np.full(len(dates), truth.mean())
    noisy = {
        f"m{i}": np.clip(rate + rng.normal(0, 0.02, len(dates)), 0.01, 0.99) for i in range(models)
    }
    if merit:
        noisy["m0"] = 1 / (1 + np.exp(-(-1.5 + merit * known)))
    return dates, truth, rate, noisy


def test_the_best_of_many_models_of_noise_is_rarely_taken_for_knowledge() -> None:
    claims = 0
    for seed in range(60):
        dates, truth, rate, models = forecasts(seed, 12, 0.0)
        found = contest(truth, models, {"rate": rate}, DayBootstrap(dates, seed=seed), repeats=500)
        claims += found.better == "yes"
    assert claims <= 4


def test_knowledge_is_found_among_models_of_noise() -> None:
    dates, truth, rate, models = forecasts(0, 12, 0.7)
    found = contest(truth, models, {"rate": rate}, DayBootstrap(dates))
    assert (found.better, found.best, found.tried) == ("yes", "m0", 12)
    assert found.interval[0] > 0
    assert found.p_value == min(found.adjusted.values())


def test_to_try_more_models_raises_every_p_value() -> None:
    dates, truth, rate, models = forecasts(3, 12, 0.0)
    bootstrap = DayBootstrap(dates)
    alone = contest(truth, {"m1": models["m1"]}, {"rate": rate}, bootstrap)
    beside = contest(truth, models, {"rate": rate}, bootstrap)
    assert beside.adjusted["m1"] > alone.adjusted["m1"]


def test_the_rival_is_the_best_one_and_a_worse_model_loses_to_it() -> None:
    dates, truth, rate, models = forecasts(5, 2, 0.7)
    rivals = {"rate": rate, "knows": models["m0"]}
    found = contest(truth, {"m1": models["m1"]}, rivals, DayBootstrap(dates))
    assert (found.rival, found.better) == ("knows", "no")
    assert found.gain < 0


def test_precision_at_the_top_and_brier_skill_by_hand() -> None:
    day = np.repeat(DAYS[:2], 3)
    truth = np.array([True, False, False, False, True, True])
    scores = np.array([0.1, 0.9, 0.5, 0.7, 0.6, 0.1])
    assert precision_at(truth, scores, day, 1) == 0.0
    assert precision_at(truth, scores, day, 2) == 0.25
    assert precision_at(truth, scores, day, 9) == 0.5
    # (0.5² · 4) / 4 = 0.25 against (0.4² · 2 + 0.6² · 2) / 4 = 0.26
    happened = np.array([True, True, False, False])
    half, other = np.full(4, 0.5), np.array([0.6, 0.4, 0.4, 0.6])
    assert brier_skill(happened, half, other) == pytest.approx(1 - 0.25 / 0.26)
