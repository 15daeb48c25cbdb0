"""Texts as a problem: what is fitted on what, two classes and more, what is saved and asked."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import LabelledTexts
from recurra.estimators import SequenceClassifier
from recurra.judging.problem import Contender
from recurra.judging.report import Report
from recurra.judging.run import Found, compare, run
from recurra.listeners import NOBODY
from recurra.problems.named import PROTOCOLS
from recurra.problems.text_classes import TextProblem, texts

QUICK = ["--model", "simple-rnn", "--epochs", "1", "--batch-size", "8"]
WORDS = {
    "spam": ["win", "prize", "claim", "free", "cash", "urgent"],
    "ham": ["lunch", "home", "meeting", "thanks", "train", "dinner"],
    "work": ["report", "deadline", "budget", "slides", "boss", "review"],
}
NAMES = ["ann", "bob", "cho", "dae", "eun", "fred", "gil", "han", "ian", "jun"]
TAILS = ["now", "please", "today", "call me", "ok"]


def messages_of(kinds: list[str]) -> tuple[list[str], list[str]]:
    found = [
        (f"{name} {word} {TAILS[(n + len(word)) % 5]}", kind)
        for n, name in enumerate(NAMES)
        for kind in kinds
        for word in WORDS[kind]
    ]
    return [text for text, _ in found], [kind for _, kind in found]


def rows_of(kinds: list[str]) -> LabelledTexts:
    """Messages of which every fifth is published as a test row."""
    found, labels = messages_of(kinds)
    return LabelledTexts(
        np.array(found, object),
        np.array(labels, object),
        "spam" if len(kinds) == 2 else None,
        "messages",
        "0" * 64,
        published_test=np.arange(len(found)) % 5 == 0,
    )


def with_changed(rows: LabelledTexts, which: np.ndarray) -> LabelledTexts:
    """Other texts and other labels in some rows, the same in all others."""
    changed = rows.take(np.arange(len(rows.texts)))
    names = rows.names
    for place, row in enumerate(which):
        changed.texts[row] = f"zebra quokka {'abcdefghij'[place % 10]} {'klmnopqrst'[place // 10]}"
        changed.labels[row] = names[(names.index(rows.labels[row]) + 1) % len(names)]
    return changed


def problem_of(rows: LabelledTexts, protocol: str = "default") -> TextProblem:
    classifier = SequenceClassifier("simple-rnn", epochs=1, batch_size=8, members=2)
    return texts(rows, [classifier], protocol=PROTOCOLS[protocol])


def fitted(problem: TextProblem, contender: Contender, place: Path) -> dict[str, bytes]:
    """Fit a contender as the judge does; give all that is saved of it, byte for byte."""
    fold = problem.folds[0]
    model = contender.make(0)
    model.fit(problem.known(fold.known), fold.sides, listener=NOBODY, checkpoints=None)
    model.save(place, "")
    return {path.name: path.read_bytes() for path in place.iterdir()}


# ---- (a) what is fitted on what


@pytest.fixture(scope="module", params=[["spam", "ham"], ["spam", "ham", "work"]], ids=len)
def kinds(request: pytest.FixtureRequest) -> list[str]:
    found: list[str] = request.param
    return found


def test_commands_name_the_columns_of_the_file_and_none_where_there_are_none() -> None:
    rows = rows_of(["ham", "spam"])
    assert dict(problem_of(rows).commands("RUN"))["judge it on new rows with labels"] == [
        *("evaluate", "RUN", "NEW.csv")
    ]
    read = replace(rows, columns={"text": "body", "label": "kind"})
    assert dict(problem_of(read).commands("RUN"))["judge it on new rows with labels"] == [
        *("evaluate", "RUN", "NEW.csv", "--text", "body", "--label", "kind")
    ]


def moved(
    kinds: list[str],
    which: Callable[[TextProblem], np.ndarray],
    place: Path,
    protocol: str = "default",
) -> dict[str, bool]:
    """Say of each contender whether what was fitted is moved by a change of some rows."""
    rows = rows_of(kinds)
    before = problem_of(rows, protocol)
    after = problem_of(with_changed(rows, which(before)), protocol)
    assert [fold.known.tolist() for fold in before.folds] == [f.known.tolist() for f in after.folds]
    return {
        one.name: fitted(before, one, place / f"{one.name} before")
        != fitted(after, other, place / f"{one.name} after")
        for one, other in zip(before.contenders, after.contenders, strict=True)
    }


def test_other_held_rows_leave_every_fitted_weight_and_threshold_the_same_bits(
    kinds: list[str], tmp_path: Path
) -> None:
    found = moved(kinds, lambda problem: problem.folds[0].held, tmp_path)
    assert found == dict.fromkeys(found, False)
    assert len(found) == (7 if len(kinds) == 2 else 6)


def test_one_other_known_row_moves_all_that_reads_or_counts(
    kinds: list[str], tmp_path: Path
) -> None:
    found = moved(kinds, lambda problem: problem.folds[0].train[:1], tmp_path)
    assert [name for name, has in found.items() if not has] in (
        ["always positive"],  # the larger class is another one then
        ["always the larger class"],
        ["always the larger class", "always positive"],
        [],
    )


def test_the_protocol_of_the_lecture_is_the_exception_it_says_it_is(tmp_path: Path) -> None:
    kinds = ["spam", "ham"]
    found = moved(kinds, lambda problem: problem.folds[0].held, tmp_path, "lecture")
    assert found.pop("simple-rnn")
    assert found == dict.fromkeys(found, False)
    rows = rows_of(kinds)  # words that held rows alone have
    rows = with_changed(rows, np.flatnonzero(rows.published_test))
    leak = run(problem_of(rows, "lecture")).report
    passed = {probe.name: probe.passed for probe in leak.probes}
    assert "vocabulary from all rows" in leak.split.kind
    assert not passed["vocabulary from outside training"]


def test_a_network_that_reads_pairs_is_asked_where_they_come_from() -> None:
    network = SequenceClassifier("pair-bi-gru", epochs=1, members=1, batch_size=32)
    report = run(texts(rows_of(["ham", "spam"]), [network])).report
    (probe,) = [each for each in report.probes if each.name == "pieces from outside training"]
    assert probe.passed


# ---- (b) one rule for thresholds


@pytest.fixture(scope="module")
def found_two() -> Found:
    return run(problem_of(rows_of(["spam", "ham"])))


def test_networks_and_linear_baselines_have_a_threshold_and_what_reads_nothing_has_none(
    found_two: Found,
) -> None:
    thresholds = {each.name: each.threshold for each in found_two.report.contenders}
    with_one = {"simple-rnn", "word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"}
    assert {name for name, threshold in thresholds.items() if threshold is not None} == with_one
    assert thresholds["simple-rnn"] == found_two.model("simple-rnn").estimator.threshold_
    three = run(problem_of(rows_of(["spam", "ham", "work"]))).report
    assert [each.threshold for each in three.contenders] == [None] * 6


def test_a_decision_is_that_of_the_threshold_for_every_contender(found_two: Found) -> None:
    positive = found_two.problem.rows.positive  # type: ignore[attr-defined]
    for each in found_two.report.contenders:
        if each.threshold is not None:
            said = found_two.statistics(each.name)
            called = said[:, -2] == positive
            np.testing.assert_array_equal(called, said[:, positive] >= each.threshold)


# ---- (c) what must be said of one


def test_what_calls_every_row_one_class_is_said_to(found_two: Found) -> None:
    remarks = {each.name: each.remarks for each in found_two.report.contenders}
    assert remarks["always positive"] == ["It calls every row spam."]
    assert remarks["word TF-IDF + LR"] == []
    statistics = np.array([[0.9, 0.1, 0.0, 0.0], [0.8, 0.2, 0.0, 1.0]])
    assert found_two.problem.remarks(statistics) == ["It calls every row ham."]
    statistics[0, 2] = 1.0
    assert found_two.problem.remarks(statistics) == []


# ---- several folds, and two networks


def test_a_run_of_several_folds_looks_for_leaks_in_the_last_one() -> None:
    rows = rows_of(["spam", "ham"])
    rows.published_test = None
    rows.texts[1::2] = rows.texts[::2]  # a lecture keeps one of each; else copies go together
    classifier = SequenceClassifier("simple-rnn", epochs=1, batch_size=8, members=1)
    report = run(texts(rows, [classifier], folds=2)).report
    assert report.split.folds == 2
    assert report.probes[0].passed
    ungrouped = PROTOCOLS["default"].__class__("copies anywhere", grouped=False)
    report = run(texts(rows, [classifier], folds=2, protocol=ungrouped)).report
    assert not report.probes[0].passed
    assert "without them" in report.probes[0].detail


@pytest.mark.parametrize("members", [1, 3])
def test_few_rows_have_fewer_turns_to_validate_on(members: int) -> None:
    found, labels = messages_of(["spam", "ham"])
    few = [*range(3), *range(6, 9)]
    rows = LabelledTexts(
        np.array(found, object)[few], np.array(labels, object)[few], "spam", "", ""
    )
    classifier = SequenceClassifier("simple-rnn", epochs=1, members=members)
    problem = texts(rows, [classifier])
    assert [len(fold.sides) for fold in problem.folds] == [2]
    result = run(problem)
    assert result.report.verdict.answer == "too few"
    trained = result.model("simple-rnn").estimator
    assert len(trained.sides_) == len(trained.weights_) == members
    one, other = problem.folds[0].sides
    assert set(one[1]) | set(other[1]) == set(range(4))


def test_two_networks_of_one_name_are_refused_in_words() -> None:
    twice = [SequenceClassifier("simple-rnn", epochs=n) for n in (1, 2)]
    with pytest.raises(ValueError, match="a name of its own.*simple-rnn, simple-rnn"):
        compare(texts(rows_of(["spam", "ham"]), twice, folds=2))


# ---- (d) three classes and more, by the command line


def recurra(cwd: Path, *arguments: object) -> Any:
    with chdir(cwd):
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert isinstance(done.exception, SystemExit | None), repr(done.exception)
    return done


def refused(cwd: Path, *arguments: object) -> str:
    """Run a command that must be refused: one line, exit code 2, nothing left behind."""
    before = sorted(cwd.rglob("*"))
    done = recurra(cwd, *arguments)
    assert done.exit_code == 2, done.output
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    assert sorted(cwd.rglob("*")) == before
    return lines[0]


def write_table(path: Path, found: list[str], labels: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["body", "kind"])
        writer.writerows(zip(found, labels, strict=True))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two and of three classes, and one fitted on all rows in the end."""
    folder = tmp_path_factory.mktemp("here")
    for name, kinds in (("two", ["spam", "ham"]), ("three", ["spam", "ham", "work"])):
        write_table(folder / f"{name}.csv", *messages_of(kinds))
        done = recurra(folder, "train", f"{name}.csv", *QUICK)
        assert done.exit_code == 0, done.output
    done = recurra(folder, "train", "two.csv", *QUICK, "--fit-all", "--out", "runs/all", "--json")
    assert done.exit_code == 0, done.output
    return folder


def report_of(run: Path) -> Report:
    return Report.model_validate_json((run / "report.json").read_text("utf-8"))


def test_three_classes_are_trained_and_every_table_names_them(here: Path) -> None:
    report = report_of(here / "runs" / "three")
    assert report.data.classes == {"ham": 60, "spam": 60, "work": 60}
    assert report.data.positive is None
    assert [measure.name for measure in report.measures][:4] == [
        "Brier score",
        "log loss",
        "accuracy",
        "macro F1",
    ]
    frame = pd.read_csv(here / "runs" / "three" / "predictions.csv")
    for each in report.contenders:
        shares = frame[[f"{each.name}: {name}" for name in ("ham", "spam", "work")]]
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-5)
        assert set(frame[each.name]) <= {"ham", "spam", "work"}
    page = (here / "runs" / "three" / "report.html").read_text("utf-8")
    assert "called work" in page
    assert "Each class against the rest" in page


def test_a_prediction_of_three_classes_has_all_probabilities(here: Path) -> None:
    done = recurra(here, "predict", "runs/three", "ann budget now", "bob win ok", "--json")
    found = json.loads(done.stdout)
    assert found["model"] == "simple-rnn"
    assert found["positive"] is None
    for answer in found["predictions"]:
        shares = answer["probabilities"]
        assert sorted(shares) == ["ham", "spam", "work"]
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)
        assert answer["label"] == max(shares, key=shares.__getitem__)
        assert answer["score"] == shares[answer["label"]]
    plain = recurra(here, "predict", "runs/three", "ann budget now").stdout.split("\t")
    assert plain[0] == found["predictions"][0]["label"]


def test_three_classes_are_evaluated_with_few_rows_and_not_all_classes(here: Path) -> None:
    write_table(here / "few.csv", ["ann budget tonight", "zoe lunch ok"], ["work", "ham"])
    done = recurra(here, "evaluate", "runs/three", "few.csv", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["rows"], found["rows_seen_in_training"]) == (2, 0)
    assert set(found["measures"]) >= {"Brier score", "macro F1"}
    (here / "few.csv").unlink()


def test_a_text_of_three_classes_is_explained(here: Path) -> None:
    done = recurra(here, "explain", "runs/three", "ann budget now", "--json", "--html", "in.html")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["of"] == found["label"]
    assert [token["token"] for token in found["tokens"]] == ["ann", "budget", "now"]
    assert any(abs(token["integrated_gradients"]) > 1e-6 for token in found["tokens"])
    assert "no other class is more probable" in (here / "in.html").read_text("utf-8")
    (here / "in.html").unlink()
    assert recurra(here, "explain", "runs/three", "ann budget now").exit_code == 0


def test_three_classes_are_compared(here: Path) -> None:
    options = ["--models", "simple-rnn", "--folds", "2", "--epochs", "1", "--out", "compared"]
    done = recurra(here, "compare", "three.csv", *options, "--json")
    assert done.exit_code == 0, done.output
    found = Report.model_validate_json((here / "compared" / "compare.json").read_text("utf-8"))
    assert Report.model_validate_json(done.stdout) == found
    assert (found.split.folds, found.split.test) == (2, 180)
    assert all(each.measures["macro F1"].deviation is not None for each in found.contenders)
    page = (here / "compared" / "compare.html").read_text("utf-8")
    ranked = [page.index(f"<td>{each.name}<") for each in found.ranked()]
    assert ranked == sorted(ranked)


@pytest.mark.parametrize(
    ("table", "options", "said"),
    [
        ([("a b", "ham")] * 9, [], "two classes or more, but 'kind' holds 1: 'ham'"),
        ([(f"some text {i}", f"c{i}") for i in range(40)], [], "fewer than 5 rows"),
        ([("a b", "x"), ("c d", "y")] * 5, ["--positive", "z"], "one of the labels 'x', 'y'"),
    ],
)
def test_labels_that_are_no_classes_are_refused_in_one_line(
    table: list[tuple[str, str]], options: list[str], said: str, tmp_path: Path
) -> None:
    write_table(tmp_path / "a.csv", [text for text, _ in table], [label for _, label in table])
    columns = ["--text", "body", "--label", "kind"]
    assert said in refused(tmp_path, "train", "a.csv", *columns, *options)
    assert said in refused(tmp_path, "compare", "a.csv", *columns, *options)


def test_of_three_classes_none_is_the_one_to_find(here: Path) -> None:
    said = refused(here, "train", "three.csv", "--positive", "spam", "--out", "no")
    assert "of two, but 'kind' holds 3" in said


# ---- (e) the network, or the baseline beside it


@pytest.mark.parametrize("kinds", ["two", "three"])
@pytest.mark.parametrize("place", ["run", "model", "elsewhere"])
def test_what_is_saved_says_of_held_rows_what_predictions_csv_has(
    here: Path, tmp_path: Path, kinds: str, place: str
) -> None:
    run = here / "runs" / kinds
    config = json.loads((run / "model" / "config.json").read_text("utf-8"))
    frame, held = pd.read_csv(here / f"{kinds}.csv"), pd.read_csv(run / "predictions.csv")
    asked = {"run": run, "model": run / "model", "elsewhere": tmp_path / "baseline"}[place]
    if place == "elsewhere":
        shutil.copytree(run / "model", asked)
    (tmp_path / "asked.txt").write_text("\n".join(frame["body"][held["id"]]) + "\n")
    for name in ("simple-rnn", config["baseline"], config["baseline"].upper()):
        options = ["--file", tmp_path / "asked.txt", "--with", name, "--json"]
        done = recurra(here, "predict", asked, *options)
        assert done.exit_code == 0, done.output
        answers, column = json.loads(done.stdout)["predictions"], name.replace("TF-IDF", "TF-IDF")
        column = next(c for c in held.columns if c.casefold() == column.casefold())
        if kinds == "two":
            expected = held[column].to_numpy()
            np.testing.assert_allclose([a["score"] for a in answers], expected, atol=1e-6)
        else:
            assert [answer["label"] for answer in answers] == list(held[column])
            for label in ("ham", "spam", "work"):
                shares = [answer["probabilities"][label] for answer in answers]
                np.testing.assert_allclose(shares, held[f"{column}: {label}"], atol=1e-6)


def test_every_baseline_says_from_its_folder_what_it_said_when_judged(
    found_two: Found, tmp_path: Path
) -> None:
    from recurra.problems.saved.texts import texts_model

    held = found_two.problem.asked(found_two.held)
    for contender in found_two.problem.contenders:
        model = found_two.model(contender.name)
        model.save(tmp_path / contender.name, "", name=contender.name)
        again = texts_model(tmp_path / contender.name)
        assert (again.name, again.positive_name) == (contender.name, "spam")
        said = again.say(held)
        statistics = found_two.statistics(contender.name)
        np.testing.assert_allclose(said.probabilities, statistics[:, :2], atol=1e-7)
        np.testing.assert_array_equal(said.decided, statistics[:, -2])


def test_a_wrong_name_lists_what_is_there(here: Path) -> None:
    config = json.loads((here / "runs/two/model/config.json").read_text("utf-8"))
    for command in (["predict", "runs/two", "win"], ["evaluate", "runs/two", "two.csv"]):
        said = refused(here, *command, "--with", "bert")
        assert f"'simple-rnn' or '{config['baseline']}', but it is 'bert'" in said


def test_a_baseline_has_no_tokens_to_explain(here: Path) -> None:
    config = json.loads((here / "runs/two/model/config.json").read_text("utf-8"))
    options = ["--with", config["baseline"], "--explain"]
    assert "is about a network's tokens" in refused(here, "predict", "runs/two", "win", *options)


def test_the_baseline_is_evaluated_by_the_same_command(here: Path) -> None:
    config = json.loads((here / "runs/two/model/config.json").read_text("utf-8"))
    options = ["--with", config["baseline"], "--json"]
    found = json.loads(recurra(here, "evaluate", "runs/two", "two.csv", *options).stdout)
    assert found["model"] == config["baseline"]
    assert found["rows_seen_in_training"] == 96
    assert set(found["measures"]) >= {"F1", "Brier score"}


# ---- (f) nothing saved is code, and what is damaged is refused


def test_no_file_of_a_run_is_a_pickle(here: Path) -> None:
    kinds = {".json", ".md", ".csv", ".html", ".safetensors"}
    files = [path for path in (here / "runs").rglob("*") if path.is_file()]
    assert len(files) > 30
    assert {path.suffix for path in files} == kinds
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]


@pytest.mark.parametrize("model", [".", "baseline"])
@pytest.mark.parametrize("file", ["config.json", "encoder.json", "weights.safetensors"])
def test_a_damaged_model_is_refused_in_one_line(
    here: Path, tmp_path: Path, model: str, file: str
) -> None:
    shutil.copytree(here / "runs/two", tmp_path / "run")
    baseline = json.loads((here / "runs/two/model/config.json").read_text("utf-8"))["baseline"]
    path = tmp_path / "run" / "model" / model / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    options = [] if model == "." else ["--with", baseline]
    assert "must match its checksum" in refused(tmp_path, "predict", "run", "win", *options)


# ---- (g) fitted on all rows in the end


def test_fitted_on_all_rows_is_said_and_no_figure_is_another(here: Path) -> None:
    judged, whole = (report_of(here / "runs" / name) for name in ("two", "all"))
    assert whole.training is not None
    assert whole.training.fitted_on == "all rows"
    for one, other in zip(judged.contenders, whole.contenders, strict=True):
        assert one.measures == other.measures
    page = re.sub("</?span>", "", (here / "runs/all/report.html").read_text("utf-8"))
    assert "fitted on all rows; the figures above are of the one that was judged" in page
    assert "fitted on all rows" in (here / "runs/all/model/card.md").read_text("utf-8")
    one, other = (here / "runs" / name / "model/weights.safetensors" for name in ("two", "all"))
    assert one.read_bytes() != other.read_bytes()


def test_evaluate_knows_that_the_network_has_seen_all_rows_and_the_baseline_has_not(
    here: Path,
) -> None:
    config = json.loads((here / "runs/all/model/config.json").read_text("utf-8"))
    seen = {}
    for name in ("simple-rnn", config["baseline"]):
        for place in ("runs/two", "runs/all", "runs/all/model"):
            done = recurra(here, "evaluate", place, "two.csv", "--with", name, "--json")
            seen[name, place] = json.loads(done.stdout)["rows_seen_in_training"]
    assert seen["simple-rnn", "runs/two"] == 96
    assert seen["simple-rnn", "runs/all"] == seen["simple-rnn", "runs/all/model"] == 120
    assert seen[config["baseline"], "runs/all"] == 96


# ---- (h) settings that reach the network


def test_balanced_weighs_the_rarer_class_and_says_so_in_the_model(tmp_path: Path) -> None:
    found, labels = messages_of(["spam", "ham"])
    kept = [i for i, label in enumerate(labels) if label == "ham" or i % 3 == 0]
    write_table(tmp_path / "a.csv", [found[i] for i in kept], [labels[i] for i in kept])
    for name, options in (("plain", []), ("balanced", ["--balanced"])):
        done = recurra(tmp_path, "train", "a.csv", *QUICK, *options, "--out", name)
        assert done.exit_code == 0, done.output
    configs = [
        json.loads((tmp_path / name / "model/config.json").read_text())["settings"]
        for name in ("plain", "balanced")
    ]
    assert [config["class_weight"] for config in configs] == [None, "balanced"]
    plain, balanced = (
        pd.read_csv(tmp_path / name / "predictions.csv") for name in ("plain", "balanced")
    )
    assert (balanced["simple-rnn"] > plain["simple-rnn"]).mean() > 0.9
    for name in ("word TF-IDF + LR", "base rate"):  # what is beside it does not change
        np.testing.assert_array_equal(plain[name], balanced[name])


def near_rows(published: bool = False) -> LabelledTexts:
    """Sixty texts, each with a near copy thirty rows below it."""
    texts, labels = [], []
    for number in range(60):
        kind, word = [("spam", "prizes"), ("ham", "dinners")][number % 2]
        letters = "".join(np.random.default_rng(number % 30).permutation([*"abcdefghijklmnopqrs"]))
        texts.append(f"{letters[:6]} {letters[6:]} spoke of {word}{'!' * (number // 30)}")
        labels.append(kind)
    side = np.arange(60) >= 30 if published else None
    made = LabelledTexts(np.array(texts, object), np.array(labels, object), "spam", "near", "0")
    made.published_test = side
    return made


@pytest.mark.parametrize("folds", [None, 3])
def test_near_copies_stay_on_one_side_and_the_report_says_how_many(folds: int | None) -> None:
    problem = texts(near_rows(), folds=folds)
    for fold in problem.folds:
        assert not set(fold.known % 30) & set(fold.held % 30)
        for train, validation in fold.sides:
            assert not set(fold.known[train] % 30) & set(fold.known[validation] % 30)
    assert problem.data.groups == 30
    (said,) = [note for note in problem.data.notes if "copies" in note]
    assert said.startswith("60 of 60 rows are copies of others, in 30 groups")
    assert said.endswith("each group is kept on one side and counts once")
    assert problem.split == "stratified, copies and near copies grouped"


def test_near_copies_stand_on_both_sides_where_that_is_asked_for() -> None:
    problem = texts(near_rows(), protocol=PROTOCOLS["keep-near"])
    (fold,) = problem.folds
    assert set(fold.known % 30) & set(fold.held % 30)
    assert "but for near copies" in problem.data.notes[-1]


def test_near_copies_across_a_published_split_are_counted_with_the_score_without_them() -> None:
    rows = near_rows(published=True)
    rows.texts[30:40] = [f"{text[::-1]} and was off" for text in rows.texts[30:40]]
    rows.labels[30:40] = rows.labels[0]  # so that the two figures differ
    classifier = SequenceClassifier("simple-rnn", epochs=1)
    found = run(texts(rows, [classifier]))
    probe = found.report.probes[0]
    assert not probe.passed
    assert "20 of 30 test rows also stand in training" in probe.detail
    told = found.outcomes[found.chosen, 0, 0].statistics
    right = told[:, -2] == told[:, -1]
    said = f"Accuracy with them {right.mean():.4f}, without them {right[:10].mean():.4f}."
    assert probe.detail.endswith(said)
    assert right[:10].mean() != right[10:].mean()
