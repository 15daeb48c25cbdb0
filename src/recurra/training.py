"""One training loop around Keras: length buckets, the best epoch, checkpoints, resume.

::

    for epoch in 1 .. epochs:
        visit the training rows once, in an order drawn from (seed, epoch)
        measure the validation loss; keep the weights if it is the lowest so far
        write a checkpoint
        stop after `patience` epochs without a new lowest loss
    restore the weights of the best epoch

All that decides the next epoch (weights, optimizer, random states, history) is in the checkpoint,
so a run that was killed and resumed ends in the same weights as one that was not.
"""

import json
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from recurra.backend import keras
from recurra.errors import RecurraError, RunError
from recurra.sequences import Ragged

__all__ = [
    "Example",
    "History",
    "Plan",
    "Step",
    "Weights",
    "predict",
    "seeded",
    "train",
    "write_atomically",
]

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Arrays = list[npt.NDArray[Any]]
Weights = dict[str, npt.NDArray[Any]]

SHORTEST_BUCKET = 16
PREDICTION_ROWS = 64  # always: a row's score is then the same bits whatever stands beside it


@dataclass(frozen=True)
class Plan:
    """How to train.

    Args:
        epochs: the most visits to the training rows.
        patience: epochs without a lower validation loss before stopping.
        batch_size: rows a step.
        learning_rate: of Adam.
        seed: of the initial weights, the dropout and the order of the rows; each member adds 1.
    """

    epochs: int = 30
    patience: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True)
class Example:
    """Sequences with their targets (0 to 1) and weights, all in row order."""

    sequences: Ragged
    targets: Floats
    weights: Floats

    def take(self, rows: Rows) -> "Example":
        """Give the chosen rows."""
        return Example(self.sequences.take(rows), self.targets[rows], self.weights[rows])


@dataclass
class History:
    """The curve of one training: a row an epoch, and which epoch was best."""

    rows: list[dict[str, float]] = field(default_factory=list)

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest validation loss, counted from 1."""
        losses = [row["validation_loss"] for row in self.rows]
        return int(np.argmin(np.nan_to_num(losses, nan=np.inf))) + 1

    def sentence(self) -> str:
        """Read the curve aloud."""
        best, run = self.best_epoch, len(self.rows)
        after = "validation loss rises after" if best < run else "validation loss was still falling"
        return f"best epoch {best} of {run}, {after}"


@dataclass(frozen=True)
class Step:
    """Where training stands, for whoever shows progress."""

    epoch: int
    epochs: int
    done: float
    history: History


Notify = Callable[[int, Step], None]


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw its initial weights and dropout seeds from `seed`; restore Python's after.

    Keras takes every seed that is not given from Python's `random`.
    """
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def bucket_of(lengths: Rows) -> Rows:
    """Give the padded length of each sequence: the next power of two, at least 16.

    A text's bucket depends on its own length alone, so its score cannot depend on its neighbours.

    Example:
        >>> bucket_of(np.array([0, 8, 9, 300])).tolist()
        [16, 16, 16, 512]
    """
    exponents = np.ceil(np.log2(np.maximum(lengths, SHORTEST_BUCKET)))
    buckets: Rows = 2 ** exponents.astype(np.int64)
    return buckets


def _batches(sequences: Ragged, order: Rows, size: int) -> list[tuple[int, Rows]]:
    """Cut rows, in the order given, into (padded length, rows) of one bucket each."""
    buckets = bucket_of(sequences.lengths[order])
    cut = []
    for bucket in np.unique(buckets):
        rows = order[buckets == bucket]
        cut += [(int(bucket), rows[i : i + size]) for i in range(0, len(rows), size)]
    return cut


def _padded(sequences: Ragged, rows: Rows, timesteps: int, size: int) -> npt.NDArray[Any]:
    """Give (size, timesteps[, features]) of the table's kind; missing rows are all padding."""
    padded = np.zeros((size, timesteps, sequences.table.shape[1]), sequences.table.dtype)
    padded[: len(rows)] = sequences.pad(rows, timesteps)
    return padded[..., 0] if padded.shape[2] == 1 else padded


class _Epoch(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch, every one of `batch_size` rows: one compiled shape a bucket."""

    def __init__(self, example: Example, batch_size: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.example, self.batch_size = example, batch_size
        order = rng.permutation(len(example.sequences))
        self.batches = _batches(example.sequences, order, batch_size)
        rng.shuffle(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        timesteps, rows = self.batches[index]
        targets, weights = np.zeros((2, self.batch_size, 1), np.float32)
        targets[: len(rows), 0] = self.example.targets[rows]
        weights[: len(rows), 0] = self.example.weights[rows]
        return (
            _padded(self.example.sequences, rows, timesteps, self.batch_size),
            targets,
            weights[:, 0],
        )


class _Progress(keras.callbacks.Callback):  # type: ignore[misc]
    def __init__(self, step: Callable[[float], None], batches: int) -> None:
        super().__init__()
        self.step, self.batches = step, batches

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.step((batch + 1) / self.batches)


def predict(model: Any, sequences: Ragged) -> npt.NDArray[np.float64]:
    """Give the model's output for each sequence, (sequences,), in row order."""
    scores = np.empty(len(sequences))
    for timesteps, rows in _batches(sequences, np.arange(len(sequences)), PREDICTION_ROWS):
        output = model.predict_on_batch(_padded(sequences, rows, timesteps, PREDICTION_ROWS))
        scores[rows] = np.asarray(output)[: len(rows), 0]
    return scores


def log_loss(targets: Floats, scores: npt.NDArray[np.float64], weights: Floats) -> float:
    """Give the weighted mean of -target log(score) - (1 - target) log(1 - score)."""
    p = np.clip(scores, 1e-7, 1 - 1e-7)
    return float(np.average(-targets * np.log(p) - (1 - targets) * np.log(1 - p), weights=weights))


def train(
    build: Callable[[], Any],
    example: Example,
    sides: Sequence[tuple[Rows, Rows]],
    plan: Plan,
    *,
    checkpoints: Path | None = None,
    fingerprint: str = "",
    notify: Notify | None = None,
) -> list[tuple[Weights, History]]:
    """Train networks one after the other, each from a seed and with validation rows of its own.

    Args:
        build: gives a fresh Keras model of named layers, whose output is one probability a row.
        example: all rows.
        sides: for each network the rows it learns from, and those its best epoch is read off.
        plan: how.
        checkpoints: a folder; a checkpoint there is written after every epoch, and gone on from.
        fingerprint: says which data and settings this is; a checkpoint of others is refused.
        notify: called after every batch and every epoch.

    Returns:
        For each member the weights of its best epoch, by variable name, and its curve.

    Raises:
        RunError: a checkpoint is damaged or belongs to other data or settings.
    """
    with seeded(plan.seed):
        model = build()
    model.compile(
        keras.optimizers.Adam(plan.learning_rate),
        "binary_crossentropy",
        weighted_metrics=["binary_crossentropy"],
    )
    model.optimizer.build(model.trainable_variables)
    untouched = _values(model.optimizer.variables)
    trained = []
    for member, (training, validation) in enumerate(sides):
        with seeded(plan.seed + member):
            fresh = build()
        # the compiled steps belong to the model object: new values in it save compiling again
        _assign(model.variables, _values(fresh.variables))
        _assign(model.optimizer.variables, untouched)
        checkpoint = checkpoints and checkpoints / f"member-{member + 1}.safetensors"
        tell = partial(notify, member + 1) if notify else lambda step: None
        rows = example.take(training), example.take(validation)
        loop = _Loop(model, *rows, plan, plan.seed + member, tell)
        trained.append(loop.run(checkpoint, f"{fingerprint} member {member + 1}"))
    return trained


@dataclass
class _Loop:
    """The epochs of one member."""

    model: Any
    training: Example
    validation: Example
    plan: Plan
    seed: int
    tell: Callable[[Step], None]

    def run(self, checkpoint: Path | None, fingerprint: str) -> tuple[Weights, History]:
        """Train to the end; give the weights of the best epoch and the curve."""
        history, best = History(), _values(self.model.weights)
        if checkpoint is not None and checkpoint.exists():
            history, best = _restore(checkpoint, self.model, fingerprint)
        while not _finished(history, self.plan):
            history.rows.append(self._epoch(history))
            if not np.isfinite(history.rows[0]["validation_loss"]):
                raise RecurraError(
                    "the loss must stay a finite number, but after the first epoch it is not. "
                    "Give a lower learning rate."
                )
            if history.best_epoch == len(history.rows):
                best = _values(self.model.weights)
            if checkpoint is not None:
                _write_checkpoint(checkpoint, self.model, best, history, fingerprint)
            self.tell(Step(len(history.rows), self.plan.epochs, 1.0, history))
        names = [weight.path for weight in self.model.weights]
        return dict(zip(names, best, strict=True)), history

    def _epoch(self, history: History) -> dict[str, float]:
        epoch = len(history.rows) + 1
        rng = np.random.default_rng([self.seed, epoch])
        batches = _Epoch(self.training, self.plan.batch_size, rng)
        progress = _Progress(
            lambda done: self.tell(Step(epoch, self.plan.epochs, done, history)), len(batches)
        )
        logs = self.model.fit(batches, verbose=0, shuffle=False, callbacks=[progress]).history
        scores = predict(self.model, self.validation.sequences)
        loss = log_loss(self.validation.targets, scores, self.validation.weights)
        return {"epoch": epoch, "loss": logs["binary_crossentropy"][0], "validation_loss": loss}


def _finished(history: History, plan: Plan) -> bool:
    run = len(history.rows)
    return run >= plan.epochs or (run > 0 and run - history.best_epoch >= plan.patience)


def _values(variables: list[Any]) -> Arrays:
    # a copy: the next step may reuse the memory
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def _assign(variables: list[Any], values: Arrays) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _state(model: Any) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]


def _write_checkpoint(
    path: Path, model: Any, best: Arrays, history: History, fingerprint: str
) -> None:
    """Write one file that holds everything: it is there as a whole or not at all."""
    tensors = {f"state/{i}": value for i, value in enumerate(_values(_state(model)))}
    tensors |= {f"best/{i}": value for i, value in enumerate(best)}
    metadata = {"fingerprint": fingerprint, "history": json.dumps(history.rows)}
    write_atomically(path, save(tensors, metadata))


def _restore(path: Path, model: Any, fingerprint: str) -> tuple[History, Arrays]:
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
    _assign(state, [tensors[f"state/{i}"] for i in range(len(state))])
    best = [tensors[f"best/{i}"] for i in range(len(model.weights))]
    return History(json.loads(metadata["history"])), best


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that whoever looks finds the old content or the new, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.partial")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
