"""A text as lines: what ends one, and how long one may be."""

import re
from collections.abc import Iterator
from pathlib import Path

from recurra.data.contents import read_contents
from recurra.data.encodings import decode
from recurra.errors import DataError

__all__ = ["LONGEST_LINE", "lines_of", "read_lines"]

LONGEST_LINE = 16 << 20  # characters
RETURNS = re.compile(r"\r+\n")


def lines_of(text: str, path: str | Path) -> list[str]:
    r"""Split a text into lines. A line ends with \n or \r\n, and with \r only where no other does.

    A lone carriage return in a file of other line ends stands within a text, and so do U+0085 and
    U+2028.

    Raises:
        DataError: a line is longer than `LONGEST_LINE`.

    Examples:
        >>> lines_of("a\rb\r\nc\r\n", "example")
        ['a\rb', 'c']
        >>> lines_of("a\rb\r", "example")
        ['a', 'b']
    """
    if "\r" in text:
        text = RETURNS.sub("\n", text)
        if "\n" not in text.rstrip("\n"):
            text = text.replace("\r", "\n")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    longest = max(map(len, lines), default=0)
    if longest > LONGEST_LINE:
        raise DataError(
            f"a line must have at most {LONGEST_LINE:,} characters, but one of {path} has "
            f"{longest:,}. A file without line ends is no table: look into it."
        )
    return lines


def read_lines(
    path: Path, *, encoding: str | None = None, notes: list[str] | None = None
) -> Iterator[str]:
    """Give the lines of a text file one by one, without their ends.

    Args:
        path: the file, also .gz.
        encoding: of the file, None to recognise it.
        notes: takes what had to be guessed.

    Raises:
        DataError: the file cannot be read or is not text.
        SettingsError: the encoding is unknown.
    """
    decoded = decode(read_contents(path), encoding)
    if notes is not None:
        notes += decoded.notes
    return iter(lines_of(decoded.text, path))
