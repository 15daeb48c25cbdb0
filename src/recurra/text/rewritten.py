"""Which texts are each other's letter by letter: in other letters, backwards, in words backwards.

::

    lengths    of the words, forwards or backwards: the same, whatever stands for a letter
    places     of fewer than five words: where each letter stood first, forwards or backwards
    agreed     = (how often a letter stands for its commonest one - letters) / (places - letters)
    told       different pairs of letters that follow each other - letters
    pair       agreed >= 0.7, as the text stands, run backwards, or with each word run backwards,
               of 25 told or more; of 12, if one to one

So any alphabet will do: digits for letters, letters moved on, another script. A letter that stands
once agrees for certain, so it does not count, and what is said over and over counts once. Hangul is
held as it stands, and by the keys that write it, Shift aside: what was typed on another keyboard is
seen.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from recurra.arrays import Floats32
from recurra.text.hashing import Hashes, Pairs, letters_of, mapped, mixed
from recurra.text.keystrokes import keystrokes
from recurra.text.normalise import content_key

__all__ = ["in_other_letters"]

AGREED = 0.7
FEWEST_WORDS = 5
FEWEST_TOLD, ONE_TO_ONE = 25, 12  # the latter where each letter stands for one alone
LARGEST = (1 << 64) - 1
_SHIFT = str.maketrans("ㅃㅉㄸㄲㅆㅒㅖ", "ㅂㅈㄷㄱㅅㅐㅔ")
NONE = np.zeros(0, np.uint64)


def in_other_letters(texts: Sequence[str]) -> tuple[Pairs, Floats32]:
    """Give pairs of texts of which one is the other, letter by letter, and how much of it is.

    Args:
        texts: as they stand, digits and signs too.

    Example:
        >>> text = "see you all at the station in the evening when the train is there"
        >>> pairs, agreed = in_other_letters([text, text[::-1], "see you at home"])
        >>> pairs.tolist(), agreed.tolist()
        ([[0, 1]], [1.0])
    """
    forms = [text.casefold() for text in texts]
    keys = _keys_of(forms)
    found = dict(_pairs(forms, keys))
    typed = [number for number, text in enumerate(texts) if not text.isascii()]
    if typed:
        for number in typed:
            forms[number] = keystrokes(texts[number]).translate(_SHIFT).casefold()
        keys[typed] = _keys_of([forms[number] for number in typed])
        for pair, share in _pairs(forms, keys):
            found[pair] = max(share, found.get(pair, 0.0))
    pairs = np.array(list(found), np.int64).reshape(-1, 2)
    return pairs, np.array(list(found.values()), np.float32)


def _pairs(texts: list[str], keys: Hashes) -> Iterator[tuple[tuple[int, int], float]]:
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    same = np.flatnonzero(keys[1:] == keys[:-1])
    for one, other in zip(order[same].tolist(), order[same + 1].tolist(), strict=True):
        share = _agreed(texts[one], texts[other])
        if share >= AGREED:
            yield (min(one, other), max(one, other)), share


def _keys_of(texts: list[str]) -> Hashes:
    return np.concatenate(mapped(_keys, texts)) if texts else NONE


def _keys(texts: Sequence[str]) -> Hashes:
    """Give one number for the lengths of the words, or the places of letters where words are few.

    It is the same forwards and backwards.
    """
    letters = letters_of([text + " " for text in texts])
    ends = np.flatnonzero(letters == ord(" "))
    sizes = np.diff(ends, prepend=-1).astype(np.uint32)
    counts = np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts))
    begins = np.cumsum(counts) - counts
    place = np.arange(len(sizes)) - np.repeat(begins, counts)
    back = np.repeat(counts, counts) - 1 - place
    places = (mixed(each.astype(np.uint32)) for each in (place, back))
    lengths = [mixed(sizes * np.uint32(0x9E3779B1) + each).astype(np.uint64) for each in places]
    sums = [np.add.reduceat(each, begins) for each in lengths]
    key = np.minimum(*sums) * np.uint64(0x9E3779B97F4A7C15) + np.maximum(*sums)
    for row in np.flatnonzero(counts < FEWEST_WORDS).tolist():
        key[row] = _of_places(texts[row])
    keys: Hashes = key
    return keys


def _of_places(text: str) -> int:
    """Give one number for where each letter of a text, or of it backwards, stood first."""
    ways = (array("L", map(way.find, way)).tobytes() for way in (text, text[::-1]))
    return min(content_key(way) & LARGEST for way in ways)


def _agreed(one: str, other: str) -> float:
    """Give how much of a text is the other's letter by letter, in the best of three directions."""
    turned = (one, one[::-1], " ".join(word[::-1] for word in one.split(" ")))
    if len(one) != len(other):
        return 0.0
    if other in turned:
        return 1.0
    ways = [pair for each in turned for pair in ((each, other), (other, each))]
    return max(_stands_for(*pair) for pair in ways)


def _stands_for(one: str, other: str) -> float:
    """Give how much of a text follows if each letter of the other stands for one alone."""
    pairs = Counter((a, b) for a, b in zip(one, other, strict=True) if a != " " and b != " ")
    commonest: dict[str, int] = {}
    for (letter, _), times in pairs.items():
        commonest[letter] = max(times, commonest.get(letter, 0))
    places, letters = pairs.total(), len(commonest)
    alone = len(pairs) == letters == len({other for _, other in pairs})
    told = min(places, len(set(pairwise(one)))) - letters
    if told < (ONE_TO_ONE if alone else FEWEST_TOLD):
        return 0.0
    return (sum(commonest.values()) - letters) / (places - letters)
