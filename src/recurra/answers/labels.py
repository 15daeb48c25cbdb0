"""What a network of several labels a text tells, from the outputs of its members."""

from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.arrays import Floats
from recurra.bundle import Bundle
from recurra.judging.labels import SaidLabels
from recurra.stored import Names, Share, Stored

__all__ = ["LabelAnswers", "LabelEffects"]


class LabelEffects(NamedTuple):
    """What the tokens of a text do to the probability of each label.

    ::

        falls[token, label] = P(label | text) - P(label | text without the token)

    Args:
        tokens: as they are written.
        probabilities: (labels,) of the whole text.
        falls: (tokens, labels).
    """

    tokens: list[str]
    probabilities: Floats
    falls: Floats


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

    def effects(self, text: str) -> LabelEffects:
        """Give what each token of a text does to the probability of each label: occlusion."""
        self._check_fitted()
        tokens = self.encoder_.tokens(text)
        fewer = [tokens[:place] + tokens[place + 1 :] for place in range(len(tokens))]
        outputs = self._outputs(self.encoder_.encode_tokens([tokens, *fewer]))
        shares = outputs.reshape(-1, len(self.classes_))
        return LabelEffects(self.encoder_.written(text), shares[0], shares[0] - shares[1:])

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "threshold": self.threshold_}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.classes_ = np.array(learnt.classes, object)
        self.threshold_ = learnt.threshold
