import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recurra.errors import DataError, SettingsError
from recurra.markets.prices import COLUMNS, prices_from_frame, read_prices
from recurra.markets.sources import FolderSource, universe
from recurra.markets.tickers import instrument

PLAIN = "Date,Open,High,Low,Close,Volume\n2024-03-19,10,12,9,11,100\n2024-03-20,11,13,10,12,200\n"


def file(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("plain.csv", PLAIN, "utf-8"),
        (
            "newest-first.csv",
            "Date,Open,High,Low,Close,Volume\n"
            "3/20/2024,11,13,10,12,200\n3/19/2024,10,12,9,11,100\n",
            "utf-8",
        ),
        (
            "bars.csv",
            "Date|Close|Open|High|Low|Volume|Change\n"
            "2024-03-19|11.00|10|12|9|0.1K|0.05%\n2024-03-20|12|11|13|10|0.2K|-1%\n",
            "utf-8",
        ),
        (
            "korean.csv",
            '"날짜","종가","시가","고가","저가","거래량","변동 %"\n'
            '"2024- 03- 20","12","11","13","10","0.20K","-0.98%"\n'
            '"2024- 03- 19","11","10","12","9","0.10K","1.82%"\n',
            "utf-8-sig",
        ),
        (
            "korean.csv",
            "일자,종가,시가,고가,저가,거래량\n2024년 3월 19일,11,10,12,9,100\n"
            "2024년 3월 20일,12,11,13,10,200\n",
            "cp949",
        ),
        (
            "words.csv",
            'Date,Price,Open,High,Low,Vol.\n"Mar 20, 2024",12,11,13,10,200\n'
            '"Mar 19, 2024",11,10,12,9,100\n',
            "utf-8",
        ),
        (
            "tabs.tsv",
            "20240319\t10\t12\t9\t11\t100\n".join(
                ["date\topen\thigh\tlow\tclose\tvolume\n", "20240320\t11\t13\t10\t12\t200\n"]
            ),
            "utf-8",
        ),
        (
            "zones.csv",
            ",Open,High,Low,Close,Volume,Stray\n2024-03-19 00:00:00+09:00,10,12,9,11,100,\n"
            "2024-03-20 00:00:00+09:00,11,13,10,12,200,\n",
            "utf-8",
        ),
        ("crlf.csv", PLAIN.replace("\n", "\r\n") + "\r\n,,,,,\r\n", "utf-8"),
    ],
)
def test_every_export_format_gives_the_same_prices(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    prices = read_prices(file(tmp_path, name, text, encoding), "AAPL")
    assert list(prices.frame.columns) == COLUMNS
    assert prices.frame.index.name == "date"
    assert prices.frame.index.tz is None
    assert list(prices.frame.index.strftime("%F")) == ["2024-03-19", "2024-03-20"]
    assert prices.frame.to_numpy().tolist() == [[10, 12, 9, 11, 100], [11, 13, 10, 12, 200]]
    assert (prices.currency, prices.adjusted, prices.mended) == ("USD", None, ())


def test_thousands_and_suffixes_are_numbers(tmp_path: Path) -> None:
    text = (
        "Date|Close|Open|High|Low|Volume\n1990-01-02|2,810.15|2,753.41|2,810.15|2,740.40|20.68M\n"
    )
    frame = read_prices(file(tmp_path, "DJI.csv", text)).frame
    assert frame.iloc[0].tolist() == [2753.41, 2810.15, 2740.40, 2810.15, 20_680_000.0]


def test_parquet_and_gzip_are_read(tmp_path: Path) -> None:
    plain = read_prices(file(tmp_path, "AAPL.csv", PLAIN))
    plain.frame.to_parquet(tmp_path / "AAPL.parquet")
    (tmp_path / "AAPL.csv.gz").write_bytes(gzip.compress(PLAIN.encode()))
    for other in ("AAPL.parquet", "AAPL.csv.gz"):
        pd.testing.assert_frame_equal(
            read_prices(tmp_path / other).frame, plain.frame, check_index_type=False
        )


def test_an_adjusted_close_rescales_the_whole_day(tmp_path: Path) -> None:
    # as the US files have it: Open is on another scale than High and Low, one column is empty
    text = (
        "Date,Original_Open,High,Low,Close,Volume,Adj Close,,Open\n"
        "1/3/2007,86.0,88.0,80.0,84.0,100,12.0,,12.3\n"
    )
    path = file(tmp_path, "AAPL.csv", text)
    row = read_prices(path).frame.iloc[0]
    assert row.tolist() == pytest.approx([86 / 7, 88 / 7, 80 / 7, 12.0, 100])
    assert read_prices(path).adjusted is True
    plain = read_prices(path, adjust=False)
    assert plain.frame.iloc[0].tolist() == [86, 88, 80, 84, 100]
    assert plain.adjusted is False


def test_what_is_known_to_be_wrong_is_mended_and_said() -> None:
    frame = pd.DataFrame(
        {
            "Open": [10, 0, 11, 11, np.nan, 0, 12],
            "High": [12, 0, 13, 13, np.nan, 14, 14],
            "Low": [9, 0, 10, 10, np.nan, 11, 11],
            "Close": [11.0, 11, 12, 12, np.nan, 13, 13],
            "Volume": [100, 0, 200, 200, np.nan, 300, 300],
        },
        index=pd.to_datetime(
            [f"2024-03-{day}" for day in (13, 14, 15, 16, 18, 19, 19)],
        ),
    )
    prices = prices_from_frame(frame, "005930", "a test")
    assert [(found.rule, str(found.date)) for found in prices.mended] == [
        ("empty row", "2024-03-18"),
        ("duplicate date", "2024-03-19"),
        ("weekend repeat", "2024-03-16"),
        ("halted day", "2024-03-14"),
        ("zero price", "2024-03-19"),
    ]
    assert prices.frame.loc["2024-03-14"].tolist() == [11, 11, 11, 11, 0]
    assert np.isnan(prices.frame.loc["2024-03-19", "open"])
    assert list(prices.halted.strftime("%F")) == ["2024-03-14"]
    assert len(prices.frame) == 4
    # a coin is traded on weekends, where two days may be alike
    assert len(prices_from_frame(frame, "BTC/KRW", "a test").frame) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a header and rows"),
        ("Date,Open,High,Low,Close\n", "a header and rows"),
        ("Date,Open,High,Low\n2024-03-20,1,2,3\n", "no close"),
        ("a,b\n1,2\n", "no date and no open"),
        (PLAIN + "sometime,1,2,3,4,5\n", "'sometime'"),
        (PLAIN + "2024-03-21,1,2,three,4,5\n", "the column low .* 'three'"),
        (PLAIN + "2024-03-21,1,2,3,4,5,6,7\n", "as many fields"),
        ("Date,Open,High,Low,Close\n2024-03-20,,,,\n", "holds none"),
    ],
)
def test_a_file_that_holds_no_prices_says_what_is_wrong(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_prices(file(tmp_path, "AAPL.csv", text))


def test_missing_and_broken_files_are_one_clear_error(tmp_path: Path) -> None:
    for name in ("AAPL.csv", "AAPL.parquet"):
        with pytest.raises(DataError, match="AAPL"):
            read_prices(tmp_path / name)
    file(tmp_path, "AAPL.parquet", "not parquet")
    with pytest.raises(DataError, match="whole"):
        read_prices(tmp_path / "AAPL.parquet")
    with pytest.raises(DataError, match="folder"):
        read_prices(tmp_path, "AAPL")


def test_a_range_includes_both_ends_and_keeps_its_own_repairs() -> None:
    frame = pd.DataFrame(
        {"Open": [0, 1, 1], "High": [0, 1, 1], "Low": [0, 1, 1], "Close": [1, 1, 1]},
        index=pd.to_datetime(["2024-03-18", "2024-03-19", "2024-03-20"]),
    )
    prices = prices_from_frame(frame, "005930", "a test")
    later = prices.between(dt.date(2024, 3, 19), dt.date(2024, 3, 20))
    assert len(later.frame) == 2
    assert len(prices.halted) == 1
    assert len(later.halted) == 0
    assert len(prices.between(end=dt.date(2024, 3, 18)).frame) == 1


@pytest.mark.parametrize(
    ("ticker", "known", "kind", "calendar", "currency", "name"),
    [
        ("000660", "000660", "stock", "XKRX", "KRW", "000660"),
        ("0126Z0", "0126Z0", "stock", "XKRX", "KRW", "0126Z0"),
        ("aapl", "AAPL", "stock", "XNYS", "USD", "AAPL"),
        ("BRK-B", "BRK-B", "stock", "XNYS", "USD", "BRK-B"),
        ("ks11", "KS11", "index", "XKRX", None, "KS11"),
        ("DJI", "DJI", "index", "XNYS", None, "DJI"),
        ("^GSPC", "^GSPC", "index", "XNYS", None, "%5EGSPC"),
        ("USD/KRW", "USD/KRW", "currency", None, "KRW", "USD-KRW"),
        ("usd-eur", "USD/EUR", "currency", None, "EUR", "USD-EUR"),
        ("CNY/KRW", "CNY/KRW", "currency", None, "KRW", "CNY-KRW"),
        ("BTC/USD", "BTC/USD", "crypto", None, "USD", "BTC-USD"),
        ("BTC-KRW", "BTC/KRW", "crypto", None, "KRW", "BTC-KRW"),
    ],
)
def test_a_ticker_is_known_for_what_it_is(
    ticker: str, known: str, kind: str, calendar: str | None, currency: str | None, name: str
) -> None:
    found = instrument(ticker)
    assert (found.ticker, found.kind) == (known, kind)
    assert (found.calendar, found.currency, found.file_name) == (calendar, currency, name)


@given(st.text(max_size=30))
def test_a_file_name_never_leaves_its_folder(ticker: str) -> None:
    try:
        name = instrument(ticker).file_name
    except SettingsError:
        return
    assert Path("folder", name).parent == Path("folder")
    assert name.isascii()
    assert name.strip(".")


@pytest.mark.parametrize("wrong", ["", "ㅋㅋ", "../secret", "../비밀", "A,B", "a b", "."])
def test_what_is_no_ticker_is_refused(wrong: str) -> None:
    with pytest.raises(SettingsError, match="ticker"):
        instrument(wrong)


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    frame = pd.DataFrame(
        {
            "date": pd.date_range("2024-03-18", periods=6).strftime("%F"),
            **{name: np.arange(1.0, 7.0) for name in ("open", "high", "low", "close")},
        }
    )
    expected = prices_from_frame(frame, "AAPL", "a test").frame
    shuffled = prices_from_frame(frame.iloc[order], "AAPL", "a test").frame
    pd.testing.assert_frame_equal(shuffled, expected)


def test_a_folder_finds_its_files_by_ticker(tmp_path: Path) -> None:
    for place in ("prices/krx/000660.csv", "prices/us/AAPL.csv", "quotes/USD-KRW.csv", "KS11.csv"):
        file(tmp_path, place, PLAIN)
    source = FolderSource(tmp_path)
    for ticker in ("000660", "aapl", "USD/KRW", "KS11"):
        assert len(source.prices(ticker).frame) == 2
    assert len(source.prices("AAPL", dt.date(2024, 3, 20)).frame) == 1
    assert source.tickers() == ["KS11"]
    with pytest.raises(DataError, match="MSFT.csv"):
        source.prices("MSFT")
    with pytest.raises(DataError, match="2024-03-19 to 2024-03-20"):
        source.prices("AAPL", dt.date(2025, 1, 1))


def test_a_folder_that_is_not_there_or_not_named_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match="folder"):
        FolderSource(tmp_path / "absent")
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    with pytest.raises(SettingsError, match="RECURRA_DATA"):
        FolderSource()
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    assert FolderSource().folder == tmp_path


def test_a_universe_is_all_the_files_of_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds none"):
        universe(tmp_path)
    for code in ("000660", "005930"):
        file(tmp_path, f"{code}.csv", PLAIN)
    file(tmp_path, "README.md", "not prices")
    assert [prices.ticker for prices in universe(tmp_path)] == ["000660", "005930"]


LISTING = (
    ",Code,ISU_CD,Name,Market,Close,ChagesRatio,Marcap\n"
    "0,000660,KR7000660001,SK하이닉스,KOSPI,1007000,-0.59,712702365\n"
    "1,0126Z0,KR70126Z0008,이름,KOSDAQ GLOBAL,100,1.5,5\n"
    "2,279060,KR7279060008,이노벡스,KONEX,115,0.0,3\n"
)


def test_listings_keep_codes_as_text_and_the_newest_file_wins(tmp_path: Path) -> None:
    file(tmp_path, "listings/KRX_2026-03-19.csv", "Code,Name\n1,old\n")
    file(tmp_path, "listings/KRX_2026-03-20.csv", LISTING)
    source = FolderSource(tmp_path)
    assert source.listing("KRX")["code"].tolist() == ["000660", "0126Z0", "279060"]
    assert source.listing("krx")["change %"].tolist() == [-0.59, 1.5, 0.0]
    for symbol, code in (("KOSPI", "000660"), ("KOSDAQ", "0126Z0"), ("KONEX", "279060")):
        assert source.listing(symbol)["code"].tolist() == [code]


def test_a_listing_of_another_shape_is_read(tmp_path: Path) -> None:
    file(tmp_path, "sp500_constituents.csv", "Symbol,Security,GICS Sector\nMMM,3M,Industrials\n")
    listing = FolderSource(tmp_path).listing("S&P500")
    assert listing.to_dict("records") == [{"code": "MMM", "name": "3M", "industry": "Industrials"}]


def test_listings_that_are_unknown_absent_or_no_listing_say_so(tmp_path: Path) -> None:
    source = FolderSource(tmp_path)
    with pytest.raises(SettingsError, match="NASDAQ, NYSE"):
        source.listing("DAX")
    with pytest.raises(DataError, match="NYSE_DATE.csv"):
        source.listing("NYSE")
    file(tmp_path, "NYSE.csv", "a,b\n1,2\n")
    with pytest.raises(DataError, match="column Code"):
        source.listing("NYSE")
    file(tmp_path, "KRX.csv", "Code,Market\n000660,KOSPI\n")
    with pytest.raises(DataError, match="KONEX"):
        source.listing("KONEX")


def test_every_real_file_of_prices_is_read(real_data: Path) -> None:
    source = FolderSource(real_data)
    tickers = ["000660", "AAPL", "KS11", "KQ11", "DJI", "IXIC", "US500"]
    for ticker in [*tickers, "BTC/USD", "BTC/KRW", "USD/KRW"]:
        frame = source.prices(ticker).frame
        assert len(frame) > 2000
        assert frame.index.is_monotonic_increasing
        assert frame.index.is_unique
        assert (frame["close"] > 0).all()
        assert (frame[["open", "high", "low"]] > 0).mean().min() > 0.99
    assert len(source.listing("KRX")) == 2879
    assert source.listing("KRX")["code"].str.len().unique().tolist() == [6]
