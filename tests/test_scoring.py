"""`recurra score`: every row and column of a file, and what a saved model says beside them."""

import csv
import errno
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import scoring
from recurra.bundle import read_bundle, write_bundle
from recurra.data import pieces
from recurra.data.pieces import read_pieces
from recurra.data.readers import read_table
from recurra.errors import DataError, RunError, SettingsError
from recurra.problems.saved.texts import texts_model
from recurra.scoring import score

ROWS = [
    ("7", "win a prize now", "a"),
    ("3", "", "b"),
    ("5", "점심 먹자, 응", 'say "no"'),
    ("1", "two, or three", ""),
    ("9", "lunch today", "x,y"),
]
NAMES = ["id", "message", "note"]


def as_csv(rows: Any = ROWS, separator: str = ",") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=separator).writerows([NAMES, *rows])
    return text.getvalue()


def as_lines(rows: Any = ROWS) -> str:
    return "".join(json.dumps(dict(zip(NAMES, row, strict=True))) + "\n" for row in rows)


def as_parquet(path: Path, rows: Any = ROWS) -> Path:
    columns: list[Any] = list(zip(*rows, strict=True))
    columns[0] = [int(each) for each in columns[0]]
    pyarrow.parquet.write_table(pa.table(columns, names=NAMES), path)
    return path


BYTES: dict[str, bytes] = {
    "big.csv": as_csv().encode(),
    "tabs.csv": as_csv(separator="\t").encode(),
    "semicolons.csv": as_csv(separator=";").encode(),
    "marked.csv": as_csv().encode("utf-8-sig"),
    "korean.csv": as_csv().encode("cp949"),
    "wide.csv": as_csv().encode("utf-16"),
    "returns.csv": as_csv().replace("\r\n", "\r").encode(),
    "packed.csv.gz": gzip.compress(as_csv().encode()),
    "lines.jsonl": as_lines().encode(),
}


def made(folder: Path, name: str = "big.csv") -> Path:
    """Write the rows one way."""
    if name == "big.parquet":
        return as_parquet(folder / name)
    (folder / name).write_bytes(BYTES[name])
    return folder / name


def rows_of(path: Path) -> list[dict[str, Any]]:
    """Read what was written, whichever way, all cells as text."""
    if path.suffix == ".parquet":
        found = pyarrow.parquet.read_table(path).to_pylist()
    elif path.suffix == ".jsonl":
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    else:
        separator = "," if path.suffix == ".csv" else "\t"
        with path.open(newline="", encoding="utf-8") as file:
            found = list(csv.DictReader(file, delimiter=separator))
    return [{k: "" if v is None else str(v) for k, v in row.items()} for row in found]


@pytest.mark.parametrize("ending", scoring.ENDINGS)
@pytest.mark.parametrize("name", [*BYTES, "big.parquet"])
def test_every_row_and_column_stays_in_order_with_what_predict_says(
    finished: Path, tmp_path: Path, name: str, ending: str
) -> None:
    source = made(tmp_path, name)
    done = score(finished, source, tmp_path / f"out{ending}")
    found = rows_of(tmp_path / f"out{ending}")
    assert (done.rows, done.refused, done.kept) == (5, 1, 0)
    assert [tuple(row[name] for name in NAMES) for row in found] == ROWS
    told = texts_model(finished).answer([text for _, text, _ in ROWS])
    for row, answer in zip(found, told, strict=True):
        assert row["predicted"] == (answer["label"] or "")
        if answer["label"] is None:
            assert (row["problem"], row["probability ham"]) == ("message is empty", "")
            continue
        assert row["problem"] == ""
        assert float(row["probability spam"]) == answer["score"]
        assert float(row["probability ham"]) == pytest.approx(1 - answer["score"])


def test_the_types_of_parquet_stay(finished: Path, tmp_path: Path) -> None:
    when = pa.array([1, None, 3], pa.timestamp("us", "Asia/Seoul"))
    lists = pa.array([[1], [], None], pa.list_(pa.int8()))
    table = pa.table({"text": ["a", "b", "c"], "when": when, "lists": lists})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    score(finished, tmp_path / "in.parquet", tmp_path / "out.parquet")
    found = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert found.select(table.column_names).equals(table)
    score(finished, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [row["lists"] for row in rows_of(tmp_path / "out.csv")] == ["[1]", "[]", "null"]


def test_rows_that_are_no_rows_stay_with_the_reason(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "lines.jsonl").write_text(
        '{"message": "win"}\nnothing\n[1]\n{"message": 5, "more": 1}\n'
        '{"message": {"a": "win"}}\n{"message": ["win", "now"]}\n'
    )
    done = score(finished, tmp_path / "lines.jsonl", tmp_path / "out.jsonl")
    found = rows_of(tmp_path / "out.jsonl")
    assert done.refused == 4
    assert [row["problem"] for row in found] == [
        "",
        "it must be a JSON object, but it cannot be read (Expecting value: line 1 column 1 "
        "(char 0)): nothing",
        "it must be a JSON object, but it is: [1]",
        "",
        "message is an object, and not one text",
        "message is a list, and not one text",
    ]
    texts = [row.get("message") for row in found]
    assert texts[:4] == ["win", None, None, "5"]
    (tmp_path / "long.csv").write_text("id,message\n1,win\n2,win,now,5\n3\n")
    score(finished, tmp_path / "long.csv", tmp_path / "out.csv")
    found = rows_of(tmp_path / "out.csv")
    assert [row["problem"] for row in found] == [
        "",
        "4 cells where 2 are expected; left over: ['now', '5']",
        "message is empty",
    ]


def test_bytes_that_are_no_text_far_from_the_beginning_are_said_of_their_row(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "BEGINNING", 64)
    rows = "".join(f"{n},lunch at {n}\n" for n in range(100))
    early = "id,message\n0,점심\n".encode()
    (tmp_path / "late.csv").write_bytes(early + rows.encode() + b"100,caf\xe9\n")
    done = score(finished, tmp_path / "late.csv", tmp_path / "out.csv")
    found = rows_of(tmp_path / "out.csv")
    assert (done.rows, done.refused) == (102, 1)
    assert found[-1]["problem"] == pieces.NO_TEXT
    assert (found[-1]["message"], found[-1]["predicted"]) == ("caf?", "")


def test_another_encoding_that_shows_late_stops_the_work(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "BEGINNING", 64)
    rows = "".join(f"{n},lunch at {n}\n" for n in range(100)) + "100,점심\n"
    (tmp_path / "late.csv").write_bytes(b"id,message\n" + rows.encode("cp949"))
    with pytest.raises(DataError, match="another encoding than UTF-8, as line 102 shows"):
        score(finished, tmp_path / "late.csv", tmp_path / "out.csv")
    done = score(
        finished, tmp_path / "late.csv", tmp_path / "out.csv", encoding="cp949", overwrite=True
    )
    assert (done.rows, rows_of(tmp_path / "out.csv")[-1]["message"]) == (101, "점심")


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be", "utf-16"])
def test_no_character_is_cut_where_the_beginning_ends(
    order: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "id,message\n" + "".join(f"{n},점심 at {n}\n" for n in range(100))
    (tmp_path / "wide.csv").write_bytes(rows.encode(order))
    for size in range(200, 216):
        monkeypatch.setattr(pieces, "BEGINNING", size)
        with read_pieces(tmp_path / "wide.csv") as found:
            texts = [text for piece in found for text in piece.rows["message"].to_pylist()]
        assert texts == [f"점심 at {n}" for n in range(100)]


def test_a_file_without_a_header_loses_no_row(finished: Path, tmp_path: Path) -> None:
    run = taught(finished, tmp_path, "message")
    (tmp_path / "bare.csv").write_text("1,win a prize now\n2,see you at lunch\n")
    with pytest.raises(DataError, match="say --no-header"):
        score(run, tmp_path / "bare.csv", tmp_path / "out.csv")
    done = score(run, tmp_path / "bare.csv", tmp_path / "out.csv", text="column 2", header=False)
    assert (done.rows, rows_of(tmp_path / "out.csv")[0]["column 2"]) == (2, "win a prize now")


def test_a_model_of_a_file_without_a_header_finds_the_only_texts_of_a_named_table(
    finished: Path, tmp_path: Path
) -> None:
    run = taught(finished, tmp_path, "column 2")
    (tmp_path / "named.csv").write_text("id,body,more\n1,win a prize now,x\n2,see you later,y\n")
    done = score(run, tmp_path / "named.csv", tmp_path / "out.csv")
    assert done.rows == 2
    assert "text column guessed: 'body'" in done.notes
    (tmp_path / "two.csv").write_text("one,other\nwin a prize now,see you\nsee you,win now\n")
    with pytest.raises(DataError, match="2 columns look like text"):
        score(run, tmp_path / "two.csv", tmp_path / "out.csv", overwrite=True)


def test_feather_is_scored_as_parquet_is(finished: Path, tmp_path: Path) -> None:
    kinds = pd.Categorical(["x", None, "y"])
    frame = pd.DataFrame({"text": ["win a prize", "see you", None], "n": [1, 2, 3], "kind": kinds})
    frame.to_feather(tmp_path / "a.feather")
    frame.to_parquet(tmp_path / "a.parquet")
    for name in ("a.feather", "a.parquet"):
        score(finished, tmp_path / name, tmp_path / f"{name}.csv")
    scored = (tmp_path / "a.feather.csv").read_bytes()
    assert scored == (tmp_path / "a.parquet.csv").read_bytes()
    (tmp_path / "cut.feather").write_bytes((tmp_path / "a.feather").read_bytes()[:-9])
    with pytest.raises(DataError, match="a Feather file must be whole"):
        score(finished, tmp_path / "cut.feather", tmp_path / "out.csv")


def test_a_json_list_is_scored_as_its_lines_are(finished: Path, tmp_path: Path) -> None:
    rows = [{"text": "win a prize", "n": 1}, {"text": "see you at lunch 점심", "more": True}]
    (tmp_path / "a.json").write_text(json.dumps(rows))
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    for name in ("a.json", "a.jsonl"):
        score(finished, tmp_path / name, tmp_path / f"{name}.csv")
    assert (tmp_path / "a.json.csv").read_bytes() == (tmp_path / "a.jsonl.csv").read_bytes()
    (tmp_path / "cut.json").write_text(json.dumps(rows)[:-5])
    with pytest.raises(DataError, match="a JSON file must be whole"):
        score(finished, tmp_path / "cut.json", tmp_path / "out.csv")


def taught(finished: Path, place: Path, column: str) -> Path:
    """Give a run whose model remembers the column of its texts."""
    shutil.copytree(finished, place / "run")
    bundle = read_bundle(place / "run/model")
    write_bundle(
        place / "run/model", replace(bundle, config={**bundle.config, "columns": {"text": column}})
    )
    return place / "run"


def test_an_empty_line_of_one_column_is_an_empty_text(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text('text\nwin a prize\n\n""\nhello\n')
    done = score(finished, tmp_path / "one.csv", tmp_path / "out.csv")
    assert (done.rows, done.refused) == (4, 2)
    assert [row["text"] for row in rows_of(tmp_path / "out.csv")] == [
        "win a prize",
        "",
        "",
        "hello",
    ]


def test_json_lines_keep_their_values_in_json_lines(finished: Path, tmp_path: Path) -> None:
    lines = [{"id": 1, "t": True, "n": {"k": "한", "l": [1.5]}, "text": "win"} for _ in range(1001)]
    lines.append({"text": "see you at lunch", "new": 7})
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = score(finished, tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert done.refused == 0
    assert [
        {name: row[name] for name in line} for row, line in zip(found, lines, strict=True)
    ] == lines
    score(finished, tmp_path / "in.jsonl", tmp_path / "out.csv")
    last = rows_of(tmp_path / "out.csv")[-1]
    assert (last["problem"], last["predicted"] != "") == ('more names: {"new": 7}', True)
    assert rows_of(tmp_path / "out.csv")[0]["n"] == '{"k": "한", "l": [1.5]}'


def test_types_that_cannot_be_written_are_told_before_anything_is(
    finished: Path, tmp_path: Path
) -> None:
    table = pa.table({"text": ["a", "b"], "raw": [b"\xff", b"x"], "x": [float("nan"), 1.0]})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(DataError, match="bytes cannot be written as text"):
        score(finished, tmp_path / "in.parquet", tmp_path / "out.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
    pyarrow.parquet.write_table(table.drop("raw"), tmp_path / "in.parquet")
    score(finished, tmp_path / "in.parquet", tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    assert json.loads(lines[0], parse_constant=pytest.fail)["x"] is None
    nested = pa.table({"text": [["win", "now"]]})
    pyarrow.parquet.write_table(nested, tmp_path / "in.parquet")
    with pytest.raises(DataError, match="must be one text"):
        score(finished, tmp_path / "in.parquet", tmp_path / "out.parquet")


def test_texts_as_bytes_are_the_texts(finished: Path, tmp_path: Path) -> None:
    for name, cells in (("bytes", [b"win a prize"]), ("texts", ["win a prize"])):
        pyarrow.parquet.write_table(pa.table({"text": cells}), tmp_path / f"{name}.parquet")
        score(finished, tmp_path / f"{name}.parquet", tmp_path / f"{name}-out.parquet")
    one, other = (rows_of(tmp_path / f"{name}-out.parquet") for name in ("bytes", "texts"))
    assert one[0]["probability spam"] == other[0]["probability spam"]


def test_places_that_cannot_be_written_are_told_at_once(finished: Path, tmp_path: Path) -> None:
    source = made(tmp_path)
    before = source.read_bytes()
    with pytest.raises(RunError, match="another file than the one that is read"):
        score(finished, source, source, overwrite=True)
    assert source.read_bytes() == before
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(RunError, match="is a folder"):
        score(finished, source, tmp_path / "folder.csv", overwrite=True)


@pytest.mark.parametrize("change", ["a part that was cut", "another encoding"])
def test_what_was_changed_meanwhile_is_not_joined(
    change: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS", 10)
    rows = [(str(n), f"win {n}", "x") for n in range(205)]
    source, whole, out = (tmp_path / name for name in ("in.csv", "whole.csv", "out.csv"))
    source.write_text(as_csv(rows))
    score(finished, source, whole)

    def kill(share: float | None, rows: int) -> None:
        if rows == 120:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(finished, source, out, watch=kill)
    if change == "another encoding":
        with pytest.raises(RunError, match="Give --overwrite"):
            score(finished, source, out, encoding="cp949")
        return
    second = sorted((tmp_path / ".out.csv.parts").glob("*.part"))[1]
    second.write_bytes(second.read_bytes()[:-5])
    assert score(finished, source, out).kept == 40
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("moment", ["write_atomically", "bring_to_disk"])
def test_a_full_disk_is_told_by_the_file_that_was_asked_for_and_what_was_scored_stays(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(pieces, "ROWS", 10)
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(as_csv([(str(n), f"win {n}", "x") for n in range(90)]))
    write = getattr(scoring.parts, moment)

    def full(path: Path, *content: bytes) -> None:
        if "000001" in path.name or path.name == "whole":
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(path, *content)

    monkeypatch.setattr(scoring.parts, moment, full)
    with pytest.raises(OSError, match="No space left") as told:
        score(finished, source, out)
    assert told.value.filename == str(out)
    monkeypatch.setattr(scoring.parts, moment, write)
    done = score(finished, source, out)
    assert done.rows == 90
    assert done.kept > 0


def test_a_killed_command_goes_on_and_ends_with_the_same_bytes(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS", 10)
    rows = [(str(n), f"win {n}" if n % 7 else "", "x") for n in range(205)]
    source, whole = tmp_path / "in.csv", tmp_path / "whole.parquet"
    source.write_text(as_csv(rows))
    score(finished, source, whole)
    scored: list[int] = []

    def kill(share: float | None, rows: int) -> None:
        scored.append(rows)
        if rows in (80, 120):
            raise KeyboardInterrupt

    out = tmp_path / "out.parquet"
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            score(finished, source, out, watch=kill)
        assert not out.exists()
    done = score(finished, source, out, watch=kill)
    assert (done.rows, done.kept) == (205, 120)
    assert scored == [40, 80, 120, 160, 200, 205]  # nothing twice
    assert out.read_bytes() == whole.read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.csv", "out.parquet", "whole.parquet"]


def test_parts_of_other_work_are_not_gone_on_with(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "ROWS", 10)
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(as_csv([(str(n), "win", "") for n in range(99)]))

    def kill(share: float | None, rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(finished, source, out, watch=kill)
    source.write_text(as_csv([(str(n), "lunch", "") for n in range(98)]))
    with pytest.raises(RunError, match="of another file, or by another model"):
        score(finished, source, out)
    assert score(finished, source, out, overwrite=True).kept == 0
    assert {row["message"] for row in rows_of(out)} == {"lunch"}
    with pytest.raises(RunError, match="is there already"):
        score(finished, source, out)


def test_the_baseline_scores_alone_or_beside_the_network(finished: Path, tmp_path: Path) -> None:
    source = made(tmp_path)
    beside = json.loads((finished / "model/baseline/config.json").read_text())["name"]
    score(finished, source, tmp_path / "both.jsonl", rival=True)
    score(finished, source, tmp_path / "alone.jsonl", with_=beside)
    both, alone = rows_of(tmp_path / "both.jsonl"), rows_of(tmp_path / "alone.jsonl")
    for row, other in zip(both, alone, strict=True):
        assert row["rival predicted"] == other["predicted"]
        assert row["rival probability spam"] == other["probability spam"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", "", "holds none"),
        ("head.csv", "id,message\n", "holds none"),
        ("twice.csv", "a,a\n1,2\n", "has 'a' twice"),
        ("taken.csv", "message,predicted\nwin,1\n", "has 'predicted' already"),
        ("open.csv", 'message,x\n"win,1\n2,3\n"4,5\n', "must close with one"),
        ("none.jsonl", "[1]\n2\n", "must be one object"),
        ("broken.parquet", "PAR1broken", "must be whole"),
        ("two.csv", "alpha,beta\nwin,now\nlunch,home\n", "--text"),
    ],
)
def test_a_wrong_table_is_refused_in_one_line_and_leaves_nothing(
    finished: Path, tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said) as refused:
        score(finished, tmp_path / name, tmp_path / "out.csv")
    assert "\n" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_wrong_names_are_told(finished: Path, tmp_path: Path) -> None:
    source = made(tmp_path)
    with pytest.raises(SettingsError, match=r"ending of --out must be one of .csv"):
        score(finished, source, tmp_path / "out.xlsx")
    with pytest.raises(DataError, match="is not"):
        score(finished, tmp_path / "nothing.csv", tmp_path / "out.csv")
    with pytest.raises(SettingsError, match="--with must name"):
        score(finished, source, tmp_path / "out.csv", with_="nobody")


def test_standard_input_to_standard_output(finished: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recurra", "score", str(finished), "-", "--out", "-"]
    ran = subprocess.run(command, input=as_csv().encode(), capture_output=True, check=True)
    (tmp_path / "said.csv").write_bytes(ran.stdout)
    score(finished, made(tmp_path), tmp_path / "out.csv")
    assert ran.stdout == (tmp_path / "out.csv").read_bytes()
    assert b"5 rows in" in ran.stderr


def test_a_long_file_is_read_in_pieces_of_so_many_rows(tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("a,b\n" + "x,y\n" * 20_000)
    with read_pieces(tmp_path / "long.csv") as found:
        sizes = [(len(piece.wrong), piece.rows.nbytes) for piece in found]
    assert sum(rows for rows, _ in sizes) == 20_000
    assert max(rows for rows, _ in sizes) == pieces.ROWS
    assert max(size for _, size in sizes) < 1 << 20


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9)


@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=9),
            min_size=2,
            max_size=2,
        ),
        min_size=2,
        max_size=30,
    ),
    separator=st.sampled_from(",;"),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_read_in_pieces_is_what_is_read_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], separator: str, ends: str
) -> None:
    path = tmp_path_factory.mktemp("same") / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        made = csv.writer(file, delimiter=separator, lineterminator=ends, quoting=csv.QUOTE_ALL)
        made.writerows([["text", "label"], *rows])
    try:
        whole = read_table(path)
    except DataError as refused:
        with pytest.raises(DataError, match=re.escape(str(refused)[:40])):
            [*_read(path)]
        return
    found = [*_read(path)]
    assert found == whole.frame.astype(str).to_numpy().tolist()


def _read(path: Path) -> Any:
    with read_pieces(path) as found:
        for piece in found:
            yield from map(list, zip(*(c.to_pylist() for c in piece.rows.columns), strict=True))


def test_arff_is_scored(finished: Path, tmp_path: Path) -> None:
    head = "@relation r\n@attribute message {'win a prize',lunch}\n@attribute n numeric\n@data\n"
    (tmp_path / "a.arff").write_text(head + "'win a prize',1\nlunch,?\n?,2.5\n")
    assert score(finished, tmp_path / "a.arff", tmp_path / "out.csv").refused == 1
    found = rows_of(tmp_path / "out.csv")
    assert [(row["message"], row["n"]) for row in found] == [
        ("win a prize", "1"),
        ("lunch", ""),
        ("", "2.5"),
    ]
