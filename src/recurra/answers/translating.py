"""What a translator tells: a sentence read whole, then another written, a token at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

import recurra.cells as cells
from recurra.answers.model import FittedModel
from recurra.answers.writing import STEPS, as_lines, layer_weights, log_softmax
from recurra.arrays import Array, Rows, Texts
from recurra.bundle import Bundle
from recurra.text.levels import level_named, stored_writing_vocabulary
from recurra.text.vocabulary import Vocabulary

__all__ = ["TranslatorAnswers", "beam_search"]

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


class TranslatorAnswers(FittedModel):
    """Translations.

    Attributes:
        model, attention, source_level, target_level, units, beam, length_penalty, max_length: as in
            `SequenceTranslator`.
        source_, target_: the vocabularies.
        weights_: of the only member, by the path of the variable.
    """

    model: str
    attention: bool
    source_level: str
    target_level: str
    units: int
    beam: int
    length_penalty: float
    max_length: int
    source_: Vocabulary
    target_: Vocabulary
    weights_: Any

    def predict(self, X: Any) -> Texts:
        """Translate each sentence by itself, (rows,)."""
        self._check_fitted()
        return np.array([self.search(text)[0] for text in as_lines(X)], dtype=object)

    def search(self, text: str, beam: int | None = None) -> tuple[str, float]:
        """Translate one sentence; give the translation and its log probability."""
        self._check_fitted()
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
        cell = STEPS[self.model]
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

    def _encoder_json(self) -> dict[str, Any]:
        return {"source": self.source_.to_json(), "target": self.target_.to_json()}

    def _restore(self, bundle: Bundle) -> None:
        self.source_, self.target_ = bundle.encoder_as(
            lambda stored: [stored_writing_vocabulary(stored[k]) for k in ("source", "target")]
        )

    def _layers(self) -> dict[str, dict[str, Array]]:
        names = ["source_embedding", "target_embedding", "decoder", "combined", "output"]
        names += [f"bridge_{i}" for i in range(STEPS[self.model].states)]
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
