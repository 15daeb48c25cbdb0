"""Splits by day: nothing known of a day stands on two sides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import DataError, LeakError
from recurra.judging.splits import check_dates, dated_split, walk_forward

DAYS = np.arange("2020-01-01", "2021-01-01", dtype="datetime64[D]")


@settings(max_examples=50, deadline=None)
@given(
    folds=st.integers(1, 4),
    window=st.integers(1, 15),
    embargo=st.integers(0, 5),
    tickers=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_no_day_of_training_stands_in_a_later_window(
    folds: int, window: int, embargo: int, tickers: int, seed: int
) -> None:
    dates = np.random.default_rng(seed).permutation(np.repeat(DAYS, tickers))
    splits = walk_forward(dates, folds, window=window, embargo=embargo)
    tested: list[int] = []
    for split, purged in splits:
        for before, after in ((split.train, split.validation), (split.fitted_on, split.test)):
            first_window = dates[after].min() - window
            assert dates[before].max() + embargo < first_window
        assert purged == 2 * (window + embargo) * tickers
        tested += split.test.tolist()
    assert len(tested) == len(set(tested))
    assert (dates[tested] >= DAYS[round(len(DAYS) * 0.6)]).all()
    assert len(tested) == (dates >= DAYS[round(len(DAYS) * 0.6)]).sum()


def test_a_window_that_reaches_into_training_is_a_leak_with_its_cure() -> None:
    days = np.array(
        [d for d in np.arange("2020-03-02", "2020-04-30", dtype="datetime64[D]")
         if np.is_busday(d)]
    )  # fmt: skip
    before = np.flatnonzero(days <= np.datetime64("2020-03-24"))
    after = np.flatnonzero(days > np.datetime64("2020-03-24"))
    with pytest.raises(LeakError) as caught:
        check_dates(days, before, after, window=10)
    assert str(caught.value) == (
        "training data end on 2020-03-24 but the first test window starts on 2020-03-11, so 10 "
        "days are in both. Start the test on 2020-04-08 or purge 10 days."
    )
    cured = np.flatnonzero(days >= np.datetime64("2020-04-08"))
    check_dates(days, before, cured, window=10)
    check_dates(days, before[:-10], after, window=10)


def test_a_split_without_days_on_a_side_says_so() -> None:
    with pytest.raises(DataError, match="no validation day is left"):
        dated_split(DAYS[:30], DAYS[15], DAYS[20], window=10)
    with pytest.raises(DataError, match="40 folds need more days"):
        walk_forward(DAYS[:30], 40, window=2)


def test_a_split_that_has_no_days_left_is_told_in_full() -> None:
    with pytest.raises(DataError) as caught:
        dated_split(DAYS[:30], DAYS[15], DAYS[20], window=10, embargo=1)
    assert str(caught.value) == (
        "every side of a dated split must hold days, but no validation day is left of 2020-01-01 "
        "to 2020-01-30 (30 days) with validation from 2020-01-16, test from 2020-01-21 and 11 days "
        "purged before each. Give a longer history, a shorter window, or other dates."
    )
    with pytest.raises(DataError, match="no training day is left"):
        dated_split(DAYS[:30], DAYS[2], DAYS[20], window=2)
    with pytest.raises(DataError, match="no test day is left"):
        dated_split(DAYS[:30], DAYS[10], DAYS[20], window=2, test_until=DAYS[20])


@pytest.mark.parametrize(
    ("side", "words"),
    [
        ({}, "first test window starts on 2020-01-10, so 1 day is in both. Start the test on "),
        ({"side": "validation"}, "first validation window starts on 2020-01-10, so 1 day is in "),
    ],
)
def test_one_day_in_both_is_one_day(side: dict[str, str], words: str) -> None:
    with pytest.raises(LeakError) as caught:
        check_dates(DAYS[:30], np.arange(10), np.arange(12, 20), window=3, **side)
    assert words in str(caught.value)
    assert str(caught.value).endswith("on 2020-01-14 or purge 1 day.")
    with pytest.raises(LeakError, match=r"so 2 days are in both\. Purge 2 days\."):
        check_dates(DAYS[:12], np.arange(11), np.arange(11, 12), window=2)
