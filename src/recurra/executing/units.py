"""The contract of executors, and the book that those who hand units out keep."""

import pickle
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from recurra.errors import InputError, RecurraError, SettingsError
from recurra.listeners import NOBODY, Listener

__all__ = [
    "TRIES",
    "Book",
    "Ended",
    "Event",
    "Executor",
    "Failed",
    "Function",
    "Here",
    "failures",
    "pickling",
]

# from what is shared, an item, who watches and the folder of the unit to what is found
Function = Callable[[Any, Any, Listener, Path | None], Any]
Ended = Generator[tuple[str, Any], None, None]
Event = tuple[
    str, str
]  # what kind of thing a unit tells ("stage", "epoch", "line" …), and the text
TRIES = 2


@dataclass(frozen=True)
class Failed:
    """What is given of a unit that failed.

    Args:
        error: in a line.
        trace: where, for the log.
        given: whether what was given is wrong, so that to try again is of no use.
    """

    error: str
    trace: str = ""
    given: bool = False


class Executor(Protocol):
    """Whoever does units: this process, other processes, a cluster."""

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
        """Do a function for each item, and give what it found, or `Failed`.

        Args:
            function: of a module, so that other processes find it.
            shared: what all units need; it pickles.
            items: of the units, by name; names are those of files, too.
            folder: for what units keep to go on with, in a folder each of their name.
            listener: is told how it goes.
            logs: a folder for what each unit tells, a file a unit.

        Yields:
            The name of a unit and what was found, as soon as it is.
        """


class Here:
    """Does one unit after the other in this process; an error is raised at once."""

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
        """Do each unit as it is asked for."""
        for name, item in items.items():
            yield name, function(shared, item, listener, folder and folder / name)


class Book:
    """Which units wait, which are done where, what they tell, and how often each was tried.

    Args:
        names: of the units.
        listener: is told how it goes.
        logs: a folder for a log of each unit.
    """

    def __init__(self, names: Sequence[str], listener: Listener, logs: Path | None) -> None:
        self.waiting, self.count, self.ended = deque(names), len(names), 0
        self.running: dict[str, str] = {}
        self.tried: Counter[str] = Counter()
        self._listener, self._logs = listener, logs
        if logs is not None:
            logs.mkdir(parents=True, exist_ok=True)

    @property
    def open(self) -> bool:
        """Whether units wait or are at work."""
        return bool(self.waiting or self.running)

    def begin(self) -> str:
        """Take the unit that waits longest."""
        name = self.waiting.popleft()
        self.tried[name] += 1
        self.running[name] = name
        again = f", try {self.tried[name]}" if self.tried[name] > 1 else ""
        self._log(name, f"begins{again}")
        return name

    def heard(self, name: str, event: Event) -> None:
        """Write down what a unit tells."""
        kind, text = event
        if kind in ("stage", "epoch", "batch") and name in self.running:
            self.running[name] = text
        if kind == "note":
            self._listener.note(text)
        if kind != "batch" and text:
            self._log(name, text)
        self.show()

    def show(self) -> None:
        """Show what all units are at."""
        self._listener.together(self.ended, self.count, dict(self.running))

    def done(self, name: str) -> None:
        """Write down that a unit has ended."""
        self._log(name, "has ended")
        self._end(name)

    def failed(self, name: str, failed: Failed) -> bool:
        """Write down a failure; say whether it was the last try, else the unit waits again."""
        self._log(name, f"failed: {failed.error}\n{failed.trace}".rstrip())
        if failed.given or self.tried[name] >= TRIES:
            self._end(name)
            return True
        self.running.pop(name, None)
        self.waiting.append(name)
        self._listener.note(f"{name} failed and is done once more: {failed.error}")
        return False

    def _end(self, name: str) -> None:
        self.running.pop(name, None)
        self.ended += 1
        self.show()

    def _log(self, name: str, text: str) -> None:
        if self._logs is None:
            return
        with (self._logs / f"{name}.log").open("a", encoding="utf-8", errors="replace") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def failures(
    failed: Mapping[str, Failed],
    of: int,
    logs: Path | None,
    again: str = "the same command with --resume",
) -> RecurraError:
    """Say which units failed, for whoever gave the work; the others are kept by then."""
    named = [f"{name}: {each.error}" for name, each in list(failed.items())[:5]]
    named += [f"and {len(failed) - 5} more"] if len(failed) > 5 else []
    where = f" Their logs are in {logs}." if logs else ""
    given = [each.given for each in failed.values()]
    twice = "" if any(given) else f", each {TRIES} times"
    kind = InputError if all(given) else RecurraError
    return kind(
        f"every unit of the work must end, but {len(failed)} of {of:,} failed{twice}: "
        f"{'; '.join(named)}.{where} What ended is kept: mend it, then give {again}."
    )


@contextmanager
def pickling() -> Iterator[None]:
    """Say in words, where what units share does not pickle, that it must.

    Raises:
        SettingsError: it does not.
    """
    try:
        yield
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise SettingsError(
            "what other processes work on must pickle, so a contender must be of a class or "
            f"function of a module, but: {error}. Leave out --on to work in this process."
        ) from None
