"""What waits for a model is answered together.

::

    while rows wait:
        batch = the requests that came first, up to 64 rows
        answers of batch = say(batch)           in a thread; meanwhile others come to wait

No request is delayed to fill a batch: an idle model answers at once, and a busy one finds a batch
when it is done.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from recurra.errors import InputError

__all__ = ["MOST_ROWS", "Queue"]

MOST_ROWS = 64  # asked at once; a larger request is asked alone
Say = Callable[[list[Any]], list[Any]]
Waiting = tuple[list[Any], "asyncio.Future[Any]"]


class Queue:
    """The requests that wait for a model.

    Args:
        say: gives of rows what the model says of each.
        threads: in which it is asked, one batch at a time.
        noted: is told how many rows were asked at once.
    """

    def __init__(self, say: Say, threads: Executor, noted: Callable[[int], None]) -> None:
        self._say, self._threads, self._noted = say, threads, noted
        self._waiting: deque[Waiting] = deque()
        self._working: asyncio.Task[None] | None = None

    async def said(self, rows: list[Any]) -> list[Any]:
        """Give what the model says of rows, when their turn comes.

        Raises:
            InputError: the model cannot read them.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((rows, answer))
        if self._working is None:
            self._working = loop.create_task(self._work())
        found: list[Any] = await answer
        return found

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._taken():
            self._noted(sum(len(rows) for rows, _ in batch))
            requests = [rows for rows, _ in batch]
            told = await loop.run_in_executor(self._threads, self._answers, requests)
            for (_, answer), found in zip(batch, told, strict=True):
                _tell(answer, found)
        self._working = None

    def _taken(self) -> list[Waiting]:
        batch: list[Waiting] = []
        room = MOST_ROWS
        while self._waiting and (not batch or len(self._waiting[0][0]) <= room):
            rows, answer = self._waiting.popleft()
            if not answer.done():  # whoever asked may have gone
                batch.append((rows, answer))
                room -= len(rows)
        return batch

    def _answers(self, requests: list[list[Any]]) -> list[Any]:
        """Give of each request the answers, or what was raised."""
        try:
            said = iter(self._say([row for rows in requests for row in rows]))
            return [[next(said) for _ in rows] for rows in requests]
        except InputError as error:  # one of them is wrong: the others get their answers
            return [error] if len(requests) == 1 else [self._answers([r])[0] for r in requests]
        except Exception as error:
            return [error for _ in requests]


def _tell(answer: "asyncio.Future[Any]", found: Any) -> None:
    if answer.done():
        return
    if isinstance(found, Exception):
        answer.set_exception(found)
    else:
        answer.set_result(found)
