"""Tagging as a judged problem: what is known, asked, counted, probed; baselines; commands."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judging_of_problems import Changed, held_rows_teach_nothing
from typer.testing import CliRunner

from recurra import problems
from recurra.baselines.tagging import FrequentTags, KnownSentences, LinearTags
from recurra.cli import app
from recurra.data import TaggedSentences, sample_sentences
from recurra.judging.decide import decide
from recurra.judging.measures import values
from recurra.judging.report import Report
from recurra.judging.run import Found, run
from recurra.problems.tags import TaggingProblem, tag_measures

TRAIN, TEST = sample_sentences("train"), sample_sentences("test")
SMALL: dict[str, Any] = {"epochs": 1, "models": ["gru"], "members": 1}
ALWAYS, MOST = "always the most frequent tag", "most frequent tag of the word"
LINEAR = "linear on word and neighbours"


def sentences(words: list[list[str]], tags: list[list[str]]) -> TaggedSentences:
    return TaggedSentences(words, tags, "here", "0" * 64)


def part(rows: TaggedSentences, end: int) -> TaggedSentences:
    return sentences([*rows.words[:end]], [*rows.tags[:end]])


def problem_of(train: TaggedSentences, test: TaggedSentences, **given: Any) -> TaggingProblem:
    return problems.tagging(train, test, **SMALL | given)


@pytest.fixture(scope="module")
def found() -> Found:
    return run(problem_of(part(TRAIN, 120), part(TEST, 60)))


def probe(found: Found, name: str) -> Any:
    return next(p for p in found.problem.probes(found) if p.name == name)


# ---- what is known, asked and counted


def test_held_sentences_teach_nothing(tmp_path: Path) -> None:
    def make(changed: Changed) -> TaggingProblem:
        kept, held = part(TRAIN, 120), part(TEST, 60)
        if changed == "held":
            held.words = [[f"{word}{word}" for word in row] for row in held.words]
            held.tags = [tags[::-1] for tags in held.tags]
        if changed == "known":
            kept.tags[0] = ["X" for _ in kept.tags[0]]
        return problem_of(kept, held)

    held_rows_teach_nothing(make, tmp_path)


def test_known_are_the_sentences_to_train_on_and_asked_are_words_alone() -> None:
    problem = problem_of(TRAIN, TEST)
    (fold,) = problem.folds
    known = problem.known(fold.known)
    assert (known.words, known.tags) == (TRAIN.words, TRAIN.tags)
    fresh = [row for row in TEST.words if row not in TRAIN.words]
    assert problem.asked(fold.held) == fresh
    assert len(fresh) < len(TEST.words)
    for train, validation in fold.sides:
        assert not np.isin(known.groups[validation], known.groups[train]).any()


def test_a_comparison_keeps_equal_sentences_in_one_fold_and_leaves_the_test_alone() -> None:
    problem = problems.tagging(TRAIN, folds=3, **SMALL)
    assert problem.words == TRAIN.words
    held = np.concatenate([fold.held for fold in problem.folds])
    assert sorted(held.tolist()) == list(range(len(TRAIN)))
    for fold in problem.folds:
        assert not np.isin(problem.groups[fold.held], problem.groups[fold.known]).any()


def test_words_sentences_and_tags_are_counted() -> None:
    words = [["a", "b"], ["c", "d"], ["e", "f", "g"], ["a", "b"]]
    tags = [["N", "V"], ["N", "V"], ["N", "N", "V"], ["N", "V"]]
    kept = sentences([words[0], *([str(i), "h"] for i in range(11))], [tags[0]] * 12)
    problem = problem_of(kept, sentences(words[1:], tags[1:]))
    (fold,) = problem.folds
    assert problem.asked(fold.held) == words[1:3]  # the last one stands in training
    statistics = problem.count(fold.held, [["N", "V"], ["N", "V", "V"]])
    accuracy, whole, macro = (values(measure, statistics) for measure in problem.measures)
    assert accuracy == 4 / 5
    assert whole == 1 / 2
    assert macro == pytest.approx((2 * 2 / (2 + 3) + 2 * 2 / (3 + 2)) / 2)
    assert problem.measures[0].name == "accuracy"


def test_macro_f1_leaves_out_tags_that_no_word_has() -> None:
    right_words_whole, spans = [2.0, 2.0, 1.0], [0.0] * 4
    statistics = np.array([[*right_words_whole, *spans, *[1, 1, 0], *[1, 1, 0], *[1, 1, 0]]], float)
    assert values(tag_measures(3)[2], statistics) == 1.0


def test_equal_sentences_are_one_piece_of_evidence() -> None:
    words, tags = [["a"], ["b"], ["b"], ["c"]], [["N"], ["V"], ["V"], ["N"]]
    kept = sentences([[str(i), "h"] for i in range(12)], [["N", "V"]] * 12)
    problem = problem_of(kept, sentences(words, tags))
    assert problem.evidence(problem.folds[0].held).count == 3


def test_it_is_judged_beside_the_best_rival_and_not_the_worst(found: Found) -> None:
    said = {name: [found.statistics(name)] for name in (MOST, LINEAR)}
    evidence = found.problem.evidence(found.held)
    better, worse = sorted(said, key=lambda name: -values(found.problem.measures[0], said[name][0]))
    assert (better, worse) == (LINEAR, MOST)
    rights = said[MOST][0].copy()
    rights[:, :3] = [0, 1, 0]  # the worst there can be
    rivals = {LINEAR: said[LINEAR], "wrong": [rights]}
    verdict = decide(found.problem.measures, {MOST: said[MOST]}, rivals, evidence)[MOST]
    assert (verdict.answer, verdict.rival) == ("no", LINEAR)
    won = decide(found.problem.measures, {MOST: said[MOST]}, {"wrong": [rights]}, evidence)[MOST]
    assert won.answer == "yes"


# ---- probes


def test_an_honest_run_passes_every_probe(found: Found) -> None:
    assert [p.passed for p in found.report.probes] == [True, True]
    left = sum(row in TRAIN.words[:120] for row in TEST.words[:60])
    assert f"{left} test sentences that training holds were left out" in str(found.report.probes)


def test_judged_sentences_that_stand_in_training_are_a_leak(found: Found) -> None:
    (fold,) = found.problem.folds
    twice = replace(fold, held=np.append(fold.held, fold.known[:2]))
    copied = Found(replace(found.problem, folds=[twice]), found.outcomes)
    seen = copied.problem._on_both_sides(copied, twice, [])  # type: ignore[attr-defined]
    assert (seen.passed, seen.size) == (False, 2)


def test_validation_sentences_that_stand_in_training_are_a_leak(found: Found) -> None:
    (fold,) = found.problem.folds
    train, validation = fold.sides[0]
    mixed = [(fold.known[np.append(train, validation[:3])], fold.known[validation])]
    seen = found.problem._on_both_sides(found, fold, mixed)  # type: ignore[attr-defined]
    assert (seen.passed, seen.size) == (False, 3)


class Generous(TaggingProblem):
    """Gives fits the test sentences, too."""

    def known(self, rows: np.ndarray) -> KnownSentences:
        return super().known(np.arange(len(self.words)))


def test_a_fit_on_the_test_sentences_is_a_leak() -> None:
    kept = part(TRAIN, 60)
    held = sentences([["zebras", str(i)] for i in range(5)], [["NOUN", "VERB"]] * 5)
    found = run(Generous(**vars(problem_of(kept, held))))
    seen = probe(found, "sentences in both sides")
    assert not seen.passed
    for name in ("gru", ALWAYS, MOST, LINEAR):
        assert name in seen.detail


def test_words_from_outside_training_are_a_leak(found: Found) -> None:
    fresh = run(found.problem)
    tagger = fresh.model("gru").estimator
    tokens = [*tagger.encoder_.vocabulary.tokens, "zebras"]
    vocabulary = type(tagger.encoder_.vocabulary)(tokens)
    tagger.encoder_ = replace(tagger.encoder_, vocabulary=vocabulary)
    words = probe(fresh, "vocabulary from outside training")
    assert (words.passed, words.size) == (False, 1)


# ---- what is looked at


def test_tags_and_words_never_shown_are_exhibited(found: Found) -> None:
    by_tag, never = found.report.exhibits
    assert by_tag.columns == ["tag", "words", "gru", LINEAR]
    counted = sum(int(row[1].replace(",", "")) for row in by_tag.rows)
    assert counted == sum(len(found.problem.asked(np.array([i]))[0]) for i in found.held)
    assert [row[0] for row in never.rows] == ["gru", ALWAYS, MOST, LINEAR]
    assert never.rows[0][1] == "–"  # training showed every word


def test_words_never_shown_are_told_from_the_others() -> None:
    kept = part(TRAIN, 60)
    held = sentences([["the", f"zebra{i}"] for i in range(5)], [["DET", "VERB"]] * 5)
    (_, never) = run(problem_of(kept, held)).report.exhibits
    assert never.note.startswith("5 of 10 held words")
    assert never.rows[2][2] == "1.000"  # "the" is always a DET


def test_near_copies_stay_on_one_side_and_numbers_in_words_count() -> None:
    plain = [
        f"the {a} of the old house was painted {b} in spring".split()
        for a in "abcdefgh"
        for b in "xy"
    ]
    other = [[f"unit{n}", f"state{n * 7 % 90}", "ok"] for n in range(100, 160)]
    rows = sentences(plain + other, [["N"] * (len(row) - 1) + ["V"] for row in plain + other])
    grouped, kept = (problems.tagging(rows, keep_near=keep, **SMALL) for keep in (False, True))
    assert len(set(grouped.groups[:16].tolist())) == 1
    assert len(set(grouped.groups[16:].tolist())) == 60
    assert "copies and near copies on one side" in grouped.split
    assert len(set(kept.groups.tolist())) == 76
    for fold in grouped.folds:
        assert not np.isin(grouped.groups[fold.held], grouped.groups[fold.known]).any()


def test_near_copies_in_a_published_test_are_judged_and_said() -> None:
    words = ["the", "door", "of", "the", "old", "house", "was", "painted", "green", "in", "spring"]
    kept, held = part(TRAIN, 60), part(TEST, 10)
    near = [*words[:-1], "autumn"]
    kept = sentences([*kept.words, words], [*kept.tags, ["NOUN"] * len(words)])
    held = sentences([*held.words, near], [*held.tags, ["NOUN"] * len(words)])
    found = run(problem_of(kept, held))
    assert found.problem.asked(found.held)[-1] == near
    assert "near copies of some there" in probe(found, "sentences in both sides").detail


# ---- baselines


def test_tags_drawn_by_coin_are_no_reason_to_use_a_network() -> None:
    # learning by heart loses to "N, always", and so a network that says "N" wins over it alone
    draw = np.random.default_rng(0)
    words = [[f"w{n}" for n in draw.zipf(1.3, 9) % 200] for _ in range(200)]
    tags = [draw.choice(["N", "V", "A"], 9, p=[0.5, 0.3, 0.2]).tolist() for _ in words]
    rows = sentences(words, tags)
    report = run(problem_of(part(rows, 150), sentences(words[150:], tags[150:]))).report
    scores = {each.name: each.measures["accuracy"].value for each in report.contenders}
    assert scores[MOST] < scores[ALWAYS] - 0.03
    assert report.verdict.rival == ALWAYS
    assert report.verdict.answer != "yes"


@pytest.mark.parametrize(
    "kind", [FrequentTags, lambda: FrequentTags(by_word=False), lambda: LinearTags(0)]
)
def test_saved_baselines_tag_the_same(kind: Any, tmp_path: Path) -> None:
    known = KnownSentences(TRAIN.words, TRAIN.tags, np.arange(len(TRAIN)))
    model = kind().fit(known, [])
    model.save(tmp_path / "m")
    again = type(model).load(tmp_path / "m")
    asked = [*TEST.words, ["Zebras", "7", "zoom"]]
    assert again.say(asked) == model.say(asked)
    assert again.rows == len(TRAIN)
    assert {path.name for path in (tmp_path / "m").iterdir()} == {
        "manifest.json",
        "config.json",
        "encoder.json",
        "weights.safetensors",
        "card.md",
    }


# ---- what cannot be asked


def test_what_cannot_be_asked_is_refused_before_any_fit() -> None:
    with pytest.raises(ValueError, match="sentences to test on need some to train on"):
        problems.tagging(None, TEST)
    with pytest.raises(ValueError, match="two tags or more, but every word of here has 'N'"):
        problems.tagging(sentences([[f"a{n}"] for n in range(30)], [["N"]] * 30))
    with pytest.raises(ValueError, match="but those of embedded sample mark none, such as 'ADJ'"):
        problems.tagging(TRAIN, TEST, valid_tags=True)
    with pytest.raises(ValueError, match="the model must be one of"):
        problems.tagging(TRAIN, TEST, models=["transformer"])
    with pytest.raises(ValueError, match="that training does not, but it holds none"):
        problems.tagging(TRAIN, TRAIN)
    with pytest.raises(ValueError, match="give one source"):
        problems.tagging("a.conllu", "b.conllu", sample=True)


# ---- commands


def command(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_the_sample_is_learnt_judged_and_used(tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ("--sample", "--epochs", 3, "--members", 1, "--model", "gru", "--out", out, "--json")
    done = command("train", "tagging", *options)
    assert done.exit_code == 0, done.output
    report = Report.model_validate_json(done.stdout)
    assert report.data.source == "embedded sample"
    assert {c.name for c in report.contenders} == {"gru", ALWAYS, MOST, LINEAR}
    accuracy = report.contender("gru").measures["accuracy"].value
    assert accuracy is not None
    assert accuracy > 0.8
    found = json.loads(command("predict", out, "the long walk .", "--json").stdout)
    assert found["model"] == "gru"
    assert [w["word"] for w in found["sentences"][0]] == ["the", "long", "walk", "."]
    plain = command("predict", out, "the walk", "--with", LINEAR)
    assert plain.stdout == "the/DET walk/NOUN\n"
    rows = pd.read_csv(out / "predictions.csv")
    assert (rows["truth"] == rows["gru"]).mean() == pytest.approx(accuracy)
    sides = pd.read_csv(out / "split.csv")["side"].value_counts()
    assert sides.to_dict() == {"train": 432, "test": 118, "validation": 48, "left out": 2}
    refused = command("explain", out, "words.csv")  # it is of texts
    assert refused.exit_code == 2
    assert "a model of a tag for every word" in refused.stderr


def test_taggers_are_compared_in_folds(tmp_path: Path) -> None:
    options = (
        "--sample",
        "--folds",
        2,
        "--epochs",
        1,
        "--models",
        "one-to-one",
        "--members",
        1,
        "--json",
    )
    done = command("compare", "tagging", *options, "--out", tmp_path / "c")
    assert done.exit_code == 0, done.output
    report = Report.model_validate_json(done.stdout)
    assert [each.name for each in report.contenders] == ["one-to-one", ALWAYS, MOST, LINEAR]
    assert (report.split.folds, report.split.test) == (2, 480)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--test", "absent.conllu"), "FILE --test OTHER"),
        (("absent.conllu", "--test", "absent.conllu"), "absent.conllu"),
        (("absent.conllu", "--sample"), "one source"),
    ],
)
def test_what_cannot_be_tagged_is_one_line_and_exit_code_2(
    args: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command("train", "tagging", *args)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_validation_sentences_take_turns_as_many_as_taggers_are_averaged() -> None:
    for members in (1, 3):
        problem = problems.tagging(sample=True, **SMALL | {"members": members})
        assert (
            len({tuple(validation.tolist()) for _, validation in problem.folds[0].sides}) == members
        )
