"""How to write a problem: one file, and a line where it is registered.

The question here: of a coin that is tossed again and again, does the last toss say anything of the
next? A contender says so, a baseline says that it does not; the judge finds out who is right::

    rows         a toss: what came before it (input), what it was (target)
    split        the last fifth of the tosses is held out
    contenders   after the last toss (two shares), beside the share of heads (one)
    count        probabilities, decision and truth: `ClassProblem` does it for all classes

A problem of another kind takes `Problem` as its base, and says itself what a fit may see (`known`),
what is asked (`asked`), how an answer is counted (`count`) and which rows are one piece of evidence
(`evidence`). Whatever it is, `run`, `compare`, the report and the page are there at once.
"""

import hashlib
from pathlib import Path
from typing import Any, Self

import numpy as np

from recurra.arrays import Codes, Floats
from recurra.bundle import Bundle, write_bundle
from recurra.judging.classes import ClassProblem, Labelled, beside_of, class_data, turns_of
from recurra.judging.measures import class_measures
from recurra.judging.problem import Contender, Fold, Sides
from recurra.judging.report import DataInfo, MemberInfo, ModelInfo, TrainingInfo
from recurra.judging.said import Said
from recurra.listeners import Listener

__all__ = ["AfterLast", "Share", "coin_problem"]

NAMES, HEADS = ("tails", "heads"), 1


class Share:
    """The baseline: the share of heads among the tosses known, whatever came before."""

    name = "share of heads"

    def __init__(self, seed: int = 0) -> None:
        self.rows = 0

    def fit(
        self, known: Labelled, sides: Sides, *, listener: Listener, checkpoints: Path | None
    ) -> Self:
        """Count."""
        self.rows = len(known.truth)
        self.heads = np.array([self._share(known, known.inputs == last) for last in (0, 1)])
        return self

    def _share(self, known: Labelled, after: Any) -> float:
        return float(known.truth.mean())

    def say(self, asked: Codes) -> Said:
        """Give the probability of each side, and the side that is the more probable."""
        heads: Floats = self.heads[asked]
        return Said(np.stack([1 - heads, heads], axis=1), (heads >= 0.5).astype(np.int64))

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {"estimator": type(self).__name__, "rows": self.rows, **facts}
        write_bundle(folder, Bundle(config, {}, {"heads": self.heads}, card))


class AfterLast(Share):
    """Stands where a network does: the share of heads after heads, and after tails."""

    name = "after the last toss"
    parameters, network = 2, "last toss → a share of heads for each side"

    def _share(self, known: Labelled, after: Any) -> float:
        return float(known.truth[after].mean()) if after.any() else 0.5

    def fit(self, known: Labelled, sides: Sides, **watched: Any) -> Self:
        """Count; the loss on validation rows is what chooses among networks."""
        train, validation = sides[0]
        judged = super().fit(known.take(train), sides, **watched).say(known.inputs[validation])
        of_truth = judged.probabilities[np.arange(len(validation)), known.truth[validation]]
        self.validation_loss = float(-np.log(np.maximum(of_truth, 1e-9)).mean())
        return super().fit(known, sides, **watched)

    def describe(self) -> ModelInfo:
        """Say what it is made of."""
        return ModelInfo(architecture=self.name, members=1, vocabulary=0, parameters=2, layers=[])

    def training(self) -> TrainingInfo:
        """Say how it was trained: in one go."""
        row = {"epoch": 1.0, "loss": self.validation_loss, "validation_loss": self.validation_loss}
        once = [MemberInfo(epochs_run=1, best_epoch=1)]
        return TrainingInfo(seconds=0.0, curve="counted once", members=once, curves=[[row]])


def coin_problem(tosses: int = 400, seed: int = 0, sticky: float = 0.5) -> ClassProblem:
    """Ask whether the last toss of a coin says anything of the next.

    Args:
        tosses: how many.
        seed: of the coin.
        sticky: how probable it is that a toss repeats the last one; 0.5 is a fair coin.

    Example:
        >>> from recurra.judging.run import run
        >>> [run(coin_problem(sticky=s)).report.verdict.answer for s in (0.5, 0.9)]
        ['undecided', 'yes']
    """
    repeats = np.random.default_rng(seed).random(tosses) < sticky
    sides = np.cumsum(~repeats) % 2
    rows = Labelled(sides[:-1], sides[1:], NAMES, HEADS, np.arange(tosses - 1))
    known, held = np.split(np.arange(tosses - 1), [tosses * 4 // 5])
    turns = turns_of(rows.truth[known], rows.groups[known], 0.2, seed)
    sha256 = hashlib.sha256(sides.tobytes()).hexdigest()
    return ClassProblem(
        name="coin",
        data=DataInfo(source=f"a coin tossed {tosses:,} times", sha256=sha256, **class_data(rows)),
        split="the last tosses are held out",
        folds=[Fold(known, held, turns)],
        contenders=[Contender(AfterLast.name, AfterLast), Contender(Share.name, Share, True)],
        measures=class_measures(2, HEADS),
        beside=beside_of(2, HEADS),
        seed=seed,
        facts=[sides.tolist()],
        rows=rows,
    )
