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
from recurra.data.lines import lines_of
from recurra.data.spelling import quoted
from recurra.errors import DataError

__all__ = ["TsFile", "is_ts", "parse_ts"]


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


def is_ts(path: Path, begins: str) -> bool:
    """Say whether a file is of this form: by its ending, or by how it begins."""
    named = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"][-1:] == [".ts"]
    return named or begins.lstrip().lower().startswith("@problemname")


def parse_ts(text: str, path: Path) -> TsFile:
    """Read a `.ts` file.

    Args:
        text: the whole file.
        path: for messages.

    Raises:
        DataError: there is no `@data`, times are written out, a value is no number, or a line has
            other channels than the first.
    """
    header, rows = _parts(text, path)
    if header.get("@timestamps") == "true":
        raise DataError(
            f"a .ts file must hold values alone, but {path} says @timestamps true. Write it as a "
            "table with a column of times, and give --id and --time."
        )
    numbers = header.get("@targetlabel") == "true"
    labelled = numbers or header.get("@classlabel", "false").split()[0] == "true"
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
    return TsFile(sequences, labels if labelled else None, lines, numbers)


def _parts(text: str, path: Path) -> tuple[dict[str, str], Iterator[tuple[int, str]]]:
    """Give what stands above `@data`, and the numbered lines below it."""
    lines = [line.strip() for line in lines_of(text, path)]
    start = next((i for i, line in enumerate(lines) if line.lower().startswith("@data")), None)
    if start is None:
        raise DataError(
            f"a .ts file must have a line @data above its sequences, but {path} has none."
        )
    header = {}
    for line in lines[:start]:
        if line.startswith("@"):
            name, _, value = line.partition(" ")
            header[name.lower()] = value.strip().lower() or "false"
    below = enumerate(lines[start + 1 :], start=start + 2)
    return header, ((number, line) for number, line in below if line and line[0] not in "#%")


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
