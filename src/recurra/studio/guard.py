"""What stands before every door: the host asked for, who asks, from which page; errors in words."""

from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from recurra.errors import RecurraError
from recurra.serving.logs import frames_of, say
from recurra.serving.refusals import RefusedError, one_line
from recurra.serving.written import json_of
from recurra.studio.doors import READ
from recurra.studio.house import Studio
from recurra.studio.rendering import HEADERS, language_of
from recurra.wording import retold, speak, worded

__all__ = ["COOKIE", "Guard"]

COOKIE = "recurra-studio"
SAFE = ("GET", "HEAD")
OPEN = ("/static/",)  # what everybody may see: no data are there


class Guard:
    """Lets requests through to an app, or says in one sentence why not.

    Args:
        app: behind it.
        studio: its limits and keys.
    """

    def __init__(self, app: ASGIApp, studio: Studio) -> None:
        self._app, self._studio, self._inside = app, studio, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["studio"], scope["app"] = self._studio, self._app
        request, begun = Request(scope, receive), False

        async def kept(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                if begun:  # something failed while the client took its answer
                    raise ClientDisconnect
                begun = True
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if _unread(request):
                    headers["connection"] = "close"
            await send(message)

        self._inside += 1
        try:
            with speak(language_of(request)):
                await self._answered(request, receive, kept)
        except ClientDisconnect:
            pass
        finally:
            self._inside -= 1

    async def _answered(self, request: Request, receive: Receive, send: Send) -> None:
        try:
            answer = self._checked(request) or self._app
            await answer(request.scope, receive, send)
            return
        except RefusedError as refused:
            status, sentence, headers = refused.status, retold(refused.sentence), refused.headers
        except RecurraError as error:
            status, sentence, headers = 400, retold(str(error)), {}
        except HTTPException as error:
            status, headers = error.status_code, dict(error.headers or {})
            sentence = worded("there is no such page here.")
        except ClientDisconnect:
            raise
        except Exception as error:
            say("failed", 40, error=type(error).__name__, frames=frames_of(error))
            status, headers = 500, {}
            sentence = worded("the studio failed at this. The terminal it runs in says where.")
        refusal = self._refusal(request, status, sentence, headers)
        await refusal(request.scope, receive, send)

    def _refusal(
        self, request: Request, status: int, sentence: str, headers: dict[str, str]
    ) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return json_of({"error": one_line(sentence)}, status, headers)
        answer = self._studio.page(
            request, "refused.html.j2", status, sentence=sentence, keyless=status == 401
        )
        answer.headers.update(headers)
        return answer

    def _checked(self, request: Request) -> Response | None:
        """Refuse what did not come from here; give an answer where that is all there is to do."""
        self._check_host(request)
        self._check_site(request)
        if self._inside > self._studio.room.requests:
            raise RefusedError(
                503,
                worded(
                    "{most:,} requests are being answered. Come again.",
                    most=self._studio.room.requests,
                ),
                {"Retry-After": "1"},
            )
        return self._check_key(request)

    def _check_host(self, request: Request) -> None:
        """Refuse a name that was made to lead here, so that scripts of its page could ask."""
        hosts = self._studio.hosts
        given = request.headers.getlist("host")
        host = given[0] if len(given) == 1 else ""  # of two, who knows which one is meant
        if hosts is not None and _name_of(host) not in hosts:
            raise RefusedError(
                421,
                worded(
                    "the studio is asked as {hosts}, but this asked for {host!r}.",
                    hosts=", ".join(hosts),
                    host=host[:60],
                ),
            )

    def _check_site(self, request: Request) -> None:
        """Refuse what another site's page sends."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "same-origin")
        same = origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
        navigates = request.headers.get("sec-fetch-mode", "navigate") == "navigate"
        safe = request.method in SAFE
        if not safe and origin is None and "sec-fetch-site" in request.headers:
            same = site == "same-origin"
        if not same or (site not in ("same-origin", "none") and not (safe and navigates)):
            raise RefusedError(
                403, worded("only a page of the studio may ask this, but another site did.")
            )

    def _check_key(self, request: Request) -> Response | None:
        keys = self._studio.keys
        if keys is None or request.url.path.startswith(OPEN):
            return None
        given = request.query_params.get("token")
        if given is not None and request.method == "GET" and keys.know(f"Bearer {given}"):
            return _let_in(request, given)
        header = request.headers.get("authorization", f"Bearer {_cookie(request)}")
        if not keys.know(header):
            raise RefusedError(
                401,
                worded(
                    "a token is needed. The terminal in which the studio runs shows the whole "
                    "address with it."
                ),
                {"WWW-Authenticate": "Bearer"},
            )
        return None


def _let_in(request: Request, token: str) -> Response:
    """Keep the token in a cookie that no script reads, and take it out of the address."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
    answer = RedirectResponse(request.url.path + (f"?{urlencode(query)}" if query else ""), 303)
    answer.set_cookie(_cookie_of(request), token, httponly=True, samesite="lax")
    return answer


def _cookie_of(request: Request) -> str:
    """Give the name of the cookie: browsers hand those of one port to another."""
    return f"{COOKIE}-{request.headers.get('host', '').rpartition(':')[2]}"


def _cookie(request: Request) -> str:
    cookies: SimpleCookie = SimpleCookie()
    try:
        cookies.load(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    found: Any = cookies.get(_cookie_of(request))
    return found.value if found else ""


def _name_of(host: str) -> str:
    """Give the name of a host without its port.

    Example:
        >>> _name_of("[::1]:80"), _name_of("LOCALHOST:8800"), _name_of("a.b")
        ('[::1]', 'localhost', 'a.b')
    """
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower()


def _unread(request: Request) -> bool:
    """Say whether a body is on its way that nobody reads: its connection is closed."""
    coming = {"content-length", "transfer-encoding"} & set(request.headers.keys())
    return bool(coming) and READ not in request.scope
