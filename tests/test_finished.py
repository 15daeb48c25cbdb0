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


def test_a_run_is_deleted_from_within(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs / "one")
    code, _, said = asked("delete", ".", "--yes")
    monkeypatch.chdir(runs)
    assert (code, (runs / "one").exists()) == (0, False), said
    assert sorted(path.name for path in runs.iterdir()) == ["broken", "other", "two"]


def test_a_link_to_a_run_is_refused_before_anything_is_asked(runs: Path) -> None:
    (runs / "link").symlink_to(runs / "one")
    code, out, said = asked("delete", runs / "link")
    assert code == 2
    assert "is a link" in said
    assert "Delete" not in out
    assert (runs / "one/report.json").exists()
    assert (runs / "link").is_symlink()


def test_what_is_being_deleted_is_no_run(runs: Path) -> None:
    (runs / "one").rename(runs / ".one.deleted")
    assert [run.folder.name for run in finished_runs(runs)] == ["two"]
    assert " ".join(asked("show", runs / "onn")[2].split()).endswith("holds two.")


def test_a_run_of_another_version_or_a_damaged_one_is_called_so(runs: Path) -> None:
    old = json.loads((runs / "one/report.json").read_text()) | {"schema": "recurra.report/1"}
    (runs / "one/report.json").write_text(json.dumps(old))
    code, _, said = asked("show", runs / "one")
    line = " ".join(said.split())
    assert code == 2
    assert "report.json is of another version (recurra.report/1, not recurra.report/2)." in line
    assert "Did you mean" not in line
    assert line.endswith("holds two.")
    assert "broken/report.json is damaged." in "".join(
        asked("show", runs / "broken")[2].split("\n")
    )


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
