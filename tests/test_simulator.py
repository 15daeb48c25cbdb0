"""Simulated markets: fat tails, clustered volatility, one market, and the edge asked for."""

import numpy as np
import pandas as pd
import pytest

from recurra.errors import SettingsError
from recurra.markets.simulator import simulate


def log_returns(market: dict[str, pd.DataFrame]) -> np.ndarray:
    return np.stack([np.log(f["close"]).diff().to_numpy()[1:] for f in market.values()], axis=1)


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    first, again, other = simulate(3, 50, seed=4), simulate(3, 50, seed=4), simulate(3, 50, seed=5)
    for ticker in first:
        pd.testing.assert_frame_equal(first[ticker], again[ticker])
    assert not first["SIM001"].equals(other["SIM001"])


def test_every_day_is_a_possible_day() -> None:
    for frame in simulate(10, 400, seed=1).values():
        assert frame.index.is_monotonic_increasing
        assert frame.index.name == "date"
        assert frame.index.day_of_week.max() < 5
        assert (frame["low"] <= frame[["open", "close"]].min(axis=1)).all()
        assert (frame["high"] >= frame[["open", "close"]].max(axis=1)).all()
        assert (frame > 0).all().all()
        assert (frame.dtypes == "float64").all()


def test_tails_are_fat_volatility_comes_in_clusters_and_tickers_move_together() -> None:
    returns = log_returns(simulate(20, 3000, seed=2))
    standard = (returns - returns.mean(0)) / returns.std(0)
    assert (standard**4).mean() > 4.5  # 3 if they were normal
    size = np.abs(standard)
    clustered = [np.corrcoef(size[1:, i], size[:-1, i])[0, 1] for i in range(20)]
    assert np.mean(clustered) > 0.1
    apart = np.corrcoef(returns.T)[np.triu_indices(20, 1)]
    assert 0.05 < apart.mean() < 0.5


@pytest.mark.parametrize("edge", [0.0, 0.2])
def test_the_past_week_tells_of_the_next_day_as_much_as_was_asked(edge: float) -> None:
    returns = log_returns(simulate(40, 2500, edge=edge, seed=3))
    deviation = pd.DataFrame(returns).rolling(60).std().to_numpy()
    standard = returns / deviation
    week = pd.DataFrame(standard).rolling(5).sum().to_numpy()[64:-1]
    found = np.corrcoef(week.ravel(), standard[65:].ravel())[0, 1]
    # the market's part of a return has no edge, so a little less than what was planted shows
    assert 0.6 * edge - 0.03 < found < edge + 0.03


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingsError, match="tickers must be at least 1, but it is 0"):
        simulate(0, 10)
    with pytest.raises(SettingsError, match="correlation between -1 and 1, but it is 2"):
        simulate(2, 10, edge=2)
