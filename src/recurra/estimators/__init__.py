"""Models of sequences with scikit-learn's conventions: `fit`, `predict`, `save`, `load`."""

from recurra.estimators.base import NetworkEstimator, as_texts, group_duplicates
from recurra.estimators.classifier import SequenceClassifier
from recurra.estimators.forecaster import SequenceForecaster
from recurra.estimators.regressor import SequenceRegressor
from recurra.estimators.tagger import SequenceTagger

__all__ = [
    "NetworkEstimator",
    "SequenceClassifier",
    "SequenceForecaster",
    "SequenceRegressor",
    "SequenceTagger",
    "as_texts",
    "group_duplicates",
]
