"""`recurra compare` of texts: the same folds for all, judged on rows not seen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.judging.report import Report
from recurra.runs import COMPARED


def run(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


QUICK = ("--sample", "--folds", 2, "--epochs", 1, "--json")
NETWORK = {"spam": "one-to-one", "sentiment": "simple-rnn", "sentiment-ko": "conv1d"}
BASELINES = ["base rate", "always the larger class", "always positive"]
BASELINES += ["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"]


@pytest.mark.parametrize("dataset", NETWORK)
def test_each_dataset_of_texts_compares_networks_and_their_baselines(
    dataset: str, tmp_path: Path
) -> None:
    network = NETWORK[dataset]
    done = run("compare", dataset, "--models", network, *QUICK, "--out", tmp_path / "c")
    assert done.exit_code == 0, done.output
    stored = json.loads((tmp_path / "c" / "compare.json").read_text("utf-8"))
    assert json.loads(done.stdout) == stored
    assert stored["schema"] == "recurra.report/2"
    found = Report.model_validate(stored)
    assert found.data.source.startswith("embedded sample")
    assert [each.name for each in found.contenders] == [network, *BASELINES]
    assert [measure.name for measure in found.measures][:3] == [
        "Brier score",
        "log loss",
        "accuracy",
    ]
    assert found.split.test == found.data.rows
    for each in found.contenders:
        assert set(each.measures) == {measure.name for measure in found.measures}
        for estimate in each.measures.values():
            assert estimate.value is not None
            assert estimate.deviation is not None
            assert np.isfinite([estimate.value, estimate.deviation]).all()
        assert (each.parameters is None) == each.baseline
        assert each.fit_seconds >= 0
        assert each.predict_seconds >= 0
    assert [verdict.model for verdict in found.verdicts] == [network]
    page = (tmp_path / "c" / "compare.html").read_text("utf-8")
    assert "embedded sample</span>" in page
    assert {path.name for path in (tmp_path / "c").iterdir()} == set(COMPARED)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("tagging", "--sample", "--models", "gru,bert"), "'bert' was given"),
        (("forecasting", "--sample", "--folds", 900), "too few for 900 folds"),
        (("forecasting",), "give a file with --target, or --sample"),
        (("tagging", "absent.conllu"), "absent.conllu"),
        (("tagging", "absent.conllu", "--sample"), "one source"),
        (("absent.csv",), "No such file"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_leaves_nothing(
    args: tuple[Any, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("compare", *args)
    assert done.exit_code == 2, done.output
    assert message in " ".join(done.stderr.split())
    assert list(tmp_path.iterdir()) == []
