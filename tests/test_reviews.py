"""Reviews: the traps in their files, and the split that their publishers gave."""

import gzip
import json
import tarfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from recurra.cli import app
from recurra.data import label_texts, locate, read_imdb, read_nsmc, read_table
from recurra.data.catalogue import CATALOGUE, sample_path
from recurra.data.contents import sha256_of
from recurra.data.opening import PUBLISHED
from recurra.errors import DataError
from recurra.estimators import SequenceClassifier
from recurra.judging.report import Probe
from recurra.problems.text_classes import texts, with_accuracy_on_unseen
from recurra.text import duplicate_key
from recurra.text.tokenizers import words

TRAIN = (
    "id\tlabel\ttext\n"
    'train/pos/0_9.txt\tpos\t"Great" fun,<br /><br />I say.\x85 Go.\n'
    "train/neg/1_1.txt\tneg\tAwful. Do not go.\n"
)
TEST = (
    "id\tlabel\ttext\ntest/pos/0_8.txt\tpos\tLovely.\ntest/neg/1_2.txt\tneg\tAwful.  Do not go.\n"
)
NSMC_TRAIN = (
    "id\tdocument\tlabel\n"
    '1\t"그는 ""최고""다"\t1\n'
    "2\t\t0\n"
    "3\t별로\t0\n"
    "4\t그저 그렇다\t1\n"
    "5\t그저 그렇다\t0\n"
)
NSMC_TEST = "id\tdocument\tlabel\n6\t별로\t0\n7\t재미있다 ㅋㅋ\t1\n8\t\t1\n"


@pytest.fixture
def imdb(tmp_path: Path) -> Path:
    for name, content in (("train", TRAIN), ("test", TEST)):
        with gzip.open(tmp_path / f"{name}.tsv.gz", "wt", encoding="utf-8", newline="") as file:
            file.write(content)
    return tmp_path


@pytest.fixture
def nsmc(tmp_path: Path) -> Path:
    (tmp_path / "ratings_train.txt").write_text(NSMC_TRAIN, "utf-8")
    (tmp_path / "ratings_test.txt").write_text(NSMC_TEST, "utf-8")
    return tmp_path


def acl_folder(place: Path) -> Path:
    folder = place / "aclImdb"
    for side, label, name, text in (
        ("train", "pos", "0_9.txt", "Good<br />fun"),
        ("train", "neg", "1_1.txt", "Bad"),
        ("train", "unsup", "0_0.txt", "Nobody knows"),
        ("test", "pos", "0_7.txt", "Fine"),
        ("test", "neg", "1_4.txt", "Poor"),
    ):
        (folder / side / label).mkdir(parents=True, exist_ok=True)
        (folder / side / label / name).write_text(text, "utf-8")
    (folder / "train" / "urls_pos.txt").write_text("not a review")
    return folder


def test_imdb_keeps_its_published_sides_and_every_row_whole(imdb: Path) -> None:
    rows = read_imdb(imdb / "train.tsv.gz")
    assert rows.published_test is not None
    assert rows.published_test.tolist() == [False, False, True, True]
    assert rows.labels.tolist() == ["pos", "neg", "pos", "neg"]
    assert rows.positive == "pos"
    assert "\x85" in rows.texts[0]
    assert words(rows.texts[0]) == ['"', "great", '"', "fun", ",", "i", "say", ".", "go", "."]


def test_a_folder_will_do_in_place_of_the_training_file(imdb: Path) -> None:
    assert read_imdb(imdb).texts.tolist() == read_imdb(imdb / "train.tsv.gz").texts.tolist()


def test_imdb_is_the_same_from_its_folders_and_its_archive(tmp_path: Path) -> None:
    folder = acl_folder(tmp_path)
    archive = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(folder, "aclImdb")
    for rows in (read_imdb(folder), read_imdb(archive)):
        found = set(zip(rows.texts, rows.labels, rows.published_test, strict=True))
        assert found == {
            ("Good<br />fun", "pos", False),
            ("Bad", "neg", False),
            ("Fine", "pos", True),
            ("Poor", "neg", True),
        }
        assert rows.other_columns.empty  # the name carries the stars


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "aclImdb_v1.tar.gz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(acl_folder(tmp_path), "aclImdb")
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(DataError, match="must be whole"):
        read_imdb(archive)


def test_a_missing_side_is_named(imdb: Path, tmp_path: Path) -> None:
    (imdb / "test.tsv.gz").unlink()
    with pytest.raises(DataError, match="test.tsv"):
        read_imdb(imdb / "train.tsv.gz")
    (tmp_path / "empty" / "train").mkdir(parents=True)
    with pytest.raises(DataError, match="train/pos and train/neg"):
        read_imdb(tmp_path / "empty")


def test_nsmc_quotes_empty_documents_and_double_labels(nsmc: Path) -> None:
    rows = read_nsmc(nsmc / "ratings_train.txt")
    assert rows.texts[0] == '그는 "최고"다'
    assert len(rows.texts) == 4 + 2
    assert rows.published_test is not None
    assert int(rows.published_test.sum()) == 2
    said = " ".join(rows.notes)
    assert "training side: 1 rows without a text" in said
    assert "test side: 1 rows without a text" in said
    assert "1 texts stand there with both labels" in said


def test_published_test_rows_are_the_test_rows_and_no_others(nsmc: Path) -> None:
    rows = read_nsmc(nsmc)
    rows = rows.take(np.tile(np.arange(6), 5))
    rows.texts = np.array(
        [f"{text} {'가나다라마'[i // 6]}" for i, text in enumerate(rows.texts)], object
    )
    (fold,) = texts(rows, seed=5).folds
    published = np.flatnonzero(rows.published_test)
    assert fold.held.tolist() == published.tolist() == [n for n in range(30) if n % 6 > 3]
    assert fold.known.tolist() == [n for n in range(30) if n % 6 < 4]
    # to choose among networks must not touch the test: folds are of the training side alone
    compared = texts(rows, [SequenceClassifier(validation_split=0.3)], folds=2, seed=5)
    assert compared.data.rows == 20
    assert sorted(np.concatenate([fold.held for fold in compared.folds])) == list(range(20))
    assert "the published training side alone" in compared.split


def test_accuracy_is_given_with_and_without_rows_that_were_seen() -> None:
    found = Probe(name="rows in both sides", passed=False, size=1, detail="1 of 4.")
    seen, decided = np.array([True, False, False, False]), [1.0, 0.0, 1.0, 1.0]
    statistics = np.column_stack([np.zeros((4, 2)), decided, [1.0, 0.0, 0.0, 1.0]])
    said = with_accuracy_on_unseen([found], seen, statistics)[0]
    assert said.detail == "1 of 4. Accuracy with them 0.7500, without them 0.6667."
    assert not said.passed
    assert with_accuracy_on_unseen([found], ~np.ones(4, bool), statistics) == [found]


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_embedded_reviews_are_balanced_and_all_different(name: str) -> None:
    rows = label_texts(read_table(sample_path(name)))
    assert rows.positive == "good"
    assert rows.classes == {"good": 100, "bad": 100}
    assert len(set(map(duplicate_key, rows.texts))) == 200


def test_the_stored_checksums_are_those_of_the_real_files(real_data: Path, tmp_path: Path) -> None:
    if not (real_data / "nsmc").exists():
        pytest.skip("real data are absent: nsmc/")
    for remote in CATALOGUE["sentiment-ko"].remotes:
        place = tmp_path / remote.name
        with gzip.open(real_data / f"{remote.path}.gz") as packed:
            place.write_bytes(packed.read())
        assert (place.stat().st_size, sha256_of(place)) == (remote.size, remote.sha256)


def test_real_reviews_have_their_published_sizes(real_data: Path) -> None:
    if not (real_data / "imdb").exists() or not (real_data / "nsmc").exists():
        pytest.skip("real data are absent: imdb/ and nsmc/")
    sizes = {}
    for name, read in PUBLISHED.items():
        rows = read(locate(name, download=False))
        assert rows.published_test is not None
        sizes[name] = np.bincount(rows.published_test).tolist()
    assert sizes == {"sentiment": [25_000, 25_000], "sentiment-ko": [149_995, 49_997]}


def published(place: Path) -> Path:
    """Forty short reviews in NSMC's files, ten of them the test side, one of those seen before."""
    names = ["영화", "배우", "음악", "결말", "대사", "연출", "영상", "전개", "각본", "장면"]
    ends = [("참 좋다", 1), ("별로다", 0), ("최고예요", 1), ("지루하다", 0)]
    rows = [f"{name} {end}\t{label}" for end, label in ends for name in names]
    sides = {"train": [r for i, r in enumerate(rows) if i % 4] + [rows[0]], "test": rows[::4]}
    for side, kept in sides.items():
        lines = ["id\tdocument\tlabel", *(f"{i}\t{row}" for i, row in enumerate(kept))]
        (place / f"ratings_{side}.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return place


def test_a_published_split_is_trained_judged_and_used_from_the_command_line(tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ["train", "sentiment-ko", "--data", str(published(tmp_path)), "--out", str(run)]
    quick = ["--model", "simple-rnn", "--epochs", "1", "--members", "1", "--json"]
    trained = CliRunner().invoke(app, [*command, *quick])
    assert trained.exit_code == 0, trained.output
    report = json.loads((run / "report.json").read_text("utf-8"))
    assert report["split"]["test"] == 10
    assert report["split"]["kind"].startswith("as published")
    seen = report["probes"][0]
    assert not seen["passed"]
    assert "1 of 10 test rows" in seen["detail"]
    assert "without them" in seen["detail"]
    assert (pd.read_csv(run / "split.csv")["side"] == "test").sum() == 10
    used = CliRunner().invoke(app, ["predict", str(run), "영화 참 좋다"])
    assert used.exit_code == 0
    assert used.stdout[0] in "01"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--text", "document"], "columns of sentiment are known"),
        (["--truncation", "middle", "--sample"], "head, tail, both"),
        (["--tokenizer", "bpe", "--sample"], "jamo, kiwi"),
    ],
)
def test_what_cannot_be_done_is_one_clear_error(
    options: list[str], said: str, imdb: Path, tmp_path: Path
) -> None:
    data = [] if "--sample" in options else ["--data", str(imdb)]
    command = ["train", "sentiment", *data, *options, "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())
