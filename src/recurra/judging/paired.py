"""Two runs that held out the same rows: is one better than the other by more than luck?

::

    predictions.csv of both   →  statistics of each row  →  decide: one model, one rival
    split.csv                 →  rows that belong together are one piece of evidence

What is computed again must be what the report has: the figure, and the number of pieces. Where it
is not, as of several trainings whose mean was reported, nothing is said.
"""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.judging.decide import decide
from recurra.judging.evidence import Evidence
from recurra.judging.labels import SaidLabels, label_measures, label_statistics
from recurra.judging.measures import Measure, class_measures, class_statistics, values
from recurra.judging.quantities import quantity_measures
from recurra.judging.report import Report, Verdict

__all__ = ["Judged", "better_of"]

NEAR = 1e-6  # relative: how closely a figure must be found again
SPLIT, PREDICTIONS = "split.csv", "predictions.csv"
Table = list[dict[str, str]]


@dataclass(frozen=True)
class Judged:
    """A run that was judged.

    Args:
        name: by which it is told from the other.
        folder: where its predictions are.
        report: what it found.
    """

    name: str
    folder: Path
    report: Report

    @property
    def model(self) -> str:
        """The network that is judged."""
        return self.report.verdicts[0].model

    def table(self, name: str) -> Table:
        """Read one of its tables."""
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def better_of(one: Judged, other: Judged) -> Verdict | None:
    """Say whether the network of one run is better than that of the other, on the same rows.

    Returns:
        The verdict about `one`; None where what the runs keep does not tell.
    """
    try:
        tables = one.table(PREDICTIONS), other.table(PREDICTIONS)
        if _keys(tables[0]) != _keys(tables[1]):
            return None
        pieces = _pieces(one, tables[0])
        found = _measured(one, tables[0], pieces), _measured(other, tables[1], pieces)
    except (OSError, KeyError, ValueError):
        return None
    ours, theirs = found
    if ours is None or theirs is None:
        return None
    evidence = Evidence(pieces, seed=one.report.split.seed)
    measure, models, rivals = ours[0], {one.name: [ours[1]]}, {other.name: [theirs[1]]}
    return decide([measure], models, rivals, evidence)[one.name]


def _keys(table: Table) -> list[tuple[str, str]]:
    """Give which rows were asked, and what is true of each."""
    return [(row["id"], row["truth"]) for row in table]


def _pieces(run: Judged, table: Table) -> Rows:
    """Give each row the number of its group; of its own where rows have none."""
    groups = {row["id"]: row.get("group", row["id"]) for row in run.table(SPLIT)}
    named = [groups[row["id"]] for row in table]
    numbers: Rows = np.unique(named, return_inverse=True)[1]
    return numbers


def _measured(run: Judged, table: Table, pieces: Rows) -> tuple[Measure, Floats] | None:
    """Give the deciding measure and the statistics of a run; None where they are not its report's.

    Raises:
        KeyError: its table has other columns.
        ValueError: a cell is no number.
    """
    name = run.report.measures[0].name
    wanted = run.report.contender(run.model).measures[name]
    for kind in KINDS.get(name, ()):
        measure, statistics = kind(run, table)
        again = values(measure, statistics)
        if wanted.value is not None and np.isclose(again, wanted.value, rtol=NEAR, atol=0):
            return (measure, statistics) if wanted.pieces == len(np.unique(pieces)) else None
    return None


def _columns(run: Judged, table: Table) -> tuple[list[str], Floats]:
    """Give the names of the classes, and (rows, classes) what the network says of each."""
    mark, positive = f"{run.model}: ", run.report.data.positive
    names = [name.removeprefix(mark) for name in table[0] if name.startswith(mark)]
    if names:
        return names, np.array([[float(row[mark + n]) for n in names] for row in table])
    shares = np.array([float(row[run.model]) for row in table])
    others = [name for name in run.report.data.classes if name != positive]
    return [others[0], str(positive)], np.column_stack([1 - shares, shares])


def _of_classes(run: Judged, table: Table) -> tuple[Measure, Floats]:
    names, shares = _columns(run, table)
    truth = np.array([names.index(row["truth"]) for row in table])
    return class_measures(len(names))[0], class_statistics(shares, shares.argmax(axis=1), truth)


def _of_labels(run: Judged, table: Table) -> tuple[Measure, Floats]:
    names, shares = _columns(run, table)
    truth = np.array([[name in row["truth"].split(";") for name in names] for row in table])
    said = SaidLabels(shares, np.zeros(shares.shape, bool))
    return label_measures(len(names))[0], label_statistics(said, truth)


def _of_numbers(run: Judged, table: Table) -> tuple[Measure, Floats]:
    said = np.array([[float(row[run.model]), float(row["truth"])] for row in table])
    return quantity_measures()[0], said


Kind = Callable[[Judged, Table], tuple[Measure, Floats]]
KINDS: dict[str, tuple[Kind, ...]] = {
    "Brier score": (_of_labels, _of_classes),
    "RMSE": (_of_numbers,),
}
