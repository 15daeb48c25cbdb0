"""Measures of classes, for any weights of the rows, beside scikit-learn."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from recurra.judging.measures import (
    best_threshold,
    calibration_parts,
    class_measures,
    class_statistics,
    values,
)

TWO = {measure.name: measure for measure in class_measures(2, positive=1)}


def two(truth: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> np.ndarray:
    both = np.column_stack([1 - scores, scores])
    return class_statistics(both, (scores >= threshold).astype(int), truth.astype(int))


rows_of_two = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 3)), min_size=4, max_size=60
).filter(
    lambda rows: sum(w for y, _, w in rows if y) > 0 and sum(w for y, _, w in rows if not y) > 0
)


@given(rows_of_two, st.floats(0.05, 0.95))
def test_weighted_measures_of_two_classes_agree_with_scikit_learn(
    rows: list[tuple[bool, int, int]], threshold: float
) -> None:
    truth = np.array([y for y, _, _ in rows])
    scores = np.array([s / 20 for _, s, _ in rows])
    weights = np.array([float(w) for _, _, w in rows])
    called, zero = scores >= threshold, {"sample_weight": weights, "zero_division": 0.0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = {
            "accuracy": sk.accuracy_score(truth, called, sample_weight=weights),
            "precision": sk.precision_score(truth, called, **zero),
            "recall": sk.recall_score(truth, called, **zero),
            "F1": sk.f1_score(truth, called, **zero),
            "PR-AUC": sk.average_precision_score(truth, scores, sample_weight=weights),
            "ROC-AUC": sk.roc_auc_score(truth, scores, sample_weight=weights),
            "Brier score": sk.brier_score_loss(truth, scores, sample_weight=weights),
            "log loss": sk.log_loss(
                truth, np.clip(scores, 2**-23, 1 - 2**-23), sample_weight=weights
            ),
        }
    assert set(theirs) == set(TWO)
    for name, value in theirs.items():
        ours = TWO[name].of(two(truth, scores, threshold), weights[None])[0]
        assert ours == pytest.approx(value, abs=1e-6 if name == "log loss" else 1e-9), name


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_weighted_measures_of_many_classes_agree_with_scikit_learn(classes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, 40)])
    said = rng.dirichlet(np.ones(classes), len(truth)).round(2) + 1e-3
    said /= said.sum(axis=1, keepdims=True)
    decided = np.where(rng.random(len(truth)) < 0.5, truth, said.argmax(axis=1))
    weights = rng.integers(1, 4, len(truth)).astype(float)
    rows, weighted = class_statistics(said, decided, truth), {"sample_weight": weights}
    of_one = [
        sk.roc_auc_score(truth == k, said[:, k], sample_weight=weights) for k in range(classes)
    ]
    theirs = {
        "Brier score": sk.brier_score_loss(
            truth, said, labels=np.arange(classes), scale_by_half=True, **weighted
        )
        if classes > 2
        else sk.brier_score_loss(truth, said[:, 1], **weighted),
        "log loss": sk.log_loss(truth, said, **weighted),
        "accuracy": sk.accuracy_score(truth, decided, **weighted),
        "macro F1": sk.f1_score(truth, decided, average="macro", **weighted),
        "weighted F1": sk.f1_score(truth, decided, average="weighted", **weighted),
        "ROC-AUC": np.mean(of_one),
    }
    measures = {measure.name: measure for measure in class_measures(classes)}
    assert set(theirs) == set(measures)
    for name, value in theirs.items():
        ours = measures[name].of(rows, weights[None])[0]
        assert ours == pytest.approx(value, abs=1e-9), name


def test_one_against_the_rest_is_the_mean_that_scikit_learn_means() -> None:
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 4, 200), rng.dirichlet(np.ones(4), 200)
    area = {m.name: m for m in class_measures(4)}["ROC-AUC"]
    ours = values(area, class_statistics(said, said.argmax(axis=1), truth))
    assert ours == pytest.approx(sk.roc_auc_score(truth, said, multi_class="ovr", average="macro"))


@given(rows_of_two)
def test_a_weight_of_two_is_a_row_twice(rows: list[tuple[bool, int, int]]) -> None:
    truth = np.array([y for y, _, _ in rows])
    statistics = two(truth, np.array([s / 20 for _, s, _ in rows]))
    weights = np.array([w for _, _, w in rows])
    for measure in TWO.values():
        weighted = measure.of(statistics, weights[None].astype(float))[0]
        assert weighted == pytest.approx(values(measure, np.repeat(statistics, weights, axis=0)))


def test_losses_have_the_measure_for_their_mean() -> None:
    rng = np.random.default_rng(0)
    for classes in (2, 5):
        truth, said = rng.integers(0, classes, 90), rng.dirichlet(np.ones(classes), 90)
        rows = class_statistics(said, said.argmax(axis=1), truth)
        means = [measure for measure in class_measures(classes, 0 if classes == 2 else None)
                 if measure.losses is not None]  # fmt: skip
        assert [measure.name for measure in means] == ["Brier score", "log loss", "accuracy"]
        for measure in means:
            assert measure.losses is not None
            assert measure.losses(rows).mean() == pytest.approx(values(measure, rows))


def test_what_is_rarest_is_the_rarer_class_though_no_row_is_of_it() -> None:
    truth = np.array([1, 1, 1, 0])
    assert TWO["F1"].needs is not None
    assert TWO["Brier score"].needs is not None
    for name in ("F1", "Brier score"):
        needs = TWO[name].needs
        assert needs(two(truth, truth * 0.5)).tolist() == [False, False, False, True]
        assert not needs(two(np.ones(4, bool), truth * 0.5)).any()


def test_a_mean_over_many_classes_does_not_wait_for_the_rarest() -> None:
    truth = np.array([0] * 5 + [1] * 4 + [2])
    rows = class_statistics(np.full((10, 3), 1 / 3), truth, truth)
    measures = {measure.name: measure for measure in class_measures(3)}
    assert measures["macro F1"].needs(rows).sum() == 1
    assert measures["Brier score"].needs(rows).sum() == 5


@given(rows_of_two)
def test_the_best_threshold_has_the_highest_f1_of_all(rows: list[tuple[bool, int, int]]) -> None:
    truth, scores = np.array([y for y, _, _ in rows]), np.array([s / 20 for _, s, _ in rows])
    reached = values(TWO["F1"], two(truth, scores, best_threshold(truth, scores)))
    everywhere = [values(TWO["F1"], two(truth, scores, t)) for t in np.arange(-0.01, 1.02, 0.025)]
    assert reached == pytest.approx(max(everywhere))


def test_the_best_threshold_lies_in_the_middle_of_its_plateau() -> None:
    assert best_threshold(np.array([True, False]), np.array([0.9, 0.1])) == 0.5


def test_tenths_of_the_rows_keep_equal_scores_together() -> None:
    scores = np.array([0.1] * 15 + [0.9] * 5)
    truth = np.arange(20) >= 12
    assert calibration_parts(truth, scores) == [
        (pytest.approx(0.1), pytest.approx(0.2), 15),
        (pytest.approx(0.9), 1.0, 5),
    ]
