"""Linear models of the terms of texts: counted once, weighted anew for every fit.

::

    TF-IDF     W of least log loss and least |W|² / C, on (1 + log n_t) idf_t of unit length
    NB         r_t = log (1 + rows of the class with t) / … - log (1 + other rows with t) / …
               w of least log loss and least |w|² / C on r_t; then W = w r     (Wang, Manning 2012)

What stands beside a text (`recurra.text.beside`) is as many more columns of the same fit.

Only rows that are fitted tell which terms are known (those in two texts or more, runs across words
in three), how rare they are and what they weigh: what was counted of other rows is not looked at.

Source: S. Wang, C. Manning, Baselines and bigrams: simple, good sentiment and topic classification
(ACL 2012); of more than two classes, one model for each against all others.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from recurra.arrays import Floats, Rows, Texts
from recurra.baselines.runs import counted_runs
from recurra.text.beside import Beside, Cells, after_cells
from recurra.text.terms import (
    CHARACTERS,
    COLUMNS,
    NAIVE_BAYES,
    PRESENCE,
    RUNS,
    WORDS,
    TermModel,
    TermRegression,
    shares_of_scores,
)

__all__ = ["STRENGTHS", "VECTORS", "Counted", "Fitted", "Weighted"]

VECTORS: dict[str, dict[str, Any]] = {
    WORDS: {"ngram_range": (1, 2)},
    CHARACTERS: {"analyzer": "char_wb", "ngram_range": (2, 5)},
    NAIVE_BAYES: {"ngram_range": (1, 3), "token_pattern": r"(?u)\w+|[^\w\s]"},
}
# of the fit against its penalty, C
STRENGTHS = dict.fromkeys(VECTORS, (1.0, 10.0, 100.0)) | {
    NAIVE_BAYES: (0.03, 0.3, 3.0),
    RUNS: (0.03, 0.1),
    COLUMNS: (0.03, 0.3, 3.0),
}
FEWEST = {RUNS: 3}  # texts that a term is in to be known, where not two


class Counted:
    """How often each of some texts has each term.

    Args:
        kind: which terms.
        texts: the texts.
        features: the names of the columns whose cells stand before each text.
    """

    def __init__(self, kind: str, texts: Texts, features: Sequence[str] = ()) -> None:
        from sklearn.feature_extraction.text import CountVectorizer  # to answer needs none of it

        self.kind, self.counts, self.terms = kind, None, np.zeros(0, object)
        self.cells = Cells(features, texts) if features else None
        if kind == COLUMNS:
            return
        alone = (after_cells(row, len(features)) for row in texts)
        self.fewest = FEWEST.get(kind, 2)
        if kind == RUNS:
            self.counts, runs = counted_runs(list(alone), self.fewest)
            self.terms = np.array(runs, object)
            return
        counter = CountVectorizer(min_df=2, dtype=np.float32, **VECTORS[kind])
        with contextlib.suppress(ValueError):  # no term is there twice
            self.counts = counter.fit_transform(alone)
            self.terms = counter.get_feature_names_out()

    def known_to(self, rows: Rows) -> Rows:
        """Give the terms that enough of the rows have."""
        if self.counts is None:
            return np.zeros(0, np.int64)
        texts = np.bincount(self.counts[rows].indices, minlength=len(self.terms))
        found: Rows = np.flatnonzero(texts >= self.fewest)
        return found


class Weighted:
    """Some of the rows that were counted, as models of them see texts.

    Args:
        counted: all rows.
        rows: that models are fitted on.
        truth: (rows counted,) the number of each one's class.
        classes: how many there are.
        weights: (rows counted,) how much each row counts in a fit; None for all alike.
    """

    def __init__(
        self,
        counted: Counted,
        rows: Rows,
        truth: Rows,
        classes: int,
        weights: Floats | None = None,
    ) -> None:
        self.counted, self.truth = counted, truth[rows]
        self.weights = None if weights is None else weights[rows]
        self.shares = np.bincount(self.truth, minlength=classes) / len(rows)
        self.classes = np.flatnonzero(self.shares)
        self.known = counted.known_to(rows)
        self.beside = None if counted.cells is None else Beside.fit(counted.cells, rows)
        if len(self.classes) < 2 or not (len(self.known) or self.beside):
            self.classes, self.known = np.arange(classes), self.known[:0]
            self.beside = None  # the shares of the classes are all
            return
        self.weighting = None
        if counted.kind not in PRESENCE and len(self.known):
            from sklearn.feature_extraction.text import TfidfTransformer

            chosen = self._counts(rows)
            self.weighting = TfidfTransformer(sublinear_tf=True).fit(chosen)
        self.matrix = self.of(rows)

    def of(self, rows: Rows) -> Any:
        """Give what is read of rows: terms, weighted, and what is beside; None where nothing is."""
        terms = self._terms(rows)
        if self.beside is None or self.counted.cells is None:
            return terms
        from scipy.sparse import csr_matrix, hstack

        beside = csr_matrix(self.beside.numbers(self.counted.cells, rows))
        return beside if terms is None else hstack([terms, beside], format="csr")

    def _counts(self, rows: Rows) -> Any:
        assert self.counted.counts is not None
        return self.counted.counts[rows][:, self.known]

    def _terms(self, rows: Rows) -> Any:
        if not len(self.known):
            return None
        chosen = self._counts(rows)
        if self.weighting is None:
            chosen.data[:] = 1
            return chosen
        return self.weighting.transform(chosen) if len(rows) else chosen

    def fit(self, C: float) -> "Fitted":
        """Fit a model; C is the strength of the fit against its penalty."""
        if not (len(self.known) or self.beside):
            return Fitted(self, np.zeros((0, 0)), np.zeros(0))
        with threadpool_limits(1):  # threads cost more than they give on sparse rows
            if self.counted.kind in PRESENCE:
                terms = len(self.known)
                found = _naive_bayes(self.matrix, self.truth, C, self.weights, terms)
            else:
                found = _tfidf(self.matrix, self.truth, C, self.weights)
        return Fitted(self, *found)


class Fitted(NamedTuple):
    """A model fitted on some of the rows that were counted.

    Args:
        rows: those, and what is known of them.
        coefficients, intercept: (1 or k, terms known), (1 or k,).
    """

    rows: Weighted
    coefficients: Floats
    intercept: Floats

    def probabilities(self, weighted: Any, rows: int) -> Floats:
        """Give the probability of each class, (rows, classes), of what `Weighted.of` gave."""
        if weighted is None:
            return np.tile(self.rows.shares, (rows, 1))
        scores = np.asarray(weighted @ self.coefficients.T) + self.intercept
        found = np.zeros((rows, len(self.rows.shares)))
        kind = self.rows.counted.kind
        found[:, self.rows.classes] = shares_of_scores(kind, scores.astype(float))
        return found

    def model(self) -> TermModel:
        """Give it with its terms, as it answers of texts."""
        rows, kind, regression = self.rows, self.rows.counted.kind, None
        if len(self.intercept):
            idf = None if rows.weighting is None else rows.weighting.idf_
            terms = rows.counted.terms[rows.known].tolist()
            weights = self.coefficients, self.intercept
            regression = TermRegression(kind, terms, idf, *weights, rows.beside)
        return TermModel(kind, rows.shares, rows.classes, regression)


def _tfidf(matrix: Any, truth: Rows, C: float, weights: Floats | None) -> tuple[Floats, Floats]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=C, max_iter=1000).fit(matrix, truth, weights)
    return model.coef_, model.intercept_


def _naive_bayes(
    matrix: Any, truth: Rows, C: float, weights: Floats | None, terms: int
) -> tuple[Floats, Floats]:
    from scipy.sparse import diags
    from sklearn.linear_model import LogisticRegression

    classes = np.unique(truth)
    coefficients, intercept = [], []
    for number in classes[1:] if len(classes) == 2 else classes:
        mine = truth == number
        inside, outside = (1 + np.asarray(matrix[side].sum(axis=0))[0] for side in (mine, ~mine))
        ratio = np.ones(matrix.shape[1])  # what is beside the terms is taken as it is
        ratio[:terms] = _shares_of(inside[:terms]) - _shares_of(outside[:terms])
        model = LogisticRegression(
            C=C, solver="liblinear", dual=True, max_iter=1000, intercept_scaling=10, random_state=0
        ).fit(matrix @ diags(ratio), mine, weights)
        coefficients.append(model.coef_[0] * ratio)
        intercept.append(model.intercept_[0])
    return np.array(coefficients), np.array(intercept)


def _shares_of(counts: Floats) -> Floats:
    """Give the logarithm of the share that each term has of all."""
    found: Floats = np.log(counts / counts.sum())
    return found
