"""Every row of the page of what is read and what is refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recurra.data import (
    label_texts,
    read_classes,
    read_pairs,
    read_series,
    read_table,
    read_tagged,
)
from recurra.errors import DataError
from recurra.markets.prices import read_prices

DOCS = Path(__file__).parents[1] / "docs"
ROW = re.compile(r"^\| (\w+) \| ([^|]+) \| `(\".*?\")` \| (`.*?`|\*.*?\*) \| ", re.M)
READERS: dict[str, Callable[[Path], Any]] = {
    "table": lambda path: read_table(path).frame.to_numpy().tolist(),
    "texts": lambda path: [
        [label, text]
        for read in [label_texts(read_table(path))]
        for label, text in zip(read.labels, read.texts, strict=True)
    ],
    "parquet": lambda path: read_table(path).frame.to_numpy().tolist(),
    "lines": lambda path: read_classes(path)[0],
    "pairs": lambda path: list(map(list, zip(*read_pairs(path), strict=True))),
    "treebank": lambda path: [
        list(map(list, zip(*sentence, strict=True)))
        for read in [read_tagged(path)]
        for sentence in zip(read.words, read.tags, strict=True)
    ],
    "series": lambda path: read_series(path, "y").numbers.tolist(),
    "prices": lambda path: read_prices(path).frame["close"].tolist(),
}


def rows(page: str) -> list[tuple[str, str, str, str]]:
    return ROW.findall((DOCS / page).read_text("utf-8"))


@pytest.mark.parametrize(("reader", "file", "holds", "outcome"), rows("reading.md"))
def test_every_documented_file_comes_out_as_it_says(
    reader: str, file: str, holds: str, outcome: str, tmp_path: Path
) -> None:
    name, _, encoding = file.partition(", ")
    path = tmp_path / name
    if path.suffix == ".parquet":
        pd.DataFrame(json.loads(json.loads(holds))).to_parquet(path)
    else:
        path.write_bytes(json.loads(holds).encode(encoding or "utf-8"))
    if outcome.startswith("`"):
        assert READERS[reader](path) == json.loads(outcome.strip("`"))
    else:
        with pytest.raises(DataError, match=outcome[1:-1]):
            READERS[reader](path)


def test_every_reader_has_rows_of_what_is_read_and_of_what_is_refused() -> None:
    outcomes = {(reader, outcome[0]) for reader, _, _, outcome in rows("reading.md")}
    assert outcomes == {(reader, sign) for reader in READERS for sign in "`*"}


def test_the_korean_page_has_the_same_rows() -> None:
    assert rows("reading.ko.md") == rows("reading.md")
    assert len(rows("reading.md")) == (DOCS / "reading.md").read_text("utf-8").count("\n| ") - 1
