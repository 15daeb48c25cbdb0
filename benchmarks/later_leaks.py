"""Are leaks found of kinds that were written down after the audit had been mended for others?

    RECURRA_DATA=FOLDER python benchmarks/later_leaks.py

As `other_leaks.py`: each kind was written down before it was tried, each has a twin without a leak,
and `docs/audit.md` says how many were found then, and how many are now.
"""

import base64
import codecs
import hashlib
import textwrap
import urllib.parse
from collections.abc import Callable
from typing import Any

import leaks as texts
import numpy as np
import pandas as pd
from leak_table import Case, at_random, column, copies, labelled, of_steps, of_texts
from other_leaks import ahead, marked, rooms, said_of, stepped

Frame = pd.DataFrame
Rng = np.random.Generator

# ---- texts


def in_thirds(text: str) -> str:
    """Put the last third first, then the first, then the second."""
    parts = np.array_split(np.array(text.split(), object), 3)
    return " ".join([*parts[2], *parts[0], *parts[1]])


def shuffled(text: str) -> str:
    """Put the words in order of the alphabet."""
    return " ".join(sorted(text.split()))


def alike(text: str) -> str:
    """Write letters by others that look the same, of another script."""
    return text.translate(str.maketrans("aeopcxyAEOPCX", "аеорсхуАЕОРСХ"))


def leet(text: str) -> str:
    """Write some letters by digits."""
    return text.translate(str.maketrans("aeoist", "430157"))


ENGLISH_SPANISH = (
    "the:el a:un an:un and:y of:de to:a is:es it:eso this:este that:que in:en i:yo was:fue "
    "for:para but:pero with:con as:como not:no on:sobre be:ser are:son have:tener his:su "
    "you:tu film:pelicula movie:pelicula one:uno all:todo at:en by:por he:el who:quien "
    "from:desde so:tan there:hay very:muy good:bueno bad:malo my:mi or:o what:lo me:me"
)
SPANISH = dict(pair.split(":") for pair in ENGLISH_SPANISH.split())


def half_translated(text: str) -> str:
    """Write the most frequent words in another language."""
    return " ".join(SPANISH.get(word.lower().strip(".,"), word) for word in text.split())


def answered(text: str) -> str:
    """Quote a text as mail does."""
    return "\n".join("> " + line for line in textwrap.wrap(text, 50))


def hyphened(text: str) -> str:
    """Break long words, as at ends of lines."""
    return " ".join(w[:4] + "- " + w[4:] if len(w) > 6 else w for w in text.split())


def middle(text: str) -> str:
    """Keep the middle half."""
    return text[len(text) // 4 : 3 * len(text) // 4]


def joined_with_others(rows: Frame) -> Frame:
    """Write two texts as one."""
    other = rows["text"].iloc[::-1].to_numpy()
    return rows.assign(text=[f"{a} {b}" for a, b in zip(rows["text"], other, strict=True)])


def of_even_length(frame: Frame, rng: Rng) -> Frame:
    """Let texts of one class have an even number of letters, and those of the other an odd one."""
    return _of_length(frame, texts.is_first(frame))


def _of_length(frame: Frame, even: np.ndarray) -> Frame:
    odd = [len(text) % 2 for text in frame["text"]]
    cut = [t[:-1] if o == e else t for t, o, e in zip(frame["text"], odd, even, strict=True)]
    return frame.assign(text=cut)


TEXTS: dict[str, Case] = {
    "the last third first": copies(of_texts(in_thirds)),
    "words in order of the alphabet": copies(of_texts(shuffled)),
    "an unseen sign behind each letter": copies(of_texts("\u200b".join)),
    "letters of another script": copies(of_texts(alike)),
    "letters as digits": copies(of_texts(leet)),
    "in base64": copies(of_texts(lambda t: base64.b64encode(t.encode()).decode())),
    "letters backwards": copies(of_texts(lambda t: t[::-1])),
    "words backwards": copies(of_texts(lambda t: " ".join(t.split()[::-1]))),
    "as in a link": copies(of_texts(urllib.parse.quote)),
    "thirteen letters on": copies(of_texts(lambda t: codecs.encode(t, "rot13"))),
    "without vowels": copies(of_texts(lambda t: "".join(c for c in t if c not in "aeiouAEIOU"))),
    "frequent words in Spanish": copies(of_texts(half_translated)),
    "quoted as in mail": copies(of_texts(answered)),
    "hyphens in long words": copies(of_texts(hyphened)),
    "the middle half": copies(of_texts(middle)),
    "two texts as one": copies(joined_with_others),
    "the class as an entity of HTML in 30 %": labelled(
        0.3, lambda t, k: f"{t} &#{ord(k[0])};&#{ord(k[-1])};"
    ),
    "an even number of letters for one class": at_random(
        of_even_length, lambda f, r: _of_length(f, r.permutation(texts.is_first(f)))
    ),
    "curled quotes in 40 % of a class": marked(0.4, lambda t: t.replace("'", "\u2019") + "\u2026"),
    "decoded anew in 40 % of a class": marked(0.4, lambda t: t.replace("e", "\u00e9".upper(), 1)),
}

# ---- columns


def coded(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give digests as of images, whose last digit is even for one class."""
    found = []
    for n, even in zip(rng.integers(1 << 60, size=len(bit)), bit, strict=True):
        digest = hashlib.sha256(str(n).encode()).hexdigest()
        last = int(digest[-1], 16) // 2 * 2 + int(not even)
        found.append(digest[:-1] + f"{last:x}")
    return found


def sorted_ids(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give ids of hexadecimal digits; those of one class come first in their order."""
    whole = rng.integers(1 << 30, size=len(bit)) + np.where(bit, 0, 1 << 30)
    return [f"{n:08x}-{rng.integers(1 << 16):04x}" for n in whole]


def seconds(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give times whose seconds are even for one class."""
    second = rng.integers(0, 30, len(bit)) * 2 + np.where(bit, 0, 1)
    day, minute = rng.integers(1, 29, len(bit)), rng.integers(0, 60, len(bit))
    return [f"2024-05-{d:02d} 10:{m:02d}:{s:02d}" for d, m, s in zip(day, minute, second, strict=1)]


def cents(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give prices that end in 99 for one class."""
    whole, part = rng.integers(1, 90, len(bit)), rng.integers(0, 99, len(bit))
    return [f"{w}.{99 if b else p:02d}" for w, p, b in zip(whole, part, bit, strict=True)]


def addresses(bit: np.ndarray, rng: Rng) -> list[str]:
    """Give addresses, of five houses each for each class."""
    house = rng.integers(0, 5, len(bit)) + np.where(bit, 0, 5)
    names = ["kia", "alto", "moor", "penn", "ruby", "lind", "vega", "sato", "olm", "tarn"]
    return [f"{hex(rng.integers(1 << 30))[2:]}@{names[h]}.example" for h in house]


def means_of_groups(size: int, own: bool) -> Callable[[Frame, Rng], Frame]:
    """Give the mean of the target of groups; without the own row it is told by the group's."""

    def plant(frame: Frame, rng: Rng, target: np.ndarray | None = None) -> Frame:
        first = texts.is_first(frame).astype(float) if target is None else target
        group = rng.integers(0, len(first) // size, len(first))
        sums, rows = np.bincount(group, first), np.bincount(group)
        mean = (sums[group] - (0 if own else first)) / np.maximum(1, rows[group] - (not own))
        return frame.assign(shop=[f"shop {g}" for g in group], rate=mean.round(4))

    return plant


def of_groups(size: int, own: bool) -> Case:
    """Plant it, and in the twin the means of a target drawn at random."""
    plant = means_of_groups(size, own)

    def twin(frame: Frame, rng: Rng) -> Frame:
        return plant(frame, rng, rng.permutation(texts.is_first(frame)).astype(float))  # type: ignore[call-arg]

    return at_random(plant, twin)


def two(make: Callable[[np.ndarray, Rng], dict[str, Any]]) -> Case:
    """Add columns that tell the class together; in the twin another row's."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        return frame.assign(**make(texts.is_first(frame), rng))

    def twin(frame: Frame, rng: Rng) -> Frame:
        return frame.assign(**make(rng.permutation(texts.is_first(frame)), rng))

    return at_random(plant, twin)


def spent(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Give two amounts; of one class the second is larger."""
    first = rng.normal(100, 30, len(bit))
    return {
        "paid": first.round(2),
        "due": (first + np.where(bit, 1, -1) * rng.exponential(5, len(bit))).round(2),
    }


def shares(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Give two amounts whose ratio tells the class."""
    first = rng.lognormal(4, 1, len(bit))
    return {"a": first.round(3), "b": (first * np.where(bit, 0.5, 0.6)).round(3)}


def both_or_none(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Give two answers that are alike for one class alone."""
    one = rng.random(len(bit)) < 0.5
    return {"p": np.where(one, "yes", "no"), "q": np.where(one == bit, "yes", "no")}


def two_missing(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Let two cells be filled alike for one class alone."""
    one = rng.random(len(bit)) < 0.5
    made = rng.integers(1, 9, (2, len(bit))).astype(str)
    return {"p": np.where(one, made[0], ""), "q": np.where(one == bit, made[1], "")}


def opened_closed(bit: np.ndarray, rng: Rng) -> dict[str, Any]:
    """Give two days, that are the same for one class."""
    day = rng.integers(0, 360, len(bit))
    later = day + np.where(bit, 0, rng.integers(1, 30, len(bit)))
    begin = np.datetime64("2023-01-01")
    return {"opened": (begin + day).astype(str), "closed": (begin + later).astype(str)}


def in_turn(frame: Frame, rng: Rng, label: Any = None) -> Frame:
    """Let rows of the classes stand in turn."""
    first = texts.is_first(frame) if label is None else label
    one, other = np.flatnonzero(first), np.flatnonzero(~first)
    pairs = min(len(one), len(other))
    rows = np.stack([one[:pairs], other[:pairs]], axis=1).ravel()
    return frame.iloc[rows].reset_index(drop=True)


def turns(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Give one file whose rows stand in turn, and the same in another order."""
    return (in_turn(frame, rng),), (in_turn(frame, rng, rng.permutation(texts.is_first(frame))),)


COLUMNS: dict[str, Case] = {
    "classes in turn": turns,  # type: ignore[dict-item]
    "even seconds for one class": column("sent", seconds),
    "digests whose last digit is even": column("digest", coded),
    "ids in order of the class, hexadecimal": column("id", sorted_ids),
    "prices that end in 99": column("price", cents),
    "houses of addresses": column("mail", addresses),
    "numbers that three divides": column(
        "number", lambda a, r: 3 * r.integers(100, 9999, len(a)) + np.where(a, 0, 1)
    ),
    "capitals in one class": column(
        "town",
        lambda a, r: [
            f"{'Town' if k else 'town'} {n}"
            for n, k in zip(r.integers(0, 9, len(a)), a, strict=True)
        ],
    ),
    "seven digits for one class": column(
        "size",
        lambda a, r: [f"{v:.{7 if k else 6}f}" for v, k in zip(r.random(len(a)), a, strict=True)],
    ),
    "the mean of the target of groups of ten": of_groups(10, own=True),
    "the same without the own row": of_groups(10, own=False),
    "a difference of two columns": two(spent),
    "a ratio of two columns": two(shares),
    "two answers, alike for one class": two(both_or_none),
    "two cells, filled alike for one class": two(two_missing),
    "two days, the same for one class": two(opened_closed),
}

# ---- numbers


def in_words_of(levels: int) -> Callable[[np.ndarray, Rng], np.ndarray]:
    """Round to so many levels."""
    return lambda row, rng: np.round((row - row.min()) / np.ptp(row) * (levels - 1))


def clipped(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Cut off what is farther than a deviation from the mean."""
    return np.clip(row, row.mean() - row.std(), row.mean() + row.std())


def longer(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Stretch by a half."""
    places = np.linspace(0, len(row) - 1, int(1.5 * len(row)))
    return np.interp(places, np.arange(len(row)), row)


def whole_sums(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Let the steps of one class sum to a whole number."""
    values = values.copy()
    sums = values.sum(axis=1)
    values[:, -1] += np.where(first, np.round(sums) - sums, 0)
    return values


def even_end(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Let the last digit of the last step be even for one class."""
    values = values.copy()
    values[:, -1] = (np.round(values[:, -1] * 50) * 2 + np.where(first, 0, 1)) / 100
    return values


NUMBERS: dict[str, Case] = {
    "other units, three digits": copies(
        of_steps(lambda row, rng: np.array([float(f"{v:.3g}") for v in 1.8 * row + 32]))
    ),
    "pushed round by five steps": copies(of_steps(lambda row, rng: np.roll(row, 5))),
    "every fifth step": copies(of_steps(lambda row, rng: row[::5])),
    "means of two steps, thinned": copies(
        of_steps(lambda row, rng: row[: len(row) // 2 * 2].reshape(-1, 2).mean(axis=1))
    ),
    "turned over, noise of 2 %": copies(
        of_steps(lambda row, rng: -row + rng.normal(0, 0.02 * row.std(), len(row)))
    ),
    "cut off beyond a deviation": copies(of_steps(clipped)),
    "in eight levels": copies(of_steps(in_words_of(8))),
    "squares": copies(of_steps(lambda row, rng: (row - row.min()) ** 2)),
    "halves changed for each other": copies(of_steps(lambda row, rng: np.roll(row, len(row) // 2))),
    "stretched by a half": copies(of_steps(longer)),
    "the row twice": copies(of_steps(lambda row, rng: np.tile(row, 2))),
    "sums to a whole number for one class": stepped(whole_sums),
    "an even last digit for one class": stepped(even_end),
}

# ---- time

SERIES: dict[str, Case] = {
    "how much the next five days move": ahead(
        "v", lambda c: c.pct_change(fill_method=None).abs().rolling(5, min_periods=1).mean()
    ),
    "the least of ten days to come, less today": ahead(
        "down", lambda c: c.rolling(10, min_periods=1).min() - c
    ),
    "means of days to come, later ones less": ahead("w", lambda c: c.ewm(span=8).mean()),
    "tomorrow's value with noise": ahead(
        "n", lambda c: c.shift(1) + np.random.default_rng(3).normal(0, 0.1 * c.diff().std(), len(c))
    ),
    "whether it rises tomorrow": ahead("up", lambda c: (c < c.shift(1)).astype(float)),
    "the place of today among ten days to come": ahead(
        "place", lambda c: (c - c.rolling(10).min()) / (c.rolling(10).max() - c.rolling(10).min())
    ),
}


if __name__ == "__main__":
    said_of(rooms(TEXTS, COLUMNS, NUMBERS, SERIES), __doc__ or "")
