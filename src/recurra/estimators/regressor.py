"""Sequences to quantities."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import RegressorMixin

from recurra.answers.quantities import QuantityAnswers
from recurra.answers.reading import FittedEncoder
from recurra.arrays import Floats
from recurra.errors import DataError
from recurra.estimators.encoders import Sides, encoder_for
from recurra.estimators.sequence import RowEstimator
from recurra.listeners import Listener
from recurra.models import Head
from recurra.sequences import check_rows, mean_and_scale
from recurra.training import Example

__all__ = ["SequenceRegressor", "as_quantities"]


def as_quantities(y: Any, rows: int) -> Floats:
    """Give (rows, k) finite numbers, or say why that cannot be.

    Raises:
        DataError: they are not numbers, not finite, or not as many as there are rows.
    """
    if y is None:
        raise DataError("requires y to be passed, but the target y is None: give one number a row.")
    check_rows(y, "y")
    try:
        quantities = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("y must be numbers, one (or k) a row, but it holds what is not.") from None
    if quantities.ndim not in (1, 2) or len(quantities) != rows:
        raise DataError(
            f"y must have one number (or k numbers) a row, but X has {rows} rows and y has shape "
            f"{quantities.shape}."
        )
    wrong = np.argwhere(~np.isfinite(quantities))
    if len(wrong):
        raise DataError(
            f"y must be finite, but row {wrong[0][0]} is NaN or infinity. Drop such rows."
        )
    return quantities.reshape(rows, -1)


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceRegressor(QuantityAnswers, RegressorMixin, RowEstimator):  # type: ignore[misc]
    """Predict one or more quantities of a numeric sequence, or of a text.

    The targets are brought to mean 0 and deviation 1 over the training rows, the squared error is
    made small, and the weights are those of the epoch with the lowest validation loss.

    Args:
        model: the architecture by name: `recurra.names.SHAPES`; for texts `TEXTS`.
        tokenizer, min_count, max_vocabulary, max_length, truncation, scaled, members,
            validation_split, epochs, patience, batch_size, learning_rate, random_state: as in
            `RowEstimator`.

    Attributes:
        encoder_: from texts to integers, or from numbers to scaled ones.
        target_mean_, target_scale_: (k,) of the training rows.
        sides_, histories_, weights_: as in `SequenceClassifier`.

    Example:
        >>> import numpy as np
        >>> from recurra import SequenceRegressor
        >>> X = np.random.default_rng(0).normal(size=(40, 5, 2))
        >>> SequenceRegressor("gru", epochs=2).fit(X, X[:, :, 0].sum(1)).predict(X[:3]).shape
        (3,)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        encoder: FittedEncoder | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on sequences and their quantities.

        Args:
            X: numbers or texts, as in `SequenceClassifier.fit`.
            y: (rows,) or (rows, k) numbers.
            groups, sides, encoder, checkpoints, listeners: as in `SequenceClassifier.fit`.

        Raises:
            DataError: the sequences or targets cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        reads = encoder_for(X)
        rows = reads.rows(X)
        quantities = as_quantities(y, len(rows))
        self._check_settings()
        self._flat = np.ndim(y) == 1
        kept = reads.groups(rows) if groups is None else np.asarray(groups)
        architecture = reads.architecture(self.model)
        strata = np.zeros(len(rows), np.int64)
        members = self.members or architecture.members
        self.sides_ = self._split(strata, kept, members, sides, architecture.validated)
        sequences = self._fit_encoder(reads, rows, encoder)
        training = np.unique(np.concatenate([training for training, _ in self.sides_]))
        self.target_mean_, self.target_scale_ = mean_and_scale(quantities[training])
        targets = ((quantities - self.target_mean_) / self.target_scale_).astype(np.float32)
        self._train(
            Example(sequences, targets, np.ones(len(rows), np.float32)),
            loss="mean_squared_error",
            **architecture.training(len(rows)),
            checkpoints=checkpoints,
            listeners=listeners,
            facts=[quantities, kept],
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model of this architecture for the fitted encoder and targets."""
        return self._encoder().build(self.model, Head(len(self.target_mean_), None))
