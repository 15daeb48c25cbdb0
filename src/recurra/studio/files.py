"""Files that visitors bring: each in a folder of its own, under a name that leads nowhere else.

::

    runs/.studio/files/9f86d081884c7d65/messages.csv
"""

import errno
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from recurra.runs import FULL
from recurra.serving.refusals import RefusedError
from recurra.studio.limits import Room
from recurra.wording import worded

__all__ = ["Files", "Kept", "safe_name"]

LONGEST = 80  # letters of a name
IDENTITY = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class Kept:
    """A file that was brought.

    Args:
        id: in addresses.
        path: where it is.
    """

    id: str
    path: Path

    @property
    def name(self) -> str:
        """What it was called."""
        return self.path.name

    @property
    def bytes(self) -> int:
        """How large it is."""
        return self.path.stat().st_size


class Files:
    """The files that were brought to a studio.

    Args:
        folder: they are kept in.
        room: how many bytes.
    """

    def __init__(self, folder: Path, room: Room) -> None:
        self._folder, self._room = folder, room

    def all(self) -> list[Kept]:
        """Give all, the newest first."""
        found = [kept for path in self._folder.glob("*") if (kept := self._in(path))]
        return sorted(found, key=lambda kept: (-kept.path.stat().st_mtime, kept.id))

    def get(self, id: str) -> Kept:
        """Give a file.

        Raises:
            RefusedError: there is none of that name.
        """
        found = self._in(self._folder / id) if IDENTITY.fullmatch(id) else None
        if found is None:
            raise RefusedError(404, worded("there is no such file here. Bring it again."))
        return found

    def bring(self, name: str, content: IO[bytes]) -> Kept:
        """Keep a file.

        Args:
            name: as the visitor calls it: nothing but a hint.
            content: of it.

        Raises:
            RefusedError: it is empty, or there is no room.
        """
        held = sum(kept.bytes for kept in self.all())
        folder = self._folder / secrets.token_hex(8)
        kept = Kept(folder.name, folder / safe_name(name))
        try:
            folder.mkdir(parents=True)
            with kept.path.open("xb") as file:
                shutil.copyfileobj(content, file, 1 << 20)
            self._check(kept.bytes, held)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in (*FULL, errno.EFBIG):
                raise self._no_room() from None
            raise
        return kept

    def delete(self, kept: Kept) -> None:
        """Take a file away."""
        shutil.rmtree(kept.path.parent)

    def _check(self, size: int, held: int) -> None:
        if not size:
            raise RefusedError(400, worded("a file must hold something, but this one is empty."))
        if held + size > self._room.kept:
            raise self._no_room()

    def _no_room(self) -> RefusedError:
        return RefusedError(
            507, worded("there is no room for another file. Delete some that were brought before.")
        )

    def _in(self, folder: Path) -> Kept | None:
        found = [path for path in folder.glob("*") if path.is_file() and not path.is_symlink()]
        return Kept(folder.name, found[0]) if len(found) == 1 else None


def safe_name(name: Any) -> str:
    """Give a name that is only a name: letters, digits and a few signs, its ending kept.

    Example:
        >>> safe_name("../../etc/passwd"), safe_name("C:\\\\a\\\\리뷰.csv"), safe_name("--a=x")
        ('passwd', '리뷰.csv', 'a=x')
        >>> safe_name("..."), safe_name("x" * 300 + ".csv")[-8:]
        ('file', 'xxxx.csv')
    """
    last = re.split(r"[/\\]", str(name))[-1]
    clean = re.sub(r"[^\w .=()\[\]+-]", "_", last).strip(" .-")
    stem, dot, ending = clean.rpartition(".")
    ending = dot + ending if stem and len(ending) <= 8 else ""
    stem = clean.removesuffix(ending)
    return (stem[: LONGEST - len(ending)] + ending) or "file"
