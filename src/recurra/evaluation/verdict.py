"""Is the model better than the best baseline? Yes, no, or undecided, in one sentence."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from recurra.evaluation.metrics import Bootstrap, Measures, interval, measure

__all__ = ["Answer", "Verdict", "decide"]

Answer = Literal["yes", "no", "undecided"]

Scored = tuple[npt.NDArray[np.float64], float]


class Verdict(BaseModel):
    """The answer, the F1 difference behind it, and its 95 % interval."""

    better_than_best_baseline: Answer
    baseline: str
    difference: float
    interval: tuple[float, float]
    sentence: str


def decide(
    truth: npt.NDArray[np.bool_],
    model: Scored,
    baselines: Mapping[str, Scored],
    bootstrap: Bootstrap,
    name: str = "the model",
) -> Verdict:
    """Compare a model with the baseline of the highest F1, by a paired bootstrap.

    In each draw both are judged on the same rows; the verdict is "yes" when the whole 95 %
    interval of the difference lies above 0, "no" when it lies below, else "undecided". Taking the
    baseline that does best on these very rows favours the baseline, never the model.

    Args:
        truth: (rows,) whether a row is positive.
        model: its scores (rows,) and its threshold.
        baselines: the same of each baseline.
        bootstrap: the draws.
        name: what to call the model in the sentence.
    """
    f1 = {which: measure(truth, *scored)["f1"] for which, scored in baselines.items()}
    best = max(f1, key=lambda which: f1[which])
    ours = measure(truth, *model)["f1"]
    difference = ours - f1[best]
    draws = bootstrap.draws(Measures(truth, *model))["f1"]
    low, high = interval(draws - bootstrap.draws(Measures(truth, *baselines[best]))["f1"])
    figures = f"F1 {ours:.3f} against {f1[best]:.3f}, difference {difference:+.3f}"
    figures += f" [{low:+.3f}, {high:+.3f}]"
    if low > 0:
        answer: Answer = "yes"
        sentence = f"Yes: {name} is better than {best} ({figures})."
    elif high < 0:
        answer = "no"
        sentence = f"No: {name} loses to {best} ({figures}); use {best}."
    else:
        answer = "undecided"
        advice = "the simpler baseline will do" if difference <= 0 else "more test rows would tell"
        sentence = f"Undecided: {name} and {best} cannot be told apart ({figures}); {advice}."
    return Verdict(
        better_than_best_baseline=answer,
        baseline=best,
        difference=difference,
        interval=(low, high),
        sentence=sentence,
    )
