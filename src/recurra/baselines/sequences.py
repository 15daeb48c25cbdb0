"""What a network of numeric sequences must beat: statistics, the nearest neighbour, MiniRocket.

::

    statistics + LR       p = softmax(W z + b)    z: mean, deviation, quantiles, slope … a channel
    MiniRocket + LR       p = softmax(W z + b)    z: the shares of steps at which convolutions with
                                                  fixed kernels are above a bias
    nearest neighbour     the class of the sequence known that is the nearest, step by step

MiniRocket is that of Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic
transform for time series classification" (KDD 2021), written for sequences of different lengths.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from recurra.arrays import Array, Floats, Rows
from recurra.baselines.classes import TURNS, StoredClasses
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import DataError
from recurra.judging.classes import Labelled
from recurra.judging.measures import class_measures, class_statistics, values
from recurra.judging.problem import Contender, Sides
from recurra.judging.said import Said
from recurra.listeners import Listener
from recurra.sequences import NumberEncoder, Ragged
from recurra.stored import Count, Numbers, Positive, Share

__all__ = [
    "LinearSequences",
    "MiniRocket",
    "NearestSequence",
    "Scaled",
    "bring",
    "features_of",
    "rocket_needed",
    "rocket_of",
    "sequence_baselines",
    "spread_of",
    "statistics_of",
]

STATISTICS, MINIROCKET, NEAREST = "statistics + LR", "MiniRocket + LR", "nearest neighbour"
STRENGTHS = (1e-4, 1e-2, 1.0, 100.0)  # of the fit against its penalty, C
TAPS = 9
KERNELS = np.array([3.0 * np.isin(np.arange(TAPS), c) - 1 for c in combinations(range(TAPS), 3)])
FEATURES = 2500  # of MiniRocket, about
GOLDEN = (np.sqrt(5) - 1) / 2
LONGEST_COMPARED = 256  # steps that neighbours are compared at
COMPARED = 1 << 24  # distances, or features, at once


class Scaled(Sequence[Floats]):
    """Each sequence by its channels of mean 0 and deviation 1 in training, made as it is asked for.

    Args:
        encoder: that knows mean and deviation.
        asked: the sequences.
    """

    def __init__(self, encoder: NumberEncoder, asked: Ragged) -> None:
        self.encoder, self.asked = encoder, asked

    def __len__(self) -> int:
        return len(self.asked)

    def __getitem__(self, row: Any) -> Any:
        """Give the steps of one sequence, (steps, channels)."""
        if row >= len(self):
            raise IndexError(row)
        start, end = self.asked.offsets[row : row + 2]
        steps = self.asked.table[self.asked.codes[start:end]]
        return (steps - self.encoder.mean) / self.encoder.scale


def features_of(give: Callable[[Floats], Floats], sequences: Scaled) -> Floats:
    """Give the features of each sequence, (sequences, features), in one array from the start."""
    first = give(sequences[0])
    found = np.empty((len(sequences), len(first)))
    for row, steps in enumerate(sequences):
        found[row] = first if not row else give(steps)
    return found


# ---- features


def statistics_of(steps: Floats) -> Floats:
    """Give 12 statistics of each channel, and the length: (12 channels + 1,)."""
    time = np.linspace(-1, 1, len(steps)) if len(steps) > 1 else np.zeros(1)
    changes = np.diff(steps, axis=0, prepend=steps[:1])
    centred = steps - steps.mean(axis=0)
    power = np.maximum((centred**2).sum(axis=0), 1e-12)
    parts = [
        steps.mean(axis=0),
        steps.std(axis=0),
        *np.quantile(steps, (0, 0.25, 0.5, 0.75, 1), axis=0),
        steps[0],
        steps[-1],
        time @ steps / max(1e-12, float(time @ time)),
        np.abs(changes).mean(axis=0),
        (centred[1:] * centred[:-1]).sum(axis=0) / power,
    ]
    return np.append(np.concatenate(parts), np.log(len(steps)))


def spread_of(features: Floats) -> tuple[Floats, Floats]:
    """Give the mean and the deviation of each column, some columns at a time; 1 where none moves.

    Example:
        >>> [each.tolist() for each in spread_of(np.array([[1.0, 5.0], [3.0, 5.0]]))]
        [[2.0, 5.0], [1.0, 1.0]]
    """
    width = max(1, COMPARED // max(1, len(features)))
    blocks = [features[:, at : at + width] for at in range(0, features.shape[1], width)]
    deviation = np.concatenate([block.std(axis=0) for block in blocks])
    return features.mean(axis=0), np.where(deviation > 1e-9, deviation, 1.0)


def bring(features: Floats, mean: Floats, scale: Floats, farthest: float = np.inf) -> Floats:
    """Bring features to mean 0 and deviation 1 where they lie, for there may be gigabytes."""
    features -= mean
    features /= scale
    return features if np.isinf(farthest) else np.clip(features, -farthest, farthest, out=features)


class MiniRocket:
    """84 kernels of nine taps (three of 2, six of -1) at rising dilations, and biases.

    ::

        feature = share of steps t at which Σ_k Σ_c w_k x[t + (k - 4) dilation, c] > bias

    The biases are quantiles of what training sequences give; of several channels each kernel reads
    some, drawn from the seed.

    Args:
        dilations: (dilations,).
        channels: (dilations, 84, channels) 1 where a kernel reads a channel.
        biases: (dilations, 84, biases).
    """

    def __init__(self, dilations: Rows, channels: Floats, biases: Floats) -> None:
        self.dilations, self.channels, self.biases = dilations, channels, biases

    @classmethod
    def fit(cls, sequences: Scaled, seed: int) -> Self:
        """Choose dilations by the length of sequences, and biases by what they give."""
        rng = np.random.default_rng(seed)
        length, width = np.median(sequences.asked.lengths), sequences.asked.table.shape[1]
        last = int(np.log2(max(1.0, (length - 1) / (TAPS - 1))))
        dilations = 2 ** np.arange(last + 1)
        count = max(1, FEATURES // len(KERNELS) // len(dilations))
        channels = np.ones((len(dilations), len(KERNELS), width))
        if width > 1:
            most = rng.integers(1, min(width, TAPS) + 1, channels.shape[:2])
            ranks = rng.random(channels.shape).argsort(axis=2)
            channels = (ranks < most[..., None]).astype(np.float64)
        levels = np.arange(1, len(KERNELS) * count + 1) * GOLDEN % 1
        biases = np.empty((*channels.shape[:2], count))
        for place, dilation in enumerate(dilations.tolist()):
            for bias, row in enumerate(rng.choice(len(sequences), count)):
                given = _convolved(sequences[row], dilation, channels[place])
                of_kernel = levels[bias::count]
                biases[place, :, bias] = [
                    np.quantile(one, level) for one, level in zip(given, of_kernel, strict=True)
                ]
        return cls(dilations, channels, biases)

    def __call__(self, steps: Floats) -> Floats:
        """Give the features of one sequence."""
        shares = []
        for place, dilation in enumerate(self.dilations.tolist()):
            given = _convolved(steps, dilation, self.channels[place])
            shares.append((given[:, None, :] > self.biases[place][:, :, None]).mean(axis=2).ravel())
        return np.concatenate(shares)


def _convolved(steps: Floats, dilation: int, channels: Floats) -> Floats:
    """Give what each kernel says at each step, (84, steps); beyond the ends is 0."""
    reach = dilation * (TAPS // 2)
    wide = np.pad(steps, ((reach, reach), (0, 0)))
    shifted = [wide[k * dilation : k * dilation + len(steps)] for k in range(TAPS)]
    read = np.stack(shifted)  # (taps, steps, channels)
    of_channels = np.tensordot(KERNELS, read, axes=1)  # (kernels, steps, channels)
    found: Floats = (of_channels @ channels[:, :, None])[..., 0]
    return found


# ---- models


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
        self.rocket: MiniRocket | None = None

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
            self._fit_linear(self._learn(known), known.truth, self.C)
        return self

    def _strength(self, known: Labelled, sides: Sides) -> float:
        said: dict[float, list[Floats]] = {C: [] for C in STRENGTHS}
        for train, validation in sides:
            features = self._learn(known.take(train))
            held = self._features(known.take(validation).inputs)
            for C in STRENGTHS:
                self._fit_linear(features, known.truth[train], C)
                said[C].append(self._of(held))
        truth = known.truth[np.concatenate([validation for _, validation in sides])]
        found = {C: np.concatenate(parts) for C, parts in said.items()}
        brier = class_measures(len(known.names))[0]
        return min(
            STRENGTHS,
            key=lambda C: values(brier, class_statistics(found[C], found[C].argmax(axis=1), truth)),
        )

    def _learn(self, known: Labelled) -> Floats:
        """Learn scales and biases from rows; give the features of these rows."""
        self.encoder = NumberEncoder.fit(known.inputs)
        if self.kind == MINIROCKET:
            self.rocket = MiniRocket.fit(Scaled(self.encoder, known.inputs), self.seed)
        features = self._raw(known.inputs)
        self.mean, self.scale = spread_of(features)
        return bring(features, self.mean, self.scale)

    def _raw(self, asked: Ragged) -> Floats:
        return features_of(self.rocket or statistics_of, Scaled(self.encoder, asked))

    def _features(self, asked: Ragged) -> Floats:
        return bring(self._raw(asked), self.mean, self.scale, farthest=30)

    def _fit_linear(self, features: Floats, truth: Rows, C: float) -> None:
        self.model = LogisticRegression(C=C, max_iter=1000).fit(features, truth)

    def _of(self, features: Floats) -> Floats:
        found = np.zeros((len(features), len(self.names)))
        found[:, self.model.classes_] = self.model.predict_proba(features)
        return found

    def say(self, asked: Ragged) -> Said:
        """Give the probability of each class, and the most probable one."""
        _same_channels(asked, self.encoder)
        found = self._of(self._features(asked))
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
        weights: dict[str, Array] = {
            "mean": self.mean,
            "scale": self.scale,
            "coefficients": self.model.coef_,
            "intercept": self.model.intercept_,
            "classes": self.model.classes_,
        }
        if self.rocket is not None:
            weights |= {f"rocket/{name}": value for name, value in vars(self.rocket).items()}
        write_bundle(folder, Bundle(config, self.encoder.to_json(), weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit each other.
        """
        with opened(folder, "LinearSequences") as bundle:
            return cls._restored(bundle)

    @classmethod
    def _restored(cls, bundle: Bundle) -> Self:
        found = bundle.config_as(_Linear.model_validate)
        model = cls(found.kind)
        model.names, model.positive = tuple(found.classes), found.positive
        model.C, model.rows = found.C, found.rows
        model.encoder = bundle.encoder_as(NumberEncoder.from_json)
        features = model.encoder.features
        rocket = model.kind == MINIROCKET
        width = np.size(bundle.weights.get("rocket/biases", ())) if rocket else 12 * features + 1
        needed = _linear_needed(len(model.names), width)
        arrays = bundle.arrays(needed | (rocket_needed(features) if rocket else {}))
        if rocket:
            model.rocket = rocket_of(arrays)
        model.mean, model.scale = arrays["mean"], arrays["scale"]
        model.model = LogisticRegression()
        model.model.coef_, model.model.intercept_ = arrays["coefficients"], arrays["intercept"]
        model.model.classes_ = arrays["classes"]
        if not np.array_equal(model.model.classes_, np.arange(len(model.names))):
            raise ValueError(f"classes must be counted up, not {model.model.classes_}")
        return model


class _Linear(StoredClasses):
    kind: Literal["statistics + LR", "MiniRocket + LR"]
    C: Positive


def rocket_of(arrays: Mapping[str, Array]) -> MiniRocket:
    """Give the random convolutions that were saved in these arrays.

    Raises:
        ValueError: their parts do not fit each other.
    """
    parts = [arrays[f"rocket/{name}"] for name in ("dilations", "channels", "biases")]
    if len({len(part) for part in parts}) > 1:
        raise ValueError("there must be channels and biases for each dilation")
    return MiniRocket(*parts)


def rocket_needed(features: int) -> dict[str, Numbers]:
    """Give what the arrays of MiniRocket over so many channels must be."""
    kernels = len(KERNELS)
    return {
        "rocket/dilations": Numbers.whole(None, low=1, high=1 << 20),
        "rocket/channels": Numbers.shares(None, kernels, features),
        "rocket/biases": Numbers((None, kernels, None)),
    }


def _linear_needed(classes: int, width: int) -> dict[str, Numbers]:
    rows = 1 if classes == 2 else classes  # of two classes, one row of weights tells
    return {
        "mean": Numbers((width,)),
        "scale": Numbers.positive(width),
        "coefficients": Numbers((rows, width)),
        "intercept": Numbers((rows,)),
        "classes": Numbers.whole(classes, high=classes - 1),
    }


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
