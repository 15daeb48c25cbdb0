"""Are leaks planted in numbers, times and prices found, and clean files left in peace?

    RECURRA_DATA=FOLDER python benchmarks/number_leaks.py planted    kinds the audit was made on
    RECURRA_DATA=FOLDER python benchmarks/number_leaks.py fresh      kinds written after it was made
    RECURRA_DATA=FOLDER python benchmarks/number_leaks.py clean      files without one

Rows are those of published sets, split at random anew; prices are of one share.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import recurra
from recurra.auditing import Audit
from recurra.near_numbers import KINDS

Frame = pd.DataFrame
Rng = np.random.Generator
Planted = Callable[[Frame, Rng], Any]  # gives a frame, or two: training and test
SETS = ("ItalyPowerDemand", "OSULeaf", "GunPoint")


# ---- rows


def of_archive(name: str, rows: int) -> Frame:
    """Give sequences of a published set as a table, a step a column; two classes."""
    import os

    from recurra.data.sequences import read_sequences

    folder = Path(os.environ["RECURRA_DATA"]) / "series" / "classification"
    parts = []
    for side in ("TRAIN", "TEST"):
        read = read_sequences(folder / f"{name}_{side}.ts.gz")
        steps = np.stack(np.split(read.sequences.timesteps()[:, 0], read.sequences.offsets[1:-1]))
        frame = pd.DataFrame(steps, columns=[f"t{k}" for k in range(steps.shape[1])])
        half = sorted(set(map(str, read.labels)))[: len(set(map(str, read.labels))) // 2]
        parts.append(frame.assign(label=np.where(np.isin(read.labels.astype(str), half), "u", "v")))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame.sample(min(rows, len(frame)), random_state=0, ignore_index=True)
    return frame[["label", *(c for c in frame.columns if c != "label")]]


def made(rows: int, seed: int = 0) -> Frame:
    """Make walks whose classes drift a little apart."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, rows)
    walks = (rng.normal(size=(rows, 48)) + 0.15 * (label[:, None] - 0.5)).cumsum(axis=1)
    frame = pd.DataFrame(walks.round(6), columns=[f"t{k}" for k in range(48)])
    frame.insert(0, "label", np.where(label, "u", "v"))
    return frame


def steps_of(frame: Frame) -> list[str]:
    """Give the columns that are steps."""
    return [name for name in frame.columns if name.startswith("t") and name[1:].isdigit()]


def is_first(frame: Frame) -> np.ndarray:
    """Say which rows are of the first class."""
    return (frame["label"] == "u").to_numpy()


def halves(frame: Frame, rng: Rng) -> tuple[Frame, Frame]:
    """Split at random."""
    chosen = rng.random(len(frame)) < 0.7
    return frame[chosen].reset_index(drop=True), frame[~chosen].reset_index(drop=True)


def within(change: Callable[[np.ndarray, Rng], np.ndarray], share: float = 0.15) -> Planted:
    """Add changed copies to the file."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        copied = _changed(frame.sample(frac=share, random_state=1), change, rng)
        both = pd.concat([frame, copied], ignore_index=True)
        return both.sample(frac=1, random_state=2, ignore_index=True)

    return plant


def across(change: Callable[[np.ndarray, Rng], np.ndarray], share: float = 0.1) -> Planted:
    """Add changed copies of training rows to the test side."""

    def plant(frame: Frame, rng: Rng) -> tuple[Frame, Frame]:
        train, test = halves(frame, rng)
        copied = _changed(train.sample(frac=share, random_state=1), change, rng)
        return train, pd.concat([test, copied], ignore_index=True)

    return plant


def _changed(rows: Frame, change: Callable[[np.ndarray, Rng], np.ndarray], rng: Rng) -> Frame:
    steps, rows = steps_of(rows), rows.copy()
    values = [change(row, rng) for row in rows[steps].to_numpy(float)]
    wide = np.full((len(rows), max(len(steps), *map(len, values))), np.nan)
    for place, row in enumerate(values):
        wide[place, : len(row)] = row
    names = [f"t{k}" for k in range(wide.shape[1])]
    made = pd.DataFrame(wide, columns=names, index=rows.index)
    return pd.concat([rows.drop(columns=steps), made], axis=1)


def column(name: str, make: Callable[[np.ndarray, Rng], Any]) -> Planted:
    """Add a column made of whether a row is of the first class."""
    return lambda frame, rng: frame.assign(**{name: make(is_first(frame), rng)})


def stepped(change: Callable[[np.ndarray, np.ndarray, Rng], np.ndarray]) -> Planted:
    """Change the steps of rows, knowing their class."""

    def plant(frame: Frame, rng: Rng) -> Frame:
        steps, frame = steps_of(frame), frame.copy()
        frame[steps] = change(frame[steps].to_numpy(float), is_first(frame), rng)
        return frame

    return plant


def split(plant: Planted) -> Planted:
    """Split at random what was planted."""
    return lambda frame, rng: halves(plant(frame, rng), rng)


def people(first: np.ndarray, rng: Rng, odds: float = 0.9) -> list[str]:
    """Give sixty people, most of whose recordings are of one class."""
    who = rng.integers(0, 30, len(first))
    side = np.where(rng.random(len(first)) < odds, first, ~first)
    return [f"p{2 * n + int(of)}" for n, of in zip(who, side, strict=True)]


def days(first: np.ndarray, rng: Rng, drift: float) -> list[str]:
    """Give days of a year; those of the first class come later."""
    day = rng.integers(0, 365, len(first)) + drift * first
    return (np.datetime64("2023-01-01") + day.astype(int)).astype(str).tolist()


def windows(frame: Frame, rng: Rng, stride: int, scaled: bool = False) -> Frame:
    """Cut one long walk into windows; the class is whether the next step rises."""
    walk, size = rng.normal(size=6000).cumsum(), 48
    begins = np.arange(0, len(walk) - size - 1, stride)
    rows = np.stack([walk[b : b + size] for b in begins])
    label = np.where(walk[begins + size] > walk[begins + size - 1], "u", "v")
    if scaled:
        rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    made = pd.DataFrame(rows, columns=[f"t{k}" for k in range(size)])
    made.insert(0, "label", label)
    return made.sample(frac=1, random_state=3, ignore_index=True)


def daily(rows: int, rng: Rng, tickers: int = 1) -> Frame:
    """Make daily closes with features of their day, and whether the next five days rise."""
    parts = []
    for number in range(tickers):
        close = 100 * np.exp(0.01 * rng.normal(size=rows + 5).cumsum())
        day = np.datetime64("2020-01-01") + np.arange(rows + 5)
        parts.append(
            pd.DataFrame(
                {
                    "day": day.astype(str),
                    "ticker": f"K{number}",
                    "close": close.round(4),
                    "move": np.diff(close, prepend=close[0]).round(5),
                    "label": np.where(np.roll(close, -5) > close, "up", "down"),
                }
            ).iloc[:rows]
        )
    return pd.concat(parts, ignore_index=True)


def at_the_end(frame: Frame, gap: int = 0) -> tuple[Frame, Frame]:
    """Hold out the last fifth of the days."""
    cut = frame["day"].sort_values().iloc[int(len(frame) * 0.8)]
    before = (np.datetime64(cut) - np.timedelta64(gap, "D")).astype(str)
    train, test = frame[frame["day"] < before], frame[frame["day"] >= cut]
    return train.reset_index(drop=True), test.reset_index(drop=True)


# ---- kinds that the audit was made on


def same(row: np.ndarray, rng: Rng) -> np.ndarray:
    """Leave a row as it is."""
    return row


def noisy(share: float) -> Callable[[np.ndarray, Rng], np.ndarray]:
    """Add noise of a share of the deviation."""
    return lambda row, rng: row + share * row.std() * rng.normal(size=len(row))


def marker(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Write the class into one step."""
    values = values.copy()
    values[:, 2] = values[:, 2].std() * 3 * np.where(first, 1, -1) + 0.1 * rng.normal(
        size=len(first)
    )
    return values


def coarser(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Write the numbers of one class with two digits."""
    return np.where(first[:, None], values.round(2), values)


def shorter(values: np.ndarray, first: np.ndarray, rng: Rng) -> np.ndarray:
    """Cut rows of one class."""
    values = values.copy()
    values[np.ix_(first, np.arange(values.shape[1] * 3 // 4, values.shape[1]))] = np.nan
    return values


PLANTED: dict[str, tuple[str, Planted]] = {
    "copies": ("copies", within(same)),
    "copies across": ("copies", across(same)),
    "scaled": ("scaled or moved copies", within(lambda row, rng: 2.5 * row)),
    "scaled and moved, across": ("scaled or moved copies", across(lambda row, rng: 3 * row - 7)),
    "turned over, across": ("scaled or moved copies", across(lambda row, rng: -row)),
    "noise of 1 %, across": ("near copies", across(noisy(0.01))),
    "cut at the end, across": (
        "parts of each other",
        across(lambda row, rng: row[: len(row) * 3 // 4]),
    ),
    "a part, scaled": ("parts of each other", within(lambda row, rng: 2 * row[len(row) // 4 :])),
    "pushed on, across": (
        "overlapping windows",
        across(lambda row, rng: np.roll(row, len(row) // 5)),
    ),
    "windows that overlap": ("overlapping windows", lambda f, r: windows(f, r, 12)),
    "windows split at random": ("overlapping windows", split(lambda f, r: windows(f, r, 12))),
    "scaled windows split at random": (
        "overlapping windows",
        split(lambda f, r: windows(f, r, 16, scaled=True)),
    ),
    "people": ("groups on both sides", column("person", people)),
    "people across": ("groups on both sides", split(column("person", people))),
    "days": ("days on both sides", column("day", lambda a, r: days(a, r, 200))),
    "days across": ("days on both sides", split(column("day", lambda a, r: days(a, r, 200)))),
    "outcome": ("target in another column", column("outcome", lambda a, r: np.where(a, "x", "y"))),
    "a score of the target": (
        "target in another column",
        column("score", lambda a, r: np.round(a + r.normal(0, 0.15, len(a)), 3)),
    ),
    "ids in two ranges": (
        "target in an id",
        column("id", lambda a, r: r.permutation(len(a)) + 10**6 * a),
    ),
    "a folder in the file name": (
        "target in an id",
        column("file", lambda a, r: [f"{'xy'[int(k)]}/{i}.wav" for i, k in enumerate(a)]),
    ),
    "filled for one class": (
        "target in what is missing",
        column("checked", lambda a, r: np.where(a, r.integers(0, 9, len(a)).astype(str), "")),
    ),
    "a marker in one step": ("target in one step", stepped(marker)),
    "one class written with two digits": ("target in how numbers are written", stepped(coarser)),
    "one class is shorter": ("target in how sequences were recorded", stepped(shorter)),
    "a column of the next day": (
        "a column of later rows",
        lambda f, r: (lambda d: d.assign(next=np.roll(d["close"], -1)))(daily(600, r)),
    ),
    "the return to come": (
        "a column of later rows",
        lambda f, r: (lambda d: d.assign(x=(np.roll(d["close"], -3) / d["close"] - 1).round(6)))(
            daily(600, r)
        ),
    ),
    "a target that reaches into the test": (
        "target reaches into the test",
        lambda f, r: at_the_end(daily(600, r)),
    ),
}
AHEAD: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    "the next open": ("prices of another day", lambda f: f.assign(open=f["open"].shift(-1))),
    "the next close": ("prices of another day", lambda f: f.assign(close=f["close"].shift(-1))),
    "the next high": ("prices of another day", lambda f: f.assign(high=f["high"].shift(-1))),
    "averages of days to come": (
        "prices smoothed over days to come",
        lambda f: f.rolling(3, center=True).mean(),
    ),
    "every second day filled in": (
        "prices smoothed over days to come",
        lambda f: f[::2].reindex(f.index).interpolate(),
    ),
    "the next volume": (
        "volumes of the day after",
        lambda f: f.assign(volume=f["volume"].shift(-1)),
    ),
    "a column of the next close": (
        "a column of later days",
        lambda f: f.assign(target=f["close"].shift(-1)),
    ),
}

# ---- kinds written after the audit was made, scored once

FRESH: dict[str, tuple[str, Planted]] = {
    "rounded to two digits, across": (
        "near copies",
        across(lambda row, rng: (row / row.std()).round(2)),
    ),
    "noise of 3 %, across": ("near copies", across(noisy(0.03))),
    "the beginning cut off, across": (
        "parts of each other",
        across(lambda row, rng: row[len(row) // 3 :]),
    ),
    "a trend added, across": (
        "near copies",
        across(lambda row, rng: row + 0.05 * row.std() * np.linspace(-1, 1, len(row))),
    ),
    "run backwards, across": ("near copies", across(lambda row, rng: row[::-1])),
    "every second step, across": ("near copies", across(lambda row, rng: row[::2])),
    "each step twice, across": (
        "near copies",
        across(lambda row, rng: np.repeat(row, 2)[: len(row)]),
    ),
    "windows of stride 30 split at random": (
        "overlapping windows",
        split(lambda f, r: windows(f, r, 30)),
    ),
    "devices as numbers": (
        "groups on both sides",
        column("device", lambda a, r: [int(p[1:]) * 37 % 1009 for p in people(a, r)]),
    ),
    "times of day with days": (
        "days on both sides",
        column(
            "recorded",
            lambda a, r: [f"{d} 10:{i % 60:02d}:00" for i, d in enumerate(days(a, r, 250))],
        ),
    ),
    "a grade": (
        "target in another column",
        column(
            "grade",
            lambda a, r: np.where(a, r.choice(["A", "B"], len(a)), r.choice(["C", "D"], len(a))),
        ),
    ),
    "the class in the file name": (
        "target in an id",
        column("path", lambda a, r: [f"rec_{i}_{'uv'[int(not k)]}.csv" for i, k in enumerate(a)]),
    ),
    "ids by time of labelling": (
        "target in an id",
        column("no", lambda a, r: r.permutation(len(a)) + len(a) * a),
    ),
    "missing for one class, mostly": (
        "target in what is missing",
        column("note", lambda a, r: np.where(r.random(len(a)) < np.where(a, 0.8, 0.15), "ok", "")),
    ),
    "the last step is the class": (
        "target in one step",
        stepped(lambda v, a, r: np.column_stack([v[:, :-1], np.where(a, 9.0, -9.0) * v.std()])),
    ),
    "one class in whole numbers": (
        "target in how numbers are written",
        stepped(lambda v, a, r: np.where(a[:, None], (100 * v).round(), 100 * v)),
    ),
    "a change over two days to come": (
        "a column of later rows",
        lambda f, r: (lambda d: d.assign(z=(np.roll(d["close"], -2) - d["close"]).round(5)))(
            daily(700, r)
        ),
    ),
    "a panel whose target reaches into the test": (
        "target reaches into the test",
        lambda f, r: at_the_end(daily(500, r, tickers=4)),
    ),
}
FRESH_AHEAD: dict[str, tuple[str, Callable[[Frame], Frame]]] = {
    "the open of two days later": (
        "prices of another day",
        lambda f: f.assign(open=f["open"].shift(-2)),
    ),
    "the next low": ("prices of another day", lambda f: f.assign(low=f["low"].shift(-1))),
    "opens and closes changed for each other a day on": (
        "prices of another day",
        lambda f: f.assign(open=f["close"].shift(-1)),
    ),
    "an average of five days around": (
        "prices smoothed over days to come",
        lambda f: f.rolling(5, center=True).mean(),
    ),
    "the return of the next day, in percent": (
        "a column of later days",
        lambda f: f.assign(signal=(100 * (f["close"].shift(-1) / f["close"] - 1)).round(4)),
    ),
    "the close of five days later": (
        "a column of later days",
        lambda f: f.assign(goal=f["close"].shift(-5)),
    ),
}

# ---- files without a leak


def seasonal(frame: Frame, rng: Rng, trend: float = 0.0, noise: float = 0.3) -> Frame:
    """Make seasons that begin anywhere, with a trend that the class bends a little."""
    label, t = rng.integers(0, 2, 500), np.arange(48)
    rows = [
        np.sin(2 * np.pi * (t + rng.integers(12)) / 12) * (1 + 0.3 * k)
        + trend * t * rng.normal()
        + noise * rng.normal(size=48)
        for k in label
    ]
    made = pd.DataFrame(np.round(rows, 5), columns=[f"t{k}" for k in range(48)])
    made.insert(0, "label", np.where(label, "u", "v"))
    return made


def constants(frame: Frame, rng: Rng) -> Frame:
    """Let a third of the rows stand still, at one of four values."""
    steps, frame = steps_of(frame), frame.copy()
    still = rng.random(len(frame)) < 0.33
    frame.loc[still, steps] = rng.integers(0, 4, still.sum())[:, None] * np.ones(len(steps))
    return frame


CLEAN: dict[str, Planted] = {
    "as it is": lambda f, r: f,
    "split at random": halves,
    "a class of a tenth": lambda f, r: f[~is_first(f) | (r.random(len(f)) < 0.12)],
    "seasons": seasonal,
    "seasons split at random": split(seasonal),
    "gentle trends": lambda f, r: seasonal(f, r, trend=0.05),
    "trends, little noise": lambda f, r: seasonal(f, r, trend=0.3, noise=0.1),
    "constant rows": constants,
    "counts": lambda f, r: f.assign(**{c: r.poisson(2, len(f)) for c in steps_of(f)}),
    "windows that do not overlap": split(lambda f, r: windows(f, r, 48)),
    "ids": column("id", lambda a, r: r.permutation(len(a))),
    "people": column("person", lambda a, r: [f"p{n}" for n in r.integers(0, 40, len(a))]),
    "people who write a little more of one": column("person", lambda a, r: people(a, r, 0.55)),
    "days": column("day", lambda a, r: days(a, r, 0)),
    "days across": split(column("day", lambda a, r: days(a, r, 0))),
    "an age": column("age", lambda a, r: r.normal(40 + 8 * a, 12).round()),
    "missing here and there": column(
        "remark", lambda a, r: np.where(r.random(len(a)) < 0.4, "ok", "")
    ),
    "steps missing here and there": stepped(
        lambda v, a, r: np.where(r.random(v.shape) < 0.02, np.nan, v)
    ),
    "daily rows": lambda f, r: daily(600, r),
    "daily rows, five days left out": lambda f, r: at_the_end(daily(600, r), gap=6),
    "days of four tickers, gap": lambda f, r: at_the_end(daily(500, r, tickers=4), gap=6),
    "an average of days before": lambda f, r: (
        lambda d: d.assign(mean=d["close"].rolling(5).mean().fillna(d["close"]))
    )(daily(600, r)),
    "the close of the day before": lambda f, r: (
        lambda d: d.assign(before=d["close"].shift().fillna(100.0))
    )(daily(600, r)),
}


# ---- what is asked of them


def audited(source: Any) -> Audit:
    """Audit a frame, or two."""
    given = source if isinstance(source, tuple) else (source,)
    return recurra.audit(*(f.reset_index(drop=True) for f in given), label="label")


def is_found(found: Audit, kind: str) -> bool:
    """Say whether a leak of a kind was found, within or across; what is near may be so exactly."""
    kinds = KINDS[1:] if kind == KINDS[-1] else (kind,)
    return any(leak.kind.removesuffix(" across") in kinds for leak in found.leaks)


def asked_of_prices(frame: Frame) -> Audit:
    """Audit a table of daily prices, as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "AAPL.csv"
        frame.rename_axis("date").reset_index().to_csv(path, index=False)
        return recurra.audit(path)


def share_prices(ticker: str) -> Frame:
    """Give the prices of a real share."""
    import os

    from recurra.markets.prices import read_prices

    folder = Path(os.environ["RECURRA_DATA"]) / "prices"
    (path,) = folder.glob(f"*/{ticker}.csv")
    return read_prices(path).frame


def missed(kinds: dict[str, tuple[str, Planted]], frame: Frame, seed: int = 0) -> list[str]:
    """Give the planted leaks that were not found."""
    rng, wrong = np.random.default_rng(seed), []
    for name, (kind, plant) in kinds.items():
        found = audited(plant(frame, rng))
        if not is_found(found, kind):
            wrong.append(f"{name}: {found.sentence}")
    return wrong


def missed_prices(
    kinds: dict[str, tuple[str, Callable[[Frame], Frame]]], frame: Frame
) -> list[str]:
    """Give the changes of prices that were not found."""
    wrong = []
    for name, (kind, change) in kinds.items():
        found = asked_of_prices(change(frame).iloc[5:-5])
        if not is_found(found, kind):
            wrong.append(f"{name}: {found.sentence}")
    return wrong


def alarmed(frame: Frame, seed: int = 0) -> list[str]:
    """Give the clean files in which a leak was seen, with what it was."""
    rng = np.random.default_rng(seed)
    found = {name: audited(make(frame, rng)) for name, make in CLEAN.items()}
    return [f"{name}: {leak.sentence}" for name, each in found.items() for leak in each.leaks]


def every(rows: int) -> Iterator[tuple[str, Frame]]:
    """Give the sets that leaks are planted in."""
    yield "walks", made(rows)
    for name in SETS:
        yield name, of_archive(name, rows)


def told(what: str, rows: int) -> Iterator[str]:
    """Say how many were found, set by set."""
    kinds, ahead = (PLANTED, AHEAD) if what == "planted" else (FRESH, FRESH_AHEAD)
    for name, frame in every(rows):
        wrong = alarmed(frame) if what == "clean" else missed(kinds, frame)
        files = len(CLEAN if what == "clean" else kinds)
        word = "alarms" if what == "clean" else "missed"
        yield f"{name}, {len(frame):,} rows: {files} files, {len(wrong)} {word}"
        yield from (f"  {each}" for each in wrong)
    for ticker in ("AAPL", "005930", "MSFT"):
        frame = share_prices(ticker)
        if what == "clean":
            wrong = [leak.sentence for leak in asked_of_prices(frame).leaks]
            yield f"{ticker}: 1 file, {len(wrong)} alarms"
        else:
            wrong = missed_prices(ahead, frame)
            yield f"{ticker}: {len(ahead)} files, {len(wrong)} missed"
        yield from (f"  {each}" for each in wrong)


def main() -> None:
    """Ask what the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["planted", "fresh", "clean"])
    parser.add_argument("--rows", type=int, default=400)
    asked = parser.parse_args()
    for line in told(asked.what, asked.rows):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
