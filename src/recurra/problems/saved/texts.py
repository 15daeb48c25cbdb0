"""Saved models of texts: the network of a run, or the baseline beside it."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.errors import BundleError, SettingsError
from recurra.problems.kept import Kept, classes_of, kept_model
from recurra.problems.saved import multi_labels
from recurra.problems.saved.reading import ReadsTexts
from recurra.text.joining import blank

if TYPE_CHECKING:
    from recurra.judging.said import Said

__all__ = ["KINDS", "TextsModel", "texts_model"]

NETWORK = "SequenceClassifier"
KINDS = {
    NETWORK: "recurra.runtime:SavedClassifier",
    "Constant": "recurra.baselines.classes:Constant",
    "LinearTexts": "recurra.baselines.texts:LinearTexts",
}


class TextsModel(ReadsTexts):
    """A saved model of texts, whichever it is; it is opened when it is first asked.

    Args:
        kept: where it stands.

    Attributes:
        name: by which tables call it.
        names: of the classes.
        positive: the number of the one to find, of two.
        columns: of the table that it was taught, by their roles "text" and "label".
        threshold: from which the class to find is called; None for the model's own.

    Raises:
        BundleError: what is saved there reads no texts, or is damaged.
    """

    def __init__(self, kept: Kept) -> None:
        if kept.kind in multi_labels.KINDS:
            raise BundleError(
                f"a model of classes is needed, but {kept.folder} says several labels of a text."
            )
        if kept.kind not in KINDS or kept.facts.channels:  # of numbers
            raise BundleError(
                f"a model that says the class of a text is needed, but {kept.folder} holds a "
                f"{kept.what}. Ask that by recurra predict."
            )
        self.kept, self.name, self.columns = kept, kept.name, kept.facts.columns
        self.explains = kept.kind == NETWORK
        self.names, self.positive = classes_of(kept)
        self.threshold: float | None = None

    @cached_property
    def model(self) -> Any:
        """What says something of texts."""
        return self.kept.open(KINDS, "read texts")

    @property
    def positive_name(self) -> str | None:
        """The class to find, of two."""
        return None if self.positive is None else self.names[self.positive]

    def say(self, texts: Any) -> "Said":
        """Give probabilities, and decisions by its own threshold, or by the one that was set.

        Raises:
            SettingsError: a threshold was set, and there are not two classes of which one is found.
        """
        self.check(texts)
        said: Said = self.model.say(np.asarray(texts, dtype=object))
        if self.threshold is None:
            return said
        if self.positive is None:
            raise SettingsError(
                f"--threshold is about the class to find of two, but {self.name} tells "
                f"{', '.join(self.names)} apart."
            )
        called = said.probabilities[:, self.positive] >= self.threshold
        return said._replace(decided=np.where(called, self.positive, 1 - self.positive))

    def called(self, said: "Said") -> list[str]:
        """Give the class of each text."""
        return [self.names[number] for number in said.decided]

    def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """Give for each text what a person or a program is told.

        `score` is the probability of the positive class; of more than two classes it is that of
        the class decided for, and `probabilities` has all. Of an empty text nothing is said.
        """
        return self.told(texts, self.say(texts))

    def told(self, texts: list[str], said: "Said") -> list[dict[str, Any]]:
        """Give the answers, where probabilities and decisions are at hand."""
        answers: list[dict[str, Any]] = []
        for text, shares, number in zip(texts, said.probabilities, said.decided, strict=True):
            if blank(text):
                answers.append({"label": None, "score": None, "text": text})
                continue
            which = number if self.positive is None else self.positive
            found = {"label": self.names[number], "score": float(shares[which]), "text": text}
            if self.positive is None:
                found["probabilities"] = dict(zip(self.names, shares.tolist(), strict=True))
            answers.append(found)
        return answers

    def cut(self, texts: Iterable[str]) -> int:
        """Count the texts of which only a part is read."""
        return self.model.encoder_.cut(texts) if self.explains else 0

    @property
    def said(self) -> str:
        """What the columns of an answer are, in words."""
        if self.positive is None:
            return "class, its probability, text"
        threshold = self.threshold
        if threshold is None:
            threshold = getattr(self.model, "threshold", None)
        called = "" if threshold is None else f" (called so from {threshold:.4f} on)"
        return f"class, probability of {self.positive_name}{called}, text"

    @property
    def part_read(self) -> str:
        """What is read of a text that is too long, in words."""
        return str(self.model.encoder_.part_read)

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Give each token with how far the score falls without it."""
        found: list[tuple[str, float]] = self.model.explain(text)
        return found


def texts_model(run: str | Path, with_: str | None = None) -> TextsModel:
    """Find a saved model of texts: the network, or the baseline beside it.

    Raises:
        BundleError: what is saved there is damaged, or reads no texts.
        SettingsError: no such model is saved there.
    """
    return TextsModel(kept_model(run, with_))
