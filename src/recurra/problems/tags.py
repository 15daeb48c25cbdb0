"""Many to many, step by step: a tag for every word of a sentence."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from recurra.arrays import Bools, Floats, Rows
from recurra.baselines.tagging import KnownSentences, taggers
from recurra.data import TagColumns, TaggedSentences, open_sentences
from recurra.data.tagged import ANY_COLUMNS
from recurra.errors import DataError, SettingsError
from recurra.estimators import SequenceTagger
from recurra.groups import group_equal_sentences
from recurra.judging import leaks
from recurra.judging.evidence import Evidence
from recurra.judging.measures import Measure, mean_of, ratio_of
from recurra.judging.problem import Fold, Problem, Sides, Tunable, all_held
from recurra.judging.report import DataInfo, Exhibit, Probe
from recurra.judging.run import Found
from recurra.names import SHAPES, one_of
from recurra.problems.kept import Asked
from recurra.problems.networks import READING, UNITS, EstimatorNetwork, networks, tunable
from recurra.problems.saved.tags import KINDS
from recurra.problems.splitting import (
    SplitSentences,
    group_near_sentences,
    sentence_turns,
    split_sentences,
)
from recurra.spans import invalid, scheme_of, spans_of
from recurra.text import content_key

__all__ = ["KINDS", "TaggerNetwork", "TaggingProblem", "tag_measures", "tagging"]

Sentences = list[list[str]]
SETTINGS = {"epochs": 20, "members": 3}
BESIDE = ("sentences wholly right", "macro F1 of tags")
BESIDE_SPANS = ("accuracy",)
# columns of the statistics; then 3 counts of each tag
RIGHT, WORDS, WHOLE, HIT, CALLED, THERE, INVALID, COUNTS = range(8)


def tagging(
    train: TaggedSentences | str | Path | None = None,
    test: TaggedSentences | str | Path | None = None,
    *,
    models: Sequence[str] = ("bi-gru",),
    sample: bool = False,
    columns: TagColumns = ANY_COLUMNS,
    folds: int | None = None,
    keep_near: bool = False,
    seed: int = 0,
    split: SplitSentences | None = None,
    **settings: Any,
) -> "TaggingProblem":
    """Ask for the tag of every word.

    Args:
        train: sentences to train on, or their file; None: English EWT, or the sample.
        test: sentences to be judged on; those that stand in training are left out. None of a file:
            a fifth of its sentences.
        models: architectures by name.
        sample: whether the embedded sample is taken.
        columns: of files, by what they hold.
        folds: how many, of the sentences to train on; None: the test sentences are held out.
        keep_near: whether near copies may stand on both sides; equal sentences never do.
        seed: of splits, networks and draws.
        split: of these sentences, where it is made; None: it is made here.
        settings: of `SequenceTagger`; None leaves one as it is.

    Raises:
        DataError: the sentences cannot be used, or no test sentence is new.
        SettingsError: the sources contradict each other, or a model is not known.
    """
    if train is None and test is not None:
        raise SettingsError("sentences to test on need some to train on: FILE --test OTHER.")
    estimators = _taggers(models, settings, seed)
    kept = _sentences("train", train, sample, columns)
    apart = folds is None and (train is None or test is not None)
    held = _sentences("test", test, sample, columns) if apart else None
    split = split or split_sentences(
        kept,
        held,
        near=not keep_near,
        folds=folds,
        share=estimators[0].validation_split,
        turns=estimators[0].members or 1,
        seed=seed,
    )
    return _declared(kept, estimators, split, seed)


def _taggers(models: Sequence[str], settings: Mapping[str, Any], seed: int) -> list[SequenceTagger]:
    """Give a network a name; what is None is left as it is, and names are checked."""
    for name in models:
        one_of(name, SHAPES, "the model")
    given = SETTINGS | {name: value for name, value in settings.items() if value is not None}
    return [SequenceTagger(name, random_state=seed, **given) for name in models]


def _sentences(
    side: str, given: TaggedSentences | str | Path | None, sample: bool, columns: TagColumns
) -> TaggedSentences:
    if isinstance(given, TaggedSentences):
        return given
    return open_sentences(side, given, sample=sample, columns=columns)


def _declared(
    train: TaggedSentences, estimators: list[SequenceTagger], split: SplitSentences, seed: int
) -> "TaggingProblem":
    tagger = estimators[0]
    counts = Counter(tag for row in split.tags for tag in row)
    names, scheme = tuple(sorted(counts)), scheme_of(split.tags)
    _refuse_few_tags(names, train.source)
    if tagger.valid_tags and scheme is None:
        raise SettingsError(
            f"--valid-tags is about tags of spans (B-NAME, I-NAME, O), but those of {train.source} "
            f"mark none, such as {names[0]!r}. Leave it out."
        )
    notes = [*split.notes, *_said_of_spans(scheme, split.tags)]
    return TaggingProblem(
        name="tagging",
        data=_described(train, counts, split.groups, notes),
        split=split.kind,
        folds=split.folds,
        contenders=[*networks(TaggerNetwork, estimators), *taggers(tagger.valid_tags)],
        measures=tag_measures(len(names), scheme is not None),
        beside=BESIDE if scheme is None else BESIDE_SPANS,
        seed=seed,
        facts=[*(e.get_params() for e in estimators), split.words, split.tags],
        words=split.words,
        tags=split.tags,
        names=names,
        groups=split.groups,
        tagger=tagger,
        scheme=scheme,
        columns=train.columns,
    )


def _refuse_few_tags(names: Sequence[str], source: str) -> None:
    if len(names) < 2:
        raise DataError(
            f"there must be two tags or more, but every word of {source} has {names[0]!r}. Name "
            "another column: --tags."
        )


def _said_of_spans(scheme: str | None, tags: Sentences) -> list[str]:
    """Say which scheme tags are of, and how many of them it does not allow."""
    if scheme is None:
        return []
    wrong = sum(invalid(scheme, row) for row in tags)
    said = [f"the tags mark spans ({scheme})"]
    if wrong:
        said.append(f"{wrong:,} tags of the data stand where {scheme} allows none like them")
    return said


def _described(
    read: TaggedSentences, counts: Counter[str], groups: Rows, notes: Sequence[str]
) -> DataInfo:
    return DataInfo(
        source=read.source,
        sha256=read.sha256,
        rows=len(groups),
        classes=dict(counts.most_common()),
        groups=len(np.unique(groups)),
        notes=list(notes),
    )


def tag_measures(tags: int, spans: bool = False) -> tuple[Measure, ...]:
    """Give the measures of tagging, over statistics of sentences; the first decides.

    ::

        span F1                  = 2 right spans / (spans said + spans there are)
        span precision           = right spans / spans said           a span is right if its kind,
        span recall              = right spans / spans there are      first and last word are
        invalid tags             = share of words with a tag that its scheme does not allow there
        accuracy                 = right words / words
        sentences wholly right   = share of sentences without a wrong word
        macro F1 of tags         = mean over tags of 2 TP / (words called so + words that are)

    Args:
        tags: how many there are.
        spans: whether they mark spans.
    """

    def macro(statistics: Floats, weights: Floats) -> Floats:
        hit, called, true = (weights @ statistics[:, COUNTS:]).reshape(-1, 3, tags).swapaxes(0, 1)
        there = true > 0
        f1 = 2 * hit / np.where(called + true > 0, called + true, 1.0)
        mean: Floats = (f1 * there).sum(axis=1) / there.sum(axis=1)
        return mean

    return (
        *(_span_measures() if spans else ()),
        Measure("accuracy", ratio_of(RIGHT, WORDS)),
        Measure("sentences wholly right", mean_of(WHOLE), losses=lambda rows: rows[:, WHOLE]),
        Measure("macro F1 of tags", macro),
    )


def _span_measures() -> tuple[Measure, ...]:
    def f1(statistics: Floats, weights: Floats) -> Floats:
        hit, called, there = (weights @ statistics[:, [HIT, CALLED, THERE]]).T
        score: Floats = np.where(there > 0, 2 * hit / np.maximum(called + there, 1e-12), np.nan)
        return score

    def with_spans(statistics: Floats) -> Bools:
        rows: Bools = statistics[:, THERE] > 0
        return rows

    return (
        Measure("span F1", f1, needs=with_spans),
        Measure("span precision", ratio_of(HIT, CALLED), needs=with_spans),
        Measure("span recall", ratio_of(HIT, THERE), needs=with_spans),
        Measure("invalid tags", ratio_of(INVALID, WORDS), higher_is_better=False),
    )


class TaggerNetwork(EstimatorNetwork):
    """A `SequenceTagger` among contenders."""

    reads = SequenceTagger

    def _fit(self, known: KnownSentences, sides: Sides, **watched: Any) -> None:
        self.rows = len(known.words)
        turns = list(sides)[: self.estimator.members or 1]
        self.estimator.fit(known.words, known.tags, groups=known.groups, sides=turns, **watched)

    @property
    def vocabulary(self) -> int:
        """How many words it knows."""
        return len(self.estimator.encoder_.vocabulary)

    def say(self, asked: Sentences) -> Sentences:
        """Give a tag for every word."""
        said: Sentences = self.estimator.say(asked)
        return said


@dataclass
class TaggingProblem(Problem):
    """Words to tags; a row is a sentence.

    Args:
        words: of each sentence.
        tags: of each word.
        names: of the tags, sorted.
        groups: (sentences,) equal sentences have one number, and are one piece of evidence.
        tagger: not fitted; says how many sentences validate.
        scheme: of the spans that the tags mark; None: they mark none.
        columns: of the file, by what they hold.
    """

    words: Sentences = field(default_factory=list)
    tags: Sentences = field(default_factory=list)
    names: tuple[str, ...] = ()
    groups: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    tagger: SequenceTagger = field(default_factory=SequenceTagger)
    scheme: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)

    unmeasured: ClassVar[Mapping[str, str]] = {
        "L2": "no probe of this problem looks at it",
        "L3.1": "the day of a sentence is not known",
        "L3.2": "which sentences belong together, copies aside, is not known",
        "L3.3": "`recurra evaluate RUN FILE` asks it of other sentences",
        "labels": "`recurra audit FILE --steps tags --labels OUT.csv` shows those that may be "
        "wrong",
    }

    def known(self, rows: Rows) -> KnownSentences:
        """Give words and tags of these sentences."""
        return KnownSentences(self.asked(rows), [self.tags[i] for i in rows], self.groups[rows])

    def asked(self, rows: Rows) -> Sentences:
        """Give the words of these sentences."""
        return [self.words[i] for i in rows]

    def count(self, rows: Rows, said: Sentences) -> Floats:
        """Count words that are right, words, whether all are; spans; of each tag three counts."""
        number = {name: place for place, name in enumerate(self.names)}
        size = len(self.names)
        counted = np.zeros((len(rows), COUNTS + 3 * size))
        for statistics, row, found in zip(counted, rows, said, strict=True):
            truth = self.tags[row]
            right = [a == b for a, b in zip(found, truth, strict=True)]
            statistics[: WHOLE + 1] = sum(right), len(right), all(right)
            if self.scheme is not None:
                statistics[HIT:COUNTS] = self._spans(found, truth)
            for called, true in zip(found, truth, strict=True):
                statistics[COUNTS + number[true]] += called == true
                statistics[COUNTS + size + number[called]] += 1
                statistics[COUNTS + 2 * size + number[true]] += 1
        return counted

    def _spans(self, found: Sequence[str], truth: Sequence[str]) -> tuple[int, int, int, int]:
        """Count right spans, spans said, spans there are, and tags that are not allowed."""
        said, there = set(spans_of(found)), set(spans_of(truth))
        return len(said & there), len(said), len(there), invalid(str(self.scheme), found)

    def evidence(self, rows: Rows) -> Evidence:
        """Take sentences, equal ones together, as pieces."""
        return Evidence(self.groups[rows], seed=self.seed)

    def tunable(self) -> Tunable:
        """Say what a search may choose of its network."""
        rows = self.asked(self.folds[-1].known)
        return tunable(
            self.contenders, rows, model=SHAPES, units=UNITS, min_count=READING["min_count"]
        )

    def whole(self) -> Fold:
        """Give all sentences as known."""
        rows = np.arange(len(self.words))
        share, turns = self.tagger.validation_split, self.tagger.members or 1
        return Fold(rows, rows[:0], sentence_turns(self.groups, share, turns, self.seed))

    def probes(self, found: Found) -> list[Probe]:
        """Look for sentences on two sides, and for words that training alone does not teach."""
        fold, tagger = self.folds[-1], found.model(found.chosen).estimator
        sides = [(fold.known[a], fold.known[b]) for a, b in tagger.sides_]
        spoken = [[[word.lower() for word in self.words[i]] for i in a] for a, _ in sides]
        known = tagger.encoder_.vocabulary.tokens
        return [
            self._on_both_sides(found, fold, sides),
            leaks.vocabulary(known, tagger.min_count, spoken),
        ]

    def _on_both_sides(self, found: Found, fold: Fold, sides: Sides) -> Probe:
        """Look at the sentences judged, and at those that validated each network."""
        kinds = (group_equal_sentences(self.words), group_near_sentences(self.words))
        held, near = (np.isin(groups[fold.held], groups[fold.known]) for groups in kinds)
        between = [np.isin(self.groups[b], self.groups[a]) for a, b in sides]
        inside, rows = int(sum(seen.sum() for seen in between)), sum(map(len, between))
        left = len(self.words) - len(fold.known) - len(fold.held)
        more = [c.name for c in self.contenders if found.model(c.name).rows > len(fold.known)]
        said = f" {near.sum():,} judged are near copies of some there." * bool(near.sum())
        said += f" {', '.join(more)} was fitted on more sentences than are known." * bool(more)
        return Probe(
            name="sentences in both sides",
            passed=not (held.any() or inside or more),
            size=int(held.sum()) + inside,
            detail=f"{held.sum():,} of {len(held):,} sentences judged also stand in training or "
            f"validation, and {inside:,} of {rows:,} validation sentences in training; {left:,} "
            f"test sentences that training holds were left out.{said}",
        )

    def exhibits(self, found: Found) -> list[Exhibit]:
        """Show which tags are found, and what becomes of words never shown."""
        tables = [self._by_tag(found), self._never_shown(found)]
        return tables if self.scheme is None else [self._by_kind(found), *tables]

    def _by_kind(self, found: Found) -> Exhibit:
        """Show of each kind of span how many are said, and right."""
        shown = [found.chosen, found.best_baseline]
        truth = [(i, span) for i in found.held.tolist() for span in spans_of(self.tags[i])]
        there = Counter(span[0] for _, span in truth)
        figures = []
        for name in shown:
            tags = [row for part in found.said(name) for row in part]
            said = [(i, s) for i, row in zip(found.held, tags, strict=True) for s in spans_of(row)]
            called = Counter(span[0] for _, span in said)
            right = Counter(span[0] for _, span in set(said) & set(truth))
            figures.append((right, called))
        rows = []
        for kind, count in there.most_common():
            row = [kind or "span", f"{count:,}"]
            for right, called in figures:
                shares = (right[kind] / max(1, called[kind]), right[kind] / count)
                row += [f"{share:.3f}" for share in (*shares, _f1(*shares))]
            rows.append(row)
        columns = [f"{name}: {what}" for name in shown for what in ("precision", "recall", "F1")]
        return Exhibit(title="Spans by kind", columns=["kind", "spans", *columns], rows=rows)

    def _right(self, found: Found, name: str) -> npt.NDArray[np.bool_]:
        """Tell of every held word whether a contender's tag is right."""
        said = [tag for part in found.said(name) for row in part for tag in row]
        right: npt.NDArray[np.bool_] = np.array(said, dtype=object) == self._truth(found.held)
        return right

    def _truth(self, rows: Rows) -> npt.NDArray[np.object_]:
        return np.array([tag for i in rows for tag in self.tags[i]], dtype=object)

    def _by_tag(self, found: Found) -> Exhibit:
        truth, shown = self._truth(found.held), [found.chosen, found.best_baseline]
        right = [self._right(found, name) for name in shown]
        rows = []
        for tag, count in Counter(truth.tolist()).most_common():
            of_tag = truth == tag
            rows.append([tag, f"{count:,}", *(f"{each[of_tag].mean():.3f}" for each in right)])
        return Exhibit(title="Accuracy by tag", columns=["tag", "words", *shown], rows=rows)

    def _never_shown(self, found: Found) -> Exhibit:
        """Tell words that training never showed, capitals aside, from the others."""
        new: list[bool] = []
        for fold in self.folds:
            shown = {word.lower() for i in fold.known for word in self.words[i]}
            new += [word.lower() not in shown for i in fold.held for word in self.words[i]]
        unseen = np.array(new)
        rows = []
        for contender in self.contenders:
            right = self._right(found, contender.name)
            rows.append([contender.name, *map(_share, (right[unseen], right[~unseen]))])
        return Exhibit(
            title="Words never shown",
            columns=["contender", "right of words never shown", "right of words shown"],
            rows=rows,
            note=f"{unseen.sum():,} of {len(unseen):,} held words do not stand in training.",
        )

    def commands(self, run: str) -> list[tuple[str, list[str]]]:
        """Ask it, and judge it on new rows."""
        return [
            ("tag a sentence", ["predict", run, "words with spaces between"]),
            ("tag the sentences of a file", ["predict", run, "--file", "NEW.txt"]),
            ("judge it on new sentences with tags", ["evaluate", run, "NEW.txt"]),
        ]

    def predictions(self, found: Found) -> Mapping[str, Iterable[Any]]:
        """Give every held word with its sentence, its tag, and what each contender said."""
        columns: dict[str, Any] = {
            "id": [i for i in found.held.tolist() for _ in self.words[i]],
            "word": [word for i in found.held for word in self.words[i]],
            "truth": self._truth(found.held),
        }
        for contender in self.contenders:
            said = found.said(contender.name)
            columns[contender.name] = [tag for part in said for row in part for tag in row]
        return columns

    def keys(self) -> Mapping[str, Rows]:
        """Give a number for all sentences that are equal word for word."""
        return {"duplicate_key": np.array([content_key("\0".join(row)) for row in self.words])}

    def saved_facts(self, found: Found, name: str) -> dict[str, Any]:
        """Give the names of the columns, so that new files are read as this one."""
        return {"columns": dict(self.columns)}


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share(right: npt.NDArray[np.bool_]) -> str:
    return f"{right.mean():.3f}" if len(right) else "–"


# ---- saved models


def asked_again(asked: Asked, rows: TaggedSentences) -> TaggingProblem:
    """Ask saved taggers for the tags of new sentences."""
    names, scheme = tuple(sorted(asked.network.classes)), asked.network.facts.scheme
    groups = group_near_sentences(rows.words)
    counts = Counter(tag for row in rows.tags for tag in row)
    return TaggingProblem(
        name="tagging",
        data=_described(rows, counts, groups, [*rows.notes, *_said_of_spans(scheme, rows.tags)]),
        split="sentences given",
        folds=all_held(len(rows)),
        contenders=(),
        measures=tag_measures(len(names), scheme is not None),
        beside=BESIDE if scheme is None else BESIDE_SPANS,
        scheme=scheme,
        words=rows.words,
        tags=rows.tags,
        names=names,
        groups=groups,
    )
