"""Units on a Ray cluster.

What all units share goes once to every machine, and is unpacked once in every worker; an item and
what was found go once a unit. What units tell goes to an actor, which this process asks now and
then. The machines need no disk in common, but Recurra, of the same version.
"""

import os
import pickle
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from recurra.errors import RecurraError, SettingsError
from recurra.executing.units import Book, Ended, Event, Failed, Function, pickling
from recurra.executing.workers import attempt, settle, threads, versions
from recurra.files import write_atomically
from recurra.listeners import NOBODY, Listener

__all__ = ["Cluster"]

LOOK, LAST_WORDS = 0.5, 5.0  # seconds from look to look, and that the last words may take


@dataclass(frozen=True)
class Cluster:
    """Does units on a Ray cluster, one a processor.

    Args:
        address: such as "ray://head:10001"; None: that of $RAY_ADDRESS, else the one of this
            machine, else one that is begun here for the time of the work.
    """

    address: str | None = None

    def each(
        self,
        function: Function,
        shared: Any,
        items: Mapping[str, Any],
        *,
        folder: Path | None = None,
        listener: Listener = NOBODY,
        logs: Path | None = None,
    ) -> Ended:
        """Hand units to Ray, and give what they found, as `Executor.each`."""
        if not items:
            return
        book = Book(list(items), listener, logs)
        with pickling():
            packed = pickle.dumps((function, shared))
        with self._connected() as ray:
            yield from _Work(ray, packed, folder).each(book, items)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        import ray

        if ray.is_initialized():  # by whoever uses Recurra as a library
            yield ray
            return
        try:
            ray.init(self.address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, OSError, ValueError) as error:
            raise SettingsError(
                f"a Ray cluster must be there to work on, but {self.address or 'ray'} cannot be "
                f"used ({' '.join(str(error).split())[:300]})."
            ) from None
        try:
            yield ray
        finally:
            ray.shutdown()


class _Work:
    """What is under way on a cluster.

    Args:
        ray: the module.
        packed: the function and what is shared.
        folder: for what units keep.
    """

    def __init__(self, ray: Any, packed: bytes, folder: Path | None) -> None:
        self.ray, self.mark, self.folder = ray, uuid.uuid4().hex, folder
        self.packed = ray.put(packed)
        self.board = ray.remote(num_cpus=0)(_Board).remote()
        self.unit = ray.remote(num_cpus=1, max_retries=0)(_unit)
        self.names: dict[
            Any, str
        ] = {}  # of the units under way, by the reference to what they find
        self.asked: Any = None  # what was told since the board was asked last

    def each(self, book: Book, items: Mapping[str, Any]) -> Ended:
        """Do all units."""
        try:
            self._check()
            while book.open:
                while book.waiting:
                    name = book.begin()
                    self.names[self._send(name, items[name])] = name
                ended, _ = self.ray.wait(list(self.names), num_returns=1, timeout=LOOK)
                self._listen(book, 0)
                for reference in ended:
                    yield from self._take(reference, self.names.pop(reference), book)
            self._listen(book, LAST_WORDS)  # what was asked before, and the last words
            self._listen(book, LAST_WORDS)
        finally:
            for reference in self.names:
                with suppress(Exception):  # the cluster may be gone
                    self.ray.cancel(reference, force=True)
            with suppress(Exception):
                self.ray.kill(self.board)

    def _send(self, name: str, item: Any) -> Any:
        files = None if self.folder is None else _files_in(self.folder / name)
        at = (self.mark, [self.packed], threads())
        return self.unit.remote(at, name, item, files, self.board)

    def _check(self) -> None:
        """Refuse workers that would find something else: they need the same versions.

        Raises:
            SettingsError: what differs, in words.
        """
        check = self.ray.remote(num_cpus=1, max_retries=0)(_versions)
        try:
            theirs = self.ray.get(check.remote())
        except self.ray.exceptions.RayError as error:
            raise SettingsError(
                "Ray's workers must have Recurra installed, but one of them cannot use it "
                f"({_line(error)}). Install the same version there, and Ray."
            ) from None
        ours = versions()
        differing = [
            f"{n} {theirs.get(n)}, here {ours[n]}" for n in ours if ours[n] != theirs.get(n)
        ]
        if differing:
            raise SettingsError(
                "Ray's workers must have the same versions as this process, but they have: "
                f"{'; '.join(differing)}. Install the same on every machine."
            )

    def _take(self, reference: Any, name: str, book: Book) -> Ended:
        try:
            ended, found, files = self.ray.get(reference)
            if self.folder is not None:
                _write_files(self.folder / name, files)
        except self.ray.exceptions.RayError as error:
            ended, found = False, Failed(f"its worker failed: {_line(error)}", str(error))
        if ended:
            book.done(name)
            yield name, found
        elif book.failed(name, found):
            yield name, found

    def _listen(self, book: Book, patience: float) -> None:
        """Take what units have told since."""
        try:
            if self.asked is None:
                self.asked = self.board.read.remote()
            there, _ = self.ray.wait([self.asked], timeout=patience)
            if there:
                for name, event in self.ray.get(self.asked):
                    book.heard(name, event)
                self.asked = None
        except self.ray.exceptions.RayError as error:
            raise RecurraError(
                f"the Ray cluster must stay, but it is gone ({_line(error)}). What ended is kept: "
                "give the same command with --resume."
            ) from None
        book.show()


def _files_in(place: Path) -> dict[str, bytes]:
    """Give what a unit has kept, by name."""
    there = sorted(place.iterdir()) if place.is_dir() else []
    return {path.name: path.read_bytes() for path in there if path.is_file()}


def _write_files(place: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        write_atomically(place / name, content)


def _line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1] if lines else ''}"[:300]


# ---- in the workers


class _Board:
    """Where units tell how it goes."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []

    def tell(self, name: str, event: Event) -> None:
        """Put something there."""
        self.events.append((name, event))

    def read(self) -> list[tuple[str, Event]]:
        """Take all that is there."""
        events, self.events = self.events, []
        return events


_unpacked: dict[str, tuple[Function, Any]] = {}  # of the last work in this process


def _unit(
    at: tuple[str, list[Any], int], name: str, item: Any, files: Any, board: Any
) -> tuple[bool, Any, dict[str, bytes]]:
    """Do a unit in a process of Ray's; what it keeps comes with what it found."""
    import ray

    mark, packed, cut_for = at
    if mark not in _unpacked:
        settle(cut_for, 1)
        _unpacked.clear()
        _unpacked[mark] = pickle.loads(ray.get(packed[0]))  # noqa: S301  # of the driver
        settle(cut_for, 1)
    function, shared = _unpacked[mark]
    with tempfile.TemporaryDirectory(prefix="recurra-unit-") as folder:
        place = None if files is None else Path(folder)
        _write_files(Path(folder), files or {})
        tell = partial(board.tell.remote, name)
        ended, found = attempt(function, shared, item, place, tell)
        with suppress(ray.exceptions.RayError):  # all that was told is there before the end is
            ray.get(tell(("line", "")), timeout=LAST_WORDS)
        return ended, found, _files_in(Path(folder))


def _versions() -> dict[str, str]:
    return versions()
