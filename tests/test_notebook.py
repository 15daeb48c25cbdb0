"""In a notebook: progress on one line, curves as table and plot, Korean letters, explanations."""

import os
import subprocess
import sys
import types
import warnings
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from recurra import SequenceClassifier, accelerate, plots, use_korean_font
from recurra.answers.classes import Explanation
from recurra.backend import keras
from recurra.notebook import watching_here


@pytest.fixture(scope="module")
def fitted(messages: tuple[list[str], list[str]]) -> SequenceClassifier:
    model = SequenceClassifier("simple-rnn", epochs=3, members=2, positive="spam")
    return model.fit(*messages, groups=range(len(messages[0])))


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """A notebook that keeps what it is told to show: how, and what."""
    kept: list[tuple[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            kept.append(("over", data["text/plain"]))

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Any:
        kept.append(("new", data["text/plain"]))
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())  # type: ignore[attr-defined]
    inner = types.ModuleType("IPython.display")
    inner.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inner)
    return kept


def test_a_training_in_a_notebook_writes_one_line_over_and_ends_on_its_last_epoch(
    messages: tuple[list[str], list[str]], shown: list[tuple[str, str]]
) -> None:
    model = SequenceClassifier("simple-rnn", epochs=2, members=2)
    model.fit(*messages, groups=range(len(messages[0])))
    assert [how for how, _ in shown].count("new") == 1
    assert shown[-1][1].startswith("network 2, epoch 2 of at most 2, loss ")
    assert "validation loss" in shown[-1][1]


def test_outside_a_notebook_nobody_watches_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert watching_here() == []
    terminal = types.ModuleType("IPython")
    terminal.get_ipython = lambda: types.SimpleNamespace()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", terminal)
    assert watching_here() == []


def test_the_curves_are_a_table_and_are_drawn(fitted: SequenceClassifier) -> None:
    table = fitted.history_
    assert table.columns.tolist()[:2] == ["network", "epoch"]
    assert {"loss", "validation_loss"} <= set(table)
    assert table["network"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["epoch"].tolist() == [1, 2, 3, 1, 2, 3]
    rows = fitted.histories_[1].rows
    assert table["loss"].tolist()[3:] == [row["loss"] for row in rows]
    axes = Figure().subplots()
    assert fitted.plot_history(axes) is axes
    assert len(axes.lines) == 6  # of each network training, validation and its best epoch
    best = axes.lines[2].get_xdata()[0]
    assert best == fitted.histories_[0].best_epoch


def test_before_fit_there_is_no_curve() -> None:
    with pytest.raises(AttributeError, match="not fitted"):
        _ = SequenceClassifier("simple-rnn").history_


def test_an_explanation_is_a_list_that_shows_itself_and_escapes_the_text(
    fitted: SequenceClassifier,
) -> None:
    found = fitted.explain("ann win now")
    assert [token for token, _ in found] == ["ann", "win", "now"]
    assert found._repr_html_().count("<span") == 3
    assert "<b>" not in Explanation([("<b>", 0.5)])._repr_html_()
    assert Explanation()._repr_html_() == ""


def test_korean_letters_are_no_boxes_where_a_font_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with mpl.rc_context():
        if use_korean_font() is None:
            pytest.skip("no font for Korean is installed")
        figure = Figure()
        figure.subplots().set_title("모델 손실 -1")
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # matplotlib warns of each letter it has no form of
            figure.canvas.draw()  # type: ignore[attr-defined]


def test_without_a_font_for_korean_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plots, "_told", False)
    monkeypatch.setattr(plots, "KOREAN", ())
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    before = list(mpl.rcParams["font.family"])
    assert use_korean_font() is None
    assert use_korean_font() is None
    said = capsys.readouterr()
    assert said.err.count("No font for Korean was found") == 1
    assert mpl.rcParams["font.family"] == before


def test_an_acceleration_says_what_it_is() -> None:
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(2)], name="small")
    assert repr(accelerate(model)) == "<small: on the kernels of Recurra>"


def test_a_notebook_keeps_no_frames_of_a_bar() -> None:
    code = "from recurra import terminal as t\nwith t.watching() as watch: print(watch.bar)"
    env = {**os.environ, "JPY_PARENT_PID": "1", "FORCE_COLOR": "1"}  # a terminal, to rich
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60
    )
    assert done.stdout == "None\n", done.stderr
