"""The layers against Keras' stock ones: equal numbers, weights and files, on the path they say."""

import copy
import json
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
import pytest
from jax.experimental.sparse import BCOO

from recurra import kernels, layers
from recurra.backend import keras
from recurra.cells import Weights
from recurra.kernels import cpu, reference

KINDS = ["SimpleRNN", "LSTM", "GRU", "GRU as first published"]
native = pytest.mark.skipif(cpu.level() is None, reason="the native kernels were not built")


def arrays(tree):
    return [np.asarray(leaf) for leaf in keras.tree.flatten(tree)]


def layer_of(source, kind, units, **options):
    if kind == "GRU as first published":
        return source.GRU(units, reset_after=False, **options)
    return getattr(source, kind)(units, **options)


def twins(kind, *, features=3, **options):
    """Build one of our layers and Keras' stock one, with the same weights, no two gates' alike."""
    rng = np.random.default_rng(0)
    ours, stock = (layer_of(source, kind, 6, **options) for source in (layers, keras.layers))
    for layer in (ours, stock):
        layer.build((4, 7, features))
    for a, b in zip(ours.weights, stock.weights, strict=True):
        a.assign(rng.normal(0, 0.5, a.shape))
        b.assign(a.value)
    return ours, stock


def gradients(layer, x, **call):
    fixed = [v.value for v in layer.non_trainable_variables]

    def loss(trainable, x):
        outputs, _ = layer.stateless_call(trainable, fixed, x, **call)
        return sum((leaf**2).sum() for leaf in keras.tree.flatten(outputs))

    return jax.grad(loss, argnums=(0, 1))([v.value for v in layer.trainable_variables], x)


OPTIONS = [
    {},
    {"return_sequences": True},
    {"return_state": True},
    {"return_sequences": True, "return_state": True, "go_backwards": True},
    {"use_bias": False},
    {"zero_output_for_mask": True, "return_sequences": True, "go_backwards": True},
    {"zero_output_for_mask": True},
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("masked", [False, True])
def test_values_and_gradients_are_keras_own(kind, options, masked):
    ours, stock = twins(kind, **options)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 7, 3)).astype("float32")
    mask = rng.random((4, 7)) < 0.6 if masked else None
    assert kernels.explain(ours).path == ("native" if cpu.level() else "portable")
    for a, b in zip(arrays(ours(x, mask=mask)), arrays(stock(x, mask=mask)), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)
    found, expected = (gradients(layer, x, mask=mask) for layer in (ours, stock))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_initial_state_is_used_and_has_gradients(kind):
    ours, stock = twins(kind)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4, 7, 3)).astype("float32")
    state = [rng.normal(size=(4, 6)).astype("float32") for _ in ours.state_size]
    for layer in (ours, stock):
        layer.slope = jax.grad(lambda s, layer=layer: layer(x, initial_state=s).sum())(state)
    for a, b in zip(ours.slope, stock.slope, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1, 6), (2, 6), (4, 5), (4, 1, 6)], ids=str)
def test_an_initial_state_of_a_wrong_shape_is_refused_as_keras_refuses_it(kind, shape):
    x = np.ones((4, 7, 3), "float32")
    for layer in twins(kind):
        state = [np.zeros((4, 6), "float32") for _ in layer.state_size]
        state[-1] = np.zeros(shape, "float32")
        with pytest.raises((TypeError, ValueError)):
            layer(x, initial_state=state)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(4, 6), (2, 7), (4, 1)], ids=str)
def test_a_mask_of_a_wrong_shape_is_refused_as_keras_refuses_it(kind, shape):
    for layer in twins(kind):
        with pytest.raises(ValueError):
            layer(np.ones((4, 7, 3), "float32"), mask=np.ones(shape, bool))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "float16"])
def test_what_is_no_float32_is_read_as_keras_reads_it(kind, dtype):
    ours, stock = twins(kind, autocast=False)
    x = np.random.default_rng(1).integers(0, 2, (4, 7, 3)).astype(dtype)
    state = [np.ones((4, 6), "int32") for _ in ours.state_size]
    for given in ({}, {"initial_state": state}):
        np.testing.assert_allclose(ours(x, **given), stock(x, **given), atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_one_mask_serves_all_rows_as_in_keras(kind):
    ours, stock = twins(kind)
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    mask = np.array([[True, False, True, True, False, True, False]])
    np.testing.assert_allclose(ours(x, mask=mask), stock(x, mask=mask), atol=2e-6)


REFUSED = [
    ({"activation": "relu"}, "activation is relu"),
    ({"unroll": True}, "unroll"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("options", "reason"), REFUSED, ids=str)
def test_what_no_path_of_ours_can_do_keras_does(kind, options, reason):
    ours, stock = twins(kind, **options)
    choice = kernels.explain(ours)
    assert choice.path == "keras"
    assert reason in choice.reason
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    np.testing.assert_array_equal(*(np.asarray(layer(x)) for layer in (ours, stock)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("argument", ["activation", "recurrent_activation"])
def test_a_function_of_ones_own_stays_so_whatever_its_name(kind, argument):
    if kind == "SimpleRNN" and argument == "recurrent_activation":
        pytest.skip("it has none")

    def tanh(x):
        return 1.7159 * keras.ops.tanh(2 / 3 * x)

    def sigmoid(x):
        return keras.ops.clip(0.2 * x + 0.5, 0, 1)

    own = tanh if argument == "activation" else sigmoid
    ours, stock = twins(kind, **{argument: own})
    choice = kernels.explain(ours)
    assert choice.path == "keras"
    assert f"a {own.__name__} of your own" in choice.reason
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    np.testing.assert_array_equal(*(np.asarray(layer(x)) for layer in (ours, stock)))


@native
@pytest.mark.parametrize("tanh", [keras.activations.tanh, keras.ops.tanh, jax.numpy.tanh, "tanh"])
@pytest.mark.parametrize("sigmoid", [keras.ops.sigmoid, jax.nn.sigmoid, "sigmoid"])
def test_the_usual_functions_are_known_from_wherever_they_come(tanh, sigmoid):
    layer = layers.LSTM(3, activation=tanh, recurrent_activation=sigmoid)
    assert kernels.explain(layer).path == "native"


FROM_FLOAT64 = {"all": (1.0, 1.25), "saturated": (1000.0, 2.0)}  # how large x is; what is near


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inputs", FROM_FLOAT64)
def test_the_distance_from_float64_is_that_of_keras_in_the_median_of_40_seeds(kind, inputs):
    size, near = FROM_FLOAT64[inputs]
    both = twins(kind, features=4, return_sequences=True)
    fixed = [v.value for v in both[0].non_trainable_variables]
    read = [jax.jit(lambda w, x, layer=a: layer.stateless_call(w, fixed, x)[0]) for a in both]
    cell, off = kernels.cell_of(both[0].cell), []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        trained = [rng.normal(0, 0.3, v.shape).astype("float32") for v in both[0].trainable_weights]
        x = (size * rng.normal(size=(3, 30, 4))).astype("float32")
        start = tuple(np.zeros((3, 6)) for _ in range(cell.states))
        weights = Weights(*(v.astype("float64") for v in trained))
        exact, _ = reference.run(cell, x.astype("float64"), start, weights)
        off.append([np.sqrt(np.mean((layer(trained, x) - exact) ** 2)) for layer in read])
    ours, stock = np.median(off, axis=0)
    assert ours < near * stock


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("dtype", "apart"),
    [("mixed_bfloat16", 0.03), ("bfloat16", 0.03), ("mixed_float16", 4e-3), ("float16", 4e-3)],
)
def test_half_precision_takes_the_portable_path_with_keras_values(kind, dtype, apart):
    ours, stock = twins(kind, dtype=dtype, recurrent_initializer="glorot_uniform")
    assert kernels.explain(ours).path == "portable"
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    found, expected = (layer(x) for layer in (ours, stock))
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(*(np.asarray(a, "float32") for a in (found, expected)), atol=apart)


@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_float64_where_jax_has_it(kind):
    with jax.enable_x64(True):
        ours, _ = twins(kind, dtype="float64")  # Keras' own are as near as float32, or fail
        cell = kernels.cell_of(ours.cell)
        x = np.random.default_rng(1).normal(size=(4, 7, 3))
        start = tuple(np.zeros((4, 6)) for _ in range(cell.states))
        weights = Weights(*arrays(ours.trainable_weights))
        np.testing.assert_allclose(
            ours(x), reference.run(cell, x, start, weights)[1][0], atol=1e-14
        )


@pytest.mark.filterwarnings("ignore:Explicitly requested dtype float64")
@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_that_of_keras_where_jax_has_none(kind):
    ours, stock = twins(kind, dtype="float64")
    x = np.random.default_rng(1).normal(size=(4, 7, 3))
    assert ours(x).dtype == stock(x).dtype == "float32"
    np.testing.assert_allclose(ours(x), stock(x), atol=2e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_that_keras_has_not_cast_are_read_as_keras_reads_them(kind):
    # `stateless_call` of a layer casts nothing, though that of a model does
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    mask = np.random.default_rng(2).random((4, 7)) < 0.6
    found = []
    for layer in twins(kind, dtype="mixed_bfloat16"):
        variables = layer.trainable_variables, layer.non_trainable_variables
        values = ([v.value for v in each] for each in variables)
        found.append(layer.stateless_call(*values, x, mask=mask)[0])
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "rates",
    [{"dropout": 0.4}, {"recurrent_dropout": 0.3}, {"dropout": 0.2, "recurrent_dropout": 0.3}],
)
def test_dropout_draws_what_keras_draws_and_stays_on_the_fast_path(kind, rates):
    ours, stock = twins(kind, seed=5, return_sequences=True, **rates)
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    if cpu.level():
        assert kernels.explain(ours).path == "native"
    seeds = [[v.value for v in layer.non_trainable_variables] for layer in (ours, stock)]
    trained = [np.asarray(layer(x, training=True)) for layer in (ours, stock)]
    np.testing.assert_allclose(*trained, atol=2e-6)
    assert np.abs(trained[0] - np.asarray(ours(x))).max() > 0.01
    for layer, seed in zip((ours, stock), seeds, strict=True):
        for variable, value in zip(layer.non_trainable_variables, seed, strict=True):
            variable.assign(value)
    found, expected = (gradients(layer, x, training=True) for layer in (ours, stock))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stateful_layer_goes_on_where_it_stopped(kind):
    ours, stock = twins(kind, stateful=True)
    x = np.random.default_rng(1).normal(size=(4, 7, 3)).astype("float32")
    for _ in range(3):
        np.testing.assert_allclose(*(np.asarray(layer(x)) for layer in (ours, stock)), atol=2e-6)


def small_model(kind, source, wrapper):
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(20, 4, mask_zero=True),
            wrapper(layer_of(source, kind, 5, return_sequences=True)),
            wrapper(layer_of(source, kind, 5)),
            keras.layers.Dense(1),
        ]
    )


@native
@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_run_natively_and_agree_with_keras(kind):
    ours = small_model(kind, layers, keras.layers.Bidirectional)
    stock = small_model(kind, keras.layers, keras.layers.Bidirectional)
    stock.set_weights([np.asarray(w.value) for w in ours.weights])
    tokens = np.random.default_rng(0).integers(0, 20, (6, 9))
    before = kernels.counts()["native forward"]
    found = np.asarray(ours(tokens))
    assert kernels.counts()["native forward"] == before + 4
    np.testing.assert_allclose(found, np.asarray(stock(tokens)), atol=2e-6)
    assert kernels.counts()["native forward"] == before + 4


@native
def test_training_takes_the_native_path_and_ends_where_keras_ends():
    rng = np.random.default_rng(0)
    tokens, labels = rng.integers(0, 20, (64, 9)), rng.integers(0, 2, (64, 1))
    models = [small_model("LSTM", source, lambda layer: layer) for source in (layers, keras.layers)]
    models[1].set_weights([np.asarray(w.value) for w in models[0].weights])
    losses, before = [], kernels.counts()["native backward"]
    for model in models:
        model.compile(keras.optimizers.SGD(0.5), keras.losses.BinaryCrossentropy(from_logits=True))
        losses.append(model.fit(tokens, labels, epochs=4, shuffle=False, verbose=0).history["loss"])
    assert kernels.counts()["native backward"] == before + 2 * 4 * 2  # layers, epochs, batches
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_files_open_in_keras_and_keras_files_open_here(tmp_path):
    tokens, expected = np.random.default_rng(0).integers(0, 20, (6, 9)), {}
    for kind in KINDS:
        place = tmp_path / kind
        place.mkdir()
        ours = small_model(kind, layers, keras.layers.Bidirectional)
        expected[place] = np.asarray(ours(tokens))
        ours.save(place / "ours.keras")
        ours.save_weights(place / "ours.weights.h5")
    code = (
        "import os, sys; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "import keras, numpy as np\n"
        "tokens = np.random.default_rng(0).integers(0, 20, (6, 9))\n"
        "for place in sys.argv[1:]:\n"
        "    model = keras.models.load_model(f'{place}/ours.keras')\n"
        "    model.load_weights(f'{place}/ours.weights.h5')\n"
        "    np.save(f'{place}/found.npy', np.asarray(model(tokens)))\n"
        "    model.save(f'{place}/theirs.keras')\n"
        "assert 'recurra' not in sys.modules\n"
    )
    program = [sys.executable, "-c", code, *map(str, expected)]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for place, outputs in expected.items():
        np.testing.assert_allclose(np.load(place / "found.npy"), outputs, atol=2e-6)
        theirs = keras.models.load_model(place / "theirs.keras")
        with layers.accelerate(theirs):
            np.testing.assert_allclose(np.asarray(theirs(tokens)), outputs, atol=2e-6)


@native
def test_accelerating_a_model_lasts_until_the_end_and_keeps_its_answers():
    model = small_model("GRU", keras.layers, keras.layers.Bidirectional)
    tokens = np.random.default_rng(0).integers(0, 20, (6, 9))
    expected, before = model.predict(tokens, verbose=0), kernels.counts()["native forward"]
    with layers.accelerate(model) as same:
        assert same is model
        np.testing.assert_allclose(model.predict(tokens, verbose=0), expected, atol=2e-6)
        assert kernels.counts()["native forward"] > before
    before = kernels.counts()["native forward"]
    np.testing.assert_array_equal(model.predict(tokens, verbose=0), expected)
    assert kernels.counts()["native forward"] == before


@native
def test_accelerating_everything_reaches_stock_layers_and_lets_go_of_them():
    stock = keras.layers.LSTM(3)
    methods = {c: (vars(c).get("inner_loop"), vars(c).get("call")) for c in layers.FAST}
    assert kernels.explain(stock).path == "keras"
    with layers.accelerate():
        assert kernels.explain(stock).path == "native"
        before = kernels.counts()["native forward"]
        stock(np.zeros((2, 3, 4), "float32"))
        assert kernels.counts()["native forward"] == before + 1
    after = {c: (vars(c).get("inner_loop"), vars(c).get("call")) for c in layers.FAST}
    assert after == methods
    assert "recurra.accelerate" in kernels.explain(stock).reason


def own_methods():
    return {stock: dict(vars(stock)) for stock in layers.FAST}


@native
@pytest.mark.parametrize("first_out", [0, 1])
def test_accelerating_everything_twice_lasts_until_both_have_ended_in_any_order(first_out):
    before, stock = own_methods(), keras.layers.GRU(3)
    both = [layers.accelerate(), layers.accelerate()]
    for one in both:
        one.__enter__()
    both[first_out].__exit__(None, None, None)
    assert kernels.explain(stock).path == "native"
    assert own_methods() != before
    both[1 - first_out].__exit__(None, None, None)
    assert own_methods() == before
    assert kernels.explain(stock).path == "keras"


@native
@pytest.mark.parametrize("first_out", [0, 1])
def test_accelerating_a_model_twice_lasts_until_both_have_ended_in_any_order(first_out):
    model = small_model("LSTM", keras.layers, keras.layers.Bidirectional)
    kinds = [type(layer) for layer in model.layers]
    both = [layers.accelerate(model), layers.accelerate(model)]
    for one in both:
        one.__enter__()
    both[first_out].__exit__(None, None, None)
    assert type(model.layers[0]) is layers.Embedding
    both[1 - first_out].__exit__(None, None, None)
    assert [type(layer) for layer in model.layers] == kinds


@native
def test_what_is_accelerated_for_good_stays_so_when_a_context_ends():
    model = small_model("LSTM", keras.layers, lambda layer: layer)
    layers.accelerate(model)
    with layers.accelerate(model):
        pass
    assert type(model.layers[0]) is layers.Embedding


@native
def test_one_acceleration_entered_twice_ends_with_its_last_exit_and_can_begin_anew():
    before, acceleration = own_methods(), layers.accelerate()
    with acceleration:
        with acceleration:
            pass
        assert own_methods() != before
    assert own_methods() == before
    with acceleration:
        assert own_methods() != before
    assert own_methods() == before


@native
@pytest.mark.parametrize("of_model", [False, True])
def test_an_exception_inside_leaves_everything_as_it_was(of_model):
    model = small_model("GRU", keras.layers, keras.layers.Bidirectional) if of_model else None
    before = own_methods()
    with pytest.raises(ZeroDivisionError), layers.accelerate(model):
        _ = 1 / 0
    assert own_methods() == before
    assert model is None or type(model.layers[0]) is keras.layers.Embedding


@native
def test_a_change_that_fails_halfway_is_taken_back(monkeypatch):
    before, model = own_methods(), small_model("GRU", keras.layers, lambda layer: layer)
    lend, become = layers._Everywhere.lend, layers.become

    def failing(works):
        def once(self_or_layer, kind, *rest):
            if keras.layers.GRU in (kind, type(self_or_layer)):
                raise MemoryError
            works(self_or_layer, kind, *rest)

        return once

    monkeypatch.setattr(layers._Everywhere, "lend", failing(lend))
    monkeypatch.setattr(layers, "become", failing(become))
    for given in (None, model):
        with pytest.raises(MemoryError):
            layers.accelerate(given)
    monkeypatch.undo()
    assert own_methods() == before
    assert type(model.layers[0]) is keras.layers.Embedding
    assert type(model.layers[1]) is keras.layers.GRU


@native
def test_threads_that_accelerate_and_ask_at_once_all_get_the_same_answers():
    model = small_model("LSTM", keras.layers, lambda layer: layer)
    tokens = np.random.default_rng(0).integers(0, 20, (6, 9))
    before, expected = own_methods(), np.asarray(model(tokens))

    def work(number):
        for turn in range(6):
            with layers.accelerate(model if (number + turn) % 2 else None):
                np.testing.assert_allclose(np.asarray(model(tokens)), expected, atol=2e-6)
            np.testing.assert_allclose(np.asarray(model(tokens)), expected, atol=2e-6)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))
    assert own_methods() == before
    assert type(model.layers[0]) is keras.layers.Embedding


def test_what_is_no_model_is_refused_in_words():
    with pytest.raises(TypeError, match="Keras model or layer can be accelerated, not str"):
        layers.accelerate("x")


@native
def test_an_embedding_runs_natively_in_float32_alone_and_equals_keras():
    ours, stock = layers.Embedding(9, 4, mask_zero=True), keras.layers.Embedding(9, 4)
    tokens = np.random.default_rng(0).integers(0, 9, (3, 5))
    found = ours(tokens)
    stock.build()
    stock.set_weights(ours.get_weights())
    np.testing.assert_array_equal(found, stock(tokens))
    np.testing.assert_array_equal(ours.compute_mask(tokens), tokens != 0)
    assert kernels.explain(ours).path == "native"
    half = layers.Embedding(9, 4, dtype="mixed_bfloat16")
    assert half(tokens).dtype == "bfloat16"
    assert "float32" in kernels.explain(half).reason
    ours.enable_lora(2)
    assert "LoRA" in kernels.explain(ours).reason
    np.testing.assert_allclose(ours(tokens), stock(tokens), atol=1e-6)


@native
def test_an_embedding_reads_sparse_codes_as_keras_does():
    tokens = np.array([[0, 3, 0], [5, 0, 0]], "int32")
    sparse = BCOO.fromdense(tokens)
    layer, stock = layers.Embedding(9, 4), keras.layers.Embedding(9, 4)
    stock.build()
    layer.build()
    layer.set_weights(stock.get_weights())
    found, expected = layer(sparse), stock(sparse)
    assert type(found) is type(expected)
    np.testing.assert_array_equal(layer(tokens), stock(tokens))


@native
def test_accelerating_everything_reaches_embeddings():
    with layers.accelerate():
        assert kernels.explain(keras.layers.Embedding(9, 4)).path == "native"
    assert kernels.explain(keras.layers.Embedding(9, 4)).path == "keras"


def test_a_cell_of_ones_own_runs_in_the_rnn_layer():
    class Sum(keras.layers.Layer):
        state_size = 2

        def call(self, inputs, states):
            total = states[0] + inputs
            return total, [total]

    found = layers.RNN(Sum())(np.ones((1, 5, 2), "float32"))
    np.testing.assert_array_equal(np.asarray(found), [[5, 5]])


def reading(source):
    """Build a model of every layer of ours, one of them inside another."""
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            source.Embedding(9, 4),
            source.LSTM(3, return_sequences=True),
            keras.layers.Bidirectional(source.GRU(2, return_sequences=True)),
            source.SimpleRNN(2),
        ]
    )


def through_a_file(model, folder):
    model.save(folder / "model.keras")
    return keras.models.load_model(folder / "model.keras")


COPIES = {
    "load_model": through_a_file,
    "pickle": lambda model, _: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, _: copy.deepcopy(model),
    "clone_model": lambda model, _: keras.models.clone_model(model),
    "from_config": lambda model, _: type(model).from_config(model.get_config()),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_gives_the_same_answers_says_its_path_and_can_be_accelerated(way, tmp_path):
    codes = np.random.default_rng(0).integers(0, 9, (3, 6))
    model = reading(layers)
    copied = COPIES[way](model, tmp_path)
    if way in ("clone_model", "from_config"):  # of these, weights are no part
        copied.set_weights(model.get_weights())
    np.testing.assert_allclose(copied(codes), model(codes), atol=1e-6)
    kinds = (*layers.FAST, *layers.FAST.values())
    found = [layer for layer in copied._flatten_layers() if type(layer) in kinds]
    for layer in found:
        fast = type(layer) in layers.FAST.values()
        assert fast or "see recurra.accelerate" in kernels.explain(layer).reason
    layers.accelerate(copied)
    assert [type(layer) in layers.FAST.values() for layer in found] == [True] * 5
    np.testing.assert_array_equal(copied(codes), model(codes))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "Embedding"])
def test_a_layer_made_from_its_config_stays_fast(name):
    kind = getattr(layers, name)
    assert type(kind.from_config(kind(*[4] * (1 + (name == "Embedding"))).get_config())) is kind


@pytest.mark.parametrize("mode", ["int8", "int4"])
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
def test_quantizing_a_model_does_what_it_does_in_keras(mode):
    codes = np.random.default_rng(0).integers(0, 9, (3, 6))
    found = []
    for source in (layers, keras.layers):
        model = reading(source)
        model.quantize(mode)
        assert model.layers[0].quantization_mode == mode
        found.append(model(codes))
    np.testing.assert_allclose(*found, atol=1e-6)


def test_what_is_made_of_an_embedding_is_not_quantized_as_if_it_were_one():
    class Other(layers.Embedding):
        pass

    layer = Other(9, 4)
    layer.build((None,))
    with pytest.raises(NotImplementedError):
        layer.quantize("int8")


@pytest.mark.parametrize(
    ("mode", "names", "native"),
    [
        ("layers", ["simple_rnn", "lstm", "adam"], {"recurrent: native": 30, "adam: native": 10}),
        ("accelerate", ["gru", "embedding"], {"recurrent: native": 20, "embedding: native": 10}),
    ],
    ids=["layers", "accelerate"],
)
def test_keras_own_tests_pass_on_these_layers(mode, names, native):
    script = Path(__file__).with_name("keras_own_tests.py")
    done = subprocess.run([sys.executable, script, mode, *names], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    counts = json.loads(done.stdout.splitlines()[-1])
    if cpu.level():
        assert counts["native forward"] > 20
        assert {name for name, least in native.items() if counts[name] < least} == set()
