"""Are leaks found of a sixth list of kinds, those that write-ups of competitions report?

    RECURRA_DATA=FOLDER python benchmarks/sceptic_leaks.py

As `reviewer_leaks.py`: each kind was written down before it was tried, each has a look-alike that
is made in the same way and holds no leak.
"""

from typing import Any

import further_leaks as further
import leaks as texts
import numpy as np
import pandas as pd
from leak_table import Case, marked, stepped
from other_leaks import rooms_of, said_of
from reviewer_leaks import beside_prices

Frame = pd.DataFrame
Rng = np.random.Generator
Bits = np.ndarray

# ---- texts


def cut_to(letters: int, text: str) -> str:
    """Cut a text after so many letters, as a field of a database does."""
    return text[:letters]


def bulleted(text: str) -> str:
    """Begin a sentence in the middle with a dash, as a list that was joined."""
    words = text.split()
    return " ".join([*words[: len(words) // 2], "-", *words[len(words) // 2 :]])


TEXTS: dict[str, Case] = {
    "one class cut to whole fields of 100 letters": marked(0.9, lambda t: cut_to(100, t)),
    "no final sign in 80 % of a class": marked(0.8, lambda t: t.rstrip(" .!?\"'")),
    "a lone dash in half of a class": marked(0.5, bulleted),
}

# ---- columns


def units(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give heights and weights: of one class in inches beside kilograms."""
    tall = rng.normal(170, 9, len(bit))
    heavy = (tall - 100) * rng.normal(0.9, 0.08, len(bit))
    return {
        "height": np.where(bit, tall / 2.54, tall).round(1),
        "weight": heavy.round(1),
    }


def sentinel(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give a measure in which -999 stands for what is unknown, in half of one class."""
    unknown = bit & (rng.random(len(bit)) < 0.5)
    return {"income": np.where(unknown, -999, rng.lognormal(10, 0.7, len(bit)).round())}


def rounded_up(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give amounts: those of one class were rounded to a quarter."""
    paid = rng.lognormal(4, 0.8, len(bit))
    return {"amount": np.where(bit, (paid * 4).round() / 4, paid).round(2)}


def sizes(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give sizes of files: those of one class are blocks of 512 bytes."""
    size = rng.integers(20_000, 90_000, len(bit))
    return {"bytes": np.where(bit, size // 512 * 512, size)}


def zones(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give times of events and of entry: of one class nine hours apart, as of another zone."""
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 10**7, len(bit)), "s")
    late = pd.to_timedelta(rng.integers(1, 600, len(bit)) + np.where(bit, 9 * 3600, 0), "s")
    return {"at": at.astype(str), "entered": (at + late).astype(str)}


def sorted_names(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give ids drawn at random whose first half of signs is smaller than the second in a class."""
    one, other = rng.integers(10_000, 99_999, (2, len(bit)))
    low, high = np.minimum(one, other), np.maximum(one, other)
    return {
        "ref": [f"{a}-{b}" if k else f"{b}-{a}" for a, b, k in zip(low, high, bit, strict=True)]
    }


COLUMNS: dict[str, Case] = {
    "one class in another unit beside its like": further.several(units),
    "minus 999 in half of a class": further.several(sentinel),
    "amounts of one class to a quarter": further.several(rounded_up),
    "files of one class in whole blocks": further.several(sizes),
    "one class entered in another time zone": further.several(zones),
    "the halves of an id in order for one class": further.several(sorted_names),
}

# ---- sequences


def padded(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Let the first steps of one class be filled with its first number, as padding does."""
    filled = values.copy()
    filled[:, :5] = values[:, 5:6]
    return np.where(first[:, None], filled, values)


def clipped(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Cut the highest numbers of one class off, as a recorder at its limit does."""
    top = np.quantile(values, 0.97, axis=1, keepdims=True)
    return np.where(first[:, None], np.minimum(values, top), values)


NUMBERS: dict[str, Case] = {
    "one class padded at its beginning": stepped(padded),
    "one class clipped at its top": stepped(clipped),
}

# ---- tables


def oversampled(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Repeat rows of the rarer class with small noise before the split; in the look-alike after."""

    def more(rows: Frame) -> Frame:
        rare = rows[rows["label"] == "rare"]
        again = rare.sample(len(rare) * 3, replace=True, random_state=1)
        noise = rng.normal(0, 1e-3, (len(again), 6))
        return pd.concat([rows, again.assign(**(again[names] + noise).round(5))])

    names = list("abcdef")
    table = Frame(rng.normal(size=(600, 6)).round(5), columns=names)
    table = table.assign(label=np.where(rng.random(600) < 0.15, "rare", "often"))
    train, test = texts.halves(table, rng)
    mixed = more(table).sample(frac=1, random_state=2, ignore_index=True)
    return texts.halves(mixed, rng), (more(train).reset_index(drop=True), test)


TABLES: dict[str, Case] = {"rare rows repeated with noise before the split": oversampled}

# ---- prices and steps

PRICES: dict[str, Case] = {
    "how many days until the next high of 20": beside_prices(
        lambda p: until(p["close"].to_numpy()), lambda p: since(p["close"].to_numpy())
    ),
    "the rank of a day's close among all days": beside_prices(
        lambda p: p["close"].rank(pct=True), lambda p: p["close"].expanding().rank(pct=True)
    ),
}


def highs(closes: np.ndarray) -> np.ndarray:
    """Say which days close above the 20 before them."""
    before = pd.Series(closes).rolling(20).max().shift()
    return (pd.Series(closes) > before).to_numpy()


def since(closes: np.ndarray) -> np.ndarray:
    """Count the days since the last such day."""
    passed, count = np.zeros(len(closes)), 0
    for day, high in enumerate(highs(closes)):
        count = 0 if high else count + 1
        passed[day] = count
    return passed


def until(closes: np.ndarray) -> np.ndarray:
    """Count the days until the next such day."""
    coming, count = np.zeros(len(closes)), 0
    for day, high in reversed(list(enumerate(highs(closes)))):
        count = 0 if high else count + 1
        coming[day] = count
    return coming


def coarser(state: np.ndarray, rng: Rng, own: bool) -> np.ndarray:
    """Give a channel that is held over two steps in one state, or in as many steps of any."""
    noise = rng.normal(size=len(state)).round(4)
    there = (state if own else rng.permutation(state)) == 1
    held = there & (np.arange(len(state)) % 2 == 1)
    return np.where(held, np.roll(noise, 1), noise)


STEPS: dict[str, Case] = {
    "a channel at half the rate in one state": further.channel(
        lambda s, v, r: coarser(s, r, True), lambda s, v, r: coarser(s, r, False)
    ),
}

KINDS = {
    "texts": TEXTS,
    "korean": {},
    "columns": COLUMNS,
    "numbers": NUMBERS,
    "tables": TABLES,
    "prices": PRICES,
    "steps": STEPS,
}


if __name__ == "__main__":
    said_of(rooms_of(KINDS), __doc__ or "")
