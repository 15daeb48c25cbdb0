"""`recurra runs`: which runs there are, what two of them found, and one taken away."""

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.files import hold
from recurra.finished import compared, delete_run, finished_run, finished_runs
from recurra.runs import LOCK


def asked(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["runs", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def runs(finished: Path, tmp_path: Path) -> Path:
    """Two runs, what is left of a third, and a folder that is none."""
    for name in ("one", "two"):
        shutil.copytree(finished, tmp_path / "runs" / name)
    (tmp_path / "runs/broken").mkdir()
    (tmp_path / "runs/broken/report.json").write_text("{}")
    (tmp_path / "runs/other").mkdir()
    return tmp_path / "runs"


def test_finished_runs_are_listed_and_what_is_none_is_passed_over(runs: Path) -> None:
    assert [run.folder.name for run in finished_runs(runs)] == ["one", "two"]
    code, said, _ = asked("list", runs)
    assert code == 0
    assert "one" in said
    assert "broken" not in said
    found = json.loads(asked("list", runs, "--json")[1])["runs"]
    assert [run["folder"] for run in found] == [str(runs / "one"), str(runs / "two")]
    report = finished_run(runs / "one").report
    assert found[0]["answer"] == report.verdicts[0].answer
    assert found[0]["value"] == report.contender(found[0]["network"]).measures["Brier score"].value


def test_a_run_is_shown_as_it_was_when_it_ended(runs: Path) -> None:
    code, said, _ = asked("show", runs / "one")
    assert code == 0
    assert finished_run(runs / "one").report.verdict.sentence[:60] in said.replace("\n", " ")
    assert json.loads(asked("show", runs / "one", "--json")[1])["schema"] == "recurra.report/2"


def test_two_runs_stand_beside_each_other_and_whether_that_says_anything(runs: Path) -> None:
    found = compared(runs / "one", runs / "two")
    assert "of the same rows, split alike" in found.alike
    assert all(one == other for _, one, other in found.rows)
    report = json.loads((runs / "two/report.json").read_text())
    for key, value, said in (
        (("split", "seed"), 7, "split otherwise"),
        (("data", "sha256"), "1" * 64, "of different data"),
        (("problem",), "other", "different questions"),
    ):
        place = report
        for name in key[:-1]:
            place = place[name]
        place[key[-1]] = value
        (runs / "two/report.json").write_text(json.dumps(report))
        assert said in compared(runs / "one", runs / "two").alike
        assert said in asked("compare", runs / "one", runs / "two")[2]


def test_a_run_is_deleted_only_after_a_yes(runs: Path) -> None:
    done = CliRunner().invoke(app, ["runs", "delete", str(runs / "one")], input="n\n")
    assert done.exit_code == 1
    assert (runs / "one/report.json").exists()
    code, _, said = asked("delete", runs / "one", "--yes")
    assert (code, (runs / "one").exists()) == (0, False)
    assert "deleted" in said
    assert sorted(path.name for path in runs.iterdir()) == ["broken", "other", "two"]


@pytest.mark.parametrize("name", ["other", "broken", "twoo"])
def test_what_is_no_finished_run_is_not_deleted(runs: Path, name: str) -> None:
    code, _, said = asked("delete", runs / name, "--yes")
    assert code == 2
    assert "a finished run of this version is needed" in said
    assert (runs / "other").exists()


def test_a_run_where_a_process_is_at_work_is_not_deleted(runs: Path) -> None:
    with hold(runs / "one" / LOCK), pytest.raises(Exception, match="is at work in"):
        delete_run(runs / "one")
    assert (runs / "one/report.json").exists()
