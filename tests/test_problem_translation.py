"""Translation as a judged problem: what is fitted on what, how it counts, who the rival is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recurra.baselines.memories import MostFrequent, NearestSentence, Translated
from recurra.bundle import read_bundle
from recurra.data import Pairs
from recurra.errors import SettingsError
from recurra.groups import group_pairs
from recurra.judging.measures import values
from recurra.judging.run import Found
from recurra.judging.written import TRANSLATIONS
from recurra.problems.saved.translations import saved_translator
from recurra.problems.translations import (
    translation,
    translators_of,
)
from recurra.running import compare, run

TINY: dict[str, Any] = {"units": 4, "epochs": 1, "beam": 1, "max_length": 6, "min_count": 2}
COUNT = 240


def pairs(said: dict[int, str] | None = None) -> Pairs:
    """Give numbers in letters and in other letters; some sentences say something else."""
    words = [" ".join("abcdefghij"[int(digit)] for digit in f"{n:03d}") for n in range(COUNT)]
    for row, word in (said or {}).items():
        words[row] = f"{word} {words[row]}"
    targets = [word.upper() for word in words]
    return Pairs(np.array(words, object), np.array(targets, object), "here", "0" * 64)


def judged(said: dict[int, str] | None = None, out: Path | None = None) -> Found:
    return run(translation(pairs(said), seed=1, **TINY), out)


def fitted(found: Found, place: Path) -> dict[str, Any]:
    """All that was fitted, of every contender: arrays, tokens, pairs remembered."""
    parts = {}
    for contender in found.problem.contenders:
        found.model(contender.name).save(place / contender.name, "")
        bundle = read_bundle(place / contender.name)
        weights = {name: value.tobytes() for name, value in bundle.weights.items()}
        parts[contender.name] = (bundle.encoder, weights)
    return parts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("translation")


@pytest.fixture(scope="module")
def found(place: Path) -> Found:
    return judged(out=place / "run")


@pytest.fixture(scope="module")
def ours(found: Found, place: Path) -> dict[str, Any]:
    return fitted(found, place / "ours")


def test_nothing_that_is_fitted_depends_on_a_held_pair(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    (fold,) = found.problem.folds
    others = judged({int(row): "zz" for row in fold.held})
    assert_array_equal(others.problem.folds[0].held, fold.held)
    assert fitted(others, place / "held") == ours
    for name in ours:
        assert not np.array_equal(others.statistics(name), found.statistics(name)), name


def test_every_contender_learns_from_the_pairs_known(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    known = found.problem.folds[0].train[:100]
    # all else in the same number of rows, so that the most frequent translation is another
    others = translation(pairs(), seed=1, **TINY)
    others.rows.targets[known] = "J J"
    theirs = fitted(run(others), place / "known")
    assert [name for name in ours if ours[name] == theirs[name]] == []


def test_tokens_are_those_of_the_training_side_alone(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    validation = found.problem.folds[0].validation
    theirs = fitted(judged({int(row): "zz" for row in validation}), place / "validation")
    assert theirs["gru"][0] == ours["gru"][0]
    assert theirs["nearest sentence"] != ours["nearest sentence"]  # it remembers them


def test_a_model_is_asked_sentences_alone(found: Found) -> None:
    asked = found.problem.asked(found.held)
    assert_array_equal(asked, pairs().sources[found.held])
    assert not any("A" <= letter <= "Z" for text in asked for letter in text)


def test_the_probes_see_tokens_and_pairs_from_outside_training(found: Found) -> None:
    estimator = found.model("gru").estimator
    assert [probe.passed for probe in found.problem.probes(found)] == [True] * 3
    ((train, validation),) = sides = estimator.sides_
    estimator.sides_ = [(np.append(train, validation[0]), validation)]
    assert not found.problem.probes(found)[0].passed
    estimator.sides_ = sides
    known = estimator.target_
    estimator.target_ = type(known)([*known.tokens, "é"])
    assert [probe.passed for probe in found.problem.probes(found)] == [True, True, False]
    estimator.target_ = known


def test_the_verdict_is_about_the_best_of_the_memories_that_beat_it(found: Found) -> None:
    verdict = found.report.verdict
    scores = {
        c.name: values(TRANSLATIONS[0], found.statistics(c.name)) for c in found.problem.contenders
    }
    network = scores.pop("gru")
    best = max(scores, key=lambda name: scores[name])
    assert best == "nearest sentence"
    assert (verdict.answer, verdict.rival) == ("no", best)
    assert verdict.difference == pytest.approx(network - scores[best])
    assert [aside.measure for aside in verdict.beside] == ["exact"]


def test_the_run_folder_holds_the_best_memory_beside_the_network(found: Found, place: Path) -> None:
    name, network = saved_translator(place / "run")
    assert name == "gru"
    assert set(network.answer("a b")) == {"text", "translation", "log_probability"}
    name, memory = saved_translator(place / "run", "Nearest Sentence")
    assert_array_equal(memory.say(found.problem.asked(found.held)), found.said(name)[0])
    assert memory.answer("a a a") == {"text": "a a a", "translation": "A A A", "nearest": "a a a"}
    with pytest.raises(SettingsError, match="does not search"):
        saved_translator(place / "run", "nearest sentence", beam=2)


def test_predictions_hold_what_every_contender_wrote(found: Found) -> None:
    columns = found.problem.predictions(found)
    assert list(columns) == ["id", "sentence", "truth", "gru", "nearest sentence", "most frequent"]
    assert_array_equal(columns["truth"], pairs().targets[found.held])
    assert_array_equal(columns["gru"], found.said("gru")[0])


def test_memories_are_saved_as_what_they_remember(tmp_path: Path) -> None:
    known = Translated(
        np.array(["go", "go away", "stop"], object), np.array(["가", "저리 가", "가"], object)
    )
    asked = np.array(["stop!", "go far away", ""], object)
    for kind, said in ((NearestSentence, ["가", "저리 가", "가"]), (MostFrequent, ["가"] * 3)):
        memory = kind().fit(known, [])
        assert memory.say(asked).tolist() == said
        memory.save(tmp_path / kind.__name__)
        again = kind.load(tmp_path / kind.__name__)
        assert again.say(asked).tolist() == said
        assert again.rows == 3
        assert again.answer("stop")["translation"] == "가"


def test_pairs_that_share_a_sentence_are_one_group() -> None:
    sources = ["Go!", "go", "Leave.", "Hi", "Hello", "가", "?!"]
    targets = ["가", "가라", "가라!", "안녕", "안녕", "이", "?"]
    # what is a source here is not the same as a target there
    assert group_pairs(sources, targets).tolist() == [0, 0, 0, 1, 1, 2, 3]


def test_a_comparison_judges_every_pair_once_from_the_same_declaration() -> None:
    problem = translation(pairs(), folds=3, **TINY)
    held = np.concatenate([fold.held for fold in problem.folds])
    assert sorted(held.tolist()) == list(range(COUNT))
    for fold in problem.folds:
        assert sorted([*fold.train, *fold.validation]) == fold.known.tolist()
        assert not set(problem.groups[fold.held]) & set(problem.groups[fold.known])
        assert not set(problem.groups[fold.train]) & set(problem.groups[fold.validation])
    report = compare(problem)
    assert [each.name for each in report.contenders] == [
        "gru",
        "nearest sentence",
        "most frequent",
    ]


def test_korean_is_read_and_written_by_syllables() -> None:
    found = [each for name in ("eng-kor", "kor-eng") for each in translators_of(["gru"], name)]
    levels = [(each.source_level, each.target_level) for each in found]
    assert levels == [("words", "characters"), ("characters", "words")]
    (chosen,) = translators_of(["lstm"], "kor-eng", source_level="words", units=8, beam=None)
    assert (chosen.source_level, chosen.units, chosen.beam) == ("words", 8, 4)


def test_an_unknown_model_or_level_is_told_before_anything_is_fitted() -> None:
    with pytest.raises(SettingsError, match="model must be one of simple-rnn"):
        translation(pairs(), models=["conv1d"])
    with pytest.raises(SettingsError, match="level must be one of"):
        translation(pairs(), source_level="bytes")
