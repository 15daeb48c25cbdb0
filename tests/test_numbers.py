"""Estimators on numeric sequences: many-to-one, two classes and more, and quantities."""

import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

from recurra import DataError, SequenceClassifier, SequenceRegressor, SettingsError
from recurra.names import SHAPES
from recurra.sequences import mean_and_scale
from recurra.training import Example, Plan, quantile_loss, train


def remembered(rows: int, classes: int, seed: int = 0) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences of 1 to 9 steps; the class is told by the first step, of which memory is needed."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    X = [rng.normal(size=(rng.integers(1, 10), 2)) for _ in range(rows)]
    for row, label in zip(X, y, strict=True):
        row[0, 0] = 3.0 * label
    return X, y


X2, Y2 = remembered(160, 2)
X3, Y3 = remembered(160, 3)


@pytest.fixture(scope="module")
def fitted() -> SequenceClassifier:
    return SequenceClassifier("gru", epochs=12, learning_rate=0.02).fit(X3, Y3)


def test_it_learns_what_memory_is_needed_for_and_without_memory_it_does_not(
    fitted: SequenceClassifier,
) -> None:
    X, y = remembered(80, 3, seed=1)
    assert fitted.score(X, y) > 0.9
    without = SequenceClassifier("one-to-one", epochs=6, learning_rate=0.02).fit(X3, Y3)
    assert without.score(X, y) < 0.65


@pytest.mark.parametrize("name", SHAPES)
def test_every_architecture_reads_numbers(name: str) -> None:
    model = SequenceClassifier(name, epochs=1).fit(X2, Y2)
    proba = model.predict_proba([*X2[:3], np.zeros((0, 2)), X2[0][:1]])
    assert proba.shape == (5, 2)
    assert np.isfinite(proba).all()
    together = model.predict_proba(X2)
    for row in (0, 5, 77):
        np.testing.assert_array_equal(model.predict_proba([X2[row]])[0], together[row])


def test_three_classes_sum_to_one_and_the_most_probable_is_predicted(
    fitted: SequenceClassifier,
) -> None:
    proba = fitted.predict_proba(X3)
    np.testing.assert_allclose(proba.sum(1), 1, rtol=1e-6)
    np.testing.assert_array_equal(fitted.predict(X3), proba.argmax(1))
    assert fitted.threshold_ is None
    with pytest.raises(SettingsError, match="there are 3"):
        fitted.label_of(0.5)


def test_scaling_is_of_the_training_rows_alone() -> None:
    sides = [(np.arange(100), np.arange(100, 160))]
    moved = [row if i < 100 else row + 1000 for i, row in enumerate(X2)]
    one, other = (
        SequenceClassifier("gru", epochs=1).fit(X, Y2, sides=sides).encoder_ for X in (X2, moved)
    )
    np.testing.assert_array_equal(one.mean, other.mean)
    unscaled = SequenceClassifier("gru", epochs=1, scaled=False).fit(X2, Y2).encoder_
    assert unscaled.mean.tolist() == [0, 0]


def test_eight_threads_share_one_model(fitted: SequenceClassifier) -> None:
    model = SequenceClassifier("gru", epochs=1, members=2).fit(X2, Y2)
    parts = [X2[i : i + 20] for i in range(0, 160, 20)] * 4
    expected = [model.predict_proba(part) for part in parts]
    fresh = pickle.loads(pickle.dumps(model))  # nothing compiled yet
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(fresh.predict_proba, parts))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fitting_in_threads_gives_the_weights_of_fitting_alone() -> None:
    def fit(seed: int) -> np.ndarray:
        model = SequenceClassifier("gru", epochs=1, random_state=seed).fit(X2[:60], Y2[:60])
        return model.predict_proba(X2[:5])

    alone = [fit(seed) for seed in range(3)]
    with ThreadPoolExecutor(3) as pool:
        for one, other in zip(alone, pool.map(fit, range(3)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_nothing_is_drawn_of_what_other_threads_draw_from(tmp_path: Path) -> None:
    before = random.getstate()
    model = SequenceClassifier("gru", epochs=1).fit(X2[:60], Y2[:60])
    model.save(tmp_path / "m")
    for each in (model, SequenceClassifier.load(tmp_path / "m")):
        pickle.loads(pickle.dumps(each)).predict_proba(X2[:5])
    assert random.getstate() == before  # else it would change what is built meanwhile


def test_a_saved_model_gives_the_same_numbers(tmp_path: Path, fitted: SequenceClassifier) -> None:
    fitted.save(tmp_path / "c")
    again = SequenceClassifier.load(tmp_path / "c")
    np.testing.assert_array_equal(again.predict_proba(X3), fitted.predict_proba(X3))
    regressor = SequenceRegressor("gru", epochs=1).fit(X2, np.stack([Y2, -Y2], 1))
    regressor.save(tmp_path / "r")
    np.testing.assert_array_equal(
        SequenceRegressor.load(tmp_path / "r").predict(X2), regressor.predict(X2)
    )


def test_quantities_are_learnt_in_their_own_unit() -> None:
    y = 1000 + 500 * np.array([row[0, 0] for row in X3])
    model = SequenceRegressor("gru", epochs=25, learning_rate=0.02).fit(X3, y)
    X, _ = remembered(60, 3, seed=2)
    truth = 1000 + 500 * np.array([row[0, 0] for row in X])
    assert model.score(X, truth) > 0.8
    texts = ["good film"] * 20 + ["bad film"] * 20
    rated = SequenceRegressor("gru", epochs=8, learning_rate=0.02)
    rated.fit(texts, [9.0] * 20 + [2.0] * 20, groups=np.arange(40))
    high, low = rated.predict(["good film", "bad film"])
    assert high > low + 2


@pytest.mark.parametrize(
    ("y", "message"),
    [([1.0] * 9, "one number"), ([np.nan] * 160, "row 0 is NaN"), (["a"] * 160, "must be numbers")],
)
def test_wrong_targets_are_refused(y: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        SequenceRegressor().fit(X2, y)


def test_numbers_that_cannot_be_used_are_refused(fitted: SequenceClassifier) -> None:
    with pytest.raises(DataError, match="3 features, but the model is expecting 2"):
        fitted.predict([np.zeros((2, 3))])
    with pytest.raises(DataError, match="timesteps to learn from"):
        SequenceClassifier("gru").fit([np.zeros((0, 2))] * 4, [0, 1, 0, 1])
    with pytest.raises(SettingsError, match="for numeric sequences the model must be one of"):
        SequenceClassifier().fit(X2, Y2)


def test_the_pinball_loss_leads_to_the_quantiles() -> None:
    from recurra.backend import keras
    from recurra.sequences import NumberEncoder, Ragged

    rng = np.random.default_rng(0)
    ragged = NumberEncoder.fit(Ragged.of_numbers(np.ones((400, 1))), False).encode(
        np.ones((400, 1))
    )
    y = rng.uniform(0, 1, 400).astype(np.float32)

    def build() -> Any:
        return keras.Sequential(
            [
                keras.layers.Input((None, 2), name="numbers"),
                keras.layers.GlobalAveragePooling1D(),
                keras.layers.Dense(2, name="output"),
            ]
        )

    example = Example(ragged, np.stack([y, y], 1), np.ones(400, np.float32))
    sides = [(np.arange(300), np.arange(300, 400))]
    plan = Plan(epochs=60, patience=60, learning_rate=0.03)
    ((weights, history),) = train(build, example, sides, plan, loss=quantile_loss([0.1, 0.9]))
    bias, kernel = (
        next(v for k, v in weights.items() if k.endswith(e)) for e in ("bias", "kernel")
    )
    low, high = (bias + kernel.sum(0) / 16).tolist()
    assert low == pytest.approx(0.1, abs=0.08)
    assert high == pytest.approx(0.9, abs=0.08)
    assert history.rows[-1]["validation_loss"] < history.rows[0]["validation_loss"]


class AsSeries:
    """Each row of a matrix is a series of one number a step."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        X, y = validate_data(self, X, y, y_numeric=isinstance(self, SequenceRegressor))
        kwargs.setdefault("groups", np.arange(len(X)))
        return super().fit(X, y, **kwargs)  # type: ignore[misc]

    def _encode(self, X: Any) -> Any:
        check_is_fitted(self)
        return super()._encode(validate_data(self, X, reset=False))  # type: ignore[misc]


class Classifier(AsSeries, SequenceClassifier):
    pass


class Regressor(AsSeries, SequenceRegressor):
    pass


EXPECTED = {
    "check_classifiers_train": "two classes are told apart at `threshold_`, not at 0.5",
    "check_regressors_train": "R² 0.5 is not reached on 200 rows of ten unrelated numbers",
    "check_class_weight_classifiers": "the threshold chosen on validation moves with the weights",
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Classifier, Regressor])
def test_the_applicable_checks_of_scikit_learn_pass(kind: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(
            kind("gru", epochs=30, learning_rate=0.03, batch_size=16), on_fail=None, on_skip=None
        )
    found = {result["check_name"]: result for result in results}
    failed = {name for name, result in found.items() if result["status"] == "failed"}
    assert failed <= set(EXPECTED), {n: found[n]["exception"] for n in failed}
    assert len(found) > 40


@pytest.mark.parametrize("unit", [1e-250, 1e-13, 1e17, 1e160, 1e300])
def test_means_and_scales_follow_the_unit(unit: float) -> None:
    values = np.random.default_rng(0).normal(3, 2, (50, 4))
    mean, scale = mean_and_scale(values)
    other_mean, other_scale = mean_and_scale(values * unit)
    assert np.allclose(other_mean / unit, mean, rtol=1e-12)
    assert np.allclose(other_scale / unit, scale, rtol=1e-12)
    flat = mean_and_scale(np.full((9, 2), 0.1) * unit)[1]
    assert flat.tolist() == [1, 1]


@pytest.mark.parametrize("unit", [1e-13, 1e160])
def test_what_is_learnt_does_not_depend_on_the_unit(unit: float) -> None:
    X, labels = np.random.default_rng(0).normal(size=(30, 4, 2)), np.arange(30) % 3

    def answers(unit: float) -> list[Any]:
        classes = SequenceClassifier("one-to-one", epochs=1).fit(X * unit, labels)
        amounts = SequenceRegressor("one-to-one", epochs=1).fit(X, X.mean((1, 2)) * unit)
        return [classes.predict_proba(X * unit), amounts.predict(X) / unit]

    for here, there in zip(answers(1.0), answers(unit), strict=True):
        assert np.allclose(here, there, rtol=1e-5)
