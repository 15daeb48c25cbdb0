"""Many to one: numeric sequences with a class each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.baselines.classes import constants
from recurra.baselines.sequences import sequence_baselines
from recurra.data.sequences import LabelledSequences, sample_sequences
from recurra.errors import SettingsError
from recurra.estimators import SequenceClassifier
from recurra.groups import group_equal
from recurra.judging import leaks
from recurra.judging.classes import (
    Labelled,
    beside_of,
    class_data,
)
from recurra.judging.measures import class_measures
from recurra.judging.problem import Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.shift import Look
from recurra.judging.splits import Split
from recurra.models import number_architecture
from recurra.names import SEQUENCES, one_of
from recurra.problems.begun import BegunProblem
from recurra.problems.kept import Asked, classes_of
from recurra.problems.networks import ClassifierNetwork, networks, tunable
from recurra.problems.saved.sequences import KINDS
from recurra.problems.splitting import SplitSequences, split_sequences
from recurra.text import content_key

__all__ = ["DEFAULT", "KINDS", "SequenceProblem", "asked_again", "sequences"]

DEFAULT = "rocket-gru-fcn"


def sequences(
    rows: LabelledSequences | None = None,
    *,
    models: Sequence[str] = (DEFAULT,),
    positive: str | None = None,
    folds: int | None = None,
    seed: int = 0,
    sample: bool = False,
    keep_near: bool = False,
    split: SplitSequences | None = None,
    **settings: Any,
) -> "SequenceProblem":
    """Ask for the class of numeric sequences.

    Args:
        rows: as `read_sequences`, `label_sequences` or `sequences_of_frame` give them.
        models: architectures by name, of `recurra.names.SEQUENCES`.
        positive: of two classes, the one to find; None: none is.
        folds: how many; None holds out the rows published as a test, else a fifth. With folds of a
            published split the training side alone is used: to choose must not touch the test.
        seed: of splits, networks and draws.
        sample: whether sequences made up for this package are taken.
        keep_near: whether near copies, parts of each other and windows that overlap may stand on
            both sides; equal sequences never do.
        split: of these rows, where it is made; None: it is made here.
        settings: of `SequenceClassifier`.

    Raises:
        DataError: there are too few sequences, or of too few classes.
        SettingsError: a model or the positive class is unknown.

    Example:
        >>> problem = sequences(sample=True, epochs=1)
        >>> problem.data.rows, [contender.name for contender in problem.contenders][:2]
        (60, ['rocket-gru-fcn', 'base rate'])
    """
    if sample == (rows is not None):
        raise SettingsError("give rows, or sample=True.")
    rows = sample_sequences() if rows is None else rows
    _check_models(models)
    estimators = [SequenceClassifier(name, random_state=seed, **settings) for name in models]
    share = estimators[0].validation_split
    split = split or split_sequences(
        rows, positive, near=not keep_near, folds=folds, share=share, seed=seed
    )
    return _declared(split, estimators, seed)


def _declared(
    split: SplitSequences, estimators: list[SequenceClassifier], seed: int
) -> "SequenceProblem":
    rows, labelled = split.rows, split.labelled
    classes, which = len(rows.names), labelled.positive
    return SequenceProblem(
        name="sequences",
        data=DataInfo(
            source=rows.source,
            sha256=rows.sha256,
            notes=[*rows.notes, *split.notes],
            **class_data(labelled),
        ),
        split=split.kind,
        folds=split.folds,
        contenders=[
            *networks(NumbersNetwork, estimators),
            *constants(which),
            *sequence_baselines(),
        ],
        measures=class_measures(classes, which),
        beside=beside_of(classes, which),
        seed=seed,
        facts=[
            *(e.get_params() for e in estimators),
            split.kind,
            rows.labels.tolist(),  # type: ignore[union-attr]
        ],
        rows=labelled,
        ids=rows.ids,
        validation_split=estimators[0].validation_split,
        pieces=split.pieces,
        copies=split.copies.exact,
        channels=rows.channels,
        columns=rows.columns,
        bonds=split.bonds,
    )


def _check_models(models: Sequence[str]) -> None:
    for name in models:
        one_of(name, SEQUENCES, "the model")


MOST_CHANNELS = 8  # whose means are held to those of training


@dataclass
class NumbersNetwork(ClassifierNetwork):
    """A `SequenceClassifier` of numbers: where no class is to be found, the likelier is said."""

    def _sides(self, known: Labelled, sides: Any) -> list[Any] | None:
        validated = number_architecture(self.estimator.model).validated
        return super()._sides(known, sides) if validated else None

    def _fit(self, known: Labelled, sides: Any, **watched: Any) -> None:
        super()._fit(known, sides, **watched)
        if known.positive is None and len(known.names) == 2:
            self.estimator.threshold_ = 0.5


@dataclass
class SequenceProblem(BegunProblem):
    """Numeric sequences to classes.

    Args:
        copies: (rows,) one number for all sequences that are equal.
        channels: the names of the numbers of a step.
        columns: of the table, by their roles.
    """

    copies: Rows | None = None
    channels: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=SEQUENCES)

    def probes(self, found: Found) -> list[Probe]:
        """Look for equal sequences on two sides, and for a channel that is the class."""
        fold = self.folds[-1]
        sides = [
            Split(fold.known[train], fold.known[validation], fold.held)
            for train, validation in found.model(found.chosen).estimator.sides_
        ]
        assert self.copies is not None
        named = self._rows()
        means = _means(named.inputs)
        channels = pd.DataFrame(means, columns=list(self.channels))
        return [
            leaks.rows_on_both_sides(self.copies, sides, "equal number by number"),
            *(self.bonds.probes(sides) if self.bonds else []),
            *self.own_starts(found.model(found.chosen).estimator),
            leaks.target_in_columns(channels, named.truth, self.channels),
        ]

    def notes(self, found: Found) -> list[str]:
        """Say which rows taught the network."""
        architecture = number_architecture(found.model(found.chosen).estimator.model)
        if architecture.last:
            return [
                "Each network held out other rows of those known: on them all it was weighed with "
                "its linear model. Its learning rate falls to nought and its last epoch is kept."
            ]
        if not architecture.validated:
            return [
                "All rows known taught the network, those of validation, too: its learning rate "
                "falls to nought and its last epoch is kept. Baselines choose C on validation "
                "rows, and then learn from all rows known."
            ]
        return []

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Add what the sequences are like."""
        lengths = self._rows().inputs.lengths
        about = Exhibit(
            title="The sequences",
            columns=["", "least", "median", "most"],
            rows=[["steps", *(f"{int(q):,}" for q in np.quantile(lengths, (0, 0.5, 1)))]],
            note=f"{len(self.channels)} channels a step: {', '.join(self.channels[:12])}"
            + (", …" if len(self.channels) > 12 else ""),
        )
        return [*self.added(found), *super().exhibits(found), about]

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("classify new sequences", ["predict", run, "NEW.csv"]),
            ("judge it on new sequences with classes", ["evaluate", run, "NEW.csv"]),
        ]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give names."""
        assert self.ids is not None
        return {"id": self.ids}

    def look(self, rows: Rows) -> Look:
        """Say how long sequences are, and the mean of each of their first channels."""
        assert self.copies is not None
        named = self._rows().take(rows)
        means = _means(named.inputs)
        traits = {"steps": named.inputs.lengths.astype(float)}
        traits |= {f"mean of {c}": means[:, n] for n, c in enumerate(self.channels[:MOST_CHANNELS])}
        return Look(self.copies[rows], named.truth, named.names, traits)

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all sequences that are equal, number by number."""
        read = self._rows().inputs
        parts = np.split(np.ascontiguousarray(read.timesteps()), read.offsets[1:-1])
        return {"duplicate_key": np.array([content_key(part.tobytes()) for part in parts])}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give the names of the channels, and of the columns beside them."""
        return {"channels": list(self.channels), "columns": dict(self.columns)}


def _means(sequences: Any) -> Any:
    """Give the mean of each channel of each sequence."""
    steps = sequences.timesteps()
    return np.add.reduceat(steps, sequences.offsets[:-1]) / sequences.lengths[:, None]


def asked_again(asked: Asked, rows: LabelledSequences) -> SequenceProblem:
    """Ask saved models for the class of new sequences."""
    names, positive = classes_of(asked.network)
    if asked.network.facts.settings.get("positive") is None:
        positive = None
    assert rows.labels is not None
    truth = np.array([names.index(label) for label in rows.labels])
    copies = group_equal(rows.sequences)
    groups = copies if rows.groups is None else np.unique(rows.groups, return_inverse=True)[1]
    labelled = Labelled(rows.sequences, truth, names, positive, groups.astype(np.int64))
    return SequenceProblem(
        name="sequences",
        data=DataInfo(
            source=rows.source, sha256=rows.sha256, notes=list(rows.notes), **class_data(labelled)
        ),
        split="rows given",
        folds=all_held(len(truth)),
        contenders=(),
        measures=class_measures(len(names), positive),
        beside=beside_of(len(names), positive),
        rows=labelled,
        ids=rows.ids,
        copies=copies,
        channels=rows.channels,
    )
