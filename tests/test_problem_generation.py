"""Generation as a judged problem: what is fitted on what, how lines count, who the rival is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from recurra.baselines.ngrams import Classed, LineCounts, NGrams, Reading
from recurra.bundle import read_bundle
from recurra.data import Lines, open_lines
from recurra.errors import DataError, SettingsError
from recurra.judging.measures import values
from recurra.judging.run import Found
from recurra.judging.written import LINES
from recurra.problems.lines import generation
from recurra.problems.saved.lines import saved_writer
from recurra.running import compare, run

TINY: dict[str, Any] = {"units": 4, "epochs": 1, "max_length": 10, "min_count": 2}
LETTERS = "abcdefghijklmno"
# three letters say which line it is, and in which order; the end may change
BEGINNINGS = [a + b + c for a in LETTERS for b in LETTERS for c in "pq"]


def lines(ends: dict[int, str] | None = None) -> Lines:
    texts = [f"{begun}{(ends or {}).get(i, 'xy')}" for i, begun in enumerate(BEGINNINGS)]
    classes = ["Pe" if begun[2] == "p" else "Qu" for begun in BEGINNINGS]
    return Lines(np.array(texts, object), np.array(classes, object), "here", "0" * 64)


def judged(ends: dict[int, str] | None = None, out: Path | None = None) -> Found:
    return run(generation(lines(ends), models=["one-to-one"], seed=1, **TINY), out)


def fitted(found: Found, place: Path) -> dict[str, Any]:
    """All that was fitted, of every contender: arrays and tokens."""
    parts = {}
    for contender in found.problem.contenders:
        found.model(contender.name).save(place / contender.name, "")
        bundle = read_bundle(place / contender.name)
        tokens = bundle.encoder["tokens"]
        parts[contender.name] = (tokens, {k: v.tobytes() for k, v in bundle.weights.items()})
    return parts


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generation")


@pytest.fixture(scope="module")
def found(place: Path) -> Found:
    return judged(out=place / "run")


@pytest.fixture(scope="module")
def ours(found: Found, place: Path) -> dict[str, Any]:
    return fitted(found, place / "ours")


def test_nothing_that_is_fitted_depends_on_a_held_line(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    (fold,) = found.problem.folds
    others = judged({int(row): "zzwwv" for row in fold.held})
    assert_array_equal(others.problem.folds[0].held, fold.held)
    assert fitted(others, place / "held") == ours
    for name in ours:
        assert not np.array_equal(others.statistics(name), found.statistics(name)), name


def test_every_contender_learns_from_the_lines_known(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    row = int(found.problem.folds[0].train[0])
    theirs = fitted(judged({row: "yx"}), place / "known")
    assert [name for name in ours if ours[name] == theirs[name]] == []


def test_tokens_are_those_of_the_training_side_alone_for_every_contender(
    found: Found, ours: dict[str, Any], place: Path
) -> None:
    validation = found.problem.folds[0].validation
    theirs = fitted(judged({int(row): "zzwwv" for row in validation}), place / "validation")
    for name, (tokens, _) in ours.items():
        assert theirs[name][0] == tokens == ours["one-to-one"][0], name
    # counts, unlike the network's weights, are of the validation lines, too
    assert theirs["bigram"][1] != ours["bigram"][1]


def test_the_probe_sees_tokens_from_outside_training(found: Found) -> None:
    rows, vocabulary = found.problem.probes(found)
    assert rows.passed
    assert vocabulary.passed
    counts = found.model("trigram")
    known, counts.vocabulary = counts.vocabulary, type(counts.vocabulary)(["\x02", "\x03", "é"])
    assert not found.problem.probes(found)[1].passed
    counts.vocabulary = known


def test_the_probe_sees_a_line_on_both_sides(found: Found) -> None:
    estimator = found.model("one-to-one").estimator
    ((train, validation),) = sides = estimator.sides_
    estimator.sides_ = [(np.append(train, validation[0]), validation)]
    assert not found.problem.probes(found)[0].passed
    estimator.sides_ = sides


def test_a_line_is_counted_in_bits_characters_and_tokens_with_its_end() -> None:
    problem = generation(lines(), models=["gru"], **TINY)
    counted = problem.count(np.array([0, 1]), np.log([0.25, 1 / 64]))
    assert counted == pytest.approx(np.array([[2.0, 6, 6], [6.0, 6, 6]]))
    bits, perplexity = (values(measure, counted) for measure in LINES)
    assert bits == pytest.approx(8 / 12)
    assert perplexity == pytest.approx(2 ** (8 / 12))


def test_what_counts_say_of_a_line_is_witten_bell(found: Found) -> None:
    fold, problem = found.problem.folds[0], found.problem
    known, counts = problem.known(fold.known), found.model("unigram")
    read = [[*counts.vocabulary.encode(text), 3] for text in known.texts]
    flat = np.concatenate(read)
    token = counts.vocabulary.encode("x")[0]
    chance = ((flat == token).sum() + len(set(flat)) / len(counts.vocabulary)) / (
        len(flat) + len(set(flat))
    )
    end = ((flat == 3).sum() + len(set(flat)) / len(counts.vocabulary)) / (
        len(flat) + len(set(flat))
    )
    asked = Classed(np.array(["x"], object), np.array(["Pe"], object))
    assert counts.say(asked)[0] == pytest.approx(np.log(chance) + np.log(end))


def test_the_verdict_is_about_the_best_of_the_counts_that_beat_it(found: Found) -> None:
    verdict = found.report.verdict
    bits = {c.name: values(LINES[0], found.statistics(c.name)) for c in found.problem.contenders}
    network = bits.pop("one-to-one")
    best = min(bits, key=lambda name: bits[name])
    assert verdict.answer == "no"
    assert verdict.rival == best == found.best_baseline
    assert verdict.difference == pytest.approx(network - bits[best])
    assert verdict.corrected_for == (1, 8)


def test_the_run_folder_holds_the_best_counts_beside_the_network(found: Found, place: Path) -> None:
    name, network = saved_writer(place / "run")
    assert name == "one-to-one"
    name, counts = saved_writer(place / "run", found.best_baseline.upper())
    assert name == found.best_baseline
    held = found.problem.asked(found.held)
    np.testing.assert_allclose(network.say(held), found.said("one-to-one")[0], rtol=1e-6)
    assert_array_equal(counts.say(held), found.said(name)[0])
    how = {"label": "Pe", "seed": "a", "random_state": 3}
    assert counts.generate(5, **how) == found.model(name).generate(5, **how)
    with pytest.raises(SettingsError, match=r"--with must name a model that .* holds"):
        saved_writer(place / "run", "unigram")


def test_predictions_hold_what_every_contender_said(found: Found) -> None:
    columns = found.problem.predictions(found)
    assert_array_equal(columns["id"], found.held)
    assert_array_equal(columns["truth"], lines().texts[found.held])
    for contender in found.problem.contenders:
        said = found.said(contender.name)[0]
        assert columns[f"{contender.name}: bits"] == pytest.approx(-said / np.log(2))


def test_notes_say_what_is_copied_and_unknown(found: Found) -> None:
    copied, warning, unknown = found.report.notes[-3:]
    assert "of 1,000 lines that one-to-one wrote" in copied
    assert "likely, not true" in warning
    assert unknown.startswith("0 of ")
    (exhibit,) = found.report.exhibits
    assert [row[0] for row in exhibit.rows] == ["Pe", "Qu"]


def test_counts_write_each_class_in_its_way_and_copy_what_they_have_always_seen() -> None:
    known = Classed(np.array(["aab"] * 9 + ["bba"] * 9, object), np.array(["A"] * 9 + ["B"] * 9))
    reading = Reading("characters", 1, 8)
    counts = LineCounts(3, True, reading).fit(known, [(np.arange(18), np.arange(0))])
    assert counts.generate(2, label="A", temperature=0) == ["aab", "aab"]
    assert counts.generate(2, label="B", temperature=0) == ["bba", "bba"]
    assert counts.generate(1, label="B", seed="bb", temperature=0) == ["bba"]
    for wrong in (None, "C"):
        with pytest.raises(SettingsError, match="class must be one of A, B"):
            counts.generate(label=wrong)
    with pytest.raises(SettingsError, match="temperature must be"):
        counts.generate(label="A", temperature=-1)


def test_counts_write_tokens_as_often_as_they_are_likely() -> None:
    documents = [[4, 5, 3]] * 3 + [[4, 6, 3]]
    model = NGrams(2, 7).fit(documents, [0] * 4)
    for history in ([], [4], [4, 5], [6]):
        before = model.log_probabilities([history], [0])[0]
        each = model.log_probabilities([[*history, token] for token in range(7)], [0] * 7)
        assert model.chances(history, 0) == pytest.approx(np.exp(each - before))
        assert model.chances(history, 0).sum() == pytest.approx(1)
    again = NGrams.from_arrays(2, 7, model.to_arrays())
    assert again.counts == model.counts


def test_a_comparison_judges_every_line_once_from_the_same_declaration() -> None:
    problem = generation(lines(), models=["one-to-one"], folds=3, **TINY)
    held = np.concatenate([fold.held for fold in problem.folds])
    assert sorted(held.tolist()) == list(range(len(BEGINNINGS)))
    for fold in problem.folds:
        (train, validation) = fold.train, fold.validation
        assert sorted([*train, *validation]) == fold.known.tolist()
        assert not set(problem.groups[fold.held]) & set(problem.groups[fold.known])
        classes = problem.classes
        assert set(classes[train]) == set(classes[validation]) == set(classes[fold.held]) == {0, 1}
    report = compare(problem)
    assert len(report.contenders) == 9
    assert report.measures[0].name == "bits per character"


def test_an_unknown_model_or_level_is_told_before_anything_is_fitted() -> None:
    with pytest.raises(SettingsError, match="model must be one of simple-rnn"):
        generation(lines(), models=["gru", "bert"])
    with pytest.raises(SettingsError, match="level must be one of"):
        generation(lines(), level="bytes")


def test_equal_lines_are_one_piece_of_evidence_and_on_one_side() -> None:
    texts = ["Kim", "kim ", "Lee", "Choi"] * 3
    rows = Lines(np.array(texts, object), np.full(12, "", object), "here", "0" * 64)
    problem = generation(rows)
    (fold,) = problem.folds
    assert problem.data.groups == 3
    assert problem.data.classes == {}
    assert not set(problem.groups[fold.held]) & set(problem.groups[fold.known])
    assert problem.evidence(np.arange(4)).count == 3
    assert len(problem.contenders) == 5  # no counts by class where there are none


def test_a_class_too_rare_to_be_learnt_in_every_fold_is_told() -> None:
    rows = lines()
    rows.classes[0] = "Rare"
    with pytest.raises(DataError, match="must hold every class"):
        generation(rows, folds=3)
    (fold,) = generation(rows).folds
    assert 0 in fold.train


def test_lines_are_read_from_python_as_by_the_command(tmp_path: Path) -> None:
    (tmp_path / "some.txt").write_text("Go\nGo\n\nStop\n")
    rows = open_lines(str(tmp_path / "some.txt"))
    assert rows.texts.tolist() == ["Go", "Stop"]
    with pytest.raises(SettingsError, match="one source"):
        open_lines("some.txt", sample=True)
    assert generation(sample=True).data.source == "embedded sample"


def test_a_problem_is_asked_by_its_name_again_and_again() -> None:
    from recurra import problems

    for _ in range(2):
        found = vars(problems).get("generation") or problems.__getattr__("generation")
        assert found is generation  # and not the file that it is in
