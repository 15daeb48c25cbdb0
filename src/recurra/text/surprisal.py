"""How many bits a text holds, for who knows the other texts: what many say holds few.

::

    p_k(c) = (n(the k letters before, c) + 4 · p_j(c)) / (n(the k letters before) + 4)
             k = 0, 1, 2, 3, 5, 8, 12 letters, j the one below it; below them all 1/64
    bits   = sum over the letters c of a text of -log2 p_12(c)

n counts runs in the texts that are known. A text of b bits is written anew by one of N others with
a probability of about N / 2^b.

Sources: Shannon, "Prediction and entropy of printed English" (1951); MacKay and Peto, "A
hierarchical Dirichlet language model" (1995), for how the lengths are mixed.
"""

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from recurra.arrays import Floats, Rows
from recurra.text.hashing import Letters, letters_of, mixed

__all__ = ["surprisal"]

LENGTHS = (0, 1, 2, 3, 5, 8, 12)  # letters before, that say what follows
WEIGHT, LETTERS = 4.0, 64  # of the shorter one; letters, where nothing is known
SLOTS = 1 << 22  # counters, of runs by their hash
KNOWN = 8_000_000  # letters that are learnt from; of more, a part
LOOKED = 200  # letters of a text that are asked: more bits are never asked for
AT_ONCE = 4_096  # texts
BREAK = "\n"  # between texts
FACTOR = 0x01000193

Counts = list[tuple[npt.NDArray[np.int32], ...]]  # a length each


def surprisal(texts: Sequence[str], known: Sequence[str]) -> Floats:
    """Give the bits of each text, of its first 200 letters: (texts,).

    Args:
        texts: that are asked.
        known: other texts, which say what is said often.

    Example:
        >>> known = ["see you soon", "see you at home"] * 50
        >>> often, seldom = surprisal(["see you soon", "zebras eat figs"], known)
        >>> bool(often < 3), bool(seldom > 60)
        (True, True)
    """
    tables = _tables(_some(known))
    found = [
        _bits(texts[begin : begin + AT_ONCE], tables) for begin in range(0, len(texts), AT_ONCE)
    ]
    return np.concatenate(found) if found else np.zeros(0)


def _some(known: Sequence[str]) -> list[str]:
    """Give all texts, or a part that does not depend on their order."""
    nth = sum(map(len, known)) // KNOWN + 1
    if nth == 1:
        return list(known)
    return [text for text in known if zlib.crc32(text.encode("utf-8", "replace")) % nth == 0]


def _tables(known: list[str]) -> Counts:
    """Count for each length the runs before a letter, and those with it."""
    letters = _letters(known)
    slots = min(SLOTS, 1 << int(4 * len(letters)).bit_length())
    return [
        tuple(np.bincount(runs, minlength=slots).astype(np.int32) for runs in _runs(*each, slots))
        for each in ((letters, length) for length in LENGTHS)
    ]


def _letters(texts: Sequence[str]) -> Letters:
    return letters_of([BREAK * max(LENGTHS), *(text + BREAK for text in texts)])


def _runs(letters: Letters, length: int, slots: int) -> tuple[Rows, Rows]:
    """Give the slot of the letters before each letter, and of these with it."""
    runs = np.zeros(len(letters), np.uint32)
    for back in range(length, 0, -1):
        runs *= np.uint32(FACTOR)
        runs[back:] += letters[:-back]
    before, whole = mixed(runs), mixed(runs * np.uint32(FACTOR) + letters)
    return (before % slots).astype(np.int64), (whole % slots).astype(np.int64)


def _bits(texts: Sequence[str], tables: Counts) -> Floats:
    texts = [text[:LOOKED] for text in texts]
    letters = _letters(texts)
    chance = np.full(len(letters), 1 / LETTERS)
    for length, (before, whole) in zip(LENGTHS, tables, strict=True):
        left, right = _runs(letters, length, len(before))
        chance = (whole[right] + WEIGHT * chance) / (before[left] + WEIGHT)
    bits = -np.log2(np.minimum(chance, 1.0))
    sizes = np.fromiter(map(len, texts), np.int64, len(texts)) + 1  # with the break behind
    begins = max(LENGTHS) + np.cumsum(sizes) - sizes
    summed = np.append(0.0, np.cumsum(bits))
    found: Floats = summed[begins + sizes - 1] - summed[begins]
    return found
