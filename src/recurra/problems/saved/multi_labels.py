"""Saved models that say any number of labels of texts: the network of a run, or the baseline."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recurra.answers.labels import LabelEffects
from recurra.errors import BundleError
from recurra.judging.labels import SaidLabels
from recurra.problems.kept import Kept, kept_model
from recurra.problems.saved.reading import ReadsTexts
from recurra.text.joining import blank

__all__ = ["KINDS", "AskedLabels", "saved_labels"]

NETWORK = "SequenceLabeller"
KINDS = {
    NETWORK: "recurra.runtime:SavedLabeller",
    "ConstantLabels": "recurra.baselines.labels:ConstantLabels",
    "LinearLabels": "recurra.baselines.labels:LinearLabels",
}
SIGN = ";"  # between labels, where each had a column


class AskedLabels(ReadsTexts):
    """A saved model that says labels, whichever it is; it is opened when it is first asked.

    Args:
        kept: where it stands.

    Attributes:
        name: by which tables call it.
        names: of the labels.
        columns: of the table that it was taught, by their roles.
        explains: whether it says what each token of a text did.

    Raises:
        BundleError: what is saved there says no labels, or is damaged.
    """

    def __init__(self, kept: Kept) -> None:
        if kept.kind not in KINDS:
            raise BundleError(f"{kept.folder} holds a {kept.what}, which does not say labels.")
        self.kept, self.name, self.names = kept, kept.name, kept.classes
        self.columns, self.explains = kept.facts.columns, kept.kind == NETWORK

    @cached_property
    def model(self) -> Any:
        """What says something of texts."""
        return self.kept.open(KINDS, "say labels of texts")

    def called(self, said: SaidLabels) -> list[str]:
        """Write the labels of each text as its table did, with the sign between them."""
        return [self.sign.join(self.those(row)) for row in said.decided]

    @property
    def sign(self) -> str:
        """What stands between labels."""
        return self.columns.get("separator") or SIGN

    def those(self, decided: Any) -> list[str]:
        """Give the labels of one text by their names."""
        return [name for name, there in zip(self.names, decided, strict=True) if there]

    def say(self, texts: list[str]) -> SaidLabels:
        """Give the probability of each label, and those that are said.

        Raises:
            DataError: the model reads several texts a row, and one came.
        """
        self.check(texts)
        said: SaidLabels = self.model.say(np.asarray(texts, dtype=object))
        return said

    def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """Give the labels of each text, and the probability of every label; of none for nothing."""
        return self.told(texts, self.say(texts))

    def told(self, texts: list[str], said: SaidLabels) -> list[dict[str, Any]]:
        """Give the answers, where probabilities and decisions are at hand."""
        answers: list[dict[str, Any]] = []
        for text, shares, decided in zip(texts, *said, strict=True):
            if blank(text):
                answers.append({"labels": None, "probabilities": None, "text": text})
                continue
            labels = self.those(decided)
            each = dict(zip(self.names, shares.tolist(), strict=True))
            answers.append({"labels": labels, "probabilities": each, "text": text})
        return answers

    def explain(self, text: str) -> LabelEffects:
        """Give what each token of a text does to the probability of each label.

        Raises:
            BundleError: the model is no network.
        """
        if not self.explains:
            raise BundleError(
                f"explanations are of networks, but {self.kept.folder} holds {self.name}."
            )
        self.check([text])
        found: LabelEffects = self.model.effects(text)
        return found


def saved_labels(run: str | Path, with_: str | None = None) -> AskedLabels:
    """Read a saved model that says labels of texts: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: what is saved there says no labels, or is damaged.
        SettingsError: no such model is saved there.
    """
    return AskedLabels(kept_model(run, with_))
