"""Sequences to sequences as long: a label at every step."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.utils.validation import check_is_fitted

from recurra.errors import DataError, SettingsError
from recurra.estimators.base import Floats, Rows, SequenceEstimator, Sides, group_equal
from recurra.models import SHAPES, Head, number_network, token_network
from recurra.sequences import NumberEncoder, Ragged, are_numbers
from recurra.text import TextEncoder, Vocabulary
from recurra.text.encoder import pieces_of
from recurra.training import Example, Notify

__all__ = ["SequenceTagger", "group_equal_sentences"]

Sentences = list[list[str]]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTagger(SequenceEstimator):
    """Label every step of a sequence: the words of a sentence, or the steps of a measurement.

    ::

        p(label at t | words) = softmax(W h_t + b)        h = cells over the words

    A word is read with its spelling (runs of its characters), so an unknown word still says much.

    Args:
        model: the architecture by name, one of `recurra.models.SHAPES`; "one-to-one" sees one
            step and no neighbour, "bi-" reads in both directions.
        min_count: how often a word must be seen in training to be known.
        max_vocabulary: the most words known, None for no limit.
        scaled: whether the features of numeric sequences are brought to mean 0 and deviation 1.
        batch_size: sequences a step of training, None for 32.
        learning_rate: of Adam, None for 0.002.
        validation_split, epochs, members, random_state: as in `SequenceEstimator`.

    Attributes:
        classes_: the labels, sorted.
        encoder_: from words to integers, or from numbers to scaled ones.
        sides_, histories_, weights_: as in `SequenceClassifier`.

    Example:
        >>> from recurra import SequenceTagger
        >>> words, tags = [["dogs", "bark"], ["birds", "sing"]] * 8, [["NOUN", "VERB"]] * 16
        >>> model = SequenceTagger("gru", epochs=1).fit(words, tags, groups=range(16))
        >>> [len(row) for row in model.predict([["cats", "purr"], []])]
        [2, 0]
    """

    model: str = field(default="bi-gru", kw_only=False)
    min_count: int = 2
    max_vocabulary: int | None = None
    scaled: bool = True
    validation_split: float = 0.1

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
        ready: Callable[[], None] = lambda: None,
    ) -> Self:
        """Train on sequences and the label of every step.

        Args:
            X: lists of words; or numeric sequences, as in `SequenceClassifier.fit`.
            y: for each sequence its labels, as many as it has steps.
            groups, sides, checkpoints, notify, ready: as in `SequenceClassifier.fit`; None groups
                equal sequences.

        Raises:
            DataError: the sequences or labels cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        if self.model not in SHAPES:
            raise SettingsError(f"the model must be one of {SHAPES}, but it is {self.model!r}.")
        rows: Sentences | Ragged = Ragged.of_numbers(X) if are_numbers(X) else as_sentences(X)
        offsets, labels = _labels(rows, y)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"the labels must be of two or more classes, but all {len(labels)} steps have "
                f"{self.classes_.tolist()[0]!r}."
            )
        kept = _groups(rows) if groups is None else np.asarray(groups)
        strata = np.zeros(len(rows), np.int64)
        self.sides_ = self._split(strata, kept, self.members or 1, sides)
        training = self.sides_[0][0]
        for other, _ in self.sides_[1:]:
            training = np.intersect1d(training, other)
        if isinstance(rows, Ragged):
            self.encoder_ = NumberEncoder.fit(rows.take(training), self.scaled)
        else:
            self.encoder_ = words_encoder(
                [rows[i] for i in training], self.min_count, self.max_vocabulary
            )
        table = np.concatenate([[0], np.arange(len(self.classes_))]).astype(np.int32)[:, None]
        targets = Ragged((numbers + 1).astype(np.int32), offsets, table)
        ready()
        self._train(
            Example(self._tokens(rows), targets, np.ones(len(rows), np.float32)),
            loss="sparse_categorical_crossentropy",
            batch_size=32,
            learning_rate=2e-3,
            checkpoints=checkpoints,
            notify=notify,
        )
        return self

    def predict_proba(self, X: Any) -> list[Floats]:
        """Give for each sequence the probability of each label at each step, (steps, labels)."""
        sequences = self._encode(X)
        outputs = self._outputs(sequences).reshape(-1, len(self.classes_))
        return np.split(outputs, sequences.offsets[1:-1]) if len(sequences) else []

    def predict(self, X: Any) -> list[npt.NDArray[Any]]:
        """Give for each sequence the most probable label of each step, (steps,)."""
        return [self.classes_[proba.argmax(axis=1)] for proba in self.predict_proba(X)]

    def score(self, X: Any, y: Any) -> float:
        """Give the share of steps whose label is right."""
        found = self.predict(X)
        right = [
            a == b
            for one, other in zip(found, y, strict=True)
            for a, b in zip(one, other, strict=True)
        ]
        return float(np.mean(right))

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder and labels."""
        head = Head(len(self.classes_), "softmax", each_step=True)
        if isinstance(self.encoder_, NumberEncoder):
            return number_network(self.model, self.encoder_.features, head, units=64)
        pieces = self.encoder_.pieces
        return token_network(self.model, len(self.encoder_.vocabulary), len(pieces), head)

    def _tokens(self, rows: Sentences | Ragged) -> Ragged:
        if isinstance(self.encoder_, NumberEncoder):
            return self.encoder_.encode(rows)
        sequences: Ragged = self.encoder_.encode_tokens(rows)
        return sequences

    def _encode(self, X: Any) -> Ragged:
        check_is_fitted(self, "weights_")
        numbers = isinstance(self.encoder_, NumberEncoder)
        return self._tokens(X if numbers else as_sentences(X))

    def _answer(self, outputs: Floats) -> Any:
        return self.classes_[outputs.argmax(axis=1)]

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _restore(self, learnt: dict[str, Any], encoder: dict[str, Any]) -> None:
        super()._restore(learnt, encoder)
        self.classes_ = np.asarray(learnt["classes"])


def as_sentences(X: Any) -> Sentences:
    """Give lists of words, or say why that cannot be.

    Raises:
        DataError: a sentence is a string that was not split, or a word is not a string.
    """
    sentences = []
    for number, sentence in enumerate(X):
        if isinstance(sentence, str):
            raise DataError(
                f"every row of X must be a list of words, but row {number} is one string. "
                "Split it: text.split()"
            )
        words = list(sentence)
        wrong = next((word for word in words if not isinstance(word, str)), None)
        if wrong is not None:
            raise DataError(f"every word must be a string, but row {number} of X holds {wrong!r}.")
        sentences.append(words)
    return sentences


def words_encoder(sentences: Sentences, min_count: int, most: int | None) -> TextEncoder:
    """Learn words and the runs of characters in them from training sentences that are split."""
    words = Counter(word for sentence in sentences for word in sentence)
    lower: Counter[str] = Counter()
    spelling: Counter[str] = Counter()
    for (word, count), pieces in zip(
        words.items(), pieces_of(list(words), "spelling"), strict=True
    ):
        lower[word.lower()] += count
        for piece in pieces:
            spelling[piece] += count
    return TextEncoder(
        "cased-word",
        Vocabulary.from_counts(lower, min_count=min_count, max_size=most),
        Vocabulary.from_counts(spelling, min_count=min_count, max_size=most, unknown=False),
        kind="spelling",
    )


def _labels(rows: Sentences | Ragged, y: Any) -> tuple[Rows, npt.NDArray[Any]]:
    """Give where each sequence begins, and the labels of all end to end."""
    lengths = rows.lengths.tolist() if isinstance(rows, Ragged) else [len(row) for row in rows]
    y = [list(labels) for labels in y]
    if len(y) != len(lengths) or not sum(lengths):
        raise DataError(
            f"there must be labels for each sequence, but {len(lengths)} sequences with "
            f"{sum(lengths)} steps and {len(y)} rows of labels were given."
        )
    for number, (labels, length) in enumerate(zip(y, lengths, strict=True)):
        if len(labels) != length:
            raise DataError(
                f"every step must have one label, but row {number} has {length} steps and "
                f"{len(labels)} labels."
            )
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return offsets, np.asarray([label for labels in y for label in labels])


def group_equal_sentences(rows: Sentences) -> Rows:
    """Give one number to all sentences that are equal word for word."""
    known: dict[Sequence[str], int] = {}
    return np.asarray([known.setdefault(tuple(row), len(known)) for row in rows], np.int64)


def _groups(rows: Sentences | Ragged) -> Rows:
    return group_equal(rows) if isinstance(rows, Ragged) else group_equal_sentences(rows)
