"""Whatever a run dies of, and whoever else runs in its folder: nothing is lost and nothing is half.

`make crashes` kills at every file operation, and lets two processes race 250 times; here are a few
of each. What is killed is in `crashing.py`, which forks.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SOME = 6
ALL = bool(os.environ.get("RECURRA_CRASHES"))
SCRIPT = Path(__file__).with_name("crashing.py")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where there is one: a disk would take most of the time."""
    memory = Path("/dev/shm")
    if not (memory.is_dir() and os.access(memory, os.W_OK)):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as place:
        yield Path(place)


def crashing(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def found_by(*arguments: object) -> Any:
    done = crashing(*arguments)
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_before_any_file_operation_a_run_ends_whole_and_an_older_one_is_not_lost(
    folder: Path,
) -> None:
    found = found_by("kill", folder, 100_000 if ALL else SOME)
    assert len(found) == 4
    for counts in found.values():
        assert counts["killed"] == 2 * (counts["operations"] if ALL else SOME)


def test_of_two_processes_in_one_folder_one_wins_whole_and_the_other_is_told(folder: Path) -> None:
    rounds = 250 if ALL else 10
    found = found_by("race", folder, rounds)
    assert sum(found.get(f"won by {which}", 0) for which in ("the first", "the second")) == rounds


def test_killed_before_any_file_operation_a_model_saved_over_another_leaves_one_of_both(
    folder: Path,
) -> None:
    found = found_by("save", folder / "models", 100_000)
    assert found["older"] + found["newer"] == found["operations"]
    assert min(found.values()) > 0


@pytest.mark.slow
def test_the_command_line_killed_at_some_operations_goes_on_to_the_same_model(
    folder: Path, messages: tuple[list[str], list[str]]
) -> None:
    rows = [f"{label}\t{text}" for text, label in zip(*messages, strict=True)]
    (folder / "messages.tsv").write_text("\n".join(["label\ttext", *rows]) + "\n")
    options = ["--model", "simple-rnn", "--epochs", "2"]
    out = folder / "run"

    def train(point: int, *more: str) -> subprocess.CompletedProcess[str]:
        command = ["train", str(folder / "messages.tsv"), *options, "--out", str(out), *more]
        return crashing("cli", out, point, *command)

    def learnt() -> dict[str, bytes]:
        return {
            str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*.safetensors")
        }

    counted = train(0)
    operations = json.loads(counted.stdout.splitlines()[-1])["operations"]
    whole = learnt()
    assert len(whole) == 3  # the network, the baseline, and by what rows of training are known
    # while training, while writing, while moving it in over the older run
    for share in [0.1, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98] if ALL else [0.1, 0.95]:
        assert train(int(share * operations), "--overwrite").returncode == -signal.SIGKILL
        ended = train(0, "--resume")
        assert ended.returncode == 0 or "holds a finished run" in ended.stderr, ended.stderr
        assert learnt() == whole
        assert not [path for path in out.iterdir() if path.name[0] == "."]
