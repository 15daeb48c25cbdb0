from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recurra.backend import keras
from recurra.errors import RunError
from recurra.models import ARCHITECTURES
from recurra.sequences import Ragged
from recurra.training import (
    PREDICTION_ROWS,
    Example,
    History,
    Plan,
    Step,
    bucket_of,
    log_loss,
    predict,
    seeded,
    train,
    write_atomically,
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

    def stop(at: int, step: Step) -> None:
        if (at, step.epoch) == (member, epoch) and step.done > 0.5:
            raise Stopped

    with pytest.raises(Stopped):
        train(dropping, ROWS, SIDES, PLAN, checkpoints=tmp_path, notify=stop)
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
    again = log_loss(VALIDATION.targets, scores, VALIDATION.weights)
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


def test_an_atomic_write_that_fails_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "a", b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
