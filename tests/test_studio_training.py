"""The studio trains: a file is brought, looked at, asked; its training is watched and stopped."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

WHY = "the extra `serve` is absent: pip install 'recurra[serve]'"
for needed in ("starlette", "uvicorn", "prometheus_client", "python_multipart", "httpx2"):
    pytest.importorskip(needed, reason=WHY)

from starlette.testclient import TestClient  # noqa: E402

from recurra.cli.progress import ProgressFile  # noqa: E402
from recurra.listeners import History, Progress  # noqa: E402
from recurra.studio.app import app_of  # noqa: E402
from recurra.studio.asked import questions_of  # noqa: E402
from recurra.studio.following import Following, drawn  # noqa: E402
from recurra.studio.house import Studio  # noqa: E402
from recurra.studio.limits import Room  # noqa: E402


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "runs")


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    headers = {"accept": "text/html"}
    with TestClient(app_of(studio), base_url="http://127.0.0.1", headers=headers) as client:
        yield client


def send(client: TestClient, studio: Studio, content: bytes, name: str = "messages.csv") -> Any:
    form = {"csrf": studio.csrf}
    return client.post("/train", data=form, files={"file": (name, content)})


def refusal(answer: Any) -> str:
    found = re.search(r'role="alert">(.*?)</div>', answer.text, re.S)
    assert found, answer.text
    return unescape(found[1])


def test_a_training_that_fails_says_at_what(client: TestClient, studio: Studio) -> None:
    studio.trainings.begin("lost", ["train", "texts", "/nowhere/<b>.csv", "--text=a"])
    events = client.get("/train/runs/lost/events").text  # until it ends
    assert events.endswith("event:end\ndata:failed\n\n")
    page = client.get("/train/runs/lost")
    assert "It failed." in page.text
    assert "/nowhere/&lt;b&gt;.csv" in page.text
    assert "<b>" not in page.text.split("It failed.")[1].split("</div>")[0]
    assert client.get("/train/runs/other").status_code == 404


def test_what_is_in_the_way_of_an_audit_is_not_in_the_way_of_a_training(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recurra.serving.refusals import RefusedError

    asked = studio.commands.told

    async def told(*words: str, **settings: Any) -> Any:
        if words[0] == "audit":
            raise RefusedError(503, "reading must be done within 60 seconds.")
        return await asked(*words, **settings)

    monkeypatch.setattr(studio.commands, "told", told)
    rows = "".join(f"see you {n},ham\nwin it {n},spam\n" for n in range(20))
    send(client, studio, ("body,kind\n" + rows).encode())
    kept = studio.files.all()[0]
    page = client.get(f"/train/files/{kept.id}/0")
    assert page.status_code == 200
    assert "Reading must be done within 60 seconds." in page.text
    assert 'name="epochs"' in page.text


def test_a_training_goes_on_with_what_an_unfinished_run_holds(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[str]] = []
    monkeypatch.setattr(studio.trainings, "_run", lambda name, words: begun.append(list(words)))
    words = ["train", "texts", "spam", "--sample"]
    training = studio.trainings.begin("half", words)
    assert training.state == "stopped"  # as after the studio was begun anew
    studio.trainings.resume(training)
    checkpoint = training.run / "checkpoints" / "fold-1-gru"
    checkpoint.mkdir(parents=True)
    studio.trainings.resume(studio.trainings.get("half"))
    assert begun == [words, words, [*words, "--resume"]]


def test_what_is_no_file_of_rows_is_refused_in_words(client: TestClient, studio: Studio) -> None:
    assert (
        refusal(send(client, studio, b"")) == "A file must hold something, but this one is empty."
    )
    none = client.post("/train", data={"csrf": studio.csrf}, files={"file": ("", b"")})
    assert refusal(none) == "A file must be chosen, but none was."
    unread = send(client, studio, b"\x00\xff" * 50, "x.csv")
    assert unread.status_code == 400
    assert len(refusal(unread)) > 20


@pytest.mark.parametrize(
    "name",
    ["../../../etc/x.csv", "..\\..\\x.csv", "/etc/passwd", ".studio", "a\x00b.csv", "한글.csv"],
)
def test_a_file_stays_in_its_folder_whatever_it_is_called(
    client: TestClient, studio: Studio, name: str, tmp_path: Path
) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    send(client, studio, b"a,b\n1,2\n", name)
    kept = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    assert len(kept) <= 1  # a name with NUL is no form
    for path in kept:
        assert path.parent.parent == tmp_path / "runs" / ".studio" / "files"


def test_a_file_too_large_or_without_room_is_refused_and_not_kept(tmp_path: Path) -> None:
    studio = Studio(tmp_path / "runs", Room(body=2000, upload=1000, kept=1500))
    with TestClient(app_of(studio), base_url="http://127.0.0.1") as client:
        for size in (1001, 5000):
            assert send(client, studio, b"x" * size).status_code == 413
        send(client, studio, b"x" * 900)
        assert send(client, studio, b"x" * 900).status_code == 507
        assert len(studio.files.all()) == 1
        kept = studio.files.all()[0]
        client.post(f"/train/files/{kept.id}/delete", data={"csrf": studio.csrf})
    assert studio.files.all() == []


def test_a_file_is_not_taken_without_the_sign_of_a_page(client: TestClient, studio: Studio) -> None:
    answer = client.post("/train", data={"csrf": "x"}, files={"file": ("a.csv", b"a,b\n")})
    assert answer.status_code == 403
    assert studio.files.all() == []


SEEN = {
    "source": "/runs/a file.csv",
    "questions": [
        {
            "asks": "?",
            "rows": "",
            "command": "recurra train '/runs/a file.csv' --text 'a b' --label --x",
        },
        {
            "asks": "?",
            "rows": "",
            "command": "recurra train sequences '/runs/a file.csv' --id id --label k "
            "--channels x,y",
        },
        {"asks": "?", "rows": "", "command": "recurra market check x --source /runs"},
    ],
}


def test_a_column_is_never_an_option_of_a_command() -> None:
    texts, sequences = questions_of(SEEN)
    file = "/runs/a file.csv"
    assert texts.words == ["train", "texts", file, "--text=a b", "--label=--x"]
    other = texts.chosen(["--out", "k"], ["--out", "k"])
    assert other.training("gru", "3")[3:] == [
        "--text=--out",
        "--label=k",
        "--model=gru",
        "--epochs=3",
    ]
    assert sequences.editable == [("--id", "id"), ("--label", "k")]
    beside = {"asks": "?", "rows": "", "command": "recurra train x --text a --features b,c"}
    (features,) = questions_of({"source": "x", "questions": [beside]})
    assert features.editable == [("--text", "a")]
    assert features.chosen(["b"], ["a", "b"]).words[-2:] == ["--text=b", "--features=b,c"]
    assert sequences.audit == ["audit", file, "--id=id", "--label=k", "--channels=x,y"]
    from recurra.serving.refusals import RefusedError

    for wrong in (["--out", "no"], ["k"], ["k", "k", "k"]):
        with pytest.raises(RefusedError):
            texts.chosen(wrong, ["--out", "k"])
    for model, epochs in (("--out", ""), ("", "0"), ("", "1 --out"), ("", "²"), ("", "99999")):
        with pytest.raises(RefusedError):
            texts.training(model, epochs)


def test_no_more_trainings_run_than_there_is_room_for(tmp_path: Path) -> None:
    from recurra.serving.refusals import RefusedError

    class Held:
        returncode = None

        def poll(self) -> None:
            return None

    studio = Studio(tmp_path / "runs", Room(trainings=1))
    studio.trainings._processes["held"] = Held()  # type: ignore[assignment]
    with pytest.raises(RefusedError, match="1 training run at a time"):
        studio.trainings.begin("more", ["train", "texts", "spam", "--sample"])
    assert studio.trainings.all() == []


def test_what_is_written_of_a_training_is_read_as_it_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    listener, history = ProgressFile(path), History()
    listener.stage("training gru")
    for epoch, losses in enumerate(((0.9, 0.8), (0.5, 0.6), (0.2, 0.7)), 1):
        listener.progress(1, Progress(epoch, 9, 0.5, history))
        history.rows.append({"epoch": epoch, "loss": losses[0], "validation_loss": losses[1]})
        listener.progress(1, Progress(epoch, 9, 1.0, history))
    listener.note("a note")
    with path.open("a") as file:
        file.write('{"time": 1, "half')
    found = Following.read(path)
    assert found.stage == "training gru"
    assert found.notes == ["a note"]
    curve = found.curve
    assert curve is not None
    assert curve.rows == history.rows
    assert curve.best == (history.best_epoch, 0.6)
    assert curve.share == pytest.approx(3 / 9)
    assert drawn(curve)["lines"]["loss"].startswith("80.0,10.0 ")  # the highest, at the left
    assert drawn(curve)["lines"]["loss"].endswith(" 630.0,230.0")  # the lowest, at the right


def test_the_page_of_a_training_shows_the_numbers_of_its_history(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio.trainings, "_run", lambda name, words: None)
    training = studio.trainings.begin("seen", ["train", "texts", "spam", "--sample"])
    history = History(
        [{"loss": 0.75, "validation_loss": 0.5}, {"loss": 0.25, "validation_loss": 1}]
    )
    ProgressFile(training.folder / "progress.jsonl").progress(1, Progress(2, 9, 1.0, history))
    page = client.get("/train/runs/seen").text
    words = " ".join(re.sub("<[^>]*>", " ", page).split())
    assert "Best epoch: 1, validation loss 0.500 · last: loss 0.250, validation loss 1.000" in words
    assert 'class="best" cx="80.0" cy="156.7"' in page  # 0.5, two thirds of the way to the lowest
    lines = dict(re.findall(r'<polyline class="(\w+)" points="(.*?)"', page))
    assert lines == {
        "loss": "80.0,83.3 630.0,230.0",
        "validation_loss": "80.0,156.7 630.0,10.0",
    }


def test_the_time_left_is_that_of_the_epochs_that_may_come(tmp_path: Path) -> None:
    path, place = tmp_path / "progress.jsonl", {"member": 1, "epochs": 10}
    lines = [(100.0, 1, 0.5), (104.0, 2, 0.5), (108.0, 3, 0.5)]  # four seconds an epoch
    said = [{**place, "time": t, "epoch": epoch, "done": done} for t, epoch, done in lines]
    path.write_text("".join(f"{json.dumps(each)}\n" for each in said))
    curve = Following.read(path).curve
    assert curve is not None
    assert curve.seconds_left == 4 * 7.5


def test_a_training_that_is_resumed_is_drawn_whole(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    rows = [{"loss": 3.0}, {"loss": 2.0}, {"loss": 1.0}]
    first, second = ProgressFile(path), ProgressFile(path)
    first.progress(1, Progress(1, 9, 1.0, History(rows[:1])))
    second.stage("training gru")
    second.progress(1, Progress(3, 9, 1.0, History(rows)))
    found = Following.read(path).curve
    assert found is not None
    assert found.rows == rows
    assert found.best is None
