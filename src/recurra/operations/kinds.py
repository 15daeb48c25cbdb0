"""What a saved network does, as a short list of named operations: the contents of `network.json`.

::

    reads       ids, numbers or days → vectors       what a step is, looked up once a distinct step
    recurrent   steps → steps, or the last state     in the native library
    the rest    plain array functions

A row's numbers are the same bits whatever rows stand beside it: products are taken row by row in
one shape, and sums go along a row. Sums that make the answer are taken in 64 bits.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Bools, Floats, Floats32
from recurra.cells import CELLS, Weights, bias_shape, sigmoid
from recurra.operations.native import RecurrentLayer
from recurra.sequences import SHORTEST_BUCKET
from recurra.stored import WEIGHT, Numbers, Stored, Text

__all__ = ["Operation", "Reading", "Reads", "Recurrent", "Shape", "Steps"]

RESTING_STEPS = 64  # of zeros, after which the state of a trained layer hardly moves
DISTINCT = 2048  # steps whose ids are looked up at a time
Size = Annotated[int, Field(ge=1, le=1 << 24)]
Activation = Literal["linear", "relu", "sigmoid", "softmax", "tanh"]
Run = Callable[..., Any]


class Shape(NamedTuple):
    """What an operation gives.

    Args:
        numbers: how many.
        steps: whether at every step, or once a row.
        lost: steps fewer than the input has.
    """

    numbers: int
    steps: bool = True
    lost: int = 0


class Steps(NamedTuple):
    """Values at every step of some rows.

    Args:
        values: (rows, timesteps, features).
        there: (rows, timesteps), which steps are there; None for all.
    """

    values: Floats32
    there: Bools | None


def linear(x: Floats) -> Floats:
    """Give x."""
    return x


def relu(x: Array) -> Array:
    """Give what is above 0."""
    return np.maximum(x, 0)


def softmax(x: Array) -> Array:
    """Give exp(x) / Σ exp(x) along the last axis."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": np.tanh,
}


def product(x: Array, kernel: Array) -> Array:
    """Multiply each row of x, (rows, …, features), by the kernel: a product of one shape a row."""
    one_row = x[:, None] if x.ndim == 2 else x
    found: Array = np.matmul(one_row, kernel)
    return found[:, 0] if x.ndim == 2 else found


class _Operation(Stored, extra="forbid"):
    """One operation.

    Args:
        name: by which later ones know what it gives.
        of: the names of what it takes.
        weights: its arrays, by what they are to it: their names in `weights.safetensors`.
    """

    name: Text
    of: list[Text] = Field(default_factory=list)
    weights: dict[Text, Text] = Field(default_factory=dict)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Give the shape of each array, by what it is to it."""
        return {}

    def gives(self, given: Sequence[Shape]) -> Shape:
        """Give what it makes of what it takes.

        Raises:
            ValueError: it cannot take that.
        """
        raise NotImplementedError

    def room(self, given: Sequence[Shape]) -> int:
        """Give how many numbers a step (or a row) takes while it works."""
        return self.gives(given).numbers

    def needed(self) -> dict[str, Numbers]:
        """Give what the arrays must be, by their names in the bundle."""
        sizes = self.sizes()
        if set(sizes) != set(self.weights):
            raise ValueError(
                f"{self.name} needs the weights {sorted(sizes)}, not {sorted(self.weights)}"
            )
        return {self.weights[of]: self.bounds(of, size) for of, size in sizes.items()}

    def bounds(self, of: str, size: tuple[int, ...]) -> Numbers:
        """Give what one array must be."""
        return Numbers(size, -WEIGHT, WEIGHT, ("float32",))

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Give it with its arrays, by what they are to it: a function of what it takes."""
        raise NotImplementedError

    def _one(
        self, given: Sequence[Shape], numbers: int | None = None, steps: bool | None = None
    ) -> Shape:
        """Give the one thing that it takes, if it is of so many numbers, a step or a row."""
        if len(given) == 1:
            (found,) = given
            if numbers in (None, found.numbers) and steps in (None, found.steps):
                return found
        raise ValueError(f"{self.name} cannot take what it is given: {[*map(tuple, given)]}")


class Reads(_Operation):
    """The first operation: what a distinct step, a row of the encoder's table, becomes.

    Args:
        columns: of the table.
    """

    columns: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """Give the numbers of a step."""
        if given:
            raise ValueError(f"{self.name} must be the first operation")
        return Shape(self.features)

    @property
    def features(self) -> int:
        """How many numbers a step has after it."""
        raise NotImplementedError


class Embedding(Reads):
    """The row of a table by its number.

    Args:
        rows, units: of the table.
        masked: whether the number 0 is a step that is not there.
    """

    operation: Literal["embedding"] = "embedding"
    columns: Literal[1] = 1
    rows: Size
    units: Size
    masked: bool

    @property
    def features(self) -> int:
        """The units."""
        return self.units

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The table."""
        return {"table": (self.rows, self.units)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Look up."""
        table = arrays["table"]
        return lambda ids: (table[ids[:, 0]], ids[:, 0] != 0 if self.masked else None)


class SubwordEmbedding(Reads):
    """The mean of the rows of a word and its pieces; 0 is none. A step of zeros is not there.

    Args:
        rows, units: of the table.
    """

    operation: Literal["subword_embedding"] = "subword_embedding"
    rows: Size
    units: Size

    @property
    def features(self) -> int:
        """The units."""
        return self.units

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The table."""
        return {"table": (self.rows, self.units)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Look up and average."""
        table = arrays["table"]

        def mean(ids: Array) -> Floats32:
            if ids.shape[1] == 1:
                only: Floats32 = table[ids[:, 0]]
                return only
            share = (ids != 0).astype(np.float32)
            share /= np.maximum(share.sum(axis=1, keepdims=True), 1)
            found: Floats32 = np.matmul(share[:, None], table[ids])[:, 0]
            return found

        def read(ids: Array) -> tuple[Floats32, Bools]:
            some = [mean(ids[at : at + DISTINCT]) for at in range(0, len(ids), DISTINCT)]
            return np.concatenate(some), (ids != 0).any(axis=1)

        return read


class LastColumn(Reads):
    """Numbers of which the last says whether the step is there."""

    operation: Literal["numbers"] = "numbers"

    @property
    def features(self) -> int:
        """All but the last."""
        return self.columns - 1

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Take off the last column."""
        return lambda table: (table[:, :-1], table[:, -1] > 0)


class Days(Reads):
    """Numbers; a step where all are 0 is not there."""

    operation: Literal["days"] = "days"

    @property
    def features(self) -> int:
        """All."""
        return self.columns

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Find what is there."""
        return lambda table: (table, table.any(axis=1))


class Recurrent(_Operation):
    """A recurrent layer.

    Args:
        cell: its equations.
        features, units: of its kernels.
        backwards: whether it reads from the last step to the first; its outputs stand in the order
            of the steps all the same.
        every_step: whether it gives its output at every step, or its last.
        rest: whether it begins where 64 steps of zeros leave it, and not at zero.
    """

    operation: Literal["recurrent"] = "recurrent"
    cell: Literal["simple_rnn", "lstm", "gru", "gru_reset_first"]
    features: Size
    units: Size
    backwards: bool = False
    every_step: bool = False
    rest: bool = False

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The units."""
        lost = self._one(given, self.features, steps=True).lost
        return Shape(self.units, self.every_step, lost if self.every_step else 0)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernels and the bias."""
        cell = CELLS[self.cell]
        columns = cell.gates * self.units
        return {
            "kernel": (self.features, columns),
            "recurrent_kernel": (self.units, columns),
            "bias": bias_shape(cell, columns),
        }

    def bind(self, arrays: Mapping[str, Array]) -> "Reading":
        """Pack its weights, and find where it begins."""
        return Reading(self, arrays)


class Reading:
    """A recurrent operation with its weights, packed once.

    Attributes:
        layer: that reads.
        start: the state of one row in which it begins.
    """

    def __init__(self, operation: Recurrent, arrays: Mapping[str, Array]) -> None:
        self.operation = operation
        self.layer = RecurrentLayer(operation.cell, Weights(**arrays))
        self.start = self.layer.start(1)
        if operation.rest:
            nothing = np.zeros((1, RESTING_STEPS, operation.features), np.float32)
            self.start = self.layer.read(nothing, self.start, every_step=False)[1]

    def __call__(self, x: Steps) -> Any:
        """Read rows, and give the outputs, or the last."""
        backwards, every_step = self.operation.backwards, self.operation.every_step
        state = tuple(np.repeat(part, len(x.values), axis=0) for part in self.start)
        outputs, last = self.layer.read(
            x.values, state, x.there, backwards=backwards, every_step=every_step
        )
        if outputs is None:
            return last[0]
        return Steps(outputs[:, ::-1] if backwards else outputs, x.there)


class Concatenate(_Operation):
    """Several, side by side."""

    operation: Literal["concatenate"] = "concatenate"

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The sum."""
        if len({each[1:] for each in given}) != 1:
            raise ValueError(f"{self.name} joins steps with as many steps, or rows with rows")
        return given[0]._replace(numbers=sum(each.numbers for each in given))

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Join."""

        def join(*parts: Any) -> Any:
            if isinstance(parts[0], Steps):
                return Steps(np.concatenate([p.values for p in parts], axis=2), parts[0].there)
            return np.concatenate(parts, axis=1)

        return join


class Convolution(_Operation):
    """A convolution along the steps.

    Args:
        features, size, filters: of its kernel.
        padding: "causal" sees steps before, "same" as many on both sides, "valid" gives fewer.
        masked: whether steps that are not there are taken for 0.
    """

    operation: Literal["convolution"] = "convolution"
    features: Size
    size: Annotated[int, Field(ge=1, le=1024)]
    filters: Size
    padding: Literal["causal", "same", "valid"]
    masked: bool
    bias: bool
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The filters."""
        lost = self._one(given, self.features, steps=True).lost
        lost += self.size - 1 if self.padding == "valid" else 0
        if lost >= SHORTEST_BUCKET:
            raise ValueError(f"{self.name} leaves no step of the shortest row")
        return Shape(self.filters, lost=lost)

    def room(self, given: Sequence[Shape]) -> int:
        """The windows, too."""
        return self.filters + self.size * self.features

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernel and the bias."""
        bias = {"bias": (self.filters,)} if self.bias else {}
        return {"kernel": (self.size, self.features, self.filters), **bias}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Multiply windows of steps by the kernel."""
        kernel = arrays["kernel"].reshape(-1, self.filters)
        bias, apply = arrays.get("bias", np.float32(0)), ACTIVATIONS[self.activation]
        more = self.size - 1
        before, after = {
            "causal": (more, 0), "same": (more // 2, more - more // 2), "valid": (0, 0)
        }[self.padding]  # fmt: skip

        def convolve(x: Steps) -> Steps:
            values = x.values
            if self.masked and x.there is not None:
                values = values * x.there[..., None]
            padded = np.pad(values, ((0, 0), (before, after), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=1)
            rows, steps = windows.shape[:2]
            flat = windows.transpose(0, 1, 3, 2).reshape(rows, steps, -1)
            there = None if self.padding == "valid" else x.there
            return Steps(apply(product(flat, kernel) + bias), there)

        return convolve


class BatchNormalization(_Operation):
    """Each number less its mean in training, over its deviation there, scaled and moved."""

    operation: Literal["batch_normalization"] = "batch_normalization"
    features: Size
    epsilon: Annotated[float, Field(ge=1e-12, le=1)]

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many."""
        return self._one(given, self.features, steps=True)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """Four numbers for each."""
        return dict.fromkeys(("gamma", "beta", "mean", "variance"), (self.features,))

    def bounds(self, of: str, size: tuple[int, ...]) -> Numbers:
        """A variance is not below 0."""
        found = super().bounds(of, size)
        return Numbers(size, 0, found.high, found.dtypes) if of == "variance" else found

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Make of the four two."""
        gamma, beta, mean, variance = (
            arrays[name].astype(float) for name in ("gamma", "beta", "mean", "variance")
        )
        scale = gamma / np.sqrt(variance + self.epsilon)
        moved = (beta - mean * scale).astype(np.float32)
        scale = scale.astype(np.float32)
        return lambda x: Steps(x.values * scale + moved, x.there)


class Activate(_Operation):
    """A function of every number."""

    operation: Literal["activation"] = "activation"
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many."""
        return self._one(given)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Apply."""
        apply = ACTIVATIONS[self.activation]
        return lambda x: x._replace(values=apply(x.values)) if isinstance(x, Steps) else apply(x)


class Pooling(_Operation):
    """Of all steps of a row one.

    Args:
        kind: the maximum and the mean side by side, the mean or the last of the steps that are
            there; or the maximum of all.
    """

    operation: Literal["pooling"] = "pooling"
    kind: Literal["maximum_and_mean", "maximum", "mean", "last"]

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many, or two for each."""
        numbers = self._one(given, steps=True).numbers
        return Shape(numbers * (2 if self.kind == "maximum_and_mean" else 1), steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Pool."""
        return {
            "maximum_and_mean": lambda x: np.concatenate([_most(x), _mean(x)], axis=1),
            "maximum": lambda x: x.values.max(axis=1),
            "mean": _mean,
            "last": _last,
        }[self.kind]


def _there(x: Steps) -> Bools:
    return np.ones(x.values.shape[:2], bool) if x.there is None else x.there


def _most(x: Steps) -> Floats32:
    """Give the maximum over the steps that are there, 0 where none is."""
    there = _there(x)
    most = np.where(there[..., None], x.values, np.float32(-1e9)).max(axis=1)
    return _or_zero(there, most)


def _or_zero(there: Bools, found: Floats32) -> Floats32:
    """Give 0 for rows of which no step is there."""
    some = np.any(there, axis=1, keepdims=True)
    kept: Floats32 = np.where(some, found, np.float32(0))
    return kept


def _mean(x: Steps) -> Floats32:
    """Give the mean over the steps that are there, 0 where none is."""
    there = _there(x)[..., None]
    total = np.sum(x.values, axis=1, dtype=float, where=there)
    mean: Floats32 = (total / np.maximum(there.sum(axis=1), 1)).astype(np.float32)
    return mean


def _last(x: Steps) -> Floats32:
    """Give the last step that is there, 0 where none is."""
    there = _there(x)
    last = there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
    found = x.values[np.arange(len(last)), last]
    return _or_zero(there, found)


class Dense(_Operation):
    """x W + b of a row, or of every step."""

    operation: Literal["dense"] = "dense"
    features: Size
    units: Size
    activation: Activation

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The units."""
        return self._one(given, self.features)._replace(numbers=self.units)

    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The kernel and the bias."""
        return {"kernel": (self.features, self.units), "bias": (self.units,)}

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Multiply."""
        kernel, bias = arrays["kernel"].astype(float), arrays["bias"].astype(float)
        apply = ACTIVATIONS[self.activation]

        def dense(x: Any) -> Any:
            values = x.values if isinstance(x, Steps) else x
            found = apply(product(values.astype(float), kernel) + bias).astype(np.float32)
            return x._replace(values=found) if isinstance(x, Steps) else found

        return dense


class Start(_Operation):
    """Where a row begins: what is given of it beside its steps.

    Args:
        numbers: how many.
    """

    operation: Literal["start"] = "start"
    numbers: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """The numbers."""
        if given:
            raise ValueError(f"{self.name} is given from outside, and takes nothing")
        return Shape(self.numbers, steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Refuse: where rows begin must be given."""

        def missing() -> None:
            raise ValueError(f"{self.name} must be given")

        return missing


class Add(_Operation):
    """The sum of several."""

    operation: Literal["add"] = "add"

    def gives(self, given: Sequence[Shape]) -> Shape:
        """As many as each."""
        if len(set(given)) != 1 or given[0].steps:
            raise ValueError(f"{self.name} adds rows of one size, but it is given {given}")
        return given[0]

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Add."""
        return lambda *parts: sum(parts[1:], parts[0])


class Columns(_Operation):
    """Some of the numbers of a row.

    Args:
        first, last: from the first until before the last.
    """

    operation: Literal["columns"] = "columns"
    first: Annotated[int, Field(ge=0)]
    last: Size

    def gives(self, given: Sequence[Shape]) -> Shape:
        """How many they are."""
        if not self.first < self.last <= self._one(given, steps=False).numbers:
            raise ValueError(f"{self.name} takes columns {self.first}:{self.last} of {given}")
        return Shape(self.last - self.first, steps=False)

    def bind(self, arrays: Mapping[str, Array]) -> Run:
        """Choose."""
        return lambda x: x[:, self.first : self.last]


Operation = Annotated[
    Embedding
    | SubwordEmbedding
    | LastColumn
    | Days
    | Recurrent
    | Concatenate
    | Convolution
    | BatchNormalization
    | Activate
    | Pooling
    | Dense
    | Start
    | Add
    | Columns,
    Field(discriminator="operation"),
]
