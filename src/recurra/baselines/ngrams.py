"""What a network that writes must beat: counts of n tokens, smoothed; they can write, too."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field

from recurra.arrays import Floats, Rows, Texts
from recurra.bundle import Bundle, opened, write_bundle
from recurra.errors import SettingsError
from recurra.judging.problem import Contender, Sides
from recurra.listeners import Listener
from recurra.names import near
from recurra.stored import Count, Names, Numbers, Stored
from recurra.text import Vocabulary
from recurra.text.levels import level_named, stored_writing_vocabulary, writing_vocabulary
from recurra.text.writing import BEGINS, ENDS, Drawing, write_lines

__all__ = ["Classed", "LineCounts", "NGrams", "Reading", "line_counts"]

Context = tuple[object, ...]
Counts = dict[str, Rows]
BEGIN = -1
ORDERS = {"unigram": 1, "bigram": 2, "trigram": 3, "5-gram": 5}


class NGrams:
    """Predict a token from the n - 1 before it, by counts with Witten-Bell smoothing.

    ::

        p_k(w | h) = (count(h w) + kinds(h) p_{k-1}(w | h')) / (count(h) + kinds(h))

    where h' is h without its first token, kinds(h) is how many different tokens followed h, and
    p_0 is 1 / size. With classes one more step is made: counts within the class, smoothed with
    p_n of all classes. Tokens and classes are integers.

    Args:
        n: how many tokens a count is of.
        size: how many different tokens there are.

    Example:
        >>> model = NGrams(1, size=2).fit([[0, 0, 0, 1]])
        >>> p = (3 + 2 * 0.5) / (4 + 2)      # counts 3 of 4; 2 kinds; p_0 = 1/2
        >>> bool(abs(model.log_probabilities([[0]])[0] - np.log(p)) < 1e-12)
        True

    Source: Witten and Bell, "The zero-frequency problem" (1991); Jurafsky and Martin, ch. 3.
    """

    def __init__(self, n: int, size: int) -> None:
        self.n, self.size = n, size
        self.counts: dict[Context, Counter[int]] = defaultdict(Counter)

    def fit(
        self, documents: Sequence[Sequence[int]], classes: Sequence[int] | None = None
    ) -> "NGrams":
        """Count."""
        for document, label in zip(documents, _classes(documents, classes), strict=True):
            for history, token in self._steps(document):
                for context in self._contexts(history, label):
                    self.counts[context][token] += 1
        return self

    def log_probabilities(
        self, documents: Sequence[Sequence[int]], classes: Sequence[int] | None = None
    ) -> Floats:
        """Give the natural logarithm of the probability of each document, (documents,)."""
        totals = []
        for document, label in zip(documents, _classes(documents, classes), strict=True):
            chances = [
                self._chance(self._contexts(history, label), token)
                for history, token in self._steps(document)
            ]
            totals.append(float(np.log(chances).sum()))
        return np.array(totals)

    def chances(self, history: Sequence[int], label: int | None = None) -> Floats:
        """Give the probability of every token after those of a history, (size,).

        Example:
            >>> NGrams(2, size=2).fit([[0, 1]]).chances([0]).round(3).tolist()
            [0.25, 0.75]
        """
        padded = [BEGIN] * (self.n - 1) + list(history)
        last = tuple(padded[len(padded) - self.n + 1 :])
        chances = np.full(self.size, 1 / self.size)
        for context in self._contexts(last, label):
            seen = self.counts.get(context)
            if seen:
                chances *= len(seen)
                chances[list(seen)] += list(seen.values())
                chances /= seen.total() + len(seen)
        return chances

    def to_arrays(self) -> Counts:
        """Give the counts: for each length of context a table (rows, context + token + count)."""
        tables: dict[int, list[list[Any]]] = defaultdict(list)
        for context, seen in self.counts.items():
            tables[len(context)] += [[*context, token, count] for token, count in seen.items()]
        return {f"after {length}": np.array(rows) for length, rows in tables.items()}

    @classmethod
    def from_arrays(cls, n: int, size: int, tables: Counts) -> "NGrams":
        """Take back what `to_arrays` gave.

        Raises:
            ValueError: a count is of a token that there is not, or below 1.
        """
        counted = [rows[:, -2:].T for rows in tables.values()]
        if any(
            ((tokens < 0) | (tokens >= size) | (counts < 1)).any() for tokens, counts in counted
        ):
            raise ValueError(f"the counts must be 1 or more, each of one of {size} tokens")
        model = cls(n, size)
        for rows in tables.values():
            for *context, token, count in rows.tolist():
                model.counts[tuple(context)][token] = count
        return model

    def _steps(self, document: Sequence[int]) -> list[tuple[Context, int]]:
        padded = [BEGIN] * (self.n - 1) + list(document)
        return [(tuple(padded[i : i + self.n - 1]), token) for i, token in enumerate(document)]

    def _contexts(self, history: Context, label: int | None) -> list[Context]:
        """Give what is counted after, the shortest first: the class goes with the longest."""
        contexts = [history[len(history) - length :] for length in range(self.n)]
        return contexts if label is None else [*contexts, (label, *history)]

    def _chance(self, contexts: Sequence[Context], token: int) -> float:
        chance = 1 / self.size
        for context in contexts:
            seen = self.counts.get(context)
            if seen:
                total, kinds = seen.total(), len(seen)
                chance = (seen[token] + kinds * chance) / (total + kinds)
        return chance


def _classes(
    documents: Sequence[Sequence[int]], classes: Sequence[int] | None
) -> Sequence[int | None]:
    return [None] * len(documents) if classes is None else classes


class Classed(NamedTuple):
    """Lines and their classes: what a fit may see of them, and what a model is asked of.

    Args:
        texts: (rows,) the lines.
        classes: (rows,) the class of each; all "" where there are none.
    """

    texts: Texts
    classes: Texts


@dataclass(frozen=True)
class Reading:
    """How lines are read by all that are judged beside each other.

    The tokens known are those that the training side of the first turn has `min_count` times: each
    contender finds them by itself, by this one rule, so that all are asked for the same tokens.

    Args:
        level: "characters" or "words".
        min_count: how often a token must be seen to be known.
        max_length: the tokens of a line that are read.
    """

    level: str
    min_count: int
    max_length: int

    def tokens(self, text: str) -> list[str]:
        """Give the tokens that are read of a line."""
        return level_named(self.level).split(text)[: self.max_length]

    def vocabulary(self, texts: Texts, sides: Sides) -> Vocabulary:
        """Give the tokens known, from the lines known."""
        split = level_named(self.level).split
        return writing_vocabulary([split(texts[i]) for i in sides[0][0]], self.min_count)


class LineCounts:
    """Counts of n tokens of lines: a contender that is asked how likely lines are, and writes.

    Args:
        n: how many tokens a count is of.
        within: whether it also counts within each class.
        reading: how lines are read.

    Example:
        >>> known = Classed(np.array(["ab", "ab"], object), np.array(["", ""], object))
        >>> model = LineCounts(2, False, Reading("characters", 1, 9))
        >>> model.fit(known, [(np.array([0, 1]), np.array([], int))]).generate(1, temperature=0)
        ['ab']
    """

    def __init__(self, n: int, within: bool, reading: Reading) -> None:
        self.n, self.within, self.reading = n, within, reading
        self.rows = 0

    def fit(
        self,
        known: Classed,
        sides: Sides,
        *,
        listener: Listener | None = None,
        checkpoints: Path | None = None,
    ) -> Self:
        """Find the tokens in the training side, and count in all lines known."""
        self.rows = len(known.texts)
        self.classes = sorted({str(label) for label in known.classes})
        self.vocabulary = self.reading.vocabulary(known.texts, sides)
        self.model = NGrams(self.n, len(self.vocabulary)).fit(*self._read(known))
        return self

    def say(self, asked: Classed) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included."""
        return self.model.log_probabilities(*self._read(asked))

    def generate(
        self,
        n: int = 1,
        *,
        label: Any = None,
        seed: str = "",
        temperature: float = 1.0,
        top_k: int | None = None,
        random_state: int = 0,
    ) -> list[str]:
        """Write lines, as `SequenceGenerator.generate` does.

        Raises:
            SettingsError: the class is unknown, or a setting is out of its range.
        """
        drawing = Drawing(temperature, top_k, random_state)
        if label is not None or len(self.classes) > 1:
            self._check(label)
        return write_lines(
            _Stream(self.model, n, self._number(label)),
            self.vocabulary,
            level_named(self.reading.level),
            n,
            seed=seed,
            most=self.reading.max_length,
            drawing=drawing,
        )

    def _check(self, label: Any) -> None:
        if str(label) not in self.classes:
            given = "none" if label is None else repr(label)
            raise SettingsError(
                f"the class must be one of {', '.join(self.classes)}, but {given} was given."
                f"{near(str(label), self.classes)}"
            )

    def _number(self, label: Any) -> int | None:
        return self.classes.index(str(label)) if self.within else None

    def _read(self, lines: Classed) -> tuple[list[list[int]], list[int] | None]:
        tokens = [[*self.vocabulary.encode(self.reading.tokens(t)), ENDS] for t in lines.texts]
        if not self.within:
            return tokens, None
        numbers = {name: number for number, name in enumerate(self.classes)}
        return tokens, [numbers[str(label)] for label in lines.classes]

    # ---- saving and loading

    def save(self, folder: Path, card: str = "", **facts: Any) -> None:
        """Write a bundle: the vocabulary in JSON, the counts beside it."""
        config = {
            "estimator": "LineCounts",
            "n": self.n,
            "within": self.within,
            "reading": vars(self.reading),
            "classes": self.classes,
            "rows": self.rows,
            **facts,
        }
        weights = self.model.to_arrays()
        write_bundle(folder, Bundle(config, self.vocabulary.to_json(), weights, card))

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote.

        Raises:
            BundleError: it is damaged, or not of one model.
        """
        with opened(folder, "LineCounts") as bundle:
            found = bundle.config_as(_Stored.model_validate)
            model = cls(found.n, found.within, Reading(**dict(found.reading)))
            model.rows, model.classes = found.rows, found.classes
            model.vocabulary = bundle.encoder_as(stored_writing_vocabulary)
            size, tables = len(model.vocabulary), bundle.arrays(_needed(found.n + found.within))
            model.model = NGrams.from_arrays(model.n, size, tables)
        return model


class _Reading(Stored):
    level: Literal["characters", "words"]
    min_count: Count
    max_length: Annotated[int, Field(ge=1, le=10_000)]


class _Stored(Stored):
    n: Annotated[int, Field(ge=1, le=100)]
    within: bool
    reading: _Reading
    classes: Names
    rows: int


def _needed(tables: int) -> dict[str, Numbers]:
    """Give what tables of counts must be, one for each length of what stands before a token."""
    return {
        f"after {length}": Numbers.whole(None, length + 2, low=BEGIN, high=1 << 40)
        for length in range(tables)
    }


class _Stream:
    """Counts as something that writes: what was written is kept, and logits are given."""

    def __init__(self, model: NGrams, texts: int, label: int | None) -> None:
        self.model, self.label = model, label
        self.histories: list[tuple[int, ...]] = [()] * texts

    def step(self, tokens: Rows) -> Floats:
        """Read one token of each text; give the logarithms of the chances of the next."""
        kept = max(0, self.model.n - 1)
        self.histories = [
            () if token == BEGINS else (*history, token)[-kept:] if kept else ()
            for history, token in zip(self.histories, tokens.tolist(), strict=True)
        ]
        found = {h: np.log(self.model.chances(h, self.label)) for h in set(self.histories)}
        return np.stack([found[history] for history in self.histories])


def _line_counts(n: int, within: bool, reading: Reading, seed: int) -> LineCounts:
    return LineCounts(n, within, reading)


def line_counts(reading: Reading, classes: bool) -> list[Contender]:
    """Give the counts as contenders: of all lines together, and within each class.

    Args:
        reading: how lines are read.
        classes: whether there are several.
    """
    return [
        Contender(
            name + " by class" * within, partial(_line_counts, n, within, reading), baseline=True
        )
        for name, n in ORDERS.items()
        for within in ([False, True] if classes else [False])
    ]
