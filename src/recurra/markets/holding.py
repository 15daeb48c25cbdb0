"""Holding the highest scores: a simulation on past prices, with costs and its largest fall."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.arrays import Floats

__all__ = ["hold_best"]


def hold_best(
    scores: Floats,
    change: Floats,
    dates: npt.NDArray[np.datetime64],
    tickers: npt.NDArray[np.object_],
    called: npt.NDArray[np.bool_],
    *,
    holdings: int,
    cost: float,
) -> dict[str, Any]:
    """Simulate holding, each day, the tickers of the highest scores among those called a rise.

    They are bought at the close of D-1 in equal parts and held to the close of D-0; what changes
    from one day to the next is traded, and each trade costs `cost` of its worth. It is a
    simulation: nobody pays exactly the close, and no order moves these prices.

    Example:
        >>> day = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
        >>> found = hold_best(
        ...     np.array([0.9, 0.1]), np.array([0.1, 0.1]), day, np.array(["A", "A"], object),
        ...     np.array([True, False]), holdings=1, cost=0.01,
        ... )
        >>> round(found["total"], 4), found["days_invested"]
        (0.0781, 1)
    """
    scores = np.where(called, scores, -np.inf)
    table = pd.DataFrame({"date": dates, "ticker": tickers, "score": scores, "change": change})
    wide = table.pivot_table(index="date", columns="ticker", values="score")
    moves = table.pivot_table(index="date", columns="ticker", values="change")
    ranks = wide.rank(axis=1, ascending=False, method="first")
    held = ((ranks <= holdings) & np.isfinite(wide)).to_numpy()
    parts = held / np.maximum(held.sum(axis=1, keepdims=True), 1)
    traded = np.abs(np.diff(parts, axis=0, prepend=np.zeros((1, parts.shape[1])))).sum(axis=1)
    gross = (parts * moves.fillna(0.0).to_numpy()).sum(axis=1)
    net = (1 + gross) * (1 - cost * traded) - 1
    worth = np.cumprod(1 + net)
    everything = np.cumprod(1 + table.groupby("date")["change"].mean().to_numpy())
    peak = np.maximum.accumulate(np.append(1.0, worth))
    return {
        "note": "a simulation on past prices, long only",
        "total": float(worth[-1] - 1),
        "drawdown": float((1 - np.append(1.0, worth) / peak).max()),
        "all_tickers_total": float(everything[-1] - 1),
        "days_invested": int(held.any(axis=1).sum()),
        "days": len(wide),
        "cost": cost,
        "worth": worth.round(6).tolist(),
    }
