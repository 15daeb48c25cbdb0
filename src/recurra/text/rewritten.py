"""Which texts are each other's letter by letter: in other letters, backwards, in words backwards.

::

    lengths    of the words, forwards or backwards: the same, whatever stands for a letter
    agreed     = (how often a letter stands for its commonest one - letters) / (places - letters)
    pair       agreed >= 0.7, as the text stands, run backwards, or with each word run backwards

So any alphabet will do: digits for letters, letters moved on, another script. A letter that stands
once agrees for certain, so it does not count.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from recurra.arrays import Floats32
from recurra.text.hashing import Hashes, Pairs, letters_of, mapped, mixed

__all__ = ["in_other_letters"]

AGREED = 0.7
FEWEST_WORDS, FEWEST_PLACES = 5, 25  # places beyond one for each letter
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
    found: list[tuple[int, int]] = []
    shares: list[float] = []
    keys = np.concatenate(mapped(_keys, texts)) if texts else NONE
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    same = np.flatnonzero((keys[1:] == keys[:-1]) & (keys[1:] != 0))
    for one, other in zip(order[same].tolist(), order[same + 1].tolist(), strict=True):
        share = _agreed(texts[one].casefold(), texts[other].casefold())
        if share >= AGREED:
            found.append((min(one, other), max(one, other)))
            shares.append(share)
    return np.array(found, np.int64).reshape(-1, 2), np.array(shares, np.float32)


def _keys(texts: Sequence[str]) -> Hashes:
    """Give one number for the lengths of the words, forwards or backwards; 0 of few words."""
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
    keys: Hashes = np.where(counts >= FEWEST_WORDS, key | np.uint64(1), np.uint64(0))
    return keys


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
    if places - letters < FEWEST_PLACES:
        return 0.0
    return (sum(commonest.values()) - letters) / (places - letters)
