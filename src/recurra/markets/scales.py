"""What a model of rises learns of its own training rows before all else.

The scale of each feature, and what recent movement alone tells of a rise, up and down alike. Both
are fitted by whoever fits a model, on the rows of that fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from recurra.arrays import Bools, Floats, Floats32
from recurra.stored import Number, Positive, Stored

__all__ = ["MOVEMENTS", "TERMS", "Standard", "VolatilityRule"]

FURTHEST = 8.0  # deviations
MOVEMENTS = 5  # of `RiseRows.volatility`
TERMS = MOVEMENTS * (MOVEMENTS + 3) // 2  # each, its square, and the products of two


@dataclass(frozen=True)
class Standard:
    """Mean and deviation of each feature over the training windows.

    Example:
        >>> windows = np.array([[[1.0], [3.0]]], np.float32)
        >>> Standard.fit(windows)(windows).ravel().tolist()
        [-1.0, 1.0]
    """

    mean: Floats32
    deviation: Floats32

    @classmethod
    def fit(cls, windows: Floats32) -> "Standard":
        """Read them off windows (rows, days, features)."""
        flat = windows.reshape(-1, windows.shape[-1])
        return cls(flat.mean(axis=0), np.maximum(flat.std(axis=0), 1e-6))

    def __call__(self, windows: Floats32) -> Floats32:
        """Standardise; what lies beyond eight deviations is cut off there."""
        scaled = np.clip((windows - self.mean) / self.deviation, -FURTHEST, FURTHEST)
        return np.asarray(scaled, np.float32)


Movements = Annotated[list[Number], Field(min_length=MOVEMENTS, max_length=MOVEMENTS)]


class _Rule(Stored):
    mean: Movements
    deviation: Annotated[list[Positive], Field(min_length=MOVEMENTS, max_length=MOVEMENTS)]
    weights: Annotated[list[Number], Field(min_length=TERMS, max_length=TERMS)]
    bias: Number


@dataclass(frozen=True)
class VolatilityRule:
    """The log-odds of a rise from recent movement alone, up and down alike.

    Squares and products are there because the chance of passing a bar is not straight in the
    logarithm of the volatility.
    """

    mean: Floats
    deviation: Floats
    weights: Floats
    bias: float

    @classmethod
    def fit(cls, volatility: Floats32, truth: Bools) -> "VolatilityRule":
        """Fit a logistic regression.

        Args:
            volatility: (rows, 5) logarithms of recent movement, as `RiseRows` has them.
            truth: (rows,) whether the close rose.
        """
        from sklearn.linear_model import LogisticRegression  # to answer needs none of it

        mean = volatility.mean(axis=0, dtype=np.float64)
        deviation = np.maximum(volatility.std(axis=0, dtype=np.float64), 1e-6)
        rule = cls(mean, deviation, np.empty(0), 0.0)
        model = LogisticRegression(C=1.0, max_iter=500).fit(rule._terms(volatility), truth)
        return cls(mean, deviation, model.coef_[0], float(model.intercept_[0]))

    def _terms(self, volatility: Floats32) -> Floats:
        z = np.clip((volatility.astype(np.float64) - self.mean) / self.deviation, -4, 4)
        left, right = np.triu_indices(z.shape[1])
        terms: Floats = np.hstack([z, z[:, left] * z[:, right]])
        return terms

    def log_odds(self, volatility: Floats32) -> Floats:
        """Give the log-odds of each row."""
        odds: Floats = self._terms(volatility) @ self.weights + self.bias
        return odds

    def to_json(self) -> dict[str, Any]:
        """Give plain lists."""
        return {name: np.asarray(value).tolist() for name, value in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "VolatilityRule":
        """Read what `to_json` gave."""
        found = _Rule.model_validate(content)
        arrays = {k: np.asarray(getattr(found, k), float) for k in ("mean", "deviation", "weights")}
        return cls(**arrays, bias=found.bias)
