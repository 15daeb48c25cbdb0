"""From a table to texts with labels: which columns, which class is positive, which rows."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data.readers import LABEL_NAMES, TEXT_NAMES, Table
from recurra.errors import DataError

__all__ = ["LabelledTexts", "label_texts"]

NO_LABEL = {"null", "nan", "none", "na", "n/a", "#n/a", "<na>"}
POSITIVE_NAMES = ("spam", "1", "true", "yes", "y", "pos", "positive", "good", "스팸", "긍정")


@dataclass
class LabelledTexts:
    """Texts with their labels, and how they were got.

    Args:
        texts: (rows,) strings, none empty.
        labels: (rows,) strings of exactly two values.
        positive: the label that the model is to find.
        source: where they come from, for people.
        sha256: of the source's bytes.
        notes: what was guessed or left out.
        other_columns: the columns that are neither text nor label, same rows.
        published_test: (rows,) whether the publisher put a row in the test set, None where there
            is no published split.
        ids: (rows,) where each stands in the source: rows of data counted from 0, unusable ones
            too; empty where all were usable.
    """

    texts: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]
    positive: str
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    other_columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    published_test: npt.NDArray[np.bool_] | None = None
    ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        if not len(self.ids):
            self.ids = np.arange(len(self.texts))

    @property
    def truth(self) -> npt.NDArray[np.bool_]:
        """(rows,) whether a row is positive."""
        return np.asarray(self.labels == self.positive)

    @property
    def classes(self) -> dict[str, int]:
        """The number of rows of each label."""
        names, counts = np.unique(self.labels, return_counts=True)
        return dict(zip(map(str, names), map(int, counts), strict=True))

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
        )


def label_texts(
    table: Table,
    *,
    text: str | None = None,
    label: str | None = None,
    positive: str | None = None,
) -> LabelledTexts:
    """Choose the text and the label column, and leave out rows where one of them is empty.

    A column that is not named is guessed when there is one sensible guess, and the notes say so.

    Args:
        table: the rows.
        text: the text column.
        label: the label column.
        positive: the label to find.

    Raises:
        DataError: a column is not there or cannot be guessed, no row is usable, or the labels are
            not of two classes.
    """
    notes = list(table.notes)
    label_column = _column(table, label, "label", notes, taken=text)
    text_column = _column(table, text, "text", notes, taken=label_column)
    if text_column == label_column:
        raise DataError(f"text and label must be two columns, but both are {text_column!r}.")
    texts, labels = table.frame[text_column], _labels(table.frame[label_column].str.strip(), notes)
    usable = np.asarray((texts.str.strip() != "") & (labels != ""))
    if not usable.any():
        raise DataError(
            f"rows with both a text and a label are needed, but none of the {len(usable):,} "
            f"rows of {table.source} has both {text_column!r} and {label_column!r}."
        )
    if not usable.all():
        notes.append(f"{int((~usable).sum()):,} rows without a text or a label left out")
    labels = labels[usable]
    others = table.frame.drop(columns=[text_column, label_column])[usable].reset_index(drop=True)
    return LabelledTexts(
        texts[usable].to_numpy(object),
        labels.to_numpy(object),
        _positive(labels, positive, label_column, notes),
        table.source,
        table.sha256,
        notes,
        others,
        ids=np.flatnonzero(usable),
    )


def _labels(labels: "pd.Series[str]", notes: list[str]) -> "pd.Series[str]":
    """Give labels as their writer meant them: 1.0 as 1; NULL, beside two classes, as none."""
    if labels.str.fullmatch(r"\d+\.0+|").all() and labels.str.contains(".", regex=False).any():
        labels = labels.str.replace(r"\.0+$", "", regex=True)
        notes.append(f"labels read as whole numbers: {', '.join(sorted(set(labels) - {''}))}")
    names = set(labels) - {""}
    missing = {name for name in names if name.lower() in NO_LABEL}
    if missing and len(names) > 2:
        notes.append(f"{', '.join(sorted(missing))} taken for no label")
        labels = labels.where(~labels.isin(missing), "")
    return labels


def _column(table: Table, given: str | None, role: str, notes: list[str], taken: str | None) -> str:
    columns = [str(name) for name in table.frame.columns]
    if given is not None:
        if given not in columns:
            raise DataError(
                f"--{role} must name a column of {table.source}, but there is no {given!r}. "
                f"The columns are: {', '.join(columns)}."
            )
        return given
    names = TEXT_NAMES if role == "text" else LABEL_NAMES
    free = [name for name in columns if name != taken]
    guesses = [name for name in free if name.lower() in names]
    if len(guesses) != 1:
        fits = _reads_like_text if role == "text" else _has_two_values
        guesses = [name for name in free if fits(table.frame[name])]
    if len(guesses) != 1:
        kind = "like text" if role == "text" else "with two values"
        raise DataError(
            f"the {role} column of {table.source} must be named: "
            f"{len(guesses) or 'no'} columns look {kind}. "
            f"Give --{role} with one of: {', '.join(columns)}."
        )
    notes.append(f"{role} column guessed: {guesses[0]!r}")
    return guesses[0]


def _has_two_values(column: pd.Series) -> bool:
    return column[column.str.strip() != ""].nunique() == 2


def _reads_like_text(column: pd.Series) -> bool:
    return bool(column.str.strip().str.contains(" ").mean() > 0.5)


def _positive(labels: "pd.Series[str]", given: str | None, column: str, notes: list[str]) -> str:
    counts = labels.value_counts()
    if len(counts) != 2:
        shown = ", ".join(map(repr, list(counts.index[:5])))
        more = ", …" if len(counts) > 5 else ""
        raise DataError(
            f"the label column must hold exactly two classes, but {column!r} holds {len(counts)}: "
            f"{shown}{more}. Choose another column with --label, or merge classes into two."
        )
    names = [str(name) for name in counts.index]
    if given is not None:
        if given not in names:
            raise DataError(
                f"--positive must be one of the labels {names[0]!r} and {names[1]!r}, but "
                f"{given!r} was given."
            )
        return given
    known = [name for name in names if name.lower() in POSITIVE_NAMES]
    if len(known) != 1:
        raise DataError(
            f"which of the labels {names[0]!r} and {names[1]!r} is to be found cannot be guessed. "
            f"Give --positive {names[1]}"
        )
    notes.append(f"positive class guessed: {known[0]!r}")
    return known[0]
