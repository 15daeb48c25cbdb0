import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recurra.data import label_texts, read_table
from recurra.data.labelled import Taught, texts_of
from recurra.data.pieces import read_pieces
from recurra.data.readers import read_lines
from recurra.data.spelling import meant_labels
from recurra.errors import DataError, SettingsError

CSV = "kind,body\nham,see you\nspam,win now\n"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def records(path: Path, **how: str) -> list[list[str]]:
    return read_table(path, **how).frame.to_numpy().tolist()


EXPECTED = [["ham", "see you"], ["spam", "win now"]]


def test_the_same_rows_come_from_every_format(tmp_path: Path) -> None:
    frame = pd.DataFrame(EXPECTED, columns=["kind", "body"])
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_feather(tmp_path / "a.feather")
    write(tmp_path / "a.csv", CSV)
    write(tmp_path / "semicolons.csv", CSV.replace(",", ";"))
    write(tmp_path / "a.tsv", CSV.replace(",", "\t"))
    lines = [json.dumps({"kind": k, "body": b}) for k, b in EXPECTED]
    write(tmp_path / "a.jsonl", "\n".join(lines) + "\n")
    whole = json.dumps([{"kind": k, "body": b} for k, b in EXPECTED], indent=1)
    write(tmp_path / "a.json", whole)
    write(tmp_path / "a_list", whole)
    write(tmp_path / "named.csv", "sep=;\r\n" + CSV.replace(",", ";"))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    write(tmp_path / "without_ending", CSV)
    for name in (
        "semicolons.csv",
        "a.parquet",
        "a.feather",
        "a.csv",
        "a.tsv",
        "a.jsonl",
        "a.json",
        "a_list",
        "named.csv",
        "a.csv.gz",
        "without_ending",
    ):
        assert records(tmp_path / name) == EXPECTED, name


TITLES = {
    "a title": ["Sales of shop A", ""],
    "cells of a title": ["Sales of shop A,,", ",,"],
    "a title of many columns": ["Sales,,", "in thousands,,"],
}


@pytest.mark.parametrize("above", TITLES.values(), ids=TITLES)
def test_lines_of_a_title_above_the_header_are_left_out_and_said(
    above: list[str], tmp_path: Path
) -> None:
    rows = ["day,sold,left", *(f"2024-01-0{n},{n},{9 - n}" for n in range(1, 8))]
    file = write(tmp_path / "t.csv", "\n".join([*above, *rows]))
    found = read_table(file)
    assert list(found.frame.columns) == ["day", "sold", "left"]
    assert len(found.frame) == 7
    assert found.notes == [f"2 lines above the header left out, such as {above[0]!r}"]


def test_a_header_with_one_name_is_no_title(tmp_path: Path) -> None:
    file = write(tmp_path / "t.csv", "text,\n" + "so it is,\nso,yes\n" * 5)
    assert list(read_table(file).frame.columns) == ["text"]


def test_arff_of_numbers_and_names_is_read_and_other_arff_refused(tmp_path: Path) -> None:
    head = "% of Weka\n@relation r\n@attribute 'at 1' numeric\n@attribute kind {1,two}\n@data\n"
    file = write(tmp_path / "a.arff", f"{head}0.5,two\n?,1\n3,?\n")
    assert list(read_table(file).frame.columns) == ["at 1", "kind"]
    assert records(file) == [["0.5", "two"], ["", "1"], ["3", ""]]
    for wrong in (head.replace("numeric", "string"), "@relation r\n", f"{head}1,three\n"):
        write(file, f"{wrong}x,two\n" if "string" in wrong else wrong)
        with pytest.raises(DataError, match="ARFF file must hold|holds none"):
            read_table(file)


@pytest.mark.parametrize("ending", [".txt", ".dat", ".csv"])
def test_numbers_between_spaces_are_a_table(ending: str, tmp_path: Path) -> None:
    lines = [f"  {n % 2 + 1}.0000000e+00  -{n}.5000e-01   nan" for n in range(8)]
    found = read_table(write(tmp_path / f"a_TRAIN{ending}", "\n".join(lines)))
    assert found.frame.iloc[1].to_list() == ["2.0000000e+00", "-1.5000e-01", "nan"]
    labels, said = meant_labels(found.frame.iloc[:, 0])
    assert labels.to_list() == ["1", "2"] * 4
    assert said == ["labels read as whole numbers: 1, 2"]
    words = write(tmp_path / "w.txt", "\n".join(f"{n} words of {n}" for n in range(8)))
    assert read_table(words).frame.shape[1] == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
def test_korean_is_read_in_each_encoding_unasked(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", "분류,내용\n스팸,무료 상담 지금\n정상,점심 먹자\n", encoding)
    assert records(path) == [["스팸", "무료 상담 지금"], ["정상", "점심 먹자"]]


def test_western_accents_are_read_as_latin_1_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "v1,v2\nham,café “now” £5\nspam,über\n", "cp1252")
    table = read_table(path)
    assert table.frame["v2"].tolist() == ["café “now” £5", "über"]
    assert "read as latin-1" in table.notes


def test_bytes_that_cp1252_leaves_undefined_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"v1,v2\nham,\xe9\x81\nspam,x\n")
    assert read_table(path).frame["v2"].tolist() == ["é\x81", "x"]


def test_a_wrong_encoding_given_is_one_clear_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "v1,v2\nham,café\n", "latin-1")
    with pytest.raises(DataError, match="must be utf-8 text, but line 2 of .* --encoding"):
        read_table(path, encoding="utf-8")
    with pytest.raises(DataError, match="must be utf-16 text"):
        read_table(path, encoding="utf-16")
    with pytest.raises(SettingsError, match="one of utf-8, utf-16, cp949, latin-1"):
        read_table(path, encoding="ebcdic")


def test_headerless_tabs_with_bare_quotes_are_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "SMSSpamCollection", 'ham\t"hi" she said\nspam\t"win, now\nham\tok\n')
    table = read_table(path)
    assert table.frame.to_numpy().tolist() == [
        ["ham", '"hi" she said'],
        ["spam", '"win, now'],
        ["ham", "ok"],
    ]
    assert table.notes == ["no header: the first line is data"]


def test_tabs_with_csv_quoting_are_unquoted(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", 'label\ttext\n1\t"say ""hi"""\n0\tplain\n')
    assert records(path) == [["1", 'say "hi"'], ["0", "plain"]]


def test_spill_columns_without_a_name_are_left_out_and_said(tmp_path: Path) -> None:
    path = write(tmp_path / "spam.csv", "v1,v2,,,\r\nham,hi,,,\r\nspam,a,b,,\r\n")
    table = read_table(path)
    assert list(table.frame.columns) == ["v1", "v2"]
    assert table.notes == ["3 columns without a name left out (1 rows had text there)"]


def test_a_text_may_hold_other_line_separators(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "label\ttext\n1\ta\u0085b\u2028c\n0\td\n")
    assert records(path) == [["1", "a\u0085b\u2028c"], ["0", "d"]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"label,text\n", "holds none"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "is a picture"),
        (b"a,b\n1,two words\n2,th\0ree of them\n" * 3, "holds 3, the first in line 3"),
        (b"PAR1 but not really", "Parquet file must be whole"),
        (b"a,b\n1,2\n1,2,3\n", "as many fields as the first.*line 3"),
        (b'{"a": 1}\nnot json\n', "line 2 of .* is not"),
        (b'[{"a": 1},', "a JSON file must be whole"),
        (b'[{"a": 1}, 2]', "item 2 of .* is not"),
        (b"PK\x03\x04 a workbook", "an Excel workbook .* Save its sheet as CSV"),
        (b"\xd0\xcf\x11\xe0 an old one", "Save its sheet as CSV"),
        (b'a,b\n1,"open\n2,"ok"\n3,x\n', "opens in line 2 closes in line 3"),
        (b'a,b\n1,x\n2,"open\n3,x\n', "opens in line 3"),
        (b"\x1f\x8b broken", "whole gzip"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_error(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_a_damaged_gzip_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(CSV.encode() * 50)[:-9])
    with pytest.raises(DataError, match="whole gzip"):
        read_table(path)


def test_a_missing_file_and_a_folder_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No such file"):
        read_table(tmp_path / "no.csv")
    with pytest.raises(DataError, match="is a folder"):
        read_table(tmp_path)


def test_a_known_column_name_makes_a_header_even_where_a_label_is_called_so(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "a.csv", "body,spam\nwin now,spam\nsee you,ham\nhi you,ham\n")
    assert list(read_table(path).frame.columns) == ["body", "spam"]


def test_a_column_name_twice_and_one_column_for_both_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 'text' twice"):
        read_table(write(tmp_path / "a.csv", "label,text,text\nham,a b,c\nspam,c d,e\n"))
    table = read_table(write(tmp_path / "b.csv", CSV))
    with pytest.raises(DataError, match="must be two columns"):
        label_texts(table, text="kind", label="kind")


def test_lines_are_read_one_by_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "하나\r\n둘\n", "cp949")
    assert list(read_lines(path, encoding="cp949")) == ["하나", "둘"]


def test_known_columns_are_guessed_and_said(tmp_path: Path) -> None:
    rows = label_texts(read_table(write(tmp_path / "a.csv", "v1,v2\nham,hi you\nspam,a b\n")))
    assert rows.positive == "spam"
    assert "label column guessed: 'v1'" in rows.notes
    assert "text column guessed: 'v2'" in rows.notes


def test_columns_are_not_guessed_when_two_would_do(tmp_path: Path) -> None:
    text = "a,b,c\nx,one two,three four\ny,one two,three five\n"
    with pytest.raises(DataError, match="2 columns look like text. Give --text with one of: a, b"):
        label_texts(read_table(write(tmp_path / "a.csv", text)), label="a", positive="x")


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "a.csv", CSV))
    with pytest.raises(DataError, match="no 'nope'. The columns are: kind, body"):
        label_texts(table, text="nope", label="kind")


def test_labels_must_be_classes_and_the_positive_one_of_two(tmp_path: Path) -> None:
    many = "label,text\n" + "".join(f"c{i},some text {i}\n" for i in range(40))
    with pytest.raises(DataError, match="the 40 values of 'label' 40 have fewer than 5 rows"):
        label_texts(read_table(write(tmp_path / "a.csv", many)), label="label")
    one = "label,text\nham,a b\nham,c d\n"
    with pytest.raises(DataError, match="holds 1: 'ham'"):
        label_texts(read_table(write(tmp_path / "b.csv", one)))
    table = read_table(write(tmp_path / "c.csv", "label,text\nred,a b\nblue,c d\nred,e f\n"))
    with pytest.raises(DataError, match="cannot be guessed. Give --positive"):
        label_texts(table)
    with pytest.raises(DataError, match="must be one of the labels"):
        label_texts(table, positive="green")
    rows = label_texts(table, positive="blue")
    assert (rows.names, rows.positive) == (("blue", "red"), "blue")
    assert rows.numbers.tolist() == [1, 0, 1]


def test_of_three_classes_none_is_the_one_to_find(tmp_path: Path) -> None:
    text = "label,text\n" + "".join(f"{'abc'[i % 3]},some text {i}\n" for i in range(30))
    table = read_table(write(tmp_path / "a.csv", text))
    rows = label_texts(table)
    assert (rows.names, rows.positive) == (("a", "b", "c"), None)
    assert rows.classes == {"a": 10, "b": 10, "c": 10}
    assert "label column guessed: 'label'" in rows.notes
    assert any(note.startswith("3 classes: ") for note in rows.notes)
    with pytest.raises(DataError, match="names the class to find of two, but 'label' holds 3"):
        label_texts(table, positive="a")


def test_rows_that_judge_a_model_may_have_few_of_its_labels_or_one(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "a.csv", "body,kind,by\na b,work,ann\nc d,work,bob\n"))
    rows = label_texts(table, text="body", taught=Taught(("ham", "spam", "work")))
    assert rows.labels.tolist() == ["work", "work"]
    assert rows.positive is None
    two = label_texts(table, text="body", taught=Taught(("ham", "work"), "work"))
    assert two.positive == "work"


def test_rows_without_text_or_label_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "label,text\nham,a b\nspam,\n,c d\nspam,e f\n"
    rows = label_texts(read_table(write(tmp_path / "a.csv", text)))
    assert rows.texts.tolist() == ["a b", "e f"]
    assert "2 rows without a text or a label left out" in rows.notes
    with pytest.raises(DataError, match="none of the 2 rows"):
        label_texts(read_table(write(tmp_path / "b.csv", "label,text\nham, \nspam,\t\n")))


def test_the_two_known_forms_of_the_sms_spam_collection_are_read(real_data: Path) -> None:
    tabs = label_texts(read_table(real_data / "sms-spam" / "SMSSpamCollection"))
    assert tabs.classes == {"ham": 4827, "spam": 747}
    commas = label_texts(read_table(real_data / "sms-spam" / "spam.csv"))
    assert commas.classes == {"ham": 4825, "spam": 747}
    assert len(set(commas.texts)) == 5169


def test_utf_8_with_a_broken_byte_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"스팸,무료 상담 {i}\n정상,점심 먹자 {i}\n" for i in range(50))
    path.write_bytes(f"분류,내용\n{rows}".encode() + b"\xed\x95\n")
    with pytest.raises(DataError, match="a few broken bytes, the first in line 102"):
        read_table(path)


SHORT, LONG = "정상,집", "스팸,무료 상담 전화를 주세요"


@pytest.mark.parametrize(
    ("wrong", "line", "lines"),
    [
        (set(range(40, 60)), "line 2 is UTF-8 and line 42 is not", [SHORT] * 60),
        (set(range(30)), "line 32 is UTF-8 and line 2 is not", [LONG] * 60),
        (set(range(60)) - {40}, "line 42 is UTF-8 and line 2 is not", [LONG] * 60),
        (set(range(0, 60, 2)), "line 3 is UTF-8 and line 2 is not", [SHORT] * 60),
    ],
)
def test_lines_in_two_encodings_are_refused_with_the_first_line_of_each(
    tmp_path: Path, wrong: set[int], line: str, lines: list[str]
) -> None:
    path = tmp_path / "a.csv"
    rows = [text.encode("cp949" if n in wrong else "utf-8") for n, text in enumerate(lines)]
    path.write_bytes(b"label,text\n" + b"\n".join(rows))
    with pytest.raises(DataError, match=f"in one encoding, but in .* {line}"):
        read_table(path)
    with pytest.raises(DataError, match=f"in one encoding, but in .* {line}"):
        list(read_lines(path))
    with pytest.raises(DataError, match=f"in one encoding, but in .* {line}"):
        read_pieces(path)


def test_cp949_with_a_broken_byte_is_not_taken_for_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{SHORT} {n}".encode("cp949") for n in range(50)]
    path.write_bytes(b"label,text\n" + b"\n".join([*rows, b"a,\xc1\n"]))
    with pytest.raises(DataError, match="whole cp949 text, but .* the first in line 52"):
        read_table(path)


def test_a_chance_line_that_could_be_utf_8_is_no_second_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = ["スパム,無料です、今すぐ電話して下さい", "普通,昼に会いましょう"] * 100
    chance = "a,燿ー"
    assert "\u0801" in chance.encode("cp932").decode("utf-8")
    path.write_bytes("\n".join(["label,text", *rows, chance]).encode("cp932"))
    assert read_table(path).notes[0] == "read as cp932"


@pytest.mark.parametrize("read", [read_table, lambda *a, **k: list(read_lines(*a, **k))])
def test_an_unknown_encoding_is_refused_by_every_reader(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_text("ham\thello\n", "utf-8")
    with pytest.raises(SettingsError, match="must be one of utf-8, utf-16, cp949, latin-1"):
        read(path, encoding="klingon")


def test_korean_names_of_encodings_are_known(tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes("안녕하세요\n".encode("cp949"))
    for name in ("euc-kr", "ms949", "CP949", "uhc"):
        assert list(read_lines(path, encoding=name)) == ["안녕하세요"]


def test_quotes_that_close_early_are_said_and_others_are_a_text(tmp_path: Path) -> None:
    text = 'kind,body\nham,"hi" she said\nspam,a 5" screen\nham,"two\nlines, ""so"""\n'
    table = read_table(write(tmp_path / "a.csv", text))
    assert table.notes == ["1 lines have a quote that closes before its field ends"]
    assert table.frame["body"].tolist() == ["hi she said", 'a 5" screen', 'two\nlines, "so"']
    long = "x" * 300_000  # longer than csv allows unasked
    assert records(write(tmp_path / "b.csv", f'kind,body\nham,"{long}"\n')) == [["ham", long]]


def test_whole_numbers_written_as_floats_are_labels(tmp_path: Path) -> None:
    rows = label_texts(
        read_table(write(tmp_path / "a.csv", "label,text\n1.0,a b\n0.0,c d\n,e f\n"))
    )
    assert (rows.positive, rows.labels.tolist()) == ("1", ["1", "0"])
    assert "labels read as whole numbers: 0, 1" in rows.notes


def test_null_beside_two_classes_is_no_label_and_a_class_where_it_is_one_of_two(
    tmp_path: Path,
) -> None:
    text = "label,text\nham,a b\nNULL,c d\nspam,e f\n"
    rows = label_texts(read_table(write(tmp_path / "a.csv", text)))
    assert rows.labels.tolist() == ["ham", "spam"]
    assert "NULL taken for no label" in rows.notes
    text = "label,text\nnone,a b\nspam,e f\n"
    assert label_texts(read_table(write(tmp_path / "b.csv", text))).classes == {
        "none": 1,
        "spam": 1,
    }


def test_ids_count_the_rows_of_the_file_unusable_ones_too(tmp_path: Path) -> None:
    text = "label,text\nham,a b\nspam,\nspam,c d\n,e f\nham,g h\n"
    path = write(tmp_path / "a.csv", text)
    rows = label_texts(read_table(path))
    assert rows.ids.tolist() == [0, 2, 4]
    assert pd.read_csv(path)["text"].iloc[rows.ids].tolist() == rows.texts.tolist()
    assert rows.take(np.array([2, 0])).ids.tolist() == [4, 0]


JUDGING = "kind,body,by\nSPAM,win now please,ann\nHam,see you there,bob\nham,call me later,ann\n"


def test_labels_that_differ_from_the_models_in_capitals_alone_are_taken_and_said(
    tmp_path: Path,
) -> None:
    table = read_table(write(tmp_path / "a.csv", JUDGING))
    rows = label_texts(table, taught=Taught(("ham", "spam"), "spam"))
    assert rows.labels.tolist() == ["spam", "ham", "ham"]
    assert "labels read: Ham as ham, SPAM as spam" in rows.notes
    with pytest.raises(DataError, match="has 'Ham'"):  # whether it is ham or HAM is not known
        label_texts(table, label="kind", taught=Taught(("HAM", "ham", "SPAM")))


def test_other_labels_than_the_models_are_mapped_left_out_or_refused(tmp_path: Path) -> None:
    text = "kind,body\ngood,see you there\nbad one,win now please\nodd,what is it\n"
    table = read_table(write(tmp_path / "a.csv", text))
    with pytest.raises(DataError, match=r"ham, spam, but .* has 'bad one', 'good', 'odd'") as said:
        label_texts(table, label="kind", taught=Taught(("ham", "spam")))
    assert "--map 'bad one'=… --map good=…" in str(said.value)
    mapped = {"good": "ham", "bad one": "spam", "odd": ""}
    rows = label_texts(table, label="kind", taught=Taught(("ham", "spam"), "spam", mapped=mapped))
    assert rows.labels.tolist() == ["ham", "spam"]
    assert "1 rows without a text or a label left out" in rows.notes
    for wrong, message in (
        ({"goood": "ham"}, "holds no 'goood'. Did you mean 'good'?"),
        ({"good": "hum"}, "'hum' was given. Did you mean 'ham'?"),
    ):
        with pytest.raises((DataError, SettingsError)) as said:
            label_texts(table, label="kind", taught=Taught(("ham", "spam"), mapped=wrong))
        assert message in str(said.value)


def test_the_columns_of_training_are_taken_again_where_they_are_there(tmp_path: Path) -> None:
    text = "kind,title,body,sort\nspam,a b c,win now please,x\nham,d e f,see you there,y\n"
    table = read_table(write(tmp_path / "a.csv", text))
    taught = {"text": "title", "label": "kind"}
    assert texts_of(table, columns=taught)[0] == ["a b c", "d e f"]
    assert "text column as in training: 'title'" in texts_of(table, columns=taught)[1]
    assert texts_of(table, "body", taught)[0] == ["win now please", "see you there"]
    assert texts_of(table, columns={"text": "gone"})[0] == ["win now please", "see you there"]
    rows = label_texts(table, taught=Taught(("ham", "spam"), "spam", taught))
    assert (rows.labels.tolist(), rows.columns) == (["spam", "ham"], taught)
    empty = read_table(write(tmp_path / "b.csv", "text,id\nhi you,1\n,2\n"))
    assert texts_of(empty)[0] == ["hi you", ""]


@pytest.mark.parametrize("first", ['["label", "text"]', "[1]", "[]"])
def test_a_list_is_no_first_line_of_json_lines(tmp_path: Path, first: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{first}\n{{"label": "a", "text": "b"}}\n')
    with pytest.raises(DataError, match=r"JSON lines file must be one object, but line 1 of"):
        read_table(tmp_path / "a.jsonl")


def test_a_line_that_ends_in_a_carriage_return_alone_is_told_from_a_separator(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_bytes(b"label,text\nham,see you\rspam,win\nham,hello\r\n")
    with pytest.raises(DataError, match="carriage return alone ends no line there: end all lines"):
        read_table(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_bytes(b"label,text\nham,see,you\n")
    with pytest.raises(DataError, match="Quote fields that hold the separator"):
        read_table(tmp_path / "a.csv")


def test_several_labels_in_a_cell_are_said_where_a_class_is_asked_for(tmp_path: Path) -> None:
    topics = ["sport", "news", "sport;news", "home"] * 6
    frame = pd.DataFrame({"text": [f"so it is {n}" for n in range(24)], "label": topics})
    frame.to_csv(tmp_path / "a.csv", index=False)
    notes = label_texts(read_table(tmp_path / "a.csv")).notes
    assert any("such as 'sport;news': each combination is a class" in note for note in notes)
    frame["label"] = ["Sci/Tech", "World", "Sports", "Business"] * 6
    frame.to_csv(tmp_path / "a.csv", index=False)
    assert not any(
        "combination" in note for note in label_texts(read_table(tmp_path / "a.csv")).notes
    )
