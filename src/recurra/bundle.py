"""A saved model: plain JSON and safetensors, checksummed, written as a whole or not at all.

::

    model/
    ├── manifest.json         format, version, the SHA-256 of every other file, and of itself
    ├── config.json           architecture by name, classes, threshold, settings
    ├── encoder.json          tokenizer and vocabulary
    ├── network.json          what the network does, operation by operation; of a network alone
    ├── weights.safetensors   the arrays, `member/variable`
    └── card.md               what it is, for people

Nothing in it is code: no pickle and no Keras archive, so opening a stranger's model runs nothing.

The checksums find damage, and files of two models in one folder. They do not tell who wrote a
model: whoever changes a file can write its checksum, too. So what is read is compared with what
its kind of model needs before a model is made of it, and a model that opens answers.
"""

import errno
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from os.path import isdir
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import Field, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load, save

from recurra.arrays import Array
from recurra.errors import BundleError, InputError
from recurra.files import bring_to_disk, write_atomically
from recurra.stored import Count, Distinct, Number, Numbers, Stored, Text, first_error, unlike

__all__ = [
    "FORMAT_VERSION",
    "Bundle",
    "Facts",
    "Judged",
    "found_at",
    "is_bundle",
    "opened",
    "read_bundle",
    "read_facts",
    "restoring",
    "write_bundle",
]

FORMAT = "recurra.bundle"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
NETWORK = "network.json"
FILES = ("config.json", "encoder.json", "weights.safetensors", "card.md")
Read = TypeVar("Read")
# what Python, NumPy, scikit-learn and safetensors raise of what cannot be made into a model
UNUSABLE: tuple[type[Exception], ...] = (ArithmeticError, AttributeError, LookupError, TypeError)
UNUSABLE += (ValueError, RecursionError, SafetensorError)
# more than any model has; what is larger is not read
MOST_BYTES = {MANIFEST: 1 << 16, NETWORK: 1 << 20, "config.json": 1 << 24, "encoder.json": 1 << 29}
MOST_BYTES |= {"weights.safetensors": 1 << 32, "card.md": 1 << 24}
MOST_VALUES = 10_000_000  # of a JSON file: each takes some 60 bytes
LONGEST = 500  # letters of a reason


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds.

    Args:
        config: settings, JSON.
        encoder: the encoder, JSON.
        weights: arrays by name.
        card: text for people, Markdown.
        folder: where it was read, for what is said of it.
        network: what the network does, JSON; None of a baseline, and of models saved before.
    """

    config: dict[str, Any]
    encoder: dict[str, Any]
    weights: dict[str, Array]
    card: str = ""
    folder: Path = Path()
    network: dict[str, Any] | None = None

    def config_as(self, read: Callable[[dict[str, Any]], Read]) -> Read:
        """Give what `read` makes of config.json.

        Raises:
            BundleError: it does not hold what `read` needs.
        """
        with restoring(self.folder / "config.json"):
            return read(self.config)

    def encoder_as(self, read: Callable[[dict[str, Any]], Read]) -> Read:
        """Give what `read` makes of encoder.json.

        Raises:
            BundleError: it does not hold what `read` needs.
        """
        with restoring(self.folder / "encoder.json"):
            return read(self.encoder)

    def network_as(self, read: Callable[[dict[str, Any]], Read]) -> Read | None:
        """Give what `read` makes of network.json; None where there is none.

        Raises:
            BundleError: it does not hold what `read` needs.
        """
        if self.network is None:
            return None
        with restoring(self.folder / NETWORK):
            return read(self.network)

    def arrays(self, needed: Mapping[str, Numbers], of: str = "") -> dict[str, Array]:
        """Give the arrays, which must be those that the rest of the bundle speaks of.

        Args:
            needed: what they must be.
            of: with what their names begin; those of other names are not looked at.

        Raises:
            BundleError: one is not there, of another shape or type, or not in its range.
        """
        found = {name: each for name, each in self.weights.items() if name.startswith(of)}
        wrong = unlike(found, needed)
        if wrong:
            raise _unfit(self.folder / "weights.safetensors", wrong)
        return found


class Facts(Stored):
    """What config.json says of a model of any kind.

    Args:
        estimator: the kind.
        name: by which tables call it; of a network that is the architecture.
        settings: of the estimator.
        recipe: the problem that it was trained for.
        fitted_on: which rows.
        judged: what its run found.
        target, log: the column it forecasts, and whether its logarithm is.
        classes: that it tells apart, or may give.
        trained_to: the last day or time that it was fitted on.
        positive: of a baseline of two classes, the number of the one to find.
        columns: of the table that it was taught, by their roles, such as "text".
        channels: the names of the numbers of a step that it reads.
        scheme: of the spans that its tags mark.
        normal: the state that is no alarm.
        threshold, hold: the probability from which one is meant, and for how many steps in a row.
        tolerance, window: steps by which an alarm may be late, and of which a network learns.
    """

    estimator: Text
    name: Text | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    recipe: Text | None = None
    fitted_on: Text | None = None
    judged: "Judged | None" = None
    target: Text | None = None
    log: bool | None = None
    classes: list[Text | bool | int | Number] = Field(default_factory=list)
    trained_to: Text | None = None
    positive: int | None = None
    columns: dict[Text, Text] = Field(default_factory=dict)
    channels: list[Text] = Field(default_factory=list)
    scheme: Text | None = None
    normal: Text | None = None
    threshold: Number | None = None
    hold: Count | None = None
    tolerance: Annotated[int, Field(ge=0)] | None = None
    window: Count | None = None

    @property
    def called(self) -> str:
        """The name, or the architecture."""
        return str(self.name or self.settings.get("model", self.estimator))


class Judged(Stored):
    """What the run of a model asked and found: the answer in words, and whether it is evidence.

    `tickers` are those it was fitted on; none where a run did not keep them.
    """

    answer: Text = ""
    evidence: bool = False
    rise: Number | None = None
    fall: Number | None = None
    holdings: Count | None = None
    tickers: Distinct = Field(default_factory=list)


class _Manifest(Stored):
    format: Text
    version: Count
    files: dict[Text, Text]


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode(
        "utf-8",
        "surrogatepass",  # half an emoji in a token; JSON reads it back
    )


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
                bundle.card.encode("utf-8", "replace"),
            ),
            strict=True,
        )
    )
    if bundle.network is not None:
        contents[NETWORK] = _json(bundle.network)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    if folder.exists() and not is_bundle(folder) and (folder.is_file() or any(folder.iterdir())):
        raise BundleError(
            f"a saved model needs a folder of its own, but {folder} holds other files. "
            "Give another folder."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    if found_at(folder) != folder:
        found_at(folder).replace(folder)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name, content in {**contents, MANIFEST: _manifest(sums)}.items():
        write_atomically(partial / name, content)
    bring_to_disk(partial)
    old = _old(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.replace(old)  # from here until the next line it is read where it is now
    partial.replace(folder)
    bring_to_disk(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _old(folder: Path) -> Path:
    """Give the place to which a bundle goes while a newer one takes its name."""
    return folder.with_name(f".{folder.name}.old")


def found_at(folder: Path) -> Path:
    """Give the place where a bundle is: under its name, or where it waits for a newer one.

    A process that replaces a bundle may die between the two steps of it: the older one is still
    read, and the next that is written gives it its name back first.
    """
    return folder if isdir(folder) or not isdir(_old(folder)) else _old(folder)


def is_bundle(folder: Path) -> bool:
    """Say whether a folder is a bundle, whole or damaged, by its manifest."""
    try:
        return f'"{FORMAT}"'.encode() in _read(folder, MANIFEST)
    except BundleError:
        return False


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle and check every byte of it.

    Raises:
        BundleError: the folder is no bundle, a file is missing, changed or too large, or the format
            is newer.
    """
    contents = {name: _read(folder, name) for name in (MANIFEST, *FILES)}
    try:
        manifest = _Manifest.model_validate(_parsed(contents[MANIFEST]))
        whole = contents[MANIFEST] == _manifest(manifest.files, manifest.version)
    except (ValueError, RecursionError):
        raise _damaged(folder, MANIFEST) from None
    if manifest.format == FORMAT and manifest.version > FORMAT_VERSION:
        raise BundleError(
            f"this Recurra reads saved models up to format {FORMAT_VERSION}, but {folder} has "
            f"format {manifest.version}. Upgrade: pip install --upgrade recurra"
        )
    if not whole:
        raise _damaged(folder, MANIFEST)
    if NETWORK in manifest.files:
        contents[NETWORK] = _read(folder, NETWORK)
    for name in contents.keys() - {MANIFEST}:
        if hashlib.sha256(contents[name]).hexdigest() != manifest.files.get(name):
            raise _damaged(folder, name)
    found: dict[str, Any] = {NETWORK: None}
    for name in sorted(contents.keys() - {MANIFEST}):
        with restoring(folder / name):
            found[name] = READERS[name](contents.pop(name))
    config, encoder, weights, card = (found[name] for name in FILES)
    return Bundle(config, encoder, weights, card, folder, found[NETWORK])


def read_facts(folder: Path) -> Facts:
    """Read of a bundle what tells its kind and name; nothing is checked that this does not need.

    Raises:
        BundleError: there is no such file, or it does not tell them.
    """
    content = _read(folder, "config.json")
    with restoring(folder / "config.json"):
        return Facts.model_validate(_parsed(content))


@contextmanager
def opened(folder: str | Path, kind: str) -> Iterator[Bundle]:
    """Give a bundle of a kind while a model is made of it.

    Raises:
        BundleError: it is damaged, of another kind, or no model can be made of it.
    """
    bundle = read_bundle(Path(folder))
    found = bundle.config_as(Facts.model_validate).estimator
    if found != kind:
        raise BundleError(
            f"this takes a model saved by {kind}, but {folder} was saved by {found}. "
            f"Read it with {found}, or give another folder."
        )
    with restoring(folder):
        yield bundle


@contextmanager
def restoring(place: str | Path) -> Iterator[None]:
    """Say of a file or folder what fails while it is made into a model or a part of one.

    Raises:
        BundleError: something is not there, or cannot be used.
    """
    try:
        yield
    except BundleError:
        raise
    except ValidationError as error:
        raise _unfit(place, first_error(error)) from None
    except InputError as error:
        raise _unfit(place, str(error)) from None
    except UNUSABLE as error:
        raise _unfit(place, f"{type(error).__name__}: {error}") from None


def _parsed(content: bytes) -> dict[str, Any]:
    """Read a JSON object; a comma or a bracket stands before each of its values."""
    values = sum(content.count(sign) for sign in (b",", b"[", b"{"))
    if values > MOST_VALUES:
        raise ValueError(f"it must hold up to {MOST_VALUES:,} values, but it holds {values:,}")
    found = json.loads(content.decode("utf-8", "surrogatepass"), parse_constant=_refused)
    if not isinstance(found, dict):
        raise TypeError(f"it must be a JSON object, but it is a {type(found).__name__}")
    return found


READERS: dict[str, Callable[[bytes], Any]] = {
    "config.json": _parsed,
    "encoder.json": _parsed,
    NETWORK: _parsed,
    "weights.safetensors": load,
    "card.md": bytes.decode,
}


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _read(folder: Path, name: str) -> bytes:
    path = found_at(folder) / name
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is not a file")
        size = path.stat().st_size
        if size > MOST_BYTES[name]:
            raise OSError(errno.EFBIG, f"{size:,} bytes are too many")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"a saved model is a folder with {', '.join((MANIFEST, *FILES))}, but "
            f"{path} cannot be read ({error.strerror}). Give a run folder or its model/."
        ) from None


def _unfit(place: str | Path, why: str) -> BundleError:
    why = " ".join(why.split()).rstrip(".")
    return BundleError(
        f"a saved model must hold what this version reads of its kind, but {place} does not: "
        f"{why if len(why) <= LONGEST else why[:LONGEST] + '…'}. Copy it again, or train it again "
        "with this version."
    )


def _damaged(folder: Path, name: str) -> BundleError:
    return BundleError(
        f"every file of a saved model must match its checksum, but {folder / name} does not: it "
        "was changed or damaged after it was saved. Copy it again, or train again."
    )
