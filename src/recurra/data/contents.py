"""A file's bytes, read once: unpacked, bounded, and known by their SHA-256."""

import gzip
import hashlib
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from recurra.errors import DataError
from recurra.files import as_written, sheet_of

__all__ = ["Contents", "check_growth", "ending_of", "read_contents", "sha256_of", "sha256_of_both"]

MOST_BYTES = 2 << 30  # of a file, and of what it unpacks to
UNASKED_BYTES = 128 << 20  # so far a file may unpack, whatever its own size
MOST_GROWTH = 200  # beyond it, no text unpacks to so many times its packed size
CHUNK = 1 << 20
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Contents:
    """What a file holds.

    Args:
        path: as it was given.
        data: its bytes, unpacked where they were gzip.
        sha256: of the file's bytes as they are, packed or not.
    """

    path: Path
    data: bytes
    sha256: str


def read_contents(path: str | Path) -> Contents:
    """Read a whole file, through gzip when its first bytes say so.

    Args:
        path: a file, or a pipe.

    Raises:
        DataError: it cannot be read, is no whole gzip, or holds more than memory is lent for.
    """
    path = Path(path)
    try:
        with as_written(sheet_of(path)[0]).open("rb") as file:
            packed = _bounded(file, path)
    except IsADirectoryError:
        raise DataError(f"a data file is needed, but {path} is a folder. Name a file.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise DataError(
            f"the data file must be readable, but {path} is not "
            f"({getattr(error, 'strerror', None) or error}). Check the path."
        ) from None
    digest = hashlib.sha256(packed).hexdigest()
    return Contents(path, _unpacked(packed, path) if packed.startswith(GZIP) else packed, digest)


def ending_of(path: Any) -> str:
    """Give the ending that says what a file is, packed or not; of a sheet that of its workbook.

    Example:
        >>> ending_of("a.CSV.gz"), ending_of("book.xlsx#May.24"), ending_of("README")
        ('.csv', '.xlsx', '')
    """
    file = sheet_of(Path(path) if isinstance(path, str) else path)[0]
    suffixes = [suffix.lower() for suffix in file.suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")


def sha256_of_both(one: str, other: str) -> str:
    """Give the SHA-256 by which two files read as one are known, from that of each."""
    return hashlib.sha256(f"{one} {other}".encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """Give the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_growth(held: int, packed: int, path: Path) -> None:
    """Refuse what unpacks to far more than it was: a mistake, or an attack.

    Args:
        held: bytes unpacked so far.
        packed: bytes of the file.
        path: for the message.

    Raises:
        DataError: memory is not lent for so much.
    """
    if held > MOST_BYTES or held > max(UNASKED_BYTES, MOST_GROWTH * packed):
        raise DataError(
            f"a file may unpack to {MOST_BYTES >> 30} GiB, and beyond {UNASKED_BYTES >> 20} MiB to "
            f"{MOST_GROWTH} times its size, but the {packed:,} bytes of {path} are more than "
            f"{held:,} bytes unpacked. Unpack it yourself and split it, if it is what you want."
        )


def _bounded(file: BinaryIO, path: Path) -> bytes:
    parts, held = [], 0
    while chunk := file.read(CHUNK):
        parts.append(chunk)
        held += len(chunk)
        if held > MOST_BYTES:
            raise DataError(
                f"a data file may hold {MOST_BYTES >> 30} GiB, but {path} holds more. Split it."
            )
    return b"".join(parts)


def _unpacked(packed: bytes, path: Path) -> bytes:
    parts, held = [], 0
    try:
        with gzip.open(io.BytesIO(packed)) as file:
            while chunk := file.read(CHUNK):
                parts.append(chunk)
                held += len(chunk)
                check_growth(held, len(packed), path)
    except (EOFError, OSError, zlib.error) as error:
        raise DataError(f"a .gz file must be whole gzip, but {path} is not ({error}).") from None
    return b"".join(parts)
