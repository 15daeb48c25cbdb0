"""What a report of rises shows beside the measures: prices that are wrong, and a simulation."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra.arrays import Dates
from recurra.judging.problem import Fold
from recurra.judging.report import Exhibit, Probe
from recurra.markets.checks import Flag, PriceCheck
from recurra.wording import worded

__all__ = [
    "ahead_of_their_day",
    "caveat",
    "days_on_both_sides",
    "draw_worth",
    "holding",
    "prices_of_another_day",
    "survivors",
    "wrong_in_words",
    "wrong_prices",
]

MOST_TICKERS, LATEST = 30, 5


# ---- leaks


def days_on_both_sides(
    dates: Dates, folds: Sequence[Fold], fitted: Mapping[str, Sequence[str]], window: int
) -> Probe:
    """Look whether a test window reaches into the days that a model was fitted on.

    Args:
        dates: (rows,) D-0 of all rows.
        folds: the splits.
        fitted: for each model the last day that it was fitted on in each fold, as it says itself.
        window: days that a row looks back on.
    """
    calendar = np.unique(dates)
    first = [int(np.searchsorted(calendar, dates[fold.held].min())) for fold in folds]
    gaps = [
        start - int(np.searchsorted(calendar, np.datetime64(day)))
        for days in fitted.values()
        for start, day in zip(first, days, strict=True)
    ]
    shared = max(0, window - min(gaps) + 1)
    return Probe(
        name="days on both sides",
        passed=shared == 0,
        size=shared,
        detail=f"{min(gaps) - 1} trading days lie between the last day that any of {len(fitted)} "
        f"models was fitted on and the first test day; a window looks back on {window}.",
    )


def ahead_of_their_day(checks: Sequence[PriceCheck]) -> dict[str, list[str]]:
    """Give the tickers whose prices may hold what is to be foreseen, and what was seen of each."""
    return {
        check.ticker: [finding.detail for finding in flag.findings]
        for check in checks
        for flag in check.flags
        if flag.rule == "look-ahead"
    }


def prices_of_another_day(checks: Sequence[PriceCheck]) -> Probe:
    """Look for prices that a day could not know.

    An open that is the next day's tells half of what is to be foreseen.
    """
    many = ahead_of_their_day(checks)
    detail = "opens and closes lie within their day's range, and no day's prices tell of the next."
    if many:
        ticker, seen = next(iter(many.items()))
        detail = (
            f"the prices of {len(many):,} of {len(checks):,} tickers may hold what is to be "
            f"foreseen, such as {ticker}: {'; '.join(seen)}. No figure here can be trusted until "
            "that is explained."
        )
    return Probe(name="prices of another day", passed=not many, size=len(many), detail=detail)


def caveat(checks: Sequence[PriceCheck]) -> str:
    """Give what an answer must not be read without; nothing where prices are of their day."""
    many = ahead_of_their_day(checks)
    if not many:
        return ""
    return (
        f" But the prices of {len(many):,} of {len(checks):,} tickers may hold what is to be "
        "foreseen: this answer cannot be trusted."
    )


def survivors(last: Mapping[str, Any]) -> str:
    """Say how many tickers are there to the end: those that left the exchange are missing.

    Args:
        last: the last day of the prices of each ticker.
    """
    newest = max(last.values())
    there = sum(day == newest for day in last.values())
    return (
        f"{there:,} of {len(last):,} tickers have prices up to the last day, {newest}. Only shares "
        "that are listed where these prices come from can be here: those that left the exchange "
        "are missing, which flatters every figure and the simulation most (survivorship)."
    )


# ---- what is wrong with the prices


def wrong_in_words(checks: Sequence[PriceCheck]) -> list[str]:
    """Say what the checks found, a line a rule."""
    return [
        f"{flags[0][1].level}: {rule}, {sum(flag.count for _, flag in flags):,} days in "
        f"{len(flags):,} of {len(checks):,} tickers"
        for rule, flags in _by_rule(checks)
    ]


def wrong_prices(checks: Sequence[PriceCheck]) -> list[Exhibit]:
    """Give what the checks found: a row a rule, then a row a ticker and rule, the worst first."""
    found = _by_rule(checks)
    by_rule = Exhibit(
        title="What is wrong with the prices",
        columns=["", "rule", "days", "tickers", "the last one", "what was done"],
        rows=[_of_rule(rule, flags) for rule, flags in found],
        note="" if found else f"The checks of {len(checks):,} tickers found nothing.",
    )
    if not found:
        return [by_rule]
    each = [(ticker, flag) for _, flags in found for ticker, flag in flags]
    each.sort(key=lambda item: _weight([item]))
    left = len(each) - MOST_TICKERS
    by_ticker = Exhibit(
        title="What is wrong with the prices, by ticker",
        columns=["ticker", "rule", "days", "the latest"],
        rows=[_of_ticker(ticker, flag) for ticker, flag in each[:MOST_TICKERS]],
        note=f"{left:,} more are not shown: `recurra market check TICKER`." if left > 0 else "",
    )
    return [by_rule, by_ticker]


def _by_rule(checks: Sequence[PriceCheck]) -> list[tuple[str, list[tuple[str, Flag]]]]:
    """Give for each rule that found something the tickers and what it found, faults first."""
    rules: dict[str, list[tuple[str, Flag]]] = defaultdict(list)
    for check in checks:
        for flag in check.flags:
            rules[flag.rule].append((check.ticker, flag))
    return sorted(rules.items(), key=lambda item: _weight(item[1]))


def _weight(flags: Sequence[tuple[str, Flag]]) -> tuple[bool, int]:
    """Give what sorts faults before notes, and many days before few."""
    levels = {flag.level for _, flag in flags}
    return "fault" not in levels, -sum(flag.count for _, flag in flags)


def _of_rule(rule: str, flags: Sequence[tuple[str, Flag]]) -> list[str]:
    ticker, last = max(flags, key=lambda item: str(item[1].last))
    days = sum(flag.count for _, flag in flags)
    seen = f"{ticker}, {last.last}: {last.findings[-1].detail}"
    return [last.level, rule, f"{days:,}", f"{len(flags):,}", seen, last.findings[-1].action]


def _of_ticker(ticker: str, flag: Flag) -> list[str]:
    latest = ", ".join(str(finding.date) for finding in flag.findings[-LATEST:])
    more = " and earlier ones" if flag.count > LATEST else ""
    return [ticker, f"{flag.level}: {flag.rule}", f"{flag.count:,}", latest + more]


# ---- a simulation


def holding(found: Mapping[str, Any], holdings: int) -> Exhibit:
    """Give what holding the highest scores came to."""
    return Exhibit(
        title=f"Holding the {holdings} highest scores of those called a rise: a simulation",
        columns=["total", "largest fall", "all tickers", "days invested", "cost of a trade"],
        rows=[
            [
                f"{found['total']:+.1%}",
                f"{found['drawdown']:.1%}",
                f"{found['all_tickers_total']:+.1%}",
                f"{found['days_invested']:,} of {found['days']:,}",
                f"{found['cost']:.2%}",
            ]
        ],
        note="A simulation on past prices, long only: nobody pays exactly the close, and no order "
        "moves these prices. It is no advice.",
    )


def draw_worth(found: Mapping[str, Any]) -> Callable[[Any], None]:
    """Give what draws the worth of 1 held through the test days."""

    def draw(axes: Any) -> None:
        axes.plot(found["worth"], color="#0b6e99", linewidth=1)
        axes.axhline(1.0, color="#1f2933", linewidth=0.8, linestyle=":")
        axes.set(xlabel=worded("test day"), ylabel=worded("worth of 1 at the start"))

    return draw
