"""Many to many labels: texts, of which each has any number of labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recurra.arrays import Array, Floats, Rows
from recurra.baselines.labels import label_baselines
from recurra.data.multi_labels import MultiLabelled, sample_multi_labels
from recurra.errors import SettingsError
from recurra.estimators.labeller import SequenceLabeller
from recurra.groups import group_duplicates
from recurra.judging import leaks
from recurra.judging.evidence import Evidence
from recurra.judging.labels import (
    BESIDE,
    KnownLabels,
    SaidLabels,
    label_measures,
    label_statistics,
)
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.splits import Split
from recurra.names import LABELLERS, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import READING, EstimatorNetwork, networks, tunable
from recurra.problems.saved.multi_labels import KINDS
from recurra.problems.splitting import SplitLabels, bound_pieces, split_labels
from recurra.text import tokenizer_named
from recurra.text.joining import text_columns

__all__ = ["KINDS", "LabellerNetwork", "MultiLabelProblem", "asked_again", "multi_label"]

MOST_MISTAKES, LONGEST_SHOWN = 10, 200


def multi_label(
    rows: MultiLabelled | None = None,
    *,
    models: Sequence[str] = LABELLERS[:1],
    folds: int | None = None,
    seed: int = 0,
    sample: bool = False,
    split: SplitLabels | None = None,
    **settings: Any,
) -> "MultiLabelProblem":
    """Ask which labels texts have.

    Args:
        rows: as `read_multi_labels` gives them.
        models: architectures by name, of `recurra.names.LABELLERS`.
        folds: how many; None holds out the file to test on, else a fifth.
        seed: of splits, networks and draws.
        sample: whether texts made up for this package are taken.
        split: of these rows, where it is made; None: it is made here.
        settings: of `SequenceLabeller`.

    Raises:
        DataError: there are too few rows.
        SettingsError: a model is unknown.

    Example:
        >>> problem = multi_label(sample=True, epochs=1)
        >>> problem.data.rows, [contender.name for contender in problem.contenders][:2]
        (240, ['subword-bi-gru', 'base rate'])
    """
    if sample == (rows is not None):
        raise SettingsError("give rows, or sample=True.")
    rows = sample_multi_labels() if rows is None else rows
    for name in models:
        one_of(name, LABELLERS, "the model")
    estimators = [SequenceLabeller(name, random_state=seed, **settings) for name in models]
    share = estimators[0].validation_split
    split = split or split_labels(rows, folds=folds, share=share, seed=seed)
    return _declared(split, estimators, seed)


def _declared(
    split: SplitLabels, estimators: list[SequenceLabeller], seed: int
) -> "MultiLabelProblem":
    rows = split.rows
    return MultiLabelProblem(
        name="multi-label",
        data=_described(rows, split.pieces, split.notes),
        split=split.kind,
        folds=split.folds,
        contenders=[*networks(LabellerNetwork, estimators), *label_baselines()],
        measures=label_measures(len(rows.names)),
        beside=BESIDE,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), split.kind, *rows.texts, rows.truth.tolist()],
        rows=rows,
        pieces=split.pieces,
        split_labels=split,
    )


def _described(rows: MultiLabelled, pieces: Rows, notes: Sequence[str]) -> DataInfo:
    return DataInfo(
        source=rows.source,
        sha256=rows.sha256,
        rows=len(rows),
        groups=len(np.unique(pieces)),
        classes=dict(zip(rows.names, rows.truth.sum(axis=0).tolist(), strict=True)),
        notes=[*rows.notes, *notes],
    )


@dataclass
class LabellerNetwork(EstimatorNetwork):
    """A `SequenceLabeller` among contenders."""

    reads = SequenceLabeller

    def _fit(self, known: KnownLabels, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.truth)
        members = self.estimator.members or self._members()
        labels = [
            [name for name, there in zip(known.names, row, strict=True) if there]
            for row in known.truth.tolist()
        ]
        turns = [sides[n % len(sides)] for n in range(members)]
        told: dict[str, Any] = {"names": known.names, "groups": known.groups, "sides": turns}
        self.estimator.fit(known.inputs, labels, **told, **watched)

    def _members(self) -> int:
        from recurra.models import architecture_named

        return architecture_named(self.estimator.model).members

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return len(self.estimator.encoder_.vocabulary)

    def say(self, asked: Any) -> SaidLabels:
        """Give probabilities, and the labels that are said."""
        said: SaidLabels = self.estimator.say(asked)
        return said


@dataclass
class MultiLabelProblem(Problem):
    """Texts to any number of labels.

    Args:
        rows: all of them.
        pieces: (rows,) rows of one number are one piece of evidence.
        split_labels: how they were split; None of new rows.
    """

    rows: MultiLabelled | None = None
    pieces: Rows | None = None
    split_labels: SplitLabels | None = None

    alike = "digits, case and spacing aside"
    unmeasured: ClassVar[Mapping[str, str]] = {
        "L2": "no probe of this problem looks at it",
        "L3.1": "the day of a row is not known: name its column with --time",
        "L3.2": "which rows belong together, copies aside, is not known: name the column with "
        "--group",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other rows",
        "labels": "rows with several labels are not asked for wrong ones",
    }

    def _rows(self) -> MultiLabelled:
        assert self.rows is not None
        return self.rows

    def _pieces(self) -> Rows:
        assert self.pieces is not None
        return self.pieces

    def _split(self) -> SplitLabels:
        assert self.split_labels is not None
        return self.split_labels

    def known(self, rows: Rows) -> KnownLabels:
        """Give texts, labels and groups."""
        named = self._rows()
        return KnownLabels(
            named.texts[rows], named.truth[rows], named.names, self._split().groups[rows]
        )

    def asked(self, rows: Rows) -> Any:
        """Give the texts."""
        return self._rows().texts[rows]

    def count(self, rows: Rows, said: SaidLabels) -> Floats:
        """Give probabilities, decisions and truth."""
        return label_statistics(said, self._rows().truth[rows])

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: copies are one."""
        return Evidence(self._pieces()[rows], seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=LABELLERS, **READING)

    def whole(self) -> Fold:
        """Give all rows as rows known."""
        known = np.arange(len(self._rows()))
        return Fold(known, np.zeros(0, np.int64), self._split().sides(known))

    def probes(self, found: Found) -> list[Probe]:
        """Look for copies on two sides, and for words of other rows."""
        estimator, fold, named = found.model(found.chosen).estimator, self.folds[-1], self._rows()
        sides = [
            Split(fold.known[train], fold.known[validation], fold.held)
            for train, validation in estimator.sides_
        ]
        tokenize = tokenizer_named(estimator.encoder_.tokenizer)

        def tokens(rows: Rows) -> list[list[str]]:
            return [[token.lower() for token in tokenize(text)] for text in named.texts[rows]]

        known = estimator.encoder_.vocabulary.tokens
        return [
            leaks.rows_on_both_sides(self._split().copies, sides, "near copies, too"),
            *self._split().bonds.probes(sides),
            leaks.vocabulary(known, estimator.min_count, [tokens(side.train) for side in sides]),
        ]

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show each label, which labels go together, and the worst mistakes."""
        statistics, names = found.statistics(found.chosen), self._rows().names
        p, decided, truth = np.split(statistics, 3, axis=1)
        return [self._each(names, decided, truth), self._mistakes(found, p, decided, truth)]

    def _each(self, names: Sequence[str], decided: Array, truth: Array) -> Exhibit:
        hit, said, there = (decided * truth).sum(0), decided.sum(0), truth.sum(0)
        order = np.argsort(-there, kind="stable")
        rows = [
            [
                names[k],
                f"{int(there[k]):,}",
                _share(2 * hit[k], said[k] + there[k]),
                _share(hit[k], said[k]),
                _share(hit[k], there[k]),
            ]
            for k in order
        ]
        return Exhibit(
            title="Each label",
            columns=["label", "rows", "F1", "precision", "recall"],
            rows=rows[:40],
            note=f"{len(rows) - 40} rarer labels are not shown." if len(rows) > 40 else "",
        )

    def _mistakes(self, found: Found, p: Array, decided: Array, truth: Array) -> Exhibit:
        named, texts = self._rows(), self._rows().texts[found.held]
        wrong = (decided != truth).any(axis=1)
        sure = np.where(decided != truth, np.abs(p - truth), 0).max(axis=1)
        worst = np.argsort(-sure, kind="stable")[: min(MOST_MISTAKES, int(wrong.sum()))]

        def listing(row: Array) -> str:
            return ", ".join(n for n, there in zip(named.names, row, strict=True) if there) or "–"

        return Exhibit(
            title="The most confident mistakes",
            columns=["is", "said", "text"],
            rows=[[listing(truth[i]), listing(decided[i]), _short(texts[i])] for i in worst],
            note=f"Of {int(wrong.sum()):,} of {len(texts):,} held rows some label is wrong.",
        )

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give id and labels of every held row, what each contender said, and the probabilities."""
        named, held = self._rows(), found.held
        sign = named.columns.get("separator", ";")
        columns: dict[str, Any] = {"id": named.ids[held], "truth": _joined(named, held, sign)}
        for contender in self.contenders:
            p, decided, _ = np.split(found.statistics(contender.name), 3, axis=1)
            columns[contender.name] = _written(named.names, decided, sign)
            columns |= {f"{contender.name}: {n}": p[:, k] for k, n in enumerate(named.names)}
        return columns

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        text = [word for name in text_columns(self._rows().columns) for word in ("--text", name)]
        return [
            ("say the labels of a text", ["predict", run, "a new text"]),
            ("say those of a file", ["predict", run, "--file", "NEW.csv", *text]),
            ("judge it on new rows with labels", ["evaluate", run, "NEW.csv"]),
        ]

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give where each row stands in the source, and a number for all that are held together."""
        return {"id": self._rows().ids, "group": self._split().copies}

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all copies of a text but for digits, case and spacing."""
        return {"duplicate_key": group_duplicates(self._rows().texts)}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Let the model know the columns it was taught."""
        return {"columns": dict(self._rows().columns)}


def _share(above: float, below: float) -> str:
    return f"{above / below:.3f}" if below else "–"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " …"


def _written(names: Sequence[str], rows: Array, sign: str) -> list[str]:
    return [
        sign.join(name for name, there in zip(names, row, strict=True) if there) for row in rows
    ]


def _joined(named: MultiLabelled, rows: Rows, sign: str) -> list[str]:
    return _written(named.names, named.truth[rows], sign)


def asked_again(asked: Asked, rows: MultiLabelled) -> MultiLabelProblem:
    """Ask saved models for the labels of new texts."""
    groups = bound_pieces(rows.texts, rows.groups)
    return MultiLabelProblem(
        name="multi-label",
        data=_described(rows, groups, []),
        split="rows given",
        folds=all_held(len(rows)),
        contenders=(),
        measures=label_measures(len(rows.names)),
        beside=BESIDE,
        rows=rows,
        pieces=groups,
    )
