"""Lines of text, of some classes or of none: what a network that writes learns from."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from recurra.arrays import Bools, Texts
from recurra.data.contents import sha256_of_both
from recurra.data.corpora import locate_corpus, read_classes
from recurra.data.labelled import TO_TEST_ON
from recurra.errors import DataError, SettingsError
from recurra.names import listed

__all__ = ["Lines", "open_lines", "sample_lines", "with_test_lines"]

NAMED = "names"


@dataclass
class Lines:
    """Lines and how they were got.

    Args:
        texts: (rows,) the lines.
        classes: (rows,) the class of each; all "" where there are none.
        source: where they come from, for people.
        sha256: of what was read.
        notes: what else must be known of them.
        published_test: (rows,) whether a row is of the file to test on; None where there is none.
    """

    texts: Texts
    classes: Texts
    source: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    published_test: Bools | None = None


def with_test_lines(known: Lines, test: Lines) -> Lines:
    """Give the lines of two sources as one, of which the second is to test on.

    Raises:
        DataError: a class of the second is not in the first.
    """
    new = sorted(set(test.classes) - set(known.classes))
    if new:
        has = listed(map(repr, sorted(set(known.classes))), 5) if any(known.classes) else "none"
        raise DataError(
            f"every class to test on must be learnt, but {test.source} has "
            f"{listed(map(repr, new), 5)}, which {known.source} has not: it has {has}."
        )
    return Lines(
        np.concatenate([known.texts, test.texts]),
        np.concatenate([known.classes, test.classes]),
        f"{known.source}{TO_TEST_ON}{test.source}",
        sha256_of_both(known.sha256, test.sha256),
        list(dict.fromkeys([*known.notes, *test.notes])),
        np.repeat([False, True], [len(known.texts), len(test.texts)]),
    )


def open_lines(source: str = NAMED, *, sample: bool = False, encoding: str | None = None) -> Lines:
    """Read lines from a named dataset, a file, a folder or the sample.

    Args:
        source: "names", a text file of lines, or a folder of `CLASS.txt`.
        sample: whether the embedded sample is taken instead.
        encoding: of the files, None to recognise it.

    Raises:
        DataError: there is no such source, or it holds no line.
        SettingsError: a file and the sample are asked for.
    """
    if sample:
        if source != NAMED:
            raise SettingsError("--sample goes without a file: give one source.")
        return sample_lines()
    path = locate_corpus(NAMED) if source == NAMED else Path(source)
    notes: list[str] = []
    texts, classes = read_classes(path, encoding=encoding, notes=notes)
    read = "\n".join(map("\t".join, zip(classes, texts, strict=True)))
    digest = hashlib.sha256(read.encode("utf-8", "surrogatepass")).hexdigest()
    return Lines(np.array(texts, object), np.array(classes, object), str(path), digest, notes)


def sample_lines(per_class: int = 400) -> Lines:
    """Make up names of two invented languages by rule: none is of any collection.

    Northern names are consonant-vowel pairs with an end of `-sund` or `-vik`; southern ones have
    doubled vowels and end in `-o` or `-ina`.
    """
    rng = np.random.default_rng(0)
    made: dict[str, set[str]] = {"Northern": set(), "Southern": set()}
    while min(map(len, made.values())) < per_class:
        pairs = ["".join((rng.choice(list("bdfgkrst")), rng.choice(list("aeiou")))) for _ in "12"]
        made["Northern"].add("".join(pairs).title() + str(rng.choice(["sund", "vik"])))
        first, last = rng.choice(list("lmnprv"), 2)
        vowel, other = rng.choice(list("aeiou"), 2)
        end = str(rng.choice(["o", "ina"]))
        made["Southern"].add(
            f"{first}{vowel}{vowel}{last}{other}{rng.choice(list('lmnr'))}{end}".title()
        )
    rows = [(name, kind) for kind, names in made.items() for name in sorted(names)[:per_class]]
    texts, classes = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    note = "names of two invented languages, made by a rule for this package"
    return Lines(texts, classes, "embedded sample", "0" * 64, [note])
