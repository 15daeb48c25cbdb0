"""Models of sequences with scikit-learn's conventions: `fit`, `predict`, `save`, `load`."""

from recurra.answers.reading import as_texts
from recurra.estimators.base import NetworkEstimator
from recurra.estimators.classifier import SequenceClassifier
from recurra.estimators.forecaster import SequenceForecaster
from recurra.estimators.generator import SequenceGenerator
from recurra.estimators.regressor import SequenceRegressor
from recurra.estimators.riser import SequenceRiser
from recurra.estimators.tagger import SequenceTagger
from recurra.estimators.translator import SequenceTranslator
from recurra.groups import fold_lines, group_duplicates

__all__ = [
    "NetworkEstimator",
    "SequenceClassifier",
    "SequenceForecaster",
    "SequenceGenerator",
    "SequenceRegressor",
    "SequenceRiser",
    "SequenceTagger",
    "SequenceTranslator",
    "as_texts",
    "fold_lines",
    "group_duplicates",
]
