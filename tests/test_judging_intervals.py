"""Intervals: by hand, at their ends, in other units, from too little, and how often they hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from recurra.judging.evidence import Evidence
from recurra.judging.intervals import (
    CONDITIONAL,
    FEWEST,
    FEWEST_BLOCKS,
    FEWEST_UNBOUNDED,
    estimate,
    needed_rows,
    reach,
    seed_variance,
)
from recurra.judging.measures import Measure, class_measures, class_statistics, mean_of

LEVEL = Measure("level", mean_of(0), False, False, losses=lambda rows: rows[:, 0])
LOSS = Measure("loss", mean_of(0), False, False, losses=lambda rows: rows[:, 0], positive=True)
TWO = {measure.name: measure for measure in class_measures(2, positive=1)}


def two(truth: np.ndarray, scores: np.ndarray) -> np.ndarray:
    both = np.column_stack([1 - scores, scores])
    return class_statistics(both, (scores >= 0.5).astype(int), truth.astype(int))


def right_of(right: int, rows: int) -> np.ndarray:
    """Two classes in turn, decided rightly so many times."""
    truth = np.arange(rows) % 2 == 0
    return two(truth, np.where((np.arange(rows) < right) == truth, 0.9, 0.1))


def test_the_interval_of_an_accuracy_by_hand() -> None:
    found = estimate(TWO["accuracy"], [right_of(60, 100)], Evidence(np.arange(100)))
    # 60 of 100: error sqrt(.24 / 99), log odds log(1.5), t of 99 degrees of freedom
    width = stats.t.ppf(0.975, 99) * np.sqrt(0.24 / 99) / 0.24
    ends = 1 / (1 + np.exp(-(np.log(1.5) + np.array([-width, width]))))
    assert found.value == pytest.approx(0.6)
    assert found.interval == pytest.approx(tuple(ends))
    assert (found.pieces, found.needed) == (100, None)


def test_the_interval_of_a_mean_is_that_of_student_and_of_a_loss_that_of_its_logarithm() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0] * 8)[:, None]
    evidence = Evidence(np.arange(40))
    error = np.sqrt(2 / 39)
    t = stats.t.ppf(0.975, 39)
    assert estimate(LEVEL, [values], evidence).interval == pytest.approx(
        (3 - t * error, 3 + t * error)
    )
    assert estimate(LOSS, [values], evidence).interval == pytest.approx(
        (3 * np.exp(-t * error / 3), 3 * np.exp(t * error / 3))
    )


def test_errors_told_by_few_rows_have_the_long_tails_of_few() -> None:
    few = estimate(TWO["accuracy"], [right_of(297, 300)], Evidence(np.arange(300))).interval
    assert few is not None
    error = np.sqrt(0.01 * 0.99 / 299)
    normal = np.log(99) - 1.96 * error / (0.01 * 0.99)
    assert few[0] < 1 / (1 + np.exp(-normal))


def test_copies_of_rows_leave_an_interval_as_it_is() -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.random(90) < 0.4, rng.random(90)
    for measure in TWO.values():
        alone = estimate(measure, [two(truth, scores)], Evidence(np.arange(90)))
        copied = estimate(
            measure,
            [two(np.repeat(truth, 3), np.repeat(scores, 3))],
            Evidence(np.repeat(np.arange(90), 3)),
        )
        assert copied.interval == pytest.approx(alone.interval)
        assert copied.pieces == alone.pieces == 90


@given(st.integers(0, 10_000), st.integers(1, 120), st.sampled_from(sorted(TWO)))
def test_an_interval_holds_its_value_lies_in_the_possible_range_and_is_no_point(
    seed: int, positives: int, name: str
) -> None:
    rng = np.random.default_rng(seed)
    truth = np.arange(120) < positives
    scores = np.clip(rng.choice([0.0, 0.3, 1.0], 120) + rng.choice([0, 1]) * truth, 0, 1)
    found = estimate(TWO[name], [two(truth, scores)], Evidence(np.arange(120)))
    if found.interval is None:
        assert found.needed is None or found.needed > 120
        return
    low, high = found.interval
    assert found.value is not None
    assert low < high
    assert low <= found.value <= high
    assert low >= 0
    assert high <= 1 or name == "log loss"


def test_where_nothing_went_wrong_the_interval_is_the_exact_one() -> None:
    evidence = Evidence(np.arange(100))
    perfect, hopeless = right_of(100, 100), right_of(0, 100)
    exact = 0.025 ** (1 / 50)  # of the 50 pieces of a class
    assert estimate(TWO["accuracy"], [perfect], evidence).interval == pytest.approx((exact, 1.0))
    assert estimate(TWO["recall"], [hopeless], evidence).interval == pytest.approx((0, 1 - exact))
    assert estimate(TWO["ROC-AUC"], [perfect], evidence).interval == pytest.approx((exact, 1.0))


def test_what_no_row_moves_has_no_interval() -> None:
    truth = np.arange(100) % 2 == 0
    found = estimate(TWO["Brier score"], [two(truth, np.full(100, 0.5))], Evidence(np.arange(100)))
    assert (found.value, found.interval, found.needed) == (0.25, None, None)


def test_too_few_of_a_class_give_no_interval_but_the_rows_needed() -> None:
    truth = np.arange(200) < 10
    scores = np.random.default_rng(0).random(200)
    for measure in TWO.values():
        found = estimate(measure, [two(truth, scores)], Evidence(np.arange(200)))
        enough = FEWEST_UNBOUNDED if measure.name == "log loss" else FEWEST
        assert (found.interval, found.needed) == (None, 20 * enough)
        assert found.value is not None
    for name, enough in (("F1", FEWEST), ("log loss", FEWEST_UNBOUNDED)):
        rows = two(np.arange(200) < enough, scores)
        assert estimate(TWO[name], [rows], Evidence(np.arange(200))).interval


def test_a_class_that_is_absent_gives_no_value_of_what_is_about_it() -> None:
    rows = two(np.zeros(100, bool), np.random.default_rng(0).random(100))
    found = estimate(TWO["ROC-AUC"], [rows], Evidence(np.arange(100)))
    assert (found.value, found.interval) == (None, None)
    assert estimate(TWO["accuracy"], [rows], Evidence(np.arange(100))).needed == 100 * FEWEST


def test_pieces_are_counted_and_not_rows() -> None:
    values = np.random.default_rng(0).normal(size=(400, 1))
    few = estimate(LEVEL, [values], Evidence(np.arange(400) // 40))
    assert (few.interval, few.pieces, few.needed) == (None, 10, 1600)
    # one great piece, and 19 of a row each
    uneven = np.maximum(np.arange(400) - 380, 0)
    assert needed_rows(LEVEL, values, Evidence(uneven)) == int(
        np.ceil(400 * FEWEST_UNBOUNDED / (400**2 / (381**2 + 19)))
    )


def test_too_few_blocks_of_time_give_no_interval() -> None:
    values = np.cumsum(np.random.default_rng(0).normal(size=300))[:, None]
    found = estimate(LEVEL, [values], Evidence(np.arange(300), in_time=True))
    assert found.interval is None
    assert found.pieces < FEWEST_BLOCKS
    assert found.needed == int(np.ceil(300 * (FEWEST_BLOCKS / found.pieces) ** 1.5))


def test_trainings_from_other_seeds_widen_an_interval_by_hand() -> None:
    rows = np.tile([-1.0, 1.0], 50)[:, None]
    trained = [rows + 0.1, rows - 0.2, rows + 0.4]
    variances = 100 / 99 / 100, np.var([0.1, -0.2, 0.4], ddof=1) / 3
    width = np.sqrt(
        variances[0] * stats.t.ppf(0.975, 99) ** 2 + variances[1] * stats.t.ppf(0.975, 2) ** 2
    )
    found = estimate(LEVEL, trained, Evidence(np.arange(100)))
    assert found.value == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.1 - width, 0.1 + width))


def test_trainings_that_agree_add_nothing() -> None:
    rows = np.random.default_rng(0).normal(size=(100, 1))
    evidence = Evidence(np.arange(100))
    assert estimate(LEVEL, [rows] * 3, evidence).interval == pytest.approx(
        estimate(LEVEL, [rows], evidence).interval
    )
    assert seed_variance(np.array([0.1, 0.1 + 1e-15, 0.1])) == (0.0, 1.0)


def test_a_reach_of_one_part_is_student_and_of_several_the_root_of_squares() -> None:
    tail = np.array([0.025])
    assert reach(tail, (4.0, 7.0)) == pytest.approx(2 * stats.t.isf(tail, 7))
    both = reach(tail, (4.0, 7.0), (9.0, 2.0))
    assert both**2 == pytest.approx(reach(tail, (4.0, 7.0)) ** 2 + reach(tail, (9.0, 2.0)) ** 2)


@settings(max_examples=40)
@given(st.floats(-30, 150), st.integers(0, 999), st.booleans())
def test_an_interval_in_another_unit_is_the_same_interval(
    power: float, seed: int, in_time: bool
) -> None:
    rng, unit = np.random.default_rng(seed), 10.0**power
    trained = [np.abs(rng.normal(size=(60, 1))) + 0.1 for _ in range(2)]
    evidence = Evidence(np.arange(60), in_time)
    for measure in (LEVEL, LOSS):
        found = estimate(measure, trained, evidence)
        other = estimate(measure, [rows * unit for rows in trained], evidence)
        assert other.value == pytest.approx(found.value * unit)
        assert (other.pieces, other.needed) == (found.pieces, found.needed)
        if found.interval is not None:
            assert other.interval == pytest.approx([end * unit for end in found.interval])


@given(st.floats(-100, 100), st.integers(0, 999))
def test_a_level_from_another_zero_has_the_interval_moved(zero: float, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(50, 1))
    evidence = Evidence(np.arange(50))
    found = estimate(LEVEL, [rows], evidence).interval
    moved = estimate(LEVEL, [rows + zero], evidence).interval
    assert moved == pytest.approx([end + zero for end in found], abs=1e-9)


@pytest.mark.parametrize("name", ["accuracy", "F1", "ROC-AUC", "PR-AUC", "Brier score"])
def test_an_interval_of_grouped_rows_holds_the_truth_as_often_as_it_says(name: str) -> None:
    rng = np.random.default_rng(7)

    def world(pieces: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
        truth = rng.random(pieces) < 0.3
        odds = 1.5 * (np.where(truth, 0.75, -0.75) + rng.normal(size=pieces)) + np.log(3 / 7)
        number = np.repeat(np.arange(pieces), rng.choice([1, copies], pieces))
        return two(truth[number], 1 / (1 + np.exp(-odds[number]))), number

    real = TWO[name].of(world(200_000, 1)[0], np.ones((1, 200_000)))[0]
    held = []
    for _ in range(120):
        rows, number = world(200, 4)
        low, high = estimate(TWO[name], [rows], Evidence(number)).interval
        held.append(low <= real <= high)
    assert 0.89 <= np.mean(held) <= 0.99


def test_what_an_interval_leaves_out_is_said() -> None:
    assert CONDITIONAL.startswith("An interval says")
    assert "training rows" in CONDITIONAL
