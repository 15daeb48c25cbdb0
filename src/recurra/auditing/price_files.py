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
from recurra.data.readers import Table
from recurra.errors import DataError
from recurra.markets.columns import meaning_of
from recurra.markets.look_ahead import look_ahead
from recurra.markets.prices import Prices, read_prices

__all__ = ["audit_price_files", "audit_prices", "holds_prices"]

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
    """Audit daily prices: look-ahead, columns of later days, adjustment, survivors.

    Args:
        prices: of each ticker.
        raw: the tables that they were read from, with all their columns.
        source: where they come from, for people.
    """
    found = [*_look_ahead(prices), *_columns_of_later_days(prices, raw)]
    found += _columns_told_by_later_days(prices, raw, found)
    found += [*_adjusted(prices, raw), *_survivors(prices)]
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


def _finding(kind: str, level: Level, sentence: str, size: int, of: int, advice: str) -> Finding:
    return Finding(kind=kind, level=level, sentence=sentence, size=size, of=of, advice=advice)


def _look_ahead(prices: Sequence[Prices]) -> list[Finding]:
    found: dict[str, list[tuple[Prices, int, str]]] = {}
    for each in prices:
        for seen in look_ahead(each.frame):
            found.setdefault(seen.kind, []).append((each, seen.size, seen.detail))
    said = []
    for kind, cases in found.items():
        ticker, _, detail = max(cases, key=lambda case: case[1])
        of = sum(len(each.frame) for each, _, _ in cases)
        sentence = f"{len(cases):,} of {len(prices):,} tickers, such as {ticker.ticker}: {detail}."
        size = sum(size for _, size, _ in cases)
        said.append(_finding(KINDS[kind], "leak", sentence, size, of, ADVICE[kind]))
    return said


def _columns_of_later_days(prices: Sequence[Prices], raw: Sequence[pd.DataFrame]) -> list[Finding]:
    found: dict[tuple[str, int], int] = {}
    named: dict[tuple[str, int], str] = {}
    for each, table in zip(prices, raw, strict=False):
        close = each.frame["close"].to_numpy()
        for ahead in columns_ahead({"close": close, **_numbers(table, close)}):
            if ahead.of == "close" and ahead.name != "close":
                key = (ahead.name, ahead.rows)
                found[key] = found.get(key, 0) + 1
                named[key] = f"the {ahead.what} of the close {ahead.rows} days later"
    return [
        _finding(
            "a column of later days",
            "leak",
            f"Column {name!r} is {named[name, rows]}, in {count:,} of {len(prices):,} files.",
            count,
            len(prices),
            "Leave it out of what a model reads; it may be what is to be foreseen.",
        )
        for (name, rows), count in found.items()
    ]


def _columns_told_by_later_days(
    prices: Sequence[Prices], raw: Sequence[pd.DataFrame], known: Sequence[Finding]
) -> list[Finding]:
    """Say which other columns later closes tell, or were scaled by all days of the file."""
    found: dict[str, tuple[int, str]] = {}
    for each, table in zip(prices, raw, strict=False):
        columns = _numbers(table, each.frame["close"].to_numpy())
        told: dict[str, str] = {}
        for base, known_then in _known_on_their_day(each.frame).items():
            for later in columns_foreknown({base: known_then, **columns}, base):
                told.setdefault(
                    later.name,
                    f"is told by the {base} of later days: what was known by its day explains "
                    f"{later.back:.0%} of it, with days to come {later.both:.0%}",
                )
        for made in columns_of_blocks({"close": each.frame["close"].to_numpy(), **columns}):
            if made.name in columns:
                told.setdefault(
                    made.name, f"is the {made.what} close of days on end that hold one number"
                )
        for scaled in scaled_by_all(columns):
            told.setdefault(scaled.name, f"was made with all days at once: {scaled.how}")
        for name, how in told.items():
            found[name] = (found.get(name, (0, ""))[0] + 1, how)
    return [
        _finding(
            "a column of later days",
            "leak",
            f"In {count:,} of {len(prices):,} files, column {name!r}: it {how}.",
            count,
            len(prices),
            "Make it anew of the days up to each, or leave it out of what a model reads.",
        )
        for name, (count, how) in found.items()
        if not any(repr(name) in each.sentence for each in known)
    ]


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


def _numbers(table: pd.DataFrame, close: np.ndarray) -> dict[str, np.ndarray]:
    """Give the other columns of numbers, in the order of the days: the newest may stand first."""
    if len(table) != len(close):
        return {}
    columns = {}
    for name in table.columns:
        meaning = meaning_of(name)
        if meaning is None or meaning[0] not in {*BARS, "date", "volume", "adjusted close"}:
            values = pd.to_numeric(table[name], errors="coerce").to_numpy(float)
            if np.isfinite(values).mean() > 0.5:
                columns[str(name)] = values
    closes = [n for n in table.columns if (m := meaning_of(n)) and m[0] == "close"]
    if closes and columns:
        theirs = pd.to_numeric(table[closes[0]], errors="coerce").to_numpy(float)
        if np.nanmean(theirs[::-1] == close) > np.nanmean(theirs == close):
            columns = {name: values[::-1] for name, values in columns.items()}
    return columns


def _adjusted(prices: Sequence[Prices], raw: Sequence[pd.DataFrame]) -> list[Finding]:
    """Say that levels of earlier days were made with splits and dividends of later ones."""
    there = [
        table
        for table in raw
        if any((m := meaning_of(name)) and m[0] == "adjusted close" for name in table.columns)
    ]
    size = max(len(there), sum(each.adjusted is True for each in prices))
    if not size:
        return []
    return [
        _finding(
            "prices adjusted later",
            "note",
            f"{size:,} of {len(prices):,} files hold adjusted prices: the level of an earlier day "
            "was made with splits and dividends that came after it. Changes from day to day are "
            "as they were; levels are not.",
            size,
            len(prices),
            "Let a model read changes and ratios, as `train stock-rise` does, and no levels.",
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
    return [_finding("survivorship", "note", sentence, there, len(prices), advice)]
