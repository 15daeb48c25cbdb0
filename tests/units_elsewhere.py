"""What workers do in tests: they load this file alone."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recurra.judging.example import AfterLast, Share
from recurra.listeners import History, Listener, Progress


def square(shared: int, item: int, listener: Listener, place: Path | None) -> int:
    listener.stage(f"squaring {item}")
    print("printed by a unit")
    return shared + item * item


def dies_once(shared: str, item: str, listener: Listener, place: Path | None) -> str:
    """End its process at the first try, as a system does that is out of memory."""
    mark = Path(shared) / item
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def fails(shared: dict[str, Exception], item: str, listener: Listener, place: Path | None) -> str:
    if item in shared:
        raise shared[item]
    return item


def counts(shared: None, item: int, listener: Listener, place: Path | None) -> int:
    """Go on from what is kept in its folder; break off at every odd count."""
    assert place is not None
    kept = place / "count"
    count = int(kept.read_text()) + 1 if kept.exists() else item
    place.mkdir(parents=True, exist_ok=True)
    kept.write_text(str(count))
    if count % 2:
        raise RuntimeError("broke off")
    return count


def sleeps(shared: str, item: int, listener: Listener, place: Path | None) -> None:
    (Path(shared) / str(os.getpid())).touch()
    time.sleep(600)


def unpicklable(shared: None, item: int, listener: Listener, place: Path | None) -> Any:
    return lambda: item


def cut_for(shared: None, item: None, listener: Listener, place: Path | None) -> str | None:
    return os.environ.get("NPROC")


@dataclass(frozen=True)
class Guess:
    """Makes a model of a coin by two settings: how much of what is known it takes, and how."""

    share: float
    reads: str

    def __call__(self, seed: int) -> Any:
        made: Any = (AfterLast if self.reads == "last" else Share)(seed)
        counted = made._share
        made._share = lambda known, after: 0.5 + self.share * (counted(known, after) - 0.5)
        return made


@dataclass(frozen=True)
class Learns:
    """Makes a model of a coin that trains for some epochs, its loss as far above its share of 1."""

    share: float
    reads: str
    epochs: int = 6

    def __call__(self, seed: int) -> Any:
        made = Guess(self.share, self.reads)(seed)
        fit = made.fit

        def told(known: Any, sides: Any, *, listener: Listener, checkpoints: Any) -> Any:
            history = History()
            for epoch in range(1, self.epochs + 1):
                history.rows.append({"epoch": epoch, "validation_loss": 2 - self.share - epoch / 9})
                listener.progress(1, Progress(epoch, self.epochs, 1.0, history))
            return fit(known, sides, listener=listener, checkpoints=checkpoints)

        made.fit = told
        return made
