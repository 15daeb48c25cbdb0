"""Time what answers beside ONNX Runtime and PyTorch: one recurrent layer, its last state.

::

    for each case: a process for each rival, all with the same weights and numbers
        their answers must agree within 1e-4
        for each turn: every rival, one after the other, reads the batch
    ratio of a turn = the best rival's time / ours

Weights are packed, or compiled, once before; each rival may use two threads.
"""

import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any, NamedTuple

import numpy as np

from recurra.bench.kernels import FEATURES, PAUSE, agree, rivals
from recurra.cells import USUAL, bias_shape
from recurra.errors import SettingsError
from recurra.listeners import Listener, Listeners
from recurra.names import near

__all__ = ["CASES", "PEERS", "Case", "case_named", "measure", "overall"]

WORKER = Path(__file__).with_name("runtime_worker.py")
PEERS = ("onnxruntime", "torch")
WARM = 1  # turns that do not count


class Case(NamedTuple):
    """What is timed."""

    cell: str
    units: int
    batch: int
    timesteps: int


def _name(case: Case) -> str:
    short = {"SimpleRNN": "rnn"}.get(case.cell, case.cell.lower())
    return f"{short}-{case.units}-b{case.batch}-t{case.timesteps}"


EVERY = (Case(*each) for each in product(USUAL, (32, 128, 256), (1, 8, 64), (20, 200)))
CASES = {_name(case): case for case in EVERY}


def case_named(name: str) -> Case:
    """Give a case by its name.

    Raises:
        SettingsError: there is none of that name.
    """
    if name not in CASES:
        raise SettingsError(
            f"a case is written as CELL-UNITS-bBATCH-tTIMESTEPS, such as lstm-128-b1-t200, but it "
            f"is {name!r}.{near(name, CASES)}"
        )
    return CASES[name]


def example(case: Case) -> dict[str, Any]:
    """Draw numbers and weights."""
    rng = np.random.default_rng(0)
    cell, units = USUAL[case.cell], case.units
    columns = cell.gates * units
    drawn = {
        "x": rng.normal(size=(case.batch, case.timesteps, FEATURES)),
        "kernel": FEATURES**-0.5 * rng.normal(size=(FEATURES, columns)),
        "recurrent_kernel": 0.8 * units**-0.5 * rng.normal(size=(units, columns)),
        "bias": 0.1 * rng.normal(size=bias_shape(cell, columns)),
    }
    return {name: array.astype(np.float32) for name, array in drawn.items()}


def measure(
    name: str,
    peers: Sequence[str],
    peer_python: str,
    *,
    runs: int = 9,
    pause: float = PAUSE,
    listeners: Sequence[Listener] = (),
) -> dict[str, Any]:
    """Time one case.

    Args:
        name: of the case.
        peers: of `PEERS`, who run beside us.
        peer_python: the Python that has them.
        runs: turns that count.
        pause: seconds between two rivals' turns.
        listeners: are told what begins.

    Returns:
        Milliseconds of each turn by rival, the best peer, and the ratio to it: its median and range
        over the turns.

    Raises:
        RecurraError: a rival ends, or its answers differ.
    """
    case, watch = case_named(name), Listeners(listeners)
    watch.stage(f"{name}: {runs} turns")
    with rivals(["recurra", *peers], peer_python, WORKER, case.cell, example(case)) as started:
        agree(started)
        times: dict[str, list[float]] = {rival.name: [] for rival in started}
        for turn in range(-WARM, runs):
            for rival in started:
                time.sleep(pause)
                taken = rival.ask("infer")["wall"]
                if turn >= 0:
                    times[rival.name].append(taken)
    best = min(peers, key=lambda peer: median(times[peer]))
    ratios = [theirs / ours for theirs, ours in zip(times[best], times["recurra"], strict=True)]
    ratio = {"median": median(ratios), "low": min(ratios), "high": max(ratios)}
    found = {"case": name, **case._asdict(), "milliseconds": times}
    return {**found, "best_peer": best, "ratio": ratio}


def overall(results: Sequence[dict[str, Any]]) -> float:
    """Give the geometric mean of the ratios."""
    return geometric_mean(result["ratio"]["median"] for result in results)
