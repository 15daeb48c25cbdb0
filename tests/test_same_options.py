"""What one command that reads a file, or answers, lets be said of it, all of them do."""

import csv
from pathlib import Path
from typing import Any

import pytest
import typer

from recurra import cli  # registers the commands
from recurra.cli.answering import answers
from recurra.cli.app import app
from recurra.errors import RunError

READ_NO_DATA = {  # they read runs, listings of their own, or nothing
    "bench kernels",
    "bench runtime",
    "demo",
    "doctor",
    "export",
    "gather",
    "kit check",
    "kit make",
    "ledger clear",
    "ledger list",
    "market simulate",
    "predict SequenceGenerator",
    "runs compare",
    "runs delete",
    "runs list",
    "runs show",
    "serve",
    "studio",
}


def commands() -> dict[str, set[str]]:
    """Give the options of every command."""
    assert cli
    found: dict[str, set[str]] = {}

    def walk(command: Any, path: list[str]) -> None:
        for name, each in getattr(command, "commands", {}).items():
            walk(each, [*path, name])
        if not hasattr(command, "commands"):
            found[" ".join(path)] = {name for each in command.params for name in each.opts}

    walk(typer.main.get_command(app), [])
    return found


def test_every_command_that_reads_data_takes_an_encoding() -> None:
    without = {name for name, options in commands().items() if "--encoding" not in options}
    assert without == READ_NO_DATA


def test_sequences_are_explained_with_the_columns_by_which_they_are_predicted() -> None:
    options = commands()
    named = {"--id", "--time", "--group", "--channels", "--encoding"}
    assert named <= options["predict sequences"] & options["explain"]


def test_every_model_answers_as_a_csv_file_and_as_json() -> None:
    of = {name: options for name, options in commands().items() if name.startswith("predict ")}
    assert {name for name, options in of.items() if not {"--out", "--json"} <= options} == set()


def test_answers_are_whole_in_the_file_and_a_line_each_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ["spam", 0.123456789, 'win,\n"now"', None]
    with answers(list("abcd"), tmp_path / "out.csv", as_json=False) as write:
        write(row)
        assert not (tmp_path / "out.csv").exists()
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file)) == [list("abcd"), [row[0], "0.123456789", row[2], ""]]
    assert capsys.readouterr().out == ""
    with answers(list("abcd"), None, as_json=False) as write:
        write(row)
    assert capsys.readouterr().out == 'spam\t0.1235\twin, "now"\t\n'


def test_the_file_that_is_read_is_not_written_over(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text\nhi\n")
    with pytest.raises(RunError, match="another file"), answers(["a"], rows, False, rows):
        raise AssertionError
    with pytest.raises(RunError, match="is a folder"), answers(["a"], tmp_path, False):
        raise AssertionError
    assert rows.read_text() == "text\nhi\n"
