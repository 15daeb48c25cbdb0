"""How far a training is, for another program: `RECURRA_PROGRESS=FILE`, a JSON object a line.

::

    {"time": 12.5, "stage": "training gru"}
    {"time": 12.6, "note": "read as latin-1"}
    {"time": 13.0, "member": 1, "epoch": 2, "epochs": 20, "done": 0.5}
    {"time": 13.9, "member": 1, "epoch": 2, "epochs": 20, "done": 1.0, "from": 1,
     "rows": [{"loss": 0.31, "validation_loss": 0.35}]}
    {"time": 14.0, "ended": 3, "count": 5}            units that other processes do at once
"""

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recurra.listeners import Listener, Progress

__all__ = ["ProgressFile", "progress_listeners"]

EVERY = 0.5  # seconds between two lines within an epoch


class ProgressFile(Listener):
    """Writes what it hears to a file, a JSON object a line.

    Args:
        path: of the file; lines are put to its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written: dict[int, int] = {}  # epochs of each network
        self._last = 0.0

    def note(self, text: str) -> None:
        """Write what is to be known."""
        self._write(note=text)

    def stage(self, text: str) -> None:
        """Write what begins, of networks that are new."""
        self._written.clear()
        self._write(stage=text)

    def progress(self, member: int, progress: Progress) -> None:
        """Write how far a network is; of an epoch that ended, its losses."""
        place = {"member": member, "epoch": progress.epoch, "epochs": progress.epochs}
        begin, rows = self._written.get(member, 0), progress.history.rows
        if len(rows) > begin:
            self._written[member] = len(rows)
            self._write(**place, done=progress.done, **{"from": begin}, rows=rows[begin:])
        elif time.monotonic() - self._last >= EVERY:
            self._write(**place, done=progress.done)

    def together(self, ended: int, count: int, running: Mapping[str, str]) -> None:
        """Write how many units have ended."""
        self._write(ended=ended, count=count)

    def _write(self, **said: Any) -> None:
        self._last = time.monotonic()
        line = json.dumps({"time": time.time(), **said}, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def progress_listeners() -> list[Listener]:
    """Give who writes down how far a training is, where the environment asks for it."""
    place = os.environ.get("RECURRA_PROGRESS")
    return [ProgressFile(Path(place))] if place else []
