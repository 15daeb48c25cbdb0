"""Hangul as the keys of a keyboard that write it, and the syllables that these make."""

import re
import unicodedata
from functools import cache

__all__ = ["keystrokes", "syllables"]

_FIRST = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_LAST = "ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_SYLLABLES, _VOWELS = 0xAC00, 0x314F

_LETTERS = (
    *range(0x1100, 0x1113),  # at a beginning
    *range(0x1161, 0x1176),  # within
    *range(0x11A8, 0x11C3),  # at an end
    *range(0x3131, 0x3164),  # alone
    *range(0xFFA1, 0xFFBF),  # narrow
    *range(0xFFC2, 0xFFDD),
)
# letters that two keys write, one after the other
_TWO_KEYS = {
    "ㅘ": "ㅗㅏ",
    "ㅙ": "ㅗㅐ",
    "ㅚ": "ㅗㅣ",
    "ㅝ": "ㅜㅓ",
    "ㅞ": "ㅜㅔ",
    "ㅟ": "ㅜㅣ",
    "ㅢ": "ㅡㅣ",
    "ㄳ": "ㄱㅅ",
    "ㄵ": "ㄴㅈ",
    "ㄶ": "ㄴㅎ",
    "ㄺ": "ㄹㄱ",
    "ㄻ": "ㄹㅁ",
    "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ",
    "ㅄ": "ㅂㅅ",
}


def keystrokes(text: str) -> str:
    """Give the letters of Hangul one by one, as the keys that write them; other signs as they are.

    A syllable, its letters apart as some systems write them, letters that stand alone and narrow
    ones are all the same: what a program made of a text does not matter.

    Example:
        >>> keystrokes("한글"), keystrokes("ㅎㅏㄴㄱㅡㄹ"), keystrokes("왜 A")
        ('ㅎㅏㄴㄱㅡㄹ', 'ㅎㅏㄴㄱㅡㄹ', 'ㅇㅗㅐ A')
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFD", text).translate(_keys())


@cache
def _keys() -> dict[int, str]:
    """Give the keys of each letter of Hangul: at a beginning, within, at an end, alone, narrow."""
    found = {}
    for number in _LETTERS:
        name = unicodedata.name(chr(number), "").rpartition(" ")[2]
        letter = unicodedata.lookup(f"HANGUL LETTER {name}") if name else chr(number)
        found[number] = _TWO_KEYS.get(letter, letter)
    return found


def syllables(text: str) -> str:
    """Give the syllables that letters of Hangul make where they stand one by one.

    Example:
        >>> syllables("ㅎㅏㄴㄱㅡㄹ ㄷㅏㄹㄱㅇㅣ ㅇㅗㅐ"), syllables("ㅋㅋㅋ")
        ('한글 닭이 왜', 'ㅋㅋㅋ')
    """
    return _syllable().sub(_made, keystrokes(text))


def _made(found: re.Match[str]) -> str:
    one_key = {keys: letter for letter, keys in _TWO_KEYS.items()}
    first, vowel, last = (one_key.get(keys, keys) for keys in found.groups(""))
    place = _FIRST.index(first) * 588 + (ord(vowel) - _VOWELS) * 28
    return chr(_SYLLABLES + place + (_LAST.index(last) + 1 if last else 0))


@cache
def _syllable() -> re.Pattern[str]:
    """Give a first letter, a vowel, and what no vowel follows."""
    vowels = "|".join(keys for letter, keys in _TWO_KEYS.items() if letter >= "ㅏ")
    ends = "|".join(keys for letter, keys in _TWO_KEYS.items() if letter < "ㅏ")
    return re.compile(f"([{_FIRST}])({vowels}|[ㅏ-ㅣ])(?:((?:{ends})|[{_LAST}])(?![ㅏ-ㅣ]))?")
