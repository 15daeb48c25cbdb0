"""Many to many: pairs of sentences to a network that translates.

::

    pairs ─ tokens known: of the training side ─ networks │ nearest sentence, most frequent
    held sentences ─ how like the translation that is meant is what each writes? ─ chrF
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from recurra.arrays import Floats, Rows, Texts
from recurra.baselines.memories import Translated, memories
from recurra.data import Pairs, open_pairs
from recurra.data.pairs import DIRECTIONS
from recurra.estimators import SequenceTranslator
from recurra.groups import letters_of
from recurra.judging import leaks
from recurra.judging.evidence import Evidence
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.judging.splits import Split, group_split
from recurra.judging.written import TRANSLATIONS, translation_statistics
from recurra.names import CELLS, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import UNITS, EstimatorNetwork, networks, tunable
from recurra.problems.saved.translations import KINDS
from recurra.problems.splitting import HELD_OUT, SplitPairs, grouped_pairs, split_pairs
from recurra.text import content_key
from recurra.text.levels import cut_lines, level_named

__all__ = [
    "KINDS",
    "TranslationProblem",
    "TranslatorNetwork",
    "translation",
    "translators_of",
]

SHOWN = 12
ALIKE = "one shared sentence is enough; case, spaces and signs aside"
ALIKE_NEAR = "one shared sentence, or a near copy, is enough; case, spaces and signs aside"
UNKNOWN = 1
BESIDE = ("exact",)
# settings of `SequenceTranslator`: Korean is read and written by syllables
SETTINGS = {"kor-eng": {"source_level": "characters", "target_level": "words"}}
USUAL = {"source_level": "words", "target_level": "characters"}


@dataclass
class TranslatorNetwork(EstimatorNetwork):
    """A `SequenceTranslator` among contenders that translate."""

    reads = SequenceTranslator

    def _fit(self, known: Translated, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.sources)
        self.estimator.fit(known.sources, known.targets, sides=list(sides[:1]), **watched)

    def say(self, asked: Texts) -> Texts:
        """Translate sentences."""
        translations: Texts = self.estimator.predict(asked)
        return translations

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows, of both sides."""
        return len(self.estimator.source_) + len(self.estimator.target_)


def translators_of(
    models: Sequence[str], source: str = DIRECTIONS[0], **settings: Any
) -> list[SequenceTranslator]:
    """Give translators that differ in nothing but their architecture; names are checked.

    Args:
        models: architectures by name.
        source: of the pairs; a named one has settings of its own.
        settings: of `SequenceTranslator`; None leaves one as it is.
    """
    for name in models:
        one_of(name, CELLS, "the model")
    given: dict[str, Any] = SETTINGS.get(source, USUAL)
    given = given | {name: value for name, value in settings.items() if value is not None}
    level_named(given["source_level"])
    level_named(given["target_level"])
    return [SequenceTranslator(name, **given) for name in models]


def translation(
    source: Pairs | str | Path = DIRECTIONS[0],
    *,
    models: Sequence[str] = ("gru",),
    named: str = "",
    data: Path | None = None,
    sample: bool = False,
    folds: int | None = None,
    seed: int = 0,
    keep_near: bool = False,
    split: SplitPairs | None = None,
    **settings: Any,
) -> "TranslationProblem":
    """Ask for the translation of sentences.

    Args:
        source: pairs; or where they are read: "eng-kor", "kor-eng", a file of two columns.
        named: where pairs given come from, as a named source has settings of its own.
        models: architectures by name.
        data: the file of a named dataset, None to look for it.
        sample: whether the embedded sample is taken instead.
        folds: how many; None holds out a tenth.
        seed: of splits, networks and draws.
        keep_near: whether near copies may stand on both sides.
        split: of these pairs, where it is made; None: it is made here.
        settings: of `SequenceTranslator`; None leaves one as it is.

    Raises:
        DataError: the pairs cannot be read, or are too few to be split.
        SettingsError: the sources contradict each other, or a model is not known.

    Example:
        >>> problem = translation(sample=True)
        >>> [len(rows) for rows in (problem.folds[0].known, problem.folds[0].held)]
        [1353, 147]
    """
    if isinstance(source, Pairs):
        rows = source
    else:
        named, rows = str(source), open_pairs(str(source), data=data, sample=sample)
    estimators = translators_of(models, named, random_state=seed, **settings)
    share = estimators[0].validation_split
    split = split or split_pairs(rows, near=not keep_near, folds=folds, share=share, seed=seed)
    return _declared(rows, split, estimators, seed)


def _declared(
    rows: Pairs, split: SplitPairs, estimators: list[SequenceTranslator], seed: int
) -> "TranslationProblem":
    known = Translated(rows.sources, rows.targets)
    return TranslationProblem(
        name="translation",
        data=_described(rows, split.groups, split.notes),
        split=HELD_OUT
        if rows.published_test is not None
        else "random, near copies and pairs that share a sentence grouped"
        if split.near
        else "random, pairs that share a sentence grouped",
        folds=split.folds,
        contenders=[*networks(TranslatorNetwork, estimators), *memories()],
        measures=TRANSLATIONS,
        beside=BESIDE,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), *zip(*known, strict=True)],
        rows=known,
        groups=split.groups,
        validation_split=estimators[0].validation_split,
        near=split.near,
    )


def _described(rows: Pairs, groups: Rows, notes: Iterable[str] = ()) -> DataInfo:
    return DataInfo(
        source=rows.source,
        sha256=rows.sha256,
        rows=len(groups),
        groups=len(np.unique(groups)),
        notes=[*rows.notes, *notes],
    )


@dataclass(kw_only=True)
class TranslationProblem(Problem):
    """Sentences and what they mean.

    Args:
        rows: all pairs.
        groups: (rows,) one number for pairs that share a sentence.
        near: whether near copies have one number, too.
        validation_split: the share of the rows known that validates.
    """

    rows: Translated
    groups: Rows
    validation_split: float = 0.1
    near: bool = False

    alike = ALIKE
    unmeasured: ClassVar[Mapping[str, str]] = {
        "L2": "no probe of this problem looks at it",
        "L3.1": "the day of a pair is not known",
        "L3.2": "which pairs belong together, copies aside, is not known",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other pairs",
        "labels": "whether a sentence is translated well is not asked",
    }

    def known(self, rows: Rows) -> Translated:
        """Give sentences and translations."""
        return Translated(self.rows.sources[rows], self.rows.targets[rows])

    def asked(self, rows: Rows) -> Texts:
        """Give the sentences to translate."""
        return self.rows.sources[rows]

    def count(self, rows: Rows, said: Texts) -> Floats:
        """Give the n-grams of what is written and meant, and whether it is exact."""
        return translation_statistics(said, self.rows.targets[rows])

    def evidence(self, rows: Rows) -> Evidence:
        """Give the pieces: pairs that share a sentence are one."""
        return Evidence(self.groups[rows], seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(self.contenders, rows, model=CELLS, units=UNITS)

    def whole(self) -> Fold:
        """Give all rows as rows known."""
        sides = [group_split(self.groups, self.validation_split, self.seed)]
        return Fold(np.arange(len(self.groups)), np.zeros(0, np.int64), sides)

    def probes(self, found: Found) -> list[Probe]:
        """Look for pairs on two sides, and for tokens from outside training."""
        translator, fold = found.model(found.chosen).estimator, self.folds[-1]
        ((training, validation),) = translator.sides_
        split = Split(fold.known[training], fold.known[validation], fold.held)
        taught = self.known(split.train)
        return [
            leaks.rows_on_both_sides(self.groups, [split], ALIKE_NEAR if self.near else ALIKE),
            *(
                _tokens(side, vocabulary, level, translator.min_count, texts)
                for side, vocabulary, level, texts in (
                    ("source", translator.source_, translator.source_level, taught.sources),
                    ("target", translator.target_, translator.target_level, taught.targets),
                )
            ),
        ]

    def notes(self, found: Found) -> list[str]:
        """Say how it writes, and what it cannot read."""
        translator = found.model(found.chosen).estimator
        split = level_named(translator.source_level).split
        read = [translator.source_.encode(split(text)) for text in self.asked(found.held)]
        unknown, tokens = sum(line.count(UNKNOWN) for line in read), sum(map(len, read))
        how = "with attention" if translator.attention else "without attention"
        most = translator.max_length
        return [
            *cut_lines(self.rows.sources, translator.source_level, most, "sentences to read"),
            *cut_lines(self.rows.targets, translator.target_level, most, "sentences to write"),
            f"{found.chosen} writes {how}, by a beam search of width {translator.beam}.",
            f"{unknown:,} of {tokens:,} held tokens to be read are unknown to it.",
        ]

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show the first held sentences, what is meant, and what is written."""
        names = [found.chosen, found.best_baseline]
        said = [np.concatenate(found.said(name)) for name in names]
        held = self.known(found.held)
        rows = zip(held.sources, held.targets, *said, strict=True)
        return [
            Exhibit(
                title="Held sentences",
                columns=["sentence", "meant", *names],
                rows=[list(map(str, row)) for row in rows][:SHOWN],
            )
        ]

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("translate a sentence", ["predict", run, "a new sentence"]),
            ("judge it on new pairs", ["evaluate", run, "NEW.txt"]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give each held sentence, its translation, and what each contender wrote."""
        held = self.known(found.held)
        columns: dict[str, Any] = {
            "id": found.held,
            "sentence": held.sources,
            "truth": held.targets,
        }
        for contender in self.contenders:
            columns[contender.name] = np.concatenate(found.said(contender.name))
        return columns

    def split_columns(self) -> Mapping[str, Iterable[Any]]:
        """Give the number of all pairs that share a sentence."""
        return {"group": self.groups}

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for each sentence of a pair: pairs that share one are not new."""
        sides = zip(("source_key", "target_key"), self.rows, strict=True)
        return {name: np.array([content_key(letters_of(s)) for s in side]) for name, side in sides}


def _tokens(side: str, vocabulary: Any, level: str, min_count: int, texts: Texts) -> Probe:
    """Look for tokens of a side that its training sentences would not have taught."""
    split = level_named(level).split
    probe = leaks.vocabulary(vocabulary.tokens[2:], min_count, [[split(text) for text in texts]])
    return probe.model_copy(update={"name": f"vocabulary from outside training ({side})"})


def asked_again(asked: Asked, rows: Pairs) -> TranslationProblem:
    """Ask saved models for the translation of new sentences."""
    known, (groups, _) = Translated(rows.sources, rows.targets), grouped_pairs(rows)
    return TranslationProblem(
        name="translation",
        data=_described(rows, groups),
        split="pairs given",
        folds=all_held(len(groups)),
        contenders=(),
        measures=TRANSLATIONS,
        beside=BESIDE,
        rows=known,
        groups=groups,
    )
