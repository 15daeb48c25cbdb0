"""Times of a place with summer time, brought to UTC, where no hour is missing and none comes twice.

::

    2024-10-27 02:30  (the first)      00:30 UTC       Europe/Berlin
    2024-10-27 02:30  (the second)     01:30 UTC
"""

from collections.abc import Sequence
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd

from recurra.arrays import Bools, Dates
from recurra.data.times import Clock
from recurra.errors import DataError, SettingsError
from recurra.names import near

__all__ = ["in_zone", "known_zone", "local_label"]


def known_zone(name: str) -> str:
    """Give the name of a zone, refused where it is none.

    Raises:
        SettingsError: there is no such zone.

    Example:
        >>> known_zone("Asia/Seoul")
        'Asia/Seoul'
    """
    names = sorted(available_timezones())
    if name not in names:
        raise SettingsError(
            "--zone must be the name of a time zone, such as Asia/Seoul or Europe/Berlin, but it "
            f"is {name!r}.{near(name, names)}"
        )
    return name


def in_zone(clock: Clock, zone: str, groups: Sequence[str] | None, source: str) -> Clock:
    """Bring the times of a clock to UTC; whole days stay the days that they were.

    Times with an offset are what they are; those without one are of the zone. An hour that comes
    twice in autumn is first that of summer time.

    Args:
        clock: times as they stand in the file.
        zone: its name.
        groups: (rows,) the series of each; None for one.
        source: for messages.

    Raises:
        DataError: a time is none of the zone: it was skipped in spring.
    """
    times, notes = clock.times, list(clock.notes)
    if not (times != times.astype("datetime64[D]")).any():
        return Clock(times, clock.zone, clock.column, [*notes, "whole days: --zone changes none"])
    if clock.zone:
        sign = -1 if clock.zone[0] == "-" else 1
        hours, minutes = map(int, clock.zone[1:].split(":"))
        utc = times - np.timedelta64(sign * (hours * 60 + minutes), "m")
        return Clock(utc, zone, clock.column, [*notes, f"times are shown as in {zone}"])
    utc, alone = _localised(times, zone, groups, source)
    notes.append(f"times are those of {zone}: counted in UTC, so summer time moves none")
    if alone:
        notes.append(f"{alone:,} times of an hour that comes twice stand there once: the first")
    return Clock(utc, zone, clock.column, notes)


def _localised(
    times: Dates, zone: str, groups: Sequence[str] | None, source: str
) -> tuple[Dates, int]:
    """Give local times in UTC, and how many of an hour that comes twice stand there once."""
    index = pd.DatetimeIndex(times)
    ways = [
        index.tz_localize(zone, ambiguous=np.full(len(index), summer), nonexistent="NaT")
        for summer in (True, False)
    ]
    first, second = (way.tz_convert("UTC").tz_localize(None).to_numpy() for way in ways)
    skipped = np.flatnonzero(np.isnat(first))
    if len(skipped):
        row = int(skipped[0])
        raise DataError(
            f"a time must be one of {zone}, but row {row + 1} of {source} has "
            f"{str(times[row]).replace('T', ' ')}, which was skipped there for summer time. Give "
            "the zone of the times, or leave --zone out."
        )
    twice = first != second
    later, alone = _second_time(times, twice, groups)
    return np.where(later, second, first).astype("datetime64[s]"), alone


def _second_time(times: Dates, twice: Bools, groups: Sequence[str] | None) -> tuple[Bools, int]:
    """Say which rows are of the second of two hours of one name, as the order of rows tells it."""
    rows = pd.DataFrame({"time": times, "group": "" if groups is None else list(groups)})[twice]
    newest_first = len(times) > 1 and times[0] > times[-1]
    place = rows.groupby(["group", "time"], sort=False).cumcount(ascending=not newest_first)
    sizes = rows.groupby(["group", "time"], sort=False)["time"].transform("size")
    later = np.zeros(len(times), bool)
    later[rows.index] = place.to_numpy() > 0
    return later, int((sizes == 1).sum())


def local_label(time: np.datetime64, zone: str) -> str:
    """Write a time of UTC as a clock of the zone shows it.

    Example:
        >>> local_label(np.datetime64("2024-10-27T01:30:00"), "Europe/Berlin")
        '2024-10-27 02:30+01:00'
    """
    stamp = pd.Timestamp(time, tz="UTC").tz_convert(ZoneInfo(zone))
    text = stamp.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
    shift = stamp.strftime("%z")
    return f"{text}{shift[:3]}:{shift[3:]}"
