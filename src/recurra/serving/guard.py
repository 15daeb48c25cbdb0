"""What stands before every door: keys, room, errors in words, counters and the log."""

import asyncio
import math
import time
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recurra.errors import InputError
from recurra.serving.house import READ, House
from recurra.serving.keys import digest
from recurra.serving.logs import frames_of, say
from recurra.serving.rates import Rates
from recurra.serving.refusals import RefusedError, one_line
from recurra.serving.written import json_with_sentences
from recurra.wording import accepted, language, retold, speak

__all__ = ["Guard"]

OPEN = ("/v2/health/live", "/v2/health/ready")  # probes have no key
LEFT = 499  # the client did, before there was an answer


class Guard:
    """Lets requests through to an app, or says in one sentence why not.

    Args:
        app: behind it.
        house: its limits, keys and counters.
    """

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app, self._house, self._inside = app, house, 0
        self._spoken = language()
        self._rates = Rates(house.limits.rate)
        house.meters.in_flight.set_function(lambda: self._inside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), LEFT

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                if status != LEFT:  # time was up while the client took its answer
                    raise ClientDisconnect
                status = message["status"]
                if _unread(scope):
                    message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        self._inside += 1
        try:
            with speak(self._language_of(scope)):
                await self._answered(scope, receive, noted)
        except ClientDisconnect:
            pass
        finally:
            self._inside -= 1
            self._note(scope, status, time.perf_counter() - started)

    def _language_of(self, scope: Scope) -> str:
        """Give the language that a request asks for, else the one that the server began in."""
        with speak(self._spoken):
            return accepted(",".join(Headers(scope=scope).getlist("accept-language")))

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self._app  # so that Starlette raises where there is no door
        try:
            self._check(scope)
            async with asyncio.timeout(self._house.limits.seconds):
                await self._app(scope, receive, send)
            return
        except TimeoutError:
            answer = self._too_slow(scope)
        except RefusedError as refused:
            answer = _told(refused.sentence, refused.status, refused.headers)
        except InputError as error:
            answer = _told(str(error), 400)
        except HTTPException as error:
            answer = _no_door(error)
        except ClientDisconnect:
            raise
        except Exception as error:
            say("failed", 40, error=type(error).__name__, frames=frames_of(error))
            answer = _told("the server failed. Its log says where.", 500)
        await answer(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        """Refuse whoever has no key, and whatever there is no room for."""
        client: str | bytes = (scope.get("client") or ("", 0))[0]
        keys = self._house.keys
        if keys is not None and scope["path"] not in OPEN:
            given = next((v for k, v in scope["headers"] if k == b"authorization"), b"")
            header = given.decode("latin-1")
            if not keys.know(header):
                raise RefusedError(
                    401,
                    "a key is needed: send the header Authorization: Bearer KEY.",
                    {"WWW-Authenticate": "Bearer"},
                )
            client = digest(header)
        if scope["method"] == "POST":
            self._check_room(client)

    def _check_room(self, client: str | bytes) -> None:
        """Refuse a question that comes too early, or while too many are answered."""
        limits = self._house.limits
        if early := self._rates.early(client, time.monotonic()):
            raise RefusedError(
                429,
                f"one client may ask {limits.rate:g} times a second. Come again later.",
                {"Retry-After": str(math.ceil(early))},
            )
        if self._inside > limits.requests:
            raise RefusedError(
                503,
                f"{limits.requests:,} requests are being answered. Come again.",
                {"Retry-After": "1"},
            )

    def _too_slow(self, scope: Scope) -> Response:
        within = f"within {self._house.limits.seconds:g} seconds"
        if READ not in scope:
            return _told(f"a body must arrive {within}.", 408)
        sentence = f"there was no answer {within}. Ask for less at a time, or come again."
        return _told(sentence, 503, {"Retry-After": "1"})

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request by the names that are known: an address may hold anything."""
        name = scope.get("path_params", {}).get("name", "")
        model = name if name in self._house.shelf else ""
        door = getattr(scope.get("endpoint"), "__name__", "")
        self._house.meters.requests.labels(model, door, status).inc()
        self._house.meters.seconds.labels(model, door).observe(seconds)
        facts: dict[str, Any] = {"model": model, "door": door, "status": status}
        say("request", **facts, ms=round(seconds * 1000, 2))


def _unread(scope: Scope) -> bool:
    """Say whether a body is on its way that nobody reads: its connection is closed."""
    coming = {b"content-length", b"transfer-encoding"} & {name for name, _ in scope["headers"]}
    return bool(coming) and READ not in scope


def _no_door(error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    wrong = f"takes {headers['Allow']}" if "Allow" in headers else "is none of this server"
    sentence = f"this address {wrong}. GET /openapi.json says what there is."
    return _told(sentence, error.status_code, headers)


def _told(sentence: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with one sentence, in the language in force."""
    return json_with_sentences({"error": one_line(retold(sentence))}, status, headers)
