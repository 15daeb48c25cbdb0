"""Series smoothed: what is left of a season, a level and a trend, carried on ahead.

::

    season      the mean of each phase against a moving average over one season, shrunk to none
                where the series does not repeat itself
    Theta       level_t = level_{t-1} + a (x_t - level_{t-1});   ahead: level + half the slope
    damped      level and trend, both smoothed; ahead: level + (f + f² + …) trend
    smoothed    the mean of Theta and damped

Each row is smoothed by itself, from its own steps alone: nothing is learnt from other rows, so the
same history gives the same forecast wherever it stands. `a` and its like are those that foretell
the next step of the row best. All is done for many rows at once, a step at a time.

Source: Assimakopoulos and Nikolopoulos, "The theta model" (2000); Gardner and McKenzie,
"Forecasting trends in time series" (1985); Makridakis et al., "The M4 competition" (2020), for the
season's test and for the mean of several methods.
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from recurra.arrays import Bools, Floats

__all__ = ["METHODS", "damped", "is_seasonal", "smoothed", "theta"]

ALPHAS = np.linspace(0.05, 1.0, 20)
DAMPED = np.array(
    list(product((0.1, 0.3, 0.5, 0.7, 0.85, 0.999), (0.02, 0.1, 0.25, 0.5), (0.8, 0.9, 0.98)))
)
TEST = 1.645  # deviations of an autocorrelation, beyond which it is no chance (90 %)
Method = Callable[[Floats, int], Floats]
ROWS = 1 << 16  # states that are carried at once


def is_seasonal(rows: Floats, season: int) -> Bools:
    """Say of each row whether it repeats itself after a season, (rows,).

    ::

        r_m > 1.645 sqrt((1 + 2 Σ_{k<m} r_k²) / n)         r: autocorrelations

    of the row, a line taken off, or of its differences, which no slow wave hides.

    Args:
        rows: (rows, steps).
        season: steps; with fewer than three seasons nothing is told.

    Example:
        >>> wave = np.sin(np.arange(48) * np.pi / 6)
        >>> is_seasonal(wave[None], 12).tolist(), is_seasonal(wave[None], 5).tolist()
        ([True], [False])
    """
    count, steps = rows.shape
    if season < 2 or steps < 3 * season:
        return np.zeros(count, bool)
    at = np.arange(steps) - (steps - 1) / 2
    rows = rows / _sizes(rows)
    level = rows - rows.mean(axis=1, keepdims=True)
    level = level - (level @ at / (at @ at))[:, None] * at
    found: Bools = _repeats(level, season) | _repeats(np.diff(rows, axis=1), season)
    return found


def _repeats(rows: Floats, season: int) -> Bools:
    rows = rows - rows.mean(axis=1, keepdims=True)
    size = np.maximum((rows**2).sum(axis=1), np.finfo(float).tiny)
    r = np.stack([(rows[:, k:] * rows[:, :-k]).sum(axis=1) for k in range(1, season + 1)]) / size
    limit = TEST * np.sqrt((1 + 2 * (r[:-1] ** 2).sum(axis=0)) / rows.shape[1])
    found: Bools = r[-1] > limit
    return found


def theta(rows: Floats, horizon: int, season: int = 1) -> Floats:
    """Forecast by Theta: what follows each row, (rows, horizon).

    Args:
        rows: (rows, steps) histories of one length.
        horizon: steps ahead.
        season: steps after which rows may repeat themselves, 1 for none.

    Example:
        >>> theta(np.arange(10.0)[None], 2).round(1).tolist()
        [[9.5, 10.0]]
    """
    return _in_season(rows, horizon, season, _theta)


def damped(rows: Floats, horizon: int, season: int = 1) -> Floats:
    """Forecast by a damped trend: what follows each row, (rows, horizon).

    Example:
        >>> damped(np.arange(10.0)[None], 2).round(1).tolist()
        [[10.0, 10.9]]
    """
    return _in_season(rows, horizon, season, _damped)


def smoothed(rows: Floats, horizon: int, season: int = 1) -> Floats:
    """Forecast by the mean of Theta and of a damped trend, (rows, horizon)."""
    return _in_season(rows, horizon, season, lambda x, h: (_theta(x, h) + _damped(x, h)) / 2)


METHODS = {"theta": theta, "damped": damped, "smoothed": smoothed}


def _in_season(rows: Floats, horizon: int, season: int, method: Method) -> Floats:
    """Take the season off, forecast, and put it on again; some rows at a time."""
    parts = max(1, len(rows) * len(DAMPED) // ROWS)
    found = [_some(part, horizon, season, method) for part in np.array_split(rows, parts)]
    return np.concatenate(found) if len(rows) else np.zeros((0, horizon))


def _some(rows: Floats, horizon: int, season: int, method: Method) -> Floats:
    size = _sizes(rows)
    rows = rows / size
    if not is_seasonal(rows, season).any():
        return method(rows, horizon) * size
    positive = rows.min(axis=1) > 0
    factor, amount = _seasons(rows, season, positive)
    phase = np.arange(-rows.shape[1], 0) % season
    ahead = method((rows - amount[:, phase]) / factor[:, phase], horizon)
    phase = np.arange(horizon) % season
    found: Floats = (ahead * factor[:, phase] + amount[:, phase]) * size
    return found


def _sizes(rows: Floats) -> Floats:
    """Give the largest number of each row: squares must neither overflow nor vanish."""
    size = np.abs(rows).max(axis=1, keepdims=True)
    return np.where(size > 0, size, 1.0)


def _seasons(rows: Floats, season: int, positive: Bools) -> tuple[Floats, Floats]:
    """Give what each phase multiplies by and what it adds, (rows, season); one of them is idle.

    Phase 0 is that of the first step ahead. Positive rows are taken to be multiplied.
    """
    half = season // 2
    weights = np.ones(season) if season % 2 else np.r_[0.5, np.ones(season - 1), 0.5]
    sums = np.apply_along_axis(np.convolve, 1, rows, weights / weights.sum(), "valid")
    middle = rows[:, half : half + sums.shape[1]]
    phase = (np.arange(half, half + sums.shape[1]) - rows.shape[1]) % season
    against = np.where(positive[:, None], middle / np.where(sums == 0, 1.0, sums), middle - sums)
    index = np.stack([against[:, phase == k].mean(axis=1) for k in range(season)], axis=1)
    mean = index.mean(axis=1, keepdims=True)
    factor = np.maximum(index / np.where(mean == 0, 1.0, mean), 0.01)
    there = is_seasonal(rows, season)[:, None]
    return (
        np.where(there & positive[:, None], factor, 1.0),
        np.where(there & ~positive[:, None], index - mean, 0.0),
    )


def _theta(rows: Floats, horizon: int) -> Floats:
    steps = rows.shape[1]
    at = np.arange(steps) - (steps - 1) / 2
    slope = (rows @ at) / max(at @ at, 1.0)
    level = np.repeat(rows[:, :1], len(ALPHAS), axis=1)
    error = np.zeros_like(level)
    for step in range(1, steps):
        missed = rows[:, step : step + 1] - level
        error += missed**2
        level += ALPHAS * missed
    best = np.argmin(error, axis=1)
    alpha, level = ALPHAS[best], level[np.arange(len(rows)), best]
    drift = np.arange(horizon) + ((1 - (1 - alpha) ** steps) / alpha)[:, None]
    found: Floats = level[:, None] + slope[:, None] / 2 * drift
    return found


def _damped(rows: Floats, horizon: int) -> Floats:
    alpha, beta, phi = DAMPED.T
    first = min(4, rows.shape[1])
    slope = (rows[:, first - 1] - rows[:, 0]) / max(first - 1, 1)
    level = np.repeat(rows[:, :1], len(DAMPED), axis=1)
    trend = np.repeat(slope[:, None], len(DAMPED), axis=1)
    error = np.zeros_like(level)
    for step in range(1, rows.shape[1]):
        trend *= phi
        level += trend
        missed = rows[:, step : step + 1] - level
        error += missed**2
        level += alpha * missed
        trend += alpha * beta * missed
    chosen = np.arange(len(rows)), np.argmin(error, axis=1)
    fades = np.cumsum(phi[chosen[1]][:, None] ** np.arange(1, horizon + 1), axis=1)
    found: Floats = level[chosen][:, None] + fades * trend[chosen][:, None]
    return found
