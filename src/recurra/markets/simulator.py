"""Simulated markets: prices that move as real ones do, with an edge of known size or with none.

Of ticker `i` on day `t`, with a market `m` that all tickers share::

    r_it = β_i m_t + e_it                                   the day's return, as a logarithm
    m_t  = σ_t z_t            σ²_t  = ω  + α m²_{t-1}  + γ σ²_{t-1}      GARCH(1, 1)
    e_it = σ_it u_it          σ²_it = ω_i + α (σz)²_{i,t-1} + γ σ²_{i,t-1}
    u_it = edge · s_it + √(1 - edge²) z_it,   z Student-t with 5 degrees of freedom, variance 1
    s_it = the returns of the five days before, each over its σ, added: the visible signal, brought
           to variance 1

The volatility is the same with an edge and without one. It comes in clusters and tails are fat, so
large rises *are* foreseeable as large movements are; their direction is not, unless `edge` is above
0. `edge` is the correlation of what the past five days show with the ticker's own shock of the next
day (the information coefficient of a perfect forecaster). In real markets 0.05 is thought a lot.

Source: T. Bollerslev, A conditionally heteroskedastic time series model for speculative prices and
rates of return, Review of Economics and Statistics 69 (1987).
"""

import numpy as np
import pandas as pd

from recurra.arrays import Floats
from recurra.errors import SettingsError
from recurra.markets.prices import Prices, prices_from_frame

__all__ = ["sample_market", "simulate"]


ARCH, GARCH = 0.08, 0.90
FREEDOM = 5
MARKET_VOLATILITY = 0.009  # a day
VOLATILITIES = (0.012, 0.030)  # of the tickers' own movement, evenly spread
BETAS = (0.6, 1.4)
SIGNAL_DAYS = 5
STEPS = 8  # prices seen within a day: first is the open, the extremes are high and low


def simulate(
    tickers: int = 40,
    days: int = 1000,
    *,
    edge: float = 0.0,
    seed: int = 0,
    end: str = "2024-12-30",
) -> dict[str, pd.DataFrame]:
    """Simulate daily prices of many tickers on one market.

    Args:
        tickers: how many; they are named SIM001, SIM002, …
        days: trading days, Monday to Friday.
        edge: how much the last five days tell of the next, -1 to 1; 0 is a market without memory
            of direction.
        seed: the same seed gives the same market.
        end: no day is later than this.

    Returns:
        For each ticker a table with the index `date` and open, high, low, close, volume.

    Raises:
        SettingsError: a number is outside its range.

    Example:
        >>> market = simulate(tickers=2, days=30)
        >>> list(market), market["SIM001"].shape
        (['SIM001', 'SIM002'], (30, 5))
    """
    _check(tickers, days, edge)
    rng = np.random.default_rng(seed)
    own = rng.permutation(np.linspace(*VOLATILITIES, tickers))
    returns, deviation = _returns(rng, own, days, edge)
    close = rng.uniform(10, 200, tickers) * np.exp(np.cumsum(returns, axis=0))
    paths = _within_days(rng, returns, deviation)
    before = np.vstack([close[:1] / np.exp(returns[:1]), close[:-1]])
    prices = before[..., None] * np.exp(paths)
    volume = _volumes(rng, returns, deviation)
    dates = pd.bdate_range(end=end, periods=days, name="date")
    return {
        f"SIM{number + 1:03d}": pd.DataFrame(
            {
                "open": prices[:, number, 0],
                "high": prices[:, number].max(axis=1),
                "low": prices[:, number].min(axis=1),
                "close": prices[:, number, -1],
                "volume": volume[:, number],
            },
            index=dates,
        )
        for number in range(tickers)
    }


def sample_market() -> list[Prices]:
    """Give the embedded sample: 12 tickers over 700 days, without edge."""
    market = simulate(tickers=12, days=700, seed=1)
    return [prices_from_frame(frame, ticker, "simulated") for ticker, frame in market.items()]


def _check(tickers: int, days: int, edge: float) -> None:
    for name, value in (("tickers", tickers), ("days", days)):
        if value < 1:
            raise SettingsError(f"{name} must be at least 1, but it is {value}.")
    if not -1 <= edge <= 1:
        raise SettingsError(f"the edge is a correlation between -1 and 1, but it is {edge}.")


def _returns(
    rng: np.random.Generator, own: Floats, days: int, edge: float
) -> tuple[Floats, Floats]:
    """Give returns and their deviations, both (days, tickers)."""
    tickers = len(own)
    beta = rng.uniform(*BETAS, tickers)
    scale = np.sqrt((FREEDOM - 2) / FREEDOM)
    shocks = rng.standard_t(FREEDOM, (days, tickers + 1)) * scale
    long_run = np.append(own, MARKET_VOLATILITY) ** 2  # the market is the last column
    variance, moved = long_run.copy(), long_run.copy()
    exposure = np.append(beta, 0.0) ** 2
    returns, deviation = np.zeros((2, days, tickers))
    standard = np.zeros((days, tickers))
    spread = float(SIGNAL_DAYS)  # of the signal, followed as it changes
    for day in range(days):
        variance = (1 - ARCH - GARCH) * long_run + ARCH * moved + GARCH * variance
        moved = variance * shocks[day] ** 2
        shock = shocks[day].copy()
        if edge and day:
            signal = standard[max(0, day - SIGNAL_DAYS) : day].sum(axis=0)
            spread = 0.98 * spread + 0.02 * float(np.mean(signal**2))
            signal = np.clip(signal / np.sqrt(spread), -3, 3)
            shock[:-1] = edge * signal + np.sqrt(1 - edge**2) * shock[:-1]
        steps = np.sqrt(variance) * shock
        returns[day] = beta * steps[-1] + steps[:-1]
        deviation[day] = np.sqrt(variance[:-1] + exposure[:-1] * variance[-1])
        standard[day] = returns[day] / deviation[day]
    return returns, deviation


def _within_days(rng: np.random.Generator, returns: Floats, deviation: Floats) -> Floats:
    """Give log prices within each day over the close before, ending at the day's return.

    A random walk, tied at its end (a Brownian bridge): (days, tickers, STEPS).
    """
    walk = np.cumsum(rng.standard_normal((*returns.shape, STEPS)), axis=2) / np.sqrt(STEPS)
    share = np.arange(1, STEPS + 1) / STEPS
    paths: Floats = (walk - share * walk[..., -1:]) * deviation[..., None]
    return paths + share * returns[..., None]


def _volumes(rng: np.random.Generator, returns: Floats, deviation: Floats) -> Floats:
    """Give whole numbers of shares: more on days of large movement."""
    level = rng.uniform(11, 15, returns.shape[1])
    surprise = np.abs(returns) / deviation
    logs = level + 0.3 * surprise + 0.4 * rng.standard_normal(returns.shape)
    return np.asarray(np.round(np.exp(logs)))
