"""One spelling for texts that mean the same."""

import hashlib
import re
import unicodedata

__all__ = ["duplicate_key", "mask_digits", "normalise"]

_DIGIT = re.compile(r"\d")
_DIGITS = re.compile(r"\d+")
_SPACE = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Compose (NFKC) and lower the case.

    NFKC joins Hangul letters into syllables (a file from a Mac may hold them apart), and maps
    full-width and circled forms, which spam uses to slip past filters, to plain ones.

    Example:
        >>> normalise("ＦＲＥＥ 하")
        'free 하'
    """
    return unicodedata.normalize("NFKC", text).lower()


def mask_digits(text: str) -> str:
    """Replace each digit by 0: a number is known by its length, not by its value.

    Example:
        >>> mask_digits("call 1588-1234")
        'call 0000-0000'
    """
    return _DIGIT.sub("0", text)


def duplicate_key(text: str) -> int:
    """Give one 64-bit number to all texts that are equal after masking digits, case and spacing.

    Two rows with one key must not stand on both sides of a split: the model would be asked about
    a message that it has seen.

    Example:
        >>> duplicate_key("Win £100 now") == duplicate_key("WIN  £2500 NOW ")
        True
    """
    masked = _SPACE.sub("", _DIGITS.sub("0", normalise(text)))
    digest = hashlib.blake2b(masked.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)
