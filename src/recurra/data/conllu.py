"""CoNLL-U: sentences whose every word has a tag, as treebanks are published."""

from dataclasses import dataclass, field
from pathlib import Path

from recurra.data.readers import read_lines, sha256_of
from recurra.errors import DataError

__all__ = ["TaggedSentences", "read_conllu"]

COLUMNS = 10


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


def read_conllu(path: str | Path) -> TaggedSentences:
    r"""Read a CoNLL-U file (also .gz): the forms of each sentence and their universal tags.

    A line is a word with ten columns, of which FORM (second) and UPOS (fourth) are read. Left out
    are comments (`#`), the surface form of a multiword token (`1-2`: its words follow) and empty
    nodes (`1.1`: nobody wrote them). A blank line ends a sentence.

    Args:
        path: the file, UTF-8.

    Raises:
        DataError: the file cannot be read, a line has not ten columns or no tag, or there is no
            sentence.

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
    path = Path(path)
    read = TaggedSentences([], [], str(path), "")
    words: list[str] = []
    tags: list[str] = []
    for number, line in enumerate([*read_lines(path, encoding="utf-8"), ""], start=1):
        if not line.strip():
            if words:
                read.words.append(words)
                read.tags.append(tags)
                words, tags = [], []
        elif not line.startswith("#"):
            columns = line.split("\t")
            _check(columns, number, path)
            if columns[0].isdigit():
                words.append(columns[1])
                tags.append(columns[3])
    if not read.words:
        raise DataError(
            f"a CoNLL-U file must hold sentences, but {path} holds none. "
            "Every word is a line of ten columns separated by tabs."
        )
    read.sha256 = sha256_of(path)
    return read


def _check(columns: list[str], number: int, path: Path) -> None:
    if len(columns) != COLUMNS:
        raise DataError(
            f"every word of a CoNLL-U file must have {COLUMNS} columns separated by tabs, but line "
            f"{number} of {path} has {len(columns)}."
        )
    if not columns[0].replace("-", "").replace(".", "").isdigit():
        raise DataError(
            f"every line of a CoNLL-U file must begin with a number, but line {number} of {path} "
            f"begins with {columns[0]!r}."
        )
    if columns[0].isdigit() and columns[3] in ("", "_"):
        raise DataError(
            f"every word must have a tag in the fourth column, but line {number} of {path} has "
            "none. Take a file that is tagged."
        )
