"""What a classifier tells, from the outputs of its networks."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats, Rows
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.judging.said import Said
from recurra.stored import Classes, Share, Stored
from recurra.text import TextEncoder

__all__ = ["ClassAnswers", "stored_labels"]


def stored_labels(stored: list[Any]) -> Array:
    """Give labels that JSON kept, as they were: whole numbers beyond int64 are no floats."""
    whole = all(type(label) is int for label in stored)
    unsigned = whole and max(stored, default=0) > np.iinfo(np.int64).max
    return np.asarray(stored, dtype=np.uint64 if unsigned else None)


class _Learnt(Stored):
    classes: Annotated[Classes, Field(min_length=2)]
    threshold: Share | None


class ClassAnswers(FittedModel):
    """Probabilities of classes, and the class that they stand for.

    Attributes:
        classes_: the classes, sorted.
        threshold_: of two classes, the score of the positive one from which `predict` says
            positive; None of more.
        positive: the class to find, None for the last.
    """

    classes_: Any
    threshold_: Any
    positive: Any

    def predict_proba(self, X: Any) -> Floats:
        """Give the probability of each class, (rows, classes), in the order of `classes_`."""
        return self._answer(self._outputs(self._encode(X)))

    def _answer(self, outputs: Floats) -> Floats:
        if not self._binary:
            return outputs.reshape(-1, len(self.classes_))
        scores = outputs.reshape(-1)
        columns = [1 - scores, scores]
        return np.stack(columns if self._positive_index() == 1 else columns[::-1], axis=1)

    def positive_scores(self, X: Any) -> Floats:
        """Give the probability of the positive class, (rows,)."""
        scores: Floats = self.predict_proba(X)[:, self._positive_index()]
        return scores

    def predict(self, X: Any) -> Array:
        """Give the class of each row: of two, positive when its score reaches `threshold_`."""
        probabilities = self.predict_proba(X)
        classes: Array = self.classes_[self.decide(probabilities)]
        return classes

    def say(self, asked: Any) -> Said:
        """Give the probability of each class, and the class decided for."""
        found = self.predict_proba(asked)
        return Said(found, self.decide(found))

    def decide(self, probabilities: Floats) -> Rows:
        """Give the place in `classes_` of what probabilities (rows, classes) stand for."""
        chosen: Rows = probabilities.argmax(axis=1)
        if self._binary:
            index = self._positive_index()
            chosen = np.where(probabilities[:, index] >= self.threshold_, index, 1 - index)
        return chosen

    @property
    def positive_class(self) -> Any:
        """The class that scores, precision and recall are about."""
        return self.classes_.tolist()[self._positive_index()]

    def label_of(self, score: float) -> Any:
        """Give the class that a positive score stands for, of two."""
        if self.threshold_ is None:
            raise SettingsError(
                f"a score stands for a class where there are two, but there are "
                f"{len(self.classes_)}. Use predict."
            )
        index = self._positive_index()
        return self.classes_.tolist()[index if score >= self.threshold_ else 1 - index]

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Give each token, as the text has it, with how far the score falls without it.

        The score is that of the positive class; of more than two, that of the most probable one.

        Example of a line: `("prize", 0.41)`: without "prize" the score would be 0.41 lower.
        """
        self._check_fitted()
        if not isinstance(self.encoder_, TextEncoder):
            raise DataError("an explanation by tokens needs texts, but this model reads numbers.")
        tokens = self.encoder_.tokens(text)
        without = [tokens[:i] + tokens[i + 1 :] for i in range(len(tokens))]
        scores = self._outputs(self.encoder_.encode_tokens([tokens, *without]))
        if scores.ndim == 2:
            scores = scores[:, scores[0].argmax()]
        written = self.encoder_.written(text)
        return list(zip(written, (scores[0] - scores[1:]).tolist(), strict=True))

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "threshold": self.threshold_}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.classes_, self.threshold_ = stored_labels(learnt.classes), learnt.threshold
        self._check_positive()
        if self._binary != (self.threshold_ is not None):
            raise SettingsError(
                f"there must be a threshold between two classes and else none, but there are "
                f"{len(self.classes_)} classes and it is {self.threshold_}."
            )

    @property
    def _binary(self) -> bool:
        return len(self.classes_) == 2

    def _positive_index(self) -> int:
        if self.positive is None:
            return len(self.classes_) - 1
        return int(np.flatnonzero(self.classes_ == self.positive)[0])

    def _check_positive(self) -> None:
        if self.positive is not None and self.positive not in self.classes_.tolist():
            raise SettingsError(
                f"the positive class must be one of {self.classes_.tolist()}, but it is "
                f"{self.positive!r}."
            )
