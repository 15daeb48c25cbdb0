"""Files as people have them: each is read as it is meant, or refused in words."""

import gzip
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import contents, label_texts, read_table
from recurra.data.labelled import Taught
from recurra.data.readers import read_lines
from recurra.errors import DataError
from recurra.text import duplicate_key
from recurra.text.tokenizers import words

ROWS = [["ham", "see you at noon"], ["spam", "win a prize now"], ["ham", "call me later"]] * 4


def write(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def table_of(rows: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in rows)


def texts_of(path: Path, **how: str) -> list[list[str]]:
    rows = label_texts(read_table(path), **how)
    return np.column_stack([rows.labels, rows.texts]).tolist()


def test_a_carriage_return_within_a_text_ends_no_row(tmp_path: Path) -> None:
    rows = [["label", "text"], ["spam", "one\rpart two"], ["ham", "two"], ["spam", '"a\rb"']]
    expected = [["spam", "one\rpart two"], ["ham", "two"], ["spam", "a\rb"]]
    for end in ("\n", "\r\n", "\r\r\n"):
        path = write(tmp_path / "a.csv", table_of(rows, end=end))
        assert read_table(path).frame.to_numpy().tolist() == expected, repr(end)
    tabs = [["label", "text"], ["spam", "one\rham\ttwo"], ["ham", "x"]]
    with pytest.raises(DataError, match="line 2, saw 3"):
        read_table(write(tmp_path / "a.tsv", table_of(tabs, "\t", "\r\n")))


def test_a_header_cell_of_two_lines_is_one_name(tmp_path: Path) -> None:
    for line_end in ("\r", "\n"):
        path = write(tmp_path / "a.csv", f'label;"text{line_end}body"\nham;hi, you\nspam;win\n')
        assert list(read_table(path).frame.columns) == ["label", f"text{line_end}body"]


def test_a_file_of_carriage_returns_alone_is_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "label,text\rham,hi\rspam,win\r")
    assert read_table(path).frame.to_numpy().tolist() == [["ham", "hi"], ["spam", "win"]]


def test_lines_and_tables_end_rows_alike(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "one\rstill one\r\ntwo\u0085\u2028still two\n")
    assert list(read_lines(path)) == ["one\rstill one", "two\u0085\u2028still two"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("above", ["", "\n", "\r\n  \r\n"])
def test_the_separator_is_seen_below_blank_lines(
    tmp_path: Path, separator: str, above: str
) -> None:
    path = write(tmp_path / "a", above + table_of([["label", "text"], *ROWS], separator))
    assert texts_of(path) == ROWS


@pytest.mark.parametrize("separator", [";", "|", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_the_separator_is_seen_without_a_header_in_texts_full_of_commas(
    tmp_path: Path, separator: str, quote: str
) -> None:
    rows = [[label, f"{text}, well, yes"] for label, text in ROWS]
    written = [[label, f"{quote}{text}{quote}"] for label, text in rows]
    path = write(tmp_path / "a.csv", table_of(written, separator))
    assert texts_of(path) == rows


def test_stray_separators_at_the_end_of_a_row_are_no_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "label,text\nham,hi,,\nspam,win\n")
    assert read_table(path).frame.to_numpy().tolist() == [["ham", "hi"], ["spam", "win"]]


ENCODED = {
    "cp949": "분류,내용\n" + "정상,see you at noon\n스팸,win a prize now\n" * 200,
    "cp932": "label,text\n良,とても面白い映画でした\n悪,つまらなかったです\n",
    "euc_jp": "label,text\n良,とても面白い映画でした\n悪,つまらなかったです\n",
    "gb18030": "label,text\n好,这部电影非常好看，大家都喜欢\n坏,太无聊了，我不推荐给朋友\n",
    "cp1251": "label,text\nда,очень интересный фильм\nнет,скучно и долго\n",
    "latin-1": "label,text\noui,très beau film, à voir\nnon,c'était ennuyé\n".replace(
        "film,", "film"
    ),
}


@pytest.mark.parametrize("encoding", ENCODED)
def test_an_encoding_is_recognised_and_said_with_a_word(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", ENCODED[encoding], encoding)
    table = read_table(path)
    assert (
        table_of([list(table.frame.columns), *table.frame.to_numpy().tolist()])
        == (ENCODED[encoding])
    )
    assert table.notes[0] == f"read as {encoding}"
    assert "a word in it" in table.notes[1]
    given = read_table(path, encoding=encoding)
    assert given.notes == [f"read as {encoding}"]
    assert given.frame.equals(table.frame)


@pytest.mark.parametrize(
    "korean", ["분류,내용\n", "label,text\n부정,dull\n", "label,text\nㅋㅋ,x\n"]
)
def test_one_korean_word_among_thousands_makes_a_file_korean(tmp_path: Path, korean: str) -> None:
    path = write(tmp_path / "a.csv", korean + "ham,see you at noon\n" * 3000, "cp949")
    table = read_table(path)
    assert table.notes[0] == "read as cp949"
    assert korean.splitlines()[0].split(",") == list(table.frame.columns)


@pytest.mark.parametrize("text", ["ÄÖ, naïve “so” £5", "Äpfel", "ÉTÉ", "señor Ñ"])
def test_accents_are_not_taken_for_korean(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "a.csv", f'label,text\nham,"{text}"\nspam,win\n', "cp1252")
    assert read_table(path).frame["text"].tolist() == [text, "win"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32"])
def test_wide_characters_are_read_with_and_without_a_mark(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", table_of([["label", "text"], *ROWS]), encoding)
    assert texts_of(path) == ROWS
    if encoding != "utf-32":
        assert read_table(path, encoding=encoding).notes == ["read as utf-16"]


def test_names_and_labels_are_alike_however_a_mac_writes_them(tmp_path: Path) -> None:
    rows = [["분류", "내용"], ["정상", "점심 먹자"], ["스팸", "무료 상담"], ["스팸\u200b", "무료"]]
    apart = [[unicodedata.normalize("NFD", cell) for cell in row] for row in rows[:3]] + rows[1:]
    path = write(tmp_path / "a.csv", table_of(apart))
    for form in ("NFC", "NFD"):
        name, spam = unicodedata.normalize(form, "분류"), unicodedata.normalize(form, "스팸")
        found = label_texts(read_table(path), label=name, positive=spam)
        assert found.classes == {"스팸": 3, "정상": 2}


def test_numbers_written_in_two_ways_are_two_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "label,text\n1,a b\n1.0,c d\n0,e f\n0.00,g h\n,i j\n")
    assert label_texts(read_table(path)).classes == {"0": 2, "1": 2}
    path = write(tmp_path / "b.csv", "label,text\n1.5,a b\n1,c d\n")
    assert label_texts(read_table(path), positive="1").classes == {"1": 1, "1.5": 1}


def test_nan_as_one_of_two_classes_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "label,text\nspam,a b\nnan,c d\n")
    assert "nan taken for a class, as there are but two" in label_texts(read_table(path)).notes


INVISIBLE = ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u200f", "\u3164", "\ufe0f"]


@pytest.mark.parametrize("sign", INVISIBLE)
def test_what_nobody_sees_hides_no_duplicate_and_makes_no_token(sign: str) -> None:
    text = f"{sign}win a pr{sign}ize{sign}"
    assert duplicate_key(text) == duplicate_key("win a prize")
    assert words(text) == ["win", "a", "prize"]


def test_half_an_emoji_is_marked_and_said(tmp_path: Path) -> None:
    lines = [
        '{"text": "cut \\ud83d", "label": "ham"}',
        '{"text": "\\ud83d\\ude00", "label": "spam"}',
    ]
    table = read_table(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert table.frame["text"].tolist() == ["cut \ufffd", "😀"]
    named = read_table(write(tmp_path / "b.jsonl", '{"a\\ud83d": 1}'))
    assert list(named.frame.columns) == ["a\ufffd"]
    assert "1 cells held half of a sign" in table.notes[0]


RECORDS = [{"label": "ham", "text": "hi you"}, {"label": "spam", "text": "win now"}]


@pytest.mark.parametrize(
    "write_json",
    [
        lambda frame: frame.to_json(),
        lambda frame: frame.to_json(orient="records", indent=2),
        lambda frame: "\n \n" + frame.to_json(orient="records"),
        lambda frame: frame.to_json(orient="records", lines=True),
        lambda frame: "\n" + frame.to_json(orient="records", lines=True),
        lambda frame: frame.to_json(orient="split"),
        lambda frame: frame.to_json(orient="table"),
        lambda frame: json.dumps(frame.to_dict("list"), indent=1),
        lambda frame: json.dumps({"data": RECORDS}),
    ],
)
def test_json_is_read_however_pandas_writes_it(
    tmp_path: Path, write_json: Callable[[pd.DataFrame], str]
) -> None:
    path = write(tmp_path / "a.json", write_json(pd.DataFrame(RECORDS)))
    frame = read_table(path).frame
    assert frame[["label", "text"]].to_dict("records") == RECORDS


def test_what_is_true_or_false_is_named_as_json_writes_it_whatever_kind_the_file_is(
    tmp_path: Path,
) -> None:
    rows = [{"text": f"line {n}", "label": n % 2 == 0} for n in range(20)]
    lines = write(tmp_path / "a.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    pd.DataFrame(rows).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame(rows).to_feather(tmp_path / "a.feather")
    for path in (lines, tmp_path / "a.parquet", tmp_path / "a.feather"):
        found = label_texts(read_table(path))
        assert found.classes == {"false": 10, "true": 10}
        assert found.positive == "true"
    known = Taught(("false", "true"), "true", {"text": "text", "label": "label"})
    earlier = Taught(("False", "True"), "True", {"text": "text", "label": "label"})
    assert label_texts(read_table(lines), taught=known).names == known.classes
    assert label_texts(read_table(lines), taught=earlier).names == earlier.classes


def test_a_label_is_named_as_the_file_has_it_or_as_it_is_read(tmp_path: Path) -> None:
    rows = "".join(f"line {n},{n % 2}.0\n" for n in range(20))
    path = write(tmp_path / "a.csv", f"text,label\n{rows}")
    for given in ("1.0", "1"):
        assert label_texts(read_table(path), positive=given).positive == "1"
    known = Taught(("no", "yes"), "yes", mapped={"1.0": "yes", "0.0": "no"})
    assert label_texts(read_table(path), taught=known).classes == {"no": 10, "yes": 10}


def test_what_json_calls_missing_is_an_empty_cell(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.jsonl", '{"text": NaN, "label": 1}\n{"text": null}\n{"label": 2.5}\n'
    )
    assert read_table(path).frame[["text", "label"]].to_numpy().tolist() == [
        ["", "1"],
        ["", ""],
        ["", "2.5"],
    ]


@pytest.mark.parametrize("cell", [["two", "words"], {"en": "two words"}])
def test_a_list_or_an_object_in_a_cell_is_refused_by_its_place(
    tmp_path: Path, cell: object
) -> None:
    rows = [{"text": "fine", "label": "a"}, {"text": cell, "label": "b"}]
    lines = "\n".join(map(json.dumps, rows))
    with pytest.raises(DataError, match="'text' in line 2 of .* (a list|an object)"):
        read_table(write(tmp_path / "a.jsonl", lines))
    with pytest.raises(DataError, match="'text' in line 1 of .* (a list|an object)"):
        read_table(write(tmp_path / "b.jsonl", json.dumps(rows[1])))
    pd.DataFrame({"text": [cell], "label": ["a"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="'text' in row 1 of .* (a list|an object)"):
        read_table(tmp_path / "a.parquet")


def test_a_named_index_of_parquet_is_a_column(tmp_path: Path) -> None:
    pd.DataFrame(RECORDS).set_index("label").to_parquet(tmp_path / "a.parquet")
    assert list(read_table(tmp_path / "a.parquet").frame.columns) == ["label", "text"]


def test_fasttext_lines_are_a_label_and_a_text(tmp_path: Path) -> None:
    lines = "".join(f"__label__{label} {text}\n" for label, text in ROWS)
    assert texts_of(write(tmp_path / "a.txt", lines)) == ROWS
    with pytest.raises(DataError, match="line 1 .* is not. Give each text one label"):
        read_table(write(tmp_path / "b.txt", "__label__a __label__b text\n"))


def test_a_web_page_in_place_of_a_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a web page"):
        read_table(write(tmp_path / "a.csv", "<!DOCTYPE html>\n<html><body>Log in</body></html>\n"))


def test_what_unpacks_without_end_is_refused_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "UNASKED_BYTES", 1 << 20)
    bomb = write(tmp_path / "a.csv.gz", gzip.compress(b"a" * (8 << 20)))
    with pytest.raises(DataError, match="may unpack to"):
        read_table(bomb)
    pd.DataFrame({"text": ["x" * 200] * 200_000}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="may unpack to"):
        read_table(tmp_path / "a.parquet")
    monkeypatch.setattr(contents, "MOST_BYTES", 1 << 21)
    with pytest.raises(DataError, match="holds more"):
        read_table(write(tmp_path / "big.csv", b"a,b\n" * (1 << 20)))


def test_endless_lines_and_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at most 16,777,216 characters"):
        read_table(write(tmp_path / "a.csv", "label,text\nham," + "a" * (17 << 20)))
    with pytest.raises(DataError, match="may have 10,000 columns"):
        read_table(write(tmp_path / "b.csv", "a," * 20_000 + "\n1\n"))
    lines = "".join(f'{{"name{i}": 1}}\n' for i in range(11_000))
    with pytest.raises(DataError, match="the same few names"):
        read_table(write(tmp_path / "c.jsonl", lines))


def test_json_too_deep_to_read_is_refused(tmp_path: Path) -> None:
    for content in ("[" * 200_000, '{"a":' * 200_000, "[" + "9" * 5000 + "]"):
        with pytest.raises(DataError):
            read_table(write(tmp_path / "a.json", content))


@pytest.mark.parametrize(("typed", "kept"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_file_is_found_by_its_name_however_its_letters_are_composed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str, kept: str
) -> None:
    monkeypatch.chdir(tmp_path)
    table = "본문,구분\n당첨 축하,스팸\n저녁 먹자,정상\n내일 보자,정상\n공짜 경품,스팸\n"
    Path(unicodedata.normalize(kept, "자료")).mkdir()
    (tmp_path / unicodedata.normalize(kept, "자료/글.csv")).write_bytes(table.encode("cp949"))
    asked = unicodedata.normalize(typed, "자료/글.csv")
    assert list(read_table(asked).frame) == ["본문", "구분"]
    done = CliRunner().invoke(app, ["look", asked])
    assert done.exit_code == 0, done.output
