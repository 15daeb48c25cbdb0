"""Damaged files through all readers: each is read, or refused by an error of ours, in good time.

`RECURRA_FUZZ` says how many are tried of all readers together (`make fuzz`: 20,000).
"""

import gzip
import io
import json
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recurra.data import (
    Layout,
    label_texts,
    read_classes,
    read_imdb,
    read_nsmc,
    read_pairs,
    read_sequences,
    read_series,
    read_table,
    read_tagged,
)
from recurra.errors import DataError, RecurraError
from recurra.markets.checks import check_prices
from recurra.markets.prices import read_prices
from recurra.markets.rows import rows_of
from recurra.markets.sessions import without_closed_days
from recurra.markets.sources import FolderSource
from recurra.text import duplicate_key
from tests.written_workbooks import workbook

TRIED = int(os.environ.get("RECURRA_FUZZ", "400"))
LONGEST = 60.0  # seconds for one file, on a machine that does much else
TEXTS = [("ham", "see you, at noon"), ("spam", "무료 상담 지금"), ("ham", 'say "hi"\nnow')] * 4
PLAIN = [(label, text.replace('"', "").replace("\n", " ")) for label, text in TEXTS]


def csv(rows: list[tuple[str, str]], separator: str = ",", encoding: str = "utf-8") -> bytes:
    frame = pd.DataFrame(rows, columns=["label", "text"])
    return frame.to_csv(index=False, sep=separator).encode(encoding)


def parquet(frame: pd.DataFrame) -> bytes:
    return frame.to_parquet(index=False)


def prices(**how: object) -> bytes:
    days = pd.bdate_range("2023-01-02", periods=150)
    close = 100 + np.cumsum(np.random.default_rng(0).normal(0, 1, 150)).round(2)
    frame = pd.DataFrame({"Date": days.strftime(str(how.pop("style", "%Y-%m-%d"))), "Open": close})
    frame["High"], frame["Low"], frame["Close"] = close + 1, close - 1, close
    frame["Volume"], frame["Adj Close"] = 1000 + np.arange(150), close / 2
    return frame.to_csv(index=False, **how).encode()


def treebank() -> bytes:
    line = "{}\t{}\t_\t{}" + "\t_" * 6
    words = [line.format(1, "새가", "NOUN"), line.format(2, "sing", "VERB"), ""]
    return "\n".join(["# text = x", *words] * 5).encode()


def archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for side in ("train", "test"):
            for label in ("pos", "neg"):
                content = f"a film {side} {label}".encode()
                member = tarfile.TarInfo(f"aclImdb/{side}/{label}/0_9.txt")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def labelled(path: Path) -> None:
    table = read_table(path)
    rows = label_texts(table)
    assert len(rows.texts) == len(rows.labels) > 0
    for text in rows.texts:
        duplicate_key(text)
        text.encode()  # what is read can be written


def priced(path: Path) -> None:
    found = read_prices(path, "005930")
    index = found.frame.index
    assert index.is_monotonic_increasing
    assert index.is_unique
    assert not index.hasnans
    check_prices(found).model_dump_json(by_alias=True)
    rows_of({"005930": without_closed_days(found).frame})


def nsmc(path: Path) -> None:
    whole = "id\tdocument\tlabel\n1\t좋다\t1\n2\t별로\t0\n"
    path.with_name("ratings_test.txt").write_text(whole, "utf-8")
    read_nsmc(path)


def moves() -> bytes:
    rows = [f"{who},{t},{t * 0.5},{'uv'[who % 2]}" for who in range(4) for t in range(5)]
    return "\n".join(["who,t,x,kind", *rows]).encode()


def logged() -> bytes:
    rows = [f"2024-01-{n // 24 + 1:02},{n % 24}:00,{n * 0.5}" for n in range(60)]
    return "\n".join(["Date,Time,sold", *rows]).encode()


def feather(frame: pd.DataFrame) -> bytes:
    packed = io.BytesIO()
    frame.to_feather(packed)
    return packed.getvalue()


def packed_workbook() -> bytes:
    packed = io.BytesIO()
    workbook(packed, s=[["label", "text"], *map(list, TEXTS)])
    return packed.getvalue()


def packed_arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, X=np.arange(24.0).reshape(4, 3, 2), y=np.arange(4) % 2)
    return file.getvalue()


LONG = Layout(id="who", time="t", label="kind")
RECORDS = [{"label": label, "text": text} for label, text in TEXTS]
FRAME = pd.DataFrame(RECORDS)
Reader = Callable[[Path], object]
FILES: dict[str, tuple[str, bytes, Reader]] = {
    "csv": ("a.csv", csv(TEXTS), labelled),
    "csv of windows": ("a.csv", csv(PLAIN).replace(b"\n", b"\r\n"), labelled),
    "semicolons": ("a.csv", csv(TEXTS, ";"), labelled),
    "tsv": ("a.tsv", csv(PLAIN, "\t"), labelled),
    "cp949": ("a.csv", csv(TEXTS, encoding="cp949"), labelled),
    "utf-16": ("a.csv", csv(TEXTS, encoding="utf-16"), labelled),
    "no ending": ("a", csv(TEXTS, "|"), labelled),
    "packed": ("a.csv.gz", gzip.compress(csv(TEXTS)), labelled),
    "json lines": ("a.jsonl", "\n".join(map(json.dumps, RECORDS)).encode(), labelled),
    "json": ("a.json", json.dumps(RECORDS).encode(), labelled),
    "json columns": ("a.json", FRAME.to_json().encode(), labelled),
    "parquet": ("a.parquet", parquet(FRAME), labelled),
    "feather": ("a.feather", feather(FRAME), labelled),
    "workbook": ("a.xlsx", packed_workbook(), labelled),
    "titled": ("a.csv", b"Messages of 2024\n\n" + csv(TEXTS), labelled),
    "fasttext": ("a.txt", b"".join(f"__label__{a} {b}\n".encode() for a, b in PLAIN), labelled),
    "nsmc": ("ratings_train.txt", "id\tdocument\tlabel\n1\t좋다\t1\n2\t별로\t0\n".encode(), nsmc),
    "imdb": ("aclImdb_v1.tar.gz", archive(), read_imdb),
    "treebank": ("t.conllu", treebank(), read_tagged),
    "word columns": ("t.conll", "Kim PER\n5 NUM\n\n새가 O\n".encode() * 5, read_tagged),
    "pairs": ("p.txt", "1\tHi.\t2\t안녕.\n3\tGo.\t4\t가.\n".encode() * 5, read_pairs),
    "lines": ("Korean.txt", "김\n이\n박\n".encode() * 5, read_classes),
    "series": ("s.csv", prices(), lambda path: read_series(path, "Close")),
    "logged series": ("s.csv", logged(), lambda path: read_series(path, "sold")),
    "arff": (
        "w.arff",
        b"@relation r\n@attribute a numeric\n@attribute b numeric\n@attribute label {u,v}\n@data\n"
        + b"1,2.5,u\n?,3,v\n" * 3,
        read_sequences,
    ),
    "spaced numbers": (
        "w_TRAIN.txt",
        b"  1.0e+00 -2.5e-01 3\n  2.0e+00 0.5 nan\n" * 4,
        lambda path: read_sequences(path, Layout(label="column 1")),
    ),
    "long sequences": ("l.csv", moves(), lambda path: read_sequences(path, LONG)),
    "wide sequences": ("w.csv", b"label,a,b\n" + b"u,1,2.5\nv,3,\n" * 3, read_sequences),
    "ts sequences": (
        "t.ts",
        b"@problemName x\n@classLabel true u v\n@data\n1,2:3,4:u\n?,2,5:1,1,1:v\n",
        read_sequences,
    ),
    "sequences of numpy": ("n.npz", packed_arrays(), read_sequences),
    "prices": ("p.csv", prices(), priced),
    "prices of Europe": ("p.csv", prices(sep=";", decimal=",", style="%d.%m.%Y"), priced),
    "prices of America": ("p.csv", prices(style="%b %d, %Y"), priced),
    "prices with a zone": ("p.csv", prices(style="%Y-%m-%d 00:00:00+09:00"), priced),
    "prices in parquet": ("p.parquet", parquet(pd.read_csv(io.BytesIO(prices()))), priced),
    "listing": (
        "KRX.csv",
        ",Code,Name,Market,Close\n0,000660,SK,KOSPI,1000\n1,5930,삼성,KOSPI,100\n".encode(),
        lambda path: FolderSource(path.parent).listing("KOSPI"),
    ),
}
INSERTED = [b"\0", b"\r", b"\n", b"\r\n", b'"', b",", b"\t", b"\xef\xbb\xbf", b"\xff\xfe", b"\\"]
INSERTED += [b"-", b"nan", b"9" * 40, b"1e999", b"\xed\xa0\xbd", b"\x1f\x8b", b"0000-00-00", b"%"]
INSERTED += [
    b"{",
    b"]",
    b"\\ud83d",
    "\u200b".encode(),
    b"__label__",
    b"PAR1",
    b"@data",
    b"ARROW1",
    b"PK\x03\x04",
]
ENCODINGS = ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp949", "cp932", "latin-1", "utf-8-sig"]


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Change a file in up to four places: flip, cut, double, insert, swap, encode anew."""
    for _ in range(random.integers(1, 5)):
        place = int(random.integers(0, len(content) + 1))
        end = min(len(content), place + int(random.integers(1, 40)))
        kind = random.integers(0, 8)
        if kind == 0 and place < len(content):
            flipped = content[place] ^ (1 << int(random.integers(0, 8)))
            content = content[:place] + bytes([flipped]) + content[place + 1 :]
        elif kind == 1:
            content = content[:place] + content[end:]
        elif kind == 2:
            content = content[:place]
        elif kind == 3:
            times = int(random.integers(1, 30))
            content = content[:end] + content[place:end] * times + content[end:]
        elif kind in (4, 5):
            content = content[:place] + INSERTED[random.integers(len(INSERTED))] + content[place:]
        elif kind == 6:
            content = content[place:end] + content[:place] + content[end:]
        else:
            text = content.decode("utf-8", "replace")
            content = text.encode(ENCODINGS[random.integers(len(ENCODINGS))], "replace")
    return content


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_read_or_refused_in_words(name: str, tmp_path: Path) -> None:
    file_name, content, read = FILES[name]
    path = tmp_path / file_name
    path.write_bytes(content)
    read(path)  # whole, it is read
    for seed in range(max(1, TRIED // len(FILES))):
        path.write_bytes(damaged(content, np.random.default_rng([seed, len(name)])))
        began = time.perf_counter()
        said = what_is_said(lambda: read(path), f"seed {seed} of {name!r}")
        assert len(said) < 2000, said
        assert time.perf_counter() - began < LONGEST, seed


def what_is_said(read: Callable[[], object], what: str) -> str:
    """Give the words of a refusal, none where a file is read; any other exception fails."""
    try:
        read()
    except RecurraError as error:
        return str(error)
    except Exception as error:
        raise AssertionError(f"{what} raises {error!r}") from error
    return ""


def test_the_test_sees_an_exception_that_is_none_of_ours() -> None:
    def fails() -> None:
        raise KeyError("name")

    with pytest.raises(AssertionError, match="seed 0 raises KeyError"):
        what_is_said(fails, "seed 0")


def test_a_cell_of_many_letters_is_cut_in_a_message(tmp_path: Path) -> None:
    days = "".join(f"2024-01-{day:02},{day},1,1,1\n" for day in range(2, 30))
    head = "Date,Close,Open,High,Low\n"
    cells = "no number " * 1000
    (tmp_path / "p.csv").write_text(f"{head}{days}2024-01-30,{cells},1,1,1\n")
    for read in (lambda path: read_series(path, "Close"), lambda path: read_prices(path, "X")):
        with pytest.raises(DataError, match="'no number no") as told:
            read(tmp_path / "p.csv")
        assert len(str(told.value)) < 300
