"""How far a training is, on one line of a notebook's cell that is written over."""

import sys
import time
from typing import Any

from recurra.listeners import Listener, Progress
from recurra.wording import retold

__all__ = ["OneLine", "watching_here"]

SECONDS = 0.5  # between two writings


class OneLine(Listener):
    """Writes one line over and over: a saved notebook keeps the last alone.

    Args:
        display: IPython's `display`.
    """

    def __init__(self, display: Any) -> None:
        self.display = display
        self.handle: Any = None
        self.written = 0.0

    def progress(self, member: int, progress: Progress) -> None:
        """Write how far it is, at most twice a second, and the end in any case."""
        now = time.monotonic()
        last = progress.ended and progress.epoch == progress.epochs
        if now - self.written < SECONDS and not progress.ended and not last:
            return
        self.written = now
        line = {"text/plain": retold(_line(member, progress))}
        if self.handle is None:
            self.handle = self.display(line, raw=True, display_id=True)
        else:
            self.handle.update(line, raw=True)


def _line(member: int, progress: Progress) -> str:
    history = progress.history
    text = f"network {member}, epoch {progress.epoch} of at most {progress.epochs}"
    if not progress.ended:
        text += f", {progress.done:.0%}"
    if history.rows:
        row = history.rows[-1]
        text += f", loss {row['loss']:.4f}"
        if history.validated:
            text += f", validation loss {row['validation_loss']:.4f} (best {history.best_epoch})"
    return text


def watching_here() -> list[Listener]:
    """Give who watches a training that nobody else does: in a notebook one line, else nobody."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is None:
        return []
    from IPython.display import display

    return [OneLine(display)]
