"""Time the recurrent layers beside Keras and PyTorch: equal weights, turn by turn.

::

    for each case: a process for each rival, all with the same weights
        their answers must agree within 1e-4
        for each turn: every rival, one after the other, times a training step
        for each turn: every rival, one after the other, times a prediction
    ratio of a turn = the best rival's time / ours

The model is Embedding(4013, 32) → cell → Dense(1); a training step is forward, backward and RMSprop
as the library's users call it (`fit`, or PyTorch's usual loop). Between two turns there is a pause,
in which the threads of the last rival stop waiting for work on the processors of the next.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from recurra.arrays import Floats32
from recurra.cells import USUAL, bias_shape
from recurra.errors import RecurraError, SettingsError
from recurra.kernels import cpu
from recurra.listeners import Listener, Listeners
from recurra.operations.native import processors

__all__ = ["CASES", "Case", "agree", "case_named", "machine", "measure", "rivals"]

WORKER = Path(__file__).with_name("worker.py")
TOKENS, FEATURES = 4013, 32
PAUSE = 0.15  # seconds; OpenBLAS and OpenMP threads spin about half as long
WARM = 2  # turns that do not count
CLOSE = 1e-4


class Case(NamedTuple):
    """What is timed; `steps` is how many training steps one timed run takes."""

    cell: str
    units: int
    timesteps: int
    batch: int
    steps: int

    @property
    def flops(self) -> float:
        """Floating point operations of the cell's products, forward."""
        columns = USUAL[self.cell].gates * self.units
        return 2.0 * self.batch * self.timesteps * (self.units + FEATURES) * columns


CASES = {
    "lstm-128": Case("LSTM", 128, 200, 64, 3),
    "gru-128": Case("GRU", 128, 200, 64, 3),
    "rnn-32": Case("SimpleRNN", 32, 189, 64, 20),
    "lstm-256": Case("LSTM", 256, 200, 64, 1),
    "lstm-128-b1": Case("LSTM", 128, 200, 1, 10),
    "lstm-128-b8": Case("LSTM", 128, 200, 8, 10),
    "lstm-128-b256": Case("LSTM", 128, 200, 256, 1),
    "gru-128-b1": Case("GRU", 128, 200, 1, 10),
    "gru-128-b8": Case("GRU", 128, 200, 8, 10),
    "gru-128-b256": Case("GRU", 128, 200, 256, 1),
    "rnn-32-b1": Case("SimpleRNN", 32, 189, 1, 20),
    "rnn-32-b8": Case("SimpleRNN", 32, 189, 8, 20),
    "rnn-32-b256": Case("SimpleRNN", 32, 189, 256, 5),
    "lstm-1000-b1": Case("LSTM", 1000, 20, 1, 1),
    "lstm-1-t1": Case("LSTM", 1, 1, 64, 20),
    "lstm-7-t5000": Case("LSTM", 7, 5000, 8, 1),
    "lstm-33": Case("LSTM", 33, 100, 64, 5),
}
PRODUCTS = {"train": 3, "infer": 1}  # the way back has two for each of the way there


def case_named(name: str) -> Case:
    """Give a case by its name."""
    if name not in CASES:
        raise SettingsError(f"a case must be one of {', '.join(CASES)}, but got '{name}'.")
    return CASES[name]


def machine() -> dict[str, Any]:
    """Say what the figures were measured on and with."""
    return {
        "processor": _processor(),
        "processors": processors(),
        "level": cpu.level(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("recurra", "keras", "jax", "numpy")},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def example(case: Case) -> dict[str, Any]:
    """Draw tokens, labels and weights."""
    rng = np.random.default_rng(0)
    cell, units, rows = USUAL[case.cell], case.units, case.batch * case.steps
    columns = cell.gates * units

    def normal(*shape: int, scale: float = 1.0) -> Floats32:
        return (scale * rng.normal(size=shape)).astype(np.float32)

    return {
        "steps": np.array(case.steps),
        "tokens": rng.integers(1, TOKENS, (rows, case.timesteps)).astype(np.int32),
        "labels": rng.integers(0, 2, (rows, 1)).astype(np.float32),
        "embedding": normal(TOKENS, FEATURES, scale=0.5),
        "kernel": normal(FEATURES, columns, scale=FEATURES**-0.5),
        "recurrent_kernel": normal(units, columns, scale=0.8 * units**-0.5),
        "bias": normal(*bias_shape(cell, columns), scale=0.1),
        "dense": normal(units, 1, scale=units**-0.5),
        "dense_bias": np.zeros(1, np.float32),
    }


class Rival:
    """A process that answers.

    Args:
        name: of the rival.
        python: that has what it needs.
        worker: the script that it runs.
        cell: by the name of Keras' layer.
        file: of the arrays that all rivals are given.
    """

    def __init__(self, name: str, python: str, worker: Path, cell: str, file: Path) -> None:
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
        self.name = name
        self.process = subprocess.Popen(  # noqa: S603 (our own script)
            [python, "-P", str(worker), name, cell, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet},
        )

    def ask(self, word: str) -> Any:
        """Send a word, give the answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(word + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        if not (line := self.process.stdout.readline()):
            raise RecurraError(
                f"every rival must answer, but {self.name} ended (see above). Its Python must have "
                "what it needs: leave --peer-python out, and an environment is made for it."
            )
        return json.loads(line)


@contextmanager
def rivals(
    names: Sequence[str], peer_python: str, worker: Path, cell: str, arrays: dict[str, Any]
) -> Iterator[list[Rival]]:
    """Start rivals that are given the same arrays, and end them whatever happens."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.npz"
        np.savez(file, **arrays)
        started: list[Rival] = []
        try:
            for name in names:
                python = sys.executable if name == "recurra" else peer_python
                started.append(Rival(name, python, worker, cell, file))
            yield started
        finally:
            for rival in started:
                rival.process.kill()
                rival.process.communicate()


def measure(
    name: str,
    peers: Sequence[str],
    peer_python: str,
    *,
    runs: int = 15,
    pause: float = PAUSE,
    listeners: Sequence[Listener] = (),
) -> dict[str, Any]:
    """Time one case.

    Args:
        name: of the case.
        peers: who runs beside us.
        peer_python: the Python that has them.
        runs: turns that count.
        pause: seconds between two rivals' turns.
        listeners: are told what begins.

    Returns:
        For `train` and `infer`: milliseconds of each turn by rival and clock, the best peer, the
        ratio to it, median and range over the turns, and the speed of the cell's products, counted
        as if all else took no time, as a share of the fastest sgemm of the same turns.

    Raises:
        RecurraError: a rival ends, or its answers differ.
    """
    case, watch = case_named(name), Listeners(listeners)
    everyone = ["recurra", *peers, "sgemm"]
    with rivals(everyone, peer_python, WORKER, case.cell, example(case)) as started:
        watch.stage(f"{name}: do the rivals agree?")
        agree([r for r in started if r.name != "sgemm"])
        works = {}
        for work in PRODUCTS:
            times: dict[str, dict[str, list[float]]] = {
                r.name: {"wall": [], "processor": []} for r in started
            }
            watch.stage(f"{name}: {work}, {runs} turns")
            for turn in range(-WARM, runs):
                for rival in started:
                    time.sleep(pause)
                    answer = rival.ask(work)
                    if turn >= 0:
                        for clock, value in answer.items():
                            times[rival.name][clock].append(value)
            works[work] = _summary(times, peers, PRODUCTS[work] * case.flops)
    return {"case": name, **case._asdict(), "works": works}


def agree(started: list[Rival]) -> None:
    """Refuse rivals whose answers differ.

    Raises:
        RecurraError: they do.
    """
    ours, *others = ((rival.name, np.array(rival.ask("predict"))) for rival in started)
    for name, answer in others:
        apart = np.abs(answer - ours[1]).max()
        if not apart < CLOSE:
            raise RecurraError(
                f"the rivals must agree within {CLOSE}, but {name} is {apart:.2g} away from "
                "recurra. Their times would say nothing."
            )


def _summary(
    times: dict[str, dict[str, list[float]]], peers: Sequence[str], flops: float
) -> dict[str, Any]:
    wall = {name: clocks["wall"] for name, clocks in times.items()}
    best = min(peers, key=lambda name: median(wall[name]))
    ratios = [theirs / ours for theirs, ours in zip(wall[best], wall["recurra"], strict=True)]
    reached = flops / median(wall["recurra"])
    return {
        "milliseconds": times,
        "best_peer": best,
        "ratio": {"median": median(ratios), "low": min(ratios), "high": max(ratios)},
        "sgemm_share": reached / (2 * 1024.0**3 / min(wall["sgemm"])),
    }
