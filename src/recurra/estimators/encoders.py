"""What an estimator reads: texts, sentences of words, or numbers; and all that depends on which.

::

    reads = encoder_for(X)                   texts or numbers?  asked here, once
    rows = reads.rows(X)                     checked
    fitted = reads.fit(rows, sides, …)       on training rows: a `TextEncoder`, a `NumberEncoder`
    encoder_of(fitted).encode(X)             to what the network reads
    encoder_of(fitted).build(model, head)    the network that reads it
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from recurra.answers.reading import FittedEncoder, Sentences, as_sentences, as_texts
from recurra.arrays import Rows, Texts
from recurra.errors import DataError
from recurra.groups import group_equal, group_equal_sentences
from recurra.models import (
    Architecture,
    Head,
    architecture_named,
    number_architecture,
    number_network,
    token_network,
)
from recurra.sequences import NumberEncoder, Ragged, are_numbers
from recurra.text import TextEncoder, Vocabulary
from recurra.text.encoder import pieces_of
from recurra.text.near import group_near

__all__ = [
    "Encoder",
    "NumbersEncoder",
    "SentencesEncoder",
    "Sides",
    "TextsEncoder",
    "encoder_for",
    "encoder_of",
]

Sides = list[tuple[Rows, Rows]]


class Encoder(Protocol):
    """From what users give to what a network reads, and the network that reads it.

    Args:
        fitted: what training rows taught; it is saved.
    """

    def __init__(self, fitted: Any) -> None: ...

    @staticmethod
    def rows(X: Any) -> Any:
        """Check what is to be learned from; give its rows, of which `len` is asked."""

    @staticmethod
    def groups(rows: Any) -> Rows:
        """Give one number to all rows that are duplicates of each other."""

    @staticmethod
    def architecture(model: str) -> Architecture:
        """Give the architecture of this name; of one for numbers only its defaults matter."""

    @classmethod
    def fit(cls, rows: Any, sides: Sides, model: str, settings: Any) -> FittedEncoder:
        """Learn from the training rows that every member may see; `settings` is the estimator."""

    def encode(self, X: Any) -> Ragged:
        """Check and encode."""

    def tokens(self, text: str) -> list[str]:
        """Give the tokens of one text that the network is shown."""

    def build(self, model: str, head: Head, **network: Any) -> Any:
        """Give a fresh Keras model of this name; `network` is what its builder is told besides."""


@dataclass(frozen=True)
class TextsEncoder:
    """Texts, a row each."""

    fitted: TextEncoder

    @staticmethod
    def rows(X: Any) -> Texts:
        """Give the texts."""
        texts = as_texts(X)
        if not len(texts):
            raise DataError("X must hold rows to learn from, but it holds 0 samples.")
        return texts

    @staticmethod
    def groups(rows: Texts) -> Rows:
        """Give one number to texts that are copies of each other, or near copies."""
        return group_near(rows)

    @staticmethod
    def architecture(model: str) -> Architecture:
        """Give the architecture of this name."""
        return architecture_named(model)

    @classmethod
    def fit(cls, rows: Texts, sides: Sides, model: str, settings: Any) -> TextEncoder:
        """Learn the tokens that the training rows of every member alone would have taught."""
        architecture = cls.architecture(model)
        return TextEncoder.common(
            TextEncoder.fit(
                rows[training],
                tokenizer=settings.tokenizer or architecture.tokenizer,
                min_count=settings.min_count,
                max_vocabulary=settings.max_vocabulary,
                max_length=settings.max_length,
                truncation=settings.truncation,
                pieces=architecture.pieces,
                beside=len(getattr(settings, "features", None) or ()),
            )
            for training, _ in sides
        )

    def encode(self, X: Any) -> Ragged:
        """Check and encode texts."""
        return self.fitted.encode(as_texts(X))

    def tokens(self, text: str) -> list[str]:
        """Give the tokens of one text that the network is shown."""
        return self.fitted.tokens(text)

    def build(self, model: str, head: Head, **network: Any) -> Any:
        """Give a fresh network of texts."""
        pieces = self.fitted.pieces
        build = self.architecture(model).build
        return build(len(self.fitted.vocabulary), len(pieces) if pieces else 0, head, **network)


@dataclass(frozen=True)
class NumbersEncoder:
    """Numeric sequences."""

    fitted: NumberEncoder

    @staticmethod
    def rows(X: Any) -> Ragged:
        """Give the sequences."""
        numbers = Ragged.of_numbers(X)
        if not len(numbers) or not len(numbers.codes):
            raise DataError(
                f"X must hold timesteps to learn from, but {len(numbers)} sequences with "
                f"{len(numbers.codes)} timesteps were given."
            )
        return numbers

    @staticmethod
    def groups(rows: Ragged) -> Rows:
        """Give one number to sequences that are equal."""
        return group_equal(rows)

    @staticmethod
    def architecture(model: str) -> Architecture:
        """Give an architecture of this name: only its defaults matter."""
        return number_architecture(model)

    @classmethod
    def fit(cls, rows: Ragged, sides: Sides, model: str, settings: Any) -> NumberEncoder:
        """Learn means and scales."""
        return NumberEncoder.fit(rows.take(_seen_by_all(sides)), settings.scaled)

    def encode(self, X: Any) -> Ragged:
        """Check and encode numbers."""
        return self.fitted.encode(X)

    def tokens(self, text: str) -> list[str]:
        """Refuse: numbers are no tokens."""
        raise DataError("an explanation by tokens needs texts, but this model reads numbers.")

    def build(self, model: str, head: Head, **network: Any) -> Any:
        """Give a fresh network of numbers."""
        return number_network(model, self.fitted.features, head, **network)


@dataclass(frozen=True)
class SentencesEncoder:
    """Sentences that are split into words, each read with its spelling."""

    fitted: TextEncoder

    @staticmethod
    def rows(X: Any) -> Sentences:
        """Give the sentences."""
        return as_sentences(X)

    @staticmethod
    def groups(rows: Sentences) -> Rows:
        """Give one number to sentences that are equal word for word."""
        return group_equal_sentences(rows)

    @staticmethod
    def architecture(model: str) -> Architecture:
        """Give an architecture of this name: only its defaults and its pieces matter."""
        return replace(NumbersEncoder.architecture(model), pieces="spelling")

    @classmethod
    def fit(cls, rows: Sentences, sides: Sides, model: str, settings: Any) -> TextEncoder:
        """Learn words, and the runs of characters in them."""
        known = [rows[i] for i in _seen_by_all(sides)]
        return words_encoder(known, settings.min_count, settings.max_vocabulary)

    def encode(self, X: Any) -> Ragged:
        """Check and encode sentences."""
        return self.fitted.encode_tokens(as_sentences(X))

    def tokens(self, text: str) -> list[str]:
        """Give the words between spaces."""
        return text.split()

    def build(self, model: str, head: Head, **network: Any) -> Any:
        """Give a fresh network of words."""
        words, pieces = len(self.fitted.vocabulary), len(self.fitted.pieces or ())
        return token_network(model, words, pieces, head, **network)


def encoder_for(X: Any, otherwise: type[Encoder] = TextsEncoder) -> type[Encoder]:
    """Say how X is read: as numbers where it holds numbers."""
    return NumbersEncoder if are_numbers(X) else otherwise


def encoder_of(fitted: FittedEncoder, otherwise: type[Encoder] = TextsEncoder) -> Encoder:
    """Give the encoder of what was fitted."""
    kind: type[Encoder] = NumbersEncoder if type(fitted) is NumberEncoder else otherwise
    return kind(fitted)


def _seen_by_all(sides: Sides) -> Rows:
    """Give the training rows that all members have; where there are none, those of the first."""
    seen = np.unique(sides[0][0])
    for other, _ in sides[1:]:
        seen = np.intersect1d(seen, other)
    return seen if len(seen) else sides[0][0]


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
