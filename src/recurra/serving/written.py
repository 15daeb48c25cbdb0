"""Answers in JSON."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from recurra.wording import language

__all__ = ["json_of", "json_with_sentences"]


def json_of(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer in JSON; a number that is not finite is null."""
    body = to_json(content, inf_nan_mode="null")
    return Response(body, status, headers, media_type="application/json")


def json_with_sentences(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer in JSON whose sentences are in the language in force, and say which one that is."""
    spoken = {"Content-Language": language(), "Vary": "Accept-Language"}
    return json_of(content, status, {**(headers or {}), **spoken})
