"""What a ticker stands for: a share, an index, a currency or a crypto-coin, and who trades it."""

import re
import shlex
from dataclasses import dataclass
from urllib.parse import quote

from recurra.data.spelling import meant
from recurra.errors import SettingsError
from recurra.names import near

__all__ = ["KOREAN_NAME", "ZONES", "Instrument", "instrument"]

# letters stand in Korean codes since the reform of 2024
KRX_CODE = re.compile(r"\d{4}[0-9A-HJ-NP-TV-Z][0-9KLMN]")
SHANGHAI_CODE = re.compile(r"(?:60[0-5]|68[89])\d{3}")  # no Korean code begins so
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.^=:&-]{0,19}|\^[A-Z0-9]{1,12}")
KOREAN_NAME = re.compile(r"(?=.*[가-힣])[가-힣A-Z0-9 &.+()-]{2,40}")
SUFFIX = re.compile(r"(.+)\.([A-Z]{1,3})")
FUTURE = re.compile(r"[A-Z0-9]{1,10}=F")
YAHOO_PAIR = re.compile(r"([A-Z]{3})?([A-Z]{3})=X")
KOREAN_INDICES = {"KS11", "KQ11", "KS200", "KOSPI", "KOSDAQ", "KPI200"}
NEW_YORK_INDICES = {"DJI", "IXIC", "US500", "S&P500", "RUT", "VIX"}
INDICES = dict.fromkeys(KOREAN_INDICES | {"^KS11", "^KQ11", "^KS200"}, "XKRX")
INDICES |= dict.fromkeys(NEW_YORK_INDICES, "XNYS")
INDICES |= {"N225": "XTKS", "^N225": "XTKS", "NIKKEI": "XTKS", "TOPIX": "XTKS", "^TOPX": "XTKS"}
INDICES |= {"HSI": "XHKG", "^HSI": "XHKG", "SSEC": "XSHG", "^SSEC": "XSHG", "000001.SS": "XSHG"}
INDICES |= {"FTSE": "XLON", "^FTSE": "XLON", "DAX": "XETR", "GDAXI": "XETR", "^GDAXI": "XETR"}
INDICES |= {"CAC": "XPAR", "FCHI": "XPAR", "^FCHI": "XPAR", "^TWII": "XTAI", "^AXJO": "XASX"}
SIMULATED = re.compile(r"SIM\d{3,}")  # as `recurra market simulate` names them
CURRENCIES = {"USD", "EUR", "KRW", "CNY", "CNH", "JPY", "GBP", "CHF", "AUD", "CAD", "HKD", "TWD"}
CURRENCIES |= {"SGD", "NZD", "SEK", "NOK", "DKK", "INR", "IDR", "MYR", "THB", "PHP", "VND", "MXN"}
CURRENCIES |= {"BRL", "ZAR", "TRY", "RUB", "PLN", "CZK", "HUF", "ILS", "SAR", "AED"}
PAIRS = ("USD/KRW", "EUR/KRW", "JPY/KRW", "CNY/KRW", "USD/EUR", "USD/JPY", "BTC/KRW", "BTC/USD")
METALS = {"XAU", "XAG", "XPT", "XPD"}
COINS = {"BTC", "ETH", "XRP", "USDT", "USDC", "BNB", "ADA", "SOL", "DOGE", "TRX", "LTC", "DOT"}
COINS |= {"BCH", "LINK", "XLM", "AVAX", "SHIB", "ETC"}
# what stands behind the point, as Yahoo and others write it: the exchange, its money
EXCHANGES = {
    **dict.fromkeys(("KS", "KQ"), ("XKRX", "KRW")),
    **dict.fromkeys(("SS", "SH", "SZ"), ("XSHG", "CNY")),
    **dict.fromkeys(("TW", "TWO"), ("XTAI", "TWD")),
    **dict.fromkeys(("NS", "BO"), ("XBOM", "INR")),
    **dict.fromkeys(("DE", "F"), ("XETR", "EUR")),
    "T": ("XTKS", "JPY"),
    "HK": ("XHKG", "HKD"),
    "L": ("XLON", "GBX"),  # pence
    "PA": ("XPAR", "EUR"),
    "AS": ("XAMS", "EUR"),
    "BR": ("XBRU", "EUR"),
    "MI": ("XMIL", "EUR"),
    "MC": ("XMAD", "EUR"),
    "LS": ("XLIS", "EUR"),
    "VI": ("XWBO", "EUR"),
    "HE": ("XHEL", "EUR"),
    "IR": ("XDUB", "EUR"),
    "SW": ("XSWX", "CHF"),
    "ST": ("XSTO", "SEK"),
    "CO": ("XCSE", "DKK"),
    "OL": ("XOSL", "NOK"),
    "WA": ("XWAR", "PLN"),
    "TO": ("XTSE", "CAD"),
    "V": ("XTSE", "CAD"),
    "AX": ("XASX", "AUD"),
    "NZ": ("XNZE", "NZD"),
    "SI": ("XSES", "SGD"),
    "JK": ("XIDX", "IDR"),
    "KL": ("XKLS", "MYR"),
    "BK": ("XBKK", "THB"),
    "SA": ("BVMF", "BRL"),
    "MX": ("XMEX", "MXN"),
    "TA": ("XTAE", "ILS"),
}
ZONES = {
    **dict.fromkeys(("XKRX",), "Asia/Seoul"),
    **dict.fromkeys(("XNYS", "XTSE"), "America/New_York"),
    **dict.fromkeys(("XSHG",), "Asia/Shanghai"),
    **dict.fromkeys(("XETR", "XPAR", "XAMS", "XBRU", "XMIL", "XMAD", "XWBO"), "Europe/Berlin"),
    **dict.fromkeys(("XSWX", "XSTO", "XCSE", "XOSL", "XWAR"), "Europe/Berlin"),
    **dict.fromkeys(("XLON", "XLIS", "XDUB"), "Europe/London"),
    "XTAI": "Asia/Taipei",
    "XBOM": "Asia/Kolkata",
    "XTKS": "Asia/Tokyo",
    "XHKG": "Asia/Hong_Kong",
    "XHEL": "Europe/Helsinki",
    "XASX": "Australia/Sydney",
    "XNZE": "Pacific/Auckland",
    "XSES": "Asia/Singapore",
    "XIDX": "Asia/Jakarta",
    "XKLS": "Asia/Kuala_Lumpur",
    "XBKK": "Asia/Bangkok",
    "BVMF": "America/Sao_Paulo",
    "XMEX": "America/Mexico_City",
    "XTAE": "Asia/Jerusalem",
}


@dataclass(frozen=True)
class Instrument:
    """What a ticker stands for.

    Args:
        ticker: as sources know it, such as 000660, AAPL, KS11 or USD/KRW.
        kind: stock, index, currency, crypto, future, or simulated.
        calendar: the exchange's code, such as XKRX; None where no exchange closes, or none is
            known.
        currency: of the prices; None for points of an index, and where it is not known.
    """

    ticker: str
    kind: str
    calendar: str | None
    currency: str | None

    @property
    def file_name(self) -> str:
        """The ticker as a file name without ending: USD/KRW is USD-KRW."""
        return quote(self.ticker.replace("/", "-"), safe="")

    @property
    def zone(self) -> str | None:
        """The time zone of the exchange, None where there is none."""
        return ZONES.get(self.calendar or "")


def instrument(ticker: str) -> Instrument:
    """Say what a ticker stands for; letters may be small, a pair may be USD/KRW or USD-KRW.

    A name in Hangul stands for a Korean share: files may bear it.

    Raises:
        SettingsError: it is no ticker.

    Examples:
        >>> instrument("000660")
        Instrument(ticker='000660', kind='stock', calendar='XKRX', currency='KRW')
        >>> instrument("7203.T").currency, instrument("btc-krw").ticker
        ('JPY', 'BTC/KRW')
    """
    symbol = meant(ticker).upper()
    if KOREAN_NAME.fullmatch(symbol):
        return Instrument(symbol, "stock", "XKRX", "KRW")
    pair = _pair(symbol)
    if pair:
        return pair
    if not SYMBOL.fullmatch(symbol):
        raise SettingsError(
            f"a ticker is a code such as 000660, AAPL, KS11, USD/KRW or BTC/KRW, not {ticker!r}."
            f"{near(symbol, PAIRS)} Find the code of a name: "
            f"recurra market listing KRX --find {shlex.quote(ticker.strip())}"
        )
    if SIMULATED.fullmatch(symbol):
        return Instrument(symbol, "simulated", None, None)
    if symbol in INDICES or symbol.startswith("^"):
        return Instrument(symbol, "index", INDICES.get(symbol, "XNYS"), None)
    if FUTURE.fullmatch(symbol):
        return Instrument(symbol, "future", None, None)
    return Instrument(symbol, "stock", *_exchange(symbol))


def _pair(symbol: str) -> Instrument | None:
    first, _, second = symbol.replace("-", "/").partition("/")
    yahoo = YAHOO_PAIR.fullmatch(symbol)
    if yahoo:
        first, second = yahoo[1] or "USD", yahoo[2]
    if first in COINS and second in CURRENCIES | COINS:
        return Instrument(f"{first}/{second}", "crypto", None, second)
    if first in CURRENCIES | METALS and second in CURRENCIES:
        return Instrument(f"{first}/{second}", "currency", None, second)
    return None


def _exchange(symbol: str) -> tuple[str | None, str | None]:
    """Give exchange and money of a share; a single letter behind a point may be its class."""
    named = SUFFIX.fullmatch(symbol)
    if named and named[2] in EXCHANGES:
        return EXCHANGES[named[2]]
    if named and len(named[2]) > 1:
        return None, None
    if SHANGHAI_CODE.fullmatch(symbol):
        return "XSHG", "CNY"
    return ("XKRX", "KRW") if KRX_CODE.fullmatch(symbol) else ("XNYS", "USD")
