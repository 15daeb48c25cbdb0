"""Units in processes of this machine.

Each worker is a process that was begun anew: a fork would wait for JAX's threads for ever. It does
one unit at a time, so that whose worker died is known, and ends by itself when this process does.
"""

import os
import pickle
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from recurra.errors import RecurraError
from recurra.executing.units import Book, Ended, Failed, Function, pickling
from recurra.executing.workers import attempt, settle, threads
from recurra.listeners import NOBODY, Listener

__all__ = ["Processes"]

LOOK, MERCY = (
    0.5,
    2.0,
)  # seconds from look to look, and until a process that was told to end is ended


@dataclass(frozen=True)
class Processes:
    """Does units in processes of this machine.

    Args:
        count: how many at once.
    """

    count: int

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
        """Hand units to processes, and give what they found, as `Executor.each`."""
        if not items:
            return
        book = Book(list(items), listener, logs)
        width = min(self.count, len(items))
        with tempfile.TemporaryDirectory(prefix="recurra-shared-") as shared_in:
            place = Path(shared_in) / "shared"
            with pickling(), place.open("wb") as file:
                pickle.dump((function, shared, folder), file)
            lanes: list[_Lane] = []
            try:
                while book.open:
                    busy = len(book.waiting) + len(book.running)
                    lanes += [_Lane(place, width) for _ in range(min(width, busy) - len(lanes))]
                    _hand_out(lanes, book, items)
                    for lane in _ready(lanes):
                        yield from lane.hear(book)
                    lanes = [lane for lane in lanes if lane.alive]
            finally:
                for lane in lanes:
                    lane.tell_to_end()
                for lane in lanes:
                    lane.end()


def _hand_out(lanes: "list[_Lane]", book: Book, items: Mapping[str, Any]) -> None:
    for lane in lanes:
        if lane.free and book.waiting:
            name = book.begin()
            lane.give(name, items[name])
    book.show()


def _ready(lanes: "list[_Lane]") -> "list[_Lane]":
    """Wait until something came from a worker, or a while."""
    told = wait([lane.pipe for lane in lanes], LOOK)
    return [lane for lane in lanes if lane.pipe in told]


class _Lane:
    """A process, and what it is at.

    Args:
        place: of what all units share.
        width: how many such processes there are.
    """

    def __init__(self, place: Path, width: int) -> None:
        anew = get_context("spawn")
        self.pipe, theirs = anew.Pipe()
        share = max(1, threads() // width)
        self.process = anew.Process(
            target=_work, args=(theirs, str(place), threads(), share), daemon=True
        )
        with _deaf():
            self.process.start()
        theirs.close()
        self.name: str | None = None
        self.settled, self.alive = False, True

    @property
    def free(self) -> bool:
        """Whether it waits for a unit."""
        return self.alive and self.settled and self.name is None

    def give(self, name: str, item: Any) -> None:
        """Give it a unit."""
        self.name = name
        try:
            self.pipe.send((name, item))
        except OSError:  # it has died: `hear` is told by the end of the pipe
            return

    def hear(self, book: Book) -> Ended:
        """Take what it tells: an event, the end of its unit, or its own end."""
        try:
            kind, content = self.pipe.recv()
        except (EOFError, OSError):
            yield from self._died(book)
            return
        if kind == "settled":
            self.settled = True
        elif self.name is None:
            return
        elif kind == "event":
            book.heard(self.name, content)
        else:
            name, self.name = self.name, None
            ended, found = content
            if ended:
                book.done(name)
                yield name, found
            elif book.failed(name, found):
                yield name, found

    def _died(self, book: Book) -> Ended:
        self.alive = False
        self.end()
        how = _in_words(self.process.exitcode)
        if not self.settled:
            raise RecurraError(
                f"a worker must begin, but the new process {how} before its first unit. A script "
                'that asks for processes does so under `if __name__ == "__main__":`.'
            )
        if self.name is not None:
            failed = Failed(f"its process {how}")
            if book.failed(self.name, failed):
                yield self.name, failed

    def tell_to_end(self) -> None:
        """Tell it to end."""
        self.pipe.close()
        self.process.terminate()

    def end(self) -> None:
        """Wait until it has ended, and see to it."""
        self.process.join(MERCY)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Let what is begun here never hear Ctrl-C, not even before it runs."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _in_words(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        more = ", as a system does that is out of memory" if name == "SIGKILL" else ""
        return f"was killed ({name}{more})"
    return f"ended with code {code}"


# ---- in the worker


def _work(pipe: Connection, place: str, cut_for: int, share: int) -> None:
    """Do units until there are no more: the pipe is closed then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that hands out work ends this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settle(cut_for, share)
    with Path(place).open("rb") as file:
        function, shared, folder = pickle.load(file)  # noqa: S301  # of whoever began this
    settle(cut_for, share)  # libraries that were loaded by it, too
    telling = threading.Lock()

    def send(kind: str, content: Any) -> None:
        with telling:
            pipe.send((kind, content))

    tell = partial(send, "event")
    try:
        send("settled", None)
        while True:
            name, item = pipe.recv()
            kept_in = folder and folder / name
            found = attempt(function, shared, item, kept_in, tell)
            try:
                send("end", found)
            except (pickle.PicklingError, AttributeError, TypeError) as error:
                send("end", (False, Failed(f"what was found does not pickle: {error}")))
    except (EOFError, OSError):
        return


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
