import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from recurra.data import catalogue
from recurra.data.catalogue import CATALOGUE, Entry, locate
from recurra.errors import DataError

CONTENT = b"ham\thello\nspam\twin\n"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def server() -> Iterator[str]:
    """An archive served on this machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("SMSSpamCollection", CONTENT)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(packed.getvalue())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/archive.zip"
        running.shutdown()


def entry(url: str, content: bytes = CONTENT) -> Entry:
    sha256 = hashlib.sha256(content).hexdigest()
    return Entry("test", CATALOGUE["spam"].files, url, sha256, "CC0")


def test_data_under_recurra_data_come_before_the_cache(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("cache", "mine"):
        (empty / place / "sms-spam").mkdir(parents=True)
        (empty / place / "sms-spam" / "SMSSpamCollection").write_bytes(CONTENT)
    assert locate("spam", download=False).is_relative_to(empty / "cache")
    monkeypatch.setenv("RECURRA_DATA", str(empty / "mine"))
    assert locate("spam", download=False).is_relative_to(empty / "mine")


def test_the_preferred_form_is_taken_where_both_are(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(empty))
    for name in ("SMSSpamCollection", "spam.csv"):
        (empty / name).write_bytes(CONTENT)
    assert locate("spam").name == "SMSSpamCollection"
    assert locate("spam", prefer=".csv").name == "spam.csv"


def test_a_download_is_checked_and_kept(
    empty: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "spam", entry(server))
    path = locate("spam")
    assert path.read_bytes() == CONTENT
    monkeypatch.setitem(CATALOGUE, "spam", entry("http://127.0.0.1:1/gone"))
    assert locate("spam") == path


def test_a_download_with_another_checksum_never_takes_the_place(
    empty: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "spam", entry(server, b"something else"))
    with pytest.raises(DataError, match="must have SHA-256"):
        locate("spam")
    with pytest.raises(DataError, match="Three ways on"):
        locate("spam", download=False)


def test_a_bad_answer_does_not_stand_in_the_way_of_the_next(
    empty: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = empty / "cache" / "sms-spam" / "SMSSpamCollection"
    target.parent.mkdir(parents=True)
    (target.parent / "download.zip").write_text("<html>please log in</html>")
    monkeypatch.setitem(CATALOGUE, "spam", entry(server, b"something else"))
    with pytest.raises(DataError, match="it was not kept"):
        locate("spam")
    monkeypatch.setitem(CATALOGUE, "spam", entry(server))
    assert locate("spam").read_bytes() == CONTENT
    assert not (target.parent / "download.zip").exists()


def test_one_question_finds_both_kinds_of_datasets(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECURRA_DATA", str(empty))
    for name in ("SMSSpamCollection", "en_ewt-ud-dev.conllu.gz"):
        (empty / name).write_bytes(CONTENT)
    assert locate("spam").name == "SMSSpamCollection"
    with pytest.raises(DataError, match="Get it from"):
        locate("ud-ewt", "train")
    (empty / "ud-ewt").mkdir()
    (empty / "en_ewt-ud-dev.conllu.gz").rename(empty / "ud-ewt" / "en_ewt-ud-dev.conllu.gz")
    assert locate("ud-ewt", "dev").name == "en_ewt-ud-dev.conllu.gz"


def test_absent_and_offline_names_the_three_ways_on(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "spam", entry("http://127.0.0.1:1/none.zip"))
    with pytest.raises(DataError, match="download failed.*--data.*RECURRA_DATA.*--sample"):
        locate("spam")


def test_the_stored_checksum_is_that_of_the_real_file(real_data: Path) -> None:
    path = real_data / "sms-spam" / "SMSSpamCollection"
    assert catalogue.sha256_of(path) == CATALOGUE["spam"].sha256


def test_the_embedded_sample_is_large_mixed_and_without_duplicates() -> None:
    from recurra.data import label_texts, read_table
    from recurra.data.catalogue import sample_path
    from recurra.text import duplicate_key

    rows = label_texts(read_table(sample_path()))
    korean = [any("가" <= letter <= "힣" for letter in text) for text in rows.texts]
    assert len(rows.texts) >= 600
    assert min(rows.classes.values()) >= 200
    assert 0.3 < sum(korean) / len(korean) < 0.7
    assert len(set(map(duplicate_key, rows.texts))) == len(rows.texts)
