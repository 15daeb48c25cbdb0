"""What is here: versions, backend, kernels, data."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from recurra.data.catalogue import CATALOGUE, locate
from recurra.data.corpora import CORPORA, locate_corpus
from recurra.errors import DataError, SettingsError
from recurra.extras import how_to_install
from recurra.places import cache_folder

__all__ = ["examine"]

PACKAGES = ("recurra", "keras", "jax", "numpy", "pandas", "scikit-learn")
EXTRAS = {  # packages that only some work needs, and the extra that brings them
    "finance-datareader": "markets",
    "exchange-calendars": "markets",
    "kiwipiepy": "korean",
    "python-calamine": "excel",
    "onnx": "onnx",
    "starlette": "serve",
}


def examine() -> dict[str, dict[str, str]]:
    """Look at the installation; give sections of names and values."""
    versions = {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}
    versions |= {name: _version_or_hint(name, extra) for name, extra in EXTRAS.items()}
    return {
        "versions": versions,
        **_backend_and_kernels(),
        "data": {name: _place(name) for name in CATALOGUE}
        | {name: _corpus_place(name) for name in CORPORA}
        | {
            "RECURRA_DATA": os.environ.get("RECURRA_DATA", "not set"),
            "cache": str(cache_folder()),
        },
    }


def _backend_and_kernels() -> dict[str, dict[str, str]]:
    try:
        from recurra.backend import keras
    except SettingsError as error:  # what is wrong with it is what is asked for
        nothing = {"path": "none", "reason": "Keras cannot be imported"}
        return {"backend": {"keras backend": str(error)}, "kernels": nothing}
    backend = keras.backend.backend()
    return {
        "backend": {"keras backend": backend, "devices": _devices(backend)},
        "kernels": _kernels(),
    }


def _kernels() -> dict[str, str]:
    from recurra.kernels import explain
    from recurra.layers import LSTM

    choice = explain(LSTM(1))
    by_jax = "forward mode and second derivatives by JAX, step by step"
    advice = {
        "native": f"SimpleRNN, LSTM and GRU run natively, gradients too; {by_jax}",
        "portable": "install a C++ compiler (g++ or clang) and Recurra again, to run natively",
        "keras": "layers run as Keras has them",
    }
    chosen = {name: os.environ.get(name, "not set") for name in ("RECURRA_LEVEL", "RECURRA_SPIN")}
    return {"path": choice.path, "reason": choice.reason, "layers": advice[choice.path], **chosen}


def _devices(backend: str) -> str:
    from recurra.backend import keras

    try:
        return ", ".join(keras.distribution.list_devices()) or "cpu"
    except AttributeError:  # Keras knows those of JAX and TensorFlow
        return f"chosen by {backend}"


def _version_or_hint(name: str, extra: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return f"not installed; {how_to_install(extra)}"


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
