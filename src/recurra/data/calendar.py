"""How often a series has a step: found from its times, counted on, and written as people do."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from recurra.arrays import Dates, Rows
from recurra.data.spelling import quoted
from recurra.errors import SettingsError

__all__ = ["Frequency", "frequency_named", "frequency_of", "steps_in"]

SECOND, DAY, MONTH, WEEKDAY = "second", "day", "month", "weekday"
A_DAY, A_MONTH = np.timedelta64(1, "D"), np.timedelta64(1, "M")
NAMES = {
    (MONTH, 1): "monthly",
    (MONTH, 3): "quarterly",
    (MONTH, 12): "yearly",
    (DAY, 1): "daily",
    (DAY, 7): "weekly",
    (WEEKDAY, 1): "every weekday",
    (SECOND, 3600): "hourly",
}
NAMED = {"minutely": (SECOND, 60), "daily": (DAY, 1), "weekly": (DAY, 7), "monthly": (MONTH, 1)}
NAMED |= {"quarterly": (MONTH, 3), "yearly": (MONTH, 12), "hourly": (SECOND, 3600)}
NAMED |= {"half_hourly": (SECOND, 1800), "10_minutes": (SECOND, 600), "4_seconds": (SECOND, 4)}
LENGTHS = (("hour", 3600), ("minute", 60), ("second", 1))
UNITS = {"year": (MONTH, 12), "y": (MONTH, 12), "년": (MONTH, 12), "quarter": (MONTH, 3)}
UNITS |= {"q": (MONTH, 3), "분기": (MONTH, 3), "month": (MONTH, 1), "m": (MONTH, 1)}
UNITS |= {"mo": (MONTH, 1), "개월": (MONTH, 1), "달": (MONTH, 1), "week": (SECOND, 604_800)}
UNITS |= {"w": (SECOND, 604_800), "주": (SECOND, 604_800), "day": (SECOND, 86_400)}
UNITS |= {
    "d": (SECOND, 86_400),
    "일": (SECOND, 86_400),
    "hour": (SECOND, 3600),
    "h": (SECOND, 3600),
}
UNITS |= {"시간": (SECOND, 3600), "minute": (SECOND, 60), "min": (SECOND, 60), "분": (SECOND, 60)}
UNITS |= {"second": (SECOND, 1), "s": (SECOND, 1), "초": (SECOND, 1)}
AMOUNT = re.compile(r"(\d+)\s*([A-Za-z가-힣]*)")
MOSTLY = 0.95  # of the days: some exchanges once traded on Saturdays
REGULAR = 0.9  # of the steps are a whole number of the usual one


@dataclass(frozen=True)
class Frequency:
    """How long a step is.

    Args:
        unit: "second", "day", "weekday" or "month".
        count: of units.
        ends: whether a month is written as its last day.

    Examples:
        >>> Frequency("month", 3).name, Frequency("second", 1800).name
        ('quarterly', 'every 30 minutes')
        >>> Frequency("month", 1).after(np.datetime64("1960-12-01"), 2).astype(str).tolist()
        ['1961-01-01T00:00:00', '1961-02-01T00:00:00']
    """

    SEASONS: ClassVar[dict[tuple[str, int], tuple[int, ...]]] = {
        (MONTH, 1): (12,),
        (MONTH, 3): (4,),
        (DAY, 1): (7,),
        (DAY, 7): (52,),
        (WEEKDAY, 1): (5,),
    }

    unit: str
    count: int = 1
    ends: bool = False

    @property
    def name(self) -> str:
        """In words."""
        found = NAMES.get((self.unit, self.count))
        if found:
            return found
        if self.unit != SECOND:
            return f"every {self.count} {self.unit}s"
        what, seconds = next(each for each in LENGTHS if self.count % each[1] == 0)
        count = self.count // seconds
        return f"every {what}" if count == 1 else f"every {count} {what}s"

    @property
    def seasons(self) -> tuple[int, ...]:
        """Give how many steps may be a season: those of a year, of a week or of a day."""
        if self.unit != SECOND:
            return self.SEASONS.get((self.unit, self.count), ())
        day, hour = 86_400 / self.count, 3600 / self.count
        return tuple(int(each) for each in (day, hour) if each > 1 and each == int(each))[:1]

    def after(self, last: np.datetime64, steps: int) -> Dates:
        """Give the times of the next steps."""
        return self.at(np.full(steps, last), np.arange(1, steps + 1))

    def at(self, times: Dates, steps: Rows) -> Dates:
        """Give the times so many steps later."""
        times = times.astype("datetime64[s]")
        days = times.astype("datetime64[D]")
        clock = times - days.astype("datetime64[s]")
        if self.unit == SECOND:
            there = times + (steps * self.count).astype("timedelta64[s]")
        elif self.unit == DAY:
            there = times + (steps * self.count * 86_400).astype("timedelta64[s]")
        elif self.unit == WEEKDAY:
            there = np.busday_offset(days, steps, roll="backward").astype("datetime64[s]") + clock
        else:
            there = self._months_on(days, steps * self.count).astype("datetime64[s]") + clock
        return np.asarray(there)

    def _months_on(self, days: Dates, months: Rows) -> Dates:
        first = days.astype("datetime64[M]")
        there = first + months.astype("timedelta64[M]")
        last = (there + A_MONTH).astype("datetime64[D]") - A_DAY
        if self.ends:
            return np.asarray(last)
        day = there.astype("datetime64[D]") + (days - first.astype("datetime64[D]"))
        return np.asarray(np.minimum(day, last))

    def between(self, times: Dates) -> Rows:
        """Count the steps from each time to the next, rounded; 0 where a time repeats."""
        days = times.astype("datetime64[D]")
        if self.unit == WEEKDAY:
            counted: Rows = np.busday_count(days[:-1], days[1:]).astype(np.int64)
            return counted
        if self.unit == MONTH:
            lengths = np.diff(days.astype("datetime64[M]")).astype(np.int64)
        else:
            lengths = np.diff(times.astype("datetime64[s]")).astype(np.int64)
        size = self.count * (86_400 if self.unit == DAY else 1)
        return np.round(lengths / size).astype(np.int64)

    def label(self, time: np.datetime64, zone: str = "") -> str:
        """Write a time as people do: 1961, 2016 Q4, 1961-01, 2024-03-20, 2024-03-20 09:30."""
        text = str(time.astype("datetime64[s]"))
        year, month, day = text[:4], int(text[5:7]), int(text[8:10])
        if self.unit != SECOND and text.endswith("T00:00:00"):
            if self.unit == MONTH and day == 1:
                if self.count == 12 and month == 1:
                    return year
                if self.count == 3 and month % 3 == 1:
                    return f"{year} Q{month // 3 + 1}"
                return text[:7]
            return text[:10]
        return text.replace("T", " ").removesuffix(":00") + zone


def frequency_named(name: str) -> Frequency | None:
    """Give the frequency that a `.tsf` file names, None where it is not known.

    Example:
        >>> frequency_named("yearly")
        Frequency(unit='month', count=12, ends=False)
    """
    found = NAMED.get(name.strip().lower())
    return None if found is None else Frequency(*found)


def frequency_of(times: Dates) -> Frequency | None:
    """Find how often there is a step, by the commonest one; None where steps are of all lengths.

    Args:
        times: in order.

    Example:
        >>> frequency_of(np.array(["1991-07", "1991-08", "1991-10"], "datetime64[s]")).name
        'monthly'
    """
    once = np.unique(times.astype("datetime64[s]"))
    if len(once) < 2:
        return None
    found = _of_months(once) or _of_days(once)
    return found if found and _fits(found, once) else None


def _of_months(once: Dates) -> Frequency | None:
    days, months = once.astype("datetime64[D]"), once.astype("datetime64[M]")
    within = (days - months.astype("datetime64[D]")).astype(int)
    ends = bool((days + A_DAY == (months + A_MONTH).astype("datetime64[D]")).all())
    alike = bool((within == within[0]).all()) and within[0] < 28
    if not (ends or alike) or len(np.unique(once - days.astype("datetime64[s]"))) > 1:
        return None
    steps = np.diff(months).astype(int)
    return Frequency(MONTH, _commonest(steps), ends) if steps.min() >= 1 else None


def _of_days(once: Dates) -> Frequency:
    usual = _commonest(np.diff(once).astype(np.int64))
    if usual % 86_400:
        return Frequency(SECOND, usual)
    if usual == 86_400 and np.is_busday(once.astype("datetime64[D]")).mean() > MOSTLY:
        return Frequency(WEEKDAY)
    return Frequency(DAY, usual // 86_400)


def _commonest(steps: Rows) -> int:
    lengths, counts = np.unique(steps, return_counts=True)
    return int(lengths[np.argmax(counts)])


def _fits(frequency: Frequency, once: Dates) -> bool:
    if frequency.unit == WEEKDAY:
        return True
    steps = frequency.between(once)
    expected = frequency.at(once[:-1], steps)
    return bool((expected == once[1:]).mean() >= REGULAR)


def steps_in(text: str, frequency: Frequency | None) -> int:
    """Read how far ahead: a number of steps, or a time such as 18 months, 2y, 48h, 3 분기.

    Raises:
        SettingsError: it is neither, or no whole number of steps.

    Example:
        >>> steps_in("2 years", Frequency("month", 3)), steps_in("5", None)
        (8, 5)
    """
    match = AMOUNT.fullmatch(text.strip())
    name = match[2].lower() if match else ""
    known = UNITS.get(name) or UNITS.get(name.removesuffix("s"))
    if not match or int(match[1]) < 1 or (name and not known and not name.startswith("step")):
        raise SettingsError(
            "--horizon must be a number of steps, 1 or more, or a time such as '18 months', '2y' "
            f"or '48h', but it is {quoted(text)}."
        )
    amount = int(match[1])
    if not known:
        return amount
    if frequency is None:
        raise SettingsError(
            f"--horizon must be a number of steps where no column says how often there is one, but "
            f"it is {quoted(text)}."
        )
    return _in_steps(amount, known, frequency, text)


def _in_steps(amount: int, unit: tuple[str, int], frequency: Frequency, text: str) -> int:
    size = frequency.count * (86_400 if frequency.unit == DAY else 1)
    length = amount * unit[1]
    if frequency.unit == WEEKDAY and unit[0] == SECOND:
        size, length = 604_800, length * 5  # five steps a week
        if amount * unit[1] % 604_800:
            size, length = 86_400, amount * unit[1]
    elif frequency.unit == WEEKDAY or (frequency.unit != MONTH and unit[0] == MONTH):
        size, length = _nearly(frequency, length)
    elif (frequency.unit == MONTH) != (unit[0] == MONTH):
        size = length = 0
    if not size or length % size:
        raise SettingsError(
            f"--horizon must be a whole number of steps, but {quoted(text)} is none of a series "
            f"that is {frequency.name}. Give the number of steps."
        )
    return length // size


def _nearly(frequency: Frequency, months: int) -> tuple[int, int]:
    """Count steps in months as in a year of 52 weeks, 261 weekdays or 365 days."""
    year = {DAY: 365, WEEKDAY: 261}.get(frequency.unit, 365 * 86_400)
    year = 364 if (frequency.unit, frequency.count) == (DAY, 7) else year
    return 1, max(1, round(year * months / 12 / frequency.count))
