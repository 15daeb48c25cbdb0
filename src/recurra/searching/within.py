"""The problem within a problem: its training rows alone, split once more."""

import copy

import numpy as np

from recurra.errors import DataError
from recurra.judging.problem import Fold, Problem

__all__ = ["within"]


def within(problem: Problem) -> Problem:
    """Give a problem of the rows known alone: one turn's validation rows are held.

    Another turn's are what a trial validates on, so that the epoch it keeps is not chosen on the
    rows that it is measured on.

    Raises:
        DataError: its rows are validated in fewer than two turns.

    Example:
        >>> from recurra.judging.example import coin_problem
        >>> outer = coin_problem()
        >>> (fold,) = within(outer).folds
        >>> bool(np.isin(np.union1d(fold.known, fold.held), outer.folds[0].known).all())
        True
    """
    outer = problem.folds[-1]
    if len(outer.sides) < 2:
        raise DataError(
            "to search, the training rows must be enough for two turns of validation, but they are "
            f"{len(outer.known):,} in {len(outer.sides)}. Give more rows."
        )
    (train, held), (_, validation) = outer.sides[0], outer.sides[1]
    validates = np.isin(train, validation)
    sides = [(np.flatnonzero(~validates), np.flatnonzero(validates))]
    inner = copy.copy(problem)
    inner.folds = [Fold(outer.known[train], outer.known[held], sides)]
    return inner
