"""The newest day of prices, of which a model is asked: which rows, and which are refused."""

import datetime as dt
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from recurra.arrays import Floats
from recurra.errors import DataError
from recurra.markets.indicators import WARM_UP
from recurra.markets.rows import Market, RiseRows, rows_of
from recurra.markets.sessions import next_open_day
from recurra.markets.tickers import instrument

__all__ = ["check_features", "newest_scores", "refusal"]

STALE = 5  # days that may lie between the last price and the day asked about


def newest_scores(
    market: Market,
    say: Callable[[RiseRows], Floats],
    names: Sequence[str],
    window: int,
    as_of: dt.date | None = None,
    *,
    allow_stale: bool = False,
) -> pd.DataFrame:
    """Score the day of trading after the last of each ticker.

    A ticker with a long gap or an unknown price among its last days gets no row.

    Args:
        market: prices, with at least `WARM_UP` days each: MACD then is that of the training.
        say: gives the probability of a rise of each row.
        names: of the features that the model learned from.
        window: days that it sees.
        as_of: the day on which it is asked, None for the newest day of any ticker.
        allow_stale: score a series that ends more than 5 days before that all the same.

    Returns:
        Columns ticker, for, seen to, probability.

    Raises:
        DataError: a series is too short or ends too early.
    """
    day = as_of or max(frame.index[-1] for frame in market.values()).date()
    known = {ticker: frame.loc[: pd.Timestamp(day)] for ticker, frame in market.items()}
    for ticker, frame in known.items():
        refused = refusal(ticker, frame, day, allow_stale=allow_stale)
        if refused:
            raise DataError(refused)
    if "volume" not in names:  # it learned without, as some of its prices had none
        known = {ticker: frame.assign(volume=np.nan) for ticker, frame in known.items()}
    rows = rows_of(known, window, newest=True)
    seen_to = [known[ticker].index[-1].date() for ticker in rows.tickers]
    following = map(next_open_day, map(instrument, rows.tickers), seen_to)
    return pd.DataFrame(
        {
            "ticker": rows.tickers,
            "for": [*map(str, following)],
            "seen to": [*map(str, seen_to)],
            "probability": say(rows),
        }
    )


def check_features(names: Sequence[str], rows: RiseRows) -> None:
    """Make sure that rows have the features that a model learned from.

    Raises:
        DataError: they have others.
    """
    if tuple(rows.names) != tuple(names):
        raise DataError(
            f"the model was trained on {', '.join(names)}, but the prices give "
            f"{', '.join(rows.names)}: a file without volume cannot serve a model with it."
        )


def refusal(
    ticker: str, frame: pd.DataFrame, day: dt.date, *, allow_stale: bool = False
) -> str | None:
    """Say why prices up to a day are too few or too old to answer from; None: they are not."""
    if len(frame) < WARM_UP:
        return (
            f"{ticker} must have {WARM_UP} days of prices, so that averages are those of "
            f"the training, but it has {len(frame)} up to {day}. Give a longer history."
        )
    last = frame.index[-1].date()
    if (day - last).days > STALE and not allow_stale:
        return (
            f"prices must reach the day before the one asked about, but {ticker} ends on "
            f"{last}, {(day - last).days} days before {day}. Update it, ask --as-of {last}, or "
            "give --allow-stale."
        )
    return None
