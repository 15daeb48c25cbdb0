"""What the variables of a network hold: drawn from a seed, read, and set."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from recurra.arrays import Array
from recurra.backend import keras
from recurra.stored import WEIGHT, Numbers

__all__ = ["NetworkWeights", "assign", "assign_weights", "needed_weights", "seeded", "values_of"]

NetworkWeights = dict[str, Array]  # by the path of the variable

_drawing = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let Keras draw its initial weights and dropout seeds from `seed`; restore Python's after.

    Keras takes every seed that is not given from Python's `random`, which all threads share: so
    one thread at a time, and whatever is built in another is built within this, too.
    """
    with _drawing:
        state = random.getstate()
        random.seed(seed)
        try:
            yield
        finally:
            random.setstate(state)


def values_of(variables: Sequence[Any]) -> list[Array]:
    """Give a copy of what variables hold: the next step may reuse their memory."""
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Put values into variables, in order."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def assign_weights(network: Any, weights: NetworkWeights) -> None:
    """Put weights, by variable name, into a network."""
    for variable in network.weights:
        variable.assign(weights[variable.path])


def needed_weights(build: Callable[[], Any]) -> dict[str, Numbers]:
    """Give what the weights of a network must be, by variable name.

    On JAX no room is made for them: what takes terabytes is told as fast as what takes none.
    """
    needed: dict[str, Numbers] = {}

    def trace() -> tuple[()]:
        for weight in build().weights:
            shape = tuple(weight.shape)
            needed[weight.path] = Numbers(shape, -WEIGHT, WEIGHT, (str(weight.dtype),))
        return ()

    with seeded(0):
        if keras.backend.backend() == "jax":
            import jax

            jax.eval_shape(trace)
        else:
            trace()
    return needed
