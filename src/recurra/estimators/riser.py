"""Will it rise? A window of days to one probability.

Large rises come when prices move much, up or down, and that is foreseeable: it is what the rule
`volatility` knows. A network begins as this rule and learns what to add, so what it gains is what
it knows of direction and of what the rule leaves out::

    P(rise) = σ( rule(volatility) + w · h + b ),   h the network's last state, w = b = 0 at first
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recurra.answers.rises import RiseAnswers
from recurra.backend import keras
from recurra.bundle import Bundle, opened, read_facts
from recurra.errors import DataError
from recurra.estimators.base import NetworkEstimator
from recurra.estimators.encoders import Sides
from recurra.judging.measures import best_threshold
from recurra.judging.splits import check_dates
from recurra.layers import GRU, LSTM, SimpleRNN
from recurra.listeners import Listener
from recurra.markets.rows import STRETCH, RiseRows
from recurra.markets.scales import Standard, VolatilityRule
from recurra.names import one_of
from recurra.subwords import MaskedMaxMeanPooling1D
from recurra.training import Example

__all__ = ["RISERS", "SequenceRiser", "dated_sides", "rise_network"]

layers = keras.layers


def _recurrent(layer: Any) -> Callable[[int], list[Any]]:
    return lambda units: [layer(units, name="hidden")]


def _conv1d(units: int) -> list[Any]:
    convolution = layers.Conv1D(units, 3, padding="causal", activation="relu", name="hidden")
    convolution.supports_masking = True  # it looks back alone, and the padding comes after
    return [convolution, MaskedMaxMeanPooling1D(name="pooling")]


RISERS: dict[str, Callable[[int], list[Any]]] = {
    "simple-rnn": _recurrent(SimpleRNN),
    "lstm": _recurrent(LSTM),
    "gru": _recurrent(GRU),
    "conv1d": _conv1d,
    # sees one day alone, D-1: it is given windows of one day
    "one-to-one": lambda units: [
        MaskedMaxMeanPooling1D(name="last_day"),
        layers.Dense(units, activation="relu", name="hidden"),
    ],
}


def rise_network(name: str, features: int, units: int) -> Any:
    """Give a fresh network. It begins by saying what the rule `volatility` says.

    Two features stand behind those of the windows: the rule's answer, as log-odds, and 1 on every
    day that is there. The padding is 0 throughout: the mask is read off it, so no value of any
    other feature means "not there".
    """
    inputs = keras.Input((None, features + 2), name="days")
    hidden = seen = layers.Masking(0.0, name="masking")(inputs)
    for layer in RISERS[name](units):
        hidden = layer(hidden)
    # it is the same on every day of a window: its mean over them, the second half, is itself
    mean = MaskedMaxMeanPooling1D(name="rule")(seen)[:, features + 2 :]
    rule = mean[:, features : features + 1]
    added = layers.Dense(1, kernel_initializer="zeros", name="added")(hidden)
    log_odds = layers.Add(name="log_odds")([rule, added])
    out = layers.Activation("sigmoid", name="probability")(log_odds)
    return keras.Model(inputs, out, name=name.replace("-", "_"))


def dated_sides(dates: npt.NDArray[np.datetime64], share: float, window: int) -> Sides:
    """Train on the earlier days and validate on the last ones, purged and embargoed between.

    Args:
        dates: (rows,) D-0 of each.
        share: of the days, for validation.
        window: days that a row looks back on.

    Raises:
        DataError: no day is left to train on.

    Example:
        >>> days = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
        >>> [(len(train), len(validation)) for train, validation in dated_sides(days, 0.2, 10)]
        [(65, 20)]
    """
    calendar, day = np.unique(dates, return_inverse=True)
    first = int(len(calendar) * (1 - share))
    sides = np.flatnonzero(day < first - window - STRETCH), np.flatnonzero(day >= first)
    if not len(sides[0]) or not len(sides[1]):
        raise DataError(
            f"both sides must hold days, but of {len(calendar)} days none are left to train on "
            f"where the last {share:.0%} validate and {window + STRETCH} before them are left out. "
            "Give a longer history."
        )
    check_dates(dates, *sides, window, "validation")
    return [sides]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceRiser(RiseAnswers, NetworkEstimator):
    """Say how likely a close is to rise, from the days before it.

    All that is learned is learned of the training rows that `fit` is given: the scale of each
    feature, the rule of volatility, the weights; the threshold of the highest F1 of the validation
    rows.

    Args:
        model: the network by name, one of `RISERS`.
        units: of the network.
        validation_split: the last share of the days, held out for validation.
        epochs: the most epochs.
        patience: epochs without a lower validation loss, after which training stops.
        batch_size: rows a step, None for 512.
        learning_rate: of Adam, None for 0.002.
        random_state: as in `NetworkEstimator`.

    Attributes:
        standard_: the scale of each feature.
        rule_: of volatility.
        names_: of the features.
        window_: days that a row sees.
        base_rate_: the share of rises in training and validation rows.
        threshold_: the probability from which a row is called a rise.
        trained_to_: the last day of all rows given, training and validation.
        sides_, histories_, weights_: as in `NetworkEstimator`.

    Example:
        >>> from recurra.estimators import SequenceRiser
        >>> from recurra.markets.rows import rows_of
        >>> from recurra.markets.simulator import simulate
        >>> rows = rows_of(simulate(4, 400))
        >>> rows = rows.take(np.isfinite(rows.change))
        >>> model = SequenceRiser("one-to-one", units=2, epochs=1).fit(rows, rows.change > 0.02)
        >>> model.scores(rows).shape == rows.dates.shape
        True
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 512, "learning_rate": 2e-3}

    units: int = 32
    validation_split: float = 0.15
    epochs: int = 15
    patience: int = 3

    standard_: Standard = field(init=False)
    rule_: VolatilityRule = field(init=False)

    def fit(
        self,
        X: RiseRows,
        y: Any,
        *,
        sides: Sides | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on rows of days.

        Args:
            X: the rows; their `change` is not read.
            y: (rows,) whether the close rose.
            sides: training and validation rows; None: the last days validate.
            checkpoints, listeners: as in `SequenceClassifier.fit`.

        Raises:
            DataError: too few days.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        truth = np.asarray(y, bool)
        self.names_, self.window_ = tuple(X.names), int(X.windows.shape[1])
        self.sides_ = list(sides or dated_sides(X.dates, self.validation_split, self.window_))[:1]
        ((training, validation),) = self.sides_
        fitted = np.concatenate([training, validation])
        self.standard_ = Standard.fit(X.windows[training])
        self.rule_ = VolatilityRule.fit(X.volatility[training], truth[training])
        self.base_rate_ = float(truth[fitted].mean())
        self.trained_to_ = str(X.dates[fitted].max())
        sequences = self._sequences(X)
        self._train(
            Example(sequences, truth.astype(np.float32), np.ones(len(truth), np.float32)),
            loss="binary_crossentropy",
            **self.USUAL,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        held = self._outputs(sequences.take(validation))
        self.threshold_ = best_threshold(truth[validation], held)
        return self

    def build(self) -> Any:
        """Give a fresh Keras model of this name for the features seen."""
        return rise_network(self.model, len(self.names_), self.units)

    def _check_settings(self) -> None:
        super()._check_settings()
        one_of(self.model, RISERS, "the model")

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read a model that `save` wrote, or one of Recurra 0.x, whose bundle was another.

        Raises:
            BundleError: the folder is not a saved model of this kind, or is damaged.
        """
        if read_facts(Path(folder)).estimator != "RiseModel":
            return super().load(folder)
        with opened(folder, "RiseModel") as bundle:
            return cls._of_earlier(bundle)

    @classmethod
    def _of_earlier(cls, bundle: Bundle) -> Self:
        """Read a bundle of the format before: the settings of the whole run, one member."""
        config, former = bundle.config, bundle.config["settings"]
        kept = {name: former[name] for name in ("units", "epochs", "batch_size", "learning_rate")}
        now = {"model": config["name"], "random_state": former["seed"], "validation_split": 0.15}
        model = cls._with(kept | now)
        model._restore(replace(bundle, encoder={**bundle.encoder, "window": former["window"]}))
        model._take(bundle, [""])
        return model
