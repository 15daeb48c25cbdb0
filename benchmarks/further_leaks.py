"""Are leaks found of a third list of kinds, written down before anything was mended for it?

    RECURRA_DATA=FOLDER python benchmarks/further_leaks.py

As `later_leaks.py`: each kind has a look-alike that is made in the same way and holds no leak, such
as means of the target that other rows made, or people of the same names' form; `docs/audit.md` says
how many were found at first, and how many are now.
"""

import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import leaks as texts
import number_leaks as numbers
import numpy as np
import pandas as pd
from leak_table import Case, at_random, column, copies, of_steps, of_texts, parts
from other_leaks import marked, rooms_of, said_of, stepped

import recurra
from recurra.data.sequences import Layout

Frame = pd.DataFrame
Rng = np.random.Generator
Sides = tuple[Frame, Frame]

# ---- texts


def halves_of_two(rows: Frame) -> Frame:
    """Make each text of the first half of one and the second half of the next."""
    words = [text.split() for text in rows["text"]]
    others = [*words[1:], words[0]]
    made = [
        " ".join([*a[: len(a) // 2], *b[len(b) // 2 :]]) for a, b in zip(words, others, strict=True)
    ]
    return rows.assign(text=made)


def pieces(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Cut texts into two pieces that share a third; in the look-alike one piece of each is kept."""
    split = [text.split() for text in frame["text"]]
    begin = frame.assign(text=[" ".join(w[: len(w) * 2 // 3]) for w in split])
    end = frame.assign(text=[" ".join(w[len(w) // 3 :]) for w in split])
    half = len(frame) // 2
    seed = int(rng.integers(1 << 30))
    leak, twin = (
        tuple(parts(pd.concat(both, ignore_index=True), np.random.default_rng(seed))[:2])
        for both in ((begin[:half], end[:half]), (begin[:half], end[half:]))
    )
    return leak, twin


def in_two(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Cut texts in two that share nothing, a side each; in the look-alike of other texts."""
    split = [text.split() for text in frame["text"]]
    begin = frame.assign(text=[" ".join(w[: len(w) // 2]) for w in split])
    end = frame.assign(text=[" ".join(w[len(w) // 2 :]) for w in split])
    half = len(frame) // 2
    return (begin[:half], end[:half]), (begin[:half], end[half:])


FILLERS = ["quite", "rather", "surely", "perhaps", "indeed", "almost", "simply", "really"]
KOREAN = ["아주", "정말", "조금", "역시", "거의", "그냥", "사실", "분명"]


def synonyms(every: int) -> Callable[[str], str]:
    """Put other words in place of every so many."""

    def change(text: str) -> str:
        words, others = text.split(), FILLERS if text.isascii() else KOREAN
        for place in range(1, len(words), every):
            words[place] = others[(place + len(text)) % len(others)]
        return " ".join(words)

    return change


BEGINS = ["Ha", "Jo", "Ki", "Mu", "Po", "Se", "Ta", "Vi", "Lo", "Ne"]
NAMES = [begin + end for begin in BEGINS for end in ("ran", "mor", "lis", "dek")]


def signed(frame: Frame, rng: Rng) -> Frame:
    """Let the writer sign each text; most write of one class."""
    first = texts.is_first(frame)
    side = np.where(rng.random(len(first)) < 0.9, first, ~first)
    who = 2 * rng.integers(0, len(NAMES) // 2, len(first)) + side
    return _signed(frame, who)


def _signed(frame: Frame, who: Any) -> Frame:
    made = [f"{text} {NAMES[n]}" for text, n in zip(frame["text"], who, strict=True)]
    return frame.assign(text=made)


def behind(sign: str, frame: Frame) -> Frame:
    """Write something behind every text."""
    return frame.assign(text=frame["text"].str.rstrip(".!?\u2026 ") + sign)


def of_sign(sign: str, share: float, change: Callable[[str], str]) -> Case:
    """Write something behind all texts, and change it in one class; else in as many of any."""
    case = marked(share, change)
    return lambda frame, rng: case(behind(sign, frame), rng)


TEXTS: dict[str, Case] = {
    "halves of two training texts as one": copies(halves_of_two),
    "pieces of one text that share a third": pieces,
    "a text cut in two, a side each": in_two,
    "a synonym in each seventh word": copies(of_texts(synonyms(7))),
    "a synonym in each third word": copies(of_texts(synonyms(3))),
    "letters taken apart in 40 % of a class": of_sign(
        " caf\u00e9", 0.4, lambda t: unicodedata.normalize("NFD", t)
    ),
    "no last sign in all of a class": of_sign(".", 1.0, lambda t: t.rstrip(".")),
    "texts signed by their writers": at_random(
        signed, lambda f, r: _signed(f, r.integers(0, len(NAMES), len(f)))
    ),
}

# ---- columns


def weekdays(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give days: one class was labelled from Monday to Friday, the other at weekends."""
    week = rng.integers(0, 100, len(bit))
    day = 7 * week + np.where(bit, rng.integers(0, 5, len(bit)), rng.integers(5, 7, len(bit)))
    return (np.datetime64("2022-01-03") + day).astype(str).tolist()


def checked(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give numbers whose last digit checks the others (Luhn) for one class."""
    found = []
    for valid in bit:
        digits = rng.integers(0, 10, 9)
        doubled = np.where(np.arange(9) % 2 == 0, 2 * digits, digits)
        check = int(-(doubled // 10 + doubled % 10).sum() % 10)
        last = check if valid else (check + int(rng.integers(1, 10))) % 10
        found.append("4" + "".join(map(str, digits)) + str(last))
    return found


def whole_hundreds(bit: np.ndarray, rng: Rng) -> np.ndarray:
    """Give amounts, of which people round those of one class."""
    amount = rng.lognormal(9, 0.8, len(bit)).astype(int)
    rounded = np.where(rng.random(len(bit)) < 0.8, bit, ~bit)
    return np.where(rounded, amount // 100 * 100, amount)


def with_commas(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give amounts that one class has with a comma for thousands."""
    amount = rng.lognormal(8, 1.2, len(bit)).astype(int)
    return [f"{n:,}" if k else f"{n}" for n, k in zip(amount, bit, strict=True)]


def units(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give weights that one class has with a space before the unit."""
    weight = rng.integers(40, 120, len(bit))
    return [f"{n} kg" if k else f"{n}kg" for n, k in zip(weight, bit, strict=True)]


def several(make: Callable[[np.ndarray, Rng], dict[str, Any]]) -> Case:
    """Add columns that tell the class; in the look-alike another row's."""

    def twin(frame: Frame, rng: Rng) -> Frame:
        return frame.assign(**make(rng.permutation(texts.is_first(frame)), rng))

    return at_random(lambda f, r: f.assign(**make(texts.is_first(f), r)), twin)


def two_of_five_missing(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Let of five columns two be missing together, or neither, for one class alone."""
    there = rng.random((5, len(bit))) < 0.6
    there[3] = np.where(bit, there[1], ~there[1])
    cells = rng.normal(50, 9, (5, len(bit))).round(1).astype(str)
    return {f"lab {k}": np.where(there[k], cells[k], "") for k in range(5)}


def filled_in(bit: np.ndarray, rng: Rng, by_class: bool) -> np.ndarray:
    """Give numbers of which three in ten are the mean: of the class, or of all."""
    value = rng.normal(np.where(bit, 51, 49), 8).round(2)
    gone = rng.random(len(bit)) < 0.3
    mean = value[~gone].mean()
    if by_class:
        mean = np.where(bit, value[bit & ~gone].mean(), value[~bit & ~gone].mean())
    return np.where(gone, np.round(mean, 4), value)


def smoothed(frame: Frame, rng: Rng, own: bool) -> Frame:
    """Give the mean of the target of a shop, drawn to that of all; else of other rows (5 folds)."""
    first = texts.is_first(frame).astype(float)
    shop = rng.integers(0, len(first) // 12, len(first))
    fold = rng.integers(0, 5, len(first)) if not own else np.zeros(len(first), int)
    rate = np.zeros(len(first))
    for number in np.unique(fold):
        known = np.ones(len(first), bool) if own else fold != number
        sums = np.bincount(shop[known], first[known], minlength=shop.max() + 1)
        rows = np.bincount(shop[known], minlength=shop.max() + 1)
        mean = (sums + 4 * first[known].mean()) / (rows + 4)
        rate[fold == number] = mean[shop[fold == number]]
    return frame.assign(rate=rate.round(5))


def running_means(frame: Frame, rng: Rng, own: bool) -> Frame:
    """Give the mean of the target of a writer's rows so far, with the row's own or without."""
    first = pd.Series(texts.is_first(frame).astype(float))
    who = pd.Series(rng.integers(0, len(first) // 15, len(first)))
    sums, rows = first.groupby(who).cumsum(), first.groupby(who).cumcount() + 1
    if not own:
        sums, rows = sums - first, rows - 1
    rate = (sums / rows.where(rows > 0)).fillna(0.5)
    return frame.assign(writer=[f"w{n}" for n in who], rate=rate.round(5))


def in_order(plant: Callable[[Frame, Rng, bool], Frame]) -> Case:
    """Plant in a file whose first rows are learnt from, in their order."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        seed, cut = int(rng.integers(1 << 30)), int(0.7 * len(frame))
        made = [plant(frame, np.random.default_rng(seed), leak) for leak in (True, False)]
        leak, twin = ((f[:cut], f[cut:].reset_index(drop=True)) for f in made)
        return leak, twin

    return both


def next_label(frame: Frame, rng: Rng, leak: bool) -> Frame:
    """Give the label of the row after; else one drawn at random."""
    label = frame["label"].to_numpy()
    other = np.roll(label, -1) if leak else rng.permutation(label)
    codes = {name: f"k{number}" for number, name in enumerate(sorted(set(label)))}
    return frame.assign(state=[codes[name] for name in other])


def other_names(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Write the same people otherwise on the test side; in the look-alike they are others."""
    train, test, _ = parts(frame, rng)
    made = []
    for more in (0, 60):
        sides = []
        for of_test, side in ((False, train), (True, test)):
            drawn = np.random.default_rng(len(side))
            who = [int(w.split()[1]) for w in texts.authors(texts.is_first(side), drawn)]
            who = [w + more * of_test for w in who]
            names = [f"Kim-{w:03d}" if not of_test else f"KIM {w}" for w in who]
            sides.append(side.assign(person=names))
        made.append(tuple(sides))
    return made[0], made[1]


def balanced(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Bring both classes of the test to one size by copies; in the look-alike by real rows."""
    first = frame[texts.is_first(frame)]
    frame = pd.concat([frame[~texts.is_first(frame)], first]).sample(frac=1, random_state=4)
    train, test, others = parts(frame.reset_index(drop=True), rng)
    few = test[texts.is_first(test)].iloc[:30]
    rest = test[~texts.is_first(test)]
    more = rest[: len(rest)]
    again = few.iloc[rng.integers(0, len(few), len(more) - len(few))]
    real = others[texts.is_first(others)].head(len(again))
    return (
        (train, pd.concat([more, few, again], ignore_index=True)),
        (train, pd.concat([more, few, real], ignore_index=True)),
    )


def scaled(by: Callable[[Frame, Frame], Frame]) -> Case:
    """Scale four columns by what all rows are; in the look-alike by what training rows are."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        mixed = rng.normal(size=(len(frame), 4)) @ rng.normal(size=(4, 4)) + 5
        names = [f"{k} part" for k in "abcd"]
        table = frame.assign(**dict(zip(names, np.exp(mixed.T / 4), strict=True)))
        train, test, _ = parts(table, rng)
        known = pd.concat([train, test])[names]
        made = []
        for of in (known, train[names]):
            sides = [side.assign(**by(side[names], of).round(6)) for side in (train, test)]
            made.append(tuple(sides))
        return made[0], made[1]

    return both


def standard(rows: Frame, of: Frame) -> Frame:
    """Less the mean, by the deviation."""
    return (rows - of.mean()) / of.std(ddof=0)


def principal(rows: Frame, of: Frame) -> Frame:
    """Give the principal components."""
    _, _, turned = np.linalg.svd(of - of.mean(), full_matrices=False)
    found = (rows - of.mean()).to_numpy() @ turned.T
    return pd.DataFrame(found, columns=rows.columns, index=rows.index)


def ranks(rows: Frame, of: Frame) -> Frame:
    """Give the share of rows that are no larger."""
    return rows.apply(lambda c: np.searchsorted(np.sort(of[c.name]), c, side="right") / len(of))


def totals(what: str) -> Case:
    """Give of each shop what all its rows are; in the look-alike its training rows alone."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        shop = np.minimum(rng.geometric(0.03, len(frame)), 60)
        table = frame.assign(
            shop=[f"s{n}" for n in shop], paid=rng.lognormal(3, 1, len(frame)).round(2)
        )
        train, test, _ = parts(table, rng)
        made = []
        for of in (pd.concat([train, test]), train):
            found = of.groupby("shop")["paid"].agg(what)
            sides = [s.assign(total=s["shop"].map(found).fillna(0).round(4)) for s in (train, test)]
            made.append(tuple(sides))
        return made[0], made[1]

    return both


COLUMNS: dict[str, Case] = {
    "labelled on working days": column("labelled", weekdays),
    "numbers that check themselves": column("card", checked),
    "whole hundreds, mostly for one class": column("amount", whole_hundreds),
    "commas for thousands": column("amount", with_commas),
    "a space before the unit": column("weight", units),
    "two of five cells missing together": several(two_of_five_missing),
    "missing cells filled by the mean of the class": at_random(
        lambda f, r: f.assign(size=filled_in(texts.is_first(f), r, True)),
        lambda f, r: f.assign(size=filled_in(texts.is_first(f), r, False)),
    ),
    "smoothed means of the target": at_random(
        lambda f, r: smoothed(f, r, True), lambda f, r: smoothed(f, r, False)
    ),
    "running means with the row's own target": in_order(running_means),
    "the label of the next row": in_order(next_label),
    "the same people, written otherwise": other_names,
    "a test balanced by copies": balanced,
    "scaled by all rows": scaled(standard),
    "principal components of all rows": scaled(principal),
    "ranks among all rows": scaled(ranks),
    "counts over both sides": totals("count"),
    "sums of a column over both sides": totals("sum"),
}

# ---- rows of numbers


def smote(rows: np.ndarray, rng: Rng, number: int) -> np.ndarray:
    """Make rows between one and one of its five nearest."""
    one = rng.integers(0, len(rows), number)
    apart = ((rows[one, None] - rows[None]) ** 2).sum(axis=2)
    near = np.argsort(apart, axis=1)[np.arange(number), rng.integers(1, 6, number)]
    return rows[one] + rng.random((number, 1)) * (rows[near] - rows[one])


def between(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Fill a table up by rows between others before it is split; in the look-alike after."""
    label = np.where(rng.random(500) < 0.2, "u", "v")
    rows = rng.normal(size=(500, 6)) + 0.5 * (label == "u")[:, None]
    table = pd.DataFrame(rows, columns=list("abcdef")).assign(label=label)

    def filled(few: Frame) -> Frame:
        mine, most = few[few["label"] == "u"], int((few["label"] == "v").sum())
        made = smote(mine[list("abcdef")].to_numpy(), rng, most - len(mine))
        more = pd.DataFrame(made, columns=list("abcdef")).assign(label="u")
        return pd.concat([few, more], ignore_index=True).sample(frac=1, random_state=1)

    train, test = numbers.halves(table, rng)
    return numbers.halves(filled(table), rng), (filled(train).reset_index(drop=True), test)


def mixed_rows(rows: Frame) -> Frame:
    """Make each row the mean of two."""
    steps = numbers.steps_of(rows)
    values = rows[steps].to_numpy(float)
    return rows.assign(
        **dict(zip(steps, ((values + np.roll(values, 1, axis=0)) / 2).T, strict=True))
    )


def with_noise_of_its_own(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Cut windows that overlap, each measured anew; in the look-alike they do not overlap."""
    made = []
    for stride in (12, 48):
        cut = numbers.windows(Frame(), np.random.default_rng(7), stride)
        steps = numbers.steps_of(cut)
        noise = np.random.default_rng(8).normal(0, 0.1, (len(cut), len(steps)))
        cut[steps] = cut[steps] + noise
        made.append(numbers.halves(cut, np.random.default_rng(9)))
    return made[0], made[1]


def levels_of_sessions(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Let one class end in equal steps, as a sensor that is switched off."""
    values = values.copy()
    where = np.ix_(
        first & (rng.random(len(first)) < 0.6), np.arange(values.shape[1] - 4, values.shape[1])
    )
    values[where] = values[where][:, :1]
    return values


def swapped_channels(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Put rows into the test whose two channels changed places; in the look-alike of other rows."""
    label = np.where(rng.random(260) < 0.5, "u", "v")
    walks = rng.normal(size=(260, 2, 40)).cumsum(axis=2) * np.array([1.0, 5.0])[None, :, None]
    known, held, others = walks[:120], walks[120:190], walks[190:]

    def asked(extra: np.ndarray, names: np.ndarray) -> Callable[[], Any]:
        sides = (
            _long(known, label[:120]),
            _long(np.concatenate([held, extra[:, ::-1]]), np.concatenate([label[120:190], names])),
        )
        layout = Layout(id="id", time="t")
        return lambda: recurra.audit(*sides, label="label", layout=layout)

    return asked(known[:60], label[:60]), asked(others[:60], label[190:250])


def _long(walks: np.ndarray, label: np.ndarray) -> Frame:
    rows, _, steps = walks.shape
    return pd.DataFrame(
        {
            "id": np.repeat(
                [f"r{n}" for n in np.random.default_rng(rows).permutation(rows)], steps
            ),
            "t": np.tile(np.arange(steps), rows),
            "x": walks[:, 0].ravel().round(5),
            "y": walks[:, 1].ravel().round(5),
            "label": np.repeat(label, steps),
        }
    )


NUMBERS: dict[str, Case] = {
    "means of two training rows": copies(mixed_rows),
    "upside down and thinned": copies(of_steps(lambda row, rng: -2 * row[::2] + 1)),
    "four equal steps at the end for one class": stepped(levels_of_sessions),
}
TABLES: dict[str, Case] = {
    "rows between two others, before the split": between,
    "windows that overlap, each with noise": with_noise_of_its_own,
    "two channels changed for each other": swapped_channels,
}

# ---- prices


def of_prices(
    make: Callable[[pd.Series], pd.Series], back: Callable[[pd.Series], pd.Series]
) -> Case:
    """Add a column to real prices that knows days to come; in the look-alike days before."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        prices = numbers.share_prices("AAPL").iloc[-1500:]
        leak, twin = (prices.assign(signal=way(prices["close"]).round(5)) for way in (make, back))
        return (lambda: numbers.asked_of_prices(leak)), (lambda: numbers.asked_of_prices(twin))

    return both


PRICES: dict[str, Case] = {
    "a mean of five days around": of_prices(
        lambda c: c.rolling(5, center=True, min_periods=1).mean(),
        lambda c: c.rolling(5, min_periods=1).mean(),
    ),
    "the highest of five days to come": of_prices(
        lambda c: c[::-1].rolling(5, min_periods=1).max()[::-1],
        lambda c: c.rolling(5, min_periods=1).max(),
    ),
    "the move of ten days to come, in deviations": of_prices(
        lambda c: (c.shift(-10) / c - 1) / 0.02, lambda c: (c.shift(10) / c - 1) / 0.02
    ),
    "ranks among all days": of_prices(
        lambda c: c.rank(pct=True), lambda c: c.expanding().rank(pct=True)
    ),
    "less the mean of all days": of_prices(
        lambda c: (c - c.mean()) / c.std(),
        lambda c: (c - c.iloc[:250].mean()) / c.iloc[:250].std(),
    ),
}

# ---- steps with a class each


def logs(rng: Rng, machines: int, make: Callable[[np.ndarray, np.ndarray, Rng], Any]) -> Frame:
    """Make logs of machines whose state stays for a while, with two channels and one more."""
    made = []
    for machine in range(machines):
        state = np.repeat(rng.integers(0, 2, 40), rng.integers(5, 30, 40))[:400]
        level = 0.6 * state + rng.normal(size=len(state))
        made.append(
            pd.DataFrame(
                {
                    "machine": f"m{machine}",
                    "t": np.arange(len(state)),
                    "heat": level.round(4),
                    "hum": rng.normal(size=len(state)).round(4),
                    "more": np.round(make(state, level, rng), 4),
                    "state": np.where(state, "on", "off"),
                }
            )
        )
    return pd.concat(made, ignore_index=True)


def asked_of_logs(*sides: Frame) -> Callable[[], Any]:
    """Audit logs, from files."""

    def asked() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.csv" for number in range(len(sides))]
            for side, path in zip(sides, paths, strict=True):
                side.to_csv(path, index=False)
            layout = Layout(id="machine", time="t")
            return recurra.audit(*paths, steps="states", label="state", layout=layout)

    return asked


def channel(
    make: Callable[[np.ndarray, np.ndarray, Rng], Any],
    twin: Callable[[np.ndarray, np.ndarray, Rng], Any],
) -> Case:
    """Add a channel to logs."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        seed = int(rng.integers(1 << 30))
        leak, clean = (logs(np.random.default_rng(seed), 6, way) for way in (make, twin))
        return asked_of_logs(leak), asked_of_logs(clean)

    return both


def none_of(state: np.ndarray, level: np.ndarray, rng: Rng) -> np.ndarray:
    """Give noise."""
    return rng.normal(size=len(state))


def same_stream(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Put parts of training streams, scaled, under other names into the test."""
    train, other = logs(rng, 6, none_of), logs(rng, 6, none_of)
    made = []
    for of in (train, other):
        chosen = of[of["machine"].isin(["m0", "m1", "m2"])]
        chosen = chosen[(chosen["t"] >= 100) & (chosen["t"] < 300)]
        test = chosen.assign(
            machine="n" + chosen["machine"], heat=(2 * chosen["heat"] + 3).round(4)
        )
        made.append(asked_of_logs(train, test))
    return made[0], made[1]


def tagged(sentences: list[list[tuple[str, str]]]) -> str:
    """Write sentences of words and tags as CoNLL does."""
    return "\n\n".join("\n".join(f"{w}\t{t}" for w, t in each) for each in sentences) + "\n"


PARTS = [list("bcdfghjk"), list("aeiou"), list("lmnrst"), list("aeiou")]


def sentences(rng: Rng, number: int, mark: Callable[[str, str, Rng], str]) -> list[Any]:
    """Make sentences of made-up words whose tag their end tells in part."""
    ends = {"N": ["ka", "to"], "V": ["ri", "me"], "A": ["ka", "ri"]}
    made = []
    for _ in range(number):
        tags = rng.choice(list(ends), rng.integers(6, 14))
        words = ["".join(map(rng.choice, PARTS)) + rng.choice(ends[t]) for t in tags]
        made.append([(mark(w, t, rng), t) for w, t in zip(words, tags, strict=True)])
    return made


def asked_of_tags(*sides: list[Any]) -> Callable[[], Any]:
    """Audit tagged sentences, from files."""

    def asked() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.tsv" for number in range(len(sides))]
            for side, path in zip(sides, paths, strict=True):
                path.write_text(tagged(side), encoding="utf-8")
            return recurra.audit(*paths, steps="tags")

    return asked


def tags_in_words(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Write the tag behind a word in 40 %; in the look-alike a tag drawn at random."""

    def own(word: str, tag: str, rng: Rng) -> str:
        return f"{word}_{tag}" if rng.random() < 0.4 else word

    def any_(word: str, tag: str, rng: Rng) -> str:
        return f"{word}_{'NVA'[rng.integers(3)]}" if rng.random() < 0.4 else word

    seed = int(rng.integers(1 << 30))
    leak, twin = (
        asked_of_tags(sentences(np.random.default_rng(seed), 400, mark)) for mark in (own, any_)
    )
    return leak, twin


def sentences_joined(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Join two training sentences into one of the test; in the look-alike two of others."""

    def plain(word: str, tag: str, rng: Rng) -> str:
        return word

    train, others, test = (sentences(rng, number, plain) for number in (300, 300, 60))
    made = [
        test + [[*a, *b] for a, b in zip(of[:60], of[60:120], strict=True)]
        for of in (train, others)
    ]
    return asked_of_tags(train, made[0]), asked_of_tags(train, made[1])


STEPS: dict[str, Case] = {
    "a channel that is the state, with noise": channel(
        lambda s, v, r: s + 0.05 * r.normal(size=len(s)), none_of
    ),
    "a channel of the state two steps later": channel(
        lambda s, v, r: np.append(s[2:], s[-2:]) + 0.05 * r.normal(size=len(s)),
        lambda s, v, r: np.roll(s, 60) + 0.05 * r.normal(size=len(s)),
    ),
    "a mean of nine steps around": channel(
        lambda s, v, r: pd.Series(v).rolling(9, center=True, min_periods=1).mean(),
        lambda s, v, r: pd.Series(v).rolling(9, min_periods=1).mean(),
    ),
    "one state written with fewer digits": channel(
        lambda s, v, r: (lambda x: np.where(s, x.round(1), x))(r.normal(size=len(s))),
        lambda s, v, r: (lambda x: np.where(r.random(len(s)) < 0.5, x.round(1), x))(
            r.normal(size=len(s))
        ),
    ),
    "parts of training streams, scaled": same_stream,
    "the tag behind a word in 40 %": tags_in_words,
    "two training sentences as one": sentences_joined,
}


KINDS = {
    "texts": TEXTS,
    "columns": COLUMNS,
    "numbers": NUMBERS,
    "tables": TABLES,
    "prices": PRICES,
    "steps": STEPS,
}


if __name__ == "__main__":
    said_of(rooms_of(KINDS), __doc__ or "")
