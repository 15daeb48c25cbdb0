"""Time the recurrent layers beside Keras on JAX and PyTorch: equal weights, turn by turn.

    python benchmarks/kernels.py [--peer-python PYTHON] [--runs 15] [--threads 2] [CASE ...]

Each rival is a process of its own that holds the model Embedding(4013, 32) → cell → Dense(1). First
their answers must agree. Then each takes its turn, one run after the other, so that whatever else
the machine does falls on all alike. A training step is forward, backward and RMSprop.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

WORKER = Path(__file__).with_name("worker.py")
GATES = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}
CASES = {  # cell, units, timesteps, batch, steps of one timed training run
    "lstm-128": ("LSTM", 128, 200, 64, 3),
    "gru-128": ("GRU", 128, 200, 64, 3),
    "rnn-32": ("SimpleRNN", 32, 189, 64, 20),
    "lstm-256": ("LSTM", 256, 200, 64, 1),
    "lstm-128-b1": ("LSTM", 128, 200, 1, 10),
    "lstm-128-b8": ("LSTM", 128, 200, 8, 10),
    "lstm-128-b256": ("LSTM", 128, 200, 256, 1),
    "gru-128-b1": ("GRU", 128, 200, 1, 10),
    "gru-128-b8": ("GRU", 128, 200, 8, 10),
    "gru-128-b256": ("GRU", 128, 200, 256, 1),
    "rnn-32-b1": ("SimpleRNN", 32, 189, 1, 20),
    "rnn-32-b8": ("SimpleRNN", 32, 189, 8, 20),
    "rnn-32-b256": ("SimpleRNN", 32, 189, 256, 5),
    "lstm-1000-b1": ("LSTM", 1000, 20, 1, 1),
    "lstm-1-t1": ("LSTM", 1, 1, 64, 20),
    "lstm-7-t5000": ("LSTM", 7, 5000, 8, 1),
    "lstm-33": ("LSTM", 33, 100, 64, 5),
}


def example(cell, units, timesteps, batch, steps):
    """Draw tokens, labels and weights."""
    rng = np.random.default_rng(0)
    columns = GATES[cell] * units

    def normal(*shape, scale=1.0):
        return (scale * rng.normal(size=shape)).astype(np.float32)

    return {
        "steps": steps,
        "masked": False,
        "tokens": rng.integers(1, 4013, (batch * steps, timesteps)).astype(np.int32),
        "labels": rng.integers(0, 2, (batch * steps, 1)).astype(np.float32),
        "embedding": normal(4013, 32, scale=0.5),
        "kernel": normal(32, columns, scale=32**-0.5),
        "recurrent_kernel": normal(units, columns, scale=0.8 * units**-0.5),
        "bias": normal(*((2, columns) if cell == "GRU" else (columns,)), scale=0.1),
        "dense": normal(units, 1, scale=units**-0.5),
        "dense_bias": np.zeros(1, np.float32),
    }


class Rival:
    """A process that answers."""

    def __init__(self, name, python, cell, file, threads):
        command = [python, str(WORKER), name, cell, str(file)]
        if threads:
            command = ["taskset", "-c", ",".join(map(str, range(threads))), *command]
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
        self.process = subprocess.Popen(  # noqa: S603 (our own script)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **quiet, **({"OMP_NUM_THREADS": str(threads)} if threads else {})},
        )

    def ask(self, word):
        """Send a word, give the answer."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def measure(name, arguments):
    """Time one case; give {work: {rival: {clock: milliseconds of each run}}}."""
    cell, units, timesteps, batch, steps = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "example.npz"
        np.savez(file, **example(cell, units, timesteps, batch, steps))
        pythons = {
            "recurra": sys.executable,
            "keras-jax": arguments.peer_python,
            "torch": arguments.peer_python,
            "sgemm": arguments.peer_python,
        }
        rivals = {k: Rival(k, v, cell, file, arguments.threads) for k, v in pythons.items()}
        answers = {k: np.array(r.ask("predict")) for k, r in rivals.items() if k != "sgemm"}
        for rival, answer in answers.items():
            apart = np.abs(answer - answers["keras-jax"]).max()
            assert apart < 1e-4, f"{rival} and Keras must agree, but they are {apart} apart"
        times = {}
        for work in arguments.work.split(","):
            times[work] = {rival: {"wall": [], "processor": []} for rival in rivals}
            for run in range(-2, arguments.runs):
                for rival, process in rivals.items():
                    answer = process.ask(work)
                    if run >= 0:
                        for clock, value in answer.items():
                            times[work][rival][clock].append(value)
        for rival in rivals.values():
            rival.process.stdin.close()
            rival.process.wait()
    return times


def main():
    """Measure the cases and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--threads", type=int, default=0, help="processors a rival may use")
    parser.add_argument("--work", default="train,infer")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    for name in arguments.cases or CASES:
        times = measure(name, arguments)
        if arguments.json:
            print(json.dumps({"case": name, "milliseconds": times}), flush=True)
            continue
        for work, rivals in times.items():
            for clock in ("wall", "processor"):
                best = min(
                    median(t[clock]) for r, t in rivals.items() if r in ("keras-jax", "torch")
                )
                cells = [
                    f"{rival} {median(t[clock]):.2f} ({min(t[clock]):.2f} to {max(t[clock]):.2f})"
                    for rival, t in rivals.items()
                ]
                ratio = best / median(rivals["recurra"][clock])
                print(
                    f"{name} {work} {clock} ms: {', '.join(cells)}; {ratio:.2f} times", flush=True
                )


if __name__ == "__main__":
    main()
