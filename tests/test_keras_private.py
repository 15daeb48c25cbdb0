"""What Keras must still have of what it does not promise: a canary for each touch."""

import inspect

import numpy as np
import pytest

from recurra import keras_private
from recurra.backend import keras

RECURRENT = [keras.layers.SimpleRNN, keras.layers.LSTM, keras.layers.GRU]


class Ours(keras.layers.GRU):
    """A layer of ours in the place of Keras' own."""


def read(layer):
    return np.asarray(layer(np.ones((2, 3, 4), "float32")))


def test_keras_still_names_classes_in_a_table_that_files_are_written_by():
    from keras.src import api_export

    assert api_export.REGISTERED_OBJS_TO_NAMES[keras.layers.GRU] == "keras.layers.GRU"
    keras_private.named_as(keras.layers.GRU, Ours)
    try:
        written = keras.saving.serialize_keras_object(Ours(2))
    finally:
        del api_export.REGISTERED_OBJS_TO_NAMES[Ours]
    assert (written["module"], written["class_name"]) == ("keras.layers", "GRU")


def test_keras_still_gives_the_layers_inside_layers_with_flatten_layers():
    inner = keras.layers.GRU(2)
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.Bidirectional(inner)])
    found = [type(layer) for layer in keras_private.layers_of(model)]
    assert found.count(keras.layers.GRU) == 2
    assert keras_private.layers_of(model)[0] is model


@pytest.mark.parametrize("kind", RECURRENT)
def test_keras_still_lets_a_built_layer_become_one_of_a_subclass(kind):
    layer = kind(2)
    expected = read(layer)
    keras_private.become(layer, type("Other", (kind,), {}))
    np.testing.assert_array_equal(read(layer), expected)
    keras_private.become(layer, kind)
    np.testing.assert_array_equal(read(layer), expected)


@pytest.mark.parametrize("work", ["train", "test", "predict"])
def test_keras_still_keeps_its_compiled_steps_where_they_are_made_anew(work):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    keras_private.compile_anew(model)  # nothing has been compiled
    assert getattr(model, f"{work}_function") is None
    x, y = np.ones((2, 2)), np.ones((2, 1))
    model.fit(x, y, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    before = getattr(model, f"{work}_function")
    keras_private.compile_anew(model)
    assert callable(getattr(model, f"{work}_function"))
    assert getattr(model, f"{work}_function") is not before


@pytest.mark.parametrize("kind", RECURRENT)
def test_keras_still_leaves_the_loop_over_time_to_a_method_inner_loop(kind):
    assert list(inspect.signature(kind.inner_loop).parameters) == [
        "self",
        "sequences",
        "initial_state",
        "mask",
        "training",
    ]
    seen = []

    def ours(layer, own, *args, **options):
        seen.append(layer)
        return own(*args, **options)

    class Watched(kind):
        inner_loop = keras_private.in_place_of(kind.inner_loop, ours, None)

    layer = Watched(2)
    assert read(layer).shape == (2, 2)
    assert seen == [layer]
    assert inspect.signature(layer.inner_loop) == inspect.signature(kind(2).inner_loop)


def test_keras_still_copies_a_layer_for_each_direction_by_its_name_in_files():
    from keras.src import api_export

    keras_private.named_as(keras.layers.GRU, Ours)
    try:
        both = keras.layers.Bidirectional(Ours(2))
    finally:
        del api_export.REGISTERED_OBJS_TO_NAMES[Ours]
    assert type(both.forward_layer) is type(both.backward_layer) is keras.layers.GRU


def test_keras_still_makes_bidirectional_layers_in_an_init_that_can_be_followed(monkeypatch):
    kind = keras.layers.Bidirectional
    monkeypatch.setattr(kind, "__init__", kind.__init__)  # put back at the end
    names = list(inspect.signature(kind.__init__).parameters)
    assert names == ["self", "layer", "merge_mode", "weights", "backward_layer", "kwargs"]
    seen = []
    keras_private.after_copying(lambda layer, copy: seen.append((layer, copy)))
    layer = keras.layers.GRU(2)
    both = kind(layer)
    assert seen == [(layer, both.forward_layer), (layer, both.backward_layer)]
    assert list(inspect.signature(kind.__init__).parameters) == names


def test_keras_still_draws_dropout_once_a_call_and_for_an_lstm_and_gru_by_gate():
    state, x = np.ones((2, 3), "float32"), np.ones((2, 4), "float32")
    for kind, gates in zip(RECURRENT, (None, 4, 3), strict=True):
        cell = kind(3, dropout=0.5, recurrent_dropout=0.5).cell
        of_h, of_x = keras_private.dropped(cell, state, x)
        assert keras_private.drops_by_gate(cell) == isinstance(of_x, list)
        if isinstance(of_x, list):
            assert (len(of_h), len(of_x)) == (gates, gates)
        else:
            assert (of_h.shape, of_x.shape) == ((2, 3), (2, 4))
        again = keras_private.dropped(cell, state, x)
        for one, other in zip(
            keras.tree.flatten((of_h, of_x)), keras.tree.flatten(again), strict=True
        ):
            np.testing.assert_array_equal(one, other)
        assert keras_private.dropped(kind(3).cell, state, x) == (None, None)


def test_keras_still_has_adam_keep_two_moments_for_each_variable():
    adam, variables = keras.optimizers.Adam(), [keras.Variable(np.ones(n)) for n in (2, 3)]
    adam.build(variables)
    adam.apply([np.full(2, 4.0), np.full(3, 2.0)])
    for variable, slope in zip(variables, (4.0, 2.0), strict=True):
        m, v = keras_private.moments_of(adam, variable)
        np.testing.assert_allclose(m, np.full(variable.shape, slope * (1 - adam.beta_1)), rtol=1e-5)
        np.testing.assert_allclose(
            v, np.full(variable.shape, slope**2 * (1 - adam.beta_2)), rtol=1e-5
        )
