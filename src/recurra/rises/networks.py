"""The networks of rises: (batch, timesteps, features) to one probability.

Large rises come when prices move much, up or down, and that is foreseeable: it is what the rule
`volatility` knows. A network begins as this rule and learns what to add, so what it gains is what
it knows of direction and of what the rule leaves out::

    P(rise) = σ( rule(volatility) + w · h + b ),   h the network's last state, w = b = 0 at first
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.backend import keras
from recurra.layers import GRU, LSTM, SimpleRNN
from recurra.sequences import Ragged
from recurra.subwords import MaskedMaxMeanPooling1D

__all__ = ["NETWORKS", "Standard", "build", "sequences_of"]

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
layers = keras.layers


def _recurrent(layer: Any) -> Callable[[int], list[Any]]:
    return lambda units: [layer(units, name="hidden")]


def _conv1d(units: int) -> list[Any]:
    convolution = layers.Conv1D(units, 3, padding="causal", activation="relu", name="hidden")
    convolution.supports_masking = True  # it looks back alone, and the padding comes after
    return [convolution, MaskedMaxMeanPooling1D()]


NETWORKS: dict[str, Callable[[int], list[Any]]] = {
    "simple-rnn": _recurrent(SimpleRNN),
    "lstm": _recurrent(LSTM),
    "gru": _recurrent(GRU),
    "conv1d": _conv1d,
    # sees one day alone, D-1: it is given windows of one day
    "one-to-one": lambda units: [
        MaskedMaxMeanPooling1D(),
        layers.Dense(units, activation="relu", name="hidden"),
    ],
}


def build(name: str, features: int, units: int) -> Any:
    """Give a fresh network. It begins by saying what the rule `volatility` says.

    Two features stand behind those of the windows: the rule's answer, as log-odds, and 1 on every
    day that is there. The padding is 0 throughout: the mask is read off it, so no value of any
    other feature means "not there".
    """
    inputs = keras.Input((None, features + 2), name="days")
    hidden = seen = layers.Masking(0.0, name="masking")(inputs)
    for layer in NETWORKS[name](units):
        hidden = layer(hidden)
    # it is the same on every day of a window: its mean over them, the second half, is itself
    mean = MaskedMaxMeanPooling1D(name="rule")(seen)[:, features + 2 :]
    rule = mean[:, features : features + 1]
    added = layers.Dense(1, kernel_initializer="zeros", name="added")(hidden)
    out = layers.Activation("sigmoid")(layers.add([rule, added]))
    return keras.Model(inputs, out, name=name.replace("-", "_"))


@dataclass(frozen=True)
class Standard:
    """Mean and deviation of each feature over the training windows."""

    mean: Floats32
    deviation: Floats32

    @classmethod
    def fit(cls, windows: Floats32) -> "Standard":
        """Read them off."""
        flat = windows.reshape(-1, windows.shape[-1])
        return cls(flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-6))

    def __call__(self, windows: Floats32) -> Floats32:
        """Standardise; what lies beyond eight deviations is cut off there."""
        scaled: Floats32 = np.clip((windows - self.mean) / self.deviation, -8, 8)
        return scaled.astype(np.float32)


def sequences_of(windows: Floats32, rule: Floats, model: str) -> Ragged:
    """Lay windows end to end, with the rule's answer, each day marked as there.

    `one-to-one` gets the last day alone.
    """
    seen = windows[:, -1:] if model == "one-to-one" else windows
    rows, days, features = seen.shape
    table = np.ones((rows * days + 1, features + 2), np.float32)
    table[0] = 0
    table[1:, :features] = seen.reshape(-1, features)
    table[1:, features] = np.repeat(rule, days)
    codes = np.arange(1, rows * days + 1, dtype=np.int32)
    return Ragged(codes, np.arange(0, rows * days + 1, days, dtype=np.int64), table)
