"""What a network that writes is shown beside: counts of n tokens, smoothed."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["NGrams"]

Context = tuple[object, ...]
BEGIN = -1


class NGrams:
    """Predict a token from the n - 1 before it, by counts with Witten-Bell smoothing.

    ::

        p_k(w | h) = (count(h w) + kinds(h) p_{k-1}(w | h')) / (count(h) + kinds(h))

    where h' is h without its first token, kinds(h) is how many different tokens followed h, and
    p_0 is 1 / size. With classes one more step is made: counts within the class, smoothed with
    p_n of all classes. Tokens are integers.

    Args:
        n: how many tokens a count is of.
        size: how many different tokens there are.

    Example:
        >>> model = NGrams(1, size=2).fit([[0, 0, 0, 1]])
        >>> p = (3 + 2 * 0.5) / (4 + 2)      # counts 3 of 4; 2 kinds; p_0 = 1/2
        >>> bool(abs(model.log_probabilities([[0]])[0] - np.log(p)) < 1e-12)
        True

    Source: Witten and Bell, "The zero-frequency problem" (1991); Jurafsky and Martin, ch. 3.
    """

    def __init__(self, n: int, size: int) -> None:
        self.n, self.size = n, size
        self.counts: dict[Context, Counter[int]] = defaultdict(Counter)

    def fit(
        self, documents: Sequence[Sequence[int]], classes: Sequence[str] | None = None
    ) -> "NGrams":
        """Count."""
        for document, label in zip(documents, classes or [""] * len(documents), strict=True):
            for history, token in self._steps(document):
                for length in range(self.n):
                    self.counts[history[len(history) - length :]][token] += 1
                if classes:
                    self.counts[(label, *history)][token] += 1
        return self

    def log_probabilities(
        self, documents: Sequence[Sequence[int]], classes: Sequence[str] | None = None
    ) -> npt.NDArray[np.float64]:
        """Give the natural logarithm of the probability of each document, (documents,)."""
        totals = []
        for document, label in zip(documents, classes or [""] * len(documents), strict=True):
            chances = [
                self._chance(history, token, label if classes else None)
                for history, token in self._steps(document)
            ]
            totals.append(float(np.log(chances).sum()))
        return np.array(totals)

    def _steps(self, document: Sequence[int]) -> list[tuple[Context, int]]:
        padded = [BEGIN] * (self.n - 1) + list(document)
        return [(tuple(padded[i : i + self.n - 1]), token) for i, token in enumerate(document)]

    def _chance(self, history: Context, token: int, label: str | None) -> float:
        contexts = [history[len(history) - length :] for length in range(self.n)]
        if label is not None:
            contexts.append((label, *history))
        chance = 1 / self.size
        for context in contexts:
            seen = self.counts.get(context)
            if seen:
                total, kinds = seen.total(), len(seen)
                chance = (seen[token] + kinds * chance) / (total + kinds)
        return chance
