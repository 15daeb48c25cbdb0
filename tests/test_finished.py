"""`recurra runs`: which runs there are, what two of them found, and one taken away."""

import csv
import json
import shutil
from collections.abc import Callable
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


def rescored(run: Path, scores: Callable[[bool, int], float]) -> None:
    """Put other scores of the network into a run: of its predictions and of its report."""
    report = json.loads((run / "report.json").read_text())
    model, measure = report["verdicts"][0]["model"], report["measures"][0]["name"]
    with (run / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    losses = []
    for number, row in enumerate(rows):
        truth = row["truth"] == report["data"]["positive"]
        row[model] = repr(scores(truth, number))
        losses.append((float(row[model]) - truth) ** 2)
    with (run / "predictions.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    (network,) = [each for each in report["contenders"] if each["name"] == model]
    network["measures"][measure]["value"] = sum(losses) / len(losses)
    (run / "report.json").write_text(json.dumps(report))


def good(truth: bool, number: int) -> float:
    return (0.95 if truth else 0.05) - 0.01 * (number % 3)


def guess(truth: bool, number: int) -> float:
    return 0.45 + 0.05 * (number % 3)


def test_of_two_runs_on_the_same_rows_it_is_said_which_is_better(runs: Path) -> None:
    rescored(runs / "one", good)
    rescored(runs / "two", guess)
    found = compared(runs / "one", runs / "two")
    assert found.better.startswith("Yes: one is better than two (Brier score 0.00")
    verdict = found.verdict
    assert verdict is not None
    assert verdict.interval is not None
    assert verdict.interval[1] < 0  # the loss is smaller
    other = compared(runs / "two", runs / "one").verdict
    assert other is not None
    assert other.answer == "no"
    assert other.difference == pytest.approx(-verdict.difference)
    rescored(runs / "two", lambda truth, number: good(truth, number + 1))
    assert compared(runs / "one", runs / "two").better.startswith("Undecided: one and two")
    said = asked("compare", runs / "one", runs / "two")[2]
    assert "Undecided: one and two" in " ".join(said.split())


def test_rows_that_belong_together_are_one_piece_of_evidence_of_which_run_is_better(
    runs: Path,
) -> None:
    rescored(runs / "one", good)
    rescored(runs / "two", guess)
    for run in (runs / "one", runs / "two"):
        with (run / "split.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            row["group"] = f"g{number % 3}"
        with (run / "split.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    assert compared(runs / "one", runs / "two").verdict is None  # the reports have more pieces
    for run in (runs / "one", runs / "two"):
        report = json.loads((run / "report.json").read_text())
        for contender in report["contenders"]:
            contender["measures"]["Brier score"]["pieces"] = 3
        (run / "report.json").write_text(json.dumps(report))
    verdict = compared(runs / "one", runs / "two").verdict
    assert verdict is not None
    assert verdict.answer == "too few"


def test_which_run_is_better_is_not_said_where_figures_are_not_found_again(runs: Path) -> None:
    rescored(runs / "one", good)
    report = json.loads((runs / "one/report.json").read_text())
    report["contenders"][0]["measures"]["Brier score"]["value"] *= 1.01  # as of several trainings
    (runs / "one/report.json").write_text(json.dumps(report))
    found = compared(runs / "one", runs / "two")
    assert found.verdict is None
    assert "does not tell which is better" in found.better
    rescored(runs / "one", good)
    (runs / "two/split.csv").unlink()
    assert compared(runs / "two", runs / "one").verdict is None
    (runs / "two/predictions.csv").write_text("id,truth\n")
    assert compared(runs / "one", runs / "two").verdict is None


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
