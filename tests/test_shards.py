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
from recurra.stores import Stored


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
        until = time.monotonic() + 300  # a full machine takes long to begin
        while time.monotonic() < until:
            if any(out.glob("*.parquet")) or command.poll() is not None:
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


def test_files_of_a_store_are_scored_as_those_of_this_machine_and_not_again(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    scored(finished, shards, tmp_path / "here")
    stored = Stored.at((tmp_path / "store").as_uri())
    for executor in (Here(), Processes(2)):
        found = score_all(
            finished, shards.as_uri(), stored, executor=executor, listener=NOBODY, overwrite=True
        )
        assert found.rows == 200
        assert contents(tmp_path / "store") == contents(tmp_path / "here")
        (tmp_path / "store" / "0.parquet").unlink()
    with pytest.raises(RunError, match="is there already"):
        score_all(finished, shards.as_uri(), stored, executor=Here(), listener=NOBODY)


def test_a_killed_score_to_a_store_goes_on_with_the_files_that_are_not_there(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    out = (tmp_path / "store").as_uri()
    (shards / "3.parquet").rename(tmp_path / "kept")
    (shards / "3.parquet").write_bytes(b"no parquet")
    how = {"executor": Processes(1), "listener": NOBODY}
    with pytest.raises(InputError, match=r"1 of 4 failed: 3\.parquet"):
        score_all(finished, shards.as_uri(), out, **how)
    (tmp_path / "kept").replace(shards / "3.parquet")
    assert score_all(finished, shards.as_uri(), out, **how).kept == 150
    scored(finished, shards, tmp_path / "here")
    assert contents(tmp_path / "store") == contents(tmp_path / "here")


def test_one_file_of_a_store_and_what_is_no_store_are_told(
    finished: Path, shards: Path, tmp_path: Path
) -> None:
    one, out = shards / "0.parquet", tmp_path / "new" / "0.csv"
    words = ["score", str(finished), one.as_uri(), "--out", out.as_uri()]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert len(pd.read_csv(out)) == 50
    said = CliRunner().invoke(app, [*words[:2], "ftp://a/b", "--out", "x.csv"])
    assert said.exit_code == 2
    assert "must begin with s3://" in said.output
    assert str(Stored("s3://key:secret@bucket/a")) == "s3://…@bucket/a"


def test_shards_of_a_store_are_read_in_passes_as_those_of_this_machine(
    shards: Path,
) -> None:
    from recurra.data.passes import open_shards

    for path in shards.iterdir():
        rows = pd.read_parquet(path)
        rows.assign(label=rows["text"].ne("").map({True: "yes", False: "no"})).to_parquet(path)
    here, there = open_shards(str(shards)), open_shards(shards.as_uri())
    assert [len(u.path.name) for u in here.units] == [len(u.path.name) for u in there.units]
    assert here.sha256 == there.sha256
