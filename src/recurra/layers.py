"""Keras' recurrent layers on Recurra's kernels: the same arguments, the same weights, less time.

::

    SimpleRNN, LSTM, GRU    in the place of keras.layers.SimpleRNN, LSTM, GRU
    Embedding               in the place of keras.layers.Embedding: what they usually read
    RNN, Bidirectional      Keras' own: they take the layers above, and cells of your own
    accelerate()            Keras models that others built or saved, on these kernels

A layer asks `recurra.kernels.choose` for a path when it is traced. What no path of ours can do
(another activation, float16, unrolling, a backend other than JAX) Keras does itself, with equal
results; `recurra.kernels.explain(layer)` says so. Files name Keras' own layers, so they open in
Keras without Recurra, and the other way round.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial, wraps
from typing import Any

from recurra.backend import keras, named_as
from recurra.cells import Weights
from recurra.kernels import Choice, cell_of, choose, choose_float32, counted, cpu, run

__all__ = ["GRU", "LSTM", "RNN", "Bidirectional", "Embedding", "SimpleRNN", "accelerate"]

Array = Any
Loop = Callable[..., tuple[Array, Array, list[Array]]]

ops = keras.ops
RNN = keras.layers.RNN
Bidirectional = keras.layers.Bidirectional


def plan(layer: Any) -> Choice:
    """Choose the path a layer takes, and say why."""
    if reason := _elsewhere():
        return Choice("keras", reason)
    cell = cell_of(layer.cell)
    if isinstance(cell, str):
        return Choice("keras", cell)
    if reason := _only_keras(layer):
        return Choice("keras", reason, cell)
    choice = choose(cell, layer.compute_dtype)
    if choice.path == "portable" and _drops_by_gate(layer):
        return Choice(
            "keras", f"{choice.reason}, and only those drop for each gate by itself", cell
        )
    return choice


def _elsewhere() -> str | None:
    """Say why none of these kernels can run, whatever the layer."""
    if (backend := keras.backend.backend()) != "jax":
        return f"the backend is {backend}, and these kernels stand on JAX"
    if keras.distribution.distribution() is not None:
        return "the batch or the weights are spread over devices"
    return None


def plan_float32(dtype: Any) -> Choice:
    """Choose the path of what only the native kernels have, beside Keras."""
    reason = _elsewhere()
    return Choice("keras", reason) if reason else choose_float32(dtype)


def _only_keras(layer: Any) -> str | None:
    if layer.unroll:
        return "unroll=True was asked for"
    if getattr(layer, "use_cudnn", None) is True:
        return "use_cudnn=True was asked for"
    return None


def _drops_by_gate(layer: Any) -> bool:
    """Say whether what is dropped differs from gate to gate, or is a part of the state."""
    by_gate = layer.dropout and getattr(layer.cell, "dropout_mask_count", None)
    return bool(layer.recurrent_dropout or by_gate)


def inner_loop(
    layer: Any, own: Loop, sequences: Array, initial_state: Any, mask: Any, training: bool
) -> tuple[Array, Array, list[Array]]:
    """Read whole sequences: what Keras' `RNN.call` leaves to its subclasses.

    Args:
        layer: the Keras layer.
        own: Keras' own way, for what has no other path.
        sequences: (batch, timesteps, features).
        initial_state: a list of (batch, units).
        mask: (batch, timesteps), False where a step is to be skipped, or None.
        training: whether dropout is on.

    Returns:
        The last output, all outputs (or only the last where no more are wanted), the last state.
    """
    choice = plan(layer)
    mask = None if mask is None else keras.tree.flatten(mask)[0]
    if choice.path == "keras" or (mask is not None and len(mask.shape) != 2):
        counted["keras"] += 1
        return own(sequences, initial_state, mask=mask, training=training)
    sequences, initial_state, mask = _prepared(layer, sequences, initial_state, mask)
    if choice.path == "portable":
        counted["portable"] += 1
    keep = None
    if training and _drops_by_gate(layer):
        keep = _keep(layer.cell, sequences, initial_state)
    elif training and layer.dropout:
        dropped = layer.cell.get_dropout_mask(sequences[:, 0, :])
        sequences = sequences * ops.expand_dims(dropped, 1)
    zeroed = layer.zero_output_for_mask and mask is not None
    outputs, state = run(
        choice,
        sequences,
        tuple(keras.tree.flatten(initial_state)),
        _weights(layer.cell),
        mask=mask,
        keep=keep,
        go_backwards=layer.go_backwards,
        return_sequences=layer.return_sequences or zeroed,
    )
    if outputs is None:
        return state[0], ops.expand_dims(state[0], 1), list(state)
    if zeroed:
        kept = ops.flip(mask, 1) if layer.go_backwards else mask
        outputs = ops.where(ops.expand_dims(kept, 2), outputs, ops.zeros_like(outputs))
    return outputs[:, -1], outputs, list(state)


def _prepared(
    layer: Any, sequences: Array, initial_state: Any, mask: Any
) -> tuple[Array, list[Array], Any]:
    """Give these in the type of the weights, and a mask for each row, as Keras' step makes them."""
    dtype = layer.compute_dtype
    state = [ops.cast(part, dtype) for part in keras.tree.flatten(initial_state)]
    if mask is not None and mask.shape[0] == 1:
        mask = ops.broadcast_to(mask, (sequences.shape[0], mask.shape[1]))
    return ops.cast(sequences, dtype), state, mask


class _Fast:
    """What makes one of Keras' recurrent layers a fast one: its loop over time."""

    plan = plan

    def inner_loop(
        self, sequences: Array, initial_state: Any, mask: Any, training: bool = False
    ) -> tuple[Array, Array, list[Array]]:
        own = super().inner_loop  # type: ignore[misc]
        return inner_loop(self, own, sequences, initial_state, mask, training)


def _keep(cell: Any, sequences: Array, initial_state: Any) -> Array:
    """Give what h and x are multiplied by, (batch, gates, units + features), as Keras draws it."""
    state, x = keras.tree.flatten(initial_state)[0], sequences[:, 0, :]
    gates = cell.kernel.shape[-1] // cell.units
    parts = []
    for like, masks in (
        (state, cell.get_recurrent_dropout_mask(state)),
        (x, cell.get_dropout_mask(x)),
    ):
        if masks is None:
            masks = ops.ones_like(like)
        if not isinstance(masks, list):
            masks = [masks] * gates
        parts.append(ops.stack(masks, axis=1))
    return ops.concatenate(parts, axis=-1)


def _weights(cell: Any) -> Weights:
    values = (cell.kernel, cell.recurrent_kernel, cell.bias)
    return Weights(*(None if v is None else ops.convert_to_tensor(v) for v in values))


class SimpleRNN(_Fast, keras.layers.SimpleRNN):  # type: ignore[misc]
    """`keras.layers.SimpleRNN`, faster.

    Example:
        >>> import numpy as np
        >>> SimpleRNN(4)(np.zeros((2, 3, 5), "float32")).shape
        (2, 4)
    """


class LSTM(_Fast, keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`, faster.

    Example:
        >>> import numpy as np
        >>> LSTM(4, return_sequences=True)(np.zeros((2, 3, 5), "float32")).shape
        (2, 3, 4)
    """


class GRU(_Fast, keras.layers.GRU):  # type: ignore[misc]
    """`keras.layers.GRU`, faster.

    Example:
        >>> import numpy as np
        >>> GRU(4)(np.zeros((2, 3, 5), "float32")).shape
        (2, 4)
    """


def plan_embedding(layer: Any) -> Choice:
    """Choose the path of an Embedding, and say why."""
    if layer.lora_enabled or layer.quantization_mode:
        return Choice("keras", "the table is made of parts (LoRA or quantized)")
    return plan_float32(layer.compute_dtype)


def look_up(layer: Any, own: Callable[[Any], Array], inputs: Array) -> Array:
    """Give the vectors of the inputs: `Embedding.call`."""
    if plan_embedding(layer).path != "native":
        return own(inputs)
    return cpu.embed(ops.convert_to_tensor(layer.embeddings), ops.cast(inputs, "int32"))


def rows_of(table: Array, codes: Array) -> Array:
    """Give table[codes], natively where that can be done; codes are int32 of any shape."""
    table = ops.convert_to_tensor(table)
    if plan_float32(table.dtype).path == "native":
        return cpu.embed(table, codes)
    return ops.take(table, codes, axis=0)


class Embedding(keras.layers.Embedding):  # type: ignore[misc]
    """`keras.layers.Embedding`, faster.

    Example:
        >>> import numpy as np
        >>> Embedding(10, 4)(np.zeros((2, 3), "int32")).shape
        (2, 3, 4)
    """

    plan = plan_embedding

    def call(self, inputs: Array) -> Array:
        """Give (*inputs.shape, output_dim)."""
        return look_up(self, super().call, inputs)


FAST = {
    keras.layers.SimpleRNN: SimpleRNN,
    keras.layers.LSTM: LSTM,
    keras.layers.GRU: GRU,
    keras.layers.Embedding: Embedding,
}


for _stock, _fast in FAST.items():
    named_as(_stock, _fast)


def _copy_faithfully(init: Callable[..., None]) -> Callable[..., None]:
    """Keep fast what Bidirectional copies, which it does by the name that a file would have."""

    @wraps(init)
    def faithful(  # Keras reads this signature
        self: Any,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        init(self, layer, merge_mode, weights, backward_layer, **kwargs)
        for copy in (self.forward_layer, self.backward_layer):
            if type(layer) is FAST.get(type(copy)):
                copy.__class__ = type(layer)

    return faithful


Bidirectional.__init__ = _copy_faithfully(Bidirectional.__init__)


def accelerate(model: Any = None) -> AbstractContextManager[Any]:
    """Put Keras' own layers on Recurra's kernels; their weights stay as they are.

    It takes effect at once. As a context manager, it takes it back at the end.

    Args:
        model: the Keras model or layer; None for every stock layer that is called for the first
            time from now on.

    Returns:
        A context manager that gives the model, or None, and undoes the change on the way out.

    Example:
        >>> from recurra.kernels import explain
        >>> model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(2)])
        >>> with accelerate(model):
        ...     print(explain(model.layers[0]).path)
        native
        >>> explain(model.layers[0]).path
        'keras'
    """
    undo = _everywhere() if model is None else _in(model)
    next(undo)
    return _until_the_end(model, undo)


@contextmanager
def _until_the_end(model: Any, undo: Iterator[None]) -> Iterator[Any]:
    try:
        yield model
    finally:
        next(undo, None)


def _everywhere() -> Iterator[None]:
    """Lend the stock classes our loop; each gets its own back."""
    lent = {
        stock: ("call", look_up) if fast is Embedding else ("inner_loop", inner_loop)
        for stock, fast in FAST.items()
    }
    before = {stock: vars(stock).get(name) for stock, (name, _) in lent.items()}
    for stock, (name, ours) in lent.items():
        setattr(stock, name, _lent(ours, getattr(stock, name)))
        stock.plan = plan_embedding if FAST[stock] is Embedding else plan
    yield
    for stock, (name, _) in lent.items():
        del stock.plan
        delattr(stock, name)
        if before[stock] is not None:
            setattr(stock, name, before[stock])


def _lent(ours: Callable[..., Any], own: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(own)  # Keras reads its signature
    def lent(self: Any, *args: Any, **options: Any) -> Any:
        return ours(self, partial(own, self), *args, **options)

    return lent


def _in(model: Any) -> Iterator[None]:
    """Make fast layers of a model's stock ones, and forget what was compiled with them."""
    layers = [layer for layer in model._flatten_layers() if type(layer) in FAST]
    before = [type(layer) for layer in layers]
    for layer in layers:
        layer.__class__ = FAST[type(layer)]
    _forget_compiled(model)
    yield
    for layer, stock in zip(layers, before, strict=True):
        layer.__class__ = stock
    _forget_compiled(model)


def _forget_compiled(model: Any) -> None:
    for function in ("train_function", "test_function", "predict_function"):
        if hasattr(model, function):
            setattr(model, function, None)
