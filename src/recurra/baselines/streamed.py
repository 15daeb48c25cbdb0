"""A linear model of words for rows that no memory holds: fitted in the same passes as networks.

::

    terms     words and their pairs: those that most rows that teach have
    x         (1 + log n_t) idf_t of unit length
    W, b      averaged over the steps of stochastic gradient descent on log loss + α |W|² / 2
    chosen    α, and after which epoch, by the Brier score of the rows that validate

Of more than two classes there is one model for each against all others, as naive Bayes' has it.

Source: L. Bottou, Large-scale machine learning with stochastic gradient descent (2010), as
scikit-learn has it.
"""

from collections.abc import Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, Self

import numpy as np

from recurra.arrays import Floats, Texts
from recurra.baselines.classes import constants
from recurra.baselines.texts import LinearTexts
from recurra.data.passes import Streamed
from recurra.judging.classes import Labelled
from recurra.judging.measures import best_threshold, class_measures, class_statistics, values
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.text.terms import STREAMED, TermModel, TermRegression, shares_of_scores, words_of

__all__ = ["StreamedTexts", "streamed_baselines"]

PENALTIES = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
VISITS, EPOCHS = 2_000_000, 10  # few rows are visited several times


class StreamedTexts(LinearTexts):
    """Terms and logistic regression, by stochastic gradient descent."""

    def fit(
        self,
        known: Labelled,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Fit on the rows that teach; what is chosen is chosen on those that validate."""
        assert isinstance(known, Streamed)
        self.names, self.positive = known.names, known.positive
        self.rows = known.passes.rows
        if not known.frequencies:  # no term is in two texts: the shares of the classes are all
            classes = np.arange(len(self.names))
            self.model = TermModel(self.kind, known.counts / known.counts.sum(), classes, None)
            self.C, self.threshold = 1.0, None if self.positive is None else 0.5
            return self
        descent = _Descent(self.kind, _Terms(known.frequencies, self.rows), known, self.seed)
        epochs = max(known.passes.epochs, min(EPOCHS, -(-VISITS // self.rows)))
        for number in range(1, epochs + 1):
            descent.epoch(number)
        self.model, self.C = descent.model(), 1 / (descent.penalty * self.rows)
        self.threshold = None
        if self.positive is not None:
            scores = self.probabilities(known.inputs)[:, self.positive]
            self.threshold = best_threshold(known.truth == self.positive, scores)
        return self


class _Terms:
    """From texts to the weights of terms, as scikit-learn's vectorizers give them.

    A word is a number, 0 where no term has it, and a pair of words is a number made of the two: so
    most of it is done for all texts at once.

    Args:
        frequencies: in how many texts each term is that is known.
        rows: how many texts there were.
    """

    def __init__(self, frequencies: Mapping[str, int], rows: int) -> None:
        from sklearn.feature_extraction.text import TfidfTransformer

        self.names = list(frequencies)
        counts = np.fromiter(frequencies.values(), float, len(frequencies))
        self.idf: Floats = 1 + np.log((1 + rows) / (1 + counts))
        self._weighting = TfidfTransformer(sublinear_tf=True)
        self._weighting.idf_ = self.idf
        split = [name.split() for name in self.names]
        words = dict.fromkeys(chain.from_iterable(split))
        self._words = {word: number for number, word in enumerate(words, start=1)}
        codes = np.array([self._code(*map(self._words.__getitem__, each)) for each in split])
        self._places = np.argsort(codes)
        self._codes = codes[self._places]

    def _code(self, first: Any, second: Any = 0) -> Any:
        """Give the number of a word alone, or of two."""
        return first * (len(self._words) + 1) + second

    def of(self, texts: Texts) -> Any:
        """Give the weights of the terms of each text, sparse."""
        from scipy.sparse import csr_array

        found = [words_of(text) for text in texts]
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        each = [self._words.get(word, 0) for word in chain.from_iterable(found)]
        words, rows = np.array(each, np.int64), np.repeat(np.arange(len(found)), lengths)
        first = np.flatnonzero((rows[1:] == rows[:-1]) & (words[:-1] > 0) & (words[1:] > 0))
        codes = np.concatenate([self._code(words), self._code(words[first], words[first + 1])])
        rows = np.concatenate([rows, rows[first]])
        at = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        known = self._codes[at] == codes
        where = rows[known].astype(np.int32), self._places[at[known]].astype(np.int32)
        shape = len(found), len(self.names)
        return self._weighting.transform(csr_array((np.ones(known.sum()), where), shape))


class _Descent:
    """Models of a few penalties, and the best of them so far.

    Args:
        kind: of model.
        terms: that are read.
        known: the rows.
        seed: of the order in which they are read.
    """

    def __init__(self, kind: str, terms: _Terms, known: Streamed, seed: int) -> None:
        from sklearn.linear_model import SGDClassifier

        self.kind, self.terms, self.known, self.seed = kind, terms, known, seed
        self._validation = terms.of(known.inputs)
        self._measure = class_measures(len(known.names))[0]
        self._models = [
            SGDClassifier(loss="log_loss", alpha=alpha, average=True, shuffle=False)
            for alpha in PENALTIES
        ]
        self._best = np.inf

    def epoch(self, number: int) -> None:
        """Visit the rows of an epoch, and keep the model that is the best."""
        classes = np.arange(len(self.known.names))
        for _, texts, truth in self.known.passes.epoch(number, self.seed):
            matrix = self.terms.of(texts)
            for model in self._models:
                model.partial_fit(matrix, truth, classes=classes)
        for model in self._models:
            found = shares_of_scores(self.kind, self._scores(model))
            told = class_statistics(found, found.argmax(axis=1), self.known.truth)
            loss = float(values(self._measure, told))
            if loss < self._best:
                self._best, self.penalty = loss, model.alpha
                self._weights = model.coef_.astype(float), model.intercept_.astype(float)

    def _scores(self, model: Any) -> Floats:
        scores: Floats = np.asarray(self._validation @ model.coef_.T) + model.intercept_
        return scores

    def model(self) -> TermModel:
        """Give the best model, as it answers of texts."""
        counts = self.known.counts
        regression = TermRegression(self.kind, self.terms.names, self.terms.idf, *self._weights)
        return TermModel(self.kind, counts / counts.sum(), np.arange(len(counts)), regression)


def streamed_baselines(positive: int | None) -> list[Contender]:
    """Give what a network must beat, and can be fitted in passes, as contenders.

    Args:
        positive: the number of the class to find, None where there is none.
    """
    linear = Contender(STREAMED, partial(StreamedTexts, STREAMED), baseline=True)
    return [*constants(positive), linear]
