"""What reaches a terminal: control characters are seen, not obeyed.

Texts, labels and names of files come from anywhere, and a terminal obeys what it finds in them: it
clears its screen, changes its title, turns the order of letters. So all that the command line
writes goes through one writer, which writes such characters as JSON does, `\\u001b`: they can be
read, and what is JSON stays the same JSON.
"""

import codecs
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

__all__ = ["Shown", "shown", "visible"]

# of C0 all but tab and newline, DEL, C1, line separators, turned directions, halves of surrogates
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""Write the characters that a terminal would obey as JSON writes them.

    Example:
        >>> visible("a\x1b[2J\tb")
        'a\\u001b[2J\tb'
    """
    return _OBEYED.sub(lambda found: _escaped(found.group()), text)


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _unknown(error: UnicodeError) -> tuple[str, int]:
    """Write what an encoding has no signs for in the same way."""
    assert isinstance(error, UnicodeEncodeError)
    return _escaped(error.object[error.start : error.end]), error.end


codecs.register_error("recurra.shown", _unknown)


class Shown:
    """A stream of text on which control characters are seen.

    Args:
        beneath: the stream that is written to.
    """

    def __init__(self, beneath: TextIO) -> None:
        self.beneath = beneath
        reconfigure = getattr(beneath, "reconfigure", None)
        if reconfigure is not None:  # a console may not know every sign
            reconfigure(errors="recurra.shown")

    def write(self, text: str) -> int:
        """Write."""
        return self.beneath.write(visible(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.beneath, name)


@contextmanager
def shown() -> Iterator[None]:
    """Let all that is written to standard output and standard error be seen."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        stream and (stream if isinstance(stream, Shown) else Shown(stream)) for stream in streams
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
