"""Which stretches of a numeric sequence moved an answer: each takes the mean of training in turn.

::

    effect[stretch, channel] = score(x) - score(x, the channel at its mean in these steps)
    effect[channel]          = score(x) - score(x, the channel at its mean everywhere)

The score is the probability of the class decided for, or the number that is said. Whatever answers
can be asked so, a network or a baseline. What two stretches do together is not seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.sequences import Ragged

__all__ = ["Stretches", "stretches_of"]

MOST_STRETCHES, MOST_ASKED = 24, 1200  # of a channel; of all, so that long answers end


@dataclass(frozen=True)
class Stretches:
    """What moved an answer.

    Args:
        score: of the sequence as it is.
        edges: (stretches + 1,) the step at which each begins, and the end.
        effects: (stretches, channels) how far the score falls.
        channels: (channels,) how far it falls where a channel says nothing at all.
    """

    score: float
    edges: Rows
    effects: Floats
    channels: Floats

    def strongest(self, most: int) -> list[tuple[int, int, int, float]]:
        """Give the stretches that move it most: first step, last step, channel, effect."""
        order = np.argsort(-np.abs(self.effects), axis=None, kind="stable")[:most]
        found = []
        for flat in order.tolist():
            stretch, channel = divmod(flat, self.effects.shape[1])
            first, end = int(self.edges[stretch]), int(self.edges[stretch + 1])
            found.append((first, end - 1, channel, float(self.effects[stretch, channel])))
        return found


def stretches_of(score: Callable[[Ragged], Floats], steps: Floats, means: Floats) -> Stretches:
    """Ask again with each stretch of each channel, and each whole channel, at its mean.

    Args:
        score: from sequences to their scores, (sequences,).
        steps: (steps, channels) of the sequence.
        means: (channels,) of training.

    Example:
        >>> last = lambda rows: np.array([row[-1, 0] for row in _rows(rows)])
        >>> found = stretches_of(last, np.arange(8.0)[:, None], np.zeros(1))
        >>> found.score, found.strongest(1), found.channels.tolist()
        (7.0, [(7, 7, 0, 7.0)], [7.0])
    """
    length, channels = steps.shape
    count = max(1, min(length, MOST_STRETCHES, MOST_ASKED // channels))
    edges = np.linspace(0, length, count + 1).round().astype(np.int64)
    asked = [steps]
    for first, end in pairwise(edges.tolist()):
        for channel in range(channels):
            asked.append(steps.copy())
            asked[-1][first:end, channel] = means[channel]
    for channel in range(channels):
        asked.append(steps.copy())
        asked[-1][:, channel] = means[channel]
    scores = score(Ragged.of_numbers(asked))
    falls = scores[0] - scores[1:]
    cut = count * channels
    return Stretches(float(scores[0]), edges, falls[:cut].reshape(count, channels), falls[cut:])


def _rows(rows: Ragged) -> list[Floats]:
    return np.split(rows.timesteps(), rows.offsets[1:-1])
