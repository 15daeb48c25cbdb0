"""Back through what a saved network does, in NumPy: slopes of an answer with what was given.

::

    for operation in reversed(operations):
        slopes of what it took += its transposed derivative · slopes of what it gave

Only what is given gets slopes, not the weights: this shows a network, and teaches none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Array, Bools, Floats
from recurra.cells import Cell, State, Weights, split
from recurra.operations.kinds import Steps

__all__ = ["back", "step_back"]

Parts = tuple[Floats, State]


def step_back(
    cell: Cell, weights: Weights, before: State, gates: Mapping[str, Array], after: State,
    slopes: State,
) -> Parts:  # fmt: skip
    """Go back through one step of a cell.

    Args:
        cell: whose equations.
        weights: of 64 bits.
        before, gates, after: what the step began with, made and ended in, each (rows, units).
        slopes: of what is asked for with the state after, h first.

    Returns:
        The slopes with x, and with the state before.
    """
    if cell.name == "simple_rnn":
        sums = slopes[0] * (1 - after[0] ** 2)
        return sums @ weights.kernel.T, (sums @ weights.recurrent_kernel.T,)
    return (_lstm if cell.name == "lstm" else _gru)(cell, weights, before, gates, after, slopes)


def _lstm(
    cell: Cell, weights: Weights, before: State, gates: Mapping[str, Array], after: State,
    slopes: State,
) -> Parts:  # fmt: skip
    i, f, g, o = (gates[letter] for letter in "ifgo")
    bent = np.tanh(after[1])
    c = slopes[1] + slopes[0] * o * (1 - bent**2)
    each = [c * g * i * (1 - i), c * before[1] * f * (1 - f), c * i * (1 - g**2)]
    sums = np.concatenate([*each, slopes[0] * bent * o * (1 - o)], axis=-1)
    return sums @ weights.kernel.T, (sums @ weights.recurrent_kernel.T, c * f)


def _gru(
    cell: Cell, weights: Weights, before: State, gates: Mapping[str, Array], after: State,
    slopes: State,
) -> Parts:  # fmt: skip
    (h,), z, r, n = before, gates["z"], gates["r"], gates["n"]
    of_n = slopes[0] * (1 - z) * (1 - n**2)
    of_z = slopes[0] * (h - n) * z * (1 - z)
    for_n = split(weights.recurrent_kernel, 3)[2]
    if cell.multiplies_h:
        product = h @ for_n
        if weights.bias is not None:
            product = product + split(weights.bias[1], 3)[2]
        of_r, kept, through = of_n * product, of_n * r, 0.0
    else:
        reset = of_n @ for_n.T
        of_r, kept, through = reset * h, np.zeros_like(of_n), reset * r
    of_r = of_r * r * (1 - r)
    from_h = np.concatenate([of_z, of_r, kept], axis=-1) @ weights.recurrent_kernel.T
    x = np.concatenate([of_z, of_r, of_n], axis=-1) @ weights.kernel.T
    return x, (from_h + slopes[0] * z + through,)


def _bent(activation: str, made: Floats, slopes: Floats) -> Floats:
    """Give the slopes before an activation, from what it gave."""
    if activation == "softmax":
        mixed: Floats = made * (slopes - (made * slopes).sum(axis=-1, keepdims=True))
        return mixed
    steep: dict[str, Callable[[Floats], Floats]] = {
        "linear": np.ones_like,
        "relu": lambda y: (y > 0).astype(float),
        "sigmoid": lambda y: y * (1 - y),
        "tanh": lambda y: 1 - y**2,
    }
    bent: Floats = slopes * steep[activation](made)
    return bent


def _there(x: Steps) -> Bools:
    return np.ones(x.values.shape[:2], bool) if x.there is None else x.there


def _values(x: Any) -> Floats:
    values = x.values if isinstance(x, Steps) else x
    found: Floats = np.asarray(values, np.float64)
    return found


def _dense(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    sums = _bent(operation.activation, _values(made), slopes)
    return [sums @ arrays["kernel"].astype(float).T]


def _activate(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    return [_bent(operation.activation, _values(made), slopes)]


def _normalize(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    deviation = np.sqrt(arrays["variance"].astype(float) + operation.epsilon)
    return [slopes * arrays["gamma"].astype(float) / deviation]


def _concatenate(
    operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats
) -> Any:
    ends = np.cumsum([_values(each).shape[-1] for each in given])[:-1]
    return np.split(slopes, ends, axis=-1)


def _add(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    return [slopes] * len(given)


def _columns(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    found = np.zeros_like(_values(given[0]))
    found[:, operation.first : operation.last] = slopes
    return [found]


def _convolve(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    (x,) = given
    sums = _bent(operation.activation, _values(made), slopes)
    more = operation.size - 1
    before = {"causal": more, "same": more // 2, "valid": 0}[operation.padding]
    rows, steps, features = x.values.shape
    found = np.zeros((rows, steps + 2 * more, features))
    for place, kernel in enumerate(arrays["kernel"].astype(float)):
        found[:, place : place + sums.shape[1]] += sums @ kernel.T
    found = found[:, before : before + steps]
    return [found * x.there[..., None] if operation.masked and x.there is not None else found]


def _pool(operation: Any, arrays: Any, given: Sequence[Any], made: Any, slopes: Floats) -> Any:
    (x,) = given
    half = slopes.shape[-1] // 2
    if operation.kind == "maximum_and_mean":
        return [_from_most(x, slopes[:, :half], _there(x)) + _from_mean(x, slopes[:, half:])]
    if operation.kind == "maximum":
        return [_from_most(x, slopes, np.ones_like(_there(x)))]
    return [(_from_mean if operation.kind == "mean" else _from_last)(x, slopes)]


def _from_most(x: Steps, slopes: Floats, there: Bools) -> Floats:
    """Give the slopes to the largest; of several that are equally large, to each a share."""
    values = np.where(there[..., None], x.values, -np.inf)
    largest = (values == values.max(axis=1, keepdims=True)) & there[..., None]
    found: Floats = slopes[:, None] * largest / np.maximum(largest.sum(axis=1, keepdims=True), 1)
    return found


def _from_mean(x: Steps, slopes: Floats) -> Floats:
    there = _there(x)
    share = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    found: Floats = slopes[:, None] * share[..., None]
    return found


def _from_last(x: Steps, slopes: Floats) -> Floats:
    there = _there(x)
    found = np.zeros(x.values.shape)
    last = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    found[np.arange(len(last)), last] = slopes * there.any(axis=1, keepdims=True)
    return found


BACK: dict[str, Callable[..., Any]] = {
    "dense": _dense,
    "activation": _activate,
    "batch_normalization": _normalize,
    "concatenate": _concatenate,
    "add": _add,
    "columns": _columns,
    "convolution": _convolve,
    "pooling": _pool,
}


def back(
    operation: Any, arrays: Mapping[str, Array], given: Sequence[Any], made: Any, slopes: Floats
) -> list[Floats]:
    """Go back through an operation that is not recurrent.

    Args:
        operation: one of `recurra.operations.kinds`.
        arrays: its weights, by what they are to it.
        given: what it took.
        made: what it gave.
        slopes: of what is asked for with that.

    Returns:
        The slopes with each thing that it took.
    """
    found: list[Floats] = BACK[operation.operation](operation, arrays, given, made, slopes)
    return found
