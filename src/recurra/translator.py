"""Many to many: a sentence read whole, then another written, a token at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

import recurra.cells as cells
from recurra.backend import keras
from recurra.bundle import Bundle, read_bundle, write_bundle
from recurra.errors import DataError, SettingsError
from recurra.evaluation.splits import group_split
from recurra.generator import (
    CELLS,
    as_lines,
    check_settings,
    filled,
    fingerprint,
    fitting,
    fold_lines,
    unbuilt,
)
from recurra.layers import Bidirectional
from recurra.teaching import (
    Lesson,
    layer_weights,
    log_probabilities,
    log_softmax,
    ragged_tokens,
    teach,
)
from recurra.text import Vocabulary
from recurra.text.levels import level_named, writing_vocabulary
from recurra.training import Notify, Plan

__all__ = ["SequenceTranslator", "beam_search"]

layers = keras.layers
Floats = npt.NDArray[Any]
Texts = npt.NDArray[np.object_]
State = tuple[Floats, ...]
Step = Callable[[npt.NDArray[np.int64], State], tuple[Floats, State]]
TRANSLATING = {name: CELLS[name] for name in ("gru", "lstm")}


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


class SequenceTranslator(BaseEstimator):  # type: ignore[misc]
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
        model: the cell: "gru" or "lstm".
        attention: whether the decoder looks back at every source token.
        source_level: "words" or "characters" (Korean: syllables).
        target_level: the same of what is written.
        units: of the decoder; each direction of the encoder has half.
        dropout: of embeddings and of what is read off, in training.
        min_count: how often a token must be seen in training to be known.
        max_length: the tokens of a sentence that are read, and the most that are written.
        beam: how many beginnings the search keeps; 1 is greedy.
        length_penalty: see `beam_search`.
        validation_split: the share of pairs held out for validation.
        epochs: the most epochs; training stops after 5 without a lower validation loss.
        batch_size: pairs a step.
        learning_rate: of Adam.
        random_state: the seed. The same seed and pairs give the same weights on one machine.

    Attributes:
        source_, target_: the vocabularies.
        history_: the curve.
        weights_: by variable name.

    Example:
        >>> pairs = ["one", "two", "one two", "two one"] * 5, ["일", "이", "일 이", "이 일"] * 5
        >>> model = SequenceTranslator(units=8, epochs=1).fit(*pairs)
        >>> model.predict(["one", ""]).shape
        (2,)
    """

    def __init__(
        self,
        model: str = "gru",
        *,
        attention: bool = True,
        source_level: str = "words",
        target_level: str = "words",
        units: int = 128,
        dropout: float = 0.3,
        min_count: int = 2,
        max_length: int = 64,
        beam: int = 4,
        length_penalty: float = 1.0,
        validation_split: float = 0.1,
        epochs: int = 60,
        batch_size: int = 32,
        learning_rate: float = 2e-3,
        random_state: int = 0,
    ) -> None:
        self.model = model
        self.attention = attention
        self.source_level = source_level
        self.target_level = target_level
        self.units = units
        self.dropout = dropout
        self.min_count = min_count
        self.max_length = max_length
        self.beam = beam
        self.length_penalty = length_penalty
        self.validation_split = validation_split
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.random_state = random_state

    def fit(
        self,
        X: Any,
        y: Any,
        *,
        groups: Any = None,
        checkpoints: Path | None = None,
        notify: Notify | None = None,
    ) -> Self:
        """Train on sentences and their translations.

        Args:
            X: (rows,) sentences to read.
            y: (rows,) sentences to write.
            groups: (rows,) rows of one group stay on one side of the validation split; None groups
                sources that are equal but for case and spacing.
            checkpoints: a folder to write a checkpoint to after every epoch, and to go on from.
            notify: called after every batch.

        Raises:
            DataError: the sentences cannot be used.
            SettingsError: a setting cannot be used.
            RunError: the checkpoints are another run's.
        """
        check_settings(self, TRANSLATING)
        if self.units % 2 or self.beam < 1:
            raise SettingsError(
                f"units must be even and beam at least 1, but they are {self.units}, {self.beam}."
            )
        sources, targets = as_lines(X), as_lines(y)
        if len(sources) != len(targets):
            raise DataError(
                f"y must have one translation a sentence, but X has {len(sources)} and y has "
                f"{len(targets)} rows."
            )
        kept = fold_lines(sources) if groups is None else np.asarray(groups)
        self.sides_ = group_split(kept, self.validation_split, self.random_state)
        known = self.sides_[0]
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        self.source_ = writing_vocabulary([read(text) for text in sources[known]], self.min_count)
        self.target_ = writing_vocabulary([write(text) for text in targets[known]], self.min_count)
        plan = Plan(
            self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            seed=int(self.random_state),
        )
        key = fingerprint(self, [*sources, *targets, *kept.tolist()]) if checkpoints else ""
        self.weights_, self.history_ = teach(
            self.build,
            self._lesson(sources, targets),
            self.sides_,
            plan,
            checkpoints=checkpoints,
            fingerprint=key,
            notify=notify,
        )
        return self

    def build(self) -> Any:
        """Give a fresh Keras model: source and target tokens to the logits of the next token."""
        cell, half = TRANSLATING[self.model][0], self.units // 2
        source = layers.Input((None,), dtype="int32", name="source")
        target = layers.Input((None,), dtype="int32", name="target")
        x = layers.Embedding(len(self.source_), half, mask_zero=True, name="source_embedding")(
            source
        )
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
        y = layers.Embedding(len(self.target_), half, name="target_embedding")(target)
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
        cell = TRANSLATING[self.model][1]
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

    def log_probabilities(self, X: Any, y: Any) -> npt.NDArray[np.float64]:
        """Give the natural logarithm of the probability of each translation, (rows,)."""
        check_is_fitted(self, "weights_")
        return log_probabilities(filled(self), self._lesson(as_lines(X), as_lines(y)))

    def save(self, folder: str | Path, card: str = "") -> None:
        """Write the fitted model to a folder: JSON and safetensors, checksummed."""
        check_is_fitted(self, "weights_")
        config = {"estimator": type(self).__name__, "settings": self.get_params()}
        known = {"source": self.source_.to_json(), "target": self.target_.to_json()}
        write_bundle(Path(folder), Bundle(config, known, dict(self.weights_), card))

    @classmethod
    def load(cls, folder: str | Path) -> "SequenceTranslator":
        """Read a model that `save` wrote.

        Raises:
            BundleError: the folder is not a saved model, or is damaged.
        """
        bundle = read_bundle(Path(folder))
        with fitting(folder):
            model = cls(**bundle.config["settings"])
            model.source_ = Vocabulary.from_json(bundle.encoder["source"])
            model.target_ = Vocabulary.from_json(bundle.encoder["target"])
            names = [weight.path for weight in model.build().weights]
            model.weights_ = {name: bundle.weights[name] for name in names}
        return model

    def __getstate__(self) -> dict[str, Any]:
        return unbuilt(dict(super().__getstate__()))

    def _lesson(self, sources: Texts, targets: Texts) -> Lesson:
        read, write = level_named(self.source_level).split, level_named(self.target_level).split
        given = [self.source_.encode(read(text)[: self.max_length]) for text in sources]
        said = [self.target_.encode(write(text)[: self.max_length]) for text in targets]
        return Lesson(
            (ragged_tokens(given), ragged_tokens([[2, *tokens] for tokens in said])),
            ragged_tokens([[*tokens, 3] for tokens in said]),
        )

    def _layers(self) -> dict[str, dict[str, Floats]]:
        names = ["source_embedding", "target_embedding", "decoder", "combined", "output"]
        names += [f"bridge_{i}" for i in range(TRANSLATING[self.model][1].states)]
        found = {name: layer_weights(self.weights_, name) for name in names}
        for direction in ("forward", "backward"):
            found[direction] = layer_weights(self.weights_, f"{direction}_encoder")
        return found


def _cell_weights(w: dict[str, Floats]) -> cells.Weights:
    return cells.Weights(w["kernel"], w["recurrent_kernel"], w["bias"])


def _read(
    cell: cells.Cell, x: Floats, w: dict[str, Floats], units: int
) -> tuple[Floats, cells.State]:
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
        self, cell: cells.Cell, w: dict[str, dict[str, Floats]], seen: Floats | None
    ) -> None:
        self.cell, self.w, self.seen = cell, w, seen

    def step(self, tokens: npt.NDArray[np.int64], state: State) -> tuple[Floats, State]:
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
