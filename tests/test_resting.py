"""Layers that begin at rest, beside Keras' own layers that are told where to begin."""

import numpy as np
import pytest

from recurra.backend import keras
from recurra.resting import STEPS, RestingGRU, RestingLSTM, RestingSimpleRNN

PAIRS = {
    "simple-rnn": (RestingSimpleRNN, keras.layers.SimpleRNN),
    "lstm": (RestingLSTM, keras.layers.LSTM),
    "gru": (RestingGRU, keras.layers.GRU),
}
every = pytest.mark.parametrize("name", PAIRS)
rng = np.random.default_rng(0)
X = rng.normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)


def pair_of(name, **options):
    """Give a resting layer and Keras' own with the same weights, none of them zero."""
    ours, stock = (kind(6, **options) for kind in PAIRS[name])
    ours.build(X.shape)
    stock.build(X.shape)
    weights = [rng.normal(size=w.shape).astype("float32") * 0.4 for w in stock.get_weights()]
    ours.set_weights(weights)
    stock.set_weights(weights)
    return ours, stock


def rest_of(stock):
    """Give the state in which Keras' own layer is after so many steps of zeros."""
    kind, config = type(stock), stock.get_config()
    reading = kind.from_config({**config, "return_state": True, "return_sequences": False})
    reading.build(X.shape)
    reading.set_weights(stock.get_weights())
    _, *state = reading(np.zeros((1, STEPS, X.shape[2]), "float32"))
    return [keras.ops.repeat(s, len(X), axis=0) for s in state]


@every
@pytest.mark.parametrize(
    "options", [{}, {"return_sequences": True}, {"go_backwards": True}], ids=str
)
def test_it_reads_as_keras_does_from_the_state_after_zeros(name, options):
    ours, stock = pair_of(name, **options)
    expected = stock(X, initial_state=rest_of(stock), mask=MASK)
    np.testing.assert_allclose(ours(X, mask=MASK), expected, atol=1e-5)


@every
def test_a_row_of_padding_alone_stays_at_rest(name):
    ours, stock = pair_of(name)
    np.testing.assert_allclose(ours(X, mask=MASK)[2], rest_of(stock)[0][2], atol=1e-5)


@every
def test_it_has_the_weights_of_keras_and_no_others(name):
    ours, stock = pair_of(name)
    assert [w.shape for w in ours.weights] == [w.shape for w in stock.weights]


@every
def test_gradients_flow_through_the_state_at_rest(name):
    jax = pytest.importorskip("jax")
    if keras.backend.backend() != "jax":
        pytest.skip("gradients are taken by JAX")
    ours, stock = pair_of(name)
    values = [w.value for w in stock.trainable_variables]

    def of_ours(values):
        return ours.stateless_call(values, _fixed(ours), X)[0].sum()

    def of_stock(values):
        from keras import StatelessScope

        mapping = list(zip(stock.trainable_variables, values, strict=True))
        with StatelessScope(state_mapping=mapping):
            zeros = stock.get_initial_state(1)
            nothing = np.zeros((1, STEPS, X.shape[2]), "float32")
            *_, rest = stock.inner_loop(nothing, zeros, mask=None)
            state = [keras.ops.broadcast_to(s, (len(X), s.shape[1])) for s in rest]
            return stock(X, initial_state=state).sum()

    for found, expected in zip(jax.grad(of_ours)(values), jax.grad(of_stock)(values), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


def _fixed(layer):
    return [v.value for v in layer.non_trainable_variables]


@every
def test_a_state_that_is_given_is_taken(name):
    ours, stock = pair_of(name)
    state = [rng.normal(size=(3, 6)).astype("float32") for _ in rest_of(stock)]
    np.testing.assert_allclose(
        ours(X, initial_state=state), stock(X, initial_state=state), atol=1e-5
    )


@every
def test_it_survives_a_file_and_bidirectional(name, tmp_path):
    kind = PAIRS[name][0]
    model = keras.Sequential(
        [keras.Input((None, 4)), keras.layers.Bidirectional(kind(3)), keras.layers.Dense(1)]
    )
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.layers[0].forward_layer) is kind
    np.testing.assert_allclose(again.predict(X, verbose=0), model.predict(X, verbose=0), atol=1e-6)


@every
def test_it_keeps_no_state_from_batch_to_batch(name):
    with pytest.raises(ValueError, match="begins every sequence at rest"):
        PAIRS[name][0](3, stateful=True)
