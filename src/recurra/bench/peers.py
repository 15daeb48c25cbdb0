"""An environment of their own for the rivals: PyTorch stays out of the user's."""

import hashlib
import subprocess
import sys
import venv
from importlib.metadata import version

from recurra.errors import RecurraError, SettingsError
from recurra.places import cache_folder

__all__ = ["PEERS", "check_peers", "peer_python", "requirements"]

TORCH = "torch==2.13.0"
PEERS = {"keras-jax": ("keras", "jax"), "keras-torch": ("keras", TORCH), "torch": (TORCH,)}
PACKAGES = PEERS | {"onnxruntime": ("onnxruntime==1.32.0", "onnx==1.23.2")}


def check_peers(names: list[str]) -> None:
    """Refuse a name that is no rival's, and no name at all."""
    if not names:
        raise SettingsError(f"at least one peer must be given of {', '.join(PEERS)}, but got none.")
    for name in names:
        if name not in PEERS:
            raise SettingsError(f"a peer must be one of {', '.join(PEERS)}, but got '{name}'.")


def requirements(names: list[str]) -> list[str]:
    """Name the packages the rivals need: Keras, JAX and NumPy in the versions installed here.

    Example:
        >>> requirements(["torch"])[1]
        'torch==2.13.0'
    """
    packages = {package for name in names for package in PACKAGES[name]} | {"numpy"}
    return sorted(p if "==" in p else f"{p}=={version(p)}" for p in packages)


def peer_python(names: list[str]) -> str:
    """Give the Python of the rivals' environment, which is made where it is not there yet.

    Raises:
        RecurraError: the packages cannot be installed.
    """
    wanted = requirements(names)
    digest = hashlib.sha256(" ".join([sys.version, *wanted]).encode()).hexdigest()
    folder = cache_folder() / "peers" / digest[:12]
    python, whole = folder / "bin" / "python", folder / "whole"
    if whole.exists():
        return str(python)
    venv.create(folder, with_pip=True, clear=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(  # noqa: S603 (the environment made above)
        [*install, *wanted], stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise RecurraError(
            f"the peers need {', '.join(wanted)} in {folder}, but pip failed: {last} "
            "Name a Python that has them with --peer-python, or fewer --peers."
        )
    whole.touch()
    return str(python)
