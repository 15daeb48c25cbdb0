"""Texts with any number of labels: from file to report to answer, beside their rivals."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, log_loss
from sklearn.multiclass import OneVsRestClassifier
from typer.testing import CliRunner

from recurra.baselines import labels
from recurra.baselines.labels import ConstantLabels, LinearLabels
from recurra.cli import app
from recurra.data.multi_labels import LabelColumns, read_multi_labels, sample_multi_labels
from recurra.errors import DataError, SettingsError
from recurra.estimators.labeller import SequenceLabeller
from recurra.judging.labels import KnownLabels, SaidLabels, label_measures, label_statistics
from recurra.judging.measures import values
from recurra.judging.problem import Problem
from recurra.judging.splits import group_split
from recurra.problems import multi_label
from recurra.problems.saved.multi_labels import saved_labels
from recurra.problems.splitting import split_labels
from recurra.runtime import load
from tests.judging_of_problems import Changed, held_rows_teach_nothing

QUICK: dict[str, Any] = {"models": ["simple-rnn"], "epochs": 1, "members": 1}
SEMICOLON = ["--separator", ";"]
KINDS = ["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"]


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


def known(rows: int = 160) -> KnownLabels:
    sample = sample_multi_labels(rows)
    return KnownLabels(sample.texts, sample.truth, sample.names, np.arange(rows))


def changed_problem(changed: Changed) -> Problem:
    rows = sample_multi_labels(120)
    texts, truth, test = rows.texts.copy(), rows.truth.copy(), np.arange(120) >= 90
    if changed == "held":
        texts[test] = [f"{n} other words that were never there" for n in range(30)]
        truth[test] = 1 - truth[test]
    if changed == "known":
        truth[0] = 1 - truth[0]
    return multi_label(replace(rows, texts=texts, truth=truth, published_test=test), **QUICK)


def test_held_texts_teach_nothing(tmp_path: Path) -> None:
    held_rows_teach_nothing(changed_problem, tmp_path)


def test_the_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    p, truth = rng.random((60, 4)), (rng.random((60, 4)) < 0.3).astype(int)
    said = (p > 0.6).astype(int)
    rows = label_statistics(SaidLabels(p, said > 0), truth)
    found = {measure.name: values(measure, rows) for measure in label_measures(4)}
    each = range(4)
    assert found["Brier score"] == pytest.approx(
        np.mean([brier_score_loss(truth[:, k], p[:, k]) for k in each])
    )
    assert found["log loss"] == pytest.approx(
        np.mean([log_loss(truth[:, k], p[:, k]) for k in each])
    )
    assert found["micro F1"] == pytest.approx(f1_score(truth, said, average="micro"))
    assert found["macro F1"] == pytest.approx(f1_score(truth, said, average="macro"))
    assert found["exact match"] == pytest.approx(accuracy_score(truth, said))
    for measure in label_measures(4):  # the loss of a row, wherever the measure is their mean
        if measure.losses is not None:
            assert measure.losses(rows).mean() == pytest.approx(found[measure.name])
    by_row = {measure.name for measure in label_measures(4) if measure.losses is not None}
    assert by_row == {"Brier score", "log loss", "exact match"}


def test_a_linear_rival_is_one_regression_a_label() -> None:
    rows = known()
    halves = [(np.arange(0, 160, 2), np.arange(1, 160, 2))]
    model = LinearLabels("word TF-IDF + LR").fit(rows, halves)
    vectors = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    oracle = OneVsRestClassifier(LogisticRegression(C=model.C, max_iter=1000))
    oracle.fit(vectors.fit_transform(rows.inputs), rows.truth)
    wanted = oracle.predict_proba(vectors.transform(rows.inputs))
    np.testing.assert_allclose(model.say(rows.inputs).probabilities, wanted, atol=1e-4)


def test_a_sample_of_much_text_is_not_the_rows_that_validate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = known()
    rows = replace(rows.take(np.arange(160).repeat(5)), groups=np.arange(800))
    few = {"word TF-IDF + LR": sum(map(len, rows.inputs)) // 10}
    monkeypatch.setattr(labels, "MOST_CHARACTERS", few)
    _, [(train, validation)] = LinearLabels("word TF-IDF + LR")._sample(
        rows, [group_split(rows.groups, 0.2, 0)]
    )
    assert 0.05 < len(validation) / (len(train) + len(validation)) < 0.4


@pytest.mark.parametrize("kind", KINDS)
def test_a_rival_answers_as_before_it_was_saved(kind: str, tmp_path: Path) -> None:
    rows = known()
    rows.truth[:, 1] = 0  # a label that no row known has
    model = LinearLabels(kind).fit(rows, [(np.arange(0, 160, 2), np.arange(1, 160, 2))])
    said = model.say(rows.inputs)
    assert said.probabilities[:, 1].max() < 0.001
    assert ((said.decided == rows.truth).all(axis=1)).mean() > 0.7
    model.save(tmp_path / "saved")
    again = LinearLabels.load(tmp_path / "saved").say(rows.inputs)
    np.testing.assert_allclose(again.probabilities, said.probabilities)
    np.testing.assert_array_equal(again.decided, said.decided)


def test_what_reads_nothing_says_the_shares(tmp_path: Path) -> None:
    rows = known()
    model = ConstantLabels("base rate").fit(rows, [])
    np.testing.assert_allclose(model.say(["x"]).probabilities[0], rows.truth.mean(axis=0))
    model.save(tmp_path / "saved")
    assert ConstantLabels.load(tmp_path / "saved").names == rows.names


def test_the_network_learns_labels_by_themselves(tmp_path: Path) -> None:
    rows = known(240)
    labels = [[n for n, y in zip(rows.names, row, strict=True) if y] for row in rows.truth.tolist()]
    model = SequenceLabeller("conv1d", epochs=12, learning_rate=0.01, members=1)
    model.fit(rows.inputs, labels, groups=rows.groups)
    said = model.say(rows.inputs)
    assert f1_score(rows.truth, said.decided, average="micro") > 0.9
    model.save(tmp_path / "saved")
    again = load(tmp_path / "saved")
    np.testing.assert_allclose(
        again.predict_proba(rows.inputs[:5]), said.probabilities[:5], atol=1e-5
    )
    assert SequenceLabeller.load(tmp_path / "saved").predict(rows.inputs[:5]) == model.predict(
        rows.inputs[:5]
    )
    with pytest.raises(SettingsError, match="of which a text has one"):
        SequenceLabeller("ngram-bi-gru").fit(rows.inputs, labels)
    with pytest.raises(DataError, match="some row must have a label"):
        SequenceLabeller("gru").fit(rows.inputs, [[]] * 240)


def test_every_side_has_each_label() -> None:
    rows = sample_multi_labels(240)
    (fold,) = split_labels(rows).folds
    for side in (fold.known, fold.held, *(fold.known[v] for _, v in fold.sides)):
        assert (rows.truth[side].mean(axis=0) > 0.15).all()


def test_copies_are_spoken_of_where_there_are_any() -> None:
    rows = sample_multi_labels(240)
    apart = np.array([f"{n:08b}".translate({48: "a", 49: "b"}) for n in range(240)], object)
    assert split_labels(replace(rows, texts=apart)).notes == []
    apart[1] = apart[0]
    (said,) = split_labels(replace(rows, texts=apart)).notes
    assert said.startswith("2 of 240 rows are copies of others, in 1 groups")


def test_rows_whose_copies_leave_few_apart_are_split_as_they_come() -> None:
    rows = sample_multi_labels(60)
    said = [
        "a cup is won by the sea",
        "taxes on houses may rise",
        "snow fell all night",
        "we dined",
    ]
    copied = np.array([said[n // 15] for n in range(60)], object)
    split = split_labels(replace(rows, texts=copied))
    (fold,) = split.folds
    assert not set(split.groups[fold.known]) & set(split.groups[fold.held])
    assert all(len(train) and len(validation) for train, validation in fold.sides)


def write_files(place: Path) -> None:
    rows = sample_multi_labels(200)
    joined = [
        ";".join(n for n, y in zip(rows.names, row, strict=True) if y)
        for row in rows.truth.tolist()
    ]
    frame = pd.DataFrame({"body": rows.texts, "topics": joined, "writer": np.arange(200) % 12})
    frame.head(160).to_csv(place / "posts.csv", index=False)
    frame.tail(40).to_csv(place / "later.csv", index=False)
    marks = frame[["body"]].assign(**dict(zip(rows.names, rows.truth.T, strict=True)))
    marks.head(160).to_csv(place / "marks.csv", index=False)
    frame.assign(topics=["one", "two"] * 100).to_csv(place / "single.csv", index=False)
    frame.assign(topics=["a;b|c"] * 200).to_csv(place / "both.csv", index=False)
    frame.assign(topics=[f"t{n};u{n}" for n in range(200)]).to_csv(place / "rare.csv", index=False)
    marks.assign(sport="maybe").to_csv(place / "odd.csv", index=False)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("labels")
    write_files(folder)
    quick = ["--model", "simple-rnn", "--epochs", "1", "--members", "1", "--out", folder / "run"]
    given = ["train", "multi-label", folder / "posts.csv", "--text", "body", "--label", "topics"]
    done = asked(*given, *quick)
    assert done.exit_code == 0, done.output
    assert "labels parted at ';'" in done.output
    return folder


def test_one_column_and_a_column_a_label_say_the_same(place: Path) -> None:
    one = read_multi_labels(place / "posts.csv", LabelColumns(("body",), ("topics",)))
    names = one.names
    several = read_multi_labels(place / "marks.csv", LabelColumns(("body",), names))
    assert several.names == names == ("money", "sport", "weather")
    np.testing.assert_array_equal(one.truth, several.truth)
    assert f"{int((one.truth.sum(axis=1) == 0).sum())} of 160 rows have none" in " ".join(one.notes)


def test_a_file_is_scored_with_the_labels_and_the_probability_of_each(place: Path) -> None:
    out = place / "scored.csv"
    done = asked("score", place / "run", place / "later.csv", "--out", out, "--rival")
    assert done.exit_code == 0, done.output
    found = pd.read_csv(out, keep_default_na=False)
    told = json.loads(
        asked("predict", place / "run", "--file", place / "later.csv", "--json").stdout
    )["predictions"]
    assert found["predicted"].tolist() == [";".join(each["labels"]) for each in told]
    for name in ("money", "sport", "weather"):
        shares = [each["probabilities"][name] for each in told]
        np.testing.assert_allclose(found[f"probability {name}"], shares, rtol=1e-12)
        assert f"rival probability {name}" in found


def test_what_does_not_ask_for_several_labels_says_so(place: Path) -> None:
    done = asked("audit", place / "run")
    assert done.exit_code == 2
    assert "is of multi-label" in " ".join(done.stderr.split())


def probabilities(run: Path, *texts: str) -> Any:
    told = json.loads(asked("predict", run, *texts, "--json").stdout)["predictions"]
    return [each["probabilities"] for each in told]


def test_an_explanation_says_how_far_each_label_falls_without_each_token(place: Path) -> None:
    text = "a goal for the bank"
    found = json.loads(asked("explain", place / "run", text, "--label", "sport", "--json").stdout)
    whole, without = probabilities(place / "run", text, "a for the bank")
    assert found["probabilities"] == pytest.approx(whole)
    assert [each["token"] for each in found["tokens"]] == text.split()
    fall = found["tokens"][1]["falls"]
    assert fall == {"sport": pytest.approx(whole["sport"] - without["sport"], abs=1e-9)}
    assert fall["sport"] != 0


def test_the_labels_that_are_said_are_shown_and_drawn(place: Path) -> None:
    text = "the cup is won"
    said = json.loads(asked("predict", place / "run", text, "--json").stdout)["predictions"][0]
    shown = said["labels"] or [max(said["probabilities"], key=said["probabilities"].get)]
    page = place / "labels.html"
    done = asked("explain", place / "run", text, "--html", page)
    assert done.exit_code == 0, done.output
    assert done.stdout.split()[: len(shown)] == (";".join(said["labels"]) or "no label").split()[:1]
    drawn = page.read_text("utf-8")
    assert drawn.count('class="token"') == 4 * len(shown)
    for name, share in said["probabilities"].items():
        assert f"<td>{name}</td><td>{share:.3f}</td>" in drawn
        assert (f"{name} {share:.3f}" in done.stdout) == (name in shown)
        assert (f"<h2>{name}: {share:.3f}</h2>" in drawn) == (name in shown)


def test_a_text_of_nothing_has_no_labels_to_explain(place: Path) -> None:
    found = json.loads(asked("explain", place / "run", " ", "--json").stdout)
    assert found["labels"] is found["probabilities"] is None
    assert found["tokens"] == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--label", "sprot"], "Did you mean 'sport'?"),
        (["--with", KINDS[0]], "--with of explain must be left out where a model reads texts"),
    ],
)
def test_what_cannot_be_explained_is_told_in_one_line(
    place: Path, words: list[str], says: str
) -> None:
    done = asked("explain", place / "run", "a goal", *words)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.stderr.split())


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[Any]:
    for needed in ("starlette", "httpx2"):
        pytest.importorskip(needed, reason="the extra `serve` is absent")
    from starlette.testclient import TestClient

    from recurra.serving.app import app_of
    from recurra.serving.house import House

    models = {"topics": place / "run", "base": place / "run" / "model" / "baseline"}
    with TestClient(app_of(House(models))) as opened:
        yield opened


@pytest.mark.parametrize("name", ["topics", "base"])
def test_a_server_says_the_labels_that_the_command_line_says(
    client: Any, place: Path, name: str
) -> None:
    texts = ["a goal for the bank", " ", "rain"]
    saved = saved_labels(place / "run" if name == "topics" else place / "run/model/baseline")
    asked_of = ["predict", place / "run", *texts, "--with", saved.name, "--json"]
    wanted = json.loads(asked(*asked_of).stdout)["predictions"]
    answer = client.post(f"/v1/models/{name}/predict", json={"texts": texts})
    assert answer.status_code == 200, answer.text
    for one, other in zip(answer.json()["predictions"], wanted, strict=True):
        assert one["labels"] == other["labels"]
        assert one["probabilities"] == (
            other["probabilities"] and pytest.approx(other["probabilities"], abs=1e-12)
        )


def test_a_server_gives_a_score_a_label_as_tensors(client: Any, place: Path) -> None:
    described = client.get("/v2/models/topics").json()
    assert described["outputs"] == [
        {"name": "labels", "datatype": "BYTES", "shape": [-1]},
        {"name": "probabilities", "datatype": "FP64", "shape": [-1, 3]},
    ]
    texts = ["a goal for the bank", "rain"]
    given = {"name": "texts", "datatype": "BYTES", "shape": [2], "data": texts}
    labels, shares = client.post("/v2/models/topics/infer", json={"inputs": [given]}).json()[
        "outputs"
    ]
    wanted = json.loads(asked("predict", place / "run", *texts, "--json").stdout)["predictions"]
    assert labels["data"] == [";".join(each["labels"]) for each in wanted]
    assert shares["shape"] == [2, 3]
    flat = [share for each in wanted for share in each["probabilities"].values()]
    assert shares["data"] == pytest.approx(flat)


def test_a_server_explains_each_label_and_says_what_it_holds(client: Any, place: Path) -> None:
    text = "a goal for the bank"
    found = client.post("/v1/models/topics/explain", json={"text": text}).json()
    whole, without = probabilities(place / "run", text, "goal for the bank")
    token, falls = found["tokens"][0]
    assert (token, found["probabilities"]) == ("a", pytest.approx(whole))
    assert falls == pytest.approx({name: whole[name] - without[name] for name in whole}, abs=1e-9)
    facts = {each["name"]: each for each in client.get("/v1/models").json()["models"]}
    assert facts["topics"]["says"] == "labels"
    assert facts["topics"]["classes"] == ["money", "sport", "weather"]
    assert 0 < facts["topics"]["threshold"] < 1
    refused = client.post("/v1/models/base/explain", json={"text": text})
    assert refused.status_code == 400
    assert "a baseline that reads texts and says labels" in refused.json()["error"]


def test_the_network_of_labels_answers_alike_as_an_onnx_file(place: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="the extra `onnx` is absent")
    done = asked("export", place / "run", "--onnx", place / "topics.onnx")
    assert done.exit_code == 0, done.output
    about = json.loads((place / "topics.onnx.json").read_text())
    assert about["classes"] == ["money", "sport", "weather"]
    text = "a goal for the bank"
    read = load(place / "run" / "model").encoder_.encode([text]).pad(np.array([0]), 16)
    session = runtime.InferenceSession((place / "topics.onnx").read_bytes())
    (said,) = session.run(None, {"steps": read.astype(np.int32)})
    (wanted,) = probabilities(place / "run", text)
    assert said[0].tolist() == pytest.approx(list(wanted.values()), abs=1e-5)


def test_a_row_of_one_text_is_refused_where_two_were_taught(tmp_path: Path) -> None:
    rows = sample_multi_labels(120)
    joined = [";".join(np.array(rows.names)[row > 0]) for row in rows.truth]
    frame = pd.DataFrame({"title": rows.texts, "body": rows.texts, "topics": joined})
    frame.to_csv(tmp_path / "two.csv", index=False)
    quick = ["--model", "simple-rnn", "--epochs", "1", "--members", "1", "--out", tmp_path / "run"]
    given = ["--text", "title", "--text", "body", "--label", "topics"]
    done = asked("train", "multi-label", tmp_path / "two.csv", *given, *quick)
    assert done.exit_code == 0, done.output
    for command in ("predict", "explain"):
        done = asked(command, tmp_path / "run", "a goal")
        assert done.exit_code == 2, done.output
        assert "reads 'title' and 'body'" in " ".join(done.stderr.split())
    assert asked("explain", tmp_path / "run", "a goal \u241e a bank").exit_code == 0


def test_a_rare_label_is_left_out_and_said(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"body": [f"text {n}" for n in range(40)], "on": ["a;b", "a", "b", ""] * 10}
    )
    frame.loc[0, "on"] = "a;b;once"
    frame.to_csv(tmp_path / "few.csv", index=False)
    rows = read_multi_labels(tmp_path / "few.csv", LabelColumns(("body",), ("on",)))
    assert rows.names == ("a", "b")
    assert "1 labels of fewer than 5 rows are not learnt: 'once'" in " ".join(rows.notes)


def test_a_file_becomes_a_report_and_answers(place: Path) -> None:
    report = json.loads((place / "run" / "report.json").read_text())
    names = {each["name"] for each in report["contenders"]}
    assert names == {"simple-rnn", "base rate", "commonest label", *KINDS}
    assert report["verdicts"][0]["measure"] == "Brier score"
    told = pd.read_csv(place / "run" / "predictions.csv", keep_default_na=False)
    right = (told["truth"] == told["word TF-IDF + LR"]).mean()
    linear = next(c for c in report["contenders"] if c["name"] == "word TF-IDF + LR")
    assert linear["measures"]["exact match"]["value"] == pytest.approx(right)
    lines = asked("predict", place / "run", "--file", place / "later.csv").stdout.splitlines()
    assert len(lines) == 40
    answer = asked("predict", place / "run", "a goal for the bank", "--json", "--with", KINDS[0])
    if answer.exit_code:  # another rival was the best
        answer = asked("predict", place / "run", "a goal for the bank", "--json")
    found = json.loads(answer.stdout)["predictions"][0]
    assert set(found["probabilities"]) == {"money", "sport", "weather"}
    judged = json.loads(asked("evaluate", place / "run", place / "later.csv", "--json").stdout)
    assert judged["rows_seen_in_training"] == 0
    assert set(judged["measures"]) >= {"Brier score", "micro F1", "macro F1", "exact match"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["posts.csv", "--text", "body"], "name the labels of posts.csv"),
        (["posts.csv", "--text", "body", "--label", "topic"], "Did you mean 'topics'?"),
        (["posts.csv", "--text", "body", "--label", "body"], "other columns than --text"),
        (["single.csv", "--text", "body", "--label", "topics"], "no sign between labels"),
        (["both.csv", "--text", "body", "--label", "topics"], "several signs"),
        (["rare.csv", "--text", "body", "--label", "topics"], "a label needs 5 rows"),
        (["odd.csv", "--text", "body", "--label", "sport", "--label", "money"], "row 1 of odd.csv"),
        (
            ["marks.csv", "--label", "sport", "--label", "money", "--text", "body", *SEMICOLON],
            "several columns were named",
        ),
        (["posts.csv", "--label", "topics", "--model", "ngram-bi-gru"], "the model must be one of"),
        (
            ["posts.csv", "--label", "topics", "--test", "later.csv", "--time", "writer"],
            "give one of them",
        ),
        ([], "give a table, or --sample"),
    ],
)
def test_a_wrong_form_is_refused_in_one_line(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    done = asked("train", "multi-label", *words)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not Path("runs").exists()
