"""Which runs of characters each of many texts has, counted without a string for each of them.

::

    size 1        every character                        a number for each kind of it
    size n + 1    (number of a run, the next character)   a number for each kind of pair
    known         what `fewest` texts have; only that is made longer, for what is longer is rarer

A table of a hundred thousand texts has ten million runs of up to six characters, most of them once:
as strings in a dictionary they would fill gigabytes.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra.arrays import Rows
from recurra.text.terms import MOST_OF_RUN, spaced

__all__ = ["counted_runs"]


def counted_runs(texts: Sequence[str], fewest: int) -> tuple[Any, list[str]]:
    """Give which text has which run, (texts, runs) sparse, and the runs.

    Args:
        texts: as they are; case and the length of spaces do not count.
        fewest: in how many texts a run must be.

    Example:
        >>> there, runs = counted_runs(["ab", "abc", "b"], 2)
        >>> runs, there.toarray().astype(int).tolist()
        (['a', 'b', 'ab'], [[1, 1, 1], [1, 1, 1], [0, 1, 0]])
    """
    from scipy.sparse import csr_matrix

    alike = [spaced(text.lower()) for text in texts]
    lengths = np.fromiter(map(len, alike), np.int64, len(alike))
    owner, left = np.repeat(np.arange(len(alike)), lengths), _left(lengths)
    signs = np.frombuffer("".join(alike).encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds, sign = np.unique(signs, return_inverse=True)
    at, number = np.arange(len(signs)), sign
    rows, columns, runs = [], [], list[str]()
    for size in range(1, MOST_OF_RUN + 1):
        found = _known(number, owner[at], fewest)
        rows.append(owner[at[found.there]])
        columns.append(len(runs) + found.number[found.there])
        for place in at[found.first].tolist():
            start = int(lengths[owner[place]] - left[place])
            runs.append(alike[owner[place]][start : start + size])
        longer = (found.number >= 0) & (left[at] > size)
        at, number = at[longer], found.number[longer]
        number = number * len(kinds) + sign[at + size]
    places = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(places[0]), np.float32)
    return csr_matrix((ones, places), (len(alike), len(runs))), runs


def _left(lengths: Rows) -> Rows:
    """Give how many characters are left of its text at each of all, itself among them."""
    ends = np.repeat(np.cumsum(lengths), lengths)
    found: Rows = ends - np.arange(len(ends))
    return found


class _Known(NamedTuple):
    """Runs of one size that are known.

    Args:
        number: (places,) of the run at each, counted anew from 0; -1 where it is not known.
        first: (runs,) the first place of each.
        there: (places that are first in their text,) of runs that are known.
    """

    number: Rows
    first: Rows
    there: Rows


def _known(number: Rows, owner: Rows, fewest: int) -> _Known:
    """Find the runs that enough texts have; places are in the order of texts."""
    order = np.argsort(number, kind="stable")
    run, text = number[order], owner[order]
    new_run = np.ones(len(order), bool)
    new_run[1:] = run[1:] != run[:-1]
    new_text = new_run.copy()
    new_text[1:] |= text[1:] != text[:-1]
    kind = np.cumsum(new_run) - 1
    known = np.bincount(kind[new_text]) >= fewest
    anew = np.where(known, np.cumsum(known) - 1, -1)
    numbers = np.empty(len(order), np.int64)
    numbers[order] = anew[kind]
    return _Known(numbers, order[new_run][known], order[new_text & known[kind]])
