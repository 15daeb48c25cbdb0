"""The documents tell the truth: every command and every block of Python in them is run."""

import json
import os
import re
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.cli.app import evaluate, predict
from recurra.data.catalogue import sample_path
from recurra.data.states import sample_steps

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "README.ko.md", "docs/guide.md", "docs/guide.ko.md"]
MARKETS = ["docs/markets.md", "docs/markets.ko.md"]
HONESTY = ["docs/honesty.md", "docs/honesty.ko.md"]
AUDIT = ["docs/audit.md", "docs/audit.ko.md"]
CLASS = ["docs/class.md", "docs/class.ko.md"]
KERAS = ["docs/keras.md", "docs/keras.ko.md"]
SERVING = ["docs/serving.md", "docs/serving.ko.md"]
SCALE = ["docs/scale.md", "docs/scale.ko.md"]
SHAPES = ("one-to-one", "many-to-one", "one-to-many", "many-to-many", "encoder-decoder")
CHAPTERS = [
    f"docs/{name}.md"
    for name in ("cells", "sequences", "tags", "states", "runtime", "export", *SHAPES)
]
ROOMS = ("", "docs", "docs/lecture")
EVERY_PAGE = sorted(str(p.relative_to(ROOT)) for room in ROOMS for p in (ROOT / room).glob("*.md"))
BY_MODEL = {"predict": predict, "evaluate": evaluate}
NAMES = (
    "Mr NNP O\nKim NNP B-PER\nLee NNP I-PER\nsaw VBD O\nit{} PRP O\n\nWe PRP O\nwent{} VBD O\n\n"
)


def log_of_machines(streams: int) -> str:
    """Give the sample of states as a table."""
    rows = sample_steps(streams, 300)
    frame = pd.DataFrame(rows.numbers, columns=list(rows.channels))
    frame.insert(0, "machine", [f"machine {n // 300 + 1}" for n in range(len(rows))])
    frame.insert(0, "t", [f"2024-01-01 {n % 300 // 60:02}:{n % 60:02}" for n in range(len(rows))])
    return frame.assign(state=rows.states).to_csv(index=False)


FILES = {  # of which a chapter speaks
    "docs/tags.md": {
        "names.txt": "".join(NAMES.format(n, n) for n in range(20)),
        "new.txt": "Mr\nCho\nsaw\nit\n",
    },
    "docs/states.md": {"log.csv": log_of_machines(5), "new.csv": log_of_machines(1)},
}
NEEDED = {"docs/export.md": ("onnx", "onnxruntime")}  # packages of which a chapter speaks
CODE = re.compile(r"^```.*?^```|`[^`]*`", re.M | re.S)
# as it stands elsewhere: code, addresses, what is quoted, HTML
QUOTED = re.compile(
    CODE.pattern + r"|\]\([^)]*\)|\"[^\"]*\"|\*[^*\n]*\*|^> .*$|<[^>]*>", re.M | re.S
)
KOREAN_PAGES = [page for page in EVERY_PAGE if page.endswith(".ko.md")]
LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")
# as documented but quick: one epoch of one network tells whether a command works
QUICK = {"train": ["--epochs", "1", "--members", "1"], "compare": ["--epochs", "1"]}


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S)


def commands(page: str) -> list[str]:
    lines = "\n".join(blocks(page, "bash")).splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip()]


def in_english(pages: list[str]) -> list[str]:
    """What is run: the Korean pages show the same commands and Python, as a test below holds."""
    return [page for page in pages if not page.endswith(".ko.md")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the documents speak of; the sample stands in for the data."""
    place = tmp_path_factory.mktemp("docs")
    rows = pd.read_csv(sample_path(), sep="\t", quoting=3)
    rows = rows.rename(columns={"label": "kind", "text": "body"})
    rows["body"] = rows["body"].str[:24]  # few tokens: networks are compiled for one length
    rows[::2].to_csv(place / "messages.csv", index=False)
    rows[1::2].to_csv(place / "other.csv", index=False)
    (place / "new.txt").write_text("win a prize\nsee you at home\n")
    (place / "sms-spam").mkdir()
    collection = place / "sms-spam" / "SMSSpamCollection"
    rows[["kind", "body"]].to_csv(collection, sep="\t", header=False, index=False, quoting=3)
    return place


@pytest.mark.slow
@pytest.mark.parametrize("page", in_english(PAGES))
def test_every_documented_command_works(
    page: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("RECURRA_DATA", str(folder))
    assert commands(page)
    for command in commands(page):
        *pipe, last = command.split(" | ")
        program, *words = shlex.split(last)
        assert program == "recurra"
        words += QUICK.get(words[0], [])
        if words[0] in QUICK:
            words += ["--overwrite"]
        if pipe:
            with open("new.txt", "rb") as piped:
                run = [sys.executable, "-m", "recurra.cli", *words]
                assert subprocess.run(run, stdin=piped, timeout=300).returncode == 0, command
            continue
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{command}\n{done.output}"


@pytest.mark.parametrize(
    "page",
    [
        page
        for page in in_english([*PAGES, *MARKETS, *HONESTY, *AUDIT, *KERAS])
        if blocks(page, "python")
    ],
)
def test_every_documented_block_of_python_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "python"):
        (tmp_path / "block.py").write_text(block, "utf-8")
        runpy.run_path(str(tmp_path / "block.py"))


def test_every_documented_audit_runs(
    folder: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recurra.data import Columns, open_texts
    from recurra.markets.simulator import sample_market
    from recurra.problems.text_classes import texts
    from recurra.running import sides_of

    monkeypatch.chdir(tmp_path)
    for name in ("messages.csv", "other.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    sample_market()[0].frame.rename_axis("date").reset_index().to_csv("AAPL.csv", index=False)
    problem = texts(open_texts("messages.csv", columns=Columns("body", "kind", "spam")))
    (tmp_path / "runs" / "messages").mkdir(parents=True)
    sides_of(problem).to_csv("runs/messages/split.csv", index=False)
    report = {"problem": "texts", "data": problem.data.model_dump()}
    Path("runs/messages/report.json").write_text(json.dumps(report))
    shutil.copytree(finished / "model", "runs/messages/model")  # it tells the same classes
    for command in commands("docs/audit.md"):
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code in (0, 1), f"{command}\n{done.output}"
        assert "?" in done.stdout  # it answers its question
    assert Path("audit.html").exists()


def test_every_documented_command_of_a_class_runs(
    finished: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jupytext", reason="jupytext is absent: pip install jupytext")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path / "data"))
    shutil.copytree(folder / "sms-spam", "data/sms-spam")
    for side in ("train", "test"):  # what is in it is not read
        write = Path(f"data/ratings_{side}.txt")
        write.write_text("id\tdocument\tlabel\n", "utf-8")
    shutil.copytree(finished, "handed-in/kim/run")
    for command in commands("docs/class.md"):
        words = shlex.split(command)[1:]
        done = CliRunner().invoke(app, words)
        # a machine may be too small for a class
        assert done.exit_code in ((0, 1) if words[0] == "doctor" else (0,)), done.output
    assert Path("all.csv").exists()
    assert Path("all.html").exists()


def test_every_documented_server_starts_and_answers_as_documented(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for needed in ("starlette", "uvicorn", "httptools", "prometheus_client", "httpx2"):
        pytest.importorskip(needed, reason="the extra `serve` is absent")
    from starlette.testclient import TestClient

    import recurra.serving.server as server
    from recurra.serving.app import app_of

    monkeypatch.chdir(tmp_path)
    for name in ("spam", "sequences"):  # any model will do: what is tried are the commands
        shutil.copytree(finished, Path("runs", name))
    Path("keys").write_text("a-key-of-many-letters\n")
    houses: list[Any] = []
    monkeypatch.setattr(server, "run_server", lambda house, host, port: houses.append(house))
    consoles = "".join(blocks("docs/serving.md", "console"))
    shown = re.findall(r"^\$ (recurra .*)$", consoles, re.M)
    served = [line for line in commands("docs/serving.md") + shown if line.startswith("recurra")]
    for command in served:
        done = CliRunner().invoke(app, shlex.split(command)[1:])
        assert done.exit_code == 0, f"{command}\n{done.output}"
    assert len(houses) == len(served) == 4
    asked = re.findall(r"^\$ (curl localhost:8000.*)\n(.*)$", consoles, re.M)
    assert len(asked) == 2
    with TestClient(app_of(houses[0])) as client:
        for command, answer in asked:
            address, question = shlex.split(command)[1::2]
            found = client.post(address.partition("8000")[2], content=question)
            assert found.status_code == 200, found.text
            assert shape_of(found.json()) == shape_of(json.loads(answer))


@pytest.mark.slow
def test_the_documented_cluster_in_one_machine_works(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `cluster` is absent")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shown = "".join(blocks(SCALE[0], "console")).replace("6379", port)
    head, second = (line.split()[2:] for line in re.findall(r"^\$ ray start.*$", shown, re.M))
    (last,) = re.findall(r"^\$ RAY_ADDRESS=(\S+) recurra (.*)$", shown, re.M)
    ray, recurra = (
        [sys.executable, "-m", "ray.scripts.scripts"],
        [sys.executable, "-m", "recurra.cli"],
    )
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    token = tmp_path / "token"
    token.write_text("0" * 64)  # of a cluster that lives for this test
    environment = os.environ | {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token)}
    with ExitStack() as nodes:
        for words in (head, second):
            node = subprocess.Popen([*ray, *words], env=environment, **quiet)
            nodes.callback(node.wait, 60)
            nodes.callback(node.send_signal, signal.SIGINT)
            time.sleep(10)
        run = subprocess.run(
            [*recurra, *shlex.split(last[1]), "--epochs", "1"],
            cwd=tmp_path,
            env=environment | {"RAY_ADDRESS": last[0]},
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "runs" / "compare-spam-sample" / "compare.json").exists()


def shape_of(answer: Any) -> Any:
    """Give the keys and the kinds of the values of an answer."""
    if isinstance(answer, dict):
        return {key: shape_of(value) for key, value in answer.items()}
    return [shape_of(each) for each in answer] if isinstance(answer, list) else type(answer)


@pytest.mark.slow
def test_the_problem_that_is_shown_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("docs/architecture.md", "python")
    (tmp_path / "block.py").write_text(block, "utf-8")
    runpy.run_path(str(tmp_path / "block.py"))
    assert (tmp_path / "runs/questions/model/baseline/config.json").exists()


def test_the_sentence_that_is_read_word_by_word_is_the_one_that_is_said() -> None:
    from recurra.judging.example import coin_problem
    from recurra.judging.run import run

    said = run(coin_problem(sticky=0.7)).report.verdict.sentence
    few = run(coin_problem(tosses=60, sticky=0.9)).report.verdict.sentence
    for page in HONESTY:
        shown = " ".join((ROOT / page).read_text("utf-8").split())
        assert said in shown
        assert few in shown


@pytest.mark.parametrize("page", KOREAN_PAGES)
def test_a_korean_page_has_the_sections_of_the_english(page: str) -> None:
    def levels(name: str) -> list[str]:
        text = re.sub(r"^```.*?^```", "", (ROOT / name).read_text("utf-8"), flags=re.M | re.S)
        return re.findall(r"^(#+) ", text, re.M)

    assert levels(page) == levels(page.replace(".ko.md", ".md"))


def english_sentences(page: str) -> list[str]:
    """Four words of English after each other, most of them no names, in a Korean text."""
    found = re.findall(r"[A-Za-z'-]+(?:[ ,]+[A-Za-z'-]+){3,}", QUOTED.sub("·", page))
    return [each for each in found if len(re.findall(r"\b[a-z]{2,}\b", each)) >= 3]


@pytest.mark.parametrize("page", KOREAN_PAGES)
def test_a_korean_page_says_nothing_in_english_but_code_names_and_quotations(page: str) -> None:
    assert english_sentences((ROOT / page).read_text("utf-8")) == []


def test_the_checker_of_korean_pages_sees_an_english_sentence() -> None:
    for left in ("| the rows held out | 남겨 둔 행 |", "여기서는 this was not yet told 입니다."):
        assert english_sentences(left)
    for right in ("`the rows held out`", 'JSON의 "the rows held out"', "Keras, JAX, NumPy와 Ray"):
        assert not english_sentences(right)


@pytest.mark.parametrize("page", KOREAN_PAGES)
def test_a_korean_page_uses_one_word_for_one_thing(page: str) -> None:
    glossary = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("| not |")[1].splitlines()
    rows = [line.split("|") for line in glossary if line.count("|") == 4]
    wrong = [word.strip() for row in rows[1:] for word in row[3].split(",")]
    assert "누출" in wrong
    text = CODE.sub("", (ROOT / page).read_text("utf-8"))
    assert [word for word in wrong if word in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("page", CHAPTERS)
def test_every_command_and_block_of_python_of_a_chapter_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for package in NEEDED.get(page, ()):
        pytest.importorskip(package, reason=f"{package} is absent: pip install {package}")
    for name, content in FILES.get(page, {}).items():
        (tmp_path / name).write_text(content, "utf-8")
    for command in commands(page):
        words = shlex.split(command)[1:]
        words += ["--epochs", "1"] if words[0] in QUICK else []
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, f"{command}\n{done.output}"
    for block in blocks(page, "python"):
        (tmp_path / "block.py").write_text(block, "utf-8")
        runpy.run_path(str(tmp_path / "block.py"))


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_command_shown_has_the_options_it_is_shown_with(page: str) -> None:
    # what needs data is not run; --help is given only once all options before it are known
    for line in "\n".join(blocks(page, "console")).replace("\\\n", " ").splitlines():
        words = shlex.split(line.split("  #")[0].removeprefix("$ "))
        if words[:1] == ["recurra"]:
            ways = [words[1:]]
            if words[1] in BY_MODEL:  # which one, the run says, which is not there
                kinds = [kind.name for kind in BY_MODEL[words[1]].registered_commands]
                ways = [[words[1], str(kind), *words[2:]] for kind in kinds]
            answers = [CliRunner().invoke(app, [*way, "--help"]) for way in ways]
            assert 0 in [answer.exit_code for answer in answers], answers[0].output


def test_the_pictures_are_those_that_the_script_draws() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "pictures.py"))["pictures"]()
    for name, content in drawn.items():
        assert (ROOT / "docs" / "images" / name).read_text("utf-8") == content, name


def test_the_command_reference_names_every_command_and_option() -> None:
    # not letter by letter: how help is laid out changes with the library that prints it
    reference = runpy.run_path(str(ROOT / "docs" / "reference.py"))

    def options(page: str) -> dict[str, set[str]]:
        sections = page.split("\n## ")[1:]
        return {text.split("\n")[0]: set(re.findall(r"--[a-z-]+", text)) for text in sections}

    assert options((ROOT / "docs" / "cli.md").read_text("utf-8")) == options(reference["page"]())


def test_the_korean_pages_show_the_same_commands_as_the_english() -> None:
    for english, korean in (("README.md", "README.ko.md"), ("docs/guide.md", "docs/guide.ko.md")):
        assert commands(korean) == commands(english)
        assert blocks(korean, "python") == blocks(english, "python")
    for page in CHAPTERS:
        korean = page.replace(".md", ".ko.md")
        assert commands(korean) == commands(page)
        assert blocks(korean, "python") == blocks(page, "python")
    assert commands(AUDIT[1]) == commands(AUDIT[0])
    assert commands(SERVING[1]) == commands(SERVING[0])
    assert commands(CLASS[1]) == commands(CLASS[0])
    for kind in ("dockerfile", "yaml"):
        assert blocks(SERVING[1], kind) == blocks(SERVING[0], kind)
        assert blocks(SCALE[1], kind) == blocks(SCALE[0], kind)
    for english, korean in (MARKETS, HONESTY, AUDIT, CLASS, KERAS, SERVING, SCALE):
        assert blocks(korean, "console") == blocks(english, "console")
        assert blocks(korean, "python") == blocks(english, "python")


def anchors(page: Path) -> set[str]:
    """The names by which GitHub knows the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_every_link_within_the_project_leads_somewhere(page: str) -> None:
    for target, anchor in LINK.findall((ROOT / page).read_text("utf-8")):
        if not target.startswith("http"):
            place = (ROOT / page).parent / target if target else ROOT / page
            assert place.exists(), target
            assert not anchor or anchor in anchors(place), f"{target}#{anchor}"


def test_every_documented_command_of_the_ledger_runs() -> None:
    asked = commands("docs/honesty.md")
    assert len(asked) == 2
    for command in asked:
        assert CliRunner().invoke(app, shlex.split(command)[1:]).exit_code == 0
