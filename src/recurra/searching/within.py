"""The problem within a problem: its training rows alone, split once more."""

import copy

import numpy as np

from recurra.judging.problem import Fold, Problem

__all__ = ["within"]


def within(problem: Problem, fold: int = -1) -> Problem:
    """Give a problem of the rows known alone: the validation rows of its first turn are held.

    Another turn's are what a trial validates on, so that the epoch it keeps is not chosen on the
    rows that it is measured on. Of one turn alone the rows that train are cut once more.

    Args:
        problem: that is to be judged in the end.
        fold: which of its splits.

    Raises:
        DataError: there are too few rows.

    Example:
        >>> from recurra.judging.example import coin_problem
        >>> outer = coin_problem()
        >>> (fold,) = within(outer).folds
        >>> bool(np.isin(np.union1d(fold.known, fold.held), outer.folds[0].known).all())
        True
    """
    outer = problem.folds[fold]
    train, held = outer.sides[0]
    if len(outer.sides) > 1:
        validates = np.isin(train, outer.sides[1][1])
        sides = np.flatnonzero(~validates), np.flatnonzero(validates)
    else:
        taught, validation = problem.cut_again(outer.known, train, held)
        train = np.sort(np.concatenate([taught, validation]))
        sides = np.searchsorted(train, taught), np.searchsorted(train, validation)
    inner = copy.copy(problem)
    inner.folds = [Fold(outer.known[train], outer.known[held], [sides])]
    return inner
