"""Columns that are means of the class of the rows' own groups, which knows the class of the row.

::

    share_g    of the class among the rows of a group g, or of one value of the column
    c_g        what the column says
    χ² = sum over groups of  n_g (share_g - c_g)² / (c_g (1 - c_g))

Who does not know the classes of these rows is off by chance, so that χ² is as large as the number
of groups, or larger; a mean of these very rows is not. That is asked on the lower side. Small
groups have means of 0 and 1, which no row contradicts: that is asked by itself.

Source: Micci-Barreca, "A preprocessing scheme for high-cardinality categorical attributes" (2001),
for means of the target in place of values.
"""

import numpy as np
import pandas as pd

from recurra.arrays import Array, Bools, Floats, Rows
from recurra.auditing.findings import Finding
from recurra.auditing.rows import Audited

__all__ = ["encoded_by", "encoded_findings"]

CHANCE = 0.01
FEWEST_GROUPS, FEWEST_ROWS = 10, 3  # of so many rows each
ENDS = 0.05  # of the rows, that must hold 0, and as many that must hold 1


def encoded_findings(audited: Audited) -> list[Finding]:
    """Say which columns are means of the class, made of the very rows that they stand in."""
    rows, truth = audited.counted.rows, audited.counted.truth
    cells = audited.rows.other_columns.iloc[rows].reset_index(drop=True).astype(str)
    codes = [_codes(cells[name].to_numpy(object)) for name in cells.columns]
    binding = [each for each in codes if FEWEST_GROUPS <= each.max() < len(rows) / FEWEST_ROWS]
    means = {
        str(name): pd.to_numeric(cells[name], errors="coerce").to_numpy(float) for name in cells
    }
    means = {name: values for name, values in means.items() if _is_a_share(values)}
    found = []
    for name, values in means.items():
        chances = [
            encoded_by(values, truth == number, binding)
            for number in range(len(audited.rows.names))
        ]
        which = int(np.argmin(chances))
        if chances[which] * len(means) * len(chances) < CHANCE:
            found.append(_finding(audited, name, audited.rows.names[which], len(rows)))
    return found


def _is_a_share(values: Floats) -> bool:
    known = len(values) and np.isfinite(values).all()
    return bool(known and values.min() >= 0 and values.max() <= 1 and len(np.unique(values)) > 2)


def _finding(audited: Audited, name: str, of: str, rows: int) -> Finding:
    return Finding(
        kind="target in another column",
        level="leak",
        sentence=(
            f"Column {name!r} is the share of {of} among rows that belong together, made with the "
            "very rows that it stands in: who does not know their class would not come so near."
        ),
        size=rows,
        of=rows,
        advice="Make it anew of other rows alone, fold by fold, or leave it out.",
    )


def encoded_by(column: Floats, member: Bools, groups: list[Rows]) -> float:
    """Give the probability that who does not know the class is as near to its shares, by luck.

    Args:
        column: (rows,) numbers from 0 to 1.
        member: (rows,) whether a row is of the class.
        groups: (rows,) each: what may bind rows together.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> group, member = np.arange(300) // 6, rng.random(300) < 0.4
        >>> mean = np.bincount(group, member)[group] / 6
        >>> encoded_by(mean, member, [group]) < 1e-9
        True
        >>> encoded_by(np.bincount(group, rng.random(300) < 0.4)[group] / 6, member, [group]) > 0.01
        True
    """
    share = float(member.mean())
    off = abs(float(column.mean()) - share)
    if not 0 < share < 1 or off > 4 * np.sqrt(share * (1 - share) / len(member)):
        return 1.0  # a mean of the class has the mean of the class
    found = [_of_groups(column, member, group) for group in [*groups, _codes(column)]]
    return min(1.0, min([*found, _of_ends(column, member, share)]) * (len(groups) + 2))


def _codes(values: Array) -> Rows:
    return pd.factorize(values)[0].astype(np.int64)


def _of_groups(column: Floats, member: Bools, group: Rows) -> float:
    from scipy.stats import chi2

    rows = np.bincount(group)
    said = np.bincount(group, column) / rows
    spread = np.bincount(group, (column - said[group]) ** 2)
    share = np.bincount(group, member) / rows
    asked = (rows >= FEWEST_ROWS) & (spread < 1e-9) & (said > 0.01) & (said < 0.99)
    if asked.sum() < FEWEST_GROUPS:
        return 1.0
    n, s, p = rows[asked], said[asked], share[asked]
    return float(chi2.cdf((n * (p - s) ** 2 / (s * (1 - s))).sum(), asked.sum()))


def _of_ends(column: Floats, member: Bools, share: float) -> float:
    """Give how probable it is that no row contradicts a mean of 0, or of 1."""
    none, all_ = column == 0, column == 1
    if min(none.mean(), all_.mean()) < ENDS or member[none].any() or not member[all_].all():
        return 1.0
    between = ~none & ~all_
    if not between.any() or len(np.unique(column[between])) < 2:
        return 1.0  # the class itself, or a guess of it
    return float((1 - share) ** none.sum() * share ** all_.sum())
