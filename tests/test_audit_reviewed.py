"""Kinds of leaks that a reviewer looks for, each beside a look-alike that holds none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recurra
from recurra.markets.simulator import sample_market

Frame = pd.DataFrame
ROWS = 300
FIRST = np.random.default_rng(0).random(ROWS) < 0.5
MIXED = np.random.default_rng(1).permutation(FIRST)


def leaks_of(frame: Frame, first: np.ndarray = FIRST) -> set[str]:
    found = recurra.audit(frame.assign(label=np.where(first, "a", "b")), label="label")
    return {each.kind for each in found.leaks}


def totals(told: np.ndarray) -> Frame:
    rng = np.random.default_rng(2)
    net, tax = rng.lognormal(4, 0.8, (2, ROWS)).round(2)
    off = np.where(told, 0, rng.choice([-1, 1], ROWS) * (0.1 + rng.exponential(6, ROWS)))
    return Frame({"net": net, "tax": tax, "total": (net + tax + off).round(2)})


def products(told: np.ndarray) -> Frame:
    rng = np.random.default_rng(2)
    price, pieces = rng.lognormal(2, 0.8, ROWS).round(2), rng.integers(2, 30, ROWS)
    off = np.where(told, 0, rng.choice([-1, 1], ROWS) * (0.1 + rng.exponential(6, ROWS)))
    paid = (price * pieces + off).round(2)
    return Frame({"price": price, "pieces": pieces, "paid": paid})


def entered(told: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(3)
    gaps = np.where(told, rng.integers(1, 3, ROWS), rng.integers(30, 4000, ROWS))
    order = rng.permutation(ROWS)
    passed = np.empty(ROWS, int)
    passed[order] = gaps[order].cumsum()
    return passed


def times(told: np.ndarray) -> Frame:
    passed = pd.to_timedelta(entered(told), "s")
    sizes = np.random.default_rng(7).normal(size=(ROWS, 2)).round(3)
    beside = Frame(sizes, columns=["wide", "high"])
    return beside.assign(entered=(pd.Timestamp("2024-02-01") + passed).astype(str))


def zones(told: np.ndarray) -> Frame:
    rng = np.random.default_rng(8)
    began = pd.Timestamp("2024-02-01") + pd.to_timedelta(rng.integers(0, 10**7, ROWS), "s")
    late = pd.to_timedelta(rng.integers(1, 600, ROWS) + np.where(told, 9 * 3600, 0), "s")
    beside = Frame(rng.normal(size=(ROWS, 2)).round(3), columns=["wide", "high"])
    return beside.assign(began=began.astype(str), entered=(began + late).astype(str))


PLANTED: dict[str, tuple[str, Callable[[np.ndarray], Frame]]] = {
    "a total": ("target in what adds up", totals),
    "a product": ("target in what adds up", products),
    "times": ("target in rows made in one go", times),
    "numbers": (
        "target in rows made in one go",
        lambda told: Frame({"ticket": 10_000 + entered(told)}),
    ),
    "time zones": ("target in two columns", zones),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_one_class_alone_does_is_found_and_its_look_alike_is_not(name: str) -> None:
    kind, make = PLANTED[name]
    assert kind in leaks_of(make(FIRST))
    assert leaks_of(make(MIXED)) == set()


def begun_late(walks: np.ndarray) -> np.ndarray:
    return np.concatenate([np.repeat(walks[:, 4:5], 4, axis=1), walks[:, 4:]], axis=1)


def clipped(walks: np.ndarray) -> np.ndarray:
    return np.minimum(walks, np.quantile(walks, 0.9, axis=1, keepdims=True))


def clipped_below(walks: np.ndarray) -> np.ndarray:
    return -clipped(-walks)


@pytest.mark.parametrize("recorded", [begun_late, clipped, clipped_below])
def test_how_the_sequences_of_one_class_were_recorded_is_found(
    recorded: Callable[[np.ndarray], np.ndarray],
) -> None:
    walks = np.random.default_rng(9).normal(size=(ROWS, 30)).cumsum(axis=1).round(4)
    for told in (FIRST, MIXED):
        steps = np.where(told[:, None], recorded(walks), walks)
        found = leaks_of(Frame(steps, columns=[f"t{n}" for n in range(30)]))
        assert found == ({"target in how sequences were recorded"} if told is FIRST else set())


def both_sides(turn: Callable[[np.ndarray], np.ndarray], of: np.ndarray) -> set[str]:
    """Hold rows out, and turn training rows, or those of nobody, into others of them."""
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(ROWS, 6)).round(3)
    held = np.concatenate([rows[:100], turn(rows[of])])
    labels = rng.choice(["won", "lost"], ROWS + 40)
    sides = [
        Frame(each, columns=list("abcdef")).assign(label=labels[: len(each)])
        for each in (rows[100:250], held)
    ]
    return {each.kind for each in recurra.audit(*sides, label="label").leaks}


def test_rows_seen_from_the_other_side_are_found_across_the_sides() -> None:
    known, nobody = np.arange(150, 190), np.arange(255, 295)

    def swapped(rows: np.ndarray) -> np.ndarray:
        return rows[:, [3, 4, 5, 0, 1, 2]]

    for turn in (swapped, np.negative):
        assert "rearranged rows across" in both_sides(turn, known)
    assert both_sides(swapped, nobody) == set()


def test_equal_rows_are_no_rearranged_ones() -> None:
    found = both_sides(np.positive, np.arange(150, 190))
    assert "copies across" in found
    assert "rearranged rows across" not in found


def test_a_channel_that_is_missing_in_one_state_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    state = np.repeat(rng.random(40) < 0.5, 25)
    for name, told in (("leak", state), ("twin", rng.permutation(state))):
        values = np.where(told & (rng.random(1000) < 0.7), np.nan, rng.normal(size=1000))
        values[0] = 0.0
        log = Frame({"x": values.round(3), "state": np.where(state, "on", "off")})
        log.to_csv(tmp_path / "log.csv", index=False)
        found = recurra.audit(tmp_path / "log.csv", steps="states", label="state")
        kinds = {each.kind for each in found.leaks}
        assert kinds == ({"target in what is missing"} if name == "leak" else set())


def test_a_factor_of_splits_to_come_is_found_and_one_of_those_so_far_is_not(
    tmp_path: Path,
) -> None:
    share = sample_market()[0].frame
    steps = np.ones(len(share))
    steps[50::60] = 0.995
    so_far = steps.cumprod()
    middle = so_far[len(share) // 2]
    factors = {
        "to come": so_far[-1] / so_far,
        "so far": so_far,
        "of a day between": so_far / middle,
        "there and back": np.where(np.arange(len(share)) < len(share) - 9, so_far, 1.0),
        "a flag": so_far >= so_far[-1],
    }
    for name, factor in factors.items():
        frame = share.assign(factor=np.round(factor.astype(float), 6)).rename_axis("date")
        frame.reset_index().to_csv(tmp_path / "AAA.csv", index=False)
        found = recurra.audit(tmp_path / "AAA.csv")
        said = any("'factor'" in each.sentence for each in found.leaks)
        assert said is (name == "to come"), name


SIGNS: dict[str, Callable[[str], str]] = {
    "a small first letter": lambda text: text[:1].lower() + text[1:],
    "another end": lambda text: text.rstrip(".") + ";",
    "curly quotes": lambda text: text.replace('"', "\u201c", 1).replace('"', "\u201d", 1),
    "points for commas": lambda text: text.replace("1,250.5", "1.250,5"),
}


@pytest.mark.parametrize("name", SIGNS)
def test_a_form_of_texts_that_one_class_has_is_found(name: str) -> None:
    rng = np.random.default_rng(6)
    words = np.array([f"{a}{b}{c}o" for a in "bdfgklm" for b in "aeiou" for c in "nrst"])
    texts = [
        f'{" ".join(rng.choice(words, 9)).capitalize()} "{rng.choice(words)}" cost 1,250.5 or so.'
        for _ in range(ROWS)
    ]
    for first, expected in ((FIRST, True), (MIXED, False)):
        changed = [
            SIGNS[name](t) if told and rng.random() < 0.8 else t
            for t, told in zip(texts, first, strict=True)
        ]
        found = leaks_of(Frame({"text": changed}))
        assert ("target in how texts are written" in found) is expected, found
