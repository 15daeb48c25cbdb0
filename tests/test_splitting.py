"""A split that is made before Keras is loaded is the one that the problem is judged by."""

from typing import Any

import numpy as np
import pytest

from recurra import problems
from recurra.data import open_lines, open_pairs, open_sentences, open_texts, sample_series
from recurra.data.sequences import sample_sequences
from recurra.errors import DataError
from recurra.judging.problem import Fold, Problem
from recurra.problems.named import split_named
from recurra.problems.splitting import (
    split_lines,
    split_pairs,
    split_sentences,
    split_sequences,
    split_series,
)


def told(folds: Any) -> list[list[list[int]]]:
    def rows(fold: Fold) -> list[list[int]]:
        sides = [side.tolist() for turn in fold.sides for side in turn]
        return [fold.known.tolist(), fold.held.tolist(), *sides]

    return [rows(fold) for fold in folds]


def texts(folds: int | None) -> tuple[Problem, Any]:
    rows = open_texts("spam", sample=True)
    made = split_named(rows, "spam", "default", sample=True, folds=folds, seed=3)
    return problems.spam(sample=True, folds=folds, seed=3), made


def sequences(folds: int | None) -> tuple[Problem, Any]:
    made = split_sequences(sample_sequences(), folds=folds, seed=3)
    return problems.sequences(sample=True, folds=folds, seed=3), made


def tagging(folds: int | None) -> tuple[Problem, Any]:
    train = open_sentences("train", sample=True)
    test = open_sentences("test", sample=True) if folds is None else None
    made = split_sentences(train, test, folds=folds, turns=3, seed=3)
    return problems.tagging(sample=True, folds=folds, seed=3), made


def generation(folds: int | None) -> tuple[Problem, Any]:
    made = split_lines(open_lines(sample=True), folds=folds, seed=3)
    return problems.generation(sample=True, folds=folds, seed=3), made


def translation(folds: int | None) -> tuple[Problem, Any]:
    made = split_pairs(open_pairs(sample=True), folds=folds, seed=3)
    return problems.translation(sample=True, folds=folds, seed=3), made


def forecasting(folds: int | None) -> tuple[Problem, Any]:
    series = sample_series()
    made = split_series(series, horizon=5, window=max(32, series.season), folds=folds)
    return problems.forecasting(sample=True, folds=folds, seed=3), made


@pytest.mark.parametrize("folds", [None, 3])
@pytest.mark.parametrize("asked", [texts, sequences, tagging, generation, translation, forecasting])
def test_a_split_made_before_keras_is_that_of_the_problem(asked: Any, folds: int | None) -> None:
    problem, made = asked(folds)
    assert told(problem.folds) == told(made.folds)


def test_a_fold_of_a_series_needs_an_origin_to_train_on() -> None:
    with pytest.raises(DataError, match="long enough to train and to test, but it has 31 steps"):
        split_series(_line(31), horizon=6, window=12, folds=2)
    made = split_series(_line(80), horizon=6, window=12, folds=2)
    assert all(len(fold.train) for fold in made.folds)


def _line(steps: int) -> Any:
    from recurra.data import Series

    return Series(np.arange(steps, dtype=np.float64), "given", "0" * 64)
