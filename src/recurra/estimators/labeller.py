"""Texts to any number of labels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from recurra.answers.labels import LabelAnswers
from recurra.answers.reading import FittedEncoder
from recurra.arrays import Floats32
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import Sides, encoder_for
from recurra.estimators.sequence import RowEstimator
from recurra.judging.measures import best_threshold
from recurra.listeners import Listener
from recurra.models import Head
from recurra.sequences import check_rows
from recurra.training import Example

__all__ = ["SequenceLabeller"]


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceLabeller(LabelAnswers, RowEstimator):
    """Say which of several labels a text has: none, one or more.

    ::

        P(label k | text) = σ(h W_k + b_k)        each label by itself
        loss              = mean over labels of the binary cross-entropy

    A part of the rows is held out for validation: the weights are those of the epoch with the
    lowest validation loss, and the threshold of probability, one for all labels, is that of the
    highest micro F1 there.

    Args:
        model: the architecture by name, of `recurra.names.TEXTS` but for those that begin as a
            linear model.
        tokenizer, min_count, max_vocabulary, max_length, truncation, scaled, members,
            validation_split, epochs, patience, batch_size, learning_rate, random_state: as in
            `RowEstimator`.

    Attributes:
        classes_: the labels, sorted.
        threshold_: the probability from which a label is said.
        encoder_, sides_, histories_, weights_: as in `SequenceClassifier`.

    Example:
        >>> texts = ["win a cup", "tax on a cup", "tax rises", "see you"] * 6
        >>> labels = [["sport"], ["sport", "money"], ["money"], []] * 6
        >>> model = SequenceLabeller("simple-rnn", epochs=1)
        >>> model.fit(texts, labels, groups=list(range(24))).predict_proba(["a cup"]).shape
        (1, 2)
    """

    model: str = field(default="subword-bi-gru", kw_only=False)

    def fit(
        self,
        X: Any,
        y: Iterable[Iterable[str]],
        *,
        names: Sequence[str] | None = None,
        groups: Any = None,
        sides: Sides | None = None,
        encoder: FittedEncoder | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on texts and their labels.

        Args:
            X: (rows,) texts.
            y: (rows,) the labels of each, as a list; an empty one for none.
            names: of all labels, sorted, also of those that no row has; None: those that are there.
            groups, sides, encoder, checkpoints, listeners: as in `SequenceClassifier.fit`.

        Raises:
            DataError: the texts or labels cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        reads = encoder_for(X)
        rows = reads.rows(X)
        truth = self._truth(len(rows), y, names)
        self._check_settings()
        architecture = reads.architecture(self.model)
        if architecture.starts:
            raise SettingsError(
                f"{self.model} begins as a model of classes, of which a text has one. Take another."
            )
        kept = reads.groups(rows) if groups is None else np.asarray(groups)
        members, strata = self.members or architecture.members, np.zeros(len(rows), np.int64)
        self.sides_ = self._split(strata, kept, members, sides, architecture.validated)
        sequences = self._fit_encoder(reads, rows, encoder)
        self._train(
            Example(sequences, truth, np.ones(len(rows), np.float32)),
            loss="binary_crossentropy",
            **architecture.training(len(rows)),
            checkpoints=checkpoints,
            listeners=listeners,
            facts=[truth, kept],
        )
        validated, scores = self._validated(sequences)
        said = scores.reshape(len(validated), len(self.classes_))
        self.threshold_ = best_threshold(truth[validated].ravel() > 0, said.ravel())
        return self

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder and labels."""
        return self._encoder().build(self.model, Head(len(self.classes_), "sigmoid"))

    def _truth(
        self, rows: int, y: Iterable[Iterable[str]], known: Sequence[str] | None
    ) -> Floats32:
        """Give (rows, labels) 1 where a row has a label."""
        check_rows(y, "y")
        given = [[y_row] if isinstance(y_row, str) else list(y_row) for y_row in y]
        if len(given) != rows:
            raise DataError(
                f"y must have a list of labels a row, but X has {rows} rows and y has {len(given)}."
            )
        names = list(known or sorted({str(label) for row in given for label in row}))
        if not names:
            raise DataError("some row must have a label, but none has.")
        self.classes_ = np.array(names, object)
        places = {name: place for place, name in enumerate(names)}
        truth = np.zeros((rows, len(names)), np.float32)
        for row, labels in enumerate(given):
            truth[row, [places[str(label)] for label in labels]] = 1
        return truth
