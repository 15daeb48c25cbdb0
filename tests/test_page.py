import re
import shutil
import subprocess
from pathlib import Path

import pytest

from recurra.evaluation.report import Report

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def page(finished: Path) -> str:
    return (finished / "report.html").read_text("utf-8")


def test_the_page_needs_nothing_from_elsewhere(finished: Path) -> None:
    html = page(finished)
    outside = re.findall(r'(?:src|href)="(?!#)([^"]*)"|url\((?!#)|@import', html)
    assert outside == []
    assert "<script" not in html


def test_the_page_shows_texts_as_texts(finished: Path) -> None:
    html = page(finished)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7 * 7 }}" in html
    assert "a &lt;note&gt;" in html
    assert "한글" in html


def test_the_page_shows_verdict_baselines_leaks_and_layers(finished: Path) -> None:
    html = page(finished)
    report = Report.model_validate_json((finished / "report.json").read_text("utf-8"))
    assert report.verdict.sentence in html
    for baseline in report.baselines:
        assert baseline.name in html
    for probe in report.leaks:
        assert probe.probe in html
    for layer in report.model.layers:
        assert layer.name in html
    assert html.count("<svg") == 4
    assert "embedded sample" not in html


def test_the_report_keeps_its_shape_through_json(finished: Path) -> None:
    text = (finished / "report.json").read_text("utf-8")
    assert Report.model_validate_json(text).to_json() == text
    with pytest.raises(ValueError, match="Extra inputs"):
        Report.model_validate_json(text.replace('"recipe"', '"more": 1, "recipe"', 1))


def test_every_curve_and_row_is_stored(finished: Path) -> None:
    report = Report.model_validate_json((finished / "report.json").read_text("utf-8"))
    lines = (finished / "history.csv").read_text().splitlines()
    assert len(lines) == 1 + sum(member.epochs_run for member in report.training.members)
    card = (finished / "model" / "card.md").read_text("utf-8")
    assert report.verdict.sentence in card


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page")
@pytest.mark.parametrize("width", [500, 1100])
def test_a_browser_shows_the_page_without_sideways_scrolling(
    finished: Path, tmp_path: Path, width: int
) -> None:
    assert CHROMIUM is not None
    measure = """<script>
      document.title = [document.documentElement.scrollWidth, window.innerWidth,
        Math.min(...[...document.querySelectorAll("svg")].map(s => s.clientWidth)),
        document.querySelector(".verdict").innerText.length].join(" ");
    </script>"""
    copy = tmp_path / "page.html"
    copy.write_text(page(finished).replace("</body>", f"{measure}</body>"), "utf-8")
    run = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900",
            "--dump-dom",
            copy.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = re.search(r"<title>([\d. ]+)</title>", run.stdout)
    assert found, run.stderr[-500:]
    scroll, inner, narrowest, verdict = map(float, found[1].split())
    assert scroll <= inner
    assert narrowest > 150
    assert verdict > 30
