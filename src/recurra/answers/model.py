"""What answers share: rows are encoded, networks give outputs, and these are told in words.

::

    answer(X) = told(outputs(encode(X)))

An estimator that was fitted here has its networks in Keras; a model read from its bundle runs them
without. What is told of their outputs is the same code.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra.arrays import Array, Floats
from recurra.bundle import Bundle
from recurra.operations.network import Network
from recurra.sequences import Inputs, Ragged
from recurra.stored import Numbers
from recurra.text import TextEncoder

__all__ = ["FittedModel", "Stream"]


class FittedModel:
    """A model that was fitted, whichever way its networks run; a subclass says what it tells."""

    encoder_: Any

    def _check_fitted(self) -> None:
        """Refuse to answer before it was fitted."""
        raise NotImplementedError

    def _encode(self, X: Any) -> Inputs:
        """Check rows, and give what the networks read."""
        raise NotImplementedError

    def _outputs(self, inputs: Inputs) -> Floats:
        """Give the output for each row (or timestep), the mean over the members."""
        raise NotImplementedError

    def _answer(self, outputs: Floats) -> Any:
        """Give what a user is told of the outputs at some steps, (steps, k)."""
        raise NotImplementedError

    def _check_streams(self) -> None:
        """Refuse to read a sequence in pieces, where the answer needs the whole."""

    def _arrays_beside(self) -> dict[str, Array]:
        """Give what arrays are saved beside those of the networks."""
        return {}

    def _needed_beside(self) -> dict[str, Numbers]:
        """Give what those arrays must be."""
        return {}

    def _restore(self, bundle: Bundle) -> None:
        """Take back of a bundle what was learnt beside the weights, if it is what they need."""
        raise NotImplementedError


class Stream:
    """One long sequence, read in pieces; between them only the states are kept.

    Args:
        model: that reads it.
        networks: its members.

    Raises:
        SettingsError: the network looks ahead, so its answer needs the whole sequence.

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

    def __init__(self, model: FittedModel, networks: Sequence[Network]) -> None:
        model._check_streams()
        self._model, self._streams = model, [network.stream() for network in networks]

    @property
    def states(self) -> list[Any]:
        """The states of each member, which may be stored and set on another stream."""
        return [dict(stream.states) for stream in self._streams]

    @states.setter
    def states(self, states: Sequence[Any]) -> None:
        for stream, kept in zip(self._streams, states, strict=True):
            stream.states = dict(kept)

    def push(self, piece: Any) -> Any:
        """Read a piece, of any length; give the answer after each of its steps or tokens."""
        return self._model._answer(self.outputs(piece))

    def outputs(self, piece: Any) -> Floats:
        """Read a piece; give the outputs of the networks after each step, (steps, k)."""
        encoder = self._model.encoder_
        if isinstance(piece, str) and isinstance(encoder, TextEncoder):
            steps = encoder.encode_tokens([encoder.all_tokens(piece)]).timesteps()
        else:
            given = self._model._encode([piece])
            assert isinstance(given, Ragged)  # what begins elsewhere is not read in pieces
            steps = given.timesteps()
        mean: Floats = np.mean([stream.push(steps) for stream in self._streams], axis=0)
        return mean
