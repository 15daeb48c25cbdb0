"""Convolutions beside a cell: padding reaches nothing, and all rows teach."""

from typing import Any

import numpy as np
import pytest

from recurra import SequenceClassifier, SequenceRegressor
from recurra.backend import keras
from recurra.models import Head, number_network
from recurra.names import FCN
from recurra.sequences import NumberEncoder, Ragged
from recurra.training.batches import EpochBatches, Example
from recurra.training.epochs import Plan


def padded(lengths: list[int], timesteps: int, garbage: float = 0.0) -> np.ndarray:
    """Sequences of these lengths; the last column says what is there, the first two may lie."""
    rng = np.random.default_rng(0)
    rows = np.full((len(lengths), timesteps, 3), garbage, np.float32)
    rows[..., -1] = 0
    for row, length in enumerate(lengths):
        rows[row, :length, :2] = rng.normal(size=(length, 2))
        rows[row, :length, 2] = 1
    return rows


def network(name: str, each_step: bool = False) -> Any:
    keras.utils.set_random_seed(0)
    model = number_network(name, 2, Head(3, "softmax", each_step), 8)
    for layer in model.layers:  # as after training: what is not there no longer becomes 0
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.beta.assign(np.linspace(0.5, 1.5, layer.beta.shape[0]))
    return model


@pytest.mark.parametrize("name", FCN)
def test_neither_how_much_padding_nor_what_stands_in_it_is_seen(name: str) -> None:
    model = network(name)
    short, long = (model.predict_on_batch(padded([9, 5, 1], steps)) for steps in (9, 40))
    assert np.allclose(long, short, rtol=1e-5, atol=1e-7)
    lying = model.predict_on_batch(padded([9, 5, 1], 40, garbage=50.0))
    assert np.allclose(lying, long, rtol=1e-5, atol=1e-7)


def test_at_each_step_padding_is_not_seen_either() -> None:
    model = network("gru-fcn", each_step=True)
    short, long = (model.predict_on_batch(padded([9, 9], steps)) for steps in (9, 40))
    assert np.allclose(long[:, :9], short, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", FCN)
def test_means_and_deviations_are_of_the_steps_that_are_there(name: str) -> None:
    def learnt(rows: np.ndarray) -> list[np.ndarray]:
        model = network(name)
        model(rows, training=True)
        return [np.asarray(weight) for weight in model.non_trainable_weights]

    short = learnt(padded([9, 5, 1], 9))
    long = learnt(padded([9, 5, 1, 0, 0], 40, garbage=50.0))  # rows that are not there, too
    assert short
    for one, other in zip(short, long, strict=True):
        assert np.allclose(one, other, rtol=1e-4, atol=1e-6)


def moves(rows: int = 24) -> tuple[list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(int(rng.integers(9, 30)), 2)) + row % 2 for row in range(rows)]
    return X, np.arange(rows) % 2


def test_all_rows_teach_and_the_threshold_is_a_half() -> None:
    X, y = moves()
    model = SequenceClassifier("gru-fcn", epochs=2, members=1).fit(X, y)
    ((taught, validated),) = model.sides_
    assert taught.tolist() == list(range(24))
    assert len(validated) == 0
    assert model.threshold_ == 0.5
    (history,) = model.histories_
    assert history.best_epoch == 2
    assert history.sentence() == "2 epochs, the last one is kept"
    assert model.encoder_.mean == pytest.approx(np.concatenate(X).mean(axis=0))


def test_rows_given_to_validate_on_choose_the_epoch() -> None:
    X, y = moves()
    sides = [(np.arange(16), np.arange(16, 24))]
    model = SequenceClassifier("gru-fcn", epochs=2, members=1).fit(X, y, sides=sides)
    assert all("validation_loss" in row for row in model.histories_[0].rows)


def test_a_quantity_can_be_learnt_too() -> None:
    X, _ = moves()
    model = SequenceRegressor("lstm-fcn", epochs=1, members=1).fit(X, [x.mean() for x in X])
    assert np.isfinite(model.predict(X)).all()


def test_the_learning_rate_falls_to_nought_and_only_where_it_is_asked_to() -> None:
    falling = Plan(epochs=10, learning_rate=1.0, falling=True)
    rates = [falling.rate(epoch) for epoch in range(1, 11)]
    assert rates[0] == 1.0
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.05
    assert Plan(epochs=10, learning_rate=1.0).rate(10) == 1.0


def test_few_rows_are_visited_several_times_an_epoch_each_as_often() -> None:
    X, y = moves()
    raw = Ragged.of_numbers(X)
    inputs = NumberEncoder.fit(raw).encode(raw)
    example = Example(inputs, y.astype(np.float32), np.ones(24, np.float32))
    batches = EpochBatches(example, 8, np.random.default_rng(0), visits=3)
    seen = np.concatenate([rows for _, rows in batches.batches])
    assert np.bincount(seen).tolist() == [3] * 24
