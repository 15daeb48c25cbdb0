"""Files that stand elsewhere: addresses such as s3://bucket/folder, by pyarrow's file systems.

::

    place_of("events/00.parquet")               a Path
    place_of("s3://bucket/events/00.parquet")   answers as a Path does, where files are read

What is written goes up whole or not at all, as object stores have it.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, unquote

from recurra.errors import InputError

__all__ = ["Stored", "near", "place_of", "placed"]

ADDRESS = re.compile(r"[a-z][a-z0-9+]*://")
PLAIN = "/:@!$&'()*+,;=~%"  # signs that an address may hold
KINDS = "s3://, gs://, abfs://, hdfs:// or file://"


def place_of(given: object) -> Any:
    """Give what a name names: a path of this machine, or a file or folder of a store.

    Raises:
        InputError: it is an address of no store that is known.

    Example:
        >>> place_of("a.csv").name, place_of("file:///tmp/b.csv").name
        ('a.csv', 'b.csv')
    """
    if isinstance(given, Path | Stored):
        return given
    return Stored.at(str(given)) if ADDRESS.match(str(given)) else Path(str(given))


@dataclass(frozen=True)
class Stored:
    """A file or folder of a store; it pickles.

    Args:
        address: of the store and a place in it, without what is asked of the store; signs that no
            address may hold are spelt as %20 is.
        asked: after a question mark, such as the region.
    """

    address: str
    asked: str = ""

    @classmethod
    def at(cls, address: str) -> "Stored":
        """Take an address; whether it can be one is told at once.

        Raises:
            InputError: it cannot.
        """
        named, _, asked = address.partition("?")
        found = cls(quote(named.rstrip("/"), safe=PLAIN), asked)
        found._opened()
        return found

    def __str__(self) -> str:
        return unquote(
            re.sub(r"//[^/@]*@", "//…@", self.address)
        )  # keys before the @ are told to nobody

    def __truediv__(self, name: str) -> "Stored":
        return Stored(f"{self.address}/{quote(name)}", self.asked)

    def _opened(self) -> tuple[Any, str]:
        from pyarrow import ArrowException
        from pyarrow.fs import FileSystem

        try:
            found: tuple[Any, str] = FileSystem.from_uri(
                f"{self.address}?{self.asked}" if self.asked else self.address
            )
        except (ArrowException, OSError, ValueError, ImportError) as error:
            raise InputError(
                f"an address must begin with {KINDS}, but {self} cannot be opened ({_line(error)})."
            ) from None
        return found

    def _info(self) -> Any:
        """Ask the store what is there."""
        system, path = self._opened()
        try:
            return system.get_file_info(path)
        except OSError as error:
            raise InputError(f"{self} must answer, but: {_line(error)}") from None

    # ---- as a path does

    @property
    def name(self) -> str:
        """The last part."""
        return unquote(PurePosixPath(self.address).name)

    @property
    def suffix(self) -> str:
        """The ending."""
        return PurePosixPath(self.name).suffix

    @property
    def suffixes(self) -> list[str]:
        """All endings."""
        return PurePosixPath(self.name).suffixes

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def parent(self) -> "Stored":
        """The folder that it is in."""
        return Stored(self.address.rpartition("/")[0], self.asked)

    def resolve(self) -> "Stored":
        """Give itself: an address is whole."""
        return self

    absolute = resolve

    def exists(self) -> bool:
        """Whether anything is there."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether it is a file."""
        return bool(self._info().is_file)

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        from pyarrow.fs import FileType

        return bool(self._info().type == FileType.Directory)

    def stat(self) -> Any:
        """Give its size, and when it changed."""
        info = self._info()
        return SimpleNamespace(st_size=info.size, st_mtime_ns=info.mtime_ns)

    def iterdir(self) -> Iterator["Stored"]:
        """Give what is in the folder."""
        from pyarrow.fs import FileSelector

        system, path = self._opened()
        for info in system.get_file_info(FileSelector(path)):
            yield self / info.base_name

    def glob(self, pattern: str) -> Iterator["Stored"]:
        """Give what is in the folder and has such a name."""
        return (each for each in self.iterdir() if fnmatchcase(each.name, pattern))

    def __lt__(self, other: "Stored") -> bool:
        return self.address < other.address

    def open(self, mode: str = "rb") -> Any:
        """Open it to be read."""
        system, path = self._opened()
        return system.open_input_file(path)

    def read_bytes(self) -> bytes:
        """Read all of it."""
        with self.open() as file:
            return bytes(file.read())

    def unlink(self) -> None:
        """Take it away."""
        system, path = self._opened()
        system.delete_file(path)

    def put(self, file: Path) -> None:
        """Write what a file of this machine holds."""
        system, path = self._opened()
        if not self.address.startswith("s3:"):
            system.create_dir(str(PurePosixPath(path).parent), recursive=True)
        with file.open("rb") as source, system.open_output_stream(path) as target:
            shutil.copyfileobj(source, target, 1 << 20)


@contextmanager
def near(source: Any) -> Iterator[Path]:
    """Have a file at hand: itself, or while it is needed a copy on this machine."""
    if isinstance(source, Path):
        yield source
        return
    with TemporaryDirectory(prefix="recurra-near-") as folder:
        copy = Path(folder) / source.name
        with source.open() as file, copy.open("wb") as to:
            shutil.copyfileobj(file, to, 1 << 20)
        yield copy


@contextmanager
def placed(out: Any) -> Iterator[Path]:
    """Have a place to write to: itself, or one on this machine from which it goes up when whole."""
    if isinstance(out, Path):
        yield out
        return
    with TemporaryDirectory(prefix="recurra-placed-") as folder:
        made = Path(folder) / out.name
        yield made
        out.put(made)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
