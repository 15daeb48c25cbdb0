"""Time an epoch of real messages: padded to the longest, as is usual, against length buckets.

    python benchmarks/ragged.py [--peer-python PYTHON] [--epochs 8] [--seeds 5] [CELL]

The texts are the spam catalogue's; the model is Embedding(4013, 32) → cell of 32 units → Dense(1),
batch 64, Adam. Keras and PyTorch read the messages padded in front to 189 timesteps; Recurra reads
the same messages as its estimators do. The rivals take turns, a training each. An epoch ends with
the validation loss; the first, which compiles, is not counted.

The rivals' padding is not masked, so each message begins in the state that some 170 steps of it
leave. Recurra's networks of texts begin at rest (`recurra.resting`), which is much the same.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

CELLS = ("LSTM", "GRU", "SimpleRNN")
UNITS, BATCH = 32, 64
TIMESTEPS = 189  # the longest message in words, known or not


def prepare(file):
    """Write the encoded messages and how they are split."""
    from recurra.data import label_texts, locate, read_table
    from recurra.problems.named import PROTOCOLS, lecture_encoder

    rows = PROTOCOLS["lecture"].prepare(label_texts(read_table(locate("spam", prefer=".csv"))))
    encoder = lecture_encoder(rows)
    ragged = encoder.encode(rows.texts)
    codes = ragged.table[ragged.codes, 0]
    order = np.random.default_rng(0).permutation(len(rows.texts))
    np.savez(
        file,
        codes=codes,
        offsets=ragged.offsets,
        labels=rows.numbers.astype(np.float32),
        train=order[len(order) // 5 :],
        validation=order[: len(order) // 5],
        vocabulary=len(encoder.vocabulary),
    )
    lengths = ragged.lengths
    print(
        f"{len(lengths):,} messages, {lengths.max()} timesteps at most, {lengths.mean():.1f} mean"
    )


def padded(given):
    """Give (messages, TIMESTEPS) integers, zeros in front."""
    tokens = np.zeros((len(given["labels"]), TIMESTEPS), np.int32)
    for row, (start, end) in enumerate(pairwise(given["offsets"])):
        tokens[row, TIMESTEPS - (end - start) :] = given["codes"][start:end]
    return tokens


def recurra(cell, given, epochs, seed):
    """Train as the estimators do; give seconds and validation loss of each epoch."""
    from recurra import models, resting
    from recurra.sequences import Ragged
    from recurra.training import Example, Plan, train

    size = int(given["vocabulary"])
    table = np.arange(size, dtype=np.int32)[:, None]
    sequences = Ragged(given["codes"].astype(np.int32), given["offsets"], table)
    example = Example(sequences, given["labels"], np.ones_like(given["labels"]))
    build = models.recurrent(lambda: getattr(resting, f"Resting{cell}")(UNITS, name="cell"))
    ends = [time.perf_counter()]
    seen = []

    def notify(member, step):
        if len(step.history.rows) > len(seen):
            seen.append(step.history.rows[-1]["validation_loss"])
            ends.append(time.perf_counter())

    plan = Plan(epochs=epochs, patience=epochs, batch_size=BATCH, seed=seed)
    sides = [(given["train"], given["validation"])]
    train(lambda: build(size, 0), example, sides, plan, notify=notify)
    return np.diff(ends).tolist(), seen


def keras_jax(cell, given, epochs, seed):
    """Train as Keras' own examples do."""
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    keras.utils.set_random_seed(seed)
    tokens, labels = padded(given), given["labels"][:, None]
    model = keras.Sequential(
        [
            keras.Input((tokens.shape[1],), dtype="int32"),
            keras.layers.Embedding(int(given["vocabulary"]), 32),
            getattr(keras.layers, cell)(UNITS),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    ends = [time.perf_counter()]
    train, validation = given["train"], given["validation"]
    record = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: ends.append(time.perf_counter())
    )
    history = model.fit(
        tokens[train],
        labels[train],
        batch_size=BATCH,
        epochs=epochs,
        validation_data=(tokens[validation], labels[validation]),
        validation_batch_size=BATCH,
        verbose=0,
        callbacks=[record],
    )
    return np.diff(ends).tolist(), history.history["val_loss"]


def torch(cell, given, epochs, seed):
    """Train as PyTorch's own examples do."""
    import torch
    from torch import nn

    torch.set_flush_denormal(True)  # as XLA and Recurra do: else it may take ten times as long
    torch.manual_seed(seed)
    tokens, labels = torch.tensor(padded(given)), torch.tensor(given["labels"])[:, None]
    embedding = nn.Embedding(int(given["vocabulary"]), 32)
    kind = {"SimpleRNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[cell]
    network, dense = kind(32, UNITS, batch_first=True), nn.Linear(UNITS, 1)
    parameters = [*embedding.parameters(), *network.parameters(), *dense.parameters()]
    optimizer, loss = torch.optim.Adam(parameters, 1e-3), nn.BCEWithLogitsLoss()
    train, validation = torch.tensor(given["train"]), torch.tensor(given["validation"])

    def loss_of(rows):
        return loss(dense(network(embedding(tokens[rows]))[0][:, -1]), labels[rows])

    seconds, losses = [], []
    for _ in range(epochs):
        began = time.perf_counter()
        for rows in train[torch.randperm(len(train))].split(BATCH):
            optimizer.zero_grad(set_to_none=True)
            loss_of(rows).backward()
            optimizer.step()
        with torch.inference_mode():
            parts = [(len(rows), loss_of(rows).item()) for rows in validation.split(BATCH)]
        losses.append(sum(n * part for n, part in parts) / len(validation))
        seconds.append(time.perf_counter() - began)
    return seconds, losses


RIVALS = {"recurra": recurra, "keras-jax": keras_jax, "torch": torch}


def ask(rival, python, cell, file, a, seed):
    """Train one rival in a process of its own."""
    command = [python, __file__, "--rival", rival, "--file", str(file), cell]
    command += ["--epochs", str(a.epochs), "--seeds", str(seed)]
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(  # noqa: S603 (our own script)
        command, env={**os.environ, **quiet}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Train every rival from every seed and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", nargs="*", default=CELLS, metavar="CELL", help=", ".join(CELLS))
    parser.add_argument("--peer-python", help="a Python that has the rivals [made in the cache]")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rival", help=argparse.SUPPRESS)
    parser.add_argument("--file", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.rival:
        given = dict(np.load(a.file))
        print(json.dumps(RIVALS[a.rival](a.cells[0], given, a.epochs, a.seeds)))
        return
    if a.peer_python is None:
        from recurra.bench.peers import peer_python

        a.peer_python = peer_python(["keras-jax", "torch"])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "messages.npz"
        prepare(file)
        for cell in a.cells:
            results = {rival: [] for rival in RIVALS}
            for seed in range(a.seeds):
                for rival, found in results.items():
                    python = sys.executable if rival == "recurra" else a.peer_python
                    found.append(ask(rival, python, cell, file, a, seed))
            report(cell, results, a.json)


def report(cell, results, as_json):
    """Print the seconds of an epoch and the lowest validation loss from each seed."""
    if as_json:
        print(json.dumps({"cell": cell, "results": results}), flush=True)
        return
    epoch = {rival: median(s for r in runs for s in r[0][1:]) for rival, runs in results.items()}
    best = min(seconds for rival, seconds in epoch.items() if rival != "recurra")
    for rival, runs in results.items():
        seconds = [s for r in runs for s in r[0][1:]]
        losses = ", ".join(f"{min(losses):.4f}" for _, losses in runs)
        print(
            f"{cell} {rival}: {epoch[rival]:.3f} s an epoch ({min(seconds):.3f} to "
            f"{max(seconds):.3f}), lowest validation loss {losses}"
        )
    print(f"{cell}: {best / epoch['recurra']:.1f} times the best rival's", flush=True)


if __name__ == "__main__":
    main()
