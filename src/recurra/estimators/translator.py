"""Many to many: a sentence read whole, then another written, a token at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from recurra.layers import Bidirectional, Embedding
from recurra.listeners import Listener
from recurra.text.levels import level_named, stored_writing_vocabulary, writing_vocabulary
from recurra.training.teaching import Lesson, layer_weights, log_softmax, ragged_tokens

__all__ = ["SequenceTranslator", "beam_search"]

MOST_BEGINNINGS = 1000
layers = keras.layers
State = tuple[Array, ...]
Step = Callable[[Rows, State], tuple[Array, State]]


def beam_search(
    step: Step,
    state: State,
    *,
    begin: int,
    end: int,
    width: int,
    max_length: int,
    length_penalty: float = 0.0,
) -> tuple[list[int], float]:
    """Find a likely sequence by keeping the `width` likeliest beginnings at every step.

    ::

        width 1 is greedy search; a width that keeps every beginning is exhaustive search
        among finished sequences the best has the highest  log p / length ** length_penalty

    A sequence is finished by `end`, or when it is `max_length` long.

    Args:
        step: from the last tokens (k,) and the state, arrays (k, …), to the log probabilities of
            the next, (k, tokens), and the next state.
        state: at the beginning, arrays (1, …).
        begin: the token that is read first.
        end: the token that finishes.
        width: how many beginnings are kept.
        max_length: the most tokens, `end` not counted.
        length_penalty: 0 favours short sequences, as probability does; 1 compares means.

    Returns:
        The tokens without begin and end, and their log probability, that of `end` included.

    Example:
        >>> logs = np.log([[0.1, 0.3, 0.6]])   # each step alike; 0 ends
        >>> same = lambda tokens, state: (np.repeat(logs, len(tokens), 0), state)
        >>> beam_search(same, (), begin=1, end=0, width=1, max_length=2)[0]
        [2, 2]
    """
    live: list[list[int]] = [[]]
    scores, tokens = np.zeros(1), np.array([begin])
    finished: list[tuple[list[int], float]] = []
    for _ in range(max_length):
        logs, state = step(tokens, state)
        totals = (scores[:, None] + logs).ravel()
        kept = np.argsort(-totals, kind="stable")[:width]
        kept = kept[np.isfinite(totals[kept])]
        rows, chosen = np.divmod(kept, logs.shape[1])
        over = chosen == end
        finished += [
            (live[r], float(totals[k])) for r, k in zip(rows[over], kept[over], strict=True)
        ]
        rows, tokens, scores = rows[~over], chosen[~over], totals[kept[~over]]
        live = [[*live[r], int(t)] for r, t in zip(rows, tokens, strict=True)]
        state = tuple(part[rows] for part in state)
        if not live or len(finished) >= width:
            break
    else:
        finished += [(row, float(score)) for row, score in zip(live, scores, strict=True)]
    return max(finished, key=lambda f: f[1] / (len(f[0]) + 1) ** length_penalty)


@dataclass(kw_only=True, eq=False, repr=False)
class SequenceTranslator(WritingEstimator):
    """Translate with an encoder that reads the source and a decoder that writes the target.

    ::

        e_1..e_S = both directions of cell(source)      s_0 = tanh(W [last forward, backward])
        s_t      = cell(embedding(target_{t-1}), s_{t-1})
        a_t      = softmax_i(s_t · e_i)                         attention (Luong et al., 2015)
        c_t      = Σ_i a_ti e_i
        p(target_t) = softmax(V tanh(C [c_t, s_t]))             without attention: tanh(C s_t)

    It is trained by teacher forcing and writes by beam search. The vocabularies are of training
    pairs alone. Numbers, names and words it does not know it cannot copy: it writes what is likely.

    Args:
        model: the cell: "simple-rnn", "lstm" or "gru".
        attention: whether the decoder looks back at every source token.
        source_level: "words" or "characters" (Korean: syllables).
        target_level: the same of what is written.
        units: of the decoder; each direction of the encoder has half.
        beam: how many beginnings the search keeps; 1 is greedy.
        length_penalty: see `beam_search`.
        batch_size: pairs a step of training, None for 32.
        learning_rate: of Adam, None for 0.002.
        dropout, min_count, max_length, validation_split, epochs, random_state: as in
            `WritingEstimator`.

    Attributes:
        source_, target_: the vocabularies.
        sides_, histories_, weights_: as in `NetworkEstimator`.

    Example:
        >>> pairs = ["one", "two", "one two", "two one"] * 5, ["일", "이", "일 이", "이 일"] * 5
        >>> model = SequenceTranslator(units=8, epochs=1).fit(*pairs)
        >>> model.predict(["one", ""]).shape
        (2,)
    """

    attention: bool = True
    source_level: str = "words"
    target_level: str = "words"
    beam: int = 4
    length_penalty: float = 1.0
    dropout: float = 0.3
    max_length: int = 64
    epochs: int = 60

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
        """Train on sentences and their translations.

        Args:
            X: (rows,) sentences to read.
            y: (rows,) sentences to write.
            groups: (rows,) rows of one group stay on one side of the validation split; None groups
                sources that are equal but for case and spacing.
            sides: (training rows, validation rows), None to draw them.
            checkpoints: a folder to write a checkpoint to after every epoch, and to go on from.
            listeners: who is told that training begins, and how far it is.

        Raises:
            DataError: the sentences cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        self._check_settings()
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        sources, targets = as_lines(X), as_lines(y)
        if len(sources) != len(targets):
            raise DataError(
                f"y must have one translation a sentence, but X has {len(sources)} and y has "
                f"{len(targets)} rows."
            )
        known = self._hold_out(sources, groups, sides)
        self.source_ = writing_vocabulary([read(sources[i]) for i in known], self.min_count)
        self.target_ = writing_vocabulary([write(targets[i]) for i in known], self.min_count)
        self._teach(
            self._lesson(sources, targets),
            batch_size=32,
            learning_rate=2e-3,
            checkpoints=checkpoints,
            listeners=listeners,
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model: source and target tokens to the logits of the next token."""
        cell, half = CELLS[self.model][0], self.units // 2
        source = layers.Input((None,), dtype="int32", name="source")
        target = layers.Input((None,), dtype="int32", name="target")
        x = Embedding(len(self.source_), half, mask_zero=True, name="source_embedding")(source)
        x = layers.Dropout(self.dropout, name="source_dropout")(x)
        both = Bidirectional(
            cell(half, return_sequences=True, return_state=True, name="encoder"), name="both"
        )
        read, *last = both(x)
        parts = len(last) // 2
        state = [
            layers.Dense(self.units, activation="tanh", name=f"bridge_{i}")(
                layers.Concatenate(name=f"last_{i}")([last[i], last[parts + i]])
            )
            for i in range(parts)
        ]
        y = Embedding(len(self.target_), half, name="target_embedding")(target)
        y = layers.Dropout(self.dropout, name="target_dropout")(y)
        said = cell(self.units, return_sequences=True, name="decoder")(y, initial_state=state)
        if self.attention:
            there = layers.Lambda(lambda tokens: tokens != 0, name="there")(source)
            seen = layers.Attention(name="attention")([said, read], mask=[None, there])
            said = layers.Concatenate(name="seen_and_said")([seen, said])
        said = layers.Dense(self.units, activation="tanh", name="combined")(said)
        said = layers.Dropout(self.dropout, name="output_dropout")(said)
        logits = layers.Dense(len(self.target_), name="output")(said)
        return keras.Model([source, target], logits, name="network")

    def predict(self, X: Any) -> Texts:
        """Translate each sentence by itself, (rows,)."""
        check_is_fitted(self, "weights_")
        return np.array([self.search(text)[0] for text in as_lines(X)], dtype=object)

    def search(self, text: str, beam: int | None = None) -> tuple[str, float]:
        """Translate one sentence; give the translation and its log probability."""
        check_is_fitted(self, "weights_")
        state, step = self.start(text)
        tokens, score = beam_search(
            step,
            state,
            begin=2,
            end=3,
            width=self.beam if beam is None else beam,
            max_length=self.max_length,
            length_penalty=self.length_penalty,
        )
        known = self.target_.tokens
        return level_named(self.target_level).join([known[t - 2] for t in tokens]), score

    def start(self, text: str) -> tuple[State, Step]:
        """Read a sentence; give the decoder's state and the step that writes the next token.

        One step of a textbook cell each: nothing is compiled, and threads do not meet.
        """
        cell = CELLS[self.model][1]
        read = level_named(self.source_level).split(text)[: self.max_length]
        tokens = self.source_.encode(read)
        w = self._layers()
        x = w["source_embedding"]["embeddings"][np.asarray(tokens, np.int64)]
        forward, ahead = _read(cell, x, w["forward"], self.units // 2)
        backward, back = _read(cell, x[::-1], w["backward"], self.units // 2)
        seen = np.concatenate([forward, backward[::-1]], axis=1)
        state = tuple(
            np.tanh(
                np.concatenate([a, b], axis=1) @ w[f"bridge_{i}"]["kernel"]
                + w[f"bridge_{i}"]["bias"]
            )
            for i, (a, b) in enumerate(zip(ahead, back, strict=True))
        )
        return state, _Decoder(cell, w, seen if self.attention else None).step

    def log_probabilities(self, X: Any, y: Any) -> Floats:
        """Give the natural logarithm of the probability of each translation, (rows,)."""
        check_is_fitted(self, "weights_")
        return self._logs(self._lesson(as_lines(X), as_lines(y)))

    def _check_settings(self) -> None:
        super()._check_settings()
        if self.units % 2:
            raise SettingsError(f"units must be even, but they are {self.units}.")
        if self.beam > MOST_BEGINNINGS:
            raise SettingsError(
                f"a search keeps up to {MOST_BEGINNINGS:,} beginnings, but beam is {self.beam}."
            )
        for level in (self.source_level, self.target_level):
            level_named(level)

    def _learnt(self) -> dict[str, Any]:
        return {}

    def _encoder_json(self) -> dict[str, Any]:
        return {"source": self.source_.to_json(), "target": self.target_.to_json()}

    def _restore(self, bundle: Bundle) -> None:
        self.source_, self.target_ = bundle.encoder_as(
            lambda stored: [stored_writing_vocabulary(stored[k]) for k in ("source", "target")]
        )

    def _lesson(self, sources: Texts, targets: Texts) -> Lesson:
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        given = [self.source_.encode(read(text)[: self.max_length]) for text in sources]
        said = [self.target_.encode(write(text)[: self.max_length]) for text in targets]
        return Lesson(
            (ragged_tokens(given), ragged_tokens([[2, *tokens] for tokens in said])),
            ragged_tokens([[*tokens, 3] for tokens in said]),
        )

    def _layers(self) -> dict[str, dict[str, Array]]:
        names = ["source_embedding", "target_embedding", "decoder", "combined", "output"]
        names += [f"bridge_{i}" for i in range(CELLS[self.model][1].states)]
        found = {name: layer_weights(self.weights_[0], name) for name in names}
        for direction in ("forward", "backward"):
            found[direction] = layer_weights(self.weights_[0], f"{direction}_encoder")
        return found


def _cell_weights(w: dict[str, Array]) -> cells.Weights:
    return cells.Weights(w["kernel"], w["recurrent_kernel"], w["bias"])


def _read(cell: cells.Cell, x: Array, w: dict[str, Array], units: int) -> tuple[Array, cells.State]:
    """Read (steps, features); give all outputs (steps, units) and the last state."""
    state: cells.State = (np.zeros((1, units), np.float32),) * cell.states
    outputs = [np.zeros((0, units), np.float32)]
    for row in x:
        state = cell.step(row[None], state, _cell_weights(w))
        outputs.append(state[0])
    return np.concatenate(outputs), state


class _Decoder:
    """Writes the next token of some beginnings of one translation.

    Args:
        cell: of the decoder.
        w: the weights of every layer.
        seen: (source steps, units) what the encoder read, None without attention.
    """

    def __init__(
        self, cell: cells.Cell, w: dict[str, dict[str, Array]], seen: Array | None
    ) -> None:
        self.cell, self.w, self.seen = cell, w, seen

    def step(self, tokens: Rows, state: State) -> tuple[Array, State]:
        """Give log probabilities, (beginnings, tokens), and the next state."""
        w = self.w
        x = w["target_embedding"]["embeddings"][tokens]
        state = self.cell.step(x, state, _cell_weights(w["decoder"]))
        said = state[0]
        if self.seen is not None:
            weights = np.exp(log_softmax(said @ self.seen.T)) if len(self.seen) else said[:, :0]
            said = np.concatenate([weights @ self.seen, said], axis=1)
        said = np.tanh(said @ w["combined"]["kernel"] + w["combined"]["bias"])
        logits = said @ w["output"]["kernel"] + w["output"]["bias"]
        logits[:, :3] = -np.inf  # padding, unknown, begin: never said
        return log_softmax(logits), state
