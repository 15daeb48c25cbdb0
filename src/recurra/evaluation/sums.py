"""Measures of what a model writes, as functions of sums over rows, and which model is better.

::

    bits per character  = - Σ log2 p(line) / Σ characters                lower is better
    chrF                = F_2 of character n-grams, n = 1..6, of all lines together     higher

A measure takes the sums of a few statistics over the rows. So a bootstrap draw costs one product:
how often each row was drawn, times its statistics.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.evaluation.metrics import interval
from recurra.evaluation.report import Estimate
from recurra.evaluation.verdict import Verdict

__all__ = ["bits_per_character", "chrf", "chrf_statistics", "decide_by_sums", "estimate"]

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Measure = Callable[[Floats], Floats]

ORDERS = 6
BETA = 2
REPEATS = 1000


def bits_per_character(sums: Floats) -> Floats:
    """Give bits per character from sums (…, 2): of the natural log of p, and of characters."""
    bits: Floats = -sums[..., 0] / np.log(2) / sums[..., 1]
    return bits


def chrf_statistics(written: Iterable[str], meant: Iterable[str]) -> Floats:
    """Give for each pair and n = 1..6 the n-grams written, meant, and shared, (rows, 18).

    Spaces do not count, as in chrF's definition.
    """
    rows = [
        [count for n in range(1, ORDERS + 1) for count in _counts(_grams(a, n), _grams(b, n))]
        for a, b in zip(written, meant, strict=True)
    ]
    return np.array(rows, float).reshape(-1, 3 * ORDERS)


def _grams(text: str, n: int) -> Counter[str]:
    text = "".join(text.split())
    return Counter(text[i : i + n] for i in range(len(text) - n + 1))


def _counts(written: Counter[str], meant: Counter[str]) -> tuple[int, int, int]:
    return written.total(), meant.total(), (written & meant).total()


def chrf(sums: Floats) -> Floats:
    """Give chrF, 0 to 100, from sums (…, 18) of `chrf_statistics`.

    ::

        P = mean_n shared / written      R = mean_n shared / meant      over n with both above 0
        chrF = 100 · (1 + β²) P R / (β² P + R),   β = 2

    Source: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015), with the
    defaults of sacrebleu (no word n-grams, no smoothing).

    Example:
        >>> [round(float(chrf(chrf_statistics([w], ["abc"]).sum(0))), 1) for w in ("abc", "xyz")]
        [100.0, 0.0]
    """
    by_order = sums.reshape(*sums.shape[:-1], ORDERS, 3)
    written, meant, shared = (by_order[..., i] for i in range(3))
    there = (written > 0) & (meant > 0)
    orders = np.maximum(there.sum(-1), 1)
    precision = np.where(there, shared / np.maximum(written, 1), 0.0).sum(-1) / orders
    recall = np.where(there, shared / np.maximum(meant, 1), 0.0).sum(-1) / orders
    below = np.maximum(BETA**2 * precision + recall, 1e-300)
    score: Floats = 100 * (1 + BETA**2) * precision * recall / below
    return score


def _drawn(groups: Rows, seed: int) -> Floats:
    """Give how often each row is drawn, (draws, rows), groups whole; the same for every model."""
    _, inverse = np.unique(groups, return_inverse=True)
    count = int(inverse.max()) + 1
    rng = np.random.default_rng(seed)
    draws = [np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(REPEATS)]
    return np.stack(draws)[:, inverse].astype(float)


def estimate(measure: Measure, statistics: Floats, groups: Rows, seed: int = 0) -> Estimate:
    """Give a measure with its bootstrapped 95 % interval."""
    draws = measure(_drawn(groups, seed) @ statistics)
    return Estimate(value=float(measure(statistics.sum(0))), interval=interval(draws))


def decide_by_sums(
    measure: Measure,
    model: Floats,
    baselines: Mapping[str, Floats],
    groups: Rows,
    *,
    measured: str,
    higher_is_better: bool,
    name: str = "the model",
    seed: int = 0,
) -> Verdict:
    """Compare a model with the best baseline on the same rows, by a paired bootstrap.

    The verdict is "yes" when the whole 95 % interval of the difference is on the better side of 0,
    "no" when it is on the worse, else "undecided". Taking the baseline that does best on these very
    rows favours the baseline, never the model.

    Args:
        measure: from sums over rows to the measure.
        model: (rows, statistics) of the model.
        baselines: the same of each baseline.
        groups: (rows,) rows of one group are drawn together.
        measured: what the sentence calls the measure.
        higher_is_better: the direction.
        name: what the sentence calls the model.
        seed: of the draws.
    """
    sign = 1.0 if higher_is_better else -1.0
    values = {which: float(measure(sums.sum(0))) for which, sums in baselines.items()}
    best = max(values, key=lambda which: sign * values[which])
    ours = float(measure(model.sum(0)))
    drawn = _drawn(groups, seed)
    low, high = interval(measure(drawn @ model) - measure(drawn @ baselines[best]))
    difference = ours - values[best]
    figures = f"{measured} {ours:.3f} against {values[best]:.3f}, difference {difference:+.3f}"
    figures += f" [{low:+.3f}, {high:+.3f}]"
    better, worse = (low > 0, high < 0) if higher_is_better else (high < 0, low > 0)
    answer: Any = "undecided"
    sentence = f"Undecided: {name} and {best} cannot be told apart ({figures})."
    if better:
        answer, sentence = "yes", f"Yes: {name} is better than {best} ({figures})."
    elif worse:
        answer, sentence = "no", f"No: {name} loses to {best} ({figures}); use {best}."
    return Verdict(
        better_than_best_baseline=answer,
        baseline=best,
        difference=difference,
        interval=(low, high),
        sentence=sentence,
    )
