import errno
import fcntl
import os
import shutil
import stat
import unicodedata
from pathlib import Path
from typing import IO

import pytest

from recurra.files import as_written, hold, write_atomically


@pytest.mark.parametrize(("typed", "kept"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_name_is_the_same_however_its_letters_are_composed(
    tmp_path: Path, typed: str, kept: str
) -> None:
    there = tmp_path / unicodedata.normalize(kept, "자료 폴더") / unicodedata.normalize(kept, "글")
    write_atomically(there, b"")
    asked = (
        tmp_path / unicodedata.normalize(typed, "자료 폴더") / unicodedata.normalize(typed, "글")
    )
    assert as_written(asked) == there
    # what is to be made goes into the folder that is there
    assert as_written(asked.parent / "새 글") == there.parent / "새 글"
    assert as_written(tmp_path / "없음" / "글") == tmp_path / "없음" / "글"


def test_a_file_is_written_whole_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "folder" / "a", b"all of it")
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == b"all of it"


def test_the_new_content_replaces_the_old_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    write_atomically(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"new")]


def test_the_content_is_on_the_disk_before_the_file_bears_its_name_and_then_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, bool]] = []
    brought = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), (tmp_path / "a").exists()))
        brought(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    write_atomically(tmp_path / "a", b"new")
    assert seen == [(False, False), (True, True)]


def test_an_atomic_write_that_fails_leaves_the_old_content_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_atomically(tmp_path / "a", b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"old")]


def test_a_file_that_went_before_it_was_locked_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, locked = tmp_path / "run" / "lock", fcntl.flock
    turns: list[int] = []

    def late(file: IO[bytes], how: int) -> None:
        turns.append(how)
        if len(turns) == 1:  # whoever had it ends just now
            shutil.rmtree(path.parent)
        locked(file, how)

    monkeypatch.setattr("fcntl.flock", late)
    with hold(path) as alone:
        assert alone
        assert path.exists()
    assert len(turns) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_names_cannot_be_brought_to_the_disk_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("os.fsync", unknown)
    write_atomically(tmp_path / "a", b"new")
    monkeypatch.setattr("os.fsync", lambda descriptor: os.read(descriptor, -1))  # another error
    with pytest.raises(OSError):
        write_atomically(tmp_path / "a", b"newer")
