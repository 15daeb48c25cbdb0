"""Does the verdict say yes where there is nothing to learn, whatever kind of data it is?

`placebo.py` asks it of real texts; this of files of every other kind, made up so that nothing in
them tells what is asked. Each seed draws another file, another split and another network, and goes
from the file to the report as a user's file does.

    sequences       noise about a level of their own; three classes by lot
    tags            words by Zipf's law; tags by lot
    states          noise that wanders; alarms that begin and end by lot
    random walk     the best forecast is the last value
    white noise     the best forecast is the mean
    memory          steps that keep 0.8 of the one before: linear forecasts are the best there are

    python benchmarks/nothing.py tags --seeds 20
"""

import argparse
import csv
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from recurra import problems
from recurra.data import Layout, StepColumns, TagColumns, read_sequences, read_steps
from recurra.judging.problem import Problem
from recurra.running import run

Draw = np.random.Generator


def written(path: Path, names: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a CSV."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)
    return path


def sequences(path: Path, draw: Draw, seed: int) -> Problem:
    """Draw 600 sequences of 20 steps."""
    steps = draw.normal(size=(600, 20)) + draw.normal(size=(600, 1))
    labels = draw.choice(["a", "b", "c"], 600, p=[0.5, 0.3, 0.2])
    rows = [[label, *row] for label, row in zip(labels, steps.round(4), strict=True)]
    written(path, ["label", *(f"t{t}" for t in range(20))], rows)
    return problems.sequences(read_sequences(path, Layout(label="label")), seed=seed, epochs=8)


def tags(path: Path, draw: Draw, seed: int) -> Problem:
    """Draw 300 sentences of 4 to 14 words."""
    rows: list[list[object]] = []
    for sentence, words in enumerate(draw.integers(4, 15, 300)):
        spoken = [f"w{word}" for word in draw.zipf(1.3, words) % 300]
        told = draw.choice(["N", "V", "A"], words, p=[0.5, 0.3, 0.2])
        rows += [[sentence, word, tag] for word, tag in zip(spoken, told, strict=True)]
    written(path, ["sentence", "token", "tag"], rows)
    return problems.tagging(
        path, columns=TagColumns("token", "tag", "sentence"), seed=seed, epochs=5
    )


def states(path: Path, draw: Draw, seed: int) -> Problem:
    """Draw logs of 30 machines, 200 steps each."""
    rows = []
    for machine in range(30):
        alarm = False
        numbers = 0.1 * draw.normal(size=(200, 2)).cumsum(axis=0) + draw.normal(size=(200, 2))
        for t, (x, y) in enumerate(numbers.round(4)):
            alarm = bool(draw.random() < (0.9 if alarm else 0.03))
            rows.append([machine, t, x, y, "alarm" if alarm else "normal"])
    written(path, ["id", "time", "x", "y", "state"], rows)
    read = read_steps(path, StepColumns(time="time", label="state", id="id"))
    return problems.states(read, seed=seed, epochs=6)


def series(memory: float) -> Callable[[Path, Draw, int], Problem]:
    """Draw 600 steps that keep a share of the one before."""

    def drawn(path: Path, draw: Draw, seed: int) -> Problem:
        steps = draw.normal(size=600)
        for t in range(1, 600):
            steps[t] += memory * steps[t - 1]
        written(path, ["y"], [[value] for value in (steps + 100).round(5)])
        return problems.forecasting(path, target="y", horizon=6, seed=seed, epochs=30)

    return drawn


KINDS = {
    "sequences": sequences,
    "tags": tags,
    "states": states,
    "random-walk": series(1.0),
    "white-noise": series(0.0),
    "memory": series(0.8),
}


def main() -> None:
    """Count the answers over seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    answers: Counter[str] = Counter()
    for seed in range(options.first, options.first + options.seeds):
        began = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            problem = KINDS[options.kind](
                Path(folder) / "rows.csv", np.random.default_rng(seed), seed
            )
            verdict = run(problem).report.verdict
        answers[verdict.answer] += 1
        seconds = round(time.process_time() - began, 1)
        told = {"seed": seed, "answer": verdict.answer, "rival": verdict.rival, "seconds": seconds}
        print(json.dumps(told), flush=True)
    print(json.dumps({"kind": options.kind, "answers": answers}))


if __name__ == "__main__":
    main()
