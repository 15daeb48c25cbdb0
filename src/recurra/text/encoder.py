"""One object from text to integers, the same in training and in prediction."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from recurra.errors import SettingsError
from recurra.names import one_of
from recurra.sequences import Ragged
from recurra.stored import Count, Stored, Text
from recurra.text.beside import after_cells
from recurra.text.counts import Counts
from recurra.text.tokenizers import (
    as_written,
    check_tokenizer_version,
    tokenizer_name,
    tokenizer_named,
    tokenizer_version,
)
from recurra.text.vocabulary import Vocabulary

__all__ = [
    "TRUNCATIONS",
    "TextEncoder",
    "TokenCounts",
    "ids_per_token",
    "pieces_of",
    "truncate",
]

PIECES_PER_TOKEN = 13  # a longer word keeps its first pieces
CAPITALS, CAPITAL = "capitals", "capital"  # longer than any run of characters, so never one


def spelling_of(token: str) -> list[str]:
    """Give what a token's spelling says: its case, and its runs of 2 and 3 characters.

    Example:
        >>> spelling_of("WIN")
        ['capitals', '<w', 'wi', 'in', 'n>', '<wi', 'win', 'in>']
    """
    marked = f"<{token.lower()}>"
    case = []
    if token[:1].isupper():
        case = [CAPITALS if token.isupper() and len(token) > 1 else CAPITAL]
    runs = (
        marked[start : start + size] for size in (2, 3) for start in range(len(marked) - size + 1)
    )
    return list(dict.fromkeys([*case, *runs]))[:PIECES_PER_TOKEN]


def runs_of(step: Sequence[str]) -> list[str]:
    """Give the runs of two tokens and more that end a step; before a text there are none.

    Example:
        >>> runs_of(["not", "a", "Word"]), runs_of(["", "a", "Word"]), runs_of(["", "", "Word"])
        (['a word', 'not a word'], ['a word'], [])
    """
    known = [token.lower() for token in step if token]
    return [" ".join(known[-size:]) for size in range(2, len(known) + 1)]


# a step is a token behind those that its pieces see: how many, and the pieces
BEFORE = {"spelling": 0, "pairs": 1, "triples": 2}
PIECES: dict[str, Callable[[Sequence[str]], list[str]]] = {
    "spelling": lambda step: spelling_of(step[-1]),
    "pairs": runs_of,
    "triples": runs_of,
}
Step = tuple[str, ...]


def _steps(tokens: Sequence[str], kind: str | None) -> Iterator[Step]:
    before = BEFORE[kind] if kind else 0
    led = [*[""] * before, *tokens]
    return zip(*(led[place:] for place in range(before + 1)), strict=False)


def pieces_of(tokens: Sequence[str], kind: str) -> list[list[str]]:
    """Give the pieces of each token: its spelling, or the runs it ends.

    Example:
        >>> pieces_of(["not", "good", "!"], "pairs")
        [[], ['not good'], ['good !']]
        >>> pieces_of(["not", "good", "!"], "triples")
        [[], ['not good'], ['good !', 'not good !']]
    """
    return [PIECES[kind](step) for step in _steps(tokens, kind)]


def ids_per_token(pieces: str | None) -> int:
    """Count the integers that stand for one token."""
    return {None: 1, "pairs": 2, "triples": 3, "spelling": 1 + PIECES_PER_TOKEN}[pieces]


TRUNCATIONS = ("head", "tail", "both")


def truncate(tokens: list[str], length: int, truncation: str = "head") -> list[str]:
    """Keep `length` tokens of a longer text: its head, its tail, or half of each (`both`).

    Reviews sum up at their end, and messages say what they want at their start.

    Raises:
        SettingsError: there is no such truncation.

    Example:
        >>> [truncate(list("abcdefg"), 3, how) for how in TRUNCATIONS]
        [['a', 'b', 'c'], ['e', 'f', 'g'], ['a', 'f', 'g']]
    """
    one_of(truncation, TRUNCATIONS, "the truncation")
    if len(tokens) <= length:
        return tokens
    head = {"head": length, "tail": 0, "both": length // 2}[truncation]
    return tokens[:head] + tokens[len(tokens) - (length - head) :]


class _Stored(Stored):
    tokenizer: Text
    tokenizer_version: Text | None = None
    max_length: Count
    truncation: Literal["head", "tail", "both"] = "head"
    vocabulary: dict[str, Any]
    pieces: dict[str, Any] | None
    kind: Literal["spelling", "pairs", "triples"] | None = None
    beside: Annotated[int, Field(ge=0, le=10**4)] = 0


class TokenCounts:
    """How often each token of training texts was seen, and each run, for an encoder to be made of.

    Args:
        tokenizer: the name of the tokenizer.
        pieces: which pieces are learnt too: `spelling`, `pairs`, `triples`, or None.
        beside: how many cells of other columns stand before each text.
        most: the most tokens, and runs, that are kept; None for no limit.
    """

    def __init__(
        self, tokenizer: str, pieces: str | None = None, beside: int = 0, most: int | None = None
    ) -> None:
        self._tokenize, self.tokenizer = tokenizer_named(tokenizer), tokenizer_name(tokenizer)
        self.pieces, self.beside = pieces, beside
        self.tokens: Counts[str] = Counts(most)
        self.runs: Counts[Step] = Counts(most)

    def add(self, texts: Iterable[str]) -> None:
        """Count the tokens of texts."""
        split = (self._tokenize(after_cells(text, self.beside)) for text in texts)
        self.tokens.update(chain.from_iterable(map(self._running, split)))
        self.tokens.trim()
        self.runs.trim()

    def _running(self, tokens: list[str]) -> list[str]:
        if self.pieces and BEFORE[self.pieces]:  # the first token ends no run
            self.runs.update(islice(_steps(tokens, self.pieces), 1, None))
        return tokens

    def encoder(
        self,
        *,
        min_count: int,
        max_vocabulary: int | None,
        max_length: int,
        truncation: str,
        unknown: bool = True,
    ) -> "TextEncoder":
        """Make an encoder of what was counted; as `TextEncoder.fit` does."""
        lower: Counter[str] = Counter()
        for token, count in self.tokens.items():
            lower[token.lower()] += count
        most_frequent = partial(
            Vocabulary.from_counts, min_count=min_count, max_size=max_vocabulary
        )
        vocabulary, kind = most_frequent(lower, unknown=unknown), self.pieces
        # a piece never seen says nothing: it is left out, not made "unknown"
        known = most_frequent(self._pieces(kind), unknown=False) if kind else None
        return TextEncoder(
            self.tokenizer, vocabulary, known, max_length, truncation, kind, self.beside
        )

    def _pieces(self, kind: str) -> Counter[str]:
        found: Counter[str] = Counter()
        alone = (((token,), count) for token, count in self.tokens.items())
        for step, count in self.runs.items() if BEFORE[kind] else alone:
            for piece in PIECES[kind](step):
                found[piece] += count
        return found


@dataclass(frozen=True)
class TextEncoder:
    """Tokenize, look up, truncate.

    A text becomes one row of integers for each of its tokens; of a text longer than `max_length`,
    for those that `truncation` keeps. A row is the index of the token, in lower case, in the
    vocabulary and, where `pieces` is given, those of its pieces, counted on from the vocabulary's.
    Pieces are a token's case and character runs, by which a word never seen still speaks, or its
    pair with the token before, by which "not good" is not "good", and with it the triple of three.

    Args:
        tokenizer: the name of the tokenizer.
        vocabulary: the known tokens.
        pieces: the known pieces, or None.
        max_length: the number of tokens kept of a text.
        truncation: which tokens are kept of a longer one: `head`, `tail` or `both`.
        kind: of the pieces: `spelling`, `pairs`, `triples` (pairs among them), or None.
        beside: how many cells of other columns stand before a text; they are no tokens.

    Example:
        >>> encoder = TextEncoder.fit(["win a prize", "win it"], min_count=1)
        >>> encoder.encode(["a win"]).pad(np.array([0]), 3)[..., 0].tolist()
        [[3, 2, 0]]
    """

    tokenizer: str
    vocabulary: Vocabulary
    pieces: Vocabulary | None = None
    max_length: int = 256
    truncation: str = "head"
    kind: str | None = None
    beside: int = 0

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        tokenizer: str = "word",
        min_count: int = 2,
        max_vocabulary: int | None = None,
        max_length: int = 256,
        truncation: str = "head",
        pieces: str | None = None,
        unknown: bool = True,
        beside: int = 0,
    ) -> "TextEncoder":
        """Learn the vocabulary from texts, which must be training rows only.

        Args:
            texts: the training texts.
            tokenizer: the name of the tokenizer.
            min_count: how often a token (or piece) must be seen to be known.
            max_vocabulary: the most tokens known, None for no limit.
            max_length: the number of tokens kept of a text.
            truncation: which are kept of a longer one: `head`, `tail` or `both`.
            pieces: which pieces are learnt too: `spelling`, `pairs`, `triples`, or None.
            unknown: whether unknown tokens get an index of their own or are dropped.
            beside: how many cells of other columns stand before each text.
        """
        truncate([], max_length, truncation)
        counts = TokenCounts(tokenizer, pieces, beside=beside)
        counts.add(texts)
        return counts.encoder(
            min_count=min_count,
            max_vocabulary=max_vocabulary,
            max_length=max_length,
            truncation=truncation,
            unknown=unknown,
        )

    @classmethod
    def common(cls, encoders: Iterable["TextEncoder"]) -> "TextEncoder":
        """Know what all of these know: none of them then learns of tokens that only others saw."""
        first, *others = encoders
        vocabulary = first.vocabulary.common([other.vocabulary for other in others])
        pieces = first.pieces and first.pieces.common([o.pieces for o in others if o.pieces])
        return replace(first, vocabulary=vocabulary, pieces=pieces)

    def tokens(self, text: str) -> list[str]:
        """Give the tokens of a text that the model is shown."""
        return truncate(self.all_tokens(text), self.max_length, self.truncation)

    def all_tokens(self, text: str) -> list[str]:
        """Give the tokens of a text, however many."""
        tokens = tokenizer_named(self.tokenizer)(after_cells(text, self.beside))
        if not self.vocabulary.unknown:
            tokens = [token for token in tokens if token.lower() in self.vocabulary]
        return tokens

    def written(self, text: str) -> list[str]:
        """Give the tokens that the model is shown as the text has them: $500 is not $ 000.

        Example:
            >>> encoder = TextEncoder.fit(["win 100"], min_count=1)
            >>> encoder.tokens("Win 500"), encoder.written("Win 500")
            (['win', '000'], ['Win', '500'])
        """
        text = after_cells(text, self.beside)
        tokens, written = tokenizer_named(self.tokenizer)(text), as_written(self.tokenizer, text)
        if not self.vocabulary.unknown:
            pairs = zip(tokens, written, strict=True)
            written = [sign for token, sign in pairs if token.lower() in self.vocabulary]
        return truncate(written, self.max_length, self.truncation)

    def cut(self, texts: Iterable[str]) -> int:
        """Count the texts of which only a part is read."""
        return sum(len(self.all_tokens(text)) > self.max_length for text in texts)

    @property
    def part_read(self) -> str:
        """What is read of a text that is too long, in words."""
        half = self.max_length // 2
        return {
            "head": f"the first {self.max_length:,} tokens",
            "tail": f"the last {self.max_length:,} tokens",
            "both": f"the first {half:,} and the last {self.max_length - half:,} tokens",
        }[self.truncation]

    def encode(self, texts: Iterable[str]) -> Ragged:
        """Encode texts."""
        return self.encode_tokens(self.tokens(text) for text in texts)

    def encode_tokens(self, documents: Iterable[Sequence[str]]) -> Ragged:
        """Encode texts that are tokenized already."""
        rows: dict[Step, int] = {}
        codes, offsets = array("i"), array("q", [0])
        for tokens in documents:
            steps = _steps(tokens, self.kind)
            codes.extend([rows.setdefault(step, len(rows) + 1) for step in steps])
            offsets.append(len(codes))
        return Ragged(
            np.frombuffer(codes, np.int32) if codes else np.zeros(0, np.int32),
            np.frombuffer(offsets, np.int64),
            self._table(list(rows)),
        )

    def _table(self, steps: list[Step]) -> np.ndarray[Any, np.dtype[np.int32]]:
        table = np.zeros((len(steps) + 1, ids_per_token(self.kind)), np.int32)
        table[1:, 0] = self.vocabulary.encode(step[-1].lower() for step in steps)
        if self.pieces is not None and self.kind is not None:
            for row, step in enumerate(steps, start=1):
                known = self.pieces.encode(PIECES[self.kind](step))
                table[row, 1 : 1 + len(known)] = len(self.vocabulary) - 1 + np.array(known, int)
        return table

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` takes back."""
        return {
            "tokenizer": self.tokenizer,
            "tokenizer_version": tokenizer_version(self.tokenizer),
            "max_length": self.max_length,
            "truncation": self.truncation,
            "kind": self.kind,
            "vocabulary": self.vocabulary.to_json(),
            "pieces": None if self.pieces is None else self.pieces.to_json(),
            **({"beside": self.beside} if self.beside else {}),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "TextEncoder":
        """Rebuild what `to_json` gave.

        Raises:
            SettingsError: it is not what `to_json` gives.
        """
        former = {"kind": "spelling"} if stored.get("pieces") is not None else {}
        found = _Stored.model_validate(former | stored)
        pieces = None if found.pieces is None else Vocabulary.from_json(found.pieces)
        check_tokenizer_version(found.tokenizer, found.tokenizer_version)  # what to install, first
        tokenizer = tokenizer_name(found.tokenizer)
        if (pieces is None) != (found.kind is None) or (pieces is not None and pieces.unknown):
            raise SettingsError(
                f"an encoder must have pieces where it has a kind of them, and none of them for "
                f"what is unknown, but its kind is {found.kind!r} and its pieces are {pieces}."
            )
        vocabulary = Vocabulary.from_json(found.vocabulary)
        reads = found.max_length, found.truncation, found.kind, found.beside
        return cls(tokenizer, vocabulary, pieces, *reads)
