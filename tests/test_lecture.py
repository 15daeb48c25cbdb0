"""The chapters beside the lecture run from top to bottom, offline, and both languages agree."""

import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "lecture"
CHAPTERS = sorted(page for page in FOLDER.glob("[1-9]*.md") if not page.name.endswith(".ko.md"))
BLOCK = re.compile(r"^```python(?P<answer> \.noeval)?\n(?P<code>.*?)^```$", re.M | re.S)
NETWORK = "# needs a network"


def korean(page: Path) -> Path:
    return page.with_name(page.name.replace(".md", ".ko.md"))


def code_of(page: Path) -> str:
    """All cells in order, the hidden answers where they stand; not what needs a network."""
    blocks = [found["code"] for found in BLOCK.finditer(page.read_text("utf-8"))]
    return "\n".join(block for block in blocks if not block.startswith(NETWORK))


def printed_by(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.chdir(folder)
    monkeypatch.setattr(plt, "show", lambda: plt.close("all"))
    (folder / "cells.py").write_text(code_of(page), "utf-8")
    runpy.run_path(str(folder / "cells.py"))


@pytest.mark.slow
@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_runs_without_a_network_and_every_hidden_answer_is_right(
    page: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    printed_by(page, tmp_path, monkeypatch)
    said = capsys.readouterr().out
    answers = page.read_text("utf-8").count("<details><summary>Answer</summary>")
    assert answers >= 2
    assert said.count("✓") >= answers
    assert said.count("…") >= answers  # before an answer is given, none is judged
    assert "✗" not in said


@pytest.mark.slow
def test_the_table_of_the_lecture_comes_out_to_the_last_digit_with_its_stale_close(
    real_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if not list(real_data.rglob("000660.csv")):
        pytest.skip("no prices of 000660 in RECURRA_DATA")
    printed_by(FOLDER / "3-prices.md", tmp_path, monkeypatch)
    said = capsys.readouterr().out
    assert "the lecture's figures, to the last digit: True" in said
    assert "fault: stale close (1), last on 2020-03-09: close 92600, range 86400 to 89700" in said


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_both_languages_have_the_same_cells(page: Path) -> None:
    assert BLOCK.findall(korean(page).read_text("utf-8")) == BLOCK.findall(page.read_text("utf-8"))


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.stem)
def test_a_chapter_opens_as_a_notebook_with_its_answers_hidden(page: Path) -> None:
    jupytext = pytest.importorskip("jupytext", reason="jupytext is absent: pip install jupytext")
    for each in (page, korean(page)):
        notebook = jupytext.read(each)
        cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        shown = [m["code"].strip() for m in BLOCK.finditer(each.read_text("utf-8")) if not m[1]]
        assert cells == shown
        assert json.loads(jupytext.writes(notebook, fmt="ipynb"))["nbformat"] == 4
