"""Tags and states that may be wrong are named, likeliest first; the rest is left in peace."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import recurra
from recurra.auditing import steps as stepped
from recurra.cli import app
from recurra.data import sample_sentences
from recurra.data.sequences import Layout
from recurra.errors import SettingsError


def tagged(path: Path, every: int = 0) -> set[tuple[int, int]]:
    """Write sentences of a rule, and turn the first noun of every so many; give where."""
    rows, lines, turned = sample_sentences("train"), [], set()
    for number, (words, tags) in enumerate(zip(rows.words, rows.tags, strict=True)):
        given = list(tags)
        if every and number % every == 0:
            place = given.index("NOUN")
            given[place] = "VERB"
            turned.add((number, place))
        lines += [f"{word} {tag}" for word, tag in zip(words, given, strict=True)] + [""]
    path.write_text("\n".join(lines) + "\n")
    return turned


def log(path: Path, every: int = 0, seed: int = 0) -> set[int]:
    """Write a log of two machines that are hot while they are busy, and turn some states."""
    rng = np.random.default_rng(seed)
    busy = np.repeat(rng.random(120) < 0.4, 10)
    load = np.where(busy, 5.0, 1.0) + 0.3 * rng.normal(size=1200)
    state = np.where(busy, "busy", "idle").astype(object)
    turned = set(range(5, 1200, every)) if every else set()
    for step in turned:
        state[step] = "idle" if busy[step] else "busy"
    frame = pd.DataFrame({"t": np.tile(np.arange(600), 2), "m": np.repeat(["a", "b"], 600)})
    frame.assign(load=load.round(3), state=state).to_csv(path, index=False)
    return turned


def test_turned_tags_are_named_first_and_copies_of_sentences_are_found(tmp_path: Path) -> None:
    turned = tagged(tmp_path / "tags.txt", every=40)
    found = recurra.audit(tmp_path / "tags.txt", steps="tags")
    first = {(each.row, each.step) for each in found.suspects[: len(turned)]}
    assert len(first & turned) >= 2 / 3 * len(turned)
    top = found.suspects[0]
    assert (top.label, top.likely) == ("VERB", "NOUN")
    assert top.text.count("[") == 1
    note = next(each for each in found.findings if each.kind == "labels that may be wrong")
    assert note.level == "note"
    assert ", word " in note.examples[0].left_row
    assert any("nothing else" in said for said in found.notes)
    # sentences of a rule come twice: with one tag turned they stand with two labels
    assert {"copies", "conflicting labels"} <= {each.kind for each in found.findings}
    assert sum(found.classes.values()) == sum(map(len, sample_sentences("train").words))
    assert found.rows == {"rows": 480}


def test_turned_states_are_named_first(tmp_path: Path) -> None:
    turned = log(tmp_path / "log.csv", every=60)
    found = recurra.audit(tmp_path / "log.csv", steps="states", label="state", layout=_layout())
    named = [600 * each.row + (each.step or 0) for each in found.suspects]
    assert len(set(named) & turned) >= 7  # a step less sure than its like is not named
    assert len(set(named) - turned) <= 2
    assert found.suspects[0].text.startswith("load: ")
    assert found.clean


def _layout() -> Layout:

    return Layout(id="m", time="t")


def test_where_no_label_was_turned_few_are_named(tmp_path: Path) -> None:
    tagged(tmp_path / "tags.txt")
    log(tmp_path / "log.csv")
    tags = recurra.audit(tmp_path / "tags.txt", steps="tags")
    states = recurra.audit(tmp_path / "log.csv", steps="states", layout=_layout())
    assert len(tags.suspects) <= 0.01 * sum(tags.classes.values())
    assert len(states.suspects) <= 0.02 * 1200


def test_rare_tags_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    tagged(tmp_path / "tags.txt")
    with (tmp_path / "tags.txt").open("a") as file:
        file.write("hm INTJ\nthe DET\nwalk NOUN\n\n")
    found = recurra.audit(tmp_path / "tags.txt", steps="tags")
    assert "1 labels were not asked: of fewer than 10 there are only INTJ" in found.notes
    assert all("INTJ" not in (each.label, each.likely) for each in found.suspects)


def test_two_sides_are_counted_each_by_itself(tmp_path: Path) -> None:
    tagged(tmp_path / "train.txt")
    turned = tagged(tmp_path / "test.txt", every=40)
    found = recurra.audit(tmp_path / "train.txt", tmp_path / "test.txt", steps="tags")
    first = found.suspects[: len(turned)]
    assert len({(each.row, each.step) for each in first} & turned) >= 2 / 3 * len(turned)
    assert {each.side for each in first} == {"test"}
    assert found.rows == {"training": 480, "test": 480}
    assert [leak.kind for leak in found.leaks] == ["copies across"]


def test_the_command_writes_where_each_stands(tmp_path: Path) -> None:
    turned = log(tmp_path / "log.csv", every=60)
    out = tmp_path / "doubtful.csv"
    words = ["audit", str(tmp_path / "log.csv"), "--steps", "states", "--id", "m", "--time", "t"]
    said = CliRunner().invoke(app, [*words, "--labels", str(out)])
    assert said.exit_code == 0, said.output
    written = pd.read_csv(out)
    assert list(written)[-1] == "step"
    assert {*(600 * written["row"] + written["step"])[:5]} <= turned


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--steps", "words"], "steps must be one of"),
        (["--steps", "tags", "--curve"], "no curve"),
        (["--steps", "tags", "--sample"], "no sample"),
    ],
)
def test_what_is_not_asked_of_steps_is_told(options: list[str], said: str, tmp_path: Path) -> None:
    tagged(tmp_path / "tags.txt")
    done = CliRunner().invoke(app, ["audit", str(tmp_path / "tags.txt"), *options])
    assert done.exit_code == 2
    assert said in done.output


def test_logs_of_other_channels_and_frames_are_refused(tmp_path: Path) -> None:
    log(tmp_path / "a.csv")
    pd.read_csv(tmp_path / "a.csv").rename(columns={"load": "heat"}).to_csv(
        tmp_path / "b.csv", index=False
    )
    with pytest.raises(SettingsError, match="same channels, but .* has load and .* has heat"):
        recurra.audit(tmp_path / "a.csv", tmp_path / "b.csv", steps="states", layout=_layout())
    with pytest.raises(SettingsError, match="give their paths"):
        recurra.audit(pd.DataFrame({"a": [1]}), steps="states")


def asked_of(monkeypatch: pytest.MonkeyPatch, path: Path, steps: Any, layout: Layout) -> Any:
    """Give the steps whose labels were asked, as they were asked."""
    seen: list[Any] = []
    monkeypatch.setattr(stepped, "label_findings", lambda rows: (seen.append(rows), ([], []))[1])
    recurra.audit(path, steps=steps, layout=layout)
    return seen[0]


def test_copies_of_a_sentence_are_asked_together_and_each_word_has_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ["the DET", "cat NOUN", "sleeps VERB"], ["a DET", "dog NOUN"]
    lines = [*said[0], "", *said[1], "", *said[0], ""]
    (tmp_path / "tags.txt").write_text("\n".join(lines) + "\n")
    words = asked_of(monkeypatch, tmp_path / "tags.txt", "tags", Layout())
    assert words.bound.tolist() == [0, 0, 0, 1, 1, 0, 0, 0]
    assert [words.called(row) for row in (0, 3, 5)] == [
        "sentence 1, word 1",
        "sentence 2, word 1",
        "sentence 3, word 1",
    ]


def test_steps_beside_each_other_are_asked_together_in_blocks_of_one_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(tmp_path / "log.csv")
    steps = asked_of(monkeypatch, tmp_path / "log.csv", "states", Layout(id="m", time="t"))
    blocks = np.split(steps.bound, np.flatnonzero(np.diff(steps.bound)) + 1)
    assert {len(block) for block in blocks} == {20}
    assert len(blocks) == len(set(steps.bound)) == 60
