import gzip
from pathlib import Path

import pytest

from recurra.data import (
    TaggedSentences,
    locate_corpus,
    open_lines,
    open_pairs,
    open_sentences,
    read_classes,
    read_pairs,
    read_tagged,
)
from recurra.errors import DataError


def word(number: object, form: str, tag: str) -> str:
    return f"{number}\t{form}\t_\t{tag}" + "\t_" * 6


TREEBANK = "\n".join(
    [
        "# sent_id = 1",
        "# text = Don't go",
        word("1-2", "Don't", "_"),
        word(1, "Do", "AUX"),
        word(2, "n't", "PART"),
        word(3, "go", "VERB"),
        word("3.1", "there", "ADV"),
        "",
        "",
        "# sent_id = 2",
        word(1, "10 000", "NUM"),
        word(2, "새가", "NOUN"),
    ]
)


def test_multiword_tokens_empty_nodes_and_comments_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "t.conllu"
    file.write_text(TREEBANK, "utf-8")
    read = read_tagged(file)
    assert read.words == [["Do", "n't", "go"], ["10 000", "새가"]]
    assert read.tags == [["AUX", "PART", "VERB"], ["NUM", "NOUN"]]
    assert len(read) == 2
    assert len(read.sha256) == 64


def test_gzip_and_windows_line_ends_read_the_same(tmp_path: Path) -> None:
    plain, packed = tmp_path / "t.conllu", tmp_path / "t.conllu.gz"
    plain.write_bytes(TREEBANK.replace("\n", "\r\n").encode())
    packed.write_bytes(gzip.compress(TREEBANK.encode()))
    assert read_tagged(plain).words == read_tagged(packed).words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds none"),
        ("# only a comment\n", "holds none"),
        ("1\tword\tNOUN\n", "line 1 .* has 3"),
        ("\n" + word("x", "word", "NOUN"), "line 2 .* begins with 'x'"),
        (word(1, "word", "_"), "line 1 .* none"),
    ],
)
def test_what_is_not_a_treebank_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "t.conllu"
    file.write_text(text, "utf-8")
    with pytest.raises(DataError, match=message):
        read_tagged(file)
    with pytest.raises(DataError, match="No such file"):
        read_tagged(tmp_path / "none.conllu")


def read_text(folder: Path, text: str, encoding: str = "utf-8") -> TaggedSentences:
    file = folder / "t.conllu"
    file.write_bytes(text.encode(encoding))
    return read_tagged(file)


def test_a_word_numbered_one_begins_a_sentence_and_is_said(tmp_path: Path) -> None:
    lines = [
        word(1, "Birds", "NOUN"),
        word(2, "sing", "VERB"),
        "# text = Go",
        word(1, "Go", "VERB"),
    ]
    read = read_text(tmp_path, "\n".join(lines))
    assert read.words == [["Birds", "sing"], ["Go"]]
    assert read.notes == ["1 sentences begin without a blank line before them"]


@pytest.mark.parametrize("numbers", [(1, 3), (1, 2, 2), (2, 3), (1, 2, 4)])
def test_words_out_of_order_are_refused(tmp_path: Path, numbers: tuple[int, ...]) -> None:
    lines = [word(number, "x", "X") for number in numbers]
    with pytest.raises(DataError, match="numbered one by one"):
        read_text(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("form", ["", " ", "\u200b"])
def test_a_word_that_nobody_sees_is_refused(tmp_path: Path, form: str) -> None:
    with pytest.raises(DataError, match="line 1 .* has none"):
        read_text(tmp_path, word(1, form, "NOUN"))


def test_other_tags_than_the_universal_ones_are_named(tmp_path: Path) -> None:
    line = "1\ta\ta\t_\tDT" + "\t_" * 5
    with pytest.raises(DataError, match="XPOS has one: --tags XPOS"):
        read_text(tmp_path, line)


def test_another_encoding_of_a_treebank_is_read_and_said(tmp_path: Path) -> None:
    for form, encoding in (("naïve", "latin-1"), ("새가", "cp949")):
        read = read_text(tmp_path, word(1, form, "X"), encoding)
        assert read.words == [[form]]
        assert read.notes[0] == f"read as {encoding}"


@pytest.mark.parametrize("between", [" ", "\t"])
@pytest.mark.parametrize("columns", [1, 3])
def test_a_word_and_columns_of_tags_are_read(tmp_path: Path, between: str, columns: int) -> None:
    rows = [["-DOCSTART-", "O"], [], ["Kim", "PER"], ["5", "NUM"], [], ["sings", "O"], [], []]
    for row in rows:
        row[1:1] = ["-X-"] * (columns - 1) if row else []
    text = "\r\n".join(between.join(row) for row in rows)
    read = read_text(tmp_path, text)
    assert read.words == [["Kim", "5"], ["sings"]]
    assert read.tags == [["PER", "NUM"], ["O"]]
    with pytest.raises(DataError, match="line 2 .* has"):
        read_text(tmp_path, "Kim PER\nsings\n")


def test_a_corpus_is_found_under_recurra_data_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DataError, match=r"UD_English-EWT \(CC BY-SA 4.0\).*--sample"):
        locate_corpus("ud-ewt", "train")
    cached = tmp_path / "cache" / "ud-ewt" / "en_ewt-ud-train.conllu.gz"
    mine = tmp_path / "mine" / "ud-ewt" / "en_ewt-ud-train.conllu"
    for path in (cached, mine):
        path.parent.mkdir(parents=True)
        path.touch()
    assert locate_corpus("ud-ewt", "train") == cached
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path / "mine"))
    assert locate_corpus("ud-ewt", "train") == mine


def test_the_file_names_are_the_classes_and_a_line_counts_once(tmp_path: Path) -> None:
    (tmp_path / "Czech.txt").write_text("Dvořák\n\nHusák\nDvořák\n", "utf-8")
    (tmp_path / "Korean.txt").write_text("김\nHusák\n", "utf-8")
    lines, classes = read_classes(tmp_path)
    assert lines == ["Dvořák", "Husák", "김", "Husák"]
    assert classes == ["Czech", "Czech", "Korean", "Korean"]
    assert read_classes(tmp_path / "Korean.txt") == (["김", "Husák"], ["", ""])
    (tmp_path / "none").mkdir()
    for wrong in (tmp_path / "none", tmp_path / "nowhere"):
        with pytest.raises(DataError):
            read_classes(wrong)


def test_pairs_are_the_first_two_columns(tmp_path: Path) -> None:
    file = tmp_path / "p.txt"
    file.write_text("Hi.\t안녕.\tby someone\n\nGo.\t가.\n", "utf-8")
    assert read_pairs(file) == (["Hi.", "Go."], ["안녕.", "가."])
    file.write_text("Hi.\t안녕.\nGo.\n", "utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_pairs(file)
    file.write_text("\n", "utf-8")
    with pytest.raises(DataError, match="holds none"):
        read_pairs(file)


def test_numbers_codes_and_names_of_columns_are_no_sentences(tmp_path: Path) -> None:
    expected = (["Hi.", "Go."], ["안녕.", "가."])
    for text in (
        "English\tKorean\nHi.\t안녕.\nGo.\t가.\n",
        "17\tHi.\t18\t안녕.\n20\tGo.\t31\t가.\n",
        "eng\tHi.\tkor\t안녕.\neng\tGo.\tkor\t가.\n",
        "1\teng\tHi.\t2\tkor\t안녕.\n3\teng\tGo.\t4\tkor\t가.\n",
        "\ufeffHi.\t안녕.\r\n\u200b\r\nGo.\t가.\r\n",
    ):
        file = tmp_path / "p.txt"
        file.write_text(text, "utf-8", newline="")
        assert read_pairs(file) == expected, text
    file.write_text("Hi.\t\u200b\nGo.\t가.\n", "utf-8")
    with pytest.raises(DataError, match="line 1"):
        read_pairs(file)
    file.write_text("Hi.\tx\nGo.\tx\nCome.\tx\n", "utf-8")
    with pytest.raises(DataError, match="every line has 'x'"):
        read_pairs(file)


def test_the_real_corpora_have_the_sizes_they_are_known_for(real_data: Path) -> None:
    sizes = {("ud-ewt", "dev"): 2001, ("ud-ewt", "test"): 2077, ("ud-ko-gsd", "dev"): 950}
    for (name, part), sentences in sizes.items():
        assert len(read_tagged(locate_corpus(name, part))) == sentences
    assert len(set(read_classes(locate_corpus("names"))[1])) == 18
    assert len(read_pairs(locate_corpus("tatoeba-kor-eng"))[0]) == 3798


def test_what_is_left_out_of_lines_and_pairs_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Kim\nLee\nKim\n")
    assert "1 lines that their class has twice left out" in open_lines(str(tmp_path)).notes
    (tmp_path / "b.txt").write_bytes("English\tKorean\nHi.\t안녕.\n".encode("cp949"))
    notes = open_pairs(str(tmp_path / "b.txt")).notes
    assert "read as cp949" in notes
    assert "the first line names the columns: English, Korean" in notes
    (tmp_path / "c.txt").write_text("1\tHi.\t2\t안녕.\n3\tGo.\t4\t가.\n")
    assert open_pairs(str(tmp_path / "c.txt")).notes == ["columns 2 and 4 are the sentences"]


def test_an_encoding_that_is_given_is_taken(tmp_path: Path) -> None:
    # to latin-1 these bytes are letters, and to cp1251 others
    (tmp_path / "a.txt").write_bytes(b"\xe4\xe0\n")
    (tmp_path / "p.txt").write_bytes(b"yes\t\xe4\xe0\n")
    (tmp_path / "t.conll").write_bytes(b"\xe4\xe0 UH\n")
    assert open_lines(str(tmp_path / "a.txt"), encoding="cp1251").texts.tolist() == ["да"]
    assert open_pairs(str(tmp_path / "p.txt"), encoding="cp1251").targets.tolist() == ["да"]
    read = open_sentences("train", tmp_path / "t.conll", encoding="cp1251")
    assert read.words == [["да"]]


def test_the_first_line_of_a_csv_file_names_its_columns_and_is_no_line(tmp_path: Path) -> None:
    lines, pairs = tmp_path / "names.csv", tmp_path / "pairs.csv"
    lines.write_text("name\nKim\nLee\n", "utf-8")
    pairs.write_text('question,answer\n"Go, now.",가.\nHi.,안녕.\n', "utf-8")
    said: list[str] = []
    assert read_classes(lines, notes=said) == (["Kim", "Lee"], ["", ""])
    assert read_pairs(pairs, notes=said) == (["Go, now.", "Hi."], ["가.", "안녕."])
    assert said == [
        "the first line names the columns: name",
        "the first line names the columns: question, answer",
    ]
    lines.write_text("Kim\nLee\nKim\n", "utf-8")  # a value that recurs is no name
    assert read_classes(lines)[0] == ["Kim", "Lee"]


def test_a_csv_file_of_several_columns_is_no_file_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_text("name,count\nKim,3\nLee,4\n", "utf-8")
    with pytest.raises(DataError, match="has 2: name, count"):
        read_classes(file)
    file.write_text("en,ko\nGo.,가.\nHi.,\n", "utf-8")
    with pytest.raises(DataError, match="line 3"):
        read_pairs(file)
