"""What is here: versions, backend, kernels, data."""

import os
import platform
from importlib.metadata import version

from recurra.backend import keras
from recurra.cells import LSTM
from recurra.data.catalogue import CATALOGUE, locate
from recurra.data.corpora import CORPORA, locate_corpus
from recurra.errors import DataError
from recurra.kernels import choose
from recurra.places import cache_folder

__all__ = ["examine"]

PACKAGES = ("recurra", "keras", "jax", "numpy", "pandas", "scikit-learn")


def examine() -> dict[str, dict[str, str]]:
    """Look at the installation; give sections of names and values."""
    versions = {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}
    return {
        "versions": versions,
        "backend": {"keras backend": keras.backend.backend(), "devices": _devices()},
        "kernels": _kernels(),
        "data": {name: _place(name) for name in CATALOGUE}
        | {name: _corpus_place(name) for name in CORPORA}
        | {
            "RECURRA_DATA": os.environ.get("RECURRA_DATA", "not set"),
            "cache": str(cache_folder()),
        },
    }


def _kernels() -> dict[str, str]:
    choice = choose(LSTM(), "float32")
    advice = {
        "native": "SimpleRNN, LSTM and GRU run natively",
        "portable": "install a C++ compiler (g++ or clang) and Recurra again, to run natively",
        "keras": "layers run as Keras has them",
    }
    chosen = {name: os.environ.get(name, "not set") for name in ("RECURRA_LEVEL", "RECURRA_SPIN")}
    return {"path": choice.path, "reason": choice.reason, "layers": advice[choice.path], **chosen}


def _devices() -> str:
    return ", ".join(keras.distribution.list_devices()) or "cpu"


def _place(name: str) -> str:
    try:
        return str(locate(name, download=False))
    except DataError:
        return f"not found; it is downloaded when needed ({CATALOGUE[name].licence})"


def _corpus_place(name: str) -> str:
    corpus = CORPORA[name]
    try:
        return str(locate_corpus(name, next(iter(corpus.parts))))
    except DataError:
        return f"not found; get it from {corpus.page} ({corpus.licence})"
