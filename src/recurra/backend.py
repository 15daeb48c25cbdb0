"""Keras, with JAX as its backend unless the user chose another one.

Keras reads its backend once, when it is first imported, and takes TensorFlow by default: on a
machine without TensorFlow that import fails. So every module takes Keras from here.
"""

import json
import os
import sys
from pathlib import Path

from recurra.errors import SettingsError

__all__ = ["chosen_backend", "keras"]


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


if "keras" not in sys.modules:
    os.environ["KERAS_BACKEND"] = chosen_backend()

try:
    import keras
except (ImportError, ValueError) as error:
    raise SettingsError(
        f"the Keras backend {os.environ['KERAS_BACKEND']!r} must be installed, but it cannot be "
        f"imported ({error}). Install it, or unset KERAS_BACKEND to use JAX."
    ) from None
