"""Labelled texts by what a user calls them: a named dataset, a file, the embedded sample."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from recurra.data.catalogue import CATALOGUE, SAMPLE_SOURCE, locate, sample_path
from recurra.data.labelled import LabelledTexts, Taught, label_texts
from recurra.data.readers import read_table
from recurra.data.reviews import read_imdb, read_nsmc
from recurra.errors import DataError, SettingsError
from recurra.names import near

__all__ = ["Columns", "open_texts"]

# datasets that know their columns and their published side
PUBLISHED: dict[str, Callable[[Path], LabelledTexts]] = {
    "sentiment": read_imdb,
    "sentiment-ko": read_nsmc,
}


@dataclass(frozen=True)
class Columns:
    """What is said of a table of texts; None of what is to be guessed.

    Args:
        text: the text column.
        label: the label column.
        positive: of two classes, the one to find.
        encoding: of the file.
        taught: what a saved model was taught, where the rows are to judge one.
    """

    text: str | None = None
    label: str | None = None
    positive: str | None = None
    encoding: str | None = None
    taught: Taught | None = None


def open_texts(
    source: str,
    *,
    data: Path | None = None,
    sample: bool = False,
    columns: Columns = Columns(),
    lecture: bool = False,
) -> LabelledTexts:
    """Read labelled texts from a named dataset, a file or the sample.

    Args:
        source: spam, sentiment, sentiment-ko, or a file.
        data: the file of a named dataset, None to look for it.
        sample: whether the embedded sample is taken instead.
        columns: of a table.
        lecture: whether the file that the lecture used is preferred.

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
        if columns != Columns():
            raise SettingsError(
                f"the columns of {source} are known: leave out --text, --label, --positive and "
                "--encoding."
            )
        return PUBLISHED[source](path)
    table = read_table(path, encoding=columns.encoding)
    if sample:
        table.source = SAMPLE_SOURCE
    return label_texts(
        table,
        text=columns.text,
        label=columns.label,
        positive=columns.positive,
        taught=columns.taught,
    )


def _path_of(source: str, data: Path | None, sample: bool, lecture: bool) -> Path:
    if sample:
        return sample_path(source)
    if source in CATALOGUE:
        return data or locate(source, prefer=".csv" if lecture else None)
    if Path(source).exists() or Path(source).suffix:
        return Path(source)
    raise DataError(
        f"the source must be a file or one of the datasets {', '.join(CATALOGUE)}, but "
        f"{source!r} is neither.{near(source, CATALOGUE)}"
    )
