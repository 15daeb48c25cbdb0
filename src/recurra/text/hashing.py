"""Letters of many texts as numbers, and runs and words of them hashed: what keys are made of."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.arrays import Rows

__all__ = [
    "Hashes",
    "Letters",
    "Pairs",
    "chunks",
    "codes_of",
    "distinct",
    "in_turn",
    "letters_of",
    "mapped",
    "mixed",
    "sums_of_words",
]

CHUNK = 1 << 18  # letters hashed at once: they stay in the cache of a processor

Hashes = npt.NDArray[np.uint64]
Letters = npt.NDArray[np.uint32]
Pairs = npt.NDArray[np.int64]  # (pairs, 2), the smaller number first


def chunks(texts: Sequence[str]) -> list[slice]:
    """Cut texts into parts of about as many letters."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))
    borders = np.flatnonzero(np.diff(ends // CHUNK)) + 1
    return [slice(a, b) for a, b in pairwise([0, *borders.tolist(), len(texts)])]


def in_turn(function: Callable[[Any], Any], work: Iterable[Any]) -> list[Any]:
    """Do a piece of work for each, by as many threads as there are processors."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, work))


def mapped(function: Callable[[Any], Any], texts: Sequence[str]) -> list[Any]:
    """Do a piece of work for each part of the texts."""
    return in_turn(function, [texts[part] for part in chunks(texts)])


def letters_of(texts: Sequence[str]) -> Letters:
    """Give all letters on end, as numbers."""
    joined = "".join(texts).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(joined, np.uint32)


def mixed(values: Letters) -> Letters:
    """Give each number another that looks as if drawn: the last step of MurmurHash3."""
    found = values ^ (values >> np.uint32(16))
    found *= np.uint32(0x85EBCA6B)
    found ^= found >> np.uint32(13)
    found *= np.uint32(0xC2B2AE35)
    found ^= found >> np.uint32(16)
    return found


def distinct(codes: Rows) -> Rows:
    """Give numbers in order, each once."""
    codes = np.sort(codes)  # np.unique hashes, which takes three times as long
    return codes[np.concatenate([[True], codes[1:] != codes[:-1]])] if len(codes) else codes


def codes_of(pairs: Pairs) -> Rows:
    """Give one number for each pair."""
    codes: Rows = (pairs.min(axis=1) << 32) | pairs.max(axis=1)
    return codes


def sums_of_words(texts: Sequence[str]) -> tuple[Hashes, Rows]:
    """Give a number for each word of each text, and how many words each text has.

    The sum of those of a text is the same in whatever order its words stand.
    """
    letters = letters_of([text + " " for text in texts])
    ends = np.flatnonzero(letters == ord(" "))
    begins = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(letters)) - np.repeat(begins, ends + 1 - begins)
    each = mixed(letters + mixed(place.astype(np.uint32))).astype(np.uint64)
    words = np.add.reduceat(each * np.uint64(0x9E3779B97F4A7C15), begins)
    words ^= words >> np.uint64(31)
    words *= np.uint64(0xBF58476D1CE4E5B9)
    return words, np.fromiter((text.count(" ") + 1 for text in texts), np.int64, len(texts))
