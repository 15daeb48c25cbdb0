"""Baselines of rises: by hand, against scikit-learn bit for bit, and back from a bundle."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from recurra.baselines.rises import (
    LEARNERS,
    RULES,
    RiseBaseline,
    _Trees,
    rise_baselines,
)
from recurra.baselines.trees import _nodes_of
from recurra.errors import DataError
from recurra.judging.classes import Labelled
from recurra.judging.measures import best_threshold
from recurra.markets.holding import hold_best
from recurra.markets.rows import RiseRows, rows_of
from recurra.markets.scales import Standard, VolatilityRule
from recurra.markets.simulator import simulate

KINDS = [*RULES, *LEARNERS]


@pytest.fixture(scope="module")
def rows() -> RiseRows:
    return rows_of(simulate(6, 500, seed=3, edge=0.3))


@pytest.fixture(scope="module")
def known(rows: RiseRows) -> Labelled:
    truth = (rows.change > 0.02).astype(np.int64)
    return Labelled(rows, truth, ("no rise", "rise"), 1, np.arange(len(truth)))


def sides(known: Labelled) -> list[tuple[Any, Any]]:
    late = known.inputs.dates > np.sort(known.inputs.dates)[int(0.8 * len(known.truth))]
    return [(np.flatnonzero(~late), np.flatnonzero(late))]


def test_every_rule_and_learner_is_a_contender() -> None:
    found = rise_baselines()
    assert [each.name for each in found] == [
        "always no", "base rate", "previous day rose", "volatility", "logistic regression",
        "gradient boosting",
    ]  # fmt: skip
    assert all(each.baseline for each in found)
    assert all(each.make(0).kind == each.name for each in found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_baseline_comes_back_from_its_bundle_bit_for_bit(
    kind: str, known: Labelled, tmp_path: Path
) -> None:
    model = RiseBaseline(kind).fit(known, sides(known))
    model.save(tmp_path / "b", name=kind)
    again = RiseBaseline.load(tmp_path / "b")
    for one, other in zip(model.say(known.inputs), again.say(known.inputs), strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("rows", "names", "window", "base_rate", "threshold", "trained_to"):
        assert getattr(again, name) == getattr(model, name)
    assert again.trained_to == str(known.inputs.dates.max())


def test_rules_by_hand(known: Labelled) -> None:
    rows, truth = known.inputs, known.truth
    said = {kind: RiseBaseline(kind).fit(known, sides(known)).say(rows) for kind in RULES}
    assert (said["always no"].probabilities == 0).all()
    assert (said["base rate"].probabilities == truth.mean()).all()
    assert not said["always no"].called.any()
    assert not said["base rate"].called.any()
    rose = rows.before > 0
    expected = np.where(rose, truth[rose].mean(), truth[~rose].mean())
    np.testing.assert_array_equal(said["previous day rose"].probabilities, expected)
    rule = VolatilityRule.fit(rows.volatility, truth == 1)
    expected = 1 / (1 + np.exp(-rule.log_odds(rows.volatility)))
    np.testing.assert_allclose(said["volatility"].probabilities, expected, rtol=1e-12)
    assert all(each.base_rate == truth.mean() for each in said.values())


@pytest.mark.parametrize("kind", ["volatility", *LEARNERS])
def test_a_threshold_is_that_of_validation_rows_by_a_fit_on_training_rows(
    kind: str, known: Labelled
) -> None:
    ((train, validation),) = sides(known)
    model = RiseBaseline(kind).fit(known, [(train, validation)])
    some = np.arange(len(train))
    before = RiseBaseline(kind).fit(known.take(train), [(some[:900], some[900:])])
    held = before.scores(known.inputs.take(validation))
    assert model.threshold == best_threshold(known.truth[validation] == 1, held)
    said = model.say(known.inputs)
    np.testing.assert_array_equal(said.called, said.probabilities >= model.threshold)


def table_of(known: Labelled) -> np.ndarray:
    rows = known.inputs
    rule = VolatilityRule.fit(rows.volatility, known.truth == 1).log_odds(rows.volatility)
    windows = Standard.fit(rows.windows)(rows.windows).reshape(len(rows), -1)
    return np.column_stack([windows, rule])


def test_the_trees_walk_as_those_of_scikit_learn_bit_for_bit(known: Labelled) -> None:
    table = table_of(known)
    model = HistGradientBoostingClassifier(
        max_iter=60, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=200,
        l2_regularization=10.0, max_bins=64, random_state=0,
    ).fit(table, known.truth)  # fmt: skip
    expected = model.predict_proba(table)[:, 1]
    assert len(np.unique(expected)) > 50
    found = RiseBaseline("gradient boosting").fit(known, sides(known)).scores(known.inputs)
    np.testing.assert_array_equal(found, expected)


def test_an_unknown_feature_goes_where_scikit_learn_sends_it() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(600, 3))
    table[rng.random((600, 3)) < 0.3] = np.nan
    truth = (np.nan_to_num(table[:, 0], nan=1.0) + rng.normal(0, 0.5, 600)) > 0.3
    model = HistGradientBoostingClassifier(max_iter=15, max_leaf_nodes=6)
    nothing = dict.fromkeys(
        ["scale_mean", "scale_deviation", "rule_mean", "rule_deviation", "rule_weights",
         "rule_bias"], np.zeros(1),
    )  # fmt: skip
    found = _Trees(**nothing, **_nodes_of(model, table, truth)).log_odds(table)
    np.testing.assert_array_equal(found, model.decision_function(table))


def test_the_line_is_that_of_scikit_learn(known: Labelled) -> None:
    table = table_of(known)
    expected = LogisticRegression(C=0.01, max_iter=200).fit(table, known.truth)
    found = RiseBaseline("logistic regression").fit(known, sides(known)).scores(known.inputs)
    np.testing.assert_allclose(found, expected.predict_proba(table)[:, 1], rtol=1e-10)


def test_rows_with_other_features_are_refused(known: Labelled) -> None:
    without = {k: f.assign(volume=np.nan) for k, f in simulate(2, 400, seed=3).items()}
    model = RiseBaseline("volatility").fit(known, sides(known))
    with pytest.raises(DataError, match="a file without volume cannot serve"):
        model.say(rows_of(without))


def test_the_volatility_rule_knows_movement_and_comes_back_from_json() -> None:
    rng = np.random.default_rng(1)
    volatility = rng.normal(size=(4000, 5)).astype(np.float32)
    truth = rng.random(4000) < 1 / (1 + np.exp(2 - volatility[:, 0]))
    rule = VolatilityRule.fit(volatility, truth)
    odds = rule.log_odds(volatility)
    assert np.corrcoef(odds, volatility[:, 0])[0, 1] > 0.95
    again = VolatilityRule.from_json(json.loads(json.dumps(rule.to_json())))
    np.testing.assert_array_equal(again.log_odds(volatility), odds)


def test_holding_the_best_by_hand() -> None:
    days = np.repeat(np.array(["2024-01-02", "2024-01-03", "2024-01-04"], "datetime64[D]"), 2)
    tickers = np.array(["A", "B"] * 3, object)
    scores = np.array([0.9, 0.1, 0.9, 0.1, 0.1, 0.1])
    change = np.array([0.10, 0.5, -0.20, 0.5, 0.5, 0.5])
    found = hold_best(scores, change, days, tickers, scores >= 0.5, holdings=1, cost=0.01)
    # buy A: 1.1 · 0.99; hold it: · 0.8; sell it: · 0.99
    assert found["total"] == pytest.approx(1.1 * 0.99 * 0.8 * 0.99 - 1)
    assert found["drawdown"] == pytest.approx(1 - 0.8 * 0.99)
    assert (found["days_invested"], found["days"]) == (2, 3)
