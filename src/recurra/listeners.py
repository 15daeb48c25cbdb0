"""Who watches a piece of work: one list of listeners, told what begins and how far it is.

::

    listener.note("nothing to resume")            what is to be known beside the result
    listener.stage("training")                    before each part of a recipe
    listener.ready(model)                         once, when an estimator knows its network
    listener.progress(member, Progress(…))        after every batch, and after every epoch
    listener.together(ended, count, running)      of units that other processes do at once
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["NOBODY", "History", "Listener", "Listeners", "Progress"]


@dataclass
class History:
    """The curve of one training: a row an epoch, and which epoch was best."""

    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest validation loss, counted from 1; NaN is never the lowest.

        Where no rows validate it is the last one.
        """
        if not self.validated:
            return len(self.rows)
        losses = [row["validation_loss"] for row in self.rows]
        finite = [math.inf if math.isnan(loss) else loss for loss in losses]
        return finite.index(min(finite)) + 1

    @property
    def validated(self) -> bool:
        """Whether rows validate: else no epoch has a loss of them."""
        return all("validation_loss" in row for row in self.rows)

    def sentence(self) -> str:
        """Read the curve aloud."""
        if not self.validated:
            return f"{len(self.rows)} epochs, the last one is kept"
        best, run = self.best_epoch, len(self.rows)
        after = "validation loss rises after" if best < run else "validation loss was still falling"
        return f"best epoch {best} of {run}, {after}"


@dataclass(frozen=True)
class Progress:
    """Where a training stands.

    Args:
        epoch: the one that runs, or has just ended; counted from 1.
        epochs: the most there will be.
        done: the share of the epoch that is done, 0 to 1.
        history: the epochs that have ended; it has a row of this epoch once its loss is known.
    """

    epoch: int
    epochs: int
    done: float
    history: History

    @property
    def ended(self) -> bool:
        """Whether the epoch has ended and its validation loss is known."""
        return len(self.history.rows) == self.epoch


class Listener:
    """Who watches a piece of work; every method does nothing unless a subclass says otherwise.

    A listener that raises ends the work, as Ctrl-C does.

    Example:
        >>> from recurra import SequenceClassifier
        >>> class Epochs(Listener):
        ...     def progress(self, member, progress):
        ...         if progress.ended:
        ...             print(f"network {member}, epoch {progress.epoch}")
        >>> texts, labels = ["a prize", "no lunch"] * 20, ["spam", "ham"] * 20
        >>> model = SequenceClassifier("simple-rnn", epochs=2)
        >>> _ = model.fit(texts, labels, groups=range(40), listeners=[Epochs()])
        network 1, epoch 1
        network 1, epoch 2
    """

    def note(self, text: str) -> None:
        """Hear what is to be known beside the result."""

    def stage(self, text: str) -> None:
        """Hear what begins now."""

    def ready(self, model: Any) -> None:
        """Hear of an estimator that knows its network and is about to train."""

    def progress(self, member: int, progress: Progress) -> None:
        """Hear how far a network is, counted from 1: after every batch and after every epoch."""

    def together(self, ended: int, count: int, running: Mapping[str, str]) -> None:
        """Hear of units done at once: how many of all have ended, and what each other is at."""


class Listeners(Listener):
    """Tell all of a list, in order.

    Args:
        listeners: whom.
    """

    def __init__(self, listeners: Sequence[Listener] = ()) -> None:
        self.listeners = tuple(listeners)

    def note(self, text: str) -> None:
        """Say what is to be known beside the result."""
        for listener in self.listeners:
            listener.note(text)

    def stage(self, text: str) -> None:
        """Say what begins now."""
        for listener in self.listeners:
            listener.stage(text)

    def ready(self, model: Any) -> None:
        """Say that an estimator is about to train."""
        for listener in self.listeners:
            listener.ready(model)

    def progress(self, member: int, progress: Progress) -> None:
        """Say how far a network is."""
        for listener in self.listeners:
            listener.progress(member, progress)

    def together(self, ended: int, count: int, running: Mapping[str, str]) -> None:
        """Say how far units are that are done at once."""
        for listener in self.listeners:
            listener.together(ended, count, running)


NOBODY = Listener()
