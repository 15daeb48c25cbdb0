"""The page to learn from, in a browser: it works from a file, in two languages, and asks nobody."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from recurra.cells import CELLS, Weights
from recurra.cli import app
from recurra.studio.learn import bundled, render_learn

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
NEEDS = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here to open the page")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-sync",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-logging=stderr",
    "--dump-dom",
]
MODULES = ("cells.js", "training.js", "tasks.js", "drawing.js", "hand.js")


def opened(address: str, folder: Path, *flags: str) -> tuple[str, str]:
    """Open an address; give the page as it became, and what the console said."""
    run = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, address],
        capture_output=True,
        text=True,
        timeout=300,
    )
    return run.stdout, "\n".join(re.findall(r".*CONSOLE.*", run.stderr))


def seen(html: str) -> str:
    """The words of a part of a page."""
    return unescape(re.sub(r"<[^>]*>", "", html))


def run_in_browser(script: str, modules: tuple[str, ...], folder: Path) -> Any:
    """Run a script after modules; give the object that it calls `found`."""
    page = folder / "script.html"
    end = 'document.querySelector("pre").textContent = JSON.stringify(found);'
    page.write_text(
        f'<meta charset="utf-8"><pre></pre><script type="module">{bundled(*modules)}'
        f"{script}{end}</script>",
        "utf-8",
    )
    html, _ = opened(page.as_uri(), folder)
    (said,) = re.findall("<pre>(.*?)</pre>", html, re.DOTALL)
    return json.loads(unescape(said))


def test_the_page_needs_nothing_from_elsewhere() -> None:
    html = render_learn()
    asked = re.findall(
        r'(?:src|href)="(?!#)([^"]*)"|url\((?!#)|@import|fetch\(|XMLHttp|WebSocket', html
    )
    assert asked == ["data:,"]
    assert "default-src 'none'" in html
    assert not re.search(r"^(import|export) ", html, re.MULTILINE)
    assert len(html) < 100_000


def test_every_sentence_of_the_page_stands_in_both_languages() -> None:
    html = render_learn()
    body = html[html.index("<header>") : html.index("<script")]
    assert body.count('<span lang="en">') == body.count('<span lang="ko">') > 15
    for english, korean in re.findall(
        r'<span lang="en">(.*?)</span><span lang="ko">(.*?)</span>', body
    ):
        assert re.search("[가-힣]", korean), english
        assert not re.search("[가-힣]", english), english


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    place = tmp_path / "site" / "page.html"
    done = CliRunner().invoke(app, ["studio", "--export", str(place)])
    assert done.exit_code == 0, done.output
    assert place.read_text("utf-8") == render_learn()


@NEEDS
@pytest.mark.parametrize(
    ("cell", "language"), [("simple_rnn", "en"), ("lstm", "ko"), ("gru", "en")]
)
def test_a_browser_fills_in_the_equations_from_a_file_without_a_word_on_its_console(
    tmp_path: Path, cell: str, language: str
) -> None:
    page = tmp_path / "page.html"
    page.write_text(render_learn(), "utf-8")
    gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[cell]
    sliders = [[0.5 + 0.3 * n, -0.4 + 0.2 * n, 0.1 * n] for n in range(gates)]
    state = {
        "language": language,
        "hand": {
            "cell": cell,
            "step": 1,
            "weights": {cell: sliders},
            "inputs": [1, -0.5, 0, 0, 0, 0, 0, 0],
        },
    }
    html, console = opened(f"{page.as_uri()}#{json.dumps(state)}", tmp_path)
    assert console == ""
    assert f'<html lang="{language}">' in html
    w, u, b = ([[row[n] for row in sliders]] for n in range(3))
    bias = [b[0], [0.0] * gates] if cell == "gru" else b[0]
    import numpy as np

    weights = Weights(np.array(w), np.array(u), np.array(bias))
    held: Any = tuple(np.zeros((1, 1)) for _ in range(CELLS[cell].states))
    for x in (1, -0.5):
        held = CELLS[cell].step(np.array([[float(x)]]), held, weights)
    (part,) = re.findall('<div class="forwards">(.*?)</div>', html, re.DOTALL)
    last = seen(part).rsplit("=", 1)[1].strip().replace("−", "-")
    assert last == f"{held[0][0, 0]:.2f}"
    assert html.count("<svg") >= 8  # two plots, four shapes, gradients, a lesson


@NEEDS
@pytest.mark.parametrize("width", [390, 1920])
def test_a_browser_shows_the_page_without_sideways_scrolling(tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    frame = tmp_path / "frame.html"
    measure = """<script type="module">document.title = document.documentElement.scrollWidth
        + " " + innerWidth; parent.postMessage(document.title, "*");</script></body>"""
    html = render_learn().replace("</body>", measure)
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    page.write_text(html, "utf-8")
    frame.write_text(
        '<script>onmessage = ({ data }) => { document.title = data; };</script><iframe style="'
        f'border:0;width:{width}px;height:900px" src="{page.as_uri()}"></iframe>',
        "utf-8",
    )
    shown, _ = opened(frame.as_uri(), tmp_path, "--window-size=2000,1000")
    found = re.search(r"<title>(\d+) (\d+)</title>", shown)
    assert found, shown[:500]
    assert found[2] == str(width)
    assert int(found[1]) <= width


@NEEDS
def test_an_lstm_learns_in_the_browser_what_a_simple_rnn_of_the_same_size_does_not(
    tmp_path: Path,
) -> None:
    modules = ("cells.js", "training.js", "tasks.js", "drawing.js", "lessons.js")
    script = """
    const found = ["lstm", "simple_rnn"].map((name) => {
      let last = 0;
      for (const each of lesson("parentheses", name, 1)) last = each.right ?? last;
      return last;
    });"""
    lstm, simple = run_in_browser(script, modules, tmp_path)
    assert lstm >= 0.99
    assert simple < 0.95


@NEEDS
def test_the_tasks_have_the_answers_that_their_rules_give(tmp_path: Path) -> None:
    script = """
    const draw = random(5);
    const found = Object.fromEntries(Object.entries(TASKS).map(([name, { row, names }]) => {
      const { symbols, targets, inputs } = row(draw);
      const ones = inputs.map((x) => x.reduce((sum, value) => sum + value, 0));
      return [name, { symbols, targets: targets.map(names), ones }];
    }));"""
    found = run_in_browser(script, MODULES, tmp_path)
    assert all(set(task["ones"]) == {1} for task in found.values())

    symbols, said = found["echo"]["symbols"], found["echo"]["targets"]
    for t in range(1, len(symbols)):
        after = max(k for k in range(1, t + 1) if symbols[k - 1] == "!")
        assert said[t] == symbols[after]

    count = 0
    for symbol, said_ in zip(
        found["counting"]["symbols"], found["counting"]["targets"], strict=True
    ):
        count = 0 if symbol == "|" else count + int(symbol)
        assert said_ == str(count)

    open_: list[str] = []
    pairs = {"(": ")", "[": "]"}
    for symbol, said_ in zip(
        found["parentheses"]["symbols"], found["parentheses"]["targets"], strict=True
    ):
        if symbol in pairs:
            open_.append(pairs[symbol])
        else:
            assert symbol == open_.pop()
        assert said_ == (open_[-1] if open_ else "–")


@NEEDS
def test_gradients_on_the_page_vanish_less_where_the_forget_gate_stays_open(tmp_path: Path) -> None:
    modules = ("cells.js", "training.js", "drawing.js", "gradients.js")
    script = """
    const at = (name, forget, scale = 1) =>
      norms(name, { timesteps: 60, scale, forget, seed: 3 });
    const found = { closed: at("lstm", -1), open: at("lstm", 4), simple: at("simple_rnn", 1),
      wild: at("simple_rnn", 1, 2), small: at("simple_rnn", 1, 0.5) };"""
    found = run_in_browser(script, modules, tmp_path)
    assert all(len(each) == 60 and abs(each[0] - 1) < 1e-12 for each in found.values())
    assert found["closed"][-1] < 1e-9 < found["simple"][-1] < 1e-2 < found["open"][-1]
    assert found["small"][-1] < found["simple"][-1]
