"""`recurra compare` for every recipe: the same folds for all, judged on rows not seen."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import recurra.recipes.compare as mechanism
from recurra.cli import app
from recurra.evaluation.rise_baselines import LEARNERS, RULES
from recurra.evaluation.splits import group_folds, rolling_folds
from recurra.recipes.compare import BySums, Fitted, Task, compare, sides
from recurra.recipes.judging import ratio
from recurra.runs import COMPARED, RunFolder


def run(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


QUICK = ("--sample", "--folds", 2, "--epochs", 1, "--json")
# what is compared, and the names and first measure that come out
RECIPES: dict[str, tuple[tuple[Any, ...], list[str], str]] = {
    "spam": (
        ("--models", "one-to-one"),
        ["majority", "word TF-IDF + LR", "char TF-IDF + LR", "one-to-one"],
        "F1",
    ),
    "sentiment": (
        ("--models", "simple-rnn"),
        ["majority", "word TF-IDF + LR", "char TF-IDF + LR", "simple-rnn"],
        "F1",
    ),
    "sentiment-ko": (
        ("--models", "conv1d"),
        ["majority", "word TF-IDF + LR", "char TF-IDF + LR", "conv1d"],
        "F1",
    ),
    "tagging": (
        ("--models", "one-to-one"),
        ["most frequent tag of the word", "linear on word and neighbours", "one-to-one"],
        "accuracy",
    ),
    "forecasting": (
        ("--models", "gru,conv1d", "--horizon", 2, "--window", 8),
        ["naive", "seasonal naive", "linear", "gru", "conv1d"],
        "MAE",
    ),
    "generation": (
        ("--models", "one-to-one", "--units", 4),
        [f"{n}{by}" for n in ("unigram", "bigram", "trigram", "5-gram") for by in ("", " by class")]
        + ["one-to-one"],
        "bits per character",
    ),
    "stock-rise": (
        ("--models", "one-to-one", "--rise", "2%", "--window", 5),
        [*RULES, *LEARNERS, "one-to-one"],
        "Brier score × 100",
    ),
    "translation": (
        ("--models", "gru", "--units", 4, "--beam", 1),
        ["nearest sentence", "most frequent", "gru"],
        "chrF",
    ),
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_each_recipe_compares_networks_and_its_baselines(recipe: str, tmp_path: Path) -> None:
    more, names, measure = RECIPES[recipe]
    done = run("compare", recipe, *more, *QUICK, "--out", tmp_path / "c")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found == json.loads((tmp_path / "c" / "compare.json").read_text("utf-8"))
    assert found["schema"] == "recurra.compare/2"
    assert found["source"].startswith("embedded sample")
    assert [model["name"] for model in found["models"]] == names
    assert found["measures"][0] == measure
    for model in found["models"]:
        assert set(model["mean"]) == set(model["deviation"]) == set(found["measures"])
        assert np.isfinite(list(model["mean"].values())).all()
        assert (model["verdict"] is None) == (model["parameters"] is None) == model["baseline"]
        assert model["fit_seconds"] >= 0
        assert model["predict_seconds"] >= 0
    page = (tmp_path / "c" / "compare.html").read_text("utf-8")
    assert "embedded sample</span>" in page
    assert {path.name for path in (tmp_path / "c").iterdir()} == set(COMPARED)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("tagging", "--sample", "--models", "gru,bert"), "'bert' was given"),
        (("generation", "--sample", "--models", "bi-gru"), "one of simple-rnn, lstm, gru, conv1d"),
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


class Data:
    source, sha256, notes = "here", "0" * 64, ()


def task(fits: list[tuple[str, list[int]]], shift: float = 0.0) -> Task:
    """Numbers to be told: one contender says them nearly right, one says 0; who is fitted is kept.

    ::

        statistics = (squared error, 1)
    """
    numbers = np.arange(1.0, 21.0) + shift

    def contender(name: str, said: np.ndarray) -> Any:
        def fit(known: np.ndarray, notify: Any) -> Fitted:
            fits.append((name, known.tolist()))
            return Fitted(lambda held: said[held], None if name == "zero" else 7)

        return fit

    return Task(
        "numbers",
        Data(),
        "in folds",
        sides(group_folds(np.arange(20) // 2, 4)),
        {"near": contender("near", numbers + 0.1)},
        {"zero": contender("zero", np.zeros(20))},
        lambda held, said: np.stack([(said - numbers[held]) ** 2, np.ones(len(held))], axis=1),
        BySums({"MSE": ratio}, np.arange(20) // 2, higher_is_better=False),
        facts=[numbers.tolist()],
    )


def test_every_contender_is_fitted_on_the_same_rows_and_judged_on_the_others(
    tmp_path: Path,
) -> None:
    fits: list[tuple[str, list[int]]] = []
    made = task(fits)
    found = compare(made, RunFolder(tmp_path / "c", COMPARED))
    for name in ("near", "zero"):
        assert [rows for who, rows in fits if who == name] == [k.tolist() for k, _ in made.folds]
    held = np.concatenate([rows for _, rows in made.folds])
    assert sorted(held.tolist()) == list(range(20))
    zero, near = found.models
    expected = [float(np.mean((rows + 1.0) ** 2)) for _, rows in made.folds]
    assert zero.mean["MSE"] == pytest.approx(np.mean(expected))
    assert zero.deviation["MSE"] == pytest.approx(np.std(expected, ddof=1))
    assert near.mean["MSE"] == pytest.approx(0.01)
    assert (near.parameters, zero.parameters) == (7, None)
    assert near.verdict is not None
    assert near.verdict.better_than_best_baseline == "yes"


def test_a_stopped_comparison_goes_on_and_fits_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compare(task([]), RunFolder(tmp_path / "whole", COMPARED))
    fits: list[tuple[str, list[int]]] = []
    folder = RunFolder(tmp_path / "stopped", COMPARED)
    written = mechanism.write_atomically

    def stopping(path: Path, content: bytes) -> None:
        if path.name == "fold-2-near.json":
            raise KeyboardInterrupt
        written(path, content)

    monkeypatch.setattr(mechanism, "write_atomically", stopping)
    with pytest.raises(KeyboardInterrupt):
        compare(task(fits), folder)
    monkeypatch.undo()
    before = len(fits)
    with pytest.raises(ValueError, match="can only be resumed with the data and settings"):
        compare(task([], shift=1.0), folder)
    again = compare(task(fits), folder)
    assert (before, len(fits) - before) == (4, 5)  # the fit whose result was lost is done again
    for one, other in zip(whole.models, again.models, strict=True):
        assert (one.mean, one.verdict) == (other.mean, other.verdict)


def test_rolling_folds_know_only_what_came_before_less_what_is_purged() -> None:
    folds = rolling_folds(10, 110, 4, purge=5)
    held = np.concatenate([rows for _, rows in folds])
    assert held.tolist() == list(range(70, 110))
    for known, rows in folds:
        assert known[0] == 10
        assert known[-1] + 5 == rows[0]
