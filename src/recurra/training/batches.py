"""From rows to padded batches of few shapes: length buckets, and the batches of one epoch.

::

    bucket of a row   the next power of two from its length up, at least 16
    batch             rows of one bucket, padded to it; missing rows are padding that weighs nothing
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np

from recurra.arrays import Array, Floats32, Rows
from recurra.backend import keras
from recurra.sequences import Inputs, Ragged, bucket_of

__all__ = [
    "PREDICTION_ROWS",
    "Batch",
    "EpochBatches",
    "Example",
    "Inputs",
    "Taught",
    "bucket_of",
    "buckets_of",
    "cut",
    "joined",
    "pad_inputs",
    "padded",
    "parts",
]

Batch = tuple[Any, Array, Array]  # inputs, targets, weights

LITTLE_PADDING = 1 << 17  # timesteps
PREDICTION_ROWS = 64  # always: a row's score is then the same bits whatever stands beside it


class Taught(Protocol):
    """Rows that a network is taught, and how they become batches."""

    def __len__(self) -> int:
        """Count the rows."""

    def take(self, rows: Rows) -> Self:
        """Give the chosen rows."""

    def batches(self, order: Rows, size: int) -> list[tuple[list[int], Rows]]:
        """Cut rows, in the order given, into (padded lengths, rows) of one bucket each."""

    def pad(self, rows: Rows, timesteps: Sequence[int], size: int) -> Batch:
        """Give inputs, targets and weights of `size` rows; those that are missing weigh nothing."""


@dataclass(frozen=True)
class Example:
    """Sequences with their targets and weights, all in row order.

    Args:
        inputs: one `Ragged`, or one for each input of the network (an encoder–decoder has two).
        targets: (rows,) or (rows, k) float32; or, for a target at every timestep of the last
            input, a `Ragged` as long as it: one int32 column of classes, or k float32 columns.
        weights: (rows,) how much each row counts.
        few_shapes: whether buckets of few rows join the next longer one: every shape of a batch is
            compiled, which takes as long as many steps.
    """

    inputs: Inputs
    targets: Floats32 | Ragged
    weights: Floats32
    few_shapes: bool = False

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, rows: Rows) -> "Example":
        """Give the chosen rows."""
        targets = self.targets
        return Example(
            tuple(part.take(rows) for part in parts(self.inputs)),
            targets.take(rows) if isinstance(targets, Ragged) else targets[rows],
            self.weights[rows],
            self.few_shapes,
        )

    def arrays(self) -> list[Array]:
        """Give all that it holds, for a fingerprint."""
        ragged = [*parts(self.inputs)]
        ragged += [self.targets] if isinstance(self.targets, Ragged) else []
        plain = [] if isinstance(self.targets, Ragged) else [self.targets]
        return [self.weights, *plain, *(array for part in ragged for array in part.arrays())]

    def batches(self, order: Rows, size: int) -> list[tuple[list[int], Rows]]:
        """Cut rows, in the order given, into (padded length of each input, rows)."""
        buckets = buckets_of(self.inputs)
        return cut((joined(buckets) if self.few_shapes else buckets)[order], order, size)

    def pad(self, rows: Rows, timesteps: Sequence[int], size: int) -> Batch:
        """Give inputs, targets and weights of `size` rows; what is padding weighs nothing."""
        inputs = pad_inputs(self.inputs, rows, timesteps, size)
        weights = np.zeros(size, np.float32)
        weights[: len(rows)] = self.weights[rows]
        given = self.targets
        if isinstance(given, Ragged):
            inside = np.zeros((size, timesteps[-1]), np.float32)
            inside[: len(rows)] = np.arange(timesteps[-1]) < given.lengths[rows][:, None]
            return inputs, padded(given, rows, timesteps[-1], size), weights[:, None] * inside
        targets = np.zeros((size, *(given.shape[1:] or (1,))), np.float32)
        targets[: len(rows)] = given[rows].reshape(len(rows), -1)
        return inputs, targets, weights


def parts(inputs: Inputs) -> tuple[Ragged, ...]:
    """Give the inputs as a tuple, also when there is only one."""
    return (inputs,) if isinstance(inputs, Ragged) else inputs


def buckets_of(inputs: Inputs) -> Rows:
    """Give the padded length of each input of each row, (rows, inputs)."""
    return np.stack([bucket_of(part.lengths) for part in parts(inputs)], axis=1)


def joined(buckets: Rows) -> Rows:
    """Let the rows of a bucket join the next longer one, where that adds little padding.

    Args:
        buckets: (rows, inputs) padded lengths; the first is that which changes.

    Example:
        >>> joined(np.repeat([16, 32, 4096], [5, 40, 90])[:, None])[::30, 0].tolist()
        [32, 32, 4096, 4096, 4096]
    """
    found = buckets.copy()
    lengths = np.unique(found[:, 0])
    for length, longer in pairwise(lengths.tolist()):
        here = found[:, 0] == length
        if here.sum() * (longer - length) <= LITTLE_PADDING:
            found[here, 0] = longer
    return found


def cut(buckets: Rows, order: Rows, size: int) -> list[tuple[list[int], Rows]]:
    """Cut rows into batches of one bucket each, within a bucket in the order given.

    Args:
        buckets: (rows, k) padded lengths, powers of two, of the rows in their order.
        order: (rows,) the rows.
        size: the most rows of a batch.

    Returns:
        The k padded lengths and the rows of each batch, the shortest first.

    Example:
        >>> lengths = np.array([[16], [32], [16], [16]])
        >>> [(t, rows.tolist()) for t, rows in cut(lengths, np.array([7, 5, 3, 1]), 2)]
        [([16], [7, 3]), ([16], [1]), ([32], [5])]
    """
    shapes = np.ravel_multi_index(np.log2(buckets).astype(int).T, (64,) * buckets.shape[1])
    batches = []
    for shape in np.unique(shapes):
        here = np.flatnonzero(shapes == shape)
        timesteps, rows = buckets[here[0]].tolist(), order[here]
        batches += [(timesteps, rows[i : i + size]) for i in range(0, len(rows), size)]
    return batches


def padded(sequences: Ragged, rows: Rows, timesteps: int, size: int) -> Array:
    """Give (size, timesteps[, features]); missing rows are all padding.

    Integers of one column lose that axis, as Keras' embeddings want them.
    """
    table = sequences.table
    full = np.zeros((size, timesteps, table.shape[1]), table.dtype)
    full[: len(rows)] = sequences.pad(rows, timesteps)
    return full[..., 0] if table.shape[1] == 1 and table.dtype == np.int32 else full


def pad_inputs(inputs: Inputs, rows: Rows, timesteps: Sequence[int], size: int) -> Any:
    """Give the padded array of the one input, or a list of those of all."""
    arrays = [padded(p, rows, t, size) for p, t in zip(parts(inputs), timesteps, strict=True)]
    return arrays[0] if len(arrays) == 1 else arrays


class EpochBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """The batches of one epoch, every one of `size` rows: one compiled shape a bucket.

    Args:
        taught: the rows.
        size: of a batch.
        rng: draws the order of the rows, then that of the batches.
        visits: how many times each row is visited.
    """

    def __init__(
        self, taught: Taught, size: int, rng: np.random.Generator, visits: int = 1
    ) -> None:
        super().__init__()
        self.taught, self.size = taught, size
        order = np.concatenate([rng.permutation(len(taught)) for _ in range(visits)])
        self.batches = taught.batches(order, size)
        rng.shuffle(self.batches)

    def __len__(self) -> int:
        return len(self.batches)

    def __getitem__(self, index: int) -> Batch:
        timesteps, rows = self.batches[index]
        return self.taught.pad(rows, timesteps, self.size)
