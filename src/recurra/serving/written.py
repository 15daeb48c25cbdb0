"""Answers in JSON."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

__all__ = ["json_of"]


def json_of(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer in JSON; a number that is not finite is null."""
    body = to_json(content, inf_nan_mode="null")
    return Response(body, status, headers, media_type="application/json")
