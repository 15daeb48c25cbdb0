"""Which texts hold each other: in another order, or the one within the other.

::

    in other order   the same words, each as often
    held             80 % of the runs of eight letters of the one, of 60 letters or more, stand in
                     the other
    passage          40 letters or more on end, 40 % of the shorter one, stand in both, and no
                     part of them in ten texts or more: these would be a phrase of a form
    made up          passages of 40 letters of several others make up 60 % of the one

Who holds another is found by runs of twenty letters, of which every eighth is kept, chosen by what
it holds (of much text fewer): what stands in two texts is kept in both. A pair must share a third
of those of the one that has fewer, so that a phrase that many write binds nobody.

Source: Manber, "Finding similar files in a large file system" (1994), for runs that choose
themselves.
"""

from collections.abc import Sequence

import numpy as np

from recurra.arrays import Bools, Floats32, Rows
from recurra.text.hashing import (
    Hashes,
    Letters,
    Pairs,
    chunks,
    codes_of,
    letters_of,
    mapped,
    mixed,
    sums_of_words,
)

__all__ = ["held_by_others", "in_other_order", "passages_shared"]

HELD = 0.8  # of the runs of the one that is held
FEWEST_LETTERS = 60  # of it
RUN = 8
LONG_RUN = 20  # letters: 16 and 4
EVERY, MOST = 8, 6_000_000  # of the long runs that is kept, and how many of all
SHARED = 1 / 3  # of the long runs kept of the one that has fewer
FACTOR = 0x01000193
PASSAGE, OF_SHORTER = 40, 0.4  # letters on end, and the share of the shorter text
MADE_UP = 0.6  # of a text, that passages of several others hold
PHRASE = 10  # texts that hold a run: a phrase


def in_other_order(texts: Sequence[str]) -> Pairs:
    """Give each text that has the words of an earlier one, with the first of these.

    Args:
        texts: words with one space between them.

    Example:
        >>> in_other_order(["see you at home", "at home see you", "see you"]).tolist()
        [[0, 1]]
    """
    if not texts:
        return np.zeros((0, 2), np.int64)
    whole = np.concatenate(mapped(_sums, texts))
    _, first, place = np.unique(whole, return_index=True, return_inverse=True)
    pairs = np.stack([first[place], np.arange(len(texts))], axis=1)
    moved: Pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return moved


def _sums(texts: Sequence[str]) -> Hashes:
    words, counts = sums_of_words(texts)
    return np.add.reduceat(words, np.cumsum(counts) - counts)


def held_by_others(texts: Sequence[str], known: Rows) -> tuple[Pairs, Floats32]:
    """Give pairs of which one holds most of the other, and how much of it.

    Args:
        texts: plain ones.
        known: codes of pairs that need not be asked.

    Example:
        >>> text = "the train to the sea was late again and nobody told us why it had stood so long"
        >>> pairs, held = held_by_others([f"he said: {text}, and then he left", text], np.zeros(0))
        >>> pairs.tolist(), held.tolist()
        ([[0, 1]], [1.0])
    """
    codes = _candidates(texts)
    pairs = np.stack(np.divmod(codes[~np.isin(codes, known)], 1 << 32), axis=1)
    share = np.fromiter((_held(texts[a], texts[b]) for a, b in pairs.tolist()), np.float32)
    held = share >= HELD
    return pairs[held], share[held]


def _held(one: str, other: str) -> float:
    """Give the share of the runs of the shorter text that stand in the longer one."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < FEWEST_LETTERS:
        return 0.0
    runs = {shorter[at : at + RUN] for at in range(len(shorter) - RUN + 1)}
    theirs = {longer[at : at + RUN] for at in range(len(longer) - RUN + 1)}
    return len(runs & theirs) / len(runs)


def passages_shared(texts: Sequence[str], held: Bools | None = None) -> list[tuple[int, int, str]]:
    """Give pairs of texts that share a passage, with the longest: of each text with the nearest.

    Args:
        texts: plain ones.
        held: (texts,) the side of each, where pairs of two sides alone are asked.

    Example:
        >>> passage = "and so the train to the sea was late again, and nobody told us why"
        >>> texts = [f"a long day it was {passage}", f"{passage} we went home then", "a long day"]
        >>> [(one, other) for one, other, _ in passages_shared(texts)]
        [(0, 1)]
    """
    pairs = np.stack(np.divmod(_candidates(texts, OF_SHORTER / 2, PHRASE), 1 << 32), axis=1)
    if held is not None:
        pairs = pairs[held[pairs[:, 0]] != held[pairs[:, 1]]]
    found, pieces = [], []
    for one, other in pairs.tolist():
        passage = _longest_shared(*sorted((texts[one], texts[other]), key=len))
        shorter = min(len(texts[one]), len(texts[other]))
        if len(passage) >= max(PASSAGE, OF_SHORTER * shorter):
            found.append((one, other, passage))
        elif len(passage) >= PASSAGE:
            pieces.append((one, other, passage))
    return [*found, *_made_up(texts, pieces)]


def _made_up(
    texts: Sequence[str], pieces: list[tuple[int, int, str]]
) -> list[tuple[int, int, str]]:
    """Give those pairs of which one text is made up of passages of others, of this one, too."""
    covered: dict[int, set[int]] = {}
    for one, other, passage in pieces:
        for text in (one, other):
            begin = texts[text].find(passage)
            covered.setdefault(text, set()).update(range(begin, begin + len(passage)))
    whole = {text for text, places in covered.items() if len(places) >= MADE_UP * len(texts[text])}
    return [piece for piece in pieces if whole & set(piece[:2])]


def _longest_shared(shorter: str, longer: str) -> str:
    """Give the longest run that stands in both, of the length of a long run or more."""
    places = {shorter[at : at + LONG_RUN]: at for at in range(len(shorter) - LONG_RUN + 1)}
    best, at = "", 0
    while at <= len(longer) - LONG_RUN:
        place = places.get(longer[at : at + LONG_RUN])
        if place is None:
            at += 1
            continue
        end = LONG_RUN
        while longer[at + end : at + end + 1] == shorter[place + end : place + end + 1] != "":
            end += 1
        best = max(best, longer[at : at + end], key=len)
        at += end - LONG_RUN + 1
    return best


def _candidates(texts: Sequence[str], share: float = SHARED, phrase: int | None = None) -> Rows:
    """Give the codes of pairs that share enough of the long runs kept; a phrase's are left out."""
    long = [number for number, text in enumerate(texts) if len(text) >= FEWEST_LETTERS]
    chosen = [texts[number] for number in long]
    if len(chosen) < 2:
        return np.zeros(0, np.int64)
    every = max(EVERY, sum(map(len, chosen)) // MOST)
    parts = mapped(lambda part: _kept(part, every), chosen)
    keys = np.concatenate([found for found, _ in parts])
    starts = [part.start for part in chunks(chosen)]
    owners = np.concatenate([own + s for (_, own), s in zip(parts, starts, strict=True)])
    order = np.argsort(keys, kind="stable")  # the owners of a key stay in order
    keys, owners = keys[order], owners[order]
    new = np.append(True, (keys[1:] != keys[:-1]) | (owners[1:] != owners[:-1]))
    keys, owners = keys[new], owners[new]
    sizes = np.bincount(owners, minlength=len(chosen))
    if phrase is not None:
        _, place, holding = np.unique(keys, return_inverse=True, return_counts=True)
        keys, owners = keys[holding[place] < phrase], owners[holding[place] < phrase]
    codes, counts = np.unique(_linked(keys, owners), return_counts=True)
    one, other = np.divmod(codes, 1 << 32)
    enough = counts >= share * np.minimum(sizes[one], sizes[other])
    numbers = np.array(long, np.int64)
    return codes_of(np.stack([numbers[one[enough]], numbers[other[enough]]], axis=1))


def _linked(keys: Letters, owners: Rows) -> Rows:
    """Give each owner of a key with the one before it, and with the first."""
    if not len(keys):
        return np.zeros(0, np.int64)
    begins = np.append(True, keys[1:] != keys[:-1])
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    rest = np.flatnonzero(~begins)
    far = rest[first[rest] != rest - 1]
    left = np.concatenate([owners[rest - 1], owners[first[far]]])
    return codes_of(np.stack([left, np.concatenate([owners[rest], owners[far]])], axis=1))


def _kept(texts: Sequence[str], every: int) -> tuple[Letters, Rows]:
    """Give the long runs kept of some texts, and the number of the text of each."""
    letters = letters_of(texts)
    sums, length = {1: letters}, 1  # of runs of 1, 2, 4, … letters
    while length < LONG_RUN // 2:
        sums[2 * length] = _followed(sums[length], length, sums[length], length)
        length *= 2
    runs = mixed(_followed(sums[16], 16, sums[4], 4))
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    places = np.arange(len(letters)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    kept = (runs % np.uint32(every) == 0) & (places + LONG_RUN <= np.repeat(sizes, sizes))
    return runs[kept], np.repeat(np.arange(len(texts)), sizes)[kept]


def _followed(runs: Letters, length: int, behind: Letters, more: int) -> Letters:
    """Give the sums of runs of `length` letters with the `more` letters behind each."""
    found: Letters = runs * np.uint32(pow(FACTOR, more, 1 << 32))
    found[:-length] += behind[length:]
    return found
