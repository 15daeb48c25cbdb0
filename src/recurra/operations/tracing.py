"""What a saved network holds at every step of a row; how far back a step still moves its answer.

::

    forwards    the operations as they answer; recurrent ones again, step by step, with all gates
    backwards   log-odds of the answer (or the number itself) with each state and each step read
"""

from typing import Any, NamedTuple

import numpy as np

from recurra.arrays import Array, Bools, Floats
from recurra.cells import CELLS, Cell, State, Weights
from recurra.operations.kinds import Recurrent, Start, Steps
from recurra.operations.network import Network
from recurra.operations.slopes import back, step_back
from recurra.sequences import Ragged

__all__ = ["Held", "Trace", "asks_odds", "step_through", "trace", "trace_cell"]


class Held(NamedTuple):
    """What one recurrent layer holds while it reads a row.

    Args:
        name: of the operation.
        cell: by its name.
        backwards: whether it reads from the last step to the first.
        values: (steps, units) of each gate and state by its letter, in the order of the row.
        slopes: (steps, units) of the answer with h after each step.
    """

    name: str
    cell: str
    backwards: bool
    values: dict[str, Floats]
    slopes: Floats


class Trace(NamedTuple):
    """A row as a network reads it.

    Args:
        answer: the output that the slopes are of.
        layers: the recurrent ones, in order.
        slopes: (steps, features) of the answer with what each step is read as.
        read: (steps, features) what each step is read as.
    """

    answer: float
    layers: list[Held]
    slopes: Floats
    read: Floats

    @property
    def moves(self) -> Floats:
        """How far each step still moves the answer: (steps,), the norm of its slopes."""
        norms: Floats = np.sqrt((self.slopes**2).sum(axis=1))
        return norms


class _Step(NamedTuple):
    before: State
    gates: dict[str, Array]
    after: State
    there: bool


def step_through(cell: Cell, weights: Weights, inputs: Array, state: State) -> dict[str, Floats]:
    """Step through one sequence and keep every gate and state.

    ::

        for t in 0 .. timesteps - 1:
            gates[t] = cell.gates_of(inputs[t], state)
            state = states[t] = cell.step(inputs[t], state)

    Args:
        cell: the equations.
        weights: what it has learned.
        inputs: (timesteps, features).
        state: where it starts, `cell.states` arrays of (1, units).

    Returns:
        (timesteps, units) by letter: the gates, then h, then c where there is one.
    """
    return _kept(_steps(cell, weights, inputs, state, np.ones(len(inputs), bool)))


def _steps(cell: Cell, weights: Weights, inputs: Array, state: State, there: Bools) -> list[_Step]:
    found = []
    for x, is_there in zip(inputs[:, None], there.tolist(), strict=True):
        after = cell.step(x, state, weights) if is_there else state
        found.append(_Step(state, cell.gates_of(x, state, weights), after, is_there))
        state = after
    return found


def _kept(steps: list[_Step]) -> dict[str, Floats]:
    kept: dict[str, list[Any]] = {}
    for step in steps:
        states = dict(zip("hc", step.after, strict=False))
        for letter, value in {**step.gates, **states}.items():
            kept.setdefault(letter, []).append(value[0])
    return {letter: np.stack(values) for letter, values in kept.items()}


def trace(
    network: Network,
    inputs: Ragged,
    starts: Ragged | None = None,
    *,
    column: int = 0,
    step: int = -1,
) -> Trace:
    """Read one row, and keep what every recurrent layer holds and what moves the answer.

    Args:
        network: that reads.
        inputs: of one row.
        starts: where it begins, of a network that has a start.
        column: of the output; its log-odds are what is moved, where it is a probability.
        step: of the output, where there is one a step.

    Raises:
        ValueError: there is not one row of one step or more.
    """
    if len(inputs) != 1 or not inputs.lengths[0]:
        raise ValueError(f"a trace is of one row, not of {inputs.lengths.tolist()} steps")
    steps = int(inputs.lengths[0])
    values = network.values(inputs, starts)
    plan = network.plan
    slopes: dict[str, Floats] = {
        plan.operations[-1].name: _first(plan, values, column, step % steps)
    }
    held: list[Held] = []
    for operation, arrays in zip(plan.operations[:0:-1], network.arrays[:0:-1], strict=True):
        own = slopes.pop(operation.name, None)
        if own is None or isinstance(operation, Start):
            continue
        given, made = [values[name] for name in operation.of], values[operation.name]
        if isinstance(operation, Recurrent):
            layer, found = _through_time(network, operation, arrays, given[0], own)
            held.append(_of_row(layer, steps))
            parts = [found]
        elif operation is plan.operations[-1] and asks_odds(operation):
            linear = operation.model_copy(update={"activation": "linear"})
            parts = back(linear, arrays, given, made, own)
        else:
            parts = back(operation, arrays, given, made, own)
        for name, part in zip(operation.of, parts, strict=True):
            slopes[name] = slopes[name] + part if name in slopes else part
    answered = values[plan.operations[-1].name]
    answer = answered.values[0, step % steps] if isinstance(answered, Steps) else answered[0]
    read = values[plan.operations[0].name].values[0].astype(float)
    moved = slopes.get(plan.operations[0].name, np.zeros((1, *read.shape)))[0]
    return Trace(float(answer[column]), held[::-1], moved[:steps], read[:steps])


def _of_row(layer: Held, steps: int) -> Held:
    values = {letter: value[:steps] for letter, value in layer.values.items()}
    return layer._replace(values=values, slopes=layer.slopes[:steps])


def asks_odds(operation: Any) -> bool:
    """Say whether what an operation answers is a probability, whose log-odds have the slopes."""
    return getattr(operation, "activation", None) in ("sigmoid", "softmax")


def _first(plan: Any, values: Any, column: int, step: int) -> Floats:
    """Give the slopes of the answer with the last output, or with its sums if it is a share.

    ::

        sigmoid   log-odds are the sum itself
        softmax   log p_k / (1 - p_k): 1 with z_k, - p_j / (1 - p_k) with another z_j
    """
    made = values[plan.operations[-1].name]
    outputs = np.asarray(made.values if isinstance(made, Steps) else made, np.float64)
    at: Any = (0, step) if isinstance(made, Steps) else 0
    found = np.zeros(outputs.shape)
    if getattr(plan.operations[-1], "activation", None) == "softmax":
        others = np.delete(outputs[at], column).sum()
        found[at] = -outputs[at] / max(others, np.finfo(float).tiny)
    found[(*np.atleast_1d(at).tolist(), column)] = 1.0
    return found


def _through_time(
    network: Network, operation: Recurrent, arrays: Any, x: Steps, slopes: Floats
) -> tuple[Held, Floats]:
    """Take the steps of a layer again, and go back through them; of one row."""
    cell = CELLS[operation.cell]
    weights = Weights(**{name: array.astype(float) for name, array in arrays.items()})
    turn = slice(None, None, -1 if operation.backwards else 1)
    inputs = x.values[0, turn].astype(float)
    there = np.ones(len(inputs), bool) if x.there is None else x.there[0, turn]
    start = tuple(part.astype(float) for part in network.start_of(operation))
    steps = _steps(cell, weights, inputs, start, there)
    said = np.zeros((len(steps), operation.units))
    if operation.every_step:
        said = slopes[0, turn]
    else:
        said[-1] = slopes[0]
    with_h, with_x = _back(cell, weights, steps, said)
    values = {letter: value[turn] for letter, value in _kept(steps).items()}
    held = Held(operation.name, operation.cell, operation.backwards, values, with_h[turn])
    return held, with_x[turn][None]


def _back(cell: Cell, weights: Weights, steps: list[_Step], said: Floats) -> tuple[Floats, Floats]:
    """Go back through steps: the slopes with h after each, and with what each reads.

    Args:
        cell, weights: of the layer.
        steps: that were taken.
        said: (steps, units) slopes with h that come from outside the layer.
    """
    with_h, with_x = np.zeros_like(said), []
    state: Any = tuple(np.zeros((1, said.shape[1])) for _ in range(cell.states))
    for t in reversed(range(len(steps))):
        state = (state[0] + said[t], *state[1:])
        with_h[t] = state[0][0]
        made, x_slopes = steps[t], np.zeros((1, weights.kernel.shape[0]))
        if made.there:
            x_slopes, state = step_back(cell, weights, made.before, made.gates, made.after, state)
        with_x.append(x_slopes[0])
    return with_h, np.array(with_x[::-1])


def trace_cell(name: str, weights: Weights, inputs: Floats, last: Floats) -> tuple[Held, Floats]:
    """Read one sequence with a cell alone, from a state of zeros.

    Args:
        name: of the cell.
        weights: what it has learned.
        inputs: (steps, features).
        last: (units,) slopes of an answer with h after the last step.

    Returns:
        What it holds, and the slopes with what each step is read as, (steps, features).
    """
    cell, units = CELLS[name], len(last)
    wide = Weights(*(None if part is None else part.astype(float) for part in weights))
    start = tuple(np.zeros((1, units)) for _ in range(cell.states))
    steps = _steps(cell, wide, inputs.astype(float), start, np.ones(len(inputs), bool))
    said = np.zeros((len(steps), units))
    said[-1] = last
    with_h, with_x = _back(cell, wide, steps, said)
    return Held(name, name, False, _kept(steps), with_h), with_x
