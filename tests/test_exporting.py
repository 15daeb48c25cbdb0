"""Exported networks answer as Recurra does, in ONNX Runtime, in a browser and in Keras alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from queue import Queue
from typing import Any, ClassVar, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_runtime import EVERY, KINDS, network_of
from typer.testing import CliRunner

from recurra import (
    SequenceClassifier,
    SequenceForecaster,
    SequenceRegressor,
    SequenceTagger,
    runtime,
)
from recurra.answers.starts import Part, Start
from recurra.arrays import Floats
from recurra.cli import app
from recurra.errors import SettingsError
from recurra.estimators import SequenceRiser
from recurra.exporting import to_onnx
from recurra.exporting.graphs import Graph
from recurra.exporting.keras import keras_of
from recurra.exporting.onnx import FORMAT, OPSET, SAID, onnx_of
from recurra.exporting.saved import padding_of
from recurra.exporting.starts import begun
from recurra.markets.rows import rows_of
from recurra.markets.simulator import simulate
from recurra.names import ROCKETS, STARTING
from recurra.operations import kinds as operation_kinds
from recurra.operations.kinds import Dense, Operation
from recurra.operations.network import Network
from recurra.sequences import Ragged, bucket_of
from recurra.text import TextEncoder
from recurra.text.terms import PRESENCE, TermModel, TermRegression, terms_of

CHAPTER = Path(__file__).parents[1] / "docs" / "export.md"
AWKWARD = [
    "WINNER!! Claim your prize now",
    "Ann's café’s naïve ﬁne ＦＲＥＥ１２３ fr\u200bee don't_stop",
    "영화 좋다 ㅋㅋㅋㅋㅋㅠㅠ<br />OK 1588-1234 하",
    "²½Ⅷ 𝔘𝔫𝔦 😀😀😀😀😀 sooooo a\x85b\x1cc İstanbul ΣΑΣ ǅ",
    "win " * 40 + "home",
]

TERM_KINDS = (
    "word TF-IDF + LR",
    "char TF-IDF + LR",
    "NB n-grams + LR",
    "NB runs + LR",
)  # a network begins as

ALONE = [(kind, name) for kind, name in EVERY if name not in (*STARTING, *ROCKETS)]


def small(network: Network) -> Network:
    """A network whose state forgets: in one that does not, any rounding grows without end."""
    arrays = {
        name: given[of] * np.float32(1 if of == "variance" else 0.4)
        for operation, given in zip(network.plan.operations, network.arrays, strict=True)
        for of, name in operation.weights.items()
    }
    return Network(network.plan, arrays)


def members(kind: str, name: str) -> list[Network]:
    return [small(network_of(kind, name, seed)[1]) for seed in (0, 1)]


def session_of(networks: list[Network]) -> Any:
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    runner = pytest.importorskip("onnxruntime", reason="onnxruntime is absent")
    return runner.InferenceSession(onnx_of(networks, {}).SerializeToString())


def asked(session: Any, rows: Ragged, chosen: Any, timesteps: int, every_step: bool) -> Any:
    (found,) = session.run(None, {"steps": rows.pad(chosen, timesteps)})
    if not every_step:
        return found
    return np.concatenate([found[at, : rows.lengths[row]] for at, row in enumerate(chosen)])


@pytest.mark.parametrize(("kind", "name"), ALONE)
def test_every_network_answers_the_same_in_onnx_runtime(kind: str, name: str) -> None:
    networks = members(kind, name)
    rows = KINDS[kind][2](name, np.random.default_rng(1), 60)
    session, every_step = session_of(networks), networks[0].shape.steps
    buckets = bucket_of(rows.lengths)
    for timesteps in np.unique(buckets):
        chosen = np.flatnonzero(buckets == timesteps)
        few = rows.take(chosen)
        wanted = np.mean([network(few) for network in networks], axis=0)
        found = asked(session, rows, chosen, int(timesteps), every_step)
        np.testing.assert_allclose(found.reshape(wanted.shape), wanted, atol=1e-5)


@pytest.mark.parametrize(("kind", "name"), ALONE)
def test_padding_changes_the_answer_only_where_it_is_said(kind: str, name: str) -> None:
    networks = members(kind, name)
    rows = KINDS[kind][2](name, np.random.default_rng(2), 20)
    session, every_step = session_of(networks), networks[0].shape.steps
    far = asked(session, rows, np.arange(20), 90, every_step)
    near = [
        asked(session, rows, np.array([row]), max(5, rows.lengths[row]), every_step)
        for row in range(20)
    ]
    moved = np.abs(far - np.concatenate(near)).max()
    assert (moved > 1e-4) == (padding_of(networks[0].plan) != "any")
    assert moved < 1e-5 or name == "conv1d"


def test_every_kind_of_operation_but_a_start_is_said_in_onnx() -> None:
    assert set(SAID) == set(get_args(get_args(Operation)[0])) - {operation_kinds.Start}


def terms(kind: str, classes: int, regression: bool = True, size: float = 1) -> TermModel:
    """A linear model of some terms, with weights drawn by coin, of some size."""
    rng = np.random.default_rng(4)
    known = sorted({term for text in AWKWARD for term in terms_of(kind, text)})[::2]
    rows = 1 if classes == 2 else classes
    idf = None if kind in PRESENCE else 1 + rng.random(len(known))
    weights = size * rng.normal(size=(rows, len(known))), rng.normal(size=rows)
    told = TermRegression(kind, known, idf, *weights) if regression else None
    shares = np.arange(1, classes + 1) / sum(range(1, classes + 1))
    return TermModel(kind, shares, np.arange(classes), told)


def begun_in_onnx(start: Start) -> Any:
    """Where rows begin, as ONNX Runtime says it of terms and how often they are there."""
    helper = pytest.importorskip("onnx", reason="onnx is absent").helper
    numpy_helper = pytest.importorskip("onnx").numpy_helper
    runner = pytest.importorskip("onnxruntime", reason="onnxruntime is absent")
    graph = Graph()
    name = begun(graph, start)
    given = {"terms": helper.TensorProto.INT32, "counts": helper.TensorProto.FLOAT}
    body = helper.make_graph(
        [helper.make_node(kind, taken, made, **more) for kind, taken, made, more in graph.nodes],
        "start",
        [helper.make_tensor_value_info(each, of, ["rows", "n"]) for each, of in given.items()],
        [helper.make_tensor_value_info(name, helper.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, each) for each, array in graph.arrays.items()],
    )
    opset = [helper.make_opsetid("", OPSET)]
    model = helper.make_model(body, opset_imports=opset, ir_version=FORMAT)
    return runner.InferenceSession(model.SerializeToString())


def places_of(start: Start) -> list[dict[str, int]]:
    """The numbers of the terms of each model, counted on from 1."""
    number = count(1)
    return [{term: next(number) for term in part.model.vocabulary} for part in start.parts]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("kind", TERM_KINDS)
@pytest.mark.parametrize(("regression", "size"), [(True, 1), (True, 40), (False, 1)])
def test_a_linear_model_of_terms_says_the_same_in_onnx_runtime(
    kind: str, classes: int, regression: bool, size: float
) -> None:
    # of 40: sure, so LEAST is reached
    same_in_onnx(Start([Part(terms(kind, classes, regression, size), 0.7)]))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("last", [True, False])
def test_several_linear_models_are_added_in_onnx_runtime(classes: int, last: bool) -> None:
    kinds = ("char TF-IDF + LR", "NB runs + LR", "word TF-IDF + LR")
    models = [terms(kind, classes, last or kind != kinds[2]) for kind in kinds]
    same_in_onnx(Start([Part(model, 0.3 + n) for n, model in enumerate(models)]))


def same_in_onnx(start: Start) -> None:
    texts = [*AWKWARD, "", "nothing of this is known 1"]
    session = begun_in_onnx(start)
    counts: list[Counter[int]] = [Counter() for _ in texts]
    for known, kind in zip(places_of(start), start.kinds, strict=True):
        for counted, text in zip(counts, texts, strict=True):
            counted.update(known[term] for term in terms_of(kind, text) if term in known)
    most = 1 + max(map(len, counts))  # padded by one at least
    given = np.zeros((2, len(texts), most))
    for row, counted in enumerate(counts):
        given[:, row, : len(counted)] = [list(counted), list(counted.values())]
    named = {"terms": given[0].astype(np.int32), "counts": given[1].astype(np.float32)}
    (found,) = session.run(None, named)
    np.testing.assert_allclose(found, start.log_odds(texts), atol=1e-4)


@pytest.mark.parametrize(("kind", "name"), [each for each in EVERY if each not in ALONE])
def test_a_network_that_begins_as_another_model_is_none_of_keras_alone(
    kind: str, name: str
) -> None:
    networks = members(kind, name)
    with pytest.raises(SettingsError, match="ONNX has none for the start"):
        onnx_of(networks, {})  # without the linear model
    with pytest.raises(SettingsError, match="holds Keras' own layers alone"):
        keras_of(networks)


def test_an_operation_that_cannot_be_said_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SAID, Dense)
    with pytest.raises(SettingsError, match="ONNX has none for the dense"):
        onnx_of(members("texts", "gru"), {})


# ---- files of a run


def command(*words: Any) -> Any:
    return CliRunner().invoke(app, ["export", *map(str, words)])


def test_the_files_of_a_run_say_what_a_reader_needs(finished: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    file = tmp_path / "hostile.onnx"
    done = command(finished, "--onnx", file)
    assert done.exit_code == 0, done.output
    assert "TF-IDF + LR, is not exported" in " ".join(done.output.split())
    about = json.loads((tmp_path / "hostile.onnx.json").read_text())
    saved = runtime.load(finished / "model")
    assert about["classes"] == ["ham", "spam"]
    assert about["threshold"] == saved.threshold_  # type: ignore[attr-defined]
    assert about["positive"] == "spam"
    assert about["encoder"] == saved.encoder_.to_json()
    assert about["input"] == {"columns": 1, "padding": "any"}
    assert about["output"] == {"numbers": 1, "every_step": False}
    within = {each.key: each.value for each in onnx.load(file).metadata_props}
    assert json.loads(within["classes"]) == ["ham", "spam"]
    assert json.loads(within["threshold"]) == about["threshold"]
    assert within["tokenizer"] == "word"
    assert json.loads(within["settings"])["model"] == "simple-rnn"


def test_a_file_that_is_there_is_replaced_only_when_asked(finished: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    (tmp_path / "a.onnx.json").write_text("mine")
    refused = command(finished, "--onnx", tmp_path / "a.onnx")
    assert refused.exit_code == 2
    assert "a.onnx.json is there" in refused.output.replace("\n", "")
    assert (tmp_path / "a.onnx.json").read_text() == "mine"
    assert not (tmp_path / "a.onnx").exists()
    assert command(finished, "--onnx", tmp_path / "a.onnx", "--overwrite").exit_code == 0
    assert (tmp_path / "a.onnx").exists()


def test_what_is_wrong_is_told_before_anything_heavy_is_loaded(
    finished: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from recurra.cli import app; from typer.testing import CliRunner\n"
        "found = CliRunner().invoke(app, ['export', *sys.argv[1:]])\n"
        "print(found.exit_code, {'keras', 'jax', 'onnx', 'pandas'} & set(sys.modules))\n"
        "print(found.output)"
    )
    (tmp_path / "there.keras").touch()
    for words, told in (
        ([tmp_path / "none", "--keras", "a.keras"], "none is not there"),
        ([tmp_path, "--keras", "a.keras"], "manifest.json"),
        ([finished / "model/baseline", "--keras", "a.keras"], "saved by LinearTexts"),
        ([finished, "--keras", "a.h5"], "must end in .keras"),
        ([finished, "--keras", tmp_path / "there.keras"], "there.keras is there"),
        ([finished], "a file must be named"),
    ):
        run = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert run.stdout.startswith("2 set()"), run.stdout
        assert told in run.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["there.keras"]


def test_without_onnx_the_command_that_brings_it_is_told(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recurra.exporting.saved.find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="pip install 'onnx"):
        to_onnx(finished, tmp_path / "a.onnx")


# ---- Keras


def test_a_keras_file_of_any_network_of_stock_layers_opens_without_recurra(tmp_path: Path) -> None:
    code = (
        "import glob, os; os.environ['KERAS_BACKEND'] = 'jax'\n"
        "import keras, numpy as np, sys\n"
        "for place in glob.glob('*/'):\n"
        "    model = keras.models.load_model(place + 'a.keras')\n"
        "    for rows in glob.glob(place + '*.npy'):\n"
        "        np.save(rows + '-said', model.predict(np.load(rows)[..., 0], verbose=0))\n"
        "assert not any(name.startswith('recurra') for name in sys.modules)"
    )
    wanted = {}
    for name in ("simple-rnn", "lstm", "gru", "bi-lstm", "bi-gru", "conv1d"):
        networks, place = members("texts", name), tmp_path / name
        rows = KINDS["texts"][2](name, np.random.default_rng(1), 40)
        whole = np.mean([network(rows) for network in networks], axis=0)
        place.mkdir()
        keras_of(networks).save(place / "a.keras")
        buckets = bucket_of(rows.lengths)
        for timesteps in np.unique(buckets):
            some = np.flatnonzero(buckets == timesteps)
            np.save(place / f"{timesteps}.npy", rows.pad(some, timesteps))
            wanted[place / f"{timesteps}.npy-said.npy"] = whole[some]
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    for said, expected in wanted.items():
        np.testing.assert_allclose(np.load(said)[:, 0], expected, atol=1e-5, err_msg=str(said))


@pytest.mark.parametrize(
    ("kind", "name", "layers"),
    [
        ("texts", "subword-bi-gru", "SubwordEmbedding, MaskedMaxMeanPooling1D"),
        ("texts", "one-to-one", "MeanOfSteps"),
        ("sequences", "gru-fcn", "LastColumnMask, MaskedConv1D, MeanOfSteps"),
        ("tagging", "conv1d", "SubwordEmbedding, MaskedConv1D"),
        ("stock-rise", "gru", "MaskedMaxMeanPooling1D"),
    ],
)
def test_a_network_with_layers_of_recurra_is_refused_by_their_names(
    kind: str, name: str, layers: str
) -> None:
    with pytest.raises(SettingsError, match=f"has {layers} of Recurra"):
        keras_of(members(kind, name))


# ---- what the chapter says of every kind of network


def answers_in(model: Any, place: Path) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """Save and export a model; give what the JSON says, and what ONNX Runtime answers."""
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    runner = pytest.importorskip("onnxruntime", reason="onnxruntime is absent")
    model.save(place / "model")
    to_onnx(place / "model", place / "a.onnx")
    session = runner.InferenceSession(str(place / "a.onnx"))
    about = json.loads((place / "a.onnx.json").read_text())
    return about, lambda steps: session.run(None, {"steps": steps.astype(np.float32)})[0]


def scaled(rows: Floats, encoder: Any) -> Floats:
    """(rows, timesteps, features) as the chapter says: scaled, then 1."""
    found = (rows - encoder["mean"]) / encoder["scale"]
    return np.concatenate([found, np.ones((*rows.shape[:2], 1))], axis=2)


def test_a_quantity_is_the_output_in_the_units_of_the_targets(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(5, 3, size=(40, 9, 2))
    model = SequenceRegressor("gru", epochs=1).fit(rows, rows.sum(axis=1) * 100)
    about, answer = answers_in(model, tmp_path)
    found = answer(scaled(rows, about["encoder"])) * about["target_scale"] + about["target_mean"]
    np.testing.assert_allclose(found, model.predict(rows), rtol=1e-5)


def test_a_forecast_is_the_value_a_season_before_and_the_output(tmp_path: Path) -> None:
    series = np.sin(np.arange(200) / 3) + np.arange(200) / 50
    model = SequenceForecaster("gru", horizon=5, window=12, season=3, epochs=1).fit(series)
    about, answer = answers_in(model, tmp_path)
    season, horizon = about["settings"]["season"], about["output"]["numbers"]
    seen = series[-max(about["settings"]["window"], season) :]
    before = [seen[step % season - season] for step in range(horizon)]
    (added,) = answer(scaled(seen[None, :, None], about["encoder"])) * about["target_scale"]
    np.testing.assert_allclose(before + added, model.forecast(series), atol=1e-5)


def test_a_forecast_that_begins_as_a_line_is_what_the_file_says_of_it(tmp_path: Path) -> None:
    series = np.sin(np.arange(200) / 3) + np.arange(200) / 50
    model = SequenceForecaster("gru", horizon=5, window=12, start="linear", epochs=1).fit(series)
    model.share_ = 0.5
    about, answer = answers_in(model, tmp_path)
    seen, line = series[-12:], about["line"]
    scale = np.abs(np.diff(series[-128:])).mean()  # what a row moves from step to step
    read = ((seen - seen[-1]) / scale)[None, :, None]
    (added,) = answer(scaled(read, about["encoder"])) * about["target_scale"] * scale
    moves = (seen - seen[-1]) / line["scale"] @ np.transpose(line["coefficients"])
    start = seen[-1] + (moves + line["intercept"]) * line["scale"]
    np.testing.assert_allclose(start + about["share"] * added, model.forecast(series), atol=1e-5)


def test_a_rise_is_told_from_scaled_days_and_the_log_odds_of_the_rule(tmp_path: Path) -> None:
    rows = rows_of(simulate(4, 400, seed=1))
    model = SequenceRiser("gru", units=4, epochs=1).fit(rows, rows.change >= 0.02)
    about, answer = answers_in(model, tmp_path)
    encoder, rule = about["encoder"], about["encoder"]["volatility"]
    z = np.clip((rows.volatility - rule["mean"]) / rule["deviation"], -4, 4)
    pairs = [z[:, i] * z[:, j] for i in range(5) for j in range(i, 5)]
    odds = np.column_stack([z, *pairs]) @ rule["weights"] + rule["bias"]
    days = np.clip((rows.windows - encoder["mean"]) / encoder["deviation"], -8, 8)
    beside = np.ones((*days.shape[:2], 2)) * np.stack([odds, np.ones(len(odds))], axis=1)[:, None]
    found = answer(np.concatenate([days, beside], axis=2))[:, 0]
    np.testing.assert_allclose(found, model.scores(rows), atol=1e-5)
    assert about["threshold"] == model.threshold_


def test_a_tag_is_told_at_every_step(tmp_path: Path) -> None:
    rows = list(np.random.default_rng(0).normal(size=(40, 7, 2)))
    labels = [["up" if step.sum() > 0 else "down" for step in row] for row in rows]
    model = SequenceTagger("gru", epochs=1).fit(rows, labels)
    about, answer = answers_in(model, tmp_path)
    assert about["output"] == {"numbers": 2, "every_step": True}
    found = answer(scaled(np.array(rows), about["encoder"]))
    np.testing.assert_allclose(found, model.predict_proba(rows), atol=1e-5)


# ---- the readers of the documents


def blocks(language: str, page: Path = CHAPTER) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def test_the_korean_chapter_shows_the_same_readers() -> None:
    assert blocks("javascript", CHAPTER.with_name("export.ko.md")) == blocks("javascript")


def python_reader() -> Any:
    """What the chapter shows, without its last lines, which ask."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is absent")
    (block,) = blocks("python")
    within: dict[str, Any] = {}
    exec(block.split("\nreader = ")[0], within)
    return within["Reader"]


ENCODERS = {
    "word": {"tokenizer": "word", "max_length": 6, "truncation": "both"},
    "word, spelling": {"tokenizer": "word", "pieces": "spelling"},
    "char, triples": {"tokenizer": "char", "pieces": "triples", "max_length": 9},
    "word, pairs": {"tokenizer": "word", "pieces": "pairs", "max_length": 9, "truncation": "both"},
    "cased-word, spelling": {"tokenizer": "cased-word", "pieces": "spelling"},
    "char": {"tokenizer": "char", "max_length": 20, "truncation": "tail"},
    "known words": {"tokenizer": "word", "unknown": False},
}


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest, messages: tuple[list[str], list[str]]) -> TextEncoder:
    return TextEncoder.fit([*messages[0], *AWKWARD], min_count=1, **ENCODERS[request.param])


def same_steps(reader: Any, encoder: TextEncoder, text: str) -> None:
    wanted = encoder.encode([text])
    padded = wanted.pad(np.array([0]), int(bucket_of(wanted.lengths)[0]))
    np.testing.assert_array_equal(reader.steps_of(text), padded)


def test_the_reader_in_python_encodes_as_recurra_does(
    encoder: TextEncoder, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, place = python_reader(), tmp_path_factory.mktemp("reader")
    columns = encoder.encode(["a"]).table.shape[1]
    about = {"encoder": encoder.to_json(), "input": {"columns": columns}}
    (place / "a.onnx.json").write_text(json.dumps(about))
    monkeypatch.setattr("onnxruntime.InferenceSession", lambda file: None)
    reader = kind(str(place / "a.onnx"))
    for text in AWKWARD:
        same_steps(reader, encoder, text)

    @given(st.text(max_size=60))
    def any_text(text: str) -> None:
        same_steps(reader, encoder, text)

    any_text()


@pytest.mark.parametrize("kind", TERM_KINDS)
def test_the_reader_in_python_finds_the_terms_that_recurra_does(kind: str) -> None:
    (block,) = blocks("python")
    within: dict[str, Any] = {}
    exec(block.split("\nreader = ")[0], within)

    @given(st.text(max_size=60) | st.sampled_from(AWKWARD))
    def any_text(text: str) -> None:
        assert Counter(within["terms_of"](text, kind)) == Counter(terms_of(kind, text))

    any_text()


@pytest.fixture(scope="module")
def exported(
    tmp_path_factory: pytest.TempPathFactory, messages: tuple[list[str], list[str]]
) -> dict[str, tuple[Path, list[Any]]]:
    """Exported classifiers, each with what Recurra answers of the awkward texts."""
    pytest.importorskip("onnx", reason="onnx is absent: pip install 'recurra[onnx]'")
    texts, labels = messages
    flags, three = [label == "spam" for label in labels], ["a", "b", "c"] * 40
    place, found = tmp_path_factory.mktemp("exported"), {}
    for name, wanted, settings in (
        ("two", labels, {"model": "subword-bi-gru", "positive": "ham", "members": 2}),
        ("flags", flags, {"model": "bi-gru"}),
        ("three", three, {"model": "conv1d", "tokenizer": "char", "max_length": 20}),
        ("begun", labels, {"model": "ngram-bi-gru", "members": 1}),
        ("pairs", three, {"model": "pair-bi-gru", "members": 1}),
        ("both", three, {"model": "ngram-triple-bi-gru", "members": 1, "tokenizer": "char"}),
    ):
        model = SequenceClassifier(epochs=1, **settings).fit(texts, wanted)
        model.save(place / f"{name}-model")
        to_onnx(place / f"{name}-model", place / f"{name}.onnx")
        saved = runtime.load(place / f"{name}-model")
        found[name] = place / f"{name}.onnx", answers_of(saved)
    return found


def answers_of(saved: Any) -> list[tuple[str, float]]:
    said = saved.predict_proba(AWKWARD)
    scores = saved.positive_scores(AWKWARD) if len(saved.classes_) == 2 else said.max(axis=1)
    return list(zip(saved.predict(AWKWARD).tolist(), scores.tolist(), strict=True))


def same_answers(found: list[Any], wanted: list[Any]) -> None:
    assert [label for label, _ in found] == [label for label, _ in wanted]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in wanted], atol=1e-5)


@pytest.mark.parametrize("name", ["two", "flags", "three", "begun", "pairs", "both"])
def test_the_reader_in_python_answers_as_predict(exported: Any, name: str) -> None:
    file, wanted = exported[name]
    reader = python_reader()(str(file))
    same_answers([reader.answer(text) for text in AWKWARD], wanted)


PAGE = """
<script type="importmap">{"imports": {"onnxruntime-web": "/dist/ort.wasm.bundle.min.mjs"}}</script>
<script type="module">
  const found = {};
  try {
    const { Reader } = await import("/reader.mjs");
    const asked = await (await fetch("/asked.json")).json();
    for (const [name, texts] of Object.entries(asked)) {
      const reader = await Reader.open(`/${name}.onnx`);
      const numbers = (given) => Object.values(given).map((each) => Array.from(each.data));
      found[name] = [];
      for (const text of texts) {
        found[name].push([numbers(reader.given(text)), await reader.answer(text)]);
      }
    }
  } catch (error) {
    found.error = `${error}`;
  }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
</script>
"""


class Answering(SimpleHTTPRequestHandler):
    """Serves a folder, and keeps what a page posts."""

    extensions_map: ClassVar = {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
        ".html": "text/html",
    }

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.found.put(json.loads(self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *said: Any) -> None:
        """Say nothing."""


def in_chromium(folder: Path) -> Any:
    """Open page.html of a folder in a browser without a window; give what the page posts."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    web = Path(os.environ.get("NODE_PATH", "")) / "onnxruntime-web" / "dist"
    if browser is None or not web.is_dir():
        pytest.skip("needs Chromium, and onnxruntime-web in the folder that NODE_PATH names")
    (folder / "dist").symlink_to(web)
    (folder / "page.html").write_text(PAGE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Answering, directory=str(folder)))
    server.found = Queue()  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    address = f"http://127.0.0.1:{server.server_port}/page.html"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([browser, *options, "--remote-debugging-port=0", address], **quiet)
    try:
        return server.found.get(timeout=120)  # type: ignore[attr-defined]
    finally:
        process.terminate()
        process.wait(30)
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_the_reader_in_javascript_answers_as_predict(exported: Any, tmp_path: Path) -> None:
    (block,) = blocks("javascript")
    (tmp_path / "reader.mjs").write_text(block, "utf-8")
    (tmp_path / "asked.json").write_text(json.dumps(dict.fromkeys(exported, AWKWARD)))
    for file, _ in exported.values():
        for each in (file, file.with_name(f"{file.name}.json")):
            shutil.copy(each, tmp_path)
    found = in_chromium(tmp_path)
    assert "error" not in found, found["error"]
    for name, (file, wanted) in exported.items():
        reader = python_reader()(str(file))
        for text, (told, _) in zip(AWKWARD, found[name], strict=True):
            wanted_given = [each.ravel().tolist() for each in reader.given(text).values()]
            assert told[0] == wanted_given[0], text
            assert {*zip(*told[1:], strict=True)} == {*zip(*wanted_given[1:], strict=True)}, text
        same_answers([answer for _, answer in found[name]], wanted)
