from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recurra.backend import keras
from recurra.errors import RunError
from recurra.listeners import Listener, Progress
from recurra.models import ARCHITECTURES
from recurra.sequences import Ragged
from recurra.training import (
    PREDICTION_ROWS,
    Example,
    History,
    Plan,
    assign_weights,
    bucket_of,
    mean_loss,
    predict,
    quantile_loss,
    run_epochs,
    seeded,
    train,
)


def sequences(rows: int, seed: int) -> tuple[Ragged, np.ndarray]:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 12, rows)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    codes = rng.integers(1, 30, offsets[-1]).astype(np.int32)
    target = [float((codes[a:b] < 5).any()) for a, b in pairwise(offsets)]
    ragged = Ragged(codes, offsets, np.arange(30, dtype=np.int32)[:, None])
    return ragged, np.array(target, np.float32)


def example(rows: int, seed: int) -> Example:
    ragged, target = sequences(rows, seed)
    return Example(ragged, target, np.ones(rows, np.float32))


def dropping() -> keras.Model:
    """A small network with dropout: its random state must be carried, too."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((None,), dtype="int32"),
            layers.Embedding(30, 4, mask_zero=True, name="embedding"),
            layers.SimpleRNN(4, name="rnn"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid", name="output"),
        ],
        name="network",
    )


ROWS = example(190, 0)
SIDES = [(np.arange(150), np.arange(150, 190)), (np.arange(40, 190), np.arange(40))]
VALIDATION = ROWS.take(SIDES[0][1])
PLAN = Plan(epochs=6, patience=6, batch_size=32, seed=3)


def assert_same(a: list[tuple[dict, History]], b: list[tuple[dict, History]]) -> None:
    for (weights, history), (others, curve) in zip(a, b, strict=True):
        assert history.rows == curve.rows
        for name in weights:
            np.testing.assert_array_equal(weights[name], others[name], err_msg=name)


@pytest.fixture(scope="module")
def whole() -> list[tuple[dict, History]]:
    return train(dropping, ROWS, SIDES, PLAN)


def test_the_same_seed_gives_the_same_weights_and_curves(
    whole: list[tuple[dict, History]],
) -> None:
    assert_same(whole, train(dropping, ROWS, SIDES, PLAN))


def test_members_differ(whole: list[tuple[dict, History]]) -> None:
    assert whole[0][1].rows != whole[1][1].rows


@pytest.mark.parametrize(("member", "epoch"), [(1, 1), (1, 4), (2, 1), (2, 6)])
def test_stopped_at_any_epoch_and_resumed_training_ends_in_the_same_weights(
    tmp_path: Path, whole: list[tuple[dict, History]], member: int, epoch: int
) -> None:
    class Stopped(Exception):  # noqa: N818
        pass

    class Stop(Listener):
        def progress(self, at: int, progress: Progress) -> None:
            if (at, progress.epoch) == (member, epoch) and progress.done > 0.5:
                raise Stopped

    with pytest.raises(Stopped):
        train(dropping, ROWS, SIDES, PLAN, checkpoints=tmp_path, listener=Stop())
    assert_same(whole, train(dropping, ROWS, SIDES, PLAN, checkpoints=tmp_path))


def test_a_finished_training_resumed_changes_nothing(
    tmp_path: Path, whole: list[tuple[dict, History]]
) -> None:
    train(dropping, ROWS, SIDES, PLAN, checkpoints=tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert_same(whole, train(dropping, ROWS, SIDES, PLAN, checkpoints=tmp_path))
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    plan = Plan(epochs=1)
    train(dropping, ROWS, SIDES[:1], plan, checkpoints=tmp_path, fingerprint="a")
    with pytest.raises(RunError, match="data and settings it was started with"):
        train(dropping, ROWS, SIDES[:1], plan, checkpoints=tmp_path, fingerprint="b")


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    (tmp_path / "member-1.safetensors").write_bytes(b"half")
    with pytest.raises(RunError, match="a checkpoint must be whole"):
        train(dropping, ROWS, SIDES, Plan(epochs=1), checkpoints=tmp_path)


def test_the_weights_kept_are_those_of_the_lowest_validation_loss() -> None:
    plan = Plan(epochs=12, patience=3, learning_rate=0.05)
    ((weights, history),) = train(dropping, ROWS, SIDES[:1], plan)
    losses = [row["validation_loss"] for row in history.rows]
    assert history.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) in (12, history.best_epoch + 3)
    model = dropping()
    for variable in model.weights:
        variable.assign(weights[variable.path])
    scores = predict(model, VALIDATION.inputs)
    again = mean_loss("binary_crossentropy", VALIDATION, scores)
    assert again == pytest.approx(min(losses), abs=1e-7)


def test_a_curve_is_read_aloud() -> None:
    rows = [{"epoch": e, "validation_loss": v} for e, v in enumerate([0.5, 0.3, 0.2, 0.4], 1)]
    assert History(rows).sentence() == "best epoch 3 of 4, validation loss rises after"
    assert History(rows[:3]).sentence().endswith("3 of 3, validation loss was still falling")


def test_a_row_of_weight_zero_teaches_nothing() -> None:
    weights = np.ones(190, np.float32)
    weights[75:150] = 0
    flipped = ROWS.targets.copy()
    flipped[75:150] = 1 - flipped[75:150]
    trained = [
        train(dropping, Example(ROWS.inputs, targets, weights), SIDES[:1], Plan(epochs=1))[0][0]
        for targets in (ROWS.targets, flipped)
    ]
    for name in trained[0]:
        np.testing.assert_array_equal(trained[0][name], trained[1][name])


@pytest.mark.parametrize("name", ["gru", "conv1d"])
def test_a_score_is_the_same_bits_whatever_stands_beside_it(name: str) -> None:
    with seeded(0):
        model = ARCHITECTURES[name].build(30, 0)
    ragged, _ = sequences(PREDICTION_ROWS + 20, 5)
    together = predict(model, ragged)
    for row in (0, 7, PREDICTION_ROWS + 3):
        alone = predict(model, ragged.take(np.array([row])))
        assert alone[0] == together[row]


def test_no_sequence_gives_no_score() -> None:
    ragged, _ = sequences(3, 5)
    assert predict(dropping(), ragged.take(np.zeros(0, np.int64))).shape == (0,)


def test_buckets_are_few_and_hold_their_rows() -> None:
    lengths = np.arange(0, 300)
    buckets = bucket_of(lengths)
    assert (buckets >= lengths).all()
    assert sorted(set(buckets)) == [16, 32, 64, 128, 256, 512]


def test_seeding_leaves_the_users_random_numbers_alone() -> None:
    import random

    random.seed(1)
    expected = random.random()
    random.seed(1)
    with seeded(99):
        random.random()
    assert random.random() == expected


def scripted(losses: list[float], plan: Plan) -> tuple[list[int], float, History]:
    """Run epochs that give these validation losses; give those run and the weight kept.

    The only weight is the number of the epoch that was last run.
    """
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    run: list[int] = []

    def epoch(number: int, tell: object) -> dict[str, float]:
        run.append(number)
        model.weights[0].assign([[number]])
        return {"loss": 0.0, "validation_loss": losses[number - 1]}

    weights, history = run_epochs(model, epoch, plan)
    (kept,) = weights.values()
    return run, float(kept[0, 0]), history


@pytest.mark.parametrize("patience", [1, 2, 3, 5])
def test_training_stops_after_exactly_patience_epochs_without_a_lower_validation_loss(
    patience: int,
) -> None:
    losses = [0.5, 0.4] + [0.4] * 20  # an equal loss is not a lower one
    run, kept, history = scripted(losses, Plan(epochs=20, patience=patience))
    assert run == list(range(1, 2 + patience + 1))
    assert (kept, history.best_epoch) == (2, 2)
    assert [row["epoch"] for row in history.rows] == run


def test_a_lower_loss_in_the_last_epoch_of_patience_lets_training_go_on() -> None:
    losses = [0.5, 0.6, 0.6, 0.49, 0.6, 0.6, 0.6, 0.1]
    run, kept, _ = scripted(losses, Plan(epochs=20, patience=3))
    assert (run[-1], kept) == (7, 4)


def test_training_stops_at_the_last_epoch_of_the_plan_however_the_loss_falls() -> None:
    run, kept, _ = scripted([1 / e for e in range(1, 9)], Plan(epochs=4, patience=3))
    assert (run, kept) == ([1, 2, 3, 4], 4)


STEPS = Ragged(
    np.array([1, 2, 2], np.int32), np.array([0, 2, 3]), np.array([[0], [0], [1]], np.int32)
)
PROBABILITIES = np.array([[0.8, 0.2], [0.5, 0.5], [0.9, 0.1]])


@pytest.mark.parametrize(
    ("loss", "targets", "outputs", "losses", "weights"),
    [
        (
            "binary_crossentropy",
            np.array([1, 0], np.float32),
            np.array([0.8, 0.5]),
            -np.log([0.8, 0.5]),
            [1, 3],
        ),
        (
            "categorical_crossentropy",
            np.eye(2, dtype=np.float32),
            PROBABILITIES[:2],
            -np.log([0.8, 0.5]),
            [1, 3],
        ),
        (
            "mean_squared_error",
            np.array([1, 2], np.float32),
            np.array([3.0, 2.5]),
            [4, 0.25],
            [1, 3],
        ),
        # every timestep counts as much as its row: the first row has two
        (
            "sparse_categorical_crossentropy",
            STEPS,
            PROBABILITIES,
            -np.log([0.8, 0.5, 0.1]),
            [1, 1, 3],
        ),
        (
            quantile_loss([0.5]),
            np.array([[1], [2]], np.float32),
            np.array([3.0, 2.5]),
            [1, 0.25],
            [1, 3],
        ),
    ],
    ids=["binary", "classes", "quantities", "classes of timesteps", "a function"],
)
def test_weights_of_rows_count_in_the_validation_loss(
    loss: object, targets: object, outputs: np.ndarray, losses: list[float], weights: list[float]
) -> None:
    rows = Example(ROWS.inputs, targets, np.array([1, 3], np.float32))  # type: ignore[arg-type]
    expected = np.average(losses, weights=weights)
    assert mean_loss(loss, rows, outputs) == pytest.approx(expected, rel=1e-6)  # type: ignore[arg-type]


def test_of_three_classes_too_the_epoch_kept_is_that_of_the_lowest_weighted_loss() -> None:
    layers = keras.layers

    def build() -> keras.Model:
        return keras.Sequential(
            [
                layers.Input((None,), dtype="int32"),
                layers.Embedding(30, 4, mask_zero=True, name="embedding"),
                layers.SimpleRNN(4, name="rnn"),
                layers.Dense(3, activation="softmax", name="output"),
            ],
            name="network",
        )

    rng = np.random.default_rng(0)
    classes = rng.integers(0, 3, 190)
    rows = Example(
        ROWS.inputs, np.eye(3, dtype=np.float32)[classes], (1.0 + 9 * (classes == 2)).astype("f4")
    )
    plan = Plan(epochs=2, learning_rate=0.05)
    ((weights, history),) = train(build, rows, SIDES[:1], plan, loss="categorical_crossentropy")
    model = build()
    assign_weights(model, weights)
    held = rows.take(SIDES[0][1])
    of_rows = -np.log(predict(model, held.inputs)[np.arange(40), classes[SIDES[0][1]]])
    expected = np.average(of_rows, weights=held.weights)
    assert min(row["validation_loss"] for row in history.rows) == pytest.approx(expected, rel=1e-5)
    assert abs(expected - of_rows.mean()) > 1e-3
