"""Words and short patterns that stand in one class and not in the others.

::

    here, there   = share of the texts of a class, and of all others, that hold a pattern
    told          = here - there                      Youden's J of the pattern alone
    pure          = here / (here + there)             were both as many

Tried are all words and pairs of words, and the first, the last and the last but one of each text,
that stand in five texts or more; copies count once. The chance of so many by luck is the
hypergeometric one, times the number tried, of all classes (Bonferroni).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.stats import hypergeom

from recurra.arrays import Floats, Rows, Texts
from recurra.auditing.rows import Counted

__all__ = ["TOKEN", "Pattern", "patterns_of"]

FEWEST = 5
TOKEN = re.compile(r"\w+|[^\w\s]+")
CHANCE = 0.01
SHOWN = 20
PLACES = {"first": 0, "last": -1, "last but one": -2}  # what a program signs with may differ behind


@dataclass(frozen=True)
class Pattern:
    """One pattern, and the class that it stands in.

    Args:
        name: as it is written.
        place: "" for anywhere, else one of `PLACES`.
        number: of the class.
        here, there: the shares of the texts of the class, and of all others, that hold it.
        rows: that hold it.
        p_value: corrected.
        tried: how many patterns, over all classes.
    """

    name: str
    place: str
    number: int
    here: float
    there: float
    rows: Rows
    p_value: float
    tried: int

    @property
    def told(self) -> float:
        """How well it alone tells the class."""
        return self.here - self.there

    @property
    def pure(self) -> float:
        """How sure of the class a text with it is, were the classes as large as each other."""
        return self.here / (self.here + self.there)


def patterns_of(texts: Texts, counted: Counted, classes: int) -> list[Pattern]:
    """Give the patterns that stand in a class beyond chance, those that tell most first."""
    from sklearn.feature_extraction.text import CountVectorizer

    if len(texts) < 2 * FEWEST:
        return []
    vectorizer = CountVectorizer(analyzer=_patterns, binary=True, min_df=FEWEST, dtype=np.int32)
    try:
        holds = vectorizer.fit_transform(texts).tocsc()
    except ValueError:  # no pattern stands in so many
        return []
    names = vectorizer.get_feature_names_out()
    member = counted.truth[:, None] == np.arange(classes)
    inside = np.asarray(holds.T @ member.astype(np.int32)).astype(float)  # (patterns, classes)
    rows, tried = member.sum(axis=0), inside.size if classes > 2 else len(inside) * 2
    here = inside / np.maximum(rows, 1)
    all_with = inside.sum(axis=1, keepdims=True)
    there = (all_with - inside) / np.maximum(len(texts) - rows, 1)
    chance = _chance(inside, all_with, rows, len(texts), CHANCE / tried) * tried
    found: list[Pattern] = []
    order = np.argsort(-(here - there), axis=None, kind="stable")
    for which, number in zip(*np.unravel_index(order, here.shape), strict=True):
        if len(found) == SHOWN or here[which, number] <= there[which, number]:
            break
        if chance[which, number] < CHANCE:
            place, _, name = names[which].partition("\0")
            holding = holds.indices[holds.indptr[which] : holds.indptr[which + 1]]
            found.append(
                Pattern(
                    name,
                    place,
                    int(number),
                    float(here[which, number]),
                    float(there[which, number]),
                    counted.rows[np.sort(holding)],
                    float(min(1.0, chance[which, number])),
                    int(tried),
                )
            )
    return found


def _chance(inside: Floats, all_with: Floats, rows: Rows, texts: int, below: float) -> Floats:
    """Give the chance of so many and more by luck; 1 where that of so many alone is `below`."""
    asked = np.broadcast_arrays(inside, rows[None, :].astype(float), all_with)
    few = hypergeom.logpmf(inside, texts, asked[1], asked[2]) < np.log(below)
    chance = np.ones(inside.shape)
    inside, rows, all_with = (each[few] for each in asked)
    chance[few] = hypergeom.sf(inside - 1, texts, rows, all_with)  # in a loop, one by one
    return chance


def _patterns(text: str) -> Sequence[str]:
    tokens = TOKEN.findall(text.lower())
    if not tokens:
        return []
    pairs = (f"{a} {b}" for a, b in pairwise(tokens))
    anywhere = [f"\0{name}" for name in {*tokens, *pairs}]
    placed = [f"{place}\0{tokens[at]}" for place, at in PLACES.items() if -len(tokens) <= at]
    return [*anywhere, *placed]
