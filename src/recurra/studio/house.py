"""What the views of a studio share."""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from recurra.finished import FinishedRun, finished_run, finished_runs
from recurra.serving.keys import Keys
from recurra.serving.refusals import RefusedError
from recurra.studio.aside import Aside
from recurra.studio.files import Files
from recurra.studio.limits import Room
from recurra.studio.models import Models
from recurra.studio.rendering import address, environment, html
from recurra.studio.trainings import Trainings
from recurra.studio.view import View
from recurra.wording import worded

__all__ = ["Studio", "studio_of"]

OWN = ".studio"  # in the folder of runs: what is no run
Found = TypeVar("Found")


class Studio:
    """Runs, models, limits and templates of one studio.

    Args:
        runs: the folder that run folders are in; it need not be there yet.
        room: how much it takes.
        keys: who may ask, None for everybody who reaches it.
        hosts: names and addresses that it is asked by; None for any, where there are keys.

    Attributes:
        views: in the order of the navigation.
        csrf: what shows that something was sent from a page of this studio.
        models: saved models, opened when they are asked.
        commands: of Recurra, asked in other processes.
        files: that visitors brought.
        trainings: that were begun here.
    """

    def __init__(
        self,
        runs: Path,
        room: Room | None = None,
        keys: Keys | None = None,
        hosts: tuple[str, ...] | None = ("localhost", "127.0.0.1", "[::1]"),
    ) -> None:
        self.runs, self.room, self.keys, self.hosts = runs, room or Room(), keys, hosts
        self.csrf = secrets.token_urlsafe(24)
        self.threads = ThreadPoolExecutor(4, "studio")
        self.models = Models(self.room)
        self.commands = Aside(self.room)
        self.own = runs / OWN
        self.files = Files(self.own / "files", self.room)
        self.trainings = Trainings(runs, self.own / "runs", self.room)
        self._templates = environment()
        self._templates.globals["csrf"] = self.csrf
        self.views: Sequence[View] = ()
        self.followers = 0  # pages that follow a training

    def close(self) -> None:
        """Let go of what is open."""
        self.threads.shutdown(cancel_futures=True)
        self.models.close()
        self.trainings.close()

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """Fill in a template, in the language in force.

        Args:
            request: that asks.
            template: a file of `templates/`.
            status: of the answer.
            values: for it; `here` is the address asked, `kept(...)` writes one that keeps the
                language that was asked for.
        """
        return html(self.filled(request, template, **values), status)

    def filled(self, request: Request, template: str, **values: Any) -> str:
        """Give the text of a template, as `page` answers with it."""
        lang = request.query_params.get("lang")

        def kept(*parts: object, **query: object) -> str:
            return address(*parts, **{**query, "lang": lang})

        def here(**query: object) -> str:
            """Write this address with some of its query given otherwise."""
            parts = [part for part in request.scope["path"].split("/") if part]
            given = {name: request.query_params.getlist(name) for name in request.query_params}
            return address(*parts, **{**given, **query})

        given = {**values, "kept": kept, "here": here, "request": request, "views": self.views}
        return self._templates.get_template(template).render(given)

    def check_followers(self) -> None:
        """Refuse another page that follows a training, where there are too many.

        Raises:
            RefusedError: there are.
        """
        if self.followers >= self.room.followers:
            raise RefusedError(503, worded("too many pages follow trainings. Come again."))

    def to(self, request: Request, *parts: object, **query: object) -> Response:
        """Send on to another page, in the language that was asked for."""
        lang = request.query_params.get("lang")
        return RedirectResponse(address(*parts, **{**query, "lang": lang}), 303)

    async def aside(self, work: Callable[..., Found], *given: Any) -> Found:
        """Do what takes some time in a thread, in the language in force."""
        context = copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, context.run, work, *given)

    async def finished(self) -> list[FinishedRun]:
        """Give the finished runs, the newest first."""
        return await self.aside(self._finished)

    def _finished(self) -> list[FinishedRun]:
        return list(finished_runs(self.runs))[::-1] if self.runs.is_dir() else []

    async def run(self, name: str) -> FinishedRun:
        """Give a finished run by its name.

        Raises:
            RefusedError: there is none.
        """
        folder = self.folder(name)
        if folder is None or not folder.is_dir():
            raise RefusedError(
                404, worded("there is no run {name!r} here. It may have been deleted.", name=name)
            )
        return await self.aside(finished_run, folder)

    def following(self, run: FinishedRun) -> list[tuple[str, str]]:
        """Say which views go on with a run: their names, and what they do with it."""
        offered = [(view.name, view.offers(run)) for view in self.views]
        return [(name, offer) for name, offer in offered if offer]

    def free_name(self, name: str) -> str:
        """Give a name for a run that no run has: this one, or one with a number behind it."""
        taken = {path.name for path in self.runs.glob("*")}
        taken |= {training.name for training in self.trainings.all()}
        names = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)

    def folder(self, name: str) -> Path | None:
        """Give the folder of a run by its name; None for what is no name of a folder here."""
        if not name or name[0] == "." or set(name) & set("/\\\0") or len(name.encode()) > 200:
            return None
        return self.runs / name


def studio_of(request: Request) -> Studio:
    """Give the studio that is asked."""
    found: Studio = request.scope["studio"]
    return found
