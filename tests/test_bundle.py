import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from recurra.bundle import FILES, FORMAT_VERSION, MANIFEST, Bundle, _json, read_bundle, write_bundle
from recurra.errors import BundleError
from recurra.stored import Distinct

BUNDLE = Bundle(
    {"classes": ["ham", "스팸"], "threshold": 0.25},
    {"tokens": ["무료", "win"]},
    {"0/kernel": np.arange(12, dtype=np.float32).reshape(3, 4)},
    "# card",
)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "model"
    write_bundle(folder, BUNDLE)
    return folder


def test_a_bundle_reads_back_as_it_was_written(saved: Path) -> None:
    again = read_bundle(saved)
    assert (again.config, again.encoder, again.card) == (BUNDLE.config, BUNDLE.encoder, "# card")
    np.testing.assert_array_equal(again.weights["0/kernel"], BUNDLE.weights["0/kernel"])


def test_a_bundle_holds_no_pickle_and_no_archive(saved: Path) -> None:
    assert {path.name for path in saved.iterdir()} == {MANIFEST, *FILES}
    for path in saved.iterdir():
        assert not path.read_bytes().startswith((b"\x80", b"PK", b"\x89HDF"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.sampled_from((MANIFEST, *FILES)), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_changed_byte_is_refused(saved: Path, name: str, where: float, change: int) -> None:
    path = saved / name
    content = path.read_bytes()
    place = int(where * len(content))
    damaged = bytearray(content)
    damaged[place] ^= change
    path.write_bytes(bytes(damaged))
    try:
        with pytest.raises(BundleError, match="checksum|format"):
            read_bundle(saved)
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("name", [MANIFEST, *FILES])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path / "model", BUNDLE)
    (tmp_path / "model" / name).unlink()
    with pytest.raises(BundleError, match=f"{name} cannot be read"):
        read_bundle(tmp_path / "model")


def test_a_newer_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", BUNDLE)
    path = tmp_path / "model" / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["version"] = FORMAT_VERSION + 1
    path.write_bytes(_json(manifest))
    with pytest.raises(BundleError, match=f"format {FORMAT_VERSION + 1}. Upgrade"):
        read_bundle(tmp_path / "model")


def test_a_folder_that_is_no_bundle_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="a saved model is a folder with manifest.json"):
        read_bundle(tmp_path)


def test_writing_again_replaces_the_old_one_and_leaves_nothing_else(tmp_path: Path) -> None:
    write_bundle(tmp_path / "model", BUNDLE)
    write_bundle(tmp_path / "model", Bundle({"new": 1}, {}, {}))
    assert read_bundle(tmp_path / "model").config == {"new": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_of_other_files_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.txt").write_text("mine")
    with pytest.raises(BundleError, match="holds other files"):
        write_bundle(tmp_path / "models", BUNDLE)
    assert (tmp_path / "models" / "mine.txt").read_text() == "mine"


def test_a_write_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bundle(tmp_path / "model", BUNDLE)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_bundle(tmp_path / "model", Bundle({"new": 1}, {}, {}))
    assert read_bundle(tmp_path / "model").config == BUNDLE.config


def test_a_stored_vocabulary_has_no_text_twice_and_none_without_end() -> None:
    vocabulary = TypeAdapter(Distinct)
    halves = ["a", "\ud83d", ""]
    assert vocabulary.validate_python(halves) == halves
    for wrong, said in (
        (["a", "b", "a"], "no text may come twice"),
        (["a", "b" * 100_001], "up to 100,000 letters"),
        (["a", 1], "valid string"),
    ):
        with pytest.raises(ValidationError, match=said):
            vocabulary.validate_python(wrong)
