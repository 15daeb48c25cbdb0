"""Whether this machine is ready for a class: what is here, and what to do where it is not."""

import importlib
import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recurra.classroom.kit import FREE, check_kit, read_kit
from recurra.data.catalogue import locate
from recurra.data.opening import open_texts
from recurra.errors import DataError, RecurraError
from recurra.extras import how_to_install
from recurra.places import cache_folder
from recurra.plots import korean_font

__all__ = ["Check", "State", "ready"]

State = Literal["ready", "slower", "missing"]
MEMORY, DISK = 2 << 30, 1 << 30  # bytes that the chapters of the lecture and their runs need
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
GIB = 1 << 30
SHORT = 120  # messages, enough to train on


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: of it.
        state: ready; slower: the class works, with less; missing: it does not.
        found: what is here.
        advice: what to do, "" where it is ready.
    """

    name: str
    state: State
    found: str
    advice: str = ""


def ready(kit: str | Path | None = None) -> list[Check]:
    """Look at this machine as a class would use it; no network is asked.

    Args:
        kit: the folder of a kit, whose files are checked and whose data count; None: the data are
            looked for under $RECURRA_DATA and in the cache.

    Raises:
        DataError: `kit` is none.
    """
    about_data = _kit(kit) if kit is not None else [_data(name) for name in FREE]
    looked: Sequence[Callable[[], Check]] = (
        _python,
        _backend,
        _kernels,
        _training,
        _font,
        _console,
        _processors,
        _memory,
        _disk,
        _cache,
        _notebooks,
    )
    found = [look() for look in looked] + about_data
    return [*found, _offline(about_data)]


def _python() -> Check:
    wide = sys.maxsize > 2**32
    said = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    advice = "" if wide else "install the 64-bit Python: JAX has no other"
    return Check("Python", "ready" if wide else "missing", said, advice)


def _backend() -> Check:
    try:
        from recurra.backend import keras
    except RecurraError as error:
        return Check("Keras backend", "missing", str(error), "install Recurra again")
    return Check(
        "Keras backend", "ready", f"Keras {keras.__version__} on {keras.backend.backend()}"
    )


def _kernels() -> Check:
    try:
        from recurra.kernels import explain
        from recurra.layers import LSTM

        choice = explain(LSTM(1))
    except RecurraError as error:
        return Check("native kernels", "missing", str(error), "mend the backend first")
    if choice.path == "native":
        return Check("native kernels", "ready", choice.reason)
    advice = "take a wheel that was built for this machine, or install a C++ compiler first"
    return Check("native kernels", "slower", choice.reason, advice)


def _training() -> Check:
    """Train a tiny network, as all else rests on that."""
    begun = time.perf_counter()
    try:
        from recurra.estimators import SequenceClassifier

        rows = open_texts("spam", sample=True)
        network = SequenceClassifier("simple-rnn", epochs=1, members=1, positive=rows.positive)
        network.fit(rows.texts[:SHORT], rows.labels[:SHORT])
    except (RecurraError, ImportError, OSError, RuntimeError) as error:
        return Check("a training", "missing", str(error)[:300], "mend the backend first")
    return Check(
        "a training", "ready", f"of a tiny network took {time.perf_counter() - begun:.0f} s"
    )


def _font() -> Check:
    found = korean_font()
    if found:
        return Check("Korean font", "ready", found)
    advice = "install NanumGothic (apt-get install fonts-nanum); else plots show boxes for Korean"
    return Check("Korean font", "slower", "none found", advice)


def _console() -> Check:
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "한글".encode(encoding)
    except (UnicodeError, LookupError):
        advice = "set PYTHONUTF8=1; until then Korean is shown as codes"
        return Check("letters of the console", "slower", f"{encoding} has no Korean", advice)
    return Check("letters of the console", "ready", f"{encoding} has Korean")


def _processors() -> Check:
    granted = getattr(os, "sched_getaffinity", None)
    count = len(granted(0)) if granted else os.cpu_count() or 1
    state: State = "ready" if count > 1 else "slower"
    return Check(
        "number of processors", state, str(count), "" if count > 1 else "trainings take longer"
    )


def _memory() -> Check:
    size = _memory_size()
    if size is None:
        return Check("size of memory", "ready", "size not known")
    said = f"{size / GIB:.1f} GiB"
    advice = "" if size >= MEMORY else f"{MEMORY / GIB:.0f} GiB are needed: close other programs"
    return Check("size of memory", "missing" if advice else "ready", said, advice)


def _memory_size() -> int | None:
    """Give the memory of the machine, or of the control group where that is less."""
    sizes = [int(text) for text in map(_read, LIMITS) if text.isdigit()]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        sizes.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(sizes, default=None)


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _disk() -> Check:
    here = Path.cwd()
    free = shutil.disk_usage(here).free
    said = f"{free / GIB:.1f} GiB free in {here}"
    if free < DISK:
        return Check(
            "room on the disk", "missing", said, f"{DISK / GIB:.0f} GiB are needed: make room"
        )
    try:
        with tempfile.NamedTemporaryFile(dir=here):
            return Check("room on the disk", "ready", said)
    except OSError as error:
        advice = "work in a folder of your own: runs are written to the folder you are in"
        return Check(
            "room on the disk", "missing", f"{here} cannot be written to ({error.strerror})", advice
        )


def _cache() -> Check:
    """Say whether what is compiled and fetched can be kept."""
    place = cache_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place):
            return Check("cache folder", "ready", str(place))
    except OSError as error:
        advice = "set RECURRA_CACHE to a folder that can be written to; else all is compiled anew"
        return Check(
            "cache folder", "slower", f"{place} cannot be written to ({error.strerror})", advice
        )


def _notebooks() -> Check:
    for name in ("jupyterlab", "notebook", "ipykernel"):
        if importlib.util.find_spec(name):
            return Check("Jupyter for notebooks", "ready", name)
    return Check("Jupyter for notebooks", "slower", "no Jupyter", how_to_install("class"))


def _data(name: str) -> Check:
    try:
        return Check(f"data: {name}", "ready", str(locate(name, download=False)))
    except DataError:
        advice = "set RECURRA_DATA to the data folder of a kit; `--sample` works without"
        return Check(f"data: {name}", "slower", "not here; it is downloaded when needed", advice)


def _kit(folder: str | Path) -> list[Check]:
    kit, wrong = read_kit(folder), check_kit(folder)
    count = f"{len(kit['files']):,} files"
    if wrong:
        first = next(f"{name} ({what})" for name, what in wrong.items())
        said = f"not as they were: {len(wrong):,} of {count}, such as {first}"
        return [Check("kit", "missing", said, "copy the kit again")]
    names = ", ".join(kit.get("data", {})) or "none"
    return [Check("kit", "ready", f"{count}, all whole, with the data sets {names}")]


def _offline(about_data: Sequence[Check]) -> Check:
    absent = [check.name for check in about_data if check.state != "ready"]
    if absent:
        said = f"not all data are here: {', '.join(absent)}"
        return Check("without a network", "slower", said, "recurra kit make FOLDER, with a network")
    return Check("without a network", "ready", "all that the class needs is here")
