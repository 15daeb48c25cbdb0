"""Years, quarters, months and weeks as people write them, each as the day on which it begins."""

import datetime as dt
import re
from itertools import pairwise

from recurra.data.dates import month_named
from recurra.data.spelling import meant

__all__ = ["YEAR", "begin_of", "fiscal", "months_of_short_years"]

YEAR = re.compile(r"(1[5-9]|20|21)\d\d")
FISCAL = re.compile(r"FY\s*'?(?=\d)", re.IGNORECASE)
YEAR_MONTH = re.compile(r"((?:1[5-9]|20|21)\d\d)\s*[-./년年]?\s*(0?[1-9]|1[0-2])\s*[월月]?")
MONTH_YEAR = re.compile(r"(0?[1-9]|1[0-2])\s*[-./]\s*((?:1[5-9]|20|21)\d\d)")
QUARTERS = (  # each with the groups of year and quarter
    (re.compile(r"'?(\d{4}|\d{2})\s*[-./년]?\s*[qQ]([1-4])"), 1, 2),
    (re.compile(r"[qQ]([1-4])[\s/'.-]*(\d{4}|\d{2})"), 2, 1),
    (re.compile(r"([1-4])[qQ][\s/'.-]*(\d{4}|\d{2})"), 2, 1),
    (re.compile(r"'?(\d{4}|\d{2})[\s./-]+([1-4])[qQ]"), 1, 2),
    (re.compile(r"(\d{4})\s*[-./년]?\s*([1-4])\s*분기"), 1, 2),
)
HALF = re.compile(r"(\d{4})\s*[-./년]?\s*(?:[hH]([12])|([상하])반기)")
WEEK = re.compile(r"(\d{4})[\s-]*[wW](\d{1,2})(?:-?([1-7]))?|(\d{4})년\s*(\d{1,2})주차?")
YEAR_NAME = re.compile(r"(\d{4})[\s-]*([A-Za-z]{3,9})\.?")
NAME_YEAR = re.compile(r"([A-Za-z]{3,9})\.?[\s,-]*(\d{4})")
SHORT = re.compile(r"([A-Za-z]{3,9})\.?[\s'-]*(\d{2})|(\d{2})[\s'-]*([A-Za-z]{3,9})\.?")
REGULAR = {1, 3, 6}  # months from one to the next: twelve may be days of one month


def begin_of(cell: str) -> str:
    """Write a year, a half, a quarter, a month or a week as its first day; all else stays.

    Examples:
        >>> begin_of("2016 Q4"), begin_of("4Q16"), begin_of("2019년 3월"), begin_of("Mar 2019")
        ('2016-10-01', '2016-10-01', '2019-03-01', '2019-03-01')
        >>> begin_of("2020-W01"), begin_of("2020년 하반기"), begin_of("1961"), begin_of("1961.55")
        ('2019-12-30', '2020-07-01', '1961-01-01', '1961.55')
    """
    text = FISCAL.sub("", meant(cell), count=1)
    if YEAR.fullmatch(text):
        return f"{text}-01-01"
    for style, at, part in QUARTERS:
        if match := style.fullmatch(text):
            return f"{_year(match[at])}-{3 * int(match[part]) - 2:02}-01"
    if match := HALF.fullmatch(text):
        return f"{match[1]}-{'07' if match[2] == '2' or match[3] == '하' else '01'}-01"
    for style, at, part in ((YEAR_MONTH, 1, 2), (MONTH_YEAR, 2, 1)):
        if match := style.fullmatch(text):
            return f"{match[at]}-{int(match[part]):02}-01"
    for style, at, name in ((YEAR_NAME, 1, 2), (NAME_YEAR, 2, 1)):
        match = style.fullmatch(text)
        if match and (month := month_named(match[name])):
            return f"{match[at]}-{month:02}-01"
    return _week(text) or text


def _week(text: str) -> str | None:
    match = WEEK.fullmatch(text)
    if match is None:
        return None
    year, week = int(match[1] or match[4]), int(match[2] or match[5])
    try:
        return dt.date.fromisocalendar(year, week, int(match[3] or 1)).isoformat()
    except ValueError:  # not every year has 53
        return None


def _year(text: str) -> int:
    number = int(text)
    return number if number > 99 else number + (2000 if number < 70 else 1900)


def fiscal(cell: str) -> bool:
    """Say whether a cell names a fiscal year."""
    return FISCAL.match(meant(cell)) is not None


def months_of_short_years(cells: list[str]) -> list[str] | None:
    """Read Jan-10, Feb-10 as months of 2010, where they follow each other as months do.

    Jan-10 may be a day, too: months go on by one, three or six, days do not.

    Returns:
        The first days of the months, None where these are none.

    Example:
        >>> months_of_short_years(["Dec-09", "Jan-10"])
        ['2009-12-01', '2010-01-01']
        >>> months_of_short_years(["Jan-10", "Jan-11", "Jan-12"]) is None
        True
    """
    found = []
    for cell in cells:
        match = SHORT.fullmatch(meant(cell))
        month = month_named(match[1] or match[4]) if match else None
        if match is None or month is None:
            return None
        found.append(_year(match[2] or match[3]) * 12 + month - 1)
    once = sorted(set(found))
    steps = {later - earlier for earlier, later in pairwise(once)}
    if len(steps) > 1 or not steps <= REGULAR:
        return None
    return [f"{months // 12}-{months % 12 + 1:02}-01" for months in found]
