"""What was made with rows held out, or made up of others, is found; made of training alone not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from recurra.auditing import between, passages
from recurra.auditing.between import between_others
from recurra.auditing.scaled import scaled_by_all
from recurra.data.sequences import Layout
from recurra.text.parts import passages_shared

Frame = pd.DataFrame
NAMES = ["size", "weight", "width", "height"]


def rows(number: int = 600) -> Frame:
    rng = np.random.default_rng(1)
    label = np.where(rng.random(number) < 0.4, "bad", "good")
    values = np.exp(0.3 * rng.normal(size=(number, 4)) @ rng.normal(size=(4, 4)))
    shop = [f"s{n}" for n in np.minimum(rng.geometric(0.04, number), 40)]
    return Frame(values, columns=NAMES).assign(shop=shop, label=label)


def kinds(*sides: Frame, **columns: Any) -> dict[str, str]:
    """Give the level of each kind that is found."""
    return {
        each.kind: each.level for each in recurra.audit(*sides, label="label", **columns).findings
    }


def standard(frame: Frame, of: Frame) -> Frame:
    return ((frame[NAMES] - of[NAMES].mean()) / of[NAMES].std(ddof=0)).round(5)


def range_(frame: Frame, of: Frame) -> Frame:
    least = of[NAMES].min()
    return ((frame[NAMES] - least) / (of[NAMES].max() - least)).round(8)


def components(frame: Frame, of: Frame) -> Frame:
    turned = np.linalg.svd(of[NAMES] - of[NAMES].mean(), full_matrices=False)[2].T
    return Frame(((frame[NAMES] - of[NAMES].mean()).to_numpy() @ turned).round(6), columns=NAMES)


def ranks(frame: Frame, of: Frame) -> Frame:
    return Frame({n: np.searchsorted(np.sort(of[n]), frame[n], "right") / len(of) for n in NAMES})


def counts(frame: Frame, of: Frame) -> Frame:
    return Frame({"seen": frame["shop"].map(of["shop"].value_counts()).fillna(0)})


def means(frame: Frame, of: Frame) -> Frame:
    return Frame({"mean": frame["shop"].map(of.groupby("shop")["size"].mean()).fillna(0).round(6)})


@pytest.mark.parametrize("make", [standard, range_, components, ranks, counts, means])
def test_what_was_made_of_both_sides_is_a_leak_and_of_training_alone_is_none(
    make: Callable[[Frame, Frame], Frame],
) -> None:
    every = rows()
    train, test = every[:400].reset_index(drop=True), every[400:].reset_index(drop=True)
    for of, level in ((every, "leak"), (train, None)):
        sides = [side.assign(**make(side, of)) for side in (train, test)]
        assert kinds(*sides).get("made with the rows held out") == level
    assert kinds(every.assign(**make(every, every))).get("made of all rows") == "note"


def test_numbers_that_only_come_near_were_not_scaled() -> None:
    rng = np.random.default_rng(0)
    for seed in range(40):
        near = np.random.default_rng(seed).normal(size=(500, 3)).round(3)
        columns = {"a": near[:, 0], "b": near[:, 1], "share": rng.beta(2, 2, 500).round(2)}
        columns["part"] = rng.integers(0, 8, 500) / 7
        assert scaled_by_all(columns, np.arange(500) > 400) == []


def test_shares_of_few_things_reach_nought_and_one_without_being_scaled() -> None:
    shares = np.concatenate([np.arange(1, 301) / 300, np.arange(0, 300, 3) / 300])
    assert scaled_by_all({"share": shares.round(8)}, np.arange(400) >= 300) == []


def test_a_column_moved_by_a_row_tells_the_class_of_the_next() -> None:
    every = rows()
    moved = every.assign(state=np.roll(np.where(every["label"] == "bad", "k1", "k2"), -1))
    assert kinds(moved)["a column of later rows"] == "leak"
    assert "a column of later rows" not in kinds(moved.sample(frac=1, random_state=0))


def test_people_that_are_written_otherwise_on_the_other_side_are_the_same() -> None:
    rng, every = np.random.default_rng(4), rows()
    bad = (every["label"] == "bad").to_numpy()
    who = 2 * rng.integers(0, 30, len(every)) + np.where(rng.random(len(every)) < 0.9, bad, ~bad)
    train = every.assign(person=[f"Kim-{n:03d}" for n in who])[:400]
    for more, level in ((0, "leak"), (500, None)):
        test = every.assign(person=[f"KIM {n + more}" for n in who])[400:]
        found = recurra.audit(train, test.reset_index(drop=True), label="label").findings
        told = {each.kind: each for each in found}
        assert (told["groups on both sides"].level if level else level) == level
        assert ("groups on both sides" in told) == (level is not None)
        if level:
            assert "however it is written ('Kim-0" in told["groups on both sides"].sentence


# ---- rows made up of others


def test_rows_made_up_before_the_split_are_found_and_after_it_are_not() -> None:
    rng = np.random.default_rng(2)
    real = Frame(rng.normal(size=(300, 5)), columns=list("abcde")).assign(
        label=["u", "v", "v"] * 100
    )
    train, test = real[:200].reset_index(drop=True), real[200:].reset_index(drop=True)

    def filled(few: Frame) -> Frame:
        mine = few.loc[few["label"] == "u", list("abcde")].to_numpy()
        one, other = rng.integers(0, len(mine), (2, 60))
        made = mine[one] + rng.random((60, 1)) * (mine[other] - mine[one])
        more = Frame(made, columns=list("abcde")).assign(label="u")[one != other]
        return pd.concat([few, more], ignore_index=True)

    before = filled(real).sample(frac=1, random_state=0, ignore_index=True)
    assert kinds(before)["rows between others"] == "leak"
    assert (
        kinds(before[:200], before[200:].reset_index(drop=True))["rows between others across"]
        == "leak"
    )
    for sides in ((filled(train), test), (train, filled(test))):
        assert not {k for k in kinds(*sides) if k.startswith("rows between")}


def test_rows_that_lie_flat_or_on_a_grid_are_not_made_up() -> None:
    rng = np.random.default_rng(0)
    line = rng.normal(size=(200, 1)) * np.ones((1, 6)) + 1e-7 * rng.normal(size=(200, 6))
    assert len(between_others(line)) == 0
    whole = Frame(rng.integers(0, 400, (300, 5)), columns=list("abcde"))
    assert not {k for k in kinds(whole.assign(label=["u", "v"] * 150)) if "between" in k}


def test_a_line_names_the_row_between_and_its_ends() -> None:
    values = np.random.default_rng(0).normal(size=(60, 5))
    values[9] = 0.3 * values[2] + 0.7 * values[5]
    values[10] = values[2]  # an equal row is no end of a line
    assert between_others(values)[0][0] == 9
    assert set(between_others(values)[0][1:]) <= {2, 5, 10}
    assert between_others(values[:, :3]).shape == (0, 3)


def test_of_many_rows_as_many_are_drawn_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between, "MOST_ROWS", 100)
    found = recurra.audit(rows(), label="label")
    assert "whether rows lie between others was asked of 100 of 600" in found.notes


# ---- passages

WORDS = [a + b for a in ("ka", "to", "ri", "me", "su", "lo") for b in ("ban", "dol", "fen", "gur")]


def texts(number: int, seed: int = 0) -> list[list[str]]:
    rng = np.random.default_rng(seed)
    return [rng.choice(WORDS, 24).tolist() for _ in range(number)]


def of_texts(words: list[list[str]]) -> Frame:
    label = np.where(np.random.default_rng(len(words)).random(len(words)) < 0.5, "bad", "good")
    return Frame({"text": [" ".join(each) for each in words], "label": label})


def test_texts_made_of_halves_of_two_share_passages_with_both() -> None:
    train, others = texts(300), texts(300, seed=1)
    for of, level in ((train, "leak"), (others, None)):
        made = [a[:12] + b[12:] for a, b in zip(of[:60], of[60:120], strict=True)]
        found = kinds(of_texts(train), of_texts([*texts(90, seed=2), *made]), text="text")
        assert found.get("shared passages across") == level


def test_pieces_that_overlap_are_a_leak_and_a_phrase_that_many_write_is_none() -> None:
    cut = [piece for words in texts(200) for piece in (words[:16], words[8:])]
    assert kinds(of_texts(cut), text="text")["shared passages"] == "leak"
    phrase = texts(1, seed=9)[0][:8]
    forms = [phrase + words[:10] if n % 8 == 0 else words for n, words in enumerate(texts(400))]
    assert "shared passages" not in kinds(of_texts(forms), text="text")


def test_a_few_shared_passages_are_noted() -> None:
    words = texts(400)
    words += [a[:12] + b[12:] for a, b in zip(words[:5], texts(5, seed=7), strict=True)]
    assert kinds(of_texts(words), text="text")["shared passages"] == "note"


def test_a_passage_is_the_longest_that_both_hold() -> None:
    passage = "a train to the sea was late again and nobody could say why it stood there for hours"
    one, other = f"it is said that {passage} of it", f"{passage} and we went home by bus then"
    found = passages_shared([one, other, "it is said that we went home"])
    assert [(left, right) for left, right, _ in found] == [(0, 1)]
    assert found[0][2].strip() == passage
    long = [f"{passage} {'so it went on ' * 15}", f"{passage} {'no more of it ' * 15}"]
    assert passages_shared(long) == []  # of so much it is no 40 %


def test_of_many_texts_as_many_are_asked_for_passages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "MOST_ROWS", 100)
    found = recurra.audit(of_texts(texts(300)), text="text", label="label")
    assert "passages were asked of 100 of 300 rows" in found.notes


def test_copies_within_the_test_are_noted() -> None:
    train, test = of_texts(texts(200)), of_texts(texts(100, seed=3))
    again = pd.concat([test, test[:30]], ignore_index=True)
    assert kinds(train, again, text="text")["copies among rows held out"] == "note"
    known = pd.concat([train, train[:60]], ignore_index=True)
    assert "copies among rows held out" not in kinds(known, test, text="text")


# ---- prices, states and tags


AHEAD: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "a mean of days around": (
        lambda c: c.rolling(5, center=True, min_periods=1).mean(),
        lambda c: c.rolling(5, min_periods=1).mean(),
    ),
    "ranks of all days": (lambda c: c.rank(pct=True), lambda c: c.expanding().rank(pct=True)),
    "scaled by all days": (
        lambda c: (c - c.mean()) / c.std(),
        lambda c: (c - c[:99].mean()) / c[:99].std(),
    ),
}


@pytest.mark.parametrize("name", AHEAD)
def test_a_column_beside_prices_that_knows_later_days_is_a_leak(name: str, tmp_path: Path) -> None:
    from recurra.markets.simulator import sample_market

    frame = sample_market()[0].frame
    for make, level in zip(AHEAD[name], ("leak", None), strict=True):
        made = frame.assign(signal=make(frame["close"]).round(6)).rename_axis("date").reset_index()
        made.to_csv(tmp_path / "AAA.csv", index=False)
        found = {each.kind: each for each in recurra.audit(tmp_path / "AAA.csv").findings}
        assert ("a column of later days" in found) == (level == "leak")
        if level:
            assert "'signal'" in found["a column of later days"].sentence


def log(path: Path, seed: int = 0, **change: Any) -> Frame:
    """Write a log of four machines that are on and off in turn."""
    rng = np.random.default_rng(seed)
    state = np.concatenate([np.repeat(rng.random(40) < 0.5, 10) for _ in range(4)])
    frame = Frame({"m": np.repeat([f"{seed}{k}" for k in "abcd"], 400), "t": [*range(400)] * 4})
    frame["heat"] = (0.5 * state + rng.normal(size=1600)).round(4)
    frame["state"] = np.where(state, "on", "off")
    frame = frame.assign(**{name: make(frame, state, rng) for name, make in change.items()})
    frame.to_csv(path, index=False)
    return frame


def of_logs(*paths: Path) -> dict[str, str]:
    found = recurra.audit(*paths, steps="states", label="state", layout=Layout(id="m", time="t"))
    return {each.kind: each.level for each in found.findings if "labels" not in each.kind}


def test_streams_that_stand_on_both_sides_under_other_names_are_found(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    frame = log(train)
    log(test, seed=1)
    assert of_logs(train, test) == {}
    part = frame[frame["t"].between(100, 299)].assign(heat=(2 * frame["heat"] + 1).round(4))
    part.assign(m="n" + part["m"]).to_csv(test, index=False)
    assert of_logs(train, test) == {"parts of each other across": "leak"}


def test_a_channel_that_is_the_state_is_noted_and_how_it_is_written_is_a_leak(
    tmp_path: Path,
) -> None:
    path = tmp_path / "log.csv"
    log(path, more=lambda f, s, r: s + 0.05 * r.normal(size=len(s)))
    assert of_logs(path) == {"target in one channel": "note"}
    log(
        path,
        more=lambda f, s, r: (lambda x: np.where(s, x.round(1), x.round(5)))(r.normal(size=len(s))),
    )
    assert of_logs(path) == {"target in how numbers are written": "leak"}
    log(path, more=lambda f, s, r: f["heat"].rolling(9, center=True, min_periods=1).mean().round(5))
    assert of_logs(path) == {"a column of later rows": "note"}


def test_a_tag_that_stands_in_its_words_is_found(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "tags.tsv"
    for marked, level in ((True, "leak"), (False, None)):
        lines = []
        for _ in range(300):
            for tag in rng.choice(["N", "V"], 8):
                word = WORDS[rng.integers(len(WORDS))] + WORDS[rng.integers(len(WORDS))]
                sign = tag if marked else "NV"[rng.integers(2)]
                lines.append(f"{word}_{sign}\t{tag}" if rng.random() < 0.4 else f"{word}\t{tag}")
            lines += [f"{rng.integers(1, 9)}/{rng.integers(1, 6)}\tNUM", ""]
        path.write_text("\n".join(lines), encoding="utf-8")
        found = {f.kind: f for f in recurra.audit(path, steps="tags").findings}
        assert ("target in the text" in found) == (level is not None)
        if level:
            assert "end in '_" in found["target in the text"].sentence


def test_scales_are_asked_of_channels_of_sequences_across_sides() -> None:
    rng = np.random.default_rng(0)
    walks = rng.normal(size=(200, 30)).cumsum(axis=1)
    label = np.where(rng.random(200) < 0.5, "u", "v")

    def sides(of: Any) -> list[Frame]:
        scaled = (walks - of.mean()) / of.std()
        frame = Frame(scaled.round(6), columns=[f"t{k}" for k in range(30)]).assign(label=label)
        return [frame[:140].reset_index(drop=True), frame[140:].reset_index(drop=True)]

    assert kinds(*sides(walks))["made with the rows held out"] == "leak"
    assert "made with the rows held out" not in kinds(*sides(walks[:140]))
