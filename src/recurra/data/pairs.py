"""Pairs of sentences: what a network that translates learns from."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recurra.arrays import Bools, Texts
from recurra.data.contents import sha256_of_both
from recurra.data.corpora import locate_corpus, read_pairs
from recurra.data.labelled import TO_TEST_ON
from recurra.data.readers import sha256_of
from recurra.errors import SettingsError

__all__ = ["DIRECTIONS", "Pairs", "open_pairs", "sample_pairs", "with_test_pairs"]


DIRECTIONS = ("eng-kor", "kor-eng")
ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
ONES += " fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
DIGITS = " 일이삼사오육칠팔구"
MONTHS = "January February March April May June July August September October November December"


@dataclass
class Pairs:
    """Sentences with their translations, and how they were got.

    Args:
        sources: (rows,) sentences to read.
        targets: (rows,) sentences to write.
        source: where they come from, for people.
        sha256: of what was read.
        notes: what else must be known of them.
        published_test: (rows,) whether a row is of the file to test on; None where there is none.
    """

    sources: Texts
    targets: Texts
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    published_test: Bools | None = None


def with_test_pairs(known: Pairs, test: Pairs) -> Pairs:
    """Give the pairs of two files as one, of which the second is to test on."""
    return Pairs(
        np.concatenate([known.sources, test.sources]),
        np.concatenate([known.targets, test.targets]),
        f"{known.source}{TO_TEST_ON}{test.source}",
        sha256_of_both(known.sha256, test.sha256),
        list(dict.fromkeys([*known.notes, *test.notes])),
        np.repeat([False, True], [len(known.sources), len(test.sources)]),
    )


def open_pairs(
    source: str = DIRECTIONS[0],
    *,
    data: Path | None = None,
    sample: bool = False,
    encoding: str | None = None,
) -> Pairs:
    """Read pairs of sentences from a named dataset, a file or the sample.

    Args:
        source: "eng-kor", "kor-eng", or a file of two columns with a tab between.
        data: the file of a named dataset, None to look for it.
        sample: whether the embedded sample is taken instead.
        encoding: of the file, None to recognise it.

    Raises:
        DataError: there is no such source, or it holds no pair.
        SettingsError: what is said of it contradicts itself.
    """
    named = source in DIRECTIONS
    if (sample and (data or source != DIRECTIONS[0])) or (data and not named):
        raise SettingsError(
            "--sample and --data go with a named dataset, not with a file: give one source."
        )
    if sample:
        return sample_pairs()
    path = (data or locate_corpus("tatoeba-kor-eng")) if named else Path(source)
    notes: list[str] = []
    sides = read_pairs(path, encoding=encoding, notes=notes)
    first, second = (np.array(side, object) for side in sides)
    if source == "kor-eng":
        first, second = second, first
    return Pairs(first, second, str(path), sha256_of(path), notes)


def english(number: int) -> str:
    """Write a number below 10,000 in English words."""
    words = []
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            words += [ONES.split()[number // size], name]
            number %= size
    if number >= 20:
        words.append(TENS.split()[number // 10 - 2])
        number %= 10
    if number or not words:
        words.append(ONES.split()[number])
    return " ".join(words)


def korean(number: int) -> str:
    """Write a number below 10,000 in Korean: 0 is 영, and a single 천, 백, 십 has no 일."""
    written = ""
    for size, name in ((1000, "천"), (100, "백"), (10, "십"), (1, "")):
        digit = number // size % 10
        if digit:
            written += ("" if digit == 1 and name else DIGITS[digit]) + name
    return written or "영"


def sample_pairs(count: int = 1500) -> Pairs:
    """Make up numbers and dates in English and Korean words, by rule."""
    rng = np.random.default_rng(0)
    numbers = rng.choice(np.arange(1, 10_000), count - 300, replace=False)
    pairs = [(english(int(n)), korean(int(n))) for n in numbers]
    days = rng.choice(12 * 28, 300, replace=False)
    for day in days:
        month, of_month = int(day) // 28 + 1, int(day) % 28 + 1
        pairs.append(
            (
                f"{MONTHS.split()[month - 1]} {english(of_month)}",
                f"{korean(month)}월 {korean(of_month)}일".replace("육월", "유월").replace(
                    "십월", "시월"
                ),
            )
        )
    sources, targets = (np.array(side, dtype=object) for side in zip(*pairs, strict=True))
    note = "numbers and dates in English and Korean words, made by a rule for this package"
    return Pairs(sources, targets, "embedded sample", "0" * 64, [note])
