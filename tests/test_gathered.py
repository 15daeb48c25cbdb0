"""`recurra gather`: the run folders of many in one table, and what is kept out of it, in words."""

import csv
import io
import json
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recurra.classroom.gathered import gather
from recurra.cli import app
from recurra.errors import RunError
from recurra.finished import finished_run


def asked(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["gather", *map(str, words)])
    return done.exit_code, done.stdout, done.stderr


def changed(run: Path, change: Callable[[dict], None]) -> None:
    report = json.loads((run / "report.json").read_text("utf-8"))
    change(report)
    (run / "report.json").write_text(json.dumps(report), "utf-8")


def by_hand(report: dict, seed: int) -> None:
    """What another person, with another seed, would have."""
    report["created"] = f"2024-03-{seed:02}T00:00:00+00:00"
    report["split"]["seed"] = seed
    report["command"] = f"recurra train spam --epochs 3 --seed {seed} --out runs/spam --overwrite"


@pytest.fixture
def handed_in(finished: Path, tmp_path: Path) -> Path:
    """Two runs; a third that was copied; one damaged, one unfinished, one foreign; an archive."""
    place = tmp_path / "handed in 제출"
    for who, seed in (("김철수/runs/spam", 1), ("lee", 2), ("park", 2)):
        shutil.copytree(finished, place / who)
        changed(place / who, lambda report, seed=seed: by_hand(report, seed))
    shutil.copytree(finished, place / "jung/spam")
    with (place / "jung/spam/model/weights.safetensors").open("ab") as weights:
        weights.write(b"x")
    (place / "choi/spam/checkpoints").mkdir(parents=True)
    (place / "kang/holiday").mkdir(parents=True)
    (place / "kang/holiday/report.json").write_text('{"sea": "east"}')
    (place / "yoon").mkdir()
    (place / "oh.zip").write_bytes(b"PK")
    return place


def test_finished_runs_are_rows_and_all_else_is_kept_out_with_its_reason(handed_in: Path) -> None:
    found = gather(sorted(handed_in.iterdir()))
    assert [(run.who, run.run, run.seed) for run in found.runs] == [
        ("lee", "", 2),
        ("park", "", 2),
        ("김철수", "runs/spam", 1),
    ]
    why = {str(Path(place).relative_to(handed_in)): said for place, said in found.left_out.items()}
    assert sorted(why) == ["choi", "jung/spam", "kang/holiday", "oh.zip", "yoon"]
    assert "not finished" in why["choi"]
    assert "weights.safetensors" in why["jung/spam"]
    assert "report.json is damaged" in why["kang/holiday"]
    assert "unpack it" in why["oh.zip"]
    assert why["yoon"] == "no run is in it"


def test_a_row_says_what_the_report_of_the_run_says(handed_in: Path) -> None:
    (run, _, _) = gather([handed_in]).runs
    report = finished_run(handed_in / "lee").report
    deciding = report.contender(run.network).measures[run.measure]
    assert (run.value, (run.low, run.high)) == (
        deciding.value,
        deciding.interval or (None, None),
    )
    assert (run.answer, run.rival) == (report.verdict.answer, report.verdict.rival)
    assert (run.sha256, run.rows, run.source) == (
        report.data.sha256,
        report.data.rows,
        report.data.source,
    )
    assert run.settings == "train spam --epochs 3"
    assert run.failed == ", ".join(
        probe.name for probe in report.probes if not probe.passed and probe.leak
    )


def test_a_pattern_that_the_shell_did_not_open_is_opened(handed_in: Path) -> None:
    opened = gather(sorted(handed_in.iterdir()))
    for given in (f"{handed_in}/*", handed_in):
        found = gather([given])
        assert (found.runs, found.left_out) == (opened.runs, opened.left_out)


def test_a_run_that_was_copied_is_said_and_another_of_the_same_settings_is_not(
    handed_in: Path,
) -> None:
    assert gather([handed_in]).notes == ["one run, copied: lee, park"]
    changed(handed_in / "park", lambda report: by_hand(report, 3))
    assert gather([handed_in]).notes == []


def test_runs_of_other_data_stand_in_a_table_of_their_own(handed_in: Path) -> None:
    changed(handed_in / "lee", lambda report: report["data"].update(sha256="1" * 64))
    found = gather([handed_in])
    assert [[run.who for run in runs] for runs in found.questions()] == [
        ["park", "김철수"],
        ["lee"],
    ]
    assert "cannot be compared" in found.notes[-1]


def test_a_name_that_a_mac_wrote_is_the_name(finished: Path, tmp_path: Path) -> None:
    for name in (unicodedata.normalize("NFD", "김철수"), "이영희"):
        shutil.copytree(finished, tmp_path / name)
    assert [run.who for run in gather([tmp_path]).runs] == ["김철수", "이영희"]


def test_the_command_writes_a_table_and_a_page_and_prints_json(
    handed_in: Path, tmp_path: Path
) -> None:
    table, page = tmp_path / "all.csv", tmp_path / "all.html"
    code, said, told = asked(handed_in, "--out", table, "--html", page)
    assert code == 0, told
    assert "김철수" in said
    assert "kept out" in told
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8-sig"))))
    assert [row["who"] for row in rows] == ["lee", "park", "김철수"]
    html = page.read_text("utf-8")
    assert "김철수" in html
    assert "5 kept out" in html
    assert "<script" not in html
    code, said, _ = asked(handed_in, "--json")
    assert [run["who"] for run in json.loads(said)["runs"]] == ["lee", "park", "김철수"]


def test_a_folder_whose_name_is_a_formula_is_none_in_a_spreadsheet(
    finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "in" / "=1+1")
    shutil.copytree(finished, tmp_path / "in" / "lee")
    lines = gather([tmp_path / "in"]).to_csv().decode("utf-8-sig").splitlines()
    assert any(line.startswith("'=1+1,") for line in lines)


def test_where_there_is_no_run_that_is_the_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match="no run is in it"):
        gather([tmp_path / "empty"])
    code, _, said = asked(tmp_path / "absent")
    assert (code, "absent is not" in said.replace("\n", "")) == (2, True)
    assert asked(tmp_path / "empty", "--out", tmp_path / "t.txt")[0] == 2


def test_a_report_without_a_verdict_is_damaged(handed_in: Path) -> None:
    changed(handed_in / "lee", lambda report: report.update(verdicts=[]))
    found = gather([handed_in])
    assert "no verdict" in found.left_out[str(handed_in / "lee")]
