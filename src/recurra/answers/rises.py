"""What a model of rises tells, from the outputs of its network."""

import datetime as dt
from typing import Annotated, Any, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from recurra.answers.model import FittedModel
from recurra.arrays import Bools, Floats, Floats32
from recurra.bundle import Bundle
from recurra.errors import DataError
from recurra.markets.newest import check_features, newest_scores
from recurra.markets.rows import Market, RiseRows
from recurra.markets.scales import Standard, VolatilityRule
from recurra.sequences import Ragged
from recurra.stored import Day, Distinct, Share, Stored

__all__ = ["RiseAnswers", "Rising", "sequences_of"]


class Rising(NamedTuple):
    """What a model says of rows.

    Args:
        probabilities: (rows,) of a rise.
        called: (rows,) whether it calls the row a rise.
        base_rate: the share of rises in the rows it was fitted on.
    """

    probabilities: Floats
    called: Bools
    base_rate: float


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


class _Encoder(Stored):
    features: Distinct
    window: Annotated[int, Field(ge=1, le=10_000)]
    mean: list[Annotated[float, Field(ge=-1e30, le=1e30)]]  # they are of 32 bits
    deviation: list[Annotated[float, Field(ge=9e-7, le=1e30)]]
    volatility: dict[str, Any]


class _Learnt(Stored):
    base_rate: Share
    threshold: Share
    trained_to: Day


class RiseAnswers(FittedModel):
    """How likely closes are to rise.

    Attributes:
        model: the network by name.
        standard_, rule_, names_, window_, base_rate_, threshold_, trained_to_: as in
            `SequenceRiser`.
    """

    model: str
    standard_: Standard
    rule_: VolatilityRule
    names_: tuple[str, ...]
    window_: int
    base_rate_: float
    threshold_: Any
    trained_to_: str

    def scores(self, X: RiseRows) -> Floats:
        """Give the probability of a rise of each row, (rows,).

        Raises:
            DataError: the rows have other features than those of the training.
        """
        check_features(self.names_, X)
        return self._outputs(self._sequences(X))

    def say(self, asked: RiseRows) -> Rising:
        """Give the probability of a rise, and what is called one."""
        found = self.scores(asked)
        return Rising(found, found >= self.threshold_, self.base_rate_)

    def predict(self, X: RiseRows) -> Bools:
        """Say of each row whether its probability reaches the threshold, (rows,)."""
        called: Bools = self.scores(X) >= self.threshold_
        return called

    def newest(
        self, market: Market, as_of: dt.date | None = None, *, allow_stale: bool = False
    ) -> pd.DataFrame:
        """Score the day of trading after the last of each ticker: see `newest_scores`."""
        found = newest_scores(
            market, self.scores, self.names_, self.window_, as_of, allow_stale=allow_stale
        )
        return found.assign(**{"base rate": self.base_rate_})

    def _sequences(self, rows: RiseRows) -> Ragged:
        rule = self.rule_.log_odds(rows.volatility)
        return sequences_of(self.standard_(rows.windows), rule, self.model)

    # ---- saving and loading

    def _encoder_json(self) -> dict[str, Any]:
        return {
            "features": list(self.names_),
            "window": self.window_,
            "mean": self.standard_.mean.tolist(),
            "deviation": self.standard_.deviation.tolist(),
            "volatility": self.rule_.to_json(),
        }

    def _learnt(self) -> dict[str, Any]:
        return {
            "base_rate": self.base_rate_,
            "threshold": self.threshold_,
            "trained_to": self.trained_to_,
        }

    def _restore(self, bundle: Bundle) -> None:
        read = bundle.encoder_as(_Encoder.model_validate)
        learnt = bundle.config_as(_Learnt.model_validate)
        self.names_, self.window_ = tuple(read.features), read.window
        if not len(read.features) == len(read.mean) == len(read.deviation):
            raise DataError("there must be a mean and a deviation for each feature.")
        mean, deviation = (np.asarray(each, np.float32) for each in (read.mean, read.deviation))
        self.standard_ = Standard(mean, deviation)
        self.rule_ = bundle.encoder_as(lambda _: VolatilityRule.from_json(read.volatility))
        self.base_rate_, self.threshold_ = learnt.base_rate, learnt.threshold
        self.trained_to_ = learnt.trained_to
