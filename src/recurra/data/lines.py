"""A text as lines: what ends one, and how long one may be."""

from collections.abc import Iterator
from pathlib import Path

from recurra.data.contents import read_contents
from recurra.data.encodings import decode
from recurra.errors import DataError

__all__ = ["LONGEST_LINE", "Lines", "lines_of", "read_lines"]

LONGEST_LINE = 16 << 20  # characters
AT_ONCE = 1 << 20  # characters


class Lines:
    """The lines of a text, cut as they are asked for: ten million in a list take a gigabyte.

    Args:
        text: the whole text.
        path: for messages.
    """

    def __init__(self, text: str, path: str | Path) -> None:
        self._text, self._path = _one_end(text), path

    def __iter__(self) -> Iterator[str]:
        """Give them without their ends.

        Raises:
            DataError: a line is longer than `LONGEST_LINE`.
        """
        start = 0
        while start < len(self._text):
            end = self._text.find("\n", start + AT_ONCE)
            end = len(self._text) if end < 0 else end
            some = self._text[start:end].split("\n")
            if end == len(self._text) and not some[-1]:
                some.pop()
            longest = max(map(len, some), default=0)
            if longest > LONGEST_LINE:
                raise DataError(
                    f"a line must have at most {LONGEST_LINE:,} characters, but one of "
                    f"{self._path} has {longest:,}. A file without line ends is no table: look "
                    "into it."
                )
            yield from some
            start = end + 1


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
    return list(Lines(text, path))


def _one_end(text: str) -> str:
    """Give a text with one sign at the end of each line."""
    if "\r" not in text:
        return text
    while "\r\n" in text:
        text = text.replace("\r\n", "\n")
    return text if "\n" in text.rstrip("\n") else text.replace("\r", "\n")


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
    return iter(Lines(decoded.text, path))
