"""Linear models of the terms of texts, as they answer: NumPy, a vocabulary and weights.

::

    TF-IDF       x_t = (1 + log n_t) idf_t, then x / |x|     n_t how often the text has the term t
    presence     x_t = 1 where the text has the term t       as naive Bayes weights want it
    score        W x + b                                     terms that are not known count for 0
    P            σ(score) of two classes; of more softmax(score), or σ(score) made to add up to 1

Terms are counted as scikit-learn's vectorizers count them, all in lower case: words of two or more
letters and their pairs; runs of 2 to 5 characters within words; words and signs, one to three in
a row; or runs of 1 to 6 characters across words.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Self

import numpy as np

from recurra.arrays import Array, Floats, Rows
from recurra.cells import sigmoid
from recurra.stored import Distinct, Numbers, Stored
from recurra.text.beside import Beside, after_cells
from recurra.text.counts import MOST_KINDS, Counts

__all__ = [
    "CHARACTERS",
    "COLUMNS",
    "KINDS",
    "MOST_OF_RUN",
    "NAIVE_BAYES",
    "NGRAMS",
    "PRESENCE",
    "RUNS",
    "STREAMED",
    "WORDS",
    "StoredTerms",
    "TermCounts",
    "TermModel",
    "TermRegression",
    "log_odds_of",
    "shares_of_scores",
    "spaced",
    "terms_of",
    "weights_needed",
    "words_of",
]

WORDS, CHARACTERS = "word TF-IDF + LR", "char TF-IDF + LR"
NAIVE_BAYES = "NB n-grams + LR"
NGRAMS = (WORDS, CHARACTERS, NAIVE_BAYES)
RUNS = "NB runs + LR"  # rivals of networks that begin as it
PRESENCE = (NAIVE_BAYES, RUNS)  # read that a term is there, not how often
STREAMED = "word TF-IDF + SGD"  # fitted in passes
COLUMNS = "columns + LR"  # reads what stands beside a text, and not the text

_WORD = re.compile(r"\w\w+")  # what scikit-learn's \b\w\w+\b finds, in two thirds of the time
_SIGN = re.compile(r"(?u)\w+|[^\w\s]")
SHORTEST, LONGEST = 2, 5  # runs of characters within words
MOST_OF_RUN = 6  # and across them
LEAST = 1e-4  # a probability
MOST_TERMS = 200_000  # known of rows that are read in passes


def words_of(text: str) -> list[str]:
    """Give the words of two or more letters, in lower case.

    Example:
        >>> words_of("Win a prize")
        ['win', 'prize']
    """
    return _WORD.findall(text.lower())


def _words(text: str) -> list[str]:
    words = words_of(text)
    return [*words, *map(" ".join, pairwise(words))]


def _runs(text: str) -> Iterator[str]:
    for word in text.split():
        padded = f" {word} "
        for size in range(SHORTEST, LONGEST + 1):
            yield padded[:size]
            for start in range(1, len(padded) - size + 1):
                yield padded[start : start + size]
            if size >= len(padded):  # a short word counts once
                break


def _grams(text: str) -> Iterator[str]:
    found = _SIGN.findall(text)
    for size in (1, 2, 3):
        yield from map(" ".join, zip(*(found[start:] for start in range(size)), strict=False))


def spaced(text: str) -> str:
    """Give a text with one space wherever it has some, and none around it."""
    return " ".join(text.split())


def _across(text: str) -> Iterator[str]:
    text = spaced(text)
    for size in range(1, MOST_OF_RUN + 1):
        yield from (text[start : start + size] for start in range(len(text) - size + 1))


_TERMS: dict[str, Callable[[str], Iterable[str]]] = {
    WORDS: _words,
    STREAMED: _words,
    CHARACTERS: _runs,
    NAIVE_BAYES: _grams,
    RUNS: _across,
    COLUMNS: lambda text: iter(()),
}
KINDS = tuple(_TERMS)


def terms_of(kind: str, text: str) -> list[str]:
    """Give the terms of a text, as often as it has them.

    Example:
        >>> terms_of("word TF-IDF + LR", "Win a prize")
        ['win', 'prize', 'win prize']
        >>> terms_of("char TF-IDF + LR", "Hi")
        [' h', 'hi', 'i ', ' hi', 'hi ', ' hi ']
        >>> terms_of("NB n-grams + LR", "Not good!")
        ['not', 'good', '!', 'not good', 'good !', 'not good !']
        >>> terms_of("NB runs + LR", "I  am")
        ['i', ' ', 'a', 'm', 'i ', ' a', 'am', 'i a', ' am', 'i am']
    """
    return list(_TERMS[kind](text.lower()))


class TermCounts:
    """In how many texts each term is, of texts that no memory holds."""

    def __init__(self) -> None:
        self.texts: Counts[str] = Counts(MOST_KINDS)

    def add(self, texts: Iterable[str]) -> None:
        """Count the terms of texts."""
        each = (dict.fromkeys(terms_of(STREAMED, text)) for text in texts)
        self.texts.update(chain.from_iterable(each))
        self.texts.trim()

    def most_frequent(self) -> dict[str, int]:
        """Give the terms that most texts have, and two texts at least, in order."""
        kept = sorted((-count, term) for term, count in self.texts.items() if count > 1)
        return {term: -count for count, term in kept[:MOST_TERMS]}


class TermRegression:
    """What a fitted model says of texts.

    Args:
        kind: which terms, and how they are weighted.
        vocabulary: the terms that are known.
        idf: (terms,); None where a term is there or not.
        coefficients: (1, terms) of two classes, (classes, terms) of more; behind those of terms
            stand those of what is beside texts.
        intercept: as many.
        beside: what cells before a text tell; None where there are none.
    """

    def __init__(
        self,
        kind: str,
        vocabulary: Sequence[str],
        idf: Floats | None,
        coefficients: Floats,
        intercept: Floats,
        beside: Beside | None = None,
    ) -> None:
        self.kind, self.beside = kind, beside
        self.places = dict(zip(vocabulary, range(len(vocabulary)), strict=True))
        self.idf, self.coefficients, self.intercept = idf, coefficients, intercept
        columns = np.ascontiguousarray(coefficients.T, dtype=float)
        self._of_terms, self._of_cells = columns[: len(vocabulary)], columns[len(vocabulary) :]

    def arrays(self) -> dict[str, Floats]:
        """Give what is to be saved beside the vocabulary."""
        idf = {} if self.idf is None else {"idf": self.idf}
        return idf | {"coefficients": self.coefficients, "intercept": self.intercept}

    def scores(self, texts: Iterable[str]) -> Floats:
        """Give the score of each row of weights, (texts, 1 or classes)."""
        known, split, texts = self.places, _TERMS[self.kind], list(texts)
        beside = 0 if self.beside is None else len(self.beside.columns)
        alone = (after_cells(text, beside).lower() for text in texts)
        rows = [[known[term] for term in split(text) if term in known] for text in alone]
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        terms = np.fromiter((term for row in rows for term in row), np.int64, lengths.sum())
        each, times = np.unique(
            np.repeat(np.arange(len(rows)), lengths) * len(known) + terms, return_counts=True
        )
        row, term = np.divmod(each, max(1, len(known)))
        weights = np.ones(len(term)) if self.idf is None else (1 + np.log(times)) * self.idf[term]
        scores = np.tile(self.intercept.astype(float), (len(rows), 1))
        some = np.flatnonzero(lengths)
        if len(some):
            starts = np.searchsorted(row, some)
            parts = np.add.reduceat(self._of_terms[term] * weights[:, None], starts)
            if self.idf is not None:
                parts /= np.sqrt(np.add.reduceat(weights**2, starts))[:, None]
            scores[some] += parts
        if self.beside is not None:
            scores += self.beside.of(texts) @ self._of_cells
        return scores

    def probabilities(self, texts: Iterable[str]) -> Floats:
        """Give the probability of each class, (texts, classes)."""
        return shares_of_scores(self.kind, self.scores(texts))


def shares_of_scores(kind: str, scores: Floats) -> Floats:
    """Give the probability of each class, (rows, classes), of the scores of a kind of model."""
    if scores.shape[1] == 1:
        positive = sigmoid(scores[:, 0])
        return np.stack([1 - positive, positive], axis=1)
    if kind in (*PRESENCE, STREAMED):  # a model for each class against all others
        each = np.maximum(sigmoid(scores), 1e-12)
        apart: Floats = each / each.sum(axis=1, keepdims=True)
        return apart
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def weights_needed(classes: int, features: int | None) -> dict[str, Numbers]:
    """Give what the arrays of a regression of so many classes and features must be."""
    rows = 1 if classes == 2 else classes  # of two classes, one row of weights tells
    return {
        "coefficients": Numbers((rows, features)),
        "intercept": Numbers((rows,)),
        "classes": Numbers.whole(classes, high=classes - 1),
    }


def log_odds_of(probabilities: Floats, least: float = LEAST) -> Floats:
    """Give log-odds of the second class of two, (rows, 1); of more the logarithms, (rows, classes).

    What is nearly sure is taken for sure to 1 in 10,000: a network can still say otherwise.

    Example:
        >>> log_odds_of(np.array([[0.5, 0.5], [0.2, 0.8], [0.0, 1.0]])).round(2).tolist()
        [[0.0], [1.39], [9.21]]
    """
    logs: Floats = np.log(np.maximum(probabilities, least))
    return logs[:, 1:] - logs[:, :1] if logs.shape[1] == 2 else logs


class StoredTerms(Stored):
    """What JSON keeps of a model: its terms, and what it reads of cells before a text."""

    vocabulary: Distinct
    beside: dict[str, Any] | None = None


class TermModel:
    """A linear model of terms; where no term or only one class is known, shares of the classes.

    Args:
        kind: which terms.
        shares: (classes,) of the rows it was fitted on.
        classes: (k,) the numbers of those that the regression tells apart.
        regression: None where there is none.
    """

    def __init__(
        self, kind: str, shares: Floats, classes: Rows, regression: TermRegression | None
    ) -> None:
        self.kind, self.shares, self.classes, self.regression = kind, shares, classes, regression

    def probabilities(self, texts: Sequence[str] | Array) -> Floats:
        """Give the probability of each class, (rows, classes)."""
        if self.regression is None:
            return np.tile(self.shares, (len(texts), 1))
        found = np.zeros((len(texts), len(self.shares)))
        found[:, self.classes] = self.regression.probabilities(texts)
        return found

    @property
    def vocabulary(self) -> list[str]:
        """The terms that are known."""
        return [] if self.regression is None else list(self.regression.places)

    @property
    def beside(self) -> Beside | None:
        """What it reads of cells before a text."""
        return None if self.regression is None else self.regression.beside

    def to_json(self) -> dict[str, Any]:
        """Give what is to be saved beside the arrays."""
        beside = {} if self.beside is None else {"beside": self.beside.to_json()}
        return {"vocabulary": self.vocabulary, **beside}

    def arrays(self) -> dict[str, Array]:
        """Give what is to be saved beside the vocabulary."""
        if self.regression is None:
            return {"shares": self.shares}
        return {"shares": self.shares, "classes": self.classes, **self.regression.arrays()}

    @staticmethod
    def needed(kind: str, classes: int, stored: StoredTerms) -> dict[str, Numbers]:
        """Give what the arrays of a model must be that knows these terms, and what is beside."""
        terms = len(stored.vocabulary)
        width = terms + (0 if stored.beside is None else Beside.from_json(stored.beside).width)
        if not width:
            return {"shares": Numbers.shares(classes)}
        weighted = terms and kind not in PRESENCE
        idf = {"idf": Numbers.positive(terms)} if weighted else {}
        return {"shares": Numbers.shares(classes)} | idf | weights_needed(classes, width)

    @classmethod
    def restored(cls, kind: str, stored: StoredTerms, arrays: Mapping[str, Array]) -> Self:
        """Make a model of what was saved, which must be as `needed` says.

        Raises:
            ValueError: the shares do not add up to 1, or the classes are not counted up.
        """
        shares = arrays["shares"]
        if not np.isclose(shares.sum(), 1):
            raise ValueError(f"the shares must add up to 1, not to {shares.sum():g}")
        classes = np.arange(len(shares))
        beside = None if stored.beside is None else Beside.from_json(stored.beside)
        if "coefficients" not in arrays:
            return cls(kind, shares, classes, None)
        if not np.array_equal(arrays["classes"], classes):
            raise ValueError(f"classes must be counted up, not {arrays['classes']}")
        idf, weights, intercept = (arrays.get(n) for n in ("idf", "coefficients", "intercept"))
        assert weights is not None
        assert intercept is not None
        regression = TermRegression(kind, stored.vocabulary, idf, weights, intercept, beside)
        return cls(kind, shares, classes, regression)
