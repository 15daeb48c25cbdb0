"""Many to one: numeric sequences with a class each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.baselines.classes import Constant, constants
from recurra.baselines.sequences import LinearSequences, NearestSequence, sequence_baselines
from recurra.bundle import read_bundle
from recurra.data.sequences import LabelledSequences, check_enough, sample_sequences
from recurra.errors import BundleError, DataError, SettingsError
from recurra.estimators import SequenceClassifier
from recurra.estimators.encoders import group_equal
from recurra.judging import leaks
from recurra.judging.classes import (
    ClassProblem,
    Labelled,
    Said,
    beside_of,
    class_data,
    turns_of,
)
from recurra.judging.measures import class_measures
from recurra.judging.problem import Fold, folds_of
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.splits import Split, stratified_group_folds, stratified_group_split
from recurra.models import NUMBER_NETWORKS, number_architecture
from recurra.problems.networks import ClassifierNetwork, networks
from recurra.problems.saved import bundle_of

__all__ = ["DEFAULT", "SavedSequences", "SequenceProblem", "saved_sequences", "sequences"]

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
        models: architectures by name, of `recurra.models.NUMBER_NETWORKS`.
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
    wrong = [name for name in models if name not in NUMBER_NETWORKS]
    if wrong:
        raise SettingsError(
            f"the model must be one of {', '.join(NUMBER_NETWORKS)}, but {wrong[0]!r} was given"
        )


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
        """Give names, and what tells sequences seen in training again."""
        assert self.copies is not None
        assert self.ids is not None
        return {"id": self.ids, "duplicate_key": self.copies}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give the names of the channels."""
        return {"channels": list(self.channels)}


def _means(sequences: Any) -> Any:
    """Give the mean of each channel of each sequence."""
    steps = sequences.timesteps()
    return np.add.reduceat(steps, sequences.offsets[:-1]) / sequences.lengths[:, None]


# ---- saved models


BASELINES: dict[str, Any] = {
    "Constant": Constant,
    "LinearSequences": LinearSequences,
    "NearestSequence": NearestSequence,
}


class SavedSequences:
    """A saved model of numeric sequences, whichever it is.

    Args:
        name: by which tables call it.
        names: of the classes.
        positive: the number of the one to find, of two.
        channels: the names of the numbers of a step.
        model: what says something of sequences.
    """

    def __init__(
        self,
        name: str,
        names: tuple[str, ...],
        positive: int | None,
        channels: tuple[str, ...],
        model: Any,
    ) -> None:
        self.name, self.names, self.positive = name, names, positive
        self.channels, self.model = channels, model

    def say(self, rows: LabelledSequences) -> Said:
        """Give probabilities and decisions.

        Raises:
            DataError: the sequences have other channels than those trained on.
        """
        if len(rows.channels) != len(self.channels):
            raise DataError(
                f"a step must have {len(self.channels)} channels, as in training "
                f"({', '.join(self.channels[:8])}), but {rows.source} has {len(rows.channels)}."
            )
        said: Said = self.model.say(rows.sequences)
        return said

    def answer(self, rows: LabelledSequences) -> list[dict[str, Any]]:
        """Give for each sequence its class, how probable that is, and every class's probability."""
        said = self.say(rows)
        return [
            {
                "id": str(name),
                "label": self.names[number],
                "score": float(shares[number]),
                "probabilities": dict(zip(self.names, shares.tolist(), strict=True)),
            }
            for name, shares, number in zip(rows.ids, said.probabilities, said.decided, strict=True)
        ]


def saved_sequences(run: str | Path, with_: str | None = None) -> SavedSequences:
    """Read a saved model of numeric sequences: the network, or the baseline beside it.

    Args:
        run: a run folder, or the model folder in it.
        with_: the name of the baseline; None: the network.

    Raises:
        BundleError: what is saved there reads no numeric sequences, or is damaged.
        SettingsError: no such model is saved there.
    """
    folder, name = bundle_of(Path(run), with_)
    config = read_bundle(folder).config
    kind, channels = config["estimator"], tuple(config.get("channels", ()))
    if kind in BASELINES and channels:
        model = BASELINES[kind].load(folder)
        return SavedSequences(name, model.names, model.positive, channels, model)
    if kind != "SequenceClassifier" or not channels:
        raise BundleError(f"{folder} holds a {kind} that does not read numeric sequences.")
    network = NumbersNetwork.of(SequenceClassifier.load(folder))
    network.names = tuple(map(str, network.estimator.classes_))
    asked = network.estimator.positive
    positive = None if asked is None else network.names.index(str(asked))
    return SavedSequences(name, network.names, positive, channels, network)
