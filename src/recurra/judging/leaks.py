"""Probes that look for knowledge which could not be there on a new message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import pandas as pd

from recurra.arrays import Floats, Rows
from recurra.judging.report import Probe
from recurra.judging.splits import Split

__all__ = [
    "future_in_training",
    "groups_on_both_sides",
    "own_start",
    "rows_on_both_sides",
    "target_in_columns",
    "target_in_text",
    "vocabulary",
]

TELLS = 0.98  # difference of the shares of two sides that hold a token
FEWEST = 5  # rows of a side: of fewer, any word may stand in all
MOST_WRONG = 0.02


def rows_on_both_sides(
    groups: Rows, sides: Sequence[Split], alike: str = "digits, case and spacing masked"
) -> Probe:
    """Look for rows that are as good as equal to rows seen before.

    Args:
        groups: (rows,) one number for all rows that are as good as equal.
        sides: the split of each network; all have the same test rows.
        alike: what that means, for people.
    """
    seen = np.isin(groups[sides[0].test], groups[sides[0].fitted_on])
    between = np.concatenate([np.isin(groups[s.validation], groups[s.train]) for s in sides])
    return Probe(
        name="rows in both sides",
        passed=not (seen.any() or between.any()),
        size=int(seen.sum() + between.sum()),
        detail=f"{seen.sum():,} of {len(seen):,} test rows also stand in training or validation, "
        f"and {between.sum():,} of {len(between):,} validation rows in training "
        f"({alike}).",
    )


def groups_on_both_sides(groups: Rows, sides: Sequence[Split]) -> Probe:
    """Look for groups, such as authors, of which rows stand on two sides.

    Args:
        groups: (rows,) one number for all rows of a group.
        sides: as in `rows_on_both_sides`.
    """
    held, seen = np.unique(groups[sides[0].test]), groups[sides[0].fitted_on]
    both = int(np.isin(held, seen).sum())
    validated = [np.unique(groups[side.validation]) for side in sides]
    between = sum(
        int(np.isin(v, groups[side.train]).sum()) for v, side in zip(validated, sides, strict=True)
    )
    return Probe(
        name="groups in both sides",
        passed=not (both or between),
        size=both + between,
        detail=f"{both:,} of {len(held):,} groups of the test also stand in training or "
        f"validation, and {between:,} of {sum(map(len, validated)):,} of validation in training.",
    )


def future_in_training(begins: Floats, ends: Floats, sides: Sequence[Split]) -> Probe:
    """Look for rows to learn from that are not before all rows of the side they are asked about.

    Args:
        begins, ends: (rows,) when each began and ended.
        sides: as in `rows_on_both_sides`.
    """
    late = sum(
        int((ends[learnt] >= begins[asked].min()).sum())
        for side in sides
        for learnt, asked in ((side.fitted_on, side.test), (side.train, side.validation))
        if len(asked)
    )
    return Probe(
        name="future in training",
        passed=not late,
        size=late,
        detail=f"{late:,} rows to learn from are as late as rows to validate or to test on.",
    )


def own_start(groups: Rows, folds: Rows) -> Probe:
    """Look for rows whose start was fitted on themselves, or on what is as good as equal to them.

    Args:
        groups: (rows,) one number for all rows that are as good as equal.
        folds: (rows,) the part without which the start of each was fitted; of a start of several
            linear models (rows, models).

    Example:
        >>> own_start(np.array([0, 0, 1]), np.array([2, 2, 1])).passed
        True
        >>> own_start(np.array([0, 0, 1]), np.array([2, 1, 1])).size
        2
    """
    pairs = np.unique(np.column_stack([groups, folds]), axis=0)
    named, parts = np.unique(pairs[:, 0], return_counts=True)
    taught = int(np.isin(groups, named[parts > 1]).sum())
    return Probe(
        name="rows that teach their own start",
        passed=taught == 0,
        size=taught,
        detail=f"{taught:,} of {len(groups):,} training and validation rows taught the linear "
        "model that says where they begin, they or a copy of theirs.",
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
    return Probe(
        name="vocabulary from outside training",
        passed=not outside,
        size=len(outside),
        detail=detail,
    )


def target_in_text(documents: Iterable[Sequence[str]], truth: Rows, names: Sequence[str]) -> Probe:
    """Look for one token that gives a class away by itself, as a label left in the text does.

    Args:
        documents: the tokens of each text.
        truth: (rows,) the number of its class.
        names: of the classes.
    """
    seen: list[Counter[str]] = [Counter() for _ in names]
    for tokens, number in zip(documents, truth.tolist(), strict=True):
        seen[number].update(set(tokens))
    rows = np.bincount(truth, minlength=len(names))
    tells = []
    for number in range(len(names) if len(names) > 2 else 1):
        inside, outside = rows[number], rows.sum() - rows[number]
        if min(inside, outside) < FEWEST:
            continue
        for token in set().union(*seen):
            here = seen[number][token]
            elsewhere = sum(counts[token] for counts in seen) - here
            if abs(here / inside - elsewhere / outside) >= TELLS:
                tells.append((token, number, here, elsewhere))
    detail = "no single token tells the classes apart."
    if tells:
        token, number, here, elsewhere = min(tells)
        detail = (
            f"the token {token!r} stands in {here:,} of {rows[number]:,} texts of {names[number]} "
            f"and in {elsewhere:,} of {rows.sum() - rows[number]:,} others: the label seems to be "
            "in the text."
        )
    return Probe(name="target in the text", passed=not tells, size=len(tells), detail=detail)


def target_in_columns(columns: pd.DataFrame, truth: Rows, inputs: Sequence[str] = ()) -> Probe:
    """Look for columns whose value alone tells the class. Only an input column is a leak.

    Args:
        columns: every column but the label.
        truth: (rows,) the number of the class.
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
    return Probe(
        name="target hidden in another column", passed=not read, size=len(tells), detail=detail
    )


def _tells(column: pd.Series, truth: Rows) -> bool:
    """Say whether few values, each nearly always of one class, cover nearly all rows.

    Nearly all: at most 2 % of the rows that the largest class does not cover are told wrongly.
    """
    codes, values = pd.factorize(column, use_na_sentinel=False)
    if len(values) > max(2, len(truth) // 10):
        return False
    counts = np.zeros((len(values), int(truth.max()) + 1), np.int64)
    np.add.at(counts, (codes, truth), 1)
    right = counts.max(axis=1).sum()
    base = np.bincount(truth).max()
    return bool(len(truth) - right <= MOST_WRONG * (len(truth) - base))
