"""Files of a store answer as those of this machine do, and go up whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

from recurra.data.pieces import files_of
from recurra.stores import Stored, near, place_of, placed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def store(folder: Path) -> Stored:
    return Stored.at(folder.as_uri())


def test_what_is_written_goes_up_when_it_is_whole(store: Stored) -> None:
    with placed(store / "new" / "a.csv") as made:
        made.write_text("text\n")
        assert not (store / "new" / "a.csv").exists()
    assert (store / "new" / "a.csv").read_bytes() == b"text\n"
    assert not made.exists()


def test_of_what_fails_on_the_way_nothing_goes_up(store: Stored) -> None:
    with suppress(ZeroDivisionError), placed(store / "a.csv") as made:
        made.write_text("half of i")
        raise ZeroDivisionError
    assert not (store / "a.csv").exists()
    assert not made.exists()


def test_a_file_is_at_hand_under_its_name_while_it_is_needed(store: Stored, folder: Path) -> None:
    (folder / "a.csv").write_text("text\n")
    with near(store / "a.csv") as copy:
        assert (copy.name, copy.read_text()) == ("a.csv", "text\n")
        assert copy != folder / "a.csv"
    assert not copy.exists()
    with near(folder / "a.csv") as itself:
        assert itself == folder / "a.csv"


def test_a_pattern_names_the_files_of_a_store_that_it_names_here(
    store: Stored, folder: Path
) -> None:
    for name in ("b.parquet", "a.parquet", "A.parquet", "a.csv", "_about", ".hidden"):
        (folder / name).write_text("")
    for pattern in ("*.parquet", "a.*", "[ab].parquet"):
        here = [path.name for path in files_of(folder / pattern)]
        assert [each.name for each in files_of(store / pattern)] == here
    assert [each.name for each in files_of(store)] == [path.name for path in files_of(folder)]


def test_a_file_of_a_store_tells_its_size_and_when_it_changed(store: Stored, folder: Path) -> None:
    (folder / "a.csv").write_text("text\n")
    os.utime(folder / "a.csv", ns=(10**18, 10**18 + 7000))
    told = (store / "a.csv").stat()
    assert (told.st_size, told.st_mtime_ns) == (5, 10**18 + 7000)


@pytest.mark.parametrize("name", ["events/00.parquet", "a.csv.gz", "folder", "a.b/c"])
def test_an_address_is_taken_apart_as_a_path_is(name: str) -> None:
    there, here = Stored(f"s3://bucket/{name}", "region=eu"), Path("bucket") / name
    for part in ("name", "stem", "suffix", "suffixes"):
        assert getattr(there, part) == getattr(here, part)
    assert str(there.parent) == f"s3://{here.parent}"
    assert there.parent.asked == (there / "more").asked == "region=eu"


def test_what_is_a_path_or_of_a_store_already_stays_as_it_is(store: Stored, folder: Path) -> None:
    assert place_of(store) is store
    assert place_of(folder) is folder
    assert place_of(str(folder)) == folder
    assert place_of(folder.as_uri()) == store


@pytest.mark.parametrize(
    "name", ["a b.csv", "100%.csv", "[1].csv", "a%20b.csv", "한글.csv", "a#1.csv"]
)
def test_a_name_of_any_signs_is_read_written_and_told(
    store: Stored, folder: Path, name: str
) -> None:
    with placed(store / name) as made:
        made.write_text("text\n")
    assert [path.name for path in folder.iterdir()] == [name]
    (there,) = store.iterdir()
    assert (there.name, there.read_bytes()) == (name, b"text\n")
    assert str(there).endswith(name)


@pytest.mark.parametrize("name", ["[ab] c.csv", "한글.csv", "*.csv"])
def test_an_address_may_be_typed_as_it_reads(folder: Path, name: str) -> None:
    assert place_of(f"file://{folder}/{name}").name == name


def test_keys_of_an_address_are_shown_to_nobody() -> None:
    assert str(Stored("s3://key:secret@bucket/a")) == "s3://…@bucket/a"
    assert "secret" not in str(Stored("s3://key:secret@bucket/a") / "b")
