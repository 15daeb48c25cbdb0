"""Which rows train, validate and test. Rows of one group never stand on two sides."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recurra.errors import DataError

__all__ = ["Split", "group_split", "stratified_group_folds", "stratified_group_split"]

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Row numbers of the three sides, each in rising order."""

    train: Rows
    validation: Rows
    test: Rows

    @property
    def fitted_on(self) -> Rows:
        """The rows a model may see in any way: training and validation."""
        return np.sort(np.concatenate([self.train, self.validation]))


def _positions(labels: npt.NDArray[np.bool_], groups: Rows, seed: int) -> npt.NDArray[np.float64]:
    """Give each row a place in [0, 1), one place a group, evenly spread within each class.

    Groups are shuffled within their class (that of their first row) and laid end to end, each as
    long as it has rows: to cut at 0.2 is then to take a fifth of the rows of each class.
    """
    _, first, inverse, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    places = np.empty(len(sizes))
    rng = np.random.default_rng(seed)
    for label in (False, True):
        mine = rng.permutation(np.flatnonzero(labels[first] == label))
        ends = np.cumsum(sizes[mine])
        places[mine] = (ends - sizes[mine] / 2) / ends[-1] if len(mine) else 0.0
    spread: npt.NDArray[np.float64] = places[inverse]
    return spread


def stratified_group_folds(
    labels: npt.NDArray[np.bool_], groups: Rows, folds: int, seed: int = 0
) -> Rows:
    """Give each row the number of its fold, 0 to folds - 1.

    Each fold holds about the same share of each class, and the rows of a group are in one fold.

    Args:
        labels: (rows,) whether a row is positive.
        groups: (rows,) equal numbers mark rows that must stay together.
        folds: how many, at least 2.
        seed: of the shuffling; the same seed gives the same folds.

    Raises:
        DataError: a fold would hold one class only.

    Example:
        >>> fold = stratified_group_folds(np.arange(10) < 4, np.arange(10), 2)
        >>> np.bincount(fold).tolist(), np.bincount(fold[:4]).tolist()
        ([5, 5], [2, 2])
    """
    fold = (_positions(labels, groups, seed) * folds).astype(np.int64)
    for number in range(folds):
        _needs_both_classes(labels[fold == number], f"fold {number + 1} of {folds}")
    return fold


def stratified_group_split(
    labels: npt.NDArray[np.bool_], groups: Rows, held_out: float, seed: int = 0, turn: int = 0
) -> tuple[Rows, Rows]:
    """Give the rows kept and the rows held out, about `held_out` of each class.

    Args:
        labels: (rows,) whether a row is positive.
        groups: (rows,) equal numbers mark rows that must stay together.
        held_out: the share.
        seed: of the shuffling.
        turn: another turn holds out other rows, until all have been held out once.

    Raises:
        DataError: a side would hold one class only.
    """
    turns = max(1, int(1 / held_out + 1e-9))
    out = (_positions(labels, groups, seed) / held_out).astype(np.int64) == turn % turns
    _needs_both_classes(labels[~out], "the part kept for training")
    _needs_both_classes(labels[out], f"the {held_out:.0%} held out")
    return np.flatnonzero(~out), np.flatnonzero(out)


def _needs_both_classes(labels: npt.NDArray[np.bool_], where: str) -> None:
    positive = int(labels.sum())
    if not 0 < positive < len(labels):
        raise DataError(
            f"every side of a split must hold both classes, but {where} would have {positive} "
            f"positive of {len(labels)} rows. Give more rows of the rarer class "
            "(rows that are equal but for digits, case and spacing count as one group)."
        )


def group_split(groups: Rows, held_out: float, seed: int = 0) -> tuple[Rows, Rows]:
    """Give the rows kept and the rows held out, about `held_out` of all, groups whole.

    Args:
        groups: (rows,) equal numbers mark rows that must stay together.
        held_out: the share.
        seed: of the shuffling.

    Raises:
        DataError: a side would be empty.

    Example:
        >>> kept, out = group_split(np.array([0, 0, 1, 2, 3]), 0.4)
        >>> len(kept) + len(out), set(kept.tolist()) & set(out.tolist())
        (5, set())
    """
    _, inverse, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    ends = np.cumsum(sizes[order])
    count = int((ends - sizes[order] / 2 < held_out * len(groups)).sum())
    chosen = order[: max(1, count)]
    out = np.isin(inverse, chosen)
    if out.all() or not out.any():
        raise DataError(
            f"both sides of a split must hold rows, but {len(groups)} rows in {len(sizes)} groups "
            f"cannot be split so that {held_out:.0%} are held out. Give more different rows."
        )
    return np.flatnonzero(~out), np.flatnonzero(out)
