"""Probes that look for knowledge which could not be there on a new message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel

from recurra.evaluation.splits import Split

__all__ = ["Probe", "rows_on_both_sides", "target_in_columns", "target_in_text", "vocabulary"]

Bools = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


class Probe(BaseModel):
    """What one probe found. `passed` is False when there is a leak."""

    probe: str
    passed: bool
    detail: str


def rows_on_both_sides(groups: Rows, sides: Sequence[Split]) -> Probe:
    """Look for rows that are equal, but for digits, case and spacing, to rows seen before.

    Args:
        groups: (rows,) one number for all rows that are equal so.
        sides: the split of each network; all have the same test rows.
    """
    seen = np.isin(groups[sides[0].test], groups[sides[0].fitted_on])
    between = np.concatenate([np.isin(groups[s.validation], groups[s.train]) for s in sides])
    return Probe(
        probe="rows in both sides",
        passed=not (seen.any() or between.any()),
        detail=f"{seen.sum():,} of {len(seen):,} test rows also stand in training or validation, "
        f"and {between.sum():,} of {len(between):,} validation rows in training "
        "(digits, case and spacing masked).",
    )


def vocabulary(
    known: Iterable[str], min_count: int, training: Iterable[Iterable[Sequence[str]]]
) -> Probe:
    """Look for known tokens that the training rows alone would not have taught.

    Args:
        known: the tokens of the vocabulary.
        min_count: how often a token had to be seen to be known.
        training: for each network the tokens of each of its training rows.
    """
    tokens = list(known)
    seen = dict.fromkeys(tokens, min_count)
    for documents in training:
        counts = Counter(chain.from_iterable(documents))
        seen = {token: min(seen[token], counts[token]) for token in tokens}
    outside = [token for token in tokens if seen[token] < min_count]
    absent = sum(seen[token] == 0 for token in outside)
    detail = f"all {len(tokens):,} tokens are seen at least {min_count} times in training rows."
    if outside:
        detail = (
            f"{len(outside):,} of {len(tokens):,} tokens are seen fewer than {min_count} times in "
            f"training rows ({absent:,} never): the vocabulary was fitted on other rows too."
        )
    return Probe(probe="vocabulary from outside training", passed=not outside, detail=detail)


def target_in_text(documents: Iterable[Sequence[str]], truth: Bools) -> Probe:
    """Look for one token that gives the class away by itself, as a label left in the text does."""
    positive: Counter[str] = Counter()
    negative: Counter[str] = Counter()
    for tokens, is_positive in zip(documents, truth, strict=True):
        (positive if is_positive else negative).update(set(tokens))
    p, n = int(truth.sum()), int((~truth).sum())
    tells = [
        token
        for token in positive.keys() | negative.keys()
        if abs(positive[token] / max(p, 1) - negative[token] / max(n, 1)) >= 0.98
    ]
    detail = "no single token tells the classes apart."
    if tells:
        token = min(tells)
        detail = (
            f"the token {token!r} stands in {positive[token]:,} of {p:,} positive and "
            f"{negative[token]:,} of {n:,} negative texts: the label seems to be in the text."
        )
    return Probe(probe="target in the text", passed=not tells, detail=detail)


def target_in_columns(columns: pd.DataFrame, truth: Bools, inputs: Sequence[str] = ()) -> Probe:
    """Look for columns whose value alone tells the class. Only an input column is a leak.

    Args:
        columns: every column but the label.
        truth: (rows,) whether a row is positive.
        inputs: the columns that the model reads.
    """
    tells = [str(name) for name in columns.columns if _tells(columns[name], truth)]
    read = [name for name in tells if name in inputs]
    detail = "no other column tells the class."
    if tells:
        named = ", ".join(map(repr, tells))
        detail = f"{named} alone tells the class" + (
            "; the model reads it." if read else "; the model does not read it. Keep it so."
        )
    return Probe(probe="target hidden in another column", passed=not read, detail=detail)


def _tells(column: pd.Series, truth: Bools) -> bool:
    """Say whether few values, each nearly always of one class, cover nearly all rows."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    if len(values) > max(2, len(truth) // 10):
        return False
    rows = np.bincount(codes, minlength=len(values))
    positive = np.bincount(codes, weights=truth, minlength=len(values))
    right = np.maximum(positive, rows - positive).sum()
    base = max(truth.sum(), len(truth) - truth.sum())
    return bool(len(truth) - right <= 0.02 * (len(truth) - base))
