"""A saved network as one ONNX file, of standard operators alone.

::

    an operation of `network.json`        →  one function here adds its nodes to the graph
    (rows, timesteps, columns) of steps   →  the input "steps"
    linear models as which rows begin     →  the inputs "terms" and "counts", and its nodes
    the mean of all members               →  the output "outputs"

Which steps are there, the graph finds out itself, as the network does: by the ids, or by the last
column. Steps that are there must stand before those that are not, as an encoder gives them. Sums
are taken in 32 bits, so the answers are those of `recurra predict` up to 1e-5, not to the bit.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra.answers.starts import Start
from recurra.arrays import Array
from recurra.errors import SettingsError
from recurra.exporting.graphs import Graph, axes
from recurra.exporting.starts import COUNTS, TERMS, begun
from recurra.operations import kinds
from recurra.operations.network import Network, Plan

__all__ = ["onnx_of"]

OPSET, FORMAT = 22, 10  # so that ONNX Runtime from 1.22 on, of May 2025, reads it
OPERATORS = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU", "gru_reset_first": "GRU"}
LSTM_ORDER = (0, 3, 1, 2)  # of our i f g o in ONNX's i o f c; the GRU's z r n is its z r h
FLOAT, INT32, BOOL = 1, 6, 9  # the numbers of types in ONNX
FUNCTIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "tanh": "Tanh"}


class Steps(NamedTuple):
    """Values at every step of some rows, by their names in the graph.

    Args:
        values: (rows, timesteps, features).
        there: (rows, timesteps), which steps are there; "" for all.
    """

    values: str
    there: str


Arrays = Mapping[str, Array]


def onnx_of(
    networks: Sequence[Network], metadata: Mapping[str, str], start: Start | None = None
) -> Any:
    """Give networks as one ONNX model, which answers their mean.

    Args:
        networks: of one plan.
        metadata: what the model says of itself, by name.
        start: the linear models as which rows begin, of networks that have a start.

    Raises:
        SettingsError: an operation cannot be said in ONNX.
    """
    graph, plan = Graph(), networks[0].plan
    given = {} if start is None or plan.start is None else {plan.start.name: begun(graph, start)}
    found = [_member(graph, plan, network.arrays, given) for network in networks]
    graph.nodes.append(("Mean", found, ["outputs"], {}))
    return _model(graph, plan, metadata)


def _model(graph: Graph, plan: Plan, metadata: Mapping[str, str]) -> Any:
    """Give a graph that is complete as a model of ONNX."""
    from onnx import checker, helper, numpy_helper

    reads, (numbers, every_step, _) = plan.reads, plan.shape()
    kind = FLOAT if isinstance(reads, kinds.LastColumn | kinds.Days) else INT32
    given: dict[str, tuple[int, list[str | int | None]]] = {
        "steps": (kind, ["rows", "timesteps", reads.columns])
    }
    if plan.start is not None:
        given |= {TERMS: (INT32, ["rows", TERMS]), COUNTS: (FLOAT, ["rows", TERMS])}
    answered: list[str | int | None] = ["rows", *["timesteps"] * every_step, numbers]
    body = helper.make_graph(
        [helper.make_node(name, taken, made, **more) for name, taken, made, more in graph.nodes],
        "network",
        [helper.make_tensor_value_info(name, *each) for name, each in given.items()],
        [helper.make_tensor_value_info("outputs", FLOAT, answered)],
        [numpy_helper.from_array(array, name) for name, array in graph.arrays.items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=FORMAT, producer_name="recurra")
    helper.set_model_props(model, dict(metadata))
    checker.check_model(model)
    return model


def _member(graph: Graph, plan: Plan, arrays: Sequence[Arrays], begun: Mapping[str, str]) -> str:
    """Add the nodes of one network; give the name of what it answers."""
    values: dict[str, Any] = dict(begun)
    for operation, given in zip(plan.operations, arrays, strict=True):
        if operation.name in begun:
            continue
        said = SAID.get(type(operation))
        if said is None:
            raise SettingsError(
                f"a network is exported operation by operation, but ONNX has none for the "
                f"{operation.operation} {operation.name}. Ask it with recurra predict."
            )
        taken = [values[name] for name in operation.of] or ["steps"]
        values[operation.name] = said(graph, operation, given, *taken)
    answer = values[plan.operations[-1].name]
    return answer.values if isinstance(answer, Steps) else str(answer)


# ---- what a step is


def _embedding(graph: Graph, operation: Any, arrays: Arrays, ids: str) -> Steps:
    word = graph("Squeeze", ids, axes(2))
    vectors = graph("Gather", arrays["table"], word)
    return Steps(vectors, _flags(graph, word) if operation.masked else "")


def _subwords(graph: Graph, operation: Any, arrays: Arrays, ids: str) -> Steps:
    share = graph("Cast", _flags(graph, ids), to=FLOAT)
    count = graph("Max", graph("ReduceSum", share, axes(2)), np.float32(1))
    shares = graph("Unsqueeze", graph("Div", share, count), axes(2))
    mean = graph("MatMul", shares, graph("Gather", arrays["table"], ids))
    there = _flags(graph, graph("ReduceMax", ids, axes(2), keepdims=0))
    return Steps(graph("Squeeze", mean, axes(2)), there)


def _numbers(graph: Graph, operation: Any, arrays: Arrays, numbers: str) -> Steps:
    values = graph("Slice", numbers, axes(0), axes(-1), axes(2))
    last = graph("Gather", numbers, np.array(-1), axis=2)
    return Steps(values, graph("Greater", last, np.float32(0)))


def _days(graph: Graph, operation: Any, arrays: Arrays, numbers: str) -> Steps:
    largest = graph("ReduceMax", graph("Abs", numbers), axes(2), keepdims=0)
    return Steps(numbers, graph("Greater", largest, np.float32(0)))


# ---- recurrent layers


def _recurrent(graph: Graph, operation: Any, arrays: Arrays, x: Steps) -> Any:
    """Add a recurrent layer; rows of which no step is there end where they begin."""
    lengths = _lengths(graph, x)
    at_least_one = graph("Max", lengths, np.int32(1)) if lengths else ""
    rows = graph("Shape", x.values, start=0, end=1)
    size = graph("Concat", np.array([1]), rows, np.array([operation.units]), axis=0)
    start = [graph("Expand", part[None], size) for part in operation.bind(arrays).start]
    after = {"linear_before_reset": 1} if operation.cell == "gru" else {}
    every, last = graph(
        OPERATORS[operation.cell],
        graph("Transpose", x.values, perm=[1, 0, 2]),
        *_weights(operation, arrays),
        at_least_one,
        *start,
        outputs=2,
        hidden_size=operation.units,
        direction="reverse" if operation.backwards else "forward",
        **after,
    )
    if operation.every_step:
        outputs = graph("Transpose", graph("Squeeze", every, axes(1)), perm=[1, 0, 2])
        return Steps(outputs, x.there)
    if lengths:
        some = graph("Unsqueeze", graph("Greater", lengths, np.int32(0)), axes(1))
        last = graph("Where", some, last, start[0])
    return graph("Squeeze", last, axes(0))


def _weights(operation: Any, arrays: Arrays) -> list[Array]:
    """Give the kernels and the biases as ONNX has them: gates first, (1, gates · units, …)."""
    units = operation.units
    bias = np.zeros((2, arrays["kernel"].shape[1]), np.float32)
    bias[: arrays["bias"].size // bias.shape[1]] = arrays["bias"]

    def gates(kernel: Array) -> Array:
        parts = kernel.reshape(len(kernel), -1, units)
        parts = parts[:, LSTM_ORDER] if operation.cell == "lstm" else parts
        ordered: Array = parts.reshape(len(kernel), -1)
        return ordered

    kernels = [gates(arrays[name]).T[None] for name in ("kernel", "recurrent_kernel")]
    return [*kernels, gates(bias).reshape(1, -1)]


# ---- along the steps


def _convolution(graph: Graph, operation: Any, arrays: Arrays, x: Steps) -> Steps:
    values = x.values
    if operation.masked and x.there:
        values = graph("Mul", values, _column(graph, x))
    more = operation.size - 1
    pads = {"causal": (more, 0), "same": (more // 2, more - more // 2), "valid": (0, 0)}
    found = graph(
        "Conv",
        graph("Transpose", values, perm=[0, 2, 1]),
        arrays["kernel"].transpose(2, 1, 0),
        arrays.get("bias", ""),
        pads=pads[operation.padding],
    )
    activated = _activated(graph, operation, graph("Transpose", found, perm=[0, 2, 1]))
    return Steps(activated, "" if operation.padding == "valid" else x.there)


def _normalization(graph: Graph, operation: Any, arrays: Arrays, x: Steps) -> Steps:
    gamma, beta, mean, variance = (
        arrays[name].astype(float) for name in ("gamma", "beta", "mean", "variance")
    )
    scale = gamma / np.sqrt(variance + operation.epsilon)
    scaled = graph("Mul", x.values, scale.astype(np.float32))
    return x._replace(values=graph("Add", scaled, (beta - mean * scale).astype(np.float32)))


def _activation(graph: Graph, operation: Any, arrays: Arrays, x: Any) -> Any:
    return _of_each(x, lambda values: _activated(graph, operation, values))


def _dense(graph: Graph, operation: Any, arrays: Arrays, x: Any) -> Any:
    def dense(values: str) -> str:
        product = graph("MatMul", values, arrays["kernel"])
        return _activated(graph, operation, graph("Add", product, arrays["bias"]))

    return _of_each(x, dense)


def _concatenate(graph: Graph, operation: Any, arrays: Arrays, *parts: Any) -> Any:
    if isinstance(parts[0], Steps):
        values = [part.values for part in parts]
        return parts[0]._replace(values=graph("Concat", *values, axis=2))
    return graph("Concat", *parts, axis=1)


# ---- of all steps of a row one


def _pooling(graph: Graph, operation: Any, arrays: Arrays, x: Steps) -> str:
    if operation.kind == "maximum_and_mean":
        return str(graph("Concat", _most(graph, x), _mean(graph, x), axis=1))
    if operation.kind == "maximum":
        return str(graph("ReduceMax", x.values, axes(1), keepdims=0))
    return _mean(graph, x) if operation.kind == "mean" else _last(graph, x)


def _most(graph: Graph, x: Steps) -> str:
    """Add the maximum over the steps that are there, 0 where none is."""
    if not x.there:
        return str(graph("ReduceMax", x.values, axes(1), keepdims=0))
    there = graph("Unsqueeze", x.there, axes(2))
    values = graph("Where", there, x.values, np.float32(-1e9))
    most = graph("ReduceMax", values, axes(1), keepdims=0)
    some = graph("Greater", _lengths(graph, x, keepdims=1), np.int32(0))
    return str(graph("Where", some, most, np.float32(0)))


def _mean(graph: Graph, x: Steps) -> str:
    """Add the mean over the steps that are there, 0 where none is."""
    if not x.there:
        return str(graph("ReduceMean", x.values, axes(1), keepdims=0))
    total = graph("ReduceSum", graph("Mul", x.values, _column(graph, x)), axes(1), keepdims=0)
    count = graph("Max", _lengths(graph, x, keepdims=1), np.int32(1))
    return str(graph("Div", total, graph("Cast", count, to=FLOAT)))


def _last(graph: Graph, x: Steps) -> str:
    """Add the last step that is there, 0 where none is."""
    if not x.there:
        return str(graph("Gather", x.values, np.array(-1), axis=1))
    count = graph("CumSum", graph("Cast", x.there, to=INT32), np.array(1))
    ended = graph("Equal", count, _lengths(graph, x, keepdims=1))
    last = graph("Cast", graph("And", ended, x.there), to=FLOAT)
    chosen = graph("Mul", x.values, graph("Unsqueeze", last, axes(2)))
    return str(graph("ReduceSum", chosen, axes(1), keepdims=0))


# ---- of rows


def _add(graph: Graph, operation: Any, arrays: Arrays, *parts: str) -> str:
    return str(graph("Sum", *parts))


def _columns(graph: Graph, operation: Any, arrays: Arrays, x: str) -> str:
    return str(graph("Slice", x, axes(operation.first), axes(operation.last), axes(1)))


# ---- what several need


def _flags(graph: Graph, ids: str) -> str:
    """Say which ids are not 0."""
    return str(graph("Cast", ids, to=BOOL))


def _column(graph: Graph, x: Steps) -> str:
    """Give 1 for a step that is there and else 0, (rows, timesteps, 1)."""
    there = graph("Cast", x.there, to=FLOAT)
    return str(graph("Unsqueeze", there, axes(2)))


def _lengths(graph: Graph, x: Steps, keepdims: int = 0) -> str:
    """Count the steps of each row that are there; "" where all are."""
    if not x.there:
        return ""
    there = graph("Cast", x.there, to=INT32)
    return str(graph("ReduceSum", there, axes(1), keepdims=keepdims))


def _activated(graph: Graph, operation: Any, values: str) -> str:
    if operation.activation == "linear":
        return values
    if operation.activation == "softmax":
        return str(graph("Softmax", values, axis=-1))
    return str(graph(FUNCTIONS[operation.activation], values))


def _of_each(x: Any, function: Callable[[str], str]) -> Any:
    """Apply to the values of every step, or of a row."""
    return x._replace(values=function(x.values)) if isinstance(x, Steps) else function(x)


SAID: dict[Any, Callable[..., Any]] = {
    kinds.Embedding: _embedding,
    kinds.SubwordEmbedding: _subwords,
    kinds.LastColumn: _numbers,
    kinds.Days: _days,
    kinds.Recurrent: _recurrent,
    kinds.Concatenate: _concatenate,
    kinds.Convolution: _convolution,
    kinds.BatchNormalization: _normalization,
    kinds.Activate: _activation,
    kinds.Pooling: _pooling,
    kinds.Dense: _dense,
    kinds.Add: _add,
    kinds.Columns: _columns,
}
