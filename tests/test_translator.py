import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import SequenceTranslator
from recurra.answers.translating import beam_search
from recurra.answers.writing import log_softmax
from recurra.data.pairs import english, korean
from recurra.errors import DataError, SettingsError
from recurra.problems.translations import translation
from recurra.running import run

SOURCES = [
    " ".join(words) for n in (1, 2, 3) for words in itertools.product(["one", "two"], repeat=n)
]
TARGETS = [text.replace("one", "일").replace("two", "이") for text in SOURCES]


@pytest.fixture(
    scope="module", params=[("gru", True), ("lstm", False), ("simple-rnn", True)], ids=str
)
def model(request: pytest.FixtureRequest) -> SequenceTranslator:
    cell, attention = request.param
    made = SequenceTranslator(
        cell, attention=attention, units=8, epochs=2, batch_size=4, min_count=1
    )
    return made.fit(SOURCES, TARGETS)


def test_written_step_by_step_it_is_the_network_that_was_trained(model: SequenceTranslator) -> None:
    source, target = "two one two", ["이", "일"]
    read = [model.source_.encode(source.split())]
    said = [2, *model.target_.encode(target)]
    network = model.build()
    for variable in network.weights:
        variable.assign(model.weights_[0][variable.path])
    padded = np.pad(np.array(read), ((0, 0), (0, 5)))  # padding is not looked at
    whole = np.array(network([padded, np.array([said])]))[0]
    whole[:, :3] = -np.inf
    state, step = model.start(source)
    for token, logits in zip(said, whole, strict=True):
        logs, state = step(np.array([token]), state)
        np.testing.assert_allclose(logs[0, 3:], log_softmax(logits)[3:], atol=1e-5)


def test_saved_and_loaded_it_translates_the_same(model: SequenceTranslator, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = SequenceTranslator.load(tmp_path / "model")
    assert again.predict(SOURCES).tolist() == model.predict(SOURCES).tolist()
    assert again.search("one two") == model.search("one two")


def test_empty_unknown_and_one_word_sentences_are_translated(model: SequenceTranslator) -> None:
    for text in ("", "one", "never heard of it"):
        written, score = model.search(text)
        assert isinstance(written, str)
        assert np.isfinite(score)
    assert np.isfinite(model.log_probabilities(["", "one"], ["", "일"])).all()


def test_a_translation_depends_on_its_sentence_alone(model: SequenceTranslator) -> None:
    together = model.predict(SOURCES)
    assert [model.predict([text])[0] for text in SOURCES] == together.tolist()


def table(seed: int, size: int = 4, depth: int = 4) -> np.ndarray:
    """Log probabilities that depend on the step and the token before."""
    logits = np.random.default_rng(seed).normal(size=(depth, size, size)) * 2
    return log_softmax(logits)


def stepping(logs: np.ndarray):  # type: ignore[no-untyped-def]
    def step(tokens, state):  # type: ignore[no-untyped-def]
        (time,) = state
        return logs[time[0], tokens], (time + 1,)

    return step


def exhaustive(logs: np.ndarray, longest: int, end: int = 0) -> float:
    """The best log probability of all sequences, ended or as long as may be."""
    best = -np.inf
    size = logs.shape[1]
    for length in range(longest + 1):
        for tokens in itertools.product(range(1, size), repeat=length):
            full = [*tokens, end] if length < longest else list(tokens)
            before = [1, *full]
            score = sum(logs[t, before[t], token] for t, token in enumerate(full))
            best = max(best, score)
    return float(best)


@given(st.integers(0, 10_000))
def test_with_full_width_beam_search_is_exhaustive_search(seed: int) -> None:
    logs = table(seed)
    found = beam_search(
        stepping(logs), (np.zeros(1, int),), begin=1, end=0, width=4**4, max_length=3
    )
    assert found[1] == pytest.approx(exhaustive(logs, 3))


@given(st.integers(0, 10_000))
def test_with_width_1_beam_search_is_greedy_search(seed: int) -> None:
    logs = table(seed)
    tokens, before = [], 1
    for time in range(4):
        token = int(np.argmax(logs[time, before]))
        if token == 0:
            break
        tokens.append(token)
        before = token
    state = (np.zeros(1, int),)
    assert beam_search(stepping(logs), state, begin=1, end=0, width=1, max_length=4)[0] == tokens


def test_a_length_penalty_favours_longer_sequences() -> None:
    logs = np.log([[0.4, 0.0001, 0.5999]])

    def search(penalty: float) -> int:
        found = beam_search(
            lambda tokens, state: (np.repeat(logs, len(tokens), 0), state),
            (),
            begin=1,
            end=0,
            width=3,
            max_length=5,
            length_penalty=penalty,
        )
        return len(found[0])

    assert search(0) < search(2)


def test_numbers_are_written_as_people_write_them() -> None:
    assert [english(n) for n in (0, 7, 15, 40, 342, 9011)] == [
        "zero",
        "seven",
        "fifteen",
        "forty",
        "three hundred forty two",
        "nine thousand eleven",
    ]
    assert [korean(n) for n in (0, 7, 15, 40, 342, 1111)] == [
        "영",
        "칠",
        "십오",
        "사십",
        "삼백사십이",
        "천백십일",
    ]


def test_wrong_data_and_settings_are_refused() -> None:
    with pytest.raises(DataError, match="one translation a sentence"):
        SequenceTranslator(epochs=1).fit(SOURCES, TARGETS[:2])
    for settings in ({"units": 7}, {"beam": 0}, {"model": "conv1d"}, {"epochs": 0}):
        with pytest.raises(SettingsError):
            SequenceTranslator(**settings).fit(SOURCES, TARGETS)


@pytest.mark.slow
def test_it_learns_the_sample_and_beats_the_nearest_sentence(tmp_path: Path) -> None:
    problem = translation(sample=True, units=64, epochs=12)
    found = run(problem, tmp_path / "run")
    assert found.report.verdict.answer == "yes"
    score = found.report.contender("gru").measures["chrF"].value
    assert score is not None
    assert score > 80
    assert all(probe.passed for probe in found.report.probes)
    again = SequenceTranslator.load(tmp_path / "run" / "model")
    translator = found.model("gru").estimator
    assert again.predict(["seventy two"]).tolist() == translator.predict(["seventy two"]).tolist()
