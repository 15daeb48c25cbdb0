"""The portable path: JAX on any device and in any floating type, with a hand-derived backward.

::

    forward    state[t+1] = step(x[t], state[t])                 keeps the states
    backward   dz[t] = what the loss says of the cell's sums     in the loop
               dW = Σ x[t]ᵀ dz[t],  dU = Σ h[t]ᵀ dz[t]           one product each, after it

JAX's own derivative of a scan adds to dW and dU in every step, which reads and writes both as many
times as there are timesteps.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

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
    return_sequences: bool = True,
) -> tuple[Array | None, State]:
    """Read whole sequences, as `recurra.kernels.reference.run` does, and differentiate them."""
    keep = jnp.ones(x.shape[:2], bool) if mask is None else jnp.asarray(mask, bool)
    xs, keep = jnp.swapaxes(x, 0, 1), jnp.swapaxes(keep, 0, 1)[..., None]
    if not cell.multiplies_h:  # dU needs more than dz: left to JAX
        outputs, last = _scan(cell, go_backwards, xs, tuple(state), weights, keep)[0]
    else:
        outputs, last = _run(cell, go_backwards, xs, tuple(state), weights, keep)
    return (jnp.swapaxes(outputs, 0, 1) if return_sequences else None), last


def _step(cell: Cell, x: Array, state: State, weights: Weights, keep: Array) -> State:
    stepped = cell.step(x, state, weights)
    return tuple(jnp.where(keep, a, b) for a, b in zip(stepped, state, strict=True))


def _scan(
    cell: Cell, go_backwards: bool, xs: Array, state: State, weights: Weights, keep: Array
) -> tuple[tuple[Array, State], State]:
    def body(state: State, given: tuple[Array, Array]) -> tuple[State, tuple[Array, State]]:
        stepped = _step(cell, given[0], state, weights, given[1])
        return stepped, (stepped[0], state)

    last, (outputs, states) = lax.scan(body, state, (xs, keep), reverse=go_backwards)
    return (jnp.flip(outputs, 0) if go_backwards else outputs, last), states


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _run(cell: Cell, go_backwards: bool, *arrays: Any) -> tuple[Array, State]:
    return _scan(cell, go_backwards, *arrays)[0]


def _forward(cell: Cell, go_backwards: bool, *arrays: Any) -> tuple[tuple[Array, State], Any]:
    results, states = _scan(cell, go_backwards, *arrays)
    return results, (arrays, states)


def _backward(cell: Cell, go_backwards: bool, saved: Any, gradients: Any) -> tuple[Any, ...]:
    (xs, _, weights, keep), states = saved
    d_outputs, d_last = gradients
    if go_backwards:
        d_outputs = jnp.flip(d_outputs, 0)

    # Were each row to have a bias of its own, dz would be its gradient.
    kernel, recurrent_kernel, bias = weights
    rows = (xs.shape[1], kernel.shape[-1])
    both = cell.biases == 2
    own = jnp.zeros((2, *rows) if both else rows, xs.dtype)
    if bias is not None:
        own = own + (bias[:, None] if both else bias)

    def body(d_state: State, given: Any) -> tuple[State, tuple[Array, Array]]:
        x, state, kept, d_output = given
        step = lambda x, state, bias: _step(  # noqa: E731
            cell, x, state, Weights(kernel, recurrent_kernel, bias), kept
        )
        dx, d_state, dz = jax.vjp(step, x, state, own)[1]((d_state[0] + d_output, *d_state[1:]))
        return d_state, (dx, dz)

    given = (xs, states, keep, d_outputs)
    d_start, (dx, dz) = lax.scan(body, d_last, given, reverse=not go_backwards)
    of_x, of_h = (dz[:, 0], dz[:, 1]) if both else (dz, dz)
    d_weights = Weights(
        jnp.einsum("tbi,tbj->ij", xs, of_x),
        jnp.einsum("tbi,tbj->ij", states[0], of_h),
        None if bias is None else dz.sum((0, 2) if both else (0, 1)),
    )
    return dx, d_start, d_weights, None


_run.defvjp(_forward, _backward)
