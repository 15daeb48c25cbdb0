"""What may tell the class of a sequence of numbers beside its shape: one look each."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from recurra.arrays import Floats, Rows
from recurra.auditing.rows import Counted
from recurra.auditing.tells import View, said_by_numbers, told
from recurra.sequences import Ragged

__all__ = ["views_of_numbers", "written_digits", "written_steps"]

CHANNELS = 8  # looked at
DIGITS, LOOKED = 12, 60  # behind the point, and numbers of a row that are looked at
EDGE, MOST_STEPS = 3, 200  # steps at each end; all of them where they are few
EXACT, FEWEST_SCALED = 1e-6, 8  # of the largest number of a row; steps that say how it was scaled
TELLS, BESIDE = 0.9, 0.4  # of the class; that the steps beside one tell less by


def views_of_numbers(sequences: Ragged, channels: tuple[str, ...]) -> Iterator[View]:
    """Look at lengths, at how numbers are written, and at what each channel is like."""
    yield View("numbers: how many steps", "recorded", sequences.lengths.astype(float), False)
    yield View("numbers: digits behind the point", "written", _digits(sequences), False)
    begins_still, ends_still = _still(sequences)
    yield View("numbers: equal steps at the beginning", "recorded", begins_still, False)
    yield View("numbers: equal steps at the end", "recorded", ends_still, False)
    steps, begins = sequences.timesteps(), sequences.offsets[:-1]
    sums = np.add.reduceat(steps.sum(axis=1, dtype=np.float64), begins)
    yield View("numbers: how far their sum is from whole", "written", _apart(sums), False)
    yield from _scaled(sequences)
    first, last = (_last_digits(sequences, place) for place in (0, -1))
    yield View("numbers: the last digit of the first step", "written", first, True)
    yield View("numbers: the last digit of the last step", "written", last, True)
    for channel, name in enumerate(channels[:CHANNELS]):
        values = steps[:, channel]
        mean = np.add.reduceat(values, begins) / sequences.lengths
        least, most = np.minimum.reduceat(values, begins), np.maximum.reduceat(values, begins)
        constant = float((most == least).mean()) > 0.95
        kind = "column" if constant else "level"
        yield View(f"channel {name!r}: its mean", kind, mean, False)
        if constant:
            continue
        yield View(f"channel {name!r}: its least", "level", least, False)
        yield View(f"channel {name!r}: its most", "level", most, False)
        low, high = (_share_at(ends, values, sequences) for ends in (least, most))
        yield View(f"channel {name!r}: steps at its least", "recorded", low, False)
        yield View(f"channel {name!r}: steps at its most", "recorded", high, False)


def _share_at(ends: Floats, values: Floats, sequences: Ragged) -> Floats:
    """Give the share of the steps of each row that have a value."""
    there = values == np.repeat(ends, sequences.lengths)
    shares: Floats = np.add.reduceat(there.astype(float), sequences.offsets[:-1])
    return shares / sequences.lengths


def _digits(sequences: Ragged) -> Floats:
    """Give how many digits the numbers of each row have behind the point: the most of some."""
    found = np.zeros(len(sequences))
    for row in range(len(sequences)):
        begin, end = sequences.offsets[row : row + 2]
        values = sequences.table[sequences.codes[begin:end]].ravel()[:LOOKED]
        found[row] = np.median(written_digits(values))
    return found


def written_digits(values: Floats) -> Floats:
    """Give how many digits each number has behind the point, 12 at most.

    Example:
        >>> written_digits(np.array([0.25, 3.0, 1e-5, 1 / 3])).tolist()
        [2.0, 0.0, 5.0, 12.0]
    """
    return np.array([_behind(repr(float(value))) for value in values], float)


def _scaled(sequences: Ragged) -> Iterator[View]:
    """Look at how each row was brought to one size: programs differ in it, and leave it exact."""
    facts = np.array([_facts(row) for row in _rows(sequences)], np.int64)
    codes = np.unique(facts, axis=0, return_inverse=True)[1].ravel().astype(np.int64)
    if codes.any():
        yield View("numbers: how a row was scaled", "written", codes, True)


def _facts(steps: Floats) -> list[bool]:
    """Say of the first channel what holds to a part in a million of its size."""
    values = steps[:, 0].astype(np.float64)
    n, slack = len(values), EXACT * float(np.abs(values).max(initial=0.0))
    if n < FEWEST_SCALED or np.ptp(values) <= slack:
        return [False] * 7
    mean, spread = float(values.mean()), float(values.std())
    least, most = float(values.min()), float(values.max())
    sample = spread * float(np.sqrt(n / (n - 1)))
    ends = float(np.abs(values).max())
    exact = [mean, spread - 1, sample - 1, least, most - 1, ends - 1, float(values[0])]
    return [abs(each) <= slack for each in exact]


def _rows(sequences: Ragged) -> Iterator[Floats]:
    for begin, end in pairwise(sequences.offsets.tolist()):
        yield sequences.table[sequences.codes[begin:end]]


def _apart(sums: Floats) -> Floats:
    """Give how far numbers are from whole ones; roundings of their digits do not count."""
    return np.round(np.abs(sums - np.round(sums)), 6).astype(np.float64)


def _last_digits(sequences: Ragged, place: int) -> Rows:
    """Give the last digit of the first or last step of each row, as it is written."""
    steps = _at(sequences, place, 0)
    written = (repr(float(value)).partition("e")[0].rstrip("0").rstrip(".") for value in steps)
    return np.array([int(each[-1]) if each[-1:].isdigit() else 0 for each in written], np.int64)


def _behind(written: str) -> int:
    digits, _, power = written.partition("e")
    return min(DIGITS, max(0, len(digits.partition(".")[2].rstrip("0")) - int(power or 0)))


def _still(sequences: Ragged) -> tuple[Floats, Floats]:
    """Give how many steps at the beginning are equal to the first, and at the end to the last."""
    found = np.zeros((2, len(sequences)))
    for row in range(len(sequences)):
        begin, end = sequences.offsets[row : row + 2]
        steps = sequences.table[sequences.codes[begin:end]]
        for side, way in enumerate((steps, steps[::-1])):
            moved = (way != way[0]).any(axis=1)
            found[side, row] = moved.argmax() if moved.any() else len(steps)
    return found[0], found[1]


def written_steps(sequences: Ragged, counted: Counted) -> list[View]:
    """Give single steps that tell the class far better than those beside them.

    Args:
        sequences: of the rows counted, in their order.
        counted: the rows.
    """
    if not len(counted.fold) or not len(sequences):
        return []
    shortest = int(sequences.lengths.min())
    channels = min(CHANNELS, sequences.table.shape[1])
    every = shortest * channels <= MOST_STEPS
    places = range(shortest) if every else sorted({*range(EDGE), *range(-EDGE, 0)})
    found = []
    for channel in range(channels):
        values = {place: _at(sequences, place, channel) for place in places}
        tells = {place: _told(each, counted) for place, each in values.items()}
        for place, share in tells.items():
            beside = [tells[other] for other in (place - 1, place + 1) if other in tells]
            if share >= TELLS and beside and max(beside) <= share - BESIDE:
                name = f"step {place + 1 if place >= 0 else place} of channel {channel + 1}"
                found.append(View(name, "step", values[place], False))
    return found


def _at(sequences: Ragged, place: int, channel: int) -> Floats:
    ends = sequences.offsets[:-1] + place if place >= 0 else sequences.offsets[1:] + place
    values: Floats = sequences.table[sequences.codes[ends], channel].astype(float)
    return values


def _told(values: Floats, counted: Counted) -> float:
    held = counted.fold == 0
    said: Rows = said_by_numbers(values[~held], counted.truth[~held], values[held])
    return told(said, counted.truth[held])[0]
