"""Doors of views: a page to look at, a form that is sent, a question of a script.

::

    page("/runs", shown)                      GET; `await shown(request)` gives the page
    action("/runs/{name}/delete", deleted)    POST of a form; `await deleted(request, form)`
    question("/try/{name}", Asked, told)      POST of JSON from a script; `await told(request, it)`

What is sent changes something or costs something, so it must come from a page of the studio: a
form has the field `csrf`, a script sends the header `X-Recurra-Token`; the layout has both.
"""

import asyncio
import hmac
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from starlette.datastructures import FormData
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from recurra.serving.refusals import RefusedError
from recurra.studio.house import Studio, studio_of
from recurra.wording import worded

__all__ = ["READ", "action", "page", "question"]

READ = "recurra.read"  # of a request whose body arrived
FIELDS = 200  # of a form
Shown = Callable[[Request], Awaitable[Response]]


def page(path: str, shown: Shown) -> Route:
    """Give the door of a page."""
    return Route(path, shown, methods=["GET"])


def action(
    path: str,
    done: Callable[[Request, FormData], Awaitable[Response]],
    files: int = 0,
) -> Route:
    """Give the door of a form.

    Args:
        path: of it.
        done: does what the form asks for.
        files: how many it may bring.
    """

    async def door(request: Request) -> Response:
        async with aclosing(_body(request, _most(request, files))) as body:
            form = await _form(request, body, files)
        request.scope[READ] = True
        try:
            _check_page(studio_of(request), str(form.get("csrf", "")))
            return await done(request, form)
        finally:
            await form.close()

    return Route(path, door, methods=["POST"])


def question(
    path: str, kind: type[Any], told: Callable[[Request, Any], Awaitable[Response]]
) -> Route:
    """Give the door of a question in JSON, which scripts of the studio's pages ask.

    Args:
        path: of it.
        kind: a pydantic model of what may be asked, such as those of `recurra.serving.questions`.
        told: answers it.
    """

    async def door(request: Request) -> Response:
        studio = studio_of(request)
        _check_page(studio, request.headers.get("x-recurra-token", ""))
        async with aclosing(_body(request, studio.room.body)) as body:
            sent = b"".join([chunk async for chunk in body])
        request.scope[READ] = True
        from recurra.serving.questions import question_in  # half a second to import

        return await told(request, question_in(sent, kind))

    return Route(path, door, methods=["POST"])


def _check_page(studio: Studio, given: str) -> None:
    if not hmac.compare_digest(given.encode("utf-8", "replace"), studio.csrf.encode()):
        raise RefusedError(
            403,
            worded(
                "this must be asked from a page of this studio as it runs now. Open the page "
                "again, and try once more."
            ),
        )


def _most(request: Request, files: int) -> int:
    room = studio_of(request).room
    return room.body + files * room.upload


async def _body(request: Request, most: int) -> AsyncGenerator[bytes, None]:
    """Give the bytes of a body as they come; too many, or too slow, is refused."""
    room, loop = studio_of(request).room, asyncio.get_running_loop()
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isascii() and declared.isdigit() else 0
    _check_size(size, most)
    stream, end, size = aiter(request.stream()), loop.time() + room.arrival, 0
    while chunk := await _next(stream, min(room.patience, end - loop.time())):
        size += len(chunk)
        _check_size(size, most)
        yield chunk


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise RefusedError(
            413,
            worded(
                "what is sent must have up to {most:,} bytes, but there are more. Send a part "
                "of it.",
                most=most,
            ),
        )


async def _next(stream: AsyncIterator[bytes], seconds: float) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await anext(stream, b"")
    except TimeoutError:
        raise RefusedError(
            408, worded("what is sent must arrive, but for a while nothing did. Send it again.")
        ) from None


async def _form(request: Request, body: AsyncGenerator[bytes, None], files: int) -> FormData:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return await MultiPartParser(
                request.headers, body, max_files=files, max_fields=FIELDS
            ).parse()
        if kind == "application/x-www-form-urlencoded":
            return await FormParser(request.headers, body).parse()
    except (MultiPartException, KeyError, ValueError) as error:
        said = getattr(error, "message", "") or str(error)
        raise RefusedError(
            400, worded("a form must be whole, but it is not: {said}", said=said)
        ) from None
    raise RefusedError(415, worded("a form must be sent, but this is none."))
