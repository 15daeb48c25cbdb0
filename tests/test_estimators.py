import json
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numbers_as_texts import NumbersAsTexts
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from recurra import BundleError, DataError, SequenceClassifier, SettingsError, TextEncoder
from recurra.bundle import read_bundle, write_bundle
from recurra.errors import RecurraError
from recurra.estimators import as_texts, group_duplicates

Messages = tuple[list[str], list[str]]


def quick(**settings: Any) -> SequenceClassifier:
    return SequenceClassifier("simple-rnn", epochs=4, learning_rate=0.01, **settings)


@pytest.fixture(scope="module")
def fitted(messages: Messages) -> SequenceClassifier:
    return quick().fit(*messages)


def test_it_learns_and_follows_scikit_learn_conventions(
    messages: Messages, fitted: SequenceClassifier
) -> None:
    texts, labels = messages
    proba = fitted.predict_proba(texts)
    assert proba.shape == (len(texts), 2)
    np.testing.assert_allclose(proba.sum(1), 1)
    assert fitted.classes_.tolist() == ["ham", "spam"]
    assert fitted.score(texts, labels) > 0.9
    expected = np.where(proba[:, 1] >= fitted.threshold_, "spam", "ham")
    np.testing.assert_array_equal(fitted.predict(texts), expected)


def test_it_clones_with_its_settings_and_without_what_it_learnt(
    fitted: SequenceClassifier,
) -> None:
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    assert not hasattr(copy, "weights_")


def test_it_works_in_pipelines_and_cross_validation(messages: Messages) -> None:
    upper = FunctionTransformer(lambda texts: [text.upper() for text in texts])
    scores = cross_val_score(make_pipeline(upper, quick()), *map(np.array, messages), cv=3)
    assert scores.mean() > 0.7


EXPECTED_FAILURES = {
    "check_class_weight_classifiers": "class weights move the scores, and the threshold chosen on "
    "validation moves with them: decisions do not flip to the heavier class",
}
NOT_APPLICABLE = {"check_array_api_input": "needs SCIPY_ARRAY_API; texts are no arrays of numbers"}


def test_the_applicable_checks_of_scikit_learn_pass() -> None:
    # one of the checks wants decisions at 0.5; after six epochs no score is near that or the
    # validated threshold
    estimator = NumbersAsTexts("simple-rnn", epochs=6, min_count=1, learning_rate=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(estimator, on_fail=None, on_skip=None)
    found = {result["check_name"]: result for result in results}
    failed = {name for name, result in found.items() if result["status"] == "failed"}
    skipped = {name for name, result in found.items() if result["status"] == "skipped"}
    assert failed == set(EXPECTED_FAILURES), {n: found[n]["exception"] for n in failed}
    assert skipped <= set(NOT_APPLICABLE)
    assert len(found) > 45


def test_without_the_coat_of_numbers_the_same_class_passes_what_is_asked_of_texts() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(quick(), on_fail="raise")
    assert {result["status"] for result in results} == {"passed"}


@pytest.mark.parametrize(
    ("container"), [list, tuple, np.array, pd.Series, lambda t: np.array(t, object)[:, None]]
)
def test_texts_may_come_in_any_usual_container(
    messages: Messages, fitted: SequenceClassifier, container: Any
) -> None:
    few = messages[0][:3]
    np.testing.assert_array_equal(
        fitted.predict_proba(container(few)), fitted.predict_proba(list(few))
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("one text", "Put it in a list"),
        ([["a", "b"], ["c", "d"]], r"shape \(2, 2\)"),
        (["a", None], "row 1 is None"),
        (["a", 3.5], r"row 1 is 3\.5"),
    ],
)
def test_what_is_not_texts_is_refused(texts: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_texts(texts)


def test_labels_must_be_classes(messages: Messages) -> None:
    texts, _ = messages
    with pytest.raises(DataError, match="1 class came: 'ham'"):
        quick().fit(texts, ["ham"] * len(texts))
    with pytest.raises(DataError, match="classes, not quantities"):
        quick().fit(texts, np.arange(len(texts)) / 7)
    with pytest.raises(DataError, match="one label a row"):
        quick().fit(texts, ["ham"])
    with pytest.raises(DataError, match="too few"):
        quick().fit(texts, [f"c{i % 60}" for i in range(len(texts))])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1, but it is 0"),
        ({"validation_split": 1.0}, "share between 0 and 1"),
        ({"positive": "egg"}, "must be one of"),
        ({"tokenizer": "bpe"}, "tokenizer must be one of"),
        ({"random_state": None}, "whole number from 0 up"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    messages: Messages, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        quick().set_params(**settings).fit(*messages)


@pytest.mark.parametrize("members", [1, 2])
def test_the_vocabulary_knows_what_every_members_training_rows_alone_would_teach(
    messages: Messages, members: int
) -> None:
    texts, labels = messages
    secret = [f"{text} secret{chr(97 + i % 26)}{chr(97 + i // 26)}" for i, text in enumerate(texts)]
    model = quick(min_count=1, members=members).set_params(epochs=1).fit(secret, labels)
    known = set(model.encoder_.vocabulary.tokens)
    for row in range(len(secret)):
        seen = secret[row].split()[-1] in known
        assert seen == all(row in training for training, _ in model.sides_)


def test_duplicates_never_stand_on_both_sides_of_the_validation_split(messages: Messages) -> None:
    texts = [*messages[0], *(text.upper() + " " for text in messages[0])]
    model = quick().set_params(epochs=1).fit(texts, messages[1] * 2)
    keys = group_duplicates(texts)
    ((training, validation),) = model.sides_
    assert not set(keys[training]) & set(keys[validation])


def test_members_hold_out_different_rows_until_all_have_been_held_out(messages: Messages) -> None:
    model = quick(members=5).set_params(epochs=1).fit(*messages)
    held_out = np.concatenate([validation for _, validation in model.sides_])
    assert sorted(held_out) == list(range(len(messages[0])))
    for training, validation in model.sides_:
        assert not set(training) & set(validation)


def test_the_positive_class_may_be_chosen(messages: Messages) -> None:
    model = quick(positive="ham").fit(*messages)
    few = messages[0][:4]
    np.testing.assert_array_equal(model.positive_scores(few), model.predict_proba(few)[:, 0])
    assert model.score(*messages) > 0.9
    assert model.label_of(1.0) == "ham"


def test_class_weights_raise_the_scores_of_the_heavier_class(messages: Messages) -> None:
    plain = quick().fit(*messages)
    heavy = quick(class_weight={"ham": 1.0, "spam": 20.0}).fit(*messages)
    assert heavy.positive_scores(messages[0]).mean() > plain.positive_scores(messages[0]).mean()


def test_the_same_seed_gives_the_same_scores_and_another_seed_others(messages: Messages) -> None:
    few = messages[0][:10]
    first, second = (quick(random_state=5).fit(*messages).predict_proba(few) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (quick(random_state=6).fit(*messages).predict_proba(few) != first).any()


def test_members_are_averaged(messages: Messages) -> None:
    few = messages[0][:5]
    both = quick(members=2).fit(*messages)
    single = [clone(both).set_params(members=1).fit(*messages)]
    assert len(both.weights_) == 2
    one = single[0].positive_scores(few)
    both.weights_ = both.weights_[:1]
    np.testing.assert_array_equal(both.positive_scores(few), one)


def test_a_saved_model_gives_the_same_scores(
    tmp_path: Path, messages: Messages, fitted: SequenceClassifier
) -> None:
    fitted.save(tmp_path / "model")
    again = SequenceClassifier.load(tmp_path / "model")
    np.testing.assert_array_equal(
        again.predict_proba(messages[0]), fitted.predict_proba(messages[0])
    )
    np.testing.assert_array_equal(again.predict(messages[0]), fitted.predict(messages[0]))


def test_a_saved_model_that_does_not_fit_its_architecture_is_refused(
    tmp_path: Path, fitted: SequenceClassifier
) -> None:
    fitted.save(tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    bundle.config["settings"]["model"] = "gru"
    write_bundle(tmp_path / "model", bundle)
    with pytest.raises(BundleError, match="the array '0/network/gru/gru_cell/kernel' must have"):
        SequenceClassifier.load(tmp_path / "model")
    assert "pickle" not in json.dumps(bundle.config)


def test_a_fitted_model_pickles_without_its_compiled_network(
    messages: Messages, fitted: SequenceClassifier
) -> None:
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(
        again.predict_proba(messages[0][:3]), fitted.predict_proba(messages[0][:3])
    )


def test_an_explanation_is_the_fall_of_the_score_without_each_token(
    fitted: SequenceClassifier,
) -> None:
    explained = fitted.explain("ann win now")
    assert [token for token, _ in explained] == ["ann", "win", "now"]
    full = fitted.positive_scores(["ann win now"])[0]
    without = fitted.positive_scores(["win now", "ann now", "ann win"])
    np.testing.assert_allclose([effect for _, effect in explained], full - without, atol=1e-12)
    assert fitted.explain("") == []


def test_an_encoder_fitted_before_is_used_as_it_is(messages: Messages) -> None:
    encoder = TextEncoder.fit(messages[0], tokenizer="lecture-word", unknown=False)
    assert quick().set_params(epochs=1).fit(*messages, encoder=encoder).encoder_ is encoder


def test_a_text_of_a_megabyte_is_cut_and_scored(fitted: SequenceClassifier) -> None:
    huge = "win now " * 131_072
    cut = " ".join(["win", "now"] * 128)
    assert fitted.positive_scores([huge])[0] == fitted.positive_scores([cut])[0]


def test_a_training_that_led_beyond_all_weights_says_so_and_saves_nothing(
    messages: tuple[list[str], list[str]],
) -> None:
    model = SequenceClassifier(model="one-to-one", epochs=1, learning_rate=1e8)
    with pytest.raises(RecurraError, match="weights must stay within 1,000,000.* learning rate"):
        model.fit(*messages)
