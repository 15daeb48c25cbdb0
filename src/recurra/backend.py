"""Keras, with JAX as its backend unless the user chose another one.

Keras reads its backend once, when it is first imported, and takes TensorFlow by default: on a
machine without TensorFlow that import fails. So every module takes Keras from here.
"""

import json
import os
import sys
from pathlib import Path

from recurra.errors import RecurraError, SettingsError

__all__ = ["check_process", "chosen_backend", "keras"]

_at_work: int | None = None  # the process in which a network worked first


def chosen_backend() -> str:
    """Give the user's backend: $KERAS_BACKEND, else keras.json, else JAX.

    Keras writes keras.json by itself and puts "tensorflow" there; that is nobody's choice.
    """
    if "KERAS_BACKEND" in os.environ:
        return os.environ["KERAS_BACKEND"]
    home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    try:
        stored = json.loads((home / "keras.json").read_text("utf-8")).get("backend")
    except (OSError, ValueError, AttributeError):
        stored = None
    return stored if isinstance(stored, str) and stored != "tensorflow" else "jax"


def check_process() -> None:
    """Note that a network is at work here, and refuse a fork of a process where one was.

    JAX's threads are not in the fork: a call would wait for them for ever.

    Raises:
        RecurraError: this process is such a fork.
    """
    global _at_work
    _at_work = _at_work or os.getpid()
    if _at_work != os.getpid() and keras.backend.backend() == "jax":
        raise RecurraError(
            "networks work in the process that they began in, but this is a fork of it, where JAX "
            "would wait for ever. Start processes anew: multiprocessing.get_context('spawn')."
        )


if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = chosen_backend()

try:
    import keras
except (ImportError, ValueError) as error:
    raise SettingsError(
        f"the Keras backend {os.environ['KERAS_BACKEND']!r} must be installed, but it cannot be "
        f"imported ({error}). Install it, or unset KERAS_BACKEND to use JAX."
    ) from None
