"""`recurra look`: what a file holds, and commands of which each reads it."""

import bz2
import json
import lzma
import re
import shlex
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra import looking
from recurra.cli import app
from recurra.data.catalogue import sample_path
from recurra.errors import DataError
from recurra.looking import look

WORDS = ["see you at lunch", "win a prize now", "점심 먹고 보자", "call me today please"]
DOGS = "1\tdogs\t_\tNOUN" + "\t_" * 6 + "\n2\tbark\t_\tVERB" + "\t_" * 6 + "\n\n"
RNG = np.random.default_rng(0)
STEPS = pd.DataFrame(RNG.normal(size=(40, 12)).round(3))


def texts() -> pd.DataFrame:
    many = [f"{WORDS[n % 4]} {n}" for n in range(40)]
    return pd.DataFrame({"body": many, "kind": ["ham", "spam"] * 20, "stars": [1, 2, 3, 4] * 10})


def long_form() -> pd.DataFrame:
    ids = np.repeat([f"m{n}" for n in range(12)], 5)
    states = np.repeat(["up", "down", "flat"] * 4, 5)
    return pd.DataFrame({"machine": ids, "x": RNG.normal(size=60), "state": states})


def series() -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=90).strftime("%Y-%m-%d")
    return pd.DataFrame({"day": days, "sold": np.arange(90) % 7 + 3.5, "note": ["ok"] * 90})


def labelled() -> pd.DataFrame:
    many = [f"{WORDS[n % 4]} {n}" for n in range(40)]
    return pd.DataFrame({"body": many, "topics": ["work;fun", "fun", "work", "home;fun"] * 10})


def marked() -> pd.DataFrame:
    return labelled().drop(columns="topics").assign(work=[1, 0, 1, 0] * 10, fun=[1, 1, 0, 1] * 10)


def beside() -> pd.DataFrame:
    amounts = RNG.normal(size=40).round(2)
    return (
        texts().drop(columns="stars").assign(no=range(40), amount=amounts, land=["KR", "US"] * 20)
    )


def speeds() -> pd.DataFrame:
    ids, t = np.repeat([f"m{n}" for n in range(24)], 5), np.tile(np.arange(5), 24)
    speed = np.repeat(np.arange(24) * 1.5, 5)
    return pd.DataFrame({"machine": ids, "t": t, "x": RNG.normal(size=120), "speed": speed})


FILES: dict[str, tuple[Any, str]] = {
    "topics.csv": (labelled, "train multi-label {file} --text body --label topics"),
    "speeds.csv": (
        speeds,
        "train sequences {file} --id machine --time t --target speed --channels x",
    ),
    "wide-number.csv": (
        lambda: STEPS.assign(y=np.arange(40) * 0.7),
        "train sequences {file} --target y",
    ),
    "texts.csv": (texts, "train {file} --text body --label kind"),
    "long.csv": (long_form, "train sequences {file} --id machine --label state --channels x"),
    "wide.csv": (
        lambda: STEPS.assign(label=["a", "b"] * 20),
        "train sequences {file} --label label",
    ),
    "series.csv": (series, "train forecasting {file} --target sold"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_first_question_is_the_one_that_the_file_was_made_for(
    name: str, tmp_path: Path
) -> None:
    make, command = FILES[name]
    file = tmp_path / name
    make().to_csv(file, index=False)
    found = look(file)
    assert found.questions[0].command == f"recurra {command.format(file=file)}"
    assert found.rows == len(make())
    assert [column.name for column in found.columns] == list(map(str, make().columns))


def test_columns_are_told_by_what_they_hold(tmp_path: Path) -> None:
    frame = series().assign(
        text=[f"a text of {n}" for n in range(90)], gone="", kind=["a", "b"] * 45
    )
    frame["name"] = [f"n{n}" for n in range(90)]
    frame.loc[:9, "sold"] = np.nan
    frame.to_csv(tmp_path / "all.csv", index=False)
    found = {column.name: column for column in look(tmp_path / "all.csv").columns}
    kinds = {name: column.kind for name, column in found.items()}
    assert kinds == {
        "day": "times",
        "sold": "numbers",
        "note": "names",
        "text": "texts",
        "gone": "nothing",
        "kind": "classes",
        "name": "names",
    }
    assert (found["sold"].missing, found["gone"].missing, found["kind"].distinct) == (10, 90, 2)


def test_every_question_is_a_command_that_reads_the_file(tmp_path: Path) -> None:
    for name, (make, _) in FILES.items():
        make().to_csv(tmp_path / name, index=False)
        for question in look(tmp_path / name).questions:
            words = shlex.split(question.command)[1:]
            done = CliRunner().invoke(app, [*words, "--epochs", "0"])
            assert "--epochs" in done.stderr, question.command  # all else was understood
            assert done.exit_code == 2


def commands_of(frame: pd.DataFrame, place: Path) -> list[str]:
    file = place / "asked.csv"
    frame.to_csv(file, index=False)
    return [each.command.replace(str(file), "FILE") for each in look(file).questions]


def test_columns_of_0_and_1_beside_a_text_are_its_labels(tmp_path: Path) -> None:
    command = "recurra train multi-label FILE --text body --label work --label fun"
    assert command in commands_of(marked(), tmp_path)


def test_what_stands_beside_a_text_may_be_read_but_not_the_number_of_its_row(
    tmp_path: Path,
) -> None:
    command = "recurra train FILE --text body --label kind --features amount,land"
    assert command in commands_of(beside(), tmp_path)


def test_a_file_that_allows_one_question_is_asked_it_and_that_is_said(tmp_path: Path) -> None:
    file = tmp_path / "sold.csv"
    series().to_csv(file, index=False)
    done = CliRunner().invoke(app, ["train", str(file), "--epochs", "0"])
    assert f"is asked: recurra train forecasting {file} --target sold" in done.stderr
    assert done.exit_code == 2
    assert "--epochs" in done.stderr


def test_of_several_questions_one_must_be_chosen_and_texts_stay_texts(tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    series().assign(bought=np.arange(90) % 5 + 0.5).to_csv(file, index=False)
    done = CliRunner().invoke(app, ["train", str(file)])
    assert done.exit_code == 2
    assert f"recurra train forecasting {file} --target bought" in done.stderr
    texts().drop(columns="stars").to_csv(file, index=False)
    done = CliRunner().invoke(app, ["train", str(file), "--epochs", "0"])
    assert "is asked" not in done.stderr
    assert "--epochs" in done.stderr


def test_what_stands_in_the_way_of_a_question_is_said(tmp_path: Path) -> None:
    frame = series()[["day", "sold"]].astype(str)
    total = pd.DataFrame([["합계", "100"]], columns=["day", "sold"])
    pd.concat([frame, total]).to_csv(tmp_path / "total.csv", index=False)
    found = look(tmp_path / "total.csv")
    assert not found.questions
    assert "must have a time, but row 91" in found.notes[-1]
    units = pd.DataFrame([["yyyy-mm-dd", "EUR"]], columns=["day", "sold"])
    pd.concat([units, frame]).to_csv(tmp_path / "units.csv", index=False)
    assert "'sold' would be numbers, but row 1 has 'EUR' (1 of 91 rows looked at)" in (
        look(tmp_path / "units.csv").notes
    )


def test_words_alone_beside_a_class_and_two_languages_in_a_table_are_asked_about(
    tmp_path: Path,
) -> None:
    words = pd.DataFrame({"surname": [f"Kim{n}" for n in range(40)], "of": ["ko", "cs"] * 20})
    words.to_csv(tmp_path / "names.csv", index=False)
    command = look(tmp_path / "names.csv").questions[0].command
    assert command.endswith("--text surname --label of")
    said = pd.DataFrame({"en": [f"I am {n}." for n in range(40)]})
    said.assign(ko=[f"나는 {n} 이다" for n in range(40)]).to_csv(tmp_path / "p.csv", index=False)
    assert "train translation" in look(tmp_path / "p.csv").questions[0].command


def test_who_wrote_a_text_is_asked_after_what_it_says(tmp_path: Path) -> None:
    body = [f"text {n} of what there is" for n in range(60)]
    frame = pd.DataFrame({"body": body, "user": ["u1", "u2", "u3"] * 20, "stars": [1, 2] * 30})
    frame.to_csv(tmp_path / "t.csv", index=False)
    asked = [question.command for question in look(tmp_path / "t.csv").questions]
    assert "--label stars" in asked[0]
    assert any("--label user" in command for command in asked)


def test_percents_are_numbers(tmp_path: Path) -> None:
    series().assign(sold=[f"{n % 7 + n / 100:.2f}%" for n in range(90)]).to_csv(
        tmp_path / "rates.csv", index=False
    )
    assert look(tmp_path / "rates.csv").questions[0].command.endswith("--target sold")


def test_a_file_with_nothing_to_ask_says_so(tmp_path: Path) -> None:
    pd.DataFrame({"a": ["x"] * 5, "b": ["y"] * 5}).to_csv(tmp_path / "flat.csv", index=False)
    assert look(tmp_path / "flat.csv").questions == ()
    done = CliRunner().invoke(app, ["look", str(tmp_path / "flat.csv")])
    assert done.exit_code == 0
    assert "No question that Recurra asks fits this file." in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("moves.ts", "@problemName moves\n1,2,3:a\n4,5,6:b\n", "must have a line @data"),
        ("tags.conll", "EU NNP B-ORG\ngo VBZ\n\n" * 9, "line 2 of tags.conll has 2"),
        ("tags.conllu", "1\tEU\t_\tPROPN\n\n" * 9, "line 1 of tags.conllu has 4"),
    ],
)
def test_what_is_in_the_way_of_a_file_named_by_its_ending_is_said(
    tmp_path: Path, name: str, content: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(content)
    found = look(name)
    assert found.questions == ()
    assert says in " ".join(found.notes)


def test_a_numpy_file_without_classes_says_what_is_missing(tmp_path: Path) -> None:
    numbers = RNG.normal(size=(20, 6, 1))
    np.savez(tmp_path / "two.npz", X=numbers, Z=numbers)
    assert "every sequence must have a class" in " ".join(look(tmp_path / "two.npz").notes)


def test_a_database_is_named_for_what_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "log.db")) as opened:
        opened.execute("create table rows (body text)")
        opened.commit()
    with pytest.raises(DataError, match="is an SQLite database. Save one table of it as CSV"):
        look(tmp_path / "log.db")


@pytest.mark.parametrize(
    ("name", "content", "command"),
    [
        ("lines.txt", "Kim\nLee\nPark\n" * 9, "train generation"),
        ("pairs.txt", "Go now.\t지금 가.\nHi all.\t모두 안녕.\n" * 9, "train translation"),
        ("tags.conllu", DOGS * 9, "train tagging"),
        ("names.txt", "Kim NNP B-PER\nate VBD O\n\n" * 9, "train tagging {file}"),
        ("names.csv", "sentence,word,tag\n1,Kim,B-PER\n1,ate,O\n2,we,O\n2,go,O\n", "train tagging"),
        (
            "names.jsonl",
            '{"tokens": ["Kim", "ate"], "ner_tags": ["B-P", "O"]}\n' * 9,
            "train tagging",
        ),
        (
            "pos.jsonl",
            '{"tokens": ["Kim"], "ner": ["O"], "pos": ["N"]}\n' * 2
            + '{"tokens": ["go", "I"], "ner": ["O", "B-P"], "pos": ["V", "N"]}\n' * 2,
            "--tags pos",
        ),
    ],
)
def test_files_that_are_no_tables_have_their_question(
    name: str, content: str, command: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    command = command.format(file=tmp_path / name)
    assert any(command in question.command for question in look(tmp_path / name).questions)


def test_prices_are_known_by_their_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(1.0, index=range(30), columns=["Open", "High", "Low", "Close"])
    frame.insert(0, "Date", pd.date_range("2024-01-01", periods=30).strftime("%Y-%m-%d"))
    frame.to_csv(tmp_path / "MSFT.csv", index=False)
    first, second, *_ = look(tmp_path / "MSFT.csv").questions
    assert first.command == f"recurra market check MSFT --source {tmp_path}"
    assert second.command == f"recurra train stock-rise MSFT --source {tmp_path}"


@pytest.mark.parametrize("name", ["", "absent.csv"])
def test_what_is_no_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError):
        look(tmp_path / name)


def test_it_prints_json_for_programs() -> None:
    done = CliRunner().invoke(app, ["look", str(sample_path()), "--json"])
    found = json.loads(done.stdout)
    assert found["questions"][0]["asks"] == "What class is a text of?"
    assert found["rows"] == len(pd.read_csv(sample_path(), sep="\t", quoting=3))


def test_of_very_many_columns_a_bounded_number_is_tried_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame(RNG.integers(0, 6, (40, 2000)), columns=[f"c{n}" for n in range(2000)])
    frame = frame.assign(kind=["a", "b"] * 20).rename(columns={"c1000": "target"})
    frame.to_csv(tmp_path / "wide.csv", index=False)
    series, sequences = (Mock(wraps=reader) for reader in (looking.series_in, looking.sequences_in))
    monkeypatch.setattr(looking, "series_in", series)
    monkeypatch.setattr(looking, "sequences_in", sequences)
    found = look(tmp_path / "wide.csv")
    assert series.call_count == 4
    assert sequences.call_count < 50
    assert found.notes == [
        "Of 2,001 columns, 4 are tried for each role in a question. "
        "Others can be named in a command."
    ]
    asked = [question.command for question in found.questions]
    assert any("--target target" in command for command in asked)
    assert any("--label kind" in command for command in asked)


def test_of_a_few_columns_all_are_tried(tmp_path: Path) -> None:
    STEPS.to_csv(tmp_path / "few.csv", index=False)
    found = look(tmp_path / "few.csv")
    assert found.notes == []
    assert sum("--target" in question.command for question in found.questions) == 12


def test_more_columns_than_are_shown_are_counted(tmp_path: Path) -> None:
    pd.DataFrame(RNG.normal(size=(4, 300)).round(2)).to_csv(tmp_path / "wide.csv", index=False)
    done = CliRunner().invoke(app, ["look", str(tmp_path / "wide.csv")])
    assert "and 100 more columns" in done.stdout


def test_why_a_long_table_is_no_sequences_is_said(tmp_path: Path) -> None:
    rows = [
        (who, step, step * who % 7 + 0.5, "ab"[who % 2]) for who in range(12) for step in range(9)
    ]
    table = pd.DataFrame(rows, columns=["who", "time", "x", "kind"])
    said = "'0' of .* has '4' twice"
    for frame, expected in ((table, False), (pd.concat([table, table.iloc[[4]]]), True)):
        frame.to_csv(tmp_path / "l.csv", index=False)
        found = look(tmp_path / "l.csv")
        asked = [each.command.startswith("recurra train sequences") for each in found.questions]
        assert any(asked) != expected
        assert any(re.search(said, note) for note in found.notes) == expected


PACKED = {
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "PDF": lambda data: b"%PDF-1.7\n" + data,
    "pickle": lambda data: b"\x80\x04\x95" + data,
    "HDF5": lambda data: b"\x89HDF\r\n" + data,
}


@pytest.mark.parametrize("kind", PACKED)
def test_what_is_no_text_is_named_with_what_to_do(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(PACKED[kind](b"text,label\nhello,ham\n" * 40))
    with pytest.raises(DataError, match=f"is .*{kind}.*[.] (Unpack|Save|Copy)"):
        look(path)


def test_a_tar_archive_is_named_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\n")
    for mode, name in (("w", "a.tar"), ("w:gz", "a.tar.gz")):
        with tarfile.open(tmp_path / name, mode) as archive:  # type: ignore[call-overload]
            archive.add(tmp_path / "a.csv")
        with pytest.raises(DataError, match="is a tar archive. Unpack it"):
            look(tmp_path / name)


@pytest.mark.parametrize("more", ["", "x"])
def test_one_nul_makes_no_text_utf_16(more: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,label\n" + "hello there,ham\n" * 40 + f"a\0b{more},spam\n")
    with pytest.raises(DataError, match="holds 1, the first in line 42"):
        look(path)


def test_names_of_rows_and_their_order_are_not_what_is_asked_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps = [(k, t, rng.normal(), k * 1.5) for k in range(40) for t in range(20)]
    frame = pd.DataFrame(steps, columns=["unit_id", "t", "x", "rul"])
    frame.to_csv(tmp_path / "a.csv", index=False)
    asked = [question.command.split("a.csv")[1] for question in look(tmp_path / "a.csv").questions]
    assert asked[0] == " --id unit_id --time t --target rul --channels x"
    assert not any("--target unit_id" in each or "--target t" in each for each in asked)


def test_what_stays_for_a_whole_sequence_is_no_state(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [(k, t, rng.normal(), "ab"[k % 2]) for k in range(40) for t in range(30)]
    frame = pd.DataFrame(rows, columns=["id", "t", "x", "label"])
    frame.to_csv(tmp_path / "long.csv", index=False)
    assert "train states" not in str(look(tmp_path / "long.csv").questions)
    log = frame.drop(columns="id").assign(t=range(1200))
    log.to_csv(tmp_path / "log.csv", index=False)
    assert "train states" in str(look(tmp_path / "log.csv").questions)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["hello you there", "ham"]] * 20, "two classes or more, but 'label' holds 1: 'ham'"),
        (
            [[f"2024-01-{day:02}", "5"] for day in range(1, 30)],
            "5 different .* 'label' has 1",
        ),
        (
            [[f"2024-01-{day:02}", "1e308" if day == 5 else day * 7 % 9] for day in range(1, 30)],
            "within 1e.153 of 0, but 'label' .* has 1e.308",
        ),
    ],
)
def test_where_nothing_can_be_asked_it_is_said_why(
    rows: list[list[Any]], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(path, index=False)
    found = look(path)
    assert not found.questions
    assert re.search(said, " ".join(found.notes))
