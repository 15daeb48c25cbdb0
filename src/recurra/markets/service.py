"""FinanceDataReader as a source, with the patience and the checks that it lacks.

It has almost no timeouts and no retries, prints its errors, and fails in ways of its own: an empty
frame without columns, an `UnboundLocalError` for a listing without a network, a 404 where the
listing of the day is not there yet. Here each becomes one clear error, or is tried again.
"""

import contextlib
import datetime as dt
import io
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeVar

import pandas as pd

from recurra.data.fetching import within
from recurra.errors import DataError, SettingsError, SourceError
from recurra.extras import how_to_install
from recurra.markets.prices import Prices, prices_from_frame
from recurra.markets.sources import listing_symbol, tidy_listing
from recurra.markets.tickers import instrument

__all__ = ["OFFLINE_WAYS", "FinanceDataReaderSource"]

Found = TypeVar("Found")
OFFLINE_WAYS = (
    "Without a network: --source FOLDER with TICKER.csv files, RECURRA_DATA=FOLDER, or --offline "
    "for what was fetched before."
)
EARLIEST = dt.date(1990, 1, 1)  # the service itself starts some series in 2010 unless told
# what trying again does not mend: the ticker or the address is wrong
LASTING = (KeyError, IndexError, TypeError, NotImplementedError)
MISSING = {"404", "410"}


class FinanceDataReaderSource:
    """Prices and listings through the package FinanceDataReader.

    Args:
        timeout: seconds that one attempt may take; a listing of many pages has six times as long.
        attempts: how often to try; the pauses between double.
        pause: seconds before the second attempt.
        reader: the package; None: imported when first needed.
    """

    name = "FinanceDataReader"

    def __init__(
        self, timeout: float = 30.0, attempts: int = 3, pause: float = 1.0, reader: Any = None
    ) -> None:
        self.timeout, self.attempts, self.pause = timeout, attempts, pause
        self._reader = reader

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are.

        Raises:
            DataError: the service knows no such ticker, or nothing in that range.
            SourceError: the service cannot be reached or gives something else.
        """
        known = instrument(ticker)
        begin, until = start or EARLIEST, end or dt.datetime.now(dt.UTC).date()
        frame = self._ask(
            f"the prices of {known.ticker}",
            # one day more: the service leaves out the last day of some series
            lambda fdr: fdr.DataReader(
                known.ticker, begin.isoformat(), (until + dt.timedelta(days=1)).isoformat()
            ),
        )
        if not isinstance(frame, pd.DataFrame) or frame.columns.empty or frame.empty:
            raise SourceError(
                f"{self.name} must give the prices of {known.ticker}, but gave an empty table: it "
                f"cannot reach its own source, knows no such ticker, or nothing was traded from "
                f"{begin} to {until}. {OFFLINE_WAYS}"
            )
        try:
            given = prices_from_frame(frame, known.ticker, self.name)
        except DataError as error:
            raise SourceError(f"{self.name} gave prices of another shape: {error}") from None
        chosen = given.between(start, end)
        if chosen.frame.empty:
            raise DataError(
                f"the range must hold days of {known.ticker}, but {self.name} has none from "
                f"{begin} to {until}."
            )
        return chosen

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed under one of `LISTINGS`: today's shares, not those that left.

        Raises:
            SourceError: the service cannot be reached, has no listing of today, or gives something
                else.
        """
        symbol = listing_symbol(symbol)
        asked = "S&P500" if symbol == "SP500" else symbol
        frame = self._ask(
            f"the listing of {symbol}",
            lambda fdr: fdr.StockListing(asked),
            timeout=6 * self.timeout,
        )
        if not isinstance(frame, pd.DataFrame) or frame.columns.empty or frame.empty:
            raise SourceError(
                f"{self.name} must give the listing of {symbol}, but gave an empty table. "
                f"{OFFLINE_WAYS}"
            )
        try:
            return tidy_listing(frame, self.name)
        except DataError as error:
            raise SourceError(f"{self.name} gave a listing of another shape: {error}") from None

    def _ask(
        self, wanted: str, question: Callable[[Any], Found], *, timeout: float | None = None
    ) -> Found:
        """Ask until there is an answer, with doubling pauses; say in one line why there is none."""
        reader = self._reader or _installed_reader()
        seconds = timeout or self.timeout
        for attempt in range(1, self.attempts + 1):
            try:
                return _within(seconds, lambda: question(reader))
            except Exception as error:
                if attempt == self.attempts or isinstance(error, LASTING) or _is_missing(error):
                    raise SourceError(
                        f"{self.name} could not give {wanted}: {_reason(error, seconds)}. "
                        f"{OFFLINE_WAYS}"
                    ) from None
                time.sleep(self.pause * 2 ** (attempt - 1))
        raise SettingsError(f"at least one attempt is needed, not {self.attempts}.")


def _installed_reader() -> Any:
    try:
        return import_module("FinanceDataReader")
    except ImportError:
        raise SettingsError(
            f"prices from the network need FinanceDataReader: {how_to_install('markets')}. "
            "Or give --source FOLDER with TICKER.csv files."
        ) from None


def _within(seconds: float, work: Callable[[], Found]) -> Found:
    """Work for at most that long; what it prints goes nowhere, bars of progress neither."""
    nowhere = io.StringIO()
    with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        return within(seconds, work)


def _is_missing(error: Exception) -> bool:
    """Say whether a server answered that there is no such thing."""
    status = getattr(getattr(error, "response", None), "status_code", getattr(error, "code", None))
    return str(status) in MISSING


def _reason(error: Exception, timeout: float) -> str:
    """Put an error of the service into words that help."""
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout:g} s"
    if _is_missing(error):
        return "there is none (404): the ticker is unknown, or today's listing is not there yet"
    if isinstance(error, UnboundLocalError) or "resolve" in str(error).lower():
        return "the network cannot be reached"
    if isinstance(error, OSError):
        return f"the network or its server fails ({type(error).__name__})"
    if isinstance(error, LASTING):
        return f"its answer is not as expected ({type(error).__name__}); is the ticker right?"
    return f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else 'failed'}"
