"""Many to one: numeric sequences with a number each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from recurra.arrays import Floats, Rows
from recurra.baselines.quantities import quantity_baselines
from recurra.data.sequences import LabelledSequences, sample_quantities
from recurra.errors import SettingsError
from recurra.estimators import SequenceRegressor
from recurra.groups import group_equal
from recurra.judging import leaks
from recurra.judging.evidence import Evidence
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.quantities import BESIDE, Measured, quantity_measures
from recurra.judging.report import DataInfo, Exhibit, Probe, figure
from recurra.judging.run import Found
from recurra.judging.splits import Split
from recurra.models import number_architecture
from recurra.names import QUANTITIES, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import EstimatorNetwork, networks, tunable
from recurra.problems.saved.quantities import KINDS
from recurra.problems.splitting import SplitQuantities, split_quantities
from recurra.text import content_key

__all__ = ["DEFAULT", "KINDS", "QuantityProblem", "asked_again", "quantities"]

DEFAULT = "gru-fcn"
MOST_MISTAKES = 10
NEARLY = 0.999  # the size of a correlation with which one number is the other


def quantities(
    rows: LabelledSequences | None = None,
    *,
    models: Sequence[str] = (DEFAULT,),
    folds: int | None = None,
    seed: int = 0,
    sample: bool = False,
    keep_near: bool = False,
    split: SplitQuantities | None = None,
    **settings: Any,
) -> "QuantityProblem":
    """Ask for the number of numeric sequences.

    Args:
        rows: with targets, as `read_sequences` or `label_sequences` give them.
        models: architectures by name, of `recurra.names.QUANTITIES`.
        folds, seed, sample, keep_near: as in `recurra.problems.sequences`.
        split: of these rows, where it is made; None: it is made here.
        settings: of `SequenceRegressor`.

    Raises:
        DataError: there are too few sequences, or all have one number.
        SettingsError: a model is unknown.

    Example:
        >>> problem = quantities(sample=True, epochs=1)
        >>> problem.data.rows, [contender.name for contender in problem.contenders][:2]
        (60, ['gru-fcn', 'mean'])
    """
    if sample == (rows is not None):
        raise SettingsError("give rows, or sample=True.")
    rows = sample_quantities() if rows is None else rows
    for name in models:
        one_of(name, QUANTITIES, "the model")
    estimators = [SequenceRegressor(name, random_state=seed, **settings) for name in models]
    share = estimators[0].validation_split
    split = split or split_quantities(rows, near=not keep_near, folds=folds, share=share, seed=seed)
    return _declared(split, estimators, seed)


def _declared(
    split: SplitQuantities, estimators: list[SequenceRegressor], seed: int
) -> "QuantityProblem":
    rows = split.rows
    return QuantityProblem(
        name="quantities",
        data=_described(rows, split.pieces, split.notes),
        split=split.kind,
        folds=split.folds,
        contenders=[*networks(QuantityNetwork, estimators), *quantity_baselines()],
        measures=quantity_measures(),
        beside=BESIDE,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), split.kind, split.measured.truth.tolist()],
        rows=split.measured,
        pieces=split.pieces,
        copies=split.copies.exact,
        ids=rows.ids,
        source=rows,
        sides=split.sides,
        probed=split.bonds.probes,
    )


def _described(rows: LabelledSequences, pieces: Rows, notes: Sequence[str]) -> DataInfo:
    assert rows.targets is not None
    low, middle, high = np.quantile(rows.targets, (0, 0.5, 1))
    said = f"{rows.target} is from {low:g} to {high:g}, its median {middle:g}"
    return DataInfo(
        source=rows.source,
        sha256=rows.sha256,
        rows=len(rows),
        groups=len(np.unique(pieces)),
        notes=[*rows.notes, said, *notes],
    )


@dataclass
class QuantityNetwork(EstimatorNetwork):
    """A `SequenceRegressor` among contenders."""

    reads = SequenceRegressor

    def _fit(self, known: Measured, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.truth)
        architecture = number_architecture(self.estimator.model)
        members = self.estimator.members or architecture.members
        turns = [sides[n % len(sides)] for n in range(members)] if architecture.validated else None
        self.estimator.fit(known.inputs, known.truth, groups=known.groups, sides=turns, **watched)

    def say(self, asked: Any) -> Floats:
        """Give the number of each sequence."""
        said: Floats = self.estimator.predict(asked)
        return said


@dataclass
class QuantityProblem(Problem):
    """Numeric sequences to numbers.

    Args:
        rows: all of them.
        pieces: (rows,) rows of one number are one piece of evidence.
        copies: (rows,) one number for all sequences that are equal.
        ids: (rows,) how predictions.csv names a row.
        source: the sequences as they were read.
        sides: from rows known to their sides.
        probed: looks for what is bound on two sides.
    """

    rows: Measured | None = None
    pieces: Rows | None = None
    copies: Rows | None = None
    ids: Any = None
    source: LabelledSequences | None = None
    sides: Callable[[Rows], Sides] | None = None
    probed: Callable[[Sequence[Split]], list[Probe]] | None = None

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L3.1": "the day of a row is not known: name its column with --time",
        "L3.2": "which rows belong together, copies aside, is not known: name the column with "
        "--group",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other rows",
        "labels": "what is told are numbers: no row is doubted",
    }

    def _rows(self) -> Measured:
        assert self.rows is not None
        return self.rows

    def _source(self) -> LabelledSequences:
        assert self.source is not None
        return self.source

    def known(self, rows: Rows) -> Measured:
        """Give inputs, numbers and groups."""
        return self._rows().take(rows)

    def asked(self, rows: Rows) -> Any:
        """Give the inputs."""
        return self._rows().inputs.take(rows)

    def count(self, rows: Rows, said: Floats) -> Floats:
        """Give what was said, and what is true."""
        return np.column_stack([said, self._rows().truth[rows]])

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: rows that belong together are one."""
        assert self.pieces is not None
        return Evidence(self.pieces[rows], seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=QUANTITIES)

    def whole(self) -> Fold:
        """Give all rows as rows known."""
        assert self.sides is not None
        known = np.arange(len(self._rows().truth))
        return Fold(known, np.zeros(0, np.int64), self.sides(known))

    def probes(self, found: Found) -> list[Probe]:
        """Look for equal sequences on two sides, and for a channel that is the number."""
        fold = self.folds[-1]
        sides = [
            Split(fold.known[train], fold.known[validation], fold.held)
            for train, validation in found.model(found.chosen).estimator.sides_
        ]
        assert self.copies is not None
        return [
            leaks.rows_on_both_sides(self.copies, sides, "equal number by number"),
            *(self.probed(sides) if self.probed else []),
            self._told_by_a_channel(),
        ]

    def _told_by_a_channel(self) -> Probe:
        """Look for a channel whose mean or last value is the number, but for its unit."""
        named, source = self._rows(), self._source()
        sequences = named.inputs
        steps = sequences.timesteps()
        means = np.add.reduceat(steps, sequences.offsets[:-1]) / sequences.lengths[:, None]
        lasts = steps[sequences.offsets[1:] - 1]
        told = [
            f"{what} of {channel}"
            for what, values in (("mean", means), ("last value", lasts))
            for channel, column in zip(source.channels, values.T, strict=True)
            if _correlation(column, named.truth) > NEARLY
        ]
        detail = (
            f"The {told[0]} is {source.target}, but for its unit."
            if told
            else (f"No mean or last value of a channel is {source.target}, but for its unit.")
        )
        return Probe(
            name="target hidden in another column", passed=not told, size=len(told), detail=detail
        )

    def notes(self, found: Found) -> list[str]:
        """Say which rows taught the network."""
        if number_architecture(found.model(found.chosen).estimator.model).validated:
            return []
        return [
            "All rows known taught the network, those of validation, too: its learning rate falls "
            "to nought and its last epoch is kept. Baselines choose their settings on validation "
            "rows, and then learn from all rows known."
        ]

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show the sequences, and the largest mistakes."""
        return [self._mistakes(found), self._about()]

    def _mistakes(self, found: Found) -> Exhibit:
        statistics = found.statistics(found.chosen)
        errors = statistics[:, 0] - statistics[:, 1]
        worst = np.argsort(-np.abs(errors), kind="stable")[:MOST_MISTAKES]
        ids = self.ids[found.held]
        return Exhibit(
            title="The largest mistakes",
            columns=["sequence", f"{self._source().target} is", "said", "error"],
            rows=[
                [str(ids[i]), figure(statistics[i, 1]), figure(statistics[i, 0]), figure(errors[i])]
                for i in worst
            ],
            note=f"Of {len(errors):,} held sequences half are said to within "
            f"{figure(float(np.median(np.abs(errors))))}.",
        )

    def _about(self) -> Exhibit:
        lengths, channels = self._rows().inputs.lengths, self._source().channels
        return Exhibit(
            title="The sequences",
            columns=["", "least", "median", "most"],
            rows=[["steps", *(f"{int(q):,}" for q in np.quantile(lengths, (0, 0.5, 1)))]],
            note=f"{len(channels)} channels a step: {', '.join(channels[:12])}"
            + (", …" if len(channels) > 12 else ""),
        )

    def pictures(self, found: Found) -> list[tuple[str, Callable[[Any], None]]]:
        """Draw what was said against what is true."""
        statistics, target = found.statistics(found.chosen), self._source().target

        def draw(axes: Any) -> None:
            ends = [float(statistics.min()), float(statistics.max())]
            axes.plot(ends, ends, linewidth=1, alpha=0.5, color="gray")
            axes.plot(statistics[:, 1], statistics[:, 0], "o", markersize=4, alpha=0.6)
            axes.set_xlabel(f"{target}, as it is")
            axes.set_ylabel("as it is said")

        return [(f"{target}: said by {found.chosen} of held sequences", draw)]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give id and number of every held row, and what each contender said."""
        said = {each.name: found.statistics(each.name)[:, 0] for each in self.contenders}
        held = found.held
        return {"id": self.ids[held], "truth": self._rows().truth[held], **said}

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("say the number of new sequences", ["predict", run, "NEW.csv"]),
            ("judge it on new sequences with numbers", ["evaluate", run, "NEW.csv"]),
        ]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give names."""
        return {"id": self.ids}

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all sequences that are equal, number by number."""
        read = self._rows().inputs
        parts = np.split(np.ascontiguousarray(read.timesteps()), read.offsets[1:-1])
        return {"duplicate_key": np.array([content_key(part.tobytes()) for part in parts])}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give the names of the channels and of the columns beside them, and what is foretold."""
        source = self._source()
        columns = dict(source.columns)
        return {"channels": list(source.channels), "columns": columns, "target": source.target}


def _correlation(one: Floats, other: Floats) -> float:
    if one.std() == 0 or other.std() == 0:
        return 0.0
    return float(abs(pd.Series(one).corr(pd.Series(other))))


def asked_again(asked: Asked, rows: LabelledSequences) -> QuantityProblem:
    """Ask saved models for the number of new sequences."""
    assert rows.targets is not None
    copies = group_equal(rows.sequences)
    groups = copies if rows.groups is None else np.unique(rows.groups, return_inverse=True)[1]
    groups = groups.astype(np.int64)
    return QuantityProblem(
        name="quantities",
        data=_described(rows, groups, []),
        split="rows given",
        folds=all_held(len(rows)),
        contenders=(),
        measures=quantity_measures(),
        beside=BESIDE,
        rows=Measured(rows.sequences, rows.targets, groups),
        pieces=groups,
        ids=rows.ids,
        source=rows,
    )
