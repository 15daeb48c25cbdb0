"""Layers that read words with their spelling, which Keras does not have."""

from typing import Any

from recurra.backend import keras
from recurra.layers import rows_of

__all__ = ["MaskedMaxMeanPooling1D", "SubwordEmbedding"]

ops = keras.ops


class SubwordEmbedding(keras.layers.Layer):  # type: ignore[misc]
    """Give each token the mean of the vectors of its word and its pieces.

    ::

        output[b, t] = Σ_k [id_k ≠ 0] table[id_k] / Σ_k [id_k ≠ 0]        id = inputs[b, t]

    In training a token is made an unknown word with probability `word_dropout`, and each of its
    ids is left out of the mean with probability `id_dropout`. A step whose ids are all 0 is
    padding and masked. The idea is that of Bojanowski et al., "Enriching Word Vectors with Subword
    Information" (2017).

    Args:
        size: the number of different ids; 0 is padding and 1 the unknown word.
        units: the length of a vector.
        id_dropout: a probability.
        word_dropout: a probability.

    Call with (batch, timesteps, ids) int32, or (batch, timesteps) where each token has one id;
    gives (batch, timesteps, units).
    """

    def __init__(
        self,
        size: int,
        units: int,
        *,
        id_dropout: float = 0.0,
        word_dropout: float = 0.0,
        **layer: Any,
    ) -> None:
        super().__init__(**layer)
        self.size, self.units = size, units
        self.id_dropout, self.word_dropout = id_dropout, word_dropout
        self.seed = keras.random.SeedGenerator()

    def build(self, input_shape: Any) -> None:
        """Make the table."""
        self.table = self.add_weight(
            shape=(self.size, self.units), initializer="uniform", name="table"
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Look up and average."""
        ids = inputs if len(inputs.shape) == 3 else inputs[..., None]
        if training and self.word_dropout:
            lost = keras.random.uniform(ops.shape(ids[..., :1]), seed=self.seed) < self.word_dropout
            word = ops.cast(ops.arange(ids.shape[-1]) == 0, ids.dtype)
            ids = ops.where(lost, word * ops.cast(ids[..., :1] != 0, ids.dtype), ids)
        if ids.shape[-1] == 1 and not self.id_dropout:
            return rows_of(self.table, ids[..., 0])
        share = ops.cast(ids != 0, self.compute_dtype)
        if training and self.id_dropout:
            kept = keras.random.uniform(ops.shape(ids), seed=self.seed) >= self.id_dropout
            share = share * ops.cast(kept, share.dtype)
        share = share / ops.maximum(ops.sum(share, axis=-1, keepdims=True), 1.0)
        return ops.einsum("btk,btku->btu", share, rows_of(self.table, ids))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """Mark the steps that are not padding."""
        return ops.any(inputs != 0, axis=-1) if len(inputs.shape) == 3 else inputs != 0


class MaskedMaxMeanPooling1D(keras.layers.Layer):  # type: ignore[misc]
    """Give the maximum and the mean over the steps that are not masked, side by side.

    Call with (batch, timesteps, units); gives (batch, 2 units), all 0 where every step is masked.
    """

    def __init__(self, **layer: Any) -> None:
        super().__init__(**layer)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Pool."""
        if mask is None:
            mask = ops.ones(ops.shape(inputs)[:2], "bool")
        there = ops.cast(mask, inputs.dtype)[..., None]
        most = ops.max(ops.where(there > 0, inputs, -1e9), axis=1) * ops.max(there, axis=1)
        mean = ops.sum(inputs * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
        return ops.concatenate([most, mean], axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """The steps are gone, and their mask with them."""
