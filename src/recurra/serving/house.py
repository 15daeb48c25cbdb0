"""What the doors of a server share."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request

from recurra.names import listed
from recurra.serving.keys import Keys
from recurra.serving.limits import Limits
from recurra.serving.meters import Meters
from recurra.serving.questions import question_in
from recurra.serving.refusals import RefusedError
from recurra.serving.sessions import Sessions
from recurra.serving.shelf import Served

__all__ = ["READ", "House"]

READ = "recurra.read"  # of a request whose body arrived

Asked = TypeVar("Asked")


class House:
    """Models, limits, keys and counters of one server.

    Args:
        runs: folders of models, by the names that they are served by.
        limits: how much it takes.
        keys: who may ask, None for everybody.

    Raises:
        BundleError: a folder holds no model, or one that is damaged or not served.
    """

    def __init__(
        self, runs: Mapping[str, Path], limits: Limits | None = None, keys: Keys | None = None
    ) -> None:
        self.limits, self.keys, self.meters = limits or Limits(), keys, Meters()
        self.threads = ThreadPoolExecutor(max(2, os.cpu_count() or 1), "asked")
        # what is slow keeps neither predictions waiting nor the models that changed
        self.aside = ThreadPoolExecutor(2, "aside")
        self.watching = ThreadPoolExecutor(1, "watching")
        self.shelf = {
            name: Served(name, run, self.threads, self.meters) for name, run in runs.items()
        }
        self.sessions = Sessions(self.limits.sessions, self.limits.idle)
        self.meters.sessions.set_function(lambda: len(self.sessions))

    def served(self, request: Request) -> Served:
        """Find the model that a request names.

        Raises:
            RefusedError: there is none.
        """
        name = request.path_params["name"]
        found = self.shelf.get(name)
        if found is None:
            raise RefusedError(
                404, f"the model must be {listed(self.shelf)}, but it is {name[:60]!r}."
            )
        return found

    async def question(self, request: Request, kind: type[Asked]) -> Asked:
        """Read what is asked.

        Raises:
            RefusedError: it is too much, or no such question.
        """
        found: Asked = question_in(await self.body(request), kind)
        return found

    async def body(self, request: Request) -> bytes:
        """Read a body.

        Raises:
            RefusedError: it is packed, or too much.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise RefusedError(415, "a body must be plain JSON: send it without Content-Encoding.")
        body = await self._whole(request)
        request.scope[READ] = True
        return body

    async def _whole(self, request: Request) -> bytes:
        most = self.limits.body
        if _number(request.headers.get("content-length")) > most:
            raise _too_large(most)
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise _too_large(most)
            chunks.append(chunk)
        return b"".join(chunks)

    async def in_thread(self, work: Any, *given: Any) -> Any:
        """Do what takes its time aside from predictions."""
        return await asyncio.get_running_loop().run_in_executor(self.aside, work, *given)


def _number(header: str | None) -> int:
    return int(header) if header and header.isascii() and header.isdigit() else 0


def _too_large(most: int) -> RefusedError:
    return RefusedError(413, f"a body must have up to {most:,} bytes. Send several requests.")
