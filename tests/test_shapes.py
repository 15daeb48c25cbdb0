"""Labels at every step, many steps ahead, and sequences read in pieces."""

from pathlib import Path

import numpy as np
import pytest

from recurra import (
    DataError,
    SequenceClassifier,
    SequenceForecaster,
    SequenceRegressor,
    SequenceTagger,
    SettingsError,
)
from recurra.sequences import naive_ahead

RNG = np.random.default_rng(0)


def sentences(rows: int) -> tuple[list[list[str]], list[list[str]]]:
    """A word means what the word before it says: "the run" is a noun, "we run" a verb."""
    rng = np.random.default_rng(rows)
    words, tags = [], []
    for _ in range(rows):
        chosen = rng.choice(["the", "we"], rng.integers(1, 4))
        stems = rng.choice(["run", "walk", "talk", "drink"], len(chosen))
        words.append([w for pair in zip(chosen, stems, strict=True) for w in pair])
        tags.append(
            [t for c in chosen for t in (("DET", "NOUN") if c == "the" else ("PRON", "VERB"))]
        )
    return words, tags


WORDS, TAGS = sentences(80)


@pytest.fixture(scope="module")
def tagger() -> SequenceTagger:
    model = SequenceTagger("gru", epochs=8, learning_rate=0.02, min_count=1)
    return model.fit(WORDS, TAGS, groups=np.arange(80))


@pytest.fixture(scope="module")
def forecaster() -> SequenceForecaster:
    series = np.sin(np.arange(300) * 0.4) + 0.01 * RNG.normal(size=300)
    settings = {"horizon": 4, "window": 16, "epochs": 15, "learning_rate": 0.02}
    return SequenceForecaster("gru", **settings).fit(series)


def test_a_tagger_learns_labels_that_hang_on_the_neighbour(tagger: SequenceTagger) -> None:
    words, tags = sentences(20)
    assert tagger.score(words, tags) == 1.0
    proba = tagger.predict_proba(words)
    assert [p.shape for p in proba] == [(len(row), 4) for row in words]
    np.testing.assert_allclose(np.concatenate(proba).sum(1), 1, rtol=1e-5)


def test_a_sentence_is_tagged_the_same_whatever_stands_beside_it(tagger: SequenceTagger) -> None:
    together = tagger.predict_proba([*WORDS, []])
    for row in (0, 33, 79):
        np.testing.assert_array_equal(tagger.predict_proba([WORDS[row]])[0], together[row])
    assert together[-1].shape == (0, 4)


def test_steps_of_numbers_are_labelled_too(tmp_path: Path) -> None:
    X = [RNG.normal(size=(RNG.integers(1, 8), 2)) for _ in range(60)]
    y = [(row[:, 0] > 0).tolist() for row in X]
    model = SequenceTagger("one-to-one", epochs=10, learning_rate=0.05).fit(X, y)
    assert model.score(X, y) > 0.9
    model.save(tmp_path / "m")
    again = SequenceTagger.load(tmp_path / "m").predict_proba(X)
    np.testing.assert_array_equal(np.concatenate(again), np.concatenate(model.predict_proba(X)))


def test_a_saved_tagger_tags_the_same(tmp_path: Path, tagger: SequenceTagger) -> None:
    tagger.save(tmp_path / "m")
    again = SequenceTagger.load(tmp_path / "m").predict_proba(WORDS)
    np.testing.assert_array_equal(
        np.concatenate(again), np.concatenate(tagger.predict_proba(WORDS))
    )


def test_sentences_that_cannot_be_used_are_refused() -> None:
    with pytest.raises(DataError, match="row 0 is one string"):
        SequenceTagger().fit(["we run"], [["PRON", "VERB"]])
    with pytest.raises(DataError, match="row 1 has 1 step and 2 labels"):
        SequenceTagger().fit([["a"], ["b"]], [["X"], ["X", "Y"]])
    with pytest.raises(DataError, match="two or more classes, but all 2 steps have 'X'"):
        SequenceTagger().fit([["a"], ["b"]], [["X"], ["X"]])


def test_a_forecast_beats_the_naive_one_on_a_wave(forecaster: SequenceForecaster) -> None:
    series = np.sin(np.arange(300, 420) * 0.4)
    origins = np.arange(20, 100)
    truth = series[origins[:, None] + np.arange(4)]
    error = np.abs(forecaster.predict_from(series, origins) - truth).mean()
    naive = np.abs(naive_ahead(series, origins, 4) - truth).mean()
    assert error < naive / 3


def test_a_forecast_reads_nothing_after_its_origin(forecaster: SequenceForecaster) -> None:
    series = np.sin(np.arange(120) * 0.4)
    changed = np.where(np.arange(120) >= 60, 99.0, series)
    origins = np.arange(20, 61)
    np.testing.assert_array_equal(
        forecaster.predict_from(series, origins), forecaster.predict_from(changed, origins)
    )
    np.testing.assert_array_equal(
        forecaster.forecast(series[:60]), forecaster.predict_from(series, np.array([60]))[0]
    )


def test_no_training_target_reaches_into_validation(forecaster: SequenceForecaster) -> None:
    ((training, validation),) = forecaster.sides_
    assert training.max() + forecaster.horizon <= validation.min()


def test_values_after_the_training_part_change_no_weight() -> None:
    series = np.sin(np.arange(200) * 0.4)
    changed = np.concatenate([series[:190], series[190:] + 5])
    one, other = (
        SequenceForecaster("gru", horizon=2, window=8, epochs=1).fit(s) for s in (series, changed)
    )
    for name, value in one.weights_[0].items():
        np.testing.assert_array_equal(value, other.weights_[0][name])


def test_intervals_hold_about_the_share_they_promise() -> None:
    rng = np.random.default_rng(5)
    noise = rng.normal(size=900)
    model = SequenceForecaster("one-to-one", horizon=2, window=4, epochs=4, level=0.8).fit(noise)
    test = rng.normal(size=600)
    origins = np.arange(10, 590)
    low, high = np.moveaxis(model.predict_interval([test[:origin] for origin in origins]), 2, 0)
    truth = test[origins[:, None] + np.arange(2)]
    assert ((low <= truth) & (truth <= high)).mean() == pytest.approx(0.8, abs=0.06)


def test_a_saved_forecaster_forecasts_the_same(
    tmp_path: Path, forecaster: SequenceForecaster
) -> None:
    series = np.sin(np.arange(50) * 0.4)
    forecaster.save(tmp_path / "m")
    again = SequenceForecaster.load(tmp_path / "m")
    np.testing.assert_array_equal(
        again.predict_interval([series]), forecaster.predict_interval([series])
    )


def test_series_that_cannot_be_used_are_refused(forecaster: SequenceForecaster) -> None:
    with pytest.raises(DataError, match="longer than its window"):
        SequenceForecaster(window=32).fit(np.arange(30.0))
    with pytest.raises(DataError, match="row 0 is nan"):
        SequenceForecaster().fit([1.0, np.nan])
    with pytest.raises(SettingsError, match="horizon must be at least 1"):
        SequenceForecaster(horizon=0).fit(np.arange(99.0))
    with pytest.raises(DataError, match="a history must have at least 1 step,"):
        forecaster.predict([np.zeros(0)])


PIECES = [(0, 1), (1, 1), (1, 9), (9, 40), (40, 57)]


@pytest.mark.parametrize("name", ["simple-rnn", "lstm", "gru", "one-to-one"])
def test_a_sequence_fed_in_pieces_equals_it_fed_whole(name: str) -> None:
    X = [RNG.normal(size=(12, 2)) for _ in range(40)]
    y = np.arange(40) % 3
    model = SequenceClassifier(name, epochs=1, members=2).fit(X, y)
    long = RNG.normal(size=(57, 2))
    stream = model.stream()
    answers = np.concatenate([stream.push(long[a:b]) for a, b in PIECES])
    whole = model.predict_proba([long[: t + 1] for t in range(57)])
    np.testing.assert_allclose(answers, whole, atol=1e-5)


@pytest.mark.parametrize("name", ["simple-rnn", "lstm", "gru"])
def test_texts_that_begin_at_rest_stream_too(name: str) -> None:
    texts = ["win a prize now", "see you at lunch", "a prize at noon", "lunch with you"] * 10
    kinds = ["spam", "ham"] * 20
    model = SequenceClassifier(name, epochs=3, learning_rate=0.05, min_count=1, members=2)
    model.fit(texts, kinds, groups=list(range(40)))
    stream = model.stream()
    answers = np.concatenate([stream.push("you win"), stream.push("a prize at lunch")])
    said = ["you", "you win", "you win a", "you win a prize", "you win a prize at"]
    whole = model.predict_proba([*said, "you win a prize at lunch"])
    np.testing.assert_allclose(answers, whole, atol=1e-5)


def test_taggers_and_regressors_and_forecasters_stream_too(
    tagger: SequenceTagger, forecaster: SequenceForecaster
) -> None:
    stream = tagger.stream()
    words = ["we", "run", "the", "talk", "we", "drink"]
    found = [*stream.push(words[:1]), *stream.push(words[1:5]), *stream.push(words[5:])]
    assert found == tagger.predict([words])[0].tolist()
    X = RNG.normal(size=(30, 6, 1))
    regressor = SequenceRegressor("lstm", epochs=1).fit(X, X[:, 0, 0])
    running = regressor.stream()
    last = [running.push(X[0, :4])[-1], running.push(X[0, 4:])[-1]]
    np.testing.assert_allclose(np.ravel(last[1]), regressor.predict(X[:1]), atol=1e-5)
    series = np.sin(np.arange(16) * 0.4)
    ahead = forecaster.stream()
    ahead.push(series[:5])
    left = ahead.push(series[5:])[-1]
    np.testing.assert_allclose(left + series[-1], forecaster.forecast(series), atol=1e-5)


def test_a_network_that_looks_ahead_cannot_stream() -> None:
    X = RNG.normal(size=(20, 5, 1))
    model = SequenceRegressor("bi-gru", epochs=1).fit(X, X[:, 0, 0])
    with pytest.raises(SettingsError, match="which reads backwards"):
        model.stream()
