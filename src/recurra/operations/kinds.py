"""What a saved network does, as a short list of named operations: the contents of `network.json`.

::

    reads       ids, numbers or days → vectors       what a step is, looked up once a distinct step
    recurrent   steps → steps, or the last state     in the native library
    the rest    plain array functions

A row's numbers are the same bits whatever rows stand beside it: products are taken row by row in
one shape, and sums go along a row. Sums that make the answer are taken in 64 bits.
"""

from typing import Annotated

from pydantic import Field

from recurra.operations.along import Activate, BatchNormalization, Concatenate, Convolution, Pooling
from recurra.operations.heads import Add, Columns, Dense, Start
from recurra.operations.reading import Days, Embedding, LastColumn, Reads, SubwordEmbedding
from recurra.operations.recurrence import Reading, Recurrent
from recurra.operations.single import Shape, Steps

__all__ = [
    "Activate",
    "Add",
    "BatchNormalization",
    "Columns",
    "Concatenate",
    "Convolution",
    "Days",
    "Dense",
    "Embedding",
    "LastColumn",
    "Operation",
    "Pooling",
    "Reading",
    "Reads",
    "Recurrent",
    "Shape",
    "Start",
    "Steps",
    "SubwordEmbedding",
]

Operation = Annotated[
    Embedding
    | SubwordEmbedding
    | LastColumn
    | Days
    | Recurrent
    | Concatenate
    | Convolution
    | BatchNormalization
    | Activate
    | Pooling
    | Dense
    | Start
    | Add
    | Columns,
    Field(discriminator="operation"),
]
