"""What a ticker stands for: a share, an index, a currency or a crypto-coin, and who trades it."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from recurra.errors import SettingsError

__all__ = ["Instrument", "instrument"]

# letters stand in Korean codes since the reform of 2024
KRX_CODE = re.compile(r"\d{4}[0-9A-HJ-NP-TV-Z][0-9KLMN]")
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.^=:&-]{0,19}|\^[A-Z0-9]{1,12}")
KOREAN_INDICES = {"KS11", "KQ11", "KS200", "KOSPI", "KOSDAQ", "KPI200"}
NEW_YORK_INDICES = {"DJI", "IXIC", "US500", "S&P500", "RUT", "VIX"}
SIMULATED = re.compile(r"SIM\d{3,}")  # as `recurra market simulate` names them
CURRENCIES = {"USD", "EUR", "KRW", "CNY", "JPY", "GBP", "CHF", "AUD", "CAD", "HKD"}
COINS = {"BTC", "ETH", "XRP", "USDT", "USDC", "BNB", "ADA", "SOL", "DOGE"}


@dataclass(frozen=True)
class Instrument:
    """What a ticker stands for.

    Args:
        ticker: as sources know it, such as 000660, AAPL, KS11 or USD/KRW.
        kind: stock, index, currency, crypto, or simulated.
        calendar: the exchange's code, such as XKRX; None where no exchange closes.
        currency: of the prices; None for points of an index.
    """

    ticker: str
    kind: str
    calendar: str | None
    currency: str | None

    @property
    def file_name(self) -> str:
        """The ticker as a file name without ending: USD/KRW is USD-KRW."""
        return quote(self.ticker.replace("/", "-"), safe="")


def instrument(ticker: str) -> Instrument:
    """Say what a ticker stands for; letters may be small, a pair may be USD/KRW or USD-KRW.

    Raises:
        SettingsError: it is no ticker.

    Examples:
        >>> instrument("000660")
        Instrument(ticker='000660', kind='stock', calendar='XKRX', currency='KRW')
        >>> instrument("btc-krw").ticker, instrument("BTC/KRW").file_name
        ('BTC/KRW', 'BTC-KRW')
    """
    symbol = ticker.strip().upper()
    first, _, second = symbol.replace("-", "/").partition("/")
    if first in CURRENCIES | COINS and second in CURRENCIES:
        kind = "crypto" if first in COINS else "currency"
        return Instrument(f"{first}/{second}", kind, None, second)
    if not SYMBOL.fullmatch(symbol):
        raise SettingsError(
            f"a ticker is a code such as 000660, AAPL, KS11, USD/KRW or BTC/KRW, not {ticker!r}. "
            "Find the code of a name: recurra market listing KRX --find NAME"
        )
    if SIMULATED.fullmatch(symbol):
        return Instrument(symbol, "simulated", None, None)
    if symbol in KOREAN_INDICES:
        return Instrument(symbol, "index", "XKRX", None)
    if symbol in NEW_YORK_INDICES or symbol.startswith("^"):
        return Instrument(symbol, "index", "XNYS", None)
    if KRX_CODE.fullmatch(symbol):
        return Instrument(symbol, "stock", "XKRX", "KRW")
    return Instrument(symbol, "stock", "XNYS", "USD")
