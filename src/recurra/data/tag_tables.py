"""Words and their tags in tables: a row a word with a name of its sentence, or a row a sentence."""

import ast
import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from recurra.data.contents import Contents, ending_of
from recurra.data.lines import LONGEST_LINE, lines_of
from recurra.data.records import cell_of
from recurra.data.separators import separator_of, tabs_are_quoted
from recurra.data.spelling import meant, quoted
from recurra.data.word_columns import SENTENCE, TOKENS, Grid, Numbered, TagColumns, Word, choose
from recurra.errors import DataError

__all__ = ["is_json", "is_table", "json_rows", "parquet_rows", "table_rows"]

TABLES = {".csv", ".tsv"}
Filled = tuple[int, Sequence[Any]]  # the number of a row, and its cells
Row = Filled | None  # None is a blank line


def is_json(text: str) -> bool:
    """Say whether a text is JSON: an object a line, or a list of objects."""
    begins = text.lstrip()[:64]
    return begins.startswith("{") or begins[:1] + begins[1:].lstrip()[:1] == "[{"


def is_table(lines: Numbered, path: Path, columns: TagColumns) -> bool:
    """Say whether lines are a table with names: by its ending, or by what the first line says."""
    cells = _cut(lines, path, 20)[1]
    names = [meant(cell).casefold() for cell in (cells[0][1] if cells and cells[0] else [])]
    by_name = bool({*names} & TOKENS and {*names} & SENTENCE)
    named = bool({str(name).casefold() for name in (columns.tokens, columns.tags)} & {*names})
    commas = len(names) > 1 and ending_of(path) == ".csv"
    return by_name or (named and ending_of(path) in TABLES) or commas


def table_rows(lines: Numbered, path: Path, columns: TagColumns) -> Grid:
    """Read CSV or TSV with names in its first line."""
    separator, rows = _cut(lines, path)
    first = rows[0] if rows else None
    if first is None:
        raise DataError(f"a file of tagged sentences must hold some, but {path} holds none.")
    names = list(map(meant, first[1]))
    _check_names(names, path)
    for row in rows[1:]:
        if row is not None and len(row[1]) != len(names):
            raise DataError(
                f"every row must have {len(names)} cells, as the first line has, but line "
                f"{row[0]} of {path} has {len(row[1])}. A cell with {separator!r} in it stands in "
                "quotes."
            )
    return _grid(names, rows[1:], path, columns, [])


def json_rows(text: str, path: Path, columns: TagColumns) -> Grid:
    """Read JSON lines, or a list of objects: a word each, or lists of words and tags.

    An object whose lists hold lists is columns, as Hugging Face's data sets are written.
    """
    numbered = list(_objects(text, path))
    names = list(dict.fromkeys(name for _, row in numbered for name in row))
    rows: list[Row] = [(number, [row.get(name) for name in names]) for number, row in numbered]
    return _grid(list(map(meant, names)), rows, path, columns, [])


def parquet_rows(contents: Contents, columns: TagColumns) -> Grid:
    """Read Parquet: a word a row, or lists of words and tags."""
    from recurra.data.parquet import frame_of_parquet

    frame = frame_of_parquet(contents)
    names = list(map(meant, frame.columns))
    cells = zip(*(frame.iloc[:, place].tolist() for place in range(len(names))), strict=True)
    rows: list[Row] = [(number, list(row)) for number, row in enumerate(cells, start=1)]
    return _grid(names, rows, contents.path, columns, [])


def _cut(lines: Numbered, path: Path, most: int | None = None) -> tuple[str, list[Row]]:
    """Cut lines into cells; a quoted cell may hold line ends."""
    texts = [line.replace("\r", " ") for _, line in lines[:most]]
    filled = [text for text in texts if text.strip()]
    separator = "\t" if filled and "\t" in filled[0] else separator_of(filled)
    bare = separator == "\t" and not tabs_are_quoted(texts)
    rows: list[Row] = []
    limit, begins = csv.field_size_limit(LONGEST_LINE), 1
    reader = csv.reader(
        (text + "\n" for text in texts),
        delimiter=separator,
        quoting=csv.QUOTE_NONE if bare else csv.QUOTE_MINIMAL,
    )
    try:
        for cells in reader:
            blank = not any(cell.strip() for cell in cells)
            rows.append(None if blank else (begins, cells))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"a table must be rows of cells, but line {begins} of {path} is not ({error})."
        ) from None
    finally:
        csv.field_size_limit(limit)
    start = next((place for place, row in enumerate(rows) if row is not None), len(rows))
    return separator, rows[start:]


def _check_names(names: list[str], path: Path) -> None:
    count = Counter(names)
    twice = next((name for name in names if name and count[name] > 1), None)
    if twice is not None:
        raise DataError(f"column names must differ, but {path} has {quoted(twice)} twice.")


def _objects(text: str, path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each object with its number."""
    if text.lstrip().startswith("["):
        try:
            items: Iterable[tuple[int, Any]] = enumerate(json.loads(text), start=1)
        except (ValueError, RecursionError) as error:
            raise DataError(f"a JSON file must be whole, but {path} is not ({error}).") from None
    elif (columns := _columns_of_lists(text, path)) is not None:
        items = enumerate(_by_columns(columns, path), start=1)
    else:
        filled = [(n, line) for n, line in enumerate(lines_of(text, path), 1) if line.strip()]
        items = [(number, _parsed(line)) for number, line in filled]
    for number, row in items:
        if not isinstance(row, dict):
            raise DataError(
                f"every line of a JSON lines file must be one object, but line {number} of {path} "
                "is not."
            )
        yield number, row


def _columns_of_lists(text: str, path: Path) -> dict[str, list[Any]] | None:
    """Give columns of which a cell is a sentence; None where an object is a row."""
    whole = _parsed(text) if ending_of(path) == ".json" else None  # of others a line is a row
    columns = list(whole.values()) if isinstance(whole, dict) else []
    lists = columns and all(isinstance(column, list) for column in columns)
    nested = lists and any(isinstance(cell, list) for column in columns for cell in column[:1])
    return whole if nested else None


def _by_columns(columns: dict[str, list[Any]], path: Path) -> Iterator[dict[str, Any]]:
    """Give the rows of columns, which have one length."""
    lengths = {name: len(column) for name, column in columns.items()}
    short, long = min(lengths, key=lengths.__getitem__), max(lengths, key=lengths.__getitem__)
    if lengths[short] < lengths[long]:
        raise DataError(
            f"columns must have one length, but in {path} {quoted(short)} has {lengths[short]:,} "
            f"rows and {quoted(long)} {lengths[long]:,}."
        )
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


# ---- from cells to words


def _grid(
    names: list[str], rows: list[Row], path: Path, columns: TagColumns, notes: list[str]
) -> Grid:
    chosen = {
        "tokens": choose("tokens", columns.tokens, names, path),
        "tags": choose("tags", columns.tags, names, path, needed=columns.tagged),
        "sentence": choose("sentence", columns.sentence, names, path, needed=False),
    }
    if chosen["sentence"] in (chosen["tokens"], chosen["tags"]):
        chosen["sentence"] = None
    places = {role: names.index(name) for role, name in chosen.items() if name is not None}
    filled = [row for row in rows if row is not None]
    if _are_sentences(filled, places, len(filled) < len(rows)):
        return Grid(_of_sentences(filled, places, path), chosen, notes)
    if "sentence" not in places and len(filled) == len(rows) and len(rows) > 1:
        raise DataError(
            f"a row a word must say of which sentence it is, but {path} has no such column and no "
            "blank lines. Name the column: --sentence."
        )
    return Grid(_of_words(rows, places, path), chosen, notes)


def _is_list(cell: Any) -> bool:
    return (not isinstance(cell, str | bytes) and hasattr(cell, "__len__")) or _is_written(cell)


def _is_written(cell: Any) -> bool:
    """Say whether a cell is a list that was written out."""
    text = cell.strip() if isinstance(cell, str) else ""
    return len(text) > 2 and text[0] == "[" and text[-1] == "]"


def _are_sentences(rows: Sequence[Filled], places: dict[str, int], blank_lines: bool) -> bool:
    """Say whether a row is a sentence: a cell is a list, or most hold several words."""
    roles = [place for role, place in places.items() if role != "sentence"]
    if any(_is_list(cells[place]) for _, cells in rows[:1] for place in roles):
        return True
    some = [str(cells[places["tokens"]]).split() for _, cells in rows[:200]]
    names = [str(cells[places["sentence"]]) for _, cells in rows] if "sentence" in places else []
    several = sum(len(words) > 1 for words in some) > len(some) / 2
    return several and not blank_lines and len(set(names)) == len(names)


def _of_sentences(rows: Iterable[Row], places: dict[str, int], path: Path) -> Iterator[Word | None]:
    """Give the words of rows that are sentences."""
    for row in rows:
        if row is None:
            continue
        number, cells = row
        words = _listed(cells[places["tokens"]], number, path)
        tags = [""] * len(words)
        if "tags" in places:
            tags = _listed(cells[places["tags"]], number, path)
        if len(words) != len(tags):
            raise DataError(
                f"every word must have one tag, but row {number} of {path} has {len(words)} words "
                f"and {len(tags)} tags."
            )
        for word, tag in zip(words, tags, strict=True):
            yield _checked(number, word, tag, "", "tags" in places, path)
        yield None


def _listed(cell: Any, number: int, path: Path) -> list[str]:
    """Give a cell as a list of texts: it is one, is one written out, or has blanks between."""
    if _is_written(cell):
        for read in (json.loads, ast.literal_eval):
            try:
                cell = read(cell)
                break
            except (ValueError, SyntaxError, RecursionError, MemoryError):
                continue
    if isinstance(cell, str):
        return cell.split()
    if cell is None or isinstance(cell, dict) or not hasattr(cell, "__iter__"):
        raise DataError(
            f"words and tags must be lists, but row {number} of {path} has {quoted(cell)}."
        )
    return [_text(each, number, path) for each in cell]


def _text(value: Any, number: int, path: Path) -> str:
    if isinstance(value, dict | list | tuple | set):
        raise DataError(
            f"a word or a tag must be one text or number, but row {number} of {path} has "
            f"{quoted(value)}."
        )
    return cell_of(value)[0]


def _of_words(rows: Iterable[Row], places: dict[str, int], path: Path) -> Iterator[Word | None]:
    """Give rows that are words."""
    for row in rows:
        if row is None:
            yield None
            continue
        number, cells = row
        found = {role: _text(cells[place], number, path) for role, place in places.items()}
        tag, sentence = found.get("tags", ""), found.get("sentence", "")
        yield _checked(number, found["tokens"], tag, sentence, "tags" in places, path)


def _checked(number: int, word: str, tag: str, sentence: str, tagged: bool, path: Path) -> Word:
    word, tag = word.strip(), tag.strip()
    if not meant(word) or (tagged and not meant(tag)):
        raise DataError(
            f"every row must have a word and its tag, but row {number} of {path} lacks one. Mend "
            "it, or leave the sentence out."
        )
    return Word(number, word, tag, sentence)
