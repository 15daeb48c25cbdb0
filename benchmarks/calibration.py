"""Is the verdict of stock-rise to be trusted? It is asked on markets where the answer is known.

    python benchmarks/calibration.py --edge 0 --seeds 100 --out calibration.jsonl
    python benchmarks/calibration.py --edge 0.2 --seeds 100 --out calibration.jsonl
    python benchmarks/calibration.py --summary calibration.jsonl

Each seed simulates a market of 40 tickers and runs the recipe itself on it, from prices to verdict:
a SimpleRNN of 8 units, logistic regression and gradient boosting against the rules. A line of JSON
is added for every seed; a seed that is there already is not run again.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np

TICKERS, DAYS, RISE = 40, 1000, 0.03


def run(seed: int, edge: float) -> dict[str, object]:
    """Run the recipe on one simulated market."""
    from recurra.markets.simulator import simulate
    from recurra.recipes.stock_rise import train_rise
    from recurra.rises import RiseSettings
    from recurra.runs import RunFolder

    began = time.perf_counter()
    settings = RiseSettings(
        rise=RISE, models=("simple-rnn",), units=8, epochs=4, folds=1, repeats=10, seed=seed
    )
    with tempfile.TemporaryDirectory() as place:
        folder = RunFolder(Path(place) / "run")
        market = simulate(TICKERS, DAYS, edge=edge, seed=seed)
        report = train_rise(market, settings, folder, source="simulated")
    return {
        "edge": edge,
        "seed": seed,
        "evidence": report.edge.better,
        "rival": report.edge.rival,
        "p": report.edge.p_value,
        "gain": report.edge.gain,
        "network": report.networks.better,
        "network_rival": report.networks.rival,
        "network_alone": report.edge.adjusted["simple-rnn"],
        "base_rate": report.base_rate,
        "test_rows": report.split.test,
        "seconds": round(time.perf_counter() - began, 2),
    }


def summarise(path: Path) -> None:
    """Print a table: a row an edge."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    print("| edge | seeds | evidence | no evidence | network beats every baseline | mean gain |")
    print("|---|---|---|---|---|---|")
    for edge in sorted({row["edge"] for row in rows}):
        mine = [row for row in rows if row["edge"] == edge]
        found = sum(row["evidence"] == "yes" for row in mine)
        network = sum(row["network"] == "yes" for row in mine)
        gain = np.mean([row["gain"] for row in mine])
        print(
            f"| {edge:g} | {len(mine)} | {found} | {len(mine) - found} | {network} | {gain:+.2%} |"
        )


def main() -> None:
    """Run what is missing, or summarise."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edge", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--summary", type=Path)
    arguments = parser.parse_args()
    if arguments.summary:
        summarise(arguments.summary)
        return
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        if (arguments.edge, seed) not in done(arguments.out):
            row = run(seed, arguments.edge)
            with arguments.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)


def done(path: Path) -> set[tuple[float, int]]:
    """Give the edges and seeds that are there."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return {(row["edge"], row["seed"]) for row in map(json.loads, lines)}


if __name__ == "__main__":
    main()
