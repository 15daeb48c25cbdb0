"""Saved networks that answer without Keras or JAX.

::

    bundle → encoder, operations, weights of each member
    answer(X) = told(mean of the members' outputs(encode(X)))

What is told is the code of the estimators (`recurra.answers`); only the networks run another way.
A bundle of an earlier version says nothing of operations: its network is built once with Keras, and
they are read off it.
"""

from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field

from recurra.answers.classes import ClassAnswers
from recurra.answers.forecasts import ForecastAnswers
from recurra.answers.labels import LabelAnswers
from recurra.answers.model import FittedModel, Stream
from recurra.answers.quantities import QuantityAnswers
from recurra.answers.reading import as_sentences, as_texts, encoder_from_json
from recurra.answers.tags import TagAnswers
from recurra.arrays import Floats
from recurra.bundle import Bundle, opened, read_facts
from recurra.errors import BundleError, SettingsError
from recurra.operations.kinds import Shape
from recurra.operations.network import Network, Plan
from recurra.sequences import Inputs, NumberEncoder, Ragged
from recurra.stored import Count, Stored
from recurra.text import TextEncoder
from recurra.text.encoder import ids_per_token

__all__ = [
    "SavedClassifier",
    "SavedForecaster",
    "SavedLabeller",
    "SavedModel",
    "SavedNetwork",
    "SavedRegressor",
    "SavedTagger",
    "load",
]


class _Stored(Stored):
    settings: dict[str, Any]
    members: Annotated[int, Field(ge=1, le=1000)]


class SavedModel(FittedModel):
    """A model read from its bundle; a subclass says what it tells.

    Args:
        bundle: of `kind`.

    Attributes:
        settings: of the estimator that was fitted.
        members: how many networks it has.
    """

    kind = ""  # what it was saved by

    def __init__(self, bundle: Bundle) -> None:
        stored = bundle.config_as(_Stored.model_validate)
        self.settings, self.members = stored.settings, stored.members
        self._restore(bundle)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that an estimator's `save` wrote.

        Raises:
            BundleError: the folder is not a saved model of this kind, or is damaged.
        """
        with opened(folder, cls.kind) as bundle:
            return cls(bundle)

    def _check_fitted(self) -> None:
        """It was."""


class SavedNetwork(SavedModel):
    """A model whose networks are lists of operations.

    Attributes:
        networks: its members.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        plan = bundle.network_as(Plan.model_validate) or _plan_of_earlier(bundle)
        self._check(plan)
        needed = plan.needed()
        members = [f"{member}/" for member in range(self.members)]
        named = {f"{at}{name}": n for at in members for name, n in needed.items()}
        found = bundle.arrays(named | self._needed_beside())
        self.networks = [
            Network(plan, {name: found[f"{at}{name}"] for name in needed}) for at in members
        ]

    def stream(self) -> Stream:
        """Read one long sequence in pieces, as it comes: `stream().push(piece)`.

        Raises:
            SettingsError: the network looks ahead, so its answer needs the whole sequence.
        """
        return Stream(self, self.networks)

    def _outputs(self, inputs: Inputs) -> Floats:
        given = inputs if isinstance(inputs, tuple) else (inputs,)
        mean: Floats = np.mean([network(*given) for network in self.networks], axis=0)
        return mean

    def _encode(self, X: Any) -> Inputs:
        if isinstance(self.encoder_, NumberEncoder):
            return self.encoder_.encode(X)
        found: Ragged = self.encoder_.encode(as_texts(X))
        return found

    def _restore(self, bundle: Bundle) -> None:
        self.encoder_ = bundle.encoder_as(encoder_from_json)

    def _told(self) -> Shape:
        """Give what the network must answer, for what is told of it."""
        raise NotImplementedError

    def _check(self, plan: Plan) -> None:
        """Refuse a network that does not read what is encoded, or does not answer what is told."""
        if plan.shape() != self._told():
            raise SettingsError(f"the network must answer {self._told()}, but it {plan.shape()}.")
        columns, rows = self._read()
        reads = plan.reads
        if reads.columns != columns or getattr(reads, "rows", rows) != rows:
            raise SettingsError(
                f"the network must read what its encoder gives, {columns} numbers a step, but it "
                f"reads {reads.columns}."
            )

    def _read(self) -> tuple[int, int]:
        """Give how many numbers a step has that is encoded, and of how many ids each is one."""
        if isinstance(self.encoder_, NumberEncoder):
            return self.encoder_.features + 1, 0
        assert isinstance(self.encoder_, TextEncoder)
        pieces = 0 if self.encoder_.pieces is None else len(self.encoder_.pieces)
        return ids_per_token(self.encoder_.kind), len(self.encoder_.vocabulary) + pieces


def _plan_of_earlier(bundle: Bundle) -> Plan:
    """Read the operations off the network that Keras builds of a bundle that does not say them."""
    import recurra.estimators as estimators
    from recurra.plans import plan_of
    from recurra.training import seeded

    kind = getattr(estimators, bundle.config["estimator"])
    with seeded(0):
        return plan_of(kind.load(bundle.folder).build())


class SavedClassifier(ClassAnswers, SavedNetwork):
    """A saved `SequenceClassifier`."""

    kind = "SequenceClassifier"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of their numbers."""
        return tuple(map(str, self.classes_.tolist()))

    @property
    def threshold(self) -> float | None:
        """Of two classes, the score from which it says positive."""
        found: float | None = self.threshold_
        return found

    def _restore(self, bundle: Bundle) -> None:
        self.positive = self.settings.get("positive")
        super()._restore(bundle)

    def _encode(self, X: Any) -> Inputs:
        sequences = super()._encode(X)
        assert isinstance(sequences, Ragged)
        return self._begun(sequences, X)

    def _told(self) -> Shape:
        return Shape(1 if self._binary else len(self.classes_), steps=False)

    def _check(self, plan: Plan) -> None:
        super()._check(plan)
        numbers = None if self.start_ is None else self._told().numbers
        if (plan.start and plan.start.numbers) != numbers:
            raise SettingsError(
                f"a network must begin where encoder.json says, with {numbers} numbers, but it "
                f"begins with {plan.start and plan.start.numbers}."
            )
        last = getattr(plan.operations[-1], "activation", None)
        needed = "sigmoid" if self._binary else "softmax"
        if last != needed:
            raise SettingsError(f"probabilities of these classes end in {needed}, but in {last}.")


class SavedLabeller(LabelAnswers, SavedNetwork):
    """A saved `SequenceLabeller`."""

    kind = "SequenceLabeller"

    def _told(self) -> Shape:
        return Shape(len(self.classes_), steps=False)

    def _check(self, plan: Plan) -> None:
        super()._check(plan)
        last = getattr(plan.operations[-1], "activation", None)
        if last != "sigmoid":
            raise SettingsError(f"probabilities of labels end in sigmoid, but in {last}.")


class SavedRegressor(QuantityAnswers, SavedNetwork):
    """A saved `SequenceRegressor`."""

    kind = "SequenceRegressor"

    def _told(self) -> Shape:
        return Shape(len(self.target_mean_), steps=False)


class SavedTagger(TagAnswers, SavedNetwork):
    """A saved `SequenceTagger`."""

    kind = "SequenceTagger"

    @property
    def _valid(self) -> bool:
        return bool(self.settings.get("valid_tags", False))

    def _encode(self, X: Any) -> Inputs:
        if isinstance(self.encoder_, NumberEncoder):
            return super()._encode(X)
        found: Ragged = self.encoder_.encode_tokens(as_sentences(X))
        return found

    def _told(self) -> Shape:
        return Shape(len(self.classes_), steps=True)


class _Horizon(Stored):
    horizon: Count
    window: Count
    season: Count
    level: Annotated[float, Field(gt=0, lt=1)]
    known: Annotated[int, Field(ge=0, le=1_000)] = 0


class SavedForecaster(ForecastAnswers, SavedNetwork):
    """A saved `SequenceForecaster`."""

    kind = "SequenceForecaster"

    def _restore(self, bundle: Bundle) -> None:
        asked = bundle.config_as(lambda _: _Horizon.model_validate(self.settings))
        self.horizon, self.window = asked.horizon, asked.window
        self.season, self.level, self.known = asked.season, asked.level, asked.known
        super()._restore(bundle)

    def _told(self) -> Shape:
        return Shape(self.horizon, steps=False)


# by what they were saved by; `SavedRiser` reads prices, and with it comes pandas
NETWORKS = {
    "SequenceClassifier": "models:SavedClassifier",
    "SequenceLabeller": "models:SavedLabeller",
    "SequenceRegressor": "models:SavedRegressor",
    "SequenceTagger": "models:SavedTagger",
    "SequenceForecaster": "models:SavedForecaster",
    "SequenceRiser": "rises:SavedRiser",
}
HOMES = NETWORKS | {
    "SequenceGenerator": "writing:SavedGenerator",
    "SequenceTranslator": "writing:SavedTranslator",
}


def load(folder: str | Path) -> SavedModel:
    """Read a saved model of networks, whichever kind it is of.

    Raises:
        BundleError: the folder is not a saved model, is damaged, or does not run here.
    """
    kind = read_facts(Path(folder)).estimator
    if kind not in HOMES:
        raise BundleError(
            f"the runtime reads {', '.join(HOMES)}, but {folder} was saved by {kind}. "
            f"Read it with {kind}.load."
        )
    module, name = HOMES[kind].split(":")
    found: type[SavedModel] = getattr(import_module(f"recurra.runtime.{module}"), name)
    return found.load(folder)
