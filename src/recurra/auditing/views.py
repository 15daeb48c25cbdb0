"""What may tell the class beside the words: columns, ids, what is missing, order, writing."""

import re
from collections.abc import Callable, Iterator
from unicodedata import is_normalized

import numpy as np
import pandas as pd

from recurra.arrays import Array, Dates, Floats, Rows
from recurra.auditing.tells import View
from recurra.auditing.words import TOKEN
from recurra.data.dates import read_dates
from recurra.errors import DataError
from recurra.text.normalise import visible
from recurra.text.plain import plain

__all__ = [
    "MARKS",
    "MEASURES",
    "days_of",
    "moments_of",
    "seconds_of",
    "views_of_cells",
    "views_of_column",
    "views_of_order",
    "views_of_writing",
]

ID_NAME = re.compile(r"(^|[_\W])(id|ids|no|nr|num|index|idx|key|uuid|guid|file|path|url)$", re.I)
DISTINCT = 0.95  # of the rows have a value of their own: an id
FEWEST_REPEATS = 2  # rows a value, in the mean: values that recur
FEW_GAPS = 2  # numbers of rows that follow each other are as far apart
NUMBERS = 3  # in an id, that are looked at
DIGITS = re.compile(r"\d+")
TIME = re.compile(r"(?:^|[T\s])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?")
QUOTES, BREAKS = "\"'\u2018\u2019\u201c\u201d\u00ab\u00bb\u300c\u300d", "\n\r\f"
GROUPED = re.compile(r"\d+(?:[.,]\d+)+")
PARTED = re.compile(r"[@/\\:._-]")
CHECKED = (3, 7, 9, 11)  # what digits of checks are made by
WEEK, THURSDAY = 7, 3  # 1970 began on one, three days after a Monday
LAST_SIGNS = 36  # of ids and numbers, at most: digits and letters
LONGEST_ID = 64  # signs of ids that are all as long, of which each is looked at
LETTERS = re.compile(r"[^\W\d_]+")
LONGEST_TURN, OF_EACH = 24, 20  # rows after which classes may come in turn, seen so often
LONG_NUMBER = 2  # digits: shorter ones are counted, not rounded
READ = 0.95  # of the filled cells can be read as numbers, or as days


def views_of_column(name: str, column: "pd.Series[str]") -> Iterator[View]:
    """Look at a column in all ways that suit it.

    Args:
        name: of the column.
        column: (rows,) strings; an empty one is missing.
    """
    column = column.astype(str).str.strip()
    filled = column != ""
    said = f"column {name!r}"
    if not filled.all() and filled.any():
        yield View(
            f"{said}: whether it is filled", "missing", filled.to_numpy(np.int64), True, name
        )
    distinct = column[filled].nunique()
    if distinct < 2:
        return
    numbers = pd.to_numeric(column[filled], errors="coerce")
    are_numbers = bool(numbers.notna().mean() >= READ)
    whole = are_numbers and bool((numbers.dropna() % 1 == 0).all())
    own = distinct >= DISTINCT * filled.sum()
    kind = "id" if ID_NAME.search(name) or (own and (whole or not are_numbers)) else "column"
    recurs = distinct * FEWEST_REPEATS <= filled.sum()
    if recurs:
        yield View(said, kind, _codes(column), True, name)
    if are_numbers:
        if distinct > 10:
            looked = f"{said}: its size" if recurs else said
            yield View(looked, kind, _filled(numbers, len(column)), False, name)
        if whole and own:
            yield from _how_near(said, name, _filled(numbers, len(column)))
            yield from _remainders(said, name, numbers, len(column))
    elif distinct > 10:
        yield from _parts(said, kind, name, column)
    if kind == "id":
        yield from _last_sign(f"{said}: its last sign", kind, name, column)
        yield from _every_sign(said, name, column)
    if distinct > 10 and (whole or not are_numbers):
        yield from _how_often(said, name, column)


def _how_often(said: str, name: str, column: "pd.Series[str]") -> Iterator[View]:
    """Count how often a value stands: rows of one class may have been drawn once for each."""
    often = column.map(column.value_counts()).to_numpy(float)
    if len(np.unique(often)) > 1:
        yield View(f"{said}: how often its value stands", "column", often, False, name)


def _how_near(said: str, name: str, values: Floats) -> Iterator[View]:
    """Look at how near the next value is: rows entered in one go follow each other closely.

    Args:
        said: of the column.
        name: of the column.
        values: (rows,) times or numbers of rows; NaN where there is none.
    """
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    apart = np.diff(values[order], prepend=-np.inf, append=np.inf)
    near = np.full(len(values), -1.0)
    ways = ("how far the value before it is", "how far the value behind it is")
    for way, found in zip(ways, (apart[:-1], apart[1:]), strict=True):
        near[order] = np.minimum(found, 3e38)
        if len(np.unique(near)) > FEW_GAPS:
            yield View(f"{said}: {way}", "burst", near.copy(), False, name)


def _every_sign(said: str, name: str, column: "pd.Series[str]") -> Iterator[View]:
    """Look at each sign of ids that are all as long: a version, a day, a place are written so."""
    lengths = column.str.len()
    longest = int(lengths.max())
    if longest > LONGEST_ID or (lengths == longest).mean() < READ:
        return
    for place in range(longest - 1):  # the last one is asked by itself
        sign = column.str[place].fillna("")
        if 1 < sign.nunique() <= LAST_SIGNS:
            yield View(f"{said}: its sign {place + 1:,}", "id", _codes(sign), True, name)


def _last_sign(said: str, kind: str, name: str, column: "pd.Series[str]") -> Iterator[View]:
    last = column.str[-1:]
    if 1 < last.nunique() <= LAST_SIGNS:
        yield View(said, kind, _codes(last), True, name)


def _remainders(said: str, name: str, numbers: "pd.Series[float]", rows: int) -> Iterator[View]:
    for by in CHECKED:
        yield View(f"{said}: what {by} leaves", "id", _filled(numbers % by, rows), False, name)
    written = numbers.fillna(0).abs().map("{:.0f}".format)
    for how, sums in (("its digits", _sum_of_digits), ("its digits, every second twice", _luhn)):
        found = written.map(sums) % 10
        yield View(f"{said}: what 10 leaves of {how}", "id", _filled(found, rows), False, name)


def _sum_of_digits(number: str) -> int:
    return sum(map(int, number))


def _luhn(number: str) -> int:
    """Give the sum that a number of cards or devices is checked by (Luhn 1960): 10 divides it."""
    twice = (2 * int(digit) for digit in number[-2::-2])
    return sum(map(int, number[::-2])) + sum(n // 10 + n % 10 for n in twice)


def views_of_cells(name: str, column: "pd.Series[str]", days: bool) -> Iterator[View]:
    """Look at how the cells of a column are written, whatever they hold: two sources differ in it.

    Args:
        name: of the column.
        column: (rows,) strings, as they stand in the file.
        days: whether they are days.
    """
    column, said = column.astype(str), f"column {name!r}"
    cells = column.str.strip()
    yield from _if_some(f"{said}: blanks at the ends of a cell", name, column != cells)
    if days:
        yield from _of_days(said, name, cells)
    elif pd.to_numeric(cells[cells != ""], errors="coerce").notna().mean() >= READ:
        behind = cells.str.partition(".")[2].str.len()
        yield from _if_some(f"{said}: whether it has a point", name, behind > 0, "point")
        if behind.max() > behind[behind > 0].min():
            number = behind.to_numpy(float)
            yield View(f"{said}: digits behind the point", "point", number, False, name)
        if (behind > 0).mean() > 1 / 2:  # of ids the last sign is asked otherwise
            yield from _last_sign(f"{said}: its last digits", "digits", name, cells)
        elif (cells.str.len() > LONG_NUMBER).mean() > 1 / 2:
            noughts = (cells.str.len() - cells.str.rstrip("0").str.len()).to_numpy(float)
            if len(np.unique(noughts)) > 1:
                yield View(f"{said}: noughts at its end", "noughts", noughts, False, name)
    else:
        yield from _spelling(said, name, cells)


def _of_days(said: str, name: str, cells: "pd.Series[str]") -> Iterator[View]:
    """Look at how days are written, and at the weekday and the time of day in them."""
    forms = cells.str.replace(DIGITS, "0", regex=True).str.replace(LETTERS, "a", regex=True)
    common = forms[cells != ""].mode()[0]
    yield from _if_some(f"{said}: how a day is written", name, (forms != common) & (cells != ""))
    day = moments_of(name, cells)
    if day is not None and len(np.unique(day.astype("datetime64[D]"))) > WEEK:
        whole = np.where(np.isnat(day), -1, day.astype("datetime64[D]").astype(np.int64))
        weekdays = np.where(whole < 0, WEEK, (whole + THURSDAY) % WEEK)
        yield View(f"{said}: the day of the week", "column", weekdays, True, name)
    times = cells.str.extract(TIME)
    if day is not None and times[0].notna().mean() >= READ:
        yield from _how_near(said, name, seconds_of(day))
    if times[0].notna().mean() >= READ:
        minutes = 60 * times[0].astype(float) + times[1].astype(float)
        yield View(f"{said}: the time of day", "column", _filled(minutes, len(cells)), False, name)
    if times[2].notna().mean() >= READ:
        yield from _last_sign(f"{said}: the last digit of the second", "cells", name, times[2])
    if times[3].notna().mean() >= READ:
        told = times[3].fillna("").str.rstrip("0").str.len().to_numpy(float)
        if len(np.unique(told)) > 1:
            yield View(f"{said}: digits of parts of a second", "cells", told, False, name)


def _spelling(said: str, name: str, cells: "pd.Series[str]") -> Iterator[View]:
    """Look at values that are written in capitals and without, where both occur."""
    lower = cells.str.casefold()
    several = cells.groupby(lower).transform("nunique") > 1
    written = (cells != lower).to_numpy(np.int64)
    codes = np.where(several, written, 2)
    if several.mean() > 1 - READ and len(np.unique(codes)) > 1:
        yield View(f"{said}: whether a value has capitals", "cells", codes, True, name)


def _if_some(said: str, name: str, there: "pd.Series[bool]", kind: str = "cells") -> Iterator[View]:
    if 0 < there.sum() < len(there):
        yield View(said, kind, there.to_numpy(np.int64), True, name)


def _parts(said: str, kind: str, name: str, column: "pd.Series[str]") -> Iterator[View]:
    """Look at the form of a value, at numbers in it, and at its length."""
    forms = column.str.replace(DIGITS, "0", regex=True)
    kinds = len(set(forms))
    if 1 < kinds * FEWEST_REPEATS <= len(forms):
        yield View(f"{said}: its form without digits", kind, _codes(forms), True, name)
    found = [list(map(float, DIGITS.findall(value)[:NUMBERS])) for value in column]
    for place in range(max(map(len, found), default=0)):
        numbers = np.array([row[place] if len(row) > place else -1.0 for row in found])
        if len(np.unique(numbers)) > 1:
            yield View(f"{said}: number {place + 1} in it", kind, numbers, False, name)
    yield View(f"{said}: its length", kind, column.str.len().to_numpy(float), False, name)
    for looked, values in _pieces(said, column):
        if 1 < values.nunique() <= len(column) / FEWEST_REPEATS:
            yield View(looked, kind, _codes(values), True, name)
    if kind == "id":
        order = column.rank(method="dense").to_numpy(float)
        yield View(f"{said}: its place in the alphabet", kind, order, False, name)


def _pieces(said: str, column: "pd.Series[str]") -> Iterator[tuple[str, "pd.Series[str]"]]:
    """Give the first and the last part of values, and those beside them where there are more."""
    pieces = column.str.split(PARTED, regex=True)
    yield f"{said}: its first part", pieces.str[0]
    yield f"{said}: its last part", pieces.str[-1]
    if pieces.map(len).max() > 2:
        inner = pieces.map(lambda parts: parts if len(parts) > 1 else parts * 2)
        yield f"{said}: its second part", inner.str[1]
        yield f"{said}: its last part but one", inner.str[-2]


def _codes(column: "pd.Series[str]") -> Rows:
    return pd.factorize(column)[0].astype(np.int64)


def _filled(numbers: "pd.Series[float]", rows: int) -> Floats:
    least = float(numbers.min()) - 1.0
    values = np.full(rows, least)
    values[numbers.index.to_numpy()] = numbers.fillna(least).to_numpy()
    clipped: Floats = np.clip(values, -3e38, 3e38)
    return clipped


def days_of(name: str, column: "pd.Series[str]") -> Dates | None:
    """Give the day of each row, None where the column holds none."""
    found = moments_of(name, column)
    return None if found is None else found.astype("datetime64[D]")


def moments_of(name: str, column: "pd.Series[str]") -> Dates | None:
    """Give the moment of each row, to the second, None where the column holds none."""
    if pd.to_numeric(column, errors="coerce").notna().mean() > 1 - READ:
        return None  # whole numbers may be read as days, but seldom are
    try:
        read = read_dates(column, f"column {name!r}")
    except DataError:
        return None
    moments: Dates = read.days.astype("datetime64[s]") + read.seconds.astype("timedelta64[s]")
    return moments if np.isnat(moments).mean() <= 1 - READ else None


def seconds_of(moments: Dates) -> Floats:
    """Give the seconds since 1970, NaN where there is no moment."""
    return np.where(np.isnat(moments), np.nan, moments.astype(float))


def views_of_order(places: Rows, before: Rows, truth: Rows) -> Iterator[View]:
    """Look at where a row stands, at what its number leaves, and at the class of the row before.

    Args:
        places: (rows,) the number of each row in its file.
        before: (rows,) the number of the class of the row before it.
        truth: (rows,) that of its own.
    """
    yield View("the order of rows", "order", places.astype(float), False)
    for turn in range(2, min(LONGEST_TURN, len(places) // OF_EACH) + 1):
        said = f"the order of rows: the number of a row modulo {turn}"
        yield View(said, "turn", places % turn, True)
    shares = np.bincount(truth) / len(truth)
    rarer = np.mean(before == truth) < np.sum(shares**2)
    said = "the order of rows: the class of the row before"
    yield View(said, "turn" if rarer else "run", before, True)


TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
ENTITY = re.compile(r"&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]{2,8});")
TAKEN_OUT = re.compile(r"[\u2580-\u259f\u25a0]{2,}|\[[A-Z][A-Z_]{2,}\d*\]|<[A-Z][A-Z_]{2,}\d*>")
MARKS: dict[str, Callable[[str], bool]] = {
    "HTML tags": lambda text: bool(TAG.search(text)),
    "HTML entities": lambda text: bool(ENTITY.search(text)),
    "UTF-8 read as Latin-1": lambda text: bool(
        re.search("[ÂÃâ][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â", text)
    ),
    "a sign for letters that could not be read": lambda text: "\ufffd" in text,
    "signs that nobody sees": lambda text: visible(text) != text,
    "a blank that is not a space": lambda text: bool(
        re.search("[\t\u00a0\u2000-\u200a\u3000]", text)
    ),
    "a space before the text": lambda text: text[:1].isspace(),
    "a space behind the text": lambda text: text[-1:].isspace(),
    "two spaces on end": lambda text: "  " in text.strip(),
    "breaks of lines": lambda text: "\n" in text.strip() or "\r" in text.strip(),
    "quotes around the text": lambda text: len(text) > 1 and text[0] == text[-1] in "\"'",
    "letters put together of several signs": lambda text: (
        not text.isascii() and not is_normalized("NFC", text)
    ),
    "signs of typesetting": lambda text: bool(re.search("[\u2013-\u2026]", text)),
    "an even number of letters": lambda text: len(text) % 2 == 0,
    "blocks or names in brackets in place of what was taken out": lambda text: bool(
        TAKEN_OUT.search(text)
    ),
    "letters beyond ASCII": lambda text: not text.isascii(),
}
MEASURES: dict[str, Callable[[str], float]] = {
    "how many letters it has": len,
    "how many words it has": lambda text: len(text.split()),
    "letters of the longest of its lines": lambda text: _longest_line(text),
    "the share of capitals": lambda text: _share(text, str.isupper),
    "the share of digits": lambda text: _share(text, str.isdigit),
    "the share of signs": lambda text: 1 - len(plain(text)) / max(1, len(text)),
}

FORMS: dict[str, Callable[[str], str]] = {
    "the kind of sign it begins with": lambda text: _kind_of(text.lstrip()[:1]),
    "the kind of sign it ends with": lambda text: _kind_of(text.rstrip()[-1:]),
    "how its numbers are written": lambda text: _form_of_numbers(text),
    "which quotes it has": lambda text: "".join(sign for sign in QUOTES if sign in text),
    "how it breaks lines": lambda text: "".join(
        b for b in BREAKS if b in text.replace("\r\n", "\f")
    ),
}


def views_of_writing(texts: Array) -> Iterator[View]:
    """Look at how the text is written: marks that no writer means, then lengths and shares."""
    for name, has in MARKS.items():
        there = np.fromiter(map(has, texts), np.int64, len(texts))
        if 0 < there.sum() < len(there):
            kind = "length" if name == "letters beyond ASCII" else "writing"
            yield View(f"text: {name}", kind, there, True)
    words = [TOKEN.findall(text.lower()) or [""] for text in texts]
    for name, at in (("first", 0), ("last", -1)):
        codes = pd.factorize(np.array([each[at] for each in words], object))[0].astype(np.int64)
        yield View(f"text: its {name} word", "ends", codes, True)
    for name, form in FORMS.items():
        codes = pd.factorize(np.array([form(text) for text in texts], object))[0].astype(np.int64)
        if codes.max(initial=0):
            yield View(f"text: {name}", "begins", codes, True)
    for name, measure in MEASURES.items():
        yield View(f"text: {name}", "length", np.fromiter(map(measure, texts), float), False)


def _kind_of(sign: str) -> str:
    """Say whether a sign is a small letter, a capital, another letter or a digit; else give it."""
    kinds = (str.islower, str.isupper, str.isalpha, str.isdigit)
    return next((kind.__name__ for kind in kinds if sign and kind(sign)), sign)


def _form_of_numbers(text: str) -> str:
    """Give how the first number with a point or a comma in it is written: 0,000.0."""
    found = GROUPED.search(text)
    return DIGITS.sub("0", found.group()) if found else ""


def _longest_line(text: str) -> int:
    """Give the letters of the longest line; 0 of a text that is one line."""
    lines = text.strip().splitlines()
    return max(map(len, lines)) if len(lines) > 1 else 0


def _share(text: str, is_one: Callable[[str], bool]) -> float:
    return sum(map(is_one, text)) / max(1, len(text))
