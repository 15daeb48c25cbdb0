"""Pieces of evidence: what is left out together, influences, blocks of time."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from recurra.judging.blocks import block_length
from recurra.judging.evidence import PARTS, STEPS, Evidence
from recurra.judging.influence import influences, spread_of
from recurra.judging.measures import Measure, class_measures, class_statistics, mean_of

LEVEL = Measure("level", mean_of(0), False, False, losses=lambda rows: rows[:, 0])
SLOW = Measure("level", mean_of(0), False, False)  # the same without its short cut


def error_of(values: np.ndarray, pieces: np.ndarray, in_time: bool = False) -> float:
    evidence = Evidence(pieces, in_time)
    moved = influences(LEVEL, [values[:, None]], evidence)[:, None]
    return float(spread_of(moved, evidence).error[0])


@given(st.lists(st.integers(0, 8), min_size=1, max_size=60), st.booleans(), st.integers(0, 99))
def test_the_rows_of_a_piece_are_of_one_part(numbers: list[int], in_time: bool, seed: int) -> None:
    pieces = np.array(numbers)
    part = Evidence(pieces, in_time, seed=seed).parts()
    for piece in np.unique(pieces):
        assert len(np.unique(part[pieces == piece])) == 1
    assert len(np.unique(part)) == len(np.unique(pieces))
    assert part.max() + 1 == len(np.unique(part))


def test_many_pieces_are_mixed_into_parts_and_steps_are_kept_in_order() -> None:
    pieces = np.arange(10_000)
    mixed = Evidence(pieces).parts()
    assert len(np.unique(mixed)) == PARTS
    assert np.ptp(np.bincount(mixed)) <= 1
    assert (np.diff(mixed) < 0).any()
    steps = Evidence(pieces, in_time=True).parts()
    assert (np.diff(steps) >= 0).all()
    assert len(set(np.bincount(steps)[:-1])) == 1  # all as long, so that none looks livelier
    assert len(np.unique(steps)) == STEPS


def test_pieces_of_one_size_count_in_full_and_one_great_piece_for_little() -> None:
    assert Evidence(np.repeat(np.arange(30), 4)).effective() == pytest.approx(30)
    one_great = np.concatenate([np.arange(30), np.full(30, 99)])
    assert Evidence(one_great).effective() == pytest.approx(60**2 / (30 + 30**2))
    assert Evidence(one_great).effective(one_great < 10) == 10
    assert Evidence(one_great).effective(one_great < 0) == 0


def test_the_error_of_a_mean_is_the_one_of_the_textbook() -> None:
    values = np.random.default_rng(0).exponential(size=120)
    assert error_of(values, np.arange(120)) == pytest.approx(values.std(ddof=1) / np.sqrt(120))


def test_copies_of_a_row_add_no_evidence() -> None:
    values = np.random.default_rng(0).exponential(size=80)
    alone = error_of(values, np.arange(80))
    assert error_of(np.repeat(values, 5), np.repeat(np.arange(80), 5)) == pytest.approx(alone)
    as_if_alone = error_of(np.repeat(values, 5), np.arange(400))
    assert as_if_alone < 0.6 * alone


def test_pieces_of_different_size_keep_the_mean_over_rows() -> None:
    rng = np.random.default_rng(1)
    errors, means = [], []
    for _ in range(300):
        sizes = rng.integers(1, 9, 60)
        values = np.repeat(rng.normal(size=60) + 0.3 * sizes, sizes)
        means.append(values.mean())
        errors.append(error_of(values, np.repeat(np.arange(60), sizes)))
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.1)


@given(st.integers(0, 999))
def test_the_short_cut_for_means_says_what_leaving_out_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, evidence = rng.normal(size=(50, 1)), Evidence(rng.integers(0, 20, 50), seed=seed)
    assert influences(LEVEL, [rows], evidence) == pytest.approx(
        influences(SLOW, [rows], evidence), abs=1e-12
    )


def test_influences_of_several_trainings_are_those_of_their_mean() -> None:
    rows = np.random.default_rng(0).normal(size=(2, 40, 1))
    evidence = Evidence(np.arange(40))
    both = influences(SLOW, list(rows), evidence)
    assert both == pytest.approx(influences(SLOW, [rows.mean(axis=0)], evidence))


def test_degrees_of_freedom_are_two_for_each_of_few_hits_and_all_for_even_parts() -> None:
    def freedom(values: np.ndarray) -> float:
        evidence = Evidence(np.arange(len(values)))
        moved = influences(LEVEL, [values[:, None]], evidence)[:, None]
        return float(spread_of(moved, evidence).freedom[0])

    for hits in (1, 5, 20):
        assert freedom(np.arange(300) < hits) == pytest.approx(2 * hits, rel=0.25)
    assert freedom(np.arange(300) < 150) == 299
    assert freedom(np.random.default_rng(0).normal(size=300)) == pytest.approx(299, rel=0.2)


def test_the_error_of_an_area_is_the_spread_it_has_over_worlds() -> None:
    areas = {m.name: m for m in class_measures(2, positive=1)}
    rng = np.random.default_rng(3)
    for name in ("ROC-AUC", "PR-AUC", "F1"):
        found, errors = [], []
        for _ in range(150):
            truth = rng.random(300) < 0.3
            p = 1 / (1 + np.exp(0.8 - 1.5 * truth - rng.normal(size=300)))
            rows = class_statistics(np.column_stack([1 - p, p]), p > 0.5, truth.astype(int))
            evidence = Evidence(np.arange(300))
            found.append(areas[name].of(rows, np.ones((1, 300)))[0])
            moved = influences(areas[name], [rows], evidence)[:, None]
            errors.append(spread_of(moved, evidence).error[0])
        assert np.mean(errors) == pytest.approx(np.std(found), rel=0.15), name


def remembering(memory: float, steps: int, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=steps + 200)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise)[200:])


def test_blocks_are_as_long_as_the_longest_memory_asks() -> None:
    short, long = remembering(0.0, 800, 0)[:, None], remembering(0.9, 800, 1)[:, None]
    assert block_length(short) < 8 < 40 < block_length(long)
    assert block_length(np.hstack([short, long])) == block_length(long)
    assert block_length(1e-30 * long) == block_length(long) == block_length(1e100 * long)


def test_a_series_that_remembers_has_a_larger_error_and_fewer_pieces() -> None:
    values = remembering(0.9, 1000, 2)
    alone, in_time = Evidence(np.arange(1000)), Evidence(np.arange(1000), in_time=True)
    moved = influences(LEVEL, [values[:, None]], in_time)[:, None]
    found = spread_of(moved, in_time)
    as_if_alone = spread_of(influences(LEVEL, [values[:, None]], alone)[:, None], alone)
    assert found.error[0] > 2.5 * as_if_alone.error[0]  # 4.4 in truth
    assert found.pieces < 60
    assert found.freedom[0] <= found.pieces - 1


def test_rows_of_one_day_are_left_out_together() -> None:
    days = np.random.default_rng(5).normal(size=250)
    alone = error_of(days, np.arange(250), in_time=True)
    wide = error_of(np.repeat(days, 40), np.repeat(np.arange(250), 40), in_time=True)
    assert wide == pytest.approx(alone)
