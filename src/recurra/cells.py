"""One step of each recurrent cell, as a textbook writes it: the oracle of every faster path.

::

    SimpleRNN   h' = tanh(x W + h U + b)

    LSTM        i, f, g, o = x W + h U + b                   in this order along the last axis
                c' = σ(f) c + σ(i) tanh(g)
                h' = σ(o) tanh(c')

    GRU         z, r, n = x W + h U + b                      in this order along the last axis
                h' = σ(z) h + (1 - σ(z)) tanh(n)
                reset_after:      n = x W_n + b_n + σ(r) (h U_n + b'_n)        as cuDNN does
                not reset_after:  n = x W_n + b_n + (σ(r) h) U_n               as first published

Conventions, where libraries differ: all as in Keras. Kernels stand input first, (features, gates ·
units). Keras writes i f c o for the LSTM's i f g o, and z r h for the GRU's z r n; PyTorch has the
GRU's r before z. A GRU with `reset_after` has two rows of biases, (2, 3 · units): the input's and
the state's. The forget gate's bias starts at 1 where Keras makes the weights, not here.

Every function takes NumPy or JAX arrays of any floating type and gives the same kind back.

A new cell is a class here and a line in `CELLS`: whoever needs to know which cells there are, what
Keras calls their layers, how many gates they have and by which letters, asks here.
"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Protocol

__all__ = [
    "CELLS",
    "GRU",
    "LSTM",
    "USUAL",
    "Cell",
    "SimpleRNN",
    "Weights",
    "bias_shape",
    "cell_like",
]

Array = Any
State = tuple[Array, ...]


class Weights(NamedTuple):
    """What a cell has learned.

    Args:
        kernel: (features, gates · units), what the input is multiplied by.
        recurrent_kernel: (units, gates · units), what the state is multiplied by.
        bias: (gates · units,), for a GRU with `reset_after` (2, gates · units); None for none.
    """

    kernel: Array
    recurrent_kernel: Array
    bias: Array | None = None


def sigmoid(x: Array) -> Array:
    """Give 1 / (1 + exp(-x)), which cannot overflow in this form."""
    return 0.5 * tanh(0.5 * x) + 0.5


def tanh(x: Array) -> Array:
    """Give the hyperbolic tangent, by whichever library the array is of."""
    return x.__array_namespace__().tanh(x)


def split(x: Array, parts: int) -> list[Array]:
    """Cut the last axis into equal parts."""
    size = x.shape[-1] // parts
    return [x[..., i * size : (i + 1) * size] for i in range(parts)]


def affine(x: Array, kernel: Array, bias: Array | None) -> Array:
    """Give x kernel + bias."""
    product = x @ kernel
    return product if bias is None else product + bias


class Cell(Protocol):
    """What every cell says of itself, and does; two of equal settings are equal."""

    @property
    def name(self) -> str:
        """By which the native library has it."""

    @property
    def layer(self) -> str:
        """The name of Keras' layer, whose settings of the same names are the cell's."""

    @property
    def letters(self) -> str:
        """Of what `gates_of` gives, in its order."""

    @property
    def gates(self) -> int:
        """How many times units the kernels have columns."""

    @property
    def states(self) -> int:
        """How many arrays its state has; the first, h, is the output."""

    @property
    def biases(self) -> int:
        """How many rows of biases: of x W and, if 2, of h U."""

    @property
    def multiplies_h(self) -> bool:
        """Whether the recurrent kernel multiplies h itself for every gate."""

    def gates_of(self, x: Array, state: State, weights: Weights) -> dict[str, Array]:
        """Give the gates of a step by their letters."""

    def step(self, x: Array, state: State, weights: Weights) -> State:
        """Give the state after reading x, (batch, features)."""


@dataclass(frozen=True)
class SimpleRNN:
    """The plain recurrent cell; its state is (h,), each (batch, units)."""

    name = "simple_rnn"
    layer = "SimpleRNN"
    letters = ""
    gates = 1
    states = 1
    biases = 1
    multiplies_h = True

    def gates_of(self, x: Array, state: State, weights: Weights) -> dict[str, Array]:
        """Give nothing: the plain cell has no gates."""
        return {}

    def step(self, x: Array, state: State, weights: Weights) -> State:
        """Give the state after reading x, (batch, features)."""
        (h,) = state
        return (tanh(affine(x, weights.kernel, weights.bias) + h @ weights.recurrent_kernel),)


@dataclass(frozen=True)
class LSTM:
    """Long short-term memory; its state is (h, c), each (batch, units)."""

    name = "lstm"
    layer = "LSTM"
    letters = "ifgo"
    gates = 4
    states = 2
    biases = 1
    multiplies_h = True

    def gates_of(self, x: Array, state: State, weights: Weights) -> dict[str, Array]:
        """Give the input gate, forget gate, candidate and output gate of a step."""
        z = affine(x, weights.kernel, weights.bias) + state[0] @ weights.recurrent_kernel
        i, f, g, o = split(z, 4)
        return {"i": sigmoid(i), "f": sigmoid(f), "g": tanh(g), "o": sigmoid(o)}

    def step(self, x: Array, state: State, weights: Weights) -> State:
        """Give the state after reading x, (batch, features)."""
        i, f, g, o = self.gates_of(x, state, weights).values()
        c = f * state[1] + i * g
        return o * tanh(c), c


@dataclass(frozen=True)
class GRU:
    """Gated recurrent unit; its state is (h,), each (batch, units).

    Args:
        reset_after: whether the reset gate acts on the state's product or on the state.
    """

    reset_after: bool = True

    layer = "GRU"
    letters = "zrn"
    gates = 3
    states = 1

    @property
    def name(self) -> str:
        """Tell the two apart."""
        return "gru" if self.reset_after else "gru_reset_first"

    @property
    def biases(self) -> int:
        """Give 2 where the reset gate acts on the state's product, with its bias."""
        return 2 if self.reset_after else 1

    @property
    def multiplies_h(self) -> bool:
        """Say whether the candidate's product is of h, and not of r h."""
        return self.reset_after

    def gates_of(self, x: Array, state: State, weights: Weights) -> dict[str, Array]:
        """Give the update gate, reset gate and candidate of a step."""
        (h,) = state
        bias, state_bias = weights.bias, None
        if self.reset_after and bias is not None:
            bias, state_bias = bias[0], bias[1]
        from_x = split(affine(x, weights.kernel, bias), 3)
        if self.reset_after:
            from_h = split(affine(h, weights.recurrent_kernel, state_bias), 3)
            z, r = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
            n = tanh(from_x[2] + r * from_h[2])
        else:
            for_z, for_r, for_n = split(weights.recurrent_kernel, 3)
            z, r = sigmoid(from_x[0] + h @ for_z), sigmoid(from_x[1] + h @ for_r)
            n = tanh(from_x[2] + (r * h) @ for_n)
        return {"z": z, "r": r, "n": n}

    def step(self, x: Array, state: State, weights: Weights) -> State:
        """Give the state after reading x, (batch, features)."""
        z, _, n = self.gates_of(x, state, weights).values()
        return (z * state[0] + (1 - z) * n,)


_EACH: tuple[Cell, ...] = (SimpleRNN(), LSTM(), GRU(), GRU(reset_after=False))
CELLS = {cell.name: cell for cell in _EACH}

# by the names of Keras' layers, what each is unless told otherwise
USUAL: dict[str, Cell] = {cell.layer: cell for cell in CELLS.values() if cell == type(cell)()}


def cell_like(layer: str, settings: Any) -> Cell | None:
    """Find the cell of Keras' layer of that name.

    Args:
        layer: "GRU".
        settings: what has the settings by which cells of one layer differ, as Keras' layer and its
            cell do.

    Example:
        >>> cell_like("GRU", GRU(reset_after=False)).name
        'gru_reset_first'
    """
    for cell in CELLS.values():
        names = [field.name for field in fields(cell)]  # type: ignore[arg-type]
        if cell.layer == layer and all(getattr(settings, n) == getattr(cell, n) for n in names):
            return cell
    return None


def bias_shape(cell: Cell, columns: int) -> tuple[int, ...]:
    """Give the shape of a cell's biases, for so many columns of its kernels."""
    return (columns,) if cell.biases == 1 else (cell.biases, columns)
