"""Baselines that read nothing: any model must be better than these to have learnt anything.

::

    base rate                 p = the share of each class in training; decides for the largest
    always the larger class   p = 1 for the largest class
    always positive           p = 1 for the class that is to be found
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from recurra.arrays import Floats
from recurra.bundle import Bundle, opened, write_bundle
from recurra.judging.classes import Labelled
from recurra.judging.measures import best_threshold
from recurra.judging.problem import Contender, Sides
from recurra.judging.said import Said
from recurra.listeners import Listener
from recurra.stored import Distinct, Numbers, Stored

__all__ = ["Constant", "StoredClasses", "constants", "shares_of", "validated_threshold"]

BASE_RATE, LARGER, POSITIVE = "base rate", "always the larger class", "always positive"
TURNS = 3  # of the sides, to choose a threshold on: as many as an ensemble of networks has


class Constant:
    """Says the same of every row.

    Args:
        kind: "base rate", "always the larger class" or "always positive".

    Example:
        >>> truth, names = np.array([0, 0, 1]), ("ham", "spam")
        >>> known = Labelled(np.array(["", "", ""]), truth, names, 1, np.arange(3))
        >>> Constant("always positive").fit(known, []).say(["any", "text"]).decided.tolist()
        [1, 1]
    """

    threshold = None

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows = 0
        self.positive: int | None = None

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Count the classes."""
        counts = known.counts
        self.rows = int(counts.sum())
        self.names, self.positive = known.names, known.positive
        largest = int(np.argmax(counts))
        self.decided = largest
        if self.kind == POSITIVE:
            assert known.positive is not None
            self.decided = known.positive
        self.shares = counts / counts.sum()
        if self.kind != BASE_RATE:
            self.shares = np.eye(len(known.names))[self.decided]
        return self

    def say(self, asked: Any) -> Said:
        """Give the shares, and the class decided for, for every row."""
        rows = len(asked)
        return Said(np.tile(self.shares, (rows, 1)), np.full(rows, self.decided, np.int64))

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {
            "estimator": "Constant",
            "kind": self.kind,
            "classes": list(self.names),
            "positive": self.positive,
            "decided": self.decided,
            "rows": self.rows,
            **facts,
        }
        write_bundle(folder, Bundle(config, {}, {"shares": self.shares}, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "Constant") as bundle:
            found = bundle.config_as(_Stored.model_validate)
            model = cls(found.kind)
            model.names, model.positive = tuple(found.classes), found.positive
            model.decided, model.rows = found.decided, found.rows
            model.shares = shares_of(bundle, {"shares": Numbers.shares(len(model.names))})
        return model


class StoredClasses(Stored):
    """What is saved of a baseline that says one of some classes."""

    classes: Annotated[Distinct, Field(min_length=2)]
    positive: int | None
    rows: int

    @model_validator(mode="after")
    def _positive_is_one_of_two(self) -> Self:
        if self.positive is not None and (len(self.classes) != 2 or self.positive not in (0, 1)):
            raise ValueError(
                f"the class to find must be one of two, but it is {self.positive} of "
                f"{len(self.classes)}"
            )
        return self


class _Stored(StoredClasses):
    kind: Literal["base rate", "always the larger class", "always positive"]
    decided: int

    @model_validator(mode="after")
    def _decided_is_a_class(self) -> Self:
        if not 0 <= self.decided < len(self.classes):
            raise ValueError(f"it must decide for one of {len(self.classes)}, not {self.decided}")
        return self


def shares_of(bundle: Bundle, needed: dict[str, Numbers]) -> Floats:
    """Give the share of each class, of a bundle whose arrays are as needed.

    Raises:
        BundleError: the arrays are not as needed.
        ValueError: the shares do not add up to 1.
    """
    shares: Floats = bundle.arrays(needed)["shares"]
    if not np.isclose(shares.sum(), 1):
        raise ValueError(f"the shares must add up to 1, not to {shares.sum():g}")
    return shares


def _constant(kind: str, seed: int) -> Constant:
    return Constant(kind)


def constants(positive: int | None) -> list[Contender]:
    """Give the contenders that read nothing.

    Args:
        positive: the number of the class to find, None where there is none.
    """
    kinds = [BASE_RATE, LARGER] + ([POSITIVE] if positive is not None else [])
    return [Contender(kind, partial(_constant, kind), baseline=True) for kind in kinds]


def validated_threshold(
    fit: Callable[[Labelled], Callable[[Any], Floats]], known: Labelled, sides: Sides
) -> float | None:
    """Choose a threshold as networks do: the highest F1 on rows that the fit has not seen.

    ::

        for each turn:  scores of its validation rows by a model fitted on its training rows

    Args:
        fit: from rows to what gives probabilities (rows, classes) of inputs.
        known: the rows known.
        sides: the turns.

    Returns:
        None where no class is to be found: then the most probable one is decided for.
    """
    if known.positive is None or len(known.names) != 2:
        return None
    truth, scores = [], []
    for train, validation in sides[:TURNS]:
        held = known.take(validation)
        scores.append(fit(known.take(train))(held.inputs)[:, known.positive])
        truth.append(held.truth == known.positive)
    return best_threshold(np.concatenate(truth), np.concatenate(scores))
