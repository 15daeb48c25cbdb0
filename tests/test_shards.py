"""Many files are scored as each alone, by whoever is free, and gone on with after a kill."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.errors import DataError, InputError, RunError, SettingsError
from recurra.executing import Executor, Here
from recurra.executing.processes import Processes
from recurra.listeners import NOBODY
from recurra.scoring import Scored, score
from recurra.shards import are_many, score_all


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(4):
        rows = [f"win a prize {number} {n}" if n % 3 else "" for n in range(50)]
        pd.DataFrame({"text": rows, "id": range(50)}).to_parquet(folder / f"{number}.parquet")
    return folder


def scored(run: Path, source: Path, out: Path, executor: Executor | None = None) -> Scored:
    return score_all(run, source, out, executor=executor or Here(), listener=NOBODY)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_many_files_are_scored_as_each_alone_here_and_by_processes(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    for path in shards.iterdir():
        score(finished, path, alone / path.name)
    for name, executor in (("here", Here()), ("elsewhere", Processes(2))):
        found = scored(finished, shards, tmp_path / name, executor)
        assert (found.rows, found.refused, found.kept) == (200, 68, 0)
        assert contents(tmp_path / name) == contents(alone)


def test_what_is_scored_is_not_scored_again_and_what_was_begun_is_gone_on_with(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    scored(finished, shards, whole)
    (shards / "3.parquet").rename(tmp_path / "kept")
    (shards / "3.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match=r"1 of 4 failed: 3\.parquet"):
        scored(finished, shards, out, Processes(1))
    assert contents(out).keys() == {"0.parquet", "1.parquet", "2.parquet", ".started.json"}
    (tmp_path / "kept").replace(shards / "3.parquet")
    assert scored(finished, shards, out).kept == 150
    assert contents(out) == contents(whole)


KILLED = """
import sys
from recurra.cli import main
if __name__ == "__main__":
    sys.argv = ["recurra", "score", {run!r}, {source!r}, "--out", {out!r}, "--on", "processes:1"]
    main()
"""


def test_killed_in_the_middle_the_same_command_ends_in_the_same_files(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    for number in range(4, 10):
        rows = {"text": [f"claim {n} now" for n in range(1500)]}
        pd.DataFrame(rows).to_parquet(shards / f"{number}.parquet")
    scored(finished, shards, whole)
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(run=str(finished), source=str(shards), out=str(out)))
    with subprocess.Popen([sys.executable, script], stderr=subprocess.DEVNULL) as command:
        for _ in range(1200):
            if len(list(out.glob("*.parquet"))) >= 1 or command.poll() is not None:
                break
            time.sleep(0.02)
        command.send_signal(signal.SIGKILL)
    found = scored(finished, shards, out)
    assert found.rows == 9200
    assert 0 < found.kept < 9200
    assert contents(out) == contents(whole)


def test_what_cannot_be_is_told(finished: Path, shards: Path, tmp_path: Path) -> None:
    scored(finished, shards, tmp_path / "out")
    with pytest.raises(RunError, match="is there already"):
        scored(finished, shards, tmp_path / "out")
    with pytest.raises(SettingsError, match="another folder"):
        scored(finished, shards, shards)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="must be a folder"):
        scored(finished, shards, tmp_path / "file")
    with pytest.raises(DataError, match="names none"):
        scored(finished, shards / "*.csv", tmp_path / "none")
    (shards / "notes.docx").touch()
    with pytest.raises(DataError, match="each file must end in one of"):
        scored(finished, shards, tmp_path / "none")
    assert scored(finished, shards / "[01].parquet", tmp_path / "two").rows == 100


def test_a_single_file_is_no_folder(finished: Path, shards: Path) -> None:
    assert are_many(shards)
    assert are_many(shards / "*.parquet")
    assert not are_many(shards / "0.parquet")
    words = ["score", str(finished), str(shards / "0.parquet"), "--out", "x.csv"]
    told = CliRunner().invoke(app, [*words, "--on", "processes:2"])
    assert told.exit_code == 2
    assert "one file is scored in one process" in told.output
