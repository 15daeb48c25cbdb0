"""Which texts are near copies of each other: found by keys, held to an exact similarity.

::

    plain(text)  = letters and one 0 for each number: case, signs, spacing, HTML, mojibake aside
    similarity   = 1 - edits(a, b) / max(|a|, |b|)         edits: Levenshtein's, of plain texts
    near(a, b)   = similarity(a, b) >= 0.8,  or one begins or ends the other,
                   or both have the same words,  or one holds 80 % of the other (`parts`),
                   or letters stand for letters (`rewritten`)
    telling      = bits(a), bits(b) >= log2(rows / 1 %)       bits: for who knows the other rows
    families     = what hangs together through pairs that are near and telling

Pairs to be held to that are found by three kinds of keys, so that no row is compared with all:

- MinHash over runs of five letters: a row has `BANDS` keys of `HASHES` minima each. Two texts that
  share a part J of their runs (Jaccard) share a key with probability 1 - (1 - J⁴)²⁴;
- each of its words left out in turn, of a text of few words: texts that differ in one word share
  one for certain;
- the order of the alphabet, forwards and backwards: what begins or ends another stands beside it;
- the sum of the words, and runs of twenty letters (`parts`);
- the lengths of the words (`rewritten`).

What many people say, they say anew: a text that one of so many rows would say by luck, to one in a
hundred, is near nothing (`surprisal`). The texts that are near no other tell what is said often.

A text of fewer than `SHORTEST` letters is near nothing but itself: people write such anew. A
family of more than a fifth of the rows is held together by a form that many fill in: within it
pairs must be nearer, 0.9, then 0.95, then equal, until no part is that large.

Sources: Broder, "On the resemblance and containment of documents" (1997); Leskovec, Rajaraman and
Ullman, "Mining of massive datasets" (3rd edition, 2020), chapter 3; edits by RapidFuzz.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from recurra.arrays import Bools, Floats32, Rows
from recurra.text.hashing import (
    Hashes,
    Pairs,
    chunks,
    codes_of,
    distinct,
    in_turn,
    letters_of,
    mapped,
    mixed,
    sums_of_words,
)
from recurra.text.parts import held_by_others, in_other_order
from recurra.text.plain import keys_and_plains, plain
from recurra.text.rewritten import in_other_letters
from recurra.text.surprisal import surprisal

__all__ = [
    "Copies",
    "Family",
    "connected",
    "find_copies",
    "group_near",
    "near_any",
    "near_keys",
]

SIMILARITY = 0.8
NEARER = (0.9, 0.95, 1.01)  # asked in turn within a family that is too large; the last: of no pair
LARGEST, LARGE = 1 / 5, 50  # a larger share of the rows, and so many texts, are a form filled in
SHORTEST = 20  # letters of a text that may be near another
CONTAINED = 40  # letters of a text that is a copy of what it begins or ends
RUN, BANDS, HASHES = 5, 24, 4
ALIKE = 3  # keys that near copies share, where keys alone are known
FEW_WORDS = 16  # one word in more changes few runs: the minima find it
LUCK = 0.01  # that another row says the same by luck
PAIRS = 1 << 20  # held to the similarity at once

Keys32 = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Family:
    """Rows that hang together through near copies, but are too many to be copies: a form.

    Args:
        rows: how many.
        example: the first of them.
        similarity: what was asked of pairs within it instead; above 1: only equal ones are held
            together.
    """

    rows: int
    example: int
    similarity: float

    def __str__(self) -> str:
        held = "equal ones" if self.similarity > 1 else f"those with {self.similarity:.0%} alike"
        return (
            f"{self.rows:,} rows fill in one form, such as that of row {self.example}: they are "
            f"too many to be copies, so within it only {held} are held together"
        )


@dataclass(frozen=True)
class Copies:
    """Which rows are copies, and of what.

    Args:
        exact: (rows,) the first row that is letter for letter the same.
        masked: (rows,) the first row that is the same but for digits, case and spacing.
        groups: (rows,) the first row of those that must stay together: near copies, too.
        pairs: (pairs, 2) rows whose texts are near, the first row of each text.
        similarity: (pairs,) of them; of one that another holds, how much of it.
        long: (rows,) whether a text has letters enough to be near another.
        families: those that were taken apart.
    """

    exact: Rows
    masked: Rows
    groups: Rows
    pairs: Pairs
    similarity: Floats32
    long: Bools
    families: list[Family] = field(default_factory=list)

    def touching(self, held: Bools) -> Bools:
        """Say which of the rows held have one of their group among the others.

        Args:
            held: (rows,) whether a row is held out.

        Returns:
            (rows,) False for every row that is not held.
        """
        touched: Bools = held & np.isin(self.groups, self.groups[~held])
        return touched

    def sentence(self) -> str:
        """Say how many rows are copies, and of what kind; nothing where there are none."""
        _, sizes = np.unique(self.groups, return_counts=True)
        several = sizes[sizes > 1]
        if not len(several):
            return ""
        rows = len(self.groups)
        exact, masked = (rows - len(np.unique(kind)) for kind in (self.exact, self.masked))
        return (
            f"{several.sum():,} of {rows:,} rows are copies of others, in {len(several):,} groups "
            f"({exact:,} repeat a text letter for letter, {masked:,} but for digits, case and "
            f"spacing, {rows - len(sizes):,} with near copies)"
        )


def group_near(texts: Sequence[str] | npt.NDArray[np.object_]) -> Rows:
    """Give one number to all texts that must stay together, near copies and equal ones.

    Example:
        >>> group_near(["See you at the station at 9!", "see you at the station at 10", "ok"])
        array([0, 0, 2])
    """
    return find_copies(texts).groups


def find_copies(texts: Sequence[str] | npt.NDArray[np.object_]) -> Copies:
    """Find the copies among texts: exact, masked and near. The same texts give the same answer.

    Two million texts of a hundred letters take about 80 s of a slow processor and 2.1 GB.

    Args:
        texts: (rows,) strings.

    Example:
        >>> found = find_copies(["a film to see again and again", "A film to see, again & again!"])
        >>> found.masked.tolist(), found.groups.tolist()
        ([0, 1], [0, 0])
    """
    exact = _firsts(texts)
    keys, plains = keys_and_plains(texts)
    masked = _firsts(keys)
    alike = _firsts(text or row for text, row in zip(plains, masked.tolist(), strict=True))
    alike = _joined(masked, alike)  # a text without letters is known by its signs alone
    long = _long(plains)
    chosen = np.flatnonzero((alike == np.arange(len(alike))) & long)
    kept = [plains[row] for row in chosen.tolist()]
    pairs, similarity = _near(kept, [str(texts[row]) for row in chosen.tolist()])
    pairs = chosen[pairs]
    telling = _telling(plains, alike, pairs)
    pairs, similarity = pairs[telling], similarity[telling]
    groups, families = _families(alike, pairs, similarity)
    return Copies(exact, masked, groups, pairs, similarity, long, families)


# ---- near copies of texts that are not here any more


def near_keys(texts: Sequence[str] | npt.NDArray[np.object_]) -> tuple[Keys32, Bools]:
    """Give each text 24 numbers, of which near copies share some; the text cannot be read off.

    Returns:
        (rows, 24) numbers, and (rows,) whether a text is long enough to be near another.

    Example:
        >>> keys, keyed = near_keys(["a film to see again and again", "Again: a film to see", "ok"])
        >>> keys.shape, keyed.tolist()
        ((3, 24), [True, False, False])
    """
    plains = [plain(text) for text in texts]
    keyed = _long(plains)
    chosen = [plains[row] for row in np.flatnonzero(keyed).tolist()]
    keys = np.zeros((len(plains), BANDS), np.uint32)
    if chosen:
        whole = np.concatenate(mapped(_bands, chosen))
        keys[keyed] = (whole ^ (whole >> np.uint64(32))).astype(np.uint32)
    return keys, keyed


def near_any(known: Keys32, asked: Keys32) -> Bools:
    """Say which texts are near one of those known, by their keys alone.

    Two texts that share a part J of their runs share each key with probability J⁴. They are said
    to be near where one text known shares `ALIKE` of the 24: of pairs with J = 0.8 that finds
    99.9 %, with J = 0.7 93 %; with J = 0.5 19 %, with J = 0.3 one in a thousand.

    Args:
        known: (rows, 24) keys of texts known.
        asked: (rows, 24) keys of the texts asked about.
    """
    found = np.zeros(len(asked), bool)
    for band in range(known.shape[1]):
        order = np.argsort(known[:, band], kind="stable")
        keys = known[order, band]
        # of all that share the key, the first and the last are looked at
        left = np.searchsorted(keys, asked[:, band], side="left")
        right = np.searchsorted(keys, asked[:, band], side="right")
        open_ = np.flatnonzero((right > left) & ~found)
        for place in (left[open_], right[open_] - 1):
            same = (known[order[place]] == asked[open_]).sum(axis=1)
            found[open_[same >= ALIKE]] = True
    return found


# ---- what is compared


def _long(plains: Sequence[str]) -> Bools:
    letters = (len(text) - text.count(" ") for text in plains)
    return np.fromiter(letters, np.int64, len(plains)) >= SHORTEST


def _firsts(values: Iterable[Any]) -> Rows:
    """Give for each value the place of the first that equals it."""
    known: dict[Any, int] = {}
    return np.fromiter((known.setdefault(v, i) for i, v in enumerate(values)), np.int64)


# ---- pairs that are near


def _near(texts: list[str], written: list[str]) -> tuple[Pairs, Floats32]:
    """Give the pairs of texts that are near, and how similar they are; `written`: as they stand."""
    found = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.float32)]
    if len(texts) > 1:
        contained = _contained(texts)
        codes = distinct(np.concatenate(in_turn(_bucketed, _keys(texts))))
        codes = codes[~np.isin(codes, codes_of(contained))]
        for begin in range(0, len(codes), PAIRS):
            pairs = np.stack(np.divmod(codes[begin : begin + PAIRS], 1 << 32), axis=1)
            similarity = _similarity(texts, pairs)
            near = similarity >= SIMILARITY
            found[0].append(pairs[near])
            found[1].append(similarity[near])
        sizes = np.fromiter(map(len, texts), np.float32)[contained]
        found[0].append(contained)
        found[1].append(sizes.min(axis=1) / sizes.max(axis=1))
        moved = in_other_order(texts)
        found[0].append(moved)
        found[1].append(np.ones(len(moved), np.float32))
        held, share = held_by_others(texts, codes_of(np.concatenate(found[0])))
        found[0].append(held)
        found[1].append(share)
        known = codes_of(np.concatenate(found[0]))
        others, agreed = in_other_letters(written)
        new = ~np.isin(codes_of(others), known)
        found[0].append(others[new])
        found[1].append(agreed[new])
    return np.concatenate(found[0]), np.concatenate(found[1])


def _telling(plains: list[str], alike: Rows, pairs: Pairs) -> Bools:
    """Say which pairs hold so much that no other row says it by luck: (pairs,).

    What is said often, those texts know that are near nothing.
    """
    if not len(pairs):
        return np.zeros(0, bool)
    near = np.unique(pairs)
    others = np.setdiff1d(np.flatnonzero(alike == np.arange(len(alike))), near)
    bits = surprisal([plains[row] for row in near], [plains[row] for row in others])
    least = bits[np.searchsorted(near, pairs)].min(axis=1, initial=np.inf)
    telling: Bools = least >= np.log2(len(alike) / LUCK)
    return telling


def _similarity(texts: list[str], pairs: Pairs) -> Floats32:
    one, other = ([texts[i] for i in side] for side in pairs.T.tolist())
    found: Floats32 = cpdist(
        one,
        other,
        scorer=Levenshtein.normalized_similarity,
        score_cutoff=SIMILARITY,
        dtype=np.float32,
        workers=-1,
    )
    return found


def _contained(texts: list[str]) -> Pairs:
    """Give each text that begins or ends another, with the longest that it begins or ends."""
    pairs: set[tuple[int, int]] = set()
    for turned in (texts, [text[::-1] for text in texts]):
        above: list[int] = []
        for i in sorted(_beginning_alike(turned), key=turned.__getitem__):
            while above and not turned[i].startswith(turned[above[-1]]):
                above.pop()
            if above:
                pairs.add((min(i, above[-1]), max(i, above[-1])))
            if len(turned[i]) >= CONTAINED:
                above.append(i)
    return np.array(sorted(pairs), np.int64).reshape(-1, 2)


def _beginning_alike(texts: list[str]) -> list[int]:
    """Give the texts that share their first letters with another: only these begin one."""
    begins = [text[:CONTAINED] for text in texts]
    first = _firsts(begins)
    several = np.bincount(first, minlength=len(texts))[first] > 1
    chosen: list[int] = np.flatnonzero(several).tolist()
    return chosen


def _bucketed(keyed: tuple[Hashes, Rows]) -> Rows:
    """Give pairs that share a key: each with the next of its bucket, and with the first."""
    keys, owners = keyed
    several = _perhaps_shared(keys)  # most are alone: these need no place in an order
    keys, owners = keys[several], owners[several]
    order = np.argsort(keys, kind="stable")
    keys, owners = keys[order], owners[order]
    begins = np.concatenate([[True], keys[1:] != keys[:-1]])
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    rest = np.flatnonzero(~begins)
    beside = np.concatenate([owners[rest - 1], owners[first[rest]]])
    pairs = np.stack([beside, np.tile(owners[rest], 2)], axis=1)
    return distinct(codes_of(pairs[pairs[:, 0] != pairs[:, 1]]))


def _perhaps_shared(keys: Hashes) -> Bools:
    """Say of which keys another has the same last bits: True for all that are shared."""
    last = keys & np.uint64((4 << len(keys).bit_length()) - 1)
    shared: Bools = np.bincount(last.view(np.int64))[last] > 1
    return shared


# ---- keys


def _keys(texts: list[str]) -> Iterator[tuple[Hashes, Rows]]:
    """Give keys with the number of the text of each, kind by kind."""
    owners = np.arange(len(texts))
    minima = np.empty((len(texts), BANDS), np.uint64)
    for part, found in zip(chunks(texts), mapped(_bands, texts), strict=True):
        minima[part] = found
    for band in range(BANDS):
        yield np.ascontiguousarray(minima[:, band]), owners
    del minima
    few = [i for i, text in enumerate(texts) if text.count(" ") < FEW_WORDS]
    yield _but_one([texts[i] for i in few], np.array(few, np.int64))


def _bands(texts: list[str]) -> Hashes:
    """Give the keys of the minima of texts, (texts, BANDS)."""
    letters = letters_of(texts)
    runs = np.zeros(len(letters) - RUN + 1, np.uint32)
    for place in range(RUN):
        runs *= np.uint32(0x01000193)
        runs += letters[place : len(letters) - RUN + 1 + place]
    runs = mixed(runs)
    sizes = np.fromiter(map(len, texts), np.int64, len(texts))
    begins = np.cumsum(sizes) - sizes
    inside = np.ones(len(runs) + RUN, bool)
    for back in range(1, RUN):  # these run into the next text
        inside[begins + sizes - back] = False
    runs = runs[inside[: len(runs)]]
    begins -= np.arange(len(texts)) * (RUN - 1)
    keys = np.zeros((len(texts), BANDS), np.uint64)
    for number, (factor, shift) in enumerate(_permutations()):
        least = np.minimum.reduceat(runs * factor + shift, begins)
        band = keys[:, number // HASHES]
        band *= np.uint64(0x9E3779B97F4A7C15)
        band += least
        band ^= band >> np.uint64(29)
    return keys


@cache
def _permutations() -> list[tuple[np.uint32, np.uint32]]:
    drawn = np.random.default_rng(1997).integers(1 << 32, size=(BANDS * HASHES, 2), dtype=np.uint32)
    return [(factor | np.uint32(1), shift) for factor, shift in drawn]


def _but_one(texts: list[str], numbers: Rows) -> tuple[Hashes, Rows]:
    """Give the key of the words of each text, and of all but one, for each of its words."""
    if not texts:
        return np.zeros(0, np.uint64), numbers
    keys, owners = zip(*mapped(_words_but_one, texts), strict=True)
    starts = [part.start for part in chunks(texts)]
    placed = [owner + start for owner, start in zip(owners, starts, strict=True)]
    return np.concatenate(keys), numbers[np.concatenate(placed)]


def _words_but_one(texts: list[str]) -> tuple[Hashes, Rows]:
    words, counts = sums_of_words(texts)
    owners = np.repeat(np.arange(len(texts)), counts)
    whole = np.add.reduceat(words, np.cumsum(counts) - counts)
    return (
        np.concatenate([whole, whole[owners] - words]),
        np.concatenate([np.arange(len(texts)), owners]),
    )


# ---- families


def _joined(*parts: Rows) -> Rows:
    """Give each row the first of those that hang together through any of the partitions."""
    rows = np.arange(len(parts[0]))
    return connected(np.concatenate([np.stack([p, rows], axis=1) for p in parts]), len(rows))


def connected(pairs: Pairs, rows: int) -> Rows:
    """Give each row the first row of what hangs together with it.

    Args:
        pairs: (pairs, 2) rows that belong together.
        rows: how many there are.

    Example:
        >>> connected(np.array([[1, 3], [3, 4]]), 5).tolist()
        [0, 1, 2, 1, 1]
    """
    one, other = pairs.T
    found = np.arange(rows)  # an earlier row of the same whole, or the row itself
    while True:
        earlier = np.minimum(found[one], found[other])
        first = found.copy()
        np.minimum.at(first, found[one], earlier)
        np.minimum.at(first, found[other], earlier)
        first = first[first]
        if np.array_equal(first, found):
            return found
        found = first


def _families(alike: Rows, pairs: Pairs, similarity: Floats32) -> tuple[Rows, list[Family]]:
    """Give the groups, and the families that were too large to be one."""
    groups = whole = _joined(alike, connected(pairs, len(alike)))
    asked: dict[int, float] = {}
    for nearer in NEARER:
        large = _too_large(groups, alike)
        if not len(large):
            break
        asked |= dict.fromkeys(whole[large].tolist(), nearer)
        kept = ~np.isin(groups[pairs[:, 0]], large) | (similarity >= nearer)
        pairs, similarity = pairs[kept], similarity[kept]
        groups = _joined(alike, connected(pairs, len(alike)))
    families = [Family(int((whole == row).sum()), row, nearer) for row, nearer in asked.items()]
    return groups, families


def _too_large(groups: Rows, alike: Rows) -> Rows:
    names, sizes = np.unique(groups, return_counts=True)
    _, first = np.unique(alike, return_index=True)
    texts = np.bincount(groups[first], minlength=len(groups))[names]
    large: Rows = names[(sizes > LARGEST * len(groups)) & (texts >= LARGE)]
    return large
