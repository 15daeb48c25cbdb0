"""The last days before a day D with their indicators, as a table and as a page with candles."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import jinja2
import numpy as np
import pandas as pd

from recurra.arrays import Array
from recurra.errors import DataError, SettingsError
from recurra.markets.checks import PriceCheck, check_prices
from recurra.markets.indicators import WARM_UP, macd, sma
from recurra.markets.prices import Prices
from recurra.markets.sessions import open_days, without_closed_days
from recurra.markets.tickers import instrument

__all__ = ["Window", "window", "window_page"]

AVERAGES = (5, 20, 60, 120)
BEFORE = 50  # days drawn before the window, to see where it comes from
WIDTH, HEIGHT, LEFT, RIGHT, TOP = 960.0, 460.0, 8.0, 78.0, 10.0
PRICES_HEIGHT, MACD_TOP, MACD_HEIGHT = 300.0, 336.0, 92.0
KOREAN = {
    "high": "고가",
    "low": "저가",
    "open": "시가",
    "close": "종가",
    "SMA5": "5일 평균",
    "SMA20": "20일 평균",
    "SMA60": "60일 평균",
    "SMA120": "120일 평균",
}


@dataclass(frozen=True)
class Window:
    """The days D-n to D-1 of one ticker.

    Args:
        prices: of the whole history up to D-1, without days of a closed market.
        table: a row a day, oldest first; columns day (D-n…D-1), high, low, open, close, SMA5,
            SMA20, SMA60, SMA120, MACD.
        history: the same columns for all days.
        check: what is wrong with the days that the table rests on.
    """

    prices: Prices
    table: pd.DataFrame
    history: pd.DataFrame
    check: PriceCheck


def window(prices: Prices, end: dt.date | None = None, days: int = 10) -> Window:
    """Give the `days` days of trading up to `end` with their averages and MACD.

    The indicators are those of the whole history, not of the window alone: a MACD of ten days
    would be wrong by more than one percent of the price. With less than `WARM_UP` days before the
    window the MACD still remembers its start; what is not yet known is NaN.

    Args:
        prices: the history; days after `end` are not looked at.
        end: D-1; None: the last day there is. If nothing was traded on it, the day before.
        days: how many.

    Raises:
        DataError: the prices do not reach so far, or hold fewer days.
        SettingsError: `days` is below one.
    """
    if days < 1:
        raise SettingsError(f"a window needs at least one day, not {days}.")
    known = without_closed_days(prices.between(end=end))
    if len(known.frame) < days:
        raise DataError(
            f"a window of {days} days needs as many days of {prices.ticker} up to "
            f"{end or 'the last'}, but {prices.source} holds {len(known.frame)}."
        )
    last = known.frame.index[-1].date()
    if end and last < end:
        needed, _, _ = open_days(instrument(prices.ticker), last, end)
        if len(needed[needed > pd.Timestamp(last)]):
            raise DataError(
                f"the window must end on {end}, but the prices of {prices.ticker} "
                f"from {prices.source} end on {last}. Give --end {last}, or newer prices."
            )
    close = known.frame["close"]
    history = known.frame[["high", "low", "open", "close"]].assign(
        **{f"SMA{span}": sma(close, span) for span in AVERAGES}, MACD=macd(close)["macd"]
    )
    table = history.iloc[-days:].copy()
    table.insert(0, "day", [f"D-{number}" for number in range(days, 0, -1)])
    rests_on = known.frame.index[-(days + WARM_UP) :][0].date()
    return Window(known, table, history, check_prices(known.between(rests_on)))


def window_page(chosen: Window) -> str:
    """Draw a window: one HTML page that needs nothing else, candles and MACD inline."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recurra.markets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    korean = instrument(chosen.prices.ticker).calendar == "XKRX"
    environment.filters["price"] = _price
    return environment.get_template("window.html.j2").render(
        window=chosen,
        rows=[
            (
                pd.Timestamp(str(day)).date(),
                row["day"],
                [row[name] for name in chosen.table.columns[1:]],
            )
            for day, row in chosen.table.iterrows()
        ],
        columns=[
            (name, KOREAN.get(name, "") if korean else "") for name in chosen.table.columns[1:]
        ],
        faults=[flag for flag in chosen.check.flags if flag.level == "fault"],
        drawing=_drawing(chosen),
        # red is up in Seoul, and down in New York
        up="#c92a2a" if korean else "#15803d",
        down="#1864ab" if korean else "#b91c1c",
    )


def _price(value: float) -> str:
    """Write a price with as many decimals as it needs; NaN is a dash."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:,.2f}"


def _drawing(chosen: Window) -> dict[str, object]:
    """Turn prices into the numbers of a drawing: candles, lines, bars, grid."""
    shown = chosen.history.iloc[-(len(chosen.table) + BEFORE) :]
    step = (WIDTH - LEFT - RIGHT) / len(shown)
    across = LEFT + step * (np.arange(len(shown)) + 0.5)
    lines = shown[[f"SMA{span}" for span in AVERAGES]]
    inside = np.concatenate(
        [shown[["high", "low", "close"]].to_numpy().ravel(), lines.to_numpy().ravel()]
    )
    low, high = float(np.nanmin(inside)), float(np.nanmax(inside))
    room = (high - low) * 0.04 or 1.0
    low, high = low - room, high + room

    def down(value: float) -> float:
        return round(TOP + PRICES_HEIGHT * (high - value) / (high - low), 2)

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "right": WIDTH - RIGHT,
        "body": round(max(step * 0.64, 1.0), 2),
        "left_of_window": round(across[-len(chosen.table)] - step / 2, 2),
        "candles": [
            _candle(round(float(x), 2), pd.Timestamp(str(day)).date(), row, down)
            for x, (day, row) in zip(across, shown.iterrows(), strict=True)
        ],
        "lines": {
            name: " ".join(
                f"{x:.2f},{down(value):.2f}"
                for x, value in zip(across, lines[name], strict=True)
                if np.isfinite(value)
            )
            for name in lines
        },
        "grid": [(down(tick), _price(tick)) for tick in _ticks(low, high)],
        "months": _months(shown, across, step),
        **_macd_bars(shown["MACD"].to_numpy(), across),
    }


def _candle(
    x: float, day: dt.date, row: "pd.Series[float]", down: Callable[[float], float]
) -> dict[str, object]:
    """Place one candle; what is unknown of it is taken from its close."""
    open_, high, low = (
        row[name] if np.isfinite(row[name]) else row["close"] for name in ("open", "high", "low")
    )
    told = ", ".join(f"{name} {_price(row[name])}" for name in ("open", "high", "low", "close"))
    return {
        "x": x,
        "high": down(high),
        "low": down(low),
        "top": down(max(row["close"], open_)),
        "bottom": down(min(row["close"], open_)),
        "rose": row["close"] >= open_,
        "tip": f"{day}: {told}",
    }


def _macd_bars(values: Array, across: Array) -> dict[str, object]:
    """Place the bars of the MACD below and above its own zero."""
    known = values[np.isfinite(values)]
    top, bottom = max(0.0, *known, 0.0), min(0.0, *known, 0.0)
    scale = MACD_HEIGHT / ((top - bottom) or 1.0)
    zero = MACD_TOP + top * scale
    bars = [
        (
            round(float(x), 2),
            round(zero - max(value, 0.0) * scale, 2),
            round(abs(value) * scale, 2),
            value >= 0,
        )
        for x, value in zip(across, values, strict=True)
        if np.isfinite(value)
    ]
    return {"bars": bars, "zero": round(zero, 2), "macd_top": MACD_TOP}


def _ticks(low: float, high: float) -> list[float]:
    """Give about five round numbers between two."""
    raw = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw)
    return [float(tick) for tick in np.arange(np.ceil(low / step) * step, high, step)]


def _months(shown: pd.DataFrame, across: Array, step: float) -> list[tuple[float, str]]:
    """Give where each month starts, as 2020-03."""
    names = pd.DatetimeIndex(shown.index).strftime("%Y-%m")
    starts = [row for row in range(1, len(names)) if names[row] != names[row - 1]]
    return [(round(float(across[row] - step / 2), 2), names[row]) for row in starts]
