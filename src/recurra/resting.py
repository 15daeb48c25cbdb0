"""Recurrent layers that begin a sequence at rest, not at zero.

::

    rest = the state after 64 steps of zeros, from a state of zeros
    h_0 (and c_0) = rest, for every sequence

A network that reads texts padded in front without a mask, as lessons do, meets each text after many
steps of padding: in a state that follows from its weights. With a mask it would begin at zero, a
state it never comes back to. These layers begin much as the first, and skip padding as the second.
They have no weights of their own, and cost as much as one more row of 64 steps.

Example:
    >>> import numpy as np
    >>> layer = RestingSimpleRNN(1, bias_initializer="ones", return_sequences=True)
    >>> found = layer(np.zeros((1, 3, 2), "float32"))  # at rest, nothing moves
    >>> bool(np.allclose(found, found[0, 0], atol=1e-3))
    True
"""

from typing import Any

from recurra.backend import keras
from recurra.cells import USUAL, Cell
from recurra.layers import layer_of

__all__ = ["RESTING", "RestingGRU", "RestingLSTM", "RestingSimpleRNN"]

STEPS = 64  # by then the state of a trained layer hardly moves

ops = keras.ops


class _Resting:
    """What makes a recurrent layer begin at rest."""

    def __init__(self: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.stateful:  # Keras would keep the rest of untrained weights, and go back to zero
            raise ValueError(f"{type(self).__name__} begins every sequence at rest: not stateful")

    def get_initial_state(self: Any, batch_size: Any) -> list[Any]:
        """Give the state at rest, (batch_size, units) each; the layer must have been built."""
        zeros = super().get_initial_state(1)  # type: ignore[misc]
        nothing = ops.zeros((1, STEPS, self.cell.kernel.shape[0]), self.compute_dtype)
        *_, rest = self.inner_loop(nothing, zeros, mask=None)
        return [ops.broadcast_to(state, (batch_size, state.shape[-1])) for state in rest]


def _resting(cell: Cell) -> Any:
    """Make the layer of a cell that begins at rest."""
    about = {"__module__": __name__, "__doc__": f"`{cell.layer}` that begins at rest."}
    layer = type(f"Resting{cell.layer}", (_Resting, layer_of(cell)), about)
    return keras.saving.register_keras_serializable("recurra")(layer)


RESTING = {layer: _resting(cell) for layer, cell in USUAL.items()}
RestingSimpleRNN, RestingLSTM, RestingGRU = (
    RESTING[layer] for layer in ("SimpleRNN", "LSTM", "GRU")
)
