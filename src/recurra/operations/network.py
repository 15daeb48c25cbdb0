"""A saved network, run from the list of its operations: no Keras, no JAX.

::

    the first operation reads each distinct step once         vectors = reads(table)
    for rows of one padded length, as in training             batches
        values = {}                                           by the names of operations
        for operation in operations:
            values[operation] = operation(values it takes)
        outputs of the rows = the last operation's

A row is padded to the next power of two of its own length, as in training, so that its numbers do
not depend on the rows beside it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from recurra.arrays import Array, Floats, Rows
from recurra.errors import RecurraError, SettingsError
from recurra.operations.kinds import (
    Operation,
    Pooling,
    Reading,
    Reads,
    Recurrent,
    Shape,
    Start,
    Steps,
)
from recurra.sequences import Ragged, bucket_of
from recurra.stored import Numbers, Stored

__all__ = ["Network", "NetworkStream", "Plan"]

MOST_ROOM = 1 << 22  # numbers of a batch that all operations give
MOST_NUMBERS = 1 << 16  # of one operation, a step
ALONG = ("activation", "batch_normalization", "concatenate", "dense")  # look at one step alone


class Plan(Stored, extra="forbid"):
    """What a network does: the contents of `network.json`.

    Args:
        version: of this list.
        operations: in order; the first reads, the last answers.

    Example:
        >>> plan = Plan.model_validate(
        ...     {
        ...         "version": 1,
        ...         "operations": [
        ...             {"operation": "numbers", "name": "x", "columns": 3},
        ...             {"operation": "pooling", "name": "mean", "of": ["x"], "kind": "mean"},
        ...         ],
        ...     }
        ... )
        >>> plan.shape()
        Shape(numbers=2, steps=False, lost=0)
    """

    version: Literal[1] = 1
    operations: Annotated[list[Operation], Field(min_length=2, max_length=200)]

    def shape(self) -> Shape:
        """Give what it answers, a row or a step.

        Raises:
            ValueError: an operation cannot take what it is given.
        """
        found = self._shapes()[self.operations[-1].name]
        if self.start is not None and found.steps:
            raise ValueError(f"{self.start.name} says where rows begin, but steps are answered")
        return found

    def room(self) -> int:
        """Give how many numbers a step takes while all operations work."""
        known = self._shapes()
        return sum(each.room([known[name] for name in each.of]) for each in self.operations)

    def _shapes(self) -> dict[str, Shape]:
        """Give what each operation gives, by its name."""
        known: dict[str, Shape] = {}
        for number, operation in enumerate(self.operations):
            if isinstance(operation, Reads) != (number == 0):
                raise ValueError(f"the first operation must read, and no other: {operation.name}")
            unknown = [name for name in operation.of if name not in known]
            if unknown or operation.name in known:
                raise ValueError(f"{operation.name} must take what stands before it: {unknown}")
            found = known[operation.name] = operation.gives([known[n] for n in operation.of])
            if found.numbers > MOST_NUMBERS:
                raise ValueError(f"{operation.name} gives {found.numbers:,} numbers: too many")
        return known

    @property
    def start(self) -> Start | None:
        """The operation that takes where rows begin; None where there is none."""
        found = [each for each in self.operations if isinstance(each, Start)]
        if len(found) > 1:
            raise ValueError(f"rows begin once, but {found[1].name} is a second start")
        return found[0] if found else None

    @property
    def reads(self) -> Reads:
        """The first operation."""
        first = self.operations[0]
        assert isinstance(first, Reads)
        return first

    def needed(self) -> dict[str, Numbers]:
        """Give what the arrays of one member must be, by name."""
        needed: dict[str, Numbers] = {}
        for operation in self.operations:
            own = operation.needed()
            if twice := own.keys() & needed.keys():
                raise ValueError(f"an array is of one operation, but {min(twice)} is of two")
            needed |= own
        return needed


class Network:
    """A network with its weights; nothing in it changes, so threads may share it.

    Args:
        plan: what it does.
        arrays: its weights, by name.

    Raises:
        ValueError: an operation cannot take what it is given.
    """

    def __init__(self, plan: Plan, arrays: Mapping[str, Array]) -> None:
        self.plan, self.shape = plan, plan.shape()
        if self.shape.steps and self.shape.lost:
            raise ValueError("a network must answer every step, or once a row")
        self._most = max(1, MOST_ROOM // plan.room())
        self.arrays = [
            {of: arrays[name] for of, name in operation.weights.items()}
            for operation in plan.operations
        ]
        bound = [
            operation.bind(given)
            for operation, given in zip(plan.operations, self.arrays, strict=True)
        ]
        self._read: Any = bound[0]
        self._run = bound[1:]

    def __call__(self, inputs: Ragged, starts: Ragged | None = None) -> Floats:
        """Give the output for each row, in row order.

        Args:
            inputs: the rows.
            starts: where each begins, one step a row; None of a network that has no start.

        Returns:
            (rows,) where the network gives one number a row, (rows, k) where it gives more; where
            it gives k numbers a step, (steps of all rows, k), as `offsets` of the inputs cuts.
        """
        if inputs.table.shape[1] != self.plan.reads.columns:
            raise ValueError(
                f"a step must have {self.plan.reads.columns} numbers, not {inputs.table.shape[1]}"
            )
        begun = self._begun(starts)
        numbers, every_step, _ = self.shape
        wide = every_step or numbers > 1
        outputs = np.empty((inputs.offsets[-1] if every_step else len(inputs), numbers))
        vectors, known = self._read(inputs.table)
        for rows, timesteps in _batches(inputs.lengths, self._most):
            steps = np.arange(timesteps)
            inside = steps < inputs.lengths[rows][:, None]
            places = inputs.offsets[rows][:, None] + steps
            codes = np.zeros(inside.shape, np.int32)
            codes[inside] = inputs.codes[places[inside]]
            given = Steps(vectors[codes], None if known is None else known[codes])
            found = _through(self.plan, self._run, given, begun and begun(rows))
            if every_step:
                outputs[places[inside]] = found.values[inside]
            else:
                outputs[rows] = found
        return _finite(outputs if wide else outputs[:, 0])

    def values(self, inputs: Ragged, starts: Ragged | None = None) -> dict[str, Any]:
        """Give what every operation gives of one row, by its name; padded, as it is read."""
        begun = self._begun(starts)
        timesteps = int(bucket_of(inputs.lengths)[0])
        vectors, known = self._read(inputs.table)
        codes = np.zeros((1, timesteps), np.int32)
        codes[0, : inputs.lengths[0]] = inputs.codes
        given = Steps(vectors[codes], None if known is None else known[codes])
        return _values(self.plan, self._run, given, begun and begun(np.array([0])))

    def start_of(self, operation: Recurrent) -> tuple[Array, ...]:
        """Give the state of one row in which a recurrent operation begins."""
        reading: Any = self._run[self.plan.operations.index(operation) - 1]
        start: tuple[Array, ...] = reading.start
        return start

    def _begun(self, starts: Ragged | None) -> Callable[[Rows], dict[str, Array]] | None:
        """Give, of rows, where they begin, by the name of the operation; None where nothing is."""
        start = self.plan.start
        found = starts.table.shape[1] if starts is not None else None
        needed = start.numbers if start is not None else None
        if found != needed:
            raise ValueError(f"rows must begin with {needed} numbers, not with {found}")
        if start is None or starts is None:
            return None
        name, values = start.name, starts.timesteps()
        return lambda rows: {name: values[rows]}

    def stream(self) -> "NetworkStream":
        """Read one long sequence in pieces, as it comes.

        Raises:
            SettingsError: the network looks ahead, so its answer needs the whole sequence.
        """
        return NetworkStream(self.plan, self._read, self._run)


class NetworkStream:
    """One long sequence, read in pieces: between them only the states are kept.

    Args:
        plan, read, run: of the network.

    Attributes:
        states: of each recurrent operation, by its name; it may be stored and set again.
    """

    def __init__(self, plan: Plan, read: Any, run: list[Any]) -> None:
        self._plan, self._read = plan, read
        self.states: dict[str, tuple[Array, ...]] = {}
        self._run: list[Callable[..., Any]] = []
        for operation, plain in zip(plan.operations[1:], run, strict=True):
            self._run.append(self._in_pieces(operation, plain))

    def _in_pieces(self, operation: Any, plain: Any) -> Callable[..., Any]:
        if isinstance(plain, Reading) and not operation.backwards:
            layer, self.states[operation.name] = plain.layer, plain.start

            def read(x: Steps) -> Steps:
                state = self.states[operation.name]
                outputs, self.states[operation.name] = layer.read(x.values, state, x.there)
                assert outputs is not None
                return Steps(outputs, x.there)

            return read
        if isinstance(operation, Pooling) and operation.kind == "last":
            return lambda x: x
        if operation.operation in ALONG:
            return plain  # type: ignore[no-any-return]
        raise SettingsError(
            f"a sequence can be read in pieces when all that was read is in a state, but this "
            f"network has {_looking_ahead(operation)}. Take simple-rnn, lstm, gru or one-to-one."
        )

    def push(self, table: Array) -> Floats:
        """Read a piece, (steps, columns); give the output after each step, (steps, k)."""
        vectors, there = self._read(table)
        given = Steps(vectors[None], None if there is None else there[None])
        return _finite(_through(self._plan, self._run, given).values[0].astype(float))


def _through(
    plan: Plan,
    run: Sequence[Callable[..., Any]],
    given: Steps,
    begun: Mapping[str, Array] | None = None,
) -> Any:
    """Take what was read through the operations that follow; give what the last one gives."""
    return _values(plan, run, given, begun)[plan.operations[-1].name]


def _values(
    plan: Plan,
    run: Sequence[Callable[..., Any]],
    given: Steps,
    begun: Mapping[str, Array] | None = None,
) -> dict[str, Any]:
    """Take what was read through the operations that follow; give what each gives, by its name."""
    first, *others = plan.operations
    values: dict[str, Any] = {first.name: given, **(begun or {})}
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is refused
        for operation, work in zip(others, run, strict=True):
            if operation.name not in values:
                values[operation.name] = work(*(values[name] for name in operation.of))
    return values


def _looking_ahead(operation: Any) -> str:
    """Say what an operation needs the whole sequence for."""
    if isinstance(operation, Recurrent):
        return f"{operation.name}, which reads backwards"
    return f"{operation.name}, a {operation.operation} of several steps"


def _finite(outputs: Floats) -> Floats:
    """Give answers, if they are numbers.

    Raises:
        RecurraError: they are too large for 32 bits, as no training makes them.
    """
    if not np.isfinite(outputs).all():
        raise RecurraError(
            "a network must answer finite numbers, but this one does not: its weights are none "
            "that training gives. Train it again, or copy it again."
        )
    return outputs


def _batches(lengths: Rows, steps: int) -> Iterator[tuple[Rows, int]]:
    """Give rows of one padded length, and it; not more than so many steps."""
    buckets = bucket_of(lengths)
    for timesteps in sorted(set(buckets.tolist())):  # np.unique loads masked arrays
        rows = np.flatnonzero(buckets == timesteps)
        most = max(1, steps // timesteps)
        for first in range(0, len(rows), most):
            yield rows[first : first + most], timesteps
