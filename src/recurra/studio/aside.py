"""Commands asked aside: files of strangers are read in other processes, which may fail or be ended.

::

    recurra look FILE --json   →   {"columns": …}              exit code 0, or 1 of an audit
                                   "Error: one sentence"       2: what a visitor is told
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from recurra.serving.refusals import RefusedError
from recurra.studio.limits import Room
from recurra.wording import retold, worded

__all__ = ["Aside", "command_of", "environment_of", "sentence_in"]

MOST_KEPT = 64  # answers


class Aside:
    """Asks commands, a few at a time; what was asked of the same file is not asked again.

    Args:
        room: how many at a time, for how long and in how much memory.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._turns = asyncio.Semaphore(room.aside)
        self._kept: dict[tuple[str, ...], Any] = {}

    async def told(self, *words: str, codes: Sequence[int] = (0,), kept: bool = True) -> Any:
        """Give what a command says as JSON.

        Args:
            words: of the command, without --json.
            codes: it may end with.
            kept: whether it says the same the next time.

        Raises:
            RefusedError: it refuses in words, takes too long, or fails.
        """
        if words in self._kept:
            return self._kept[words]
        async with self._turns:
            code, said, error = await self._run(words)
        if code not in codes:
            raise RefusedError(400 if code == 2 else 500, sentence_in(error))
        found = json.loads(said)
        if kept:
            self._kept[words] = found
            while len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return found

    async def _run(self, words: Sequence[str]) -> tuple[int | None, bytes, str]:
        process = await asyncio.create_subprocess_exec(
            *command_of(*words, "--json", memory=self._room.memory),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment_of({"RECURRA_LANG": "en"}),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._room.seconds):
                said, error = await process.communicate()
        except TimeoutError:
            raise RefusedError(
                503,
                worded(
                    "reading must be done within {seconds:g} seconds, but this takes longer. "
                    "Take a part of the file, or the command line.",
                    seconds=self._room.seconds,
                ),
            ) from None
        finally:
            with suppress(ProcessLookupError):
                process.kill()
        return process.returncode, said, error.decode("utf-8", "replace")


def command_of(*words: str, memory: int = 0) -> list[str]:
    """Give how a command of Recurra is begun, in no more memory than this; 0: in any."""
    return [sys.executable, "-m", "recurra.studio.child", str(memory), *words]


def environment_of(more: Mapping[str, str]) -> dict[str, str]:
    """Give the environment of a command."""
    return {**os.environ, "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1", **more}


def sentence_in(error: str) -> str:
    """Give the sentence that a command ended with, in the language in force.

    Example:
        >>> sentence_in("read as latin-1\\nError: a file is needed.\\n")
        'a file is needed.'
    """
    for mark in ("Error: ", "오류: "):
        _, found, sentence = error.rpartition(mark)
        if found:
            return retold(" ".join(sentence.split()))
    return worded("the work failed. There may be too little memory for such a file.")
