"""Linear models of features of numeric sequences, as they answer: NumPy, MiniRocket and weights.

::

    z    the share of steps at which each convolution is above its bias, or statistics of a channel;
         brought to mean 0 and deviation 1
    P    σ(W z + b) of two classes; of more softmax(W z + b)

Source: A. Dempster, D. Schmidt, G. Webb, MiniRocket: a very fast (almost) deterministic transform
for time series classification (KDD 2021); here for sequences of different lengths.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any, Self

import numpy as np

from recurra.arrays import Array, Floats, Rows
from recurra.sequences import NumberEncoder, Ragged
from recurra.stored import Numbers
from recurra.text.terms import shares_of_scores, weights_needed

__all__ = [
    "MINIROCKET",
    "STATISTICS",
    "FeatureModel",
    "Learnt",
    "MiniRocket",
    "Scaled",
    "bring",
    "features_of",
    "rocket_needed",
    "rocket_of",
    "spread_of",
    "statistics_of",
]

STATISTICS, MINIROCKET = "statistics + LR", "MiniRocket + LR"
TAPS = 9
KERNELS = np.array([3.0 * np.isin(np.arange(TAPS), c) - 1 for c in combinations(range(TAPS), 3)])
FEATURES = 2500  # of MiniRocket, about
GOLDEN = (np.sqrt(5) - 1) / 2
COMPARED = 1 << 24  # features at once
FARTHEST = 30  # deviations of a feature
PER_CHANNEL = 12  # statistics


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
        """Give the features of one sequence; of none without a step is any above a bias."""
        if not len(steps):
            return np.zeros(self.biases.size)
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


class Learnt:
    """Scales and biases that rows taught; from sequences to their features.

    Args:
        kind: "statistics + LR" or "MiniRocket + LR".
        encoder: mean and deviation of each channel.
        rocket: the convolutions, None of statistics.
        mean, scale: (features,).
    """

    def __init__(
        self,
        kind: str,
        encoder: NumberEncoder,
        rocket: MiniRocket | None,
        mean: Floats,
        scale: Floats,
    ) -> None:
        self.kind, self.encoder, self.rocket = kind, encoder, rocket
        self.mean, self.scale = mean, scale

    @classmethod
    def fit(cls, kind: str, rows: Ragged, seed: int) -> tuple[Self, Floats]:
        """Learn of rows; give it, and the features of these rows."""
        encoder = NumberEncoder.fit(rows)
        scaled = Scaled(encoder, rows)
        rocket = MiniRocket.fit(scaled, seed) if kind == MINIROCKET else None
        features = features_of(rocket or statistics_of, scaled)
        learnt = cls(kind, encoder, rocket, *spread_of(features))
        return learnt, bring(features, learnt.mean, learnt.scale)

    def features(self, asked: Ragged) -> Floats:
        """Give (rows, features)."""
        if not len(asked):
            return np.zeros((0, len(self.mean)))
        features = features_of(self.rocket or statistics_of, Scaled(self.encoder, asked))
        return bring(features, self.mean, self.scale, farthest=FARTHEST)


class FeatureModel:
    """Weights of features.

    Args:
        learnt: gives the features.
        coefficients: (1, features) of two classes, (k, features) of more.
        intercept: as many.
        told: (k,) the numbers of the classes that it tells apart; of others it says 0.
        classes: how many there are.
    """

    beside = None  # of texts: what it reads of cells before them

    def __init__(
        self, learnt: Learnt, coefficients: Floats, intercept: Floats, told: Rows, classes: int
    ) -> None:
        self.learnt, self.coefficients, self.intercept = learnt, coefficients, intercept
        self.told, self.classes = told, classes

    @property
    def kind(self) -> str:
        """Which features."""
        return self.learnt.kind

    def probabilities(self, asked: Ragged) -> Floats:
        """Give the probability of each class, (rows, classes)."""
        return self.of_features(self.learnt.features(asked))

    def of_features(self, features: Floats) -> Floats:
        """Give the same of features."""
        found = np.zeros((len(features), self.classes))
        scores = features @ self.coefficients.T + self.intercept
        found[:, self.told] = shares_of_scores(self.kind, scores)
        return found

    def to_json(self) -> dict[str, Any]:
        """Give what is to be saved beside the arrays."""
        return {"encoder": self.learnt.encoder.to_json()}

    def arrays(self) -> dict[str, Array]:
        """Give its arrays."""
        found: dict[str, Array] = {
            "mean": self.learnt.mean,
            "scale": self.learnt.scale,
            "coefficients": self.coefficients,
            "intercept": self.intercept,
            "classes": self.told,
        }
        if self.learnt.rocket is not None:
            found |= {f"rocket/{name}": each for name, each in vars(self.learnt.rocket).items()}
        return found

    @staticmethod
    def needed(kind: str, classes: int, channels: int) -> dict[str, Numbers]:
        """Give what the arrays of a model of so many classes and channels must be."""
        width = None if kind == MINIROCKET else PER_CHANNEL * channels + 1
        return {
            "mean": Numbers((width,)),
            "scale": Numbers.positive(width),
            **weights_needed(classes, width),
            **(rocket_needed(channels) if kind == MINIROCKET else {}),
        }

    @classmethod
    def restored(cls, kind: str, encoder: NumberEncoder, arrays: Mapping[str, Array]) -> Self:
        """Make a model of what was saved, which must be as `needed` says.

        Raises:
            ValueError: its arrays do not fit each other.
        """
        rocket = rocket_of(arrays) if kind == MINIROCKET else None
        mean, scale, weights = arrays["mean"], arrays["scale"], arrays["coefficients"]
        width = len(mean) if rocket is None else int(rocket.biases.size)
        if {len(mean), len(scale), weights.shape[1]} != {width}:
            raise ValueError(
                f"there must be {width} features, but there are means of {len(mean)}, scales of "
                f"{len(scale)} and weights of {weights.shape[1]}"
            )
        told = arrays["classes"]
        if not np.array_equal(told, np.arange(len(told))):
            raise ValueError(f"classes must be counted up, not {told}")
        learnt = Learnt(kind, encoder, rocket, mean, scale)
        return cls(learnt, weights, arrays["intercept"], told, len(told))


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
