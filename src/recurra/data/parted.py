"""Cells that hold several names with a sign between them, such as "politics;sport"."""

from collections import Counter
from collections.abc import Iterable

__all__ = ["SIGNS", "sign_between"]

SIGNS = (";", "|", ",", "/", "\t")
FEWEST_SEVERAL = 0.05  # of the cells hold several names, where cells do
MOST_NAMES = 50


def sign_between(cells: Iterable[str]) -> str | None:
    """Tell the sign between the names of cells, None where each cell is one name.

    The names are few and recur, and they meet in more than one way: the parts of Sci/Tech stand in
    no other cell.

    Example:
        >>> sign_between(["a;b", "a", "b", "a"] * 5), sign_between(["Sci/Tech", "World"] * 5)
        (';', None)
    """
    there = [cell for cell in cells if cell.strip()]
    for sign in SIGNS:
        parts = [[part.strip() for part in cell.split(sign)] for cell in there]
        several = [cell for cell in parts if len(cell) > 1]
        counts = Counter(part for cell in parts for part in cell)
        if len(several) < max(1, FEWEST_SEVERAL * len(there)):
            continue
        if len(counts) > MOST_NAMES or 4 * len(counts) > counts.total():
            continue
        distinct = Counter(part for cell in {tuple(cell) for cell in parts} for part in set(cell))
        if any(distinct[part] > 1 for cell in several for part in cell):
            return sign
    return None
