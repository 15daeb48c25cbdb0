"""Labels of real texts are turned: how many are named, and how many of those named were turned?"""

import argparse

import numpy as np

from recurra.auditing.labels import doubtful, out_of_fold
from recurra.auditing.simple import simple_of_texts
from recurra.data import open_texts
from recurra.text.near import find_copies

FIRST = 100


def measured(name: str, most: int, share: float, seed: int) -> str:
    """Turn labels of a dataset of two classes; give a row of the table."""
    rows, draw = open_texts(name), np.random.default_rng(seed)
    chosen = np.sort(draw.permutation(len(rows.texts))[:most])
    texts, truth = rows.texts[chosen], rows.numbers[chosen]
    groups = find_copies(texts).groups
    turned = draw.random(len(truth)) < share
    labels = np.where(turned, 1 - truth, truth)
    simple = simple_of_texts(texts)
    named, _ = doubtful(out_of_fold(simple, labels, groups, seed), labels)
    as_is, _ = doubtful(out_of_fold(simple, truth, groups, seed), truth)
    hit = turned[named]
    return (
        f"| {name} | {len(truth):,} | {turned.sum():,} | {len(named):,} | {hit.mean():.1%} | "
        f"{hit.sum() / turned.sum():.1%} | {hit[:FIRST].sum()} | {len(as_is):,} |"
    )


def main() -> None:
    """Print a row for each dataset and seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["spam", "sentiment-ko"])
    parser.add_argument("--most", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    print("| | rows | turned | named | turned of these | found | of the first 100 | as it is |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in given.names:
        for seed in range(given.seeds):
            print(measured(name, given.most, given.share, seed), flush=True)


if __name__ == "__main__":
    main()
