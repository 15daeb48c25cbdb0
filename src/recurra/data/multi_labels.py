"""Texts with any number of labels each: one column, a sign between; or a column of 0 and 1 each.

::

    body,topics                          body,sport,politics
    the cup is won,sport                 the cup is won,1,0
    a minister at the cup,sport;politics a minister at the cup,1,1
    rain tomorrow,                       rain tomorrow,0,0            no label at all is an answer
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.arrays import Array, Bools, Rows, Texts
from recurra.data.bonds import Times, bound_as_before, groups_in, times_in
from recurra.data.contents import sha256_of_both
from recurra.data.labelled import PUBLISHED, TO_TEST_ON, joined_texts, read_columns_of
from recurra.data.parted import SIGNS
from recurra.data.readers import Table, read_table
from recurra.data.spelling import column_named, meant, quoted
from recurra.errors import DataError, SettingsError
from recurra.names import listed
from recurra.text.joining import blank, roles

__all__ = [
    "FEWEST",
    "NO",
    "YES",
    "LabelColumns",
    "MultiLabelled",
    "labels_in",
    "read_multi_labels",
    "sample_multi_labels",
]

FEWEST = 5  # rows of a label: one to test on, one to validate on, some to learn from
YES, NO = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}
Indicators = npt.NDArray[np.int64]


@dataclass(frozen=True)
class LabelColumns:
    """Which columns of a table are what; None of what is not there, or is to be guessed.

    Args:
        text: the text column, or several.
        labels: one column, whose cells hold labels with a sign between them; or several of 0 and 1.
        separator: the sign.
        group, time: as in `recurra.data.Columns`.
        names: of the labels that a saved model knows; None: they are to be learnt.
        taught: the columns that it was taught, by their roles.
        encoding: of the file.
    """

    text: Sequence[str] = ()
    labels: Sequence[str] = ()
    separator: str | None = None
    group: str | None = None
    time: str | None = None
    names: Sequence[str] | None = None
    taught: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None


@dataclass(frozen=True)
class MultiLabelled:
    """Texts with any number of labels each, and how they were got.

    Args:
        texts: (rows,) none empty.
        truth: (rows, labels) 1 where a row has a label, else 0.
        names: of the labels, sorted.
        source, sha256, notes: where they come from, and what was guessed or left out.
        columns: the names of the columns of the table, by their roles; of the labels "label", …,
            and their "separator".
        ids: (rows,) where each stands in the source.
        groups, times, published_test, split: as of `recurra.data.LabelledTexts`.
    """

    texts: Texts
    truth: Indicators
    names: tuple[str, ...]
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    ids: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    groups: Texts | None = None
    times: Times | None = None
    published_test: Bools | None = None
    split: str = PUBLISHED

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: Rows) -> "MultiLabelled":
        """Give the chosen rows, as rows of one file."""
        return replace(
            self,
            texts=self.texts[rows],
            truth=self.truth[rows],
            ids=self.ids[rows],
            groups=None if self.groups is None else self.groups[rows],
            times=None if self.times is None else self.times.take(rows),
            published_test=None,
        )


def read_multi_labels(
    path: str | Path, columns: LabelColumns, *, test: str | Path | None = None
) -> MultiLabelled:
    """Read texts with any number of labels each.

    Args:
        path: a table.
        columns: which are what.
        test: a file of the same columns, to test on.

    Raises:
        DataError: a column is not there, holds something else, or no label has rows enough.
        SettingsError: what is said contradicts itself.
    """
    if test is not None and columns.time is not None:
        raise SettingsError("--test and --time both say which rows to test on: give one of them.")
    rows = labels_in(read_table(path, encoding=columns.encoding), columns)
    if test is None:
        return rows
    taught = replace(columns, names=rows.names, taught=rows.columns, labels=(), separator=None)
    return _with_test(rows, labels_in(read_table(test, encoding=columns.encoding), taught))


def labels_in(table: Table, columns: LabelColumns) -> MultiLabelled:
    """Give the texts and labels that a table holds, as `read_multi_labels` does."""
    named, notes = read_columns_of(table, list(columns.text) or None, columns.taught)
    told = list(columns.labels) or [
        name for role, name in columns.taught.items() if role.split()[0] == "label"
    ]
    if not told:
        raise DataError(
            f"name the labels of {table.source}: --label COLUMN, whose cells hold labels with a "
            "sign between them, or one --label for each column of 0 and 1. The columns are: "
            f"{listed(map(str, table.frame.columns))}."
        )
    labels = [column_named(table.frame, name, "label", table.source) for name in told]
    count = Counter([*named, *labels])
    both = next((name for name in labels if count[name] > 1), None)
    if both is not None:
        raise DataError(f"--label must name other columns than --text, and each once: {both!r}.")
    separator = columns.separator or columns.taught.get("separator")
    if len(labels) == 1:
        found, separator = _separated(table, labels[0], separator, notes)
    else:
        found = _indicated(table, labels, separator)
    texts = joined_texts(table.frame, named, notes)
    usable = np.flatnonzero(~texts.map(blank).to_numpy(bool))
    if not len(usable):
        raise DataError(f"rows with a text are needed, but {table.source} has none.")
    if len(usable) < len(texts):
        notes.append(f"{len(texts) - len(usable):,} rows without a text left out")
    found = [found[row] for row in usable.tolist()]
    names = tuple(columns.names or ()) or _names(found, table.source, notes)
    truth = _indicators(found, names, notes)
    kept = table.frame.iloc[usable].reset_index(drop=True)
    group = bound_as_before(columns.group, columns.taught, kept, notes)
    columns = replace(columns, group=group)
    bound, when, said = _beside(kept, columns, table.source)
    return MultiLabelled(
        texts.iloc[usable].to_numpy(object),
        truth,
        names,
        table.source,
        table.sha256,
        [*notes, *said, *_counted(truth)],
        {**roles("text", named), **roles("label", labels)}
        | ({} if separator is None else {"separator": separator})
        | ({} if group is None else {"group": group}),
        usable,
        bound,
        when,
    )


def _beside(
    kept: pd.DataFrame, columns: LabelColumns, source: str
) -> tuple[Texts | None, Times | None, list[str]]:
    """Give what binds rows, and when they were."""
    groups, times = None, None
    said: list[str] = []
    if columns.group is not None:
        groups, said = groups_in(kept[column_named(kept, columns.group, "group", source)])
    if columns.time is not None:
        column = kept[column_named(kept, columns.time, "time", source)]
        times, read = times_in(column, source)
        said = [*said, *read]
    return groups, times, said


def _separated(
    table: Table, column: str, separator: str | None, notes: list[str]
) -> tuple[list[list[str]], str]:
    """Give the labels of each row, of one column with a sign between them."""
    cells = table.frame[column].astype(str)
    if separator is None:
        found = [sign for sign in SIGNS if cells.str.contains(sign, regex=False).any()]
        if len(found) != 1:
            why = f"several signs ({' '.join(found)})" if found else "no sign between labels"
            raise DataError(
                f"{quoted(column)} of {table.source} has {why}: say which parts labels, "
                '--separator ";". Where each row has one label, it is a class: recurra train FILE.'
            )
        separator = found[0]
        notes.append(f"labels parted at {separator!r}")
    rows = [list(dict.fromkeys(filter(None, map(meant, cell.split(separator))))) for cell in cells]
    if not any(len(row) > 1 for row in rows) and separator != "":
        notes.append("no row has more than one label")
    return rows, separator


def _indicated(table: Table, columns: Sequence[str], separator: str | None) -> list[list[str]]:
    """Give the labels of each row, of a column of 0 and 1 each."""
    if separator is not None:
        raise SettingsError(
            "--separator parts the labels of one column, but several columns were named."
        )
    marked = []
    for column in columns:
        cells = table.frame[column].astype(str).str.strip().str.casefold()
        odd = np.flatnonzero(~cells.isin(YES | NO).to_numpy(bool))
        if len(odd):
            raise DataError(
                f"a column of a label must hold 0 and 1, but row {odd[0] + 1} of {table.source}, "
                f"counted below the header, has {quoted(table.frame[column].iloc[odd[0]])} in "
                f"{quoted(column)}. Fill it in, or name one column whose cells hold all labels."
            )
        marked.append(cells.isin(YES).to_numpy(bool))
    names = [meant(column) for column in columns]
    return [
        [name for name, there in zip(names, row, strict=True) if there]
        for row in np.stack(marked, axis=1).tolist()
    ]


def _names(found: list[list[str]], source: str, notes: list[str]) -> tuple[str, ...]:
    """Give the labels that have rows enough to be learnt; say which have not."""
    counts = Counter(label for row in found for label in row)
    names = tuple(sorted(name for name, count in counts.items() if FEWEST <= count < len(found)))
    few = sorted(name for name, count in counts.items() if count < FEWEST)
    if few:
        rows = sum(counts[name] for name in few)
        notes.append(
            f"{len(few):,} labels of fewer than {FEWEST} rows are not learnt: "
            f"{listed(map(quoted, few), 5)} ({rows:,} marks)"
        )
    every = sorted(name for name, count in counts.items() if count == len(found))
    if every:
        notes.append(f"labels that every row has are not learnt: {listed(map(quoted, every), 5)}")
    if not names:
        raise DataError(
            f"a label needs {FEWEST} rows that have it and one that has not, but none of the "
            f"{len(counts):,} labels of {source} does. Give more rows, or another column."
        )
    return names


def _indicators(found: list[list[str]], names: Sequence[str], notes: list[str]) -> Indicators:
    places = {name: place for place, name in enumerate(names)}
    truth = np.zeros((len(found), len(names)), np.int64)
    unknown: Counter[str] = Counter()
    for row, labels in enumerate(found):
        for label in labels:
            if label in places:
                truth[row, places[label]] = 1
            else:
                unknown[label] += 1
    if unknown and not any("are not learnt" in note for note in notes):
        notes.append(
            f"labels that are not known: {listed(map(quoted, sorted(unknown)), 5)} "
            f"({sum(unknown.values()):,} marks)"
        )
    return truth


def _counted(truth: Indicators) -> list[str]:
    each = truth.sum(axis=1)
    none = int((each == 0).sum())
    said = f"{truth.shape[1]:,} labels, {each.mean():.2f} a row"
    return [f"{said}; {none:,} of {len(truth):,} rows have none" if none else said]


def _with_test(known: MultiLabelled, test: MultiLabelled) -> MultiLabelled:
    """Give the rows of two files as one, of which the second is to test on."""
    sides = (known, test)
    return replace(
        known,
        texts=np.concatenate([side.texts for side in sides]),
        truth=np.concatenate([side.truth for side in sides]),
        source=f"{known.source}{TO_TEST_ON}{test.source}",
        sha256=sha256_of_both(known.sha256, test.sha256),
        notes=[*known.notes, *(f"to test on: {n}" for n in test.notes if n not in known.notes)],
        ids=np.array([f"{side.source}: {row}" for side in sides for row in side.ids], object),
        groups=None
        if known.groups is None or test.groups is None
        else np.concatenate([known.groups, test.groups]),
        published_test=np.repeat([False, True], [len(side) for side in sides]),
        split="the file to test on is held out",
    )


def sample_multi_labels(rows: int = 240) -> MultiLabelled:
    """Make up reports of three topics, of which a row has any number."""
    words = {
        "money": ["bank", "price", "budget", "tax", "shares"],
        "sport": ["match", "goal", "team", "season", "coach"],
        "weather": ["rain", "storm", "snow", "wind", "heat"],
    }
    others = ["today", "people", "city", "after", "again", "report", "many", "first", "long"]
    rng = np.random.default_rng(2)
    truth = (rng.random((rows, len(words))) < (0.4, 0.35, 0.3)).astype(np.int64)
    texts = []
    for row in truth:
        said = [rng.choice(words[name], 2) for name, there in zip(words, row, strict=True) if there]
        both = np.concatenate([*said, rng.choice(others, 6)])
        texts.append(" ".join(rng.permutation(both)))
    return MultiLabelled(
        np.array(texts, object),
        truth,
        tuple(words),
        "embedded sample",
        "0" * 64,
        ["made by a rule for this package", *_counted(truth)],
        ids=np.arange(rows),
    )
