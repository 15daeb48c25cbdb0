"""One object from text to integers, the same in training and in prediction."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from recurra.sequences import Ragged
from recurra.text.tokenizers import tokenizer_named
from recurra.text.vocabulary import Vocabulary

__all__ = ["TextEncoder"]

PIECES_PER_TOKEN = 13  # a longer word keeps its first pieces
CAPITALS, CAPITAL = "capitals", "capital"  # longer than any run of characters, so never one


def pieces_of(token: str) -> list[str]:
    """Give what a token's spelling says: its case, and its runs of 2 and 3 characters.

    Example:
        >>> pieces_of("WIN")
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


@dataclass(frozen=True)
class TextEncoder:
    """Tokenize, look up, truncate.

    A text becomes one row of integers for each of its first `max_length` tokens (what comes after
    is dropped): the index of the token, in lower case, in the vocabulary and, where `pieces` is
    given, those of its case and character runs, counted on from the vocabulary's: a word never
    seen still speaks by its spelling.

    Args:
        tokenizer: the name of the tokenizer.
        vocabulary: the known tokens.
        pieces: the known character runs, or None.
        max_length: the number of tokens kept from the start of a text.

    Example:
        >>> encoder = TextEncoder.fit(["win a prize", "win it"], min_count=1)
        >>> encoder.encode(["a win"]).pad(np.array([0]), 3)[..., 0].tolist()
        [[3, 2, 0]]
    """

    tokenizer: str
    vocabulary: Vocabulary
    pieces: Vocabulary | None = None
    max_length: int = 256

    @classmethod
    def fit(
        cls,
        texts: Iterable[str],
        *,
        tokenizer: str = "words",
        min_count: int = 2,
        max_vocabulary: int | None = None,
        max_length: int = 256,
        with_pieces: bool = False,
        unknown: bool = True,
    ) -> "TextEncoder":
        """Learn the vocabulary from texts, which must be training rows only.

        Args:
            texts: the training texts.
            tokenizer: the name of the tokenizer.
            min_count: how often a token (or piece) must be seen to be known.
            max_vocabulary: the most tokens known, None for no limit.
            max_length: the number of tokens kept from the start of a text.
            with_pieces: whether character runs are learnt too.
            unknown: whether unknown tokens get an index of their own or are dropped.
        """
        tokenize = tokenizer_named(tokenizer)
        counts = Counter(chain.from_iterable(map(tokenize, texts)))
        lower: Counter[str] = Counter()
        for token, count in counts.items():
            lower[token.lower()] += count
        vocabulary = Vocabulary.from_counts(
            lower, min_count=min_count, max_size=max_vocabulary, unknown=unknown
        )
        if not with_pieces:
            return cls(tokenizer, vocabulary, None, max_length)
        piece_counts: Counter[str] = Counter()
        for token, count in counts.items():
            for piece in pieces_of(token):
                piece_counts[piece] += count
        # a piece never seen says nothing: it is left out, not made "unknown"
        pieces = Vocabulary.from_counts(
            piece_counts, min_count=min_count, max_size=max_vocabulary, unknown=False
        )
        return cls(tokenizer, vocabulary, pieces, max_length)

    @classmethod
    def common(cls, encoders: Iterable["TextEncoder"]) -> "TextEncoder":
        """Know what all of these know: none of them then learns of tokens that only others saw."""
        first, *others = encoders
        vocabulary = first.vocabulary.common([other.vocabulary for other in others])
        pieces = first.pieces and first.pieces.common([o.pieces for o in others if o.pieces])
        return cls(first.tokenizer, vocabulary, pieces, first.max_length)

    def tokens(self, text: str) -> list[str]:
        """Give the tokens of a text that the model is shown."""
        tokens = tokenizer_named(self.tokenizer)(text)
        if not self.vocabulary.unknown:
            tokens = [token for token in tokens if token.lower() in self.vocabulary]
        return tokens[: self.max_length]

    def encode(self, texts: Iterable[str]) -> Ragged:
        """Encode texts."""
        return self.encode_tokens(self.tokens(text) for text in texts)

    def encode_tokens(self, documents: Iterable[Sequence[str]]) -> Ragged:
        """Encode texts that are tokenized already."""
        rows: dict[str, int] = {}
        codes, offsets = array("i"), array("q", [0])
        for tokens in documents:
            codes.extend([rows.setdefault(token, len(rows) + 1) for token in tokens])
            offsets.append(len(codes))
        return Ragged(
            np.frombuffer(codes, np.int32) if codes else np.zeros(0, np.int32),
            np.frombuffer(offsets, np.int64),
            self._table(list(rows)),
        )

    @property
    def features(self) -> int:
        """The number of integers for each token."""
        return 1 if self.pieces is None else 1 + PIECES_PER_TOKEN

    def _table(self, tokens: list[str]) -> np.ndarray[Any, np.dtype[np.int32]]:
        table = np.zeros((len(tokens) + 1, self.features), np.int32)
        table[1:, 0] = self.vocabulary.encode(token.lower() for token in tokens)
        if self.pieces is not None:
            for row, token in enumerate(tokens, start=1):
                known = self.pieces.encode(pieces_of(token))
                table[row, 1 : 1 + len(known)] = len(self.vocabulary) - 1 + np.array(known, int)
        return table

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` takes back."""
        return {
            "tokenizer": self.tokenizer,
            "max_length": self.max_length,
            "vocabulary": self.vocabulary.to_json(),
            "pieces": None if self.pieces is None else self.pieces.to_json(),
        }

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "TextEncoder":
        """Rebuild what `to_json` gave."""
        pieces = stored["pieces"]
        return cls(
            stored["tokenizer"],
            Vocabulary.from_json(stored["vocabulary"]),
            None if pieces is None else Vocabulary.from_json(pieces),
            stored["max_length"],
        )
