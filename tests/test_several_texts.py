"""Several text columns are read as one text, in training and wherever a model is asked again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recurra import audit
from recurra.cli import app
from recurra.data import Columns, label_texts, open_texts
from recurra.data.readers import Table
from recurra.errors import DataError
from recurra.looking import look
from recurra.problems.saved.texts import texts_model
from recurra.scoring import score
from recurra.text import tokenizer_named
from recurra.text.joining import JOINT, join, parts_of

WORDS = [
    "river",
    "stone",
    "candle",
    "window",
    "bridge",
    "garden",
    "music",
    "paper",
    "letter",
    "kitchen",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose class stands in the title alone, and a run on it."""
    folder = tmp_path_factory.mktemp("several")
    rng = np.random.default_rng(0)
    pd.DataFrame(
        {
            "title": [f"{'win' if n % 2 else 'see'} {rng.choice(WORDS)}" for n in range(80)],
            "body": [" ".join(rng.choice(WORDS, 6)) for _ in range(80)],
            "label": ["spam" if n % 2 else "ham" for n in range(80)],
        }
    ).to_csv(folder / "posts.csv", index=False)
    given = ["train", str(folder / "posts.csv"), "--text", "title", "--text", "body"]
    quick = ["--model", "simple-rnn", "--epochs", "1", "--out", str(folder / "run")]
    done = CliRunner().invoke(app, [*given, *quick])
    assert done.exit_code == 0, done.output
    return folder


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_a_joined_text_has_as_many_parts_as_it_was_made_of(cells: list[str]) -> None:
    assert parts_of(join(cells)) == len(cells)


@pytest.mark.parametrize("tokenizer", ["word", "cased-word", "char", "syllable", "jamo"])
def test_the_sign_between_two_texts_is_a_token_of_its_own(tokenizer: str) -> None:
    tokens = tokenizer_named(tokenizer)(join(["무료 prize", "see you"]))
    assert tokens.count(JOINT) == 1


def test_a_row_is_read_if_one_of_its_texts_is_there() -> None:
    frame = pd.DataFrame(
        {"a": ["x", "", "", f"y {JOINT}"], "b": ["", "z", " ", "w"], "c": ["1", "0", "1", "0"]}
    )
    rows = label_texts(Table(frame, "t", ""), text=["a", "b"], label="c")
    assert rows.texts.tolist() == [f"x {JOINT} ", f" {JOINT} z", f"y   {JOINT} w"]
    assert "1 cells hold ␞" in " ".join(rows.notes)
    assert "1 rows without a text" in " ".join(rows.notes)


def test_the_columns_are_remembered_wherever_the_model_is_asked(place: Path) -> None:
    run, file = place / "run", place / "posts.csv"
    first = pd.read_csv(file).iloc[0]
    by_hand = asked("predict", run, f"{first.title} {JOINT} {first.body}").stdout
    assert asked("predict", run, "--file", file).stdout.startswith(by_hand)
    score(run, file, place / "scored.csv", rival=True)
    scored = pd.read_csv(place / "scored.csv")
    told = float(by_hand.split("\t")[1])
    assert scored["probability spam"][0] == pytest.approx(told, abs=1e-4)
    found = json.loads(asked("evaluate", run, file, "--json").stdout)
    assert found["rows_seen_in_training"] == 64
    assert audit(run).sentence  # the rows are read again, and are those of the run


def test_the_rival_reads_all_columns(place: Path) -> None:
    report = json.loads((place / "run" / "report.json").read_text())
    (linear,) = [each for each in report["contenders"] if each["name"] == "word TF-IDF + LR"]
    assert linear["measures"]["ROC-AUC"]["value"] > 0.9  # the title tells


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["predict", "RUN", "one text"], "reads 'title' and 'body', but 'one text' came"),
        (["predict", "RUN", "--file", "posts.csv", "--text", "body"], "Name as many columns"),
        (["predict", "RUN", "--file", "other.csv"], "but other.csv has no 'body'"),
        (["evaluate", "RUN", "posts.csv", "--text", "body"], "Name as many columns"),
        (["explain", "RUN", "one text"], "but 'one text' came"),
        (["score", "RUN", "other.csv", "--out", "x.csv"], "'body', of the texts"),
        (["train", "posts.csv", "--text", "body", "--text", "body"], "one is given twice"),
        (["train", "posts.csv", "--text", "body", "--text", "no"], "there is no 'no'"),
        (["train", "posts.csv", "--text", "body", "--text", "label", "--label", "label"], "two"),
    ],
)
def test_other_columns_are_refused_in_one_line(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    frame = pd.read_csv("posts.csv").rename(columns={"body": "other"})
    frame.to_csv("other.csv", index=False)
    done = asked(*["run" if word == "RUN" else word for word in words])
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


def test_a_server_reads_rows_by_their_columns(place: Path) -> None:
    saved = texts_model(place / "run")
    assert saved.joined({"body": "b", "title": "a"}) == f"a {JOINT} b"
    with pytest.raises(DataError, match="must be of 'title' and 'body', but it is of 'title'"):
        saved.joined({"title": "a"})


def test_a_server_answers_rows_by_their_columns(place: Path) -> None:
    for needed in ("starlette", "uvicorn", "httptools", "prometheus_client", "httpx2"):
        pytest.importorskip(needed, reason="the extra `serve` is absent")
    from starlette.testclient import TestClient

    from recurra.serving.app import app_of
    from recurra.serving.house import House

    row = {"body": "river stone", "title": "win music"}
    with TestClient(app_of(House({"posts": place / "run"}))) as client:
        doors = [("predict", {"texts": [row]}), ("explain", {"text": row})]
        for door, question in doors:
            found = client.post(f"/v1/models/posts/{door}", json=question)
            assert found.status_code == 200, found.text
            assert f"win music {JOINT} river stone" in found.text
        for odd in ("one text", {"title": "a"}):
            found = client.post("/v1/models/posts/predict", json={"texts": [odd]})
            assert found.status_code == 400, found.text


def test_look_asks_all_text_columns_at_once(place: Path) -> None:
    commands = [question.command for question in look(place / "posts.csv").questions]
    assert any("--text title --text body --label label" in command for command in commands)


def test_a_single_column_is_read_as_it_always_was(place: Path) -> None:
    columns = Columns("body", "label")
    one = open_texts(str(place / "posts.csv"), columns=columns)
    assert one.columns == {"text": "body", "label": "label"}
    assert not any(JOINT in text for text in one.texts)
