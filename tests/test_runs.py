from pathlib import Path

import pytest

from recurra.errors import RunError
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


def test_a_finished_run_holds_its_artefacts_and_no_checkpoints(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.begin()
    run.checkpoints.mkdir(parents=True)
    (run.checkpoints / "fold-1-gru-0").write_text("state")
    run.finish(fill)
    assert run.finished
    assert {path.name for path in run.path.iterdir()} == set(TRAINED)


def test_beginning_writes_nothing(tmp_path: Path) -> None:
    RunFolder(tmp_path / "run").begin()
    assert list(tmp_path.iterdir()) == []


def test_a_finish_that_fails_leaves_the_finished_run_before_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.finish(fill)
    before = contents(run.path)
    run.begin(overwrite=True)

    def broken(place: Path) -> None:
        (place / "report.json").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        run.finish(broken)
    assert contents(run.path) == before


def test_a_finish_cut_off_between_moves_is_not_taken_for_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunFolder(tmp_path / "run")
    run.finish(fill)
    moved = Path.replace

    def cut(source: Path, target: Path) -> Path:
        if source.name == "report.html":
            raise KeyboardInterrupt
        return moved(source, target)

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(KeyboardInterrupt):
        run.finish(lambda place: fill(place, "newer"))
    assert not run.finished
    monkeypatch.undo()
    run.finish(lambda place: fill(place, "newest"))
    assert all(text.endswith("newest") for text in contents(run.path).values())


@pytest.mark.parametrize(
    ("state", "how", "message"),
    [
        ("finished", {}, "holds a finished run"),
        ("finished", {"resume": True}, "holds a finished run"),
        ("unfinished", {}, "holds an unfinished run"),
        ("others", {}, "holds other files"),
        ("others", {"overwrite": True}, "holds other files"),
        ("others", {"resume": True}, "holds other files"),
        ("file", {}, "is a file"),
        ("own checkpoints", {"overwrite": True}, "holds other files"),
        ("own model", {}, "holds other files"),
        ("nothing", {"resume": True, "overwrite": True}, "give only one"),
    ],
)
def test_a_folder_that_must_not_be_used_is_refused(
    tmp_path: Path, state: str, how: dict[str, bool], message: str
) -> None:
    run = RunFolder(tmp_path / "run")
    if state == "finished":
        run.finish(fill)
    elif state == "unfinished":
        run.checkpoints.mkdir(parents=True)
        (run.checkpoints / "fold-1-gru-0").write_text("state")
    elif state == "others":
        run.path.mkdir()
        (run.path / "thesis.txt").write_text("years")
    elif state.startswith("own"):
        (run.path / state.split()[1]).mkdir(parents=True)
        (run.path / state.split()[1] / "mine.pt").write_text("weeks of training")
    elif state == "file":
        run.path.write_text("a file")
    with pytest.raises(RunError, match=message):
        run.begin(**how)


@pytest.mark.parametrize("name", ["fold-1-gru-0.json", ".fold-1-gru-0.json.4711.partial"])
def test_a_comparison_cut_off_while_it_wrote_is_still_its_own(tmp_path: Path, name: str) -> None:
    run = RunFolder(tmp_path / "run", COMPARED)
    run.checkpoints.mkdir(parents=True)
    (run.checkpoints / name).write_text("{}")
    with pytest.raises(RunError, match="holds an unfinished run"):
        run.begin()
    run.begin(resume=True)


@pytest.mark.parametrize(
    ("state", "how"),
    [
        ("unfinished", {"resume": True}),
        ("unfinished", {"overwrite": True}),
        ("finished", {"overwrite": True}),
        ("nothing", {"resume": True}),
    ],
)
def test_a_folder_is_used_when_asked_so(tmp_path: Path, state: str, how: dict[str, bool]) -> None:
    run = RunFolder(tmp_path / "run")
    if state == "finished":
        run.finish(fill)
    elif state == "unfinished":
        run.checkpoints.mkdir(parents=True)
        (run.checkpoints / "fold-1-gru-0").write_text("state")
    run.begin(**how)
    assert run.checkpoints.exists() == (state == "unfinished" and "resume" in how)
