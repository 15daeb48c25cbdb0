"""A network of numbers is weighed with MiniRocket, and no row teaches what is said of it."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from typer.testing import CliRunner

from recurra import SequenceClassifier, SequenceForecaster, SequenceRegressor
from recurra.baselines import crossfit
from recurra.baselines.crossfit import cross_fit_sequences
from recurra.baselines.sequences import Fitted
from recurra.bundle import read_bundle, write_bundle
from recurra.cli import app
from recurra.data.sequences import sample_sequences
from recurra.errors import BundleError, SettingsError
from recurra.exporting import to_keras, to_onnx
from recurra.judging.scaling import factors_of
from recurra.problems.saved.sequences import explained_by
from recurra.problems.sequence_classes import sequences
from recurra.rocket import MINIROCKET, STATISTICS
from recurra.running import run
from recurra.runtime import load
from recurra.sequences import Ragged
from recurra.text.terms import log_odds_of

NAME = "rocket-gru-fcn"


def rows_of(classes: int, rows: int = 40, seed: int = 0) -> tuple[Ragged, np.ndarray]:
    """Noise with a bump whose height tells the class; of different lengths."""
    rng, truth = np.random.default_rng(seed), np.arange(rows) % classes
    made = [rng.normal(0, 0.5, (rng.integers(12, 20), 2)) for _ in truth]
    for steps, number in zip(made, truth, strict=True):
        steps[3:8, 0] += number
    return Ragged.of_numbers(made), truth


@pytest.fixture(scope="module", params=[2, 3])
def fitted(request: pytest.FixtureRequest) -> tuple[SequenceClassifier, Ragged]:
    given, truth = rows_of(request.param)
    model = SequenceClassifier(NAME, epochs=1, members=2)
    return model.fit(given, np.array(list("abc"), object)[truth]), given


@pytest.mark.parametrize("classes", [2, 3])
def test_no_sequence_teaches_its_own_start_nor_that_of_its_copies(
    classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, truth = rows_of(classes)
    groups = np.arange(len(truth)) // 2
    monkeypatch.setattr(crossfit, "OF_SEQUENCES", (1.0,))  # what is chosen may change
    changed = truth.copy()
    changed[10:12] = (truth[10:12] + 1) % classes
    found, other = (
        cross_fit_sequences(MINIROCKET, given, each, classes, groups) for each in (truth, changed)
    )
    same = (found.log_odds == other.log_odds).all(axis=1)
    assert same[found.fold == found.fold[10]].all()
    assert not same[found.fold != found.fold[10]].any()


def test_a_start_is_what_is_said_by_a_model_of_the_other_folds() -> None:
    given, truth = rows_of(3)
    found = cross_fit_sequences(MINIROCKET, given, truth, 3, np.arange(len(truth)))
    held, others = np.flatnonzero(found.fold == 2), np.flatnonzero(found.fold != 2)
    alone = Fitted(MINIROCKET, given.take(others), truth[others], 3).with_strength(found.C)
    wanted = log_odds_of(alone.probabilities(given.take(held)))
    np.testing.assert_allclose(found.log_odds[held], wanted, atol=1e-9)


def test_of_many_sequences_the_strength_is_chosen_on_one_fold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, truth = rows_of(2)
    fits: list[float] = []
    fit = Fitted.with_strength
    monkeypatch.setattr(Fitted, "with_strength", lambda self, C: fits.append(C) or fit(self, C))
    whole = cross_fit_sequences(MINIROCKET, given, truth, 2, np.arange(len(truth)))
    assert len(fits) == 5 * 4 + 1
    fits.clear()
    monkeypatch.setattr(crossfit, "MANY", 10)
    found = cross_fit_sequences(MINIROCKET, given, truth, 2, np.arange(len(truth)))
    assert len(fits) == 4 + 4 + 1
    if found.C == whole.C:
        np.testing.assert_array_equal(found.log_odds, whole.log_odds)


@pytest.mark.parametrize("kind", [STATISTICS, MINIROCKET])
@pytest.mark.parametrize("classes", [2, 3])
def test_what_a_linear_model_says_is_what_scikit_learn_says(kind: str, classes: int) -> None:
    given, truth = rows_of(classes)
    ours = Fitted(kind, given, truth, classes)
    theirs = LogisticRegression(C=0.5, max_iter=1000).fit(ours.features, truth)
    said = ours.with_strength(0.5).of_features(ours.features)
    np.testing.assert_allclose(said, theirs.predict_proba(ours.features), atol=1e-9)


def test_rows_of_one_class_alone_make_a_model_that_is_fairly_sure_of_it() -> None:
    given, truth = rows_of(3)
    said = Fitted(MINIROCKET, given, np.full(len(truth), 2), 3).with_strength(1.0)
    shares = said.probabilities(given)
    assert (shares[:, 2] > 0.9).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_a_sequence_without_a_step_has_a_probability(
    fitted: tuple[SequenceClassifier, Ragged],
) -> None:
    model, _ = fitted
    nothing = Ragged.of_numbers([np.zeros((0, 2)), np.ones((3, 2))])
    assert np.isfinite(model.start_.log_odds(nothing)).all()
    none = Ragged(nothing.codes[:0], nothing.offsets[:1], nothing.table)
    assert model.start_.log_odds(none).shape[0] == 0


def test_rows_held_out_weigh_both_and_choose_no_epoch(
    fitted: tuple[SequenceClassifier, Ragged],
) -> None:
    model, given = fitted
    assert all(len(held) for _, held in model.sides_)
    assert not any("validation_loss" in row for h in model.histories_ for row in h.rows)
    truth = rows_of(len(model.classes_))[1]
    start = cross_fit_sequences(
        MINIROCKET, given, truth, len(model.classes_), np.arange(len(truth))
    )
    held = np.concatenate([rows for _, rows in model.sides_])
    of_rocket = factors_of([0 * start.log_odds[held], start.log_odds[held]], truth[held])[1]
    # the network learned for one epoch and says little: its partner's factor is as without it
    assert model.start_.parts[0].factor == pytest.approx(of_rocket, rel=0.5)


def test_a_saved_model_says_the_same_to_the_last_digits_without_keras_or_scikit_learn(
    fitted: tuple[SequenceClassifier, Ragged], tmp_path: Path
) -> None:
    model, given = fitted
    model.save(tmp_path / "model")
    wanted = model.predict_proba(given)
    for again in (SequenceClassifier.load(tmp_path / "model"), load(tmp_path / "model")):
        np.testing.assert_allclose(again.predict_proba(given), wanted, atol=1e-6)
    code = (
        "import sys, numpy as np; from recurra.runtime import load\n"
        "load(sys.argv[1]).predict_proba([np.zeros((12, 2))])\n"
        "assert not {'keras', 'jax', 'sklearn', 'pandas'} & set(sys.modules)"
    )
    ran = [sys.executable, "-c", code, str(tmp_path / "model")]
    assert subprocess.run(ran, capture_output=True).returncode == 0


def test_parts_of_a_start_that_do_not_fit_are_refused(
    fitted: tuple[SequenceClassifier, Ragged], tmp_path: Path
) -> None:
    model, _ = fitted
    model.save(tmp_path / "model")
    bundle = read_bundle(tmp_path / "model")
    short = bundle.weights["start/scale"][:-1]
    weights = {**bundle.weights, "start/scale": short}
    write_bundle(tmp_path / "short", dataclasses.replace(bundle, weights=weights))
    with pytest.raises(BundleError, match="features, but there are means of"):
        load(tmp_path / "short")


def test_what_is_weighed_with_minirocket_is_neither_exported_nor_given_gradients(
    tmp_path: Path,
) -> None:
    found = run(sequences(sample=True, epochs=1, members=1), tmp_path / "run", command="x")
    for write, file in ((to_onnx, "a.onnx"), (to_keras, "a.keras")):
        with pytest.raises(BundleError, match="train another: --model gru-fcn"):
            write(tmp_path / "run", tmp_path / file)
    model, steps = load(tmp_path / "run" / "model"), np.ones((20, 2))
    how = (lambda rows: model.predict_proba(rows)[:, 0]), steps, 0, 1.0
    with pytest.raises(SettingsError, match="weighed with a linear model that has no slope"):
        explained_by("gradients", model, NAME, *how)
    assert explained_by("occlusion", model, NAME, *how).effects.shape[1] == 2
    (added,) = [each for each in found.report.exhibits if each.title == "What the network adds"]
    assert added.columns[1] == "MiniRocket + LR alone"
    (probe,) = [p for p in found.report.probes if p.name == "rows that teach their own start"]
    assert probe.passed
    page = " ".join((tmp_path / "run" / "report.html").read_text("utf-8").split())
    assert "The weights of the last epoch are kept" in page
    assert "best epoch" not in page
    assert "for validation" not in page


def test_a_number_is_foretold_by_a_network_alone(tmp_path: Path) -> None:
    words = ["train", "sequences", "--sample", "--target", "speed", "--epochs", "1", "--members"]
    words += ["1", "--json", "--out", str(tmp_path / "run")]
    done = CliRunner().invoke(app, words)
    assert json.loads(done.stdout)["contenders"][0]["name"] == "gru-fcn"
    done = CliRunner().invoke(app, [*words, "--model", NAME, "--overwrite"])
    assert done.exit_code == 2
    assert "rocket-gru-fcn" in done.output
    steps = np.random.default_rng(0).normal(size=(30, 6, 1))
    for model, y in (
        (SequenceRegressor(NAME, epochs=1), steps[:, -1, 0]),
        (SequenceForecaster(NAME, horizon=2, window=4, epochs=1), None),
    ):
        with pytest.raises(SettingsError, match="the class of a whole sequence, but something"):
            model.fit(steps if y is not None else steps[:, 0, 0], y)
    with pytest.raises(SettingsError, match="must be one of"):
        sequences(sample_sequences(), models=("rocket-gru",))
