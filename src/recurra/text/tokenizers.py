"""From a text to a list of tokens. Each tokenizer does its own normalisation.

============ ======================================================= ==========================
name         a token is                                              "영화 좋다 ㅋㅋ OK" becomes
============ ======================================================= ==========================
word         a word, a number or one sign; Korean splits at spaces   영화 / 좋다 / ㅋㅋ / ok
cased-word   the same, the case left                                 영화 / 좋다 / ㅋㅋ / OK
char         one character, the space too                            영 / 화 / · / 좋 / 다 / · …
syllable     a Hangul syllable or letter; else as word               영 / 화 / 좋 / 다 / ㅋ / …
jamo         one letter of a syllable, one character, the space too  ᄋ / ᅧ / ᆼ / ᄒ / ᅪ / · …
kiwi         a Korean morpheme, as Kiwi finds it                     영화 / 좋 / 다 / ㅋㅋ / …
lecture-word what keras.preprocessing.text.Tokenizer gives           영화 / 좋다 / ㅋㅋ / ok
============ ======================================================= ==========================
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from sys import intern
from typing import Any

from recurra.errors import BundleError, SettingsError
from recurra.extras import how_to_install
from recurra.names import one_of
from recurra.text.normalise import compose, mask_digits, normalise, squeeze

__all__ = [
    "TOKENIZERS",
    "Tokenizer",
    "as_written",
    "cased_words",
    "characters",
    "check_tokenizer_version",
    "jamo",
    "kiwi",
    "lecture_words",
    "syllables",
    "tokenizer_name",
    "tokenizer_named",
    "tokenizer_version",
    "words",
]

Tokenizer = Callable[[str], list[str]]

# letters (an apostrophe may join them), or a run of digits, or one sign
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\w\s]|_")
_HANGUL = "\u1100-\u11ff\u3131-\u318e가-힣"
_SYLLABLE = re.compile(rf"[{_HANGUL}]|[^\W\d_{_HANGUL}]+(?:['’][^\W\d_{_HANGUL}]+)*|\d+|[^\w\s]|_")
_SPACE = re.compile(r"\s+")
_WORDS = _WORD.findall
_LECTURE_FILTER = str.maketrans(dict.fromkeys('!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n', " "))


def words(text: str) -> list[str]:
    """Split into words, numbers (digits masked) and single signs. Korean splits at spaces.

    Example:
        >>> words("FREE! Don't wait, 무료 상담 1588")
        ['free', '!', "don't", 'wait', ',', '무료', '상담', '0000']
    """
    return _WORDS(mask_digits(normalise(text)))


def cased_words(text: str) -> list[str]:
    """Split as `words` does, but leave the case: shouting is a sign of its own.

    Example:
        >>> cased_words("WIN 5 now")
        ['WIN', '0', 'now']
    """
    return _WORDS(mask_digits(compose(text)))


def characters(text: str) -> list[str]:
    """Split into characters (Korean: syllables), digits masked, spaces and repeats squeezed.

    Example:
        >>> characters("Hi 5 하나")
        ['h', 'i', ' ', '0', ' ', '하', '나']
    """
    return _characters(mask_digits(normalise(text)))


def syllables(text: str) -> list[str]:
    """Split Korean into syllables and letters, all else as `words` does; repeats are squeezed.

    Example:
        >>> syllables("영화 ㅋㅋㅋㅋㅋ Don't 10")
        ['영', '화', 'ㅋ', 'ㅋ', 'ㅋ', "don't", '00']
    """
    return _syllables(mask_digits(normalise(text)))


def jamo(text: str) -> list[str]:
    """Split into characters, and each Hangul syllable into its letters (conjoining, NFD).

    First and last consonants are different tokens, so joined and composed (NFC) the tokens are
    the characters again.

    Example:
        >>> [hex(ord(letter)) for letter in jamo("한")]
        ['0x1112', '0x1161', '0x11ab']
    """
    return _jamo(mask_digits(normalise(text)))


def kiwi(text: str) -> list[str]:
    """Split Korean into morphemes with Kiwi (the `korean` extra).

    Raises:
        SettingsError: Kiwi is not installed.
    """
    return list(_morphemes(squeeze(mask_digits(normalise(text)))))


def lecture_words(text: str) -> list[str]:
    """Split on spaces after lowering the case and filtering punctuation; the apostrophe stays.

    The rule of `keras.preprocessing.text.Tokenizer`, which the lecture uses.

    Example:
        >>> lecture_words("Don't wait... call 08001!")
        ["don't", 'wait', 'call', '08001']
    """
    return _lecture_words(text.lower())


def as_written(name: str, text: str) -> list[str]:
    """Give the tokens of a text with its own digits and capitals, one for each of the tokenizer.

    Where they cannot be told one by one, as a run of letters that was cut or a morpheme, the tokens
    themselves are given.

    Example:
        >>> as_written("word", "WIN $500!"), words("WIN $500!")
        (['WIN', '$', '500', '!'], ['win', '$', '000', '!'])
    """
    tokens = tokenizer_named(name)(text)
    split = _SPLITS.get(tokenizer_name(name))
    written = tokens if split is None else split(compose(text))
    plain, asked = ([mask_digits(sign).lower() for sign in signs] for signs in (written, tokens))
    return written if plain == asked else tokens


def _characters(text: str) -> list[str]:
    return list(_SPACE.sub(" ", squeeze(text).strip()))


def _syllables(text: str) -> list[str]:
    return _SYLLABLE.findall(squeeze(text))


def _jamo(text: str) -> list[str]:
    return list(unicodedata.normalize("NFD", "".join(_characters(text))))


def _lecture_words(text: str) -> list[str]:
    return [word for word in text.translate(_LECTURE_FILTER).split(" ") if word]


TOKENIZERS: dict[str, Tokenizer] = {
    "word": words,
    "cased-word": cased_words,
    "char": characters,
    "syllable": syllables,
    "jamo": jamo,
    "kiwi": kiwi,
    "lecture-word": lecture_words,
}
# how each splits a text that is normalised; Kiwi is asked about normalised texts alone
_SPLITS: dict[str, Tokenizer] = {
    "word": _WORDS,
    "cased-word": _WORDS,
    "char": _characters,
    "syllable": _syllables,
    "jamo": _jamo,
    "lecture-word": _lecture_words,
}
FORMER_NAMES = {
    "words": "word",
    "cased-words": "cased-word",
    "characters": "char",
    "lecture-words": "lecture-word",
}


def tokenizer_name(name: str) -> str:
    """Give the name as it is now, also of a name that earlier versions used.

    Raises:
        SettingsError: there is none of that name, or what it needs is not installed.
    """
    name = FORMER_NAMES.get(name, name)
    one_of(name, TOKENIZERS, "the tokenizer")
    if name == "kiwi":
        tokenizer_version(name)
    return name


def tokenizer_named(name: str) -> Tokenizer:
    """Give the tokenizer of that name.

    Raises:
        SettingsError: there is none of that name, or what it needs is not installed.
    """
    return TOKENIZERS[tokenizer_name(name)]


def tokenizer_version(name: str) -> str | None:
    """Give the version of the analyser behind a tokenizer, None where there is none.

    Raises:
        SettingsError: the analyser is not installed.
    """
    if name != "kiwi":
        return None
    try:
        return f"kiwipiepy {version('kiwipiepy')}, kiwipiepy_model {version('kiwipiepy_model')}"
    except PackageNotFoundError:
        raise SettingsError(
            "the tokenizer kiwi needs Kiwi, a Korean analyser, but it is not installed. "
            f"Install it: {how_to_install('korean')}"
        ) from None


def check_tokenizer_version(name: str, stored: str | None) -> None:
    """Make sure that texts are split as they were when a model was trained.

    Raises:
        BundleError: the analyser here is of another version, or there is none.
    """
    try:
        here = tokenizer_version(name)
    except SettingsError as error:
        if stored is None:
            raise BundleError(str(error)) from None
        here = "none"
    if here != stored:
        raise BundleError(
            f"a model must read texts split as in its training, by {stored}, but here is {here}. "
            f"Install that: pip install {str(stored).replace(' ', '==').replace(',==', ' ')}"
        )


@lru_cache(maxsize=1 << 18)  # a training asks for each text several times, and Kiwi takes its time
def _morphemes(text: str) -> tuple[str, ...]:
    return tuple(intern(morpheme.form) for morpheme in _kiwi().tokenize(text))


@cache
def _kiwi() -> Any:
    tokenizer_version("kiwi")
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)
