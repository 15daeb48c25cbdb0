"""Between a text and its tokens, both ways: what a network that writes needs."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recurra.errors import SettingsError
from recurra.names import one_of
from recurra.text.vocabulary import Vocabulary

__all__ = [
    "BEGIN",
    "END",
    "LEVELS",
    "Level",
    "cut_lines",
    "level_named",
    "stored_writing_vocabulary",
    "writing_vocabulary",
]

BEGIN, END = "\x02", "\x03"  # Unicode's "start of text" and "end of text"
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_CLOSING = re.compile(r" (?=[.,!?;:%)\]}…])")


@dataclass(frozen=True)
class Level:
    """What a token is.

    Args:
        name: of the level.
        split: from a text to its tokens.
        join: from tokens to a text.
    """

    name: str
    split: Callable[[str], list[str]]
    join: Callable[[Sequence[str]], str]


def _characters(text: str) -> list[str]:
    return list(" ".join(unicodedata.normalize("NFC", text).split()))


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text))


def _joined_words(tokens: Sequence[str]) -> str:
    return _CLOSING.sub("", " ".join(tokens))


LEVELS = {
    "characters": Level("characters", _characters, "".join),
    "words": Level("words", _words, _joined_words),
}


def level_named(name: str) -> Level:
    """Give the level of that name: "characters" (Korean: syllables) or "words" (and signs).

    Raises:
        SettingsError: there is none of that name.

    Example:
        >>> words = level_named("words")
        >>> words.split("It's 3 o'clock, 벌써?"), words.join(["벌써", "?"])
        (["It's", '3', "o'clock", ',', '벌써', '?'], '벌써?')
    """
    return LEVELS[one_of(name, LEVELS, "the level")]


def cut_lines(lines: Iterable[str], level: str, most: int, what: str = "lines") -> list[str]:
    """Say how many lines are longer than what is read of one; nothing where none is.

    Example:
        >>> cut_lines(["abc", "a"], "characters", 2)
        ['1 of 2 lines are longer than what is read of one: of those, only the first 2 tokens.']
    """
    split = level_named(level).split
    longer = [len(split(line)) > most for line in lines]
    said = f"{sum(longer):,} of {len(longer):,} {what} are longer than what is read of one"
    return [f"{said}: of those, only the first {most:,} tokens."] if any(longer) else []


def writing_vocabulary(documents: Sequence[Sequence[str]], min_count: int) -> Vocabulary:
    """Give a vocabulary that knows the begin (index 2), the end (index 3) and frequent tokens."""
    found = Vocabulary.fit(documents, min_count=min_count)
    return Vocabulary([BEGIN, END, *(token for token in found.tokens if token not in (BEGIN, END))])


def stored_writing_vocabulary(stored: Mapping[str, Any]) -> Vocabulary:
    """Rebuild such a vocabulary from what its `to_json` gave.

    Raises:
        SettingsError: it does not begin with the begin and the end.
    """
    found = Vocabulary.from_json(stored)
    if not found.unknown or found.tokens[:2] != (BEGIN, END):
        raise SettingsError(
            "the vocabulary of a network that writes must begin with the signs for begin and end, "
            f"but it begins with {list(found.tokens[:2])}."
        )
    return found
