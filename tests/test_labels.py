"""What classes may be called, and that they are the same after saving."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra import DataError, SequenceClassifier, SequenceTagger
from recurra.answers.classes import stored_labels
from recurra.estimators.labels import as_labels

TEXTS = [f"{word} {end}" for word in ("win", "claim", "see", "call") for end in "abcdefghij"]
TWO = ["spam"] * 20 + ["ham"] * 20


@pytest.mark.parametrize("hole", [None, float("nan"), np.nan, pd.NA, pd.NaT])
@pytest.mark.parametrize("kind", [list, lambda y: np.array(y, object), pd.Series])
def test_a_missing_label_is_refused_by_its_row(hole: Any, kind: Any) -> None:
    labels = [*TWO[:3], hole, *TWO[4:]]
    with pytest.raises(DataError, match=r"row 3 has .*\(1 in all"):
        SequenceClassifier("gru").fit(TEXTS, kind(labels))


@pytest.mark.parametrize("hole", [None, float("nan")])
def test_a_missing_tag_is_refused_by_its_place(hole: Any) -> None:
    words, tags = [["a", "b"]] * 8, [["X", "Y"]] * 6 + [["X", hole]] * 2
    with pytest.raises(DataError, match=r"step 1 of row 6 has .*\(2 in all"):
        SequenceTagger("gru").fit(words, tags)


@pytest.mark.parametrize(
    "labels",
    [
        np.array(["2024-01-01", "2024-01-02"] * 20, "datetime64[D]"),
        pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"] * 20)),
        [b"spam", b"ham"] * 20,
        [["spam"], ["ham", "news"]] * 20,
        ["spam", 1] * 20,
        [True, "no"] * 20,
    ],
    ids=["days", "timestamps", "bytes", "lists", "text and numbers", "truth and text"],
)
def test_labels_that_could_not_be_saved_as_they_are_are_refused(labels: Any) -> None:
    with pytest.raises(DataError, match="labels must be all text"):
        SequenceClassifier("gru").fit(TEXTS, labels)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([3, 2**63 + 5] * 20, np.uint64),
        np.array([3, 2**60 + 1] * 20),
        np.array([True, False] * 20, object),
        pd.Series(["b", "a"] * 20, dtype="category"),
        pd.Series(["b", "a"] * 20, dtype="string"),
        np.array([0.5, 1.5] * 20, np.float32),
    ],
    ids=["uint64", "int64", "objects", "category", "string", "float32"],
)
def test_labels_are_the_same_after_saving(labels: Any, tmp_path: Path) -> None:
    found = np.unique(as_labels(labels))
    again = stored_labels(found.tolist())
    assert again.tolist() == found.tolist() == sorted({*np.asarray(labels).tolist()})
    assert again.dtype.kind == found.dtype.kind


def test_half_an_emoji_in_a_text_does_not_keep_a_model_from_being_saved(tmp_path: Path) -> None:
    texts = [f"{text} cut\ud83d" for text in TEXTS]
    model = SequenceClassifier("one-to-one", epochs=1, min_count=1)
    model.fit(texts, TWO, groups=range(40)).save(tmp_path / "model")
    again = SequenceClassifier.load(tmp_path / "model")
    assert np.array_equal(again.predict_proba(texts), model.predict_proba(texts))
