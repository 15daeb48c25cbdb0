"""Known files from the network: bounded in size and time, and checked before anybody sees them."""

import hashlib
import io
import queue
import threading
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from recurra.errors import SourceError

__all__ = ["Remote", "fetch", "within"]

Found = TypeVar("Found")
PATIENCE, SLOWEST = 60.0, 20_000  # seconds for the connection, then bytes a second
SILENCE = 30.0  # seconds without a byte
BESIDE = 1 << 20  # bytes of a zip archive beside the file that is wanted
CHUNK = 1 << 16
PAGES = (b"<!doctype", b"<html")


@dataclass(frozen=True)
class Remote:
    """A file whose content is known.

    Args:
        path: where it belongs, as a path under the data folder.
        url: where it is, or a zip archive that holds it by its name.
        size: of the file in bytes.
        sha256: of the file.
    """

    path: str
    url: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def packed(self) -> bool:
        """Whether a zip archive holds it. Archives are packed anew: what is checked is the file."""
        return self.url.endswith(".zip") and not self.name.endswith(".zip")


def fetch(remote: Remote) -> bytes:
    """Give a known file; it is kept in memory until it is known to be the right one.

    Raises:
        SourceError: it cannot be had, takes too long, or is another file.
    """
    most = remote.size + (BESIDE if remote.packed else 0)
    seconds = PATIENCE + most / SLOWEST
    try:
        given = within(seconds, lambda: _read(remote.url, most, time.monotonic() + seconds))
    except OSError as error:
        raise SourceError(f"{remote.url} {_reason(error, seconds)}") from None
    if given.lstrip()[:9].lower().startswith(PAGES):
        raise SourceError(
            f"{remote.url} gave a web page in place of the file, as networks do that ask to log in"
        )
    content = _member(given, remote) if remote.packed else given
    found = hashlib.sha256(content).hexdigest()
    if found != remote.sha256:
        raise SourceError(
            f"{remote.url} gave another {remote.name}, or not all of it: {len(content):,} bytes "
            f"with SHA-256 {found[:12]}…, but it must be {remote.size:,} with {remote.sha256[:12]}…"
        )
    return content


def within(seconds: float, work: Callable[[], Found]) -> Found:
    """Do work for at most that long.

    A request that hangs cannot be stopped from outside, so its thread is left behind.

    Raises:
        TimeoutError: it took longer.
    """
    answers: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def run() -> None:
        try:
            answers.put((True, work()))
        except BaseException as error:
            answers.put((False, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        good, answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if good:
        return answer  # type: ignore[no-any-return]
    raise answer


def _read(url: str, most: int, until: float) -> bytes:
    """Read an address, and stop at one byte too many."""
    import requests

    content = bytearray()
    plain = {"Accept-Encoding": "identity"}
    with requests.get(url, stream=True, timeout=SILENCE, headers=plain) as answer:
        answer.raise_for_status()
        for part in answer.iter_content(CHUNK):
            content += part
            if len(content) > most:
                return bytes(content[: most + 1])
            if time.monotonic() > until:
                raise TimeoutError
    return bytes(content)


def _member(archive: bytes, remote: Remote) -> bytes:
    """Take the one file out of an archive, and no more than one byte too many."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as files, files.open(remote.name) as file:
            return file.read(remote.size + 1)
    except Exception as error:  # an archive can be wrong in many ways
        raise SourceError(
            f"{remote.url} gave no archive with {remote.name} ({type(error).__name__})"
        ) from None


def _reason(error: OSError, seconds: float) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None and type(error).__name__ == "HTTPError":
        return f"answers with {status}"
    if "Read timed out" in str(error):
        return f"gave nothing for {SILENCE:g} s"
    reasons = {
        "TimeoutError": f"did not give the file within {seconds:.0f} s",
        "ChunkedEncodingError": "was cut off in the middle",
        "ContentDecodingError": "gave what cannot be unpacked",
        "TooManyRedirects": "leads in circles",
    }
    known = reasons.get(type(error).__name__)
    return known or f"cannot be reached ({type(error).__name__})"
