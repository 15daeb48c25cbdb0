"""Which language is spoken: as asked for, else as the environment says."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["LANGUAGES", "accepted", "console_speaks", "language", "speak"]

LANGUAGES = ("en", "ko")
_here: ContextVar[str | None] = ContextVar("language", default=None)


def language() -> str:
    """Give the language in force, "en" or "ko".

    It is what `speak` says, else RECURRA_LANG, else the first of LC_ALL, LC_MESSAGES and LANG that
    is set. Any other language than Korean is answered in English.
    """
    said = _here.get() or os.environ.get("RECURRA_LANG") or _of_the_system()
    return "ko" if said.replace("-", "_").split("_")[0].split(".")[0].casefold() == "ko" else "en"


def _of_the_system() -> str:
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def accepted(header: str) -> str:
    """Give the language that a request wants most of those spoken here, else the one in force.

    Args:
        header: its Accept-Language.

    Example:
        >>> accepted("fr;q=0.9, ko-KR;q=0.8, en;q=0.5")
        'ko'
    """
    ranked = sorted(map(_weighed, header.split(",")), key=lambda each: -each[1])
    known = (name for name, weight in ranked if weight > 0 and name in LANGUAGES)
    return next(known, language())


def _weighed(part: str) -> tuple[str, float]:
    name, _, weight = part.strip().casefold().partition(";")
    try:
        return name.strip().split("-")[0], float(weight.strip().removeprefix("q=") or 1)
    except ValueError:
        return name, 0.0


@contextmanager
def speak(spoken: str) -> Iterator[None]:
    """Speak a language, here and in what is called from here.

    Args:
        spoken: "en" or "ko".

    Example:
        >>> with speak("ko"):
        ...     language()
        'ko'
    """
    before = _here.set(spoken)
    try:
        yield
    finally:
        _here.reset(before)


def console_speaks(*streams: Any) -> bool:
    """Say whether streams have letters for Korean: a console in ASCII or latin-1 has none."""
    try:
        for stream in streams:
            "한글".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
