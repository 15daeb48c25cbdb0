"""What is asked of prices, how answers are counted, and the networks that give them.

The statistics of a row are 1 - p, p, the base rate of the fit, its part of the k highest scores of
its day, whether it was called a rise, and whether it rose::

    Brier skill      = 1 - Σ (p - y)² / Σ (base rate - y)²       above 0: better than the base rate
    precision at k   = Σ part · y / Σ part                       rises among the k highest of a day
    MCC              = (TP TN - FP FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN))
"""

from functools import partial
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from recurra.answers.rises import Rising
from recurra.arrays import Floats
from recurra.bundle import read_bundle
from recurra.errors import BundleError
from recurra.estimators.riser import SequenceRiser
from recurra.judging.classes import Labelled
from recurra.judging.measures import Measure, class_measures
from recurra.judging.problem import Contender, Sides
from recurra.judging.report import TrainingInfo
from recurra.markets.rows import RiseRows
from recurra.problems.kept import Kept
from recurra.problems.networks import EstimatorNetwork
from recurra.problems.rise_settings import RiseSettings
from recurra.problems.saved.rises import KINDS
from recurra.stored import Count, Number, Stored

__all__ = [
    "KINDS",
    "RiserNetwork",
    "parts_of_top",
    "rise_measures",
    "riser_networks",
    "settings_of",
]


# ---- how answers are counted


def rise_measures(k: int) -> tuple[Measure, ...]:
    """Give the measures; the Brier score decides.

    Args:
        k: how many of each day's highest scores precision is of.

    Example:
        >>> said = [[0.5, 0.5, 0.5, 1.0, 1, 1], [0.9, 0.1, 0.5, 0.0, 0, 0]]
        >>> for measure in rise_measures(1)[:2]:
        ...     print(measure.name, round(float(measure.of(np.array(said), np.ones((1, 2)))[0]), 3))
        Brier score 0.13
        Brier skill 0.48
    """
    named = {measure.name: measure for measure in class_measures(2, positive=1)}
    rarest = named["PR-AUC"].needs
    return (
        named["Brier score"],
        Measure("Brier skill", _skill, share=False, needs=rarest),
        named["PR-AUC"],
        named["ROC-AUC"],
        Measure(f"precision at {k}", _precision_at_top, needs=rarest),
        named["accuracy"],
        Measure("MCC", _matthews, share=False, needs=rarest),
    )


def _skill(statistics: Floats, weights: Floats) -> Floats:
    p, rate, truth = statistics[:, 1], statistics[:, 2], statistics[:, -1]
    ours, base = weights @ (p - truth) ** 2, weights @ (rate - truth) ** 2
    found: Floats = 1 - np.divide(ours, base, out=np.full_like(base, np.nan), where=base > 0)
    return found


def _precision_at_top(statistics: Floats, weights: Floats) -> Floats:
    part, truth = statistics[:, 3], statistics[:, -1]
    hit, chosen = weights @ (part * truth), weights @ part
    found: Floats = np.divide(hit, chosen, out=np.full_like(chosen, np.nan), where=chosen > 0)
    return found


def _matthews(statistics: Floats, weights: Floats) -> Floats:
    """Give Matthews' correlation; 0 where all rows are called alike, or all are alike."""
    called, truth = statistics[:, -2], statistics[:, -1]
    columns = np.column_stack([np.ones(len(truth)), called * truth, called, truth])
    rows, hit, calls, rises = (weights @ columns).T
    below = np.sqrt(np.maximum(calls * rises * (rows - calls) * (rows - rises), 0.0))
    above = rows * hit - calls * rises
    found: Floats = np.divide(above, below, out=np.zeros_like(below), where=below > 0)
    return found


def parts_of_top(scores: Floats, dates: npt.NDArray[np.datetime64], k: int) -> Floats:
    """Give each row its part of the `k` highest scores of its day, 0 to 1.

    Rows of equal scores share the places that are left, so no order of tickers tells. A day of
    fewer rows has all of them.

    Example:
        >>> day = np.array(["2024-01-02"] * 4, "datetime64[D]")
        >>> parts_of_top(np.array([0.9, 0.2, 0.2, 0.1]), day, 2).tolist()
        [1.0, 0.5, 0.5, 0.0]
    """
    order = np.lexsort((-scores, dates))
    ranked, said = dates[order], scores[order]
    new_day = np.append(True, ranked[1:] != ranked[:-1])
    new_score = new_day | np.append(True, said[1:] != said[:-1])
    place = np.arange(len(order))
    of_day = np.maximum.accumulate(np.where(new_day, place, 0))
    tie = np.cumsum(new_score) - 1
    before = (place - of_day)[new_score]  # rows of the day with a higher score
    size = np.bincount(tie) if len(tie) else np.zeros(0)
    share = np.clip((k - before) / np.maximum(size, 1), 0.0, 1.0)
    parts = np.empty(len(scores))
    parts[order] = share[tie]
    return parts


# ---- networks


class RiserNetwork(EstimatorNetwork):
    """A `SequenceRiser` among contenders."""

    reads = SequenceRiser

    def _fit(self, known: Labelled, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.truth)
        self.estimator.fit(known.inputs, known.truth == 1, sides=list(sides), **watched)

    @property
    def threshold(self) -> float:
        """The probability from which a row is called a rise."""
        return float(self.estimator.threshold_)

    @property
    def trained_to(self) -> str:
        """The last day of the rows it was fitted on."""
        return str(self.estimator.trained_to_)

    @property
    def window(self) -> int:
        """How many days it sees."""
        return int(self.estimator.window_)

    def say(self, asked: RiseRows) -> Rising:
        """Give the probability of a rise, and what is called one."""
        said: Rising = self.estimator.say(asked)
        return said

    def newest(self, *given: Any, **how: Any) -> Any:
        """Score the newest day: see `SequenceRiser.newest`."""
        return self.estimator.newest(*given, **how)

    def training(self) -> TrainingInfo:
        """Say how training went, and up to which day the rows go."""
        return super().training().model_copy(update={"trained_to": self.trained_to})


def riser_networks(settings: RiseSettings) -> list[Contender]:
    """Give the networks of the settings as contenders."""
    return [Contender(name, partial(_riser, name, settings)) for name in settings.models]


def _riser(name: str, settings: RiseSettings, seed: int) -> RiserNetwork:
    estimator = SequenceRiser(
        name,
        units=settings.units,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        patience=settings.patience,
    )
    return RiserNetwork(estimator, seed)


def settings_of(network: Kept) -> RiseSettings:
    """Give what a saved network was asked: the rise, the fall, the days seen, the best of a day.

    Raises:
        BundleError: it is not kept with it.
    """
    judged = network.facts.judged
    asked = network.settings(_Asked) if "rise" in network.facts.settings else judged
    if asked is None or asked.rise is None or asked.holdings is None:
        raise BundleError(
            f"what is a rise must be kept with a model, but {network.folder} was saved without it. "
            "Train it again with this version."
        )
    if network.kind == "RiseModel":
        window = network.settings(_Reads).window
    else:
        window = read_bundle(network.folder).encoder_as(_Reads.model_validate).window
    return RiseSettings(rise=asked.rise, fall=asked.fall, holdings=asked.holdings, window=window)


class _Asked(Stored):
    rise: Number
    fall: Number | None = None
    holdings: Count


class _Reads(Stored):
    window: Annotated[int, Field(ge=1, le=10_000)]
