"""The commands as a user types them: each a process of its own, many wrong inputs aside."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file
from typer.testing import CliRunner

from recurra.cli import app
from recurra.cli.app import read_input
from recurra.judging.report import Report
from recurra.runs import TRAINED

COMMAND = [sys.executable, "-m", "recurra"]
ANSWERS = ("Yes:", "No:", "Undecided:", "Too few to say:")
QUICK = ["--model", "simple-rnn", "--epochs", "15", "--batch-size", "8"]


def recurra(*arguments: str, cwd: Path, **how: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=cwd, capture_output=True, text=True, timeout=300, **how
    )


def in_this_process(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run many commands without waiting for the imports of each."""
    with chdir(cwd):
        run = CliRunner().invoke(app, arguments)
    assert isinstance(run.exception, SystemExit | None)
    return subprocess.CompletedProcess(arguments, run.exit_code, run.stdout, run.stderr)


def fails(cwd: Path, *arguments: str, run: Any = recurra) -> str:
    """Run a command that must be refused: one line, exit code 2, no traceback, nothing left."""
    before = sorted(cwd.rglob("*"))
    done = run(*arguments, cwd=cwd)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, done.stderr
    assert sorted(cwd.rglob("*")) == before
    return lines[0]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, messages: tuple[list[str], list[str]]) -> Path:
    """A folder with a file of messages and a finished run of them."""
    folder = tmp_path_factory.mktemp("here")
    frame = pd.DataFrame({"body": messages[0], "kind": messages[1]})
    frame.to_csv(folder / "messages.csv", index=False)
    columns = ["--text", "body", "--label", "kind", "--positive", "spam"]
    run = recurra("train", "messages.csv", *columns, *QUICK, "--show", cwd=folder)
    assert run.returncode == 0, run.stderr
    (folder / "train.out").write_text(run.stdout)
    (folder / "train.err").write_text(run.stderr)
    return folder


def test_training_a_file_prints_models_side_by_side_and_a_verdict(here: Path) -> None:
    out, err = (here / "train.out").read_text(), (here / "train.err").read_text()
    names = ("simple-rnn", "base rate", "always the larger class", "always positive")
    for name in (*names, "word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"):
        assert name in out
    assert "passed rows in both sides" in out
    said = [line for line in out.splitlines() if line.startswith(ANSWERS)]
    assert len(said) == 1
    following = out.splitlines()[out.splitlines().index(said[0]) + 1 :]
    wanted = said[0].startswith("No:")  # then it is said how to use what is better
    assert [line.startswith("To use it: recurra predict") for line in following] == [True] * wanted
    assert "embedding" in err  # the layer table
    assert "report: runs/messages/report.html" in err


def test_a_run_folder_holds_what_the_contract_says(here: Path) -> None:
    run = here / "runs" / "messages"
    names = set(TRAINED)
    assert {path.name for path in run.iterdir()} == names
    report = Report.model_validate_json((run / "report.json").read_text())
    assert report.data.classes == {"ham": 60, "spam": 60}
    assert report.split.train + report.split.validation + report.split.test == 120
    assert report.model is not None
    assert report.model.parameters == sum(layer.parameters for layer in report.model.layers)
    assert [probe.passed for probe in report.probes] == [True] * 4
    predictions = pd.read_csv(run / "predictions.csv")
    names = [each.name for each in report.contenders]
    assert list(predictions.columns) == ["id", "truth", *names]
    assert len(predictions) == report.split.test
    history = pd.read_csv(run / "history.csv")
    losses = ["epoch", "loss", "validation_loss"]
    assert list(history.columns) == ["network", "fold", "seed", "member", *losses]
    sides = pd.read_csv(run / "split.csv")
    assert list(sides.columns) == ["id", "group", "duplicate_key", "side"]
    counts = sides["side"].value_counts()
    assert counts["train"] == report.split.train
    assert counts["test"] == report.split.test
    assert set(predictions["id"]) == set(sides["id"][sides["side"] == "test"])
    baseline = json.loads((run / "model" / "baseline" / "config.json").read_text())
    best = next(each.name for each in report.ranked() if each.baseline)
    lost = report.verdict.answer == "no"
    assert baseline["name"] == (report.verdict.rival if lost else best)


def test_the_threshold_is_the_best_on_validation_rows_and_never_of_test_rows(here: Path) -> None:
    from recurra import SequenceClassifier
    from recurra.judging.measures import best_threshold

    run = here / "runs" / "messages"
    frame, split = pd.read_csv(here / "messages.csv"), pd.read_csv(run / "split.csv")
    model = SequenceClassifier.load(run / "model")
    validation = frame[(split["side"] == "validation").to_numpy()]
    truth = (validation["kind"] == "spam").to_numpy()
    expected = best_threshold(truth, model.positive_scores(list(validation["body"])))
    assert model.threshold_ == pytest.approx(expected, abs=1e-12)


def test_predictions_come_from_arguments_a_file_and_standard_input(here: Path) -> None:
    texts = ["ann win now", "bob lunch please"]
    run = recurra("predict", "runs/messages", *texts, cwd=here)
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert [(line[0], line[2]) for line in lines] == [("spam", texts[0]), ("ham", texts[1])]
    (here / "new.txt").write_text("\n".join(texts) + "\n")
    assert recurra("predict", "runs/messages", "--file", "new.txt", cwd=here).stdout == run.stdout
    piped = recurra("predict", "runs/messages/model", cwd=here, input="\n".join(texts))
    assert piped.stdout == run.stdout
    table = ["--file", "messages.csv", "--text", "body"]
    assert len(recurra("predict", "runs/messages", *table, cwd=here).stdout.splitlines()) == 120
    (here / "new.txt").unlink()


def test_predict_json_is_one_object_and_nothing_else(here: Path) -> None:
    run = recurra("predict", "runs/messages", "ann win 지금", "--json", "--explain", cwd=here)
    found = json.loads(run.stdout)
    assert found["predictions"][0]["text"] == "ann win 지금"
    assert [token for token, _ in found["predictions"][0]["tokens"]] == ["ann", "win", "지금"]


def test_a_message_of_a_megabyte_is_classified(here: Path) -> None:
    run = recurra("predict", "runs/messages", cwd=here, input="win now " * 131_072)
    assert run.returncode == 0
    assert run.stdout.startswith(("spam\t", "ham\t"))


def test_evaluate_says_which_rows_were_trained_on(here: Path) -> None:
    run = in_this_process("evaluate", "runs/messages", "messages.csv", "--label", "kind", cwd=here)
    assert "96 of these rows were trained on" in run.stderr
    frame = pd.DataFrame(
        {"kind": ["spam", "ham"] * 10, "body": [f"x{chr(97 + i)} cash" for i in range(20)]}
    )
    frame.to_csv(here / "new.csv", index=False)
    run = in_this_process(
        "evaluate", "runs/messages", "new.csv", "--label", "kind", "--json", cwd=here
    )
    found = json.loads(run.stdout)
    assert (found["rows"], found["rows_seen_in_training"]) == (20, 0)
    assert 0 <= found["measures"]["F1"]["value"] <= 1
    (here / "new.csv").unlink()


def test_evaluate_refuses_other_labels(here: Path) -> None:
    (here / "other.csv").write_text("kind,body\nspam,a b\nnone,c d\nspam,e f\n")
    message = fails(here, "evaluate", "runs/messages", "other.csv", "--label", "kind")
    assert "must be those of the model, ham, spam, but" in message
    assert "--map none=…" in message
    mapped = ["--label", "kind", "--map", "none=ham", "--json"]
    done = in_this_process("evaluate", "runs/messages", "other.csv", *mapped, cwd=here)
    assert json.loads(done.stdout)["rows"] == 3
    (here / "other.csv").write_text("kind,body\nSPAM,win cash now\nHam,see you at lunch\n")
    done = in_this_process("evaluate", "runs/messages", "other.csv", cwd=here)
    assert done.returncode == 0, done.stderr
    assert "labels read: Ham as ham, SPAM as spam" in done.stderr
    (here / "other.csv").unlink()


def test_predict_reads_the_column_of_training(here: Path) -> None:
    (here / "new.csv").write_text("title,body\nann win now,bob lunch please\n")
    done = in_this_process("predict", "runs/messages", "--file", "new.csv", cwd=here)
    assert "text column as in training: 'body'" in done.stderr
    assert done.stdout.split("\t")[2] == "bob lunch please\n"
    (here / "new.csv").unlink()


def test_nothing_is_said_of_an_empty_text_but_that_it_is_empty(here: Path) -> None:
    (here / "new.txt").write_text("ann win now\n\n<br />\nbob lunch\n")
    done = in_this_process("predict", "runs/messages", "--file", "new.txt", cwd=here)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["spam", "", "", "ham"]
    assert [line[1] == "" for line in lines] == [False, True, True, False]
    assert "2 of 4 texts are empty" in done.stderr
    found = in_this_process("predict", "runs/messages", "", "ann win", "--json", cwd=here)
    answers = json.loads(found.stdout)["predictions"]
    assert [answer["label"] for answer in answers] == [None, "spam"]
    (here / "new.txt").unlink()


def test_texts_that_are_cut_are_said_when_they_are_asked_about_and_judged(here: Path) -> None:
    long = "win now " * 200
    done = in_this_process("predict", "runs/messages", long, "ann win", cwd=here)
    assert "1 of 2 texts is longer than simple-rnn reads" in done.stderr
    assert "only the first 256 tokens" in done.stderr
    (here / "new.csv").write_text(f"kind,body\nspam,{long}\nham,see you\n")
    done = in_this_process("evaluate", "runs/messages", "new.csv", cwd=here)
    assert "1 of 2 texts is longer than what is read of one" in done.stderr
    (here / "new.csv").unlink()


def test_predict_says_what_its_columns_are_and_from_where_on_it_calls(here: Path) -> None:
    done = in_this_process("predict", "runs/messages", "ann win", cwd=here)
    assert "columns: class, probability of spam (called so from 0." in done.stderr
    assert "threshold" in json.loads((here / "runs/messages/model/config.json").read_text())


def test_learning_rate_and_patience_reach_the_network_and_a_cut_text_the_report(
    here: Path, tmp_path: Path
) -> None:
    lines = (here / "messages.csv").read_text() + f"spam-long {'win ' * 300},spam\n"
    (tmp_path / "messages.csv").write_text(lines)
    quick = ["--model", "one-to-one", "--epochs", "3", "--label", "kind"]
    options = ["--learning-rate", "0.02", "--patience", "1", "--json"]
    done = in_this_process("train", "messages.csv", *quick, *options, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "runs/messages/model/config.json").read_text())["settings"]
    assert (settings["learning_rate"], settings["patience"]) == (0.02, 1)
    assert any("1 of 121 texts are longer" in said for said in json.loads(done.stdout)["notes"])


def test_the_same_seed_gives_the_same_files_times_aside(here: Path) -> None:
    run = in_this_process("train", "messages.csv", *QUICK, "--out", "again", cwd=here)
    assert run.returncode == 0, run.stderr
    first, second = here / "runs" / "messages", here / "again"
    for name in ("model/weights.safetensors", "model/encoder.json", "history.csv"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    one, two = (json.loads((run / "report.json").read_text()) for run in (first, second))
    for report in (one, two):
        report["training"].pop("seconds")
        report["data"].pop("notes")  # columns were named in one and guessed in the other
        for name in ("command", "created"):
            report.pop(name)
        for contender in report["contenders"]:
            contender.pop("fit_seconds")
            contender.pop("predict_seconds")
    assert one == two
    for name in ("predictions.csv", "split.csv", "model/baseline/weights.safetensors"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_a_finished_run_is_not_overwritten_unless_asked(here: Path) -> None:
    assert "holds a finished run" in fails(here, "train", "messages.csv", *QUICK)
    assert "holds a finished run" in fails(here, "train", "messages.csv", *QUICK, "--resume")
    before = (here / "runs/messages/report.json").stat().st_mtime_ns
    run = in_this_process("train", "messages.csv", *QUICK, "--overwrite", "--json", cwd=here)
    assert json.loads(run.stdout)["schema"] == "recurra.report/2"
    assert (here / "runs/messages/report.json").stat().st_mtime_ns > before


def test_a_folder_of_other_files_is_left_alone(here: Path) -> None:
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("years of work")
    for more in ([], ["--resume"]):
        fails(here, "train", "messages.csv", *QUICK, "--out", "mine", *more)
    assert (here / "mine" / "thesis.txt").read_text() == "years of work"


WRONG: dict[str, tuple[bytes | None, list[str], str]] = {
    "missing file": (None, ["data.csv"], "No such file"),
    "neither file nor dataset": (None, ["nothing"], "a file or one of the datasets spam"),
    "empty file": (b"", ["data.csv"], "is empty"),
    "one class": (b"label,text\n" + b"ham,a b\n" * 9, ["data.csv"], "two classes or more"),
    "no such column": (
        b"label,text\nham,a b\nspam,c d\n",
        ["data.csv", "--text", "body"],
        "no 'body'",
    ),
    "binary": (bytes(range(256)) * 9, ["data.csv"], "is binary"),
    "no usable rows": (b"label,text\nham,\nspam, \n", ["data.csv"], "none of the 2 rows"),
    "40 classes": (
        b"label,text\n" + b"".join(b"c%d,some text\n" % i for i in range(40)),
        ["data.csv", "--label", "label"],
        "of the 40 values of 'label' 40 have fewer than 5 rows",
    ),
    "too few rows": (b"label,text\nham,a b\nspam,c d\nham,e f\n", ["data.csv"], "both classes"),
    "unknown model": (
        b"label,text\nham,a b\nspam,c d\n",
        ["data.csv", "--model", "bert"],
        "model must be one of",
    ),
    "unknown protocol": (b"x", ["data.csv", "--protocol", "fast"], "--protocol must be one of"),
    "unknown encoding": (b"a,b\n", ["data.csv", "--encoding", "ebcdic"], "encoding must be one of"),
    "epochs": (b"label,text\nham,a b\nspam,c d\n", ["data.csv", "--epochs", "0"], "or equal to 1"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_clear_line_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    content, arguments, message = WRONG[case]
    if content is not None:
        (tmp_path / "data.csv").write_bytes(content)
    assert message in fails(tmp_path, "train", *arguments, run=in_this_process)


def test_a_wrong_model_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    for options in (
        ["train", "spam", "--model", "rnn"],
        ["compare", "spam", "--models", "gru,rnn"],
    ):
        said = fails(tmp_path, *options, "--data", "nowhere.csv", run=in_this_process)
        assert "model must be one of" in said


def test_bytes_of_the_input_that_are_no_text_are_told_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "in.txt").write_bytes(
        "\ufeff한 줄\n".encode() + "무료 경품\n당첨\n".encode("cp949")
    )
    with (tmp_path / "in.txt").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        found = list(read_input())
    said = capsys.readouterr().err
    assert found[0] == "한 줄"
    assert all("\ufffd" in text and text.isprintable() for text in found[1:])
    assert said.startswith("line 2 of the input is no utf-8 text")
    assert said.count("\n") == 1
    (tmp_path / "in.txt").write_bytes("무료 \ufffd".encode())
    with (tmp_path / "in.txt").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        assert list(read_input()) == ["무료 \ufffd"]
    assert capsys.readouterr().err == ""


def test_an_unreadable_run_is_one_clear_line(here: Path, tmp_path: Path) -> None:
    assert "a saved model is a folder" in fails(tmp_path, "predict", ".", "hello")
    said = fails(tmp_path, "predict", "runs/none", "hello")
    assert "a run folder is needed, but runs/none" in said
    (tmp_path / "data.csv").write_text("a,b\n")
    assert "data.csv is a file" in fails(tmp_path, "predict", "data.csv", "hello")


def test_a_usage_error_has_exit_code_2(tmp_path: Path) -> None:
    assert recurra("train", cwd=tmp_path).returncode == 2
    assert recurra("train", "spam", "--nothing", cwd=tmp_path).returncode == 2


def test_the_version_is_said(tmp_path: Path) -> None:
    run = recurra("--version", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, f"recurra {version('recurra')}\n")


def test_doctor_names_versions_backend_kernels_and_data(tmp_path: Path) -> None:
    found = json.loads(recurra("doctor", "--json", cwd=tmp_path).stdout)
    assert found["backend"]["keras backend"] == os.environ.get("KERAS_BACKEND", "jax")
    assert set(found) == {"versions", "backend", "kernels", "data"}
    assert {"spam", "ud-ewt", "names", "tatoeba-kor-eng"} <= set(found["data"])
    assert "keras backend" in recurra("doctor", cwd=tmp_path).stdout


@pytest.mark.parametrize("backend", ["numpy", "torch", "tensorflow", "nonsense"])
def test_doctor_tells_of_every_backend_also_of_one_that_is_not_there(
    backend: str, tmp_path: Path
) -> None:
    run = recurra("doctor", cwd=tmp_path, env={**os.environ, "KERAS_BACKEND": backend})
    assert (run.returncode, run.stderr) == (0, "")
    there = backend == "numpy" or (backend != "nonsense" and find_spec(backend) is not None)
    said = f"the backend is {backend}, and" if there else "Keras cannot be imported"
    assert said in run.stdout
    assert "RECURRA_DATA" in run.stdout  # the table goes on to its end


def test_compare_shows_every_model_on_the_same_folds_and_can_be_resumed(here: Path) -> None:
    arguments = ["compare", "messages.csv", "--models", "simple-rnn,conv1d", "--folds", "2"]
    arguments += ["--epochs", "2", "--out", "both"]
    run = recurra(*arguments, cwd=here)
    assert run.returncode == 0, run.stderr
    stored = json.loads((here / "both" / "compare.json").read_text())
    names = ["simple-rnn", "conv1d", "base rate", "always the larger class", "always positive"]
    names += ["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"]
    assert [each["name"] for each in stored["contenders"]] == names
    assert [verdict["model"] for verdict in stored["verdicts"]] == names[:2]
    for verdict in stored["verdicts"]:
        assert verdict["sentence"] in run.stdout
    assert "holds a finished run" in fails(here, *arguments)
    # a comparison stopped after its first results goes on from them
    with running(*arguments, "--overwrite", cwd=here) as started:
        wait_for(started, "fold 2 of 2: training conv1d")
        started.send_signal(signal.SIGINT)
        assert started.wait(timeout=60) == 130
    run = recurra(*arguments, "--resume", cwd=here)
    assert run.returncode == 0, run.stderr
    again = json.loads((here / "both" / "compare.json").read_text())
    assert stored["verdicts"] == again["verdicts"]
    for a, b in zip(stored["contenders"], again["contenders"], strict=True):
        assert (a["name"], a["measures"]) == (b["name"], b["measures"])


@contextmanager
def running(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A command under way; it is over, and its pipe closed, afterwards."""
    command = [*COMMAND, *arguments]
    with subprocess.Popen(command, cwd=cwd, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], text: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if text in line:
            return
    raise AssertionError(f"never said {text!r}")


@pytest.mark.slow
def test_a_second_command_on_a_folder_is_refused_at_once_and_the_first_ends_whole(
    here: Path,
) -> None:
    arguments = ["train", "messages.csv", *QUICK, "--out", "one"]
    with running(*arguments, cwd=here) as started:
        wait_for(started, "training simple-rnn")
        for more in ([], ["--resume"], ["--overwrite"]):
            second = in_this_process(*arguments, *more, cwd=here)
            assert second.returncode == 2
            assert "Error: one process at a time can work in one," in second.stderr
        assert started.stderr is not None
        started.stderr.read()
        assert started.wait(timeout=120) == 0
    assert "holds a finished run" in fails(here, *arguments)


def test_no_room_on_the_disk_is_one_line_and_the_run_goes_on_when_there_is(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recurra import running as writing

    def full(report: Any) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    arguments = ["train", "messages.csv", *QUICK, "--out", "full"]
    monkeypatch.setattr(writing, "_curves", full)
    stopped = in_this_process(*arguments, cwd=here)
    assert stopped.returncode == 2
    errors = [line for line in stopped.stderr.splitlines() if "Error" in line]
    assert len(errors) == 1
    assert "needs room on the disk" in errors[0]
    assert [path.name for path in (here / "full").iterdir()] == ["checkpoints"]
    monkeypatch.undo()
    again = in_this_process(*arguments, "--resume", cwd=here)
    assert again.returncode == 0, again.stderr
    assert "epoch 1" not in again.stderr  # nothing is trained twice


def test_to_resume_where_there_is_nothing_is_said_in_one_line_and_trains(here: Path) -> None:
    arguments = ["train", "messages.csv", *QUICK, "--out", "anew", "--resume"]
    done = in_this_process(*arguments, cwd=here)
    assert done.returncode == 0, done.stderr
    assert "anew holds nothing to resume: the run starts anew.\n" in done.stderr


MOMENTS = ["training", "network 1, epoch 1", "network 2, epoch 2", "baseline word", "verdict and"]


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_resumed_training_ends_as_if_never_killed(here: Path, moment: str) -> None:
    name = f"killed-{moment[:20].replace(' ', '-').replace(':', '').replace(',', '')}"
    arguments = ["train", "messages.csv", *QUICK, "--members", "2"]
    whole = here / "whole"
    if not whole.exists():
        assert in_this_process(*arguments, "--out", "whole", cwd=here).returncode == 0
    with running(*arguments, "--out", name, cwd=here) as started:
        wait_for(started, moment)
        time.sleep(0.05 * MOMENTS.index(moment))
        started.kill()
    assert not (here / name / "report.json").exists()
    run = in_this_process(*arguments, "--out", name, "--resume", cwd=here)
    assert run.returncode == 0, run.stderr
    assert {p.name for p in (here / name).iterdir()} == {p.name for p in whole.iterdir()}
    ours, theirs = (
        load_file(folder / "model" / "weights.safetensors") for folder in (here / name, whole)
    )
    for key in theirs:
        np.testing.assert_array_equal(ours[key], theirs[key], err_msg=key)


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(here: Path) -> None:
    arguments = ["train", "messages.csv", "--model", "simple-rnn", "--epochs", "30"]
    with running(*arguments, "--out", "stopped", cwd=here) as started:
        wait_for(started, "epoch 2")
        started.send_signal(signal.SIGINT)
        said = started.stderr.read() if started.stderr else ""
        assert started.wait(timeout=60) == 130
    assert "--resume" in said
    assert "Traceback" not in said
    assert "unfinished run" in fails(here, *arguments, "--out", "stopped")
    other = [*arguments, "--out", "stopped", "--seed", "1", "--resume"]
    assert "data and settings it was started with" in fails(here, *other)


def test_the_lecture_protocol_has_its_parameters_and_its_leak(
    real_data: Path, tmp_path: Path
) -> None:
    os.environ["RECURRA_DATA"] = str(real_data)
    layers = {
        "simple-rnn": "simple_rnn (SimpleRNN)",
        "conv1d": "global_max_pooling1d",  # its kind is on the next line where a table is narrow
    }
    for model, parameters in (("simple-rnn", 130_529), ("conv1d", 135_745)):
        arguments = ["--protocol", "lecture", "--model", model, "--epochs", "1", "--out", model]
        run = in_this_process("train", "spam", *arguments, "--show", "--json", cwd=tmp_path)
        for shown in (layers[model], "(None, None, 32)", f" Total params: {parameters:,} ("):
            assert shown in run.stderr
        report = json.loads(run.stdout)
        assert report["data"]["rows"] == 5169
        assert report["model"]["vocabulary"] == 4013
        assert report["model"]["parameters"] == parameters
        passed = {probe["name"]: probe["passed"] for probe in report["probes"]}
        assert not passed["vocabulary from outside training"]


def test_the_default_protocol_passes_every_probe_on_real_messages(
    real_data: Path, tmp_path: Path
) -> None:
    os.environ["RECURRA_DATA"] = str(real_data)
    run = in_this_process("train", "spam", *QUICK, "--epochs", "1", "--json", cwd=tmp_path)
    report = json.loads(run.stdout)
    assert report["data"]["classes"] == {"ham": 4827, "spam": 747}
    assert all(probe["passed"] for probe in report["probes"])


def test_a_threshold_that_is_given_decides(finished: Path) -> None:
    for threshold, label in (("0", "spam"), ("1", "ham")):
        done = CliRunner().invoke(app, ["predict", str(finished), "win", "--threshold", threshold])
        assert done.stdout.startswith(label)
    done = CliRunner().invoke(app, ["predict", str(finished), "win", "--threshold", "2"])
    assert done.exit_code == 2
