"""Indicators against TA-Lib, hand values, and the property that no later day changes a value."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import SettingsError
from recurra.markets.indicators import (
    WARM_UP,
    bollinger,
    ema,
    macd,
    returns,
    rsi,
    sma,
    volume_ratio,
)

INDICATORS = {
    "returns": lambda close: returns(close, 3),
    "sma": lambda close: sma(close, 5),
    "ema": lambda close: ema(close, 5),
    "macd": lambda close: macd(close, 3, 6, 4),
    "rsi": lambda close: rsi(close, 4),
    "bollinger": lambda close: bollinger(close, 5),
    "volume_ratio": lambda close: volume_ratio(close, 4),
}
NAMES = sorted(INDICATORS)


def walk(days: int, seed: int = 0) -> pd.Series:
    steps = np.random.default_rng(seed).standard_t(4, days) * 0.015
    dates = pd.bdate_range("2010-01-04", periods=days, name="date")
    return pd.Series(50_000 * np.exp(np.cumsum(steps)), dates, name="close")


prices = st.lists(st.one_of(st.floats(1, 1e6), st.just(float("nan"))), min_size=1, max_size=60).map(
    lambda values: pd.Series(values, dtype=float)
)


def looks_ahead(indicator: Any, close: pd.Series, added: pd.Series) -> bool:
    longer = pd.concat([close, added], ignore_index=True)
    before, after = indicator(close), indicator(longer).iloc[: len(close)]
    return not np.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(close=prices, added=prices)
def test_adding_days_at_the_end_changes_nothing_before_them(
    name: str, close: pd.Series, added: pd.Series
) -> None:
    assert not looks_ahead(INDICATORS[name], close, added)


def test_the_causality_test_sees_an_indicator_that_looks_ahead() -> None:
    close = walk(30)
    assert looks_ahead(lambda c: c.rolling(5, center=True).mean(), close, close)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=30, deadline=None)
@given(close=prices, other=prices)
def test_a_table_of_tickers_gives_what_each_ticker_gives_alone(
    name: str, close: pd.Series, other: pd.Series
) -> None:
    table = pd.DataFrame({"A": close, "B": other})
    both = INDICATORS[name](table)
    for ticker in table:
        alone = INDICATORS[name](table[ticker])
        mine = both.xs(ticker, axis=1, level=1) if isinstance(alone, pd.DataFrame) else both[ticker]
        np.testing.assert_array_equal(alone, mine)


@pytest.mark.parametrize("cut", [0, 37, 1200])
def test_a_window_has_the_values_of_the_full_history_after_the_warm_up(cut: int) -> None:
    close = walk(1500)
    full, window = macd(close), macd(close.iloc[cut:])
    left = (full - window).iloc[cut + WARM_UP :].abs().max().max()
    assert left <= 1e-6 * close.min()
    for days in (5, 20, 60, 120):
        pd.testing.assert_series_equal(
            sma(close, days).iloc[cut + WARM_UP :], sma(close.iloc[cut:], days).iloc[WARM_UP:]
        )


def test_a_window_of_ten_days_alone_has_another_macd() -> None:
    close = walk(1500)
    ten = close.iloc[-10:]
    alone = ten.ewm(span=12, adjust=False).mean() - ten.ewm(span=26, adjust=False).mean()
    assert abs(alone.iloc[-1] - macd(close)["macd"].iloc[-1]) > 0.001 * close.iloc[-1]


def test_averages_agree_with_talib() -> None:
    talib = pytest.importorskip("talib")
    close = walk(900)
    values = close.to_numpy()
    np.testing.assert_allclose(sma(close, 20), talib.SMA(values, 20), rtol=1e-11)
    np.testing.assert_allclose(rsi(close), talib.RSI(values, 14), rtol=1e-9)
    # TA-Lib starts exponential averages elsewhere: after 600 days that is forgotten
    np.testing.assert_allclose(ema(close, 26)[600:], talib.EMA(values, 26)[600:], rtol=1e-12)
    ours, theirs = macd(close)[600:], np.stack(talib.MACD(values, 12, 26, 9), 1)[600:]
    np.testing.assert_allclose(ours, theirs, atol=1e-8 * close.min())
    upper, middle, lower = talib.BBANDS(values, 20, 2.0, 2.0, 0)
    expected = np.stack([middle, upper, lower], 1)
    np.testing.assert_allclose(bollinger(close), expected, rtol=1e-9)
    np.testing.assert_allclose(returns(close, 5), talib.ROCP(values, 5), rtol=1e-9, atol=1e-15)


def test_values_are_missing_until_warm_and_no_longer() -> None:
    close = walk(200)
    first = {
        "sma": sma(close, 120).notna().to_numpy().argmax(),
        "ema": ema(close, 26).notna().to_numpy().argmax(),
        "macd": macd(close)["macd"].notna().to_numpy().argmax(),
        "signal": macd(close)["signal"].notna().to_numpy().argmax(),
        "rsi": rsi(close).notna().to_numpy().argmax(),
        "volume": volume_ratio(close).notna().to_numpy().argmax(),
    }
    assert first == {"sma": 119, "ema": 25, "macd": 25, "signal": 33, "rsi": 14, "volume": 20}


def test_hand_values() -> None:
    close = pd.Series([10.0, 11.0, 10.0, 13.0])
    # rises 1 0 3, falls 0 1 0: averages (0.5, 0.5), then (1.75, 0.25)
    np.testing.assert_allclose(rsi(close, 2), [np.nan, np.nan, 50.0, 87.5])
    np.testing.assert_allclose(rsi(pd.Series([5.0] * 4), 2), [np.nan, np.nan, 50.0, 50.0])
    np.testing.assert_allclose(bollinger(close, 2, 1.0).iloc[-1], [11.5, 11.5 + 1.5, 11.5 - 1.5])
    volume = pd.Series([0.0, 0.0, 4.0, 6.0])
    np.testing.assert_allclose(volume_ratio(volume, 2), [np.nan, np.nan, np.nan, 3.0])


def test_a_missing_close_is_missing_there_and_the_average_goes_on() -> None:
    close = pd.Series([4.0, 8.0, np.nan, 2.0])
    # weight 2/3: 4 → 20/3 → gap → (20/3)/3 + 2 · 2/3
    np.testing.assert_allclose(ema(close, 2), [np.nan, 20 / 3, np.nan, 20 / 9 + 4 / 3])
    np.testing.assert_allclose(sma(close, 2), [np.nan, 6.0, np.nan, np.nan])


@pytest.mark.parametrize("planted", [True, False])
def test_the_published_table_of_000660_comes_out(real_data: Path, planted: bool) -> None:
    path = real_data / "prices" / "krx" / "000660.csv"
    close = pd.read_csv(path, index_col="Date")["Close"].astype(float)
    if planted:
        close["2020-03-09"] = 92_600.0  # the stale close that the table was made with
    table = pd.DataFrame({days: sma(close, days) for days in (5, 20, 60, 120)})
    table["macd"] = macd(close)["macd"]
    if not planted:
        assert table.loc["2020-03-11", [5, 20]].tolist() == [89_800.0, 96_250.0]
        return
    averages = table.loc[["2020-03-11", "2020-03-24"], [5, 20, 60, 120]]
    np.testing.assert_allclose(
        averages,
        [
            [90_940.0, 96_535.0, 96_283.333333, 88_926.666667],
            [73_000.0, 85_025.0, 94_093.333333, 88_543.333333],
        ],
        atol=1e-6,
    )
    np.testing.assert_allclose(
        table.loc[["2020-03-11", "2020-03-24"], "macd"], [-2358.031666, -6185.940782], atol=1e-4
    )


def test_settings_that_make_no_sense_are_refused() -> None:
    close = walk(5)
    with pytest.raises(SettingsError, match="fast span must be below"):
        macd(close, 26, 12)
    with pytest.raises(SettingsError, match="days must be at least 1, but it is 0"):
        sma(close, 0)
