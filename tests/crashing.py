"""Runs that are killed before one of their file operations, and runs that race for one folder.

A script, as it must fork, and a process in which JAX has threads must not::

    python tests/crashing.py kill FOLDER POINTS     each way of running, killed at so many points
    python tests/crashing.py race FOLDER ROUNDS     two processes at once, so many times
    python tests/crashing.py save FOLDER POINTS     a model saved over another, killed likewise
    python tests/crashing.py cli FOLDER POINT ARGS  the command line, killed there; 0 only counts

Each prints what it found as one line of JSON, and ends with an exception where something is wrong.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock"}
DIED, TOLD = -signal.SIGKILL, 3


class Operations:
    """Counts what this process does to the files of a folder, and dies before one of them.

    Args:
        folder: whose files.
        last: the number of the operation that is not done, 0 for none.
    """

    def __init__(self, folder: Path, last: int = 0) -> None:
        self.folder, self.last, self.done = str(folder), last, 0
        fsync = os.fsync

        def counted(descriptor: int) -> None:
            self.count()
            fsync(descriptor)

        os.fsync = counted
        sys.addaudithook(self.hear)

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        opened = event == "open" and isinstance(given[2], int) and given[2] & WRITES
        if (opened or event in CHANGES) and self.concerns(event, given):
            self.count()

    def concerns(self, event: str, given: tuple[Any, ...]) -> bool:
        if event == "fcntl.flock":
            return True
        path = os.fspath(given[0]) if isinstance(given[0], str | os.PathLike) else ""
        inner = event in ("os.remove", "os.rmdir") and given[-1] != -1  # named from its folder
        return path.startswith(self.folder) or inner

    def count(self) -> None:
        self.done += 1
        if self.done == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def forked(work: Callable[..., None], *given: Any, **named: Any) -> int:
    """Start work in a process of its own; what it raises is an exit code."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        work(*given, **named)
        code = 0
    except Exception as error:
        from recurra.errors import RunError

        code = TOLD if isinstance(error, RunError) else 1
        if code == 1:
            traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def outcome(work: Callable[..., None], *given: Any, **named: Any) -> int:
    """Give the exit code of work that was done in a process of its own."""
    return os.waitstatus_to_exitcode(os.waitpid(forked(work, *given, **named), 0)[1])


# ---- what is run


def ask(kind: str, out: Path, seed: int, *, wait: Path | None = None, **how: Any) -> None:
    """Run or compare a problem in which no network takes time, but which keeps checkpoints.

    Where a file is to be waited for, the network is not fitted before it is there.
    """
    from recurra import running
    from recurra.files import write_atomically
    from recurra.judging.example import AfterLast, coin_problem
    from recurra.judging.problem import Contender

    class Kept(AfterLast):
        """Writes a checkpoint for each of three epochs, and reads the one it finds."""

        def fit(self, known: Any, sides: Any, *, listener: Any, checkpoints: Path | None) -> Self:
            until = time.monotonic() + 60
            while wait and not wait.exists() and time.monotonic() < until:
                time.sleep(0.001)
            path = checkpoints and checkpoints / "member-1.json"
            if path and path.exists():
                assert json.loads(path.read_bytes())["seed"] == seed
            for epoch in range(3 if path else 0):
                write_atomically(path, json.dumps({"seed": seed, "epoch": epoch}).encode())
            return super().fit(known, sides, listener=listener, checkpoints=checkpoints)

    problem = coin_problem(60, seed)
    problem.contenders = [Contender(Kept.name, Kept), *problem.contenders[1:]]
    running.render_report = lambda *_, **__: "<html>a page</html>"  # plots take time
    getattr(running, kind)(problem, out, **how)


def contents(folder: Path) -> dict[str, bytes]:
    """Give all files of a finished run, without times and uses of the test in its report."""

    def untimed(found: Any) -> Any:
        if isinstance(found, dict):
            timed = ("created", "seconds", "fit_seconds", "predict_seconds", "test_use", "sheet")
            return {name: untimed(part) for name, part in found.items() if name not in timed}
        return [untimed(part) for part in found] if isinstance(found, list) else found

    files = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for name in files.keys() & {"report.json", "compare.json"}:
        files[name] = json.dumps(untimed(json.loads(files[name]))).encode()
    return files


# ---- killed


def kill(folder: Path, points: int) -> None:
    """Kill each way of running at so many points, fresh and over an older run."""
    found: dict[str, Any] = {}
    for kind, mark in (("run", "report.json"), ("compare", "compare.json")):
        places = [folder / f"{kind}-{seed}" for seed in (0, 1)]  # the older run, and the newer
        for seed, place in enumerate(places):
            assert outcome(ask, kind, place, seed) == 0
        whole = [contents(place) for place in places]
        assert whole[0][mark] != whole[1][mark]
        for older in (None, places[0]):
            tried = Tried(kind, mark, folder / "tried", whole, older)
            found[f"{kind}, {'over an older one' if older else 'fresh'}"] = tried.kill_each(points)
    print(json.dumps(found))


@dataclass
class Tried:
    """A way of running that is killed again and again.

    Args:
        kind: "run" or "compare".
        mark: the file that says that it is finished.
        place: where.
        whole: the files of the older run, and of the newer.
        older: where the older run is kept, None to begin in an empty place.
    """

    kind: str
    mark: str
    place: Path
    whole: list[dict[str, bytes]]
    older: Path | None

    def kill_each(self, most: int) -> dict[str, int]:
        first = {"overwrite": True} if self.older else {}
        operations = self.operations(first)
        found = Counter(operations=operations)
        drawn = random.Random(operations).sample(range(1, operations + 1), min(most, operations))
        for point, then in product(sorted(drawn), ("resume", "overwrite")):
            where = f"{self.kind} killed at {point} of {operations}, then --{then}"
            self.begin()
            assert outcome(self.run_until, point, **first) == DIED, where
            found["killed"] += 1
            self.check_nothing_is_lost(where)
            if most >= operations:  # and once more, on the way back
                again = outcome(self.run_until, 1 + point * 7 % operations, **{then: True})
                found["killed twice"] += again == DIED
                self.check_nothing_is_lost(f"{where}, twice")
            found[self.end(then, where)] += 1
        return dict(found)

    def operations(self, how: dict[str, bool]) -> int:
        counted = self.place.with_name("counted")
        self.begin()
        assert outcome(self.run_until, 0, counted, **how) == 0
        return int(counted.read_text())

    def begin(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        if self.older:
            shutil.copytree(self.older, self.place)

    def run_until(self, last: int, counted: Path | None = None, **how: bool) -> None:
        operations = Operations(self.place, last)
        ask(self.kind, self.place, 1, **how)
        if counted:
            counted.write_text(str(operations.done))

    def check_nothing_is_lost(self, where: str) -> None:
        """An older run is there until the newer is complete; what is marked is of one run."""
        files = contents(self.place) if self.place.exists() else {}
        if self.mark in files:
            own = {n: c for n, c in files.items() if not n.startswith((".", "checkpoints"))}
            assert any(own == each for each in self.whole[0 if self.older else 1 :]), where
        elif self.older:
            assert f".finished/{self.mark}" in files, where

    def end(self, then: str, where: str) -> str:
        code = outcome(ask, self.kind, self.place, 1, **{then: True})
        differing = [self.differing(files) for files in self.whole]
        if code == TOLD:  # it is the older, as nothing was begun, or it is the newer
            assert then == "resume", where
            assert [] in differing, where
            which = "older" if differing[0] == [] else "newer"
            return f"nothing to resume, the {which} run is whole"
        assert code == 0, where
        assert differing[1] == [], where
        return "gone on with"

    def differing(self, whole: dict[str, bytes]) -> list[str]:
        here = contents(self.place)
        return [name for name in {**whole, **here} if whole.get(name) != here.get(name)]


# ---- at once


def race(folder: Path, rounds: int) -> None:
    """Let two processes run in one folder, at moments drawn at random: one wins, one is told."""
    wholes = [folder / f"whole-{seed}" for seed in (0, 1, 2)]
    for seed, whole in enumerate(wholes):
        assert outcome(ask, "run", whole, seed) == 0
    drawn, found = random.Random(rounds), Counter[str]()
    for number in range(rounds):
        place, ended = folder / f"race-{number}", folder / f"ended-{number}"
        how: dict[str, Any] = {}
        if number % 2:  # the first to come replaces an older run, and goes on until the other ends
            shutil.copytree(wholes[0], place)
            how = {"overwrite": True, "wait": ended}
        runners = {}
        for seed in (1, 2):
            pause = drawn.choice([0, drawn.uniform(0, 0.12)])
            runners[forked(_after, pause, "run", place, seed, **how)] = seed
        codes = {}
        for _ in runners:
            process, status = os.wait()
            codes[runners[process]] = os.waitstatus_to_exitcode(status)
            ended.touch()
        assert sorted(codes.values()) == [0, TOLD], f"round {number}: {codes}"
        winner = min(codes, key=codes.__getitem__)
        assert contents(place) == contents(wholes[winner]), f"round {number}"
        found[f"won by the {'first' if winner == 1 else 'second'}"] += 1
        shutil.rmtree(place)
    print(json.dumps({"rounds": rounds, **found}))


# ---- a model by itself


def save(folder: Path, points: int) -> None:
    """Kill a model that is saved over an older one at so many points: one of both is found."""
    from recurra.bundle import Bundle, read_bundle, write_bundle

    place = folder / "model"
    older, newer = ({"which": which} for which in ("older", "newer"))

    def write(last: int = 0, counted: Path | None = None) -> None:
        operations = Operations(folder, last)
        write_bundle(place, Bundle(newer, {}, {}))
        if counted:
            counted.write_text(str(operations.done))

    write_bundle(place, Bundle(older, {}, {}))
    assert outcome(write, 0, folder.with_name("counted")) == 0
    operations = int(folder.with_name("counted").read_text())
    found = Counter[str](operations=operations)
    for point in range(1, min(points, operations) + 1):
        shutil.rmtree(folder)
        write_bundle(place, Bundle(older, {}, {}))
        assert outcome(write, point) == DIED, point
        found[read_bundle(place).config["which"]] += 1
        assert outcome(write) == 0, point
        assert read_bundle(place).config == newer, point
        assert [path.name for path in folder.iterdir()] == ["model"], point
    print(json.dumps(found))


def _after(pause: float, *given: Any, **named: Any) -> None:
    time.sleep(pause)
    ask(*given, **named)


def cli(folder: Path, point: int, arguments: list[str]) -> None:
    """Run the command line until it is killed."""
    from recurra.cli import main

    operations = Operations(folder, point)
    sys.argv = ["recurra", *arguments]
    try:
        main()
    finally:
        print(json.dumps({"operations": operations.done}))


if __name__ == "__main__":
    what, where, number, *more = sys.argv[1:]
    place = Path(where).absolute()
    if what == "cli":
        cli(place, int(number), more)
    else:
        import recurra.judging.example
        import recurra.running  # noqa: F401  once, before the forks

        {"kill": kill, "race": race, "save": save}[what](place, int(number))
