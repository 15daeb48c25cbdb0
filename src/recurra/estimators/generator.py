"""One to many: text from a class or a seed, a token at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from recurra.answers.writing import GeneratorAnswers, as_lines
from recurra.arrays import Floats, Rows, Texts
from recurra.backend import keras
from recurra.errors import DataError
from recurra.estimators.encoders import Sides
from recurra.estimators.writing import CELLS, WritingEstimator
from recurra.layers import Embedding
from recurra.listeners import Listener
from recurra.sequences import check_rows
from recurra.text.levels import level_named, writing_vocabulary
from recurra.timewise import MaskedConv1D
from recurra.training.teaching import Lesson, ragged_tokens

__all__ = ["WRITERS", "SequenceGenerator"]

layers = keras.layers


def _dense(units: int, return_sequences: bool, name: str) -> Any:
    return layers.Dense(units, activation="relu", name=name)


def _convolution(units: int, return_sequences: bool, name: str) -> Any:
    return MaskedConv1D(units, 5, activation="relu", name=name)


WRITERS: dict[str, Any] = {**CELLS, "conv1d": _convolution, "one-to-one": _dense}


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceGenerator(GeneratorAnswers, WritingEstimator):
    """Write text like the lines it was fitted on: from a class, from a seed, or from nothing.

    ::

        x_t = [embedding(token_t), embedding(class)]
        h_t = cell(x_t, h_{t-1})
        p(token_{t+1}) = softmax(h_t W + b)

    It is trained by teacher forcing and writes by drawing from p, token by token, with the state
    carried. `temperature` divides the logits: below 1 the likely becomes likelier, 0 always takes
    the likeliest. `top_k` draws from the k likeliest alone.

    Args:
        model: the cell: "simple-rnn", "lstm" or "gru"; "conv1d" sees five tokens, "one-to-one"
            the last alone.
        level: "characters" or "words".
        batch_size: lines a step of training, None for 64.
        learning_rate: of Adam, None for 0.003.
        units, dropout, min_count, max_length, validation_split, epochs, random_state: as in
            `WritingEstimator`.

    Attributes:
        classes_: the classes, sorted; one empty class where none were given.
        vocabulary_: the tokens known.
        sides_, histories_, weights_: as in `NetworkEstimator`.

    Example:
        >>> model = SequenceGenerator("gru", units=8, epochs=1).fit(["aba", "abba", "aa"] * 10)
        >>> len(model.generate(3, random_state=1))
        3
    """

    USUAL: ClassVar[Mapping[str, Any]] = {"batch_size": 64, "learning_rate": 3e-3}

    model: str = field(default="lstm", kw_only=False)
    level: str = "characters"
    epochs: int = 40

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: Any = None,
        sides: Sides | None = None,
        checkpoints: Path | None = None,
        listeners: Sequence[Listener] = (),
    ) -> Self:
        """Train on lines.

        Args:
            X: (rows,) lines of text.
            y: (rows,) the class of each, None where there are none.
            groups: (rows,) rows of one group stay on one side of the validation split; None groups
                lines that are equal but for case and spacing.
            sides: (training rows, validation rows), None to draw them.
            checkpoints: a folder to write a checkpoint to after every epoch, and to go on from.
            listeners: who is told that training begins, and how far it is.

        Raises:
            DataError: the lines or classes cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        lines = as_lines(X)
        if y is not None:
            check_rows(y, "y")
        classes = np.full(len(lines), "") if y is None else np.asarray(y).astype(str)
        if classes.shape != lines.shape:
            raise DataError(
                f"y must have one class a line, but X has {len(lines)} lines and y has shape "
                f"{classes.shape}."
            )
        self.classes_ = np.unique(classes)
        split = level_named(self.level).split
        training = self._hold_out(lines, groups, sides)
        self.vocabulary_ = writing_vocabulary([split(lines[i]) for i in training], self.min_count)
        self._teach(
            self._lesson(lines, np.searchsorted(self.classes_, classes)),
            **self.USUAL,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model: tokens (and a class) to the logits of the next token."""
        tokens = layers.Input((None,), dtype="int32", name="tokens")
        size = len(self.vocabulary_)
        x = Embedding(size, min(64, self.units), name="embedding")(tokens)
        inputs = [tokens]
        if len(self.classes_) > 1:
            chosen = layers.Input((), dtype="int32", name="class")
            inputs = [chosen, tokens]
            given = Embedding(len(self.classes_), 16, name="class_embedding")(chosen)
            x = layers.Concatenate(name="with_class")([x, _Along(name="along")([given, x])])
        x = layers.Dropout(self.dropout, name="input_dropout")(x)
        cell = WRITERS[self.model]
        x = cell(self.units, return_sequences=True, name="memory")(x)
        x = layers.Dropout(self.dropout, name="output_dropout")(x)
        return keras.Model(inputs, layers.Dense(size, name="output")(x), name="network")

    def log_probabilities(self, X: Any, y: Any = None) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included, (rows,).

        A line longer than `max_length` tokens is read to there.
        """
        self._check_fitted()
        lines = as_lines(X)
        labels = [None] * len(lines) if y is None else list(y)
        classes = np.array([self._class_index(label) for label in labels], np.int64)
        return self._logs(self._lesson(lines, classes))

    def _models(self) -> Iterable[str]:
        return WRITERS

    def _check_settings(self) -> None:
        super()._check_settings()
        level_named(self.level)

    def _lesson(self, lines: Texts, classes: Rows) -> Lesson:
        split = level_named(self.level).split
        tokens = [self.vocabulary_.encode(split(line)[: self.max_length]) for line in lines]
        read = ragged_tokens([[2, *line] for line in tokens])
        given = (classes.astype(np.int32),) if len(self.classes_) > 1 else ()
        return Lesson((*given, read), ragged_tokens([[*line, 3] for line in tokens]))


class _Along(keras.layers.Layer):  # type: ignore[misc]
    """Repeat a vector along the steps of a sequence: (batch, units) to (batch, steps, units)."""

    def call(self, inputs: Any) -> Any:
        """Repeat."""
        vector, sequence = inputs
        steps = keras.ops.ones_like(sequence[..., :1])
        return steps * keras.ops.expand_dims(vector, 1)

    def compute_output_shape(self, shapes: Any) -> Any:
        """Give the shape."""
        return (*shapes[1][:2], shapes[0][-1])
