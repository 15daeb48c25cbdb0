"""Daily prices in one shape, whatever file or service they came from."""

import datetime as dt
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data.dates import Moments, read_dates, read_moments
from recurra.data.numbers import decimal_sign, number_of, numbers_of
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError
from recurra.markets.bars import joined_days, refuse_longer_bars
from recurra.markets.columns import COLUMNS, find_columns, flat_frame
from recurra.markets.files import RawPrices, read_raw
from recurra.markets.tickers import Instrument, instrument

__all__ = [
    "COLUMNS",
    "LEFT_OUT",
    "Finding",
    "Prices",
    "prices_from_frame",
    "read_prices",
    "ticker_of",
]

CLOCK = re.compile(r"^(\d{1,2})(\d{2})(\d{2})?$")  # 0930 is 09:30
WHOLE = ("KRW", "JPY")  # money without cents
FIRST_DAY = np.datetime64("1678-01-01")  # that a clock of nanoseconds holds whole
LEFT_OUT = "left out"  # of what was done with a row
SUMS = {"average", "avg", "mean", "total", "sum", "count", "min", "max", "high", "low", "change"}
SUMS |= {
    "평균",
    "합계",
    "계",
    "총계",
    "최고",
    "최저",
    "합",
    "合计",
    "平均",
    "合計",
    "summe",
    "mittelwert",
}


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


def read_prices(
    path: str | Path,
    ticker: str | None = None,
    *,
    adjust: bool = True,
    encoding: str | None = None,
) -> Prices:
    """Read a file of daily prices: CSV in any common export format, or Parquet.

    Known by themselves: separators (comma, semicolon, tab, bar), gzip, encodings, headers in
    English, Korean, Chinese, Japanese and German, lines above the header and below it, thousands
    and decimal commas, 20.68M, 34.1만, percent columns, dates in any usual order, and newest or
    oldest first. Bars of minutes or hours are joined into days; weeks and months are refused.

    Args:
        path: the file.
        ticker: what it holds; None: the file's name says it.
        adjust: whether an adjusted close, where there is one, rescales all prices of its day.
        encoding: of the file, None to recognise it.

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
    name = ticker_of(path) if ticker is None else ticker
    raw = read_raw(path, name, encoding=encoding)
    return _prices(raw, name, str(path), adjust=adjust)


def ticker_of(path: Path) -> str:
    """Give the ticker that a file's name says: BRK.B.csv.gz is BRK.B."""
    name = meant(path.name)
    for ending in (".gz", ".csv", ".tsv", ".txt", ".parquet", ".json", ".jsonl"):
        if name.lower().endswith(ending) and len(name) > len(ending):
            name = name[: -len(ending)]
    return name


def prices_from_frame(
    frame: pd.DataFrame, ticker: str, source: str, *, adjust: bool = True
) -> Prices:
    """Bring a table of daily prices into one shape, and mend what is known to be wrong.

    Rows without a close or a date and repeated dates go; a weekend that repeats Friday goes, too. A
    day whose open, high and low are all zero was halted: they become the close. Any other zero
    open, high or low is unknown.

    Args:
        frame: one row a day, in any order; dates in a column or in the index.
        ticker: what it holds.
        source: where it came from.
        adjust: whether an adjusted close, where there is one, rescales all prices of its day.

    Raises:
        DataError: columns are missing, or values are neither dates nor numbers.
    """
    return _prices(RawPrices(flat_frame(frame, ticker, source)), ticker, source, adjust=adjust)


def _prices(raw: RawPrices, ticker: str, source: str, *, adjust: bool) -> Prices:
    known = instrument(ticker)
    mended = [Finding("line of no day", None, said, LEFT_OUT) for said in raw.left_out]
    found = find_columns(raw.frame, source)
    moments = read_dates(found["date"], source, zone=known.zone)
    found, moments = _with_dates(found, moments, source, mended)
    numbers = {name: column for name, column in found.items() if name not in ("date", "time")}
    decimal, said = _decimal(numbers, raw, known, source)
    mended += said
    table = _numbers(numbers, moments, source, decimal, mended)
    table["seconds"] = _seconds(found, moments, source)
    table, adjusted = _adjusted(table.sort_index(kind="stable"), adjust, mended)
    table, joined = joined_days(table[COLUMNS], table["seconds"].to_numpy())
    _note(mended, "intraday bars", joined, "several bars", "joined into a day")
    table = _without_empty_rows(table, mended)
    table = _without_repeated_dates(table, mended)
    if known.calendar:
        table = _without_weekend_repeats(table, mended)
    table = _with_halted_days(table, mended)
    if table.empty:
        raise DataError(f"prices must hold days, but {source} holds none for {ticker}.")
    refuse_longer_bars(pd.DatetimeIndex(table.index), source)
    return Prices(known.ticker, table, source, known.currency, adjusted, tuple(mended))


def _with_dates(
    found: dict[str, pd.Series], moments: Moments, source: str, mended: list[Finding]
) -> tuple[dict[str, pd.Series], Moments]:
    """Leave out rows without a date, and sums below; refuse what should have been a date."""
    mended += [Finding("order of dates", None, note) for note in moments.notes]
    for row in moments.unread:
        said = str(found["date"].iloc[row])
        if said.strip().casefold().rstrip(":.") not in SUMS:
            raise DataError(
                f"every date must be readable, such as 2024-03-20, but row {row + 1} of {source} "
                f"has {quoted(said)}."
            )
    early = np.flatnonzero(moments.days < FIRST_DAY)
    if len(early):
        raise DataError(
            f"prices must be of days from {FIRST_DAY} on, but row {early[0] + 1} of {source} has "
            f"{quoted(found['date'].iloc[early[0]])}."
        )
    none = np.isnat(moments.days)
    for row in map(int, np.flatnonzero(none)):
        cells = [str(column.iloc[row]) for column in found.values()]
        if any(cell.strip(" -") and cell.casefold() != "nan" for cell in cells):
            detail = f"row {row + 1} has no date: {', '.join(cells)[:60]}"
            mended.append(Finding("row without a date", None, detail, LEFT_OUT))
    kept = {name: column[~none].reset_index(drop=True) for name, column in found.items()}
    return kept, Moments(moments.days[~none], moments.seconds[~none])


def _decimal(
    columns: dict[str, pd.Series], raw: RawPrices, known: Instrument, source: str
) -> tuple[str, list[Finding]]:
    """Find the sign that ends the whole of the prices, and say where nothing tells it."""
    written = [
        column.astype(str)
        for name, column in columns.items()
        if name != "volume" and not pd.api.types.is_numeric_dtype(column.dtype)
    ]
    texts = [text for column in written for text in column]
    if not any("," in text or text.count(".") > 1 for text in texts):
        return ".", []  # all are read as they are
    decimal = decimal_sign(texts, comma=raw.comma, what=source)
    if raw.comma or known.currency in WHOLE or decimal_sign(texts, comma=True) == decimal:
        return decimal, []
    sample = next(text for text in texts if "," in text)
    said = f"nothing tells, so {sample} is {number_of(sample, decimal):.12g}"
    return decimal, [Finding("decimal comma", None, said)]


def _numbers(
    columns: dict[str, pd.Series],
    moments: Moments,
    source: str,
    decimal: str,
    mended: list[Finding],
) -> pd.DataFrame:
    """Read the columns of numbers, all by one decimal sign."""
    values: dict[str, npt.NDArray[np.float64]] = {}
    days = pd.DatetimeIndex(moments.days.astype("datetime64[ns]"), name="date")
    for name, column in columns.items():
        values[name], unread = numbers_of(column, name, source, decimal)
        if unread:
            words = f"{quoted(column.iloc[unread[0]])} is no volume"
            _note(mended, "unknown volume", days[unread], words, "taken as unknown")
    table = pd.DataFrame(values, index=days, dtype="float64")
    if "original open" in table:
        table["open"] = table.pop("original open")
    if "volume" not in table:
        table["volume"] = np.nan
    negative = table["volume"] < 0
    _note(mended, "unknown volume", days[negative], "a negative volume", "taken as unknown")
    return table.assign(volume=table["volume"].mask(negative))


def _adjusted(
    table: pd.DataFrame, adjust: bool, mended: list[Finding]
) -> tuple[pd.DataFrame, bool | None]:
    """Rescale each day by its adjusted close; where that is unknown, as the days around it."""
    if "adjusted close" not in table:
        return table, None
    factor = table.pop("adjusted close") / table["close"]
    factor = factor.where(np.isfinite(factor) & (factor > 0))
    if factor.isna().all():
        days = table.index[:1]
        _note(mended, "adjusted close unknown", days, "no day has an adjusted close", "kept as is")
        return table, None
    if not adjust:
        return table, False
    before, after = factor.ffill(), factor.bfill()
    same = ((before / after - 1).abs() < 1e-3) | after.isna()
    filled = factor.where(factor.notna(), before.where(same))
    unknown = factor.isna() & table["close"].notna()
    ways = ((filled.notna(), "adjusted as the days around it"), (filled.isna(), LEFT_OUT))
    for rows, done in ways:
        days = factor.index[unknown & rows]
        _note(mended, "adjusted close unknown", days, "no adjusted close", done)
    scaled = {name: table[name] * filled for name in COLUMNS[:4]}
    return table.assign(**scaled)[~(unknown & filled.isna())], True


def _seconds(found: dict[str, pd.Series], moments: Moments, source: str) -> npt.NDArray[np.int64]:
    """Give the time of day of each row, from the date or from a column beside it."""
    if moments.seconds.any() or "time" not in found:
        return moments.seconds
    clocks = (CLOCK.sub(r"\1:\2", str(time)) for time in found["time"])
    texts = [f"2000-01-01 {clock}" for clock in clocks]
    return read_moments(texts, source).seconds


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
    return " and ".join(f"{value:.12g}" for value in list(Counter(values))[:3])
