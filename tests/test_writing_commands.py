"""The commands of generation and translation, as a user types them."""

import json
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from recurra.cli import app
from recurra.evaluation.report import Report
from recurra.evaluation.written import WrittenReport

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
    assert WrittenReport.model_validate(report).schema_ == "recurra.written/1"
    with pytest.raises(ValidationError):
        Report.model_validate(report)  # a shape of its own has a name of its own
    assert report["data"]["classes"] == {"Down": 27, "Up": 27}
    code, out, _ = recurra("predict", "run", "--class", "Up", "--n", "3", "--start", "b")
    assert code == 0
    assert [line[0] for line in out.splitlines()] == ["b", "b", "b"]
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
    assert set(WrittenReport.model_validate_json(out).test) == {"chrF", "exact"}
    code, out, _ = recurra("predict", "run", "word1", "--json", "--beam", "1")
    assert code == 0
    assert json.loads(out)["translations"][0]["text"] == "word1"


WRONG = {
    "an empty file": (["generation", "empty.txt"], "holds none"),
    "no such file": (["generation", "none.txt"], "is not there"),
    "binary": (["generation", "binary.txt"], "is binary"),
    "a sample and a file": (["generation", "empty.txt", "--sample"], "one source"),
    "an unknown cell": (["generation", "--sample", "--model", "bert"], "model must be one of"),
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


def test_absent_data_say_where_to_get_them(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(here / "cache"))
    for command in ("generation", "translation"):
        code, _, err = recurra("train", command)
        assert code == 2
        assert "--sample" in err
