"""Which backend Keras takes: said before Keras is imported, for it looks only once.

Keras takes TensorFlow unless told otherwise, and fails where that is not installed. Here it is told
JAX, which Recurra brings along, unless the user chose: in $KERAS_BACKEND, or in keras.json.
"""

import json
import os
import sys
import warnings
from pathlib import Path

__all__ = ["choose_backend", "chosen_backend"]


def chosen_backend() -> str:
    """Give the user's backend: $KERAS_BACKEND, else keras.json, else JAX.

    Keras writes keras.json by itself and puts "tensorflow" there; that is nobody's choice.
    """
    if os.environ.get("KERAS_BACKEND"):
        return os.environ["KERAS_BACKEND"]
    try:
        home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
        stored = json.loads((home / "keras.json").read_text("utf-8")).get("backend")
    except (OSError, ValueError, AttributeError, RuntimeError):  # RuntimeError: there is no home
        stored = None
    return stored if isinstance(stored, str) and stored != "tensorflow" else "jax"


def choose_backend() -> None:
    """Have the next `import keras` take the backend chosen; warn where Keras runs on another one.

    An `import keras` that failed leaves parts behind that remember TensorFlow: they are forgotten,
    so that in a notebook the next cell works.
    """
    chosen = chosen_backend()
    loaded = sys.modules.get("keras")
    if loaded is None:
        for name in [name for name in sys.modules if name.startswith("keras.")]:
            del sys.modules[name]
        os.environ["KERAS_BACKEND"] = chosen
        return
    config = getattr(loaded, "config", None)  # None while Keras itself is being imported
    taken = config.backend() if config is not None else chosen
    if taken != chosen:
        warnings.warn(
            f"Keras was imported before Recurra and runs on {taken!r}, not on {chosen!r}: networks "
            "work as Keras itself works, without Recurra's kernels. To change that, start Python "
            "(in a notebook: the kernel) anew and write `import recurra` above `import keras`. To "
            f"keep it and hear no more of it, set KERAS_BACKEND={taken}.",
            stacklevel=3,
        )
