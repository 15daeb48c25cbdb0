"""Call the native kernels with right and wrong arrays; a process of its own, since one may crash.

::

    for many draws: sizes, a kernel, its arrays as they must be
        most times: change one argument or result (a size, an axis, the type)
        what fits must run, what does not must be refused in words

`fits` asks nothing of the kernels: it lists the arrays anew from the sizes that x and h, or the
table, have now.

    python tests/shapes_at_random.py 10000 [a library, built with sanitizers]
"""

import math
import random
import sys
from pathlib import Path

import jax
import numpy as np

from recurra.cells import CELLS, Weights, bias_shape
from recurra.kernels import cpu

NOTHING = (0,)


def recurrent(cell, back, batch, timesteps, features, units):
    """List the shapes and types of a recurrence, or of its way back; of some there are two."""
    columns, state = cell.gates * units, (batch, units)
    carry = state if cell.states == 2 else NOTHING
    bias = bias_shape(cell, columns)
    outputs = [(batch, timesteps, units), NOTHING]
    learned = [(features, columns), (units, columns), bias]
    given = [(batch, timesteps, features), state, carry, *learned]
    rest = [
        [(batch, timesteps), NOTHING],
        [(batch, cell.gates, units + features), NOTHING],
    ]
    ends = [state, carry]
    number = [(2,)] if back else [(2,), NOTHING]
    arguments = [*given, *rest, *([number, outputs, *ends] if back else [])]
    results = given if back else [outputs, *ends, number]
    types = ["float32"] * 6 + ["bool", "float32"]
    types += ["uint32"] + ["float32"] * 9 if back else ["float32"] * 3 + ["uint32"]
    choices = [c if isinstance(c, list) else [c] for c in (*arguments, *results)]
    return [[(shape, kind) for shape in c] for c, kind in zip(choices, types, strict=True)]


def table(back, rows, features, codes):
    """List those of reading rows of a table, or of the way back."""
    of_table, of_codes = ((rows, features), "float32"), (codes, "int32")
    of_rows = ((*codes, features), "float32")
    return [[a] for a in ((of_codes, of_rows, of_table) if back else (of_table, of_codes, of_rows))]


def adam(shape):
    """List those of a step of Adam."""
    same = [(shape, "float32")]
    return [same] * 4 + [[((), "float32")]] + [same] * 3


def drawn(draw):
    """Draw a kernel: its name, number of arguments, attributes, and what its arrays must be."""
    kind, back, small = draw.randrange(5), draw.random() < 0.5, lambda: draw.randrange(4)
    if kind == 0:
        arrays = table(back, small(), small(), tuple(small() for _ in range(small())))
        return f"recurra_{'scatter' if back else 'gather'}", 2, {}, arrays
    if kind == 1:
        rates = dict.fromkeys(("toward_gradient", "toward_square", "epsilon"), np.float32(0.1))
        return "recurra_adam", 5, rates, adam(tuple(small() for _ in range(small())))
    cell = draw.choice(list(CELLS.values()))
    attributes = {"cell": cell.name, "go_backwards": draw.random() < 0.5}
    arrays = recurrent(cell, back, small(), small(), small(), draw.choice([1, 2, 9, 33]))
    return f"recurra_{'backward' if back else 'forward'}", 12 if back else 8, attributes, arrays


def changed(draw, array):
    """Change a size, an axis or the type of an array."""
    shape, kind = list(array[0]), array[1]
    what = draw.randrange(4) if shape else 1
    place = draw.randrange(len(shape)) if shape else 0
    if what == 0:
        del shape[place]
    elif what == 1:
        shape.insert(place, draw.randrange(3))
    elif what == 2:
        kind = draw.choice(["float32", "int32", "uint32", "bool", "float16"])
    else:
        shape[place] = draw.choice([0, 1, shape[place] + 1, 2 * shape[place], 100])
    return tuple(shape), kind


def fits(target, attributes, arrays):
    """Say whether these arrays are right for the sizes they have."""
    first, second = arrays[0][0], arrays[1][0]
    if target == "recurra_adam":
        right = adam(first)
    elif target == "recurra_gather":
        right = len(first) == 2 and table(False, *first, second)
    elif target == "recurra_scatter":
        right = len(arrays[2][0]) == 2 and table(True, *arrays[2][0], first)
    elif len(first) != 3 or len(second) != 2 or second[1] == 0:
        return False
    else:
        cell = CELLS[attributes["cell"]]
        right = recurrent(cell, target == "recurra_backward", *first, second[1])
    return bool(right) and all(a in r for a, r in zip(arrays, right, strict=False))


def refusal(target, count, attributes, arrays):
    """Call a kernel itself; give its words if it refuses."""
    made = [np.ones(*array) for array in arrays[:count]]
    results = [jax.ShapeDtypeStruct(*array) for array in arrays[count:]]
    try:
        jax.block_until_ready(jax.ffi.ffi_call(target, results)(*made, **attributes))
    except jax.errors.JaxRuntimeError as error:
        return str(error)
    return None


def refusal_of_run(attributes, arrays):
    """Call what stands before the kernel; give its words if it refuses."""
    cell = CELLS[attributes["cell"]]
    x, h, c, kernel, recurrent_kernel, bias, mask, keep = (np.ones(*a) for a in arrays[:8])
    state = (h,) if c.shape == NOTHING else (h, c)
    try:
        cpu.run(
            cell,
            x,
            state,
            Weights(kernel, recurrent_kernel, bias),
            mask=None if mask.shape == NOTHING else mask,
            keep=None if keep.shape == NOTHING else keep,
        )
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def main(draws):
    """Try so many; print how many were run and how many refused."""
    assert cpu.missing() is None
    draw, ran, refused = random.Random(7), 0, 0
    for number in range(draws):
        if number % 500 == 499:
            jax.clear_caches()  # what was compiled for these shapes is not needed again
        target, count, attributes, choices = drawn(draw)
        arrays = [draw.choice(choice) for choice in choices]
        if draw.random() < 0.75:
            place = draw.randrange(len(arrays))
            arrays[place] = changed(draw, arrays[place])
        if not any(math.prod(shape) for shape, _ in arrays[count:]):
            continue  # no number is asked for: XLA may leave the call out
        said = refusal(target, count, attributes, arrays)
        case = f"{number}: {target} {attributes} {arrays}: {said}"
        if fits(target, attributes, arrays):
            assert said is None, f"refused although it fits: {case}"
            ran += 1
        else:
            assert said is not None, f"run although it does not fit: {case}"
            assert "INVALID_ARGUMENT" in said, case
            assert "must be" in said, case
            refused += 1
        if target == "recurra_forward":
            # `run` makes bool of any mask, and takes None for what is (0,) here
            arrays[6] = (arrays[6][0], "bool")
            for place in (2, 7):
                arrays[place] = (
                    (NOTHING, "float32") if arrays[place][0] == NOTHING else arrays[place]
                )
            said = refusal_of_run(attributes, arrays)
            assert (said is None) == fits(target, attributes, arrays[:count]), said or case
    print(f"{ran} calls that fit have run, {refused} that do not were refused")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        cpu.LIBRARY = Path(sys.argv[2])
    main(int(sys.argv[1]))
