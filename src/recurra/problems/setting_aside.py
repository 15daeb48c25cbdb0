"""The first pass over rows that no memory holds: some are set aside, of the others is counted.

::

    for each row:  place < limit    it is kept: it validates, or is held out
                   else             it teaches: its tokens and terms are counted
    too many kept: the limit falls to the first place that there is no room for,
                   and what stands from there on teaches, too

So the rows kept are those of the lowest places of all, whatever order they come in.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd

from recurra.arrays import Rows, Texts
from recurra.data.labelled import (
    LabelledTexts,
    class_to_find,
    nothing_said,
    words_for_nothing,
)
from recurra.data.passes import BUFFER, Chunk, Passes, Places, Shards, is_held, places_of
from recurra.data.spelling import meant_labels, quoted
from recurra.errors import DataError
from recurra.groups import group_duplicates
from recurra.judging.classes import Labelled
from recurra.judging.problem import Fold
from recurra.names import READS, listed
from recurra.text.counts import MOST_KINDS
from recurra.text.encoder import TokenCounts
from recurra.text.near import group_near
from recurra.text.terms import TermCounts

__all__ = ["MOST_ASIDE", "SplitStream", "split_stream"]

SHARE = 0.3  # of the rows, that is set aside at most: half of it validates, half is held out
MOST_ASIDE, LETTERS = 100_000, 1 << 26  # rows set aside, and their letters, at most
MOST_CLASSES = 1000
SOME_ROWS, SORTED = 1000, 0.5  # in so many rows a class may have another share by so much

Watch = Callable[[float | None, int], None]  # how much was read, and how many rows


class SplitStream(NamedTuple):
    """Rows set aside, and the passes over all others.

    Args:
        rows: set aside: those that validate, then those held out.
        labelled: the same; copies are its groups.
        pieces: (rows set aside,) near copies have one number.
        fold: of them.
        passes: the rows that teach.
        counts: (classes,) of all rows.
        tokens: how often each token of the rows that teach was seen.
        terms: in how many of them each term is, of the linear model of terms.
    """

    rows: LabelledTexts
    labelled: Labelled
    pieces: Rows
    fold: Fold
    passes: Passes
    counts: Rows
    tokens: TokenCounts
    terms: TermCounts

    @property
    def forgotten(self) -> int:
        """How often a token or term may have been seen that is not known: there are too many."""
        counts = (self.tokens.tokens, self.tokens.runs, self.terms.texts)
        return max(each.forgotten for each in counts)


def split_stream(
    shards: Shards,
    *,
    model: str = "gru",
    tokenizer: str | None = None,
    positive: str | None = None,
    seed: int = 0,
    most: int = MOST_ASIDE,
    watch: Watch = lambda share, rows: None,
) -> SplitStream:
    """Read all rows once: set some aside, and count what the others hold.

    Args:
        shards: the files.
        model: the network, by name, that is to read them.
        tokenizer: None for the network's own.
        positive: of two classes the one to find; None: it is guessed.
        seed: of which rows are set aside.
        most: rows set aside.
        watch: told how much was read, and how many rows.

    Raises:
        DataError: a file cannot be read, the labels are no classes, or a side lacks one.
    """
    aside, seen, reads = _Aside(most), _Seen(), READS.get(model, {})
    tokenizer = tokenizer or reads.get("tokenizer", "word")
    tokens = TokenCounts(tokenizer, reads.get("pieces"), most=MOST_KINDS)
    terms = TermCounts()
    units = len(shards.units)
    for number in range(units):
        seen.sizes.append(0)
        for chunk in shards.read(number):
            taught = aside.add(chunk, places_of(chunk.texts, seed), number)
            tokens.add(taught)
            terms.add(taught)
            seen.add(chunk)
            watch((number + 0.5) / units, seen.rows)
    taught = aside.cut()
    tokens.add(taught)
    terms.add(taught)
    return _split(shards, aside, seen, (tokens, terms), positive, seed)


def _split(
    shards: Shards,
    aside: "_Aside",
    seen: "_Seen",
    counted: tuple[TokenCounts, TermCounts],
    positive: str | None,
    seed: int,
) -> SplitStream:
    classes = _Classes.of(seen.labels)
    notes = [*shards.notes, *classes.notes]
    found = classes.to_find(positive, shards.label, notes)
    held = is_held(aside.places)
    order = np.concatenate([np.flatnonzero(~held), np.flatnonzero(held)])
    texts, ids = np.array(aside.texts, object)[order], aside.ids(shards)[order]
    truth = np.array([classes.numbers[each] for each in aside.labels], np.int64)[order]
    known = int((~held).sum())
    kinds = len(classes.names)
    validating, tested = (np.bincount(part, minlength=kinds) for part in np.split(truth, [known]))
    taught = classes.counts - validating - tested
    classes.check("training", taught)
    classes.check("validation", validating)
    classes.check("test", tested)
    sizes, counts = tuple(seen.sizes), tuple(taught.tolist())
    passes = Passes(
        shards, seed, aside.limit, classes.numbers, sizes, counts, aside.of_units(len(sizes))
    )
    rows = LabelledTexts(
        texts,
        np.array(classes.names, object)[truth],
        found,
        shards.source,
        shards.sha256,
        [*notes, *seen.notes()],
        ids=ids,
        columns=dict(shards.columns),
    )
    number = None if found is None else classes.names.index(found)
    labelled = Labelled(texts, truth, classes.names, number, group_duplicates(texts))
    at = np.arange(len(texts))
    sides = [(at[:0], at[:known])]
    fold = Fold(at[:known], at[known:], sides, streamed=passes.rows)
    return SplitStream(rows, labelled, group_near(texts), fold, passes, classes.counts, *counted)


class _Classes(NamedTuple):
    """The classes of all rows.

    Args:
        names: sorted.
        numbers: of the classes, by the labels as they are written.
        counts: (classes,) rows of each.
        notes: how labels were read.
    """

    names: tuple[str, ...]
    numbers: dict[str, int]
    counts: Rows
    notes: list[str]

    @classmethod
    def of(cls, labels: "Counter[str]") -> "_Classes":
        """Read labels, which were counted, as classes."""
        written = pd.Series(sorted(labels), dtype=object)
        meant, notes = meant_labels(written)
        names = tuple(sorted(set(meant)))
        numbers = {label: names.index(name) for label, name in zip(written, meant, strict=True)}
        counts = np.zeros(len(names), np.int64)
        for label, count in labels.items():
            counts[numbers[label]] += count
        return cls(names, numbers, counts, notes)

    def to_find(self, given: str | None, column: str, notes: list[str]) -> str | None:
        """Give of two classes the one to find."""
        counted = pd.Series(self.counts, index=list(self.names))
        most_first = counted.sort_values(ascending=False, kind="stable")
        return class_to_find(most_first, given, column, notes)

    def check(self, side: str, counts: Rows) -> None:
        """Refuse a side that lacks a class."""
        if not counts.all():
            lacks = int(np.argmin(counts))
            raise DataError(
                f"every class must stand on every side, but of the {self.counts[lacks]:,} rows of "
                f"{quoted(self.names[lacks])} none is among the {side} rows. Give more of them, "
                "leave them out, or take another --seed."
            )


class _Aside:
    """The rows of the lowest places.

    Args:
        most: how many there is room for.

    Attributes:
        limit: rows of lower places are kept.
    """

    def __init__(self, most: int) -> None:
        self.most, self.limit, self.letters = most, int(SHARE * 2**64), 0
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.at: list[tuple[int, int]] = []  # unit, and row of the file
        self.places: Places = np.zeros(0, np.uint64)

    def add(self, chunk: Chunk, places: Places, unit: int) -> list[str]:
        """Keep rows of low places; give the texts that teach."""
        low = places < self.limit
        kept = np.flatnonzero(low).tolist()
        texts = [chunk.texts[row] for row in kept]
        self.texts += texts
        self.labels += [chunk.labels[row] for row in kept]
        self.at += [(unit, chunk.rows[row]) for row in kept]
        self.places = np.concatenate([self.places, places[low]])
        self.letters += sum(map(len, texts))
        taught = [chunk.texts[row] for row in np.flatnonzero(~low).tolist()]
        if len(self.texts) > self.most * 5 // 4 or self.letters > LETTERS * 5 // 4:
            taught += self.cut()
        return taught

    def cut(self) -> list[str]:
        """Let the limit fall to where there is room; give the texts that teach after all."""
        order = np.argsort(self.places, kind="stable")
        letters = np.cumsum([len(self.texts[row]) for row in order.tolist()])
        room = min(self.most, int(np.searchsorted(letters, LETTERS, side="right")))
        if room >= len(order):
            return []
        self.limit = int(self.places[order[room]])
        low = self.places < self.limit
        back = [self.texts[row] for row in np.flatnonzero(~low).tolist()]
        kept = np.flatnonzero(low).tolist()
        self.texts = [self.texts[row] for row in kept]
        self.labels = [self.labels[row] for row in kept]
        self.at = [self.at[row] for row in kept]
        self.places, self.letters = self.places[low], sum(map(len, self.texts))
        return back

    def of_units(self, units: int) -> tuple[Rows, ...]:
        """Give the rows of each unit, which were read one after the other."""
        unit, row = np.array(self.at, np.int64).reshape(-1, 2).T
        return tuple(np.split(row, np.searchsorted(unit, np.arange(1, units))))

    def ids(self, shards: Shards) -> Texts:
        """Give where each row stands: its row, and of several files the name of its file."""
        if len({unit.path for unit in shards.units}) == 1:
            return np.array([row for _, row in self.at], object)
        named = [f"{shards.units[unit].path.name}: {row}" for unit, row in self.at]
        return np.array(named, object)


class _Seen:
    """What is known of all rows read.

    Attributes:
        sizes: rows with a text and a label, of each unit.
        labels: as they are written.
        nothing: texts that are nothing but a word for nothing.
    """

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.labels: Counter[str] = Counter()
        self.nothing: Counter[str] = Counter()
        self.left_out, self.pieces = 0, 0
        self.shares: dict[str, tuple[float, float]] = {}  # the least and the most in some rows

    @property
    def rows(self) -> int:
        """How many there are."""
        return sum(self.sizes)

    def add(self, chunk: Chunk) -> None:
        """Look at some rows.

        Raises:
            DataError: the labels are too many to be classes.
        """
        self.sizes[-1] += len(chunk.texts)
        self.left_out += chunk.left_out
        self.nothing += words_for_nothing(chunk.texts)
        here = Counter(chunk.labels)
        self.labels += here
        if len(self.labels) > MOST_CLASSES:
            raise DataError(
                f"labels must be of at most {MOST_CLASSES:,} classes, but the first {self.rows:,} "
                f"rows have {len(self.labels):,}: {listed(map(quoted, sorted(self.labels)), 3)}. "
                "Name the label column with --label."
            )
        if len(chunk.texts) < SOME_ROWS:
            return
        for label in self.labels:
            share = here[label] / len(chunk.texts)
            least, most = self.shares.get(label, (0.0 if self.pieces else share, share))
            self.shares[label] = min(least, share), max(most, share)
        self.pieces += 1

    def notes(self) -> list[str]:
        """Say what was left out, and whether rows stand sorted by their label."""
        said = [f"{self.left_out:,} rows without a text or a label left out"] * bool(self.left_out)
        said += nothing_said(self.nothing)
        apart = {label: most - least for label, (least, most) in self.shares.items()}
        if self.rows > BUFFER and apart and max(apart.values()) > SORTED:
            said.append(
                "the rows seem to stand sorted by label: they are drawn from "
                f"{BUFFER:,} at once, which is too few to mix them. Shuffle the files first"
            )
        return said
