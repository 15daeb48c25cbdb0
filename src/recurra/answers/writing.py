"""What a model that writes lines tells: lines, a token at a time, and how likely lines are."""

from collections.abc import Mapping
from typing import Any

import numpy as np

import recurra.cells as cells
from recurra.answers.model import FittedModel
from recurra.arrays import Array, Floats, Rows, Texts
from recurra.bundle import Bundle
from recurra.errors import DataError, SettingsError
from recurra.names import near
from recurra.sequences import check_rows
from recurra.stored import Names, Stored
from recurra.text.levels import level_named, stored_writing_vocabulary
from recurra.text.vocabulary import Vocabulary
from recurra.text.writing import Drawing, write_lines

__all__ = ["STEPS", "GeneratorAnswers", "WrittenStream", "as_lines", "layer_weights", "log_softmax"]

NetworkWeights = Mapping[str, Array]  # by the path of the variable


def as_lines(X: Any, name: str = "X") -> Texts:
    """Give a 1-D array of strings, or say why that cannot be.

    Raises:
        DataError: X is no list or array, is one string, or holds what is not text.
    """
    if isinstance(X, str):
        raise DataError(
            f"{name} must be a list of texts, but one text was given. Put it in a list: [{name}]"
        )
    check_rows(X, name)
    lines = np.array(list(X), dtype=object)
    wrong = next((i for i, line in enumerate(lines) if not isinstance(line, str)), None)
    if lines.ndim != 1 or wrong is not None:
        found = f"shape {lines.shape}" if wrong is None else f"row {wrong} is {lines[wrong]!r}"
        raise DataError(f"{name} must be one text a row, but {found}. Drop or convert such rows.")
    return lines


def log_softmax(logits: Array) -> Array:
    """Give log(exp(x) / Σ exp(x)) over the last axis, which cannot overflow in this form."""
    shifted = logits - logits.max(-1, keepdims=True)
    result: Array = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def layer_weights(weights: NetworkWeights, layer: str) -> dict[str, Array]:
    """Give the variables of one layer by their last name: `kernel`, `bias`, …"""
    parts = ((path.split("/"), value) for path, value in weights.items())
    return {names[-1]: value for names, value in parts if layer in names[:-1]}


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


# for each model one step of it, which writes
STEPS: dict[str, Any] = {
    "simple-rnn": cells.SimpleRNN(),
    "lstm": cells.LSTM(),
    "gru": cells.GRU(),
    "conv1d": _Window(),
    "one-to-one": _NoMemory(),
}


class WrittenStream:
    """A text as it is written: give a token, get the probabilities of the next; the state is kept.

    ::

        state, logits = step(token, state)            one step of the cell, no network is compiled

    Args:
        generator: a fitted generator.
        classes: the index of the class of each text written side by side, (texts,).
    """

    def __init__(self, generator: "GeneratorAnswers", classes: Rows) -> None:
        (weights,) = generator.weights_
        self.embedding = layer_weights(weights, "embedding")["embeddings"]
        output = layer_weights(weights, "output")
        self.kernel, self.bias = output["kernel"], output["bias"]
        memory = layer_weights(weights, "memory")
        self.memory = cells.Weights(
            memory["kernel"], memory.get("recurrent_kernel", memory["kernel"][:0]), memory["bias"]
        )
        self.cell = STEPS[generator.model]
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


class GeneratorAnswers(FittedModel):
    """Lines, and how likely they are.

    Attributes:
        model, level, units, max_length: as in `SequenceGenerator`.
        classes_: the classes, sorted; one empty class where there are none.
        vocabulary_: the tokens known.
        weights_: of the only member, by the path of the variable.
    """

    model: str
    level: str
    units: int
    max_length: int
    classes_: Any
    vocabulary_: Vocabulary
    weights_: Any

    def log_probabilities(self, X: Any, y: Any = None) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included, (rows,)."""
        raise NotImplementedError

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
        self._check_fitted()
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
        self._check_fitted()
        seeds = as_lines(X)
        labels = [None] * len(seeds) if y is None else list(y)
        pairs = zip(seeds, labels, strict=True)
        done = [self.generate(1, label=c, seed=s, temperature=0)[0] for s, c in pairs]
        return np.array(done, dtype=object)

    def stream(self, label: Any = None, texts: int = 1) -> WrittenStream:
        """Give a stream of `texts` texts side by side: tokens in, logits out, `state` carried.

        A stream's `state` may be stored, and set on another stream: it goes on from there.
        """
        self._check_fitted()
        return WrittenStream(self, np.full(texts, self._class_index(label)))

    def token_counts(self, X: Any) -> Rows:
        """Give how many tokens of each line are judged, the end included, (rows,)."""
        split = level_named(self.level).split
        return np.array([min(len(split(line)), self.max_length) + 1 for line in as_lines(X)])

    def perplexity(self, X: Any, y: Any = None) -> float:
        """Give exp(- Σ log p / number of tokens): among how many tokens it hesitates."""
        total = self.log_probabilities(X, y).sum()
        return float(np.exp(-total / self.token_counts(X).sum()))

    def _learnt(self) -> dict[str, Any]:
        return {"classes": self.classes_.tolist()}

    def _encoder_json(self) -> dict[str, Any]:
        return self.vocabulary_.to_json()

    def _restore(self, bundle: Bundle) -> None:
        self.classes_ = np.asarray(bundle.config_as(_Learnt.model_validate).classes)
        self.vocabulary_ = bundle.encoder_as(stored_writing_vocabulary)

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
