"""Files of prices as exchanges, brokers and libraries export them: read rightly, or refused."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.data.dates import read_moments
from recurra.data.numbers import decimal_sign, number_of
from recurra.errors import DataError
from recurra.markets.bars import joined_days
from recurra.markets.checks import check_prices
from recurra.markets.columns import meaning_of
from recurra.markets.prices import Prices, prices_from_frame, read_prices
from recurra.markets.rows import features_of, rows_of
from recurra.markets.sessions import open_days, without_closed_days
from recurra.markets.sources import FolderSource, universe
from recurra.markets.tickers import instrument

COLUMNS = ["Date", "Open", "High", "Low", "Close", "Volume"]


def days_of(ticker: str, count: int, start: dt.date = dt.date(2023, 1, 2)) -> pd.DatetimeIndex:
    needed, _, _ = open_days(instrument(ticker), start, start + dt.timedelta(days=3 * count))
    return needed[:count]


def walk(ticker: str = "MSFT", count: int = 20, seed: int = 3) -> pd.DataFrame:
    """Clean prices of a ticker, in cents."""
    random = np.random.default_rng(seed)
    close = (50 * np.exp(np.cumsum(random.normal(0, 0.01, count)))).round(2)
    frame = pd.DataFrame({"Date": days_of(ticker, count).strftime("%Y-%m-%d"), "Open": close})
    frame["High"], frame["Low"] = (close + 0.4).round(2), (close - 0.4).round(2)
    frame["Close"], frame["Volume"] = close, random.integers(1000, 9000, count).astype(float)
    return frame


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def saved(folder: Path, frame: pd.DataFrame, ticker: str = "MSFT", **how: object) -> Path:
    return written(folder, f"{ticker}.csv", frame.to_csv(index=False, **how))


def same(prices: Prices, frame: pd.DataFrame) -> None:
    assert prices.frame.index.strftime("%Y-%m-%d").tolist() == frame["Date"].tolist()
    np.testing.assert_allclose(prices.frame.to_numpy(), frame[COLUMNS[1:]].to_numpy(float))


STYLES = ["%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%d %b %Y", "%d-%b-%y"]
STYLES += ["%B %d, %Y", "%b %d, %Y", "%a %d %b %Y", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y%m%d.0"]
STYLES += ["%Y년 %m월 %d일", "%Y. %m. %d.", "%Y年%m月%d日", "%Y-%m-%d 0:00", "%Y-%m-%dT16:00:00Z"]
STYLES += ["%Y-%m-%d 00:00:00.000", "%Y. %m. %d 오후 3:30:00", "%m/%d/%Y 4:00 PM", "%Y-%m-%d(월)"]


@pytest.mark.parametrize("style", STYLES)
def test_every_style_of_dates_gives_the_same_days(tmp_path: Path, style: str) -> None:
    frame = walk()
    other = frame.assign(Date=pd.to_datetime(frame["Date"]).dt.strftime(style))
    same(read_prices(saved(tmp_path, other)), frame)


@pytest.mark.parametrize(
    "number",
    [
        lambda days: (days - pd.Timestamp("1899-12-30")).days,
        lambda days: (days - pd.Timestamp("1970-01-01")) // pd.Timedelta(seconds=1),
        lambda days: (days - pd.Timestamp("1970-01-01")) // pd.Timedelta(milliseconds=1),
        lambda days: (days - pd.Timestamp("1970-01-01")) // pd.Timedelta(1, unit="ns"),
        lambda days: days.strftime("%Y%m%d").astype(float),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
def test_days_counted_by_spreadsheets_and_clocks_are_days(
    tmp_path: Path, number: Callable[[pd.DatetimeIndex], object], typed: bool
) -> None:
    frame = walk()
    other = frame.assign(Date=number(pd.DatetimeIndex(frame["Date"])))
    if typed:
        same(prices_from_frame(other, "MSFT", "a test"), frame)
    else:
        same(read_prices(saved(tmp_path, other)), frame)


def test_two_styles_in_one_file_are_read_where_each_is_clear(tmp_path: Path) -> None:
    frame = walk()
    days = pd.to_datetime(frame["Date"])
    mixed = [day.strftime("%Y-%m-%d" if row % 2 else "%d %b %Y") for row, day in enumerate(days)]
    same(read_prices(saved(tmp_path, frame.assign(Date=mixed))), frame)


@pytest.mark.parametrize("order", ["%d/%m/%Y", "%m/%d/%Y"])
def test_day_and_month_that_could_change_places_are_told_by_weekends_and_said(
    tmp_path: Path, order: str
) -> None:
    frame = walk(count=40)
    early = frame[pd.to_datetime(frame["Date"]).dt.day <= 12].reset_index(drop=True)
    other = early.assign(Date=pd.to_datetime(early["Date"]).dt.strftime(order))
    prices = read_prices(saved(tmp_path, other))
    same(prices, early)
    notes = [flag for flag in check_prices(prices).flags if flag.rule == "order of dates"]
    assert len(notes) == 1
    assert "read as " in str(notes[0])
    assert "last on" not in str(notes[0])


def test_dates_that_fit_no_order_or_no_calendar_are_refused(tmp_path: Path) -> None:
    text = ",".join(COLUMNS) + "\n{},1,2,1,1,1\n{},1,2,1,1,1\n"
    for first, second, words in (
        ("13/02/2024", "02/13/2024", "none fits all dates"),
        ("2024-02-29", "2024-02-30", "row 2 .* '2024-02-30'"),
        ("2024-02-29", "2024-13-01", "'2024-13-01'"),
        ("2024-02-29", "0001-01-01", "'0001-01-01'"),
        ("1659-01-02", "1659-01-03", "from 1678-01-01 on, but row 1 .* '1659-01-02'"),
    ):
        with pytest.raises(DataError, match=words):
            read_prices(written(tmp_path, "MSFT.csv", text.format(first, second)))


@pytest.mark.parametrize(
    ("ticker", "clock", "zone"),
    [
        ("005930", "00:00", "Asia/Seoul"),
        ("MSFT", "00:00", "America/New_York"),
        ("MSFT", "16:00", "America/New_York"),
        ("7203.T", "00:00", "Asia/Tokyo"),
    ],
)
def test_midnight_at_the_exchange_is_its_day_in_whatever_zone_it_is_written(
    tmp_path: Path, ticker: str, clock: str, zone: str
) -> None:
    frame = walk(ticker, 60)
    there = pd.DatetimeIndex(frame["Date"] + f" {clock}").tz_localize(zone)
    for stamps in (there, *(there.tz_convert(f"Etc/GMT{hours}") for hours in ("", "-3", "+7"))):
        path = saved(tmp_path, frame.assign(Date=stamps.astype(str)), ticker)
        same(read_prices(path), frame)
        typed = frame.drop(columns="Date").set_index(pd.DatetimeIndex(stamps))
        same(prices_from_frame(typed, ticker, "a test"), frame)


def test_rows_without_a_date_and_sums_are_left_out_and_said(tmp_path: Path) -> None:
    frame = walk()
    for cell in ("", "nan", "NaT", "평균", "Total"):
        text = frame.to_csv(index=False) + f"{cell},1,2,1,1,5\n"
        prices = read_prices(written(tmp_path, "MSFT.csv", text))
        same(prices, frame)
        assert [finding.rule for finding in prices.mended] == ["row without a date"]
        assert check_prices(prices).faults == 0
    typed = frame.assign(Date=pd.to_datetime(frame["Date"]).where(frame.index != 5))
    assert len(prices_from_frame(typed, "MSFT", "a test").frame) == len(frame) - 1


HEADERS = {
    "korean": "일자 시가 고가 저가 종가 거래량",
    "korean with units": "일자 시가(원) 고가(원) 저가(원) 현재가(원) 거래량(주)",
    "chinese": "日期 开盘 最高 最低 收盘 成交量",
    "traditional": "日期 開盤價 最高價 最低價 收盤價 成交股數",
    "japanese": "日付 始値 高値 安値 終値 出来高",
    "german": "Datum Eröffnung Tageshoch Tagestief Schlusskurs Volumen",
    "angles": "<DATE> <OPEN> <HIGH> <LOW> <CLOSE> <TICKVOL>",
    "letters": "t o h l c v",
    "alpha": "timestamp 1._open 2._high 3._low 4._close 5._volume",
    "stars": "Date Open High Low Close* Volume",
    "french": "Date Ouverture Plus_haut Plus_bas Clôture Volume",
    "candles": "candle_date_time_kst opening_price high_price low_price trade_price volume",
    "exchange of coins": "open_time open high low close volume",
}


@pytest.mark.parametrize("language", HEADERS)
def test_headers_are_known_in_many_languages(tmp_path: Path, language: str) -> None:
    frame = walk()
    names = [name.replace("_", " ") for name in HEADERS[language].split()]
    text = frame.set_axis(names, axis=1).to_csv(index=False)
    same(read_prices(written(tmp_path, "MSFT.csv", text)), frame)
    encoding = {"korean": "cp949", "chinese": "gb18030", "japanese": "cp932"}.get(language)
    if encoding:
        same(read_prices(written(tmp_path, "MSFT.csv", text, encoding)), frame)
        big = walk(count=700)
        text = big.set_axis(names, axis=1).to_csv(index=False)
        same(read_prices(written(tmp_path, "MSFT.csv", text, encoding)), big)


def test_yfinances_three_rows_are_one_header(tmp_path: Path) -> None:
    frame = walk()
    order = ["Close", "High", "Low", "Open", "Volume"]
    body = frame[["Date", *order]].to_csv(index=False, header=False)
    for above in (
        f"Price,{','.join(order)}\nTicker,{','.join(['MSFT'] * 5)}\nDate,,,,,\n",
        f"Price,{','.join(order)}\nDate,,,,,\n",
        f"Ticker,{','.join(['MSFT'] * 5)}\nPrice,{','.join(order)}\nDate,,,,,\n",
    ):
        same(read_prices(written(tmp_path, "MSFT.csv", above + body)), frame)
    typed = frame.set_index(pd.to_datetime(frame["Date"]).rename("Date"))[order]
    typed.columns = pd.MultiIndex.from_product([order, ["MSFT"]], names=["Price", "Ticker"])
    same(prices_from_frame(typed, "MSFT", "a test"), frame)
    same(prices_from_frame(typed.swaplevel(axis=1), "MSFT", "a test"), frame)
    both = pd.concat([typed, (typed * 2).rename(columns={"MSFT": "AAPL"})], axis=1)
    same(prices_from_frame(both, "MSFT", "a test"), frame)
    with pytest.raises(DataError, match="holds AAPL, MSFT"):
        prices_from_frame(both, "IBM", "a test")


def test_lines_above_and_below_the_table_are_left_out_and_said(tmp_path: Path) -> None:
    frame = walk()
    above = "Daily prices\nExported by a broker; all rights reserved\n\n"
    units = "(day),(USD),(USD),(USD),(USD),(shares)\n"
    text = frame.to_csv(index=False)
    head, _, body = text.partition("\n")
    text = f"{above}{head}\n{units}{body}\nSource: the exchange\n"
    prices = read_prices(written(tmp_path, "MSFT.csv", text))
    same(prices, frame)
    assert [finding.rule for finding in prices.mended] == ["line of no day"] * 4


@pytest.mark.parametrize("named", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_names_the_separator_is_obeyed(tmp_path: Path, named: str) -> None:
    frame = walk()
    text = f"{named}\r\n" + frame.to_csv(index=False, sep=";", lineterminator="\r\n")
    same(read_prices(written(tmp_path, "MSFT.csv", text)), frame)


def test_row_numbers_before_the_date_are_no_dates(tmp_path: Path) -> None:
    frame = walk()
    same(read_prices(written(tmp_path, "MSFT.csv", frame.to_csv())), frame)


@pytest.mark.parametrize("other", ["Price", "Last", "현재가", "Adj Open"])
@pytest.mark.parametrize("place", [1, 6])
def test_the_close_is_the_column_that_says_so_best(tmp_path: Path, other: str, place: int) -> None:
    frame = walk()
    more = frame.copy()
    more.insert(place, other, frame["Close"] * 3)
    same(read_prices(saved(tmp_path, more)), frame)
    assert meaning_of(other) != meaning_of("Close")
    twice = frame.to_csv(index=False).replace("Volume", "Close", 1)
    with pytest.raises(DataError, match="has 'Close' twice"):
        read_prices(written(tmp_path, "MSFT.csv", twice))


@pytest.mark.parametrize("place", [1, 10])
def test_a_row_with_more_fields_than_the_header_is_refused(tmp_path: Path, place: int) -> None:
    lines = walk().to_csv(index=False).splitlines()
    lines[place] = lines[place].replace(",", ",7,", 1)
    with pytest.raises(DataError, match=f"6 fields in line {place + 1}, saw 7"):
        read_prices(written(tmp_path, "MSFT.csv", "\n".join(lines)))
    shifted = walk().astype(str).to_csv(index=False).replace("50.", "50,", 40)
    with pytest.raises(DataError, match="as many fields"):
        read_prices(written(tmp_path, "MSFT.csv", shifted))


@pytest.mark.parametrize(
    ("factor", "separator", "write"),
    [
        (1, ";", lambda x: f"{x:.2f}".replace(".", ",")),
        (1, ";", lambda x: f"{x:.3f}".replace(".", ",")),
        (1, "\t", lambda x: f"{x:.2f}".replace(".", ",")),
        (1, ",", lambda x: f"{x:.2f}".replace(".", ",")),
        (100, ";", lambda x: f"{x * 100:,.2f}".translate(str.maketrans(",.", ".,"))),
        (100, ",", lambda x: f"{x * 100:,.2f}"),
        (100, ";", lambda x: f"{x * 100:,.2f}"),
        (1000, ",", lambda x: f"{x * 1000:,.0f}"),
        (1, ",", lambda x: f"${x:.2f}"),
        (1000, ",", lambda x: f"₩{x * 1000:,.0f}"),
        (1, ";", lambda x: f"{x:.2f} €"),
        (100, ",", lambda x: f"{x * 100:,.2f}".replace(",", "'")),
        (100, ",", lambda x: f"{x * 100:,.2f}".replace(",", "\u00a0")),
    ],
)
def test_numbers_are_read_as_they_are_meant(
    tmp_path: Path, factor: int, separator: str, write: Callable[[float], str]
) -> None:
    frame = walk()
    texts = frame.copy()
    for name in COLUMNS[1:5]:
        texts[name] = frame[name].map(write)
    prices = read_prices(saved(tmp_path, texts, sep=separator))
    ratio = prices.frame["close"].to_numpy() / frame["Close"].to_numpy()
    np.testing.assert_allclose(ratio, factor, rtol=1e-9)


def test_two_decimal_signs_in_one_file_are_refused(tmp_path: Path) -> None:
    text = "Date;Open;High;Low;Close\n2024-01-02;1,5;2,5;1,1;1.55\n"
    with pytest.raises(DataError, match=r"'1.55' with a decimal point and '1,5' with a decimal"):
        read_prices(written(tmp_path, "MSFT.csv", text))
    assert decimal_sign(["1,234", "5,678"]) == "."
    assert decimal_sign(["1,234", "0,678"]) == ","


def test_commas_that_nothing_explains_are_said(tmp_path: Path) -> None:
    text = 'Date,Open,High,Low,Close\n2024-01-02,"100,350","100,350","100,350","100,350"\n'
    prices = read_prices(written(tmp_path, "MSFT.csv", text))
    assert prices.frame["close"].tolist() == [100_350]
    assert [finding.detail for finding in prices.mended] == ["nothing tells, so 100,350 is 100350"]
    assert read_prices(written(tmp_path, "005930.csv", text)).mended == ()
    semicolons = text.replace(",", ";").replace('"100;350"', "100,350")
    prices = read_prices(written(tmp_path, "MSFT.csv", semicolons))
    assert (prices.frame["close"].tolist(), prices.mended) == ([100.35], ())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("34.1만", 341_000),
        ("1.2억", 120_000_000),
        ("1억 2,345만", 123_450_000),
        ("3万", 30_000),
        ("20.68M", 20_680_000),
        ("1.5B", 1.5e9),
        ("\u22121.5", -1.5),
        ("(2.5)", -2.5),
        ("１２３", 123),
        ("1e3", 1000),
        ("12,345주", 12_345),
    ],
)
def test_a_number_in_words_is_a_number(text: str, value: float) -> None:
    assert number_of(text) == pytest.approx(value)


@given(st.from_regex(r"-?[0-9]{1,400}(\.[0-9]{1,20})?", fullmatch=True))
def test_a_plain_number_is_read_as_any_other_is(text: str) -> None:
    assert number_of(text) == number_of(f" {text} ")  # blanks are taken off the long way


@pytest.mark.parametrize(
    "text", ["N/D", "#N/A", "-", "—", "n.a.", "#DIV/0!", "-Infinity", "", "NaN"]
)
def test_what_stands_for_no_number_is_unknown(text: str) -> None:
    value = number_of(text)
    assert value is not None
    assert np.isnan(value)


def test_a_volume_that_is_none_costs_no_price(tmp_path: Path) -> None:
    frame = walk().astype({"Volume": object})
    frame.loc[3, "Volume"], frame.loc[5, "Volume"] = "halted?", "-5"
    prices = read_prices(saved(tmp_path, frame))
    assert np.flatnonzero(prices.frame["volume"].isna()).tolist() == [3, 5]
    assert [finding.rule for finding in prices.mended] == ["unknown volume"] * 2


def test_an_adjusted_close_that_is_missing_is_that_of_its_neighbours_or_its_day_goes(
    tmp_path: Path,
) -> None:
    frame = walk()
    half = pd.Series(np.where(np.arange(20) < 10, 0.5, 1.0))

    def read(adjusted: pd.Series) -> Prices:
        return read_prices(saved(tmp_path, frame.assign(**{"Adj Close": adjusted})))

    whole = read(frame["Close"] * half)
    for lost, gone in (([18, 19], []), ([5], []), ([0, 1], [0, 1]), ([9, 10], [9, 10])):
        for cell in (np.nan, 0.0, -np.inf):
            adjusted = (frame["Close"] * half).where(~frame.index.isin(lost), cell)
            prices = read(adjusted)
            expected = whole.frame.drop(whole.frame.index[gone])
            np.testing.assert_allclose(prices.frame.to_numpy(), expected.to_numpy())
            assert len(prices.frame) == 20 - len(gone)
            assert {finding.rule for finding in prices.mended} == {"adjusted close unknown"}
    none = read(pd.Series(np.nan, frame.index))
    same(none, frame)
    assert none.adjusted is None


@pytest.mark.parametrize("minutes", [1, 30, 60])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("two_columns", [False, True])
def test_bars_of_a_day_are_joined(
    tmp_path: Path, minutes: int, newest_first: bool, two_columns: bool
) -> None:
    days = days_of("MSFT", 9)
    rows = []
    for number, day in enumerate(days):
        for bar in range(5):
            stamp = day + pd.Timedelta(hours=9, minutes=30 + bar * minutes)
            price = 100 + number + bar
            rows.append([str(stamp), price - 0.5, price + 1, price - 1, price, 10])
    frame = pd.DataFrame(rows, columns=COLUMNS)
    if two_columns:
        frame.insert(1, "Time", frame["Date"].str[11:16])
        frame["Date"] = frame["Date"].str[:10]
    prices = read_prices(saved(tmp_path, frame[::-1] if newest_first else frame))
    expected = [[99.5 + n, 105 + n, 99 + n, 104 + n, 50] for n in range(9)]
    assert prices.frame.to_numpy().tolist() == expected
    assert {finding.rule for finding in prices.mended} == {"intraday bars"}


def test_a_table_of_days_is_not_joined() -> None:
    table = prices_from_frame(walk(), "MSFT", "a test").frame
    twice = pd.concat([table, table])
    joined, days = joined_days(twice, np.zeros(len(twice), np.int64))
    assert joined is twice
    assert len(days) == 0


@pytest.mark.parametrize(
    ("rule", "kind"), [("W-FRI", "weekly"), ("MS", "monthly"), ("QE", "quarterly")]
)
def test_longer_bars_are_refused_by_their_name(tmp_path: Path, rule: str, kind: str) -> None:
    days = pd.date_range("2020-01-01", periods=12, freq=rule)
    frame = walk(count=12).assign(Date=days.strftime("%Y-%m-%d"))
    with pytest.raises(DataError, match=f"daily prices are needed, .* {kind} bars: a row every"):
        read_prices(saved(tmp_path, frame))


@pytest.mark.parametrize(
    ("ticker", "calendar", "currency"),
    [
        ("005930.KS", "XKRX", "KRW"),
        ("7203.T", "XTKS", "JPY"),
        ("BMW.DE", "XETR", "EUR"),
        ("0700.HK", "XHKG", "HKD"),
        ("600519", "XSHG", "CNY"),
        ("600519.SS", "XSHG", "CNY"),
        ("BRK.B", "XNYS", "USD"),
        ("ABC.XYZ", None, None),
        ("CL=F", None, None),
        ("^N225", "XTKS", None),
        ("TWD/KRW", None, "KRW"),
        ("XAU/USD", None, "USD"),
        ("BTC/USDT", None, "USDT"),
        ("KRW=X", None, "KRW"),
    ],
)
def test_a_ticker_has_the_calendar_and_the_money_of_its_exchange(
    ticker: str, calendar: str | None, currency: str | None
) -> None:
    known = instrument(ticker)
    assert (known.calendar, known.currency) == (calendar, currency)


@pytest.mark.parametrize("ticker", ["7203.T", "BMW.DE", "0700.HK", "600519", "005930.KS"])
def test_days_of_another_exchange_are_neither_missing_nor_closed(ticker: str) -> None:
    frame = walk(ticker, 200)
    prices = prices_from_frame(frame, ticker, "a test")
    assert check_prices(prices).flags == ()
    assert len(without_closed_days(prices).frame) == 200


def test_an_exchange_that_is_not_known_is_said_to_be_so() -> None:
    frame = walk("MSFT", 60).drop(index=[7])
    check = check_prices(prices_from_frame(frame, "ABC.XYZ", "a test"))
    assert check.flags == ()
    assert check.calendar == "unknown, so no day is missed or called closed"


def flags_of(frame: pd.DataFrame, ticker: str = "MSFT") -> dict[str, int]:
    flags = check_prices(prices_from_frame(frame, ticker, "a test")).flags
    return {flag.rule: flag.count for flag in flags}


@pytest.mark.parametrize("factor", [1.5, 6.0, 12.0, 40.0, 132.0, 190.0 * 0.7])
@pytest.mark.parametrize("merged", [False, True])
def test_a_jump_alone_among_calm_days_may_be_a_split(factor: float, merged: bool) -> None:
    frame = walk(count=60)
    rows = frame.index >= 30 if merged else frame.index < 30
    frame.loc[rows, COLUMNS[1:5]] *= factor
    assert flags_of(frame) == {"unadjusted split": 1}


def test_a_share_that_doubles_in_a_frenzy_was_not_split() -> None:
    frame = walk(count=60)
    moves = np.r_[np.zeros(28), 0.4, -0.3, 0.45, 0.3, 0.8, -0.5, 0.5, -0.4, np.zeros(24)]
    frame[COLUMNS[1:5]] = frame[COLUMNS[1:5]].mul(np.exp(np.cumsum(moves)), axis=0)
    assert flags_of(frame) == {}


@pytest.mark.parametrize(("column", "factor"), [("High", 100), ("Low", 0.0002), ("High", 10)])
def test_a_high_or_low_far_from_its_own_day_is_a_fault(column: str, factor: float) -> None:
    frame = walk(count=30)
    frame.loc[12, column] *= factor
    assert flags_of(frame) == {"impossible range": 1}


def test_prices_below_nought_are_kept_and_flagged_and_give_no_row() -> None:
    frame = walk(count=400)
    frame.loc[300, COLUMNS[1:5]] = [-37.0, -36.5, -38.0, -37.6]
    prices = prices_from_frame(frame, "CL=F", "a test")
    assert prices.frame["close"].min() == -37.6
    assert [flag.rule for flag in check_prices(prices).flags] == ["price not positive"]
    rows = rows_of({"CL=F": prices.frame})
    assert prices.frame.index[300].to_datetime64() not in rows.dates
    assert np.isfinite(rows.windows).all()


def test_history_up_to_the_day_asked_about_is_not_stale() -> None:
    frame = walk("005930", 200)
    prices = prices_from_frame(frame, "005930", "a test")
    last = prices.frame.index[120].date()
    for later in range(3):  # over a weekend, too
        end = last + dt.timedelta(days=later)
        known = prices.between(end=end)
        assert not [f for f in check_prices(known, until=end).flags if f.rule == "stale series"]


def market(frame: pd.DataFrame, ticker: str = "MSFT") -> pd.DataFrame:
    return without_closed_days(prices_from_frame(frame, ticker, "a test")).frame


@pytest.mark.parametrize("missing", [1, 4, 40])
@pytest.mark.parametrize("beside", [False, True])
def test_a_day_after_a_hole_is_no_tomorrow(missing: int, beside: bool) -> None:
    frame = walk(count=400)
    holed = frame.drop(index=range(250, 250 + missing))
    whole = {"AAPL": market(frame, "AAPL")} if beside else {}
    rows = rows_of({"MSFT": market(holed), **whole})
    mine = rows.dates[rows.tickers == "MSFT"].astype(str)
    assert frame["Date"][250 + missing] not in mine
    assert frame["Date"][249] in mine
    assert frame["Date"][250 + missing + 12] in mine


def test_holidays_are_no_holes() -> None:
    frame = walk("005930", 400, seed=1)
    rows = rows_of({"005930": market(frame, "005930")})
    assert len(rows) == 400 - 129
    coin = walk("BTC/USD", 300)
    assert len(rows_of({"BTC/USD": market(coin, "BTC/USD")})) == 300 - 129


def test_volumes_that_are_missing_cost_no_rows_and_tell_nothing_of_later_days() -> None:
    frame = walk(count=400)
    whole = rows_of({"MSFT": market(frame)})
    lost = frame.assign(Volume=frame["Volume"].where(frame.index % 15 != 0))
    rows = rows_of({"MSFT": market(lost)})
    assert rows.dates.tolist() == whole.dates.tolist()
    assert rows.names[-1] == "volume"
    assert np.isfinite(rows.windows).all()
    cut = features_of(market(lost).iloc[:301])[0]  # its last volume is a missing one
    np.testing.assert_array_equal(features_of(market(lost))[0][:301], cut)


@pytest.mark.parametrize(
    ("before", "after", "rise"),
    [(3500, 4025, 0.15), (55000, 66000, 0.2), (6.40, 6.72, 0.05), (80, 82, 0.025), (0.2, 0.3, 0.5)],
)
def test_a_rise_to_the_very_won_is_a_rise_and_a_won_less_is_none(
    before: float, after: float, rise: float
) -> None:
    frame = walk(count=200)
    frame[COLUMNS[1:5]] = before
    frame.loc[150, COLUMNS[1:5]] = after
    unit = 1 if float(before).is_integer() else 0.01
    day = np.datetime64(frame["Date"][150])

    def change(close: float) -> float:
        frame.loc[150, COLUMNS[1:5]] = close
        rows = rows_of({"MSFT": market(frame)})
        return float(rows.change[rows.dates == day][0])

    assert change(after) >= rise
    assert change(after - unit) < rise


def test_a_universe_skips_what_holds_no_prices_and_names_it(tmp_path: Path) -> None:
    for name in ("MSFT.csv", "brk.b.csv", "005930.KS.csv", "aapl.CSV"):
        written(tmp_path, name, walk().to_csv(index=False))
    written(tmp_path, "sectors.csv", "code,sector\nMSFT,tech\n")
    written(tmp_path, "README.txt", "prices of four shares\n")
    written(tmp_path, "삼성.csv", walk().to_csv(index=False))
    found = universe(tmp_path)
    tickers = sorted(prices.ticker for prices in found)
    assert tickers == ["005930.KS", "AAPL", "BRK.B", "MSFT", "삼성"]
    assert sorted(found.skipped) == ["README", "sectors"]
    assert any(note.startswith("sectors skipped: daily prices need") for note in found.notes)
    assert FolderSource(tmp_path).find("BRK.B") == tmp_path / "brk.b.csv"


def test_a_workbook_and_json_are_told_apart(tmp_path: Path) -> None:
    frame = walk()
    same(read_prices(written(tmp_path, "MSFT.json", frame.to_json(orient="records"))), frame)
    with pytest.raises(DataError, match="Excel workbook"):
        read_prices(written(tmp_path, "MSFT.csv", "PK\x03\x04 and more"))


def test_a_time_of_day_is_read_in_any_clock() -> None:
    texts = ["2024-01-02 9:30", "2024-01-02 오후 3:30:00", "2024-01-02T15:30:00.000"]
    texts += ["2024-01-02 3:30 PM", "20240102 153000"]
    assert read_moments(texts, "a test").seconds.tolist() == [34_200, *[55_800] * 4]
    assert read_moments(["2024-01-02 tomorrow"], "a test").unread == [0]
