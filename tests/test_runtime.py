"""The runtime answers what Keras answers, for every network, and imports none of it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recurra import (
    SequenceClassifier,
    SequenceForecaster,
    SequenceGenerator,
    SequenceRegressor,
    SequenceTagger,
    SequenceTranslator,
    runtime,
)
from recurra.answers.starts import steps_of
from recurra.arrays import Array
from recurra.bundle import read_bundle, write_bundle
from recurra.cells import CELLS, Weights, bias_shape
from recurra.errors import BundleError, RecurraError, SettingsError
from recurra.estimators.riser import RISERS, rise_network
from recurra.kernels import reference
from recurra.models import ARCHITECTURES, Head, number_network, token_network
from recurra.names import CELLS as CELL_NAMES
from recurra.names import QUANTITIES, ROCKETS, SEQUENCES, SHAPES, STARTING, WRITERS
from recurra.operations import native
from recurra.operations.native import RecurrentLayer
from recurra.operations.network import Network, Plan
from recurra.plans import plan_of
from recurra.runtime.writing import SavedGenerator, SavedTranslator
from recurra.sequences import Ragged
from recurra.text.encoder import ids_per_token
from recurra.training import predict

TOKENS, PIECES = 300, 200
TEXTS = [f"{who} {what} today" for who in ("ann", "bob", "cho", "dae") for what in "uvwxyz"]
NUMBERS = np.random.default_rng(5).normal(size=(24, 6, 2))
SERIES = np.sin(np.arange(80) / 3)


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
        ["gru", "subword-bi-gru", "conv1d", "ngram-bi-gru"],
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
        QUANTITIES,
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
        drawn = rng.uniform(low, low + 1, variable.shape)
        if variable.path.endswith("recurrent_kernel"):
            # larger ones make a chaotic network, which magnifies the last bit of a sum at each step
            drawn *= 2 / np.sqrt(len(drawn))
        variable.assign(drawn)
    arrays = {v.path: np.asarray(v.value) for v in model.weights}
    return model, Network(plan_of(model), arrays)


def given_to(network: Network, rows: Ragged, rng: np.random.Generator) -> tuple[Ragged, ...]:
    """All that a network is given of rows: them, and where each begins if it asks for that."""
    start = network.plan.start
    if start is None:
        return (rows,)
    return rows, steps_of(rng.normal(0, 2, size=(len(rows), start.numbers)))


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_every_network_answers_as_in_keras(kind: str, name: str) -> None:
    model, network = network_of(kind, name)
    rng = np.random.default_rng(1)
    given = given_to(network, KINDS[kind][2](name, rng, 1000), rng)
    assert len(given) == len(model.inputs) == 1 + (name in (*STARTING, *ROCKETS))
    wanted, found = predict(model, given), network(*given)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_a_row_gets_the_same_bits_whatever_stands_beside_it(kind: str, name: str) -> None:
    _, network = network_of(kind, name)
    rng = np.random.default_rng(2)
    rows = KINDS[kind][2](name, rng, 41)
    given = given_to(network, rows, rng)
    together = network(*given)
    cuts = rows.offsets if len(together) > len(rows) else np.arange(len(rows) + 1)
    order = np.random.default_rng(3).permutation(len(rows))
    other = network(*(part.take(order) for part in given))
    ends = np.cumsum([cuts[i + 1] - cuts[i] for i in order])
    for place, i in enumerate(order):
        mine = together[cuts[i] : cuts[i + 1]]
        alone = network(*(part.take(np.array([i])) for part in given))
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


@pytest.mark.parametrize("cell", CELLS)
def test_few_rows_whose_steps_threads_share_are_the_bits_that_one_thread_finds(cell: str) -> None:
    rng = np.random.default_rng(4)
    units, columns = 100, 100 * CELLS[cell].gates
    shapes = ((32, columns), (units, columns), bias_shape(CELLS[cell], columns))
    weights = Weights(*(rng.normal(0, 0.1, size).astype(np.float32) for size in shapes))
    x = rng.normal(size=(3, 90, 32)).astype(np.float32)
    for there in (None, rng.random((3, 90)) < 0.7, rng.random((3, 90)) < [[0], [1], [0.4]]):
        alone = RecurrentLayer(cell, weights, threads=1)
        outputs, last = alone.read(x, alone.start(3), there)
        for threads in (2, 3, 5):
            layer = RecurrentLayer(cell, weights, threads=threads)
            for rows in (slice(3), slice(1), slice(1, 3)):
                part = None if there is None else there[rows]
                found, end = layer.read(x[rows], layer.start(len(x[rows])), part)
                assert found.tobytes() == outputs[rows].tobytes()
                for one, other in zip(end, last, strict=True):
                    assert one.tobytes() == other[rows].tobytes()


@pytest.mark.parametrize("model", WRITERS)
@pytest.mark.parametrize("classes", [None, ["a", "b"] * 15])
def test_a_saved_generator_writes_and_weighs_lines_as_its_estimator(
    model: str, classes: list[str] | None, tmp_path: Path
) -> None:
    lines = ["aba", "abba", "가나 다"] * 10
    fitted = SequenceGenerator(model, units=6, epochs=1).fit(lines, classes)
    fitted.save(tmp_path / "model")
    read = runtime.load(tmp_path / "model")
    assert isinstance(read, SavedGenerator)
    label = None if classes is None else "b"
    how = {"label": label, "seed": "a", "random_state": 3}
    assert read.generate(5, **how) == fitted.generate(5, **how)
    asked = ["abab", "", "가나 라마" * 9]
    of = None if classes is None else [label] * 3
    np.testing.assert_allclose(
        read.log_probabilities(asked, of), fitted.log_probabilities(asked, of), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("model", CELL_NAMES)
@pytest.mark.parametrize("attention", [True, False])
def test_a_saved_translator_writes_what_its_estimator_writes(
    model: str, attention: bool, tmp_path: Path
) -> None:
    pairs = ["one", "two", "one two", "two one"] * 5, ["일", "이", "일 이", "이 일"] * 5
    fitted = SequenceTranslator(model, units=6, epochs=1, attention=attention).fit(*pairs)
    fitted.save(tmp_path / "model")
    read = runtime.load(tmp_path / "model")
    assert isinstance(read, SavedTranslator)
    for text in ("one one two", "", "three"):
        assert read.search(text, 3) == fitted.search(text, 3)


@pytest.mark.parametrize(
    ("estimator", "X", "y"),
    [
        (SequenceClassifier("gru", epochs=1), TEXTS, ["spam", "ham"] * 12),
        (SequenceClassifier("subword-bi-gru", epochs=1), TEXTS, list("abc") * 8),
        (SequenceClassifier("gru-fcn", epochs=1, members=2), NUMBERS, [1, 2, 7] * 8),
        (SequenceRegressor("lstm", epochs=1), NUMBERS, np.arange(48.0).reshape(24, 2)),
        (SequenceRegressor("gru", epochs=1), TEXTS, np.arange(24.0)),
        (SequenceTagger("bi-lstm", epochs=1), [t.split() for t in TEXTS], [["X", "Y", "X"]] * 24),
        (SequenceTagger("gru", epochs=1), NUMBERS, [[True, False] * 3] * 24),
        (SequenceForecaster("gru", horizon=3, window=8, season=2, epochs=1), SERIES, None),
    ],
)
def test_a_saved_model_tells_what_its_estimator_tells(
    estimator: Any, X: Any, y: Any, tmp_path: Path
) -> None:
    fitted = estimator.fit(X, y)
    fitted.save(tmp_path / "model")
    read = runtime.load(tmp_path / "model")
    asked = [SERIES[:20], SERIES[5:40]] if y is None else [*X[:9], X[0][:2]]
    for name in ("predict_proba", "predict", "predict_interval"):
        if not hasattr(fitted, name):
            continue
        for one, other in zip(
            getattr(read, name)(asked), getattr(fitted, name)(asked), strict=True
        ):
            if np.asarray(other).dtype.kind == "f":
                np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)
            else:
                np.testing.assert_array_equal(one, other)


def test_a_model_saved_before_there_were_lists_of_operations_opens(tmp_path: Path) -> None:
    fitted = SequenceClassifier("lstm", epochs=1).fit(TEXTS, ["spam", "ham"] * 12)
    fitted.save(tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    write_bundle(tmp_path / "earlier", replace(bundle, network=None))
    assert not (tmp_path / "earlier" / "network.json").exists()
    one, other = (runtime.load(tmp_path / name) for name in ("model", "earlier"))
    assert one.predict_proba(TEXTS).tobytes() == other.predict_proba(TEXTS).tobytes()


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        ((0, "rows"), 7),
        ((0, "columns"), 2),
        ((1, "of"), ["nothing"]),
        ((1, "units"), 33),
        ((1, "every_step"), True),
        ((2, "activation"), "softmax"),
        ((2, "of"), ["embedding"]),
        ((2, "units"), 2),
        ((2, "operation"), "call"),
        ((1, "weights"), {}),
    ],
)
def test_a_list_that_does_not_fit_the_model_is_refused_by_both_readers(
    place: tuple[int, str], wrong: Any, tmp_path: Path
) -> None:
    fitted = SequenceClassifier("gru", epochs=1).fit(TEXTS, ["spam", "ham"] * 12)
    fitted.save(tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    assert bundle.network is not None
    bundle.network["operations"][place[0]][place[1]] = wrong
    write_bundle(tmp_path / "model", bundle)
    with pytest.raises(BundleError, match="a saved model must hold"):
        runtime.load(tmp_path / "model")
    with pytest.raises(BundleError, match="a saved model must hold"):
        SequenceClassifier.load(tmp_path / "model")


def test_a_text_in_pieces_is_not_cut(tmp_path: Path) -> None:
    made = SequenceClassifier("gru", epochs=1, max_length=4)
    made.fit(TEXTS, ["spam", "ham"] * 12).save(tmp_path / "model")
    stream = runtime.load(tmp_path / "model").stream()
    assert len(stream.push("ann u today " * 30)) == 90
    assert len(stream.push("")) == 0


FORKS = """
import multiprocessing, threading
import numpy as np
from recurra.cells import Weights
from recurra.operations.native import RecurrentLayer

weights = Weights(np.ones((4, 384)) / 9, np.ones((128, 384)) / 999, np.ones((2, 384)))
layer = RecurrentLayer("gru", weights, threads=3)


def read(rows):
    x = np.ones((rows, 20, 4))
    return float(layer.read(x, layer.start(rows), every_step=False)[1][0].sum())


def busy():
    while not stop.is_set():
        read(16)


wanted, stop = read(16), threading.Event()
thread = threading.Thread(target=busy)
thread.start()
for _ in range(5):
    with multiprocessing.get_context("fork").Pool(3) as pool:
        assert set(pool.map(read, [16] * 6)) == {wanted}
stop.set()
thread.join()
"""


def test_a_forked_process_reads_though_its_parents_threads_are_gone() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS], check=True, timeout=120)


def test_a_list_that_takes_more_memory_than_any_network_is_refused() -> None:
    joined = [{"operation": "numbers", "name": "x0", "columns": 3}]
    joined += [
        {"operation": "concatenate", "name": f"x{n}", "of": [f"x{n - 1}"] * 2} for n in range(1, 30)
    ]
    with pytest.raises(ValueError, match="too many"):
        Plan.model_validate({"operations": joined}).shape()


def test_an_array_is_of_one_operation_and_a_window_leaves_steps() -> None:
    dense = {"operation": "dense", "features": 2, "units": 2, "activation": "linear"}
    dense["weights"] = {"kernel": "k", "bias": "b"}
    first = {"operation": "numbers", "name": "x", "columns": 3}
    twice = [first, {**dense, "name": "a", "of": ["x"]}, {**dense, "name": "b", "of": ["a"]}]
    with pytest.raises(ValueError, match="an array is of one operation"):
        Plan.model_validate({"operations": twice}).needed()
    window = {"operation": "convolution", "features": 2, "filters": 2, "activation": "linear"}
    window |= {"name": "w", "of": ["x"], "masked": False, "bias": False, "padding": "valid"}
    for size, said in ((17, "leaves no step"), (3, "as many steps")):
        joined = {"operation": "concatenate", "name": "both", "of": ["x", "w"]}
        with pytest.raises(ValueError, match=said):
            Plan.model_validate({"operations": [first, {**window, "size": size}, joined]}).shape()


def test_weights_that_no_training_gives_answer_in_words_and_not_with_nan() -> None:
    operations: list[Any] = [{"operation": "numbers", "name": "x0", "columns": 2}]
    for n in range(1, 9):
        weights = {"kernel": f"k{n}", "bias": f"b{n}"}
        made = {"operation": "dense", "name": f"x{n}", "of": [f"x{n - 1}"], "weights": weights}
        operations.append({**made, "features": 1, "units": 1, "activation": "linear"})
    pooled = {"operation": "pooling", "name": "last", "of": ["x8"], "kind": "last"}
    plan = Plan.model_validate({"operations": [*operations, pooled]})
    arrays = {name: np.full(n.shape, 1e6, np.float32) for name, n in plan.needed().items()}
    with pytest.raises(RecurraError, match="must answer finite numbers"):
        Network(plan, arrays)(numbers(1, np.random.default_rng(0), 5))


def test_a_sequence_in_pieces_is_told_as_a_whole_one(tmp_path: Path) -> None:
    SequenceRegressor("lstm", epochs=1).fit(NUMBERS, np.arange(24.0)).save(tmp_path / "model")
    read = runtime.load(tmp_path / "model")
    stream, whole = read.stream(), NUMBERS[3]
    pieces = [whole[:1], whole[1:4], whole[4:]]
    found = np.concatenate([stream.push(piece) for piece in pieces])
    wanted = [read.predict([whole[: step + 1]])[0] for step in range(len(whole))]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)
    kept = stream.states
    again = stream.push(whole)
    stream.states = kept
    np.testing.assert_array_equal(stream.push(whole), again)
    SequenceRegressor("bi-gru", epochs=1).fit(NUMBERS, np.arange(24.0)).save(tmp_path / "both")
    with pytest.raises(SettingsError, match="read in pieces"):
        runtime.load(tmp_path / "both").stream()


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
