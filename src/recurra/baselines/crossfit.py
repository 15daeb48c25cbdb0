"""What the best linear model says of rows that did not teach it: where a network begins.

::

    fold 1 … 5 of the training rows, groups whole
    start of a row       = what a model says of it that was fitted on the other folds
    start of a new row   = what the model says that was fitted on all of them

So no row teaches its own start, nor does its class say in which fold it is. Which kind of model it
is, and C, is chosen by the log loss of what is said out of fold, once brought to scale.
"""

import contextlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from recurra.answers.starts import Part, Start
from recurra.arrays import Floats, Rows, Texts
from recurra.baselines.sequences import STRENGTHS as OF_SEQUENCES
from recurra.baselines.sequences import Fitted
from recurra.baselines.terms import STRENGTHS, Counted, Weighted
from recurra.baselines.texts import MOST_CHARACTERS
from recurra.errors import DataError
from recurra.judging.scaling import factors_of
from recurra.judging.splits import apart, group_folds, group_split
from recurra.sequences import Ragged
from recurra.text.terms import NGRAMS, log_odds_of

__all__ = ["CrossFitted", "cross_fit", "cross_fit_sequences"]

FOLDS = 5
MANY = 10_000  # rows from which on one fold is enough to choose by


class CrossFitted(NamedTuple):
    """Where a network begins.

    Args:
        start: the model fitted on all rows; it says where new rows begin.
        log_odds: (rows, 1) of the second class of two, or (rows, classes): where rows begin.
        fold: (rows,) the part without which each row's start was fitted; -1: without those alone
            that are too many to be fitted on.
        C: the strength of the fits against their penalty.
    """

    start: Start
    log_odds: Floats
    fold: Rows
    C: float


class _Rows(NamedTuple):
    texts: Texts
    truth: Rows
    classes: int
    groups: Rows
    weights: Floats | None
    seed: int
    features: Sequence[str]

    def take(self, rows: Rows) -> "_Rows":
        """Give the chosen rows."""
        weights = None if self.weights is None else self.weights[rows]
        given = self.texts[rows], self.truth[rows], self.classes, self.groups[rows]
        return _Rows(*given, weights, self.seed, self.features)


def cross_fit(
    texts: Texts,
    truth: Rows,
    classes: int,
    groups: Rows,
    *,
    weights: Floats | None = None,
    seed: int = 0,
    features: Sequence[str] = (),
    kinds: Sequence[str] = NGRAMS,
) -> CrossFitted:
    """Fit each kind of linear model out of fold, and keep the best.

    Args:
        texts: the training rows; those that validate a network are among them.
        truth: (rows,) the number of each one's class.
        classes: how many there are.
        groups: (rows,) rows of one group are in one fold.
        weights: (rows,) how much each row counts, None for all alike.
        seed: of the folds, and of the sample where there is too much text for a kind.
        features: the names of the columns whose cells stand before each text.
        kinds: of linear models; the best is kept.

    Raises:
        DataError: there are fewer than two groups.

    Example:
        >>> texts = np.array([f"{word} {n}" for n in "abcdefgh" for word in ("win", "see")], object)
        >>> found = cross_fit(texts, np.arange(16) % 2, 2, np.arange(16))
        >>> found.log_odds.shape, bool(found.start.log_odds(["win"])[0, 0] < 0)
        ((16, 1), True)
    """
    rows = _Rows(texts, truth, classes, groups, weights, seed, features)
    best: _Tried | None = None
    for kind in kinds:  # one after the other: what is counted takes much memory
        tried = _Tried(kind, rows)
        if best is None or tried.loss < best.loss:
            best = tried
    assert best is not None
    return best.finished(rows)


def cross_fit_sequences(
    kind: str,
    sequences: Ragged,
    truth: Rows,
    classes: int,
    groups: Rows,
    *,
    weights: Floats | None = None,
    seed: int = 0,
) -> CrossFitted:
    """Fit a linear model of features of numeric sequences out of fold.

    Args:
        kind: "MiniRocket + LR".
        sequences, truth, classes, groups, weights, seed: as in `cross_fit`.

    Example:
        >>> rows = Ragged.of_numbers([[0.0, n] if n % 2 else [n, 0.0] for n in range(1, 17)])
        >>> known = rows, np.arange(16) % 2, 2, np.arange(16)
        >>> found = cross_fit_sequences("MiniRocket + LR", *known)
        >>> found.log_odds.shape, sorted(set(found.fold.tolist()))
        ((16, 1), [0, 1, 2, 3, 4])
    """
    fold = _folds(groups, seed)
    parts = range(fold.max() + 1)

    def fitted(rows: Rows) -> Fitted:
        counts = None if weights is None else weights[rows]
        taught = sequences.take(rows), truth[rows]
        return Fitted(kind, *taught, classes, weights=counts, seed=seed)

    def without(part: int, strengths: Sequence[float]) -> dict[float, Floats]:
        others = fitted(np.flatnonzero(fold != part))
        features = others.learnt.features(sequences.take(np.flatnonzero(fold == part)))
        return {C: log_odds_of(others.with_strength(C).of_features(features)) for C in strengths}

    def loss(C: float) -> float:
        held = np.concatenate([np.flatnonzero(fold == part) for part in said])
        counts = None if weights is None else weights[held]
        return _scaled_loss(
            np.concatenate([each[C] for each in said.values()]), truth[held], counts
        )

    with threadpool_limits(1):
        chosen_by = parts if len(truth) < MANY else parts[:1]
        said = {part: without(part, OF_SEQUENCES) for part in chosen_by}
        C = min(OF_SEQUENCES, key=loss)
        odds = np.empty((len(truth), 1 if classes == 2 else classes))
        for part in parts:
            odds[fold == part] = (said[part] if part in said else without(part, [C]))[C]
        model = fitted(np.arange(len(truth))).with_strength(C)
    return CrossFitted(Start([Part(model)]), odds, fold, C)


def _scaled_loss(odds: Floats, truth: Rows, weights: Floats | None) -> float:
    """Give the mean log loss of log-odds once they are brought to scale."""
    return _log_loss(factors_of([odds], truth, weights)[0] * odds, truth, weights)


def _log_loss(odds: Floats, truth: Rows, weights: Floats | None) -> float:
    logs = np.concatenate([0 * odds, odds], axis=1) if odds.shape[1] == 1 else odds
    logs = logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)
    return float(np.average(-logs[np.arange(len(truth)), truth], weights=weights))


class _Tried:
    """One kind of model, fitted out of fold.

    Attributes:
        loss: the lowest log loss of what is said out of fold.
        C: the strength that has it.
    """

    def __init__(self, kind: str, rows: _Rows) -> None:
        self.kind, self.taken = kind, np.arange(len(rows.truth))
        share = MOST_CHARACTERS[kind] / max(1, sum(map(len, rows.texts)))
        if share < 1:
            _, self.taken = group_split(rows.groups, share, apart(rows.seed))
        self.rows = rows.take(self.taken)
        self.fold = _folds(self.rows.groups, rows.seed)
        self.counted = Counted(kind, self.rows.texts, rows.features)
        self.loss, self.C = np.inf, 0.0
        self.said: dict[int, Floats] = {}
        self._choose()

    def _choose(self) -> None:
        """Choose C by the log loss out of fold, on one fold where there are many rows."""
        folds = self._folds()[: None if len(self.fold) < MANY else 1]
        held = np.concatenate([np.flatnonzero(self.fold == each) for each in folds])
        said = [self._without(each, STRENGTHS[self.kind]) for each in folds]
        for C in STRENGTHS[self.kind]:
            odds = np.concatenate([each[C] for each in said])
            factor = factors_of([odds], self.rows.truth[held], self._weights(held))
            loss = self._loss(factor * odds, held)
            if loss < self.loss:
                self.loss, self.C = loss, C
                self.said = {fold: each[C] for fold, each in zip(folds, said, strict=True)}

    def finished(self, rows: _Rows) -> CrossFitted:
        """Give what it says out of fold of all rows, and the model of all that were taken."""
        model = self._of(np.arange(len(self.taken))).fit(self.C).model()
        odds = np.empty((len(rows.truth), 1 if rows.classes == 2 else rows.classes))
        fold = np.full(len(rows.truth), -1)
        fold[self.taken] = self.fold
        for each in self._folds():
            said = self.said.get(each)
            odds[fold == each] = self._without(each, [self.C])[self.C] if said is None else said
        beside = np.flatnonzero(fold < 0)
        if len(beside):
            odds[beside] = log_odds_of(model.probabilities(rows.texts[beside]))
        return CrossFitted(Start([Part(model)]), odds, fold, self.C)

    def _folds(self) -> list[int]:
        return list(range(self.fold.max() + 1))

    def _of(self, rows: Rows) -> Weighted:
        given = self.rows
        return Weighted(self.counted, rows, given.truth, given.classes, given.weights)

    def _without(self, fold: int, strengths: Sequence[float]) -> dict[float, Floats]:
        """Give what models of all others say of a fold, by the strength of their fit."""
        rows, held = (
            self._of(np.flatnonzero(self.fold != fold)),
            np.flatnonzero(self.fold == fold),
        )
        asked = rows.of(held)
        return {C: log_odds_of(rows.fit(C).probabilities(asked, len(held))) for C in strengths}

    def _weights(self, rows: Rows) -> Floats | None:
        return None if self.rows.weights is None else self.rows.weights[rows]

    def _loss(self, odds: Floats, rows: Rows) -> float:
        return _log_loss(odds, self.rows.truth[rows], self._weights(rows))


def _folds(groups: Rows, seed: int) -> Rows:
    """Give each row its fold, whatever its class: five, or as many as the groups allow."""
    for folds in range(min(FOLDS, len(np.unique(groups))), 2, -1):
        with contextlib.suppress(DataError):
            return group_folds(groups, folds, seed)
    return group_folds(groups, 2, seed)
