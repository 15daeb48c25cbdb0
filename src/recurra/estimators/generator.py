"""One to many: text from a class or a seed, a token at a time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

import recurra.cells as cells
from recurra.arrays import Array, Floats, Rows, Texts
from recurra.backend import keras
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.estimators.encoders import Sides
from recurra.estimators.writing import CELLS, WritingEstimator, as_lines
from recurra.layers import Embedding
from recurra.listeners import Listener
from recurra.names import near
from recurra.stored import Names, Stored
from recurra.text.levels import level_named, stored_writing_vocabulary, writing_vocabulary
from recurra.text.writing import Drawing, write_lines
from recurra.timewise import MaskedConv1D
from recurra.training.teaching import Lesson, layer_weights, ragged_tokens

__all__ = ["WRITERS", "SequenceGenerator", "WrittenStream"]

layers = keras.layers


class _Learnt(Stored):
    classes: Names


class _NoMemory:
    """One step of a dense layer: h = relu(x W + b), whatever came before."""

    states = 0

    def step(self, x: Floats, state: cells.State, weights: cells.Weights) -> cells.State:
        """Give h."""
        return (np.maximum(x @ weights.kernel + weights.bias, 0),)


class _Window:
    """One step of a causal convolution: h = relu(Σ_k x_{t - size + 1 + k} W_k + b).

    The state is h and the inputs that the next step sees again; before the first they are 0.
    """

    states = 0

    def step(self, x: Floats, state: cells.State, weights: cells.Weights) -> cells.State:
        """Give h and the last inputs."""
        size = len(weights.kernel)
        seen = state[1] if state else np.zeros((len(x), size - 1, x.shape[1]), x.dtype)
        seen = np.concatenate([seen, x[:, None]], axis=1)
        h = np.einsum("tkf,kfu->tu", seen, weights.kernel) + weights.bias
        return np.maximum(h, 0), seen[:, 1:]


def _dense(units: int, return_sequences: bool, name: str) -> Any:
    return layers.Dense(units, activation="relu", name=name)


def _convolution(units: int, return_sequences: bool, name: str) -> Any:
    return MaskedConv1D(units, 5, activation="relu", name=name)


WRITERS: dict[str, tuple[Any, Any]] = {
    **CELLS,
    "conv1d": (_convolution, _Window()),
    "one-to-one": (_dense, _NoMemory()),
}


class WrittenStream:
    """A text as it is written: give a token, get the probabilities of the next; the state is kept.

    ::

        state, logits = step(token, state)            one step of the cell, no network is compiled

    Args:
        generator: a fitted generator.
        classes: the index of the class of each text written side by side, (texts,).
    """

    def __init__(self, generator: "SequenceGenerator", classes: Rows) -> None:
        (weights,) = generator.weights_
        self.embedding = layer_weights(weights, "embedding")["embeddings"]
        output = layer_weights(weights, "output")
        self.kernel, self.bias = output["kernel"], output["bias"]
        memory = layer_weights(weights, "memory")
        self.memory = cells.Weights(
            memory["kernel"], memory.get("recurrent_kernel", memory["kernel"][:0]), memory["bias"]
        )
        self.cell = WRITERS[generator.model][1]
        given = layer_weights(weights, "class_embedding").get("embeddings")
        self.given = np.zeros((len(classes), 0), np.float32) if given is None else given[classes]
        empty = np.zeros((len(classes), generator.units), np.float32)
        self.state: cells.State = (empty,) * self.cell.states

    def step(self, tokens: Rows) -> Array:
        """Read one token of each text, (texts,); give the logits of the next, (texts, tokens)."""
        x = np.concatenate([self.embedding[tokens], self.given], axis=1)
        self.state = self.cell.step(x, self.state, self.memory)
        logits: Array = self.state[0] @ self.kernel + self.bias
        return logits


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceGenerator(WritingEstimator):
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
            batch_size=64,
            learning_rate=3e-3,
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
        cell = WRITERS[self.model][0]
        x = cell(self.units, return_sequences=True, name="memory")(x)
        x = layers.Dropout(self.dropout, name="output_dropout")(x)
        return keras.Model(inputs, layers.Dense(size, name="output")(x), name="network")

    def generate(
        self,
        n: int = 1,
        *,
        label: Any = None,
        seed: str = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        max_length: int | None = None,
        random_state: int = 0,
    ) -> list[str]:
        """Write `n` texts.

        Args:
            n: how many.
            label: their class; needed where the model was fitted with classes.
            seed: how each begins; it is part of what is given back.
            temperature: what the logits are divided by, 0 for always the likeliest token.
            top_k: draw among so many of the likeliest, None for all.
            max_length: the most tokens of a text, None for the model's own.
            random_state: the same gives the same texts; each text has draws of its own, so the
                first texts of a longer list are those of a shorter one.

        Raises:
            SettingsError: the class is unknown, or a setting is out of its range.
        """
        check_is_fitted(self, "weights_")
        drawing = Drawing(temperature, top_k, random_state)
        return write_lines(
            self.stream(label, n),
            self.vocabulary_,
            level_named(self.level),
            n,
            seed=seed,
            most=self.max_length if max_length is None else max_length,
            drawing=drawing,
        )

    def predict(self, X: Any, y: Any = None) -> Texts:
        """Complete each seed with the likeliest tokens, (rows,)."""
        check_is_fitted(self, "weights_")
        seeds = as_lines(X)
        labels = [None] * len(seeds) if y is None else list(y)
        pairs = zip(seeds, labels, strict=True)
        done = [self.generate(1, label=c, seed=s, temperature=0)[0] for s, c in pairs]
        return np.array(done, dtype=object)

    def log_probabilities(self, X: Any, y: Any = None) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included, (rows,).

        A line longer than `max_length` tokens is read to there.
        """
        check_is_fitted(self, "weights_")
        lines = as_lines(X)
        labels = [None] * len(lines) if y is None else list(y)
        classes = np.array([self._class_index(label) for label in labels], np.int64)
        return self._logs(self._lesson(lines, classes))

    def stream(self, label: Any = None, texts: int = 1) -> WrittenStream:
        """Give a stream of `texts` texts side by side: tokens in, logits out, `state` carried.

        A stream's `state` may be stored, and set on another stream: it goes on from there.
        """
        check_is_fitted(self, "weights_")
        return WrittenStream(self, np.full(texts, self._class_index(label)))

    def token_counts(self, X: Any) -> Rows:
        """Give how many tokens of each line are judged, the end included, (rows,)."""
        split = level_named(self.level).split
        return np.array([min(len(split(line)), self.max_length) + 1 for line in as_lines(X)])

    def perplexity(self, X: Any, y: Any = None) -> float:
        """Give exp(- Σ log p / number of tokens): among how many tokens it hesitates."""
        total = self.log_probabilities(X, y).sum()
        return float(np.exp(-total / self.token_counts(X).sum()))

    def _models(self) -> Iterable[str]:
        return WRITERS

    def _check_settings(self) -> None:
        super()._check_settings()
        level_named(self.level)

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _encoder_json(self) -> dict[str, Any]:
        return self.vocabulary_.to_json()

    def _restore(self, bundle: Bundle) -> None:
        self.classes_ = np.asarray(bundle.config_as(_Learnt.model_validate).classes)
        self.vocabulary_ = bundle.encoder_as(stored_writing_vocabulary)

    def _lesson(self, lines: Texts, classes: Rows) -> Lesson:
        split = level_named(self.level).split
        tokens = [self.vocabulary_.encode(split(line)[: self.max_length]) for line in lines]
        read = ragged_tokens([[2, *line] for line in tokens])
        given = (classes.astype(np.int32),) if len(self.classes_) > 1 else ()
        return Lesson((*given, read), ragged_tokens([[*line, 3] for line in tokens]))

    def _class_index(self, label: Any) -> int:
        known = self.classes_.tolist()
        if label is None and len(known) == 1:
            return 0
        if label is None or str(label) not in known:
            raise SettingsError(
                f"the class must be one of {', '.join(known)}, but "
                f"{'none' if label is None else repr(label)} was given.{near(str(label), known)}"
            )
        return int(known.index(str(label)))


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
