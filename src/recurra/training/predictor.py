"""What a network says of rows: `predict` for a model, `Predictor` for weights given."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from recurra.arrays import Floats
from recurra.backend import keras
from recurra.training.batches import PREDICTION_ROWS, Inputs, buckets_of, cut, pad_inputs, parts
from recurra.training.variables import NetworkWeights, assign_weights

__all__ = ["Call", "Predictor", "outputs_of", "predict", "stateless"]

Call = Callable[[Any], Any]  # from the inputs of a padded batch to the network's outputs


def predict(model: Any, inputs: Inputs) -> Floats:
    """Give the model's output for each row, in row order.

    Returns:
        (rows,) where the network gives one number a row, (rows, k) where it gives more; where it
        gives k numbers a timestep, (timesteps of all rows, k), as `offsets` of the last input cuts.
    """
    return outputs_of(model.predict_on_batch, inputs)


def outputs_of(call: Call, inputs: Inputs) -> Floats:
    """Give what `predict` gives, of a network that is a function of one padded batch."""
    last = parts(inputs)[-1]
    outputs: Floats = np.empty(len(last))
    for timesteps, rows in cut(buckets_of(inputs), np.arange(len(last)), PREDICTION_ROWS):
        found = np.asarray(call(pad_inputs(inputs, rows, timesteps, PREDICTION_ROWS)))[: len(rows)]
        every_step = found.ndim == 3
        if outputs.ndim == 1 and found.shape[-1] > 1 - every_step:
            outputs = np.empty((last.offsets[-1] if every_step else len(last), found.shape[-1]))
        if not every_step:
            outputs[rows] = found[:, 0] if outputs.ndim == 1 else found
            continue
        inside = np.arange(timesteps[-1]) < last.lengths[rows][:, None]
        outputs[(last.offsets[rows][:, None] + np.arange(timesteps[-1]))[inside]] = found[inside]
    return outputs


class Predictor:
    """A network to be called with weights given: nothing in it changes, so threads may share it.

    Args:
        model: a Keras model; what its variables hold does not matter.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._lock = threading.Lock()
        self._traced: set[Any] = set()
        self._compiled = stateless(model) if keras.backend.backend() == "jax" else None

    def __call__(self, weights: NetworkWeights, inputs: Inputs) -> Floats:
        """Give what `predict` gives for the model with these weights, by variable name."""
        return outputs_of(self.call_with(weights), inputs)

    def call_with(self, weights: NetworkWeights) -> Call:
        """Give the network with these weights as a function of one padded batch."""
        if self._compiled is None:
            return partial(self._assigned, weights)
        # variables that are not weights hold the state of random numbers; prediction draws none
        known = {v.path: weights[v.path] for v in self.model.weights}
        trainable, fixed = (
            [keras.ops.convert_to_tensor(known.get(v.path, v.value)) for v in variables]
            for variables in (self.model.trainable_variables, self.model.non_trainable_variables)
        )
        return partial(self._call, trainable, fixed)

    def _assigned(self, weights: NetworkWeights, arrays: Any) -> Any:
        with self._lock:
            assign_weights(self.model, weights)
            return self.model.predict_on_batch(arrays)

    def _call(self, trainable: list[Any], fixed: list[Any], arrays: Any) -> Any:
        shapes = tuple(array.shape for array in keras.tree.flatten(arrays))
        if shapes in self._traced:
            return self._compiled(trainable, fixed, arrays)  # type: ignore[misc]
        with self._lock:  # a Keras model is traced by one thread at a time
            found = self._compiled(trainable, fixed, arrays)  # type: ignore[misc]
            self._traced.add(shapes)
        return found


def stateless(model: Any) -> Callable[..., Any]:
    """Compile (trainable, fixed, inputs) → outputs; on JAX alone."""
    import jax

    def call(trainable: list[Any], fixed: list[Any], arrays: Any) -> Any:
        return model.stateless_call(trainable, fixed, arrays, training=False)[0]

    compiled: Callable[..., Any] = jax.jit(call)
    return compiled
