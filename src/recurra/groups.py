"""Which rows belong together, so that no copy of one stands on another side of a split.

Each function gives (rows,) numbers: rows of one number are one group.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from recurra.arrays import Rows, Texts
from recurra.sequences import Ragged
from recurra.text import duplicate_key
from recurra.text.near import connected

__all__ = [
    "fold_lines",
    "group_duplicates",
    "group_equal",
    "group_equal_sentences",
    "group_pairs",
    "letters_of",
]


def group_duplicates(texts: Sequence[str] | Texts) -> Rows:
    """Give one number to all texts that are equal but for digits, case and spacing."""
    return np.fromiter(map(duplicate_key, texts), np.int64, len(texts))


def group_equal(sequences: Ragged) -> Rows:
    """Give one number to all numeric sequences that are equal."""
    steps = np.ascontiguousarray(sequences.timesteps())
    known: dict[bytes, int] = {}
    pairs = zip(sequences.offsets[:-1].tolist(), sequences.offsets[1:].tolist(), strict=True)
    keys = (known.setdefault(steps[a:b].tobytes(), len(known)) for a, b in pairs)
    return np.fromiter(keys, np.int64, len(sequences))


def group_equal_sentences(rows: Sequence[Sequence[str]]) -> Rows:
    """Give one number to all sentences that are equal word for word."""
    known: dict[Sequence[str], int] = {}
    return np.asarray([known.setdefault(tuple(row), len(known)) for row in rows], np.int64)


def fold_lines(lines: Sequence[str] | Texts) -> Rows:
    """Give one number to all lines that are equal but for case and spacing."""
    keys = [" ".join(line.casefold().split()) for line in lines]
    return np.unique(np.asarray(keys, dtype=str), return_inverse=True)[1].astype(np.int64)


def group_pairs(sources: Sequence[str] | Texts, targets: Sequence[str] | Texts) -> Rows:
    """Give one number to all pairs that share a sentence on either side, directly or by others.

    Case, spaces and signs do not count. Two sentences with one translation are near duplicates: to
    have learnt one of them is to know the other.

    Example:
        >>> group_pairs(["Go!", "go", "Leave.", "Hi"], ["가", "가라", "가라", "안녕"]).tolist()
        [0, 0, 0, 1]
    """
    alike = [_with_first(list(map(letters_of, side))) for side in (sources, targets)]
    firsts = connected(np.concatenate(alike), len(sources))
    return np.unique(firsts, return_inverse=True)[1].astype(np.int64)


def _with_first(keys: list[str]) -> Rows:
    """Give each row beside the first one that has the same key."""
    number, _ = pd.factorize(np.array(keys, object))
    _, first = np.unique(number, return_index=True)
    return np.stack([np.arange(len(keys)), first[number]], axis=1)


def letters_of(text: str) -> str:
    """Give what tells a sentence again: case, spaces and signs left out."""
    return "".join(letter for letter in text.casefold() if letter.isalnum()) or text
