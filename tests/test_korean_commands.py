"""Commands in Korean: no line of what they say is an English sentence."""

import os
import re
from contextlib import chdir
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recurra.cli import app

# names that stay as they are: contenders, options, formats, data sets
NAMES = (
    *("always the larger class", "char TF-IDF + LR", "word TF-IDF + LR", "NB n-grams + LR"),
    *("always positive", "base rate", "SMS Spam Collection", "Universal Dependencies"),
    *("CC BY-SA", "No such file or directory", "cased-word, char, syllable, jamo"),
)
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[A-Z][A-Z_ ]*\]|[<{][^>}]*[>}]")
WORD = re.compile(r"^[a-z]{2,}[,.;:]?$")
ENGLISH = 3  # words of plain English after each other


def english_in(said: str) -> list[str]:
    """Give the lines with English sentences in them."""
    found = []
    for line in said.splitlines():
        if line.strip().startswith(("사용법: ", "도움말: ", "recurra ")):  # to be typed
            continue
        plain = QUOTED.sub(" X ", line)
        for name in NAMES:
            plain = plain.replace(name, "X")
        words = [bool(WORD.match(word)) for word in plain.split()]
        runs = "".join("w" if word else "." for word in words)
        if "w" * ENGLISH in runs:
            found.append(line.strip())
    return found


def said(*arguments: str, cwd: Path) -> str:
    with chdir(cwd), pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECURRA_LANG", "ko")
        run = CliRunner().invoke(app, arguments)
    assert isinstance(run.exception, SystemExit | None)
    return run.output + run.stderr


def commands(group: typer.core.TyperGroup, *above: str) -> list[tuple[str, ...]]:
    found = []
    for name, command in group.commands.items():
        found.append((*above, name))
        if isinstance(command, typer.core.TyperGroup):
            found += commands(command, *above, name)
    return found


@pytest.mark.parametrize("words", commands(typer.main.get_command(app)), ids=" ".join)
def test_the_help_of_every_command_is_korean(words: tuple[str, ...], tmp_path: Path) -> None:
    shown = said(*words, "--help", cwd=tmp_path)
    assert shown.startswith("사용법: ")
    assert english_in(shown) == []


def test_what_a_run_found_is_told_in_korean(finished: Path) -> None:
    run, here = finished.name, finished.parent
    for arguments in (["show", run], ["list", "."], ["compare", run, run]):
        shown = said("runs", *arguments, cwd=here)
        assert re.search("[가-힣]", shown)
        assert english_in(shown) == []


def test_an_audit_and_a_look_are_told_in_korean(tmp_path: Path) -> None:
    rows = "".join(f"{i},message number {i % 7} of {i},{'ab'[i % 2]}\n" for i in range(60))
    (tmp_path / "a.csv").write_text("id,text,label\n" + rows, "utf-8")
    for arguments in (
        ["audit", "spam", "--sample", "--html", "audit.html"],
        ["audit", "a.csv"],
        ["look", "a.csv"],
        ["doctor"],
    ):
        shown = said(*arguments, cwd=tmp_path).splitlines()
        ours = [line for line in shown if not line.startswith("       ")]  # no examples
        assert english_in("\n".join(ours)) == []
    page = (tmp_path / "audit.html").read_text("utf-8")
    assert '<html lang="ko">' in page
    assert english_in(re.sub("<(style|td|svg).*?</\\1>|<[^>]*>", "\n", page, flags=re.S)) == []


WRONG = [
    ["look", "nothing.csv"],
    ["train"],
    ["train", "spam", "--model", "gur"],
    ["train", "spam", "--epochs", "0"],
    ["train", "forecasting", "a.csv", "--target", "nothing"],
    ["predict", "nowhere", "a text"],
    ["market", "window", "nothing at all"],
    ["nothing"],
    ["score", "a.csv", "b.csv"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_errors_are_korean(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("day,value\n2020-01-01,1\n2020-01-02,2\n", "utf-8")
    assert english_in(said(*arguments, cwd=tmp_path)) == []


def test_json_and_its_exit_code_are_of_no_language(tmp_path: Path) -> None:
    korean = said("audit", "spam", "--sample", "--json", cwd=tmp_path)
    with chdir(tmp_path):
        english = CliRunner().invoke(app, ["audit", "spam", "--sample", "--json"]).stdout
    assert english in korean
    assert os.environ["RECURRA_LANG"] == "en"


def test_the_checker_sees_an_english_sentence() -> None:
    assert english_in("오류: the file must be whole") == ["오류: the file must be whole"]
    assert english_in("오류: 'the file must be' 온전해야 합니다: always the larger class") == []
