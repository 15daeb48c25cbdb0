"""What a tagger tells, from the outputs of its networks at every step."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.classes import stored_labels
from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats
from recurra.bundle import Bundle
from recurra.stored import Classes, Stored

__all__ = ["TagAnswers"]


class _Learnt(Stored):
    classes: Annotated[Classes, Field(min_length=2)]


class TagAnswers(FittedModel):
    """A label at every step.

    Attributes:
        classes_: the labels, sorted.
    """

    classes_: Any

    def predict_proba(self, X: Any) -> list[Floats]:
        """Give for each sequence the probability of each label at each step, (steps, labels)."""
        sequences = self._encode(X)
        outputs = self._outputs(sequences).reshape(-1, len(self.classes_))
        return np.split(outputs, sequences.offsets[1:-1]) if len(sequences) else []

    def predict(self, X: Any) -> list[Array]:
        """Give for each sequence the most probable label of each step, (steps,)."""
        return [self.classes_[proba.argmax(axis=1)] for proba in self.predict_proba(X)]

    def say(self, asked: Any) -> list[list[Any]]:
        """Give the labels of each sequence as a list."""
        return [labels.tolist() for labels in self.predict(asked)]

    def _answer(self, outputs: Floats) -> Any:
        return self.classes_[outputs.argmax(axis=1)]

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        self.classes_ = stored_labels(bundle.config_as(_Learnt.model_validate).classes)
