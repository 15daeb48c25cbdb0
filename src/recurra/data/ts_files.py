"""The `.ts` form of aeon and sktime: a sequence a line, channels between colons, the class last.

::

    @problemName Gestures
    @classLabel true wave point
    @data
    0.1,0.2,0.4:1.0,1.1,?:wave          two channels of three steps; ? is not known
    0.3,0.1:1.2,1.0:point               lengths may differ from line to line
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recurra.arrays import Floats
from recurra.data.contents import ending_of
from recurra.data.lines import lines_of
from recurra.data.spelling import quoted
from recurra.errors import DataError

__all__ = ["TsFile", "is_ts", "parse_ts"]

BEGINNINGS = ("@problemname", "@timestamps", "@classlabel", "@targetlabel", "@univariate")


@dataclass(frozen=True)
class TsFile:
    """What a `.ts` file holds.

    Args:
        sequences: of each line (timesteps, channels); NaN where a value is not known.
        labels: the class of each; None where the file has none.
        lines: the number of the line of each, from 1.
        numbers: whether the labels are numbers to be foretold (`@targetLabel`), not classes.
    """

    sequences: list[Floats]
    labels: list[str] | None
    lines: list[int]
    numbers: bool = False


@dataclass(frozen=True)
class _Header:
    """What stands above `@data`: of each name the number of its line, and what it says."""

    said: dict[str, tuple[int, str]]
    path: Path

    def truth(self, name: str) -> bool | None:
        """Read the first word of what a name says; None where the name is not there."""
        if name.lower() not in self.said:
            return None
        line, value = self.said[name.lower()]
        word = next(iter(value.split()), "")
        if word.lower() not in ("true", "false"):
            raise DataError(
                f"{name} must say true or false, but line {line} of {self.path} says "
                f"{quoted(word)}."
            )
        return word.lower() == "true"

    def count(self, name: str) -> int | None:
        """Read a whole number above 0; None where the name is not there."""
        if name.lower() not in self.said:
            return None
        line, value = self.said[name.lower()]
        if not value.isdecimal() or not int(value):
            raise DataError(
                f"{name} must say how many, but line {line} of {self.path} says {quoted(value)}."
            )
        return int(value)

    def line(self, name: str) -> int:
        """Give the number of the line of a name that is there."""
        return self.said[name.lower()][0]


def is_ts(path: Path, begins: str) -> bool:
    """Say whether a file is of this form: by its ending, or by how it begins."""
    named = ending_of(path) == ".ts"
    lines = (line.strip().lower() for line in begins.splitlines())
    first = next((line for line in lines if line and line[0] not in "#%"), "")
    return named or first.startswith(BEGINNINGS)


def parse_ts(text: str, path: Path) -> TsFile:
    """Read a `.ts` file.

    Args:
        text: the whole file.
        path: for messages.

    Raises:
        DataError: there is no `@data`, nothing says whether rows end in a class, times are written
            out, a value is no number, a line has other channels than the first, or a line is not
            as the header says: its class, its channels, how many steps it has.
    """
    header, rows = _parts(text, path)
    if header.truth("@timeStamps"):
        raise DataError(
            f"a .ts file must hold values alone, but line {header.line('@timeStamps')} of {path} "
            "says @timeStamps true. Write it as a table with a column of times, and give --id and "
            "--time."
        )
    numbers, classed = header.truth("@targetLabel"), header.truth("@classLabel")
    if numbers is None and classed is None:
        raise DataError(
            f"a .ts file must say whether its lines end in a class, but {path} does not. Write "
            "@classLabel true and the classes above @data, or @classLabel false."
        )
    labelled = bool(numbers or classed)
    sequences: list[Floats] = []
    labels: list[str] = []
    lines = []
    for number, line in rows:
        *channels, last = line.split(":") if labelled else [*line.split(":"), ""]
        sequences.append(_steps(channels, number, path))
        labels.append(last.strip())
        lines.append(number)
        _alike(sequences, lines, path)
    if not sequences:
        raise DataError(f"a .ts file must hold sequences after @data, but {path} holds none.")
    _as_said(header, sequences, lines)
    if classed:
        _listed(header, labels, lines)
    return TsFile(sequences, labels if labelled else None, lines, bool(numbers))


def _parts(text: str, path: Path) -> tuple[_Header, Iterator[tuple[int, str]]]:
    """Give what stands above `@data`, and the numbered lines below it."""
    lines = [line.strip() for line in lines_of(text, path)]
    start = next((i for i, line in enumerate(lines) if line.lower().startswith("@data")), None)
    if start is None:
        raise DataError(
            f"a .ts file must have a line @data above its sequences, but {path} has none."
        )
    said = {}
    for number, line in enumerate(lines[:start], start=1):
        if line.startswith("@"):
            name, value = [*line.split(None, 1), ""][:2]
            said[name.lower().replace("@dimensions", "@dimension")] = number, value
    below = enumerate(lines[start + 1 :], start=start + 2)
    rows = ((number, line) for number, line in below if line and line[0] not in "#%")
    return _Header(said, path), rows


def _as_said(header: _Header, sequences: list[Floats], lines: list[int]) -> None:
    """Refuse sequences that have other channels or steps than the header says."""
    header.truth("@missing")  # a ? is read whatever it says, a slip is told
    channels = sequences[0].shape[1]
    said = header.count("@dimension")
    if said is not None and channels != said:
        raise DataError(
            f"every sequence must have the channels that line {header.line('@dimension')} says, "
            f"{said}, but line {lines[0]} of {header.path} has {channels}. Mend one of the two."
        )
    if header.truth("@univariate") and channels > 1:
        raise DataError(
            f"where line {header.line('@univariate')} says @univariate true there must be one "
            f"channel, but line {lines[0]} of {header.path} has {channels}. Mend one of the two."
        )
    equal, length = header.truth("@equalLength"), header.count("@seriesLength")
    if equal is False or (equal is None and length is None):
        return
    whose = header.line("@equalLength" if length is None else "@seriesLength")
    length = len(sequences[0]) if length is None else length
    odd = next((i for i, each in enumerate(sequences) if len(each) != length), None)
    if odd is not None:
        raise DataError(
            f"every sequence must have {length} steps, as line {whose} says, but line "
            f"{lines[odd]} of {header.path} has {len(sequences[odd])}. Mend one of the two: where "
            "lengths differ, it is @equalLength false."
        )


def _listed(header: _Header, labels: list[str], lines: list[int]) -> None:
    """Refuse a class that the header does not list, where it lists classes."""
    where, value = header.said["@classlabel"]
    classes = value.split()[1:]
    known, listed = set(map(_number_or_name, classes)), f" {' '.join(classes)} "
    for label, line in zip(labels, lines, strict=True):
        # a name of several words stands among the words that are listed
        if classes and _number_or_name(label) not in known and f" {label} " not in listed:
            raise DataError(
                f"every class must be one that line {where} lists after @classLabel true, but line "
                f"{line} of {header.path} has {quoted(label)}. Mend one of the two."
            )


def _number_or_name(label: str) -> float | str:
    """Give a label as what it means: 1 and 1.0 are one."""
    try:
        return float(label)
    except ValueError:
        return label


def _steps(channels: list[str], number: int, path: Path) -> Floats:
    columns = [_values(channel, number, path) for channel in channels]
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise DataError(
            f"the channels of a sequence must have one value a step each, but line {number} of "
            f"{path} has channels of {', '.join(map(str, sorted(lengths)))} steps. Write ? where a "
            "value is not known."
        )
    if not columns or lengths == {0}:
        raise DataError(
            f"a sequence must have steps, but line {number} of {path} has none. Leave it out, or "
            "say @classLabel as the file is."
        )
    return np.stack(columns, axis=1)


def _values(channel: str, number: int, path: Path) -> Floats:
    cells = channel.split(",") if channel.strip() else []
    try:
        return np.array([np.nan if cell.strip() in "?" else float(cell) for cell in cells])
    except ValueError:
        wrong = next(cell for cell in cells if not _is_number(cell))
        raise DataError(
            f"values must be numbers, or ? where they are not known, but line {number} of {path} "
            f"has {quoted(wrong.strip())}."
        ) from None


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.strip() in "?"
    return True


def _alike(sequences: list[Floats], lines: list[int], path: Path) -> None:
    first, last = sequences[0].shape[1], sequences[-1].shape[1]
    if first != last:
        raise DataError(
            f"every sequence must have the same channels, but line {lines[0]} of {path} has "
            f"{first} and line {lines[-1]} has {last}."
        )
