"""Are leaks of kinds found that nobody thought of when the audit was made?

    RECURRA_DATA=FOLDER python benchmarks/other_leaks.py

Each kind was written down before it was tried, and scored once; `docs/audit.md` says how many were
found then, and how many are now. A twin of each holds no leak, as in `leak_table.py`.
"""

import argparse
import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import leaks as texts
import number_leaks as numbers
import numpy as np
import pandas as pd
from leak_table import Case, at_random, audited, column, copies, labelled, of_steps, of_texts

from recurra.auditing import Audit

Frame = pd.DataFrame
Rng = np.random.Generator

# ---- texts


def misspelt(text: str, share: float = 0.05) -> str:
    """Put another letter in place of some."""
    rng = np.random.default_rng(len(text))
    letters = [
        chr(97 + rng.integers(26)) if c.isalpha() and rng.random() < share else c for c in text
    ]
    return "".join(letters)


def swapped(text: str) -> str:
    """Change two words for each other."""
    words = text.split()
    return " ".join([*words[:3], words[4], words[3], *words[5:]]) if len(words) > 5 else text


def halves_changed(text: str) -> str:
    """Put the second half first."""
    words = text.split()
    return " ".join([*words[len(words) // 2 :], *words[: len(words) // 2]])


def wide(text: str) -> str:
    """Write letters as wide ones, as some keyboards do."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def hidden(text: str) -> str:
    """Write a text within a longer one."""
    begin = "Here is what a customer of ours has written to us on a day in spring, word by word, "
    return f"{begin}and we ask you to read it: {text} This is all of it, and nothing was left out."


def marked(share: float, change: Callable[[str], str]) -> Case:
    """Change texts of one class; in the twin as many of any."""
    both = texts.marked(share / 2, change, both=True)
    return at_random(texts.marked(share, change), both)


def serial(text: str) -> str:
    """Write a number at the end, another for each text."""
    return f"{text} (ref {abs(hash_of(text)) % 90000 + 10000})"


def hash_of(text: str) -> int:
    """Give a number for a text that no process changes."""
    return int.from_bytes(text.encode()[:40], "big") % 1_000_003


TEXTS: dict[str, Case] = {
    "one letter in twenty misspelt": copies(of_texts(misspelt)),
    "two words changed for each other": copies(of_texts(swapped)),
    "the second half first": copies(of_texts(halves_changed)),
    "without spaces": copies(of_texts(lambda t: t.replace(" ", ""))),
    "in wide letters": copies(of_texts(wide)),
    "with accents taken apart": copies(
        of_texts(lambda t: unicodedata.normalize("NFD", t.replace("e", "é")))
    ),
    "within a longer text": copies(of_texts(hidden)),
    "written twice": copies(of_texts(lambda t: f"{t} {t}")),
    "every fifth word left out": copies(
        of_texts(lambda t: " ".join(w for n, w in enumerate(t.split()) if n % 5 != 4))
    ),
    "two signs behind 60 % of a class": marked(0.6, lambda t: t + " !!"),
    "small letters in all of a class": marked(1.0, str.lower),
    "ends of lines in 60 % of a class": marked(0.6, lambda t: t.replace(" ", "\r\n", 2)),
    "two spaces in 60 % of a class": marked(0.6, lambda t: t.replace(" ", "  ", 3)),
    "a number of its own behind 50 % of a class": marked(0.5, serial),
    "a link in 50 % of a class": marked(
        0.5, lambda t: f"{t} http://t.example/{hash_of(t) % 9999:x}"
    ),
    "all of a class cut at 120 letters": marked(1.0, lambda t: t[:120]),
    "the first letter of the class in front of 60 %": labelled(0.6, lambda t, k: f"{k[0]} {t}"),
    "the class in a tag of JSON in 60 %": labelled(0.6, lambda t, k: f'{{"y": "{k}", "t": "{t}"}}'),
}

# ---- columns


def in_blocks(first: np.ndarray, rng: Rng) -> np.ndarray:
    """Give numbers so that 25 that follow each other are of one class, nine times in ten."""
    order = np.argsort(np.where(rng.random(len(first)) < 0.9, first, ~first), kind="stable")
    blocks = list(np.array_split(order, max(2, len(first) // 25)))
    rng.shuffle(blocks)
    numbered = np.empty(len(first), int)
    numbered[np.concatenate(blocks)] = np.arange(len(first))
    return numbered


def of_day(first: np.ndarray, rng: Rng) -> list[str]:
    """Give times: one class was labelled in the morning."""
    hour = np.where(first, rng.integers(8, 12, len(first)), rng.integers(13, 18, len(first)))
    day = rng.integers(1, 29, len(first))
    return [f"2024-05-{d:02d} {h:02d}:{m:02d}" for d, h, m in zip(day, hour, day * 2, strict=True)]


def remarks(first: np.ndarray, rng: Rng) -> list[str]:
    """Give remarks, each in other words, of which those of a class say what came of it."""
    said = np.array(["sent the money back", "gave a refund then", "refund was made by us"])
    else_said = np.array(["nothing to do here", "waits for an answer", "was read by a colleague"])
    who = rng.integers(100, 999, len(first))
    words = np.where(first, rng.choice(said, len(first)), rng.choice(else_said, len(first)))
    return [f"{word}, desk {n}" for word, n in zip(words, who, strict=True)]


def encoded(first: np.ndarray, rng: Rng) -> np.ndarray:
    """Give the mean of the target of small groups, the row's own target in it."""
    group = rng.integers(0, len(first) // 3, len(first))
    sums = np.bincount(group, first, minlength=len(first))
    return np.round(sums[group] / np.bincount(group, minlength=len(first))[group], 4)


COLUMNS: dict[str, Case] = {
    "a digest of the class": column("digest", lambda a, r: np.where(a, "c4ca42", "eccbc8")),
    "even ids for one class": column(
        "id", lambda a, r: 2 * r.permutation(len(a)) + np.where(a, 0, 1)
    ),
    "ids in blocks of one class": column("id", in_blocks),
    "-999 for one class": column(
        "income", lambda a, r: np.where(a, -999, r.integers(10, 90, len(a)))
    ),
    "numbers written with a point for one class": column(
        "amount",
        lambda a, r: [
            f"{n}.0" if k else f"{n}" for n, k in zip(r.integers(0, 500, len(a)), a, strict=True)
        ],
    ),
    "days written otherwise for one class": column(
        "sent",
        lambda a, r: [
            f"2024-{m:02d}-{d:02d}" if k else f"{d:02d}.{m:02d}.2024"
            for m, d, k in zip(r.integers(1, 13, len(a)), r.integers(1, 29, len(a)), a, strict=True)
        ],
    ),
    "labelled in the morning": column("labelled at", of_day),
    "remarks of what came of it": column("remark", remarks),
    "the mean of the target of groups of three": column("rate", encoded),
    "blanks behind a word for one class": column(
        "town",
        lambda a, r: [
            f"town {n}" + " " * int(k) for n, k in zip(r.integers(0, 9, len(a)), a, strict=True)
        ],
    ),
}

# ---- numbers


def spiked(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Let one step be far off."""
    row = row.copy()
    row[int(rng.integers(len(row)))] += 8 * row.std()
    return row


def holed(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Leave one step in twenty out."""
    return row[rng.random(len(row)) > 0.05]


def smooth(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Give means of three steps."""
    return np.convolve(row, np.ones(3) / 3, "valid")


def bent(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Bend the scale: e to the power of it."""
    return np.exp((row - row.mean()) / row.std())


def quantised(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Let one class be measured in steps of a twentieth of the deviation."""
    size = 0.05 * values.std()
    return np.where(first[:, None], np.round(values / size) * size, values)


def padded(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Let one class begin with three noughts."""
    values = values.copy()
    values[np.ix_(first, np.arange(3))] = 0.0
    return values


def stepped(change: Callable[[np.ndarray, np.ndarray, Rng], np.ndarray]) -> Case:
    """Change sequences of one class; in the twin as many of any."""

    def turned(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
        return change(values, rng.permutation(first), rng)

    return at_random(numbers.stepped(change), numbers.stepped(turned))


NUMBERS: dict[str, Case] = {
    "one step far off": copies(of_steps(spiked)),
    "one step in twenty left out": copies(of_steps(holed)),
    "means of three steps": copies(of_steps(smooth)),
    "changes from step to step": copies(of_steps(lambda row, rng: np.diff(row))),
    "sums up to each step": copies(of_steps(lambda row, rng: (row - row.mean()).cumsum())),
    "a bent scale": copies(of_steps(bent)),
    "a steep trend added": copies(
        of_steps(lambda row, rng: row + 3 * row.std() * np.linspace(-1, 1, len(row)))
    ),
    "backwards, every second step": copies(of_steps(lambda row, rng: row[::-2])),
    "one class in coarse units": stepped(quantised),
    "three noughts before one class": stepped(padded),
}

# ---- time


def with_column(name: str, make: Callable[[Frame], Any]) -> Callable[[Rng], Frame]:
    """Make daily rows with a column that knows later ones."""
    return lambda rng: (lambda d: d.assign(**{name: make(d)}))(numbers.daily(600, rng))


def ahead(name: str, make: Callable[[pd.Series], pd.Series]) -> Case:
    """Add a column of what is to come; in the twin of what has been.

    A fifth of the days is missing. The last ones are held out, and six before them left out, so
    that no label reaches into the test.
    """

    def of(frame: Frame, rng: Rng) -> Any:
        days, kept = numbers.daily(600, rng), rng.random(600) < 0.8
        close = days["close"]
        sides = []
        for made in (make(close[::-1]), make(close)):
            known = days.assign(**{name: made.sort_index().round(5).bfill().ffill()})[kept]
            sides.append(numbers.at_the_end(known, 6))
        return tuple(sides)

    return of


def rows_at_random(frame: Frame, rng: Rng) -> Any:
    """Split days at random though labels look five days ahead; in the twin hold out the last."""
    seed = int(rng.integers(1 << 30))
    days = numbers.daily(600, np.random.default_rng(seed))
    twin = numbers.at_the_end(numbers.daily(600, np.random.default_rng(seed)), 6)
    return texts.halves(days, rng), twin


SERIES: dict[str, Case] = {
    "labels of days ahead, days split at random": rows_at_random,
    "a mean of days around": ahead(
        "m", lambda c: c.rolling(5, min_periods=1).mean()
    ),  # backwards: of days to come
    "the highest of five days": ahead("top", lambda c: c.rolling(5, min_periods=1).max()),
    "the change over two weeks": ahead("z", lambda c: c / c.shift(14) - 1),
}


Kinds = dict[str, Case]
Room = tuple[str, Kinds, Frame]


def rooms(in_texts: Kinds, in_columns: Kinds, in_numbers: Kinds, in_time: Kinds) -> list[Room]:
    """Give all cases with the rows that they are planted in."""
    _, reviews = next(pair for pair in texts.real(1000) if pair[0] == "sentiment")
    leaves = numbers.of_archive("OSULeaf", 442)
    return [
        ("texts", in_texts, reviews),
        ("columns", in_columns, reviews),
        ("numbers", in_numbers, leaves),
        ("walks", in_numbers, numbers.made(400)),
        ("time", in_time, Frame()),
    ]


def rooms_of(kinds: dict[str, Kinds]) -> list[Room]:
    """Give kinds with the rows they are planted in: texts of two languages, numbers of two sets.

    Columns stand beside English texts; whatever else there is makes its rows itself.
    """
    real = dict(texts.real(1000))
    given = [
        ("texts", "texts", real["sentiment"]),
        ("korean", "texts", real["sentiment-ko"]),
        ("columns", "columns", real["sentiment"]),
        ("leaves", "numbers", numbers.of_archive("OSULeaf", 442)),
        ("walks", "numbers", numbers.made(400)),
    ]
    known = {name for room, of, _ in given for name in (room, of)}
    made = [(name, name, Frame()) for name in kinds if name not in known]
    return [(room, kinds.get(room, kinds[of]), frame) for room, of, frame in [*given, *made]]


def said_of(rooms: list[Room], about: str) -> None:
    """Say of each kind whether it is found, and whether its twin is left in peace."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--only", default="", help="Kinds whose name holds this.")
    parser.add_argument("--room", default="", help="Of these alone: texts, columns, numbers, …")
    wanted = parser.parse_args()
    cases = [(room, name, *kind) for room, kinds, f in rooms for name, kind in _each(kinds, f)]
    seen = alarms = asked = 0
    for number, (room, name, plant, frame) in enumerate(cases):
        if wanted.only not in name or wanted.room not in room:
            continue
        leak, twin = plant(frame, np.random.default_rng(100 + number))
        found, clean = asked_of(leak), asked_of(twin)
        own = {each.kind for each in clean.leaks}
        new = [each for each in found.leaks if each.kind not in own]
        asked, seen, alarms = asked + 1, seen + bool(new), alarms + bool(own)
        noted = ", ".join(each.kind for each in found.findings if each.level == "note")
        said = ", ".join(each.kind for each in new) or f"MISSED (noted: {noted or 'nothing'})"
        alarm = f"   ALARM in the twin: {clean.sentence}" if own else ""
        sys.stdout.write(f"{room:8} {name:45} {said}{alarm}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{asked} kinds: {seen} found, {alarms} twins seen as leaking\n")


def asked_of(made: Any) -> Audit:
    """Audit two sides, or ask what audits something else."""
    return made() if callable(made) else audited(made)


def _each(kinds: dict[str, Case], frame: Frame) -> list[tuple[str, tuple[Case, Frame]]]:
    return [(name, (plant, frame)) for name, plant in kinds.items()]


if __name__ == "__main__":
    said_of(rooms(TEXTS, COLUMNS, NUMBERS, SERIES), __doc__ or "")
