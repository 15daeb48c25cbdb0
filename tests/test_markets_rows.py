"""Prices cut into rows: what a row sees, and what it never does."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra.errors import DataError
from recurra.markets.indicators import macd, sma
from recurra.markets.rows import features_of, rows_of
from recurra.markets.simulator import simulate


@pytest.fixture(scope="module")
def market() -> dict[str, pd.DataFrame]:
    return simulate(6, 600, seed=1)


def test_a_row_sees_ten_days_before_its_own_scaled_by_the_last_of_them(market: Any) -> None:
    frame = market["SIM001"]
    rows = rows_of({"SIM001": frame}, 10)
    day = np.flatnonzero(rows.dates == frame.index[400].to_datetime64())[0]
    close = frame["close"]
    before = close.iloc[399]
    unit = np.exp(rows.volatility[day, 0])
    seen = rows.windows[day]
    column = {name: seen[:, i] for i, name in enumerate(rows.names)}
    for name in ("open", "high", "low", "close"):
        expected = np.log(frame[name].iloc[390:400] / before) / unit
        np.testing.assert_allclose(column[name], expected, rtol=1e-4, atol=1e-5)
    for days in (5, 20, 60, 120):
        expected = np.log(sma(close, days).iloc[390:400] / before) / unit
        np.testing.assert_allclose(column[f"sma{days}"], expected, rtol=1e-4, atol=1e-5)
    expected = macd(close)["macd"].iloc[390:400] / before / unit
    np.testing.assert_allclose(column["macd"], expected, rtol=1e-4, atol=1e-5)
    assert column["close"][-1] == 0
    assert rows.change[day] == pytest.approx(close.iloc[400] / before - 1)
    assert rows.before[day] == pytest.approx(before / close.iloc[398] - 1)


def test_changing_prices_from_a_day_on_leaves_every_row_before_it_as_it_was(market: Any) -> None:
    frame = market["SIM002"]
    changed = frame.copy()
    changed.iloc[450:] *= np.random.default_rng(0).uniform(0.5, 2, (150, 5))
    before, after = rows_of({"A": frame}), rows_of({"A": changed})
    same = before.dates <= frame.index[450].to_datetime64()
    np.testing.assert_array_equal(before.windows[same], after.windows[same])
    np.testing.assert_array_equal(before.volatility[same], after.volatility[same])
    assert not np.array_equal(before.windows[~same], after.windows[~same])


def test_the_newest_row_sees_the_last_days_and_has_no_answer_yet(market: Any) -> None:
    frame = market["SIM003"]
    newest = rows_of({"A": frame}, newest=True)
    known = rows_of(
        {"A": pd.concat([frame, frame.iloc[-1:].set_axis(frame.index[-1:] + pd.offsets.BDay())])}
    )
    assert newest.dates.astype(str).tolist() == [str((frame.index[-1] + pd.offsets.BDay()).date())]
    np.testing.assert_array_equal(newest.windows[0], known.windows[-1])
    assert np.isnan(newest.change).all()


def test_a_window_with_a_long_halt_in_it_gives_no_row(market: Any) -> None:
    whole, halted = market["SIM001"], market["SIM002"].drop(market["SIM002"].index[300:330])
    rows = rows_of({"A": whole, "B": halted})
    mine = rows.dates[rows.tickers == "B"]
    after = halted.index[300].to_datetime64()
    assert after not in mine
    assert halted.index[312].to_datetime64() in mine


def test_prices_too_short_for_a_row_say_what_they_need(market: Any) -> None:
    with pytest.raises(DataError, match="needs 130 days of prices"):
        rows_of({"A": market["SIM001"].iloc[:100]})


def test_files_without_volume_give_rows_without_it(market: Any) -> None:
    frame = market["SIM001"].assign(volume=np.nan)
    assert features_of(market["SIM001"])[1][-1] == "volume"
    assert features_of(frame)[1][-1] == "macd"
    assert rows_of({"A": frame, "B": market["SIM002"]}).names[-1] == "macd"
