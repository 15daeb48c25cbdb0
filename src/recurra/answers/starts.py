"""Where a network begins: what the linear models beside it say of a text, or of a sequence.

::

    P(class | row) = softmax( start + added )    start = Σ factor · log-odds of a linear model
                                                 added: what the network learned
    P without it   = softmax( Σ alone · log-odds of a linear model )    alone is 1 where one is all

Of texts they are models of n-grams, of numeric sequences one of MiniRocket.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeVar

import numpy as np
from pydantic import Field, TypeAdapter

from recurra.arrays import Array, Floats
from recurra.bundle import Bundle
from recurra.rocket import FeatureModel
from recurra.sequences import NumberEncoder, Ragged
from recurra.stored import Numbers, Stored
from recurra.text.terms import StoredTerms, TermModel, log_odds_of

__all__ = ["Part", "Start", "steps_of"]

ARRAYS = "start/"  # before the names of its arrays in a bundle
MOST_FACTOR = 1e3
Each = TypeVar("Each")


Factor = Annotated[float, Field(ge=0, le=MOST_FACTOR)]
LinearModel = TermModel | FeatureModel


class _OfTexts(StoredTerms):
    kind: Literal["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR", "NB runs + LR"]
    factor: Factor
    alone: Factor = 1.0

    def needed(self, classes: int) -> dict[str, Numbers]:
        return TermModel.needed(self.kind, classes, self)

    def model(self, arrays: Mapping[str, Array]) -> LinearModel:
        return TermModel.restored(self.kind, self, arrays)


class _OfSequences(Stored):
    kind: Literal["MiniRocket + LR"]
    factor: Factor
    alone: Factor = 1.0
    encoder: dict[str, Any]

    def needed(self, classes: int) -> dict[str, Numbers]:
        return FeatureModel.needed(self.kind, classes, self._read().features)

    def model(self, arrays: Mapping[str, Array]) -> LinearModel:
        return FeatureModel.restored(self.kind, self._read(), arrays)

    def _read(self) -> NumberEncoder:
        return NumberEncoder.from_json(self.encoder)


_Stored = Annotated[_OfTexts | _OfSequences, Field(discriminator="kind")]
_PARTS: TypeAdapter[list[_OfTexts | _OfSequences]] = TypeAdapter(
    Annotated[list[_Stored], Field(min_length=1, max_length=8)]
)


class Part(NamedTuple):
    """A linear model, and how much of it is believed.

    Args:
        model: it.
        factor: of its log-odds, beside the other models and the network.
        alone: of its log-odds, beside the other models.
    """

    model: LinearModel
    factor: float = 1.0
    alone: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Give what encoder.json says of it."""
        alone = {} if self.alone == 1 else {"alone": self.alone}
        return {"kind": self.model.kind, "factor": self.factor, **alone, **self.model.to_json()}


class Start:
    """Linear models as a network begins with them.

    Args:
        parts: one, or several that are added.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)

    @property
    def kinds(self) -> list[str]:
        """Which models they are."""
        return [part.model.kind for part in self.parts]

    def log_odds(self, rows: Any) -> Floats:
        """Give (rows, 1) of the second class of two, or (rows, classes), of texts or sequences."""
        return self._summed(rows, [part.factor for part in self.parts])

    def log_odds_alone(self, rows: Any) -> Floats:
        """Give the same of what the models say where there is no network."""
        return self._summed(rows, [part.alone for part in self.parts])

    def _summed(self, rows: Any, factors: Sequence[float]) -> Floats:
        each = (log_odds_of(part.model.probabilities(rows)) for part in self.parts)
        first, *others = (factor * odds for factor, odds in zip(factors, each, strict=True))
        return sum(others, first)

    def weighed(self, factors: Sequence[float]) -> "Start":
        """Give it with other factors, one a part."""
        pairs = zip(self.parts, factors, strict=True)
        return Start([part._replace(factor=factor) for part, factor in pairs])

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """Give what encoder.json says of it: an object, or one for each of several parts."""
        found = [part.to_json() for part in self.parts]
        return found if len(found) > 1 else found[0]

    def arrays(self) -> dict[str, Array]:
        """Give its arrays, as a bundle names them."""
        return _named([part.model.arrays() for part in self.parts])

    def needed(self, classes: int) -> dict[str, Numbers]:
        """Give what its arrays must be, as a bundle names them."""
        stored = _PARTS.validate_python([part.to_json() for part in self.parts])
        return _named([each.needed(classes) for each in stored])

    @classmethod
    def restored(cls, bundle: Bundle, classes: int) -> Self | None:
        """Take it back out of a bundle; None where there is none.

        Raises:
            BundleError: encoder.json or the arrays do not say what it is.
        """
        stored = bundle.encoder.get("start")
        if stored is None:
            return None
        each = stored if isinstance(stored, list) else [stored]
        found = bundle.encoder_as(lambda _: _PARTS.validate_python(each))
        needed = bundle.encoder_as(lambda _: [part.needed(classes) for part in found])
        taken = bundle.arrays(_named(needed), ARRAYS)
        models = [
            part.model({name: taken[place + name] for name in arrays})
            for part, arrays, place in zip(found, needed, _places(len(found)), strict=True)
        ]
        pairs = zip(models, found, strict=True)
        return cls([Part(model, part.factor, part.alone) for model, part in pairs])


def _places(parts: int) -> list[str]:
    """Give what stands in a bundle before the names of the arrays of each part."""
    return [ARRAYS, *(f"{ARRAYS}{number}/" for number in range(2, parts + 1))]


def _named(parts: Sequence[Mapping[str, Each]]) -> dict[str, Each]:
    places = _places(len(parts))
    pairs = zip(places, parts, strict=True)
    return {f"{place}{name}": each for place, part in pairs for name, each in part.items()}


def steps_of(log_odds: Floats) -> Ragged:
    """Give where rows begin as the second thing that a network reads: one step a row."""
    padding = np.zeros((1, log_odds.shape[1]))
    table = np.concatenate([padding, log_odds]).astype(np.float32)
    rows = np.arange(len(log_odds) + 1)
    return Ragged(rows[1:].astype(np.int32), rows, table)
