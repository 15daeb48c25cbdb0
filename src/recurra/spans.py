"""Tags that mark spans of words, such as names and phrases: schemes, spans, what may follow what.

::

    IOB1    I-X in a span; B-X only where a span begins right after another of its kind
    BIO     B-X begins every span, I-X goes on with it                          (also IOB2)
    BIOES   as BIO, E-X ends a span, S-X is one of a single word                (BILOU: L, U)
    O       a word of no span

A span is what the shared tasks count: a kind, a first and a last word. Tags that no scheme allows
(I-X after O in BIO) are read as those tasks read them, and are counted by `invalid`.

Source: E. Tjong Kim Sang, S. Buchholz, Introduction to the CoNLL-2000 shared task (2000), and its
conlleval; L. Ramshaw, M. Marcus, Text chunking using transformation-based learning (1995).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from recurra.arrays import Array, Bools, Floats, Rows

__all__ = ["SCHEMES", "Span", "Transitions", "invalid", "may_follow", "scheme_of", "spans_of"]

SCHEMES = ("IOB1", "BIO", "BIOES")
OUTSIDE = "O"
TAG = re.compile(r"([BIESLU])(?:-(.+))?", re.DOTALL)
ALIKE = {"L": "E", "U": "S"}  # BILOU is BIOES in other letters
NEVER = -1e9  # a logarithm of a probability that none falls below

Span = tuple[str, int, int]
"""Its kind, the place of its first word, and the place after its last."""


@lru_cache(maxsize=100_000)
def _parts(tag: str) -> tuple[str, str]:
    """Give the mark and the kind of a tag.

    Example:
        >>> _parts("B-NP"), _parts("L"), _parts("O")
        (('B', 'NP'), ('E', ''), ('O', ''))
    """
    found = TAG.fullmatch(tag)
    if not found:
        return OUTSIDE, ""
    return ALIKE.get(found[1], found[1]), found[2] or ""


def scheme_of(sentences: Iterable[Sequence[str]]) -> str | None:
    """Tell the scheme of tags; None where they mark no spans, as parts of speech do.

    Args:
        sentences: the tags of each.

    Examples:
        >>> scheme_of([["B-NP", "I-NP", "O"]]), scheme_of([["I-NP", "B-NP", "O"]])
        ('BIO', 'IOB1')
        >>> scheme_of([["S-NP", "O"]]), scheme_of([["DET", "NOUN"]])
        ('BIOES', None)
    """
    begun, marks, kinds = False, set(), set()
    for tags in sentences:
        before = (OUTSIDE, "")
        for tag in tags:
            if tag != OUTSIDE and not TAG.fullmatch(str(tag)):
                return None
            now = _parts(str(tag))
            begun |= now[0] == "B" and (before[0] == OUTSIDE or before[1] != now[1])
            marks.add(now[0])
            kinds.add(now[1])
            before = now
    if not marks & {"B", "I"} and not ("S" in marks and OUTSIDE in marks):
        return None
    if kinds - {""} == set() and OUTSIDE not in marks:  # letters alone may be any classes
        return None
    if marks & {"E", "S"}:
        return "BIOES"
    return "BIO" if begun else "IOB1"


def spans_of(tags: Sequence[str]) -> list[Span]:
    """Give the spans that tags mark, of any scheme, valid or not, as conlleval reads them.

    Example:
        >>> spans_of(["B-NP", "I-NP", "O", "I-VP", "B-VP"])
        [('NP', 0, 2), ('VP', 3, 4), ('VP', 4, 5)]
    """
    spans: list[Span] = []
    before, start = (OUTSIDE, ""), 0
    for place, tag in enumerate([*tags, OUTSIDE]):
        now = _parts(str(tag))
        other = now[1] != before[1]
        if before[0] != OUTSIDE and (before[0] in "ES" or now[0] in "BSO" or other):
            spans.append((before[1], start, place))
        if now[0] != OUTSIDE and (now[0] in "BS" or before[0] in "OES" or other):
            start = place
        before = now
    return spans


@lru_cache(maxsize=100_000)
def may_follow(scheme: str, before: str, tag: str) -> bool:
    """Say whether a tag may follow another; the ends of a sentence are as O.

    Examples:
        >>> may_follow("BIO", "O", "I-NP"), may_follow("IOB1", "O", "I-NP")
        (False, True)
        >>> may_follow("BIOES", "B-NP", "O"), may_follow("BIOES", "B-NP", "E-NP")
        (False, True)
    """
    (last, kind), (now, other) = _parts(before), _parts(tag)
    goes_on = last in "BI" and kind == other
    if scheme == "BIOES":
        return goes_on and now in "IE" if last in "BI" else now in "OBS"
    if scheme == "BIO":
        return now != "I" or goes_on
    return now != "B" or goes_on


def invalid(scheme: str, tags: Sequence[str]) -> int:
    """Count the places of a sentence where a tag stands that may not.

    Example:
        >>> invalid("BIO", ["O", "I-NP", "I-NP", "I-VP"])
        2
    """
    around = [OUTSIDE, *map(str, tags), OUTSIDE]
    return sum(not may_follow(scheme, *pair) for pair in pairwise(around))


@dataclass(frozen=True)
class Transitions:
    """Which of some tags may begin, follow and end; by them the best valid tags are found.

    Args:
        begin: (tags,) whether a sentence may begin with it.
        follow: (tags, tags) whether the second may follow the first.
        end: (tags,) whether a sentence may end with it.
    """

    begin: Bools
    follow: Bools
    end: Bools

    @classmethod
    def of(cls, scheme: str, tags: Iterable[str]) -> "Transitions":
        """Give those of a scheme."""
        names = list(map(str, tags))
        return cls(
            np.array([may_follow(scheme, OUTSIDE, tag) for tag in names]),
            np.array([[may_follow(scheme, a, b) for b in names] for a in names]),
            np.array([may_follow(scheme, tag, OUTSIDE) for tag in names]),
        )

    def best(self, probabilities: Floats) -> Rows:
        """Give the most probable tags of a sentence that are valid, (words,), by Viterbi's way.

        ::

            s_1(j) = log p_1(j)                                       j may begin
            s_t(j) = log p_t(j) + max_i s_{t-1}(i)                    j may follow i

        Where no tags are valid, those with the fewest places that are not.

        Args:
            probabilities: (words, tags) of each tag at each word.

        Example:
            >>> transitions = Transitions.of("BIO", ["B-X", "I-X", "O"])
            >>> transitions.best(np.array([[0.3, 0.1, 0.6], [0.1, 0.7, 0.2]])).tolist()
            [0, 1]

        Source: A. Viterbi, Error bounds for convolutional codes (1967).
        """
        if not len(probabilities):
            return np.zeros(0, np.int64)
        logs: Array = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
        step, ends = np.where(self.follow, 0.0, NEVER), np.where(self.end, 0.0, NEVER)
        score = logs[0] + np.where(self.begin, 0.0, NEVER)
        came = np.zeros(logs.shape, np.int64)
        for place in range(1, len(logs)):
            reached = score[:, None] + step
            came[place] = reached.argmax(axis=0)
            score = reached.max(axis=0) + logs[place]
        found = np.zeros(len(logs), np.int64)
        found[-1] = (score + ends).argmax()
        for place in range(len(logs) - 1, 0, -1):
            found[place - 1] = came[place, found[place]]
        return found
