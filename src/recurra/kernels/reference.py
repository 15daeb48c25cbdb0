"""Whole sequences, one step after the other: slow, plain, in NumPy or JAX and any floating type.

::

    for t in 0 .. T-1  (T-1 .. 0 when going backwards):
        state = where(mask[:, t], step(x[:, t], state), state)
        output = state[0]

A masked step leaves the state as it was and repeats the last output, which before the first step
is the initial state. Outputs stand in the order in which they were made.
"""

from typing import Any

from recurra.cells import Cell, State, Weights

__all__ = ["run"]

Array = Any


def run(
    cell: Cell,
    x: Array,
    state: State,
    weights: Weights,
    *,
    mask: Array | None = None,
    go_backwards: bool = False,
) -> tuple[Array, State]:
    """Read whole sequences.

    Args:
        cell: which equations.
        x: (batch, timesteps, features).
        state: where it starts, `cell.states` arrays of (batch, units).
        weights: what the cell has learned.
        mask: (batch, timesteps), False where a step is to be skipped; None for nowhere.
        go_backwards: whether to read from the last timestep to the first.

    Returns:
        The outputs, (batch, timesteps, units), in the order they were made, and the last state.

    Example:
        >>> import numpy as np
        >>> from recurra.cells import SimpleRNN
        >>> ones = Weights(np.ones((1, 1)), np.zeros((1, 1)))
        >>> outputs, _ = run(SimpleRNN(), np.array([[[0.0], [1.0]]]), (np.zeros((1, 1)),), ones)
        >>> outputs.round(3).tolist()
        [[[0.0], [0.762]]]
    """
    batch, timesteps, _ = x.shape
    arrays = x.__array_namespace__()
    outputs = []
    for t in reversed(range(timesteps)) if go_backwards else range(timesteps):
        stepped = cell.step(x[:, t], state, weights)
        if mask is not None:
            keep = mask[:, t, None]
            stepped = tuple(arrays.where(keep, a, b) for a, b in zip(stepped, state, strict=True))
        state = stepped
        outputs.append(state[0])
    if not outputs:
        return arrays.zeros((batch, 0, state[0].shape[-1]), dtype=x.dtype), state
    return arrays.stack(outputs, axis=1), state
