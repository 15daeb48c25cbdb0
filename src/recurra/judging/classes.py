"""Problems of classes, of two or more: how they are counted, shown and doubted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recurra.arrays import Floats, Rows
from recurra.errors import DataError
from recurra.judging.calibration import calibration_of, scores_in_question
from recurra.judging.evidence import Evidence
from recurra.judging.measures import class_measures, class_statistics
from recurra.judging.problem import Fold, Problem, Sides
from recurra.judging.report import Calibration, Exhibit
from recurra.judging.said import Said
from recurra.judging.splits import stratified_group_split

if TYPE_CHECKING:
    from recurra.judging.bonds import Bonds
    from recurra.judging.run import Found

__all__ = ["ClassProblem", "Labelled", "beside_of", "class_data", "turns_of"]

MOST_CLASSES_SHOWN = 20


@dataclass(frozen=True)
class Labelled:
    """Rows known: all that a fit may see.

    Args:
        inputs: (rows,) texts, or whatever a model reads.
        truth: (rows,) the number of the class of each.
        names: of the classes, in the order of their numbers.
        positive: of two, the number of the one to find; None where neither is.
        groups: (rows,) rows of one number belong together.
    """

    inputs: Any
    truth: Rows
    names: tuple[str, ...]
    positive: int | None
    groups: Rows

    @property
    def labels(self) -> npt.NDArray[np.object_]:
        """(rows,) the name of the class of each."""
        return np.array(self.names, dtype=object)[self.truth]

    @property
    def counts(self) -> Rows:
        """(classes,) how many rows of each class there are."""
        found: Rows = np.bincount(self.truth, minlength=len(self.names))
        return found

    def take(self, rows: Rows) -> "Labelled":
        """Give the chosen rows."""
        plain = isinstance(self.inputs, np.ndarray)
        inputs = self.inputs[rows] if plain else self.inputs.take(rows)
        return Labelled(inputs, self.truth[rows], self.names, self.positive, self.groups[rows])


def beside_of(classes: int, positive: int | None) -> tuple[str, ...]:
    """Give the measures of decisions by which the question is asked beside the score."""
    return ("F1", "accuracy") if classes == 2 and positive is not None else ("macro F1", "accuracy")


def turns_of(truth: Rows, groups: Rows, share: float, seed: int) -> Sides:
    """Give sides to train and to validate on: each turn holds out other rows, groups whole.

    Of few rows there are fewer turns: one that would lack a class is left out.

    Args:
        truth: (rows,) the number of the class of each.
        groups: (rows,) rows of one number stay on one side.
        share: of the rows, for validation.
        seed: of the shuffling.

    Raises:
        DataError: no turn has every class on its sides.

    Example:
        >>> sides = turns_of(np.arange(8) % 2, np.arange(8), 0.2, seed=0)
        >>> [(len(train), len(validation)) for train, validation in sides]
        [(6, 2), (6, 2), (6, 2), (6, 2)]
    """
    strata = truth == 1 if truth.max() < 2 else truth
    sides: list[tuple[Rows, Rows]] = []
    reasons: list[DataError] = []
    for turn in range(max(1, int(1 / share + 1e-9))):
        try:
            sides.append(stratified_group_split(strata, groups, share, seed, turn))
        except DataError as error:
            reasons.append(error)
    if not sides:
        raise reasons[0]
    return sides


@dataclass
class ClassProblem(Problem):
    """A problem whose answer is a class; two classes are one case of it.

    Args:
        rows: all of them.
        pieces: (rows,) rows of one number are one piece of evidence, such as copies of a text.
        ids: (rows,) how predictions.csv names a row.
        validation_split: the share of the rows known that validates.
        bonds: what binds rows, and when they were; None: their groups alone.
    """

    rows: Labelled | None = None
    pieces: Rows | None = None
    ids: npt.NDArray[Any] | None = None
    validation_split: float = 0.2
    bonds: "Bonds | None" = None

    def _rows(self) -> Labelled:
        assert self.rows is not None
        return self.rows

    def known(self, rows: Rows) -> Labelled:
        """Give inputs, classes and groups."""
        return self._rows().take(rows)

    def asked(self, rows: Rows) -> Any:
        """Give the inputs."""
        return self._rows().take(rows).inputs

    def count(self, rows: Rows, said: Said) -> Floats:
        """Give probabilities, decision and truth."""
        return class_statistics(said.probabilities, said.decided, self._rows().truth[rows])

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: rows that belong together are one."""
        pieces = self._rows().groups if self.pieces is None else self.pieces
        return Evidence(pieces[rows], seed=self.seed)

    def whole(self) -> Fold:
        """Give all rows as rows known."""
        rows = self._rows()
        known, share = np.arange(len(rows.truth)), self.validation_split
        if self.bonds is not None:
            sides = self.bonds.sides(rows, known, share, self.seed)
        else:
            sides = turns_of(rows.truth, rows.groups, share, self.seed)
        return Fold(known, np.zeros(0, np.int64), sides)

    def remarks(self, statistics: Floats) -> list[str]:
        """Say of a model that decides for one class alone that it does."""
        decided = np.unique(statistics[:, -2])
        if len(decided) > 1:
            return []
        return [f"It calls every row {self._rows().names[int(decided[0])]}."]

    def calibration(self, statistics: Floats, rows: Rows) -> Calibration | None:
        """Compare the score of the positive class with how often it is true.

        Of more than two classes, or where none is to be found, the probability of the class
        decided for.
        """
        named = self._rows()
        came, scores = scores_in_question(statistics, len(named.names), named.positive)
        return calibration_of(came, scores, self.evidence(rows).pieces, self.seed)

    def exhibits(self, found: "Found") -> list[Exhibit]:
        """Show which class is taken for which, and each class by itself."""
        statistics = found.statistics(found.chosen)
        return [self._confusion(statistics), self._each_class(statistics)]

    def _confusion(self, statistics: Floats) -> Exhibit:
        names = self._rows().names
        order = np.argsort(-np.bincount(statistics[:, -1].astype(int), minlength=len(names)))
        shown = sorted(order[:MOST_CLASSES_SHOWN].tolist())
        truth, decided = statistics[:, -1], statistics[:, -2]
        rows = [
            [
                names[k],
                *(f"{int(((truth == k) & (decided == other)).sum()):,}" for other in shown),
            ]
            for k in shown
        ]
        left = len(names) - len(shown)
        return Exhibit(
            title="Decisions",
            columns=["truth", *(f"called {names[k]}" for k in shown)],
            rows=rows,
            note=f"{left} rarer classes are not shown." if left > 0 else "",
        )

    def _each_class(self, statistics: Floats) -> Exhibit:
        names = self._rows().names
        table = []
        of_class = {m.name: m for m in class_measures(2, positive=1)}
        ones = np.ones((1, len(statistics)))
        for k, name in enumerate(names):
            one = np.column_stack(
                [
                    1 - statistics[:, k],
                    statistics[:, k],
                    statistics[:, -2] == k,
                    statistics[:, -1] == k,
                ]
            ).astype(float)
            count = int((statistics[:, -1] == k).sum())
            found = [
                float(of_class[which].of(one, ones)[0])
                for which in ("F1", "precision", "recall", "PR-AUC", "ROC-AUC")
            ]
            shown = ["–" if not np.isfinite(value) else f"{value:.3f}" for value in found]
            table.append((count, [str(name), f"{count:,}", *shown]))
        table.sort(key=lambda row: -row[0])
        return Exhibit(
            title="Each class against the rest",
            columns=["class", "rows", "F1", "precision", "recall", "PR-AUC", "ROC-AUC"],
            rows=[row for _, row in table],
        )

    def predictions(self, found: "Found") -> Mapping[str, Iterable[Any]]:
        """Give id and truth of every held row, and each contender's answer.

        Of two classes with one to find, the column of a contender is its probability; else it is
        the class decided for, and a column `name: class` for each class holds its probability.
        """
        named, held = self._rows(), found.held
        names = np.array(named.names, dtype=object)
        ids = held if self.ids is None else self.ids[held]
        columns: dict[str, Any] = {"id": ids, "truth": names[named.truth[held]]}
        for contender in self.contenders:
            said = found.statistics(contender.name)
            if len(names) == 2 and named.positive is not None:
                columns[contender.name] = said[:, named.positive]
                continue
            columns[contender.name] = names[said[:, -2].astype(int)]
            columns |= {f"{contender.name}: {name}": said[:, k] for k, name in enumerate(names)}
        return columns


def class_data(rows: Labelled) -> dict[str, Any]:
    """Give what `DataInfo` says of classes: their rows, and which is to be found."""
    return {
        "classes": dict(zip(map(str, rows.names), rows.counts.tolist(), strict=True)),
        "positive": None if rows.positive is None else str(rows.names[rows.positive]),
        "groups": len(np.unique(rows.groups)),
        "rows": len(rows.truth),
    }
