"""The `.tsf` form of the Monash archive: a series a line, with its name and when it begins.

::

    @attribute series_name string
    @attribute start_timestamp date
    @frequency yearly
    @data
    T1:1972-01-01 00-00-00:3600,7700,12300          ? is not known
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recurra.arrays import Dates, Floats
from recurra.data.calendar import Frequency, frequency_named
from recurra.data.contents import ending_of, read_contents
from recurra.data.encodings import decode
from recurra.data.lines import lines_of
from recurra.data.spelling import quoted
from recurra.data.times import moments_in
from recurra.errors import DataError

__all__ = ["TsfFile", "TsfLine", "is_tsf", "read_tsf"]


@dataclass(frozen=True)
class TsfLine:
    """One series.

    Args:
        name: of it.
        numbers: (steps,) oldest first; NaN where one is not known.
        start: when the first step is, None where the file does not say.
    """

    name: str
    numbers: Floats
    start: np.datetime64 | None

    def times(self, frequency: Frequency | None) -> Dates | None:
        """Give when each step is, None where that is not known."""
        if self.start is None or frequency is None:
            return None
        steps = np.arange(len(self.numbers))
        return frequency.at(np.full(len(steps), self.start), steps)


@dataclass(frozen=True)
class TsfFile:
    """What a `.tsf` file holds."""

    series: list[TsfLine]
    frequency: Frequency | None
    horizon: int | None
    sha256: str
    notes: list[str]


def is_tsf(path: str | Path) -> bool:
    """Say whether a file is of this form, by its ending."""
    return ending_of(path) == ".tsf"


def read_tsf(path: str | Path, *, encoding: str | None = None) -> TsfFile:
    """Read a `.tsf` file.

    Raises:
        DataError: there is no `@data`, a line has other parts than the attributes say, a value is
            no number, or a name stands there twice.
    """
    contents = read_contents(path)
    decoded = decode(contents, encoding)
    lines = [line.strip() for line in lines_of(decoded.text, path)]
    start = next((i for i, line in enumerate(lines) if line.lower().startswith("@data")), None)
    if start is None:
        raise DataError(
            f"a .tsf file must have a line @data above its series, but {path} has none."
        )
    attributes, header = _header(lines[:start])
    found: list[TsfLine] = []
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if line and not line.startswith("#"):
            found.append(_series(line, attributes, f"line {number} of {path}", len(found)))
    if not found:
        raise DataError(f"a .tsf file must hold series after @data, but {path} holds none.")
    names = [each.name for each in found]
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise DataError(f"the names of series must differ, but {path} has {quoted(twice)} twice.")
    horizon = header.get("@horizon", "")
    return TsfFile(
        found,
        frequency_named(header.get("@frequency", "")),
        int(horizon) if horizon.isdecimal() and int(horizon) else None,
        contents.sha256,
        decoded.notes,
    )


def _header(lines: list[str]) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """Give the attributes of a line, name and type, and what else stands above the data."""
    attributes, header = [], {}
    for line in lines:
        words = line.split()
        if not words or not line.startswith("@"):
            continue
        if words[0].lower() == "@attribute" and len(words) >= 3:
            attributes.append((words[1], words[2].lower()))
        else:
            header[words[0].lower()] = " ".join(words[1:]).strip().lower()
    return attributes, header


def _series(line: str, attributes: list[tuple[str, str]], where: str, place: int) -> TsfLine:
    *values, numbers = line.split(":")
    if len(values) != len(attributes):
        raise DataError(
            f"a line of a .tsf file must have {len(attributes)} attributes and the values, with "
            f"colons between them, but {where} has {len(values) + 1} parts."
        )
    name, start = "", None
    for (_, kind), value in zip(attributes, values, strict=True):
        if kind == "date":
            start = _moment(value, where)
        elif kind == "string" and not name:
            name = value.strip()
    return TsfLine(name or f"T{place + 1}", _numbers(numbers, where), start)


def _moment(text: str, where: str) -> np.datetime64:
    day, _, clock = text.strip().partition(" ")
    found = moments_in([f"{day} {clock.replace('-', ':')}".strip()] * 2)
    if found is None:
        raise DataError(
            f"a series must begin at a time such as 1972-01-01 00-00-00, but {where} has "
            f"{quoted(text)}."
        )
    return np.datetime64(found[0])


def _numbers(text: str, where: str) -> Floats:
    cells = [cell.strip() for cell in text.split(",")] if text.strip() else []
    try:
        values = np.array([np.nan if cell in ("?", "NaN", "") else float(cell) for cell in cells])
    except ValueError:
        values = np.array([np.inf])
    if not len(values) or np.isinf(values).any():
        raise DataError(
            f"a series must hold numbers, with ? where one is not known, but {where} has "
            f"{quoted(text)}."
        )
    return values
