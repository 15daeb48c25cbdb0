"""A number of a numeric sequence: from file to report to answer, beside its rivals."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from typer.testing import CliRunner

from recurra import SequenceRegressor
from recurra.baselines.quantities import QuantityBaseline
from recurra.baselines.trees import Trees
from recurra.cli import app
from recurra.data import label_sequences
from recurra.data.sequences import LabelledSequences, Layout, read_sequences, sample_quantities
from recurra.errors import DataError
from recurra.judging.measures import values
from recurra.judging.problem import Problem
from recurra.judging.quantities import Measured, quantity_measures
from recurra.problems import quantities
from recurra.problems.splitting import split_quantities
from recurra.sequences import Ragged
from tests.judging_of_problems import Changed, held_rows_teach_nothing

QUICK: dict[str, Any] = {"models": ["simple-rnn"], "epochs": 1, "members": 1}
KINDS = ["mean", "statistics + ridge", "statistics + boosted trees", "MiniRocket + ridge"]


def steps_of(sequences: Ragged) -> list[Any]:
    return np.split(sequences.timesteps(), sequences.offsets[1:-1])


def rows_of(count: int = 60) -> LabelledSequences:
    return sample_quantities(count)


def asked(*words: Any) -> Any:
    return CliRunner().invoke(app, list(map(str, words)))


def changed_problem(changed: Changed) -> Problem:
    rows = rows_of(30)
    made, targets = steps_of(rows.sequences), np.array(rows.targets)
    test = np.arange(30) >= 24
    if changed == "held":
        made = [steps * 9 - 4 if t else steps for steps, t in zip(made, test, strict=True)]
        targets = np.where(test, targets[::-1] * 7, targets)
    if changed == "known":
        targets[0] += 3
    found = label_sequences(made, targets=targets.tolist())
    object.__setattr__(found, "published_test", test)
    return quantities(found, **QUICK)


def test_held_sequences_teach_nothing(tmp_path: Path) -> None:
    held_rows_teach_nothing(changed_problem, tmp_path)


def test_the_measures_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    said, truth = rng.normal(size=(2, 50))
    found = {m.name: values(m, np.column_stack([said, truth])) for m in quantity_measures()}
    assert found["RMSE"] == pytest.approx(root_mean_squared_error(truth, said))
    assert found["MAE"] == pytest.approx(mean_absolute_error(truth, said))
    assert found["R²"] == pytest.approx(r2_score(truth, said))


@pytest.mark.parametrize("far", [0.0, 1e6, 1e9])
def test_what_is_explained_does_not_go_by_where_the_numbers_lie(far: float) -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=50)
    rows = np.column_stack([truth + rng.normal(size=50) / 2, truth])
    explained = quantity_measures()[2]
    assert values(explained, rows + far) == pytest.approx(values(explained, rows), abs=1e-5)


@pytest.mark.parametrize("number", [0.1, 7.0, 1e9 / 3])
def test_of_numbers_that_are_all_the_same_nothing_can_be_explained(number: float) -> None:
    rows = np.column_stack([np.arange(50.0), np.full(50, number)])
    assert np.isnan(values(quantity_measures()[2], rows))


def test_boosted_trees_as_arrays_say_what_scikit_learn_says() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(120, 3))
    truth = table[:, 0] * 3 + np.abs(table[:, 1])
    settings: dict[str, Any] = {"max_iter": 20, "min_samples_leaf": 5}
    model = HistGradientBoostingRegressor(random_state=0, **settings).fit(table, truth)
    trees = Trees(**Trees.regression_nodes(table, truth, **settings))
    np.testing.assert_allclose(trees.log_odds(table), model.predict(table))


@pytest.mark.parametrize("kind", KINDS)
def test_a_rival_answers_as_before_it_was_saved(kind: str, tmp_path: Path) -> None:
    rows = rows_of()
    assert rows.targets is not None
    known = Measured(rows.sequences, rows.targets, np.arange(60))
    halves = [(np.arange(0, 60, 2), np.arange(1, 60, 2))]
    model = QuantityBaseline(kind).fit(known, halves)
    said = model.say(rows.sequences)
    model.save(tmp_path / "saved")
    np.testing.assert_array_equal(
        QuantityBaseline.load(tmp_path / "saved").say(rows.sequences), said
    )
    if kind == "mean":
        np.testing.assert_allclose(said, rows.targets.mean())
    else:
        assert r2_score(rows.targets, said) > 0.5


def test_every_side_has_large_numbers_and_small_ones() -> None:
    rows = rows_of()
    assert rows.targets is not None
    split = split_quantities(rows)
    (fold,) = split.folds
    middle = np.median(rows.targets)
    for side in (fold.known, fold.held):
        assert 0.3 < (rows.targets[side] > middle).mean() < 0.7
    people = label_sequences(
        steps_of(rows.sequences),
        targets=rows.targets.tolist(),
        groups=[f"p{n // 6}" for n in range(60)],
    )
    (fold,) = split_quantities(people).folds
    assert people.groups is not None
    assert not set(people.groups[fold.known]) & set(people.groups[fold.held])


def test_a_channel_that_is_the_number_is_a_leak() -> None:
    rows = rows_of()
    assert rows.targets is not None
    made = [
        np.column_stack([steps, np.full(len(steps), 3.0 * speed)])
        for steps, speed in zip(steps_of(rows.sequences), rows.targets, strict=True)
    ]
    told = label_sequences(made, targets=rows.targets.tolist(), target="speed")
    assert not quantities(told, **QUICK)._told_by_a_channel().passed
    assert quantities(rows, **QUICK)._told_by_a_channel().passed


def write_files(place: Path) -> None:
    rows = rows_of(40)
    assert rows.targets is not None
    made = steps_of(rows.sequences)
    long = [
        (f"r{n}", t, *step, speed)
        for n, (steps, speed) in enumerate(zip(made, rows.targets, strict=True))
        for t, step in enumerate(steps.tolist())
    ]
    columns = ["run", "t", "x", "y", "speed"]
    pd.DataFrame(long, columns=columns).to_csv(place / "long.csv", index=False)
    wide = np.stack([steps[:25, 0] for steps in made])
    frame = pd.DataFrame(wide, columns=[f"t{k}" for k in range(25)])
    frame.assign(speed=rows.targets).to_csv(place / "wide.csv", index=False)
    frame.to_csv(place / "asked.csv", index=False)
    np.savez(place / "wide.npz", X=wide, y=rows.targets)
    lines = [
        f"{','.join(map(str, row))}:{speed}" for row, speed in zip(wide, rows.targets, strict=True)
    ]
    head = "@problemName speeds\n@univariate true\n@targetLabel true\n@data\n"
    (place / "wide.ts").write_text(head + "\n".join(lines))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quantities")
    write_files(folder)
    long = ["train", "sequences", folder / "long.csv", "--id", "run", "--time", "t"]
    quick = ["--model", "simple-rnn", "--epochs", "1", "--members", "1", "--out", folder / "run"]
    done = asked(*long, "--target", "speed", *quick)
    assert done.exit_code == 0, done.output
    return folder


def test_one_number_comes_out_of_every_form_of_a_file(place: Path) -> None:
    target = Layout(target="speed")
    read = [
        read_sequences(place / "wide.csv", target),
        read_sequences(place / "wide.npz"),
        read_sequences(place / "wide.ts"),
        read_sequences(place / "long.csv", Layout(id="run", time="t", target="speed")),
    ]
    for rows in read:
        assert rows.labels is None
        assert rows.targets is not None
        np.testing.assert_allclose(rows.targets, rows_of(40).targets)


def test_a_file_becomes_a_report_and_answers(place: Path) -> None:
    report = json.loads((place / "run" / "report.json").read_text())
    assert {each["name"] for each in report["contenders"]} == {"simple-rnn", *KINDS}
    assert set(report["contenders"][0]["measures"]) == {"RMSE", "MAE", "R²"}
    assert report["verdicts"][0]["measure"] == "RMSE"
    told = pd.read_csv(place / "run" / "predictions.csv")
    error = root_mean_squared_error(told["truth"], told["mean"])
    mean = next(each for each in report["contenders"] if each["name"] == "mean")
    assert mean["measures"]["RMSE"]["value"] == pytest.approx(error)
    long = [place / "long.csv", "--id", "run", "--time", "t"]
    lines = asked("predict", place / "run", *long).stdout.splitlines()
    assert len(lines) == 40
    answer = json.loads(asked("predict", place / "run", *long, "--json").stdout)
    assert answer["target"] == "speed"
    assert float(lines[0].split("\t")[0]) == pytest.approx(answer["predictions"][0]["speed"], 1e-4)
    rival = json.loads((place / "run" / "model" / "baseline" / "config.json").read_text())["name"]
    assert len(asked("predict", place / "run", *long, "--with", rival).stdout.splitlines()) == 40
    judged = json.loads(asked("evaluate", place / "run", *long, "--json").stdout)
    assert judged["rows_seen_in_training"] == 32
    assert set(judged["measures"]) == {"RMSE", "MAE", "R²"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["train", "sequences", "wide.csv", "--target", "sped"], "there is no 'sped'"),
        (["train", "sequences", "wide.csv", "--target", "speed", "--label", "t0"], "one of them"),
        (["train", "sequences", "odd.csv", "--target", "speed"], "row 3 of odd.csv has 'quick'"),
        (["train", "sequences", "gap.csv", "--target", "speed"], "row 3 of gap.csv has none"),
        (["train", "sequences", "same.csv", "--target", "speed"], "all 40 to learn from have 3"),
        (["train", "sequences", "few.csv", "--target", "speed"], "at least 20 sequences"),
        (["train", "sequences", "wide.npz", "--target", "z"], "--target of a NumPy file is y"),
        (
            ["train", "sequences", "wide.csv", "--target", "speed", "--positive", "a"],
            "a number is to be foretold",
        ),
        (["predict", "RUN", "wide.csv"], "'run' was the column of --id in training"),
        (["predict", "RUN", "long.csv", "--channels", "x"], "a step must have 2 channels"),
        (["evaluate", "RUN", "long.csv", "--target", "no"], "there is no 'no'"),
        (["predict", "RUN", "none.csv"], "none.csv"),
        (["audit", "RUN"], "of labelled texts or sequences is needed, but run is of quantities"),
    ],
)
def test_a_wrong_form_is_refused_in_one_line(
    place: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    frame = pd.read_csv("wide.csv", dtype={"speed": str})
    frame.assign(speed=["quick" if n == 2 else "1" for n in range(40)]).to_csv(
        "odd.csv", index=False
    )
    frame.assign(speed=["" if n == 2 else str(n) for n in range(40)]).to_csv("gap.csv", index=False)
    frame.assign(speed="3").to_csv("same.csv", index=False)
    frame.head(12).to_csv("few.csv", index=False)
    done = asked(*["run" if word == "RUN" else word for word in words])
    assert done.exit_code == 2, done.output
    assert says in " ".join(done.output.split())


def test_classes_cannot_be_judged_as_numbers(place: Path) -> None:
    with pytest.raises(DataError, match="all 60 to learn from have 1"):
        quantities(label_sequences(steps_of(rows_of().sequences), targets=[1] * 60))


def test_numbers_that_validate_do_not_say_on_what_scale_is_learnt() -> None:
    draw = np.random.default_rng(0)
    steps, numbers = draw.normal(size=(20, 4, 1)), np.append(np.arange(15.0), 1000 + np.arange(5.0))
    sides = [(np.arange(15), np.arange(15, 20))]
    model = SequenceRegressor("simple-rnn", epochs=1).fit(steps, numbers, sides=sides)
    assert model.target_mean_[0] == pytest.approx(numbers[:15].mean())
    assert model.target_scale_[0] == pytest.approx(numbers[:15].std())


def test_near_copies_are_one_piece_unless_they_are_to_be_kept_apart() -> None:
    rows = rows_of(40)
    assert rows.targets is not None
    made, targets = steps_of(rows.sequences), rows.targets.tolist()
    near = label_sequences([*made, *(m + 1e-6 for m in made[:10])], targets=targets + targets[:10])
    together, apart = (quantities(near, keep_near=keep, **QUICK) for keep in (False, True))
    pieces = [problem.evidence(np.arange(50)).pieces for problem in (together, apart)]
    assert [len(np.unique(piece)) for piece in pieces] == [40, 50]
    assert "near copies" in together.split
    assert "near copies" not in apart.split
