"""A judged problem: what is asked, of which rows, by whom, and how the answers are counted.

::

    for each fold                           (rows known, rows held)                   `folds`
        for each contender                  model = make(seed)                        `contenders`
            model.fit(known rows)           inputs and targets of the rows known      `known`
            said = model.say(held rows)     inputs alone: no target goes in           `asked`
            statistics of what was said     beside the targets                        `count`
    measures over all rows held             each with an interval                     `measures`
    is a network better than every rival?   over the pieces of evidence               `evidence`
    is there a leak?                        computed, never assumed                   `probes`

A problem declares; it fits nothing. `recurra.judging.run` does all fitting and judging, for
networks and baselines alike.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.errors import DataError
from recurra.judging.evidence import Evidence
from recurra.judging.measures import Measure
from recurra.judging.report import (
    Calibration,
    DataInfo,
    Exhibit,
    ModelInfo,
    Probe,
    TrainingInfo,
    Verdict,
)
from recurra.judging.shift import Look
from recurra.judging.splits import group_split
from recurra.listeners import Listener

if TYPE_CHECKING:
    from recurra.judging.run import Found

Pictures = list[tuple[str, Callable[[Any], None]]]
Space = Mapping[str, Any]  # a list of names or numbers to choose from, or (low, high) of a rate

__all__ = [
    "Chosen",
    "Contender",
    "Fold",
    "Model",
    "Network",
    "Problem",
    "Sides",
    "Space",
    "Tunable",
    "all_held",
    "folds_of",
]

Sides = Sequence[tuple[Rows, Rows]]
VALIDATED = 0.2  # of rows that are cut once more


class Model(Protocol):
    """What a contender makes: fitted once, then asked."""

    rows: int
    """How many rows it was fitted on; a baseline may take a sample of too many."""

    def fit(
        self, known: Any, sides: Sides, *, listener: Listener, checkpoints: Path | None
    ) -> "Model":
        """Learn from the rows known.

        Args:
            known: what `Problem.known` gives of them.
            sides: places within them, to train on and to validate on, for as many turns as there
                are; whatever is chosen is chosen on validation rows.
            listener: is told how it goes.
            checkpoints: a folder for all that is needed to go on.
        """

    def say(self, asked: Any) -> Any:
        """Say something of rows, from what `Problem.asked` gives of them."""

    def save(self, folder: Path, card: str, **facts: Any) -> None:
        """Write it to a folder: JSON and safetensors, no pickle."""


class Chosen(Protocol):
    """How settings that are judged were chosen, for the report and its page."""

    @property
    def contest(self) -> tuple[str, str] | None:
        """The name of what was found and of what it is held to; None where that is the same."""

    def notes(self) -> list[str]:
        """Say how, and from how many."""

    def exhibits(self) -> list[Exhibit]:
        """Give tables of what was tried."""

    def pictures(self) -> Pictures:
        """Give plots of it."""


class Network(Model, Protocol):
    """A model that is a network."""

    @property
    def parameters(self) -> int:
        """How many, of one member."""

    @property
    def network(self) -> str:
        """Its layers in words."""

    @property
    def validation_loss(self) -> float:
        """The lowest, the mean over the members; it chooses among networks."""

    def describe(self) -> ModelInfo:
        """Say what it is made of."""

    def training(self) -> TrainingInfo:
        """Say how training went; its seconds are filled in by whoever took the time."""


@dataclass(frozen=True)
class Contender:
    """A network or a baseline, before it is fitted; it pickles, so any process may fit it.

    Args:
        name: by which it is called in every table.
        make: from a seed to a fresh model.
        baseline: whether it is what networks must beat.
        in_folds: where its settings were chosen in each fold by itself, what makes it there.
    """

    name: str
    make: Callable[[int], Model]
    baseline: bool = False
    in_folds: Sequence[Callable[[int], Model]] = ()

    def made(self, fold: int, seed: int) -> Model:
        """Give a fresh model for a fold."""
        return (self.in_folds[fold] if self.in_folds else self.make)(seed)


@dataclass(frozen=True)
class Tunable:
    """What a search may choose of the network of a problem.

    Args:
        space: by the name of a setting, what it may be.
        default: a value of each, that counts where none is given.
        contender: from a value of each, and whether one network shall stand for the average of
            several, to what is fitted.
    """

    space: Space
    default: Mapping[str, Any]
    contender: Callable[[Mapping[str, Any], bool], Contender]


@dataclass(frozen=True)
class Fold:
    """One split.

    Args:
        known: row numbers that a model may see in any way.
        held: row numbers that it is judged on.
        sides: places within `known`, to train and to validate on, for each turn.
        purged: how many rows were left out between them.
        streamed: how many rows teach beside those of `sides`: they are read in passes, and have
            no numbers.
    """

    known: Rows
    held: Rows
    sides: Sides
    purged: int = 0
    streamed: int = 0

    @property
    def train(self) -> Rows:
        """The row numbers that the first turn trains on."""
        return self.known[self.sides[0][0]]

    @property
    def validation(self) -> Rows:
        """The row numbers that the first turn validates on."""
        return self.known[self.sides[0][1]]


def all_held(rows: int | Rows) -> list[Fold]:
    """Give the only fold of new rows, which are put to models fitted before: all are held."""
    held = np.arange(rows) if isinstance(rows, int) else rows
    return [Fold(np.zeros(0, np.int64), held, [])]


def folds_of(fold: Rows, sides: Callable[[Rows], Sides]) -> list[Fold]:
    """Give a split for each number: the rows of the number are held, all others known.

    Args:
        fold: (rows,) the number of the fold that holds a row.
        sides: from the rows known to their sides.

    Example:
        >>> folds = folds_of(np.array([0, 1, 0]), lambda known: [])
        >>> [(fold.known.tolist(), fold.held.tolist()) for fold in folds]
        [([1], [0, 2]), ([0, 2], [1])]
    """
    folds = []
    for number in range(int(fold.max()) + 1):
        known = np.flatnonzero(fold != number)
        folds.append(Fold(known, np.flatnonzero(fold == number), sides(known)))
    return folds


@dataclass
class Problem:
    """What a problem file declares; a subclass says how rows are given out and counted.

    Args:
        name: of the problem, as the command line has it.
        data: where the rows come from.
        split: how they are split, for people.
        folds: the splits; `run` of one, `compare` of several, or several that walk forward.
        contenders: networks and baselines.
        measures: the first decides.
        beside: names of measures by which the same question is asked beside it.
        seed: of splits, networks and draws.
        facts: what must be the same when work is gone on with: settings, rows.
        fit_all: whether the network that is kept is fitted anew on all rows, unless told otherwise.
        after: of new rows put to saved models, the day or time up to which those were fitted: all
            rows are later. None where rows are told again by their `keys`.
        choice: how settings were chosen, where a search chose them.
    """

    alike: ClassVar[str] = ""  # what does not count when rows are told again, in words
    unmeasured: ClassVar[Mapping[str, str]] = {}  # how to look at what no probe did (`sheet`)

    name: str
    data: DataInfo
    split: str
    folds: Sequence[Fold]
    contenders: Sequence[Contender]
    measures: Sequence[Measure]
    beside: Sequence[str] = ()
    seed: int = 0
    facts: Sequence[object] = field(default_factory=tuple)
    fit_all: bool = False
    after: str | None = None
    choice: Chosen | None = None

    # ---- what every problem says

    def known(self, rows: Rows) -> Any:
        """Give all that a fit may see of these rows: inputs, targets, groups."""
        raise NotImplementedError

    def asked(self, rows: Rows) -> Any:
        """Give the inputs of these rows, and no target."""
        raise NotImplementedError

    def count(self, rows: Rows, said: Any) -> Floats:
        """Give the statistics (rows, k) of what was said of these rows, beside their targets."""
        raise NotImplementedError

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces of evidence that these rows are."""
        raise NotImplementedError

    # ---- what a problem may add

    def tunable(self) -> Tunable | None:
        """Give what a search may choose of its network; None: nothing."""
        return None

    def cut_again(self, known: Rows, train: Rows, held: Rows) -> tuple[Rows, Rows]:
        """Give places within rows known to train and to validate on, before others that are held.

        Pieces of evidence stay whole, and in time what validates comes last, as far from what
        trains as what is held is.

        Args:
            known: row numbers.
            train: places within them that may be cut.
            held: places within them that follow, or stand beside.

        Raises:
            DataError: there are too few.
        """
        evidence = self.evidence(known)
        pieces = evidence.pieces
        if not evidence.in_time:
            kept, out = group_split(pieces[train], VALIDATED, self.seed)
            return train[kept], train[out]
        gap = max(1, int(pieces[held].min() - pieces[train].max()))
        first = np.quantile(pieces[train], 1 - VALIDATED)
        kept = np.flatnonzero(pieces[train] + gap <= first)
        out = np.flatnonzero(pieces[train] >= first)
        if not (len(kept) and len(out)):
            raise DataError("to search, the training rows must be long enough to be cut once more.")
        return train[kept], train[out]

    def whole(self) -> Fold:
        """Give all rows as rows known, for the model that is used after judging."""
        raise NotImplementedError

    def answered(self, found: "Found") -> tuple[str, list[Verdict]]:
        """Ask one more question before the verdicts: the answer in words, a verdict a model."""
        return "", []

    def saved_facts(self, found: "Found", name: str) -> dict[str, Any]:
        """Give what is saved with the model of a name, beside what it is: what its run found."""
        return {}

    def probes(self, found: "Found") -> list[Probe]:
        """Look for leaks in what was fitted."""
        return []

    def cut(self, model: Any) -> list[str]:
        """Say how many of the rows a model reads only in part, where it does."""
        return []

    def notes(self, found: "Found") -> list[str]:
        """Say what else must be known of the result."""
        return []

    def remarks(self, statistics: Floats) -> list[str]:
        """Say what must be said of one contender, such as that it says the same of every row."""
        return []

    def calibration(self, statistics: Floats, rows: Rows) -> Calibration | None:
        """Compare scores with what came true, where there are scores."""
        return None

    def exhibits(self, found: "Found") -> list[Exhibit]:
        """Give tables to look at."""
        return []

    def pictures(self, found: "Found") -> list[tuple[str, Callable[[Any], None]]]:
        """Give plots for the page: a title, and what draws on matplotlib's axes."""
        return []

    def explained(self, found: "Found") -> list[tuple[str, float, list[tuple[str, float]]]]:
        """Give rows with their truth, score and what each token does to it, where there are any."""
        return []

    def predictions(self, found: "Found") -> Mapping[str, Iterable[Any]]:
        """Give the columns of predictions.csv: held rows, truth, what every contender said."""
        return {"id": found.held}

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give columns for split.csv beside the id and the side of every row, (all rows,)."""
        return {}

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Give what may be typed next: what it is for, and the words after `recurra`.

        Args:
            run: the folder of the run, as it is typed.
        """
        return []

    def look(self, rows: Rows) -> Look | None:
        """Say what rows look like, so that new ones can be held to those known; None: not asked."""
        return None

    def keys(self) -> Mapping[str, Rows]:
        """Give numbers that tell rows again by their content, (all rows,), by name of the column.

        Two rows, of this file or another, that share one of them are the same row. They stand in
        split.csv, so that a saved model knows the rows that it was fitted on.
        """
        return {}
