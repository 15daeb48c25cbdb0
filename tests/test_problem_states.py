"""States of logs: how events are judged, how logs are read and split, live use, commands."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from judging_of_problems import Changed, held_rows_teach_nothing
from typer.testing import CliRunner

from recurra import problems
from recurra.answers.states import AlarmRule, KnownSteps
from recurra.baselines.states import KINDS, StateBaseline, rolling_features
from recurra.cli import app
from recurra.data.states import LabelledSteps, StepColumns, read_steps, sample_steps
from recurra.errors import DataError, SettingsError
from recurra.judging.events import matched, spells
from recurra.judging.measures import values
from recurra.judging.said import Said
from recurra.problems.saved.states import saved_states
from recurra.problems.splitting import split_steps
from recurra.problems.step_states import StatesProblem, states

SMALL: dict[str, Any] = {"epochs": 1, "units": 4, "window": 32}


def one_hot(numbers: list[int], states: int = 2) -> Said:
    return Said(np.eye(states)[numbers], np.array(numbers))


def log(truth: list[int], *, dated: bool = False) -> LabelledSteps:
    names = np.array(["ok", "bad"], dtype=object)
    times = 60.0 * np.arange(len(truth))
    return LabelledSteps(
        np.arange(len(truth), dtype=float)[:, None],
        names[truth],
        np.array([0, len(truth)]),
        times,
        dated,
        np.array(["m"], dtype=object),
        ("x",),
    )


# ---- events


def test_events_and_alarms_are_matched_by_the_rules_that_are_documented() -> None:
    truth = np.array([0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 2, 2, 0])
    said = np.array([0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 0])
    found = matched(truth, said, normal=0)
    assert found.events.tolist() == [[1, 1, 5], [1, 7, 9], [2, 12, 14]]
    assert found.found.tolist() == [True, False, False]  # the last alarm is of another state
    assert found.delay.tolist() == [2, 0, 0]
    assert found.right.tolist() == [True, False, False]
    late = matched(truth, said, normal=0, tolerance=1)
    assert late.found.tolist() == [True, True, False]
    assert late.delay.tolist() == [2, 2, 0]
    assert late.right.tolist() == [True, True, False]


def test_an_alarm_that_never_ends_finds_nothing() -> None:
    truth = np.array([0] * 20 + [1] * 5 + [0] * 20)
    found = matched(truth, np.ones(45, int), normal=0)
    assert (found.found.any(), found.right.any()) == (False, False)
    half = matched(truth, np.r_[np.zeros(16, int), np.ones(9, int), np.zeros(20, int)], normal=0)
    assert half.right.tolist() == [True]  # 5 of 9 steps
    less = matched(truth, np.r_[np.zeros(14, int), np.ones(11, int), np.zeros(20, int)], normal=0)
    assert less.right.tolist() == [False]  # 5 of 11


def test_spells_of_no_steps_and_of_one_state_are_none_and_one() -> None:
    assert spells(np.zeros(0, int), 0).shape == (0, 3)
    assert spells(np.ones(4, int), 0).tolist() == [[1, 0, 4]]


@pytest.mark.parametrize("dated", [False, True])
def test_measures_are_those_worked_out_by_hand(dated: bool) -> None:
    truth = [0] * 10 + [1] * 6 + [0] * 14 + [1] * 4 + [0] * 6
    said = [0] * 12 + [1] * 4 + [0] * 4 + [1] * 2 + [0] * 18
    rows = log(truth, dated=dated)
    problem = states(rows, normal="ok", split=split_of(rows), **SMALL)
    problem.names, problem.normal, problem.truth = ("ok", "bad"), 0, np.array(truth)
    statistics = problem.count(np.arange(len(problem.streams)), one_hot(said))
    found = {measure.name: values(measure, statistics) for measure in problem.measures}
    assert found["event recall"] == 1 / 2
    assert found["event precision"] == 1 / 2
    assert found["event F1"] == 1 / 2
    late, often = (
        ("delay in seconds", "false alarms a day")
        if dated
        else (
            "delay in steps",
            "false alarms in 1,000 steps",
        )
    )
    assert found[late] == (120.0 if dated else 2.0)
    assert found[often] == pytest.approx(1440 / 40 if dated else 1000 / 40)
    assert found["accuracy of steps"] == pytest.approx(32 / 40)
    assert found["macro F1 of steps"] == pytest.approx((2 * 28 / 64 + 2 * 4 / 16) / 2)


def split_of(rows: LabelledSteps) -> Any:
    """Give a split of two halves, whatever they hold."""
    from recurra.judging.problem import Fold
    from recurra.problems.splitting import SplitSteps, segments_of

    offsets, streams = segments_of(rows, 4)
    half = len(streams) // 2
    sides = [(np.arange(half - 1), np.array([half - 1]))]
    fold = Fold(np.arange(half), np.arange(half, len(streams)), sides)
    return SplitSteps(offsets, streams, "halves", [fold])


# ---- rules of alarms


def test_a_rule_waits_for_as_many_steps_in_a_row_and_chooses_by_events() -> None:
    rule = AlarmRule(0.5, 3)
    raw = np.array([0, 1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0])
    assert rule.held(raw, 0).tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0]
    truth = np.tile(np.r_[np.zeros(30, int), np.ones(12, int)], 6)
    shares = np.where(truth, 0.9, 0.1).astype(float)
    shares[5::42] = 0.95  # flickers: higher than any event
    steps = np.zeros((len(truth), 1))
    known = KnownSteps(steps, np.array([0, len(truth)]), np.array([False]), truth, ("ok", "bad"), 0)
    chosen = AlarmRule.chosen(known, np.column_stack([1 - shares, shares]))
    assert chosen.hold > 1
    assert matched(
        truth, chosen.decide(np.column_stack([1 - shares, shares]), 0, known), 0
    ).right.all()


# ---- logs


def written(place: Path, text: str, name: str = "log.csv") -> Path:
    path = place / name
    path.write_text(text, "utf-8")
    return path


def test_a_log_is_put_in_order_and_gaps_take_the_value_before(tmp_path: Path) -> None:
    text = "t,m,x,y,state\n2024-01-01 00:02,b,3,,ok\n2024-01-01 00:01,b,2,5,bad\n"
    text += "2024-01-01 00:01,a,,7,ok\n2024-01-01 00:02,a,9,,ok\n"
    rows = read_steps(written(tmp_path, text), StepColumns("t", None, "m"))
    assert rows.ids.tolist() == ["b", "a"]
    assert rows.numbers.tolist() == [[2, 5], [3, 5], [9, 7], [9, 7]]
    assert rows.states is not None
    assert rows.states.tolist() == ["bad", "ok", "ok", "ok"]
    assert rows.dated
    assert rows.durations.tolist() == [60 / 86400] * 4
    assert "rows put in order of time" in rows.notes
    assert any(note.startswith("3 missing values") for note in rows.notes)
    assert "label column guessed: 'state'" in rows.notes


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("t,x,s\n1,2,a\n", {}, "must stand in a column: give --label"),
        ("t,x,state\n1,2,\n", {}, "every step must have a state, but 1"),
        ("t,x,state\n1,2,a\n1,3,b\n", {"time": "t"}, "must have each time once"),
        ("t,x,state\n1,red,a\n", {"time": "t"}, "channels must hold numbers"),
        ("t,x,state\n1,,a\n2,,b\n", {"time": "t"}, "has none in 'x'"),
        ("t,x,state\n1,2,a\n", {"id": "who"}, "--id must name a column"),
        ("state\na\n", {}, "columns of numbers are needed"),
        ("m,x,state\n,2,a\n", {"id": "m"}, "must name its stream, but row 1"),
    ],
)
def test_what_is_no_log_is_refused_in_one_line(
    text: str, columns: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises((DataError, SettingsError), match=message) as refused:
        read_steps(written(tmp_path, text), StepColumns(**columns))
    assert "\n" not in str(refused.value)


# ---- splits


def test_a_stream_stands_on_one_side_and_one_stream_is_cut_by_time_with_a_gap() -> None:
    rows = sample_steps()
    split = split_steps(rows, window=32)
    (fold,) = split.folds
    assert not set(split.streams[fold.known]) & set(split.streams[fold.held])
    train, validation = (fold.known[side] for side in fold.sides[0])
    assert not set(split.streams[train]) & set(split.streams[validation])
    one = sample_steps(streams=1, steps=2000)
    split = split_steps(one, window=32)
    (fold,) = split.folds
    ends = split.offsets[fold.known[-1] + 1]
    assert split.offsets[fold.held[0]] - ends >= 32 - 4
    train, validation = (fold.known[side] for side in fold.sides[0])
    assert split.offsets[validation[0]] - split.offsets[train[-1] + 1] >= 32 - 4
    assert split.offsets[fold.held[-1] + 1] == len(one)


def test_a_log_whose_alarms_come_only_at_its_end_is_refused() -> None:
    with pytest.raises(DataError, match="every step is 'ok'"):
        split_steps(log([0] * 900 + [1] * 50 + [0] * 50), window=32)


# ---- the problem


def test_held_steps_teach_nothing(tmp_path: Path) -> None:
    def make(changed: Changed) -> StatesProblem:
        rows = sample_steps(streams=4, steps=300)
        split = split_steps(rows, window=32)
        (fold,) = split.folds
        steps = np.repeat(np.arange(len(split.streams)), np.diff(split.offsets))
        assert rows.states is not None
        if changed == "held":
            there = np.isin(steps, fold.held)
            rows.numbers[there] += 5.0
            rows.states[there] = rows.states[there][::-1]
        if changed == "known":
            rows.states[np.isin(steps, fold.train[:4])] = "knocking"
        return states(rows, split=split, normal="quiet", **SMALL)

    held_rows_teach_nothing(make, tmp_path)


def test_nothing_that_a_rival_reads_lies_ahead() -> None:
    steps = np.random.default_rng(0).normal(size=(200, 2))
    later = steps.copy()
    later[120:] += 9.0
    assert np.array_equal(rolling_features(steps)[:120], rolling_features(later)[:120])


@pytest.mark.parametrize("kind", KINDS)
def test_saved_rivals_say_the_same(kind: str, tmp_path: Path) -> None:
    problem = states(sample_steps(streams=4, steps=300), **SMALL)
    (fold,) = problem.folds
    model = StateBaseline(kind).fit(problem.known(fold.known), fold.sides)
    model.save(tmp_path / "m")
    again = StateBaseline.load(tmp_path / "m")
    said, told = model.say(problem.asked(fold.held)), again.say(problem.asked(fold.held))
    assert np.allclose(said.probabilities, told.probabilities)
    assert np.array_equal(said.decided, told.decided)
    assert np.allclose(said.probabilities.sum(axis=1), 1.0)


# ---- commands and live use


def command(*args: Any) -> Any:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("states")
    rows = sample_steps(streams=6, steps=400)
    assert rows.states is not None
    assert rows.times is not None
    frame = pd.DataFrame(rows.numbers, columns=list(rows.channels))
    frame.insert(0, "machine", np.repeat(rows.ids, np.diff(rows.offsets)))
    times = rows.times.astype(np.int64).astype("datetime64[s]")
    frame.insert(0, "t", pd.Series(times).dt.strftime("%Y-%m-%d %H:%M"))
    frame.assign(state=rows.states).to_csv(place / "log.csv", index=False)
    frame[frame["machine"] == "machine 1"].to_csv(place / "new.csv", index=False)
    options = ("--time", "t", "--label", "state", "--id", "machine", "--window", 32)
    options += ("--epochs", 12, "--units", 16, "--json")
    done = command("train", "states", place / "log.csv", *options, "--out", place / "run")
    assert done.exit_code == 0, done.output
    return place


def test_a_log_becomes_a_report_that_says_how_many_events_lack(finished: Path) -> None:
    report = json.loads((finished / "run" / "report.json").read_text("utf-8"))
    measures = [measure["name"] for measure in report["measures"]]
    assert measures[0] == "event F1"
    assert {"delay in seconds", "false alarms a day", "macro F1 of steps"} <= set(measures)
    assert report["verdicts"][0]["answer"] == "too few"
    said = [note for note in report["notes"] if "too few for an interval" in note]
    assert len(said) == 1
    assert report["exhibits"][0]["title"] == "Events"
    f1 = {c["name"]: c["measures"]["event F1"]["value"] for c in report["contenders"]}
    assert f1["gru"] > f1["always the commonest"] == 0
    sides = pd.read_csv(finished / "run" / "split.csv")
    assert set(sides["side"]) == {"train", "validation", "test"}
    rows = pd.read_csv(finished / "run" / "predictions.csv")
    assert {"stream", "step", "truth", "gru"} <= set(rows)


def test_the_states_of_a_new_log_are_said_whole_and_live_alike(finished: Path) -> None:
    place = finished / "run"
    options = ("--time", "t", "--id", "machine")
    done = command("predict", place, finished / "new.csv", *options, "--json")
    assert done.exit_code == 0, done.output
    steps = json.loads(done.stdout)["steps"]
    assert len(steps) == 400
    assert (steps[0]["time"], steps[0]["stream"]) == ("2024-01-01 00:00:00", "machine 1")
    plain = command("predict", place, finished / "new.csv", *options).stdout.splitlines()
    assert [line.split("\t")[1] for line in plain] == [step["state"] for step in steps]
    numbers = pd.read_csv(finished / "new.csv")[["load", "shake"]].to_numpy()
    stream = saved_states(place).stream()
    live = [each for first in range(0, 400, 7) for each in stream.push(numbers[first : first + 7])]
    assert [each["state"] for each in live] == [step["state"] for step in steps]
    assert np.allclose([e["alarm"] for e in live], [s["alarm"] for s in steps], atol=1e-6)
    assert len({each["state"] for each in live}) == 2


def test_a_log_is_judged_again_and_known_again(finished: Path) -> None:
    options = ("--time", "t", "--id", "machine")
    done = command("evaluate", finished / "run", finished / "log.csv", *options, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["measures"]["event F1"]["value"] > 0
    assert found["rows_seen_in_training"] > 0
    refused = command(
        "predict", finished / "run", finished / "new.csv", "--time", "t", "--channels", "load"
    )
    assert refused.exit_code == 2
    assert "a step must have 2 channels" in " ".join(refused.stderr.split())


def test_states_are_served_live(finished: Path) -> None:
    pytest.importorskip("starlette", reason="the extra `serve` is absent")
    from recurra.problems.kept import kept_model
    from recurra.serving.models import opened_model

    model = opened_model(kept_model(finished / "run"))
    assert model.facts()["normal"] == "quiet"
    assert model.inputs[2] == [-1, -1, 2]
    numbers = pd.read_csv(finished / "new.csv")[["load", "shake"]].to_numpy()
    (whole,) = model.say([numbers])
    push = model.stream()
    live = [push([step])[0]["state"] for step in numbers.tolist()]
    assert live == [each["state"] for each in whole]
    assert push([]) == []
    best = opened_model(kept_model(finished / "run").baseline)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="this is a baseline"):
        best.stream()


def test_what_cannot_be_asked_is_refused_before_any_fit() -> None:
    with pytest.raises(SettingsError, match="give rows, or sample=True"):
        problems.states()
    with pytest.raises(SettingsError, match="--normal must be one of the states knocking, quiet"):
        problems.states(sample=True, normal="fine")
    with pytest.raises(SettingsError, match="the model must be one of"):
        problems.states(sample=True, models=["bert"])


def test_a_segment_goes_on_from_the_one_before_it_where_that_was_asked_too() -> None:
    problem = states(sample_steps(streams=4, steps=300), normal="quiet", **SMALL)
    first = int(np.flatnonzero(problem.streams == 1)[0])
    assert problem.asked(np.array([3, 4, 6])).follows.tolist() == [False, True, False]
    assert problem.asked(np.array([0, 1, first - 1, first])).follows.tolist() == [
        False,
        True,
        False,
        False,  # another stream
    ]


def test_what_is_written_of_a_held_step_is_what_the_log_holds_there(finished: Path) -> None:
    log = pd.read_csv(finished / "log.csv")
    log["step"] = log.groupby("machine", sort=False).cumcount()
    rows = pd.read_csv(finished / "run" / "predictions.csv").merge(
        log, left_on=["stream", "step"], right_on=["machine", "step"], how="left"
    )
    assert set(rows["truth"]) == set(log["state"])
    assert rows["truth"].tolist() == rows["state"].tolist()
