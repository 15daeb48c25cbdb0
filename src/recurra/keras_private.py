"""Every touch of what Keras has and does not promise to keep, each in a function with a name.

::

    named_as            the table by which saved files name classes
    layers_of           the layers inside a model, however deep
    become              a layer of one class made one of another, with its weights
    compile_anew        the compiled steps of a model
    in_place_of         a method of Keras' with another way in its place
    after_copying       how Bidirectional makes a layer for each direction
    drops_by_gate       whether a cell drops for each gate by itself
    dropped             what a cell multiplies h and x by
    moments_of          what Adam keeps for a variable
    key_of              by which key a tensor was cut

`tests/test_keras_private.py` says of each what Keras must still have, and fails where a new version
has it no more.
"""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from recurra.backend import keras

__all__ = [
    "after_copying",
    "become",
    "compile_anew",
    "dropped",
    "drops_by_gate",
    "in_place_of",
    "key_of",
    "layers_of",
    "moments_of",
    "named_as",
]

Array = Any


def named_as(stock: type, ours: type) -> None:
    """Let files that hold `ours` name Keras' own class.

    Args:
        stock: Keras' class.
        ours: one that takes its place.
    """
    try:
        from keras.src import api_export
    except ImportError:  # then they name ours
        return
    names = api_export.REGISTERED_OBJS_TO_NAMES
    names[ours] = names[stock]


def layers_of(model: Any) -> list[Any]:
    """Give a model or layer and all the layers inside it."""
    layers: list[Any] = model._flatten_layers()
    return layers


def become(layer: Any, kind: type) -> None:
    """Make a layer one of another class that differs in its methods alone."""
    layer.__class__ = kind


def compile_anew(model: Any) -> None:
    """Have a model's steps compiled again, since its layers now do otherwise.

    A new step takes the place of the old at once, so another thread always finds one.
    """
    for work in ("train", "test", "predict"):
        if getattr(model, f"{work}_function", None) is not None:
            getattr(model, f"make_{work}_function")(force=True)


def in_place_of(
    own: Callable[..., Any], ours: Callable[..., Any], plan: Callable[[Any], Any]
) -> Callable[..., Any]:
    """Give a method that calls `ours(layer, own way, ...)`, with the signature of Keras' own.

    `RNN.call` leaves its loop over time to the method `inner_loop` of a subclass. `plan` says which
    path a layer takes; the method has it with it, for `recurra.kernels.explain`, since a layer may
    have no other names than Keras' own.
    """

    @wraps(own)
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return ours(self, partial(own, self), *args, **options)

    method.plan = plan  # type: ignore[attr-defined]
    return method


def after_copying(then: Callable[[Any, Any], None]) -> None:
    """Have Bidirectional call `then(layer, copy)` for the layer of each direction.

    It copies a layer by the name that a file would have, which is that of Keras' own class.
    """
    kind = keras.layers.Bidirectional
    init = kind.__init__

    @wraps(init)
    def copying(  # Keras reads this signature
        self: Any,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        init(self, layer, merge_mode, weights, backward_layer, **kwargs)
        for copy in (self.forward_layer, self.backward_layer):
            then(layer, copy)

    kind.__init__ = copying


def drops_by_gate(cell: Any) -> bool:
    """Say whether a cell drops other inputs for each gate."""
    return bool(getattr(cell, "dropout_mask_count", None))


def dropped(cell: Any, state: Array, x: Array) -> tuple[Any, Any]:
    """Draw what a cell multiplies h and x by: an array each, a list of one a gate, or None."""
    return cell.get_recurrent_dropout_mask(state), cell.get_dropout_mask(x)


def moments_of(adam: Any, variable: Any) -> tuple[Any, Any]:
    """Give the running means of a variable's gradient and of its square."""
    index = adam._get_variable_index(variable)
    return adam._momentums[index], adam._velocities[index]


def key_of(chosen: Any) -> Any:
    """Give the key by which a tensor was cut, as in `x[:, 1:3]`; None of what is no such cut."""
    if type(chosen).__name__ != "GetItem":
        return None
    (node,) = chosen._inbound_nodes
    return node.arguments.args[1]
