"""What a tagger tells, from the outputs of its networks at every step."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.answers.classes import stored_labels
from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats
from recurra.bundle import Bundle
from recurra.errors import SettingsError
from recurra.sequences import Ragged
from recurra.spans import SCHEMES, Transitions
from recurra.stored import Classes, Stored, Text

__all__ = ["TagAnswers"]


class _Learnt(Stored):
    classes: Annotated[Classes, Field(min_length=2)]
    scheme: Text | None = None


class TagAnswers(FittedModel):
    """A label at every step.

    Attributes:
        classes_: the labels, sorted.
        scheme_: of tags that mark spans, one of `recurra.spans.SCHEMES`; None of others.
    """

    classes_: Any
    scheme_: str | None

    @property
    def _valid(self) -> bool:
        """Whether labels are chosen among those that the scheme allows."""
        raise NotImplementedError

    def predict_proba(self, X: Any) -> list[Floats]:
        """Give for each sequence the probability of each label at each step, (steps, labels)."""
        sequences = self._encode(X)
        assert isinstance(sequences, Ragged)
        outputs = self._outputs(sequences).reshape(-1, len(self.classes_))
        return np.split(outputs, sequences.offsets[1:-1]) if len(sequences) else []

    def predict(self, X: Any) -> list[Array]:
        """Give for each sequence the most probable label of each step, (steps,).

        Where labels must be valid, the most probable ones that are, all together.
        """
        shares = self.predict_proba(X)
        if not self._valid:
            return [self.classes_[each.argmax(axis=1)] for each in shares]
        transitions = Transitions.of(str(self.scheme_), self.classes_.tolist())
        return [self.classes_[transitions.best(each)] for each in shares]

    def say(self, asked: Any) -> list[list[Any]]:
        """Give the labels of each sequence as a list."""
        return [labels.tolist() for labels in self.predict(asked)]

    def _check_streams(self) -> None:
        if self._valid:
            raise SettingsError(
                "valid tags are chosen over a whole sentence, and a stream does not have it. "
                "Train without --valid-tags, or give whole sentences."
            )

    def _answer(self, outputs: Floats) -> Any:
        return self.classes_[outputs.argmax(axis=1)]

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist(), "scheme": self.scheme_}

    def _restore(self, bundle: Bundle) -> None:
        super()._restore(bundle)
        found = bundle.config_as(_Learnt.model_validate)
        self.classes_, self.scheme_ = stored_labels(found.classes), found.scheme
        if self.scheme_ is not None and self.scheme_ not in SCHEMES:
            raise SettingsError(
                f"the scheme of tags must be one of {', '.join(SCHEMES)}, but it is {self.scheme_}."
            )
        if self._valid and self.scheme_ is None:
            raise SettingsError("valid tags must be of a scheme, but none is saved.")
