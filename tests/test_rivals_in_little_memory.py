"""Rivals of sequences take blocks: what they say does not depend on them, their memory does."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import rocket
from recurra.baselines import sequences as rivals
from recurra.baselines.sequences import NearestSequence, sequence_baselines
from recurra.judging.classes import Labelled
from recurra.rocket import bring, spread_of
from recurra.sequences import Ragged


def known(rows: int, steps: int = 12) -> Labelled:
    rng = np.random.default_rng(0)
    truth = np.arange(rows) % 2
    X = rng.normal(size=(rows, steps, 2)) + truth[:, None, None] * np.linspace(0, 2, steps)[:, None]
    return Labelled(Ragged.of_numbers(X), truth, ("down", "up"), None, np.arange(rows))


@pytest.mark.parametrize("name", ["statistics + LR", "MiniRocket + LR", "nearest neighbour"])
def test_what_a_rival_says_does_not_depend_on_blocks(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, sides = known(40), [(np.arange(30), np.arange(30, 40))]
    contender = next(c for c in sequence_baselines() if c.name == name)
    whole = contender.make(0).fit(rows, sides).say(rows.inputs)
    monkeypatch.setattr(rivals, "COMPARED", 64)
    monkeypatch.setattr(rocket, "COMPARED", 64)
    parts = contender.make(0).fit(rows, sides).say(rows.inputs)
    np.testing.assert_allclose(parts.probabilities, whole.probabilities, rtol=1e-9)


@given(st.integers(1, 30), st.integers(1, 9), st.integers(1, 200))
def test_features_are_brought_as_all_at_once(rows: int, columns: int, most: int) -> None:
    features = np.random.default_rng(rows).normal(3, 5, (rows, columns))
    features[:, 0] = 7.0
    deviation = features.std(axis=0)
    expected = (features - features.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rivals, "COMPARED", most)
        patch.setattr(rocket, "COMPARED", most)
        mean, scale = spread_of(features)
    np.testing.assert_allclose(bring(features, mean, scale), expected, atol=1e-12)


def test_neighbours_are_found_without_all_distances_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rivals, "COMPARED", 1 << 18)
    monkeypatch.setattr(rocket, "COMPARED", 1 << 18)
    rows = known(3000, steps=4)
    tracemalloc.start()
    NearestSequence().fit(rows, []).say(rows.inputs)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3000 * 3000 * 8 / 4  # a quarter of what all distances take
