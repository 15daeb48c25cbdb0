"""Columns that know the class together, as its mean, or from days to come; their twins do not."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from recurra.auditing.foreknown import _explained, columns_foreknown

Make = Callable[[Any, Any], dict[str, Any]]


def of_groups(first: Any, rng: Any) -> dict[str, Any]:
    group = rng.integers(0, 40, len(first))
    rate = np.bincount(group, first)[group] / np.bincount(group)[group]
    return {"shop": [f"shop {g}" for g in group], "rate": rate.round(4)}


def of_three(first: Any, rng: Any) -> dict[str, Any]:
    group = rng.integers(0, len(first) // 3, len(first))
    return {"rate": (np.bincount(group, first)[group] / np.bincount(group)[group]).round(4)}


def of_the_others(first: Any, rng: Any) -> dict[str, Any]:
    group = rng.integers(0, 40, len(first))
    rate = (np.bincount(group, first)[group] - first) / (np.bincount(group)[group] - 1)
    return {"shop": [f"shop {g}" for g in group], "rate": rate.round(4)}


def amounts(first: Any, rng: Any) -> dict[str, Any]:
    paid = rng.normal(100, 30, len(first))
    return {"paid": paid.round(2), "due": (paid + np.where(first, 5, -5)).round(2)}


def answers(first: Any, rng: Any) -> dict[str, Any]:
    one = rng.random(len(first)) < 0.5
    return {"p": np.where(one, "yes", "no"), "q": np.where(one == first, "yes", "no")}


def cells(first: Any, rng: Any) -> dict[str, Any]:
    one = rng.random(len(first)) < 0.5
    return {"p": np.where(one, "x1", ""), "q": np.where(one == first, "x2", "")}


def days(first: Any, rng: Any) -> dict[str, Any]:
    day = rng.integers(0, 360, len(first))
    later = day + np.where(first, 0, rng.integers(1, 30, len(first)))
    begin = np.datetime64("2023-01-01")
    return {"opened": (begin + day).astype(str), "closed": (begin + later).astype(str)}


def seconds(first: Any, rng: Any) -> dict[str, Any]:
    second = rng.integers(0, 30, len(first)) * 2 + np.where(first, 0, 1)
    day = rng.integers(1, 29, len(first))
    return {"at": [f"2024-05-{d:02d} 10:00:{s:02d}" for d, s in zip(day, second, strict=True)]}


def working_days(first: Any, rng: Any) -> dict[str, Any]:
    day = np.where(first, rng.integers(0, 5, len(first)), rng.integers(5, 7, len(first)))
    week = rng.integers(0, 100, len(first))
    return {"seen": (np.datetime64("2022-01-03") + 7 * week + day).astype(str)}


def checked(first: Any, rng: Any) -> dict[str, Any]:
    numbers = []
    for valid in first:
        digits = rng.integers(0, 10, 9)
        twice = np.where(np.arange(9) % 2 == 0, 2 * digits, digits)
        check = int(-(twice // 10 + twice % 10).sum()) + (0 if valid else int(rng.integers(1, 10)))
        numbers.append("4" + "".join(map(str, digits)) + str(check % 10))
    return {"card": numbers}


def two_of_five(first: Any, rng: Any) -> dict[str, Any]:
    there = rng.random((5, len(first))) < 0.6
    there[3] = np.where(first, there[1], ~there[1])
    return {f"lab {k}": np.where(there[k], "done", "") for k in range(5)}


def means_of_class(first: Any, rng: Any) -> dict[str, Any]:
    value = rng.normal(50, 8, len(first)).round(3)
    gone = rng.random(len(first)) < 0.3
    mean = np.where(first, value[first].mean(), value[~first].mean()).round(3)
    return {"weight": np.where(gone, mean, value)}


PLANTED: dict[str, tuple[str, Make]] = {
    "the mean of the class of a shop": ("target in another column", of_groups),
    "the mean of the class of groups of three": ("target in another column", of_three),
    "the same, of the other rows": ("target in two columns", of_the_others),
    "a difference": ("target in two columns", amounts),
    "two answers that are alike": ("target in two columns", answers),
    "two cells that are filled alike": ("target in what is missing", cells),
    "two days that are the same": ("target in two columns", days),
    "even seconds": ("target in how cells are written", seconds),
    "numbers that three divides": (
        "target in an id",
        lambda first, rng: {"n": 3 * rng.permutation(len(first)) + np.where(first, 0, 1)},
    ),
    "seven digits instead of six": (
        "target in how cells are written",
        lambda first, rng: {
            "part": [
                f"{v:.{7 if k else 6}f}" for v, k in zip(rng.random(len(first)), first, strict=1)
            ]
        },
    ),
    "working days": ("target in another column", working_days),
    "numbers that check themselves": ("target in an id", checked),
    "whole hundreds": (
        "target in how cells are written",
        lambda first, rng: {
            "won": np.where(first, 100, 1) * rng.integers(100, 999, len(first)) + 10_000
        },
    ),
    "two of five cells that are empty together": ("target in what is missing", two_of_five),
    "cells filled by the mean of the class": ("target in what is missing", means_of_class),
    "a count of the class so far": (
        "target in two columns",
        lambda first, rng: {"so far": first.cumsum()},
    ),
    "houses of addresses": (
        "target in an id",
        lambda first, rng: {
            "mail": [
                f"{n:x}@{'moor' if k else 'penn'}.example"
                for n, k in zip(rng.permutation(len(first)), first, strict=True)
            ]
        },
    ),
    "capitals": (
        "target in how cells are written",
        lambda first, rng: {
            "town": [
                f"{'T' if k else 't'}own {n}"
                for n, k in zip(rng.integers(0, 9, len(first)), first, strict=True)
            ]
        },
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_columns_that_know_the_class_are_found_and_another_rows_are_not(name: str) -> None:
    kind, make = PLANTED[name]
    rng = np.random.default_rng(3)
    first = rng.random(500) < 0.4
    label = np.where(first, "bad", "good")
    size = rng.normal(size=500).round(3)
    own = pd.DataFrame({"size": size, **make(first, rng), "label": label})
    others = pd.DataFrame({"size": size, **make(rng.permutation(first), rng), "label": label})
    assert kind in {leak.kind for leak in recurra.audit(own, label="label").leaks}
    assert recurra.audit(others, label="label").clean


def test_a_rate_that_was_known_before_is_no_mean_of_the_class() -> None:
    rng = np.random.default_rng(5)
    group = rng.integers(0, 40, 600)
    true = rng.beta(4, 6, 40)
    past = rng.binomial(15, true) / 15
    label = np.where(rng.random(600) < true[group], "bad", "good")
    frame = pd.DataFrame({"shop": [f"s{g}" for g in group], "rate": past[group], "label": label})
    assert not [
        leak for leak in recurra.audit(frame, label="label").leaks if "rate" in leak.sentence
    ]


AHEAD: dict[str, Callable[[Any], Any]] = {
    "a mean of five days": lambda c: c.rolling(5).mean(),
    "the highest of five days": lambda c: c.rolling(5).max(),
    "a change over two weeks": lambda c: c / c.shift(14) - 1,
    "how far it is above the least of ten": lambda c: c.rolling(10).min() - c,
    "a weighted mean": lambda c: c.ewm(span=8).mean(),
}


@pytest.mark.parametrize("name", AHEAD)
def test_a_column_of_days_to_come_is_told_by_them_and_one_of_days_before_is_not(name: str) -> None:
    close = pd.Series(100 * np.exp(0.01 * np.random.default_rng(1).normal(size=500).cumsum()))
    ahead, before = AHEAD[name](close[::-1]).sort_index(), AHEAD[name](close)
    for column, told in ((ahead, ["x"]), (before, [])):
        columns = {"close": close.to_numpy(), "x": column.to_numpy()}
        assert [each.name for each in columns_foreknown(columns, "close")] == told


def test_what_is_explained_is_asked_of_rows_that_did_not_teach() -> None:
    rng = np.random.default_rng(0)
    matrix, noise = rng.normal(size=(200, 70)), rng.normal(size=200)
    assert _explained(matrix, noise) < 0.1  # of the rows that teach, about a third is
    assert _explained(matrix, matrix @ rng.normal(size=70)) > 0.99
