"""Numbers and categories beside a text: read by the network and its rivals alike."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from typer.testing import CliRunner

from recurra import SequenceClassifier
from recurra.baselines.texts import LinearTexts
from recurra.cli import app
from recurra.judging.classes import Labelled, turns_of
from recurra.problems.saved.texts import texts_model
from recurra.runtime import load
from recurra.scoring import score
from recurra.text.beside import Beside, Cells, after_cells, cells_of, number_in
from recurra.text.joining import JOINT, join

WORDS = ["river", "stone", "candle", "window", "bridge", "garden", "music", "paper", "letter"]
NAMES = ["amount", "country"]


def table(rows: int, seed: int) -> pd.DataFrame:
    """A class that the words do not tell: the amount and the country do."""
    rng = np.random.default_rng(seed)
    amount = rng.lognormal(3, 1, rows)
    country = rng.choice(["KR", "US", "FR"], rows)
    spam = np.log(amount) > np.where(country == "FR", 2, 3.5)
    written = np.where(rng.random(rows) < 0.05, "", amount.round(2).astype(str))
    return pd.DataFrame(
        {
            "body": [" ".join(rng.choice(WORDS, 5)) for _ in range(rows)],
            "amount": written,
            "country": country,
            "label": np.where(spam, "spam", "ham"),
        }
    )


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("beside")
    table(300, 0).to_csv(folder / "orders.csv", index=False)
    table(60, 1).to_csv(folder / "new.csv", index=False)
    beside = ["--features", "amount,country", "--epochs", "1", "--members", "1"]
    done = asked("train", folder / "orders.csv", *beside, "--out", folder / "run", "--text", "body")
    assert done.exit_code == 0, done.output
    return folder


def test_cells_are_parted_from_the_text_they_stand_before() -> None:
    row = join(["12", "", "a title", "a body"])
    assert cells_of(row, 2) == ["12", ""]
    assert after_cells(row, 2) == f"a title {JOINT} a body"
    assert after_cells("no cells", 2) == ""
    assert [number_in(cell) for cell in ("1,5", "1_0", "inf", "５")] == [None, None, None, 5.0]


def test_numbers_are_scaled_and_categories_told_apart_as_scikit_learn_does() -> None:
    frame = table(200, 2)
    frame["amount"] = frame["amount"].replace("", "1")
    cells = Cells(
        NAMES, [join([*row, "x"]) for row in zip(frame.amount, frame.country, strict=True)]
    )
    known = np.arange(150)
    found = Beside.fit(cells, known).numbers(cells, np.arange(200))
    amount = frame[["amount"]].astype(float).to_numpy()
    scaled = StandardScaler().fit(amount[known]).transform(amount)[:, 0]
    np.testing.assert_allclose(found[:, 0], np.clip(scaled, -5, 5))
    hot = OneHotEncoder(sparse_output=False).fit_transform(frame[["country"]])
    np.testing.assert_array_equal(found[:, -5:-2], hot)
    assert (found[:, 1:11].sum(axis=1) == 1).all()
    assert np.abs(found[known, 1:11].mean(axis=0) - 0.1).max() < 0.02  # a tenth of the rows each


def test_what_is_missing_or_never_seen_has_a_column_of_its_own() -> None:
    beside = Beside.fit(Cells(NAMES, ["1 ␞ KR ␞ a", "2 ␞ KR ␞ a", "3 ␞ FR ␞ a"]), np.arange(3))
    missing, unseen = beside.of([" ␞ N/A ␞ a", "2 ␞ FR ␞ a"])
    assert missing.tolist() == [0, 0, 0, 0, 1, 0, 0, 1]
    assert unseen.tolist() == [0, 0, 1, 0, 0, 0, 1, 0]  # one row of a category teaches nothing


def test_what_rows_held_out_hold_is_not_learned() -> None:
    rows = [f"{n} ␞ {'KR' if n % 2 else 'US'} ␞ win" for n in range(20)]
    changed = [*rows[:10], *(f"{n * 1e6} ␞ FR ␞ win" for n in range(10))]
    known = np.arange(10)
    first, again = (Beside.fit(Cells(NAMES, each), known).to_json() for each in (rows, changed))
    assert first == again
    assert first != Beside.fit(Cells(NAMES, changed), np.arange(20)).to_json()


@pytest.mark.parametrize("kind", ["word TF-IDF + LR", "NB n-grams + LR", "columns + LR"])
def test_a_rival_answers_of_new_rows_as_of_those_counted(kind: str, tmp_path: Path) -> None:
    frame = table(200, 3)
    rows = np.array([join([a, c, b]) for b, a, c in frame.iloc[:, :3].to_numpy()], object)
    truth = (frame.label == "spam").to_numpy().astype(np.int64)
    known = Labelled(rows, truth, ("ham", "spam"), 1, np.arange(200))
    fitted = LinearTexts(kind, features=NAMES).fit(known, turns_of(truth, known.groups, 0.2, 0))
    said = fitted.say(rows)
    assert (said.decided == truth).mean() > 0.85
    fitted.save(tmp_path / "saved")
    again = LinearTexts.load(tmp_path / "saved").say(rows)
    np.testing.assert_allclose(again.probabilities, said.probabilities)
    words = np.array([after_cells(row, 2) for row in rows], object)
    alone = Labelled(words, truth, ("ham", "spam"), 1, np.arange(200))
    blind = LinearTexts("word TF-IDF + LR").fit(alone, turns_of(truth, alone.groups, 0.2, 0))
    held = table(200, 4)
    asked_of = np.array([join([a, c, b]) for b, a, c in held.iloc[:, :3].to_numpy()], object)
    right = (held.label == "spam").to_numpy()
    without = np.array([after_cells(row, 2) for row in asked_of], object)
    assert (fitted.say(asked_of).decided == right).mean() > 0.8
    assert (blind.say(without).decided == right).mean() < 0.65


def test_network_and_rivals_read_the_columns_wherever_a_model_is_asked(place: Path) -> None:
    report = json.loads((place / "run" / "report.json").read_text())
    found = {each["name"]: each["measures"]["ROC-AUC"]["value"] for each in report["contenders"]}
    assert set(found) > {"ngram-bi-gru", "word TF-IDF + LR", "columns + LR"}
    assert min(found[name] for name in ("ngram-bi-gru", "columns + LR")) > 0.75
    notes = " ".join(report["data"]["notes"])
    assert "'amount', a number, 1" in notes
    assert "'country', 3 categories" in notes
    first = pd.read_csv(place / "new.csv", dtype=str, keep_default_na=False).iloc[0]
    row = join([first.amount, first.country, first.body])
    by_hand = asked("predict", place / "run", row).stdout
    assert asked("predict", place / "run", "--file", place / "new.csv").stdout.startswith(by_hand)
    score(place / "run", place / "new.csv", place / "scored.csv", rival=True)
    scored = pd.read_csv(place / "scored.csv")
    assert scored["probability spam"][0] == pytest.approx(float(by_hand.split("\t")[1]), abs=1e-4)
    judged = json.loads(asked("evaluate", place / "run", place / "new.csv", "--json").stdout)
    assert judged["rows_seen_in_training"] == 0
    saved = texts_model(place / "run")
    assert saved.joined({"body": "b", "amount": "1", "country": "KR"}) == f"1 {JOINT} KR {JOINT} b"
    answer = asked("predict", place / "run", row, "--explain", "--json").stdout
    told = [token for token, _ in json.loads(answer)["predictions"][0]["tokens"]]
    assert told[:2] == [f"amount: {first.amount}", f"country: {first.country}"]
    network = SequenceClassifier.load(place / "run" / "model")
    np.testing.assert_allclose(
        network.predict_proba([row]), load(place / "run" / "model").predict_proba([row]), atol=1e-5
    )
    assert asked("explain", place / "run", row).exit_code == 0
    assert asked("audit", place / "run").exit_code in (0, 1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "orders.csv", "--features", "amout"], "Did you mean 'amount'?"),
        (["train", "orders.csv", "--features", "body"], "other columns than the text"),
        (["train", "orders.csv", "--features", "amount,amount"], "and each once"),
        (["train", "orders.csv", "--features", "label"], "other columns than the label"),
        (["train", "orders.csv", "--features", "mixed"], "holds numbers and 'none of it'"),
        (["train", "orders.csv", "--features", "empty"], "'empty' is empty"),
        (["train", "orders.csv", "--features", "id"], "300 values in 300 rows"),
        (["train", "orders.csv", "--features", "amount", "--model", "gru"], "but --model is gru"),
        (["compare", "orders.csv", "--features", "amount", "--models", "gru"], "ngram-bi-gru"),
        (["train", "spam", "--sample", "--features", "amount"], "there is no 'amount'"),
        (["predict", "RUN", "a text alone"], "reads 'amount' and 'country' and 'body'"),
        (["predict", "RUN", "many ␞ KR ␞ a text"], "'amount' held numbers in training, but 'many'"),
        (["predict", "RUN", "--file", "less.csv"], "has no 'amount'"),
        (["score", "RUN", "less.csv", "--out", "x.csv"], "'amount'"),
        (["evaluate", "RUN", "less.csv"], "there is no 'amount'"),
        (["export", "RUN", "--onnx", "x.onnx"], "reads columns beside it, too"),
        (["export", "RUN", "--keras", "x.keras"], "Export it with --onnx"),
    ],
)
def test_other_columns_are_refused_in_one_line(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    whole = pd.read_csv("orders.csv", dtype=str, keep_default_na=False)
    if "mixed" not in whole:
        whole["mixed"] = ["none of it" if n % 9 == 0 else str(n) for n in range(len(whole))]
        whole["empty"] = ""
        whole["id"] = [f"order-{n}" for n in range(len(whole))]
        whole.to_csv("orders.csv", index=False)
    whole.drop(columns="amount").to_csv("less.csv", index=False)
    columns = ["--text", "body", "--label", "label"] if words[1] == "orders.csv" else []
    done = asked(*["run" if word == "RUN" else word for word in words], *columns)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert done.output.count("Error:") == 1
