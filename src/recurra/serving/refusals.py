"""What a client is told where there is no answer: a status, and one sentence."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

__all__ = ["RefusedError", "one_line", "wrong_in"]

LONGEST = 300  # letters of a sentence
WANTED = {  # by pydantic's name of what is wrong
    "model_type": "an object",
    "dict_type": "an object",
    "model_attributes_type": "an object",
    "list_type": "a list",
    "string_type": "a text",
    "float_type": "a number",
    "finite_number": "a finite number",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "too_short": "a list of {min_length} or more",
    "too_long": "a list of up to {max_length}",
    "union_tag_invalid": "an object whose datatype is one of {expected_tags}",
    "union_tag_not_found": "an object with a datatype",
}
DEEPER = ("list_type", "dict_type")  # what is wanted by the reading that nests more
READINGS = {"str", "BYTES", "FP32", "FP64"}  # pydantic's names of readings, which are no place


class RefusedError(Exception):
    """A request that is not answered.

    Args:
        status: of HTTP.
        sentence: what must hold, what arrived, what to do.
        headers: beside it.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None):
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, dict(headers or {})


def one_line(sentence: str) -> str:
    """Give a sentence on one line, cut where it is long.

    Example:
        >>> one_line("a\\nb")
        'a b'
    """
    line = " ".join(sentence.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def wrong_in(error: ValidationError, fields: Iterable[str] = ()) -> str:
    """Say in one line what is wrong with a question: of several readings, the nearest one.

    Args:
        error: of reading it.
        fields: that it may have.
    """
    errors = error.errors(include_url=False)
    found = max(reversed(errors), key=_nearness)
    parts = [str(part) for part in found["loc"] if "[" not in str(part) and part not in READINGS]
    where = repr(".".join(parts)) if parts else "the body"
    if found["type"] == "value_error":  # of ours
        return f"{found['ctx']['error']}."
    if found["type"] == "json_invalid":
        return f"the body must be JSON, but it is not ({found['msg']})."
    if found["type"] == "missing":
        return f"{where} must be given."
    if found["type"] == "extra_forbidden":
        return f"{where} is not known here. What may be given: {', '.join(fields)}."
    arrived = _as_json(found["input"])
    arrived = arrived if len(arrived) <= 60 else f"{arrived[:60]}…"
    wanted = WANTED.get(found["type"])
    if wanted is None:
        return f"{where} must be as /openapi.json says, but it is {arrived} ({found['msg']})."
    return f"{where} must be {wanted.format_map(found.get('ctx', {}))}, but it is {arrived}."


def _nearness(error: Any) -> tuple[int, bool]:
    """Order readings: one that came further; a value that is wrong before one that should nest."""
    nested = error["type"] in DEEPER and not isinstance(error["input"], list | dict)
    return len(error["loc"]), not nested


def _as_json(value: Any) -> str:
    """Give a value as the client wrote it: null, not None."""
    return json.dumps(value, ensure_ascii=False, default=repr)
