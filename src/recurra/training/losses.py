"""What training minimises, and its mean over rows, which says which epoch is best."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Array, Floats
from recurra.backend import keras
from recurra.sequences import Ragged
from recurra.training.batches import Example

__all__ = ["Loss", "log_losses", "mean_loss", "quantile_loss"]

Loss = str | Callable[[Any, Any], Any]  # Keras' name, or a function (targets, outputs) → losses


def quantile_loss(levels: Sequence[float]) -> Callable[[Any, Any], Any]:
    """Give the pinball loss of predictions of quantiles, one column a level.

    ::

        loss = mean_k max(level_k (y_k - p_k), (level_k - 1) (y_k - p_k))
    """

    def quantile(truth: Any, predicted: Any) -> Any:
        above = keras.ops.cast(truth, predicted.dtype) - predicted
        level = keras.ops.convert_to_tensor(np.asarray(levels, np.float32))
        return keras.ops.mean(keras.ops.maximum(level * above, (level - 1) * above), axis=-1)

    return quantile


def mean_loss(loss: Loss, example: Example, outputs: Floats) -> float:
    """Give the weighted mean of a loss over the rows, or timesteps, of an example.

    Args:
        loss: which.
        example: targets and weights; those of a row count for each of its timesteps.
        outputs: what the network says of them, as `predict` gives it.
    """
    targets, weights = example.targets, example.weights
    if isinstance(targets, Ragged):
        weights = np.repeat(weights, targets.lengths)
        targets = targets.table[targets.codes]
        targets = targets[:, 0] if targets.dtype == np.int32 else targets
    losses = log_losses if loss == "binary_crossentropy" else _of_keras(loss)
    return float(np.average(losses(targets, outputs), weights=weights))


def log_losses(targets: Array, scores: Floats) -> Floats:
    """Give -target log(score) - (1 - target) log(1 - score) of each row, in float64.

    Example:
        >>> log_losses(np.array([1.0, 0.0]), np.array([0.5, 0.5])).round(4).tolist()
        [0.6931, 0.6931]
    """
    p, targets = np.clip(scores, 1e-7, 1 - 1e-7), targets.reshape(scores.shape)
    losses: Floats = -targets * np.log(p) - (1 - targets) * np.log(1 - p)
    return losses if losses.ndim == 1 else losses.mean(1)


def _of_keras(loss: Loss) -> Callable[[Array, Floats], Array]:
    """Give Keras' loss as a function of arrays; of one output a row, too."""
    function = keras.losses.get(loss)

    def losses(targets: Array, outputs: Floats) -> Array:
        if outputs.ndim == 1:
            outputs, targets = outputs[:, None], targets.reshape(-1, 1)
        found: Array = keras.ops.convert_to_numpy(function(targets, outputs.astype(np.float32)))
        return found

    return losses
