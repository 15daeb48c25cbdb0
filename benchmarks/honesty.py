"""Are intervals, verdicts and the look at calibration to be trusted? Asked where truth is known.

    python benchmarks/honesty.py coverage --sims 400          intervals hold the truth in 95 %
    python benchmarks/honesty.py verdict --sims 400           equals are told apart in 2.5 % a side
    python benchmarks/honesty.py compare --sims 400           the same of 7 networks at once
    python benchmarks/honesty.py power --sims 400             what is better is found
    python benchmarks/honesty.py series --sims 400            the same of steps of time
    python benchmarks/honesty.py seeds --sims 400             trainings from several seeds
    python benchmarks/honesty.py calibration --sims 400       calibrated scores pass in 95 %

Each prints a table in Markdown. Rows are simulated: the truth of a row is drawn, then what models
say of it; what a measure really is comes from a million rows. `--minutes` ends a table in time:
the cells it did not come to are left out.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from recurra.judging.calibration import calibration_of
from recurra.judging.decide import decide
from recurra.judging.evidence import Evidence
from recurra.judging.intervals import estimate
from recurra.judging.measures import Measure, class_measures, class_statistics, values

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

MEASURES = {measure.name: measure for measure in class_measures(2, positive=1)}
COVERED = ("accuracy", "F1", "PR-AUC", "ROC-AUC", "Brier score", "log loss")
LEVEL = Measure("mean loss", lambda s, w: w @ s[:, 0] / w.sum(axis=1), False, False,
                losses=lambda s: s[:, 0])  # fmt: skip


@dataclass(frozen=True)
class World:
    """How truth and scores come about.

    Args:
        positives: the share of positive rows.
        skewed: scores of a long tail on one side that say more than they know, decided at 0.3;
            else of normal tails and perfectly calibrated, decided at 0.5.
        grouped: whether half of the rows come in fives of the same truth.
        alike: how alike the scores of the five are; 1: equal.
    """

    positives: float
    skewed: bool = False
    grouped: bool = False
    alike: float = 1.0

    def pieces(self, rows: int) -> Rows:
        """Give each row the number of its piece."""
        fives = rows // 10 if self.grouped else 0
        sizes = np.repeat([5, 1], [fives, rows - 5 * fives])
        return np.repeat(np.arange(len(sizes)), sizes)

    def scores(self, truth: Bools, pieces: Rows, rng: np.random.Generator) -> Floats:
        """Say how probable it is that each row is positive."""
        draw = rng.exponential if self.skewed else rng.normal
        common = draw(size=pieces.max() + 1)[pieces]
        noise = np.where(rng.random(len(pieces)) < self.alike, common, draw(size=len(pieces)))
        side = np.where(truth, 1.0, -1.0)
        odds = 1.8 * (side + 1.2 * (noise - 1)) if self.skewed else 1.5 * (0.75 * side + noise)
        return 1 / (1 + np.exp(-odds - np.log(self.positives / (1 - self.positives))))

    def draw(self, rows: int, rng: np.random.Generator) -> tuple[Floats, Rows]:
        """Give the statistics of rows, and their pieces."""
        pieces = self.pieces(rows)
        truth = (rng.random(pieces.max() + 1) < self.positives)[pieces]
        return said(truth, self.scores(truth, pieces, rng), 0.3 if self.skewed else 0.5), pieces


def said(truth: Bools, scores: Floats, threshold: float) -> Floats:
    """Give the statistics of two classes."""
    both = np.column_stack([1 - scores, scores])
    return class_statistics(both, (scores >= threshold).astype(np.int64), truth.astype(np.int64))


# ---- intervals


def coverage(sims: int) -> Iterator[list[str]]:
    """Count how often the interval holds the truth, where there is one; in brackets how often."""
    yield ["scores", "rows", "positives", "grouped", *COVERED]
    for skewed, rows, positives, kind in product(
        (False, True), (200, 1000), (0.05, 0.2, 0.5), ("no", "copies", "alike")
    ):
        world = World(positives, skewed, kind != "no", 0.8 if kind == "alike" else 1.0)
        big = World(positives, skewed).draw(1_000_000, np.random.default_rng(1))[0]
        truth = {name: values(MEASURES[name], big) for name in COVERED}
        rng = np.random.default_rng([rows, int(100 * positives), skewed])
        held: dict[str, list[bool]] = {name: [] for name in COVERED}
        for _ in range(sims):
            statistics, pieces = world.draw(rows, rng)
            for name in COVERED:
                found = estimate(MEASURES[name], [statistics], Evidence(pieces))
                if found.interval is not None:
                    held[name].append(found.interval[0] <= truth[name] <= found.interval[1])
        cells = [_held(held[name], sims) for name in COVERED]
        yield ["skewed" if skewed else "normal", str(rows), f"{positives:.0%}", kind, *cells]


def _held(held: list[bool], sims: int) -> str:
    share = len(held) / sims
    if share < 0.25:
        return f"– ({share:.0%})"
    return f"{100 * np.mean(held):.1f}" + ("" if share > 0.995 else f" ({share:.0%})")


# ---- verdicts


def equals(
    count: int, rows: int, positives: float, rng: np.random.Generator, threshold: float
) -> list[Floats]:
    """Give the statistics of contenders that are equally good, their noise half shared."""
    truth = rng.random(rows) < positives
    common = rng.normal(size=rows)
    return [_one(truth, common, positives, rng, threshold) for _ in range(count)]


def _one(
    truth: Bools,
    common: Floats,
    positives: float,
    rng: np.random.Generator,
    threshold: float,
    apart: float = 1.5,
) -> Floats:
    noise = np.sqrt(0.7) * common + np.sqrt(0.3) * rng.normal(size=len(truth))
    odds = apart * (np.where(truth, apart / 2, -apart / 2) + noise)
    scores = 1 / (1 + np.exp(-odds - np.log(positives / (1 - positives))))
    return said(truth, scores, threshold)


def asked(name: str, contenders: list[Floats], models: int) -> list[str]:
    """Give the answers of all models, the first so many contenders."""
    named = [(f"c{number}", [each]) for number, each in enumerate(contenders)]
    evidence = Evidence(np.arange(len(contenders[0])))
    verdicts = decide([MEASURES[name]], dict(named[:models]), dict(named[models:]), evidence)
    return [verdict.answer for verdict in verdicts.values()]


THRESHOLDS = {0.05: 0.25, 0.13: 0.3, 0.2: 0.35, 0.5: 0.45}  # about those of the best F1


def verdict(sims: int) -> Iterator[list[str]]:
    """Ask of one model whether it is better than equals."""
    yield ["measure", "rows", "positives", "rivals", "yes %", "no %", "too few %"]
    for name, rows, positives, rivals in product(
        ("Brier score", "F1"), (40, 100, 200, 1000), (0.05, 0.2, 0.5), (1, 3)
    ):
        rng = np.random.default_rng([rows, int(100 * positives), rivals])
        answers = [
            asked(name, equals(1 + rivals, rows, positives, rng, THRESHOLDS[positives]), 1)[0]
            for _ in range(sims)
        ]
        counted = [_percent(answers, answer) for answer in ("yes", "no", "too few")]
        yield [name, str(rows), f"{positives:.0%}", str(rivals), *counted]


def compare(sims: int) -> Iterator[list[str]]:
    """Ask of seven networks at once whether they are better than their equals."""
    yield ["measure", "positives", "rivals", "any yes %", "any no %", "any false answer %"]
    for name, positives, rivals in product(("Brier score", "F1"), (0.13, 0.5), (1, 3)):
        rng = np.random.default_rng([int(100 * positives), rivals])
        rounds = [
            asked(name, equals(7 + rivals, 1000, positives, rng, THRESHOLDS[positives]), 7)
            for _ in range(sims)
        ]
        yes, no = (np.array([answer in each for each in rounds]) for answer in ("yes", "no"))
        yield [
            name,
            f"{positives:.0%}",
            str(rivals),
            *(f"{100 * x.mean():.1f}" for x in (yes, no, yes | no)),
        ]


def power(sims: int) -> Iterator[list[str]]:
    """Ask the same of a model that is better."""
    yield ["measure", "rows", "models", "rivals", "its value", "theirs", "yes %"]
    for name, rows, (models, rivals) in product(
        ("Brier score", "F1"), (200, 1000), ((1, 1), (1, 3), (7, 3))
    ):
        rng = np.random.default_rng([rows, rivals, models])
        answers, means = [], []
        for _ in range(sims):
            truth, common = rng.random(rows) < 0.2, rng.normal(size=rows)
            better = _one(truth, common, 0.2, rng, 0.35, apart=1.8)
            others = [_one(truth, common, 0.2, rng, 0.35) for _ in range(models - 1 + rivals)]
            answers.append(asked(name, [better, *others], models)[0])
            means.append([values(MEASURES[name], each) for each in (better, others[-1])])
        mean = np.mean(means, axis=0)
        figures = [f"{x:.3f}" for x in mean]
        yield [name, str(rows), str(models), str(rivals), *figures, _percent(answers, "yes")]


def _percent(answers: list[str], answer: str) -> str:
    return f"{100 * np.mean([each == answer for each in answers]):.1f}"


# ---- time


def series(sims: int) -> Iterator[list[str]]:
    """Ask for the gain between equals whose losses remember, and for the interval of a loss."""
    yield ["rows a step", "memory", "steps", "yes %", "no %", "too few %", "interval holds %"]
    for wide, memory, steps in product((1, 5), (0.0, 0.5, 0.9), (200, 500, 1000, 2000)):
        rng = np.random.default_rng([int(10 * memory), steps, wide])
        answers, held = [], []
        evidence = Evidence(np.repeat(np.arange(steps), wide), in_time=True)
        for _ in range(sims):
            model, rival = (remembering(memory, steps, wide, rng)[:, None] for _ in range(2))
            found = decide([LEVEL], {"model": [model]}, {"rival": [rival]}, evidence)
            answers.append(found["model"].answer)
            interval = estimate(LEVEL, [model], evidence).interval
            if interval is not None:
                held.append(interval[0] <= 0 <= interval[1])
        counted = [_percent(answers, answer) for answer in ("yes", "no", "too few")]
        yield [str(wide), str(memory), str(steps), *counted, _held(held, sims)]


def remembering(memory: float, steps: int, wide: int, rng: np.random.Generator) -> Floats:
    """Give losses x_t = memory x_(t-1) + noise about 0, some rows a step, from a steady start."""
    from scipy.signal import lfilter

    common = lfilter([1.0], [1.0, -memory], rng.normal(size=steps + 200))[200:]
    own = rng.normal(size=(steps, wide)) if wide > 1 else np.zeros((steps, 1))
    return (common[:, None] + own).ravel()


# ---- seeds


def seeds(sims: int) -> Iterator[list[str]]:
    """Train from several seeds, each as good as chance has it, and ask for the mean over seeds."""
    yield ["seeds", "rows", "seeds against rows", "interval holds %", "yes %", "no %"]
    for count, rows, strength in product((2, 3, 5, 10), (200, 1000), (0.3, 1.0, 3.0)):
        rng = np.random.default_rng([count, rows, int(10 * strength)])
        held, answers = [], []
        for _ in range(sims):
            shared = rng.normal(size=(rows, 1))
            moved = rng.normal(size=count) * strength / np.sqrt(rows)
            trained = [0.8 * shared + 0.6 * rng.normal(size=(rows, 1)) + each for each in moved]
            rival = 0.8 * shared + 0.6 * rng.normal(size=(rows, 1))
            evidence = Evidence(np.arange(rows))
            interval = estimate(LEVEL, trained, evidence).interval
            held.append(interval is not None and interval[0] <= 0 <= interval[1])
            found = decide([LEVEL], {"model": trained}, {"rival": [rival]}, evidence)
            answers.append(found["model"].answer)
        counted = [_percent(answers, answer) for answer in ("yes", "no")]
        yield [str(count), str(rows), str(strength), _held(held, sims), *counted]


# ---- calibration


def calibration(sims: int) -> Iterator[list[str]]:
    """Count how often scores pass that mean what they say, and scores that do not."""
    yield ["rows", "positives", "grouped", "calibrated: pass %", "odds doubled: pass %"]
    for rows, positives, kind in product((200, 1000), (0.05, 0.2, 0.5), ("no", "copies", "alike")):
        world = World(positives, False, kind != "no", 0.8 if kind == "alike" else 1.0)
        rng = np.random.default_rng([rows, int(100 * positives)])
        passed = []
        for turn in range(sims):
            statistics, pieces = world.draw(rows, rng)
            truth, scores = statistics[:, -1] == 1, statistics[:, 1]
            sure = scores**2 / (scores**2 + (1 - scores) ** 2)
            passed.append(
                [calibration_of(truth, p, pieces, turn).calibrated for p in (scores, sure)]
            )
        shares = [f"{100 * share:.1f}" for share in np.mean(passed, axis=0)]
        yield [str(rows), f"{positives:.0%}", kind, *shares]


TABLES: dict[str, Callable[[int], Iterator[list[str]]]] = {
    table.__name__: table
    for table in (coverage, verdict, compare, power, series, seeds, calibration)
}


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--sims", type=int, default=400)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    began = time.perf_counter()
    for number, row in enumerate(TABLES[options.table](options.sims)):
        print("| " + " | ".join(row) + " |", flush=True)
        if number == 0:
            print("|" + "---|" * len(row), flush=True)
        if time.perf_counter() - began > 60 * options.minutes:
            print(f"\nstopped after {options.minutes:g} minutes")
            break


if __name__ == "__main__":
    main()
