"""Trainings in processes of their own: begun, followed, stopped, gone on with.

::

    runs/NAME/                  what the process fills: resumable, or finished
    runs/.studio/runs/NAME/
    ├── training.json           the words of the command
    ├── progress.jsonl          how far it is
    ├── said.json               its report
    └── error.txt               what it said beside it

A training is told to stop as by Ctrl-C, and goes on with --resume. It ends with the studio, too,
and can be gone on with after that.
"""

import json
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recurra.files import write_atomically
from recurra.runs import RunFolder
from recurra.serving.refusals import RefusedError
from recurra.studio.aside import command_of, environment_of, sentence_in
from recurra.studio.following import Following
from recurra.studio.limits import Room
from recurra.wording import language, worded

__all__ = ["State", "Training", "Trainings"]

State = Literal["running", "finished", "stopped", "failed"]
SAID, PROGRESS, ERROR = "training.json", "progress.jsonl", "error.txt"


@dataclass(frozen=True)
class Training:
    """A training that was begun here.

    Args:
        name: of its run.
        words: of its command, without its place.
        run: the run folder.
        folder: what is known of it.
        state: how it stands.
    """

    name: str
    words: tuple[str, ...]
    run: Path
    folder: Path
    state: State

    @property
    def following(self) -> Following:
        """How far it is."""
        return Following.read(self.folder / PROGRESS)

    @property
    def error(self) -> str:
        """What it failed at."""
        path = self.folder / ERROR
        return sentence_in(path.read_text("utf-8", "replace")) if path.exists() else ""

    @property
    def command(self) -> str:
        """What may be typed for it."""
        return shlex.join(["recurra", *self.words, "--out", str(self.run)])

    @property
    def source(self) -> str:
        """The name of what it reads."""
        files = [Path(word).name for word in self.words[1:] if not word.startswith("-")]
        return files[-1] if files else ""


class Trainings:
    """The trainings of a studio.

    Args:
        runs: the folder of run folders.
        folder: what is known of them.
        room: how many at a time.
    """

    def __init__(self, runs: Path, folder: Path, room: Room) -> None:
        self._runs, self._folder, self._room = runs, folder, room
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._told: set[str] = set()  # to stop

    def all(self) -> list[Training]:
        """Give all that were begun here, the newest first."""
        known = sorted(self._folder.glob(f"*/{SAID}"), key=lambda path: -path.stat().st_mtime)
        return [self._of(path.parent.name) for path in known]

    def get(self, name: str) -> Training:
        """Give a training.

        Raises:
            RefusedError: none of that name was begun here.
        """
        if not (self._folder / name / SAID).is_file():
            raise RefusedError(
                404, worded("no training {name!r} was begun in this studio.", name=name)
            )
        return self._of(name)

    def begin(self, name: str, words: Sequence[str]) -> Training:
        """Begin a training.

        Args:
            name: of the run, which is not there yet.
            words: of the command, without place and --json.

        Raises:
            RefusedError: there is one of that name, or too many run.
        """
        folder = self._folder / name
        if (self._runs / name).exists() or folder.exists():
            raise RefusedError(
                409, worded("a run {name!r} is there already. Give it another name.", name=name)
            )
        self._check_room()
        write_atomically(folder / SAID, json.dumps(list(words), ensure_ascii=False).encode())
        self._run(name, words)
        return self._of(name)

    def resume(self, training: Training) -> None:
        """Go on with a training that was stopped."""
        if training.state == "running":
            return
        self._check_room()
        more = ["--resume"] if RunFolder(training.run).unfinished else []
        self._run(training.name, [*training.words, *more])

    def stop(self, training: Training) -> None:
        """Tell a training to stop, as Ctrl-C does; what it has learnt is kept."""
        process = self._processes.get(training.name)
        if process is not None and process.poll() is None:
            self._told.add(training.name)
            process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """Tell all to stop, and wait for them a little."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._processes.values():
            try:
                process.wait(self._room.mercy)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _check_room(self) -> None:
        running = sum(process.poll() is None for process in self._processes.values())
        if running >= self._room.trainings:
            raise RefusedError(
                503,
                worded(
                    "{most:,} trainings run at a time, and so many do. Wait for one, or stop it.",
                    most=self._room.trainings,
                ),
                {"Retry-After": "60"},
            )

    def _run(self, name: str, words: Sequence[str]) -> None:
        folder = self._folder / name
        self._told.discard(name)
        place = ["--out", str(self._runs / name), "--json"]
        more = {"RECURRA_PROGRESS": str(folder / PROGRESS), "RECURRA_LANG": language()}
        with (folder / "said.json").open("wb") as said, (folder / ERROR).open("wb") as error:
            self._processes[name] = subprocess.Popen(  # noqa: S603 - words are checked, no shell
                command_of(*words, *place),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=error,
                env=environment_of(more),
                start_new_session=True,  # Ctrl-C reaches it by the studio alone
            )

    def _of(self, name: str) -> Training:
        run, folder = self._runs / name, self._folder / name
        words = tuple(map(str, json.loads((folder / SAID).read_bytes())))
        return Training(name, words, run, folder, self._state(name, RunFolder(run)))

    def _state(self, name: str, run: RunFolder) -> State:
        process = self._processes.get(name)
        if process is not None and process.poll() is None:
            return "running"
        if run.finished and not run.unfinished:
            return "finished"
        interrupted = process is None or name in self._told
        return "stopped" if run.unfinished or interrupted else "failed"
