"""CoNLL-U, as treebanks are published."""

import re
from collections.abc import Iterator
from pathlib import Path

from recurra.data.spelling import meant, quoted
from recurra.data.word_columns import Grid, Numbered, TagColumns, Word, choose
from recurra.errors import DataError

__all__ = ["conllu_rows", "is_conllu"]

NAMES = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
COLUMNS = len(NAMES)
ID = re.compile(r"\d+(?:-\d+|\.\d+)?")
EMPTY = ("", "_")


def is_conllu(lines: Numbered, path: Path, columns: TagColumns) -> bool:
    """Say whether lines are, or are meant to be, words of ten columns."""
    filled = (line for _, line in lines if line.strip() and not line.startswith("#"))
    cells = next(filled, "").split("\t")
    numbered, meant_so = ID.fullmatch(cells[0]) is not None, ".conllu" in path.suffixes
    if len(cells) == COLUMNS:
        return numbered or meant_so
    return meant_so and numbered and len(cells) > 2


def conllu_rows(lines: Numbered, path: Path, columns: TagColumns) -> Grid:
    """Read CoNLL-U: its forms, and universal tags unless another column is named.

    Left out are comments (`#`), the surface form of a multiword token (`1-2`: its words follow) and
    empty nodes (`1.1`: nobody wrote them). A blank line ends a sentence, and so does a word
    numbered 1.
    """
    tags = columns.tags or ("UPOS" if columns.tagged else None)
    chosen = {
        "tokens": choose("tokens", _name(columns.tokens) or "FORM", NAMES, path),
        "tags": None if tags is None else choose("tags", _name(tags), NAMES, path),
    }
    notes: list[str] = []
    return Grid(_words(lines, path, chosen, notes), chosen, notes)


def _name(column: str | None) -> str | None:
    """Give the name of a column that is named by its number."""
    number = int(column) if column and column.isascii() and column.isdigit() else 0
    return NAMES[number - 1] if 1 <= number <= COLUMNS else column


def _words(
    lines: Numbered, path: Path, chosen: dict[str, str | None], notes: list[str]
) -> Iterator[Word | None]:
    last, ends = 0, 0
    for number, line in lines:
        if not line.strip():
            last = 0
            yield None
        elif not line.startswith("#"):
            cells = line.split("\t")
            _check(cells, number, path)
            if not cells[0].isdigit():
                continue
            count = int(cells[0][:9])
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
            yield _word(dict(zip(NAMES, cells, strict=True)), chosen, number, path)
    if ends:
        notes.append(f"{ends:,} sentences begin without a blank line before them")


def _word(cells: dict[str, str], chosen: dict[str, str | None], number: int, path: Path) -> Word:
    tokens, tags = chosen["tokens"], chosen["tags"]
    assert tokens is not None
    if not meant(cells[tokens]):
        raise DataError(
            f"every word must be written in column {tokens}, but line {number} of {path} has "
            "none. Mend it or leave the sentence out."
        )
    tag = "" if tags is None else cells[tags]
    if tags is not None and tag in EMPTY:
        filled = [name for name in ("UPOS", "XPOS") if cells[name] not in EMPTY]
        way = f"{filled[0]} has one: --tags {filled[0]}" if filled else "Take a file that is tagged"
        raise DataError(
            f"every word must have a tag in column {tags}, but line {number} of {path} has none. "
            f"{way}."
        )
    return Word(number, cells[tokens], tag)


def _check(cells: list[str], number: int, path: Path) -> None:
    if len(cells) != COLUMNS:
        raise DataError(
            f"every word of a CoNLL-U file must have {COLUMNS} columns separated by tabs, but line "
            f"{number} of {path} has {len(cells)}."
        )
    if not ID.fullmatch(cells[0]):
        raise DataError(
            f"every line of a CoNLL-U file must begin with a number, but line {number} of {path} "
            f"begins with {quoted(cells[0])}."
        )
