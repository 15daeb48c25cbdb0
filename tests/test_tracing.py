"""States, gates and slopes of saved networks, beside the cells and the gradients of JAX."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_runtime import EVERY, KINDS, given_to, network_of

from recurra.cells import CELLS, Weights
from recurra.operations.network import Network
from recurra.operations.tracing import step_through, trace
from recurra.sequences import Ragged

FUNCTIONS = {
    "linear": lambda x: x,
    "relu": lambda x: jnp.maximum(x, 0),
    "sigmoid": jax.nn.sigmoid,
    "softmax": jax.nn.softmax,
    "tanh": jnp.tanh,
}
UNLIKE = [  # one of each way of working
    ("texts", "lstm"),
    ("texts", "conv1d"),
    ("texts", "ngram-bi-gru"),
    ("quantities", "gru-fcn"),
    ("states", "bi-lstm"),
]


class InJax:
    """The operations once more, in JAX and 64 bits; `added` is added to h after each step."""

    def __init__(self, network: Network, values: dict[str, Any]) -> None:
        self.network, self.values = network, values

    def answer(self, vectors: Any, added: dict[str, Any], column: int, step: int) -> Any:
        first = self.network.plan.operations[0]
        there = self.values[first.name].there
        found: dict[str, Any] = {first.name: (vectors, None if there is None else there[0])}
        for operation, arrays in zip(
            self.network.plan.operations[1:], self.network.arrays[1:], strict=True
        ):
            if operation.operation == "start":
                found[operation.name] = (jnp.array(self.values[operation.name][0], float), None)
                continue
            given = [found[name] for name in operation.of]
            weights = {name: jnp.array(array, float) for name, array in arrays.items()}
            work = getattr(self, operation.operation)
            extra = added.get(operation.name)
            found[operation.name] = work(operation, weights, given, extra)
        values = found[self.network.plan.operations[-1].name][0]
        values = values[step] if values.ndim == 2 else values
        last = getattr(self.network.plan.operations[-1], "activation", None)
        if last in ("sigmoid", "softmax"):
            return jnp.log(values[column] / (1 - values[column]))
        return values[column]

    def recurrent(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        cell, state = CELLS[operation.cell], self.network.start_of(operation)
        state = tuple(jnp.array(part, float) for part in state)
        outputs = [None] * len(x)
        for t in range(len(x))[:: -1 if operation.backwards else 1]:
            stepped = cell.step(x[t][None], state, Weights(**weights))
            state = stepped if there is None or there[t] else state
            state = (state[0] + added[t], *state[1:])
            outputs[t] = state[0][0]
        if operation.every_step:
            return jnp.stack(outputs), there  # type: ignore[arg-type]
        return state[0][0], None

    def concatenate(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        return jnp.concatenate([values for values, _ in given], axis=-1), given[0][1]

    def convolution(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        if operation.masked and there is not None:
            x = x * there[:, None]
        more = operation.size - 1
        front = {"causal": more, "same": more // 2, "valid": 0}[operation.padding]
        back = 0 if operation.padding == "valid" else more - front
        padded = jnp.pad(x, ((front, back), (0, 0)))
        steps = len(padded) - more
        found = sum(
            padded[place : place + steps] @ kernel for place, kernel in enumerate(weights["kernel"])
        )
        found = FUNCTIONS[operation.activation](found + weights.get("bias", 0))
        return found, None if operation.padding == "valid" else there

    def batch_normalization(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        scale = jnp.sqrt(weights["variance"] + operation.epsilon)
        return (x - weights["mean"]) / scale * weights["gamma"] + weights["beta"], there

    def activation(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        return FUNCTIONS[operation.activation](x), there

    def pooling(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        kept = jnp.ones(len(x), bool) if there is None else jnp.array(there)
        most = jnp.where(kept[:, None], x, -1e9).max(axis=0)
        mean = (x * kept[:, None]).sum(axis=0) / kept.sum()
        found = {
            "maximum": x.max(axis=0),
            "maximum_and_mean": jnp.concatenate([most, mean]),
            "mean": mean,
            "last": x[int(np.flatnonzero(kept)[-1])],
        }
        return found[operation.kind], None

    def dense(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        ((x, there),) = given
        return FUNCTIONS[operation.activation](x @ weights["kernel"] + weights["bias"]), there

    def add(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        return sum(values for values, _ in given), None

    def columns(self, operation: Any, weights: Any, given: Any, added: Any) -> Any:
        return given[0][0][operation.first : operation.last], None


def one_row(kind: str, name: str) -> tuple[Network, tuple[Ragged, ...]]:
    _, network = network_of(kind, name)
    rng = np.random.default_rng(11)
    rows = KINDS[kind][2](name, rng, 6)
    longest = int(rows.lengths.argmax())
    return network, given_to(network, rows.take(np.array([longest])), rng)


@pytest.mark.parametrize(("kind", "name"), [way for way in UNLIKE if way in EVERY])
def test_slopes_of_every_kind_of_network_are_those_of_jax(kind: str, name: str) -> None:
    network, given = one_row(kind, name)
    steps, column, step = int(given[0].lengths[0]), 0, int(given[0].lengths[0]) // 2
    found = trace(network, *given, column=column, step=step)
    values = network.values(*given)
    read = values[network.plan.operations[0].name].values[0]
    with jax.enable_x64(True):
        added = {
            each.name: jnp.zeros((len(read), each.units))
            for each in network.plan.operations
            if each.operation == "recurrent"
        }
        again = InJax(network, values)
        by = jax.grad(again.answer, argnums=(0, 1))
        wanted, with_h = by(jnp.array(read, float), added, column, step)
    np.testing.assert_allclose(found.slopes, wanted[:steps], rtol=1e-3, atol=1e-5)
    assert found.moves == pytest.approx(np.linalg.norm(found.slopes, axis=1))
    assert np.abs(found.slopes).max() > 1e-4
    assert [layer.name for layer in found.layers] == list(added)
    for layer in found.layers:
        np.testing.assert_allclose(layer.slopes, with_h[layer.name][:steps], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("kind", "name"), [("texts", "bi-gru"), ("texts", "lstm")])
def test_the_states_of_a_trace_are_those_that_the_network_answers_with(
    kind: str, name: str
) -> None:
    network, given = one_row(kind, name)
    steps = int(given[0].lengths[0])
    found, values = trace(network, *given), network.values(*given)
    assert found.answer == pytest.approx(float(np.ravel(network(*given))[0]), abs=1e-6)
    for layer in found.layers:
        made = values[layer.name]
        h = layer.values["h"]
        assert "".join(layer.values)[:-1].startswith(CELLS[layer.cell].letters)
        if hasattr(made, "values"):
            np.testing.assert_allclose(h, made.values[0, :steps], atol=1e-5)
        else:
            np.testing.assert_allclose(h[0 if layer.backwards else -1], made[0], atol=1e-5)


@pytest.mark.parametrize("name", list(CELLS))
def test_steps_of_a_cell_one_by_one_have_the_gates_and_states_of_the_textbook(name: str) -> None:
    cell, draw = CELLS[name], np.random.default_rng(2)
    columns = cell.gates * 3
    bias = draw.normal(size=(2, columns) if cell.biases == 2 else columns)
    weights = Weights(draw.normal(size=(2, columns)), draw.normal(size=(3, columns)), bias)
    inputs = draw.normal(size=(5, 2))
    state: Any = tuple(draw.normal(size=(1, 3)) for _ in range(cell.states))
    found = step_through(cell, weights, inputs, state)
    assert list(found) == [*cell.letters, *"hc"[: cell.states]]
    for t, x in enumerate(inputs[:, None]):
        gates, state = cell.gates_of(x, state, weights), cell.step(x, state, weights)
        for letter, value in {**gates, **dict(zip("hc", state, strict=False))}.items():
            np.testing.assert_array_equal(found[letter][t], value[0])


def test_a_trace_is_of_one_row_that_has_steps() -> None:
    _, network = network_of("texts", "lstm")
    rows = KINDS["texts"][2]("lstm", np.random.default_rng(0), 3)
    with pytest.raises(ValueError, match="a trace is of one row"):
        trace(network, rows)
