"""Which share is meant: by its name, by a code as others write it, or by one that is not there."""

import datetime as dt
import re

import pandas as pd

from recurra.data.spelling import meant
from recurra.errors import DataError, RecurraError, SettingsError
from recurra.markets.prices import Prices
from recurra.markets.sources import FolderSource, PriceSource
from recurra.markets.tickers import KOREAN_NAME, KRX_CODE, instrument
from recurra.names import listed, near

__all__ = ["AskedSource"]

KOREAN_SUFFIX = re.compile(r"(\w{6})\.(?:KS|KQ)")
ABSENT = (
    " It is not among the {count:,} shares of the listing KRX here: it left the exchange, is an "
    "ETF or ETN (which that listing does not have), or is mistyped."
)


class AskedSource:
    """A source that is asked by names, too, and by codes as others write them.

    ::

        삼성전자, 삼성 전자, NAVER    the code in the listing KRX, unless a file bears the name
        005930.KS                     005930, unless there is a file of that very name
        5930                          refused: a Korean code has six digits

    Args:
        inner: gives prices by ticker.
        files: the folder that is looked into first, None without one.
    """

    def __init__(self, inner: PriceSource, files: FolderSource | None = None) -> None:
        self.inner, self.files, self.name = inner, files, inner.name

    def listing(self, symbol: str) -> pd.DataFrame:
        """Give what is listed."""
        return self.inner.listing(symbol)

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        """Give daily prices of a ticker or a name, from `start` to `end`, both included."""
        code = self.code_of(ticker)
        try:
            return self.inner.prices(code, start, end)
        except RecurraError as error:
            raise type(error)(f"{error}{self._not_listed(code)}") from None

    def code_of(self, given: str) -> str:
        """Give the code of what was asked for.

        Raises:
            SettingsError: it is neither a ticker nor the name of one share.
        """
        text = meant(given)
        named = KOREAN_NAME.fullmatch(text.upper())
        if self.files is not None and (named or _is_ticker(text)) and self.files.find(text):
            return text
        if named or not _is_ticker(text):
            return self._code_of_name(text)
        symbol = text.upper()
        suffixed = KOREAN_SUFFIX.fullmatch(symbol)
        if suffixed and KRX_CODE.fullmatch(suffixed[1]):
            return suffixed[1]
        if symbol.isdigit() and len(symbol) < 6:
            raise SettingsError(
                f"a Korean code has six digits, but {given!r} has {len(symbol)}. "
                f"Did you mean {symbol.zfill(6)!r}?"
            )
        known = self._known()
        if known is None or KRX_CODE.fullmatch(symbol):
            return text
        return _codes(known).get(_plain(text), text)  # NAVER, LG, KT&G

    def _code_of_name(self, text: str) -> str:
        if text.isascii() and " " not in text:
            instrument(text)  # USD/KRX: no name of a share either
        try:
            table = self.inner.listing("KRX")
        except RecurraError as error:
            raise SettingsError(
                f"{text!r} is a name, but the listing that would tell its code is not to be had "
                f"({error}). Give the code, such as 005930, or a file of that name: {text}.csv"
            ) from None
        codes = _codes(table)
        if _plain(text) in codes:
            return codes[_plain(text)]
        holding = [
            f"{name} {code}"
            for name, code in zip(table["name"].map(meant), table["code"], strict=True)
            if _plain(text) in _plain(name)
        ]
        asked = f" Did you mean one of: {listed(holding, 6)}?" if holding else ""
        raise SettingsError(
            f"a name must be that of a share in the listing KRX, but {text!r} is none."
            f"{asked or near(text, table['name'].map(meant))} ETFs and shares that left the "
            "exchange are not in it: give their codes, such as 069500."
        )

    def _known(self) -> pd.DataFrame | None:
        """Give the listing of Korean shares if a file has it: no network is asked."""
        try:
            return None if self.files is None else self.files.listing("KRX")
        except DataError:
            return None

    def _not_listed(self, code: str) -> str:
        known = self._known() if KRX_CODE.fullmatch(code.upper()) else None
        if known is None or code.upper() in set(known["code"]):
            return ""
        return ABSENT.format(count=len(known))


def _is_ticker(text: str) -> bool:
    try:
        instrument(text)
    except SettingsError:
        return False
    return True


def _plain(name: str) -> str:
    return "".join(meant(name).split()).casefold()


def _codes(table: pd.DataFrame) -> dict[str, str]:
    """Give the codes of names that are spelt in one way only; names as `_plain` has them."""
    if "name" not in table:
        return {}
    names = table["name"].map(_plain)
    once = ~names.duplicated(keep=False)
    return dict(zip(names[once], table["code"][once], strict=True))
