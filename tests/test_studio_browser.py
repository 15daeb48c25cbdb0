"""The studio in a browser: trained, typed, stepped through, moved; each page as all read it."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from studio_in_browser import CHROMIUM, NEEDED, chromium, studio_at, visit

for needed in NEEDED:
    pytest.importorskip(needed, reason="the extra `serve`, or the driver of a browser, is absent")
if CHROMIUM is None:
    pytest.skip("no Chromium is here", allow_module_level=True)

from recurra import SequenceClassifier, runtime  # noqa: E402
from recurra.runtime.memory import remembered, unit_habits  # noqa: E402
from recurra.studio.views import VIEWS  # noqa: E402
from recurra.wording import retold, speak  # noqa: E402

TEXT = "ann win a prize <b>now</b>"
NO_PAGES = ("/events", ".css", ".js", "/report", "/learn.html")  # they are seen on those that are
COLUMN = "--out=<i>x"  # a column that would be an option, and markup
PHONE = {"viewport": {"width": 390, "height": 844}, "locale": "ko-KR"}
DESK = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of texts, one of a name that would be markup, and one of numbers."""
    place = tmp_path_factory.mktemp("studio") / "runs"
    for name in ("one", "둘 <b>", "numbers"):
        shutil.copytree(finished, place / name)
    shutil.rmtree(place / "numbers" / "model")
    X = np.random.default_rng(0).normal(size=(30, 6, 2))
    model = SequenceClassifier("lstm", epochs=1).fit(X, (X[:, :, 0].sum(1) > 0).astype(int))
    model.save(place / "numbers" / "model", channels=["up", "down"])
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


LOCALES = {"en": "en-GB", "ko": "ko-KR"}


@pytest.mark.parametrize("language", LOCALES)
def test_a_file_is_brought_trained_on_watched_stopped_and_gone_on_with(
    browser: Any, place: str, runs: Path, table: Path, language: str
) -> None:
    name = f"mine-{language}"

    def said(english: str) -> str:
        with speak(language):
            return retold(english)

    with visit(browser, place, locale=LOCALES[language]) as here:
        page = here.page
        here.go("/train")
        page.set_input_files("input[type=file]", table)
        page.get_by_role("button", name=said("Look at it")).click()
        page.get_by_role("link", name=said("What class is a text of?")).first.click()
        assert COLUMN in page.locator("select").first.inner_text()
        page.get_by_label(said("name of the run")).fill(name)
        page.locator("select[name=model]").select_option("simple-rnn")
        page.get_by_label(said("most epochs")).fill("30")
        page.get_by_role("button", name=said("Train"), exact=True).click()
        page.get_by_role("button", name=said("Stop")).click()
        page.get_by_text(said("It is stopped. What it has learnt is kept.")).wait_for()
        assert not (runs / name / "report.json").exists()
        page.get_by_role("button", name=said("Go on")).click()
        page.locator("svg.curves").wait_for()  # it comes while the training runs, or at its end
        page.get_by_text(said("It is finished.")).wait_for()
        page.get_by_role("link", name=said("See what it found")).click()
        report = json.loads((runs / name / "report.json").read_text("utf-8"))
        sentence = said(report["verdicts"][0]["sentence"])
        assert sentence in page.locator(".verdict").inner_text()
        framed = page.frame_locator("iframe.document")
        assert sentence in framed.locator(".verdict").first.inner_text()
        assert framed.locator("svg").count() == 3
        # as high as the report, once that is measured: one place to scroll
        page.wait_for_function("document.querySelector('iframe.document').offsetHeight > 2000")


@pytest.mark.parametrize("language", LOCALES)
def test_a_file_is_audited_in_both_languages(
    browser: Any, place: str, table: Path, language: str
) -> None:
    with visit(browser, place, locale=LOCALES[language]) as here, speak(language):
        here.go("/audit")
        here.page.set_input_files("input[name=file]", table)
        here.page.get_by_role("button", name=retold("Audit")).click()
        here.page.wait_for_url("**/audit/*")
        assert retold("What to do.") in here.page.locator("main").inner_text()


@pytest.fixture(scope="module")
def pages(browser: Any, place: str, table: Path) -> list[str]:
    """A page of every door: of a file, of a simulated share and of a training that failed, too."""
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
        here.page.get_by_label("a rise is at least").fill("99")  # there is none
        here.page.get_by_role("button", name="Train on it").click()
        here.page.get_by_text("It failed.").wait_for()
        training = here.page.url.removeprefix(here.place)
    return [
        *("/runs", "/runs/one", "/runs/one/delete", "/compare?run=one&run=둘 <b>", "/nothing"),
        *("/train", f"/train/files/{identity}", f"/train/files/{identity}/0", training),
        *("/audit", f"/audit/{identity}", "/market", market, "/learn"),
        *("/try", f"/try/one?{urlencode({'text': TEXT})}", "/try/numbers"),
        *("/memory", f"/memory/one?{urlencode({'row': TEXT, 'beside': '둘 <b>'})}"),
        "/memory/numbers",
    ]


def test_the_pages_are_those_of_every_door(pages: list[str]) -> None:
    doors = [door for view in VIEWS for door in view.doors if "GET" in (door.methods or ())]
    for door in doors:
        if not door.path.endswith(NO_PAGES):
            assert any(door.path_regex.match(path.split("?")[0]) for path in pages), door.path


@pytest.mark.parametrize("settings", [PHONE, DESK], ids=["phone", "desk"])
def test_every_page_is_whole_wherever_it_is_read(
    browser: Any, place: str, pages: list[str], settings: dict[str, Any]
) -> None:
    with visit(browser, place, **settings) as here:
        for path in pages:
            here.go(path)
            if re.match("/(try|memory)/", path):
                here.page.locator("[data-ready]").wait_for()
            assert here.page.evaluate("document.documentElement.lang") == settings["locale"][:2]
            assert not here.too_wide, path
            for scheme in ("light", "dark"):
                here.page.emulate_media(color_scheme=scheme)
                assert here.faults() == [], (path, scheme)
            korean = re.search("[가-힣]", here.page.locator("nav").first.inner_text()) is not None
            assert korean == (settings is PHONE), path
        assert all("404" in said for said in here.said)  # of the page that is not there
        here.said.clear()


@pytest.mark.parametrize("language", LOCALES)
def test_a_market_is_made_and_looked_at_in_both_languages(
    browser: Any, place: str, language: str
) -> None:
    words = {"en": ("Simulate", "The days before D"), "ko": ("모의 만들기", "D 이전의 날들")}
    made, days = words[language]
    with visit(browser, place, locale=LOCALES[language]) as here:
        here.go("/market")
        here.page.get_by_role("button", name=made).click()
        here.page.get_by_role("heading", name=days).wait_for()
        assert here.page.locator("svg.candles g").count() == 60
        assert here.page.locator("table tr").count() == 11  # its head, and D-10 to D-1


def test_the_studio_is_used_without_a_mouse(browser: Any, place: str) -> None:
    with visit(browser, place) as here:
        here.go("/runs")
        here.page.keyboard.press("Tab")
        assert here.page.evaluate("document.activeElement.className") == "skip"
        here.page.keyboard.press("Enter")
        here.page.keyboard.press("Tab")
        here.page.keyboard.press("Enter")  # the first of what may have brought one here
        here.page.wait_for_url("**/train")
        here.go("/runs")
        while not here.page.evaluate("document.activeElement.matches('.cards a')"):
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


@pytest.fixture(scope="module")
def model(runs: Path) -> Any:
    return runtime.load(runs / "one" / "model")


def asked_of(page: Any) -> dict[str, str]:
    """What the address of a page asks for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.mark.parametrize("language", LOCALES)
def test_a_text_is_answered_as_it_is_typed_and_a_token_is_left_out_by_pressing_it(
    browser: Any, place: str, model: Any, language: str
) -> None:
    with visit(browser, place, locale=LOCALES[language]) as here, speak(language):
        page = here.page
        here.go("/try/one")
        page.get_by_label(retold("A text"), exact=True).press_sequentially("ann win")
        page.locator("#tokens button").nth(1).wait_for()
        assert asked_of(page)["text"] == "ann win"
        for text in ("ann win", "ann "):
            page.wait_for_function(
                "([text]) => document.querySelector('.field').value === text && document"
                ".querySelectorAll('#tokens button').length === text.trim().split(' ').length",
                arg=[text],
            )
            shares = model.predict_proba([text])[0]
            shown = page.locator("#answer b").all_inner_texts()
            assert shown == [f"{share:.3f}" for share in shares]
            if text == "ann win":
                falls = [effect.fall for effect in model.effects(text)]
                titles = page.locator("#tokens button").evaluate_all("all => all.map(b => b.title)")
                told = [float(title.split(": ")[1].replace("−", "-")) for title in titles]
                assert told == pytest.approx(falls, abs=5.1e-4)
                page.locator("#tokens button").nth(1).click()


def test_the_threshold_shows_what_it_costs(browser: Any, place: str) -> None:
    with visit(browser, place) as here:
        here.go("/try/one?text=win")
        page = here.page
        page.locator("#rates:not(:empty)").wait_for()
        counts: list[list[int]] = []
        for value in ("0", "1"):
            page.locator("#threshold").fill(value)
            ids = ("found", "missed", "false", "rest")
            counts.append([int(page.locator(f"#{name}").inner_text()) for name in ids])
        (all_, none) = counts
        assert all_[1] == all_[3] == 0 == none[0] == none[2]
        assert sum(all_) == sum(none) > 10


@pytest.mark.parametrize("language", LOCALES)
def test_memory_is_stepped_through_with_the_keyboard_and_the_address_keeps_the_place(
    browser: Any, place: str, model: Any, language: str
) -> None:
    with visit(browser, place, locale=LOCALES[language]) as here, speak(language):
        page = here.page
        here.go(f"/memory/one?{urlencode({'row': TEXT})}")
        slider = page.get_by_role("slider", name=retold("step"))
        page.locator("[data-ready]").wait_for()
        slider.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft"):
            slider.press(key)
        found = remembered(model, TEXT)
        assert (
            slider.get_attribute("aria-valuetext")
            == f"{found.steps[2]}, 3 {retold('of')} {len(found.steps)}"
        )
        assert asked_of(page) | {"step": "2", "unit": "1"} == asked_of(page)
        h = found.trace.layers[0].values["h"]
        state = page.locator("figure", has_text=retold("state h")).locator(".numbers").first
        assert float(state.inner_text()) == pytest.approx(h[2, 1], abs=1e-3)
        here.go(page.url.removeprefix(place))
        page.locator("[data-ready]").wait_for()
        assert page.locator("#steps .now").inner_text() == found.steps[2]


def pictures(page: Any) -> dict[str, Any]:
    """The pictures of memory by what stands over them: (rows, steps) of values from -1 to 1."""
    drawn = page.locator("#layers figure").evaluate_all(
        """all => all.map(figure => {
            const canvas = figure.querySelector("canvas"), { width, height } = canvas;
            const data = [...canvas.getContext("2d").getImageData(0, 0, width, height).data];
            return [figure.querySelector("figcaption span").textContent, height, width, data];
        })"""
    )
    found = {}
    for name, rows, steps, data in drawn:
        points = np.array(data, dtype=float).reshape(rows, steps, 4)
        blue = points[..., 2] > points[..., 0]
        found[name] = np.where(blue, 1, -1) * points[..., 3] / 255
    return found


def test_the_pictures_of_memory_are_the_numbers_of_python_in_the_order_asked_for(
    browser: Any, place: str, runs: Path, model: Any
) -> None:
    rows = ["ann win now", "bob is at home", "cho win 7 prizes"]
    layer = remembered(model, TEXT).trace.layers[0]
    habits = [each for each in unit_habits(model, rows) if each.layer == 0]
    follows = sorted(habits, key=lambda each: (each.follows[0], -each.follows[1], each.unit))
    slow = sorted(habits, key=lambda each: (-each.keeps, each.unit))
    moves = np.linalg.norm(layer.slopes, axis=1)
    with visit(browser, place) as here:
        page = here.page
        here.go(f"/memory/one?{urlencode({'row': TEXT})}")
        page.locator("[data-ready]").wait_for()
        page.get_by_label("Rows of your own, one a line").fill("\n".join(rows))
        page.get_by_role("button", name="Read the rows").click()
        page.locator("#unit .on").wait_for()
        h = layer.values["h"] / np.abs(layer.values["h"]).max()
        for order, units in (("stored", range(h.shape[1])), ("follows", follows), ("slow", slow)):
            page.locator("#sort").select_option(order)
            shown = pictures(page)
            asked = [getattr(each, "unit", each) for each in units]
            np.testing.assert_allclose(shown["state h"], h.T[asked], atol=0.02)
        np.testing.assert_allclose(
            shown["still moves the answer"], [moves / moves.max()], atol=0.01
        )
        here.go("/memory/numbers?row=1 2%0A0 1%0A-1 0&step=1")
        page.locator("[data-ready]").wait_for()
        row = np.array([[1.0, 2], [0, 1], [-1, 0]])
        values = remembered(runtime.load(runs / "numbers" / "model"), row).trace.layers[0].values
        shown = pictures(page)
        forget = values["f"]
        kept = np.array([forget[t + 1 :].prod(axis=0).mean() for t in range(3)])
        np.testing.assert_allclose(shown["still kept at the end"], [kept / kept.max()], atol=0.01)
        strip = page.locator("figure", has_text="still kept at the end").locator(".numbers")
        assert float(strip.inner_text()) == pytest.approx(kept[1], rel=0.06)
        for name, letter in (("forget gate f", "f"), ("input gate i", "i"), ("output gate o", "o")):
            np.testing.assert_allclose(shown[name], values[letter].T, atol=0.01)
        c = values["c"] / np.abs(values["c"]).max()
        np.testing.assert_allclose(shown["cell state c"], c.T, atol=0.02)


def test_when_a_unit_is_on_is_told_from_rows_that_are_given(
    browser: Any, place: str, model: Any
) -> None:
    rows = ["ann win now", "bob is at home", "cho win 7 prizes"]
    with visit(browser, place) as here:
        page = here.page
        here.go(f"/memory/one?{urlencode({'row': TEXT, 'unit': 3})}")
        page.locator("[data-ready]").wait_for()
        page.get_by_label("Rows of your own, one a line").fill("\n".join(rows))
        page.get_by_role("button", name="Read the rows").click()
        page.locator("#unit .on").wait_for()
        habit = next(each for each in unit_habits(model, rows) if each.unit == 3)
        shown = [" ".join(text.split()) for text in page.locator("#unit .on li").all_inner_texts()]
        assert shown == [" ".join(on.steps) for on in habit.on]


def test_numbers_are_a_line_that_is_dragged_and_read_again(
    browser: Any, place: str, runs: Path
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go("/memory/numbers?row=1 2%0A0 1%0A-1 0")
        page.locator("[data-ready]").wait_for()
        point = page.get_by_role("slider", name="number 2, step 3")
        before = page.locator("#answers").inner_text()
        point.focus()
        point.press("ArrowUp")
        page.wait_for_function(
            "said => document.querySelector('#answers').textContent !== said", arg=before
        )
        row = page.locator("#row").input_value()
        changed = np.array([[float(n) for n in line.split()] for line in row.split("\n")])
        assert changed[:2].tolist() == [[1, 2], [0, 1]]
        assert changed[2, 0] == -1
        assert changed[2, 1] > 0
        wanted = remembered(runtime.load(runs / "numbers" / "model"), changed).trace.answer
        assert page.locator("#answers").inner_text().endswith(f"{wanted:.4f}")
        box = point.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 30)
        page.mouse.up()
        after = page.locator("#row").input_value().split("\n")[2]
        assert float(after.split()[1]) > changed[2, 1]


def test_a_line_that_is_dragged_is_answered_and_told_what_moved_it(
    browser: Any, place: str, runs: Path
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go("/try/numbers?row=1 2%0A0 1%0A-1 0")
        page.locator("#strips .strip-of").nth(1).wait_for()
        point = page.get_by_role("slider", name="down, step 3")
        for _ in range(12):
            point.press("ArrowUp")
        row = page.locator(".field").input_value()
        changed = np.array([[float(n) for n in line.split()] for line in row.split("\n")])
        assert changed[2, 1] > 0
        shares = runtime.load(runs / "numbers" / "model").predict_proba([changed])[0]
        page.wait_for_function(
            "wanted => [...document.querySelectorAll('#shares b')].map(b => b.textContent)"
            ".join() === wanted",
            arg=",".join(f"{share:.3f}" for share in shares),
        )
        assert asked_of(page)["row"] == row


BY_HAND = {
    "en": ("it latches", "step 2 of 8", "Echo", "Train all three", "Stop"),
    "ko": ("붙잡습니다", "8시점 중 2번째", "메아리", "셋 모두 학습", "중지"),
}


@pytest.mark.parametrize("language", LOCALES)
def test_a_cell_is_moved_by_hand_and_a_task_is_learnt_in_the_studio(
    browser: Any, place: str, language: str
) -> None:
    latches, second, echo, begin, stop = BY_HAND[language]
    with visit(browser, place, locale=LOCALES[language]) as here:
        page = here.page
        here.go("/learn")
        page.locator("#hand .choice").get_by_text("SimpleRNN").click()
        page.get_by_role("button", name=latches).click()
        page.get_by_role("button", name="one step on").click()
        assert page.locator(".stepping output").inner_text() == second
        equation = page.locator(".forwards .equation").inner_text()
        assert equation.startswith("h₂ = tanh(w x₂ + u h₁ + b) = tanh(2.00 · 0.00 + 2.00 · 0.96")
        page.locator("#lessons").get_by_text(echo).click()
        page.get_by_role("button", name=begin).click()
        page.locator("#lessons .status p").first.wait_for()
        page.locator("#lessons .example table").wait_for()
        page.get_by_role("button", name=stop).click()
        page.get_by_role("button", name=begin).wait_for()
