"""Which stretches of a numeric sequence moved an answer, by occlusion or by integrated gradients.

::

    effect[stretch, channel] = score(x) - score(x, the channel at its mean in these steps)
    effect[channel]          = score(x) - score(x, the channel at its mean everywhere)

The score is the probability of the class decided for, or the number that is said. Whatever answers
can be asked so, a network or a baseline. What two stretches do together is not seen. By gradients,
an effect is the sum of what the steps of a stretch add (`recurra.answers.gradients`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.sequences import Ragged

__all__ = ["Stretches", "stretches_of", "summed"]

MOST_STRETCHES, MOST_ASKED = 24, 1200  # of a channel; of all, so that long answers end


@dataclass(frozen=True)
class Stretches:
    """What moved an answer.

    Args:
        score: of the sequence as it is.
        edges: (stretches + 1,) the step at which each begins, and the end.
        effects: (stretches, channels) how far the score falls.
        channels: (channels,) how far it falls where a channel says nothing at all.
        baseline: of gradients, the score with all channels at their means: effects add up to the
            score less this; None of occlusion.
    """

    score: float
    edges: Rows
    effects: Floats
    channels: Floats
    baseline: float | None = None

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
    edges = _edges(length, channels)
    count = len(edges) - 1
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


def summed(score: float, baseline: float, adds: Floats) -> Stretches:
    """Give what the steps of each stretch add together.

    Args:
        score: of the sequence.
        baseline: the score with every channel at its mean.
        adds: (steps, channels) what each adds.

    Example:
        >>> found = summed(3.0, 1.0, np.array([[0.5], [1.5]]))
        >>> found.effects.tolist(), found.channels.tolist()
        ([[0.5], [1.5]], [2.0])
    """
    edges = _edges(*adds.shape)
    effects = np.add.reduceat(adds, edges[:-1], axis=0)
    return Stretches(score, edges, effects, adds.sum(axis=0), baseline)


def _edges(length: int, channels: int) -> Rows:
    count = max(1, min(length, MOST_STRETCHES, MOST_ASKED // channels))
    edges: Rows = np.linspace(0, length, count + 1).round().astype(np.int64)
    return edges


def _rows(rows: Ragged) -> list[Floats]:
    return np.split(rows.timesteps(), rows.offsets[1:-1])
