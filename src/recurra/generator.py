"""One to many: text from a class or a seed, a token at a time."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

import recurra.cells as cells
from recurra.backend import keras
from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import BundleError, DataError, SettingsError
from recurra.evaluation.splits import group_split
from recurra.layers import GRU, LSTM, SimpleRNN
from recurra.teaching import (
    Lesson,
    layer_weights,
    log_probabilities,
    log_softmax,
    ragged_tokens,
    teach,
)
from recurra.text import Vocabulary
from recurra.text.levels import BEGIN, END, level_named, writing_vocabulary
from recurra.training import Notify, Plan

__all__ = ["CELLS", "SequenceGenerator", "Stream", "fold_lines"]

layers = keras.layers
Texts = npt.NDArray[np.object_]
UNSAYABLE = 3  # padding, unknown, begin: a network never says them
CELLS: dict[str, tuple[Any, cells.Cell]] = {
    "simple-rnn": (SimpleRNN, cells.SimpleRNN()),
    "lstm": (LSTM, cells.LSTM()),
    "gru": (GRU, cells.GRU()),
}


def fold_lines(lines: Sequence[str] | Texts) -> npt.NDArray[np.int64]:
    """Give one number to all lines that are equal but for case and spacing."""
    keys = [" ".join(line.casefold().split()) for line in lines]
    return np.unique(np.asarray(keys, dtype=str), return_inverse=True)[1].astype(np.int64)


class Stream:
    """A text as it is written: give a token, get the probabilities of the next; the state is kept.

    ::

        state, logits = step(token, state)            one step of the cell, no network is compiled

    Args:
        generator: a fitted generator.
        classes: the index of the class of each text written side by side, (texts,).
    """

    def __init__(self, generator: "SequenceGenerator", classes: npt.NDArray[np.int64]) -> None:
        weights = generator.weights_
        self.embedding = layer_weights(weights, "embedding")["embeddings"]
        output = layer_weights(weights, "output")
        self.kernel, self.bias = output["kernel"], output["bias"]
        memory = layer_weights(weights, "memory")
        self.memory = cells.Weights(memory["kernel"], memory["recurrent_kernel"], memory["bias"])
        self.cell = CELLS[generator.model][1]
        given = layer_weights(weights, "class_embedding").get("embeddings")
        self.given = np.zeros((len(classes), 0), np.float32) if given is None else given[classes]
        empty = np.zeros((len(classes), generator.units), np.float32)
        self.state: cells.State = (empty,) * self.cell.states

    def step(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Read one token of each text, (texts,); give the logits of the next, (texts, tokens)."""
        x = np.concatenate([self.embedding[tokens], self.given], axis=1)
        self.state = self.cell.step(x, self.state, self.memory)
        logits: npt.NDArray[Any] = self.state[0] @ self.kernel + self.bias
        return logits


class SequenceGenerator(BaseEstimator):  # type: ignore[misc]
    """Write text like the lines it was fitted on: from a class, from a seed, or from nothing.

    ::

        x_t = [embedding(token_t), embedding(class)]
        h_t = cell(x_t, h_{t-1})
        p(token_{t+1}) = softmax(h_t W + b)

    It is trained by teacher forcing and writes by drawing from p, token by token, with the state
    carried. `temperature` divides the logits: below 1 the likely becomes likelier, 0 always takes
    the likeliest. `top_k` draws from the k likeliest alone.

    Args:
        model: the cell: "simple-rnn", "lstm" or "gru".
        level: "characters" or "words".
        units: of the cell.
        dropout: of its input and output, in training.
        min_count: how often a token must be seen in training to be known; from 2 up the network
            learns how often it meets what it does not know.
        max_length: the tokens of a line that are read, and the most that are written.
        validation_split: the share of lines held out for validation.
        epochs: the most epochs; training stops after 5 without a lower validation loss.
        batch_size: lines a step.
        learning_rate: of Adam.
        random_state: the seed. The same seed and lines give the same weights on one machine.

    Attributes:
        classes_: the classes, sorted; one empty class where none were given.
        vocabulary_: the tokens known.
        history_: the curve.
        weights_: by variable name.

    Example:
        >>> model = SequenceGenerator("gru", units=8, epochs=1).fit(["aba", "abba", "aa"] * 10)
        >>> len(model.generate(3, random_state=1))
        3
    """

    def __init__(
        self,
        model: str = "lstm",
        *,
        level: str = "characters",
        units: int = 128,
        dropout: float = 0.2,
        min_count: int = 2,
        max_length: int = 128,
        validation_split: float = 0.1,
        epochs: int = 40,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.level = level
        self.units = units
        self.dropout = dropout
        self.min_count = min_count
        self.max_length = max_length
        self.validation_split = validation_split
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        groups: Any = None,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
    ) -> Self:
        """Train on lines.

        Args:
            X: (rows,) lines of text.
            y: (rows,) the class of each, None where there are none.
            groups: (rows,) rows of one group stay on one side of the validation split; None groups
                lines that are equal but for case and spacing.
            checkpoints: a folder to write a checkpoint to after every epoch, and to go on from.
            notify: called after every batch.

        Raises:
            DataError: the lines or classes cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        check_settings(self, CELLS)
        lines = as_lines(X)
        classes = np.full(len(lines), "") if y is None else np.asarray(y).astype(str)
        if classes.shape != lines.shape:
            raise DataError(
                f"y must have one class a line, but X has {len(lines)} lines and y has shape "
                f"{classes.shape}."
            )
        kept = fold_lines(lines) if groups is None else np.asarray(groups)
        self.sides_ = group_split(kept, self.validation_split, self.random_state)
        self.classes_ = np.unique(classes)
        split = level_named(self.level).split
        self.vocabulary_ = writing_vocabulary(
            [split(line) for line in lines[self.sides_[0]]], self.min_count
        )
        lesson = self._lesson(lines, np.searchsorted(self.classes_, classes))
        plan = Plan(
            self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=int(self.random_state),
        )
        key = fingerprint(self, [*lines, *classes, *kept.tolist()]) if checkpoints else ""
        self.weights_, self.history_ = teach(
            self.build,
            lesson,
            self.sides_,
            plan,
            checkpoints=checkpoints,
            fingerprint=key,
            notify=notify,
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model: tokens (and a class) to the logits of the next token."""
        tokens = layers.Input((None,), dtype="int32", name="tokens")
        size = len(self.vocabulary_)
        x = layers.Embedding(size, min(64, self.units), name="embedding")(tokens)
        inputs = [tokens]
        if len(self.classes_) > 1:
            chosen = layers.Input((), dtype="int32", name="class")
            inputs = [chosen, tokens]
            given = layers.Embedding(len(self.classes_), 16, name="class_embedding")(chosen)
            x = layers.Concatenate(name="with_class")([x, _Along(name="along")([given, x])])
        x = layers.Dropout(self.dropout, name="input_dropout")(x)
        cell = CELLS[self.model][0]
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
        _check_drawing(n, temperature, top_k)
        level = level_named(self.level)
        limit = self.max_length if max_length is None else max_length
        begun = level.split(seed)
        stream = self.stream(label, n)
        logits = stream.step(np.full(n, 2))
        for token in self.vocabulary_.encode(begun):
            logits = stream.step(np.full(n, token))
        draws = [np.random.default_rng([random_state, i]) for i in range(n)]
        written = np.zeros((n, 0), np.int64)
        open_ = np.ones(n, bool)
        while open_.any() and written.shape[1] + len(begun) < limit:
            tokens = _draw(logits, temperature, top_k, [rng.random() for rng in draws])
            open_ &= tokens != 3
            written = np.concatenate([written, np.where(open_, tokens, 0)[:, None]], axis=1)
            logits = stream.step(tokens)
        known = ["", "", BEGIN, END, *self.vocabulary_.tokens[2:]]
        return [level.join([*begun, *(known[t] for t in row if t)]) for row in written]

    def predict(self, X: Any, y: Any = None) -> Texts:
        """Complete each seed with the likeliest tokens, (rows,)."""
        seeds = as_lines(X)
        labels = [None] * len(seeds) if y is None else list(y)
        pairs = zip(seeds, labels, strict=True)
        done = [self.generate(1, label=c, seed=s, temperature=0)[0] for s, c in pairs]
        return np.array(done, dtype=object)

    def log_probabilities(self, X: Any, y: Any = None) -> npt.NDArray[np.float64]:
        """Give the natural logarithm of the probability of each line, its end included, (rows,).

        A line longer than `max_length` tokens is read to there.
        """
        check_is_fitted(self, "weights_")
        lines = as_lines(X)
        labels = [None] * len(lines) if y is None else list(y)
        classes = np.array([self._class_index(label) for label in labels])
        return log_probabilities(filled(self), self._lesson(lines, classes))

    def stream(self, label: Any = None, texts: int = 1) -> Stream:
        """Give a stream of `texts` texts side by side: tokens in, logits out, `state` carried.

        A stream's `state` may be stored, and set on another stream: it goes on from there.
        """
        check_is_fitted(self, "weights_")
        return Stream(self, np.full(texts, self._class_index(label)))

    def token_counts(self, X: Any) -> npt.NDArray[np.int64]:
        """Give how many tokens of each line are judged, the end included, (rows,)."""
        split = level_named(self.level).split
        return np.array([min(len(split(line)), self.max_length) + 1 for line in as_lines(X)])

    def perplexity(self, X: Any, y: Any = None) -> float:
        """Give exp(- Σ log p / number of tokens): among how many tokens it hesitates."""
        total = self.log_probabilities(X, y).sum()
        return float(np.exp(-total / self.token_counts(X).sum()))

    def save(self, folder: str | Path, card: str = "") -> None:
        """Write the fitted model to a folder: JSON and safetensors, checksummed."""
        check_is_fitted(self, "weights_")
        config = {
            "estimator": type(self).__name__,
            "settings": self.get_params(),
            "classes": self.classes_.tolist(),
        }
        write_bundle(
            Path(folder), Bundle(config, self.vocabulary_.to_json(), dict(self.weights_), card)
        )

    @classmethod
    def load(cls, folder: str | Path) -> "SequenceGenerator":
        """Read a model that `save` wrote.

        Raises:
            BundleError: the folder is not a saved model, or is damaged.
        """
        bundle = read_bundle(Path(folder))
        with fitting(folder):
            model = cls(**bundle.config["settings"])
            model.classes_ = np.asarray(bundle.config["classes"])
            model.vocabulary_ = Vocabulary.from_json(bundle.encoder)
            names = [weight.path for weight in model.build().weights]
            model.weights_ = {name: bundle.weights[name] for name in names}
        return model

    def __getstate__(self) -> dict[str, Any]:
        return unbuilt(dict(super().__getstate__()))

    def _lesson(self, lines: Texts, classes: npt.NDArray[np.int64]) -> Lesson:
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
                f"{'none' if label is None else repr(label)} was given."
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


def filled(estimator: Any) -> Any:
    """Give the network with the weights that were learnt, built when it is first needed."""
    if getattr(estimator, "_built_for", None) is not estimator.weights_:
        network = estimator.build()
        for variable in network.weights:
            variable.assign(estimator.weights_[variable.path])
        estimator._built, estimator._built_for = network, estimator.weights_
    return estimator._built


def unbuilt(state: dict[str, Any]) -> dict[str, Any]:
    """Give what pickles: compiled networks do not; the weights do, and it is built again."""
    return {name: value for name, value in state.items() if not name.startswith("_built")}


def _draw(
    logits: npt.NDArray[Any], temperature: float, top_k: int | None, places: list[float]
) -> npt.NDArray[np.int64]:
    """Draw a token for each row, at its place in [0, 1) along the summed probabilities."""
    logits = logits.astype(np.float64)
    logits[:, :UNSAYABLE] = -np.inf
    if temperature == 0:
        likeliest: npt.NDArray[np.int64] = np.argmax(logits, axis=1)
        return likeliest
    if top_k is not None and top_k < logits.shape[1]:
        least = np.sort(logits, axis=1)[:, -top_k, None]
        logits = np.where(logits < least, -np.inf, logits)
    summed = np.exp(log_softmax(logits / temperature)).cumsum(axis=1)
    reached = summed > np.asarray(places)[:, None] * summed[:, -1:]
    tokens: npt.NDArray[np.int64] = np.argmax(reached, axis=1)
    return tokens


def _check_drawing(n: int, temperature: float, top_k: int | None) -> None:
    if n < 1:
        raise SettingsError(f"n must be at least 1, but it is {n}.")
    if not temperature >= 0:
        raise SettingsError(f"the temperature must be 0 or above, but it is {temperature}.")
    if top_k is not None and top_k < 1:
        raise SettingsError(f"top_k must be at least 1, but it is {top_k}.")


def as_lines(X: Any) -> Texts:
    """Give a 1-D array of strings, or say why that cannot be."""
    if isinstance(X, str):
        raise DataError("X must be a list of texts, but one text was given. Put it in a list: [X]")
    lines = np.array(list(X), dtype=object)
    wrong = next((i for i, line in enumerate(lines) if not isinstance(line, str)), None)
    if lines.ndim != 1 or wrong is not None:
        found = f"shape {lines.shape}" if wrong is None else f"row {wrong} is {lines[wrong]!r}"
        raise DataError(f"X must be one text a row, but {found}. Drop or convert such rows.")
    return lines


def check_settings(model: Any, known: dict[str, Any]) -> None:
    """Refuse settings that no training could use."""
    if model.model not in known:
        raise SettingsError(
            f"the model must be one of {', '.join(known)}, but {model.model!r} was given."
        )
    for name in ("units", "min_count", "max_length", "epochs", "batch_size"):
        if getattr(model, name) < 1:
            raise SettingsError(f"{name} must be at least 1, but it is {getattr(model, name)}.")
    for name, low in (("dropout", 0.0), ("validation_split", 1e-9)):
        if not low <= getattr(model, name) < 1:
            raise SettingsError(
                f"{name} must be a share below 1, but it is {getattr(model, name)}."
            )
    if not model.learning_rate > 0:
        raise SettingsError(f"learning_rate must be above 0, but it is {model.learning_rate}.")


def fingerprint(model: Any, rows: Sequence[Any]) -> str:
    """Say which settings and rows a training is of."""
    content = json.dumps([model.get_params(), list(map(str, rows))], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


class fitting:  # noqa: N801
    """Turn what a damaged config brings about into one clear error."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if isinstance(error, (KeyError, TypeError, ValueError)):
            raise BundleError(
                f"a saved model must fit the architecture it names, but {self.folder} does not "
                f"({type(error).__name__}: {error}). Train it again with this version."
            ) from None
