"""Lines with their classes, and pairs of sentences, from text files."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from recurra.data.catalogue import CORPORA, Corpus, locate_corpus
from recurra.data.lines import read_lines
from recurra.data.readers import read_table
from recurra.data.spelling import meant, quoted
from recurra.errors import DataError
from recurra.names import listed

__all__ = ["CORPORA", "Corpus", "locate_corpus", "read_classes", "read_pairs"]

NUMBER = re.compile(r"#?\d+")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
LANGUAGES = {"english", "korean", "german", "french", "spanish", "japanese", "chinese", "russian"}
HEADERS = {"source", "target", "src", "tgt", "en", "ko", "eng", "kor", "de", "fr", "sentence"}
HEADERS |= {"translation", "원문", "번역", "영어", "한국어", "sentence1", "sentence2"} | LANGUAGES


def read_classes(
    path: str | Path, *, encoding: str | None = None, notes: list[str] | None = None
) -> tuple[list[str], list[str]]:
    """Read lines with their classes: from a folder of `CLASS.txt`, or one file of one class.

    Blank lines are left out; a line that its class has twice is kept once. Of a CSV file of one
    column, the first line names it.

    Args:
        path: a folder of text files, or a text file (then every class is "").
        encoding: of the files, None to recognise it.
        notes: takes what was guessed or left out.

    Returns:
        The lines, and the class of each.

    Raises:
        DataError: there is no line.
    """
    path, notes = Path(path), [] if notes is None else notes
    if not path.exists():
        raise DataError(f"a file or folder of lines is needed, but {path} is not there.")
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    lines, classes, repeated = [], [], 0
    for file in files:
        said: list[str] = []
        read = [line.strip() for line in _lines(file, encoding, said)]
        filled = [line for line in read if meant(line)]
        found = dict.fromkeys(filled)
        lines += list(found)
        classes += [meant(file.stem) if path.is_dir() else ""] * len(found)
        repeated += len(filled) - len(found)
        notes += [f"{file.name}: {each}" if path.is_dir() else each for each in said]
    if not lines:
        raise DataError(f"lines of text are needed, but {path} holds none.")
    if repeated:
        notes.append(f"{repeated:,} lines that their class has twice left out")
    return lines, classes


def read_pairs(
    path: str | Path, *, encoding: str | None = None, notes: list[str] | None = None
) -> tuple[list[str], list[str]]:
    """Read pairs of sentences: a line a pair, separated by a tab; or the columns of a CSV file.

    Columns of numbers and of names of languages, as Tatoeba gives them (number, sentence, number,
    translation), are left out, and so is a first line that names the columns. Of the columns that
    remain the first two are read.

    Args:
        path: the file, also .gz.
        encoding: of the file, None to recognise it.
        notes: takes what was guessed or left out.

    Returns:
        The first sentences, and the second.

    Raises:
        DataError: a line has no second sentence, or there is no line.
    """
    path, notes = Path(path), [] if notes is None else notes
    lines = _cells(path, encoding, notes)
    rows = [
        (number, cells) for number, cells in enumerate(lines, start=1) if any(map(meant, cells))
    ]
    if rows and _is_header(rows[0][1]):
        notes.append(f"the first line names the columns: {', '.join(rows[0][1])}")
        rows = rows[1:]
    chosen = _columns_of_sentences([cells for _, cells in rows])
    if chosen != [0, 1]:
        notes.append(f"columns {chosen[0] + 1} and {chosen[1] + 1} are the sentences")
    sources, targets = [], []
    for number, cells in rows:
        pair = [cells[place] if place < len(cells) else "" for place in chosen]
        if not all(map(meant, pair)):
            raise DataError(
                f"every line must be two sentences separated by a tab, but line {number} of {path} "
                "is not. Mend it or leave it out."
            )
        sources.append(pair[0])
        targets.append(pair[1])
    if not sources:
        raise DataError(f"pairs of sentences are needed, but {path} holds none.")
    if len(sources) > 2 and 1 in (len(set(sources)), len(set(targets))):
        raise DataError(
            f"a column of sentences must hold more than one, but in {path} every line has "
            f"{quoted((sources if len(set(sources)) == 1 else targets)[0])}. Give a sentence, a "
            "tab and "
            "its translation on each line."
        )
    return sources, targets


def _is_csv(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".csv")


def _lines(path: Path, encoding: str | None, notes: list[str]) -> Iterable[str]:
    """Give the lines of a text file, or the column of a CSV file."""
    if not _is_csv(path):
        return read_lines(path, encoding=encoding, notes=notes)
    names, rows = _table(path, encoding, notes)
    if len(names) > 1:
        raise DataError(
            f"a file of lines has one column, but {path} has {len(names)}: {listed(names)}. Save "
            "the one to learn from alone, or as a .txt file."
        )
    return [cells[0] for cells in rows]


def _cells(path: Path, encoding: str | None, notes: list[str]) -> Iterable[list[str]]:
    """Give the cells of each line of a file of pairs, or of each row of a CSV file."""
    if not _is_csv(path):
        lines = read_lines(path, encoding=encoding, notes=notes)
        return ([cell.strip() for cell in line.split("\t")] for line in lines)
    _, rows = _table(path, encoding, notes)
    return [[], *rows]  # a blank line for the names, so that lines are counted as in the file


def _table(path: Path, encoding: str | None, notes: list[str]) -> tuple[list[str], list[list[str]]]:
    """Give the columns and the rows of a CSV file, and say that its first line names them."""
    table = read_table(path, encoding=encoding)
    names = list(map(str, table.frame.columns))
    notes += table.notes
    if "no header: the first line is data" not in table.notes:
        notes.append(f"the first line names the columns: {', '.join(names)}")
    return names, table.frame.to_numpy(object).tolist()


def _is_header(cells: list[str]) -> bool:
    names = [meant(cell).casefold() for cell in cells if meant(cell)]
    return len(names) > 1 and all(name in HEADERS or name in ("id", "no") for name in names)


def _columns_of_sentences(rows: list[list[str]]) -> list[int]:
    """Choose the first two columns that are neither numbers nor codes of a language."""
    width = min((len(row) for row in rows), default=0)

    def all_are(place: int, fits: Callable[[str], object]) -> bool:
        return all(fits(row[place]) for row in rows)

    def is_code(place: int) -> bool:
        return len(rows) > 1 and (
            all_are(place, NUMBER.fullmatch)
            or (all_are(place, LANGUAGE.fullmatch) and len({row[place] for row in rows}) == 1)
        )

    sentences = [place for place in range(width) if not is_code(place)]
    return sentences[:2] if len(sentences) >= 2 else [0, 1]
