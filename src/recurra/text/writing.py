"""Write lines token by token, from whatever says how likely each next token is.

::

    logits = stream.step(begin), then of every token of the seed
    until the end is drawn:   token ~ softmax(logits / temperature)      logits = stream.step(token)

A network and a table of counts write by this one loop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recurra.arrays import Array, Rows
from recurra.errors import SettingsError
from recurra.text.levels import BEGIN, END, Level
from recurra.text.vocabulary import Vocabulary

__all__ = ["BEGINS", "ENDS", "Drawing", "Stream", "write_lines"]

BEGINS, ENDS = 2, 3
UNSAYABLE = 3  # padding, unknown, begin: they are never written


class Stream(Protocol):
    """Texts side by side as they are written; what was read is kept in it."""

    def step(self, tokens: Rows) -> Array:
        """Read one token of each text, (texts,); give the logits of the next, (texts, tokens)."""


@dataclass(frozen=True)
class Drawing:
    """How tokens are drawn.

    Args:
        temperature: what the logits are divided by: below 1 the likely becomes likelier, 0 takes
            always the likeliest.
        top_k: draw among so many of the likeliest, None for all.
        random_state: the same gives the same texts; each text has draws of its own, so the first
            texts of a longer list are those of a shorter one.

    Raises:
        SettingsError: a setting is out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    random_state: int = 0

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            raise SettingsError(
                f"the temperature must be 0 or above, but it is {self.temperature}."
            )
        if self.top_k is not None and self.top_k < 1:
            raise SettingsError(f"top_k must be at least 1, but it is {self.top_k}.")

    def tokens(self, logits: Array, places: Sequence[float]) -> Rows:
        """Draw a token for each row, at its place in [0, 1) along the summed probabilities.

        Example:
            >>> logits = np.log([[0.1, 0.1, 0.1, 0.2, 0.5]] * 2)
            >>> Drawing().tokens(logits, [0.2, 0.9]).tolist()
            [3, 4]
        """
        logits = logits.astype(np.float64)
        logits[:, :UNSAYABLE] = -np.inf
        if self.temperature == 0:
            likeliest: Rows = np.argmax(logits, axis=1)
            return likeliest
        if self.top_k is not None and self.top_k < logits.shape[1]:
            least = np.sort(logits, axis=1)[:, -self.top_k, None]
            logits = np.where(logits < least, -np.inf, logits)
        logits = logits - logits.max(axis=1, keepdims=True)
        summed = np.exp(logits / self.temperature).cumsum(axis=1)
        reached = summed > np.asarray(places)[:, None] * summed[:, -1:]
        tokens: Rows = np.argmax(reached, axis=1)
        return tokens


def write_lines(
    stream: Stream,
    vocabulary: Vocabulary,
    level: Level,
    n: int,
    *,
    seed: str = "",
    most: int,
    drawing: Drawing = Drawing(),
) -> list[str]:
    """Write texts.

    Args:
        stream: of `n` texts, nothing read yet.
        vocabulary: of `writing_vocabulary`.
        level: what a token is.
        n: how many texts.
        seed: how each begins; it is part of what is given back.
        most: tokens of a text, the seed's included.
        drawing: how tokens are drawn.

    Raises:
        SettingsError: no text is asked for.
    """
    if n < 1:
        raise SettingsError(f"n must be at least 1, but it is {n}.")
    begun = level.split(seed)
    logits = stream.step(np.full(n, BEGINS))
    for token in vocabulary.encode(begun):
        logits = stream.step(np.full(n, token))
    draws = [np.random.default_rng([drawing.random_state, i]) for i in range(n)]
    written = np.zeros((n, 0), np.int64)
    open_ = np.ones(n, bool)
    while open_.any() and written.shape[1] + len(begun) < most:
        tokens = drawing.tokens(logits, [rng.random() for rng in draws])
        open_ &= tokens != ENDS
        written = np.concatenate([written, np.where(open_, tokens, 0)[:, None]], axis=1)
        logits = stream.step(tokens)
    known = ["", "", BEGIN, END, *vocabulary.tokens[2:]]
    return [level.join([*begun, *(known[t] for t in row if t)]) for row in written]
