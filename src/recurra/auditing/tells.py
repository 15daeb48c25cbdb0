"""How well one thing alone tells the class, on rows that did not teach it.

::

    told = (mean over classes of the share told rightly - 1/K) / (1 - 1/K)     0 nothing, 1 all

A thing is read by the simplest rule for its kind: values that recur by the class they most often
stood with, for its size, in the other folds; numbers by a tree of eight leaves. Whether so much
comes by chance is asked of one half taught by the other, and the other way round: in folds that
teach each other what is said is not independent (Bengio and Grandvalet, 2004). The table of what
was said beside what is true has a χ² whose probability, the better of the two halves', is counted
for the number of things tried (Bonferroni).

Sources: Youden, "Index for rating diagnostic tests" (1950), for two classes; Kaufman et al.,
"Leakage in data mining" (2012), for what is looked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2_contingency

from recurra.arrays import Array, Floats, Rows
from recurra.auditing.findings import Tell
from recurra.auditing.rows import Counted

__all__ = ["View", "asked", "said_by_numbers", "said_by_values", "told"]

LEAVES = 8
Rule = Callable[[Array, Rows, Array], Rows]  # values and classes known, values asked of


@dataclass(frozen=True)
class View:
    """One way to look at something.

    Args:
        name: of it.
        kind: as `Tell` has it.
        values: (rows,) numbers, or codes of values that recur.
        recurring: whether they are codes.
        column: it comes from, if it does.
    """

    name: str
    kind: str
    values: Array
    recurring: bool
    column: str = ""


def asked(
    views: Iterable[View], counted: Counted, tried: int | None = None
) -> list[tuple[View, Tell]]:
    """Ask each thing what it tells of the class, the best first.

    Args:
        views: of the rows counted, in their order.
        counted: the rows.
        tried: how many things are tried in all, None for these.
    """
    views = list(views)
    tried = tried or len(views)
    if not len(counted.fold):
        return []
    found = []
    for view in views:
        say = said_by_values if view.recurring else said_by_numbers
        said = _taught_by_others(say, view.values, counted.truth, counted.fold)
        tell = Tell(
            name=view.name,
            kind=view.kind,
            told=told(said, counted.truth)[0],
            p_value=min(1.0, _chance(say, view.values, counted) * tried),
            tried=tried,
        )
        found.append((view, tell))
    return sorted(found, key=lambda pair: -pair[1].told)


def told(said: Rows, truth: Rows) -> tuple[float, float]:
    """Give how much is told, and how probable so much is by chance.

    Args:
        said: (rows,) the number of the class said.
        truth: (rows,) the number of the class that is.

    Example:
        >>> share, chance = told(np.repeat([0, 1], 50), np.repeat([0, 1], 50))
        >>> share, chance < 1e-9
        (1.0, True)
    """
    classes = int(max(truth.max(), said.max())) + 1
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (said, truth), 1)
    recall = np.diag(table) / np.maximum(table.sum(axis=0), 1)
    share = (float(recall.mean()) - 1 / classes) / (1 - 1 / classes)
    kept = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if share <= 0 or min(kept.shape) < 2:
        return max(share, 0.0), 1.0
    return share, float(chi2_contingency(kept).pvalue)


def _chance(say: Rule, values: Array, counted: Counted) -> float:
    """Give the probability that one half teaches so much of the other by luck.

    The better of two halves is as probable as its χ²: that counts both directions, and to tell
    less than nothing is not asked for.
    """
    half = counted.fold % 2
    said = _taught_by_others(say, values, counted.truth, half)
    return min(told(said[half == side], counted.truth[half == side])[1] for side in (0, 1))


def _taught_by_others(say: Rule, values: Array, truth: Rows, part: Rows) -> Rows:
    said = np.zeros(len(values), np.int64)
    for number in np.unique(part):
        held = part == number
        said[held] = say(values[~held], truth[~held], values[held])
    return said


def said_by_values(known: Array, truth: Rows, asked_of: Array) -> Rows:
    """Say for each value the class it most often stood with, for the size of the class.

    A value never seen is said to be of the largest class.
    """
    classes = int(truth.max()) + 1
    size = int(max(known.max(initial=0), asked_of.max(initial=0))) + 1
    table = np.zeros((size, classes), np.float64)
    np.add.at(table, (known, truth), 1)
    whole = table.sum(axis=0)
    table = np.where(table.sum(axis=1, keepdims=True) > 0, table / np.maximum(whole, 1), whole)
    said: Rows = table.argmax(axis=1)[asked_of].astype(np.int64)
    return said


def said_by_numbers(known: Floats, truth: Rows, asked_of: Floats) -> Rows:
    """Say what a tree of eight leaves says, each class weighing the same."""
    from sklearn import config_context
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(
        max_leaf_nodes=LEAVES, min_samples_leaf=max(5, len(known) // 200), random_state=0
    )
    counts = np.bincount(truth)
    weights = (len(truth) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[truth]
    with config_context(skip_parameter_validation=True):  # thousands of small trees are fitted
        tree.fit(known[:, None], truth, sample_weight=weights)
        said: Rows = tree.predict(asked_of[:, None]).astype(np.int64)
    return said
