"""What is planted is found, what is clean is left in peace, and nothing is trained for it."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import hypergeom
from typer.testing import CliRunner

import recurra
from recurra.auditing import Audit, audit_texts
from recurra.auditing.copies import copy_findings
from recurra.auditing.rows import AuditedTexts, Counted
from recurra.auditing.tells import said_by_values, told
from recurra.auditing.words import patterns_of
from recurra.cli import app
from recurra.data import open_texts
from recurra.errors import DataError, RunError
from recurra.pages.audit import render_audit

BENCH = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "leaks.py"))
PLANTED, CLEAN = BENCH["PLANTED"], BENCH["CLEAN"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    """Five hundred made-up texts of two classes, no two of them near."""
    made: pd.DataFrame = BENCH["made"](500, 0)
    return made


def audited(source: Any) -> Audit:
    found: Audit = BENCH["audited"](source)
    return found


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str, frame: pd.DataFrame) -> None:
    kind, plant = PLANTED[name]
    found = audited(plant(frame, np.random.default_rng(1)))
    assert BENCH["is_found"](found, kind), found.sentence
    leak = next(leak for leak in found.leaks if leak.kind.removesuffix(" across") == kind)
    assert 0 < leak.size <= leak.of
    assert leak.examples
    assert leak.advice


@pytest.mark.parametrize("name", CLEAN)
def test_no_leak_is_seen_where_there_is_none(name: str, frame: pd.DataFrame) -> None:
    found = audited(CLEAN[name](frame, np.random.default_rng(1)))
    assert found.clean, found.findings
    assert found.sentence == "No leak was found."


def numbers_below(rng: Any, most: int, rows: int) -> list[int]:
    return [int(number) for number in rng.integers(13, most, rows)]


CELLS: dict[str, tuple[str, str, Any]] = {
    "even ids": (
        "id",
        "target in an id",
        lambda a, r: [2 * n + k for n, k in zip(r.permutation(len(a)), a, strict=True)],
    ),
    "a point": (
        "amount",
        "target in how cells are written",
        lambda a, r: [
            f"{n}.0" if k else str(n) for n, k in zip(numbers_below(r, 500, len(a)), a, strict=True)
        ],
    ),
    "days in another form": (
        "sent",
        "target in how cells are written",
        lambda a, r: [
            f"2024-05-{n}" if k else f"{n}.05.2024"
            for n, k in zip(numbers_below(r, 29, len(a)), a, strict=True)
        ],
    ),
    "blanks behind": (
        "town",
        "target in how cells are written",
        lambda a, r: [
            f"town {n}" + " " * k for n, k in zip(numbers_below(r, 20, len(a)), a, strict=True)
        ],
    ),
    "mornings": (
        "seen",
        "target in another column",
        lambda a, r: [
            f"2024-05-{n} {9 if k else 15:02d}:{n}"
            for n, k in zip(numbers_below(r, 29, len(a)), a, strict=True)
        ],
    ),
}


@pytest.mark.parametrize("name", CELLS)
def test_how_a_cell_is_written_is_asked_and_is_clean_where_it_says_nothing(
    name: str, frame: pd.DataFrame
) -> None:
    column, kind, make = CELLS[name]
    rng, first = np.random.default_rng(2), (frame["label"] == "bad").to_numpy().astype(int)
    (leak,) = audited(frame.assign(**{column: make(first, rng)})).leaks
    assert leak.kind == kind
    assert repr(column) in leak.sentence
    assert audited(frame.assign(**{column: make(rng.permutation(first), rng)})).clean


def test_signs_and_sizes_of_numbers_are_no_form(frame: pd.DataFrame) -> None:
    rng, first = np.random.default_rng(2), (frame["label"] == "bad").to_numpy()
    change = np.where(first, 1, -1) * rng.lognormal(0, 2, len(frame)) * rng.choice([1, -1, 1], 500)
    assert audited(frame.assign(change=change.round(3), size=(100 * change).astype(int))).clean


def test_labels_drawn_by_coin_are_told_by_nothing() -> None:
    said = [finding for seed in range(12) for finding in audited(BENCH["by_coin"](seed)).findings]
    assert [
        finding for finding in said if "cop" not in finding.kind and finding.kind != "forms"
    ] == []


def test_a_word_in_most_texts_of_a_class_and_some_of_the_other_is_noted(
    frame: pd.DataFrame,
) -> None:
    rng, word = np.random.default_rng(0), BENCH["inserted"]("blorb")
    bad = (frame["label"] == "bad").to_numpy()
    chosen = rng.random(len(frame)) < np.where(bad, 0.6, 0.03)
    changed = [word(t) if c else t for t, c in zip(frame["text"], chosen, strict=True)]
    found = audited(frame.assign(text=changed))
    assert found.clean
    (noted,) = [finding for finding in found.findings if finding.kind == "a word that tells much"]
    assert noted.sentence.startswith("'blorb' stands in ")
    assert "of the texts of bad" in noted.sentence


def test_rows_sorted_by_class_are_noted(frame: pd.DataFrame) -> None:
    found = audited(frame.sort_values("label"))
    assert [finding.kind for finding in found.findings] == ["target in the order of rows"]
    assert found.clean


def test_how_much_a_thing_tells_is_percent_of_the_class_and_no_number_of_rows(
    frame: pd.DataFrame,
) -> None:
    first = np.where(np.arange(len(frame)) % 2 == 0, frame.label, "some")
    found = audited(frame.assign(text=pd.Series(first, frame.index) + " " + frame.text))
    (told,) = (each for each in found.findings if each.sentence.startswith("text: its first word"))
    assert (told.unit, told.of, told.about) == ("percent", 100, f"{told.size}% of the class")
    assert f"alone tells {told.about}" in told.sentence
    assert told.level == "note"
    assert told.advice.startswith("Look whether")
    assert told.about in render_audit(found)


def test_labels_that_contradict_each_other_are_counted(frame: pd.DataFrame) -> None:
    turned = frame.head(4).assign(
        label=["good" if x == "bad" else "bad" for x in frame["label"][:4]]
    )
    found = audited(pd.concat([frame, turned]))
    (said,) = [finding for finding in found.findings if finding.kind == "conflicting labels"]
    assert said.sentence.startswith("4 texts stand with more than one label, in 8 rows (4 of them")


def test_short_copies_across_are_told_but_are_no_leak(frame: pd.DataFrame) -> None:
    train, test = BENCH["halves"](frame, np.random.default_rng(0))
    short = pd.DataFrame({"text": ["very good", "so bad"], "label": ["good", "bad"]})
    found = audited((pd.concat([train, short]), pd.concat([test, short])))
    assert found.clean
    (said,) = [finding for finding in found.findings if finding.kind == "copies across"]
    assert "2 of them are short" in said.sentence


def test_other_shares_of_classes_on_the_sides_are_noted(frame: pd.DataFrame) -> None:
    train, test = BENCH["halves"](frame, np.random.default_rng(0))
    found = audited((train, test[(test["label"] == "bad") | (test.index % 4 == 0)]))
    assert [finding.kind for finding in found.findings] == ["other shares of classes"]


def test_days_held_out_at_the_end_are_clean(frame: pd.DataFrame) -> None:
    dated = PLANTED["days"][1](frame, np.random.default_rng(0)).sort_values("day")
    found = audited((dated.head(350), dated.tail(150)))
    assert "days on both sides" not in [finding.kind for finding in found.findings]


def test_three_classes_are_audited(frame: pd.DataFrame) -> None:
    third = np.arange(len(frame)) % 3 == 0
    labels = np.where(third, "third", frame["label"])
    found = audited(
        frame.assign(label=labels, folder=[f"{label[0]}-{i}" for i, label in enumerate(labels)])
    )
    assert [leak.kind for leak in found.leaks] == ["target in an id"]
    assert found.tells[0].told > 0.95


def test_few_rows_are_said_to_be_few() -> None:
    rows = pd.DataFrame({"text": ["a b c", "d e f"] * 4, "label": ["x", "y"] * 4})
    assert "fewer than 10 different rows" in audited(rows).notes[-1]


def test_what_a_thing_tells_is_counted_by_hand() -> None:
    truth = np.repeat([0, 1], [80, 20])
    said = np.concatenate([np.repeat([0, 1], [60, 20]), np.repeat([0, 1], [5, 15])])
    assert told(said, truth)[0] == pytest.approx(60 / 80 + 15 / 20 - 1)
    assert told(1 - said, truth) == (0.0, 1.0)
    assert said_by_values(
        np.array([0, 0, 1]), np.array([0, 1, 1]), np.array([0, 1, 2])
    ).tolist() == [
        0,
        1,
        1,
    ]


# ---- the command


def run_audit(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["audit", *words])
    return done.exit_code, done.stdout


@pytest.fixture
def files(frame: pd.DataFrame, tmp_path: Path) -> dict[str, str]:
    train, test = BENCH["halves"](frame, np.random.default_rng(0))
    leaking = PLANTED["copies across"][1](frame, np.random.default_rng(0))
    tables = {"train": train, "test": test, "first": leaking[0], "second": leaking[1]}
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return {name: str(tmp_path / f"{name}.csv") for name in tables}


def test_the_exit_code_says_whether_a_leak_was_found(files: dict[str, str]) -> None:
    assert run_audit(files["train"], files["test"])[0] == 0
    code, said = run_audit(files["first"], files["second"])
    assert code == 1
    assert "LEAK copies across" in said
    assert said.strip().endswith("1 leak: copies across.")
    assert run_audit("nothing.csv")[0] == 2
    assert run_audit(files["train"], files["test"], "--label", "no")[0] == 2


def test_json_is_one_object_and_says_all(files: dict[str, str]) -> None:
    code, said = run_audit(files["first"], files["second"], "--json")
    found = json.loads(said)
    assert code == 1
    assert found["schema"] == "recurra.audit/1"
    assert [f["kind"] for f in found["findings"] if f["level"] == "leak"] == ["copies across"]
    assert Audit.model_validate(found).leaks[0].examples[0].left_row.startswith("training, row ")


def test_a_page_is_written_that_shows_texts_as_texts(frame: pd.DataFrame, tmp_path: Path) -> None:
    hostile = frame.assign(text=frame["text"] + " <script>alert(1)</script> {{ 7 * 7 }}")
    found = audited(pd.concat([hostile, hostile.head(50)]))
    for page in (render_audit(found), found._repr_html_()):
        assert "<script>" not in page
        assert "copies" in page
    hostile.to_csv(tmp_path / "x.csv", index=False)
    run_audit(str(tmp_path / "x.csv"), "--html", str(tmp_path / "x.html"))
    assert "Would a split of these rows at random be clean?" in (tmp_path / "x.html").read_text()


def test_sides_without_a_label_in_common_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="must have labels in common"):
        audited((frame, frame.assign(label=np.where(frame["label"] == "bad", "x", "y"))))


def test_a_run_is_audited_by_the_split_it_made(frame: pd.DataFrame, tmp_path: Path) -> None:
    from recurra.data import Columns

    path = tmp_path / "rows.csv"
    PLANTED["one word changed"][1](frame.head(120), np.random.default_rng(0)).to_csv(
        path, index=False
    )
    rows = open_texts(str(path), columns=Columns(label="label", text="text", positive="bad"))
    assert not audit_texts(rows).clean
    for name, kinds in (("default", []), ("keep-near", ["near copies across"])):
        from recurra.problems.named import PROTOCOLS
        from recurra.problems.text_classes import texts
        from recurra.running import sides_of

        problem = texts(rows, protocol=PROTOCOLS[name])
        run = tmp_path / name
        run.mkdir()
        sides_of(problem).to_csv(run / "split.csv", index=False)
        report = {"problem": "texts", "data": problem.data.model_dump()}
        (run / "report.json").write_text(json.dumps(report))
        found = recurra.audit(run)
        assert [leak.kind for leak in found.leaks] == kinds
        assert found.question == "Was the split of this run clean?"
    path.write_text(path.read_text() + "one more row,bad\n")
    with pytest.raises(RunError, match="has changed since"):
        recurra.audit(tmp_path / "default")


def test_the_audit_does_not_depend_on_the_order_in_which_python_hashes(
    files: dict[str, str],
) -> None:
    def said(seed: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "recurra.cli", "audit", files["first"], "--json"],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout

    assert said("1") == said("2") != b""


# ---- real data


def test_the_copies_of_real_corpora_are_counted(real_data: Path) -> None:
    spam = recurra.audit("spam")
    assert [(leak.kind, leak.size) for leak in spam.leaks] == [
        ("copies", 588),
        ("near copies", 266),
        ("copies with other digits", 63),
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "copies", "conflicts"),
    [("sentiment", "123 of 25,000 test rows", ""), ("sentiment-ko", "1,568 of 49,997", "(221 of")],
)
def test_the_copies_across_published_sides_are_counted(
    name: str, copies: str, conflicts: str, real_data: Path
) -> None:
    rows = open_texts(name)
    found = copy_findings(AuditedTexts(rows, rows.published_test))
    said = {finding.kind: finding.sentence for finding in found}
    assert said["copies across"].startswith(copies)
    assert conflicts in said.get("conflicting labels", "")


def test_a_pattern_s_chance_is_that_of_as_many_by_luck_times_all_that_were_tried() -> None:
    rng = np.random.default_rng(0)
    truth = np.arange(400) % 2
    words = rng.choice(np.array([f"w{n}" for n in range(40)], object), (400, 3))
    marked = rng.random(400) < np.where(truth == 1, 0.5, 0.2)
    texts = np.array(
        [" ".join([*row, *["sun"] * int(mark)]) for row, mark in zip(words, marked, strict=True)],
        object,
    )
    counted = Counted(np.arange(400), truth, np.zeros(0, np.int64))
    found = {(each.name, each.place): each for each in patterns_of(texts, counted, 2)}
    sun = found["sun", ""]
    holds, inside = int(marked.sum()), int(marked[truth == 1].sum())
    by_luck = hypergeom.sf(inside - 1, 400, 200, holds)
    assert sun.tried > 80  # words, and words in a place, of two classes
    assert sun.p_value == pytest.approx(by_luck * sun.tried, rel=1e-6)
    coins = Counted(np.arange(400), rng.permutation(truth), np.zeros(0, np.int64))
    assert patterns_of(texts, coins, 2) == []
