"""The pages of a run and of a comparison: all of it is there, and a browser shows it."""

import itertools
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from recurra.judging.example import coin_problem
from recurra.judging.report import Report
from recurra.judging.run import compare
from recurra.pages.report import _quality, _tall, render_report

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
DARK = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]


def page(finished: Path) -> str:
    return (finished / "report.html").read_text("utf-8")


def report_of(finished: Path) -> Report:
    return Report.model_validate_json((finished / "report.json").read_text("utf-8"))


def seen(html: str) -> str:
    """The words of a page as they are read."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html)))


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
    assert "recurra train <hostile>" in seen(html)
    assert "<hostile>" not in html
    assert "한글" in html


def test_the_page_shows_verdict_contenders_leaks_exhibits_and_layers(finished: Path) -> None:
    html, words, report = page(finished), seen(page(finished)), report_of(finished)
    assert words.count(report.verdict.sentence) == 1
    for each in report.contenders:
        assert f"<td>{each.name}<" in html
        for remark in each.remarks if not each.baseline else []:
            assert remark in words
    for measure in report.measures:
        assert f'<th class="n">{measure.name}</th>' in html
    for probe in report.probes:
        assert probe.name in words
        assert probe.detail in words
    titles = [exhibit.title for exhibit in report.exhibits]
    wanted = ["Decisions", "Each class against the rest", "The most confident mistakes"]
    assert titles == wanted
    for exhibit in report.exhibits:
        assert f"<h2>{exhibit.title}</h2>" in html
        for row in exhibit.rows:
            assert all(re.sub(r"\s+", " ", cell) in words for cell in row), row
    assert report.model is not None
    for layer in report.model.layers:
        assert f"<td>{layer.name}</td>" in html
    assert "Why: what each token does to the score" in html
    assert html.count("<svg") == 3  # intervals, curves, calibration
    assert "embedded sample" not in html


def test_the_page_ranks_contenders_by_the_measure_that_decides(finished: Path) -> None:
    html, report = page(finished), report_of(finished)
    places = [html.index(f"<td>{each.name}<") for each in report.ranked()]
    assert places == sorted(places)
    values = [each.measures[report.measures[0].name].value or 0.0 for each in report.ranked()]
    assert values == sorted(values)  # lower is better of a Brier score


def test_who_loses_is_shown_how_to_use_what_is_better(finished: Path) -> None:
    report = report_of(finished)
    shown = f'recurra predict RUN --with "{report.verdict.rival}"' in seen(page(finished))
    assert shown == (report.verdict.answer == "no")
    lost = report.model_copy(deep=True)
    lost.verdict.answer = "no"
    assert f'recurra predict RUN --with "{report.verdict.rival}"' in seen(render_report(lost))


def test_a_leak_is_shouted(finished: Path) -> None:
    report = report_of(finished)
    report.probes[0].passed = False
    assert '<td class="failed">LEAK</td>' in render_report(report)
    assert "LEAK" not in page(finished)


def test_the_report_keeps_its_shape_through_json(finished: Path) -> None:
    text = (finished / "report.json").read_text("utf-8")
    assert Report.model_validate_json(text).to_json() == text
    with pytest.raises(ValueError, match="Extra inputs"):
        Report.model_validate_json(text.replace('"problem"', '"more": 1, "problem"', 1))


def test_every_curve_and_row_is_stored(finished: Path) -> None:
    report = report_of(finished)
    assert report.training is not None
    lines = (finished / "history.csv").read_text().splitlines()
    assert len(lines) == 1 + sum(member.epochs_run for member in report.training.members)
    card = (finished / "model" / "card.md").read_text("utf-8")
    assert report.verdict.sentence in card


def test_the_page_ends_with_what_to_type_next_and_with_what_made_it(finished: Path) -> None:
    words, report = seen(page(finished)), report_of(finished)
    _, end = words.split("What next")
    for command in (
        f"recurra predict {finished} --file NEW.csv",
        f"recurra evaluate {finished} NEW.csv",
        f"recurra explain {finished} 'a new text'",
    ):
        assert command in end
    made = f"Made by Recurra {report.version} on {report.created}: recurra train <hostile>"
    assert end.rstrip().endswith(made)


def test_a_promise_that_is_not_kept_has_failed_and_is_no_leak(finished: Path) -> None:
    report = report_of(finished)
    assert "<h2>Leaks</h2>" in render_report(report)
    report.probes[0].passed, report.probes[0].leak = False, False
    html = render_report(report)
    assert '<td class="failed">failed</td>' in html
    assert "<h2>Leaks and promises</h2>" in html
    assert "LEAK" not in html


# ---- of a comparison


def test_a_comparison_ends_with_the_command_that_trains_its_best(compared: Report) -> None:
    html = render_report(compared, commands=[("train it", ["train", "a b.csv", "--model", "gru"])])
    assert "train it recurra train 'a b.csv' --model gru" in seen(html)


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize("count", [3, 25])
def test_names_beside_the_dots_of_a_comparison_never_overlap(
    compared: Report, alike: bool, count: int
) -> None:
    report = compared.model_copy(deep=True)
    first = report.contenders[0]
    report.contenders = [first.model_copy(deep=True) for _ in range(count)]
    for number, each in enumerate(report.contenders):
        each.name, each.fit_seconds = f"network of number {number}", 0.1 + number % 5
        each.measures["Brier score"].value = 0.2 + (0 if alike else 0.001 * number**2)
    figure = Figure(figsize=(4.6, max(4.2, _tall(report))), layout="constrained")
    axes = figure.subplots()
    _quality(axes, report)
    figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in axes.texts]  # without the line to its dot
    assert len(boxes) == count
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert all(box.x0 >= axes.get_window_extent().x1 for box in boxes)  # and over no dot


@pytest.fixture(scope="module")
def compared() -> Report:
    """A comparison whose names try to break the page that shows them."""
    problem = coin_problem(sticky=0.9)
    report = compare(problem)
    report.data.source = "embedded sample of coins"
    report.data.notes = ["a <note>"]
    report.split.folds = 3
    for each in report.contenders:
        each.name = f"<{each.name}>"
        for estimate in each.measures.values():
            estimate.deviation = 0.01
    for verdict in report.verdicts:
        verdict.model = f"<{verdict.model}>"
    return report


@pytest.mark.parametrize("higher", [True, False])
def test_a_comparison_ranks_contenders_and_names_what_is_a_sample(
    compared: Report, higher: bool
) -> None:
    report = compared.model_copy(deep=True)
    first = "accuracy" if higher else "Brier score"
    report.measures.sort(key=lambda measure: measure.name != first)
    html = render_report(report)
    assert "<h1>coin: models compared</h1>" in html
    better = html.index("<td>&lt;after the last toss&gt;<")
    assert better < html.index("<td>&lt;share of heads&gt;<")
    assert "embedded sample</span>" in html
    assert "<after" not in html
    assert "<note>" not in html
    assert f"({'higher' if higher else 'lower'} is better)" in html
    assert "± 0.010 over folds" in html
    assert html.count("<svg") == 3  # intervals, quality against time, calibration
    assert "Leaks" not in html


def test_what_could_not_be_measured_is_a_dash_and_asks_for_rows(compared: Report) -> None:
    report = compared.model_copy(deep=True)
    one = report.contenders[0].measures["Brier score"]
    one.interval, one.needed = None, 1234
    report.contenders[1].measures["Brier score"].value = None
    report.contenders[1].measures["Brier score"].interval = None
    words = seen(render_report(report))
    assert "needs 1,234 rows" in words
    assert "–" in words


# ---- in a browser


MEASURE = """<script>
  document.title = [document.documentElement.scrollWidth, window.innerWidth,
    Math.min(...[...document.querySelectorAll("svg")].map(s => s.clientWidth)),
    document.querySelector(".verdict").innerText.length,
    ...getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3)].join(" ");
</script>"""


def browse(html: str, place: Path, *flags: str, width: int, height: int = 900) -> str:
    assert CHROMIUM is not None
    file = place / "page.html"
    file.write_text(html, "utf-8")
    run = subprocess.run(
        [
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={place / 'profile'}",
            f"--window-size={width},{height}",
            *flags,
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert run.returncode == 0, run.stderr[-500:]
    return run.stdout


def framed(html: str, width: int) -> str:
    """A page in a frame: a window is not made narrower than about 500, a frame is."""
    inner = (
        html.replace("</body>", f"{MEASURE}</body>").replace("&", "&amp;").replace('"', "&quot;")
    )
    return (
        f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{inner}" onload="'
        'document.title = this.contentDocument.title"></iframe>'
    )


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page")
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_browser_shows_the_page_without_sideways_scrolling(
    finished: Path, compared: Report, tmp_path: Path, width: int, dark: bool
) -> None:
    for html in (page(finished), render_report(compared)):
        flags = ["--dump-dom", "--virtual-time-budget=5000", *(DARK if dark else [])]
        out = browse(framed(html, width), tmp_path, *flags, width=1400)
        found = re.search(r"<title>([\d. ]+)</title>", out)
        assert found, out[-500:]
        scroll, inner, narrowest, verdict, *ground = map(float, found[1].split())
        assert inner == width
        assert scroll <= inner
        assert narrowest > 150
        assert verdict > 30
        assert (max(ground) < 60) == dark


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page")
def test_the_page_prints_on_paper(finished: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    browse(page(finished), tmp_path, f"--print-to-pdf={pdf}", width=1280)
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert 2 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") <= 12
