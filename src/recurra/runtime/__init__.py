"""Saved networks that answer at once: no Keras, no JAX, no scikit-learn is imported.

Example:
    >>> from recurra import runtime
    >>> runtime.load  # doctest: +ELLIPSIS
    <function load at ...>
"""

from recurra.runtime.models import (
    SavedClassifier,
    SavedForecaster,
    SavedLabeller,
    SavedModel,
    SavedNetwork,
    SavedRegressor,
    SavedTagger,
    load,
)

__all__ = [
    "SavedClassifier",
    "SavedForecaster",
    "SavedLabeller",
    "SavedModel",
    "SavedNetwork",
    "SavedRegressor",
    "SavedTagger",
    "load",
]
