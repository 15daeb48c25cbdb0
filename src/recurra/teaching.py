"""Teacher forcing: a network that writes is shown what stands before each token it is to say.

::

    inputs    <begin>  t₁   t₂   …  tₙ         (and a class, or a sentence to translate)
    targets   t₁       t₂   t₃   …  <end>
    loss      - Σ log p(target | what stands before it) / number of targets

The epochs are those of `recurra.training`: seeded order, lowest validation loss, a checkpoint after
every epoch, and a killed run that goes on ends in the same weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.backend import keras
from recurra.optimizers import Adam
from recurra.sequences import Ragged
from recurra.training import (
    PREDICTION_ROWS,
    Call,
    History,
    Notify,
    Plan,
    Step,
    Visitor,
    Weights,
    bucket_of,
    progress,
    run_epochs,
    seeded,
)

__all__ = ["Lesson", "layer_weights", "log_probabilities", "log_softmax", "ragged_tokens", "teach"]

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[Any]


def ragged_tokens(documents: Sequence[Sequence[int]]) -> Ragged:
    """Store sequences of token indices end to end."""
    codes = np.fromiter((token for tokens in documents for token in tokens), np.int32)
    offsets = np.cumsum([0, *map(len, documents)], dtype=np.int64)
    table = np.arange(int(codes.max(initial=0)) + 1, dtype=np.int32)[:, None]
    return Ragged(codes, offsets, table)


@dataclass(frozen=True)
class Lesson:
    """What a network is given and what it is to say.

    Args:
        inputs: for each input of the network its sequences, or one integer a row, (rows,).
        targets: the tokens to say, one a step of the last input.
    """

    inputs: tuple[Ragged | npt.NDArray[np.int32], ...]
    targets: Ragged

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Rows) -> "Lesson":
        """Give the chosen rows."""
        return Lesson(
            tuple(i.take(rows) if isinstance(i, Ragged) else i[rows] for i in self.inputs),
            self.targets.take(rows),
        )

    def arrays(self) -> list[npt.NDArray[Any]]:
        """Give all that it holds, for a fingerprint."""
        parts = (*self.inputs, self.targets)
        return [a for p in parts for a in (p.arrays() if isinstance(p, Ragged) else [p])]

    def buckets(self) -> Rows:
        """Give the padded length of each row: that of its longest sequence."""
        sequences = [i for i in (*self.inputs, self.targets) if isinstance(i, Ragged)]
        longest: Rows = np.max([bucket_of(s.lengths) for s in sequences], axis=0)
        return longest

    def batches(self, order: Rows, size: int) -> list[tuple[int, Rows]]:
        """Cut rows, in the order given, into (padded length, rows) of one bucket each."""
        buckets = self.buckets()[order]
        cut = []
        for bucket in np.unique(buckets):
            rows = order[buckets == bucket]
            cut += [(int(bucket), rows[i : i + size]) for i in range(0, len(rows), size)]
        return cut

    def pad(self, rows: Rows, timesteps: int, size: int) -> tuple[list[Any], Any]:
        """Give inputs and targets, (size, timesteps) each; rows that are missing are padding."""

        def padded(part: Ragged | npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
            found = part.pad(rows, timesteps)[..., 0] if isinstance(part, Ragged) else part[rows]
            full = np.zeros((size, *found.shape[1:]), np.int32)
            full[: len(rows)] = found
            return full

        return list(map(padded, self.inputs)), padded(self.targets)


class _Epoch(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch; the weights of the tokens of a batch sum to 1."""

    def __init__(self, lesson: Lesson, batch_size: int, rng: np.random.Generator) -> None:
        super().__init__()
        self.lesson, self.batch_size = lesson, batch_size
        self.batches = lesson.batches(rng.permutation(len(lesson)), batch_size)
        rng.shuffle(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        timesteps, rows = self.batches[index]
        inputs, targets = self.lesson.pad(rows, timesteps, self.batch_size)
        weights = (targets != 0).astype(np.float32)
        return tuple(inputs), targets, weights / weights.sum()


def surprise(targets: Any, logits: Any) -> Any:
    """Give -log p(target) of every step."""
    return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)


def log_softmax(logits: Floats) -> Floats:
    """Give log(exp(x) / Σ exp(x)) over the last axis, which cannot overflow in this form."""
    shifted = logits - logits.max(-1, keepdims=True)
    result: Floats = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def log_probabilities(call: Call, lesson: Lesson) -> npt.NDArray[np.float64]:
    """Give the natural logarithm of the probability of each row's targets, (rows,).

    Args:
        call: from a padded batch to logits.
        lesson: the rows.
    """
    found = np.empty(len(lesson))
    for timesteps, rows in lesson.batches(np.arange(len(lesson)), PREDICTION_ROWS):
        inputs, targets = lesson.pad(rows, timesteps, PREDICTION_ROWS)
        logs = log_softmax(np.asarray(call(inputs)).astype(np.float64))
        said = np.take_along_axis(logs, targets[..., None], -1)[..., 0] * (targets != 0)
        found[rows] = said.sum(1)[: len(rows)]
    return found


def teach(
    build: Callable[[], Any],
    lesson: Lesson,
    sides: tuple[Rows, Rows],
    plan: Plan,
    *,
    checkpoints: Path | None = None,
    fingerprint: str = "",
    notify: Notify | None = None,
) -> tuple[Weights, History]:
    """Train a network whose output is logits, (batch, timesteps, tokens), by teacher forcing.

    Args:
        build: gives a fresh Keras model.
        lesson: all rows.
        sides: the rows it learns from, and those its best epoch is read off.
        plan: how.
        checkpoints: a folder; a checkpoint there is written after every epoch, and gone on from.
        fingerprint: says which data and settings this is; a checkpoint of others is refused.
        notify: called after every epoch and batch.

    Returns:
        The weights of the best epoch, by variable name, and the curve.

    Raises:
        RunError: a checkpoint is damaged or belongs to other data or settings.
        RecurraError: the loss is not finite after the first epoch.
    """
    with seeded(plan.seed):
        model = build()
    optimizer = Adam(plan.learning_rate, global_clipnorm=1.0)
    visitor = Visitor(model, optimizer, surprise, reduction="sum")
    taught, held = lesson.take(sides[0]), lesson.take(sides[1])

    def tell(step: Step) -> None:
        if notify:
            notify(1, step)

    def epoch(history: History) -> dict[str, float]:
        rng = np.random.default_rng([plan.seed, len(history.rows) + 1])
        batches = _Epoch(taught, plan.batch_size, rng)
        loss = visitor.visit(batches, progress(plan, history, tell))
        said = log_probabilities(visitor.network(), held)
        return {"loss": loss, "validation_loss": -said.sum() / held.targets.lengths.sum()}

    checkpoint = checkpoints / "member-1.safetensors" if checkpoints else None
    return run_epochs(model, epoch, plan, checkpoint=checkpoint, fingerprint=fingerprint, tell=tell)


def layer_weights(weights: Weights, layer: str) -> dict[str, Floats]:
    """Give the variables of one layer by their last name: `kernel`, `bias`, …"""
    parts = ((path.split("/"), value) for path, value in weights.items())
    return {names[-1]: value for names, value in parts if layer in names[:-1]}
