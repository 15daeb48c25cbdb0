"""TF-IDF and logistic regression as they answer: with NumPy alone, from a vocabulary and weights.

::

    w_t   = (1 + log n_t) idf_t                          n_t how often the text has the term t
    score = W (w / |w|) + b                              terms that are not known count for nothing
    P     = σ(score), or softmax(score) of more than two classes

Terms are counted as scikit-learn's `TfidfVectorizer` counts them (lower case; words of two or more
letters and their pairs, or runs of 2 to 5 characters within words).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from recurra.arrays import Floats
from recurra.cells import sigmoid

__all__ = ["TfidfRegression", "terms_of"]

_WORD = re.compile(r"(?u)\b\w\w+\b")
SHORTEST, LONGEST = 2, 5  # runs of characters


def _words(text: str) -> Iterator[str]:
    words = _WORD.findall(text)
    yield from words
    yield from map(" ".join, pairwise(words))


def _runs(text: str) -> Iterator[str]:
    for word in text.split():
        padded = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            yield padded[:size]
            for start in range(1, len(padded) - size + 1):
                yield padded[start : start + size]
            if size >= len(padded):  # a short word counts once
                break


_TERMS: dict[str, Callable[[str], Iterator[str]]] = {
    "word TF-IDF + LR": _words,
    "char TF-IDF + LR": _runs,
}


def terms_of(kind: str, text: str) -> list[str]:
    """Give the terms of a text, as often as it has them.

    Example:
        >>> terms_of("word TF-IDF + LR", "Win a prize")
        ['win', 'prize', 'win prize']
        >>> terms_of("char TF-IDF + LR", "Hi")
        [' h', 'hi', 'i ', ' hi', 'hi ', ' hi ']
    """
    return list(_TERMS[kind](text.lower()))


class TfidfRegression:
    """What a fitted model says of texts.

    Args:
        kind: which terms.
        vocabulary: the terms that are known.
        idf: (terms,).
        coefficients: (1, terms) of two classes, (classes, terms) of more.
        intercept: as many.
    """

    def __init__(
        self,
        kind: str,
        vocabulary: Sequence[str],
        idf: Floats,
        coefficients: Floats,
        intercept: Floats,
    ) -> None:
        self.kind = kind
        self.places = {term: place for place, term in enumerate(vocabulary)}
        self.idf, self.coefficients, self.intercept = idf, coefficients, intercept
        self._of_terms = np.ascontiguousarray(coefficients.T, dtype=float)

    def arrays(self) -> dict[str, Floats]:
        """Give what is to be saved beside the vocabulary."""
        return {
            "idf": self.idf,
            "coefficients": self.coefficients,
            "intercept": self.intercept,
        }

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """Give the probability of each class, (texts, classes)."""
        known, split = self.places, _TERMS[self.kind]
        rows = [[known[term] for term in split(text.lower()) if term in known] for text in texts]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        terms = np.fromiter((term for row in rows for term in row), np.int64, lengths.sum())
        each, times = np.unique(
            np.repeat(np.arange(len(rows)), lengths) * len(known) + terms, return_counts=True
        )
        row, term = np.divmod(each, max(1, len(known)))
        weights = (1 + np.log(times)) * self.idf[term]
        scores = np.tile(self.intercept.astype(float), (len(rows), 1))
        some = np.flatnonzero(lengths)
        if len(some):
            starts = np.searchsorted(row, some)
            norms = np.sqrt(np.add.reduceat(weights**2, starts))
            parts = np.add.reduceat(self._of_terms[term] * weights[:, None], starts)
            scores[some] += parts / norms[:, None]
        return _shares(scores)


def _shares(scores: Floats) -> Floats:
    if scores.shape[1] == 1:
        positive = sigmoid(scores[:, 0])
        return np.stack([1 - positive, positive], axis=1)
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
