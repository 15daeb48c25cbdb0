"""The order of rows, days with holes and the last digits of steps tell the class, or do not."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from recurra.auditing.foreknown import _explained
from recurra.auditing.later import columns_ahead, label_ahead
from recurra.auditing.spaced import lines_of

ROWS = 400


def rows_of(kinds: Any) -> pd.DataFrame:
    size = np.random.default_rng(0).normal(size=len(kinds)).round(3)
    return pd.DataFrame({"size": size, "age": np.roll(size, 7), "label": kinds})


def in_turn(*kinds: str) -> list[str]:
    return list(np.resize(kinds, ROWS))


ORDER = "target in the order of rows"  # a note: no split at random is unclean by it
SLIPPED = np.delete(in_turn("u", "v"), np.random.default_rng(1).choice(ROWS, 12, replace=False))


@pytest.mark.parametrize(
    ("kinds", "name"),
    [
        (in_turn("u", "v"), "the number of a row modulo 2"),
        (in_turn("u", "v", "w"), "the number of a row modulo 3"),
        (in_turn("u", "u", "u", "v", "u", "v", "v"), "the number of a row modulo 7"),
        (in_turn(*"u" * 10, *"v" * 10), "the number of a row modulo 20"),
        (SLIPPED.tolist(), "the class of the row before"),  # a dozen rows are missing
        (sorted(in_turn("u", "v")), "the order of rows alone"),
        (np.repeat([*"uuvuvvvuvuuvuuvv"], 25), "the class of the row before"),
    ],
)
def test_what_the_order_of_rows_tells_of_the_class_is_noted(kinds: Any, name: str) -> None:
    (found,) = recurra.audit(rows_of(kinds), label="label").findings
    assert (found.kind, found.level) == (ORDER, "note")
    assert name in found.sentence


@pytest.mark.parametrize("seed", range(5))
def test_rows_that_stand_at_random_are_left_in_peace(seed: int) -> None:
    frame = rows_of(np.random.default_rng(seed).permutation(in_turn("u", "u", "v")))
    assert recurra.audit(frame, label="label").findings == []


def test_turns_are_counted_on_each_side_by_itself() -> None:
    frame = rows_of(in_turn("u", "v"))
    both = recurra.audit(frame.head(300), frame.tail(100), label="label")
    assert [found.kind for found in both.findings] == [ORDER]
    assert "modulo 2" in both.findings[0].sentence


# ---- days


def daily(rng: Any, rows: int = 500) -> pd.DataFrame:
    close = 100 * np.exp(0.01 * rng.normal(size=rows + 5).cumsum()).round(4)
    day = np.datetime64("2020-01-06") + np.arange(rows)
    label = np.where(close[5:] > close[:-5], "up", "down")
    return pd.DataFrame({"day": day.astype(str), "close": close[:rows], "label": label})


MADE: dict[str, Any] = {
    "the mean of five days": lambda c: c.rolling(5, min_periods=1).mean(),
    "the value of two days before": lambda c: c.shift(2),
    "whether it rose since yesterday": lambda c: (c > c.shift(1)).astype(int),
}


@pytest.mark.parametrize("name", MADE)
def test_a_column_of_days_to_come_is_found_where_a_fifth_of_the_days_is_missing(name: str) -> None:
    rng = np.random.default_rng(4)
    days = daily(rng)
    kept = rng.random(len(days)) < 0.8
    for made, level in ((MADE[name](days["close"][::-1]), "leak"), (MADE[name](days["close"]), "")):
        frame = days.assign(x=made.sort_index().bfill().ffill().round(5))[kept]
        found = recurra.audit(frame, label="label")
        kinds = {each.level for each in found.findings if "'x' is" in each.sentence}
        assert kinds == ({level} if level else set())
        assert any("'close' over the next 5 rows" in note for note in found.notes)


def test_labels_reach_into_the_test_over_days_that_are_missing() -> None:
    rng = np.random.default_rng(4)
    days = daily(rng)
    days = days[rng.random(len(days)) < 0.8]
    for gap, kinds in ((0, ["target reaches into the test"]), (6, [])):
        first = str(np.datetime64("2021-02-01") - gap)
        sides = days[days["day"] < first], days[days["day"] >= "2021-02-01"]
        found = recurra.audit(*sides, label="label")
        assert [leak.kind for leak in found.leaks] == kinds
        assert found.clean or found.leaks[0].size == (sides[0]["day"] >= "2021-01-27").sum()


def test_working_days_and_steps_of_a_week_have_room_for_those_that_are_missing() -> None:
    monday = np.datetime64("2024-01-01")
    week = monday + np.array([0, 1, 3, 4, 7])  # Wednesday is missing, and no weekend
    assert [line.places.tolist() for line in lines_of(np.arange(5), week)] == [
        [0, 1, 2, 3, 4],
        [0, 1, 3, 4, 5],
    ]
    weeks = monday + np.array([6, 13, 27, 34])
    assert lines_of(np.arange(4), weeks)[1].places.tolist() == [0, 1, 3, 4]
    line = lines_of(np.array([3, 2, 0, 1]), weeks[[2, 3, 1, 0]])[1]
    values = np.array([30.0, 40.0, 20.0, 10.0])
    assert line.filled(values).tolist() == [10, 20, 25, 30, 40]
    assert np.isnan(line.holds(values)).tolist() == [False, False, True, False, False]
    far = monday + np.array([0, 1, 2, 3, 40])  # most days are missing: no room is made
    assert len(lines_of(np.arange(5), far)) == 1
    assert len(lines_of(np.arange(4), monday + np.arange(4))) == 1
    assert len(lines_of(np.arange(4), monday + np.array([0, 0, 1, 3]))) == 1


def test_a_change_from_the_day_before_is_known_on_its_day() -> None:
    close = 100 + np.random.default_rng(0).normal(size=300).cumsum().round(4)
    frame = pd.DataFrame(
        {
            "day": (np.datetime64("2020-01-01") + np.arange(299)).astype(str),
            "close": close[1:],
            "before": close[:-1],
            "move": np.diff(close).round(4),
            "rose": (np.diff(close) > 0).astype(int),
            "label": np.random.default_rng(1).choice(["u", "v"], 299),
        }
    )
    assert recurra.audit(frame, label="label").clean
    ahead = {each.name: each.what for each in columns_ahead(_numbers(frame))}
    assert ahead == {"close": "value", "move": "change", "rose": "direction of the change"}
    late = frame.drop(columns="close")  # now nothing says that `before` is the late one
    assert len(recurra.audit(late, label="label").leaks) == 2


def _numbers(frame: pd.DataFrame) -> dict[str, Any]:
    return {str(c): frame[c].to_numpy(float) for c in frame.columns if c not in ("day", "label")}


def test_a_rare_value_beside_what_always_rises_is_no_direction() -> None:
    rising = np.arange(600.0)
    rare = (np.arange(600) % 60 == 0).astype(float)
    assert columns_ahead({"rising": rising, "rare": rare}) == []
    assert label_ahead(rare, {"rising": rising}) is None


# ---- how steps are written


def steps(change: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give walks of which one class is changed, and as many of any."""
    rng = np.random.default_rng(5)
    first = rng.random(300) < 0.5
    found = []
    for which in (first, rng.permutation(first)):
        frame = pd.DataFrame(
            change(np.random.default_rng(6).normal(size=(300, 24)), which).round(6)
        )
        frame = frame.rename(columns="t{}".format)
        found.append(frame.assign(label=np.where(first, "u", "v")))
    return found[0], found[1]


def _whole(values: Any, which: Any) -> Any:
    values[:, -1] += np.where(which, np.round(values.sum(axis=1)) - values.sum(axis=1), 0)
    return values


def _even(values: Any, which: Any) -> Any:
    values[:, 0] = (np.round(values[:, 0] * 50) * 2 + which) / 100
    return values


@pytest.mark.parametrize("change", [_whole, _even])
def test_sums_and_last_digits_of_steps_that_know_the_class_are_found(change: Any) -> None:
    own, others = steps(change)
    found = recurra.audit(own, label="label")
    assert [leak.kind for leak in found.leaks] == ["target in how numbers are written"]
    assert recurra.audit(others, label="label").clean


def test_a_noisy_copy_turned_over_is_near() -> None:
    rng = np.random.default_rng(7)
    walks = rng.normal(size=(200, 48)).cumsum(axis=1)
    copies = -walks[:10] + 0.02 * walks[:10].std(axis=1, keepdims=True) * rng.normal(size=(10, 48))
    frame = pd.DataFrame(np.concatenate([walks[:160], copies, walks[160:]]).round(6))
    frame = frame.rename(columns="t{}".format).assign(label=["u", "v"] * 105)
    found = recurra.audit(frame.head(160), frame.tail(50), label="label")
    assert {leak.kind: leak.size for leak in found.leaks} == {"near copies across": 10}


def steps_told_by(*places: int) -> list[str]:
    """Give the steps that are said to tell the class alone, where some of twelve do."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, ROWS)
    steps = rng.normal(size=(ROWS, 12)).round(3)
    for place in places:
        steps[:, place] += 20 * kinds
    frame = pd.DataFrame(steps, columns=[f"t{n}" for n in range(12)]).assign(label=kinds)
    found = recurra.audit(frame).findings
    return [each.sentence.split(" alone")[0] for each in found if each.kind == "target in one step"]


def test_a_step_is_told_of_only_where_neither_beside_it_tells_the_class() -> None:
    assert steps_told_by(5) == ["step 6 of channel 1"]
    assert steps_told_by(5, 6) == []


def test_what_rows_tell_is_asked_of_rows_that_did_not_teach() -> None:
    rng = np.random.default_rng(0)
    assert _explained(rng.normal(size=(200, 90)), rng.normal(size=200)) < 0.1


def test_no_row_learnt_from_reaches_into_the_rows_asked() -> None:
    borders = np.arange(40, 200, 40)
    near = np.abs(np.arange(200)[:, None] - borders) <= 10  # ten rows on both sides of a border
    level = near @ np.array([3.0, -2.0, 4.0, -5.0])
    assert _explained(near.astype(float), level) < 0.5  # what is no border is told, rightly
