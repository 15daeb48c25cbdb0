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

from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from jax.experimental.sparse import JAXSparse

from recurra.backend import keras
from recurra.cells import Cell, Weights
from recurra.keras_private import (
    after_copying,
    become,
    compile_anew,
    dropped,
    drops_by_gate,
    in_place_of,
    layers_of,
    named_as,
)
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
    return bool(layer.recurrent_dropout or (layer.dropout and drops_by_gate(layer.cell)))


def inner_loop(
    layer: Any, own: Loop, sequences: Array, initial_state: Any, mask: Any, training: bool = False
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
    if choice.path == "keras" or _unusual(layer, mask):
        counted["keras"] += 1
        return own(sequences, initial_state, mask=mask, training=training)
    sequences, initial_state, mask = _prepared(layer, sequences, initial_state, mask)
    if choice.path == "portable":
        counted["portable"] += 1
    keep = None
    if training and _drops_by_gate(layer):
        keep = _keep(layer.cell, sequences, initial_state)
    elif training and layer.dropout:
        _, kept = dropped(layer.cell, initial_state[0], sequences[:, 0, :])
        sequences = sequences * ops.expand_dims(kept, 1)
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


def _unusual(layer: Any, mask: Any) -> bool:
    """Say whether a call is left to Keras, though the layer is not.

    So are masks of more axes, and weights of another type than the layer computes in: that they
    are in a mixed precision, when Keras has not called the layer but `stateless_call` has.
    """
    kernel = _weights(layer.cell).kernel
    return str(kernel.dtype) != layer.compute_dtype or (mask is not None and len(mask.shape) != 2)


def _prepared(
    layer: Any, sequences: Array, initial_state: Any, mask: Any
) -> tuple[Array, list[Array], Any]:
    """Give these in the type of the weights, and a mask for each row, as Keras' step makes them."""
    state = keras.tree.flatten(initial_state)  # Keras has made these of that type
    if mask is not None and mask.shape[0] == 1:
        mask = ops.broadcast_to(mask, (sequences.shape[0], mask.shape[1]))
    return ops.cast(sequences, layer.compute_dtype), state, mask


def _keep(cell: Any, sequences: Array, initial_state: Any) -> Array:
    """Give what h and x are multiplied by, (batch, gates, units + features), as Keras draws it."""
    state, x = initial_state[0], sequences[:, 0, :]
    gates = cell.kernel.shape[-1] // cell.units
    parts = []
    for like, masks in zip((state, x), dropped(cell, state, x), strict=True):
        if masks is None:
            masks = ops.ones_like(like)
        if not isinstance(masks, list):
            masks = [masks] * gates
        parts.append(ops.stack(masks, axis=1))
    return ops.concatenate(parts, axis=-1)


def _weights(cell: Any) -> Weights:
    values = (cell.kernel, cell.recurrent_kernel, cell.bias)
    return Weights(*(None if v is None else ops.convert_to_tensor(v) for v in values))


class SimpleRNN(keras.layers.SimpleRNN):  # type: ignore[misc]
    """`keras.layers.SimpleRNN`, faster.

    Example:
        >>> import numpy as np
        >>> SimpleRNN(4)(np.zeros((2, 3, 5), "float32")).shape
        (2, 4)
    """

    inner_loop = in_place_of(keras.layers.SimpleRNN.inner_loop, inner_loop, plan)


class LSTM(keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`, faster.

    Example:
        >>> import numpy as np
        >>> LSTM(4, return_sequences=True)(np.zeros((2, 3, 5), "float32")).shape
        (2, 3, 4)
    """

    inner_loop = in_place_of(keras.layers.LSTM.inner_loop, inner_loop, plan)


class GRU(keras.layers.GRU):  # type: ignore[misc]
    """`keras.layers.GRU`, faster.

    Example:
        >>> import numpy as np
        >>> GRU(4)(np.zeros((2, 3, 5), "float32")).shape
        (2, 4)
    """

    inner_loop = in_place_of(keras.layers.GRU.inner_loop, inner_loop, plan)


def plan_embedding(layer: Any) -> Choice:
    """Choose the path of an Embedding, and say why."""
    if layer.lora_enabled or layer.quantization_mode:
        return Choice("keras", "the table is made of parts (LoRA or quantized)")
    return plan_float32(layer.compute_dtype)


def look_up(layer: Any, own: Callable[[Any], Array], inputs: Array) -> Array:
    """Give the vectors of the inputs: `Embedding.call`."""
    if plan_embedding(layer).path != "native" or isinstance(inputs, JAXSparse):
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

    call = in_place_of(keras.layers.Embedding.call, look_up, plan_embedding)

    def quantize(self, mode: Any = None, type_check: bool = True, config: Any = None) -> None:
        """Make the table one of small whole numbers, as Keras does, and look it up as Keras does.

        Keras refuses subclasses, which may be other functions of their table; this is not.
        """
        super().quantize(mode, type_check and type(self) is not Embedding, config)


FAST = {fast.__bases__[0]: fast for fast in (SimpleRNN, LSTM, GRU, Embedding)}


def layer_of(cell: Cell) -> Any:
    """Give the layer that reads whole sequences through a cell."""
    return FAST[getattr(keras.layers, cell.layer)]


for _stock, _fast in FAST.items():
    named_as(_stock, _fast)


def _stay_fast(layer: Any, copy: Any) -> None:
    """Keep fast what Bidirectional copies."""
    if type(layer) is FAST.get(type(copy)):
        become(copy, type(layer))


after_copying(_stay_fast)


def accelerate(model: Any = None) -> AbstractContextManager[Any]:
    """Put Keras' own layers on Recurra's kernels; their weights stay as they are.

    It takes effect at once. As a context manager, it takes it back at the end: of several that last
    at the same time, in whatever order and thread, the last to end does.

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
    if model is not None and not isinstance(model, keras.Layer):
        raise TypeError(f"a Keras model or layer can be accelerated, not {type(model).__name__}")
    return _Everywhere() if model is None else _In(model)


class _Acceleration(AbstractContextManager[Any]):
    """Lasts from its making until it has been left as often as it was entered."""

    lock = RLock()  # of what all share: who has borrowed what

    def __init__(self, model: Any = None) -> None:
        self.model = model
        self.lasts = False
        self.entered = 0
        self.start()

    def start(self) -> None:
        """Borrow what is not yet borrowed; if that fails, nothing is."""
        with self.lock:
            if not self.lasts:
                self.borrow()
                self.lasts = True

    def __repr__(self) -> str:
        what = "all of Keras' recurrent layers" if self.model is None else self.model.name
        return f"<{what}: {'on' if self.lasts else 'no longer on'} the kernels of Recurra>"

    def __enter__(self) -> Any:
        with self.lock:
            self.start()
            self.entered += 1
        return self.model

    def __exit__(self, *error: object) -> None:
        with self.lock:
            self.entered -= 1
            if self.entered == 0:
                self.lasts = False
                self.give_back()

    @abstractmethod
    def borrow(self) -> None: ...

    @abstractmethod
    def give_back(self) -> None: ...


class _Everywhere(_Acceleration):
    """Lends the stock classes our methods; the last to end gives them their own back."""

    holders = 0
    own: ClassVar[dict[type, dict[str, Any]]] = {}  # what the classes had

    def borrow(self) -> None:
        if _Everywhere.holders == 0:
            try:
                for stock, fast in FAST.items():
                    self.lend(stock, fast)
            except BaseException:
                self.restore()
                raise
        _Everywhere.holders += 1

    def give_back(self) -> None:
        _Everywhere.holders -= 1
        if _Everywhere.holders == 0:
            self.restore()

    def lend(self, stock: Any, fast: Any) -> None:
        names = [name for name in ("inner_loop", "call") if name in vars(fast)]
        self.own[stock] = {name: vars(stock).get(name) for name in names}
        for name in names:
            setattr(stock, name, vars(fast)[name])

    def restore(self) -> None:
        while self.own:
            stock, methods = self.own.popitem()
            for name, method in methods.items():
                if method is not None:
                    setattr(stock, name, method)
                elif name in vars(stock):
                    delattr(stock, name)


class _In(_Acceleration):
    """Makes fast layers of a model's stock ones; the last to end makes them stock again."""

    holders: ClassVar[WeakKeyDictionary[Any, int]] = WeakKeyDictionary()

    def borrow(self) -> None:
        self.layers: list[Any] = []
        try:
            for layer in layers_of(self.model):
                if type(layer) in FAST or layer in self.holders:
                    self.hold(layer)
            compile_anew(self.model)
        except BaseException:
            self.give_back()
            raise

    def hold(self, layer: Any) -> None:
        self.holders[layer] = self.holders.get(layer, 0) + 1
        self.layers.append(layer)
        if type(layer) in FAST:
            become(layer, FAST[type(layer)])

    def give_back(self) -> None:
        for layer in self.layers:
            self.holders[layer] -= 1
            if self.holders[layer] == 0:
                del self.holders[layer]
                become(layer, type(layer).__bases__[0])
        compile_anew(self.model)
