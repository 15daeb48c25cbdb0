"""A network of texts begins as the best linear model, and no row teaches its own start."""

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from recurra import SequenceClassifier
from recurra.answers.starts import steps_of
from recurra.baselines import crossfit, terms
from recurra.baselines.crossfit import cross_fit
from recurra.baselines.runs import counted_runs
from recurra.baselines.texts import LinearTexts
from recurra.bundle import read_bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.exporting import to_keras, to_onnx
from recurra.judging.classes import Labelled, turns_of
from recurra.judging.leaks import own_start
from recurra.judging.scaling import factors_of
from recurra.operations.network import Plan
from recurra.problems.begun import BegunProblem
from recurra.runtime import load
from recurra.text.terms import NAIVE_BAYES, NGRAMS, RUNS, log_odds_of

Messages = tuple[list[str], list[str]]


def by_shares(odds: Any) -> Any:
    """Probabilities of log-odds, (rows, classes)."""
    return special.softmax(np.hstack([0 * odds, odds]) if odds.shape[1] == 1 else odds, axis=1)


def rows_of(messages: Messages) -> tuple[Any, Any]:
    return np.array(messages[0], object), (np.array(messages[1]) == "spam").astype(np.int64)


# ---- out of fold


@pytest.mark.parametrize("classes", [2, 3])
def test_no_row_teaches_its_own_start_nor_that_of_its_copies(
    messages: Messages, classes: int
) -> None:
    texts, truth = rows_of(messages)
    truth = np.where(np.char.find(texts.astype(str), "ann") >= 0, classes - 1, truth)
    groups = np.arange(len(texts)) // 2
    before = cross_fit(texts, truth, classes, groups)
    changed = truth.copy()
    changed[10:12] = (truth[10:12] + 1) % classes
    patch = pytest.MonkeyPatch()
    (kind,), C = before.start.kinds, before.C
    patch.setattr(crossfit, "STRENGTHS", {kind: (C,)})  # what is chosen may change
    again, other = (
        cross_fit(texts, each, classes, groups, kinds=[kind]) for each in (truth, changed)
    )
    patch.undo()
    same = (again.log_odds == other.log_odds).all(axis=1)
    np.testing.assert_array_equal(again.fold, other.fold)
    assert same[again.fold == again.fold[10]].all()
    assert not same[again.fold != again.fold[10]].any()


def test_a_start_is_what_a_model_says_that_was_fitted_on_the_other_folds(
    messages: Messages,
) -> None:
    texts, truth = rows_of(messages)
    found = cross_fit(texts, truth, 2, np.arange(len(texts)))
    (part,), fold = found.start.parts, found.fold
    kind = part.model.kind
    assert np.unique(fold).tolist() == [0, 1, 2, 3, 4]
    rows = np.flatnonzero(fold != 3)
    counted = terms.Counted(kind, texts[rows])  # nothing else was ever counted
    alone = terms.Weighted(counted, np.arange(len(rows)), truth[rows], 2).fit(found.C).model()
    held = log_odds_of(alone.probabilities(texts[fold == 3]))
    np.testing.assert_allclose(found.log_odds[fold == 3], held, atol=1e-5)
    everything = terms.Weighted(terms.Counted(kind, texts), np.arange(len(texts)), truth, 2)
    new = everything.fit(found.C).model().probabilities(["win a prize"])
    assert part.model.probabilities(["win a prize"]).tolist() == new.tolist()


def test_rows_of_more_text_than_fits_begin_where_a_sample_says(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, truth = rows_of(messages)
    half = sum(map(len, texts)) // 2
    monkeypatch.setattr(crossfit, "MOST_CHARACTERS", dict.fromkeys(NGRAMS, half))
    found = cross_fit(texts, truth, 2, np.arange(len(texts)))
    beside = found.fold < 0
    assert 0.3 < beside.mean() < 0.7
    expected = found.start.log_odds(texts[beside])
    np.testing.assert_allclose(found.log_odds[beside], expected, atol=1e-5)


def test_texts_without_a_common_term_begin_at_the_shares_of_the_classes() -> None:
    texts = np.array([f"{letter}{letter}" for letter in "abcdefghijkl"], object)
    found = cross_fit(texts, np.arange(12) % 3 // 2, 2, np.arange(12))
    assert found.start.parts[0].model.vocabulary == []
    assert np.isfinite(found.log_odds).all()
    with pytest.raises(DataError, match="too few for 2 folds"):
        cross_fit(texts, np.arange(12) % 2, 2, np.zeros(12, np.int64))


def test_runs_across_words_are_those_that_a_vectorizer_counts(messages: Messages) -> None:
    texts = [*messages[0], "", " ", "A  b", *["ÀB 가나 다\t가나" * n for n in range(4)]]
    there, runs = counted_runs(texts, 3)
    counter = CountVectorizer(analyzer="char", ngram_range=(1, 6), min_df=3, binary=True)
    wanted = counter.fit_transform([" ".join(text.lower().split()) for text in texts])
    assert sorted(runs) == sorted(counter.get_feature_names_out())
    columns = [counter.vocabulary_[run] for run in runs]
    np.testing.assert_array_equal(there.toarray(), wanted.toarray()[:, columns])


def test_a_run_is_known_that_three_of_the_rows_have_whatever_others_have() -> None:
    texts = np.array(["xyz", "xyz", "xy", "xyz", "z"], object)
    counted = terms.Counted(RUNS, texts)
    assert sorted(counted.terms) == ["x", "xy", "xyz", "y", "yz", "z"]
    assert sorted(counted.terms[counted.known_to(np.arange(3))]) == ["x", "xy", "y"]
    weighted = terms.Weighted(counted, np.arange(5), np.array([1, 1, 0, 1, 0]), 2).fit(1.0)
    asked = weighted.rows.of(np.array([0, 4]))
    found = weighted.model().probabilities(["XYZ", "z"])
    np.testing.assert_allclose(found, weighted.probabilities(asked, 2), atol=1e-6)


def test_naive_bayes_weights_are_those_of_wang_and_manning(messages: Messages) -> None:
    texts, truth = rows_of(messages)
    truth = np.where(np.arange(len(truth)) % 7 == 0, 1 - truth, truth)
    known = Labelled(texts, truth, ("ham", "spam"), 1, np.arange(len(texts)))
    model = LinearTexts(NAIVE_BAYES).fit(known, turns_of(truth, known.groups, 0.2, 0))
    counter = CountVectorizer(
        min_df=2, binary=True, ngram_range=(1, 3), token_pattern=r"\w+|[^\w\s]"
    )
    there = counter.fit_transform(texts).toarray().astype(float)
    p, q = (1 + there[truth == side].sum(axis=0) for side in (1, 0))
    ratio = np.log((p / p.sum()) / (q / q.sum()))
    stock = LogisticRegression(
        C=model.C, solver="liblinear", dual=True, intercept_scaling=10, random_state=0
    ).fit(there * ratio, truth)
    expected = stock.predict_proba(there * ratio)
    np.testing.assert_allclose(model.say(texts).probabilities, expected, atol=1e-3)


# ---- log-odds that mean what they say


def test_factors_are_those_of_a_logistic_regression_drawn_to_one() -> None:
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(20_000, 1)), rng.normal(size=(20_000, 1))]
    truth = (rng.random(20_000) < special.expit(0.5 * parts[0] + 2 * parts[1])[:, 0]).astype(int)
    stock = LogisticRegression(C=1e6, fit_intercept=False).fit(np.hstack(parts), truth)
    np.testing.assert_allclose(factors_of(parts, truth), stock.coef_[0], atol=2e-2)
    few = factors_of([part[:1] for part in parts], truth[:1])
    assert np.abs(few - 1).max() < 0.5
    assert (factors_of([-parts[1]], truth) == 0).all()  # what says the contrary is not believed


def test_scores_that_label_smoothing_bent_are_straightened_on_validation_rows(
    messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: dict[str, Any] = {"model": "one-to-one", "epochs": 8, "learning_rate": 0.02}
    losses = []
    for kept in (lambda self, given, *_: given, SequenceClassifier._calibrate):
        monkeypatch.setattr(SequenceClassifier, "_calibrate", kept)
        model = SequenceClassifier(**settings, random_state=1)
        model.fit(messages[0], messages[1], groups=np.arange(len(messages[0])))
        ((_, validation),) = model.sides_
        shares = model.predict_proba(np.array(messages[0], object)[validation])
        truth = (np.array(messages[1])[validation] == model.classes_[1]).astype(int)
        losses.append(-np.log(shares[np.arange(len(truth)), truth]).mean())
    assert losses[1] < losses[0]


# ---- the classifier


@pytest.fixture(
    scope="module", params=[("ngram-bi-gru", 2), ("ngram-bi-gru", 3), ("ngram-triple-bi-gru", 2)]
)
def fitted(request: pytest.FixtureRequest, messages: Messages) -> SequenceClassifier:
    texts, labels = list(messages[0]), list(messages[1])
    name, classes = request.param
    if classes == 3:
        labels = ["work" if "ann" in text else label for text, label in zip(*messages, strict=True)]
    model = SequenceClassifier(name, epochs=1, members=1)
    return model.fit(texts, labels, groups=np.arange(len(texts)))


ASKED = ["win a prize now", "see you at lunch", "", "점심 먹자"]


def test_the_runtime_says_what_keras_says(fitted: SequenceClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    saved, again = load(tmp_path / "model"), SequenceClassifier.load(tmp_path / "model")
    ours = fitted.predict_proba(ASKED)
    np.testing.assert_allclose(saved.predict_proba(ASKED), ours, atol=1e-6)  # type: ignore[attr-defined]
    assert again.predict_proba(ASKED).tobytes() == ours.tobytes()
    assert pickle.loads(pickle.dumps(fitted)).predict_proba(ASKED).tobytes() == ours.tobytes()
    assert clone(fitted).get_params() == fitted.get_params()
    one = load(tmp_path / "model").predict_proba(ASKED[:1])  # type: ignore[attr-defined]
    assert one.tobytes() == saved.predict_proba(ASKED)[:1].tobytes()  # type: ignore[attr-defined]


def test_log_odds_are_the_sum_of_the_start_and_of_what_the_network_adds(
    fitted: SequenceClassifier,
) -> None:
    assert fitted.start_ is not None
    odds = fitted.start_.log_odds(ASKED)
    alone = fitted.start_.log_odds_alone(ASKED)
    if len(fitted.start_.parts) == 1:  # unscaled: as it answers alone
        by_itself = fitted.start_.parts[0].model.probabilities(ASKED)
        np.testing.assert_allclose(alone, log_odds_of(by_itself))
    shares = fitted.start_shares(ASKED)
    np.testing.assert_allclose(log_odds_of(shares), log_odds_of(by_shares(alone)), atol=1e-3)
    sequences = fitted.encoder_.encode(ASKED)
    nothing = fitted._outputs(fitted._from_nothing(fitted._begun(sequences, ASKED)))
    added = log_odds_of(fitted._shares(nothing), 1e-7)
    whole = log_odds_of(fitted._shares(fitted._outputs(fitted._encode(ASKED))), 1e-7)
    centred = [each - each.mean(axis=1, keepdims=True) * (each.shape[1] > 1)
               for each in (odds + added, whole)]  # fmt: skip
    np.testing.assert_allclose(*(np.clip(each, -8, 8) for each in centred), atol=1e-3)


@pytest.mark.parametrize("answer", ["yes", "no", "undecided", "too few"])
def test_what_several_linear_models_say_together_is_said_to_be_in_the_saved_model(
    fitted: SequenceClassifier, answer: str
) -> None:
    problem, verdict = object.__new__(BegunProblem), SimpleNamespace(answer=answer)
    told = problem._note(verdict, fitted)  # type: ignore[arg-type]
    assert fitted.start_ is not None
    assert ("start_shares" in told) == (len(fitted.start_.parts) > 1 and answer != "yes")


@pytest.mark.parametrize(("name", "same"), [("ngram-pair-bi-gru", True), ("ngram-bi-gru", False)])
def test_what_learns_alone_learns_the_same_whatever_it_is_weighed_with(
    name: str, same: bool, messages: Messages, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, given = [], SequenceClassifier._begin
    for sign in (1, -1):
        monkeypatch.setattr(SequenceClassifier, "_begin", lambda *rows, s=sign: s * given(*rows))
        model = SequenceClassifier(name, epochs=1, members=1)
        model.fit(messages[0], messages[1], groups=np.arange(len(messages[0])))
        found.append(model)
    first, second = (m.weights_[0] for m in found)
    body = [path for path in first if not path.startswith("added/")]  # that is brought to scale
    assert len(body) > 4
    assert all(first[path].tobytes() == second[path].tobytes() for path in body) is same
    factors = [[p.factor for p in m.start_.parts] for m in found if m.start_ is not None]
    assert sum(factors[0]) > sum(factors[1])
    assert not same or sum(factors[1]) == 0  # what says the contrary is not believed


def test_several_linear_models_are_each_believed_as_their_rows_say(messages: Messages) -> None:
    texts, labels = np.array(messages[0], object), np.array(messages[1], object)
    labels[::9] = labels[::9][::-1]
    groups = np.arange(len(texts))
    model = SequenceClassifier("ngram-triple-bi-gru", epochs=1, members=1)
    model.fit(texts, labels, groups=groups)
    assert model.start_ is not None
    assert model.start_.kinds == ["char TF-IDF + LR", "NB runs + LR"]
    truth = (labels == model.classes_[1]).astype(np.int64)
    apart = [cross_fit(texts, truth, 2, groups, kinds=[kind]) for kind in model.start_.kinds]
    alone = [part.alone for part in model.start_.parts]
    np.testing.assert_allclose(alone, factors_of([each.log_odds for each in apart], truth))
    assert alone[0] != alone[1]
    each = [log_odds_of(part.model.probabilities(ASKED)) for part in model.start_.parts]
    together = sum(factor * odds for factor, odds in zip(alone, each, strict=True))
    np.testing.assert_allclose(model.start_.log_odds_alone(ASKED), together)
    factors = [part.factor for part in model.start_.parts]
    ((_, rows),) = model.sides_  # held out of the network, and out of fold
    given = model.encoder_.encode(texts[rows].tolist())
    nothing = steps_of(np.zeros((len(rows), 1)))
    added = log_odds_of(model._shares(model._outputs((given, nothing))), 1e-7)
    begun = [a * each.log_odds[rows] for each, a in zip(apart, alone, strict=True)]
    again = factors_of([added, *begun], truth[rows])
    np.testing.assert_allclose(again[1:] * alone, factors, atol=0.05)
    assert model.start_folds_.shape == (len(texts), 2)


def test_an_effect_tells_what_each_part_gave(fitted: SequenceClassifier) -> None:
    effects = fitted.effects("win a prize at lunch")
    assert [each.token for each in effects] == ["win", "a", "prize", "at", "lunch"]
    assert fitted.explain("win a prize at lunch") == [(each.token, each.fall) for each in effects]
    assert all(each.start is not None and each.added is not None for each in effects)
    assert any(each.start for each in effects)


def test_a_network_with_a_start_is_exported_to_onnx_alone_and_not_read_in_pieces(
    fitted: SequenceClassifier, tmp_path: Path
) -> None:
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    fitted.save(tmp_path / "model")
    with pytest.raises(BundleError, match="goes with a linear model of n-grams") as refused:
        to_keras(tmp_path / "model", tmp_path / "a.keras")
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.glob("a.*"))
    to_onnx(tmp_path / "model", tmp_path / "a.onnx")
    assert (tmp_path / "a.onnx").exists()
    with pytest.raises(SettingsError, match="reads backwards"):
        fitted.stream()


def test_a_bundle_without_its_start_is_refused(fitted: SequenceClassifier, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    del bundle.encoder["start"]
    for name in [name for name in bundle.weights if name.startswith("start/")]:
        del bundle.weights[name]
    write_bundle(tmp_path / "other", bundle)
    for read in (load, SequenceClassifier.load):
        with pytest.raises(BundleError, match="begin"):
            read(tmp_path / "other")


def test_rows_that_neither_train_nor_validate_teach_nothing(messages: Messages) -> None:
    texts, labels = np.array(messages[0], object), np.array(messages[1], object)
    sides = [(np.arange(0, 80), np.arange(80, 100))]
    found = []
    for swapped in (False, True):
        given = labels.copy()
        if swapped:
            given[100:] = labels[100:][::-1]
            given[100:] = np.where(given[100:] == "spam", "ham", "spam")
        model = SequenceClassifier("ngram-bi-gru", epochs=1, members=1)
        model.fit(texts, given, sides=sides, groups=np.arange(len(texts)))
        found.append(model)
    first, second = ({**m.weights_[0], **m._arrays_beside()} for m in found)
    assert all(first[name].tobytes() == second[name].tobytes() for name in first)


def test_a_start_that_is_given_twice_or_not_at_all_is_refused(fitted: SequenceClassifier) -> None:
    plan = fitted._plan_json()
    assert plan is not None
    start = next(each for each in plan["operations"] if each["operation"] == "start")
    twice = {**plan, "operations": [*plan["operations"], {**start, "name": "second"}]}
    with pytest.raises(ValueError, match="second is a second start"):
        Plan.model_validate(twice).shape()


def test_the_probe_sees_copies_whose_starts_taught_each_other() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    assert own_start(groups, np.array([1, 1, 0, 2, 2, 2])).passed
    leak = own_start(groups, np.array([1, 1, 0, 2, 2, 0]))
    assert (leak.passed, leak.size) == (False, 3)
    of_two = np.array([[1, 0], [1, 2], [0, 0], [2, 2], [2, 2], [2, 2]])
    assert (own_start(groups, of_two).passed, own_start(groups, of_two).size) == (False, 2)
