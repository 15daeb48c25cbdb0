"""The commands of generation and translation, as a user types them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recurra import running
from recurra.cli import app
from recurra.judging.report import Report

QUICK = ["--units", "8", "--epochs", "1"]


def recurra(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_lines_are_trained_on_and_written(here: Path) -> None:
    (here / "names").mkdir()
    for name, letters in (("Up", "abc"), ("Down", "xyz")):
        lines = [a + b + c for a in letters for b in letters for c in letters]
        (here / "names" / f"{name}.txt").write_text("\n".join(lines))
    code, out, err = recurra("train", "generation", "names/", *QUICK, "--out", "run", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert Report.model_validate(report).schema_ == "recurra.report/2"
    assert report["data"]["classes"] == {"Down": 27, "Up": 27}
    code, out, _ = recurra("predict", "run", "--class", "Up", "--n", "3", "--start", "b")
    assert code == 0
    assert [line[0] for line in out.splitlines()] == ["b", "b", "b"]
    best = min(
        (each for each in report["contenders"] if each["baseline"]),
        key=lambda each: each["measures"]["bits per character"]["value"],
    )["name"]
    asked = ["predict", "run", "--with", best, "--class", "Down", "--n", "4", "--json"]
    code, out, err = recurra(*asked)
    assert code == 0, err
    written = json.loads(out)
    assert written["model"] == best
    assert set("".join(written["lines"])) <= set("xyz")
    assert recurra(*asked)[1] == out
    code, _, err = recurra("predict", "run", "--with", "bert", "--class", "Down")
    assert code == 2
    assert "--with must name a model" in err
    code, _, err = recurra("predict", "run", "--class", "Korean")
    assert code == 2
    assert "class must be one of" in err
    code, _, err = recurra("train", "generation", "names/", *QUICK, "--out", "run")
    assert code == 2
    assert "finished run" in err


def test_pairs_are_trained_on_and_translated(here: Path) -> None:
    (here / "pairs.tsv").write_text("\n".join(f"word{i}\t말{i}" for i in range(40)), "utf-8")
    code, out, err = recurra("train", "translation", "pairs.tsv", *QUICK, "--out", "run", "--json")
    assert code == 0, err
    report = Report.model_validate_json(out)
    assert [measure.name for measure in report.measures] == ["chrF", "exact"]
    kept = {path.name for path in (here / "run").iterdir()}
    assert kept >= {"model", "history.csv", "predictions.csv", "split.csv", "report.html"}
    assert "Held sentences" in (here / "run" / "report.html").read_text("utf-8")
    code, out, _ = recurra("predict", "run", "word1", "--json", "--beam", "1")
    assert code == 0
    assert json.loads(out)["translations"][0]["text"] == "word1"
    code, out, _ = recurra("predict", "run", "word1", "--with", "nearest sentence")
    assert (code, out) == (0, "말1\n")
    code, _, err = recurra("predict", "run", "word1", "--with", "nearest sentence", "--beam", "2")
    assert code == 2
    assert "does not search" in err
    (here / "run" / "model" / "encoder.json").write_text("{}")
    assert recurra("predict", "run", "word1")[0] == 2


@pytest.mark.parametrize(
    ("recipe", "model", "first"),
    [("generation", "one-to-one", "bits per character"), ("translation", "gru", "chrF")],
)
def test_architectures_are_compared_on_folds(
    here: Path, recipe: str, model: str, first: str
) -> None:
    more = ["--models", model, "--units", "4", "--folds", "2", "--epochs", "1"]
    code, out, err = recurra("compare", recipe, "--sample", *more, "--out", "c", "--json")
    assert code == 0, err
    report = Report.model_validate_json(out)
    assert out == (here / "c" / "compare.json").read_text("utf-8")
    assert report.data.source == "embedded sample"
    assert (report.split.folds, report.measures[0].name) == (2, first)
    assert report.split.test == report.data.rows
    assert report.verdicts[0].model == model
    for each in report.contenders:
        assert each.measures[first].deviation is not None
    assert "embedded sample</span>" in (here / "c" / "compare.html").read_text("utf-8")


def test_the_smallest_numbers_are_printed_as_they_are_written(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparison = running.compare

    def quick(*given: Any, **more: Any) -> Report:
        report = comparison(*given, **more)
        told = [each.model_copy(update={"fit_seconds": 9.7e-05}) for each in report.contenders]
        return report.model_copy(update={"contenders": told})

    monkeypatch.setattr(running, "compare", quick)
    small = ["--models", "one-to-one", "--units", "4", "--folds", "2", "--epochs", "1"]
    code, out, err = recurra("compare", "generation", "--sample", *small, "--out", "c", "--json")
    assert code == 0, err
    assert out == Report.model_validate_json(out).to_json()


WRONG = {
    "an empty file": (["generation", "empty.txt"], "holds none"),
    "no such file": (["generation", "none.txt"], "is not there"),
    "binary": (["generation", "binary.txt"], "is binary"),
    "a sample and a file": (["generation", "empty.txt", "--sample"], "one source"),
    "an unknown cell": (["generation", "--sample", "--model", "bert"], "model must be one of"),
    "an unknown translator": (["translation", "--sample", "--model", "conv1d"], "model must be"),
    "an unknown level": (["generation", "--sample", "--level", "bytes"], "level must be one of"),
    "too few lines": (["generation", "one.txt"], "both sides of a split"),
    "no pairs": (["translation", "one.txt"], "separated by a tab"),
    "a sample and data": (["translation", "--sample", "--data", "one.txt"], "one source"),
    "odd units": (["translation", "--sample", "--units", "7"], "units must be even"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_clear_line_and_exit_code_2(here: Path, case: str) -> None:
    (here / "empty.txt").write_text("")
    (here / "one.txt").write_text("가\n", "utf-8")
    (here / "binary.txt").write_bytes(bytes(range(256)) * 9)
    arguments, message = WRONG[case]
    code, _, err = recurra("train", *arguments)
    assert code == 2, err
    assert message in " ".join(err.split())
    assert not (here / "runs").exists() or not list((here / "runs").rglob("report.json"))
    assert sys.exc_info() == (None, None, None)


def test_what_cannot_be_compared_is_told(here: Path) -> None:
    code, _, err = recurra("compare", "generation", "--sample", "--models", "bi-gru")
    assert code == 2
    assert "one of simple-rnn, lstm, gru, conv1d" in " ".join(err.split())
    assert list(here.iterdir()) == []


def test_absent_data_say_where_to_get_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(here / "cache"))
    for command in ("generation", "translation"):
        code, _, err = recurra("train", command)
        assert code == 2
        assert "--sample" in err
