"""Prices that know a later day are told apart from prices as they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.markets.checks import check_prices
from recurra.markets.look_ahead import look_ahead
from recurra.markets.prices import Prices, read_prices
from recurra.markets.simulator import sample_market


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Days of a simulated share, whose volumes go with its moves."""
    frame = sample_market()[0].frame.copy()
    moves = np.log(frame["close"]).diff().abs().fillna(0.01)
    frame["volume"] = 1e6 * np.exp(20 * moves)
    return frame


AHEAD: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "the next open": ("of another day", lambda f: f.assign(open=f["open"].shift(-1))),
    "the next close": ("of another day", lambda f: f.assign(close=f["close"].shift(-1))),
    "the open of two days later": ("of another day", lambda f: f.assign(open=f["open"].shift(-2))),
    "opens adjusted, others not": (
        "of another day",
        lambda f: f.assign(open=np.where(np.arange(len(f)) < len(f) / 2, f["open"] / 2, f["open"])),
    ),
    "an average of days to come": (
        "smoothed",
        lambda f: pd.DataFrame({n: c.rolling(3, center=True).mean() for n, c in f.items()}),
    ),
    "every second day filled in": (
        "smoothed",
        lambda f: f[::2].reindex(f.index).interpolate(),
    ),
    "the next volume": ("volume ahead", lambda f: f.assign(volume=f["volume"].shift(-1))),
}


@pytest.mark.parametrize("name", AHEAD)
def test_prices_of_a_later_day_are_found(name: str, frame: pd.DataFrame) -> None:
    kind, change = AHEAD[name]
    assert kind in {found.kind for found in look_ahead(change(frame).iloc[:-2])}


def opened_at_the_last_close(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.assign(open=frame["close"].shift()).iloc[1:]
    both = frame[["open", "high", "low"]]
    return frame.assign(high=both.max(axis=1), low=both.min(axis=1))


CLEAN: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "as they are": lambda f: f,
    "no volumes": lambda f: f.assign(volume=np.nan),
    "another unit": lambda f: f * 1e-6,
    "every fifth day": lambda f: f[::5],
    "no pause": opened_at_the_last_close,
    "too few days to say": lambda f: f.iloc[:80].assign(open=0.1),
    "closes alone": lambda f: f.assign(open=np.nan, high=np.nan, low=np.nan),
    "no move": lambda f: f * 0 + 5.0,
}


@pytest.mark.parametrize("name", CLEAN)
def test_prices_of_their_day_are_left_in_peace(name: str, frame: pd.DataFrame) -> None:
    assert look_ahead(CLEAN[name](frame)) == []


def test_a_check_calls_it_a_fault(frame: pd.DataFrame) -> None:
    shifted = Prices("SIM", frame.assign(open=frame["open"].shift(-1)), "given", None, None)
    (flag,) = [flag for flag in check_prices(shifted).flags if flag.rule == "look-ahead"]
    assert flag.level == "fault"
    assert "the open lies outside low to high on" in flag.findings[0].detail


def test_no_published_prices_are_of_another_day(real_data: Path) -> None:
    files = sorted((real_data / "prices").glob("*/*.csv"))[::6]
    assert len(files) > 20
    assert [str(f) for f in files if look_ahead(read_prices(f).frame)] == []
