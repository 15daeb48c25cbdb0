import itertools
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from recurra import SequenceGenerator
from recurra.answers.writing import WrittenStream, log_softmax
from recurra.baselines.ngrams import NGrams
from recurra.errors import BundleError, DataError, SettingsError
from recurra.estimators.generator import WRITERS
from recurra.listeners import Listener, Progress
from recurra.text.levels import level_named, writing_vocabulary

LINES = ["".join(word) for n in (2, 3, 4) for word in itertools.product("ab", repeat=n)]
CLASSES = ["ab" if "ab" in line else "ba" for line in LINES]


@pytest.fixture(scope="module", params=WRITERS)
def model(request: pytest.FixtureRequest) -> SequenceGenerator:
    made = SequenceGenerator(request.param, units=8, epochs=2, batch_size=8)
    return made.fit(LINES, CLASSES)


def test_a_text_fed_token_by_token_gives_what_it_gives_fed_whole(model: SequenceGenerator) -> None:
    tokens = [2, *model.vocabulary_.encode("abbab")]
    network = model.build()
    for variable in network.weights:
        variable.assign(model.weights_[0][variable.path])
    whole = np.asarray(network([np.array([1]), np.array([tokens])]))[0]
    stream = WrittenStream(model, np.array([1]))
    steps = [stream.step(np.array([token]))[0] for token in tokens]
    np.testing.assert_allclose(np.stack(steps), whole, atol=1e-5)


def test_the_probability_of_a_line_is_that_of_its_tokens_and_its_end(
    model: SequenceGenerator,
) -> None:
    stream = WrittenStream(model, np.array([0]))
    total, before = 0.0, 2
    for token in [*model.vocabulary_.encode("ab"), 3]:
        total += log_softmax(stream.step(np.array([before])))[0, token]
        before = token
    assert model.log_probabilities(["ab"], ["ab"])[0] == pytest.approx(total, abs=1e-4)
    assert model.token_counts(["ab"]).tolist() == [3]
    assert model.perplexity(["ab"], ["ab"]) == pytest.approx(np.exp(-total / 3), rel=1e-4)


def test_all_texts_have_probability_one_together() -> None:
    model = SequenceGenerator("gru", units=4, epochs=1, min_count=1, max_length=2)
    model.fit(["a", "b", "ab", "ba", "aa", "bb"] * 2)
    stream = WrittenStream(model, np.zeros(1, np.int64))
    assert np.exp(log_softmax(stream.step(np.array([2])))).sum() == pytest.approx(1, abs=1e-5)


def test_saved_and_loaded_it_writes_and_judges_the_same(
    model: SequenceGenerator, tmp_path: Path
) -> None:
    model.save(tmp_path / "model")
    again = SequenceGenerator.load(tmp_path / "model")
    assert again.generate(5, label="ab", random_state=3) == model.generate(
        5, label="ab", random_state=3
    )
    np.testing.assert_array_equal(
        again.log_probabilities(LINES, CLASSES), model.log_probabilities(LINES, CLASSES)
    )
    with pytest.raises(BundleError):
        SequenceGenerator.load(tmp_path)


def test_the_seed_decides_and_a_longer_list_begins_as_a_shorter_one(
    model: SequenceGenerator,
) -> None:
    five = model.generate(5, label="ab", random_state=1)
    assert model.generate(5, label="ab", random_state=1) == five
    assert model.generate(2, label="ab", random_state=1) == five[:2]
    assert len({tuple(model.generate(5, label="ab", random_state=s)) for s in range(5)}) > 1


def test_temperature_0_and_top_1_take_the_likeliest_and_begin_with_the_seed(
    model: SequenceGenerator,
) -> None:
    cold = model.generate(3, label="ba", seed="ba", temperature=0)
    assert cold == model.generate(3, label="ba", seed="ba", top_k=1, random_state=9)
    assert len(set(cold)) == 1
    assert cold[0].startswith("ba")
    assert model.predict(["ba"], ["ba"])[0] == cold[0]


def test_empty_and_one_character_lines_are_judged(model: SequenceGenerator) -> None:
    logs = model.log_probabilities(["", "a", "불"], ["ab"] * 3)
    assert np.isfinite(logs).all()
    assert (logs < 0).all()
    assert all(len(line) <= 3 for line in model.generate(20, label="ab", max_length=3))


def test_it_never_writes_what_it_cannot_say(model: SequenceGenerator) -> None:
    assert set("".join(model.generate(50, label="ab", temperature=5.0))) <= set("ab")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"label": "xx"}, "class must be one of ab, ba"),
        ({}, "class must be one of"),
        ({"label": "ab", "temperature": -1}, "temperature must be"),
        ({"label": "ab", "n": 0}, "n must be"),
        ({"label": "ab", "top_k": 0}, "top_k must be"),
    ],
)
def test_wrong_requests_are_refused(
    model: SequenceGenerator, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        model.generate(**settings)  # type: ignore[arg-type]


def test_wrong_data_and_settings_are_refused() -> None:
    for data in ("one text", [1, 2], []):
        with pytest.raises(DataError):
            SequenceGenerator(epochs=1).fit(data)
    with pytest.raises(DataError, match="one class a line"):
        SequenceGenerator(epochs=1).fit(LINES, CLASSES[:3])
    for settings in ({"units": 0}, {"dropout": 1.0}, {"learning_rate": 0}, {"model": "bert"}):
        with pytest.raises(SettingsError):
            SequenceGenerator(**settings).fit(LINES)


def test_a_checkpoint_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    def fit(epochs: int, folder: Path | None) -> SequenceGenerator:
        made = SequenceGenerator("gru", units=4, epochs=3, batch_size=8)
        if epochs == 3:
            return made.fit(LINES, checkpoints=folder)
        with pytest.raises(KeyboardInterrupt):
            made.fit(LINES, checkpoints=folder, listeners=[StopAfterTwo()])
        return made

    class StopAfterTwo(Listener):
        def progress(self, member: int, progress: Progress) -> None:
            if len(progress.history.rows) == 2:
                raise KeyboardInterrupt

    whole = fit(3, None)
    fit(2, tmp_path)
    resumed = fit(3, tmp_path)
    for name, value in whole.weights_[0].items():
        np.testing.assert_array_equal(resumed.weights_[0][name], value)


def test_given_sides_are_the_ones_it_learns_from() -> None:
    lines = [f"a{i}" for i in range(10, 40)]
    side = np.arange(20), np.arange(20, 30)
    model = SequenceGenerator("gru", units=4, epochs=1, min_count=1).fit(lines, sides=[side])
    assert model.sides_ == [side]
    assert set(model.vocabulary_.tokens[2:]) == set("".join(lines[:20]))


def test_the_vocabulary_is_of_the_training_side_alone() -> None:
    lines = [f"a{i}" for i in range(40)]
    model = SequenceGenerator("gru", units=4, epochs=1, min_count=1).fit(lines)
    seen = set("".join(lines[i] for i in model.sides_[0][0]))
    assert set(model.vocabulary_.tokens[2:]) == seen


@given(st.lists(st.text(), max_size=5))
def test_characters_split_and_joined_are_the_text_with_single_spaces(texts: list[str]) -> None:
    import unicodedata

    level = level_named("characters")
    for text in texts:
        plain = " ".join(unicodedata.normalize("NFC", text).split())
        assert level.join(level.split(text)) == plain


def test_control_signs_in_a_text_are_not_the_begin_and_end() -> None:
    known = writing_vocabulary([["\x02", "a"], ["\x03", "a"]], 1).tokens
    assert known.count("\x02") == known.count("\x03") == 1


def test_witten_bell_by_hand() -> None:
    # after a: b, b, end (3 counts, 2 kinds); unigrams: a 2, b 2, end 2 of 6, 3 kinds; size 4
    model = NGrams(2, 4).fit([[0, 1, 3], [0, 1, 3]])
    unigram = (2 + 3 / 4) / (6 + 3)
    after_a = (2 + 1 * unigram) / (2 + 1)
    first = (2 + 1 * unigram) / (2 + 1)
    end = (2 + 1 * unigram) / (2 + 1)
    assert model.log_probabilities([[0, 1, 3]])[0] == pytest.approx(
        np.log(first * after_a * end), abs=1e-12
    )


@given(st.integers(1, 4), st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1))
def test_the_chances_of_all_next_tokens_sum_to_one(n: int, documents: list[list[int]]) -> None:
    model = NGrams(n, 4).fit(documents, [7] * len(documents))
    given = [1, 2]
    before = model.log_probabilities([given], [7])[0]
    after = model.log_probabilities([[*given, token] for token in range(4)], [7] * 4)
    assert np.exp(after - before).sum() == pytest.approx(1)


def test_a_stream_goes_on_from_the_state_of_another(model: SequenceGenerator) -> None:
    tokens = model.vocabulary_.encode("abba")
    whole, first, second = (model.stream("ab") for _ in range(3))
    expected = [whole.step(np.array([token])) for token in tokens]
    for token in tokens[:2]:
        first.step(np.array([token]))
    second.state = first.state
    rest = [second.step(np.array([token])) for token in tokens[2:]]
    np.testing.assert_array_equal(np.stack(rest), np.stack(expected[2:]))


def test_it_is_cloned_and_pickled_as_scikit_learn_does(model: SequenceGenerator) -> None:
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copy.generate(1)
    model.perplexity(["ab"], ["ab"])
    again = pickle.loads(pickle.dumps(model))
    assert again.perplexity(["ab"], ["ab"]) == model.perplexity(["ab"], ["ab"])


def test_threads_write_and_judge_as_one_does(model: SequenceGenerator) -> None:
    alone = [model.generate(2, label="ab", random_state=seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda seed: model.generate(2, label="ab", random_state=seed), range(4))
        )
    assert together == alone
