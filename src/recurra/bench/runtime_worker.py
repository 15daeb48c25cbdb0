"""One rival of inference in its own process: a recurrent layer of given weights, read on demand.

It reads one word a line, `predict` or `infer`, and answers with one line of JSON: the last states,
or the milliseconds of one call. It imports nothing of Recurra unless Recurra is the rival.
"""

import json
import math
import sys
import time

import numpy as np

SHORTEST = 0.05  # seconds of a timed run: what is quicker is repeated
THREADS = 2
OPERATORS = {"SimpleRNN": ("RNN", [0]), "LSTM": ("LSTM", [0, 3, 1, 2]), "GRU": ("GRU", [0, 1, 2])}


def recurra(cell, given):
    """Read with a layer whose weights were packed once."""
    from recurra.cells import USUAL, Weights
    from recurra.operations.native import RecurrentLayer

    weights = Weights(*(given[name] for name in ("kernel", "recurrent_kernel", "bias")))
    layer, x = RecurrentLayer(USUAL[cell].name, weights, threads=THREADS), given["x"]
    state = layer.start(len(x))
    return lambda: layer.read(x, state, every_step=False)[1][0]


def onnxruntime(cell, given):
    """Read with ONNX Runtime's fused operator."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    operator, order = OPERATORS[cell]
    units = len(given["recurrent_kernel"])

    def gates(array):
        return np.concatenate([array[..., i * units : (i + 1) * units] for i in order], axis=-1)

    bias = given["bias"] if cell == "GRU" else np.stack([given["bias"], 0 * given["bias"]])
    arrays = {
        "W": gates(given["kernel"]).T[None],
        "R": gates(given["recurrent_kernel"]).T[None],
        "B": gates(bias).reshape(1, -1),
    }
    kind = {"linear_before_reset": 1} if cell == "GRU" else {}
    node = helper.make_node(operator, ["X", *arrays], ["", "H"], hidden_size=units, **kind)
    x = np.ascontiguousarray(given["x"].transpose(1, 0, 2))
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("H", TensorProto.FLOAT, [1, x.shape[1], units])],
        [numpy_helper.from_array(np.ascontiguousarray(a), name) for name, a in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    return lambda: session.run(["H"], {"X": x})[0][0]


def torch(cell, given):
    """Read with PyTorch's layer."""
    import torch
    from torch import nn

    torch.set_num_threads(THREADS)
    torch.set_flush_denormal(True)
    units, order = len(given["recurrent_kernel"]), {"GRU": [1, 0, 2]}.get(cell)
    order = order or list(range(given["kernel"].shape[1] // units))

    def gates(array):
        parts = [array[..., i * units : (i + 1) * units] for i in order]
        return torch.tensor(np.concatenate(parts, axis=-1).T.copy())

    layer = {"SimpleRNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}[cell](
        given["kernel"].shape[0], units, batch_first=True
    )
    bias = given["bias"] if cell == "GRU" else [given["bias"], 0 * given["bias"]]
    with torch.no_grad():
        layer.weight_ih_l0.copy_(gates(given["kernel"]))
        layer.weight_hh_l0.copy_(gates(given["recurrent_kernel"]))
        layer.bias_ih_l0.copy_(gates(bias[0]))
        layer.bias_hh_l0.copy_(gates(bias[1]))
    x = torch.tensor(given["x"])

    def infer():
        with torch.inference_mode():
            return layer(x)[0][:, -1].numpy()

    return infer


def timed(work, repeats):
    """Give the mean milliseconds of a call; a first, untimed one wakes the threads."""
    work()
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - began) * 1e3 / repeats


def main():
    """Answer until there is nothing more to read."""
    rival, cell, file = sys.argv[1:4]
    infer = globals()[rival](cell, dict(np.load(file)))
    repeats = 0
    for line in sys.stdin:
        if line.strip() == "predict":
            print(json.dumps(infer().tolist()), flush=True)
            continue
        repeats = repeats or min(2000, math.ceil(SHORTEST * 1e3 / timed(infer, 1)))
        print(json.dumps({"wall": timed(infer, repeats)}), flush=True)


if __name__ == "__main__":
    main()
