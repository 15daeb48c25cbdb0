"""Rows of which every step has a class: words with tags, logs with states.

::

    tags      sentences: copies of them, tags that stand in the words, and which may be wrong
    states    steps of logs: copies of streams, what one channel tells, and which may be wrong

Whether a label may be wrong is asked as of whole rows (`labels`): by a linear model of a word and
its neighbours, copies of a sentence together; by trees on what steps before and after are like, in
blocks of steps that follow each other. So is what a channel alone tells, as of columns (`judged`).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from recurra.arrays import Bools, Floats, Rows, Texts
from recurra.auditing.copies import copy_findings
from recurra.auditing.findings import Audit, Finding, Tell
from recurra.auditing.foreknown import columns_foreknown
from recurra.auditing.judged import content_findings
from recurra.auditing.labels import label_findings
from recurra.auditing.number_copies import AuditedNumbers, number_copy_findings
from recurra.auditing.number_views import written_digits
from recurra.auditing.ordered import foreknown_finding
from recurra.auditing.rows import FOLDS, Audited, AuditedTexts, Counted
from recurra.auditing.simple import Simple, simple_of_states, simple_of_words
from recurra.auditing.tables import NumericRows
from recurra.auditing.tells import View
from recurra.auditing.views import MARKS
from recurra.data.labelled import LabelledTexts
from recurra.data.states import LabelledSteps, StepColumns, read_steps
from recurra.data.tagged import TagColumns, TaggedSentences, read_tagged
from recurra.errors import SettingsError
from recurra.judging.splits import stratified_group_folds
from recurra.near_numbers import KINDS
from recurra.sequences import Ragged

__all__ = ["audit_states", "audit_tags"]

BLOCKS, SHORTEST = 100, 20  # that logs are cut into, and steps of one at the least
BESIDE = 8  # words on each side that are shown
ASKED = (
    "of tags, copies of sentences, tags in the words and wrong labels were asked, and nothing else"
)
OF_STATES = "of states, copies of streams, channels and wrong labels were asked, and nothing else"
MOST_STEPS, MOST_LAID = 50_000, 5_000_000  # of which channels are asked; streams laid over others
TAIL = re.compile(r"(?<=.)[_/|^#@](?!\d+$)\w{1,8}$")  # of a word: a sign and what stands behind it
LEFT_BY_PROGRAMS = (
    "HTML tags",
    "HTML entities",
    "UTF-8 read as Latin-1",
    "a sign for letters that could not be read",
    "signs that nobody sees",
    "a blank that is not a space",
)
HERE, PURE, CHANCE = 0.1, 0.98, 0.01  # of the words of a tag; sure of it; by luck


@dataclass
class _Steps:
    """Steps with a class each, as an audit reads rows."""

    labels: Texts
    source: str
    sha256: str
    notes: list[str]
    other_columns: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def _found(self) -> tuple[Texts, Rows]:
        return np.unique(self.labels.astype(str), return_inverse=True)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(str, self._found[0]))

    @property
    def numbers(self) -> Rows:
        return self._found[1].astype(np.int64)

    @property
    def classes(self) -> dict[str, int]:
        return dict(zip(self.names, np.bincount(self.numbers).tolist(), strict=True))


@dataclass(frozen=True)
class _AuditedSteps(Audited):
    """Steps that are audited.

    Args:
        begins: (parts,) where each sentence or stream begins among the steps.
        together: (steps,) what one number binds stands in one fold.
        read: gives the simple model of all steps.
        say: gives what a step holds, by its part and its place in it.
        names_of: (parts,) how each part is called.
        word: what a step of it is called.
    """

    begins: Rows = field(default_factory=lambda: np.zeros(1, np.int64))
    together: Rows = field(default_factory=lambda: np.zeros(0, np.int64))
    read: Callable[[], Simple] | None = None
    say: Callable[[int, int], str] | None = None
    names_of: Sequence[str] = ()
    word: str = "step"

    @cached_property
    def counted(self) -> Counted:
        """The steps that channels are asked of, in blocks that teach each other."""
        rows = np.arange(len(self.truth))
        if len(rows) > MOST_STEPS:
            self.notes.append(f"channels were asked of {MOST_STEPS:,} of {len(rows):,} steps")
            drawn = np.random.default_rng(self.seed).choice(rows, MOST_STEPS, replace=False)
            rows = np.sort(drawn)
        truth, blocks = self.truth[rows], self.together[rows]
        counts = np.bincount(truth)
        enough = len(counts) > 1 and counts[counts > 0].min() >= 2 * FOLDS
        if not enough or len(np.unique(blocks)) < 2 * FOLDS:
            return Counted(rows, truth, np.zeros(0, np.int64))
        return Counted(rows, truth, stratified_group_folds(truth, blocks, FOLDS, self.seed))

    @property
    def bound(self) -> Rows:
        """(steps,) what stands in one fold."""
        return self.together

    def simple(self, rows: Rows) -> Simple:
        """Give a simple model of some of the steps, which knows those beside them."""
        assert self.read is not None
        every = self.read()
        return Simple(every.features[rows], every.make)

    def place(self, row: int) -> int:
        """Give the number of the sentence or stream, on its side."""
        part = self._part(row)
        if self.held is None:
            return part
        side = self.held[self.begins] == self.held[row]
        return int(side[:part].sum())

    def step(self, row: int) -> int | None:
        """Give the place of a step in its sentence or stream, counted from 0."""
        return row - int(self.begins[self._part(row)])

    def shown(self, row: int) -> str:
        """Give what a step holds."""
        assert self.say is not None
        return self.say(self._part(row), self.step(row) or 0)

    def called(self, row: int) -> str:
        """Give where a step stands."""
        return f"{self.names_of[self._part(row)]}, {self.word} {(self.step(row) or 0) + 1}"

    def _part(self, row: int) -> int:
        return int(np.searchsorted(self.begins, row, side="right")) - 1


def audit_tags(
    source: str | Path,
    test: str | Path | None = None,
    columns: TagColumns | None = None,
    *,
    encoding: str | None = None,
) -> Audit:
    """Audit tagged sentences: copies of them, and tags that may be wrong.

    Args:
        source: a file of tagged sentences.
        test: that of the side held out, if it is one.
        columns: which hold what, None of what is to be found.
        encoding: of the files, None to recognise it.

    Raises:
        DataError: a file cannot be read.
    """
    files = [Path(source), *([Path(test)] if test else [])]
    parts = [read_tagged(file, columns or TagColumns(), encoding=encoding) for file in files]
    words = [row for part in parts for row in part.words]
    tags = [row for part in parts for row in part.tags]
    held = np.repeat([False, True], [len(parts[0]), len(parts[-1])]) if test else None
    notes = list(dict.fromkeys([*(n for part in parts for n in part.notes), ASKED]))
    sentences = AuditedTexts(_as_texts(words, tags, parts, held), held)
    lengths = np.array([len(row) for row in words])
    steps = _AuditedSteps(
        rows=_Steps(np.array([tag for row in tags for tag in row], object), *_named(parts), notes),
        held=None if held is None else np.repeat(held, lengths),
        begins=np.cumsum(lengths) - lengths,
        together=np.repeat(sentences.copies.masked, lengths),
        read=lambda: simple_of_words(words),
        say=lambda part, place: _marked(words[part], place),
        names_of=[f"sentence {number + 1}" for number in _numbers(held, len(words))],
        word="word",
    )
    found = [*copy_findings(sentences), *_tags_in_words(steps, [w for row in words for w in row])]
    return _found(steps, held, len(words), found, notes)


def audit_states(
    source: str | Path,
    test: str | Path | None = None,
    columns: StepColumns | None = None,
    *,
    encoding: str | None = None,
) -> Audit:
    """Audit logs with a state at every step: states that may be wrong.

    Args:
        source: a log.
        test: that of the side held out, if it is one.
        columns: which are what, None of what is to be found.
        encoding: of the files, None to recognise it.

    Raises:
        DataError: a file cannot be read.
        SettingsError: the logs have other channels.
    """
    files = [Path(source), *([Path(test)] if test else [])]
    parts = [read_steps(file, columns or StepColumns(), encoding=encoding) for file in files]
    if len({part.channels for part in parts}) > 1:
        raise SettingsError(
            f"both sides must have the same channels, but {parts[0].source} has "
            f"{', '.join(parts[0].channels)} and {parts[-1].source} has "
            f"{', '.join(parts[-1].channels)}."
        )
    lengths = np.concatenate([np.diff(part.offsets) for part in parts])
    numbers = np.concatenate([part.numbers for part in parts])
    begins = np.cumsum(lengths) - lengths
    sides = np.repeat([False, True], [len(parts[0].ids), len(parts[-1].ids)]) if test else None
    notes = list(dict.fromkeys([*(n for part in parts for n in part.notes), OF_STATES]))
    states = [part.states for part in parts if part.states is not None]
    steps = _AuditedSteps(
        rows=_Steps(np.concatenate(states).astype(object), *_named(parts), notes),
        held=None if sides is None else np.repeat(sides, lengths),
        begins=begins,
        together=_blocks(lengths),
        read=lambda: simple_of_states(numbers, begins),
        say=lambda part, place: ", ".join(
            f"{name}: {value:.6g}"
            for name, value in zip(
                parts[0].channels, numbers[int(begins[part]) + place], strict=True
            )
        ),
        names_of=[str(name) for part in parts for name in part.ids],
    )
    held = None if sides is None else np.repeat(sides, lengths)
    views = [*_views_of_channels(steps, numbers, parts[0]), *_views_of_times(steps, parts)]
    views += _views_of_missing(steps, parts)
    told, tells = content_findings(steps, views)
    found = [*_streams_laid(parts, numbers, lengths, sides), *told]
    found += _channels_told_by_later_steps(parts[0])
    return _found(steps, held, len(numbers), found, notes, tells)


def _views_of_channels(
    steps: _AuditedSteps, numbers: Floats, part: LabelledSteps
) -> Iterator[View]:
    """Look at each channel of a step by itself, and at how its number is written."""
    for name, column in zip(part.channels, numbers[steps.counted.rows].T, strict=True):
        yield View(f"channel {name!r}", "channel", column, False)
        behind = written_digits(column)
        if len(np.unique(behind)) > 1:
            said = f"channel {name!r}: digits behind the point"
            yield View(said, "written", behind, False)


def _views_of_missing(steps: _AuditedSteps, parts: Sequence[LabelledSteps]) -> Iterator[View]:
    """Look at where each channel was missing, and at how many channels were at once."""
    empty = [
        np.zeros(part.numbers.shape, bool) if part.missing is None else part.missing
        for part in parts
    ]
    missing = np.concatenate(empty)[steps.counted.rows].astype(np.int64)
    some = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    for channel in some.tolist():
        name = parts[0].channels[channel]
        yield View(f"channel {name!r}: whether it is missing", "missing", missing[:, channel], True)
    if len(some) > 1:
        number = missing.sum(axis=1)
        yield View("how many channels are missing", "missing", number, True)


def _views_of_times(steps: _AuditedSteps, parts: Sequence[LabelledSteps]) -> Iterator[View]:
    """Look at how long after the step before a step comes: clocks may be slower in one state."""
    times = [part.times for part in parts if part.times is not None]
    if len(times) < len(parts):
        return
    whole = np.concatenate(times)
    since = np.diff(whole, prepend=whole[:1])
    since[steps.begins] = float(np.median(since))
    if len(np.unique(since[steps.counted.rows])) > 1:
        yield View("time since the step before", "channel", since[steps.counted.rows], False)


def _channels_told_by_later_steps(part: LabelledSteps) -> list[Finding]:
    """Note channels that steps to come tell, in the longest stream: which looks ahead is open."""
    which = int(np.diff(part.offsets).argmax())
    rows = part.numbers[part.offsets[which] : part.offsets[which + 1]]
    told = columns_foreknown(dict(zip(part.channels, rows.T, strict=True)))
    return [foreknown_finding(each, len(rows), "") for each in told]


def _streams_laid(
    parts: Sequence[LabelledSteps], numbers: Floats, lengths: Rows, sides: Bools | None
) -> list[Finding]:
    """Say which streams are copies or parts of each other: those that are near may be alike."""
    if len(lengths) < 2 or len(numbers) > MOST_LAID:
        return []
    ends = np.cumsum(lengths)
    rows = NumericRows(
        np.full(len(lengths), "", object),
        np.array([str(name) for part in parts for name in part.ids], object),
        pd.DataFrame(index=range(len(lengths))),
        Ragged.of_numbers(np.split(numbers, ends[:-1])),
        parts[0].channels,
        *_named(parts),
        [],
        sides,
    )
    found = number_copy_findings(AuditedNumbers(rows, sides))
    return [each for each in found if not each.kind.startswith(KINDS[-1])]


def _tags_in_words(steps: _AuditedSteps, words: list[str]) -> list[Finding]:
    """Say what in words stands with one tag alone: ends behind a sign, marks no writer means.

    Copies count once.
    """
    pairs = pd.DataFrame({"word": words, "tag": steps.truth}).drop_duplicates()
    held = pairs["word"].map(_left_in).explode().dropna()
    if held.empty:
        return []
    names, codes = np.unique(held.to_numpy(str), return_inverse=True)
    tags = pairs["tag"].to_numpy()
    table = np.zeros((len(names), len(steps.rows.names)), np.int64)
    np.add.at(table, (codes, pairs["tag"].loc[held.index].to_numpy()), 1)
    sizes, found = np.bincount(tags, minlength=table.shape[1]), []
    for name, row in zip(names.tolist(), table, strict=True):
        tag = int((row / np.maximum(sizes, 1)).argmax())
        mine, every, size = int(row[tag]), int(row.sum()), int(sizes[tag])
        here, there = mine / size, (every - mine) / max(1, len(pairs) - size)
        luck = float(hypergeom.sf(mine - 1, len(pairs), size, every)) * table.size
        if here >= HERE and here >= PURE * (here + there) and luck < CHANCE:
            found.append(_tail_finding(steps, name, tag, (here, there), every))
    return found


def _left_in(word: str) -> list[str]:
    """Give the end of a word behind a sign, and the names of the marks that it holds."""
    tail = TAIL.search(word)
    marks = [name for name in LEFT_BY_PROGRAMS if MARKS[name](word)]
    return [*([tail.group()] if tail else []), *marks]


def _tail_finding(
    steps: _AuditedSteps, what: str, tag: int, shares: tuple[float, float], size: int
) -> Finding:
    here, there = shares
    name = steps.rows.names[tag]
    return Finding(
        kind="target in the text",
        level="leak",
        sentence=(
            f"Of the different words of {name} {here:.1%} hold {what}, and of the others "
            f"{there:.1%}: the tag stands in the word."
            if what in LEFT_BY_PROGRAMS
            else f"Of the different words of {name} {here:.1%} end in {what!r}, and of "
            f"the others {there:.1%}: the tag stands in the word."
        ),
        size=size,
        of=len(steps.truth),
        advice="Take it out of the words: it came with the tag, not with what was written.",
    )


def _found(
    steps: _AuditedSteps,
    held: Bools | None,
    rows: int,
    found: list[Finding],
    notes: list[str],
    tells: Sequence[Tell] = (),
) -> Audit:
    of_labels, suspects = label_findings(steps)
    counts = {"rows": rows}
    if held is not None:
        counts = dict(zip(steps.names, (int((~held).sum()), int(held.sum())), strict=True))
    return Audit(
        version=version("recurra"),
        question="Which labels may be wrong, and what stands twice?",
        source=steps.rows.source,
        sha256=steps.rows.sha256,
        rows=counts,
        classes=steps.rows.classes,
        findings=[*found, *of_labels],
        tells=list(tells),
        suspects=suspects,
        notes=list(dict.fromkeys([*notes, *steps.notes])),
    )


def _named(parts: Sequence[TaggedSentences] | Sequence[LabelledSteps]) -> tuple[str, str]:
    return " and ".join(part.source for part in parts), " ".join(part.sha256 for part in parts)


def _as_texts(
    words: list[list[str]],
    tags: list[list[str]],
    parts: Sequence[TaggedSentences],
    held: Bools | None,
) -> LabelledTexts:
    """Give sentences as texts, whose class is all their tags: copies may have others."""
    return LabelledTexts(
        np.array([" ".join(row) for row in words], object),
        np.array([" ".join(row) for row in tags], object),
        None,
        *_named(parts),
        [],
        pd.DataFrame(index=range(len(words))),
        held,
        np.array(_numbers(held, len(words)), object),
    )


def _numbers(held: Bools | None, rows: int) -> list[int]:
    """Give the number of each sentence on its own side, from 0."""
    if held is None:
        return list(range(rows))
    known = int((~held).sum())
    return [*range(known), *range(rows - known)]


def _marked(words: list[str], place: int) -> str:
    """Give a word among those beside it, in brackets."""
    begin = max(0, place - BESIDE)
    shown = [*words[begin:place], f"[{words[place]}]", *words[place + 1 : place + 1 + BESIDE]]
    return " ".join(shown)


def _blocks(lengths: Rows) -> Rows:
    """Give a number to each block of steps of one stream that follow each other."""
    size = max(SHORTEST, int(lengths.sum()) // BLOCKS)
    begins = np.cumsum(lengths) - lengths
    place = np.arange(int(lengths.sum())) - np.repeat(begins, lengths)
    stream = np.repeat(np.arange(len(lengths)), lengths)
    pairs = np.stack([stream, place // size], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
