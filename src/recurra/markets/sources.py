"""Where prices and listings come from: one small interface, and a folder of files behind it."""

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import pandas as pd

from recurra.data.readers import known_encoding, read_table
from recurra.data.spelling import meant
from recurra.errors import DataError, InputError, SettingsError
from recurra.markets.prices import Prices, read_prices, ticker_of
from recurra.markets.sessions import without_closed_days
from recurra.markets.tickers import KRX_CODE, instrument
from recurra.names import near, one_of

__all__ = ["LISTINGS", "FolderSource", "PriceSource", "Universe", "universe"]

LISTINGS = ("NASDAQ", "NYSE", "AMEX", "SP500", "KRX", "KOSPI", "KOSDAQ", "KONEX")
PLACES = ("", "prices/krx", "prices/us", "prices", "indices", "quotes")
ENDINGS = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
LISTING_NAMES = {
    "code": "code",
    "symbol": "code",
    "종목코드": "code",
    "단축코드": "code",
    "name": "name",
    "security": "name",
    "종목명": "name",
    "한글 종목약명": "name",
    "market": "market",
    "시장구분": "market",
    "chagesratio": "change %",  # so misspelt by the source
    "changesratio": "change %",
    "marcap": "market value",
    "industry": "industry",
    "gics sector": "industry",
    "close": "close",
}
KOREAN_MARKETS = {"한국거래소": "KRX", "코스피": "KOSPI", "코스닥": "KOSDAQ", "코넥스": "KONEX"}
KOREAN_MARKETS |= {"유가증권시장": "KOSPI", "나스닥": "NASDAQ", "뉴욕증권거래소": "NYSE"}
KOREAN = ("KOSPI", "KOSDAQ", "KONEX")


class PriceSource(Protocol):
    """A place that gives listings and daily prices."""

    name: str

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed: columns code and name (text) first, then what the source knows."""

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are."""


class FolderSource:
    """Files in a folder: TICKER.csv or TICKER.parquet, and listings; needs no network.

    Prices are looked for in the folder itself, then in its prices/krx, prices/us, prices, indices
    and quotes. USD/KRW is in USD-KRW.csv. Listings are SYMBOL.csv or SYMBOL_DATE.csv, of which
    the newest is taken, in the folder or its `listings`.

    Args:
        folder: the folder; None: $RECURRA_DATA.
        encoding: of its files, None to recognise it.
    """

    def __init__(self, folder: str | Path | None = None, encoding: str | None = None) -> None:
        folder = folder or os.environ.get("RECURRA_DATA")
        if not folder:
            raise SettingsError(
                "prices from files need a folder: give --source FOLDER, or set RECURRA_DATA to it."
            )
        self.folder, self.encoding = Path(folder), known_encoding(encoding)
        self.name = str(folder)
        if not self.folder.is_dir():
            raise DataError(f"the source must be a folder of files, but {folder} is none.")

    def find(self, ticker: str) -> Path | None:
        """Give the file of a ticker, None if there is none."""
        names = dict.fromkeys([instrument(ticker).file_name, ticker.strip().replace("/", "-")])
        for place in PLACES:
            for name in names:
                for ending in ENDINGS:
                    path = self._written(place, f"{name}{ending}")
                    if path:
                        return path
        return None

    def did_you_mean(self, ticker: str) -> str:
        """Ask whether a ticker much like the one given was meant, of which there is a file."""
        folders = [self.folder / place for place in PLACES if (self.folder / place).is_dir()]
        names = {
            ticker_of(path)
            for folder in folders
            for path in folder.iterdir()
            if path.name.lower().endswith(ENDINGS)
        }
        asked = instrument(ticker).file_name
        if KRX_CODE.fullmatch(asked):  # codes say nothing of each other but by a slip of one key
            names = {name for name in names if _one_key_apart(asked, name)}
        return near(asked, sorted(names))

    def _written(self, place: str, name: str) -> Path | None:
        """Give a file by its name, else one that differs in capitals, or in composed letters."""
        folder = self.folder / place
        if (folder / name).is_file():
            return folder / name
        if not folder.is_dir():
            return None
        asked = meant(name).lower()
        alike = (path for path in sorted(folder.iterdir()) if meant(path.name).lower() == asked)
        return next((path for path in alike if path.is_file()), None)

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices from `start` to `end`, both included; None: all there are.

        Raises:
            DataError: there is no file of this ticker, or no day in that range.
        """
        path = self.find(ticker)
        if path is None:
            raise DataError(
                f"{self.folder} must hold the prices of {ticker} as "
                f"{instrument(ticker).file_name}.csv or .parquet, but there is no such file in it "
                f"or its prices, indices and quotes folders.{self.did_you_mean(ticker)}"
            )
        known = read_prices(path, ticker, encoding=self.encoding)
        chosen = known.between(start, end)
        if chosen.frame.empty:
            first, last = known.frame.index[0].date(), known.frame.index[-1].date()
            raise DataError(
                f"the range must hold days of {ticker}, but {path} reaches from {first} to {last}."
            )
        return chosen

    def tickers(self) -> list[str]:
        """Name all tickers with a file in the folder itself, as the files are named."""
        names = {
            ticker_of(path)
            for path in self.folder.iterdir()
            if path.name.lower().endswith(ENDINGS) and not path.name.startswith(".")
        }
        return sorted(names)

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed under one of `LISTINGS`.

        Raises:
            DataError: there is no such file, or it has no column of codes.
        """
        symbol = listing_symbol(symbol)
        for name in (symbol, f"{symbol.lower()}_constituents", "KRX" if symbol in KOREAN else ""):
            path = self._listing_file(name) if name else None
            if path:
                table = tidy_listing(read_table(path, encoding=self.encoding).frame, str(path))
                return _of_market(table, symbol, str(path))
        raise DataError(
            f"{self.folder} must hold the listing of {symbol} as {symbol}.csv or "
            f"{symbol}_DATE.csv, but neither it nor its listings folder does."
        )

    def _listing_file(self, name: str) -> Path | None:
        places = (self.folder, self.folder / "listings")
        exact = [place / f"{name}{ending}" for place in places for ending in ENDINGS]
        dated = [
            path
            for place in places
            for ending in ENDINGS
            for path in sorted(place.glob(f"{name}_[0-9]*{ending}"), reverse=True)
        ]
        return next((path for path in [*dated, *exact] if path.is_file()), None)


class Universe(list[Prices]):
    """Prices of many tickers, and for each file that holds none the reason.

    Args:
        found: the prices.
        skipped: from the name of a file to why it is not among them.
    """

    def __init__(self, found: Iterable[Prices], skipped: dict[str, str]) -> None:
        super().__init__(found)
        self.skipped = skipped

    @property
    def notes(self) -> list[str]:
        """What is to be said of the files that were skipped."""
        return [f"{name} skipped: {reason}" for name, reason in self.skipped.items()]


def universe(folder: str | Path, encoding: str | None = None) -> Universe:
    """Read all prices in a folder, in the order of their tickers, without days of a closed market.

    A file that holds no prices (README.txt, a table of sectors) is skipped, and named with the
    reason.

    Raises:
        DataError: the folder holds no file of prices.
    """
    source = FolderSource(folder, encoding)
    found: list[Prices] = []
    skipped: dict[str, str] = {}
    for name in source.tickers():
        try:
            prices = source.prices(name)
        except InputError as error:
            skipped[name] = str(error)
            continue
        if any(prices.ticker == other.ticker for other in found):
            skipped[name] = f"{prices.ticker} is there already"
            continue
        found.append(without_closed_days(prices))
    if not found:
        first = next(iter(skipped.values()), "")
        raise DataError(
            f"a universe is a folder of TICKER.csv files, but {folder} holds none. {first}".strip()
        )
    return Universe(found, skipped)


def _one_key_apart(code: str, name: str) -> bool:
    other = name.partition(".")[0]
    return len(other) == len(code) and sum(a != b for a, b in zip(code, other, strict=True)) <= 1


def listing_symbol(symbol: str) -> str:
    """Check the name of a listing.

    Raises:
        SettingsError: it is not one of `LISTINGS`.
    """
    plain = meant(symbol).upper().replace("S&P", "SP")
    plain = KOREAN_MARKETS.get(plain.replace(" ", ""), plain)
    return one_of(plain, LISTINGS, "a listing")


def tidy_listing(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """Bring a listing into one shape: code, name, then the rest; codes are text.

    A first column without a name is a row number, as files of the cache have it.

    Raises:
        DataError: there is no column of codes.
    """
    unnamed = [name for name in frame.columns if str(name).startswith("Unnamed") or name == ""]
    frame = frame.drop(columns=unnamed)
    found = {
        column: LISTING_NAMES[str(column).strip().lower()]
        for column in frame.columns
        if str(column).strip().lower() in LISTING_NAMES
    }
    if "code" not in found.values():
        raise DataError(
            f"a listing needs a column Code or Symbol, but {source} has "
            f"{', '.join(map(str, frame.columns)) or 'no columns at all'}."
        )
    table = frame[list(found)].rename(columns=found)
    table = table.loc[:, ~table.columns.duplicated()]
    codes = table["code"].astype(str).str.strip()
    # a spreadsheet may have eaten the zeros of 000660
    table["code"] = codes.where(~codes.str.fullmatch(r"\d{1,5}"), codes.str.zfill(6))
    for name in ("close", "change %", "market value"):
        if name in table:
            table[name] = pd.to_numeric(table[name], errors="coerce")
    order = ["code", *(name for name in ("name", "market") if name in table)]
    order += [name for name in table.columns if name not in order]
    return table[order].drop_duplicates("code").reset_index(drop=True)


def _of_market(table: pd.DataFrame, symbol: str, source: str) -> pd.DataFrame:
    """Keep one market of a listing of all Korean ones; "KOSDAQ GLOBAL" is KOSDAQ."""
    if symbol not in KOREAN or "market" not in table:
        return table
    chosen = table[table["market"].astype(str).str.split().str[0] == symbol]
    if chosen.empty:
        raise DataError(f"the listing must hold shares of {symbol}, but {source} holds none.")
    return chosen.reset_index(drop=True)
