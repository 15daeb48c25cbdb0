"""A studio as people have it: the command in a process, its pages in a headless Chromium."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
NEEDED = (
    "starlette",
    "uvicorn",
    "prometheus_client",
    "python_multipart",
    "playwright",
    "axe_playwright_python",
)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PATIENCE = 120_000  # milliseconds: how busy the machine is, is not judged


@contextmanager
def studio_at(runs: Path) -> Iterator[str]:
    """Begin `recurra studio` on runs, and give its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "recurra", "studio", "--no-open", "--port=0", f"--runs={runs}"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "RECURRA_LANG": "en"},
    )
    assert process.stderr is not None
    try:
        told = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert found, told + process.stderr.read()
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate()


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that is visited, and what went wrong on it.

    Args:
        page: of Playwright.
        place: the address of the studio.
        said: on its console, errors that nobody caught, and what was asked of elsewhere.
    """

    page: Any
    place: str
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        """Go to a page, and wait until all of it is there."""
        self.page.goto(self.place + path)
        self.page.wait_for_load_state("load")

    def faults(self) -> list[tuple[str, list[str]]]:
        """Give what axe finds to be a serious fault for people who do not see, or use no mouse."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page).response["violations"]
        return [
            (each["id"], [node["html"][:200] for node in each["nodes"]])
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    @property
    def too_wide(self) -> bool:
        """Whether the page must be moved sideways to be read."""
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(wide))


@contextmanager
def visit(browser: Any, place: str, **settings: Any) -> Iterator[Visit]:
    """Visit a studio; at the end nothing may have gone wrong."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
    context.set_default_timeout(PATIENCE)
    here = Visit(context.new_page(), place)
    here.page.on("console", lambda message: here.said.append(f"{message.type}: {message.text}"))
    here.page.on("pageerror", lambda error: here.said.append(str(error)))
    here.page.on("request", lambda asked: _note(here, asked.url))
    yield here
    context.close()
    assert here.said == []


def _note(here: Visit, asked: str) -> None:
    if not asked.startswith((here.place, "data:")):
        here.said.append(f"asked of elsewhere: {asked}")
