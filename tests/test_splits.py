import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.judging.splits import rolling_folds, stratified_group_folds, stratified_group_split

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 60)), min_size=60, max_size=200)


def arrays(drawn: list[tuple[bool, int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([label for label, _ in drawn]), np.array([group for _, group in drawn])


@given(rows, st.integers(0, 5))
def test_rows_of_a_group_stay_on_one_side(drawn: list[tuple[bool, int]], seed: int) -> None:
    labels, groups = arrays(drawn)
    try:
        kept, out = stratified_group_split(labels, groups, 0.2, seed)
    except DataError:
        assume(False)
    assert not set(groups[kept]) & set(groups[out])
    assert sorted([*kept, *out]) == list(range(len(labels)))


@given(rows, st.integers(2, 4))
def test_folds_partition_the_rows_by_group(drawn: list[tuple[bool, int]], folds: int) -> None:
    labels, groups = arrays(drawn)
    try:
        fold = stratified_group_folds(labels, groups, folds)
    except DataError:
        assume(False)
    assert set(fold) == set(range(folds))
    assert all(len(set(fold[groups == group])) == 1 for group in set(groups))


@pytest.mark.parametrize("seed", range(5))
def test_each_fold_has_its_share_of_each_class(seed: int) -> None:
    labels = np.arange(1000) < 137
    fold = stratified_group_folds(labels, np.arange(1000), 5, seed)
    assert np.ptp(np.bincount(fold)) <= 2
    assert np.ptp(np.bincount(fold[labels])) <= 1


def test_a_seed_gives_the_same_split_and_another_seed_another() -> None:
    labels, groups = np.arange(100) % 3 == 0, np.arange(100)
    first = stratified_group_split(labels, groups, 0.2, 7)[1]
    np.testing.assert_array_equal(first, stratified_group_split(labels, groups, 0.2, 7)[1])
    assert set(first) != set(stratified_group_split(labels, groups, 0.2, 8)[1])


def test_held_out_shares_are_met_when_groups_are_uneven() -> None:
    groups = np.repeat(np.arange(300), np.random.default_rng(0).integers(1, 6, 300))
    labels = groups % 4 == 0
    _, out = stratified_group_split(labels, groups, 0.2)
    assert abs(len(out) / len(groups) - 0.2) < 0.01


def test_a_side_with_one_class_is_refused_with_the_counts() -> None:
    labels = np.array([True] + [False] * 20)
    with pytest.raises(DataError, match=r"both classes, but .* one alone in its 4 rows"):
        stratified_group_split(labels, np.arange(21), 0.2)
    with pytest.raises(DataError, match=r"both classes, but .* would have no row"):
        stratified_group_split(np.arange(20) < 10, np.zeros(20, int), 0.2)


def test_of_three_classes_every_one_must_be_learnt_and_some_rows_judged() -> None:
    labels = np.arange(30) % 3
    with pytest.raises(DataError, match="must hold some rows, but 30 samples are too few groups"):
        stratified_group_split(labels, np.zeros(30, int), 0.2)
    groups = np.where(labels == 2, 99, np.arange(30))  # class 2 is one group, and held out in turn
    with pytest.raises(DataError, match="1 classes of 3 would be missing: the rarest has 10 rows"):
        stratified_group_folds(labels, groups, 2)


def test_rolling_folds_know_only_what_came_before_less_what_is_purged() -> None:
    folds = rolling_folds(10, 110, 4, purge=5)
    held = np.concatenate([rows for _, rows in folds])
    assert held.tolist() == list(range(70, 110))
    for known, rows in folds:
        assert known[0] == 10
        assert known[-1] + 5 == rows[0]
