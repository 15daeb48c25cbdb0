"""What a client is told where there is no answer: a status, and one sentence."""

from collections.abc import Mapping

from pydantic import ValidationError

__all__ = ["RefusedError", "one_line", "wrong_in"]

LONGEST = 300  # letters of a sentence


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


def wrong_in(error: ValidationError) -> str:
    """Say in one line what is wrong with a question: of several readings, the nearest one."""
    errors = error.errors(include_url=False, include_context=False)
    found = max(reversed(errors), key=lambda each: len(each["loc"]))
    where = ".".join(str(part) for part in found["loc"] if "[" not in str(part)) or "the body"
    message = found["msg"].removeprefix("Value error, ")
    if found["type"] == "json_invalid":
        return f"the body must be JSON, but it is not ({message})."
    if found["type"] == "missing":
        return f"{where} must be given."
    if found["type"] == "extra_forbidden":
        return f"{where} is not known here. Leave it out."
    arrived = repr(found["input"])
    arrived = arrived if len(arrived) <= 60 else f"{arrived[:60]}…"
    return f"{where} is {arrived}: {message[:1].lower()}{message[1:]}."
