"""What do two linear models of n-grams say together that neither says alone?

Runs of two to five characters within words, weighted by rarity (`char TF-IDF + LR`), and runs of
one to six characters, spaces among them, weighted by naive Bayes (`NB runs + LR`).

    training rows    fit both
    others           two factors, one for the log-odds of each
    held rows        judge: none of them taught, or chose, anything

Of a data set with a published test side the training side alone is used; near copies stay together.

    RECURRA_DATA=FOLDER python benchmarks/two_starts.py spam --turns 5
    RECURRA_DATA=FOLDER python benchmarks/two_starts.py sentiment-ko
"""

import argparse
import time

import numpy as np
from scipy.special import expit
from threadpoolctl import threadpool_limits

from recurra.arrays import Bools, Floats, Rows, Texts
from recurra.baselines.terms import Counted, Weighted
from recurra.data import LabelledTexts, open_texts
from recurra.judging.scaling import factors_of
from recurra.judging.splits import stratified_group_split
from recurra.text.near import find_copies
from recurra.text.terms import CHARACTERS, RUNS, log_odds_of

BOTH = "both, weighed"
HELD, WEIGHED = 0.2, 0.1  # shares: of all rows, and of those that are left
STRENGTHS = {CHARACTERS: 10.0, RUNS: 0.03}  # C


def said_by(kind: str, texts: Texts, truth: Bools, fitted: Rows, asked: Rows) -> Floats:
    """Fit on some rows; give (asked, 1) log-odds of others."""
    rows = Weighted(Counted(kind, texts), fitted, truth.astype(int), 2)
    return log_odds_of(rows.fit(STRENGTHS[kind]).probabilities(rows.of(asked), len(asked)))


def said_of(rows: LabelledTexts, groups: Rows, turn: int) -> tuple[Rows, dict[str, Floats]]:
    """Fit and weigh; give the rows held in a turn, and the probability each contender gives."""
    truth = rows.numbers == 1
    known, held = stratified_group_split(truth, groups, HELD, 0, turn)
    fitted, weighing = (
        known[i] for i in stratified_group_split(truth[known], groups[known], WEIGHED)
    )
    asked = np.concatenate([weighing, held])
    with threadpool_limits(1):
        parts = [said_by(kind, rows.texts, truth, fitted, asked) for kind in STRENGTHS]
    found = {}
    for name, chosen in ((CHARACTERS, parts[:1]), (RUNS, parts[1:]), (BOTH, parts)):
        before, after = zip(*(np.split(part, [len(weighing)]) for part in chosen), strict=True)
        factors = factors_of(before, truth[weighing].astype(int))
        print(f"turn {turn}: {name}, factors {factors.round(2).tolist()}", flush=True)
        found[name] = expit(np.tensordot(factors, np.stack(after), 1)[:, 0])
    return held, found


def told(said: dict[str, Floats], truth: Bools) -> None:
    """Print the measures of each, and how much lower the Brier score is of both than of each."""
    for name, p in said.items():
        loss = -np.where(truth, np.log(p), np.log1p(-p)).mean()
        called = p > 0.5
        f1 = 2 * (called & truth).sum() / (called.sum() + truth.sum())
        line = f"{name:<18} log loss {loss:.4f}  Brier score {((p - truth) ** 2).mean():.4f}"
        line += f"  accuracy {(called == truth).mean():.4f}  F1 at 0.5 {f1:.4f}"
        if name != BOTH:
            less = (said[BOTH] - truth) ** 2 - (p - truth) ** 2
            reach = 1.96 * less.std() / len(less) ** 0.5
            mean = less.mean()
            line += f"  both: {mean:+.4f} [{mean - reach:+.4f}, {mean + reach:+.4f}] Brier score"
        print(line)


def main() -> None:
    """Judge on each turn's held rows, and print the figures of all together."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("source", choices=("spam", "sentiment", "sentiment-ko"))
    ask.add_argument("--turns", type=int, default=1, help="each holds out other rows, at most 5")
    given = ask.parse_args()
    begun = time.process_time()
    rows = open_texts(given.source)
    if rows.published_test is not None:
        rows = rows.take(np.flatnonzero(~rows.published_test))
    groups = find_copies(rows.texts).groups
    turns = [said_of(rows, groups, turn) for turn in range(min(given.turns, 5))]
    held = np.concatenate([each for each, _ in turns])
    said = {name: np.concatenate([each[name] for _, each in turns]) for name in turns[0][1]}
    print(f"{given.source}: {len(held):,} rows held of {len(rows.texts):,}")
    told(said, rows.numbers[held] == 1)
    print(f"{time.process_time() - begun:.0f} s of processor time")


if __name__ == "__main__":
    main()
