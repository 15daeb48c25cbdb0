"""Korean particles, whose form depends on how the word before them ends when it is read aloud.

::

    모델이  네트워크가      이/가        a final consonant takes the first form
    모델을  네트워크를      을/를
    모델로  파일로  이름으로  으로/로     ㄹ at the end goes with no consonant here
"""

import re
from typing import Literal

__all__ = ["PARTICLES", "ending", "with_particle"]

Ending = Literal["", "ㄹ", "consonant"]
PARTICLES = (
    *("은/는", "이/가", "을/를", "과/와", "으로/로"),
    *("이라/라", "이나/나", "이며/며", "이란/란"),
)

_FINALS = 28  # Hangul syllables of each beginning: without a final consonant, then with each of 27
_RIEUL = 8
_DIGITS: dict[str, Ending] = dict(
    zip(
        "0123456789",
        ("consonant", "ㄹ", "", "consonant", "", "", "consonant", "ㄹ", "ㄹ", ""),
        strict=True,
    )
)  # 영 일 이 삼 사 오 육 칠 팔 구
_LETTERS: dict[str, Ending] = {"l": "ㄹ", "r": "ㄹ", "m": "consonant", "n": "consonant"}
_SIGNS: dict[str, str] = {"%": "퍼센트", "±": "플러스마이너스", "€": "유로", "$": "달러"}
_UNREAD = re.compile(r"[^0-9A-Za-z가-힣ㄱ-ㅣ%€$±]+$")
_IN_BRACKETS = re.compile(r"[(\[][^()\[\]]*[)\]]\s*$")


def with_particle(word: str, particle: str) -> str:
    """Give a word with the form of a particle that goes with it.

    Args:
        word: anything, a name, a number; brackets and quotes at its end are not read.
        particle: both forms, such as "을/를": the first after a final consonant.

    Example:
        >>> with_particle("모델", "을/를"), with_particle("gru", "을/를")
        ('모델을', 'gru를')
    """
    closed, _, open_ = particle.partition("/")
    end = ending(word)
    if end is None:
        return f"{word}{closed}({open_})"
    as_open = end == "" or (end == "ㄹ" and closed == "으로")
    return word + (open_ if as_open else closed)


def ending(word: str) -> Ending | None:
    """Say how a word ends when it is read aloud: in a vowel, in ㄹ, in another consonant.

    Returns:
        "", "ㄹ" or "consonant"; None where nothing in it can be read.
    """
    read = _read(word)
    if not read:
        return None
    last = read[-1]
    if last in _SIGNS:
        last = _SIGNS[last][-1]
    if "가" <= last <= "힣":
        final = (ord(last) - ord("가")) % _FINALS
        return "ㄹ" if final == _RIEUL else "consonant" if final else ""
    if last.isdigit():
        return _of_number(read)
    if last in "ㄱㄲㄳㄴㄵㄶㄷㄸㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅃㅄㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ":
        return "ㄹ" if last == "ㄹ" else "consonant"
    return _of_latin(read) if last.isascii() else ""


def _read(word: str) -> str:
    """Leave out what is not read aloud at the end: quotes, points, what stands in brackets."""
    word = _UNREAD.sub("", word) if not word.rstrip().endswith((")", "]")) else word
    without = _IN_BRACKETS.sub("", word)
    if without != word and _UNREAD.sub("", without):
        return _read(without)
    return _UNREAD.sub("", word)


def _of_number(read: str) -> Ending:
    """Read a number: 십, 백, 천, 만 and 억 end as 영 does, but 조 in a vowel."""
    number = re.search(r"[\d,]*(\.\d+)?$", read)
    assert number is not None
    digits = number[0].replace(",", "")
    zeros = len(digits) - len(digits.rstrip("0"))
    if number[1] is None and 12 <= zeros < min(16, len(digits)):
        return ""
    return _DIGITS[read[-1]]


def _of_latin(read: str) -> Ending:
    word = re.search(r"[A-Za-z]+$", read)
    assert word is not None
    last = word[0][-1].casefold()
    if word[0].isupper() or len(word[0]) == 1 or not re.search("[aeiouy]", word[0].casefold()):
        return _LETTERS.get(last, "")  # letters read one by one: 엘 엠 엔 알, and vowels else
    if word[0].casefold().endswith("ng"):
        return "consonant"
    if last in "lmn":
        return _LETTERS[last]
    short = re.fullmatch("[^aeiouy]*[aeiou][bckpt]", word[0].casefold())
    return "consonant" if short else ""
