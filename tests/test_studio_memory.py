"""Try and Memory in the studio: what they tell is what Python tells of the same model."""

import csv
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

WHY = "the extra `serve` is absent: pip install 'recurra[serve]'"
for needed in ("starlette", "uvicorn", "prometheus_client", "python_multipart", "httpx2"):
    pytest.importorskip(needed, reason=WHY)

from starlette.testclient import TestClient  # noqa: E402

from recurra import SequenceClassifier, runtime  # noqa: E402
from recurra.finished import finished_run  # noqa: E402
from recurra.runtime.memory import remembered, unit_habits  # noqa: E402
from recurra.studio.app import app_of  # noqa: E402
from recurra.studio.held import costs_of, held_rows  # noqa: E402
from recurra.studio.house import Studio  # noqa: E402
from recurra.studio.views.trying import orders_of  # noqa: E402

HERE = "http://127.0.0.1:8800"
TEXT = "ann win a prize <b>now</b> 당장"


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of texts, and one whose model is of numbers."""
    place = tmp_path_factory.mktemp("studio") / "runs"
    shutil.copytree(finished, place / "texts")
    shutil.copytree(finished, place / "numbers")
    shutil.rmtree(place / "numbers" / "model")
    X = np.random.default_rng(0).normal(size=(30, 6, 2))
    model = SequenceClassifier("lstm", epochs=1).fit(X, (X[:, :, 0].sum(1) > 0).astype(int))
    model.save(place / "numbers" / "model")
    return place


@pytest.fixture
def client(runs: Path) -> Iterator[TestClient]:
    studio = Studio(runs)
    headers = {"accept": "text/html", "x-recurra-token": studio.csrf}
    with TestClient(app_of(studio), base_url=HERE, headers=headers) as client:
        yield client


def asked(client: TestClient, path: str, **question: Any) -> Any:
    answer = client.post(path, json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def words(answer: Any) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def test_states_gates_and_moves_told_are_those_of_the_runtime(
    client: TestClient, runs: Path
) -> None:
    for name, row, given in (
        ("texts", TEXT, TEXT),
        ("numbers", "1, 2\n0.5 -1\n\n-3,0\n", np.array([[1, 2], [0.5, -1], [-3, 0]])),
    ):
        found = asked(client, f"/memory/{name}/row", row=row)
        wanted = remembered(runtime.load(runs / name / "model"), given)
        assert found["steps"] == wanted.steps
        assert found["of"] == wanted.of
        assert found["answer"] == pytest.approx(wanted.trace.answer)
        assert found["moves"] == pytest.approx(wanted.trace.moves)
        most = int(wanted.trace.moves.argmax())
        assert f"“{wanted.steps[most]}” (step {most + 1} of {len(wanted.steps)})" in found["said"]
        gate = wanted.trace.layers[0].values.get("f")  # of an LSTM
        share = None if gate is None else f"{gate[1:].prod(axis=0).mean():.2%}"
        assert share is None or f"gates let {share} through" in found["said"]
        for told, layer in zip(found["layers"], wanted.trace.layers, strict=True):
            assert told["moves"] == pytest.approx(np.linalg.norm(layer.slopes, axis=1))
            assert list(told["values"]) == list(layer.values)
            for letter, values in layer.values.items():
                np.testing.assert_allclose(told["values"][letter], values, atol=5.1e-5)


def test_habits_of_units_are_those_of_the_runtime(client: TestClient, runs: Path) -> None:
    rows = ["ann win now", "bob is at home", "cho win 7 prizes"]
    found = asked(client, "/memory/texts/units", rows=[*rows, " "])
    wanted = unit_habits(runtime.load(runs / "texts" / "model"), rows)
    assert found["rows"] == 3
    assert len(found["units"]) == len(wanted)
    for told, habit in zip(found["units"], wanted, strict=True):
        assert told["follows"] == [habit.follows[0], pytest.approx(habit.follows[1])]
        assert told["keeps"] == pytest.approx(habit.keeps)
        assert [on["steps"] for on in told["on"]] == [on.steps for on in habit.on]


def test_a_text_is_answered_and_explained_as_in_python(client: TestClient, runs: Path) -> None:
    model = runtime.load(runs / "texts" / "model")
    said, why = (
        asked(client, "/try/texts/say", text=TEXT),
        asked(client, "/try/texts/why", text=TEXT),
    )
    shares = dict(zip(map(str, model.classes_), model.predict_proba([TEXT])[0], strict=True))
    assert said["shares"] == pytest.approx(shares)
    assert said["label"] == model.predict([TEXT])[0]
    assert why["score"] == pytest.approx(model.positive_scores([TEXT])[0])
    assert said["said"] == (
        f"It says {said['label']}: the probability of spam is {why['score']:.3f}, and from "
        f"{model.threshold:.3f} on it says spam."
    )
    strongest = max(model.effects(TEXT), key=lambda effect: abs(effect.fall))
    assert f"“{strongest.token}”" in why["said"]
    effects = model.effects(TEXT)
    assert [each["token"] for each in why["tokens"]] == [each.token for each in effects]
    assert [each["fall"] for each in why["tokens"]] == pytest.approx([e.fall for e in effects])
    orders = orders_of(TEXT)
    assert why["swapped"] == pytest.approx(model.positive_scores(orders.swapped))
    assert why["shuffled"] == pytest.approx(model.positive_scores(orders.shuffled))


def test_other_orders_have_the_same_words() -> None:
    orders = orders_of("not bad at all")
    assert len(orders.swapped) == 3
    assert len(orders.shuffled) == 20
    assert {" ".join(sorted(text.split())) for text in orders.swapped + orders.shuffled} == {
        "all at bad not"
    }
    assert orders_of("one") == ([], [])
    assert orders_of("not bad at all") == orders


def test_what_a_threshold_costs_is_counted_from_what_the_run_predicted(runs: Path) -> None:
    run = finished_run(runs / "texts")
    with (runs / "texts" / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["truth"], float(row["simple-rnn"])) for row in csv.DictReader(file)]
    for cost in costs_of(run)[::25]:
        called = [truth for truth, score in rows if score >= cost.threshold]
        assert cost.found == called.count("spam")
        assert cost.false == len(called) - cost.found
        assert cost.missed + cost.found == sum(truth == "spam" for truth, _ in rows)
        assert cost.found + cost.missed + cost.false + cost.rest == len(rows)


def test_held_texts_are_those_of_the_split_and_none_where_the_file_changed(
    runs: Path, tmp_path: Path
) -> None:
    import hashlib

    from recurra.finished import FinishedRun

    run = finished_run(runs / "texts")
    assert held_rows(run) == []  # what it read is no file
    with (runs / "texts" / "split.csv").open(encoding="utf-8", newline="") as file:
        held = [int(row["id"]) for row in csv.DictReader(file) if row["side"] == "test"]
    table = "".join(f"text {n},{'spam' if n % 2 else 'ham'}\n" for n in range(120))
    (tmp_path / "rows.csv").write_text(f"text,label\n{table}")
    digest = hashlib.sha256((tmp_path / "rows.csv").read_bytes()).hexdigest()
    data = run.report.data.model_copy(
        update={"source": str(tmp_path / "rows.csv"), "sha256": digest}
    )
    other = FinishedRun(run.folder, run.report.model_copy(update={"data": data}))
    found = [each.row for each in held_rows(other)]
    assert found == [f"text {n}" for n in sorted(held)]
    (tmp_path / "rows.csv").write_text(f"text,label\n{table}more,ham\n")
    assert held_rows(other) == []


@pytest.mark.parametrize("language", ["en", "ko"])
def test_pages_show_a_run_in_both_languages_and_texts_as_texts(
    client: TestClient, language: str
) -> None:
    for path in ("/try", "/memory", "/learn", "/memory/numbers"):
        assert client.get(path, params={"lang": language}).status_code == 200
    for path in ("/try/texts", "/memory/texts"):
        field = "text" if "try" in path else "row"
        page = client.get(path, params={"lang": language, field: TEXT})
        assert page.status_code == 200
        assert TEXT in unescape(page.text)
        assert "<b>now" not in page.text
        assert not re.search(r"<script>|\sstyle=|\son\w+=", page.text)
        assert ("텍스트" in words(page)) == (language == "ko")
    assert "/try/texts" in client.get("/runs/texts").text
    assert "/memory/texts" in client.get("/runs/texts").text


@pytest.mark.parametrize(
    ("path", "question", "status", "said"),
    [
        ("/memory/numbers/row", {"row": "1 2\n3"}, 400, "lines of 2 numbers"),
        ("/memory/numbers/row", {"row": "one two"}, 400, "lines of 2 numbers"),
        ("/memory/numbers/row", {"row": "nan 1"}, 400, "lines of 2 numbers"),
        ("/memory/texts/row", {"row": "  "}, 400, "must have a step"),
        ("/memory/texts/row", {"row": "a" * 20_001}, 400, "20000"),
        ("/memory/texts/units", {"rows": []}, 400, "not here any more"),
        ("/memory/none/row", {"row": "a"}, 404, "there is no run"),
        ("/try/texts/why", {"text": "a b " * 300}, 413, "Try a part"),
        ("/try/numbers/say", {"text": "a"}, 404, "networks that tell classes"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(
    client: TestClient, path: str, question: Any, status: int, said: str
) -> None:
    answer = client.post(path, json=question, headers={"accept": "application/json"})
    assert answer.status_code == status, answer.text
    assert said in answer.json()["error"]


def test_a_question_that_comes_from_no_page_of_the_studio_is_refused(runs: Path) -> None:
    with TestClient(app_of(Studio(runs)), base_url=HERE) as client:
        for path in ("/memory/texts/row", "/try/texts/say"):
            assert client.post(path, json={"row": "a"}).status_code == 403
