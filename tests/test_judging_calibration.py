"""Whether scores mean what they say, beside what chance shows."""

import numpy as np
import pytest

from recurra.judging.calibration import calibration_of, scores_in_question
from recurra.judging.measures import class_statistics


def test_the_error_by_hand() -> None:
    scores = np.array([0.15, 0.15, 0.95, 0.95])
    truth = np.array([True, False, True, True])
    found = calibration_of(truth, scores, np.arange(4))
    assert found.error == pytest.approx(0.5 * abs(0.15 - 0.5) + 0.5 * abs(0.95 - 1.0))
    assert [part[2] for part in found.parts] == [2, 2]


def test_by_chance_is_what_a_calibrated_model_stays_below_in_95_percent() -> None:
    scores = np.full(100, 0.5)
    found = calibration_of(np.arange(100) < 55, scores, np.arange(100))
    # |share - 1/2| of 100 coins stays within 0.1 in 96.5 % of cases, and within .09 in 94.3 %
    assert found.by_chance == pytest.approx(0.1)
    assert found.error == pytest.approx(0.05)
    assert found.calibrated
    assert not calibration_of(np.arange(100) < 61, scores, np.arange(100)).calibrated


def test_copies_come_true_together() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(400)
    alone = calibration_of(rng.random(400) < scores, scores, np.arange(400)).by_chance
    copies = np.repeat(np.arange(100), 4)
    together = calibration_of(
        (rng.random(100) < scores[:100])[copies], scores[:100][copies], copies
    ).by_chance
    assert together > 1.6 * alone


@pytest.mark.parametrize("copies", [1, 4])
def test_calibrated_scores_pass_and_doubled_odds_do_not(copies: int) -> None:
    rng, passed = np.random.default_rng(5), []
    for seed in range(60):
        pieces = np.repeat(np.arange(300), rng.choice([1, copies], 300))
        of_piece = rng.beta(1, 2, 300)
        scores, truth = of_piece[pieces], (rng.random(300) < of_piece)[pieces]
        sure = scores**2 / (scores**2 + (1 - scores) ** 2)
        passed.append([calibration_of(truth, p, pieces, seed).calibrated for p in (scores, sure)])
    calibrated, doubled = np.mean(passed, axis=0)
    assert calibrated >= 0.86  # 0.95 expected
    assert doubled <= 0.2


def test_of_many_classes_the_class_decided_for_is_asked() -> None:
    rng = np.random.default_rng(0)
    said = rng.dirichlet(np.ones(4), 2000)
    truth = np.array([rng.choice(4, p=p) for p in said])
    decided = said.argmax(axis=1)
    came, scores = scores_in_question(class_statistics(said, decided, truth), 4)
    assert (scores == said.max(axis=1)).all()
    assert (came == (decided == truth)).all()
    assert calibration_of(came, scores, np.arange(2000)).calibrated
    other = truth[::-1]
    came, scores = scores_in_question(class_statistics(said, decided, other), 4)
    assert not calibration_of(came, scores, np.arange(2000)).calibrated


def test_of_two_classes_the_positive_one_is_asked() -> None:
    said = np.array([[0.3, 0.7], [0.8, 0.2]])
    rows = class_statistics(said, np.array([1, 0]), np.array([0, 0]))
    came, scores = scores_in_question(rows, 2, positive=0)
    assert (came.tolist(), scores.tolist()) == ([True, True], [0.3, 0.8])
