"""Probes that look for knowledge of what is asked: what is clean passes, what is not is named."""

import numpy as np
import pandas as pd
import pytest

from recurra.judging import leaks
from recurra.judging.splits import Split
from recurra.text.tokenizers import words


def split_of(train: list[int], validation: list[int], test: list[int]) -> Split:
    return Split(np.array(train), np.array(validation), np.array(test))


GROUPS = np.array([1, 2, 3, 1, 2, 4])


@pytest.mark.parametrize(
    ("sides", "size", "detail"),
    [
        ([split_of([0, 1], [2], [3, 4, 5])], 2, "2 of 3 test rows"),
        ([split_of([0], [1], [4, 5])], 1, "1 of 2 test rows"),  # it stands in validation alone
        ([split_of([1], [0], [4, 5])], 1, "1 of 2 test rows"),  # it stands in training alone
        ([split_of([0, 1], [3], [5])], 1, "and 1 of 1 validation rows in training"),
        ([split_of([0], [1], [5]), split_of([0], [3], [5])], 1, "and 1 of 2 validation rows"),
        ([split_of([0, 3], [1, 4], [2, 5])], 0, "0 of 2 test rows"),
    ],
)
def test_rows_on_both_sides_are_counted_whichever_side_it_is(
    sides: list[Split], size: int, detail: str
) -> None:
    probe = leaks.rows_on_both_sides(GROUPS, sides)
    assert (probe.passed, probe.size) == (size == 0, size)
    assert detail in probe.detail


def test_a_vocabulary_that_saw_other_rows_is_caught() -> None:
    training = [["a", "a", "b", "b"], ["c"]]
    assert leaks.vocabulary(["a", "b"], 2, [training]).passed
    probe = leaks.vocabulary(["a", "c", "z"], 2, [training])
    assert not probe.passed
    assert probe.size == 2
    assert probe.detail.startswith("2 of 3 tokens are seen fewer than 2 times")
    assert "(1 never)" in probe.detail
    # every network's training rows must have taught a token, not those of one of them
    assert not leaks.vocabulary(["c"], 1, [training, training[:1]]).passed


def test_a_label_left_in_the_text_is_caught(messages: tuple[list[str], list[str]]) -> None:
    texts, labels = messages
    truth, names = (np.array(labels) == "spam").astype(int), ("ham", "spam")
    marked = [f"{label}: {text}" for text, label in zip(texts, labels, strict=True)]
    probe = leaks.target_in_text(map(words, marked), truth, names)
    assert not probe.passed
    assert "the token 'ham' stands in 60 of 60 texts of ham and in 0 of 60 others" in probe.detail
    assert leaks.target_in_text(map(words, texts), truth, names).passed


def test_a_label_of_one_class_of_many_is_caught() -> None:
    truth = np.arange(300) % 3
    documents = [["x"] if number == 1 else ["y"] for number in truth]
    probe = leaks.target_in_text(documents, truth, ("a", "b", "c"))
    assert not probe.passed
    assert "the token 'x' stands in 100 of 100 texts of b and in 0 of 200 others" in probe.detail


@pytest.mark.parametrize(("absent", "passed"), [(2, False), (3, True)])
def test_a_token_tells_the_class_from_98_in_100_on(absent: int, passed: bool) -> None:
    truth = np.repeat([0, 1], 100)
    documents = [["x"] if i >= absent and i < 100 else ["y"] for i in range(200)]
    documents = [[*tokens, "y"] for tokens in documents]
    assert leaks.target_in_text(documents, truth, ("a", "b")).passed == passed


def test_a_column_that_tells_the_class_is_caught_where_it_is_read() -> None:
    truth = (np.arange(100) % 4 == 0).astype(int)
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


@pytest.mark.parametrize("names", [2, 3])
@pytest.mark.parametrize(("wrong", "tells"), [(0, 1), (2, 1), (3, 0), (20, 0)])
def test_a_column_tells_the_class_up_to_2_in_100_of_the_rarer_rows(
    names: int, wrong: int, tells: int
) -> None:
    truth = np.repeat(np.arange(names), 100)
    truth = np.concatenate([truth, np.zeros(100, int)])  # class 0 is the largest
    if names == 3:
        truth = truth[truth != 2]
        truth = np.concatenate([truth[truth == 0], np.repeat([1, 2], 50)])
    code = truth.astype(str).astype(object)
    code[np.flatnonzero(truth == 1)[:wrong]] = "0"
    found = leaks.target_in_columns(pd.DataFrame({"code": code}), truth)
    assert found.size == tells


def test_what_a_probe_says_is_said_in_full() -> None:
    sides = [split_of([0], [3], [4]), split_of([1], [2], [4])]
    assert leaks.rows_on_both_sides(GROUPS, sides).model_dump() == {
        "name": "rows in both sides",
        "passed": False,
        "size": 1,
        "detail": "0 of 1 test rows also stand in training or validation, and 1 of 2 validation "
        "rows in training (digits, case and spacing masked).",
        "leak": True,
    }
    assert leaks.rows_on_both_sides(GROUPS, sides, "equal").detail.endswith("training (equal).")
    taught = leaks.vocabulary(["a", "b"], 1, [[["a", "b"]]])
    assert taught.name == "vocabulary from outside training"
    assert (taught.passed, taught.size) == (True, 0)
    assert taught.detail == "all 2 tokens are seen at least 1 times in training rows."
    assert leaks.vocabulary(["a", "b", "c", "d"], 3, [[["a"] * 3, ["b"] * 2, ["c"]]]).detail == (
        "3 of 4 tokens are seen fewer than 3 times in training rows (1 never): the vocabulary was "
        "fitted on other rows too."
    )
    clean = leaks.target_in_text([["x"], ["x"]], np.array([0, 1]), ("a", "b"))
    assert clean.name == "target in the text"
    assert (clean.passed, clean.size) == (True, 0)
    assert clean.detail == "no single token tells the classes apart."
    told = leaks.target_in_text([["x", "z"], ["z"]] * 5, np.array([0, 1] * 5), ("a", "b"))
    assert (told.passed, told.size) == (False, 1)
    assert told.detail == (
        "the token 'x' stands in 5 of 5 texts of a and in 0 of 5 others: the label seems to be in "
        "the text."
    )
    columns = pd.DataFrame({"one": ["n", "y"] * 20, "two": ["N", "Y"] * 20})
    both = leaks.target_in_columns(columns, np.array([0, 1] * 20), inputs=["two"])
    assert both.name == "target hidden in another column"
    assert (both.passed, both.size) == (False, 2)
    assert both.detail == "'one', 'two' alone tells the class; the model reads it."
    unread = leaks.target_in_columns(columns[["one"]], np.array([0, 1] * 20))
    assert unread.detail == "'one' alone tells the class; the model does not read it. Keep it so."
    none = leaks.target_in_columns(columns[[]], np.array([0, 1] * 20))
    assert (none.size, none.detail) == (0, "no other column tells the class.")


def test_a_token_of_two_classes_is_counted_once_and_a_class_without_rows_is_none() -> None:
    documents = [["x"]] * 5 + [["y"]] * 7
    truth = np.array([0] * 5 + [1] * 7)
    assert leaks.target_in_text(documents, truth, ("a", "b")).size == 2  # x and y, each once
    three = leaks.target_in_text(documents, truth, ("a", "b", "never"))
    assert three.size == 4  # x and y of a, and of b
    with pytest.raises(ValueError, match="zip"):
        leaks.target_in_text(documents, truth[:-1], ("a", "b"))


@pytest.mark.parametrize(("rare", "found"), [(1, 0), (4, 0), (5, 1)])
def test_a_word_of_a_class_of_few_rows_is_no_label_left_in_the_text(rare: int, found: int) -> None:
    documents = [["rare"]] * rare + [["y"]] * 20 + [["z"]] * 20
    truth = np.repeat([0, 1, 2], [rare, 20, 20])
    tells = leaks.target_in_text(documents, truth, ("odd", "a", "b"))
    assert tells.size == 2 + found  # y of a, z of b, and what the rare class is told by
