"""Numbers that recur in one class alone: missing cells that were filled by who knew the class.

::

    here, there   share of the rows of a class, and of all others, that hold the number
    pure          = here / (here + there)

Asked of columns in which nearly every other number stands once: nobody measures the same one again
and again. Nought is left out, for it is often counted. The chance is the hypergeometric one, times
the numbers and classes tried (Bonferroni).

Source: Kaufman et al., "Leakage in data mining" (2012).
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Rows
from recurra.auditing.findings import Finding
from recurra.auditing.rows import Audited
from recurra.auditing.views import READ

__all__ = ["filled_findings"]

RECURS, HERE, PURE = 0.02, 0.1, 0.98  # of the rows; of a class; sure of it
OTHERS = 0.8  # of the numbers that do not recur, that stand once
CHANCE = 0.01


def filled_findings(audited: Audited) -> list[Finding]:
    """Say which columns hold a number that recurs in one class and in no other."""
    rows, truth = audited.counted.rows, audited.counted.truth
    if not len(audited.counted.fold):
        return []
    cells = audited.rows.other_columns.iloc[rows].reset_index(drop=True)
    recurring = [
        (str(name), number, holds)
        for name in cells.columns
        for number, holds in _recurring(cells[name].astype(str).str.strip())
    ]
    classes = range(len(audited.rows.names))
    found: dict[str, Finding] = {}
    for name, number, holds in recurring:
        for which in classes:
            mine = truth == which
            here, there = float(holds[mine].mean()), float(holds[~mine].mean())
            if here < HERE or here < PURE * (here + there):
                continue
            if _chance(holds, mine) * len(recurring) * len(classes) < CHANCE:
                found.setdefault(name, _finding(audited, name, number, which, (here, there), rows))
    return list(found.values())


def _recurring(cells: "pd.Series[str]") -> Iterator[tuple[float, Bools]]:
    """Give the numbers that recur in a column of others that do not, with the rows of each."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    known = np.isfinite(numbers)
    if not known.any() or known.sum() < READ * (cells != "").sum():
        return
    values, counts = np.unique(numbers[known], return_counts=True)
    often = (counts >= RECURS * len(numbers)) & (counts > 1)
    if (counts[~often] == 1).sum() < OTHERS * counts[~often].sum() or not (~often).any():
        return
    for number in values[often & (values != 0)].tolist():
        yield number, numbers == number


def _chance(holds: Bools, mine: Bools) -> float:
    from scipy.stats import hypergeom

    inside = int((holds & mine).sum())
    return float(hypergeom.sf(inside - 1, len(mine), int(mine.sum()), int(holds.sum())))


def _finding(
    audited: Audited,
    name: str,
    number: float,
    which: int,
    shares: tuple[float, float],
    rows: Rows,
) -> Finding:
    of = audited.rows.names[which]
    here, there = shares
    return Finding(
        kind="target in what is missing",
        level="leak",
        sentence=(
            f"Column {name!r} holds {number:.12g} in {here:.1%} of the rows of {of} and in "
            f"{there:.1%} of the others, and nearly every other number once: so cells are filled "
            "by who knows the class."
        ),
        size=round(here * int((audited.counted.truth == which).sum())),
        of=len(rows),
        advice="Leave such cells empty, or fill them by what the training rows are, whatever their "
        "class.",
    )
