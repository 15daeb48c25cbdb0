"""The tokens a model knows, each with its index."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from recurra.errors import SettingsError
from recurra.stored import Distinct, Stored

__all__ = ["Vocabulary"]


class _Stored(Stored):
    unknown: bool
    tokens: Distinct


class Vocabulary:
    """A fixed list of tokens: index 0 is padding, index 1 (when `unknown`) any other token.

    Fit it on training rows only, store it as JSON, and use the same object for prediction:
    indices then cannot drift apart.

    Args:
        tokens: distinct tokens, in the order of their indices.
        unknown: whether tokens outside the vocabulary get index 1; without it they are dropped.

    Example:
        >>> vocabulary = Vocabulary.fit([["a", "b"], ["b", "c"]], min_count=2)
        >>> len(vocabulary), vocabulary.encode(["b", "z"])
        (3, [2, 1])
    """

    def __init__(self, tokens: Sequence[str], *, unknown: bool = True) -> None:
        self.tokens = tuple(tokens)
        self.unknown = unknown
        first = 2 if unknown else 1
        self._index = {token: first + i for i, token in enumerate(self.tokens)}
        if len(self._index) != len(self.tokens):
            raise SettingsError("the tokens of a vocabulary must be distinct; some came twice")

    @classmethod
    def fit(
        cls,
        documents: Iterable[Sequence[str]],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        unknown: bool = True,
    ) -> "Vocabulary":
        """Count the tokens of the documents, then do as `from_counts`."""
        counts = Counter(chain.from_iterable(documents))
        return cls.from_counts(counts, min_count=min_count, max_size=max_size, unknown=unknown)

    @classmethod
    def from_counts(
        cls,
        counts: Mapping[str, int],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        unknown: bool = True,
    ) -> "Vocabulary":
        """Keep the tokens seen at least `min_count` times, the most frequent `max_size` of them.

        Ties are broken by the token itself, so the same rows in any order give the same indices.
        """
        kept = [(-count, token) for token, count in counts.items() if count >= min_count]
        return cls([token for _, token in sorted(kept)[:max_size]], unknown=unknown)

    def common(self, others: Sequence["Vocabulary"]) -> "Vocabulary":
        """Keep the tokens that all the others know, too."""
        kept = [token for token in self.tokens if all(token in other for other in others)]
        return Vocabulary(kept, unknown=self.unknown)

    def __len__(self) -> int:
        """Count the indices: tokens, padding and, if there is one, the unknown index."""
        return len(self.tokens) + (2 if self.unknown else 1)

    def __contains__(self, token: object) -> bool:
        return token in self._index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.tokens, self.unknown))

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} indices, unknown={self.unknown})"

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Give the index of each token; unknown tokens become 1, or are dropped without it."""
        if self.unknown:
            return [self._index.get(token, 1) for token in tokens]
        return [self._index[token] for token in tokens if token in self._index]

    def to_json(self) -> dict[str, Any]:
        """Give what `from_json` takes back."""
        return {"unknown": self.unknown, "tokens": list(self.tokens)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Vocabulary":
        """Rebuild what `to_json` gave."""
        found = _Stored.model_validate(stored)
        return cls(found.tokens, unknown=found.unknown)
