"""Keras, with JAX as its backend unless the user chose another one.

Keras reads its backend once, when it is first imported; `import recurra` has said which by
then. Every module takes Keras from here, so that one that cannot be imported is told of in words.
"""

import os

from recurra.errors import RecurraError, SettingsError

__all__ = ["check_process", "keras"]

_at_work: int | None = None  # the process in which a network worked first


def check_process() -> None:
    """Note that a network is at work here, and refuse a fork of a process where one was.

    JAX's threads are not in the fork: a call would wait for them for ever.

    Raises:
        RecurraError: this process is such a fork.
    """
    global _at_work
    _at_work = _at_work or os.getpid()
    if _at_work != os.getpid() and keras.backend.backend() == "jax":
        raise RecurraError(
            "networks work in the process that they began in, but this is a fork of it, where JAX "
            "would wait for ever. Start processes anew: multiprocessing.get_context('spawn')."
        )


try:
    import keras
except (ImportError, ValueError) as error:
    raise SettingsError(
        f"the Keras backend {os.environ.get('KERAS_BACKEND')!r} must be installed, but it cannot "
        f"be imported ({error}). Install it, or unset KERAS_BACKEND to use JAX."
    ) from None
