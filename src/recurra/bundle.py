"""A saved model: plain JSON and safetensors, checksummed, written as a whole or not at all.

::

    model/
    ├── manifest.json         format, version, the SHA-256 of every other file, and of itself
    ├── config.json           architecture by name, classes, threshold, settings
    ├── encoder.json          tokenizer and vocabulary
    ├── weights.safetensors   the arrays, `member/variable`
    └── card.md               what it is, for people

Nothing in it is code: no pickle and no Keras archive, so opening a stranger's model runs nothing.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load, save

from recurra.arrays import Array
from recurra.errors import BundleError
from recurra.files import write_atomically

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "array_of",
    "is_bundle",
    "read_bundle",
    "restoring",
    "write_bundle",
]

FORMAT = "recurra.bundle"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
FILES = ("config.json", "encoder.json", "weights.safetensors", "card.md")


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds.

    Args:
        config: settings, JSON.
        encoder: the encoder, JSON.
        weights: arrays by name.
        card: text for people, Markdown.
    """

    config: dict[str, Any]
    encoder: dict[str, Any]
    weights: dict[str, Array]
    card: str = ""


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _manifest(sums: dict[str, str], version: int = FORMAT_VERSION) -> bytes:
    body = {"format": FORMAT, "version": version, "files": sums}
    return _json({**body, "sha256": hashlib.sha256(_json(body)).hexdigest()})


def write_bundle(folder: Path, bundle: Bundle) -> None:
    """Write a bundle. A bundle that stood at `folder` is replaced once the new one is complete.

    Raises:
        BundleError: what stands there is not a bundle.
    """
    contents = dict(
        zip(
            FILES,
            (
                _json(bundle.config),
                _json(bundle.encoder),
                save({k: np.ascontiguousarray(v) for k, v in bundle.weights.items()}),
                bundle.card.encode(),
            ),
            strict=True,
        )
    )
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    if folder.exists() and not is_bundle(folder) and (folder.is_file() or any(folder.iterdir())):
        raise BundleError(
            f"a saved model needs a folder of its own, but {folder} holds other files. "
            "Give another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, content in {**contents, MANIFEST: _manifest(sums)}.items():
        write_atomically(partial / name, content)
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)
    partial.replace(folder)
    shutil.rmtree(old, ignore_errors=True)


def is_bundle(folder: Path) -> bool:
    """Say whether a folder is a bundle, whole or damaged, by its manifest."""
    try:
        return f'"{FORMAT}"'.encode() in (folder / MANIFEST).read_bytes()
    except OSError:
        return False


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every byte of it.

    Raises:
        BundleError: the folder is no bundle, a file is missing or changed, or the format is newer.
    """
    contents = {name: _read(folder, name) for name in (MANIFEST, *FILES)}
    try:
        manifest = json.loads(contents[MANIFEST])
        sums, version = dict(manifest["files"]), int(manifest["version"])
        ours = manifest["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        raise _damaged(folder, MANIFEST) from None
    if ours and version > FORMAT_VERSION:
        raise BundleError(
            f"this Recurra reads saved models up to format {FORMAT_VERSION}, but {folder} has "
            f"format {version}. Upgrade: pip install --upgrade recurra"
        )
    if contents[MANIFEST] != _manifest(sums, version):
        raise _damaged(folder, MANIFEST)
    for name in FILES:
        if hashlib.sha256(contents[name]).hexdigest() != sums.get(name):
            raise _damaged(folder, name)
    return Bundle(
        json.loads(contents["config.json"]),
        json.loads(contents["encoder.json"]),
        load(contents["weights.safetensors"]),
        contents["card.md"].decode(),
    )


def array_of(bundle: Bundle, name: str, shape: tuple[int, ...], folder: str | Path) -> Array:
    """Give an array of a bundle, which must be of the shape that the rest of it speaks of.

    Raises:
        BundleError: it is not there, or of another shape.
    """
    found = bundle.weights.get(name)
    if found is None or found.shape != shape:
        arrived = "it is not there" if found is None else f"it has {found.shape}"
        raise BundleError(
            f"the array {name!r} of {folder} must have the shape {shape}, as its vocabulary and "
            f"classes do, but {arrived}: its files are not of one model. Copy it again, or train "
            "again."
        )
    return found


@contextmanager
def restoring(folder: str | Path) -> Iterator[None]:
    """Say of what fails while a bundle is made into a model that its settings do not fit.

    Raises:
        BundleError: a setting is not there, or cannot be used.
    """
    try:
        yield
    except BundleError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(
            f"a saved model must hold what this version reads of its kind, but {folder} does not "
            f"({type(error).__name__}: {error}). Train it again with this version."
        ) from None


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise BundleError(
            f"a saved model is a folder with {', '.join((MANIFEST, *FILES))}, but "
            f"{folder / name} cannot be read ({error.strerror}). Give a run folder or its model/."
        ) from None


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(
        f"every file of a saved model must match its checksum, but {folder / name} does not: it "
        "was changed or damaged after it was saved. Copy it again, or train again."
    )
