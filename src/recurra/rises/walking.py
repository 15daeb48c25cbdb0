"""Fit networks walking forward: anew in every fold, on all days before its test."""

import dataclasses
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.evaluation.metrics import best_threshold
from recurra.evaluation.rise_baselines import Known
from recurra.evaluation.splits import Split
from recurra.rises.networks import build, sequences_of
from recurra.rises.settings import RiseSettings
from recurra.runs import RunFolder
from recurra.training import Example, History, Notify, Plan, Weights, predict, train

__all__ = ["Walked", "history_of", "walk"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Walked:
    """A network fitted in every fold.

    Args:
        scores: (test rows of all folds,) probabilities, each of the fold that tests the row.
        weights: of the last fold, which serve from then on.
        histories: of the training in each fold.
        threshold: a row is called a rise from it on; the best on the validation rows of all folds.
        validation_loss: the lowest of each fold, averaged; it chooses among networks.
        seconds: that all of it took.
    """

    scores: Floats
    weights: Weights
    histories: list[History]
    threshold: float
    validation_loss: float
    seconds: float


def walk(
    name: str,
    known: Known,
    truth: Bools,
    sides: Sequence[Split],
    settings: RiseSettings,
    folder: RunFolder | None,
    notify: Notify | None = None,
) -> Walked:
    """Fit the network of a name in every fold, and score the rows that the fold tests.

    Args:
        name: of `NETWORKS`.
        known: what may be seen of each row.
        truth: (rows,) whether the close rose.
        sides: a split for each fold.
        settings: of the training.
        folder: where checkpoints go, None for none.
        notify: is told of every step.
    """
    began = time.perf_counter()
    sequences = sequences_of(known.windows, known.rule, name)

    def make() -> Any:
        return build(name, known.windows.shape[-1], settings.units)

    trained = train(
        make,
        Example(sequences, truth.astype(np.float32), np.ones(len(truth), np.float32)),
        [(side.train, side.validation) for side in sides],
        Plan(
            epochs=settings.epochs,
            patience=3,
            batch_size=settings.batch_size,
            learning_rate=settings.learning_rate,
            seed=settings.seed,
        ),
        checkpoints=None if folder is None else folder.checkpoints / f"network-{name}",
        fingerprint=_fingerprint(known, truth, sides, settings),
        notify=notify,
    )
    network = make()
    scores, held_out = [], []
    for (weights, _), side in zip(trained, sides, strict=True):
        for variable, value in zip(network.weights, weights.values(), strict=True):
            variable.assign(value)
        scores.append(predict(network, sequences.take(side.test)))
        held_out.append(predict(network, sequences.take(side.validation)))
    validation = truth[np.concatenate([side.validation for side in sides])]
    return Walked(
        scores=np.concatenate(scores),
        weights=dict(zip([v.path for v in network.weights], trained[-1][0].values(), strict=True)),
        histories=[history for _, history in trained],
        threshold=best_threshold(validation, np.concatenate(held_out)),
        validation_loss=float(
            np.mean([min(row["validation_loss"] for row in h.rows) for _, h in trained])
        ),
        seconds=time.perf_counter() - began,
    )


def history_of(networks: Mapping[str, Walked]) -> pd.DataFrame:
    """Give a row an epoch of every network in every fold."""
    return pd.DataFrame(
        [
            {"network": name, "fold": fold, **row}
            for name, network in networks.items()
            for fold, history in enumerate(network.histories, start=1)
            for row in history.rows
        ]
    )


def _fingerprint(known: Known, truth: Bools, sides: Sequence[Split], settings: RiseSettings) -> str:
    """Name a training by all that decides it: only the same one may go on from a checkpoint."""
    digest = hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode())
    for array in (known.windows, known.rule, truth, *(side.fitted_on for side in sides)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
