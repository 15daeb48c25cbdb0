"""The epochs of a training: how many, which was the best, and a checkpoint after each."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.arrays import Rows
from recurra.errors import RecurraError
from recurra.listeners import NOBODY, History, Listener, Progress
from recurra.optimizers import Adam
from recurra.stored import WEIGHT
from recurra.training.batches import EpochBatches, Example, Taught
from recurra.training.checkpoints import restore, write_checkpoint
from recurra.training.losses import Loss, mean_loss
from recurra.training.predictor import Call, outputs_of
from recurra.training.step import Tell, Visitor
from recurra.training.variables import NetworkWeights, assign, seeded, values_of

__all__ = ["Blocks", "Epoch", "Plan", "Sides", "run_epochs", "train", "train_members"]

Sides = tuple[Rows, Rows]  # rows to learn from, and rows that the best epoch is read off
# from the number of an epoch and a seed to its rows in blocks, each after the share that is read
Blocks = Callable[[int, int], Iterator[tuple[float, Example]]]
Epoch = Callable[[int, Tell], dict[str, float]]  # from its number to both losses


@dataclass(frozen=True)
class Plan:
    """How to train.

    Args:
        epochs: the most visits to the training rows.
        patience: epochs without a lower validation loss before stopping.
        batch_size: rows a step.
        learning_rate: of Adam.
        seed: of the initial weights, the dropout and the order of the rows; each member adds 1.
        falling: whether the learning rate falls to nought along half a cosine; then training does
            not stop before its time.
        least: rows that an epoch visits at least; fewer are visited several times.
    """

    epochs: int = 30
    patience: int = 5
    batch_size: int = 64
    learning_rate: float = 1e-3
    seed: int = 0
    falling: bool = False
    least: int = 0

    def rate(self, epoch: int) -> float:
        """Give the learning rate of an epoch, counted from 1.

        Example:
            >>> [round(Plan(epochs=3, falling=True).rate(epoch), 5) for epoch in (1, 2, 3)]
            [0.001, 0.00075, 0.00025]
        """
        if not self.falling:
            return self.learning_rate
        return self.learning_rate * (1 + math.cos(math.pi * (epoch - 1) / self.epochs)) / 2


def train(
    build: Callable[[], Any],
    example: Example,
    sides: Sequence[Sides],
    plan: Plan,
    *,
    loss: Loss = "binary_crossentropy",
    blocks: Blocks | None = None,
    checkpoints: Path | None = None,
    fingerprint: str = "",
    listener: Listener = NOBODY,
) -> list[tuple[NetworkWeights, History]]:
    """Train networks one after the other, each from a seed and with validation rows of its own.

    Args:
        build: gives a fresh Keras model of named layers; one of several inputs takes a list.
        example: all rows.
        sides: for each network the rows it learns from, and those its best epoch is read off.
        plan: how.
        loss: the name of a Keras loss, or a function (targets, outputs) → one loss a row; its
            weighted mean over the validation rows decides which epoch is best.
        blocks: give rows to learn from that are read in passes, in place of those of `sides`.
        checkpoints: a folder; a checkpoint there is written after every epoch, and gone on from.
        fingerprint: says which data and settings this is; a checkpoint of others is refused.
        listener: is told of every batch and every epoch.

    Returns:
        For each member the weights of its best epoch, by variable name, and its curve.

    Raises:
        RunError: a checkpoint is damaged or belongs to other data or settings.
        RecurraError: the loss is not finite after the first epoch, or weights are too large.
    """

    def validate(network: Call, held: Example) -> float:
        return mean_loss(loss, held, outputs_of(network, held.inputs))

    return train_members(
        build,
        lambda model: Visitor(model, Adam(plan.learning_rate), loss),
        validate,
        example,
        sides,
        plan,
        blocks=blocks,
        checkpoints=checkpoints,
        fingerprint=fingerprint,
        listener=listener,
    )


def train_members(
    build: Callable[[], Any],
    visitor_of: Callable[[Any], Visitor],
    validate: Callable[[Call, Any], float],
    taught: Taught,
    sides: Sequence[Sides],
    plan: Plan,
    *,
    blocks: Blocks | None = None,
    checkpoints: Path | None,
    fingerprint: str,
    listener: Listener,
) -> list[tuple[NetworkWeights, History]]:
    """Train networks on rows of any kind; what is not said here is as in `train`.

    Args:
        build: gives a fresh Keras model.
        visitor_of: gives who takes a model through its training rows.
        validate: gives the loss of a network on rows.
        taught: all rows.
        sides, plan, blocks, checkpoints, fingerprint, listener: as in `train`.
    """
    with seeded(plan.seed):
        model = build()
    visitor = visitor_of(model)
    untouched = values_of(model.optimizer.variables)
    trained = []
    for number, (training, validation) in enumerate(sides, start=1):
        seed = plan.seed + number - 1
        with seeded(seed):
            fresh = build()
        # the compiled steps belong to the model object: new values in it save compiling again
        assign(model.variables, values_of(fresh.variables))
        assign(model.optimizer.variables, untouched)
        rows = taught.take(training), taught.take(validation)
        trained.append(
            run_epochs(
                model,
                _Member(visitor, validate, *rows, plan, seed, blocks).epoch,
                plan,
                checkpoint=checkpoints and checkpoints / f"member-{number}.safetensors",
                fingerprint=f"{fingerprint} member {number}",
                listener=listener,
                member=number,
            )
        )
    return trained


@dataclass
class _Member:
    """One network and its rows."""

    visitor: Visitor
    validate: Callable[[Call, Any], float]
    training: Taught
    validation: Taught
    plan: Plan
    seed: int
    blocks: Blocks | None

    def epoch(self, number: int, tell: Tell) -> dict[str, float]:
        """Visit the training rows; measure both losses, where rows validate."""
        rng = np.random.default_rng([self.seed, number])
        if self.plan.falling:
            self.visitor.model.optimizer.learning_rate = self.plan.rate(number)
        if self.blocks is not None:
            loss = self._visit(self.blocks(number, self.seed), rng, tell)
        else:
            visits = max(1, -(-self.plan.least // max(1, len(self.training))))
            batches = EpochBatches(self.training, self.plan.batch_size, rng, visits)
            loss = self.visitor.visit(batches, tell)
        if not len(self.validation):
            return {"loss": loss}
        network = self.visitor.network()
        return {"loss": loss, "validation_loss": self.validate(network, self.validation)}

    def _visit(
        self, blocks: Iterator[tuple[float, Example]], rng: np.random.Generator, tell: Tell
    ) -> float:
        """Visit rows block by block; give the mean of the losses."""
        total = weight = before = 0.0
        for done, block in blocks:

            def within(share: float, before: float = before, done: float = done) -> None:
                tell(before + share * (done - before))

            batches = EpochBatches(block, self.plan.batch_size, rng)
            part = float(block.weights.sum())
            total += part * self.visitor.visit(batches, within)
            weight, before = weight + part, done
        return total / weight


def run_epochs(
    model: Any,
    epoch: Epoch,
    plan: Plan,
    *,
    checkpoint: Path | None = None,
    fingerprint: str = "",
    listener: Listener = NOBODY,
    member: int = 1,
) -> tuple[NetworkWeights, History]:
    """Run epochs to the end, from a checkpoint where there is one.

    Args:
        model: a compiled Keras model.
        epoch: from its number, counted from 1, and whom to tell the share that is done, to `loss`
            and, where rows validate, `validation_loss`.
        plan: how many, and when to stop.
        checkpoint: the file, None for none.
        fingerprint: a checkpoint of another is refused.
        listener: is told of every share done and of every epoch.
        member: which network this is, counted from 1.

    Returns:
        The weights of the best epoch, by variable name, and the curve.

    Raises:
        RunError: the checkpoint is damaged or belongs to other data or settings.
        RecurraError: the loss is not finite after the first epoch.
    """
    history, best = History(), values_of(model.weights)
    if checkpoint is not None and checkpoint.exists():
        history, best = restore(checkpoint, model, fingerprint)
    while not _finished(history, plan):
        number = len(history.rows) + 1

        def tell(done: float, number: int = number) -> None:
            listener.progress(member, Progress(number, plan.epochs, done, history))

        history.rows.append({"epoch": number, **epoch(number, tell)})
        if not np.isfinite(history.rows[0].get("validation_loss", history.rows[0]["loss"])):
            raise RecurraError(
                "the loss must stay a finite number, but after the first epoch it is not. "
                "Give a lower learning rate."
            )
        if history.best_epoch == len(history.rows):
            best = values_of(model.weights)
        if checkpoint is not None:
            write_checkpoint(checkpoint, model, best, history, fingerprint)
        tell(1.0)
    if not all((np.abs(values) <= WEIGHT).all() for values in best):
        raise RecurraError(
            f"weights must stay within {WEIGHT:,.0f}, for a saved model to be of use, but training "
            "led beyond. Give a lower learning rate."
        )
    names = [weight.path for weight in model.weights]
    return dict(zip(names, best, strict=True)), history


def _finished(history: History, plan: Plan) -> bool:
    run = len(history.rows)
    return run >= plan.epochs or (
        not plan.falling and run > 0 and run - history.best_epoch >= plan.patience
    )
