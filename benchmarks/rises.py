"""How long do features and epochs of stock-rise take? 100 tickers over seven years, simulated.

python benchmarks/rises.py --model gru --epochs 4

Prints one line of JSON: wall and processor seconds of the features of all rows, and of each epoch
of a network on all but the last days, which validate (the first epoch compiles).
"""

import argparse
import json
import os
import time
from itertools import pairwise
from typing import Any

from recurra.listeners import Listener, Progress

TICKERS, DAYS = 100, 7 * 252


class _Epochs(Listener):
    """Notes when each epoch ends."""

    def __init__(self) -> None:
        self.ends: list[tuple[float, float]] = []

    def ready(self, model: Any) -> None:
        """Note when training begins."""
        self.ends.append(clock())

    def progress(self, member: int, progress: Progress) -> None:
        """Note when an epoch has ended."""
        if progress.ended:
            self.ends.append(clock())


def measure(name: str, epochs: int, threads: int) -> dict[str, Any]:
    """Cut a simulated market into rows, and train a network of a name on them."""
    from recurra.estimators.riser import SequenceRiser, dated_sides
    from recurra.markets.rows import rows_of
    from recurra.markets.simulator import simulate

    market = simulate(TICKERS, DAYS)
    rows_of({"SIM001": market["SIM001"]})  # what is loaded once is not measured
    began = clock()
    rows = rows_of(market)
    features = difference(began, clock())

    sides = dated_sides(rows.dates, 0.15, 10)
    watch, model = _Epochs(), SequenceRiser(name, epochs=epochs)
    began = clock()
    model.fit(rows, rows.change >= 0.05, sides=sides, listeners=[watch])
    return {
        "tickers": TICKERS,
        "days": DAYS,
        "rows": len(rows),
        "features": features,
        "scales and rule": difference(began, watch.ends[0]),
        "model": name,
        "training rows": len(sides[0][0]),
        "epochs": [difference(before, after) for before, after in pairwise(watch.ends)],
        "threads": threads,
        "load": round(os.getloadavg()[0], 1),
    }


def clock() -> tuple[float, float]:
    """Give wall and processor seconds."""
    return time.perf_counter(), time.process_time()


def difference(before: tuple[float, float], after: tuple[float, float]) -> dict[str, float]:
    """Give the seconds between."""
    return {
        "wall": round(after[0] - before[0], 2),
        "processor": round(after[1] - before[1], 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="gru")
    parser.add_argument("--epochs", type=int, default=4)
    arguments = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    print(json.dumps(measure(arguments.model, arguments.epochs, threads)))


if __name__ == "__main__":
    main()
