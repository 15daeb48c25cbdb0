"""Saved models of texts asked again: the network of a run, or the baseline beside it."""

from pathlib import Path
from typing import Any

import numpy as np

from recurra.baselines.classes import Constant
from recurra.baselines.texts import LinearTexts
from recurra.data import LabelledTexts
from recurra.errors import DataError
from recurra.estimators import group_duplicates
from recurra.judging.classes import Labelled, Said, beside_of, class_data
from recurra.judging.measures import class_measures
from recurra.judging.problem import all_held
from recurra.judging.report import DataInfo
from recurra.problems.kept import Asked, kept_model
from recurra.problems.networks import ClassifierNetwork
from recurra.problems.new_rows import classes_of
from recurra.problems.text_classes import TextProblem

__all__ = ["KINDS", "TextsModel", "asked_again", "texts_model"]

KINDS: dict[str, Any] = {
    "SequenceClassifier": ClassifierNetwork,
    "Constant": Constant,
    "LinearTexts": LinearTexts,
}


class TextsModel:
    """A saved model of texts, whichever it is.

    Args:
        name: by which tables call it.
        model: what says something of texts: it knows the names of the classes, and of two the
            number of the one to find.
    """

    def __init__(self, name: str, model: Any) -> None:
        self.name, self.model = name, model
        self.names: tuple[str, ...] = model.names
        self.positive: int | None = model.positive

    @property
    def positive_name(self) -> str | None:
        """The class to find, of two."""
        return None if self.positive is None else self.names[self.positive]

    @property
    def explains(self) -> bool:
        """Whether it can say what each token does."""
        return isinstance(self.model, ClassifierNetwork)

    def say(self, texts: Any) -> Said:
        """Give probabilities and decisions."""
        said: Said = self.model.say(np.asarray(texts, dtype=object))
        return said

    def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """Give for each text what a person or a program is told.

        `score` is the probability of the positive class; of more than two classes it is that of
        the class decided for, and `probabilities` has all.
        """
        said = self.say(texts)
        answers = []
        for text, shares, number in zip(texts, said.probabilities, said.decided, strict=True):
            which = number if self.positive is None else self.positive
            found = {"label": self.names[number], "score": float(shares[which]), "text": text}
            if self.positive is None:
                found["probabilities"] = dict(zip(self.names, shares.tolist(), strict=True))
            answers.append(found)
        return answers

    def explain(self, text: str) -> list[tuple[str, float]]:
        """Give each token with how far the score falls without it."""
        found: list[tuple[str, float]] = self.model.estimator.explain(text)
        return found


def texts_model(run: Path, with_: str | None = None) -> TextsModel:
    """Read a saved model of texts: the network, or the baseline beside it.

    Raises:
        BundleError: what is saved there is damaged, or reads no texts.
        SettingsError: no such model is saved there.
    """
    kept = kept_model(run, with_)
    return TextsModel(kept.name, kept.open(KINDS, "read texts"))


def asked_again(asked: Asked, rows: LabelledTexts) -> TextProblem:
    """Ask saved models for the class of new texts.

    Raises:
        DataError: a label is not one of the model's.
    """
    names, positive = classes_of(asked.network)
    unknown = sorted(set(rows.labels) - set(names))
    if unknown:
        raise DataError(
            f"the labels must be those of the model, {', '.join(names)}, but {rows.source} "
            f"also has {', '.join(map(repr, unknown[:5]))}. Rename them, or leave those rows out."
        )
    numbers = {name: number for number, name in enumerate(names)}
    truth = np.array([numbers[label] for label in rows.labels])
    groups = group_duplicates(rows.texts)
    labelled = Labelled(rows.texts, truth, names, positive, groups)
    return TextProblem(
        name="texts",
        data=DataInfo(
            source=rows.source, sha256=rows.sha256, notes=list(rows.notes), **class_data(labelled)
        ),
        split="rows given",
        folds=all_held(len(truth)),
        contenders=(),
        measures=class_measures(len(names), positive),
        beside=beside_of(len(names), positive),
        rows=labelled,
        pieces=groups,
        ids=rows.ids,
        source=rows,
    )
