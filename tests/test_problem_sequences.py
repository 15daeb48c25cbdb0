"""Numeric sequences as a problem: what is fitted on what, what is saved, asked and refused."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judging_of_problems import Changed, held_rows_teach_nothing
from typer.testing import CliRunner

from recurra.baselines.sequences import LinearSequences, NearestSequence
from recurra.cli import app
from recurra.data.sequences import LabelledSequences, label_sequences, sample_sequences, with_test
from recurra.errors import SettingsError
from recurra.judging.classes import Labelled
from recurra.problems.saved.sequences import saved_sequences
from recurra.problems.sequence_classes import SequenceProblem, sequences
from recurra.rocket import KERNELS, MiniRocket, Scaled, statistics_of
from recurra.running import run
from recurra.sequences import NumberEncoder, Ragged

QUICK: dict[str, Any] = {"epochs": 1, "members": 1}


def steps_of(sequences: Ragged) -> list[np.ndarray]:
    return np.split(sequences.timesteps(), sequences.offsets[1:-1])


def classes_of(rows: LabelledSequences) -> list[str]:
    assert rows.labels is not None
    return [str(label) for label in rows.labels]


def changed_problem(what: Changed, **settings: Any) -> SequenceProblem:
    """The sample with its last fifth published to test on, and some rows of it changed."""
    sample = sample_sequences(30)
    X, y = steps_of(sample.sequences), classes_of(sample)
    held, known = range(24, 30), [0]
    for row in {"nothing": [], "held": held, "known": known}[what]:
        X[row] = X[row][::-1] * 7 + 1000 * row
        y[row] = {"quick": "slow", "slow": "still", "still": "quick"}[y[row]]
    rows = with_test(label_sequences(X[:24], y[:24]), label_sequences(X[24:], y[24:]))
    return sequences(rows, **{**QUICK, **settings})


@pytest.mark.slow
def test_held_sequences_teach_nothing(tmp_path: Path) -> None:
    held_rows_teach_nothing(changed_problem, tmp_path)


def test_the_file_to_test_on_is_held_and_folds_leave_it_out() -> None:
    (fold,) = changed_problem("nothing").folds
    assert fold.held.tolist() == list(range(24, 30))
    folded = changed_problem("nothing", folds=3)
    assert folded.data.rows == 24
    assert "the file to train on alone" in folded.split


def test_a_person_and_copies_stand_on_one_side() -> None:
    sample = sample_sequences()
    X, y = steps_of(sample.sequences), sample.labels
    people = [f"p{row // 6}" for row in range(60)]
    for problem in (
        sequences(label_sequences(X, y, groups=people), **QUICK),
        sequences(label_sequences([X[row // 6 * 6 + row % 3] for row in range(60)], y), **QUICK),
    ):
        assert problem.rows is not None
        groups, fold = problem.rows.groups, problem.folds[0]
        assert len(np.unique(groups)) < 60
        assert not set(groups[fold.known]) & set(groups[fold.held])


def test_a_channel_that_is_the_class_fails_the_probe() -> None:
    sample = sample_sequences()
    numbers = {"quick": 1.0, "slow": 2.0, "still": 3.0}
    told = [
        np.column_stack([steps, np.full(len(steps), numbers[label])])
        for steps, label in zip(steps_of(sample.sequences), classes_of(sample), strict=True)
    ]
    rows = label_sequences(told, sample.labels, channels=["x", "y", "told"])
    found = run(sequences(rows, models=["one-to-one"], epochs=1))
    passed = {probe.name: probe.passed for probe in found.report.probes}
    assert passed == {"rows in both sides": True, "target hidden in another column": False}


def known_sample() -> Labelled:
    sample = sample_sequences()
    return Labelled(sample.sequences, sample.truth, sample.names, None, np.arange(60))


@pytest.mark.parametrize(
    "model",
    [LinearSequences("statistics + LR"), LinearSequences("MiniRocket + LR"), NearestSequence()],
    ids=lambda model: getattr(model, "kind", "nearest"),
)
def test_a_baseline_says_the_same_once_it_is_saved_and_read(model: Any, tmp_path: Path) -> None:
    known, halves = known_sample(), [(np.arange(30), np.arange(30, 60))]
    model.fit(known, halves)
    said = model.say(known.inputs)
    model.save(tmp_path / "model")
    again = type(model).load(tmp_path / "model").say(known.inputs)
    assert np.allclose(again.probabilities, said.probabilities, rtol=1e-9, atol=1e-12)
    assert again.decided.tolist() == said.decided.tolist()
    assert np.allclose(said.probabilities.sum(axis=1), 1)
    assert (said.decided == known.truth).mean() > 0.9


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_a_baseline_does_not_mind_in_which_unit_a_channel_is(size: float) -> None:
    known, halves = known_sample(), [(np.arange(30), np.arange(30, 60))]
    scaled = Ragged.of_numbers([steps * size for steps in steps_of(known.inputs)])
    other = Labelled(scaled, known.truth, known.names, None, known.groups)
    for make in (lambda: LinearSequences("MiniRocket + LR"), NearestSequence):
        as_it_is = make().fit(known, halves).say(known.inputs).probabilities
        assert np.allclose(make().fit(other, halves).say(scaled).probabilities, as_it_is, atol=1e-6)


def test_a_constant_channel_and_sequences_of_one_step_are_read() -> None:
    X = [[[float(n % 2), 5.0]] for n in range(20)]
    rows = Ragged.of_numbers(X)
    known = Labelled(rows, np.arange(20) % 2, ("u", "v"), None, np.arange(20))
    halves = [(np.arange(10), np.arange(10, 20))]
    for model in (LinearSequences("statistics + LR"), LinearSequences("MiniRocket + LR")):
        assert model.fit(known, halves).say(rows).decided.tolist() == [0, 1] * 10


def test_a_feature_of_minirocket_is_the_share_of_steps_above_its_bias() -> None:
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(40, 3))
    both = Ragged.of_numbers([steps, steps[:30]])
    scaled = Scaled(NumberEncoder.fit(both), both)
    rocket, steps = MiniRocket.fit(scaled, seed=1), scaled[0]
    features = rocket(steps).reshape(rocket.biases.shape)
    dilation, kernel, bias = 1, 17, 2
    spread = int(rocket.dilations[dilation])
    above = 0
    for t in range(40):
        said = sum(
            KERNELS[kernel, k]
            * rocket.channels[dilation, kernel, c]
            * steps[t + spread * (k - 4), c]
            for k in range(9)
            for c in range(3)
            if 0 <= t + spread * (k - 4) < 40
        )
        above += said > rocket.biases[dilation, kernel, bias]
    assert features[dilation, kernel, bias] == above / 40
    assert 0.05 < features.mean() < 0.95


def test_the_statistics_of_a_straight_line_are_known() -> None:
    found = statistics_of(np.arange(5.0)[:, None])
    expected = [2, np.sqrt(2), 0, 1, 2, 3, 4, 0, 4, 2, 0.8]
    assert np.allclose(found[: len(expected)], expected)


def test_the_nearest_neighbour_is_as_sure_as_it_was_right_of_others() -> None:
    X = [[0.0, 0.0], [0.1, 0.0], [5.0, 5.0], [5.0, 5.1]]
    known = Labelled(Ragged.of_numbers(X), np.array([0, 0, 1, 0]), ("u", "v"), None, np.arange(4))
    model = NearestSequence().fit(known, [])
    assert model.sure == (2 + 1) / (4 + 2)  # both of the last two are told wrongly
    assert model.say(known.inputs).probabilities[0].tolist() == [0.5, 0.5]


def test_two_classes_without_one_to_find_are_decided_by_the_likelier() -> None:
    sample = sample_sequences()
    rows = sample.take(np.flatnonzero(sample.labels != "slow"))
    for model in ("gru-fcn", "one-to-one"):
        found = run(sequences(rows, models=[model], **QUICK))
        assert found.model(model).threshold == 0.5
    with pytest.raises(SettingsError, match="--positive must be one of two classes"):
        sequences(rows, positive="slow")


def test_what_is_looked_at_of_a_sequence_is_its_length_and_the_mean_of_each_channel() -> None:
    sample = sample_sequences()
    rows = np.array([0, 5, 7])
    traits = sequences(sample, **QUICK).look(rows).traits
    each = [steps_of(sample.sequences)[row] for row in rows]
    assert list(traits) == ["steps", *(f"mean of {name}" for name in sample.channels)]
    assert traits["steps"].tolist() == [len(steps) for steps in each]
    for place, name in enumerate(sample.channels):
        expected = [steps[:, place].mean() for steps in each]
        assert traits[f"mean of {name}"] == pytest.approx(expected)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="gru-fcn, lstm-fcn"):
        sequences(sample=True, models=["pooled-bi-gru"])


# ---- the command line


def table(place: Path) -> Path:
    sample = sample_sequences()
    lines = ["who,t,x,y,kind,person"]
    for row, steps in enumerate(steps_of(sample.sequences)):
        label = classes_of(sample)[row]
        lines += [
            f"s{row},{t},{x},{y},{label},p{row // 3}" for t, (x, y) in enumerate(steps.tolist())
        ]
    path = place / "moves.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


COLUMNS = ["--id", "who", "--time", "t", "--group", "person", "--label", "kind"]


def test_a_table_is_learnt_asked_and_its_best_baseline_asked_too(tmp_path: Path) -> None:
    path, out = str(table(tmp_path)), str(tmp_path / "run")
    quick = ["--epochs", "1", "--members", "1", "--out", out, "--json"]
    done = CliRunner().invoke(app, ["train", "sequences", path, *COLUMNS, *quick])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["problem"] == "sequences"
    best = json.loads((tmp_path / "run/model/baseline/config.json").read_text())["name"]
    for more in ([], ["--with", best]):
        asked = CliRunner().invoke(app, ["predict", out, path, *COLUMNS, *more, "--json"])
        assert asked.exit_code == 0, asked.output
        found = json.loads(asked.stdout)
        assert found["model"] == (best if more else "rocket-gru-fcn")
        assert len(found["predictions"]) == 60
        first = found["predictions"][0]
        assert first["id"] == "s0"
        assert set(first["probabilities"]) == {"quick", "slow", "still"}
    said = [each["label"] for each in found["predictions"]]  # of the baseline
    judged = CliRunner().invoke(app, ["evaluate", out, path, *COLUMNS, "--with", best, "--json"])
    assert judged.exit_code == 0, judged.output
    measures = json.loads(judged.stdout)["measures"]
    right = np.mean(np.array(said) == sample_sequences().labels)
    assert measures["accuracy"]["value"] == pytest.approx(right)
    held = saved_sequences(out).answer(sample_sequences())
    asked = CliRunner().invoke(app, ["predict", out, path, *COLUMNS])
    lines = asked.stdout.splitlines()
    assert lines[0].split("\t")[::2] == [held[0]["label"], "s0"]


def test_other_channels_than_those_learnt_are_refused(tmp_path: Path) -> None:
    run(sequences(sample=True, models=["one-to-one"], epochs=1), tmp_path / "run")
    path = tmp_path / "other.csv"
    path.write_text("who,x\na,1\na,2\n")
    done = CliRunner().invoke(app, ["predict", str(tmp_path / "run"), str(path), "--id", "who"])
    assert done.exit_code == 2
    assert "must have 2 channels, as in training (channel 1, channel 2)" in done.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who,t,x,kind\na,1,1,u\na,1,2,u\n", "each time once"),
        ("who,t,x,kind\na,1,one,u\n", "'one' in 'x'"),
        ("who,t,x,kind\na,1,1,u\nb,1,2,u\n", "two classes or more"),
        ("", "is empty"),
    ],
)
def test_a_bad_file_is_answered_in_one_line_before_keras_is_there(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    words = ["train", "sequences", str(path), "--id", "who", "--time", "t", "--label", "kind"]
    code = (
        "import sys; from recurra.cli import app\n"
        f"try: app({words!r})\n"
        "except SystemExit as end: print(end.code, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
