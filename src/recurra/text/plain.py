"""Texts without what two copies may differ in: case, signs, digits, and how a program wrote them.

Many texts are read at once: those of ASCII, which hold nothing that a program wrote otherwise, end
to end as bytes; the others one by one.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from recurra.arrays import Array
from recurra.text.decoding import decoded
from recurra.text.normalise import content_key, duplicate_key, normalise

__all__ = ["keys_and_plains", "plain"]

AT_ONCE = 4_096  # texts
_NUMBER = re.compile(r"\d+")
_NUMBER_OF_BYTES = re.compile(rb"\d+")
# HTML as `compose` and `decoded` leave it out, of many texts: none runs into the next line
_BREAK_OF_BYTES = re.compile(rb"<[bB][rR][\t\v-\r\x1c-\x1f ]*/?>")
_TAG_OF_BYTES = re.compile(rb"</?[a-zA-Z][^<>\n]{0,200}>")
_SIGNS = {number: " " for number in range(128) if not chr(number).isalnum()}
_BLANKS = bytes(number for number in range(128) if chr(number).isspace() and number != ord("\n"))
_LOWER = bytes(range(128)).lower() + bytes(range(128, 256))
_LETTERS = bytes(
    b if (chr(b).isalnum() and b < 128) or b == ord("\n") else ord(" ") for b in range(256)
).lower()


def plain(text: str) -> str:
    """Give the letters of a text, composed ones taken apart, and 0 for each number.

    What a program wrote in another way is read: HTML, mojibake, links, base64 (`decoding`).

    Example:
        >>> plain("Caf\\u00c3\\u00a9 &amp; Bar: 20 % off!<br>"), len(plain("한글"))
        ('cafe\\u0301 bar 0 off', 6)
    """
    text = decoded(text)
    if text.isascii():
        text = text.lower().translate(_SIGNS)
    else:
        text = unicodedata.normalize("NFD", normalise(text))
        text = _no_letters().sub(" ", text)
    return " ".join(_NUMBER.sub("0", text).split())


@cache
def _no_letters() -> re.Pattern[str]:
    """Give what stands between words. Marks belong to letters: in many scripts they are vowels."""
    marks = [c for c in map(chr, range(0x300, 0x20000)) if unicodedata.category(c)[0] == "M"]
    return re.compile(f"[^\\w{''.join(marks)}]|_")


def keys_and_plains(texts: Sequence[str] | Array) -> tuple[list[int], list[str]]:
    """Give `duplicate_key` and `plain` of each text.

    Example:
        >>> keys, plains = keys_and_plains(["Win £100 now", "Call 100 &amp; win!"])
        >>> keys[0] == duplicate_key("win £5 now"), plains
        (True, ['win 0 now', 'call 0 win'])
    """
    keys, plains = [0] * len(texts), [""] * len(texts)
    for begin in range(0, len(texts), AT_ONCE):
        simple = []
        for number, text in enumerate(texts[begin : begin + AT_ONCE], start=begin):
            if _is_simple(text):
                simple.append(number)
            else:
                keys[number], plains[number] = duplicate_key(text), plain(text)
        read = _of_simple([texts[number] for number in simple])
        for number, key, letters in zip(simple, *read, strict=True):
            keys[number], plains[number] = key, letters
    return keys, plains


def _is_simple(text: str) -> bool:
    """Say whether a text is of ASCII, and `decoded` would leave all but HTML's tags as it is."""
    return (
        text.isascii()
        and " " in text  # else it may be of a link, or base64
        and not ("&" in text or "\\" in text or "=" in text or "\n" in text)
    )


def _of_simple(texts: list[str]) -> tuple[list[int], list[str]]:
    if not texts:
        return [], []
    joined = "\n".join(texts).encode("ascii")
    seen, said = (
        _NUMBER_OF_BYTES.sub(b"0", each)
        for each in (_BREAK_OF_BYTES.sub(b" ", joined), _TAG_OF_BYTES.sub(b" ", joined))
    )
    looked = seen.translate(_LOWER, _BLANKS).split(b"\n")
    letters = said.translate(_LETTERS).decode("ascii").split("\n")
    return [content_key(text) for text in looked], [" ".join(text.split()) for text in letters]
