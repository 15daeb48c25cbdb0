"""From a text to a list of tokens. Each tokenizer does its own normalisation."""

import re
import unicodedata
from collections.abc import Callable

from recurra.errors import SettingsError
from recurra.text.normalise import mask_digits, normalise

__all__ = [
    "TOKENIZERS",
    "Tokenizer",
    "cased_words",
    "characters",
    "lecture_words",
    "tokenizer_named",
    "words",
]

Tokenizer = Callable[[str], list[str]]

# letters (an apostrophe may join them), or a run of digits, or one sign
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\w\s]|_")
_SPACE = re.compile(r"\s+")
_LECTURE_FILTER = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


def words(text: str) -> list[str]:
    """Split into words, numbers (digits masked) and single signs. Korean splits at spaces.

    Example:
        >>> words("FREE! Don't wait, 무료 상담 1588")
        ['free', '!', "don't", 'wait', ',', '무료', '상담', '0000']
    """
    return _WORD.findall(mask_digits(normalise(text)))


def cased_words(text: str) -> list[str]:
    """Split as `words` does, but leave the case: shouting is a sign of its own.

    Example:
        >>> cased_words("WIN 5 now")
        ['WIN', '0', 'now']
    """
    return _WORD.findall(mask_digits(unicodedata.normalize("NFKC", text)))


def characters(text: str) -> list[str]:
    """Split into characters (Korean: syllables), digits masked, spacing squeezed to one space.

    Example:
        >>> characters("Hi 5 하나")
        ['h', 'i', ' ', '0', ' ', '하', '나']
    """
    return list(_SPACE.sub(" ", mask_digits(normalise(text)).strip()))


def lecture_words(text: str) -> list[str]:
    """Split on spaces after lowering the case and filtering punctuation; the apostrophe stays.

    The rule of `keras.preprocessing.text.Tokenizer`, which the lecture uses.

    Example:
        >>> lecture_words("Don't wait... call 08001!")
        ["don't", 'wait', 'call', '08001']
    """
    return [word for word in text.lower().translate(_LECTURE_FILTER).split(" ") if word]


TOKENIZERS: dict[str, Tokenizer] = {
    "words": words,
    "cased-words": cased_words,
    "characters": characters,
    "lecture-words": lecture_words,
}


def tokenizer_named(name: str) -> Tokenizer:
    """Give the tokenizer of that name.

    Raises:
        SettingsError: there is none of that name.
    """
    try:
        return TOKENIZERS[name]
    except KeyError:
        raise SettingsError(
            f"the tokenizer must be one of {', '.join(TOKENIZERS)}, but {name!r} was given"
        ) from None
