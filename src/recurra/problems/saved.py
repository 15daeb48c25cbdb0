"""Saved models asked again: the network of a run, or the baseline beside it."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.baselines.classes import Constant
from recurra.baselines.texts import LinearTexts
from recurra.bundle import Facts, is_bundle, read_facts
from recurra.data import LabelledTexts
from recurra.errors import BundleError, DataError, SettingsError
from recurra.estimators import SequenceClassifier, group_duplicates
from recurra.judging.classes import ClassProblem, Labelled, Said
from recurra.judging.measures import class_measures
from recurra.judging.report import DataInfo, Estimate
from recurra.judging.run import evaluate
from recurra.problems.networks import ClassifierNetwork

__all__ = ["Chosen", "TextsModel", "bundle_of", "evaluate_texts", "texts_model"]

BASELINES: dict[str, Any] = {"Constant": Constant, "LinearTexts": LinearTexts}


class Chosen(NamedTuple):
    """A model of a run.

    Args:
        folder: of its bundle.
        name: by which tables call it.
        facts: what is said of it there.
    """

    folder: Path
    name: str
    facts: Facts


def bundle_of(run: Path, with_: str | None) -> Chosen:
    """Give the network of a run, or the baseline asked for.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None or the network's own name: the network.

    Raises:
        BundleError: there is no saved model.
        SettingsError: no such model is saved there.
    """
    model = run / "model" if (run / "model").is_dir() else run
    places = [model, *([model / "baseline"] if is_bundle(model / "baseline") else [])]
    known = [
        Chosen(place, facts.called, facts) for place in places for facts in [read_facts(place)]
    ]
    for chosen in known if with_ else known[:1]:
        if with_ is None or with_.casefold() == chosen.name.casefold():
            return chosen
    there = " or ".join(repr(chosen.name) for chosen in known)
    raise SettingsError(f"--with must name a model that {run} holds, {there}, but it is {with_!r}.")


class TextsModel:
    """A saved model of texts, whichever it is.

    Args:
        name: by which tables call it.
        names: of the classes.
        positive: the number of the one to find, of two.
        model: what says something of texts.
        on_all: whether it was fitted on all rows of its run, those held out for judging, too.
    """

    def __init__(
        self,
        name: str,
        names: tuple[str, ...],
        positive: int | None,
        model: Any,
        on_all: bool = False,
    ) -> None:
        self.name, self.names, self.positive, self.model = name, names, positive, model
        self.on_all = on_all

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
    folder, name, facts = bundle_of(run, with_)
    kind = facts.estimator
    if kind == "SequenceClassifier":
        estimator = SequenceClassifier.load(folder)
        network = ClassifierNetwork.of(estimator)
        network.names = tuple(map(str, estimator.classes_))
        binary = len(network.names) == 2
        positive = network.names.index(str(estimator.positive_class)) if binary else None
        on_all = facts.fitted_on == "all rows"
        return TextsModel(name, network.names, positive, network, on_all)
    if kind not in BASELINES:
        raise BundleError(f"{folder} holds a {kind}, which does not read texts.")
    model = BASELINES[kind].load(folder)
    return TextsModel(name, model.names, model.positive, model)


def seen_rows(run: Path, on_all: bool = False) -> Rows | None:
    """Give the duplicate keys of the rows that a run was fitted on, None where they are unknown.

    Args:
        run: the run folder, or the model folder in it.
        on_all: whether the model was fitted anew on all of them after judging.
    """
    path = next((p / "split.csv" for p in (run, run.parent) if (p / "split.csv").exists()), None)
    if path is None:
        return None
    rows = pd.read_csv(path)
    if "duplicate_key" not in rows:
        return None
    if "fold" in rows:  # what is saved was fitted on the last one
        rows = rows[rows["fold"] == rows["fold"].max()]
    fitted = on_all | ~rows["side"].isin(["test", "left out"])
    keys: Rows = rows.loc[fitted, "duplicate_key"].to_numpy(np.int64)
    return keys


def evaluate_texts(
    model: TextsModel, rows: LabelledTexts, run: Path
) -> tuple[dict[str, Estimate], int | None]:
    """Judge a saved model on new rows; also count those it was trained on, if that is known.

    Raises:
        DataError: a label is not one of the model's.
    """
    unknown = sorted(set(rows.labels) - set(model.names))
    if unknown:
        raise DataError(
            f"the labels must be those of the model, {', '.join(model.names)}, but {rows.source} "
            f"also has {', '.join(map(repr, unknown[:5]))}. Rename them, or leave those rows out."
        )
    numbers = {name: number for number, name in enumerate(model.names)}
    truth = np.array([numbers[label] for label in rows.labels])
    groups, everything = group_duplicates(rows.texts), np.arange(len(rows.texts))
    labelled = Labelled(rows.texts, truth, model.names, model.positive, groups)
    problem = ClassProblem(
        name="evaluate",
        data=DataInfo(source=rows.source, sha256=rows.sha256, rows=len(truth), groups=0),
        split="rows given",
        folds=(),
        contenders=(),
        measures=class_measures(len(model.names), model.positive),
        rows=labelled,
    )
    seen = seen_rows(run, model.on_all)
    known = None if seen is None else int(np.isin(groups, seen).sum())
    statistics = problem.count(everything, model.say(rows.texts))
    return evaluate(problem, statistics, everything), known
