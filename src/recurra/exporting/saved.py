"""From a run to a file that others read, and beside it what its network must be given.

::

    spam.onnx         the network, all its members in one
    spam.onnx.json    tokenizer and vocabulary, or mean and scale; classes and threshold
"""

import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recurra.answers.forecasts import LINE
from recurra.bundle import read_bundle
from recurra.errors import BundleError, RunError, SettingsError
from recurra.extras import how_to_install
from recurra.files import write_atomically
from recurra.names import ROCKETS, STARTING, listed
from recurra.operations.network import Plan
from recurra.problems.kept import Kept, classes_of, kept_model
from recurra.runtime.models import NETWORKS, SavedNetwork, load
from recurra.text.joining import feature_columns

__all__ = ["exportable", "to_keras", "to_onnx"]

FORMAT = "recurra.export/1"


def exportable(
    run: str | Path,
    *,
    onnx: str | Path | None = None,
    keras: str | Path | None = None,
    overwrite: bool = False,
) -> Kept:
    """Find the network of a run that files are to be made of; nothing heavy is imported.

    Args:
        run: a run folder, or the model folder in it.
        onnx: a file to be written, ending in .onnx.
        keras: a file to be written, ending in .keras.
        overwrite: whether what is to be written may be there.

    Raises:
        BundleError: no network is saved there, or one that is not exported.
        SettingsError: a file has another ending, or what it needs is not installed.
        RunError: a file is there.
    """
    kept = kept_model(run)
    if kept.kind not in NETWORKS:
        raise BundleError(
            f"what is exported is a network saved by {', '.join(NETWORKS)}, but {kept.folder} "
            f"holds {kept.name}, saved by {kept.kind}. Ask it with recurra predict."
        )
    if kept.facts.settings.get("model") in ROCKETS:
        raise BundleError(
            f"what is exported answers in 32 bits, but {kept.name} is weighed with MiniRocket, "
            "which counts steps above a bias: that takes 64. Ask it with recurra predict, score or "
            "serve, or train another: --model gru-fcn"
        )
    if keras is not None and kept.facts.settings.get("model") in STARTING:
        raise BundleError(
            f"a Keras file holds Keras' own layers alone, but {kept.name} goes with a linear model "
            "of n-grams, which is none. Export it with --onnx, or train another: --model bi-gru"
        )
    if feature_columns(kept.facts.columns):
        raise BundleError(
            f"a file of others is given a text alone, but {kept.name} reads columns beside it, "
            "too. Ask it with recurra predict, score or serve"
        )
    if kept.kind == "SequenceForecaster" and kept.facts.channels:
        raise BundleError(
            f"a file of others is given a series alone, but {kept.name} reads columns beside it "
            f"({listed(kept.facts.channels)}). Ask it with recurra predict"
        )
    for file, ending in ((onnx, ".onnx"), (keras, ".keras")):
        if file is not None:
            _check_place(Path(file), ending, overwrite)
    if onnx is not None and not find_spec("onnx"):
        raise SettingsError(
            "an ONNX file is written by the package onnx, but it is not installed. "
            f"Install it: {how_to_install('onnx')}"
        )
    return kept


def _check_place(file: Path, ending: str, overwrite: bool) -> None:
    if file.suffix != ending:
        raise SettingsError(f"the file must end in {ending}, but it is {file}.")
    for place in (file, _beside(file)):
        if place.is_dir() or (place.exists() and not overwrite):
            raise RunError(
                f"a file is not written over another, but {place} is there. "
                "Give another name, or --overwrite a file."
            )


def to_onnx(run: str | Path, file: str | Path, *, overwrite: bool = False) -> None:
    """Write the network of a run as an ONNX file, and beside it FILE.json: what it must be given.

    Args:
        run: a run folder, or the model folder in it.
        file: ending in .onnx.
        overwrite: whether both files may be there.

    Raises:
        BundleError: no network is saved there, or one that is not exported.
        SettingsError: the file has another ending, onnx is missing, or has no such operation.
        RunError: a file is there.
    """
    kept = exportable(run, onnx=file, overwrite=overwrite)
    saved, about = _network(kept), _about(kept)
    from recurra.exporting.onnx import onnx_of

    model = onnx_of(saved.networks, _metadata(about), getattr(saved, "start_", None))
    _write(Path(file), model.SerializeToString(), saved, about)


def to_keras(run: str | Path, file: str | Path, *, overwrite: bool = False) -> None:
    """Write the network of a run as a Keras file, and beside it FILE.json: what it must be given.

    The file holds Keras' own layers alone, so that Keras opens it without Recurra.

    Args:
        run: a run folder, or the model folder in it.
        file: ending in .keras.
        overwrite: whether both files may be there.

    Raises:
        BundleError: no network is saved there, or one that is not exported.
        SettingsError: the file has another ending, or the network has layers of Recurra.
        RunError: a file is there.
    """
    kept = exportable(run, keras=file, overwrite=overwrite)
    saved, about = _network(kept), _about(kept)
    from recurra.exporting.keras import keras_of

    model = keras_of(saved.networks)
    with TemporaryDirectory() as folder:
        written = Path(folder) / "network.keras"
        model.save(written)
        _write(Path(file), written.read_bytes(), saved, about)


def _network(kept: Kept) -> SavedNetwork:
    saved = load(kept.folder)
    assert isinstance(saved, SavedNetwork)
    return saved


def padding_of(plan: Plan) -> str:
    """Say to which length a row may be padded: where padding is seen, it changes the answer.

    Example:
        >>> plan = {
        ...     "operations": [
        ...         {"operation": "numbers", "name": "x", "columns": 3},
        ...         {"operation": "pooling", "name": "mean", "of": ["x"], "kind": "mean"},
        ...     ]
        ... }
        >>> padding_of(Plan.model_validate(plan))
        'any'
    """
    seen = not getattr(plan.reads, "masked", True) or any(
        getattr(each, "padding", None) == "valid" or getattr(each, "kind", None) == "maximum"
        for each in plan.operations
    )
    return "the next power of two, at least 16" if seen else "any"


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def _about(kept: Kept) -> dict[str, Any]:
    """Give what a reader must know of a model: what config.json and encoder.json say."""
    bundle = read_bundle(kept.folder)
    config = {name: value for name, value in bundle.config.items() if name != "members"}
    _, positive = classes_of(kept)
    if positive is not None and "threshold" in config:  # two labels of a tagger have none
        config["positive"] = config["classes"][positive]
    lines = {name: each for name, each in bundle.weights.items() if name.startswith(LINE)}
    if lines:  # as which a forecaster begins
        config["line"] = {name.removeprefix(LINE): each.tolist() for name, each in lines.items()}
    return {"format": FORMAT, **config, "encoder": bundle.encoder}


def _metadata(about: Mapping[str, Any]) -> dict[str, str]:
    """Give what the ONNX file says of itself: all but the encoder, of which the tokenizer."""
    said = {name: value for name, value in about.items() if name != "encoder"}
    if "tokenizer" in about["encoder"]:
        said["tokenizer"] = about["encoder"]["tokenizer"]
    return {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in said.items()
    }


def _write(file: Path, content: bytes, saved: SavedNetwork, about: Mapping[str, Any]) -> None:
    """Write what others read, and beside it what they must know."""
    plan = saved.networks[0].plan
    numbers, every_step, _ = plan.shape()
    given = {"columns": plan.reads.columns, "padding": padding_of(plan)}
    answered = {"numbers": numbers, "every_step": every_step}
    beside = {**about, "input": given, "output": answered}
    write_atomically(_beside(file), f"{json.dumps(beside, indent=1)}\n".encode())
    write_atomically(file, content)
