"""One spelling for texts that mean the same."""

import hashlib
import re
import unicodedata

__all__ = [
    "compose",
    "content_key",
    "duplicate_key",
    "mask_digits",
    "normalise",
    "squeeze",
    "visible",
]

_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\d+")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# soft hyphens, zero-width spaces and joiners, directions, byte order marks, variation selectors,
# tags, and the fillers of Hangul: nobody sees them
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NO_LETTERS = re.compile(r"[^\u3131-\u318e]+")  # all but Hangul letters that stand alone
_REPEATED = re.compile(r"([^\d\s])\1{3,}")


def visible(text: str) -> str:
    """Leave out the signs that nobody sees: with one between its letters a word is the same word.

    Example:
        >>> visible("fr\\u200bee\\ufeff")
        'free'
    """
    return text if text.isascii() else _INVISIBLE.sub("", text)


def compose(text: str) -> str:
    """Give the composed form (NFKC), with `<br />`, HTML's line break, as a space.

    What nobody sees (`visible`) is left out.

    NFKC joins Hangul letters into syllables (a file from a Mac may hold them apart), and maps
    full-width and circled forms, which spam uses to slip past filters, to plain ones. Letters that
    stand alone, as in laughter, stay as they are: NFKC would make syllables of their runs.

    Example:
        >>> compose("ＦＲＥＥ 하<br />ㅋㅋㅠㅠ")
        'FREE 하 ㅋㅋㅠㅠ'
    """
    if text.isascii():  # of which all is seen, and composed
        return _BREAK.sub(" ", text) if "<" in text else text
    text = _BREAK.sub(" ", visible(text))
    return _NO_LETTERS.sub(lambda run: unicodedata.normalize("NFKC", run[0]), text)


def normalise(text: str) -> str:
    """Compose and lower the case.

    Example:
        >>> normalise("ＦＲＥＥ 하")
        'free 하'
    """
    return compose(text).lower()


def squeeze(text: str) -> str:
    """Cut runs of more than three of one sign, digits aside, to three: longer says no more.

    Example:
        >>> squeeze("ㅋㅋㅋㅋㅋㅋ sooooo 10000 !!")
        'ㅋㅋㅋ sooo 10000 !!'
    """
    return _REPEATED.sub(r"\1\1\1", text)


def mask_digits(text: str) -> str:
    """Replace each digit by 0: a number is known by its length, not by its value.

    Example:
        >>> mask_digits("call 1588-1234")
        'call 0000-0000'
    """
    return _DIGIT.sub("0", text)


def duplicate_key(text: str) -> int:
    """Give one 64-bit number to all texts that look equal but for digits, case and spacing.

    Two rows with one key must not stand on both sides of a split: the model would be asked about
    a message that it has seen.

    Example:
        >>> duplicate_key("Win £100 now") == duplicate_key("WIN  £2500 NOW ")
        True
    """
    return content_key("".join(_DIGITS.sub("0", normalise(text)).split()))


def content_key(content: str | bytes) -> int:
    """Give a 64-bit number that tells a content again, in another file and on another machine."""
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
