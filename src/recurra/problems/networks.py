"""Estimators as contenders: how the judge fits them, asks them and describes them."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone

from recurra.data.passes import Streamed
from recurra.estimators import SequenceClassifier
from recurra.judging.classes import Labelled
from recurra.judging.problem import Contender, Sides, Tunable
from recurra.judging.report import LayerInfo, MemberInfo, ModelInfo, TrainingInfo
from recurra.judging.said import Said
from recurra.listeners import Listener
from recurra.models import in_words, layer_table
from recurra.training import seeded

__all__ = ["READING", "UNITS", "ClassifierNetwork", "EstimatorNetwork", "networks", "tunable"]

# what a search may choose: of a reader of texts, of a cell, of every network
READING: Mapping[str, Sequence[Any]] = {
    "tokenizer": ("word", "cased-word", "char"),
    "min_count": (1, 2, 3, 5),
    "max_length": (64, 128, 256),
}
UNITS = (16, 32, 64, 128)
BATCHES = (16, 32, 64, 128)
RATES = (3e-4, 1e-2)


@dataclass
class EstimatorNetwork:
    """A network that the judge can fit and ask; a subclass says how its estimator is.

    Args:
        estimator: not fitted; a copy of it is.
        seed: from which it is trained.
    """

    reads: ClassVar[Any]  # the class of its estimator

    estimator: Any
    seed: int
    rows: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.estimator = clone(self.estimator).set_params(random_state=self.seed)

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """Take an estimator as it is, fitted or about to be."""
        network = cls(estimator, estimator.random_state)
        network.estimator = estimator
        return network

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or of another kind.
        """
        return cls.of(cls.reads.load(folder))

    def fit(
        self, known: Any, sides: Sides, *, listener: Listener, checkpoints: Path | None
    ) -> Self:
        """Train on the rows known."""
        self._fit(known, sides, listeners=[listener], checkpoints=checkpoints)
        return self

    def _fit(self, known: Any, sides: Sides, **watched: Any) -> None:
        raise NotImplementedError

    def say(self, asked: Any) -> Any:
        """Say something of rows."""
        raise NotImplementedError

    def save(self, folder: Path, card: str, **facts: Any) -> None:
        """Write the estimator's bundle."""
        self.estimator.save(folder, card, **facts)

    @property
    def parameters(self) -> int:
        """How many, of one member."""
        return int(self._built().count_params())

    @property
    def network(self) -> str:
        """Its layers in words."""
        return in_words(self._built())

    def _built(self) -> Any:
        with seeded(0):
            return self.estimator.build()

    @property
    def validation_loss(self) -> float:
        """The lowest, the mean over the members; infinity where no rows validate."""
        histories = self.estimator.histories_
        losses = [[r.get("validation_loss", np.inf) for r in h.rows] for h in histories]
        return float(np.mean([np.nan_to_num(each, nan=np.inf).min() for each in losses]))

    @property
    def vocabulary(self) -> int:
        """How many tokens the network knows; 0 of what reads numbers."""
        return 0

    def describe(self) -> ModelInfo:
        """Say what it is made of."""
        network = self._built()
        layers = [LayerInfo(**vars(layer)) for layer in layer_table(network)]
        return ModelInfo(
            architecture=self.estimator.model,
            members=len(self.estimator.sides_),
            vocabulary=self.vocabulary,
            parameters=sum(layer.parameters for layer in layers),
            layers=layers,
            trainable=sum(int(np.prod(each.shape)) for each in network.trainable_weights),
        )

    def training(self) -> TrainingInfo:
        """Say how training went."""
        histories = self.estimator.histories_
        return TrainingInfo(
            seconds=0.0,
            curve=histories[0].sentence(),
            members=[
                MemberInfo(epochs_run=len(h.rows), best_epoch=h.best_epoch) for h in histories
            ],
            curves=[h.rows for h in histories],
        )


@dataclass
class ClassifierNetwork(EstimatorNetwork):
    """A `SequenceClassifier` among contenders for classes.

    Args:
        encoder: fitted before on other rows too, as a lesson's may be; None leaves it to the
            training rows.
    """

    reads = SequenceClassifier

    encoder: Any = None
    names: tuple[str, ...] = field(default=(), init=False)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote."""
        network = super().load(folder)
        network.names = tuple(map(str, network.estimator.classes_))
        return network

    @property
    def positive(self) -> int | None:
        """The number of the class to find, of two."""
        if len(self.names) != 2:
            return None
        return self.names.index(str(self.estimator.positive_class))

    def _fit(self, known: Labelled, sides: Sides, **watched: Any) -> None:
        self.rows, self.names = int(known.counts.sum()), known.names
        if known.positive is not None and len(known.names) == 2:
            self.estimator.set_params(positive=known.names[known.positive])
        self.estimator.fit(
            known.inputs,
            known.labels,
            groups=known.groups,
            sides=self._sides(known, sides),
            encoder=self.encoder,
            passes=known.passes if isinstance(known, Streamed) else None,
            **watched,
        )

    def _sides(self, known: Labelled, sides: Sides) -> list[Any] | None:
        """Give each member a turn; None leaves it to the estimator."""
        return [sides[n % len(sides)] for n in range(self.estimator.members_of(known.inputs))]

    @property
    def encoder_(self) -> Any:
        """From sequences to what the network reads, once it was fitted."""
        return self.estimator.encoder_

    @property
    def threshold(self) -> float | None:
        """Of two classes, the score from which it says positive."""
        found: float | None = self.estimator.threshold_
        return found

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return len(getattr(self.estimator.encoder_, "vocabulary", ()))

    def say(self, asked: Any) -> Said:
        """Give the probability of each class, and the class decided for."""
        known = {name: number for number, name in enumerate(self.names)}
        order = [known[str(name)] for name in self.estimator.classes_]
        found = self.estimator.predict_proba(asked)
        probabilities = np.zeros((len(found), len(self.names)))
        probabilities[:, order] = found
        decided = np.array(order)[self.estimator.decide(found)]
        return Said(probabilities, decided)


def networks(
    kind: Callable[..., EstimatorNetwork], estimators: list[Any], **settings: Any
) -> list[Contender]:
    """Give estimators as contenders, called by their architecture.

    Args:
        kind: of `EstimatorNetwork`, takes the estimator and the seed.
        estimators: not fitted; they differ in nothing but what the question is about.
        settings: of the kind.
    """
    return [
        Contender(estimator.model, partial(kind, copy.copy(estimator), **settings))
        for estimator in estimators
    ]


def tunable(contenders: Sequence[Contender], rows: Any, **choices: Sequence[Any]) -> Tunable:
    """Say what a search may choose of the first network, and what it is by default.

    Args:
        contenders: what `networks` gave, and others.
        rows: what the network would read in a fit; some defaults depend on how many there are.
        choices: by the name of a setting, what it may be, beside its default; rows a step and the
            learning rate are always among them.
    """
    given = next(each for each in contenders if not each.baseline)
    make = given.make
    assert isinstance(make, partial)
    estimator = make.args[0]
    usual = estimator.usual(rows)
    if make.keywords.get("encoder") is not None:  # what it reads is settled
        choices = {name: choices[name] for name in choices if name not in READING}
    named = {**choices, "batch_size": BATCHES}
    default = {name: getattr(estimator, name) or usual[name] for name in [*named, "learning_rate"]}
    space: dict[str, Any] = {name: sorted({*named[name], default[name]}) for name in named}
    rate = default["learning_rate"]
    space["learning_rate"] = (min(RATES[0], rate), max(RATES[1], rate))
    return Tunable(space, default, partial(_with_settings, make))


def _with_settings(make: Any, settings: Mapping[str, Any], alone: bool) -> Contender:
    chosen = copy.copy(make.args[0]).set_params(**settings)
    if alone and hasattr(chosen, "members"):
        chosen.set_params(members=1)
    return Contender(str(settings["model"]), partial(make.func, chosen, **make.keywords))
