import datetime as dt
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.errors import DataError, SettingsError
from recurra.markets.prices import Prices, prices_from_frame
from recurra.markets.sessions import open_days
from recurra.markets.sources import FolderSource
from recurra.markets.tickers import instrument
from recurra.markets.window import window, window_page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
STALE = 92_600.0  # the close of 2020-03-06, standing on 2020-03-09, too
GOLDEN = {
    "2020-03-11": [90940.0, 96535.0, 96283.333333, 88926.666667, -2358.031666],
    "2020-03-24": [73000.0, 85025.0, 94093.333333, 88543.333333, -6185.940782],
}
INDICATORS = ["SMA5", "SMA20", "SMA60", "SMA120", "MACD"]


def history(days: int = 300, seed: int = 0) -> Prices:
    needed, _, _ = open_days(instrument("000660"), dt.date(2021, 1, 4), dt.date(2022, 12, 29))
    close = 100_000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, days)))
    frame = pd.DataFrame({"close": close.round()}, index=needed[:days].rename("date"))
    frame = frame.assign(open=close * 0.995, high=close * 1.01, low=close * 0.99)
    return prices_from_frame(frame, "000660", "a test")


def test_the_window_of_the_lecture_is_reproduced(real_data: Path) -> None:
    known = FolderSource(real_data).prices("000660")
    known.frame.loc["2020-03-09", "close"] = STALE
    chosen = window(known, dt.date(2020, 3, 24), 10)
    assert chosen.table.columns.tolist() == ["day", "high", "low", "open", "close", *INDICATORS]
    assert chosen.table["day"].tolist() == [f"D-{number}" for number in range(10, 0, -1)]
    for day, expected in GOLDEN.items():
        found = chosen.table.loc[day, INDICATORS]
        assert found.tolist()[:4] == pytest.approx(expected[:4], abs=1e-6)
        assert found["MACD"] == pytest.approx(expected[4], abs=1e-4)
    assert [flag.rule for flag in chosen.check.flags] == ["stale close"]


def test_the_true_close_gives_the_true_averages(real_data: Path) -> None:
    chosen = window(FolderSource(real_data).prices("000660"), dt.date(2020, 3, 24), 10)
    assert chosen.table.loc["2020-03-11", ["SMA5", "SMA20"]].tolist() == [89800.0, 96250.0]
    assert chosen.check.faults == 0


def test_a_window_holds_the_values_of_the_whole_history() -> None:
    known = history()
    end = known.frame.index[-20].date()
    chosen = window(known, end, 7)
    whole = window(known, None, 290).table
    # days after the end, though they are there, change nothing
    pd.testing.assert_frame_equal(
        chosen.table.drop(columns="day"), whole.loc[chosen.table.index].drop(columns="day")
    )
    assert chosen.table.index[-1].date() == end


def test_what_is_not_yet_known_is_missing_and_shown_as_a_dash() -> None:
    chosen = window(history(60), None, 3)
    assert chosen.table["SMA120"].isna().all()
    assert chosen.table["SMA20"].notna().all()
    assert "<td>–</td>" in window_page(chosen)


def test_an_end_on_a_holiday_is_the_day_before_it() -> None:
    # 2021-10-09 was a Saturday, and 2021-10-11 a holiday instead of it
    chosen = window(history().between(end=dt.date(2021, 10, 8)), dt.date(2021, 10, 11), 2)
    assert str(chosen.table.index[-1].date()) == "2021-10-08"


def test_a_window_that_the_prices_do_not_reach_is_refused() -> None:
    known = history(100)
    with pytest.raises(DataError, match="Give --end"):
        window(known, known.frame.index[-1].date() + dt.timedelta(days=20))
    with pytest.raises(DataError, match="holds 100"):
        window(known, None, 101)
    with pytest.raises(DataError, match="holds 0"):
        window(known, dt.date(2000, 1, 1))
    with pytest.raises(SettingsError, match="at least one"):
        window(known, None, 0)


def page(days: int = 10) -> str:
    known = history()
    day = known.frame.index[-5]
    known.frame.loc[day, ["open", "high", "low"]] *= 0.9
    known.frame.loc[day, "close"] = known.frame["close"].iloc[-6]
    return window_page(window(known, None, days))


def test_the_page_needs_nothing_from_elsewhere_and_shows_everything() -> None:
    html = page()
    assert re.findall(r'(?:src|href)="(?!#)|url\((?!#)|@import|<script', html) == []
    assert html.count("<title>") == 1 + 60  # the page and a tip a candle
    assert html.count("<tr>") == 11
    for name in ("고가", "저가", "시가", "종가", "SMA120", "MACD", "stale close on"):
        assert name in html


def test_a_candle_stands_where_its_prices_are() -> None:
    html = page()
    whole = re.findall(
        r'y1="([\d.]+)" y2="([\d.]+)"/>\n<rect x="[\d.]+" y="([\d.]+)" width="[\d.]+" '
        r'height="([\d.]+)"/></g>',
        html,
    )
    assert len(whole) == 60
    for high, low, top, height in (map(float, candle) for candle in whole[:-10]):
        assert high <= top <= top + height <= low + 1.01


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page")
@pytest.mark.parametrize("width", [500, 1100])
def test_a_browser_shows_the_page_without_sideways_scrolling(tmp_path: Path, width: int) -> None:
    measure = """<script>document.title = [document.documentElement.scrollWidth, innerWidth,
        document.querySelector("svg").clientWidth].join(" ");</script></body>"""
    copy = tmp_path / "page.html"
    copy.write_text(page().replace("</body>", measure), "utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-sync", "--no-first-run"]
    flags += ["--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"]
    run = subprocess.run(
        [CHROMIUM, *flags, f"--window-size={width},900", "--dump-dom", copy.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r"<title>(\d+) (\d+) (\d+)</title>", run.stdout)
    assert found, run.stderr[-500:]
    scroll, inner, drawing = map(int, found.groups())
    assert scroll <= inner
    assert drawing > 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of files that commands read, and no network to go to."""
    files = tmp_path / "files"
    files.mkdir()
    history().frame.to_csv(files / "000660.csv")
    (files / "KRX.csv").write_text(
        "Code,Name,Market\n000660,SK하이닉스,KOSPI\n005930,삼성전자,KOSPI\n"
    )
    monkeypatch.setenv("RECURRA_DATA", str(files))
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    return files


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["market", *words])
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def test_the_commands_show_tables(folder: Path) -> None:
    assert "SK하이닉스" in run("listing", "KRX", "--find", "하이닉스")
    assert "삼성전자" not in run("listing", "KRX", "--find", "하이닉스")
    assert "300 days" in run("prices", "000660")
    assert "nothing found" in run("check", "000660", "--end", "2021-06-30")
    shown = run("window", "000660", "--end", "2021-12-30", "--days", "3")
    assert re.findall(r"D-\d", shown) == ["D-3", "D-2", "D-1"]
    assert "2021-12-30" in shown
    assert "…" not in shown


def test_the_commands_print_one_object_of_json(folder: Path) -> None:
    listing = json.loads(run("listing", "KRX", "--json"))
    assert listing["rows"][0] == {"code": "000660", "name": "SK하이닉스", "market": "KOSPI"}
    prices = json.loads(run("prices", "000660", "--start", "2021-03-01", "--json"))
    assert prices["prices"][0]["date"] == "2021-03-02"
    assert prices["prices"][0]["volume"] is None
    check = json.loads(run("check", "000660", "--json"))["checks"][0]
    assert check["flags"][0]["rule"] == "stale series"
    window = json.loads(run("window", "000660", "--end", "2021-12-30", "--json"))
    assert [row["day"] for row in window["window"]] == [f"D-{n}" for n in range(10, 0, -1)]
    assert window["window"][-1]["date"] == "2021-12-30"


def test_the_commands_write_files(folder: Path, tmp_path: Path) -> None:
    run("prices", "000660", "--out", str(tmp_path / "new" / "copy.parquet"))
    assert len(pd.read_parquet(tmp_path / "new" / "copy.parquet")) == 300
    run("listing", "KRX", "--out", str(tmp_path / "krx.csv"))
    assert "005930" in (tmp_path / "krx.csv").read_text()
    run("check", "000660", "--out", str(tmp_path / "check.json"))
    assert json.loads((tmp_path / "check.json").read_text())["checks"][0]["ticker"] == "000660"
    run("window", "000660", "--end", "2021-12-30", "--html", str(tmp_path / "window.html"))
    assert "<svg" in (tmp_path / "window.html").read_text()


@pytest.mark.parametrize(
    "words",
    [
        ["prices", "000660", "--out", "old.csv"],
        ["prices", "000660", "--out", "old.parquet"],
        ["check", "000660", "--out", "old.json"],
        ["window", "000660", "--end", "2021-12-30", "--html", "old.html"],
    ],
)
def test_a_write_that_fails_leaves_the_older_file_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    monkeypatch.chdir(tmp_path)
    older = Path(words[-1])
    older.write_text("older")
    assert "No space left on device" in run(*words, code=1)
    assert older.read_text() == "older"
    assert [path.name for path in tmp_path.glob("*old*")] == [older.name]


def test_strict_refuses_faults(folder: Path) -> None:
    run("check", "000660", "--end", "2021-12-30", "--strict")
    assert "stale series" in run("check", "000660", "--strict", code=2)
    text = (folder / "000660.csv").read_text().splitlines()
    (folder / "000660.csv").write_text("\n".join(text[:100] + text[101:]))
    assert "missing day (1" in run("check", "000660", "--end", "2021-12-30", "--strict", code=2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prices", "삼성전"], "Did you mean one of: 삼성전자 005930?"),
        (["prices", "???"], "recurra market listing KRX --find"),
        (["prices", "000660", "--end", "tomorrow"], "such as 2020-03-24"),
        (["prices", "000660", "--start", "2022-01-02", "--end", "2021-01-01"], "must not be after"),
        (["prices", "AAPL", "--offline"], "offline"),
        (["prices", "000660", "--source", "/nowhere"], "folder of files"),
        (["prices", "000660", "--out", "x.xlsx"], ".csv or .parquet"),
        (["listing", "DAX"], "NASDAQ"),
        (["listing", "KRX", "--find", "없는회사"], "없는회사"),
        (["window", "000660", "--end", "2030-01-02"], "Give --end"),
    ],
)
def test_wrong_use_is_one_clear_line_and_exit_code_2(
    folder: Path, words: list[str], message: str
) -> None:
    error = run(*words, code=2)
    assert message in error
    assert "Traceback" not in error
