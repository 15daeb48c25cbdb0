"""Boosted trees of scikit-learn as plain arrays: saved without pickle, walked without it."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from recurra.arrays import Bools, Floats
from recurra.stored import Numbers

__all__ = ["MANY", "Trees"]

MANY = 100_000  # rows from which trees are grown by several threads
NODES = ("value", "feature", "threshold", "unknown_left", "left", "right", "leaf")


@dataclass(frozen=True)
class Trees:
    """Gradient boosting of two classes, or of a number: the nodes, one tree after the other.

    ::

        log-odds, or the number = start + Σ_trees value[leaf]
        at a node: left if feature ≤ threshold, or where it is unknown and unknown goes left
    """

    start: Floats
    first: npt.NDArray[np.int64]
    value: Floats
    feature: npt.NDArray[np.int64]
    threshold: Floats
    unknown_left: Bools
    left: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    leaf: Bools

    @staticmethod
    def nodes_needed(features: int) -> dict[str, Numbers]:
        """Give what arrays of trees over so many features must be."""
        own = {"start": Numbers((1,)), "feature": Numbers.whole(None, high=features - 1)}
        own |= {name: Numbers((None,)) for name in ("value", "threshold")}
        own |= {name: Numbers.whole(None, high=1 << 40) for name in ("first", "left", "right")}
        return own | {name: Numbers((None,), 0, 1, ("bool",)) for name in ("unknown_left", "leaf")}

    def __post_init__(self) -> None:
        """Make sure that every walk ends: a child comes after its parent, in the same tree."""
        nodes = np.arange(len(self.value))
        if {len(getattr(self, name)) for name in NODES} != {len(nodes)}:
            raise ValueError("there must be of every node all that belongs to it")
        if self.first[:1].tolist() != [0] or (np.diff(self.first, append=len(nodes)) < 1).any():
            raise ValueError("the trees must stand one after the other")
        tree = np.searchsorted(self.first, nodes, side="right") - 1
        ends = np.append(self.first[1:], len(nodes))[tree]
        for child in (self.left, self.right):
            at = self.first[tree] + child
            if (~self.leaf & ((at <= nodes) | (at >= ends))).any():
                raise ValueError("a child must come after its parent, in the same tree")

    @classmethod
    def grown(cls, table: Floats, truth: Bools, **settings: Any) -> Self:
        """Fit trees, (rows, features) to two classes."""
        return cls(**cls.nodes_of(table, truth, **settings))

    @staticmethod
    def nodes_of(table: Floats, truth: Bools, **settings: Any) -> dict[str, npt.NDArray[Any]]:
        """Fit trees, and give what they are of."""
        return _nodes_of(HistGradientBoostingClassifier(random_state=0, **settings), table, truth)

    @staticmethod
    def regression_nodes(
        table: Floats, truth: Floats, **settings: Any
    ) -> dict[str, npt.NDArray[Any]]:
        """Fit trees to numbers, and give what they are of."""
        return _nodes_of(HistGradientBoostingRegressor(random_state=0, **settings), table, truth)

    def log_odds(self, table: Floats) -> Floats:
        """Walk every row down every tree, (rows,)."""
        total = np.full(len(table), self.start[0])
        everyone = np.arange(len(table))
        for first in self.first:
            node = np.full(len(table), first)
            walking = everyone[~self.leaf[node]]
            while len(walking):
                here = node[walking]
                seen = table[walking, self.feature[here]]
                left = np.where(
                    np.isnan(seen), self.unknown_left[here], seen <= self.threshold[here]
                )
                node[walking] = first + np.where(left, self.left[here], self.right[here])
                walking = walking[~self.leaf[node[walking]]]
            total += self.value[node]
        return total


def _nodes_of(model: Any, table: Floats, truth: Any) -> dict[str, npt.NDArray[Any]]:
    """Fit a model of two classes or of a number, without categories; give what `Trees` is of."""
    # of few rows, on a machine with other work, threads wait for each other for minutes
    with threadpool_limits(1 if len(table) < MANY else None, user_api="openmp"):
        model.fit(table, truth)
    trees = [tree.nodes for (tree,) in model._predictors]
    nodes = np.concatenate(trees)
    return {
        "start": np.ravel(model._baseline_prediction).astype(np.float64),
        "first": np.cumsum([0, *map(len, trees[:-1])]).astype(np.int64),
        "value": nodes["value"].astype(np.float64),
        "feature": nodes["feature_idx"].astype(np.int64),
        "threshold": nodes["num_threshold"].astype(np.float64),
        "unknown_left": nodes["missing_go_to_left"].astype(bool),
        "left": nodes["left"].astype(np.int64),
        "right": nodes["right"].astype(np.int64),
        "leaf": nodes["is_leaf"].astype(bool),
    }
