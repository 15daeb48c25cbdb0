"""A graph of ONNX as it is built: operators, what they take and give, and constants."""

from typing import Any

import numpy as np

from recurra.arrays import Array

__all__ = ["Graph", "axes"]


class Graph:
    """The nodes and arrays of a graph, as they are added; what a node gives goes by a name.

    Attributes:
        nodes: of each the operator, the names of what it takes and gives, its attributes.
        arrays: constants, by name.
    """

    def __init__(self) -> None:
        self.nodes: list[tuple[str, list[str], list[str], dict[str, Any]]] = []
        self.arrays: dict[str, Array] = {}

    def __call__(self, operator: str, *inputs: Any, outputs: int = 1, **attributes: Any) -> Any:
        """Add a node; give the name of its output, or the names where there are more.

        Args:
            operator: of ONNX.
            inputs: names, or arrays, which become constants of the graph; "" for none.
            outputs: how many.
            attributes: of the operator.
        """
        names = [each if isinstance(each, str) else self._constant(each) for each in inputs]
        made = [f"{operator}_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append((operator, names, made, attributes))
        return made[0] if outputs == 1 else made

    def _constant(self, value: Any) -> str:
        name = f"array_{len(self.arrays)}"
        self.arrays[name] = np.asarray(value, order="C")
        return name


def axes(*numbers: int) -> Array:
    """Give the axes along which an operator works, as ONNX takes them."""
    return np.array(numbers, np.int64)
