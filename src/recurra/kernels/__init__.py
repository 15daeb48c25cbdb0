"""Whole sequences through a recurrent cell, by the fastest path that can do it, and which that was.

::

    native     C++ on the CPU, float32, dropping for each gate by itself          kernels/cpu/
    portable   JAX, any device and floating type, hand-derived backward            kernels/xla.py
    reference  one step after the other, in NumPy: the oracle      kernels/reference.py

A layer asks `choose` for a path, and takes Keras' own where there is none. `explain(layer)` says
what a layer will do and why; `counts()` says what has run in this process.
"""

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from recurra.cells import CELLS, Cell, State, Weights, cell_like

__all__ = ["Choice", "choose", "choose_float32", "counts", "explain", "run"]

Array = Any

LIBRARY = Path(__file__).parent / "cpu" / "recurra_kernels.so"
INTERFACE = 7  # what the library must answer


class Choice(NamedTuple):
    """A path and the reason for it.

    Args:
        path: "native", "portable" or "keras".
        reason: why not a faster one, or what makes this one the fastest.
        cell: the equations; None where only Keras knows them.
    """

    path: str
    reason: str
    cell: Cell | None = None


def choose(cell: Cell, dtype: Any) -> Choice:
    """Choose the path for a cell and a floating type on the device JAX uses by default."""
    import jax

    from recurra.kernels import cpu

    device = jax.default_backend()
    if device == "gpu" and cell.name == "lstm":
        return Choice("keras", "cuDNN is the fastest LSTM on a GPU so far", cell)
    if reason := _not_native(device, dtype) or cpu.missing():
        return Choice("portable", reason, cell)
    if not cpu.has(cell):
        return Choice("portable", f"there is no native kernel for {cell.name} so far", cell)
    return Choice("native", f"float32 on a CPU, compiled for {cpu.level()}", cell)


def choose_float32(dtype: Any) -> Choice:
    """Choose the path of what stands beside a cell (Embedding, Adam): native, or Keras' own."""
    import jax

    from recurra.kernels import cpu

    if reason := _not_native(jax.default_backend(), dtype) or cpu.missing():
        return Choice("keras", reason)
    return Choice("native", f"float32 on a CPU, compiled for {cpu.level()}")


def _not_native(device: str, dtype: Any) -> str | None:
    if device != "cpu":
        return f"there is no native kernel for a {device.upper()} so far"
    return None if str(dtype) == "float32" else f"the native kernels read float32, not {dtype}"


def run(
    choice: Choice,
    x: Array,
    state: State,
    weights: Weights,
    *,
    mask: Array | None = None,
    keep: Array | None = None,
    go_backwards: bool = False,
    return_sequences: bool = True,
) -> tuple[Array | None, State]:
    """Read whole sequences by the native or the portable path; see `recurra.kernels.cpu.run`."""
    from recurra.kernels import cpu, xla

    assert choice.cell is not None
    given = (choice.cell, x, state, weights)
    options: dict[str, Any] = {
        "mask": mask,
        "go_backwards": go_backwards,
        "return_sequences": return_sequences,
    }
    if choice.path == "native":
        return cpu.run(*given, keep=keep, **options)
    assert keep is None, "only the native path drops for each gate by itself"
    return xla.run(*given, **options)


def explain(layer: Any) -> Choice:
    """Say which path a recurrent Keras layer takes when it trains, and why.

    The path is that of values and gradients. Forward mode (`jax.jvp`, `jax.jacfwd`) and derivatives
    of a gradient (`jax.hessian`) are there on every path; beside the native and the portable one,
    JAX calculates them step by step, as `counts()["differentiated"]` says.

    Example:
        >>> from recurra import layers
        >>> from recurra.kernels import explain
        >>> explain(layers.LSTM(8, activation="relu"))[:2]
        ('keras', "the activation is relu, and only tanh has another path than Keras' own")
    """
    for name in ("inner_loop", "call"):
        plan = getattr(getattr(type(layer), name, None), "plan", None)
        if plan is not None:
            choice: Choice = plan(layer)
            return choice
    return Choice("keras", "this is Keras' own layer: see recurra.accelerate")


counted: Counter[str] = Counter()


def counts() -> dict[str, int]:
    """Count what has run in this process.

    Returns:
        "native forward" and "native backward": calls that the C++ library has finished; "native
        recomputed": backward calls that came so late, or again, that what their forward call kept
        for them had gone, so that it was computed once more; "portable" and "keras": how often a
        layer was traced onto these paths (they run inside XLA, uncounted); "differentiated": how
        often JAX was asked, beside the native and the portable path, for what these do not have,
        forward mode and derivatives of a gradient.
    """
    from recurra.kernels import cpu

    return {
        **cpu.calls(),
        **{name: counted[name] for name in ("portable", "keras", "differentiated")},
    }


def cell_of(layer_cell: Any) -> Cell | str:
    """Read a Keras cell's equations; where they are none of ours, say why."""
    from recurra.backend import keras

    kinds = {getattr(keras.layers, f"{cell.layer}Cell"): cell.layer for cell in CELLS.values()}
    kind = type(layer_cell)
    cell = cell_like(kinds[kind], layer_cell) if kind in kinds else None
    if cell is None:
        name = f"{kind.__module__}.{kind.__name__}"
        return f"the cell is {name}, whose equations only Keras knows"
    for argument, usual in (("activation", "tanh"), ("recurrent_activation", "sigmoid")):
        function = getattr(layer_cell, argument, None)
        if hasattr(layer_cell, argument) and not _is_usual(function, usual):
            name = getattr(function, "__name__", str(function))
            name = f"a {name} of your own" if name == usual else name
            return f"the {argument} is {name}, and only {usual} has another path than Keras' own"
    return cell


def _is_usual(function: Any, name: str) -> bool:
    """Say whether a function is the one that Keras and JAX know by this name, whatever its own."""
    from recurra.backend import keras

    rooms = [keras.activations, keras.ops]
    if keras.backend.backend() == "jax":
        import jax

        rooms += [jax.nn, jax.numpy]
    return any(function is getattr(room, name, None) for room in rooms)
