"""Functions that bring a fast way back, and have every derivative that JAX's functions have.

::

    value                               `forward`
    first gradient                      `backward`
    forward mode: jvp, jacfwd           JAX's own, of `plain`
    derivatives of a gradient           JAX's own, of the gradient of `plain`

A `jax.custom_vjp` has the first two alone. Here the tangents of a function are one operation of
their own, linear in what it is given: JAX turns it round to get the gradient, which is `backward`,
and calculates it only where tangents themselves are asked for.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from recurra.kernels import counted

__all__ = ["Arrays", "Function", "shaped"]

Arrays = tuple[Any, ...]


class Function(NamedTuple):
    """A function of `options`, which can be hashed, and of arrays; it gives a tuple of arrays.

    Args:
        forward: (options, keep, *arrays) → the outputs, and arrays kept for the way back, which
            may be without content unless `keep`.
        backward: (options, arrays, kept, d_outputs) → the gradients of the first arrays; None to
            leave them to JAX.
        plain: (options, *arrays) → the outputs, by what JAX itself can differentiate.
        learned: how many arrays, the first, have gradients.

    Example:
        >>> square = Function(
        ...     forward=lambda _, keep, x: ((x * x,), ()),
        ...     backward=lambda _, arrays, kept, d: (2 * arrays[0] * d[0],),
        ...     plain=lambda _, x: (x**2,),
        ...     learned=1,
        ... )
        >>> f = lambda x: square(None, x)[0]
        >>> float(f(3.0)), float(jax.grad(f)(3.0)), float(jax.grad(jax.grad(f))(3.0))
        (9.0, 6.0, 2.0)
    """

    forward: Callable[..., tuple[Arrays, Arrays]]
    backward: Callable[..., Arrays] | None
    plain: Callable[..., Arrays]
    learned: int

    def __call__(self, options: Any, *arrays: Any) -> Arrays:
        """Give the outputs."""
        outputs: Arrays = _value(self, options, *_varying_alike(arrays))
        return outputs


def shaped(like: Any, shape: tuple[int, ...], dtype: Any = None) -> jax.ShapeDtypeStruct:
    """Describe a result of a native call that differs from device to device where `like` does."""
    known = jax.typeof(like)
    sharding = jax.sharding.NamedSharding(known.sharding.mesh, jax.sharding.PartitionSpec())
    return jax.ShapeDtypeStruct(
        shape,
        dtype or like.dtype,
        sharding=sharding,
        manual_axis_type=known.manual_axis_type,
    )


def _varying_alike(arrays: Arrays) -> Arrays:
    """Have all arrays differ along the axes of devices along which any does.

    Inside `jax.shard_map` JAX knows which do, and sums the gradients of those that do not.
    """
    axes = [jax.typeof(array).manual_axis_type.varying for array in arrays]
    most = frozenset().union(*axes)
    return tuple(
        jax.lax.pcast(array, tuple(most - has), to="varying") if most - has else array
        for array, has in zip(arrays, axes, strict=True)
    )


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _value(of: Function, options: Any, *arrays: Any) -> Arrays:
    return of.forward(options, False, *arrays)[0]


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _value_and_kept(of: Function, options: Any, *arrays: Any) -> tuple[Arrays, Arrays]:
    return of.forward(options, True, *arrays)


@_value.defjvp
def _of_value(of: Function, options: Any, arrays: Arrays, d_arrays: Arrays) -> tuple[Any, Any]:
    (outputs, _), (d_outputs, _) = _of_both(of, options, arrays, d_arrays)
    return outputs, d_outputs


@_value_and_kept.defjvp
def _of_both(of: Function, options: Any, arrays: Arrays, d_arrays: Arrays) -> tuple[Any, Any]:
    outputs, kept = _value_and_kept(of, options, *arrays)
    d_outputs = _tangents.bind(
        *arrays,
        *kept,
        *d_arrays[: of.learned],
        of=of,
        options=options,
        arrays=len(arrays),
        results=tuple(jax.typeof(output) for output in outputs),
    )
    # what is kept follows from the arrays, so that the way back is differentiated by them alone
    return (outputs, kept), (tuple(d_outputs), tuple(_no_change(each) for each in kept))


def _no_change(array: Any) -> Any:
    if jnp.issubdtype(array.dtype, jnp.floating):
        return jnp.zeros_like(array)
    return np.zeros(array.shape, jax.dtypes.float0)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _gradients(
    of: Function, options: Any, arrays: Arrays, kept: Arrays, d_outputs: Arrays
) -> Arrays:
    if of.backward is None:
        return _gradients_of_plain(of, options, arrays, d_outputs)
    return of.backward(options, arrays, kept, d_outputs)


def _gradients_of_plain(of: Function, options: Any, arrays: Arrays, d_outputs: Arrays) -> Arrays:
    first, rest = arrays[: of.learned], arrays[of.learned :]
    counted["differentiated"] += 1
    gradients: Arrays = jax.vjp(lambda *first: of.plain(options, *first, *rest), *first)[1](
        d_outputs
    )
    return gradients


@_gradients.defjvp
def _of_gradients(of: Function, options: Any, given: Any, d_given: Any) -> tuple[Any, Any]:
    arrays, _, d_outputs = given
    d_arrays, _, dd_outputs = d_given
    n = of.learned

    def plain(first: Arrays, d_outputs: Arrays) -> Arrays:
        return _gradients_of_plain(of, options, (*first, *arrays[n:]), d_outputs)

    changes = jax.jvp(plain, (arrays[:n], d_outputs), (d_arrays[:n], dd_outputs))[1]
    return _gradients(of, options, *given), changes


_tangents = Primitive("recurra_tangents")  # of (*arrays, *kept, *d_arrays[:learned])
_tangents.multiple_results = True
_tangents.def_abstract_eval(lambda *_, results, **__: results)


@partial(jax.jit, static_argnames=("of", "options", "arrays", "results"))
def _of_plain(*given: Any, of: Function, options: Any, arrays: int, results: Any) -> Arrays:
    first, rest, d_first = given[: of.learned], given[of.learned : arrays], given[-of.learned :]
    d_outputs: Arrays = jax.jvp(lambda *first: of.plain(options, *first, *rest), first, d_first)[1]
    return d_outputs


def _calculated(*given: Any, **params: Any) -> list[Any]:
    """Give tangents: the forward mode."""
    counted["differentiated"] += 1
    return list(_of_plain(*given, **params))


def _turned(
    d_outputs: Any, *given: Any, of: Function, options: Any, arrays: int, results: Any
) -> list[Any]:
    """Give gradients: the reverse mode."""
    d_outputs = tuple(ad.instantiate_zeros(d) for d in d_outputs)
    kept, d_arrays = given[arrays : -of.learned], given[-of.learned :]
    gradients = _gradients(of, options, given[:arrays], kept, d_outputs)
    wanted = [
        gradient if ad.is_undefined_primal(d) else None
        for gradient, d in zip(gradients, d_arrays, strict=True)
    ]
    return [None] * len(given[: -of.learned]) + wanted


def _changed(given: Any, d_given: Any, *, of: Function, **params: Any) -> Any:
    """Give tangents and their tangents."""
    n, changes = of.learned, [ad.instantiate_zeros(d) for d in d_given]

    def calculated(*changing: Any) -> Any:
        return _calculated(*changing[:n], *given[n:-n], *changing[n:], of=of, **params)

    return jax.jvp(calculated, (*given[:n], *given[-n:]), (*changes[:n], *changes[-n:]))


def _one_after_the_other(given: Any, axes: Any, **params: Any) -> Any:
    """Give the tangents of many, as `vmap` asks for them."""
    pairs = list(zip(given, axes, strict=True))
    moving = [jnp.moveaxis(array, axis, 0) for array, axis in pairs if axis is not None]

    def one(moving: Any) -> Any:
        left = iter(moving)
        each = [array if axis is None else next(left) for array, axis in pairs]
        return _tangents.bind(*each, **params)

    return lax.map(one, moving), [0] * len(params["results"])


_tangents.def_impl(_calculated)
mlir.register_lowering(
    _tangents,
    mlir.lower_fun(_calculated, multiple_results=True),
)
ad.primitive_transposes[_tangents] = _turned
ad.primitive_jvps[_tangents] = _changed
batching.primitive_batchers[_tangents] = _one_after_the_other
