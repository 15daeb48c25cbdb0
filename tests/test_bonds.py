"""Rows bound by a column, rows in time, and a file to test on: no side knows what it must not."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import Columns, open_lines, open_pairs, open_texts
from recurra.data.bonds import groups_in, times_in
from recurra.data.classed_lines import with_test_lines
from recurra.data.pairs import with_test_pairs
from recurra.data.sequences import Layout, read_sequences, with_test
from recurra.errors import DataError, LeakError, SettingsError
from recurra.judging import leaks
from recurra.judging.splits import Split, newest_part, walking_forward
from recurra.looking import look
from recurra.problems.lines import generation
from recurra.problems.splitting import split_lines, split_pairs, split_sequences, split_texts

WORDS = [
    "river",
    "stone",
    "candle",
    "window",
    "bridge",
    "garden",
    "music",
    "paper",
    "letter",
    "kitchen",
    "cloud",
]
QUICK = ["--model", "simple-rnn", "--epochs", "1"]


def posts(path: Path, rows: int = 200, authors: int = 20, **changed: Any) -> Path:
    """Posts of some authors, one a day; all authors say hello now and then."""
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(WORDS, 8)) + f" {'win' if n % 3 else 'see'}" for n in range(rows)]
    days = pd.date_range("2024-01-01", periods=rows).strftime("%Y-%m-%d")
    frame = pd.DataFrame(
        {
            "body": ["hello" if n % 7 == 0 else text for n, text in enumerate(texts)],
            "label": ["spam" if n % 3 else "ham" for n in range(rows)],
            "author": [f"author {n % authors}" for n in range(rows)],
            "day": days,
        }
    )
    frame.assign(**changed).to_csv(path, index=False)
    return path


def opened(path: Path, test: Path | None = None, **columns: str) -> Any:
    return open_texts(str(path), columns=Columns("body", "label", **columns), test=test)


# ---- groups


@pytest.mark.parametrize("folds", [None, 4])
def test_an_author_never_stands_on_two_sides(tmp_path: Path, folds: int | None) -> None:
    split = split_texts(opened(posts(tmp_path / "p.csv"), group="author"), folds=folds)
    authors = split.rows.groups
    for fold in split.folds:
        assert not set(authors[fold.known]) & set(authors[fold.held])
        for train, validation in fold.sides:
            assert not set(authors[fold.known[train]]) & set(authors[fold.known[validation]])


@pytest.mark.parametrize("time", [False, True])
@pytest.mark.parametrize("folds", [None, 2])
def test_what_validates_is_by_nobody_that_trained_and_in_no_copy(
    tmp_path: Path, folds: int | None, time: bool
) -> None:
    authors = [f"author {n // 4 + 10 * (n % 2)}" for n in range(200)]  # each writes for some days
    columns = {"group": "author", **({"time": "day"} if time else {})}
    path = posts(tmp_path / "p.csv", author=authors)
    split = split_texts(opened(path, **columns), folds=folds)
    bound = [split.rows.groups] if time else [split.rows.groups, split.copies.groups]
    for fold in split.folds:
        for train, validation in fold.sides:
            assert len(train)
            for numbers in bound:
                shared = set(numbers[fold.known[train]]) & set(numbers[fold.known[validation]])
                assert not shared


def test_a_copy_by_another_author_is_left_out_of_training_and_said(tmp_path: Path) -> None:
    split = split_texts(opened(posts(tmp_path / "p.csv"), group="author"))
    (fold,) = split.folds
    copies, texts = split.copies.groups, split.rows.texts
    assert "hello" in texts[fold.held]
    assert not np.isin(copies[fold.known], copies[fold.held]).any()
    for train, validation in fold.sides:
        both = np.isin(copies[fold.known[train]], copies[fold.known[validation]])
        assert not both.any()
    assert fold.purged == 200 - len(fold.known) - len(fold.held) > 0
    assert f"{fold.purged} rows have a copy on the other side" in " ".join(split.notes)


def test_authors_are_one_piece_of_evidence_with_those_who_share_a_long_text(tmp_path: Path) -> None:
    path = posts(tmp_path / "p.csv")
    frame = pd.read_csv(path)
    frame.loc[[1, 2], "body"] = "the very same long text, written by two of them"
    frame.to_csv(path, index=False)
    split = split_texts(opened(path, group="author"))
    pieces, authors = split.pieces, split.rows.groups
    assert len(np.unique(pieces)) == 19  # of 20 authors; hello, which all say, ties none
    assert len(np.unique(pieces[np.isin(authors, ["author 1", "author 2"])])) == 1


def test_a_row_without_an_author_stands_for_itself() -> None:
    groups, notes = groups_in(pd.Series(["ann", "", " ", "ann"], name="author"))
    assert len(set(groups)) == 3
    assert notes == ["2 rows have no 'author': each stands for itself"]


# ---- times


@given(st.lists(st.integers(0, 30), min_size=2, max_size=60), st.floats(0.05, 0.9))
def test_a_cut_falls_between_two_times(times: list[int], share: float) -> None:
    when = np.array(times, np.float64)
    if len(set(times)) == 1:
        with pytest.raises(DataError, match="1 different time,"):
            newest_part(when, share)
        return
    try:
        past, newest = newest_part(when, share)
    except DataError:
        return
    assert when[past].max() < when[newest].min()
    assert len(past) + len(newest) == len(times)


def test_comparing_walks_forward(tmp_path: Path) -> None:
    split = split_texts(opened(posts(tmp_path / "p.csv"), time="day"), folds=4)
    days = split.rows.times.begins
    ends = [days[fold.held].max() for fold in split.folds]
    assert ends == sorted(ends)
    for fold in split.folds:
        (side,) = fold.sides
        train, validation = (fold.known[part] for part in side)
        assert days[train].max() < days[validation].min()
        assert days[fold.known].max() < days[fold.held].min()
    assert "held rows begin with 2024-04-30, 2024-05-20" in " ".join(split.notes)
    held = np.concatenate([fold.held for fold in split.folds])
    assert len(held) == len(np.unique(held)) == 80


def test_authors_and_time_together_leave_the_authors_of_the_newest_out(tmp_path: Path) -> None:
    path = posts(tmp_path / "p.csv", author=[f"a{n // 12 + n % 3}" for n in range(200)])
    split = split_texts(opened(path, group="author", time="day"))
    (fold,) = split.folds
    assert not set(split.rows.groups[fold.known]) & set(split.rows.groups[fold.held])
    assert fold.purged > 0
    assert "left out of training" in " ".join(split.notes)


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["2024-03-01 10:00", "2024-03-01 09:00", "2024-03-02 08:00"], "times"),
        (["20240301", "20240229", "20240302"], "times"),
        (["3", "1", "10"], "times"),
        ([f"2024-03-{day:02} 1{hour}:00" for day in range(1, 26) for hour in (5, 3)], "days"),
    ],
)
def test_days_and_times_are_told_apart(cells: list[str], unit: str) -> None:
    times, _ = times_in(pd.Series(cells, name="when"), "a test")
    assert times.unit == unit
    if unit == "times":
        assert times.begins.argsort().tolist() == [1, 0, 2]
    else:
        assert len(np.unique(times.begins)) == 25


def test_times_of_different_zones_are_put_in_one_order() -> None:
    cells = ["2024-03-01T10:00:00+09:00", "2024-03-01T02:00:00+00:00"]
    assert times_in(pd.Series(cells, name="when"), "a test")[0].begins.argsort().tolist() == [0, 1]


def test_the_probes_see_what_the_split_must_not_do() -> None:
    side = Split(np.array([0, 1]), np.array([2]), np.array([3]))
    shared = leaks.groups_on_both_sides(np.array([0, 1, 2, 0]), [side])
    assert (shared.passed, shared.size) == (False, 1)
    assert leaks.groups_on_both_sides(np.arange(4), [side]).passed
    when = np.array([0.0, 5.0, 1.0, 3.0])
    assert not leaks.future_in_training(when, when, [side]).passed
    assert leaks.future_in_training(np.arange(4.0), np.arange(4.0), [side]).passed
    same = np.array([0.0, 1.0, 2.0, 2.0])  # what ended when another began is not before it
    assert leaks.future_in_training(same, same, [side]).size == 1


def test_too_few_times_for_folds_are_told() -> None:
    with pytest.raises(DataError, match="or fewer --folds"):
        walking_forward(np.array([1.0, 1.0, 2.0, 2.0]), 3)


# ---- a file to test on


def test_a_file_to_test_on_is_held_out_and_its_copies_fail_the_probe(tmp_path: Path) -> None:
    learn, test = posts(tmp_path / "learn.csv"), posts(tmp_path / "test.csv", rows=60)
    out = tmp_path / "run"
    given = ["train", str(learn), "--text", "body", "--label", "label", "--test", str(test)]
    done = CliRunner().invoke(app, [*given, *QUICK, "--out", str(out)])
    assert done.exit_code == 0, done.output
    sides = pd.read_csv(out / "split.csv")
    assert set(sides[sides.side == "test"].id) == {f"{test}: {row}" for row in range(60)}
    said = " ".join(done.output.split())
    assert "LEAK rows in both sides: 60 of 60 test rows also stand" in said
    assert "the file to test on is held out" in (out / "report.json").read_text()


def test_folds_of_a_file_to_test_on_are_of_the_other_alone(tmp_path: Path) -> None:
    rows = opened(posts(tmp_path / "a.csv"), posts(tmp_path / "b.csv", rows=50))
    assert sum(len(fold.held) for fold in split_texts(rows, folds=3).folds) == 200


REFUSED = [
    ({"label": ["odd", "ham"] * 10}, {}, "has 'odd', which"),
    ({"label": ["spam"] * 20}, {}, "must hold both classes"),
    ({}, {"group": "author"}, "is in"),
    ({}, {"time": "day"}, "both say which rows to test on"),
]


@pytest.mark.parametrize(("changed", "columns", "says"), REFUSED)
def test_a_file_to_test_on_that_is_unlike_is_refused(
    tmp_path: Path, changed: dict[str, Any], columns: dict[str, str], says: str
) -> None:
    learn, test = posts(tmp_path / "a.csv"), posts(tmp_path / "b.csv", rows=20, **changed)
    with pytest.raises((DataError, LeakError, SettingsError), match=says):
        opened(learn, test, **columns)


def test_a_file_to_test_on_without_the_column_is_refused_by_the_command(tmp_path: Path) -> None:
    learn, test = posts(tmp_path / "a.csv"), tmp_path / "b.csv"
    pd.read_csv(learn).rename(columns={"body": "words"}).to_csv(test, index=False)
    given = ["train", str(learn), "--text", "body", "--label", "label", "--test", str(test)]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert "has no 'body' (text). Its columns are: words" in " ".join(done.output.split())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--group", "label"], "must name another column than the label"),
        (["--group", "nobody"], "there is no 'nobody'"),
        (["--time", "author"], "must hold numbers or dates"),
        (["--group", "few"], "5 different values or more, so that some can be held out"),
        (["--time", "one"], "of 1 different time, too few to cut between"),
        (["--time", "sorted"], "every side must hold both classes"),
    ],
)
def test_what_cannot_be_split_is_one_line(tmp_path: Path, options: list[str], says: str) -> None:
    when = [n if n % 3 else 1000 + n for n in range(200)]
    path = posts(tmp_path / "p.csv", few=["a", "b"] * 100, one=1, sorted=when)
    given = ["train", str(path), "--text", "body", "--label", "label", *options]
    done = CliRunner().invoke(app, [*given, "--out", str(tmp_path / "run")])
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())
    assert not (tmp_path / "run").exists()


def test_the_lecture_has_a_split_of_its_own() -> None:
    given = ["train", "spam", "--sample", "--protocol", "lecture", "--group", "author"]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert "has a split of its own" in " ".join(done.output.split())


def test_a_search_takes_them_too(tmp_path: Path) -> None:
    given = ["search", str(posts(tmp_path / "p.csv")), "--text", "body", "--label", "label"]
    done = CliRunner().invoke(app, [*given, "--group", "nobody"])
    if "optuna" in done.output:
        pytest.skip("the extra `search` is absent")
    assert done.exit_code == 2
    assert "there is no 'nobody'" in done.output


# ---- lines and pairs


def test_a_file_of_lines_to_test_on_is_held_out(tmp_path: Path) -> None:
    lines = [f"{word}{n}" for n, word in enumerate(WORDS * 4)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    (tmp_path / "b.txt").write_text("new one\nnew two\n" + lines[0])
    rows = with_test_lines(open_lines(str(tmp_path / "a.txt")), open_lines(str(tmp_path / "b.txt")))
    problem = generation(rows)
    assert problem.folds[0].held.tolist() == [len(lines), len(lines) + 1, len(lines) + 2]
    assert problem.split == "the file to test on is held out"
    assert problem.groups[0] == problem.groups[-1]  # the probe will say so
    with pytest.raises(SettingsError, match="folds are of one file"):
        split_lines(rows, folds=2)
    for place in ("one", "other"):
        (tmp_path / place).mkdir()
        (tmp_path / place / f"{place}.txt").write_text("\n".join(lines))
    folders = [open_lines(str(tmp_path / place)) for place in ("one", "other")]
    with pytest.raises(DataError, match="has 'other', which .* has not: it has 'one'"):
        with_test_lines(*folders)


def test_a_file_of_pairs_to_test_on_is_held_out(tmp_path: Path) -> None:
    pairs = [(f"{a} {b}", f"{b} {a}") for a in WORDS for b in WORDS if a != b]
    for name, some in (("a.txt", pairs[:60]), ("b.txt", pairs[60:])):
        (tmp_path / name).write_text("".join(f"{one}\t{other}\n" for one, other in some))
    known, test = (open_pairs(str(tmp_path / name)) for name in ("a.txt", "b.txt"))
    split = split_pairs(with_test_pairs(known, test))
    assert split.folds[0].held.tolist() == list(range(60, len(pairs)))
    given = ["train", "translation", "--sample", "--test", str(tmp_path / "b.txt")]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert "--sample goes without a file" in done.output


# ---- sequences


def steps(path: Path, sequences: int = 40) -> Path:
    """A row a step: the sequences begin a day after each other and last three."""
    rows = [
        (n, f"2024-01-{1 + n % 20 + k:02}", n % 20 + k, "up" if n % 2 else "down", f"p{n % 8}")
        for n in range(sequences)
        for k in range(3)
    ]
    columns = ["id", "day", "x", "class", "person"]
    pd.DataFrame(rows, columns=columns).assign(x=lambda f: f.x + f.id / 100).to_csv(
        path, index=False
    )
    return path


def test_the_newest_sequences_judge_and_none_to_learn_from_reaches_into_them(
    tmp_path: Path,
) -> None:
    layout = Layout(id="id", time="day", label="class", channels=("x",), newest=True)
    split = split_sequences(read_sequences(steps(tmp_path / "s.csv"), layout))
    times, (fold,) = split.rows.times, split.folds
    assert times.ends[fold.known].max() < times.begins[fold.held].min()
    assert fold.purged == 40 - len(fold.known) - len(fold.held) > 0
    assert split.kind.startswith("by time, the past teaches")


def test_without_newest_time_only_orders_the_rows_of_a_sequence(tmp_path: Path) -> None:
    layout = Layout(id="id", time="day", label="class", channels=("x",))
    assert read_sequences(steps(tmp_path / "s.csv"), layout).times is None


def test_rows_that_are_sequences_are_split_by_their_time(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 8)), columns=[f"x{k}" for k in range(8)])
    frame = frame.assign(label=["a", "b"] * 20, when=np.arange(40)[::-1])
    frame.to_csv(path, index=False)
    split = split_sequences(read_sequences(path, Layout(label="label", time="when")))
    assert sorted(split.folds[0].held.tolist()) == list(range(8))
    with pytest.raises(SettingsError, match="both say which rows to test on"):
        with_test(split.rows, split.rows)


# ---- what can be asked


def test_look_names_the_columns_that_bind_rows_or_tell_their_time(tmp_path: Path) -> None:
    found = look(posts(tmp_path / "p.csv"))
    commands = [question.command for question in found.questions[:3]]
    assert commands[0].endswith("--text body --label label")
    assert commands[1].endswith("--group author")
    assert commands[2].endswith("--time day")
