from typing import Any

import numpy as np
import pytest

from recurra import (
    SequenceClassifier,
    SequenceForecaster,
    SequenceGenerator,
    SequenceRegressor,
    SequenceTagger,
    SequenceTranslator,
)
from recurra.listeners import NOBODY, History, Listener, Listeners, Progress


class Heard(Listener):
    """Keeps all that it hears, with a name before it."""

    def __init__(self, name: str, heard: list[tuple[Any, ...]]) -> None:
        self.name, self.heard = name, heard

    def stage(self, text: str) -> None:
        self.heard.append((self.name, "stage", text))

    def ready(self, model: Any) -> None:
        self.heard.append((self.name, "ready", model))

    def progress(self, member: int, progress: Progress) -> None:
        self.heard.append((self.name, "progress", member, progress))


PROGRESS = Progress(1, 3, 0.5, History())


def test_all_listeners_are_told_in_order() -> None:
    heard: list[tuple[Any, ...]] = []
    both = Listeners([Heard("a", heard), Heard("b", heard)])
    both.stage("training")
    both.ready("model")
    both.progress(2, PROGRESS)
    said = [("stage", "training"), ("ready", "model"), ("progress", 2, PROGRESS)]
    assert heard == [(name, *what) for what in said for name in "ab"]


def test_a_listener_that_does_not_say_otherwise_does_nothing() -> None:
    for listener in (NOBODY, Listeners()):
        listener.stage("training")
        listener.ready(None)
        listener.progress(1, PROGRESS)


def test_an_epoch_has_ended_when_its_loss_is_known() -> None:
    history = History([{"epoch": 1, "validation_loss": 0.5}])
    assert not Progress(2, 3, 1.0, history).ended
    assert Progress(1, 3, 1.0, history).ended


def test_a_loss_that_is_not_a_number_is_never_the_lowest() -> None:
    losses = [float("nan"), 0.5, float("nan"), 0.4, float("inf")]
    assert History([{"validation_loss": loss} for loss in losses]).best_epoch == 4


NUMBERS = np.random.default_rng(0).normal(size=(24, 4, 1))
TEXTS = [f"{a} {b}" for a in "abcde" for b in "vwxyz"]
FITS = [
    (SequenceClassifier("lstm", epochs=2, members=2), (NUMBERS, np.arange(24) % 2)),
    (SequenceRegressor("lstm", epochs=2, members=2), (NUMBERS, NUMBERS[:, -1, 0])),
    (SequenceTagger("lstm", epochs=2, members=2), (NUMBERS, (NUMBERS[..., 0] > 0).tolist())),
    (SequenceForecaster("lstm", epochs=2, members=2), (np.sin(np.arange(60.0)),)),
    (SequenceGenerator("gru", epochs=2, units=4), (TEXTS,)),
    (SequenceTranslator("gru", epochs=2, units=4), (TEXTS, TEXTS)),
]


@pytest.mark.parametrize(("model", "data"), FITS, ids=lambda p: type(p).__name__)
def test_an_estimator_says_once_that_it_is_ready_and_then_how_far_each_network_is(
    model: Any, data: tuple[Any, ...]
) -> None:
    heard: list[tuple[Any, ...]] = []
    model.fit(*data, listeners=[Heard("a", heard)])
    assert heard[0] == ("a", "ready", model)
    told = [(member, progress.epoch) for _, _, member, progress in heard[1:]]
    assert told == sorted(told)
    members = range(1, len(model.weights_) + 1)
    assert set(told) == {(member, epoch) for member in members for epoch in (1, 2)}


def test_progress_is_told_after_every_batch_and_after_every_epoch() -> None:
    heard: list[tuple[Any, ...]] = []

    class Kept(Listener):
        def progress(self, member: int, progress: Progress) -> None:
            heard.append((progress.epoch, progress.done, progress.ended))

    model = SequenceClassifier("lstm", epochs=2, batch_size=10)
    model.fit(NUMBERS, np.arange(24) % 2, listeners=[Kept()])  # 19 or 20 rows: two batches
    each = [(0.5, False), (1.0, False), (1.0, True)]
    assert heard == [(epoch, *what) for epoch in (1, 2) for what in each]
