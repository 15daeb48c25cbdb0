import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recurra.errors import DataError
from recurra.judging.splits import (
    group_folds,
    group_split,
    last_part,
    rolling_folds,
    stratified_group_folds,
    stratified_group_split,
)

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
    with pytest.raises(
        DataError, match=r"20 rows make 2 groups here, as rows that belong together"
    ):
        stratified_group_split(np.arange(20) < 10, np.arange(20) // 10, 0.2)


def test_of_three_classes_every_one_must_be_learnt_and_some_rows_judged() -> None:
    labels = np.arange(30) % 3
    with pytest.raises(DataError, match=r"but 30 samples make 1 group, too few to hold"):
        stratified_group_split(labels, np.zeros(30, int), 0.2)
    groups = np.where(labels == 2, 99, np.arange(30))  # class 2 is one group, and held out in turn
    with pytest.raises(DataError, match="1 class of 3 would be missing: the rarest has 10 rows"):
        stratified_group_folds(labels, groups, 2)
    # the third group has one class, and stands in one of three folds
    with pytest.raises(DataError, match=r"both classes, but fold ([123]) of 3 would") as caught:
        stratified_group_folds(np.array([0, 1, 0, 1, 0, 0]) == 1, np.arange(6) // 2, 3)
    fold = group_folds(np.arange(6) // 2, 3, 0, np.array([0, 1, 0, 1, 0, 0]) == 1)
    assert f"fold {fold[4] + 1} of 3 would have one alone in its 2 rows" in str(caught.value)


def test_rolling_folds_know_only_what_came_before_less_what_is_purged() -> None:
    folds = rolling_folds(10, 110, 4, purge=5)
    held = np.concatenate([rows for _, rows in folds])
    assert held.tolist() == list(range(70, 110))
    for known, rows in folds:
        assert known[0] == 10
        assert known[-1] + 5 == rows[0]


def test_rolling_folds_by_hand_and_the_least_that_they_can_do_with() -> None:
    def plain(*numbers: int, **more: float) -> list[tuple[list[int], list[int]]]:
        first, end, folds, purge = numbers
        made = rolling_folds(first, end, folds, purge=purge, **more)
        return [(known.tolist(), held.tolist()) for known, held in made]

    assert plain(3, 8, 2, 1) == [([3, 4, 5], [6]), ([3, 4, 5, 6], [7])]
    assert plain(0, 4, 1, 1, test_share=0.25) == [([0, 1, 2], [3])]
    assert plain(0, 5, 1, 3) == [([0], [3, 4])]  # the first row alone is known


@pytest.mark.parametrize(
    ("first", "end", "folds", "purge", "steps"),
    [(0, 5, 1, 4, 5), (0, 4, 3, 1, 4), (10, 10, 1, 1, 0), (10, 7, 1, 1, 0), (4, 5, 1, 1, 1)],
)
def test_too_few_steps_for_rolling_folds_are_counted(
    first: int, end: int, folds: int, purge: int, steps: int
) -> None:
    with pytest.raises(DataError) as caught:
        rolling_folds(first, end, folds, purge=purge)
    assert caught.value.args == (
        f"every fold must hold out steps and know some before them, but {steps} are too few for "
        f"{folds} folds. Give a longer series, a shorter window or horizon, or fewer --folds.",
    )


@given(st.lists(st.integers(0, 30), min_size=40, max_size=120), st.integers(0, 5))
def test_a_group_split_holds_out_whole_groups_and_about_the_share(
    drawn: list[int], seed: int
) -> None:
    groups = np.array([*drawn, *range(31)])
    kept, out = group_split(groups, 0.3, seed)
    assert not set(groups[kept]) & set(groups[out])
    assert sorted([*kept, *out]) == list(range(len(groups)))
    assert abs(len(out) - 0.3 * len(groups)) <= np.bincount(groups).max()


def test_a_group_split_goes_by_its_seed_and_needs_two_groups() -> None:
    groups = np.arange(100) // 2
    first = group_split(groups, 0.2, 7)[1].tolist()
    assert first == group_split(groups, 0.2, 7)[1].tolist()
    assert first != group_split(groups, 0.2, 8)[1].tolist()
    assert (first == group_split(groups, 0.2)[1].tolist(), len(first)) == (False, 20)
    assert [part.tolist() for part in group_split(np.array([4, 4, 9]), 0.01)] in (
        [[0, 1], [2]],
        [[2], [0, 1]],
    )
    with pytest.raises(DataError) as caught:
        group_split(np.zeros(12, int), 0.25)
    assert str(caught.value) == (
        "both sides of a split must hold rows, but 12 rows in 1 group cannot be split so that 25% "
        "are held out. Give more different rows."
    )


def test_the_last_part_validates_and_no_target_reaches_into_it() -> None:
    def plain(origins: np.ndarray, share: float, horizon: int) -> list[list[int]]:
        return [part.tolist() for part in last_part(origins, share, horizon)]

    assert plain(np.arange(10), 0.2, 1) == [list(range(8)), [8, 9]]
    assert plain(np.arange(10), 0.2, 4) == [list(range(5)), [8, 9]]
    assert plain(np.arange(100, 140, 4), 0.5, 5) == [[0, 1, 2, 3], [5, 6, 7, 8, 9]]
    assert plain(np.repeat(np.arange(5), 2), 0.4, 1) == [list(range(6)), [6, 7, 8, 9]]


def test_too_few_groups_for_folds_are_counted() -> None:
    with pytest.raises(DataError) as caught:
        group_folds(np.array([1, 1, 2, 2]), 3)
    assert str(caught.value) == (
        "every fold must hold rows, but 4 rows in 2 groups are too few for 3 folds. Give more "
        "rows, or fewer --folds."
    )
