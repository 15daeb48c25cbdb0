"""Does the verdict say yes where there is nothing to learn, and where there is?

Real texts, and labels drawn by coin: whatever is found in them is luck. Then the same texts with a
planted edge that counts of words do not show: a word stands first in texts of one class, and last
in those of the other. Each seed draws other texts, other labels, another split and another network,
and goes through `recurra.running.run` as a user's file does.

    RECURRA_DATA=FOLDER python benchmarks/placebo.py --rows 700 --share 0.4 --seeds 100
    RECURRA_DATA=FOLDER python benchmarks/placebo.py --rows 700 --share 0.4 --seeds 100 --edge 0.6
    RECURRA_DATA=FOLDER python benchmarks/placebo.py --rows 300 --seeds 100 --epochs 2 --trials 9

With --trials settings are searched first, and the verdict is that of the winner.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recurra import SequenceClassifier
from recurra.data import LabelledTexts, open_texts
from recurra.problems.text_classes import texts
from recurra.running import run
from recurra.searching.networks import Search
from recurra.searching.trials import Budget

WORD = "plinth"  # in none of the texts


def drawn(source: LabelledTexts, rows: int, share: float, edge: float, seed: int) -> LabelledTexts:
    """Draw texts, and labels for them by coin; with an edge, a word first or last in a share."""
    rng = np.random.default_rng(seed)
    chosen = source.texts[rng.choice(len(source.texts), rows, replace=False)]
    positive = rng.random(rows) < share
    marked = rng.random(rows) < edge
    pairs = zip(chosen, positive, marked, strict=True)
    planted = [_planted(text, first) if mark else text for text, first, mark in pairs]
    return LabelledTexts(
        np.array(planted, object),
        np.where(positive, "yes", "no").astype(object),
        "yes",
        "labels drawn by coin",
        "0" * 64,
    )


def _planted(text: str, first: bool) -> str:
    return f"{WORD} {text}" if first else f"{text} {WORD}"


def verdict_of(source: LabelledTexts, options: argparse.Namespace, seed: int) -> dict[str, object]:
    """Run the product on one draw."""
    rows = drawn(source, options.rows, options.share, options.edge, seed)
    network = SequenceClassifier(options.model, epochs=options.epochs, members=1, random_state=seed)
    with TemporaryDirectory() as folder:
        searched = {"choose": _search(options), "out": folder} if options.trials else {}
        report = run(texts(rows, [network], seed=seed), **searched).report
    verdict = report.verdicts[0]  # of a search that found something, the winner's
    return {
        "seed": seed,
        "model": verdict.model,
        "answer": verdict.answer,
        "rival": verdict.rival,
        "difference": verdict.difference,
        "beside": {aside.measure: aside.answer for aside in verdict.beside},
    }


def _search(options: argparse.Namespace) -> Search:
    return Search(Budget(options.trials), [options.model])


def main() -> None:
    """Run all seeds; a seed that is in the file already is not run again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=700)
    parser.add_argument("--share", type=float, default=0.4, help="of positive labels")
    parser.add_argument("--edge", type=float, default=0.0, help="share of texts with the word")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--model", default="one-to-one")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--trials", type=int, default=0, help="of a search for settings; 0: none")
    parser.add_argument("--source", default="sentiment-ko", help="whose texts")
    parser.add_argument("--file", type=Path, help="a line of JSON a seed; gone on from")
    options = parser.parse_args()
    source = open_texts(options.source)
    done = []
    if options.file and options.file.exists():
        done = [json.loads(line) for line in options.file.read_text().splitlines()]
    began = time.perf_counter()
    for seed in range(options.seeds):
        if any(found["seed"] == seed for found in done):
            continue
        done.append(verdict_of(source, options, seed))
        if options.file:
            with options.file.open("a") as file:
                file.write(json.dumps(done[-1]) + "\n")
    answers = Counter(found["answer"] for found in done)
    print(
        f"{options.rows} rows, share {options.share}, edge {options.edge}: {dict(answers)}", end=""
    )
    print(f", {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
