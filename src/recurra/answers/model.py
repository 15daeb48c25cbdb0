"""What answers share: rows are encoded, networks give outputs, and these are told in words.

::

    answer(X) = told(outputs(encode(X)))

An estimator that was fitted here has its networks in Keras; a model read from its bundle runs them
without. What is told of their outputs is the same code.
"""

from typing import Any

from recurra.arrays import Floats
from recurra.bundle import Bundle
from recurra.sequences import Ragged

__all__ = ["FittedModel"]


class FittedModel:
    """A model that was fitted, whichever way its networks run; a subclass says what it tells."""

    encoder_: Any

    def _check_fitted(self) -> None:
        """Refuse to answer before it was fitted."""
        raise NotImplementedError

    def _encode(self, X: Any) -> Ragged:
        """Check rows, and give what the networks read."""
        raise NotImplementedError

    def _outputs(self, inputs: Ragged) -> Floats:
        """Give the output for each row (or timestep), the mean over the members."""
        raise NotImplementedError

    def _restore(self, bundle: Bundle) -> None:
        """Take back of a bundle what was learnt beside the weights, if it is what they need."""
        raise NotImplementedError
