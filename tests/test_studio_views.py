"""Audit and Market in the studio show what Python says of the same files."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

WHY = "the extra `serve` is absent: pip install 'recurra[serve]'"
for needed in ("starlette", "uvicorn", "prometheus_client", "python_multipart", "httpx2"):
    pytest.importorskip(needed, reason=WHY)

from starlette.testclient import TestClient  # noqa: E402

from recurra.studio.app import app_of  # noqa: E402
from recurra.studio.candles import drawn  # noqa: E402
from recurra.studio.house import Studio  # noqa: E402


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "runs")


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    headers = {"accept": "text/html"}
    with TestClient(app_of(studio), base_url="http://127.0.0.1", headers=headers) as client:
        yield client


def words(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def test_an_audit_shows_every_finding_of_python(
    client: TestClient, studio: Studio, messages: tuple[list[str], list[str]]
) -> None:
    import recurra

    long = "a line that nobody writes twice <b>bold</b>"
    rows = [f"{text} {long},{label}" for text, label in zip(*messages, strict=True)]
    sides = ["\n".join(["body,kind", *part, ""]).encode() for part in (rows[:90], rows[60:])]
    files = {"file": ("<i>train.csv", sides[0]), "test": ("test.csv", sides[1])}
    page = client.post("/audit", data={"csrf": studio.csrf}, files=files)
    assert page.status_code == 200
    brought = {kept.name: kept.path for kept in studio.files.all()}
    found = recurra.audit(brought["_i_train.csv"], brought["test.csv"])
    assert found.leaks
    for finding in found.findings:
        assert finding.sentence in words(page)
        assert finding.advice in words(page)
        assert f"{finding.kind} · {finding.about}" in words(page)
        for example in finding.examples:
            assert re.sub(r"\s+", " ", example.left) in words(page)
    for tell in found.tells:
        chance = "< 0.001" if tell.p_value < 0.001 else f"{tell.p_value:.3f}"
        shown = f"{tell.name} {100 * tell.told:.0f} % {chance} {tell.tried:,}"
        assert shown in words(page)


def test_an_audit_that_needs_a_column_says_so_and_lets_it_be_chosen(
    client: TestClient, studio: Studio
) -> None:
    table = "a,b,c\n" + "".join(f"some text {n},other text {n},x{n}\n" for n in range(30))
    page = client.post("/audit", data={"csrf": studio.csrf}, files={"file": ("t.csv", table)})
    assert page.status_code == 200
    assert 'role="alert"' in page.text
    assert '<select name="label"><option value="">' in page.text


def test_the_market_shows_the_numbers_of_python(client: TestClient, studio: Studio) -> None:
    from recurra.markets.choose import chosen_source
    from recurra.markets.simulator import simulate
    from recurra.markets.window import window

    form = {"csrf": studio.csrf, "days": "200", "edge": "0.3", "seed": "1"}
    page = client.post("/market/simulate", data=form)
    assert page.status_code == 200
    (kept,) = studio.files.all()
    prices = chosen_source(str(kept.path.parent)).prices("SIM001")
    (made,) = simulate(1, 200, edge=0.3, seed=1).values()
    assert prices.frame[["open", "close"]].equals(made.round(4)[["open", "close"]])
    seen = window(prices, None, 60)
    found = seen.table
    names = ["open", "high", "low", "close", "SMA5", "SMA20", "SMA60", "SMA120", "MACD"]
    for day, row in found.iloc[-10:].iterrows():
        said = " ".join(
            f"{row[name]:,.4g}" if abs(row[name]) < 1 else f"{row[name]:,.2f}" for name in names
        )
        assert f"{row['day']} {day.date()} {said}" in words(page)
    check_candles(page.text, found)
    assert "200 days known" in words(page)
    listed = page.text.split("What may be wrong")[1].split("</section>")[0]
    assert listed.count("<li>") == len(seen.check.flags)


def check_candles(page: str, found: Any) -> None:
    """See that every candle, and every point of an average, lies where its numbers are."""
    averages = [name for name in found.columns if name.startswith("SMA")]
    drawn_of = found[["low", "high", *averages]]
    low, high = float(drawn_of.min(axis=None)), float(drawn_of.max(axis=None))

    def value(y: str) -> float:
        return high - (float(y) - 12) / (320 - 30 - 12) * (high - low)

    near = (high - low) / 278  # a tenth of a point of the drawing, and more
    candles = re.findall(r'<g class="(rose|fell)"><title>(.*?)</title><line(.*?)/><rect', page)
    assert len(candles) == len(found) == 60
    for (kind, said, line), (day, row) in zip(candles, found.iterrows(), strict=True):
        one, last, least, most = (
            f"{row[name]:,.4f}".rstrip("0").rstrip(".") for name in ("open", "close", "low", "high")
        )
        assert said == f"{row['day']} {day.date()}: {one} → {last} ({least} … {most})"
        assert kind == ("rose" if row["close"] >= row["open"] else "fell")
        top, foot = re.findall(r'y[12]="([\d.]+)"', line)
        assert value(top) == pytest.approx(row["high"], abs=near)
        assert value(foot) == pytest.approx(row["low"], abs=near)
    for name in averages:
        (points,) = re.findall(rf'<polyline class="{name}" points="(.*?)"', page)
        shown = [value(point.split(",")[1]) for point in points.split()]
        assert shown == pytest.approx(found[name].dropna().tolist(), abs=near)


def test_what_may_be_wrong_with_prices_is_what_a_check_finds(
    client: TestClient, studio: Studio
) -> None:
    from recurra.markets.choose import chosen_source
    from recurra.markets.simulator import simulate
    from recurra.markets.window import window

    (frame,) = simulate(1, 200, seed=2).values()
    frame.iloc[150, :4] *= 30  # a price that is not
    frame.iloc[170, 1] = frame.iloc[170, 2] / 2  # a high below the low
    content = frame.to_csv().encode()
    form = {"csrf": studio.csrf}
    page = client.post("/market", data=form, files={"file": ("ODD.csv", content)})
    assert page.status_code == 200
    (kept,) = studio.files.all()
    flags = window(chosen_source(str(kept.path.parent)).prices("ODD"), None, 60).check.flags
    assert [flag.level for flag in flags].count("fault") == 2
    for flag in flags:
        told = flag.findings[-1].detail
        assert f"{flag.level} {flag.rule} · {flag.count:,} · {flag.last}" in words(page)
        assert told in words(page)


@pytest.mark.parametrize(
    "ticker", ["--source=/etc", "../../etc/passwd", "a/../b", "", "x" * 50, "a b", "<b>", "한글"]
)
def test_a_ticker_is_never_an_option_or_a_path(client: TestClient, ticker: str) -> None:
    answer = client.get("/market", params={"ticker": ticker})
    assert answer.status_code == (400 if ticker else 200)
    assert "<b>:" not in answer.text
    assert client.get("/market", params={"ticker": "X", "end": "--strict"}).status_code == 400
    assert client.get("/market", params={"file": ticker or "../x"}).status_code in (200, 404)


@pytest.mark.parametrize("rise", ["", "0", "-1", "5%", "100", "1e1", "٥", "5 --out=x"])
def test_a_rise_is_a_share_and_never_an_option(
    client: TestClient, studio: Studio, rise: str
) -> None:
    form = {"csrf": studio.csrf, "ticker": "005930", "rise": rise}
    answer = client.post("/market/train", data=form)
    assert answer.status_code == 400
    assert "a rise must be a number above 0" in answer.text.lower()
    assert studio.trainings.all() == []


def test_a_candle_lies_between_its_high_and_its_low() -> None:
    day = {"date": "2024-03-08", "day": "D-1", "open": 2.0, "high": 4.0, "low": 1.0, "close": 3.0}
    unknown = {**day, "open": None}
    found = drawn([day, unknown])
    (candle,) = found["candles"]
    assert candle["high"] == found["box"][1]
    assert candle["low"] == found["box"][3]
    assert candle["rose"]
    thirds = (found["box"][3] - found["box"][1]) / 3
    assert candle["top"] == pytest.approx(found["box"][1] + thirds, abs=0.1)
    assert candle["tall"] == pytest.approx(thirds, abs=0.1)
    assert drawn([])["candles"] == []
