"""Texts with any number of labels: from file to report to answer, beside their rivals."""

import json
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


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["explain", "{run}", "a goal"], "asked by recurra predict, recurra score and recurra"),
        (["serve", "{run}", "--port", "0"], "are served, but"),
        (["audit", "{run}"], "is of multi-label"),
    ],
)
def test_what_does_not_ask_for_several_labels_says_so(
    place: Path, words: list[str], refusal: str
) -> None:
    done = asked(*(word.format(run=place / "run") for word in words))
    assert done.exit_code == 2
    assert refusal in " ".join(done.stderr.split())


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
