"""Lines through the last steps, and how a network begins as one that its rows did not teach."""

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from recurra import SequenceForecaster
from recurra.answers.forecasts import scales
from recurra.baselines.lines import (
    PENALTIES,
    CrossFittedLine,
    LineRows,
    cross_fit_line,
    line_folds,
)
from recurra.errors import DataError
from recurra.sequences import Histories, conformal_margins

HORIZON, WINDOW = 3, 8
NUMBERS = np.cumsum(np.random.default_rng(4).normal(size=240)) + np.sin(np.arange(240) * 0.4)
ORIGINS = np.arange(12, 230)
SIDES = np.arange(150), np.arange(153, len(ORIGINS))


def rows_of(numbers: np.ndarray) -> Histories:
    return Histories(numbers[:, None], np.zeros_like(ORIGINS), ORIGINS)


def fitted(numbers: np.ndarray) -> CrossFittedLine:
    found = cross_fit_line(rows_of(numbers), SIDES, HORIZON, WINDOW)
    assert found is not None
    return found


def by_hand(numbers: np.ndarray, teach: np.ndarray, ask: np.ndarray, penalty: float) -> Any:
    windows = numbers[ORIGINS[:, None] - WINDOW + np.arange(WINDOW)]
    last = windows[:, -1:]
    X, y = windows - last, numbers[ORIGINS[:, None] + np.arange(HORIZON)] - last
    size = X[teach].std()
    model = Ridge(penalty).fit(X[teach] / size, y[teach] / size)
    return model.predict(X[ask] / size) * size + last[ask]


def folds() -> list[tuple[np.ndarray, np.ndarray]]:
    return line_folds(rows_of(NUMBERS).take(SIDES[0]), HORIZON)


def test_the_start_of_each_row_is_that_of_scikit_learn_fitted_on_the_other_folds() -> None:
    found, all_rows = fitted(NUMBERS), np.arange(len(ORIGINS))

    def starts(penalty: float) -> np.ndarray:
        ahead = by_hand(NUMBERS, SIDES[0], all_rows, penalty)
        for teach, ask in folds():
            ahead[ask] = by_hand(NUMBERS, teach, ask, penalty)
        return ahead

    truth = NUMBERS[ORIGINS[:, None] + np.arange(HORIZON)]
    best = min(PENALTIES, key=lambda each: np.abs(starts(each) - truth)[SIDES[0]].mean())
    np.testing.assert_allclose(found.ahead, starts(best))
    new = found.line.ahead(rows_of(NUMBERS))
    np.testing.assert_allclose(new, by_hand(NUMBERS, all_rows, all_rows, best))


def test_no_target_of_a_fold_is_a_target_of_what_it_is_asked_of() -> None:
    asked = [ask for _, ask in folds()]
    assert sorted(np.concatenate(asked)) == list(SIDES[0])
    for teach, ask in folds():
        assert np.abs(ORIGINS[teach][:, None] - ORIGINS[ask]).min() >= HORIZON
        assert len(teach) >= len(SIDES[0]) - len(ask) - 2 * HORIZON


def test_validation_rows_teach_no_start_of_a_training_row_and_none_of_their_own() -> None:
    one, moved = fitted(NUMBERS), NUMBERS.copy()
    moved[ORIGINS[SIDES[1][0]] :] += 50  # the first target of validation rows, and all later ones
    other = fitted(moved)
    np.testing.assert_array_equal(other.ahead[SIDES[0]], one.ahead[SIDES[0]])
    first = SIDES[1][0]  # its window is as it was
    np.testing.assert_array_equal(other.ahead[first], one.ahead[first])
    assert not np.allclose(other.line.coefficients, one.line.coefficients)


def test_of_many_series_a_fold_is_whole_series() -> None:
    starts = np.repeat(np.arange(7) * 40, 20)
    rows = Histories(np.zeros((280, 1)), starts, starts + 12 + np.tile(np.arange(20), 7))
    found = line_folds(rows, HORIZON)
    assert [np.unique(starts[ask] // 40).tolist() for _, ask in found] == [
        [0, 5],
        [1, 6],
        [2],
        [3],
        [4],
    ]
    for teach, ask in found:
        assert not set(starts[teach].tolist()) & set(starts[ask].tolist())
        assert len(teach) + len(ask) == len(rows)


def test_a_history_shorter_than_the_window_begins_with_its_first_step() -> None:
    line = fitted(NUMBERS).line
    short, long = [5.0, 6.0, 8.0], [5.0] * 6 + [6.0, 8.0]
    before = [[1e6] * 9, short]  # another series before it is not read
    np.testing.assert_array_equal(
        line.ahead(Histories.of(before))[1], line.ahead(Histories.of([long]))[0]
    )


def test_what_stands_beside_a_series_is_read_in_deviations_of_its_training_rows() -> None:
    past = np.random.default_rng(0).normal(3, 7, len(NUMBERS))
    rows = Histories(np.column_stack([NUMBERS, past]), np.zeros_like(ORIGINS), ORIGINS)
    read = LineRows(rows, HORIZON, WINDOW, alone=True, past=1, training=SIDES[0]).X
    taught = past[: ORIGINS[SIDES[0]].max()]
    windows = past[ORIGINS[:, None] - WINDOW + np.arange(WINDOW)]
    np.testing.assert_allclose(read[:, WINDOW:], (windows - taught.mean()) / taught.std())


@pytest.mark.parametrize("start", ["theta", "linear"])
def test_intervals_are_quantiles_of_errors_on_rows_that_the_start_did_not_learn_from(
    start: str,
) -> None:
    known = rows_of(NUMBERS)
    model = SequenceForecaster("gru", horizon=HORIZON, window=WINDOW, start=start)
    left = (known.ahead(HORIZON) - model._begin(known, SIDES)) / scales(known, 1)[:, None]
    model._calibrate(left, np.zeros((len(SIDES[1]), HORIZON)), SIDES)
    unseen = np.concatenate(SIDES) if start == "linear" else np.arange(len(ORIGINS))
    assert model.share_ == 0
    np.testing.assert_array_equal(model.margins_, conformal_margins(np.abs(left[unseen]), 0.9))
    model._calibrate(left, left[SIDES[1]] * 0.9, SIDES)  # a network that adds what was missed
    missed = np.abs(left[SIDES[1]]) * 0.1
    assert (model.share_, model.begins_) == (1, start)
    expected = conformal_margins(np.abs(left[unseen]), 0.9) * 0.1
    np.testing.assert_allclose(model.margins_, np.maximum(expected, conformal_margins(missed, 0.9)))


def test_too_few_rows_make_no_line_and_a_start_as_one_is_refused() -> None:
    few = rows_of(NUMBERS).take(np.arange(12))
    sides = np.arange(9), np.arange(9, 12)
    assert cross_fit_line(few, sides, HORIZON, WINDOW) is None
    model = SequenceForecaster("gru", horizon=HORIZON, window=WINDOW, start="linear", epochs=1)
    with pytest.raises(DataError, match="must have 10 training rows beside each fold"):
        model.fit_histories(few, sides)
