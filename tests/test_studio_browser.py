"""The studio in a browser: a whole training, and pages to be read on phone and projector."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_in_browser import CHROMIUM, NEEDED, chromium, studio_at, visit

for needed in NEEDED:
    pytest.importorskip(needed, reason="the extra `serve`, or the driver of a browser, is absent")
if CHROMIUM is None:
    pytest.skip("no Chromium is here", allow_module_level=True)

COLUMN = "--out=<i>x"  # a column that would be an option, and markup
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "locale": "ko-KR"}
DESK = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "locale": "en-GB"}


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, one of a name that would be markup."""
    place = tmp_path_factory.mktemp("studio") / "runs"
    for name in ("one", "둘 <b>"):
        shutil.copytree(finished, place / name)
    return place


@pytest.fixture(scope="module")
def table(messages: tuple[list[str], list[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [f'"{text} <b>bold</b>",{label}' for text, label in zip(*messages, strict=True)]
    path = tmp_path_factory.mktemp("table") / "messages.csv"
    path.write_text("\n".join([f"{COLUMN},kind", *rows, ""]))
    return path


@pytest.fixture(scope="module")
def place(runs: Path) -> Iterator[str]:
    with studio_at(runs) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def test_a_file_is_brought_trained_on_watched_stopped_and_gone_on_with(
    browser: Any, place: str, runs: Path, table: Path
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go("/train")
        page.set_input_files("input[type=file]", table)
        page.get_by_role("button", name="Look at it").click()
        page.get_by_role("link", name="What class is a text of?").first.click()
        assert COLUMN in page.locator("select").first.inner_text()
        page.get_by_label("name of the run").fill("mine")
        page.locator("select[name=model]").select_option("simple-rnn")
        page.get_by_label("most epochs").fill("30")
        page.get_by_role("button", name="Train", exact=True).click()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("It is stopped.").wait_for()
        assert not (runs / "mine" / "report.json").exists()
        page.get_by_role("button", name="Go on").click()
        page.locator("svg.curves").wait_for()  # it comes while the training runs, or at its end
        page.get_by_text("It is finished.").wait_for()
        page.get_by_role("link", name="See what it found").click()
        report = json.loads((runs / "mine" / "report.json").read_text("utf-8"))
        sentence = report["verdicts"][0]["sentence"]
        assert sentence in page.locator(".verdict").inner_text()
        framed = page.frame_locator("iframe.document")
        assert sentence in framed.locator(".verdict").first.inner_text()
        assert framed.locator("svg").count() == 3
        height = page.locator("iframe.document").evaluate("frame => frame.offsetHeight")
        assert height > 2000  # as high as the report: one place to scroll


@pytest.fixture(scope="module")
def pages(browser: Any, place: str, table: Path) -> list[str]:
    """The pages of the studio, those of a file and of a simulated share too."""
    with visit(browser, place) as here:
        here.go("/audit")
        here.page.set_input_files("input[name=file]", table)
        here.page.get_by_role("button", name="Audit").click()
        here.page.wait_for_url("**/audit/*")
        identity = here.page.url.rsplit("/", 1)[1]
        here.go("/market")
        here.page.get_by_role("button", name="Simulate").click()
        here.page.wait_for_url("**/market?*file=*")
        market = here.page.url.removeprefix(here.place)
    rest = ["/compare?run=one&run=둘 <b>", "/runs/one/delete", "/nothing"]
    own = [f"/train/files/{identity}", f"/train/files/{identity}/0", f"/audit/{identity}"]
    return ["/runs", "/runs/one", "/train", "/audit", market, *own, *rest]


@pytest.mark.parametrize("settings", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_whole_wherever_it_is_read(
    browser: Any, place: str, pages: list[str], settings: dict[str, Any]
) -> None:
    with visit(browser, place, **settings) as here:
        for path in pages:
            here.go(path)
            assert here.page.evaluate("document.documentElement.lang") == settings["locale"][:2]
            assert not here.too_wide, path
            assert here.faults() == [], path
        assert all("404" in said for said in here.said)  # of the page that is not there
        here.said.clear()


def test_the_studio_is_used_without_a_mouse(browser: Any, place: str) -> None:
    with visit(browser, place) as here:
        here.go("/runs")
        here.page.keyboard.press("Tab")
        assert here.page.evaluate("document.activeElement.className") == "skip"
        here.page.keyboard.press("Enter")
        here.page.keyboard.press("Tab")
        here.page.keyboard.press("Enter")
        here.page.wait_for_url("**/runs/*")
        here.go("/runs")
        for box in here.page.get_by_role("checkbox").all()[:2]:
            box.focus()
            here.page.keyboard.press("Space")
        here.page.get_by_role("button", name="Compare two runs").press("Enter")
        here.page.wait_for_url("**/compare?*")


def test_what_is_looked_for_is_found(browser: Any) -> None:
    """The eyes of these tests: faults that are planted are seen."""
    faulty = "<html lang=en><title>x</title><main><img src='http://127.0.0.1:9/x'><p>x"
    with visit(browser, "http://127.0.0.1:8") as here:
        here.page.set_content(faulty)
        assert [name for name, _ in here.faults()] == ["image-alt"]
        here.page.set_content("<p style='width: 3000px'>x")
        assert here.too_wide
        assert "asked of elsewhere: http://127.0.0.1:9/x" in here.said
        here.said.clear()
