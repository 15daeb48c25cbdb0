"""What networks of rises are shown beside: rules that know no direction, and other learners.

::

    always no              p = 0
    base rate              p = the share of rises
    previous day rose      p = the share of rises after days like the one before, up or down
    volatility             p = σ(rule(recent movement)), up and down alike
    logistic regression    of every feature of every day in the window, and the rule's answer
    gradient boosting      of the same, by trees

All are fitted on training and validation rows, and see the very features that networks see. A
threshold is chosen as networks do: on validation rows, by a fit on the training rows alone. The
first two say the same of every row, so they have none and decide for the larger class.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol, Self

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from recurra.answers.rises import Rising
from recurra.arrays import Bools, Floats, Floats32
from recurra.baselines.classes import validated_threshold
from recurra.baselines.trees import Trees
from recurra.bundle import Bundle, opened, write_bundle
from recurra.judging.classes import Labelled
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.markets.newest import check_features, newest_scores
from recurra.markets.rows import Market, RiseRows
from recurra.markets.scales import MOVEMENTS, TERMS, Standard, VolatilityRule
from recurra.stored import Day, Distinct, Numbers, Share, Stored, Text

__all__ = ["LEARNERS", "RULES", "RiseBaseline", "rise_baselines"]

SOME = 65_536  # rows whose features are laid side by side at once


class _Learnt(Protocol):
    """What a fit leaves: it scores rows, and is made of arrays; `needed` says of which."""

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]: ...

    def scores(self, rows: RiseRows) -> Floats: ...


@dataclass(frozen=True)
class _Share:
    """One probability for every row."""

    share: Floats

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        return {"share": Numbers.shares(1)}

    @classmethod
    def never(cls, rows: RiseRows, truth: Bools) -> Self:
        return cls(np.zeros(1))

    @classmethod
    def fit(cls, rows: RiseRows, truth: Bools) -> Self:
        return cls(np.array([truth.mean()]))

    def scores(self, rows: RiseRows) -> Floats:
        return np.full(len(rows), self.share[0])


@dataclass(frozen=True)
class _DayBefore:
    """The share of rises after a day that did not rise, and after one that did."""

    shares: Floats

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        return {"shares": Numbers.shares(2)}

    @classmethod
    def fit(cls, rows: RiseRows, truth: Bools) -> Self:
        rose = rows.before > 0
        sides = [truth[rose == up] for up in (False, True)]
        return cls(np.array([side.mean() if len(side) else truth.mean() for side in sides]))

    def scores(self, rows: RiseRows) -> Floats:
        found: Floats = np.where(rows.before > 0, self.shares[1], self.shares[0])
        return found


@dataclass(frozen=True)
class _Movement:
    """The rule of volatility, as arrays."""

    mean: Floats
    deviation: Floats
    weights: Floats
    bias: Floats

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        return {
            "mean": Numbers((MOVEMENTS,)),
            "deviation": Numbers.positive(MOVEMENTS),
            "weights": Numbers((TERMS,)),
            "bias": Numbers((1,)),
        }

    @classmethod
    def fit(cls, rows: RiseRows, truth: Bools) -> Self:
        rule = VolatilityRule.fit(rows.volatility, truth)
        return cls(rule.mean, rule.deviation, rule.weights, np.array([rule.bias]))

    def log_odds(self, rows: RiseRows) -> Floats:
        rule = VolatilityRule(self.mean, self.deviation, self.weights, float(self.bias[0]))
        return rule.log_odds(rows.volatility)

    def scores(self, rows: RiseRows) -> Floats:
        return np.asarray(expit(self.log_odds(rows)), float)


@dataclass(frozen=True)
class _Features:
    """From rows to a table: every feature of every day, to scale, and the rule's answer."""

    scale_mean: Floats32
    scale_deviation: Floats32
    rule_mean: Floats
    rule_deviation: Floats
    rule_weights: Floats
    rule_bias: Floats

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        scale = {"mean": Numbers((features,)), "deviation": Numbers.positive(features)}
        rule = _Movement.needed(features, window)
        return {f"scale_{name}": numbers for name, numbers in scale.items()} | {
            f"rule_{name}": numbers for name, numbers in rule.items()
        }

    @staticmethod
    def fitted(rows: RiseRows, truth: Bools) -> "tuple[dict[str, Any], Floats]":
        """Fit scale and rule; give the fields, and the table of the rows."""
        standard, rule = Standard.fit(rows.windows), _Movement.fit(rows, truth)
        known: dict[str, Any] = {f"scale_{name}": value for name, value in vars(standard).items()}
        known |= {f"rule_{name}": value for name, value in vars(rule).items()}
        return known, _Features(**known).table(rows)

    def table(self, rows: RiseRows) -> Floats:
        """Give (rows, window × features + 1)."""
        windows = Standard(self.scale_mean, self.scale_deviation)(rows.windows)
        rule = _Movement(self.rule_mean, self.rule_deviation, self.rule_weights, self.rule_bias)
        return np.column_stack([windows.reshape(len(rows), -1), rule.log_odds(rows)])

    def in_parts(self, rows: RiseRows, score: Callable[[Floats], Floats]) -> Floats:
        """Score rows, some at a time."""
        places = np.arange(len(rows))
        parts = [
            score(self.table(rows.take(places[i : i + SOME]))) for i in range(0, len(rows), SOME)
        ]
        return np.concatenate(parts) if parts else np.zeros(0)


@dataclass(frozen=True)
class _Linear(_Features):
    """Logistic regression."""

    coefficients: Floats
    intercept: Floats

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        own = {"coefficients": Numbers((window * features + 1,)), "intercept": Numbers((1,))}
        return super().needed(features, window) | own

    @classmethod
    def fit(cls, rows: RiseRows, truth: Bools) -> Self:
        known, table = _Features.fitted(rows, truth)
        # nearly the same prices stand in each window many times: a small C keeps it sober
        model = LogisticRegression(C=0.01, max_iter=200).fit(table, truth)
        return cls(**known, coefficients=model.coef_[0], intercept=model.intercept_)

    def scores(self, rows: RiseRows) -> Floats:
        return self.in_parts(
            rows, lambda table: expit(table @ self.coefficients + self.intercept[0])
        )


@dataclass(frozen=True)
class _Trees(_Features, Trees):
    """Gradient boosting."""

    @classmethod
    def needed(cls, features: int, window: int) -> dict[str, Numbers]:
        return super().needed(features, window) | Trees.nodes_needed(window * features + 1)

    @classmethod
    def fit(cls, rows: RiseRows, truth: Bools) -> Self:
        known, table = _Features.fitted(rows, truth)
        nodes = Trees.nodes_of(
            table,
            truth,
            max_iter=60,
            learning_rate=0.06,
            max_leaf_nodes=8,
            min_samples_leaf=200,
            l2_regularization=10.0,
            max_bins=64,
        )
        return cls(**known, **nodes)

    def scores(self, rows: RiseRows) -> Floats:
        return self.in_parts(rows, lambda table: expit(self.log_odds(table)))


@dataclass(frozen=True)
class _Kind:
    """How a baseline is fitted, what it leaves, and whether it has a threshold."""

    fit: Callable[[RiseRows, Bools], _Learnt]
    learnt: type[Any]
    constant: bool = False


RULES: Mapping[str, _Kind] = {
    "always no": _Kind(_Share.never, _Share, constant=True),
    "base rate": _Kind(_Share.fit, _Share, constant=True),
    "previous day rose": _Kind(_DayBefore.fit, _DayBefore),
    "volatility": _Kind(_Movement.fit, _Movement),
}
LEARNERS: Mapping[str, _Kind] = {
    "logistic regression": _Kind(_Linear.fit, _Linear),
    "gradient boosting": _Kind(_Trees.fit, _Trees),
}
KINDS = {**RULES, **LEARNERS}


class RiseBaseline:
    """A rule or a learner: fitted, asked, saved and loaded like a network.

    Args:
        kind: one of `RULES` or `LEARNERS`.
        seed: of nothing: all are fitted without chance.

    Attributes:
        names, window, base_rate, threshold, trained_to: as of `SequenceRiser`.

    Example:
        >>> from recurra.markets.rows import rows_of
        >>> from recurra.markets.simulator import simulate
        >>> rows = rows_of(simulate(2, 300))
        >>> truth = (rows.change > 0.02).astype(int)
        >>> known = Labelled(rows, truth, ("no rise", "rise"), 1, np.arange(len(truth)))
        >>> said = RiseBaseline("base rate").fit(known, []).say(rows)
        >>> bool(said.probabilities[0] == truth.mean()), int(said.called.sum())
        (True, 0)
    """

    def __init__(self, kind: str, seed: int = 0) -> None:
        self.kind = kind
        self.rows = 0

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on all rows known; the threshold is that of a fit on the training side."""
        rows: RiseRows = known.inputs
        self.rows, self.names, self.window = len(rows), tuple(rows.names), rows.windows.shape[1]
        self.base_rate = float(known.truth.mean())
        self.trained_to = str(rows.dates.max())
        self.threshold: float | None = None
        if not KINDS[self.kind].constant:
            self.threshold = validated_threshold(self._asked_of, known, sides)
        self.learnt = self._fitted(known)
        return self

    def _fitted(self, known: Labelled) -> _Learnt:
        return KINDS[self.kind].fit(known.inputs, known.truth == 1)

    def _asked_of(self, known: Labelled) -> Callable[[RiseRows], Floats]:
        """Fit on some rows; give what gives the probability of each class."""
        learnt = self._fitted(known)

        def probabilities(rows: RiseRows) -> Floats:
            found = learnt.scores(rows)
            return np.column_stack([1 - found, found])

        return probabilities

    def say(self, asked: RiseRows) -> Rising:
        """Give the probability of a rise, and what is called one."""
        found = self.scores(asked)
        threshold = 0.5 if self.threshold is None else self.threshold
        return Rising(found, found >= threshold, self.base_rate)

    def scores(self, rows: RiseRows) -> Floats:
        """Give the probability of a rise of each row, (rows,)."""
        check_features(self.names, rows)
        return self.learnt.scores(rows)

    def newest(
        self, market: Market, as_of: dt.date | None = None, *, allow_stale: bool = False
    ) -> pd.DataFrame:
        """Score the day of trading after the last of each ticker: see `newest_scores`."""
        found = newest_scores(
            market, self.scores, self.names, self.window, as_of, allow_stale=allow_stale
        )
        return found.assign(**{"base rate": self.base_rate})

    # ---- saving and loading

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: what was learnt as arrays."""
        config = {
            "estimator": "RiseBaseline",
            "kind": self.kind,
            "base_rate": self.base_rate,
            "threshold": self.threshold,
            "trained_to": self.trained_to,
            "rows": self.rows,
            **facts,
        }
        encoder = {"features": list(self.names), "window": self.window}
        write_bundle(folder, Bundle(config, encoder, dict(vars(self.learnt)), card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "RiseBaseline") as bundle:
            found = bundle.config_as(_Stored.model_validate)
            read = bundle.encoder_as(_Seen.model_validate)
            if found.kind not in KINDS:
                raise ValueError(f"the kind must be one of {', '.join(KINDS)}, not {found.kind!r}")
            kind = KINDS[found.kind]
            if kind.constant != (found.threshold is None):
                raise ValueError(f"{found.kind!r} does not go with the threshold {found.threshold}")
            model = cls(found.kind)
            model.base_rate, model.threshold = found.base_rate, found.threshold
            model.trained_to, model.rows = found.trained_to, found.rows
            model.names, model.window = tuple(read.features), read.window
            needed = kind.learnt.needed(len(model.names), model.window)
            model.learnt = kind.learnt(**bundle.arrays(needed))
        return model


class _Stored(Stored):
    kind: Text
    base_rate: Share
    threshold: Share | None
    trained_to: Day
    rows: int


class _Seen(Stored):
    features: Distinct
    window: Annotated[int, Field(ge=1, le=10_000)]


def rise_baselines() -> list[Contender]:
    """Give all of them as contenders."""
    return [Contender(kind, partial(RiseBaseline, kind), baseline=True) for kind in KINDS]
