import os
from pathlib import Path

import pytest

from recurra.files import write_atomically


def test_a_file_is_written_whole_with_the_folders_it_needs(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "folder" / "a", b"all of it")
    assert (tmp_path / "new" / "folder" / "a").read_bytes() == b"all of it"


def test_the_new_content_replaces_the_old_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"old")
    write_atomically(tmp_path / "a", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"new")]


def test_the_content_is_on_the_disk_before_the_file_bears_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    brought = os.fsync

    def fsync(descriptor: int) -> None:
        seen.append((tmp_path / "a").exists())
        brought(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    write_atomically(tmp_path / "a", b"new")
    assert seen == [False]


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
