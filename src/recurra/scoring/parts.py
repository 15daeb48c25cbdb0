"""What has been scored, in parts that outlive a kill."""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from recurra.errors import RunError
from recurra.files import bring_to_disk, hold, write_atomically
from recurra.scoring.said import Asked

__all__ = ["Parts", "Watch", "working"]

FACTS = "started.json"
PIECES = 4  # of a part
Watch = Callable[[float | None, int], None]  # how much of the file was read, and how many rows


class Parts:
    """What has been scored, in files that are each on the disk as a whole or not at all.

    Args:
        folder: of the parts.
        way: of writing rows.
    """

    def __init__(self, folder: Path, way: Any) -> None:
        self.folder, self.way = folder, way
        there = sorted(folder.glob("*.part"))
        self.parts = list(takewhile(_is_whole, there))
        for part in there[len(self.parts) :]:  # one was changed: what comes after it is anew, too
            part.unlink()
        self.rows = sum(_numbers(part)[1] for part in self.parts)

    def write(self, table: Asked, watch: Watch) -> int:
        """Score what is left of a table; give of how many rows nothing is said."""
        refused, said = 0, table.said()
        while some := list(islice(said, PIECES)):
            content, rows = io.BytesIO(), sum(len(piece.rows) for piece in some)
            self.way.write(some, content, header=not self.parts)
            name = f"{len(self.parts):06d}-{rows}-{len(content.getbuffer())}.part"
            write_atomically(self.folder / name, content.getvalue())
            self.parts.append(self.folder / name)
            self.rows += rows
            refused += sum(piece.unsaid for piece in some)
            watch(table.share, self.rows)
        return refused

    def join(self, out: Path) -> None:
        """Make the file of all parts, at once."""
        whole = self.folder / "whole"
        with whole.open("wb") as file:
            self.way.join(self.parts, file)
        bring_to_disk(whole)
        whole.replace(out)
        bring_to_disk(out.parent)


def _numbers(part: Path) -> tuple[int, int, int]:
    """Read off the name of a part its number, its rows and its bytes."""
    number, rows, size = map(int, part.stem.split("-"))
    return number, rows, size


def _is_whole(part: Path) -> bool:
    return part.stat().st_size == _numbers(part)[2]


@contextmanager
def working(out: Path, facts: dict[str, Any], overwrite: bool) -> Iterator[Path]:
    """Give a folder for parts beside the file, which goes when the file is there.

    Raises:
        RunError: another process is at it, or the parts there are of other work.
    """
    folder = out.with_name(f".{out.name}.parts")
    try:
        with hold(out.with_name(f".{out.name}.lock")):
            _begin(folder, facts, overwrite)
            yield folder
            shutil.rmtree(folder)
    except BlockingIOError:
        raise RunError(f"another process is writing {out}. Wait for it, or name another.") from None
    except OSError as error:
        if error.filename is None or Path(error.filename).is_relative_to(folder):
            error.filename = str(out)  # the name that was asked for
        raise


def _begin(folder: Path, facts: dict[str, Any], overwrite: bool) -> None:
    """Go on with the parts of the same work, or begin anew."""
    written = json.dumps(facts, indent=1).encode()
    place = folder / FACTS
    same = place.exists() and place.read_bytes() == written and facts["size"] is not None
    if folder.exists() and not same:
        if not overwrite:
            raise RunError(
                f"{folder} holds what was scored of another file, or by another model or version. "
                "Give --overwrite to begin anew, or another --out."
            )
        shutil.rmtree(folder)
    write_atomically(place, written)
