"""Datasets of sequences by name: tagged sentences, names by language, pairs of sentences.

They are looked for under `$RECURRA_DATA`, then in the cache. They are not downloaded: their
publishers replace them as they grow, so there is no file to check a download against. Whoever has
none is told where to get it and where to put it.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from recurra.data.readers import read_lines
from recurra.errors import DataError
from recurra.places import cache_folder

__all__ = ["CORPORA", "Corpus", "locate_corpus", "read_classes", "read_pairs"]


@dataclass(frozen=True)
class Corpus:
    """A dataset of sequences.

    Args:
        title: for people.
        parts: from the name of a part ("train", "dev", …) to its path under the data folder.
        page: where it is published.
        licence: under which.
    """

    title: str
    parts: dict[str, str]
    page: str
    licence: str


def _treebank(folder: str, prefix: str, *parts: str) -> dict[str, str]:
    return {part: f"{folder}/{prefix}-ud-{part}.conllu" for part in parts}


CORPORA = {
    "ud-ewt": Corpus(
        "Universal Dependencies, English Web Treebank",
        _treebank("ud-ewt", "en_ewt", "train", "dev", "test"),
        "https://github.com/UniversalDependencies/UD_English-EWT",
        "CC BY-SA 4.0",
    ),
    "ud-ko-gsd": Corpus(
        "Universal Dependencies, Korean GSD",
        _treebank("ud-ko-gsd", "ko_gsd", "train", "dev", "test"),
        "https://github.com/UniversalDependencies/UD_Korean-GSD",
        "CC BY-SA 4.0",
    ),
    "names": Corpus(
        "Surnames of 18 languages, a file a language",
        {"all": "names"},
        "https://github.com/spro/practical-pytorch",
        "MIT",
    ),
    "tatoeba-kor-eng": Corpus(
        "English sentences with Korean translations, from Tatoeba",
        {"all": "tatoeba-kor-eng/kor.txt"},
        "https://www.manythings.org/anki/",
        "CC BY 2.0 FR",
    ),
}


def locate_corpus(name: str, part: str = "all") -> Path:
    """Find a part of a corpus, plain or .gz: under $RECURRA_DATA, then in the cache.

    Args:
        name: a name of `CORPORA`.
        part: a name of its `parts`.

    Raises:
        DataError: it is not there.
    """
    corpus = CORPORA[name]
    relative = corpus.parts[part]
    places = [Path(os.environ["RECURRA_DATA"])] if os.environ.get("RECURRA_DATA") else []
    for place in [*places, cache_folder()]:
        for path in (place / relative, place / f"{relative}.gz"):
            if path.exists():
                return path
    raise DataError(
        f"{corpus.title} must be here, but {relative} is neither under $RECURRA_DATA nor in "
        f"{cache_folder()}. Get it from {corpus.page} ({corpus.licence}) and put it there, or "
        "give a file of your own in its place. Or try the embedded sample: --sample"
    )


def read_classes(path: str | Path) -> tuple[list[str], list[str]]:
    """Read lines with their classes: from a folder of `CLASS.txt`, or one file of one class.

    Blank lines are left out; a line that its class has twice is kept once.

    Args:
        path: a folder of text files, or a text file (then every class is "").

    Returns:
        The lines, and the class of each.

    Raises:
        DataError: there is no line.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"a file or folder of lines is needed, but {path} is not there.")
    files = sorted(path.glob("*.txt")) if path.is_dir() else [path]
    lines, classes = [], []
    for file in files:
        found = dict.fromkeys(line.strip() for line in read_lines(file) if line.strip())
        lines += list(found)
        classes += [file.stem if path.is_dir() else ""] * len(found)
    if not lines:
        raise DataError(f"lines of text are needed, but {path} holds none.")
    return lines, classes


def read_pairs(path: str | Path) -> tuple[list[str], list[str]]:
    """Read pairs of sentences: a line a pair, separated by a tab; further columns are left out.

    Args:
        path: the file, also .gz.

    Returns:
        The first sentences, and the second.

    Raises:
        DataError: a line has no second sentence, or there is no line.
    """
    path = Path(path)
    sources, targets = [], []
    for number, line in enumerate(read_lines(path), start=1):
        columns = [column.strip() for column in line.split("\t")]
        if columns == [""]:
            continue
        if len(columns) < 2 or not columns[0] or not columns[1]:
            raise DataError(
                f"every line must be two sentences separated by a tab, but line {number} of {path} "
                "is not. Mend it or leave it out."
            )
        sources.append(columns[0])
        targets.append(columns[1])
    if not sources:
        raise DataError(f"pairs of sentences are needed, but {path} holds none.")
    return sources, targets
