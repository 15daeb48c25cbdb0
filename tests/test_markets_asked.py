"""Prices are asked for as a Korean investor asks: by names, others' codes, days as written."""

import datetime as dt
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data.dates import day_given
from recurra.errors import DataError, SettingsError
from recurra.markets.choose import chosen_source
from recurra.problems.saved.rises import AskedRises

LISTING = (
    "Code,Name,Market\n005930,삼성전자,KOSPI\n005935,삼성전자우,KOSPI\n000660,SK하이닉스,KOSPI\n"
    "035420,NAVER,KOSPI\n006400,삼성SDI,KOSPI\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    close = 100.0 + np.arange(30)
    days = np.arange("2020-02-03", "2020-03-14", dtype="datetime64[D]")[:30]
    rows = "".join(
        f"{day},{c},{c + 1},{c - 1},{c},10\n" for day, c in zip(days, close, strict=True)
    )
    for code in ("005930", "000660", "035420", "MSFT", "069500"):
        (tmp_path / f"{code}.csv").write_text("date,open,high,low,close,volume\n" + rows)
    (tmp_path / "KRX.csv").write_text(LISTING)
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("삼성전자", "005930"),
        (unicodedata.normalize("NFD", "삼성전자"), "005930"),
        ("sk 하이닉스", "000660"),
        ("naver", "035420"),
        ("005930.KS", "005930"),
        ("000660.kq", "000660"),
        ("069500", "069500"),
        ("msft", "MSFT"),
    ],
)
def test_a_share_is_found_by_its_name_and_by_codes_as_others_write_them(
    folder: Path, given: str, code: str
) -> None:
    for source in (chosen_source(offline=True), chosen_source(str(folder))):
        assert source.prices(given).ticker.upper() == code


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_file_may_bear_the_name_of_a_share_however_its_letters_are_composed(
    folder: Path, tmp_path: Path, form: str
) -> None:
    place = tmp_path / "내 시세"
    place.mkdir()
    rows = (folder / "005930.csv").read_bytes().replace(b"date,open,high,low,close,volume", b"")
    head = "날짜,시가,고가,저가,종가,거래량".encode("cp949")
    (place / f"{unicodedata.normalize(form, '삼성전자')}.csv").write_bytes(head + rows)
    for given in ("NFC", "NFD"):
        found = chosen_source(str(place)).prices(unicodedata.normalize(given, "삼성전자"))
        assert (found.ticker, found.currency) == ("삼성전자", "KRW")
    words = ["market", "window", "삼성전자", "--source", str(place), "--json"]
    assert CliRunner().invoke(app, words).exit_code == 0
    with pytest.raises(SettingsError, match=r"or a file of that name: 카카오\.csv"):
        chosen_source(str(place)).prices("카카오")


def test_listings_are_asked_for_by_their_korean_names(folder: Path) -> None:
    found = chosen_source(offline=True)
    assert found.listing("코스피").equals(found.listing("KOSPI"))
    assert list(found.listing("한국거래소")["code"]) == list(found.listing("KRX")["code"])


def test_a_file_of_that_very_name_comes_before_the_bare_code(folder: Path) -> None:
    (folder / "005930.KS.csv").write_bytes((folder / "005930.csv").read_bytes())
    assert chosen_source(str(folder)).prices("005930.KS").ticker == "005930.KS"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("삼성", "Did you mean one of: 삼성전자 005930, 삼성전자우 005935, 삼성SDI 006400?"),
        ("삼전전자", "Did you mean '삼성전자'?"),
        ("KODEX 200", "ETFs and shares that left the exchange are not in it: give their codes"),
        ("5930", "a Korean code has six digits, but '5930' has 4. Did you mean '005930'?"),
        ("USD/KRX", "Did you mean 'USD/KRW'?"),
    ],
)
def test_what_is_no_share_is_refused_with_what_may_have_been_meant(
    folder: Path, given: str, said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        chosen_source(offline=True).prices(given)
    assert said in str(refused.value)


def test_a_code_without_prices_is_said_to_be_unlisted_only_where_it_is(folder: Path) -> None:
    unlisted = "It is not among the 5 shares of the listing KRX here: it left the exchange"
    for source in (chosen_source(offline=True), chosen_source(str(folder))):
        with pytest.raises(DataError) as gone:
            source.prices("091990")
        assert unlisted in str(gone.value)
        assert "Did you mean" not in str(gone.value)  # other codes are other companies
        with pytest.raises(DataError) as listed:
            source.prices("006400")
        assert unlisted not in str(listed.value)


def test_without_a_listing_a_name_is_told_to_be_given_as_a_code(folder: Path) -> None:
    (folder / "KRX.csv").unlink()
    with pytest.raises(SettingsError, match="Give the code, such as 005930"):
        chosen_source(offline=True).prices("삼성전자")


@pytest.mark.parametrize(
    "text",
    ["2020-03-24", "20200324", "2020.03.24", "2020. 3. 24.", "2020년 3월 24일", "03/24/2020"],
)
def test_a_day_is_read_in_every_usual_form(text: str) -> None:
    assert day_given(text, "--end") == dt.date(2020, 3, 24)


@pytest.mark.parametrize("text", ["tomorrow", "20.03.24", "03/04/2020", "2020-02-30", "45000", ""])
def test_a_day_that_may_be_another_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--end must be a day such as 2020-03-24"):
        day_given(text, "--end")


def test_the_commands_take_names_and_days_as_they_are_written(folder: Path) -> None:
    words = ["market", "prices", "삼성전자", "--end", "2020년 2월 7일", "--offline"]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, "005930, KRW: 5 days" in done.output) == (0, True), done.output
    found = CliRunner().invoke(
        app, ["market", "listing", "KRX", "--find", unicodedata.normalize("NFD", "하이닉스")]
    )
    assert "SK하이닉스" in found.output
    late = CliRunner().invoke(app, ["market", "window", "005930", "--end", "2030-01-02"])
    assert "must end on 2030-01-02" in late.output


def test_a_model_says_what_a_rise_is_and_of_whom_it_knows_nothing() -> None:
    model = AskedRises("gru", None, False, "No evidence.", 0.05, ("005930", "000660"))
    assert model.asks.startswith("A rise is a close 5 % or more above the close of the day before.")
    assert model.strangers(["005930.KS", "000660"]) == []
    (said,) = model.strangers(["AAPL", "005930"])
    assert said.startswith("AAPL: not among what this model was fitted and judged on (005930")
    older = AskedRises("gru", None, False, "No evidence.")
    assert older.strangers(["AAPL"]) == []  # of an older run it is not known
