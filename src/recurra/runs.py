"""The folder of a run: unfinished and resumable, or finished and whole; never half-made.

::

    runs/spam/
    ├── checkpoints/      while training: all that is needed to go on
    ├── model/            the bundle; baseline/ in it is the best baseline
    ├── history.csv       the curve of each member
    ├── predictions.csv   held rows: id, truth, what every contender said
    ├── split.csv         which side each row stood on
    ├── logs/             what each fit told, where other processes did it
    ├── training_rows.safetensors    what new rows are held to: hashes and counts
    ├── report.html
    └── report.json       moved in last: a run that has it is finished

While one process works here it holds `.recurra.lock`. What it found is written to `.finishing/`,
and named `.finished/` once all of it is on the disk: from there it is moved into place, by whoever
comes next if the process dies. So an older run stays until the newer one is complete.
"""

import errno
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from recurra.bundle import is_bundle
from recurra.errors import RunError
from recurra.files import bring_to_disk, hold, sheet_of, write_atomically
from recurra.listeners import NOBODY, Listener

__all__ = [
    "COMPARED",
    "SEARCHED",
    "SEARCHED_FOLDS",
    "TRAINED",
    "TRIALS",
    "RunFolder",
    "refuse_place",
]

TRAINED = (
    "model",
    "history.csv",
    "predictions.csv",
    "split.csv",
    "training_rows.safetensors",
    "report.html",
    "report.json",
)
COMPARED = ("compare.html", "compare.json")
TRIALS = "search.db"
SEARCHED, SEARCHED_FOLDS = (TRIALS, *TRAINED), (TRIALS, *COMPARED)
LOCK, WRITING, WRITTEN, LOGS = ".recurra.lock", ".finishing", ".finished", "logs"
STARTED = "started.json"
KEPT = {
    TRAINED: re.compile(r"(fold-\d+|all-rows-fold-\d+)-[^/]*$"),
    SEARCHED: re.compile(r"((fold-\d+|all-rows-fold-\d+)-[^/]*|search\.db(-\w+)?)$"),
    COMPARED: re.compile(r"\.?fold-.*\.json(\.\d+\.partial)?$"),
    SEARCHED_FOLDS: re.compile(r"(\.?fold-.*\.json(\.\d+\.partial)?|search\.db(-\w+)?)$"),
}
LOG = re.compile(r"[^/]*\.log$")
FULL = (errno.ENOSPC, errno.EDQUOT)


class RunFolder:
    """A place for one run.

    Args:
        path: the folder; it need not be there yet.
        artefacts: what a finished run leaves there; the last one marks it as finished.
    """

    def __init__(self, path: Path, artefacts: tuple[str, ...] = TRAINED) -> None:
        self.path, self.artefacts = path, artefacts
        self.checkpoints, self.logs = path / "checkpoints", path / LOGS

    @property
    def finished(self) -> bool:
        """Whether a finished run is here."""
        return (self.path / self.artefacts[-1]).exists()

    @property
    def unfinished(self) -> bool:
        """Whether work of an unfinished run is here, to go on with."""
        return any(KEPT[self.artefacts].match(path.name) for path in _in(self.checkpoints))

    def check(self, *, resume: bool = False, overwrite: bool = False) -> None:
        """Refuse a folder in which no run can begin, before anything slow is done.

        Raises:
            RunError: something is here that must not be lost, there is nothing to go on with,
                another process works here, or nothing can be written.
        """
        self._check_path()
        if not self.path.exists():
            return
        with self._told(), hold(self.path / LOCK):  # nobody moves what is looked at
            self._check_contents()
            if not (self.path / WRITTEN).exists():  # what that holds is moved in first
                self._check_state(resume, overwrite)

    @contextmanager
    def begun(
        self,
        facts: Mapping[str, str] | None = None,
        *,
        resume: bool = False,
        overwrite: bool = False,
        listener: Listener = NOBODY,
    ) -> Iterator[Self]:
        """Have the folder for one run, new or gone on with. What is finished stays until the end.

        Args:
            facts: what decides the results of the run, by name: work is gone on with only if all
                are the same.
            resume: go on with an unfinished run; where there is none, say so and start.
            overwrite: discard an unfinished run, and replace a finished one in the end.
            listener: is told what is to be known of the place.

        Raises:
            RunError: something is here that must not be lost, there is nothing to go on with,
                the run there is of other facts, another process works here, or nothing can be
                written.
        """
        if resume and overwrite:
            raise RunError("--resume goes on with a run, --overwrite discards it: give only one.")
        with ExitStack() as held:
            with self._told():
                self._check_path()
                alone = held.enter_context(hold(self.path / LOCK))
                self._check_contents()
                self._move_in()
                self._clean()
                self._check_state(resume, overwrite)
                going_on = self._prepare(dict(facts or {}), resume)
            if not alone:
                listener.note(
                    f"{self.path} is on a file system without locks: see to it that no second "
                    "process works there."
                )
            if resume and not going_on:
                listener.note(f"{self.path} holds nothing to resume: the run starts anew.")
            try:
                yield self
            except OSError as error:
                if error.errno not in FULL:
                    raise
                raise self._unwritable(error) from None
            finally:
                self._clean()

    def finish(self, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder; once all is on the disk, move what it made into place."""
        writing = self.path / WRITING
        shutil.rmtree(writing, ignore_errors=True)
        writing.mkdir(parents=True)
        try:
            write(writing)
            bring_to_disk(writing, all_in_it=True)
            writing.replace(self.path / WRITTEN)
        except BaseException:
            shutil.rmtree(writing, ignore_errors=True)
            raise
        self._move_in()

    def _move_in(self) -> None:
        """Move what is complete into place; cut off anywhere, it is gone on with by the next call.

        The mark of the older run goes first and that of the newer comes last, so what is marked is
        of one run. A folder is moved aside, as half a model would be no model.
        """
        written = self.path / WRITTEN
        *others, mark = self.artefacts
        if (written / mark).exists():
            (self.path / mark).unlink(missing_ok=True)
            for name in others:
                _move(written / name, self.path / name)
            bring_to_disk(self.path)
            _move(written / mark, self.path / mark)
        if written.exists():
            bring_to_disk(self.path)
            if self.checkpoints.exists():
                _move(self.checkpoints, written / "checkpoints")
        for left in (written, self.path / WRITING):
            shutil.rmtree(left, ignore_errors=True)

    def _clean(self) -> None:
        """Leave nothing of a run that kept nothing."""
        if not self.unfinished:
            shutil.rmtree(self.checkpoints, ignore_errors=True)

    # ---- before anything is done

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in one line why nobody can work here now."""
        try:
            yield
        except BlockingIOError:
            raise RunError(
                f"one process at a time can work in {self.path}, but another one does now. "
                "Wait for it, or give another --out."
            ) from None
        except OSError as error:
            raise self._unwritable(error) from None

    def _check_path(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"a run needs a folder, but {self.path} is a file. Give another --out.")
        if self.path.is_symlink() and not self.path.exists():
            raise RunError(
                f"a run needs a folder, but {self.path} is a link to nothing. Give another --out."
            )

    def _check_contents(self) -> None:
        """Refuse a folder with anything that a run did not write, and so must not take away."""
        ours = {*self.artefacts, "checkpoints", LOGS, LOCK, WRITING, WRITTEN, ".DS_Store"}
        kept = re.compile(rf"\.?{STARTED}(\.\d+\.partial)?$|{KEPT[self.artefacts].pattern}")
        model = self.path / "model"
        others = [path for path in _in(self.path) if path.name not in ours or path.is_symlink()]
        others += [path for path in _in(self.checkpoints) if not kept.match(path.name)]
        others += [path for path in _in(self.logs) if not LOG.match(path.name)]
        others += [model] if model.exists() and not is_bundle(model) else []
        for other in others:
            link = "a link" if other.is_symlink() else "not of a run"
            raise RunError(
                f"a run needs a folder of its own, but {self.path} holds other files: {other} is "
                f"{link}. Give another --out."
            )

    def _check_state(self, resume: bool, overwrite: bool) -> None:
        if resume and self.finished and not self.unfinished:
            raise RunError(f"{self.path} holds a finished run: there is nothing to resume.")
        if self.unfinished and not (resume or overwrite):
            raise RunError(
                f"{self.path} holds an unfinished run. Go on with --resume, start over with "
                "--overwrite, or give another --out."
            )
        if self.finished and not (resume or overwrite):
            raise RunError(
                f"{self.path} holds a finished run. Give another --out, or replace it with "
                "--overwrite."
            )

    def _prepare(self, facts: dict[str, str], resume: bool) -> bool:
        """Say whether there is work to go on with; else discard what is there."""
        started = self.checkpoints / STARTED
        if resume and self.unfinished:
            if started.exists():
                _check_facts(started, facts)
            return True
        if self.checkpoints.exists():
            shutil.rmtree(self.checkpoints)
        shutil.rmtree(self.logs, ignore_errors=True)
        write_atomically(started, json.dumps(facts, indent=1).encode())
        return False

    def _unwritable(self, error: OSError) -> RunError:
        if error.errno in FULL:
            return RunError(
                f"a run needs room on the disk, but there is none for {self.path} "
                f"({error.strerror}). Nothing that was finished is lost: make room, then give the "
                "same command with --resume."
            )
        return RunError(
            f"a run needs a folder that can be written to, but {self.path} cannot "
            f"({error.strerror or error}). Give another --out."
        )


def _in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _move(source: Path, place: Path) -> None:
    """Move what is there; a folder in its way goes to where it came from."""
    if not source.exists():  # it was moved before this was cut off
        return
    if place.is_dir():
        place.replace(source.with_name(f"older-{source.name}"))
    source.replace(place)


def _check_facts(path: Path, now: dict[str, str]) -> None:
    """Refuse to go on with a run of other facts, and name those that differ."""
    try:
        was = dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError):
        raise RunError(
            f"what a run was started with must be known, but {path} is damaged. Start over with "
            "--overwrite."
        ) from None
    differing = [name for name in {**now, **was} if was.get(name) != now.get(name)]
    named = [f"{n} (was {_short(was.get(n))}, now {_short(now.get(n))})" for n in differing[:5]]
    named += [f"{len(differing) - 5} more"] if len(differing) > 5 else []
    if named:
        raise RunError(
            "a run can only be resumed with the data and settings it was started with, but in "
            f"{path.parent.parent} these are others: {', '.join(named)}. Give the same ones, or "
            "start over with --overwrite."
        )


def _short(value: str | None) -> str:
    if value is None:
        return "absent"
    return value if len(value) <= 40 else f"{value[:12]}…"


def refuse_place(out: Path, read: Path | None) -> None:
    """Refuse a file to be written that is a folder, or the file that is read.

    Raises:
        RunError: it is.
    """
    if out.is_dir():
        raise RunError(f"--out must be a file, but {out} is a folder.")
    file = None if read is None else sheet_of(read)[0]
    if file is not None and out.exists() and file.exists() and out.samefile(file):
        raise RunError(f"--out must be another file than the one that is read: {read}.")
