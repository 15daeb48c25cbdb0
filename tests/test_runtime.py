"""The runtime answers what Keras answers, for every network, and imports none of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra.arrays import Array
from recurra.cells import CELLS, Weights, bias_shape
from recurra.estimators.riser import RISERS, rise_network
from recurra.kernels import reference
from recurra.models import ARCHITECTURES, Head, number_network, token_network
from recurra.names import SEQUENCES, SHAPES
from recurra.operations import native
from recurra.operations.native import RecurrentLayer
from recurra.operations.network import Network
from recurra.plans import plan_of
from recurra.sequences import Ragged
from recurra.text.encoder import ids_per_token
from recurra.training import predict

TOKENS, PIECES = 300, 200


def texts(pieces: str | None, rng: np.random.Generator, rows: int) -> Ragged:
    """Rows of ids as an encoder gives them: the token, then its pieces, then nothing."""
    table = np.zeros((80, ids_per_token(pieces)), np.int32)
    table[1:, 0] = rng.integers(1, TOKENS, 79)
    for row in table[1:]:
        some = rng.integers(0, len(row))
        row[1 : 1 + some] = rng.integers(TOKENS, TOKENS + PIECES, some)
    return ragged(table, rng, rows)


def numbers(features: int, rng: np.random.Generator, rows: int) -> Ragged:
    """Rows of numbers as an encoder gives them: the last column says that the step is there."""
    table = np.ones((200, features + 1), np.float32)
    table[:, :-1] = rng.normal(size=(200, features))
    table[0] = 0
    return ragged(table, rng, rows)


def ragged(table: Array, rng: np.random.Generator, rows: int) -> Ragged:
    """Rows of many lengths, of which some are empty, of one step, or just fill their padding."""
    lengths = rng.integers(0, 40, rows)
    lengths[: min(rows, 5)] = [0, 1, 16, 17, 32][:rows]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Ragged(rng.integers(1, len(table), offsets[-1]).astype(np.int32), offsets, table)


KINDS: dict[str, tuple[Any, Callable[..., Any], Callable[..., Ragged]]] = {
    "texts": (
        ARCHITECTURES,
        lambda name: ARCHITECTURES[name].build(TOKENS, PIECES if ARCHITECTURES[name].pieces else 0),
        lambda name, rng, rows: texts(ARCHITECTURES[name].pieces, rng, rows),
    ),
    "texts of four classes": (
        ["gru", "subword-bi-gru", "conv1d"],
        lambda name: ARCHITECTURES[name].build(TOKENS, PIECES, Head(4, "softmax")),
        lambda name, rng, rows: texts(ARCHITECTURES[name].pieces, rng, rows),
    ),
    "tagging": (
        SHAPES,
        lambda name: token_network(name, TOKENS, PIECES, Head(7, "softmax", each_step=True)),
        lambda name, rng, rows: texts("spelling", rng, rows),
    ),
    "sequences": (
        SEQUENCES,
        lambda name: number_network(name, 3, Head(5, "softmax")),
        lambda name, rng, rows: numbers(3, rng, rows),
    ),
    "states": (
        SEQUENCES,
        lambda name: number_network(name, 3, Head(5, "softmax", each_step=True)),
        lambda name, rng, rows: numbers(3, rng, rows),
    ),
    "quantities": (
        ["gru", "bi-lstm", "gru-fcn"],
        lambda name: number_network(name, 2, Head(4, None)),
        lambda name, rng, rows: numbers(2, rng, rows),
    ),
    "stock-rise": (
        RISERS,
        lambda name: rise_network(name, 4, 6),
        lambda name, rng, rows: numbers(5, rng, rows),
    ),
}
EVERY = [(kind, name) for kind, (names, *_) in KINDS.items() for name in names]


def network_of(kind: str, name: str, seed: int = 0) -> tuple[Any, Network]:
    """Give a Keras model of random weights, all of them away from zero, and the same in ours."""
    _, build, _ = KINDS[kind]
    model, rng = build(name), np.random.default_rng(seed)
    for variable in model.weights:
        low = 0.5 if variable.path.endswith("variance") else -0.5
        variable.assign(rng.uniform(low, low + 1, variable.shape))
    arrays = {v.path: np.asarray(v.value) for v in model.weights}
    return model, Network(plan_of(model), arrays)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_network_answers_as_in_keras(kind: str, name: str) -> None:
    model, network = network_of(kind, name)
    rows = KINDS[kind][2](name, np.random.default_rng(1), 60)
    wanted, found = predict(model, rows), network(rows)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_row_gets_the_same_bits_whatever_stands_beside_it(kind: str, name: str) -> None:
    _, network = network_of(kind, name)
    rows = KINDS[kind][2](name, np.random.default_rng(2), 41)
    together = network(rows)
    cuts = rows.offsets if len(together) > len(rows) else np.arange(len(rows) + 1)
    order = np.random.default_rng(3).permutation(len(rows))
    other = network(rows.take(order))
    ends = np.cumsum([cuts[i + 1] - cuts[i] for i in order])
    for place, i in enumerate(order):
        mine = together[cuts[i] : cuts[i + 1]]
        alone = network(rows.take(np.array([i])))
        assert mine.tobytes() == alone.tobytes()
        assert mine.tobytes() == other[ends[place] - len(mine) : ends[place]].tobytes()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("built", [True, False])
@given(data=st.data())
def test_a_layer_reads_as_the_textbook_says(cell: str, built: bool, data: st.DataObject) -> None:
    sizes = st.integers(1, 40)
    units, features = data.draw(sizes, "units"), data.draw(sizes, "features")
    rows, timesteps = data.draw(st.integers(0, 7), "rows"), data.draw(st.integers(0, 9), "steps")
    rng = np.random.default_rng(data.draw(st.integers(0, 99), "seed"))
    columns = CELLS[cell].gates * units
    weights = Weights(
        *(
            rng.normal(size=size).astype(np.float32) / 4
            for size in ((features, columns), (units, columns), bias_shape(CELLS[cell], columns))
        )
    )
    x = rng.normal(size=(rows, timesteps, features)).astype(np.float32)
    state = tuple(
        rng.normal(size=(rows, units)).astype(np.float32) for _ in range(CELLS[cell].states)
    )
    there = rng.random((rows, timesteps)) < 0.7 if data.draw(st.booleans(), "masked") else None
    backwards = data.draw(st.booleans(), "backwards")
    layer = RecurrentLayer(cell, weights, threads=data.draw(st.integers(1, 3), "threads"))
    if not built:
        layer._packed = None
    outputs, last = layer.read(x, state, there, backwards=backwards)
    none, last_alone = layer.read(x, state, there, backwards=backwards, every_step=False)
    double = [
        reference.run(
            CELLS[cell],
            x[row : row + 1].astype(float),
            tuple(part[row : row + 1].astype(float) for part in state),
            Weights(*(each.astype(float) for each in weights)),
            mask=None if there is None else there[row : row + 1],
            go_backwards=backwards,
        )
        for row in range(rows if timesteps else 0)
    ]
    assert none is None
    for one, other in zip(last, last_alone, strict=True):
        np.testing.assert_array_equal(one, other)
    assert outputs is not None
    assert outputs.shape == (rows, timesteps, units)
    for row, (wanted, ended) in enumerate(double):
        np.testing.assert_allclose(outputs[row], wanted[0], atol=2e-5)
        for part, end in zip(last, ended, strict=True):
            np.testing.assert_allclose(part[row], end[0], atol=2e-5)
    if not timesteps:
        for part, began in zip(last, state, strict=True):
            np.testing.assert_array_equal(part, began)


@pytest.mark.skipif(native.library() is None, reason="no native library was built here")
def test_the_native_library_is_what_reads() -> None:
    weights = Weights(np.ones((2, 4), np.float32), np.ones((1, 4), np.float32), np.ones(4))
    assert RecurrentLayer("lstm", weights).native


@pytest.mark.parametrize(
    ("x", "state", "there"),
    [
        ((2, 3, 5), [(2, 3)], None),
        ((2, 3), [(2, 3)], None),
        ((2, 3, 4), [(1, 3)], None),
        ((2, 3, 4), [(2, 4)], None),
        ((2, 3, 4), [(2, 3), (2, 3)], None),
        ((2, 3, 4), [(2, 3)], (2, 4)),
        ((2, 3, 4), [(2, 3)], (3,)),
    ],
)
def test_shapes_that_do_not_fit_are_refused_before_memory_is_read(
    x: tuple[int, ...], state: list[tuple[int, ...]], there: tuple[int, ...] | None
) -> None:
    weights = Weights(np.ones((4, 9)), np.ones((3, 9)), np.ones((2, 9)))
    layer = RecurrentLayer("gru", weights)
    mask = None if there is None else np.ones(there, bool)
    with pytest.raises(ValueError, match="must have the shapes"):
        layer.read(np.zeros(x), tuple(map(np.zeros, state)), mask)
    with pytest.raises(ValueError, match="weights of gru must"):
        RecurrentLayer("gru", weights._replace(bias=np.ones((1, 9))))
