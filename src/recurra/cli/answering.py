"""Where `recurra predict` writes what models answer: lines to read on, or a CSV file."""

import csv
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from recurra.files import write_atomically

__all__ = ["Written", "answers"]

Written = Annotated[Path | None, typer.Option("--out", help="A CSV file to write them to.")]


@contextmanager
def answers(
    names: Sequence[str],
    out: Path | None,
    as_json: bool,
    read: Path | None = None,
    digits: str = "{:.4f}",
) -> Iterator[Callable[[Iterable[Any]], object]]:
    r"""Give who writes an answer: a row of a CSV file that is there when all are, or a line.

    Args:
        names: of the columns.
        out: the file; None: lines of standard output, with tabs between, a cell on one line and
            numbers with few digits.
        as_json: whether standard output is for JSON: then only the file is written.
        read: the file that is read, which is not written over.
        digits: of numbers in lines.

    Raises:
        RunError: what is to be written is a folder, or the file that is read.

    >>> with answers(["class"], None, False) as write:
    ...     written = write(["spam"])
    spam
    """
    if out is None:
        shown = not as_json
        yield lambda row: shown and sys.stdout.write("\t".join(_line(row, digits)) + "\n")
        return
    from recurra.runs import refuse_place

    refuse_place(out, read)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(names)
    yield rows.writerow
    write_atomically(out, text.getvalue().encode("utf-8", "replace"))
    from recurra.terminal import note

    note(f"written: {out}")


def _line(row: Iterable[Any], digits: str) -> Iterator[str]:
    for cell in row:
        if isinstance(cell, float):
            yield digits.format(cell)
        else:
            yield "" if cell is None else " ".join(str(cell).split())
