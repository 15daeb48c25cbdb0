"""Numbers as people and exports write them: 2,810.15, 20.68M, 1.234,56, ₩69,900, 34.1만, (1.2)."""

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from recurra.data.frames import MANY_CELLS, ROWS
from recurra.data.spelling import quoted
from recurra.errors import DataError

__all__ = [
    "UNSAID",
    "check_reach",
    "decimal_sign",
    "number_of",
    "numbers_of",
    "plain_numbers",
    "plain_table",
    "without_percent",
]

LARGEST = 1e30  # of numbers that are learnt, so that their squares and sums are numbers, too
POWERS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12, "MN": 1e6, "BN": 1e9, "MIO": 1e6, "MRD": 1e9}
MYRIADS = {"천": 1e3, "만": 1e4, "억": 1e8, "조": 1e12, "千": 1e3, "万": 1e4, "萬": 1e4}
MYRIADS |= {"亿": 1e8, "億": 1e8, "兆": 1e12}
UNSAID = {"", "-", "--", "---", "–", "—", ".", "n/a", "na", "nan", "null", "none", "nat", "n/d"}
UNSAID |= {
    "?",
    "nd",
    "n.d.",
    "<na>",
    "#n/a",
    "#na",
    "#value!",
    "#div/0!",
    "#ref!",
    "#num!",
    "#null!",
}
UNSAID |= {"#name?", "n.a.", "missing", "없음", "해당없음", "거래정지", "결측", "결측치", "미측정"}
NOTHING = UNSAID | {"inf", "-inf", "+inf", "infinity", "-infinity"}
SIGNS = str.maketrans(dict.fromkeys("−‐‑‒–﹣－", "-"))
MONEY = re.compile(
    r"[$€£¥₩￦원円元₹₽฿]|US\$|HK\$|\b(?:USD|EUR|KRW|JPY|CNY|HKD|GBP|CHF|RMB)\b|주$|株$|股$"
)
SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f'’`´_]")  # some group thousands
NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Z]*)")
USUAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
MYRIAD = re.compile(r"([\d.,]+)([천만억조千万萬亿億兆])")
GROUPS = re.compile(r"(?<!\d)\d{1,3}(?:([.,])\d{3})(?:\1\d{3})+(?!\d)")


def check_reach(
    values: npt.NDArray[np.float64], name: str, source: str, largest: float = LARGEST
) -> None:
    """Refuse numbers so large that nothing can be learnt from them and saved.

    Raises:
        DataError: one is.
    """
    far = values[np.abs(values) > largest]
    if far.size:
        raise DataError(
            f"numbers must lie within {largest:.0e} of 0, but {quoted(name)} of {source} has "
            f"{far[0]:.3g}. Empty such cells, or change the unit."
        )


def decimal_sign(texts: Iterable[str], *, comma: bool = False, what: str = "a file") -> str:
    """Tell whether a point or a comma ends the whole of these numbers.

    Both in one number: the later one. One of them twice: the other. One of them with another number
    of digits than three behind it, or after a nought: that one. Where nothing tells it is a point,
    or a comma where there are commas alone in a file that has no other use for them.

    Args:
        texts: numbers as they are written.
        comma: whether a comma is taken where none of them tells.
        what: holds them, for messages.

    Raises:
        DataError: some tell one thing and some the other.

    Examples:
        >>> decimal_sign(["2.007,00", "1.999"]), decimal_sign(["100,5"]), decimal_sign(["35,268"])
        (',', ',', '.')
    """
    told: dict[str, str] = {}
    there: set[str] = set()
    for text in texts:
        there |= {",", "."} & set(text)
        sign = _told_by(SPACES.sub("", text))
        if sign:
            told.setdefault(sign, text)
        if len(told) == 2:
            raise DataError(
                f"numbers must be written alike, but {what} has {quoted(told['.'])} with a decimal "
                f"point and {quoted(told[','])} with a decimal comma. Write them alike."
            )
    return next(iter(told), "," if comma and there == {","} else ".")


def _told_by(text: str) -> str | None:
    """Say which sign one number ends its whole with, None where it does not tell."""
    commas, points = text.count(","), text.count(".")
    if commas and points:
        last = "," if text.rfind(",") > text.rfind(".") else "."
        return last if text.count(last) == 1 else None
    if commas > 1 or points > 1:
        if not GROUPS.search(text):
            return None
        return "." if commas else ","
    for sign, count in ((",", commas), (".", points)):
        if count:
            whole, _, rest = text.partition(sign)
            digits = re.match(r"\d*", rest)
            whole = re.sub(r"\D", "", whole)
            grouped = digits is not None and len(digits[0]) == 3 and 0 < len(whole) <= 3
            if not grouped or whole.startswith("0"):
                return sign
    return None


def number_of(text: str, decimal: str = ".") -> float | None:
    """Read one number; NaN where nothing stands for it, None where it is no number.

    Examples:
        >>> number_of("₩69,900"), number_of("34.1만"), number_of("1억 2,345만"), number_of("(1.2)")
        (69900.0, 341000.0, 123450000.0, -1.2)
        >>> number_of("1.234,56", ","), number_of("N/D"), number_of("three")
        (1234.56, nan, None)
    """
    if decimal == "." and USUAL.fullmatch(text):
        return float(text)  # fast
    plain = unicodedata.normalize("NFKC", text).translate(SIGNS).strip()
    if plain.casefold() in NOTHING:
        return float("nan")
    plain = SPACES.sub("", MONEY.sub("", plain))
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain[1:-1] if negative else plain
    if plain.startswith("--"):
        return None
    plain = plain.replace("." if decimal == "," else ",", "").replace(",", ".")
    value = _in_myriads(plain)
    if value is None:
        match = NUMBER.fullmatch(plain.upper())
        if not match or match[2] not in {"", *POWERS}:
            return None
        value = float(match[1]) * POWERS.get(match[2], 1.0)
    return -value if negative else value


def without_percent(cells: list[str]) -> tuple[list[str], bool]:
    """Leave the percent signs out where every number has one; say whether that is so.

    Example:
        >>> without_percent(["3.5%", "", "4 %"]), without_percent(["3.5%", "4"])
        ((['3.5', '', '4 '], True), (['3.5%', '4'], False))
    """
    there = [cell for cell in cells if cell.casefold() not in UNSAID]
    if not there or not all(cell.endswith("%") for cell in there):
        return cells, False
    return [cell.removesuffix("%") for cell in cells], True


def _in_myriads(plain: str) -> float | None:
    """Read 1억2345만, None where there is no such sign."""
    sign = -1.0 if plain.startswith("-") else 1.0
    rest, value = plain.lstrip("+-"), 0.0
    if not any(mark in rest for mark in MYRIADS):
        return None
    while match := MYRIAD.match(rest):
        try:
            value += float(match[1]) * MYRIADS[match[2]]
        except ValueError:
            return None
        rest = rest[match.end() :]
    if rest and not rest.isdecimal():
        return None
    return sign * (value + float(rest or 0))


def numbers_of(
    column: pd.Series, name: str, source: str, decimal: str = "."
) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Read a column of numbers; what is missing or infinite is NaN.

    Args:
        column: numbers, or texts.
        name: what it holds.
        source: where it comes from.
        decimal: the sign that ends the whole.

    Returns:
        The numbers, and the rows that could not be read: only of a volume, which is then unknown.

    Raises:
        DataError: a price is no number.
    """
    if decimal == "." or pd.api.types.is_numeric_dtype(column.dtype):
        values = plain_numbers(column)
    else:
        values = np.full(len(column), np.nan)
    unread: list[int] = []
    for row in np.flatnonzero(~np.isfinite(values)):
        value = number_of(str(column.iloc[row]), decimal)
        if value is not None:
            values[row] = value if np.isfinite(value) else np.nan
        elif name == "volume":
            unread.append(int(row))
        else:
            raise DataError(
                f"the column {name} must hold numbers, but {source} has "
                f"{quoted(column.iloc[row])} in it."
            )
    return values, unread


def plain_numbers(column: pd.Series) -> npt.NDArray[np.float64]:
    """Read a column of numbers as computers write them; NaN of every other cell.

    Example:
        >>> plain_numbers(pd.Series(["1.5", "2e3", "1,5"])).tolist()
        [1.5, 2000.0, nan]
    """
    found = np.empty(len(column))
    for start in range(0, len(column), ROWS):  # ten million texts at once take a gigabyte
        some = column.iloc[start : start + ROWS]
        read = pd.to_numeric(some, errors="coerce")
        found[start : start + ROWS] = read.to_numpy("float64", na_value=np.nan)
    return found


def plain_table(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Read columns of numbers as `plain_numbers` does each, (rows, columns).

    Example:
        >>> plain_table(pd.DataFrame({"a": ["1", "2"], "b": ["3", "x"]})).tolist()
        [[1.0, 3.0], [2.0, nan]]
    """
    if frame.size < MANY_CELLS:  # ten thousand columns one by one take longer than their cells
        cells = pd.Series(frame.to_numpy(object).ravel(), dtype=object)
        return plain_numbers(cells).reshape(frame.shape)
    columns = np.empty(frame.shape)
    for place, name in enumerate(frame.columns):
        columns[:, place] = plain_numbers(frame[name])
    return columns
