"""Sentences whose every word has a tag: CoNLL-U, as treebanks are published, and two columns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recurra.data.contents import read_contents
from recurra.data.encodings import decode
from recurra.data.lines import lines_of
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError

__all__ = ["TaggedSentences", "read_conllu"]

COLUMNS = 10
ID = re.compile(r"\d+(?:-\d+|\.\d+)?")
DOCUMENT = "-DOCSTART-"  # stands between documents


@dataclass
class TaggedSentences:
    """Sentences as words, with one tag a word.

    Args:
        words: for each sentence its words.
        tags: for each sentence the tag of each word.
        source: the path, as it was given.
        sha256: of the file's bytes.
        notes: what was left out.
    """

    words: list[list[str]]
    tags: list[list[str]]
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.words)


def read_conllu(path: str | Path, *, encoding: str | None = None) -> TaggedSentences:
    r"""Read a CoNLL-U file (also .gz): the forms of each sentence and their universal tags.

    A line is a word with ten columns, of which FORM (second) and UPOS (fourth) are read. Left out
    are comments (`#`), the surface form of a multiword token (`1-2`: its words follow) and empty
    nodes (`1.1`: nobody wrote them). A blank line ends a sentence, and so does a word numbered 1.

    Read as well is what CoNLL files of other tasks look like: a word, then columns separated by
    spaces or tabs, the last of which is the tag.

    Args:
        path: the file.
        encoding: None: UTF-8 where its bytes are, else it is recognised, and said.

    Raises:
        DataError: the file cannot be read, a line has another number of columns, no word or no tag,
            words are numbered out of order, or there is no sentence.

    Example:
        >>> import tempfile
        >>> line = "{}\t{}\t_\t{}" + "\t_" * 6
        >>> text = "\n".join([line.format(1, "Birds", "NOUN"), line.format(2, "sing", "VERB"), ""])
        >>> with tempfile.NamedTemporaryFile("w", suffix=".conllu") as file:
        ...     _ = file.write(text)
        ...     file.flush()
        ...     read = read_conllu(file.name)
        >>> read.words, read.tags
        ([['Birds', 'sing']], [['NOUN', 'VERB']])

    Source: https://universaldependencies.org/format.html
    """
    contents = read_contents(path)
    decoded = decode(contents, encoding)
    lines = list(enumerate(lines_of(decoded.text, path), start=1))
    read = TaggedSentences([], [], str(path), contents.sha256, list(decoded.notes))
    pairs = _of_columns(lines, path) if _is_plain(lines) else _of_conllu(lines, path, read.notes)
    words: list[str] = []
    tags: list[str] = []
    for pair in [*pairs, None]:
        if pair is not None:
            words.append(pair[0])
            tags.append(pair[1])
        elif words:
            read.words.append(words)
            read.tags.append(tags)
            words, tags = [], []
    if not read.words:
        raise DataError(
            f"a CoNLL-U file must hold sentences, but {path} holds none. "
            "Every word is a line of ten columns separated by tabs."
        )
    return read


Numbered = list[tuple[int, str]]
Pairs = Iterator[tuple[str, str] | None]  # None ends a sentence


def _is_plain(lines: Numbered) -> bool:
    """Say whether the lines are words and tags without numbers and without ten columns."""
    filled = (line for _, line in lines if line.strip() and not line.startswith("#"))
    first = next((line for line in filled if not line.startswith(DOCUMENT)), "")
    cells = first.split("\t") if "\t" in first else first.split()
    return 1 < len(cells) < COLUMNS and not (len(cells) > 2 and cells[0].isdigit())


def _of_conllu(lines: Numbered, path: str | Path, notes: list[str]) -> Pairs:
    last, ends = 0, 0
    for number, line in lines:
        if not line.strip():
            last = 0
            yield None
        elif not line.startswith("#"):
            columns = line.split("\t")
            _check(columns, number, path)
            if not columns[0].isdigit():
                continue
            count = int(columns[0][:9])
            if count == 1 and last:
                ends += 1
                yield None
            elif count != last + 1:
                raise DataError(
                    f"the words of a sentence must be numbered one by one, but line {number} of "
                    f"{path} is word {count} after word {last}. Mend it, or set a blank line "
                    "between sentences."
                )
            last = count
            yield columns[1], columns[3]
    if ends:
        notes.append(f"{ends:,} sentences begin without a blank line before them")


def _check(columns: list[str], number: int, path: str | Path) -> None:
    if len(columns) != COLUMNS:
        raise DataError(
            f"every word of a CoNLL-U file must have {COLUMNS} columns separated by tabs, but line "
            f"{number} of {path} has {len(columns)}."
        )
    if not ID.fullmatch(columns[0]):
        raise DataError(
            f"every line of a CoNLL-U file must begin with a number, but line {number} of {path} "
            f"begins with {quoted(columns[0])}."
        )
    if not columns[0].isdigit():
        return
    if not meant(columns[1]):
        raise DataError(
            f"every word must be written in the second column, but line {number} of {path} has "
            "none. Mend it or leave the sentence out."
        )
    if columns[3] in ("", "_"):
        other = columns[4] not in ("", "_")
        way = (
            "Only the universal tag (UPOS) is read; its fifth column (XPOS) has "
            f"{quoted(columns[4])}: "
            "put that into the fourth."
            if other
            else "Take a file that is tagged."
        )
        raise DataError(
            f"every word must have a tag in the fourth column, but line {number} of {path} has "
            f"none. {way}"
        )


def _of_columns(lines: Numbered, path: str | Path) -> Pairs:
    """Give the first and the last of columns: a word and its tag."""
    width = 0
    for number, line in lines:
        if line.startswith("# ") and "=" in line:
            continue
        if not line.strip() or line.startswith(DOCUMENT):
            yield None
            continue
        cells = line.rstrip().split("\t") if "\t" in line else line.split()
        width = width or len(cells)
        if len(cells) != width or not (meant(cells[0]) and meant(cells[-1])):
            raise DataError(
                f"every line must be a word and {width - 1} columns, the last of them its tag, but "
                f"line {number} of {path} has {len(cells)} columns. Mend it, or set a blank line "
                "between sentences."
            )
        yield cells[0].strip(), cells[-1].strip()
