"""Words and their tags in columns separated by blanks or tabs: CoNLL-2000, -2002, -2003."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recurra.data.spelling import meant, quoted
from recurra.errors import DataError, SettingsError
from recurra.names import near

__all__ = [
    "ANY_COLUMNS",
    "Grid",
    "Numbered",
    "SeveralColumnsError",
    "TagColumns",
    "Word",
    "choose",
    "column_rows",
    "header_in",
]

DOCUMENT = "-DOCSTART-"  # stands between documents
BLANKS = re.compile(r"[ \t]+")
COMMENT = re.compile(r"# .*=|## ")
TOKENS = {"token", "tokens", "text", "word", "words", "form", "단어", "토큰", "어절"}
TAGS = {"tag", "tags", "label", "labels", "ner", "ner_tag", "ner_tags", "ner_label", "entity"}
TAGS |= {"entities", "iob", "bio", "chunk", "chunks", "chunk_tag", "chunk_tags", "slots"}
TAGS |= {"pos", "pos_tag", "pos_tags", "upos", "xpos", "태그", "개체명", "품사", "라벨"}
SENTENCE = {"sentence", "sentence_id", "sentence id", "sentence #", "sentenceid", "sent"}
SENTENCE |= {"sent_id", "sentid", "sentence no", "문장", "문장번호", "문장 번호"}
KNOWN: Mapping[str, set[str]] = {"tokens": TOKENS, "tags": TAGS, "sentence": SENTENCE}

Numbered = list[tuple[int, str]]


@dataclass(frozen=True)
class TagColumns:
    """Which columns hold what; None of what is to be found.

    Args:
        tokens: the words: a name, or a number from 1 where columns have no names.
        tags: their tags.
        sentence: what tells the sentence of a word.
        tagged: whether there must be tags.
    """

    tokens: str | None = None
    tags: str | None = None
    sentence: str | None = None
    tagged: bool = True


ANY_COLUMNS = TagColumns()


class SeveralColumnsError(DataError):
    """Several columns may be the one that is asked for.

    Args:
        message: what must hold, what arrived, what to do.
        columns: their names.
    """

    def __init__(self, message: str, columns: Sequence[str]) -> None:
        super().__init__(message)
        self.columns = columns


@dataclass(frozen=True)
class Word:
    """A word of a file.

    Args:
        number: of its line or row.
        word: as it is written.
        tag: of it.
        sentence: the name of its sentence; "" where blank lines end them.
    """

    number: int
    word: str
    tag: str
    sentence: str = ""


@dataclass
class Grid:
    """Words in their order; None ends a sentence.

    Args:
        rows: the words.
        chosen: by what they hold, the columns that were read.
        notes: what was guessed or left out.
    """

    rows: Iterator[Word | None]
    chosen: dict[str, str | None]
    notes: list[str] = field(default_factory=list)


def column_rows(lines: Numbered, path: Path, columns: TagColumns) -> Grid:
    """Read columns: the first is the word and the last the tag, unless others are named.

    Left out are `-DOCSTART-` and comments: `# name = value`, and lines that begin with # and have
    other columns. A first line of names is taken for that, and so is `# global.columns =`. Where
    the first column counts the words of a sentence, the second is the word.
    """
    notes: list[str] = []
    filled = (cells for _, line in lines if line[:1] != "#" and (cells := _cells(line)))
    first = next(filled, [])
    if not first:
        return Grid(iter(()), {}, notes)
    names = _global_names(lines) or header_in(first)
    begins = bool(names) and names == list(map(meant, first))
    counted = not names and _counts(lines)
    names = names or [str(place + 1) for place in range(len(first))]
    tokens = "2" if counted and len(first) > 1 else None
    chosen = _chosen(names, columns, tokens, header_in(names) is not None, path)
    places = {role: names.index(name) for role, name in chosen.items() if name is not None}
    if len(names) > 2 and "tags" in places and None in (columns.tokens, columns.tags):
        notes.append(f"words: column {chosen['tokens']}, tags: column {chosen['tags']}")
    kept = _after_header(lines) if begins else lines
    rows = _words(kept, path, len(names), places, notes)
    return Grid(rows, chosen, notes)


def header_in(cells: Sequence[str]) -> list[str] | None:
    """Give cells as names of columns, where they are: one says words, another tags."""
    names = list(map(meant, cells))
    known = [name.casefold() for name in names]
    if {*known} & TOKENS and {*known} & (TAGS | SENTENCE):
        return names
    return None


def choose(
    role: str, named: str | None, names: Sequence[str], path: Path, *, needed: bool = True
) -> str | None:
    """Find the column of a role: the one named, else the only one whose name says so.

    Raises:
        DataError: none says so, though one is needed, or several do.
        SettingsError: the one named is not there.
    """
    listed = ", ".join(names)
    if named is not None:
        by_name = {name.casefold(): name for name in names}
        found = by_name.get(meant(named).casefold())
        if found is None:
            raise SettingsError(
                f"--{role} must name a column of {path}, but there is no {quoted(named)}."
                f"{near(named, names)} The columns are: {listed}."
            )
        return found
    fitting = [name for name in names if name.casefold() in KNOWN[role]]
    if len(fitting) == 1 or (fitting and role != "tags"):
        return fitting[0]
    if not fitting and not needed:
        return None
    why = f"{' and '.join(fitting)} may be it" if fitting else "no name says which"
    message = (
        f"one column must hold the {role} of {path}, but {why}: name it with --{role}. "
        f"The columns are: {listed}."
    )
    raise SeveralColumnsError(message, fitting) if fitting else DataError(message)


def _chosen(
    names: list[str], columns: TagColumns, tokens: str | None, named: bool, path: Path
) -> dict[str, str | None]:
    """Choose columns: by their names, or the first and the last."""
    if named:
        wanted: dict[str, str | None] = {
            "tokens": choose("tokens", columns.tokens, names, path),
            "tags": choose("tags", columns.tags, names, path, needed=columns.tagged),
        }
    else:
        word = choose("tokens", columns.tokens or tokens or names[0], names, path)
        last = names[-1] if names[-1] != word else None
        tag = columns.tags or (last if columns.tagged else None)
        wanted = {"tokens": word, "tags": choose("tags", tag, names, path) if tag else None}
    if columns.tagged and wanted["tags"] is None:
        raise DataError(
            f"every line must be a word and its tag, but {path} has one column. Set a blank or a "
            "tab between them."
        )
    if columns.sentence is not None or named:
        wanted["sentence"] = choose("sentence", columns.sentence, names, path, needed=False)
    return wanted


def _cells(line: str) -> list[str]:
    """Cut a line at its tabs, else at its blanks; nothing of what is no word."""
    if not line.strip() or line.startswith(DOCUMENT) or COMMENT.match(line):
        return []
    return line.rstrip("\r\n").split("\t") if "\t" in line else BLANKS.split(line.strip(" "))


def _global_names(lines: Numbered) -> list[str] | None:
    """Give the names that CoNLL-U Plus writes in its first line."""
    first = lines[0][1] if lines else ""
    found = re.match(r"#\s*global\.columns\s*=\s*(.+)", first)
    return found[1].split() if found else None


def _counts(lines: Numbered) -> bool:
    """Say whether the first column counts the words of the first sentence."""
    numbers: list[str] = []
    for _, line in lines:
        cells = _cells(line)
        if numbers and not line.strip():
            break
        if len(cells) > 2 and line[0] != "#":
            numbers.append(cells[0])
    start = numbers[0] if numbers else ""
    if start not in ("0", "1") or len(numbers) < 2:
        return False
    return numbers == [str(int(start) + place) for place in range(len(numbers))]


def _after_header(lines: Numbered) -> Numbered:
    place = next(place for place, (_, line) in enumerate(lines) if _cells(line))
    return lines[place + 1 :]


def _words(
    lines: Numbered, path: Path, width: int, places: Mapping[str, int], notes: list[str]
) -> Iterator[Word | None]:
    blank = 0
    for number, line in lines:
        cells = _cells(line)
        if not cells:
            if not COMMENT.match(line):
                yield None
            continue
        if len(cells) != width and line.startswith("#"):
            continue
        if len(cells) != width:
            raise DataError(
                f"every line must have {width} columns, as the first has, but line {number} of "
                f"{path} has {len(cells)}. Mend it, or set a blank line between sentences."
            )
        row = {role: cells[place].strip() for role, place in places.items()}
        tag = row.get("tags", "")
        if "tags" in places and tag and not meant(row["tokens"]) and "\t" in line:
            blank += 1
            continue
        if not meant(row["tokens"]) or ("tags" in places and not meant(tag)):
            raise DataError(
                f"every line must be a word and its tag, but line {number} of {path} lacks one. "
                "Mend it, or leave the sentence out."
            )
        yield Word(number, row["tokens"], tag, row.get("sentence", ""))
    if blank:
        notes.append(f"{blank:,} tagged blanks, which are no words, left out")
