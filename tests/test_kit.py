"""`recurra kit` and `recurra doctor --class`: what a class needs offline, whole, and ready."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recurra.classroom import ready as room
from recurra.classroom.kit import check_kit, make_kit, read_kit
from recurra.classroom.ready import Check, ready
from recurra.cli import app
from recurra.data.catalogue import sample_path
from recurra.errors import DataError, RunError, SettingsError
from recurra.markets.simulator import sample_market

pytest.importorskip("jupytext", reason="jupytext is absent: pip install jupytext")


NEEDED = ("Python", "Keras backend", "a training", "room on the disk", "kit")


def asked(*words: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(map(str, words)))
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: spam as one file, Korean reviews packed, prices of one ticker."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "sms-spam").mkdir()
    (folder / "sms-spam/SMSSpamCollection").write_bytes(sample_path().read_bytes())
    (folder / "nsmc").mkdir()
    for side in ("train", "test"):
        (folder / f"nsmc/ratings_{side}.txt.gz").write_bytes(b"packed " + side.encode())
    frame = sample_market()[0].frame.rename_axis("date").reset_index()
    frame.to_csv(folder / "000660.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def kit(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("place") / "수업 키트"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECURRA_DATA", str(data))
        make_kit(folder, tickers=["000660"], offline=True)
    return folder


def test_a_kit_holds_data_samples_notebooks_and_the_scripts_that_install_it(kit: Path) -> None:
    files = read_kit(kit)["files"]
    assert {
        "install.py",
        "start.py",
        "README.md",
        "README.ko.md",
        "wheels/get.py",
        "wheels/needed.txt",
        "wheels/pins.txt",
        "data/sms-spam/SMSSpamCollection",
        "data/nsmc/ratings_train.txt.gz",
        "data/nsmc/ratings_test.txt.gz",
        "data/prices/000660.csv",
        "data/samples/reviews-ko.tsv",
        "docs/lecture/4-spam.ipynb",
        "docs/lecture/4-spam.ko.ipynb",
        "docs/lecture/README.ko.md",
    } <= set(files)
    assert check_kit(kit) == {}
    assert read_kit(kit)["data"]["spam"]["licence"] == "CC BY 4.0"
    assert "hand them on" in read_kit(kit)["data"]["prices"]["licence"]


def test_the_data_of_a_kit_are_those_that_the_product_finds(
    kit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recurra.data.catalogue import locate
    from recurra.markets.choose import chosen_source

    monkeypatch.setenv("RECURRA_DATA", str(kit / "data"))
    assert locate("spam", download=False) == kit / "data/sms-spam/SMSSpamCollection"
    assert locate("sentiment-ko", download=False).parent == kit / "data/nsmc"
    found = chosen_source(offline=True).prices("000660").frame
    assert len(found) == len(sample_market()[0].frame)


def test_a_notebook_of_a_kit_hides_its_answers_and_leads_to_pages_that_are_there(kit: Path) -> None:
    for notebook in sorted((kit / "docs/lecture").glob("*.ipynb")):
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        code = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
        text = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        assert "answer = ..." in code
        assert text.count("<details>") >= 2
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            assert target.startswith("http") or (notebook.parent / target).exists(), target


def test_the_pins_are_of_what_is_installed_and_name_all_that_is_needed(kit: Path) -> None:
    pins = dict(
        line.split("==") for line in (kit / "wheels/pins.txt").read_text("utf-8").split() if line
    )
    needed = (kit / "wheels/needed.txt").read_text("utf-8").splitlines()
    import keras

    assert pins["keras"] == keras.__version__
    assert {"recurra", "numpy", "jaxlib", "scipy"} <= set(pins)
    assert "recurra" not in needed
    assert "jupyterlab" in needed
    assert all(not re.search(r"extra|;", line) for line in needed)


def test_a_file_that_was_changed_or_lost_is_named(kit: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(kit, copy)
    (copy / "README.md").unlink()
    with (copy / "data/prices/000660.csv").open("ab") as prices:
        prices.write(b"1")
    assert check_kit(copy) == {
        "README.md": "missing",
        "data/prices/000660.csv": "changed or damaged",
    }
    code, _, said = asked("kit", "check", copy)
    assert code == 1
    assert "not as it was: README.md (missing)" in said
    assert json.loads(asked("kit", "check", kit, "--json")[1]) == {"whole": True, "wrong": {}}
    # its own script needs nothing but Python
    run = [sys.executable, str(copy / "install.py")]
    done = subprocess.run(run, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 2
    assert "README.md is damaged or missing" in done.stdout
    assert not (copy / ".venv").exists()
    (copy / "kit.json").write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        check_kit(copy)


def test_what_cannot_be_installed_yet_says_what_to_run(kit: Path) -> None:
    for script, said in (("install.py", "wheels/get.py"), ("start.py", "install.py")):
        run = [sys.executable, str(kit / script)]
        done = subprocess.run(run, capture_output=True, text=True, encoding="utf-8", timeout=300)
        assert (done.returncode, said in done.stdout) == (2, True), done.stdout


def test_wheels_that_were_brought_are_written_down(kit: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(kit, copy)
    (copy / "wheels/six-1.0-py3-none-any.whl").write_bytes(b"six")
    runpy.run_path(str(copy / "wheels/get.py"))["write_down"](copy / "wheels")
    assert read_kit(copy)["files"]["wheels/six-1.0-py3-none-any.whl"]["bytes"] == 3
    assert check_kit(copy) == {}


def test_a_kit_is_made_whole_or_not_at_all(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(data))
    place = tmp_path / "kit"
    with pytest.raises(DataError, match="AAPL"):
        make_kit(place, data=(), tickers=["AAPL"], source=str(data))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError, match="was not to be downloaded"):
        make_kit(place, data=["sentiment"], offline=True)
    with pytest.raises(SettingsError, match="Did you mean 'spam'"):
        make_kit(place, data=["spma"])
    with pytest.raises(SettingsError, match=r"must be a \.whl file"):
        make_kit(place, wheels=[tmp_path / "no.whl"])
    place.mkdir()
    (place / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="holds other things"):
        make_kit(place, overwrite=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["kit", "mine.txt"]


def test_a_kit_is_replaced_only_when_that_is_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(data))
    wheel = tmp_path / "recurra-0.0-py3-none-any.whl"
    wheel.write_bytes(b"PK")
    code, _, said = asked("kit", "make", tmp_path / "kit", "--data", "", "--wheel", wheel)
    assert code == 0, said
    assert "python " in said
    assert "wheels/recurra-0.0-py3-none-any.whl" in read_kit(tmp_path / "kit")["files"]
    assert asked("kit", "make", tmp_path / "kit", "--data", "")[0] == 2
    code, said, _ = asked(
        "kit", "make", tmp_path / "kit", "--data", "spam", "--overwrite", "--json"
    )
    assert code == 0
    assert json.loads(said)["data"]["spam"]["licence"] == "CC BY 4.0"
    assert check_kit(tmp_path / "kit") == {}


def state(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in checks}


def test_a_machine_is_ready_when_all_is_here_and_each_lack_comes_with_advice(
    kit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECURRA_DATA", "")
    monkeypatch.setattr(room, "DISK", 0)  # how much is free is not the code's doing
    checks = ready(kit)
    found = state(checks)
    assert {found[name] for name in NEEDED} == {"ready"}
    assert found["without a network"] == "ready"
    assert all(bool(check.advice) == (check.state != "ready") for check in checks)


def test_what_a_machine_lacks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kit: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RECURRA_DATA", "")
    monkeypatch.setattr(room, "_training", lambda: Check("a training", "ready", ""))
    monkeypatch.setattr(room, "korean_font", lambda: None)
    (tmp_path / "memory").write_text(str(1 << 30))
    monkeypatch.setattr(room, "LIMITS", (str(tmp_path / "memory"),))
    monkeypatch.setattr(room, "DISK", 1 << 80)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "memory" / "cache"))  # no folder can be made
    found = state(ready())
    assert {found[name] for name in ("size of memory", "room on the disk")} == {"missing"}
    for name in (
        "Korean font",
        "cache folder",
        "data: spam",
        "data: sentiment-ko",
        "without a network",
    ):
        assert found[name] == "slower", name
    code, said, _ = asked("doctor", "--class", "--json")
    assert code == 1
    assert json.loads(said)["ready"] is False
    assert (
        asked("doctor", "--class")[1].splitlines()[-1]
        == "not ready: size of memory, room on the disk"
    )


def test_a_folder_that_is_no_kit_is_refused_at_once(tmp_path: Path) -> None:
    code, _, said = asked("doctor", "--class", "--kit", tmp_path)
    assert (code, "recurra kit make" in said.replace("\n", " ")) == (2, True)
    code, _, said = asked("doctor", "--kit", tmp_path)
    assert (code, "--kit goes with --class" in said) == (2, True)
