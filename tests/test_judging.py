"""Baselines, leak probes and the verdict."""

import numpy as np
import pandas as pd
import pytest

from recurra.evaluation import leaks
from recurra.evaluation.baselines import TEXT_BASELINES, fit_text_baseline
from recurra.evaluation.metrics import Bootstrap, measure
from recurra.evaluation.splits import Split, stratified_group_split
from recurra.evaluation.verdict import decide
from recurra.text.tokenizers import words


def split_of(train: list[int], validation: list[int], test: list[int]) -> Split:
    return Split(np.array(train), np.array(validation), np.array(test))


def test_every_baseline_learns_from_rows_and_scores_others(
    messages: tuple[list[str], list[str]],
) -> None:
    texts, truth = np.array(messages[0], object), np.array(messages[1]) == "spam"
    texts, truth = texts[30:], truth[30:]  # fewer spam than ham
    truth[:3] = False
    kept, test = stratified_group_split(truth, np.arange(len(texts)), 0.3)
    for name in TEXT_BASELINES:
        fitted = fit_text_baseline(name, texts[kept], truth[kept], kept)
        found = measure(truth[test], fitted.positive_scores(texts[test]), fitted.threshold)
        assert (found["f1"] == 0) == (name == "majority")
        assert fitted.rows == len(kept)


def test_a_baseline_takes_a_sample_when_there_is_too_much_text(
    messages: tuple[list[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, truth = np.array(messages[0], object), np.array(messages[1]) == "spam"
    half = {"word TF-IDF + LR": sum(map(len, texts)) // 2}
    monkeypatch.setattr("recurra.evaluation.baselines.MOST_CHARACTERS", half)
    fitted = fit_text_baseline("word TF-IDF + LR", texts, truth, np.arange(len(texts)))
    assert fitted.rows == pytest.approx(len(texts) / 2, abs=2)


def test_rows_on_both_sides_are_counted() -> None:
    groups = np.array([1, 2, 3, 1, 2, 4])
    probe = leaks.rows_on_both_sides(groups, [split_of([0, 1], [2], [3, 4, 5])])
    assert not probe.passed
    assert probe.detail.startswith("2 of 3 test rows")
    assert not leaks.rows_on_both_sides(groups, [split_of([0, 1], [3], [5])]).passed
    assert leaks.rows_on_both_sides(groups, [split_of([0, 3], [1, 4], [2, 5])]).passed


def test_a_vocabulary_that_saw_other_rows_is_caught() -> None:
    training = [["a", "a", "b", "b"], ["c"]]
    assert leaks.vocabulary(["a", "b"], 2, [training]).passed
    probe = leaks.vocabulary(["a", "c", "z"], 2, [training])
    assert not probe.passed
    assert probe.detail.startswith("2 of 3 tokens are seen fewer than 2 times")
    assert "(1 never)" in probe.detail
    # every network's training rows must have taught a token, not those of one of them
    assert not leaks.vocabulary(["c"], 1, [training, training[:1]]).passed


def test_a_label_left_in_the_text_is_caught(messages: tuple[list[str], list[str]]) -> None:
    texts, labels = messages
    truth = np.array(labels) == "spam"
    marked = [f"{label}: {text}" for text, label in zip(texts, labels, strict=True)]
    probe = leaks.target_in_text(map(words, marked), truth)
    assert not probe.passed
    assert "the token 'ham' stands in 0 of 60 positive and 60 of 60 negative" in probe.detail
    assert leaks.target_in_text(map(words, texts), truth).passed


def test_a_column_that_tells_the_class_is_caught_where_it_is_read() -> None:
    truth = np.arange(100) % 4 == 0
    columns = pd.DataFrame(
        {
            "code": np.where(truth, "1", "0"),
            "id": [str(i) for i in range(100)],
            "day": [str(i % 7) for i in range(100)],
        }
    )
    read = leaks.target_in_columns(columns, truth, inputs=["code"])
    assert not read.passed
    assert "'code' alone tells the class; the model reads it" in read.detail
    noticed = leaks.target_in_columns(columns, truth)
    assert noticed.passed
    assert "'code' alone tells the class; the model does not read it" in noticed.detail
    assert leaks.target_in_columns(columns[["id", "day"]], truth).detail.startswith("no other")


TRUTH = np.arange(400) < 120


def scores_with_errors(errors: int) -> np.ndarray:
    """Right everywhere but in the first `errors` positives and the last `errors` negatives."""
    scores = np.where(TRUTH, 0.9, 0.1)
    scores[:errors], scores[400 - errors :] = 0.1, 0.9
    return scores


@pytest.mark.parametrize(
    ("ours", "theirs", "answer"), [(2, 30, "yes"), (30, 2, "no"), (11, 10, "undecided")]
)
def test_the_verdict_answers_yes_no_or_undecided(ours: int, theirs: int, answer: str) -> None:
    verdict = decide(
        TRUTH,
        (scores_with_errors(ours), 0.5),
        {"worse": (scores_with_errors(60), 0.5), "best": (scores_with_errors(theirs), 0.5)},
        Bootstrap(TRUTH, np.arange(400), repeats=300),
        "the net",
    )
    assert verdict.better_than_best_baseline == answer
    assert verdict.baseline == "best"
    assert verdict.interval[0] <= verdict.difference <= verdict.interval[1]
    assert f"F1 {1 - ours / 120:.3f} against {1 - theirs / 120:.3f}" in verdict.sentence


def test_a_network_that_loses_is_told_so() -> None:
    verdict = decide(
        TRUTH,
        (scores_with_errors(30), 0.5),
        {"TF-IDF": (scores_with_errors(2), 0.5)},
        Bootstrap(TRUTH, np.arange(400), repeats=300),
        "the lstm model",
    )
    assert verdict.sentence.startswith("No: the lstm model loses to TF-IDF")
    assert verdict.sentence.endswith("use TF-IDF.")


def test_equal_models_are_called_better_in_few_of_many_draws() -> None:
    rng = np.random.default_rng(0)
    answers = []
    for seed in range(100):
        flips = rng.random((2, 400)) < 0.1
        a, b = (np.where(TRUTH ^ flip, 0.9, 0.1) for flip in flips)
        bootstrap = Bootstrap(TRUTH, np.arange(400), repeats=200, seed=seed)
        answers.append(decide(TRUTH, (a, 0.5), {"b": (b, 0.5)}, bootstrap))
    decided = [a for a in answers if a.better_than_best_baseline != "undecided"]
    assert len(decided) <= 12  # 5 expected
