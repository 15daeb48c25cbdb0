"""Saved models, opened when they are first asked, and asked together as in serving."""

import asyncio
import os
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recurra.studio.limits import Room

if TYPE_CHECKING:
    from recurra.serving.meters import Meters
    from recurra.serving.shelf import Served, Standing

__all__ = ["Models"]

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

    def forget(self, folder: Path) -> None:
        """Close the model of a run that is deleted."""
        self._open.pop(folder, None)

    async def _begun(self, folder: Path) -> "Served":
        return await asyncio.get_running_loop().run_in_executor(self._asked, self._opened, folder)

    def _opened(self, folder: Path) -> Any:
        from recurra.serving.meters import Meters
        from recurra.serving.shelf import Served  # they take a second to import

        self._meters = self._meters or Meters()
        return Served(folder.name, folder, self._asked, self._meters)
