"""Are leaks found of a fourth list of kinds, those that happen in practice and in contests?

    RECURRA_DATA=FOLDER python benchmarks/practice_leaks.py

As `further_leaks.py`: each kind was written down before it was tried, each has a look-alike that is
made in the same way and holds no leak; `docs/audit.md` says how many were found at first, and now.
"""

import json
import textwrap
from collections.abc import Callable
from typing import Any

import further_leaks as further
import leaks as texts
import number_leaks as numbers
import numpy as np
import pandas as pd
from leak_table import Case, at_random, column, copies, of_steps, of_texts, parts
from other_leaks import hash_of, marked, rooms_of, said_of, stepped

Frame = pd.DataFrame
Rng = np.random.Generator
Bits = np.ndarray

# ---- texts


def written(write: Callable[[str, bool, Rng], str], share: float = 1.0) -> Case:
    """Change texts by their class; in the look-alike by that of another row."""

    def changed(frame: Frame, bit: Bits, rng: Rng) -> Frame:
        told = [
            write(text, bool(k), rng) if rng.random() < share else text
            for text, k in zip(frame["text"], bit, strict=True)
        ]
        return frame.assign(text=told)

    return at_random(
        lambda f, r: changed(f, texts.is_first(f), r),
        lambda f, r: changed(f, r.permutation(texts.is_first(f)), r),
    )


def ticket(text: str, first: bool, rng: Rng) -> str:
    """Write a number into a text; those of a class were handed out in one block, nine in ten."""
    low = first if rng.random() < 0.9 else not first
    number = int(rng.integers(10_000, 50_000)) + (0 if low else 50_000)
    return texts.inserted(f"(ticket {number})")(text)


def rating(text: str, first: bool, rng: Rng) -> str:
    """Write the stars that a class was made of."""
    return f"{text} {rng.integers(1, 5) + 6 * (not first)}/10"


SMILES = ([":)", ":-)", ":D", "=)", "^^", "(:"], [":(", ":-(", "T_T", "=(", ";_;", "D:"])


def smiling(text: str, first: bool, rng: Rng) -> str:
    """Leave the face in a text that its label was made of."""
    return f"{text} {rng.choice(SMILES[int(first)])}"


def wrapped(text: str, first: bool, rng: Rng) -> str:
    """Break lines where the program broke them that a class comes from."""
    return textwrap.fill(text, 30 if first else 40)


PHONES = ["iPhone", "Galaxy", "Pixel", "Xperia", "Moto", "Nokia"]
PHONES += ["Lumia", "Huawei", "Nexus", "Xiaomi", "Redmi", "Honor"]


def from_telephone(text: str) -> str:
    """Sign as one of many telephones does."""
    return f"{text} / {PHONES[hash_of(text) % len(PHONES)]}"


def blacked_out(text: str) -> str:
    """Black a word out."""
    words = text.split()
    return " ".join([*words[:2], "\u2588" * 5, *words[3:]])


def drawn_out(text: str) -> str:
    """Write the last letter of each third word three times."""
    return " ".join(w + 2 * w[-1] if n % 3 == 0 else w for n, w in enumerate(text.split()))


def stamped(text: str) -> str:
    """Put the time between the words, as subtitles do."""
    words = text.split()
    told = [
        f"[00:{n // 4:02d}:{len(w) * 7 % 60:02d}] {w}" if n % 4 == 0 else w
        for n, w in enumerate(words)
    ]
    return " ".join(told)


def thirds_of_three(rows: Frame) -> Frame:
    """Make a text of the first thirds of three."""
    begins = [" ".join(t.split()[: max(1, len(t.split()) // 3)]) for t in rows["text"]]
    others = [np.roll(np.array(begins, object), k) for k in (0, 1, 2)]
    return rows.assign(text=[" ".join(each) for each in zip(*others, strict=True)])


FILLED = ["Mr Carlson", "1,250 won", "Springfield", "next Tuesday", "Ms Novak", "40 dollars"]


def filled(rows: Frame, seed: int) -> Frame:
    """Fill the places of a form: each sixth word is a name, a sum, a day, …, drawn anew."""
    rng = np.random.default_rng(seed)
    told = [
        " ".join(
            f"{rng.choice(FILLED)}{rng.integers(9)}" if n % 6 == 5 else w
            for n, w in enumerate(t.split())
        )
        for t in rows["text"]
    ]
    return rows.assign(text=told)


def forms(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Fill forms of the training side in anew; in the look-alike forms that stand nowhere else."""
    train, test, others = parts(frame, rng)
    number = min(len(test) * 7 // 10, len(others))
    known = filled(train, 1)
    leak, twin = (
        (known, pd.concat([test, filled(of.head(number), 2)], ignore_index=True))
        for of in (train, others)
    )
    return leak, twin


def replies(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Quote half of a training text below an answer; in the look-alike a text of nobody's."""
    train, test, others = parts(frame, rng)
    half = len(others) // 2
    answers, nobody = others["text"].head(half), others.tail(half)

    def quoting(of: Frame) -> Frame:
        quoted = [t[: len(t) // 2] for t in of["text"]]
        told = [f"{a[:90]}\n> {q}" for a, q in zip(answers, quoted, strict=True)]
        return of.assign(text=told)

    leak, twin = (
        (train, pd.concat([test, quoting(of.head(half))], ignore_index=True))
        for of in (train, nobody)
    )
    return leak, twin


TEXTS: dict[str, Case] = {
    "ticket numbers, handed out by class": written(ticket),
    "stars out of ten in half of the texts": written(rating, 0.5),
    "faces that the labels were made of": written(smiling),
    "lines broken at two widths": written(wrapped),
    "twelve telephones sign 50 % of a class": marked(0.5, from_telephone),
    "a word blacked out in 30 % of a class": marked(0.3, blacked_out),
    "sent on and cut": copies(of_texts(lambda t: f"RT @user{hash_of(t) % 97}: {t[:100]}\u2026")),
    "letters drawn out": copies(of_texts(drawn_out)),
    "times between the words": copies(of_texts(stamped)),
    "first thirds of three training texts": copies(thirds_of_three),
    "forms filled in anew": forms,
    "answers that quote half a training text": replies,
}

# ---- columns


def versions(bit: Bits, rng: Rng) -> list[str]:
    """Give UUIDs of two versions, one a class."""
    told = []
    for k in bit:
        digits = f"{int(rng.integers(1 << 62)):016x}{int(rng.integers(1 << 62)):016x}"
        told.append(f"{digits[:8]}-{digits[8:12]}-{1 if k else 4}{digits[13:16]}-{digits[16:20]}")
    return told


def fractions(bit: Bits, rng: Rng) -> list[str]:
    """Give times whose millionths are whole thousandths for one class."""
    part = rng.integers(0, 1_000_000, len(bit))
    part = np.where(bit, part // 1000 * 1000, part)
    second, day = rng.integers(0, 86_400, len(bit)), rng.integers(1, 29, len(bit))
    return [
        f"2024-05-{d:02d} {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}.{p:06d}"
        for d, s, p in zip(day, second, part, strict=True)
    ]


def rare(bit: Bits, rng: Rng) -> list[str]:
    """Give kinds; two rows in five are of one so rare that its three rows are of one class."""
    told = np.array([f"kind {n}" for n in rng.integers(0, 8, len(bit))], object)
    for side in (True, False):
        rows = rng.permutation(np.flatnonzero(bit == side))
        rows = rows[: int(0.4 * len(rows))]
        names = rng.permutation(10_000)[: len(rows) // 3 + 1]
        told[rows] = [f"kind {2 * names[n // 3] + side + 100}" for n in range(len(rows))]
    return told.tolist()


def of_three(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give three parts whose sum is above 100 for one class."""
    whole = 100 + np.where(bit, 1, -1) * rng.exponential(5, len(bit))
    one, two = rng.normal(33, 12, (2, len(bit)))
    return {"rent": one.round(2), "food": two.round(2), "rest": (whole - one - two).round(2)}


def flags(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give ten flags, of which one is set: five stand for kinds of one class."""
    which = rng.integers(0, 5, len(bit)) * 2 + bit
    return {f"is {name}": (which == n).astype(int) for n, name in enumerate("abcdefghij")}


def keys(bit: Bits, rng: Rng) -> list[str]:
    """Give what a program left in JSON; one key stands for one class alone."""
    told = []
    for k in bit:
        cell = {"size": int(rng.integers(99)), "lang": str(rng.choice(["en", "ko", "de"]))}
        cell["checked" if k else "queued"] = int(rng.integers(1000))
        order = rng.permutation(list(cell))
        told.append(json.dumps({str(name): cell[str(name)] for name in order}))
    return told


def inches(bit: Bits, rng: Rng) -> Any:
    """Give lengths that were measured in inches for one class, all written in centimetres."""
    length = rng.normal(170, 12, len(bit))
    return np.where(bit, np.round(length / 2.54) * 2.54, length).round(1)


def right_one_first(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Let the right answer stand first of its question; in the look-alike anywhere."""
    first = texts.is_first(frame)
    right, wrong = rng.permutation(np.flatnonzero(first)), rng.permutation(np.flatnonzero(~first))
    ends = np.cumsum(rng.integers(2, 5, len(frame)))
    ends = ends[ends <= len(wrong)][: len(right) - 1]
    rows = [np.append(one, some) for one, some in zip(right, np.split(wrong, ends), strict=False)]
    rows = rows[: len(ends)]
    names = np.repeat([f"q{n}" for n in rng.permutation(len(rows))], [len(each) for each in rows])
    leak, twin = (
        (frame.iloc[np.concatenate(order)].reset_index(drop=True).assign(question=names),)
        for order in (rows, [rng.permutation(each) for each in rows])
    )
    return leak, twin


def how_often(bit: Bits, rng: Rng) -> list[str]:
    """Give customers; those of one class were drawn once each, the others write four times."""
    told = rng.permutation(len(bit))
    rows = rng.permutation(np.flatnonzero(bit))
    told[rows] = told[rows[np.arange(len(rows)) // 4 * 4]]
    return [f"c{n:04d}" for n in told]


def by_two(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give people known by two columns together, most of whose rows are of one class."""
    who = np.array([int(name.split()[1]) for name in texts.authors(bit, rng)])
    year, town = 1950 + who * 7 % 13, who * 5 % 11
    return {"born": year, "town": [f"town {n}" for n in town]}


COLUMNS: dict[str, Case] = {
    "identifiers of two versions": column("uuid", versions),
    "whole thousandths of a second": column("at", fractions),
    "kinds so rare that they name the class": column("kind", rare),
    "three parts of a sum": further.several(of_three),
    "ten flags, five for each class": further.several(flags),
    "a key in JSON": column("meta", keys),
    "inches for one class": column("length", inches),
    "the right one first": right_one_first,
    "how often a customer stands": column("customer", how_often),
    "people known by two columns": further.several(by_two),
}

# ---- sequences


def deviations(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Bring rows to deviation 1, those of one class by n - 1 and the others by n."""
    values = values - values.mean(axis=1, keepdims=True)
    both = [values / values.std(axis=1, ddof=k, keepdims=True) for k in (1, 0)]
    return np.where(first[:, None], *both)


def saturated(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Let one class be measured by a device that ends where a sixth of all steps lie above."""
    top = np.quantile(values, 5 / 6)
    return np.where(first[:, None], np.minimum(values, top), values).round(3)


def humming(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Let one class be recorded beside a machine."""
    phase = rng.random((len(values), 1)) * 2 * np.pi
    hum = np.sin(2 * np.pi * np.arange(values.shape[1]) / 4.3 + phase)
    return np.where(first[:, None], values + 0.05 * values.std() * hum, values).round(3)


def other_sensor(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Measure the same once more: slower, in other units, with noise."""
    slow = np.convolve(row, [0.6, 0.3, 0.1])[: len(row)]
    slow[:2] = row[:2]
    return 1.3 * slow + 0.2 + 0.04 * row.std() * rng.normal(size=len(row))


def faster(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Play it a tenth faster."""
    return np.interp(np.arange(0, len(row) - 1, 1.1), np.arange(len(row)), row)


def warped(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Bend its time."""
    time = np.arange(len(row)) + 0.03 * len(row) * np.sin(
        2 * np.pi * np.arange(len(row)) / len(row)
    )
    return np.interp(time, np.arange(len(row)), row)


def swollen(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Let it be louder in its first half, and softer in the second."""
    return row * (1 + 0.3 * np.sin(2 * np.pi * np.arange(len(row)) / len(row)))


def halves_joined(rows: Frame) -> Frame:
    """Join the second half of a row and the first half of the next."""
    steps = numbers.steps_of(rows)
    values = rows[steps].to_numpy(float)
    half = values.shape[1] // 2
    joined = np.column_stack([values[:, half:], np.roll(values, 1, axis=0)[:, :half]])
    return rows.assign(**dict(zip(steps, joined.T, strict=True)))


NUMBERS: dict[str, Case] = {
    "deviations by n and by n - 1": stepped(deviations),
    "one class by a device that saturates": stepped(saturated),
    "a hum in one class": stepped(humming),
    "the same by another sensor": copies(of_steps(other_sensor)),
    "a tenth faster": copies(of_steps(faster)),
    "time bent": copies(of_steps(warped)),
    "loudness bent": copies(of_steps(swollen)),
    "halves of two rows joined": copies(halves_joined),
}

# ---- tables


def side_by_side(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Cut recordings into windows and split these at random; in the look-alike recordings."""
    label = np.where(rng.permutation(40) % 2 == 0, "u", "v")
    walks = rng.normal(size=(40, 480)).cumsum(axis=1) + rng.normal(0, 20, (40, 1))
    table = pd.DataFrame(walks.reshape(400, 48).round(5), columns=[f"t{k}" for k in range(48)])
    table.insert(0, "label", np.repeat(label, 10))
    known = np.repeat(rng.permutation(40) < 28, 10)
    mixed = rng.permutation(400)
    leak, twin = (
        tuple(table.iloc[mixed[of[mixed]]].reset_index(drop=True) for of in (side, ~side))
        for side in (rng.random(400) < 0.7, known)
    )
    return leak, twin


def minority(rng: Rng) -> Frame:
    """Make a table of which one class is a fifth."""
    label = np.where(rng.random(500) < 0.2, "u", "v")
    rows = rng.normal(size=(500, 6)) + 0.5 * (label == "u")[:, None]
    return pd.DataFrame(rows.round(3), columns=list("abcdef")).assign(label=label)


def balanced(more: Callable[[np.ndarray, Rng, int], np.ndarray]) -> Case:
    """Fill a class up before the table is split; in the look-alike after it is."""

    def filled_up(few: Frame, rng: Rng) -> Frame:
        mine, most = few[few["label"] == "u"], int((few["label"] == "v").sum())
        rows = more(mine[list("abcdef")].to_numpy(), rng, most - len(mine)).round(3)
        added = pd.DataFrame(rows, columns=list("abcdef")).assign(label="u")
        return pd.concat([few, added]).sample(frac=1, random_state=1, ignore_index=True)

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        table = minority(rng)
        train, test = numbers.halves(table, rng)
        return numbers.halves(filled_up(table, rng), rng), (filled_up(train, rng), test)

    return both


def jittered(rows: np.ndarray, rng: Rng, number: int) -> np.ndarray:
    """Draw rows again, each with noise of half a percent."""
    drawn = rows[rng.integers(0, len(rows), number)]
    return drawn + 0.005 * rng.normal(size=drawn.shape)


TABLES: dict[str, Case] = {
    "windows side by side, of recordings": side_by_side,
    "rows between two others, rounded": balanced(further.smote),
    "drawn again with noise, before the split": balanced(jittered),
}

# ---- time


def daily(make: Callable[[Frame, Frame], Any], twin: Callable[[Frame, Frame], Any]) -> Case:
    """Add a column to daily rows of which the last are held out, six days between left out."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        days = numbers.daily(700, rng)
        train, _ = numbers.at_the_end(days, 6)
        leak, clean = (
            numbers.at_the_end(days.assign(figure=np.round(way(days, train), 5)), 6)
            for way in (make, twin)
        )
        return leak, clean

    return both


def blocks(days: Frame, size: int) -> pd.Series:
    """Number weeks, months or quarters of so many days."""
    return pd.Series(np.arange(len(days)) // size)


def ends(days: Frame, size: int) -> pd.Series:
    """Give the close at the end of each block of days."""
    return days.groupby(blocks(days, size))["close"].last()


def drawn_between(days: Frame, size: int) -> np.ndarray:
    """Draw straight lines between the ends of months."""
    found = ends(days, size)
    at = np.minimum((np.arange(len(found)) + 1) * size - 1, len(days) - 1)
    return np.interp(np.arange(len(days)), at, found)


def months(days: Frame) -> pd.Series:
    """Give the month of each day."""
    return pd.to_datetime(days["day"]).dt.month


def less_line(days: Frame, of: Frame) -> Any:
    """Give the closes less the straight line through some of them."""
    place = np.arange(len(days))
    return days["close"] - np.polyval(np.polyfit(place[: len(of)], of["close"], 1), place)


TIME: dict[str, Case] = {
    "quarterly figures, filled backwards": daily(
        lambda d, t: blocks(d, 60).map(ends(d, 60)),
        lambda d, t: blocks(d, 60).map(ends(d, 60).shift()).bfill(),
    ),
    "the mean of its own week": daily(
        lambda d, t: d.groupby(blocks(d, 7))["close"].transform("mean"),
        lambda d, t: blocks(d, 7).map(d.groupby(blocks(d, 7))["close"].mean().shift()).bfill(),
    ),
    "monthly figures drawn out in lines": daily(
        lambda d, t: drawn_between(d, 30),
        lambda d, t: pd.Series(drawn_between(d, 30)).shift(30).bfill(),
    ),
    "usual moves of a month, of all years": daily(
        lambda d, t: months(d).map(d.groupby(months(d))["move"].mean()),
        lambda d, t: months(d).map(t.groupby(months(t))["move"].mean()),
    ),
    "less the line through all days": daily(
        lambda d, t: less_line(d, d), lambda d, t: less_line(d, t)
    ),
}


def of_prices(make: Callable[[Frame], Any], back: Callable[[Frame], Any]) -> Case:
    """Add a column to real prices that knows days to come; in the look-alike days before."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        prices = numbers.share_prices("AAPL").iloc[-1500:]
        leak, twin = (prices.assign(signal=np.round(way(prices), 5)) for way in (make, back))
        return (lambda: numbers.asked_of_prices(leak)), (lambda: numbers.asked_of_prices(twin))

    return both


def large(prices: Frame) -> pd.Series:
    """Say which days move by more than three percent."""
    return (prices["close"].pct_change().abs() > 0.03).astype(float)


def of_week(prices: Frame, late: int) -> Any:
    """Give the close of each week, or of the one before."""
    week = pd.Series(pd.DatetimeIndex(prices.index).to_period("W"), index=prices.index)
    return week.map(prices.groupby(week)["close"].last().shift(late)).bfill()


PRICES: dict[str, Case] = {
    "the gap of the next morning": of_prices(
        lambda p: p["open"].shift(-1) / p["close"] - 1, lambda p: p["open"] / p["close"].shift() - 1
    ),
    "the volume of the next day, of its mean": of_prices(
        lambda p: p["volume"].shift(-1) / p["volume"].rolling(20, min_periods=1).mean(),
        lambda p: p["volume"] / p["volume"].rolling(20, min_periods=1).mean(),
    ),
    "the close of the week": of_prices(lambda p: of_week(p, 0), lambda p: of_week(p, 1)),
    "a flag of large moves in three days": of_prices(
        lambda p: large(p).iloc[::-1].rolling(3, min_periods=1).max().iloc[::-1].shift(-1),
        lambda p: large(p).rolling(3, min_periods=1).max(),
    ),
}

# ---- steps with a class each


def run_lengths(state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the steps since the state changed, and until it will."""
    run = np.cumsum(np.append(0, np.diff(state) != 0))
    since = pd.Series(state).groupby(run).cumcount().to_numpy()
    return since, pd.Series(state).groupby(run).cumcount(ascending=False).to_numpy()


def gaps(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Let the clock stand still where one state is; in the look-alike at as many other steps."""
    log = further.logs(rng, 6, further.none_of)
    made = []
    for there in (log["state"] == "on", rng.permutation(log["state"] == "on")):
        passed = np.where(there, 10, 11) + np.where(np.arange(len(log)) % 400 == 0, 10**6, 0)
        made.append(further.asked_of_logs(log.assign(t=passed.cumsum())))
    return made[0], made[1]


def thinned_streams(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Put training streams, every second step, under other names into the test."""
    train, other = (further.logs(rng, 6, further.none_of) for _ in range(2))
    made = []
    for of in (train, other):
        chosen = of[of["machine"].isin(["m0", "m1", "m2"]) & (of["t"] % 2 == 0)]
        test = chosen.assign(machine="n" + chosen["machine"], t=chosen["t"] // 2)
        made.append(further.asked_of_logs(train, test))
    return made[0], made[1]


def plain(word: str, tag: str, rng: Rng) -> str:
    """Leave a word as it is."""
    return word


def unseen(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Leave an unseen sign behind four in ten words of one tag; in the look-alike of any."""

    def own(word: str, tag: str, rng: Rng) -> str:
        return word + "\u200b" if tag == "N" and rng.random() < 0.4 else word

    def any_(word: str, tag: str, rng: Rng) -> str:
        return word + "\u200b" if rng.random() < 0.4 / 3 else word

    seed = int(rng.integers(1 << 30))
    leak, twin = (
        further.asked_of_tags(further.sentences(np.random.default_rng(seed), 400, mark))
        for mark in (own, any_)
    )
    return leak, twin


def sentences_copied(change: Callable[[list[Any], Rng], list[Any]]) -> Case:
    """Put changed training sentences into the test; in the look-alike those of nobody."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        train, others, test = (further.sentences(rng, n, plain) for n in (300, 300, 60))
        leak, twin = (
            further.asked_of_tags(train, test + [change(each, rng) for each in of[:60]])
            for of in (train, others)
        )
        return leak, twin

    return both


def other_names(sentence: list[Any], rng: Rng) -> list[Any]:
    """Put other words of the same tag in place of every fourth."""
    words = dict(pair[::-1] for each in further.sentences(rng, 3, plain) for pair in each)
    return [(words[t], t) if n % 4 == 3 else (w, t) for n, (w, t) in enumerate(sentence)]


STEPS: dict[str, Case] = {
    "steps until the state changes": further.channel(
        lambda s, v, r: run_lengths(s)[1] + 0.0, lambda s, v, r: run_lengths(s)[0] + 0.0
    ),
    "a clock that is slower in one state": gaps,
    "training streams, every second step": thinned_streams,
    "an unseen sign behind words of a tag": unseen,
    "training sentences with other names": sentences_copied(other_names),
    "the second half of training sentences": sentences_copied(lambda s, r: s[len(s) // 2 :]),
}


KINDS = {
    "texts": TEXTS,
    "columns": COLUMNS,
    "numbers": NUMBERS,
    "tables": TABLES,
    "time": TIME,
    "prices": PRICES,
    "steps": STEPS,
}


if __name__ == "__main__":
    said_of(rooms_of(KINDS), __doc__ or "")
