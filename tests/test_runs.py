import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recurra.errors import RunError
from recurra.files import hold
from recurra.listeners import Listener
from recurra.runs import COMPARED, TRAINED, RunFolder


def fill(place: Path, mark: str = "new") -> None:
    for name in TRAINED:
        if name == "model":
            (place / name).mkdir()
            (place / name / "manifest.json").write_text(f'{{"format": "recurra.bundle"}} {mark}')
        else:
            (place / name).write_text(mark)


def contents(path: Path) -> dict[str, str]:
    return {str(p.relative_to(path)): p.read_text() for p in path.rglob("*") if p.is_file()}


def begin_work(run: RunFolder) -> None:
    """Leave what a run leaves that was killed after its first checkpoint."""
    (run.checkpoints / "fold-1-gru-0").mkdir(parents=True)
    (run.checkpoints / "fold-1-gru-0" / "member-1").write_text("state")


class Notes(Listener):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


def test_a_finished_run_holds_its_artefacts_and_nothing_else(run: RunFolder) -> None:
    with run.begun():
        begin_work(run)
        run.finish(fill)
    assert run.finished
    assert {path.name for path in run.path.iterdir()} == set(TRAINED)


def test_a_run_that_fails_before_its_first_checkpoint_leaves_nothing(run: RunFolder) -> None:
    with pytest.raises(ZeroDivisionError), run.begun():
        raise ZeroDivisionError
    assert list(run.path.parent.iterdir()) == []


def test_a_folder_that_was_there_before_is_left_there(run: RunFolder) -> None:
    run.path.mkdir()
    with run.begun():
        pass
    assert list(run.path.iterdir()) == []


def test_a_finish_that_fails_leaves_the_finished_run_before_it(run: RunFolder) -> None:
    run.finish(fill)
    before = contents(run.path)

    def broken(place: Path) -> None:
        (place / "report.json").write_text("half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), run.begun(overwrite=True):
        run.finish(broken)
    assert contents(run.path) == before


def test_what_is_marked_as_finished_is_of_one_run_at_every_moment_of_its_moving(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.finish(lambda place: fill(place, "old"))
    seen = []
    for operation in ("replace", "unlink"):
        done = getattr(Path, operation)

        def looking(path: Path, *given: object, done: object = done, **named: object) -> object:
            if run.finished:
                here = {name: text for name, text in contents(run.path).items() if name[0] != "."}
                seen.append({text.split()[-1] for text in here.values()})
                assert {name.split("/")[0] for name in here} == set(TRAINED)
            return done(path, *given, **named)  # type: ignore[operator]

        monkeypatch.setattr(Path, operation, looking)
    run.finish(fill)
    assert {"old"} in seen
    assert all(len(marks) == 1 for marks in seen)


def test_all_that_a_run_wrote_is_on_the_disk_before_the_older_run_goes(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.finish(lambda place: fill(place, "old"))
    brought: set[str] = set()
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        brought.add(str(path.relative_to(run.path)))
        if ".finishing" in str(path):
            assert contents(run.path)["report.json"] == "old"
        fsync(descriptor)

    monkeypatch.setattr("os.fsync", noting)
    run.finish(fill)
    names = {*TRAINED, "model/manifest.json"}
    assert brought == {".", ".finishing", *(f".finishing/{name}" for name in names)}


def start(run: RunFolder, state: str) -> None:
    if "finished" in state.split():
        run.finish(fill)
    if state.endswith("unfinished"):
        begin_work(run)
    elif state == "others":
        run.path.mkdir()
        (run.path / "thesis.txt").write_text("years")
    elif state.startswith("own"):
        (run.path / state.split()[1]).mkdir(parents=True)
        (run.path / state.split()[1] / "mine.pt").write_text("weeks of training")
    elif state.startswith("linked"):
        run.finish(fill)
        place = run.path / state.split()[1]
        place.rename(run.path.with_name("elsewhere"))
        place.symlink_to(run.path.with_name("elsewhere"))
    elif state == "file":
        run.path.write_text("a file")
    elif state == "below a file":
        run.path.parent.joinpath("a file").write_text("a file")
        run.path = run.path.parent / "a file" / "run"
    elif state == "link to nothing":
        run.path.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("state", "how", "message"),
    [
        ("finished", {}, "holds a finished run"),
        ("finished", {"resume": True}, "holds a finished run: there is nothing to resume"),
        ("unfinished", {}, "holds an unfinished run"),
        ("finished unfinished", {}, "holds an unfinished run"),
        ("others", {}, "holds other files: .*thesis.txt is not of a run"),
        ("others", {"overwrite": True}, "holds other files"),
        ("others", {"resume": True}, "holds other files"),
        ("file", {}, "is a file"),
        ("below a file", {}, "can be written to, but .* cannot [(]Not a directory[)]"),
        ("link to nothing", {"overwrite": True}, "is a link to nothing"),
        ("own checkpoints", {"overwrite": True}, "holds other files"),
        ("own model", {}, "holds other files"),
        ("linked model", {"overwrite": True}, "model is a link"),
        ("linked report.json", {"overwrite": True}, "report.json is a link"),
        ("nothing", {"resume": True, "overwrite": True}, "give only one"),
    ],
)
def test_a_folder_that_must_not_be_used_is_refused_and_left_as_it_is(
    run: RunFolder, state: str, how: dict[str, bool], message: str
) -> None:
    start(run, state)
    before = sorted(run.path.parent.rglob("*"))
    with pytest.raises(RunError, match=message), run.begun(**how):
        raise AssertionError
    assert sorted(run.path.parent.rglob("*")) == before


def test_a_folder_that_cannot_be_written_to_is_refused(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*given: object, **named: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(RunError, match="but .*run cannot .Read-only file system.*another --out"):
        run.begun().__enter__()


@pytest.mark.parametrize("name", ["fold-1-gru-0.json", ".fold-1-gru-0.json.4711.partial"])
def test_a_comparison_cut_off_while_it_wrote_is_still_its_own(tmp_path: Path, name: str) -> None:
    run = RunFolder(tmp_path / "run", COMPARED)
    run.checkpoints.mkdir(parents=True)
    (run.checkpoints / name).write_text("{}")
    with pytest.raises(RunError, match="holds an unfinished run"):
        run.begun().__enter__()
    with run.begun(resume=True):
        assert (run.checkpoints / name).exists()


@pytest.mark.parametrize(
    ("state", "how"),
    [
        ("unfinished", {"resume": True}),
        ("unfinished", {"overwrite": True}),
        ("finished", {"overwrite": True}),
        ("finished unfinished", {"overwrite": True}),
        ("finished unfinished", {"resume": True}),
        ("nothing", {"resume": True}),
        ("nothing", {"overwrite": True}),
        ("nothing", {}),
    ],
)
def test_a_folder_is_used_when_asked_so(run: RunFolder, state: str, how: dict[str, bool]) -> None:
    start(run, state)
    with run.begun(**how):
        assert run.unfinished == ("unfinished" in state and "resume" in how)
        assert run.finished == ("finished" in state.split())


def test_to_resume_where_there_is_nothing_is_to_start_and_is_said(run: RunFolder) -> None:
    notes = Notes()
    with run.begun(resume=True, listener=notes):
        begin_work(run)
    assert notes.said == [f"{run.path} holds nothing to resume: the run starts anew."]
    with run.begun(resume=True, listener=notes):
        pass
    assert len(notes.said) == 1


def test_a_run_is_gone_on_with_only_by_the_same_facts_and_the_others_are_named(
    run: RunFolder,
) -> None:
    facts = {"seed": "0", "rows": "a" * 64, "epochs": "3"}
    with run.begun(facts):
        begin_work(run)
    with run.begun(facts, resume=True):
        pass
    other = {"seed": "0", "rows": "b" * 64, "units": "8"}
    message = r"rows .was aaaaaaaaaaaa…, now bbbbbbbbbbbb….*units .was absent, now 8.*epochs .was 3"
    with pytest.raises(RunError, match=message) as caught:
        run.begun(other, resume=True).__enter__()
    assert "seed" not in str(caught.value)
    with run.begun(other, overwrite=True):
        assert not run.unfinished


@pytest.mark.parametrize("content", ["", "{", "3", "[1, 2]"])
def test_facts_that_are_damaged_are_one_line(run: RunFolder, content: str) -> None:
    begin_work(run)
    (run.checkpoints / "started.json").write_text(content)
    with pytest.raises(RunError, match="started.json is damaged. Start over with --overwrite"):
        run.begun(resume=True).__enter__()


def test_facts_alone_are_nothing_to_go_on_with(run: RunFolder) -> None:
    run.checkpoints.mkdir(parents=True)  # killed before the first checkpoint
    (run.checkpoints / "started.json").write_text('{"seed": "0"}')
    (run.checkpoints / ".started.json.4711.partial").write_text("{")
    with run.begun({"seed": "1"}):
        assert [path.name for path in run.checkpoints.iterdir()] == ["started.json"]


# ---- one process at a time


@contextmanager
def process_in(path: Path) -> Iterator[subprocess.Popen[str]]:
    code = "import sys; from pathlib import Path; from recurra.runs import RunFolder\n"
    code += "with RunFolder(Path(sys.argv[1])).begun(resume=True):\n"
    code += "    print('begun', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"overwrite": True}])
def test_a_second_process_is_refused_at_once_and_disturbs_nothing(
    run: RunFolder, how: dict[str, bool]
) -> None:
    with process_in(run.path):
        begin_work(run)
        before = contents(run.path)
        with pytest.raises(RunError, match="one process at a time.*another one does now"):
            run.begun(**how).__enter__()
        assert contents(run.path) == before


def test_a_folder_is_not_looked_at_while_another_process_works_in_it(run: RunFolder) -> None:
    with process_in(run.path):
        begin_work(run)
        before = contents(run.path)
        with pytest.raises(RunError, match="another one does now"):  # not: go on with --resume
            RunFolder(run.path).check()
        assert contents(run.path) == before


def test_at_no_moment_of_a_finish_is_a_run_taken_for_other_files_or_for_none(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recurra.files.PATIENCE", 0.001)
    run.finish(lambda place: fill(place, "old"))
    said, moved = [], Path.replace

    def looking(path: Path, place: Path) -> Path:
        with pytest.raises(RunError) as told:
            RunFolder(run.path).check(overwrite=True)
        said.append(str(told.value))
        return moved(path, place)

    with run.begun(overwrite=True):
        monkeypatch.setattr(Path, "replace", looking)
        run.finish(fill)
    assert len(said) > len(TRAINED)
    assert all("another one does now" in each for each in said)


def test_to_look_at_a_folder_changes_nothing_and_makes_none(run: RunFolder) -> None:
    run.check()
    assert not run.path.exists()
    run.finish(fill)
    before = contents(run.path)
    run.check(overwrite=True)
    assert contents(run.path) == before


def test_who_only_looks_at_a_folder_keeps_nobody_out(run: RunFolder) -> None:
    run.path.mkdir()
    looked = threading.Event()

    def look() -> None:
        with hold(run.path / ".recurra.lock"):
            looked.set()
            time.sleep(0.05)

    looker = threading.Thread(target=look)
    looker.start()
    assert looked.wait(10)
    with run.begun():
        pass
    looker.join()


def test_a_process_that_was_killed_keeps_nobody_out(run: RunFolder) -> None:
    with process_in(run.path) as process:
        process.kill()
        process.wait()
        assert (run.path / ".recurra.lock").exists()
        with run.begun():
            run.finish(fill)
    assert {path.name for path in run.path.iterdir()} == set(TRAINED)


def test_two_runs_of_one_process_keep_each_other_out_too(run: RunFolder) -> None:
    with run.begun(), pytest.raises(RunError, match="one process at a time"):
        run.begun().__enter__()
    with run.begun():
        pass


def test_where_there_are_no_locks_it_is_said_and_gone_on(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*given: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", without)
    notes = Notes()
    with run.begun(listener=notes):
        run.finish(fill)
    assert run.finished
    assert "without locks: see to it that no second process" in notes.said[0]


# ---- no room


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("when", ["training", "finishing"])
def test_where_there_is_no_room_it_is_one_line_and_all_stays(
    run: RunFolder, when: str, code: int
) -> None:
    run.finish(lambda place: fill(place, "old"))

    def full(place: Path) -> None:
        fill(place)
        raise OSError(code, os.strerror(code))

    def work() -> None:
        with run.begun(overwrite=True):
            begin_work(run)
            if when == "training":
                full(run.checkpoints / "fold-1-gru-0")
            run.finish(full)

    message = "needs room on the disk, but there is none for .*run .*with --resume"
    with pytest.raises(RunError, match=message):
        work()
    kept = [place for place in contents(run.path) if place.startswith(".")]
    assert kept == []
    assert run.finished
    assert (run.path / "report.json").read_text() == "old"
    with run.begun(resume=True):
        assert run.unfinished


def test_another_failure_of_the_system_is_said_as_it_is(run: RunFolder) -> None:
    with pytest.raises(OSError, match="nothing of a disk"), run.begun():
        raise OSError(errno.ENOENT, "nothing of a disk")
