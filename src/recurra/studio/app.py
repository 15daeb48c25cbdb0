"""The application: the doors of all views, behind one guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router

from recurra.studio.doors import page
from recurra.studio.guard import Guard
from recurra.studio.house import Studio, studio_of
from recurra.studio.rendering import static_file
from recurra.studio.views import VIEWS

__all__ = ["app_of"]

YEAR = "public, max-age=31536000, immutable"  # the address holds what the file does


def app_of(studio: Studio) -> Guard:
    """Give the application of a studio: what a server runs."""
    studio.views = VIEWS
    doors = [page("/", first), page("/static/{name}", static)]
    doors += [door for view in VIEWS for door in view.doors]
    return Guard(Router(doors, redirect_slashes=False, lifespan=_open(studio)), studio)


def _open(studio: Studio) -> Any:
    @asynccontextmanager
    async def opened(app: Any) -> AsyncIterator[None]:
        yield
        studio.close()

    return opened


async def first(request: Request) -> Response:
    """Show the first view."""
    return studio_of(request).to(request, VIEWS[0].name)


async def static(request: Request) -> Response:
    """Give a stylesheet or a script."""
    found = static_file(request.path_params["name"])
    if found is None:
        return Response("", 404, media_type="text/plain")
    content, kind = found
    return Response(content, headers={"Cache-Control": YEAR}, media_type=kind)
