"""What a network that says a number of a numeric sequence must beat.

::

    mean                          the mean of the numbers known
    statistics + ridge            W z + b     z: mean, deviation, quantiles, slope … of each channel
    statistics + boosted trees    gradient boosting on the same z
    MiniRocket + ridge            W z + b     z: the shares of steps at which fixed convolutions are
                                              above a bias

The penalty of the ridge, and how many trees there are, are chosen on validation rows by the squared
error; then all rows known are fitted.
"""

from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from recurra.arrays import Array, Floats
from recurra.baselines.classes import TURNS
from recurra.baselines.trees import Trees
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import DataError
from recurra.judging.problem import Contender, Sides
from recurra.judging.quantities import Measured
from recurra.listeners import Listener
from recurra.rocket import (
    MiniRocket,
    Scaled,
    bring,
    features_of,
    rocket_needed,
    rocket_of,
    spread_of,
    statistics_of,
)
from recurra.sequences import NumberEncoder, Ragged
from recurra.stored import Number, Numbers, Positive, Stored

__all__ = ["QuantityBaseline", "quantity_baselines"]

MEAN, RIDGE = "mean", "statistics + ridge"
BOOSTED, ROCKET = "statistics + boosted trees", "MiniRocket + ridge"
PENALTIES = (1e-2, 1.0, 1e2, 1e4)
TREES = (25, 100, 300)
SHAPE = {"max_leaf_nodes": 16, "min_samples_leaf": 5, "learning_rate": 0.1}
FARTHEST = 30.0  # deviations of a feature


class QuantityBaseline:
    """A rule or a learner of numbers: fitted, asked, saved and loaded like a network.

    Args:
        kind: "mean", "statistics + ridge", "statistics + boosted trees" or "MiniRocket + ridge".
        seed: of MiniRocket's draws.

    Example:
        >>> sequences = Ragged.of_numbers([[float(n), 1.0] for n in range(12)])
        >>> known = Measured(sequences, 2.0 * np.arange(12), np.arange(12))
        >>> halves = [(np.arange(0, 12, 2), np.arange(1, 12, 2))]
        >>> model = QuantityBaseline("statistics + ridge").fit(known, halves)
        >>> bool(np.abs(model.say(sequences) - known.truth).max() < 0.5)
        True
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind, self.seed = kind, seed
        self.rows = 0
        self.rocket: MiniRocket | None = None
        self.trees: Trees | None = None
        self.weights, self.bias = np.zeros(0), 0.0

    def fit(
        self,
        known: Measured,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known."""
        self.rows = len(known.truth)
        self.setting = 1.0
        with threadpool_limits(1):  # small products: threads cost more than they give
            if self.kind != MEAN:
                self.setting = self._choose(known, sides[:TURNS])
            self._fit(self._learn(known), known.truth, self.setting)
        return self

    def _choose(self, known: Measured, sides: Sides) -> float:
        """Choose by the squared error on validation rows."""
        settings = [float(each) for each in (TREES if self.kind == BOOSTED else PENALTIES)]
        lost = np.zeros(len(settings))
        for train, validation in sides:
            features = self._learn(known.take(train))
            held = self._features(known.take(validation).inputs)
            for place, setting in enumerate(settings):
                self._fit(features, known.truth[train], setting)
                lost[place] += ((self._of(held) - known.truth[validation]) ** 2).sum()
        return settings[int(lost.argmin())]

    def _learn(self, known: Measured) -> Floats:
        """Learn scales and biases from rows; give the features of these rows."""
        self.encoder = NumberEncoder.fit(known.inputs)
        if self.kind == ROCKET:
            self.rocket = MiniRocket.fit(Scaled(self.encoder, known.inputs), self.seed)
        features = self._raw(known.inputs)
        self.mean, self.scale = spread_of(features)
        return bring(features, self.mean, self.scale, farthest=FARTHEST)

    def _raw(self, asked: Ragged) -> Floats:
        if self.kind == MEAN:
            return np.zeros((len(asked), 1))
        return features_of(self.rocket or statistics_of, Scaled(self.encoder, asked))

    def _features(self, asked: Ragged) -> Floats:
        return bring(self._raw(asked), self.mean, self.scale, farthest=FARTHEST)

    def _fit(self, features: Floats, truth: Floats, setting: float) -> None:
        if self.kind == BOOSTED:
            nodes = Trees.regression_nodes(features, truth, max_iter=int(setting), **SHAPE)
            self.trees = Trees(**nodes)
            return
        ridge = Ridge(alpha=setting).fit(features, truth)
        self.weights, self.bias = np.asarray(ridge.coef_, float), float(ridge.intercept_)

    def _of(self, features: Floats) -> Floats:
        if self.trees is not None:
            return self.trees.log_odds(features)
        said: Floats = features @ self.weights + self.bias
        return said

    def say(self, asked: Ragged) -> Floats:
        """Give the number of each sequence, (rows,)."""
        if asked.table.shape[1] != self.encoder.features:
            raise DataError(
                f"a step must have {self.encoder.features} channels, as in training, but "
                f"{asked.table.shape[1]} came."
            )
        return self._of(self._features(asked))

    # ---- saving and loading

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle."""
        config = {
            "estimator": "QuantityBaseline",
            "kind": self.kind,
            "setting": self.setting,
            "bias": self.bias,
            "rows": self.rows,
            **facts,
        }
        arrays: dict[str, Array] = {"mean": self.mean, "scale": self.scale}
        if self.rocket is not None:
            arrays |= {f"rocket/{name}": value for name, value in vars(self.rocket).items()}
        if self.trees is None:
            arrays["weights"] = self.weights
        else:
            arrays |= {f"trees/{name}": value for name, value in vars(self.trees).items()}
        write_bundle(folder, Bundle(config, self.encoder.to_json(), arrays, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or its arrays do not fit each other.
        """
        with opened(folder, "QuantityBaseline") as bundle:
            return cls._restored(bundle)

    @classmethod
    def _restored(cls, bundle: Bundle) -> Self:
        found = bundle.config_as(_Stored.model_validate)
        model = cls(found.kind)
        model.rows, model.setting, model.bias = found.rows, found.setting, found.bias
        model.encoder = bundle.encoder_as(NumberEncoder.from_json)
        channels = model.encoder.features
        width = {MEAN: 1, ROCKET: int(np.size(bundle.weights.get("rocket/biases", ())))}
        arrays = bundle.arrays(
            _needed(found.kind, channels, width.get(found.kind, 12 * channels + 1))
        )
        model.mean, model.scale = arrays["mean"], arrays["scale"]
        if found.kind == ROCKET:
            model.rocket = rocket_of(arrays)
        if found.kind == BOOSTED:
            nodes = Trees.nodes_needed(len(model.mean))
            model.trees = Trees(**{name: arrays[f"trees/{name}"] for name in nodes})
        else:
            model.weights = arrays["weights"]
        return model


def _needed(kind: str, channels: int, width: int) -> dict[str, Numbers]:
    needed = {"mean": Numbers((width,)), "scale": Numbers.positive(width)}
    if kind == BOOSTED:
        nodes = Trees.nodes_needed(width)
        return needed | {f"trees/{name}": each for name, each in nodes.items()}
    return (
        needed
        | {"weights": Numbers((width,))}
        | (rocket_needed(channels) if kind == ROCKET else {})
    )


class _Stored(Stored):
    kind: Literal["mean", "statistics + ridge", "statistics + boosted trees", "MiniRocket + ridge"]
    setting: Positive
    bias: Number
    rows: int


def _made(kind: str, seed: int) -> QuantityBaseline:
    return QuantityBaseline(kind, seed)


def quantity_baselines() -> list[Contender]:
    """Give what says a number of sequences as contenders."""
    kinds = (MEAN, RIDGE, BOOSTED, ROCKET)
    return [Contender(kind, partial(_made, kind), baseline=True) for kind in kinds]
