"""New rows beside those of the training: what is kept of these, and what is said to differ."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recurra.judging.shift import KnownRows, Look
from recurra.text.near import near_any, near_keys
from recurra.text.normalise import content_key

NAMES = ("ham", "spam")


def look(rows: int, seed: int, positives: float = 0.3, **other: Any) -> Look:
    draw = np.random.default_rng(seed)
    truth = (draw.random(rows) < positives).astype(int)
    traits = {"letters": draw.normal(other.get("mean", 50), 9, rows), "digits": draw.random(rows)}
    words = [frozenset(draw.choice(list("abcdefghij"), 3)) for _ in range(rows)]
    if "word" in other:
        words = [w | {other["word"]} if draw.random() < 0.4 else w for w in words]
    return Look(np.arange(rows), truth, NAMES, traits, words)


def test_rows_like_those_known_are_seldom_said_to_differ() -> None:
    said = [
        len(KnownRows.of(look(800, seed)).differences(look(300, 1000 + seed))) for seed in range(60)
    ]
    assert sum(map(bool, said)) <= 5  # 3 % at most of 60, and luck


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"positives": 0.6}, "other shares than in training"),
        ({"mean": 70}, "letters (median"),
        ({"word": "covid"}, "'covid' (0% and 4"),
    ],
)
def test_rows_that_differ_are_said_to(other: dict[str, Any], word: str) -> None:
    (said,) = KnownRows.of(look(800, 0)).differences(look(300, 1, **other))
    assert word in said


def test_copies_count_once() -> None:
    known, new = KnownRows.of(look(800, 0)), look(40, 1)
    copied = np.concatenate([np.arange(40), np.full(400, int(np.argmax(new.truth == 1)))])
    many = Look(
        copied,
        new.truth[copied],
        NAMES,
        {name: values[copied] for name, values in new.traits.items()},
        [new.words[row] for row in copied],
    )
    assert known.differences(many) == known.differences(new) == []


def test_what_is_kept_is_read_again_and_holds_no_text(tmp_path: Path) -> None:
    texts = np.array([f"please come home at {n} o'clock my dear friend" for n in "abcdef"], object)
    near, keyed = near_keys(texts)
    words = [frozenset(text.split()) for text in texts]
    traits = {"n": np.arange(6.0), "m": np.arange(6.0) * 7}
    keyed[0] = False  # of a text too short
    rows = Look(np.arange(6), np.arange(6) % 2, NAMES, traits, words, near, keyed)
    kept = KnownRows.of(rows)
    kept.save(tmp_path / "kept")
    again = KnownRows.load(tmp_path / "kept")
    assert again is not None
    assert (again.rows, again.near_of) == (kept.rows, kept.near_of) == (6, 5)
    told = {name: values.tolist() for name, values in again.traits.items()}
    assert told == {name: values.tolist() for name, values in kept.traits.items()}
    assert again.classes == {"ham": 3, "spam": 3}
    assert again.words == kept.words
    assert np.array_equal(again.near, kept.near)
    assert again.near_copies(rows).tolist() == [False] + [True] * 5
    assert b"clock" not in (tmp_path / "kept").read_bytes()


def test_what_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    assert KnownRows.load(tmp_path / "nothing") is None
    (tmp_path / "damaged").write_bytes(b"\x05" * 40)
    assert KnownRows.load(tmp_path / "damaged") is None
    KnownRows.of(None).save(tmp_path / "empty")
    empty = KnownRows.load(tmp_path / "empty")
    assert empty is not None
    assert empty.differences(look(300, 1)) == []


def test_near_copies_are_found_by_their_keys_and_others_are_not() -> None:
    text = "we are glad to tell you that your parcel from the north was sent this morning"
    near = [text.replace("north", "south"), text.upper() + "!!", text + " at last"]
    far = [
        "the parcel that you sent to us was not what we asked for, please send another",
        text[:18],
    ]
    known = near_keys([text, "a film that nobody should have to see twice in a life"])[0]
    asked, keyed = near_keys([*near, *far])
    assert keyed.tolist() == [True] * 4 + [False]
    assert near_any(known, asked[keyed]).tolist() == [True, True, True, False]


def test_equally_frequent_words_are_kept_in_an_order_that_no_process_changes() -> None:
    # a set is walked in an order that differs from process to process: the counts alone tie these
    names = [f"w{n}" for n in range(700)]
    rows = [frozenset(names[n : n + 7]) for n in range(0, 700, 7)]
    truth = np.arange(100) % 2
    kept = KnownRows.of(Look(np.arange(100), truth, NAMES, {}, rows)).words
    every = sorted(content_key(name) for name in names)
    assert list(kept) == every[:500]
