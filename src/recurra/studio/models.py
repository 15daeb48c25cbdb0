"""Saved models, opened when they are first asked, and asked together as in serving."""

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, cast

from recurra.problems.kept import kept_model
from recurra.studio.limits import Room

if TYPE_CHECKING:
    from recurra.serving.meters import Meters
    from recurra.serving.shelf import Served, Standing

__all__ = ["Models"]

Found = TypeVar("Found")
EVERY = 1.0  # seconds, after which a model is looked at again: it may have changed on disk


class Models:
    """The models that are open; whoever was asked longest ago is closed first.

    What waits for a model is answered together (`recurra.serving.batches`), without Keras.

    Args:
        room: how many may be open.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._open: OrderedDict[Path, tuple[Served, float]] = OrderedDict()
        self._coming: dict[Path, asyncio.Task[Served]] = {}
        self._asked = ThreadPoolExecutor(max(2, os.cpu_count() or 1), "asked")
        self._meters: Meters | None = None
        self._ways: OrderedDict[tuple[Path, Any], tuple[Any, int]] = OrderedDict()
        self._lock = Lock()  # of them: they are opened in threads

    def close(self) -> None:
        """Ask no more."""
        self._asked.shutdown(cancel_futures=True)

    async def standing(self, folder: Path) -> "Standing":
        """Give the model of a run folder as it stands: `.model`, and `await .said(rows)`.

        Raises:
            BundleError: there is no model, it is damaged, or of a kind that is not served.
        """
        served, looked = self._open.get(folder, (None, 0.0))
        if served is None:
            coming = self._coming.get(folder)
            if coming is None:
                coming = self._coming[folder] = asyncio.create_task(self._begun(folder))
                coming.add_done_callback(lambda _: self._coming.pop(folder, None))
            served, looked = await asyncio.shield(coming), time.monotonic()
        elif time.monotonic() - looked > EVERY:
            looked = time.monotonic()
            await asyncio.get_running_loop().run_in_executor(self._asked, served.look)
        self._open[folder] = served, looked
        self._open.move_to_end(folder)
        while len(self._open) > self._room.models:
            self._open.popitem(last=False)
        return served.now

    async def opened(self, folder: Path, how: Callable[[], Found]) -> Found:
        """Give what a way of opening gives of a run folder; again where its model has changed.

        Args:
            folder: of the run.
            how: opens its model; known by its function where it is a `functools.partial`.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._asked, copy_context().run, self._opened_by, folder, how
        )

    def _opened_by(self, folder: Path, how: Callable[[], Found]) -> Found:
        manifest = kept_model(folder).folder / "manifest.json"
        stamp = manifest.stat().st_mtime_ns
        key = folder, getattr(how, "func", how)
        with self._lock:
            found, known = self._ways.get(key, (None, None))
        if known != stamp:
            found = how()
        with self._lock:
            self._ways[key] = found, stamp
            self._ways.move_to_end(key)
            while len(self._ways) > self._room.models:
                self._ways.popitem(last=False)
        return cast(Found, found)

    def forget(self, folder: Path) -> None:
        """Close the model of a run that is deleted."""
        self._open.pop(folder, None)
        with self._lock:
            for key in [key for key in self._ways if key[0] == folder]:
                del self._ways[key]

    async def _begun(self, folder: Path) -> "Served":
        return await asyncio.get_running_loop().run_in_executor(self._asked, self._opened, folder)

    def _opened(self, folder: Path) -> Any:
        from recurra.serving.meters import Meters
        from recurra.serving.shelf import Served  # they take a second to import

        self._meters = self._meters or Meters()
        return Served(folder.name, folder, self._asked, self._meters)
