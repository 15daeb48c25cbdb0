"""One file that holds all that decides the next epoch."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from recurra.arrays import Array
from recurra.errors import RunError
from recurra.files import write_atomically
from recurra.listeners import History
from recurra.training.variables import assign, values_of

__all__ = ["restore", "write_checkpoint"]


def _state(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def write_checkpoint(
    path: Path, model: Any, best: list[Array], history: History, fingerprint: str
) -> None:
    """Write one file that holds everything: it is there as a whole or not at all."""
    tensors = {f"state/{i}": value for i, value in enumerate(values_of(_state(model)))}
    tensors |= {f"best/{i}": value for i, value in enumerate(best)}
    metadata = {"fingerprint": fingerprint, "history": json.dumps(history.rows)}
    write_atomically(path, save(tensors, metadata))


def restore(path: Path, model: Any, fingerprint: str) -> tuple[History, list[Array]]:
    """Put what a file holds into a model; give the curve and the weights of the best epoch.

    Raises:
        RunError: the file is damaged or belongs to other data or settings.
    """
    try:
        with safe_open(path, "numpy") as stored:
            metadata = stored.metadata()
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise RunError(
            f"a checkpoint must be whole, but {path} cannot be read ({error}). "
            "Delete the run folder and start over."
        ) from None
    if metadata["fingerprint"] != fingerprint:
        raise RunError(
            f"a run can only be resumed with the data and settings it was started with, but {path} "
            "was written with others. Give the same ones, or start over with --overwrite."
        )
    state = _state(model)
    assign(state, [tensors[f"state/{i}"] for i in range(len(state))])
    best = [tensors[f"best/{i}"] for i in range(len(model.weights))]
    return History(json.loads(metadata["history"])), best
