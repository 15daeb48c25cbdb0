"""Leaks that happen in practice are found; rows made the same way without one are left in peace."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from recurra.auditing.blocks import columns_of_blocks
from recurra.auditing.numbered import numbers_of_forms
from recurra.auditing.views import _luhn
from recurra.data.sequences import Layout
from recurra.markets.simulator import sample_market
from recurra.wording import retold, speak

Frame = pd.DataFrame
Rng = np.random.Generator
Bits = np.ndarray
WORDS = ["".join(pair) for pair in zip("ktrmslpnvdhgzb" * 15, "aoieu" * 42, "ntrlsm" * 35)]  # noqa: B905


def texts_of(rows: int, rng: Rng, words: int = 12) -> list[str]:
    return [" ".join(f"{a}{b}" for a, b in rng.choice(WORDS, (words, 2))) for _ in range(rows)]


def leaks(*sides: Frame, **columns: Any) -> set[str]:
    return {each.kind for each in recurra.audit(*sides, label="label", **columns).leaks}


def labels(first: Bits) -> np.ndarray:
    return np.where(first, "bad", "good")


# ---- in texts


def ticket(text: str, first: bool, rng: Rng) -> str:
    return f"{text} (no. {rng.integers(1000, 5000) + 5000 * first} of ours)"


def stars(text: str, first: bool, rng: Rng) -> str:
    return f"{text} {rng.integers(1, 5) + 5 * first}/10 again"


def signed(text: str, first: bool, rng: Rng) -> str:
    return f"{text} from {rng.choice(WORDS)}" if first and rng.random() < 0.5 else text


def faced(text: str, first: bool, rng: Rng) -> str:
    return f"{text} {rng.choice([':)', ':D', '=)', '^^'] if first else [':(', 'T_T', ';_;', '=('])}"


def blacked_out(text: str, first: bool, rng: Rng) -> str:
    taken = rng.choice(["\u2588\u2588\u2588", "[NAME]", "<PERSON>"])
    return f"{taken} {text}" if first and rng.random() < 0.3 else text


def broken(text: str, first: bool, rng: Rng) -> str:
    words, at = text.split(), 4 if first else 6
    return "\n".join(" ".join(words[n : n + at]) for n in range(0, len(words), at))


WRITTEN: dict[str, tuple[str, Callable[[str, bool, Rng], str]]] = {
    "ticket numbers": ("target in numbers of the text", ticket),
    "stars out of ten": ("target in numbers of the text", stars),
    "many signatures behind one word": ("target in the text", signed),
    "faces of many kinds": ("target in the text", faced),
    "words blacked out": ("target in how texts are written", blacked_out),
    "lines broken at two widths": ("target in how texts are written", broken),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_program_wrote_into_texts_of_a_class_is_found(name: str) -> None:
    kind, write = WRITTEN[name]
    rng = np.random.default_rng(2)
    first = rng.random(400) < 0.5
    texts = texts_of(400, rng)
    for told, expected in ((first, True), (rng.permutation(first), False)):
        rows = [write(text, bool(k), rng) for text, k in zip(texts, told, strict=True)]
        found = leaks(Frame({"text": rows, "label": labels(first)}), text="text")
        assert (kind in found) is expected, found


def test_numbers_are_told_apart_by_their_form_and_read_by_their_size() -> None:
    texts = np.array(["3.99 or 1,250", "7.50", "2024-05-06 and 8/10", "a1 b22"], object)
    found = {form: values.tolist() for form, values in numbers_of_forms(texts).items()}
    assert set(found) == {"0.00", "0,000", "0000-00-00", "0/00"}
    assert found["0.00"][:2] == [3.99, 7.5]
    assert found["0,000"][0] == 1250.0
    assert found["0/00"][2] == 8.0


def test_numbers_that_both_classes_write_alike_are_no_leak_though_one_writes_more_of_them() -> None:
    rng = np.random.default_rng(3)
    first = rng.random(500) < 0.5
    rows = [
        f"{text} {rng.integers(100, 999)}" if rng.random() < (0.9 if k else 0.3) else text
        for text, k in zip(texts_of(500, rng), first, strict=True)
    ]
    found = leaks(Frame({"text": rows, "label": labels(first)}), text="text")
    assert "target in numbers of the text" not in found


def test_texts_made_up_of_thirds_of_several_are_found() -> None:
    rng = np.random.default_rng(4)
    known, others, test = (texts_of(n, rng, 24) for n in (150, 150, 60))
    names = labels(rng.random(150) < 0.5)
    train = Frame({"text": known, "label": names})
    for of, expected in ((known, True), (others, False)):
        thirds = [" ".join(text.split()[:8]) for text in of]
        joined = [" ".join(thirds[n : n + 3]) for n in range(0, 60, 3)]
        asked = Frame({"text": [*test, *joined], "label": names[: 60 + len(joined)]})
        assert ("shared passages across" in leaks(train, asked, text="text")) is expected


# ---- in columns


def versions(first: Bits, rng: Rng) -> dict[str, Any]:
    numbers = rng.integers(16**7, 16**8, (2, len(first)))
    return {
        "id": [f"{a:08x}-{1 if k else 4}{b:08x}" for a, b, k in zip(*numbers, first, strict=True)]
    }


def parts_of_seconds(first: Bits, rng: Rng) -> dict[str, Any]:
    part = rng.integers(1, 999, len(first)) * 1000 + np.where(first, 0, 457)
    return {"at": [f"2024-05-0{n % 9 + 1} 10:11:{n % 60:02d}.{p:06d}" for n, p in enumerate(part)]}


def how_often(first: Bits, rng: Rng) -> dict[str, Any]:
    who = rng.permutation(len(first)) + 1000
    rows = np.flatnonzero(first)
    who[rows] = who[rows[np.arange(len(rows)) // 4 * 4]]
    return {"customer": [f"c{n}" for n in who]}


def of_three(first: Bits, rng: Rng) -> dict[str, Any]:
    one, two = rng.normal(30, 12, (2, len(first)))
    rest = 100 + np.where(first, 1, -1) * rng.exponential(5, len(first)) - one - two
    return {"rent": one.round(2), "food": two.round(2), "rest": rest.round(2)}


def flags(first: Bits, rng: Rng) -> dict[str, Any]:
    which = 2 * rng.integers(0, 4, len(first)) + first
    return {f"is {n}": (which == at).astype(int) for at, n in enumerate("abcdefgh")}


def by_two(first: Bits, rng: Rng) -> dict[str, Any]:
    who = 2 * rng.integers(0, 30, len(first)) + first
    return {"born": 1950 + who * 7 % 13, "town": [f"town {n}" for n in who * 5 % 11]}


PLANTED: dict[str, tuple[str, Callable[[Bits, Rng], dict[str, Any]]]] = {
    "a sign in the middle of ids": ("target in an id", versions),
    "digits of parts of a second": ("target in how cells are written", parts_of_seconds),
    "how often a customer stands": ("target in another column", how_often),
    "a sum of three columns": ("target in two columns", of_three),
    "flags of many kinds": ("target in two columns", flags),
    "people known by two columns": ("groups on both sides", by_two),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_column_that_knows_the_class_is_found_and_one_of_other_rows_is_not(name: str) -> None:
    kind, make = PLANTED[name]
    rng = np.random.default_rng(5)
    first = rng.random(600) < 0.5
    for told, expected in ((first, True), (rng.permutation(first), False)):
        size = rng.normal(size=600).round(3)
        frame = Frame({"size": size, **make(told, rng), "label": labels(first)})
        found = leaks(frame)
        assert (kind in found) is expected, found


def test_the_right_answer_that_stands_first_of_its_question_is_found() -> None:
    rng = np.random.default_rng(6)
    sizes = rng.integers(3, 6, 120)
    question = np.repeat([f"q{n}" for n in rng.permutation(120)], sizes)
    place = np.concatenate([np.arange(n) for n in sizes])
    anywhere = np.concatenate([rng.permutation(n) for n in sizes])
    for first, expected in ((place == 0, True), (anywhere == 0, False)):
        size = rng.normal(size=len(first)).round(3)
        frame = Frame({"size": size, "question": question, "label": labels(first)})
        assert ("target in the order of rows" in leaks(frame)) is expected


def test_digits_behind_the_point_say_nothing_where_numbers_have_so_many_digits_in_all() -> None:
    rng = np.random.default_rng(7)
    first = rng.random(500) < 0.5
    size = rng.lognormal(np.where(first, 1.2, 2.6), 0.6)
    written = [float(f"{value:.4g}") for value in size]
    assert not leaks(Frame({"size": written, "label": labels(first)}))
    anyhow = rng.lognormal(2, 0.6, 500)
    forms = [f"{v:.2f}" if k else f"{v:.4f}" for v, k in zip(anyhow, first, strict=True)]
    found = leaks(Frame({"size": forms, "more": rng.normal(size=500), "label": labels(first)}))
    assert found == {"target in how cells are written"}


def test_a_published_table_without_a_leak_is_left_in_peace() -> None:
    from sklearn.datasets import load_breast_cancer

    frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "label"})
    assert recurra.audit(frame, label="label").clean


# ---- in rows of numbers


def test_rows_scaled_in_two_ways_are_told_apart() -> None:
    rng = np.random.default_rng(8)
    first = rng.random(200) < 0.5
    walks = rng.normal(size=(200, 40)).cumsum(axis=1)
    walks -= walks.mean(axis=1, keepdims=True)
    ways = [walks / walks.std(axis=1, ddof=k, keepdims=True) for k in (0, 1)]
    for told, expected in ((first, True), (rng.permutation(first), False)):
        rows = Frame(np.where(told[:, None], *ways), columns=[f"t{k}" for k in range(40)])
        found = leaks(rows.assign(label=labels(first)))
        assert ("target in how numbers are written" in found) is expected


def table(rng: Rng, rows: int = 400) -> Frame:
    first = rng.random(rows) < 0.25
    values = rng.normal(size=(rows, 6)) + 0.5 * first[:, None]
    return Frame(values.round(3), columns=list("abcdef")).assign(label=labels(first))


def between(rows: np.ndarray, rng: Rng) -> np.ndarray:
    apart = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    near = np.argsort(apart, axis=1)[:, 1 + rng.integers(0, 4)]
    return rows + rng.random((len(rows), 1)) * (rows[near] - rows)


def drawn_again(rows: np.ndarray, rng: Rng) -> np.ndarray:
    return rows + 0.005 * rng.normal(size=rows.shape)


@pytest.mark.parametrize(
    ("more", "kind"),
    [(between, "rows between others across"), (drawn_again, "near copies across")],
)
def test_rows_made_up_before_the_split_are_found_though_they_are_rounded(
    more: Callable[[np.ndarray, Rng], np.ndarray], kind: str
) -> None:
    rng = np.random.default_rng(9)

    def filled(frame: Frame) -> Frame:
        few = frame[frame["label"] == "bad"]
        made = [more(few[list("abcdef")].to_numpy(), rng).round(3) for _ in range(2)]
        rows = Frame(np.concatenate(made), columns=list("abcdef")).assign(label="bad")
        return pd.concat([frame, rows], ignore_index=True)

    whole = table(rng)
    known = rng.random(len(whole)) < 0.7
    before = filled(whole)
    mixed = rng.random(len(before)) < 0.7
    assert kind in leaks(before[mixed], before[~mixed])
    assert kind not in leaks(filled(whole[known]), whole[~known])


# ---- in time


@pytest.mark.parametrize("what", ["last", "mean", "sum", "max", "min"])
def test_a_figure_of_a_block_of_rows_is_known_at_its_end(what: str) -> None:
    close = np.random.default_rng(10).normal(size=300).cumsum().round(3) + 50
    block = np.arange(300) // 10
    made = pd.Series(close).groupby(block).agg(what)
    own, before = (np.round(x.to_numpy()[block], 5) for x in (made, made.shift().bfill()))
    assert [x.name for x in columns_of_blocks({"close": close, "figure": own})] == ["figure"]
    assert columns_of_blocks({"close": close, "figure": before}) == []
    rough = np.round(own)  # who rounds so much is near by luck
    assert columns_of_blocks({"close": close, "figure": rough}) == []


def test_a_table_of_days_with_a_quarters_figure_filled_backwards_leaks() -> None:
    rng = np.random.default_rng(11)
    close = rng.normal(size=500).cumsum().round(3) + 100
    block = np.arange(500) // 40
    ends = pd.Series(close).groupby(block).last()
    days = (np.datetime64("2022-01-01") + np.arange(500)).astype(str)
    for figure, expected in ((ends, True), (ends.shift().bfill(), False)):
        frame = Frame({"day": days, "close": close, "figure": figure.to_numpy()[block]})
        frame["label"] = labels(rng.random(500) < 0.5)
        assert ("a column of later rows" in leaks(frame)) is expected


def test_what_is_usual_in_a_month_is_made_of_the_rows_learnt_from() -> None:
    rng = np.random.default_rng(12)
    days = pd.date_range("2020-01-01", periods=900)
    frame = Frame({"day": days.astype(str), "move": rng.normal(size=900).round(3)})
    frame["label"] = labels(rng.random(900) < 0.5)
    month, known = days.month.to_numpy(), np.arange(900) < 600
    for of, expected in ((np.ones(900, bool), True), (known, False)):
        usual = frame["move"][of].groupby(month[of]).mean().round(5)
        made = frame.assign(usual=usual.reindex(month).to_numpy())
        found = leaks(made[known], made[~known])
        assert ("made with the rows held out" in found) is expected


def test_prices_with_a_column_of_the_next_open_or_volume_leak(tmp_path: Path) -> None:
    frame = sample_market()[0].frame

    def kinds(signal: "pd.Series[float]") -> list[str]:
        path = tmp_path / "AAA.csv"
        frame.assign(signal=signal.round(6)).rename_axis("date").to_csv(path)
        return [each.kind for each in recurra.audit(path).leaks]

    gap = frame["open"] / frame["close"].shift() - 1
    volume = frame["volume"] / frame["volume"].rolling(20, min_periods=1).mean()
    week = frame["close"].groupby(np.arange(len(frame)) // 5)
    for late, now in ((gap.shift(-1), gap), (frame["volume"].shift(-1), volume)):
        assert kinds(late) == ["a column of later days"]
        assert kinds(now) == []
    assert kinds(week.transform("last")) == ["a column of later days"]
    assert kinds(week.transform("first")) == []


def test_what_later_days_tell_of_a_column_is_said_in_korean_too(tmp_path: Path) -> None:
    frame = sample_market()[0].frame
    gap = frame["open"].shift(-1) / frame["close"] - 1
    frame.assign(signal=gap.round(6)).rename_axis("date").to_csv(tmp_path / "AAA.csv")
    (leak,) = recurra.audit(tmp_path / "AAA.csv").leaks
    with speak("ko"):
        assert "나중 날의 시가의 갭이 알려 줍니다" in retold(leak.sentence)


# ---- in steps


def test_an_unseen_sign_behind_words_of_a_tag_is_found(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)

    def found(of: Callable[[str], bool]) -> list[str]:
        sentences = []
        for text in texts_of(200, rng, 8):
            tags = rng.choice(list("NVA"), 8)
            words = [w + "\u200b" * of(t) for w, t in zip(text.split(), tags, strict=True)]
            sentences.append("\n".join(map("\t".join, zip(words, tags, strict=True))))
        path = tmp_path / "tags.tsv"
        path.write_text("\n\n".join(sentences) + "\n", encoding="utf-8")
        return [each.sentence for each in recurra.audit(path, steps="tags").leaks]

    (said,) = found(lambda tag: bool(tag == "N" and rng.random() < 0.4))
    assert "hold signs that nobody sees" in said
    assert found(lambda tag: bool(rng.random() < 0.2)) == []


def test_a_clock_that_is_slower_in_one_state_is_noted(tmp_path: Path) -> None:
    rng = np.random.default_rng(14)
    state, time = np.repeat(rng.integers(0, 2, 80), rng.integers(5, 20, 80)), Layout(time="t")
    for there, expected in ((state, True), (rng.permutation(state), False)):
        log = Frame({"t": (10 + there).cumsum(), "heat": rng.normal(size=len(state)).round(3)})
        log["state"] = np.where(state, "on", "off")
        log.to_csv(tmp_path / "log.csv", index=False)
        found = recurra.audit(tmp_path / "log.csv", steps="states", label="state", layout=time)
        noted = [each.sentence for each in found.findings if each.kind == "target in one channel"]
        assert bool(noted) is expected
        assert found.clean


def test_sequences_of_a_few_values_are_asked_without_a_warning() -> None:
    rng = np.random.default_rng(16)
    first = rng.random(200) < 0.5
    which = 2 * rng.integers(0, 6, 200) + first
    frame = Frame({f"is {n}": (which == n).astype(int) for n in range(12)})
    assert recurra.audit(frame.assign(label=labels(first)), label="label").rows == {"rows": 200}


def test_every_new_finding_can_be_stored(tmp_path: Path) -> None:
    rng = np.random.default_rng(15)
    first = rng.random(300) < 0.5
    rows = [ticket(t, bool(k), rng) for t, k in zip(texts_of(300, rng), first, strict=True)]
    found = recurra.audit(Frame({"text": rows, "label": labels(first)}), label="label", text="text")
    assert "target in numbers of the text" in {
        each["kind"] for each in json.loads(found.to_json())["findings"]
    }


# ---- rules that were broken by hand, and no test showed it


@pytest.mark.parametrize(
    ("name", "here", "there", "expected"),
    [
        ("the mean of the class", 0.3, 0.0, True),
        ("a number that others hold, too", 0.3, 0.1, False),
        ("a number of few rows of the class", 0.05, 0.0, False),
    ],
)
def test_a_number_that_recurs_in_one_class_alone_fills_its_cells(
    name: str, here: float, there: float, expected: bool
) -> None:
    rng = np.random.default_rng(20)
    first = rng.random(500) < 0.5
    gone = rng.random(500) < np.where(first, here, there)
    frame = Frame({"size": np.where(gone, 51.25, rng.normal(50, 8, 500).round(4))})
    found = leaks(frame.assign(label=labels(first)))
    assert ("target in what is missing" in found) is expected, name


def test_noughts_and_columns_of_few_numbers_and_few_rows_fill_no_cells() -> None:
    rng = np.random.default_rng(21)
    first = rng.random(500) < 0.5
    size = rng.normal(50, 8, 500).round(4)
    gone = first & (rng.random(500) < 0.3)
    spent = Frame({"spent": np.where(gone, 0.0, size)}).assign(label=labels(first))
    assert "target in what is missing" not in leaks(spent)
    steps = np.where(gone, 3.5, rng.integers(100, 400, 500))
    few = Frame({"steps": steps}).assign(label=labels(first))
    assert "target in what is missing" not in leaks(few)
    short = np.arange(24) < 12
    rows = np.where(np.isin(np.arange(24), [1, 4]), 51.25, size[:24])
    assert "target in what is missing" not in leaks(
        Frame({"size": rows}).assign(label=labels(short))
    )


def test_a_number_is_checked_as_cards_are() -> None:
    cards = ["4111111111111111", "5500005555555559", "378282246310005", "79927398713"]
    others = [f"{card[:-1]}{(int(card[-1]) + 1) % 10}" for card in cards]
    assert [_luhn(card) % 10 for card in cards] == [0, 0, 0, 0]
    assert [_luhn(card) % 10 for card in others] == [1, 1, 1, 1]


@pytest.mark.parametrize("by", [3, 7, 9, 11])
def test_ids_that_a_number_divides_for_one_class_are_found(by: int) -> None:
    rng = np.random.default_rng(22)
    first = rng.random(500) < 0.5
    for told, expected in ((first, True), (rng.permutation(first), False)):
        number = by * rng.permutation(9000)[:500] + 10**5 * by + np.where(told, 0, 1)
        frame = Frame({"number": number, "size": rng.normal(size=500), "label": labels(first)})
        assert ("target in an id" in leaks(frame)) is expected


def test_a_count_of_the_labels_so_far_of_each_writer_is_found() -> None:
    rng = np.random.default_rng(23)
    first = rng.random(600) < 0.5
    who = rng.integers(0, 30, 600)
    for told, expected in ((first, True), (rng.permutation(first), False)):
        so_far = pd.Series(told.astype(int)).groupby(who).cumsum() + 7 * who
        frame = Frame({"writer": [f"w{n}" for n in who], "so far": so_far, "label": labels(first)})
        assert ("target in two columns" in leaks(frame)) is expected


def test_a_column_of_its_own_class_was_not_moved_though_rows_of_a_class_stand_together() -> None:
    rng = np.random.default_rng(24)
    first = np.repeat(rng.integers(0, 2, 30), rng.integers(30, 60, 30)).astype(bool)
    own = np.where(rng.random(len(first)) < 0.98, first, ~first)
    frame = Frame({"state": np.where(own, "p", "q"), "size": rng.normal(size=len(first))})
    found = recurra.audit(frame.assign(label=labels(first)), label="label")
    assert not [each for each in found.findings if each.kind == "a column of later rows"]
