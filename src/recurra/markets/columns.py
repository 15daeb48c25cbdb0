"""Which column of a table of prices is which, in whose language and under whose header."""

import re
import unicodedata
from collections.abc import Sequence

import pandas as pd

from recurra.data.spelling import meant, quoted
from recurra.errors import DataError

__all__ = ["COLUMNS", "find_columns", "flat_frame", "meaning_of"]

COLUMNS = ["open", "high", "low", "close", "volume"]
# the first of a line is the best: a Price beside a Close is something else
NAMES = {
    "date": """date datetime timestamp 날짜 일자 일시 기준일 기준일자 거래일 거래일자 체결일 매매일
        日期 交易日期 日付 年月日 datum fecha data tarih trade_date tradedate day
        time 시간 时间 時間 open_time candle_date_time_kst candle_date_time_utc""",
    "open": "open opening 시가 开盘 开盘价 開盤 開盤價 始値 eröffnung eröffnungskurs erster "
    "ouverture apertura open_price openprice opening_price",
    "high": "high 고가 最高 最高价 最高價 高値 hoch tageshoch höchst höchstkurs haut máximo max "
    "plus_haut high_price highprice",
    "low": "low 저가 最低 最低价 最低價 安値 tief tagestief tiefst tiefstkurs bas mínimo min "
    "plus_bas low_price lowprice",
    "close": """close closing 종가 收盘 收盘价 收盤 收盤價 終値 schluss schlusskurs schluß clôture
        cloture cierre close_price closeprice close/last 현재가 last letzter dernier último ultimo
        trade_price price settle settlement""",
    "volume": "volume 거래량 成交量 成交股數 出来高 vol vol. volumen umsatz tickvol tick_volume "
    "trade_volume volume_traded candle_acc_trade_volume",
    "adjusted close": "adjclose adj_close adjusted_close adjustedclose 수정종가 수정주가 "
    "調整後終値 后复权 后复权价 调整后收盘价 還原收盤價",
    # some files put an adjusted open beside it, on another scale than their high and low
    "original open": "original_open originalopen",
}
MEANING = {
    name: (meaning, rank)
    for meaning, names in NAMES.items()
    for rank, name in enumerate(names.split())
}
LETTERS = {"t": "date", "d": "date", "o": "open", "h": "high", "l": "low", "c": "close"}
LETTERS |= {"v": "volume"}
DECORATION = re.compile(r"^\d+\.\s*|[<>*\"']|[\(\[（].*?[\)\]）]$")
TICKER_ROWS = ("ticker", "symbol", "")


def meaning_of(name: object) -> tuple[str, int] | None:
    """Say what a header means, and how well it says it (0 is best); None: nothing known.

    Examples:
        >>> meaning_of("1. open"), meaning_of("<CLOSE>"), meaning_of("종가(원)")
        (('open', 0), ('close', 0), ('close', 2))
        >>> meaning_of("Adj Close**"), meaning_of("sector")
        (('adjusted close', 1), None)
    """
    return MEANING.get(re.sub(r"[\s_]+", "_", _plain(name))) or MEANING.get(
        re.sub(r"[\s_]+", "", _plain(name))
    )


def _plain(name: object) -> str:
    if name is None:
        return ""
    text = unicodedata.normalize("NFKC", meant(name)).casefold()
    return DECORATION.sub("", text).strip()


def flat_frame(frame: pd.DataFrame, ticker: str, source: str) -> pd.DataFrame:
    """Give a frame whose columns have one name each, as yfinance's two are made into one.

    Raises:
        DataError: it holds several tickers, and not the one asked for.
    """
    if not isinstance(frame.columns, pd.MultiIndex):
        return frame
    known = [
        sum(meaning_of(name) is not None for name in frame.columns.get_level_values(level))
        for level in range(frame.columns.nlevels)
    ]
    level = known.index(max(known))
    other = [
        " ".join(str(name) for place, name in enumerate(names) if place != level)
        for names in frame.columns
    ]
    return _of_ticker(frame, list(frame.columns.get_level_values(level)), other, ticker, source)


def _of_ticker(
    frame: pd.DataFrame, names: list[object], tickers: list[str], ticker: str, source: str
) -> pd.DataFrame:
    """Keep the columns of one ticker where a header names several."""
    named = {meant(name) for name in tickers} - {""}
    chosen = [True] * len(names)
    if len(named) > 1:
        mine = {name for name in named if name.casefold() == ticker.casefold()}
        if not mine:
            raise DataError(
                f"a file must hold the prices of one ticker, but {source} holds "
                f"{', '.join(sorted(named)[:5])}. Ask for one of them, or keep one."
            )
        chosen = [meant(name) in mine or meant(name) == "" for name in tickers]
    kept = frame.loc[:, chosen]
    return kept.set_axis(pd.Index([n for n, c in zip(names, chosen, strict=True) if c]), axis=1)


def find_columns(frame: pd.DataFrame, source: str) -> dict[str, pd.Series]:
    """Find the columns by their names, and the dates in the index or a first column unnamed.

    Args:
        frame: a table, with names in one row.
        source: for messages.

    Raises:
        DataError: a column is not there, or two say that they are it.
    """
    index_name = meaning_of(frame.index.name)
    if isinstance(frame.index, pd.DatetimeIndex) or (index_name and index_name[0] == "date"):
        frame = frame.rename_axis("date").reset_index()
    names = list(frame.columns)
    meanings = [meaning_of(name) for name in names]
    if {"o", "h", "l", "c"} <= {_plain(name) for name in names}:
        for place, name in enumerate(names):
            if _plain(name) in LETTERS:
                meanings[place] = (LETTERS[_plain(name)], 0)
    if not any(known and known[0] == "date" for known in meanings) and names:
        first = _plain(names[0])
        if not first or first.startswith("unnamed"):
            meanings[0] = ("date", 0)
    found = _best(frame, meanings, source)
    missing = [name for name in ("date", *COLUMNS[:4]) if name not in found]
    if missing:
        raise DataError(
            f"daily prices need the columns date, open, high, low and close, but {source} has no "
            f"{' and no '.join(missing)}: its columns are "
            f"{', '.join(map(str, names[:30])) or 'none at all'}."
        )
    return found


def _best(
    frame: pd.DataFrame, meanings: Sequence[tuple[str, int] | None], source: str
) -> dict[str, pd.Series]:
    """Take for each meaning the column that says it best; a time beside a date is kept as well."""
    places: dict[str, list[tuple[int, int]]] = {}
    for place, known in enumerate(meanings):
        if known:
            places.setdefault(known[0], []).append((known[1], place))
    found = {}
    for meaning, those in places.items():
        those.sort()
        best = frame.iloc[:, those[0][1]]
        for rank, place in those[1:]:
            if rank == those[0][0] and not best.equals(frame.iloc[:, place]):
                raise DataError(
                    f"one column must hold the {meaning}, but {source} has "
                    f"{quoted(frame.columns[place])} twice, and they differ. Keep one."
                )
        found[meaning] = best
        if meaning == "date" and len(those) > 1:
            found["time"] = frame.iloc[:, those[1][1]]
    return found
