"""What a network of several labels a text must beat.

::

    base rate            p = the share of each label in training; says those of more than half
    commonest label      the same, and says the commonest label of every text
    word TF-IDF + LR …   one logistic regression a label, on the same terms of the texts

C and the threshold of probability, one for all labels, are chosen on validation rows: by the Brier
score, and by micro F1.
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Floats, Texts
from recurra.baselines.classes import TURNS
from recurra.baselines.terms import STRENGTHS, VECTORS, Counted, Weighted
from recurra.baselines.texts import MOST_CHARACTERS
from recurra.bundle import Bundle, opened, write_bundle
from recurra.cells import sigmoid
from recurra.judging.labels import KnownLabels, SaidLabels
from recurra.judging.measures import best_threshold
from recurra.judging.problem import Contender, Sides
from recurra.judging.splits import apart, group_split
from recurra.listeners import Listener
from recurra.stored import Distinct, Numbers, Positive, Share, Stored
from recurra.text.terms import NAIVE_BAYES, TermRegression

__all__ = ["ConstantLabels", "LinearLabels", "label_baselines"]

BASE_RATE, COMMONEST = "base rate", "commonest label"
SURE = 1e-4  # a share of nothing or all is taken for nearly that


class ConstantLabels:
    """Says the same of every row.

    Args:
        kind: "base rate" or "commonest label".

    Example:
        >>> known = KnownLabels(np.array(["a", "b"], object), np.eye(2), ("x", "y"), np.arange(2))
        >>> ConstantLabels("commonest label").fit(known, []).say(["any"]).decided.tolist()
        [[True, False]]
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.rows = 0

    def fit(
        self,
        known: KnownLabels,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Count the labels."""
        self.names, self.rows = known.names, len(known.truth)
        self.shares = known.truth.mean(axis=0).astype(float)
        return self

    def say(self, asked: Any) -> SaidLabels:
        """Give the shares, for every row."""
        decided = self.shares > 0.5
        if self.kind == COMMONEST:
            decided = np.arange(len(self.shares)) == self.shares.argmax()
        return SaidLabels(np.tile(self.shares, (len(asked), 1)), np.tile(decided, (len(asked), 1)))

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {
            "estimator": "ConstantLabels",
            "kind": self.kind,
            "classes": list(self.names),
            "rows": self.rows,
            **facts,
        }
        write_bundle(folder, Bundle(config, {}, {"shares": self.shares}, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged.
        """
        with opened(folder, "ConstantLabels") as bundle:
            found = bundle.config_as(_Constant.model_validate)
            model = cls(found.kind)
            model.names, model.rows = tuple(found.classes), found.rows
            model.shares = bundle.arrays({"shares": Numbers.shares(len(model.names))})["shares"]
        return model


class _Stored(Stored):
    classes: Annotated[Distinct, Field(min_length=1)]
    rows: int


class _Constant(_Stored):
    kind: Literal["base rate", "commonest label"]


class LinearLabels:
    """Terms, and a logistic regression a label.

    Args:
        kind: "word TF-IDF + LR", "char TF-IDF + LR" or "NB n-grams + LR".
        seed: of the sample, taken when there is too much text.

    Example:
        >>> texts = np.array(["win a cup", "tax on a cup", "tax rises", "see you"] * 4, object)
        >>> truth = np.array([[1, 0], [1, 1], [0, 1], [0, 0]] * 4)
        >>> known = KnownLabels(texts, truth, ("sport", "money"), np.arange(16))
        >>> halves = [(np.arange(8), np.arange(8, 16))]
        >>> LinearLabels("word TF-IDF + LR").fit(known, halves).say(texts[:2]).decided.tolist()
        [[True, False], [True, True]]
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind, self.seed = kind, seed
        self.rows = 0

    def fit(
        self,
        known: KnownLabels,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known."""
        self.names = known.names
        known, sides = self._sample(known, sides)
        self.rows = len(known.truth)
        counted = Counted(self.kind, known.inputs)
        self._choose(counted, known, sides[:TURNS])
        self.model = _fitted(counted, np.arange(self.rows), known, self.C)
        return self

    def _choose(self, counted: Counted, known: KnownLabels, sides: Sides) -> None:
        """Choose C by the Brier score and the threshold by micro F1, on validation rows."""
        truth = known.truth[np.concatenate([validation for _, validation in sides])]
        found = {}
        for C in STRENGTHS[self.kind]:
            said = [
                sigmoid(_fitted(counted, train, known, C).scores(known.inputs[validation]))
                for train, validation in sides
            ]
            found[C] = np.concatenate(said)
        self.C = min(found, key=lambda C: float(((found[C] - truth) ** 2).mean()))
        self.threshold = best_threshold(truth.ravel() > 0, found[self.C].ravel())

    def _sample(self, known: KnownLabels, sides: Sides) -> tuple[KnownLabels, Sides]:
        """Take a part of the rows where there is too much text, and the same part of the sides."""
        share = MOST_CHARACTERS[self.kind] / max(1, sum(map(len, known.inputs)))
        if share >= 1:
            return known, sides
        _, sample = group_split(known.groups, share, apart(self.seed))
        place = np.full(len(known.truth), -1)
        place[sample] = np.arange(len(sample))
        kept = [place[rows][place[rows] >= 0] for side in sides for rows in side]
        return known.take(sample), list(zip(kept[::2], kept[1::2], strict=True))

    def say(self, asked: Texts) -> SaidLabels:
        """Give the probability of each label, and those that reach the threshold."""
        found = sigmoid(self.model.scores(asked))
        return SaidLabels(found, found >= self.threshold)

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: the vocabulary in JSON, the weights beside it."""
        config = {
            "estimator": "LinearLabels",
            "kind": self.kind,
            "classes": list(self.names),
            "threshold": self.threshold,
            "C": self.C,
            "rows": self.rows,
            **facts,
        }
        terms = {"vocabulary": list(self.model.places)}
        write_bundle(folder, Bundle(config, terms, self.model.arrays(), card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit its vocabulary and labels.
        """
        with opened(folder, "LinearLabels") as bundle:
            found = bundle.config_as(_Linear.model_validate)
            terms = bundle.encoder_as(_Terms.model_validate).vocabulary
            model = cls(found.kind)
            model.names, model.rows = tuple(found.classes), found.rows
            model.C, model.threshold = found.C, found.threshold
            labels = len(model.names)
            needed = {
                "coefficients": Numbers((labels, len(terms))),
                "intercept": Numbers((labels,)),
            }
            if found.kind != NAIVE_BAYES:
                needed["idf"] = Numbers.positive(len(terms))
            arrays = bundle.arrays(needed)
            weights = arrays["coefficients"], arrays["intercept"]
            model.model = TermRegression(found.kind, terms, arrays.get("idf"), *weights)
        return model


class _Linear(_Stored):
    kind: Literal["word TF-IDF + LR", "char TF-IDF + LR", "NB n-grams + LR"]
    threshold: Share
    C: Positive


class _Terms(Stored):
    vocabulary: Distinct


def _fitted(counted: Counted, rows: Any, known: KnownLabels, C: float) -> TermRegression:
    """Fit a regression a label on some rows; all know the same terms, weighted alike."""
    terms: list[str] = []
    idf: Floats | None = None
    weights: list[Floats | None] = []
    bias: list[float] = []
    for label in range(known.truth.shape[1]):
        truth = known.truth[:, label].astype(np.int64)
        one = Weighted(counted, rows, truth, 2).fit(C)
        share = float(np.clip(truth[rows].mean(), SURE, 1 - SURE))
        if not len(one.intercept):  # one answer alone was seen, or no term twice
            weights.append(None)
            bias.append(float(np.log(share / (1 - share))))
            continue
        terms = counted.terms[one.rows.known].tolist()
        idf = None if one.rows.weighting is None else one.rows.weighting.idf_
        weights.append(one.coefficients[0])
        bias.append(float(one.intercept[0]))
    if idf is None and counted.kind != NAIVE_BAYES:
        terms, idf = [], np.zeros(0)
    table: Array = np.zeros((len(bias), len(terms)))
    for label, row in enumerate(weights):
        if row is not None:
            table[label] = row
    return TermRegression(counted.kind, terms, idf, table, np.array(bias))


def _constant(kind: str, seed: int) -> ConstantLabels:
    return ConstantLabels(kind)


def label_baselines() -> list[Contender]:
    """Give what says labels of texts as contenders."""
    constant = [
        Contender(kind, partial(_constant, kind), baseline=True) for kind in (BASE_RATE, COMMONEST)
    ]
    linear = [Contender(kind, partial(LinearLabels, kind), baseline=True) for kind in VECTORS]
    return [*constant, *linear]
