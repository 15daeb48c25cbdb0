"""Sentences whose every word has a tag, from the files people have.

::

    CoNLL-U            ten columns separated by tabs, a word a line
    columns            a word and its tags, separated by blanks or tabs (CoNLL-2000, -2002, -2003)
    tables             CSV, TSV or JSON: a row a word, or a row a sentence of lists

Whatever the form, it is rows of named cells; a blank line, or another name of a sentence, ends one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recurra.data.conllu import conllu_rows, is_conllu
from recurra.data.contents import read_contents
from recurra.data.encodings import decode, known_encoding
from recurra.data.lines import lines_of
from recurra.data.spelling import meant, quoted
from recurra.data.tag_tables import is_json, is_table, json_rows, parquet_rows, table_rows
from recurra.data.word_columns import (
    ANY_COLUMNS,
    Grid,
    SeveralColumnsError,
    TagColumns,
    column_rows,
)
from recurra.errors import DataError, RecurraError

__all__ = ["ANY_COLUMNS", "TagColumns", "TaggedSentences", "read_tagged", "tag_columns_of"]

ONE_SENTENCE = 1000  # words; more without an end are no sentence


@dataclass
class TaggedSentences:
    """Sentences as words, with one tag a word.

    Args:
        words: for each sentence its words.
        tags: for each sentence the tag of each word; "" where there are none.
        source: the path, as it was given.
        sha256: of the file's bytes.
        notes: what was left out or guessed.
        columns: that were named, by what they hold: another file is then read in the same way.
    """

    words: list[list[str]]
    tags: list[list[str]]
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.words)


def read_tagged(
    path: str | Path, columns: TagColumns = ANY_COLUMNS, *, encoding: str | None = None
) -> TaggedSentences:
    r"""Read sentences with a tag for every word (also .gz), in any form named above.

    Of CoNLL-U, FORM and UPOS are read unless other columns are named. Of columns separated by
    blanks, the first is the word and the last the tag, and `-DOCSTART-` is no word. Of tables, the
    columns are known by their names.

    Args:
        path: the file.
        columns: which hold what.
        encoding: None: UTF-8 where its bytes are, else it is recognised, and said.

    Raises:
        DataError: the file cannot be read, a line has another number of columns, no word or no tag,
            words are numbered out of order, or there is no sentence.
        SettingsError: a column is named that is not there.

    Example:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        ...     _ = file.write("Birds NNS B-NP\nsing VBP B-VP\n\nRain NN B-NP\n")
        ...     file.flush()
        ...     read = read_tagged(file.name, TagColumns(tags="2"))
        >>> read.words, read.tags
        ([['Birds', 'sing'], ['Rain']], [['NNS', 'VBP'], ['NN']])

    Source: https://universaldependencies.org/format.html
    """
    path, contents = Path(path), read_contents(path)
    encoding = known_encoding(encoding)
    if contents.data.startswith(b"PAR1"):
        grid = parquet_rows(contents, columns)
    else:
        decoded = decode(contents, encoding)
        grid = _grid(decoded.text, path, columns)
        grid.notes[:0] = decoded.notes
    words, tags = _sentences(grid, path, columns)
    named = {role: getattr(columns, role) for role in ("tokens", "tags", "sentence")}
    said = {role: name for role, name in named.items() if name is not None}
    return TaggedSentences(words, tags, str(path), contents.sha256, grid.notes, said)


def tag_columns_of(path: str | Path, *, encoding: str | None = None) -> list[str | None]:
    """Give the columns of a file that may be tags; None is the one that is read unless named.

    Of what is no file of tagged sentences there is none.
    """
    try:
        read_tagged(path, encoding=encoding)
    except SeveralColumnsError as several:
        return list(several.columns)
    except RecurraError:
        return []
    return [None]


def _grid(text: str, path: Path, columns: TagColumns) -> Grid:
    """Give the rows of a text file, whichever form it has."""
    if not text.strip():
        raise DataError(f"a file of tagged sentences must hold some, but {path} holds none.")
    if is_json(text):
        return json_rows(text, path, columns)
    lines = list(enumerate(lines_of(text, path), start=1))
    if is_table(lines, path, columns):
        return table_rows(lines, path, columns)
    read = conllu_rows if is_conllu(lines, path, columns) else column_rows
    return read(lines, path, columns)


def _sentences(
    grid: Grid, path: Path, columns: TagColumns
) -> tuple[list[list[str]], list[list[str]]]:
    """Put words together to sentences."""
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for sentence in _cut(grid, path):
        words.append([word for word, _ in sentence])
        tags.append([tag for _, tag in sentence])
    if not words:
        raise DataError(
            f"a file of tagged sentences must hold some, but {path} holds none. "
            "Every word is a line with its tag, and a blank line ends a sentence."
        )
    longest = max(map(len, words))
    if len(words) == 1 and longest > ONE_SENTENCE:
        raise DataError(
            f"a blank line must end every sentence, but {path} is one sentence of {longest:,} "
            "words. Set blank lines, or name the column that tells sentences apart: --sentence."
        )
    return words, tags


def _cut(grid: Grid, path: Path) -> Iterator[list[tuple[str, str]]]:
    """Give each sentence as its words and tags."""
    sentence: list[tuple[str, str]] = []
    name, ended = "", set[str]()
    for row in grid.rows:
        if row is None:
            if sentence:
                yield sentence
            sentence = []
            continue
        called = meant(row.sentence) or name
        if called != name and sentence:
            yield sentence
            sentence = []
        if called != name:
            _check_new(called, ended, row.number, path)
            ended.add(called)
        name = called
        sentence.append((row.word, row.tag))
    if sentence:
        yield sentence


def _check_new(name: str, ended: set[str], number: int, path: Path) -> None:
    if name in ended:
        raise DataError(
            f"the words of a sentence must stand together, but {quoted(name)} comes again in line "
            f"{number} of {path}. Sort the file by it, or name another column: --sentence."
        )
