"""Which rows train, validate and test. Rows of one group never stand on two sides."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from recurra.arrays import Dates, Floats, Rows
from recurra.errors import DataError, LeakError, SettingsError

__all__ = [
    "Split",
    "apart",
    "check_dates",
    "dated_split",
    "group_folds",
    "group_split",
    "last_part",
    "newest_part",
    "rolling_folds",
    "stratified_group_folds",
    "stratified_group_split",
    "walk_forward",
    "walking_forward",
    "without_bound",
]


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


def _positions(labels: npt.NDArray[Any], groups: Rows, seed: int) -> npt.NDArray[np.float64]:
    """Give each row a place in [0, 1), one place a group, evenly spread within each class.

    Groups are shuffled within their class (that of their first row) and laid end to end, each as
    long as it has rows: to cut at 0.2 is then to take a fifth of the rows of each class.
    """
    _, first, inverse, sizes = np.unique(
        groups, return_index=True, return_inverse=True, return_counts=True
    )
    places = np.empty(len(sizes))
    rng = np.random.default_rng(seed)
    for label in _classes(labels):
        mine = rng.permutation(np.flatnonzero(labels[first] == label))
        ends = np.cumsum(sizes[mine])
        places[mine] = (ends - sizes[mine] / 2) / ends[-1] if len(mine) else 0.0
    spread: npt.NDArray[np.float64] = places[inverse]
    return spread


def _classes(labels: npt.NDArray[Any]) -> list[Any]:
    return [False, True] if labels.dtype == bool else np.unique(labels).tolist()


def stratified_group_folds(
    labels: npt.NDArray[Any], groups: Rows, folds: int, seed: int = 0
) -> Rows:
    """Give each row the number of its fold, 0 to folds - 1.

    Each fold holds about the same share of each class, and the rows of a group are in one fold.

    Args:
        labels: (rows,) whether a row is positive, or the number of its class.
        groups: (rows,) equal numbers mark rows that must stay together.
        folds: how many, at least 2.
        seed: of the shuffling; the same seed gives the same folds.

    Raises:
        DataError: of two classes, a fold would hold one only; of more, one would be held whole.

    Example:
        >>> fold = stratified_group_folds(np.arange(10) < 4, np.arange(10), 2)
        >>> np.bincount(fold).tolist(), np.bincount(fold[:4]).tolist()
        ([5, 5], [2, 2])
    """
    fold = group_folds(groups, folds, seed, labels)
    for number in range(folds):
        where = f"fold {number + 1} of {folds}"
        _needs_every_class(labels, groups, fold == number, where)
    return fold


def apart(seed: int) -> int:
    """Give a seed of draws that have nothing to do with the splits of this seed.

    A sample of rows that is drawn as validation rows are drawn is those rows.

    Example:
        >>> sample = group_split(np.arange(1000), 0.1, apart(0))[1]
        >>> validation = group_split(np.arange(1000), 0.1, 0)[1]
        >>> len(set(sample.tolist()) & set(validation.tolist())) < 30
        True
    """
    return int(np.random.default_rng([seed, 1]).integers(1 << 31))


def stratified_group_split(
    labels: npt.NDArray[Any], groups: Rows, held_out: float, seed: int = 0, turn: int = 0
) -> tuple[Rows, Rows]:
    """Give the rows kept and the rows held out, about `held_out` of each class.

    Args:
        labels: (rows,) whether a row is positive, or the number of its class.
        groups: (rows,) equal numbers mark rows that must stay together.
        held_out: the share.
        seed: of the shuffling.
        turn: another turn holds out other rows, until all have been held out once.

    Raises:
        DataError: a class is missing from the part kept; of two, from either side.
    """
    turns = max(1, int(1 / held_out + 1e-9))
    out = (_positions(labels, groups, seed) / held_out).astype(np.int64) == turn % turns
    _needs_every_class(labels, groups, out, f"the {held_out:.0%} held out")
    return np.flatnonzero(~out), np.flatnonzero(out)


def _needs_every_class(
    labels: npt.NDArray[Any], groups: Rows, out: npt.NDArray[np.bool_], where: str
) -> None:
    """Make sure that every class can be learnt and, of two, that both are judged."""
    if labels.dtype == bool:
        _needs_both_classes(labels, groups, ~out, "the part kept for training")
        _needs_both_classes(labels, groups, out, where)
        return
    kept = np.unique(labels[~out])
    if not out.any():
        raise DataError(
            f"{where} must hold some rows, but {len(labels):,} samples make "
            f"{len(np.unique(groups)):,} groups, too few to hold any out: rows that belong "
            "together (copies, or rows that differ in digits alone) count as one. Give more "
            "different rows."
        )
    classes, rows = np.unique(labels, return_counts=True)
    if len(kept) < len(classes):
        raise DataError(
            f"the part kept for training must hold every class, but {len(classes) - len(kept)} "
            f"classes of {len(classes)} would be missing: the rarest has {rows.min()} rows, and "
            f"{_counted(groups)} here, as rows that belong together (copies, or rows that differ "
            "in digits alone) count as one. Give more different rows of it, or leave it out."
        )


def _needs_both_classes(
    labels: npt.NDArray[np.bool_], groups: Rows, side: npt.NDArray[np.bool_], where: str
) -> None:
    there = labels[side]
    if len(np.unique(there)) < 2:
        held = f"one alone in its {len(there)} rows" if len(there) else "no rows"
        raise DataError(
            f"every side of a split must hold both classes, but {where} would have {held}: "
            f"{_counted(groups)} here, as rows that belong together (copies, or rows that differ "
            "in digits alone) count as one. Give more different rows of the rarer class."
        )


def _counted(groups: Rows) -> str:
    return f"{len(groups):,} rows make {len(np.unique(groups)):,} groups"


def group_folds(
    groups: Rows, folds: int, seed: int = 0, strata: npt.NDArray[Any] | None = None
) -> Rows:
    """Give each row the number of its fold, 0 to folds - 1; the rows of a group are in one fold.

    Args:
        groups: (rows,) equal numbers mark rows that must stay together.
        folds: how many.
        seed: of the shuffling; the same seed gives the same folds.
        strata: (rows,) classes of which each fold holds about the same share, None for none.

    Raises:
        DataError: a fold would be empty.

    Example:
        >>> np.bincount(group_folds(np.arange(10) // 2, 5)).tolist()
        [2, 2, 2, 2, 2]
    """
    labels = np.zeros(len(groups), np.int64) if strata is None else strata
    fold = (_positions(labels, groups, seed) * folds).astype(np.int64)
    if len(np.unique(fold)) < folds:
        raise DataError(
            f"every fold must hold rows, but {len(groups)} rows in {len(np.unique(groups))} groups "
            f"are too few for {folds} folds. Give more rows, or fewer --folds."
        )
    return fold


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


def last_part(origins: Rows, share: float, horizon: int) -> tuple[Rows, Rows]:
    """Give the places of the origins to train and to validate on: the last share validates.

    Args:
        origins: in order of time, the steps that are forecast first.
        share: of the origins, for validation.
        horizon: steps ahead; no target to train on reaches into validation.

    Example:
        >>> train, validation = last_part(np.arange(10, 20), 0.3, 2)
        >>> train.tolist(), validation.tolist()
        ([0, 1, 2, 3, 4, 5], [7, 8, 9])
    """
    first = origins[int(len(origins) * (1 - share))]
    return np.flatnonzero(origins + horizon <= first), np.flatnonzero(origins >= first)


def newest_part(times: Floats, share: float) -> tuple[Rows, Rows]:
    """Give the rows before a moment and those from it on, about `share` of all.

    Rows of one time stay on one side.

    Args:
        times: (rows,) numbers that grow with time.
        share: of the rows, the newest.

    Raises:
        DataError: all rows are of one time.

    Example:
        >>> past, newest = newest_part(np.array([3.0, 1.0, 2.0, 3.0, 1.0]), 0.3)
        >>> past.tolist(), newest.tolist()
        ([1, 2, 4], [0, 3])
    """
    ((past, newest),) = walking_forward(times, 1, share)
    return past, newest


def walking_forward(times: Floats, folds: int, test_share: float = 0.4) -> list[tuple[Rows, Rows]]:
    """Give the rows known and held of each fold: the newest rows in turn, all before them known.

    Rows of one time are in one fold.

    Args:
        times: (rows,) numbers that grow with time.
        folds: how many.
        test_share: of the rows, held out by all folds together.

    Raises:
        DataError: there are too few different times.

    Example:
        >>> folds = walking_forward(np.arange(10.0), 2)
        >>> [(known.tolist(), held.tolist()) for known, held in folds]
        [([0, 1, 2, 3, 4, 5], [6, 7]), ([0, 1, 2, 3, 4, 5, 6, 7], [8, 9])]
    """
    distinct, counts = np.unique(times, return_counts=True)
    before = np.cumsum(counts) - counts  # rows that are earlier than each time
    wanted = np.linspace(1 - test_share, 1, folds + 1)[:-1] * len(times)
    cuts = [int(np.abs(before - rows).argmin()) for rows in wanted]
    if cuts[0] < 1 or len(set(cuts)) < folds:
        raise DataError(
            f"the past must teach and the newest rows judge, {_in_folds(folds)}, but the "
            f"{len(times):,} rows are of {len(distinct):,} different times, too few to cut "
            f"between. Give rows of more times{', or fewer --folds' if folds > 1 else ''}."
        )
    borders = [*distinct[cuts], np.inf]
    return [
        (np.flatnonzero(times < begin), np.flatnonzero((times >= begin) & (times < end)))
        for begin, end in pairwise(borders)
    ]


def _in_folds(folds: int) -> str:
    return "once" if folds == 1 else f"{folds} times"


def without_bound(kept: Rows, held: Rows, *bonds: Rows) -> Rows:
    """Leave out of some rows those that are bound to one of the rows held.

    Args:
        kept, held: row numbers.
        bonds: (all rows,) each; rows of one number are bound.

    Example:
        >>> without_bound(np.array([0, 1]), np.array([2]), np.array([7, 8, 7])).tolist()
        [1]
    """
    for numbers in bonds:
        kept = kept[~np.isin(numbers[kept], numbers[held])]
    return kept


def rolling_folds(
    first: int, end: int, folds: int, *, purge: int, test_share: float = 0.4
) -> list[tuple[Rows, Rows]]:
    """Give the rows known and the rows held out of each fold: the last ones in turn.

    ::

        fold 1:  known ────── purged  held ──
        fold 2:  known ──────────────── purged  held ──

    Args:
        first: the first row, in order of time.
        end: the row after the last.
        folds: how many.
        purge: a row is known when it comes so many rows, or more, before the first held out.
        test_share: of the rows, held out by all folds together.

    Raises:
        DataError: a fold would hold out nothing, or know nothing.

    Example:
        >>> [(known.tolist(), held.tolist()) for known, held in rolling_folds(0, 10, 2, purge=2)]
        [([0, 1, 2, 3, 4], [6, 7]), ([0, 1, 2, 3, 4, 5, 6], [8, 9])]
    """
    begin = first + round((end - first) * (1 - test_share))
    borders = np.linspace(begin, end, folds + 1).round().astype(np.int64)
    if end <= first or begin - purge < first or (np.diff(borders) < 1).any():
        raise DataError(
            f"every fold must hold out steps and know some before them, but {max(0, end - first)} "
            f"are too few for {folds} folds. Give a longer series, a shorter window or horizon, or "
            "fewer --folds."
        )
    return [
        (np.arange(first, begin - purge + 1), np.arange(begin, until))
        for begin, until in pairwise(borders)
    ]


def dated_split(
    dates: Dates,
    validate_from: np.datetime64,
    test_from: np.datetime64,
    *,
    window: int,
    embargo: int = 0,
    test_until: np.datetime64 | None = None,
) -> tuple[Split, int]:
    """Split rows by their day: train, then validate, then test. All rows of a day are on one side.

    A row of day `D` looks back on the `window` days before it. So the last `window` days before
    each border are purged: their days stand in windows of the later side, too. `embargo` more
    days go, for what a window remembers of earlier ones.

    ::

        train … │ purged, embargo │ validation … │ purged, embargo │ test …

    Args:
        dates: (rows,) the day whose outcome a row predicts, in any order.
        validate_from: no validation row is earlier.
        test_from: no test row is earlier.
        window: trading days that a row looks back on.
        embargo: days left out beside those.
        test_until: test rows are earlier than this; None takes all.

    Returns:
        The split, and the number of rows purged.

    Raises:
        DataError: a side would be empty.

    Example:
        >>> days = np.arange("2024-01-01", "2024-01-21", dtype="datetime64[D]")
        >>> split, purged = dated_split(days, days[10], days[15], window=2)
        >>> len(split.train), len(split.validation), len(split.test), purged
        (8, 3, 5, 4)
    """
    calendar, day = np.unique(dates, return_inverse=True)
    first, second = np.searchsorted(calendar, np.array([validate_from, test_from]))
    last = len(calendar) if test_until is None else int(np.searchsorted(calendar, test_until))
    gap = window + embargo
    sides = (
        np.flatnonzero(day < first - gap),
        np.flatnonzero((day >= first) & (day < second - gap)),
        np.flatnonzero((day >= second) & (day < last)),
    )
    for name, rows in zip(("training", "validation", "test"), sides, strict=True):
        if not len(rows):
            raise DataError(
                f"every side of a dated split must hold days, but no {name} day is left of "
                f"{calendar[0]} to {calendar[-1]} ({len(calendar)} days) with validation from "
                f"{validate_from}, test from {test_from} and {gap} days purged before each. Give "
                "a longer history, a shorter window, or other dates."
            )
    split = Split(*sides)
    check_dates(dates, split.train, split.validation, window, "validation")
    check_dates(dates, split.fitted_on, split.test, window, "test")
    return split, int((day < last).sum()) - sum(map(len, sides))


def check_dates(dates: Dates, before: Rows, after: Rows, window: int, side: str = "test") -> None:
    """Make sure that no day of the earlier rows stands in a window of the later ones.

    Args:
        dates: (rows,) the day whose outcome a row predicts.
        before: rows that train.
        after: rows that judge.
        window: trading days that a row looks back on.
        side: what the later rows are called.

    Raises:
        LeakError: a day is in both.
    """
    calendar = np.unique(dates)
    end = int(np.searchsorted(calendar, dates[before].max()))
    first = int(np.searchsorted(calendar, dates[after].min()))
    shared = end - (first - window) + 1
    if shared > 0:
        start = calendar[max(0, first - window)]
        later = first + shared
        cure = (
            f"Start the {side} on {calendar[later]} or purge" if later < len(calendar) else "Purge"
        )
        days = "1 day is" if shared == 1 else f"{shared} days are"
        raise LeakError(
            f"training data end on {calendar[end]} but the first {side} window starts on {start}, "
            f"so {days} in both. {cure} {'1 day' if shared == 1 else f'{shared} days'}."
        )


def walk_forward(
    dates: Dates,
    folds: int,
    *,
    window: int,
    embargo: int = 0,
    test_share: float = 0.4,
    validation_share: float = 0.15,
) -> list[tuple[Split, int]]:
    """Test on the last days in turn, each time trained on all that came before.

    ::

        fold 1: train ─────── validate ── test ──
        fold 2: train ──────────────── validate ── test ──
        fold 3: train ───────────────────────── validate ── test ──

    Args:
        dates: (rows,) the day whose outcome a row predicts.
        folds: how many times a model is fitted anew.
        window: trading days that a row looks back on, purged before each border.
        embargo: days left out beside those.
        test_share: of the days, tested by all folds together.
        validation_share: of the days before a test, the last ones, for validation.

    Returns:
        For each fold its split and the number of rows purged.

    Example:
        >>> days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
        >>> folds = walk_forward(days, 2, window=10)
        >>> [len(split.train) for split, _ in folds], [len(split.test) for split, _ in folds]
        ([176, 238], [73, 73])
    """
    if folds < 1:
        raise SettingsError(f"folds must be at least 1, but it is {folds}.")
    calendar = np.unique(dates)
    start = round(len(calendar) * (1 - test_share))
    borders = np.linspace(start, len(calendar), folds + 1).round().astype(int)
    if start < 1 or (np.diff(borders) < 1).any():
        raise DataError(
            f"{folds} folds need more days than the {len(calendar)} that are here. "
            "Give a longer history or fewer folds."
        )
    splits = []
    for begin, end in pairwise(borders):
        validate = calendar[int(begin * (1 - validation_share))]
        until = calendar[end] if end < len(calendar) else None
        splits.append(
            dated_split(
                dates, validate, calendar[begin], window=window, embargo=embargo, test_until=until
            )
        )
    return splits
