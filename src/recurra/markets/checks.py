"""What may be wrong with daily prices, found by rules that each have a name.

A *fault* is a value or a day that should not be as it is; a *note* is something true that a reader
should know, or that was mended already. Strict use refuses faults.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from recurra.errors import DataError
from recurra.markets.indicators import WARM_UP
from recurra.markets.look_ahead import look_ahead
from recurra.markets.prices import COLUMNS, LEFT_OUT, Finding, Prices
from recurra.markets.sessions import closed_days, open_days
from recurra.markets.tickers import Instrument, instrument

__all__ = ["RULES", "Flag", "PriceCheck", "check_newest", "check_prices", "unlike_scales"]


class _Rule(NamedTuple):
    level: Literal["fault", "note"]
    meaning: str


RULES = {
    "missing day": _Rule("fault", "a day on which the market was open is not there"),
    "closed day": _Rule("fault", "a day on which the market was closed is there"),
    "stale close": _Rule(
        "fault", "the close is that of the day before, outside the range of its own day"
    ),
    "close out of range": _Rule("fault", "the close lies outside low to high"),
    "open out of range": _Rule("note", "the open lies outside low to high"),
    "high below low": _Rule("fault", "the high is below the low"),
    "repeated row": _Rule("fault", "open, high, low and close are those of the day before"),
    "repeated close": _Rule("note", "five days or more have one close while prices moved"),
    "unadjusted split": _Rule(
        "fault", "prices change overnight as by a split; it may be one that was not adjusted for"
    ),
    "currency jump": _Rule("fault", "prices change by a factor that only another currency has"),
    "beyond the limit": _Rule("note", "the close moves by more than the exchange allows in a day"),
    "stale series": _Rule("fault", "the last day is earlier than the last day of trading"),
    "duplicate date": _Rule("fault", "a date is there more than once"),
    "halted day": _Rule("note", "the share was not traded; the close is that of the day before"),
    "zero price": _Rule("note", "an open, high or low is zero: taken as unknown"),
    "weekend repeat": _Rule("note", "a weekend repeats Friday: left out"),
    "empty row": _Rule("note", "a row has no close: left out"),
    "line of no day": _Rule("note", "a line above or below the table: left out"),
    "row without a date": _Rule("note", "a row has no date: left out"),
    "order of dates": _Rule("note", "day and month could stand in another order"),
    "decimal comma": _Rule("note", "commas could end the whole or group its thousands"),
    "intraday bars": _Rule("note", "a day had several bars: joined into one"),
    "unknown volume": _Rule("note", "a volume is no number, or negative: taken as unknown"),
    "adjusted close unknown": _Rule("note", "a day has no adjusted close"),
    "look-ahead": _Rule("fault", "prices hold what only a later day knows: a leak"),
    "price not positive": _Rule("fault", "a price is zero or below, as few futures ever were"),
    "impossible range": _Rule("fault", "the high or low is several times away from open and close"),
}
SPLITS = np.array([2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 30, 50, 100])
SPLIT_NOISE = 0.12  # how far the first day after a split may move
THREE_FOR_TWO = 1.5
CALM = 6.0  # so many times a usual day's move is one that no day before or after comes near
FURTHEST = 3.0  # a high over open and close; the lows of 2010-05-06, of a cent, were cancelled
OTHER_CURRENCY = 150.0  # a won is less than a hundredth of a dollar
CURRENCY_MOVE = 0.2  # no pair of the world's currencies moved so far in a day
WIDER_LIMIT = pd.Timestamp("2015-06-15")  # the Korean daily limit became 30 %, from 15 %
ROUNDING = 2e-3  # adjusted prices are rounded one by one


class Flag(BaseModel):
    """What one rule found: how often, from when to when, and each finding or the latest ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: str
    level: Literal["fault", "note"]
    count: int
    first: dt.date | None
    last: dt.date | None
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        latest = self.findings[-1]
        when = f", last on {self.last}" if self.last else ""
        done = "" if latest.action in ("kept", "nothing") else f": {latest.action}"
        return f"{self.level}: {self.rule} ({self.count:,}){when}: {latest.detail}{done}"


class PriceCheck(BaseModel):
    """The check of one ticker's prices, to be shown or stored with a run."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    schema_: Literal["recurra.price-check/1"] = Field(
        default="recurra.price-check/1", alias="schema"
    )
    ticker: str
    source: str
    days: int
    first: dt.date
    last: dt.date
    calendar: str
    flags: tuple[Flag, ...]

    @property
    def faults(self) -> int:
        """How many faults there are."""
        return sum(flag.count for flag in self.flags if flag.level == "fault")

    def latest(self, most: int = 20) -> "PriceCheck":
        """Give the check with the last findings of each rule only; counts stay those of all."""
        flags = [flag.model_copy(update={"findings": flag.findings[-most:]}) for flag in self.flags]
        return self.model_copy(update={"flags": tuple(flags)})

    def refuse_faults(self) -> None:
        """Raise if there are faults.

        Raises:
            DataError: naming the rules that were broken.
        """
        if self.faults:
            broken = [flag for flag in self.flags if flag.level == "fault"]
            named = ", ".join(f"{flag.rule} ({flag.count:,}, last {flag.last})" for flag in broken)
            raise DataError(
                f"the prices of {self.ticker} must have no faults, but {self.source} has: {named}. "
                "Mend the data, ask about days without them, or go on without --strict."
            )


def check_prices(prices: Prices, *, until: dt.date | None = None) -> PriceCheck:
    """Look for everything that may be wrong with prices.

    Args:
        prices: of one ticker.
        until: the day up to which they should reach; None: their age does not matter.

    Example:
        >>> from recurra.markets.prices import prices_from_frame
        >>> rows = {"date": ["2024-03-19", "2024-03-20"], "open": 10, "high": 12, "low": 9,
        ...         "close": [11, 13]}
        >>> found = check_prices(prices_from_frame(pd.DataFrame(rows), "BTC/USD", "example"))
        >>> [(flag.rule, flag.findings[0].detail) for flag in found.flags]
        [('close out of range', 'close 13, range 9 to 12')]
    """
    known = instrument(prices.ticker)
    frame = prices.frame
    first, last = frame.index[0].date(), frame.index[-1].date()
    needed, allowed, calendar = open_days(known, first, max(last, until or last))
    found = [*prices.mended, *_of_days(prices, needed, allowed)]
    closed = {finding.date for finding in found if finding.rule == "closed day"}
    traded = frame[[day.date() not in closed for day in pd.DatetimeIndex(frame.index)]]
    found += [*_of_rows(traded, known), *_of_jumps(traded, known)]
    found += [Finding("look-ahead", last, seen.detail) for seen in look_ahead(traded)]
    if until:
        found += _of_age(frame, needed, until)
    flags = []
    for rule in RULES:
        those = sorted((item for item in found if item.rule == rule), key=_day)
        if those:
            flags.append(_flag(rule, those))
    return PriceCheck(
        ticker=prices.ticker,
        source=prices.source,
        days=len(frame),
        first=first,
        last=last,
        calendar=calendar,
        flags=tuple(flags),
    )


def check_newest(prices: Prices, day: dt.date, window: int) -> PriceCheck:
    """Check the days up to one that a window and its averages rest on.

    Args:
        prices: of one ticker.
        day: later prices are not looked at; if trading went on up to it, they are stale.
        window: days seen; `WARM_UP` days before them are checked, too.
    """
    known = prices.between(end=day)
    if known.frame.empty:
        raise DataError(
            f"prices must begin before {day}, but those of {prices.ticker} begin on "
            f"{prices.frame.index[0].date()}."
        )
    rests_on = known.frame.index[-(window + WARM_UP) :][0].date()
    return check_prices(known.between(rests_on), until=day)


def unlike_scales(prices: Prices) -> list[Finding]:
    """Give the days from which on prices stand on another scale: of a split, or another currency.

    Args:
        prices: of one ticker.

    Example:
        >>> from recurra.markets.simulator import sample_market
        >>> frame = sample_market()[0].frame
        >>> late = (frame.index >= frame.index[50]).astype(float)[:, None]
        >>> half = Prices("AAPL", frame / (1 + 49 * late), "example", None, None)
        >>> [found.rule for found in unlike_scales(half)]
        ['unadjusted split']
    """
    scales = ("unadjusted split", "currency jump")
    jumps = _of_jumps(prices.frame, instrument(prices.ticker))
    return [found for found in jumps if found.rule in scales]


def _day(finding: Finding) -> dt.date:
    return finding.date or dt.date.min


def _flag(rule: str, findings: list[Finding]) -> Flag:
    mended = all(finding.action == LEFT_OUT for finding in findings)
    level: Literal["fault", "note"] = "note" if mended else RULES[rule].level
    return Flag(
        rule=rule,
        level=level,
        count=len(findings),
        first=findings[0].date,
        last=findings[-1].date,
        findings=tuple(findings),
    )


def _of_days(
    prices: Prices, needed: pd.DatetimeIndex, allowed: pd.DatetimeIndex
) -> Iterator[Finding]:
    here = pd.DatetimeIndex(prices.frame.index)
    expected = needed[(needed >= here[0]) & (needed <= here[-1])]
    for day in expected.difference(here):
        yield Finding("missing day", day.date(), "no row", "nothing")
    yield from closed_days(prices, allowed)


def _of_rows(frame: pd.DataFrame, known: Instrument) -> Iterator[Finding]:
    """Judge each day by itself and beside the day before."""
    open_, high, low, close, volume = (frame[name] for name in COLUMNS)
    slack = close.abs() * ROUNDING
    crossed = high < low - slack
    outside = ((close > high + slack) | (close < low - slack)) & ~crossed
    opened = ((open_ > high + slack) | (open_ < low - slack)) & ~crossed
    unchanged = close == close.shift()
    prices = frame[["open", "high", "low"]]
    same = unchanged & (prices == prices.shift()).all(axis=1)
    # where another number of shares was traded, two days were alike by chance
    copied = same & (high > low) & ((volume == volume.shift()) | volume.isna())
    still = unchanged & (high > low) & ~same & ~outside
    run = still.groupby((~still).cumsum()).transform("sum")

    def each(rule: str, chosen: "pd.Series[bool]", detail: str) -> Iterator[Finding]:
        for day, row in frame[chosen].iterrows():
            yield Finding(rule, pd.Timestamp(str(day)).date(), detail.format(**row))

    seen = "close {close:g}, range {low:g} to {high:g}"
    yield from each("stale close", outside & unchanged, seen + ", the close of the day before")
    yield from each("close out of range", outside & ~unchanged, seen)
    yield from each("open out of range", opened, "open {open:g}, range {low:g} to {high:g}")
    yield from each("high below low", crossed, "high {high:g}, low {low:g}")
    everything = frame[["open", "high", "low", "close"]]
    below = (everything <= 0).any(axis=1)
    yield from each("price not positive", below, "{open:g} {high:g} {low:g} {close:g}")
    inner = frame[["open", "close"]]
    far = (high > FURTHEST * inner.max(axis=1)) | (low < inner.min(axis=1) / FURTHEST)
    yield from each("impossible range", far & ~below, "open {open:g}, " + seen)
    yield from each("repeated row", copied, "{open:g} {high:g} {low:g} {close:g} once more")
    if known.calendar:
        # two unchanged closes in a row are common where prices move in large steps; four are not
        yield from each("repeated close", still & (run >= 4), "still {close:g}")


def _of_jumps(frame: pd.DataFrame, known: Instrument) -> Iterator[Finding]:
    """Judge how far prices move from one close to the next open and close."""
    close = frame["close"].where(frame["close"] > 0)
    before = close.shift()
    change, overnight = close / before, frame["open"].fillna(close) / before
    factor = np.maximum(change, 1 / change)
    jump = factor > (1 + CURRENCY_MOVE if known.kind == "currency" else OTHER_CURRENCY)
    split = limit = pd.Series(False, frame.index)
    if known.kind == "stock":
        split = (_splits(change, overnight) | _alone(change, overnight, close)) & ~jump
        if known.calendar == "XKRX":
            limit = _beyond_the_limit(frame, change) & ~jump & ~split
    for rule, chosen in (
        ("currency jump", jump),
        ("unadjusted split", split),
        ("beyond the limit", limit),
    ):
        for day in pd.DatetimeIndex(frame.index[chosen]):
            detail = f"close {before[day]:g} → {close[day]:g}, × {change[day]:.3g}"
            yield Finding(rule, day.date(), detail)


def _splits(change: "pd.Series[float]", overnight: "pd.Series[float]") -> "pd.Series[bool]":
    """Say where both the open and the close stand at the factor of a split, or of its reverse."""
    found = pd.Series(False, change.index)
    for n in SPLITS:
        for ratio in (n, 1 / n):
            near = (change / ratio - 1).abs() < SPLIT_NOISE
            found |= near & ((overnight / ratio - 1).abs() < SPLIT_NOISE)
    return found


def _alone(
    change: "pd.Series[float]", overnight: "pd.Series[float]", close: "pd.Series[float]"
) -> "pd.Series[bool]":
    """Say where open and close stand together, far from all days before and after.

    A split in a ratio that is none of the usual does that; a share that doubles in a frenzy moves
    far on the days around it, too.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        move, gap = np.log(change.to_numpy()), np.log(overnight.to_numpy())
    size = np.where(move * gap > 0, np.minimum(np.abs(move), np.abs(gap)), 0.0)
    together = np.abs(move - gap) < size / 3
    moves = pd.Series(np.abs(move), change.index)
    before = moves.rolling(5, min_periods=1).median().shift()
    after = moves[::-1].rolling(5, min_periods=1).median().shift()[::-1]
    alone = size > CALM * np.fmax(before.fillna(0), after.fillna(0))
    like_a_split = (size > np.log(1.8)) | (np.abs(size - np.log(THREE_FOR_TWO)) < 0.04)
    return pd.Series(alone & together & like_a_split, change.index)


def _beyond_the_limit(frame: pd.DataFrame, change: "pd.Series[float]") -> "pd.Series[bool]":
    """Say where a close moved further than the exchange lets it, first days and halts aside."""
    limit = np.where(pd.DatetimeIndex(frame.index) >= WIDER_LIMIT, 0.3, 0.15)
    traded = (frame["high"] > frame["low"]).shift(fill_value=False)
    second = pd.Series(np.arange(len(frame)) < 2, frame.index)
    return ((change - 1).abs() > limit + 0.005) & traded & ~second


def _of_age(frame: pd.DataFrame, needed: pd.DatetimeIndex, until: dt.date) -> Iterator[Finding]:
    """Say that days are missing at the end; today's may not be over yet."""
    last = frame.index[-1]
    later = needed[(needed > last) & (needed < pd.Timestamp(until))]
    if len(later):
        detail = f"{len(later):,} days of trading are missing after it, up to {later[-1].date()}"
        yield Finding("stale series", last.date(), detail, "nothing")
