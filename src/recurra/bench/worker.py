"""One rival in its own process: builds a model from given weights, then times what it is asked to.

It reads one word a line, `predict`, `train` or `infer`, and answers with one line of JSON: the
answers of the network, or the milliseconds of one training step or one prediction. It imports
nothing of Recurra unless Recurra is the rival.
"""

import json
import math
import os
import resource
import sys
import time

import numpy as np

NAMES = ("embedding", "kernel", "recurrent_kernel", "bias", "dense", "dense_bias")
SHORTEST = 0.05  # seconds of a timed run: what is quicker is repeated


def keras_model(rival, cell, given, batch):
    """Embedding → cell → Dense in Keras, with our layer or the stock one."""
    os.environ["KERAS_BACKEND"] = "torch" if rival == "keras-torch" else "jax"
    import keras

    if rival == "recurra":
        import recurra.layers as layers
    else:
        layers = keras.layers
    units, tokens = given["recurrent_kernel"].shape[0], given["tokens"]
    model = keras.Sequential(
        [
            keras.Input((tokens.shape[1],), dtype="int32"),
            layers.Embedding(*given["embedding"].shape),
            getattr(layers, cell)(units),
            keras.layers.Dense(1),
        ]
    )
    model.set_weights([given[name] for name in NAMES])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.RMSprop(1e-4), loss)

    def train():
        model.fit(tokens, given["labels"], batch_size=batch, shuffle=False, verbose=0)

    predictor = on_torch if rival == "keras-torch" else on_jax
    return predictor(model, tokens[:batch]), train


def on_jax(model, tokens):
    """Give a prediction compiled for the weights as they are now: training moves on."""
    import jax

    forward = jax.jit(lambda variables, x: model.stateless_call(variables, fixed, x)[0])
    fixed = [jax.numpy.array(v.value) for v in model.non_trainable_variables]
    variables = [jax.numpy.array(v.value) for v in model.trainable_variables]
    return lambda: np.asarray(forward(variables, tokens))


def on_torch(model, tokens):
    """Give a prediction of a Keras model on PyTorch."""
    import torch

    torch.set_flush_denormal(True)

    def infer():
        with torch.inference_mode():
            return model(tokens).numpy()

    return infer


def torch_model(rival, cell, given, batch):
    """The same in PyTorch; its gates stand in another order and it has two biases."""
    import torch
    from torch import nn

    # As XLA and Recurra do. Otherwise gradients that fade over many steps become denormal numbers,
    # and on some processors a training step of PyTorch then takes ten times as long.
    torch.set_flush_denormal(True)
    units, features = given["recurrent_kernel"].shape[0], given["embedding"].shape[1]
    order = {"SimpleRNN": [0], "LSTM": [0, 1, 2, 3], "GRU": [1, 0, 2]}[cell]

    def gates(array):
        parts = np.split(array, len(order), axis=-1)
        return torch.tensor(np.concatenate([parts[i] for i in order], axis=-1).T.copy())

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding.from_pretrained(
                torch.tensor(given["embedding"]), freeze=False
            )
            kind = {"SimpleRNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[cell]
            self.cell = kind(features, units, batch_first=True)
            self.dense = nn.Linear(units, 1)

        def forward(self, tokens):
            return self.dense(self.cell(self.embedding(tokens))[0][:, -1])

    model = Model()
    bias = given["bias"] if cell == "GRU" else [given["bias"], np.zeros_like(given["bias"])]
    with torch.no_grad():
        model.cell.weight_ih_l0.copy_(gates(given["kernel"]))
        model.cell.weight_hh_l0.copy_(gates(given["recurrent_kernel"]))
        model.cell.bias_ih_l0.copy_(gates(bias[0]))
        model.cell.bias_hh_l0.copy_(gates(bias[1]))
        model.dense.weight.copy_(torch.tensor(given["dense"]).T)
        model.dense.bias.copy_(torch.tensor(given["dense_bias"]))
    tokens, labels = (torch.tensor(given[k]) for k in ("tokens", "labels"))
    optimizer, loss = torch.optim.RMSprop(model.parameters(), 1e-4), nn.BCEWithLogitsLoss()

    def infer():
        with torch.inference_mode():
            return model(tokens[:batch]).numpy()

    def train():
        for first in range(0, len(tokens), batch):
            optimizer.zero_grad(set_to_none=True)
            loss(model(tokens[first : first + batch]), labels[first : first + batch]).backward()
            optimizer.step()

    return infer, train


def sgemm(*unused):
    """Multiply two square matrices with NumPy's BLAS: what the machine can do at best."""
    a = np.ones((1024, 1024), np.float32)
    return lambda: a @ a, lambda: a @ a


def processor_time():
    """Give the processor seconds of all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(work, repeats, units):
    """Give the mean milliseconds of a unit of work; a first, untimed one wakes the threads."""
    work()
    wall, processor = time.perf_counter(), processor_time()
    for _ in range(repeats):
        work()
    wall, processor = time.perf_counter() - wall, processor_time() - processor
    share = 1e3 / (repeats * units)
    return {"wall": wall * share, "processor": processor * share}


def main():
    """Answer until there is nothing more to read."""
    rival, cell, file = sys.argv[1:4]
    given = dict(np.load(file))
    steps = int(given["steps"])
    build = {"torch": torch_model, "sgemm": sgemm}.get(rival, keras_model)
    infer, train = build(rival, cell, given, len(given["tokens"]) // steps)
    works = {"train": (train, 1 if rival == "sgemm" else steps), "infer": (infer, 1)}
    repeats = {}
    for line in sys.stdin:
        word = line.strip()
        if word == "predict":
            print(json.dumps(infer().tolist()), flush=True)
            continue
        work, units = works[word]
        if word not in repeats:
            seconds = timed(work, 1, units)["wall"] / 1e3 * units
            repeats[word] = min(100, math.ceil(SHORTEST / seconds))
        print(json.dumps(timed(work, repeats[word], units)), flush=True)


if __name__ == "__main__":
    main()
