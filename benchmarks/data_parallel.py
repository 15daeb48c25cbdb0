"""What becomes of a step of training when its rows are shared by two devices.

Rows lie on one device or the other, variables on both, as `keras.distribution.DataParallel` has it
on JAX. The compiled step is read: what is gathered before which native call, and what is summed.

    python benchmarks/data_parallel.py
"""

import os
import re

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from recurra.models import architecture_named
from recurra.optimizers import Adam
from recurra.training.step import Visitor

ROWS, TIMESTEPS, WORDS = 256, 32, 2000


def compiled_step() -> str:
    """Give the step of a GRU as XLA compiled it for one of the two devices."""
    mesh = Mesh(np.array(jax.devices()), ("batch",))
    visitor = Visitor(architecture_named("gru").build(WORDS, 0), Adam(1e-3), "binary_crossentropy")
    rng = np.random.default_rng(0)
    arrays = (
        rng.integers(1, WORDS, (ROWS, TIMESTEPS)).astype(np.int32),
        rng.integers(0, 2, (ROWS, 1)).astype(np.float32),
        np.ones(ROWS, np.float32),
    )
    rows = [jax.device_put(each, NamedSharding(mesh, PartitionSpec("batch"))) for each in arrays]
    state = jax.device_put(
        [[each.value for each in group] for group in visitor._variables()],
        NamedSharding(mesh, PartitionSpec()),
    )
    sums = (np.float32(0), np.float32(0))
    step = visitor._step
    return str(step.lower(state, sums, *rows).compile().as_text())  # type: ignore[attr-defined]


def main() -> None:
    """Print the calls and what is sent."""
    for line in compiled_step().splitlines():
        call = re.search(r'= (\S+).*custom_call_target="(recurra_\w+)"', line)
        sent = re.search(r"= (.+?) (all-gather|all-reduce)\(", line)
        if call:
            print(f"native call {call[2]}: {call[1]}")
        elif sent:
            print(f"{sent[2]}: {sent[1]}")


if __name__ == "__main__":
    main()
