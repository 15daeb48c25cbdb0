"""Layers that know which timesteps are there.

A numeric sequence has no number to spare for padding, so its last column says what is there.
"""

from typing import Any

from recurra.backend import keras

__all__ = ["LastColumnMask", "LastStep", "MaskedConv1D", "MeanOfSteps"]

ops = keras.ops


class LastColumnMask(keras.layers.Layer):  # type: ignore[misc]
    """Take off the last column, and make the mask of it.

    Call with (batch, timesteps, features + 1); gives (batch, timesteps, features).
    """

    def call(self, inputs: Any) -> Any:
        """Give the features."""
        return inputs[..., :-1]

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Mark the steps whose last column is not 0."""
        return inputs[..., -1] > 0


class LastStep(keras.layers.Layer):  # type: ignore[misc]
    """Give the last step that is there, 0 where none is.

    Call with (batch, timesteps, units); gives (batch, units).
    """

    def __init__(self, **layer: Any) -> None:
        super().__init__(**layer)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Choose."""
        if mask is None:
            return inputs[:, -1]
        there = ops.cast(mask, inputs.dtype)
        last = there * ops.cast(ops.cumsum(there, axis=1) == ops.sum(there, 1, True), inputs.dtype)
        return ops.sum(inputs * last[..., None], axis=1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """The steps are gone, and their mask with them."""


class MeanOfSteps(LastStep):
    """Give the mean of the steps that are there: a bag of them, without order."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Average."""
        if mask is None:
            return ops.mean(inputs, axis=1)
        there = ops.cast(mask, inputs.dtype)[..., None]
        return ops.sum(inputs * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)


class MaskedConv1D(keras.layers.Conv1D):  # type: ignore[misc]
    """A causal `Conv1D`: step t sees t - size + 1 .. t, so padding at the end reaches no step."""

    def __init__(self, filters: int, kernel_size: int, **layer: Any) -> None:
        super().__init__(filters, kernel_size, padding="causal", **layer)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The steps stay as many as they were."""
        return mask
