"""The native and the portable path against the float64 reference, values and gradients."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.cells import GRU, LSTM, SimpleRNN, Weights
from recurra.kernels import cpu, reference, xla

native = pytest.mark.skipif(cpu.level() is None, reason="the native kernels were not built")
PATHS = [pytest.param(cpu, marks=native), xla]
CELLS = [SimpleRNN(), LSTM(), GRU(), GRU(reset_after=False)]
FORWARD, BACKWARD = 1e-5, 1e-4  # relative to the largest entry of an array
ONCE = {"xla_backend_optimization_level": 0}  # what runs once is not worth optimising


@dataclass
class Problem:
    """A cell with inputs, and what the loss says of each output."""

    cell: object
    x: np.ndarray
    state: tuple
    weights: Weights
    mask: np.ndarray | None
    go_backwards: bool
    d_outputs: np.ndarray
    d_state: tuple

    def solve(self, run, dtype="float32", **options):
        """Give outputs and last state, and the gradients of x, state and weights."""

        def loss(x, state, weights):
            outputs, last = run(
                self.cell,
                x,
                state,
                weights,
                mask=self.mask,
                go_backwards=self.go_backwards,
                **options,
            )
            value = sum((a * b).sum() for a, b in zip(last, self.d_state, strict=True))
            if outputs is not None:
                value = value + (outputs * self.d_outputs).sum()
            return value, (outputs, last)

        arrays = (self.x, self.state, self.weights)
        arrays = jax.tree.map(lambda a: jnp.asarray(a, dtype), arrays)
        both = jax.jit(
            jax.value_and_grad(loss, argnums=(0, 1, 2), has_aux=True),
            compiler_options=ONCE if dtype == "float64" else None,
        )
        (_, values), gradients = both(*arrays)
        return jax.tree.map(np.asarray, (values, gradients))


def problem(
    cell, batch, timesteps, features, units, masking="none", go_backwards=False, bias=True, seed=0
):
    rng = np.random.default_rng(seed)

    def normal(*shape):
        return rng.normal(0, 0.5, shape)

    columns = cell.gates * units
    masks = {
        "none": None,
        "any": rng.random((batch, timesteps)) < 0.5,
        "lengths": np.arange(timesteps) < rng.integers(0, timesteps + 1, (batch, 1)),
        "nothing": np.zeros((batch, timesteps), bool),
    }
    return Problem(
        cell,
        normal(batch, timesteps, features),
        tuple(normal(batch, units) for _ in range(cell.states)),
        Weights(
            normal(features, columns) / max(features, 1) ** 0.5,
            2 * normal(units, columns) / units**0.5,
            None if not bias else normal(2, columns) if cell == GRU() else normal(columns),
        ),
        masks[masking],
        go_backwards,
        normal(batch, timesteps, units),
        tuple(normal(batch, units) for _ in range(cell.states)),
    )


def farthest(ours, exact):
    """Give the largest difference of two trees of arrays, relative to each array's largest entry.

    An array of a few numbers may be the difference of larger ones, so none counts as below 0.01.
    """
    worst = 0.0
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(exact), strict=True):
        assert a.shape == b.shape
        if b.size:
            worst = max(worst, np.abs(a - b).max() / max(np.abs(b).max(), 0.01))
    return worst


def assert_close(given, path, **options):
    with jax.enable_x64(True):
        values, gradients = given.solve(reference.run, "float64")
    ours, our_gradients = given.solve(path.run, **options)
    if options.get("return_sequences") is False:
        ours, values = ours[1], values[1]
    assert farthest(ours, values) < FORWARD
    assert farthest(our_gradients, gradients) < BACKWARD


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
@settings(max_examples=8, deadline=None)
@given(
    batch=st.integers(0, 9),
    timesteps=st.integers(0, 6),
    features=st.sampled_from([1, 3, 32, 40]),
    units=st.sampled_from([1, 2, 7, 8, 15, 16, 31, 33, 64]),
    masking=st.sampled_from(["none", "any", "lengths", "nothing"]),
    go_backwards=st.booleans(),
    bias=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_values_and_gradients_are_the_reference_s(path, cell, **drawn):
    assert_close(problem(cell, **drawn), path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize(
    ("batch", "timesteps", "features", "units"),
    [
        (1, 1, 1, 1),
        (130, 3, 5, 20),
        (64, 7, 32, 128),
        (3, 2, 300, 200),
        (1, 3, 4, 1000),
        (1, 4, 300, 257),
    ],
)
def test_values_and_gradients_hold_where_blocks_and_panels_end(
    path, cell, batch, timesteps, features, units
):
    assert_close(problem(cell, batch, timesteps, features, units, "any"), path)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_last_state_alone_has_the_same_gradients(path, cell):
    alone = problem(cell, 5, 6, 3, 9, "lengths")
    alone.d_outputs[:] = 0
    assert_close(alone, path, return_sequences=False)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_reference_s_gradients_are_those_of_finite_differences(cell):
    given = problem(cell, 2, 3, 2, 3, "any", go_backwards=True)

    def loss(x, state, weights):
        outputs, last = reference.run(
            cell, x, state, weights, mask=given.mask, go_backwards=given.go_backwards
        )
        return (outputs * given.d_outputs).sum() + sum(
            (a * b).sum() for a, b in zip(last, given.d_state, strict=True)
        )

    with jax.enable_x64(True):
        _, gradients = given.solve(reference.run, "float64")
    arrays = (given.x, given.state, given.weights)
    for array, gradient in zip(jax.tree.leaves(arrays), jax.tree.leaves(gradients), strict=True):
        for place in np.ndindex(array.shape):
            middle = array[place]
            array[place] = middle + 1e-6
            above = loss(*arrays)
            array[place] = middle - 1e-6
            below = loss(*arrays)
            array[place] = middle
            assert gradient[place] == pytest.approx((above - below) / 2e-6, abs=1e-8)


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("sizes", [(5, 4, 3, 9), (4, 3, 40, 70)])
def test_dropout_by_gate_is_a_product_with_each_gate_s_inputs(cell, sizes):
    batch, _, features, units = sizes
    given = problem(cell, *sizes, "lengths")
    keep = 1.25 * (np.random.default_rng(1).random((batch, cell.gates, units + features)) < 0.8)

    def dropping(cell, x, state, weights, **options):
        # As if each row had weights of its own: dropped inputs are dropped rows of the kernels.
        outputs = []
        for row in range(batch):
            by_gate = jnp.asarray(keep[row], x.dtype).T
            kept = jnp.repeat(by_gate, units, axis=1)
            own = Weights(
                weights.kernel * kept[units:], weights.recurrent_kernel * kept[:units], weights.bias
            )
            alone = {**options, "mask": options["mask"][row : row + 1]}
            start = tuple(s[row : row + 1] for s in state)
            outputs.append(reference.run(cell, x[row : row + 1], start, own, **alone))
        return jax.tree.map(lambda *rows: jnp.concatenate(rows), *outputs)

    with jax.enable_x64(True):
        exact = given.solve(dropping, "float64")
    ours = given.solve(cpu.run, keep=keep.astype("float32"))
    assert farthest(ours[0], exact[0]) < FORWARD
    assert farthest(ours[1], exact[1]) < BACKWARD


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_masked_steps_are_never_read(cell):
    given = problem(cell, 6, 8, 3, 5, "any")
    given.x[~given.mask] = np.nan
    values, (dx, *others) = given.solve(cpu.run)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((values, dx, others)))
    assert (dx[~given.mask] == 0).all()


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_not_a_number_stays_one_and_stays_in_its_row(cell):
    given = problem(cell, 3, 4, 2, 5)
    given.x[1, 2, 0] = np.nan
    (outputs, _), _ = given.solve(cpu.run)
    assert np.isnan(outputs[1, 2:]).all()
    assert np.isfinite(outputs[[0, 2]]).all()


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_row_s_values_do_not_depend_on_the_rows_beside_it(cell):
    many = problem(cell, 50, 6, 3, 17, "lengths")
    (outputs, last), _ = many.solve(cpu.run)
    order = np.random.default_rng(1).permutation(50)
    many.x, many.mask, many.d_outputs = many.x[order], many.mask[order], many.d_outputs[order]
    many.state = tuple(s[order] for s in many.state)
    many.d_state = tuple(s[order] for s in many.d_state)
    (shuffled, shuffled_last), _ = many.solve(cpu.run)
    np.testing.assert_array_equal(shuffled, outputs[order])
    np.testing.assert_array_equal(shuffled_last[0], last[0][order])


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_extreme_inputs_saturate_and_denormals_are_left_as_they_were(cell):
    given = problem(cell, 2, 3, 2, 9)
    given.x *= 1e6
    (outputs, _), gradients = given.solve(cpu.run)
    assert np.isfinite(outputs).all()
    assert (np.abs(outputs) <= 1.0001 + 2.5 * isinstance(cell, GRU)).all()
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradients))
    assert np.float32(1e-40) * np.float32(1) != 0


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
@pytest.mark.parametrize("sizes", [(5, 4, 3, 9), (1, 4, 20, 300)])
def test_a_second_way_back_finds_what_the_first_used_up(cell, sizes):
    given = problem(cell, *sizes, "lengths", go_backwards=True)
    arrays = jax.tree.map(
        lambda a: jnp.asarray(a, "float32"), (given.x, given.state, given.weights)
    )

    def read(*arrays):
        return cpu.run(cell, *arrays, mask=given.mask, go_backwards=True)

    results, back = jax.vjp(read, *arrays)
    before = cpu.calls()["native recomputed"]
    first = back(results)
    assert cpu.calls()["native recomputed"] == before
    second = back(results)
    assert cpu.calls()["native recomputed"] == before + 1
    for a, b in zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True):
        np.testing.assert_array_equal(a, b)


@native
def test_tapes_arrive_in_any_order():
    given = problem(LSTM(), 2, 3, 2, 5)
    x = jnp.asarray(given.x, "float32")
    start = jax.tree.map(lambda a: jnp.asarray(a, "float32"), (given.state, given.weights))
    ways = [jax.vjp(lambda x: cpu.run(LSTM(), x, *start)[0], x) for _ in range(3)]
    backs = [back(outputs)[0] for outputs, back in reversed(ways)]
    for found in backs[1:]:
        np.testing.assert_array_equal(found, backs[0])


@native
def test_eight_threads_at_once_get_what_one_gets():
    problems = [problem(CELLS[i % 4], 8 + i, 12, 4, 24, "lengths", seed=i) for i in range(24)]
    expected = [p.solve(cpu.run) for p in problems]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda p: p.solve(cpu.run), problems))
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b)


@native
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_native_kernels_ran_and_say_so(cell):
    before = cpu.calls()
    problem(cell, 3, 4, 2, 5).solve(cpu.run)
    after = cpu.calls()
    assert after["native forward"] == before["native forward"] + 1
    assert after["native backward"] == before["native backward"] + 1


def taken(table, codes):
    return jnp.take(table, codes, axis=0)


@native
@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 40),
    features=st.sampled_from([1, 3, 16, 300]),
    shape=st.sampled_from([(), (0,), (5,), (2, 3), (400, 2, 1)]),
    seed=st.integers(0, 99),
)
def test_rows_of_a_table_and_its_gradient_are_those_of_jax(rows, features, shape, seed):
    rng = np.random.default_rng(seed)
    table = jnp.asarray(rng.normal(size=(rows, features)), "float32")
    codes = jnp.asarray(rng.integers(-rows - 2, rows + 2, shape), "int32")  # some outside
    d_out = jnp.asarray(rng.normal(size=(*shape, features)), "float32")
    (found, back), (expected, exact) = (jax.vjp(f, table, codes) for f in (cpu.embed, taken))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(back(d_out)[0], exact(d_out)[0], atol=2e-6)


def held(cell, timesteps=20_000):
    """Give a state before and after many steps whose gates let nothing in and nothing out."""
    units, open_and_shut = (
        37,
        {"lstm": (-20, 20, 0, 0), "gru": (20, 0, 0), "gru_reset_first": (20, 0, 0)},
    )
    columns = cell.gates * units
    bias = np.repeat(np.float32(open_and_shut[cell.name]), units)
    rows = np.stack([bias, np.zeros_like(bias)]) if cell.biases == 2 else bias
    random = np.random.default_rng(0)
    state = tuple(random.normal(0, 0.3, (3, units)).astype("float32") for _ in range(cell.states))
    weights = Weights(
        np.zeros((2, columns), "float32"), np.zeros((units, columns), "float32"), rows
    )
    _, last = cpu.run(cell, np.ones((3, timesteps, 2), "float32"), state, weights)
    return state[-1], np.asarray(last[-1])


@native
@pytest.mark.parametrize("cell", CELLS[1:], ids=str)
def test_a_gate_that_is_shut_is_shut_and_a_held_memory_does_not_fade(cell):
    np.testing.assert_array_equal(*held(cell))


@native
def test_a_library_of_other_sources_is_not_called(monkeypatch):
    monkeypatch.setattr(cpu, "INTERFACE", cpu.INTERFACE + 1)
    assert "install Recurra again" in cpu._library.__wrapped__()


@native
@pytest.mark.parametrize("level", ["x86_64_v2", "x86_64_v3", "x86_64_v4"])
def test_every_level_this_processor_has_agrees_with_the_reference(level):
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_kernels import *\n"
        f"if cpu.level() != {level!r}: sys.exit(3)\n"
        "for cell in CELLS:\n"
        "    assert_close(problem(cell, 7, 5, 3, 33, 'any'), cpu)\n"
        "for cell in CELLS[1:]:\n"
        "    np.testing.assert_array_equal(*held(cell))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "RECURRA_LEVEL": level},
        capture_output=True,
        text=True,
    )
    if done.returncode == 3:
        pytest.skip(f"this processor has no {level}")
    assert done.returncode == 0, done.stderr


@native
def test_threads_that_do_not_look_out_for_work_find_the_same():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from test_kernels import *\n"
        "for seed in range(3):\n"
        "    found = problem(LSTM(), 40, 9, 8, 64, 'any', seed=seed).solve(cpu.run)\n"
        "    print(*[leaf.tobytes().hex() for leaf in jax.tree.leaves(found)])\n"
    )

    def printed(**env):
        run = [sys.executable, "-c", code]
        return subprocess.run(
            run, env={**os.environ, **env}, capture_output=True, check=True
        ).stdout

    assert len(printed()) > 1000
    assert printed(RECURRA_SPIN="0") == printed()


@native
def test_every_wrong_shape_and_type_is_refused_in_words_and_nothing_crashes():
    script = Path(__file__).with_name("shapes_at_random.py")
    done = subprocess.run([sys.executable, script, "300"], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr)
    ran, refused = map(int, re.findall(r"\d+", done.stdout))
    assert min(ran, refused) > 50


@native
@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"x": np.ones((3, 4, 7), "float32")}, TypeError, r"x must be float32 \(3, 4, 2\)"),
        ({"x": np.ones((3, 4, 2), "int32")}, TypeError, "x must be float32.*but it is int32"),
        ({"h": np.ones((1, 5), "float32")}, TypeError, r"state 0 must be .*\(3, 5\).*is.*\(1, 5\)"),
        ({"c": np.ones((1, 5), "float32")}, TypeError, r"state 1 must be .*\(3, 5\)"),
        ({"bias": np.ones(3, "float32")}, TypeError, r"bias must be float32 \(20,\)"),
        ({"mask": np.ones((3, 5), bool)}, ValueError, r"mask must be \(3, 4\)"),
        ({"keep": np.ones((3, 4), "float32")}, TypeError, r"dropout must be .*\(3, 4, 7\)"),
    ],
    ids=lambda value: str(next(iter(value))) if isinstance(value, dict) else "",
)
def test_what_does_not_fit_is_refused_before_anything_is_called(wrong, error, words):
    given = problem(LSTM(), 3, 4, 2, 5)
    right = jax.tree.map(lambda a: a.astype("float32"), (given.x, given.state, given.weights))
    x, (h, c), weights = right
    state = (wrong.get("h", h), wrong.get("c", c))
    weights = weights._replace(bias=wrong.get("bias", weights.bias))
    before = cpu.calls()
    with pytest.raises(error, match=words):
        cpu.run(
            LSTM(),
            wrong.get("x", x),
            state,
            weights,
            mask=wrong.get("mask"),
            keep=wrong.get("keep"),
        )
    assert cpu.calls() == before


def test_importing_recurra_loads_neither_keras_nor_jax():
    code = "import sys, recurra; print([m for m in ('keras', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
