"""A search chooses within the training rows, goes on where it was stopped, and is counted."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from units_elsewhere import Guess, Learns

from recurra.errors import DataError, RecurraError, RunError, SettingsError
from recurra.executing import Executor, Here
from recurra.executing.processes import Processes
from recurra.judging.classes import ClassProblem
from recurra.judging.evidence import Evidence
from recurra.judging.example import Share, coin_problem
from recurra.judging.problem import Contender, Fold, Tunable
from recurra.judging.run import run
from recurra.listeners import NOBODY, Listener
from recurra.searching.choice import Choice, Tried
from recurra.searching.within import within

NEEDS_OPTUNA = pytest.mark.skipif(find_spec("optuna") is None, reason="Optuna is not installed")
SPACE = {"share": (0.01, 1.0), "reads": ["last", "nothing"]}
DEFAULT = {"share": 1.0, "reads": "nothing"}
SEARCHED = ("spam", "multi_label", "sequences", "quantities", "tagging", "states")
SEARCHED += ("generation", "translation", "forecasting")


class Stops(Listener):
    """Is Ctrl-C at a unit."""

    def __init__(self, at: int) -> None:
        self.left = at

    def stage(self, text: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def contender(settings: Mapping[str, Any]) -> Contender:
    return Contender("guess", Guess(**settings))


def tunable(contender_of: Any = contender) -> Tunable:
    return Tunable(SPACE, DEFAULT, lambda settings, alone: contender_of(settings))


def looked_for(folder: Path, executor: Executor | None = None, **how: Any) -> Choice:
    from recurra.searching.trials import Budget, look_for

    folder.mkdir(exist_ok=True)
    return look_for(
        within(how.get("problem") or coin_problem(sticky=0.8)),
        tunable(how.get("contender_of", contender)),
        Budget(how.get("trials", 12), how.get("minutes")),
        place=folder / "search.db",
        executor=executor or Here(),
        listener=how.get("listener", NOBODY),
    )


def test_the_problem_within_holds_other_rows_than_it_validates_on_and_none_of_the_test() -> None:
    outer = coin_problem()
    (fold,), held = within(outer).folds, outer.folds[0].held
    train, validation = fold.sides[0]
    parts = [fold.known[train], fold.known[validation], fold.held]
    together = np.concatenate(parts)
    assert len(np.unique(together)) == len(together) == len(outer.folds[0].known)
    assert not np.isin(together, held).any()
    assert min(map(len, parts)) > 0


def test_where_there_is_one_turn_the_rows_that_train_are_cut_once_more() -> None:
    problem = coin_problem()
    outer = problem.folds[0]
    problem.folds = [Fold(outer.known, outer.held, outer.sides[:1])]
    (fold,), (train, held) = within(problem).folds, outer.sides[0]
    taught, validation = (fold.known[side] for side in fold.sides[0])
    assert fold.held.tolist() == outer.known[held].tolist()
    assert sorted([*taught, *validation]) == fold.known.tolist()
    assert set(fold.known) <= set(outer.known[train])
    assert 0.1 < len(validation) / len(fold.known) < 0.3


def test_in_time_the_last_part_validates_as_far_from_what_trains_as_what_is_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = coin_problem()
    monkeypatch.setattr(type(problem), "evidence", lambda self, rows: Evidence(rows, in_time=True))
    known, held = np.arange(100), np.arange(84, 100)
    taught, validation = problem.cut_again(known, np.arange(80), held)  # five steps before 84
    assert taught.tolist() == list(range(59))
    assert validation.tolist() == list(range(64, 80))
    with pytest.raises(DataError, match="long enough to be cut once more"):
        problem.cut_again(known, np.arange(5), held)


@pytest.mark.parametrize("several", [False, True])
def test_in_time_what_validates_comes_last_and_no_target_reaches_into_it(
    several: bool, tmp_path: Path
) -> None:
    from recurra.problems import forecasting

    steps = pd.DataFrame({"y": np.sin(np.arange(240.0))})
    if several:
        steps["who"] = np.repeat(["a", "b"], 120)
    steps.to_csv(tmp_path / "steps.csv", index=False)
    named = {"target": "y", "group": "who" if several else None}
    problem = forecasting(tmp_path / "steps.csv", **named, horizon=3, window=8, epochs=1)
    (fold,) = within(problem).folds
    taught, validation = (fold.known[side] for side in fold.sides[0])
    for start in (0, 120) if several else (0,):
        end = start + (120 if several else 240)
        parts = [rows[(rows >= start) & (rows < end)] for rows in (taught, validation, fold.held)]
        for before, after in pairwise(parts):
            assert min(len(before), len(after)) > 0
            assert before.max() + 3 <= after.min()


@NEEDS_OPTUNA
def test_a_search_finds_what_is_better_and_begins_with_the_default(tmp_path: Path) -> None:
    choice = looked_for(tmp_path)
    assert choice.tried[0].settings == DEFAULT
    assert choice.best.settings["reads"] == "last"
    assert len(choice.tried) == 12
    assert choice.importance["reads"] > 0.5


@NEEDS_OPTUNA
def test_a_search_is_the_same_at_any_width_and_where_it_was_stopped(tmp_path: Path) -> None:
    whole = looked_for(tmp_path / "whole")
    assert looked_for(tmp_path / "two", Processes(2)).tried == whole.tried
    for stop in (4, 13):  # in the first round, in the second
        folder = tmp_path / f"stopped {stop}"
        with pytest.raises(KeyboardInterrupt):
            looked_for(folder, listener=Stops(stop))
        assert looked_for(folder).tried == whole.tried


@NEEDS_OPTUNA
def test_after_its_minutes_a_search_begins_no_further_round(tmp_path: Path) -> None:
    choice = looked_for(tmp_path, minutes=0.0)
    assert choice.tried == looked_for(tmp_path / "whole").tried[:8]


@NEEDS_OPTUNA
def test_no_trial_sees_a_row_of_the_test(tmp_path: Path) -> None:
    problem = coin_problem(sticky=0.8)
    before = looked_for(tmp_path / "as it is", problem=problem)
    held, rows = problem.folds[0].held, problem._rows()
    truth, inputs = rows.truth.copy(), rows.inputs.copy()
    truth[held], inputs[held] = 1 - truth[held], 1 - inputs[held]
    problem.rows = replace(rows, truth=truth, inputs=inputs)
    assert looked_for(tmp_path / "changed", problem=problem).tried == before.tried


class Broken(Share):
    def fit(self, known: Any, sides: Any, **watched: Any) -> Any:
        raise RecurraError("the loss must stay a finite number")


@NEEDS_OPTUNA
def test_settings_that_cannot_be_fitted_are_told_and_counted(tmp_path: Path) -> None:
    def mostly(settings: Mapping[str, Any]) -> Contender:
        broken = settings["reads"] == "last"
        return Contender("breaks", Broken) if broken else contender(settings)

    with pytest.raises(RecurraError, match="all failed"):
        looked_for(tmp_path / "all", contender_of=lambda _: Contender("breaks", Broken), trials=3)
    choice = looked_for(tmp_path / "mostly", contender_of=mostly)
    failed = [each for each in choice.tried if each.value is None]
    assert failed
    assert f"{len(failed)} failed" in choice.notes()[0]


def learner(settings: Mapping[str, Any]) -> Contender:
    return Contender("learns", Learns(**settings))


@NEEDS_OPTUNA
def test_trials_behind_those_of_earlier_rounds_are_given_up_and_counted(tmp_path: Path) -> None:
    from recurra.searching.trials import FEWEST, ROUND, SPARED

    choice = looked_for(tmp_path, contender_of=learner, trials=24)
    given_up = [each for each in choice.tried if each.given_up]
    assert given_up
    assert all(each.number >= ROUND and each.value is None for each in given_up)
    for each in choice.tried:
        earlier = [t for t in choice.tried[: each.number // ROUND * ROUND] if not t.given_up]
        assert len(earlier) >= FEWEST or not each.given_up
        middle = np.median([t.curve[SPARED] for t in earlier]) if earlier else np.inf
        assert each.given_up == (each.curve[SPARED] > middle)
        assert len(each.curve) == (SPARED + 1 if each.given_up else 6)
    assert not choice.best.given_up
    assert f"{len(given_up)} of them given up before their last epoch" in choice.notes()[0]
    assert "failed" not in choice.notes()[0]


@NEEDS_OPTUNA
def test_what_is_given_up_does_not_depend_on_who_is_faster_or_where_it_stopped(
    tmp_path: Path,
) -> None:
    how: dict[str, Any] = {"contender_of": learner, "trials": 14}
    whole = looked_for(tmp_path / "whole", **how)
    assert any(each.given_up for each in whole.tried)
    assert looked_for(tmp_path / "two", Processes(2), **how).tried == whole.tried
    with pytest.raises(KeyboardInterrupt):
        looked_for(tmp_path / "stopped", listener=Stops(13), **how)
    assert looked_for(tmp_path / "stopped", **how).tried == whole.tried


class Tuned(ClassProblem):
    """A coin whose contenders may be chosen, in three folds."""

    def tunable(self) -> Tunable:
        return tunable()


def tuned_coin() -> Tuned:
    coin = coin_problem(sticky=0.8)
    problem = Tuned(**vars(coin))
    rows = np.arange(len(coin._rows().truth))
    problem.folds = [
        Fold(rows[rows % 3 != k], rows[rows % 3 == k], fold_sides(len(rows[rows % 3 != k])))
        for k in range(3)
    ]
    problem.contenders = [contender(DEFAULT), *coin.contenders[1:]]
    return problem


def fold_sides(rows: int) -> list[tuple[Any, Any]]:
    turn = np.arange(rows) % 5
    return [(np.flatnonzero(turn != k), np.flatnonzero(turn == k)) for k in range(5)]


@NEEDS_OPTUNA
def test_a_search_in_each_fold_is_judged_on_what_its_fold_held_out(tmp_path: Path) -> None:
    from recurra.running import compare
    from recurra.searching.networks import SearchInFolds
    from recurra.searching.trials import Budget

    def found(name: str, problem: Tuned, **how: Any) -> Any:
        search = SearchInFolds(Budget(9))
        return compare(problem, tmp_path / name, choose=search, **how)

    report = found("whole", tuned_coin())
    searched, default, *_ = report.contenders
    assert searched.name == "searched"
    assert searched.measures["Brier score"].value < default.measures["Brier score"].value
    (table,) = report.exhibits
    assert [row[0] for row in table.rows] == ["1", "2", "3"]
    assert {row[-1] for row in table.rows} == {"last"}
    assert any("27 settings were tried" in note for note in report.notes)
    assert any("Settings found or default ones? Yes" in note for note in report.notes)
    kept = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {"search.db", "compare.json", "compare.html"} <= kept
    assert "The search, trial by trial" in (tmp_path / "whole" / "compare.html").read_text()

    with pytest.raises(KeyboardInterrupt):
        found("stopped", tuned_coin(), listeners=[Stops(20)])
    again = found("stopped", tuned_coin(), resume=True)
    assert again.exhibits == report.exhibits
    assert [c.measures for c in again.contenders] == [c.measures for c in report.contenders]


@NEEDS_OPTUNA
def test_what_a_fold_holds_out_does_not_choose_the_settings_of_that_fold(tmp_path: Path) -> None:
    def trials_of(problem: Tuned, name: str) -> Any:
        (tmp_path / name).mkdir()
        kept = {"place": tmp_path / name / "search.db", "executor": Here(), "listener": NOBODY}
        return look_for(within(problem, 1), tunable(), Budget(9), **kept).tried

    from recurra.searching.trials import Budget, look_for

    before, problem = trials_of(tuned_coin(), "before"), tuned_coin()
    held, rows = problem.folds[1].held, problem._rows()
    truth = rows.truth.copy()
    truth[held] = 1 - truth[held]
    problem.rows = replace(rows, truth=truth)
    assert trials_of(problem, "after") == before


@NEEDS_OPTUNA
def test_a_search_is_not_gone_on_with_by_other_choices(tmp_path: Path) -> None:
    from recurra.searching.trials import Budget, look_for

    looked_for(tmp_path, trials=2)
    other = Tunable({**SPACE, "reads": ["last", "nothing", "all"]}, DEFAULT, tunable().contender)
    kept = {"place": tmp_path / "search.db", "executor": Here(), "listener": NOBODY}
    with pytest.raises(RunError, match="the choices it began with"):
        look_for(within(coin_problem()), other, Budget(3), **kept)


@NEEDS_OPTUNA
@pytest.mark.parametrize("name", SEARCHED)
def test_every_problem_of_a_network_says_what_may_be_chosen(name: str) -> None:
    from recurra import problems

    problem = getattr(problems, name)(sample=True)
    found, estimator = problem.tunable(), problem.contenders[0].make.args[0]
    assert found.space.keys() == found.default.keys() >= {"model", "batch_size", "learning_rate"}
    chosen = {n: c[0] for n, c in found.space.items()}
    made = found.contender(chosen, True).make(0).estimator.get_params()
    assert {n: made[n] for n in chosen} == chosen
    assert made.get("members", 1) == 1
    by_default = found.contender(found.default, False).make(0).estimator.get_params()
    kept = {n: v for n, v in estimator.get_params().items() if v is not None}
    assert {n: by_default[n] for n in kept} == kept
    (fold,) = within(problem).folds
    parts = [fold.known[side] for side in fold.sides[0]] + [fold.held]
    together = np.concatenate(parts)
    assert min(map(len, parts)) > 0
    assert len(np.unique(together)) == len(together)
    assert np.isin(together, problem.folds[-1].known).all()


@NEEDS_OPTUNA
def test_what_has_no_such_network_is_told() -> None:
    from recurra.problems import forecasting
    from recurra.searching.networks import tunable_of

    with pytest.raises(SettingsError, match="coin has none"):
        tunable_of(coin_problem(), ())
    with pytest.raises(SettingsError, match="'gur' is none"):
        tunable_of(forecasting(sample=True), ["gur"])


@pytest.mark.parametrize("name", ["sequences", "quantities"])
def test_a_winner_is_judged_under_a_name_that_is_no_architecture(name: str) -> None:
    from recurra import problems

    problem = getattr(problems, name)(sample=True, models=["simple-rnn"], epochs=1, members=1)
    network, *baselines = problem.contenders
    problem.contenders = [Contender("simple-rnn, searched", network.make), baselines[0]]
    assert run(problem).report.verdict.model == "simple-rnn, searched"


def made_choice(best: int) -> Choice:
    tried = [
        Tried(n, {"rate": 10.0**-n, "cell": "ab"[n % 2]}, abs(n - best) / 10) for n in range(9)
    ]
    return Choice(tried, "Brier score", False, 60, {"rate": 0.9, "cell": 0.1})


def test_the_report_says_how_many_were_tried_and_where() -> None:
    problem = coin_problem()
    problem.choice = made_choice(3)
    report = run(problem).report
    (said,) = (note for note in report.notes if "were tried" in note)
    assert "9 settings were tried" in said
    assert "60 rows" in said
    assert "trial 3, is judged beside the default" in said
    assert report.exhibits[-1].rows[0][:2] == ["3", "0.0000"]
    assert "default settings (trial 0), which are judged" in made_choice(0).notes()[0]


def test_what_was_tried_is_drawn() -> None:
    from matplotlib.figure import Figure

    pictures = made_choice(3).pictures()
    assert len(pictures) == 3
    for _, draw in pictures:
        axes = Figure().subplots()
        draw(axes)
        assert axes.has_data()


def test_of_equals_the_earlier_is_best_so_the_default_stays() -> None:
    tried = [Tried(n, {"a": 1}, 0.5) for n in range(3)]
    assert Choice(tried, "accuracy", True, 5, {}).best.number == 0


@NEEDS_OPTUNA
def test_a_run_folder_keeps_what_was_tried_and_a_stopped_search_is_gone_on_with(
    tmp_path: Path,
) -> None:
    from recurra.running import run as run_in_folder
    from recurra.searching.trials import Budget, look_for

    def chosen(listener: Listener, **how: Any) -> Any:
        def choose(problem: Any, folder: Any, executor: Executor, _: Listener) -> Any:
            kept = {"place": folder.checkpoints / "search.db", "executor": executor}
            asked = (within(problem), tunable(), Budget(3))
            problem.choice = look_for(*asked, listener=listener, **kept)
            return problem

        return run_in_folder(coin_problem(), tmp_path / "run", choose=choose, **how)

    with pytest.raises(KeyboardInterrupt):
        chosen(Stops(3))
    chosen(NOBODY, resume=True)
    there = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"search.db", "report.json", "model"} <= there
    assert "checkpoints" not in there
    page = (tmp_path / "run" / "report.html").read_text()
    assert "3 settings were tried" in page
    assert "The search, trial by trial" in page
