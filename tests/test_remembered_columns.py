"""A saved model of sequences or states knows its columns; folders of recordings are read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data.sequences import Layout, read_sequences, sample_sequences
from recurra.data.states import sample_steps

QUICK = ["--model", "simple-rnn", "--epochs", "1", "--members", "1"]


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


def long_form() -> pd.DataFrame:
    rows = sample_sequences(24)
    assert rows.labels is not None
    made = np.split(rows.sequences.timesteps(), rows.sequences.offsets[1:-1])
    return pd.concat(
        [
            pd.DataFrame(steps, columns=["x", "y"]).assign(
                recording=f"r{n}", second=np.arange(len(steps)), kind=kind, watched=n % 7
            )
            for n, (steps, kind) in enumerate(zip(made, rows.labels, strict=True))
        ]
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log, recordings, and a run of each that named its columns."""
    folder = tmp_path_factory.mktemp("remembered")
    steps = sample_steps(6, 200)
    assert steps.times is not None
    log = pd.DataFrame(steps.numbers, columns=["load", "shake"])
    log["at"] = pd.to_datetime(steps.times, unit="s").astype(str)
    log["machine"] = np.repeat(steps.ids, np.diff(steps.offsets))
    log["what"], log["operator"] = steps.states, np.arange(len(log)) % 3
    log.to_csv(folder / "log.csv", index=False)
    log.drop(columns="what").to_csv(folder / "asked.csv", index=False)
    log.drop(columns="machine").to_csv(folder / "less.csv", index=False)
    columns = ["--time", "at", "--label", "what", "--id", "machine", "--channels", "load,shake"]
    done = asked("train", "states", folder / "log.csv", *columns, *QUICK, "--out", folder / "s")
    assert done.exit_code == 0, done.output
    table = long_form()
    table.to_csv(folder / "moves.csv", index=False)
    table.drop(columns="kind").to_csv(folder / "new.csv", index=False)
    table.drop(columns="second").to_csv(folder / "timeless.csv", index=False)
    named = ["--id", "recording", "--time", "second", "--label", "kind", "--channels", "x,y"]
    done = asked("train", "sequences", folder / "moves.csv", *named, *QUICK, "--out", folder / "m")
    assert done.exit_code == 0, done.output
    return folder


def test_a_log_is_asked_about_without_naming_its_columns_again(place: Path) -> None:
    whole = ["--time", "at", "--label", "what", "--id", "machine", "--channels", "load,shake"]
    named = asked("predict", place / "s", place / "log.csv", *whole)
    assert named.exit_code == 0, named.output
    for file in ("log.csv", "asked.csv"):
        assert asked("predict", place / "s", place / file).stdout == named.stdout
    judged = [
        json.loads(asked("evaluate", place / "s", place / "log.csv", *how, "--json").stdout)
        for how in (whole, [])
    ]
    assert judged[0]["measures"] == judged[1]["measures"]


def test_recordings_are_asked_about_without_naming_their_columns_again(place: Path) -> None:
    whole = ["--id", "recording", "--time", "second", "--label", "kind", "--channels", "x,y"]
    named = asked("predict", place / "m", place / "moves.csv", *whole)
    assert named.exit_code == 0, named.output
    for file in ("moves.csv", "new.csv"):
        assert asked("predict", place / "m", place / file).stdout == named.stdout
    found = json.loads(asked("evaluate", place / "m", place / "moves.csv", "--json").stdout)
    assert found["rows_seen_in_training"] > 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["predict", "s", "less.csv"], "'machine' was the column of --id in training"),
        (["evaluate", "s", "asked.csv"], "give --label with one of"),
        (["predict", "m", "timeless.csv"], "'second' was the column of --time in training"),
        (["predict", "m", "moves.csv", "--channels", "x"], "a step must have 2 channels"),
        (["predict", "m", "moves.csv", "--id", "no"], "there is no 'no'"),
    ],
)
def test_a_file_without_those_columns_is_refused(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    done = asked(*words)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


def write_folders(place: Path) -> None:
    """Write the recordings once a folder a class, a file each; and once a file a class."""
    for (kind, recording), steps in long_form().groupby(["kind", "recording"]):
        file = place / "folders" / str(kind) / f"{recording}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        steps[["second", "x", "y"]].iloc[::-1].to_csv(file, index=False)
    (place / "files").mkdir()
    for kind, steps in long_form().groupby("kind"):
        columns = ["recording", "second", "x", "y"]
        steps[columns].to_csv(place / "files" / f"{kind}.csv", index=False)


def test_a_folder_holds_the_sequences_that_one_table_would(tmp_path: Path) -> None:
    write_folders(tmp_path)
    long_form().to_csv(tmp_path / "moves.csv", index=False)
    layout = Layout(id="recording", time="second", channels=("x", "y"))
    named = Layout(**{**vars(layout), "label": "kind"})
    table = read_sequences(tmp_path / "moves.csv", named)
    folders = read_sequences(tmp_path / "folders", Layout(time="second"))
    files = read_sequences(tmp_path / "files", layout)
    assert table.labels is not None
    wanted = sorted(zip(table.labels, table.sequences.lengths.tolist(), strict=True))
    for read in (folders, files):
        assert read.labels is not None
        assert read.channels == ("x", "y")
        assert sorted(zip(read.labels, read.sequences.lengths.tolist(), strict=True)) == wanted
        assert np.isclose(read.sequences.timesteps().sum(), table.sequences.timesteps().sum())
    first = folders.sequences.take(np.array([0])).timesteps()
    recording = folders.ids[0].split("/")[1].removesuffix(".csv")
    whole = long_form()
    mine = whole[whole["recording"] == recording][["x", "y"]].to_numpy()
    np.testing.assert_allclose(first, mine)  # put in order of time
    unlabelled = read_sequences(
        tmp_path / "folders" / "quick", Layout(time="second", labelled=False)
    )
    assert len(unlabelled) == 8


def test_a_folder_becomes_a_report_and_is_asked_again(tmp_path: Path) -> None:
    write_folders(tmp_path)
    run = tmp_path / "run"
    given = ["train", "sequences", tmp_path / "folders", "--time", "second", *QUICK]
    done = asked(*given, "--out", run)
    assert done.exit_code == 0, done.output
    assert "24 files, a sequence each; classes by their folders: 'quick', 'slow'" in " ".join(
        done.output.split()
    )
    lines = asked("predict", run, tmp_path / "folders", "--time", "second").stdout.splitlines()
    assert len(lines) == 24
    assert lines[0].endswith("quick/r0.csv")
    asked_of = tmp_path / "folders" / "slow"
    assert len(asked("predict", run, asked_of, "--time", "second").stdout.splitlines()) == 8
    found = asked("evaluate", run, tmp_path / "folders", "--time", "second", "--json")
    assert json.loads(found.stdout)["rows_seen_in_training"] > 0


@pytest.mark.parametrize(
    ("change", "words", "says"),
    [
        ("mixed", [], "but folders holds both"),
        ("empty", [], "but folders holds none"),
        ("deep", [], "must hold files alone"),
        ("other", ["--time", "second"], "must have the same channels"),
        ("twice", ["--time", "second"], "must have each time once"),
        ("words", ["--time", "second"], "channels must hold numbers"),
        ("", ["--label", "kind"], "the name of its folder or file: leave out --label"),
        ("", ["--id", "recording"], "leave out --id"),
        ("", ["--group", "person"], "are of a table"),
    ],
)
def test_a_wrong_folder_is_refused_in_one_line(
    change: str, words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if change == "empty":
        Path("folders").mkdir()
    else:
        write_folders(tmp_path)
    if change == "mixed":
        Path("folders/readme.txt").write_text("hello")
    if change == "deep":
        Path("folders/quick/deeper").mkdir()
    odd = {"other": "second,x\n0,1\n1,2\n", "twice": "second,x,y\n0,1,2\n0,1,2\n"}
    odd["words"] = "second,x,y\n0,1,red\n1,2,blue\n"
    if change in odd:
        Path("folders/quick/z.csv").write_text(odd[change])
    done = asked("train", "sequences", "folders", *words)
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not Path("runs").exists()
