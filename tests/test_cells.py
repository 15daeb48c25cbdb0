"""The textbook cells against Keras' stock layers, and by hand."""

import numpy as np
import pytest

from recurra import cells, layers, models, resting
from recurra.backend import keras
from recurra.cells import GRU, LSTM, SimpleRNN, Weights, bias_shape, cell_like
from recurra.kernels import cell_of, cpu, reference

CELLS = {
    "SimpleRNN": (SimpleRNN(), keras.layers.SimpleRNN, {}),
    "LSTM": (LSTM(), keras.layers.LSTM, {}),
    "GRU": (GRU(), keras.layers.GRU, {}),
    "GRU before": (GRU(reset_after=False), keras.layers.GRU, {"reset_after": False}),
}


def distinct(layer, features, seed):
    """Build a layer with weights of which no two gates' are alike."""
    layer.build((None, None, features))
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.5, weight.shape))
    return Weights(*(np.asarray(weight.value, np.float64) for weight in layer.weights))


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
def test_the_reference_says_what_keras_says(name, go_backwards, masked, use_bias):
    cell, stock, options = CELLS[name]
    layer = stock(
        5,
        return_sequences=True,
        return_state=True,
        go_backwards=go_backwards,
        use_bias=use_bias,
        **options,
    )
    weights = distinct(layer, 3, seed=1)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(4, 7, 3))
    state = tuple(rng.normal(size=(4, 5)) for _ in range(cell.states))
    mask = rng.random((4, 7)) < 0.6 if masked else None

    outputs, last = reference.run(cell, x, state, weights, mask=mask, go_backwards=go_backwards)
    expected = layer(
        x.astype("float32"), initial_state=[s.astype("float32") for s in state], mask=mask
    )

    np.testing.assert_allclose(outputs, np.asarray(expected[0]), atol=2e-6)
    for ours, theirs in zip(last, expected[1:], strict=True):
        np.testing.assert_allclose(ours, np.asarray(theirs), atol=2e-6)


@pytest.mark.parametrize("name", CELLS)
def test_an_empty_sequence_leaves_the_state_alone(name):
    cell, stock, options = CELLS[name]
    weights = distinct(stock(5, **options), 3, seed=1)
    state = tuple(np.ones((2, 5)) for _ in range(cell.states))
    outputs, last = reference.run(cell, np.zeros((2, 0, 3)), state, weights)
    assert outputs.shape == (2, 0, 5)
    assert all((a == b).all() for a, b in zip(last, state, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_splitting_a_sequence_and_carrying_the_state_changes_nothing(name):
    cell, stock, options = CELLS[name]
    weights = distinct(stock(5, **options), 3, seed=1)
    x = np.random.default_rng(0).normal(size=(2, 9, 3))
    start = tuple(np.zeros((2, 5)) for _ in range(cell.states))
    whole, last = reference.run(cell, x, start, weights)
    first, middle = reference.run(cell, x[:, :4], start, weights)
    second, end = reference.run(cell, x[:, 4:], middle, weights)
    np.testing.assert_array_equal(whole, np.concatenate([first, second], axis=1))
    np.testing.assert_array_equal(last[0], end[0])


def test_one_lstm_step_by_hand():
    weights = Weights(np.array([[1.0, 2.0, 3.0, 4.0]]), np.zeros((1, 4)), np.zeros(4))
    h, c = LSTM().step(np.array([[1.0]]), (np.zeros((1, 1)), np.ones((1, 1))), weights)
    logistic = 1 / (1 + np.exp(-np.array([1.0, 2.0, 4.0])))
    carried = logistic[1] * 1.0 + logistic[0] * np.tanh(3.0)
    assert c[0, 0] == pytest.approx(carried, abs=1e-12)
    assert h[0, 0] == pytest.approx(logistic[2] * np.tanh(carried), abs=1e-12)


@pytest.mark.parametrize("cell", cells.CELLS.values(), ids=str)
def test_what_the_registry_says_of_a_cell_is_what_its_step_and_keras_say(cell):
    stock = getattr(keras.layers, cell.layer)
    layer = stock(5, **{name: getattr(cell, name) for name in vars(cell)})
    weights = distinct(layer, 3, seed=1)
    assert weights.kernel.shape == (3, cell.gates * 5)
    assert weights.bias.shape == bias_shape(cell, cell.gates * 5)
    assert np.size(layer.cell.state_size) == cell.states
    state = tuple(np.ones((2, 5)) for _ in range(cell.states))
    x = np.ones((2, 3))
    assert "".join(cell.gates_of(x, state, weights)) == cell.letters
    assert len(cell.step(x, state, weights)) == cell.states
    assert cell_like(cell.layer, layer) == cell_of(layer.cell) == cell


@pytest.mark.parametrize("cell", cells.CELLS.values(), ids=str)
def test_every_cell_has_layers_and_the_native_library_says_whether_it_has_it(cell):
    assert issubclass(layers.layer_of(cell), getattr(keras.layers, cell.layer))
    assert issubclass(resting.RESTING[cell.layer], layers.layer_of(cell))
    assert layers.layer_of(cell) in models.CELLS.values()
    assert cpu.has(cell) == (cpu.missing() is None)


def test_a_cell_that_the_native_library_lacks_takes_the_portable_path(monkeypatch):
    from recurra.kernels import choose

    monkeypatch.setattr(LSTM, "name", "lstm with a peephole")
    assert not cpu.has(LSTM())
    if cpu.missing() is None:
        choice = choose(LSTM(), "float32")
        assert choice.path == "portable"
        assert "lstm with a peephole" in choice.reason


def test_no_cell_is_like_a_layer_of_another_name():
    assert cell_like("ConvLSTM2D", None) is None
