"""Named datasets of texts and how each is best learnt: spam, and film reviews in two languages.

::

    n-grams → linear model           ┐
                                     weighed, + → σ
    tokens → vectors → GRU in both   ┘
    directions → maximum and mean

IMDB is read by words, and of a long review half the tokens come from each end: reviewers sum up
there. NSMC is read by characters, that is by syllables: endings and particles are seen without an
analyser. The published test rows stay the test
rows; validation rows come from the training rows.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.data import LabelledTexts, open_texts
from recurra.problems.splitting import DEFAULT, KEEP_NEAR, Protocol, SplitTexts, split_texts
from recurra.text import TextEncoder, tokenizer_named, truncate

if TYPE_CHECKING:
    from recurra.estimators import SequenceClassifier
    from recurra.problems.text_classes import TextProblem

__all__ = [
    "PROTOCOLS",
    "SETTINGS",
    "classifier_of",
    "sentiment",
    "sentiment_ko",
    "spam",
    "split_named",
]


# settings of `SequenceClassifier`, where the user does not say otherwise
SETTINGS: dict[str, dict[str, Any]] = {
    "spam": {},
    "sentiment": {
        "model": "ngram-pair-bi-gru",
        "tokenizer": "word",
        "min_count": 5,
        "max_vocabulary": 30_000,
        "max_length": 400,
        "truncation": "both",
        "batch_size": 32,
        "members": 2,
        "validation_split": 0.1,
        "epochs": 3,
    },
    "sentiment-ko": {
        "model": "ngram-triple-bi-gru",
        "tokenizer": "char",
        "min_count": 5,
        "max_vocabulary": 100_000,
        "max_length": 150,
        "batch_size": 64,
        "members": 3,
        "validation_split": 0.1,
        "epochs": 4,
    },
}


def without_repeated_texts(rows: LabelledTexts) -> LabelledTexts:
    """Keep the first row of each distinct text, as the lecture's `drop_duplicates` does."""
    _, first = np.unique(rows.texts.astype(str), return_index=True)
    kept = rows.take(np.sort(first))
    dropped = len(rows.texts) - len(kept.texts)
    return dataclasses.replace(
        kept, notes=[*rows.notes, f"{dropped:,} rows with a repeated text dropped"]
    )


def lecture_encoder(rows: LabelledTexts) -> TextEncoder:
    """Fit the vocabulary on all rows, test rows included. This is the lecture's leak."""
    return TextEncoder.fit(
        rows.texts, tokenizer="lecture-word", min_count=2, max_length=256, unknown=False
    )


PROTOCOLS = {
    "default": DEFAULT,
    "keep-near": KEEP_NEAR,
    "lecture": Protocol(
        "the lecture's: stratified, repeated texts dropped, vocabulary from all rows",
        grouped=False,
        near=False,
        prepare=without_repeated_texts,
        encoder=lecture_encoder,
    ),
}


def split_named(
    rows: LabelledTexts, source: str, protocol: str, *, sample: bool = False, **how: Any
) -> SplitTexts:
    """Split the rows of a dataset as `classifier_of` would have them; no Keras is loaded."""
    share = _settings(source, sample).get("validation_split", 0.2)
    return split_texts(rows, PROTOCOLS[protocol], share=share, **how)


def _settings(source: str, sample: bool) -> dict[str, Any]:
    chosen = dict(SETTINGS.get(source, {}))
    if sample:  # small: little is learnt alone, and its words are rare
        chosen = {name: chosen[name] for name in ("tokenizer",) if name in chosen}
    return chosen


def classifier_of(source: str, *, sample: bool = False, **settings: Any) -> "SequenceClassifier":
    """Give a classifier of the settings given, else of those of its dataset; names are checked."""
    from recurra.estimators import SequenceClassifier
    from recurra.models import architecture_named

    chosen = _settings(source, sample)
    chosen |= {name: value for name, value in settings.items() if value is not None}
    model = SequenceClassifier(**chosen)
    architecture_named(model.model)
    tokenizer_named(model.tokenizer or "word")
    truncate([], model.max_length, model.truncation)
    return model


def _of_source(source: str, **given: Any) -> "TextProblem":
    from recurra.problems.text_classes import texts

    opened = {name: given.pop(name) for name in ("data", "sample") if name in given}
    how = {name: given.pop(name) for name in ("folds", "seed") if name in given}
    protocol = given.pop("protocol", "default")
    lecture = protocol == "lecture"
    if lecture:
        given = {"model": "simple-rnn", "tokenizer": "lecture-word", **given}
    classifier = classifier_of(source, sample=bool(opened.get("sample")), **given)
    classifier.set_params(random_state=how.get("seed", 0))
    rows = open_texts(source, lecture=lecture, **opened)
    return texts(rows, [classifier], name=source, protocol=PROTOCOLS[protocol], **how)


def spam(**given: Any) -> "TextProblem":
    """Ask which messages are spam.

    Args:
        given: `data`, `sample`, `protocol` ("default", "keep-near" or "lecture"), `folds`, `seed`;
            all else are settings of `SequenceClassifier`.
    """
    return _of_source("spam", **given)


def sentiment(**given: Any) -> "TextProblem":
    """Ask which English film reviews are good. What is given: see `spam`."""
    return _of_source("sentiment", **given)


def sentiment_ko(**given: Any) -> "TextProblem":
    """Ask which Korean film reviews are good. What is given: see `spam`."""
    return _of_source("sentiment-ko", **given)
