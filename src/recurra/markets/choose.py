"""Which source answers: a folder that was named, files under $RECURRA_DATA, else the network."""

import datetime as dt
import os

import pandas as pd

from recurra.errors import DataError, InputError, RecurraError, SettingsError, SourceError
from recurra.markets.asked import AskedSource
from recurra.markets.cache import CachedSource
from recurra.markets.prices import Prices
from recurra.markets.service import FinanceDataReaderSource
from recurra.markets.sessions import without_closed_days
from recurra.markets.sources import FolderSource, PriceSource

__all__ = ["chosen_source", "prices_of_listing"]

MOST_FAILURES = 3  # so many in a row are no matter of the ticker


def chosen_source(
    name: str | None = None, *, offline: bool = False, encoding: str | None = None
) -> AskedSource:
    """Give the source of a name.

    Args:
        name: a folder of files; `fdr` for FinanceDataReader and what is kept of it; None: for each
            question the files under $RECURRA_DATA if they can answer it, else as `fdr`.
        offline: whether the network stays unused.
        encoding: of files, None to recognise it.

    Raises:
        DataError: the folder is not there.
        SettingsError: an encoding is given, but no files.
    """
    if name not in (None, "fdr"):
        folder = FolderSource(name, encoding)
        return AskedSource(folder, folder)
    service = CachedSource(FinanceDataReaderSource(), offline=offline)
    if name is None and os.environ.get("RECURRA_DATA"):
        folder = FolderSource(encoding=encoding)
        return AskedSource(_FilesFirst(folder, service), folder)
    if encoding is not None:
        raise SettingsError("--encoding is of files: give their folder with --source.")
    return AskedSource(service)


def prices_of_listing(
    symbol: str, name: str | None = None, *, offline: bool = False, encoding: str | None = None
) -> tuple[list[Prices], dict[str, str]]:
    """Give the prices of all that is listed, without days of a closed market.

    Where files hold some of them, those are taken, and the network is not asked for the others.

    Args:
        symbol: of a listing, such as KOSPI.
        name: of the source, as `chosen_source` takes it.
        offline: whether the network stays unused.
        encoding: of files, None to recognise it.

    Returns:
        The prices, and for each ticker without any the reason.

    Raises:
        DataError: there is no such listing, or no price of it.
        SourceError: the service fails for several tickers in a row.
    """
    source: PriceSource = chosen_source(name, offline=offline, encoding=encoding)
    if isinstance(source, AskedSource):  # a listing has codes: no name needs to be looked up
        source = source.inner
    codes = [str(code) for code in source.listing(symbol)["code"]]
    files = source.files if isinstance(source, _FilesFirst) else source
    if isinstance(files, FolderSource) and any(map(files.find, codes)):
        source = files
    found: list[Prices] = []
    absent: dict[str, str] = {}
    failures = 0
    for code in codes:
        try:
            found.append(without_closed_days(source.prices(code)))
            failures = 0
        except InputError as error:
            absent[code] = str(error)
        except SourceError as error:
            absent[code] = str(error)
            failures += 1
            if failures == MOST_FAILURES:
                raise
    if not found:
        raise DataError(
            f"some ticker of {symbol} must have prices, but none of the {len(codes)} has in "
            f"{source.name}. The first: {next(iter(absent.values()), 'the listing is empty')}"
        )
    return found, absent


class _FilesFirst:
    """Files where there are some of what is asked for, else the service."""

    def __init__(self, files: FolderSource, service: PriceSource) -> None:
        self.files, self.service, self.name = files, service, files.name

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are."""
        if self.files.find(ticker):
            return self.files.prices(ticker, start, end)
        try:
            return self.service.prices(ticker, start, end)
        except RecurraError as error:
            absent = f"{self.name} holds no prices of {ticker}.{self.files.did_you_mean(ticker)}"
            raise type(error)(f"{absent} Without a file: {error}") from None

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed."""
        try:
            return self.files.listing(symbol)
        except DataError:
            return self.service.listing(symbol)
