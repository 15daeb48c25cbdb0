"""Numeric sequences from files: every form, and what is refused in one line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.data.sequences import (
    LabelledSequences,
    Layout,
    check_enough,
    label_sequences,
    read_sequences,
    sequences_of_frame,
    with_test,
)
from recurra.errors import DataError, LeakError, SettingsError

LONG = Layout(id="who", time="t", label="class")


def written(place: Path, name: str, text: str) -> Path:
    path = place / name
    path.write_text(text, "utf-8")
    return path


def steps_of(rows: LabelledSequences, row: int) -> list[list[float]]:
    found = rows.sequences.timesteps()
    return found[rows.sequences.offsets[row] : rows.sequences.offsets[row + 1]].tolist()


def test_the_long_form_is_put_in_order_of_time_and_lengths_may_differ(tmp_path: Path) -> None:
    text = "who,t,x,y,class\nb,2,4,40,no\na,1,1,10,yes\nb,1,3,30,no\na,0,0,0,yes\na,2,2,20,yes\n"
    rows = read_sequences(written(tmp_path, "long.csv", text), LONG)
    assert rows.ids.tolist() == ["b", "a"]
    assert rows.labels is not None
    assert rows.labels.tolist() == ["no", "yes"]
    assert rows.channels == ("x", "y")
    assert steps_of(rows, 0) == [[3, 30], [4, 40]]
    assert steps_of(rows, 1) == [[0, 0], [1, 10], [2, 20]]


def test_times_may_be_dates(tmp_path: Path) -> None:
    text = "who,t,x,class\na,2024-02-01,2,u\na,2024-01-31,1,u\nb,2024-01-01,5,v\n"
    rows = read_sequences(written(tmp_path, "long.csv", text), LONG)
    assert steps_of(rows, 0) == [[1], [2]]


def test_channels_that_are_named_leave_the_others_out(tmp_path: Path) -> None:
    text = "who,t,x,remark,class\na,1,1,odd,u\na,2,2,,u\nb,1,3,,v\n"
    layout = Layout(id="who", time="t", label="class", channels=("x",))
    assert read_sequences(written(tmp_path, "l.csv", text), layout).channels == ("x",)


def test_the_wide_form_is_a_sequence_a_row_and_ends_where_its_cells_do(tmp_path: Path) -> None:
    text = "s1,s2,s3,label\n1,2,3,u\n4,5,,v\n"
    rows = read_sequences(written(tmp_path, "wide.csv", text))
    assert steps_of(rows, 0) == [[1], [2], [3]]
    assert steps_of(rows, 1) == [[4], [5]]
    assert any("end earlier" in note for note in rows.notes)


def test_a_table_of_steps_is_not_taken_for_sequences_of_one_step(tmp_path: Path) -> None:
    path = written(tmp_path, "steps.csv", "x,label\n1,u\n2,v\n3,u\n")
    with pytest.raises(DataError, match="one step, 'x'. Where a row is a step, name"):
        read_sequences(path)


def test_parquet_and_a_data_frame_say_what_the_table_says(tmp_path: Path) -> None:
    frame = pd.DataFrame({"who": list("aab"), "t": [2, 1, 1], "x": [2.5, 1.5, 1e-30]})
    frame["class"] = ["u", "u", "v"]
    frame.to_parquet(tmp_path / "long.parquet")
    for rows in (read_sequences(tmp_path / "long.parquet", LONG), sequences_of_frame(frame, LONG)):
        assert steps_of(rows, 0) == [[1.5], [2.5]]
        assert steps_of(rows, 1) == [[1e-30]]


def test_a_ts_file_is_read_with_ragged_channels_and_without_classes(tmp_path: Path) -> None:
    head = "#a remark\n@problemName x\n@timeStamps false\n@classLabel true up down\n@data\n"
    path = written(tmp_path, "x_TRAIN.ts", head + "1,2:10,20:up\n3,?,5:30,40,50:down\n")
    rows = read_sequences(path)
    assert steps_of(rows, 0) == [[1, 10], [2, 20]]
    assert steps_of(rows, 1) == [[3, 30], [3, 40], [5, 50]]
    assert rows.names == ("down", "up")
    bare = written(tmp_path, "y.ts", "@problemName x\n@classLabel false\n@data\n1,2:10,20\n")
    assert steps_of(read_sequences(bare, Layout(labelled=False)), 0) == [[1, 10], [2, 20]]
    with pytest.raises(DataError, match="must have a class"):
        read_sequences(bare)


def test_numpy_files_hold_x_and_y_and_nothing_pickled(tmp_path: Path) -> None:
    X = np.arange(12.0).reshape(2, 3, 2)
    np.savez(tmp_path / "a.npz", X=X, y=np.array([1, 0]))
    rows = read_sequences(tmp_path / "a.npz")
    assert steps_of(rows, 1) == X[1].tolist()
    assert rows.names == ("0", "1")
    np.save(tmp_path / "a.npy", X)
    assert len(read_sequences(tmp_path / "a.npy", Layout(labelled=False))) == 2
    np.save(tmp_path / "bad.npy", np.array([{}], object), allow_pickle=True)
    with pytest.raises(DataError, match="must hold plain arrays"):
        read_sequences(tmp_path / "bad.npy")


@pytest.mark.parametrize("name", ["y", "groups"])
@pytest.mark.parametrize("shape", [(2, 2), ()])
def test_a_class_a_column_is_no_class_of_a_sequence(
    tmp_path: Path, name: str, shape: tuple[int, ...]
) -> None:
    arrays = {"X": np.zeros((2, 3)), "y": np.array([0, 1])} | {name: np.ones(shape)}
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=f"^{name} must be one thing a sequence.*argmax"):
        read_sequences(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", **arrays | {name: np.array([[1], [0]])[:, 0]})
    assert len(read_sequences(tmp_path / "a.npz")) == 2


def test_a_numpy_archive_of_nothing_holds_no_x(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz")
    with pytest.raises(DataError, match="must hold X, .* but .*a.npz holds nothing"):
        read_sequences(tmp_path / "a.npz")


def test_what_is_not_known_takes_the_value_before_it_and_that_is_said() -> None:
    nan = float("nan")
    rows = label_sequences([[[nan, 1], [2, nan], [float("inf"), 3]]], ["u"])
    assert steps_of(rows, 0) == [[2, 1], [2, 1], [2, 3]]
    assert rows.notes == [
        "3 missing values in 1 of 1 sequences: each takes the value of its channel a step before"
    ]


def test_the_file_to_test_on_is_the_published_side() -> None:
    known, test = label_sequences([[1.0], [2.0]], ["u", "v"]), label_sequences([[3.0]], ["u"])
    rows = with_test(known, test)
    assert rows.published_test is not None
    assert rows.published_test.tolist() == [False, False, True]
    assert steps_of(rows, 2) == [[3.0]]


def test_a_group_on_both_sides_a_new_class_and_other_channels_are_refused() -> None:
    known = label_sequences([[1.0], [2.0]], ["u", "v"], groups=["ann", "bob"])
    with pytest.raises(LeakError, match="'bob' is in"):
        with_test(known, label_sequences([[3.0]], ["u"], groups=["bob"]))
    with pytest.raises(DataError, match="has 'w'"):
        with_test(known, label_sequences([[3.0]], ["w"]))
    with pytest.raises(DataError, match="same channels"):
        with_test(known, label_sequences([[[3.0, 4.0]]], ["u"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who,t,x,class\na,1,1,u\na,1,2,u\nb,1,1,v\n", "'a' of .* has '1' twice"),
        ("who,t,x,class\na,1,1,u\na,2,2,v\n", "--label must be the same .* 'a' .* 'u' and 'v'"),
        ("who,t,x,class\na,1,1,u\na,2,two,u\n", "row 2 of .* has 'two' in 'x'"),
        ("who,t,x,class\na,one,1,u\nb,1,2,u\n", "--time must hold numbers or dates, but row 1"),
        ("who,t,x,class\na,1,,u\nb,1,2,v\n", "a of .* has a channel without any"),
        ("who,t,x,class\n,1,1,u\nb,1,2,v\n", "row 1 of .* has no 'who'"),
        ("who,t,x\na,1,1\nb,1,2\n", "--label must name a column"),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_no_sequences_is_refused_in_words(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_sequences(written(tmp_path, "bad.csv", text), LONG)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2:3,4:u\n1,2:v\n", "line 3 of .* has 2 and line 4 has 1"),
        ("1,2:3:u\n", "line 3 of .* has channels of 1, 2 steps"),
        ("1,b:u\n", "line 3 of .* has 'b'"),
        ("", "holds none"),
    ],
)
def test_a_damaged_ts_file_is_refused_with_its_line(
    tmp_path: Path, rows: str, message: str
) -> None:
    path = written(tmp_path, "bad.ts", f"@classLabel true u v\n@data\n{rows}")
    with pytest.raises(DataError, match=message):
        read_sequences(path)


CLASSED = "@classLabel true u v\n"


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        ("", "1,2:u\n", "must say whether its lines end in a class"),
        ("@classLabel u v\n", "1,2:u\n", "@classLabel must say true or false, but line 2 .*'u'"),
        (CLASSED, "1,2:u\n1,2:w\n", "one that line 2 lists .*line 5 of .* has 'w'"),
        (CLASSED, "1,2:\n", "line 4 of .* has ''"),
        (f"{CLASSED}@seriesLength 3\n", "1,2,3:u\n1,2:v\n", "3 steps, as line 3 .*line 6 .*has 2"),
        (f"{CLASSED}@equalLength true\n", "1,2:u\n1:v\n", "2 steps, as line 3 .*line 6 .*has 1"),
        (f"{CLASSED}@seriesLength many\n", "1:u\n", "how many, but line 3 of .* says 'many'"),
        (f"{CLASSED}@dimensions 2\n", "1,2:u\n", "line 3 says, 2, but line 5 of .* has 1"),
        (f"{CLASSED}@dimension 2\n", "1,2:u\n", "line 3 says, 2, but line 5 of .* has 1"),
        (f"{CLASSED}@univariate true\n", "1:2:u\n", "one channel, but line 5 of .* has 2"),
        (f"{CLASSED}@timeStamps true\n", "(0,1):u\n", "line 3 of .* says @timeStamps true"),
        (f"{CLASSED}@missing perhaps\n", "1,?:u\n", "@missing must say true or false, but line 3"),
    ],
)
def test_a_ts_file_must_be_as_its_header_says(
    tmp_path: Path, head: str, rows: str, message: str
) -> None:
    path = written(tmp_path, "x.ts", f"@problemName x\n{head}@data\n{rows}")
    with pytest.raises(DataError, match=message):
        read_sequences(path)


@pytest.mark.parametrize(
    ("head", "rows", "names"),
    [
        ("@classLabel true 1 2\n", "1:1.0\n2:2\n", ("1", "2")),
        ("@classLabel true\n", "1:u\n2:v\n", ("u", "v")),
        ("@classlabel TRUE go on stop\n", "1:go on\n2:stop\n", ("go on", "stop")),
        ("@CLASSLABEL\ttrue\tU u\n", "1:U\n2:u\n", ("U", "u")),
        (f"@equalLength false\n@seriesLength 3\n{CLASSED}", "1,2:u\n1:v\n", ("u", "v")),
        (f"@missing false\n{CLASSED}", "1,?:u\n1,NaN:v\n", ("u", "v")),
    ],
)
def test_what_a_header_may_say_in_several_ways_is_read(
    tmp_path: Path, head: str, rows: str, names: tuple[str, ...]
) -> None:
    # without @problemName, under any name: its first words say what it is
    path = written(tmp_path, "x.txt", f"# made by hand\n\n@univariate true\n{head}@data\n{rows}")
    assert read_sequences(path).names == names


def test_a_file_without_columns_takes_none(tmp_path: Path) -> None:
    path = written(tmp_path, "x.ts", "@classLabel true u v\n@data\n1,2:u\n")
    with pytest.raises(SettingsError, match="--id names a column"):
        read_sequences(path, Layout(id="who"))


def test_one_class_too_few_rows_and_a_class_of_one_are_refused() -> None:
    X = [[float(n)] for n in range(12)]
    with pytest.raises(DataError, match="all 12 to learn from are 'u'"):
        check_enough(label_sequences(X, ["u"] * 12))
    with pytest.raises(DataError, match="at least 10 sequences"):
        check_enough(label_sequences(X[:4], ["u", "v"] * 2))
    with pytest.raises(DataError, match="1 of 2 have fewer, such as 'v'"):
        check_enough(label_sequences(X, ["u"] * 11 + ["v"]))


def test_the_cell_that_is_no_time_is_named_and_not_the_numbers_around_it(tmp_path: Path) -> None:
    text = "who,t,x,kind\n" + "a,0,1,u\na,,2,u\nb,0,1,v\nb,1,2,v\n" * 4
    path = written(tmp_path, "a.csv", text)
    with pytest.raises(DataError, match="row 2 of .* has '' in 't'"):
        read_sequences(path, Layout(id="who", time="t", label="kind"))


@pytest.mark.parametrize("there", [True, False])
def test_what_bound_sequences_in_training_binds_those_that_are_judged(
    there: bool, tmp_path: Path
) -> None:
    rows = [f"s{n},{t},{n * t},{'uv'[n % 2]},p{n // 3}" for n in range(12) for t in range(4)]
    file = tmp_path / "moves.csv"
    file.write_text("\n".join([f"id,t,x,kind,{'who' if there else 'other'}", *rows]), "utf-8")
    taught = {"id": "id", "time": "t", "label": "kind", "group": "who", "channels": ["x"]}
    found = read_sequences(file, Layout(taught=taught))
    said = [note for note in found.notes if "'who'" in note]
    assert len(said) == 1
    assert ("as in training" in said[0]) == there
    assert (found.groups is not None) == there
    if found.groups is not None:
        assert len(set(found.groups.tolist())) == 4
    asked = read_sequences(file, Layout(taught=taught, labelled=False))
    assert not any("'who'" in note for note in asked.notes)


def test_arrays_of_a_numpy_file_that_are_not_read_are_said(tmp_path: Path) -> None:
    numbers, classes = np.zeros((20, 6, 1)), np.array(["a", "b"] * 10)
    np.savez(tmp_path / "more.npz", X=numbers, y=classes, weight=np.ones(20))
    notes = " ".join(read_sequences(tmp_path / "more.npz").notes)
    assert "more.npz only X, y and groups are read, not weight (20,)" in notes
    np.savez(tmp_path / "plain.npz", X=numbers, y=classes)
    assert "are read" not in " ".join(read_sequences(tmp_path / "plain.npz").notes)


@pytest.mark.parametrize("steps", [3, 50])
def test_channels_that_seem_to_stand_before_steps_are_said(steps: int, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(20, steps, 53 - steps))
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(20) % 2)
    notes = read_sequences(tmp_path / "a.npz").notes
    assert any("save X.transpose(0, 2, 1)" in note for note in notes) == (steps == 3)


def test_channels_that_a_saved_model_reads_and_a_file_lacks_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,t,x\n" + "".join(f"{k},{t},{t}\n" for k in range(3) for t in range(4)))
    taught = {"id": "id", "time": "t", "channels": ["x", "y"]}
    with pytest.raises(DataError, match="reads the channels 'x', 'y', but .* no 'y'.*: id, t, x"):
        read_sequences(path, Layout(labelled=False, taught=taught))
