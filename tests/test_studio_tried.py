"""Try and Memory of every kind of network tell what Python tells of the same model."""

import json
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

from recurra import runtime  # noqa: E402
from recurra.answers.classes import without_each  # noqa: E402
from recurra.estimators import (  # noqa: E402
    SequenceClassifier,
    SequenceForecaster,
    SequenceGenerator,
    SequenceRegressor,
    SequenceTagger,
    SequenceTranslator,
)
from recurra.estimators.labeller import SequenceLabeller  # noqa: E402
from recurra.finished import finished_run  # noqa: E402
from recurra.judging.report import figure  # noqa: E402
from recurra.markets.choose import chosen_source  # noqa: E402
from recurra.markets.rows import rows_of  # noqa: E402
from recurra.markets.simulator import sample_market  # noqa: E402
from recurra.problems.kept import kept_model  # noqa: E402
from recurra.problems.saved.rises import saved_rises  # noqa: E402
from recurra.runtime.memory import remembered  # noqa: E402
from recurra.sequences import Ragged  # noqa: E402
from recurra.studio.app import app_of  # noqa: E402
from recurra.studio.held import held_rows  # noqa: E402
from recurra.studio.house import Studio  # noqa: E402
from recurra.studio.tried.prices import SHOWN  # noqa: E402
from recurra.studio.views.trying import orders_of  # noqa: E402
from recurra.text.joining import join  # noqa: E402

TEXTS = [f"{who} {what}" for who in ("ann", "bob", "cho", "dae") for what in ("win now", "home")]
NUMBERS = np.random.default_rng(0).normal(size=(24, 6, 2))
SERIES = 10 + np.sin(np.arange(80) / 3)
GROUPS = {"groups": np.arange(24)}
SAMPLE = "embedded sample"


def riser() -> Any:
    from recurra.estimators.riser import SequenceRiser

    rows = rows_of({each.ticker: each.frame.iloc[:260] for each in sample_market()[:2]})
    rows = rows.take(np.isfinite(rows.change))
    return SequenceRiser("gru", units=4, epochs=1).fit(rows, rows.change > 0.01)


def labels() -> Any:
    marks = [["a", "b"][: n % 3] for n in range(24)]
    return SequenceLabeller("gru", epochs=1, min_count=1).fit(TEXTS * 3, marks, **GROUPS)


def tagger(X: Any, tags: list[list[str]]) -> Any:
    return SequenceTagger("gru", epochs=1, min_count=1).fit(X, tags, **GROUPS)


# by the name of its run: a fitted model, what is said of it, what the run's report says otherwise
KINDS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "labels": (labels, {"recipe": "multi-label"}, {}),
    "tags": (
        lambda: tagger([text.split() for text in TEXTS] * 3, [["X", "Y", "X"], ["X", "Z"]] * 12),
        {"recipe": "tagging"},
        {},
    ),
    "numbers": (
        lambda: SequenceClassifier("lstm", epochs=1).fit(NUMBERS, [0, 1, 2] * 8, **GROUPS),
        {"recipe": "sequences", "channels": ["up", "down"]},
        {},
    ),
    "quantity": (
        lambda: SequenceRegressor("simple-rnn", epochs=1).fit(NUMBERS, np.arange(24.0), **GROUPS),
        {"recipe": "quantities", "channels": ["up", "down"], "target": "speed"},
        {},
    ),
    "states": (
        lambda: tagger(NUMBERS, [["ok", "bad", "ok", "ok", "bad", "ok"]] * 24),
        {
            "recipe": "states",
            "channels": ["up", "down"],
            "normal": "ok",
            "classes": ["bad", "ok"],
            "threshold": 0.3,
            "hold": 1,
        },
        {},
    ),
    "forecast": (
        lambda: SequenceForecaster("gru", epochs=1, horizon=3, window=6).fit(SERIES),
        {"recipe": "forecasting", "target": "load", "log": False},
        {"source": SAMPLE, "sha256": "0" * 64},
    ),
    "writer": (
        lambda: SequenceGenerator("lstm", epochs=1, units=8, max_length=12).fit(
            TEXTS * 3, ["x", "y"] * 12, **GROUPS
        ),
        {"recipe": "generation"},
        {},
    ),
    "translator": (
        lambda: SequenceTranslator("gru", epochs=1, units=8, max_length=12, beam=2).fit(
            TEXTS * 3, TEXTS[::-1] * 3, **GROUPS
        ),
        {"recipe": "translation"},
        {},
    ),
    "rise": (
        riser,
        {"recipe": "stock-rise", "judged": {"evidence": False, "answer": "No evidence."}},
        {"source": f"{SAMPLE} (a simulated market without edge)"},
    ),
    "columns": (
        lambda: SequenceClassifier("gru", epochs=1, min_count=1, positive="a").fit(
            [join([text, "see you"]) for text in TEXTS] * 3, ["a", "b"] * 12, **GROUPS
        ),
        {"recipe": "rows", "columns": {"text": "title", "text 2": "body", "label": "kind"}},
        {},
    ),
}


@pytest.fixture(scope="module")
def runs(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of every kind, none of which was judged as it says."""
    place = tmp_path_factory.mktemp("studio") / "runs"
    for name, (made, facts, data) in KINDS.items():
        shutil.copytree(finished, place / name)
        shutil.rmtree(place / name / "model")
        made().save(place / name / "model", **facts)
        report = json.loads((place / name / "report.json").read_text("utf-8"))
        report["problem"] = facts["recipe"]
        report["data"] |= data
        (place / name / "report.json").write_text(json.dumps(report), "utf-8")
    return place


@pytest.fixture(scope="module")
def client(runs: Path) -> Iterator[TestClient]:
    studio = Studio(runs)
    headers = {"accept": "text/html", "x-recurra-token": studio.csrf}
    with TestClient(app_of(studio), base_url="http://127.0.0.1", headers=headers) as client:
        yield client


def asked(client: TestClient, path: str, **question: Any) -> Any:
    answer = client.post(path, json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def typed(steps: Any) -> str:
    return "\n".join(" ".join(map(str, np.atleast_1d(step))) for step in steps)


def loaded(runs: Path, name: str) -> Any:
    return runtime.load(runs / name / "model")


def test_every_kind_is_offered_to_be_tried_and_all_but_translators_to_be_watched(
    client: TestClient, runs: Path
) -> None:
    listed, watched = client.get("/try").text, client.get("/memory").text
    for name in KINDS:
        assert f'href="/try/{name}"' in listed
        assert client.get(f"/try/{name}").status_code == 200
        assert (f'href="/memory/{name}"' in watched) == (name != "translator")
        assert client.get(f"/memory/{name}").status_code == (404 if name == "translator" else 200)
        assert client.get(f"/try/{name}", params={"lang": "ko"}).status_code == 200
    assert "a translator has two: one that reads, and one that writes" in watched


def test_labels_are_those_of_python_and_each_token_is_left_out(
    client: TestClient, runs: Path
) -> None:
    model, text = loaded(runs, "labels"), "ann win now <b>"
    said = asked(client, "/try/labels/row", row=text)
    shares = model.predict_proba([text])[0]
    assert said["shares"] == pytest.approx(dict(zip("ab", shares, strict=True)))
    for name in model.predict([text])[0]:
        assert name in said["said"]
    found = asked(client, "/try/labels/parts", row=text)["words"]
    others = without_each(text, [each["word"] for each in found])
    top = int(shares.argmax())
    falls = shares[top] - model.predict_proba(others)[:, top]
    assert [each["fall"] for each in found] == pytest.approx(falls.tolist(), abs=1e-6)


def test_tags_are_those_of_python(client: TestClient, runs: Path) -> None:
    model, words = loaded(runs, "tags"), ["ann", "win", "now"]
    found = asked(client, "/try/tags/row", row=" ".join(words))["words"]
    assert [each["word"] for each in found] == words
    assert [each["said"] for each in found] == model.predict([words])[0].tolist()
    sure = model.predict_proba([words])[0].max(axis=1)
    assert [each["share"] for each in found] == pytest.approx(sure.tolist())


def test_classes_and_numbers_of_sequences_are_those_of_python_and_stretches_move_them(
    client: TestClient, runs: Path
) -> None:
    steps, mean = NUMBERS[0].round(3), {}
    said = asked(client, "/try/numbers/row", row=typed(steps))
    shares = loaded(runs, "numbers").predict_proba([steps])[0]
    assert list(said["shares"].values()) == pytest.approx(shares.tolist())
    number = loaded(runs, "quantity").predict([steps])[0]
    assert asked(client, "/try/quantity/row", row=typed(steps))["said"] == f"speed: {number:.3f}"
    for name, score in (
        ("numbers", lambda model, rows: model.predict_proba(rows)[:, int(shares.argmax())]),
        ("quantity", lambda model, rows: model.predict(rows)),
    ):
        model = loaded(runs, name)
        mean[name] = np.ravel(model.encoder_.mean)
        strips = asked(client, f"/try/{name}/parts", row=typed(steps))["strips"]
        assert [strip["name"] for strip in strips] == ["up", "down"]
        changed = steps.copy()
        changed[2, 1] = mean[name][1]  # of six steps each is a stretch
        fall = np.subtract(*score(model, Ragged.of_numbers([steps, changed])))
        assert strips[1]["values"][2] == pytest.approx(float(fall), abs=1e-6)


def test_states_are_those_of_python(client: TestClient, runs: Path) -> None:
    steps = NUMBERS[1].round(3)
    found = asked(client, "/try/states/row", row=typed(steps))
    shares = loaded(runs, "states").predict_proba([steps])[0]
    (strip,) = found["strips"]
    assert strip["values"] == pytest.approx((1 - shares[:, 1]).tolist())
    alarm = bool((1 - shares[:, 1] >= 0.3).any())
    assert ("bad: steps" in found["said"]) == alarm


def test_a_forecast_is_that_of_python_with_its_interval(client: TestClient, runs: Path) -> None:
    series = SERIES[:20].round(3)
    ahead = asked(client, "/try/forecast/row", row=typed(series))["ahead"]
    model = loaded(runs, "forecast")
    assert ahead["forecast"] == pytest.approx(model.forecast(series).tolist())
    low, high = model.predict_interval([series])[0].T
    assert ahead["lower"] == pytest.approx(low.tolist())
    assert ahead["upper"] == pytest.approx(high.tolist())
    (first,) = held_rows(finished_run(runs / "forecast"))  # the end of the series
    assert len(first.row.split("\n")) == 60


def test_lines_and_translations_are_those_of_python(client: TestClient, runs: Path) -> None:
    model = loaded(runs, "writer")
    found = asked(client, "/try/writer/row", row="an", label="y", temperature=0.5)
    assert found["lines"] == model.generate(8, label="y", seed="an", temperature=0.5)
    written, log = loaded(runs, "translator").search("ann win now")
    found = asked(client, "/try/translator/row", row="ann win now")
    assert found["lines"] == [written]
    assert f"{np.exp(log):.3g}" in found["said"]


def test_closes_that_are_moved_move_the_probability_of_a_rise_as_in_python(
    client: TestClient, runs: Path
) -> None:
    frame, model = sample_market()[0].frame, loaded(runs, "rise")
    closes = frame["close"].to_numpy()[-SHOWN:]
    for factor in (1.0, 1.2):
        moved = closes.copy()
        moved[-1] *= factor
        said = asked(client, "/try/rise/row", row="\n".join(map(repr, moved.tolist())))
        other = frame.copy()
        last = other.columns[:4]
        other.loc[other.index[-1], last] = other.loc[other.index[-1], last] * factor
        found = model.newest({"SIM001": other}, allow_stale=True)["probability"][0]
        assert said["shares"]["rise"] == pytest.approx(float(found), abs=1e-6)


def test_the_market_asks_a_run_as_python_does(runs: Path) -> None:
    studio = Studio(runs)
    form = {"csrf": studio.csrf, "days": "300", "edge": "0", "seed": "3"}
    headers = {"accept": "text/html"}
    with TestClient(app_of(studio), base_url="http://127.0.0.1", headers=headers) as client:
        place = client.post("/market/simulate", data=form).url
        page = client.get(place.copy_merge_params({"run": "rise"}))
    frame = chosen_source(str(studio.files.all()[0].path.parent)).prices("SIM003").frame
    model = saved_rises(runs / "rise")
    (found,) = model.newest({"SIM003": frame}, allow_stale=True).to_dict("records")
    assert (
        f"rise says: probability {figure(found['probability'])} that it rises on {found['for']}; "
        f"the base rate is {figure(found['base rate'])}."
    ) in page.text


def test_several_texts_are_typed_apart_and_stay_apart_in_other_orders(
    client: TestClient, runs: Path
) -> None:
    text, model = join(["ann win", "see you"]), loaded(runs, "columns")
    said = asked(client, "/try/columns/say", text=text)
    assert said["shares"]["a"] == pytest.approx(model.positive_scores([text])[0])
    found = asked(client, "/try/columns/why", text=text)
    effects = {each.token: each.fall for each in model.effects(text)}
    told = {each["token"]: each["fall"] for each in found["tokens"]}
    assert set(told) == {"ann", "win", "see", "you"}
    assert all(told[token] == pytest.approx(effects[token]) for token in told)
    assert orders_of(text).swapped == ["win ann ␞ see you", "ann win ␞ you see"]
    refused = client.post("/try/columns/say", json={"text": "one text"})
    assert refused.status_code == 400
    page = unescape(client.get("/try/columns").text)
    assert ">title<" in page
    assert ">body<" in page


def test_memory_of_every_kind_is_that_of_the_runtime(client: TestClient, runs: Path) -> None:
    series, steps = SERIES[:20].round(3), NUMBERS[2].round(3)
    rows: dict[str, tuple[str, Any]] = {
        "labels": ("ann win", "ann win"),
        "tags": ("ann win", ["ann", "win"]),
        "states": (typed(steps), steps),
        "quantity": (typed(steps), steps),
        "forecast": (typed(series), series),
        "writer": ("ann", ("x", "ann")),
    }
    for name, (row, given) in rows.items():
        found = asked(client, f"/memory/{name}/row", row=row)
        wanted = remembered(loaded(runs, name), given)
        assert (found["steps"], found["of"]) == (wanted.steps, wanted.of), name
        assert found["moves"] == pytest.approx(wanted.trace.moves), name
        np.testing.assert_allclose(
            found["layers"][0]["values"]["h"], wanted.trace.layers[0].values["h"], atol=5.1e-5
        )
    closes = sample_market()[0].frame["close"].to_numpy()[-SHOWN:]
    found = asked(client, "/memory/rise/row", row="\n".join(map(repr, closes.tolist())))
    assert found["steps"] == [f"D-{back}" for back in range(10, 0, -1)]
    frame = {"SIM001": sample_market()[0].frame}
    model = loaded(runs, "rise")
    share = model.newest(frame, allow_stale=True)["probability"][0]
    assert found["answer"] == pytest.approx(float(share), abs=1e-6)


def test_how_far_a_letter_moves_the_next_is_its_slope(runs: Path) -> None:
    model = loaded(runs, "writer")
    found = remembered(model, ("x", "ann"))
    tokens = [2, *model.vocabulary_.encode(list("ann"))]

    def shares(change: float) -> Any:
        stream = model.stream("x")
        stream.embedding = stream.embedding.astype(float)
        for place, token in enumerate(tokens):
            stream.embedding[token, 3] += change * (place == 1)
            logits = stream.step(np.array([token]))[0].astype(float)
            stream.embedding[token, 3] -= change * (place == 1)
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()

    most = int(shares(0).argmax())
    odds = [float(np.log(p[most] / (1 - p[most]))) for p in (shares(1e-2), shares(-1e-2))]
    slope = (odds[0] - odds[1]) / 2e-2
    assert found.trace.answer == pytest.approx(float(shares(0)[most]), rel=1e-5)
    assert found.trace.slopes[1, 3] == pytest.approx(slope, rel=1e-2, abs=1e-4)
    assert found.steps == ["⊢", "a", "n", "n"]


@pytest.mark.parametrize(
    ("path", "question", "status", "said"),
    [
        ("/try/numbers/row", {"row": "1 2\n3"}, 400, "lines of 2 numbers"),
        ("/try/numbers/row", {"row": "1 2\n" * 2001}, 413, "2,000 steps"),
        ("/try/rise/row", {"row": "-1\n2"}, 400, "above 0"),
        ("/try/rise/row", {"row": "1\n" * 1000}, 400, "up to 700 closes"),
        ("/try/writer/row", {"row": "a", "label": "<b>"}, 400, "must be one of x, y"),
        ("/try/writer/row", {"row": "a", "temperature": 9}, 400, "temperature"),
        ("/try/tags/row", {"row": " "}, 400, "type something"),
        ("/try/labels/row", {"row": "a " * 500}, 413, "up to 400 words"),
        ("/try/columns/row", {"row": "a"}, 400, "not tried by rows"),
        ("/memory/translator/row", {"row": "a"}, 404, "two"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_words(
    client: TestClient, path: str, question: Any, status: int, said: str
) -> None:
    answer = client.post(path, json=question, headers={"accept": "application/json"})
    assert answer.status_code == status, answer.text
    assert said.lower() in answer.json()["error"].lower()


def test_a_model_that_changes_on_disk_is_opened_again(
    client: TestClient, runs: Path, tmp_path: Path
) -> None:
    shutil.copytree(runs / "tags", tmp_path / "runs" / "tags")
    studio = Studio(tmp_path / "runs")
    headers = {"x-recurra-token": studio.csrf}
    with TestClient(app_of(studio), base_url="http://127.0.0.1", headers=headers) as own:
        before = asked(own, "/try/tags/row", row="ann win")
        shutil.rmtree(tmp_path / "runs" / "tags" / "model")
        tagger([["ann", "win"]] * 24, [["Q", "R"]] * 24).save(
            tmp_path / "runs" / "tags" / "model", recipe="tagging"
        )
        after = asked(own, "/try/tags/row", row="ann win")
    assert {each["said"] for each in after["words"]} <= {"Q", "R"}
    assert before != after
    assert kept_model(runs / "tags").kind == "SequenceTagger"
