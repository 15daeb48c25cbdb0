"""The rows that are audited, and how they are named and shown."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from recurra.arrays import Bools, Rows
from recurra.auditing.findings import Example
from recurra.data.labelled import LabelledTexts
from recurra.judging.splits import stratified_group_folds
from recurra.text.near import Copies, find_copies

__all__ = ["Audited", "Counted"]

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


@dataclass(frozen=True)
class Audited:
    """Labelled texts, with the side of each row where there are two.

    Args:
        rows: the texts.
        held: (rows,) whether a row is held out, None where the rows are not split.
        names: of the sides: the one that is learnt from, the one held out.
        seed: of the folds, and of what is looked at where it is a part.
    """

    rows: LabelledTexts
    held: Bools | None = None
    names: tuple[str, str] = ("training", "test")
    seed: int = 0
    notes: list[str] = field(default_factory=list)

    @cached_property
    def copies(self) -> Copies:
        """Which rows are copies."""
        return find_copies(self.rows.texts)

    @cached_property
    def truth(self) -> Rows:
        """(rows,) the number of the class."""
        return self.rows.numbers

    @cached_property
    def counted(self) -> Counted:
        """One row of each group of copies, of all or of as many as are looked at."""
        _, rows = np.unique(self.copies.groups, return_index=True)
        letters = float(np.mean([len(text) for text in self.rows.texts[rows[:1000]]]))
        most = min(MOST_ROWS, int(MOST_LETTERS / np.maximum(1.0, letters)))
        if len(rows) > most:
            drawn = np.random.default_rng(self.seed).choice(rows, most, replace=False)
            self.notes.append(
                f"words and columns were asked of {most:,} of {len(rows):,} different texts"
            )
            rows = np.sort(drawn)
        truth = self.truth[rows]
        fold = np.zeros(0, np.int64)
        if np.bincount(truth, minlength=len(self.rows.names)).min() >= 2 * FOLDS:
            fold = stratified_group_folds(truth, np.arange(len(rows)), FOLDS, self.seed)
        return Counted(rows, truth, fold)

    def example(self, left: int, right: int) -> Example:
        """Give two rows side by side."""
        return Example(
            left=self.short(left),
            right=self.short(right),
            left_row=self.named(left),
            right_row=self.named(right),
        )

    def short(self, row: int) -> str:
        """Give a text, cut where it is long."""
        text: str = self.rows.texts[row]
        return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"

    def named(self, row: int) -> str:
        """Say where a row stands, and its class."""
        side = "" if self.held is None else f"{self.names[int(self.held[row])]}, "
        return f"{side}row {self.rows.ids[row]}, {self.rows.labels[row]}"
