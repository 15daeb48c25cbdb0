"""A search chooses within the training rows, goes on where it was stopped, and is counted."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from units_elsewhere import Guess

from recurra.errors import DataError, RecurraError
from recurra.executing import Executor, Here
from recurra.executing.processes import Processes
from recurra.judging.example import Share, coin_problem
from recurra.judging.problem import Contender, Fold
from recurra.judging.run import run
from recurra.listeners import NOBODY, Listener
from recurra.searching.choice import Choice, Tried
from recurra.searching.within import within

NEEDS_OPTUNA = pytest.mark.skipif(find_spec("optuna") is None, reason="Optuna is not installed")
SPACE = {"share": (0.01, 1.0), "reads": ["last", "nothing"]}
DEFAULT = {"share": 1.0, "reads": "nothing"}


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


def looked_for(folder: Path, executor: Executor | None = None, **how: Any) -> Choice:
    from recurra.searching.trials import Budget, look_for

    folder.mkdir(exist_ok=True)
    return look_for(
        within(how.get("problem") or coin_problem(sticky=0.8)),
        SPACE,
        DEFAULT,
        how.get("contender_of", contender),
        Budget(how.get("trials", 12)),
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


def test_too_few_rows_to_search_are_told() -> None:
    problem = coin_problem()
    fold = problem.folds[0]
    problem.folds = [Fold(fold.known, fold.held, fold.sides[:1])]
    with pytest.raises(DataError, match="two turns of validation"):
        within(problem)


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
            asked = (within(problem), SPACE, DEFAULT, contender, Budget(3))
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
