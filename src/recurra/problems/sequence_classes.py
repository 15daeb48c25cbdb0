"""Many to one: numeric sequences with a class each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.baselines.classes import constants
from recurra.baselines.sequences import sequence_baselines
from recurra.data.sequences import LabelledSequences, check_enough, sample_sequences
from recurra.errors import SettingsError
from recurra.estimators import SequenceClassifier
from recurra.estimators.encoders import group_equal
from recurra.judging import leaks
from recurra.judging.classes import (
    ClassProblem,
    Labelled,
    beside_of,
    class_data,
    turns_of,
)
from recurra.judging.measures import class_measures
from recurra.judging.problem import Fold, all_held, folds_of
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.splits import Split, stratified_group_folds, stratified_group_split
from recurra.models import number_architecture
from recurra.names import SEQUENCES, one_of
from recurra.problems.kept import Asked, classes_of
from recurra.problems.networks import ClassifierNetwork, networks
from recurra.problems.saved.sequences import KINDS
from recurra.text import content_key

__all__ = ["DEFAULT", "KINDS", "SequenceProblem", "asked_again", "sequences"]

DEFAULT = "gru-fcn"
TEST_SHARE = 0.2


def sequences(
    rows: LabelledSequences | None = None,
    *,
    models: Sequence[str] = (DEFAULT,),
    positive: str | None = None,
    folds: int | None = None,
    seed: int = 0,
    sample: bool = False,
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
        settings: of `SequenceClassifier`.

    Raises:
        DataError: there are too few sequences, or of too few classes.
        SettingsError: a model or the positive class is unknown.

    Example:
        >>> problem = sequences(sample=True, epochs=1)
        >>> problem.data.rows, [contender.name for contender in problem.contenders][:2]
        (60, ['gru-fcn', 'base rate'])
    """
    if sample == (rows is not None):
        raise SettingsError("give rows, or sample=True.")
    rows = sample_sequences() if rows is None else rows
    _check_models(models)
    rows, kind = _prepared(rows, folds)
    check_enough(rows)
    copies = group_equal(rows.sequences)
    groups = copies if rows.groups is None else np.unique(rows.groups, return_inverse=True)[1]
    labelled = Labelled(
        rows.sequences, rows.truth, rows.names, _positive(rows, positive), groups.astype(np.int64)
    )
    estimators = [SequenceClassifier(name, random_state=seed, **settings) for name in models]
    share = estimators[0].validation_split
    classes, which = len(rows.names), labelled.positive
    return SequenceProblem(
        name="sequences",
        data=DataInfo(
            source=rows.source, sha256=rows.sha256, notes=list(rows.notes), **class_data(labelled)
        ),
        split=kind,
        folds=_folds(labelled, rows, folds, share, seed),
        contenders=[
            *networks(NumbersNetwork, estimators),
            *constants(which),
            *sequence_baselines(),
        ],
        measures=class_measures(classes, which),
        beside=beside_of(classes, which),
        seed=seed,
        facts=[*(e.get_params() for e in estimators), rows.labels.tolist()],  # type: ignore[union-attr]
        rows=labelled,
        ids=rows.ids,
        validation_split=share,
        copies=copies,
        channels=rows.channels,
    )


def _check_models(models: Sequence[str]) -> None:
    for name in models:
        one_of(name, SEQUENCES, "the model")


def _positive(rows: LabelledSequences, positive: str | None) -> int | None:
    if positive is None:
        return None
    if len(rows.names) != 2 or positive not in rows.names:
        raise SettingsError(
            "--positive must be one of two classes, but the classes are "
            f"{', '.join(rows.names[:10])} and {positive!r} was given."
        )
    return rows.names.index(positive)


def _prepared(rows: LabelledSequences, folds: int | None) -> tuple[LabelledSequences, str]:
    """Give the rows used, and how they are split, in words."""
    together = "equal sequences" if rows.groups is None else "groups"
    if rows.published_test is None:
        return rows, f"stratified, {together} on one side"
    if folds is None:
        return rows, "the file to test on is held out"
    kept = rows.take(np.flatnonzero(~rows.published_test))
    return kept, f"stratified, {together} on one side, the file to train on alone"


def _folds(
    labelled: Labelled, rows: LabelledSequences, folds: int | None, share: float, seed: int
) -> list[Fold]:
    truth, groups = labelled.truth, labelled.groups
    strata = truth == 1 if len(labelled.names) == 2 else truth

    def sides(known: Rows) -> Any:
        return turns_of(truth[known], groups[known], share, seed)

    if folds is not None:
        return folds_of(stratified_group_folds(strata, groups, folds, seed), sides)
    test = rows.published_test
    if test is None:
        known, held = stratified_group_split(strata, groups, TEST_SHARE, seed)
    else:
        known, held = np.flatnonzero(~test), np.flatnonzero(test)
    return [Fold(known, held, sides(known))]


@dataclass
class NumbersNetwork(ClassifierNetwork):
    """A `SequenceClassifier` of numbers: where no class is to be found, the likelier is said."""

    def _sides(self, known: Labelled, sides: Any) -> list[Any] | None:
        falling = number_architecture(self.estimator.model).falling
        return None if falling else super()._sides(known, sides)

    def _fit(self, known: Labelled, sides: Any, **watched: Any) -> None:
        super()._fit(known, sides, **watched)
        if known.positive is None and len(known.names) == 2:
            self.estimator.threshold_ = 0.5


@dataclass
class SequenceProblem(ClassProblem):
    """Numeric sequences to classes.

    Args:
        copies: (rows,) one number for all sequences that are equal.
        channels: the names of the numbers of a step.
    """

    copies: Rows | None = None
    channels: tuple[str, ...] = ()

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
            leaks.target_in_columns(channels, named.truth, self.channels),
        ]

    def notes(self, found: Found) -> list[str]:
        """Say which rows taught the network."""
        if number_architecture(found.chosen).falling:
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
        return [*super().exhibits(found), about]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give names."""
        assert self.ids is not None
        return {"id": self.ids}

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all sequences that are equal, number by number."""
        read = self._rows().inputs
        parts = np.split(np.ascontiguousarray(read.timesteps()), read.offsets[1:-1])
        return {"duplicate_key": np.array([content_key(part.tobytes()) for part in parts])}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give the names of the channels."""
        return {"channels": list(self.channels)}


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
