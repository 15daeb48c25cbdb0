"""Which source answers: a folder that was named, files under $RECURRA_DATA, else the network."""

import datetime as dt
import os

import pandas as pd

from recurra.errors import DataError
from recurra.markets.cache import CachedSource
from recurra.markets.prices import Prices
from recurra.markets.service import FinanceDataReaderSource
from recurra.markets.sources import FolderSource, PriceSource

__all__ = ["chosen_source"]


def chosen_source(name: str | None = None, *, offline: bool = False) -> PriceSource:
    """Give the source of a name.

    Args:
        name: a folder of files; `fdr` for FinanceDataReader and what is kept of it; None: for each
            question the files under $RECURRA_DATA if they can answer it, else as `fdr`.
        offline: whether the network stays unused.

    Raises:
        DataError: the folder is not there.
    """
    service = CachedSource(FinanceDataReaderSource(), offline=offline)
    if name == "fdr":
        return service
    if name is not None:
        return FolderSource(name)
    if not os.environ.get("RECURRA_DATA"):
        return service
    return _FilesFirst(FolderSource(), service)


class _FilesFirst:
    """Files where there are some of what is asked for, else the service."""

    def __init__(self, files: FolderSource, service: PriceSource) -> None:
        self.files, self.service, self.name = files, service, files.name

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are."""
        source: PriceSource = self.files if self.files.find(ticker) else self.service
        return source.prices(ticker, start, end)

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed."""
        try:
            return self.files.listing(symbol)
        except DataError:
            return self.service.listing(symbol)
