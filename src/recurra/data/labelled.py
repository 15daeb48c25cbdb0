"""From a table to texts with labels: which columns, which class is positive, which rows."""

import math
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.arrays import Texts
from recurra.data.bonds import ALONE, Times, bound_as_before, groups_in, times_in
from recurra.data.contents import sha256_of_both
from recurra.data.parted import sign_between
from recurra.data.readers import LABEL_NAMES, TEXT_NAMES, Table
from recurra.data.spelling import column_named, label_among, meant_labels, quoted
from recurra.errors import DataError, LeakError
from recurra.names import listed, near, one_of
from recurra.text.beside import number_in
from recurra.text.joining import JOINT, blank, feature_columns, join, roles, text_columns

__all__ = [
    "PUBLISHED",
    "TO_TEST_ON",
    "LabelledTexts",
    "Taught",
    "class_to_find",
    "columns_of",
    "joined_texts",
    "label_texts",
    "nothing_said",
    "read_columns_of",
    "texts_of",
    "with_test_texts",
    "words_for_nothing",
]

TO_TEST_ON = ", to test on: "  # between the names of two files
PUBLISHED = "as published"  # how rows to test on came to be held out
NO_LABEL = {"null", "nan", "none", "na", "n/a", "#n/a", "<na>"}
LOOKED_AT = 500  # labels, whether several stand in one cell
MOST_OF_NOTHING = 8  # letters of a cell that may say that there is none
MOST_GUESSED, ROWS_A_CLASS = 50, 10  # a column with more values, or fewer rows each, is not guessed
FEWEST_OF_A_CLASS = 5  # one for the test, one for validation, some to learn from
POSITIVE_NAMES = ("spam", "1", "true", "yes", "y", "pos", "positive", "good", "스팸", "긍정")


@dataclass
class LabelledTexts:
    """Texts with their labels, and how they were got.

    Args:
        texts: (rows,) strings, none empty.
        labels: (rows,) strings of two values or more.
        positive: of two, the label that the model is to find; None of more.
        source: where they come from, for people.
        sha256: of the source's bytes.
        notes: what was guessed or left out.
        other_columns: the columns that are neither text nor label, same rows.
        published_test: (rows,) whether the publisher put a row in the test set, None where there
            is no published split.
        ids: (rows,) where each stands in the source: rows of data counted from 0, unusable ones
            too; empty where all were usable.
        columns: the names of the columns of the table, by their roles "text" (of several,
            "text 2", …), "label", and "feature", "feature 2", … of what stands beside the text;
            none where there is no table.
        groups: (rows,) what binds rows, such as their author; None where nothing does.
        times: when rows were; None where the past is not to foretell the newest.
        split: how `published_test` came to be, in words.
    """

    texts: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]
    positive: str | None
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    other_columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    published_test: npt.NDArray[np.bool_] | None = None
    ids: npt.NDArray[Any] = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, str] = field(default_factory=dict)
    groups: Texts | None = None
    times: Times | None = None
    split: str = PUBLISHED

    def __post_init__(self) -> None:
        if not len(self.ids):
            self.ids = np.arange(len(self.texts))
        if not len(self.other_columns.columns):
            self.other_columns = pd.DataFrame(index=range(len(self.texts)))

    @property
    def features(self) -> tuple[str, ...]:
        """The columns whose cells stand before each text."""
        return tuple(feature_columns(self.columns))

    @property
    def names(self) -> tuple[str, ...]:
        """The labels, sorted."""
        return tuple(map(str, self._coded()[1]))

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """(rows,) the place of each row's label among `names`."""
        return self._coded()[0].astype(np.int64)

    @property
    def classes(self) -> dict[str, int]:
        """The number of rows of each label."""
        numbers, names = self._coded()
        counts = np.bincount(numbers, minlength=len(names))
        return dict(zip(map(str, names), counts.tolist(), strict=True))

    def _coded(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.object_]]:
        """Give the place of each label among those there are, and these, sorted."""
        return pd.factorize(self.labels, sort=True)  # np.unique sorts all rows of objects

    def take(self, rows: npt.NDArray[np.int64]) -> "LabelledTexts":
        """Give the chosen rows."""
        return LabelledTexts(
            self.texts[rows],
            self.labels[rows],
            self.positive,
            self.source,
            self.sha256,
            list(self.notes),
            self.other_columns.iloc[rows].reset_index(drop=True),
            None if self.published_test is None else self.published_test[rows],
            self.ids[rows],
            self.columns,
            None if self.groups is None else self.groups[rows],
            None if self.times is None else self.times.take(rows),
            self.split,
        )


@dataclass(frozen=True)
class Taught:
    """What a saved model was taught, which rows to judge it by are read for.

    Args:
        classes: the labels that it knows.
        positive: of two, the one to find.
        columns: the names of its columns, by their roles "text" and "label".
        mapped: from a label of the file to the one that is meant; to "" where such rows are left
            out.
        file: that its rows are to be like; None: a saved model's.
    """

    classes: tuple[str, ...]
    positive: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    mapped: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None


def label_texts(
    table: Table,
    *,
    text: str | Sequence[str] | None = None,
    label: str | None = None,
    positive: str | None = None,
    taught: Taught | None = None,
    find: bool = True,
    group: str | None = None,
    time: str | None = None,
    features: Sequence[str] = (),
) -> LabelledTexts:
    """Choose the text and the label column, and leave out rows where one of them is empty.

    A column that is not named is guessed when there is one sensible guess, and the notes say so.

    Args:
        table: the rows.
        text: the text column; or several, joined in this order (`recurra.text.joining`).
        label: the label column.
        positive: the label to find.
        taught: what a saved model was taught, where the rows are to judge one: there may then be
            few rows of a label, or none.
        find: whether one of two classes is to be found; if not, none need be named.
        group: the column of what binds rows, such as their author.
        time: the column that says when a row was.
        features: columns of numbers or categories that are read beside the text.

    Raises:
        DataError: a column is not there or cannot be guessed, no row is usable, or the labels are
            not classes, or not those of the model.
    """
    notes = list(table.notes)
    before: Mapping[str, str] = {} if taught is None else taught.columns
    known = () if taught is None else (*taught.classes, *taught.mapped)
    given = _several(text)
    label_column = _column(table, label, "label", notes, taken=given, before=before, known=known)
    text_names = _text_columns(table, given, notes, [label_column], before)
    if label_column in text_names:
        raise DataError(f"text and label must be two columns, but both are {quoted(label_column)}.")
    asked = features or feature_columns(before)
    beside = [column_named(table.frame, name, "features", table.source) for name in asked]
    named = {**roles("feature", beside), **roles("text", text_names), "label": label_column}
    group = bound_as_before(group, before, table.frame, notes)
    named |= {
        role: column_named(table.frame, name, role, table.source)
        for role, name in (("group", group), ("time", time))
        if name is not None
    }
    _differ(named)
    left = [str(name) for name in table.frame.columns if name not in named.values()]
    if left and taught is None:
        notes.append(f"columns that are not read: {listed(map(quoted, left), 8)}")
    texts = joined_texts(table.frame, [*beside, *text_names], notes)
    labels = _labels(table.frame[label_column].str.strip(), notes)
    if taught is not None:
        labels = _as_taught(labels, taught, table.source, notes)
    usable = np.asarray(~texts.map(blank) & (labels != ""))
    if not usable.any():
        raise DataError(
            f"rows with both a text and a label are needed, but none of the {len(usable):,} "
            f"rows of {table.source} has both {_and(text_names)} and {quoted(label_column)}."
        )
    if not usable.all():
        notes.append(f"{int((~usable).sum()):,} rows without a text or a label left out")
    labels = labels[usable]
    if taught is None and (sign := sign_between(labels.iloc[:LOOKED_AT])):
        several = next(label for label in labels if sign in label)
        notes.append(
            f"several labels seem to stand in one cell, such as {quoted(several)}: each "
            "combination is a class of its own here (recurra train multi-label learns them one by "
            "one)"
        )
    notes += nothing_said(words_for_nothing(texts[usable]))
    kept = table.frame[usable].reset_index(drop=True)
    notes += [_feature(kept[name], taught is None) for name in beside]
    groups, times = None, None
    if "group" in named:
        groups, said = groups_in(kept[named["group"]])
        notes += said
    if "time" in named:
        times, said = times_in(kept[named["time"]], table.source)
        notes += said
    return LabelledTexts(
        texts[usable].to_numpy(object),
        labels.to_numpy(object),
        taught.positive
        if taught
        else class_to_find(labels.value_counts(), positive, label_column, notes, find),
        table.source,
        table.sha256,
        notes,
        kept.drop(columns=[name for name in named.values() if name not in beside]),
        ids=np.flatnonzero(usable),
        columns=named,
        groups=groups,
        times=times,
    )


def words_for_nothing(texts: Iterable[str]) -> Counter[str]:
    """Count the texts that are nothing but a word for nothing, by that word.

    Example:
        >>> sorted(words_for_nothing(["NULL", "see you", " n/a"]))
        ['NULL', 'n/a']
    """
    short = (text.strip() for text in texts if len(text) <= MOST_OF_NOTHING)
    return Counter(word for word in short if word.lower() in NO_LABEL)


def nothing_said(words: Counter[str]) -> list[str]:
    """Say how many texts are nothing but a word for nothing: they are read as texts.

    Example:
        >>> nothing_said(words_for_nothing(["NULL", "see you", "n/a"]))
        ['2 texts are nothing but n/a, NULL: they are read as texts, not left out']
    """
    shown, count = ", ".join(sorted(words, key=str.casefold)), words.total()
    said = f"{count:,} texts are nothing but {shown}: they are read as texts, not left out"
    return [said] if words else []


def _differ(named: Mapping[str, str]) -> None:
    """Refuse a column that is to be two things at once."""
    for role, name in named.items():
        other = next(other for other in named if named[other] == name)
        if other == role:
            continue
        if other.startswith("feature"):
            raise DataError(
                f"--features must name other columns than the {role}, and each once, but "
                f"{quoted(name)} is among them."
            )
        raise DataError(f"--{role} must name another column than the {other}: {quoted(name)}.")


def _feature(column: "pd.Series[str]", learn: bool) -> str:
    """Say what a column beside the text holds, and how many of its cells are empty.

    Raises:
        DataError: it holds nothing, numbers and words alike, or a value a row: nothing to learn by.
    """
    cells = column.str.strip()
    read = [(cell, number_in(cell)) for cell in cells]
    there = [(cell, number) for cell, number in read if number is None or not math.isnan(number)]
    words = [cell for cell, number in there if number is None]
    name, missing = quoted(column.name), len(cells) - len(there)
    said = f", {missing:,} of {len(cells):,} missing" if missing else ""
    if not learn:
        return f"beside the text: {name}{said}"
    if not there:
        raise DataError(f"--features must name columns that hold something: {name} is empty.")
    if 2 * len(words) < len(there) and words:
        raise DataError(
            f"a column beside a text must hold numbers or categories, but {name} holds numbers and "
            f"{quoted(words[0])}. Write such cells as numbers, or empty them."
        )
    if not words:
        return f"beside the text: {name}, a number{said}"
    kinds = len(set(words))
    if kinds > MOST_GUESSED and 2 * kinds > len(words):
        raise DataError(
            f"a category must stand for rows that are alike, but {name} has {kinds:,} values in "
            f"{len(words):,} rows. Leave it out of --features, or read it as a text: --text."
        )
    return f"beside the text: {name}, {kinds:,} categories{said}"


def with_test_texts(known: LabelledTexts, test: LabelledTexts) -> LabelledTexts:
    """Give the rows of two files as one, of which the second is to test on.

    Raises:
        DataError: of two classes the second lacks one.
        LeakError: what binds rows stands in both.
    """
    if len(known.names) == 2 and len(test.names) < 2:
        raise DataError(
            f"a file to test on must hold both classes, but all {len(test.texts):,} rows of "
            f"{test.source} are {test.names[0]!r}. Give another."
        )
    both = sorted(_bound(known) & _bound(test))
    if both:
        raise LeakError(
            f"a group must stand on one side, but {quoted(both[0])} is in {known.source} and in "
            f"{test.source} ({len(both):,} such groups). Take it out of one of them."
        )
    sides = (known, test)
    return LabelledTexts(
        np.concatenate([side.texts for side in sides]),
        np.concatenate([side.labels for side in sides]),
        known.positive,
        f"{known.source}{TO_TEST_ON}{test.source}",
        sha256_of_both(known.sha256, test.sha256),
        [*known.notes, *(f"to test on: {said}" for said in test.notes if said not in known.notes)],
        pd.concat([side.other_columns for side in sides], join="inner", ignore_index=True),
        np.repeat([False, True], [len(side.texts) for side in sides]),
        np.array([f"{side.source}: {row}" for side in sides for row in side.ids], object),
        known.columns,
        None if known.groups is None else np.concatenate([known.groups, test.groups]),
        split="the file to test on is held out",
    )


def _bound(rows: LabelledTexts) -> set[str]:
    given = set() if rows.groups is None else set(map(str, rows.groups))
    return {group for group in given if not group.startswith(ALONE)}


def columns_of(
    table: Table, text: Sequence[str], label: str | None
) -> tuple[dict[str, str], list[str]]:
    """Give the columns of texts and labels by their roles, and what was guessed.

    Raises:
        DataError: a column is not there or cannot be guessed.
    """
    notes = list(table.notes)
    label_column = _column(table, label, "label", notes, taken=text, before={})
    names = _text_columns(table, text, notes, [label_column], {})
    if label_column in names:
        raise DataError(f"text and label must be two columns, but both are {quoted(label_column)}.")
    return {**roles("text", names), "label": label_column}, notes


def read_columns_of(
    table: Table,
    text: str | Sequence[str] | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], list[str]]:
    """Give the columns that a saved model is to read, in its order, and what was guessed.

    Args:
        table: the rows.
        text: the text column, or several; None: of the names they had in training, else it is
            guessed.
        columns: that the model was taught, by their roles.

    Raises:
        DataError: a column is not there or cannot be guessed, or there are not as many as the
            model was taught.
    """
    notes = list(table.notes)
    beside = feature_columns(columns)
    absent = [name for name in beside if name not in table.frame.columns]
    if absent:
        raise DataError(
            f"the model reads {_and(beside)} beside the text, but {table.source} has no "
            f"{_and(absent)}. The columns are: {listed(map(str, table.frame.columns))}."
        )
    return [*beside, *_text_columns(table, _several(text), notes, beside, columns)], notes


def texts_of(
    table: Table,
    text: str | Sequence[str] | None = None,
    columns: Mapping[str, str] = MappingProxyType({}),
) -> tuple[list[str], list[str]]:
    """Give the texts that a saved model is to read, empty ones too, and what was guessed.

    Args:
        table, text, columns: as in `read_columns_of`, and so are the errors.
    """
    names, notes = read_columns_of(table, text, columns)
    return list(joined_texts(table.frame, names, notes)), notes


def joined_texts(frame: pd.DataFrame, names: Sequence[str], notes: list[str]) -> "pd.Series[str]":
    """Give the text of each row, of one column or of several joined."""
    if len(names) == 1:
        return frame[names[0]]
    signs = sum(int(frame[name].str.contains(JOINT, regex=False).sum()) for name in names)
    if signs:
        notes.append(
            f"{signs:,} cells hold {JOINT}, which parts the columns: a space stands for it"
        )
    cells = zip(*(frame[name] for name in names), strict=True)
    return pd.Series([join(row) for row in cells], index=frame.index, dtype=object)


def _several(text: str | Sequence[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [])


def _and(names: Sequence[str]) -> str:
    return " and ".join(map(quoted, names))


def _text_columns(
    table: Table,
    given: Sequence[str],
    notes: list[str],
    taken: Sequence[str],
    before: Mapping[str, str],
) -> list[str]:
    """Give the text columns: those named, else those of before, else the one that is guessed."""
    taught = text_columns(before)
    if given and taught and len(given) != len(taught):
        raise DataError(
            f"the model reads {_and(taught)}, but {_and(given)} was named. Name as many columns, "
            "in that order, with --text each."
        )
    if len(given) > 1:
        names = [column_named(table.frame, name, "text", table.source) for name in given]
        if len(set(names)) < len(names):
            raise DataError(f"--text must name different columns, but one is given twice: {names}.")
        return names
    if len(taught) > 1 and not given:
        absent = [name for name in taught if name not in table.frame.columns]
        if absent:
            raise DataError(
                f"the model reads {_and(taught)}, but {table.source} has no {_and(absent)}. Name "
                "the columns with --text, one each, in that order. The columns are: "
                f"{listed(map(str, table.frame.columns))}."
            )
        notes.append(f"text columns as in training: {_and(taught)}")
        return taught
    return [_column(table, next(iter(given), None), "text", notes, taken=taken, before=before)]


def _labels(labels: "pd.Series[str]", notes: list[str]) -> "pd.Series[str]":
    """Give labels as their writer meant them: 1.0 as 1; NULL, beside two classes, as none."""
    labels, said = meant_labels(labels)
    notes += said
    names = set(labels) - {""}
    missing = {name for name in names if name.lower() in NO_LABEL}
    if missing and len(names) > 2:
        notes.append(f"{', '.join(sorted(missing))} taken for no label")
        labels = labels.where(~labels.isin(missing), "")
    elif missing:
        notes.append(f"{', '.join(sorted(missing))} taken for a class, as there are but two")
    return labels


def _as_taught(
    labels: "pd.Series[str]", taught: "Taught", source: str, notes: list[str]
) -> "pd.Series[str]":
    """Give labels by the names that a model knows them by.

    Those that are mapped come first, then capitals are let pass; others are refused.
    """
    here = sorted(set(labels) - {""})
    mapped = {label_among(name, here): known for name, known in taught.mapped.items()}
    for name, known in mapped.items():
        if name not in here:
            raise DataError(
                f"--map must name labels of {source}, {listed(map(repr, here), 5)}, but it holds "
                f"no {quoted(name)}.{near(name, here)}"
            )
        if known:
            one_of(known, taught.classes, f"what --map says for {quoted(name)}")
    folded = {name.casefold(): name for name in taught.classes}
    plain = folded if len(folded) == len(taught.classes) else {}
    known_as = {
        name: name if name in taught.classes else plain.get(name.casefold(), "") for name in here
    }
    known_as |= mapped
    unknown = [name for name in here if not known_as[name] and name not in mapped]
    if unknown and taught.file:
        raise DataError(
            f"every class to test on must be learnt, but {source} has "
            f"{listed(map(repr, unknown), 5)}, which {taught.file} has not: it has "
            f"{listed(map(repr, taught.classes), 5)}. Rename them, or leave those rows out."
        )
    if unknown:
        options = " ".join(f"--map {shlex.quote(name)}=…" for name in unknown[:3])
        raise DataError(
            f"the labels must be those of the model, {', '.join(taught.classes)}, but {source} has "
            f"{listed(map(repr, unknown), 5)}. Say which is which ({options}; with nothing after "
            "the = such rows are left out), or name another column with --label."
        )
    changed = [f"{name} as {known_as[name]}" for name in here if known_as[name] not in ("", name)]
    if changed:
        notes.append(f"labels read: {', '.join(changed)}")
    return labels.map({"": ""} | known_as)


def _column(
    table: Table,
    given: str | None,
    role: str,
    notes: list[str],
    taken: Sequence[str],
    before: Mapping[str, str],
    known: Collection[str] = (),
) -> str:
    columns = [str(name) for name in table.frame.columns]
    if given is not None:
        return column_named(table.frame, given, role, table.source)
    free = [name for name in columns if name not in taken]
    if before.get(role) in free:
        notes.append(f"{role} column as in training: {quoted(before[role])}")
        return before[role]
    names = TEXT_NAMES if role == "text" else LABEL_NAMES
    guesses = [name for name in free if name.lower() in names]
    for fits in [_reads_like_text] if role == "text" else [_holds(known), _holds_classes]:
        if len(guesses) != 1:
            guesses = [name for name in free if fits(table.frame[name])]
    if len(guesses) != 1:
        kind = "like text" if role == "text" else "like classes"
        raise DataError(
            f"the {role} column of {table.source} must be named: "
            f"{len(guesses) or 'no'} columns look {kind}. "
            f"Give --{role} with one of: {listed(columns)}."
        )
    notes.append(f"{role} column guessed: {quoted(guesses[0])}")
    return guesses[0]


def _holds(known: Collection[str]) -> Callable[[pd.Series], bool]:
    """Give what says whether a column holds labels that are known and no others."""
    folded = {name.casefold() for name in known}

    def fits(column: pd.Series) -> bool:
        found = set(column.str.strip().str.casefold()) - {""}
        return bool(found) and found <= folded

    return fits


def _holds_classes(column: pd.Series) -> bool:
    """Say whether a column has two values; or a few, each of which many rows share."""
    filled = column[column.str.strip() != ""]
    kinds = filled.nunique()
    return kinds == 2 or (2 < kinds <= MOST_GUESSED and len(filled) >= ROWS_A_CLASS * kinds)


def _reads_like_text(column: pd.Series) -> bool:
    return bool(column.str.strip().str.contains(" ").mean() > 0.5)


def class_to_find(
    counts: "pd.Series[int]", given: str | None, column: str, notes: list[str], find: bool = True
) -> str | None:
    """Give of two classes the one to find: that which is named, else that which is guessed.

    Args:
        counts: rows of each label, the most frequent first.
        given: its name.
        column: of the labels.
        notes: what was guessed is said here.
        find: whether one must be found; if not, None where none can be guessed.

    Raises:
        DataError: there are fewer than two classes, or none that can be guessed.
    """
    names = [str(name) for name in counts.index]
    shown = listed(map(repr, names), 5)
    if len(counts) < 2:
        raise DataError(
            f"the label column must hold two classes or more, but {quoted(column)} holds "
            f"{len(counts)}: {shown}. Choose another column with --label."
        )
    single = int((counts < FEWEST_OF_A_CLASS).sum())
    if len(counts) > 2 and single > len(counts) / 2:
        raise DataError(
            f"a label must stand for rows that are alike, but of the {len(counts):,} values of "
            f"{quoted(column)} {single:,} have fewer than {FEWEST_OF_A_CLASS} rows: {shown}. Give "
            "more rows of each, or choose another column with --label."
        )
    if given is not None:
        given = label_among(given, names)
        if given not in names:
            raise DataError(
                f"--positive must be one of the labels {shown}, but {given!r} was given."
                f"{near(given, names)}"
            )
        if len(counts) > 2:
            raise DataError(
                f"--positive names the class to find of two, but {quoted(column)} holds "
                f"{len(counts)}: "
                f"{shown}. Leave it out: each class is then told from the others."
            )
        return given
    if len(counts) > 2:
        notes.append(f"{len(counts):,} classes: {shown}")
        return None
    known = [name for name in names if name.lower() in POSITIVE_NAMES]
    if not find:
        return known[0] if len(known) == 1 else None
    if len(known) != 1:
        raise DataError(
            f"which of the labels {quoted(names[0])} and {quoted(names[1])} is to be found "
            "cannot be guessed. "
            f"Give --positive {names[1]}"
        )
    notes.append(f"positive class guessed: {quoted(known[0])}")
    return known[0]
