"""Tagged sentences from the files people have: every form, what is chosen, what is refused."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import TagColumns, read_tagged
from recurra.errors import DataError, SettingsError

WORDS = [["EU", "rejects", "call"], ["Peter", "left"]]
TAGS = [["B-ORG", "O", "O"], ["B-PER", "O"]]
PARTS = [["NNP", "VBZ", "NN"], ["NNP", "VBD"]]


def rows(form: str, start: int = 1) -> str:
    """Give a line a word, and a blank line after each sentence."""
    return "\n".join(
        "".join(
            form.format(word=word, part=part, tag=tag, n=n, s=sentence)
            for n, (word, part, tag) in enumerate(zip(*each, strict=True), start=start)
        )
        for sentence, each in enumerate(zip(WORDS, PARTS, TAGS, strict=True), start=1)
    )


def objects(**more: Any) -> str:
    lists = zip(WORDS, TAGS, strict=True)
    return "".join(json.dumps({"tokens": w, "ner_tags": t, **more}) + "\n" for w, t in lists)


def a_row_a_word(form: str) -> str:
    return "\n".join(line for line in rows(form).split("\n") if line) + "\n"


FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "c03.txt": ("-DOCSTART- -X- -X- O\n\n" + rows("{word} {part} B-NP {tag}\n"), {}),
    "c02.txt": (rows("{word} {tag}\n"), {}),
    "c00.conll": (rows("{word} {part} {tag}\n"), {}),
    "tabs.tsv": (rows("{word}\t{tag}\n"), {}),
    "named.tsv": ("token\tpos\tner\n" + rows("{word}\t{part}\t{tag}\n"), {"tags": "NER"}),
    "counted.tsv": ("#\thttp://x [2009]\n" + rows("{n}\t{word}\t{tag}\tO\n"), {"tags": "3"}),
    "counted0.txt": (rows("{n} {word} {tag}\n", start=0), {}),
    "commented.tsv": ("## klue\tEU rejects\n" + rows("{word}\t{tag}\n"), {}),
    "plus.conllup": ("# global.columns = FORM NER\n" + rows("{word}\t{tag}\n"), {}),
    "tree.conllu": (rows("{n}\t{word}\t_\t{part}\t{tag}" + "\t_" * 5 + "\n"), {"tags": "xpos"}),
    "ids.csv": ("sentence,word,tag\n" + a_row_a_word("{s},{word},{tag}\n"), {}),
    "ids.tsv": ("sent_id\tform\tner\n" + a_row_a_word("{s}\t{word}\t{tag}\n"), {}),
    "blank.csv": ("token,tag\n" + rows("{word},{tag}\n"), {}),
    "other.csv": (
        "w;t;who\n" + a_row_a_word("{word};{tag};{s}\n"),
        {"tokens": "w", "tags": "t", "sentence": "who"},
    ),
    "lists.jsonl": (objects(), {}),
    "more.jsonl": (objects(pos_tags=[1], id=3), {"tags": "ner_tags"}),
    "list.json": (json.dumps([json.loads(line) for line in objects().splitlines()]), {}),
    "columns.json": (json.dumps({"id": [1, 2], "tokens": WORDS, "ner_tags": TAGS}, indent=1), {}),
    "words.jsonl": (a_row_a_word('{{"word": "{word}", "tag": "{tag}", "sentence": {s}}}\n'), {}),
    "written.csv": (
        "text,tags\n" + "".join(f'"{w}","{t}"\n' for w, t in zip(WORDS, TAGS, strict=True)),
        {},
    ),
    "blanks.csv": (
        "text,tags\n"
        + "".join(f"{' '.join(w)},{' '.join(t)}\n" for w, t in zip(WORDS, TAGS, strict=True)),
        {},
    ),
}


def written(place: Path, name: str, text: str) -> Path:
    path = place / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_sentences(name: str, tmp_path: Path) -> None:
    text, columns = FORMS[name]
    read = read_tagged(written(tmp_path, name, text), TagColumns(**columns))
    assert (read.words, read.tags) == (WORDS, TAGS)
    assert read.columns == columns


def test_a_name_of_a_sentence_that_stands_in_its_first_row_alone_goes_on(tmp_path: Path) -> None:
    text = 'Sentence #,Word,POS,Tag\nS: 1,EU,NNP,B-ORG\n,rejects,VBZ,O\n,"call",NN,O\n'
    text += "S: 2,Peter,NNP,B-PER\n,left,VBD,O\n"
    read = read_tagged(written(tmp_path, "k.csv", text), TagColumns(tags="tag"))
    assert (read.words, read.tags) == (WORDS, TAGS)


def test_lists_in_parquet_are_read(tmp_path: Path) -> None:
    pd.DataFrame({"tokens": WORDS, "tags": TAGS}).to_parquet(tmp_path / "l.parquet")
    read = read_tagged(tmp_path / "l.parquet")
    assert (read.words, read.tags) == (WORDS, TAGS)


def test_quotes_are_words_in_columns_and_quote_in_csv(tmp_path: Path) -> None:
    read = read_tagged(written(tmp_path, "q.tsv", '"\tO\nSeoul\tB-LOC\n'))
    assert read.words == [['"', "Seoul"]]
    read = read_tagged(written(tmp_path, "q.csv", 'sentence,word,tag\n1,",",O\n1,"""",O\n'))
    assert read.words == [[",", '"']]


def test_words_without_tags_are_read_where_they_are_to_be_tagged(tmp_path: Path) -> None:
    untagged = TagColumns(tagged=False)
    tree = rows("{n}\t{word}\t_\t_\t_" + "\t_" * 5 + "\n")
    lists = "".join(json.dumps({"tokens": words}) + "\n" for words in WORDS)
    for name, text in (("w.txt", rows("{word}\n")), ("w.conllu", tree), ("w.jsonl", lists)):
        read = read_tagged(written(tmp_path, name, text), untagged)
        assert (read.words, read.tags) == (WORDS, [["", "", ""], ["", ""]])


def test_a_choice_among_columns_without_names_is_said(tmp_path: Path) -> None:
    read = read_tagged(written(tmp_path, "c.txt", FORMS["c03.txt"][0]))
    assert read.notes == ["words: column 1, tags: column 4"]


@pytest.mark.parametrize(
    ("name", "text", "columns", "message"),
    [
        ("e.txt", "", {}, "holds none"),
        ("e.csv", "word,tag\n", {}, "holds none"),
        ("e.json", "[]", {}, "one column|two tags|columns"),
        ("w.txt", "a O\nb\n", {}, "line 2 .* has 1"),
        ("w.txt", "a\nb\n", {}, "has one column"),
        ("w.txt", "a O\n", {"tags": "3"}, "there is no '3'. The columns are: 1, 2"),
        ("w.tsv", "a\tO\nb\t\n", {}, "line 2 .* lacks one"),
        ("l.txt", "a O\n" * 1001, {}, "one sentence of 1,001 words. Set blank lines"),
        ("t.csv", "word,tag\na,O\nb,O\n", {}, "of which sentence it is.* --sentence"),
        ("t.csv", "sentence,word,tag\n1,a,O\n2,b,O\n1,c,O\n", {}, "'1' comes again in line 4"),
        ("t.csv", "sentence,word,tag\n1,a,O\n1,b\n", {}, "line 3 .* has 2"),
        ("t.csv", "sentence,word,tag\n1,a,O\n1,,O\n", {}, "row must have a word"),
        ("t.csv", "sentence,word,pos,ner\n1,a,N,O\n", {}, "pos and ner may be it.* --tags"),
        ("t.csv", "sentence,x,y\n1,a,N\n", {}, "no name says which: name it with --tokens"),
        ("l.jsonl", '{"tokens": ["a"], "tags": ["O", "O"]}\n', {}, "1 word and 2 tags"),
        ("l.jsonl", '{"tokens": ["a"], "tags": [["O"]]}\n', {}, "one text or number"),
        ("l.jsonl", '{"tokens": ["a"], "tags": ["O"]}\n7\n', {}, "line 2 .* is not"),
        ("l.jsonl", '{"tokens": ["a"], "tags": null}\n', {}, "must be lists"),
        ("l.json", '[{"tokens": ["a"', {}, "must be whole"),
        ("t.conllu", "1\ta\t_\tN" + "\t_" * 6, {"tags": "NER"}, "there is no 'NER'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    name: str, text: str, columns: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises((DataError, SettingsError), match=message) as refused:
        read_tagged(written(tmp_path, name, text), TagColumns(**columns))
    assert "\n" not in str(refused.value)


# ---- from a file to a report, to answers


def command(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def names_in_columns(first: int, last: int) -> str:
    """Give sentences in which names are told by the word before them, with a part of speech."""
    words = []
    for n in range(first, last):
        who, where = f"Kim{n % 7}", f"Seoul{n % 5}"
        words.append(f"Mr NNP O\n{who} NNP B-PER\nLee NNP I-PER\nsaw VBD O\nit{n} PRP O\n")
        words.append(f"We PRP O\nwent VBD O\nto{n} TO O\n{where} NNP B-LOC\n")
    return "\n".join(words)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("tags")
    file = written(place, "train.txt", names_in_columns(0, 40))
    options = (
        "--tags",
        3,
        "--valid-tags",
        "--epochs",
        40,
        "--learning-rate",
        0.01,
        "--model",
        "gru",
    )
    done = command("train", "tagging", file, *options, "--out", place / "run", "--json")
    assert done.exit_code == 0, done.output
    return place


def test_spans_are_judged_beside_the_linear_rival(finished: Path) -> None:
    report = json.loads((finished / "run" / "report.json").read_text("utf-8"))
    names = [measure["name"] for measure in report["measures"]]
    assert names[:4] == ["span F1", "span precision", "span recall", "invalid tags"]
    by_name = {each["name"]: each["measures"] for each in report["contenders"]}
    network = by_name["gru"]
    assert network["span F1"]["value"] > 0.9
    assert network["invalid tags"]["value"] == 0
    assert by_name["linear on word and neighbours"]["invalid tags"]["value"] == 0
    assert network["span F1"]["needed"] > 16  # so few sentences give no interval
    assert report["verdicts"][0]["answer"] == "too few"
    assert report["exhibits"][0]["title"] == "Spans by kind"
    assert "the tags mark spans (BIO)" in report["data"]["notes"]


def test_a_file_is_tagged_to_a_file_that_is_read_again(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = written(tmp_path, "new.txt", "Mr\nCho\nLee\nsaw\nit\n\nWe\nwent\nto\nSeoul1\n")
    done = command("predict", finished / "run", "--file", new)
    assert done.exit_code == 0, done.output
    again = read_tagged(written(tmp_path, "said.tsv", done.stdout))
    assert again.tags == [["O", "B-PER", "I-PER", "O", "O"], ["O", "O", "O", "B-LOC"]]
    lines = ["Mr Cho Lee saw it", ""]
    monkeypatch.setattr("recurra.cli.tagging.read_input", lambda encoding: iter(lines))
    found = command("predict", finished / "run")
    assert found.stdout == "Mr/O Cho/B-PER Lee/I-PER saw/O it/O\n\n"


def test_new_sentences_are_judged_by_the_columns_named_in_training(
    finished: Path, tmp_path: Path
) -> None:
    new = (
        names_in_columns(50, 60).replace("\n", " x\n").replace("\n x\n", "\n\n")
    )  # one column more
    file = written(tmp_path, "new.txt", new)
    done = command("evaluate", finished / "run", file, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["measures"]["span F1"]["value"] == 1.0
    swapped = [line.split() for line in new.splitlines()]
    text = "\n".join(" ".join([*line[1:2], *line[:1], *line[2:]]) for line in swapped)
    other = written(tmp_path, "other.txt", text + "\n")
    done = command("evaluate", finished / "run", other, "--tokens", 2, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["measures"]["span F1"]["value"] == 1.0
    refused = command("evaluate", finished / "run", file, "--tags", 2)
    assert refused.exit_code == 2
    assert "the tags must be those that gru knows" in " ".join(refused.stderr.split())


def test_a_saved_tagger_says_valid_tags_alone_and_no_stream(finished: Path) -> None:
    from recurra import SequenceTagger, runtime
    from recurra.spans import invalid

    saved = runtime.load(finished / "run" / "model")
    fitted = SequenceTagger.load(finished / "run" / "model")
    asked = [["Lee", "Lee", "Mr"], ["to3", "Lee"], ["x"]]
    said = saved.say(asked)  # type: ignore[attr-defined]
    assert said == fitted.say(asked)
    assert fitted.scheme_ == "BIO"
    assert sum(invalid("BIO", row) for row in said) == 0
    shares = fitted.predict_proba(asked)
    free = [fitted.classes_[each.argmax(axis=1)].tolist() for each in shares]
    assert sum(invalid("BIO", row) for row in free) > 0  # else this test could not fail
    for model in (saved, fitted):
        with pytest.raises(SettingsError, match="over a whole sentence"):
            model.stream()  # type: ignore[union-attr]
