"""A Keras network as the list of operations that the runtime runs.

::

    layer or operation of Keras   →   operation of `recurra.operations.kinds`
    dropout, input                →   nothing: they only pass on when a model answers
    both directions               →   two recurrent operations and what joins them
"""

from collections.abc import Callable
from typing import Any

from recurra.backend import keras
from recurra.cells import cell_like
from recurra.errors import SettingsError
from recurra.keras_private import key_of
from recurra.layers import Bidirectional
from recurra.operations.network import Plan
from recurra.resting import RESTING
from recurra.subwords import MaskedMaxMeanPooling1D, SubwordEmbedding
from recurra.timewise import LastColumnMask, LastStep, MaskedConv1D, MeanOfSteps, Start

__all__ = ["plan_of"]

Made = dict[str, Any]
layers = keras.layers


def plan_of(model: Any) -> Plan:
    """Give what a network does, as a saved model has it.

    Args:
        model: a Keras model of one input, or of two, where the second says where a row begins.

    Raises:
        SettingsError: a layer is none that the runtime knows.

    Example:
        >>> from recurra.models import ARCHITECTURES
        >>> plan = plan_of(ARCHITECTURES["gru"].build(1000, 0))
        >>> [operation.operation for operation in plan.operations]
        ['embedding', 'recurrent', 'dense']
    """
    operations: list[Made] = []
    names = {id(tensor): "" for tensor in model.inputs}
    for layer in _calls(model):
        given = map(id, keras.tree.flatten(layer.input))
        taken = [names[tensor] for tensor in given if tensor in names]  # a mask is not named
        made = _operations_of(layer, [name for name in taken if name])
        operations += made
        name = made[-1]["name"] if made else taken[0]
        names |= {id(tensor): name for tensor in keras.tree.flatten(layer.output)}
    return Plan.model_validate({"version": 1, "operations": operations})


def _calls(model: Any) -> list[Any]:
    """Give the layers in order, and what is called that is none, but for what makes masks."""
    if isinstance(model, keras.Sequential):
        return list(model.layers)
    called = [each for each in model.operations if not isinstance(each, layers.InputLayer)]
    return [each for each in called if isinstance(each, layers.Layer) or _cuts_rows(each)]


def _cuts_rows(called: Any) -> bool:
    """Say whether `x[:, first:last]` was called."""
    key = key_of(called)
    return isinstance(key, tuple) and key[0] == slice(None)


def _operations_of(layer: Any, taken: list[str]) -> list[Made]:
    if isinstance(layer, layers.Dropout | layers.SpatialDropout1D):
        return []
    if isinstance(layer, Bidirectional):
        return _both_directions(layer, taken)
    if isinstance(layer, layers.RNN):
        return [_recurrent(layer, taken)]
    if _cuts_rows(layer):  # what is no layer has no name that stays
        return [{"name": f"{taken[0]}/columns", "of": taken, **_columns(layer, key_of(layer))}]
    for kind, made in MADE.items():
        if isinstance(layer, kind):
            return [{"name": layer.name, "of": taken, **made(layer)}]
    raise SettingsError(
        f"a saved network is made of layers that Recurra's runtime knows, but {layer.name} is a "
        f"{type(layer).__name__}."
    )


def _recurrent(layer: Any, taken: list[str], prefix: str = "") -> Made:
    kind = type(layer).__name__.removeprefix("Resting")
    cell = cell_like(kind, layer)
    if cell is None or not layer.use_bias:
        raise SettingsError(f"the runtime has no cell such as that of {layer.name}.")
    weights = ("kernel", "recurrent_kernel", "bias")
    return {
        "operation": "recurrent",
        "name": f"{prefix}{layer.name}",
        "of": taken,
        "weights": {name: getattr(layer.cell, name).path for name in weights},
        "cell": cell.name,
        "features": layer.cell.kernel.shape[0],
        "units": layer.units,
        "backwards": layer.go_backwards,
        "every_step": layer.return_sequences,
        "rest": isinstance(layer, tuple(RESTING.values())),
    }


def _both_directions(layer: Any, taken: list[str]) -> list[Made]:
    each = [
        _recurrent(one, taken, f"{layer.name}/")
        for one in (layer.forward_layer, layer.backward_layer)
    ]
    joined = {"operation": "concatenate", "name": layer.name, "of": [one["name"] for one in each]}
    return [*each, joined]


def _weights(layer: Any, **names: str) -> dict[str, str]:
    """Give the path of each variable of a layer, by what it is to the operation."""
    return {of: getattr(layer, name).path for of, name in names.items()}


def _numbers(layer: Any) -> int:
    """Give how many numbers of a step or a row it takes; a mask may stand beside them."""
    return int(keras.tree.flatten(layer.input)[0].shape[-1])


def _embedding(layer: Any) -> Made:
    return {
        "operation": "embedding",
        "weights": _weights(layer, table="_embeddings"),
        "rows": layer.input_dim,
        "units": layer.output_dim,
        "masked": layer.mask_zero,
    }


def _subwords(layer: Any) -> Made:
    ids = layer.input.shape[2:]
    return {
        "operation": "subword_embedding",
        "weights": _weights(layer, table="table"),
        "columns": ids[0] if ids else 1,
        "rows": layer.size,
        "units": layer.units,
    }


def _convolution(layer: Any) -> Made:
    bias = {"bias": "bias"} if layer.use_bias else {}
    (size,) = layer.kernel_size
    return {
        "operation": "convolution",
        "weights": _weights(layer, kernel="kernel", **bias),
        "features": _numbers(layer),
        "size": size,
        "filters": layer.filters,
        "padding": layer.padding,
        "masked": isinstance(layer, MaskedConv1D) and layer.padding == "same",
        "bias": layer.use_bias,
        "activation": layer.activation.__name__,
    }


def _normalization(layer: Any) -> Made:
    names = {"mean": "moving_mean", "variance": "moving_variance"}
    return {
        "operation": "batch_normalization",
        "weights": _weights(layer, gamma="gamma", beta="beta", **names),
        "features": _numbers(layer),
        "epsilon": layer.epsilon,
    }


def _dense(layer: Any) -> Made:
    return {
        "operation": "dense",
        "weights": _weights(layer, kernel="kernel", bias="bias"),
        "features": _numbers(layer),
        "units": layer.units,
        "activation": layer.activation.__name__,
    }


def _columns(chosen: Any, key: Any) -> Made:
    """Read off `x[:, first:last]`."""
    first, last, _ = key[1].indices(_numbers(chosen))
    return {"operation": "columns", "first": first, "last": last}


def _pooling(kind: str) -> Callable[[Any], Made]:
    return lambda layer: {"operation": "pooling", "kind": kind}


def _plain(operation: str, **more: Any) -> Callable[[Any], Made]:
    return lambda layer: {"operation": operation, **more}


# `MeanOfSteps` is a `LastStep`, so it stands before it
MADE: dict[Any, Callable[[Any], Made]] = {
    layers.Embedding: _embedding,
    SubwordEmbedding: _subwords,
    LastColumnMask: lambda layer: {"operation": "numbers", "columns": _numbers(layer)},
    layers.Masking: lambda layer: {"operation": "days", "columns": _numbers(layer)},
    layers.Conv1D: _convolution,
    layers.BatchNormalization: _normalization,
    layers.ReLU: _plain("activation", activation="relu"),
    layers.Activation: lambda layer: {
        "operation": "activation",
        "activation": layer.activation.__name__,
    },
    layers.GlobalMaxPooling1D: _pooling("maximum"),
    MaskedMaxMeanPooling1D: _pooling("maximum_and_mean"),
    MeanOfSteps: _pooling("mean"),
    LastStep: _pooling("last"),
    layers.Dense: _dense,
    layers.Concatenate: _plain("concatenate"),
    Start: lambda layer: {"operation": "start", "numbers": _numbers(layer)},
    layers.Add: _plain("add"),
}
