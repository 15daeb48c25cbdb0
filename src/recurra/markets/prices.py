"""Daily prices in one shape, whatever file or service they came from."""

import datetime as dt
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data.readers import read_lines
from recurra.errors import DataError
from recurra.markets.tickers import instrument

__all__ = ["COLUMNS", "LEFT_OUT", "Finding", "Prices", "prices_from_frame", "read_prices"]

LEFT_OUT = "left out"  # of what was done with a row
COLUMNS = ["open", "high", "low", "close", "volume"]
NAMES = {
    "date": ("date", "날짜", "일자", "기준일", "일시", "time", "datetime"),
    "open": ("open", "시가"),
    "high": ("high", "고가"),
    "low": ("low", "저가"),
    "close": ("close", "종가", "price", "현재가", "last"),
    "volume": ("volume", "거래량", "vol", "vol."),
    "adjusted close": ("adj close", "adj_close", "adjclose", "adjusted close", "수정종가"),
    # some files put an adjusted open beside it, on another scale than their high and low
    "original open": ("original_open", "original open"),
}
MEANING = {name: meaning for meaning, names in NAMES.items() for name in names}
POWERS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([KMBT]?)")
NOTHING = {"", "-", "n/a", "nan", "null", "none", "inf", "-inf", "<na>"}
DATES = ["%Y-%m-%d", "%Y%m%d", "%Y.%m.%d", "%Y/%m/%d", "%Y년%m월%d일"]
DATES += ["%m/%d/%Y", "%d/%m/%Y", "%b%d,%Y", "%d-%b-%Y", "%m/%d/%y"]  # spaces taken out


@dataclass(frozen=True)
class Finding:
    """Something found in prices: the rule that found it, the day, what was seen and done."""

    rule: str
    date: dt.date | None
    detail: str
    action: str = "kept"


@dataclass(frozen=True)
class Prices:
    """Daily prices of one ticker.

    Args:
        ticker: such as 000660, AAPL or USD/KRW.
        frame: a DatetimeIndex named `date` that rises strictly and has no time zone; the columns
            open, high, low, close, volume as float64. Only the close is always there; what is
            unknown elsewhere is NaN.
        source: where they came from: a path, or the name of a service.
        currency: of the prices, None for points of an index.
        adjusted: whether earlier prices were rescaled for splits and dividends; None: not said.
        mended: what was put right when they were read.
    """

    ticker: str
    frame: pd.DataFrame
    source: str
    currency: str | None
    adjusted: bool | None
    mended: tuple[Finding, ...] = ()

    def between(self, start: dt.date | None = None, end: dt.date | None = None) -> "Prices":
        """Keep the days from `start` to `end`, both included."""

        def within(day: dt.date | None) -> bool:
            return day is None or ((not start or day >= start) and (not end or day <= end))

        frame = self.frame.loc[
            pd.Timestamp(start) if start else None : pd.Timestamp(end) if end else None
        ]
        mended = tuple(finding for finding in self.mended if within(finding.date))
        return Prices(self.ticker, frame, self.source, self.currency, self.adjusted, mended)

    @property
    def halted(self) -> pd.DatetimeIndex:
        """The days on which the share was not traded, and the close is the previous one."""
        days = [finding.date for finding in self.mended if finding.rule == "halted day"]
        return pd.DatetimeIndex(days, name="date")


def read_prices(path: str | Path, ticker: str | None = None, *, adjust: bool = True) -> Prices:
    """Read a file of daily prices: CSV in any common export format, or Parquet.

    Known by themselves: separators (comma, semicolon, tab, bar), gzip, encodings, Korean and
    English headers, thousands commas, 20.68M, percent columns, dates such as 2023-09-08,
    `2023- 09- 08`, 9/8/2023 or 2023년 9월 8일, and newest or oldest first.

    Args:
        path: the file.
        ticker: what it holds; None: the file's name says it.
        adjust: whether an adjusted close, where there is one, rescales all prices of its day.

    Raises:
        DataError: the file is not there, is empty, or holds no daily prices.

    Examples:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "BTC-KRW.csv"
        >>> _ = file.write_text("날짜,종가,시가,고가,저가,거래량\\n"
        ...                     '2023- 09- 08,"35,268,000","35,616,000","35,800,000",1,0.01K\\n')
        >>> read_prices(file).frame["close"].to_dict()
        {Timestamp('2023-09-08 00:00:00'): 35268000.0}
    """
    path = Path(path)
    name = path.name.split(".")[0] if ticker is None else ticker
    return prices_from_frame(_table(path), name, str(path), adjust=adjust)


def prices_from_frame(
    frame: pd.DataFrame, ticker: str, source: str, *, adjust: bool = True
) -> Prices:
    """Bring a table of daily prices into one shape, and mend what is known to be wrong.

    Rows without a close and repeated dates go; a weekend that repeats Friday goes, too. A day
    whose open, high and low are all zero was halted: they become the close. Any other zero open,
    high or low is unknown.

    Args:
        frame: one row a day, in any order; dates in a column or in the index.
        ticker: what it holds.
        source: where it came from.
        adjust: whether an adjusted close, where there is one, rescales all prices of its day.

    Raises:
        DataError: columns are missing, or values are neither dates nor numbers.
    """
    known = instrument(ticker)
    found = _columns(frame, source)
    dates = _dates(found["date"], source)
    table = pd.DataFrame(
        {name: _numbers(column, name, source) for name, column in found.items() if name != "date"},
        index=dates.rename("date"),
        dtype="float64",
    )
    if "original open" in table:
        table["open"] = table.pop("original open")
    if "volume" not in table:
        table["volume"] = np.nan
    adjusted = None
    if "adjusted close" in table:
        factor = table.pop("adjusted close") / table["close"]
        adjusted = bool(adjust)
        if adjust:
            table = table.assign(**{name: table[name] * factor for name in COLUMNS[:4]})
    table = table[COLUMNS].sort_index(kind="stable")
    mended: list[Finding] = []
    table = _without_empty_rows(table, mended)
    table = _without_repeated_dates(table, mended)
    if known.calendar:
        table = _without_weekend_repeats(table, mended)
    table = _with_halted_days(table, mended)
    if table.empty:
        raise DataError(f"prices must hold days, but {source} holds none for {ticker}.")
    return Prices(known.ticker, table, source, known.currency, adjusted, tuple(mended))


def _table(path: Path) -> pd.DataFrame:
    """Read a file as it is, Parquet with its types, all else as strings."""
    if path.suffix.lower() == ".parquet":
        try:
            return pd.read_parquet(path)
        except FileNotFoundError:
            raise DataError(f"the data file must be there, but {path} is not.") from None
        except (ValueError, OSError) as error:
            raise DataError(f"a Parquet file must be whole, but {path} is not ({error}).") from None
    if path.is_dir():
        raise DataError(f"a data file is needed, but {path} is a folder. Name a file.")
    lines = [line for line in read_lines(path) if line.strip(" ,;|\t\r")]
    if len(lines) < 2:
        raise DataError(f"a file of prices must hold a header and rows, but {path} does not.")
    separator = max(",;\t|", key=lines[0].count)
    text = io.StringIO("\n".join(lines))
    try:
        return pd.read_csv(text, sep=separator, dtype=str, keep_default_na=False, index_col=False)
    except (pd.errors.ParserError, ValueError) as error:
        raise DataError(
            f"every row must have as many fields as the first, but {path} does not ({error})."
        ) from None


def _columns(frame: pd.DataFrame, source: str) -> dict[str, pd.Series]:
    """Find the columns by their names, and the dates in the index or a first column unnamed."""
    if isinstance(frame.index, pd.DatetimeIndex) or MEANING.get(_plain(frame.index.name)):
        frame = frame.rename_axis("date").reset_index()
    found: dict[str, pd.Series] = {}
    for position, name in enumerate(map(_plain, frame.columns)):
        meaning = MEANING.get(name)
        if position == 0 and not meaning and (not name or name.startswith("unnamed")):
            meaning = "date"
        if meaning and meaning not in found:
            found[meaning] = frame.iloc[:, position]
    missing = [name for name in ("date", *COLUMNS[:4]) if name not in found]
    if missing:
        raise DataError(
            f"daily prices need the columns date, open, high, low and close, but {source} has no "
            f"{' and no '.join(missing)}: its columns are "
            f"{', '.join(map(str, frame.columns)) or 'none at all'}."
        )
    return found


def _plain(name: object) -> str:
    return "" if name is None else str(name).strip().casefold()


def _dates(column: pd.Series, source: str) -> pd.DatetimeIndex:
    """Read dates in the one format that fits all of them, without time and zone."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.DatetimeIndex(column).tz_localize(None).normalize()
    text = column.astype(str)
    try:
        return pd.DatetimeIndex(pd.to_datetime(text, format="%Y-%m-%d"))  # the usual, and fast
    except ValueError:
        text = text.map(_tight)
    for form in DATES:
        read = pd.to_datetime(text, format=form, errors="coerce")
        if not read.isna().any():
            return pd.DatetimeIndex(read)
    unknown = text[pd.to_datetime(text, format="mixed", errors="coerce").isna()]
    wrong = unknown.iloc[0] if len(unknown) else text.iloc[0]
    raise DataError(
        f"every date must be written alike, such as 2024-03-20, but {source} has {wrong!r}."
    )


def _tight(date: str) -> str:
    """Take the spaces out of `2023- 09- 08` and `Mar 15, 2023`, and the time of day off."""
    date = re.sub(r"[T ]\d{2}:\d{2}.*$", "", date.strip())
    return re.sub(r"(?<=[년월./,-])\s+(?=\d)|(?<=[A-Za-z])\s+(?=\d)", "", date)


def _numbers(column: pd.Series, name: str, source: str) -> npt.NDArray[np.float64]:
    """Read numbers with thousands commas and K, M, B, T; nothing is NaN."""
    values = pd.to_numeric(column, errors="coerce").to_numpy("float64", copy=True)
    for row in np.flatnonzero(~np.isfinite(values)):
        text = str(column.iloc[row]).strip()
        match = NUMBER.fullmatch(text.replace(",", "").replace(" ", "").upper())
        if match:
            values[row] = float(match[1]) * POWERS.get(match[2], 1.0)
        elif text.casefold() in NOTHING:
            values[row] = np.nan
        else:
            raise DataError(
                f"the column {name} must hold numbers, but {source} has {text!r} in it."
            )
    return values


def _without_empty_rows(table: pd.DataFrame, mended: list[Finding]) -> pd.DataFrame:
    empty = table["close"].isna() | (table["close"] == 0)
    _note(mended, "empty row", table.index[empty], "no close", LEFT_OUT)
    return table[~empty]


def _without_repeated_dates(table: pd.DataFrame, mended: list[Finding]) -> pd.DataFrame:
    """Keep the first row of each date."""
    again = table.index.duplicated()
    if not again.any():
        return table
    for day in table.index[again].unique():
        rows = table.loc[[day]]
        same = len(rows.drop_duplicates()) == 1
        if same:
            _note(mended, "duplicate date", [day], "the same row again", LEFT_OUT)
        else:
            closes = f"other prices, closes {_few(rows['close'])}"
            _note(mended, "duplicate date", [day], closes, "the first one is kept")
    return table[~again]


def _without_weekend_repeats(table: pd.DataFrame, mended: list[Finding]) -> pd.DataFrame:
    """Leave out a Saturday or Sunday that repeats the row before it, as Sunday does Saturday."""
    prices = table[COLUMNS[:4]]
    weekend = pd.DatetimeIndex(table.index).day_of_week >= 5
    repeated = (prices == prices.shift()).all(axis=1) & weekend
    _note(mended, "weekend repeat", table.index[repeated], "repeats the day before", LEFT_OUT)
    return table.loc[~repeated]


def _with_halted_days(table: pd.DataFrame, mended: list[Finding]) -> pd.DataFrame:
    zero = table[["open", "high", "low"]] == 0
    some = zero.any(axis=1)
    if not some.any():
        return table
    halted = zero.all(axis=1)
    some &= ~halted
    days = table.index
    _note(mended, "halted day", days[halted], "open, high and low zero", "set to the close")
    _note(mended, "zero price", days[some], "a zero open, high or low", "taken as unknown")
    table = table.copy()
    for name in zero.columns:
        table.loc[zero[name], name] = np.nan
        table.loc[halted, name] = table.loc[halted, "close"]
    return table


def _note(mended: list[Finding], rule: str, days: object, detail: str, action: str) -> None:
    each = pd.DatetimeIndex(days)  # type: ignore[arg-type]
    mended += [Finding(rule, day.date(), detail, action) for day in each]


def _few(values: pd.Series) -> str:
    return " and ".join(f"{value:g}" for value in list(Counter(values))[:3])
