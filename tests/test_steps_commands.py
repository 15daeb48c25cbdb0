"""`recurra train tagging` and `forecasting`, and `predict` of both."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.evaluation.written import WrittenReport


def run(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def test_the_sample_of_tagging_is_learnt_judged_and_used(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run(
        "train", "tagging", "--sample", "--epochs", 3, "--model", "gru", "--out", out, "--json"
    )
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert WrittenReport.model_validate(report).data.source == "embedded sample"
    assert {b["name"].split()[0] for b in report["baselines"]} == {"most", "linear"}
    assert report["test"]["accuracy"]["value"] > 0.8
    found = run("predict", out, "the long walk .", "--json")
    assert [w["word"] for w in json.loads(found.stdout)["sentences"][0]] == [
        "the",
        "long",
        "walk",
        ".",
    ]
    for command in ("explain", "evaluate"):  # they are of texts
        refused = run(command, out, "words.csv")
        assert refused.exit_code == 2
        assert "SequenceTagger" in refused.stderr


def test_a_column_is_forecast_with_intervals(tmp_path: Path) -> None:
    file, out = tmp_path / "a.csv", tmp_path / "run"
    pd.DataFrame({"y": 5 + np.sin(np.arange(300) * 0.4)}).to_csv(file, index=False)
    args = ("--target", "y", "--epochs", 2, "--window", 8, "--horizon", 3, "--out", out, "--json")
    done = run("train", "forecasting", file, *args)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert WrittenReport.model_validate(report).recipe == "forecasting"
    assert [row[0] for row in report["exhibits"][0]["rows"]] == ["1", "2", "3"]
    assert {b["name"] for b in report["baselines"]} == {"naive", "linear"}
    assert all(probe["passed"] for probe in report["leaks"])
    found = json.loads(run("predict", out, file, "--target", "y", "--json").stdout)
    assert all(
        a < b < c for a, b, c in zip(found["lower"], found["forecast"], found["upper"], strict=True)
    )


@pytest.mark.parametrize(
    "args",
    [
        ("forecasting",),
        ("forecasting", "absent.csv", "--target", "y"),
        ("tagging", "absent.conllu"),
        ("tagging", "absent.conllu", "--test", "absent.conllu"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(args: tuple[str, ...]) -> None:
    done = run("train", *args)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_forecast_without_its_column_is_told_the_columns(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("day,sold\n1,2\n2,3\n")
    refused = run("train", "forecasting", file)
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "one of day, sold, but it was not given" in said
