import datetime as dt
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.errors import DataError
from recurra.markets import sessions
from recurra.markets.checks import RULES, PriceCheck, check_prices
from recurra.markets.prices import Prices, prices_from_frame
from recurra.markets.sessions import open_days, without_closed_days
from recurra.markets.sources import FolderSource, universe
from recurra.markets.tickers import instrument


def walk(ticker: str = "000660", days: int = 60, seed: int = 0) -> pd.DataFrame:
    """Clean prices on the days when the market of a ticker is open in spring 2021."""
    needed, _, _ = open_days(instrument(ticker), dt.date(2021, 1, 4), dt.date(2021, 12, 30))
    random = np.random.default_rng(seed)
    close = 100_000 * np.exp(np.cumsum(random.normal(0, 0.01, days)))
    frame = pd.DataFrame({"close": close.round()}, index=needed[:days].rename("date"))
    frame["open"] = (close * 0.999).round()
    frame["high"] = (close * 1.01).round()
    frame["low"] = (close * 0.99).round()
    frame["volume"] = random.integers(1000, 9000, days).astype(float)
    return frame


def prices(frame: pd.DataFrame, ticker: str = "000660") -> Prices:
    return prices_from_frame(frame, ticker, "a test")


def rules(frame: pd.DataFrame, ticker: str = "000660") -> dict[str, list[str]]:
    return {
        flag.rule: [str(finding.date) for finding in flag.findings]
        for flag in check_prices(prices(frame, ticker)).flags
    }


@pytest.mark.parametrize("ticker", ["000660", "AAPL", "KS11", "USD/KRW", "BTC/KRW"])
def test_clean_prices_have_no_flags(ticker: str) -> None:
    assert rules(walk(ticker), ticker) == {}


@pytest.mark.parametrize("row", [7, 20, 33, 58])
def test_a_stale_close_is_flagged_wherever_it_stands(row: int) -> None:
    frame = walk()
    day = frame.index[row]
    # the market fell by 6 %, and the close was not brought up to date
    frame.loc[day:, ["open", "high", "low", "close"]] *= 0.94
    frame.loc[day, "close"] = frame["close"].iloc[row - 1]
    assert rules(frame) == {"stale close": [str(day.date())]}


def test_an_unchanged_close_within_its_range_is_no_fault() -> None:
    frame = walk()
    frame.loc[frame.index[20], "close"] = frame["close"].iloc[19]
    frame.loc[frame.index[20], ["high", "low"]] = frame["close"].iloc[19] * np.array([1.01, 0.98])
    assert rules(frame) == {}


def test_every_rule_finds_what_it_is_named_for() -> None:
    frame = walk()
    day = [str(each.date()) for each in frame.index]
    cells = frame.columns.get_indexer
    prices_of = cells(["open", "high", "low", "close"])

    missing = frame.drop(frame.index[10])
    assert rules(missing) == {"missing day": [day[10]]}

    outside = frame.copy()
    outside.iloc[10, cells(["close"])] *= 1.05
    assert rules(outside) == {"close out of range": [day[10]]}

    crossed = frame.copy()
    crossed.iloc[10, cells(["high", "low"])] = crossed.iloc[10][["low", "high"]]
    assert rules(crossed) == {"high below low": [day[10]]}

    early = frame.copy()
    early.iloc[10, cells(["open"])] *= 1.05
    assert rules(early) == {"open out of range": [day[10]]}

    copied = frame.copy()
    copied.iloc[10] = copied.iloc[9]
    assert rules(copied) == {"repeated row": [day[10]]}

    still = frame.copy()
    still.iloc[10:15, cells(["close"])] = still["close"].iloc[9]
    still.iloc[10:15, cells(["open"])] = still["close"].iloc[9]
    still.iloc[10:15, cells(["high"])] = still["close"].iloc[9] + 1000 + np.arange(5) * 10
    still.iloc[10:15, cells(["low"])] = still["close"].iloc[9] - 1000
    assert rules(still) == {"repeated close": day[10:15]}

    split = frame.copy()
    split.iloc[:30, prices_of] *= 5
    assert rules(split) == {"unadjusted split": [day[30]]}

    merged = frame.copy()
    merged.iloc[:30, prices_of] /= 10
    assert rules(merged) == {"unadjusted split": [day[30]]}

    won = frame.copy()
    won.iloc[:30, prices_of] /= 1300
    assert rules(won) == {"currency jump": [day[30]]}

    far = frame.copy()
    far.iloc[30:, prices_of] *= 1.4
    assert rules(far) == {"beyond the limit": [day[30]]}

    halted = frame.copy()
    halted.iloc[10, cells(["open", "high", "low", "volume"])] = 0
    assert rules(halted) == {"halted day": [day[10]]}

    twice = pd.concat([frame, frame.iloc[[10]] * 1.001])
    assert rules(twice) == {"duplicate date": [day[10]]}


def test_a_pair_of_currencies_that_moves_by_a_third_is_flagged() -> None:
    frame = walk("USD/KRW")
    frame.iloc[30:, frame.columns.get_indexer(["open", "high", "low", "close"])] *= 1.35
    assert rules(frame, "USD/KRW") == {"currency jump": [str(frame.index[30].date())]}
    assert rules(frame, "BTC/KRW").keys() == {"missing day"}


def test_two_days_alike_with_other_volumes_are_chance() -> None:
    frame = walk()
    frame.iloc[10, :4] = frame.iloc[9, :4]
    assert rules(frame) == {}


def test_a_holiday_that_holds_the_next_days_prices_is_found_and_left_out(tmp_path: Path) -> None:
    frame = walk()
    holiday, after = pd.Timestamp("2021-03-01"), pd.Timestamp("2021-03-02")
    filled = frame.copy()
    filled.loc[holiday] = filled.loc[after]
    found = check_prices(prices(filled))
    assert [flag.rule for flag in found.flags] == ["closed day"]
    assert "prices of the next day" in found.flags[0].findings[0].detail
    mended = without_closed_days(prices(filled))
    pd.testing.assert_frame_equal(mended.frame, prices(frame).frame, check_freq=False)
    assert [flag.level for flag in check_prices(mended).flags] == ["note"]

    filled.sort_index().to_csv(tmp_path / "000660.csv")
    assert holiday not in universe(tmp_path)[0].frame.index


def test_saturdays_were_trading_days_in_korea_until_december_1998() -> None:
    korea = instrument("KS11")
    needed, allowed, _ = open_days(korea, dt.date(1998, 11, 30), dt.date(1998, 12, 14))
    saturdays = allowed[allowed.day_of_week == 5]
    assert list(saturdays.strftime("%F")) == ["1998-12-05"]
    assert not (needed.day_of_week == 5).any()


def test_holidays_of_both_exchanges_are_known() -> None:
    for ticker, holiday in (("005930", dt.date(2020, 10, 9)), ("AAPL", dt.date(2020, 11, 26))):
        needed, _, calendar = open_days(
            instrument(ticker), dt.date(2020, 9, 1), dt.date(2020, 12, 1)
        )
        assert pd.Timestamp(holiday) not in needed
        assert "sessions of the" in calendar


def test_without_the_calendar_library_weekdays_stand_in_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions._calendar.cache_clear()
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    try:
        needed, _, calendar = open_days(
            instrument("AAPL"), dt.date(2020, 11, 23), dt.date(2020, 11, 29)
        )
    finally:
        sessions._calendar.cache_clear()
    assert len(needed) == 5
    assert "recurra[markets]" in calendar


def test_a_series_is_stale_when_trading_went_on_without_it() -> None:
    frame = walk()
    last = frame.index[-1].date()

    def stale(until: dt.date) -> list[str]:
        return [flag.rule for flag in check_prices(prices(frame), until=until).flags]

    assert stale(last) == []
    assert stale(last + dt.timedelta(days=1)) == []  # that day may not be over
    assert stale(last + dt.timedelta(days=7)) == ["stale series"]


def test_faults_are_refused_and_notes_are_not() -> None:
    frame = walk()
    check_prices(prices(frame)).refuse_faults()
    frame.iloc[10, frame.columns.get_indexer(["open", "high", "low", "volume"])] = 0
    check_prices(prices(frame)).refuse_faults()
    with pytest.raises(DataError, match=r"no faults, but a test has: missing day \(1, last"):
        check_prices(prices(frame.drop(frame.index[20]))).refuse_faults()


def test_a_check_keeps_its_shape_through_json() -> None:
    found = check_prices(prices(walk().drop(walk().index[10])))
    text = found.model_dump_json(by_alias=True)
    assert '"schema":"recurra.price-check/1"' in text
    assert PriceCheck.model_validate_json(text) == found


def test_every_flag_belongs_to_a_rule_with_a_meaning(real_data: Path) -> None:
    source = FolderSource(real_data)
    for ticker in ("000660", "000100", "AAPL", "KS11", "BTC/KRW", "USD/KRW"):
        for flag in check_prices(source.prices(ticker)).flags:
            assert RULES[flag.rule].meaning
            assert flag.count == len(flag.findings) > 0


def test_the_planted_stale_close_of_2020_is_flagged_by_its_rule(real_data: Path) -> None:
    known = FolderSource(real_data).prices("000660")
    assert check_prices(known).faults == 0
    known.frame.loc["2020-03-09", "close"] = 92_600.0
    flags = check_prices(known).flags
    assert [(flag.rule, str(flag.first), flag.count) for flag in flags] == [
        ("stale close", "2020-03-09", 1)
    ]
