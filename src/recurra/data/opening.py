"""Labelled texts by what a user calls them: a named dataset, a file, the embedded sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recurra.data.catalogue import CATALOGUE, SAMPLE_SOURCE, locate, sample_path
from recurra.data.labelled import LabelledTexts, Taught, label_texts, with_test_texts
from recurra.data.readers import Table, read_table
from recurra.data.reviews import read_imdb, read_nsmc
from recurra.data.spelling import quoted
from recurra.errors import DataError, SettingsError
from recurra.names import listed, near
from recurra.text.joining import text_columns

__all__ = ["Columns", "is_named", "open_texts"]

# datasets that know their columns and their published side
PUBLISHED: dict[str, Callable[[Path], LabelledTexts]] = {
    "sentiment": read_imdb,
    "sentiment-ko": read_nsmc,
}


@dataclass(frozen=True)
class Columns:
    """What is said of a table of texts; None of what is to be guessed.

    Args:
        text: the text column, or several, joined in this order.
        label: the label column.
        positive: of two classes, the one to find.
        encoding: of the file.
        taught: what a saved model was taught, where the rows are to judge one.
        group: the column of what binds rows, such as their author.
        time: the column that says when a row was.
        features: columns of numbers or categories that are read beside the text.
    """

    text: str | Sequence[str] | None = None
    label: str | None = None
    positive: str | None = None
    encoding: str | None = None
    taught: Taught | None = None
    group: str | None = None
    time: str | None = None
    features: Sequence[str] = ()


def is_named(source: str) -> bool:
    """Say whether a source is a dataset by its name, and not a file."""
    return source in CATALOGUE or source in PUBLISHED


def open_texts(
    source: str,
    *,
    data: Path | None = None,
    sample: bool = False,
    columns: Columns = Columns(),
    lecture: bool = False,
    test: Path | None = None,
) -> LabelledTexts:
    """Read labelled texts from a named dataset, a file or the sample.

    Args:
        source: spam, sentiment, sentiment-ko, or a file.
        data: the file of a named dataset, None to look for it.
        sample: whether the embedded sample is taken instead.
        columns: of a table.
        lecture: whether the file that the lecture used is preferred.
        test: a file of the same columns and classes, to test on; None: rows are held out.

    Raises:
        DataError: there is no such source, or it cannot be used.
        SettingsError: what is said of it contradicts itself.
    """
    if (sample and (data or source not in CATALOGUE)) or (data and source not in CATALOGUE):
        raise SettingsError(
            "--sample and --data go with a named dataset, not with a file: give one source."
        )
    path = _path_of(source, data, sample, lecture)
    if source in PUBLISHED and not sample:
        if columns != Columns() or test is not None:
            raise SettingsError(
                f"the columns of {source} are known, and its test side: leave out --text, --label, "
                "--positive, --encoding, --group, --time, --features and --test."
            )
        return PUBLISHED[source](path)
    if test is not None and columns.time is not None:
        raise SettingsError("--test and --time both say which rows to test on: give one of them.")
    table = read_table(path, encoding=columns.encoding)
    if sample:
        table.source = SAMPLE_SOURCE
    rows = _labelled(table, columns)
    return rows if test is None else with_test_texts(rows, _to_test_on(test, rows, columns))


def _labelled(table: Table, columns: Columns) -> LabelledTexts:
    return label_texts(
        table,
        text=columns.text,
        label=columns.label,
        positive=columns.positive,
        taught=columns.taught,
        group=columns.group,
        time=columns.time,
        features=columns.features,
    )


def _to_test_on(path: Path, rows: LabelledTexts, columns: Columns) -> LabelledTexts:
    """Read a file by the columns of the one that is learnt from."""
    table = read_table(path, encoding=columns.encoding)
    for role, name in rows.columns.items():
        if name not in table.frame.columns:
            raise DataError(
                f"the file to test on must have the columns of {rows.source}, but {path} has no "
                f"{quoted(name)} ({role}). Its columns are: {listed(map(str, table.frame))}."
            )
    named = rows.columns
    return label_texts(
        table,
        text=text_columns(named),
        label=named["label"],
        group=named.get("group"),
        taught=Taught(rows.names, rows.positive, file=rows.source),
        features=rows.features,
    )


def _path_of(source: str, data: Path | None, sample: bool, lecture: bool) -> Path:
    if sample:
        return sample_path(source)
    if source in CATALOGUE:
        return data or locate(source, prefer=".csv" if lecture else None)
    if Path(source).is_dir():
        raise DataError(
            f"a data file is needed, but {source} is a folder. Name a file in it, or read them "
            "all: recurra train streamed"
        )
    if Path(source).exists() or Path(source).suffix:
        return Path(source)
    raise DataError(
        f"the source must be a file or one of the datasets {', '.join(CATALOGUE)}, but "
        f"{source!r} is neither.{near(source, CATALOGUE)}"
    )
