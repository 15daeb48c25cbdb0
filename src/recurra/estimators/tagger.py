"""Sequences to sequences as long: a label at every step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from recurra.answers.tags import TagAnswers
from recurra.arrays import Array, Rows
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import (
    Encoder,
    SentencesEncoder,
    Sides,
    encoder_for,
    encoder_of,
)
from recurra.estimators.labels import as_labels
from recurra.estimators.sequence import SequenceEstimator
from recurra.listeners import Listener
from recurra.models import Head
from recurra.names import SHAPES, one_of
from recurra.sequences import Ragged, check_rows
from recurra.spans import scheme_of
from recurra.training import Example

__all__ = ["SequenceTagger"]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTagger(TagAnswers, SequenceEstimator):
    """Label every step of a sequence: the words of a sentence, or the steps of a measurement.

    ::

        p(label at t | words) = softmax(W h_t + b)        h = cells over the words

    A word is read with its spelling (runs of its characters), so an unknown word still says much.

    Args:
        model: the architecture by name, one of `recurra.names.SHAPES`; "one-to-one" sees one
            step and no neighbour, "bi-" reads in both directions.
        min_count: how often a word must be seen in training to be known.
        max_vocabulary: the most words known, None for no limit.
        units: of the cell.
        scaled: whether the features of numeric sequences are brought to mean 0 and deviation 1.
        valid_tags: whether tags that mark spans are chosen among those that their scheme allows.
        batch_size: sequences a step of training, None for 32.
        learning_rate: of Adam, None for 0.002.
        validation_split, epochs, patience, members, random_state: as in `SequenceEstimator`.

    Attributes:
        classes_: the labels, sorted.
        scheme_: of tags that mark spans: "IOB1", "BIO" or "BIOES" (`recurra.spans`); else None.
        encoder_: from words to integers, or from numbers to scaled ones.
        sides_, histories_, weights_: as in `SequenceClassifier`.

    Example:
        >>> from recurra import SequenceTagger
        >>> words, tags = [["dogs", "bark"], ["birds", "sing"]] * 8, [["NOUN", "VERB"]] * 16
        >>> model = SequenceTagger("gru", epochs=1).fit(words, tags, groups=range(16))
        >>> [len(row) for row in model.predict([["cats", "purr"], []])]
        [2, 0]
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 32, "learning_rate": 2e-3}

    model: str = field(default="bi-gru", kw_only=False)
    min_count: int = 2
    max_vocabulary: int | None = None
    units: int = 64
    scaled: bool = True
    valid_tags: bool = False
    validation_split: float = 0.1

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on sequences and the label of every step.

        Args:
            X: lists of words; or numeric sequences, as in `SequenceClassifier.fit`.
            y: for each sequence its labels, as many as it has steps.
            groups, sides, checkpoints, listeners: as in `SequenceClassifier.fit`; None groups
                equal sequences.

        Raises:
            DataError: the sequences or labels cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        one_of(self.model, SHAPES, "the model")
        reads = encoder_for(X, SentencesEncoder)
        rows = reads.rows(X)
        check_rows(y, "y")
        offsets, labels = _labels(_lengths(rows), y)
        self.classes_, numbers = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise DataError(
                f"the labels must be of two or more classes, but all {len(labels)} steps have "
                f"{self.classes_.tolist()[0]!r}."
            )
        self._find_scheme(labels, offsets)
        kept = reads.groups(rows) if groups is None else np.asarray(groups)
        strata = np.zeros(len(rows), np.int64)
        self.sides_ = self._split(strata, kept, self.members or 1, sides)
        self.encoder_ = reads.fit(rows, self.sides_, self.model, self)
        table = np.concatenate([[0], np.arange(len(self.classes_))]).astype(np.int32)[:, None]
        targets = Ragged((numbers + 1).astype(np.int32), offsets, table)
        self._train(
            Example(self._encoder().encode(rows), targets, np.ones(len(rows), np.float32)),
            loss="sparse_categorical_crossentropy",
            **self.USUAL,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        return self

    def _find_scheme(self, labels: Array, offsets: Rows) -> None:
        """Tell the scheme of the labels, and refuse where valid ones are asked for of none."""
        self.scheme_ = scheme_of(map(list, np.split(labels.astype(str), offsets[1:-1])))
        if self.valid_tags and self.scheme_ is None:
            raise SettingsError(
                "valid tags are those of spans (B-NAME, I-NAME, O), but these tags mark none, such "
                f"as {str(self.classes_[0])!r}. Leave out --valid-tags."
            )

    @property
    def _valid(self) -> bool:
        return self.valid_tags

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
        return self._encoder().build(self.model, head, units=self.units)

    def _encoder(self) -> Encoder:
        return encoder_of(self.encoder_, SentencesEncoder)


def _lengths(rows: Any) -> list[int]:
    """Count the steps of each sequence."""
    return rows.lengths.tolist() if isinstance(rows, Ragged) else [len(row) for row in rows]


def _labels(lengths: Sequence[int], y: Any) -> tuple[Rows, Array]:
    """Give where each sequence of these lengths begins, and the labels of all end to end."""
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

    def where(step: int) -> str:
        row = int(np.searchsorted(offsets, step, side="right")) - 1
        return f"step {step - offsets[row]} of row {row}"

    return offsets, as_labels([label for labels in y for label in labels], where)
