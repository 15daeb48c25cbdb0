"""The classifier behind a coat of numbers, so that scikit-learn's own checks can be run on it.

`check_estimator` feeds matrices, and skips an estimator of texts but for one check. Here each row
of a matrix becomes a text, one word a column, and nothing else of the classifier is changed.
"""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import validate_data

from recurra import SequenceClassifier


class NumbersAsTexts(SequenceClassifier):
    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.one_d_array = False
        tags.input_tags.string = False
        return tags

    def fit(self, X: Any, y: Any, **kwargs: Any) -> Self:
        X, y = validate_data(self, X, y)
        return super().fit(in_words(X), y, groups=np.arange(len(y)), **kwargs)

    def predict_proba(self, X: Any) -> Any:
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return super().predict_proba(in_words(validate_data(self, X, reset=False)))


def in_words(X: Any) -> list[str]:
    return [" ".join(f"c{i}v{round(2 * v)}" for i, v in enumerate(row)) for row in X.tolist()]
