"""How the rows of each problem are split: rows known and held, to train and to validate on.

::

    rows ─ groups that stay together ─ folds: known │ held
                                              known: train │ validation, a turn each

No Keras is loaded here: a command splits the rows first, so that too few of them are told at once,
and hands the split to the problem.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recurra.arrays import Array, Bools, Dates, Floats, Rows, Texts
from recurra.data import LabelledTexts, Lines, Pairs, Series, TaggedSentences
from recurra.data.bonds import Times
from recurra.data.labelled import PUBLISHED
from recurra.data.multi_labels import MultiLabelled
from recurra.data.sequences import LabelledSequences, check_enough
from recurra.data.states import LabelledSteps
from recurra.errors import DataError, SettingsError
from recurra.groups import fold_lines, group_duplicates, group_equal_sentences, group_pairs
from recurra.judging.bonds import Bonds
from recurra.judging.classes import Labelled
from recurra.judging.problem import Fold, Sides, folds_of
from recurra.judging.quantities import Measured
from recurra.judging.splits import (
    Split,
    dated_split,
    group_folds,
    group_split,
    last_part,
    rolling_folds,
    stratified_group_folds,
    stratified_group_split,
    walk_forward,
)
from recurra.markets.rows import STRETCH, Market, RiseRows, rows_of
from recurra.near_numbers import MOST_ROWS as MOST_COMPARED
from recurra.near_numbers import NearSequences, find_near_sequences
from recurra.problems.rise_settings import RiseSettings
from recurra.text import TextEncoder
from recurra.text.near import SHORTEST, Copies, connected, find_copies, group_near

__all__ = [
    "DEFAULT",
    "HELD_OUT",
    "KEEP_NEAR",
    "Protocol",
    "SplitDays",
    "SplitLabels",
    "SplitLines",
    "SplitPairs",
    "SplitQuantities",
    "SplitSentences",
    "SplitSequences",
    "SplitSeries",
    "SplitSteps",
    "SplitTexts",
    "bound_pieces",
    "cut_by_time",
    "group_near_sentences",
    "grouped_lines",
    "grouped_pairs",
    "joined",
    "rise_rows",
    "segments_of",
    "sentence_turns",
    "split_days",
    "split_labels",
    "split_lines",
    "split_pairs",
    "split_quantities",
    "split_rows",
    "split_sentences",
    "split_sequences",
    "split_series",
    "split_steps",
    "split_texts",
    "tied",
    "validated_steps",
    "window_of",
]

FEWEST_READ, MOST_READ = 3, 32  # steps of a series
ROWS_OF_A_LABEL = 20  # that tell rows apart when they are split
PARTS, ROWS_A_PART = 4, 10  # of the range of a number to foretell
TEST_SHARE = 0.2  # of texts, sequences and steps
HELD_OUT = "the file to test on is held out"
WINDOW = 128  # steps of a log that a network is trained on at once
SEGMENTS = 8  # of such a window
COUNTED = str.maketrans("0123456789", "αβγδεζηθικ")  # letters, so that numbers count
NEAR, EQUAL = "copies and near copies", "equal ones"  # of sentences
WRITTEN_SHARE = 0.1  # of lines and pairs


# ---- classes


@dataclass(frozen=True)
class Protocol:
    """How rows are prepared and split.

    Args:
        kind: what the report calls it.
        grouped: whether copies are kept on one side.
        near: whether near copies count as copies.
        prepare: from the rows as read to the rows used.
        encoder: fits an encoder on all rows, as some do; None leaves it to training rows.
    """

    kind: str
    grouped: bool = True
    near: bool = True
    prepare: Callable[[LabelledTexts], LabelledTexts] = lambda rows: rows
    encoder: Callable[[LabelledTexts], TextEncoder] | None = None


DEFAULT = Protocol("stratified, copies and near copies grouped")
KEEP_NEAR = Protocol("stratified, duplicates grouped", near=False)


class SplitTexts(NamedTuple):
    """Labelled texts and their folds; `pieces` are what counts once, whatever the split does."""

    rows: LabelledTexts
    labelled: Labelled
    copies: Copies
    pieces: Rows
    kind: str
    folds: list[Fold]
    bonds: Bonds
    notes: list[str]


def split_texts(
    rows: LabelledTexts,
    protocol: Protocol = DEFAULT,
    *,
    folds: int | None = None,
    share: float = 0.2,
    seed: int = 0,
) -> SplitTexts:
    """Split labelled texts.

    Args:
        rows: as they were read.
        protocol: how they are prepared.
        folds: how many; None holds out the published test rows, else a fifth. With folds of a
            published split the training side alone is used: to choose must not touch the test.
        share: of the rows known, for validation.
        seed: of the shuffling.

    Raises:
        DataError: a side would lack a class.
    """
    rows = _prepared(rows, protocol, folds)
    copies = find_copies(rows.texts)
    alike = copies.groups if protocol.near else copies.masked
    bonds = _bound(alike, rows.groups, rows.times)
    pieces, groups = alike, alike if protocol.grouped else np.arange(len(rows.texts))
    if bonds.groups is not None:
        groups, pieces = bonds.groups, tied(bonds.groups, alike, rows.texts)
    positive = None if rows.positive is None else rows.names.index(rows.positive)
    labelled = Labelled(rows.texts, rows.numbers, rows.names, positive, groups)
    why = "have a copy on the other side, or their group"
    how = _How(share, seed, why, rows.times)
    made, notes = _folds(labelled, bonds, rows.published_test, folds, how)
    kind = _in_words(bonds, rows.times, folds, protocol.kind)
    if rows.published_test is not None:
        side = "the published training side" if rows.split == PUBLISHED else "the file to train on"
        kind = f"{rows.split}; {kind}" if folds is None else f"{kind}, {side} alone"
    return SplitTexts(rows, labelled, copies, pieces, kind, made, bonds, notes)


def bound_pieces(texts: Texts, bound: Texts | None) -> Rows:
    """Give one number to rows that are one piece of evidence: copies, and rows that are bound.

    Args:
        texts: (rows,) that are judged.
        bound: (rows,) what binds them, such as their writer; None: nothing.
    """
    copies = group_duplicates(texts)
    if bound is None:
        return copies
    return tied(np.unique(bound.astype(str), return_inverse=True)[1], copies, texts)


def tied(groups: Rows, copies: Rows, texts: Texts) -> Rows:
    """Give one number to groups that share a copy: they are one piece of evidence.

    Short texts tie nothing: people write such anew.
    """
    long = np.fromiter((len(text) >= SHORTEST for text in texts), bool, len(texts))
    _, first = np.unique(groups, return_index=True)
    same = np.stack([np.arange(len(groups)), first[groups]], axis=1)
    _, first, number = np.unique(copies, return_index=True, return_inverse=True)
    alike = np.stack([np.arange(len(groups)), first[number]], axis=1)[long & long[first[number]]]
    return connected(np.concatenate([same, alike]), len(groups))


def _prepared(rows: LabelledTexts, protocol: Protocol, folds: int | None) -> LabelledTexts:
    """Give the rows used: of folds, those of the training side alone."""
    if folds is not None and rows.published_test is not None:
        rows = rows.take(np.flatnonzero(~rows.published_test))
    return protocol.prepare(rows)


def _folds(
    rows: Labelled, bonds: Bonds, published: Bools | None, folds: int | None, how: "_How"
) -> tuple[list[Fold], list[str]]:
    """Split rows, and say where time was cut and what was left out of training."""
    made = bonds.folds(rows, folds, how.share, how.seed, None if folds else published)
    said = []
    if how.times is not None and published is None:
        begins = ", ".join(how.times.first(fold.held) for fold in made)
        last = how.times.last(made[-1].known)
        said = [f"held rows begin with {begins}; what is learnt from ends with {last}"]
    purged = sum(fold.purged for fold in made)
    return made, said + [f"{purged:,} rows {how.purged}: left out of training"] * bool(purged)


class _How(NamedTuple):
    """How rows are split: the share for validation, the seed, why some are left out, times."""

    share: float
    seed: int
    purged: str
    times: Times | None = None


def _bound(copies: Rows, groups: Texts | None, times: Times | None, lasting: bool = False) -> Bonds:
    """Give what binds rows, as numbers."""
    numbers = None if groups is None else np.unique(groups.astype(str), return_inverse=True)[1]
    begins = None if times is None else times.begins
    return Bonds(copies, numbers, begins, times.ends if times is not None and lasting else None)


def _in_words(bonds: Bonds, times: Times | None, folds: int | None, plain: str) -> str:
    """Say how rows are split; `plain` where nothing but copies binds them."""
    together = "" if bonds.groups is None else ", each group on one side"
    if times is None:
        return f"stratified{together}" if together else plain
    how = "walking forward" if folds else "the past teaches, the newest rows judge"
    return f"by time, {how}, cut between {times.unit}{together}"


class SplitSequences(NamedTuple):
    """Labelled sequences and their folds; `pieces` are what counts once."""

    rows: LabelledSequences
    labelled: Labelled
    copies: NearSequences
    pieces: Rows
    kind: str
    folds: list[Fold]
    bonds: Bonds
    notes: list[str]


def split_sequences(
    rows: LabelledSequences,
    positive: str | None = None,
    *,
    near: bool = True,
    folds: int | None = None,
    share: float = 0.2,
    seed: int = 0,
) -> SplitSequences:
    """Split labelled sequences; what is given is as in `split_texts`.

    Args:
        near: whether near copies, parts of each other and windows that overlap stay on one side.

    Raises:
        DataError: there are too few sequences, or of too few classes.
        SettingsError: the positive class is unknown.
    """
    rows, kind = _used(rows, folds, near)
    check_enough(rows)
    copies = find_near_sequences(rows.sequences, rows.truth, rows.published_test)
    pieces = _together(rows, copies, near)
    which = _positive(rows, positive)
    labelled = Labelled(rows.sequences, rows.truth, rows.names, which, pieces)
    bonds = _bound(copies.exact, rows.groups, rows.times, lasting=True)
    why = "reach beyond the cut, or have an equal or their group on another side"
    how = _How(share, seed, why, rows.times)
    made, purged = _folds(labelled, bonds, rows.published_test, folds, how)
    said = _copies_said(rows, copies, near, published=folds is None)
    return SplitSequences(rows, labelled, copies, pieces, kind, made, bonds, [*said, *purged])


@dataclass(frozen=True)
class _Parts:
    """Rows that have no class, stratified by parts of what they have; where too few belong apart,
    they are split as they come, groups whole.

    Args:
        parted: from rows known to all rows with the number of their part.
        groups: (rows,) rows of one number stay on one side.
        bonds: what binds rows, and when they were.
        how: they are split.
    """

    parted: Callable[[Rows], Labelled]
    groups: Rows
    bonds: Bonds
    how: "_How"

    def folds(self, published: Bools | None, folds: int | None) -> tuple[list[Fold], list[str]]:
        """Split them, and say where time was cut and what was left out."""
        every = self.parted(np.arange(len(self.groups)))
        try:
            made, said = _folds(every, self.bonds, published, folds, self.how)
        except DataError:
            if self._bound:
                raise
            made, said = self._plain(published, folds), []
        return [replace(fold, sides=self.sides(fold.known)) for fold in made], said

    def sides(self, known: Rows) -> Sides:
        """Give places within the rows known, to train and to validate on, a turn each."""
        share, seed = self.how.share, self.how.seed
        try:
            return self.bonds.sides(self.parted(known), known, share, seed)
        except DataError:
            if self._bound:
                raise
            turns = range(max(1, int(1 / share + 1e-9)))
            return [group_split(self.groups[known], share, seed + turn) for turn in turns]

    @property
    def _bound(self) -> bool:
        return self.bonds.groups is not None or self.bonds.begins is not None

    def _plain(self, published: Bools | None, folds: int | None) -> list[Fold]:
        if published is not None:
            return [Fold(np.flatnonzero(~published), np.flatnonzero(published), [])]
        if folds is not None:
            return folds_of(group_folds(self.groups, folds, self.how.seed), lambda known: [])
        known, held = group_split(self.groups, TEST_SHARE, self.how.seed)
        return [Fold(known, held, [])]


class SplitLabels(NamedTuple):
    """Texts with any number of labels, and their folds; `sides` gives those of any rows known."""

    rows: MultiLabelled
    groups: Rows
    copies: Rows
    pieces: Rows
    kind: str
    folds: list[Fold]
    sides: Callable[[Rows], Sides]
    bonds: Bonds
    notes: list[str]


def split_labels(
    rows: MultiLabelled, *, folds: int | None = None, share: float = 0.2, seed: int = 0
) -> SplitLabels:
    """Split texts with any number of labels; what is given is as in `split_texts`.

    Rows are stratified by the rarest of their labels; what validates, by that among the rows known.

    Raises:
        DataError: a side would lack rows.
    """
    if folds is not None and rows.published_test is not None:
        rows = rows.take(np.flatnonzero(~rows.published_test))
    found = find_copies(rows.texts)
    bonds = _bound(found.groups, rows.groups, rows.times)
    groups, pieces = found.groups, found.groups
    if bonds.groups is not None:
        groups, pieces = bonds.groups, tied(bonds.groups, found.groups, rows.texts)

    def parted(known: Rows) -> Labelled:
        strata = np.zeros(len(rows), np.int64)
        strata[known] = _rarest_of(rows.truth[known])
        names = tuple(f"part {part}" for part in range(int(strata.max()) + 1))
        return Labelled(rows.texts, strata, names, None, groups)

    why = "have a copy on the other side, or their group"
    parts = _Parts(parted, groups, bonds, _How(share, seed, why, rows.times))
    made, purged = parts.folds(rows.published_test, folds)
    kind = _in_words(bonds, rows.times, folds, DEFAULT.kind)
    if rows.published_test is not None:
        kind = f"{rows.split}; {kind}"
    copies = [found.sentence()] if found.sentence() else []
    said = [f"{each}: each group is kept on one side and counts once" for each in copies]
    notes = [*said, *purged]
    return SplitLabels(rows, groups, found.groups, pieces, kind, made, parts.sides, bonds, notes)


def _rarest_of(truth: Array) -> Rows:
    """Give each row the number of the rarest of its labels that has rows enough; 0 for none."""
    counts = truth.sum(axis=0)
    strata = np.zeros(len(truth), np.int64)
    for label in np.argsort(-counts, kind="stable"):  # a rarer one takes the place of a commoner
        if ROWS_OF_A_LABEL <= counts[label] <= len(truth) - ROWS_OF_A_LABEL:
            strata[truth[:, label] > 0] = label + 1
    names, places, sizes = np.unique(strata, return_inverse=True, return_counts=True)
    few = sizes[places] < ROWS_OF_A_LABEL
    strata[few] = names[sizes.argmax()]  # too few to stand on every side
    return np.unique(strata, return_inverse=True)[1].astype(np.int64)


class SplitQuantities(NamedTuple):
    """Sequences with a number each, and their folds; `sides` gives those of any rows known."""

    rows: LabelledSequences
    measured: Measured
    copies: NearSequences
    pieces: Rows
    kind: str
    folds: list[Fold]
    sides: Callable[[Rows], Sides]
    bonds: Bonds
    notes: list[str]


def split_quantities(
    rows: LabelledSequences,
    *,
    near: bool = True,
    folds: int | None = None,
    share: float = 0.2,
    seed: int = 0,
) -> SplitQuantities:
    """Split sequences with a number each; what is given is as in `split_sequences`.

    Large numbers and small ones are on every side: rows are stratified by the part of the range
    that their number is in; what validates, by the range of the rows known.

    Raises:
        DataError: there are too few sequences.
    """
    rows, kind = _used(rows, folds, near)
    check_enough(rows)
    assert rows.targets is not None
    targets = rows.targets
    copies = find_near_sequences(rows.sequences, None, rows.published_test)
    pieces = _together(rows, copies, near)
    bonds = _bound(copies.exact, rows.groups, rows.times, lasting=True)

    def parted(known: Rows) -> Labelled:
        parts = np.zeros(len(targets), np.int64)
        parts[known] = _parts_of(targets[known])
        names = tuple(f"part {part + 1} of the range" for part in range(PARTS))
        return Labelled(rows.sequences, parts, names[: int(parts.max()) + 1], None, pieces)

    why = "reach beyond the cut, or have an equal or their group on another side"
    parts = _Parts(parted, pieces, bonds, _How(share, seed, why, rows.times))
    made, purged = parts.folds(rows.published_test, folds)
    notes = [*_copies_said(rows, copies, near, published=folds is None), *purged]
    measured = Measured(rows.sequences, targets, pieces)
    return SplitQuantities(rows, measured, copies, pieces, kind, made, parts.sides, bonds, notes)


def _parts_of(targets: Floats) -> Rows:
    """Give the part of the range that each number is in: of about as many rows each."""
    count = max(2, min(PARTS, len(targets) // ROWS_A_PART))
    edges = np.unique(np.quantile(targets, np.arange(1, count) / count))
    parts = np.searchsorted(edges, targets, side="right")
    return np.unique(parts, return_inverse=True)[1].astype(np.int64)


def _together(rows: LabelledSequences, copies: NearSequences, near: bool) -> Rows:
    """Give one number to all sequences of one group, and to their copies."""
    own = copies.groups if near else copies.exact
    if rows.groups is None:
        return own
    named = np.unique(rows.groups, return_inverse=True)[1].astype(np.int64)
    if not near:
        return named
    _, first = np.unique(named, return_index=True)
    places = np.arange(len(own))
    told = copies.telling  # a constant stands in many groups
    pairs = [np.stack([places, first[named]], axis=1), np.stack([places, own], axis=1)[told]]
    return connected(np.concatenate(pairs), len(own))


def _copies_said(
    rows: LabelledSequences, copies: NearSequences, near: bool, published: bool
) -> list[str]:
    """Say how many rows are copies or windows of others, and what was done with them."""
    said = copies.sentence()
    if not said:
        return []
    done = "each group is kept on one side and counts once"
    if not near:
        done = "equal ones are kept on one side; the others may stand on both"
    if rows.times is not None:
        done = "some may stand on both sides of a cut in time, as the checks say"
    if published and rows.published_test is not None:
        across = copies.across(rows.published_test)
        done = f"{across.sum():,} of the sequences to test on have one among those to train on"
    few = copies.compared
    left = f"; {few:,} sequences were looked at for noise added" if few == MOST_COMPARED else ""
    return [f"{said}: {done}{left}"]


def _used(
    rows: LabelledSequences, folds: int | None, near: bool = True
) -> tuple[LabelledSequences, str]:
    """Give the rows used, and how they are split, in words."""
    together = "equal sequences" if rows.groups is None else "groups"
    if near:
        together = "copies and near copies" if rows.groups is None else "groups and near copies"
    if rows.times is not None:
        how = "walking forward" if folds else "the past teaches, the newest rows judge"
        each = "" if rows.groups is None else ", each group on one side"
        return rows, f"by time, {how}, cut between {rows.times.unit}{each}"
    if rows.published_test is None:
        return rows, f"stratified, {together} on one side"
    if folds is None:
        return rows, HELD_OUT
    kept = rows.take(np.flatnonzero(~rows.published_test))
    return kept, f"stratified, {together} on one side, the file to train on alone"


def _positive(rows: LabelledSequences, positive: str | None) -> int | None:
    if positive is None:
        return None
    if len(rows.names) != 2 or positive not in rows.names:
        raise SettingsError(
            "--positive must be one of two classes, but the classes are "
            f"{', '.join(rows.names[:10])} and {positive!r} was given."
        )
    return rows.names.index(positive)


# ---- tags, lines and pairs


class SplitSentences(NamedTuple):
    """The sentences of all sides with the number of each group, and their folds."""

    words: list[list[str]]
    tags: list[list[str]]
    groups: Rows
    kind: str
    notes: list[str]
    folds: list[Fold]


def split_sentences(
    train: TaggedSentences,
    test: TaggedSentences | None,
    *,
    near: bool = True,
    folds: int | None = None,
    share: float = 0.1,
    turns: int = 1,
    seed: int = 0,
) -> SplitSentences:
    """Split tagged sentences.

    Args:
        train: sentences to train on.
        test: sentences to be judged on; those that stand in training are left out. None: `folds`,
            or a fifth of the sentences.
        near: whether near copies count as copies; equal sentences always do.
        folds: how many, of the sentences to train on; None: one split.
        share: of the rows known, for validation.
        turns: how many, one for each network that is averaged.
        seed: of the shuffling.

    Raises:
        DataError: there are too few sentences, or no test sentence is new.
    """
    sides = [train] if test is None else [train, test]
    words = [row for side in sides for row in side.words]
    tags = [row for side in sides for row in side.tags]
    group, alike = (group_near_sentences, NEAR) if near else (group_equal_sentences, EQUAL)
    # a side by itself: sentences to test on bind none of those to train on
    groups = np.concatenate([len(words) * n + group(side.words) for n, side in enumerate(sides)])
    notes = list(train.notes)

    def taught(known: Rows) -> Sides:
        return sentence_turns(groups[known], share, turns, seed)

    if test is None:
        made, kind = _of_one_file(groups, alike, folds, seed, taught)
        return SplitSentences(words, tags, groups, kind, notes, made)
    known, held = _published(group_equal_sentences(words), len(train))
    notes.append(
        f"test: {test.source}, SHA-256 {test.sha256}; {len(test) - len(held):,} of {len(test):,} "
        "sentences stand in training and were left out."
    )
    kind = "as published, test sentences that training holds left out"
    made = [Fold(known, held, taught(known))]
    return SplitSentences(words, tags, groups, kind, notes, made)


def _of_one_file(
    groups: Rows, alike: str, folds: int | None, seed: int, sides: Callable[[Rows], Sides]
) -> tuple[list[Fold], str]:
    """Split the sentences of one file, once or in folds; say in words how."""
    if folds is None:
        known, held = group_split(groups, TEST_SHARE, seed)
        kind = f"a fifth of the sentences held out, {alike} on one side"
        return [Fold(known, held, sides(known))], kind
    made = folds_of(group_folds(groups, folds, seed), sides)
    return made, f"sentences of the training file, {alike} in one fold"


def group_near_sentences(words: Sequence[Sequence[str]]) -> Rows:
    """Give one number to sentences whose words, written one after another, are near copies.

    Of texts numbers do not count, but of words they do: "w12" and "w13" are two.
    """
    return group_near(np.array([" ".join(row).translate(COUNTED) for row in words], object))


def sentence_turns(groups: Rows, share: float, turns: int, seed: int) -> Sides:
    """Give the sides that a tagger would draw by itself, one turn for each network.

    Of sentences that are too few for another turn, the first is taken again.
    """
    alike = np.zeros(len(groups), np.int64)
    sides = [stratified_group_split(alike, groups, share, seed)]
    for turn in range(1, turns):
        try:
            sides.append(stratified_group_split(alike, groups, share, seed, turn))
        except DataError:
            sides.append(sides[0])
    return sides


def _published(groups: Rows, kept: int) -> tuple[Rows, Rows]:
    """Hold out the sentences of the test that do not stand in training."""
    known, test = np.arange(kept), np.arange(kept, len(groups))
    held = test[~np.isin(groups[test], groups[known])]
    if not len(held):
        raise DataError("the test must hold sentences that training does not, but it holds none.")
    return known, held


class SplitLines(NamedTuple):
    """The number of the class and of the group of each line, the folds, and what is to be said."""

    classes: Rows
    groups: Rows
    folds: list[Fold]
    near: bool = False
    notes: tuple[str, ...] = ()


def split_lines(
    rows: Lines,
    *,
    near: bool = True,
    folds: int | None = None,
    share: float = 0.1,
    seed: int = 0,
) -> SplitLines:
    """Split lines, of each class about as many; None folds hold out a tenth.

    Args:
        rows: the lines.
        near: whether near copies count as copies; equal lines always do.
        folds: how many.
        share: of the rows known, for validation.
        seed: of the shuffling.

    Raises:
        DataError: there are too few.
    """
    _, classes = np.unique(rows.classes.astype(str), return_inverse=True)
    groups, notes = grouped_lines(rows, near)

    def sides(known: Rows) -> Sides:
        return [split_rows(classes[known], groups[known], share, seed)]

    if rows.published_test is not None:
        made = [_given(rows.published_test, folds, sides)]
    elif folds is not None:
        made = folds_of(stratified_group_folds(classes, groups, folds, seed), sides)
    else:
        known, held = split_rows(classes, groups, WRITTEN_SHARE, seed)
        made = [Fold(known, held, sides(known))]
    return SplitLines(classes, groups, made, near, notes)


def grouped_lines(rows: Lines, near: bool = True) -> tuple[Rows, tuple[str, ...]]:
    """Give one number to lines that are equal, or near copies, and what is to be said of them."""
    published = rows.published_test is not None
    return _with_near(fold_lines(rows.texts), rows.texts, near, "lines", published)


def grouped_pairs(rows: Pairs, near: bool = True) -> tuple[Rows, tuple[str, ...]]:
    """Give one number to near copies and pairs that share a sentence, and what is to be said."""
    equal = group_pairs(rows.sources, rows.targets)
    whole = np.array([f"{a} {b}" for a, b in zip(rows.sources, rows.targets, strict=True)], object)
    return _with_near(equal, whole, near, "pairs", rows.published_test is not None)


def _with_near(
    equal: Rows, texts: Texts, near: bool, what: str, published: bool
) -> tuple[Rows, tuple[str, ...]]:
    """Join what is equal to what is near, and say how many rows are near another.

    Args:
        equal: (rows,) one number for rows that are equal.
        texts: (rows,) what near copies are looked for in: of words and numbers, as of sentences.
        near: whether they are joined; if not, they are counted all the same.
        what: the rows are, in words.
        published: whether a file to test on says which rows are held out.
    """
    alike = group_near(np.array([text.translate(COUNTED) for text in texts], object))
    places, rows = np.arange(len(texts)), len(texts)
    each = [np.unique(found, return_index=True, return_inverse=True) for found in (equal, alike)]
    pairs = np.concatenate([np.stack([places, first[number]], 1) for _, first, number in each])
    both = np.unique(connected(pairs, rows), return_inverse=True)[1]
    sizes = [np.bincount(found, minlength=rows)[found] for found in (each[0][2], both)]
    more, groups = int((sizes[1] > sizes[0]).sum()), both if near else equal
    if not more:
        return groups, ()
    side = "they stand on one side" if near else "they may stand on both sides (--keep-near)"
    side = "the file to test on says their side" if published else side
    said = f"{more:,} of {rows:,} {what} are near copies of others, and not equal: {side}."
    return groups, (said,)


def _given(published: Bools, folds: int | None, sides: Callable[[Rows], Sides]) -> Fold:
    """Hold out the rows of the file to test on.

    Raises:
        SettingsError: folds are asked for as well.
    """
    if folds is not None:
        raise SettingsError("folds are of one file: leave out the one to test on.")
    known = np.flatnonzero(~published)
    return Fold(known, np.flatnonzero(published), sides(known))


def split_rows(classes: Rows, groups: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Give the rows kept and the rows held out, of each class about as many."""
    if classes.max(initial=0) == 0:
        return group_split(groups, share, seed)
    return stratified_group_split(classes, groups, share, seed)


class SplitPairs(NamedTuple):
    """The number of the group of each pair, the folds, and what is to be said."""

    groups: Rows
    folds: list[Fold]
    near: bool = False
    notes: tuple[str, ...] = ()


def split_pairs(
    rows: Pairs,
    *,
    near: bool = True,
    folds: int | None = None,
    share: float = 0.1,
    seed: int = 0,
) -> SplitPairs:
    """Split pairs; those that share a sentence stay together. None folds hold out a tenth.

    Args:
        rows: the pairs.
        near: whether pairs that are near copies, both sentences taken as one text, do, too.
        folds: how many.
        share: of the rows known, for validation.
        seed: of the shuffling.

    Raises:
        DataError: there are too few.
    """
    groups, notes = grouped_pairs(rows, near)

    def sides(known: Rows) -> Sides:
        return [group_split(groups[known], share, seed)]

    if rows.published_test is not None:
        made = [_given(rows.published_test, folds, sides)]
    elif folds is not None:
        made = folds_of(group_folds(groups, folds, seed), sides)
    else:
        known, held = group_split(groups, WRITTEN_SHARE, seed)
        made = [Fold(known, held, sides(known))]
    return SplitPairs(groups, made, near, notes)


# ---- what has an order in time


class SplitSeries(NamedTuple):
    """How a series is split, in words, and its folds of origins."""

    kind: str
    folds: list[Fold]


def split_series(
    series: Series,
    *,
    horizon: int,
    window: int,
    folds: int | None = None,
    share: float = 0.2,
) -> SplitSeries:
    """Split the origins of a series by time.

    Args:
        series: all steps.
        horizon: steps ahead.
        window: steps that any contender reads.
        folds: how many, each fitted on all that came before it; None holds out the last fifth.
        share: of the origins known, for validation: the last ones.

    Raises:
        DataError: the series is too short.
    """
    kind = "by time, one origin after the other, no target on two sides"
    if folds is not None:
        kind = "by time, each fold fitted on all before it, targets that reach into it purged"
    if series.names:
        return SplitSeries(
            f"each series {kind}", _of_several(series, horizon, window, folds, share)
        )
    made = [
        cut_by_time(series.judged(known, horizon), series.judged(held, horizon), share, horizon)
        for known, held in _by_time(len(series), window, horizon, folds)
    ]
    if not all(len(fold.sides[0][0]) and len(fold.held) for fold in made):
        raise _too_short(len(series), window, horizon)
    return SplitSeries(kind, made)


def _by_time(steps: int, window: int, horizon: int, folds: int | None) -> list[tuple[Rows, Rows]]:
    if folds is None:
        return [_last_fifth(steps, window, horizon)]
    return rolling_folds(window, steps - horizon + 1, folds, purge=horizon)


def _of_several(
    series: Series, horizon: int, window: int, folds: int | None, share: float
) -> list[Fold]:
    """Split each series by its own time; of one too short to be judged nothing is held."""
    parts: list[list[Fold]] = [[] for _ in range(folds or 1)]
    for start, end in pairwise(series.bounds):
        of_one = _sides_of_one(int(end - start), window, horizon, folds)
        for number, sides in enumerate(of_one):
            known, held = (series.judged(each + start, horizon) for each in sides)
            parts[number].append(cut_by_time(known, held, share, horizon))
    made = [joined(folds) for folds in parts]
    if not all(len(fold.sides[0][0]) and len(fold.held) for fold in made):
        lengths = np.diff(series.bounds)
        raise _too_short(int(lengths.max()), window, horizon)
    return made


def _sides_of_one(
    steps: int, window: int, horizon: int, folds: int | None
) -> list[tuple[Rows, Rows]]:
    """Give the origins known and held of one of several series; the last one is held at least."""
    if folds is not None:
        try:
            return rolling_folds(window, steps - horizon + 1, folds, purge=horizon)
        except DataError:
            return []
    cut = min(int(steps * (1 - TEST_SHARE)), steps - horizon)
    if cut < window:
        return []
    return [(np.arange(window, cut - horizon + 1), np.arange(cut, steps - horizon + 1))]


def joined(folds: Sequence[Fold]) -> Fold:
    """Put the folds of several series together, rows in the order of the file."""
    places = np.cumsum([0, *(len(fold.known) for fold in folds)])
    sides = [
        np.concatenate(
            [
                np.zeros(0, np.int64),
                *(f.sides[0][k] + at for f, at in zip(folds, places, strict=False)),
            ]
        ).astype(np.int64)
        for k in (0, 1)
    ]
    none = np.zeros(0, np.int64)
    return Fold(
        np.concatenate([none, *(fold.known for fold in folds)]),
        np.concatenate([none, *(fold.held for fold in folds)]),
        [(sides[0], sides[1])],
        purged=sum(fold.purged for fold in folds),
    )


def window_of(series: Series, horizon: int, season: int) -> int:
    """Give how many steps are read where that is not said: `MOST_READ`, or as many as fit.

    A third of the steps that are known is read, at most, and a season is read whole. Of several
    series, half of those known of the middle one, and no more than the shortest that can be judged
    has before its last horizon. Where columns are known ahead, a horizon is read at least.
    """
    return max(_fitting_window(series, horizon, season), horizon if series.ahead else 1)


def _fitting_window(series: Series, horizon: int, season: int) -> int:
    if series.names:
        lengths = np.diff(series.bounds)
        fitting = lengths[lengths - horizon >= max(FEWEST_READ, season)]
        if not len(fitting):
            return max(FEWEST_READ, season)
        middle = int(np.median(fitting))
        known = min(int(middle * (1 - TEST_SHARE)), middle - horizon) - horizon
        return max(
            season, min(MOST_READ, int(fitting.min()) - horizon, max(FEWEST_READ, known // 2))
        )
    known = _cut(len(series), horizon) - horizon
    return max(1, min(MOST_READ, max(season, known // 3)))


def _cut(steps: int, horizon: int) -> int:
    """Give the step from which on is held: the last fifth, or two horizons of origins."""
    return min(int(steps * (1 - TEST_SHARE)), steps - 3 * horizon + 1)


def _last_fifth(steps: int, window: int, horizon: int) -> tuple[Rows, Rows]:
    cut = _cut(steps, horizon)
    known, held = np.arange(window, cut - horizon + 1), np.arange(cut, steps - horizon + 1)
    if len(known) < horizon + 3 or len(held) < 2 * horizon:
        raise _too_short(steps, window, horizon)
    return known, held


def _too_short(steps: int, window: int, horizon: int) -> DataError:
    return DataError(
        f"a series must be long enough to train and to test, but it has {steps} steps for a "
        f"window of {window} and {horizon} steps ahead. Give more, or a shorter horizon."
    )


def cut_by_time(known: Rows, held: Rows, share: float, horizon: int) -> Fold:
    """Give the fold of these origins: the last share of those known validates."""
    if not len(known):
        return Fold(known, held, [(known, known)])
    train, validation = last_part(known, share, horizon)
    between = len(known) - len(train) - len(validation)
    before = int(held[0] - known[-1]) - 1 if len(held) else 0
    return Fold(known, held, [(train, validation)], purged=between + before)


class SplitDays(NamedTuple):
    """The rows of a market whose outcome counts, whether each rises, and the folds."""

    rows: RiseRows
    truth: Rows
    folds: list[Fold]


def split_days(market: Market, settings: RiseSettings) -> SplitDays:
    """Split the rows of a market by day.

    Raises:
        DataError: there are too few days, or a side without rises.
    """
    rows = rise_rows(market, settings)
    truth = (rows.change >= settings.rise).astype(np.int64)
    folds = _day_folds(rows.dates, settings)
    _check_sides(truth, rows.dates, folds, settings)
    return SplitDays(rows, truth, folds)


def rise_rows(market: Market, settings: RiseSettings) -> RiseRows:
    """Give the rows whose outcome is known and counts."""
    rows = rows_of(market, settings.window)
    kept = np.isfinite(rows.change)
    if settings.fall is not None:
        kept &= (rows.change >= settings.rise) | (rows.change <= settings.fall)
    return rows.take(kept)


def _day_folds(dates: Dates, settings: RiseSettings) -> list[Fold]:
    """Split by day: walking forward, or once by the days given."""
    window = settings.window
    if settings.validate_from is None or settings.test_from is None:
        splits = walk_forward(dates, settings.folds, window=window, embargo=STRETCH)
    else:
        first, second = np.datetime64(settings.validate_from), np.datetime64(settings.test_from)
        splits = [dated_split(dates, first, second, window=window, embargo=STRETCH)]
    return [_day_fold(split, purged) for split, purged in splits]


def _day_fold(split: Split, purged: int) -> Fold:
    known = split.fitted_on
    sides = np.searchsorted(known, split.train), np.searchsorted(known, split.validation)
    return Fold(known, split.test, [sides], purged)


def _check_sides(truth: Rows, dates: Dates, folds: Sequence[Fold], asked: RiseSettings) -> None:
    for fold in folds:
        sides = {"training": fold.train, "validation": fold.validation, "test": fold.held}
        for name, rows in sides.items():
            if len(np.unique(truth[rows])) < 2:
                raise DataError(
                    f"every side must hold days that rise by {asked.asked} and days that do not, "
                    f"but of the {len(rows):,} {name} rows from {dates[rows].min()} to "
                    f"{dates[rows].max()} {truth[rows].sum():,} rise. Give more tickers, a longer "
                    "history, a smaller --rise or fewer --folds."
                )


# ---- steps of streams


class SplitSteps(NamedTuple):
    """Segments of streams, and how they are split.

    Args:
        offsets: (segments + 1,) the step at which each begins, and the end.
        streams: (segments,) the number of the stream of each.
        kind: what the report calls the split.
        folds: of segments.
    """

    offsets: Rows
    streams: Rows
    kind: str
    folds: list[Fold]


FEW_STREAMS = 5  # fewer are validated at their ends, and not by whole streams


def segments_of(rows: LabelledSteps, size: int) -> tuple[Rows, Rows]:
    """Cut streams into segments of so many steps; give where they begin, and their streams.

    Example:
        >>> from recurra.data.states import sample_steps
        >>> offsets, streams = segments_of(sample_steps(streams=2, steps=10), 4)
        >>> offsets.tolist(), streams.tolist()
        ([0, 4, 8, 10, 14, 18, 20], [0, 0, 0, 1, 1, 1])
    """
    pairs = list(pairwise(rows.offsets.tolist()))
    begins = [np.arange(first, end, size) for first, end in pairs]
    streams = np.repeat(np.arange(len(pairs)), [len(each) for each in begins])
    return np.concatenate([*begins, [len(rows)]]).astype(np.int64), streams


def split_steps(
    rows: LabelledSteps, *, window: int, folds: int | None = None, seed: int = 0
) -> SplitSteps:
    """Split logs: a stream on one side; of one stream the end is held out.

    Between what trains and what is held of one stream, `window` steps are left out.

    Args:
        rows: with states.
        window: steps that a network is trained on at once.
        folds: how many; None: one split.
        seed: of which streams are held.

    Raises:
        DataError: there are too few streams or steps, or nothing but one state to learn from.
    """
    size = max(1, window // SEGMENTS)
    offsets, streams = segments_of(rows, size)
    count, purge = len(streams), -(-window // size)

    def sides(known: Rows) -> Sides:
        return [validated_steps(streams[known], known, purge, seed)]

    if rows.published_test is not None and folds is None:
        of_test = rows.published_test[streams]
        kind = "as published: the streams of the file to test on"
        made = [_fold(np.flatnonzero(~of_test), np.flatnonzero(of_test), sides)]
    elif rows.published_test is not None:
        raise SettingsError("--test is not for a comparison: it chooses on the file to train on.")
    elif len(rows.ids) > 1:
        kind = "by stream: each on one side"
        if folds is None:
            known, held = group_split(streams, TEST_SHARE, seed)
            made = [_fold(known, held, sides)]
        else:
            made = folds_of(group_folds(streams, folds, seed), sides)
    else:
        kind = f"by time: the last steps are held out, {window:,} before them left out"
        share = TEST_SHARE if folds is None else 0.4
        try:
            parts = rolling_folds(0, count, folds or 1, purge=purge, test_share=share)
        except DataError:
            raise _too_few_steps(rows) from None  # of segments it knows, not of steps
        made = [_fold(known, held, sides) for known, held in parts]
    _check_states(rows, offsets, made)
    return SplitSteps(offsets, streams, kind, made)


def _fold(known: Rows, held: Rows, sides: Callable[[Rows], Sides]) -> Fold:
    return Fold(known, held, sides(known))


def validated_steps(streams: Rows, known: Rows, purge: int, seed: int) -> tuple[Rows, Rows]:
    """Validate on whole streams where there are enough, else on the end of each."""
    names = np.unique(streams)
    if len(names) >= FEW_STREAMS:
        return group_split(streams, TEST_SHARE, seed)
    train, validation = [], []
    for name in names:
        places = np.flatnonzero(streams == name)
        first = places[int(len(places) * (1 - TEST_SHARE))]
        validation.append(places[places >= first])
        train.append(places[known[places] < known[first] - purge + 1])
    return np.concatenate(train), np.concatenate(validation)


def _too_few_steps(rows: LabelledSteps) -> DataError:
    return DataError(
        f"there must be steps to train, to validate and to test on, but {rows.source} has "
        f"{len(rows):,} steps. Give a longer log, a shorter --window or fewer --folds."
    )


def _check_states(rows: LabelledSteps, offsets: Rows, folds: Sequence[Fold]) -> None:
    assert rows.states is not None
    if len(rows.names) < 2:
        raise DataError(
            f"a log must have two states or more to tell apart, but every step of {rows.source} "
            f"is {rows.names[0]!r}."
        )
    of_step = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    for fold in folds:
        if not len(fold.train) or not len(fold.validation):
            raise _too_few_steps(rows)
        learnt = set(rows.states[np.isin(of_step, fold.train)].tolist())
        if len(learnt) < 2:
            raise DataError(
                "two states or more must be in the steps to learn from, but in those of "
                f"{rows.source} every step is {next(iter(learnt))!r}: "
                f"{len(rows.names) - 1} others stand in steps held out or for validation alone. "
                "Give a longer log, or several streams (--id)."
            )
