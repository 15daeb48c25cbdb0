"""Units done elsewhere: the same is found, whoever dies, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from units_elsewhere import counts, cut_for, dies_once, fails, sleeps, square, unpicklable

from recurra.errors import DataError, InputError, RecurraError, SettingsError
from recurra.estimators import SequenceClassifier
from recurra.executing import Executor, Failed, Here, executor_named, failures
from recurra.executing.processes import Processes
from recurra.executing.workers import threads
from recurra.judging.example import coin_problem
from recurra.judging.report import Report
from recurra.judging.run import compare, run
from recurra.listeners import Listener, Progress
from recurra.problems import texts
from recurra.runs import RunFolder

ON_RAY = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'recurra[cluster]'"
)
WAYS = [Processes(2), pytest.param("ray", marks=ON_RAY)]


@pytest.fixture(scope="module", autouse=True)
def one_cluster() -> Iterator[None]:
    """Let the tests share one cluster, whose workers find what they do."""
    if find_spec("ray") is None:
        yield
        return
    import ray

    with pytest.MonkeyPatch.context() as patch:
        here, before = str(Path(__file__).parent), os.environ.get("PYTHONPATH")
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, before])))
        ray.init("local", num_cpus=2, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()


def executor(way: Any) -> Executor:
    return executor_named(way) if isinstance(way, str) else way


class Heard(Listener):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.views: list[tuple[int, int, dict[str, str]]] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def together(self, ended: int, count: int, running: Mapping[str, str]) -> None:
        self.views.append((ended, count, dict(running)))


# ---- names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("processes", "must be processes:N, ray"),
        ("processes:0", "from 1 to 1,024, but it is 0"),
        ("processes:-1", "must be processes:N, ray"),
        ("process:2", "must be processes:N, ray"),
        ("ray:2", "must be processes:N, ray"),
        ("", "must be processes:N, ray"),
    ],
)
def test_a_wrong_name_is_told(name: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        executor_named(name)


def test_without_ray_one_line_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.executing.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install '(ray|recurra)\["):
        executor_named("ray")


def test_a_cluster_that_does_not_answer_is_told_before_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("recurra.executing.find_spec", lambda name: name)
    with pytest.raises(SettingsError, match="none does"):
        executor_named("ray://localhost:1")


def test_no_name_is_this_process() -> None:
    assert isinstance(executor_named(None), Here)
    assert executor_named("processes:3") == Processes(3)


# ---- units


@pytest.mark.parametrize("way", WAYS)
def test_units_find_the_same_elsewhere_and_each_has_a_log(way: Any, tmp_path: Path) -> None:
    heard, items = Heard(), {f"unit-{n}": n for n in range(5)}
    found = dict(executor(way).each(square, 100, items, listener=heard, logs=tmp_path))
    assert found == dict(Here().each(square, 100, items))
    logs = {path.stem: path.read_text() for path in tmp_path.iterdir()}
    assert logs.keys() == items.keys()
    assert all("has ended" in log for log in logs.values())
    assert "squaring 3" in logs["unit-3"]
    assert "printed by a unit" in logs["unit-3"]
    assert heard.views[-1] == (5, 5, {})
    assert any(running for _, _, running in heard.views)


@pytest.mark.parametrize("way", WAYS)
def test_a_unit_whose_worker_is_killed_is_done_once_more(way: Any, tmp_path: Path) -> None:
    heard, items = Heard(), {"a": "a", "b": "b", "c": "c"}
    found = dict(executor(way).each(dies_once, str(tmp_path), items, listener=heard))
    assert found == items
    assert len([said for said in heard.said if "done once more" in said]) == 3


@pytest.mark.parametrize("way", WAYS)
def test_a_unit_that_fails_twice_is_reported_and_the_others_go_on(way: Any) -> None:
    wrong = {"b": ZeroDivisionError("by nought"), "d": DataError("no rows")}
    heard, items = Heard(), {name: name for name in "abcde"}
    found = dict(executor(way).each(fails, wrong, items, listener=heard))
    failed = {name: each for name, each in found.items() if isinstance(each, Failed)}
    assert {name: each.error for name, each in failed.items()} == {
        "b": "ZeroDivisionError: by nought",
        "d": "no rows",
    }
    assert "line" in failed["b"].trace
    assert [said.split()[0] for said in heard.said] == ["b"]  # what was given wrong stays wrong
    assert {found[name] for name in "ace"} == set("ace")


@pytest.mark.parametrize("way", WAYS)
def test_a_unit_goes_on_from_what_it_keeps(way: Any, tmp_path: Path) -> None:
    items = {"from-1": 1, "from-2": 2}
    assert dict(executor(way).each(counts, None, items, folder=tmp_path)) == {
        "from-1": 2,
        "from-2": 2,
    }
    assert (tmp_path / "from-1" / "count").read_text() == "2"


def test_what_failed_is_named_with_its_error_and_the_way_on() -> None:
    error = failures({"fold-1-gru-0": Failed("its process was killed")}, 60, Path("runs/x/logs"))
    assert type(error) is RecurraError
    for said in ("1 of 60", "fold-1-gru-0: its process was killed", "runs/x/logs", "--resume"):
        assert said in str(error)
    assert type(failures({"a": Failed("no rows", given=True)}, 2, None)) is InputError


def test_what_does_not_pickle_is_told() -> None:
    with pytest.raises(SettingsError, match="must pickle"):
        list(Processes(1).each(square, lambda: 0, {"a": 1}))
    ((_, failed),) = Processes(1).each(unpicklable, None, {"a": 1})
    assert "does not pickle" in failed.error


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return "zombie" not in Path(f"/proc/{number}/status").read_text()


def workers_in(folder: Path, count: int) -> list[int]:
    for _ in range(2400):
        if len(list(folder.iterdir())) == count:
            return [int(path.name) for path in folder.iterdir()]
        time.sleep(0.05)
    raise AssertionError("no workers began")


DRIVER = """
import signal
from recurra.executing.processes import Processes
from units_elsewhere import sleeps
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    list(Processes(2).each(sleeps, {folder!r}, {{"a": 1, "b": 2}}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_driver_that_ends(how: signal.Signals, tmp_path: Path) -> None:
    script, marks = tmp_path / "driver.py", tmp_path / "marks"
    script.write_text(DRIVER.format(folder=str(marks)))
    marks.mkdir()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    with subprocess.Popen([sys.executable, script], env=environment, stderr=-1) as driver:
        try:
            workers = workers_in(marks, 2)
            driver.send_signal(how)
            assert driver.wait(120) == -how
        finally:
            driver.kill()
    for _ in range(600):
        if not any(map(alive, workers)):
            return
        time.sleep(0.1)
    raise AssertionError("workers are left")


def test_a_loop_that_is_left_ends_what_it_began(tmp_path: Path) -> None:
    heard = Heard()

    def leave(ended: int, count: int, running: Mapping[str, str]) -> None:
        if len(list(tmp_path.iterdir())) == 2:
            raise KeyboardInterrupt

    heard.together = leave  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        list(Processes(2).each(sleeps, str(tmp_path), {"a": 1, "b": 2}, listener=heard))
    assert not any(alive(int(path.name)) for path in tmp_path.iterdir())


def test_work_is_cut_for_as_many_threads_as_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPROC", "3")
    assert threads() == 3
    ((_, found),) = Processes(1).each(cut_for, None, {"a": None})
    assert found == "3"
    monkeypatch.delenv("NPROC")  # which a worker would have from its parent
    monkeypatch.setattr("recurra.executing.processes.threads", lambda: 5)
    ((_, found),) = Processes(1).each(cut_for, None, {"a": None})
    assert found == "5"


# ---- problems


def figures(report: Report) -> dict[str, Any]:
    found = report.model_dump(exclude={"created", "command"})
    for each in found["contenders"]:
        each.pop("fit_seconds")
        each.pop("predict_seconds")
    if found["training"]:
        found["training"].pop("seconds")
    return found


@pytest.mark.parametrize("way", WAYS)
def test_a_problem_is_judged_elsewhere_as_here(way: Any) -> None:
    assert figures(compare(coin_problem(), executor=executor(way))) == figures(
        compare(coin_problem())
    )


class Epochs(Listener):
    """Counts epochs that were trained here."""

    def __init__(self) -> None:
        self.count = 0

    def progress(self, member: int, progress: Progress) -> None:
        self.count += progress.ended


def test_networks_are_trained_elsewhere_to_the_same_bits_and_gone_on_with_here(
    messages: tuple[list[str], list[str]], tmp_path: Path
) -> None:
    from recurra.data import LabelledTexts

    rows = LabelledTexts(*(np.array(m, object) for m in messages), "spam", "m.csv", "0" * 64, [])

    def problem() -> Any:
        made = texts(rows, [SequenceClassifier("simple-rnn", epochs=2, members=2)], name="m")
        made.contenders = [made.contenders[0], made.contenders[-2]]
        return made

    here = run(problem())
    elsewhere = run(problem(), executor=Processes(2), checkpoints=tmp_path / "checkpoints")
    assert figures(elsewhere.report) == figures(here.report)
    ours, theirs = (f.model("simple-rnn").estimator.weights_ for f in (here, elsewhere))
    for mine, other in zip(ours, theirs, strict=True):
        assert all(np.array_equal(mine[name], other[name]) for name in mine)
    watch = Epochs()
    again = run(problem(), checkpoints=tmp_path / "checkpoints", listener=watch)
    assert figures(again.report) == figures(here.report)
    assert watch.count == 0


# ---- run folders


def test_logs_stay_with_a_run_and_go_with_the_next(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.begun():
        folder.logs.mkdir()
        (folder.logs / "fold-1-gru-0.log").write_text("begins")
    assert (folder.logs / "fold-1-gru-0.log").exists()
    with folder.begun():
        pass
    assert not folder.logs.exists()


def test_a_folder_called_logs_that_is_not_of_a_run_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run" / "logs").mkdir(parents=True)
    (tmp_path / "run" / "logs" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"), RunFolder(tmp_path / "run").begun():
        pass
