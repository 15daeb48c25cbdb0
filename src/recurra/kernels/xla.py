"""The portable path: JAX on any device and in any floating type, with a hand-derived backward.

::

    forward    state[t+1] = step(x[t], state[t])                 keeps the states
    backward   dz[t] = what the loss says of the cell's sums     in the loop
               dW = Σ x[t]ᵀ dz[t],  dU = Σ h[t]ᵀ dz[t]           one product each, after it

JAX's own derivative of a scan adds to dW and dU in every step, which reads and writes both as many
times as there are timesteps. `plain` leaves that to JAX, and so has all derivatives.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from recurra.cells import Cell, State, Weights, bias_shape
from recurra.kernels.derivatives import Arrays, Function

__all__ = ["plain", "run"]

Array = Any
Options = tuple[Cell, bool]


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
    if cell.multiplies_h:
        recurrence = Function(_forward, _backward, _plain, learned=cell.states + 4)
        kernel, recurrent_kernel, bias = weights
        if bias is None:
            bias = jnp.zeros(bias_shape(cell, kernel.shape[-1]), x.dtype)
        kept = _kept(x, mask)
        given = (jnp.swapaxes(x, 0, 1), *state, kernel, recurrent_kernel, bias, kept)
        outputs, *last = recurrence((cell, go_backwards), *given)
        outputs, state = jnp.swapaxes(outputs, 0, 1), tuple(last)
    else:  # dU needs more than dz: left to JAX
        outputs, state = plain(cell, x, state, weights, mask=mask, go_backwards=go_backwards)
    return (outputs if return_sequences else None), state


def plain(
    cell: Cell,
    x: Array,
    state: State,
    weights: Weights,
    *,
    mask: Array | None = None,
    keep: Array | None = None,
    go_backwards: bool = False,
) -> tuple[Array, State]:
    """Read whole sequences as `recurra.kernels.cpu.run` does, differentiated by JAX itself."""
    if keep is not None:
        weights = _own(weights, keep)
    xs = jnp.swapaxes(x, 0, 1)
    (outputs, last), _ = _scan(cell, go_backwards, xs, tuple(state), weights, _kept(x, mask))
    return jnp.swapaxes(outputs, 0, 1), last


def _kept(x: Array, mask: Array | None) -> Array:
    """Say of each step and row whether it is read, (timesteps, batch, 1)."""
    kept = jnp.ones(x.shape[:2], bool) if mask is None else jnp.asarray(mask, bool)
    return jnp.swapaxes(kept, 0, 1)[..., None]


def _own(weights: Weights, keep: Array) -> Weights:
    """Give each row kernels of its own: to drop h and x by gate is to scale their rows by gate."""
    units = weights.recurrent_kernel.shape[0]
    scale = jnp.repeat(jnp.swapaxes(keep, 1, 2), units, axis=2)  # (batch, inputs, gates · units)
    of_h, of_x = scale[:, :units], scale[:, units:]
    return Weights(weights.kernel * of_x, weights.recurrent_kernel * of_h, weights.bias)


def _step(cell: Cell, x: Array, state: State, weights: Weights, keep: Array) -> State:
    step = cell.step
    if weights.kernel.ndim == 3:
        step = jax.vmap(step, in_axes=(0, 0, Weights(0, 0, None)))
    stepped = step(x, state, weights)
    return tuple(jnp.where(keep, a, b) for a, b in zip(stepped, state, strict=True))


def _scan(
    cell: Cell, go_backwards: bool, xs: Array, state: State, weights: Weights, keep: Array
) -> tuple[tuple[Array, State], State]:
    def body(state: State, given: tuple[Array, Array]) -> tuple[State, tuple[Array, State]]:
        stepped = _step(cell, given[0], state, weights, given[1])
        return stepped, (stepped[0], state)

    last, (outputs, states) = lax.scan(body, state, (xs, keep), reverse=go_backwards)
    return (jnp.flip(outputs, 0) if go_backwards else outputs, last), states


def _forward(options: Options, _: bool, *arrays: Array) -> tuple[Arrays, Arrays]:
    xs, *state, kernel, recurrent_kernel, bias, keep = arrays
    weights = Weights(kernel, recurrent_kernel, bias)
    (outputs, last), states = _scan(*options, xs, tuple(state), weights, keep)
    return (outputs, *last), states


def _plain(options: Options, *arrays: Array) -> Arrays:
    return _forward(options, False, *arrays)[0]


def _backward(options: Options, arrays: Arrays, states: Arrays, gradients: Arrays) -> Arrays:
    cell, go_backwards = options
    xs, *_, kernel, recurrent_kernel, bias, keep = arrays
    d_outputs, *d_last = gradients
    if go_backwards:
        d_outputs = jnp.flip(d_outputs, 0)

    # Were each row to have a bias of its own, dz would be its gradient.
    rows = (xs.shape[1], kernel.shape[-1])
    both = cell.biases == 2
    own = jnp.zeros((2, *rows) if both else rows, xs.dtype) + (bias[:, None] if both else bias)

    def body(d_state: State, given: Any) -> tuple[State, tuple[Array, Array]]:
        x, state, kept, d_output = given
        step = lambda x, state, bias: _step(  # noqa: E731
            cell, x, state, Weights(kernel, recurrent_kernel, bias), kept
        )
        dx, d_state, dz = jax.vjp(step, x, state, own)[1]((d_state[0] + d_output, *d_state[1:]))
        return d_state, (dx, dz)

    given = (xs, states, keep, d_outputs)
    d_start, (dx, dz) = lax.scan(body, tuple(d_last), given, reverse=not go_backwards)
    of_x, of_h = (dz[:, 0], dz[:, 1]) if both else (dz, dz)
    d_kernel = jnp.einsum("tbi,tbj->ij", xs, of_x)
    d_recurrent_kernel = jnp.einsum("tbi,tbj->ij", states[0], of_h)
    return dx, *d_start, d_kernel, d_recurrent_kernel, dz.sum((0, 2) if both else (0, 1))
