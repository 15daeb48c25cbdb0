import http.server
import io
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from recurra.data import fetching
from recurra.data.catalogue import CATALOGUE, Entry, locate
from recurra.data.contents import sha256_of
from recurra.data.fetching import Remote
from recurra.errors import DataError

CONTENT = b"ham\thello\nspam\twin\n"


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("RECURRA_CACHE", str(tmp_path / "cache"))
    return tmp_path


Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


GOOD = zipped(SMSSpamCollection=CONTENT, readme=b"of the collection")


class Server:
    """A server on this machine that gives one answer after the other, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [gives(GOOD)]
        self.asked = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                answer = outer.answers.pop(0) if len(outer.answers) > 1 else outer.answers[0]
                with suppress(OSError):  # whoever asked has gone
                    answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.running.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.running.server_port}/archive.zip"
        threading.Thread(target=self.running.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.running.shutdown()
    made.running.server_close()


def gives(content: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(to: http.server.BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(content)

    return answer


def leads_to(place: str) -> Answer:
    return gives(b"", 302, Location=place)


def endless(to: http.server.BaseHTTPRequestHandler) -> None:
    gives(b"PK")(to)
    while True:
        to.wfile.write(b"x" * 100_000)


def dripping(to: http.server.BaseHTTPRequestHandler) -> None:
    gives(b"PK")(to)
    for _ in range(200):
        to.wfile.write(b"x")
        time.sleep(0.05)


def dripping_before_it_begins(to: http.server.BaseHTTPRequestHandler) -> None:
    to.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
    for _ in range(200):
        to.wfile.write(b"x")
        time.sleep(0.05)


def silent(to: http.server.BaseHTTPRequestHandler) -> None:
    gives(b"PK")(to)
    time.sleep(2)


PAGE = b"\n<!DOCTYPE html><html><body>Please log in</body></html>"
BAD: dict[str, tuple[Answer, str]] = {
    "a page to log in": (gives(PAGE, Content_Type="text/html"), "gave a web page in place"),
    "nothing": (gives(b""), "gave no archive"),
    "a file cut off": (gives(GOOD[:90], Content_Length=str(len(GOOD))), "cut off in the middle"),
    "half a file": (gives(GOOD[:90]), "gave no archive"),
    "a file without end": (endless, "gave no archive"),
    "another file": (gives(zipped(SMSSpamCollection=CONTENT[::-1])), "gave another SMSSpamColl"),
    "a shorter file": (gives(zipped(SMSSpamCollection=CONTENT[:-1])), "18 bytes .* must be 19 "),
    "a file that unpacks": (
        gives(zipped(SMSSpamCollection=bytes(1 << 28))),
        "gave another .*20 bytes",
    ),
    "another archive": (gives(zipped(other=CONTENT)), "no archive with SMSSpamCollection"),
    "packed twice": (gives(b"\x1f\x8b no", Content_Encoding="gzip"), "cannot be unpacked"),
    "drops": (dripping, "did not give the file within 1 s"),
    "drops of its head": (dripping_before_it_begins, "did not give the file within 1 s"),
    "silence": (silent, "gave nothing for 0.3 s"),
    "no such file": (gives(b"sorry", 404), "answers with 404"),
    "a failure": (gives(b"sorry", 503), "answers with 503"),
    "a circle": (leads_to("/archive.zip"), "leads in circles"),
    "a way to nowhere": (leads_to("http://127.0.0.1:1/"), "cannot be reached"),
    "a way out of the network": (leads_to("file:///etc/passwd"), "cannot be reached"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_is_one_line_leaves_nothing_and_the_next_time_it_is_asked_again(
    case: str, empty: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, reason = BAD[case]
    bad = [answer] * (40 if case == "a circle" else 1)
    server.answers = [*bad, gives(GOOD)]
    monkeypatch.setitem(CATALOGUE, "spam", entry(server.url))
    for name, value in {"PATIENCE": 1.0, "SLOWEST": 1e9, "SILENCE": 0.3}.items():
        monkeypatch.setattr(fetching, name, value)
    began = time.monotonic()
    said = f"the download failed: .*{reason}.*Three ways on"
    with pytest.raises(DataError, match=said) as caught:
        locate("spam")
    assert time.monotonic() - began < 10
    assert "\n" not in str(caught.value)
    assert not (empty / "cache").exists()
    server.answers = [gives(GOOD)]
    monkeypatch.setattr(fetching, "PATIENCE", 60.0)
    assert locate("spam").read_bytes() == CONTENT
    kept = [path for path in (empty / "cache").rglob("*") if path.is_file()]
    assert kept == [empty / "cache" / "sms-spam" / "SMSSpamCollection"]


def test_a_way_to_another_place_is_followed(
    empty: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [leads_to("/elsewhere"), gives(GOOD)]
    monkeypatch.setitem(CATALOGUE, "spam", entry(server.url))
    assert locate("spam").read_bytes() == CONTENT
    assert server.asked == 2


def test_a_download_stopped_by_the_user_leaves_nothing(
    empty: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*given: object, **named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(CATALOGUE, "spam", entry(server.url))
    monkeypatch.setattr("requests.get", stopped)
    with pytest.raises(KeyboardInterrupt):
        locate("spam")
    assert not (empty / "cache").exists()


def test_of_several_files_the_one_that_says_all_are_there_comes_last(
    empty: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    test, train = b"of the test", b"of training"
    remotes = tuple(
        Remote(
            f"nsmc/{name}",
            f"{server.url}/{name}",
            len(content),
            sha256(content).hexdigest(),
        )
        for name, content in (("ratings_test.txt", test), ("ratings_train.txt", train))
    )
    made = Entry("test", ("nsmc/ratings_train.txt",), remotes, "CC0")
    monkeypatch.setitem(CATALOGUE, "sentiment-ko", made)
    server.answers = [gives(test), gives(PAGE)]
    with pytest.raises(DataError, match="ratings_train.txt gave a web page"):
        locate("sentiment-ko")
    with pytest.raises(DataError, match="it was not to be downloaded"):
        locate("sentiment-ko", download=False)
    server.answers = [gives(test), gives(train)]
    path = locate("sentiment-ko")
    assert path.read_bytes() == train
    assert path.with_name("ratings_test.txt").read_bytes() == test


def test_every_dataset_that_is_fetched_has_its_size_and_sha256_and_a_safe_way() -> None:
    for name, known in CATALOGUE.items():
        assert known.remotes[-1].path == known.files[0], name
        for remote in known.remotes:
            assert re.fullmatch("[0-9a-f]{64}", remote.sha256)
            assert remote.size > 100_000
            assert remote.url.startswith("https://")


def entry(url: str) -> Entry:
    remote = Remote(CATALOGUE["spam"].files[0], url, len(CONTENT), sha256(CONTENT).hexdigest())
    return Entry("test", CATALOGUE["spam"].files, (remote,), "CC0")


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
    empty: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CATALOGUE, "spam", entry(server.url))
    path = locate("spam")
    assert path.read_bytes() == CONTENT
    monkeypatch.setitem(CATALOGUE, "spam", entry("http://127.0.0.1:1/gone"))
    assert locate("spam") == path


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
    (remote,) = CATALOGUE["spam"].remotes
    assert (path.stat().st_size, sha256_of(path)) == (remote.size, remote.sha256)


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
