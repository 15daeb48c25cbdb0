"""What every result is shown beside: models that need no network.

Each one is fitted on the training and the validation rows, all that a network has seen. It decides
at 0.5 with its classes weighted as balanced: on real messages that gave it a higher F1 than a
threshold tuned by inner cross-validation (docs/results.md), and a rival must be at its best.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from recurra.evaluation.splits import stratified_group_split

__all__ = ["TEXT_BASELINES", "FittedBaseline", "fit_text_baseline"]

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

# n-grams of more text than this do not fit in 2 GiB; then a sample of the rows is taken, and said
MOST_CHARACTERS = {"word TF-IDF + LR": 40_000_000, "char TF-IDF + LR": 8_000_000}


def _linear(**vectorizer: Any) -> Any:
    return make_pipeline(
        TfidfVectorizer(min_df=2, sublinear_tf=True, dtype=np.float32, **vectorizer),
        LogisticRegression(C=10, class_weight="balanced", max_iter=1000),
    )


TEXT_BASELINES = {
    "majority": lambda: DummyClassifier(strategy="prior"),
    "word TF-IDF + LR": lambda: _linear(ngram_range=(1, 2)),
    "char TF-IDF + LR": lambda: _linear(analyzer="char_wb", ngram_range=(2, 5)),
}


class FittedBaseline:
    """A baseline, the threshold it decides at, and the number of rows it was fitted on."""

    threshold = 0.5

    def __init__(self, model: Any, rows: int) -> None:
        self.model, self.rows = model, rows

    def positive_scores(self, texts: Texts) -> npt.NDArray[np.float64]:
        """Give the probability of the positive class of each text."""
        scores: npt.NDArray[np.float64] = self.model.predict_proba(texts)[:, 1].astype(float)
        return scores


def fit_text_baseline(
    name: str, texts: Texts, truth: Bools, groups: Rows, seed: int = 0
) -> FittedBaseline:
    """Fit one of `TEXT_BASELINES`.

    Args:
        name: which.
        texts: (rows,) the texts of all rows that may be seen.
        truth: (rows,) whether a row is positive.
        groups: (rows,) rows of one group are sampled together.
        seed: of the sample, taken when there is too much text.
    """
    share = MOST_CHARACTERS.get(name, np.inf) / max(1, sum(map(len, texts)))
    if share < 1:
        _, sample = stratified_group_split(truth, groups, share, seed)
        texts, truth = texts[sample], truth[sample]
    try:
        return FittedBaseline(TEXT_BASELINES[name]().fit(texts, truth), len(texts))
    except ValueError:  # no n-gram is there, or none twice: it knows what the majority knows
        return FittedBaseline(TEXT_BASELINES["majority"]().fit(texts, truth), len(texts))
