"""What a network of several labels a text tells, from the outputs of its members."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.arrays import Floats
from recurra.bundle import Bundle
from recurra.judging.labels import SaidLabels
from recurra.stored import Names, Share, Stored

__all__ = ["LabelAnswers"]


class _Learnt(Stored):
    classes: Annotated[Names, Field(min_length=1)]
    threshold: Share


class LabelAnswers(FittedModel):
    """Probabilities of labels, each by itself, and those that are said.

    Attributes:
        classes_: the labels, sorted.
        threshold_: the probability from which a label is said.
    """

    classes_: Any
    threshold_: float

    def predict_proba(self, X: Any) -> Floats:
        """Give the probability of each label, (rows, labels)."""
        found: Floats = self._outputs(self._encode(X)).reshape(-1, len(self.classes_))
        return found

    def say(self, asked: Any) -> SaidLabels:
        """Give probabilities, and the labels that are said."""
        found = self.predict_proba(asked)
        return SaidLabels(found, found >= self.threshold_)

    def predict(self, X: Any) -> list[list[Any]]:
        """Give the labels of each row."""
        return [self.classes_[row].tolist() for row in self.say(X).decided]

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "threshold": self.threshold_}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.classes_ = np.array(learnt.classes, object)
        self.threshold_ = learnt.threshold
