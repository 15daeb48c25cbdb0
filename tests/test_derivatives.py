"""Derivatives other than the first gradient: those of Keras' stock layers, whichever way round."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from recurra import kernels, layers
from recurra.backend import keras
from recurra.kernels import cpu

KINDS = {
    "SimpleRNN": {"go_backwards": True},
    "LSTM": {"return_sequences": True, "return_state": True},
    "GRU": {"use_bias": False},
    "GRU as first published": {"reset_after": False},
    "LSTM that drops": {"dropout": 0.3, "recurrent_dropout": 0.4, "return_sequences": True},
    "LSTM on the portable path": {},
}
ONCE = {"xla_backend_optimization_level": 0}  # what runs once is not worth optimising
native = pytest.mark.skipif(cpu.level() is None, reason="the native kernels were not built")


def hessian_times(f, p, v):
    return jax.jvp(jax.grad(f), (p,), (v,))[1]


DERIVATIVES = {
    "forward": lambda f, p, v: jax.jvp(f, (p,), (v,)),
    "forward, all directions": lambda f, p, v: jax.jacfwd(f)(p),
    "forward over reverse": hessian_times,
    "reverse over forward": lambda f, p, v: jax.grad(lambda p: jax.jvp(f, (p,), (p * v,))[1])(p),
    "reverse over reverse": lambda f, p, v: jax.grad(lambda p: jax.grad(f)(p) @ v)(p),
    "third": lambda f, p, v: jax.grad(jax.grad(jax.grad(lambda s: f(p + s * v))))(0.1),
    "gradient of many": lambda f, p, v: jax.grad(
        lambda p: jax.vmap(lambda s: f(p + s * v))(jnp.arange(3.0)).sum()
    )(p),
    "many hessians": lambda f, p, v: jax.vmap(lambda s: hessian_times(f, p + s * v, v))(
        jnp.arange(3.0)
    ),
    "through a checkpoint": lambda f, p, v: jax.grad(lambda p: jax.grad(jax.checkpoint(f))(p) @ v)(
        p
    ),
}


def loss_of(source, kind):
    """Give a loss of a layer as a function of one vector, of its weights and inputs, and these."""
    layer = getattr(source, kind.split()[0])(3, seed=1, **KINDS[kind])
    layer.build((2, 4, 2))
    rng = np.random.default_rng(0)
    trained = [jnp.asarray(rng.normal(0, 0.5, v.shape), "float32") for v in layer.trainable_weights]
    fixed = [v.value for v in layer.non_trainable_variables]
    x = jnp.asarray(rng.normal(size=(2, 4, 2)), "float32")
    mask = np.array([[True, True, False, True], [False, True, True, False]])
    vector, tree = ravel_pytree((trained, x))

    def loss(vector):
        trained, x = tree(vector)
        y, _ = layer.stateless_call(trained, fixed, x, mask=mask, training=True)
        return sum((leaf**2).sum() for leaf in jax.tree.leaves(y))

    return loss, vector


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("derivative", DERIVATIVES)
def test_every_derivative_is_that_of_keras_own_layer(kind, derivative, monkeypatch):
    if "portable" in kind:
        monkeypatch.setattr(cpu, "missing", lambda: "so that the portable path is taken")
    found = []
    for source in (layers, keras.layers):
        loss, p = loss_of(source, kind)
        v = jnp.asarray(np.random.default_rng(1).normal(size=p.shape), "float32")
        ask = jax.jit(lambda p, v, loss=loss: DERIVATIVES[derivative](loss, p, v))
        found.append(ask.lower(p, v).compile(ONCE)(p, v))
    for ours, stock in zip(*map(jax.tree.leaves, found), strict=True):
        np.testing.assert_allclose(ours, stock, atol=1e-5 * max(1, np.abs(stock).max()))


@native
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_a_gradient_stays_native_where_others_are_asked_for_beside_it(kind):
    loss, p = loss_of(layers, kind)
    text = jax.jit(jax.grad(loss)).lower(p).as_text()
    assert (text.count("@recurra_forward("), text.count("@recurra_backward(")) == (1, 1)
    assert "while" not in text  # nothing is calculated a second time, step by step
    text = jax.jit(lambda p, v: jax.jvp(loss, (p,), (v,))).lower(p, p).as_text()
    assert "@recurra_backward(" not in text
    assert "while" in text


@native
def test_derivatives_that_jax_calculates_are_counted():
    loss, p = loss_of(layers, "GRU as first published")
    before = kernels.counts()["differentiated"]
    jax.grad(loss)(p)
    assert kernels.counts()["differentiated"] == before
    jax.jvp(loss, (p,), (p,))
    assert kernels.counts()["differentiated"] == before + 1


@native
@pytest.mark.parametrize("codes", [[[0, 3], [3, -1]], [9]], ids=["inside", "outside"])
def test_an_embedding_has_the_derivatives_of_a_table(codes):
    codes = jnp.asarray(codes, "int32")
    table = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)), "float32")

    def found(look_up):
        f = lambda table: jnp.nan_to_num(jnp.sin(look_up(table))).sum()  # noqa: E731
        of_gradient = jax.grad(lambda t: (jax.grad(f)(t) ** 2).sum())
        return jax.jvp(f, (table,), (table,)), of_gradient(table), hessian_times(f, table, table)

    ours = found(lambda table: cpu.embed(table, codes))
    stock = found(lambda table: jnp.take(table, codes, axis=0))
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(stock), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


@native
@pytest.mark.parametrize("checked", [True, False])
def test_rows_on_two_devices_give_the_gradients_of_one(checked):
    code = (
        "import jax, numpy as np\n"
        "from jax.sharding import AxisType, PartitionSpec as P\n"
        "from recurra.cells import LSTM, Weights\n"
        "from recurra.kernels import cpu\n"
        "rng = np.random.default_rng(0)\n"
        "x, *w = (rng.normal(size=s).astype('f') for s in ((4, 5, 3), (3, 16), (4, 16), (16,)))\n"
        "def loss(w, x):\n"
        "    zeros = jax.numpy.zeros((x.shape[0], 4))\n"
        "    return (cpu.run(LSTM(), x, (zeros, zeros), Weights(*w))[0] ** 2).sum()\n"
        "mesh = jax.make_mesh((2,), ('rows',), axis_types=(AxisType.Auto,))\n"
        "both = jax.shard_map(\n"
        "    lambda w, x: jax.lax.psum(loss(w, x), 'rows'),\n"
        f"    mesh=mesh, in_specs=(P(), P('rows')), out_specs=P(), check_vma={checked})\n"
        "for f in (jax.grad, lambda f: lambda w, x: jax.jvp(lambda w: f(w, x), (w,), (w,))[1]):\n"
        "    found, expected = jax.jit(f(both))(w, x), f(loss)(w, x)\n"
        "    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):\n"
        "        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)\n"
    )
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
