"""How much the studio takes."""

from dataclasses import dataclass

from recurra.serving.limits import Limits

__all__ = ["Room"]


@dataclass(frozen=True)
class Room(Limits):
    """How much the studio takes; beyond it a request is refused.

    Args:
        seconds: that a request may take.
        upload: bytes of a file.
        kept: bytes of all files that are kept.
        trainings: at a time.
        aside: processes that read files at a time.
        followers: pages that follow a training at a time.
        patience: seconds in which the next bytes of a file must come.
        arrival: seconds in which all of it must.
        models: open at a time.
        memory: bytes of a process that reads a file.
        mercy: seconds in which a training stops that is told to.
    """

    seconds: float = 60.0
    upload: int = 1 << 28
    kept: int = 1 << 32
    trainings: int = 2
    aside: int = 2
    followers: int = 64
    patience: float = 10.0
    arrival: float = 900.0
    models: int = 16
    memory: int = 8 << 30
    mercy: float = 20.0
