"""Saved models over HTTP: what they answer, what is refused, and in which words."""

import asyncio
import json
import logging
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WHY = "the extra `serve` is absent: pip install 'recurra[serve]'"
for needed in ("starlette", "uvicorn", "httptools", "prometheus_client", "httpx2"):
    pytest.importorskip(needed, reason=WHY)

from starlette.testclient import TestClient  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from recurra.bundle import Bundle, write_bundle  # noqa: E402
from recurra.cli import app as command_line  # noqa: E402
from recurra.errors import BundleError, DataError, SettingsError  # noqa: E402
from recurra.problems.saved.texts import texts_model  # noqa: E402
from recurra.serving import shelf  # noqa: E402
from recurra.serving.app import app_of  # noqa: E402
from recurra.serving.batches import Queue  # noqa: E402
from recurra.serving.description import QUESTIONS, described  # noqa: E402
from recurra.serving.house import House  # noqa: E402
from recurra.serving.keys import Keys, check_host  # noqa: E402
from recurra.serving.limits import Limits  # noqa: E402
from recurra.serving.listening import listening_at  # noqa: E402
from recurra.serving.logs import log_to  # noqa: E402
from recurra.serving.rates import Rates  # noqa: E402
from recurra.serving.refusals import RefusedError  # noqa: E402
from recurra.serving.sessions import Sessions  # noqa: E402
from recurra.serving.shelf import named_runs  # noqa: E402
from recurra.wording import speak  # noqa: E402

KEY = "a-key-of-many-letters"
PREDICT = "/v1/models/spam/predict"


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A log that a test reads is its own."""
    yield
    for name in ("recurra.serving", "uvicorn"):
        logging.getLogger(name).handlers.clear()


@pytest.fixture(scope="session")
def models(
    finished: Path, messages: tuple[list[str], list[str]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """A model of every kind that is served."""
    from recurra import SequenceClassifier, SequenceForecaster, SequenceTagger

    place = tmp_path_factory.mktemp("served")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 6, 2))
    quick = {"model": "gru", "epochs": 1, "random_state": 0}
    SequenceClassifier(**quick).fit(
        X, np.array(["up", "flat", "down"])[rng.integers(3, size=40)]
    ).save(place / "gestures")
    words = [text.split() for text in messages[0]]
    SequenceTagger(**quick).fit(words, [["w"] * (len(row) - 1) + ["end"] for row in words]).save(
        place / "tags"
    )
    SequenceForecaster(**quick, horizon=3, window=8).fit(np.sin(np.arange(200) / 5)).save(
        place / "ahead"
    )
    SequenceClassifier(**quick, positive="spam").fit(*messages).save(place / "gru")
    SequenceClassifier(**{**quick, "model": "bi-gru"}).fit(*messages).save(place / "both")
    names = ("gestures", "tags", "ahead", "gru", "both")
    return {"spam": finished, "base": finished / "model/baseline"} | {n: place / n for n in names}


@pytest.fixture(scope="module")
def house(models: dict[str, Path]) -> House:
    return House(models)


@pytest.fixture(scope="module")
def client(house: House) -> Iterator[TestClient]:
    with TestClient(app_of(house), raise_server_exceptions=True) as opened:
        yield opened


def limited(models: dict[str, Path], keys: Keys | None = None, **limits: Any) -> TestClient:
    return TestClient(app_of(House({"spam": models["spam"]}, Limits(**limits), keys)))


def ask(client: TestClient, door: str, **question: Any) -> Any:
    answer = client.post(door, json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def error(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    assert list(found) == ["error"]
    assert found["error"]
    assert "\n" not in found["error"]
    return str(found["error"])


# ---- the plain door


@pytest.mark.parametrize("name", ["spam", "base"])
def test_predict_says_what_the_command_line_says(
    client: TestClient, models: dict[str, Path], name: str
) -> None:
    texts = ["ann win now", " ", "상 받으세요"]
    asked = ["predict", str(models["spam"]), *texts, "--with", texts_model(models[name]).name]
    said = CliRunner().invoke(command_line, [*asked, "--json"])
    expected = json.loads(said.stdout)["predictions"]
    found = ask(client, f"/v1/models/{name}/predict", texts=texts)["predictions"]
    for one, other in zip(found, expected, strict=True):
        assert one == {
            **other,
            "score": other["score"] and pytest.approx(other["score"], abs=1e-12),
        }


def test_the_score_of_a_text_is_the_same_bits_whatever_stands_beside_it(client: TestClient) -> None:
    alone = ask(client, PREDICT, texts=["ann win now"])["predictions"]
    beside = ask(client, PREDICT, texts=["bob home please"] * 70 + ["ann win now"])["predictions"]
    assert beside[-1:] == alone


def test_sequences_are_told_apart_as_in_python(client: TestClient, models: dict[str, Path]) -> None:
    from recurra import runtime

    rows = [[[1.0, 2.0], [0.5, -1.0]], [[0.0, 0.0]]]
    (first, _) = ask(client, "/v1/models/gestures/predict", sequences=rows)["predictions"]
    model = runtime.load(models["gestures"])
    shares = model.predict_proba([np.array(row) for row in rows])[0]
    assert first["probabilities"] == pytest.approx(dict(zip(model.names, shares, strict=True)))
    assert first["label"] == model.names[shares.argmax()]


def test_every_word_gets_its_tag_and_no_words_get_none(client: TestClient) -> None:
    found = ask(client, "/v1/models/tags/predict", texts=["ann win now", ""])["predictions"]
    assert [pair["word"] for pair in found[0]] == ["ann", "win", "now"]
    assert {pair["tag"] for pair in found[0]} <= {"w", "end"}
    assert found[1] == []


def test_series_of_different_lengths_are_forecast_with_intervals(
    client: TestClient, models: dict[str, Path]
) -> None:
    from recurra import runtime

    series = [[0.1 * n for n in range(12)], [0.5] * 30]
    found = ask(client, "/v1/models/ahead/predict", sequences=series)["predictions"]
    middle = runtime.load(models["ahead"]).predict([np.array(row) for row in series])
    for row, each in zip(middle, found, strict=True):
        assert each["forecast"] == pytest.approx(row.tolist())
        assert all(np.array(each["lower"]) < row)
        assert all(row < np.array(each["upper"]))


def test_the_list_of_models_says_what_they_are_and_what_their_runs_found(
    client: TestClient, models: dict[str, Path]
) -> None:
    listed = {each["name"]: each for each in client.get("/v1/models").json()["models"]}
    verdicts = json.loads((models["spam"] / "report.json").read_text())["verdicts"]
    assert set(listed) == set(models)
    assert listed["spam"]["classes"] == ["ham", "spam"]
    assert listed["spam"]["positive"] == "spam"
    assert 0 <= listed["spam"]["threshold"] <= 1
    assert listed["spam"]["verdict"] == verdicts[0]["sentence"]
    assert (listed["gru"]["verdict"], listed["gestures"]["reads"]) == (None, "sequences")
    assert len(listed["tags"]["sha256"]) == 64


def test_an_explanation_is_that_of_the_command_line(
    client: TestClient, models: dict[str, Path]
) -> None:
    found = ask(client, "/v1/models/spam/explain", text="ann win now")
    expected = texts_model(models["spam"]).explain("ann win now")
    assert [token for token, _ in found["tokens"]] == ["ann", "win", "now"]
    assert [by for _, by in found["tokens"]] == pytest.approx([by for _, by in expected])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("base", "a baseline that reads texts and says classes"),
        ("tags", "a network that reads texts and says tags"),
        ("gestures", "a network that reads sequences and says classes"),
        ("ahead", "a network that reads sequences and says forecasts"),
    ],
)
def test_what_has_no_explanation_says_so(client: TestClient, name: str, what: str) -> None:
    answer = client.post(f"/v1/models/{name}/explain", json={"text": "ann"})
    assert answer.status_code == 400
    assert error(answer) == (
        "answers are explained by networks that tell classes or labels of texts, but this is "
        f"{what}."
    )


# ---- sequences in pieces


@pytest.mark.parametrize(
    ("name", "steps"),
    [("gru", ["ann", "win", "now", "ok"]), ("gestures", [[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])],
)
def test_pieces_are_answered_as_the_whole(client: TestClient, name: str, steps: Any) -> None:
    door, reads = f"/v1/models/{name}/stream", "texts" if name == "gru" else "sequences"
    begun = ask(client, door, steps=steps[:1])
    last = ask(client, door, session=begun["session"], steps=steps[1:])["answers"][-1]
    whole = " ".join(steps) if name == "gru" else steps
    (told,) = ask(client, f"/v1/models/{name}/predict", **{reads: [whole]})["predictions"]
    assert last["label"] == told["label"]
    shares = last["probabilities"]
    assert shares["spam" if name == "gru" else told["label"]] == pytest.approx(told["score"], 1e-4)


def test_words_are_tagged_as_they_come(client: TestClient) -> None:
    door = "/v1/models/tags/stream"
    begun = ask(client, door, steps=[])
    assert begun["answers"] == []
    more = ask(client, door, session=begun["session"], steps=["ann", "win"])
    assert [pair["word"] for pair in more["answers"]] == ["ann", "win"]


def test_a_session_that_ended_or_never_was_is_not_found(client: TestClient) -> None:
    door = "/v1/models/gru/stream"
    name = ask(client, door, steps=["ann"])["session"]
    other = client.post("/v1/models/tags/stream", json={"session": name, "steps": ["a"]})
    assert other.status_code == 404  # it is another model's
    assert ask(client, door, session=name, steps=["win"], end=True)["session"] is None
    for gone in (name, "never", "../etc", ""):
        if gone:
            answer = client.post(door, json={"session": gone, "steps": ["now"]})
            assert answer.status_code == 404
            assert "Leave session out to begin one" in error(answer)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("both", "pieces"),
        ("base", "but this is a baseline that reads texts and says classes."),
        ("ahead", "but this is a network that reads sequences and says forecasts."),
    ],
)
def test_what_needs_the_whole_sequence_is_not_read_in_pieces(
    client: TestClient, name: str, said: str
) -> None:
    answer = client.post(f"/v1/models/{name}/stream", json={"steps": []})
    assert answer.status_code == 400
    assert said in error(answer)


def test_sessions_are_limited_and_end_when_they_are_not_used() -> None:
    now = 0.0
    sessions = Sessions(2, 60, clock=lambda: now)
    first, second = (sessions.begin("m", lambda steps: []) for _ in range(2))
    now = 50.0
    sessions.get(first, "m")
    with pytest.raises(RefusedError, match="up to 2 sessions") as refused:
        sessions.begin("m", lambda steps: [])
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "10"})
    now = 61.0
    assert len(sessions) == 1
    sessions.get(first, "m")
    with pytest.raises(RefusedError, match="this is none"):
        sessions.get(second, "m")


def test_a_session_too_many_is_429_with_when_to_come_again(models: dict[str, Path]) -> None:
    house = House({"gru": models["gru"]}, Limits(sessions=1))
    with TestClient(app_of(house)) as client:
        ask(client, "/v1/models/gru/stream", steps=["ann"])
        answer = client.post("/v1/models/gru/stream", json={"steps": ["ann"]})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 600
    assert "come again later" in error(answer)


# ---- the Open Inference Protocol


def tensor(name: str, shape: list[int], datatype: str, data: Any) -> dict[str, Any]:
    return {"inputs": [{"name": name, "shape": shape, "datatype": datatype, "data": data}]}


def test_server_and_models_describe_themselves(client: TestClient) -> None:
    assert client.get("/v2").json()["name"] == "recurra"
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True, "outdated": []}
    for place in ("/v2/models/gestures", "/v2/models/gestures/versions/1"):
        found = client.get(place).json()
        assert found["inputs"] == [{"name": "sequences", "datatype": "FP64", "shape": [-1, -1, 2]}]
        assert [each["name"] for each in found["outputs"]] == ["label", "probabilities"]
        assert client.get(f"{place}/ready").json()["ready"] is True
    assert client.get("/v2/models/gestures/versions/2").status_code == 404


def test_a_tensor_of_texts_is_answered(client: TestClient) -> None:
    question = tensor("texts", [2, 1], "BYTES", ["ann win now", "bob home"]) | {"id": "7"}
    answer = ask(client, "/v2/models/spam/infer", **question)
    assert (answer["model_name"], answer["id"]) == ("spam", "7")
    label, shares = answer["outputs"]
    plain = ask(client, PREDICT, texts=["ann win now", "bob home"])["predictions"]
    assert (label["datatype"], label["shape"]) == ("BYTES", [2])
    assert label["data"] == [each["label"] for each in plain]
    assert (shares["datatype"], shares["shape"]) == ("FP64", [2, 2])
    assert shares["data"][1::2] == pytest.approx([each["score"] for each in plain])


@pytest.mark.parametrize("data", [[1, 2, 3, 4, 5, 6, 7, 8], [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]])
def test_a_tensor_of_numbers_may_be_flat_or_nested(client: TestClient, data: Any) -> None:
    question = tensor("sequences", [2, 2, 2], "FP32", data) | {"outputs": [{"name": "label"}]}
    (label,) = ask(client, "/v2/models/gestures/infer", **question)["outputs"]
    rows = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    plain = ask(client, "/v1/models/gestures/predict", sequences=rows)["predictions"]
    assert label["data"] == [each["label"] for each in plain]


def test_tags_and_forecasts_are_tensors_too(client: TestClient) -> None:
    asked = tensor("texts", [1], "BYTES", ["ann win now"])
    (tags,) = ask(client, "/v2/models/tags/versions/1/infer", **asked)["outputs"]
    assert len(tags["data"][0].split()) == 3
    asked = tensor("sequences", [1, 9], "FP64", [0.1 * n for n in range(9)])
    found = ask(client, "/v2/models/ahead/infer", **asked)["outputs"]
    assert [each["name"] for each in found] == ["forecast", "lower", "upper"]
    assert all(each["shape"] == [1, 3] for each in found)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (tensor("text", [1], "BYTES", ["a"]), "the input must be"),
        (tensor("texts", [2], "BYTES", ["a"]), "must fill the shape"),
        (tensor("texts", [1, 2], "BYTES", ["a", "b"]), "the shape [rows]"),
        (tensor("texts", [1], "FP64", [1.0]), "the input must be"),
        (tensor("texts", [1], "INT8", [1]), "datatype|inputs.0"),
        (tensor("texts", [0], "BYTES", []), "must be 1 or more"),
        (tensor("texts", [], "BYTES", ["a"]), "a list of 1 or more"),
        (tensor("texts", [1], "BYTES", ["a"]) | {"outputs": [{"name": "logits"}]}, "an output"),
        ({"inputs": []}, "'inputs' must be a list of 1 or more"),
    ],
)
def test_a_tensor_that_does_not_fit_is_refused(
    client: TestClient, question: dict[str, Any], said: str
) -> None:
    answer = client.post("/v2/models/spam/infer", json=question)
    assert answer.status_code == 400
    assert any(each in error(answer) for each in said.split("|"))


@pytest.mark.parametrize(
    ("shape", "status"),
    [([1 << 25, 0, 1], 400), ([1 << 25, 1, 1], 413), ([1, 1 << 25, 1], 400)],
)
def test_a_shape_takes_no_memory_before_its_values_are_there(
    client: TestClient, shape: list[int], status: int
) -> None:
    tracemalloc.start()
    answer = client.post("/v2/models/ahead/infer", json=tensor("sequences", shape, "FP64", []))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == status
    error(answer)
    assert most < 1 << 22


def as_bytes(client: TestClient, name: str, question: dict[str, Any], behind: bytes) -> Any:
    head = json.dumps(question).encode()
    length = {"Inference-Header-Content-Length": str(len(head))}
    return client.post(f"/v2/models/{name}/infer", content=head + behind, headers=length)


def input_of(name: str, shape: list[int], datatype: str, size: int) -> dict[str, Any]:
    about = {"name": name, "shape": shape, "datatype": datatype}
    return about | {"parameters": {"binary_data_size": size}}


def test_texts_as_bytes_are_answered_as_texts_in_json(client: TestClient) -> None:
    texts = ["ann win now", "", "상 받으세요"]
    coded = [text.encode() for text in texts]
    behind = b"".join(len(text).to_bytes(4, "little") + text for text in coded)
    asked = {"inputs": [input_of("texts", [3], "BYTES", len(behind))]}
    wanted = ask(client, "/v2/models/spam/infer", **tensor("texts", [3], "BYTES", texts))
    assert as_bytes(client, "spam", asked, behind).json() == wanted
    answer = as_bytes(client, "spam", asked | {"parameters": {"binary_data_output": True}}, behind)
    assert answer.headers["content-type"] == "application/octet-stream"
    cut = int(answer.headers["inference-header-content-length"])
    label, shares = json.loads(answer.content[:cut])["outputs"]
    assert "data" not in label
    ends = cut + label["parameters"]["binary_data_size"]
    names = [name.encode() for name in wanted["outputs"][0]["data"]]
    expected = b"".join(len(name).to_bytes(4, "little") + name for name in names)
    assert answer.content[cut:ends] == expected
    assert shares["parameters"]["binary_data_size"] == len(answer.content) - ends
    found = np.frombuffer(answer.content[ends:], "<f8")
    assert found.tolist() == wanted["outputs"][1]["data"]


@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_numbers_as_bytes_are_answered_as_numbers_in_json(
    client: TestClient, datatype: str
) -> None:
    numbers = np.arange(8, dtype={"FP32": "<f4", "FP64": "<f8"}[datatype])
    asked = {"inputs": [input_of("sequences", [2, 2, 2], datatype, numbers.nbytes)]}
    asked["outputs"] = [
        {"name": "label", "parameters": {"binary_data": False}},
        {"name": "probabilities", "parameters": {"binary_data": True}},
    ]
    answer = as_bytes(client, "gestures", asked, numbers.tobytes())
    cut = int(answer.headers["inference-header-content-length"])
    label, shares = json.loads(answer.content[:cut])["outputs"]
    question = tensor("sequences", [2, 2, 2], datatype, numbers.tolist())
    wanted = ask(client, "/v2/models/gestures/infer", **question)["outputs"]
    assert label == wanted[0]
    assert np.frombuffer(answer.content[cut:], "<f8").tolist() == wanted[1]["data"]
    assert "data" not in shares


@pytest.mark.parametrize(
    ("name", "given", "behind", "said"),
    [
        ("spam", input_of("texts", [1], "BYTES", 6), b"\x01\0\0\0a", "as many bytes must follow"),
        ("spam", input_of("texts", [1], "BYTES", 5), b"\x02\0\0\0a", "its length in 4 bytes"),
        ("spam", input_of("texts", [1], "BYTES", 3), b"\x01\0\0", "its length in 4 bytes"),
        ("spam", input_of("texts", [1], "BYTES", 5), b"\xff\xff\xff\xffa", "its length in 4"),
        ("spam", input_of("texts", [1], "BYTES", 5), b"\x01\0\0\0\xff", "must be UTF-8"),
        ("spam", input_of("texts", [2], "BYTES", 5), b"\x01\0\0\0a", "must fill the shape"),
        ("spam", input_of("texts", [1], "BYTES", -1), b"", "must be 0 or more"),
        ("spam", input_of("texts", [1], "BYTES", 5) | {"data": ["a"]}, b"\1\0\0\0a", "either data"),
        ("spam", {"name": "texts", "shape": [1], "datatype": "BYTES"}, b"", "either data or"),
        ("spam", tensor("texts", [1], "BYTES", ["a"])["inputs"][0], b"a", "as many bytes must"),
        ("ahead", input_of("sequences", [1, 1, 1], "FP64", 9), b"9" * 9, "8 bytes a number"),
        ("ahead", input_of("sequences", [1, 1, 1], "FP32", 4), b"\0\0\xc0\x7f", "be finite"),
    ],
)
def test_bytes_that_are_no_tensor_are_refused(
    client: TestClient, name: str, given: dict[str, Any], behind: bytes, said: str
) -> None:
    answer = as_bytes(client, name, {"inputs": [given]}, behind)
    assert answer.status_code == 400
    assert said in error(answer)


@pytest.mark.parametrize("length", ["9", "-1", "", "²", "9" * 5000])
def test_a_json_that_is_longer_than_its_body_is_refused(client: TestClient, length: str) -> None:
    headers = {"Inference-Header-Content-Length": length.encode()}
    answer = client.post("/v2/models/spam/infer", content=b"{}", headers=headers)
    assert answer.status_code == 400
    assert "bytes are JSON" in error(answer)


# ---- what is wrong is said in one sentence, in the language asked for

KOREAN = {"accept-language": "fr;q=0.9, ko-KR;q=0.8, en;q=0.5"}


def test_sentences_are_in_the_language_that_is_asked_for_and_names_in_none(
    client: TestClient, models: dict[str, Path]
) -> None:
    answer = client.post("/v1/models/spma/predict", json={}, headers=KOREAN)
    assert error(answer).startswith("모델은 ")
    assert "'spma'" in error(answer)
    assert (answer.headers["content-language"], answer.headers["vary"]) == (
        "ko",
        "Accept-Language",
    )
    assert error(client.post("/v1/models/spma/predict", json={})).startswith("the model must be ")
    english, korean = (
        client.get("/v1/models", headers=headers).json()["models"] for headers in ({}, KOREAN)
    )
    told = {"verdict", "remark"}
    for one, other in zip(english, korean, strict=True):
        assert {k: v for k, v in one.items() if k not in told} == {
            k: v for k, v in other.items() if k not in told
        }
    sentences = {each["name"]: each["verdict"] for each in korean}
    assert re.search("[가-힣]", sentences["spam"])
    assert sentences["gru"] is None
    answers = [
        client.post(PREDICT, json={"texts": ["ann win now"]}, headers=headers).json()
        for headers in ({}, KOREAN)
    ]
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("ko", "ko"),
        ("KO-kr", "ko"),
        ("en, ko;q=0.9", "en"),
        ("en;q=0.4, ko;q=0.9", "ko"),
        ("ko;q=0", "en"),
        ("ko;q=much", "en"),
        ("fr, *;q=0.5", "en"),
        ("", "en"),
        (",;q=;,", "en"),
    ],
)
def test_a_language_is_wanted_as_browsers_say_it(
    client: TestClient, wanted: str, spoken: str
) -> None:
    answer = client.get("/nowhere", headers={"accept-language": wanted})
    assert answer.headers["content-language"] == spoken


def test_a_server_that_was_begun_in_korean_speaks_it_where_nothing_else_is_asked_for(
    models: dict[str, Path],
) -> None:
    with speak("ko"):
        asked = limited(models)
    assert error(asked.get("/nowhere")).startswith("이 주소")
    assert error(asked.get("/nowhere", headers={"accept-language": "en"})).startswith("this")
    assert error(asked.get("/nowhere", headers={"accept-language": "fr"})).startswith("이 주소")


def test_every_refusal_of_a_hostile_body_is_told_in_korean(client: TestClient) -> None:
    for body in HOSTILE:
        for door in (PREDICT, "/v1/models/gestures/predict", "/v2/models/spam/infer"):
            answer = client.post(door, content=body, headers=KOREAN)
            if answer.status_code == 400:
                plain = re.sub(r"\(Invalid JSON:.*\)|'.*'|{.*}|\S*[.\[]\S*", "", error(answer))
                assert re.search("[가-힣]", plain), error(answer)
                assert not re.search("[a-z]+ [a-z]+ [a-z]+", plain), error(answer)


HOSTILE = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"texts": ' + b"[" * 100_000,
    b'{"texts": ["\\ud83d"]}',
    b'{"texts": ["\\ud800\\ud800"]}',
    b'{"texts": [NaN]}',
    b'{"texts": [1]}',
    b'{"texts": "one"}',
    b'{"texts": []}',
    b'{"texts": null}',
    b'{"texts": ["a"], "sequences": [[1]]}',
    b'{"texts": ["a"], "with": "x"}',
    b'{"sequences": [[NaN]]}',
    b'{"sequences": [[Infinity, 1]]}',
    b'{"sequences": [[[1e999, 1]]]}',
    b'{"sequences": [[[1e200, 1]]]}',
    b'{"sequences": [[[' + b"9" * 5000 + b", 1]]]}",
    b'{"sequences": [[[1e100, 1e100]]]}',
    b'{"sequences": [[]]}',
    b'{"sequences": [[[]]]}',
    b'{"sequences": [[[1, 2], [1]]]}',
    b'{"sequences": [[[true, false]]]}',
    b'{"sequences": [[["1", "2"]]]}',
    b'{"sequences": [[1, 2], 3]}',
    b'{"sequences": {"0": 1}}',
]


@pytest.mark.parametrize("name", ["spam", "gestures", "tags", "ahead"])
@pytest.mark.parametrize("body", HOSTILE, ids=lambda body: repr(body[:30]))
def test_hostile_bodies_are_refused_in_a_sentence(
    client: TestClient, name: str, body: bytes
) -> None:
    for door in ("v1/models/{}/predict", "v1/models/{}/explain", "v1/models/{}/stream"):
        answer = client.post("/" + door.format(name), content=body)
        assert answer.status_code in (200, 400), answer.text
        if answer.status_code == 400:
            error(answer)
    assert client.post(f"/v2/models/{name}/infer", content=body).status_code == 400


@pytest.mark.parametrize(
    ("door", "body", "said"),
    [
        ("v1/models/spam/predict", '{"texts": [1, "a"]}', "'texts.0' must be a text, but it is 1."),
        ("v1/models/spam/predict", '{"texts": [null]}', "must be a text, but it is null."),
        ("v1/models/spam/predict", '{"texts": []}', "has none."),
        (
            "v1/models/spam/predict",
            '{"text": "a"}',
            "'text' is not known here. What may be given: texts, sequences.",
        ),
        (
            "v1/models/gestures/predict",
            '{"sequences": [["1", 2]]}',
            "'sequences.0.0' must be a number, but it is \"1\".",
        ),
        (
            "v2/models/spam/infer",
            json.dumps(tensor("texts", [2], "BYTES", ["a", 1])),
            "'inputs.0.data.1' must be a text, but it is 1.",
        ),
        (
            "v2/models/gestures/infer",
            json.dumps(tensor("sequences", [1, 2, 2], "FP32", [1, 2, float("nan"), 4])),
            "'inputs.0.data.2' must be a finite number, but it is NaN.",
        ),
        (
            "v2/models/gestures/infer",
            json.dumps(tensor("sequences", [1, 1, 2], "FP32", [[[1, True]]])),
            "'inputs.0.data.0.0.1' must be a number, but it is true.",
        ),
    ],
)
def test_a_refusal_names_the_place_that_is_wrong_as_the_client_wrote_it(
    client: TestClient, door: str, body: str, said: str
) -> None:
    assert error(client.post(f"/{door}", content=body)).endswith(said)


@pytest.mark.parametrize(
    "text", ["\x00", "\u202e", "a" * 20_000, "\U0001f600", "<script>", "ㅋ" * 999]
)
def test_any_text_is_answered(client: TestClient, text: str) -> None:
    (found,) = ask(client, PREDICT, texts=[text])["predictions"]
    assert found["text"] == text


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "spam%00", "%ff", "a" * 9999]
)
def test_a_name_that_is_none_leads_nowhere(client: TestClient, name: str) -> None:
    answer = client.post(f"/v1/models/{name}/predict", json={"texts": ["a"]})
    assert answer.status_code == 404
    error(answer)


def test_what_a_model_does_not_read_is_refused_by_what_it_reads(client: TestClient) -> None:
    answer = client.post(PREDICT, json={"sequences": [[1]]})
    assert error(answer) == 'this model reads texts: give {"texts": [...]}.'
    answer = client.post("/v1/models/gestures/predict", json={"sequences": [[[1, 2, 3]]]})
    assert "of 2 features" in error(answer)
    answer = client.post("/v1/models/ahead/predict", json={"sequences": [[]]})
    assert "1 timestep or more" in error(answer)


def test_an_address_that_is_none_and_a_wrong_method_are_errors_in_json(client: TestClient) -> None:
    assert client.get("/v3").status_code == 404
    assert "none of this server" in error(client.get("/"))
    answer = client.get(PREDICT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "takes POST" in error(answer)


def test_a_failure_is_told_without_what_was_asked(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House({"spam": models["spam"]})
    log = StringIO()
    log_to(log)

    def broken(rows: list[str]) -> None:
        raise RuntimeError(f"no answer to {rows}")

    monkeypatch.setattr(house.shelf["spam"].now.queue, "_say", broken)
    with TestClient(app_of(house)) as client:
        answer = client.post(PREDICT, json={"texts": ["a secret"]})
    assert answer.status_code == 500
    assert error(answer) == "the server failed. Its log says where."
    (line,) = [json.loads(each) for each in log.getvalue().splitlines() if "failed" in each]
    assert line["error"] == "RuntimeError"
    assert any("test_serving.py" in frame for frame in line["frames"])
    assert "secret" not in log.getvalue()


# ---- limits


def test_too_much_is_refused_by_how_much_may_be(models: dict[str, Path]) -> None:
    with limited(models, body=1000, rows=2, letters=20) as client:
        ask(client, PREDICT, texts=["a" * 20, "b"])
        for question, said in (
            ({"texts": ["a", "b", "c"]}, "1 to 2 texts"),
            ({"texts": ["a" * 21]}, "up to 20 letters"),
            ({"texts": ["a" * 1001]}, "up to 1,000 bytes"),
        ):
            answer = client.post(PREDICT, json=question)
            assert answer.status_code == 413
            assert said in error(answer)
        in_parts = client.post(PREDICT, content=(b" " * 100 for _ in range(11)))
        assert in_parts.status_code == 413  # no length was said before


@pytest.mark.parametrize("name", ["gru", "tags"])
def test_a_text_that_is_streamed_has_the_limits_of_one_that_is_not(
    models: dict[str, Path], name: str
) -> None:
    house = House({name: models[name]}, Limits(rows=3, letters=20))
    door = f"/v1/models/{name}/stream"
    with TestClient(app_of(house)) as client:
        ask(client, door, steps=["ann", "win", "now"])
        for steps, said in (
            (["a"] * 4, "1 to 3 steps, but it has 4"),
            (["a" * 10, "b" * 10], "up to 20 letters"),
        ):
            answer = client.post(door, json={"steps": steps})
            assert answer.status_code == 413
            assert said in error(answer)
    assert len(house.sessions) == 1


def test_a_body_that_is_packed_is_refused(client: TestClient) -> None:
    answer = client.post(PREDICT, content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert "without Content-Encoding" in error(answer)


def test_an_answer_that_takes_too_long_is_given_up(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House({"spam": models["spam"]}, Limits(seconds=0.1))
    monkeypatch.setattr(house.shelf["spam"].now.queue, "_say", lambda rows: time.sleep(0.5))
    with TestClient(app_of(house)) as client:
        answer = client.post(PREDICT, json={"texts": ["a"]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "within 0.1 seconds" in error(answer)


def test_requests_beyond_those_being_answered_come_again(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House({"spam": models["spam"]}, Limits(requests=1))
    begun, go_on = threading.Event(), threading.Event()
    queue = house.shelf["spam"].now.queue
    say = queue._say

    def slowly(rows: list[Any]) -> list[Any]:
        begun.set()
        go_on.wait(10)
        return say(rows)

    monkeypatch.setattr(queue, "_say", slowly)
    with TestClient(app_of(house)) as client, ThreadPoolExecutor() as threads:
        first = threads.submit(client.post, PREDICT, json={"texts": ["a"]})
        assert begun.wait(10)
        refused = client.post(PREDICT, json={"texts": ["b"]})
        assert client.get("/v2/health/live").status_code == 200
        go_on.set()
        assert first.result().status_code == 200
        assert client.post(PREDICT, json={"texts": ["b"]}).status_code == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "Come again" in error(refused)


def test_a_client_that_asks_too_often_comes_again_and_others_are_answered(
    models: dict[str, Path],
) -> None:
    keys = Keys([KEY, "another-key-of-many-letters"])
    house = House({"spam": models["spam"]}, Limits(rate=2), keys)
    mine, other = (
        {"Authorization": f"Bearer {key}"} for key in (KEY, KEY.replace("a", "another", 1))
    )
    with TestClient(app_of(house)) as client:
        guard = client.app
        now = 1000.0
        guard._rates.early = lambda who, _, early=guard._rates.early: early(who, now)  # type: ignore[attr-defined]

        def asked(headers: dict[str, str]) -> Any:
            return client.post(PREDICT, json={"texts": ["a"]}, headers=headers)

        assert [asked(mine).status_code for _ in range(3)] == [200, 200, 429]
        refused = asked(mine)
        assert refused.headers["retry-after"] == "1"
        assert error(refused) == "one client may ask 2 times a second. Come again later."
        assert asked(other).status_code == 200
        assert client.get("/v1/models", headers=mine).status_code == 200  # it costs nothing
        now += 0.5
        assert [asked(mine).status_code for _ in range(2)] == [200, 429]
        now += 60
        assert [asked(mine).status_code for _ in range(3)] == [200, 200, 429]  # no more is saved up


@pytest.mark.parametrize(("rate", "at_once"), [(0.25, 1), (1, 1), (1.5, 1), (7, 7)])
def test_a_client_asks_for_a_seconds_worth_at_once_and_then_as_often_as_its_rate(
    rate: float, at_once: int
) -> None:
    rates = Rates(rate)
    assert [rates.early("a", 5.0) == 0 for _ in range(at_once + 1)] == [True] * at_once + [False]
    times = np.arange(5.0, 105.0, 0.01)
    taken = sum(rates.early("a", float(now)) == 0 for now in times)
    assert abs(taken - 100 * rate) <= 1


def test_clients_that_asked_long_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recurra.serving.rates.MOST_CLIENTS", 2)
    rates = Rates(1)
    assert [rates.early(who, 0.0) for who in "abca"] == [0, 0, 0, 0]  # a had been forgotten
    assert rates.early("c", 0.0) == 1.0


def test_limits_are_above_nought() -> None:
    with pytest.raises(SettingsError, match="--seconds must be above 0"):
        Limits(seconds=0)


def test_a_slow_explanation_keeps_no_prediction_waiting(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, go_on = House({"gru": models["gru"]}), threading.Event()
    model = house.shelf["gru"].now.model
    monkeypatch.setattr(model, "explain", lambda text: go_on.wait(10) and [])
    with TestClient(app_of(house)) as client, ThreadPoolExecutor() as threads:
        door = "/v1/models/gru/explain"
        slow = [threads.submit(client.post, door, json={"text": "a"}) for _ in range(6)]
        ask(client, "/v1/models/gru/predict", texts=["ann win"])
        assert not any(each.done() for each in slow)
        go_on.set()
        assert [each.result().status_code for each in slow] == [200] * 6


def test_slow_explanations_keep_no_new_model_waiting(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(models["gru"], tmp_path / "spam")
    house, go_on = House({"spam": tmp_path / "spam"}), threading.Event()
    monkeypatch.setattr(
        house.shelf["spam"].now.model, "explain", lambda text: go_on.wait(10) and []
    )
    with TestClient(app_of(house)) as client, ThreadPoolExecutor() as threads:
        door = "/v1/models/spam/explain"
        slow = [threads.submit(client.post, door, json={"text": "a"}) for _ in range(3)]
        put(models["both"], tmp_path / "spam")
        end = time.monotonic() + 8
        while listing(client)["model"] != "bi-gru" and time.monotonic() < end:
            time.sleep(0.05)
        assert not any(each.done() for each in slow)
        assert listing(client)["model"] == "bi-gru"
        go_on.set()


def test_steps_that_cannot_be_read_begin_no_session_and_end_none(models: dict[str, Path]) -> None:
    house = House({"gru": models["gru"]})
    door, wrong = "/v1/models/gru/stream", [[1.0, 2.0]]
    with TestClient(app_of(house)) as client:
        answer = client.post(door, json={"steps": wrong})
        assert "must be words" in error(answer)
        assert len(house.sessions) == 0
        name = ask(client, door, steps=["ann"])["session"]
        assert client.post(door, json={"session": name, "steps": wrong}).status_code == 400
        ask(client, door, session=name, steps=["win"])


def test_a_session_whose_piece_takes_too_long_ends(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House({"gru": models["gru"]}, Limits(seconds=0.3))
    door = "/v1/models/gru/stream"
    with TestClient(app_of(house)) as client:
        name = ask(client, door, steps=["ann"])["session"]
        monkeypatch.setattr(house.sessions.get(name, "gru"), "push", lambda steps: time.sleep(1))
        slow = client.post(door, json={"session": name, "steps": ["win"]})
        gone = client.post(door, json={"session": name, "steps": ["win"]})
    assert (slow.status_code, gone.status_code) == (503, 404)


# ---- what waits is answered together


def asked_at_once(say: Any, requests: list[list[Any]]) -> tuple[list[Any], list[int]]:
    sizes: list[int] = []

    async def ask_all() -> list[Any]:
        queue = Queue(say, threads, sizes.append)
        return await asyncio.gather(*map(queue.said, requests), return_exceptions=True)

    with ThreadPoolExecutor() as threads:
        return asyncio.run(ask_all()), sizes


def test_what_waits_is_answered_together_up_to_64_rows() -> None:
    requests = [[n] for n in range(100)] + [[0] * 70]
    answers, sizes = asked_at_once(lambda rows: [-row for row in rows], requests)
    assert answers == [[-n] for n in range(100)] + [[0] * 70]
    assert sizes == [64, 36, 70]  # what is larger than a batch is asked alone


def test_a_wrong_row_spoils_its_own_request_alone() -> None:
    def say(rows: list[int]) -> list[int]:
        if 13 in rows:
            raise DataError("13 is no number")
        return rows

    answers, _ = asked_at_once(say, [[1, 2], [13], [3]])
    assert (answers[0], answers[2]) == ([1, 2], [3])
    assert isinstance(answers[1], DataError)


def test_a_failure_is_told_to_all_who_wait() -> None:
    answers, _ = asked_at_once(lambda rows: 1 / 0, [[1], [2]])
    assert all(isinstance(each, ZeroDivisionError) for each in answers)


# ---- models that change


def put(model: Path, place: Path) -> None:
    """Put a model in the place of another as a deployment would: beside it, then by its name."""
    beside = place.with_name("beside")
    shutil.copytree(model, beside)
    shutil.rmtree(place, ignore_errors=True)
    beside.rename(place)


def listing(client: TestClient) -> dict[str, Any]:
    (found,) = client.get("/v1/models").json()["models"]
    return dict(found)


def test_a_model_that_changed_is_taken_up_and_no_request_is_lost(
    models: dict[str, Path], tmp_path: Path
) -> None:
    place = tmp_path / "spam"
    put(models["gru"], place)
    house, stop, statuses = House({"spam": place}), threading.Event(), []

    def ask_on(client: TestClient) -> None:
        while not stop.is_set():
            statuses.append(client.post(PREDICT, json={"texts": ["ann win"]}).status_code)

    with TestClient(app_of(house)) as client, ThreadPoolExecutor() as threads:
        before = listing(client)
        asking = [threads.submit(ask_on, client) for _ in range(3)]
        put(models["both"], place)
        end = time.monotonic() + 20
        while listing(client)["model"] != "bi-gru" and time.monotonic() < end:
            time.sleep(0.05)
        stop.set()
        [each.result() for each in asking]
        after = listing(client)
    assert (before["model"], after["model"], after["remark"]) == ("gru", "bi-gru", None)
    assert after["sha256"] != before["sha256"]
    assert set(statuses) == {200}


@pytest.mark.parametrize("damage", ["weights", "kind"])
def test_a_new_model_that_cannot_be_used_leaves_the_old_one_and_is_told(
    models: dict[str, Path], tmp_path: Path, damage: str
) -> None:
    place, log = tmp_path / "spam", StringIO()
    put(models["gru"], place)
    house = House({"spam": place})
    log_to(log)
    with TestClient(app_of(house)) as client:
        before = ask(client, PREDICT, texts=["ann win"])
        if damage == "weights":
            (place / "weights.safetensors").write_bytes(b"damaged")
        else:
            put(models["tags"], place)
        house.shelf["spam"].look()
        assert ask(client, PREDICT, texts=["ann win"]) == before
        remark = client.get("/v2/models/spam/ready").json()["remark"]
        assert client.get("/v2/health/ready").json() == {"ready": True, "outdated": ["spam"]}
        assert ("checksum" if damage == "weights" else "must go on to read texts") in remark
        assert '"event":"kept the old","model":"spam"' in log.getvalue()
        put(models["both"], place)
        house.shelf["spam"].look()
        assert listing(client)["remark"] is None
        assert 'outcome="reloaded"' in client.get("/metrics").text


def test_a_model_that_is_away_for_a_moment_is_still_answered(
    models: dict[str, Path], tmp_path: Path
) -> None:
    put(models["gru"], tmp_path / "spam")
    house = House({"spam": tmp_path / "spam"})
    shutil.rmtree(tmp_path / "spam")
    house.shelf["spam"].look()
    with TestClient(app_of(house)) as client:
        ask(client, PREDICT, texts=["ann win"])
        assert listing(client)["remark"] is None


@pytest.mark.parametrize(
    "passing",
    [
        OSError(24, "Too many open files"),
        MemoryError(),
        ImportError("no sklearn"),
        SettingsError("no"),
    ],
    ids=repr,
)
def test_what_passes_keeps_the_old_model_only_until_it_has_passed(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, passing: Exception
) -> None:
    place, log = tmp_path / "spam", StringIO()
    put(models["gru"], place)
    served = House({"spam": place}).shelf["spam"]
    log_to(log)
    put(models["both"], place)
    with monkeypatch.context() as patched:

        def fail(kept: Any) -> None:
            raise passing

        patched.setattr(shelf, "opened_model", fail)
        served.look()
        served.look()
    assert served.now.model.kept.name == "gru"
    assert served.remark
    assert log.getvalue().count("kept the old") == 1
    served.look()
    assert (served.now.model.kept.name, served.remark) == ("bi-gru", None)


def test_files_that_cannot_be_read_for_a_moment_are_read_again(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "spam"
    put(models["gru"], place)
    served = House({"spam": place}).shelf["spam"]
    put(models["both"], place)
    read = Path.read_bytes

    def fail(path: Path) -> bytes:
        if path.name == "weights.safetensors":
            raise OSError(24, "Too many open files")
        return read(path)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", fail)
        served.look()
    assert "Too many open files" in str(served.remark)
    served.look()
    assert (served.now.model.kept.name, served.remark) == ("bi-gru", None)


def test_models_are_looked_at_on_after_one_fails_without_being_opened(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def fail(run: Path) -> None:
        looks.append(run)
        raise MemoryError

    house = House({"spam": models["spam"], "gru": models["gru"]})

    async def watch() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await shelf.watched(house.shelf.values(), house.aside, every=0.01)

    with monkeypatch.context() as patched:
        patched.setattr(shelf, "kept_model", fail)
        asyncio.run(watch())
    assert len(looks) > 4
    assert {served.remark for served in house.shelf.values()} == {"MemoryError"}
    asyncio.run(watch())
    assert {served.remark for served in house.shelf.values()} == {None}


def test_a_verdict_that_comes_after_its_model_is_taken_up(
    models: dict[str, Path], tmp_path: Path
) -> None:
    run = tmp_path / "spam"
    shutil.copytree(models["spam"], run)
    report = (run / "report.json").read_bytes()
    (run / "report.json").unlink()
    served = House({"spam": run}).shelf["spam"]
    assert served.facts()["verdict"] is None
    (run / "report.json").write_bytes(report)
    served.look()
    assert served.facts()["verdict"] == json.loads(report)["verdicts"][0]["sentence"]


def test_a_model_that_is_in_no_run_takes_no_verdict_from_a_folder_above(
    models: dict[str, Path], tmp_path: Path
) -> None:
    shutil.copy(models["spam"] / "report.json", tmp_path)
    for name in ("alone", "deeper/alone"):
        shutil.copytree(models["spam"] / "model", tmp_path / name)
        assert House({"spam": tmp_path / name}).shelf["spam"].now.verdict is None


def test_what_is_not_served_is_refused_at_the_start(tmp_path: Path) -> None:
    write_bundle(tmp_path / "lines", Bundle({"estimator": "SequenceGenerator"}, {}, {}))
    with pytest.raises(BundleError, match="are served, but .* holds a SequenceGenerator"):
        House({"lines": tmp_path / "lines"})


def test_runs_are_called_by_their_folder_or_as_they_are_named(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert named_runs(["runs/spam", "x=runs/spam"]) == {
        "spam": Path("runs/spam"),
        "x": Path("runs/spam"),
    }
    with pytest.raises(SettingsError, match="a model's name must be"):
        named_runs([str(tmp_path / "a=b")])
    with pytest.raises(SettingsError, match="two models are called 'spam'"):
        named_runs(["runs/spam", "other/spam"])
    with pytest.raises(SettingsError, match="needed behind 'spam='"):
        named_runs(["spam="])


# ---- keys


def test_without_its_key_nobody_is_answered_but_probes(models: dict[str, Path]) -> None:
    with limited(models, Keys([KEY, "another-key-as-long"])) as client:
        for wrong in ("", "Bearer", f"Bearer {KEY}x", KEY, f"Basic {KEY}", "Bearer \xff"):
            answer = client.post(
                PREDICT, json={"texts": ["a"]}, headers={"Authorization": wrong.encode("latin-1")}
            )
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert "Authorization: Bearer KEY" in error(answer)
        for door in ("/v1/models", "/v2", "/metrics", "/openapi.json"):
            assert client.get(door).status_code == 401
        for probe in ("/v2/health/live", "/v2/health/ready"):
            assert client.get(probe).status_code == 200
        for key in (KEY, "another-key-as-long"):
            right = {"Authorization": f"Bearer {key}"}
            assert client.post(PREDICT, json={"texts": ["a"]}, headers=right).status_code == 200


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import recurra.serving.keys as module

    compared: list[tuple[bytes, bytes]] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(module.hmac, "compare_digest", compare)
    assert Keys([KEY, "another-key-as-long", "a-third-key-as-long"]).know(f"Bearer {KEY}")
    assert len(compared) == 3  # the first was right, and the others are compared all the same
    assert {len(each) for pair in compared for each in pair} == {32}


def test_a_file_of_keys_has_one_a_line(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# of the shop\n{KEY}\n\n  another-key-as-long  \n")
    keys = Keys.read(path)
    assert keys.know("Bearer another-key-as-long")
    assert not keys.know("Bearer # of the shop")
    for content, said in ((b"# none\n", "holds none"), (b"short\n", "shorter"), (b"\xff", "ASCII")):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=said):
            Keys.read(path)
    with pytest.raises(SettingsError, match="No such file"):
        Keys.read(tmp_path / "absent")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.com", ""])
def test_other_machines_need_keys(host: str) -> None:
    with pytest.raises(SettingsError, match="needs --key-file"):
        check_host(host, None)
    check_host(host, Keys([KEY]))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_needs_none(host: str) -> None:
    check_host(host, None)


# ---- counters, log, description


def test_prometheus_is_told_of_requests_batches_and_seconds(models: dict[str, Path]) -> None:
    with limited(models) as client:
        ask(client, PREDICT, texts=["a", "b", "c"])
        client.post(PREDICT, json={})
        client.post("/v1/models/../../x/predict", json={})
        told = client.get("/metrics").text
    assert 'recurra_requests_total{door="predict",model="spam",status="200"} 1.0' in told
    assert 'recurra_requests_total{door="predict",model="spam",status="400"} 1.0' in told
    assert 'recurra_request_seconds_count{door="predict",model="spam"} 2.0' in told
    assert 'recurra_batch_rows_sum{model="spam"} 3.0' in told
    assert "recurra_requests_in_flight 1.0" in told
    assert "etc" not in told


def test_the_log_is_json_and_holds_no_text(client: TestClient) -> None:
    log = StringIO()
    log_to(log)
    ask(client, PREDICT, texts=["my secret"])
    client.post(PREDICT, json={"texts": ["my secret", 1]})
    client.post("/v1/models/my%20secret/predict?q=secret", json={"secret": "secret"})
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["status"] for line in lines] == [200, 400, 404]
    assert [line["model"] for line in lines] == ["spam", "spam", ""]
    assert all(line["door"] == "predict" and line["ms"] >= 0 for line in lines)
    assert "secret" not in log.getvalue()


def test_what_is_described_is_there_and_its_examples_are_right(
    client: TestClient, house: House
) -> None:
    description = client.get("/openapi.json").json()
    assert description == json.loads(json.dumps(described(house)))
    there = {route.path for route in client.app._app.routes}  # type: ignore[attr-defined]
    assert set(description["paths"]) == there
    for kind in QUESTIONS:
        fields = kind.model_json_schema()["properties"]
        given = {n: f["examples"][0] for n, f in fields.items() if "examples" in f}
        assert given
        kind.model_validate(given)


def test_every_kind_of_answer_is_described(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    described = app_of(house)
    client = TestClient(described, raise_server_exceptions=False)
    place = "/v2/models/{name}/infer"
    question = tensor("texts", [1], "BYTES", ["ann"])
    as_bytes = {"parameters": {"binary_data_output": True}}
    answers = [
        client.post(place.format(name="spam"), json=each)
        for each in (question, question | as_bytes, {"inputs": []})
    ]
    monkeypatch.setattr(house.shelf["spam"].now.model, "rows", lambda *given: 1 / 0)
    answers.append(client.post(place.format(name="spam"), json=question))
    assert [answer.status_code for answer in answers] == [200, 200, 400, 500]
    responses = client.get("/openapi.json").json()["paths"][place]["post"]["responses"]
    for answer in answers:
        kinds = responses[str(answer.status_code)]["content"]
        assert answer.headers["content-type"] in kinds


# ---- the process


@pytest.fixture
def serving(models: dict[str, Path]) -> Iterator[tuple[subprocess.Popen[str], int, list[str]]]:
    """A server of its own, its port, and the lines of its log so far."""
    process = subprocess.Popen(
        [sys.executable, "-m", "recurra.cli", "serve", f"gru={models['gru']}", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "startup complete" in line:
            break
    port = int(json.loads(lines[0])["at"].rpartition(":")[2])
    yield process, port, lines
    process.kill()
    process.wait()
    process.stderr.close()


def test_tritons_client_talks_to_it_as_it_is(
    serving: tuple[subprocess.Popen[str], int, list[str]], models: dict[str, Path]
) -> None:
    triton = pytest.importorskip("tritonclient.http", reason="pip install 'tritonclient[http]'")
    from recurra import runtime

    texts = ["ann win now", "상 받으세요", ""]
    with triton.InferenceServerClient(f"127.0.0.1:{serving[1]}") as client:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("gru")
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        (about,) = client.get_model_metadata("gru")["inputs"]
        given = triton.InferInput(about["name"], [len(texts)], about["datatype"])
        given.set_data_from_numpy(np.array(texts, object))
        found = client.infer("gru", [given], request_id="7")
        shares = runtime.load(models["gru"]).predict_proba(texts)
        assert found.get_response()["id"] == "7"
        np.testing.assert_array_equal(found.as_numpy("probabilities"), shares)
        given.set_data_from_numpy(np.array(texts, object), binary_data=False)
        wanted = [triton.InferRequestedOutput("label", binary_data=False)]
        again = client.infer("gru", [given], outputs=wanted)
        names = [name.decode() for name in found.as_numpy("label")]
        assert again.as_numpy("label").tolist() == names
        with pytest.raises(triton.InferenceServerException, match="the model must be"):
            client.infer("other", [given])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_accepted_is_answered_before_the_server_ends(
    serving: tuple[subprocess.Popen[str], int, list[str]], number: int
) -> None:
    process, port, _ = serving
    body = b'{"texts": ["ann win now"]}'
    head = f"POST /v1/models/gru/predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as begun:
        begun.settimeout(20)
        begun.sendall(head.encode() + body[:5])
        time.sleep(0.3)
        process.send_signal(number)
        time.sleep(0.5)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        begun.sendall(body[5:])
        assert b"200 OK" in begun.recv(10_000)
    assert process.wait(20) == 0
    assert process.stderr is not None
    rest = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert rest[-1]["event"] == "stopped"
    assert [line["status"] for line in rest if line["event"] == "request"] == [200]


def test_a_connection_whose_headers_have_no_end_is_closed(
    serving: tuple[subprocess.Popen[str], int, list[str]],
) -> None:
    _, port, _ = serving
    for more in (b"a" * 100_000, b"x: y\r\n" * 20_000):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as endless:
            endless.sendall(b"GET /v2 HTTP/1.1\r\nHost: x\r\nX: ")
            with pytest.raises(OSError):  # noqa: PT012 (which of them is closed, nobody knows)
                for _ in range(100):
                    endless.sendall(more)
                    time.sleep(0.01)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as right:
        for _ in range(3):  # one connection, and more in all than a head may have
            padding = b"X: " + b"a" * 30_000
            right.sendall(b"GET /v2 HTTP/1.1\r\nHost: x\r\n" + padding + b"\r\n\r\n")
            answer = b""
            while not answer.endswith(b"}"):
                answer += right.recv(10_000)
            assert b"200 OK" in answer


def test_a_body_that_is_refused_unread_ends_its_connection(
    serving: tuple[subprocess.Popen[str], int, list[str]],
) -> None:
    _, port, _ = serving
    body = b'{"texts": ["ann win"]}'
    for door, size, status, closed in (
        ("gru/predict", 1 << 30, b"413", True),
        ("nobody/predict", 1 << 30, b"404", True),
        ("gru/predict", len(body), b"200", False),
    ):
        with socket.create_connection(("127.0.0.1", port), timeout=2) as asking:
            head = f"POST /v1/models/{door} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
            asking.sendall(head.encode() + body)
            said = b""
            with suppress(TimeoutError, ConnectionResetError):
                while more := asking.recv(10_000):
                    said += more
                assert closed
            assert status in said.split(b"\r\n")[0]
            assert (b"connection: close" in said.lower()) == closed


def test_a_head_that_does_not_come_is_not_waited_for(models: dict[str, Path]) -> None:
    import uvicorn

    from recurra.serving import connections

    async def wait() -> bytes:
        app = app_of(House({"spam": models["spam"]}))
        config = uvicorn.Config(
            app, http=connections.Bounded, log_config=None, port=0, lifespan="off"
        )
        server = uvicorn.Server(config)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            reader, writer = await asyncio.open_connection(*listening.getsockname())
            writer.write(b"GET /v2 HTTP/1.1\r\n")
            said = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            server.should_exit = True
            await serving
        return said

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connections, "PATIENCE", 0.2)
        assert asyncio.run(wait()) == b""


def test_a_body_that_does_not_come_is_given_up(models: dict[str, Path]) -> None:
    async def ask_slowly() -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(60)
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": PREDICT, "headers": []}
        app = app_of(House({"spam": models["spam"]}, Limits(seconds=0.1)))
        await app(scope, receive, send)
        return sent

    start, body = asyncio.run(ask_slowly())
    assert start["status"] == 408
    assert "within 0.1 seconds" in json.loads(body["body"])["error"]


def test_a_client_that_leaves_is_not_answered_and_nothing_fails(models: dict[str, Path]) -> None:
    async def leave() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": PREDICT, "headers": []}
        await app_of(House({"spam": models["spam"]}))(scope, receive, send)
        return sent

    assert asyncio.run(leave()) == []


def test_the_process_loads_neither_keras_nor_jax_nor_scikit_learn(models: dict[str, Path]) -> None:
    networks = {name: str(path) for name, path in models.items() if name != "base"}
    code = f"""
import sys
from pathlib import Path
from starlette.testclient import TestClient
from recurra.serving.app import app_of
from recurra.serving.house import House
house = House({{name: Path(path) for name, path in {networks!r}.items()}})
with TestClient(app_of(house)) as client:
    for name, asked in {{
        "spam": {{"texts": ["a"]}}, "tags": {{"texts": ["a"]}},
        "gestures": {{"sequences": [[[1, 2]]]}}, "ahead": {{"sequences": [[1.0] * 20]}},
    }}.items():
        assert client.post(f"/v1/models/{{name}}/predict", json=asked).status_code == 200
    assert client.post("/v1/models/spam/explain", json={{"text": "a b"}}).status_code == 200
    assert client.post("/v1/models/gru/stream", json={{"steps": ["a"]}}).status_code == 200
print(" ".join(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"keras", "jax", "sklearn", "matplotlib"} & set(run.stdout.split())


def test_a_port_that_is_taken_is_one_line(models: dict[str, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = CliRunner().invoke(command_line, ["serve", str(models["gru"]), "--port", port])
    assert said.exit_code == 2
    assert f"port {port}, but: Address already in use" in " ".join(said.stderr.split())
    assert f"--port {int(port) % 65535 + 1}" in said.stderr


def test_an_address_of_another_machine_is_one_line_that_asks_for_no_port() -> None:
    with pytest.raises(SettingsError, match=r"Give an address of this machine: --host 127.0.0.1"):
        listening_at("192.0.2.1", 0)


def test_without_the_extra_the_command_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import recurra.cli.serve as module

    monkeypatch.setattr(module, "find_spec", lambda name: None)
    said = CliRunner().invoke(command_line, ["serve", "runs/spam"])
    assert said.exit_code == 2
    assert "pip install 'httptools" in " ".join(said.stderr.split())
