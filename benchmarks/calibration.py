"""Is the verdict of stock-rise to be trusted? It is asked on markets where the answer is known.

    python benchmarks/calibration.py --edge 0 --seeds 100 --out calibration.jsonl
    python benchmarks/calibration.py --edge 0.2 --seeds 100 --out calibration.jsonl
    python benchmarks/calibration.py --summary calibration.jsonl

Each seed simulates a market of 40 tickers and judges the problem itself on it, from prices to
verdict: a SimpleRNN of 8 units, logistic regression and gradient boosting against the rules. A line
of JSON is added for every seed; a seed that is there already is not run again.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

TICKERS, DAYS, RISE = 40, 1000, 0.03


def run(seed: int, edge: float) -> dict[str, object]:
    """Judge the problem on one simulated market."""
    from recurra.judging.run import run as judge
    from recurra.markets.simulator import simulate
    from recurra.problems.stock_rises import RiseSettings, stock_rise

    began = time.perf_counter()
    settings = RiseSettings(
        rise=RISE, models=("simple-rnn",), units=8, epochs=4, folds=1, seed=seed
    )
    market = simulate(TICKERS, DAYS, edge=edge, seed=seed)
    report = judge(stock_rise(market, settings, source="simulated"), fit_all=False).report
    best = min(report.edge, key=lambda verdict: (verdict.answer != "yes", verdict.p_value or 1.0))
    network = report.edge[0]
    return {
        "edge": edge,
        "seed": seed,
        "evidence": best.answer,
        "best": best.model,
        "rival": best.rival,
        "p": best.p_value,
        "gain": -best.difference / report.contender(best.rival).measures["Brier score"].value,
        "network": report.verdict.answer,
        "network_rival": report.verdict.rival,
        "network_alone": network.p_value,
        "base_rate": report.data.classes["rise"] / report.data.rows,
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
