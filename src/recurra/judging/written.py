"""Measures of what is written: how surprised a model is by lines, how like a translation is.

::

    bits per character  = - Σ log2 p(line) / Σ characters                lower is better
    perplexity          = 2^(- Σ log2 p(line) / Σ tokens)                lower is better
    chrF                = F_2 of character n-grams, n = 1..6, of all lines together     higher
    exact               = share of translations that are, to the letter, the one that is meant

Lines: columns are - log2 p, characters, tokens. Translations: for n = 1..6 the n-grams written,
meant and shared, then whether it is exact.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from recurra.arrays import Floats
from recurra.judging.measures import Measure, mean_of, ratio_of

__all__ = [
    "LINES",
    "TRANSLATIONS",
    "chrf",
    "chrf_statistics",
    "line_statistics",
    "translation_statistics",
]


ORDERS = 6
BETA = 2


def line_statistics(logs: Floats, characters: Sequence[int], tokens: Sequence[int]) -> Floats:
    """Give the statistics of lines, (rows, 3).

    Args:
        logs: (rows,) the natural logarithm of the probability of each line, its end included.
        characters: (rows,) of each line, its end being one.
        tokens: (rows,) of each line, its end being one.

    Example:
        >>> line_statistics(np.log([0.25]), [4], [4]).tolist()
        [[2.0, 4.0, 4.0]]
    """
    return np.column_stack([-np.asarray(logs) / np.log(2), characters, tokens]).astype(np.float64)


def _perplexity(statistics: Floats, weights: Floats) -> Floats:
    hesitation: Floats = np.exp2(ratio_of(0, 2)(statistics, weights))
    return hesitation


LINES = (
    Measure("bits per character", ratio_of(0, 1), False, share=False, positive=True),
    Measure("perplexity", _perplexity, False, share=False, positive=True),
)


def translation_statistics(written: Iterable[str], meant: Iterable[str]) -> Floats:
    """Give the statistics of translations, (rows, 19)."""
    written, meant = list(written), list(meant)
    exact = [ours == theirs for ours, theirs in zip(written, meant, strict=True)]
    return np.column_stack([chrf_statistics(written, meant), exact]).astype(np.float64)


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


def _chrf_of(statistics: Floats, weights: Floats) -> Floats:
    return chrf(weights @ statistics[:, : 3 * ORDERS])


def _exact(statistics: Floats) -> Floats:
    return statistics[:, -1]


TRANSLATIONS = (
    Measure("chrF", _chrf_of, whole=100.0),
    Measure("exact", mean_of(3 * ORDERS), losses=_exact),
)
