"""What each step and channel of a numeric sequence adds to a network's answer.

::

    a       every channel at its mean of training, everywhere      the baseline
    x       the sequence, F the probability of a class, or the number that is said

    adds[t, c] = (x - a)[t, c] ∫₀¹ ∂F(a + α (x - a)) / ∂x[t, c] dα        Σ adds = F(x) - F(a)

The integral is the mean of 64 midpoints; where networks are averaged, so is what each step adds.
Slopes are those of the saved operations: neither Keras nor JAX is needed.

Source: Sundararajan, Taly and Yan, "Axiomatic attribution for deep networks", 2017.
"""

from collections.abc import Sequence

import numpy as np

from recurra.arrays import Floats
from recurra.operations.network import Network
from recurra.operations.tracing import asks_odds, trace
from recurra.sequences import NumberEncoder

__all__ = ["integrated_gradients"]

POINTS = 64  # of the integral, midpoints


def integrated_gradients(
    networks: Sequence[Network], encoder: NumberEncoder, steps: Floats, column: int = 0
) -> Floats:
    """Give what each step and channel adds to an output of networks, from the baseline on.

    Args:
        networks: the members whose mean answers.
        encoder: that says what they read.
        steps: (steps, channels) of the sequence.
        column: which output.

    Returns:
        (steps, channels), in the units of the output.

    Example:
        >>> from recurra import SequenceRegressor
        >>> from recurra.runtime import load
        >>> X = np.random.default_rng(0).normal(size=(30, 8, 1))
        >>> SequenceRegressor("gru", epochs=1).fit(X, X[:, -1, 0]).save(folder := _folder())
        >>> model = load(folder)
        >>> adds = integrated_gradients(model.networks, model.encoder_, X[0])
        >>> said = model._outputs(model.encoder_.encode([X[0], 0 * X[0] + model.encoder_.mean]))
        >>> adds.shape, bool(np.isclose(adds.sum(), said[0] - said[1], atol=1e-4))
        ((8, 1), True)
    """
    way = steps - encoder.mean
    slopes = np.zeros(steps.shape)
    for network in networks:
        share = asks_odds(network.plan.operations[-1])
        for portion in (np.arange(POINTS) + 0.5) / POINTS:
            found = trace(network, encoder.encode([encoder.mean + portion * way]), column=column)
            # a trace has slopes of the log-odds: ∂p = p (1 - p) ∂ log p / (1 - p)
            slopes += found.slopes * (found.answer * (1 - found.answer) if share else 1.0)
    adds: Floats = way / encoder.scale * slopes / (POINTS * len(networks))
    return adds


def _folder() -> str:
    from tempfile import mkdtemp

    return f"{mkdtemp()}/model"
