"""How long do features and epochs of stock-rise take? 100 tickers over seven years, simulated.

python benchmarks/rises.py --model gru --epochs 4

Prints one line of JSON: wall and processor seconds of the features of all rows, and of each epoch
of a network on all but the validation rows (the first epoch compiles).
"""

import argparse
import json
import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

TICKERS, DAYS = 100, 7 * 252


def measure(name: str, epochs: int, threads: int) -> dict[str, Any]:
    """Cut a simulated market into rows, and train a network of a name on them."""
    from recurra.evaluation.rise_baselines import Known, VolatilityRule
    from recurra.evaluation.splits import walk_forward
    from recurra.markets.rows import STRETCH, rows_of
    from recurra.markets.simulator import simulate
    from recurra.rises.networks import Standard
    from recurra.rises.settings import RiseSettings
    from recurra.rises.walking import walk
    from recurra.runs import RunFolder

    market = simulate(TICKERS, DAYS)
    rows_of({"SIM001": market["SIM001"]})  # what is loaded once is not measured
    began = clock()
    rows = rows_of(market)
    features = difference(began, clock())

    truth = rows.change >= 0.05
    ((side, _),) = walk_forward(rows.dates, 1, window=10, embargo=STRETCH, test_share=0.05)
    rule = VolatilityRule.fit(rows.volatility[side.train], truth[side.train])
    windows = Standard.fit(rows.windows[side.train])(rows.windows)
    known = Known(windows, rule.log_odds(rows.volatility), rows.volatility, rows.before)
    ends: list[tuple[float, float]] = [clock()]

    def notify(member: int, step: Any) -> None:
        if step.done == 1.0 and len(step.history.rows) == step.epoch:
            ends.append(clock())

    settings = RiseSettings(models=(name,), epochs=epochs)
    with tempfile.TemporaryDirectory() as place:
        walk(name, known, truth, [side], settings, RunFolder(Path(place) / "run"), notify)
    return {
        "tickers": TICKERS,
        "days": DAYS,
        "rows": len(rows),
        "features": features,
        "model": name,
        "training rows": len(side.train),
        "epochs": [difference(before, after) for before, after in pairwise(ends)],
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
