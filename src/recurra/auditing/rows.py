"""The rows that are audited, and how they are named and shown."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Rows, Texts
from recurra.auditing.findings import Example
from recurra.auditing.simple import Simple, simple_of_texts
from recurra.data.labelled import LabelledTexts
from recurra.judging.splits import stratified_group_folds
from recurra.sequences import Ragged
from recurra.text.near import Copies, find_copies

__all__ = ["Audited", "AuditedTexts", "Counted", "Told", "counted_by"]

LONGEST_SHOWN = 240
FOLDS = 5
MOST_ROWS, MOST_LETTERS = 50_000, 10_000_000  # of which words and columns are asked


@dataclass(frozen=True)
class Counted:
    """One row for each group of copies: what is counted of these is not counted twice.

    Args:
        rows: numbers of the rows.
        truth: (rows,) the number of the class of each.
        fold: (rows,) of each; what is learnt on the others is asked of it. Empty where the classes
            are too small for folds.
    """

    rows: Rows
    truth: Rows
    fold: Rows


class Told(Protocol):
    """Rows with a class each, of whatever they are made."""

    labels: Texts
    other_columns: pd.DataFrame
    source: str
    sha256: str
    notes: list[str]

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, sorted."""

    @property
    def numbers(self) -> Rows:
        """(rows,) the place of each row's class among `names`."""

    @property
    def classes(self) -> dict[str, int]:
        """The number of rows of each class."""


@dataclass(frozen=True)
class Audited:
    """Labelled rows, with the side of each where there are two.

    Args:
        rows: that are audited.
        held: (rows,) whether a row is held out, None where the rows are not split.
        names: of the sides: the one that is learnt from, the one held out.
        seed: of the folds, and of what is looked at where it is a part.
    """

    rows: Told
    held: Bools | None = None
    names: tuple[str, str] = ("training", "test")
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def groups(self) -> Rows:
        """(rows,) one number for all rows that are copies."""
        raise NotImplementedError

    @property
    def bound(self) -> Rows:
        """(rows,) one number for all rows that a split must hold together, near copies too."""
        raise NotImplementedError

    def simple(self, rows: Rows) -> Simple:
        """Give a simple model of some of the rows."""
        raise NotImplementedError

    @property
    def steps(self) -> Ragged | None:
        """The numbers of each row in order, where it is a sequence of them."""
        return None

    @property
    def telling(self) -> Bools:
        """(rows,) whether a row holds so much that none is like it by luck."""
        return np.ones(len(self.truth), bool)

    def place(self, row: int) -> int:
        """Give the number of a row in its file, counted from 0."""
        raise NotImplementedError

    def step(self, row: int) -> int | None:
        """Give the place of a step in its row; None where rows have a class, and steps none."""
        return None

    def most(self, rows: Rows) -> int:
        """Give how many of these rows are asked of columns and content."""
        return MOST_ROWS

    def shown(self, row: int) -> str:
        """Give what a row holds."""
        raise NotImplementedError

    def called(self, row: int) -> str:
        """Give how a row is called."""
        raise NotImplementedError

    @cached_property
    def truth(self) -> Rows:
        """(rows,) the number of the class."""
        return self.rows.numbers

    @cached_property
    def counted(self) -> Counted:
        """One row of each group of copies, of all or of as many as are looked at."""
        _, rows = np.unique(self.groups, return_index=True)
        most = self.most(rows)
        if len(rows) > most:
            drawn = np.random.default_rng(self.seed).choice(rows, most, replace=False)
            self.notes.append(
                f"words and columns were asked of {most:,} of {len(rows):,} different rows"
            )
            rows = np.sort(drawn)
        return counted_by(self.truth[rows], rows, self.seed)

    def example(self, left: int, right: int) -> Example:
        """Give two rows side by side."""
        return Example(
            left=self.short(left),
            right=self.short(right),
            left_row=self.named(left),
            right_row=self.named(right),
        )

    def short(self, row: int) -> str:
        """Give what a row holds, cut where it is long."""
        text = self.shown(row)
        return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"

    def named(self, row: int) -> str:
        """Say where a row stands, and its class."""
        side = "" if self.held is None else f"{self.names[int(self.held[row])]}, "
        return f"{side}{self.called(row)}, {self.rows.labels[row]}"


def counted_by(truth: Rows, rows: Rows, seed: int) -> Counted:
    """Give rows with what is asked of them, in folds that teach each other."""
    fold = np.zeros(0, np.int64)
    counts = np.bincount(truth)
    if len(counts) > 1 and counts[counts > 0].min() >= 2 * FOLDS:
        fold = stratified_group_folds(truth, np.arange(len(rows)), FOLDS, seed)
    return Counted(rows, truth, fold)


@dataclass(frozen=True)
class AuditedTexts(Audited):
    """Labelled texts that are audited."""

    rows: LabelledTexts

    @cached_property
    def copies(self) -> Copies:
        """Which rows are copies."""
        return find_copies(self.rows.texts)

    @property
    def groups(self) -> Rows:
        """(rows,) one number for all texts that are near copies."""
        return self.copies.groups

    @property
    def bound(self) -> Rows:
        """(rows,) the same."""
        return self.copies.groups

    def simple(self, rows: Rows) -> Simple:
        """Give a simple model of some of the texts."""
        return simple_of_texts(self.rows.texts[rows])

    def place(self, row: int) -> int:
        """Give where it stands."""
        return int(self.rows.ids[row])

    def most(self, rows: Rows) -> int:
        """Give how many of these texts are asked: long ones are fewer."""
        letters = float(np.mean([len(text) for text in self.rows.texts[rows[:1000]]]))
        return min(MOST_ROWS, int(MOST_LETTERS / np.maximum(1.0, letters)))

    def shown(self, row: int) -> str:
        """Give the text."""
        return str(self.rows.texts[row])

    def called(self, row: int) -> str:
        """Give where it stands."""
        return f"row {self.rows.ids[row]}"
