"""What a network of numeric sequences must beat: statistics, the nearest neighbour, MiniRocket.

::

    statistics + LR       p = softmax(W z + b)    z: mean, deviation, quantiles, slope … a channel
    MiniRocket + LR       p = softmax(W z + b)    z: the shares of steps at which convolutions with
                                                  fixed kernels are above a bias
    nearest neighbour     the class of the sequence known that is the nearest, step by step

MiniRocket is that of Dempster, Schmidt and Webb, "MiniRocket: a very fast (almost) deterministic
transform for time series classification" (KDD 2021), written for sequences of different lengths.
"""

from collections.abc import Mapping
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
    "rocket_needed",
    "rocket_of",
    "scaled",
    "sequence_baselines",
    "statistics_of",
]

STATISTICS, MINIROCKET, NEAREST = "statistics + LR", "MiniRocket + LR", "nearest neighbour"
STRENGTHS = (1e-4, 1e-2, 1.0, 100.0)  # of the fit against its penalty, C
TAPS = 9
KERNELS = np.array([3.0 * np.isin(np.arange(TAPS), c) - 1 for c in combinations(range(TAPS), 3)])
FEATURES = 2500  # of MiniRocket, about
GOLDEN = (np.sqrt(5) - 1) / 2
LONGEST_COMPARED = 256  # steps that neighbours are compared at


def scaled(encoder: NumberEncoder, asked: Ragged) -> list[Floats]:
    """Give each sequence by its channels of mean 0 and deviation 1 in training."""
    steps = (asked.timesteps() - encoder.mean) / encoder.scale
    return np.split(steps, asked.offsets[1:-1])


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
    def fit(cls, sequences: list[Floats], seed: int) -> Self:
        """Choose dilations by the length of sequences, and biases by what they give."""
        rng = np.random.default_rng(seed)
        length, width = np.median([len(steps) for steps in sequences]), sequences[0].shape[1]
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
            self.rocket = MiniRocket.fit(scaled(self.encoder, known.inputs), self.seed)
        raw = self._raw(known.inputs)
        self.mean, deviation = raw.mean(axis=0), raw.std(axis=0)
        self.scale = np.where(deviation > 1e-9, deviation, 1.0)
        features: Floats = (raw - self.mean) / self.scale
        return features

    def _raw(self, asked: Ragged) -> Floats:
        give = self.rocket or statistics_of
        return np.stack([give(steps) for steps in scaled(self.encoder, asked)])

    def _features(self, asked: Ragged) -> Floats:
        features: Floats = np.clip((self._raw(asked) - self.mean) / self.scale, -30, 30)
        return features

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
        apart = _squared_distances(self.kept, self.kept)
        apart[known.groups[:, None] == known.groups] = np.inf  # a copy of itself is no neighbour
        right = float((self.truth[apart.argmin(axis=1)] == self.truth).mean())
        self.sure = (right * self.rows + 1) / (self.rows + len(self.names))
        return self

    def _brought(self, asked: Ragged) -> Floats:
        at = np.linspace(0, 1, self.steps)
        rows = [
            np.stack([np.interp(at, np.linspace(0, 1, len(steps)), c) for c in steps.T]).ravel()
            for steps in scaled(self.encoder, asked)
        ]
        return np.stack(rows)

    def say(self, asked: Ragged) -> Said:
        """Give the class of the nearest, and how sure that is."""
        _same_channels(asked, self.encoder)
        nearest = _squared_distances(self._brought(asked), self.kept).argmin(axis=1)
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


def _squared_distances(one: Floats, other: Floats) -> Floats:
    apart: Floats = (one**2).sum(axis=1)[:, None] - 2 * one @ other.T + (other**2).sum(axis=1)
    return apart


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
