"""Draw docs/images/memory.png, what the memory view shows: `python docs/memory_picture.py`.

It trains an LSTM and a GRU on the embedded sample, and takes a picture of the studio in Chromium.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

PICTURE = Path(__file__).parent / "images" / "memory.png"
TEXT = "WINNER!! Claim your free prize now or call me later"
MARGIN = 24  # of its frame, and around it
SHOWN = {"row": TEXT, "beside": "gru", "step": "3", "unit": "0", "sort": "reach"}
RECURRA = [sys.executable, "-m", "recurra"]


def train(folder: Path, model: str) -> None:
    """Train a network on the embedded sample."""
    words = ["train", "spam", "--sample", "--model", model, "--epochs", "12"]
    subprocess.run([*RECURRA, *words, "--out", str(folder / model)], check=True)  # noqa: S603


def draw(address: str) -> None:
    """Take the picture."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1180, "height": 2000})
        page.goto(f"{address}/memory/lstm?{urlencode(SHOWN)}")
        page.locator("[data-ready]").wait_for()
        top, layers = (page.locator(each).bounding_box() for each in ("#answers", "#layers"))
        assert top is not None
        assert layers is not None
        begin = top["y"] - MARGIN
        height = layers["y"] + layers["height"] + MARGIN - begin
        page.screenshot(path=PICTURE, clip={"x": 0, "y": begin, "width": 1180, "height": height})
        browser.close()


def main() -> None:
    """Do all of it."""
    with tempfile.TemporaryDirectory() as place:
        for model in ("lstm", "gru"):
            train(Path(place), model)
        begin = [*RECURRA, "studio", "--no-open", "--port=0", f"--runs={place}"]
        studio = subprocess.Popen(begin, stderr=subprocess.PIPE, text=True)  # noqa: S603
        assert studio.stderr is not None
        address = re.search(r"http://127\.0\.0\.1:\d+", studio.stderr.readline())
        assert address is not None
        try:
            draw(address[0])
        finally:
            studio.send_signal(signal.SIGINT)
            studio.wait()


if __name__ == "__main__":
    main()
