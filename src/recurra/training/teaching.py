"""Teacher forcing: a network that writes is shown what stands before each token it is to say.

::

    inputs    <begin>  t₁   t₂   …  tₙ         (and a class, or a sentence to translate)
    targets   t₁       t₂   t₃   …  <end>
    loss      - Σ log p(target | what stands before it) / number of targets

The epochs are those of `epochs`: seeded order, lowest validation loss, a checkpoint after
every epoch, and a killed run that goes on ends in the same weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.answers.writing import log_softmax
from recurra.arrays import Array, Floats, Rows
from recurra.backend import keras
from recurra.listeners import NOBODY, History, Listener
from recurra.optimizers import Adam
from recurra.sequences import Ragged
from recurra.training.batches import PREDICTION_ROWS, Batch, bucket_of, cut, padded
from recurra.training.epochs import Plan, Sides, train_members
from recurra.training.predictor import Call
from recurra.training.step import Visitor
from recurra.training.variables import NetworkWeights

__all__ = ["Lesson", "log_probabilities", "ragged_tokens", "teach"]


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

    inputs: tuple[Ragged | Array, ...]
    targets: Ragged

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, rows: Rows) -> "Lesson":
        """Give the chosen rows."""
        return Lesson(
            tuple(i.take(rows) if isinstance(i, Ragged) else i[rows] for i in self.inputs),
            self.targets.take(rows),
        )

    def arrays(self) -> list[Array]:
        """Give all that it holds, for a fingerprint."""
        parts = (*self.inputs, self.targets)
        return [a for p in parts for a in (p.arrays() if isinstance(p, Ragged) else [p])]

    def batches(self, order: Rows, size: int) -> list[tuple[list[int], Rows]]:
        """Cut rows, in the order given, into ([padded length], rows): that of the longest part."""
        sequences = [i for i in (*self.inputs, self.targets) if isinstance(i, Ragged)]
        longest: Rows = np.max([bucket_of(s.lengths) for s in sequences], axis=0)
        return cut(longest[order][:, None], order, size)

    def pad(self, rows: Rows, timesteps: Sequence[int], size: int) -> Batch:
        """Give inputs, targets and weights of `size` rows; the weights of all tokens sum to 1."""

        def full(part: Ragged | Array) -> Array:
            if isinstance(part, Ragged):
                return padded(part, rows, timesteps[0], size)
            values = np.zeros(size, np.int32)
            values[: len(rows)] = part[rows]
            return values

        targets = full(self.targets)
        weights = (targets != 0).astype(np.float32)
        return tuple(map(full, self.inputs)), targets, weights / weights.sum()


def surprise(targets: Any, logits: Any) -> Any:
    """Give -log p(target) of every step."""
    return keras.losses.sparse_categorical_crossentropy(targets, logits, from_logits=True)


def log_probabilities(call: Call, lesson: Lesson) -> Floats:
    """Give the natural logarithm of the probability of each row's targets, (rows,).

    Args:
        call: from a padded batch to logits.
        lesson: the rows.
    """
    found = np.empty(len(lesson))
    for timesteps, rows in lesson.batches(np.arange(len(lesson)), PREDICTION_ROWS):
        inputs, targets, _ = lesson.pad(rows, timesteps, PREDICTION_ROWS)
        logs = log_softmax(np.asarray(call(list(inputs))).astype(np.float64))
        said = np.take_along_axis(logs, targets[..., None], -1)[..., 0] * (targets != 0)
        found[rows] = said.sum(1)[: len(rows)]
    return found


def teach(
    build: Callable[[], Any],
    lesson: Lesson,
    sides: Sides,
    plan: Plan,
    *,
    checkpoints: Path | None = None,
    fingerprint: str = "",
    listener: Listener = NOBODY,
) -> tuple[NetworkWeights, History]:
    """Train a network whose output is logits, (batch, timesteps, tokens), by teacher forcing.

    Args:
        build: gives a fresh Keras model.
        lesson: all rows.
        sides: the rows it learns from, and those its best epoch is read off.
        plan: how.
        checkpoints: a folder; a checkpoint there is written after every epoch, and gone on from.
        fingerprint: says which data and settings this is; a checkpoint of others is refused.
        listener: is told of every batch and every epoch.

    Returns:
        The weights of the best epoch, by variable name, and the curve.

    Raises:
        RunError: a checkpoint is damaged or belongs to other data or settings.
        RecurraError: the loss is not finite after the first epoch.
    """

    def visitor_of(model: Any) -> Visitor:
        optimizer = Adam(plan.learning_rate, global_clipnorm=1.0)
        return Visitor(model, optimizer, surprise, reduction="sum")

    def validate(network: Call, held: Lesson) -> float:
        said = log_probabilities(network, held)
        return float(-said.sum() / held.targets.lengths.sum())

    (taught,) = train_members(
        build,
        visitor_of,
        validate,
        lesson,
        [sides],
        plan,
        checkpoints=checkpoints,
        fingerprint=fingerprint,
        listener=listener,
    )
    return taught
