"""Film reviews, good or bad: English (IMDB) and Korean (NSMC), trained from nothing in minutes.

::

    tokens → vectors → GRU in both directions → maximum and mean of its states → Dense 1

IMDB is read by words, and of a long review half the tokens come from each end: reviewers sum up
there. NSMC is read by characters, that is by syllables: endings and particles are seen without an
analyser, and each pair of syllables has a vector of its own. The published test rows stay the test
rows; validation rows come from the training rows.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recurra.data import LabelledTexts, read_imdb, read_nsmc

__all__ = ["SENTIMENT", "Sentiment"]


@dataclass(frozen=True)
class Sentiment:
    """A dataset of reviews and how it is best learnt.

    Args:
        read: from its path to rows that know their published side.
        settings: of `SequenceClassifier`, where the user does not say otherwise.
    """

    read: Callable[[Path], LabelledTexts]
    settings: dict[str, Any] = field(default_factory=dict)


SENTIMENT = {
    "sentiment": Sentiment(
        read_imdb,
        {
            "model": "pooled-bi-gru",
            "tokenizer": "word",
            "min_count": 5,
            "max_vocabulary": 30_000,
            "max_length": 400,
            "truncation": "both",
            "validation_split": 0.1,
            "epochs": 3,
        },
    ),
    "sentiment-ko": Sentiment(
        read_nsmc,
        {
            "model": "pair-bi-gru",
            "tokenizer": "char",
            "min_count": 5,
            "max_vocabulary": 40_000,
            "max_length": 150,
            "batch_size": 64,
            "learning_rate": 2e-3,
            "members": 2,
            "validation_split": 0.1,
            "epochs": 3,
        },
    ),
}
