"""A saved network as a Keras model of Keras' own layers, so that Keras opens it without Recurra.

Both directions of a layer, two operations and what joins them, become one `Bidirectional`. Where a
layer begins at rest, that state is a bias: a dense layer whose weights are 0 gives it to every row.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Array
from recurra.cells import CELLS
from recurra.errors import SettingsError
from recurra.operations import kinds
from recurra.operations.network import Network, Plan

__all__ = ["keras_of"]

Arrays = Mapping[str, Array]
# operations, and kinds of pooling, that are layers of Recurra
RECURRA = {
    "subword_embedding": "SubwordEmbedding",
    "numbers": "LastColumnMask",
    "maximum_and_mean": "MaskedMaxMeanPooling1D",
    "mean": "MeanOfSteps",
    "last": "LastStep",
}


def keras_of(networks: Sequence[Network]) -> Any:
    """Give networks as one Keras model, which answers their mean.

    Args:
        networks: of one plan.

    Raises:
        SettingsError: the network has layers of Recurra.
    """
    plan = networks[0].plan
    _check(plan)
    from recurra.backend import keras

    ids = keras.Input((None,), dtype="int32", name="steps")
    found = [_member(keras.layers, plan, network.arrays, ids) for network in networks]
    return keras.Model(ids, found[0] if len(found) == 1 else keras.layers.Average()(found))


def _check(plan: Plan) -> None:
    """Refuse a network with a layer that Keras does not have."""
    names = [_of_recurra(operation) for operation in plan.operations]
    known = list(dict.fromkeys(filter(None, names)))
    other = [each.operation for each in plan.operations if type(each) not in MADE]
    if known or other:
        raise SettingsError(
            f"a Keras file holds Keras' own layers alone, but this network has "
            f"{', '.join(known or other)} of Recurra. Write ONNX instead: --onnx FILE."
        )


def _of_recurra(operation: Any) -> str | None:
    """Name the layer of Recurra that an operation is; None where it is Keras' own."""
    if isinstance(operation, kinds.Convolution) and operation.padding != "valid":
        return "MaskedConv1D"
    return RECURRA.get(getattr(operation, "kind", operation.operation))


def _member(layers: Any, plan: Plan, arrays: Sequence[Arrays], ids: Any) -> Any:
    """Give what one network answers."""
    operations = {each.name: each for each in plan.operations}
    weights = {
        each.name: [given[name] for name in each.sizes()]
        for each, given in zip(plan.operations, arrays, strict=True)
    }
    joined = {name for each in plan.operations if _both(each, operations) for name in each.of}
    values: dict[str, Any] = {}
    for name, operation in operations.items():
        if name in joined:
            continue
        layer, taken, given = MADE[type(operation)](layers, operation), operation.of, weights[name]
        if _both(operation, operations):
            forward, backward = (operations[each] for each in operation.of)
            layer = layers.Bidirectional(
                _recurrent(layers, forward), backward_layer=_recurrent(layers, backward)
            )
            taken, given = forward.of, weights[forward.name] + weights[backward.name]
        found = [values[each] for each in taken] or [ids]
        values[name] = layer(
            found if len(found) > 1 else found[0], **_start(layers, plan, operation, given, ids)
        )
        layer.set_weights(given)
    return values[name]


def _start(
    layers: Any, plan: Plan, operation: Any, given: Sequence[Array], ids: Any
) -> dict[str, Any]:
    """Give the state in which a layer begins that begins at rest: a dense layer's bias."""
    if not getattr(operation, "rest", False):
        return {}
    rest = operation.bind(dict(zip(operation.sizes(), given, strict=True))).start
    from recurra.backend import keras

    reads: Any = plan.reads
    nothing = layers.Embedding(reads.rows, 1, embeddings_initializer="zeros")(ids)
    zero, states = layers.GlobalMaxPooling1D()(nothing), []
    for state in rest:
        begin = layers.Dense(operation.units)
        states.append(begin(zero))
        begin.set_weights([np.zeros((1, operation.units)), state[0]])
    # said aloud: of several arguments Keras takes along no mask
    return {"initial_state": states, "mask": keras.ops.not_equal(ids, 0)}


def _both(operation: Any, operations: Mapping[str, Any]) -> bool:
    """Say whether an operation joins both directions of a recurrent layer."""
    given = [operations[name] for name in operation.of]
    return len(given) == 2 and all(isinstance(each, kinds.Recurrent) for each in given)


def _embedding(layers: Any, operation: Any) -> Any:
    return layers.Embedding(operation.rows, operation.units, mask_zero=operation.masked)


def _recurrent(layers: Any, operation: Any) -> Any:
    cell = CELLS[operation.cell]
    settings = {"reset_after": cell.name == "gru"} if cell.layer == "GRU" else {}
    return getattr(layers, cell.layer)(
        operation.units,
        go_backwards=operation.backwards,
        return_sequences=operation.every_step,
        **settings,
    )


def _convolution(layers: Any, operation: Any) -> Any:
    return layers.Conv1D(
        operation.filters,
        operation.size,
        use_bias=operation.bias,
        activation=operation.activation,
    )


MADE: dict[Any, Callable[[Any, Any], Any]] = {
    kinds.Embedding: _embedding,
    kinds.Recurrent: _recurrent,
    kinds.Concatenate: lambda layers, operation: layers.Concatenate(),
    kinds.Convolution: _convolution,
    kinds.Pooling: lambda layers, operation: layers.GlobalMaxPooling1D(),
    kinds.Dense: lambda layers, operation: layers.Dense(
        operation.units, activation=operation.activation
    ),
}
