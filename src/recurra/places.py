"""Where things are kept between runs, and that compiled networks are kept there."""

import hashlib
import os
import platform
import warnings
from pathlib import Path

import platformdirs

__all__ = ["cache_folder", "keep_compiled"]


def cache_folder() -> Path:
    """Give the folder of downloads: $RECURRA_CACHE, else the system's cache folder."""
    return Path(os.environ.get("RECURRA_CACHE") or platformdirs.user_cache_dir("recurra"))


def keep_compiled() -> None:
    """Let JAX keep what it compiles, so that a command run again need not compile again.

    It must be called before JAX is imported. Each kind of processor has a folder of its own, as a
    home may be shared. Where JAX's own $JAX_COMPILATION_CACHE_DIR is set, that is used.
    """
    folder = cache_folder() / "compiled" / _processor()
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(folder))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
    # a process that was killed may leave half an entry: it is compiled once more
    warnings.filterwarnings("ignore", message="Error (reading|writing) persistent compilation")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    kind = [line for line in lines if line.startswith(("model name", "flags", "Features"))][:2]
    return hashlib.sha256("\n".join([platform.machine(), *kind]).encode()).hexdigest()[:12]
