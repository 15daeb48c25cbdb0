"""One long sequence, read in pieces as it comes."""

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.arrays import Array
from recurra.backend import keras
from recurra.models import streaming
from recurra.training import NetworkWeights, Predictor, assign_weights, bucket_of

if TYPE_CHECKING:
    from recurra.estimators.sequence import SequenceEstimator

__all__ = ["Stream"]


class Stream:
    """One long sequence, read in pieces; between them only the states are kept.

    Example:
        >>> import numpy as np
        >>> from recurra import SequenceRegressor
        >>> X = np.random.default_rng(0).normal(size=(30, 8, 1))
        >>> model = SequenceRegressor("gru", epochs=1).fit(X, X[:, -1, 0])
        >>> stream = model.stream()
        >>> answers = np.concatenate([stream.push(X[0, :3]), stream.push(X[0, 3:])])
        >>> bool(np.allclose(answers[-1], model.predict(X[:1])[0], atol=1e-5))
        True
    """

    def __init__(self, estimator: "SequenceEstimator") -> None:
        predictor = Predictor(streaming(estimator.build()))
        self._estimator = estimator
        self._calls = [predictor.call_with(weights) for weights in estimator.weights_]
        self.states = [_first_states(predictor.model, weights) for weights in estimator.weights_]

    def push(self, piece: Any) -> Any:
        """Read a piece, of any length; give the answer after each of its steps."""
        sequences = self._estimator._encode([piece])
        steps = len(sequences.codes)
        padded = sequences.pad(np.array([0]), int(bucket_of(np.array([steps]))[0]))
        if padded.dtype == np.int32 and padded.shape[2] == 1:
            padded = padded[..., 0]
        answers = []
        for member, call in enumerate(self._calls):
            given = [padded, *self.states[member]]
            found, *states = keras.tree.flatten(call(given if self.states[member] else padded))
            answers.append(np.asarray(found, np.float64)[0, :steps])
            self.states[member] = [np.asarray(state) for state in states]
        return self._estimator._answer(np.mean(answers, axis=0))


def _first_states(network: Any, weights: NetworkWeights) -> list[Array]:
    """Give the states in which the recurrent layers of a network begin, in their order."""
    assign_weights(network, weights)
    recurrent = [layer for layer in network.layers if isinstance(layer, keras.layers.RNN)]
    states = [state for layer in recurrent for state in layer.get_initial_state(batch_size=1)]
    return [keras.ops.convert_to_numpy(state) for state in states]
