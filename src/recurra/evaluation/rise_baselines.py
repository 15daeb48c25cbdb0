"""What networks of rises are shown beside: rules that know no direction, and other learners.

All are fitted on training and validation rows, and see the very features that networks see.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from recurra.evaluation.splits import Split

__all__ = ["LEARNERS", "RULES", "Known", "VolatilityRule", "baseline_scores"]

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

RULES = ("always no", "base rate", "previous day rose", "volatility")
LEARNERS: dict[str, Callable[[], Any]] = {
    # nearly the same prices stand in each window many times: a small C keeps it sober
    "logistic regression": lambda: LogisticRegression(C=0.01, max_iter=200),
    "gradient boosting": lambda: HistGradientBoostingClassifier(
        max_iter=60,
        learning_rate=0.06,
        max_leaf_nodes=8,
        min_samples_leaf=200,
        l2_regularization=10.0,
        max_bins=64,
        random_state=0,
    ),
}


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
        """Fit a logistic regression."""
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
        return {k: np.asarray(v).tolist() for k, v in vars(self).items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "VolatilityRule":
        """Read what `to_json` gave."""
        arrays = {k: np.asarray(content[k], float) for k in ("mean", "deviation", "weights")}
        return cls(**arrays, bias=float(content["bias"]))


@dataclass(frozen=True)
class Known:
    """What is known of each row on D-1, scaled: all that networks and baselines may look at.

    Args:
        windows: (rows, window, features) float32, standardised.
        rule: (rows,) log-odds of a rise by the rule `volatility`.
        volatility: (rows, 5) logarithms of recent movement.
        before: (rows,) the change of the close from D-2 to D-1.
    """

    windows: Floats32
    rule: Floats
    volatility: Floats32
    before: Floats


def baseline_scores(name: str, known: Known, truth: Bools, side: Split) -> Floats:
    """Fit one of `RULES` or `LEARNERS`; give the probabilities of the test rows.

    Args:
        name: which.
        known: of all rows.
        truth: (rows,) whether the close rose.
        side: the rows to fit on, and those to score.
    """
    fitted, test = side.fitted_on, side.test
    rate = float(truth[fitted].mean())
    if name in ("always no", "base rate"):
        return np.full(len(test), rate if name == "base rate" else 0.0)
    if name == "previous day rose":
        rose = known.before > 0
        after = [_share(truth[fitted][rose[fitted] == b], rate) for b in (False, True)]
        return np.where(rose[test], after[1], after[0])
    if name == "volatility":
        refitted = VolatilityRule.fit(known.volatility[fitted], truth[fitted])
        odds = refitted.log_odds(known.volatility[test])
        return np.asarray(1 / (1 + np.exp(-odds)), float)
    seen = np.column_stack([known.windows.reshape(len(truth), -1), known.rule])
    model = LEARNERS[name]().fit(seen[fitted], truth[fitted])
    scores: Floats = model.predict_proba(seen[test])[:, 1].astype(float)
    return scores


def _share(truth: Bools, otherwise: float) -> float:
    return float(truth.mean()) if len(truth) else otherwise
