"""The linear model as which a network of texts begins, said in ONNX beside the network.

::

    the terms of a text that are known, each once     →  the input "terms", counted from 1
    how often it has them                             →  the input "counts"
    factor · log-odds                                 →  what the network's start gives

A row is padded with 0: a term that is none counts for nothing. `recurra.text.terms` is the same in
NumPy, in 64 bits.
"""

import numpy as np

from recurra.answers.starts import Start
from recurra.arrays import Array, Floats
from recurra.exporting.graphs import Graph, axes
from recurra.text.terms import LEAST, NAIVE_BAYES, TermRegression, log_odds_of

__all__ = ["COUNTS", "TERMS", "begun"]

TERMS, COUNTS = "terms", "counts"
TINY = np.float32(1e-12)


def begun(graph: Graph, start: Start) -> str:
    """Add the nodes of a linear model; give the name of where each row begins, (rows, numbers).

    Args:
        graph: takes `TERMS` and `COUNTS`.
        start: without columns beside a text, which are no terms.
    """
    model = start.model
    if model.regression is None:
        same = start.factor * log_odds_of(model.shares[None])
        return _each_row(graph, same.astype(np.float32))
    scores = _scores(graph, model.regression)
    factor = np.float32(start.factor)
    return str(graph("Mul", _log_odds(graph, model.kind, scores, model.regression), factor))


def _each_row(graph: Graph, row: Array) -> str:
    rows = graph("Shape", TERMS, start=0, end=1)
    return str(graph("Expand", row, graph("Concat", rows, np.array([row.shape[1]]), axis=0)))


def _scores(graph: Graph, model: TermRegression) -> str:
    """Add up the weights of the terms of a row, (rows, 1 or classes)."""
    weights = graph("Gather", _of_term(model.coefficients.T), TERMS)
    if model.idf is None:
        total = graph("ReduceSum", weights, axes(1), keepdims=0)
        return str(graph("Add", total, model.intercept.astype(np.float32)))
    times = graph("Log", graph("Max", COUNTS, np.float32(1)))
    value = graph("Mul", graph("Add", times, np.float32(1)), graph("Gather", _idf(model), TERMS))
    each = graph("Mul", weights, graph("Unsqueeze", value, axes(2)))
    total = graph("ReduceSum", each, axes(1), keepdims=0)
    length = graph("Max", graph("ReduceL2", value, axes(1), keepdims=1), TINY)
    return str(graph("Add", graph("Div", total, length), model.intercept.astype(np.float32)))


def _idf(model: TermRegression) -> Array:
    assert model.idf is not None
    return _of_term(model.idf[:, None])[:, 0]


def _of_term(values: Floats) -> Array:
    """Give the values of terms, and before them 0, of what is none."""
    return np.concatenate([np.zeros((1, values.shape[1])), values]).astype(np.float32)


def _log_odds(graph: Graph, kind: str, scores: str, model: TermRegression) -> str:
    if len(model.intercept) == 1:
        second, first = (_log_sigmoid(graph, x) for x in (scores, graph("Neg", scores)))
        return str(graph("Sub", second, first))
    if kind != NAIVE_BAYES:
        return _log(graph, graph("Softmax", scores, axis=1))
    each = graph("Max", graph("Sigmoid", scores), TINY)
    return _log(graph, graph("Div", each, graph("ReduceSum", each, axes(1), keepdims=1)))


def _log_sigmoid(graph: Graph, scores: str) -> str:
    """Add log σ(score), by softplus: a small σ itself has few digits in 32 bits."""
    logs = graph("Neg", graph("Softplus", graph("Neg", scores)))
    return str(graph("Max", logs, np.float32(np.log(LEAST))))


def _log(graph: Graph, shares: str) -> str:
    return str(graph("Log", graph("Max", shares, np.float32(LEAST))))
