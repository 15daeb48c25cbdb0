"""What can be asked of a file: what its columns hold, and a command for each question that fits.

A question is listed only if its own reader takes the file: what is said here, training does.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recurra.arrays import Rows
from recurra.data import (
    TagColumns,
    open_lines,
    open_pairs,
    read_series,
    read_tagged,
)
from recurra.data.contents import ending_of, read_contents
from recurra.data.encodings import decode
from recurra.data.labelled import label_texts, nothing_said, words_for_nothing
from recurra.data.multi_labels import NO, YES, LabelColumns, labels_in
from recurra.data.numbers import number_of, plain_numbers, without_percent
from recurra.data.parted import sign_between
from recurra.data.readers import LABEL_NAMES, TABLES, TEXT_NAMES, Table, read_table
from recurra.data.sequences import (
    LabelledSequences,
    Layout,
    check_enough,
    read_sequences,
    sequences_in,
)
from recurra.data.series import Series, series_in
from recurra.data.spelling import capitals_said, quoted
from recurra.data.states import StepColumns, steps_in
from recurra.data.tagged import tag_columns_of
from recurra.data.times import NEARLY_ALL, TIMES, moments_in, months_in_a_row, quarters_in_a_row
from recurra.errors import DataError, RecurraError
from recurra.markets.columns import meaning_of
from recurra.problems.splitting import WINDOW, split_steps
from recurra.sequences import steps_told
from recurra.spans import scheme_of

__all__ = ["Column", "Look", "Question", "look", "the_reading"]

LOOKED_AT = 500  # cells of a column, by which is told what it holds
MOST_CLASSES = 50
FEWEST_STEPS = 8  # columns of numbers that are the steps of a sequence
FEWEST_VALUES = 5  # of a series; a column of fewer is a code
EXAMPLES = 3
MOST_TOLD = 5  # commands in a message
FEWEST_ASKED, MOST_ASKED = 3, 64  # columns that are tried in one role of a question
MOST_READ = 10_000  # columns that are read for them all
TARGET_NAMES = {"y", "value", "score", "amount", "rul", "목표", "값", "점수"}
IDS = {"id", "uid", "idx", "index", "no", "번호"}
STEP_NAMES = {"t", "step", "tick", "시점", "순번"}
MOST_BINDING = 4  # columns that may bind rows, or tell their time, which are named
FEWEST_BOUND = 5  # different values of a column that binds rows
BINDING = {"author", "user", "user_id", "userid", "username", "writer", "speaker", "person"}
BINDING |= {"customer", "patient", "subject", "thread", "conversation", "session", "film", "movie"}
BINDING |= {"product", "shop", "store", "participant", "작성자", "사용자", "고객", "영화", "상품"}
BARS = {"open", "high", "low", "close"}
ENDINGS = {".conllu", ".conll", ".ts", ".tsf", ".npz", ".npy"}  # of what is no table
Try = Callable[[], str]  # reads, and says what; raises where that cannot be


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        name: of it.
        kind: what it holds: "texts", "classes", "numbers", "times", "names" or "nothing".
        distinct: how many different values.
        missing: how many empty cells.
        examples: some of its values.
    """

    name: str
    kind: str
    distinct: int
    missing: int
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """Something that can be learnt from the file.

    Args:
        asks: what is asked, in words.
        command: that asks it.
        rows: what is read: how many rows, sequences or steps, and classes.
    """

    asks: str
    command: str
    rows: str


@dataclass(frozen=True)
class Look:
    """What was seen of a file.

    Args:
        source: the path.
        rows: of the table; None where it is no table.
        columns: of the table.
        questions: what can be asked, the likeliest first.
        notes: what was guessed.
    """

    source: str
    rows: int | None
    columns: tuple[Column, ...] = ()
    questions: tuple[Question, ...] = ()
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON has it."""
        return asdict(self)


def look(path: str | Path, *, encoding: str | None = None) -> Look:
    """Say what a file holds and what can be asked of it; nothing is trained.

    Args:
        path: a table (CSV, TSV, Parquet, JSON lines), `.ts`, `.npy`, `.npz`, `.conllu`, or a text
            file.
        encoding: of a text file, None to recognise it.

    Raises:
        DataError: it cannot be read.

    Example:
        >>> from recurra.data.catalogue import sample_path
        >>> look(sample_path()).questions[0].asks
        'What class is a text of?'
    """
    path = Path(path)
    if path.is_dir():
        raise DataError(f"a data file is needed, but {path} is a folder. Name a file in it.")
    tagged = tuple(_of_tags(path, encoding))
    if tagged:
        return Look(str(path), None, (), tagged)
    ending = ending_of(path)
    if ending in ENDINGS or not (ending in TABLES or _is_table(path, encoding)):
        asked = tuple(_of_no_table(path, encoding))
        return Look(str(path), None, (), asked, [] if asked else _in_the_way(path, encoding))
    table = read_table(path, encoding=encoding)
    columns = tuple(_column(table.frame[name]) for name in table.frame.columns)
    questions = tuple(_of_table(table, columns, path, encoding))
    notes = [*table.notes, *_cells_said(table, columns), *_nearly_numbers(table, columns)]
    if not questions:
        notes += [*_no_texts(table, columns), *_no_series(table, columns)]
    if all(question.command.split()[2] != "sequences" for question in questions):
        notes += _no_sequences(table, columns)
    return Look(str(path), len(table.frame), columns, questions, notes)


def _cells_said(table: Table, columns: Sequence[Column]) -> list[str]:
    """Say which classes are written in two ways, and which texts say that there is none."""
    found = []
    for column in columns:
        if column.kind == "classes":
            found += capitals_said(table.frame[column.name].str.strip().unique())
        elif column.kind == "texts":
            found += nothing_said(words_for_nothing(table.frame[column.name]))
    return found


def _nearly_numbers(table: Table, columns: Sequence[Column]) -> list[str]:
    """Say in which columns of numbers a few cells are none: a unit, a remark, another sign."""
    found = []
    for column in columns:
        if column.kind in ("numbers", "times"):
            continue
        cells = table.frame[column.name].iloc[:LOOKED_AT].to_list()
        read = [number_of(cell) is not None for cell in cells]
        if NEARLY_ALL <= np.mean(read) < 1:
            row = read.index(False)
            found.append(
                f"{quoted(column.name)} would be numbers, but row {row + 1} has "
                f"{quoted(cells[row])} ({read.count(False):,} of {len(read):,} rows looked at)"
            )
    return found


def _no_texts(table: Table, columns: Sequence[Column]) -> list[str]:
    """Say why texts are none of a class each."""
    if all(column.kind != "texts" for column in columns):
        return []
    try:
        label_texts(table, find=False)
    except RecurraError as error:
        return [str(error)]
    return []


def _no_series(table: Table, columns: Sequence[Column]) -> list[str]:
    """Say why numbers beside times are no series."""
    all_numbers = [column for column in columns if column.kind == "numbers"]
    if not all_numbers or all(column.kind != "times" for column in columns):
        return []
    numbers = max(all_numbers, key=lambda column: column.distinct)
    if numbers.distinct < FEWEST_VALUES:
        return [
            f"a series must have at least {FEWEST_VALUES} different values, but "
            f"{quoted(numbers.name)} has {numbers.distinct}"
        ]
    try:
        series_in(table, numbers.name)
    except RecurraError as error:
        return [str(error)]
    return []


def _no_sequences(table: Table, columns: tuple[Column, ...]) -> list[str]:
    """Say why a table with a column of times, a class and a column that names them is none."""
    if not any(column.name.casefold() in TIMES | STEP_NAMES for column in columns):
        return []
    codes = _codes(table, columns)
    for label in _some(_labels(table, columns), table):
        for id in _ids(codes, columns, label, table):
            layout = _long_layout(table, columns, id, ("label", label))
            if layout is None or layout.time not in codes:  # no time, or each stands once
                continue
            try:
                sequences_in(table, layout)
            except RecurraError as error:
                return [str(error)]
    return []


def _in_the_way(path: Path, encoding: str | None) -> list[str]:
    """Say why a file is not read as what its ending says that it is."""
    ending = ending_of(path)
    try:
        if ending in (".conll", ".conllu"):
            read_tagged(path, TagColumns(), encoding=encoding)
        elif ending == ".tsf":
            read_series(path, encoding=encoding)
        elif ending in ENDINGS:
            read_sequences(path, encoding=encoding)
    except RecurraError as error:
        return [str(error)]
    return []


def the_reading(file: str) -> list[str]:
    """Give the words after `train` by which a file is learnt from that is no texts of a class each.

    Returns:
        The words of the one question that fits; none where none fits, or one of texts does.

    Raises:
        DataError: several questions fit: which, with their commands.
    """
    asked = [(q.command, shlex.split(q.command)) for q in look(file).questions]
    commands = [command for command, typed in asked if typed[1] == "train"]
    words = [typed[2:] for _, typed in asked if typed[1] == "train"]
    if any(each[0] == file for each in words):
        return []
    if len(words) > 1:
        shown = "; ".join(commands[:MOST_TOLD])
        more = f"; and {len(words) - MOST_TOLD} more: recurra look" if words[MOST_TOLD:] else ""
        raise DataError(
            f"a question must be chosen where several fit, and {file} is no texts of a class each. "
            f"Type one of: {shown}{more}"
        )
    return words[0] if words else []


def _of_tags(path: Path, encoding: str | None) -> Iterator[Question]:
    """Ask for the tags of words, where a file is sentences with one a word."""
    file = [str(path), *(["--encoding", encoding] if encoding else [])]
    for column in tag_columns_of(path, encoding=encoding):
        columns = TagColumns(tags=column)
        named = [] if column is None else ["--tags", column]
        yield from _fits(
            "Which tag has each word?",
            ["train", "tagging", *file, *named],
            _reads_tags(path, columns, encoding),
        )


def _reads_tags(path: Path, columns: TagColumns, encoding: str | None) -> Try:
    def read() -> str:
        found = read_tagged(path, columns, encoding=encoding)
        tags = {tag for row in found.tags for tag in row}
        words = sum(map(len, found.words))
        if len(found) < 2 or not 2 <= len(tags) <= max(2, words // 2):
            raise DataError("tags are few, and there are several sentences.")
        marked = scheme_of(found.tags)
        spans = f", which mark spans ({marked})" if marked else ""
        return f"{len(found):,} sentences, {words:,} words, {len(tags):,} tags{spans}"

    return read


def _is_table(path: Path, encoding: str | None) -> bool:
    """Say whether a text file has several columns.

    Raises:
        DataError: it cannot be read as text.
    """
    decode(read_contents(path), encoding)
    try:
        return read_table(path, encoding=encoding).frame.shape[1] > 1
    except RecurraError:
        return False


def _column(cells: "pd.Series[str]") -> Column:
    distinct = list(map(str, cells.unique()))
    blank = [cell for cell in distinct if not cell.strip()]
    filled = cells[~cells.isin(blank)] if blank else cells
    said = [cell for cell in distinct if cell.strip()]
    kind = _kind(filled, len(said))
    examples = tuple(cell[:40] for cell in said[:EXAMPLES])
    return Column(str(cells.name), kind, len(said), len(cells) - len(filled), examples)


def _kind(filled: "pd.Series[str]", distinct: int) -> str:
    if filled.empty:
        return "nothing"
    some = filled[:LOOKED_AT]
    plain, _ = without_percent(some.to_list())
    are_numbers = all(number_of(cell) is not None for cell in plain)
    named = str(filled.name).casefold() in TIMES
    if named or (not are_numbers and moments_in(list(map(str, some))) is not None):
        return "times"
    if are_numbers:
        return "numbers"
    if some.str.strip().str.contains(r"\s").mean() > 0.5:
        return "texts"
    return "classes" if _are_classes(len(filled), distinct) else "names"


def _are_classes(rows: int, distinct: int) -> bool:
    return 2 <= distinct <= MOST_CLASSES and rows >= 2 * distinct


def _fits(asks: str, command: list[str], read: Try) -> Iterator[Question]:
    """Give a question if its reader takes the file."""
    try:
        yield Question(asks, f"recurra {shlex.join(command)}", read())
    except RecurraError:
        return


def _of_table(
    table: Table, columns: tuple[Column, ...], path: Path, encoding: str | None
) -> Iterator[Question]:
    file = [str(path), *(["--encoding", encoding] if encoding else [])]
    if {meaning[0] for c in columns if (meaning := meaning_of(c.name))} >= BARS:
        yield from _of_prices(path)
    yield from _of_parted_labels(table, columns, file)
    yield from _of_texts(table, columns, file)
    yield from _of_marked_labels(table, columns, file)
    codes = _codes(table, columns)
    yield from _of_sequences(table, columns, codes, file)
    yield from _of_states(table, columns, codes, file)
    yield from _of_series(table, columns, file)
    texts = [column for column in columns if column.kind == "texts"]
    if len(texts) >= 2 and ending_of(path) in (".txt", ".tsv", ".csv"):
        yield from _of_pairs(path, file, encoding)


def _labels(table: Table, columns: tuple[Column, ...]) -> list[Column]:
    """Give the columns that may be classes: those of words, then those of few numbers."""
    rows = len(table.frame)
    words = [c for c in columns if c.kind == "classes"]
    return words + [c for c in columns if c.kind == "numbers" and _are_classes(rows, c.distinct)]


def _some(asked: list[Column], table: Table) -> list[Column]:
    """Give the columns that are tried in one role, where a table has very many, and say so.

    Those are the first, but the last one and those with a known name come before.
    """
    most = max(FEWEST_ASKED, min(MOST_ASKED, MOST_READ // table.frame.shape[1]))
    if len(asked) <= most:
        return asked
    said = (
        f"Of {table.frame.shape[1]:,} columns, {most} are tried for each role in a question. "
        "Others can be named in a command."
    )
    if said not in table.notes:
        table.notes.append(said)
    known, last = LABEL_NAMES | TEXT_NAMES | TARGET_NAMES, asked[-1]
    return sorted(asked, key=lambda c: (c.name.casefold() not in known, c is not last))[:most]


def _of_texts(table: Table, columns: tuple[Column, ...], file: list[str]) -> Iterator[Question]:
    rows = len(table.frame)  # "Ann Lee" in a column of authors is no text
    all_texts = [c for c in columns if c.kind == "texts" and not _binds(rows, c)]
    all_texts = all_texts or _single_words(rows, columns)
    texts = [column.name for column in _some(all_texts, table)]
    labels = [column.name for column in _some(_labels(table, columns), table)]
    pairs = [(text, label) for text in texts for label in labels]
    pairs.sort(
        key=lambda pair: (
            pair[1] not in LABEL_NAMES,
            pair[1].casefold() in BINDING,
            pair[0] not in TEXT_NAMES,
        )
    )
    asks = "What class is a text of"
    for text, label in pairs:
        command = ["train", *file, "--text", text, "--label", label]
        yield from _fits("What class is a text of?", command, _reads_texts(table, text, label))
        if (text, label) == pairs[0]:
            if len(texts) > 1:
                all_read = ["train", *file, *_each("--text", texts), "--label", label]
                read = _reads_texts(table, texts, label)
                yield from _fits(f"{asks}, all its columns read?", all_read, read)
            beside = _beside(table, columns, {*texts, label})
            if beside:
                yield from _fits(
                    f"{asks}, with what stands beside it?",
                    [*command, "--features", ",".join(beside)],
                    _reads_texts(table, text, label, features=beside),
                )
            for way, option, column in _harder(table, columns, {*texts, label}):
                bound = {option.strip("-"): column}
                read = _reads_texts(table, text, label, **bound)
                yield from _fits(f"{asks}, {way}?", [*command, option, column], read)


def _single_words(rows: int, columns: tuple[Column, ...]) -> list[Column]:
    """Give the column whose cells are words alone, such as surnames, beside classes alone."""
    if {column.kind for column in columns} != {"names", "classes"}:
        return []
    return [c for c in columns if c.kind == "names" and 2 * c.distinct > rows]


def _each(option: str, names: list[str]) -> list[str]:
    return [word for name in names for word in (option, name)]


def _harder(
    table: Table, columns: tuple[Column, ...], taken: set[str]
) -> Iterator[tuple[str, str, str]]:
    """Give how a question may be asked of what is new: by columns that bind rows, or tell time."""
    free = [column for column in columns if column.name not in taken]
    for column in [c for c in free if _binds(len(table.frame), c)][:MOST_BINDING]:
        yield f"whose {column.name} was never seen before", "--group", column.name
    for column in [c for c in free if c.kind == "times"][:MOST_BINDING]:
        yield f"written after all that it learnt from ({column.name})", "--time", column.name


def _binds(rows: int, column: Column) -> bool:
    """Say whether a column binds rows: by its name, or names of which each stands in many rows."""
    if column.kind in ("times", "nothing") or column.distinct < FEWEST_BOUND:
        return False
    known = column.name.casefold() in BINDING
    return column.distinct <= rows // (2 if known else 3) and (known or column.kind == "names")


def _reads_texts(
    table: Table,
    text: str | list[str],
    label: str,
    group: str | None = None,
    time: str | None = None,
    features: Sequence[str] = (),
) -> Try:
    def read() -> str:
        found = label_texts(
            table,
            text=text,
            label=label,
            find=False,
            group=group,
            time=time,
            features=tuple(features),
        )
        if found.groups is not None:
            return f"{len(found.texts):,} texts, {len(set(found.groups)):,} different in {group}"
        if found.times is not None:
            every = np.arange(len(found.texts))
            return (
                f"{len(found.texts):,} texts, {found.times.first(every)} to "
                f"{found.times.last(every)}"
            )
        return f"{len(found.texts):,} texts of {len(found.classes)} classes"

    return read


def _beside(table: Table, columns: tuple[Column, ...], taken: set[str]) -> list[str]:
    """Give the columns of numbers and categories that may say something of a row."""
    rows = len(table.frame)
    return [
        c.name
        for c in columns
        if c.kind in ("numbers", "classes")
        and c.name not in taken
        and c.distinct >= 2
        and "," not in c.name
        and not _binds(rows, c)
        and not (c.distinct == rows and _counts(table.frame[c.name]))
    ]


def _counts(cells: "pd.Series[str]") -> bool:
    """Say whether numbers count the rows, as an index does."""
    return bool((np.diff(plain_numbers(cells)) == 1).all())


def _of_parted_labels(
    table: Table, columns: tuple[Column, ...], file: list[str]
) -> Iterator[Question]:
    """Ask for several labels a text, which stand in one cell."""
    texts = [c.name for c in columns if c.kind == "texts"]
    words = [c for c in columns if c.kind in ("classes", "names", "texts")]
    for label in (column.name for column in _some(words, table) if texts):
        text = next((name for name in texts if name != label), None)
        if text is not None and sign_between(table.frame[label].iloc[:LOOKED_AT]):
            yield from _of_several_labels(table, text, [label], file)


def _of_marked_labels(
    table: Table, columns: tuple[Column, ...], file: list[str]
) -> Iterator[Question]:
    """Ask for several labels a text, each a column of 0 and 1."""
    text = next((c.name for c in columns if c.kind == "texts"), None)
    marked = [
        c.name
        for c in columns
        if c.distinct == 2 and {cell.strip().casefold() for cell in c.examples} <= YES | NO
    ]
    if text is not None and len(marked) >= 2:
        yield from _of_several_labels(table, text, marked, file)


def _of_several_labels(
    table: Table, text: str, labels: list[str], file: list[str]
) -> Iterator[Question]:
    def read() -> str:
        found = labels_in(table, LabelColumns(text=[text], labels=labels))
        several = int((found.truth.sum(axis=1) > 1).sum())
        if not several:
            raise DataError("some texts must have several labels.")
        return (
            f"{len(found):,} texts, {len(found.names)} labels, {several:,} texts with more than one"
        )

    command = ["train", "multi-label", *file, "--text", text, *_each("--label", labels)]
    yield from _fits("Which labels does a text have?", command, read)


def _of_sequences(
    table: Table, columns: tuple[Column, ...], codes: Mapping[str, Rows], file: list[str]
) -> Iterator[Question]:
    rows = len(table.frame)
    numbers = [c for c in columns if c.kind == "numbers"]
    asks = "What class is a sequence of numbers of?"
    for label in _some(_labels(table, columns), table):
        channels = [c.name for c in numbers if c is not label]
        for id in _ids(codes, columns, label, table):
            yield from _of_long(table, columns, id, ("label", label), file)
        if len(channels) >= max(FEWEST_STEPS, len(columns) - 2):
            command = ["train", "sequences", *file, "--label", label.name]
            layout = Layout(label=label.name)
            yield from _fits(asks, command, _reads_sequences(table, layout))
            for way, option, column in _harder(table, columns, {label.name}):
                bound = Layout(label=label.name, **{option.strip("-"): column})  # type: ignore[arg-type]
                read = _reads_sequences(table, bound)
                yield from _fits(f"{asks[:-1]}, {way}?", [*command, option, column], read)
    for target in _some([c for c in numbers if not _names_rows(c)], table):
        for id in _ids(codes, columns, target, table):
            if not _are_classes(id.distinct, target.distinct):
                yield from _of_long(table, columns, id, ("target", target), file)
        named = target.name.casefold() in LABEL_NAMES | TARGET_NAMES
        many = not _are_classes(rows, target.distinct)
        if named and many and len(numbers) > max(FEWEST_STEPS, len(columns) - 2):
            command = ["train", "sequences", *file, "--target", target.name]
            read = _reads_sequences(table, Layout(target=target.name))
            yield from _fits("What number does a sequence have?", command, read)


def _codes(table: Table, columns: tuple[Column, ...]) -> dict[str, Rows]:
    """Give the cells of each column that recurs as numbers, equal ones as the same."""
    few = [c.name for c in columns if 2 <= c.distinct <= len(table.frame) // 2]
    return {name: pd.factorize(table.frame[name])[0] for name in few}


def _names_rows(column: Column) -> bool:
    """Say whether a column is called as names of rows, their order or their time are."""
    last = re.split(r"[\W_]+", column.name.casefold())[-1]
    return last in IDS | STEP_NAMES | TIMES


def _in_blocks(codes: Rows) -> bool:
    """Say whether the rows of each value stand together, as those of a sequence do."""
    return bool((np.diff(codes) != 0).sum() == codes.max())


def _ids(
    codes: Mapping[str, Rows], columns: tuple[Column, ...], said: Column, table: Table
) -> list[Column]:
    """Give the columns that may name the sequence of a row: all its rows say the same."""
    cells = codes.get(said.name)
    if cells is None:  # nearly every row says something else
        cells = pd.factorize(table.frame[said.name])[0]
    may_be = [
        c
        for c in columns
        if c is not said
        and c.name in codes
        and (c.kind != "times" or _in_blocks(codes[c.name]))  # else many are read at each time
    ]
    return _some([c for c in may_be if _constant_within(codes[c.name], cells)], table)


def _of_long(
    table: Table,
    columns: tuple[Column, ...],
    id: Column,
    said: tuple[str, Column],
    file: list[str],
) -> Iterator[Question]:
    """Ask for the class, or the number, of sequences of which a row is a step."""
    layout = _long_layout(table, columns, id, said)
    if layout is None:
        return
    role, column = said
    command = ["train", "sequences", *file, "--id", id.name]
    command += ["--time", layout.time] if layout.time else []
    command += [f"--{role}", column.name, "--channels", ",".join(layout.channels)]
    asks = "What class is a sequence of numbers of?"
    if role == "target":
        asks = "What number does a sequence have?"
    yield from _fits(asks, command, _reads_sequences(table, layout))


def _long_layout(
    table: Table, columns: tuple[Column, ...], id: Column, said: tuple[str, Column]
) -> Layout | None:
    """Say which columns are what where a row is a step; None where no column is a channel."""
    role, column = said
    taken = (id.name, column.name)
    free = [c for c in columns if c.name not in taken]
    time = next((c.name for c in free if c.name.casefold() in TIMES | STEP_NAMES), None)
    time = time or next((c.name for c in free if _counts_steps(table, c, id)), None)
    steps = [c.name for c in columns if c.kind == "numbers" and c.name not in (*taken, time)]
    if not steps:
        return None
    return Layout(id=id.name, time=time, channels=tuple(steps), **{role: column.name})  # type: ignore[arg-type]


def _counts_steps(table: Table, column: Column, id: Column) -> bool:
    """Say whether cells are times, or go on by the same number in the rows of each id."""
    if column.kind == "times":
        return True
    if column.kind != "numbers":
        return False
    ids = pd.factorize(table.frame[id.name])[0]
    order = np.argsort(ids, kind="stable")
    within = np.diff(ids[order]) == 0
    steps = np.diff(plain_numbers(table.frame[column.name])[order])[within]
    return len(steps) > 0 and steps[0] > 0 and bool((steps == steps[0]).all())


def _constant_within(ids: Rows, labels: Rows) -> bool:
    """Say whether the rows of one id have one label, and there are several ids."""
    said = np.zeros(ids.max() + 1, np.int64)
    said[ids] = labels  # of rows of one id, one of them
    return len(said) > 2 and bool((said[ids] == labels).all())


def _reads_sequences(table: Table, layout: Layout) -> Try:
    return _says_sequences(lambda: sequences_in(table, layout))


def _says_sequences(rows: Callable[[], LabelledSequences]) -> Try:
    def read() -> str:
        found = rows()
        check_enough(found)
        lengths = found.sequences.lengths
        if found.labels is None:
            return (
                f"{len(found):,} sequences of {steps_told(lengths)}, {len(found.channels)} channels"
            )
        return (
            f"{len(found):,} sequences of {steps_told(lengths)}, "
            f"{len(found.channels)} channels, {len(found.names)} classes"
        )

    return read


def _of_states(
    table: Table, columns: tuple[Column, ...], codes: Mapping[str, Rows], file: list[str]
) -> Iterator[Question]:
    """Ask for the state of each step, where it stays for a while, changes and comes again."""
    time = next((c.name for c in columns if c.name.casefold() in TIMES or c.kind == "times"), None)
    blocks = [each for each in codes.values() if _in_blocks(each)]
    for label in _some(_labels(table, columns), table):
        if label.name == time or not _stays(table.frame[label.name]):
            continue
        if any(_constant_within(block, codes[label.name]) for block in blocks):
            continue  # it is of a whole sequence
        ids = [c for c in columns if c.kind in ("classes", "names") and c is not label]
        id = next((c.name for c in ids if 2 <= c.distinct <= len(table.frame) // 8), None)
        steps = [
            c.name for c in columns if c.kind == "numbers" and c.name not in (label.name, time)
        ]
        command = ["train", "states", *file, "--label", label.name]
        command += ["--time", time] if time else []
        command += ["--id", id] if id else []
        command += ["--channels", ",".join(steps)]
        found = StepColumns(time, label.name, id, tuple(steps))
        yield from _fits("Which state is each step in?", command, _reads_states(table, found))


def _stays(cells: "pd.Series[str]") -> bool:
    """Say whether most values are those of the row above, though not all."""
    same = (cells == cells.shift()).to_numpy()[1:]
    return len(same) > MOST_CLASSES and 0.8 < same.mean() < 1.0


def _reads_states(table: Table, columns: StepColumns) -> Try:
    def read() -> str:
        found = steps_in(table, columns)
        split_steps(found, window=WINDOW)
        return (
            f"{len(found):,} steps of {len(found.ids):,} streams, {len(found.channels)} channels, "
            f"{len(found.names)} states"
        )

    return read


def _of_series(table: Table, columns: tuple[Column, ...], file: list[str]) -> Iterator[Question]:
    names = [column.name for column in columns]
    if months_in_a_row(names) or quarters_in_a_row(names):
        asks, command = "How do these years go on?", ["train", "forecasting", *file]
        yield from _fits(asks, command, _reads_series(table, None))
    apart = _apart(table, columns)
    numbers = [
        c
        for c in columns
        if c.kind == "numbers" and c.distinct >= FEWEST_VALUES and not _names_rows(c)
    ]
    for column in _some(numbers, table):
        command = ["train", "forecasting", *file, "--target", column.name]
        yield from _fits(
            f"How does {column.name} go on?",
            command,
            _reads_series(table, column.name),
        )
        for group in apart:
            yield from _fits(
                f"How does {column.name} go on, of each {group}?",
                [*command, "--group", group],
                _reads_series(table, column.name, group),
            )


def _apart(table: Table, columns: tuple[Column, ...]) -> list[str]:
    """Give the columns that tell series apart: times repeat, each once only in a group."""
    times = [column.name for column in columns if column.kind == "times"]
    if not times or not table.frame.duplicated(times).any():
        return []
    names = [c for c in columns if c.kind in ("classes", "names")]
    few = _some([c for c in names if 2 <= c.distinct <= len(table.frame) // 2], table)
    return [c.name for c in few if not table.frame.duplicated([*times, c.name]).any()]


def _reads_series(table: Table, target: str | None, group: str | None = None) -> Try:
    return _says_series(lambda: series_in(table, target, group=group))


def _says_series(series: Callable[[], Series]) -> Try:
    def read() -> str:
        found = series()
        if found.times is None and not found.names:
            return f"{len(found):,} steps, in the order of the file"
        return f"{len(found):,} steps, {found.notes[-1]}"

    return read


def _of_prices(path: Path) -> Iterator[Question]:
    place = ["--source", str(path.parent)]
    yield Question(
        "What is wrong with these prices?",
        f"recurra {shlex.join(['market', 'check', path.stem, *place])}",
        f"prices of {path.stem}",
    )
    yield Question(
        "Will this share rise?",
        f"recurra {shlex.join(['train', 'stock-rise', path.stem, *place])}",
        f"prices of {path.stem}",
    )


def _of_pairs(path: Path, file: list[str], encoding: str | None) -> Iterator[Question]:
    def read() -> str:
        return f"{len(open_pairs(str(path), encoding=encoding).sources):,} pairs"

    yield from _fits(
        "How is this said in the other language?", ["train", "translation", *file], read
    )


def _of_no_table(path: Path, encoding: str | None) -> Iterator[Question]:
    file = [str(path), *(["--encoding", encoding] if encoding else [])]
    if ending_of(path) == ".tsf":
        asks, command = "How do these series go on?", ["train", "forecasting", *file]
        read = _says_series(lambda: read_series(path, encoding=encoding))
        yield from _fits(asks, command, read)
        return
    if ending_of(path) in ENDINGS:
        asks = "What class is a sequence of numbers of?"
        command = ["train", "sequences", *file]
        read = _says_sequences(lambda: read_sequences(path, encoding=encoding))
        yield from _fits(asks, command, read)
        return

    def lines() -> str:
        return f"{len(open_lines(str(path), encoding=encoding).texts):,} lines"

    yield from _fits("What would another such line be?", ["train", "generation", *file], lines)
    yield from _of_pairs(path, file, encoding)
