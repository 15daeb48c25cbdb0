"""The studio: its runs, whom it answers, and what can be sent to it without harm."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

WHY = "the extra `serve` is absent: pip install 'recurra[serve]'"
for needed in ("starlette", "uvicorn", "prometheus_client", "python_multipart", "httpx2"):
    pytest.importorskip(needed, reason=WHY)

from starlette.testclient import TestClient  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from recurra.cli import app as command_line  # noqa: E402
from recurra.errors import SettingsError  # noqa: E402
from recurra.finished import finished_run  # noqa: E402
from recurra.serving.keys import Keys  # noqa: E402
from recurra.studio.app import app_of  # noqa: E402
from recurra.studio.documents import taken_apart  # noqa: E402
from recurra.studio.house import Studio  # noqa: E402
from recurra.studio.limits import Room  # noqa: E402
from recurra.studio.rendering import HEADERS  # noqa: E402
from recurra.wording import retold, speak  # noqa: E402

HERE = "http://127.0.0.1:8800"
TOKEN = "a-token-of-many-letters"
STRANGE = "run <b>&\"' 한글"


@pytest.fixture
def runs(finished: Path, tmp_path: Path) -> Path:
    """Two runs of the same rows, one with a name that tries to be markup."""
    for name in ("one", STRANGE):
        shutil.copytree(finished, tmp_path / "runs" / name)
    return tmp_path / "runs"


def opened(studio: Studio, **settings: Any) -> TestClient:
    headers = {"accept": "text/html", **settings.pop("headers", {})}
    return TestClient(app_of(studio), base_url=HERE, headers=headers, **settings)


@pytest.fixture
def studio(runs: Path) -> Studio:
    return Studio(runs)


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with opened(studio) as client:
        yield client


def words(answer: Any) -> str:
    """The words of a page as they are read."""
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def said(answer: Any) -> str:
    """What the page of a refusal says."""
    found = re.search(r'role="alert">(.*?)</div>', answer.text, re.S)
    assert found, answer.text
    return unescape(found[1])


# ---- runs


def test_the_list_shows_each_run_with_the_figures_of_its_report(
    client: TestClient, runs: Path
) -> None:
    answer = client.get("/")
    assert answer.url.path == "/runs"
    run = finished_run(runs / "one")
    for part in ("one", STRANGE, run.kept, run.report.measures[0].name, f"{run.figure.value:.3f}"):
        assert part in words(answer)
    assert "<b>&" not in answer.text


def test_a_run_is_shown_with_its_verdict_and_its_report_in_a_frame(
    client: TestClient, runs: Path
) -> None:
    listed = client.get("/runs").text
    links = re.findall(r'<h2><a href="([^"]*)"', listed)
    assert len(links) == 2
    for link in links:
        page = client.get(unescape(link))
        assert page.status_code == 200
        assert finished_run(runs / "one").report.verdict.sentence in words(page)
        frame = re.search(r'<iframe[^>]* src="([^"]*)" sandbox="allow-same-origin"', page.text)
        assert frame
        document = client.get(unescape(frame[1]))
        assert "script-src" not in document.headers["content-security-policy"]
        assert "default-src 'none'" in document.headers["content-security-policy"]
        assert words(document).count("hostile") > 2


def test_the_report_in_the_frame_is_the_report_without_inline_styles(
    client: TestClient, runs: Path
) -> None:
    document = client.get("/runs/one/report").text
    kept = (runs / "one" / "report.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=", document)
    bare = re.sub(r"<style.*?</style>", "", kept, flags=re.S)
    assert re.sub(r"<[^>]*>", "", document) == re.sub(r"<[^>]*>", "", bare)
    sheet = client.get(re.search(r'<link rel="stylesheet" href="([^"]*)"', document)[1])  # type: ignore[index]
    assert sheet.headers["content-type"].startswith("text/css")
    assert "--model: #0b6e99" in sheet.text
    for rules in set(re.findall(r'\sstyle="([^"]*)"', kept)):
        assert unescape(rules) in sheet.text


def test_equal_styles_become_one_rule() -> None:
    page, sheet = taken_apart('<p style="a: b">x</p><i style="c: d"/><p style="a: b">&amp;</p>')
    assert page == '<p data-s="0">x</p><i data-s="1"/><p data-s="0">&amp;</p>'
    assert sheet.count("{ a: b }") == sheet.count("{ c: d }") == 1


def test_a_report_is_told_in_korean_but_for_what_is_typed_and_what_is_the_users() -> None:
    page = """<h2>Data</h2><p>No leak was found.</p><code><b>recurra</b> <b>train</b></code>
<p>seed 0 · <span translate="no">still 20</span> · seed 0</p>
<p>no training &#39;x&#39; was begun in this studio.</p><table><tr><td>machine 3</td><td>passed</td>
<td>No leak was found.</td></tr></table><br><p>a &lt; b</p>"""
    assert taken_apart(page)[0] == page  # in English
    with speak("ko"):
        told = taken_apart(page)[0]
        said = retold("no training 'x' was begun in this studio.")
        whole = page
        for english in ("Data", "No leak was found.", "passed"):
            whole = whole.replace(f">{english}<", f">{retold(english)}<")
        whole = whole.replace("seed 0", "시드 0")
    assert re.search("[가-힣]", said)
    assert told == whole.replace("no training &#39;x&#39; was begun in this studio.", said)


def test_two_runs_are_compared_as_the_command_does(client: TestClient, runs: Path) -> None:
    from recurra.finished import compared

    found = compared(runs / "one", runs / STRANGE)
    page = client.get("/compare", params={"run": ["one", STRANGE]})
    assert found.alike in words(page)
    for name, one, other in found.rows:
        assert name in words(page)
        assert f"{one} {other}" in words(page)
    assert found.better in words(page)
    refused = client.get("/compare", params={"run": "one"})
    assert refused.status_code == 400
    assert said(refused) == "Two runs are compared, but 1 was chosen. Choose two."


def test_a_run_is_deleted_after_a_question_and_not_by_looking(
    client: TestClient, studio: Studio, runs: Path
) -> None:
    question = client.get("/runs/one/delete")
    assert "Delete one?" in words(question)
    assert (runs / "one").exists()
    answer = client.post("/runs/one/delete", data={"csrf": studio.csrf})
    assert "Deleted: one" in words(answer)
    assert not (runs / "one").exists()
    assert (runs / STRANGE).exists()


def test_without_runs_the_first_page_says_what_to_do(tmp_path: Path) -> None:
    page = opened(Studio(tmp_path / "none")).get("/")
    assert page.status_code == 200
    assert 'href="/train"' in page.text


# ---- whom it answers


def test_only_names_of_this_machine_are_answered(client: TestClient) -> None:
    for host in ("127.0.0.1", "localhost:9999", "[::1]:1", "LocalHost"):
        assert client.get("/runs", headers={"host": host}).status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8800", ""):
        assert client.get("/runs", headers={"host": host}).status_code == 421
    two = [("host", "127.0.0.1"), ("host", "evil.example")]
    assert client.get("/runs", headers=two).status_code == 421


CROSS = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:8000"},  # another server of this machine
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "none"},
]


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_what_another_site_sends_is_refused(
    client: TestClient, studio: Studio, runs: Path, headers: dict[str, str]
) -> None:
    answer = client.post("/runs/one/delete", data={"csrf": studio.csrf}, headers=headers)
    assert answer.status_code == 403
    assert (runs / "one").exists()


def test_what_is_sent_without_the_sign_of_a_page_is_refused(client: TestClient, runs: Path) -> None:
    for form in ({}, {"csrf": ""}, {"csrf": "x" * 32}, {"csrf": "한글"}):
        answer = client.post("/runs/one/delete", data=form)
        assert answer.status_code == (415 if not form else 403)
    assert (runs / "one").exists()


def test_another_site_may_lead_here_but_not_read_or_embed(client: TestClient) -> None:
    led = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    page = client.get("/runs", headers=led)
    assert page.status_code == 200
    assert page.headers["x-frame-options"] == "DENY"
    read = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert client.get("/runs", headers=read).status_code == 403
    assert "access-control-allow-origin" not in page.headers


def test_every_answer_has_the_policy_and_none_an_exception(client: TestClient) -> None:
    for place in ("/runs", "/nothing", "/runs/one", "/static/studio.css", "/runs/one/report"):
        answer = client.get(place)
        policy = answer.headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        for name in HEADERS:
            assert name in answer.headers
        if "html" in answer.headers["content-type"]:
            assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", answer.text)
            assert not re.search(r"<script(?![^>]* src=)", answer.text)
            assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)


def test_others_need_the_token_and_get_a_cookie_for_it(runs: Path) -> None:
    with opened(Studio(runs, keys=Keys([TOKEN]), hosts=None)) as client:
        refused = client.get("/runs")
        assert refused.status_code == 401
        assert "run &lt;" not in refused.text
        assert client.get("/runs?token=wrong").status_code == 401
        assert client.post("/runs/one/delete", data={"csrf": ""}).status_code == 401
        led = client.get(f"/compare?run=one&token={TOKEN}&run=two", follow_redirects=False)
        assert led.headers["location"] == "/compare?run=one&run=two"
        cookie = led.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get("/runs").status_code == 200
        client.cookies.clear()
        assert client.get("/runs").status_code == 401
        answer = client.get("/runs", headers={"authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200


# ---- tricks


@pytest.mark.parametrize(
    "name",
    [
        ".",
        "..",
        "%2e%2e",
        "..%2f..%2fetc",
        "one%2f..",
        "one%00",
        "%5c..",
        ".hidden",
        "x" * 300,
        "%ff",
    ],
)
def test_a_name_leads_nowhere_but_to_a_run(client: TestClient, name: str) -> None:
    for end in ("", "/report", "/delete"):
        assert client.get(f"/runs/{name}{end}").status_code in (200, 404)
    assert "root:" not in client.get(f"/runs/{name}/report").text


@pytest.mark.parametrize("name", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "style.html.j2", ""])
def test_static_files_are_those_of_the_studio(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


def test_a_greedy_form_is_refused(studio: Studio, runs: Path) -> None:
    studio.room = Room(body=1000)
    with opened(studio) as client:
        form = {"csrf": studio.csrf, "more": "x" * 2000}
        assert client.post("/runs/one/delete", data=form).status_code == 413

        def drips() -> Iterator[bytes]:
            yield from (b"x" * 100 for _ in range(100))

        kind = {"content-type": "application/x-www-form-urlencoded"}
        answer = client.post("/runs/one/delete", content=drips(), headers=kind)
        assert answer.status_code == 413
    assert (runs / "one").exists()


def test_the_language_is_that_of_the_address_else_of_the_browser(client: TestClient) -> None:
    def language(place: str, **headers: str) -> str:
        found = re.search(r'<html lang="(\w+)"', client.get(place, headers=headers).text)
        assert found
        return found[1]

    assert language("/runs?lang=ko") == "ko"
    assert language("/runs?lang=xx") == "en"
    korean = {"accept-language": "fr;q=0.9, ko-KR;q=0.8, en;q=0.5"}
    assert language("/runs", **korean) == "ko"
    assert language("/runs?lang=en", **korean) == "en"
    page = client.get("/runs?lang=ko").text
    assert 'href="/runs/one?lang=ko"' in page


# ---- as it is documented


def test_every_documented_studio_begins_as_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    import recurra.studio.server as server

    root = Path(__file__).parents[1]
    pages = [(root / "docs" / name).read_text("utf-8") for name in ("studio.md", "studio.ko.md")]
    shown = [re.findall(r"^```(?:bash|json)\n(.*?)^```", page, re.M | re.S) for page in pages]
    assert shown[0] == shown[1]
    lines = [line.split("  #")[0].strip() for line in "".join(shown[0]).splitlines()]
    begun: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        server, "run_studio", lambda runs, host, port, **how: begun.append((runs, host, port))
    )
    for line in lines:
        if line.startswith("recurra"):
            done = CliRunner().invoke(command_line, line.split()[1:])
            assert done.exit_code == 0, done.output
    here = (Path("runs"), "127.0.0.1", 8800)
    assert begun == [here, here, (Path("runs"), "0.0.0.0", 8800)]


def test_a_studio_for_others_has_a_token_and_one_for_this_machine_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import recurra.studio.server as server

    begun: list[Any] = []
    told: list[str] = []

    def answered(guard: Any, socket: Any, mercy: int) -> None:
        begun.append(guard._studio)
        guard._studio.close()
        socket.close()

    monkeypatch.setattr(server, "answer", answered)
    for host in ("127.0.0.1", "0.0.0.0", "localhost"):
        server.run_studio(tmp_path, host, 0, opened=False, told=told.append)
    assert [studio.keys is not None for studio in begun] == [False, True, False]
    assert [studio.hosts is None for studio in begun] == [False, True, False]
    token = told[1].partition("?token=")[2]
    assert len(token) >= 32
    assert begun[1].keys.know(f"Bearer {token}")
    assert all(place.startswith("http://") for place in told)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="--runs must be a folder"):
        server.run_studio(tmp_path / "file", "127.0.0.1", 0, opened=False, told=told.append)


def test_a_sender_that_sends_no_more_is_not_waited_for(studio: Studio) -> None:
    studio.room = Room(patience=0.2)
    chunks = [{"type": "http.request", "body": b"csrf=", "more_body": True}]
    sent: list[Any] = []

    async def receive() -> Any:
        if not chunks:
            await asyncio.Event().wait()  # nothing comes, for ever
        return chunks.pop()

    async def send(message: Any) -> None:
        sent.append(message)

    form = b"application/x-www-form-urlencoded"
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/runs/one/delete",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", form), (b"content-length", b"50")],
    }
    asyncio.run(app_of(studio)(scope, receive, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
