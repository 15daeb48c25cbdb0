"""What a worker does, in whatever process it is: settle, then unit after unit."""

import os
import time
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import version
from io import TextIOBase
from pathlib import Path
from typing import Any

from recurra.errors import InputError
from recurra.executing.units import Event, Failed, Function
from recurra.listeners import Listener, Progress

__all__ = ["Telling", "attempt", "fingerprint", "settle", "threads", "versions"]

Send = Callable[[Event], None]
LIBRARIES = ("recurra", "keras", "jax", "numpy", "scikit-learn")
MOST_TOLD = 1000  # letters of one thing that is told: less than a pipe takes at once
OFTEN = 0.3  # seconds from one batch that is told to the next


def threads() -> int:
    """Give for how many threads XLA cuts its work here: $NPROC, else the processors allowed."""
    given = os.environ.get("NPROC", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def settle(cut_for: int, share: int) -> None:
    """Make this process one worker of several; before JAX is imported.

    Args:
        cut_for: for how many threads the work of networks is cut; what they find depends on it.
        share: how many threads the linear algebra of baselines may have.
    """
    os.environ["NPROC"] = str(cut_for)
    from threadpoolctl import threadpool_limits

    from recurra.places import keep_compiled

    keep_compiled()
    threadpool_limits(share)


def versions() -> dict[str, str]:
    """Give what must be the same on all workers: the libraries that results depend on."""
    found = {name: version(name) for name in LIBRARIES}
    return found | {"recurra's files": fingerprint()}


def fingerprint() -> str:
    """Name the source files of Recurra, as two states of one version may differ."""
    import hashlib

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def attempt(
    function: Function, shared: Any, item: Any, place: Path | None, send: Send
) -> tuple[bool, Any]:
    """Do a unit: whether it ended, and what was found, or `Failed`."""
    lines: Any = _Lines(send)
    with redirect_stdout(lines), redirect_stderr(lines):
        try:
            return True, function(shared, item, Telling(send), place)
        except Exception as error:
            told = (
                f"{error}" if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            )
            trace = "".join(traceback.format_exception(error))
            return False, Failed(told[:MOST_TOLD], trace, isinstance(error, InputError))


@dataclass
class _Lines(TextIOBase):
    """Sends on what is printed, line by line."""

    send: Send
    text: str = field(default="", init=False)

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.text = (self.text + text).split("\n")
        for line in lines:
            self.send(("line", line[:MOST_TOLD]))
        return len(text)


class Telling(Listener):
    """Sends on what a unit tells.

    Args:
        send: takes each event.
    """

    def __init__(self, send: Send) -> None:
        self._send, self._stage, self._told = send, "", 0.0

    def note(self, text: str) -> None:
        """Send a note."""
        self._send(("note", text[:MOST_TOLD]))

    def stage(self, text: str) -> None:
        """Send what begins now."""
        self._stage = text[:MOST_TOLD]
        self._send(("stage", self._stage))

    def progress(self, member: int, progress: Progress) -> None:
        """Send how far a network is: every epoch, and now and then a batch."""
        now = time.monotonic()
        if not progress.ended and now - self._told < OFTEN:
            return
        self._told = now
        where = f"{self._stage}, network {member}, epoch {progress.epoch} of {progress.epochs}"
        if progress.ended:
            row = progress.history.rows[-1]
            said = ", ".join(f"{k.replace('_', ' ')} {row[k]:.4f}" for k in row if k != "epoch")
            self._send(("epoch", f"{where}: {said}"))
        else:
            self._send(("batch", f"{where}, {progress.done:.0%}"))
