"""Saved models that say any number of labels of texts: the network of a run, or the baseline."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from recurra.errors import BundleError
from recurra.judging.labels import SaidLabels
from recurra.problems.kept import Kept, kept_model
from recurra.text.joining import blank

__all__ = ["KINDS", "AskedLabels", "saved_labels"]

KINDS = {
    "SequenceLabeller": "recurra.runtime:SavedLabeller",
    "ConstantLabels": "recurra.baselines.labels:ConstantLabels",
    "LinearLabels": "recurra.baselines.labels:LinearLabels",
}
SIGN = ";"  # between labels, where each had a column


class AskedLabels:
    """A saved model that says labels, whichever it is; it is opened when it is first asked.

    Args:
        kept: where it stands.

    Attributes:
        name: by which tables call it.
        names: of the labels.
        columns: of the table that it was taught, by their roles.

    Raises:
        BundleError: what is saved there says no labels, or is damaged.
    """

    def __init__(self, kept: Kept) -> None:
        if kept.kind not in KINDS:
            raise BundleError(f"{kept.folder} holds a {kept.kind}, which does not say labels.")
        self.kept, self.name, self.names = kept, kept.name, kept.classes
        self.columns = kept.facts.columns

    @cached_property
    def model(self) -> Any:
        """What says something of texts."""
        return self.kept.open(KINDS, "say labels of texts")

    def called(self, said: SaidLabels) -> list[str]:
        """Write the labels of each text as its table did, with the sign between them."""
        sign = self.columns.get("separator") or SIGN
        return [
            sign.join(name for name, there in zip(self.names, row, strict=True) if there)
            for row in said.decided
        ]

    def say(self, texts: list[str]) -> SaidLabels:
        """Give the probability of each label, and those that are said."""
        said: SaidLabels = self.model.say(np.asarray(texts, dtype=object))
        return said

    def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """Give the labels of each text, and the probability of every label; of none for nothing."""
        said = self.say(texts)
        answers: list[dict[str, Any]] = []
        for text, shares, decided in zip(texts, *said, strict=True):
            if blank(text):
                answers.append({"labels": None, "probabilities": None, "text": text})
                continue
            labels = [name for name, there in zip(self.names, decided, strict=True) if there]
            each = dict(zip(self.names, shares.tolist(), strict=True))
            answers.append({"labels": labels, "probabilities": each, "text": text})
        return answers


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
