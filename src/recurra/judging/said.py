"""What models say of rows of classes."""

from typing import NamedTuple

from recurra.arrays import Floats, Rows

__all__ = ["Said"]


class Said(NamedTuple):
    """What a model says of rows of classes.

    Args:
        probabilities: (rows, classes), in the order of the names of the problem.
        decided: (rows,) the number of the class decided for.
    """

    probabilities: Floats
    decided: Rows
