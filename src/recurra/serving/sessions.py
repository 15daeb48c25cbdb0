"""Sequences that are read in pieces: between requests their states are kept under an id."""

import asyncio
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from recurra.serving.refusals import RefusedError

__all__ = ["Session", "Sessions"]


@dataclass
class Session:
    """A sequence that is being read.

    Args:
        model: the name of the model that reads it.
        push: reads some steps, and answers after each.
        used: when it was asked last.
        turn: pieces are read one after the other.
    """

    model: str
    push: Callable[[Any], list[dict[str, Any]]]
    used: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    """The sequences that are being read, the one that was not asked for longest first.

    Args:
        most: at a time.
        idle: seconds after which one that is not asked is dropped.
        clock: gives seconds.
    """

    def __init__(self, most: int, idle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._idle, self._clock = most, idle, clock
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __len__(self) -> int:
        self._drop_idle()
        return len(self._open)

    def check_room(self) -> None:
        """Refuse another session where there are as many as may be.

        Raises:
            RefusedError: with the seconds after which one may have ended.
        """
        if len(self) >= self._most:
            oldest = next(iter(self._open.values()))
            wait = max(1, math.ceil(oldest.used + self._idle - self._clock()))
            raise RefusedError(
                429,
                f"up to {self._most:,} sessions are open at a time. End one, or come again later.",
                {"Retry-After": str(wait)},
            )

    def begin(self, model: str, push: Callable[[Any], list[dict[str, Any]]]) -> str:
        """Keep a sequence; give the id of its session."""
        self.check_room()
        name = secrets.token_urlsafe(16)
        self._open[name] = Session(model, push, self._clock())
        return name

    def get(self, name: str, model: str) -> Session:
        """Find a session of a model.

        Raises:
            RefusedError: there is none of this id.
        """
        self._drop_idle()
        found = self._open.get(name)
        if found is None or found.model != model:
            raise RefusedError(
                404,
                f"a session must be one that was begun here and used within {self._idle:g} "
                "seconds, but this is none. Leave session out to begin one.",
            )
        found.used = self._clock()
        self._open.move_to_end(name)
        return found

    def end(self, name: str) -> None:
        """Forget a session."""
        self._open.pop(name, None)

    def _drop_idle(self) -> None:
        last = self._clock() - self._idle
        while self._open and next(iter(self._open.values())).used < last:
            self._open.popitem(last=False)
