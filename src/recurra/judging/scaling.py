"""Factors that make log-odds mean what they say, found on rows that taught nothing.

::

    P = softmax( Σ_p w_p z_p )      z_p (rows, classes) what part p says; of two classes (rows, 1)
    w = argmin  Σ_rows weight · -log P(class of the row)  +  Σ_p (w_p - 1)²

One part gives a temperature, 1 / w; two say how much of each is to be believed. The second sum is
as much as a few rows: few rows move w little, and none leave it at 1.

Source: C. Guo, G. Pleiss, Y. Sun, K. Weinberger, On calibration of modern neural networks (2017).
"""

from collections.abc import Sequence

import numpy as np
from scipy import optimize, special

from recurra.arrays import Floats, Rows

__all__ = ["factors_of"]

LEAST, MOST = 0.0, 20.0


def factors_of(parts: Sequence[Floats], truth: Rows, weights: Floats | None = None) -> Floats:
    """Find a factor for each part.

    Args:
        parts: of each (rows, 1) log-odds of class 1, or (rows, classes).
        truth: (rows,) the number of each row's class.
        weights: (rows,) how much each row counts, None for all alike.

    Returns:
        (parts,), none below 0.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> log_odds = rng.normal(size=(5000, 1))
        >>> truth = (rng.random(5000) < special.expit(log_odds[:, 0])).astype(int)
        >>> factors_of([4 * log_odds], truth).round(2).tolist()
        [0.26]
    """
    given = np.stack([_by_class(part) for part in parts])
    chosen, rows = np.eye(given.shape[2])[truth], np.ones(len(truth))
    counts = rows if weights is None else weights

    def loss(w: Floats) -> tuple[float, Floats]:
        logs = special.log_softmax(np.tensordot(w, given, 1), axis=1)
        slopes = counts[:, None] * (np.exp(logs) - chosen)
        value = -(counts[:, None] * chosen * logs).sum() + ((w - 1) ** 2).sum()
        return float(value), (given * slopes).sum(axis=(1, 2)) + 2 * (w - 1)

    start = np.ones(len(parts))
    found = optimize.minimize(loss, start, jac=True, bounds=[(LEAST, MOST)] * len(parts))
    factors: Floats = found.x
    return factors


def _by_class(part: Floats) -> Floats:
    return np.concatenate([np.zeros_like(part), part], axis=1) if part.shape[1] == 1 else part
