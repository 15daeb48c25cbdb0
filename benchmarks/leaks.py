"""Are planted leaks found, and clean files left in peace?

    RECURRA_DATA=FOLDER python benchmarks/leaks.py planted     leaks of 41 kinds in real texts
    RECURRA_DATA=FOLDER python benchmarks/leaks.py clean       42 files without one
    python benchmarks/leaks.py alarms --sims 400               labels drawn by coin: what is said?

Of real texts the first of each group of copies is taken, so that there is no leak but the planted.
"""

import argparse
import html
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

import recurra
from recurra.auditing import Audit

Frame = pd.DataFrame
Rng = np.random.Generator
Planted = Callable[[Frame, Rng], Any]  # gives a frame, or two: training and test


# ---- planting


def is_first(frame: Frame) -> np.ndarray:
    """Say which rows are of the first class."""
    return (frame["label"] == frame["label"].min()).to_numpy()


def marked(share: float, change: Callable[[str], str], both: bool = False) -> Planted:
    """Change a share of the texts of one class."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        frame, chosen = frame.copy(), rng.random(len(frame)) < share
        chosen &= both | is_first(frame)
        frame.loc[chosen, "text"] = frame.loc[chosen, "text"].map(change)
        return frame

    return plant


def labelled(share: float, write: Callable[[str, str], str]) -> Planted:
    """Write the label into a share of all texts."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        frame, chosen = frame.copy(), rng.random(len(frame)) < share
        written = [write(t, str(k)) for t, k in zip(frame["text"], frame["label"], strict=True)]
        frame["text"] = np.where(chosen, written, frame["text"])
        return frame

    return plant


def inserted(word: str) -> Callable[[str], str]:
    """Put a word in the middle of a text."""

    def insert(text: str) -> str:
        words = text.split()
        return " ".join([*words[: len(words) // 2], word, *words[len(words) // 2 :]])

    return insert


def other_word(text: str) -> str:
    """Change the third word."""
    words = text.split()
    return " ".join([*words[:2], "something", *words[3:]])


def mojibake(text: str) -> str:
    """Read UTF-8 as Latin-1."""
    return f"{text} – café".encode().decode("latin-1")


def within(change: Callable[[str], str], share: float = 0.15) -> Planted:
    """Add changed copies to the file."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        copied = frame.sample(frac=share, random_state=int(rng.integers(1 << 30)))
        copied = copied.assign(text=copied["text"].map(change))
        both = pd.concat([frame, copied], ignore_index=True)
        return both.sample(frac=1, random_state=0, ignore_index=True)

    return plant


def across(change: Callable[[str], str], share: float = 0.05) -> Planted:
    """Add changed copies of training rows to the test side."""

    def plant(frame: Frame, rng: Rng) -> tuple[Frame, Frame]:
        train, test = halves(frame, rng)
        copied = train.sample(frac=share, random_state=0)
        copied = copied.assign(text=copied["text"].map(change))
        return train, pd.concat([test, copied], ignore_index=True)

    return plant


def halves(frame: Frame, rng: Rng) -> tuple[Frame, Frame]:
    """Split at random."""
    chosen = rng.random(len(frame)) < 0.7
    return frame[chosen].reset_index(drop=True), frame[~chosen].reset_index(drop=True)


def column(name: str, make: Callable[[np.ndarray, Rng], Any]) -> Planted:
    """Add a column made of whether a row is of the first class."""
    return lambda frame, rng: frame.assign(**{name: make(is_first(frame), rng)})


def authors(first: np.ndarray, rng: Rng, odds: float = 0.9) -> list[str]:
    """Give sixty authors, most of whom write of one class."""
    people = rng.integers(0, 30, len(first))
    side = np.where(rng.random(len(first)) < odds, first, ~first)
    return [f"user {2 * who + int(of)}" for who, of in zip(people, side, strict=True)]


def days(first: np.ndarray, rng: Rng, drift: float = 200.0) -> list[str]:
    """Give days of a year; those of the first class come later."""
    day = rng.integers(0, 365, len(first)) + drift * first
    return (np.datetime64("2023-01-01") + day.astype(int)).astype(str).tolist()


def numbered(first: np.ndarray, rng: Rng, gap: int) -> list[int]:
    """Give each row a number of its own; the classes are `gap` apart."""
    return (rng.permutation(len(first)) + gap * first).tolist()


def filled(first: np.ndarray, rng: Rng, share: float, otherwise: float) -> list[str]:
    """Fill a share of the rows of the first class, and another of the others."""
    there = rng.random(len(first)) < np.where(first, share, otherwise)
    return np.where(there, rng.integers(0, 9, len(first)).astype(str), "").tolist()


def split(plant: Planted) -> Planted:
    """Split at random what was planted."""
    return lambda frame, rng: halves(plant(frame, rng), rng)


COPIES, DIGITS, NEAR = "copies", "copies with other digits", "near copies"
TEXT, WRITTEN = "target in the text", "target in how texts are written"
PLANTED: dict[str, tuple[str, Planted]] = {
    "copies": (COPIES, within(str)),
    "copies across": (COPIES, across(str)),
    "other case": (DIGITS, within(str.upper)),
    "other case and spacing across": (DIGITS, across(lambda t: "  ".join(t.title().split()))),
    "one word changed": (NEAR, within(other_word)),
    "one word changed across": (NEAR, across(other_word)),
    "another sign at the end": (NEAR, within(lambda t: t.rstrip(".!? ") + " !")),
    "signs left out, across": (NEAR, across(lambda t: t.replace(" ", ", "))),
    "cut off, across": (NEAR, across(lambda t: t[: len(t) * 3 // 4])),
    "the beginning cut off": (NEAR, within(lambda t: t[len(t) // 4 :])),
    "added to, across": (NEAR, across(lambda t: t + " (sent from my telephone)")),
    "put before, across": (NEAR, across(lambda t: "fwd re: " + t)),
    "HTML, across": (NEAR, across(lambda t: f"<p>{html.escape(t)}</p><br>")),
    "encoded anew, across": (NEAR, across(mojibake)),
    "label word in 60 %": (TEXT, labelled(0.6, lambda t, k: inserted("tag" + k)(t))),
    "label word in all": (TEXT, labelled(1.0, lambda t, k: inserted("tag" + k)(t))),
    "a word in 50 % of a class": (TEXT, marked(0.5, inserted("blorb"))),
    "two words in 50 % of a class": (TEXT, marked(0.5, inserted("quux blorb"))),
    "a first word in 20 %": (TEXT, marked(0.2, lambda t: "re: " + t)),
    "a last word in 20 %": (TEXT, marked(0.2, lambda t: t + " #blorb")),
    "the class named in 20 %": (TEXT, labelled(0.2, lambda t, k: inserted(k)(t))),
    "fastText label in 60 %": (TEXT, labelled(0.6, lambda t, k: f"__label__{k} {t}")),
    "HTML around one class": (WRITTEN, marked(1.0, lambda t: f"<div>{t}</div>")),
    "mojibake in 70 %": (WRITTEN, marked(0.7, lambda t: t + " \u00c2\u00a0")),
    "a space behind 50 %": (WRITTEN, marked(0.5, lambda t: t.strip() + " ")),
    "a blank that is no space in 30 %": (WRITTEN, marked(0.3, lambda t: t.replace(" ", "\xa0", 1))),
    "unseen signs in 30 %": (WRITTEN, marked(0.3, lambda t: t[:4] + "\u200b" + t[4:])),
    "quotes around 60 %": (WRITTEN, marked(0.6, lambda t: f'"{t}"')),
    "entities in 40 %": (WRITTEN, marked(0.4, lambda t: t.replace(" ", "&nbsp;", 2))),
    "outcome": ("target in another column", column("outcome", lambda a, r: np.where(a, "x", "y"))),
    "a score of the target": (
        "target in another column",
        column("score", lambda a, r: np.round(a + r.normal(0, 0.15, len(a)), 3)),
    ),
    "ids in two ranges": ("target in an id", column("id", lambda a, r: numbered(a, r, 10**6))),
    "ids that overlap by half": ("target in an id", column("id", lambda a, r: numbered(a, r, 400))),
    "a folder in the id": (
        "target in an id",
        column("file", lambda a, r: [f"{'xy'[int(k)]}/{i}.txt" for i, k in enumerate(a)]),
    ),
    "stars in the id": (
        "target in an id",
        column("id", lambda a, r: [f"{i}_{r.integers(1, 6) + 4 * k}" for i, k in enumerate(a)]),
    ),
    "filled for one class": (
        "target in what is missing",
        column("date closed", lambda a, r: filled(a, r, 1.0, 0.0)),
    ),
    "mostly filled for one class": (
        "target in what is missing",
        column("remark", lambda a, r: filled(a, r, 0.7, 0.1)),
    ),
    "authors": ("groups on both sides", column("author", authors)),
    "authors across": ("groups on both sides", split(column("author", authors))),
    "days": ("days on both sides", column("day", days)),
    "days across": ("days on both sides", split(column("day", days))),
}


# ---- files without a leak


def as_it_is(frame: Frame, rng: Rng) -> Frame:
    """Give the texts as they are."""
    return frame


def skewed(share: float) -> Planted:
    """Keep a share of the first class."""
    return lambda frame, rng: frame[~is_first(frame) | (rng.random(len(frame)) < share)]


def forms(frame: Frame, rng: Rng) -> Frame:
    """Let a tenth of the rows fill in one form, whatever their class."""
    begin = "Thank you for writing to us. We have read what you wrote and will answer soon:"
    return marked(0.1, lambda text: f"{begin} {text[:60]}", both=True)(frame, rng)


CLEAN: dict[str, Planted] = {
    "as it is": as_it_is,
    "split at random": lambda frame, rng: halves(frame, rng),
    "a class of a tenth": skewed(0.1),
    "a class of a twentieth": skewed(0.05),
    "a keyword in 25 %, 1 % of the others": lambda f, r: marked(0.01, inserted("free"), both=True)(
        marked(0.25, inserted("free"))(f, r), r
    ),
    "a keyword in 12 % alone": marked(0.12, inserted("claim")),
    "forms": forms,
    "numbers that say little": column("age", lambda a, r: r.normal(40 + 8 * a, 12).round()),
    "kinds that say much": column(
        "topic", lambda a, r: np.where(r.random(len(a)) < 0.75, np.where(a, "u", "v"), "w")
    ),
    "ids": column("id", lambda a, r: r.permutation(len(a))),
    "authors": column("author", lambda a, r: [f"user {n}" for n in r.integers(0, 99, len(a))]),
    "days": column("day", lambda a, r: days(a, r, drift=0)),
    "missing here and there": column("remark", lambda a, r: filled(a, r, 0.4, 0.35)),
    "one class writes more": marked(0.5, lambda text: text + " and so on" * 2, both=True),
}


# ---- what is asked of them


def audited(source: Any) -> Audit:
    """Audit a frame, or two."""
    given = source if isinstance(source, tuple) else (source,)
    return recurra.audit(*(f.reset_index(drop=True) for f in given), text="text", label="label")


def is_found(found: Audit, kind: str) -> bool:
    """Say whether a leak of a kind was found, within or across."""
    return any(leak.kind.removesuffix(" across") == kind for leak in found.leaks)


def missed(frame: Frame, seed: int = 0) -> list[str]:
    """Give the planted leaks that were not found."""
    rng = np.random.default_rng(seed)
    return [
        name
        for name, (kind, plant) in PLANTED.items()
        if not is_found(audited(plant(frame, rng)), kind)
    ]


def alarmed(frame: Frame, seed: int = 0) -> list[str]:
    """Give the clean files in which a leak was seen, with what it was."""
    rng = np.random.default_rng(seed)
    found = {name: audited(make(frame, rng)) for name, make in CLEAN.items()}
    return [f"{name}: {leak.sentence}" for name, each in found.items() for leak in each.leaks]


def made(rows: int, seed: int, of_class: bool = True) -> Frame:
    """Make texts of made-up words, some of which one class writes more often."""
    rng = np.random.default_rng(seed)
    syllables = ["ka", "to", "ri", "me", "su", "lo", "pa", "ne", "vi", "do", "ha", "ge", "zo", "ul"]
    words = np.array(["".join(rng.choice(syllables, rng.integers(1, 4))) for _ in range(2000)])
    odds = 1 / np.arange(1, 2001)
    label = rng.integers(0, 2, rows)
    tilt = np.where(rng.random(2000) < 0.5, 1.4, 1 / 1.4) if of_class else np.ones(2000)
    texts = []
    for kind in label:
        weights = odds * (tilt if kind else 1 / tilt)
        chosen = rng.choice(words, rng.integers(9, 26), p=weights / weights.sum())
        texts.append(" ".join(chosen) + ".")
    return pd.DataFrame({"text": texts, "label": np.where(label, "bad", "good")})


def by_coin(seed: int) -> Frame:
    """Make a file whose labels are drawn by coin, with columns of all kinds that say nothing."""
    rng = np.random.default_rng(10_000 + seed)
    frame = made(int(rng.choice([200, 500, 1000])), seed, of_class=False)
    first = rng.random(len(frame)) < rng.choice([0.1, 0.3, 0.5])
    frame["label"] = np.where(first, "bad", "good")
    frame["id"] = rng.permutation(len(frame))
    frame["file"] = [f"{'abc'[n % 3]}/{n}_{rng.integers(1, 11)}.txt" for n in range(len(frame))]
    frame["price"] = rng.lognormal(2, 1, len(frame)).round(2)
    frame["town"] = rng.choice([f"town {n}" for n in range(12)], len(frame))
    frame["author"] = [f"user {n}" for n in rng.integers(0, len(frame) // 6, len(frame))]
    frame["remark"] = filled(first, rng, 0.3, 0.3)
    frame["day"] = days(first, rng, drift=0)
    return frame


def real(rows: int, seed: int = 0) -> Iterator[tuple[str, Frame]]:
    """Give real texts: messages, and the beginnings of reviews in two languages; no copies."""
    from recurra.data import open_texts
    from recurra.text.near import find_copies, plain

    for name in ("spam", "sentiment", "sentiment-ko"):
        texts = open_texts(name)
        chosen = np.random.default_rng(seed).permutation(len(texts.texts))[: 6 * rows]
        frame = pd.DataFrame(
            {
                "text": [" ".join(text[:200].split()) for text in texts.texts[chosen]],
                "label": texts.labels[chosen],
            }
        )
        frame = frame[[len(plain(text)) > 60 for text in frame["text"]]]
        frame = frame.reset_index(drop=True)
        first = np.unique(find_copies(frame["text"].to_numpy(object)).groups)
        yield name, frame.iloc[first].head(rows).reset_index(drop=True)


def main() -> None:
    """Ask what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["planted", "clean", "alarms"])
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--sims", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    out = sys.stdout.write
    if asked.what == "alarms":
        said = [audited(by_coin(seed)).findings for seed in range(asked.sims)]
        told = [[f for f in each if f.kind not in (COPIES, DIGITS, NEAR, "forms")] for each in said]
        out(f"{sum(map(bool, told))} of {asked.sims} files by coin: something is said\n")
        out("".join(f"  {finding.kind}: {finding.sentence}\n" for each in told for finding in each))
        return
    for name, frame in real(asked.rows, asked.seed):
        cases = PLANTED if asked.what == "planted" else CLEAN
        wrong = (missed if asked.what == "planted" else alarmed)(frame, asked.seed)
        word = "missed" if asked.what == "planted" else "alarms"
        out(f"{name}, {len(frame):,} rows: {len(cases)} files, {len(wrong)} {word}\n")
        out("".join(f"  {each}\n" for each in wrong))


if __name__ == "__main__":
    main()
