"""How rows of classes are split where something beside the class binds them, or tells their time.

::

    copies alone          stratified, copies on one side
    groups (an author)    stratified, groups on one side; a copy that another group has on the other
                          side is left out of training
    times                 the past teaches, the newest rows judge; the newest of the past validate
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recurra.arrays import Bools, Floats, Rows
from recurra.errors import DataError
from recurra.judging import leaks
from recurra.judging.classes import Labelled, turns_of
from recurra.judging.problem import Fold, Sides
from recurra.judging.report import Probe
from recurra.judging.splits import (
    Split,
    newest_part,
    stratified_group_folds,
    stratified_group_split,
    walking_forward,
    without_bound,
)

__all__ = ["Bonds"]

TEST_SHARE = 0.2
FEWEST_GROUPS = 5  # one to test on, one to validate on, some to learn from


@dataclass(frozen=True)
class Bonds:
    """What binds rows, and when they were.

    Args:
        copies: (rows,) one number for all copies.
        groups: (rows,) the number of what else must stay on one side; None: nothing is said.
        begins: (rows,) when each began, a number that grows with time; None: nothing is said.
        ends: (rows,) when it ended.
    """

    copies: Rows
    groups: Rows | None = None
    begins: Floats | None = None
    ends: Floats | None = None

    def folds(
        self,
        rows: Labelled,
        folds: int | None,
        share: float,
        seed: int,
        published: Bools | None = None,
    ) -> list[Fold]:
        """Split rows.

        Args:
            rows: all of them; what belongs together bears one number in their groups.
            folds: how many; None holds out the rows published as a test, else a fifth.
            share: of the rows known, for validation.
            seed: of the shuffling.
            published: (rows,) whether a row is to be tested on; None: nobody said.

        Raises:
            DataError: a side would lack a class, or there are too few groups or times.
        """
        self._check_enough(folds)
        if published is not None:
            pairs = [(np.flatnonzero(~published), np.flatnonzero(published))]
        else:
            pairs = self._pairs(rows, folds, seed)
        made = []
        for known, held in pairs:
            kept = known if published is not None else self._apart(known, held)
            purged = len(known) - len(kept)
            made.append(Fold(kept, held, self.sides(rows, kept, share, seed), purged))
        if self.groups is not None or self.begins is not None:
            for fold in made:
                _check_classes(rows, {"to test on": fold.held})
        return made

    def sides(self, rows: Labelled, known: Rows, share: float, seed: int) -> Sides:
        """Give places within the rows known, to train and to validate on, a turn each.

        Raises:
            DataError: a side would lack a class.
        """
        if self.begins is None:
            turns = turns_of(rows.truth[known], rows.groups[known], share, seed)
        else:
            _check_classes(rows, {"to learn": known})
            turns = [newest_part(self.begins[known], share)]
        if self.groups is None and self.begins is None:
            return turns
        places = np.arange(len(known))
        sides = []
        for train, validation in turns:
            kept = np.searchsorted(known, self._apart(known[train], known[validation]))
            _check_classes(rows, {"to learn": known[kept], "to validate on": known[validation]})
            sides.append((places[kept], validation))
        return sides

    def probes(self, sides: Sequence[Split]) -> list[Probe]:
        """Look for groups on two sides, and for the future among what is learnt from."""
        found = []
        if self.groups is not None:
            found.append(leaks.groups_on_both_sides(self.groups, sides))
        if self.begins is not None:
            ends = self.begins if self.ends is None else self.ends
            found.append(leaks.future_in_training(self.begins, ends, sides))
        return found

    def _check_enough(self, folds: int | None) -> None:
        if self.groups is None:
            return
        there, needed = len(np.unique(self.groups)), max(FEWEST_GROUPS, folds or 0)
        if there < needed:
            raise DataError(
                f"--group must name a column of {needed} different values or more, so that some "
                f"can be held out, but it has {there}. Give rows of more, or leave --group out."
            )

    def _pairs(self, rows: Labelled, folds: int | None, seed: int) -> list[tuple[Rows, Rows]]:
        """Give the rows before and held out of each fold."""
        if self.begins is not None:
            if folds is None:
                return [newest_part(self.begins, TEST_SHARE)]
            return walking_forward(self.begins, folds)
        strata = rows.truth == 1 if len(rows.names) == 2 else rows.truth
        if folds is None:
            return [stratified_group_split(strata, rows.groups, TEST_SHARE, seed)]
        fold = stratified_group_folds(strata, rows.groups, folds, seed)
        return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]

    def _apart(self, kept: Rows, held: Rows) -> Rows:
        """Leave out of rows kept those that are bound to one held, or ended after it began."""
        if self.begins is not None and self.ends is not None:
            kept = kept[self.ends[kept] < self.begins[held].min()]
        if self.groups is None:
            return kept
        copies = [] if self.begins is not None else [self.copies]
        return without_bound(kept, held, self.groups, *copies)


def _check_classes(rows: Labelled, sides: dict[str, Rows]) -> None:
    """Refuse a side without both of two classes; of more, one that teaches less than two."""
    for what, side in sides.items():
        there = np.unique(rows.truth[side])
        if len(there) >= 2 or (len(rows.names) > 2 and what != "to learn" and len(side)):
            continue
        held = (
            f"the {len(side):,} rows {what} are all {rows.names[there[0]]!r}"
            if len(there)
            else (f"no row is left {what}, once those of groups on the other side are left out")
        )
        raise DataError(
            f"every side must hold both classes, but {held}. Give more rows, or leave out --group "
            "or --time."
        )
