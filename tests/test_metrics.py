import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from recurra.evaluation.metrics import (
    MEASURES,
    Bootstrap,
    Measures,
    best_threshold,
    calibration_bins,
    measure,
)

scored = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 3)), min_size=4, max_size=60
).filter(
    lambda rows: sum(w for y, _, w in rows if y) > 0 and sum(w for y, _, w in rows if not y) > 0
)


@given(scored, st.floats(0.05, 0.95))
def test_weighted_measures_agree_with_scikit_learn(
    rows: list[tuple[bool, int, int]], threshold: float
) -> None:
    truth = np.array([y for y, _, _ in rows])
    scores = np.array([s / 20 for _, s, _ in rows])
    weights = np.array([float(w) for _, _, w in rows])
    ours = Measures(truth, scores, threshold)(weights[None])
    called = scores >= threshold
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = {
            "accuracy": sk.accuracy_score(truth, called, sample_weight=weights),
            "precision": sk.precision_score(
                truth, called, sample_weight=weights, zero_division=0.0
            ),
            "recall": sk.recall_score(truth, called, sample_weight=weights, zero_division=0.0),
            "f1": sk.f1_score(truth, called, sample_weight=weights, zero_division=0.0),
            "pr_auc": sk.average_precision_score(truth, scores, sample_weight=weights),
            "roc_auc": sk.roc_auc_score(truth, scores, sample_weight=weights),
            "brier": sk.brier_score_loss(truth, scores, sample_weight=weights),
        }
    for name, value in theirs.items():
        assert ours[name][0] == pytest.approx(value, abs=1e-9), name


def test_expected_calibration_error_by_hand() -> None:
    truth = np.array([True, False, True, True])
    scores = np.array([0.15, 0.18, 0.92, 0.98])
    # bin 1: mean score .165, share 1/2; bin 9: mean score .95, share 1
    expected = 0.5 * abs(0.165 - 0.5) + 0.5 * abs(0.95 - 1.0)
    assert measure(truth, scores, 0.5)["ece"] == pytest.approx(expected)
    assert calibration_bins(truth, scores) == [
        (pytest.approx(0.165), 0.5, 2),
        (pytest.approx(0.95), 1.0, 2),
    ]


def test_a_score_of_one_falls_in_the_last_bin() -> None:
    assert calibration_bins(np.array([True]), np.array([1.0])) == [(1.0, 1.0, 1)]


@given(scored)
def test_the_best_threshold_has_the_highest_f1_of_all(rows: list[tuple[bool, int, int]]) -> None:
    truth, scores = np.array([y for y, _, _ in rows]), np.array([s / 20 for _, s, _ in rows])
    reached = measure(truth, scores, best_threshold(truth, scores))["f1"]
    everywhere = [measure(truth, scores, t)["f1"] for t in np.arange(-0.01, 1.02, 0.025)]
    assert reached == pytest.approx(max(everywhere))


def test_the_best_threshold_lies_in_the_middle_of_its_plateau() -> None:
    assert best_threshold(np.array([True, False]), np.array([0.9, 0.1])) == 0.5


@given(st.integers(0, 1000))
def test_a_bootstrap_draws_groups_whole_and_keeps_the_size_of_each_class(seed: int) -> None:
    groups = np.array([0, 0, 1, 2, 3, 3, 4])
    truth = np.array([True, True, True, False, False, False, False])
    (weights,) = Bootstrap(truth, groups, repeats=5, seed=seed).weights()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 4] == weights[:, 5]).all()
    drawn = weights[:, [0, 2, 3, 4, 6]]  # one row of each group
    assert (drawn[:, :2].sum(1) == 2).all()
    assert (drawn[:, 2:].sum(1) == 3).all()


def test_draws_are_the_same_in_blocks_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.random(3000) < 0.3, rng.random(3000)
    bootstrap = Bootstrap(truth, np.arange(3000), repeats=700)
    assert len(list(bootstrap.weights())) > 1
    draws = bootstrap.draws(Measures(truth, scores, 0.5))
    assert {name: len(values) for name, values in draws.items()} == dict.fromkeys(MEASURES, 700)


def test_a_95_percent_interval_covers_the_truth_about_95_times_in_100() -> None:
    from recurra.evaluation.metrics import interval

    rng = np.random.default_rng(1)
    inside = 0
    for seed in range(200):
        truth = np.arange(300) < 90
        right = rng.random(300) < 0.8  # every decision is right with probability 0.8
        scores = np.where(right == truth, 0.9, 0.1)
        draws = Bootstrap(truth, np.arange(300), repeats=300, seed=seed).draws(
            Measures(truth, scores, 0.5)
        )
        low, high = interval(draws["accuracy"])
        inside += low <= 0.8 <= high
    assert 180 <= inside <= 199


def test_the_calibration_interval_holds_its_own_value_which_plain_quantiles_miss() -> None:
    from recurra.evaluation.metrics import interval, reflected_interval

    rng = np.random.default_rng(2)
    held, held_plainly, lows = 0, 0, []
    for seed in range(40):
        scores = rng.random(400)
        truth = rng.random(400) < scores  # perfectly calibrated: the true error is 0
        value = measure(truth, scores, 0.5)["ece"]
        draws = Bootstrap(truth, np.arange(400), repeats=200, seed=seed).draws(
            Measures(truth, scores, 0.5)
        )["ece"]
        low, high = reflected_interval(value, draws)
        held += low <= value <= high
        held_plainly += interval(draws)[0] <= value
        lows.append(low - interval(draws)[0])
    assert held >= held_plainly
    assert max(lows) < 0  # always nearer to the true 0
