"""Labels that may be wrong: the method by hand, turned labels found, where they are written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra.auditing.labels import doubtful, out_of_fold
from recurra.auditing.simple import simple_of_texts
from recurra.cli import app

GOOD = ["lovely", "superb", "moving", "funny", "gentle", "brilliant", "warm", "charming"]
BAD = ["dreadful", "boring", "clumsy", "dull", "noisy", "tedious", "cheap", "hollow"]
THINGS = ["plot", "cast", "music", "script", "ending", "camera", "dialogue", "pace", "set", "cut"]


def reviews(rows: int, flipped: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Reviews of which some labels are turned."""
    draw = np.random.default_rng(seed)
    truth = np.arange(rows) % 2
    words = [draw.choice(BAD if bad else GOOD, 2, replace=False) for bad in truth]
    texts = [f"a {a} {draw.choice(THINGS)} and {b} {draw.choice(THINGS)}" for a, b in words]
    turned = draw.choice(rows, flipped, replace=False)
    labels = np.array(["good", "bad"], object)[
        np.where(np.isin(np.arange(rows), turned), 1 - truth, truth)
    ]
    return pd.DataFrame({"text": texts, "label": labels}), np.sort(turned)


def test_a_label_is_doubted_where_another_class_is_as_sure_as_its_rows_are() -> None:
    told = np.array([[0.9, 0.1], [0.7, 0.3], [0.3, 0.7], [0.1, 0.9], [0.15, 0.85], [0.45, 0.55]])
    truth = np.array([0, 0, 1, 1, 0, 0])
    # how sure: of 0 (.9 + .7 + .15 + .45) / 4 = .55, of 1 (.7 + .9) / 2 = .8
    rows, likely = doubtful(told, truth)
    assert rows.tolist() == [4], "row 5 is likelier of 1, but not as sure as rows of 1 are"
    assert likely.tolist() == [1]


def test_the_likeliest_come_first() -> None:
    told = np.array([[0.9, 0.1]] * 6 + [[0.1, 0.9]] * 6 + [[0.02, 0.98], [0.001, 0.999]])
    rows, _ = doubtful(told, np.array([0] * 6 + [1] * 6 + [0, 0]))
    assert rows.tolist() == [13, 12]


def test_no_row_is_told_by_a_copy_of_its_own() -> None:
    frame, _ = reviews(200, 0)
    texts = np.array([*frame["text"], *["a xylograph of qwerty things"] * 2], object)
    truth = np.append(np.arange(200) % 2, [1, 0])
    groups = np.append(np.arange(200), [200, 200])
    together = out_of_fold(simple_of_texts(texts), truth, groups)[-2:]
    assert np.allclose(together[0], together[1])


@pytest.mark.parametrize("seed", range(3))
def test_turned_labels_are_found_and_others_are_not(seed: int) -> None:
    frame, turned = reviews(600, 30, seed)
    found = recurra.audit(frame, text="text", label="label", labels=True)
    rows = [each.row for each in found.suspects]
    # a row less sure than its like is not named: two thirds and more are, as of real messages
    assert len(set(rows) & set(turned)) >= 20
    assert len(set(rows) - set(turned)) <= 3
    (finding,) = [each for each in found.findings if each.kind == "labels that may be wrong"]
    assert finding.size == len(rows)
    assert finding.level == "note", "it is to be looked at, and no leak"
    assert "Drop none unseen" in finding.advice


def test_labels_are_not_asked_unless_told() -> None:
    found = recurra.audit(reviews(200, 10)[0], text="text", label="label")
    assert found.suspects == []
    assert all(each.kind != "labels that may be wrong" for each in found.findings)


def test_few_rows_are_not_asked_and_that_is_said() -> None:
    found = recurra.audit(reviews(18, 1)[0], text="text", label="label", labels=True)
    assert found.suspects == []
    assert any("labels were not asked" in note for note in found.notes)


def test_copies_of_a_few_rows_are_not_asked_and_that_is_said() -> None:
    few = ["a lovely plot and a warm cast", "a dreadful plot and a dull script"]
    frame = pd.DataFrame({"text": few * 20, "label": ["good", "bad"] * 20})
    found = recurra.audit(frame, labels=True)
    assert not found.suspects
    assert "labels were not asked: fewer than 10 rows are no copies" in found.notes


def test_the_command_writes_them_likeliest_first(tmp_path: Path) -> None:
    frame, turned = reviews(300, 12)
    frame.to_csv(tmp_path / "reviews.csv", index=False)
    out = tmp_path / "doubtful.csv"
    said = CliRunner().invoke(app, ["audit", str(tmp_path / "reviews.csv"), "--labels", str(out)])
    assert said.exit_code in (0, 1), said.output
    written = pd.read_csv(out)
    assert list(written) == ["row", "side", "label", "likely", "of_label", "of_likely", "text"]
    assert set(written["row"][:10]) <= set(turned)
    margin = (written["of_label"] - written["of_likely"]).to_numpy()
    assert (np.diff(margin) >= 0).all()
    assert (frame["text"][written["row"]].to_numpy() == written["text"]).all()
