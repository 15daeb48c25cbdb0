import json
from copy import copy
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from recurra import SequenceClassifier, cells
from recurra.backend import keras
from recurra.cli import app
from recurra.estimators import as_texts
from recurra.inside import look_inside
from recurra.operations.tracing import step_through
from recurra.pages.inside import render_inside


@cache
def fitted(model: str) -> SequenceClassifier:
    """A classifier whose texts are positive when, and only when, they hold the word prize."""
    rng = np.random.default_rng(0)
    words = np.array(["see", "you", "at", "lunch", "call", "me", "later", "today"])
    texts = [" ".join(rng.choice(words, 6)) for _ in range(300)]
    for i in range(0, 300, 3):
        parts = texts[i].split()
        parts[rng.integers(6)] = "prize"
        texts[i] = " ".join(parts)
    labels = ["spam" if "prize" in text else "ham" for text in texts]
    settings = {"epochs": 8, "members": 2, "learning_rate": 0.01}
    return SequenceClassifier(model=model, **settings).fit(as_texts(texts), labels)


@pytest.fixture(scope="module", params=["lstm", "bi-gru", "conv1d", "subword-bi-gru"])
def classifier(request: pytest.FixtureRequest) -> SequenceClassifier:
    return fitted(request.param)


def test_the_planted_word_gets_the_most_of_both_attributions(
    classifier: SequenceClassifier,
) -> None:
    inside = look_inside(classifier, "call me at prize today you")
    assert inside.tokens[3] == "prize"
    assert inside.score > 0.8
    assert inside.occlusion.argmax() == 3
    assert inside.gradients.argmax() == 3
    rest = np.delete(inside.gradients, 3)
    assert inside.gradients[3] > 3 * np.abs(rest).max()


def test_integrated_gradients_add_up_to_the_score_beyond_nothing() -> None:
    classifier = copy(fitted("lstm"))
    classifier.weights_ = classifier.weights_[:1]
    inside = look_inside(classifier, "call me at prize today you")
    network = classifier.build()
    for variable in network.weights:
        value = classifier.weights_[0][variable.path]
        variable.assign(np.zeros_like(value) if "embedding" in variable.path else value)
    ids = classifier.encoder_.encode(["call me at prize today you"]).pad(np.array([0]), 16)[..., 0]
    nothing = float(np.asarray(network(ids))[0, 0])
    assert inside.gradients.sum() == pytest.approx(inside.score - nothing, abs=2e-3)


@pytest.mark.parametrize("model", ["simple-rnn", "lstm", "bi-lstm", "subword-bi-gru"])
def test_the_states_shown_are_those_of_the_layer(model: str) -> None:
    classifier = fitted(model)
    text = "call me at prize today you"
    inside = look_inside(classifier, text)
    network = classifier.build()
    for variable in network.weights:
        variable.assign(classifier.weights_[0][variable.path])
    ids = classifier.encoder_.encode([text]).pad(np.array([0]), 16)
    ids = ids[..., 0] if ids.shape[2] == 1 else ids
    output = ids
    for layer in network.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        output = layer(output)
        if any(name in layer.name for name in ("rnn", "lstm", "gru")):
            break
    output = np.asarray(output)[0]
    ends = [r.values["h"][0 if "backward" in r.layer else -1] for r in inside.readings]
    shown = (
        np.concatenate(ends)
        if output.ndim == 1
        else np.concatenate([r.values["h"] for r in inside.readings], axis=1)
    )
    np.testing.assert_allclose(shown, output[: len(shown)], atol=1e-5)


def test_a_text_without_tokens_has_nothing_inside() -> None:
    inside = look_inside(fitted("lstm"), "")
    assert inside.tokens == []
    assert inside.gradients.shape == (0,)


def test_a_trace_shows_gates_worked_out_by_hand() -> None:
    weights = cells.Weights(
        kernel=np.array([[0.1, 0.2, 0.3, 0.4]]),
        recurrent_kernel=np.array([[0.5, 0.6, 0.7, 0.8]]),
        bias=np.array([0.0, 1.0, 0.0, 0.0]),
    )
    found = step_through(cells.LSTM(), weights, np.array([[2.0]]), (np.zeros((1, 1)),) * 2)
    logistic = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    assert found["i"].item() == pytest.approx(logistic(0.2))
    assert found["f"].item() == pytest.approx(logistic(1.4))
    assert found["g"].item() == pytest.approx(np.tanh(0.6))
    c = logistic(0.2) * np.tanh(0.6)
    assert found["c"].item() == pytest.approx(c)
    assert found["h"].item() == pytest.approx(logistic(0.8) * np.tanh(c))


def test_the_command_shows_tokens_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted("bi-lstm").save(tmp_path / "model")
    page = tmp_path / "inside.html"
    text = "call <b>me</b> at prize 오늘"
    command = ["explain", str(tmp_path / "model"), text, "--html", str(page), "--json"]
    app(command, standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    strongest = max(found["tokens"], key=lambda row: row["integrated_gradients"])
    assert strongest["token"] == "prize"
    assert found["label"] == "spam"
    html = page.read_text("utf-8")
    assert "bi_lstm backward" in html
    assert html.count("<svg") == 12
    assert "<b>me" not in html


def test_a_text_without_tokens_makes_a_page_that_says_so() -> None:
    inside = look_inside(fitted("lstm"), "")
    page = render_inside("lstm", "spam", 0.5, inside.score, [], (inside.occlusion,) * 2, [])
    assert "knows no token" in page
