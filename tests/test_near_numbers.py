"""Copies of numeric sequences are found, and what is alike because its class is stays apart."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.data.sequences import label_sequences, read_sequences, with_test
from recurra.near_numbers import KINDS, NearSequences, find_near_sequences
from recurra.problems.splitting import split_sequences
from recurra.sequences import Ragged

STEPS = 60


def walks(rows: int = 60, channels: int = 1, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return list(rng.normal(size=(rows, STEPS, channels)).cumsum(axis=1))


def found_in(rows: Any, **given: Any) -> NearSequences:
    return find_near_sequences(Ragged.of_numbers(rows), **given)


def kinds_of(found: NearSequences) -> list[str]:
    return [KINDS[kind] for kind in found.kinds]


CHANGES: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "scaled": ("scaled or moved copies", lambda s, _: 3.7 * s + 2),
    "turned over": ("scaled or moved copies", lambda s, _: -s),
    "rounded": ("near copies", lambda s, _: np.round(s, 1)),
    "noise added": ("near copies", lambda s, rng: s + 0.05 * s.std() * rng.normal(size=s.shape)),
    "cut at the end": ("parts of each other", lambda s, _: s[:45]),
    "a part, scaled": ("parts of each other", lambda s, _: 0.01 * s[10:50] - 7),
    "pushed on": ("overlapping windows", lambda s, _: np.concatenate([s[20:], s[:20] ** 2])),
    "sampled twice as often": ("copies sampled otherwise", lambda s, _: np.repeat(s, 2, axis=0)),
    "the first half stretched": ("copies sampled otherwise", lambda s, _: np.repeat(s, 2, 0)[:60]),
    "a third stretched": (
        "copies sampled otherwise",
        lambda s, _: 2 * np.stack([np.interp(np.arange(58) / 3, range(60), c) for c in s.T], 1),
    ),
    "every second step of a part": ("copies sampled otherwise", lambda s, _: s[9:50:2]),
    "every second step backwards": ("copies sampled otherwise", lambda s, _: s[::-2]),
    "run backwards": ("copies run backwards", lambda s, _: 1 - 2 * s[::-1]),
    "a part run backwards": ("copies run backwards", lambda s, _: s[40:10:-1]),
    "a third of the steps spoilt": (
        "copies with some steps changed",
        lambda s, _: np.concatenate([s[:20], np.zeros_like(s[:20]), s[40:]]),
    ),
    "one step far off": (
        "copies with some steps changed",
        lambda s, _: 2 * s + 20 * (np.arange(len(s)) == 31)[:, None],
    ),
    "a trend added": (
        "copies with a trend",
        lambda s, _: 3 * s + 0.3 * np.arange(float(len(s)))[:, None],
    ),
    "added up": ("changes or sums of each other", lambda s, _: (s - s.mean(axis=0)).cumsum(axis=0)),
    "changes": ("changes or sums of each other", lambda s, _: np.diff(s, axis=0)),
    "a bent scale": ("copies on a bent scale", lambda s, _: np.exp(s / 3)),
    "cut to twelve steps": ("parts of each other", lambda s, _: s[11:23]),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_copy_is_found(name: str, channels: int) -> None:
    kind, change = CHANGES[name]
    rows, rng = walks(channels=channels), np.random.default_rng(1)
    found = found_in([*rows, *(change(row, rng) for row in rows[:5])])
    assert found.groups[60:].tolist() == [0, 1, 2, 3, 4]
    assert found.groups[:60].tolist() == list(range(60))
    assert set(kinds_of(found)) == {kind}


def test_every_second_step_of_three_channels_is_a_copy() -> None:
    rows = walks(channels=3)
    found = found_in([*rows, *(row[::2] for row in rows[:5])])
    assert found.groups[60:].tolist() == [0, 1, 2, 3, 4]


def wave(rng: Any, noise: float) -> Any:
    return np.sin(2 * np.pi * (np.arange(STEPS) + rng.integers(12)) / 12) + noise * rng.normal(
        size=STEPS
    )


LOOK_ALIKES: dict[str, Callable[[Any], Any]] = {
    "walks": lambda rng: rng.normal(size=STEPS).cumsum(),
    "one season, noise": lambda rng: wave(rng, 0.3),
    "one season": lambda rng: wave(rng, 0.0),
    "a trend, noise": lambda rng: rng.normal() * np.arange(STEPS) + rng.normal(size=STEPS),
    "lines": lambda rng: rng.normal() * np.arange(STEPS) + rng.normal(),
    "constants": lambda rng: np.full(STEPS, float(rng.integers(4))),
    "one step up": lambda rng: (np.arange(STEPS) > rng.integers(10, 50)).astype(float),
    "counts": lambda rng: rng.poisson(1, STEPS).astype(float),
    "one shape, noise": lambda rng: np.hanning(STEPS) + 0.02 * rng.normal(size=STEPS),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_what_is_alike_by_its_kind_is_no_copy(name: str) -> None:
    rng = np.random.default_rng(2)
    found = found_in([LOOK_ALIKES[name](rng) for _ in range(200)], classes=np.arange(200) % 2)
    assert len(found.pairs) == 0
    assert np.array_equal(found.groups, found.exact)


def test_equal_sequences_that_hold_little_are_told_apart_from_those_that_hold_much() -> None:
    found = found_in([np.ones(STEPS), np.ones(STEPS), walks(1)[0], walks(1)[0]])
    assert found.exact.tolist() == [0, 0, 2, 2]
    assert found.telling.tolist() == [False, False, True, True]


def test_windows_of_one_long_series_are_cut_into_blocks_of_neighbours() -> None:
    long = np.random.default_rng(0).normal(size=3000).cumsum()
    order = np.random.default_rng(1).permutation(190)
    found = found_in([long[15 * i : 15 * i + STEPS] for i in order])
    assert found.cut == 190
    assert "windows of one long series" in found.sentence()
    for group in np.unique(found.groups):
        mine = np.sort(order[found.groups == group])
        assert np.array_equal(mine, np.arange(mine[0], mine[-1] + 1))
        assert 9 <= len(mine) <= 10


def test_windows_that_do_not_overlap_stay_apart() -> None:
    long = np.random.default_rng(0).normal(size=3000).cumsum()
    assert len(found_in([long[i : i + STEPS] for i in range(0, 2900, STEPS)]).pairs) == 0


def test_a_row_held_out_is_laid_over_those_that_teach() -> None:
    long = np.random.default_rng(0).normal(size=3000).cumsum()
    rows = [long[15 * i : 15 * i + STEPS] for i in range(100)]
    held = np.arange(100) >= 70
    found = found_in(rows, held=held)
    assert np.flatnonzero(found.across(held)).tolist() == [70, 71]  # 30 and 15 steps of 60
    kinds = found.kinds_across(held)
    assert kinds["overlapping windows"].sum() == 2
    apart = np.concatenate([rows[:70], rows[74:]])
    held = np.arange(len(apart)) >= 70
    assert not found_in(apart, held=held).across(held).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_what_is_found_does_not_depend_on_the_order_of_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = walks(20, seed=seed)
    rows = [*rows, *(2 * row + 1 for row in rows[:4]), rows[5][10:]]
    order = rng.permutation(25)
    one, other = found_in(rows).groups, found_in([rows[row] for row in order]).groups
    same = one[order][:, None] == one[order][None]
    assert np.array_equal(same, other[:, None] == other[None])


@pytest.mark.parametrize("rows", [[], [[1.0]], [[1.0, 2.0]] * 3, [[0.0] * 30, [1e300] * 30]])
def test_few_and_odd_rows_are_taken(rows: Any) -> None:
    assert len(found_in(rows).groups) == len(rows)


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_the_unit_of_the_numbers_does_not_matter(unit: float) -> None:
    rows, rng = walks(), np.random.default_rng(1)
    rows += [rows[0] * 2 + 1, rows[1][10:], rows[2] + 0.05 * rng.normal(size=(STEPS, 1))]
    assert np.array_equal(found_in(rows).groups, found_in([row * unit for row in rows]).groups)


# ---- splits


def test_near_copies_stay_on_one_side_unless_the_user_says_otherwise() -> None:
    rows, rng = walks(40), np.random.default_rng(1)
    rows += [row + 0.01 * rng.normal(size=row.shape) for row in rows]
    labelled = label_sequences(rows, np.where(np.arange(80) % 2, "u", "v"))
    split = split_sequences(labelled)
    held = split.folds[0].held
    assert np.isin(held % 40, split.folds[0].known % 40).sum() == 0
    assert "copies and near copies" in split.kind
    assert "each group is kept on one side" in split.notes[0]
    kept = split_sequences(labelled, near=False)
    assert np.isin(kept.folds[0].held % 40, kept.folds[0].known % 40).sum() > 0
    assert "may stand on both" in kept.notes[0]


def test_copies_among_groups_join_them_but_constants_do_not() -> None:
    rows = walks(40)
    rows[39] = 3 * rows[0]
    rows[5] = rows[35] = np.ones((STEPS, 1))
    people = [f"p{row // 2}" for row in range(40)]
    labels = np.where(np.arange(40) % 2, "u", "v")
    split = split_sequences(label_sequences(rows, labels, groups=people))
    assert split.pieces[[0, 1, 38, 39]].tolist() == [0] * 4
    assert split.pieces[5] != split.pieces[35]


# ---- real data


@pytest.mark.parametrize(
    ("name", "rows", "across"),
    [
        ("GunPoint", 200, 0),
        ("BasicMotions", 80, 0),
        ("JapaneseVowels", 640, 0),
        ("OSULeaf", 442, 2),
    ],
)
def test_the_published_splits_of_the_archive_are_counted(
    name: str, rows: int, across: int, real_data: Path
) -> None:
    folder = real_data / "series" / "classification"
    sides = (read_sequences(folder / f"{name}_{side}.ts.gz") for side in ("TRAIN", "TEST"))
    both = with_test(*sides)
    found = find_near_sequences(both.sequences, both.truth, both.published_test)
    assert len(both) == rows
    assert both.published_test is not None
    assert found.across(both.published_test).sum() == across
