"""Pages: templates filled in the visitor's language, and the headers that go with them.

The policy has no exceptions: a page has no script and no style but those of `static/`, and asks
nothing of elsewhere.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from urllib.parse import quote, urlencode

import jinja2
from starlette.requests import Request
from starlette.responses import Response

from recurra.judging.report import figure
from recurra.wording import accepted, language, retold, term, worded

__all__ = ["HEADERS", "LANGUAGES", "address", "environment", "html", "language_of", "static_file"]

LANGUAGES = {"en": "English", "ko": "한국어"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "worker-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.min)?\.(css|js|svg|txt)")


def environment() -> jinja2.Environment:
    """Give the templates, which fail on what is missing and escape all texts."""
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("recurra.studio"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["figure"] = figure
    templates.filters["retold"] = retold
    templates.filters["term"] = term
    templates.globals |= {
        "address": address,
        "figure": figure,
        "language": language,
        "languages": LANGUAGES,
        "static": static_address,
        "worded": worded,
    }
    return templates


def address(*parts: object, **query: object) -> str:
    """Write an address of the studio; what is None is not asked.

    Example:
        >>> address("runs", "a b/c", lang=None, measure="F1")
        '/runs/a%20b%2Fc?measure=F1'
    """
    path = "/" + "/".join(quote(str(part), safe="") for part in parts)
    given = {name: value for name, value in query.items() if value is not None}
    return path + (f"?{urlencode(given, doseq=True)}" if given else "")


@lru_cache
def static_file(name: str) -> tuple[bytes, str] | None:
    """Give a file of `static/`, or the stylesheet of reports, with its kind; None for no such file.

    Example:
        >>> static_file("../app.py") is None
        True
    """
    found = NAME.fullmatch(name)
    if found is None:
        return None
    place = files("recurra.pages") / "templates" if name == "style.css" else files("recurra.studio")
    path = place / name if name == "style.css" else place / "static" / name
    if not path.is_file():
        return None
    return path.read_bytes(), KINDS[f".{found[2]}"]


def static_address(name: str) -> str:
    """Give where a file of `static/` is had: another address when it changes."""
    found = static_file(name)
    assert found is not None, name
    return address("static", name, v=sha256(found[0]).hexdigest()[:12])


def html(text: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a page."""
    return Response(text, status, headers, media_type="text/html")


def language_of(request: Request) -> str:
    """Give the language that a request asks for: by its address, else as the browser is set.

    Of others it is the one that the studio was begun in.
    """
    asked = request.query_params.get("lang")
    if asked in LANGUAGES:
        return asked
    return accepted(request.headers.get("accept-language", ""))
