"""Try, Memory and Learn in a browser: typed, stepped through with the keyboard, moved by hand."""

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

TEXT = "ann win a prize <b>now</b>"
PHONE = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "locale": "ko-KR"}
HALL = {"viewport": {"width": 1920, "height": 1080}, "color_scheme": "light", "locale": "en-GB"}
PATHS = [
    f"/try/one?{urlencode({'text': TEXT})}",
    f"/memory/one?{urlencode({'row': TEXT, 'beside': 'two'})}",
    "/memory/numbers",
    "/learn",
]


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("studio") / "runs"
    for name in ("one", "two", "numbers"):
        shutil.copytree(finished, place / name)
    shutil.rmtree(place / "numbers" / "model")
    X = np.random.default_rng(0).normal(size=(30, 6, 2))
    model = SequenceClassifier("lstm", epochs=1).fit(X, (X[:, :, 0].sum(1) > 0).astype(int))
    model.save(place / "numbers" / "model")
    return place


@pytest.fixture(scope="module")
def place(runs: Path) -> Iterator[str]:
    with studio_at(runs) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def model(runs: Path) -> Any:
    return runtime.load(runs / "one" / "model")


def asked_of(page: Any) -> dict[str, str]:
    """What the address of a page asks for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_text_is_answered_as_it_is_typed_and_a_token_is_left_out_by_pressing_it(
    browser: Any, place: str, model: Any
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go("/try/one")
        page.get_by_label("A text", exact=True).press_sequentially("ann win")
        page.locator("#tokens button").nth(1).wait_for()
        assert asked_of(page)["text"] == "ann win"
        for text in ("ann win", "ann "):
            page.wait_for_function(
                "([text]) => document.querySelector('#text').value === text && document"
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
        counts: list[list[int]] = []
        for value in ("0", "1"):
            page.locator("#threshold").fill(value)
            ids = ("found", "missed", "false", "rest")
            counts.append([int(page.locator(f"#{name}").inner_text()) for name in ids])
        (all_, none) = counts
        assert all_[1] == all_[3] == 0 == none[0] == none[2]
        assert sum(all_) == sum(none) > 10


def test_memory_is_stepped_through_with_the_keyboard_and_the_address_keeps_the_place(
    browser: Any, place: str, model: Any
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go(f"/memory/one?{urlencode({'row': TEXT})}")
        slider = page.get_by_role("slider", name="step")
        page.locator("[data-ready]").wait_for()
        slider.focus()
        for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft"):
            slider.press(key)
        found = remembered(model, TEXT)
        assert (
            slider.get_attribute("aria-valuetext") == f"{found.steps[2]}, 3 of {len(found.steps)}"
        )
        assert asked_of(page) | {"step": "2", "unit": "1"} == asked_of(page)
        h = found.trace.layers[0].values["h"]
        state = page.locator("figure", has_text="state h").locator(".numbers").first
        assert float(state.inner_text()) == pytest.approx(h[2, 1], abs=1e-3)
        here.go(page.url.removeprefix(place))
        page.locator("[data-ready]").wait_for()
        assert page.locator("#steps .now").inner_text() == found.steps[2]


def test_when_a_unit_is_on_is_told_from_rows_that_are_given(
    browser: Any, place: str, model: Any
) -> None:
    rows = ["ann win now", "bob is at home", "cho win 7 prizes"]
    with visit(browser, place) as here:
        page = here.page
        here.go(f"/memory/one?{urlencode({'row': TEXT, 'unit': 3})}")
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


@pytest.mark.parametrize("way", [PHONE, HALL], ids=["phone, dark, Korean", "hall, light"])
def test_pages_fit_their_screens_and_can_be_used_by_all(
    browser: Any, place: str, way: dict[str, Any]
) -> None:
    with visit(browser, place, **way) as here:
        for path in PATHS:
            here.go(path)
            if path != "/learn":
                here.page.locator("[data-ready]").wait_for()
            assert not here.too_wide, path
            assert here.faults() == [], path
            korean = re.search("[가-힣]", here.page.locator("h1").inner_text()) is not None
            assert korean == (way is PHONE), path


def test_a_cell_is_moved_by_hand_and_a_task_is_learnt_in_the_studio(
    browser: Any, place: str
) -> None:
    with visit(browser, place) as here:
        page = here.page
        here.go("/learn")
        page.locator("#hand .choice").get_by_text("SimpleRNN").click()
        page.get_by_role("button", name="it latches").click()
        page.get_by_role("button", name="one step on").click()
        assert page.locator(".stepping output").inner_text() == "step 2 of 8"
        equation = page.locator(".forwards .equation").inner_text()
        assert equation.startswith("h₂ = tanh(w x₂ + u h₁ + b) = tanh(2.00 · 0.00 + 2.00 · 0.96")
        page.locator("#lessons").get_by_text("Echo").click()
        page.get_by_role("button", name="Train all three").click()
        page.locator("#lessons .status p").first.wait_for()
        page.locator("#lessons .example table").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_role("button", name="Train all three").wait_for()
