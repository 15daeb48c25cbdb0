"""Linear models of words and of runs of characters: what a network of texts must beat.

::

    p(class | text) = softmax(W tf-idf(text) + b)        n-grams seen in 2 texts or more
    NB n-grams        the same of words and signs, one to three in a row, weighted by naive Bayes
    NB runs           the same of runs of 1 to 6 characters across words, in 3 texts or more

Each is fitted on the training and the validation rows, all that a network has seen. As a network
reads its best epoch and its threshold off validation rows, so are C and the threshold chosen there.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from recurra.arrays import Floats, Texts
from recurra.baselines.classes import TURNS, StoredClasses
from recurra.baselines.terms import STRENGTHS, Counted, Weighted
from recurra.bundle import Bundle, opened, write_bundle
from recurra.judging.classes import Labelled
from recurra.judging.measures import (
    best_threshold,
    class_measures,
    class_statistics,
    values,
)
from recurra.judging.problem import Contender, Sides
from recurra.judging.said import Said
from recurra.judging.splits import apart, stratified_group_split
from recurra.listeners import Listener
from recurra.stored import Positive, Share
from recurra.text.terms import (
    CHARACTERS,
    COLUMNS,
    NAIVE_BAYES,
    NGRAMS,
    RUNS,
    WORDS,
    StoredTerms,
    TermModel,
)

__all__ = ["MOST_CHARACTERS", "LinearTexts", "text_baselines"]

# n-grams of more text than this do not fit in 2 GiB; then a sample of the rows is taken, and said
MOST_CHARACTERS = {
    WORDS: 40_000_000,
    CHARACTERS: 8_000_000,
    NAIVE_BAYES: 40_000_000,
    RUNS: 8_000_000,
    COLUMNS: 10**12,
}


class LinearTexts:
    """Terms and logistic regression.

    Args:
        kind: "word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR" or "NB runs + LR";
            "columns + LR" reads what stands beside a text alone.
        seed: of the sample, taken when there is too much text.
        features: the names of the columns whose cells stand before each text.

    Example:
        >>> texts = np.array(["win a prize", "see you soon"] * 4, dtype=object)
        >>> truth = np.array([1, 0] * 4)
        >>> known = Labelled(texts, truth, ("ham", "spam"), 1, np.arange(8))
        >>> halves = [(np.arange(4), np.arange(4, 8))]
        >>> LinearTexts("word TF-IDF + LR").fit(known, halves).say(texts[:2]).decided.tolist()
        [1, 0]
    """

    def __init__(self, kind: str, seed: int = 0, features: Sequence[str] = ()) -> None:
        self.kind, self.seed, self.features = kind, seed, tuple(features)
        self.rows = 0

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known; C and the threshold are chosen on validation rows."""
        self.names, self.positive = known.names, known.positive
        known, sides = self._sample(known, sides)
        counted = Counted(self.kind, known.inputs, self.features)
        self._choose(counted, known, sides[:TURNS])
        self.rows = len(known.truth)
        every = np.arange(self.rows)
        self.model = Weighted(counted, every, known.truth, len(known.names)).fit(self.C).model()
        return self

    def _choose(self, counted: Counted, known: Labelled, sides: Sides) -> None:
        """Choose C by the Brier score, and the threshold by F1, on validation rows of all turns."""
        classes = len(known.names)
        said: dict[float, list[Floats]] = {C: [] for C in STRENGTHS[self.kind]}
        for train, validation in sides:
            rows = Weighted(counted, train, known.truth, classes)
            held = rows.of(validation)
            for C, parts in said.items():
                parts.append(rows.fit(C).probabilities(held, len(validation)))
        found = {C: np.concatenate(parts) for C, parts in said.items()}
        truth = known.truth[np.concatenate([validation for _, validation in sides])]
        brier = class_measures(classes)[0]
        self.C = min(
            found,
            key=lambda C: values(brier, class_statistics(found[C], found[C].argmax(axis=1), truth)),
        )
        self.threshold = None
        if known.positive is not None and classes == 2:
            positive = truth == known.positive
            self.threshold = best_threshold(positive, found[self.C][:, known.positive])

    def _sample(self, known: Labelled, sides: Sides) -> tuple[Labelled, Sides]:
        """Take a part of the rows where there is too much text, and the same part of the sides."""
        share = MOST_CHARACTERS[self.kind] / max(1, sum(map(len, known.inputs)))
        if share >= 1:
            return known, sides
        _, sample = stratified_group_split(known.truth, known.groups, share, apart(self.seed))
        place = np.full(len(known.truth), -1)
        place[sample] = np.arange(len(sample))
        kept = [place[rows][place[rows] >= 0] for side in sides for rows in side]
        return known.take(sample), list(zip(kept[::2], kept[1::2], strict=True))

    def probabilities(self, texts: Texts) -> Floats:
        """Give the probability of each class, (rows, classes)."""
        return self.model.probabilities(texts)

    def say(self, asked: Texts) -> Said:
        """Give probabilities, and the class decided for: by the threshold, or the most probable."""
        found = self.probabilities(asked)
        if self.threshold is None or self.positive is None:
            return Said(found, found.argmax(axis=1))
        called = found[:, self.positive] >= self.threshold
        return Said(found, np.where(called, self.positive, 1 - self.positive))

    # ---- saving and loading

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: the vocabulary in JSON, the weights beside it."""
        config = {
            "estimator": "LinearTexts",
            "kind": self.kind,
            "classes": list(self.names),
            "positive": self.positive,
            "threshold": self.threshold,
            "C": self.C,
            "rows": self.rows,
            **facts,
        }
        write_bundle(folder, Bundle(config, self.model.to_json(), self.model.arrays(), card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit its vocabulary and classes.
        """
        with opened(folder, "LinearTexts") as bundle:
            return cls._restored(bundle)

    @classmethod
    def _restored(cls, bundle: Bundle) -> Self:
        config = bundle.config_as(_Stored.model_validate)
        terms = bundle.encoder_as(StoredTerms.model_validate)
        model = cls(config.kind)
        model.names, model.positive = tuple(config.classes), config.positive
        model.threshold, model.rows, model.C = config.threshold, config.rows, config.C
        classes = len(model.names)
        needed = bundle.encoder_as(lambda _: TermModel.needed(config.kind, classes, terms))
        model.model = TermModel.restored(config.kind, terms, bundle.arrays(needed))
        return model


class _Stored(StoredClasses):
    kind: Literal[
        "word TF-IDF + LR",
        "char TF-IDF + LR",
        "NB n-grams + LR",
        "NB runs + LR",
        "word TF-IDF + SGD",
        "columns + LR",
    ]
    threshold: Share | None
    C: Positive

    @model_validator(mode="after")
    def _where_a_class_is_to_be_found_there_is_a_threshold(self) -> Self:
        if (self.threshold is None) != (self.positive is None):
            raise ValueError("there must be a threshold if a class is to be found, and else none")
        return self


def text_baselines(features: Sequence[str] = (), starts: Iterable[str] = ()) -> list[Contender]:
    """Give the linear models as contenders.

    Args:
        features: the names of the columns whose cells stand before each text; all read them, and
            one reads nothing else.
        starts: kinds as which networks begin: whatever a network has of its own, it must beat.
    """
    kinds = [*dict.fromkeys([*NGRAMS, *starts]), *([COLUMNS] if features else [])]
    reading: dict[str, Any] = {"features": tuple(features)} if features else {}
    return [Contender(kind, partial(LinearTexts, kind, **reading), baseline=True) for kind in kinds]
