"""Judging forecasts of days: losses grouped by day, days drawn in blocks, many models at once.

Tickers of one day move together, and days that follow each other are alike. So days are the
evidence, not rows; and a model that is the best of many tried must be better than luck would make
the best of as many.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from recurra.evaluation.metrics import MEASURES, Measures

__all__ = ["LEVEL", "Contest", "DayBootstrap", "brier_skill", "contest", "precision_at"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Dates = npt.NDArray[np.datetime64]

LEVEL = 0.025  # one-sided: an interval of 95 % lies above 0


@dataclass(frozen=True)
class DayBootstrap:
    """Days drawn in blocks, with replacement and around the end; the same draws for every model.

    All tickers of a day are drawn together, and a block of days that follow each other stays
    whole (the circular block bootstrap).

    Args:
        dates: (rows,) the day of each row.
        block: days a block; about the length over which days are alike.
        repeats: how many draws.
        seed: of the drawing.

    Source: D. Politis, J. Romano, A circular block-resampling procedure for stationary data, 1992.
    """

    dates: Dates
    block: int = 10
    repeats: int = 300
    seed: int = 0

    def day_weights(self, repeats: int | None = None) -> Floats:
        """Give how often each day was drawn, (repeats, days)."""
        days = len(np.unique(self.dates))
        block = min(self.block, days)
        blocks = -(-days // block)
        rng = np.random.default_rng(self.seed)
        starts = rng.integers(0, days, (repeats or self.repeats, blocks))
        drawn = ((starts[..., None] + np.arange(block)) % days).reshape(len(starts), -1)[:, :days]
        weights = np.zeros((len(starts), days))
        np.add.at(weights, (np.arange(len(starts))[:, None], drawn), 1.0)
        return weights

    def weights(self) -> Iterator[Floats]:
        """Give the row weights of all draws, in blocks (draws, rows) of bounded memory."""
        day = np.unique(self.dates, return_inverse=True)[1]
        weights = self.day_weights()
        some = max(1, 2_000_000 // max(1, len(day)))
        for start in range(0, len(weights), some):
            yield weights[start : start + some][:, day]

    def draws(self, measures: Measures) -> dict[str, Floats]:
        """Give each measure in each draw."""
        blocks = [measures(weights) for weights in self.weights()]
        return {name: np.concatenate([block[name] for block in blocks]) for name in MEASURES}


class Contest(BaseModel):
    """Whether the best of some models beats a rival, given how many were tried.

    `gain` is the fall of the Brier score as a share of the rival's; `p_value` is the probability
    that the best of as many models without merit would stand out as far.
    """

    better: Literal["yes", "no", "undecided"]
    rival: str
    best: str
    tried: int
    gain: float
    interval: tuple[float, float]
    p_value: float
    adjusted: dict[str, float]


def contest(
    truth: Bools,
    models: Mapping[str, Floats],
    rivals: Mapping[str, Floats],
    bootstrap: DayBootstrap,
    repeats: int = 2000,
) -> Contest:
    """Test whether any model has a lower Brier score than the best rival.

    With `d_j(t)` the rival's loss less that of model `j`, summed over the rows of day `t`::

        T_j  = mean_t d_j / se_j                  se_j from the bootstrap
        T*_j = (mean_t d*_j - mean_t d_j) / se_j       in each draw of days
        p_j  = share of draws with  max_k T*_k ≥ T_j

    The maximum over all models tried is what corrects for their number: it holds the chance of
    *any* false claim at the level, whatever the models have in common. The rival is the best on
    these very rows, which favours the rival. "yes" asks for p < 0.025, as a 95 % interval would.

    Args:
        truth: (rows,) what happened.
        models: for each model tried its probabilities (rows,).
        rivals: those of what they must beat.
        bootstrap: the draws.
        repeats: how many.

    Source: J. Romano, M. Wolf, Stepwise multiple testing as formalized data snooping,
    Econometrica 73 (2005); H. White, A reality check for data snooping, Econometrica 68 (2000).
    """
    day = np.unique(bootstrap.dates, return_inverse=True)[1]

    def daily(scores: Floats) -> Floats:
        return np.bincount(day, weights=(scores - truth) ** 2).astype(np.float64)

    losses = {name: daily(scores) for name, scores in rivals.items()}
    rival = min(losses, key=lambda name: losses[name].sum())
    scale = losses[rival].mean() or 1.0
    gains = np.stack([losses[rival] - daily(scores) for scores in models.values()]) / scale
    mean = gains.mean(axis=1)
    draws = bootstrap.day_weights(repeats) @ gains.T / gains.shape[1] - mean
    error = np.maximum(draws.std(axis=0), 1e-15)
    statistic = mean / error
    highest = (draws / error).max(axis=1)
    p_values = ((highest[:, None] >= statistic).sum(axis=0) + 1) / (repeats + 1)
    best = int(np.argmax(statistic))
    # the two-sided width comes from the largest deviation on either side
    width = float(np.quantile(np.abs(draws / error).max(axis=1), 1 - 2 * LEVEL) * error[best])
    high = float(mean[best]) + width
    better: Literal["yes", "no", "undecided"] = "undecided"
    if p_values[best] < LEVEL:
        better = "yes"
    elif high < 0:
        better = "no"
    return Contest(
        better=better,
        rival=rival,
        best=list(models)[best],
        tried=len(models),
        gain=float(mean[best]),
        interval=(float(mean[best]) - width, high),
        p_value=float(p_values[best]),
        adjusted=dict(zip(models, map(float, p_values), strict=True)),
    )


def brier_skill(truth: Bools, scores: Floats, reference: Floats) -> float:
    """Give 1 - Brier / Brier of a reference, such as the base rate: above 0 is better than it.

    Example:
        >>> truth = np.array([True, False])
        >>> brier_skill(truth, np.array([1.0, 0.0]), np.array([0.5, 0.5]))
        1.0
    """
    return float(1 - np.mean((scores - truth) ** 2) / np.mean((reference - truth) ** 2))


def precision_at(truth: Bools, scores: Floats, dates: Dates, k: int) -> float:
    """Give the share of rises among the `k` highest scores of each day, over all days.

    Ties are broken by the order of the rows. A day with fewer rows gives all of them.

    Example:
        >>> day = np.array(["2024-01-02"] * 3, "datetime64[D]")
        >>> precision_at(np.array([True, False, True]), np.array([0.3, 0.2, 0.1]), day, k=2)
        0.5
    """
    order = np.lexsort((-scores, dates))
    ranked = dates[order]
    first = np.searchsorted(ranked, ranked)
    chosen = order[np.arange(len(order)) - first < k]
    return float(truth[chosen].mean())
