"""Where a network of texts begins: what the linear model beside it says of a text.

::

    P(class | text) = softmax( start(text) + added(text) )     start = factor · log-odds of n-grams
                                                               added: what the network learned
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Floats
from recurra.bundle import Bundle
from recurra.sequences import Ragged
from recurra.stored import Numbers
from recurra.text.terms import StoredTerms, TermModel, log_odds_of

__all__ = ["Start", "steps_of"]

ARRAYS = "start/"  # before the names of its arrays in a bundle
MOST_FACTOR = 1e3


class _Stored(StoredTerms):
    kind: Literal["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"]
    factor: Annotated[float, Field(ge=0, le=MOST_FACTOR)]


class Start:
    """A linear model of terms as a network begins with it.

    Args:
        model: it.
        factor: of its log-odds.
    """

    def __init__(self, model: TermModel, factor: float) -> None:
        self.model, self.factor = model, factor

    def log_odds(self, texts: Sequence[str] | Array) -> Floats:
        """Give (texts, 1) of the second class of two, or (texts, classes)."""
        return self.factor * log_odds_of(self.model.probabilities(texts))

    def to_json(self) -> dict[str, Any]:
        """Give what encoder.json says of it."""
        return {"kind": self.model.kind, "factor": self.factor, **self.model.to_json()}

    def arrays(self) -> dict[str, Array]:
        """Give its arrays, as a bundle names them."""
        return {f"{ARRAYS}{name}": each for name, each in self.model.arrays().items()}

    def needed(self) -> dict[str, Numbers]:
        """Give what its arrays must be, as a bundle names them."""
        model = self.model
        terms = StoredTerms.model_validate(model.to_json())
        return _needed(model.kind, len(model.shares), terms)

    @classmethod
    def restored(cls, bundle: Bundle, classes: int) -> Self | None:
        """Take it back out of a bundle; None where there is none.

        Raises:
            BundleError: encoder.json or the arrays do not say what it is.
        """
        stored = bundle.encoder.get("start")
        if stored is None:
            return None
        found = bundle.encoder_as(lambda _: _Stored.model_validate(stored))
        needed = bundle.encoder_as(lambda _: _needed(found.kind, classes, found))
        taken = bundle.arrays(needed, ARRAYS)
        named = {name.removeprefix(ARRAYS): each for name, each in taken.items()}
        return cls(TermModel.restored(found.kind, found, named), found.factor)


def _needed(kind: str, classes: int, terms: StoredTerms) -> dict[str, Numbers]:
    needed = TermModel.needed(kind, classes, terms)
    return {f"{ARRAYS}{name}": each for name, each in needed.items()}


def steps_of(log_odds: Floats) -> Ragged:
    """Give where rows begin as the second thing that a network reads: one step a row."""
    padding = np.zeros((1, log_odds.shape[1]))
    table = np.concatenate([padding, log_odds]).astype(np.float32)
    rows = np.arange(len(log_odds) + 1)
    return Ragged(rows[1:].astype(np.int32), rows, table)
