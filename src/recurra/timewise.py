"""Layers that know which timesteps are there.

A numeric sequence has no number to spare for padding, so its last column says what is there.
"""

from typing import Any

from recurra.backend import keras

__all__ = ["LastColumnMask", "LastStep", "MaskedConv1D", "MeanOfSteps", "Start"]

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
    """A `Conv1D` that padding at the end does not reach: whatever stands there, steps say the same.

    ::

        causal    step t sees t - size + 1 .. t
        same      step t sees about size / 2 steps on both sides; steps that are not there are 0
    """

    def __init__(
        self, filters: int, kernel_size: int, padding: str = "causal", **layer: Any
    ) -> None:
        super().__init__(filters, kernel_size, padding=padding, **layer)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Convolve the steps that are there."""
        if mask is not None and self.padding == "same":
            inputs = inputs * ops.cast(mask, inputs.dtype)[..., None]
        return super().call(inputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The steps stay as many as they were."""
        return mask


class Start(keras.layers.Layer):  # type: ignore[misc]
    """Give where a row begins: the first step of what is known of it before it is read.

    In training a row begins at 0 with probability `rate`, so that the network learns to answer by
    itself, too: from a good start alone, little is left to learn from.

    Args:
        rate: a probability.

    Call with (batch, timesteps, numbers); gives (batch, numbers).
    """

    def __init__(self, rate: float, **layer: Any) -> None:
        super().__init__(**layer)
        self.rate = rate
        self.seed = keras.random.SeedGenerator()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Take the first step."""
        first = inputs[:, 0]
        if not training or not self.rate:
            return first
        kept = keras.random.uniform(ops.shape(first[:, :1]), seed=self.seed) >= self.rate
        return first * ops.cast(kept, first.dtype)
