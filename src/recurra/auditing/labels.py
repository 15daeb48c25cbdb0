"""Labels that may be wrong, by models that did not learn from the row: confident learning.

::

    p_ij   probability that row i is of class j, by a model fitted on other folds (copies aside)
    t_j    mean of p_ij over the rows labelled j              how sure a row of j is, as a rule
    l_i    the class of the largest p_ij among those with p_ij >= t_j; none: nothing is said
    suspect where l_i is not the label, the likeliest first: by p_i,label - p_i,l_i

The model is simple (`simple`): of texts a logistic regression on runs of letters, of numbers random
trees. It sees nothing of the row's own copies. Nothing is dropped or changed.

Source: Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in dataset labels",
Journal of Artificial Intelligence Research 70 (2021).
"""

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.auditing.findings import Example, Finding, Suspect
from recurra.auditing.rows import FOLDS, Audited
from recurra.auditing.simple import Simple
from recurra.judging.splits import stratified_group_folds

__all__ = ["doubtful", "label_findings", "out_of_fold"]

MOST_ROWS = 100_000  # that are asked; of more, as many are drawn
SHOWN = 3


def label_findings(audited: Audited) -> tuple[list[Finding], list[Suspect]]:
    """Give the rows whose label may be wrong, the likeliest first, and what is to be said."""
    truth, names = audited.truth, audited.rows.names
    rows = np.arange(len(truth))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(audited.seed).choice(rows, MOST_ROWS, replace=False))
        audited.notes.append(f"labels were asked of {MOST_ROWS:,} of {len(truth):,} rows")
    rows = _of_large_classes(audited, rows)
    if len(rows) and len(np.unique(audited.bound[rows])) < 2 * FOLDS:
        audited.notes.append(f"labels were not asked: fewer than {2 * FOLDS} rows are no copies")
        rows = rows[:0]
    if not len(rows):
        return [], []
    told = out_of_fold(audited.simple(rows), truth[rows], audited.bound[rows], audited.seed)
    which, likely = doubtful(told, truth[rows])
    suspects = [
        Suspect(
            row=audited.place(int(rows[i])),
            side="" if audited.held is None else audited.names[int(audited.held[rows[i]])],
            label=names[truth[rows[i]]],
            likely=names[j],
            of_label=float(told[i, truth[rows[i]]]),
            of_likely=float(told[i, j]),
            text=audited.shown(int(rows[i])),
            step=audited.step(int(rows[i])),
        )
        for i, j in zip(which.tolist(), likely.tolist(), strict=True)
    ]
    return [_finding(audited, suspects, rows[which], len(rows))] * bool(suspects), suspects


def _of_large_classes(audited: Audited, rows: Rows) -> Rows:
    """Give the rows of classes large enough for folds; none where whole rows have a smaller one."""
    names, truth = audited.rows.names, audited.truth[rows]
    large = np.bincount(truth, minlength=len(names)) >= 2 * FOLDS
    kept = large[truth]
    if large.sum() < 2 or not (kept.all() or audited.step(0) is not None):
        audited.notes.append(f"labels were not asked: a class has fewer than {2 * FOLDS} rows")
        return rows[:0]
    if not kept.all():
        few = ", ".join(names[number] for number in np.flatnonzero(~large))
        audited.notes.append(
            f"{int((~kept).sum()):,} labels were not asked: of fewer than {2 * FOLDS} there are "
            f"only {few}"
        )
    return rows[kept]


def _finding(audited: Audited, suspects: list[Suspect], rows: Rows, of: int) -> Finding:
    size = len(suspects)
    return Finding(
        kind="labels that may be wrong",
        level="note",
        sentence=(
            f"{size:,} of {of:,} labels ({size / of:.1%}) may be wrong: models fitted on other "
            "rows are as sure of another class as they are of what has it."
        ),
        size=size,
        of=of,
        examples=[
            Example(
                left=audited.short(row),
                right=f"likely {suspect.likely}: {suspect.of_likely:.0%}, {suspect.label}: "
                f"{suspect.of_label:.0%}",
                left_row=audited.named(row),
                right_row="by other rows",
            )
            for row, suspect in zip(rows[:SHOWN].tolist(), suspects, strict=False)
        ],
        advice=(
            "Look at them, the first ones first, and mend the labels of the test, too: some are "
            "right, and hard. Drop none unseen."
        ),
    )


def out_of_fold(simple: Simple, truth: Rows, groups: Rows, seed: int = 0) -> Floats:
    """Give the probability of each class for each row, by a model that did not learn from it.

    Args:
        simple: the model.
        truth: (rows,) the number of the class; each has ten rows or more.
        groups: (rows,) rows of one number stand in one fold.
        seed: of the folds.

    Returns:
        (rows, classes) probabilities.
    """
    classes = int(truth.max()) + 1
    found = np.zeros((len(truth), classes))
    fold = stratified_group_folds(truth, groups, FOLDS, seed)
    for number in range(FOLDS):
        known, held = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        found[held] = simple.shares(known, truth, held, classes)
    return found


def doubtful(told: Floats, truth: Rows) -> tuple[Rows, Rows]:
    """Give the rows whose label may be wrong, the likeliest first, and the class that is likelier.

    Args:
        told: (rows, classes) probabilities, out of fold.
        truth: (rows,) the number of the class of the label.

    Example:
        >>> told = np.array([[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.1, 0.9], [0.05, 0.95]])
        >>> doubtful(told, np.array([0, 0, 1, 1, 0]))
        (array([4]), array([1]))
    """
    classes = told.shape[1]
    sure = np.array(
        [told[truth == k, k].mean() if (truth == k).any() else 2 for k in range(classes)]
    )
    confident = np.where(told >= sure - 1e-12, told, -1.0)
    likely = confident.argmax(axis=1)
    rows = np.flatnonzero((confident.max(axis=1) >= 0) & (likely != truth))
    margin = told[rows, truth[rows]] - told[rows, likely[rows]]
    order = np.argsort(margin, kind="stable")
    return rows[order], likely[rows[order]]
