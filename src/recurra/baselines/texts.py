"""Linear models of words and of runs of characters: what a network of texts must beat.

::

    p(class | text) = softmax(W tf-idf(text) + b)        n-grams seen in 2 texts or more

Each is fitted on the training and the validation rows, all that a network has seen. As a network
reads its best epoch and its threshold off validation rows, so are C and the threshold chosen there.
"""

import contextlib
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator
from threadpoolctl import threadpool_limits

from recurra.arrays import Array, Floats, Rows, Texts
from recurra.baselines.classes import TURNS, StoredClasses, shares_of
from recurra.baselines.tfidf import TfidfRegression
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
from recurra.judging.splits import stratified_group_split
from recurra.listeners import Listener
from recurra.stored import Distinct, Numbers, Positive, Share, Stored

__all__ = ["LinearTexts", "text_baselines"]


VECTORS: dict[str, dict[str, Any]] = {
    "word TF-IDF + LR": {"ngram_range": (1, 2)},
    "char TF-IDF + LR": {"analyzer": "char_wb", "ngram_range": (2, 5)},
}
STRENGTHS = (1.0, 10.0, 100.0)  # of the fit against its penalty, C
# n-grams of more text than this do not fit in 2 GiB; then a sample of the rows is taken, and said
MOST_CHARACTERS = {"word TF-IDF + LR": 40_000_000, "char TF-IDF + LR": 8_000_000}


class LinearTexts:
    """TF-IDF and logistic regression.

    Args:
        kind: "word TF-IDF + LR" or "char TF-IDF + LR".
        seed: of the sample, taken when there is too much text.

    Example:
        >>> texts = np.array(["win a prize", "see you soon"] * 4, dtype=object)
        >>> truth = np.array([1, 0] * 4)
        >>> known = Labelled(texts, truth, ("ham", "spam"), 1, np.arange(8))
        >>> halves = [(np.arange(4), np.arange(4, 8))]
        >>> LinearTexts("word TF-IDF + LR").fit(known, halves).say(texts[:2]).decided.tolist()
        [1, 0]
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind, self.seed = kind, seed
        self.rows = 0
        self.regression: TfidfRegression | None = None

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
        with threadpool_limits(1):  # threads cost more than they give on sparse rows
            self._choose(known, sides[:TURNS])
            matrix = self._vectorize(known)
            model = self._linear(matrix, known.truth, self.C)
        self.regression, self.classes = None, np.arange(len(known.names))
        if model is not None:
            vocabulary = self.vectors.get_feature_names_out().tolist()
            self.classes = model.classes_
            self.regression = TfidfRegression(
                self.kind, vocabulary, self.vectors.idf_, model.coef_, model.intercept_
            )
        del self.vectors
        return self

    def _choose(self, known: Labelled, sides: Sides) -> None:
        """Choose C by the Brier score, and the threshold by F1, on validation rows of all turns."""
        said: dict[float, list[Floats]] = {C: [] for C in STRENGTHS}
        for train, validation in sides:
            matrix, held = self._vectorize(known.take(train)), known.take(validation).inputs
            counted = None if matrix is None else self.vectors.transform(held)
            for C in STRENGTHS:
                model = self._linear(matrix, known.truth[train], C)
                shares = np.tile(self.shares, (len(held), 1))
                if model is not None:
                    shares[:] = 0
                    shares[:, model.classes_] = model.predict_proba(counted)
                said[C].append(shares)
        truth = known.truth[np.concatenate([validation for _, validation in sides])]
        found = {C: np.concatenate(parts) for C, parts in said.items()}
        brier = class_measures(len(known.names))[0]
        self.C = min(
            STRENGTHS,
            key=lambda C: values(brier, class_statistics(found[C], found[C].argmax(axis=1), truth)),
        )
        self.threshold = None
        if known.positive is not None and len(known.names) == 2:
            positive = truth == known.positive
            self.threshold = best_threshold(positive, found[self.C][:, known.positive])

    def _vectorize(self, known: Labelled) -> Any:
        """Learn the n-grams of rows; give them counted, None where there is none twice."""
        self.rows = len(known.truth)
        self.vectors = self._vectorizer()
        self.shares = np.bincount(known.truth, minlength=len(known.names)) / self.rows
        with contextlib.suppress(ValueError):
            return self.vectors.fit_transform(known.inputs)
        return None

    @staticmethod
    def _linear(matrix: Any, truth: Rows, C: float) -> Any:
        """Fit, where there is any n-gram."""
        from sklearn.linear_model import LogisticRegression  # to answer needs none of it

        return None if matrix is None else LogisticRegression(C=C, max_iter=1000).fit(matrix, truth)

    def _sample(self, known: Labelled, sides: Sides) -> tuple[Labelled, Sides]:
        """Take a part of the rows where there is too much text, and the same part of the sides."""
        share = MOST_CHARACTERS[self.kind] / max(1, sum(map(len, known.inputs)))
        if share >= 1:
            return known, sides
        _, sample = stratified_group_split(known.truth, known.groups, share, self.seed)
        place = np.full(len(known.truth), -1)
        place[sample] = np.arange(len(sample))
        kept = [place[rows][place[rows] >= 0] for side in sides for rows in side]
        return known.take(sample), list(zip(kept[::2], kept[1::2], strict=True))

    def _vectorizer(self) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        return TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, **VECTORS[self.kind])

    def probabilities(self, texts: Texts) -> Floats:
        """Give the probability of each class, (rows, classes)."""
        if self.regression is None:
            return np.tile(self.shares, (len(texts), 1))
        found = np.zeros((len(texts), len(self.names)))
        found[:, self.classes] = self.regression.probabilities(texts)
        return found

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
        weights: dict[str, Array] = {"shares": self.shares}
        vocabulary: list[str] = []
        if self.regression is not None:
            vocabulary = list(self.regression.places)
            weights |= {"classes": self.classes, **self.regression.arrays()}
        write_bundle(folder, Bundle(config, {"vocabulary": vocabulary}, weights, card))

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
        terms = bundle.encoder_as(_Terms.model_validate).vocabulary
        model = cls(config.kind)
        model.names, model.positive = tuple(config.classes), config.positive
        model.threshold, model.rows, model.C = config.threshold, config.rows, config.C
        model.shares = shares_of(bundle, _needed(len(model.names), len(terms)))
        model.regression, model.classes = None, np.arange(len(model.names))
        if terms:
            arrays = [bundle.weights[name] for name in ("idf", "coefficients", "intercept")]
            model.regression = TfidfRegression(config.kind, terms, *arrays)
            if not np.array_equal(bundle.weights["classes"], model.classes):
                raise ValueError(f"classes must be counted up, not {bundle.weights['classes']}")
        return model


class _Stored(StoredClasses):
    kind: Literal["word TF-IDF + LR", "char TF-IDF + LR"]
    threshold: Share | None
    C: Positive

    @model_validator(mode="after")
    def _where_a_class_is_to_be_found_there_is_a_threshold(self) -> Self:
        if (self.threshold is None) != (self.positive is None):
            raise ValueError("there must be a threshold if a class is to be found, and else none")
        return self


class _Terms(Stored):
    vocabulary: Distinct


def _needed(classes: int, terms: int) -> dict[str, Numbers]:
    rows = 1 if classes == 2 else classes  # of two classes, one row of weights tells
    needed = {"shares": Numbers.shares(classes)}
    if terms:
        needed |= {
            "idf": Numbers.positive(terms),
            "coefficients": Numbers((rows, terms)),
            "intercept": Numbers((rows,)),
            "classes": Numbers.whole(classes, high=classes - 1),
        }
    return needed


def text_baselines() -> list[Contender]:
    """Give the linear models as contenders."""
    return [Contender(kind, partial(LinearTexts, kind), baseline=True) for kind in VECTORS]
