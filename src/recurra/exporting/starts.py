"""The linear models as which a network of texts begins, said in ONNX beside the network.

::

    the terms of a text that are known, each once     →  the input "terms", counted from 1
    how often it has them                             →  the input "counts"
    Σ factor · log-odds                               →  what the network's start gives

A row is padded with 0: a term that is none counts for nothing. Terms of a second model are counted
on from those of the first; to each, those of others are none. `recurra.text.terms` is the same in
NumPy, in 64 bits.
"""

import numpy as np

from recurra.answers.starts import Start
from recurra.arrays import Array, Floats
from recurra.exporting.graphs import Graph, axes
from recurra.text.terms import LEAST, PRESENCE, TermModel, TermRegression, log_odds_of

__all__ = ["COUNTS", "TERMS", "begun"]

TERMS, COUNTS = "terms", "counts"
TINY = np.float32(1e-12)


def begun(graph: Graph, start: Start) -> str:
    """Add the nodes of linear models; give the name of where each row begins, (rows, numbers).

    Args:
        graph: takes `TERMS` and `COUNTS`.
        start: of texts, without columns beside a text, which are no terms.
    """
    models = [part.model for part in start.parts if isinstance(part.model, TermModel)]
    sizes = [len(model.vocabulary) for model in models]
    found = [
        _part(graph, model, part.factor, (sum(sizes[:place]), sum(sizes[place + 1 :])))
        for place, (model, part) in enumerate(zip(models, start.parts, strict=True))
    ]
    return found[0] if len(found) == 1 else str(graph("Sum", *found))


def _part(graph: Graph, model: TermModel, factor: float, around: tuple[int, int]) -> str:
    """Add the nodes of one model, of which so many terms of others stand before and behind."""
    if model.regression is None:
        same = factor * log_odds_of(model.shares[None])
        return _each_row(graph, same.astype(np.float32))
    scores = _scores(graph, model.regression, around)
    odds = _log_odds(graph, model.kind, scores, model.regression)
    return str(graph("Mul", odds, np.float32(factor)))


def _each_row(graph: Graph, row: Array) -> str:
    rows = graph("Shape", TERMS, start=0, end=1)
    return str(graph("Expand", row, graph("Concat", rows, np.array([row.shape[1]]), axis=0)))


def _scores(graph: Graph, model: TermRegression, around: tuple[int, int]) -> str:
    """Add up the weights of the terms of a row, (rows, 1 or classes)."""
    weights = graph("Gather", _of_term(model.coefficients.T, around), TERMS)
    if model.idf is None:
        total = graph("ReduceSum", weights, axes(1), keepdims=0)
        return str(graph("Add", total, model.intercept.astype(np.float32)))
    times = graph("Log", graph("Max", COUNTS, np.float32(1)))
    idf = graph("Gather", _idf(model, around), TERMS)
    value = graph("Mul", graph("Add", times, np.float32(1)), idf)
    each = graph("Mul", weights, graph("Unsqueeze", value, axes(2)))
    total = graph("ReduceSum", each, axes(1), keepdims=0)
    length = graph("Max", graph("ReduceL2", value, axes(1), keepdims=1), TINY)
    return str(graph("Add", graph("Div", total, length), model.intercept.astype(np.float32)))


def _idf(model: TermRegression, around: tuple[int, int]) -> Array:
    assert model.idf is not None
    return _of_term(model.idf[:, None], around)[:, 0]


def _of_term(values: Floats, around: tuple[int, int]) -> Array:
    """Give the values of terms, and 0 of what is none, or another model's."""
    before, behind = around
    return np.pad(values, ((1 + before, behind), (0, 0))).astype(np.float32)


def _log_odds(graph: Graph, kind: str, scores: str, model: TermRegression) -> str:
    if len(model.intercept) == 1:
        second, first = (_log_sigmoid(graph, x) for x in (scores, graph("Neg", scores)))
        return str(graph("Sub", second, first))
    if kind not in PRESENCE:
        return _log(graph, graph("Softmax", scores, axis=1))
    each = graph("Max", graph("Sigmoid", scores), TINY)
    return _log(graph, graph("Div", each, graph("ReduceSum", each, axes(1), keepdims=1)))


def _log_sigmoid(graph: Graph, scores: str) -> str:
    """Add log σ(score), by softplus: a small σ itself has few digits in 32 bits."""
    logs = graph("Neg", graph("Softplus", graph("Neg", scores)))
    return str(graph("Max", logs, np.float32(np.log(LEAST))))


def _log(graph: Graph, shares: str) -> str:
    return str(graph("Log", graph("Max", shares, np.float32(LEAST))))
