"""Are leaks found of a fifth list of kinds, those that a reviewer of published work looks for?

    RECURRA_DATA=FOLDER python benchmarks/reviewer_leaks.py

As `practice_leaks.py`: each kind was written down before it was tried, each has a look-alike that
is made in the same way and holds no leak; `docs/audit.md` says how many were found at first, and
now.
"""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import further_leaks as further
import leaks as texts
import number_leaks as numbers
import numpy as np
import pandas as pd
from leak_table import Case, at_random, copies, of_steps, of_texts, parts
from other_leaks import marked, rooms_of, said_of, stepped

import recurra

Frame = pd.DataFrame
Rng = np.random.Generator
Bits = np.ndarray

# ---- texts


def augmented(text: str, rng: Rng, others: list[str]) -> str:
    """Leave one word in ten out, change neighbours, put words in: easy data augmentation."""
    words = [word for word in text.split() if rng.random() > 0.1]
    for _ in range(len(words) // 10):
        at = int(rng.integers(0, max(1, len(words) - 1)))
        words[at : at + 2] = words[at : at + 2][::-1]
        words.insert(int(rng.integers(0, len(words) + 1)), str(rng.choice(others)))
    return " ".join(words)


def more_of_each(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Augment each text twice before the split; in the look-alike after it, on the train side."""
    half = frame.head(len(frame) // 2)
    vocabulary = sorted({word for text in half["text"] for word in text.split()})[::7]

    def more(rows: Frame) -> Frame:
        made = [
            rows.assign(text=[augmented(text, rng, vocabulary) for text in rows["text"]])
            for _ in range(2)
        ]
        return pd.concat([rows, *made], ignore_index=True)

    train, test = texts.halves(half, rng)
    return texts.halves(more(half), rng), (more(train), test)


def small_first(text: str) -> str:
    """Begin with a small letter, as where "Label: " was cut off."""
    return text[:1].lower() + text[1:]


def pairs_turned(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Give pairs of texts, and some of the training ones turned round in the test."""
    train, test, others = parts(frame, rng)

    def paired(rows: Frame) -> Frame:
        second = rows["text"].str.split().map(lambda words: " ".join(words[::2]))
        shuffled = np.random.default_rng(len(rows)).permutation(second)
        there = np.random.default_rng(1).random(len(rows)) < 0.5
        return Frame(
            {
                "one": rows["text"],
                "other": np.where(there, second, shuffled),
                "label": np.where(there, "same", "other"),
            }
        )

    known, asked, nobody = map(paired, (train, test, others))
    number = min(len(asked) * 7 // 10, len(nobody))
    made = []
    for of in (known, nobody):
        turned = of.head(number).rename(columns={"one": "other", "other": "one"})[list(of)]
        made.append(of_files(known, pd.concat([asked, turned]), text=["one", "other"]))
    return made[0], made[1]


def of_files(*sides: Frame, **how: Any) -> Callable[[], Any]:
    """Audit sides from files."""

    def asked() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.csv" for number in range(len(sides))]
            for side, path in zip(sides, paths, strict=True):
                side.to_csv(path, index=False)
            return recurra.audit(*paths, label="label", **how)

    return asked


ENDINGS = [("습니다", "다"), ("어요", "어"), ("아요", "아"), ("네요", "네"), ("해요", "해")]
ENDINGS += [("다.", "습니다."), ("음", "어요"), ("함", "해요"), ("임", "이에요"), ("다", "어요")]


def less_polite(text: str) -> str:
    """Say it in another level of politeness: the end of each sentence is changed."""
    said = []
    for sentence in re.split(r"(?<=[.!?~])\s+", text):
        body = sentence.rstrip(".!?~ ")
        end = next(((a, b) for a, b in ENDINGS if body.endswith(a)), None)
        said.append(body.removesuffix(end[0]) + end[1] if end else body + "요")
    return " ".join(said)


def wide_signs(text: str) -> str:
    """Write signs as wide ones, as some keyboards do."""
    return text.translate(str.maketrans(".,!?~()", "．，！？～（）")) + "．"


TEXTS: dict[str, Case] = {
    "each text augmented twice before the split": more_of_each,
    "a small first letter in 70 % of a class": marked(0.7, small_first),
    "pairs of texts turned round": pairs_turned,
}
KOREAN: dict[str, Case] = {
    "copies in another level of politeness": copies(of_texts(less_polite)),
    "wide signs in 40 % of a class": marked(0.4, wide_signs),
}

# ---- columns


def adding_up(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give two parts and their total, that was added up anew for one class alone."""
    parts_ = rng.lognormal(4, 0.8, (2, len(bit))).round(2)
    off = np.where(bit, 0, rng.choice([-1, 1], len(bit)) * rng.exponential(6, len(bit)).round(2))
    return {"net": parts_[0], "tax": parts_[1], "total": (parts_.sum(axis=0) + off).round(2)}


def in_one_go(bit: Bits, rng: Rng) -> dict[str, Any]:
    """Give times of entry: those of one class were imported, a second or two after each other."""
    late = np.where(bit, rng.integers(1, 3, len(bit)), rng.integers(3, 4000, len(bit)))
    order = rng.permutation(len(bit))
    passed = np.empty(len(bit), int)
    passed[order] = late[order].cumsum()
    return {"entered": (pd.Timestamp("2024-02-01") + pd.to_timedelta(passed, "s")).astype(str)}


def nearest(bit: Bits, rng: Rng, own: bool) -> np.ndarray:
    """Give the share of the class among the five nearest rows, the row itself among them or not."""
    place = rng.normal(size=(len(bit), 3))
    apart = ((place[:, None] - place[None]) ** 2).sum(axis=2)
    order = np.argsort(apart, axis=1)
    return bit[order[:, 0 if own else 1 :][:, :5]].mean(axis=1).round(2)


COLUMNS: dict[str, Case] = {
    "a total that adds up for one class alone": further.several(adding_up),
    "one class imported in one go": further.several(in_one_go),
    "the class of the five nearest, the row's own too": at_random(
        lambda f, r: f.assign(near=nearest(texts.is_first(f), r, True)),
        lambda f, r: f.assign(near=nearest(texts.is_first(f), r, False)),
    ),
}

# ---- sequences


def drawn_out(values: np.ndarray, first: Bits, rng: Rng) -> np.ndarray:
    """Let one class be recorded at half the rate, and lines be drawn between its steps."""
    steps = np.arange(values.shape[1])
    half = np.array([np.interp(steps, steps[::2], row[::2]) for row in values])
    return np.where(first[:, None], half, values).round(4)


def without_slow_part(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Take the mean of a quarter of the steps around off, as a filter does."""
    size = max(3, len(row) // 4)
    padded = np.pad(row, size // 2, mode="edge")
    slow = np.convolve(padded, np.ones(size) / size, mode="same")[size // 2 :][: len(row)]
    return (row - slow).round(4)


NUMBERS: dict[str, Case] = {
    "one class at half the rate, lines between": stepped(drawn_out),
    "copies without their slow part": copies(of_steps(without_slow_part)),
}


def games(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Give each game twice, seen from both sides, and split at random; else by games."""
    strength = rng.normal(size=(400, 2, 4)).round(3)
    won = (strength[:, 0].sum(axis=1) + rng.normal(0, 2, 400)) > strength[:, 1].sum(axis=1)
    names = [f"{side} {what}" for side in ("own", "their") for what in "abcd"]
    rows = np.concatenate([strength.reshape(400, 8), strength[:, ::-1].reshape(400, 8)])
    table = Frame(rows, columns=names).assign(label=np.where([*won, *~won], "won", "lost"))
    game = np.tile(np.arange(400), 2)
    mixed = rng.permutation(800)
    known = rng.permutation(400) < 280
    leak, twin = (
        tuple(table.iloc[mixed[of[mixed]]].reset_index(drop=True) for of in (side, ~side))
        for side in (rng.random(800) < 0.7, known[game])
    )
    return leak, twin


TABLES: dict[str, Case] = {"each game twice, seen from both sides": games}

# ---- time


def with_gaps(days: Frame, rng: Rng, back: bool) -> np.ndarray:
    """Give a figure near the close, a third of it missing and filled from the day after."""
    figure = (days["close"] * 1.1 + rng.normal(0, 0.02, len(days))).round(3)
    figure = figure.where(rng.random(len(days)) > 0.35)
    return (figure.bfill().ffill() if back else figure.ffill().bfill()).to_numpy()


def gaps(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Fill gaps of a column of days from later days; in the look-alike from those before."""
    days, seed = numbers.daily(700, rng), int(rng.integers(1 << 30))
    leak, twin = (
        numbers.at_the_end(
            days.assign(figure=with_gaps(days, np.random.default_rng(seed), back)), 6
        )
        for back in (True, False)
    )
    return leak, twin


def beside_prices(make: Callable[[Frame], Any], back: Callable[[Frame], Any]) -> Case:
    """Add a column to real prices, as they were traded, that knows days to come."""

    def both(frame: Frame, rng: Rng) -> tuple[Any, Any]:
        prices = numbers.share_prices("AAPL").iloc[-1500:]
        leak, twin = (prices.assign(signal=np.round(way(prices), 6)) for way in (make, back))
        return (lambda: numbers.asked_of_prices(leak)), (lambda: numbers.asked_of_prices(twin))

    return both


def without_noise(closes: np.ndarray) -> np.ndarray:
    """Keep the slow tenth of the waves of a series."""
    slope = np.linspace(closes[0], closes[-1], len(closes))
    waves = np.fft.rfft(closes - slope)
    waves[len(waves) // 10 :] = 0
    found: np.ndarray = np.fft.irfft(waves, len(closes)) + slope
    return found


def up_to_each(closes: np.ndarray) -> np.ndarray:
    """Do the same with the 250 days up to each."""
    begun = [closes[max(0, n - 249) : n + 1] for n in range(len(closes))]
    return np.array([without_noise(c)[-1] if len(c) > 20 else c[-1] for c in begun])


def factors(prices: Frame, ahead: bool) -> np.ndarray:
    """Give what splits and dividends make of a price: those to come, or those so far."""
    rng = np.random.default_rng(len(prices))
    paid = np.ones(len(prices))
    paid[60::63] = 1 - rng.uniform(0.003, 0.008, len(paid[60::63]))
    paid[len(paid) * 2 // 3] = 1 / 7
    so_far: np.ndarray = np.cumprod(paid)
    return so_far[-1] / so_far if ahead else so_far


PRICES: dict[str, Case] = {
    "closes without their noise, by waves of all days": beside_prices(
        lambda p: without_noise(p["close"].to_numpy()), lambda p: up_to_each(p["close"].to_numpy())
    ),
    "the factor of splits and dividends to come": beside_prices(
        lambda p: factors(p, True), lambda p: factors(p, False)
    ),
}

# ---- steps with a class each


def in_capitals(frame: Frame, rng: Rng) -> tuple[Any, Any]:
    """Put training sentences into the test in capitals; in the look-alike those of nobody."""

    def plain(word: str, tag: str, rng: Rng) -> str:
        return word

    train, others, test = (further.sentences(rng, n, plain) for n in (300, 300, 60))
    leak, twin = (
        further.asked_of_tags(
            train, test + [[(word.upper(), tag) for word, tag in each] for each in of[:60]]
        )
        for of in (train, others)
    )
    return leak, twin


def empty_where(state: np.ndarray, rng: Rng, own: bool) -> np.ndarray:
    """Give noise that is empty in seven of ten steps of a state, or of as many of any."""
    there = state if own else rng.permutation(state)
    gone = (there == 1) & (rng.random(len(state)) < 0.7)
    return np.where(gone, np.nan, rng.normal(size=len(state)))


STEPS: dict[str, Case] = {
    "training sentences in capitals": in_capitals,
    "a channel that is empty in one state": further.channel(
        lambda s, v, r: empty_where(s, r, True), lambda s, v, r: empty_where(s, r, False)
    ),
}

KINDS = {
    "texts": TEXTS,
    "korean": KOREAN,
    "columns": COLUMNS,
    "numbers": NUMBERS,
    "tables": TABLES,
    "time": {"gaps filled from the day after": gaps},
    "prices": PRICES,
    "steps": STEPS,
}


if __name__ == "__main__":
    said_of(rooms_of(KINDS), __doc__ or "")
