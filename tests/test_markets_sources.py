"""The network source on fakes that fail as the service does; the cache; never the network."""

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra.errors import DataError, SettingsError, SourceError
from recurra.markets import cache, choose
from recurra.markets.cache import CachedSource
from recurra.markets.choose import chosen_source, prices_of_listing
from recurra.markets.opening import open_prices
from recurra.markets.prices import Prices, prices_from_frame
from recurra.markets.service import FinanceDataReaderSource
from recurra.markets.sources import FolderSource


class Reader:
    """FinanceDataReader as it was seen to behave: `answers` are given, or raised, in turn."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.asked = list(answers), []

    def _next(self, *asked: Any) -> Any:
        self.asked.append(asked)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer() if callable(answer) else answer

    def DataReader(self, symbol: str, start: str, end: str) -> Any:  # noqa: N802
        print(f'"{symbol}" invalid symbol or has no data')  # so it prints its errors
        return self._next(symbol, start, end)

    def StockListing(self, market: str) -> Any:  # noqa: N802
        print("100%|###| 60/60", file=sys.stderr)  # so it draws its bar of progress
        return self._next(market)


class NotFoundError(OSError):
    code = 404


def source(*answers: Any, **settings: Any) -> FinanceDataReaderSource:
    return FinanceDataReaderSource(**{"pause": 0.0, "reader": Reader(*answers), **settings})


DAYS = pd.to_datetime(["2024-03-18", "2024-03-19", "2024-03-20"])
NAVER = pd.DataFrame(
    {
        "Open": [10, 0, 12],
        "High": [12, 0, 14],
        "Low": [9, 0, 11],
        "Close": [11, 11, 13],
        "Volume": [100, 0, 300],
        "Change": [np.nan, 0.0, 0.18],
    },
    index=DAYS.rename("Date"),
)
YAHOO = pd.DataFrame(
    {
        "Open": [10.0, np.nan, 12],
        "High": [12.0, np.nan, 14],
        "Low": [9.0, np.nan, 11],
        "Close": [11.0, np.nan, 13],
        "Volume": [100.0, np.nan, 300],
        "Adj Close": [5.5, np.nan, 13],
    },
    index=DAYS,
)
INDEX = pd.DataFrame(
    {
        "Close": [906.04, 920.73, 922.05],
        "UpDown": ["1", "1", "1"],
        "Comp": [9.04, 14.69, 1.32],
        "Change": [0.01, 0.016, 0.001],
        "Open": [896.16, 906.02, 920.66],
        "High": [906.86, 929.83, 929.08],
        "Low": [896.16, 906.02, 920.66],
        "Volume": [1, 2, 3],
        "Amount": [1, 2, 3],
        "MarCap": [np.nan] * 3,
    },
    index=DAYS.rename("Date"),
)


def test_columns_of_every_origin_become_one_shape(capsys: pytest.CaptureFixture[str]) -> None:
    korean = source(NAVER).prices("005930")
    assert korean.frame["open"].tolist() == [10, 11, 12]
    assert len(korean.halted) == 1
    assert (korean.adjusted, korean.source) == (None, "FinanceDataReader")

    american = source(YAHOO).prices("AAPL")
    assert american.frame["close"].tolist() == [5.5, 13]
    assert american.frame["open"].tolist() == [5, 12]
    assert american.adjusted is True
    assert [found.rule for found in american.mended] == ["empty row"]

    index = source(INDEX).prices("KS11")
    assert index.frame.iloc[0].tolist() == [896.16, 906.86, 896.16, 906.04, 1]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("ticker", "answer", "currency"),
    [
        ("AAPL", YAHOO, "USD"),
        ("AMZN", YAHOO, "USD"),
        ("GOOG", YAHOO, "USD"),
        ("005930", NAVER, "KRW"),
        ("091990", NAVER, "KRW"),
        ("000660", NAVER, "KRW"),
        ("KS11", INDEX, None),
        ("KQ11", INDEX, None),
        ("DJI", YAHOO, None),
        ("IXIC", YAHOO, None),
        ("US500", YAHOO, None),
        ("USD/KRW", YAHOO, "KRW"),
        ("USD/EUR", YAHOO, "EUR"),
        ("CNY/KRW", YAHOO, "KRW"),
        ("BTC/USD", YAHOO, "USD"),
        ("BTC/KRW", YAHOO, "KRW"),
    ],
)
def test_every_symbol_of_the_lecture_is_asked_for_as_the_service_knows_it(
    ticker: str, answer: pd.DataFrame, currency: str | None
) -> None:
    asking = source(answer)
    found = asking.prices(ticker.lower(), dt.date(2024, 3, 18), dt.date(2024, 3, 20))
    assert asking._reader.asked == [(ticker, "2024-03-18", "2024-03-21")]
    assert (found.ticker, found.currency) == (ticker, currency)
    assert found.frame.columns.tolist() == ["open", "high", "low", "close", "volume"]
    assert np.isfinite(found.frame["close"]).all()


@pytest.mark.parametrize(
    ("symbol", "asked", "answer"),
    [
        *((name, name, "naver") for name in ("NASDAQ", "NYSE", "AMEX")),
        ("SP500", "S&P500", "wikipedia"),
        *((name, name, "krx") for name in ("KRX", "KOSPI", "KOSDAQ", "KONEX")),
    ],
)
def test_every_listing_of_the_lecture_is_asked_for_as_the_service_knows_it(
    symbol: str, asked: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes = {
        "naver": {"Symbol": "AAPL", "Name": "Apple Inc", "IndustryCode": "57", "Industry": "전화"},
        "wikipedia": {"Symbol": "MMM", "Name": "3M", "Sector": "Industrials", "Industry": "x"},
        "krx": {"Code": "000660", "Name": "SK하이닉스", "Market": "KOSPI", "ChagesRatio": -0.59},
    }
    asking = source(pd.DataFrame([shapes[answer]]))
    table = asking.listing(symbol.lower())
    assert asking._reader.asked == [(asked,)]
    assert table.columns[:2].tolist() == ["code", "name"]
    assert capsys.readouterr() == ("", "")


def test_a_listing_may_take_longer_than_prices() -> None:
    slow = {"timeout": 0.1, "attempts": 1}
    with pytest.raises(SourceError, match="no answer within 0.1 s"):
        source(lambda: time.sleep(0.3) or NAVER, **slow).prices("005930")
    assert len(source(lambda: time.sleep(0.3) or KRX, **slow).listing("KRX")) == 1


def test_a_range_is_asked_for_and_kept_to() -> None:
    asking = source(NAVER)
    chosen = asking.prices("005930", dt.date(2024, 3, 19), dt.date(2024, 3, 19))
    assert asking._reader.asked == [("005930", "2024-03-19", "2024-03-20")]
    assert len(chosen.frame) == 1
    with pytest.raises(DataError, match="2025-01-01 to 2025-02-01"):
        asking.prices("005930", dt.date(2025, 1, 1), dt.date(2025, 2, 1))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (pd.DataFrame(), "empty table"),  # offline, an index is an empty frame without columns
        (INDEX.iloc[:0], "empty table"),
        (UnboundLocalError("cannot access local variable 'r'"), "network cannot be reached"),
        (NotFoundError("HTTP Error 404: Not Found"), "404"),
        (ConnectionError("Failed to resolve 'fchart.stock.naver.com'"), "cannot be reached"),
        (ConnectionResetError("reset by peer"), "ConnectionResetError"),
        (KeyError("chart"), "is the ticker right"),
        (ValueError("LOGOUT"), "LOGOUT"),
        (None, "empty table"),
        (INDEX[["Close"]], "no open"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value[:12],
)
def test_each_known_fault_is_one_clear_error(fault: Any, message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        source(fault).prices("KS11")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 1


def test_the_errors_of_a_lost_network_tell_the_way_without_one() -> None:
    for ask in (lambda s: s.prices("005930"), lambda s: s.listing("KRX")):
        with pytest.raises(SourceError, match="--source FOLDER.*RECURRA_DATA.*--offline"):
            ask(source(UnboundLocalError("r")))


def test_what_may_pass_is_tried_again_and_what_lasts_is_not() -> None:
    asking = source(ConnectionError("busy"), UnboundLocalError("r"), NAVER)
    assert len(asking.prices("005930").frame) == 3
    assert len(asking._reader.asked) == 3
    for lasting in (NotFoundError("404"), KeyError("timestamp")):
        asking = source(lasting, NAVER)
        with pytest.raises(SourceError):
            asking.prices("005930")
        assert len(asking._reader.asked) == 1


def test_the_pauses_between_attempts_double(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    with pytest.raises(SourceError):
        source(ConnectionError("busy"), attempts=4, pause=0.5).prices("005930")
    assert pauses == [0.5, 1.0, 2.0]


def test_a_source_that_hangs_is_given_up() -> None:
    hanging = source(lambda: time.sleep(5), timeout=0.05, attempts=2)
    begun = time.monotonic()
    with pytest.raises(SourceError, match="no answer within 0.05 s"):
        hanging.prices("005930")
    assert time.monotonic() - begun < 3


def test_a_missing_package_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "FinanceDataReader", None)
    with pytest.raises(SettingsError, match="pip install .*'finance-datareader"):
        FinanceDataReaderSource().prices("005930")


KRX = pd.DataFrame(
    {"Code": ["000660"], "Name": ["SK하이닉스"], "Market": ["KOSPI"], "ChagesRatio": [-0.59]}
)


def test_listings_are_asked_for_by_the_services_names() -> None:
    asking = source(KRX)
    listing = asking.listing("krx")
    assert listing.columns.tolist() == ["code", "name", "market", "change %"]
    source_of_500 = source(pd.DataFrame({"Symbol": ["MMM"], "Name": ["3M"]}))
    assert source_of_500.listing("SP500")["code"].tolist() == ["MMM"]
    assert source_of_500._reader.asked == [("S&P500",)]
    with pytest.raises(SourceError, match="empty table"):
        source(pd.DataFrame()).listing("KRX")
    with pytest.raises(SourceError, match="another shape"):
        source(pd.DataFrame({"x": [1]})).listing("KRX")


def test_prices_of_a_listing_come_from_the_files_that_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    listing = pd.DataFrame({"Code": ["000660", "005930"], "Name": ["A", "B"], "Market": "KOSPI"})
    listing.to_csv(tmp_path / "KRX.csv", index=False)
    NAVER.to_csv(tmp_path / "000660.csv")
    found, absent = prices_of_listing("KOSPI")
    assert [prices.ticker for prices in found] == ["000660"]
    assert list(absent) == ["005930"]
    (tmp_path / "000660.csv").unlink()
    with pytest.raises(DataError, match="none of the 2 has in"):
        prices_of_listing("KOSPI", str(tmp_path))
    with pytest.raises(DataError, match="none of the 2 has in"):
        prices_of_listing("KOSPI", offline=True)


def test_a_service_that_fails_again_and_again_is_not_asked_for_a_whole_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Lost:
        name = "lost"

        def listing(self, symbol: str) -> pd.DataFrame:
            return pd.DataFrame({"code": [f"{n:06d}" for n in range(0, 9000, 10)], "name": "x"})

        def prices(self, ticker: str, *_: Any) -> Prices:
            asked.append(ticker)
            if ticker == "000020":
                return prices_from_frame(NAVER, ticker, "lost")
            raise SourceError("the network cannot be reached")

    monkeypatch.setattr(choose, "chosen_source", lambda *_, **__: Lost())
    with pytest.raises(SourceError, match="cannot be reached"):
        prices_of_listing("KRX")
    assert asked == ["000000", "000010", "000020", "000030", "000040", "000050"]


class Recorded:
    """A source with one history, which says how it was asked."""

    name = "recorded"

    def __init__(self, closes: dict[str, float]) -> None:
        self.closes, self.asked = closes, []
        self.lost = False

    def prices(
        self, ticker: str, start: dt.date | None = None, end: dt.date | None = None
    ) -> Prices:
        self.asked.append(start)
        if self.lost:
            raise SourceError("the network cannot be reached")
        frame = pd.DataFrame({"date": list(self.closes), "close": list(self.closes.values())})
        frame = frame.assign(open=frame["close"], high=frame["close"], low=frame["close"])
        return prices_from_frame(frame, ticker, self.name).between(start, end)

    def listing(self, symbol: str) -> pd.DataFrame:
        self.asked.append(None)
        if self.lost:
            raise SourceError("the network cannot be reached")
        return pd.DataFrame({"code": ["000660"], "name": [symbol]})


HISTORY = {f"2024-03-{day}": float(day) for day in (11, 12, 13, 14, 15, 18, 19)}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let the clock of the cache stand at a day."""

    def stand(day: str) -> None:
        noon = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")
        monkeypatch.setattr(cache, "_now", lambda: noon)

    return stand


def test_what_was_fetched_is_kept_and_given_offline(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-20")
    recorded = Recorded(HISTORY)
    online = CachedSource(recorded, tmp_path)
    first = online.prices("USD/KRW")
    pd.testing.assert_frame_equal(online.prices("USD/KRW").frame, first.frame, check_freq=False)
    assert recorded.asked == [None]
    assert (tmp_path / "recorded" / "USD-KRW.json").exists()
    recorded.lost = True
    offline = CachedSource(recorded, tmp_path, offline=True)
    pd.testing.assert_frame_equal(offline.prices("USD/KRW").frame, first.frame, check_freq=False)
    assert len(offline.prices("USD/KRW", dt.date(2024, 3, 15), dt.date(2024, 3, 18)).frame) == 2
    with pytest.raises(DataError, match="2024-03-11 to 2024-03-19"):
        offline.prices("USD/KRW", dt.date(2024, 4, 1))
    with pytest.raises(DataError, match="RECURRA_DATA"):
        offline.prices("AAPL")


def test_only_the_newest_days_are_fetched_later(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-20")
    recorded = Recorded(dict(HISTORY))
    CachedSource(recorded, tmp_path).prices("000660")
    recorded.closes |= {"2024-03-19": 19.5, "2024-03-20": 20.0}  # the 19th was not over
    later("2024-03-21")
    updated = CachedSource(recorded, tmp_path).prices("000660").frame["close"]
    assert recorded.asked == [None, dt.date(2024, 3, 5)]
    assert updated.tolist() == [11, 12, 13, 14, 15, 18, 19.5, 20]
    # an old range needs no asking at all
    CachedSource(recorded, tmp_path).prices("000660", end=dt.date(2024, 3, 12))
    assert len(recorded.asked) == 2


def test_a_rescaled_history_is_fetched_again_whole(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-20")
    recorded = Recorded(dict(HISTORY))
    CachedSource(recorded, tmp_path).prices("000660")
    recorded.closes = {day: close / 5 for day, close in HISTORY.items()} | {"2024-03-20": 4.0}
    later("2024-03-21")
    updated = CachedSource(recorded, tmp_path).prices("000660").frame["close"]
    assert recorded.asked[-1] is None
    assert updated.max() == 4.0
    assert len(list((tmp_path / "recorded").glob("*.parquet"))) == 1


def test_an_earlier_start_is_fetched_and_offline_refused(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-20")
    recorded = Recorded(HISTORY)
    CachedSource(recorded, tmp_path).prices("000660", dt.date(2024, 3, 14))
    with pytest.raises(DataError, match="--start 2024-03-14"):
        CachedSource(recorded, tmp_path, offline=True).prices("000660", dt.date(2024, 3, 1))
    found = CachedSource(recorded, tmp_path).prices("000660", dt.date(2024, 3, 1))
    assert len(found.frame) == 7


@pytest.mark.parametrize("damage", ["parquet", "json", "gone"])
def test_a_damaged_cache_is_fetched_again_or_a_clear_error(
    tmp_path: Path, later: Callable[[str], None], damage: str
) -> None:
    later("2024-03-20")
    recorded = Recorded(HISTORY)
    CachedSource(recorded, tmp_path).prices("000660")
    card = tmp_path / "recorded" / "000660.json"
    parquet = card.parent / json.loads(card.read_text())["file"]
    if damage == "gone":
        parquet.unlink()
    else:
        hurt = parquet if damage == "parquet" else card
        hurt.write_bytes(hurt.read_bytes()[:-9] + b"tampered!")
    with pytest.raises(DataError, match="damaged"):
        CachedSource(recorded, tmp_path, offline=True).prices("000660")
    assert len(CachedSource(recorded, tmp_path).prices("000660").frame) == 7
    assert len(recorded.asked) == 2
    assert len(CachedSource(recorded, tmp_path, offline=True).prices("000660").frame) == 7


def test_what_was_mended_is_kept_with_the_prices(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-21")
    online = CachedSource(source(NAVER), tmp_path).prices("005930")
    offline = CachedSource(source(NAVER), tmp_path, offline=True).prices("005930")
    assert offline.mended == online.mended
    assert len(offline.halted) == 1
    assert "fetched 2024-03-21" in offline.source


@pytest.mark.parametrize("cut", ["newer days", "all days", "all days of a rescaled history"])
def test_an_answer_that_was_cut_off_does_not_take_the_place_of_what_is_kept(
    tmp_path: Path, later: Callable[[str], None], cut: str
) -> None:
    later("2024-03-20")
    recorded = Recorded(dict(HISTORY))
    start = dt.date(2024, 3, 12) if cut == "all days" else None
    CachedSource(recorded, tmp_path).prices("000660", start)
    scale = 5 if "rescaled" in cut else 1
    recorded.closes = {day: close / scale for day, close in [*HISTORY.items()][:4]}
    later("2024-03-21")
    with pytest.raises(SourceError, match="to 2024-03-19, but its answer ends on 2024-03-14"):
        CachedSource(recorded, tmp_path).prices("000660")
    kept = CachedSource(recorded, tmp_path, offline=True).prices("000660", start).frame["close"]
    assert kept.iloc[-3:].tolist() == [15, 18, 19]
    recorded.closes = HISTORY | {"2024-03-20": 20.0}
    assert CachedSource(recorded, tmp_path).prices("000660").frame["close"].iloc[-1] == 20


def test_a_listing_that_was_cut_off_does_not_take_the_place_of_the_kept_one(
    tmp_path: Path, later: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(number: int) -> Callable[[str], pd.DataFrame]:
        codes = [f"{each:06}" for each in range(number)]
        return lambda symbol: pd.DataFrame({"code": codes, "name": symbol})

    recorded = Recorded(HISTORY)
    for day, number, expected in (("20", 100, 100), ("22", 49, 100), ("24", 50, 50)):
        later(f"2024-03-{day}")
        monkeypatch.setattr(recorded, "listing", of(number))
        assert len(CachedSource(recorded, tmp_path).listing("KRX")) == expected


def test_a_kept_listing_stands_in_when_todays_is_not_there(
    tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("2024-03-20")
    recorded = Recorded(HISTORY)
    with pytest.raises(DataError, match="offline"):
        CachedSource(recorded, tmp_path, offline=True).listing("KRX")
    CachedSource(recorded, tmp_path).listing("KRX")
    recorded.lost = True
    later("2024-03-25")
    kept = CachedSource(recorded, tmp_path).listing("KRX")
    assert kept["code"].tolist() == ["000660"]
    assert kept.attrs["as of"] == "2024-03-20"
    with pytest.raises(SourceError):
        CachedSource(recorded, tmp_path).listing("KOSDAQ")


def test_files_answer_before_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "AAPL.csv").write_text("Date,Open,High,Low,Close\n2024-03-20,1,2,1,2\n")
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    assert len(chosen_source(offline=True).prices("AAPL").frame) == 1
    with pytest.raises(DataError, match="offline"):
        chosen_source(offline=True).prices("MSFT")
    with pytest.raises(DataError, match="offline"):
        chosen_source(offline=True).listing("NYSE")
    assert isinstance(chosen_source(str(tmp_path)).inner, FolderSource)
    with pytest.raises(DataError, match="offline"):
        chosen_source("fdr", offline=True).prices("AAPL")
    monkeypatch.delenv("RECURRA_DATA")
    assert isinstance(chosen_source().inner, CachedSource)


BARS = "Date,Open,High,Low,Close\n2024-01-30,1,2,1,1.5\n2024-01-31,1,2,1,1.5\n"


def test_a_file_may_be_named_as_its_ticker_is_typed(tmp_path: Path) -> None:
    for name in ("CL=F", "^N225", "BTC-KRW", "BRK.B"):
        (tmp_path / f"{name}.csv").write_text(BARS)
    for ticker in ("CL=F", "^N225", "BTC/KRW", "BRK.B"):
        assert len(FolderSource(tmp_path).prices(ticker).frame) == 2, ticker
    assert len(open_prices(universe=str(tmp_path)).prices) == 4


def test_files_of_a_universe_that_hold_no_prices_are_named_to_whoever_opens_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "MSFT.csv").write_text(BARS)
    (tmp_path / "sectors.csv").write_text("code,sector\nMSFT,software\n")
    opened = open_prices(universe=str(tmp_path))
    assert [prices.ticker for prices in opened.prices] == ["MSFT"]
    assert [note.partition(" skipped: ")[0] for note in opened.notes] == ["sectors"]


def test_a_ticker_much_like_one_there_is_asked_about(tmp_path: Path) -> None:
    (tmp_path / "prices" / "us").mkdir(parents=True)
    (tmp_path / "prices" / "us" / "GOOGL.csv").write_text(BARS)
    with pytest.raises(DataError, match="Did you mean 'GOOGL'"):
        FolderSource(tmp_path).prices("GOOG")


def test_where_neither_files_nor_network_have_a_ticker_both_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "005930.csv").write_text(BARS)
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError) as said:
        chosen_source(offline=True).prices("005935")
    assert f"{tmp_path} holds no prices of 005935. Did you mean '005930'?" in str(said.value)
    assert "offline" in str(said.value)


def test_an_encoding_is_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "Дата,Open,High,Low,Close\n2024-01-31,1,2,1,1.5\n"
    (tmp_path / "MSFT.csv").write_bytes(header.replace("Дата", "日付").encode("cp932"))
    source = chosen_source(str(tmp_path), encoding="cp932")
    assert len(source.prices("MSFT").frame) == 1
    with pytest.raises(SettingsError, match="encoding must be one of"):
        chosen_source(str(tmp_path), encoding="ebcdic")
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    with pytest.raises(SettingsError, match="--encoding is of files"):
        chosen_source("fdr", encoding="cp949")
