"""What every estimator keeps to: saving, sequences of no step, the rules of scikit-learn."""

import pickle
import warnings
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted, validate_data

from recurra import (
    DataError,
    SequenceClassifier,
    SequenceForecaster,
    SequenceGenerator,
    SequenceRegressor,
    SequenceTagger,
    SequenceTranslator,
    SettingsError,
)

RNG = np.random.default_rng(0)
NUMBERS = [RNG.normal(size=(length, 2)) for length in [1, 4, 9, 0] * 6]
TEXTS = ["win cash", "home", "see you at home", ""] * 6
GROUPS = {"groups": np.arange(24)}  # repeated rows are meant here

# what is fitted; what it is fitted on; what it is then asked: sequences long, of one step, empty
CASES: dict[str, tuple[Any, tuple[Any, ...], dict[str, Any], list[Any]]] = {
    "classifier of numbers": (
        SequenceClassifier("gru", epochs=1),
        (NUMBERS, [0, 1, 2] * 8),
        GROUPS,
        [NUMBERS[2], NUMBERS[0], np.zeros((0, 2))],
    ),
    "classifier of texts": (
        SequenceClassifier("gru", epochs=1, min_count=1),
        (TEXTS, ["a", "b"] * 12),
        GROUPS,
        ["see you", "home", ""],
    ),
    "regressor": (
        SequenceRegressor("gru", epochs=1),
        (NUMBERS, np.arange(24.0)),
        GROUPS,
        [NUMBERS[2], NUMBERS[0], np.zeros((0, 2))],
    ),
    "tagger": (
        SequenceTagger("gru", epochs=1, min_count=1),
        ([text.split() for text in TEXTS], [[*text.split()] for text in TEXTS]),
        GROUPS,
        [["see", "you"], ["home"], []],
    ),
    "forecaster": (
        SequenceForecaster("gru", epochs=1, horizon=2, window=4),
        (np.sin(np.arange(60)),),
        {},
        [np.sin(np.arange(9)), np.ones(1)],
    ),
    "generator": (
        SequenceGenerator("gru", epochs=1, units=4, max_length=6),
        (TEXTS,),
        GROUPS,
        ["see you", "h", ""],
    ),
    "translator": (
        SequenceTranslator("gru", epochs=1, units=4, max_length=6),
        (TEXTS, TEXTS[::-1]),
        GROUPS,
        ["see you", "home", ""],
    ),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Any, list[Any]]:
    """A fitted estimator, and what it is asked."""
    estimator, data, more, asked = CASES[request.param]
    return clone(estimator).fit(*data, **more), asked


def same(one: Any, other: Any) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def test_saved_loaded_and_pickled_it_gives_the_same(
    case: tuple[Any, list[Any]], tmp_path: Path
) -> None:
    model, asked = case
    expected = model.predict(asked)
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model")
    assert again.get_params() == model.get_params()
    same(again.predict(asked), expected)
    same(pickle.loads(pickle.dumps(model)).predict(asked), expected)
    if hasattr(model, "predict_proba"):
        same(again.predict_proba(asked), model.predict_proba(asked))
    if isinstance(model, SequenceGenerator):
        same(again.log_probabilities(asked), model.log_probabilities(asked))


def test_sequences_of_one_step_and_none_are_answered_as_if_they_were_alone(
    case: tuple[Any, list[Any]],
) -> None:
    model, asked = case
    together = model.predict(asked)
    for row, answer in zip(asked, together, strict=True):
        np.testing.assert_array_equal(model.predict([row])[0], answer)
    assert len(model.predict(asked[:0])) == 0


def test_a_forecast_needs_a_step() -> None:
    estimator, data, more, _ = CASES["forecaster"]
    with pytest.raises(DataError, match="at least 1 step"):
        clone(estimator).fit(*data, **more).predict([np.zeros(0)])


@pytest.mark.parametrize("name", CASES)
def test_nothing_at_all_is_refused_and_so_is_what_is_not_fitted(name: str) -> None:
    estimator, data, _, asked = CASES[name]
    with pytest.raises(DataError):
        clone(estimator).fit(*([] for _ in data))
    for unfitted in (asked, asked[:0]):
        with pytest.raises(NotFittedError):
            clone(estimator).predict(unfitted)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "settings",
    [{"epochs": 0}, {"learning_rate": 0.0}, {"random_state": -1}, {"validation_split": 1.0}],
    ids=str,
)
def test_settings_that_no_training_can_use_are_refused(name: str, settings: Any) -> None:
    estimator, data, more, _ = CASES[name]
    with pytest.raises(SettingsError, match=next(iter(settings))):
        clone(estimator).set_params(**settings).fit(*data, **more)


# ---- scikit-learn's own checks feed matrices: a coat turns them into what the estimator reads


def in_words(X: Any) -> list[str]:
    return [" ".join(f"c{i}v{round(2 * v)}" for i, v in enumerate(row)) for row in X.tolist()]


class Coat:
    """Takes matrices, as scikit-learn's checks give them."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.required = not isinstance(self, SequenceGenerator | SequenceForecaster)
        return tags

    def fit(self, X: Any, y: Any = None) -> Any:
        X = validate_data(self, X)
        return super().fit(*self.given(X, y), **self.apart(X))  # type: ignore[misc]

    def predict(self, X: Any) -> Any:
        said = super().predict(self.checked(X))  # type: ignore[misc]
        # the checks compare numbers: one stands for a text
        return np.stack([crc32(row.encode()) if isinstance(row, str) else row for row in said])

    def checked(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.given(X, np.zeros(len(X)))[0]

    def apart(self, X: Any) -> dict[str, Any]:
        return {"groups": np.arange(len(X))}

    def given(self, X: Any, y: Any) -> tuple[Any, ...]:
        return in_words(X), [str(label) for label in y]


class Tagger(Coat, SequenceTagger):
    def predict_proba(self, X: Any) -> Any:
        X = X if isinstance(X, np.ndarray) and X.ndim == 3 else self.checked(X)
        return SequenceTagger.predict_proba(self, X)

    def given(self, X: Any, y: Any) -> tuple[Any, ...]:  # a row is a series of numbers
        return X[..., None], [[label] * X.shape[1] for label in y]


class Generator(Coat, SequenceGenerator):
    def given(self, X: Any, y: Any) -> tuple[Any, ...]:
        return (in_words(X),)


class Translator(Coat, SequenceTranslator):
    pass


class Forecaster(Coat, SequenceForecaster):
    def fit(self, X: Any, y: Any = None) -> Any:  # the rows are the steps of one series
        return SequenceForecaster.fit(self, validate_data(self, X))

    def given(self, X: Any, y: Any) -> tuple[Any, ...]:  # each is asked about by itself
        return (X[:, None],)


COATED = [
    Tagger("gru", epochs=1),
    Forecaster("gru", epochs=1, horizon=1, window=2),
    Generator("gru", epochs=1, units=2, max_length=4),
    Translator("gru", epochs=1, units=2, max_length=4, beam=1),
]
CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_estimators_pickle",
    "check_estimators_unfitted",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_get_params_invariance",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_mixin_order",
    "check_n_features_in_after_fitting",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]
NOT_APPLICABLE = {
    "check_estimators_dtypes, _nan_inf, _empty_data_messages, check_complex_data, _sparse_…": "of "
    "matrices: the coat would answer; test_numbers.py asks the estimators of matrices",
    "check_fit2d_1sample, check_fit2d_1feature": "one row cannot be held out and learnt from, too",
    "check_classifiers_…, check_regressors_…, check_sample_weight…": "they are neither, and take "
    "no weights",
    "check_positive_only_tag_during_fit, check_readonly_memmap_input": "the coat makes new arrays",
}


@pytest.mark.parametrize("estimator", COATED, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("check", CHECKS)
def test_the_applicable_checks_of_scikit_learn_pass(estimator: Any, check: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(estimator_checks, check)(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("given", [iter, set, lambda rows: dict(enumerate(rows)), lambda _: None])
def test_what_is_no_list_or_array_is_refused_by_its_type(name: str, given: Any) -> None:
    model, (X, *_), groups, _ = CASES[name]
    texts = list(map(str, range(len(X))))  # such as a set may hold
    wrong = given(texts)
    said = f"must be a list or an array of rows.* of the type {type(wrong).__name__}"
    with pytest.raises(DataError, match=f"^X {said}"):
        clone(model).fit(wrong, *CASES[name][1][1:], **groups)
    if len(CASES[name][1]) > 1 and wrong is not None:
        with pytest.raises(DataError, match=f"^y {said}"):
            clone(model).fit(X, wrong, **groups)
