"""What a leak is worth, what an audit says of it, and what is left once its advice is followed.

    RECURRA_DATA=FOLDER python benchmarks/leak_table.py OUT
    RECURRA_DATA=FOLDER python benchmarks/leak_table.py OUT leakcheck-ml=SITE leaklens=SITE …

Every kind of leak is planted in a training and a test file, beside a twin that is made alike and
holds none: the copies are of rows that nobody learns from, the column is shuffled, the mark stands
in rows of any class. A tool has *found* a leak if it fails the one for something that it does not
fail the twin for; whatever fails a twin is a false alarm. One fixed model is fitted and scored on
both, and on what is left once the advice of the audit is followed by a program that reads nothing
but the audit. SITE is a folder where `pip install --target` has put another tool.
"""

import argparse
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import leaks as texts
import number_leaks as numbers
import numpy as np
import pandas as pd

import recurra
from recurra.auditing import Audit
from recurra.near_numbers import find_near_sequences
from recurra.sequences import Ragged
from recurra.text.near import find_copies, plain

Frame = pd.DataFrame
Rng = np.random.Generator
Sides = tuple[Frame, Frame]
Case = Callable[[Frame, Rng], tuple[Sides, Sides]]  # with the leak, and its twin
ROUNDS = 3  # of advice: what a leak hid may come to light

# ---- leaks, each with its twin


def parts(frame: Frame, rng: Rng) -> list[Frame]:
    """Split at random: to learn from, to test on, and rows that stand in neither."""
    order = rng.permutation(len(frame))
    cuts = [int(0.55 * len(frame)), int(0.8 * len(frame))]
    return [frame.iloc[part].reset_index(drop=True) for part in np.split(order, cuts)]


def copies(change: Callable[[Frame], Frame], share: float = 0.7) -> Case:
    """Add changed copies to the test: of rows learnt from, and in the twin of rows that are not."""

    def plant(frame: Frame, rng: Rng) -> tuple[Sides, Sides]:
        train, test, others = parts(frame, rng)
        number = int(share * len(test))
        number = min(number, len(others))
        sides = [
            (train, pd.concat([test, change(of.head(number).copy())], ignore_index=True))
            for of in (train, others)
        ]
        return sides[0], sides[1]

    return plant


def of_texts(change: Callable[[str], str]) -> Callable[[Frame], Frame]:
    """Change every text."""
    return lambda rows: rows.assign(text=rows["text"].map(change))


def of_steps(change: Callable[[np.ndarray, Rng], np.ndarray]) -> Callable[[Frame], Frame]:
    """Change every sequence."""
    return lambda rows: numbers._changed(rows, change, np.random.default_rng(5))


def at_random(plant: Callable[[Frame, Rng], Frame], twin: Callable[[Frame, Rng], Frame]) -> Case:
    """Plant in a file, and split it at random."""

    def both(frame: Frame, rng: Rng) -> tuple[Sides, Sides]:
        seed = int(rng.integers(1 << 30))
        made = [way(frame, np.random.default_rng(seed)) for way in (plant, twin)]
        sides = [tuple(parts(each, np.random.default_rng(seed))[:2]) for each in made]
        return sides[0], sides[1]  # type: ignore[return-value]

    return both


def marked(share: float, change: Callable[[str], str]) -> Case:
    """Change texts of one class; in the twin as many of any."""
    return at_random(texts.marked(share, change), texts.marked(share / 2, change, both=True))


def labelled(share: float, write: Callable[[str, str], str]) -> Case:
    """Write the label into texts; in the twin a label drawn at random."""

    def twin(frame: Frame, rng: Rng) -> Frame:
        turned = frame.assign(label=rng.permutation(frame["label"]))
        return texts.labelled(share, write)(turned, rng).assign(label=frame["label"])

    return at_random(texts.labelled(share, write), twin)


def column(name: str, make: Callable[[np.ndarray, Rng], Any], of: Any = texts) -> Case:
    """Add a column; in the twin it is shuffled."""

    def twin(frame: Frame, rng: Rng) -> Frame:
        return frame.assign(**{name: make(rng.permutation(of.is_first(frame)), rng)})

    return at_random(of.column(name, make), twin)


def stepped(change: Callable[[np.ndarray, np.ndarray, Rng], np.ndarray]) -> Case:
    """Change sequences of one class; in the twin as many of any."""

    def turned(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
        return change(values, rng.permutation(first), rng)

    return at_random(numbers.stepped(change), numbers.stepped(turned))


def made(plant: Callable[[Rng], Frame], twin: Callable[[Rng], Frame]) -> Case:
    """Make rows of their own, and split them at random."""
    return at_random(lambda frame, rng: plant(rng), lambda frame, rng: twin(rng))


def by_time(gap: int) -> Callable[[Rng], Sides]:
    """Hold out the last days; the label looks five days ahead."""
    return lambda rng: numbers.at_the_end(numbers.daily(600, rng), gap)


def reaching(frame: Frame, rng: Rng) -> tuple[Sides, Sides]:
    """Let labels learnt from reach into the days held out; in the twin six days are left out."""
    seed = int(rng.integers(1 << 30))
    train, test = by_time(0)(np.random.default_rng(seed))
    return (train, test), by_time(6)(np.random.default_rng(seed))


TEXTS: dict[str, Case] = {
    "copies": copies(of_texts(str)),
    "copies in capitals": copies(of_texts(str.upper)),
    "one word changed": copies(of_texts(texts.other_word)),
    "another sign at the end": copies(of_texts(lambda t: t.rstrip(".!? ") + " !")),
    "the last quarter cut off": copies(of_texts(lambda t: t[: len(t) * 3 // 4])),
    "wrapped in HTML": copies(of_texts(lambda t: f"<p>{html.escape(t)}</p><br>")),
    "a word in 60 % of a class": marked(0.6, texts.inserted("blorb")),
    "label word in 60 %": labelled(0.6, lambda t, k: texts.inserted("tag" + k)(t)),
    "a first word in 20 % of a class": marked(0.2, lambda t: "re: " + t),
    "mojibake in 70 % of a class": marked(0.7, lambda t: t + " \u00c2\u00a0"),
    "a space behind 50 % of a class": marked(0.5, lambda t: t.strip() + " "),
}
COLUMNS: dict[str, Case] = {
    "outcome": column("outcome", lambda a, r: np.where(a, "x", "y")),
    "a score of the target": column(
        "score", lambda a, r: np.round(a + r.normal(0, 0.15, len(a)), 3)
    ),
    "ids in two ranges": column("id", lambda a, r: texts.numbered(a, r, 10**6)),
    "ids that overlap by half": column("id", lambda a, r: texts.numbered(a, r, len(a) // 2)),
    "a folder in the id": column(
        "id", lambda a, r: [f"{'xy'[int(k)]}/{i}.txt" for i, k in enumerate(a)]
    ),
    "filled for one class": column("closed", lambda a, r: texts.filled(a, r, 0.8, 0.05)),
    "authors": column("author", texts.authors),
    "days, classes that drift": column("day", texts.days),
}
NUMBERS: dict[str, Case] = {
    "copies of sequences": copies(of_steps(numbers.same)),
    "scaled and moved": copies(of_steps(lambda row, rng: 3 * row - 7)),
    "noise of 1 %": copies(of_steps(numbers.noisy(0.01))),
    "cut at the end": copies(of_steps(lambda row, rng: row[: len(row) * 3 // 4])),
    "a marker in one step": stepped(numbers.marker),
    "one class with two digits": stepped(numbers.coarser),
    "people": column("person", numbers.people, numbers),
}
SERIES: dict[str, Case] = {
    "windows that overlap": made(
        lambda rng: numbers.windows(Frame(), rng, 12), lambda rng: numbers.windows(Frame(), rng, 48)
    ),
    "a column of the return to come": made(
        lambda rng: (lambda d: d.assign(x=(np.roll(d["close"], -5) / d["close"] - 1).round(6)))(
            numbers.daily(600, rng)
        ),
        lambda rng: (lambda d: d.assign(x=(np.roll(d["close"], 5) / d["close"] - 1).round(6)))(
            numbers.daily(600, rng)
        ),
    ),
    "a target that reaches into the test": reaching,
}
PRICES: dict[str, Callable[[Frame], Frame]] = {
    "the open of the next day": lambda f: f.assign(open=f["open"].shift(-1)),
    "the close of the next day": lambda f: f.assign(close=f["close"].shift(-1)),
    "the high of the next day": lambda f: f.assign(high=f["high"].shift(-1)),
    "averages over days to come": lambda f: f.assign(
        **f[["open", "high", "low", "close"]].rolling(3, center=True).mean()
    ),
    "a column of the next close": lambda f: f.assign(signal=f["close"].shift(-1)),
}


def sides_of_prices(frame: Frame, change: Callable[[Frame], Frame]) -> Sides:
    """Change prices, ask whether the close of the day after rises, and hold out the last days."""
    rises = frame["close"].shift(-1) > frame["close"]
    asked = change(frame).assign(label=np.where(rises, "up", "down")).iloc[5:-5]
    asked = asked.rename_axis("date").reset_index()
    asked["date"] = asked["date"].astype(str)
    cut = int(0.75 * len(asked))
    return asked.iloc[:cut].reset_index(drop=True), asked.iloc[cut:].reset_index(drop=True)


# ---- one fixed model


def score(train: Frame, test: Frame) -> float:
    """Give the accuracy of one model, always the same.

    Texts and columns of words: TF-IDF of one to four letters, and logistic regression, numbers
    beside it. Else 200 random trees on all columns; of prices on the changes to the close before.
    """
    if len(test) < 20 or train["label"].nunique() < 2:
        return float("nan")
    if "text" in train:
        known, asked = coded_texts(train, test)
        from sklearn.linear_model import LogisticRegression

        model: Any = LogisticRegression(C=10, max_iter=300)
    else:
        known, asked = coded_numbers(train), coded_numbers(test)
        from sklearn.ensemble import ExtraTreesClassifier

        model = ExtraTreesClassifier(200, min_samples_leaf=2, random_state=0)
    said = model.fit(known, train["label"]).predict(asked)
    return float((said == test["label"].to_numpy()).mean())


def coded_texts(train: Frame, test: Frame) -> tuple[Any, Any]:
    """Give all columns as numbers, learnt from the training side."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    sides: tuple[list[Any], list[Any]] = ([], [])
    for name in train.columns.drop("label"):
        values = [frame[name] for frame in (train, test)]
        if pd.api.types.is_numeric_dtype(train[name]):
            mean, size = train[name].mean(), train[name].std() or 1.0
            read = [((v.fillna(mean) - mean) / size).to_numpy()[:, None] for v in values]
        else:
            letters = TfidfVectorizer(
                analyzer="char", ngram_range=(1, 4), min_df=2, lowercase=False
            )
            cells = [v.fillna("").astype(str) for v in values]
            read = [letters.fit_transform(cells[0]), letters.transform(cells[1])]
        for side, each in zip(sides, read, strict=True):
            side.append(each)
    return hstack(sides[0]).tocsr(), hstack(sides[1]).tocsr()


def coded_numbers(frame: Frame) -> Any:
    """Give all columns as numbers; what is missing is -1; of prices the changes."""
    frame = frame.drop(columns="label")
    if "close" in frame and "open" in frame:
        before = frame["close"].shift()
        prices = frame.drop(columns=["date", "volume"], errors="ignore")
        changes = prices.div(before, axis=0) - 1
        lagged = [changes.shift(k).add_suffix(f"_{k}") for k in range(5)]
        return pd.concat(lagged, axis=1).fillna(0.0).to_numpy()
    coded = {}
    for name in frame:
        values = pd.to_numeric(frame[name], errors="coerce")
        if values.isna().all():
            days = pd.to_datetime(frame[name], errors="coerce", format="%Y-%m-%d")
            words = frame[name].astype(str).map(lambda word: int(word.encode().hex(), 16) % 9973)
            values = words if days.isna().any() else (days - pd.Timestamp("2000-01-01")).dt.days
        coded[name] = values
    return pd.DataFrame(coded).fillna(-1.0).to_numpy()


# ---- the advice, followed


def audited(sides: Sides) -> Audit:
    """Audit two sides."""
    if "open" in sides[0]:
        return numbers.asked_of_prices(
            pd.concat(sides).drop(columns="label").set_index("date", drop=True)
        )
    words = {"text": "text"} if "text" in sides[0] else {}
    return recurra.audit(*sides, label="label", **words)


def followed(sides: Sides) -> tuple[Sides, list[str]]:
    """Do what the audit advises, until it finds no leak; give what was done."""
    done: list[str] = []
    for _ in range(ROUNDS):
        leaks = audited(sides).leaks
        if not leaks:
            break
        for leak in leaks:
            kind = leak.kind.removesuffix(" across")
            names = re.findall(r"'([^']+)'", leak.sentence) or [leak.sentence.split(" alone")[0]]
            sides, what = MENDED[kind](sides, names)
            done.append(what)
    return sides, list(dict.fromkeys(done))


def without_copies(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Take the copies out of the test side."""
    train, test = sides
    both = pd.concat(sides, ignore_index=True)
    held = np.arange(len(both)) >= len(train)
    if "text" in both:
        groups = find_copies(both["text"].to_numpy(object)).groups
        copied = held & np.isin(groups, groups[~held])
    else:
        copied = near(both, held).across(held)
    return (train, test[~copied[held]].reset_index(drop=True)), "copies out of the test"


def near(both: Frame, held: np.ndarray) -> Any:
    """Give which sequences are copies."""
    rows = [row[~np.isnan(row)] for row in both[numbers.steps_of(both)].to_numpy(float)]
    classes = pd.factorize(both["label"])[0].astype(np.int64)
    return find_near_sequences(Ragged.of_numbers(rows), classes, held)


def without_overlap(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Split by what the windows were cut from, and leave out those that overlap both sides."""
    both = pd.concat(sides, ignore_index=True)
    groups = near(both, np.zeros(len(both), bool)).groups
    sides = by_groups(both, groups)
    return without_copies(sides, names)[0], "split by recording"


def by_groups(both: Frame, groups: Any) -> Sides:
    """Split so that all rows of a group stand on one side."""
    from sklearn.model_selection import GroupShuffleSplit

    cut = GroupShuffleSplit(1, test_size=0.3, random_state=0)
    known, held = next(cut.split(both, groups=groups))
    return both.iloc[known].reset_index(drop=True), both.iloc[held].reset_index(drop=True)


def without_words(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Take words out of the texts."""
    # of several the longest first: a pair of words holds its words
    pattern = "|".join(
        r"\W*".join(map(re.escape, name.split())) for name in sorted(names, key=len, reverse=True)
    )
    word = re.compile(rf"\b(?:{pattern})\b\W?", re.IGNORECASE)
    cut = [side.assign(text=side["text"].map(lambda text: word.sub("", text))) for side in sides]
    return (cut[0], cut[1]), f"without {names[0]!r}"


def of_one_form(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Bring all texts, or all numbers, to one form."""
    if "text" in sides[0]:
        brought = [side.assign(text=side["text"].map(plain)) for side in sides]
    else:
        steps = numbers.steps_of(sides[0])
        brought = [side.assign(**side[steps].round(2)) for side in sides]
    return (brought[0], brought[1]), "all in one form"


def without_column(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Leave a column, or a step, out."""
    known = [name for name in names if name in sides[0]][:1]
    if not known:  # a step is said by its number, counted from 1
        known = [f"t{int(number) - 1}" for name in names for number in re.findall(r"\d+", name)][:1]
    return (sides[0].drop(columns=known), sides[1].drop(columns=known)), "without it"


def by_column(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Split by a column."""
    both = pd.concat(sides, ignore_index=True)
    return by_groups(both, both[names[0]]), f"split by {names[0]!r}"


def by_day(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Hold out the last days."""
    both = pd.concat(sides, ignore_index=True).sort_values(names[0], ignore_index=True)
    cut = int(0.7 * len(both))
    return (both[:cut], both[cut:].reset_index(drop=True)), "split by time"


def with_gap(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Leave out the rows before the test whose labels reach into it."""
    day = next(name for name in ("day", "date") if name in sides[0])
    kept = np.sort(sides[0][day].unique())[:-20]
    return (sides[0][sides[0][day].isin(kept)].reset_index(drop=True), sides[1]), "a gap before it"


def moved_back(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Move a column of prices back by the day; the one that was moved brings it into its range."""
    both = pd.concat(sides, ignore_index=True)
    best, outside = both, out_of_range(both)
    for name in ("open", "high", "low", "close"):
        tried = both.assign(**{name: both[name].shift(1)})
        if (share := out_of_range(tried)) < outside:
            best, outside = tried, share
    best = best.iloc[1:].reset_index(drop=True)
    cut = len(sides[0]) - 1
    return (best[:cut], best[cut:].reset_index(drop=True)), "moved back by a day"


def out_of_range(frame: Frame) -> float:
    """Give the share of days whose open or close lies outside low to high."""
    ends = frame[["open", "close"]]
    return float(((ends.max(axis=1) > frame["high"]) | (ends.min(axis=1) < frame["low"])).mean())


def not_to_be_had(sides: Sides, names: list[str]) -> tuple[Sides, str]:
    """Say that the prices as they were traded are not in the file."""
    return (sides[0], sides[1].head(0)), "no figure: other prices are needed"


MENDED: dict[str, Callable[[Sides, list[str]], tuple[Sides, str]]] = {
    **dict.fromkeys(("copies", "copies with other digits", "near copies"), without_copies),
    **dict.fromkeys(("scaled or moved copies", "parts of each other"), without_copies),
    "overlapping windows": without_overlap,
    "target in the text": without_words,
    "target in how texts are written": of_one_form,
    "target in how numbers are written": of_one_form,
    "target in how sequences were recorded": of_one_form,
    **dict.fromkeys(
        (
            "target in another column",
            "target in an id",
            "target in what is missing",
            "target in one step",
            "a column of later rows",
            "a column of later days",
        ),
        without_column,
    ),
    "groups on both sides": by_column,
    "days on both sides": by_day,
    "target reaches into the test": with_gap,
    "prices of another day": moved_back,
    "prices smoothed over days to come": not_to_be_had,
}


# ---- the table


def every(only: set[str]) -> dict[str, dict[str, tuple[Sides, Sides]]]:
    """Make all cases, room by room, or only those of some rooms or names."""
    _, reviews = next(pair for pair in texts.real(1500) if pair[0] == "sentiment")
    leaves = numbers.of_archive("OSULeaf", 442)
    thin = ["label", *numbers.steps_of(leaves)[::4]]
    leaves = leaves[thin].set_axis(["label", *(f"t{k}" for k in range(len(thin) - 1))], axis=1)
    rooms: dict[str, dict[str, tuple[Sides, Sides]]] = {}
    of = {"texts": (TEXTS, reviews), "columns": (COLUMNS, reviews), "numbers": (NUMBERS, leaves)}
    of["time"] = (SERIES, Frame())
    for room, (cases, frame) in of.items():
        rooms[room] = {
            name: plant(frame, np.random.default_rng(number))
            for number, (name, plant) in enumerate(cases.items())
            if not only or only & {room, name}
        }
    share = numbers.share_prices("AAPL")[["open", "high", "low", "close", "volume"]]
    as_it_is = sides_of_prices(share, lambda frame: frame)
    rooms["prices"] = {
        name: (sides_of_prices(share, change), as_it_is)
        for name, change in PRICES.items()
        if not only or only & {"prices", name}
    }
    return rooms


def ours(sides: Sides) -> list[list[Any]]:
    """Give what Recurra says, as others do."""
    named = [
        (f.kind, ", ".join(re.findall(r"'([^']+)'", f.sentence)[:1]), f.level == "leak")
        for f in audited(sides).findings
    ]
    return [list(each) for each in named]


def write(rooms: dict[str, dict[str, tuple[Sides, Sides]]], folder: Path) -> None:
    """Write all files, so that other tools can be asked; the classes as 0 and 1, for some."""
    for cases in rooms.values():
        for name, pair in cases.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for twin, sides in zip(("leak", "twin"), pair, strict=True):
                for side, frame in zip(("train", "test"), sides, strict=True):
                    coded = frame.assign(label=(frame["label"] != frame["label"].min()).astype(int))
                    coded.to_csv(folder / name / f"{twin}-{side}.csv", index=False)


def verdict(said: dict[str, list[list[Any]]]) -> tuple[str, bool]:
    """Say how much of a leak was seen, and whether the twin fails."""
    if "error" in said:
        return "error", False
    new = [each for each in said["leak"] if each not in said["twin"]]
    both = any(each[2] and each in said["twin"] for each in said["leak"])
    fails = any(each[2] for each in new)
    word = "found" if fails else "warned" if new else "both" if both else "–"
    return word, any(each[2] for each in said["twin"])


def main() -> None:
    """Make the files, ask everyone, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("sites", nargs="*", help="TOOL=SITE")
    parser.add_argument("--only", default="", help="Rooms or kinds, separated by ;")
    given = parser.parse_args()
    folder = given.out
    sites = dict(each.split("=", 1) for each in given.sites)
    rooms = every(set(filter(None, given.only.split(";"))))
    write(rooms, folder)
    tools: dict[str, dict[str, Any]] = {}
    for tool, site in sites.items():
        answers = folder / f"{tool}.json"
        if not answers.is_file():  # asked once: some take long
            command = [sys.executable, Path(__file__).with_name("leak_peers.py"), tool, folder]
            paths = {**os.environ, "PYTHONPATH": site}
            subprocess.run(command, env=paths, check=True)  # noqa: S603
        tools[tool] = json.loads(answers.read_text("utf-8"))
    heads = [f"{name} {tools[name]['version']}" for name in tools]
    out = sys.stdout.write
    out("| kind | without | with it | advice followed | Recurra | " + " | ".join(heads) + " |\n")
    found: dict[str, list[tuple[str, bool]]] = {}
    for room, cases in rooms.items():
        out(f"| **{room}** |\n")
        for name, (leak, twin) in cases.items():
            said = {"Recurra": {"leak": ours(leak), "twin": ours(twin)}}
            said.update({tool: whole["said"][name] for tool, whole in tools.items()})
            mended, done = followed(leak)
            figures = [score(*twin), score(*leak), score(*mended)]
            words = []
            for tool, each in said.items():
                word, alarm = verdict(each)
                found.setdefault(tool, []).append((word, alarm))
                words.append(word + ("*" if alarm else ""))
            row = [name, *(f"{figure:.3f}" for figure in figures), *words, "; ".join(done)]
            out("| " + " | ".join(row) + " |\n")
            sys.stdout.flush()
    for tool, each in found.items():
        several = sum(word == "found" for word, _ in each)
        warned = sum(word == "warned" for word, _ in each)
        alarms = sum(alarm for _, alarm in each)
        out(f"{tool}: {several} of {len(each)} found, {warned} warned, {alarms} twins fail\n")


if __name__ == "__main__":
    main()
