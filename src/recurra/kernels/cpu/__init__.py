"""The native path: C++ that takes each row through all its timesteps in registers and caches.

It reads float32 on a CPU, through XLA's foreign function interface, and stands in a compiled
function as one operation forward and one backward. How it works is told in `recurrence.cpp`.
"""

import ctypes
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from recurra.cells import CELLS, Cell, State, Weights, bias_shape
from recurra.errors import RecurraError
from recurra.kernels import INTERFACE, LIBRARY, xla
from recurra.kernels.derivatives import Arrays, Function, shaped

__all__ = ["adam", "calls", "embed", "has", "level", "missing", "run"]

Array = Any

TARGETS = (
    "recurra_forward",
    "recurra_backward",
    "recurra_gather",
    "recurra_scatter",
    "recurra_adam",
)


@cache
def _library() -> ctypes.CDLL | str:
    """Load the library and make its functions known to XLA, or say why that cannot be done."""
    if not LIBRARY.exists():
        return "Recurra was installed where no C++ compiler was found"
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        return f"the native library cannot be loaded ({error})"
    if not hasattr(library, "recurra_interface") or library.recurra_interface() != INTERFACE:
        return "the native library was built from other sources than these: install Recurra again"
    library.recurra_level.restype = ctypes.c_char_p
    library.recurra_forward_calls.restype = ctypes.c_int64
    library.recurra_backward_calls.restype = ctypes.c_int64
    library.recurra_recomputed_tapes.restype = ctypes.c_int64
    library.recurra_has_cell.restype = ctypes.c_bool
    if library.recurra_level() is None:
        return "this processor has none of the instruction levels that were built"
    for name in TARGETS:
        jax.ffi.register_ffi_target(name, jax.ffi.pycapsule(getattr(library, name)), platform="cpu")
    return library


def missing() -> str | None:
    """Say why there is no native library here; None where there is."""
    library = _library()
    return library if isinstance(library, str) else None


def level() -> str | None:
    """Name the instruction level in use, as `x86_64_v3`; None without a native library."""
    library = _library()
    return None if isinstance(library, str) else str(library.recurra_level().decode())


def has(cell: Cell) -> bool:
    """Say whether the native library has this cell."""
    library = _library()
    return not isinstance(library, str) and bool(library.recurra_has_cell(cell.name.encode()))


def calls() -> dict[str, int]:
    """Count the calls that the native library has finished in this process.

    Returns:
        "native forward", "native backward", and "native recomputed": how often what a forward call
        keeps for its backward call had gone by then, so that it was computed once more.
    """
    library = _library()
    if isinstance(library, str):
        return {"native forward": 0, "native backward": 0, "native recomputed": 0}
    return {
        "native forward": int(library.recurra_forward_calls()),
        "native backward": int(library.recurra_backward_calls()),
        "native recomputed": int(library.recurra_recomputed_tapes()),
    }


def run(
    cell: Cell,
    x: Array,
    state: State,
    weights: Weights,
    *,
    mask: Array | None = None,
    keep: Array | None = None,
    go_backwards: bool = False,
    return_sequences: bool = True,
) -> tuple[Array | None, State]:
    """Read whole sequences, as `recurra.kernels.reference.run` does, and differentiate them.

    Args:
        cell: which equations.
        x: (batch, timesteps, features), float32 like all that follows.
        state: where it starts, `cell.states` arrays of (batch, units).
        weights: what the cell has learned.
        mask: (batch, timesteps), False where a step is to be skipped; None for nowhere. What is
            skipped costs nothing.
        keep: (batch, gates, units + features), what h and x are multiplied by before each gate
            sees them, in every step: dropout. None for ones.
        go_backwards: whether to read from the last timestep to the first.
        return_sequences: whether the outputs are wanted, or only the last state.

    Returns:
        The outputs in the order they were made, or None, and the last state.

    Raises:
        RecurraError: it cannot run here; `missing` says so beforehand.
        TypeError: a shape or a type does not fit, as where JAX multiplies such arrays.
        ValueError: the mask's shape does not fit.
    """
    if reason := missing():
        raise RecurraError(f"the native path must be possible to be taken, but {reason}")
    if not has(cell):
        raise RecurraError(f"the cell must be one that runs natively, but it is {cell.name}")
    _check(cell, x, state, weights, mask, keep)
    bias = weights.bias
    if bias is None:
        bias = jnp.zeros(bias_shape(cell, weights.kernel.shape[1]), x.dtype)
    nothing = jnp.zeros((0,), x.dtype)
    h, c = state if len(state) == 2 else (state[0], nothing)
    given = jnp.zeros((0,), bool) if mask is None else jnp.asarray(mask, bool)
    dropped = nothing if keep is None else keep
    options = (cell.name, go_backwards, return_sequences)
    kernels = (weights.kernel, weights.recurrent_kernel, bias)
    outputs, h, c = _recurrence(options, x, h, c, *kernels, given, dropped)
    return outputs if return_sequences else None, (h, c) if len(state) == 2 else (h,)


def _check(
    cell: Cell, x: Array, state: State, weights: Weights, mask: Array | None, keep: Array | None
) -> None:
    """Refuse arrays that do not fit each other before anything is called with them."""
    ranks = [len(array.shape) for array in (x, weights.kernel, weights.recurrent_kernel)]
    if ranks != [3, 2, 2] or len(state) != cell.states:
        raise TypeError(
            f"x, the kernel and the recurrent kernel must have 3, 2 and 2 axes and the state "
            f"{cell.states} part(s), but they have {ranks} and {len(state)}"
        )
    batch, timesteps, _ = x.shape
    features, units = weights.kernel.shape[0], weights.recurrent_kernel.shape[0]
    columns = cell.gates * units
    expected = [
        ("x", x, (batch, timesteps, features)),
        *((f"state {i}", part, (batch, units)) for i, part in enumerate(state)),
        ("the kernel", weights.kernel, (features, columns)),
        ("the recurrent kernel", weights.recurrent_kernel, (units, columns)),
        ("the bias", weights.bias, bias_shape(cell, columns)),
        ("dropout", keep, (batch, cell.gates, units + features)),
    ]
    for name, array, shape in expected:
        if array is not None and (array.shape != shape or array.dtype != np.float32):
            raise TypeError(
                f"{name} must be float32 {shape}, but it is {array.dtype} {array.shape}"
            )
    if mask is not None and mask.shape != (batch, timesteps):
        raise ValueError(f"the mask must be {(batch, timesteps)}, but it is {mask.shape}")


Options = tuple[str, bool, bool]


def _forward(options: Options, with_tape: bool, *arrays: Array) -> tuple[Arrays, Arrays]:
    name, go_backwards, return_sequences = options
    x, h, c = arrays[:3]
    batch, timesteps, _ = x.shape
    outputs = (batch, timesteps, h.shape[1]) if return_sequences else (0,)
    results = [shaped(x, shape) for shape in (outputs, h.shape, c.shape)]
    tape = shaped(x, (2 if with_tape else 0,), "uint32")  # its number: see `Memory`
    call = jax.ffi.ffi_call("recurra_forward", [*results, tape], vmap_method="sequential")
    *found, number = call(*arrays, cell=name, go_backwards=go_backwards)
    return tuple(found), (number,)


def _backward(options: Options, arrays: Arrays, tape: Arrays, gradients: Arrays) -> Arrays:
    name, go_backwards, _ = options
    call = jax.ffi.ffi_call(
        "recurra_backward",
        [shaped(a, a.shape) for a in arrays[:LEARNED]],
        vmap_method="sequential",
    )
    return tuple(call(*arrays, *tape, *gradients, cell=name, go_backwards=go_backwards))


def _plain(options: Options, *arrays: Array) -> Arrays:
    name, go_backwards, return_sequences = options
    x, h, c, kernel, recurrent_kernel, bias, mask, keep = arrays
    cell = CELLS[name]
    outputs, last = xla.plain(
        cell,
        x,
        (h, c)[: cell.states],
        Weights(kernel, recurrent_kernel, bias),
        mask=mask if mask.ndim == 2 else None,
        keep=keep if keep.ndim == 3 else None,
        go_backwards=go_backwards,
    )
    nothing = jnp.zeros((0,), x.dtype)
    return outputs if return_sequences else nothing, last[0], last[1] if cell.states == 2 else c


LEARNED = 6  # x, h, c, the kernels and the bias: the mask and dropout have no gradient
_recurrence = Function(_forward, _backward, _plain, LEARNED)


def embed(table: Array, codes: Array) -> Array:
    """Give the rows of a table by their numbers, and differentiate the table.

    ::

        out[i] = table[codes[i]],    d_table[codes[i]] += d_out[i]

    Args:
        table: (vocabulary, features), float32.
        codes: int32 of any shape; a negative one counts from the end, one outside gives NaN.

    Returns:
        (*codes.shape, features).
    """
    return _rows(None, table, codes)[0]


def _gather(_: None, with_tape: bool, table: Array, codes: Array) -> tuple[Arrays, Arrays]:
    rows = shaped(table, (*codes.shape, table.shape[1]))
    call = jax.ffi.ffi_call("recurra_gather", rows, vmap_method="sequential")
    return (call(table, codes),), ()


def _scatter(_: None, arrays: Arrays, tape: Arrays, gradients: Arrays) -> Arrays:
    (table, codes), (d_rows,) = arrays, gradients
    d_table = shaped(table, table.shape)
    return (jax.ffi.ffi_call("recurra_scatter", d_table, vmap_method="sequential")(codes, d_rows),)


def _take(_: None, table: Array, codes: Array) -> Arrays:
    return (jnp.take(table, codes, axis=0),)


_rows = Function(_gather, _scatter, _take, learned=1)


def adam(
    value: Array,
    m: Array,
    v: Array,
    gradient: Array,
    learning_rate: Array,
    step: Array,
    *,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tuple[Array, Array, Array]:
    """Take a step of Adam (Kingma and Ba, arXiv:1412.6980, section 2) in one pass through memory.

    ::

        m ← β₁ m + (1 - β₁) g           v ← β₂ v + (1 - β₂) g²
        value ← value - learning_rate √(1 - β₂ᵗ) / (1 - β₁ᵗ) · m / (√v + ε)

    Args:
        value: what is learned, float32 of any shape; `m`, `v` and `gradient` have the same.
        m: the running mean of the gradient, zeros at first.
        v: the running mean of its square, zeros at first.
        gradient: of the loss.
        learning_rate: a scalar.
        step: t, a scalar, 1 at first.
        beta_1: the share of m that is kept.
        beta_2: the share of v that is kept.
        epsilon: what keeps the divisor from zero.

    Returns:
        The new value, m and v.
    """
    rate = learning_rate * jnp.sqrt(1 - beta_2**step) / (1 - beta_1**step)
    new_value, new_m, new_v = _adam((beta_1, beta_2, epsilon), value, m, v, gradient, rate)
    return new_value, new_m, new_v


Rates = tuple[float, float, float]


def _native_adam(rates: Rates, _: bool, value: Array, *given: Array) -> tuple[Arrays, Arrays]:
    beta_1, beta_2, epsilon = rates
    call = jax.ffi.ffi_call(
        "recurra_adam",
        [shaped(value, value.shape)] * 3,
        input_output_aliases={0: 0, 1: 1, 2: 2},
        vmap_method="sequential",
    )
    now = call(
        value,
        *given,
        toward_gradient=np.float32(1 - beta_1),
        toward_square=np.float32(1 - beta_2),
        epsilon=np.float32(epsilon),
    )
    return tuple(now), ()


def _plain_adam(
    rates: Rates, value: Array, m: Array, v: Array, gradient: Array, rate: Array
) -> Arrays:
    beta_1, beta_2, epsilon = rates
    m = beta_1 * m + (1 - beta_1) * gradient
    v = beta_2 * v + (1 - beta_2) * gradient**2
    return value - rate * m / (jnp.sqrt(v) + epsilon), m, v


_adam = Function(_native_adam, None, _plain_adam, learned=5)
