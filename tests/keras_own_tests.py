"""Run the tests that Keras ships for its layers on ours; a process of its own, since Keras changes.

::

    layers       recurra.layers and recurra.optimizers.Adam have the names of Keras' own
    accelerate   Keras' own layers, under recurra.accelerate()
    stock        Keras alone: what fails here is none of our doing

    python tests/keras_own_tests.py layers [lstm gru ...]

The tests are those inside the installed package. At the end it prints one line of JSON: how often
a layer or Adam was asked for its path, by path, and how many native calls have finished.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from recurra import accelerate, kernels, layers, optimizers
from recurra.backend import keras

FOLDER = Path(keras.__file__).parent / "src"
RECURRENT = (
    "simple_rnn",
    "lstm",
    "gru",
    "rnn",
    "bidirectional",
    "stacked_rnn_cells",
    "time_distributed",
    "dropout_rnn_cell",
)
FILES = {name: f"layers/rnn/{name}_test.py" for name in RECURRENT} | {
    "embedding": "layers/core/embedding_test.py",
    "reversible_embedding": "layers/core/reversible_embedding_test.py",
    "adam": "optimizers/adam_test.py",
}


def stand_in():
    """Give our layers and our Adam the names under which the tests find Keras' own."""
    from keras.src.optimizers import adam

    for stock, ours in layers.FAST.items():
        for place in (keras.layers, keras.src.layers):
            setattr(place, stock.__name__, ours)
    for place in (keras.optimizers, keras.src.optimizers, adam):
        place.Adam = optimizers.Adam


def count_paths():
    """Count the answers to the question which path is taken."""
    paths = Counter()

    def watched(plan, of):
        def asked(*given):
            choice = plan(*given)
            paths[f"{of}: {choice.path}"] += 1
            return choice

        return asked

    layers.plan = watched(layers.plan, "recurrent")
    layers.plan_embedding = watched(layers.plan_embedding, "embedding")
    optimizers.plan_float32 = watched(optimizers.plan_float32, "adam")
    return paths


def main(mode, names):
    """Run them; give pytest's exit code."""
    paths = count_paths()
    if mode == "layers":
        stand_in()
    elif mode == "accelerate":
        accelerate()
    files = [str(FOLDER / FILES[name]) for name in names or FILES]
    options = ["-q", "-c", os.devnull, "--rootdir", str(FOLDER), "-p", "no:cacheprovider"]
    # they are read where they stand: the folder of installed packages is on Python's way already
    code = pytest.main([*options, "--import-mode=importlib", "-W", "ignore", *files])
    print(json.dumps({**dict(sorted(paths.items())), **kernels.counts()}))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
