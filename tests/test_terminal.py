"""Data on a terminal: seen as they are, never obeyed, never read as markup."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from recurra import SequenceClassifier
from recurra import terminal as shows
from recurra.cli import app
from recurra.judging.report import Estimate, Evaluation, LayerInfo, ModelInfo, Report
from recurra.shown import Shown, visible
from recurra.terminal import Terminal

CONTROLS, TURNS = "\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f", "\\u2028-\\u202e\\u2066-\\u2069"
OBEYED = re.compile(rf"[{CONTROLS}{TURNS}\ud800-\udfff]")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m \u202eevil [bold]b[/] [/red] [link=x]y :smile: \r\x08\x7f"
# letters that terminals, markup and JSON care about, beside any others
letters = st.one_of(
    st.sampled_from(list('\x1b\x9b\x07\x08\r\x7f\u202e\u2066[]/:ab\\"')), st.characters()
)
texts = st.one_of(st.text(letters, max_size=30), st.just(HOSTILE))


def whole(text: str) -> str:
    """Leave out what no table can hold: halves of surrogates."""
    return re.sub("[\ud800-\udfff]", "", text)


MODEL = ModelInfo(architecture="", members=1, vocabulary=1, parameters=1, layers=[])
SHOWN: dict[str, Callable[[str], None]] = {
    "note": lambda text: shows.note(text),
    "fail": lambda text: shows.fail(text),
    "a line": lambda text: shows.out.print(text, soft_wrap=True),
    "layers": lambda text: shows.show_layers(
        MODEL.model_copy(
            update={
                "architecture": text,
                "layers": [LayerInfo(name=text, kind=text, output_shape=(1,), parameters=1)],
            }
        )
    ),
    "evaluation": lambda text: shows.show_evaluation(
        Evaluation(
            problem="texts",
            model=text,
            source=text,
            sha256="",
            rows=9,
            measures={text: Estimate(value=0.5, pieces=9)},
            rivals={f"{text} again": {text: Estimate(value=0.5, pieces=9)}},
            notes=[text],
        )
    ),
    "tokens": lambda text: shows.show_explanation([(text, 0.5), (text, -0.25)]),
    "attributions": lambda text: shows.show_attributions(text, [text], {"occlusion": [0.5]}),
    "a table": lambda text: shows.show_frame(
        pd.DataFrame({whole(text): [whole(text)], 1: [2.5]}), whole(text)
    ),
}


def shown_by(show: Callable[[str], None], text: str) -> str:
    """Give what reaches standard output and standard error."""
    stream = io.StringIO()
    with redirect_stdout(stream), redirect_stderr(stream):
        show(text)
    return stream.getvalue()


@settings(max_examples=25)
@given(text=texts)
@pytest.mark.parametrize("name", SHOWN)
def test_nothing_of_data_is_obeyed(name: str, text: str) -> None:
    assert not OBEYED.search(shown_by(SHOWN[name], text))


@settings(max_examples=25)
@given(text=texts)
@pytest.mark.parametrize("name", SHOWN)
def test_on_a_terminal_only_our_own_colours_are_obeyed(name: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORCE_COLOR", "1")
        patch.setattr(shows, "out", Terminal(width=200))
        patch.setattr(shows, "err", Terminal(width=200, stderr=True))
        found = shown_by(SHOWN[name], text)
        again = whole(text) if name == "a table" else text
        assert found == shown_by(SHOWN[name], visible(again))
    assert "\x1b[" in found or name in ("note", "a line", "tokens")
    assert not OBEYED.search(COLOURS.sub("", found))


@pytest.mark.parametrize("text", ["[bold]x", "[/]", "[link=a]b", ":smile:", r"\[x]"])
@pytest.mark.parametrize("name", SHOWN)
def test_what_looks_like_markup_is_shown_as_it_is(name: str, text: str) -> None:
    assert text in shown_by(SHOWN[name], text)


@given(text=texts)
def test_the_writer_changes_what_is_obeyed_and_no_other_letter(text: str) -> None:
    stream = io.StringIO()
    Shown(stream).writelines([text, "\n"])
    found = stream.getvalue()
    assert not OBEYED.search(found)
    kept = "".join(letter for letter in text if not OBEYED.match(letter))
    if "\\" not in text:
        assert re.sub(r"\\u[\da-f]{4}", "", found) == kept + "\n"


@settings(max_examples=25)
@given(content=st.dictionaries(texts, texts))
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp949"])
def test_json_stays_the_same_json_on_every_console(encoding: str, content: dict[str, str]) -> None:
    binary = io.BytesIO()
    stream = Shown(io.TextIOWrapper(binary, encoding=encoding))
    stream.write(json.dumps(content, ensure_ascii=False))
    stream.flush()
    assert json.loads(binary.getvalue().decode(encoding)) == content


def test_a_report_shows_hostile_names_and_texts_as_they_are(finished: Path) -> None:
    report = (finished / "report.json").read_text("utf-8")
    for word in ("base rate", "hostile", "digits, case and spacing aside"):
        report = report.replace(word, json.dumps(f"{word} {HOSTILE}")[1:-1])
    found = shown_by(lambda _: shows.show_report(Report.model_validate_json(report)), "")
    assert not OBEYED.search(found)
    assert f"base rate {visible(HOSTILE[:20])}" in found


# ---- commands

LABELS = [f"no {HOSTILE}", "yes [/] [red]x"]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a [bold]name") / "model"
    given = {"groups": np.arange(24)}
    rows = ["win \x1b[2J now", "see you [/]"] * 12
    SequenceClassifier("gru", epochs=1, min_count=1).fit(rows, LABELS * 12, **given).save(folder)
    return folder


def ran(*arguments: str | Path) -> str:
    """Run a command; give all that it wrote."""
    found = CliRunner().invoke(app, [str(each) for each in arguments])
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    assert not OBEYED.search(found.output), found.output
    return found.output


def test_commands_show_hostile_labels_texts_and_file_names(hostile: Path, tmp_path: Path) -> None:
    for found in (
        ran("predict", hostile, HOSTILE),
        ran("predict", hostile, HOSTILE, "--explain"),
        ran("explain", hostile, HOSTILE),
    ):
        assert visible(LABELS[0][:9]) in found or LABELS[1] in found
    table = tmp_path / "d[red]y \x1b[2J.csv"
    pd.DataFrame({"text": [HOSTILE, "see"], "label": LABELS}).to_csv(table, index=False)
    assert "d[red]y \\u001b[2J.csv" in ran("evaluate", hostile, table)
    assert "no\\u001b[2Jwhere [bold]" in ran("predict", "no\x1b[2Jwhere [bold]", "x")
    assert "No such option: --no\\" in ran("predict", hostile, "--no\x1b[2J")


def test_json_of_commands_holds_hostile_labels_and_texts_whole(hostile: Path) -> None:
    (said,) = json.loads(ran("predict", hostile, HOSTILE, "--json"))["predictions"]
    assert said["text"] == HOSTILE
    assert said["label"] in LABELS


CONSOLES = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]
ALL_THAT_IS_SHOWN = """
from recurra.cli.app import print_json
from recurra.shown import shown
from recurra.terminal import fail, out
with shown():
    print("지금")
    out.print("당첨")
    fail("없음")
    print_json({"text": "é 지금 \\N{PARTY POPPER}"})
"""


@pytest.mark.parametrize("console", CONSOLES, ids=str)
def test_a_console_without_korean_signs_shows_escapes(console: dict[str, str]) -> None:
    command = [sys.executable, "-X", "utf8=0", "-c", ascii_source(ALL_THAT_IS_SHOWN)]
    run = subprocess.run(command, capture_output=True, env={**os.environ, **console})
    said, json_said = run.stdout.decode("latin-1").split("{", 1)
    assert said.split() == [r"\uc9c0\uae08", r"\ub2f9\ucca8"], run.stderr
    assert json.loads("{" + json_said) == {"text": "é 지금 \N{PARTY POPPER}"}
    assert rb"Error: \uc5c6\uc74c" in run.stderr


def ascii_source(source: str) -> str:
    return source.encode("ascii", "backslashreplace").decode()


def test_a_command_on_a_console_of_ascii_ends_well(hostile: Path) -> None:
    command = [sys.executable, "-m", "recurra.cli", "predict", str(hostile), "지금 당첨"]
    run = subprocess.run(
        command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert run.returncode == 0, run.stderr
    assert rb"\uc9c0\uae08 \ub2f9\ucca8" in run.stdout
