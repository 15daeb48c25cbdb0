"""What a page says to type next: what was typed before, as far as the next command takes it."""

import sys
from typing import Any

import pytest
import typer

from recurra.cli import app
from recurra.cli.following import compared, counterpart, trained
from recurra.judging.example import coin_problem
from recurra.judging.problem import Problem
from recurra.problems import forecasting, generation, sequences, spam, tagging, translation


def typed(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(sys, "argv", ["recurra", *line.split()])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("train a.csv --text t --label=l --out r", "texts a.csv --text t --label l"),
        ("train texts a.csv --model gru --resume --json", "texts a.csv"),
        ("train spam --sample --epochs 3 --balanced", "texts spam --sample --epochs 3"),
        ("train a.csv --keep-near --show --fit-all", "texts a.csv --keep-near"),
        (
            "train forecasting s.csv --target y --log --level 0.8",
            "forecasting s.csv --target y --log",
        ),
        ("train stock-rise A B --no-fit-all --rise 5%", "stock-rise A B --rise 5%"),
        (
            "train sequences a.csv --id who --channels x,y",
            "sequences a.csv --id who --channels x,y",
        ),
    ],
)
def test_a_training_is_compared_on_the_same_rows_and_in_another_folder(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    typed(monkeypatch, before)
    assert counterpart(app, "compare", "compare") == [("compare", ["compare", *after.split()])]


def test_the_best_of_a_comparison_is_trained_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    typed(monkeypatch, "compare a.csv --models gru,lstm --folds 3 --label l --out r --repeats 2")
    ((what, words),) = compared(app, "lstm")
    assert what == "train lstm, to use it"
    assert " ".join(words) == "train texts a.csv --label l --repeats 2 --model lstm"


@pytest.mark.parametrize("line", ["demo", "", "predict r --file a.csv", "bench --quick"])
def test_what_has_no_counterpart_gets_none(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    typed(monkeypatch, line)
    assert counterpart(app, "compare", "compare") == []


def test_how_rows_are_read_is_said_again_where_the_model_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    typed(monkeypatch, "train sequences a.csv --id who --time=t --epochs 2 --out r --seed 1")
    asked = [words for _, words in trained(app, sequences(sample=True), tmp_path)]
    reading = ["--id", "who", "--time", "t"]
    assert asked[0] == ["predict", str(tmp_path), "NEW.csv", *reading]
    assert asked[1] == ["evaluate", str(tmp_path), "NEW.csv", *reading]
    assert asked[2][:3] == ["compare", "sequences", "a.csv"]


PROBLEMS = {
    "SequenceClassifier": lambda: spam(sample=True),
    "SequenceTagger": lambda: tagging(sample=True),
    "SequenceForecaster": lambda: forecasting(sample=True),
    "SequenceGenerator": lambda: generation(sample=True),
    "SequenceTranslator": lambda: translation(sample=True),
    "sequences": lambda: sequences(sample=True),
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_command_of_a_problem_is_one_that_is_there(kind: str) -> None:
    groups: Any = typer.main.get_command(app)
    problem: Problem = PROBLEMS[kind]()
    commands = problem.commands("r")
    assert {words[0] for _, words in commands} >= {"predict", "evaluate"}
    for _, (group, *words) in commands:
        command = groups.commands[group]
        command = getattr(command, "commands", {}).get(kind, command)
        command.make_context(group, words)  # it takes these words


def test_a_problem_without_a_saved_model_has_no_commands() -> None:
    assert coin_problem(20).commands("r") == []
