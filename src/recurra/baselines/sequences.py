"""What a network of numeric sequences must beat: statistics, the nearest neighbour, MiniRocket.

::

    statistics + LR       p = softmax(W z + b)    z: mean, deviation, quantiles, slope … a channel
    MiniRocket + LR       p = softmax(W z + b)    z: the shares of steps at which convolutions with
                                                  fixed kernels are above a bias
    nearest neighbour     the class of the sequence known that is the nearest, step by step

MiniRocket is that of Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic
transform for time series classification" (KDD 2021), written for sequences of different lengths.
"""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from recurra.arrays import Floats, Rows
from recurra.baselines.classes import TURNS, StoredClasses
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import DataError
from recurra.judging.classes import Labelled
from recurra.judging.measures import class_measures, class_statistics, values
from recurra.judging.problem import Contender, Sides
from recurra.judging.said import Said
from recurra.listeners import Listener
from recurra.rocket import MINIROCKET, STATISTICS, FeatureModel, Learnt, Scaled, features_of
from recurra.sequences import NumberEncoder, Ragged
from recurra.stored import Count, Numbers, Positive, Share

__all__ = [
    "Fitted",
    "LinearSequences",
    "NearestSequence",
    "sequence_baselines",
]

NEAREST = "nearest neighbour"
STRENGTHS = (1e-4, 1e-2, 1.0, 100.0)  # of the fit against its penalty, C
SURE = 3.0  # log-odds of the only class that was seen
LONGEST_COMPARED = 256  # steps that neighbours are compared at
COMPARED = 1 << 24  # distances at once


class LinearSequences:
    """Features of a sequence and logistic regression.

    C is chosen on validation rows by the Brier score; then all rows known are fitted.

    Args:
        kind: "statistics + LR" or "MiniRocket + LR".
        seed: of MiniRocket's draws.

    Example:
        >>> sequences = Ragged.of_numbers([[0.0, n] if n % 2 else [n, 0.0] for n in range(1, 9)])
        >>> known = Labelled(sequences, np.arange(8) % 2, ("up", "down"), None, np.arange(8))
        >>> halves = [(np.arange(4), np.arange(4, 8))]
        >>> model = LinearSequences("statistics + LR").fit(known, halves)
        >>> model.say(sequences).decided.tolist()
        [0, 1, 0, 1, 0, 1, 0, 1]
    """

    threshold = None

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind, self.seed = kind, seed
        self.rows = 0

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known."""
        self.names, self.positive, self.rows = known.names, known.positive, len(known.truth)
        with threadpool_limits(1):  # small products: threads cost more than they give
            self.C = self._strength(known, sides[:TURNS])
            self.model = self._fitted(known).with_strength(self.C)
        return self

    def _fitted(self, known: Labelled) -> "Fitted":
        return Fitted(self.kind, known.inputs, known.truth, len(known.names), seed=self.seed)

    def _strength(self, known: Labelled, sides: Sides) -> float:
        said: dict[float, list[Floats]] = {C: [] for C in STRENGTHS}
        for train, validation in sides:
            fitted = self._fitted(known.take(train))
            held = fitted.learnt.features(known.take(validation).inputs)
            for C in STRENGTHS:
                said[C].append(fitted.with_strength(C).of_features(held))
        truth = known.truth[np.concatenate([validation for _, validation in sides])]
        found = {C: np.concatenate(parts) for C, parts in said.items()}
        brier = class_measures(len(known.names))[0]
        return min(
            STRENGTHS,
            key=lambda C: values(brier, class_statistics(found[C], found[C].argmax(axis=1), truth)),
        )

    @property
    def encoder(self) -> NumberEncoder:
        """Mean and deviation of each channel of what it was fitted on."""
        return self.model.learnt.encoder

    def say(self, asked: Ragged) -> Said:
        """Give the probability of each class, and the most probable one."""
        _same_channels(asked, self.encoder)
        found = self.model.probabilities(asked)
        return Said(found, found.argmax(axis=1))

    # ---- saving and loading

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {
            "estimator": "LinearSequences",
            "kind": self.kind,
            "classes": list(self.names),
            "positive": self.positive,
            "C": self.C,
            "rows": self.rows,
            **facts,
        }
        write_bundle(folder, Bundle(config, self.encoder.to_json(), self.model.arrays(), card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit each other.
        """
        with opened(folder, "LinearSequences") as bundle:
            found = bundle.config_as(_Linear.model_validate)
            model = cls(found.kind)
            model.names, model.positive = tuple(found.classes), found.positive
            model.C, model.rows = found.C, found.rows
            encoder = bundle.encoder_as(NumberEncoder.from_json)
            needed = FeatureModel.needed(found.kind, len(model.names), encoder.features)
            model.model = FeatureModel.restored(found.kind, encoder, bundle.arrays(needed))
        return model


class Fitted:
    """Logistic regressions on the features of some rows, of any strength.

    Args:
        kind: "statistics + LR" or "MiniRocket + LR".
        rows: the sequences.
        truth: (rows,) the number of each one's class.
        classes: how many there are; of one that these rows have not, it says 0.
        weights: (rows,) how much each row counts, None for all alike.
        seed: of MiniRocket's draws.
    """

    def __init__(
        self,
        kind: str,
        rows: Ragged,
        truth: Rows,
        classes: int,
        *,
        weights: Floats | None = None,
        seed: int = 0,
    ) -> None:
        self.learnt, self.features = Learnt.fit(kind, rows, seed)
        self.truth, self.classes, self.weights = truth, classes, weights

    def with_strength(self, C: float) -> FeatureModel:
        """Fit with a strength against the penalty."""
        told = np.unique(self.truth)
        if len(told) == 1:  # there is nothing to tell apart
            told = np.append(told, (told[0] + 1) % self.classes)
            nought = np.zeros((1, self.features.shape[1]))
            return FeatureModel(self.learnt, nought, np.full(1, -SURE), told, self.classes)
        model = LogisticRegression(C=C, max_iter=1000)
        model.fit(self.features, self.truth, self.weights)
        return FeatureModel(self.learnt, model.coef_, model.intercept_, told, self.classes)


class _Linear(StoredClasses):
    kind: Literal["statistics + LR", "MiniRocket + LR"]
    C: Positive


class NearestSequence:
    """The class of the nearest sequence known.

    Sequences are brought to one length, that of the median and at most 256 steps, by straight lines
    between their steps, and compared step by step. It is as sure of a class as it was right of the
    rows known, each asked of all others.

    Example:
        >>> sequences = Ragged.of_numbers([[0.0, n] if n % 2 else [n, 0.0] for n in range(1, 9)])
        >>> known = Labelled(sequences, np.arange(8) % 2, ("up", "down"), None, np.arange(8))
        >>> NearestSequence().fit(known, []).say(sequences.take(np.array([3]))).decided.tolist()
        [1]
    """

    threshold = None

    def __init__(self) -> None:
        self.rows = 0

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Keep all rows known."""
        self.names, self.positive, self.rows = known.names, known.positive, len(known.truth)
        self.encoder = NumberEncoder.fit(known.inputs)
        self.steps = int(np.clip(np.median(known.inputs.lengths), 1, LONGEST_COMPARED))
        self.kept, self.truth = self._brought(known.inputs), known.truth
        nearest = _nearest_of(self.kept, self.kept, known.groups)
        right = float((self.truth[nearest] == self.truth).mean())
        self.sure = (right * self.rows + 1) / (self.rows + len(self.names))
        return self

    def _brought(self, asked: Ragged) -> Floats:
        at = np.linspace(0, 1, self.steps)

        def brought(steps: Floats) -> Floats:
            there = np.linspace(0, 1, len(steps))
            return np.stack([np.interp(at, there, channel) for channel in steps.T]).ravel()

        return features_of(brought, Scaled(self.encoder, asked))

    def say(self, asked: Ragged) -> Said:
        """Give the class of the nearest, and how sure that is."""
        _same_channels(asked, self.encoder)
        nearest = _nearest_of(self._brought(asked), self.kept)
        decided = self.truth[nearest]
        others = (1 - self.sure) / (len(self.names) - 1)
        return Said(np.where(np.eye(len(self.names))[decided] > 0, self.sure, others), decided)

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: it holds the sequences known."""
        config = {
            "estimator": "NearestSequence",
            "classes": list(self.names),
            "positive": self.positive,
            "sure": self.sure,
            "steps": self.steps,
            "rows": self.rows,
            **facts,
        }
        weights = {"kept": self.kept, "truth": self.truth}
        write_bundle(folder, Bundle(config, self.encoder.to_json(), weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit each other.
        """
        with opened(folder, "NearestSequence") as bundle:
            found, model = bundle.config_as(_Nearest.model_validate), cls()
            model.names, model.positive = tuple(found.classes), found.positive
            model.sure, model.steps, model.rows = found.sure, found.steps, found.rows
            model.encoder = bundle.encoder_as(NumberEncoder.from_json)
            width, last = model.steps * model.encoder.features, len(model.names) - 1
            needed = {
                "kept": Numbers((model.rows, width)),
                "truth": Numbers.whole(model.rows, high=last),
            }
            arrays = bundle.arrays(needed)
            model.kept, model.truth = arrays["kept"], arrays["truth"]
        return model


class _Nearest(StoredClasses):
    sure: Share
    steps: Annotated[int, Field(ge=1, le=LONGEST_COMPARED)]
    rows: Count


def _nearest_of(rows: Floats, kept: Floats, groups: Rows | None = None) -> Rows:
    """Give the nearest of the rows kept to each row, a block of rows at a time.

    Args:
        rows: (rows, numbers).
        kept: (kept, numbers).
        groups: (kept,) where the rows are those kept: one of its own group is no neighbour.
    """
    found = np.empty(len(rows), np.int64)
    sizes = (kept**2).sum(axis=1)
    block = max(1, COMPARED // max(1, len(kept)))
    for start in range(0, len(rows), block):
        some = slice(start, start + block)
        apart = (rows[some] ** 2).sum(axis=1)[:, None] - 2 * rows[some] @ kept.T + sizes
        if groups is not None:
            apart[groups[some, None] == groups] = np.inf
        found[some] = apart.argmin(axis=1)
    return found


def _same_channels(asked: Ragged, encoder: NumberEncoder) -> None:
    if asked.table.shape[1] != encoder.features:
        raise DataError(
            f"a step must have {encoder.features} channels, as in training, but "
            f"{asked.table.shape[1]} came."
        )


def _linear(kind: str, seed: int) -> LinearSequences:
    return LinearSequences(kind, seed)


def _nearest(seed: int) -> NearestSequence:
    return NearestSequence()


def sequence_baselines() -> list[Contender]:
    """Give what reads sequences as contenders."""
    linear = [
        Contender(kind, partial(_linear, kind), baseline=True) for kind in (STATISTICS, MINIROCKET)
    ]
    return [*linear, Contender(NEAREST, _nearest, baseline=True)]
