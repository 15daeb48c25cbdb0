"""Files that are there as a whole or not at all."""

import os
from pathlib import Path

__all__ = ["write_atomically"]


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
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
