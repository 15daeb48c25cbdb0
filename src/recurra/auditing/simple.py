"""What rows are asked by where a simple model is enough: what it reads of them, and its kind.

::

    texts      logistic regression on runs of two to five letters (TF-IDF): words and spelling
    sequences  trees drawn at random on 64 means of each channel, and what each channel is like
    tables     the same on numbers, and on the values of other columns
    words      a linear model of the word, its ends, and the words beside it
    states     trees drawn at random on what a step, those before it and those after it are like

What is read is made of all rows, and of no label.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Floats, Floats32, Rows, Texts
from recurra.data.rolling import rolling_features
from recurra.near_numbers import means_of_bins
from recurra.sequences import Ragged
from recurra.text.neighbours import beside_words

__all__ = [
    "Simple",
    "simple_of_numbers",
    "simple_of_states",
    "simple_of_texts",
    "simple_of_words",
]

RUNS, FEATURES, STRENGTH = (2, 5), 200_000, 1.0
TREES, LEAF = 100, 3


@dataclass(frozen=True)
class Simple:
    """A simple model of some rows.

    Args:
        features: (rows, features) what it reads of each; perhaps sparse.
        make: gives a fresh classifier, as scikit-learn has them.
    """

    features: Any
    make: Callable[[], Any]

    def shares(self, known: Rows, truth: Rows, asked: Rows, classes: int) -> Floats:
        """Learn from some rows; give the probability of each class for others.

        Args:
            known: the numbers of the rows to learn from.
            truth: (rows,) the class of every row; those of the rows known are read.
            asked: the numbers of the rows asked about.
            classes: how many there are.

        Returns:
            (asked, classes) probabilities.
        """
        found = np.zeros((len(asked), classes))
        model = self.make().fit(self.features[known], truth[known])
        found[:, model.classes_] = model.predict_proba(self.features[asked])
        return found


def simple_of_texts(texts: Texts) -> Simple:
    """Give the simple model of texts, (rows,)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    read = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=RUNS,
        sublinear_tf=True,
        max_features=FEATURES,
        dtype=np.float32,
    ).fit_transform(texts)
    return Simple(read, lambda: LogisticRegression(C=STRENGTH, max_iter=200))


def simple_of_numbers(rows: Ragged | pd.DataFrame) -> Simple:
    """Give the simple model of numeric sequences, or of the rows of a table."""
    from sklearn.ensemble import ExtraTreesClassifier

    return Simple(
        _of_sequences(rows) if isinstance(rows, Ragged) else _of_cells(rows),
        lambda: ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=0),
    )


def simple_of_words(sentences: Sequence[Sequence[str]]) -> Simple:
    """Give the simple model of the words of sentences, end to end."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import SGDClassifier

    read = DictVectorizer(dtype=np.float32).fit_transform(
        features for row in sentences for features in beside_words(row)
    )
    read.indices, read.indptr = read.indices.astype(np.int32), read.indptr.astype(np.int32)
    return Simple(
        read.tocsr(),
        lambda: SGDClassifier("log_loss", alpha=1e-5, max_iter=8, tol=None, random_state=0),
    )


def simple_of_states(numbers: Floats, begins: Rows) -> Simple:
    """Give the simple model of the steps of logs, end to end; each begins at one of `begins`."""
    from sklearn.ensemble import ExtraTreesClassifier

    logs = np.split(numbers, begins[1:])
    both = [np.hstack([rolling_features(s), rolling_features(s[::-1])[::-1]]) for s in logs]
    return Simple(
        _finite(np.concatenate(both)),
        lambda: ExtraTreesClassifier(TREES, min_samples_leaf=LEAF, random_state=0),
    )


def _of_sequences(sequences: Ragged) -> Floats32:
    """Give the means of the bins of each sequence, and of each channel what it is like."""
    steps, begins = sequences.timesteps().astype(np.float64), sequences.offsets[:-1]
    lengths = sequences.lengths[:, None]
    mean = np.add.reduceat(steps, begins) / lengths
    squares = np.add.reduceat(steps**2, begins) / lengths
    like = [
        mean,
        np.sqrt(np.maximum(squares - mean**2, 0.0)),
        np.minimum.reduceat(steps, begins),
        np.maximum.reduceat(steps, begins),
        lengths.astype(np.float64),
    ]
    bins = means_of_bins(sequences).reshape(len(sequences), -1)
    return _finite(np.concatenate([bins, *like], axis=1))


def _of_cells(frame: pd.DataFrame) -> Floats32:
    frame, found = frame.astype(str).reset_index(drop=True), []
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.notna().sum() * 2 < len(numbers):
            numbers = pd.Series(pd.factorize(frame[name])[0].astype(float))
        found.append(numbers.to_numpy(float))
    return _finite(np.stack(found, axis=1) if found else np.zeros((len(frame), 1)))


def _finite(values: Floats) -> Floats32:
    """Give numbers that trees read: missing ones lie below all others."""
    least = np.where(np.isfinite(values), values, 0.0).min(axis=0, initial=0.0) - 1.0
    filled = np.where(np.isfinite(values), values, least)
    return np.clip(filled, -3e38, 3e38).astype(np.float32)
