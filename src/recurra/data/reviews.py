"""Film reviews with the split that their publishers gave: IMDB in English, NSMC in Korean.

What may trip a reader: IMDB's texts hold `<br />` (a space for every tokenizer) and U+0085 (no end
of a line), and its file names carry the star rating, so names are never read. NSMC quotes fields as
CSV does, has empty documents, and gives some texts both labels.
"""

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from recurra.data.contents import sha256_of_both
from recurra.data.labelled import LabelledTexts, label_texts
from recurra.data.readers import Table, read_table, sha256_of
from recurra.errors import DataError
from recurra.text import duplicate_key

__all__ = ["read_imdb", "read_nsmc"]

Columns = tuple[str, str, str]


def read_imdb(path: Path) -> LabelledTexts:
    """Read IMDB: `train.tsv` with `test.tsv` beside it (also .gz), the archive or its folder.

    Raises:
        DataError: one of the two sides is not there, or cannot be read.
    """
    if path.is_dir() and (path / "train").is_dir():
        return _from_names(path, ((name, file.read_bytes()) for name, file in _files(path)))
    if path.name.endswith(".tar.gz"):
        return _from_names(path, _members(path))
    return _published(path, ("train.tsv", "test.tsv"), ("text", "label", "pos"))


def read_nsmc(path: Path) -> LabelledTexts:
    """Read NSMC: `ratings_train.txt` with `ratings_test.txt` beside it (also .gz), or their folder.

    Raises:
        DataError: one of the two sides is not there, or cannot be read.
    """
    names = ("ratings_train.txt", "ratings_test.txt")
    return _published(path, names, ("document", "label", "1"))


def _published(path: Path, names: tuple[str, str], columns: Columns) -> LabelledTexts:
    folder = path if path.is_dir() else path.parent
    tables = [read_table(_beside(folder, name)) for name in names]
    source = f"{tables[0].source} and {Path(tables[1].source).name}"
    return _joined(tables[0], tables[1], columns, source)


def _beside(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(
        f"the published split is two files, but {name} (or {name}.gz) is not in {folder}. "
        "Put both there."
    )


def _joined(train: Table, test: Table, columns: Columns, source: str) -> LabelledTexts:
    """Put both sides into one, each row knowing its side."""
    text, label, positive = columns
    sides = [label_texts(t, text=text, label=label, positive=positive) for t in (train, test)]
    names = ("training side", "test side")
    notes = [
        f"{name}: {said}" for side, name in zip(sides, names, strict=True) for said in side.notes
    ]
    joined = LabelledTexts(
        np.concatenate([side.texts for side in sides]),
        np.concatenate([side.labels for side in sides]),
        positive,
        source,
        sha256_of_both(train.sha256, test.sha256),
        notes,
        pd.concat([side.other_columns for side in sides], ignore_index=True),
        np.repeat([False, True], [len(side.texts) for side in sides]),
        np.concatenate([sides[0].ids, len(train.frame) + sides[1].ids]),  # as one after the other
    )
    both = _with_both_labels(joined)
    if both:
        joined = replace(joined, notes=[*notes, f"{both:,} texts stand there with both labels"])
    return joined


def _with_both_labels(rows: LabelledTexts) -> int:
    keys = np.array([duplicate_key(text) for text in rows.texts])
    return len(np.intersect1d(keys[rows.numbers == 1], keys[rows.numbers == 0]))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob("t*/*/*.txt")):
        yield path.relative_to(folder).as_posix(), path


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file is not None:
                    yield member.name.removeprefix("aclImdb/"), file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"the archive must be whole, but {path} is not ({error}).") from None


def _from_names(path: Path, files: Iterator[tuple[str, bytes]]) -> LabelledTexts:
    """Read texts whose folders say side and label: `train/pos/0_9.txt`."""
    rows: dict[str, list[tuple[str, str]]] = {"train": [], "test": []}
    digest = hashlib.sha256()
    for name, content in files:
        side, _, rest = name.partition("/")
        label = rest.partition("/")[0]
        if side in rows and label in ("pos", "neg"):
            digest.update(content)
            rows[side].append((content.decode("utf-8", "replace"), label))
    for side, found in rows.items():
        if not found:
            raise DataError(
                f"the reviews must stand in {side}/pos and {side}/neg, but in {path} there are "
                "none. Give the folder aclImdb, or the archive it comes in."
            )
    sha256 = sha256_of(path) if path.is_file() else digest.hexdigest()
    tables = [
        Table(pd.DataFrame(found, columns=["text", "label"]), f"{path}, {side}", sha256)
        for side, found in rows.items()
    ]
    return _joined(tables[0], tables[1], ("text", "label", "pos"), str(path))
