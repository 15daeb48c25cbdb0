"""What networks are shown beside: how it is fitted, decides, and is saved."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from recurra.baselines import texts as module
from recurra.baselines.classes import Constant, constants
from recurra.baselines.terms import VECTORS
from recurra.baselines.texts import LinearTexts, text_baselines
from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError
from recurra.judging.classes import Labelled, turns_of
from recurra.judging.measures import best_threshold, class_measures, class_statistics, values
from recurra.text.terms import NAIVE_BAYES

LINEAR = [kind for kind in VECTORS if kind != NAIVE_BAYES]


def noisy(messages: tuple[list[str], list[str]], classes: int = 2) -> Labelled:
    """Messages of which some bear a wrong label, and of which a third are of the class to find."""
    texts, truth = np.array(messages[0], object), (np.array(messages[1]) == "spam").astype(int)
    rng = np.random.default_rng(0)
    kept = np.flatnonzero((truth == 0) | (rng.random(120) < 0.6))
    texts, truth = texts[kept], truth[kept]
    flipped = rng.random(len(truth)) < 0.15
    truth = np.where(flipped, 1 - truth, truth)
    if classes == 3:
        truth = np.where(["ann" in text or "eun" in text for text in texts], 2, truth)
    names = ("ham", "spam", "work")[:classes]
    return Labelled(texts, truth, names, 1 if classes == 2 else None, np.arange(len(truth)))


def sides_of(rows: Labelled) -> Any:
    return turns_of(rows.truth, rows.groups, 0.2, 0)


@pytest.mark.parametrize("kind", LINEAR)
def test_a_linear_baseline_is_tf_idf_and_logistic_regression_of_all_rows_known(
    kind: str, messages: tuple[list[str], list[str]]
) -> None:
    rows = noisy(messages)
    model = LinearTexts(kind).fit(rows, sides_of(rows))
    vectors = TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, **VECTORS[kind])
    oracle = LogisticRegression(C=model.C, max_iter=1000)
    oracle.fit(vectors.fit_transform(rows.inputs), rows.truth)
    vectors.dtype = np.float64  # a model answers in 64 bits, whatever it was fitted in
    expected = oracle.predict_proba(vectors.transform(rows.inputs))
    np.testing.assert_allclose(model.say(rows.inputs).probabilities, expected, atol=1e-12)
    assert model.rows == len(rows.truth)


@pytest.mark.parametrize("kind", LINEAR)
def test_a_linear_baseline_chooses_its_threshold_as_a_network_does_on_validation_rows(
    kind: str, messages: tuple[list[str], list[str]]
) -> None:
    rows = noisy(messages)
    sides = sides_of(rows)
    model = LinearTexts(kind).fit(rows, sides)
    truth, scores = [], []
    for train, validation in sides[:3]:
        vectors = TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, **VECTORS[kind])
        oracle = LogisticRegression(C=model.C, max_iter=1000)
        oracle.fit(vectors.fit_transform(rows.inputs[train]), rows.truth[train])
        scores.append(oracle.predict_proba(vectors.transform(rows.inputs[validation]))[:, 1])
        truth.append(rows.truth[validation] == 1)
    assert model.threshold == pytest.approx(
        best_threshold(np.concatenate(truth), np.concatenate(scores)),
        abs=1e-5,  # sums in 32 bits
    )
    assert model.threshold != 0.5
    said = model.say(rows.inputs)
    np.testing.assert_array_equal(said.decided == 1, said.probabilities[:, 1] >= model.threshold)


def test_the_strength_of_the_penalty_is_that_of_the_lowest_brier_score_on_validation_rows(
    messages: tuple[list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = noisy(messages)
    sides = sides_of(rows)
    train, held = (rows.take(side) for side in sides[0])
    found = {}
    for strength in module.STRENGTHS[LINEAR[0]]:
        monkeypatch.setattr(module, "STRENGTHS", {LINEAR[0]: (strength,)})
        said = LinearTexts(LINEAR[0]).fit(train, [(np.arange(len(train.truth)),) * 2])
        statistics = class_statistics(*said.say(held.inputs), held.truth)
        found[strength] = values(class_measures(2)[0], statistics)
    monkeypatch.undo()
    best = min(found, key=lambda strength: found[strength])
    assert best == LinearTexts(LINEAR[0]).fit(rows, sides).C
    assert len(set(found.values())) == 3


def test_what_reads_nothing_has_no_threshold_and_says_the_same_of_all(
    messages: tuple[list[str], list[str]],
) -> None:
    rows = noisy(messages)
    share = rows.truth.mean()
    expected = {
        "base rate": ([1 - share, share], 0),
        "always the larger class": ([1.0, 0.0], 0),
        "always positive": ([0.0, 1.0], 1),
    }
    made = {c.name: c.make(0).fit(rows, [], listener=None, checkpoints=None) for c in constants(1)}  # type: ignore[arg-type]
    assert made.keys() == expected.keys()
    for name, (shares, decided) in expected.items():
        said = made[name].say(["a", "b"])
        np.testing.assert_allclose(said.probabilities, [shares, shares])
        assert said.decided.tolist() == [decided] * 2
        assert made[name].threshold is None  # type: ignore[attr-defined]
    assert [c.name for c in constants(None)] == ["base rate", "always the larger class"]
    assert all(c.baseline for c in [*constants(1), *text_baselines()])


def test_of_three_classes_the_most_probable_one_is_decided_for(
    messages: tuple[list[str], list[str]],
) -> None:
    rows = noisy(messages, 3)
    model = LinearTexts(LINEAR[0]).fit(rows, sides_of(rows))
    said = model.say(rows.inputs)
    assert model.threshold is None
    np.testing.assert_array_equal(said.decided, said.probabilities.argmax(axis=1))
    np.testing.assert_allclose(said.probabilities.sum(axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("kind", LINEAR)
def test_a_baseline_takes_a_sample_when_there_is_too_much_text(
    kind: str, messages: tuple[list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = noisy(messages)
    half = dict.fromkeys(LINEAR, sum(map(len, rows.inputs)) // 2)
    monkeypatch.setattr(module, "MOST_CHARACTERS", half)
    model = LinearTexts(kind).fit(rows, sides_of(rows))
    assert model.rows == pytest.approx(len(rows.truth) / 2, abs=3)
    assert model.threshold is not None


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_sample_has_its_share_of_the_rows_that_teach_and_of_those_that_validate(
    share: float, messages: tuple[list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # drawn as validation rows are drawn, it would be those rows, and C chosen of fits on none
    rows = noisy(messages)
    rows = rows.take(np.arange(len(rows.truth)).repeat(3))
    rows = replace(rows, groups=np.arange(len(rows.truth)))
    few = dict.fromkeys(LINEAR, int(sum(map(len, rows.inputs)) * share))
    monkeypatch.setattr(module, "MOST_CHARACTERS", few)
    _, sides = LinearTexts(LINEAR[0])._sample(rows, sides_of(rows))
    taught, validating = (np.mean([len(side[part]) for side in sides]) for part in (0, 1))
    assert validating / (taught + validating) == pytest.approx(0.2, abs=0.04)
    assert all(len(side[1]) > 0.1 * len(side[0]) for side in sides)


def test_texts_without_a_common_word_get_the_shares_of_the_classes() -> None:
    texts = np.array(["", "  ", "alpha", "beta", "gamma", "delta", "", "epsilon"], object)
    rows = Labelled(texts, np.array([0, 1] * 4), ("ham", "spam"), 1, np.arange(8))
    halves = [(np.arange(4), np.arange(4, 8))]
    model = LinearTexts("word TF-IDF + LR").fit(rows, halves)
    np.testing.assert_allclose(model.say(texts).probabilities, 0.5)


# ---- saved and loaded


def saved(place: Path, messages: tuple[list[str], list[str]], name: str, classes: int) -> Any:
    rows = noisy(messages, classes)
    positive = 1 if classes == 2 else None
    contender = next(c for c in [*constants(positive), *text_baselines()] if c.name == name)
    model = contender.make(0)
    model.fit(rows, sides_of(rows), listener=None, checkpoints=None)  # type: ignore[arg-type]
    model.save(place, "a card", name=name)
    return model


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", ["base rate", "always the larger class", *LINEAR])
def test_a_saved_baseline_says_the_same_bits_and_knows_its_classes(
    name: str, classes: int, tmp_path: Path, messages: tuple[list[str], list[str]]
) -> None:
    model = saved(tmp_path / "one", messages, name, classes)
    again = type(model).load(tmp_path / "one")
    asked = np.array([*messages[0], "", "전혀 다른 말", "win " * 900], object)
    for one, other in zip(model.say(asked), again.say(asked), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    for what in ("names", "positive", "threshold", "rows"):
        assert getattr(again, what) == getattr(model, what), what
    again.save(tmp_path / "two", "a card", name=name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name
        assert b"\x80\x04" not in path.read_bytes()[:2], "a pickle"
    names = {"config.json", "encoder.json", "weights.safetensors", "card.md", "manifest.json"}
    assert {path.name for path in (tmp_path / "one").iterdir()} == names


@pytest.mark.parametrize(
    "file", ["manifest.json", "config.json", "encoder.json", "weights.safetensors", "card.md"]
)
def test_a_damaged_baseline_is_refused_in_words(
    file: str, tmp_path: Path, messages: tuple[list[str], list[str]]
) -> None:
    saved(tmp_path / "one", messages, LINEAR[0], 2)
    path = tmp_path / "one" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(BundleError, match="must match its checksum"):
        LinearTexts.load(tmp_path / "one")
    path.unlink()
    with pytest.raises(BundleError, match="cannot be read"):
        LinearTexts.load(tmp_path / "one")


@pytest.mark.parametrize("array", ["shares", "idf", "coefficients", "intercept", "classes"])
@pytest.mark.parametrize("change", ["gone", "cut"])
def test_arrays_that_do_not_fit_the_vocabulary_or_the_classes_are_refused(
    array: str, change: str, tmp_path: Path, messages: tuple[list[str], list[str]]
) -> None:
    saved(tmp_path / "one", messages, LINEAR[0], 3)
    bundle = read_bundle(tmp_path / "one")
    weights = dict(bundle.weights)
    found = weights.pop(array)
    if change == "cut":
        weights[array] = found[..., :-1]
    other = Bundle(bundle.config, bundle.encoder, weights, bundle.card)
    write_bundle(tmp_path / "other", other)
    with pytest.raises(BundleError, match=f"the array '{array}' must have the shape"):
        LinearTexts.load(tmp_path / "other")


@pytest.mark.parametrize("kind", [Constant, LinearTexts])
def test_a_setting_that_is_not_there_is_refused_too(
    kind: Any, tmp_path: Path, messages: tuple[list[str], list[str]]
) -> None:
    saved(tmp_path / "one", messages, LINEAR[0] if kind is LinearTexts else "base rate", 2)
    bundle = read_bundle(tmp_path / "one")
    for name in ("kind", "classes"):
        config = {key: value for key, value in bundle.config.items() if key != name}
        shutil.rmtree(tmp_path / "other", ignore_errors=True)
        write_bundle(tmp_path / "other", Bundle(config, bundle.encoder, bundle.weights))
        with pytest.raises(BundleError, match=f"config.json does not: {name} is not there"):
            kind.load(tmp_path / "other")
