"""What a server says of itself: one JSON object a line, on standard error, never a text."""

import logging
import sys
import time
import traceback
from typing import Any, TextIO

from pydantic_core import to_json

__all__ = ["frames_of", "log_to", "say"]

_logger = logging.getLogger("recurra.serving")


def say(event: str, level: int = logging.INFO, **facts: Any) -> None:
    """Say that something happened; facts are names and numbers, not what was asked."""
    name = logging.getLevelName(level)
    record = {"name": _logger.name, "levelno": level, "levelname": name, "msg": event}
    _logger.handle(logging.makeLogRecord({**record, "facts": facts}))


def log_to(stream: TextIO | None = None) -> None:
    """Write what is said here and by uvicorn to a stream, standard error unless given."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    for name in ("recurra.serving", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)


def frames_of(error: BaseException) -> list[str]:
    """Say where an error arose; its message may hold what was asked, and is left out."""
    return [f"{f.filename}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__)[-5:]]


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"time": f"{stamp}.{int(record.msecs):03}Z", "level": record.levelname.lower()}
        facts = getattr(record, "facts", None)
        if facts is None and record.exc_info and record.exc_info[1]:
            line["frames"] = frames_of(record.exc_info[1])  # type: ignore[assignment]
        line["event"] = record.msg if facts is not None else record.getMessage()
        return to_json({**line, **(facts or {})}).decode()
