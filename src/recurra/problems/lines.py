"""One to many: lines, of some classes or of none, to a network that writes more of them.

::

    lines ─ tokens known: of the training side ─ networks │ counts of 1, 2, 3, 5 tokens
    held lines ─ how surprised is each by the same lines, token for token? ─ bits per character
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.baselines.ngrams import Classed, Reading, line_counts
from recurra.data import Lines, open_lines
from recurra.estimators import SequenceGenerator
from recurra.judging import leaks
from recurra.judging.evidence import Evidence
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.splits import Split
from recurra.judging.written import LINES, line_statistics
from recurra.names import WRITERS, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import UNITS, EstimatorNetwork, networks, tunable
from recurra.problems.saved.lines import KINDS
from recurra.problems.splitting import HELD_OUT, SplitLines, grouped_lines, split_lines, split_rows
from recurra.stored import Count, Stored
from recurra.text import content_key
from recurra.text.levels import cut_lines, level_named

__all__ = [
    "KINDS",
    "GenerationProblem",
    "GeneratorNetwork",
    "generation",
    "generators_of",
]

COPIES_LOOKED_AT = 1000
SHOWN = 8
WARNING = "What it writes is likely, not true: it may repeat lines it was trained on."
ALIKE = "case and spacing aside"
ALIKE_NEAR = "case and spacing aside, near copies counted"
GROUPED = "random, equal lines grouped"
UNKNOWN = 1


@dataclass
class GeneratorNetwork(EstimatorNetwork):
    """A `SequenceGenerator` among contenders that say how likely lines are."""

    reads = SequenceGenerator

    def _fit(self, known: Classed, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.texts)
        self.estimator.fit(known.texts, known.classes, sides=list(sides[:1]), **watched)

    def say(self, asked: Classed) -> Floats:
        """Give the natural logarithm of the probability of each line, its end included."""
        logs: Floats = self.estimator.log_probabilities(asked.texts, asked.classes)
        return logs

    def generate(self, n: int = 1, **how: Any) -> list[str]:
        """Write lines."""
        lines: list[str] = self.estimator.generate(n, **how)
        return lines

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return len(self.estimator.vocabulary_)


def generation(
    source: Lines | str | Path = "names",
    *,
    models: Sequence[str] = ("lstm",),
    sample: bool = False,
    folds: int | None = None,
    seed: int = 0,
    keep_near: bool = False,
    split: SplitLines | None = None,
    **settings: Any,
) -> "GenerationProblem":
    """Ask how likely held-out lines are: of two models, that which is less surprised knows more.

    Args:
        source: lines; or where they are read: "names", a file of lines, a folder of `CLASS.txt`.
        models: architectures by name.
        sample: whether the embedded sample is taken instead.
        folds: how many; None holds out a tenth.
        seed: of splits, networks and draws.
        keep_near: whether near copies may stand on both sides; equal lines never do.
        split: of these lines, where it is made; None: it is made here.
        settings: of `SequenceGenerator`; None leaves one as it is.

    Raises:
        DataError: the lines cannot be read, or are too few to be split.
        SettingsError: the sources contradict each other, or a model is not known.

    Example:
        >>> len(generation(sample=True).folds[0].held)
        80
    """
    rows = source if isinstance(source, Lines) else open_lines(str(source), sample=sample)
    estimators = generators_of(models, random_state=seed, **settings)
    share = estimators[0].validation_split
    split = split or split_lines(rows, near=not keep_near, folds=folds, share=share, seed=seed)
    return _declared(rows, split, estimators, seed)


def _declared(
    rows: Lines, split: SplitLines, estimators: list[SequenceGenerator], seed: int
) -> "GenerationProblem":
    first = estimators[0]
    reading = Reading(first.level, first.min_count, first.max_length)
    known, several = Classed(rows.texts, rows.classes), bool(split.classes.max(initial=0))
    return GenerationProblem(
        name="generation",
        data=_described(rows, split.groups, split.notes),
        split=HELD_OUT
        if rows.published_test is not None
        else ("random, equal lines and near copies grouped" if split.near else GROUPED)
        + ", each class on all sides" * several,
        folds=split.folds,
        contenders=[*networks(GeneratorNetwork, estimators), *line_counts(reading, several)],
        measures=LINES,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), *zip(*known, strict=True)],
        rows=known,
        classes=split.classes,
        groups=split.groups,
        reading=reading,
        validation_split=first.validation_split,
        near=split.near,
    )


def generators_of(models: Sequence[str], **settings: Any) -> list[SequenceGenerator]:
    """Give generators that differ in nothing but their architecture; names are checked."""
    for name in models:
        one_of(name, WRITERS, "the model")
    given = {name: value for name, value in settings.items() if value is not None}
    estimators = [SequenceGenerator(name, **given) for name in models]
    level_named(estimators[0].level)
    return estimators


def _described(rows: Lines, groups: Rows, notes: Iterable[str] = ()) -> DataInfo:
    classes = dict(sorted(Counter(map(str, rows.classes)).items()))
    return DataInfo(
        source=rows.source,
        sha256=rows.sha256,
        rows=len(groups),
        classes=classes if any(classes) else {},
        groups=len(np.unique(groups)),
        notes=[*rows.notes, *notes],
    )


@dataclass(kw_only=True)
class GenerationProblem(Problem):
    """Lines that are more or less of a surprise.

    Args:
        rows: all lines, with their classes.
        classes: (rows,) the number of the class of each.
        groups: (rows,) one number for lines that are equal but for case and spacing.
        near: whether near copies have one number, too.
        reading: how every contender reads lines.
        validation_split: the share of the rows known that validates.
    """

    rows: Classed
    classes: Rows
    groups: Rows
    reading: Reading
    validation_split: float = 0.1
    near: bool = False

    alike = ALIKE
    unmeasured: ClassVar[Mapping[str, str]] = {
        "L2": "the next letter or word is told by those before it, as it should be",
        "L3.1": "the day of a line is not known",
        "L3.2": "which lines belong together, copies aside, is not known",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other lines",
        "labels": "lines have no labels to be wrong",
    }

    def known(self, rows: Rows) -> Classed:
        """Give lines and classes."""
        return Classed(self.rows.texts[rows], self.rows.classes[rows])

    def asked(self, rows: Rows) -> Classed:
        """Give lines and classes: here the target is what is asked about.

        What is to be said of a line is how likely it is, and each token of it is judged before it
        is read. So a model that is asked needs the line, and has to give a probability.
        """
        return self.known(rows)

    def count(self, rows: Rows, said: Floats) -> Floats:
        """Give bits, characters and tokens of each line, its end being one of both."""
        join = level_named(self.reading.level).join
        read = [self.reading.tokens(text) for text in self.rows.texts[rows]]
        characters = [len(join(tokens)) + 1 for tokens in read]
        return line_statistics(said, characters, [len(tokens) + 1 for tokens in read])

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: equal lines are one."""
        return Evidence(self.groups[rows], seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=WRITERS, units=UNITS)

    def whole(self) -> Fold:
        """Give all rows as rows known."""
        sides = [split_rows(self.classes, self.groups, self.validation_split, self.seed)]
        return Fold(np.arange(len(self.groups)), np.zeros(0, np.int64), sides)

    def probes(self, found: Found) -> list[Probe]:
        """Look for lines on two sides, and for tokens that some contender has from elsewhere."""
        fold, (side,) = self.folds[-1], found.model(found.chosen).estimator.sides_
        split = Split(fold.known[side[0]], fold.known[side[1]], fold.held)
        known: set[str] = set()
        for contender in self.contenders:
            known |= set(_vocabulary(found.model(contender.name)).tokens[2:])
        training = [self.reading.tokens(text) for text in self.rows.texts[split.train]]
        return [
            leaks.rows_on_both_sides(self.groups, [split], ALIKE_NEAR if self.near else ALIKE),
            leaks.vocabulary(sorted(known), self.reading.min_count, [training]),
        ]

    def notes(self, found: Found) -> list[str]:
        """Say how much of what it writes it has only remembered, and what it does not know."""
        said, known = found.statistics(found.chosen), _vocabulary(found.model(found.chosen))
        read = [known.encode(self.reading.tokens(text)) for text in self.rows.texts[found.held]]
        unknown = sum(line.count(UNKNOWN) for line in read)
        ours, theirs = (self._copied(found, name) for name in (found.chosen, found.best_baseline))
        return [
            *cut_lines(self.rows.texts, self.reading.level, self.reading.max_length),
            f"{ours:.1%} of {COPIES_LOOKED_AT:,} lines that {found.chosen} wrote (temperature 1, "
            f"classes as often as in training) are lines it was trained on; of those that "
            f"{found.best_baseline} wrote, {theirs:.1%}.",
            WARNING,
            f"{unknown:,} of {said[:, 2].sum():,.0f} held tokens are unknown; every model is asked "
            'for "unknown" there.',
        ]

    def _copied(self, found: Found, name: str) -> float:
        """Give the share of lines written that stand in the lines known, class for class."""
        known = self.known(self.folds[-1].known)
        rng = np.random.default_rng(self.seed)
        labels, counts = np.unique(
            rng.choice(known.classes, COPIES_LOOKED_AT).astype(str), return_counts=True
        )
        seen = {_folded(text) for text in known.texts}
        writer, copies = found.model(name), 0
        for label, n in zip(labels, counts.tolist(), strict=True):
            written = writer.generate(n, label=str(label), random_state=self.seed)
            copies += sum(_folded(text) in seen for text in written)
        return copies / COPIES_LOOKED_AT

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show what the network writes of each class."""
        writer = found.model(found.chosen)
        rows = [
            [name, " · ".join(writer.generate(SHOWN, label=name, random_state=self.seed))]
            for name in np.unique(self.rows.classes.astype(str)).tolist()
        ]
        return [Exhibit(title="What it writes", columns=["class", "lines"], rows=rows)]

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("write lines", ["predict", run]),
            ("judge it on new lines", ["evaluate", run, "NEW.txt"]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give each held line, its characters and tokens, and each contender's bits for it."""
        held = self.known(found.held)
        _, characters, tokens = found.statistics(found.chosen).T.astype(int)
        columns: dict[str, Any] = {"id": found.held, "class": held.classes, "truth": held.texts}
        columns |= {"characters": characters, "tokens": tokens}
        for contender in self.contenders:
            columns[f"{contender.name}: bits"] = found.statistics(contender.name)[:, 0]
        return columns

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all lines that are equal."""
        return {"duplicate_key": np.array([content_key(_folded(line)) for line in self.rows.texts])}


def _vocabulary(model: Any) -> Any:
    """Give the tokens that were really fitted, of a network or of counts."""
    return model.estimator.vocabulary_ if isinstance(model, GeneratorNetwork) else model.vocabulary


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


class _Reads(Stored):
    level: Literal["characters", "words"]
    min_count: Count
    max_length: Count


def asked_again(asked: Asked, rows: Lines) -> GenerationProblem:
    """Ask saved models how likely new lines are."""
    (groups, _), reads = grouped_lines(rows), asked.network.settings(_Reads)
    return GenerationProblem(
        name="generation",
        data=_described(rows, groups),
        split="lines given",
        folds=all_held(len(groups)),
        contenders=(),
        measures=LINES,
        rows=Classed(rows.texts, rows.classes),
        classes=np.unique(rows.classes.astype(str), return_inverse=True)[1],
        groups=groups,
        reading=Reading(reads.level, reads.min_count, reads.max_length),
    )
