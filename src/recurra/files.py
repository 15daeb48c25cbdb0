"""Files that are there as a whole or not at all, and that one process has for itself."""

import errno
import os
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

__all__ = [
    "WORKBOOK_ENDINGS",
    "as_written",
    "bring_to_disk",
    "hold",
    "sheet_of",
    "write_atomically",
]

WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

PATIENCE = 0.2  # seconds; somebody who only looks at a folder has it for less


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that whoever looks finds the old content or the new, never half of it.

    The content goes to a file beside it, which bears the number of the process, is brought to the
    disk, and then takes the name: two processes that write at once leave one of both, whole.

    Args:
        path: of the file; folders that are missing are made.
        content: all of it.

    Raises:
        OSError: it cannot be written; the old content stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # the name that was asked for
        raise
    bring_to_disk(path.parent)


def as_written(path: Path) -> Path:
    """Give a path as the disk spells it, whose letters may be composed (한) or in parts (ㅎㅏㄴ).

    A Mac writes names in parts, a keyboard types them composed; to everybody they are one name.

    Args:
        path: of something that is there, or is to be; what of it is not there stays as it is.
    """
    if str(path).isascii() or path.exists():
        return path
    found = Path(path.anchor)
    for part in path.parts[1:] if path.anchor else path.parts:
        plain = found / part
        found = plain if part.isascii() or plain.exists() else _alike(found, part) or plain
    return found


def sheet_of(path: Any) -> tuple[Any, str | None]:
    """Give the file that a path names, and the sheet of a workbook: book.xlsx#May.

    A file that is there under the whole name is that file, and what a store holds has no sheets.

    Example:
        >>> sheet_of(Path("sales/book.xlsx#May 2024"))
        (PosixPath('sales/book.xlsx'), 'May 2024')
        >>> sheet_of(Path("book.xlsx")), sheet_of(Path("notes#1.csv"))
        ((PosixPath('book.xlsx'), None), (PosixPath('notes#1.csv'), None))
    """
    for ending in WORKBOOK_ENDINGS if isinstance(path, Path) else ():
        at = path.name.lower().find(f"{ending}#")
        if at > 0 and not path.exists():
            name, sheet = path.name[: at + len(ending)], path.name[at + len(ending) + 1 :]
            return path.with_name(name), sheet
    return path, None


def _alike(folder: Path, name: str) -> Path | None:
    """Give what a folder holds under a name of the same letters."""
    composed = unicodedata.normalize("NFC", name)
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return next((p for p in inside if unicodedata.normalize("NFC", p.name) == composed), None)


def bring_to_disk(place: Path, *, all_in_it: bool = False) -> None:
    """Wait until a file, or the names in a folder, would outlast a power cut.

    Args:
        place: the file or folder.
        all_in_it: whether all that a folder holds is brought to the disk before it.
    """
    if all_in_it and place.is_dir():
        for inner in place.iterdir():
            bring_to_disk(inner, all_in_it=True)
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except PermissionError:  # systems without folders that open
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems without it for folders
            raise
    finally:
        os.close(descriptor)


@contextmanager
def hold(path: Path) -> Iterator[bool]:
    """Have a file for oneself, until the end or until this process dies, whatever it dies of.

    Args:
        path: of the file, which is made, with its folder where that is missing. At the end the
            file is taken away, and the folder too if it was made and is empty.

    Yields:
        Whether nobody else can have it: False where the file system knows no locks.

    Raises:
        BlockingIOError: somebody else has it.
        OSError: it cannot be made.
    """
    made = False
    while True:
        made = made or not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("ab")
        except FileNotFoundError:  # whoever had it has just taken the folder away
            continue
        with file:
            alone = _lock(file)
            if not _bears(path, file):  # it was taken away before it was locked: nobody has it
                continue
            try:
                yield alone
            finally:
                path.unlink(missing_ok=True)
                if made:
                    with suppress(OSError):  # it is not empty
                        path.parent.rmdir()
            return


def _lock(file: IO[bytes]) -> bool:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(PATIENCE / 20)
        except (ImportError, OSError):  # no locks on this system, or on this file system
            return False
        else:
            return True


def _bears(path: Path, file: IO[bytes]) -> bool:
    """Say whether an open file still has its name."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
