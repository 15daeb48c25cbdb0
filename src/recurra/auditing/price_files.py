"""Whether files of prices hold what a day could not know, and who is missing among them."""

import datetime as dt
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.auditing.blocks import columns_of_blocks
from recurra.auditing.findings import Audit, Finding, Level
from recurra.auditing.foreknown import columns_foreknown
from recurra.auditing.later import columns_ahead
from recurra.auditing.scaled import scaled_by_all
from recurra.data.dates import read_dates
from recurra.data.readers import Table
from recurra.errors import DataError
from recurra.markets.checks import unlike_scales
from recurra.markets.columns import meaning_of
from recurra.markets.look_ahead import look_ahead
from recurra.markets.prices import Prices, read_prices
from recurra.markets.tickers import instrument

__all__ = ["audit_price_files", "audit_prices", "holds_prices"]

NAMED = 3  # tickers of those that something is found in
FEWEST_FACTORS, MOST_CHANGES = 3, 0.1  # values of a factor, and changes a day
SAME = 1e-6  # of a price, that its digits may differ by
BARS = {"open", "high", "low", "close"}
QUESTION = "Do these prices hold what their day could not know?"
ADVICE = {
    "of another day": "Look how the columns were put together: one was moved by a day.",
    "smoothed": "Take closes as they were traded, and leave out days that were filled in.",
    "volume ahead": "Move the volumes back to their day, or leave them out.",
}
KINDS = {
    "of another day": "prices of another day",
    "smoothed": "prices smoothed over days to come",
    "volume ahead": "volumes of the day after",
}


def holds_prices(table: Table) -> bool:
    """Say whether a table has the columns of daily prices."""
    found = {meaning[0] for name in table.frame.columns if (meaning := meaning_of(name))}
    return found >= BARS


def audit_price_files(path: Path, *, encoding: str | None = None) -> Audit:
    """Audit a file of daily prices, or a folder of them.

    Raises:
        DataError: they cannot be read.
    """
    files = (
        sorted(each for each in path.iterdir() if each.suffix == ".csv")
        if (path.is_dir())
        else [path]
    )
    if not files:
        raise DataError(f"a folder of TICKER.csv files is needed, but {path} holds none.")
    prices = [read_prices(file, file.stem, encoding=encoding) for file in files]
    return audit_prices(prices, [_raw(file, encoding) for file in files], str(path))


def _raw(file: Path, encoding: str | None) -> pd.DataFrame:
    from recurra.data.readers import read_table
    from recurra.errors import RecurraError

    try:
        return read_table(file, encoding=encoding).frame
    except RecurraError:  # a header below its first line: the columns of prices alone are asked
        return pd.DataFrame()


def audit_prices(
    prices: Sequence[Prices], raw: Sequence[pd.DataFrame] = (), source: str = "prices"
) -> Audit:
    """Audit daily prices: look-ahead, columns of later days, adjustment, scales, survivors.

    Args:
        prices: of each ticker.
        raw: the tables that they were read from, with all their columns.
        source: where they come from, for people.
    """
    found = [*_look_ahead(prices), *_columns_of_later_days(prices, raw)]
    found += _columns_told_by_later_days(prices, raw, found)
    found += [*_adjusted(prices, raw), *_scales(prices), *_survivors(prices)]
    days = sum(len(each.frame) for each in prices)
    return Audit(
        version=version("recurra"),
        question=QUESTION,
        source=source,
        sha256="",
        rows={"tickers": len(prices), "days": days},
        classes={},
        findings=sorted(found, key=lambda f: (f.level != "leak", -f.size / max(1, f.of))),
        notes=[],
    )


def _of_files(
    kind: str, level: Level, sentence: str, files: Sequence[str], of: int, advice: str
) -> Finding:
    return Finding(
        kind=kind,
        level=level,
        sentence=sentence,
        size=len(files),
        of=of,
        unit="files",
        advice=advice,
    )


def _where(tickers: Sequence[str], of: int) -> str:
    """Name some tickers, and say in how many files it is so where there are several."""
    if of == 1:
        return tickers[0]
    named = ", ".join([*tickers[:NAMED], *["…"][: len(tickers) > NAMED]])
    return f"{len(tickers):,} of {of:,} files ({named})"


def _look_ahead(prices: Sequence[Prices]) -> list[Finding]:
    found: dict[str, list[tuple[Prices, int, str]]] = {}
    for each in prices:
        for seen in look_ahead(each.frame):
            found.setdefault(seen.kind, []).append((each, seen.size, seen.detail))
    said = []
    for kind, cases in found.items():
        cases = sorted(cases, key=lambda case: -case[1])
        where = _where([each.ticker for each, _, _ in cases], len(prices))
        said.append(
            Finding(
                kind=KINDS[kind],
                level="leak",
                sentence=f"Prices of {where}: {cases[0][2]}.",
                size=sum(size for _, size, _ in cases),
                of=sum(len(each.frame) for each, _, _ in cases),
                unit="days",
                advice=ADVICE[kind],
            )
        )
    return said


def _columns_of_later_days(prices: Sequence[Prices], raw: Sequence[pd.DataFrame]) -> list[Finding]:
    found: dict[tuple[str, int], list[str]] = {}
    named: dict[tuple[str, int], str] = {}
    for each, table in zip(prices, raw, strict=False):
        close = each.frame["close"].to_numpy()
        for ahead in columns_ahead({"close": close, **_numbers(table, each)}):
            if ahead.of == "close" and ahead.name != "close":
                key = (ahead.name, ahead.rows)
                found.setdefault(key, []).append(each.ticker)
                named[key] = f"the {ahead.what} of the close {ahead.rows} days later"
    return [
        _of_files(
            "a column of later days",
            "leak",
            f"Column {name!r} is {named[name, rows]}, in {_where(tickers, len(prices))}.",
            tickers,
            len(prices),
            "Leave it out of what a model reads; it may be what is to be foreseen.",
        )
        for (name, rows), tickers in found.items()
    ]


def _columns_told_by_later_days(
    prices: Sequence[Prices], raw: Sequence[pd.DataFrame], known: Sequence[Finding]
) -> list[Finding]:
    """Say which other columns later closes tell, or were scaled by all days of the file."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each, table in zip(prices, raw, strict=False):
        columns = _numbers(table, each)
        told: dict[str, str] = {}
        for base, known_then in _known_on_their_day(each.frame).items():
            for later in columns_foreknown({base: known_then, **columns}, base):
                told.setdefault(
                    later.name,
                    f"is told by the {base} of later days: what was known by its day leaves "
                    f"{1 - later.back:.2%} of it untold, with days to come {1 - later.both:.2%}",
                )
        for made in columns_of_blocks({"close": each.frame["close"].to_numpy(), **columns}):
            if made.name in columns:
                told.setdefault(
                    made.name, f"is the {made.what} close of days on end that hold one number"
                )
        for scaled in scaled_by_all(columns):
            told.setdefault(scaled.name, f"was made with all days at once: {scaled.how}")
        for name, values in columns.items():
            if _is_factor_to_come(values):
                told.setdefault(
                    name, "goes to 1 on the last day by steps: what is still to come is in it"
                )
        for name, how in told.items():
            found.setdefault(name, []).append((each.ticker, how))
    return [
        _of_files(
            "a column of later days",
            "leak",
            f"Column {name!r}, in {_where(tickers, len(prices))}: it {cases[0][1]}.",
            tickers,
            len(prices),
            "Make it anew of the days up to each, or leave it out of what a model reads.",
        )
        for name, cases in found.items()
        if not any(repr(name) in each.sentence for each in known)
        for tickers in [[ticker for ticker, _ in cases]]
    ]


def _is_factor_to_come(values: np.ndarray) -> bool:
    """Say whether a column is a factor of splits and dividends that are still to come.

    It stays for days on end, takes three values or more, and is 1 on the last day, not the first.
    """
    known = values[np.isfinite(values)]
    steps = int((known[1:] != known[:-1]).sum())
    fractions = bool((known % 1 != 0).any()) and bool((known > 0).all())
    few = len(np.unique(known)) >= FEWEST_FACTORS and steps <= MOST_CHANGES * len(known)
    return few and fractions and known[-1] == 1 and known[0] != 1


def _known_on_their_day(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """Give what each day is known by: whatever later ones tell of a column, they tell by these."""
    before = frame["close"].shift().bfill()
    known = {
        "close": frame["close"],
        "volume": frame["volume"],
        "gap of the open": frame["open"] / before - 1,
        "size of moves": (frame["close"] / before - 1).abs(),
    }
    return {
        name: values.to_numpy(float)
        for name, values in known.items()
        if np.isfinite(values).mean() > 0.5 and np.ptp(values.dropna()) > 0
    }


def _numbers(table: pd.DataFrame, prices: Prices) -> dict[str, np.ndarray]:
    """Give the other columns of numbers, each at the days of the prices: the newest may be first.

    Of several rows of a day, the first counts, as of prices.
    """
    dates = [name for name in table.columns if (m := meaning_of(name)) and m[0] == "date"]
    try:
        days = read_dates(table[dates[0]], prices.source, zone=instrument(prices.ticker).zone).days
    except (IndexError, DataError):  # no header in the first line, or sums below the last day
        return {}
    index = pd.DatetimeIndex(days.astype("datetime64[ns]"))
    first = ~index.duplicated() & index.notna()
    columns = {}
    for name in table.columns:
        meaning = meaning_of(name)
        if meaning is None or meaning[0] not in {*BARS, "date", "volume", "adjusted close"}:
            read = _read(table[name]).set_axis(index)[first].reindex(prices.frame.index)
            if np.isfinite(read).mean() > 0.5:
                columns[str(name)] = read.to_numpy(float)
    return columns


def _read(column: "pd.Series[str]") -> "pd.Series[float]":
    """Read cells as numbers: 1,234.5 and 0.4% are some."""
    plain = column.astype(str).str.strip().str.removesuffix("%").str.replace(",", "")
    return pd.to_numeric(plain, errors="coerce").astype(float)


def _adjusted(prices: Sequence[Prices], raw: Sequence[pd.DataFrame]) -> list[Finding]:
    """Say that levels of earlier days were made with splits and dividends of later ones."""
    there = [
        each.ticker
        for each, table in zip(prices, raw or [pd.DataFrame()] * len(prices), strict=True)
        if _is_adjusted(each, table)
    ]
    if not there:
        return []
    return [
        _of_files(
            "prices adjusted later",
            "note",
            f"{_where(there, len(prices))}: prices are adjusted, so the level of an earlier day "
            "was made with splits and dividends that came after it. Changes from day to day are "
            "as they were; levels are not.",
            there,
            len(prices),
            "Let a model read changes and ratios, as `train stock-rise` does, and no levels.",
        )
    ]


def _is_adjusted(prices: Prices, table: pd.DataFrame) -> bool:
    """Say whether an adjusted close is there that differs from the close on some day."""
    named = {m[0]: name for name in table.columns if (m := meaning_of(name))}
    if not {"close", "adjusted close"} <= set(named):
        return prices.adjusted is True
    close, adjusted = (_read(table[named[each]]) for each in ("close", "adjusted close"))
    return bool(((close - adjusted).abs() > SAME * close.abs()).any())


def _scales(prices: Sequence[Prices]) -> list[Finding]:
    """Say which prices go on at another scale, as from a split that not all days were made for."""
    found = {each.ticker: days for each in prices if (days := unlike_scales(each))}
    if not found:
        return []
    tickers = sorted(found, key=lambda ticker: -len(found[ticker]))
    days = found[tickers[0]]
    factor = days[-1].detail.rpartition("×")[2]
    return [
        _of_files(
            "prices on two scales",
            "note",
            f"{_where(tickers, len(prices))}: overnight the prices change as by a split that "
            f"earlier days were not adjusted for, on {len(days):,} days, the last "
            f"{days[-1].date} (×{factor}).",
            tickers,
            len(prices),
            "Look whether it was a split: adjust the days before it, or begin after it. A model "
            "learns a move that nobody had.",
        )
    ]


def _survivors(prices: Sequence[Prices]) -> list[Finding]:
    if len(prices) < 2:
        return []
    last = [each.frame.index[-1] for each in prices]
    newest: dt.date = max(last).date()
    there = sum((max(last) - day).days <= 7 for day in last)
    if there < len(prices):
        sentence = f"{len(prices) - there:,} of {len(prices):,} tickers end before {newest}."
    else:
        sentence = (
            f"All {len(prices):,} tickers have prices up to {newest}: none left the exchange in "
            "all the time, so they were chosen by what is listed at its end."
        )
    advice = (
        "Take the listing of the first day, with those that left it. Until then every figure of "
        "holding is flattered (survivorship)."
    )
    return [
        Finding(
            kind="survivorship",
            level="note",
            sentence=sentence,
            size=there,
            of=len(prices),
            unit="files",
            advice=advice,
        )
    ]
