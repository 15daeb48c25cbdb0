"""Recurra's Adam beside Keras' own: the same steps, the same names."""

import numpy as np
import pytest

from recurra.backend import keras
from recurra.kernels import cpu
from recurra.optimizers import Adam

jax = pytest.importorskip("jax")
KINDS = (Adam, keras.optimizers.Adam)
native = pytest.mark.skipif(cpu.missing() is not None, reason=str(cpu.missing()))


def after_five_steps(kind, shape, dtype="float32", **options):
    """Give a variable and what the optimizer keeps after five steps from the same start."""
    rng = np.random.default_rng(0)
    variable = keras.Variable(rng.normal(size=shape), dtype=dtype)
    optimizer = kind(learning_rate=0.01, **options)
    for _ in range(5):
        optimizer.apply([keras.ops.cast(rng.normal(size=shape) * 0.1, dtype)], [variable])
    return [np.asarray(v.value, np.float64) for v in (variable, *optimizer.variables)]


@pytest.mark.parametrize("shape", [(), (1,), (7, 3), (0, 5), (401, 170)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3},
        {"amsgrad": True},
        {"weight_decay": 0.1, "clipnorm": 0.5},
        {"global_clipnorm": 0.5},
        {"gradient_accumulation_steps": 2},
    ],
    ids=str,
)
def test_steps_are_those_of_keras(shape, options):
    ours, stock = (
        after_five_steps(kind, shape, **options) for kind in (Adam, keras.optimizers.Adam)
    )
    for found, expected in zip(ours, stock, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-8)


def test_other_types_are_left_to_keras():
    ours, stock = (after_five_steps(kind, (4, 3), "bfloat16") for kind in KINDS)
    for found, expected in zip(ours, stock, strict=True):
        np.testing.assert_array_equal(found, expected)


@native
@pytest.mark.parametrize(
    ("options", "count"), [({}, 1), ({"amsgrad": True}, 0)], ids=["adam", "amsgrad"]
)
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX compiles the step")
def test_a_compiled_step_takes_the_native_path_unless_it_cannot(options, count):
    variable = keras.Variable(np.ones(3, "float32"))
    optimizer = Adam(**options)
    optimizer.build([variable])
    state = [v.value for v in optimizer.variables]

    def step(trainable, state, gradients):
        return optimizer.stateless_apply(state, gradients, trainable)

    gradients = [np.ones(3, "float32")]
    text = jax.jit(step).lower([variable.value], state, gradients).as_text()
    assert text.count("@recurra_adam(") == count


def test_hand_computed_first_step():
    variable = keras.Variable(np.array([1.0, 2.0], "float32"))
    optimizer = Adam(learning_rate=0.5, beta_1=0.8, beta_2=0.96, epsilon=0.0)
    optimizer.apply([np.array([3.0, -0.5], "float32")], [variable])
    # m = 0.2 g, v = 0.04 g², α = 0.5 √0.04 / 0.2 = 0.5: the step is α m / √v = 0.5 sign(g)
    np.testing.assert_allclose(variable, [0.5, 2.5], rtol=1e-6)
    _, _, m, v = (np.asarray(each.value) for each in optimizer.variables)
    np.testing.assert_allclose(m, [0.6, -0.1], rtol=1e-6)
    np.testing.assert_allclose(v, [0.36, 0.01], rtol=1e-6)


def test_files_name_the_optimizer_of_keras(tmp_path):
    stored = keras.optimizers.serialize(Adam(0.01))
    assert (stored["module"], stored["class_name"]) == ("keras.optimizers", "Adam")
    assert type(keras.optimizers.deserialize(stored)) is keras.optimizers.Adam


@native
def test_arrays_of_different_sizes_are_refused():
    ones, two = np.ones(3, "float32"), np.ones(2, "float32")
    shares = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
    with pytest.raises(Exception, match="gradient must be float32"):
        jax.block_until_ready(cpu.adam(ones, ones, ones, two, 0.1, 1.0, **shares))


@native
@pytest.mark.skipif(keras.backend.backend() != "jax", reason="JAX differentiates")
def test_what_follows_from_a_step_is_differentiated_as_with_keras():
    # as where a network learns how another is to learn
    found = []
    for kind in KINDS:
        variable = keras.Variable(np.ones(3, "float32"))
        optimizer = kind(0.1)
        optimizer.build([variable])
        state = [v.value for v in optimizer.variables]

        def after(slope, optimizer=optimizer, variable=variable, state=state):
            values = [variable.value]
            for _ in range(2):
                values, state = optimizer.stateless_apply(state, [slope * values[0]], values)
            return (values[0] ** 2).sum()

        at = jax.numpy.asarray([0.5, -1.0, 2.0])
        found.append((jax.grad(after)(at), jax.jvp(after, (at,), (at,))[1]))
    for ours, stock in zip(*found, strict=True):
        np.testing.assert_allclose(ours, stock, atol=1e-5)
